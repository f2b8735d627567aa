/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What a job waits for and what it signals.
 */
#ifndef __EVGEM_SYNC_H__
#define __EVGEM_SYNC_H__

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_evgem_array;
struct drm_file;
struct drm_sched_job;
struct drm_syncobj;

/**
 * struct evgem_sync - one of them
 */
struct evgem_sync {
	/** @wait: the fence to wait for; NULL if there is none or it was passed on */
	struct dma_fence *wait;
	/** @signal: the syncobj to signal, or NULL */
	struct drm_syncobj *signal;
	/** @chain: for a point of a timeline; NULL if binary or passed on */
	struct dma_fence_chain *chain;
	/** @point: of the timeline @signal */
	u64 point;
};

/**
 * struct evgem_syncs - all of one job
 *
 * On the stack of the ioctl; zeroed is empty.
 */
struct evgem_syncs {
	/** @syncs: the array */
	struct evgem_sync *syncs;
	/** @count: its elements */
	u32 count;
};

int evgem_syncs_init(struct evgem_syncs *syncs, struct drm_file *file,
		     const struct drm_evgem_array *array);
int evgem_syncs_wait(struct evgem_syncs *syncs, struct drm_sched_job *job);
void evgem_syncs_signal(struct evgem_syncs *syncs, struct dma_fence *fence);
void evgem_syncs_fini(struct evgem_syncs *syncs);

#endif
