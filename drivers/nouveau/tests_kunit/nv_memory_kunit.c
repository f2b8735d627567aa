// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Without memory: each allocation fails in its turn, and what was there before
 * is there afterwards, no more and no less.
 */
#include "../../../drm/tests/gpuvm_fail_alloc.h"
#include "nv_mmu_world.h"

struct reserve {
	const char *name;
	/* m: map, s: make sparse, u: unmap */
	char op;
	u64 addr;
	u64 range;
};

static const struct reserve reserves[] = {
	{ "map", 'm', SZ_2M - SZ_4K, SZ_4M },
	{ "sparse in pieces", 's', SZ_4K, SZ_8M },
	{ "unmap", 'u', SZ_4K, SZ_8M },
};

static void reserve_desc(const struct reserve *reserve, char *desc)
{
	strscpy(desc, reserve->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(reserve, reserves, reserve_desc);

static int do_reserve(struct nv_mmu_update *update, const struct reserve *reserve)
{
	switch (reserve->op) {
	case 'm':
		return nv_mmu_reserve_map(update, reserve->addr, reserve->range,
					  NV_MMU_2M);
	case 's':
		return nv_mmu_reserve_sparse(update, reserve->addr,
					     reserve->range, 3);
	default:
		return nv_mmu_reserve_unmap(update, reserve->addr,
					    reserve->range);
	}
}

/* What was set aside before the failure is counted, in the pool, and freed. */
static void memory_reserve(struct kunit *test)
{
	const struct reserve *reserve = test->param_value;
	struct nv_mmu_update update;
	unsigned int nth = 1;
	u64 needed;
	int ret;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, do_reserve(&update, reserve));
	needed = update.reserved;
	nv_mmu_update_fini(&update);

	for (;; nth++) {
		nv_mmu_update_init(&update);
		gk_fail_alloc_arm(nth);
		ret = do_reserve(&update, reserve);
		if (gk_fail_alloc_disarm())
			break;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_EQ(test, update.reserved, nth - 1);
		KUNIT_EXPECT_EQ(test, list_count_nodes(&update.pool), nth - 1);
		KUNIT_EXPECT_TRUE(test, list_empty(&update.retired));
		nv_mmu_update_fini(&update);
		KUNIT_EXPECT_TRUE(test, list_empty(&update.pool));
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, nth - 1, needed);
	nv_mmu_update_fini(&update);
	/* The page tables know nothing of all that. */
	expect_empty(test);
}

static void memory_root(struct kunit *test)
{
	struct nv_mmu mmu = {};

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	gk_fail_alloc_arm(1);
	KUNIT_EXPECT_EQ(test, nv_mmu_init(&mmu), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	KUNIT_EXPECT_PTR_EQ(test, mmu.root, NULL);
	KUNIT_ASSERT_EQ(test, nv_mmu_init(&mmu), 0);
	nv_mmu_fini(&mmu);
}

/* Pages in front of the one that could not be had are given back. */
static void memory_vram(struct kunit *test)
{
	enum { PAGES_OF_VRAM = 9 };
	const u64 size = PAGES_OF_VRAM * SZ_4K;
	struct nv_vram vram = {};
	unsigned int nth = 1;
	int ret;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	KUNIT_ASSERT_EQ(test, 0, nv_model_vram_init(&vram, SZ_2M));
	/* A neighbour, which stays. */
	KUNIT_ASSERT_EQ(test, 0, nv_model_vram_populate(&vram, 0, SZ_4K));
	for (;; nth++) {
		gk_fail_alloc_arm(nth);
		ret = nv_model_vram_populate(&vram, SZ_4K, size);
		if (gk_fail_alloc_disarm())
			break;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_NOT_NULL(test, nv_model_vram_page(&vram, 0));
		for (u64 at = SZ_4K; at < SZ_2M; at += SZ_4K)
			KUNIT_EXPECT_PTR_EQ(test,
					    nv_model_vram_page(&vram, at), NULL);
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, nth - 1, PAGES_OF_VRAM);
	nv_model_vram_release(&vram, 0, SZ_4K + size);
	nv_model_vram_fini(&vram);

	/* The region itself. */
	memset(&vram, 0, sizeof(vram));
	gk_fail_alloc_arm(1);
	ret = nv_model_vram_init(&vram, SZ_2M);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	/* What a slab has not is asked for elsewhere. */
	KUNIT_EXPECT_TRUE(test, ret == -ENOMEM || (!ret && vram.pages));
	KUNIT_EXPECT_EQ(test, vram.size, ret ? 0 : SZ_2M);
	nv_model_vram_fini(&vram);
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE_PARAM(memory_reserve, reserve_gen_params),
	KUNIT_CASE(memory_root),
	KUNIT_CASE(memory_vram),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "nv_memory",
	.suite_init = world_make,
	.suite_exit = world_unmake,
	.init = world_init,
	.exit = world_exit,
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
