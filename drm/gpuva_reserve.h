/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nodes that are set aside: memory that an index takes in the fence signalling
 * section, where it may not allocate.
 *
 * Each VM has a reserve, which grows where sleeping is allowed. What it had once
 * it keeps: a VM that is emptied and filled again finds its nodes. Memory reclaim
 * may take those that nobody asked for. For drivers that come by no such place
 * there is a stock of the module, which a worker fills up. Both may be empty; then
 * the index does without.
 */
#ifndef __GPUVA_RESERVE_H__
#define __GPUVA_RESERVE_H__

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/** define GPUVA_NODE_SIZE - bytes of a node, a multiple of a cache line */
#define GPUVA_NODE_SIZE 512

/** define GPUVA_NODE_ALIGN - its alignment */
#define GPUVA_NODE_ALIGN 64

/** define GPUVA_POCKET - how many nodes are at hand without a lock */
#define GPUVA_POCKET 8

struct gpuva_free_node;

/**
 * struct gpuva_reserve - the nodes that one VM has set aside
 */
struct gpuva_reserve {
	/**
	 * @lock: protects all members but @spares, @pocket and @pocketed
	 *
	 * Innermost; taken in the fence signalling section.
	 */
	spinlock_t lock;
	/** @free: the nodes */
	struct gpuva_free_node *free;
	/** @count: how many of these there are */
	u32 count;
	/** @promised: how many of them are for jobs that are still to run */
	u32 promised;
	/** @keep: how many beside these are not for memory reclaim */
	u32 keep;
	/** @held: none is for memory reclaim, as all may be needed again */
	u32 held;
	/** @offered: it is in the list below, or will be in a moment */
	bool offered;
	/** @spares: in &gpuva_spares.reserves; protected by its lock */
	struct list_head spares;
	/**
	 * @pocket: nodes at hand, beside those of @free; memory reclaim does
	 * not know them; protected by the driver's lock for the VM
	 */
	void *pocket[GPUVA_POCKET];
	/** @pocketed: how many there are; as @pocket */
	unsigned int pocketed;
};

int gpuva_reserve_module_init(void);
void gpuva_reserve_module_exit(void);

void gpuva_reserve_init(struct gpuva_reserve *reserve);
void gpuva_reserve_fini(struct gpuva_reserve *reserve);
int gpuva_reserve_keep(struct gpuva_reserve *reserve, unsigned int count);
int gpuva_reserve_promise(struct gpuva_reserve *reserve, unsigned int count);
void gpuva_reserve_release(struct gpuva_reserve *reserve, unsigned int count);
void gpuva_reserve_hold(struct gpuva_reserve *reserve);
void gpuva_reserve_unhold(struct gpuva_reserve *reserve);
void *gpuva_reserve_take(struct gpuva_reserve *reserve);
void gpuva_reserve_give(struct gpuva_reserve *reserve, void *node);

#endif
