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

/* Whether who seeks goes on by the same step as the last time. */
static __always_inline bool gpuva_ahead_regular(struct gpuva_index *index,
						u64 addr)
{
	const u64 step = addr - index->ahead.sought;
	const bool same = step == index->ahead.step;

	index->ahead.sought = addr;
	index->ahead.step = step;
	return same;
}

static __always_inline void gpuva_ahead_prefetch(const struct drm_gpuva *va)
{
	if (va) {
		prefetch(&va->va);
		prefetch(&va->vm_bo);
	}
}

/*
 * The leaf of an address that was expected, or any other. Of the next address the
 * mapping is asked for, whose leaf was a step ago; of the one after that the leaf, and
 * of the third the node above.
 */
static inline struct gpuva_leaf *gpuva_ahead_leaf(struct gpuva_index *index,
						  u64 addr)
{
	const u64 step = index->ahead.step;
	struct gpuva_leaf *leaf = index->ahead.leaf, *next = index->ahead.next;
	struct gpuva_inner *inner = index->ahead.inner;

	if (next) {
		const unsigned int slot = gpuva_leaf_search(next, addr + step);

		gpuva_ahead_prefetch(next->va[min(slot, LEAF_SLOTS - 1u)]);
	}
	index->ahead.leaf = next;

	if (inner) {
		next = inner->child[gpuva_inner_search(inner, addr + 2 * step)];
		gpuva_node_prefetch(next);
		index->ahead.next = next;
	}

	index->ahead.inner = gpuva_index_descend_to(index, addr + 3 * step, 1);

	return leaf;
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

#endif
