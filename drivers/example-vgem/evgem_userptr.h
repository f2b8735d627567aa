/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Userptr mappings.
 */
#ifndef __EVGEM_USERPTR_H__
#define __EVGEM_USERPTR_H__

#include <drm/drm_gpuvm_userptr.h>

struct drm_evgem_bind_op;
struct evgem_pt_update;
struct evgem_vm;

struct drm_gem_object *evgem_userptr_create(struct evgem_vm *vm,
					    const struct drm_evgem_bind_op *op);
int evgem_userptr_map(struct evgem_vm *vm, struct evgem_pt_update *update,
		      struct drm_gpuva *va, u64 addr, u64 range);

#endif
