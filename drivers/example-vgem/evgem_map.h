/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Changing what is mapped in a VM.
 */
#ifndef __EVGEM_MAP_H__
#define __EVGEM_MAP_H__

#include <linux/list.h>

#include <drm/drm_gpuvm.h>

#include "evgem_pt.h"

struct evgem_vm;

/** define EVGEM_VA_READONLY - &drm_gpuva.flags: the engine may not write */
#define EVGEM_VA_READONLY DRM_GPUVA_USERBITS

/**
 * struct evgem_map_ctx - what changes of a VM need and leave
 *
 * Owned by one job, which fills it before it is published.
 */
struct evgem_map_ctx {
	/** @vm: the VM */
	struct evgem_vm *vm;
	/** @pt: tables to use, tables to free */
	struct evgem_pt_update pt;
	/** @spare: unused mappings, linked by &drm_gpuva.gem.entry */
	struct list_head spare;
	/** @vm_bo: of the mapping that is being made */
	struct drm_gpuvm_bo *vm_bo;
	/** @flags: of the mapping that is being made, &drm_gpuva.flags */
	u32 flags;
};

void evgem_map_ctx_init(struct evgem_map_ctx *ctx, struct evgem_vm *vm);
int evgem_map_ctx_reserve_vas(struct evgem_map_ctx *ctx, unsigned int count);
void evgem_map_ctx_fini(struct evgem_map_ctx *ctx);

int evgem_map_locked(struct evgem_map_ctx *ctx, u64 addr, u64 range,
		     struct drm_gpuvm_bo *vm_bo, u64 offset, u32 flags);
int evgem_unmap_locked(struct evgem_map_ctx *ctx, u64 addr, u64 range);
void evgem_map_flush_locked(struct evgem_map_ctx *ctx);

int evgem_step_map(struct drm_gpuva_op *op, void *priv);
int evgem_step_remap(struct drm_gpuva_op *op, void *priv);
int evgem_step_unmap(struct drm_gpuva_op *op, void *priv);

#endif
