/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The kernel's own uAPI header of nouveau, and what the older of the supported
 * kernels lacks of it; and the limits that this driver sets.
 */
#ifndef __NV_UAPI_H__
#define __NV_UAPI_H__

#include <linux/ioctl.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <uapi/drm/nouveau_drm.h>

#ifndef DRM_NOUVEAU_GET_ZCULL_INFO
struct drm_nouveau_get_zcull_info {
	__u32 words[12];
};

#define DRM_NOUVEAU_GET_ZCULL_INFO 0x13
#define DRM_IOCTL_NOUVEAU_GET_ZCULL_INFO \
	DRM_IOR(DRM_COMMAND_BASE + DRM_NOUVEAU_GET_ZCULL_INFO, \
		struct drm_nouveau_get_zcull_info)
#endif

#ifndef NOUVEAU_GETPARAM_HAS_VMA_TILEMODE
#define NOUVEAU_GETPARAM_HAS_VMA_TILEMODE 20
#endif

/** define NV_VA_END - where address spaces end: 47 of the device's 49 bits */
#define NV_VA_END BIT_ULL(47)
/** define NV_PUSH_VA_END - the ring's entries have addresses of 40 bits */
#define NV_PUSH_VA_END BIT_ULL(40)
/** define NV_MAX_PUSH_SIZE - bytes of one push; what an entry can tell */
#define NV_MAX_PUSH_SIZE (SZ_8M - 4)
/** define NV_MAX_BIND_OPS - operations of one VM_BIND */
#define NV_MAX_BIND_OPS 65536
/** define NV_MAX_SYNCS - syncs of one call in each direction */
#define NV_MAX_SYNCS 4096
/** define NV_MAX_CHANNELS - channels of one file */
#define NV_MAX_CHANNELS 128
/** define NV_MAX_OBJECTS - NVIF objects of one file */
#define NV_MAX_OBJECTS 4096

#endif
