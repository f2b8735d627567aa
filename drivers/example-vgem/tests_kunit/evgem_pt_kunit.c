// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The page-table writer against the engine's walker and TLB, and against a
 * model: an array that says for each page what should be there.
 *
 * Every change is given exactly the tables that evgem_pt_tables_for_map() or
 * _for_unmap() ask for, so a count that is too small fails the change.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "../evgem_pt.c"
#include "../evgem_tlb.c"

/* A window of the VA space, and as much memory to map into it. */
#define BLOCKS		4
#define BLOCK_PAGES	512u
#define PAGES		(BLOCKS * BLOCK_PAGES)
#define CONTEXT		7
#define OTHER_CONTEXT	8
#define RANDOM_OPS	20000
/* No page begins with this word. */
#define SPARSE		U64_MAX

/* Windows: some in one table of each level, one across tables of all levels. */
static const u64 windows[] = {
	0,
	SZ_2M,
	SZ_1G - 2 * SZ_2M,
	512ULL * SZ_1G - 2 * SZ_2M,
	EVGEM_VA_RANGE - BLOCKS * SZ_2M,
};

struct fixture {
	struct evgem_pt pt;
	struct evgem_hw *hw;
	u64 base;
	/* Blocks of 2 MiB in a row, each contiguous; and the same backwards. */
	struct page *huge[PAGES];
	struct page *mixed[PAGES];
	/* The model: the word that a load gives, 0 for a fault, or SPARSE. */
	u64 words[PAGES];
	bool writable[PAGES];
};

/* Each page begins with a word of its own. */
static void stamp(struct fixture *f)
{
	for (unsigned int i = 0; i < PAGES; i++)
		*(u64 *)page_address(f->huge[i]) = i + 1;
}

static int fixture_init(struct kunit *test)
{
	struct fixture *f = kvzalloc_obj(*f);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;

	f->hw = kvzalloc_obj(*f->hw);
	KUNIT_ASSERT_NOT_NULL(test, f->hw);
	evgem_tlb_init(&f->hw->tlb);

	for (unsigned int b = 0; b < BLOCKS; b++) {
		struct page *block = alloc_pages(GFP_KERNEL | __GFP_COMP, 9);

		KUNIT_ASSERT_NOT_NULL(test, block);
		for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
			unsigned int at = b * BLOCK_PAGES + i;

			f->huge[at] = block + i;
			f->mixed[PAGES - 1 - at] = block + i;
		}
	}
	stamp(f);

	KUNIT_ASSERT_EQ(test, evgem_pt_init(&f->pt), 0);
	evgem_hw_context_set(f->hw, CONTEXT, evgem_pt_root_address(&f->pt));
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;

	evgem_pt_fini(&f->pt);
	for (unsigned int b = 0; b < BLOCKS; b++) {
		if (f->huge[b * BLOCK_PAGES])
			__free_pages(f->huge[b * BLOCK_PAGES], 9);
	}
	kvfree(f->hw);
	kvfree(f);
}

static int load(struct fixture *f, unsigned int context, u64 addr, u64 *word,
		struct evgem_hw_fault *fault)
{
	const struct evgem_access access = {
		.op = EVGEM_OP_LOAD,
		.addr = addr,
		.buf = word,
		.size = sizeof(*word),
	};

	return evgem_tlb_access(&f->hw->tlb, context, &access, fault);
}

static int store(struct fixture *f, unsigned int context, u64 addr, u64 word,
		 struct evgem_hw_fault *fault)
{
	const struct evgem_access access = {
		.op = EVGEM_OP_STORE,
		.addr = addr,
		.buf = &word,
		.size = sizeof(word),
	};

	return evgem_tlb_access(&f->hw->tlb, context, &access, fault);
}

static void flush(struct fixture *f, struct evgem_pt_update *update)
{
	if (update->flush_start < update->flush_end)
		evgem_hw_tlb_flush(f->hw, CONTEXT, update->flush_start,
				   update->flush_end);
}

/* Maps pages [@first, @first + @n) of the window. */
static void do_map_from(struct kunit *test, unsigned int first, unsigned int n,
			const struct evgem_pt_source *source, bool writable,
			bool expect_all_used)
{
	struct fixture *f = test->priv;
	u64 addr = f->base + (u64)first * PAGE_SIZE;
	u64 range = (u64)n * PAGE_SIZE;
	struct evgem_pt_update update;
	u64 tables;

	evgem_pt_update_init(&update);
	tables = evgem_pt_tables_for_map(addr, range, source);
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_update_reserve(&update, tables));
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_map(&f->pt, &update, addr, range,
					      source, writable));
	KUNIT_EXPECT_TRUE(test, list_empty(&update.retired));
	if (expect_all_used)
		KUNIT_EXPECT_TRUE(test, list_empty(&update.pool));
	flush(f, &update);
	evgem_pt_update_fini(&update);

	for (unsigned int i = 0; i < n; i++) {
		u64 at = source->repeat ? (source->at + i) % source->repeat :
					  source->at + i;

		f->words[first + i] = source->pages ?
			*(u64 *)page_address(source->pages[at]) : SPARSE;
		f->writable[first + i] = writable;
	}
}

/* To @pages[@first...]. */
static void do_map(struct kunit *test, unsigned int first, unsigned int n,
		   struct page **pages, bool writable, bool expect_all_used)
{
	const struct evgem_pt_source source = { .pages = pages, .at = first };

	do_map_from(test, first, n, &source, writable, expect_all_used);
}

/* To @pages[0] up to @pages[@repeat - 1], again and again, from @pages[@at]. */
static void do_repeat(struct kunit *test, unsigned int first, unsigned int n,
		      struct page **pages, u64 at, u64 repeat,
		      bool expect_all_used)
{
	const struct evgem_pt_source source = {
		.pages = pages,
		.at = at,
		.repeat = repeat,
	};

	do_map_from(test, first, n, &source, true, expect_all_used);
}

static void do_sparse(struct kunit *test, unsigned int first, unsigned int n,
		      bool expect_all_used)
{
	static const struct evgem_pt_source nothing;

	do_map_from(test, first, n, &nothing, true, expect_all_used);
}

static void do_unmap(struct kunit *test, unsigned int first, unsigned int n)
{
	struct fixture *f = test->priv;
	u64 addr = f->base + (u64)first * PAGE_SIZE;
	u64 range = (u64)n * PAGE_SIZE;
	struct evgem_pt_update update;
	u64 tables;

	evgem_pt_update_init(&update);
	tables = evgem_pt_tables_for_unmap(addr, range);
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_update_reserve(&update, tables));
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_unmap(&f->pt, &update, addr, range));
	flush(f, &update);
	evgem_pt_update_fini(&update);

	memset(&f->words[first], 0, n * sizeof(f->words[0]));
}

/* Reads zero, also after something was written there. */
static bool is_sparse(struct fixture *f, u64 addr)
{
	struct evgem_hw_fault fault;
	u64 before = 1, after = 1;

	return !load(f, CONTEXT, addr, &before, &fault) && !before &&
	       !store(f, CONTEXT, addr, ~0ull, &fault) &&
	       !load(f, CONTEXT, addr, &after, &fault) && !after;
}

/* The whole window, through TLB and walker, against the model. */
static void check(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int wrong = 0;
	u64 mapped = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		struct evgem_hw_fault fault = {};
		u64 addr = f->base + (u64)i * PAGE_SIZE, word = 0;
		int ret = load(f, CONTEXT, addr, &word, &fault);

		if (!f->words[i]) {
			wrong += ret != -EFAULT || fault.addr != addr ||
				 fault.reason != DRM_EVGEM_FAULT_UNMAPPED;
			continue;
		}

		mapped++;
		if (f->words[i] == SPARSE) {
			wrong += !is_sparse(f, addr);
			continue;
		}
		wrong += ret || word != f->words[i];

		/* Stores what is there: the memory stays as the model says. */
		ret = store(f, CONTEXT, addr, word, &fault);
		wrong += f->writable[i] ? ret != 0 :
			 ret != -EFAULT ||
			 fault.reason != DRM_EVGEM_FAULT_READONLY;
	}

	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, mapped, f->pt.ptes_4k + 512 * f->pt.ptes_2m);
}

static void expect_empty(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->pt.tables, 1);
	KUNIT_EXPECT_EQ(test, f->pt.ptes_4k, 0);
	KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, 0);
}

struct piece {
	const char *name;
	unsigned int first;
	unsigned int n;
};

static const struct piece pieces[] = {
	{ "one page at the start", 0, 1 },
	{ "one page in the middle", 700, 1 },
	{ "the last page", PAGES - 1, 1 },
	{ "up to a boundary", 500, 12 },
	{ "from a boundary", 512, 5 },
	{ "across a boundary", 510, 4 },
	{ "one block", 512, 512 },
	{ "all but the first page of a block", 513, 511 },
	{ "all but the last page of a block", 512, 511 },
	{ "a block and a page", 512, 513 },
	{ "a page and a block", 511, 513 },
	{ "two blocks", 512, 1024 },
	{ "parts around a block", 300, 1000 },
	{ "all", 0, PAGES },
};

static void piece_desc(const struct piece *piece, char *desc)
{
	strscpy(desc, piece->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(piece, pieces, piece_desc);

/* Blocks of the window that a piece covers as a whole. */
static unsigned int whole_blocks(const struct piece *piece)
{
	unsigned int first = DIV_ROUND_UP(piece->first, BLOCK_PAGES);
	unsigned int end = (piece->first + piece->n) / BLOCK_PAGES;

	return end > first ? end - first : 0;
}

static void pt_map_unmap(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct fixture *f = test->priv;

	for (unsigned int w = 0; w < ARRAY_SIZE(windows); w++) {
		f->base = windows[w];

		/* On empty tables the worst case is the case. */
		do_map(test, piece->first, piece->n, f->huge, true, true);
		check(test);
		KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, whole_blocks(piece));
		do_unmap(test, piece->first, piece->n);
		check(test);
		expect_empty(test);

		do_map(test, piece->first, piece->n, f->mixed, false, true);
		check(test);
		KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, 0);
		do_unmap(test, piece->first, piece->n);
		check(test);
		expect_empty(test);
	}
}

/* Unmaps each piece out of a window full of large pages. */
static void pt_split(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct fixture *f = test->priv;

	for (unsigned int w = 0; w < ARRAY_SIZE(windows); w++) {
		f->base = windows[w];

		do_map(test, 0, PAGES, f->huge, w & 1, true);
		KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, BLOCKS);
		check(test);

		do_unmap(test, piece->first, piece->n);
		check(test);

		/* What was cut out goes back in, now of small pages. */
		do_map(test, piece->first, piece->n, f->mixed, true, false);
		check(test);

		do_unmap(test, 0, PAGES);
		check(test);
		expect_empty(test);
	}
}

static void pt_sparse(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct fixture *f = test->priv;

	for (unsigned int w = 0; w < ARRAY_SIZE(windows); w++) {
		f->base = windows[w];

		do_sparse(test, piece->first, piece->n, true);
		check(test);
		KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, whole_blocks(piece));
		do_unmap(test, piece->first, piece->n);
		check(test);
		expect_empty(test);
	}
}

/* Out of a window of large pages without memory, and into one with memory. */
static void pt_sparse_split(struct kunit *test)
{
	const struct piece *piece = test->param_value;
	struct fixture *f = test->priv;

	f->base = windows[3];
	do_sparse(test, 0, PAGES, true);
	KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, BLOCKS);
	do_unmap(test, piece->first, piece->n);
	check(test);
	do_map(test, piece->first, piece->n, f->mixed, true, false);
	check(test);
	do_unmap(test, 0, PAGES);
	expect_empty(test);

	do_map(test, 0, PAGES, f->huge, false, true);
	do_unmap(test, piece->first, piece->n);
	do_sparse(test, piece->first, piece->n, false);
	check(test);
	do_unmap(test, 0, PAGES);
	check(test);
	expect_empty(test);
}

/* Pieces of any length, from their start and from their end. */
static void pt_repeat(struct kunit *test)
{
	static const unsigned int lengths[] = { 1, 3, 511, 512, 600, 1024 };
	const struct piece *piece = test->param_value;
	struct fixture *f = test->priv;

	f->base = windows[3];
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		unsigned int length = lengths[i];

		do_repeat(test, piece->first, piece->n, f->huge, 0, length,
			  true);
		check(test);
		do_unmap(test, piece->first, piece->n);
		do_repeat(test, piece->first, piece->n, f->mixed, length - 1,
			  length, true);
		check(test);
		do_unmap(test, piece->first, piece->n);
		expect_empty(test);
	}
}

/* In a row, but not from a boundary on: an entry of 2 MiB would cut the address. */
static void pt_contiguous_not_aligned(struct kunit *test)
{
	struct page *row = alloc_pages(GFP_KERNEL | __GFP_COMP, 10);
	struct fixture *f = test->priv;
	struct evgem_pt_source source = {};
	struct page **pages;

	if (!row)
		kunit_skip(test, "no 4 MiB in a row");

	pages = kunit_kcalloc(test, BLOCK_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		goto out;

	for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
		pages[i] = row + 1 + i;
		*(u64 *)page_address(pages[i]) = i + 1;
	}

	f->base = 0;
	source.pages = pages;
	do_map_from(test, BLOCK_PAGES, BLOCK_PAGES, &source, true, false);
	KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, 0);
	check(test);
	do_unmap(test, BLOCK_PAGES, BLOCK_PAGES);
	expect_empty(test);
out:
	__free_pages(row, 10);
	KUNIT_EXPECT_NOT_NULL(test, pages);
}

/* Large pages where the same 2 MiB come again, and what becomes of one cut. */
static void pt_repeat_huge(struct kunit *test)
{
	static const struct {
		unsigned int at, repeat, huge;
	} rows[] = {
		{ 0, BLOCK_PAGES, BLOCKS },
		{ BLOCK_PAGES, 2 * BLOCK_PAGES, BLOCKS },
		{ 1, BLOCK_PAGES, 0 },
		{ 0, BLOCK_PAGES / 2, 0 },
		{ 0, 600, 1 },
	};
	struct fixture *f = test->priv;

	f->base = windows[1];
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		do_repeat(test, 0, PAGES, f->huge + BLOCK_PAGES, rows[i].at,
			  rows[i].repeat, true);
		KUNIT_EXPECT_EQ_MSG(test, f->pt.ptes_2m, rows[i].huge,
				    "row %u", i);
		check(test);
		do_unmap(test, 700, 200);
		check(test);
		do_unmap(test, 0, PAGES);
		expect_empty(test);
	}
}

static void pt_leaf_replaces_table(struct kunit *test)
{
	struct fixture *f = test->priv;

	do_map(test, 0, 512, f->mixed, true, true);
	KUNIT_EXPECT_EQ(test, f->pt.tables, 4);
	do_unmap(test, 0, 512);
	do_map(test, 0, 512, f->huge, true, true);
	KUNIT_EXPECT_EQ(test, f->pt.tables, 3);
	KUNIT_EXPECT_EQ(test, f->pt.ptes_2m, 1);
	check(test);
	do_unmap(test, 0, 512);
	expect_empty(test);
}

static void pt_counts(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct evgem_pt_source mixed = { .pages = f->mixed }, none = {};
	const struct evgem_pt_source huge = { .pages = f->huge };
	const struct evgem_pt_source page = { .pages = f->huge, .repeat = 1 };

	/* One table of each level below the root. */
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_4K, &mixed), 3);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_2M, &mixed), 3);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_2M, &huge), 2);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_2M, &none), 2);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_2M, &page), 3);
	/* Two pages across a boundary of all levels. */
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(512ULL * SZ_1G - SZ_4K,
						      2 * SZ_4K, &mixed), 6);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(SZ_4K, SZ_2M, &huge), 4);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(SZ_4K, SZ_2M, &none), 4);
	/* However much it is, it is one for 2 MiB, or none. */
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_1G, &page), 514);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_map(0, SZ_1G, &none), 2);

	/* As many as if nothing were huge. */
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_at_most(0, SZ_4K), 3);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_at_most(0, SZ_2M), 3);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_at_most(SZ_4K, SZ_2M), 4);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_at_most(512ULL * SZ_1G - SZ_4K,
						      2 * SZ_4K), 6);

	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_unmap(0, SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_unmap(0, SZ_4K), 1);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_unmap(SZ_4K, SZ_4K), 1);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_unmap(SZ_4K,
							SZ_2M - SZ_4K), 1);
	KUNIT_EXPECT_EQ(test, evgem_pt_tables_for_unmap(SZ_4K, SZ_2M), 2);
}

static void random_map(struct kunit *test, unsigned int first, unsigned int n,
		       unsigned int what)
{
	struct fixture *f = test->priv;
	struct page **pages = what & 8 ? f->huge : f->mixed;
	u64 repeat = what & 256 ? BLOCK_PAGES : 1 + (what >> 16) % 1000;

	if (!(what & 32))
		do_map(test, first, n, pages, what & 16, false);
	else if (what & 64)
		do_sparse(test, first, n, false);
	else
		do_repeat(test, first, n, pages, what & 128 ? repeat - 1 : 0,
			  repeat, false);
}

static void pt_random(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 seed = get_random_u64();
	struct rnd_state rnd;

	kunit_info(test, "seed %#llx", seed);
	prandom_seed_state(&rnd, seed);
	f->base = windows[2];

	for (unsigned int op = 0; op < RANDOM_OPS; op++) {
		unsigned int first = prandom_u32_state(&rnd) % PAGES;
		unsigned int n = 1 + prandom_u32_state(&rnd) % (PAGES - first);
		unsigned int what = prandom_u32_state(&rnd);

		/* Often short, often at boundaries, where the cases are. */
		if (what & 1)
			n = 1 + n % 8;
		if (what & 2)
			first = ALIGN_DOWN(first, BLOCK_PAGES);
		n = min(n, PAGES - first);

		do_unmap(test, first, n);
		if (what & 4)
			random_map(test, first, n, what);
		if (op % 500 == 0)
			check(test);
		cond_resched();
	}

	check(test);
	do_unmap(test, 0, PAGES);
	expect_empty(test);
}

/* A flush is what makes the TLB forget; without it data is old. */
static void tlb_is_stale_until_flushed(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evgem_hw_fault fault;
	struct evgem_pt_update update;
	u64 word;

	do_map(test, 0, 1, f->mixed, true, true);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 0, &word, &fault), 0);

	evgem_pt_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_update_reserve(&update, 1));
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_unmap(&f->pt, &update, 0, SZ_4K));

	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 0, &word, &fault), 0);
	KUNIT_EXPECT_EQ(test, word, f->words[0]);

	/* Neither the neighbour's range nor another context will do. */
	evgem_hw_tlb_flush(f->hw, CONTEXT, SZ_4K, SZ_2M);
	evgem_hw_tlb_flush(f->hw, OTHER_CONTEXT, 0, EVGEM_VA_RANGE);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 0, &word, &fault), 0);

	flush(f, &update);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 0, &word, &fault), -EFAULT);
	evgem_pt_update_fini(&update);
	f->words[0] = 0;
}

/* A translation of 2 MiB is forgotten if any of it is flushed. */
static void tlb_flushes_large_entry_by_part(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evgem_hw_fault fault;
	struct evgem_pt_update update;
	u64 word;

	do_map(test, 0, 512, f->huge, true, true);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 5 * SZ_4K, &word, &fault), 0);

	evgem_pt_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_update_reserve(&update, 1));
	KUNIT_ASSERT_EQ(test, 0, evgem_pt_unmap(&f->pt, &update, 5 * SZ_4K,
						SZ_4K));
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 5 * SZ_4K, &word, &fault), 0);
	evgem_hw_tlb_flush(f->hw, CONTEXT, 5 * SZ_4K, 6 * SZ_4K);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 5 * SZ_4K, &word, &fault),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 6 * SZ_4K, &word, &fault), 0);
	evgem_pt_update_fini(&update);

	f->words[5] = 0;
	check(test);
	do_unmap(test, 0, 512);
}

static void tlb_tells_contexts_apart(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evgem_hw_fault fault;
	struct evgem_pt other = {};
	u64 word;

	KUNIT_ASSERT_EQ(test, evgem_pt_init(&other), 0);
	evgem_hw_context_set(f->hw, OTHER_CONTEXT,
			     evgem_pt_root_address(&other));

	do_map(test, 0, 1, f->mixed, true, true);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, 0, &word, &fault), 0);
	KUNIT_EXPECT_EQ(test, load(f, OTHER_CONTEXT, 0, &word, &fault),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, fault.reason, DRM_EVGEM_FAULT_UNMAPPED);

	evgem_hw_context_clear(f->hw, OTHER_CONTEXT);
	evgem_pt_fini(&other);
	do_unmap(test, 0, 1);
}

static void tlb_refuses_wide_addresses(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct evgem_hw_fault fault;
	u64 word;

	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, EVGEM_VA_RANGE, &word, &fault),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, fault.reason, DRM_EVGEM_FAULT_ADDRESS);
	KUNIT_EXPECT_EQ(test, load(f, CONTEXT, -8ULL, &word, &fault), -EFAULT);
	KUNIT_EXPECT_EQ(test, fault.reason, DRM_EVGEM_FAULT_ADDRESS);
}

struct reader {
	struct fixture *f;
	struct completion started;
	unsigned long reads;
	unsigned long wrong;
};

/* Reads the first and the last page of the block, which stay mapped. */
static int reader_run(void *data)
{
	struct reader *r = data;

	while (!kthread_should_stop()) {
		struct evgem_hw_fault fault;
		u64 word;

		r->wrong += load(r->f, CONTEXT, 0, &word, &fault) || word != 1;
		r->wrong += load(r->f, CONTEXT, 511 * SZ_4K, &word, &fault) ||
			    word != 512;
		r->reads++;
		complete(&r->started);
		cond_resched();
	}

	return 0;
}

/* What stays mapped can be read at every moment of a split. */
static void pt_split_under_reader(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct reader r = { .f = f };
	struct task_struct *task;

	init_completion(&r.started);
	do_map(test, 0, 512, f->huge, true, true);
	task = kthread_run(reader_run, &r, "evgem-reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&r.started);

	for (unsigned int i = 0; i < 2000; i++) {
		do_unmap(test, 1 + i % 400, 1 + i % 100);
		do_map(test, 1 + i % 400, 1 + i % 100, f->huge, true, false);
		cond_resched();
	}

	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, r.wrong, 0);
	KUNIT_EXPECT_GT(test, r.reads, 0);
	do_unmap(test, 0, 512);
	expect_empty(test);
}

static struct kunit_case pt_cases[] = {
	KUNIT_CASE_PARAM(pt_map_unmap, piece_gen_params),
	KUNIT_CASE_PARAM(pt_split, piece_gen_params),
	KUNIT_CASE_PARAM(pt_sparse, piece_gen_params),
	KUNIT_CASE_PARAM(pt_sparse_split, piece_gen_params),
	KUNIT_CASE_PARAM(pt_repeat, piece_gen_params),
	KUNIT_CASE(pt_repeat_huge),
	KUNIT_CASE(pt_contiguous_not_aligned),
	KUNIT_CASE(pt_leaf_replaces_table),
	KUNIT_CASE(pt_counts),
	KUNIT_CASE_SLOW(pt_random),
	KUNIT_CASE(pt_split_under_reader),
	KUNIT_CASE(tlb_is_stale_until_flushed),
	KUNIT_CASE(tlb_flushes_large_entry_by_part),
	KUNIT_CASE(tlb_tells_contexts_apart),
	KUNIT_CASE(tlb_refuses_wide_addresses),
	{}
};

static struct kunit_suite pt_suite = {
	.name = "evgem_pt",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = pt_cases,
};

kunit_test_suite(pt_suite);

MODULE_DESCRIPTION("KUnit suite of the example driver's page tables and TLB");
MODULE_LICENSE("GPL");
