// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the index does without memory.
 *
 * A mapping for which there is no node is put in a list, in address order, whose
 * link is in the mapping itself: so an insertion never fails. The first few of
 * an index are put there too, because they need no node. Each search looks at
 * both, tree and list, and each insertion takes some of the list into the tree,
 * as soon as there are nodes again. The list is only as long as what came in
 * between: reserves are sized so that it stays empty.
 */
#include <linux/limits.h>

#include "gpuva_index_node.h"
#include "gpuva_index_spill.h"

static struct drm_gpuva *list_next(const struct drm_gpuva *va)
{
	const unsigned long link = va->__index[0];

	return (struct drm_gpuva *)(link & ~GPUVA_SPILLED);
}

static unsigned long link_to(const struct drm_gpuva *next)
{
	return (unsigned long)next | GPUVA_SPILLED;
}

/* The last in the list whose key is below @key, or NULL. */
static struct drm_gpuva *list_before(const struct gpuva_index *index, u64 key)
{
	struct drm_gpuva *before = NULL, *va;

	for (va = index->spill; va && gpuva_last(va) < key; va = list_next(va))
		before = va;

	return before;
}

static struct drm_gpuva *behind(const struct gpuva_index *index,
				const struct drm_gpuva *before)
{
	return before ? list_next(before) : index->spill;
}

static void set_behind(struct gpuva_index *index, struct drm_gpuva *before,
		       struct drm_gpuva *va)
{
	if (before)
		before->__index[0] = link_to(va);
	else
		index->spill = va;
}

/**
 * gpuva_spill_insert() - put a mapping in the list
 * @index: the index
 * @va: the mapping, which hits none in the index
 */
void gpuva_spill_insert(struct gpuva_index *index, struct drm_gpuva *va)
{
	struct drm_gpuva *before = list_before(index, gpuva_last(va));

	va->__index[0] = link_to(behind(index, before));
	set_behind(index, before, va);
	index->spilled++;
	index->emptied = 0;
}

/**
 * gpuva_spill_remove() - take a mapping out of the list
 * @index: the index
 * @va: the mapping
 */
void gpuva_spill_remove(struct gpuva_index *index, struct drm_gpuva *va)
{
	struct drm_gpuva *before = NULL, *at;

	/* By the links: whatever became of its range, it is found. */
	for (at = index->spill; at != va; at = list_next(at))
		before = at;

	set_behind(index, before, list_next(va));
	va->__index[0] = 0;
	index->spilled--;
}

/**
 * gpuva_spill_pop() - take the first mapping out of the list
 * @index: the index, with a list that is not empty
 *
 * Return: the mapping, which is in no index.
 */
struct drm_gpuva *gpuva_spill_pop(struct gpuva_index *index)
{
	struct drm_gpuva *va = index->spill;

	index->spill = list_next(va);
	index->spilled--;
	va->__index[0] = 0;
	return va;
}

static struct drm_gpuva *lower(struct drm_gpuva *a, struct drm_gpuva *b)
{
	if (!a || !b)
		return a ?: b;

	return a->va.addr < b->va.addr ? a : b;
}

/**
 * gpuva_spill_find() - as gpuva_index_find(), in tree and list
 * @index: the index
 * @addr: first address
 * @last: last address
 *
 * Return: as gpuva_index_find().
 */
struct drm_gpuva *gpuva_spill_find(const struct gpuva_index *index,
				   u64 addr, u64 last)
{
	struct drm_gpuva *va = behind(index, list_before(index, addr));

	va = lower(va, gpuva_tree_from(index, addr));
	return va && va->va.addr <= last ? va : NULL;
}

/**
 * gpuva_spill_next() - as gpuva_index_next(), in tree and list
 * @index: the index
 * @va: a mapping in it
 *
 * Return: as gpuva_index_next().
 */
struct drm_gpuva *gpuva_spill_next(const struct gpuva_index *index,
				   const struct drm_gpuva *va)
{
	const u64 last = gpuva_last(va);

	return last < U64_MAX ? gpuva_spill_find(index, last + 1, U64_MAX) :
				NULL;
}

/**
 * gpuva_spill_prev() - as gpuva_index_prev(), in tree and list
 * @index: the index
 * @va: a mapping in it
 * @in_tree: the one before it in the tree, or NULL
 *
 * Return: as gpuva_index_prev().
 */
struct drm_gpuva *gpuva_spill_prev(const struct gpuva_index *index,
				   const struct drm_gpuva *va,
				   struct drm_gpuva *in_tree)
{
	struct drm_gpuva *before = list_before(index, gpuva_last(va));

	if (!before || !in_tree)
		return before ?: in_tree;

	return before->va.addr > in_tree->va.addr ? before : in_tree;
}
