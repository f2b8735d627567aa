// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse regions against an array: what there is, and that changes stay or go as
 * a whole.
 */
#include <kunit/test.h>

#include <linux/prandom.h>
#include <linux/string.h>

#include "../nv_region.c"
#include "../../../drm/tests/gpuvm_fail_alloc.c"

#define PAGES		48u
#define RANDOM_CALLS	3000

/**
 * struct world - regions, and what they should be
 *
 * Addresses are numbers of pages here; regions do not care.
 */
struct world {
	struct nv_regions regions;
	/** @now: how long the region is that begins at a page, or 0 */
	u8 now[PAGES];
	/** @before: the same, when the call began */
	u8 before[PAGES];
};

static int region_init(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	nv_regions_init(&w->regions);
	test->priv = w;
	return 0;
}

static void region_exit(struct kunit *test)
{
	struct world *w = test->priv;

	nv_regions_fini(&w->regions);
}

/* The region that has a page, as the array has it; PAGES if there is none. */
static unsigned int begin_of(const struct world *w, unsigned int page)
{
	for (unsigned int i = 0; i <= page; i++)
		if (w->now[i] && i + w->now[i] > page)
			return i;

	return PAGES;
}

static unsigned int first_in(const struct world *w, unsigned int addr,
			     unsigned int range)
{
	for (unsigned int page = addr; page < addr + range; page++)
		if (begin_of(w, page) != PAGES)
			return begin_of(w, page);

	return PAGES;
}

static void expect_region(struct kunit *test, const struct nv_region *region,
			  unsigned int begin)
{
	struct world *w = test->priv;

	if (begin == PAGES) {
		KUNIT_EXPECT_NULL(test, region);
		return;
	}

	KUNIT_ASSERT_NOT_NULL(test, region);
	KUNIT_EXPECT_EQ(test, region->addr, begin);
	KUNIT_EXPECT_EQ(test, region->range, w->now[begin]);
	KUNIT_EXPECT_EQ(test, nv_region_end(region), begin + w->now[begin]);
}

/* Looked up from each page, and one after the other. */
static void check(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_region *region = nv_region_first(&w->regions, 0, PAGES);
	u64 count = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		expect_region(test, nv_region_first(&w->regions, i, 1),
			      begin_of(w, i));
		if (!w->now[i])
			continue;
		count++;
		expect_region(test, region, i);
		region = nv_region_next(region, 0, PAGES);
	}
	KUNIT_EXPECT_NULL(test, region);
	KUNIT_EXPECT_EQ(test, w->regions.count, count);
}

static void create(struct kunit *test, unsigned int addr, unsigned int range)
{
	struct world *w = test->priv;
	bool touches = first_in(w, addr, range) != PAGES;

	KUNIT_EXPECT_EQ(test, nv_region_create(&w->regions, addr, range),
			touches ? -ENOSPC : 0);
	if (!touches)
		w->now[addr] = range;
}

static void take_away(struct kunit *test, unsigned int addr, unsigned int range)
{
	struct world *w = test->priv;
	bool there = w->now[addr] == range;

	KUNIT_EXPECT_EQ(test, nv_region_remove(&w->regions, addr, range),
			there ? 0 : -ENOENT);
	if (there)
		w->now[addr] = 0;
}

static void commit(struct kunit *test)
{
	struct world *w = test->priv;

	nv_regions_commit(&w->regions);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->regions.changes));
	memcpy(w->before, w->now, sizeof(w->before));
	check(test);
}

static void rollback(struct kunit *test)
{
	struct world *w = test->priv;

	nv_regions_rollback(&w->regions);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->regions.changes));
	memcpy(w->now, w->before, sizeof(w->now));
	check(test);
}

static void region_lookup(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_region *region;

	check(test);
	create(test, 10, 5);
	create(test, 20, 1);
	create(test, 15, 5);
	commit(test);

	/* Beside is not within. */
	expect_region(test, nv_region_first(&w->regions, 0, 10), PAGES);
	expect_region(test, nv_region_first(&w->regions, 21, 20), PAGES);
	expect_region(test, nv_region_first(&w->regions, 0, 11), 10);
	expect_region(test, nv_region_first(&w->regions, 14, 30), 10);
	region = nv_region_first(&w->regions, 14, 6);
	expect_region(test, nv_region_next(region, 14, 6), 15);
	expect_region(test, nv_region_next(region, 14, 1), PAGES);
	region = nv_region_next(region, 14, 6);
	expect_region(test, nv_region_next(region, 14, 6), PAGES);
	expect_region(test, nv_region_next(region, 14, 7), 20);
}

static void region_rules(struct kunit *test)
{
	create(test, 10, 10);
	/* No two share a page; from within, from outside, at both ends. */
	create(test, 10, 10);
	create(test, 12, 2);
	create(test, 5, 20);
	create(test, 19, 1);
	create(test, 9, 2);
	create(test, 9, 1);
	create(test, 20, 1);
	check(test);
	/* One goes as it came. */
	take_away(test, 10, 9);
	take_away(test, 11, 9);
	take_away(test, 9, 11);
	take_away(test, 9, 12);
	take_away(test, 30, 1);
	check(test);
	take_away(test, 10, 10);
	take_away(test, 10, 10);
	commit(test);
}

/* All shapes of a change within one call, each taken back and each kept. */
static void region_changes(struct kunit *test)
{
	for (unsigned int keep = 0; keep < 2; keep++) {
		void (*end)(struct kunit *test) = keep ? commit : rollback;

		/* New; gone; new and gone. */
		create(test, 0, 4);
		end(test);
		create(test, 8, 8);
		commit(test);
		take_away(test, 8, 8);
		end(test);
		create(test, 30, 1);
		take_away(test, 30, 1);
		end(test);

		/* In the place of one that went, pieces, of which one goes. */
		create(test, 8, 8);
		commit(test);
		take_away(test, 8, 8);
		create(test, 8, 4);
		create(test, 12, 4);
		take_away(test, 8, 4);
		end(test);

		/* The very same again, and the same once more. */
		create(test, 20, 3);
		commit(test);
		take_away(test, 20, 3);
		create(test, 20, 3);
		take_away(test, 20, 3);
		create(test, 20, 3);
		end(test);
		take_away(test, 20, 3);
		end(test);
		commit(test);
	}
}

/* A call that fails for want of memory is taken back without any. */
static void region_memory(struct kunit *test)
{
	struct world *w = test->priv;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	create(test, 8, 8);
	create(test, 20, 8);
	commit(test);
	take_away(test, 8, 8);
	take_away(test, 20, 8);
	create(test, 10, 2);
	gk_fail_alloc_arm(1);
	KUNIT_EXPECT_EQ(test, nv_region_create(&w->regions, 12, 2), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	check(test);

	gk_fail_alloc_arm(1);
	nv_regions_rollback(&w->regions);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 1);
	rollback(test);
}

static void random_change(struct kunit *test, struct rnd_state *rnd)
{
	struct world *w = test->priv;
	unsigned int addr = prandom_u32_state(rnd) % PAGES;
	unsigned int range = 1 + prandom_u32_state(rnd) %
			     min(8u, PAGES - addr);
	unsigned int begin = begin_of(w, addr);

	switch (prandom_u32_state(rnd) % 4) {
	case 0:
		take_away(test, addr, range);
		break;
	case 1:
		if (begin != PAGES)
			take_away(test, begin, w->now[begin]);
		break;
	default:
		create(test, addr, range);
	}
}

static void region_random(struct kunit *test)
{
	struct world *w = test->priv;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 6);
	for (unsigned int i = 0; i < RANDOM_CALLS; i++) {
		unsigned int n = prandom_u32_state(&rnd) % 6;

		while (n--)
			random_change(test, &rnd);
		KUNIT_EXPECT_LE(test, w->regions.count, PAGES);
		if (prandom_u32_state(&rnd) & 1)
			commit(test);
		else
			rollback(test);
		cond_resched();
	}
}

static struct kunit_case region_cases[] = {
	KUNIT_CASE(region_lookup),
	KUNIT_CASE(region_rules),
	KUNIT_CASE(region_changes),
	KUNIT_CASE(region_memory),
	KUNIT_CASE(region_random),
	{}
};

static struct kunit_suite region_suite = {
	.name = "nv_region",
	.init = region_init,
	.exit = region_exit,
	.test_cases = region_cases,
};

kunit_test_suite(region_suite);

MODULE_DESCRIPTION("KUnit suite of nouveau's sparse regions");
MODULE_LICENSE("GPL");
