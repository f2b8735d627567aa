/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Lists of vm_bos that can be walked while others add and remove.
 */
#ifndef __GPUVM_LIST_H__
#define __GPUVM_LIST_H__

#include <linux/list.h>
#include <linux/types.h>

struct drm_gem_object;
struct drm_gpuvm;
struct drm_gpuvm_bo;

/**
 * struct gpuvm_list_item - an entry of such a list
 *
 * Protected by the lists lock, see &struct gpuvm_private.
 */
struct gpuvm_list_item {
	/** @link: in the list; empty while in none */
	struct list_head link;
	/** @vm_bo: whose entry this is; NULL for the bookmark of a walk */
	struct drm_gpuvm_bo *vm_bo;
};

/** define GPUVM_LIST_BATCH - how many entries are taken at once */
#define GPUVM_LIST_BATCH 16

/**
 * struct gpuvm_list_batch - some entries of a list, one after the other
 *
 * Each entry leads to a vm_bo, and who locks objects goes on to its object and
 * the object's dma_resv. They are in no cache when the list is long. With
 * several at hand, all of them are on their way at once.
 */
struct gpuvm_list_batch {
	/** @vm_bos: the entries' vm_bos */
	struct drm_gpuvm_bo *vm_bos[GPUVM_LIST_BATCH];
	/** @num: how many there are; fewer than fit at the end of the list */
	unsigned int num;
};

/**
 * struct gpuvm_list_walk - a walk that lets go of the lock between batches
 *
 * A bookmark in the list marks the place. So the walk needs no reference to a
 * vm_bo to find its way on, and several walks may run at once. A walk that came
 * to the end, as that of a short list does at once, has no bookmark. It begins
 * again if something was added since: then all entries are met once more, else
 * each one once.
 */
struct gpuvm_list_walk {
	/** @gpuvm: whose list it is */
	struct drm_gpuvm *gpuvm;
	/** @list: the list */
	struct list_head *list;
	/** @added: how often something was added to it */
	const unsigned int *added;
	/** @seen: what that was when the walk was in the list last */
	unsigned int seen;
	/** @bookmark: stands behind what was taken already */
	struct gpuvm_list_item bookmark;
	/** @marked: the bookmark is in the list */
	bool marked;
	/** @ended: there was nothing more to be taken */
	bool ended;
	union {
		/** @objs: objects that were taken, with references */
		struct drm_gem_object *objs[GPUVM_LIST_BATCH];
		/** @vm_bos: vm_bos that were taken, with references */
		struct drm_gpuvm_bo *vm_bos[GPUVM_LIST_BATCH];
	};
	/** @num: how many were taken */
	unsigned int num;
	/** @next: the next of them to be met */
	unsigned int next;
};

/**
 * gpuvm_list_item_init() - make an entry that is in no list
 * @item: the entry
 * @vm_bo: whose it is
 */
static inline void gpuvm_list_item_init(struct gpuvm_list_item *item,
					struct drm_gpuvm_bo *vm_bo)
{
	INIT_LIST_HEAD(&item->link);
	item->vm_bo = vm_bo;
}

void gpuvm_list_assert_held(struct drm_gpuvm *gpuvm);
void gpuvm_list_add_locked(struct list_head *list,
			   struct gpuvm_list_item *item);
void gpuvm_list_add(struct drm_gpuvm *gpuvm, struct list_head *list,
		    struct gpuvm_list_item *item);
void gpuvm_list_del(struct drm_gpuvm *gpuvm, struct gpuvm_list_item *item);

struct gpuvm_list_item *
gpuvm_list_batch_fill(struct gpuvm_list_batch *batch, struct list_head *list,
		      struct gpuvm_list_item *after);
void gpuvm_list_batch_fetch_objects(const struct gpuvm_list_batch *batch);

void gpuvm_list_walk_begin(struct gpuvm_list_walk *walk,
			   struct drm_gpuvm *gpuvm, struct list_head *list);
struct drm_gem_object *
gpuvm_list_walk_next_object(struct gpuvm_list_walk *walk);
struct drm_gem_object *
gpuvm_list_walk_left_object(struct gpuvm_list_walk *walk);
bool gpuvm_list_walk_take_vm_bos(struct gpuvm_list_walk *walk);
void gpuvm_list_walk_end(struct gpuvm_list_walk *walk);

/**
 * gpuvm_list_walk_left_vm_bo() - a vm_bo that was taken but not met yet
 * @walk: the walk
 *
 * For who ends a walk early, to drop these references, too.
 *
 * Return: the vm_bo with a reference for the caller, or NULL.
 */
static inline struct drm_gpuvm_bo *
gpuvm_list_walk_left_vm_bo(struct gpuvm_list_walk *walk)
{
	return walk->next < walk->num ? walk->vm_bos[walk->next++] : NULL;
}

/**
 * gpuvm_list_walk_next_vm_bo() - the next entry's vm_bo
 * @walk: the walk
 *
 * Return: the vm_bo with a reference for the caller, or NULL at the end. A
 * vm_bo that is about to go is passed over.
 */
static inline struct drm_gpuvm_bo *
gpuvm_list_walk_next_vm_bo(struct gpuvm_list_walk *walk)
{
	return walk->next < walk->num || gpuvm_list_walk_take_vm_bos(walk) ?
	       walk->vm_bos[walk->next++] : NULL;
}

#endif
