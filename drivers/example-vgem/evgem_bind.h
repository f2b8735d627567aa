/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds: jobs that change a VM.
 */
#ifndef __EVGEM_BIND_H__
#define __EVGEM_BIND_H__

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "evgem_map.h"

struct dentry;
struct drm_device;
struct drm_file;
struct evgem_vm;

/**
 * struct evgem_bind_op - one operation, checked
 */
struct evgem_bind_op {
	/** @addr: where in the VM */
	u64 addr;
	/** @range: bytes */
	u64 range;
	/** @offset: where in the BO */
	u64 offset;
	/** @vm_bo: of what is mapped, with a reference; NULL to unmap */
	struct drm_gpuvm_bo *vm_bo;
	/** @flags: &drm_gpuva.flags of the mapping */
	u32 flags;
};

/**
 * enum evgem_bind_state - where a bind job stands
 */
enum evgem_bind_state {
	/** @EVGEM_BIND_QUEUED: not begun; goes to either of the others */
	EVGEM_BIND_QUEUED,
	/** @EVGEM_BIND_BEGUN: changes the VM, or has; final */
	EVGEM_BIND_BEGUN,
	/** @EVGEM_BIND_WITHDRAWN: will not change the VM; final */
	EVGEM_BIND_WITHDRAWN,
};

/**
 * struct evgem_bind_job - operations that are applied together
 *
 * Belongs to the ioctl until it is pushed, then to the scheduler; a synchronous
 * ioctl keeps a reference, which allows it to look at @state only.
 */
struct evgem_bind_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @ref: the scheduler's and the ioctl's */
	struct kref ref;
	/** @vm: the VM, with a reference */
	struct evgem_vm *vm;
	/** @state: enum evgem_bind_state; whoever moves it from QUEUED wins */
	atomic_t state;
	/** @ctx: what was set aside, and what is to be freed */
	struct evgem_map_ctx ctx;
	/** @ops: the operations */
	struct evgem_bind_op *ops;
	/** @num_ops: their number */
	u32 num_ops;
	/** @cleanup: frees all that, outside the signalling section */
	struct work_struct cleanup;
};

/* evgem_bind.c */
int evgem_vm_bind_ioctl(struct drm_device *drm, void *data,
			struct drm_file *file);

/* evgem_bind_job.c */
int evgem_bind_queue_init(struct evgem_vm *vm);
struct evgem_bind_job *evgem_bind_job_alloc(struct evgem_vm *vm, u32 num_ops,
					    u64 client_id);
void evgem_bind_job_get(struct evgem_bind_job *job);
void evgem_bind_job_put(struct evgem_bind_job *job);
void evgem_bind_job_abort(struct evgem_bind_job *job);
bool evgem_bind_job_withdraw(struct evgem_bind_job *job);
void evgem_bind_debugfs_init(struct dentry *dir);

#endif
