/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The mappings that a bind job took out of the VM.
 *
 * A job may take any number of them, in the fence signalling section, and nobody
 * knew before how many. So they are a tree of their own, whose links lie behind
 * the driver's part of each mapping: the bind layer allocates them all.
 *
 * Protected as the job is.
 */
#ifndef __GPUVM_BIND_OLD_H__
#define __GPUVM_BIND_OLD_H__

#include <linux/rbtree.h>
#include <linux/types.h>

struct drm_gpuva;

/**
 * struct gpuvm_bind_old - mappings, ordered by address
 */
struct gpuvm_bind_old {
	/** @root: the tree */
	struct rb_root root;
	/** @va_size: bytes of a mapping before the links */
	size_t va_size;
};

void gpuvm_bind_old_init(struct gpuvm_bind_old *old, size_t va_size);
size_t gpuvm_bind_old_alloc_size(const struct gpuvm_bind_old *old);
int gpuvm_bind_old_insert(struct gpuvm_bind_old *old, struct drm_gpuva *va);
void gpuvm_bind_old_remove(struct gpuvm_bind_old *old, struct drm_gpuva *va);
struct drm_gpuva *gpuvm_bind_old_find(const struct gpuvm_bind_old *old,
				      u64 addr, u64 last);
struct drm_gpuva *gpuvm_bind_old_first(const struct gpuvm_bind_old *old);
struct drm_gpuva *gpuvm_bind_old_next(const struct gpuvm_bind_old *old,
				      const struct drm_gpuva *va);

#endif
