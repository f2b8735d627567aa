/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Userptr mappings: memory of a process in a VM.
 *
 * A range of a process becomes an object, which a bind maps as it maps any
 * other. The process goes on as if the device were not there: what it does to
 * the range (munmap(), fork(), being swapped out) takes the pages away from the
 * device first, and the next job gets those that are there then.
 *
 * Part of the C ABI, see drm_gpuvm.h.
 */
#ifndef __DRM_GPUVM_USERPTR_H__
#define __DRM_GPUVM_USERPTR_H__

#include <drm/drm_gpuvm_bind.h>

struct page;

/** define DRM_GPUVM_USERPTR_READONLY - the device only reads */
#define DRM_GPUVM_USERPTR_READONLY BIT(0)

/**
 * struct drm_gpuvm_userptr_args - for drm_gpuvm_userptr_create()
 */
struct drm_gpuvm_userptr_args {
	/** @queue: of the VM, which is in immediate mode */
	struct drm_gpuvm_bind_queue *queue;
	/** @addr: where it will be mapped, in the VM's unit */
	u64 addr;
	/** @range: how much, in the VM's unit */
	u64 range;
	/** @start: user address in the current process, of a page */
	u64 start;
	/** @size: bytes, of whole pages: the same as @range, as memory */
	u64 size;
	/** @flags: DRM_GPUVM_USERPTR_READONLY */
	u32 flags;
	/** @__pad: 0 */
	u32 __pad;
	/**
	 * @release: the object is being freed, or NULL
	 *
	 * Context: process, sleeps, no dma_resv is held.
	 */
	void (*release)(struct drm_gem_object *obj, void *priv);
	/** @priv: for @release */
	void *priv;
	/** @__reserved: 0 */
	u64 __reserved[4];
};

struct drm_gem_object *
drm_gpuvm_userptr_create(const struct drm_gpuvm_userptr_args *args);
bool drm_gpuvm_is_userptr(const struct drm_gem_object *obj);
struct page **drm_gpuvm_userptr_pages(struct drm_gem_object *obj);

int drm_gpuvm_userptr_repin(struct drm_gpuvm_bind_queue *queue);
int drm_gpuvm_userptr_begin(struct drm_gpuvm_bind_queue *queue);
void drm_gpuvm_userptr_end(struct drm_gpuvm_bind_queue *queue);

#endif
