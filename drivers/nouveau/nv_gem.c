// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects: where their memory is, for the device and for the processor.
 *
 * What the program allows for a BO is VRAM, GART, or either. Either means VRAM
 * as long as there is room; what finds none is used where it is, in pages of the
 * system. VRAM alone means that a job waits until there is room.
 *
 * The processor is never refused, and never makes anybody lose VRAM: it sees the
 * VRAM that a BO has, or its pages in the system.
 */
#include <linux/dma-resv.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm_gpuvm_compat.h>

#include "nv_device.h"
#include "nv_gem.h"
#include "nv_uapi.h"

/* Pages that the CPU gets at once. */
#define FAULT_PAGES 16ul

static void bo_free(struct drm_gem_object *obj)
{
	struct nv_bo *bo = to_nv_bo(obj);
	struct drm_gem_object *private_to = bo->private_to;

	if (obj->import_attach)
		kvfree(bo->imported);
	else if (bo->place == NV_PLACE_VRAM)
		nv_vram_free(bo);
	else if (bo->place != NV_PLACE_NONE)
		drm_gem_shmem_unpin(&bo->shmem);
	/* Behind it: what is not counted any more is there for others. */
	drm_gpuvm_lru_del(&bo->lru);
	drm_gem_shmem_free(&bo->shmem);

	/* Until here the BO's dma_resv was in there. */
	if (private_to)
		drm_gem_object_put(private_to);
}

static enum drm_gem_object_status bo_status(struct drm_gem_object *obj)
{
	/* May be old. */
	return READ_ONCE(to_nv_bo(obj)->place) == NV_PLACE_NONE ?
	       0 : DRM_GEM_OBJECT_RESIDENT;
}

/* Pages of the system, for a BO that has no VRAM. */
static int get_pages_locked(struct nv_bo *bo)
{
	int ret;

	dma_resv_assert_held(bo->shmem.base.resv);

	if (bo->place != NV_PLACE_NONE)
		return 0;

	ret = drm_gem_shmem_pin_locked(&bo->shmem);
	if (ret) {
		/* Nor does it keep some of the memory that is so short. */
		if (!bo->contents)
			nv_vram_drop_copy(bo);
		return ret;
	}

	/* Who writes to them, nobody knows. */
	bo->shmem.pages_mark_dirty_on_put = true;
	bo->contents = true;
	WRITE_ONCE(bo->place, NV_PLACE_SYSTEM);
	return 0;
}

static int get_gart_locked(struct nv_bo *bo)
{
	int ret = get_pages_locked(bo);

	if (!ret)
		WRITE_ONCE(bo->place, NV_PLACE_GART);

	return ret;
}

/**
 * nv_bo_validate_locked() - make sure that the device can use a BO
 * @bo: the BO
 * @gpuvm: for which VM
 *
 * Context: the object's dma_resv is held, and the VM's; sleeps.
 * Return: 0; -EBUSY if there is no VRAM without waiting and the BO may be nowhere
 * else; -EINVAL if the device may not use it at all, or not while it is pinned;
 * -ENOMEM.
 */
int nv_bo_validate_locked(struct nv_bo *bo, struct drm_gpuvm *gpuvm)
{
	int ret = -EINVAL;

	dma_resv_assert_held(bo->shmem.base.resv);

	if (bo->place == NV_PLACE_VRAM || bo->place == NV_PLACE_GART)
		return 0;

	if (bo->domains & NOUVEAU_GEM_DOMAIN_VRAM)
		ret = drm_gpuvm_lru_populate_locked(&bo->lru, gpuvm);
	if (ret && (bo->domains & NOUVEAU_GEM_DOMAIN_GART))
		ret = get_gart_locked(bo);

	return ret;
}

static int leave_vram_locked(struct nv_bo *bo)
{
	int ret = drm_gpuvm_bind_evict(&bo->shmem.base, DRM_GPUVM_EVICT_WAIT);

	if (!ret)
		ret = nv_vram_put(&bo->lru);
	if (!ret)
		drm_gpuvm_lru_del(&bo->lru);

	return ret;
}

/**
 * nv_bo_pin() - &drm_gem_object_funcs.pin
 * @obj: the BO
 *
 * Another driver is to use it, so it has to be in pages of the system, and stays
 * there.
 *
 * Context: the object's dma_resv is held; sleeps.
 * Return: 0; -EINVAL if the program wants it in VRAM; -ENOMEM; what
 * drm_gpuvm_bind_evict() returns.
 */
int nv_bo_pin(struct drm_gem_object *obj)
{
	struct nv_bo *bo = to_nv_bo(obj);
	int ret = 0;

	dma_resv_assert_held(obj->resv);

	if (!(bo->domains & NOUVEAU_GEM_DOMAIN_GART))
		return -EINVAL;

	if (bo->place == NV_PLACE_VRAM)
		ret = leave_vram_locked(bo);
	if (!ret)
		ret = get_gart_locked(bo);
	if (!ret)
		bo->pins++;

	return ret;
}

/**
 * nv_bo_unpin() - &drm_gem_object_funcs.unpin
 * @obj: the BO
 *
 * Context: the object's dma_resv is held.
 */
void nv_bo_unpin(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);

	to_nv_bo(obj)->pins--;
}

/**
 * nv_bo_segment() - memory of a BO that is in a row
 * @bo: the BO, in VRAM or GART
 * @offset: where in the BO, page-aligned
 * @size: no more than so much, page-aligned, within the BO
 * @segment: filled in
 *
 * Context: the memory stays where it is: the object's dma_resv is held, or a
 * fence in there has not signalled. May be the fence signalling section.
 */
void nv_bo_segment(struct nv_bo *bo, u64 offset, u64 size,
		   struct nv_segment *segment)
{
	u64 index = offset >> PAGE_SHIFT;
	struct nv_piece *piece;
	u64 n;

	if (bo->place == NV_PLACE_VRAM) {
		piece = nv_vram_piece_at(bo, offset);
		segment->vram = true;
		segment->addr = piece->node.start + offset - piece->offset;
		segment->size = min(size, piece->offset + piece->node.size -
				    offset);
		return;
	}

	segment->vram = false;
	if (bo->imported) {
		segment->addr = bo->imported[index];
		for (n = 1; n < size >> PAGE_SHIFT; n++)
			if (bo->imported[index + n] !=
			    segment->addr + (n << PAGE_SHIFT))
				break;
	} else {
		struct page **pages = bo->shmem.pages;

		segment->addr = page_to_phys(pages[index]);
		for (n = 1; n < size >> PAGE_SHIFT; n++)
			if (page_to_phys(pages[index + n]) !=
			    segment->addr + (n << PAGE_SHIFT))
				break;
	}
	segment->size = n << PAGE_SHIFT;
}

static int bo_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	int ret = nv_bo_pin(obj);

	if (ret)
		return ret;

	ret = drm_gem_shmem_object_vmap(obj, map);
	if (ret)
		nv_bo_unpin(obj);
	return ret;
}

static void bo_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	drm_gem_shmem_object_vunmap(obj, map);
	nv_bo_unpin(obj);
}

static struct page *cpu_page(struct nv_bo *bo, unsigned long index)
{
	if (bo->place == NV_PLACE_VRAM)
		return nv_vram_page(bo, (u64)index << PAGE_SHIFT);

	return bo->shmem.pages[index];
}

static vm_fault_t insert_pages(struct vm_fault *vmf, struct nv_bo *bo,
			       unsigned long index)
{
	unsigned long left = (vmf->vma->vm_end - vmf->address) >> PAGE_SHIFT;
	unsigned long pages = bo->shmem.base.size >> PAGE_SHIFT;
	vm_fault_t fault = VM_FAULT_NOPAGE;
	unsigned long count = min3(pages - index, left, FAULT_PAGES);

	/* Some more than asked for: who moves the BO unmaps all of them. */
	for (unsigned long i = 0; i < count && fault == VM_FAULT_NOPAGE; i++)
		fault = vmf_insert_pfn(vmf->vma, vmf->address + i * PAGE_SIZE,
				       page_to_pfn(cpu_page(bo, index + i)));

	return fault;
}

static vm_fault_t bo_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	unsigned long index = vmf->pgoff - drm_vma_node_start(&obj->vma_node);
	struct nv_bo *bo = to_nv_bo(obj);
	vm_fault_t fault;
	int ret;

	if (index >= obj->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;

	dma_resv_lock(obj->resv, NULL);
	ret = get_pages_locked(bo);
	fault = ret ? vmf_error(ret) : insert_pages(vmf, bo, index);
	dma_resv_unlock(obj->resv);

	return fault;
}

static const struct vm_operations_struct bo_vm_ops = {
	.fault = bo_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static int bo_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	int ret;

	if (obj->import_attach)
		return drm_gem_shmem_object_mmap(obj, vma);

	/* A copy on write would be a page that the GPU does not see. */
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;

	/* So that it is this call that fails for want of memory. */
	dma_resv_lock(obj->resv, NULL);
	ret = get_pages_locked(to_nv_bo(obj));
	dma_resv_unlock(obj->resv);
	if (ret)
		return ret;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

static const struct drm_gem_object_funcs bo_funcs = {
	.free = bo_free,
	.print_info = drm_gem_shmem_object_print_info,
	.export = nv_bo_export,
	.status = bo_status,
	.pin = nv_bo_pin,
	.unpin = nv_bo_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = bo_vmap,
	.vunmap = bo_vunmap,
	.mmap = bo_mmap,
	.vm_ops = &bo_vm_ops,
};

/**
 * nv_bo_create_object() - &drm_driver.gem_create_object
 * @drm: the device
 * @size: bytes
 *
 * Context: process; sleeps.
 * Return: the object, not initialised; ERR_PTR(-ENOMEM).
 */
struct drm_gem_object *nv_bo_create_object(struct drm_device *drm, size_t size)
{
	struct nv_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&bo->pieces);
	drm_gpuvm_lru_obj_init(&bo->lru, to_nv_device(drm)->lru,
			       &bo->shmem.base);
	bo->shmem.base.funcs = &bo_funcs;
	return &bo->shmem.base;
}
