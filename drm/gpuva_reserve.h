/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nodes that are set aside: memory that an index takes in the fence signalling
 * section, where it may not allocate.
 *
 * Each VM has a reserve, which grows where sleeping is allowed. For drivers that
 * come by no such place there is a stock of the module, which a worker fills up
 * and trims. Both may be empty; then the index does without.
 */
#ifndef __GPUVA_RESERVE_H__
#define __GPUVA_RESERVE_H__

#include <linux/spinlock.h>
#include <linux/types.h>

/** define GPUVA_NODE_SIZE - bytes of a node, a multiple of a cache line */
#define GPUVA_NODE_SIZE 512

/** define GPUVA_NODE_ALIGN - its alignment */
#define GPUVA_NODE_ALIGN 64

struct gpuva_free_node;

/**
 * struct gpuva_reserve - the nodes that one VM has set aside
 */
struct gpuva_reserve {
	/**
	 * @lock: protects all members
	 *
	 * Innermost; taken in the fence signalling section.
	 */
	spinlock_t lock;
	/** @free: the nodes */
	struct gpuva_free_node *free;
	/** @count: how many there are */
	u32 count;
	/** @promised: how many of them are for jobs that are still to run */
	u32 promised;
	/** @keep: how many beside these are not to go; written without @lock */
	u32 keep;
	/** @held: nodes that come back all stay, as they may be needed again */
	u32 held;
};

int gpuva_reserve_module_init(void);
void gpuva_reserve_module_exit(void);

void gpuva_reserve_init(struct gpuva_reserve *reserve);
void gpuva_reserve_fini(struct gpuva_reserve *reserve);
int gpuva_reserve_grow(struct gpuva_reserve *reserve, unsigned int count);
int gpuva_reserve_keep(struct gpuva_reserve *reserve, unsigned int count);
int gpuva_reserve_promise(struct gpuva_reserve *reserve, unsigned int count);
void gpuva_reserve_release(struct gpuva_reserve *reserve, unsigned int count);
void gpuva_reserve_hold(struct gpuva_reserve *reserve);
void gpuva_reserve_unhold(struct gpuva_reserve *reserve);
void *gpuva_reserve_take(struct gpuva_reserve *reserve);
void gpuva_reserve_give(struct gpuva_reserve *reserve, void *node);

#endif
