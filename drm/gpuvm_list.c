// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The lists of external and of evicted objects.
 *
 * Under DRM_GPUVM_RESV_PROTECTED the VM's dma_resv protects both lists, and who
 * walks them holds it throughout. Without, the core's spinlock does, and since
 * locking an object sleeps, a walk has to let go of it for each entry.
 */
#include "gpuvm_private.h"

/**
 * gpuvm_list_item_init() - make an entry that is in no list
 * @item: the entry
 * @vm_bo: whose it is
 */
void gpuvm_list_item_init(struct gpuvm_list_item *item,
			  struct drm_gpuvm_bo *vm_bo)
{
	INIT_LIST_HEAD(&item->link);
	item->vm_bo = vm_bo;
}

/**
 * gpuvm_list_assert_held() - assert that the lists lock is held
 * @gpuvm: the VM
 */
void gpuvm_list_assert_held(struct drm_gpuvm *gpuvm)
{
	if (drm_gpuvm_resv_protected(gpuvm))
		drm_gpuvm_resv_assert_held(gpuvm);
	else
		lockdep_assert_held(&gpuvm_private(gpuvm)->lock);
}

/**
 * gpuvm_list_add_locked() - append an entry unless it is in the list already
 * @list: the list
 * @item: the entry, whose vm_bo is set
 *
 * Context: the lists lock is held.
 */
void gpuvm_list_add_locked(struct list_head *list,
			   struct gpuvm_list_item *item)
{
	gpuvm_list_assert_held(item->vm_bo->vm);

	if (list_empty(&item->link))
		list_add_tail(&item->link, list);
}

static void gpuvm_list_del_locked(struct gpuvm_list_item *item)
{
	gpuvm_list_assert_held(item->vm_bo->vm);

	list_del_init(&item->link);
}

/**
 * gpuvm_list_add() - append an entry unless it is in the list already
 * @gpuvm: the VM
 * @list: the list
 * @item: the entry
 *
 * Context: takes the lists lock, unless it is the VM's dma_resv, which the
 * caller holds then.
 */
void gpuvm_list_add(struct drm_gpuvm *gpuvm, struct list_head *list,
		    struct gpuvm_list_item *item)
{
	if (drm_gpuvm_resv_protected(gpuvm)) {
		gpuvm_list_add_locked(list, item);
		return;
	}

	spin_lock(&gpuvm_private(gpuvm)->lock);
	gpuvm_list_add_locked(list, item);
	spin_unlock(&gpuvm_private(gpuvm)->lock);
}

/**
 * gpuvm_list_del() - take an entry out of its list, if it is in one
 * @gpuvm: the VM
 * @item: the entry
 *
 * Context: as gpuvm_list_add().
 */
void gpuvm_list_del(struct drm_gpuvm *gpuvm, struct gpuvm_list_item *item)
{
	if (drm_gpuvm_resv_protected(gpuvm)) {
		gpuvm_list_del_locked(item);
		return;
	}

	spin_lock(&gpuvm_private(gpuvm)->lock);
	gpuvm_list_del_locked(item);
	spin_unlock(&gpuvm_private(gpuvm)->lock);
}

/**
 * gpuvm_list_walk_begin() - start a walk
 * @walk: the walk, ended by gpuvm_list_walk_end()
 * @gpuvm: the VM, without DRM_GPUVM_RESV_PROTECTED
 * @list: the list
 */
void gpuvm_list_walk_begin(struct gpuvm_list_walk *walk,
			   struct drm_gpuvm *gpuvm, struct list_head *list)
{
	walk->gpuvm = gpuvm;
	walk->list = list;
	gpuvm_list_item_init(&walk->bookmark, NULL);

	spin_lock(&gpuvm_private(gpuvm)->lock);
	list_add(&walk->bookmark.link, list);
	spin_unlock(&gpuvm_private(gpuvm)->lock);
}

/* Move the bookmark behind the next entry that is not a bookmark itself. */
static struct drm_gpuvm_bo *walk_next_locked(struct gpuvm_list_walk *walk)
{
	struct gpuvm_list_item *item = &walk->bookmark;

	gpuvm_list_assert_held(walk->gpuvm);

	list_for_each_entry_continue(item, walk->list, link) {
		if (!item->vm_bo)
			continue;
		list_move(&walk->bookmark.link, &item->link);
		return item->vm_bo;
	}

	return NULL;
}

/**
 * gpuvm_list_walk_next_object() - the object of the next entry
 * @walk: the walk
 *
 * The object and not the vm_bo, because who holds the last reference to a vm_bo
 * must also hold a lock that this walk is only about to take.
 *
 * Return: the object with a reference for the caller, or NULL at the end.
 */
struct drm_gem_object *
gpuvm_list_walk_next_object(struct gpuvm_list_walk *walk)
{
	struct drm_gem_object *obj = NULL;
	struct drm_gpuvm_bo *vm_bo;

	spin_lock(&gpuvm_private(walk->gpuvm)->lock);
	vm_bo = walk_next_locked(walk);
	if (vm_bo) {
		/*
		 * A vm_bo leaves the list before it drops its reference to the
		 * object, so the object is alive even if the vm_bo is about to
		 * go.
		 */
		obj = vm_bo->obj;
		drm_gem_object_get(obj);
	}
	spin_unlock(&gpuvm_private(walk->gpuvm)->lock);

	return obj;
}

/**
 * gpuvm_list_walk_next_vm_bo() - the next entry's vm_bo
 * @walk: the walk
 *
 * Return: the vm_bo with a reference for the caller, or NULL at the end. A
 * vm_bo that is about to go is passed over.
 */
struct drm_gpuvm_bo *gpuvm_list_walk_next_vm_bo(struct gpuvm_list_walk *walk)
{
	struct drm_gpuvm_bo *vm_bo;

	spin_lock(&gpuvm_private(walk->gpuvm)->lock);
	do {
		vm_bo = walk_next_locked(walk);
	} while (vm_bo && !kref_get_unless_zero(&vm_bo->kref));
	spin_unlock(&gpuvm_private(walk->gpuvm)->lock);

	return vm_bo;
}

/**
 * gpuvm_list_walk_end() - end a walk, whether or not it came to the end
 * @walk: the walk
 */
void gpuvm_list_walk_end(struct gpuvm_list_walk *walk)
{
	spin_lock(&gpuvm_private(walk->gpuvm)->lock);
	list_del(&walk->bookmark.link);
	spin_unlock(&gpuvm_private(walk->gpuvm)->lock);
}
