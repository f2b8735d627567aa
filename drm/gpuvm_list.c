// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The lists of external and of evicted objects.
 *
 * Under DRM_GPUVM_RESV_PROTECTED the VM's dma_resv protects both lists, and who
 * walks them holds it throughout. Without, the core's spinlock does, and since
 * locking an object sleeps, a walk has to let go of it for each entry.
 */
#include <linux/dma-resv.h>
#include <linux/prefetch.h>

#include "gpuvm_private.h"

/**
 * gpuvm_list_assert_held() - assert that the lists lock is held
 * @gpuvm: the VM
 */
void gpuvm_list_assert_held(struct drm_gpuvm *gpuvm)
{
	if (gpuvm_resv_protected(gpuvm))
		dma_resv_assert_held(gpuvm->r_obj->resv);
	else
		lockdep_assert_held(&gpuvm_private(gpuvm)->lock);
}

/* How often something was added to one of the two lists. */
static unsigned int *added_to(struct drm_gpuvm *gpuvm, struct list_head *list)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);

	return list == &priv->extobj ? &priv->extobj_added :
				       &priv->evict_added;
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
	unsigned int *added = added_to(item->vm_bo->vm, list);

	gpuvm_list_assert_held(item->vm_bo->vm);

	if (!list_empty(&item->link))
		return;

	list_add_tail(&item->link, list);
	/* Read without the lock, by a walk that came to the end. */
	WRITE_ONCE(*added, *added + 1);
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
	if (gpuvm_resv_protected(gpuvm)) {
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
	if (gpuvm_resv_protected(gpuvm)) {
		gpuvm_list_del_locked(item);
		return;
	}

	spin_lock(&gpuvm_private(gpuvm)->lock);
	gpuvm_list_del_locked(item);
	spin_unlock(&gpuvm_private(gpuvm)->lock);
}

/* What is needed of an object to lock it and to give it a fence. */
static void prefetch_obj(const struct drm_gem_object *obj)
{
	prefetchw(&obj->refcount);
	prefetch(&obj->resv);
}

static void prefetch_resv(const struct dma_resv *resv)
{
	prefetchw(&resv->lock);
	prefetch(&resv->fences);
}

/**
 * gpuvm_list_batch_fill() - take the next entries of a list
 * @batch: where to; nothing of it is needed before
 * @list: the list
 * @after: the entry before them; NULL to start at the beginning
 *
 * Starts to bring their vm_bos into the cache, takes no references, and passes
 * over bookmarks.
 *
 * Context: the lists lock is held.
 * Return: the last entry that was taken, or @after if there was none.
 */
struct gpuvm_list_item *
gpuvm_list_batch_fill(struct gpuvm_list_batch *batch, struct list_head *list,
		      struct gpuvm_list_item *after)
{
	struct gpuvm_list_item *item = after, *last = after;

	if (!item)
		item = list_entry(list, struct gpuvm_list_item, link);

	batch->num = 0;
	list_for_each_entry_continue(item, list, link) {
		if (!item->vm_bo)
			continue;
		batch->vm_bos[batch->num++] = item->vm_bo;
		prefetchw(&item->vm_bo->kref);
		last = item;
		if (batch->num == GPUVM_LIST_BATCH)
			break;
	}

	return last;
}

/**
 * gpuvm_list_batch_fetch_objects() - for who is about to lock the objects
 * @batch: the batch
 *
 * Starts to bring the objects into the cache, and what is locked of them.
 *
 * Context: the lists lock is held.
 */
void gpuvm_list_batch_fetch_objects(const struct gpuvm_list_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->num; i++)
		prefetch_obj(batch->vm_bos[i]->obj);

	/* Only now, because here it takes the object to find its dma_resv. */
	for (i = 0; i < batch->num; i++)
		prefetch_resv(batch->vm_bos[i]->obj->resv);
}

/**
 * gpuvm_list_walk_begin() - start a walk
 * @walk: the walk, ended by gpuvm_list_walk_end()
 * @gpuvm: the VM, without DRM_GPUVM_RESV_PROTECTED
 * @list: the list
 *
 * A walk gives objects or vm_bos, not both.
 */
void gpuvm_list_walk_begin(struct gpuvm_list_walk *walk,
			   struct drm_gpuvm *gpuvm, struct list_head *list)
{
	walk->gpuvm = gpuvm;
	walk->list = list;
	walk->added = added_to(gpuvm, list);
	gpuvm_list_item_init(&walk->bookmark, NULL);
	walk->marked = false;
	walk->ended = false;
	walk->num = 0;
	walk->next = 0;
}

/*
 * Take the next batch and move the bookmark behind it. At the end of the list
 * the bookmark goes.
 */
static void walk_fill_locked(struct gpuvm_list_walk *walk,
			     struct gpuvm_list_batch *batch)
{
	struct gpuvm_list_item *bookmark = &walk->bookmark, *last;

	gpuvm_list_assert_held(walk->gpuvm);

	last = gpuvm_list_batch_fill(batch, walk->list,
				     walk->marked ? bookmark : NULL);
	walk->seen = *walk->added;
	walk->ended = batch->num < GPUVM_LIST_BATCH;
	if (walk->marked)
		list_del(&bookmark->link);
	/* The last entry is not the bookmark itself, as there is one behind it. */
	walk->marked = !walk->ended;
	if (walk->marked)
		list_add(&bookmark->link, &last->link);
}

/* At the end it is worth another look if something was added since. */
static bool wants_more(const struct gpuvm_list_walk *walk)
{
	return walk->next == walk->num &&
	       (!walk->ended || READ_ONCE(*walk->added) != walk->seen);
}

static void take_objects(struct gpuvm_list_walk *walk)
{
	struct gpuvm_list_batch batch __attribute__((uninitialized));
	unsigned int i;

	spin_lock(&gpuvm_private(walk->gpuvm)->lock);
	walk_fill_locked(walk, &batch);
	if (!gpuvm_locks_few(walk->gpuvm))
		gpuvm_list_batch_fetch_objects(&batch);
	/*
	 * A vm_bo leaves the list before it drops its reference to the object,
	 * so the object is alive even if the vm_bo is about to go.
	 */
	for (i = 0; i < batch.num; i++) {
		walk->objs[i] = batch.vm_bos[i]->obj;
		drm_gem_object_get(walk->objs[i]);
	}
	spin_unlock(&gpuvm_private(walk->gpuvm)->lock);

	walk->num = batch.num;
	walk->next = 0;
}

/* Those that are about to go are left out. */
static void take_vm_bos(struct gpuvm_list_walk *walk)
{
	struct gpuvm_list_batch batch __attribute__((uninitialized));
	unsigned int i;

	walk->num = 0;
	walk->next = 0;

	spin_lock(&gpuvm_private(walk->gpuvm)->lock);
	walk_fill_locked(walk, &batch);
	for (i = 0; i < batch.num; i++)
		if (kref_get_unless_zero(&batch.vm_bos[i]->kref))
			walk->vm_bos[walk->num++] = batch.vm_bos[i];
	spin_unlock(&gpuvm_private(walk->gpuvm)->lock);
}

/**
 * gpuvm_list_walk_left_object() - an object that was taken but not met yet
 * @walk: the walk
 *
 * For who ends a walk early, to drop these references, too.
 *
 * Return: the object with a reference for the caller, or NULL.
 */
struct drm_gem_object *
gpuvm_list_walk_left_object(struct gpuvm_list_walk *walk)
{
	return walk->next < walk->num ? walk->objs[walk->next++] : NULL;
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
	while (wants_more(walk))
		take_objects(walk);

	return gpuvm_list_walk_left_object(walk);
}

/**
 * gpuvm_list_walk_take_vm_bos() - take vm_bos, after all that were taken are met
 * @walk: the walk
 *
 * Return: true; false at the end.
 */
bool gpuvm_list_walk_take_vm_bos(struct gpuvm_list_walk *walk)
{
	while (wants_more(walk))
		take_vm_bos(walk);

	return walk->next < walk->num;
}

/**
 * gpuvm_list_walk_end() - end a walk, whether or not it came to the end
 * @walk: the walk, of which nothing is left that was taken
 */
void gpuvm_list_walk_end(struct gpuvm_list_walk *walk)
{
	if (!walk->marked)
		return;

	spin_lock(&gpuvm_private(walk->gpuvm)->lock);
	list_del(&walk->bookmark.link);
	spin_unlock(&gpuvm_private(walk->gpuvm)->lock);
}
