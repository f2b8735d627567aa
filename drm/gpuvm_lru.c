// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A limit on the memory that objects have at once: who has some, and how much it
 * is. Who goes is the business of gpuvm_lru_evict.c.
 *
 * Room is looked for twice. First where dma_resv locks are held: by trying, with
 * nothing but dma_resv_trylock() and no waiting, so that nobody waits for
 * anybody. If that does not do, all locks are dropped, and one at a time waits
 * for the objects of others (drm_gpuvm_lru_submit()). While it does nobody else
 * gets the room that it makes.
 *
 * All objects that are mapped in a VM have to fit: none makes room for another of
 * the same VM. The CPU is never refused, it may get over the limit.
 */
#include <linux/dma-resv.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include <drm/drm_print.h>

#include "gpuvm_lru_private.h"

/* Tells lockdep at once, not when memory gets short, what is taken in what. */
static void prime_locks(struct drm_gpuvm_lru *lru)
{
	struct dma_resv resv;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		return;

	dma_resv_init(&resv);
	mutex_lock(&lru->turn);
	dma_resv_lock(&resv, NULL);
	fs_reclaim_acquire(GFP_KERNEL);
	spin_lock(&lru->lock);
	spin_unlock(&lru->lock);
	fs_reclaim_release(GFP_KERNEL);
	dma_resv_unlock(&resv);
	mutex_unlock(&lru->turn);
	dma_resv_fini(&resv);
}

static bool args_valid(const struct drm_gpuvm_lru_args *args)
{
	return args->ops && args->ops->populate && args->ops->evict &&
	       !memchr_inv(args->ops->__reserved, 0,
			   sizeof(args->ops->__reserved)) &&
	       args->name && args->cleanup_wq &&
	       !memchr_inv(args->__reserved, 0, sizeof(args->__reserved));
}

/**
 * drm_gpuvm_lru_create() - begin to count the memory of objects
 * @args: what the driver wants; copied
 *
 * One list for each kind of memory that a device has.
 *
 * Context: process; sleeps.
 * Return: the list; an ERR_PTR(): -EINVAL for bad arguments; -ENOMEM.
 */
struct drm_gpuvm_lru *
drm_gpuvm_lru_create(const struct drm_gpuvm_lru_args *args)
{
	struct drm_gpuvm_lru *lru;
	int ret;

	if (!args_valid(args))
		return ERR_PTR(-EINVAL);

	lru = kzalloc_obj(*lru);
	if (!lru)
		return ERR_PTR(-ENOMEM);

	lru->args = *args;
	spin_lock_init(&lru->lock);
	INIT_LIST_HEAD(&lru->objs);
	mutex_init(&lru->turn);
	prime_locks(lru);
	gpuvm_lru_evict_init(lru);

	ret = gpuvm_lru_shrinker_init(lru);
	if (ret) {
		kfree(lru);
		return ERR_PTR(ret);
	}

	return lru;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_create);

/**
 * drm_gpuvm_lru_destroy() - free a list
 * @lru: the list, of which no object has memory
 *
 * Context: process; sleeps; no lock that freeing an object takes is held.
 */
void drm_gpuvm_lru_destroy(struct drm_gpuvm_lru *lru)
{
	/* Drops references that may be all that keeps an object. */
	gpuvm_lru_evict_fini(lru);
	WARN(!list_empty(&lru->objs) || lru->resident,
	     "%s: %lu objects have %llu bytes\n", lru->args.name, lru->count,
	     lru->resident);
	kfree(lru);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_destroy);

/**
 * drm_gpuvm_lru_obj_init() - make an object ready for a list
 * @lobj: part of the object
 * @lru: the list
 * @obj: the object, which has no memory
 *
 * Context: any; the object is not known to others yet.
 */
void drm_gpuvm_lru_obj_init(struct drm_gpuvm_lru_obj *lobj,
			    struct drm_gpuvm_lru *lru,
			    struct drm_gem_object *obj)
{
	memset(lobj, 0, sizeof(*lobj));
	lobj->obj = obj;
	lobj->lru = lru;
	INIT_LIST_HEAD(&gpuvm_lru_obj_private(lobj)->link);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_obj_init);

/**
 * gpuvm_lru_insert_locked() - put an object where its last use says
 * @lru: the list
 * @priv: of the object, in no list
 * @used: when it was used last
 *
 * Mostly that is the end. Times only ever grow, so the first was not used since.
 *
 * Context: &drm_gpuvm_lru.lock is held.
 */
void gpuvm_lru_insert_locked(struct drm_gpuvm_lru *lru,
			     struct gpuvm_lru_obj_private *priv, u64 used)
{
	struct gpuvm_lru_obj_private *pos;

	lockdep_assert_held(&lru->lock);

	priv->used = used;
	list_for_each_entry_reverse(pos, &lru->objs, link)
		if (pos->used <= used)
			break;
	list_add(&priv->link, &pos->link);
}

static u64 limit_of(struct drm_gpuvm_lru *lru)
{
	return lru->args.ops->limit ? lru->args.ops->limit(lru->args.priv) : 0;
}

static int add_if_room(struct drm_gpuvm_lru_obj *lobj, struct drm_gpuvm *gpuvm,
		       u64 limit)
{
	struct drm_gpuvm_lru *lru = lobj->lru;
	size_t size = lobj->obj->size;
	int ret = 0;

	spin_lock(&lru->lock);
	if (gpuvm && lru->hungry && lru->hungry != gpuvm) {
		/* Else it takes what somebody else has made room for. */
		ret = -EBUSY;
	} else if (limit && lru->resident + size > limit) {
		ret = -ENOSPC;
	} else {
		gpuvm_lru_insert_locked(lru, gpuvm_lru_obj_private(lobj),
					ktime_get_ns());
		lru->resident += size;
		lru->count++;
	}
	spin_unlock(&lru->lock);

	return ret;
}

static int add_locked(struct drm_gpuvm_lru_obj *lobj, struct drm_gpuvm *gpuvm)
{
	struct drm_gpuvm_lru *lru = lobj->lru;
	u64 limit = limit_of(lru);

	dma_resv_assert_held(lobj->obj->resv);

	if (gpuvm && limit && lobj->obj->size > limit)
		return -ENOMEM;

	for (;;) {
		int ret = add_if_room(lobj, gpuvm, limit);

		if (ret != -ENOSPC)
			return ret;

		if (!gpuvm_lru_try_evict(lru, gpuvm))
			continue;
		if (gpuvm)
			return -EBUSY;
		limit = 0;
	}
}

/**
 * drm_gpuvm_lru_populate_locked() - make sure that an object has memory
 * @lobj: of the object
 * @gpuvm: the VM that needs it; NULL for the CPU, which is never refused
 *
 * Calls &drm_gpuvm_lru_ops.populate unless the object has memory, which it then
 * keeps as long as its dma_resv is held, a fence in there has not signalled, or
 * &drm_gpuvm_lru_ops.may_evict says no.
 *
 * Context: process; sleeps; the object's dma_resv is held, with others perhaps;
 * for a VM, that of the VM as well.
 * Return: 0; -ENOMEM if it is larger than the limit; -EBUSY if there is no room
 * without waiting, for drm_gpuvm_lru_submit(), both for a VM only; what
 * &drm_gpuvm_lru_ops.populate returns.
 */
int drm_gpuvm_lru_populate_locked(struct drm_gpuvm_lru_obj *lobj,
				  struct drm_gpuvm *gpuvm)
{
	struct gpuvm_lru_obj_private *priv = gpuvm_lru_obj_private(lobj);
	struct drm_gpuvm_lru *lru = lobj->lru;
	int ret;

	might_sleep();
	dma_resv_assert_held(lobj->obj->resv);

	if (gpuvm_lru_listed_locked(lobj))
		return 0;

	ret = add_locked(lobj, gpuvm);
	if (ret)
		return ret;

	ret = lru->args.ops->populate(lobj, priv->contents);
	if (ret)
		drm_gpuvm_lru_del(lobj);
	else if (priv->contents)
		atomic64_inc(&lru->restored);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_populate_locked);

/**
 * drm_gpuvm_lru_del() - an object has no memory any more
 * @lobj: of the object; one that has none already does no harm
 *
 * To be called when an object is freed, or loses its memory by other means than
 * an eviction, then with its dma_resv held.
 *
 * Context: any.
 */
void drm_gpuvm_lru_del(struct drm_gpuvm_lru_obj *lobj)
{
	struct gpuvm_lru_obj_private *priv = gpuvm_lru_obj_private(lobj);
	struct drm_gpuvm_lru *lru = lobj->lru;

	spin_lock(&lru->lock);
	if (!list_empty(&priv->link)) {
		list_del_init(&priv->link);
		lru->resident -= lobj->obj->size;
		lru->count--;
		lru->departed++;
	}
	spin_unlock(&lru->lock);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_del);

/**
 * drm_gpuvm_lru_vm_used() - a VM is used now, and with it all that it maps
 * @gpuvm: the VM
 *
 * To be called for each job of the device, when its fence is published.
 *
 * Context: any; may be in the fence signalling section.
 */
void drm_gpuvm_lru_vm_used(struct drm_gpuvm *gpuvm)
{
	atomic64_set(&gpuvm_private(gpuvm)->used, ktime_get_ns());
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_vm_used);

static u64 departures(struct drm_gpuvm_lru *lru)
{
	u64 departed;

	spin_lock(&lru->lock);
	departed = lru->departed;
	spin_unlock(&lru->lock);

	return departed;
}

static int submit_in_turn(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm,
			  int (*submit)(void *priv), void *priv)
{
	lockdep_assert_held(&lru->turn);

	for (;;) {
		u64 departed = departures(lru);
		int ret = submit(priv);

		if (ret != -EBUSY)
			return ret;

		ret = gpuvm_lru_wait_and_evict(lru, gpuvm);
		/* Others may have made the room that there was not. */
		if (ret == -ENOENT && departed == departures(lru))
			return -ENOMEM;
		if (ret == -ERESTARTSYS || ret == -EINTR)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
}

static void set_hungry(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm)
{
	lockdep_assert_held(&lru->turn);

	spin_lock(&lru->lock);
	lru->hungry = gpuvm;
	spin_unlock(&lru->lock);
}

/**
 * drm_gpuvm_lru_submit() - submit something whose objects need memory
 * @lru: the list
 * @gpuvm: the VM whose objects have to have memory
 * @submit: locks, validates, publishes; drops all locks if it fails; called again
 *	after -EBUSY
 * @priv: for @submit
 *
 * For what drm_gpuvm_lru_populate_locked() could not have without waiting. While
 * one makes room nobody else can take it. Those who have enough go on.
 *
 * Context: process; sleeps; no dma_resv is held.
 * Return: what @submit returns, but for -EBUSY; -ENOMEM if all that can be evicted
 * for it does not give enough room; -EINTR or -ERESTARTSYS if interrupted.
 */
int drm_gpuvm_lru_submit(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm,
			 int (*submit)(void *priv), void *priv)
{
	int ret;

	might_sleep();

	ret = submit(priv);
	if (ret != -EBUSY)
		return ret;

	ret = mutex_lock_interruptible(&lru->turn);
	if (ret)
		return ret;

	set_hungry(lru, gpuvm);
	ret = submit_in_turn(lru, gpuvm, submit, priv);
	set_hungry(lru, NULL);
	mutex_unlock(&lru->turn);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_submit);

/**
 * drm_gpuvm_lru_get_stats() - tell how much memory objects have, and what was evicted
 * @lru: the list
 * @stats: filled in
 *
 * Context: any.
 */
void drm_gpuvm_lru_get_stats(struct drm_gpuvm_lru *lru,
			     struct drm_gpuvm_lru_stats *stats)
{
	*stats = (struct drm_gpuvm_lru_stats) {
		.limit = limit_of(lru),
		.evicted = atomic64_read(&lru->evicted),
		.restored = atomic64_read(&lru->restored),
		.shrunk = atomic64_read(&lru->shrunk),
	};

	spin_lock(&lru->lock);
	stats->resident = lru->resident;
	stats->objects = lru->count;
	spin_unlock(&lru->lock);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_get_stats);

/**
 * drm_gpuvm_lru_print() - the same as text, a line for each
 * @lru: the list
 * @p: printer
 *
 * Context: process.
 */
void drm_gpuvm_lru_print(struct drm_gpuvm_lru *lru, struct drm_printer *p)
{
	struct drm_gpuvm_lru_stats stats;

	drm_gpuvm_lru_get_stats(lru, &stats);
	drm_printf(p, "limit %llu\n", stats.limit);
	drm_printf(p, "resident %llu\n", stats.resident);
	drm_printf(p, "bos %llu\n", stats.objects);
	drm_printf(p, "evicted %llu\n", stats.evicted);
	drm_printf(p, "restored %llu\n", stats.restored);
	drm_printf(p, "shrunk %llu\n", stats.shrunk);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_lru_print);
