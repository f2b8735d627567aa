// SPDX-License-Identifier: GPL-2.0
/*
 * The scheduler, and fences of the device: jobs wait for other fences, run on a
 * ring, end with their own. The kernel crate of 7.2 has neither.
 *
 * What of it is to be decided, the driver decides: see &struct shim_queue_ops.
 * How it works is told where the example driver does the same, in evgem_queue.c
 * and evgem_exec_job.c.
 */
#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "../../../drivers/example-vgem/evgem_hw.h"
#include "shim.h"

/* Jobs that the scheduler gives to the ring before the first is done. */
#define RING_DEPTH 4

/**
 * struct shim_queue - a ring of the device with a scheduler in front of it
 *
 * Reference counted by @ref: the driver's and each job's.
 */
struct shim_queue {
	/** @ref: see above */
	struct kref ref;
	/** @ops: the driver's */
	const struct shim_queue_ops *ops;
	/** @priv: for @ops */
	void *priv;
	/** @release_wq: runs @release */
	struct workqueue_struct *release_wq;
	/** @ring: the device's side */
	struct evgem_ring ring;
	/** @submit_lock: makes arming and queuing of a job one step */
	struct mutex submit_lock;
	/** @sched: of this queue alone */
	struct drm_gpu_scheduler sched;
	/** @entity: pushed to under @submit_lock */
	struct drm_sched_entity entity;
	/** @fence_context: of the device's fences */
	u64 fence_context;
	/** @fence_seqno: of the last such; used by run_job alone */
	u64 fence_seqno;
	/** @release: frees the queue, in a context of its own */
	struct work_struct release;
};

/**
 * struct shim_fence - the device's fence of a job
 */
struct shim_fence {
	/** @base: initialised by run_job */
	struct dma_fence base;
	/** @lock: protects @base, which may live longer than the job */
	spinlock_t lock;
};

/**
 * struct shim_job - a job
 *
 * Belongs to who makes it until it is published, then to the scheduler.
 */
struct shim_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @queue: the queue, with a reference */
	struct shim_queue *queue;
	/** @hw: the device's part */
	struct evgem_hw_job hw;
	/** @fence: allocated with the job, because run_job must not */
	struct shim_fence *fence;
	/** @has_run: @fence is initialised; set by run_job */
	bool has_run;
	/** @priv: the driver's part */
	void *priv;
};

static struct shim_job *to_shim_job(struct drm_sched_job *job)
{
	return container_of(job, struct shim_job, base);
}

static void queue_fault(struct evgem_ring *ring,
			const struct evgem_hw_fault *fault)
{
	struct shim_queue *queue = container_of(ring, struct shim_queue, ring);

	queue->ops->fault(queue->priv, fault->addr, fault->access,
			  fault->reason);
}

static void queue_free(struct shim_queue *queue)
{
	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
	evgem_ring_fini(&queue->ring);
	queue->ops->release(queue->priv);
	kfree(queue);
}

static void queue_release(struct work_struct *work)
{
	queue_free(container_of(work, struct shim_queue, release));
}

static void queue_ref_release(struct kref *ref)
{
	struct shim_queue *queue = container_of(ref, struct shim_queue, ref);

	queue_work(queue->release_wq, &queue->release);
}

/**
 * shim_queue_get() - take one more reference
 * @queue: the queue
 */
void shim_queue_get(struct shim_queue *queue)
{
	kref_get(&queue->ref);
}

/**
 * shim_queue_put() - drop a reference
 * @queue: the queue
 *
 * Context: any.
 */
void shim_queue_put(struct shim_queue *queue)
{
	kref_put(&queue->ref, queue_ref_release);
}

/**
 * shim_queue_priv() - the driver's part
 * @queue: the queue
 *
 * Return: &shim_queue_args.priv.
 */
void *shim_queue_priv(struct shim_queue *queue)
{
	return queue->priv;
}

/**
 * shim_queue_kill() - end all jobs, now and in future
 * @queue: the queue
 * @error: of the job that runs, if it is the first kill
 *
 * Context: process; sleeps.
 */
void shim_queue_kill(struct shim_queue *queue, int error)
{
	evgem_ring_kill(&queue->ring, error);
}

/**
 * shim_queue_is_killed() - whether a queue runs no more jobs
 * @queue: the queue
 *
 * Context: any.
 * Return: true after shim_queue_kill(), or a timeout.
 */
bool shim_queue_is_killed(struct shim_queue *queue)
{
	return evgem_ring_is_killed(&queue->ring);
}

/**
 * shim_queue_busy_ns() - how long jobs ran
 * @queue: the queue
 *
 * Return: nanoseconds, with those of the job that is running.
 */
u64 shim_queue_busy_ns(struct shim_queue *queue)
{
	return evgem_ring_busy_ns(&queue->ring);
}

static const char *fence_driver_name(struct dma_fence *fence)
{
	return "example-vgem-rust";
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

static void job_done(struct evgem_hw_job *hw, int error)
{
	struct shim_job *job = container_of(hw, struct shim_job, hw);
	/* Signalling ends the job's reference, perhaps before it returns. */
	struct dma_fence *fence = dma_fence_get(&job->fence->base);

	if (error == -ECANCELED)
		error = job->queue->ops->cancelled(job->queue->priv);
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static void job_free(struct shim_job *job)
{
	if (job->has_run)
		dma_fence_put(&job->fence->base);
	else
		kfree(job->fence);

	job->queue->ops->free_job(job->priv);
	shim_queue_put(job->queue);
	kfree(job);
}

static struct dma_fence *run_job(struct drm_sched_job *sched_job)
{
	struct shim_job *job = to_shim_job(sched_job);
	struct shim_queue *queue = job->queue;
	bool cookie = dma_fence_begin_signalling();
	int ret = queue->ops->refuse(queue->priv,
				     evgem_ring_is_killed(&queue->ring));
	struct dma_fence *fence;

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

static enum drm_gpu_sched_stat timedout_job(struct drm_sched_job *sched_job)
{
	struct shim_queue *queue = to_shim_job(sched_job)->queue;
	bool cookie;

	/* It ended this moment: the ring may be at the next one already. */
	if (COMPAT_SCHED_NO_HANG &&
	    dma_fence_is_signaled(&sched_job->s_fence->finished))
		return DRM_GPU_SCHED_STAT_NO_HANG;

	cookie = dma_fence_begin_signalling();
	evgem_ring_kill(&queue->ring, -ETIMEDOUT);
	drm_sched_stop(&queue->sched, sched_job);
	drm_sched_start(&queue->sched, -ECANCELED);
	dma_fence_end_signalling(cookie);
	return DRM_GPU_SCHED_STAT_RESET;
}

static void free_job(struct drm_sched_job *sched_job)
{
	drm_sched_job_cleanup(sched_job);
	job_free(to_shim_job(sched_job));
}

static const struct drm_sched_backend_ops sched_ops = {
	.run_job = run_job,
	.timedout_job = timedout_job,
	.free_job = free_job,
};

static int init_sched(struct shim_queue *queue,
		      const struct shim_queue_args *from)
{
	const struct drm_sched_init_args args = {
		.ops = &sched_ops,
		.submit_wq = from->submit_wq,
		.timeout_wq = from->timeout_wq,
		.num_rqs = 1,
		.credit_limit = RING_DEPTH,
		.timeout = msecs_to_jiffies(from->timeout_ms),
		.name = "evgem-rust-queue",
		.dev = from->dev,
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

/**
 * shim_queue_create() - make a queue
 * @args: what the driver wants
 *
 * Context: process; sleeps.
 * Return: the queue, with a reference for the caller; ERR_PTR(-ENOMEM), and
 * then &shim_queue_ops.release is not called.
 */
struct shim_queue *shim_queue_create(const struct shim_queue_args *args)
{
	struct shim_queue *queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!queue)
		return ERR_PTR(-ENOMEM);

	kref_init(&queue->ref);
	queue->ops = args->ops;
	queue->priv = args->priv;
	queue->release_wq = args->release_wq;
	mutex_init(&queue->submit_lock);
	INIT_WORK(&queue->release, queue_release);
	queue->fence_context = dma_fence_context_alloc(1);

	ret = evgem_ring_init(&queue->ring, args->hw, args->context,
			      queue_fault);
	if (!ret)
		ret = init_sched(queue, args);
	if (ret) {
		evgem_ring_fini(&queue->ring);
		kfree(queue);
		return ERR_PTR(ret);
	}

	return queue;
}

/**
 * shim_job_create() - make a job
 * @queue: the queue
 * @cmds: checked commands, which @priv keeps
 * @size: bytes at @cmds
 * @client_id: of the file, for the scheduler's tracing
 * @priv: the driver's part, for &shim_queue_ops.free_job unless this fails
 *
 * Context: process; sleeps.
 * Return: the job; ERR_PTR(-ENOMEM).
 */
struct shim_job *shim_job_create(struct shim_queue *queue, const void *cmds,
				 size_t size, u64 client_id, void *priv)
{
	struct shim_job *job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);

	ret = -ENOMEM;
	job->fence = kzalloc_obj(*job->fence, GFP_KERNEL_ACCOUNT);
	if (!job->fence)
		goto err_job;

	ret = drm_sched_job_init(&job->base, &queue->entity, 1, queue,
				 client_id);
	if (ret)
		goto err_fence;

	spin_lock_init(&job->fence->lock);
	shim_queue_get(queue);
	job->queue = queue;
	job->priv = priv;
	job->hw.cmds = cmds;
	job->hw.size = size;
	job->hw.done = job_done;
	return job;

err_fence:
	kfree(job->fence);
err_job:
	kfree(job);
	return ERR_PTR(ret);
}

/**
 * shim_job_base() - the scheduler's part of a job
 * @job: the job
 *
 * Return: the part, initialised.
 */
struct drm_sched_job *shim_job_base(struct shim_job *job)
{
	return &job->base;
}

/**
 * shim_job_abort() - free a job that was not published
 * @job: the job
 *
 * Context: process.
 */
void shim_job_abort(struct shim_job *job)
{
	drm_sched_job_cleanup(&job->base);
	job_free(job);
}

/**
 * shim_job_publish() - put a job into its queue
 * @job: the job, which is the scheduler's from here on
 * @hand_out: called once, with its fence, in the fence signalling section
 * @priv: for @hand_out
 *
 * Context: process; sleeps.
 */
void shim_job_publish(struct shim_job *job,
		      void (*hand_out)(struct dma_fence *fence, void *priv),
		      void *priv)
{
	bool cookie;

	guard(mutex)(&job->queue->submit_lock);

	cookie = dma_fence_begin_signalling();
	drm_sched_job_arm(&job->base);
	hand_out(&job->base.s_fence->finished, priv);
	drm_sched_entity_push_job(&job->base);
	dma_fence_end_signalling(cookie);
}
