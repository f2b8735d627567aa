/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Searches ahead of who goes on by equal steps.
 *
 * A program that works column by column comes to another leaf with each step, and there
 * with each column to the mapping beside that of the last one. Where the steps are equal
 * the next ones are known: the nodes on the way to them are asked for before they come,
 * one level with each step, and the leaf is known when its step comes.
 *
 * In a small tree all of this is in a cache anyway.
 */
#ifndef __GPUVA_INDEX_AHEAD_H__
#define __GPUVA_INDEX_AHEAD_H__

#include <linux/minmax.h>

#include "gpuva_index_node.h"

/* Levels of inner nodes, from which on it is worth the while; a test wants it sooner. */
#ifndef AHEAD_HEIGHT
#define AHEAD_HEIGHT 3
#endif

/* How far it is from where somebody sought last. */
static __always_inline u64 gpuva_ahead_step(const struct gpuva_index *index,
					    u64 addr)
{
	return addr - READ_ONCE(index->ahead.sought);
}

/* Whether the last time it was as far. */
static __always_inline bool
gpuva_ahead_same(const struct gpuva_index *index, u64 step)
{
	return step == READ_ONCE(index->ahead.step);
}

/* Here and so far from the last place somebody seeks now. */
static __always_inline void gpuva_ahead_sought(struct gpuva_index *index,
					       u64 addr, u64 step)
{
	WRITE_ONCE(index->ahead.sought, addr);
	WRITE_ONCE(index->ahead.step, step);
}

static __always_inline void gpuva_ahead_prefetch(const struct drm_gpuva *va)
{
	if (va) {
		prefetch(&va->va);
		prefetch(&va->vm_bo);
	}
}

/*
 * What is beside a mapping comes when the next column does. In random order it would be
 * asked for in vain, and take something else's place in the cache.
 */
static __always_inline void gpuva_ahead_beside(const struct gpuva_leaf *leaf,
					       unsigned int slot)
{
	gpuva_ahead_prefetch(leaf->va[min(slot + 1, LEAF_SLOTS - 1u)]);
}

/* A node goes. */
static inline void gpuva_ahead_forget(struct gpuva_index *index,
				      const void *node)
{
	if (index->ahead.leaf == node)
		index->ahead.leaf = NULL;
	if (index->ahead.next == node)
		index->ahead.next = NULL;
	if (index->ahead.inner == node)
		index->ahead.inner = NULL;
}

/* gpuva_index_ahead.c */
struct gpuva_leaf *gpuva_ahead_leaf(struct gpuva_index *index, u64 addr);

#endif
