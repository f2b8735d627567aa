// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What an open file has: VMs and queues by number, and a limit on both.
 *
 * Shows how ids are kept: each file has its own, so that no program can name
 * another's objects; they go up and come again only after the whole range was
 * used, so that a stale id is not silently another object; and taking an object
 * out of the table is the one moment at which it is destroyed, so two threads
 * that destroy the same id cannot both succeed.
 *
 * For your own hardware: change the answer to QUERY.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/drm_print.h>
#include <drm/evgem_drm.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_pte.h"
#include "evgem_queue.h"
#include "evgem_vm.h"

#define EVGEM_IDS XA_LIMIT(1, INT_MAX)

/**
 * evgem_file_open() - &drm_driver.open
 * @drm: the device
 * @file: being opened
 *
 * Return: 0; -ENOMEM.
 */
int evgem_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct evgem_file *efile = kzalloc_obj(*efile, GFP_KERNEL_ACCOUNT);

	if (!efile)
		return -ENOMEM;

	kref_init(&efile->ref);
	init_waitqueue_head(&efile->vm_freed);
	xa_init_flags(&efile->vms, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&efile->queues, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	file->driver_priv = efile;
	return 0;
}

static void file_release(struct kref *ref)
{
	kfree(container_of(ref, struct evgem_file, ref));
}

/**
 * evgem_file_put() - drop a reference
 * @efile: the file
 */
void evgem_file_put(struct evgem_file *efile)
{
	kref_put(&efile->ref, file_release);
}

/**
 * evgem_file_close() - &drm_driver.postclose
 * @drm: the device
 * @file: being closed; no ioctl of it is under way
 *
 * Jobs that the program left behind end with -ECANCELED.
 */
void evgem_file_close(struct drm_device *drm, struct drm_file *file)
{
	struct evgem_file *efile = file->driver_priv;
	struct evgem_queue *queue;
	struct evgem_vm *vm;
	unsigned long id;

	xa_for_each(&efile->queues, id, queue) {
		evgem_queue_close(queue);
		evgem_queue_put(queue);
	}
	xa_destroy(&efile->queues);

	xa_for_each(&efile->vms, id, vm) {
		evgem_vm_close(vm);
		evgem_vm_put(vm);
	}
	xa_destroy(&efile->vms);

	/*
	 * The VMs are freed by workers, soon unless a job waits for somebody
	 * else. Who closed the last file expects that the module is unused.
	 */
	wait_event_timeout(efile->vm_freed, !atomic_read(&efile->vms_left), HZ);
	evgem_file_put(efile);
}

/**
 * evgem_file_vm_born() - count a VM
 * @efile: the file that it belongs to
 */
void evgem_file_vm_born(struct evgem_file *efile)
{
	kref_get(&efile->ref);
	atomic_inc(&efile->vms_left);
}

/**
 * evgem_file_vm_freed() - the same VM is gone
 * @efile: the file, which may be closed, and gone when this returns
 */
void evgem_file_vm_freed(struct evgem_file *efile)
{
	if (atomic_dec_and_test(&efile->vms_left))
		wake_up(&efile->vm_freed);
	evgem_file_put(efile);
}

static int table_add(struct xarray *table, u32 *next, atomic_t *count,
		     unsigned int limit, void *object, u32 *id)
{
	int ret;

	if (atomic_inc_return(count) > limit) {
		atomic_dec(count);
		return -ENOSPC;
	}

	ret = xa_alloc_cyclic(table, id, object, EVGEM_IDS, next,
			      GFP_KERNEL_ACCOUNT);
	if (ret < 0) {
		atomic_dec(count);
		return ret == -EBUSY ? -ENOSPC : ret;
	}

	return 0;
}

/**
 * evgem_file_add_vm() - give a VM an id
 * @file: the file
 * @vm: the VM, complete: another thread may guess the id and use it at once
 * @id: the id
 *
 * The table takes over the caller's reference, unless it fails.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOSPC if the file has its share of VMs; -ENOMEM.
 */
int evgem_file_add_vm(struct drm_file *file, struct evgem_vm *vm, u32 *id)
{
	struct evgem_file *efile = file->driver_priv;

	return table_add(&efile->vms, &efile->next_vm, &efile->num_vms,
			 evgem_max_vms, vm, id);
}

/**
 * evgem_file_add_queue() - give a queue an id
 * @file: the file
 * @queue: the queue, complete
 * @id: the id
 *
 * The table takes over the caller's reference, unless it fails.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOSPC if the file has its share of queues; -ENOMEM.
 */
int evgem_file_add_queue(struct drm_file *file, struct evgem_queue *queue,
			 u32 *id)
{
	struct evgem_file *efile = file->driver_priv;

	return table_add(&efile->queues, &efile->next_queue,
			 &efile->num_queues, EVGEM_MAX_QUEUES, queue, id);
}

/**
 * evgem_file_get_vm() - look up a VM
 * @file: the file
 * @id: the id
 *
 * Context: any.
 * Return: the VM with a reference for the caller; NULL if there is none.
 */
struct evgem_vm *evgem_file_get_vm(struct drm_file *file, u32 id)
{
	struct evgem_file *efile = file->driver_priv;
	struct evgem_vm *vm;

	/* The table's own reference is dropped after the lock was held once. */
	xa_lock(&efile->vms);
	vm = xa_load(&efile->vms, id);
	if (vm)
		evgem_vm_get(vm);
	xa_unlock(&efile->vms);

	return vm;
}

/**
 * evgem_file_get_queue() - look up a queue
 * @file: the file
 * @id: the id
 *
 * Context: any.
 * Return: the queue with a reference for the caller; NULL if there is none.
 */
struct evgem_queue *evgem_file_get_queue(struct drm_file *file, u32 id)
{
	struct evgem_file *efile = file->driver_priv;
	struct evgem_queue *queue;

	xa_lock(&efile->queues);
	queue = xa_load(&efile->queues, id);
	if (queue)
		evgem_queue_get(queue);
	xa_unlock(&efile->queues);

	return queue;
}

/**
 * evgem_vm_destroy_ioctl() - DRM_IOCTL_EVGEM_VM_DESTROY
 * @drm: the device
 * @data: struct drm_evgem_vm_destroy
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT.
 */
int evgem_vm_destroy_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file)
{
	struct evgem_file *efile = file->driver_priv;
	const struct drm_evgem_vm_destroy *args = data;
	struct evgem_vm *vm;

	if (args->pad)
		return -EINVAL;

	vm = xa_erase(&efile->vms, args->vm_id);
	if (!vm)
		return -ENOENT;

	evgem_vm_close(vm);
	evgem_vm_put(vm);
	atomic_dec(&efile->num_vms);
	return 0;
}

/**
 * evgem_queue_destroy_ioctl() - DRM_IOCTL_EVGEM_QUEUE_DESTROY
 * @drm: the device
 * @data: struct drm_evgem_queue_destroy
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT.
 */
int evgem_queue_destroy_ioctl(struct drm_device *drm, void *data,
			      struct drm_file *file)
{
	struct evgem_file *efile = file->driver_priv;
	const struct drm_evgem_queue_destroy *args = data;
	struct evgem_queue *queue;

	if (args->pad)
		return -EINVAL;

	queue = xa_erase(&efile->queues, args->queue_id);
	if (!queue)
		return -ENOENT;

	evgem_queue_close(queue);
	/* It runs no more, so this is the last word. */
	xa_lock(&efile->queues);
	efile->busy_ns += evgem_ring_busy_ns(&queue->ring);
	xa_unlock(&efile->queues);
	evgem_queue_put(queue);
	atomic_dec(&efile->num_queues);
	return 0;
}

/**
 * evgem_file_show_fdinfo() - &drm_driver.show_fdinfo
 * @p: printer
 * @file: the file
 *
 * A program's queues are the engines that it has: drm-engine-ring is the sum of
 * their times, of which as many pass at once as there are queues.
 *
 * Context: process.
 */
void evgem_file_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct evgem_file *efile = file->driver_priv;
	struct evgem_queue *queue;
	unsigned long id;
	u64 total;

	xa_lock(&efile->queues);
	total = efile->busy_ns;
	xa_for_each(&efile->queues, id, queue) {
		u64 ns = evgem_ring_busy_ns(&queue->ring);

		drm_printf(p, "example-vgem-queue-%lu:\t%llu ns\n", id, ns);
		total += ns;
	}
	xa_unlock(&efile->queues);

	drm_printf(p, "drm-engine-ring:\t%llu ns\n", total);
	drm_printf(p, "drm-engine-capacity-ring:\t%u\n", EVGEM_MAX_QUEUES);
	drm_show_memory_stats(p, file);
}

static void device_info(struct evgem_device *evgem,
			struct drm_evgem_device_info *info)
{
	struct drm_gpuvm_lru_stats memory;

	drm_gpuvm_lru_get_stats(evgem->lru, &memory);
	*info = (struct drm_evgem_device_info) {
		.features = DRM_EVGEM_FEATURE_ASYNC_BIND |
			    DRM_EVGEM_FEATURE_TIMELINE |
			    DRM_EVGEM_FEATURE_READONLY |
			    DRM_EVGEM_FEATURE_HUGE |
			    DRM_EVGEM_FEATURE_SPARSE |
			    DRM_EVGEM_FEATURE_UNMAP_BO |
			    DRM_EVGEM_FEATURE_REPEAT |
			    DRM_EVGEM_FEATURE_USERPTR |
			    DRM_EVGEM_FEATURE_PRIME |
			    DRM_EVGEM_FEATURE_MEMORY_LIMIT,
		.page_sizes = evgem_pt_span(0) |
			      evgem_pt_span(EVGEM_PT_LEAF_LEVEL),
		.va_range = EVGEM_VA_RANGE,
		.va_reserved = EVGEM_VA_RESERVED,
		.memory_limit = memory.limit,
		.va_bits = EVGEM_VA_BITS,
		.max_vms = evgem_max_vms,
		.max_queues = EVGEM_MAX_QUEUES,
		.max_bind_ops = EVGEM_MAX_BIND_OPS,
		.max_syncs = EVGEM_MAX_SYNCS,
		.max_cmdbufs = EVGEM_MAX_CMDBUFS,
		.max_cmdbuf_size = EVGEM_MAX_CMDBUF_SIZE,
		.default_timeout_ms = evgem_timeout_ms,
		.max_timeout_ms = EVGEM_MAX_TIMEOUT_MS,
		.max_bo_mb = READ_ONCE(evgem_max_bo_mb),
	};
}

/**
 * evgem_query_ioctl() - DRM_IOCTL_EVGEM_QUERY
 * @drm: the device
 * @data: struct drm_evgem_query
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -EFAULT.
 */
int evgem_query_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_evgem_query *args = data;
	void __user *to = u64_to_user_ptr(args->data);
	struct drm_evgem_device_info info;
	size_t n;

	/* No program has a struct that large: what would be cleared is not it. */
	if (args->query != DRM_EVGEM_QUERY_DEVICE || args->size > SZ_4K)
		return -EINVAL;

	if (args->data) {
		device_info(to_evgem_device(drm), &info);
		n = min_t(size_t, args->size, sizeof(info));
		if (copy_to_user(to, &info, n) ||
		    clear_user(to + n, args->size - n))
			return -EFAULT;
	}

	args->size = sizeof(info);
	return 0;
}
