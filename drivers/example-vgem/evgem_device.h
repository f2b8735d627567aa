/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device and what each open file of it has.
 */
#ifndef __EVGEM_DEVICE_H__
#define __EVGEM_DEVICE_H__

#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>

struct drm_evgem_bind_op;
struct drm_file;
struct drm_gpuvm_lru;
struct drm_printer;
struct evgem_bind_job;
struct evgem_hw;
struct evgem_queue;
struct evgem_vm;
struct workqueue_struct;

/* Limits of the uAPI, which QUERY tells. */
#define EVGEM_VA_RESERVED	SZ_64K
#define EVGEM_MAX_QUEUES	64
#define EVGEM_MAX_BIND_OPS	16384
#define EVGEM_MAX_SYNCS		64
#define EVGEM_MAX_CMDBUFS	64
#define EVGEM_MAX_CMDBUF_SIZE	SZ_64K
#define EVGEM_MAX_TIMEOUT_MS	600000

/**
 * struct evgem_device - the device
 */
struct evgem_device {
	/** @drm: the DRM part */
	struct drm_device drm;
	/** @hw: the hardware */
	struct evgem_hw *hw;
	/** @sched_wq: runs the schedulers of all queues and VMs */
	struct workqueue_struct *sched_wq;
	/** @timeout_wq: runs the timeouts of the queues */
	struct workqueue_struct *timeout_wq;
	/** @lru: the memory of BOs */
	struct drm_gpuvm_lru *lru;
	/** @contexts: numbers of address spaces in use; has its own lock */
	struct ida contexts;
	/** @vms_lock: protects @vms; taken before all locks of a VM */
	struct mutex vms_lock;
	/** @vms: all open VMs, for debugfs and unplugging */
	struct list_head vms;
};

static inline struct evgem_device *to_evgem_device(struct drm_device *drm)
{
	return container_of(drm, struct evgem_device, drm);
}

/**
 * struct evgem_file - what belongs to an open file
 *
 * Reference counted by @ref: the open file, each VM and each BO have one.
 */
struct evgem_file {
	/** @ref: see above */
	struct kref ref;
	/** @vms_left: VMs that were not freed yet, with or without an id */
	atomic_t vms_left;
	/** @vm_freed: woken when @vms_left is 0 */
	wait_queue_head_t vm_freed;
	/** @vms: VMs by id; has its own lock */
	struct xarray vms;
	/** @next_vm: where the search for a free id goes on; lock of @vms */
	u32 next_vm;
	/** @num_vms: VMs and reservations for VMs in the making */
	atomic_t num_vms;
	/** @queues: queues by id; has its own lock */
	struct xarray queues;
	/** @next_queue: as @next_vm; lock of @queues */
	u32 next_queue;
	/** @num_queues: as @num_vms */
	atomic_t num_queues;
	/** @bo_bytes: BOs that were made with the file and are not freed yet */
	atomic64_t bo_bytes;
	/** @mappings: in all VMs, as of the last bind of each */
	atomic64_t mappings;
	/** @queued_ops: operations of binds that have not run yet */
	atomic64_t queued_ops;
	/** @queued_bytes: jobs for the engine that are not done yet */
	atomic64_t queued_bytes;
	/** @busy_ns: what queues ran that are destroyed; lock of @queues */
	u64 busy_ns;
};

/* evgem_drv.c */
extern unsigned int evgem_max_vms;
extern unsigned int evgem_timeout_ms;
extern struct workqueue_struct *evgem_release_wq;

/* evgem_quota.c */
extern unsigned int evgem_max_bo_mb;

int evgem_quota_take_bo(struct evgem_file *efile, size_t size);
void evgem_quota_put_bo(struct evgem_file *efile, size_t size);
int evgem_quota_take_ops(struct evgem_vm *vm,
			 const struct drm_evgem_bind_op *ops, u32 count,
			 struct evgem_bind_job *job);
void evgem_quota_put_ops(struct evgem_vm *vm, struct evgem_bind_job *job);
void evgem_quota_ops_ran_locked(struct evgem_vm *vm, struct evgem_bind_job *job);
int evgem_quota_take_cmds(struct evgem_file *efile, size_t size);
void evgem_quota_put_cmds(struct evgem_file *efile, size_t size);

/* evgem_file.c */
int evgem_file_open(struct drm_device *drm, struct drm_file *file);
void evgem_file_close(struct drm_device *drm, struct drm_file *file);
void evgem_file_put(struct evgem_file *efile);
void evgem_file_vm_born(struct evgem_file *efile);
void evgem_file_vm_freed(struct evgem_file *efile);
int evgem_file_add_vm(struct drm_file *file, struct evgem_vm *vm, u32 *id);
int evgem_file_add_queue(struct drm_file *file, struct evgem_queue *queue,
			 u32 *id);
struct evgem_vm *evgem_file_get_vm(struct drm_file *file, u32 id);
struct evgem_queue *evgem_file_get_queue(struct drm_file *file, u32 id);
void evgem_file_show_fdinfo(struct drm_printer *p, struct drm_file *file);
int evgem_query_ioctl(struct drm_device *drm, void *data,
		      struct drm_file *file);
int evgem_vm_destroy_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int evgem_queue_destroy_ioctl(struct drm_device *drm, void *data,
			      struct drm_file *file);

#endif
