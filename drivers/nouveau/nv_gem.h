/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects, in VRAM or in system memory.
 */
#ifndef __NV_GEM_H__
#define __NV_GEM_H__

#include <linux/list.h>
#include <linux/sizes.h>

#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/drm_mm.h>

struct dma_buf;
struct dma_buf_attachment;
struct drm_device;
struct drm_file;
struct nv_device;
struct nv_vm;
struct sg_table;

/** define NV_VRAM_RESERVED - bytes at the start of VRAM that no BO gets */
#define NV_VRAM_RESERVED SZ_64K

/**
 * enum nv_place - where the memory of a BO is
 *
 * VRAM is taken and given back as &nv_device.lru has it. To the device the
 * memory of the system is what it is to the processor, so what is shown to the
 * processor alone becomes GART without further ado; the other way there is no
 * going back, for page tables may lead to it.
 */
enum nv_place {
	/** @NV_PLACE_NONE: it has none; what it contains is zeros, or in shmem */
	NV_PLACE_NONE,
	/** @NV_PLACE_SYSTEM: pages of shmem, which the processor uses alone */
	NV_PLACE_SYSTEM,
	/** @NV_PLACE_GART: pages of shmem, or of somebody else; stays so */
	NV_PLACE_GART,
	/** @NV_PLACE_VRAM: &nv_bo.pieces */
	NV_PLACE_VRAM,
};

/**
 * struct nv_piece - contiguous VRAM of a BO
 */
struct nv_piece {
	/** @link: in &nv_bo.pieces, in the order of @offset */
	struct list_head link;
	/** @node: in &nv_device.vram, under its vram_lock */
	struct drm_mm_node node;
	/** @offset: where in the BO */
	u64 offset;
};

/**
 * struct nv_bo - a buffer object
 */
struct nv_bo {
	/** @shmem: the GEM object, first, as drm_gem_shmem_free() wants it */
	struct drm_gem_shmem_object shmem;
	/** @domains: VRAM, GART or both, where the device may use it; constant */
	u32 domains;
	/** @tile_mode: as the program has it, for GEM_INFO; constant */
	u32 tile_mode;
	/** @tile_flags: as @tile_mode */
	u32 tile_flags;
	/**
	 * @private_to: what holds the dma_resv that a private BO shares with
	 * its VM, or NULL; does not change
	 */
	struct drm_gem_object *private_to;
	/**
	 * @place: where it is
	 *
	 * Changes under the object's dma_resv, with no unsignalled fence in it
	 * if the device may have used what it had.
	 */
	enum nv_place place;
	/** @contents: shmem has what it contains; under its dma_resv */
	bool contents;
	/** @pins: drivers that use its pages; under its dma_resv */
	unsigned int pins;
	/** @pieces: its VRAM, struct nv_piece; under its dma_resv, as @place */
	struct list_head pieces;
	/** @lru: in &nv_device.lru while it has VRAM */
	struct drm_gpuvm_lru_obj lru;
	/** @imported: address of each page of a BO of another driver, or NULL */
	u64 *imported;
};

static inline struct nv_bo *to_nv_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct nv_bo, shmem.base);
}

/**
 * struct nv_segment - memory at addresses in a row
 */
struct nv_segment {
	/** @addr: of the first byte, in VRAM or in system memory */
	u64 addr;
	/** @size: bytes */
	u64 size;
	/** @vram: it is VRAM */
	bool vram;
};

/* nv_gem.c */
struct drm_gem_object *nv_bo_create_object(struct drm_device *drm, size_t size);
int nv_bo_validate_locked(struct nv_bo *bo, struct drm_gpuvm *gpuvm);
int nv_bo_pin(struct drm_gem_object *obj);
void nv_bo_unpin(struct drm_gem_object *obj);
void nv_bo_segment(struct nv_bo *bo, u64 offset, u64 size,
		   struct nv_segment *segment);

/* nv_gem_ioctl.c */
int nv_gem_new_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
int nv_gem_info_ioctl(struct drm_device *drm, void *data,
		      struct drm_file *file);
int nv_gem_pushbuf_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file);
int nv_gem_cpu_prep_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);
int nv_gem_cpu_fini_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);
bool nv_kind_valid(u32 kind);

/* nv_vram.c */
int nv_vram_init(struct nv_device *nv);
u64 nv_vram_used(struct nv_device *nv);
int nv_vram_get(struct drm_gpuvm_lru_obj *lobj, bool contents);
int nv_vram_put(struct drm_gpuvm_lru_obj *lobj);
void nv_vram_free(struct nv_bo *bo);
void nv_vram_drop_copy(struct nv_bo *bo);
struct nv_piece *nv_vram_piece_at(struct nv_bo *bo, u64 offset);
struct page *nv_vram_page(struct nv_bo *bo, u64 offset);

/* nv_prime.c */
struct dma_buf *nv_bo_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *nv_bo_import(struct drm_device *drm,
				    struct dma_buf_attachment *attach,
				    struct sg_table *sgt);

#endif
