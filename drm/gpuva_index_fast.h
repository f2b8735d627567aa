/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The ways through the index that a replaced mapping takes, to be inlined.
 *
 * A mapping that goes is most often the one that split and merge just found, and what
 * comes is often in its place. Both then know the leaf and the slot, and take but a few
 * instructions. To be called costs more than that: while a processor waits for a
 * mapping that is in no cache it goes on with what follows, up to the search for the
 * next request, but only as far as it has room for stores that are not done yet, and
 * each call and each register that is saved for it is one of them.
 */
#ifndef __GPUVA_INDEX_FAST_H__
#define __GPUVA_INDEX_FAST_H__

#include "gpuva_index_node.h"

/* A slot that has the key of a mapping gets the mapping. */
static __always_inline void gpuva_leaf_own(struct gpuva_index *index,
					   struct gpuva_leaf *leaf,
					   unsigned int slot,
					   struct drm_gpuva *va)
{
	leaf->va[slot] = va;
	leaf->live |= BIT(slot);
	leaf->count++;
	gpuva_leaf_link(va, leaf, slot);
	index->emptied = 0;
}

/* A slot loses its mapping, and keeps the key. */
static __always_inline void gpuva_leaf_disown(struct gpuva_index *index,
					      struct gpuva_leaf *leaf,
					      unsigned int slot,
					      struct drm_gpuva *va)
{
	va->__index[0] = 0;
	leaf->va[slot] = NULL;
	leaf->live &= ~BIT(slot);
	leaf->count--;
	index->emptied = gpuva_finger(leaf, slot);
}

/**
 * gpuva_index_refill() - insert a mapping where another one went just now
 * @index: the index
 * @va: the mapping
 * @addr: its first address, not checked
 * @last: its last address, not checked
 *
 * For what comes into the range of the mapping that was removed last, or into the end
 * of it. Then the slot is known, and the range is a proper one and free: nothing is
 * searched, and there is no look at what is beside it, which may be in a leaf that is
 * in no cache.
 *
 * Context: as gpuva_index_insert().
 * Return: true if so; false, with nothing changed, if @va has to be inserted by
 * gpuva_index_insert_anywhere(), or is in an index already.
 */
static __always_inline bool gpuva_index_refill(struct gpuva_index *index,
					       struct drm_gpuva *va,
					       u64 addr, u64 last)
{
	const unsigned int slot = index->emptied & (GPUVA_NODE_ALIGN - 1);
	struct gpuva_leaf *leaf = gpuva_finger_leaf(index->emptied);

	if (!leaf || leaf->last[slot] != last ||
	    last - addr > leaf->length[slot] || index->spill ||
	    gpuva_index_holds(va))
		return false;

	index->changes++;
	leaf->length[slot] = last - addr;
	gpuva_leaf_own(index, leaf, slot, va);
	return true;
}

/**
 * gpuva_index_remove_found() - remove the mapping that was found last
 * @index: the index
 * @va: a mapping, which must be in it
 *
 * Context: fence signalling section.
 * Return: true; false, with nothing changed, if it takes gpuva_index_remove(): it is
 * another one that was found last, or its leaf gets sparse.
 */
static __always_inline bool gpuva_index_remove_found(struct gpuva_index *index,
						     struct drm_gpuva *va)
{
	const unsigned int slot = index->finger & (GPUVA_NODE_ALIGN - 1);
	struct gpuva_leaf *leaf = gpuva_finger_leaf(index->finger);

	if (!leaf || leaf->va[slot] != va ||
	    leaf->count == LEAF_SPARSE + 1 || leaf->count == 1)
		return false;

	index->changes++;
	gpuva_leaf_disown(index, leaf, slot, va);
	return true;
}

#endif
