/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Lists of objects that have memory, as their own files see them.
 */
#ifndef __GPUVM_LRU_PRIVATE_H__
#define __GPUVM_LRU_PRIVATE_H__

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm_lru.h>

#include "gpuvm_private.h"

struct shrinker;

/**
 * struct drm_gpuvm_lru - the objects of a device that have memory
 */
struct drm_gpuvm_lru {
	/** @args: what the driver wants; do not change */
	struct drm_gpuvm_lru_args args;
	/** @lock: protects the next six; innermost, taken in memory reclaim */
	spinlock_t lock;
	/** @objs: least recently used first, by &gpuvm_lru_obj_private.used */
	struct list_head objs;
	/** @count: how many */
	unsigned long count;
	/** @resident: their memory, in bytes */
	u64 resident;
	/** @departed: how many were in the list and left it */
	u64 departed;
	/** @pass: the number of this search by who has the turn */
	u64 pass;
	/** @hungry: the VM for which room is made, or NULL */
	struct drm_gpuvm *hungry;
	/** @evicted: how often an object was evicted */
	atomic64_t evicted;
	/** @restored: how often one came back */
	atomic64_t restored;
	/** @shrunk: how often of @evicted memory reclaim asked for it */
	atomic64_t shrunk;
	/**
	 * @turn: whose turn it is to make room and wait for it
	 *
	 * Outside all dma_resv locks.
	 */
	struct mutex turn;
	/** @shrinker: how memory reclaim asks, or NULL if it does not */
	struct shrinker *shrinker;
	/** @puts: what may be last references to objects; lock-free */
	struct llist_head puts;
	/** @put_work: drops @puts */
	struct work_struct put_work;
};

/**
 * struct gpuvm_lru_obj_private - the core's part of struct drm_gpuvm_lru_obj
 *
 * What has no lock named is protected by &drm_gpuvm_lru.lock.
 */
struct gpuvm_lru_obj_private {
	/**
	 * @link: in &drm_gpuvm_lru.objs, or empty
	 *
	 * Unless the object is being freed, it joins and leaves with its dma_resv
	 * held, too.
	 */
	struct list_head link;
	/** @used: when it was used last, as far as is known */
	u64 used;
	/** @pass: the last &drm_gpuvm_lru.pass that looked at it */
	u64 pass;
	/** @put: in &drm_gpuvm_lru.puts, with a reference */
	struct llist_node put;
	/** @contents: it was evicted before; under the object's dma_resv */
	bool contents;
};

static_assert(sizeof(struct gpuvm_lru_obj_private) <=
	      sizeof_field(struct drm_gpuvm_lru_obj, __core));

static inline struct gpuvm_lru_obj_private *
gpuvm_lru_obj_private(struct drm_gpuvm_lru_obj *lobj)
{
	return (struct gpuvm_lru_obj_private *)lobj->__core;
}

static inline struct drm_gpuvm_lru_obj *
gpuvm_lru_obj_of(struct gpuvm_lru_obj_private *priv)
{
	return container_of((void *)priv, struct drm_gpuvm_lru_obj, __core);
}

/* Whether it has memory. Its neighbours in the list may change meanwhile. */
static inline bool gpuvm_lru_listed_locked(struct drm_gpuvm_lru_obj *lobj)
{
	dma_resv_assert_held(lobj->obj->resv);

	return !list_empty_careful(&gpuvm_lru_obj_private(lobj)->link);
}

/* gpuvm_lru.c */
void gpuvm_lru_insert_locked(struct drm_gpuvm_lru *lru,
			     struct gpuvm_lru_obj_private *priv, u64 used);

/* gpuvm_lru_evict.c */
void gpuvm_lru_evict_init(struct drm_gpuvm_lru *lru);
void gpuvm_lru_evict_fini(struct drm_gpuvm_lru *lru);
int gpuvm_lru_shrinker_init(struct drm_gpuvm_lru *lru);
int gpuvm_lru_try_evict(struct drm_gpuvm_lru *lru, struct drm_gpuvm *gpuvm);
int gpuvm_lru_wait_and_evict(struct drm_gpuvm_lru *lru,
			     struct drm_gpuvm *gpuvm);

#endif
