// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects backed by blocks of 2 MiB, so that large page-table entries
 * can be had for certain, also where shmem has no huge pages.
 *
 * Shows a GEM object with memory of its own, not from shmem: allocation and
 * export; and what eviction means then: its contents are copied to shmem and back.
 * That takes memory, so memory reclaim leaves these BOs alone.
 *
 * For your own hardware: the place for memory of the device, from a TTM or
 * buddy allocator.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_pte.h"

#define BLOCK_ORDER	EVGEM_PT_BITS
#define BLOCK_PAGES	EVGEM_PT_ENTRIES

static unsigned long num_pages(struct evgem_bo *bo)
{
	return bo->shmem.base.size >> PAGE_SHIFT;
}

static void free_blocks(struct page **pages, unsigned long count)
{
	for (unsigned long i = 0; i < count; i += BLOCK_PAGES) {
		if (pages[i])
			__free_pages(pages[i], BLOCK_ORDER);
	}
	kvfree(pages);
}

static struct page **alloc_blocks(unsigned long count)
{
	/* Fails rather than stall everybody: the caller can do without. */
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP |
		    __GFP_NORETRY | __GFP_NOWARN;
	struct page **pages;

	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;

	for (unsigned long i = 0; i < count; i += BLOCK_PAGES) {
		struct page *block = alloc_pages(gfp, BLOCK_ORDER);

		if (!block) {
			free_blocks(pages, count);
			return NULL;
		}

		for (unsigned long k = 0; k < BLOCK_PAGES; k++)
			pages[i + k] = block + k;
		cond_resched();
	}

	return pages;
}

static struct address_space *swap_of(struct evgem_bo *bo)
{
	return file_inode(bo->shmem.base.filp)->i_mapping;
}

static int copy_one(struct evgem_bo *bo, struct page *page,
		    unsigned long index, bool out)
{
	struct page *swap = shmem_read_mapping_page(swap_of(bo), index);

	if (IS_ERR(swap))
		return PTR_ERR(swap);

	if (out) {
		copy_highpage(swap, page);
		set_page_dirty(swap);
	} else {
		copy_highpage(page, swap);
	}
	put_page(swap);
	cond_resched();
	return 0;
}

static int copy_all(struct evgem_bo *bo, struct page **pages, bool out)
{
	int ret = 0;

	for (unsigned long i = 0; i < num_pages(bo) && !ret; i++)
		ret = copy_one(bo, pages[i], i, out);

	return ret;
}

static void drop_copy(struct evgem_bo *bo)
{
	shmem_truncate_range(file_inode(bo->shmem.base.filp), 0, (loff_t)-1);
}

/**
 * evgem_gem_huge_get_pages() - give a huge BO memory
 * @bo: the BO, which has none
 * @contents: it had, and is to contain the same
 *
 * Context: the object's dma_resv is held; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_gem_huge_get_pages(struct evgem_bo *bo, bool contents)
{
	struct page **pages = alloc_blocks(num_pages(bo));
	int ret = 0;

	if (!pages)
		return -ENOMEM;

	if (contents) {
		ret = copy_all(bo, pages, false);
		if (ret) {
			free_blocks(pages, num_pages(bo));
			return ret;
		}
		drop_copy(bo);
	}

	WRITE_ONCE(bo->pages, pages);
	return 0;
}

/**
 * evgem_gem_huge_put_pages() - take a huge BO's memory away
 * @bo: the BO, which has memory
 *
 * Context: the object's dma_resv is held; sleeps; not in memory reclaim.
 * Return: 0; -ENOMEM, and then nothing has changed.
 */
int evgem_gem_huge_put_pages(struct evgem_bo *bo)
{
	struct page **pages = bo->pages;
	int ret = copy_all(bo, pages, true);

	if (ret) {
		drop_copy(bo);
		return ret;
	}

	WRITE_ONCE(bo->pages, NULL);
	free_blocks(pages, num_pages(bo));
	return 0;
}

static void huge_free(struct drm_gem_object *obj)
{
	struct evgem_bo *bo = to_evgem_bo(obj);
	struct drm_gem_object *private_to = bo->private_to;

	evgem_gem_disown(bo);
	drm_gpuvm_lru_del(&bo->lru);
	drm_gem_object_release(obj);
	if (bo->pages)
		free_blocks(bo->pages, num_pages(bo));
	kfree(bo);

	if (private_to)
		drm_gem_object_put(private_to);
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
	.pin = evgem_gem_pin,
	.unpin = evgem_gem_unpin,
	.get_sg_table = huge_get_sg_table,
	.mmap = evgem_gem_mmap,
	.vm_ops = &evgem_gem_vm_ops,
};

/**
 * evgem_gem_huge_create() - make a BO of blocks of 2 MiB, without any yet
 * @drm: the device
 * @size: bytes, a multiple of 2 MiB
 *
 * Context: process; sleeps.
 * Return: the BO, or an ERR_PTR(): -ENOMEM.
 */
struct evgem_bo *evgem_gem_huge_create(struct drm_device *drm, size_t size)
{
	struct evgem_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	struct drm_gem_object *obj;
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);

	obj = &bo->shmem.base;
	drm_gpuvm_lru_obj_init(&bo->lru, to_evgem_device(drm)->lru, obj);
	bo->huge = true;
	obj->funcs = &huge_funcs;
	ret = drm_gem_object_init(drm, obj, size);
	if (!ret)
		ret = drm_gem_create_mmap_offset(obj);
	if (ret) {
		drm_gem_object_put(obj);
		/* shmem says ENOSPC when it cannot allocate an inode. */
		return ERR_PTR(ret == -ENOSPC ? -ENOMEM : ret);
	}

	return bo;
}
