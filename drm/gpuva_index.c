// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The index as a red-black tree of the mappings themselves.
 *
 * Mappings do not overlap, so their order by start is also their order by end,
 * and a comparison that calls overlapping ranges equal is a total order: no
 * augmentation is needed, and one descent both finds the place of a new mapping
 * and tells whether it is taken.
 */
#include <drm/drm_gpuvm.h>

#include "gpuva_index.h"

static_assert(sizeof(struct gpuva_index_node) <=
	      sizeof_field(struct drm_gpuva, __index));

struct gpuva_span {
	u64 addr;
	u64 last;
};

static struct gpuva_index_node *to_node(const struct drm_gpuva *va)
{
	return (struct gpuva_index_node *)va->__index;
}

static struct drm_gpuva *to_va(const struct rb_node *rb)
{
	struct gpuva_index_node *node;

	if (!rb)
		return NULL;

	node = rb_entry(rb, struct gpuva_index_node, rb);
	return container_of((void *)node, struct drm_gpuva, __index);
}

static struct gpuva_span va_span(const struct rb_node *rb)
{
	const struct drm_gpuva *va = to_va(rb);

	return (struct gpuva_span) {
		.addr = va->va.addr,
		.last = va->va.addr + va->va.range - 1,
	};
}

static int compare(struct gpuva_span a, struct gpuva_span b)
{
	if (a.last < b.addr)
		return -1;

	return a.addr > b.last;
}

static int compare_key(const void *key, const struct rb_node *rb)
{
	return compare(*(const struct gpuva_span *)key, va_span(rb));
}

static int compare_node(struct rb_node *new, const struct rb_node *rb)
{
	return compare(va_span(new), va_span(rb));
}

/**
 * gpuva_index_init() - make an index empty
 * @index: the index
 */
void gpuva_index_init(struct gpuva_index *index)
{
	index->root = RB_ROOT;
}

/**
 * gpuva_index_is_empty() - whether an index holds nothing
 * @index: the index
 *
 * Return: true if there is no mapping in it.
 */
bool gpuva_index_is_empty(const struct gpuva_index *index)
{
	return RB_EMPTY_ROOT(&index->root);
}

/**
 * gpuva_index_holds() - whether a mapping is in any index
 * @va: the mapping
 *
 * Return: true from a successful insert until the removal.
 */
bool gpuva_index_holds(const struct drm_gpuva *va)
{
	return to_node(va)->index;
}

/**
 * gpuva_index_is_in() - whether a mapping is in an index
 * @index: the index
 * @va: the mapping
 *
 * Return: true if it is in this one.
 */
bool gpuva_index_is_in(const struct gpuva_index *index,
		       const struct drm_gpuva *va)
{
	return to_node(va)->index == index;
}

/**
 * gpuva_index_insert() - insert a mapping
 * @index: the index
 * @va: the mapping, its range not empty and not wrapping
 *
 * Context: fence signalling section; neither allocates nor sleeps.
 * Return: 0; -EEXIST, with nothing changed, if @va is in an index already or
 * overlaps a mapping in this one.
 */
int gpuva_index_insert(struct gpuva_index *index, struct drm_gpuva *va)
{
	struct gpuva_index_node *node = to_node(va);

	if (node->index || rb_find_add(&node->rb, &index->root, compare_node))
		return -EEXIST;

	node->index = index;
	return 0;
}

/**
 * gpuva_index_remove() - remove a mapping
 * @va: the mapping, which must be in an index
 *
 * Context: fence signalling section.
 */
void gpuva_index_remove(struct drm_gpuva *va)
{
	struct gpuva_index_node *node = to_node(va);

	rb_erase(&node->rb, &node->index->root);
	node->index = NULL;
}

/**
 * gpuva_index_find() - find the first mapping that overlaps a range
 * @index: the index
 * @addr: first address of the range
 * @last: last address of the range, not below @addr
 *
 * Return: the overlapping mapping with the lowest address, or NULL.
 */
struct drm_gpuva *gpuva_index_find(const struct gpuva_index *index,
				   u64 addr, u64 last)
{
	const struct gpuva_span key = { .addr = addr, .last = last };

	return to_va(rb_find_first(&key, &index->root, compare_key));
}

/**
 * gpuva_index_first() - the mapping with the lowest address
 * @index: the index
 *
 * Return: the mapping, or NULL if there is none.
 */
struct drm_gpuva *gpuva_index_first(const struct gpuva_index *index)
{
	return to_va(rb_first(&index->root));
}

/**
 * gpuva_index_next() - the mapping behind another
 * @va: a mapping in an index
 *
 * Return: the mapping with the next higher address, or NULL.
 */
struct drm_gpuva *gpuva_index_next(const struct drm_gpuva *va)
{
	return to_va(rb_next(&to_node(va)->rb));
}

/**
 * gpuva_index_prev() - the mapping before another
 * @va: a mapping in an index
 *
 * Return: the mapping with the next lower address, or NULL.
 */
struct drm_gpuva *gpuva_index_prev(const struct drm_gpuva *va)
{
	return to_va(rb_prev(&to_node(va)->rb));
}
