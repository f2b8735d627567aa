/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The calls of nouveau's uAPI, each once and as it is: they return 0 or a negative
 * errno, and change nothing of what they are given.
 */
#ifndef NVT_H
#define NVT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/nouveau_drm.h>
#include <drm/nouveau_nvif.h>

#include "ktap.h"

#define PAGE	4096ull
#define BIG	(64ull << 10)
#define HUGE	(2ull << 20)

/* What newer headers have. */
#ifndef DRM_NOUVEAU_GET_ZCULL_INFO
#define DRM_IOCTL_NOUVEAU_GET_ZCULL_INFO \
	_IOC(_IOC_READ, DRM_IOCTL_BASE, DRM_COMMAND_BASE + 0x13, 48)
#endif
#ifndef NOUVEAU_GETPARAM_VRAM_BAR_SIZE
#define NOUVEAU_GETPARAM_VRAM_BAR_SIZE 18
#endif
#ifndef NOUVEAU_GETPARAM_VRAM_USED
#define NOUVEAU_GETPARAM_VRAM_USED 19
#endif
#ifndef NOUVEAU_GETPARAM_HAS_VMA_TILEMODE
#define NOUVEAU_GETPARAM_HAS_VMA_TILEMODE 20
#endif

#define NVT_VRAM	NOUVEAU_GEM_DOMAIN_VRAM
#define NVT_GART	NOUVEAU_GEM_DOMAIN_GART
#define NVT_PRIVATE	NOUVEAU_GEM_DOMAIN_NO_SHARE
#define NVT_EITHER	(NVT_VRAM | NVT_GART)

/* Kinds of pages. */
#define NVT_PITCH	0x00
#define NVT_GENERIC	0x06

/* What NVK leaves to the kernel. */
#define KERNEL_ADDR	(1ull << 39)
#define KERNEL_SIZE	(1ull << 39)

/** nvt_ioctl() - ioctl() once */
int nvt_ioctl(int fd, unsigned long request, void *arg);
/** nvt_open() - open the render node of a driver called nouveau, as libdrm lists it */
int nvt_open(void);
int nvt_getparam(int fd, uint64_t param, uint64_t *value);
int nvt_vm_init(int fd, uint64_t addr, uint64_t size);

/** nvt_channel() - with the engines of graphics, or the copy engine alone */
int nvt_channel(int fd, uint32_t *chan);
int nvt_copy_channel(int fd, uint32_t *chan);
int nvt_channel_free(int fd, uint32_t chan);

int nvt_bo_new(int fd, uint64_t size, uint32_t domains, uint32_t kind,
	       struct drm_nouveau_gem_info *info);
int nvt_bo_info(int fd, uint32_t handle, struct drm_nouveau_gem_info *info);
int nvt_bo_close(int fd, uint32_t handle);
int nvt_cpu_prep(int fd, uint32_t handle, uint32_t flags);

/**
 * struct nvt_sync - a syncobj; with a point, one of a timeline
 */
struct nvt_sync {
	uint32_t handle;
	uint64_t point;
};

/** define NVT_MAX_SYNCS - of one call of these functions, in each direction */
#define NVT_MAX_SYNCS 256

/**
 * struct nvt_syncs - what a call waits for and signals
 */
struct nvt_syncs {
	const struct nvt_sync *waits;
	uint32_t num_waits;
	const struct nvt_sync *signals;
	uint32_t num_signals;
};

/** define WAITS - syncs for a call: WAITS({ a }, { b, 3 }) */
#define WAITS(...) \
	.waits = (const struct nvt_sync[]){ __VA_ARGS__ }, \
	.num_waits = ARRAY_SIZE(((const struct nvt_sync[]){ __VA_ARGS__ }))
#define SIGNALS(...) \
	.signals = (const struct nvt_sync[]){ __VA_ARGS__ }, \
	.num_signals = ARRAY_SIZE(((const struct nvt_sync[]){ __VA_ARGS__ }))
/** define SYNCS - a pointer to them: SYNCS(WAITS({ a }), SIGNALS({ b })) */
#define SYNCS(...) (&(const struct nvt_syncs){ __VA_ARGS__ })

/* Operations of VM_BIND. */
static inline struct drm_nouveau_vm_bind_op
nvt_map(uint64_t addr, uint64_t range, uint32_t handle, uint64_t offset)
{
	return (struct drm_nouveau_vm_bind_op){
		.op = DRM_NOUVEAU_VM_BIND_OP_MAP,
		.handle = handle,
		.addr = addr,
		.bo_offset = offset,
		.range = range,
	};
}

static inline struct drm_nouveau_vm_bind_op
nvt_unmap(uint64_t addr, uint64_t range)
{
	return (struct drm_nouveau_vm_bind_op){
		.op = DRM_NOUVEAU_VM_BIND_OP_UNMAP,
		.addr = addr,
		.range = range,
	};
}

static inline struct drm_nouveau_vm_bind_op
nvt_sparse(uint64_t addr, uint64_t range)
{
	return (struct drm_nouveau_vm_bind_op){
		.op = DRM_NOUVEAU_VM_BIND_OP_MAP,
		.flags = DRM_NOUVEAU_VM_BIND_SPARSE,
		.addr = addr,
		.range = range,
	};
}

static inline struct drm_nouveau_vm_bind_op
nvt_unsparse(uint64_t addr, uint64_t range)
{
	return (struct drm_nouveau_vm_bind_op){
		.op = DRM_NOUVEAU_VM_BIND_OP_UNMAP,
		.flags = DRM_NOUVEAU_VM_BIND_SPARSE,
		.addr = addr,
		.range = range,
	};
}

/** nvt_bind_n() - without syncs synchronous; with them, even none, it is not */
int nvt_bind_n(int fd, const struct drm_nouveau_vm_bind_op *ops, uint32_t count,
	       const struct nvt_syncs *syncs);
/** define nvt_bind - synchronous: nvt_bind(fd, nvt_unmap(a, b), nvt_map(...)) */
#define nvt_bind(fd, ...) \
	nvt_bind_n(fd, (const struct drm_nouveau_vm_bind_op[]){ __VA_ARGS__ }, \
		   ARRAY_SIZE(((const struct drm_nouveau_vm_bind_op[]){ \
				   __VA_ARGS__ })), NULL)

int nvt_exec_n(int fd, uint32_t chan, const struct drm_nouveau_exec_push *pushes,
	       uint32_t count, const struct nvt_syncs *syncs);
int nvt_exec(int fd, uint32_t chan, uint64_t addr, uint32_t size,
	     const struct nvt_syncs *syncs);

/* NVIF, with its sizes as NVK has them. */
int nvt_nvif_device(int fd, uint64_t name);
int nvt_nvif_info(int fd, uint64_t name, struct nv_device_info_v0 *info);
int nvt_nvif_engine(int fd, uint32_t chan, uint64_t name, int32_t oclass);
int nvt_nvif_del(int fd, uint64_t name);
int nvt_nvif_sclass(int fd, uint32_t chan, int32_t *classes, uint8_t room,
		    uint8_t *count);

uint32_t nvt_syncobj(int fd);
/** nvt_wait() - until it is signalled; -ETIME; -EINVAL if there is no fence */
int nvt_wait(int fd, struct nvt_sync sync, unsigned int ms);
/** nvt_status() - 1, or the error that the fence carries */
int nvt_status(int fd, struct nvt_sync sync);
/** nvt_signal() - by the CPU */
void nvt_signal(int fd, struct nvt_sync sync);
int nvt_reset(int fd, uint32_t handle);

#endif
