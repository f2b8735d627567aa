// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Searches ahead of who goes on by equal steps: see gpuva_index_ahead.h.
 */
#include "gpuva_index_ahead.h"

/**
 * gpuva_ahead_leaf() - go one step on with what is asked for ahead
 * @index: the index
 * @addr: the address that was expected
 *
 * Of the next address the mapping is asked for, whose leaf was a step ago; of the one
 * after that the leaf; and of the third the node above.
 *
 * Not inlined: the registers that this takes are saved for nothing where steps differ.
 *
 * Return: the leaf of @addr, or NULL if another one was expected, or none.
 */
struct gpuva_leaf *gpuva_ahead_leaf(struct gpuva_index *index, u64 addr)
{
	const u64 step = READ_ONCE(index->ahead.step);
	struct gpuva_leaf *leaf = READ_ONCE(index->ahead.leaf);
	struct gpuva_leaf *next = READ_ONCE(index->ahead.next);
	struct gpuva_inner *inner = READ_ONCE(index->ahead.inner);

	if (next) {
		const unsigned int slot = gpuva_leaf_search(next, addr + step);

		gpuva_ahead_prefetch(next->va[min(slot, LEAF_SLOTS - 1u)]);
	}
	WRITE_ONCE(index->ahead.leaf, next);

	if (inner) {
		next = gpuva_inner_child(inner, addr + 2 * step);
		gpuva_node_prefetch(next);
		WRITE_ONCE(index->ahead.next, next);
	}

	inner = gpuva_index_descend_to(index, addr + 3 * step, 1);
	WRITE_ONCE(index->ahead.inner, inner);

	return leaf && gpuva_leaf_covers(leaf, addr) ? leaf : NULL;
}
