// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Whose memory goes where there is no room: that of the object that was not used
 * for the longest time, and whose VMs were not.
 *
 * An object is used when a job of a VM that maps it is submitted. That is written
 * down for the VM alone, as a job has more important things to do than to move a
 * thousand objects in a list. So the list is in an order that was right once: who
 * looks for room takes the first, and if that turns out to be used since, it goes
 * to its place, and the next is the first.
 *
 * Memory reclaim evicts, too. Not by drm_gem_lru_scan(): that drops references,
 * one of which may turn out to be the last, and to free an object takes the very
 * dma_resv that whoever allocates may be holding. Here a worker drops them.
 */
#include <linux/dma-resv.h>
#include <linux/shrinker.h>
#include <linux/timekeeping.h>

#include "gpuvm_lru_private.h"

/* How hard to try. */
enum effort {
	/* Memory reclaim: whatever was allocated now might end up in here. */
	EVICT_RECLAIM,
	/* Other dma_resv locks are held: no waiting. */
	EVICT_TRY,
	/* No dma_resv lock is held. */
	EVICT_WAIT,
};

/* Drops a reference, but a last one not here, where dma_resv locks may be held. */
static void put_later(struct drm_gpuvm_lru_obj *lobj)
{
	struct gpuvm_lru_obj_private *priv = gpuvm_lru_obj_private(lobj);
	struct drm_gpuvm_lru *lru = lobj->lru;

	if (refcount_dec_not_one(&lobj->obj->refcount.refcount))
		return;

	if (llist_add(&priv->put, &lru->puts))
		queue_work(lru->args.cleanup_wq, &lru->put_work);
}

static void put_work(struct work_struct *work)
{
	struct drm_gpuvm_lru *lru = container_of(work, struct drm_gpuvm_lru,
						 put_work);
	struct llist_node *node = llist_del_all(&lru->puts);
	struct gpuvm_lru_obj_private *priv, *next;

	llist_for_each_entry_safe(priv, next, node, put)
		drm_gem_object_put(gpuvm_lru_obj_of(priv)->obj);
}

/*
 * When an object was used last; U64_MAX if it is one of @gpuvm, which must not
 * lose it. The mutex is more than is needed in deferred mode, but nobody minds.
 */
static u64 last_use_locked(struct drm_gem_object *obj, struct drm_gpuvm *gpuvm)
{
	struct drm_gpuvm_bo *vm_bo;
	u64 used = 0;

	dma_resv_assert_held(obj->resv);

	if (gpuvm && !drm_gpuvm_is_extobj(gpuvm, obj))
		return U64_MAX;

	guard(mutex)(drm_gem_gpuva_mutex(obj));

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		if (vm_bo->vm == gpuvm)
			return U64_MAX;
		used = max_t(u64, used,
			     atomic64_read(&gpuvm_private(vm_bo->vm)->used));
	}

	return used;
}

static bool may_evict_locked(struct drm_gpuvm_lru_obj *lobj, enum effort effort)
{
	const struct drm_gpuvm_lru_ops *ops = lobj->lru->args.ops;

	/* Somebody else may have been faster. */
	return gpuvm_lru_listed_locked(lobj) &&
	       (!ops->may_evict ||
		ops->may_evict(lobj, effort == EVICT_RECLAIM));
}

static int evict_locked(struct drm_gpuvm_lru_obj *lobj, struct drm_gpuvm *gpuvm,
			enum effort effort, u64 listed)
{
	struct gpuvm_lru_obj_private *priv = gpuvm_lru_obj_private(lobj);
	u64 used = last_use_locked(lobj->obj, gpuvm);
	struct drm_gpuvm_lru *lru = lobj->lru;
	int ret;

	if (used == U64_MAX || !may_evict_locked(lobj, effort))
		return -EBUSY;

	/* It goes to its place, which may be the first. */
	if (used > listed && effort != EVICT_WAIT) {
		spin_lock(&lru->lock);
		list_del(&priv->link);
		gpuvm_lru_insert_locked(lru, priv, used);
		spin_unlock(&lru->lock);
		return -EBUSY;
	}

	ret = drm_gpuvm_bind_evict(lobj->obj, effort == EVICT_WAIT ?
				   DRM_GPUVM_EVICT_WAIT : 0);
	if (!ret)
		ret = lru->args.ops->evict(lobj);
	if (ret)
		return ret;

	priv->contents = true;
	drm_gpuvm_lru_del(lobj);
	atomic64_inc(&lru->evicted);
	if (effort == EVICT_RECLAIM)
		atomic64_inc(&lru->shrunk);
	return 0;
}

/* Who waits looks at each object once, whatever others do with the list. */
static struct gpuvm_lru_obj_private *first_locked(struct drm_gpuvm_lru *lru,
						  enum effort effort)
{
	struct gpuvm_lru_obj_private *priv;

	lockdep_assert_held(&lru->lock);

	list_for_each_entry(priv, &lru->objs, link) {
		if (effort != EVICT_WAIT || priv->pass != lru->pass)
			return priv;
	}

	return NULL;
}

/*
 * The first in the list, with a reference, goes to its end: if it stays, then
 * because it is in use. Since when it was listed is told by @listed.
 * ERR_PTR(-EBUSY) is one that is being freed, NULL the end.
 */
static struct drm_gpuvm_lru_obj *next_obj(struct drm_gpuvm_lru *lru,
					  enum effort effort, u64 *listed)
{
	struct drm_gpuvm_lru_obj *lobj = NULL;
	struct gpuvm_lru_obj_private *priv;

	spin_lock(&lru->lock);
	priv = first_locked(lru, effort);
	if (priv) {
		if (effort == EVICT_WAIT)
			priv->pass = lru->pass;
		*listed = priv->used;
		list_del(&priv->link);
		gpuvm_lru_insert_locked(lru, priv, ktime_get_ns());
		lobj = gpuvm_lru_obj_of(priv);
		/* One that is being freed is waiting to leave the list. */
		if (!kref_get_unless_zero(&lobj->obj->refcount))
			lobj = ERR_PTR(-EBUSY);
	}
	spin_unlock(&lru->lock);

	return lobj;
}

/*
 * Not locked while it waits: a job may be waiting for something that the CPU is to
 * write to the very object. That it is used again meanwhile is the exception.
 */
static int wait_and_lock(struct drm_gpuvm_lru_obj *lobj, struct drm_gpuvm *gpuvm)
{
	struct dma_resv *resv = lobj->obj->resv;
	bool wanted;
	long ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;

	wanted = last_use_locked(lobj->obj, gpuvm) != U64_MAX &&
		 may_evict_locked(lobj, EVICT_WAIT);
	dma_resv_unlock(resv);
	if (!wanted)
		return -EBUSY;

	ret = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, true,
				    MAX_SCHEDULE_TIMEOUT);
	return ret < 0 ? ret : dma_resv_lock_interruptible(resv, NULL);
}

/*
 * Looks at one object. Returns 0 if it was evicted, and how large it is; -ENOENT
 * if there is none to look at.
 */
static int evict_next(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm,
		      enum effort effort, u64 *size)
{
	struct drm_gpuvm_lru_obj *lobj;
	struct dma_resv *resv;
	int ret = 0;
	u64 listed;

	lobj = next_obj(lru, effort, &listed);
	if (IS_ERR_OR_NULL(lobj))
		return lobj ? PTR_ERR(lobj) : -ENOENT;

	resv = lobj->obj->resv;
	if (effort == EVICT_WAIT)
		ret = wait_and_lock(lobj, gpuvm);
	else if (!dma_resv_trylock(resv))
		ret = -EBUSY;

	if (!ret) {
		*size = lobj->obj->size;
		ret = evict_locked(lobj, gpuvm, effort, listed);
		dma_resv_unlock(resv);
	}
	put_later(lobj);
	return ret;
}

/**
 * gpuvm_lru_try_evict() - evict one object without waiting
 * @lru: the list
 * @gpuvm: the VM that needs room, or NULL
 *
 * Each object has its turn, and a second one if it was used since it was listed.
 *
 * Context: process; sleeps; dma_resv locks may be held.
 * Return: 0, or why the last one could not be evicted.
 */
int gpuvm_lru_try_evict(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm)
{
	unsigned long tries = 2 * READ_ONCE(lru->count);
	int ret = -EBUSY;
	u64 size;

	while (tries-- && ret)
		ret = evict_next(lru, gpuvm, EVICT_TRY, &size);

	return ret;
}

/**
 * gpuvm_lru_wait_and_evict() - evict one object, and wait until it is idle
 * @lru: the list
 * @gpuvm: the VM that needs room
 *
 * Context: process; sleeps; &drm_gpuvm_lru.turn is held, and no dma_resv.
 * Return: 0; -ENOENT if none can be evicted; -EINTR or -ERESTARTSYS if
 * interrupted.
 */
int gpuvm_lru_wait_and_evict(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm)
{
	int ret;
	u64 size;

	lockdep_assert_held(&lru->turn);

	spin_lock(&lru->lock);
	lru->pass++;
	spin_unlock(&lru->lock);

	do {
		ret = evict_next(lru, gpuvm, EVICT_WAIT, &size);
	} while (ret && ret != -ENOENT && ret != -ERESTARTSYS && ret != -EINTR);

	return ret;
}

static unsigned long shrinker_count(struct shrinker *shrinker,
				    struct shrink_control *sc)
{
	struct drm_gpuvm_lru *lru = shrinker->private_data;

	if (!lru->args.ops->may_shrink(lru->args.priv))
		return 0;

	return READ_ONCE(lru->resident) >> PAGE_SHIFT ?: SHRINK_EMPTY;
}

static unsigned long shrinker_scan(struct shrinker *shrinker,
				   struct shrink_control *sc)
{
	struct drm_gpuvm_lru *lru = shrinker->private_data;
	unsigned long tries = 2 * READ_ONCE(lru->count), freed = 0;
	u64 size;

	while (tries-- && freed < sc->nr_to_scan) {
		if (!evict_next(lru, NULL, EVICT_RECLAIM, &size))
			freed += size >> PAGE_SHIFT;
	}

	return freed ?: SHRINK_STOP;
}

/**
 * gpuvm_lru_shrinker_init() - let memory reclaim evict, if the driver wants that
 * @lru: the list, complete
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuvm_lru_shrinker_init(struct drm_gpuvm_lru *lru)
{
	if (!lru->args.ops->may_shrink)
		return 0;

	lru->shrinker = shrinker_alloc(0, "%s", lru->args.name);
	if (!lru->shrinker)
		return -ENOMEM;

	lru->shrinker->count_objects = shrinker_count;
	lru->shrinker->scan_objects = shrinker_scan;
	lru->shrinker->private_data = lru;
	shrinker_register(lru->shrinker);
	return 0;
}

/**
 * gpuvm_lru_evict_init() - get ready to evict
 * @lru: the list
 */
void gpuvm_lru_evict_init(struct drm_gpuvm_lru *lru)
{
	init_llist_head(&lru->puts);
	INIT_WORK(&lru->put_work, put_work);
}

/**
 * gpuvm_lru_evict_fini() - evict no more, and keep no object
 * @lru: the list
 *
 * Context: process; sleeps.
 */
void gpuvm_lru_evict_fini(struct drm_gpuvm_lru *lru)
{
	if (lru->shrinker)
		shrinker_free(lru->shrinker);
	flush_work(&lru->put_work);
}
