/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Jobs for the device.
 */
#ifndef __NV_EXEC_H__
#define __NV_EXEC_H__

#include <drm/gpu_scheduler.h>

struct drm_nouveau_exec_push;
struct nv_channel;
struct nv_fence;

/**
 * struct nv_exec_job - a job
 *
 * Belongs to the ioctl until it is pushed, then to the scheduler.
 */
struct nv_exec_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @chan: the channel, with a reference */
	struct nv_channel *chan;
	/** @fence: allocated with the job, because run_job must not */
	struct nv_fence *fence;
	/** @has_run: @fence is initialised; set by run_job */
	bool has_run;
	/** @pushes: what to run, checked */
	struct drm_nouveau_exec_push *pushes;
	/** @num_pushes: how many */
	u32 num_pushes;
};

struct nv_exec_job *nv_exec_job_alloc(struct nv_channel *chan,
				      struct drm_nouveau_exec_push *pushes,
				      u32 num_pushes, u64 client_id);
void nv_exec_job_abort(struct nv_exec_job *job);

#endif
