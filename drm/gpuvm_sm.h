/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Split and merge: which operations it takes to change a range.
 */
#ifndef __GPUVM_SM_H__
#define __GPUVM_SM_H__

#include <drm/drm_gpuvm.h>

/**
 * typedef gpuvm_sm_step - carries out one operation
 * @gpuvm: the VM
 * @op: the operation; it ends with the call
 * @priv: what was given to the walk
 *
 * May free the mapping that the operation names. An error ends the walk.
 */
typedef int (*gpuvm_sm_step)(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *op,
			     void *priv);

int gpuvm_sm_map(struct drm_gpuvm *gpuvm, const struct drm_gpuvm_map_req *req,
		 gpuvm_sm_step step, void *priv);
int gpuvm_sm_unmap(struct drm_gpuvm *gpuvm, u64 addr, u64 range,
		   gpuvm_sm_step step, void *priv);
int gpuvm_sm_madvise(struct drm_gpuvm *gpuvm,
		     const struct drm_gpuvm_map_req *req,
		     gpuvm_sm_step step, void *priv);

#endif
