/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A limit on the memory that objects have at once, and who goes at it.
 *
 * For drivers with bind queues: the objects of a device that have memory, in the
 * order of their last use. Where there is no room the core finds who has to go,
 * takes it out of the page tables of its VMs, and lets the driver take the memory
 * away; it gives it memory again when somebody asks. What is left to a driver is
 * &struct drm_gpuvm_lru_ops.
 *
 * Part of the C ABI, see drm_gpuvm.h. The list is opaque, all functions are
 * exported, so that Rust can call them.
 */
#ifndef __DRM_GPUVM_LRU_H__
#define __DRM_GPUVM_LRU_H__

#include <drm/drm_gpuvm_bind.h>

struct drm_gpuvm_lru;
struct drm_printer;

/**
 * struct drm_gpuvm_lru_obj - what an object has in such a list
 *
 * Part of the driver's object, which finds it by container_of(); not changed by
 * the driver after drm_gpuvm_lru_obj_init().
 */
struct drm_gpuvm_lru_obj {
	/** @obj: the object */
	struct drm_gem_object *obj;
	/** @lru: the list */
	struct drm_gpuvm_lru *lru;
	/** @__core: the core's; what protects it stands in gpuvm_lru_private.h */
	u64 __core[8];
	/** @__reserved: 0 */
	u64 __reserved[4];
};

/**
 * struct drm_gpuvm_lru_ops - how a driver gives and takes memory
 *
 * @populate and @evict are required.
 */
struct drm_gpuvm_lru_ops {
	/**
	 * @populate: give an object memory
	 *
	 * If it has @contents, @evict took its memory away before, and they come
	 * back.
	 *
	 * Context: process, sleeps; the object's dma_resv is held, with others
	 * perhaps.
	 * Return: 0, or why not.
	 */
	int (*populate)(struct drm_gpuvm_lru_obj *lobj, bool contents);
	/**
	 * @evict: take an object's memory away, and keep what it contains
	 *
	 * No device reaches it any more; mappings of the CPU are to be undone.
	 *
	 * Context: process, sleeps; the object's dma_resv is held, with others
	 * perhaps. Memory reclaim as well, unless @may_evict says no to that.
	 * Return: 0, or why not; then the memory stays.
	 */
	int (*evict)(struct drm_gpuvm_lru_obj *lobj);
	/**
	 * @may_evict: whether an object may be evicted now; NULL if always
	 *
	 * Not if it is pinned; and not for memory reclaim (@reclaim) if @evict
	 * allocates. What uses it by fences, and whether it is needed beside
	 * others in a VM, the core knows by itself.
	 *
	 * Context: the object's dma_resv is held; may be in memory reclaim.
	 * Return: whether it may.
	 */
	bool (*may_evict)(struct drm_gpuvm_lru_obj *lobj, bool reclaim);
	/**
	 * @limit: the limit as it is now; NULL if there is none
	 *
	 * Context: any; may be old when it is used.
	 * Return: bytes; 0 for no limit.
	 */
	u64 (*limit)(void *priv);
	/**
	 * @may_shrink: whether memory reclaim may evict now; NULL if never, as
	 * when the memory is the device's
	 *
	 * Context: memory reclaim; does not sleep.
	 * Return: whether it may.
	 */
	bool (*may_shrink)(void *priv);
	/** @__reserved: NULL */
	void *__reserved[4];
};

/**
 * struct drm_gpuvm_lru_args - for drm_gpuvm_lru_create()
 */
struct drm_gpuvm_lru_args {
	/** @ops: the driver's callbacks */
	const struct drm_gpuvm_lru_ops *ops;
	/** @name: of the shrinker, in debugfs */
	const char *name;
	/** @cleanup_wq: drops references, perhaps the last ones, to objects */
	struct workqueue_struct *cleanup_wq;
	/** @priv: for the callbacks that are not about an object */
	void *priv;
	/** @__reserved: 0 */
	u64 __reserved[4];
};

/**
 * struct drm_gpuvm_lru_stats - the state of a list
 */
struct drm_gpuvm_lru_stats {
	/** @limit: bytes, or 0 */
	u64 limit;
	/** @resident: bytes that objects have */
	u64 resident;
	/** @objects: how many have memory */
	u64 objects;
	/** @evicted: how often one was evicted */
	u64 evicted;
	/** @restored: how often one came back */
	u64 restored;
	/** @shrunk: how often of @evicted memory reclaim asked for it */
	u64 shrunk;
	/** @__reserved: 0 */
	u64 __reserved[2];
};

struct drm_gpuvm_lru *
drm_gpuvm_lru_create(const struct drm_gpuvm_lru_args *args);
void drm_gpuvm_lru_destroy(struct drm_gpuvm_lru *lru);

void drm_gpuvm_lru_obj_init(struct drm_gpuvm_lru_obj *lobj,
			    struct drm_gpuvm_lru *lru,
			    struct drm_gem_object *obj);
int drm_gpuvm_lru_populate_locked(struct drm_gpuvm_lru_obj *lobj,
				  struct drm_gpuvm *gpuvm);
void drm_gpuvm_lru_del(struct drm_gpuvm_lru_obj *lobj);

void drm_gpuvm_lru_vm_used(struct drm_gpuvm *gpuvm);
int drm_gpuvm_lru_submit(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm,
			 int (*submit)(void *priv), void *priv);

void drm_gpuvm_lru_get_stats(struct drm_gpuvm_lru *lru,
			     struct drm_gpuvm_lru_stats *stats);
void drm_gpuvm_lru_print(struct drm_gpuvm_lru *lru, struct drm_printer *p);

#endif
