/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * An index against a plain array of pages.
 *
 * Random mappings come and go, one by one and in rows, while it fills and while
 * it empties, with and without nodes to be had. After each operation the index
 * has to say what the array says, and the nodes that it touched are checked; all
 * of them now and then. The same seed does the same in the kernel and in a
 * program.
 */
#ifndef __GPUVA_INDEX_MODEL_H__
#define __GPUVA_INDEX_MODEL_H__

#include "gpuva_index_check.h"

#define GIM_PAGES	65536u
#define GIM_WORDS	(GIM_PAGES / 64)
/* All nodes are checked that often; it takes longer the more there are. */
#define GIM_CHECK_ALL	5000
#define GIM_PHASE	20000
/* Then it lies elsewhere. */
#define GIM_EMPTY	(3 * GIM_PHASE)

/**
 * struct gim_va - a mapping and its place in the array
 */
struct gim_va {
	/** @base: the mapping */
	struct drm_gpuva base;
	/** @page: its first page */
	u32 page;
	/** @pages: how many */
	u32 pages;
};

/**
 * struct gim - an index and its model
 */
struct gim {
	/** @index: the index */
	struct gpuva_index index;
	/** @owner: the mapping of each page, or NULL */
	struct gim_va **owner;
	/** @used: a bit for each page that has one */
	u64 used[GIM_WORDS];
	/** @count: how many mappings there are */
	unsigned long count;
	/** @base: address of page 0 */
	u64 base;
	/** @shift: a page is as long as two to that power */
	unsigned int shift;
	/** @random: the state of the random numbers */
	u64 random;
	/** @growth: of 8 changes that many insert */
	unsigned int growth;
	/** @row: where mappings are inserted one behind the other */
	u32 row;
	/** @pool: mappings that went and will come again, by &drm_gpuva.vm */
	struct gim_va *pool;
	/** @hoard: nodes that nobody else can have meanwhile */
	void *hoard;
	/** @hoarding: nodes that are given back go there */
	bool hoarding;
	/** @inserted: how often an insertion succeeded */
	u64 inserted;
	/** @refused: how often it was refused */
	u64 refused;
	/** @spilled: the longest list */
	u64 spilled;
	/** @height: the highest tree */
	unsigned int height;
	/** @error: the first thing that went wrong, or NULL */
	const char *error;
};

static void gim_expect(struct gim *gim, bool condition, const char *text)
{
	if (!condition && !gim->error)
		gim->error = text;
}

#define GIM_EXPECT(gim, condition) gim_expect(gim, condition, #condition)

static u32 gim_below(struct gim *gim, u32 bound)
{
	/* xorshift64* */
	gim->random ^= gim->random >> 12;
	gim->random ^= gim->random << 25;
	gim->random ^= gim->random >> 27;

	return ((gim->random * 0x2545f4914f6cdd1dull) >> 32) * bound >> 32;
}

/* Where the array lies in the address space: both of its ends are tried. */
static void gim_place(struct gim *gim)
{
	static const unsigned int shifts[] = { 0, 12, 16, 33, 48 };

	gim->shift = shifts[gim_below(gim, ARRAY_SIZE(shifts))];
	switch (gim_below(gim, 3)) {
	case 0:
		gim->base = 0;
		break;
	case 1:
		/* The last address of its last page is U64_MAX. */
		gim->base = -((u64)(GIM_PAGES - 1) << gim->shift) -
			    (1ull << gim->shift);
		break;
	default:
		gim->base = gim->shift < 48 ? 0x123456789000ull : 0;
		break;
	}
}

static u64 gim_addr(const struct gim *gim, u32 page)
{
	return gim->base + ((u64)page << gim->shift);
}

static u64 gim_end(const struct gim *gim, u32 page)
{
	return gim_addr(gim, page) + ((1ull << gim->shift) - 1);
}

/* The first page from one on that is used; GIM_PAGES if there is none. */
static u32 gim_used_from(const struct gim *gim, u32 page)
{
	u32 word = page / 64;
	u64 bits;

	if (page >= GIM_PAGES)
		return GIM_PAGES;

	bits = gim->used[word] & (~0ull << page % 64);
	while (!bits && ++word < GIM_WORDS)
		bits = gim->used[word];

	return bits ? word * 64 + __ffs(bits) : GIM_PAGES;
}

/* The last page before one that is used; GIM_PAGES if there is none. */
static u32 gim_used_before(const struct gim *gim, u32 page)
{
	u32 word = page / 64;
	u64 bits = word < GIM_WORDS ?
		   gim->used[word] & ~(~0ull << page % 64) : 0;

	while (!bits && word)
		bits = gim->used[--word];

	return bits ? word * 64 + __fls(bits) : GIM_PAGES;
}

static struct drm_gpuva *gim_owner(const struct gim *gim, u32 page)
{
	return page < GIM_PAGES ? &gim->owner[page]->base : NULL;
}

static void gim_mark(struct gim *gim, struct gim_va *va, bool used)
{
	u32 page;

	for (page = va->page; page < va->page + va->pages; page++) {
		gim->owner[page] = used ? va : NULL;
		if (used)
			gim->used[page / 64] |= 1ull << page % 64;
		else
			gim->used[page / 64] &= ~(1ull << page % 64);
	}
}

/*
 * To allocate takes longer than all else in a kernel with KASAN. In a program
 * each mapping has memory of its own, to which nobody may point any more after
 * it went; in a kernel no address of it makes sense any more.
 */
static struct gim_va *gim_va_get(struct gim *gim)
{
	struct gim_va *va = gim->pool;

	if (!va)
		return kzalloc(sizeof(*va), GFP_KERNEL);

	gim->pool = (struct gim_va *)va->base.vm;
	*va = (struct gim_va) {};
	return va;
}

static void gim_va_put(struct gim *gim, struct gim_va *va)
{
	if (!GIM_REUSES) {
		kfree(va);
		return;
	}

	GIM_EXPECT(gim, !va->base.__index[0]);
	va->base.va.addr = 0xdead000000000000ull;
	va->base.va.range = 0xdead;
	va->base.vm = (struct drm_gpuvm *)gim->pool;
	gim->pool = va;
}

static void gim_insert(struct gim *gim, u32 page, u32 pages)
{
	const bool taken = gim_used_from(gim, page) < page + pages;
	struct gim_va *va;
	int ret;

	va = gim_va_get(gim);
	if (!va) {
		gim->error = "no memory";
		return;
	}

	va->page = page;
	va->pages = pages;
	va->base.va.addr = gim_addr(gim, page);
	va->base.va.range = (u64)pages << gim->shift;

	ret = gpuva_index_insert(&gim->index, &va->base);
	GIM_EXPECT(gim, ret == (taken ? -EEXIST : 0));
	GIM_EXPECT(gim, gpuva_index_holds(&va->base) == !ret);
	if (ret) {
		gim->refused++;
		gim_va_put(gim, va);
		return;
	}

	GIM_EXPECT(gim, gpuva_index_insert(&gim->index, &va->base) == -EEXIST);
	gim_mark(gim, va, true);
	gim->inserted++;
	gim->count++;
}

static void gim_remove(struct gim *gim, struct gim_va *va)
{
	gpuva_index_remove(&gim->index, &va->base);
	GIM_EXPECT(gim, !gpuva_index_holds(&va->base));
	gim_mark(gim, va, false);
	gim->count--;
	gim_va_put(gim, va);
}

/* What reaches farther than the pages that were just set free is refused. */
static void gim_insert_wider(struct gim *gim, u32 page, u32 pages)
{
	if (page && gim->owner[page - 1])
		gim_insert(gim, page - 1, pages + 1);
	if (page + pages < GIM_PAGES && gim->owner[page + pages])
		gim_insert(gim, page, pages + 1);
}

/* Another mapping takes the place of one that goes, as in split and merge. */
static void gim_replace(struct gim *gim, struct gim_va *va)
{
	const u32 page = va->page, pages = va->pages;
	const u32 keep = gim_below(gim, pages + 1);

	GIM_EXPECT(gim, gpuva_index_seek(&gim->index, gim_addr(gim, page),
					 gim_end(gim, page)) == &va->base);
	gim_remove(gim, va);
	if (gim_below(gim, 2))
		gim_insert_wider(gim, page, pages);
	if (keep)
		gim_insert(gim, page, keep);
	if (keep && keep < pages)
		gim_insert(gim, page, pages);
	if (keep < pages)
		gim_insert(gim, page + keep, pages - keep);
}

/* It is found by its range, and by no other. */
static void gim_exact(struct gim *gim, struct drm_gpuva *va,
		      struct drm_gpuva *next)
{
	const struct gpuva_index *index = &gim->index;
	const u64 addr = va->va.addr, last = gpuva_last(va);

	GIM_EXPECT(gim, gpuva_index_find_exact(index, addr, last) == va);
	if (last > addr) {
		GIM_EXPECT(gim, !gpuva_index_find_exact(index, addr, last - 1));
		GIM_EXPECT(gim, !gpuva_index_find_exact(index, addr + 1, last));
	}
	if (next)
		GIM_EXPECT(gim, !gpuva_index_find_exact(index, addr,
							gpuva_last(next)));
}

/* The mapping behind another, where a range goes on: found only if in the range. */
static void gim_seek_on(struct gim *gim, struct drm_gpuva *va,
			struct drm_gpuva *want)
{
	const u64 addr = gpuva_last(va) + 1;

	if (!addr)
		return;

	gpuva_index_seek(&gim->index, va->va.addr, gpuva_last(va));
	if (want && want->va.addr > addr)
		GIM_EXPECT(gim, !gpuva_index_seek_on(&gim->index, addr,
						     want->va.addr - 1));
	GIM_EXPECT(gim, gpuva_index_seek_on(&gim->index, addr, U64_MAX) == want);
}

/* What is at a page, around it, and in a range of pages. */
static void gim_compare(struct gim *gim, u32 page)
{
	const u32 span = 1 + gim_below(gim, 64);
	const u32 end = min(page + span, GIM_PAGES);
	const u32 found = gim_used_from(gim, page);
	struct drm_gpuva *va, *want;

	want = found < end ? gim_owner(gim, found) : NULL;
	va = gpuva_index_find(&gim->index, gim_addr(gim, page),
			      gim_end(gim, end - 1));
	GIM_EXPECT(gim, va == want);
	va = gpuva_index_seek(&gim->index, gim_addr(gim, page),
			      gim_end(gim, end - 1));
	GIM_EXPECT(gim, va == want);
	if (!va || gim->error)
		return;

	page = gim->owner[found]->page;
	want = gim_owner(gim, gim_used_from(gim, page +
						 gim->owner[found]->pages));
	gim_exact(gim, va, want);
	GIM_EXPECT(gim, gpuva_index_next(&gim->index, va) == want);
	gim_seek_on(gim, va, want);
	want = gim_owner(gim, gim_used_before(gim, page));
	GIM_EXPECT(gim, gpuva_index_prev(&gim->index, va) == want);
}

/* All mappings, forwards. */
static void gim_walk(struct gim *gim)
{
	u32 page = gim_used_from(gim, 0);
	struct drm_gpuvm_walk walk = {};
	struct drm_gpuva *va;
	u64 count = 0;

	for (va = gpuva_index_first(&gim->index); va && !gim->error;
	     va = drm_gpuvm_walk_read(&walk, va) ?:
		  gpuva_index_walk(&gim->index, &walk, va)) {
		GIM_EXPECT(gim, page < GIM_PAGES);
		GIM_EXPECT(gim, va == gim_owner(gim, page));
		if (gim->error)
			return;
		page = gim_used_from(gim, page + gim->owner[page]->pages);
		count++;
	}
	GIM_EXPECT(gim, count == gim->count);
	GIM_EXPECT(gim, gpuva_index_is_empty(&gim->index) == !gim->count);
}

/* Take away what an insertion could take, or let it be had again. */
static void gim_hoard(struct gim *gim, bool hoard)
{
	void *node;

	/* Nor does a worker bring new ones. */
	gim_silence_stock(hoard);

	while (!hoard && gim->hoard) {
		node = gim->hoard;
		gim->hoard = *(void **)node;
		gpuva_reserve_give(&gim->index.reserve, node);
	}

	while (hoard && (node = gpuva_reserve_take(&gim->index.reserve))) {
		*(void **)node = gim->hoard;
		gim->hoard = node;
	}

	gim->hoarding = hoard;
}

/* By equal steps, on some of which the mapping that is found goes. */
static void gim_go_on(struct gim *gim, u32 page)
{
	const u32 step = 1 + gim_below(gim, GIM_PAGES / 8);

	for (; page < GIM_PAGES && !gim->error; page += step) {
		struct gim_va *va = gim->owner[page];
		struct drm_gpuva *found;

		found = gpuva_index_seek(&gim->index, gim_addr(gim, page),
					 gim_end(gim, page));
		GIM_EXPECT(gim, found == (va ? &va->base : NULL));
		if (va && gim_below(gim, 2))
			gim_remove(gim, va);
		gim->error = gim->error ?: gic_check_ahead(&gim->index);
	}
}

static void gim_change(struct gim *gim, u32 page)
{
	const u32 used = gim_used_from(gim, page);
	struct gim_va *va = used < GIM_PAGES ? gim->owner[used] : NULL;
	const unsigned int what = gim_below(gim, 16);

	/* What is inserted twice as often as removed fills it up. */
	if (what / 2 < gim->growth || !va) {
		u32 pages = 1 + (gim_below(gim, 8) ? 0 : gim_below(gim, 12));

		/* Rows up and down, and what nothing has to do with these. */
		switch (what % 4) {
		case 0:
			page = gim->row++ % GIM_PAGES;
			break;
		case 1:
			page = GIM_PAGES - 1 - gim->row++ % GIM_PAGES;
			break;
		}
		gim_insert(gim, page, min(pages, GIM_PAGES - page));
	} else if (what % 4) {
		gim_remove(gim, va);
	} else {
		gim_replace(gim, va);
	}
}

static void gim_new_phase(struct gim *gim)
{
	gim->growth = gim_below(gim, 9);
	gim->row = gim_below(gim, GIM_PAGES);
	gim_hoard(gim, !gim_below(gim, 4));
	if (!gim->hoarding)
		gpuva_index_top_up(&gim->index, &gim->count);
}

/* All mappings go: in a row, from either end, or in any order. */
static void gim_empty(struct gim *gim)
{
	const unsigned int way = gim_below(gim, 3);

	while (gim->count && !gim->error) {
		u32 page;

		if (way == 0)
			page = gim_used_from(gim, 0);
		else if (way == 1)
			page = gim_used_before(gim, GIM_PAGES);
		else
			page = gim_used_from(gim, gim_below(gim, GIM_PAGES));
		if (page < GIM_PAGES)
			gim_remove(gim, gim->owner[page]);
	}

	gim_walk(gim);
	gim->error = gim->error ?: gic_check_all(&gim->index, 0);
	GIM_EXPECT(gim, !gim->index.leaves && !gim->index.root);
	gim_place(gim);
}

/* One operation, and a look at what it did. */
static void gim_step(struct gim *gim, u64 step)
{
	const u32 page = gim_below(gim, GIM_PAGES);

	if (step % GIM_PHASE == 0)
		gim_new_phase(gim);

	/* The list is searched from its begin: not for long. */
	if (gim->hoarding && gim->index.spilled > 500)
		gim_hoard(gim, false);
	if (!gim->hoarding && step % 16 == 0)
		gpuva_index_top_up(&gim->index, &gim->count);

	gim_change(gim, page);
	if (!gim_below(gim, 32))
		gim_go_on(gim, gim_below(gim, GIM_PAGES / 8));
	if (!gim->error)
		gim->error = gic_check_finger(&gim->index) ?:
			     gic_check_emptied(&gim->index) ?:
			     gic_check_ahead(&gim->index);
	gim_compare(gim, page);

	gim->spilled = max_t(u64, gim->spilled, gim->index.spilled);
	gim->height = max(gim->height, gim->index.height);
	if (!gim->error)
		gim->error = gic_check_path(&gim->index, gim_addr(gim, page));
	if (!gim->error && step % GIM_CHECK_ALL == 0) {
		gim_walk(gim);
		gim->error = gim->error ?: gic_check_all(&gim->index, gim->count);
	}

	if (step % GIM_EMPTY == GIM_EMPTY - 1) {
		gim_hoard(gim, false);
		gim_empty(gim);
	}
}

/**
 * gim_init() - make an index and its model
 * @gim: them, zeroed
 * @seed: for the random numbers
 *
 * Return: 0; -ENOMEM.
 */
static int gim_init(struct gim *gim, u64 seed)
{
	gpuva_index_init(&gim->index);
	gim->random = seed * 2 + 1;
	gim->owner = kvcalloc(GIM_PAGES, sizeof(gim->owner[0]), GFP_KERNEL);
	gim_place(gim);

	return gim->owner ? 0 : -ENOMEM;
}

/**
 * gim_fini() - free it all, whatever state it is in
 * @gim: the index and its model
 */
static void gim_fini(struct gim *gim)
{
	struct gim_va *next;
	u32 page = 0;

	gim_hoard(gim, false);
	for (; gim->pool; gim->pool = next) {
		next = (struct gim_va *)gim->pool->base.vm;
		kfree(gim->pool);
	}
	while (gim->owner && (page = gim_used_from(gim, page)) < GIM_PAGES) {
		struct gim_va *va = gim->owner[page];

		page += va->pages;
		kfree(va);
	}
	kvfree(gim->owner);
	gpuva_index_fini(&gim->index);
}

#endif
