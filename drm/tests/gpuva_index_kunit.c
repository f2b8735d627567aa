// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The index by itself: its nodes, its edges, and what it does without memory.
 *
 * Its own files are compiled in here, with a stock of nodes of their own, so that
 * this can be emptied while the core runs on.
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>

/* Read by whoever takes a node, so that none is made meanwhile. */
static bool stock_silent;

/* Also in the small trees of these cases. */
#define AHEAD_HEIGHT 1
#define GPUVA_NODE_CACHE "drm_gpuva_node_kunit"
#define gpuva_stock_silent() READ_ONCE(stock_silent)
#include "../gpuva_reserve.c"
#include "../gpuva_index_spill.c"
#include "../gpuva_index_ahead.c"
#include "../gpuva_index_balance.c"
#include "../gpuva_index.c"

/* Afterwards there is no worker at it, either. */
static void gim_silence_stock(bool silent)
{
	WRITE_ONCE(stock_silent, silent);
	flush_workqueue(stock.wq);
}

#define GIM_REUSES true
#include "gpuva_index_model.h"

static unsigned long index_seed;
module_param(index_seed, ulong, 0444);
MODULE_PARM_DESC(index_seed, "seed of gpuva_index; 0 for a new one each time");

static unsigned int index_count = 1000000;
module_param(index_count, uint, 0444);
MODULE_PARM_DESC(index_count, "number of operations of gpuva_index");

/* One mapping per page of the model, for cases that need no random ones. */
static struct gim *gim;

static void expect_good(struct kunit *test)
{
	gim->error = gim->error ?: gic_check_all(&gim->index, gim->count);
	KUNIT_EXPECT_STREQ(test, gim->error ?: "no error", "no error");
}

static struct gim_va *at(u32 page)
{
	return gim->owner[page];
}

/* So that not the worker's speed decides what happens. */
static void prepare(struct kunit *test, u32 count)
{
	KUNIT_ASSERT_EQ(test, gpuva_index_prepare(&gim->index, count), 0);
}

static void insert(u32 page, u32 pages)
{
	gim_insert(gim, page, pages);
}

static void insert_up(u32 from, u32 to)
{
	for (; from < to; from++)
		gim_insert(gim, from, 1);
}

static void model_against_pages(struct kunit *test)
{
	const u64 seed = index_seed ?: get_random_u32();
	u64 step;

	kunit_info(test, "index_seed=%llu index_count=%u\n", seed, index_count);
	gim->random = seed * 2 + 1;

	for (step = 0; step < index_count && !gim->error; step++) {
		gim_step(gim, step);
		if (step % 1024 == 0)
			cond_resched();
	}
	kunit_info(test, "%llu inserted, %llu refused, at most %llu without a node, height %u\n",
		   gim->inserted, gim->refused, gim->spilled, gim->height);
	expect_good(test);

	/* Unless it is a short run, all of it was seen. */
	if (index_count < 1000000)
		return;
	KUNIT_EXPECT_GT(test, gim->refused, 0);
	KUNIT_EXPECT_GT(test, gim->spilled, 100);
	KUNIT_EXPECT_GE(test, gim->height, 2);
}

/* A mapping of [@first, @last]. */
static struct drm_gpuva *edge_va(struct kunit *test, u64 first, u64 last)
{
	struct drm_gpuva *va = kunit_kzalloc(test, sizeof(*va), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, va);
	va->va.addr = first;
	va->va.range = last - first + 1;
	return va;
}

/* With @others mappings in the middle of the address space. */
static void try_edges(struct kunit *test, u32 others)
{
	struct gpuva_index *index = &gim->index;
	struct drm_gpuva *low, *high, *most;

	gim->base = 1ull << 40;
	gim->shift = 12;
	if (!gim->hoarding)
		prepare(test, others);
	insert_up(0, others);

	low = edge_va(test, 0, 0);
	high = edge_va(test, U64_MAX, U64_MAX);
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, high), 0);
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, low), 0);
	gim->count += 2;
	expect_good(test);

	KUNIT_EXPECT_PTR_EQ(test, gpuva_index_find(index, 0, U64_MAX), low);
	KUNIT_EXPECT_PTR_EQ(test, gpuva_index_find(index, U64_MAX, U64_MAX), high);
	KUNIT_EXPECT_NULL(test, gpuva_index_find(index, 1, gim->base - 1));
	KUNIT_EXPECT_NULL(test, gpuva_index_find(index, U64_MAX - 1, U64_MAX - 1));
	KUNIT_EXPECT_PTR_EQ(test, gpuva_index_first(index), low);
	KUNIT_EXPECT_NULL(test, gpuva_index_prev(index, low));
	KUNIT_EXPECT_NULL(test, gpuva_index_next(index, high));
	KUNIT_EXPECT_PTR_EQ(test, gpuva_index_next(index, low),
			    others ? &at(0)->base : high);
	KUNIT_EXPECT_PTR_EQ(test, gpuva_index_prev(index, high),
			    others ? &at(others - 1)->base : low);

	most = edge_va(test, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, most), -EEXIST);
	most->va.addr = 0;
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, most), -EEXIST);

	gpuva_index_remove(index, high);
	gpuva_index_remove(index, low);
	gim->count -= 2;
	expect_good(test);
	gim_empty(gim);

	/* And alone: all but one address, whose length needs 64 bits. */
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, most), 0);
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, low), -EEXIST);
	KUNIT_EXPECT_EQ(test, gpuva_index_insert(index, high), 0);
	KUNIT_EXPECT_PTR_EQ(test, gpuva_index_next(index, most), high);
	gpuva_index_remove(index, high);
	gpuva_index_remove(index, most);
	KUNIT_EXPECT_TRUE(test, gpuva_index_is_empty(index));
}

static void edges_of_the_space(struct kunit *test)
{
	try_edges(test, 0);
	try_edges(test, 5);
	try_edges(test, 5000);

	gim_hoard(gim, true);
	try_edges(test, 50);
}

static void no_node_to_be_had(struct kunit *test)
{
	struct gpuva_index *index = &gim->index;
	u32 page;

	gim_hoard(gim, true);
	for (page = 0; page < 500; page++)
		insert(page * 7 % 500 * 2, 1);
	KUNIT_EXPECT_EQ(test, index->spilled, 500);
	KUNIT_EXPECT_NULL(test, index->root);
	gim_walk(gim);
	insert(10, 2);
	KUNIT_EXPECT_EQ(test, gim->refused, 1);
	for (page = 0; page < 100; page++)
		gim_remove(gim, at(page * 3 % 500 * 2));
	gim_compare(gim, 0);
	expect_good(test);

	/* Each insertion brings some of them into the tree. */
	gim_hoard(gim, false);
	prepare(test, 500);
	for (page = 1; index->spilled; page += 2) {
		KUNIT_ASSERT_LT(test, page, 500);
		insert(page, 1);
	}
	KUNIT_EXPECT_GE(test, index->leaves, 400 / LEAF_SLOTS);
	gim_walk(gim);
	expect_good(test);
}

/* A full leaf in the middle of many, and no node to split it with. */
static void no_node_to_split_with(struct kunit *test)
{
	u32 page;

	prepare(test, 1000);
	for (page = 0; page < 1000; page++)
		insert(page * 4, 2);
	KUNIT_EXPECT_EQ(test, gim->index.spilled, 0);

	gim_hoard(gim, true);
	for (page = 0; page < 100; page++)
		insert(page * 40 + 2, 1 + page % 2);
	KUNIT_EXPECT_GT(test, gim->index.spilled, 0);
	insert(400 + 1, 1);
	insert(400 + 2, 1);
	KUNIT_EXPECT_EQ(test, gim->refused, 2);
	for (page = 0; page < 1000; page++)
		gim_compare(gim, page * 4);
	gim_walk(gim);
	expect_good(test);

	gim_hoard(gim, false);
	gim_empty(gim);
	expect_good(test);
}

/* What takes the place of another moves none, whatever is around it. */
static void replacement_in_place(struct kunit *test)
{
	struct gpuva_index *index = &gim->index;
	u32 page, leaves;

	prepare(test, 2000);
	insert_up(0, 2000);
	leaves = index->leaves;
	gim_hoard(gim, true);

	for (page = 0; page < 2000; page++) {
		const struct gpuva_leaf *leaf;
		unsigned int slot, again;

		leaf = locate(index, &at(page)->base, &slot);
		KUNIT_EXPECT_PTR_EQ(test, gpuva_index_seek(index, gim_addr(gim, page),
							   gim_end(gim, page)),
				    &at(page)->base);
		gim_remove(gim, at(page));
		insert(page, 1);
		KUNIT_EXPECT_PTR_EQ(test, locate(index, &at(page)->base, &again),
				    leaf);
		KUNIT_EXPECT_EQ(test, again, slot);
	}
	KUNIT_EXPECT_EQ(test, index->leaves, leaves);
	KUNIT_EXPECT_EQ(test, index->spilled, 0);
	expect_good(test);
}

/* A leaf that gets sparse where mappings were just found looks for another, too. */
static void sparse_where_found(struct kunit *test)
{
	struct gpuva_index *index = &gim->index;
	u32 page;

	prepare(test, 200);
	insert_up(0, 2 * LEAF_SLOTS);
	KUNIT_ASSERT_EQ(test, index->leaves, 2);

	for (page = 0; page < 2 * LEAF_SLOTS; page++) {
		if (page % LEAF_SLOTS < LEAF_SPARSE)
			continue;
		KUNIT_EXPECT_PTR_EQ(test,
				    gpuva_index_seek(index, gim_addr(gim, page),
						     gim_end(gim, page)),
				    &at(page)->base);
		gim_remove(gim, at(page));
	}
	KUNIT_EXPECT_EQ(test, index->leaves, 1);
	expect_good(test);
}

/* Two leaves get sparse, the one in front first: they become one all the same. */
static void sparse_before_full(struct kunit *test)
{
	struct gpuva_index *index = &gim->index;
	u32 page, left;

	prepare(test, 200);
	insert_up(0, 5 * LEAF_SLOTS);
	KUNIT_ASSERT_EQ(test, index->leaves, 5);

	/* It is as empty as one ever gets before it is gone, and waits. */
	for (page = LEAF_SLOTS; page < 2 * LEAF_SLOTS - 1; page++)
		gim_remove(gim, at(page));
	KUNIT_EXPECT_EQ(test, index->leaves, 5);
	expect_good(test);

	for (left = LEAF_SLOTS; left > LEAF_SPARSE + 1; left--, page++)
		gim_remove(gim, at(page + 1));
	KUNIT_EXPECT_EQ(test, index->leaves, 5);
	gim_remove(gim, at(page + 1));
	KUNIT_EXPECT_EQ(test, index->leaves, 4);
	expect_good(test);

	/* Who waited and is gone is not looked for by the one behind. */
	insert_up(LEAF_SLOTS, 2 * LEAF_SLOTS - LEAF_SPARSE - 2);
	KUNIT_EXPECT_EQ(test, index->leaves, 4);
	for (page = 3 * LEAF_SLOTS; page < 4 * LEAF_SLOTS; page++)
		gim_remove(gim, at(page));
	KUNIT_EXPECT_EQ(test, index->leaves, 3);
	KUNIT_EXPECT_FALSE(test, index->head->next->next->left_sparse);
	for (page = 0; page < LEAF_SLOTS; page++)
		gim_remove(gim, at(page));
	KUNIT_EXPECT_EQ(test, index->leaves, 2);
	KUNIT_EXPECT_FALSE(test, index->head->left_sparse);
	expect_good(test);
	gim_empty(gim);
}

static void ascending_fills_leaves(struct kunit *test)
{
	const u32 least = DIV_ROUND_UP(GIM_PAGES / 2, LEAF_SLOTS);
	u32 page;

	prepare(test, GIM_PAGES / 2);
	insert_up(0, GIM_PAGES / 2);
	KUNIT_EXPECT_EQ(test, gim->index.leaves, least);
	gim_empty(gim);

	prepare(test, GIM_PAGES / 2);
	for (page = GIM_PAGES / 2; page--;)
		insert(page, 1);
	KUNIT_EXPECT_LE(test, gim->index.leaves, least + least / 8);
	gim_empty(gim);

	prepare(test, GIM_PAGES / 2);
	/* In any order: at least three quarters full. */
	for (page = 0; page < GIM_PAGES / 2; page++)
		insert(page * 24421 % (GIM_PAGES / 2), 1);
	KUNIT_EXPECT_LE(test, gim->index.leaves, least + least / 3);
	expect_good(test);
}

/* What is set aside for a number of insertions is enough for them. */
static void nodes_are_enough(struct kunit *test)
{
	static const u32 counts[] = { 1, 2, 10, 100, 600, 3000 };
	struct gpuva_reserve *reserve = &gim->index.reserve;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		const u32 count = counts[i], apart = 12000 / count;
		u32 page, nodes;

		/* All leaves are full, and all above them. */
		prepare(test, 12000);
		for (page = 0; page < 12000; page++)
			insert(page * 2, 1);
		gim_hoard(gim, true);
		nodes = gpuva_index_nodes(&gim->index, count);
		KUNIT_ASSERT_EQ(test, gpuva_reserve_promise(reserve, nodes), 0);
		for (page = 0; page < count; page++)
			insert(page * apart * 2 + 1, 1);
		KUNIT_EXPECT_EQ_MSG(test, gim->index.spilled, 0, "%u", count);
		gpuva_reserve_release(reserve, nodes);
		gim_hoard(gim, false);
		expect_good(test);
		gim_empty(gim);
	}
}

/* Memory reclaim comes, and wants more than there is. */
static unsigned long reclaim_nodes(void)
{
	struct shrink_control sc = { .nr_to_scan = ULONG_MAX };
	const unsigned long freed = spares_scan(spares.shrinker, &sc);

	return freed == SHRINK_STOP ? 0 : freed;
}

/* As drivers do it that do not know how many mappings there will be. */
static void insert_topping_up(struct kunit *test, u32 to)
{
	u32 page;

	for (page = 0; page < to; page++) {
		if (page % 16 == 0)
			KUNIT_ASSERT_EQ(test, 0,
					gpuva_index_top_up(&gim->index,
							   &gim->count));
		insert(page, 1);
	}
}

/* They are the VM's, until memory reclaim comes. */
static void nodes_come_back(struct kunit *test)
{
	struct gpuva_reserve *reserve = &gim->index.reserve;
	unsigned long count;
	u32 page, leaves;

	insert_topping_up(test, 20000);
	leaves = gim->index.leaves;
	for (page = 0; page < 20000; page++)
		if (page % 100)
			gim_remove(gim, at(page));
	/* Two hundred of twenty thousand are left, scattered. */
	KUNIT_EXPECT_LE(test, gim->index.leaves, 60);
	expect_good(test);
	gim_empty(gim);
	KUNIT_EXPECT_GE(test, reserve->count, leaves);

	count = spares_count(spares.shrinker, NULL);
	KUNIT_EXPECT_EQ(test, count, reserve->count - reserve->keep);
	KUNIT_EXPECT_EQ(test, reclaim_nodes(), count);
	KUNIT_EXPECT_EQ(test, reserve->count, reserve->keep);
	KUNIT_EXPECT_EQ(test, spares_count(spares.shrinker, NULL), SHRINK_EMPTY);
	KUNIT_EXPECT_TRUE(test, list_empty(&spares.reserves));

	/* And once more: it has to be offered again. */
	insert_topping_up(test, 20000);
	gim_empty(gim);
	KUNIT_EXPECT_GE(test, reclaim_nodes(), leaves);
	expect_good(test);
}

/* What was asked for, and what is promised to a job, is not to spare. */
static void nodes_asked_for_stay(struct kunit *test)
{
	struct gpuva_reserve *reserve = &gim->index.reserve;
	u32 page, unused;

	prepare(test, 20000);
	unused = reserve->count;
	KUNIT_EXPECT_EQ(test, reclaim_nodes(), 0);
	for (page = 0; page < 20000; page++)
		insert(page * 16381 % 20000, 1);
	gim_empty(gim);
	KUNIT_EXPECT_EQ(test, reclaim_nodes(), 0);
	KUNIT_EXPECT_EQ(test, reserve->count + reserve->pocketed, unused);

	/* Offered once the job is done, and needed by the next one. */
	KUNIT_ASSERT_EQ(test, gpuva_reserve_promise(reserve, unused + 500), 0);
	gpuva_reserve_release(reserve, unused + 500);
	KUNIT_ASSERT_EQ(test, gpuva_reserve_promise(reserve, unused + 500), 0);
	KUNIT_EXPECT_EQ(test, reclaim_nodes(), 0);
	gpuva_reserve_release(reserve, unused + 500);
	KUNIT_EXPECT_EQ(test, reclaim_nodes(), reserve->promised + 500 + RESERVE_SLACK);
	KUNIT_EXPECT_EQ(test, reserve->count, unused);
}

/* Emptied and filled again where nobody may sleep, and the stock is empty. */
static void emptied_and_refilled(struct kunit *test)
{
	struct gpuva_index *index = &gim->index;
	struct gpuva_free_node *stocked = NULL;
	u32 round, page, leaves;

	insert_topping_up(test, 20000);
	leaves = index->leaves;

	gim_silence_stock(true);
	swap(stocked, stock.nodes.free);
	for (round = 0; round < 3; round++) {
		for (page = 0; page < 20000; page++)
			gim_remove(gim, at(page));
		KUNIT_EXPECT_EQ(test, index->leaves, 0);
		insert_up(0, 20000);
		KUNIT_EXPECT_EQ(test, index->spilled, 0);
		KUNIT_EXPECT_EQ(test, index->leaves, leaves);
	}
	/* And in another order, which takes a third more. */
	for (page = 0; page < 20000; page++)
		gim_remove(gim, at(page));
	for (page = 0; page < 20000; page++)
		insert(page * 16381 % 20000, 1);
	KUNIT_EXPECT_GT(test, index->leaves, leaves + leaves / 8);
	KUNIT_EXPECT_EQ(test, index->spilled, 0);
	expect_good(test);
	swap(stocked, stock.nodes.free);
	gim_silence_stock(false);
	gim_empty(gim);
}

/* Until it is certain that they are not needed, all stay where they are. */
static void nodes_are_held(struct kunit *test)
{
	struct gpuva_reserve *reserve = &gim->index.reserve;
	u32 page, leaves;

	insert_topping_up(test, 20000);
	leaves = gim->index.leaves;
	gpuva_reserve_hold(reserve);
	for (page = 0; page < 20000; page++)
		gim_remove(gim, at(page));
	gim_empty(gim);
	KUNIT_EXPECT_EQ(test, spares_count(spares.shrinker, NULL), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, reclaim_nodes(), 0);
	KUNIT_EXPECT_GE(test, reserve->count, leaves);

	page = stock.nodes.count;
	insert_up(0, 20000);
	KUNIT_EXPECT_EQ(test, stock.nodes.count, page);
	gim_empty(gim);
	gpuva_reserve_unhold(reserve);
	KUNIT_EXPECT_GT(test, reclaim_nodes(), 0);
	KUNIT_EXPECT_EQ(test, reserve->count, reserve->keep);
}

/* Whose VM is gone is not asked. */
static void spares_end_with_their_vm(struct kunit *test)
{
	struct gpuva_reserve *reserve = kunit_kzalloc(test, sizeof(*reserve),
						      GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, reserve);
	gpuva_reserve_init(reserve);
	for (i = 0; i < STOCK_FILL; i++) {
		void *node = kmem_cache_alloc(stock.cache, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, node);
		gpuva_reserve_give(reserve, node);
	}
	KUNIT_EXPECT_EQ(test, reserve->count + reserve->pocketed, STOCK_FILL);
	KUNIT_EXPECT_EQ(test, spares_count(spares.shrinker, NULL),
			reserve->count - RESERVE_KEEPS);
	gpuva_reserve_fini(reserve);
	KUNIT_EXPECT_EQ(test, reserve->count + reserve->pocketed, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&spares.reserves));
}

/* The worker fills the stock while somebody takes from it. */
static void stock_is_filled(struct kunit *test)
{
	void *nodes[STOCK_FILL];
	unsigned int i, round;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < STOCK_FILL; i++)
			nodes[i] = stock_take();
		flush_workqueue(stock.wq);
		/* It may have been at work before the last ones were taken. */
		KUNIT_EXPECT_GE(test, stock.nodes.count, STOCK_LOW);
		for (i = 0; i < STOCK_FILL; i++)
			if (nodes[i])
				kmem_cache_free(stock.cache, nodes[i]);
	}
}

static int index_suite_init(struct kunit_suite *suite)
{
	return gpuva_reserve_module_init();
}

static void index_suite_exit(struct kunit_suite *suite)
{
	if (stock.cache)
		gpuva_reserve_module_exit();
}

static int index_init(struct kunit *test)
{
	gim = kvcalloc(1, sizeof(*gim), GFP_KERNEL);
	if (!gim)
		return -ENOMEM;

	return gim_init(gim, 1);
}

static void index_exit(struct kunit *test)
{
	if (gim)
		gim_fini(gim);
	kvfree(gim);
}

static struct kunit_case index_cases[] = {
	KUNIT_CASE_SLOW(model_against_pages),
	KUNIT_CASE(edges_of_the_space),
	KUNIT_CASE(no_node_to_be_had),
	KUNIT_CASE(no_node_to_split_with),
	KUNIT_CASE(replacement_in_place),
	KUNIT_CASE(sparse_where_found),
	KUNIT_CASE(sparse_before_full),
	KUNIT_CASE_SLOW(ascending_fills_leaves),
	KUNIT_CASE_SLOW(nodes_are_enough),
	KUNIT_CASE(nodes_come_back),
	KUNIT_CASE(nodes_asked_for_stay),
	KUNIT_CASE(emptied_and_refilled),
	KUNIT_CASE(nodes_are_held),
	KUNIT_CASE(spares_end_with_their_vm),
	KUNIT_CASE(stock_is_filled),
	{}
};

static struct kunit_suite index_suite = {
	.name = "gpuva_index",
	.suite_init = index_suite_init,
	.suite_exit = index_suite_exit,
	.init = index_init,
	.exit = index_exit,
	.test_cases = index_cases,
};

kunit_test_suite(index_suite);
