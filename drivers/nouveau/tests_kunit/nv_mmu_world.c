// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Page-table writer, walker and memory in one place, see nv_mmu_world.h.
 */
#include <kunit/static_stub.h>

#include "../mmu/nv_mmu.c"
#include "../mmu/nv_mmu_reserve.c"
#include "../model/nv_tlb.c"
#include "../model/nv_vram.c"
#include "../../../drm/tests/gpuvm_fail_alloc.c"

#include "nv_mmu_world.h"

/* VRAM that is mapped begins here. */
#define VRAM_BASE	SZ_2M
#define VRAM_SIZE	(VRAM_BASE + (BLOCKS + 1) * SZ_2M)

/* Some in one table of each level, some across tables of all levels. */
const u64 windows[] = {
	0,
	SZ_2M,
	SZ_512M - 2 * SZ_2M,
	BIT_ULL(NV_PD2_SHIFT) - 2 * SZ_2M,
	BIT_ULL(NV_PD3_SHIFT) - 3 * SZ_2M,
	NV_VA_RANGE - BLOCKS * SZ_2M,
};

const unsigned int num_windows = ARRAY_SIZE(windows);

const struct piece pieces[] = {
	{ "one page at the start", 0, 1 },
	{ "one page in the middle", 700, 1 },
	{ "the last page", PAGES - 1, 1 },
	{ "one big page", 16, 16 },
	{ "all but the first page of a big one", 529, 15 },
	{ "all but the last page of a big one", 528, 15 },
	{ "a big page and one before", 47, 17 },
	{ "three big pages and parts beside", 40, 64 },
	{ "up to a boundary", 500, 12 },
	{ "from a boundary", 512, 5 },
	{ "across a boundary", 510, 4 },
	{ "big pages across a boundary", 480, 96 },
	{ "one block", 512, 512 },
	{ "all but the first page of a block", 513, 511 },
	{ "all but the last page of a block", 512, 511 },
	{ "all but the first big page of a block", 528, 496 },
	{ "a block and a page", 512, 513 },
	{ "a page and a block", 511, 513 },
	{ "two blocks", 512, 1024 },
	{ "parts around a block", 300, 1000 },
	{ "all", 0, PAGES },
};

const void *piece_gen(struct kunit *test, const void *prev, char *desc)
{
	const struct piece *piece = prev;

	piece = piece ? piece + 1 : pieces;
	if (piece == pieces + ARRAY_SIZE(pieces))
		return NULL;

	strscpy(desc, piece->name, KUNIT_PARAM_DESC_SIZE);
	return piece;
}

static void lay_out(struct world *w)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		unsigned int chunk = PAGES / BIG_PAGES - 1 - i / BIG_PAGES;
		unsigned int in = i % BIG_PAGES;
		u64 at[LAYOUTS] = {
			[VRAM_LINEAR] = i,
			[VRAM_64K] = chunk * BIG_PAGES + in,
			[VRAM_4K] = PAGES - 1 - i,
			[VRAM_SHIFTED] = i + 1,
			[VRAM_GAPS] = in ? i - in + BIG_PAGES - in : i,
		};

		for (enum memory_layout l = 0; l < SYSTEM; l++)
			w->addrs[l][i] = VRAM_BASE + at[l] * SZ_4K;
		w->addrs[SYSTEM][i] = page_to_phys(w->system[i / BLOCK_PAGES]) +
				      i % BLOCK_PAGES * SZ_4K;
	}
}

static u64 *cpu_address(struct world *w, enum memory_layout layout, unsigned int i)
{
	u64 addr = w->addrs[layout][i];

	if (layout == SYSTEM)
		return phys_to_virt(addr);

	return page_address(nv_model_vram_page(&w->model->vram, addr));
}

/* Each page begins with a word of its own. */
static void stamp(struct world *w)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		*cpu_address(w, SYSTEM, i) = BIT_ULL(40) + i;
		*cpu_address(w, VRAM_LINEAR, i) = BIT_ULL(41) + i;
	}
	*cpu_address(w, VRAM_SHIFTED, PAGES - 1) = BIT_ULL(41) + PAGES;
}

/* Memory is made once for a suite: there are many cases. */
static struct world *the_world;

int world_make(struct kunit_suite *suite)
{
	struct world *w = kvzalloc_obj(*w);

	the_world = w;
	if (!w)
		return -ENOMEM;

	w->model = kvzalloc_obj(*w->model);
	if (!w->model)
		return -ENOMEM;

	nv_model_tlb_init(&w->model->tlb);
	if (nv_model_vram_init(&w->model->vram, VRAM_SIZE) ||
	    nv_model_vram_populate(&w->model->vram, 0, VRAM_SIZE))
		return -ENOMEM;

	for (unsigned int b = 0; b < BLOCKS; b++) {
		w->system[b] = alloc_pages(GFP_KERNEL | __GFP_COMP, 9);
		if (!w->system[b])
			return -ENOMEM;
	}
	lay_out(w);
	return 0;
}

void world_unmake(struct kunit_suite *suite)
{
	struct world *w = the_world;

	if (!w)
		return;

	for (unsigned int b = 0; b < BLOCKS; b++) {
		if (w->system[b])
			__free_pages(w->system[b], 9);
	}
	if (w->model && w->model->vram.pages) {
		if (w->model->vram.pages[0])
			nv_model_vram_release(&w->model->vram, 0, VRAM_SIZE);
		nv_model_vram_fini(&w->model->vram);
	}
	kvfree(w->model);
	kvfree(w);
}

int world_init(struct kunit *test)
{
	struct world *w = the_world;

	test->priv = w;
	stamp(w);
	memset(w->words, 0, sizeof(w->words));
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_init(&w->mmu));
	return 0;
}

void world_exit(struct kunit *test)
{
	struct world *w = test->priv;

	nv_model_tlb_flush(w->model, nv_mmu_root_address(&w->mmu));
	nv_mmu_fini(&w->mmu);
	memset(&w->mmu, 0, sizeof(w->mmu));
}

static u64 extent(const struct nv_mmu_source *source, u64 offset, u64 *length)
{
	const u64 *addrs = source->memory;
	u64 at = offset / SZ_4K, n = 1;

	while (at + n < PAGES && n < BLOCK_PAGES &&
	       addrs[at + n] == addrs[at] + n * SZ_4K)
		n++;

	*length = n * SZ_4K;
	return addrs[at];
}

struct nv_mmu_source world_source(struct world *w, enum memory_layout layout,
				  unsigned int first, u8 kind)
{
	return (struct nv_mmu_source) {
		.aperture = layout == SYSTEM ? NV_APERTURE_SYSTEM :
					       NV_APERTURE_VIDEO,
		.kind = kind,
		.max = layout == SYSTEM ? NV_MMU_4K : NV_MMU_2M,
		.extent = extent,
		.memory = w->addrs[layout],
		.offset = (u64)first * SZ_4K,
	};
}

static u64 page_addr(struct world *w, unsigned int page)
{
	return w->base + (u64)page * SZ_4K;
}

void do_flush(struct world *w, struct nv_mmu_update *update)
{
	if (update->flush)
		nv_model_tlb_flush(w->model, nv_mmu_root_address(&w->mmu));
	nv_mmu_update_flushed(update);
}

void write_map(struct kunit *test, struct nv_mmu_update *update,
	       unsigned int first, unsigned int n, enum memory_layout layout)
{
	struct world *w = test->priv;
	const struct nv_mmu_source source =
		world_source(w, layout, first, NV_KIND_GENERIC);

	KUNIT_ASSERT_EQ(test, 0, nv_mmu_map(&w->mmu, update,
					    page_addr(w, first),
					    (u64)n * SZ_4K, &source));
	for (unsigned int i = first; i < first + n; i++)
		w->words[i] = *cpu_address(w, layout, i);
}

void write_sparse(struct kunit *test, struct nv_mmu_update *update,
		  unsigned int first, unsigned int n)
{
	static const struct nv_mmu_source nothing;
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, 0, nv_mmu_map(&w->mmu, update,
					    page_addr(w, first),
					    (u64)n * SZ_4K, &nothing));
	memset64(&w->words[first], SPARSE, n);
}

void write_unmap(struct kunit *test, struct nv_mmu_update *update,
		 unsigned int first, unsigned int n)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, 0, nv_mmu_unmap(&w->mmu, update,
					      page_addr(w, first),
					      (u64)n * SZ_4K));
	memset64(&w->words[first], 0, n);
}

void do_map(struct kunit *test, unsigned int first, unsigned int n,
	    enum memory_layout layout)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0,
			nv_mmu_reserve_map(&update, page_addr(w, first),
					   (u64)n * SZ_4K,
					   layout == SYSTEM ? NV_MMU_4K :
							      NV_MMU_2M));
	write_map(test, &update, first, n, layout);
	KUNIT_EXPECT_FALSE(test, update.flush);
	nv_mmu_update_fini(&update);
}

void do_sparse(struct kunit *test, unsigned int first, unsigned int n,
	       u64 pieces)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0,
			nv_mmu_reserve_sparse(&update, page_addr(w, first),
					      (u64)n * SZ_4K, pieces));
	write_sparse(test, &update, first, n);
	KUNIT_EXPECT_FALSE(test, update.flush);
	nv_mmu_update_fini(&update);
}

void do_unmap(struct kunit *test, unsigned int first, unsigned int n)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0,
			nv_mmu_reserve_unmap(&update, page_addr(w, first),
					     (u64)n * SZ_4K));
	write_unmap(test, &update, first, n);
	do_flush(w, &update);
	nv_mmu_update_fini(&update);
}

enum nv_fault_kind world_access(struct world *w, enum nv_access_op op,
				u64 addr, u64 *word)
{
	struct nv_hw_fault fault = {};
	struct nv_access access = {
		.op = op,
		.addr = addr,
		.buf = word,
		.size = op == NV_OP_REDUCE ? sizeof(u32) : sizeof(*word),
		.reduction = NV_RED_OR,
	};

	if (!nv_model_access(w->model, nv_mmu_root_address(&w->mmu), &access,
			     &fault))
		return NO_FAULT;

	/* The fault says which access it was. */
	if (fault.addr != addr ||
	    fault.write != (op != NV_OP_LOAD && op != NV_OP_READ))
		return NV_FAULT_PUSHBUFFER;

	return fault.kind;
}

/* Reads zero, also after something was written there. */
static bool is_sparse(struct world *w, u64 addr)
{
	u64 before = 1, after = 1, ones = ~0ull;

	return world_access(w, NV_OP_LOAD, addr, &before) == NO_FAULT &&
	       world_access(w, NV_OP_RELEASE, addr, &ones) == NO_FAULT &&
	       world_access(w, NV_OP_LOAD, addr, &after) == NO_FAULT &&
	       !before && !after;
}

static bool stays_so(struct world *w, const struct stays *stays)
{
	u64 word = 0;

	if (stays->word == SPARSE)
		return is_sparse(w, stays->addr);

	return world_access(w, NV_OP_LOAD, stays->addr, &word) == NO_FAULT &&
	       word == stays->word;
}

static void watched_write_entry(u64 *entry, u64 value)
{
	struct world *w = the_world;

	/* As the driver does it. */
	smp_store_release(entry, value);
	w->stores++;
	/* As a device that knows nothing yet. */
	nv_model_tlb_flush(w->model, nv_mmu_root_address(&w->mmu));
	for (unsigned int i = 0; i < w->num_stays; i++)
		w->wrong += !stays_so(w, &w->stays[i]);
}

void world_watch(struct kunit *test, const struct stays *stays,
		 unsigned int num_stays)
{
	struct world *w = test->priv;

	w->stays = stays;
	w->num_stays = num_stays;
	w->stores = 0;
	w->wrong = 0;
	kunit_activate_static_stub(test, write_entry, watched_write_entry);
}

void world_watch_ends(struct kunit *test)
{
	struct world *w = test->priv;

	kunit_deactivate_static_stub(test, write_entry);
	KUNIT_EXPECT_GT(test, w->stores, 0);
	KUNIT_EXPECT_EQ(test, w->wrong, 0);
}

static bool page_is_right(struct world *w, unsigned int i)
{
	u64 addr = page_addr(w, i), word = 0;
	enum nv_fault_kind kind;

	if (w->words[i] == SPARSE)
		return is_sparse(w, addr);

	kind = world_access(w, NV_OP_LOAD, addr, &word);
	if (!w->words[i])
		return kind == NV_FAULT_MMU_PDE || kind == NV_FAULT_MMU_PTE;

	return kind == NO_FAULT && word == w->words[i];
}

/* Where the page before or behind is of another sort. */
static bool is_edge(const struct world *w, unsigned int i)
{
	u64 before = i ? w->words[i - 1] : 0;
	u64 behind = i + 1 < PAGES ? w->words[i + 1] : 0;

	return !w->words[i] != !before || !w->words[i] != !behind ||
	       (w->words[i] == SPARSE) != (before == SPARSE) ||
	       (w->words[i] == SPARSE) != (behind == SPARSE);
}

/*
 * The window, through TLB and walker, against the array: all edges, and of the
 * rest some, each time others.
 */
void check_window(struct kunit *test)
{
	struct world *w = test->priv;
	unsigned int wrong = 0, phase = w->checks++ % 13;
	u64 valid = 0, sparse = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		sparse += w->words[i] == SPARSE;
		valid += w->words[i] && w->words[i] != SPARSE;
		if (i % 13 == phase || is_edge(w, i))
			wrong += !page_is_right(w, i);
	}

	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, valid, w->mmu.valid[NV_MMU_4K] +
				     BIG_PAGES * w->mmu.valid[NV_MMU_64K] +
				     BLOCK_PAGES * w->mmu.valid[NV_MMU_2M]);
	KUNIT_EXPECT_EQ(test, sparse, w->mmu.sparse[NV_MMU_4K] +
				      BIG_PAGES * w->mmu.sparse[NV_MMU_64K] +
				      BLOCK_PAGES * w->mmu.sparse[NV_MMU_2M]);
}

void expect_empty(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_EQ(test, w->mmu.tables, 1);
	for (enum nv_mmu_size size = 0; size < NV_MMU_SIZES; size++) {
		KUNIT_EXPECT_EQ(test, w->mmu.valid[size], 0);
		KUNIT_EXPECT_EQ(test, w->mmu.sparse[size], 0);
	}
}

MODULE_DESCRIPTION("KUnit suites of nouveau's page tables and their walker");
MODULE_LICENSE("GPL");
