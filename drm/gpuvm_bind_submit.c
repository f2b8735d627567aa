// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * From a list of operations to a job in the queue.
 *
 * The order that makes a bind all or nothing: lock everything, prepare
 * everything, publish. Up to the last step nothing that anybody sees has
 * changed, or, in deferred mode, it can be undone; from it on nothing can fail.
 */
#include <linux/dma-fence.h>

#include <drm/drm_exec.h>
#include <drm/gpu_scheduler.h>

#include "gpuvm_bind_private.h"
#include "gpuvm_sm.h"
#include "gpuvm_trace.h"

/* The objects of what will be cut or unmapped: they get the fence, too. */
static int lock_neighbour(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *op,
			  void *priv)
{
	const struct drm_gpuva *va = op->op == DRM_GPUVA_OP_REMAP ?
				     op->remap.unmap->va : op->unmap.va;

	return va->gem.obj ? gpuvm_exec_prepare(priv, va->gem.obj, 1) : 0;
}

static int lock_for_op(struct drm_gpuvm_bind_job *job, struct drm_exec *exec,
		       const struct drm_gpuvm_bind_op *op)
{
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(job);
	int ret = op->obj ? gpuvm_exec_prepare(exec, op->obj, 1) : 0;

	/* In immediate mode nobody knows yet what the job will find. */
	if (ret || !op->range || drm_gpuvm_immediate_mode(gpuvm))
		return ret;

	return gpuvm_sm_unmap(gpuvm, op->addr, op->range, lock_neighbour, exec);
}

static int lock_objects(struct drm_gpuvm_bind_job *job, struct drm_exec *exec)
{
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm_bind_vm(job), exec, 1);
		for (u32 i = 0; i < job->num_ops && !ret; i++)
			ret = lock_for_op(job, exec, &job->steps[i].op);
		drm_exec_retry_on_contention(exec);
	}

	return ret;
}

static int prepare_vm_bo(struct drm_gpuvm_bind_job *job, struct drm_exec *exec,
			 struct gpuvm_bind_step *step)
{
	const struct drm_gpuvm_bind_ops *ops = job->queue->args.ops;
	struct drm_gpuvm_bo *vm_bo = step->vm_bo;
	int ret;

	if (!vm_bo) {
		vm_bo = drm_gpuvm_bo_obtain_locked(gpuvm_bind_vm(job),
						   step->op.obj);
		if (IS_ERR(vm_bo))
			return PTR_ERR(vm_bo);
		step->vm_bo = vm_bo;
	}

	if (step->op.op != DRM_GPUVM_BIND_OP_MAP)
		return 0;

	/* The pages of a userptr are for the repin. */
	if (ops->validate && !drm_gpuvm_is_userptr(step->op.obj)) {
		ret = ops->validate(job, vm_bo, exec);
		if (ret)
			return ret;
	}

	/* The job writes what it maps itself, and nothing else. */
	if (vm_bo->evicted) {
		ret = drm_gpuvm_bind_validate(vm_bo, exec);
		if (ret)
			return ret;
	}

	/*
	 * Not first when the job runs: somebody who uses the mapping may wait
	 * for this job, and must have locked the object before.
	 */
	drm_gpuvm_bo_extobj_add(vm_bo);
	return 0;
}

/* What has to be known, or done, under the locks of the objects. */
static int prepare_locked(struct drm_gpuvm_bind_job *job, struct drm_exec *exec)
{
	const struct drm_gpuvm_bind_ops *ops = job->queue->args.ops;
	int ret = 0;

	/* All of them first: to try again must not set aside more each time. */
	for (u32 i = 0; i < job->num_ops && !ret; i++)
		if (job->steps[i].op.obj)
			ret = prepare_vm_bo(job, exec, &job->steps[i]);

	for (u32 i = 0; i < job->num_ops && !ret && ops->pt_reserve; i++)
		ret = ops->pt_reserve(job, &job->steps[i].op);

	return ret;
}

static int apply_deferred(struct drm_gpuvm_bind_job *job)
{
	int ret = gpuvm_bind_tree_apply_locked(job);

	if (!ret)
		ret = gpuvm_bind_pt_record(job);
	if (ret)
		gpuvm_bind_tree_undo_locked(job);
	else
		gpuvm_bind_tree_commit_locked(job);

	return ret;
}

/* From the arming of the job to its fence being everywhere. */
static void publish(struct drm_gpuvm_bind_job *job, struct drm_exec *exec,
		    struct drm_gpuvm_syncs *syncs)
{
	struct drm_gpuvm_bind_queue *queue = job->queue;
	bool cookie;

	guard(mutex)(&queue->submit_lock);

	job->submitted = true;
	kref_get(&job->ref);

	cookie = dma_fence_begin_signalling();
	drm_sched_job_arm(&job->base);
	job->fence = dma_fence_get(&job->base.s_fence->finished);
	drm_gpuvm_resv_add_fence(gpuvm_bind_vm(job), exec, job->fence,
				 DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
	drm_gpuvm_syncs_signal(syncs, job->fence);
	/* Behind the next line it may run, and be told. */
	trace_gpuvm_bind_submit(gpuvm_bind_vm(job), job->fence, job->num_ops);
	drm_sched_entity_push_job(&job->base);
	dma_fence_end_signalling(cookie);
}

static int submit_locked(struct drm_gpuvm_bind_job *job,
			 struct drm_gpuvm_syncs *syncs)
{
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT |
			     DRM_EXEC_IGNORE_DUPLICATES, 0);
	ret = lock_objects(job, &exec);
	if (!ret)
		ret = prepare_locked(job, &exec);
	if (!ret && !drm_gpuvm_immediate_mode(gpuvm_bind_vm(job)))
		ret = apply_deferred(job);
	if (!ret)
		publish(job, &exec, syncs);
	drm_exec_fini(&exec);

	return ret;
}

/**
 * drm_gpuvm_bind_job_submit() - put a job into its queue
 * @job: the job, with all its operations; not submitted
 * @syncs: what it waits for and signals; NULL for nothing
 *
 * In deferred mode the mappings have changed when this returns, in immediate
 * mode they do so when the job runs.
 *
 * Context: process; sleeps; no dma_resv is held.
 * Return: 0; -ENOENT if the VM was closed, -EIO if it died; -EINTR or
 * -ERESTARTSYS if interrupted; -ENOMEM; what the driver's callbacks return.
 * After an error nothing has changed and nothing is signalled. The job can only
 * be put; one for which validate had no memory may be submitted again.
 */
int drm_gpuvm_bind_job_submit(struct drm_gpuvm_bind_job *job,
			      struct drm_gpuvm_syncs *syncs)
{
	struct drm_gpuvm_bind_queue *queue = job->queue;
	int ret;

	if (job->submitted)
		return -EINVAL;

	ret = drm_gpuvm_syncs_wait(syncs, &job->base);
	if (ret)
		return ret;

	if (drm_gpuvm_immediate_mode(gpuvm_bind_vm(job)))
		return drm_gpuvm_bind_queue_error(queue) ?:
		       submit_locked(job, syncs);

	ret = mutex_lock_interruptible(&queue->tree_lock);
	if (ret)
		return ret;

	/* Looked at under the lock: after this it must not be closed. */
	ret = drm_gpuvm_bind_queue_error(queue) ?: submit_locked(job, syncs);
	mutex_unlock(&queue->tree_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_submit);

static bool withdraw(struct drm_gpuvm_bind_job *job)
{
	/* In deferred mode it has changed the VM. */
	return drm_gpuvm_immediate_mode(gpuvm_bind_vm(job)) &&
	       atomic_cmpxchg(&job->stage, GPUVM_BIND_QUEUED,
			      GPUVM_BIND_WITHDRAWN) == GPUVM_BIND_QUEUED;
}

/**
 * drm_gpuvm_bind_job_wait() - wait for a job
 * @job: the job, submitted, without anything in @syncs to wait for
 *
 * A signal withdraws the job, unless it has begun: to be interrupted means that
 * nothing was changed. In deferred mode the VM has changed when the job was
 * submitted, so it is waited for, and all jobs of the queue before it, whatever
 * signal comes. A driver in that mode waits for those before it submits a
 * synchronous bind, where it can be interrupted and killed.
 *
 * Context: process; sleeps. The caller holds a reference to the queue's VM.
 * Return: 0; -ERESTARTSYS; -ENOENT if the VM was closed meanwhile; the error of
 * the job's fence.
 */
int drm_gpuvm_bind_job_wait(struct drm_gpuvm_bind_job *job)
{
	struct dma_fence *fence = job->fence;
	int status;

	if (!fence)
		return -EINVAL;

	if (dma_fence_wait(fence, true)) {
		if (withdraw(job))
			return -ERESTARTSYS;
		/*
		 * It has begun, or has its turn and is refused: not long. In
		 * deferred mode that is up to the jobs before it.
		 */
		dma_fence_wait(fence, false);
	}

	status = dma_fence_get_status(fence);
	if (status == -ECANCELED)
		status = drm_gpuvm_bind_queue_error(job->queue) ?: status;

	return min(status, 0);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bind_job_wait);
