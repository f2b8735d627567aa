/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What programs send by DRM_NOUVEAU_NVIF, which the kernel's own header of the
 * uAPI does not describe. Names and numbers are the interface.
 */
#ifndef _UAPI_NOUVEAU_NVIF_H_
#define _UAPI_NOUVEAU_NVIF_H_

#include <linux/types.h>

/** define NVIF_IOCTL_V0_SCLASS - which classes a channel has */
#define NVIF_IOCTL_V0_SCLASS	0x01
/** define NVIF_IOCTL_V0_NEW - make an object */
#define NVIF_IOCTL_V0_NEW	0x02
/** define NVIF_IOCTL_V0_DEL - remove an object */
#define NVIF_IOCTL_V0_DEL	0x03
/** define NVIF_IOCTL_V0_MTHD - call a method of an object */
#define NVIF_IOCTL_V0_MTHD	0x04

/** define NVIF_ROUTE_NVIF - &nvif_ioctl_v0.route: the device */
#define NVIF_ROUTE_NVIF		0x00
/** define NVIF_ROUTE_CHANNEL - the channel that the token names */
#define NVIF_ROUTE_CHANNEL	0xff

/** define NV_DEVICE - the class of the device */
#define NV_DEVICE		0x00000080
/** define NV_DEVICE_V0_INFO - its method that returns nv_device_info_v0 */
#define NV_DEVICE_V0_INFO	0x00

#define NV_DEVICE_INFO_V0_PCIE		0x03
#define NV_DEVICE_INFO_V0_TURING	0x0c

/* What begins each call. */
struct nvif_ioctl_v0 {
	__u8 version;
	__u8 type;
	__u8 pad02[4];
	__u8 owner;
	__u8 route;
	__u64 token;
	__u64 object;
};

struct nvif_ioctl_new_v0 {
	__u8 version;
	__u8 pad01[6];
	__u8 route;
	__u64 token;
	__u64 object;
	__u32 handle;
	__s32 oclass;
};

struct nvif_ioctl_sclass_oclass_v0 {
	__s32 oclass;
	__s16 minver;
	__s16 maxver;
};

struct nvif_ioctl_sclass_v0 {
	__u8 version;
	__u8 count;
	__u8 pad02[6];
	struct nvif_ioctl_sclass_oclass_v0 oclass[];
};

struct nvif_ioctl_mthd_v0 {
	__u8 version;
	__u8 method;
	__u8 pad02[6];
};

struct nv_device_info_v0 {
	__u8 version;
	__u8 platform;
	__u16 chipset;
	__u8 revision;
	__u8 family;
	__u8 pad06[2];
	__u64 ram_size;
	__u64 ram_user;
	char chip[16];
	char name[64];
};

#endif
