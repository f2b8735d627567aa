// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Syncobjs in and out, binary and timeline: from the uAPI's two arrays to the
 * core's one.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "nv_bind.h"
#include "nv_uapi.h"

static int sync_from_args(struct drm_gpuvm_sync *sync,
			  const struct drm_nouveau_sync *args, u32 flags)
{
	bool timeline = args->flags == DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ;

	if ((args->flags != DRM_NOUVEAU_SYNC_SYNCOBJ && !timeline) ||
	    timeline != !!args->timeline_value)
		return -EINVAL;

	sync->handle = args->handle;
	sync->flags = flags;
	sync->point = args->timeline_value;
	return 0;
}

static int copy_half(struct drm_gpuvm_sync *syncs, u64 user, u32 count,
		     u32 flags)
{
	struct drm_nouveau_sync *args;
	int ret = 0;

	if (!count)
		return 0;

	args = vmemdup_array_user(u64_to_user_ptr(user), count, sizeof(*args));
	if (IS_ERR(args))
		return PTR_ERR(args);

	for (u32 i = 0; i < count && !ret; i++)
		ret = sync_from_args(&syncs[i], &args[i], flags);
	kvfree(args);
	return ret;
}

/**
 * nv_syncs_copy() - copy and look up the syncs of a call
 * @file: the caller's
 * @waits: user's array of struct drm_nouveau_sync to wait for
 * @num_waits: its elements
 * @signals: the same, to signal
 * @num_signals: its elements
 *
 * Context: process; sleeps; no lock that a page fault takes.
 * Return: the syncs, for drm_gpuvm_syncs_free(); NULL if there are none; an
 * ERR_PTR(): -EINVAL for too many, an unknown type or flag, a value of a binary
 * one or none of a timeline, and for nothing to wait for; -EFAULT; -ENOENT for an
 * unknown syncobj; -ENOMEM.
 */
struct drm_gpuvm_syncs *nv_syncs_copy(struct drm_file *file,
				      u64 waits, u32 num_waits,
				      u64 signals, u32 num_signals)
{
	struct drm_gpuvm_syncs *syncs;
	struct drm_gpuvm_sync *array;
	u32 count;
	int ret;

	if (num_waits > NV_MAX_SYNCS || num_signals > NV_MAX_SYNCS)
		return ERR_PTR(-EINVAL);

	count = num_waits + num_signals;
	if (!count)
		return NULL;

	array = kvcalloc(count, sizeof(*array), GFP_KERNEL_ACCOUNT);
	if (!array)
		return ERR_PTR(-ENOMEM);

	ret = copy_half(array, waits, num_waits, DRM_GPUVM_SYNC_WAIT) ?:
	      copy_half(array + num_waits, signals, num_signals,
			DRM_GPUVM_SYNC_SIGNAL);
	syncs = ret ? ERR_PTR(ret) : drm_gpuvm_syncs_create(file, array, count);
	kvfree(array);
	return syncs;
}
