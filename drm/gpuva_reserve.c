// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Nodes that are set aside.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "gpuva_reserve.h"

/* What comes back to a VM's reserve stays there, up to so many or more. */
#define RESERVE_KEEPS 8u

/*
 * Beside what is promised: for a split that reaches the root, which many
 * insertions share.
 */
#define RESERVE_SLACK 4u

/* How many nodes the stock has at rest, and between which numbers it rests. */
#define STOCK_LOW 64
#define STOCK_FILL 128
#define STOCK_HIGH 256

#define BULK 16u

/* Where this is compiled into a test, it has another cache and a silent stock. */
#ifndef GPUVA_NODE_CACHE
#define GPUVA_NODE_CACHE "drm_gpuva_node"
#define gpuva_stock_silent() false
#endif

/**
 * struct gpuva_free_node - a node that is not in use
 */
struct gpuva_free_node {
	/** @next: the next one, or NULL */
	struct gpuva_free_node *next;
};

/**
 * struct gpuva_stock - nodes for any VM whose reserve is empty
 */
struct gpuva_stock {
	/** @nodes: the nodes; its lock is innermost, beside those of reserves */
	struct gpuva_reserve nodes;
	/** @work: fills and trims it */
	struct work_struct work;
	/** @wq: where that is done; unbound, as the CPU is busy taking nodes */
	struct workqueue_struct *wq;
	/** @cache: where all nodes come from */
	struct kmem_cache *cache;
};

static struct gpuva_stock stock;

static void push_locked(struct gpuva_reserve *reserve, void *memory)
{
	struct gpuva_free_node *node = memory;

	lockdep_assert_held(&reserve->lock);

	node->next = reserve->free;
	reserve->free = node;
	reserve->count++;
}

static void *pop_locked(struct gpuva_reserve *reserve)
{
	struct gpuva_free_node *node = reserve->free;

	lockdep_assert_held(&reserve->lock);

	if (node) {
		reserve->free = node->next;
		reserve->count--;
	}

	return node;
}

static void *pop(struct gpuva_reserve *reserve)
{
	void *node;

	spin_lock(&reserve->lock);
	node = pop_locked(reserve);
	spin_unlock(&reserve->lock);
	return node;
}

/* How many nodes are missing, no more than a bulk. */
static unsigned int missing(struct gpuva_reserve *reserve, unsigned int wanted)
{
	unsigned int count;

	spin_lock(&reserve->lock);
	count = reserve->count;
	spin_unlock(&reserve->lock);

	return count < wanted ? min(wanted - count, BULK) : 0;
}

static int add_some(struct gpuva_reserve *reserve, unsigned int count,
		    gfp_t gfp)
{
	void *nodes[BULK];

	/* All or none, though not each kernel says how many. */
	if (!kmem_cache_alloc_bulk(stock.cache, gfp, count, nodes))
		return -ENOMEM;

	spin_lock(&reserve->lock);
	while (count--)
		push_locked(reserve, nodes[count]);
	spin_unlock(&reserve->lock);
	return 0;
}

static int fill(struct gpuva_reserve *reserve, unsigned int wanted, gfp_t gfp)
{
	unsigned int count;

	if (READ_ONCE(reserve->count) >= wanted)
		return 0;

	while ((count = missing(reserve, wanted))) {
		int ret = add_some(reserve, count, gfp);

		if (ret)
			return ret;
	}

	return 0;
}

static void trim(struct gpuva_reserve *reserve, unsigned int keep)
{
	for (;;) {
		void *node = NULL;

		spin_lock(&reserve->lock);
		if (reserve->count > keep)
			node = pop_locked(reserve);
		spin_unlock(&reserve->lock);

		if (!node)
			return;
		kmem_cache_free(stock.cache, node);
	}
}

static void stock_work(struct work_struct *work)
{
	/* For want of memory there are fewer; whoever takes one asks again. */
	fill(&stock.nodes, STOCK_FILL, GFP_KERNEL | __GFP_NOWARN);
	trim(&stock.nodes, STOCK_HIGH);
}

/* A node of the stock, and the worker is told in good time. */
static void *stock_take(void)
{
	void *node;
	bool low;

	spin_lock(&stock.nodes.lock);
	node = pop_locked(&stock.nodes);
	low = stock.nodes.count < STOCK_LOW;
	spin_unlock(&stock.nodes.lock);

	if (low && !gpuva_stock_silent())
		queue_work(stock.wq, &stock.work);

	return node;
}

static void stock_give(void *node)
{
	bool high;

	spin_lock(&stock.nodes.lock);
	push_locked(&stock.nodes, node);
	high = stock.nodes.count > STOCK_HIGH;
	spin_unlock(&stock.nodes.lock);

	if (high)
		queue_work(stock.wq, &stock.work);
}

/**
 * gpuva_reserve_module_init() - make the module's stock
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuva_reserve_module_init(void)
{
	int ret;

	stock.cache = kmem_cache_create(GPUVA_NODE_CACHE, GPUVA_NODE_SIZE,
					GPUVA_NODE_ALIGN, 0, NULL);
	if (!stock.cache)
		return -ENOMEM;

	stock.wq = alloc_workqueue("drm_gpuva_nodes", WQ_UNBOUND, 1);
	if (!stock.wq) {
		kmem_cache_destroy(stock.cache);
		return -ENOMEM;
	}

	gpuva_reserve_init(&stock.nodes);
	INIT_WORK(&stock.work, stock_work);

	ret = fill(&stock.nodes, STOCK_FILL, GFP_KERNEL);
	if (ret)
		gpuva_reserve_module_exit();

	return ret;
}

/**
 * gpuva_reserve_module_exit() - free the module's stock
 *
 * Context: process; sleeps; there are no VMs any more.
 */
void gpuva_reserve_module_exit(void)
{
	destroy_workqueue(stock.wq);
	trim(&stock.nodes, 0);
	kmem_cache_destroy(stock.cache);
	stock.cache = NULL;
}

/**
 * gpuva_reserve_init() - make a reserve, with nothing in it
 * @reserve: the reserve
 */
void gpuva_reserve_init(struct gpuva_reserve *reserve)
{
	*reserve = (struct gpuva_reserve) { .keep = RESERVE_KEEPS };
	spin_lock_init(&reserve->lock);
}

/**
 * gpuva_reserve_fini() - free the nodes of a reserve
 * @reserve: the reserve, not used any more
 *
 * Context: any.
 */
void gpuva_reserve_fini(struct gpuva_reserve *reserve)
{
	trim(reserve, 0);
}

/**
 * gpuva_reserve_grow() - have some nodes beside those that are promised
 * @reserve: the reserve
 * @count: how many
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM, and then there may be fewer.
 */
int gpuva_reserve_grow(struct gpuva_reserve *reserve, unsigned int count)
{
	might_alloc(GFP_KERNEL);

	return fill(reserve, READ_ONCE(reserve->promised) + RESERVE_SLACK + count,
		    GFP_KERNEL_ACCOUNT);
}

/**
 * gpuva_reserve_keep() - have some nodes, and keep as many of those that return
 * @reserve: the reserve
 * @count: how many
 *
 * Context: process; sleeps.
 * Return: as gpuva_reserve_grow().
 */
int gpuva_reserve_keep(struct gpuva_reserve *reserve, unsigned int count)
{
	WRITE_ONCE(reserve->keep, max(RESERVE_SLACK + count, RESERVE_KEEPS));
	return gpuva_reserve_grow(reserve, count);
}

/**
 * gpuva_reserve_promise() - set nodes aside for a job
 * @reserve: the reserve
 * @count: how many
 *
 * Context: process; sleeps.
 * Return: 0, and gpuva_reserve_release() has to follow; -ENOMEM, and it must
 * not.
 */
int gpuva_reserve_promise(struct gpuva_reserve *reserve, unsigned int count)
{
	int ret;

	spin_lock(&reserve->lock);
	reserve->promised += count;
	spin_unlock(&reserve->lock);

	ret = gpuva_reserve_grow(reserve, 0);
	if (ret)
		gpuva_reserve_release(reserve, count);

	return ret;
}

/**
 * gpuva_reserve_release() - a job is done
 * @reserve: the reserve
 * @count: how many nodes were promised to it, whether it took them or not
 *
 * Context: any.
 */
void gpuva_reserve_release(struct gpuva_reserve *reserve, unsigned int count)
{
	unsigned int keep;

	spin_lock(&reserve->lock);
	reserve->promised -= count;
	keep = reserve->promised + reserve->keep;
	spin_unlock(&reserve->lock);

	if (!READ_ONCE(reserve->held))
		trim(reserve, keep);
}

/**
 * gpuva_reserve_hold() - keep all nodes that come back
 * @reserve: the reserve
 *
 * Between taking mappings out of an index and being certain that they are not
 * to be put in again.
 *
 * Context: fence signalling section. gpuva_reserve_unhold() follows.
 */
void gpuva_reserve_hold(struct gpuva_reserve *reserve)
{
	spin_lock(&reserve->lock);
	reserve->held++;
	spin_unlock(&reserve->lock);
}

/**
 * gpuva_reserve_unhold() - what came back may go
 * @reserve: the reserve
 *
 * Context: fence signalling section.
 */
void gpuva_reserve_unhold(struct gpuva_reserve *reserve)
{
	spin_lock(&reserve->lock);
	reserve->held--;
	spin_unlock(&reserve->lock);
}

/**
 * gpuva_reserve_take() - take a node
 * @reserve: the reserve
 *
 * Context: fence signalling section.
 * Return: the node, with anything in it; NULL if there is none.
 */
void *gpuva_reserve_take(struct gpuva_reserve *reserve)
{
	return pop(reserve) ?: stock_take();
}

/**
 * gpuva_reserve_give() - give a node back
 * @reserve: the reserve
 * @node: the node
 *
 * Context: fence signalling section.
 */
void gpuva_reserve_give(struct gpuva_reserve *reserve, void *node)
{
	bool keep;

	spin_lock(&reserve->lock);
	keep = reserve->held ||
	       reserve->count < reserve->promised + reserve->keep;
	if (keep)
		push_locked(reserve, node);
	spin_unlock(&reserve->lock);

	if (!keep)
		stock_give(node);
}
