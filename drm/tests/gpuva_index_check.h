/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whether an index is as it should be.
 *
 * For the KUnit suite and for the fuzzer in user space, which both have the
 * index's own files compiled in.
 */
#ifndef __GPUVA_INDEX_CHECK_H__
#define __GPUVA_INDEX_CHECK_H__

#include "../gpuva_index_node.h"
#include "../gpuva_index_spill.h"

/**
 * struct gic_state - a walk through all of an index
 */
struct gic_state {
	/** @index: the index */
	const struct gpuva_index *index;
	/** @leaf: the leaf that has to come next by the links */
	const struct gpuva_leaf *leaf;
	/** @mappings: in leaves seen so far */
	u64 mappings;
	/** @leaves: seen so far */
	u64 leaves;
	/** @end: the last address of the mapping seen last */
	u64 end;
	/** @error: the first thing that is wrong, or NULL */
	const char *error;
};

static void gic_expect(struct gic_state *s, bool condition, const char *text)
{
	if (!condition && !s->error)
		s->error = text;
}

#define GIC_EXPECT(s, condition) gic_expect(s, condition, #condition)

static void gic_slot(struct gic_state *s, const struct gpuva_leaf *leaf,
		     unsigned int slot)
{
	const struct drm_gpuva *va = leaf->va[slot];

	if (slot)
		GIC_EXPECT(s, leaf->last[slot - 1] <= leaf->last[slot]);

	if (!(leaf->live & BIT(slot))) {
		GIC_EXPECT(s, !va);
		return;
	}

	GIC_EXPECT(s, va);
	if (s->error)
		return;

	GIC_EXPECT(s, gpuva_leaf_of(va) == leaf);
	GIC_EXPECT(s, leaf->last[slot] == gpuva_last(va));
	GIC_EXPECT(s, gpuva_leaf_addr(leaf, slot) == va->va.addr);
	GIC_EXPECT(s, leaf->last[slot] >= leaf->low);
	GIC_EXPECT(s, leaf->last[slot] <= leaf->top);
	GIC_EXPECT(s, !s->mappings || va->va.addr > s->end);
	s->end = gpuva_last(va);
	s->mappings++;
}

/* A leaf by itself, with keys from @low to @top. */
static void gic_leaf(struct gic_state *s, const struct gpuva_leaf *leaf,
		     u64 low, u64 top)
{
	const u64 before = s->mappings;
	unsigned int slot;

	GIC_EXPECT(s, leaf->low == low);
	GIC_EXPECT(s, leaf->top == top);
	GIC_EXPECT(s, !(leaf->live & ~LEAF_ALL));
	GIC_EXPECT(s, leaf->live);
	for (slot = 0; slot < LEAF_SLOTS && !s->error; slot++)
		gic_slot(s, leaf, slot);
	GIC_EXPECT(s, leaf->count == s->mappings - before);
}

static void gic_inner(struct gic_state *s, const struct gpuva_inner *inner,
		      u64 low, u64 top)
{
	unsigned int i;

	GIC_EXPECT(s, inner->count >= 2 && inner->count <= INNER_SLOTS);
	for (i = 0; i < INNER_KEYS && !s->error; i++) {
		if (i + 1 >= inner->count) {
			GIC_EXPECT(s, inner->top[i] == U64_MAX);
			continue;
		}
		GIC_EXPECT(s, inner->top[i] >= (i ? inner->top[i - 1] + 1 : low));
		GIC_EXPECT(s, inner->top[i] < top);
	}
}

/* The keys that belong to a child. */
static u64 gic_low(const struct gpuva_inner *inner, unsigned int slot, u64 low)
{
	return slot ? inner->top[slot - 1] + 1 : low;
}

static u64 gic_top(const struct gpuva_inner *inner, unsigned int slot, u64 top)
{
	return slot + 1 < inner->count ? inner->top[slot] : top;
}

/* As deep as the tree is high, which is not much. */
static void gic_tree(struct gic_state *s, const void *node, unsigned int height,
		     u64 low, u64 top)
{
	const struct gpuva_inner *inner = node;
	const struct gpuva_leaf *leaf = node;
	unsigned int i;

	if (!height) {
		GIC_EXPECT(s, leaf == s->leaf);
		if (s->error)
			return;
		gic_leaf(s, leaf, low, top);
		s->leaf = leaf->next;
		s->leaves++;
		return;
	}

	gic_inner(s, inner, low, top);
	for (i = 0; i < inner->count && !s->error; i++)
		gic_tree(s, inner->child[i], height - 1,
			 gic_low(inner, i, low), gic_top(inner, i, top));
}

static void gic_spill(struct gic_state *s, u64 *count)
{
	const struct gpuva_index *index = s->index;
	struct drm_gpuva *va;
	u64 end = 0;

	for (va = index->spill; va && !s->error; ++*count) {
		const unsigned long link = va->__index[0];
		const struct drm_gpuva *in_tree;

		GIC_EXPECT(s, link & GPUVA_SPILLED);
		GIC_EXPECT(s, !*count || va->va.addr > end);
		in_tree = gpuva_tree_from(index, va->va.addr);
		GIC_EXPECT(s, !in_tree || in_tree->va.addr > gpuva_last(va));
		end = gpuva_last(va);
		va = (struct drm_gpuva *)(link & ~GPUVA_SPILLED);
	}
	GIC_EXPECT(s, *count == index->spilled);
}

/**
 * gic_check_all() - check all of an index
 * @index: the index
 * @mappings: how many mappings it has to have
 *
 * Return: NULL, or what is wrong.
 */
static const char *gic_check_all(const struct gpuva_index *index, u64 mappings)
{
	struct gic_state s = { .index = index, .leaf = index->head };
	u64 spilled = 0;

	GIC_EXPECT(&s, !index->root == !index->head);
	if (index->root)
		gic_tree(&s, index->root, index->height, 0, U64_MAX);
	else
		GIC_EXPECT(&s, !index->height);

	GIC_EXPECT(&s, !s.leaf);
	GIC_EXPECT(&s, s.leaves == index->leaves);
	if (!s.error)
		gic_spill(&s, &spilled);
	GIC_EXPECT(&s, s.mappings + spilled == mappings);

	return s.error;
}

/* The node of a key, so many levels above the leaves; NULL if there are not as many. */
static const void *gic_node(const struct gpuva_index *index, u64 key,
			    unsigned int level)
{
	unsigned int height = index->height;
	const void *node = index->root;

	if (height < level)
		return NULL;

	while (height-- > level) {
		const struct gpuva_inner *inner = node;

		node = inner->child[gpuva_inner_search(inner, key)];
	}

	return node;
}

/**
 * gic_check_finger() - check that what was found last is in the tree
 * @index: the index
 *
 * A node that went is in the reserve, and may look as it did.
 *
 * Return: NULL, or what is wrong.
 */
static const char *gic_check_finger(const struct gpuva_index *index)
{
	const struct gpuva_leaf *leaf = gpuva_finger_leaf(index->finger);
	struct gic_state s = { .index = index };

	if (leaf)
		GIC_EXPECT(&s, gic_node(index, leaf->top, 0) == leaf);

	return s.error;
}

/**
 * gic_check_ahead() - check that what is most likely looked for next is in the tree
 * @index: the index
 *
 * Return: NULL, or what is wrong.
 */
static const char *gic_check_ahead(const struct gpuva_index *index)
{
	const struct gpuva_leaf *leaf = index->ahead.leaf;
	const struct gpuva_leaf *next = index->ahead.next;
	const struct gpuva_inner *inner = index->ahead.inner;
	struct gic_state s = { .index = index };

	GIC_EXPECT(&s, !leaf || gic_node(index, leaf->top, 0) == leaf);
	GIC_EXPECT(&s, !next || gic_node(index, next->top, 0) == next);
	if (inner && !s.error) {
		leaf = inner->child[0];
		GIC_EXPECT(&s, gic_node(index, leaf->low, 1) == inner);
	}

	return s.error;
}

/**
 * gic_check_emptied() - check that nothing is where a mapping went just now
 * @index: the index
 *
 * Return: NULL, or what is wrong.
 */
static const char *gic_check_emptied(const struct gpuva_index *index)
{
	const unsigned int slot = index->emptied & (GPUVA_NODE_ALIGN - 1);
	const struct gpuva_leaf *leaf = gpuva_finger_leaf(index->emptied);
	struct gic_state s = { .index = index };

	if (!leaf)
		return NULL;

	GIC_EXPECT(&s, !(leaf->live & BIT(slot)));
	GIC_EXPECT(&s, !gpuva_index_find(index,
					 leaf->last[slot] - leaf->length[slot],
					 leaf->last[slot]));

	return s.error;
}

/**
 * gic_check_path() - check what a change at a key may have touched
 * @index: the index
 * @key: the key
 *
 * The nodes from the root to the leaf, and the leaf behind it.
 *
 * Return: NULL, or what is wrong.
 */
static const char *gic_check_path(const struct gpuva_index *index, u64 key)
{
	struct gic_state s = { .index = index };
	unsigned int height = index->height;
	const void *node = index->root;
	u64 low = 0, top = U64_MAX;
	const struct gpuva_leaf *leaf;

	if (!node)
		return NULL;

	while (height-- && !s.error) {
		const struct gpuva_inner *inner = node;
		const unsigned int slot = gpuva_inner_search(inner, key);

		gic_inner(&s, inner, low, top);
		GIC_EXPECT(&s, slot < inner->count);
		node = inner->child[slot];
		top = gic_top(inner, slot, top);
		low = gic_low(inner, slot, low);
		GIC_EXPECT(&s, key >= low && key <= top);
	}
	if (s.error)
		return s.error;

	leaf = node;
	gic_leaf(&s, leaf, low, top);
	GIC_EXPECT(&s, !leaf->next == (top == U64_MAX));
	if (leaf->next && !s.error)
		gic_leaf(&s, leaf->next, top + 1, leaf->next->top);

	return s.error;
}

#endif
