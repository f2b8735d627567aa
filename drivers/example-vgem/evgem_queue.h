/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Queues: where a program's jobs for the engine go.
 */
#ifndef __EVGEM_QUEUE_H__
#define __EVGEM_QUEUE_H__

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "evgem_hw.h"

struct drm_device;
struct drm_file;
struct evgem_vm;

/**
 * struct evgem_queue - a queue
 *
 * Reference counted by @ref: the file's table and each job have one.
 */
struct evgem_queue {
	/** @ref: see above */
	struct kref ref;
	/** @vm: whose addresses the jobs use, with a reference */
	struct evgem_vm *vm;
	/** @link: in &evgem_vm.queues, under its queues_lock */
	struct list_head link;
	/** @id: for fault reports; does not change once the id is known */
	u32 id;
	/** @ring: the engine's side */
	struct evgem_ring ring;
	/** @submit_lock: makes arming and queuing of a job one step */
	struct mutex submit_lock;
	/** @sched: of this queue alone, as each runs by itself */
	struct drm_gpu_scheduler sched;
	/** @entity: pushed to under @submit_lock */
	struct drm_sched_entity entity;
	/** @fence_context: of the engine's fences */
	u64 fence_context;
	/** @fence_seqno: of the last such; used by run_job alone */
	u64 fence_seqno;
	/** @release: frees the queue, in a context of its own */
	struct work_struct release;
};

/* evgem_queue.c */
void evgem_queue_get(struct evgem_queue *queue);
void evgem_queue_put(struct evgem_queue *queue);
void evgem_queue_close(struct evgem_queue *queue);
int evgem_queue_create_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file);

/* evgem_exec_job.c */
extern const struct drm_sched_backend_ops evgem_exec_sched_ops;

/* evgem_exec.c */
int evgem_exec_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
