// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Walker and TLB of the model, with tables written by hand where the writer
 * makes none like them.
 */
#include <linux/io.h>
#include <linux/mm.h>

#include "nv_mmu_world.h"

/* Some address, with an index other than 0 in each table. */
#define ADDR (BIT_ULL(NV_PD3_SHIFT) + 5 * BIT_ULL(NV_PD2_SHIFT) + \
	      7ULL * SZ_512M + 9 * SZ_2M + 11 * SZ_64K + 13 * SZ_4K)

#define OK NV_FAULT_KINDS

/**
 * struct tables - a path of tables, one of each kind
 */
struct tables {
	/** @pd: PD3, PD2, PD1, PD0 */
	struct page *pd[4];
	/** @big: the big table */
	struct page *big;
	/** @small: the small table */
	struct page *small;
};

static struct page *table(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

static u64 *entry_of(struct page *page, unsigned int index)
{
	return (u64 *)page_address(page) + index;
}

static u64 pde_of(struct page *page)
{
	return nv_pde(NV_APERTURE_SYSTEM, page_to_phys(page));
}

static void tables_init(struct kunit *test, struct tables *t)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(t->pd); i++)
		t->pd[i] = table(test);
	t->big = table(test);
	t->small = table(test);

	*entry_of(t->pd[0], nv_pd3_index(ADDR)) = pde_of(t->pd[1]);
	*entry_of(t->pd[1], nv_pd2_index(ADDR)) = pde_of(t->pd[2]);
	*entry_of(t->pd[2], nv_pd1_index(ADDR)) = pde_of(t->pd[3]);
	*entry_of(t->pd[3], nv_pd0_index(ADDR)) = pde_of(t->big);
	*entry_of(t->pd[3], nv_pd0_index(ADDR) + 1) = pde_of(t->small);
}

static void tables_fini(struct kunit *test, struct tables *t)
{
	struct world *w = test->priv;

	nv_model_tlb_flush(w->model, page_to_phys(t->pd[0]));
	for (unsigned int i = 0; i < ARRAY_SIZE(t->pd); i++)
		__free_page(t->pd[i]);
	__free_page(t->big);
	__free_page(t->small);
}

/* Without what the TLB remembers. */
static enum nv_fault_kind try(struct kunit *test, struct tables *t,
			      enum nv_access_op op, u64 *word)
{
	struct world *w = test->priv;
	u64 pd = page_to_phys(t->pd[0]);
	struct nv_hw_fault fault = {};
	struct nv_access access = {
		.op = op,
		.reduction = NV_RED_OR,
		.addr = ADDR,
		.buf = word,
		.size = op == NV_OP_REDUCE ? sizeof(u32) : sizeof(*word),
	};

	nv_model_tlb_flush(w->model, pd);
	return nv_model_access(w->model, pd, &access, &fault) ? fault.kind : OK;
}

static void expect_load(struct kunit *test, struct tables *t, u64 expected)
{
	u64 word = ~expected;

	KUNIT_EXPECT_EQ(test, try(test, t, NV_OP_LOAD, &word), OK);
	KUNIT_EXPECT_EQ(test, word, expected);
}

static void expect_fault(struct kunit *test, struct tables *t,
			 enum nv_fault_kind kind)
{
	u64 word;

	KUNIT_EXPECT_EQ(test, try(test, t, NV_OP_LOAD, &word), kind);
}

/* VRAM whose page @at is shown; its words are BIT(41) + page of the window. */
static u64 video(u64 addr)
{
	return nv_pte(NV_APERTURE_VIDEO, SZ_2M + addr, NV_KIND_PITCH);
}

static u64 word_of(u64 addr)
{
	return BIT_ULL(41) + addr / SZ_4K;
}

/* Which of the three tables decides. */
static void walker_dual(struct kunit *test)
{
	u64 *pd0, *big, *small, both;
	struct tables t;

	tables_init(test, &t);
	pd0 = entry_of(t.pd[3], nv_pd0_index(ADDR));
	big = entry_of(t.big, nv_big_index(ADDR));
	small = entry_of(t.small, nv_small_index(ADDR));

	expect_fault(test, &t, NV_FAULT_MMU_PTE);
	*small = video(3 * SZ_4K);
	expect_load(test, &t, word_of(3 * SZ_4K));

	/* A valid big entry wins. */
	*big = video(SZ_64K);
	expect_load(test, &t, word_of(SZ_64K + 13 * SZ_4K));
	*big = NV_ENTRY_SPARSE;
	expect_load(test, &t, 0);
	*big = NV_BIG_NO_SMALL;
	expect_fault(test, &t, NV_FAULT_MMU_PTE);
	*big = 0;
	expect_load(test, &t, word_of(3 * SZ_4K));

	/* One of the tables alone. */
	both = pd0[NV_PD0_BIG];
	pd0[NV_PD0_BIG] = 0;
	expect_load(test, &t, word_of(3 * SZ_4K));
	pd0[NV_PD0_BIG] = both;
	pd0[NV_PD0_SMALL] = 0;
	expect_fault(test, &t, NV_FAULT_MMU_PDE);
	*big = video(SZ_64K);
	expect_load(test, &t, word_of(SZ_64K + 13 * SZ_4K));

	/* A page of 2 MiB in place of both, and none. */
	pd0[NV_PD0_BIG] = video(0);
	expect_load(test, &t, word_of(11 * SZ_64K + 13 * SZ_4K));
	pd0[NV_PD0_BIG] = NV_ENTRY_SPARSE;
	expect_load(test, &t, 0);
	pd0[NV_PD0_BIG] = 0;
	expect_fault(test, &t, NV_FAULT_MMU_PDE);
	tables_fini(test, &t);
}

/* The big table may be anywhere on 256 bytes, tables in VRAM. */
static void walker_table_addresses(struct kunit *test)
{
	struct world *w = test->priv;
	struct tables t;
	u64 *pd0, addr = SZ_4K;
	struct page *vram = nv_model_vram_page(&w->model->vram, addr);

	tables_init(test, &t);
	pd0 = entry_of(t.pd[3], nv_pd0_index(ADDR));
	pd0[NV_PD0_BIG] = nv_pde(NV_APERTURE_SYSTEM,
				 page_to_phys(t.big) + 3 * 256);
	*entry_of(t.big, 3 * 32 + nv_big_index(ADDR)) = video(SZ_64K);
	expect_load(test, &t, word_of(SZ_64K + 13 * SZ_4K));

	pd0[NV_PD0_BIG] = 0;
	pd0[NV_PD0_SMALL] = nv_pde(NV_APERTURE_VIDEO, addr);
	*entry_of(vram, nv_small_index(ADDR)) = video(5 * SZ_4K);
	expect_load(test, &t, word_of(5 * SZ_4K));

	/* Where nothing answers. */
	pd0[NV_PD0_SMALL] = nv_pde(NV_APERTURE_VIDEO, w->model->vram.size);
	expect_fault(test, &t, NV_FAULT_BUS);
	tables_fini(test, &t);
}

/* Sparse and missing entries of each level, also those the writer has not. */
static void walker_levels(struct kunit *test)
{
	struct tables t;
	u64 *entries[3];

	tables_init(test, &t);
	*entry_of(t.small, nv_small_index(ADDR)) = video(0);
	entries[0] = entry_of(t.pd[0], nv_pd3_index(ADDR));
	entries[1] = entry_of(t.pd[1], nv_pd2_index(ADDR));
	entries[2] = entry_of(t.pd[2], nv_pd1_index(ADDR));

	for (unsigned int i = 0; i < ARRAY_SIZE(entries); i++) {
		u64 was = *entries[i];

		expect_load(test, &t, word_of(0));
		*entries[i] = NV_ENTRY_SPARSE;
		expect_load(test, &t, 0);
		*entries[i] = 0;
		expect_fault(test, &t, NV_FAULT_MMU_PDE);
		*entries[i] = was;
	}
	*entry_of(t.small, nv_small_index(ADDR)) = NV_ENTRY_SPARSE;
	expect_load(test, &t, 0);
	tables_fini(test, &t);
}

struct bits {
	const char *name;
	u64 pte;
	enum nv_fault_kind load, store, reduce;
};

static const struct bits bits[] = {
	{ "plain", NV_PTE_VALID, OK, OK, OK },
	{ "not valid", 0, NV_FAULT_MMU_PTE, NV_FAULT_MMU_PTE,
	  NV_FAULT_MMU_PTE },
	{ "volatile", NV_PTE_VALID | NV_PTE_VOLATILE, OK, OK, OK },
	{ "read only", NV_PTE_VALID | NV_PTE_READ_ONLY, OK,
	  NV_FAULT_MMU_READ_ONLY, NV_FAULT_MMU_READ_ONLY },
	{ "privileged", NV_PTE_VALID | NV_PTE_PRIVILEGE,
	  NV_FAULT_MMU_PRIVILEGE, NV_FAULT_MMU_PRIVILEGE,
	  NV_FAULT_MMU_PRIVILEGE },
	{ "no atomics", NV_PTE_VALID | NV_PTE_ATOMIC_DISABLE, OK, OK,
	  NV_FAULT_MMU_ATOMIC },
	{ "compressed", NV_PTE_VALID | NV_PTE_COMPTAG, OK, OK, OK },
	{ "peer", NV_PTE_VALID | FIELD_PREP_CONST(NV_PTE_APERTURE,
						  NV_PTE_PEER),
	  NV_FAULT_BUS, NV_FAULT_BUS, NV_FAULT_BUS },
	{ "behind VRAM", NV_PTE_VALID | NV_PTE_ADDR_VIDEO, NV_FAULT_BUS,
	  NV_FAULT_BUS, NV_FAULT_BUS },
};

static void bits_desc(const struct bits *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bits, bits, bits_desc);

static void walker_bits(struct kunit *test)
{
	const struct bits *row = test->param_value;
	struct tables t;
	u64 word = 0;

	tables_init(test, &t);
	*entry_of(t.small, nv_small_index(ADDR)) = row->pte;
	KUNIT_EXPECT_EQ(test, try(test, &t, NV_OP_LOAD, &word), row->load);
	KUNIT_EXPECT_EQ(test, try(test, &t, NV_OP_RELEASE, &word), row->store);
	KUNIT_EXPECT_EQ(test, try(test, &t, NV_OP_REDUCE, &word), row->reduce);
	tables_fini(test, &t);
}

static void walker_refuses_wide_addresses(struct kunit *test)
{
	struct world *w = test->priv;
	u64 word;

	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, NV_VA_RANGE, &word),
			NV_FAULT_MMU_ADDRESS);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_RELEASE, -8ULL, &word),
			NV_FAULT_MMU_ADDRESS);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, NV_VA_RANGE - 8,
					   &word), NV_FAULT_MMU_PDE);
}

/* Old translations of each size are believed until a flush. */
static void tlb_is_stale_until_flushed(struct kunit *test)
{
	static const struct { enum memory_layout layout; unsigned int n; } sizes[] = {
		{ SYSTEM, 1 }, { VRAM_64K, BIG_PAGES },
		{ VRAM_LINEAR, BLOCK_PAGES },
	};
	struct world *w = test->priv;
	struct nv_mmu_update update;
	u64 word, old;

	w->base = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		do_map(test, 0, sizes[i].n, sizes[i].layout);
		old = w->words[0];
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word),
				OK);

		nv_mmu_update_init(&update);
		write_unmap(test, &update, 0, sizes[i].n);
		word = 0;
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word),
				OK);
		KUNIT_EXPECT_EQ(test, word, old);
		do_flush(w, &update);
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word),
				NV_FAULT_MMU_PDE);
		nv_mmu_update_fini(&update);
	}
}

/* Also that there was nothing, on purpose. */
static void tlb_remembers_sparse(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;
	u64 word = 1;

	w->base = 0;
	do_sparse(test, 0, BLOCK_PAGES, 1);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word), OK);
	KUNIT_EXPECT_EQ(test, word, 0);

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_map(&update, 0, SZ_2M,
						    NV_MMU_2M));
	write_unmap(test, &update, 0, BLOCK_PAGES);
	write_map(test, &update, 0, BLOCK_PAGES, VRAM_LINEAR);
	word = 1;
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word), OK);
	KUNIT_EXPECT_EQ(test, word, 0);
	do_flush(w, &update);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word), OK);
	KUNIT_EXPECT_EQ(test, word, w->words[0]);
	nv_mmu_update_fini(&update);
	do_unmap(test, 0, PAGES);
}

static void tlb_tells_spaces_apart(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_mmu other = {};
	struct nv_mmu mine;
	u64 word;

	KUNIT_ASSERT_EQ(test, 0, nv_mmu_init(&other));
	w->base = 0;
	do_map(test, 0, 1, SYSTEM);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word), OK);

	mine = w->mmu;
	w->mmu = other;
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word),
			NV_FAULT_MMU_PDE);
	/* The flush of one is none of the other. */
	nv_model_tlb_flush(w->model, nv_mmu_root_address(&other));
	w->mmu = mine;
	atomic64_set(&w->model->stats.tlb_misses, 0);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word), OK);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->model->stats.tlb_misses), 0);

	nv_mmu_fini(&other);
	do_unmap(test, 0, 1);
}

struct reduction {
	enum nv_reduction op;
	bool is_signed;
	u32 old, operand, expected;
};

static void tlb_reductions(struct kunit *test)
{
	static const struct reduction rows[] = {
		{ NV_RED_MIN, false, 5, 7, 5 },
		{ NV_RED_MIN, false, -1u, 7, 7 },
		{ NV_RED_MIN, true, -1u, 7, -1u },
		{ NV_RED_MAX, false, -1u, 7, -1u },
		{ NV_RED_MAX, true, -1u, 7, 7 },
		{ NV_RED_XOR, false, 0xf0, 0x3c, 0xcc },
		{ NV_RED_AND, false, 0xf0, 0x3c, 0x30 },
		{ NV_RED_OR, false, 0xf0, 0x3c, 0xfc },
		{ NV_RED_ADD, false, -1u, 3, 2 },
		{ NV_RED_INC, false, 4, 5, 5 },
		{ NV_RED_INC, false, 5, 5, 0 },
		{ NV_RED_DEC, false, 4, 5, 3 },
		{ NV_RED_DEC, false, 0, 5, 5 },
		{ NV_RED_DEC, false, 6, 5, 5 },
	};
	struct world *w = test->priv;

	w->base = 0;
	do_map(test, 0, 1, SYSTEM);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 *memory = page_address(w->system[0]);
		u32 operand = rows[i].operand;
		struct nv_hw_fault fault;
		struct nv_access access = {
			.op = NV_OP_REDUCE,
			.reduction = rows[i].op,
			.is_signed = rows[i].is_signed,
			.addr = 16,
			.buf = &operand,
			.size = sizeof(operand),
		};

		memory[4] = rows[i].old;
		KUNIT_EXPECT_EQ(test, 0,
				nv_model_access(w->model,
						nv_mmu_root_address(&w->mmu),
						&access, &fault));
		KUNIT_EXPECT_EQ_MSG(test, memory[4], rows[i].expected,
				    "row %u", i);
	}
	do_unmap(test, 0, 1);
}

static void vram_refuses(struct kunit *test)
{
	struct nv_vram vram = {};

	KUNIT_ASSERT_EQ(test, 0, nv_model_vram_init(&vram, SZ_2M));
	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, 0, SZ_4K / 2),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, 512, SZ_4K),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, SZ_2M, SZ_4K),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, SZ_4K, SZ_2M),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, SZ_4K,
						     -(u64)SZ_4K), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, nv_model_vram_page(&vram, 0), NULL);
	KUNIT_EXPECT_PTR_EQ(test, nv_model_vram_page(&vram, SZ_2M), NULL);

	KUNIT_EXPECT_EQ(test, nv_model_vram_populate(&vram, SZ_4K, SZ_8K), 0);
	KUNIT_EXPECT_PTR_EQ(test, nv_model_vram_page(&vram, 0), NULL);
	KUNIT_ASSERT_NOT_NULL(test, nv_model_vram_page(&vram, SZ_8K + 5));
	KUNIT_EXPECT_PTR_EQ(test, NULL,
			    memchr_inv(page_address(nv_model_vram_page(&vram,
								       SZ_8K)),
				       0, SZ_4K));
	nv_model_vram_release(&vram, SZ_4K, SZ_8K);
	KUNIT_EXPECT_PTR_EQ(test, nv_model_vram_page(&vram, SZ_4K), NULL);
	nv_model_vram_fini(&vram);
}

static struct kunit_case walker_cases[] = {
	KUNIT_CASE(walker_dual),
	KUNIT_CASE(walker_table_addresses),
	KUNIT_CASE(walker_levels),
	KUNIT_CASE_PARAM(walker_bits, bits_gen_params),
	KUNIT_CASE(walker_refuses_wide_addresses),
	KUNIT_CASE(tlb_is_stale_until_flushed),
	KUNIT_CASE(tlb_remembers_sparse),
	KUNIT_CASE(tlb_tells_spaces_apart),
	KUNIT_CASE(tlb_reductions),
	KUNIT_CASE(vram_refuses),
	{}
};

static struct kunit_suite walker_suite = {
	.name = "nv_walker",
	.suite_init = world_make,
	.suite_exit = world_unmake,
	.init = world_init,
	.exit = world_exit,
	.test_cases = walker_cases,
};

kunit_test_suite(walker_suite);
