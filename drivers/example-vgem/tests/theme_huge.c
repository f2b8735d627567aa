// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Pages of 2 MiB: used where they can be, split where they must be.
 */
#include "model.h"

#define MODEL_BASE (0x40000000ull - HUGE)
#define PAGES 2048
#define HUGE_PAGES 512

struct fixture {
	struct rig rig;
	struct model model;
	struct bo huge, small;
};

static void fixture_init(struct fixture *f, int fd)
{
	rig_init(&f->rig, fd);
	bo_init_huge(&f->huge, fd, 3 * HUGE, 0, 0xa);
	bo_init(&f->small, fd, 8, 0, 0xb);
	model_init(&f->model, &f->rig, MODEL_BASE, PAGES);
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

static void unmap(struct fixture *f, uint32_t page, uint32_t count)
{
	struct evgem_bind bind = { 0 };

	model_unmap(&f->model, &bind, page, count);
	apply(f, &bind);
}

static void huge_entries(struct fixture *f, uint64_t count)
{
	CHECK_EQ(rig_state(&f->rig).ptes_2m, count);
}

static void aligned(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map(&f, 512, 3 * HUGE_PAGES, &f.huge, 0);
	huge_entries(&f, 3);
	unmap(&f, 1024, HUGE_PAGES);
	huge_entries(&f, 2);
	map(&f, 0, HUGE_PAGES, &f.huge, HUGE_PAGES);
	huge_entries(&f, 3);
	unmap(&f, 0, PAGES);
	huge_entries(&f, 0);
}

/* Address or offset off by a page: 4 KiB entries, the same bytes. */
static void not_aligned(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map(&f, 1, HUGE_PAGES, &f.huge, 0);
	huge_entries(&f, 0);
	map(&f, 1024, HUGE_PAGES, &f.huge, 1);
	huge_entries(&f, 0);
	unmap(&f, 0, PAGES);
	map(&f, 300, 1024, &f.huge, 300);
	huge_entries(&f, 1);
}

static void unmap_one_page_in_the_middle(int fd)
{
	static const uint32_t at[] = { 255, 0, 511 };

	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		struct fixture f;

		fixture_init(&f, fd);
		map(&f, 512, 2 * HUGE_PAGES, &f.huge, HUGE_PAGES);
		huge_entries(&f, 2);
		unmap(&f, 512 + at[i], 1);
		huge_entries(&f, 1);
		unmap(&f, 0, PAGES);
		OK(evgem_vm_destroy(fd, f.rig.vm));
		bo_close(&f.huge, fd);
	}
}

static void remap_pages_in_the_middle(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map(&f, 512, 2 * HUGE_PAGES, &f.huge, 0);
	map(&f, 512 + 100, 8, &f.small, 0);
	huge_entries(&f, 1);
	map(&f, 512 + 1000, 8, &f.small, 0);
	huge_entries(&f, 0);
	/* And all of it by one entry again. */
	map(&f, 512, HUGE_PAGES, &f.huge, HUGE_PAGES);
	huge_entries(&f, 1);
}

/* A cut at both ends of one request, in two huge pages, with one between. */
static void cut_across(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map(&f, 0, 3 * HUGE_PAGES, &f.huge, 0);
	huge_entries(&f, 3);
	unmap(&f, 200, 1100);
	huge_entries(&f, 0);
	unmap(&f, 0, PAGES);
	map(&f, 0, 3 * HUGE_PAGES, &f.huge, 0);
	unmap(&f, 510, 4);
	huge_entries(&f, 1);
}

/*
 * What is mapped again as it was keeps its entry, also where that is only a part
 * of the entry: two mappings share it then.
 */
static void shared_entry(int fd)
{
	static const struct {
		uint32_t first, count;
	} again[] = { { 512, 256 }, { 768, 256 }, { 600, 1 }, { 1000, 100 } };
	struct fixture f;

	fixture_init(&f, fd);
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		uint32_t first = again[i].first, count = again[i].count;
		struct evgem_bind bind = { 0 };

		map(&f, 512, 2 * HUGE_PAGES, &f.huge, 0);
		map(&f, first, count, &f.huge, first - 512);
		huge_entries(&f, 2);
		unmap(&f, 512, 2 * HUGE_PAGES);
		huge_entries(&f, 0);

		map(&f, 512, 2 * HUGE_PAGES, &f.huge, 0);
		map(&f, first, count, &f.huge, first - 512);
		map(&f, 766, 4, &f.small, 0);
		unmap(&f, 0, PAGES);

		map(&f, 512, 2 * HUGE_PAGES, &f.huge, 0);
		map(&f, first, count, &f.huge, first - 512);
		huge_entries(&f, 2);
		model_unmap_bo(&f.model, &bind, &f.huge);
		apply(&f, &bind);
		huge_entries(&f, 0);
	}
}

static void readonly(int fd)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	model_map_readonly(&f.model, &bind, 512, HUGE_PAGES, &f.huge, 0);
	apply(&f, &bind);
	huge_entries(&f, 1);
	unmap(&f, 600, 1);
	map(&f, 700, 2, &f.small, 0);
}

/* Others use what remains of a huge page while it is split. */
static void split_under_a_job(int fd)
{
	enum { ROUNDS = 8, COPIES = 20 };
	uint32_t done = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	for (int round = 0; round < ROUNDS; round++) {
		struct evgem_cmds cmds = { 0 };

		OK(evgem_map(fd, f.rig.vm, MODEL_BASE, HUGE, f.huge.handle, 0));
		for (int i = 0; i < COPIES; i++) {
			evgem_cmd_copy(&cmds, SCRATCH_ADDR, MODEL_BASE,
				       100 * PAGE);
			evgem_cmd_atomic_add(&cmds, MODEL_BASE + 511 * PAGE, 1);
		}
		OK(evgem_exec(fd, f.rig.queue, &cmds,
			      EVGEM_SYNCS(evgem_signal(done))));
		OK(evgem_unmap(fd, f.rig.vm, MODEL_BASE + 256 * PAGE, PAGE));
		job_ends(fd, done, 0, 0);
	}
	CHECK_EQ(f.huge.cpu[511 * PAGE / 8],
		 bo_word(&f.huge, 511 * PAGE) + COPIES * ROUNDS);
}

/* A warm TLB knows the huge page: a split must be seen all the same. */
static void stale_tlb(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_map(fd, f.rig.vm, MODEL_BASE, HUGE, f.huge.handle, 0));
	for (uint64_t page = 3; page < 500; page += 83) {
		uint64_t addr = MODEL_BASE + page * PAGE;

		rig_shows(&f.rig, addr - PAGE, 3 * PAGE, &f.huge,
			  (page - 1) * PAGE);
		OK(evgem_unmap(fd, f.rig.vm, addr, PAGE));
		rig_shows(&f.rig, addr - PAGE, PAGE, &f.huge, (page - 1) * PAGE);
		rig_unmapped(&f.rig, addr);
		rig_shows(&f.rig, addr + PAGE, PAGE, &f.huge, (page + 1) * PAGE);
		OK(evgem_map(fd, f.rig.vm, MODEL_BASE, HUGE, f.huge.handle, 0));
	}
}

const struct ktap_case ktap_cases[] = {
	{ "aligned", aligned },
	{ "not-aligned", not_aligned },
	{ "unmap-one-page-in-the-middle", unmap_one_page_in_the_middle },
	{ "remap-pages-in-the-middle", remap_pages_in_the_middle },
	{ "cut-across", cut_across },
	{ "shared-entry", shared_entry },
	{ "readonly", readonly },
	{ "split-under-a-job", split_under_a_job },
	{ "stale-tlb", stale_tlb },
	{ 0 }
};
