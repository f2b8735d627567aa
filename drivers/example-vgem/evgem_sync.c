// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Syncobjs in and out, binary and timeline.
 *
 * Shows how the uAPI's description of a sync becomes the core's, which does the
 * rest: see drm_gpuvm_syncs_create().
 *
 * For your own hardware: nothing to change.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/evgem_drm.h>

#include "evgem_args.h"
#include "evgem_bind.h"
#include "evgem_device.h"

static int sync_from_args(struct drm_gpuvm_sync *sync,
			  const struct drm_evgem_sync *args)
{
	bool timeline = args->type == DRM_EVGEM_SYNC_TIMELINE;

	if ((args->type != DRM_EVGEM_SYNC_BINARY && !timeline) || args->pad ||
	    timeline != !!args->point)
		return -EINVAL;

	sync->handle = args->handle;
	sync->point = args->point;
	switch (args->flags) {
	case DRM_EVGEM_SYNC_WAIT:
		sync->flags = DRM_GPUVM_SYNC_WAIT;
		return 0;
	case DRM_EVGEM_SYNC_SIGNAL:
		sync->flags = DRM_GPUVM_SYNC_SIGNAL;
		return 0;
	default:
		return -EINVAL;
	}
}

static struct drm_gpuvm_syncs *syncs_create(struct drm_file *file,
					    const struct drm_evgem_sync *args,
					    u32 count)
{
	struct drm_gpuvm_syncs *syncs;
	struct drm_gpuvm_sync *array;
	int ret = 0;

	array = kcalloc(count, sizeof(*array), GFP_KERNEL_ACCOUNT);
	if (!array)
		return ERR_PTR(-ENOMEM);

	for (u32 i = 0; i < count && !ret; i++)
		ret = sync_from_args(&array[i], &args[i]);

	syncs = ret ? ERR_PTR(ret) : drm_gpuvm_syncs_create(file, array, count);
	kfree(array);
	return syncs;
}

/**
 * evgem_syncs_copy() - copy and look up the syncs of a call
 * @file: the caller's
 * @array: array of struct drm_evgem_sync in user memory
 *
 * Context: process; sleeps; no lock that a page fault takes.
 * Return: the syncs, for drm_gpuvm_syncs_free(); NULL if there are none; an
 * ERR_PTR(): -EINVAL; -E2BIG; -EFAULT; -ENOENT for an unknown syncobj; -ENOMEM.
 */
struct drm_gpuvm_syncs *evgem_syncs_copy(struct drm_file *file,
					 const struct drm_evgem_array *array)
{
	struct drm_gpuvm_syncs *syncs;
	struct drm_evgem_sync *args;

	args = evgem_array_copy(array, EVGEM_MAX_SYNCS, sizeof(*args));
	if (IS_ERR_OR_NULL(args))
		return ERR_CAST(args);

	syncs = syncs_create(file, args, array->count);
	kvfree(args);
	return syncs;
}
