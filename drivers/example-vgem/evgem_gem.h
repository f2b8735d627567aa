/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects.
 */
#ifndef __EVGEM_GEM_H__
#define __EVGEM_GEM_H__

#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_gpuvm_lru.h>

struct dma_buf;
struct dma_buf_attachment;
struct drm_device;
struct drm_file;
struct drm_mode_create_dumb;
struct evgem_device;
struct evgem_file;
struct evgem_vm;
struct sg_table;

/**
 * struct evgem_bo - a buffer object
 */
struct evgem_bo {
	/**
	 * @shmem: the GEM object, first, as drm_gem_shmem_free() wants it; of
	 * a huge BO only &drm_gem_shmem_object.base is used
	 */
	struct drm_gem_shmem_object shmem;
	/**
	 * @pages: the memory, one for each 4 KiB, or NULL before it is used and
	 * while it is evicted
	 *
	 * Changes under the object's dma_resv, with no unsignalled fence in it:
	 * a job that has mapped it relies on that. Of an imported BO it never
	 * does.
	 */
	struct page **pages;
	/** @pins: who else has @pages; under the object's dma_resv */
	unsigned int pins;
	/** @lru: in &evgem_device.lru while it has memory of its own */
	struct drm_gpuvm_lru_obj lru;
	/**
	 * @private_to: what holds the dma_resv that a private BO shares with
	 * its VM, or NULL; does not change
	 */
	struct drm_gem_object *private_to;
	/**
	 * @owner: the file that it counts for, with a reference; NULL for an
	 * imported BO; does not change once the BO has a handle
	 */
	struct evgem_file *owner;
	/** @huge: backed by blocks of 2 MiB; does not change */
	bool huge;
};

static inline struct evgem_bo *to_evgem_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct evgem_bo, shmem.base);
}

struct drm_gem_object *evgem_gem_create_object(struct drm_device *drm,
					       size_t size);
enum drm_gem_object_status evgem_gem_status(struct drm_gem_object *obj);
void evgem_gem_disown(struct evgem_bo *bo);
int evgem_gem_populate_locked(struct drm_gem_object *obj,
			      struct drm_gpuvm *gpuvm);
int evgem_gem_get_pages(struct drm_gpuvm_lru_obj *lobj, bool contents);
int evgem_gem_put_pages(struct drm_gpuvm_lru_obj *lobj);
int evgem_gem_pin(struct drm_gem_object *obj);
void evgem_gem_unpin(struct drm_gem_object *obj);
int evgem_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
extern const struct vm_operations_struct evgem_gem_vm_ops;
int evgem_gem_create_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int evgem_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			  struct drm_mode_create_dumb *dumb);
int evgem_gem_mmap_offset_ioctl(struct drm_device *drm, void *data,
				struct drm_file *file);

/* evgem_gem_huge.c */
struct evgem_bo *evgem_gem_huge_create(struct drm_device *drm, size_t size);
int evgem_gem_huge_get_pages(struct evgem_bo *bo, bool contents);
int evgem_gem_huge_put_pages(struct evgem_bo *bo);

/* evgem_lru.c */
int evgem_lru_init(struct evgem_device *evgem);

/* evgem_prime.c */
struct dma_buf *evgem_gem_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *evgem_gem_import(struct drm_device *drm,
					struct dma_buf_attachment *attach,
					struct sg_table *sgt);

#endif
