// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The page-table writer. Every change is given exactly the tables that the
 * reserve functions set aside for it, so a count that is too small fails the
 * change.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "nv_mmu_world.h"

#define RANDOM_JOBS 1000

static unsigned int wholes(unsigned int first, unsigned int end, unsigned int n)
{
	first = DIV_ROUND_UP(first, n);

	return end / n > first ? end / n - first : 0;
}

/* What pages a piece should have if memory allows any. */
static void expect_sizes(struct kunit *test, const u64 *counts,
			 const struct piece *piece, enum nv_mmu_size max)
{
	unsigned int end = piece->first + piece->n;
	unsigned int blocks = max < NV_MMU_2M ? 0 :
			      wholes(piece->first, end, BLOCK_PAGES);
	unsigned int bigs = max < NV_MMU_64K ? 0 :
			    wholes(piece->first, end, BIG_PAGES);

	bigs -= blocks * (BLOCK_PAGES / BIG_PAGES);
	KUNIT_EXPECT_EQ(test, counts[NV_MMU_2M], blocks);
	KUNIT_EXPECT_EQ(test, counts[NV_MMU_64K], bigs);
	KUNIT_EXPECT_EQ(test, counts[NV_MMU_4K],
			piece->n - blocks * BLOCK_PAGES - bigs * BIG_PAGES);
}

static void writer_map_unmap(struct kunit *test)
{
	static const enum nv_mmu_size largest[] = {
		[VRAM_LINEAR] = NV_MMU_2M,
		[VRAM_64K] = NV_MMU_64K,
		[VRAM_4K] = NV_MMU_4K,
		[VRAM_SHIFTED] = NV_MMU_4K,
		[VRAM_GAPS] = NV_MMU_4K,
		[SYSTEM] = NV_MMU_4K,
	};
	const struct piece *piece = test->param_value;
	struct world *w = test->priv;

	for (unsigned int i = 0; i < num_windows; i++) {
		enum memory_layout layout = i % LAYOUTS;

		w->base = windows[i];
		do_map(test, piece->first, piece->n, layout);
		check_window(test);
		expect_sizes(test, w->mmu.valid, piece, largest[layout]);
		do_unmap(test, piece->first, piece->n);
		check_window(test);
		expect_empty(test);
	}

	w->base = windows[2];
	for (enum memory_layout layout = 0; layout < LAYOUTS; layout++) {
		do_map(test, piece->first, piece->n, layout);
		check_window(test);
		expect_sizes(test, w->mmu.valid, piece, largest[layout]);
		do_unmap(test, piece->first, piece->n);
		expect_empty(test);
	}
}

/* Unmaps each piece out of a window of large pages, and fills the gap. */
static void writer_split(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct world *w = test->priv;

	for (enum memory_layout layout = VRAM_LINEAR; layout <= VRAM_64K; layout++) {
		w->base = windows[3];
		do_map(test, 0, PAGES, layout);
		do_unmap(test, piece->first, piece->n);
		check_window(test);

		do_map(test, piece->first, piece->n, SYSTEM);
		check_window(test);
		do_unmap(test, piece->first, piece->n);
		do_map(test, piece->first, piece->n, VRAM_LINEAR);
		check_window(test);

		do_unmap(test, 0, PAGES);
		check_window(test);
		expect_empty(test);
	}
}

/* One job takes a piece of a sparse window away and puts memory there. */
static void job_replace(struct kunit *test, const struct piece *piece,
			enum memory_layout layout)
{
	struct world *w = test->priv;
	u64 addr = w->base + (u64)piece->first * SZ_4K;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0,
			nv_mmu_reserve_map(&update, addr, (u64)piece->n * SZ_4K,
					   layout == SYSTEM ? NV_MMU_4K :
							      NV_MMU_2M));
	write_unmap(test, &update, piece->first, piece->n);
	write_map(test, &update, piece->first, piece->n, layout);
	KUNIT_EXPECT_TRUE(test, update.flush);
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
}

/* And another makes it sparse again. */
static void job_sparse_again(struct kunit *test, const struct piece *piece)
{
	struct world *w = test->priv;
	u64 addr = w->base + (u64)piece->first * SZ_4K;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_sparse(&update, addr,
						       (u64)piece->n * SZ_4K,
						       2));
	write_unmap(test, &update, piece->first, piece->n);
	write_sparse(test, &update, piece->first, piece->n);
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
}

static void writer_sparse(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct world *w = test->priv;

	for (unsigned int i = 0; i < num_windows; i += 3) {
		w->base = windows[i];
		do_sparse(test, piece->first, piece->n, 1);
		check_window(test);
		expect_sizes(test, w->mmu.sparse, piece, NV_MMU_2M);
		do_unmap(test, piece->first, piece->n);
		check_window(test);
		expect_empty(test);
	}

	w->base = windows[3];
	do_sparse(test, 0, PAGES, 1);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_2M], BLOCKS);
	for (enum memory_layout layout = 0; layout < LAYOUTS; layout += 2) {
		job_replace(test, piece, layout);
		check_window(test);
		job_sparse_again(test, piece);
		check_window(test);
	}
	do_unmap(test, 0, PAGES);
	check_window(test);
	expect_empty(test);
}

/* Entries of 512 MiB and 256 GiB, and what becomes of one that is cut. */
static void writer_sparse_large(struct kunit *test)
{
	static const struct nv_mmu_source nothing;
	struct world *w = test->priv;
	u64 base = SZ_512M - SZ_2M, range = 2 * BIT_ULL(NV_PD2_SHIFT);
	const u64 probes[] = {
		base, SZ_512M, SZ_1G, BIT_ULL(NV_PD2_SHIFT) - SZ_4K,
		BIT_ULL(NV_PD2_SHIFT), 2 * BIT_ULL(NV_PD2_SHIFT) - SZ_4K,
		2 * BIT_ULL(NV_PD2_SHIFT) + SZ_512M - SZ_2M - SZ_4K,
	};
	const u64 beside[] = { base - SZ_4K, base + range };
	struct nv_mmu_update update;
	u64 word;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_sparse(&update, base, range,
						       1));
	KUNIT_EXPECT_EQ(test, update.reserved, 5);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_map(&w->mmu, &update, base, range,
					    &nothing));
	KUNIT_EXPECT_TRUE(test, list_empty(&update.pool));
	nv_mmu_update_fini(&update);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_256G], 1);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_512M], 511);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_2M], 256);

	/* A page out of the middle of the largest one. */
	w->base = BIT_ULL(NV_PD2_SHIFT) + SZ_1G;
	job_replace(test, &(struct piece) { "", 3, 1 }, SYSTEM);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_256G], 0);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_512M], 511 + 511);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_2M], 256 + 255);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_64K], 31);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_4K], 15);

	for (unsigned int i = 0; i < ARRAY_SIZE(probes); i++) {
		word = 1;
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, probes[i],
						   &word), NV_FAULT_KINDS);
		KUNIT_EXPECT_EQ(test, word, 0);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(beside); i++)
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, beside[i],
						   &word), NV_FAULT_MMU_PDE);
	KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, w->base + 3 * SZ_4K,
					   &word), NV_FAULT_KINDS);
	KUNIT_EXPECT_EQ(test, word, w->words[3]);

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_unmap(&update, base, range));
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_unmap(&w->mmu, &update, base, range));
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
	expect_empty(test);
}

struct count {
	const char *name;
	/* 'm': map memory, 's': sparse, 'u': unmap. */
	char op;
	u64 addr, range;
	/* The largest page, or in how many pieces. */
	u64 how;
	u64 tables;
};

#define PD2_SPAN BIT_ULL(NV_PD3_SHIFT)
#define PD1_SPAN BIT_ULL(NV_PD2_SHIFT)

/* PD2, PD1, PD0, then two tables for each block. */
static const struct count counts[] = {
	{ "system page", 'm', SZ_2M, SZ_4K, NV_MMU_4K, 3 + 1 + 1 },
	{ "system block", 'm', SZ_2M, SZ_2M, NV_MMU_4K, 3 + 1 },
	{ "system, two blocks", 'm', SZ_2M, 2 * SZ_2M, NV_MMU_4K, 3 + 2 },
	{ "system, ends cut", 'm', SZ_4K, 2 * SZ_2M, NV_MMU_4K, 3 + 3 + 2 },
	{ "video page", 'm', SZ_2M, SZ_4K, NV_MMU_2M, 3 + 2 },
	{ "video block", 'm', SZ_2M, SZ_2M, NV_MMU_2M, 3 + 2 },
	{ "video, directories cut", 'm', PD2_SPAN - SZ_2M, 2 * SZ_2M,
	  NV_MMU_2M, 6 + 4 },
	{ "sparse block", 's', SZ_2M, SZ_2M, 1, 3 },
	{ "sparse, 64 KiB", 's', SZ_2M, SZ_64K, 1, 3 + 1 },
	{ "sparse, 4 KiB", 's', SZ_2M, SZ_4K, 1, 3 + 2 },
	{ "sparse, 512 MiB", 's', SZ_512M, SZ_512M, 1, 2 },
	{ "sparse, 256 GiB", 's', PD1_SPAN, PD1_SPAN, 1, 1 },
	{ "sparse, short, in pieces", 's', SZ_2M, SZ_2M, 100, 3 + 2 },
	{ "sparse, long, in pieces", 's', 0, SZ_1G, 3, 3 * 10 },
	{ "unmap block", 'u', SZ_2M, SZ_2M, 0, 2 },
	{ "unmap page", 'u', SZ_2M, SZ_4K, 0, 4 },
	{ "unmap big page", 'u', SZ_2M, SZ_64K, 0, 3 },
	{ "unmap a page in two blocks each", 'u', SZ_2M - SZ_4K, 2 * SZ_4K, 0,
	  2 + 4 },
	{ "unmap 256 GiB", 'u', PD1_SPAN, PD1_SPAN, 0, 0 },
};

static void count_desc(const struct count *count, char *desc)
{
	strscpy(desc, count->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(count, counts, count_desc);

static void writer_counts(struct kunit *test)
{
	const struct count *count = test->param_value;
	struct nv_mmu_update update;
	u64 once;
	int ret = -EINVAL;

	nv_mmu_update_init(&update);
	KUNIT_EXPECT_TRUE(test, update.whole_entries);
	for (unsigned int i = 0; i < 2; i++) {
		if (count->op == 'm')
			ret = nv_mmu_reserve_map(&update, count->addr,
						 count->range, count->how);
		else if (count->op == 's')
			ret = nv_mmu_reserve_sparse(&update, count->addr,
						    count->range, count->how);
		else
			ret = nv_mmu_reserve_unmap(&update, count->addr,
						   count->range);
		KUNIT_ASSERT_EQ(test, ret, 0);
		if (!i)
			once = update.reserved;
	}
	KUNIT_EXPECT_EQ(test, once, count->tables);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&update.pool), update.reserved);
	KUNIT_EXPECT_FALSE(test, update.whole_entries);
	nv_mmu_update_fini(&update);
}

/* Upwards, downwards, and from both ends in turn. */
static unsigned int nth_page(unsigned int order, unsigned int i)
{
	if (order == 2)
		order = i / 2 % 2;

	return order ? PAGES - 1 - i : i;
}

/* A job of many small operations shares tables, and they suffice. */
static void writer_neighbours_share(struct kunit *test)
{
	/*
	 * PD2, PD1, PD0, two tables for each block, all of which are needed but
	 * for the directories; no more than each time anew.
	 */
	static const u64 most[] = { 3 + 2 * BLOCKS, 3 + 2 * BLOCKS, 5 * PAGES };
	struct world *w = test->priv;
	struct nv_mmu_update update;

	w->base = windows[1];
	for (unsigned int order = 0; order < ARRAY_SIZE(most); order++) {
		do_map(test, 0, PAGES, VRAM_LINEAR);
		nv_mmu_update_init(&update);
		for (unsigned int i = 1; i < PAGES; i += 2) {
			u64 at = nth_page(order, i);

			KUNIT_ASSERT_EQ(test, 0,
					nv_mmu_reserve_map(&update,
							   w->base + at * SZ_4K,
							   SZ_4K, NV_MMU_4K));
		}
		KUNIT_EXPECT_LE(test, update.reserved, most[order]);
		for (unsigned int i = 1; i < PAGES; i += 2)
			write_unmap(test, &update, nth_page(order, i), 1);
		for (unsigned int i = 1; i < PAGES; i += 2)
			write_map(test, &update, nth_page(order, i), 1, SYSTEM);
		do_flush(w, &update);
		nv_mmu_update_fini(&update);
		check_window(test);

		do_unmap(test, 0, PAGES);
		expect_empty(test);
	}
}

/* What lies before the table that was counted last is counted, too. */
static void writer_counts_backwards(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	w->base = 0;
	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_map(&update, 3 * SZ_2M, SZ_2M,
						    NV_MMU_4K));
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_map(&update, SZ_2M, SZ_2M,
						    NV_MMU_4K));
	KUNIT_EXPECT_EQ(test, update.reserved, 3 + 2);
	write_map(test, &update, 3 * BLOCK_PAGES, BLOCK_PAGES, SYSTEM);
	write_map(test, &update, BLOCK_PAGES, BLOCK_PAGES, SYSTEM);
	nv_mmu_update_fini(&update);
	check_window(test);
	do_unmap(test, 0, PAGES);
	expect_empty(test);
}

/* A mapping that comes in parts around what stays takes no more. */
static void writer_parts(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct world *w = test->priv;
	unsigned int end = piece->first + piece->n;
	struct nv_mmu_update update;

	for (enum memory_layout layout = 0; layout < LAYOUTS; layout++) {
		w->base = windows[2];
		do_map(test, piece->first, piece->n, layout);

		nv_mmu_update_init(&update);
		KUNIT_ASSERT_EQ(test, 0,
				nv_mmu_reserve_map(&update, w->base,
						   (u64)PAGES * SZ_4K,
						   layout == SYSTEM ?
						   NV_MMU_4K : NV_MMU_2M));
		if (piece->first)
			write_map(test, &update, 0, piece->first, layout);
		if (end < PAGES)
			write_map(test, &update, end, PAGES - end, layout);
		nv_mmu_update_fini(&update);
		check_window(test);
		do_unmap(test, 0, PAGES);
		expect_empty(test);
	}
}

/* Without a reserve, as when an object is evicted. */
static void writer_whole_entries(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	w->base = 0;
	do_map(test, 0, 2 * BLOCK_PAGES, VRAM_LINEAR);
	do_map(test, 2 * BLOCK_PAGES, 2 * BIG_PAGES, VRAM_64K);

	nv_mmu_update_init(&update);
	write_unmap(test, &update, 5, 1);
	memset64(w->words, 0, BLOCK_PAGES);
	write_unmap(test, &update, 2 * BLOCK_PAGES + 7, 1);
	memset64(&w->words[2 * BLOCK_PAGES], 0, BIG_PAGES);
	KUNIT_EXPECT_TRUE(test, update.flush);
	do_flush(w, &update);
	nv_mmu_update_fini(&update);

	check_window(test);
	do_unmap(test, 0, PAGES);
	expect_empty(test);
}

/* What was taken out is not freed before the TLB was flushed. */
static void writer_retires(struct kunit *test)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	w->base = 0;
	do_map(test, 0, 1, SYSTEM);
	KUNIT_EXPECT_EQ(test, w->mmu.tables, 5);

	nv_mmu_update_init(&update);
	write_unmap(test, &update, 0, 1);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&update.retired), 4);
	KUNIT_EXPECT_TRUE(test, list_empty(&update.pool));
	do_flush(w, &update);
	KUNIT_EXPECT_TRUE(test, list_empty(&update.retired));
	KUNIT_EXPECT_EQ(test, list_count_nodes(&update.pool), 4);

	/* And may then be used again. */
	write_map(test, &update, 9, 1, SYSTEM);
	KUNIT_EXPECT_TRUE(test, list_empty(&update.pool));
	check_window(test);
	nv_mmu_update_fini(&update);
	do_unmap(test, 0, PAGES);
	expect_empty(test);
}

/* Jobs of some removals, then some mappings, as the bind layer makes them. */
static void random_job(struct kunit *test, struct rnd_state *rnd)
{
	struct world *w = test->priv;
	unsigned int first = prandom_u32_state(rnd) % PAGES;
	unsigned int n = 1 + prandom_u32_state(rnd) % (PAGES - first);
	enum memory_layout layout = prandom_u32_state(rnd) % (LAYOUTS + 2);
	u64 addr, range;
	struct nv_mmu_update update;

	if (prandom_u32_state(rnd) & 1)
		n = min(n, 40u);
	addr = w->base + (u64)first * SZ_4K;
	range = (u64)n * SZ_4K;

	nv_mmu_update_init(&update);
	if (layout < LAYOUTS)
		KUNIT_ASSERT_EQ(test, 0,
				nv_mmu_reserve_map(&update, addr, range,
						   layout == SYSTEM ?
						   NV_MMU_4K : NV_MMU_2M));
	else if (layout == LAYOUTS)
		KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_sparse(&update, addr,
							       range, 1));
	else
		KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_unmap(&update, addr,
							      range));

	write_unmap(test, &update, first, n);
	if (layout < LAYOUTS)
		write_map(test, &update, first, n, layout);
	else if (layout == LAYOUTS)
		write_sparse(test, &update, first, n);
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
}

static void writer_random(struct kunit *test)
{
	struct world *w = test->priv;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4);
	w->base = windows[3];
	for (unsigned int i = 0; i < RANDOM_JOBS; i++) {
		random_job(test, &rnd);
		if (i % 16 == 0)
			check_window(test);
		cond_resched();
	}

	check_window(test);
	do_unmap(test, 0, PAGES);
	check_window(test);
	expect_empty(test);
}

/* Kinds are carried in entries, also through splits. */
static void writer_kinds(struct kunit *test)
{
	struct world *w = test->priv;

	w->base = 0;
	for (unsigned int kind = 0; kind < 0x100; kind += kind < 0x10 ? 1 : 0x11) {
		const struct nv_mmu_source source =
			world_source(w, VRAM_LINEAR, 0, kind);
		bool good = kind <= NV_KIND_LAST && kind != NV_KIND_INVALID;
		enum nv_fault_kind expect = good ? NV_FAULT_KINDS :
						   NV_FAULT_MMU_KIND;
		struct nv_mmu_update update;
		u64 word;

		nv_mmu_update_init(&update);
		KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_map(&update, 0, SZ_2M,
							    NV_MMU_2M));
		KUNIT_ASSERT_EQ(test, 0, nv_mmu_map(&w->mmu, &update, 0, SZ_2M,
						    &source));
		nv_mmu_update_fini(&update);
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word),
				expect);

		do_unmap(test, 7, 1);
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, 0, &word),
				expect);
		KUNIT_EXPECT_EQ(test, world_access(w, NV_OP_LOAD, SZ_64K,
						   &word), expect);
		do_unmap(test, 0, BLOCK_PAGES);
	}
	expect_empty(test);
}

struct reader {
	struct world *w;
	struct completion started;
	unsigned long reads;
	unsigned long wrong;
};

/*
 * Reads the first and the last page of the block, which stay mapped; each time
 * through the tables, as the TLB would know them for ever.
 */
static int reader_run(void *data)
{
	struct reader *r = data;

	while (!kthread_should_stop()) {
		static const unsigned int pages[] = { 0, BLOCK_PAGES - 1 };

		for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
			u64 addr = (u64)pages[i] * SZ_4K, word;

			nv_model_tlb_flush(r->w->model,
					   nv_mmu_root_address(&r->w->mmu));
			r->wrong += world_access(r->w, NV_OP_LOAD, addr,
						 &word) != NV_FAULT_KINDS ||
				    word != r->w->words[pages[i]];
		}
		r->reads++;
		complete(&r->started);
		cond_resched();
	}

	return 0;
}

/* What stays mapped can be read at every moment of a split. */
static void writer_split_under_reader(struct kunit *test)
{
	struct world *w = test->priv;
	struct reader r = { .w = w };
	struct task_struct *task;

	w->base = 0;
	init_completion(&r.started);
	do_map(test, 0, BLOCK_PAGES, VRAM_LINEAR);
	task = kthread_run(reader_run, &r, "nv-reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&r.started);

	for (unsigned int i = 0; i < 400; i++) {
		/* Down to small pages, then back to a big one beside. */
		do_unmap(test, 1 + i % 400, 1 + i % 100);
		do_map(test, 1 + i % 400, 1 + i % 100, VRAM_LINEAR);
		cond_resched();
	}

	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, r.wrong, 0);
	KUNIT_EXPECT_GT(test, r.reads, 0);
	do_unmap(test, 0, BLOCK_PAGES);
	expect_empty(test);
}

/* Unmaps a piece of a block; what is beside it stays, at every store. */
static void split_watched(struct kunit *test, enum memory_layout layout,
			  unsigned int first, unsigned int n)
{
	struct world *w = test->priv;
	const unsigned int pages[] = {
		0, first - 1, first + n, BLOCK_PAGES - 1
	};
	struct stays stays[ARRAY_SIZE(pages)];

	do_map(test, 0, BLOCK_PAGES, layout);
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		stays[i] = (struct stays) {
			.addr = w->base + (u64)pages[i] * SZ_4K,
			.word = w->words[pages[i]],
		};
	world_watch(test, stays, ARRAY_SIZE(stays));
	do_unmap(test, first, n);
	do_map(test, first, n, SYSTEM);
	world_watch_ends(test);
	check_window(test);
	do_unmap(test, 0, BLOCK_PAGES);
	expect_empty(test);
}

/*
 * The device looks through the tables at any time: there is no store behind which
 * an address that stays does not translate, or leads elsewhere.
 */
static void writer_split_at_every_store(struct kunit *test)
{
	struct world *w = test->priv;

	w->base = windows[2];
	for (enum memory_layout layout = VRAM_LINEAR; layout <= VRAM_64K; layout++) {
		/* Within 64 KiB; of it the rest; parts of two; some as a whole. */
		split_watched(test, layout, 5, 1);
		split_watched(test, layout, 33, 14);
		split_watched(test, layout, 60, 9);
		split_watched(test, layout, 1, 100);
		split_watched(test, layout, 16, 480);
	}
}

/* The same where what is cut are entries of directories. */
static void writer_split_sparse_at_every_store(struct kunit *test)
{
	const u64 range = BIT_ULL(NV_PD2_SHIFT), at = range + range / 2;
	const struct stays stays[] = {
		{ range, SPARSE }, { at - SZ_4K, SPARSE },
		{ at + SZ_4K, SPARSE }, { at + SZ_2M, SPARSE },
		{ 2 * range - SZ_4K, SPARSE },
	};
	static const struct nv_mmu_source nothing;
	struct world *w = test->priv;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_sparse(&update, range, range, 1));
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_map(&w->mmu, &update, range, range,
					    &nothing));
	nv_mmu_update_fini(&update);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_256G], 1);

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_unmap(&update, at, SZ_4K));
	world_watch(test, stays, ARRAY_SIZE(stays));
	KUNIT_EXPECT_EQ(test, 0, nv_mmu_unmap(&w->mmu, &update, at, SZ_4K));
	world_watch_ends(test);
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
	KUNIT_EXPECT_EQ(test, w->mmu.sparse[NV_MMU_256G], 0);

	nv_mmu_update_init(&update);
	KUNIT_EXPECT_EQ(test, 0, nv_mmu_unmap(&w->mmu, &update, range, range));
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
	expect_empty(test);
}

static struct kunit_case writer_cases[] = {
	KUNIT_CASE_PARAM(writer_map_unmap, piece_gen),
	KUNIT_CASE_PARAM(writer_split, piece_gen),
	KUNIT_CASE_PARAM(writer_sparse, piece_gen),
	KUNIT_CASE_PARAM(writer_parts, piece_gen),
	KUNIT_CASE_PARAM(writer_counts, count_gen_params),
	KUNIT_CASE(writer_sparse_large),
	KUNIT_CASE(writer_neighbours_share),
	KUNIT_CASE(writer_counts_backwards),
	KUNIT_CASE(writer_whole_entries),
	KUNIT_CASE(writer_retires),
	KUNIT_CASE(writer_kinds),
	KUNIT_CASE_SLOW(writer_random),
	KUNIT_CASE(writer_split_under_reader),
	KUNIT_CASE(writer_split_at_every_store),
	KUNIT_CASE(writer_split_sparse_at_every_store),
	{}
};

static struct kunit_suite writer_suite = {
	.name = "nv_writer",
	.suite_init = world_make,
	.suite_exit = world_unmake,
	.init = world_init,
	.exit = world_exit,
	.test_cases = writer_cases,
};

kunit_test_suite(writer_suite);
