// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The index as a tree of wide nodes.
 *
 * How nodes are split and merged is in gpuva_index_balance.c, what becomes of a
 * mapping for which there is no node in gpuva_index_spill.c.
 */
#include <linux/errno.h>
#include <linux/minmax.h>

#include "gpuva_index_fast.h"
#include "gpuva_index_node.h"
#include "gpuva_index_seek.h"
#include "gpuva_index_spill.h"

/*
 * So many mappings of a VM need no node at all: many a VM has but what its
 * driver keeps for itself.
 */
#define SPILL_SMALL 2

/* Who goes on one by one asks for a mapping so many slots before it comes to it. */
#define STEP_AHEAD 6

/* At most so many nodes are made where a driver comes by. */
#define TOP_UP_STEP 256u

/* How many mappings an insertion brings back into the tree, if there are any. */
#define SPILL_DRAIN 4

/**
 * gpuva_index_init() - make an index empty
 * @index: the index
 */
void gpuva_index_init(struct gpuva_index *index)
{
	index->root = NULL;
	index->height = 0;
	index->finger = 0;
	index->emptied = 0;
	index->ahead = (struct gpuva_ahead){};
	index->spill = NULL;
	index->spilled = 0;
	index->head = NULL;
	index->changes = 0;
	index->topped = 0;
	index->leaves = 0;
	gpuva_reserve_init(&index->reserve);
}

/**
 * gpuva_index_is_empty() - whether an index holds nothing
 * @index: the index
 *
 * Return: true if there is no mapping in it.
 */
bool gpuva_index_is_empty(const struct gpuva_index *index)
{
	return !index->root && !index->spill;
}

/* The leaf of a key, which may be the one that was used last. */
static __always_inline struct gpuva_leaf *
descend_from_finger(const struct gpuva_index *index, u64 key)
{
	return gpuva_leaf_at_finger(index, key) ?: gpuva_index_descend(index, key);
}

/**
 * gpuva_tree_from() - the first mapping in the tree that does not end before an
 * address
 * @index: the index
 * @addr: the address
 *
 * Return: the mapping, or NULL.
 */
struct drm_gpuva *gpuva_tree_from(const struct gpuva_index *index, u64 addr)
{
	struct gpuva_leaf *leaf;
	unsigned int slot;

	if (!index->root)
		return NULL;

	leaf = gpuva_index_descend(index, addr);
	slot = gpuva_leaf_search(leaf, addr);
	leaf = gpuva_live_from(leaf, &slot);
	return leaf ? leaf->va[slot] : NULL;
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
	struct gpuva_leaf *leaf;
	unsigned int slot;

	if (unlikely(!index->root || index->spill))
		return gpuva_spill_find(index, addr, last);

	leaf = gpuva_index_descend(index, addr);
	slot = gpuva_leaf_search(leaf, addr);
	leaf = gpuva_live_from(leaf, &slot);

	return leaf && gpuva_leaf_addr(leaf, slot) <= last ? leaf->va[slot] :
							     NULL;
}

/**
 * gpuva_index_find_exact() - find the mapping of a range
 * @index: the index
 * @addr: its first address
 * @last: its last address, not below @addr
 *
 * Does not read the mapping, if that is not very long: who looks up many does not
 * wait for one after the other.
 *
 * Return: the mapping, or NULL if none has exactly this range.
 */
struct drm_gpuva *gpuva_index_find_exact(const struct gpuva_index *index,
					 u64 addr, u64 last)
{
	struct gpuva_leaf *leaf;
	unsigned int slot;

	if (unlikely(!index->root || index->spill)) {
		struct drm_gpuva *va = gpuva_spill_find(index, addr, last);

		return va && va->va.addr == addr && gpuva_last(va) == last ?
		       va : NULL;
	}

	leaf = gpuva_index_descend(index, addr);
	slot = gpuva_leaf_search(leaf, addr);
	leaf = gpuva_live_from(leaf, &slot);

	return leaf && leaf->last[slot] == last &&
	       gpuva_leaf_addr(leaf, slot) == addr ? leaf->va[slot] : NULL;
}

/**
 * gpuva_index_seek() - find the first mapping in a range that is to change
 * @index: the index
 * @addr: first address of the range
 * @last: last address of the range, not below @addr
 *
 * As gpuva_index_find(), and keeps the place for what follows there.
 *
 * Return: as gpuva_index_find().
 */
struct drm_gpuva *gpuva_index_seek(struct gpuva_index *index,
				   u64 addr, u64 last)
{
	struct gpuva_found found;

	if (!gpuva_index_seek_random(index, addr, last, &found))
		found = gpuva_index_seek_regular(index, addr, last);

	return found.va;
}

/*
 * Who comes to a leaf in order will read its mappings, and then the next leaf. A
 * mapping is often in two lines of memory: who only walks most often wants the one
 * where its range is.
 */
static __always_inline void leaf_prefetch(const struct gpuva_leaf *leaf,
					  u32 live, bool whole)
{
	for (; live; live &= live - 1) {
		const struct drm_gpuva *va = leaf->va[__ffs(live)];

		prefetch(&va->va);
		if (whole)
			prefetch(&va->vm_bo);
	}

	if (leaf->next)
		gpuva_node_prefetch(leaf->next);
}

/* The same, if it is not behind the finger in its leaf. */
static noinline struct drm_gpuva *seek_anywhere(struct gpuva_index *index,
						u64 addr, u64 last)
{
	const struct gpuva_leaf *from = gpuva_finger_leaf(index->finger);
	struct gpuva_leaf *leaf;
	unsigned int slot;

	if (unlikely(!index->root || index->spill))
		return gpuva_spill_find(index, addr, last);

	leaf = descend_from_finger(index, addr);
	slot = gpuva_leaf_search(leaf, addr);
	leaf = gpuva_live_from(leaf, &slot);
	if (!leaf || gpuva_leaf_addr(leaf, slot) > last)
		return NULL;

	if (leaf != from)
		leaf_prefetch(leaf, leaf->live, true);
	gpuva_finger_set(index, leaf, slot);
	return leaf->va[slot];
}

/**
 * gpuva_index_seek_on() - find the next mapping in a range that is to change
 * @index: the index
 * @addr: the address behind the mapping found last, which may be gone
 * @last: last address of the range, not below @addr
 *
 * As gpuva_index_seek(), where what is found is most often the mapping behind
 * the last one.
 *
 * Return: as gpuva_index_find().
 */
struct drm_gpuva *gpuva_index_seek_on(struct gpuva_index *index,
				      u64 addr, u64 last)
{
	unsigned int slot = index->finger & (GPUVA_NODE_ALIGN - 1);
	struct gpuva_leaf *leaf = gpuva_finger_leaf(index->finger);
	u32 live;

	/* Keys behind that slot that are below @addr have no mapping. */
	if (unlikely(!leaf || leaf->last[slot] != addr - 1 || index->spill))
		return seek_anywhere(index, addr, last);

	live = leaf->live >> slot >> 1;
	if (unlikely(!live))
		return seek_anywhere(index, addr, last);

	slot += 1 + __ffs(live);
	if (gpuva_leaf_addr(leaf, slot) > last)
		return NULL;

	gpuva_finger_set(index, leaf, slot);
	return leaf->va[slot];
}

/*
 * Whether [@addr, @last] hits a mapping in the tree. @slot is the first of @leaf
 * whose key is not below @last.
 */
static bool is_taken(const struct gpuva_index *index, struct gpuva_leaf *leaf,
		     unsigned int slot, u64 addr, u64 last)
{
	const u32 before = leaf->live & (BIT(slot) - 1);
	const struct drm_gpuva *va;
	struct gpuva_leaf *behind;

	behind = gpuva_live_from(leaf, &slot);
	if (behind && gpuva_leaf_addr(behind, slot) <= last)
		return true;

	if (before)
		return leaf->last[__fls(before)] >= addr;

	/* What is in other leaves ends below this one. */
	if (addr >= leaf->low)
		return false;

	va = gpuva_tree_from(index, addr);
	return va && va->va.addr <= last;
}

/*
 * The mappings from @slot to the one before @gap, which is free, move up by one.
 * A few slots as a rule: that is sooner done than three calls of memmove().
 */
static __always_inline void move_up(struct gpuva_leaf *leaf, unsigned int slot,
				    unsigned int gap)
{
	leaf->live |= BIT(gap);
	for (; gap > slot; gap--)
		gpuva_leaf_copy_slot(leaf, gap, gap - 1);
}

/* Those behind @gap, up to @slot, move down by one. */
static __always_inline void move_down(struct gpuva_leaf *leaf, unsigned int gap,
				      unsigned int slot)
{
	leaf->live |= BIT(gap);
	for (; gap < slot; gap++)
		gpuva_leaf_copy_slot(leaf, gap, gap + 1);
}

/*
 * Makes a slot free for a key that belongs before that of @slot and behind that
 * of the one before it; LEAF_SLOTS if all are in use.
 */
static unsigned int open_slot(struct gpuva_leaf *leaf, unsigned int slot)
{
	const u32 free = ~leaf->live & LEAF_ALL;
	unsigned int gap;

	if (free & BIT(slot))
		return slot;

	if (slot && (free & BIT(slot - 1)))
		return slot - 1;

	if (free >> slot) {
		gap = slot + __ffs(free >> slot);
		move_up(leaf, slot, gap);
		return slot;
	}

	if (!free)
		return LEAF_SLOTS;

	gap = __fls(free);
	move_down(leaf, gap, slot - 1);
	return slot - 1;
}

static void fill_slot(struct gpuva_index *index, struct gpuva_leaf *leaf,
		      unsigned int slot, struct drm_gpuva *va, u64 addr,
		      u64 last)
{
	leaf->last[slot] = last;
	leaf->length[slot] = min_t(u64, last - addr, U32_MAX);
	gpuva_leaf_own(index, leaf, slot, va);
	gpuva_finger_set(index, leaf, slot);
}

/* Whether @slot is the first whose key is not below @key. */
static bool is_place(const struct gpuva_leaf *leaf, unsigned int slot, u64 key)
{
	return (slot == LEAF_SLOTS || leaf->last[slot] >= key) &&
	       (!slot || leaf->last[slot - 1] < key);
}

/* The leaf and the slot of a key: most often split and merge just looked there. */
static struct gpuva_leaf *place_of(const struct gpuva_index *index, u64 key,
				   unsigned int *slot)
{
	const unsigned long finger = READ_ONCE(index->finger);
	struct gpuva_leaf *leaf = descend_from_finger(index, key);

	*slot = finger & (GPUVA_NODE_ALIGN - 1);
	if (leaf != gpuva_finger_leaf(finger) || !is_place(leaf, *slot, key))
		*slot = gpuva_leaf_search(leaf, key);

	return leaf;
}

/* @addr and @last are those of @va. Returns -ENOSPC for want of a node. */
static int insert_in_tree(struct gpuva_index *index, struct drm_gpuva *va,
			  u64 addr, u64 last)
{
	struct gpuva_leaf *leaf;
	unsigned int slot, free;

	leaf = place_of(index, last, &slot);
	if (is_taken(index, leaf, slot, addr, last))
		return -EEXIST;

	free = open_slot(leaf, slot);
	if (unlikely(free == LEAF_SLOTS)) {
		int ret = gpuva_leaf_make_room(index, leaf, slot);

		if (ret)
			return ret;

		leaf = descend_from_finger(index, last);
		free = open_slot(leaf, gpuva_leaf_search(leaf, last));
	}

	fill_slot(index, leaf, free, va, addr, last);
	return 0;
}

/* For each node that was wanted in vain there may be one by now. */
static void drain(struct gpuva_index *index)
{
	unsigned int i;

	for (i = 0; i < SPILL_DRAIN && index->spill; i++) {
		struct drm_gpuva *va = gpuva_spill_pop(index);

		if (insert_in_tree(index, va, va->va.addr, gpuva_last(va))) {
			gpuva_spill_insert(index, va);
			return;
		}
	}
}

static int insert_slowly(struct gpuva_index *index, struct drm_gpuva *va)
{
	int ret = -ENOSPC;

	if (gpuva_index_find(index, va->va.addr, gpuva_last(va)))
		return -EEXIST;

	if (index->root || index->spilled >= SPILL_SMALL)
		ret = index->root ? 0 : gpuva_leaf_make_root(index);
	if (!ret) {
		drain(index);
		ret = insert_in_tree(index, va, va->va.addr, gpuva_last(va));
	}
	if (ret)
		gpuva_spill_insert(index, va);

	return 0;
}

/**
 * gpuva_index_insert_anywhere() - insert a mapping where none went just now
 * @index: the index
 * @va: the mapping
 * @addr: its first address
 * @last: its last address
 *
 * Who has just set the range has it at hand; to read it back some processors wait for
 * the memory.
 *
 * Context: as gpuva_index_insert().
 * Return: as gpuva_index_insert().
 */
int gpuva_index_insert_anywhere(struct gpuva_index *index, struct drm_gpuva *va,
				u64 addr, u64 last)
{
	int ret;

	if (gpuva_index_holds(va))
		return -EEXIST;

	index->changes++;
	if (unlikely(!index->root || index->spill))
		return insert_slowly(index, va);

	ret = insert_in_tree(index, va, addr, last);
	if (unlikely(ret == -ENOSPC)) {
		gpuva_spill_insert(index, va);
		ret = 0;
	}

	return ret;
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
	const u64 addr = va->va.addr, last = gpuva_last(va);

	return gpuva_index_refill(index, va, addr, last) ?
	       0 : gpuva_index_insert_anywhere(index, va, addr, last);
}

/* The slot of a mapping whose range somebody has changed. */
static unsigned int slot_anywhere(const struct gpuva_leaf *leaf,
				  const struct drm_gpuva *va)
{
	unsigned int slot;

	WARN(1, "mapping %#llx of %#llx changed while it was inserted\n",
	     va->va.addr, va->va.range);

	for (slot = 0; slot < LEAF_SLOTS; slot++)
		if (leaf->va[slot] == va)
			break;

	return slot;
}

/*
 * The leaf and the slot of a mapping that is in the tree: it knows the leaf, and
 * is the first there that is not below its own key.
 */
static struct gpuva_leaf *locate_by_key(const struct drm_gpuva *va,
					unsigned int *slot)
{
	struct gpuva_leaf *leaf = gpuva_leaf_of(va);
	u32 live;

	gpuva_node_prefetch(leaf);
	*slot = gpuva_leaf_search(leaf, gpuva_last(va));
	if (likely(*slot < LEAF_SLOTS && leaf->va[*slot] == va))
		return leaf;

	live = leaf->live >> *slot;
	if (live) {
		*slot += __ffs(live);
		if (likely(leaf->va[*slot] == va))
			return leaf;
	}

	*slot = slot_anywhere(leaf, va);
	return *slot < LEAF_SLOTS ? leaf : NULL;
}

/* The same, if it may be the one that was found last. */
static struct gpuva_leaf *locate(const struct gpuva_index *index,
				 const struct drm_gpuva *va, unsigned int *slot)
{
	const unsigned long finger = READ_ONCE(index->finger);
	const unsigned int hint = finger & (GPUVA_NODE_ALIGN - 1);
	struct gpuva_leaf *leaf = gpuva_finger_leaf(finger);

	/* Where it was found, or, if that was a walk, before the next. */
	if (leaf) {
		*slot = hint;
		if (leaf->va[hint] == va)
			return leaf;
		*slot = hint - 1;
		if (hint && leaf->va[hint - 1] == va)
			return leaf;
	}

	return locate_by_key(va, slot);
}

static void empty_slot(struct gpuva_index *index, struct gpuva_leaf *leaf,
		       unsigned int slot)
{
	gpuva_leaf_disown(index, leaf, slot, leaf->va[slot]);

	/* Once: later, another one that gets so sparse merges with this one. */
	if (unlikely(!leaf->count || leaf->count == LEAF_SPARSE)) {
		index->emptied = 0;
		gpuva_leaf_sparse(index, leaf);
	}
}

/* The slot of a mapping that is in one of @count slots from @first on, or some slot. */
static __always_inline unsigned int slot_among(const struct gpuva_leaf *leaf,
					       const struct drm_gpuva *va,
					       unsigned int first,
					       const unsigned int count)
{
	unsigned int slot, i;

	first = min(first, LEAF_SLOTS - count);
	slot = first;

	/* Selected, not branched to: which of them it is nobody can guess. */
	for (i = 1; i < count; i++)
		slot = leaf->va[first + i] == va ? first + i : slot;

	return slot;
}

/*
 * The slot of a mapping that has not moved far, most often up, for what came before;
 * or some slot. Four are looked at, and most mappings are in one of them; eight more
 * are looked at for the others only, since what waits for the leaf keeps the
 * processor from going on to the next mapping.
 */
static __always_inline unsigned int slot_nearby(const struct gpuva_leaf *leaf,
						const struct drm_gpuva *va)
{
	const unsigned int once = gpuva_slot_once(va);
	unsigned int slot = slot_among(leaf, va, once, 4);

	return leaf->va[slot] == va ? slot : slot_among(leaf, va, once + 4, 8);
}

/* What is in no leaf, or has moved far in it. */
static noinline void remove_far(struct gpuva_index *index, struct drm_gpuva *va)
{
	struct gpuva_leaf *leaf;
	unsigned int slot;

	if (unlikely(gpuva_is_spilled(va))) {
		gpuva_spill_remove(index, va);
		return;
	}

	leaf = locate_by_key(va, &slot);
	if (leaf)
		empty_slot(index, leaf, slot);
	else
		va->__index[0] = 0;
}

/**
 * gpuva_index_remove() - remove a mapping
 * @index: the index
 * @va: the mapping, which must be in it
 *
 * Context: fence signalling section.
 */
void gpuva_index_remove(struct gpuva_index *index, struct drm_gpuva *va)
{
	struct gpuva_leaf *leaf = gpuva_leaf_of(va);
	unsigned int slot;

	if (gpuva_index_remove_found(index, va))
		return;

	index->changes++;
	if (unlikely(gpuva_is_spilled(va))) {
		remove_far(index, va);
		return;
	}

	prefetch(&leaf->live);
	slot = slot_nearby(leaf, va);
	if (likely(leaf->va[slot] == va))
		empty_slot(index, leaf, slot);
	else
		remove_far(index, va);
}

/**
 * gpuva_index_first() - the mapping with the lowest address
 * @index: the index
 *
 * Return: the mapping, or NULL if there is none.
 */
struct drm_gpuva *gpuva_index_first(const struct gpuva_index *index)
{
	if (unlikely(!index->root || index->spill))
		return gpuva_spill_find(index, 0, U64_MAX);

	return index->head->va[__ffs(index->head->live)];
}

/**
 * gpuva_index_next() - the mapping behind another
 * @index: the index
 * @va: a mapping in it
 *
 * Return: the mapping with the next higher address, or NULL.
 */
struct drm_gpuva *gpuva_index_next(struct gpuva_index *index,
				   const struct drm_gpuva *va)
{
	struct gpuva_leaf *leaf;
	unsigned int slot;

	if (unlikely(index->spill))
		return gpuva_spill_next(index, va);

	leaf = locate(index, va, &slot);
	if (!leaf)
		return NULL;

	slot++;
	leaf = gpuva_live_from(leaf, &slot);
	if (!leaf)
		return NULL;

	gpuva_finger_set(index, leaf, slot);
	prefetch(leaf->va[min(slot + STEP_AHEAD, LEAF_SLOTS - 1u)]);
	if (!slot && leaf->next)
		gpuva_node_prefetch(leaf->next);
	return leaf->va[slot];
}

/**
 * gpuva_index_walk() - go on with a walk where it cannot by itself
 * @index: the index
 * @walk: the walk
 * @va: the mapping that it is at, in the index
 *
 * Return: as gpuva_index_next().
 */
struct drm_gpuva *gpuva_index_walk(struct gpuva_index *index,
				   struct drm_gpuvm_walk *walk,
				   const struct drm_gpuva *va)
{
	const struct gpuva_leaf *leaf;
	unsigned int slot;
	u32 live;

	/* A leaf is worth reading for who takes two steps without a change. */
	if (index->spill || walk->changes != &index->changes ||
	    walk->seen != index->changes || walk->last != va) {
		walk->changes = &index->changes;
		walk->seen = index->changes;
		walk->vas = NULL;
		walk->live = 0;
		walk->last = gpuva_index_next(index, va);
		return walk->last;
	}

	if (walk->vas) {
		leaf = container_of(walk->vas, struct gpuva_leaf, va[0]);
		live = 0;
	} else {
		leaf = locate(index, va, &slot);
		live = leaf ? leaf->live & ~(BIT(slot + 1) - 1) : 0;
	}

	if (leaf && !live) {
		leaf = leaf->next;
		live = leaf ? leaf->live : 0;
	}
	if (!leaf)
		return NULL;

	leaf_prefetch(leaf, live, false);
	walk->vas = leaf->va;
	walk->live = live & (live - 1);
	walk->last = leaf->va[__ffs(live)];
	return walk->last;
}

/* The mapping in the tree with the highest address whose key is below @key. */
static struct drm_gpuva *tree_prev(const struct gpuva_index *index, u64 key)
{
	struct gpuva_leaf *leaf;
	u32 before;

	if (!index->root)
		return NULL;

	leaf = gpuva_index_descend(index, key);
	before = leaf->live & (BIT(gpuva_leaf_search(leaf, key)) - 1);
	if (!before && leaf->low) {
		leaf = gpuva_index_descend(index, leaf->low - 1);
		before = leaf->live;
	}

	return before ? leaf->va[__fls(before)] : NULL;
}

/**
 * gpuva_index_prev() - the mapping before another
 * @index: the index
 * @va: a mapping in it
 *
 * Return: the mapping with the next lower address, or NULL.
 */
struct drm_gpuva *gpuva_index_prev(const struct gpuva_index *index,
				   const struct drm_gpuva *va)
{
	return gpuva_spill_prev(index, va, tree_prev(index, gpuva_last(va)));
}

/**
 * gpuva_index_fini() - free the nodes of an index
 * @index: the index
 *
 * What is still in it, by a bug, is left alone.
 *
 * Context: any.
 */
void gpuva_index_fini(struct gpuva_index *index)
{
	if (index->root)
		gpuva_tree_free(index);
	gpuva_reserve_fini(&index->reserve);
}

/**
 * gpuva_index_nodes() - how many nodes insertions may take
 * @index: the index
 * @mappings: how many insertions
 *
 * Each of a few may hit a full leaf, below a full node; of many, most find room
 * where others have split.
 *
 * Context: any; a guess if others change the index.
 * Return: the number of nodes.
 */
unsigned int gpuva_index_nodes(const struct gpuva_index *index,
			       unsigned long mappings)
{
	/* Those that are set aside for others may be leaves by then. */
	const unsigned long now = READ_ONCE(index->leaves) +
				  READ_ONCE(index->reserve.promised);
	const unsigned long leaves =
		min(mappings, now + 1 + mappings / (LEAF_SLOTS / 2));
	const unsigned long inner =
		min(leaves, (now + leaves) / (INNER_SLOTS / 2) + 1);

	return min(leaves + inner + inner / (INNER_SLOTS / 2),
		   (unsigned long)INT_MAX);
}

/**
 * gpuva_index_prepare() - set aside what insertions may take
 * @index: the index
 * @mappings: how many insertions
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuva_index_prepare(struct gpuva_index *index, unsigned long mappings)
{
	return gpuva_reserve_keep(&index->reserve,
				  gpuva_index_nodes(index, mappings));
}

/**
 * gpuva_index_top_up_slowly() - set aside what the next insertions may take
 * @index: the index
 * @mappings: how many are inserted
 *
 * For gpuva_index_top_up(). More for a large VM, where more is done at once; and
 * as many as it takes to empty the VM and to fill it again in any order, though
 * not all of them in one call.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuva_index_top_up_slowly(struct gpuva_index *index,
			      unsigned long mappings)
{
	const u64 changes = READ_ONCE(index->changes);
	const u32 leaves = READ_ONCE(index->leaves);
	const unsigned long loose = mappings / LEAF_LOOSE;
	const u32 most = READ_ONCE(index->reserve.count) + TOP_UP_STEP;
	u32 wanted = min(leaves / 16, TOP_UP_STEP);
	int ret;

	if (loose > leaves)
		wanted = max(wanted, loose - leaves +
				     (loose - leaves) / (INNER_SLOTS / 4));

	ret = gpuva_reserve_keep(&index->reserve, min(wanted, most));
	if (!ret && wanted <= most)
		WRITE_ONCE(index->topped, changes + 1);

	return ret;
}
