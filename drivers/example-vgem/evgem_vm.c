// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * GPU virtual address spaces: how they begin, die, and end.
 *
 * Shows the end in its phases. Closing (the id was destroyed, or the file
 * closed) stops the queues, unmaps everything, and from then on no job changes
 * or uses the VM; but jobs that still wait for a fence of somebody else keep the
 * struct. When the last job and queue are gone, a worker frees what is left.
 * It has to be a worker: the last reference may be dropped by the very
 * scheduler that is to be freed.
 *
 * For your own hardware: evgem_hw_context_set() and _clear() become the setting
 * up of an address space. If it has fewer address spaces than there can be VMs,
 * this is where they are lent out.
 */
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/evgem_drm.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_hw.h"
#include "evgem_pte.h"
#include "evgem_queue.h"
#include "evgem_vm.h"

static void vm_free(struct drm_gpuvm *gpuvm)
{
	kfree(to_evgem_vm(gpuvm));
}

/* For the account of the program: there is one for each BO that it maps. */
static struct drm_gpuvm_bo *vm_bo_alloc(void)
{
	struct drm_gpuvm_bo *vm_bo = kzalloc_obj(*vm_bo, GFP_KERNEL_ACCOUNT);

	return vm_bo;
}

/*
 * RESV_PROTECTED: every bind and every job locks the VM's dma_resv anyway, so
 * it can protect the lists of external and evicted BOs as well.
 */
#define VM_FLAGS (DRM_GPUVM_RESV_PROTECTED | DRM_GPUVM_IMMEDIATE_MODE)

static const struct drm_gpuvm_ops vm_ops = {
	.vm_free = vm_free,
	.vm_bo_alloc = vm_bo_alloc,
	.vm_bo_validate = drm_gpuvm_bind_validate,
};

static void vm_release(struct work_struct *work)
{
	struct evgem_vm *vm = container_of(work, struct evgem_vm, release);
	struct evgem_device *evgem = vm->evgem;
	struct evgem_file *file = vm->file;

	drm_gpuvm_bind_queue_destroy(vm->binds);

	/* The number will be another VM's. */
	evgem_hw_context_clear(evgem->hw, vm->context);
	evgem_hw_tlb_flush(evgem->hw, vm->context, 0, EVGEM_VA_RANGE);
	ida_free(&evgem->contexts, vm->context);
	evgem_pt_fini(&vm->pt);

	drm_gpuvm_bo_deferred_cleanup(&vm->base);
	drm_gpuvm_close(&vm->base);

	/* Unloading waits for this worker to end. */
	module_put(THIS_MODULE);
	evgem_file_vm_freed(file);
}

static void vm_ref_release(struct kref *ref)
{
	struct evgem_vm *vm = container_of(ref, struct evgem_vm, ref);

	queue_work(evgem_release_wq, &vm->release);
}

/**
 * evgem_vm_get() - take one more reference
 * @vm: the VM
 */
void evgem_vm_get(struct evgem_vm *vm)
{
	kref_get(&vm->ref);
}

/**
 * evgem_vm_put() - drop a reference
 * @vm: the VM, which is closed if this is the last one
 *
 * Context: any.
 */
void evgem_vm_put(struct evgem_vm *vm)
{
	kref_put(&vm->ref, vm_ref_release);
}

static int init_gpuvm(struct evgem_vm *vm, u64 start, u64 range)
{
	struct drm_device *drm = &vm->evgem->drm;
	struct drm_gem_object *resv_obj = drm_gpuvm_resv_object_alloc(drm);
	int ret = -ENOMEM;

	if (resv_obj) {
		ret = drm_gpuvm_init(&vm->base, "example-vgem", VM_FLAGS, drm,
				     resv_obj, start, range,
				     start, EVGEM_VA_RESERVED, &vm_ops);
		drm_gem_object_put(resv_obj);
	}

	/* A VM with a bad range holds references all the same. */
	if (ret == -EINVAL)
		drm_gpuvm_put(&vm->base);
	else if (ret)
		kfree(vm);

	return ret;
}

static int init_context(struct evgem_vm *vm)
{
	int context = ida_alloc_max(&vm->evgem->contexts,
				    EVGEM_HW_CONTEXTS - 1, GFP_KERNEL);

	if (context < 0)
		return context;

	vm->context = context;
	evgem_hw_context_set(vm->evgem->hw, context,
			     evgem_pt_root_address(&vm->pt));
	return 0;
}

static void fini_context(struct evgem_vm *vm)
{
	evgem_hw_context_clear(vm->evgem->hw, vm->context);
	ida_free(&vm->evgem->contexts, vm->context);
}

static struct evgem_vm *vm_alloc(struct evgem_device *evgem)
{
	struct evgem_vm *vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;

	vm->evgem = evgem;
	kref_init(&vm->ref);
	INIT_WORK(&vm->release, vm_release);
	INIT_LIST_HEAD(&vm->link);
	INIT_LIST_HEAD(&vm->queues);
	mutex_init(&vm->queues_lock);
	spin_lock_init(&vm->fault_lock);
	return vm;
}

static struct evgem_vm *vm_create(struct evgem_device *evgem,
				  struct evgem_file *file, u64 start, u64 range)
{
	struct evgem_vm *vm = vm_alloc(evgem);
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);

	/* From here on the core's last put frees the VM. */
	ret = init_gpuvm(vm, start, range);
	if (ret)
		return ERR_PTR(ret);

	ret = evgem_pt_init(&vm->pt);
	if (ret)
		goto err_gpuvm;

	ret = init_context(vm);
	if (ret)
		goto err_pt;

	ret = evgem_bind_queue_init(vm);
	if (ret)
		goto err_context;

	/* A VM may outlive its file, waiting for a fence of somebody else. */
	__module_get(THIS_MODULE);
	evgem_file_vm_born(file);
	vm->file = file;
	scoped_guard(mutex, &evgem->vms_lock)
		list_add_tail(&vm->link, &evgem->vms);
	return vm;

err_context:
	fini_context(vm);
err_pt:
	evgem_pt_fini(&vm->pt);
err_gpuvm:
	drm_gpuvm_put(&vm->base);
	return ERR_PTR(ret);
}

/**
 * evgem_vm_kill_queues() - end all jobs of a VM, now and in future
 * @vm: the VM
 *
 * Context: process; sleeps.
 */
void evgem_vm_kill_queues(struct evgem_vm *vm)
{
	struct evgem_queue *queue;

	guard(mutex)(&vm->queues_lock);

	list_for_each_entry(queue, &vm->queues, link)
		evgem_queue_close(queue);
}

/**
 * evgem_vm_close() - end the use of a VM
 * @vm: the VM, which its file no longer has; called once
 *
 * Jobs that run end at once, those that wait end when their turn comes; all
 * with -ECANCELED.
 *
 * Context: process; sleeps.
 */
void evgem_vm_close(struct evgem_vm *vm)
{
	scoped_guard(mutex, &vm->evgem->vms_lock)
		list_del_init(&vm->link);

	/*
	 * Before, so that no job sees nothing mapped; and behind, for a queue
	 * that was being made and did not see yet that the VM is closed.
	 */
	evgem_vm_kill_queues(vm);
	drm_gpuvm_bind_queue_close(vm->binds);
	evgem_vm_kill_queues(vm);
}

/**
 * evgem_vm_error() - whether a VM takes binds and jobs
 * @vm: the VM
 *
 * Context: any; the answer may be old.
 * Return: 0; -ENOENT if it was closed; -EIO if it died.
 */
int evgem_vm_error(struct evgem_vm *vm)
{
	return drm_gpuvm_bind_queue_error(vm->binds);
}

/**
 * evgem_vm_record_fault() - remember a fault
 * @vm: the VM
 * @queue: id of the queue
 * @fault: the fault
 *
 * Context: any but interrupts.
 */
void evgem_vm_record_fault(struct evgem_vm *vm, u32 queue,
			   const struct evgem_hw_fault *fault)
{
	spin_lock(&vm->fault_lock);
	vm->fault.count++;
	vm->fault.addr = fault->addr;
	vm->fault.access = fault->access;
	vm->fault.reason = fault->reason;
	vm->fault.queue = queue;
	spin_unlock(&vm->fault_lock);
}

static bool vm_create_args_valid(const struct drm_evgem_vm_create *args)
{
	if (args->flags || !PAGE_ALIGNED(args->va_start | args->va_range) ||
	    args->va_start >= EVGEM_VA_RANGE)
		return false;

	return args->va_range <= EVGEM_VA_RANGE - args->va_start;
}

/**
 * evgem_vm_create_ioctl() - DRM_IOCTL_EVGEM_VM_CREATE
 * @drm: the device
 * @data: struct drm_evgem_vm_create
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOSPC; -ENOMEM.
 */
int evgem_vm_create_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file)
{
	struct drm_evgem_vm_create *args = data;
	u64 range = args->va_range ?: EVGEM_VA_RANGE - args->va_start;
	struct evgem_vm *vm;
	int ret;

	if (!vm_create_args_valid(args) || range <= EVGEM_VA_RESERVED)
		return -EINVAL;

	vm = vm_create(to_evgem_device(drm), file->driver_priv,
		       args->va_start, range);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = evgem_file_add_vm(file, vm, &args->vm_id);
	if (ret) {
		evgem_vm_close(vm);
		evgem_vm_put(vm);
	}

	return ret;
}

static void fill_state(struct evgem_vm *vm, struct drm_evgem_vm_state *state)
{
	drm_gpuvm_bind_queue_lock(vm->binds);
	if (drm_gpuvm_bind_queue_state(vm->binds) == DRM_GPUVM_BIND_DEAD) {
		state->status = DRM_EVGEM_VM_DEAD;
		state->reason = DRM_EVGEM_VM_REASON_BIND;
	}
	state->mappings = drm_gpuvm_bind_queue_mappings(vm->binds);
	state->ptes_4k = vm->pt.ptes_4k;
	state->ptes_2m = vm->pt.ptes_2m;
	state->pt_bytes = vm->pt.tables * PAGE_SIZE;
	state->tlb_flushes = vm->tlb_flushes;
	drm_gpuvm_bind_queue_unlock(vm->binds);

	spin_lock(&vm->fault_lock);
	state->fault_count = vm->fault.count;
	state->fault_addr = vm->fault.addr;
	state->fault_access = vm->fault.access;
	state->fault_reason = vm->fault.reason;
	state->fault_queue = vm->fault.queue;
	spin_unlock(&vm->fault_lock);
}

/**
 * evgem_vm_state_ioctl() - DRM_IOCTL_EVGEM_VM_STATE
 * @drm: the device
 * @data: struct drm_evgem_vm_state
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT.
 */
int evgem_vm_state_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file)
{
	struct drm_evgem_vm_state *args = data;
	struct evgem_vm *vm;

	if (args->pad)
		return -EINVAL;

	vm = evgem_file_get_vm(file, args->vm_id);
	if (!vm)
		return -ENOENT;

	*args = (struct drm_evgem_vm_state) { .vm_id = args->vm_id };
	fill_state(vm, args);
	evgem_vm_put(vm);
	return 0;
}
