/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The nodes of the index.
 *
 * A B+ tree, keyed by the last address of a mapping. What covers an address, or
 * comes next behind it, is then the first mapping whose key is not below it, so
 * that a search goes down once and from there on only forward.
 *
 * All nodes are of one size, and what a search reads of a node is asked for at
 * once, as soon as its address is known: the cache misses of a level overlap.
 */
#ifndef __GPUVA_INDEX_NODE_H__
#define __GPUVA_INDEX_NODE_H__

#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/prefetch.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include <drm/drm_gpuvm.h>

#include "gpuva_index.h"

#define LEAF_SLOTS	24
#define LEAF_ALL	(BIT(LEAF_SLOTS) - 1)
/* A leaf that has no more than that looks for another to merge with. */
#define LEAF_SPARSE	6
/* Merged leaves are not to be split again at once. */
#define LEAF_MERGED	18
/* So many a leaf has, or more, however the mappings came. */
#define LEAF_LOOSE	18

#define INNER_SLOTS	32
#define INNER_KEYS	(INNER_SLOTS - 1)
#define INNER_SPARSE	8
/* A root with no more children than that is searched by three comparisons. */
#define INNER_FEW	4
#define INNER_MERGED	28

/* Each inner node but the root has at least a quarter of its children. */
#define MAX_HEIGHT	16

/**
 * struct gpuva_leaf - up to LEAF_SLOTS mappings, in address order
 *
 * A slot whose bit in @live is clear has no mapping, but it has a key: keys never
 * decrease from slot to slot. So a mapping goes by clearing a bit, and one that
 * comes in its place moves no other.
 */
struct gpuva_leaf {
	/** @last: the last address of each mapping: its key */
	u64 last[LEAF_SLOTS];
	/** @length: how far the first address is from it; U32_MAX: ask the mapping */
	u32 length[LEAF_SLOTS];
	/** @low: keys in this leaf are not below it */
	u64 low;
	/** @top: keys in this leaf are not above it */
	u64 top;
	/** @next: the leaf behind this one, or NULL */
	struct gpuva_leaf *next;
	/** @live: a bit for each slot that has a mapping */
	u32 live;
	/** @count: how many have */
	u16 count;
	/** @left_sparse: the leaf in front got sparse, and found this one too full */
	bool left_sparse;
	/** @va: the mappings; NULL where there is none */
	struct drm_gpuva *va[LEAF_SLOTS];
};

static_assert(sizeof(struct gpuva_leaf) == GPUVA_NODE_SIZE);
/* A slot fits into the low bits of a finger, and beside a tag in a mapping. */
static_assert((LEAF_SLOTS << 1) < GPUVA_NODE_ALIGN);

/**
 * struct gpuva_inner - up to INNER_SLOTS nodes of the level below
 */
struct gpuva_inner {
	/** @top: the highest key of each child but the last; then U64_MAX */
	u64 top[INNER_KEYS];
	/** @count: how many children there are */
	u64 count;
	/** @child: the nodes */
	void *child[INNER_SLOTS];
};

static_assert(sizeof(struct gpuva_inner) == GPUVA_NODE_SIZE);

/**
 * struct gpuva_path - the inner nodes from the root to a leaf
 */
struct gpuva_path {
	/** @inner: the nodes; [0] is the one above the leaf */
	struct gpuva_inner *inner[MAX_HEIGHT];
	/** @slot: which child leads on */
	unsigned int slot[MAX_HEIGHT];
};

static inline u64 gpuva_last(const struct drm_gpuva *va)
{
	return va->va.addr + va->va.range - 1;
}

/* Where the keys are not below @key any more: behind it if all are. */
static __always_inline const u64 *
gpuva_inner_top(const struct gpuva_inner *inner, u64 key)
{
	/* Not a number, which would have to be turned into an address again. */
	const u64 *top = inner->top;

	/*
	 * Without a branch that could be guessed wrongly; of four parts at a
	 * time, because comparisons that do not wait for one another cost less.
	 */
	top += ((top[7] < key) + (top[15] < key) + (top[23] < key)) * 8ul;
	top += ((top[1] < key) + (top[3] < key) + (top[5] < key)) * 2ul;

	return top + (top[0] < key);
}

/* The number of children whose keys are all below @key. */
static inline unsigned int gpuva_inner_search(const struct gpuva_inner *inner,
					      u64 key)
{
	return gpuva_inner_top(inner, key) - inner->top;
}

/* The child that @key belongs to. */
static __always_inline void *gpuva_inner_child(const struct gpuva_inner *inner,
					       u64 key)
{
	/* It is as far from its key as the first is from the first. */
	return *(void **)((void *)gpuva_inner_top(inner, key) +
			  offsetof(struct gpuva_inner, child));
}

/* The first slot whose key is not below @key; LEAF_SLOTS if there is none. */
static inline unsigned int gpuva_leaf_search(const struct gpuva_leaf *leaf,
					     u64 key)
{
	const u64 *last = leaf->last;
	unsigned long i;

	i = ((last[7] < key) + (last[15] < key)) << 3;
	i += ((last[i + 1] < key) + (last[i + 3] < key) +
	      (last[i + 5] < key)) << 1;
	/* The last of the last eight was not compared yet. */
	i += last[i] < key;

	return i + (last[i] < key);
}

/* The first address of the mapping in a slot. */
static inline u64 gpuva_leaf_addr(const struct gpuva_leaf *leaf,
				  unsigned int slot)
{
	const u32 length = leaf->length[slot];

	if (unlikely(length == U32_MAX))
		return leaf->va[slot]->va.addr;

	return leaf->last[slot] - length;
}

/* The first mapping from a slot on, which may be in the next leaf. */
static __always_inline struct gpuva_leaf *
gpuva_live_from(struct gpuva_leaf *leaf, unsigned int *slot)
{
	const u32 live = leaf->live >> *slot;

	if (likely(live)) {
		*slot += __ffs(live);
		return leaf;
	}

	/* No leaf is empty. */
	leaf = leaf->next;
	if (leaf)
		*slot = __ffs(leaf->live);

	return leaf;
}

static __always_inline void gpuva_leaf_copy_slot(struct gpuva_leaf *leaf,
						 unsigned int to,
						 unsigned int from)
{
	leaf->last[to] = leaf->last[from];
	leaf->length[to] = leaf->length[from];
	leaf->va[to] = leaf->va[from];
}

static inline struct gpuva_leaf *gpuva_finger_leaf(unsigned long finger)
{
	return (struct gpuva_leaf *)(finger & ~(GPUVA_NODE_ALIGN - 1ul));
}

/*
 * A mapping that is in the tree knows its leaf; and a slot that was its own once,
 * from which it has most often not gone far.
 */
static inline void gpuva_leaf_link(struct drm_gpuva *va,
				   const struct gpuva_leaf *leaf,
				   unsigned int slot)
{
	va->__index[0] = (unsigned long)leaf | slot << 1;
}

static inline struct gpuva_leaf *gpuva_leaf_of(const struct drm_gpuva *va)
{
	return gpuva_finger_leaf(va->__index[0]);
}

static inline unsigned int gpuva_slot_once(const struct drm_gpuva *va)
{
	return (va->__index[0] & (GPUVA_NODE_ALIGN - 1)) >> 1;
}

/* Copy slots; the two places may overlap. */
static inline void gpuva_leaf_move(struct gpuva_leaf *to, unsigned int to_slot,
				   const struct gpuva_leaf *from,
				   unsigned int from_slot, unsigned int count)
{
	memmove(&to->last[to_slot], &from->last[from_slot],
		count * sizeof(to->last[0]));
	memmove(&to->length[to_slot], &from->length[from_slot],
		count * sizeof(to->length[0]));
	memmove(&to->va[to_slot], &from->va[from_slot],
		count * sizeof(to->va[0]));
}

static inline void gpuva_node_prefetch(const void *node)
{
	unsigned int i;

	for (i = 0; i < GPUVA_NODE_SIZE; i += 64)
		prefetch(node + i);
}

/* The node that a key belongs to, so many levels above the leaves. There is a root. */
static __always_inline void *
gpuva_index_descend_to(const struct gpuva_index *index, u64 key,
		       unsigned int level)
{
	unsigned int height = index->height;
	void *node = index->root;

	/* Most often the root has few children; and they are never far. */
	if (height > level && ((struct gpuva_inner *)node)->count <= INNER_FEW) {
		const struct gpuva_inner *inner = node;
		const u64 *top = inner->top;

		node = inner->child[(top[0] < key) + (top[1] < key) +
				    (top[2] < key)];
		height--;
	}

	while (height-- > level) {
		const struct gpuva_inner *inner = node;

		node = gpuva_inner_child(inner, key);
		gpuva_node_prefetch(node);
	}

	return node;
}

/* The leaf that a key belongs to. There is a root. */
static inline struct gpuva_leaf *
gpuva_index_descend(const struct gpuva_index *index, u64 key)
{
	return gpuva_index_descend_to(index, key, 0);
}

/* In one comparison: in random order either of two would be guessed. */
static __always_inline bool gpuva_leaf_covers(const struct gpuva_leaf *leaf,
					      u64 key)
{
	return key - leaf->low <= leaf->top - leaf->low;
}

static inline unsigned long gpuva_finger(const struct gpuva_leaf *leaf,
					 unsigned int slot)
{
	return (unsigned long)leaf | slot;
}

/* @slot is one of the leaf: who comes back does not ask. */
static inline void gpuva_finger_set(struct gpuva_index *index,
				    const struct gpuva_leaf *leaf,
				    unsigned int slot)
{
	WRITE_ONCE(index->finger, gpuva_finger(leaf, slot));
}

/* gpuva_index_balance.c */
int gpuva_leaf_make_root(struct gpuva_index *index);
int gpuva_leaf_make_room(struct gpuva_index *index, struct gpuva_leaf *leaf,
			 unsigned int slot);
void gpuva_leaf_sparse(struct gpuva_index *index, struct gpuva_leaf *leaf);
void gpuva_tree_free(struct gpuva_index *index);

#endif
