/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds: jobs that change a VM, in deferred mode.
 */
#ifndef __NV_BIND_H__
#define __NV_BIND_H__

#include <drm/drm_gpuvm_bind.h>

#include "mmu/nv_mmu.h"

struct drm_device;
struct drm_file;

/**
 * struct nv_bind_job - the driver's part of a bind job
 */
struct nv_bind_job {
	/** @update: tables that were set aside, or taken out */
	struct nv_mmu_update update;
	/** @num_ops: how many operations may cut what one of them maps */
	u32 num_ops;
	/** @no_room: there was no VRAM for what it maps; set by validate */
	bool no_room;
};

/* nv_bind.c */
int nv_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

/* nv_map.c */

/* nv_sync.c */
struct drm_gpuvm_syncs *nv_syncs_copy(struct drm_file *file,
				      u64 waits, u32 num_waits,
				      u64 signals, u32 num_signals);

#endif
