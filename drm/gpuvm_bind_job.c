// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A bind job: what it is made of, from its first operation to its last
 * reference.
 *
 * What remains of a job is freed in a worker of its own: that takes dma_resv
 * locks, and whoever holds one may be waiting for a fence that the scheduler's
 * workers have to signal.
 */
#include <linux/dma-fence.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/gpu_scheduler.h>

#include "gpuvm_bind_private.h"

static void lock_pair(struct drm_gpuvm *gpuvm, struct dma_resv *resv,
		      struct ww_acquire_ctx *ctx)
{
	struct dma_resv *vm_resv = drm_gpuvm_resv(gpuvm);

	ww_acquire_init(ctx, &reservation_ww_class);

	/* The second of two may have to wait for an older transaction. */
	dma_resv_lock(vm_resv, ctx);
	while (resv != vm_resv && dma_resv_lock(resv, ctx) == -EDEADLK) {
		dma_resv_unlock(vm_resv);
		dma_resv_lock_slow(resv, ctx);
		if (!dma_resv_lock(vm_resv, ctx))
			break;
		dma_resv_unlock(resv);
		dma_resv_lock_slow(vm_resv, ctx);
	}
	ww_acquire_done(ctx);
}

static void unlock_pair(struct drm_gpuvm *gpuvm, struct dma_resv *resv,
			struct ww_acquire_ctx *ctx)
{
	struct dma_resv *vm_resv = drm_gpuvm_resv(gpuvm);

	if (resv != vm_resv)
		dma_resv_unlock(resv);
	dma_resv_unlock(vm_resv);
	ww_acquire_fini(ctx);
}

/**
 * gpuvm_bind_vm_bo_put() - drop a reference to a vm_bo
 * @vm_bo: the vm_bo, or NULL
 *
 * Context: process; sleeps; no dma_resv is held. In immediate mode
 * drm_gpuvm_bo_deferred_cleanup() has to follow.
 */
void gpuvm_bind_vm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj;
	struct ww_acquire_ctx ctx;
	struct drm_gpuvm *gpuvm;

	if (!vm_bo)
		return;

	if (drm_gpuvm_immediate_mode(vm_bo->vm)) {
		drm_gpuvm_bo_put_deferred(vm_bo);
		return;
	}

	gpuvm = drm_gpuvm_get(vm_bo->vm);
	obj = vm_bo->obj;
	drm_gem_object_get(obj);
	lock_pair(gpuvm, obj->resv, &ctx);
	drm_gpuvm_bo_put(vm_bo);
	unlock_pair(gpuvm, obj->resv, &ctx);
	drm_gem_object_put(obj);
	drm_gpuvm_put(gpuvm);
}

/**
 * gpuvm_bind_unlink() - unlink a mapping that is no longer in page tables
 * @va: the mapping, removed from its VM; linked or not
 *
 * Context: as gpuvm_bind_vm_bo_put().
 */
void gpuvm_bind_unlink(struct drm_gpuva *va)
{
	struct drm_gem_object *obj = va->gem.obj;
	struct ww_acquire_ctx ctx;

	if (!va->vm_bo)
		return;

	if (drm_gpuvm_immediate_mode(va->vm)) {
		drm_gpuva_unlink_defer(va);
		return;
	}

	drm_gem_object_get(obj);
	lock_pair(va->vm, obj->resv, &ctx);
	drm_gpuva_unlink(va);
	unlock_pair(va->vm, obj->resv, &ctx);
	drm_gem_object_put(obj);
}

static void job_cleanup(struct work_struct *work)
{
	struct drm_gpuvm_bind_job *job =
		container_of(work, struct drm_gpuvm_bind_job, cleanup);

	gpuvm_bind_job_fini(job);
	drm_gpuvm_bind_job_put(job);
}

/**
 * gpuvm_bind_job_alloc() - allocate a job
 * @queue: whose job
 * @max_ops: room for so many operations
 *
 * Context: process; sleeps.
 * Return: the job, for gpuvm_bind_job_init(), or NULL.
 */
struct drm_gpuvm_bind_job *
gpuvm_bind_job_alloc(struct drm_gpuvm_bind_queue *queue, u32 max_ops)
{
	size_t size = size_add(sizeof(struct drm_gpuvm_bind_job),
			       queue->args.job_priv_size);
	struct drm_gpuvm_bind_job *job = kzalloc(size, GFP_KERNEL_ACCOUNT);

	if (!job)
		return NULL;

	/* Without any operation this gives what kvfree() accepts. */
	job->steps = kvcalloc(max_ops, sizeof(*job->steps), GFP_KERNEL_ACCOUNT);
	if (!job->steps) {
		kfree(job);
		return NULL;
	}

	kref_init(&job->ref);
	job->queue = queue;
	job->max_ops = max_ops;
	atomic_set(&job->stage, GPUVM_BIND_QUEUED);
	INIT_LIST_HEAD(&job->spare);
	INIT_LIST_HEAD(&job->fresh);
	gpuvm_bind_old_init(&job->old, max_t(size_t, queue->args.va_size,
					     sizeof(struct drm_gpuva)));
	INIT_WORK(&job->cleanup, job_cleanup);
	return job;
}

/**
 * gpuvm_bind_job_init() - begin to use a job
 * @job: the job
 */
void gpuvm_bind_job_init(struct drm_gpuvm_bind_job *job)
{
	if (job->queue->args.ops->job_init)
		job->queue->args.ops->job_init(job);
}

/**
 * gpuvm_bind_job_fini() - free all that a job has
 * @job: the job, over or never submitted
 *
 * Context: process; sleeps; no dma_resv is held. The queue may be gone when
 * this returns.
 */
void gpuvm_bind_job_fini(struct drm_gpuvm_bind_job *job)
{
	const struct drm_gpuvm_bind_ops *ops = job->queue->args.ops;
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(job);

	gpuvm_bind_free_vas(job);
	for (u32 i = 0; i < job->num_ops; i++) {
		struct gpuvm_bind_step *step = &job->steps[i];

		gpuvm_bind_vm_bo_put(step->vm_bo);
		if (step->op.obj)
			drm_gem_object_put(step->op.obj);
	}
	kvfree(job->steps);
	kvfree(job->deltas);

	if (drm_gpuvm_immediate_mode(gpuvm))
		drm_gpuvm_bo_deferred_cleanup(gpuvm);
	if (ops->job_fini)
		ops->job_fini(job);
}

/**
 * drm_gpuvm_bind_job_create() - make a job without operations
 * @queue: whose job
 * @max_ops: room for so many operations
 * @client_id: of the file, for the scheduler's tracing
 *
 * Context: process; sleeps.
 * Return: the job, with a reference for the caller; an ERR_PTR(): -ENOMEM.
 */
struct drm_gpuvm_bind_job *
drm_gpuvm_bind_job_create(struct drm_gpuvm_bind_queue *queue, u32 max_ops,
			  u64 client_id)
{
	struct drm_gpuvm_bind_job *job = gpuvm_bind_job_alloc(queue, max_ops);
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);

	ret = drm_sched_job_init(&job->base, &queue->entity, 1, queue,
				 client_id);
	if (ret) {
		kvfree(job->steps);
		kfree(job);
		return ERR_PTR(ret);
	}

	gpuvm_bind_job_init(job);
	return job;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_create);

/* Flags and attributes are those of a mapping: without one there are none. */
static bool op_attrs_valid(const struct drm_gpuvm_bind_op *op)
{
	if (op->op == DRM_GPUVM_BIND_OP_MAP ||
	    op->op == DRM_GPUVM_BIND_OP_MAP_SPARSE)
		return !(op->flags & (DRM_GPUVA_USERBITS - 1)) &&
		       gpuvm_attrs_valid(&op->attrs, op->obj);

	return !op->flags && !memchr_inv(&op->attrs, 0, sizeof(op->attrs));
}

static bool op_valid(struct drm_gpuvm *gpuvm, const struct drm_gpuvm_bind_op *op)
{
	u64 end;

	if (memchr_inv(op->__reserved, 0, sizeof(op->__reserved)) ||
	    !op_attrs_valid(op))
		return false;

	switch (op->op) {
	case DRM_GPUVM_BIND_OP_MAP:
		if (!op->obj || check_add_overflow(op->offset,
						   op->attrs.repeat ?: op->range,
						   &end))
			return false;
		break;
	case DRM_GPUVM_BIND_OP_UNMAP:
	case DRM_GPUVM_BIND_OP_MAP_SPARSE:
		if (op->obj || op->offset)
			return false;
		break;
	case DRM_GPUVM_BIND_OP_UNMAP_OBJ:
		return op->obj && !op->addr && !op->range && !op->offset;
	default:
		return false;
	}

	return drm_gpuvm_range_valid(gpuvm, op->addr, op->range);
}

/* The most that an operation can need, whatever is mapped when it runs. */
static unsigned int vas_needed(const struct drm_gpuvm_bind_op *op)
{
	switch (op->op) {
	case DRM_GPUVM_BIND_OP_UNMAP:
		return 2;
	case DRM_GPUVM_BIND_OP_UNMAP_OBJ:
		return 0;
	default:
		return 3;
	}
}

/**
 * drm_gpuvm_bind_job_add() - add an operation to a job
 * @job: the job, not submitted
 * @op: the operation; copied, the object gets a reference
 *
 * Also sets aside what the operation may need. That a MAP's range, or the piece
 * that it repeats, lies in its object is for the caller to know, who knows the
 * VM's unit.
 *
 * Context: process; sleeps; no dma_resv is held.
 * Return: 0; -EINVAL for a bad operation or more than the job has room for;
 * -ENOMEM. After an error the job can only be put.
 */
int drm_gpuvm_bind_job_add(struct drm_gpuvm_bind_job *job,
			   const struct drm_gpuvm_bind_op *op)
{
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(job);
	struct drm_gpuvm_bo *vm_bo = NULL;
	struct gpuvm_bind_step *step;

	if (job->submitted || job->num_ops == job->max_ops ||
	    !op_valid(gpuvm, op) || !gpuvm_userptr_op_valid(job->queue, op))
		return -EINVAL;

	/* In deferred mode it takes the locks of the submission. */
	if (op->obj && drm_gpuvm_immediate_mode(gpuvm)) {
		vm_bo = drm_gpuvm_bo_create(gpuvm, op->obj);
		if (!vm_bo)
			return -ENOMEM;
		vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
	}

	step = &job->steps[job->num_ops++];
	step->op = *op;
	step->vm_bo = vm_bo;
	if (op->obj)
		drm_gem_object_get(op->obj);

	return gpuvm_bind_reserve_vas(job, vas_needed(op)) ?:
	       gpuvm_bind_reserve_nodes(job);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_add);

/**
 * drm_gpuvm_bind_job_fence() - the fence that a job signals
 * @job: the job, submitted
 *
 * Return: the fence, with a reference for the caller; NULL if the job was not
 * submitted.
 */
struct dma_fence *drm_gpuvm_bind_job_fence(struct drm_gpuvm_bind_job *job)
{
	return dma_fence_get(job->fence);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_fence);

/**
 * drm_gpuvm_bind_job_vm() - the VM of a job
 * @job: the job, in a callback or before it is submitted
 *
 * Return: the VM.
 */
struct drm_gpuvm *drm_gpuvm_bind_job_vm(struct drm_gpuvm_bind_job *job)
{
	return gpuvm_bind_vm(job);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_vm);

/**
 * drm_gpuvm_bind_job_priv() - the driver's part of a job
 * @job: the job
 *
 * Return: &drm_gpuvm_bind_queue_args.job_priv_size bytes, zeroed before
 * &drm_gpuvm_bind_ops.job_init.
 */
void *drm_gpuvm_bind_job_priv(struct drm_gpuvm_bind_job *job)
{
	return job->priv;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_priv);

static void job_release(struct kref *ref)
{
	struct drm_gpuvm_bind_job *job =
		container_of(ref, struct drm_gpuvm_bind_job, ref);

	dma_fence_put(job->fence);
	kfree(job);
}

/**
 * drm_gpuvm_bind_job_put() - drop a reference
 * @job: the job; one that was not submitted is freed, and the VM is as before
 *
 * Context: process; sleeps; no dma_resv is held.
 */
void drm_gpuvm_bind_job_put(struct drm_gpuvm_bind_job *job)
{
	/* Only its maker has a job that was not submitted. */
	if (!job->submitted) {
		drm_sched_job_cleanup(&job->base);
		gpuvm_bind_job_fini(job);
	}

	kref_put(&job->ref, job_release);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_put);
