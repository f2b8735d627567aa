// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The life of a job for the engine: made by the ioctl, given to the ring by the
 * scheduler, ended by the engine or by its timeout.
 *
 * Shows a fence of the hardware: allocated with the job, initialised when the
 * job goes to the ring, signalled by the interrupt, with an error if there was
 * one. The scheduler copies the error to the fence that user space has.
 *
 * For your own hardware: exec_run_job() writes to the ring, exec_done() is part
 * of an interrupt handler, exec_timedout_job() resets the ring.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_exec.h"
#include "evgem_queue.h"
#include "evgem_vm.h"

static struct evgem_exec_job *to_exec_job(struct drm_sched_job *job)
{
	return container_of(job, struct evgem_exec_job, base);
}

static const char *fence_driver_name(struct dma_fence *fence)
{
	return "example-vgem";
}

static const char *fence_timeline_name(struct dma_fence *fence)
{
	return "ring";
}

/* A sync_file may keep the fence when the device is long closed. */
static void fence_release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_driver_name,
	.get_timeline_name = fence_timeline_name,
	.release = fence_release,
};

static void exec_done(struct evgem_hw_job *hw, int error)
{
	struct evgem_exec_job *job = container_of(hw, struct evgem_exec_job, hw);
	/* Signalling ends the job's reference, perhaps before it returns. */
	struct dma_fence *fence = dma_fence_get(&job->fence->base);

	/* Why the ring was killed, if it was. */
	if (error == -ECANCELED &&
	    drm_dev_is_unplugged(&job->queue->vm->evgem->drm))
		error = -ENODEV;

	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static void job_free(struct evgem_exec_job *job)
{
	if (job->has_run)
		dma_fence_put(&job->fence->base);
	else
		kfree(job->fence);

	evgem_quota_put_cmds(job->queue->vm->file, job->hw.size);
	evgem_queue_put(job->queue);
	kvfree(job->cmds);
	kfree(job);
}

/**
 * evgem_exec_job_alloc() - make a job
 * @queue: the queue
 * @cmds: checked commands, from kvmalloc(); the job's, unless this fails
 * @size: bytes at @cmds
 * @client_id: of the file, for the scheduler's tracing
 *
 * Context: process; sleeps.
 * Return: the job, an ERR_PTR(): -ENOMEM, -ENOSPC.
 */
struct evgem_exec_job *evgem_exec_job_alloc(struct evgem_queue *queue,
					    void *cmds, size_t size,
					    u64 client_id)
{
	struct evgem_file *efile = queue->vm->file;
	struct evgem_exec_job *job;
	int ret;

	ret = evgem_quota_take_cmds(efile, size);
	if (ret)
		return ERR_PTR(ret);

	ret = -ENOMEM;
	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		goto err_quota;

	job->fence = kzalloc_obj(*job->fence, GFP_KERNEL_ACCOUNT);
	if (!job->fence)
		goto err_free;

	ret = drm_sched_job_init(&job->base, &queue->entity, 1, queue,
				 client_id);
	if (ret)
		goto err_fence;

	spin_lock_init(&job->fence->lock);
	evgem_queue_get(queue);
	job->queue = queue;
	job->cmds = cmds;
	job->hw.cmds = cmds;
	job->hw.size = size;
	job->hw.done = exec_done;
	return job;

err_fence:
	kfree(job->fence);
err_free:
	kfree(job);
err_quota:
	evgem_quota_put_cmds(efile, size);
	return ERR_PTR(ret);
}

/**
 * evgem_exec_job_abort() - free a job that was not armed
 * @job: the job
 *
 * Context: process.
 */
void evgem_exec_job_abort(struct evgem_exec_job *job)
{
	drm_sched_job_cleanup(&job->base);
	job_free(job);
}

/* Why a job should not begin, as its fence tells it. */
static int job_refused(struct evgem_exec_job *job)
{
	struct evgem_vm *vm = job->queue->vm;

	if (drm_dev_is_unplugged(&vm->evgem->drm))
		return -ENODEV;

	if (evgem_ring_is_killed(&job->queue->ring))
		return -ECANCELED;

	return evgem_vm_error(vm) == -EIO ? -EIO : 0;
}

static struct dma_fence *exec_run_job(struct drm_sched_job *sched_job)
{
	struct evgem_exec_job *job = to_exec_job(sched_job);
	struct evgem_queue *queue = job->queue;
	bool cookie = dma_fence_begin_signalling();
	struct dma_fence *fence;
	int ret = job_refused(job);

	if (ret) {
		fence = ERR_PTR(ret);
	} else {
		fence = &job->fence->base;
		dma_fence_init(fence, &fence_ops, &job->fence->lock,
			       queue->fence_context, ++queue->fence_seqno);
		__module_get(THIS_MODULE);
		job->has_run = true;
		/* The scheduler's; taken first, as the job may end at once. */
		dma_fence_get(fence);
		evgem_ring_submit(&queue->ring, &job->hw);
	}

	dma_fence_end_signalling(cookie);
	return fence;
}

/*
 * The ring is killed first: that signals the fences of all its jobs, each with
 * its error, so that the scheduler finds nothing to make up an error for.
 */
static enum drm_gpu_sched_stat exec_timedout_job(struct drm_sched_job *sched_job)
{
	struct evgem_queue *queue = to_exec_job(sched_job)->queue;
	bool cookie;

	/* It ended this moment: the ring may be at the next one already. */
	if (COMPAT_SCHED_NO_HANG &&
	    dma_fence_is_signaled(&sched_job->s_fence->finished))
		return DRM_GPU_SCHED_STAT_NO_HANG;

	cookie = dma_fence_begin_signalling();
	drm_dbg(&queue->vm->evgem->drm, "queue %u: timeout\n", queue->id);
	evgem_ring_kill(&queue->ring, -ETIMEDOUT);
	drm_sched_stop(&queue->sched, sched_job);
	drm_sched_start(&queue->sched, -ECANCELED);

	dma_fence_end_signalling(cookie);
	return DRM_GPU_SCHED_STAT_RESET;
}

static void exec_free_job(struct drm_sched_job *sched_job)
{
	drm_sched_job_cleanup(sched_job);
	job_free(to_exec_job(sched_job));
}

const struct drm_sched_backend_ops evgem_exec_sched_ops = {
	.run_job = exec_run_job,
	.timedout_job = exec_timedout_job,
	.free_job = exec_free_job,
};
