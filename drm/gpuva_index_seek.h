/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The search of split and merge, to be inlined.
 *
 * Most requests are for what is mapped already, and hit one mapping that has exactly
 * their range. That is told here, where the leaf is at hand, so that a caller can do
 * without looking at the pieces that may be left of a mapping.
 *
 * It is inlined because a processor that waits for a mapping holds three hundred
 * instructions or so: what a request takes less than that, it comes sooner to the
 * search for the next one. See gpuva_index_fast.h for the rest of the way.
 */
#ifndef __GPUVA_INDEX_SEEK_H__
#define __GPUVA_INDEX_SEEK_H__

#include <linux/minmax.h>

#include "gpuva_index_ahead.h"
#include "gpuva_index_node.h"
#include "gpuva_index_spill.h"

/**
 * struct gpuva_found - what is first in a range
 */
struct gpuva_found {
	/** @va: the mapping, or NULL if there is none */
	struct drm_gpuva *va;
	/** @whole: it has exactly this range, as far as could be told at once */
	bool whole;
};

/* The leaf that was used last, if it is that of a key. */
static __always_inline struct gpuva_leaf *
gpuva_leaf_at_finger(const struct gpuva_index *index, u64 key)
{
	struct gpuva_leaf *leaf = gpuva_finger_leaf(READ_ONCE(index->finger));

	return leaf && gpuva_leaf_covers(leaf, key) ? leaf : NULL;
}

/*
 * Whether a slot, or the one behind the last, has a mapping, and that exactly this range.
 * For a very long one the answer is no, as the leaf does not know.
 */
static __always_inline bool gpuva_slot_has(const struct gpuva_leaf *leaf,
					   unsigned long slot, u64 addr, u64 last)
{
	return leaf->live & BIT(slot) && leaf->last[slot] == last &&
	       leaf->length[slot] == last - addr &&
	       leaf->length[slot] != U32_MAX;
}

/* In the tree, of who took this step now, which is @regular or not. */
static __always_inline struct gpuva_found
gpuva_tree_seek(struct gpuva_index *index, u64 addr, u64 last, u64 step,
		bool regular)
{
	struct gpuva_leaf *leaf = gpuva_leaf_at_finger(index, addr), *from;
	unsigned int slot, found;
	u64 first;

	gpuva_ahead_sought(index, addr, step);
	/* Who goes on in one leaf needs nothing of what is ahead. */
	if (!leaf && regular && index->height >= AHEAD_HEIGHT)
		leaf = gpuva_ahead_leaf(index, addr);
	if (!leaf)
		leaf = gpuva_index_descend(index, addr);

	slot = gpuva_leaf_search(leaf, addr);
	if (likely(gpuva_slot_has(leaf, slot, addr, last))) {
		gpuva_finger_set(index, leaf, slot);
		if (regular)
			gpuva_ahead_beside(leaf, slot);
		return (struct gpuva_found){
			.va = leaf->va[slot],
			.whole = true,
		};
	}

	found = slot;
	from = gpuva_live_from(leaf, &found);
	first = from ? gpuva_leaf_addr(from, found) : 0;
	if (!from || first > last) {
		/* What is inserted now belongs there. */
		gpuva_finger_set(index, leaf, min(slot, LEAF_SLOTS - 1u));
		return (struct gpuva_found){};
	}

	gpuva_finger_set(index, from, found);
	if (regular)
		gpuva_ahead_beside(from, found);

	return (struct gpuva_found){ .va = from->va[found] };
}

/**
 * gpuva_index_seek_random() - find the first mapping in a range that is to change, of
 * who comes from anywhere
 * @index: the index
 * @addr: first address of the range
 * @last: last address of the range
 * @found: set to the mapping, and whether the range is its own
 *
 * Nothing is assumed of the range: what is not a proper one no mapping has. Calls
 * nothing, so that nothing has to be saved.
 *
 * Return: true; false, with nothing changed, if it takes gpuva_index_seek_regular().
 */
static __always_inline bool
gpuva_index_seek_random(struct gpuva_index *index, u64 addr, u64 last,
			struct gpuva_found *found)
{
	const u64 step = gpuva_ahead_step(index, addr);

	if (unlikely(!index->root || index->spill) ||
	    gpuva_ahead_same(index, step))
		return false;

	*found = gpuva_tree_seek(index, addr, last, step, false);
	return true;
}

/**
 * gpuva_index_seek_regular() - the same, of who goes on by equal steps
 * @index: the index
 * @addr: first address of the range
 * @last: last address of the range
 *
 * For whom gpuva_index_seek_random() returned false: there is also the empty VM, and
 * the one whose mappings are not all in the tree.
 *
 * Return: the mapping, and whether the range is its own.
 */
static __always_inline struct gpuva_found
gpuva_index_seek_regular(struct gpuva_index *index, u64 addr, u64 last)
{
	if (unlikely(!index->root || index->spill))
		return (struct gpuva_found){
			.va = gpuva_spill_find(index, addr, last),
		};

	return gpuva_tree_seek(index, addr, last,
			       gpuva_ahead_step(index, addr), true);
}

#endif
