// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Userptr mappings: memory of a process in a VM.
 *
 * A userptr is an object without memory of its own, private to a VM, which is
 * mapped, cut, unmapped and freed as any object is. What is different is where
 * its pages come from. They are taken from the process, one reference each, not
 * pinned: an MMU notifier tells when the process is about to lose one of them,
 * and then all go, in this order:
 *
 *	the userptr becomes stale: from now on no job is submitted to the VM
 *	all jobs of the VM are waited for
 *	page-table entries are cleared, the device forgets them
 *	the pages are put
 *
 * Before the next job, drm_gpuvm_userptr_repin() takes the pages that the
 * process has then. Two things decide whether these are still the right ones:
 * the notifier's sequence when page tables are written, and that no userptr is
 * stale when the job's fence is published. Where the process has no page that
 * may be used, nothing is mapped, so a job that goes there faults, and the
 * others are not concerned.
 *
 * A page-table entry for a page exists only while @held is true. It changes
 * under the run_lock of the queue, under which a bind writes entries as well:
 * one that runs between the loss of the pages and the next job leaves the range
 * empty, and the repin fills it.
 *
 * Notifiers run in reclaim, so nothing here that they call, or wait for, may
 * allocate or take a dma_resv.
 */
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm_gpuvm_compat.h>

#include "gpuvm_bind_private.h"
#include "gpuvm_trace.h"

/**
 * struct gpuvm_userptr - a range of a process
 *
 * What names no lock does not change after it was made.
 */
struct gpuvm_userptr {
	/** @base: what mappings refer to; has the VM's dma_resv */
	struct drm_gem_object base;
	/** @args: what it was made of */
	struct drm_gpuvm_userptr_args args;
	/** @notifier: holds a reference to the process's mm */
	struct mmu_interval_notifier notifier;
	/** @count: pages of the range */
	unsigned long count;
	/**
	 * @pages: NULL for what the process does not have
	 *
	 * Under the queue's run_lock while @held; else whoever has @repin_lock
	 * fills it.
	 */
	struct page **pages;
	/** @held: @pages are what the device may use; the queue's run_lock */
	bool held;
	/** @stale: in the queue's stale_userptrs, under its userptr_lock */
	struct list_head stale;
	/** @repin_lock: lets one thread at a time look for pages */
	struct mutex repin_lock;
	/** @zap: a job to clear page tables with, made beforehand */
	struct drm_gpuvm_bind_job *zap;
};

static const struct drm_gem_object_funcs userptr_funcs;

static struct gpuvm_userptr *to_userptr(struct drm_gem_object *obj)
{
	return container_of(obj, struct gpuvm_userptr, base);
}

/**
 * drm_gpuvm_is_userptr() - whether an object is a range of a process
 * @obj: the object, or NULL
 *
 * Context: any.
 * Return: true for what drm_gpuvm_userptr_create() has made.
 */
bool drm_gpuvm_is_userptr(const struct drm_gem_object *obj)
{
	return obj && obj->funcs == &userptr_funcs;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_is_userptr);

/**
 * drm_gpuvm_userptr_pages() - the pages of a userptr
 * @obj: the userptr
 *
 * Context: in &drm_gpuvm_bind_ops.pt_map alone, which is called for a userptr
 * only while there are pages.
 * Return: one for each page of the range; NULL where the process has none that
 * may be used: nothing is to be mapped there.
 */
struct page **drm_gpuvm_userptr_pages(struct drm_gem_object *obj)
{
	struct gpuvm_userptr *u = to_userptr(obj);

	lockdep_assert_held(&u->args.queue->run_lock);

	return u->pages;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_userptr_pages);

/**
 * gpuvm_userptr_shown() - whether a mapping has memory to show
 * @va: the mapping
 *
 * Context: the queue's run_lock is held.
 * Return: true, but for a userptr without pages.
 */
bool gpuvm_userptr_shown(const struct drm_gpuva *va)
{
	struct gpuvm_userptr *u;

	if (!drm_gpuvm_is_userptr(va->gem.obj))
		return true;

	u = to_userptr(va->gem.obj);
	lockdep_assert_held(&u->args.queue->run_lock);

	return u->held;
}

/**
 * gpuvm_userptr_op_valid() - whether an operation maps a userptr where it may
 * @queue: the queue of the job
 * @op: the operation
 *
 * Return: true as a whole where it was made for, and for other objects.
 */
bool gpuvm_userptr_op_valid(struct drm_gpuvm_bind_queue *queue,
			    const struct drm_gpuvm_bind_op *op)
{
	const struct drm_gpuvm_userptr_args *args;

	if (op->op != DRM_GPUVM_BIND_OP_MAP || !drm_gpuvm_is_userptr(op->obj))
		return true;

	args = &to_userptr(op->obj)->args;
	return args->queue == queue && args->addr == op->addr &&
	       args->range == op->range && !op->offset && !op->attrs.repeat;
}

/* Does for page tables what a job does, without being one that is queued. */
static void change_begin(struct drm_gpuvm_bind_job *change)
{
	memset(change->priv, 0, change->queue->args.job_priv_size);
	gpuvm_bind_job_init(change);
}

static void change_end(struct drm_gpuvm_bind_job *change)
{
	if (change->queue->args.ops->job_fini)
		change->queue->args.ops->job_fini(change);
}

static void change_free(struct drm_gpuvm_bind_job *change)
{
	kvfree(change->steps);
	kfree(change);
}

/* Calls the driver for each piece that is left of the mapping. */
static int change_mappings_locked(struct gpuvm_userptr *u,
				  struct drm_gpuvm_bind_job *change, bool map)
{
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(change);
	u64 end = u->args.addr + u->args.range;
	struct drm_gpuva *va;
	int ret = 0;

	lockdep_assert_held(&change->queue->run_lock);

	drm_gpuvm_for_each_va_range(va, gpuvm, u->args.addr, end) {
		if (va->gem.obj != &u->base)
			continue;

		ret = map ? gpuvm_bind_pt_map(change, va, va->va.addr, va->va.range) :
			    gpuvm_bind_pt_unmap(change, va->va.addr, va->va.range);
		if (ret)
			break;
	}
	gpuvm_bind_pt_flush(change);

	return ret;
}

static void drop_pages(struct gpuvm_userptr *u)
{
	for (unsigned long i = 0; i < u->count; i++) {
		if (u->pages[i])
			put_page(u->pages[i]);
		u->pages[i] = NULL;
	}
}

/*
 * Should the driver fail to clear an entry, the pages stay where they are, so
 * that the device at least changes nobody else's memory.
 */
static void zap_locked(struct gpuvm_userptr *u)
{
	struct drm_gpuvm_bind_queue *queue = u->args.queue;
	int ret;

	lockdep_assert_held(&queue->run_lock);

	ret = change_mappings_locked(u, u->zap, false);
	if (ret) {
		gpuvm_bind_kill_locked(queue, ret);
		return;
	}

	drop_pages(u);
	u->held = false;
	trace_gpuvm_userptr_invalidate(queue->args.gpuvm, &u->base,
				       u->args.addr, u->args.range);
}

static void make_stale(struct gpuvm_userptr *u, unsigned long seq)
{
	struct drm_gpuvm_bind_queue *queue = u->args.queue;

	guard(rwsem_write)(&queue->userptr_lock);

	mmu_interval_set_seq(&u->notifier, seq);
	/* One that is being freed has no mapping any more. */
	if (list_empty(&u->stale) && kref_read(&u->base.refcount))
		list_add_tail(&u->stale, &queue->stale_userptrs);
}

static bool is_held(struct gpuvm_userptr *u)
{
	guard(mutex)(&u->args.queue->run_lock);

	return u->held;
}

/*
 * Whoever waits here may be reclaiming memory for anybody. All fences of the VM
 * come without the memory, as fences do.
 *
 * A process that ends has nobody left who would look at what its jobs make. It
 * does not wait for them: they fault, as if their memory had been unmapped.
 */
static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	struct gpuvm_userptr *u = container_of(notifier, struct gpuvm_userptr,
					       notifier);
	struct drm_gpuvm_bind_queue *queue = u->args.queue;
	bool zapped = false;

	if (!mmu_notifier_range_blockable(range))
		return false;

	make_stale(u, seq);

	/* Nothing to wait for; whoever looks for pages will look again. */
	if (!is_held(u))
		return true;

	if (range->event != MMU_NOTIFY_RELEASE)
		dma_resv_wait_timeout(u->base.resv, DMA_RESV_USAGE_BOOKKEEP,
				      false, MAX_SCHEDULE_TIMEOUT);

	scoped_guard(mutex, &queue->run_lock) {
		/* Another invalidation of the same range may have been faster. */
		if (u->held) {
			change_begin(u->zap);
			zap_locked(u);
			zapped = true;
		}
	}

	/* Nobody else uses it: pages come back after this invalidation ended. */
	if (zapped)
		change_end(u->zap);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = invalidate,
};

static int take_pages_locked(struct gpuvm_userptr *u, bool all)
{
	struct mm_struct *mm = u->notifier.mm;
	unsigned int flags = u->args.flags & DRM_GPUVM_USERPTR_READONLY ?
				     0 : FOLL_WRITE;
	unsigned long i = 0;

	mmap_assert_locked(mm);

	while (i < u->count) {
		int locked = 1;
		long n = get_user_pages_remote(mm, u->args.start + i * PAGE_SIZE,
					       u->count - i, flags,
					       u->pages + i, &locked);

		if (!locked)
			mmap_read_lock(mm);

		if (n > 0)
			i += n;
		else if ((n == -EFAULT || n == -EHWPOISON) && !all)
			i++;
		else if (n)
			return n == -EHWPOISON ? -EFAULT : n;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	return 0;
}

/*
 * What the device may write is got for writing, which makes it dirty; and before
 * somebody cleans it, or writes it back, the notifier comes.
 */
static int take_pages(struct gpuvm_userptr *u, bool all)
{
	struct mm_struct *mm = u->notifier.mm;
	int ret;

	lockdep_assert_held(&u->repin_lock);

	/* The process is gone, and all its memory. */
	if (!mmget_not_zero(mm))
		return all ? -EFAULT : 0;

	ret = mmap_read_lock_killable(mm);
	if (!ret) {
		ret = take_pages_locked(u, all);
		mmap_read_unlock(mm);
	}
	mmput(mm);

	if (ret)
		drop_pages(u);
	return ret;
}

static int reserve(struct gpuvm_userptr *u, struct drm_gpuvm_bind_job *change)
{
	const struct drm_gpuvm_bind_ops *ops = change->queue->args.ops;
	const struct drm_gpuvm_bind_op op = {
		.op = DRM_GPUVM_BIND_OP_MAP,
		.obj = &u->base,
		.addr = u->args.addr,
		.range = u->args.range,
	};

	return ops->pt_reserve ? ops->pt_reserve(change, &op) : 0;
}

/* Back to what it was before show_pages(), but for the pages. */
static void hide_pages_locked(struct gpuvm_userptr *u,
			      struct drm_gpuvm_bind_job *change, int error)
{
	struct drm_gpuvm_bind_queue *queue = u->args.queue;

	lockdep_assert_held(&queue->run_lock);

	if (change_mappings_locked(u, change, false)) {
		gpuvm_bind_kill_locked(queue, error);
		return;
	}

	u->held = false;
	guard(rwsem_write)(&queue->userptr_lock);
	if (list_empty(&u->stale))
		list_add_tail(&u->stale, &queue->stale_userptrs);
}

/* What a process has of it, which may be less than all when it comes back. */
static void trace_repin_locked(struct gpuvm_userptr *u)
{
	struct drm_gpuvm_bind_queue *queue = u->args.queue;
	unsigned long pages = 0;

	lockdep_assert_held(&queue->run_lock);

	if (!trace_gpuvm_userptr_repin_enabled())
		return;

	for (unsigned long i = 0; i < u->count; i++)
		pages += !!u->pages[i];
	trace_gpuvm_userptr_repin(queue->args.gpuvm, &u->base, u->args.addr,
				  u->args.range, pages);
}

static int show_pages(struct gpuvm_userptr *u,
		      struct drm_gpuvm_bind_job *change, unsigned long seq)
{
	struct drm_gpuvm_bind_queue *queue = u->args.queue;
	int ret;

	guard(mutex)(&queue->run_lock);

	/* From here on an invalidation waits for the run_lock to see them held. */
	scoped_guard(rwsem_write, &queue->userptr_lock) {
		if (mmu_interval_read_retry(&u->notifier, seq))
			return -EAGAIN;
		list_del_init(&u->stale);
	}

	u->held = true;
	ret = change_mappings_locked(u, change, true);
	if (ret)
		hide_pages_locked(u, change, ret);
	else
		trace_repin_locked(u);

	return ret;
}

static int repin_once_locked(struct gpuvm_userptr *u,
			     struct drm_gpuvm_bind_job *change, bool first)
{
	unsigned long seq = mmu_interval_read_begin(&u->notifier);
	int ret;

	lockdep_assert_held(&u->repin_lock);

	/* Of a VM that died because its page tables could not be cleared. */
	if (is_held(u))
		return -EIO;

	ret = take_pages(u, first);
	if (ret)
		return ret;

	/* The first time nothing is mapped yet. */
	ret = first ? 0 : reserve(u, change);
	if (!ret)
		ret = show_pages(u, change, seq);
	if (ret && !is_held(u))
		drop_pages(u);

	return ret;
}

static int repin_locked(struct gpuvm_userptr *u, bool first)
{
	struct drm_gpuvm_bind_job *change;
	int ret;

	lockdep_assert_held(&u->repin_lock);

	change = gpuvm_bind_job_alloc(u->args.queue, 0);
	if (!change)
		return -ENOMEM;

	do {
		change_begin(change);
		ret = repin_once_locked(u, change, first);
		change_end(change);
		if (ret == -EAGAIN && fatal_signal_pending(current))
			ret = -EINTR;
	} while (ret == -EAGAIN);

	change_free(change);
	return ret;
}

static bool is_stale(struct gpuvm_userptr *u)
{
	guard(rwsem_read)(&u->args.queue->userptr_lock);

	return !list_empty(&u->stale);
}

static struct gpuvm_userptr *first_stale(struct drm_gpuvm_bind_queue *queue)
{
	struct gpuvm_userptr *u, *next;

	guard(rwsem_write)(&queue->userptr_lock);

	list_for_each_entry_safe(u, next, &queue->stale_userptrs, stale) {
		if (kref_get_unless_zero(&u->base.refcount))
			return u;
		/* Being freed: nobody needs its pages. */
		list_del_init(&u->stale);
	}

	return NULL;
}

/**
 * drm_gpuvm_userptr_repin() - give a VM the pages that were taken from it
 * @queue: the VM's queue
 *
 * To be called before each job, before drm_gpuvm_exec_lock(). For all userptrs
 * of the VM that lost their pages, those are mapped that their processes have
 * now. What a process has not, or may not write where the device may, is left
 * unmapped, and is no error.
 *
 * Context: process; sleeps, allocates, takes the mmap_lock of the processes; no
 * dma_resv is held.
 * Return: 0, but drm_gpuvm_userptr_begin() has the last word; -ERESTARTSYS or
 * -EINTR if interrupted; -ENOMEM; -EIO if the VM died; what the driver's pt_map
 * and pt_reserve return.
 */
int drm_gpuvm_userptr_repin(struct drm_gpuvm_bind_queue *queue)
{
	struct gpuvm_userptr *u;
	int ret = 0;

	might_sleep();

	/* Most VMs have none; who sees this too early is told at the end. */
	if (list_empty_careful(&queue->stale_userptrs))
		return 0;

	while (!ret && (u = first_stale(queue))) {
		/* Not for long, unless the process lets a page fault wait. */
		ret = mutex_lock_interruptible(&u->repin_lock);
		if (!ret) {
			ret = is_stale(u) ? repin_locked(u, false) : 0;
			mutex_unlock(&u->repin_lock);
		}
		drm_gem_object_put(&u->base);

		/* What is done stays done, so that a second call gets further. */
		if (!ret && signal_pending(current))
			ret = -ERESTARTSYS;
	}

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_userptr_repin);

/**
 * drm_gpuvm_userptr_begin() - begin to publish the fence of a job
 * @queue: the VM's queue
 *
 * If this returns 0 no page is taken from the VM before
 * drm_gpuvm_userptr_end(), and behind it not before the job whose fence was
 * added to the VM's dma_resv in between.
 *
 * Context: process; the VM's dma_resv is held. Until the end nothing may be
 * allocated or waited for.
 * Return: 0; -EAGAIN if pages were taken since drm_gpuvm_userptr_repin(), and
 * then everything is to be unlocked and begun anew.
 */
int drm_gpuvm_userptr_begin(struct drm_gpuvm_bind_queue *queue)
{
	drm_gpuvm_resv_assert_held(queue->args.gpuvm);

	down_read(&queue->userptr_lock);
	if (list_empty(&queue->stale_userptrs))
		return 0;

	up_read(&queue->userptr_lock);
	return -EAGAIN;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_userptr_begin);

/**
 * drm_gpuvm_userptr_end() - the fence of the job is published
 * @queue: the VM's queue, for which drm_gpuvm_userptr_begin() returned 0
 *
 * Context: as drm_gpuvm_userptr_begin().
 */
void drm_gpuvm_userptr_end(struct drm_gpuvm_bind_queue *queue)
{
	up_read(&queue->userptr_lock);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_userptr_end);

/* No mapping is left, the last of them with its page tables flushed. */
static void userptr_free(struct drm_gem_object *obj)
{
	struct gpuvm_userptr *u = to_userptr(obj);

	/* Waits for invalidations under way, which use all the rest. */
	mmu_interval_notifier_remove(&u->notifier);
	scoped_guard(rwsem_write, &u->args.queue->userptr_lock)
		list_del_init(&u->stale);

	drop_pages(u);
	if (u->args.release)
		u->args.release(obj, u->args.priv);

	drm_gem_object_release(obj);
	drm_gem_object_put(u->args.queue->args.gpuvm->r_obj);
	change_free(u->zap);
	kvfree(u->pages);
	kfree(u);
}

static const struct drm_gem_object_funcs userptr_funcs = {
	.free = userptr_free,
};

static int args_error(const struct drm_gpuvm_userptr_args *args)
{
	struct drm_gpuvm *gpuvm = args->queue->args.gpuvm;
	u64 end;

	if (!PAGE_ALIGNED(args->start | args->size) || !args->size ||
	    check_add_overflow(args->start, args->size, &end) ||
	    !drm_gpuvm_range_valid(gpuvm, args->addr, args->range) ||
	    args->flags & ~DRM_GPUVM_USERPTR_READONLY || args->__pad ||
	    memchr_inv(args->__reserved, 0, sizeof(args->__reserved)))
		return -EINVAL;

	if (!drm_gpuvm_immediate_mode(gpuvm))
		return -EOPNOTSUPP;

	if (!current->mm || end > ULONG_MAX ||
	    !access_ok(u64_to_user_ptr(args->start), args->size))
		return -EFAULT;

	/* A page may be there more than once, but not that often. */
	return args->size >> PAGE_SHIFT > totalram_pages() ? -ENOMEM : 0;
}

static struct gpuvm_userptr *
userptr_alloc(const struct drm_gpuvm_userptr_args *args)
{
	struct gpuvm_userptr *u = kzalloc_obj(*u, GFP_KERNEL_ACCOUNT);

	if (!u)
		return NULL;

	u->args = *args;
	u->count = args->size >> PAGE_SHIFT;
	INIT_LIST_HEAD(&u->stale);
	mutex_init(&u->repin_lock);

	u->zap = gpuvm_bind_job_alloc(args->queue, 0);
	if (!u->zap)
		goto err_free;

	u->pages = kvcalloc(u->count, sizeof(*u->pages), GFP_KERNEL_ACCOUNT);
	if (!u->pages)
		goto err_zap;

	return u;

err_zap:
	change_free(u->zap);
err_free:
	kfree(u);
	return NULL;
}

static void init_object(struct gpuvm_userptr *u)
{
	struct drm_gpuvm *gpuvm = u->args.queue->args.gpuvm;

	drm_gem_object_get(gpuvm->r_obj);
	u->base.resv = drm_gpuvm_resv(gpuvm);
	u->base.funcs = &userptr_funcs;
	drm_gem_private_object_init(gpuvm->drm, &u->base, u->args.size);
}

/**
 * drm_gpuvm_userptr_create() - make an object of a range of the current process
 * @args: of what, and for where; copied
 *
 * The pages are there when this returns, all of them; a bind may then map the
 * object, as a DRM_GPUVM_BIND_OP_MAP with just that address and range and offset
 * 0. It is not mapped elsewhere, nor given a handle.
 *
 * Context: process; sleeps, allocates, takes the mmap_lock; no dma_resv is held.
 * The queue outlives the object.
 * Return: the object, with a reference for the caller; an ERR_PTR(): -EINVAL for
 * bad arguments, -EOPNOTSUPP in deferred mode, -EFAULT if the process may not
 * access all of it, or not write what the device may, -ENOMEM, -EINTR. Then
 * &drm_gpuvm_userptr_args.release is not called.
 */
struct drm_gem_object *
drm_gpuvm_userptr_create(const struct drm_gpuvm_userptr_args *args)
{
	struct gpuvm_userptr *u;
	int ret;

	might_sleep();

	ret = args_error(args);
	if (ret)
		return ERR_PTR(ret);

	u = userptr_alloc(args);
	if (!u)
		return ERR_PTR(-ENOMEM);

	init_object(u);

	/* Nobody looks for pages before it is known that all are there. */
	mutex_lock(&u->repin_lock);
	ret = mmu_interval_notifier_insert(&u->notifier, current->mm,
					   args->start, args->size,
					   &notifier_ops);
	if (ret)
		goto err_notifier;

	ret = repin_locked(u, true);
	mutex_unlock(&u->repin_lock);
	if (!ret)
		return &u->base;

	u->args.release = NULL;
	drm_gem_object_put(&u->base);
	return ERR_PTR(ret);

err_notifier:
	mutex_unlock(&u->repin_lock);
	drm_gem_object_release(&u->base);
	drm_gem_object_put(args->queue->args.gpuvm->r_obj);
	change_free(u->zap);
	kvfree(u->pages);
	kfree(u);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_userptr_create);
