// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Eviction: the memory of an object is taken away, and comes back.
 *
 * To evict goes from the object to its VMs: in each of them the object leaves the
 * page tables, its mappings stay, and the vm_bo is said to be evicted. To validate
 * goes from one VM to its objects: before the VM is used again the driver finds
 * memory for what is evicted in it, and the page tables of that are written anew.
 * Each VM does so by itself, when it needs to.
 *
 * Both change page tables outside of the queue's order. They may, because the
 * object's dma_resv is held and nothing that is queued concerns it: an object is
 * evicted when all its fences have signalled, and stays so until its dma_resv was
 * locked again by whoever is to be the next to use it. What is queued without
 * having locked it, in immediate mode, takes mappings away and adds none, so an
 * entry that is already empty is all that it can meet.
 *
 * Evicting happens in memory reclaim, too. So it allocates nothing, waits for
 * fences only when it is asked to, and what it holds on to is a queue and not a
 * vm_bo, whose last reference it could not drop there.
 */
#include <linux/dma-resv.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "gpuvm_bind_private.h"

/**
 * struct rewrite - mappings whose page tables are to be written
 *
 * Memory for that is set aside without the lock that keeps the mappings as they
 * are. If they have changed meanwhile it is done again.
 */
struct rewrite {
	/** @job: has what the driver set aside */
	struct drm_gpuvm_bind_job *job;
	/** @vm_bo: whose mappings */
	struct drm_gpuvm_bo *vm_bo;
	/** @ops: operations that would map them */
	struct drm_gpuvm_bind_op *ops;
	/** @room: elements of @ops */
	size_t room;
	/** @count: those in use */
	size_t count;
	/** @reserved: memory is set aside for the mappings of @generation */
	bool reserved;
	/** @generation: &drm_gpuvm_bind_queue.generation that @ops are of */
	u64 generation;
};

/* Tells lockdep at once, not when memory gets short, what it is taken in. */
static void prime_evict_lock(struct drm_gpuvm_bind_queue *queue)
{
	if (!IS_ENABLED(CONFIG_LOCKDEP))
		return;

	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&queue->evict_lock);
	mutex_lock(&queue->run_lock);
	mutex_unlock(&queue->run_lock);
	mutex_unlock(&queue->evict_lock);
	fs_reclaim_release(GFP_KERNEL);
}

static void free_job(struct drm_gpuvm_bind_job *job)
{
	kvfree(job->steps);
	kfree(job);
}

/**
 * gpuvm_bind_evict_init() - get ready to evict from a VM
 * @queue: its queue, with @run_lock initialised
 *
 * Return: 0; -ENOMEM.
 */
int gpuvm_bind_evict_init(struct drm_gpuvm_bind_queue *queue)
{
	queue->evict_job = gpuvm_bind_job_alloc(queue, 0);
	if (!queue->evict_job)
		return -ENOMEM;

	mutex_init(&queue->evict_lock);
	atomic_set(&queue->evictors, 0);
	prime_evict_lock(queue);
	WRITE_ONCE(gpuvm_private(queue->args.gpuvm)->binds, queue);
	return 0;
}

/**
 * gpuvm_bind_evict_fini() - evict from a VM no more
 * @queue: its queue, closed, without jobs: no object knows the VM
 *
 * Context: process; sleeps; no dma_resv is held.
 */
void gpuvm_bind_evict_fini(struct drm_gpuvm_bind_queue *queue)
{
	/* They found it before, and have nothing more to do with it. */
	wait_var_event(&queue->evictors, !atomic_read_acquire(&queue->evictors));
	WRITE_ONCE(gpuvm_private(queue->args.gpuvm)->binds, NULL);
	free_job(queue->evict_job);
}

static void queue_put(struct drm_gpuvm_bind_queue *queue)
{
	/* It may be gone as soon as this is 0: only its address is looked at. */
	if (!atomic_dec_return_release(&queue->evictors))
		wake_up_var(&queue->evictors);
}

/* The state of a VM with respect to an object, for which it is looked for. */
typedef bool (*vm_bo_match_fn)(struct drm_gpuvm_bo *vm_bo);

static bool not_evicted(struct drm_gpuvm_bo *vm_bo)
{
	return !vm_bo->evicted;
}

/*
 * A job locks the objects that its VM has when it is submitted. One that came
 * later is used by the job all the same, without a fence that says so.
 */
static bool vm_busy(struct drm_gpuvm_bo *vm_bo)
{
	return !dma_resv_test_signaled(drm_gpuvm_resv(vm_bo->vm),
				       DMA_RESV_USAGE_BOOKKEEP);
}

/*
 * Finds a VM of an object, and keeps its queue. Who has a vm_bo that is in the
 * object's list, a mapping or a job, keeps the queue as long as it is in there.
 * The mutex is more than is needed in deferred mode, but nobody minds.
 */
static int find_queue(struct drm_gem_object *obj, vm_bo_match_fn match,
		      struct drm_gpuvm_bind_queue **found)
{
	struct drm_gpuvm_bo *vm_bo;

	guard(mutex)(drm_gem_gpuva_mutex(obj));

	*found = NULL;
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		struct drm_gpuvm_bind_queue *queue =
			READ_ONCE(gpuvm_private(vm_bo->vm)->binds);

		if (!match(vm_bo))
			continue;
		if (!queue)
			return -EOPNOTSUPP;

		atomic_inc(&queue->evictors);
		*found = queue;
		break;
	}

	return 0;
}

static struct drm_gpuvm_bo *find_vm_bo_locked(struct drm_gpuvm *gpuvm,
					      struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	lockdep_assert_held(drm_gem_gpuva_mutex(obj));

	drm_gem_for_each_gpuvm_bo(vm_bo, obj)
		if (vm_bo->vm == gpuvm)
			return vm_bo;

	return NULL;
}

static struct drm_gpuva *skip_old(struct drm_gpuvm_bo *vm_bo,
				  struct drm_gpuva *va)
{
	while (va && !gpuva_index_holds(va))
		va = drm_gpuvm_bo_next_va(vm_bo, va);

	return va;
}

/*
 * The mappings of a vm_bo that the VM has. Others may be linked that wait to be
 * unlinked, whose addresses may be somebody else's.
 */
static struct drm_gpuva *first_va(struct drm_gpuvm_bo *vm_bo)
{
	return skip_old(vm_bo, drm_gpuvm_bo_first_va(vm_bo));
}

static struct drm_gpuva *next_va(struct drm_gpuvm_bo *vm_bo,
				 struct drm_gpuva *va)
{
	return skip_old(vm_bo, drm_gpuvm_bo_next_va(vm_bo, va));
}

static int clear_locked(struct drm_gpuvm_bind_job *job,
			struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;
	int ret = 0;

	lockdep_assert_held(&job->queue->run_lock);

	for (va = first_va(vm_bo); va; va = next_va(vm_bo, va)) {
		ret = gpuvm_bind_pt_unmap(job, va->va.addr, va->va.range);
		if (ret)
			break;
	}
	gpuvm_bind_pt_flush(job);

	return ret;
}

static int evict_locked(struct drm_gpuvm_bind_job *job,
			struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuvm_bind_queue *queue = job->queue;
	struct drm_gpuva *va;
	int ret;

	lockdep_assert_held(&queue->run_lock);

	/* Page tables may lead to what is not mapped, nobody knows where. */
	if (queue->reason || queue->stale)
		return -EIO;

	ret = clear_locked(job, vm_bo);
	if (ret) {
		gpuvm_bind_kill_locked(queue, ret);
		return ret;
	}

	for (va = first_va(vm_bo); va; va = next_va(vm_bo, va))
		drm_gpuva_invalidate(va, true);
	drm_gpuvm_bo_evict(vm_bo, true);
	return 0;
}

static int evict_from_locked(struct drm_gpuvm_bind_queue *queue,
			     struct drm_gem_object *obj, bool *begun)
{
	struct drm_gpuvm_bind_job *job = queue->evict_job;
	struct drm_gpuvm_bo *vm_bo;

	lockdep_assert_held(&queue->evict_lock);

	guard(mutex)(&queue->run_lock);
	guard(mutex)(drm_gem_gpuva_mutex(obj));

	vm_bo = find_vm_bo_locked(queue->args.gpuvm, obj);
	if (!vm_bo)
		return 0;

	/* Nothing is mapped then, and nobody may refer to the VM again. */
	if (queue->closed) {
		drm_gpuvm_bo_evict(vm_bo, true);
		return 0;
	}

	memset(job->priv, 0, queue->args.job_priv_size);
	gpuvm_bind_job_init(job);
	*begun = true;
	return evict_locked(job, vm_bo);
}

static int evict_from(struct drm_gpuvm_bind_queue *queue,
		      struct drm_gem_object *obj)
{
	bool begun = false;
	int ret;

	guard(mutex)(&queue->evict_lock);

	ret = evict_from_locked(queue, obj, &begun);
	if (begun && queue->args.ops->job_fini)
		queue->args.ops->job_fini(queue->evict_job);

	return ret;
}

static int wait_for_vms(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bind_queue *queue;
	long ret;

	for (;;) {
		ret = find_queue(obj, vm_busy, &queue);
		if (ret || !queue)
			return ret;

		ret = dma_resv_wait_timeout(drm_gpuvm_resv(queue->args.gpuvm),
					    DMA_RESV_USAGE_BOOKKEEP, true,
					    MAX_SCHEDULE_TIMEOUT);
		queue_put(queue);
		if (ret < 0)
			return ret;
	}
}

static int wait_for_users(struct drm_gem_object *obj)
{
	long ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP,
					 true, MAX_SCHEDULE_TIMEOUT);

	return ret < 0 ? ret : wait_for_vms(obj);
}

static bool has_users(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	if (!dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP))
		return true;

	guard(mutex)(drm_gem_gpuva_mutex(obj));

	drm_gem_for_each_gpuvm_bo(vm_bo, obj)
		if (vm_busy(vm_bo))
			return true;

	return false;
}

/**
 * drm_gpuvm_bind_evict() - take an object out of the page tables of all VMs
 * @obj: the object
 * @flags: DRM_GPUVM_EVICT_WAIT
 *
 * When this returns 0 no device reaches the object's memory, and none will until
 * it is validated: the driver may take the memory away, as long as it holds the
 * object's dma_resv. The mappings stay, marked by drm_gpuva_invalidate().
 *
 * In use is an object that has a fence, or that one of its VMs has, which did not
 * signal. Page tables are changed by the driver's own &drm_gpuvm_bind_ops.pt_unmap
 * and .pt_flush, in a job without operations, between its job_init and job_fini.
 *
 * Context: process, or memory reclaim without DRM_GPUVM_EVICT_WAIT; allocates
 * nothing. The object's dma_resv is held, by dma_resv_trylock() in reclaim.
 * Return: 0; -EBUSY if the object is in use; -ERESTARTSYS if interrupted while
 * waiting; -EOPNOTSUPP if a VM that maps it has no bind queue; -EINVAL for an
 * unknown flag; -EIO if a VM that maps it died; what pt_unmap returns, and then
 * that VM dies. After an error the memory must stay; VMs that believe it gone find
 * it when they validate.
 */
int drm_gpuvm_bind_evict(struct drm_gem_object *obj, u32 flags)
{
	struct drm_gpuvm_bind_queue *queue;
	int ret;

	dma_resv_assert_held(obj->resv);

	if (flags & ~DRM_GPUVM_EVICT_WAIT)
		return -EINVAL;

	if (flags & DRM_GPUVM_EVICT_WAIT)
		ret = wait_for_users(obj);
	else
		ret = has_users(obj) ? -EBUSY : 0;

	/* Nobody validates it meanwhile: that takes the object's dma_resv. */
	while (!ret) {
		ret = find_queue(obj, not_evicted, &queue);
		if (ret || !queue)
			break;
		ret = evict_from(queue, obj);
		queue_put(queue);
	}

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_evict);

/* The operation that would map what a mapping maps. */
static struct drm_gpuvm_bind_op op_of(const struct drm_gpuva *va)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_MAP,
		.flags = va->flags & ~(u32)(DRM_GPUVA_USERBITS - 1),
		.addr = va->va.addr,
		.range = va->va.range,
		.offset = va->gem.offset,
		.obj = va->gem.obj,
		.attrs = va->attrs,
	};
}

/* Returns how many mappings there are, of which @ops has as many as fit. */
static size_t snapshot_locked(struct rewrite *rewrite)
{
	struct drm_gpuvm_bind_queue *queue = rewrite->job->queue;
	struct drm_gpuvm_bo *vm_bo = rewrite->vm_bo;
	struct drm_gpuva *va;
	size_t n = 0;

	lockdep_assert_held(&queue->run_lock);

	guard(mutex)(drm_gem_gpuva_mutex(vm_bo->obj));

	for (va = first_va(vm_bo); va; va = next_va(vm_bo, va)) {
		if (n < rewrite->room)
			rewrite->ops[n] = op_of(va);
		n++;
	}
	rewrite->generation = queue->generation;

	return n;
}

static int take_back_locked(struct drm_gpuvm_bind_job *job,
			    struct drm_gpuvm_bo *vm_bo,
			    const struct drm_gpuva *last)
{
	struct drm_gpuva *va;
	int ret = 0;

	for (va = first_va(vm_bo); va; va = next_va(vm_bo, va)) {
		ret = gpuvm_bind_pt_unmap(job, va->va.addr, va->va.range) ?: ret;
		drm_gpuva_invalidate(va, true);
		if (va == last)
			break;
	}

	return ret;
}

static int write_locked(struct rewrite *rewrite)
{
	struct drm_gpuvm_bind_queue *queue = rewrite->job->queue;
	struct drm_gpuvm_bo *vm_bo = rewrite->vm_bo;
	struct drm_gpuva *va;
	int ret;

	lockdep_assert_held(&queue->run_lock);

	guard(mutex)(drm_gem_gpuva_mutex(vm_bo->obj));

	for (va = first_va(vm_bo); va; va = next_va(vm_bo, va)) {
		drm_gpuva_invalidate(va, false);
		ret = gpuvm_bind_pt_map(rewrite->job, va, va->va.addr,
					va->va.range);
		if (ret)
			goto err_unmap;
	}
	gpuvm_bind_pt_flush(rewrite->job);

	drm_gpuvm_bo_evict(vm_bo, false);
	return 0;

err_unmap:
	if (take_back_locked(rewrite->job, vm_bo, va))
		gpuvm_bind_kill_locked(queue, ret);
	gpuvm_bind_pt_flush(rewrite->job);
	return ret;
}

/*
 * Returns 0 when all is written, -EAGAIN if there is something to set aside
 * first. Jobs that are queued may cut mappings or take them away meanwhile; but
 * no job joins them, since that takes the VM's dma_resv, so this comes to an end.
 */
static int try_write(struct rewrite *rewrite)
{
	struct drm_gpuvm_bind_queue *queue = rewrite->job->queue;

	int ret;

	guard(mutex)(&queue->run_lock);

	ret = drm_gpuvm_bind_queue_error(queue);
	if (ret)
		return ret;

	if (rewrite->reserved && rewrite->generation == queue->generation)
		return write_locked(rewrite);

	rewrite->reserved = false;
	rewrite->count = snapshot_locked(rewrite);
	return -EAGAIN;
}

static int reserve(struct rewrite *rewrite)
{
	const struct drm_gpuvm_bind_ops *ops = rewrite->job->queue->args.ops;
	int ret;

	if (rewrite->count > rewrite->room) {
		kvfree(rewrite->ops);
		rewrite->room = 0;
		rewrite->ops = kvmalloc_array(rewrite->count,
					      sizeof(*rewrite->ops),
					      GFP_KERNEL_ACCOUNT);
		if (!rewrite->ops)
			return -ENOMEM;
		rewrite->room = rewrite->count;
		return 0;
	}

	/* What was set aside for an earlier state is not lost, but too much. */
	for (size_t i = 0; ops->pt_reserve && i < rewrite->count; i++) {
		ret = ops->pt_reserve(rewrite->job, &rewrite->ops[i]);
		if (ret)
			return ret;
	}

	rewrite->reserved = true;
	return 0;
}

static int bring_back(struct drm_gpuvm_bind_job *job,
		      struct drm_gpuvm_bo *vm_bo)
{
	struct rewrite rewrite = { .job = job, .vm_bo = vm_bo };
	int ret;

	if (!vm_bo->evicted)
		return 0;

	while ((ret = try_write(&rewrite)) == -EAGAIN) {
		ret = reserve(&rewrite);
		if (ret)
			break;
	}

	kvfree(rewrite.ops);
	return ret;
}

/**
 * drm_gpuvm_bind_validate() - bring an evicted object back into a VM
 * @vm_bo: of the VM and the object
 * @exec: the context that locked both
 *
 * What a driver with a bind queue takes as its &drm_gpuvm_ops.vm_bo_validate:
 * lets &drm_gpuvm_bind_ops.validate find memory, then sets page tables aside and
 * writes them for all mappings of the object in the VM. A bind does the same for
 * what it maps; a job for the device calls drm_gpuvm_exec_validate() between
 * locking and publishing.
 *
 * Binds that are queued have not been applied: what they map is written when they
 * run. What they unmap, in deferred mode, is not written again.
 *
 * Context: process; sleeps; the dma_resv of the VM and of the object is held.
 * Return: 0; -ENOMEM; -ENOENT if the VM was closed, -EIO if it died; -EOPNOTSUPP
 * if it has no bind queue; what validate, pt_reserve and pt_map return. After an
 * error the object is as evicted as before.
 */
int drm_gpuvm_bind_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct drm_gpuvm_bind_queue *queue = gpuvm_private(vm_bo->vm)->binds;
	struct drm_gpuvm_bind_job *job;
	int ret = 0;

	might_sleep();
	drm_gpuvm_resv_assert_held(vm_bo->vm);
	dma_resv_assert_held(vm_bo->obj->resv);

	if (!queue)
		return -EOPNOTSUPP;

	job = gpuvm_bind_job_alloc(queue, 0);
	if (!job)
		return -ENOMEM;

	gpuvm_bind_job_init(job);
	if (queue->args.ops->validate)
		ret = queue->args.ops->validate(job, vm_bo, exec);
	if (!ret)
		ret = bring_back(job, vm_bo);
	if (queue->args.ops->job_fini)
		queue->args.ops->job_fini(job);
	free_job(job);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_validate);
