/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Jobs for the engine.
 */
#ifndef __EVGEM_EXEC_H__
#define __EVGEM_EXEC_H__

#include <linux/dma-fence.h>
#include <linux/spinlock.h>

#include <drm/gpu_scheduler.h>

#include "evgem_hw.h"

struct evgem_queue;

/**
 * struct evgem_fence - the engine's fence of a job
 */
struct evgem_fence {
	/** @base: initialised by run_job */
	struct dma_fence base;
	/** @lock: protects @base, which may live longer than the job */
	spinlock_t lock;
};

/**
 * struct evgem_exec_job - a job
 *
 * Belongs to the ioctl until it is pushed, then to the scheduler.
 */
struct evgem_exec_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @queue: the queue, with a reference */
	struct evgem_queue *queue;
	/** @hw: the engine's part */
	struct evgem_hw_job hw;
	/** @fence: allocated with the job, because run_job must not */
	struct evgem_fence *fence;
	/** @has_run: @fence is initialised; set by run_job */
	bool has_run;
	/** @cmds: the commands, for @hw */
	void *cmds;
};

struct evgem_exec_job *evgem_exec_job_alloc(struct evgem_queue *queue,
					    void *cmds, size_t size,
					    u64 client_id);
void evgem_exec_job_abort(struct evgem_exec_job *job);

#endif
