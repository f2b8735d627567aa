// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Address spaces: how they begin, die, and end.
 *
 * A file has one at most, from VM_INIT to its close. Closing stops the channels,
 * unmaps everything, and from then on no job changes or uses the VM; but jobs that
 * still wait for a fence of somebody else keep the struct. When the last job and
 * channel are gone, a worker frees what is left: the last reference may be dropped
 * by the very scheduler that is to be freed.
 */
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm_gpuvm_compat.h>

#include "nv_bind.h"
#include "nv_channel.h"
#include "nv_device.h"
#include "nv_uapi.h"
#include "nv_vm.h"

static void vm_free(struct drm_gpuvm *gpuvm)
{
	kfree(to_nv_vm(gpuvm));
}

/* For the account of the program: there is one for each BO that it maps. */
static struct drm_gpuvm_bo *vm_bo_alloc(void)
{
	struct drm_gpuvm_bo *vm_bo = kzalloc_obj(*vm_bo, GFP_KERNEL_ACCOUNT);

	return vm_bo;
}

/*
 * Deferred mode: what is mapped changes in the ioctl. RESV_PROTECTED: every bind
 * and every job locks the VM's dma_resv anyway, so it can protect the lists of
 * external and evicted BOs as well.
 */
#define VM_FLAGS DRM_GPUVM_RESV_PROTECTED

static const struct drm_gpuvm_ops vm_ops = {
	.vm_free = vm_free,
	.vm_bo_alloc = vm_bo_alloc,
	.vm_bo_validate = drm_gpuvm_bind_validate,
};

static void vm_release(struct work_struct *work)
{
	struct nv_vm *vm = container_of(work, struct nv_vm, release);
	struct nv_hw *hw = vm->nv->hw;
	struct nv_file *file = vm->file;

	drm_gpuvm_bind_queue_destroy(vm->binds);
	dma_fence_put(vm->last_bind);

	/* The page of the root will be something else. */
	hw->ops->tlb_flush(hw, nv_mmu_root_address(&vm->mmu));
	nv_mmu_fini(&vm->mmu);
	nv_regions_fini(&vm->regions);
	ida_destroy(&vm->slots);

	drm_gpuvm_bo_deferred_cleanup(&vm->base);
	drm_gpuvm_close(&vm->base);

	/* Unloading waits for this worker to end. */
	module_put(THIS_MODULE);
	nv_file_vm_freed(file);
}

static void vm_ref_release(struct kref *ref)
{
	struct nv_vm *vm = container_of(ref, struct nv_vm, ref);

	queue_work(nv_release_wq, &vm->release);
}

/**
 * nv_vm_get() - take one more reference
 * @vm: the VM
 */
void nv_vm_get(struct nv_vm *vm)
{
	kref_get(&vm->ref);
}

/**
 * nv_vm_put() - drop a reference
 * @vm: the VM
 *
 * Context: any.
 */
void nv_vm_put(struct nv_vm *vm)
{
	kref_put(&vm->ref, vm_ref_release);
}

static int init_gpuvm(struct nv_vm *vm, const struct drm_nouveau_vm_init *args)
{
	struct drm_device *drm = &vm->nv->drm;
	struct drm_gem_object *resv_obj = drm_gpuvm_resv_object_alloc(drm);
	int ret = -ENOMEM;

	if (resv_obj) {
		ret = drm_gpuvm_init(&vm->base, "nouveau", VM_FLAGS, drm,
				     resv_obj, 0, NV_VA_END,
				     args->kernel_managed_addr,
				     args->kernel_managed_size, &vm_ops);
		drm_gem_object_put(resv_obj);
	}

	/* A VM with a bad range holds references all the same. */
	if (ret == -EINVAL)
		drm_gpuvm_put(&vm->base);
	else if (ret)
		kfree(vm);

	return ret;
}

static struct nv_vm *vm_alloc(struct nv_device *nv)
{
	struct nv_vm *vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;

	vm->nv = nv;
	kref_init(&vm->ref);
	INIT_WORK(&vm->release, vm_release);
	INIT_LIST_HEAD(&vm->link);
	mutex_init(&vm->bind_lock);
	nv_regions_init(&vm->regions);
	mutex_init(&vm->mmu_lock);
	ida_init(&vm->slots);
	mutex_init(&vm->channels_lock);
	INIT_LIST_HEAD(&vm->channels);
	return vm;
}

static struct nv_vm *vm_create(struct nv_device *nv, struct nv_file *file,
			       const struct drm_nouveau_vm_init *args)
{
	struct nv_vm *vm = vm_alloc(nv);
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);

	/* From here on the core's last put frees the VM. */
	ret = init_gpuvm(vm, args);
	if (ret)
		return ERR_PTR(ret);

	ret = nv_mmu_init(&vm->mmu);
	if (ret)
		goto err_gpuvm;

	ret = nv_bind_queue_init(vm);
	if (ret)
		goto err_mmu;

	/* A VM may outlive its file, waiting for a fence of somebody else. */
	__module_get(THIS_MODULE);
	nv_file_vm_born(file);
	vm->file = file;
	scoped_guard(mutex, &nv->vms_lock)
		list_add_tail(&vm->link, &nv->vms);
	return vm;

err_mmu:
	nv_mmu_fini(&vm->mmu);
err_gpuvm:
	drm_gpuvm_put(&vm->base);
	return ERR_PTR(ret);
}

/**
 * nv_vm_kill_channels() - end all jobs of a VM, now and in future
 * @vm: the VM
 * @error: for the fences of the jobs
 *
 * Context: process; sleeps.
 */
void nv_vm_kill_channels(struct nv_vm *vm, int error)
{
	struct nv_channel *chan;

	guard(mutex)(&vm->channels_lock);

	list_for_each_entry(chan, &vm->channels, link)
		nv_channel_kill(chan, error);
}

/**
 * nv_vm_close() - end the use of a VM
 * @vm: the VM, whose file is being closed; called once
 *
 * Jobs that run end at once, those that wait end when their turn comes; all
 * with -ECANCELED.
 *
 * Context: process; sleeps.
 */
void nv_vm_close(struct nv_vm *vm)
{
	scoped_guard(mutex, &vm->nv->vms_lock)
		list_del_init(&vm->link);

	/* Before, so that no job sees nothing mapped. */
	nv_vm_kill_channels(vm, -ECANCELED);
	drm_gpuvm_bind_queue_close(vm->binds);
}

/**
 * nv_vm_settle() - wait until workers have freed what went before
 * @vm: the VM
 *
 * Mappings that went stay linked to their BOs until a worker has them, and what is
 * mapped in a VM does not make room for another BO of it; and a channel that was
 * freed keeps its ring until a worker has it. So nobody is told that there is no
 * room for that reason.
 *
 * Context: process; sleeps; no dma_resv is held.
 */
void nv_vm_settle(struct nv_vm *vm)
{
	/* Jobs that are done go from one to the other. */
	flush_workqueue(vm->nv->sched_wq);
	flush_workqueue(nv_release_wq);
}

/**
 * nv_vm_error() - whether a VM takes binds and jobs
 * @vm: the VM
 *
 * Context: any; the answer may be old.
 * Return: 0; -ENOENT if it was closed; -EIO if it died.
 */
int nv_vm_error(struct nv_vm *vm)
{
	return drm_gpuvm_bind_queue_error(vm->binds);
}

static bool init_args_valid(const struct drm_nouveau_vm_init *args)
{
	return PAGE_ALIGNED(args->kernel_managed_addr |
			    args->kernel_managed_size) &&
	       args->kernel_managed_addr <= NV_VA_END &&
	       args->kernel_managed_size <= NV_VA_END - args->kernel_managed_addr;
}

/**
 * nv_vm_init_ioctl() - DRM_IOCTL_NOUVEAU_VM_INIT
 * @drm: the device
 * @data: struct drm_nouveau_vm_init
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOSYS if the file has a BO or a channel already; -EEXIST if
 * it has a VM; -ENOMEM.
 */
int nv_vm_init_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_nouveau_vm_init *args = data;
	struct nv_file *nfile = file->driver_priv;
	struct nv_vm *vm;

	if (!init_args_valid(args))
		return -EINVAL;

	guard(mutex)(&nfile->lock);

	if (nfile->no_vm)
		return -ENOSYS;
	if (nfile->vm)
		return -EEXIST;

	vm = vm_create(to_nv_device(drm), nfile, args);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	/* Pairs with nv_file_vm(). */
	smp_store_release(&nfile->vm, vm);
	return 0;
}
