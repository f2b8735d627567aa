// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects backed by blocks of 2 MiB, so that large page-table entries
 * can be had for certain, also where shmem has no huge pages.
 *
 * Shows a GEM object with memory of its own, not from shmem: allocation, mmap,
 * export.
 *
 * For your own hardware: the place for memory of the device, from a TTM or
 * buddy allocator.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm_gpuvm_compat.h>

#include "evgem_gem.h"
#include "evgem_pte.h"

#define BLOCK_ORDER	EVGEM_PT_BITS
#define BLOCK_PAGES	EVGEM_PT_ENTRIES

static unsigned long num_pages(struct evgem_bo *bo)
{
	return bo->shmem.base.size >> PAGE_SHIFT;
}

static void free_blocks(struct evgem_bo *bo)
{
	for (unsigned long i = 0; i < num_pages(bo); i += BLOCK_PAGES) {
		if (bo->pages[i])
			__free_pages(bo->pages[i], BLOCK_ORDER);
	}
	kvfree(bo->pages);
}

static int alloc_blocks(struct evgem_bo *bo)
{
	/* Fails rather than stall everybody: the caller can do without. */
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP |
		    __GFP_NORETRY | __GFP_NOWARN;

	for (unsigned long i = 0; i < num_pages(bo); i += BLOCK_PAGES) {
		struct page *block = alloc_pages(gfp, BLOCK_ORDER);

		if (!block)
			return -ENOMEM;

		for (unsigned long k = 0; k < BLOCK_PAGES; k++)
			bo->pages[i + k] = block + k;
		cond_resched();
	}

	return 0;
}

static void huge_free(struct drm_gem_object *obj)
{
	struct evgem_bo *bo = to_evgem_bo(obj);
	struct drm_gem_object *private_to = bo->private_to;

	evgem_gem_disown(bo);
	drm_gem_object_release(obj);
	free_blocks(bo);
	kfree(bo);

	if (private_to)
		drm_gem_object_put(private_to);
}

static vm_fault_t huge_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	struct evgem_bo *bo = to_evgem_bo(obj);
	unsigned long index;

	index = (vmf->address - vmf->vma->vm_start) >> PAGE_SHIFT;
	index += vmf->vma->vm_pgoff;
	if (index >= num_pages(bo))
		return VM_FAULT_SIGBUS;

	return vmf_insert_pfn(vmf->vma, vmf->address,
			      page_to_pfn(bo->pages[index]));
}

static const struct vm_operations_struct huge_vm_ops = {
	.fault = huge_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static int huge_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	/* A copy on write would be a page that the GPU does not see. */
	if (is_cow_mapping(vma->vm_flags))
		return -EINVAL;

	/* From here on relative to the object: a part may be unmapped later. */
	vma->vm_pgoff -= drm_vma_node_start(&obj->vma_node);
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

static struct sg_table *huge_get_sg_table(struct drm_gem_object *obj)
{
	struct evgem_bo *bo = to_evgem_bo(obj);

	return drm_prime_pages_to_sg(obj->dev, bo->pages, num_pages(bo));
}

static const struct drm_gem_object_funcs huge_funcs = {
	.free = huge_free,
	.export = evgem_gem_export,
	.status = evgem_gem_status,
	.get_sg_table = huge_get_sg_table,
	.mmap = huge_mmap,
	.vm_ops = &huge_vm_ops,
};

/**
 * evgem_gem_huge_create() - make a BO of blocks of 2 MiB
 * @drm: the device
 * @size: bytes, a multiple of 2 MiB
 *
 * Context: process; sleeps.
 * Return: the BO, or an ERR_PTR(): -ENOMEM, -ENOSPC.
 */
struct evgem_bo *evgem_gem_huge_create(struct drm_device *drm, size_t size)
{
	struct evgem_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	struct drm_gem_object *obj;
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);

	bo->huge = true;
	bo->pages = kvcalloc(size >> PAGE_SHIFT, sizeof(*bo->pages),
			     GFP_KERNEL_ACCOUNT);
	if (!bo->pages) {
		kfree(bo);
		return ERR_PTR(-ENOMEM);
	}

	obj = &bo->shmem.base;
	obj->funcs = &huge_funcs;
	drm_gem_private_object_init(drm, obj, size);

	ret = alloc_blocks(bo) ?: drm_gem_create_mmap_offset(obj);
	if (ret) {
		drm_gem_object_put(obj);
		return ERR_PTR(ret);
	}

	return bo;
}
