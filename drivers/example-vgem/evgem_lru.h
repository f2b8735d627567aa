/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * How much memory BOs have, and whose goes when there is too much.
 */
#ifndef __EVGEM_LRU_H__
#define __EVGEM_LRU_H__

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct drm_printer;
struct evgem_bo;
struct evgem_device;
struct evgem_vm;
struct shrinker;

/**
 * struct evgem_lru - the BOs of a device that have memory
 */
struct evgem_lru {
	/** @lock: protects the next six; innermost */
	spinlock_t lock;
	/** @bos: least recently used first, by &evgem_bo.used */
	struct list_head bos;
	/** @count: how many */
	unsigned long count;
	/** @resident: their memory, in bytes */
	u64 resident;
	/** @departed: how many were in the list and left it */
	u64 departed;
	/** @pass: the number of this search by who has the turn */
	u64 pass;
	/** @hungry: the VM for which room is made, or NULL */
	struct evgem_vm *hungry;
	/** @evicted: how often a BO was evicted */
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
	/** @shrinker: how memory reclaim asks */
	struct shrinker *shrinker;
	/** @puts: last references to BOs; lock-free */
	struct llist_head puts;
	/** @put_work: drops @puts */
	struct work_struct put_work;
};

int evgem_lru_init(struct evgem_device *evgem);
void evgem_lru_print(struct evgem_lru *lru, struct drm_printer *p);
u64 evgem_lru_limit(void);

int evgem_lru_add_locked(struct evgem_bo *bo, struct evgem_vm *vm);
void evgem_lru_del(struct evgem_bo *bo);
int evgem_lru_submit(struct evgem_vm *vm, int (*submit)(void *priv),
		     void *priv);

#endif
