// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Nodes that are set aside.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "gpuva_reserve.h"

/* So many nodes of a VM are not worth being looked at by memory reclaim. */
#define RESERVE_KEEPS 8u

/*
 * Beside what is promised: for a split that reaches the root, which many
 * insertions share.
 */
#define RESERVE_SLACK 4u

/* How many nodes the stock has at rest, and when it is filled up again. */
#define STOCK_LOW 64
#define STOCK_FILL 128

/* With so many to spare a VM offers them to memory reclaim. */
#define SPARE_LEAST 64u

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
	/** @work: fills it */
	struct work_struct work;
	/** @wq: where that is done; unbound, as the CPU is busy taking nodes */
	struct workqueue_struct *wq;
	/** @cache: where all nodes come from */
	struct kmem_cache *cache;
};

static struct gpuva_stock stock;

/**
 * struct gpuva_spares - the VMs that have nodes to spare
 */
struct gpuva_spares {
	/** @lock: protects @reserves; outside of their locks */
	spinlock_t lock;
	/** @reserves: &gpuva_reserve.spares of each of them */
	struct list_head reserves;
	/** @shrinker: how memory reclaim asks for these nodes */
	struct shrinker *shrinker;
};

static struct gpuva_spares spares;

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

static void trim(struct gpuva_reserve *reserve)
{
	void *node;

	while ((node = pop(reserve)))
		kmem_cache_free(stock.cache, node);
}

static void stock_work(struct work_struct *work)
{
	/* For want of memory there are fewer; whoever takes one asks again. */
	fill(&stock.nodes, STOCK_FILL, GFP_KERNEL | __GFP_NOWARN);
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

/* How many nodes a VM would not miss. */
static unsigned int spare_locked(const struct gpuva_reserve *reserve)
{
	const u32 wanted = reserve->promised + reserve->keep;

	lockdep_assert_held(&reserve->lock);

	return reserve->held || reserve->count <= wanted ?
	       0 : reserve->count - wanted;
}

/* Whether spares_offer() is to follow, once the lock is gone. */
static bool offers_locked(struct gpuva_reserve *reserve)
{
	if (reserve->offered || spare_locked(reserve) < SPARE_LEAST)
		return false;

	reserve->offered = true;
	return true;
}

static void spares_offer(struct gpuva_reserve *reserve)
{
	spin_lock(&spares.lock);
	list_add_tail(&reserve->spares, &spares.reserves);
	spin_unlock(&spares.lock);
}

/* A node that nobody misses; who has no more of them is not asked again. */
static void *spares_pop(void)
{
	struct gpuva_reserve *reserve, *next;
	void *node = NULL;

	spin_lock(&spares.lock);
	list_for_each_entry_safe(reserve, next, &spares.reserves, spares) {
		spin_lock(&reserve->lock);
		if (spare_locked(reserve)) {
			node = pop_locked(reserve);
		} else if (!reserve->held) {
			list_del_init(&reserve->spares);
			reserve->offered = false;
		}
		spin_unlock(&reserve->lock);
		if (node)
			break;
	}
	spin_unlock(&spares.lock);

	return node;
}

static unsigned long spares_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	struct gpuva_reserve *reserve;
	unsigned long count = 0;

	spin_lock(&spares.lock);
	list_for_each_entry(reserve, &spares.reserves, spares) {
		spin_lock(&reserve->lock);
		count += spare_locked(reserve);
		spin_unlock(&reserve->lock);
	}
	spin_unlock(&spares.lock);

	return count ?: SHRINK_EMPTY;
}

static unsigned long spares_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	unsigned long freed = 0;
	void *node;

	while (freed < sc->nr_to_scan && (node = spares_pop())) {
		kmem_cache_free(stock.cache, node);
		freed++;
	}

	return freed ?: SHRINK_STOP;
}

static int spares_init(void)
{
	spin_lock_init(&spares.lock);
	INIT_LIST_HEAD(&spares.reserves);

	spares.shrinker = shrinker_alloc(0, GPUVA_NODE_CACHE);
	if (!spares.shrinker)
		return -ENOMEM;

	spares.shrinker->count_objects = spares_count;
	spares.shrinker->scan_objects = spares_scan;
	shrinker_register(spares.shrinker);
	return 0;
}

/**
 * gpuva_reserve_module_init() - make the module's stock
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuva_reserve_module_init(void)
{
	int ret = -ENOMEM;

	stock.cache = kmem_cache_create(GPUVA_NODE_CACHE, GPUVA_NODE_SIZE,
					GPUVA_NODE_ALIGN, 0, NULL);
	if (!stock.cache)
		return ret;

	stock.wq = alloc_workqueue("drm_gpuva_nodes", WQ_UNBOUND, 1);
	if (!stock.wq)
		goto err_destroy_cache;

	gpuva_reserve_init(&stock.nodes);
	INIT_WORK(&stock.work, stock_work);
	ret = fill(&stock.nodes, STOCK_FILL, GFP_KERNEL) ?: spares_init();
	if (ret)
		goto err_destroy_wq;

	return 0;

err_destroy_wq:
	destroy_workqueue(stock.wq);
	trim(&stock.nodes);
err_destroy_cache:
	kmem_cache_destroy(stock.cache);
	stock.cache = NULL;
	return ret;
}

/**
 * gpuva_reserve_module_exit() - free the module's stock
 *
 * Context: process; sleeps; there are no VMs any more.
 */
void gpuva_reserve_module_exit(void)
{
	shrinker_free(spares.shrinker);
	destroy_workqueue(stock.wq);
	trim(&stock.nodes);
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
	INIT_LIST_HEAD(&reserve->spares);
}

/**
 * gpuva_reserve_fini() - free the nodes of a reserve
 * @reserve: the reserve, not used any more
 *
 * Context: any.
 */
void gpuva_reserve_fini(struct gpuva_reserve *reserve)
{
	/* Once it is not in that list, memory reclaim does not know it. */
	spin_lock(&spares.lock);
	list_del_init(&reserve->spares);
	spin_unlock(&spares.lock);

	while (reserve->pocketed)
		kmem_cache_free(stock.cache,
				reserve->pocket[--reserve->pocketed]);
	trim(reserve);
}

/* Beside those that are promised. */
static int grow(struct gpuva_reserve *reserve, unsigned int count)
{
	might_alloc(GFP_KERNEL);

	return fill(reserve, READ_ONCE(reserve->promised) + RESERVE_SLACK + count,
		    GFP_KERNEL_ACCOUNT);
}

/**
 * gpuva_reserve_keep() - have some nodes beside those that are promised
 * @reserve: the reserve
 * @count: how many
 *
 * From now on memory reclaim leaves it that many.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM, and then there may be fewer.
 */
int gpuva_reserve_keep(struct gpuva_reserve *reserve, unsigned int count)
{
	if (READ_ONCE(reserve->keep) < RESERVE_SLACK + count) {
		spin_lock(&reserve->lock);
		reserve->keep = max(RESERVE_SLACK + count, reserve->keep);
		spin_unlock(&reserve->lock);
	}

	return grow(reserve, count);
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

	ret = grow(reserve, 0);
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
	bool offers;

	spin_lock(&reserve->lock);
	reserve->promised -= count;
	offers = offers_locked(reserve);
	spin_unlock(&reserve->lock);

	if (offers)
		spares_offer(reserve);
}

/**
 * gpuva_reserve_hold() - keep all nodes from memory reclaim
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
 * gpuva_reserve_unhold() - memory reclaim may have what is to spare
 * @reserve: the reserve
 *
 * Context: fence signalling section.
 */
void gpuva_reserve_unhold(struct gpuva_reserve *reserve)
{
	bool offers;

	spin_lock(&reserve->lock);
	reserve->held--;
	offers = offers_locked(reserve);
	spin_unlock(&reserve->lock);

	if (offers)
		spares_offer(reserve);
}

/* A lock and its barriers are for so many nodes: an emptied VM gives thousands. */
static noinline void pocket_fill(struct gpuva_reserve *reserve)
{
	void *node;

	spin_lock(&reserve->lock);
	while (reserve->pocketed < GPUVA_POCKET / 2 &&
	       (node = pop_locked(reserve)))
		reserve->pocket[reserve->pocketed++] = node;
	spin_unlock(&reserve->lock);
}

static noinline void pocket_empty(struct gpuva_reserve *reserve)
{
	bool offers;

	spin_lock(&reserve->lock);
	while (reserve->pocketed > GPUVA_POCKET / 2)
		push_locked(reserve, reserve->pocket[--reserve->pocketed]);
	offers = offers_locked(reserve);
	spin_unlock(&reserve->lock);

	if (unlikely(offers))
		spares_offer(reserve);
}

/**
 * gpuva_reserve_take() - take a node
 * @reserve: the reserve
 *
 * Context: the driver's lock for the VM is held. Fence signalling section.
 * Return: the node, with anything in it; NULL if there is none.
 */
void *gpuva_reserve_take(struct gpuva_reserve *reserve)
{
	if (!reserve->pocketed)
		pocket_fill(reserve);

	return reserve->pocketed ? reserve->pocket[--reserve->pocketed] :
				   stock_take();
}

/**
 * gpuva_reserve_give() - give a node back
 * @reserve: the reserve
 * @node: the node
 *
 * It stays with its VM, so that who empties one and fills it again finds what it
 * takes, until memory reclaim wants it.
 *
 * Context: as gpuva_reserve_take().
 */
void gpuva_reserve_give(struct gpuva_reserve *reserve, void *node)
{
	if (reserve->pocketed == GPUVA_POCKET)
		pocket_empty(reserve);

	reserve->pocket[reserve->pocketed++] = node;
}
