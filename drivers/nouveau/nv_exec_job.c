// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The life of a job for the device: made by the ioctl, written to the ring by the
 * scheduler, ended by the device, by the death of its channel, or by its timeout.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "nv_channel.h"
#include "nv_device.h"
#include "nv_exec.h"
#include "nv_uapi.h"
#include "nv_vm.h"

static struct nv_exec_job *to_exec_job(struct drm_sched_job *job)
{
	return container_of(job, struct nv_exec_job, base);
}

static void job_free(struct nv_exec_job *job)
{
	if (job->has_run)
		dma_fence_put(&job->fence->base);
	else
		kfree(job->fence);

	nv_channel_put(job->chan);
	kvfree(job->pushes);
	kfree(job);
}

/**
 * nv_exec_job_alloc() - make a job
 * @chan: the channel
 * @pushes: checked, from kvmalloc(); the job's, unless this fails
 * @num_pushes: how many
 * @client_id: of the file, for the scheduler's tracing
 *
 * Context: process; sleeps.
 * Return: the job, an ERR_PTR(): -ENOMEM.
 */
struct nv_exec_job *nv_exec_job_alloc(struct nv_channel *chan,
				      struct drm_nouveau_exec_push *pushes,
				      u32 num_pushes, u64 client_id)
{
	struct nv_exec_job *job;
	int ret = -ENOMEM;

	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);

	job->fence = kzalloc_obj(*job->fence, GFP_KERNEL_ACCOUNT);
	if (!job->fence)
		goto err_free;

	/* An entry of the ring for each push, and one for the job's end. */
	ret = drm_sched_job_init(&job->base, &chan->entity, num_pushes + 1,
				 chan, client_id);
	if (ret)
		goto err_fence;

	spin_lock_init(&job->fence->lock);
	nv_channel_get(chan);
	job->chan = chan;
	job->pushes = pushes;
	job->num_pushes = num_pushes;
	return job;

err_fence:
	kfree(job->fence);
err_free:
	kfree(job);
	return ERR_PTR(ret);
}

/**
 * nv_exec_job_abort() - free a job that was not armed
 * @job: the job
 *
 * Context: process.
 */
void nv_exec_job_abort(struct nv_exec_job *job)
{
	drm_sched_job_cleanup(&job->base);
	job_free(job);
}

/* Why a job should not begin, as its fence tells it. */
static int job_refused(struct nv_exec_job *job)
{
	struct nv_vm *vm = job->chan->vm;

	if (drm_dev_is_unplugged(&vm->nv->drm))
		return -ENODEV;

	return nv_vm_error(vm) == -EIO ? -EIO : 0;
}

static struct dma_fence *exec_run_job(struct drm_sched_job *sched_job)
{
	struct nv_exec_job *job = to_exec_job(sched_job);
	struct nv_channel *chan = job->chan;
	bool cookie = dma_fence_begin_signalling();
	struct dma_fence *fence = &job->fence->base;
	struct nv_hw *hw = chan->nv->hw;
	int ret;

	ret = job_refused(job) ?: nv_channel_add_fence(chan, job->fence);
	if (ret) {
		fence = ERR_PTR(ret);
	} else {
		job->has_run = true;
		/* The scheduler's; taken first, as the job may end at once. */
		dma_fence_get(fence);
		for (u32 i = 0; i < job->num_pushes; i++)
			nv_ring_push(&chan->ring, &job->pushes[i]);
		nv_ring_release(&chan->ring, job->fence->seqno);
		nv_ring_kick(&chan->ring);
		hw->ops->doorbell(hw, chan->id);
	}

	dma_fence_end_signalling(cookie);
	return fence;
}

/*
 * The channel dies first: that signals the fences of all its jobs, each with its
 * error, so that the scheduler finds nothing to make up an error for.
 */
static enum drm_gpu_sched_stat exec_timedout_job(struct drm_sched_job *sched_job)
{
	struct nv_channel *chan = to_exec_job(sched_job)->chan;
	bool cookie;

	/* It ended this moment: the channel may be at the next one already. */
	if (COMPAT_SCHED_NO_HANG &&
	    dma_fence_is_signaled(&sched_job->s_fence->finished))
		return DRM_GPU_SCHED_STAT_NO_HANG;

	cookie = dma_fence_begin_signalling();
	drm_err(&chan->nv->drm, "channel %u: timeout\n", chan->id);
	nv_channel_end(chan, -ETIMEDOUT, -ECANCELED);
	drm_sched_stop(&chan->sched, sched_job);
	drm_sched_start(&chan->sched, -ECANCELED);

	dma_fence_end_signalling(cookie);
	return DRM_GPU_SCHED_STAT_RESET;
}

static void exec_free_job(struct drm_sched_job *sched_job)
{
	drm_sched_job_cleanup(sched_job);
	job_free(to_exec_job(sched_job));
}

const struct drm_sched_backend_ops nv_exec_sched_ops = {
	.run_job = exec_run_job,
	.timedout_job = exec_timedout_job,
	.free_job = exec_free_job,
};
