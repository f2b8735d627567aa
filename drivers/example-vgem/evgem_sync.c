// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Syncobjs in and out, binary and timeline.
 *
 * Shows that all that can fail is done before the job is published: a syncobj
 * is looked up and the link of a timeline is allocated beforehand, so that
 * handing out the job's fence cannot fail. A call that fails has touched no
 * syncobj.
 *
 * For your own hardware: nothing to change.
 */
#include <linux/dma-fence-chain.h>
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>
#include <drm/evgem_drm.h>
#include <drm/gpu_scheduler.h>

#include "evgem_args.h"
#include "evgem_device.h"
#include "evgem_sync.h"

static bool sync_args_valid(const struct drm_evgem_sync *args)
{
	bool timeline = args->type == DRM_EVGEM_SYNC_TIMELINE;

	if (args->type != DRM_EVGEM_SYNC_BINARY && !timeline)
		return false;

	if (args->flags != DRM_EVGEM_SYNC_WAIT &&
	    args->flags != DRM_EVGEM_SYNC_SIGNAL)
		return false;

	return !args->pad && timeline == !!args->point;
}

static int find_fence(struct evgem_sync *sync, struct drm_file *file,
		      const struct drm_evgem_sync *args)
{
	struct dma_fence *fence;
	int ret;

	/* Without a fence to wait for this gives -EINVAL: no waiting inside. */
	ret = drm_syncobj_find_fence(file, args->handle, args->point, 0,
				     &fence);
	/* After a failure it may have set what it no longer refers to. */
	if (!ret)
		sync->wait = fence;

	return ret;
}

static int sync_init(struct evgem_sync *sync, struct drm_file *file,
		     const struct drm_evgem_sync *args)
{
	if (!sync_args_valid(args))
		return -EINVAL;

	if (args->flags == DRM_EVGEM_SYNC_WAIT)
		return find_fence(sync, file, args);

	sync->signal = drm_syncobj_find(file, args->handle);
	if (!sync->signal)
		return -ENOENT;

	sync->point = args->point;
	if (sync->point) {
		sync->chain = dma_fence_chain_alloc();
		if (!sync->chain)
			return -ENOMEM;
	}

	return 0;
}

/**
 * evgem_syncs_init() - look up syncs
 * @syncs: zeroed
 * @file: the caller's
 * @array: array of struct drm_evgem_sync in user memory
 *
 * Context: process; sleeps; no lock that a page fault takes.
 * Return: 0; -EINVAL; -E2BIG; -EFAULT; -ENOENT for an unknown syncobj; -ENOMEM.
 * After a failure evgem_syncs_fini() does no harm.
 */
int evgem_syncs_init(struct evgem_syncs *syncs, struct drm_file *file,
		     const struct drm_evgem_array *array)
{
	struct drm_evgem_sync *args;
	int ret = 0;

	args = evgem_array_copy(array, EVGEM_MAX_SYNCS, sizeof(*args));
	if (IS_ERR_OR_NULL(args))
		return PTR_ERR_OR_ZERO(args);

	syncs->syncs = kcalloc(array->count, sizeof(*syncs->syncs),
			       GFP_KERNEL_ACCOUNT);
	if (!syncs->syncs)
		ret = -ENOMEM;

	while (!ret && syncs->count < array->count) {
		ret = sync_init(&syncs->syncs[syncs->count], file,
				&args[syncs->count]);
		syncs->count++;
	}

	kvfree(args);
	return ret;
}

/**
 * evgem_syncs_wait() - let a job wait
 * @syncs: the syncs
 * @job: initialised, not armed
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_syncs_wait(struct evgem_syncs *syncs, struct drm_sched_job *job)
{
	for (u32 i = 0; i < syncs->count; i++) {
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

/**
 * evgem_syncs_signal() - hand out a job's fence
 * @syncs: the syncs
 * @fence: the job's, published
 *
 * Context: any but interrupts; does not allocate.
 */
void evgem_syncs_signal(struct evgem_syncs *syncs, struct dma_fence *fence)
{
	for (u32 i = 0; i < syncs->count; i++) {
		struct evgem_sync *sync = &syncs->syncs[i];

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

/**
 * evgem_syncs_fini() - forget syncs
 * @syncs: the syncs; may be empty or half-made
 *
 * Context: process.
 */
void evgem_syncs_fini(struct evgem_syncs *syncs)
{
	for (u32 i = 0; i < syncs->count; i++) {
		struct evgem_sync *sync = &syncs->syncs[i];

		dma_fence_put(sync->wait);
		dma_fence_chain_free(sync->chain);
		if (sync->signal)
			drm_syncobj_put(sync->signal);
	}

	kfree(syncs->syncs);
}
