// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects: shmem GEM objects, as most drivers for devices without memory
 * of their own have them.
 *
 * Shows BOs that are private to a VM: they share the VM's dma_resv, so one lock
 * and one fence per job serve all of them, however many there are. That
 * decides what else can be done with them: no other VM, no export.
 *
 * For your own hardware: evgem_gem_populate_locked() also maps the pages for
 * the device (drm_gem_shmem_get_pages_sgt()), and flags choose caching.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/evgem_drm.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_vm.h"

/**
 * evgem_gem_disown() - take a BO that is being freed from its file's account
 * @bo: the BO, complete or not
 */
void evgem_gem_disown(struct evgem_bo *bo)
{
	if (!bo->owner)
		return;

	evgem_quota_put_bo(bo->owner, bo->shmem.base.size);
	evgem_file_put(bo->owner);
}

static void gem_free(struct drm_gem_object *obj)
{
	struct evgem_bo *bo = to_evgem_bo(obj);
	struct drm_gem_object *private_to = bo->private_to;

	evgem_gem_disown(bo);
	if (obj->import_attach)
		kvfree(bo->pages);
	else if (bo->pages)
		drm_gem_shmem_unpin(&bo->shmem);
	drm_gem_shmem_free(&bo->shmem);

	/* Until here the BO's dma_resv was in there. */
	if (private_to)
		drm_gem_object_put(private_to);
}

/**
 * evgem_gem_status() - &drm_gem_object_funcs.status
 * @obj: the BO
 *
 * Context: any; the answer may be old.
 * Return: whether the BO has memory, bound or only seen by the CPU.
 */
enum drm_gem_object_status evgem_gem_status(struct drm_gem_object *obj)
{
	struct evgem_bo *bo = to_evgem_bo(obj);

	return READ_ONCE(bo->pages) || READ_ONCE(bo->shmem.pages) ?
	       DRM_GEM_OBJECT_RESIDENT : 0;
}

static const struct drm_gem_object_funcs gem_funcs = {
	.free = gem_free,
	.print_info = drm_gem_shmem_object_print_info,
	.export = evgem_gem_export,
	.status = evgem_gem_status,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

/**
 * evgem_gem_create_object() - &drm_driver.gem_create_object
 * @drm: the device
 * @size: bytes
 *
 * Context: process; sleeps.
 * Return: the object, not initialised; ERR_PTR(-ENOMEM).
 */
struct drm_gem_object *evgem_gem_create_object(struct drm_device *drm,
					       size_t size)
{
	struct evgem_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return ERR_PTR(-ENOMEM);

	bo->shmem.base.funcs = &gem_funcs;
	return &bo->shmem.base;
}

/**
 * evgem_gem_populate_locked() - make sure that a BO has memory
 * @obj: the BO
 *
 * The memory stays until the BO is freed.
 *
 * Context: the object's dma_resv is held; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_gem_populate_locked(struct drm_gem_object *obj)
{
	struct evgem_bo *bo = to_evgem_bo(obj);
	int ret;

	dma_resv_assert_held(obj->resv);

	if (bo->pages)
		return 0;

	ret = drm_gem_shmem_pin_locked(&bo->shmem);
	if (ret)
		return ret;

	WRITE_ONCE(bo->pages, bo->shmem.pages);
	return 0;
}

/*
 * The array of pages is an allocation too, and one that the allocator warns of
 * when it is larger than INT_MAX.
 */
static bool size_possible(u64 size)
{
	u64 pages = min_t(u64, totalram_pages(), INT_MAX / sizeof(struct page *));

	return size >> PAGE_SHIFT <= pages;
}

static struct evgem_bo *gem_create(struct drm_device *drm,
				   const struct drm_evgem_gem_create *args)
{
	struct drm_gem_shmem_object *shmem;

	if (args->flags & DRM_EVGEM_GEM_HUGE)
		return evgem_gem_huge_create(drm, args->size);

	/* shmem says ENOSPC when it cannot allocate an inode. */
	shmem = drm_gem_shmem_create(drm, args->size);
	if (shmem == ERR_PTR(-ENOSPC))
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(shmem))
		return ERR_CAST(shmem);

	return to_evgem_bo(&shmem->base);
}

static struct evgem_bo *gem_create_owned(struct drm_device *drm,
					 struct evgem_file *owner,
					 const struct drm_evgem_gem_create *args)
{
	struct evgem_bo *bo;
	int ret;

	if (!size_possible(args->size))
		return ERR_PTR(-ENOMEM);

	ret = evgem_quota_take_bo(owner, args->size);
	if (ret)
		return ERR_PTR(ret);

	bo = gem_create(drm, args);
	if (IS_ERR(bo)) {
		evgem_quota_put_bo(owner, args->size);
		return bo;
	}

	kref_get(&owner->ref);
	bo->owner = owner;
	return bo;
}

static void make_private(struct evgem_bo *bo, struct evgem_vm *vm)
{
	bo->private_to = drm_gpuvm_resv_obj(&vm->base);
	drm_gem_object_get(bo->private_to);
	bo->shmem.base.resv = bo->private_to->resv;
}

static bool gem_create_args_valid(const struct drm_evgem_gem_create *args)
{
	bool huge = args->flags & DRM_EVGEM_GEM_HUGE;

	return !(args->flags & ~DRM_EVGEM_GEM_HUGE) && !args->pad &&
	       args->size && IS_ALIGNED(args->size, huge ? SZ_2M : PAGE_SIZE);
}

/**
 * evgem_gem_create_ioctl() - DRM_IOCTL_EVGEM_GEM_CREATE
 * @drm: the device
 * @data: struct drm_evgem_gem_create
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -ENOMEM; -ENOSPC.
 */
int evgem_gem_create_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file)
{
	struct drm_evgem_gem_create *args = data;
	struct evgem_vm *vm = NULL;
	struct evgem_bo *bo;
	int ret;

	if (!gem_create_args_valid(args))
		return -EINVAL;

	if (args->vm_id) {
		vm = evgem_file_get_vm(file, args->vm_id);
		if (!vm)
			return -ENOENT;
	}

	bo = gem_create_owned(drm, file->driver_priv, args);
	if (IS_ERR(bo)) {
		ret = PTR_ERR(bo);
		goto put_vm;
	}

	if (vm)
		make_private(bo, vm);

	ret = drm_gem_handle_create(file, &bo->shmem.base, &args->handle);
	drm_gem_object_put(&bo->shmem.base);
put_vm:
	if (vm)
		evgem_vm_put(vm);
	return ret;
}

/**
 * evgem_gem_mmap_offset_ioctl() - DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET
 * @drm: the device
 * @data: struct drm_evgem_gem_mmap_offset
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -ENOMEM.
 */
int evgem_gem_mmap_offset_ioctl(struct drm_device *drm, void *data,
				struct drm_file *file)
{
	struct drm_evgem_gem_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->pad)
		return -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = drm_gem_create_mmap_offset(obj);
	if (!ret)
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);

	drm_gem_object_put(obj);
	return ret;
}
