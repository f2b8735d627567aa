// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * VRAM: who has which piece of it, and what happens when there is not enough.
 *
 * The core counts, and decides who has to go; here is how a BO comes and goes.
 * What goes is copied to shmem, where the kernel may swap it out.
 *
 * A BO gets VRAM in one piece if that is to be had, in smaller ones if not; the
 * core's count of bytes is therefore all that decides whether there is room.
 * Pieces are aligned as the device's pages of 64 KiB and 2 MiB want it.
 */
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm_gpuvm_compat.h>

#include "nv_device.h"
#include "nv_gem.h"
#include "nv_hw.h"

static unsigned int vram_limit_kb;
module_param(vram_limit_kb, uint, 0644);
MODULE_PARM_DESC(vram_limit_kb,
		 "KiB of VRAM that BOs may have at once (default 0: all of it)");

static u64 lru_limit(void *priv)
{
	u64 limit = round_down((u64)READ_ONCE(vram_limit_kb) * SZ_1K, PAGE_SIZE);
	struct nv_device *nv = priv;
	u64 all = nv->vram_size - NV_VRAM_RESERVED;

	return limit ? min(limit, all) : all;
}

/* To copy its contents takes memory. */
static bool lru_may_evict(struct drm_gpuvm_lru_obj *lobj, bool reclaim)
{
	return !reclaim && !to_nv_bo(lobj->obj)->pins;
}

static const struct drm_gpuvm_lru_ops lru_ops = {
	.populate = nv_vram_get,
	.evict = nv_vram_put,
	.may_evict = lru_may_evict,
	.limit = lru_limit,
};

static void vram_fini(struct drm_device *drm, void *unused)
{
	struct nv_device *nv = to_nv_device(drm);

	drm_gpuvm_lru_destroy(nv->lru);
	drm_mm_takedown(&nv->vram);
}

/**
 * nv_vram_init() - begin to give VRAM away
 * @nv: the device, with its hardware, not registered
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int nv_vram_init(struct nv_device *nv)
{
	const struct drm_gpuvm_lru_args args = {
		.ops = &lru_ops,
		.name = "nouveau-vram",
		.cleanup_wq = nv_release_wq,
		.priv = nv,
	};
	int ret = drmm_mutex_init(&nv->drm, &nv->vram_lock);

	if (ret)
		return ret;

	nv->vram_size = nv->hw->ops->vram_size(nv->hw);
	nv->lru = drm_gpuvm_lru_create(&args);
	if (IS_ERR(nv->lru))
		return PTR_ERR(nv->lru);

	drm_mm_init(&nv->vram, NV_VRAM_RESERVED,
		    nv->vram_size - NV_VRAM_RESERVED);
	return drmm_add_action_or_reset(&nv->drm, vram_fini, NULL);
}

/**
 * nv_vram_used() - how much VRAM is in use
 * @nv: the device
 *
 * Context: any.
 * Return: bytes, with what no BO can have; never 0.
 */
u64 nv_vram_used(struct nv_device *nv)
{
	struct drm_gpuvm_lru_stats stats;

	drm_gpuvm_lru_get_stats(nv->lru, &stats);
	return NV_VRAM_RESERVED + stats.resident;
}

static struct nv_device *device_of(struct nv_bo *bo)
{
	return to_nv_device(bo->shmem.base.dev);
}

static u64 alignment_of(u64 size)
{
	if (size >= SZ_2M)
		return SZ_2M;

	return size >= SZ_64K ? SZ_64K : PAGE_SIZE;
}

/* So many bytes, or as many as there are in a row. */
static int insert_node(struct nv_device *nv, struct nv_piece *piece, u64 size)
{
	int ret;

	guard(mutex)(&nv->vram_lock);

	for (;;) {
		ret = drm_mm_insert_node_generic(&nv->vram, &piece->node, size,
						 alignment_of(size), 0,
						 DRM_MM_INSERT_BEST);
		if (ret != -ENOSPC || size == PAGE_SIZE)
			return ret;
		size = rounddown_pow_of_two(size - 1);
	}
}

static void remove_node(struct nv_device *nv, struct nv_piece *piece)
{
	guard(mutex)(&nv->vram_lock);

	drm_mm_remove_node(&piece->node);
}

static void free_piece(struct nv_device *nv, struct nv_piece *piece)
{
	nv->hw->ops->vram_release(nv->hw, piece->node.start, piece->node.size);
	remove_node(nv, piece);
	kfree(piece);
}

static struct nv_piece *alloc_piece(struct nv_device *nv, u64 size)
{
	struct nv_piece *piece = kzalloc_obj(*piece, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!piece)
		return ERR_PTR(-ENOMEM);

	ret = insert_node(nv, piece, size);
	if (!ret) {
		ret = nv->hw->ops->vram_populate(nv->hw, piece->node.start,
						 piece->node.size);
		if (ret)
			remove_node(nv, piece);
	}
	if (ret) {
		kfree(piece);
		return ERR_PTR(ret);
	}

	return piece;
}

static void free_pieces(struct nv_device *nv, struct list_head *pieces)
{
	struct nv_piece *piece, *next;

	list_for_each_entry_safe(piece, next, pieces, link) {
		list_del(&piece->link);
		free_piece(nv, piece);
	}
}

static int alloc_pieces(struct nv_device *nv, u64 size, struct list_head *pieces)
{
	u64 offset = 0, want = size;

	while (offset < size) {
		struct nv_piece *piece = alloc_piece(nv,
						     min(want, size - offset));

		if (IS_ERR(piece)) {
			free_pieces(nv, pieces);
			return PTR_ERR(piece);
		}

		piece->offset = offset;
		list_add_tail(&piece->link, pieces);
		offset += piece->node.size;
		want = piece->node.size;
	}

	return 0;
}

/* Calls @fn for each page of VRAM, with its index in the BO. */
static int walk_pages(struct nv_bo *bo, struct list_head *pieces,
		      int (*fn)(struct nv_bo *bo, struct page *page,
				unsigned long index))
{
	struct nv_device *nv = device_of(bo);
	struct nv_piece *piece;
	int ret;

	list_for_each_entry(piece, pieces, link) {
		for (u64 at = 0; at < piece->node.size; at += PAGE_SIZE) {
			ret = fn(bo, nv->hw->ops->vram_page(nv->hw,
							    piece->node.start + at),
				 (piece->offset + at) >> PAGE_SHIFT);
			if (ret)
				return ret;
			cond_resched();
		}
	}

	return 0;
}

static struct address_space *swap_of(struct nv_bo *bo)
{
	return file_inode(bo->shmem.base.filp)->i_mapping;
}

static int copy_in(struct nv_bo *bo, struct page *page, unsigned long index)
{
	struct page *swap = shmem_read_mapping_page(swap_of(bo), index);

	if (IS_ERR(swap))
		return PTR_ERR(swap);

	copy_highpage(page, swap);
	put_page(swap);
	return 0;
}

static int copy_out(struct nv_bo *bo, struct page *page, unsigned long index)
{
	struct page *swap = shmem_read_mapping_page(swap_of(bo), index);

	if (IS_ERR(swap))
		return PTR_ERR(swap);

	copy_highpage(swap, page);
	set_page_dirty(swap);
	put_page(swap);
	return 0;
}

/**
 * nv_vram_drop_copy() - give back what a BO has in shmem
 * @bo: the BO; what is there is of no use any more
 *
 * Context: the object's dma_resv is held; sleeps.
 */
void nv_vram_drop_copy(struct nv_bo *bo)
{
	shmem_truncate_range(file_inode(bo->shmem.base.filp), 0, (loff_t)-1);
}

static void unmap_cpu(struct nv_bo *bo)
{
	struct drm_gem_object *obj = &bo->shmem.base;

	drm_vma_node_unmap(&obj->vma_node, obj->dev->anon_inode->i_mapping);
}

/**
 * nv_vram_get() - &drm_gpuvm_lru_ops.populate
 * @lobj: of the BO, which has no VRAM and is not in GART
 * @contents: not used: the processor may have written to the BO before
 *
 * Context: the object's dma_resv is held; sleeps.
 * Return: 0; -ENOMEM; -EINTR if the caller is to die.
 */
int nv_vram_get(struct drm_gpuvm_lru_obj *lobj, bool contents)
{
	struct nv_bo *bo = to_nv_bo(lobj->obj);
	struct nv_device *nv = device_of(bo);
	LIST_HEAD(pieces);
	int ret;

	dma_resv_assert_held(lobj->obj->resv);

	ret = alloc_pieces(nv, lobj->obj->size, &pieces);
	if (ret)
		return ret;

	/* From here on the processor waits for the dma_resv, too. */
	if (bo->place == NV_PLACE_SYSTEM)
		unmap_cpu(bo);

	/* New VRAM is zero. */
	ret = bo->contents ? walk_pages(bo, &pieces, copy_in) : 0;
	if (ret) {
		free_pieces(nv, &pieces);
		return ret;
	}

	if (bo->place == NV_PLACE_SYSTEM)
		drm_gem_shmem_unpin_locked(&bo->shmem);
	if (bo->contents)
		nv_vram_drop_copy(bo);
	bo->contents = false;
	list_splice(&pieces, &bo->pieces);
	WRITE_ONCE(bo->place, NV_PLACE_VRAM);
	return 0;
}

/**
 * nv_vram_put() - &drm_gpuvm_lru_ops.evict
 * @lobj: of the BO, which has VRAM, and is in no page tables of the device
 *
 * Context: the object's dma_resv is held; sleeps; not in memory reclaim.
 * Return: 0; -ENOMEM, and then nothing has changed.
 */
int nv_vram_put(struct drm_gpuvm_lru_obj *lobj)
{
	struct nv_bo *bo = to_nv_bo(lobj->obj);
	int ret;

	dma_resv_assert_held(lobj->obj->resv);

	unmap_cpu(bo);
	ret = walk_pages(bo, &bo->pieces, copy_out);
	if (ret) {
		nv_vram_drop_copy(bo);
		return ret;
	}

	nv_vram_free(bo);
	bo->contents = true;
	WRITE_ONCE(bo->place, NV_PLACE_NONE);
	return 0;
}

/**
 * nv_vram_free() - give the VRAM of a BO back
 * @bo: the BO, which nobody uses
 *
 * Context: process; sleeps.
 */
void nv_vram_free(struct nv_bo *bo)
{
	free_pieces(device_of(bo), &bo->pieces);
}

/**
 * nv_vram_piece_at() - the piece of VRAM that has a part of a BO
 * @bo: the BO, in VRAM
 * @offset: within the BO
 *
 * Context: as nv_bo_segment().
 * Return: the piece.
 */
struct nv_piece *nv_vram_piece_at(struct nv_bo *bo, u64 offset)
{
	struct nv_piece *piece;

	list_for_each_entry(piece, &bo->pieces, link)
		if (offset < piece->offset + piece->node.size)
			break;

	return piece;
}

/**
 * nv_vram_page() - the page that has a part of a BO
 * @bo: the BO, in VRAM
 * @offset: within the BO
 *
 * Context: the object's dma_resv is held.
 * Return: the page.
 */
struct page *nv_vram_page(struct nv_bo *bo, u64 offset)
{
	struct nv_piece *piece = nv_vram_piece_at(bo, offset);
	struct nv_hw *hw = device_of(bo)->hw;

	return hw->ops->vram_page(hw, piece->node.start + offset -
				  piece->offset);
}
