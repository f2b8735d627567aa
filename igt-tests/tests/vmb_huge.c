// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Cuts of large page-table entries: what they held is still there, but for the
 * pages that were asked for.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Cuts of huge pages");

/* Three large pages from page 512 of the model on. */
#define EACH 512
#define FIRST EACH
#define PAGES (5 * EACH)

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo bo, small;
	struct vmb_model *m;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	igt_require_f(dev->caps.huge_page == EACH * VMB_PAGE,
		      "huge pages are not of 2 MiB\n");
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->bo, dev, 3 * EACH * VMB_PAGE, VMB_BO_HUGE, 0, 1);
	vmb_bo_create(&f->small, dev, 8 * VMB_PAGE, 0, 0, 2);
	f->m = vmb_model(&f->vm, VMB_DATA, PAGES);
}

/* Large entries there have to be now. */
static void entries(struct fixture *f, uint64_t count)
{
	if (f->vm.dev->caps.features & VMB_COUNTS)
		igt_assert_eq_u64(vmb_report(&f->vm).huge -
				  f->m->empty.huge, count);
}

static const struct cut {
	const char *name;
	uint32_t page, count;
	/** @left: large entries that are left */
	uint32_t left;
} cuts[] = {
	{ "left", FIRST, 1, 2 },
	{ "left-half", FIRST, EACH / 2, 2 },
	{ "right", FIRST + 3 * EACH - 1, 1, 2 },
	{ "inside", FIRST + EACH + 100, 7, 2 },
	{ "first-page-of-the-second", FIRST + EACH, 1, 2 },
	{ "last-page-of-the-second", FIRST + 2 * EACH - 1, 1, 2 },
	{ "border", FIRST + EACH - 1, 2, 1 },
	{ "over-one", FIRST + EACH - 3, EACH + 6, 0 },
	{ "all-but-the-ends", FIRST + 1, 3 * EACH - 2, 0 },
	{ "exactly-one", FIRST + EACH, EACH, 2 },
};

static void unmap_cut(struct vmb_dev *dev, const struct cut *cut)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, FIRST, 3 * EACH, &f.bo, 0);
	vmb_model_apply(f.m);
	entries(&f, 3);
	vmb_model_unmap(f.m, cut->page, cut->count);
	vmb_model_apply(f.m);
	entries(&f, cut->left);
	vmb_model_end(f.m);
}

/* As many pages as the small BO has, over where the cut begins. */
static void map_cut(struct vmb_dev *dev, const struct cut *cut)
{
	uint32_t count = cut->count < 8 ? cut->count : 8;
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, FIRST, 3 * EACH, &f.bo, 0);
	vmb_model_apply(f.m);
	vmb_model_map(f.m, cut->page, count, &f.small, 0);
	vmb_model_apply(f.m);
	/* Whole again; with which entries is the driver's choice. */
	vmb_model_map(f.m, FIRST, 3 * EACH, &f.bo, 0);
	vmb_model_apply(f.m);
	/* From nothing, it has to be large ones. */
	vmb_model_unmap(f.m, FIRST, 3 * EACH);
	vmb_model_apply(f.m);
	vmb_model_map(f.m, FIRST, 3 * EACH, &f.bo, 0);
	vmb_model_apply(f.m);
	entries(&f, 3);
	vmb_model_end(f.m);
}

/* Address or offset off by a page: small entries, the same bytes. */
static void not_aligned(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, FIRST + 1, EACH, &f.bo, 0);
	vmb_model_apply(f.m);
	entries(&f, 0);
	vmb_model_map(f.m, FIRST + 2 * EACH, EACH, &f.bo, 1);
	vmb_model_apply(f.m);
	entries(&f, 0);
	vmb_model_unmap(f.m, 0, PAGES);
	vmb_model_map(f.m, FIRST - 200, EACH + 400, &f.bo, EACH - 200);
	vmb_model_apply(f.m);
	entries(&f, 1);
	vmb_model_end(f.m);
}

/*
 * Aligned in the VM, off by a page in the BO. Where blocks of a BO happen to lie
 * side by side in memory, a driver could take that for a large page: so there are
 * many BOs, for that to happen.
 */
static void memory_not_aligned(struct vmb_dev *dev)
{
	enum { BOS = 8 };
	struct vmb_bo bos[BOS];
	struct fixture f;

	begin(&f, dev);
	for (int i = 0; i < BOS; i++)
		vmb_bo_create(&bos[i], dev, 2 * EACH * VMB_PAGE, VMB_BO_HUGE, 0,
			      i + 3);
	for (int i = 0; i < BOS; i++) {
		vmb_model_map(f.m, FIRST, EACH, &bos[i], 1);
		vmb_model_bind(f.m);
		vmb_model_look(f.m);
		entries(&f, 0);
	}
	vmb_model_end(f.m);
}

/* A translation of a large page that was just used knows nothing of the cut. */
static void no_stale_translation(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint64_t page = 3; page < EACH; page += 123) {
		uint64_t addr = VMB_DATA + page * VMB_PAGE;

		VMB_BIND(&f.vm, vmb_map(&f.bo, 0, VMB_DATA, EACH * VMB_PAGE));
		vmb_shows(&f.vm, addr - VMB_PAGE, 3 * VMB_PAGE, &f.bo,
			  (page - 1) * VMB_PAGE);
		VMB_BIND(&f.vm, vmb_unmap(addr, VMB_PAGE));
		vmb_shows(&f.vm, addr - VMB_PAGE, VMB_PAGE, &f.bo,
			  (page - 1) * VMB_PAGE);
		vmb_unmapped(&f.vm, addr, VMB_PAGE);
		vmb_shows(&f.vm, addr + VMB_PAGE, VMB_PAGE, &f.bo,
			  (page + 1) * VMB_PAGE);
	}
}

static void readonly(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map_readonly(f.m, FIRST, 3 * EACH, &f.bo, 0);
	vmb_model_apply(f.m);
	entries(&f, 3);
	vmb_model_unmap(f.m, FIRST + 700, 1);
	vmb_model_map(f.m, FIRST + 100, 4, &f.small, 0);
	vmb_model_apply(f.m);
	vmb_model_end(f.m);
}

/* What is left of a large page is in use while it is cut, again and again. */
static void under_load(struct vmb_dev *dev)
{
	const uint64_t used[] = {
		VMB_DATA, VMB_DATA + 255 * VMB_PAGE, VMB_DATA + 257 * VMB_PAGE,
		VMB_DATA + 511 * VMB_PAGE,
	};
	struct vmb_load *load;
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, vmb_map(&f.bo, 0, VMB_DATA, EACH * VMB_PAGE));
	load = vmb_load_start(&f.vm, used, ARRAY_SIZE(used));
	for (int i = 0; i < 10; i++) {
		VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + 256 * VMB_PAGE, VMB_PAGE));
		VMB_BIND(&f.vm, vmb_map(&f.bo, 0, VMB_DATA, EACH * VMB_PAGE));
	}
	vmb_load_stop(load);
	vmb_shows(&f.vm, VMB_DATA, EACH * VMB_PAGE, &f.bo, 0);
}

static const struct vmb_test tests[] = {
	{ "not-aligned", not_aligned, "Where no large entry can be", VMB_HUGE },
	{ "memory-not-aligned", memory_not_aligned,
	  "Where the memory is off by a page", VMB_HUGE },
	{ "no-stale-translation", no_stale_translation,
	  "Cuts of what was just used", VMB_HUGE },
	{ "readonly", readonly, "Cuts of read-only huge pages",
	  VMB_HUGE | VMB_READONLY },
	{ "under-load", under_load, "Cuts of what is in use", VMB_HUGE },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(cuts); i++) {
		const struct cut *cut = &cuts[i / 2];

		igt_describe("A cut into one or more of three huge pages");
		igt_subtest_f("%s-%s", i % 2 ? "map" : "unmap", cut->name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			vmb_need(&dev, VMB_HUGE);
			(i % 2 ? map_cut : unmap_cut)(&dev, cut);
			vmb_end(&dev);
		}
	}
}
