// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Bind queues: one for each VM that takes binds, from its making to its end.
 *
 * The end has two phases. Closing unmaps everything, and from then on no job
 * changes the VM; but jobs that wait for a fence of somebody else are still in
 * the queue, and keep what the driver's job_init took. When the last is gone
 * the queue can be destroyed.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "gpuvm_bind_private.h"

/**
 * gpuvm_bind_assert_tree_held() - assert the lock of the VM's mappings
 * @queue: the queue
 */
void gpuvm_bind_assert_tree_held(struct drm_gpuvm_bind_queue *queue)
{
	if (drm_gpuvm_immediate_mode(queue->args.gpuvm))
		lockdep_assert_held(&queue->run_lock);
	else
		lockdep_assert_held(&queue->tree_lock);
}

/* Tells lockdep at once, not when memory gets short, what locks are taken in. */
static void prime_locks(struct drm_gpuvm_bind_queue *queue)
{
	bool cookie;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		return;

	cookie = dma_fence_begin_signalling();
	mutex_lock(&queue->run_lock);
	mutex_unlock(&queue->run_lock);
	dma_fence_end_signalling(cookie);

	/* As an MMU notifier does, but not one inside of the other. */
	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&queue->run_lock);
	down_write(&queue->userptr_lock);
	up_write(&queue->userptr_lock);
	mutex_unlock(&queue->run_lock);
	fs_reclaim_release(GFP_KERNEL);
}

static int init_sched(struct drm_gpuvm_bind_queue *queue)
{
	const struct drm_sched_init_args args = {
		.ops = &gpuvm_bind_sched_ops,
		.submit_wq = queue->args.submit_wq,
		.num_rqs = 1,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = queue->args.name,
		.dev = queue->args.gpuvm->drm->dev,
	};
	struct drm_gpu_scheduler *sched = &queue->sched;
	int ret;

	ret = drm_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&queue->entity, 0, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);

	return ret;
}

static bool args_valid(const struct drm_gpuvm_bind_queue_args *args)
{
	return args->gpuvm && args->ops && args->ops->pt_map &&
	       args->ops->pt_unmap && args->cleanup_wq &&
	       (!args->va_size || args->va_size >= sizeof(struct drm_gpuva)) &&
	       !(args->flags & ~DRM_GPUVM_BIND_NO_UNDO) && !args->__pad &&
	       !memchr_inv(args->__reserved, 0, sizeof(args->__reserved));
}

/**
 * drm_gpuvm_bind_queue_create() - let a VM take binds
 * @args: what the driver wants; copied
 *
 * One queue for each VM, which from then on is the only one to change what is
 * mapped.
 *
 * Context: process; sleeps.
 * Return: the queue; an ERR_PTR(): -EINVAL for bad arguments; -ENOMEM.
 */
struct drm_gpuvm_bind_queue *
drm_gpuvm_bind_queue_create(const struct drm_gpuvm_bind_queue_args *args)
{
	struct drm_gpuvm_bind_queue *queue;
	int ret = -ENOMEM;

	if (!args_valid(args))
		return ERR_PTR(-EINVAL);

	queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);

	queue->args = *args;
	mutex_init(&queue->tree_lock);
	mutex_init(&queue->run_lock);
	mutex_init(&queue->submit_lock);
	init_rwsem(&queue->userptr_lock);
	prime_locks(queue);
	INIT_LIST_HEAD(&queue->stale_userptrs);
	INIT_LIST_HEAD(&queue->limbo);

	queue->close_job = gpuvm_bind_job_alloc(queue, 0);
	if (!queue->close_job)
		goto err_free;

	ret = init_sched(queue);
	if (ret)
		goto err_job;

	ret = gpuvm_bind_evict_init(queue);
	if (ret)
		goto err_sched;

	return queue;

err_sched:
	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
err_job:
	kvfree(queue->close_job->steps);
	kfree(queue->close_job);
err_free:
	kfree(queue);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_create);

static void unmap_all_locked(struct drm_gpuvm_bind_queue *queue)
{
	struct drm_gpuvm_bind_job *job = queue->close_job;

	/*
	 * Mappings go as a whole, so the driver needs nothing for it and has no
	 * reason to fail; if it does, the device reaches memory that is freed.
	 */
	gpuvm_bind_tree_clear_locked(job);
	drm_WARN_ON(queue->args.gpuvm->drm,
		    gpuvm_bind_pt_clear_locked(job));
	gpuvm_bind_tree_commit_locked(job);
}

static void release_limbo(struct drm_gpuvm_bind_queue *queue,
			  struct list_head *limbo)
{
	struct drm_gpuvm_bind_job *job, *next;

	list_for_each_entry_safe(job, next, limbo, limbo)
		queue_work(queue->args.cleanup_wq, &job->cleanup);
}

/**
 * drm_gpuvm_bind_queue_close() - end the binds of a VM, and unmap everything
 * @queue: the queue; once closed this does nothing
 *
 * Jobs that have not begun end with -ECANCELED when their turn comes; to submit
 * one fails with -ENOENT.
 *
 * Context: process; sleeps; no dma_resv is held.
 */
void drm_gpuvm_bind_queue_close(struct drm_gpuvm_bind_queue *queue)
{
	LIST_HEAD(limbo);
	bool was_closed;

	mutex_lock(&queue->tree_lock);
	mutex_lock(&queue->run_lock);

	was_closed = queue->closed;
	if (!was_closed) {
		gpuvm_bind_job_init(queue->close_job);
		WRITE_ONCE(queue->closed, true);
		unmap_all_locked(queue);
		list_splice_init(&queue->limbo, &limbo);
	}

	mutex_unlock(&queue->run_lock);
	mutex_unlock(&queue->tree_lock);

	/* The jobs in limbo keep the queue; the last of them may end it. */
	if (!was_closed)
		gpuvm_bind_job_fini(queue->close_job);
	release_limbo(queue, &limbo);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_close);

/**
 * drm_gpuvm_bind_queue_destroy() - free a queue
 * @queue: the queue, closed, of which no job is left
 *
 * Context: process; sleeps; not from a worker of the queue's scheduler.
 */
void drm_gpuvm_bind_queue_destroy(struct drm_gpuvm_bind_queue *queue)
{
	drm_WARN_ON(queue->args.gpuvm->drm, !queue->closed);
	/* A validation that met the end may have dropped its vm_bo after it. */
	drm_gpuvm_bo_deferred_cleanup(queue->args.gpuvm);
	drm_WARN_ON(queue->args.gpuvm->drm,
		    !list_empty(&queue->stale_userptrs));

	gpuvm_bind_evict_fini(queue);
	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
	kfree(queue->close_job);
	kfree(queue);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_destroy);

/**
 * drm_gpuvm_bind_queue_state() - the state of a VM
 * @queue: its queue
 *
 * Context: any; the answer may be old unless drm_gpuvm_bind_queue_lock() is
 * held.
 * Return: the state.
 */
enum drm_gpuvm_bind_state
drm_gpuvm_bind_queue_state(struct drm_gpuvm_bind_queue *queue)
{
	if (READ_ONCE(queue->closed))
		return DRM_GPUVM_BIND_CLOSED;

	return READ_ONCE(queue->reason) ? DRM_GPUVM_BIND_DEAD :
					  DRM_GPUVM_BIND_LIVE;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_state);

/**
 * drm_gpuvm_bind_queue_error() - whether a VM takes binds and jobs
 * @queue: its queue
 *
 * Context: as drm_gpuvm_bind_queue_state().
 * Return: 0; -ENOENT if it was closed; -EIO if it died.
 */
int drm_gpuvm_bind_queue_error(struct drm_gpuvm_bind_queue *queue)
{
	switch (drm_gpuvm_bind_queue_state(queue)) {
	case DRM_GPUVM_BIND_LIVE:
		return 0;
	case DRM_GPUVM_BIND_DEAD:
		return -EIO;
	default:
		return -ENOENT;
	}
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_error);

/**
 * drm_gpuvm_bind_queue_reason() - why a VM died
 * @queue: its queue
 *
 * Context: any.
 * Return: the error of the bind that could not be undone, or what
 * drm_gpuvm_bind_queue_kill() was told; 0 if it did not die.
 */
int drm_gpuvm_bind_queue_reason(struct drm_gpuvm_bind_queue *queue)
{
	return READ_ONCE(queue->reason);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_reason);

/**
 * gpuvm_bind_kill_locked() - let a VM die
 * @queue: its queue
 * @reason: not 0; the first one stays
 *
 * Context: &drm_gpuvm_bind_queue.run_lock is held; fence signalling section.
 */
void gpuvm_bind_kill_locked(struct drm_gpuvm_bind_queue *queue, int reason)
{
	lockdep_assert_held(&queue->run_lock);

	if (!queue->reason)
		WRITE_ONCE(queue->reason, reason);
}

/**
 * drm_gpuvm_bind_queue_kill() - let a VM die
 * @queue: its queue
 * @reason: not 0; the first one stays
 *
 * For when the driver finds that nobody knows any more what is mapped.
 *
 * Context: process; fence signalling section; not from a callback of the queue.
 */
void drm_gpuvm_bind_queue_kill(struct drm_gpuvm_bind_queue *queue, int reason)
{
	guard(mutex)(&queue->run_lock);

	gpuvm_bind_kill_locked(queue, reason);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_kill);

/**
 * drm_gpuvm_bind_queue_lock() - keep the VM's mappings as they are
 * @queue: its queue
 *
 * Context: process. In immediate mode the lock may be taken in the fence
 * signalling section, and nothing is allocated while it is held; in deferred
 * mode it is outside all dma_resv locks.
 */
void drm_gpuvm_bind_queue_lock(struct drm_gpuvm_bind_queue *queue)
{
	if (drm_gpuvm_immediate_mode(queue->args.gpuvm))
		mutex_lock(&queue->run_lock);
	else
		mutex_lock(&queue->tree_lock);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_lock);

/**
 * drm_gpuvm_bind_queue_unlock() - undo drm_gpuvm_bind_queue_lock()
 * @queue: the queue
 */
void drm_gpuvm_bind_queue_unlock(struct drm_gpuvm_bind_queue *queue)
{
	if (drm_gpuvm_immediate_mode(queue->args.gpuvm))
		mutex_unlock(&queue->run_lock);
	else
		mutex_unlock(&queue->tree_lock);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_unlock);

/**
 * drm_gpuvm_bind_queue_mappings() - how many mappings a VM has
 * @queue: its queue
 *
 * Context: drm_gpuvm_bind_queue_lock() is held.
 * Return: their number, without the kernel's reserve.
 */
u64 drm_gpuvm_bind_queue_mappings(struct drm_gpuvm_bind_queue *queue)
{
	gpuvm_bind_assert_tree_held(queue);

	return queue->mappings;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_queue_mappings);
