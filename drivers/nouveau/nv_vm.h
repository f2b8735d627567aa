/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Address spaces of the device: one for each open file that asks for it.
 */
#ifndef __NV_VM_H__
#define __NV_VM_H__

#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm_bind.h>

#include "mmu/nv_mmu.h"
#include "nv_region.h"

struct dma_fence;
struct drm_file;
struct nv_device;
struct nv_file;

/**
 * struct nv_vm - an address space
 *
 * Reference counted by @ref: the file, each channel and each bind job have one.
 * The last puts the struct drm_gpuvm inside, which has references of its own
 * that the core counts.
 */
struct nv_vm {
	/** @base: the core's part */
	struct drm_gpuvm base;
	/** @nv: the device */
	struct nv_device *nv;
	/** @file: whose VM this is, with a reference */
	struct nv_file *file;
	/** @ref: see above */
	struct kref ref;
	/** @release: frees the VM, in a context of its own */
	struct work_struct release;
	/** @link: in &nv_device.vms, under its vms_lock */
	struct list_head link;

	/** @binds: its bind queue */
	struct drm_gpuvm_bind_queue *binds;
	/**
	 * @bind_lock: makes the look at @regions and the submission of a bind
	 * one step; outside of the locks of @binds and of all dma_resv
	 */
	struct mutex bind_lock;
	/** @regions: the sparse ones as of the last bind; under @bind_lock */
	struct nv_regions regions;
	/** @last_bind: the fence of the last bind, or NULL; under @bind_lock */
	struct dma_fence *last_bind;

	/**
	 * @mmu_lock: protects @mmu
	 *
	 * Taken in the fence signalling section, innermost: nobody allocates
	 * under it.
	 */
	struct mutex mmu_lock;
	/** @mmu: the page tables */
	struct nv_mmu mmu;
	/** @tlb_flushes: flushes by binds; under @mmu_lock */
	u64 tlb_flushes;

	/** @slots: pieces of the kernel's part in use; has its own lock */
	struct ida slots;
	/** @channels_lock: protects @channels */
	struct mutex channels_lock;
	/** @channels: those of the VM, &nv_channel.link */
	struct list_head channels;
};

static inline struct nv_vm *to_nv_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct nv_vm, base);
}

/* nv_vm.c */
void nv_vm_get(struct nv_vm *vm);
void nv_vm_put(struct nv_vm *vm);
void nv_vm_close(struct nv_vm *vm);
void nv_vm_kill_channels(struct nv_vm *vm, int error);
void nv_vm_settle(struct nv_vm *vm);
int nv_vm_error(struct nv_vm *vm);
int nv_vm_init_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

/* nv_map.c */
int nv_bind_queue_init(struct nv_vm *vm);
int nv_vm_map_kernel(struct nv_vm *vm, u64 addr, void *memory, size_t size);
void nv_vm_unmap_kernel(struct nv_vm *vm, u64 addr, size_t size);

#endif
