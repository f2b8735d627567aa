// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * One of each structure of the C ABI, so that an object's debug information
 * tells how a kernel's compiler lays them out. Never loaded.
 */
#include "headers.h"

static struct drm_gpuva gpuva __used;
static struct drm_gpuva_op gpuva_op __used;
static struct drm_gpuva_ops gpuva_ops __used;
static struct drm_gpuvm gpuvm __used;
static struct drm_gpuvm_abi gpuvm_abi __used;
static struct drm_gpuvm_bind_op gpuvm_bind_op __used;
static struct drm_gpuvm_bind_ops gpuvm_bind_ops __used;
static struct drm_gpuvm_bind_queue_args gpuvm_bind_queue_args __used;
static struct drm_gpuvm_bo gpuvm_bo __used;
static struct drm_gpuvm_exec gpuvm_exec __used;
static struct drm_gpuvm_lru_args gpuvm_lru_args __used;
static struct drm_gpuvm_lru_obj gpuvm_lru_obj __used;
static struct drm_gpuvm_lru_ops gpuvm_lru_ops __used;
static struct drm_gpuvm_lru_stats gpuvm_lru_stats __used;
static struct drm_gpuvm_map_req gpuvm_map_req __used;
static struct drm_gpuvm_ops gpuvm_ops __used;
static struct drm_gpuvm_sync gpuvm_sync __used;
static struct drm_gpuvm_userptr_args gpuvm_userptr_args __used;
static struct drm_gpuvm_walk gpuvm_walk __used;
static enum drm_gpuvm_bind_op_type gpuvm_bind_op_type __used;
static enum drm_gpuvm_bind_state gpuvm_bind_state __used;
