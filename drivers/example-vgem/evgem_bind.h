/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds: jobs that change a VM.
 */
#ifndef __EVGEM_BIND_H__
#define __EVGEM_BIND_H__

#include <drm/drm_gpuvm_bind.h>

#include "evgem_pt.h"

struct drm_device;
struct drm_evgem_array;
struct drm_file;
struct evgem_vm;

/** define EVGEM_VA_READONLY - &drm_gpuva.flags: the engine may not write */
#define EVGEM_VA_READONLY DRM_GPUVA_USERBITS

/**
 * struct evgem_bind_job - the driver's part of a bind job
 */
struct evgem_bind_job {
	/** @pt: tables that were set aside, or taken out */
	struct evgem_pt_update pt;
	/** @quota_ops: what it has of the file's quota, until it ran */
	u32 quota_ops;
};

/* evgem_bind.c */
int evgem_vm_bind_ioctl(struct drm_device *drm, void *data,
			struct drm_file *file);

/* evgem_map.c */
int evgem_bind_queue_init(struct evgem_vm *vm);

/* evgem_sync.c */
struct drm_gpuvm_syncs *evgem_syncs_copy(struct drm_file *file,
					 const struct drm_evgem_array *array);

#endif
