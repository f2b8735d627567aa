// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A bind job's turn in the queue.
 *
 * All of it is the fence signalling section: what it needs was set aside, what
 * it leaves is freed by a worker.
 */
#include <linux/dma-fence.h>

#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "gpuvm_bind_private.h"
#include "gpuvm_trace.h"

static struct drm_gpuvm_bind_job *to_bind_job(struct drm_sched_job *job)
{
	return container_of(job, struct drm_gpuvm_bind_job, base);
}

/* Why a job should not begin, as its fence tells it. */
static int refused_locked(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm_bind_queue *queue = job->queue;
	int ret;

	if (queue->args.ops->refuse) {
		ret = queue->args.ops->refuse(job);
		if (ret)
			return ret;
	}

	if (queue->closed)
		return -ECANCELED;
	if (queue->reason)
		return -EIO;

	if (atomic_cmpxchg(&job->stage, GPUVM_BIND_QUEUED,
			   GPUVM_BIND_BEGUN) != GPUVM_BIND_QUEUED)
		return -ECANCELED;

	return 0;
}

static int run_immediate_locked(struct drm_gpuvm_bind_job *job)
{
	bool undone = true;
	int ret;

	ret = gpuvm_bind_tree_apply_locked(job);
	if (!ret)
		ret = gpuvm_bind_pt_run_locked(job, &undone);

	if (!ret) {
		gpuvm_bind_tree_commit_locked(job);
		return 0;
	}

	gpuvm_bind_tree_undo_locked(job);
	trace_gpuvm_bind_undo(gpuvm_bind_vm(job), job->fence, ret, undone);
	if (!undone)
		gpuvm_bind_kill_locked(job->queue, ret);
	return ret;
}

/* Others may have built on the mappings meanwhile: there is no way back. */
static int run_deferred_locked(struct drm_gpuvm_bind_job *job)
{
	bool undone;
	int ret = gpuvm_bind_pt_run_locked(job, &undone);

	if (!ret)
		return 0;

	trace_gpuvm_bind_undo(gpuvm_bind_vm(job), job->fence, ret, false);
	gpuvm_bind_kill_locked(job->queue, ret);
	return ret;
}

static int run_locked(struct drm_gpuvm_bind_job *job)
{
	int ret;

	lockdep_assert_held(&job->queue->run_lock);

	ret = refused_locked(job);
	if (!ret)
		trace_gpuvm_bind_run(gpuvm_bind_vm(job), job->fence);
	if (drm_gpuvm_immediate_mode(gpuvm_bind_vm(job)))
		return ret ?: run_immediate_locked(job);

	if (!ret)
		ret = run_deferred_locked(job);
	job->incomplete = ret;
	if (ret)
		job->queue->stale = true;
	return ret;
}

static struct dma_fence *bind_run_job(struct drm_sched_job *sched_job)
{
	struct drm_gpuvm_bind_job *job = to_bind_job(sched_job);
	bool cookie = dma_fence_begin_signalling();
	int ret;

	scoped_guard(mutex, &job->queue->run_lock)
		ret = run_locked(job);

	/* Its fence is signalled by whoever called, with this. */
	trace_gpuvm_bind_done(gpuvm_bind_vm(job), job->fence, ret);
	dma_fence_end_signalling(cookie);
	return ERR_PTR(ret);
}

/* Whether the memory of what a job took out has to stay where it is. */
static bool kept(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm_bind_queue *queue = job->queue;

	guard(mutex)(&queue->run_lock);

	if (!job->incomplete || queue->closed)
		return false;

	list_add_tail(&job->limbo, &queue->limbo);
	return true;
}

static void bind_free_job(struct drm_sched_job *sched_job)
{
	struct drm_gpuvm_bind_job *job = to_bind_job(sched_job);

	drm_sched_job_cleanup(sched_job);
	if (!kept(job))
		queue_work(job->queue->args.cleanup_wq, &job->cleanup);
}

static enum drm_gpu_sched_stat bind_timedout_job(struct drm_sched_job *job)
{
	/* Its timeout is without end, as it has nothing to wait for. */
	WARN_ONCE(1, "timeout of a bind");
	return DRM_GPU_SCHED_STAT_RESET;
}

const struct drm_sched_backend_ops gpuvm_bind_sched_ops = {
	.run_job = bind_run_job,
	.timedout_job = bind_timedout_job,
	.free_job = bind_free_job,
};
