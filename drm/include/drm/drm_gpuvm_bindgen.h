/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Stand-ins for the kernel types that the C ABI needs by value.
 *
 * bindgen reads drm_gpuvm.h with __BINDGEN__ defined and without a kernel tree.
 * Every type below has the same size and alignment on each kernel and in each
 * configuration, which is why the ABI may hold it; drm_gpuvm_abi.c asserts that
 * against the kernel's own definitions. All other kernel types are only
 * pointed to.
 */
#ifndef __DRM_GPUVM_BINDGEN_H__
#define __DRM_GPUVM_BINDGEN_H__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

struct list_head {
	struct list_head *next, *prev;
};

struct kref {
	int refcount;
};

enum dma_resv_usage {
	DMA_RESV_USAGE_KERNEL,
	DMA_RESV_USAGE_WRITE,
	DMA_RESV_USAGE_READ,
	DMA_RESV_USAGE_BOOKKEEP,
};

#ifndef BIT
#define BIT(n) (1UL << (n))
#endif

#endif
