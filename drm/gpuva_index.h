/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The index: finds the mappings of a VM by address.
 *
 * Nothing outside gpuva_index*.c knows what structure it is. Whatever it is,
 * inserting neither allocates nor fails for want of memory, because it happens
 * in the fence signalling section, and mappings never overlap.
 *
 * The driver's lock around changes of the VM protects the index. Who only looks
 * may share that lock with others who do.
 */
#ifndef __GPUVA_INDEX_H__
#define __GPUVA_INDEX_H__

#include <linux/sched/mm.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>

#include "gpuva_reserve.h"

struct gpuva_inner;
struct gpuva_leaf;

/**
 * struct gpuva_ahead - of who goes on by equal steps, where the next ones lead
 *
 * All of it are hints, checked wherever they are used; but nodes in it are nodes of the
 * tree. Protected as the index is; also written by those who only look, several at once:
 * no node goes meanwhile.
 */
struct gpuva_ahead {
	/** @sought: where the last search began */
	u64 sought;
	/** @step: how far that was from the one before */
	u64 step;
	/** @leaf: the leaf of the next one, or NULL */
	struct gpuva_leaf *leaf;
	/** @next: the leaf of the one after that, or NULL */
	struct gpuva_leaf *next;
	/** @inner: the node above the leaf of the third, or NULL */
	struct gpuva_inner *inner;
};

/**
 * struct gpuva_index - the mappings of one VM, ordered by address
 */
struct gpuva_index {
	/** @reserve: where nodes come from */
	struct gpuva_reserve reserve;
	/** @root: an inner node, or at height 0 a leaf, or NULL */
	void *root;
	/** @height: levels of inner nodes */
	unsigned int height;
	/** @spilled: number of mappings in @spill */
	u32 spilled;
	/**
	 * @finger: the leaf, and in the low bits one of its slots, where a
	 * mapping was seen last; 0 for none
	 *
	 * A hint, checked wherever it is used. Also written by those who only
	 * look, several at once.
	 */
	unsigned long finger;
	/**
	 * @emptied: the leaf and the slot that a mapping was taken out of last;
	 * 0 if something came since, or moved
	 */
	unsigned long emptied;
	/** @ahead: what split and merge will most likely look for next */
	struct gpuva_ahead ahead;
	/** @spill: mappings that are in no leaf, in address order */
	struct drm_gpuva *spill;
	/** @head: the leaf with the lowest addresses, or NULL */
	struct gpuva_leaf *head;
	/** @leaves: how many leaves there are; read without a lock, too */
	u32 leaves;
	/**
	 * @topped: what @changes was when enough was set aside, plus 1; a hint,
	 * without a lock
	 */
	u64 topped;
	/**
	 * @changes: how often something came or went; a walk looks at it
	 *
	 * It and @topped come last, for who obtains a vm_bo: see &gpuvm_private.
	 */
	u64 changes;
};

void gpuva_index_init(struct gpuva_index *index);
void gpuva_index_fini(struct gpuva_index *index);
bool gpuva_index_is_empty(const struct gpuva_index *index);
int gpuva_index_insert(struct gpuva_index *index, struct drm_gpuva *va);
int gpuva_index_insert_anywhere(struct gpuva_index *index,
				struct drm_gpuva *va, u64 addr, u64 last);
void gpuva_index_remove(struct gpuva_index *index, struct drm_gpuva *va);
struct drm_gpuva *gpuva_index_find(const struct gpuva_index *index,
				   u64 addr, u64 last);
struct drm_gpuva *gpuva_index_find_exact(const struct gpuva_index *index,
					 u64 addr, u64 last);
struct drm_gpuva *gpuva_index_seek(struct gpuva_index *index,
				   u64 addr, u64 last);
struct drm_gpuva *gpuva_index_seek_on(struct gpuva_index *index,
				      u64 addr, u64 last);
struct drm_gpuva *gpuva_index_first(const struct gpuva_index *index);
struct drm_gpuva *gpuva_index_next(struct gpuva_index *index,
				   const struct drm_gpuva *va);
struct drm_gpuva *gpuva_index_walk(struct gpuva_index *index,
				   struct drm_gpuvm_walk *walk,
				   const struct drm_gpuva *va);
struct drm_gpuva *gpuva_index_prev(const struct gpuva_index *index,
				   const struct drm_gpuva *va);
unsigned int gpuva_index_nodes(const struct gpuva_index *index,
			       unsigned long mappings);
int gpuva_index_prepare(struct gpuva_index *index, unsigned long mappings);
int gpuva_index_top_up_slowly(struct gpuva_index *index,
			      unsigned long mappings);

/**
 * gpuva_index_holds() - whether a mapping is in any index
 * @va: the mapping
 *
 * Return: true from a successful insert until the removal.
 */
static inline bool gpuva_index_holds(const struct drm_gpuva *va)
{
	return va->__index[0];
}

/**
 * gpuva_index_top_up() - set aside what the next insertions may take
 * @index: the index
 * @mappings: how many are inserted; not looked at for nothing, and a guess does
 *
 * Called wherever a driver comes by that may sleep. Quick if nothing came or went
 * since the last time.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
static inline int gpuva_index_top_up(struct gpuva_index *index,
				     const unsigned long *mappings)
{
	/* Without these it would be no more than a place to be rescheduled. */
	if (IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_alloc(GFP_KERNEL);

	if (READ_ONCE(index->topped) == READ_ONCE(index->changes) + 1)
		return 0;

	return gpuva_index_top_up_slowly(index, READ_ONCE(*mappings));
}

#endif
