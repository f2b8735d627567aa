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
 * And it shows BOs whose memory can be taken away, see evgem_lru.c: who wants to
 * have it, the CPU included, calls evgem_gem_populate_locked() and relies on it
 * as long as the dma_resv is held, or a fence in it, or a pin. To evict is three
 * things: take the BO out of all page tables, which the core has done by then;
 * unmap it from the CPU; let its pages go where the kernel can swap them out.
 *
 * For your own hardware: evgem_gem_get_pages() also maps the pages for the device
 * (drm_gem_shmem_get_pages_sgt()), and flags choose caching.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/evgem_drm.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_vm.h"

/* Pages that the CPU gets at once. */
#define FAULT_PAGES 16ul

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
	drm_gpuvm_lru_del(&bo->lru);
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

static int gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	int ret = evgem_gem_pin(obj);

	if (ret)
		return ret;

	ret = drm_gem_shmem_object_vmap(obj, map);
	if (ret)
		evgem_gem_unpin(obj);
	return ret;
}

static void gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	drm_gem_shmem_object_vunmap(obj, map);
	evgem_gem_unpin(obj);
}

static const struct drm_gem_object_funcs gem_funcs = {
	.free = gem_free,
	.print_info = drm_gem_shmem_object_print_info,
	.export = evgem_gem_export,
	.status = evgem_gem_status,
	.pin = evgem_gem_pin,
	.unpin = evgem_gem_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = gem_vmap,
	.vunmap = gem_vunmap,
	.mmap = evgem_gem_mmap,
	.vm_ops = &evgem_gem_vm_ops,
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

	drm_gpuvm_lru_obj_init(&bo->lru, to_evgem_device(drm)->lru,
			       &bo->shmem.base);
	bo->shmem.base.funcs = &gem_funcs;
	return &bo->shmem.base;
}

/**
 * evgem_gem_get_pages() - &drm_gpuvm_lru_ops.populate
 * @lobj: of the BO, which has no memory
 * @contents: it had, and is to contain the same
 *
 * Context: the object's dma_resv is held; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_gem_get_pages(struct drm_gpuvm_lru_obj *lobj, bool contents)
{
	struct evgem_bo *bo = to_evgem_bo(lobj->obj);
	int ret;

	if (bo->huge)
		return evgem_gem_huge_get_pages(bo, contents);

	ret = drm_gem_shmem_pin_locked(&bo->shmem);
	if (!ret)
		WRITE_ONCE(bo->pages, bo->shmem.pages);

	return ret;
}

/**
 * evgem_gem_put_pages() - &drm_gpuvm_lru_ops.evict
 * @lobj: of the BO, which has memory, and is in no page tables of the device
 *
 * What it contains stays, in pages that the kernel may swap out.
 *
 * Context: the object's dma_resv is held; a BO of shmem also in memory reclaim.
 * Return: 0; -ENOMEM for a huge BO.
 */
int evgem_gem_put_pages(struct drm_gpuvm_lru_obj *lobj)
{
	struct drm_gem_object *obj = lobj->obj;
	struct evgem_bo *bo = to_evgem_bo(obj);

	dma_resv_assert_held(obj->resv);

	drm_vma_node_unmap(&obj->vma_node, obj->dev->anon_inode->i_mapping);
	if (bo->huge)
		return evgem_gem_huge_put_pages(bo);

	/* By whom, nobody knows: the device leaves no trace of it. */
	bo->shmem.pages_mark_dirty_on_put = true;
	WRITE_ONCE(bo->pages, NULL);
	drm_gem_shmem_unpin_locked(&bo->shmem);
	return 0;
}

/**
 * evgem_gem_populate_locked() - make sure that a BO has memory
 * @obj: the BO
 * @gpuvm: for which VM; NULL for the CPU
 *
 * Context: the object's dma_resv is held, with others perhaps; sleeps.
 * Return: as drm_gpuvm_lru_populate_locked().
 */
int evgem_gem_populate_locked(struct drm_gem_object *obj,
			      struct drm_gpuvm *gpuvm)
{
	struct evgem_bo *bo = to_evgem_bo(obj);

	dma_resv_assert_held(obj->resv);

	/* Memory of others is not counted, and always there. */
	if (bo->pages)
		return 0;

	return drm_gpuvm_lru_populate_locked(&bo->lru, gpuvm);
}

/**
 * evgem_gem_pin() - &drm_gem_object_funcs.pin
 * @obj: the BO
 *
 * Context: the object's dma_resv is held; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_gem_pin(struct drm_gem_object *obj)
{
	int ret = evgem_gem_populate_locked(obj, NULL);

	if (!ret)
		to_evgem_bo(obj)->pins++;

	return ret;
}

/**
 * evgem_gem_unpin() - &drm_gem_object_funcs.unpin
 * @obj: the BO
 *
 * Context: the object's dma_resv is held.
 */
void evgem_gem_unpin(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);

	to_evgem_bo(obj)->pins--;
}

static vm_fault_t insert_pages(struct vm_fault *vmf, struct page **pages,
			       unsigned long count)
{
	unsigned long left = (vmf->vma->vm_end - vmf->address) >> PAGE_SHIFT;
	vm_fault_t fault = VM_FAULT_NOPAGE;

	/* Some more than asked for: an eviction has unmapped all of them. */
	count = min3(count, left, FAULT_PAGES);
	for (unsigned long i = 0; i < count && fault == VM_FAULT_NOPAGE; i++)
		fault = vmf_insert_pfn(vmf->vma, vmf->address + i * PAGE_SIZE,
				       page_to_pfn(pages[i]));

	return fault;
}

static vm_fault_t gem_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	unsigned long index = vmf->pgoff - drm_vma_node_start(&obj->vma_node);
	unsigned long count = obj->size >> PAGE_SHIFT;
	vm_fault_t fault;
	int ret;

	if (index >= count)
		return VM_FAULT_SIGBUS;

	dma_resv_lock(obj->resv, NULL);
	ret = evgem_gem_populate_locked(obj, NULL);
	fault = ret ? vmf_error(ret) :
		      insert_pages(vmf, to_evgem_bo(obj)->pages + index,
				   count - index);
	dma_resv_unlock(obj->resv);

	return fault;
}

const struct vm_operations_struct evgem_gem_vm_ops = {
	.fault = gem_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static int populate(struct drm_gem_object *obj)
{
	int ret;

	dma_resv_lock(obj->resv, NULL);
	ret = evgem_gem_populate_locked(obj, NULL);
	dma_resv_unlock(obj->resv);
	return ret;
}

/**
 * evgem_gem_mmap() - &drm_gem_object_funcs.mmap
 * @obj: the BO
 * @vma: where
 *
 * Context: process; sleeps.
 * Return: 0; -EINVAL; -ENOMEM.
 */
int evgem_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	int ret;

	if (obj->import_attach)
		return drm_gem_shmem_object_mmap(obj, vma);

	/* A copy on write would be a page that the GPU does not see. */
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;

	/* So that it is this call that fails for want of memory. */
	ret = populate(obj);
	if (ret)
		return ret;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
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

	/* Blocks are hard to get: the program hears of it while it can choose. */
	ret = bo->huge ? populate(&bo->shmem.base) : 0;
	if (!ret)
		ret = drm_gem_handle_create(file, &bo->shmem.base,
					    &args->handle);
	drm_gem_object_put(&bo->shmem.base);
put_vm:
	if (vm)
		evgem_vm_put(vm);
	return ret;
}

/**
 * evgem_gem_dumb_create() - &drm_driver.dumb_create
 * @file: the caller's
 * @drm: the device
 * @dumb: rows of pixels; DRM has seen that they are some, and not too many
 *
 * For programs that know no driver. There is nothing that would show the pixels,
 * so the memory is that of any other BO, and counted as such.
 *
 * Return: as evgem_gem_create_ioctl().
 */
int evgem_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			  struct drm_mode_create_dumb *dumb)
{
	struct drm_evgem_gem_create args = {};
	int ret;

	dumb->pitch = dumb->width * DIV_ROUND_UP(dumb->bpp, 8);
	dumb->size = PAGE_ALIGN((u64)dumb->pitch * dumb->height);
	args.size = dumb->size;
	ret = evgem_gem_create_ioctl(drm, &args, file);
	dumb->handle = args.handle;
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
