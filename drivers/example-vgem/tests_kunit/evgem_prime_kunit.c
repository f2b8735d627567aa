// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The memory of an imported dma-buf, as no exporter at hand has it: in pieces of
 * several pages, too little of it, or of a kind that the engine cannot reach.
 */
#include <kunit/test.h>

#include "../evgem_prime.c"

#define COUNT 6
#define PIECES 3

/* Contents do not matter here: any memory will do. */
static dma_addr_t memory(void)
{
	return PFN_PHYS(page_to_pfn(virt_to_page((void *)PAGE_OFFSET)));
}

struct memory_case {
	const char *name;
	/** @page: of each piece, the first page */
	unsigned int page[PIECES];
	/** @count: of each piece, the number of pages; 0: no such piece */
	unsigned int count[PIECES];
	/** @add: to the address of the second piece */
	dma_addr_t add;
	int result;
};

static const struct memory_case memory_cases[] = {
	{ "one piece", { 2 }, { COUNT } },
	{ "pages of their own", { 7, 3, 5 }, { 4, 1, 1 } },
	{ "pieces", { 10, 0, 20 }, { 1, 3, 2 } },
	{ "more than the size", { 10, 0, 20 }, { 1, 4, 3 } },
	{ "less than the size", { 10, 0 }, { 1, 4 }, .result = -EINVAL },
	{ "nothing", .result = -EINVAL },
	{ "memory of a device", { 10, 0, 20 }, { 1, 3, 2 }, .add = 1ULL << 51,
	  .result = -EOPNOTSUPP },
	{ "half a page", { 10, 0, 20 }, { 1, 3, 2 }, .add = PAGE_SIZE / 2,
	  .result = -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(memory_kind, memory_cases, name);

static void make_table(const struct memory_case *c, struct sg_table *sgt)
{
	for (unsigned int i = 0; i < PIECES && c->count[i]; i++) {
		struct scatterlist *sg = &sgt->sgl[i];

		/* As dma-bufs come: addresses only, no page behind them. */
		sg_dma_address(sg) = memory() + c->page[i] * PAGE_SIZE +
				     (i == 1 ? c->add : 0);
		sg_dma_len(sg) = c->count[i] * PAGE_SIZE;
		sgt->nents++;
	}
}

static void import_memory(struct kunit *test)
{
	const struct memory_case *c = test->param_value;
	struct page *first = pfn_to_page(PHYS_PFN(memory()));
	struct page *pages[COUNT + 1] = {};
	struct scatterlist sgl[PIECES];
	struct sg_table sgt = { .sgl = sgl };
	unsigned int n = 0;

	sg_init_table(sgl, PIECES);
	make_table(c, &sgt);
	KUNIT_ASSERT_EQ(test, import_pages(&sgt, pages, COUNT), c->result);
	KUNIT_EXPECT_NULL(test, pages[COUNT]);
	if (c->result)
		return;

	for (unsigned int i = 0; i < PIECES; i++) {
		for (unsigned int k = 0; k < c->count[i] && n < COUNT; k++) {
			KUNIT_EXPECT_PTR_EQ(test, pages[n],
					    first + c->page[i] + k);
			n++;
		}
	}
	KUNIT_EXPECT_EQ(test, n, COUNT);
}

static struct kunit_case evgem_prime_cases[] = {
	KUNIT_CASE_PARAM(import_memory, memory_kind_gen_params),
	{}
};

static struct kunit_suite evgem_prime_suite = {
	.name = "evgem_prime",
	.test_cases = evgem_prime_cases,
};

kunit_test_suite(evgem_prime_suite);

MODULE_DESCRIPTION("KUnit suite of the example driver's imports");
MODULE_LICENSE("GPL");
