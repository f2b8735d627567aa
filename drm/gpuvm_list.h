/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Lists of vm_bos that can be walked while others add and remove.
 */
#ifndef __GPUVM_LIST_H__
#define __GPUVM_LIST_H__

#include <linux/list.h>
#include <linux/types.h>

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

/**
 * struct gpuvm_list_walk - a walk that lets go of the lock at each step
 *
 * A bookmark in the list marks the place. So the walk needs no reference to a
 * vm_bo to find its way on, several walks may run at once, each entry is met
 * at most once while it stays in the list, and one added meanwhile is met too.
 */
struct gpuvm_list_walk {
	/** @gpuvm: whose list it is */
	struct drm_gpuvm *gpuvm;
	/** @list: the list */
	struct list_head *list;
	/** @bookmark: stands behind what was met already */
	struct gpuvm_list_item bookmark;
};

void gpuvm_list_item_init(struct gpuvm_list_item *item,
			  struct drm_gpuvm_bo *vm_bo);
void gpuvm_list_assert_held(struct drm_gpuvm *gpuvm);
void gpuvm_list_add_locked(struct list_head *list,
			   struct gpuvm_list_item *item);
void gpuvm_list_add(struct drm_gpuvm *gpuvm, struct list_head *list,
		    struct gpuvm_list_item *item);
void gpuvm_list_del(struct drm_gpuvm *gpuvm, struct gpuvm_list_item *item);

void gpuvm_list_walk_begin(struct gpuvm_list_walk *walk,
			   struct drm_gpuvm *gpuvm, struct list_head *list);
struct drm_gem_object *
gpuvm_list_walk_next_object(struct gpuvm_list_walk *walk);
struct drm_gpuvm_bo *gpuvm_list_walk_next_vm_bo(struct gpuvm_list_walk *walk);
void gpuvm_list_walk_end(struct gpuvm_list_walk *walk);

#endif
