// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Mappings that repeat: a small piece of a BO over a long range.
 */
#include "model.h"

/* Across a border of tables of every level but the root. */
#define MODEL_BASE (0x8000000000ull - 20 * PAGE)
#define SPACE 64
#define HUGE_PAGES 512

struct fixture {
	struct rig rig;
	struct model model;
	struct bo a, b;
};

static void fixture_init(struct fixture *f, int fd)
{
	rig_init(&f->rig, fd);
	bo_init(&f->a, fd, 16, 0, 0xa);
	bo_init(&f->b, fd, 16, f->rig.vm, 0xb);
	model_init(&f->model, &f->rig, MODEL_BASE, SPACE);
}

static void apply(struct fixture *f, struct evgem_bind *bind)
{
	OK(evgem_bind_sync(f->rig.fd, f->rig.vm, bind));
	model_verify(&f->model, 3);
}

static void map(struct fixture *f, uint32_t page, uint32_t count,
		const struct bo *bo, uint32_t bo_page)
{
	struct evgem_bind bind = { 0 };

	model_map(&f->model, &bind, page, count, bo, bo_page);
	apply(f, &bind);
}

static void repeat(struct fixture *f, uint32_t page, uint32_t count,
		   const struct bo *bo, uint32_t bo_page, uint32_t length)
{
	struct evgem_bind bind = { 0 };

	model_map_repeat(&f->model, &bind, page, count, bo, bo_page, length);
	apply(f, &bind);
}

static void unmap(struct fixture *f, uint32_t page, uint32_t count)
{
	struct evgem_bind bind = { 0 };

	model_unmap(&f->model, &bind, page, count);
	apply(f, &bind);
}

static void one_page(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	repeat(&f, 0, SPACE, &f.a, 5, 1);
	CHECK_EQ(rig_state(&f.rig).mappings, f.model.empty.mappings + 1);
	/* It is one page: what is written to one address is at all. */
	OK(rig_write(&f.rig, MODEL_BASE + 8, 0x1234));
	CHECK_EQ(rig_word(&f.rig, MODEL_BASE + (SPACE - 1) * PAGE + 8), 0x1234);
	CHECK_EQ(f.a.cpu[5 * PAGE / 8 + 1], 0x1234);
	OK(rig_write(&f.rig, MODEL_BASE + 8, bo_word(&f.a, 5 * PAGE + 8)));
	unmap(&f, 0, SPACE);
}

/* Lengths that do and do not go into the range, from places all over the BO. */
static void pieces(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	for (uint32_t length = 1; length <= 16; length += 1 + length / 4) {
		repeat(&f, 3, 16, &f.a, 16 - length, length);
		repeat(&f, 11, 40, &f.b, 0, length);
	}
	/* One that repeats once is the same as one that does not. */
	repeat(&f, 0, 16, &f.a, 0, 16);
	map(&f, 4, 4, &f.a, 4);
	unmap(&f, 0, SPACE);
}

/* What is left of one goes on where it was, wherever it was cut. */
static void cut(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	for (uint32_t at = 0; at < 8; at++) {
		repeat(&f, 0, SPACE, &f.a, 2, 5);
		unmap(&f, 20 + at, 1 + at);
		map(&f, 40 + at, 2, &f.b, at);
		/* Once more out of what was cut before. */
		unmap(&f, 17, 1);
		unmap(&f, 0, 1 + at);
		unmap(&f, SPACE - 1 - at, 1 + at);
	}
}

/* As after a cut that is mended: one mapping again, which shows the same. */
static void mend(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	repeat(&f, 0, SPACE, &f.a, 3, 7);
	unmap(&f, 10, 20);
	repeat(&f, 0, SPACE, &f.a, 3, 7);
	CHECK_EQ(rig_state(&f.rig).mappings, f.model.empty.mappings + 1);
	/* In steps from the left, each of which begins the piece anew. */
	for (uint32_t page = 0; page + 16 <= SPACE; page += 16)
		repeat(&f, page, 16, &f.a, 3, 7);
}

/* What says the same afterwards is not touched: nothing is flushed. */
static void same_again(int fd)
{
	struct fixture f;
	uint64_t flushes;

	fixture_init(&f, fd);
	repeat(&f, 0, 60, &f.a, 3, 6);
	flushes = rig_state(&f.rig).tlb_flushes;
	repeat(&f, 0, 60, &f.a, 3, 6);
	repeat(&f, 12, 24, &f.a, 3, 6);
	CHECK_EQ(rig_state(&f.rig).tlb_flushes, flushes);
	repeat(&f, 13, 24, &f.a, 3, 6);
	CHECK_EQ(rig_state(&f.rig).tlb_flushes, flushes + 1);
	repeat(&f, 0, 60, &f.a, 3, 3);
	CHECK_EQ(rig_state(&f.rig).tlb_flushes, flushes + 2);
}

static void readonly(int fd)
{
	struct drm_evgem_bind_op op = {
		.op = DRM_EVGEM_BIND_OP_MAP,
		.flags = DRM_EVGEM_BIND_REPEAT | DRM_EVGEM_BIND_READONLY,
		.addr = DATA_ADDR,
		.range = 8 * PAGE,
		.offset = 3 * PAGE,
		.repeat = 2 * PAGE,
	};
	struct drm_evgem_bind_op *new;
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	op.handle = f.a.handle;
	new = evgem_array_append(&bind.ops, sizeof(op));
	CHECK(new);
	*new = op;
	OK(evgem_bind_sync(fd, f.rig.vm, &bind));
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR + PAGE, PAGE));
	for (uint64_t at = 2; at < 8; at++) {
		rig_shows(&f.rig, DATA_ADDR + at * PAGE, PAGE, &f.a,
			  (3 + at % 2) * PAGE);
		rig_faults(&f.rig, DATA_ADDR + at * PAGE,
			   DRM_EVGEM_ACCESS_WRITE, DRM_EVGEM_FAULT_READONLY);
	}
}

static void unmap_bo(int fd)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	repeat(&f, 0, SPACE, &f.a, 3, 7);
	map(&f, 20, 4, &f.b, 0);
	repeat(&f, 40, 8, &f.b, 1, 2);
	model_unmap_bo(&f.model, &bind, &f.a);
	apply(&f, &bind);
}

/* No memory over and under what repeats. */
static void sparse(int fd)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_map_repeat(fd, f.rig.vm, DATA_ADDR, 32 * PAGE, f.a.handle,
			    PAGE, 3 * PAGE));
	evgem_bind_sparse(&bind, DATA_ADDR + 10 * PAGE, 4 * PAGE);
	evgem_bind_map_repeat(&bind, DATA_ADDR + 12 * PAGE, PAGE, f.b.handle,
			      0, PAGE);
	OK(evgem_bind_sync(fd, f.rig.vm, &bind));
	for (uint64_t at = 0; at < 32; at++) {
		if (at == 12)
			rig_shows(&f.rig, DATA_ADDR + at * PAGE, PAGE, &f.b, 0);
		else if (at >= 10 && at < 14)
			CHECK_EQ(rig_word(&f.rig, DATA_ADDR + at * PAGE), 0);
		else
			rig_shows(&f.rig, DATA_ADDR + at * PAGE, PAGE, &f.a,
				  (1 + at % 3) * PAGE);
	}
}

struct huge_fixture {
	struct rig rig;
	struct model model;
	struct bo bo;
};

static void huge_apply(struct huge_fixture *f, struct evgem_bind *bind,
		       uint64_t huge_entries)
{
	OK(evgem_bind_sync(f->rig.fd, f->rig.vm, bind));
	CHECK_EQ(rig_state(&f->rig).ptes_2m, huge_entries);
	model_verify(&f->model, 2);
}

static void huge_repeat(struct huge_fixture *f, uint32_t page, uint32_t count,
			uint32_t bo_page, uint32_t length, uint64_t entries)
{
	struct evgem_bind bind = { 0 };

	model_map_repeat(&f->model, &bind, page, count, &f->bo, bo_page,
			 length);
	huge_apply(f, &bind, entries);
}

static void huge_unmap(struct huge_fixture *f, uint32_t page, uint32_t count,
		       uint64_t entries)
{
	struct evgem_bind bind = { 0 };

	model_unmap(&f->model, &bind, page, count);
	huge_apply(f, &bind, entries);
}

/* Entries of 2 MiB where the piece is such, and then those that are cut. */
static void huge(int fd)
{
	static struct huge_fixture f;
	const uint32_t n = HUGE_PAGES;

	rig_init(&f.rig, fd);
	bo_init_huge(&f.bo, fd, 2 * HUGE, 0, 0xc);
	model_init(&f.model, &f.rig, 0x40000000ull - HUGE, 4 * n);

	huge_repeat(&f, 0, 4 * n, n, n, 4);
	huge_unmap(&f, n + 100, 1, 3);
	huge_repeat(&f, 0, 4 * n, 0, 2 * n, 4);
	huge_unmap(&f, 2 * n - 1, 2, 2);
	/* One page off, and not a multiple: none, and as many as there are. */
	huge_repeat(&f, 1, 3 * n, 0, n, 0);
	huge_unmap(&f, 0, 4 * n, 0);
	huge_repeat(&f, 0, 4 * n, 0, n + 8, 1);
	huge_repeat(&f, 0, 4 * n, 0, n / 2, 0);
	huge_repeat(&f, 0, 4 * n, 17, 1, 0);
	huge_unmap(&f, 0, 4 * n, 0);
}

/* As an application with sparse textures does: a million pages show one. */
static void million(int fd)
{
	const uint64_t pages = 1 << 20, range = pages * PAGE;
	struct drm_evgem_vm_state before, state;
	struct fixture f;

	fixture_init(&f, fd);
	before = rig_state(&f.rig);
	OK(evgem_map_repeat(fd, f.rig.vm, DATA_ADDR, range, f.a.handle,
			    7 * PAGE, PAGE));
	state = rig_state(&f.rig);
	CHECK_EQ(state.mappings, before.mappings + 1);
	CHECK_EQ(state.ptes_4k, before.ptes_4k + pages);
	for (uint64_t at = 0; at < range; at += range / 64 + PAGE)
		rig_shows(&f.rig, DATA_ADDR + at, PAGE, &f.a, 7 * PAGE);
	rig_shows(&f.rig, DATA_ADDR + range - PAGE, PAGE, &f.a, 7 * PAGE);
	rig_unmapped(&f.rig, DATA_ADDR + range);

	/* A hole in it is two mappings, and the rest stays. */
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR + range / 2, PAGE));
	rig_unmapped(&f.rig, DATA_ADDR + range / 2);
	rig_shows(&f.rig, DATA_ADDR + range / 2 - PAGE, PAGE, &f.a, 7 * PAGE);
	rig_shows(&f.rig, DATA_ADDR + range / 2 + PAGE, PAGE, &f.a, 7 * PAGE);
	CHECK_EQ(rig_state(&f.rig).mappings, before.mappings + 2);

	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR, range));
	state = rig_state(&f.rig);
	CHECK_EQ(state.pt_bytes, before.pt_bytes);
	CHECK_EQ(state.ptes_4k, before.ptes_4k);
}

const struct ktap_case ktap_cases[] = {
	{ "one-page", one_page },
	{ "pieces", pieces },
	{ "cut", cut },
	{ "mend", mend },
	{ "same-again", same_again },
	{ "readonly", readonly },
	{ "unmap-bo", unmap_bo },
	{ "sparse", sparse },
	{ "huge", huge },
	{ "million", million },
	{ 0 }
};
