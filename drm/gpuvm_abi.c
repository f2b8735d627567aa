// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The layout of the C ABI, asserted where the kernel's own types are in it.
 *
 * drm/abi/ records every member, and a check compares. Here stands why the
 * record can hold on each kernel: the types that the ABI has by value are of
 * one size everywhere, equal to the stand-ins in drm_gpuvm_bindgen.h, and there
 * are no holes. To change a number below is to change the ABI: then raise
 * DRM_GPUVM_ABI_VERSION.
 */
#include <drm/drm_gpuvm.h>

/* drm_gpuvm_bindgen.h */
static_assert(sizeof(struct list_head) == 2 * sizeof(void *));
static_assert(offsetof(struct list_head, next) == 0);
static_assert(sizeof(struct kref) == sizeof(int));
static_assert(DMA_RESV_USAGE_KERNEL == 0);
static_assert(DMA_RESV_USAGE_WRITE == 1);
static_assert(DMA_RESV_USAGE_READ == 2);
static_assert(DMA_RESV_USAGE_BOOKKEEP == 3);

#ifdef CONFIG_64BIT
static_assert(sizeof(struct drm_gpuva_attrs) == 16);
static_assert(sizeof(struct drm_gpuva) == 96);
static_assert(sizeof(struct drm_gpuva_op_map) == 32);
static_assert(sizeof(struct drm_gpuva_op_unmap) == 16);
static_assert(sizeof(struct drm_gpuva_op) == 72);
static_assert(sizeof(struct drm_gpuva_ops) == 32);
static_assert(sizeof(struct drm_gpuvm_map_req) == 64);
static_assert(sizeof(struct drm_gpuvm_ops) == 17 * sizeof(void *));
static_assert(sizeof(struct drm_gpuvm_bo) == 184);
static_assert(sizeof(struct drm_gpuvm) == 1064);
static_assert(offsetof(struct drm_gpuvm_exec, exec) == 64);
#endif

/* Whatever op_alloc returns begins with the operation's list entry. */
static_assert(offsetof(struct drm_gpuva_op, entry) == 0);
