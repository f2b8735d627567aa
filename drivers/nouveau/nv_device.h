/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device and what each open file of it has.
 */
#ifndef __NV_DEVICE_H__
#define __NV_DEVICE_H__

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_mm.h>

struct drm_file;
struct drm_gpuvm_lru;
struct drm_printer;
struct nv_channel;
struct nv_hw;
struct nv_hw_events;
struct nv_vm;
struct workqueue_struct;

/* What the device says that it is: a Turing TU102. */
#define NV_PCI_VENDOR	0x10de
#define NV_PCI_DEVICE	0x1e04
#define NV_CHIPSET	0x162
#define NV_CHIP_NAME	"TU102"

/**
 * struct nv_device - the device
 */
struct nv_device {
	/** @drm: the DRM part */
	struct drm_device drm;
	/** @hw: the hardware */
	struct nv_hw *hw;
	/** @sched_wq: runs the schedulers of all channels and VMs */
	struct workqueue_struct *sched_wq;
	/** @timeout_wq: runs the timeouts of the channels */
	struct workqueue_struct *timeout_wq;
	/** @lru: the BOs that have VRAM */
	struct drm_gpuvm_lru *lru;
	/** @vram_lock: protects @vram; inside of dma_resv locks */
	struct mutex vram_lock;
	/** @vram: which pieces of VRAM are in use */
	struct drm_mm vram;
	/** @vram_size: bytes; does not change */
	u64 vram_size;
	/** @channels: by the hardware's number; has its own lock */
	struct xarray channels;
	/** @next_channel: where the search for a number goes on; same lock */
	u32 next_channel;
	/** @vms_lock: protects @vms; taken before all locks of a VM */
	struct mutex vms_lock;
	/** @vms: all open VMs, for debugfs and unplugging */
	struct list_head vms;
};

static inline struct nv_device *to_nv_device(struct drm_device *drm)
{
	return container_of(drm, struct nv_device, drm);
}

/**
 * struct nv_file - what belongs to an open file
 *
 * Reference counted by @ref: the open file and its VM have one.
 */
struct nv_file {
	/** @ref: see above */
	struct kref ref;
	/** @lock: serialises VM_INIT with what rules it out */
	struct mutex lock;
	/**
	 * @vm: the one VM; NULL before VM_INIT
	 *
	 * Set under @lock, once; read by nv_file_vm() without it.
	 */
	struct nv_vm *vm;
	/** @no_vm: something was made that rules out a VM; under @lock */
	bool no_vm;
	/** @vms_left: VMs that were not freed yet: 0 or 1 */
	atomic_t vms_left;
	/** @vm_freed: woken when @vms_left is 0 */
	wait_queue_head_t vm_freed;
	/** @channels: by the hardware's number; has its own lock */
	struct xarray channels;
	/** @num_channels: channels, and those in the making */
	atomic_t num_channels;
	/** @busy_ns: what channels ran that are gone; lock of @channels */
	u64 busy_ns;
	/** @objects_lock: protects @objects */
	struct mutex objects_lock;
	/** @objects: what NVIF made, struct nv_object */
	struct list_head objects;
	/** @num_objects: elements of @objects; under @objects_lock */
	unsigned int num_objects;
};

/* nv_drv.c */
extern struct workqueue_struct *nv_release_wq;
extern unsigned int nv_timeout_ms;

struct nv_device *nv_device_create(struct device *parent);
void nv_device_unplug(struct nv_device *nv);

/* nv_file.c */
int nv_file_open(struct drm_device *drm, struct drm_file *file);
void nv_file_close(struct drm_device *drm, struct drm_file *file);
void nv_file_vm_born(struct nv_file *nfile);
void nv_file_vm_freed(struct nv_file *nfile);
void nv_file_rule_out_vm(struct nv_file *nfile);
struct nv_vm *nv_file_vm(struct nv_file *nfile);
struct nv_channel *nv_file_get_channel(struct nv_file *nfile, u32 chid);
void nv_file_show_fdinfo(struct drm_printer *p, struct drm_file *file);

/* nv_getparam.c */
int nv_getparam_ioctl(struct drm_device *drm, void *data,
		      struct drm_file *file);
int nv_zcull_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
