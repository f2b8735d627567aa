// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A limit on the memory that BOs have at once, and what happens at it: the BO
 * that was not used for the longest time is evicted. It comes back when a job of
 * a VM that maps it is submitted, or when the CPU touches it.
 *
 * Shows that to evict is three things: take the BO out of all page tables, which
 * is the core's part; unmap it from the CPU; let its pages go where the kernel can
 * swap them out. And it shows how to find memory while dma_resv locks are held:
 * by trying first, with nothing but dma_resv_trylock() and no waiting, so that
 * nobody waits for anybody. If that does not do, all locks are dropped, and one
 * at a time waits for the BOs of others (evgem_lru_submit()).
 *
 * All BOs that are mapped in a VM have to fit: no BO makes room for another of the
 * same VM. The CPU is never refused, it may get over the limit.
 *
 * Memory reclaim evicts, too, by the same trylock. Not by drm_gem_lru_scan():
 * that drops a reference, which may turn out to be the last, and to free a BO
 * takes the very dma_resv that whoever allocates may be holding.
 *
 * For your own hardware: the limit is the size of its memory, or there is none
 * and only the shrinker stays.
 */
#include <linux/dma-resv.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_lru.h"
#include "evgem_vm.h"

static unsigned int max_resident_kb;
module_param(max_resident_kb, uint, 0644);
MODULE_PARM_DESC(max_resident_kb,
		 "KiB of memory that BOs may have at once (default 0: no limit)");

static unsigned int shrink = 1;
module_param(shrink, uint, 0644);
MODULE_PARM_DESC(shrink,
		 "Evict when memory is short: 0 never, 1 if there is swap (default), 2 always");

/* How hard to try. */
enum effort {
	/* Memory reclaim: whatever was allocated now might end up in here. */
	EVICT_RECLAIM,
	/* Other dma_resv locks are held: no waiting. */
	EVICT_TRY,
	/* No dma_resv lock is held. */
	EVICT_WAIT,
};

/**
 * evgem_lru_limit() - how much memory BOs may have at once
 *
 * Return: bytes, of pages; 0 for no limit.
 */
u64 evgem_lru_limit(void)
{
	return round_down((u64)READ_ONCE(max_resident_kb) * SZ_1K, PAGE_SIZE);
}

static struct evgem_lru *bo_lru(struct evgem_bo *bo)
{
	return &to_evgem_device(bo->shmem.base.dev)->lru;
}

/* Mostly at the end. Times only ever grow, so the first is not used since. */
static void insert_locked(struct evgem_lru *lru, struct evgem_bo *bo, u64 used)
{
	struct evgem_bo *pos;

	lockdep_assert_held(&lru->lock);

	bo->used = used;
	list_for_each_entry_reverse(pos, &lru->bos, lru)
		if (pos->used <= used)
			break;
	list_add(&bo->lru, &pos->lru);
}

/* Frees the BO if need be, but not here, where dma_resv locks may be held. */
static void put_later(struct evgem_lru *lru, struct evgem_bo *bo)
{
	if (refcount_dec_not_one(&bo->shmem.base.refcount.refcount))
		return;

	if (llist_add(&bo->put, &lru->puts))
		queue_work(evgem_release_wq, &lru->put_work);
}

static void put_work(struct work_struct *work)
{
	struct evgem_lru *lru = container_of(work, struct evgem_lru, put_work);
	struct llist_node *node = llist_del_all(&lru->puts);
	struct evgem_bo *bo, *next;

	llist_for_each_entry_safe(bo, next, node, put)
		drm_gem_object_put(&bo->shmem.base);
}

/* When a BO was used last; U64_MAX if it is one of @vm, which must not lose it. */
static u64 last_use(struct evgem_bo *bo, struct evgem_vm *vm)
{
	struct drm_gem_object *obj = &bo->shmem.base;
	struct drm_gpuvm_bo *vm_bo;
	u64 used = 0;

	if (vm && bo->private_to == drm_gpuvm_resv_obj(&vm->base))
		return U64_MAX;

	guard(mutex)(drm_gem_gpuva_mutex(obj));

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		if (vm && vm_bo->vm == &vm->base)
			return U64_MAX;
		used = max(used, READ_ONCE(to_evgem_vm(vm_bo->vm)->used));
	}

	return used;
}

static int evict_locked(struct evgem_bo *bo, struct evgem_vm *vm,
			enum effort effort, u64 listed)
{
	struct evgem_lru *lru = bo_lru(bo);
	u64 used = last_use(bo, vm);
	int ret;

	dma_resv_assert_held(bo->shmem.base.resv);

	if (!bo->pages || bo->pins || used == U64_MAX ||
	    (bo->huge && effort == EVICT_RECLAIM))
		return -EBUSY;

	/* It goes to its place, which may be the first. */
	if (used > listed && effort != EVICT_WAIT) {
		spin_lock(&lru->lock);
		list_del(&bo->lru);
		insert_locked(lru, bo, used);
		spin_unlock(&lru->lock);
		return -EBUSY;
	}

	ret = drm_gpuvm_bind_evict(&bo->shmem.base, effort == EVICT_WAIT ?
				   DRM_GPUVM_EVICT_WAIT : 0);
	if (!ret)
		ret = evgem_gem_unpopulate_locked(bo);
	if (ret)
		return ret;

	atomic64_inc(&lru->evicted);
	if (effort == EVICT_RECLAIM)
		atomic64_inc(&lru->shrunk);
	return 0;
}

/* Who waits looks at each BO once, whatever others do with the list meanwhile. */
static struct evgem_bo *first_locked(struct evgem_lru *lru, enum effort effort)
{
	struct evgem_bo *bo;

	lockdep_assert_held(&lru->lock);

	list_for_each_entry(bo, &lru->bos, lru) {
		if (effort != EVICT_WAIT || bo->pass != lru->pass)
			return bo;
	}

	return NULL;
}

/*
 * The first in the list goes to its end: if it stays, then because it is in use.
 * Since when it was listed is told by @listed. ERR_PTR(-EBUSY) is one that is
 * being freed, NULL the end.
 */
static struct evgem_bo *next_bo(struct evgem_lru *lru, enum effort effort,
				u64 *listed)
{
	struct evgem_bo *bo;

	spin_lock(&lru->lock);
	bo = first_locked(lru, effort);
	if (bo) {
		if (effort == EVICT_WAIT)
			bo->pass = lru->pass;
		*listed = bo->used;
		list_del(&bo->lru);
		insert_locked(lru, bo, ktime_get_ns());
		/* One that is being freed is waiting to leave the list. */
		if (!kref_get_unless_zero(&bo->shmem.base.refcount))
			bo = ERR_PTR(-EBUSY);
	}
	spin_unlock(&lru->lock);

	return bo;
}

/*
 * Not locked while it waits: a job may be waiting for something that the CPU is to
 * write to the very BO. That it is used again meanwhile is the exception.
 */
static int wait_and_lock(struct evgem_bo *bo, struct evgem_vm *vm)
{
	struct dma_resv *resv = bo->shmem.base.resv;
	long ret;

	if (READ_ONCE(bo->pins) || last_use(bo, vm) == U64_MAX)
		return -EBUSY;

	ret = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, true,
				    MAX_SCHEDULE_TIMEOUT);
	return ret < 0 ? ret : dma_resv_lock_interruptible(resv, NULL);
}

/*
 * Looks at one BO. Returns 0 if it was evicted, and how large it is; -ENOENT if
 * there is none to look at.
 */
static int evict_next(struct evgem_lru *lru, struct evgem_vm *vm,
		      enum effort effort, u64 *size)
{
	struct dma_resv *resv;
	struct evgem_bo *bo;
	int ret = 0;
	u64 listed;

	bo = next_bo(lru, effort, &listed);
	if (IS_ERR_OR_NULL(bo))
		return bo ? PTR_ERR(bo) : -ENOENT;

	resv = bo->shmem.base.resv;
	if (effort == EVICT_WAIT)
		ret = wait_and_lock(bo, vm);
	else if (!dma_resv_trylock(resv))
		ret = -EBUSY;

	if (!ret) {
		*size = bo->shmem.base.size;
		ret = evict_locked(bo, vm, effort, listed);
		dma_resv_unlock(resv);
	}
	put_later(lru, bo);
	return ret;
}

/* Each BO has its turn, and a second one if it was used since it was listed. */
static int try_evict_one(struct evgem_lru *lru, struct evgem_vm *vm)
{
	unsigned long tries = 2 * READ_ONCE(lru->count);
	int ret = -EBUSY;
	u64 size;

	while (tries-- && ret)
		ret = evict_next(lru, vm, EVICT_TRY, &size);

	return ret;
}

static int wait_and_evict_one(struct evgem_lru *lru, struct evgem_vm *vm)
{
	int ret;
	u64 size;

	lockdep_assert_held(&lru->turn);

	scoped_guard(spinlock, &lru->lock)
		lru->pass++;
	do {
		ret = evict_next(lru, vm, EVICT_WAIT, &size);
	} while (ret && ret != -ENOENT && ret != -ERESTARTSYS && ret != -EINTR);

	return ret;
}

static int add_if_room(struct evgem_lru *lru, struct evgem_bo *bo,
		       struct evgem_vm *vm, u64 limit)
{
	size_t size = bo->shmem.base.size;
	int ret = 0;

	spin_lock(&lru->lock);
	if (vm && lru->hungry && lru->hungry != vm) {
		/* Else it takes what somebody else has made room for. */
		ret = -EBUSY;
	} else if (limit && lru->resident + size > limit) {
		ret = -ENOSPC;
	} else {
		insert_locked(lru, bo, ktime_get_ns());
		lru->resident += size;
		lru->count++;
	}
	spin_unlock(&lru->lock);

	return ret;
}

/**
 * evgem_lru_add_locked() - count a BO that is to get memory
 * @bo: the BO, which has none
 * @vm: for which VM; NULL for the CPU
 *
 * Context: the BO's dma_resv is held, with others perhaps; sleeps.
 * Return: 0; -ENOMEM if it is larger than the limit; -EBUSY if there is no room
 * without waiting, for evgem_lru_submit(). Both for a VM only.
 */
int evgem_lru_add_locked(struct evgem_bo *bo, struct evgem_vm *vm)
{
	struct evgem_lru *lru = bo_lru(bo);
	u64 limit = evgem_lru_limit();
	size_t size = bo->shmem.base.size;

	dma_resv_assert_held(bo->shmem.base.resv);

	if (vm && limit && size > limit)
		return -ENOMEM;

	for (;;) {
		int ret = add_if_room(lru, bo, vm, limit);

		if (ret != -ENOSPC)
			return ret;

		if (!try_evict_one(lru, vm))
			continue;
		if (vm)
			return -EBUSY;
		limit = 0;
	}
}

/**
 * evgem_lru_del() - a BO has no memory any more
 * @bo: the BO; one that has none already does no harm
 *
 * Context: any.
 */
void evgem_lru_del(struct evgem_bo *bo)
{
	struct evgem_lru *lru = bo_lru(bo);

	spin_lock(&lru->lock);
	if (!list_empty(&bo->lru)) {
		list_del_init(&bo->lru);
		lru->resident -= bo->shmem.base.size;
		lru->count--;
		lru->departed++;
	}
	spin_unlock(&lru->lock);
}

static u64 departures(struct evgem_lru *lru)
{
	u64 departed;

	spin_lock(&lru->lock);
	departed = lru->departed;
	spin_unlock(&lru->lock);

	return departed;
}

static int submit_in_turn(struct evgem_lru *lru, struct evgem_vm *vm,
			  int (*submit)(void *priv), void *priv)
{
	for (;;) {
		u64 departed = departures(lru);
		int ret = submit(priv);

		if (ret != -EBUSY)
			return ret;

		ret = wait_and_evict_one(lru, vm);
		/* Others may have made the room that there was not. */
		if (ret == -ENOENT && departed == departures(lru))
			return -ENOMEM;
		if (ret == -ERESTARTSYS || ret == -EINTR)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
}

/**
 * evgem_lru_submit() - submit something that needs memory
 * @vm: the VM whose BOs have to have memory
 * @submit: locks, validates, publishes; drops all locks if it fails; called again
 *	after -EBUSY
 * @priv: for @submit
 *
 * While one makes room nobody else can take it. Those who have enough go on.
 *
 * Context: process; sleeps; no dma_resv is held.
 * Return: what @submit returns, but for -EBUSY; -ENOMEM if all that can be evicted
 * for it does not give enough room; -EINTR or -ERESTARTSYS if interrupted.
 */
int evgem_lru_submit(struct evgem_vm *vm, int (*submit)(void *priv), void *priv)
{
	struct evgem_lru *lru = &vm->evgem->lru;
	int ret = submit(priv);

	if (ret != -EBUSY)
		return ret;

	ret = mutex_lock_interruptible(&lru->turn);
	if (ret)
		return ret;

	scoped_guard(spinlock, &lru->lock)
		lru->hungry = vm;
	ret = submit_in_turn(lru, vm, submit, priv);
	scoped_guard(spinlock, &lru->lock)
		lru->hungry = NULL;
	mutex_unlock(&lru->turn);
	return ret;
}

static unsigned long shrinker_count(struct shrinker *shrinker,
				    struct shrink_control *sc)
{
	struct evgem_lru *lru = shrinker->private_data;
	unsigned int mode = READ_ONCE(shrink);

	/* Without swap the pages would have nowhere to go. */
	if (!mode || (mode == 1 && get_nr_swap_pages() <= 0))
		return 0;

	return READ_ONCE(lru->resident) >> PAGE_SHIFT ?: SHRINK_EMPTY;
}

static unsigned long shrinker_scan(struct shrinker *shrinker,
				   struct shrink_control *sc)
{
	struct evgem_lru *lru = shrinker->private_data;
	unsigned long tries = 2 * READ_ONCE(lru->count), freed = 0;
	u64 size;

	while (tries-- && freed < sc->nr_to_scan) {
		if (!evict_next(lru, NULL, EVICT_RECLAIM, &size))
			freed += size >> PAGE_SHIFT;
	}

	return freed ?: SHRINK_STOP;
}

static void lru_release(struct drm_device *drm, void *priv)
{
	struct evgem_lru *lru = priv;

	shrinker_free(lru->shrinker);
	flush_work(&lru->put_work);
	drm_WARN_ON(drm, !list_empty(&lru->bos) || lru->resident);
}

/**
 * evgem_lru_init() - begin to count
 * @evgem: the device, not registered
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_lru_init(struct evgem_device *evgem)
{
	struct evgem_lru *lru = &evgem->lru;
	int ret;

	spin_lock_init(&lru->lock);
	INIT_LIST_HEAD(&lru->bos);
	init_llist_head(&lru->puts);
	INIT_WORK(&lru->put_work, put_work);
	ret = drmm_mutex_init(&evgem->drm, &lru->turn);
	if (ret)
		return ret;

	lru->shrinker = shrinker_alloc(0, "example-vgem");
	if (!lru->shrinker)
		return -ENOMEM;

	lru->shrinker->count_objects = shrinker_count;
	lru->shrinker->scan_objects = shrinker_scan;
	lru->shrinker->private_data = lru;
	shrinker_register(lru->shrinker);
	return drmm_add_action_or_reset(&evgem->drm, lru_release, lru);
}

/**
 * evgem_lru_print() - tell how much memory BOs have, and what was evicted
 * @lru: of the device
 * @p: printer
 *
 * Context: process.
 */
void evgem_lru_print(struct evgem_lru *lru, struct drm_printer *p)
{
	spin_lock(&lru->lock);
	drm_printf(p, "limit %llu\n", evgem_lru_limit());
	drm_printf(p, "resident %llu\n", lru->resident);
	drm_printf(p, "bos %lu\n", lru->count);
	drm_printf(p, "evicted %lld\n", atomic64_read(&lru->evicted));
	drm_printf(p, "restored %lld\n", atomic64_read(&lru->restored));
	drm_printf(p, "shrunk %lld\n", atomic64_read(&lru->shrunk));
	spin_unlock(&lru->lock);
}
