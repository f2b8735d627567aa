// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Syncobjs that a job waits for and signals, binary and timeline.
 *
 * All that can fail happens before the job is published: a syncobj is looked
 * up, the fence to wait for is taken, the link of a timeline is allocated. To
 * hand out the job's fence then cannot fail, and a call that fails has touched
 * no syncobj.
 */
#include <linux/dma-fence-chain.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gpuvm_bind.h>
#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>

/**
 * struct gpuvm_sync - one of them
 */
struct gpuvm_sync {
	/** @wait: the fence to wait for; NULL if none, or if passed on */
	struct dma_fence *wait;
	/** @signal: the syncobj to signal, or NULL */
	struct drm_syncobj *signal;
	/** @chain: for a point of a timeline; NULL if binary, or if passed on */
	struct dma_fence_chain *chain;
	/** @point: of the timeline @signal */
	u64 point;
};

/**
 * struct drm_gpuvm_syncs - all of one job; belongs to one thread
 */
struct drm_gpuvm_syncs {
	/** @count: elements of @syncs */
	u32 count;
	/** @syncs: the array */
	struct gpuvm_sync syncs[] __counted_by(count);
};

static int sync_wait_init(struct gpuvm_sync *sync, struct drm_file *file,
			  const struct drm_gpuvm_sync *args)
{
	struct dma_fence *fence;
	int ret;

	/* Without a fence this gives -EINVAL: there is no waiting inside. */
	ret = drm_syncobj_find_fence(file, args->handle, args->point, 0, &fence);
	/* After a failure it may have set what it no longer refers to. */
	if (!ret)
		sync->wait = fence;

	return ret;
}

static int sync_signal_init(struct gpuvm_sync *sync, struct drm_file *file,
			    const struct drm_gpuvm_sync *args)
{
	sync->signal = drm_syncobj_find(file, args->handle);
	if (!sync->signal)
		return -ENOENT;

	sync->point = args->point;
	if (!sync->point)
		return 0;

	sync->chain = dma_fence_chain_alloc();
	return sync->chain ? 0 : -ENOMEM;
}

static int sync_init(struct gpuvm_sync *sync, struct drm_file *file,
		     const struct drm_gpuvm_sync *args)
{
	switch (args->flags) {
	case DRM_GPUVM_SYNC_WAIT:
		return sync_wait_init(sync, file, args);
	case DRM_GPUVM_SYNC_SIGNAL:
		return sync_signal_init(sync, file, args);
	default:
		return -EINVAL;
	}
}

/**
 * drm_gpuvm_syncs_create() - look up syncobjs
 * @file: the caller's
 * @array: what to wait for and to signal
 * @count: its elements
 *
 * Context: process; sleeps.
 * Return: the syncs; NULL, which all functions accept, if @count is 0; an
 * ERR_PTR(): -EINVAL for bad flags, or a syncobj or point without a fence to
 * wait for; -ENOENT for an unknown syncobj; -ENOMEM.
 */
struct drm_gpuvm_syncs *
drm_gpuvm_syncs_create(struct drm_file *file,
		       const struct drm_gpuvm_sync *array, u32 count)
{
	struct drm_gpuvm_syncs *syncs;

	if (!count)
		return NULL;

	syncs = kzalloc(struct_size(syncs, syncs, count), GFP_KERNEL_ACCOUNT);
	if (!syncs)
		return ERR_PTR(-ENOMEM);

	syncs->count = count;
	for (u32 i = 0; i < count; i++) {
		int ret = sync_init(&syncs->syncs[i], file, &array[i]);

		if (ret) {
			drm_gpuvm_syncs_free(syncs);
			return ERR_PTR(ret);
		}
	}

	return syncs;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_syncs_create);

/**
 * drm_gpuvm_syncs_wait() - let a job wait
 * @syncs: the syncs, or NULL
 * @job: initialised, not armed
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int drm_gpuvm_syncs_wait(struct drm_gpuvm_syncs *syncs,
			 struct drm_sched_job *job)
{
	for (u32 i = 0; syncs && i < syncs->count; i++) {
		struct dma_fence *fence = syncs->syncs[i].wait;
		int ret;

		/* Consumed, whatever happens. */
		syncs->syncs[i].wait = NULL;
		ret = drm_sched_job_add_dependency(job, fence);
		if (ret)
			return ret;
	}

	return 0;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_syncs_wait);

/**
 * drm_gpuvm_syncs_signal() - hand out a job's fence
 * @syncs: the syncs, or NULL
 * @fence: the job's, published
 *
 * Context: any but interrupts; does not allocate.
 */
void drm_gpuvm_syncs_signal(struct drm_gpuvm_syncs *syncs,
			    struct dma_fence *fence)
{
	for (u32 i = 0; syncs && i < syncs->count; i++) {
		struct gpuvm_sync *sync = &syncs->syncs[i];

		if (!sync->signal)
			continue;

		if (sync->chain) {
			drm_syncobj_add_point(sync->signal, sync->chain, fence,
					      sync->point);
			sync->chain = NULL;
		} else {
			drm_syncobj_replace_fence(sync->signal, fence);
		}
	}
}
EXPORT_SYMBOL_GPL(drm_gpuvm_syncs_signal);

/**
 * drm_gpuvm_syncs_free() - forget syncs
 * @syncs: the syncs, or NULL
 *
 * Context: process.
 */
void drm_gpuvm_syncs_free(struct drm_gpuvm_syncs *syncs)
{
	for (u32 i = 0; syncs && i < syncs->count; i++) {
		struct gpuvm_sync *sync = &syncs->syncs[i];

		dma_fence_put(sync->wait);
		dma_fence_chain_free(sync->chain);
		if (sync->signal)
			drm_syncobj_put(sync->signal);
	}

	kfree(syncs);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_syncs_free);
