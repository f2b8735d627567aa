/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * GPU virtual address spaces.
 */
#ifndef __EVGEM_VM_H__
#define __EVGEM_VM_H__

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm_bind.h>

#include "evgem_pt.h"

struct drm_file;
struct evgem_device;
struct evgem_file;
struct evgem_hw_fault;
struct evgem_queue;

/**
 * struct evgem_vm_fault - the last fault
 */
struct evgem_vm_fault {
	/** @count: faults so far */
	u64 count;
	/** @addr: first address that could not be accessed */
	u64 addr;
	/** @access: one of enum drm_evgem_access */
	u32 access;
	/** @reason: one of enum drm_evgem_fault */
	u32 reason;
	/** @queue: id of the queue */
	u32 queue;
};

/**
 * struct evgem_vm - a GPU virtual address space
 *
 * Reference counted by @ref: the file's table, each queue and each bind job
 * have one. The last puts the struct drm_gpuvm inside, which has references of
 * its own that the core counts.
 */
struct evgem_vm {
	/** @base: the core's part */
	struct drm_gpuvm base;
	/** @evgem: the device */
	struct evgem_device *evgem;
	/** @file: whose VM this is, with a reference */
	struct evgem_file *file;
	/** @ref: see above */
	struct kref ref;
	/** @release: frees the VM, in a context of its own */
	struct work_struct release;
	/** @link: in &evgem_device.vms, under its vms_lock */
	struct list_head link;
	/** @context: number of the address space in the hardware */
	unsigned int context;

	/** @binds: its bind queue, whose lock is that of the VM */
	struct drm_gpuvm_bind_queue *binds;
	/** @pt: the page tables; under the lock of @binds */
	struct evgem_pt pt;
	/** @mappings: as the file's quota knows them; under the lock of @binds */
	u64 mappings;
	/** @tlb_flushes: flushes by binds; under the lock of @binds */
	u64 tlb_flushes;

	/** @queues_lock: protects @queues */
	struct mutex queues_lock;
	/** @queues: queues of the VM */
	struct list_head queues;

	/** @fault_lock: protects @fault */
	spinlock_t fault_lock;
	/** @fault: the last one */
	struct evgem_vm_fault fault;
};

static inline struct evgem_vm *to_evgem_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct evgem_vm, base);
}

void evgem_vm_get(struct evgem_vm *vm);
void evgem_vm_put(struct evgem_vm *vm);
void evgem_vm_close(struct evgem_vm *vm);
void evgem_vm_kill_queues(struct evgem_vm *vm);
int evgem_vm_error(struct evgem_vm *vm);
void evgem_vm_record_fault(struct evgem_vm *vm, u32 queue,
			   const struct evgem_hw_fault *fault);
int evgem_vm_create_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);
int evgem_vm_state_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file);

#endif
