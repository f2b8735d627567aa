/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The index: finds the mappings of a VM by address.
 *
 * Nothing outside gpuva_index.c knows what structure it is. Whatever it is,
 * inserting neither allocates nor fails for want of memory, because it happens
 * in the fence signalling section, and mappings never overlap.
 *
 * The driver's lock around changes of the VM protects the index.
 */
#ifndef __GPUVA_INDEX_H__
#define __GPUVA_INDEX_H__

#include <linux/rbtree.h>
#include <linux/types.h>

struct drm_gpuva;

/**
 * struct gpuva_index - the mappings of one VM, ordered by address
 */
struct gpuva_index {
	/** @root: the tree */
	struct rb_root root;
};

/**
 * struct gpuva_index_node - the index's part of a mapping
 *
 * Lies in &drm_gpuva.__index. All zero means that the mapping is in no index.
 */
struct gpuva_index_node {
	/** @rb: in &gpuva_index.root */
	struct rb_node rb;
	/** @index: the index that holds the mapping, or NULL */
	struct gpuva_index *index;
};

void gpuva_index_init(struct gpuva_index *index);
bool gpuva_index_is_empty(const struct gpuva_index *index);
bool gpuva_index_holds(const struct drm_gpuva *va);
bool gpuva_index_is_in(const struct gpuva_index *index,
		       const struct drm_gpuva *va);
int gpuva_index_insert(struct gpuva_index *index, struct drm_gpuva *va);
void gpuva_index_remove(struct drm_gpuva *va);
struct drm_gpuva *gpuva_index_find(const struct gpuva_index *index,
				   u64 addr, u64 last);
struct drm_gpuva *gpuva_index_first(const struct gpuva_index *index);
struct drm_gpuva *gpuva_index_next(const struct drm_gpuva *va);
struct drm_gpuva *gpuva_index_prev(const struct drm_gpuva *va);

#endif
