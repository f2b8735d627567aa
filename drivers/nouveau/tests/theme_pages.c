// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Pages of 4 KiB, 64 KiB and 2 MiB: which are used, and what becomes of them when
 * they are cut; and kinds of pages.
 *
 * How many there are is read from debugfs: what the device sees is the same
 * whatever the size.
 */
#include "rig.h"

static struct rig rig;
static struct bo a, b;

/* Of the rig itself. */
static uint64_t own_4k;

static void begin(int fd, uint64_t size)
{
	rig_init(&rig, fd);
	own_4k = debugfs_number(fd, "vms", "pages_4k");
	bo_init(&a, fd, size, NVT_VRAM, 0xa);
}

static void pages_are(int fd, uint64_t n4k, uint64_t n64k, uint64_t n2m)
{
	CHECK_EQ(debugfs_number(fd, "vms", "pages_4k") - own_4k, n4k);
	CHECK_EQ(debugfs_number(fd, "vms", "pages_64k"), n64k);
	CHECK_EQ(debugfs_number(fd, "vms", "pages_2m"), n2m);
}

static void map_all(int fd)
{
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

/* The size of a BO is rounded up to the pages that it deserves. */
static void sizes(int fd)
{
	struct drm_nouveau_gem_info info;

	OK(nvt_bo_new(fd, 5 * PAGE - 1, NVT_VRAM, 0, &info));
	CHECK_EQ(info.size, 5 * PAGE);
	OK(nvt_bo_new(fd, BIG + 1, NVT_VRAM, 0, &info));
	CHECK_EQ(info.size, 2 * BIG);
	OK(nvt_bo_new(fd, HUGE + 1, NVT_VRAM, 0, &info));
	CHECK_EQ(info.size, 2 * HUGE);
	OK(nvt_bo_new(fd, HUGE + 1, NVT_EITHER, 0, &info));
	CHECK_EQ(info.size, HUGE + PAGE);
	OK(nvt_bo_new(fd, HUGE + 1, NVT_GART, 0, &info));
	CHECK_EQ(info.size, HUGE + PAGE);
}

static void of_4k(int fd)
{
	begin(fd, 8 * PAGE);
	map_all(fd);
	pages_are(fd, 8, 0, 0);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, a.size)));
	pages_are(fd, 0, 0, 0);
}

static void of_64k(int fd)
{
	begin(fd, 3 * BIG);
	map_all(fd);
	pages_are(fd, 0, 3, 0);
	/* Where the two do not fit together there are small ones. */
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + PAGE, a.size - PAGE, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR + PAGE, a.size - PAGE, &a, 0);
	CHECK_EQ(debugfs_number(fd, "vms", "pages_64k"), 0);
}

static void of_2m(int fd)
{
	begin(fd, 2 * HUGE);
	map_all(fd);
	pages_are(fd, 0, 0, 2);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, HUGE, a.handle, HUGE)));
	rig_shows(&rig, DATA_ADDR, HUGE, &a, HUGE);
	rig_shows(&rig, DATA_ADDR + HUGE, HUGE, &a, HUGE);
	pages_are(fd, 0, 0, 2);
}

/* Each kind at the place that fits it, in one mapping. */
static void mixed(int fd)
{
	const uint64_t start = HUGE - BIG - PAGE;

	begin(fd, 3 * HUGE);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + start, HUGE + 2 * BIG + 2 * PAGE,
				a.handle, start)));
	rig_shows(&rig, DATA_ADDR + start, HUGE + 2 * BIG + 2 * PAGE, &a, start);
	pages_are(fd, 2, 2, 1);
	/* Small ones of another BO in the middle of a huge one. */
	bo_init(&b, fd, 3 * PAGE, NVT_GART, 0xb);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + HUGE + BIG + 7 * PAGE, 3 * PAGE,
				b.handle, 0)));
	rig_shows(&rig, DATA_ADDR + start, BIG + PAGE + BIG + 7 * PAGE, &a, start);
	rig_shows(&rig, DATA_ADDR + HUGE + BIG + 7 * PAGE, 3 * PAGE, &b, 0);
	rig_shows(&rig, DATA_ADDR + HUGE + BIG + 10 * PAGE,
		  HUGE - BIG - 10 * PAGE, &a, HUGE + BIG + 10 * PAGE);
	CHECK_EQ(debugfs_number(fd, "vms", "pages_2m"), 0);
}

static void cut_a_big_one(int fd)
{
	begin(fd, 2 * BIG);
	map_all(fd);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR + 3 * PAGE, PAGE)));
	pages_are(fd, 15, 1, 0);
	rig_shows(&rig, DATA_ADDR, 3 * PAGE, &a, 0);
	rig_unmapped(&rig, DATA_ADDR + 3 * PAGE);
	rig_shows(&rig, DATA_ADDR + 4 * PAGE, a.size - 4 * PAGE, &a, 4 * PAGE);
}

static void cut_a_huge_one(int fd)
{
	const uint64_t hole = HUGE - BIG - PAGE;

	begin(fd, 2 * HUGE);
	map_all(fd);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR + hole, PAGE)));
	pages_are(fd, 15, 31, 1);
	rig_shows(&rig, DATA_ADDR, hole, &a, 0);
	rig_unmapped(&rig, DATA_ADDR + hole);
	rig_shows(&rig, DATA_ADDR + hole + PAGE, a.size - hole - PAGE, &a,
		  hole + PAGE);
	/* Filled again: as it was, for the device. */
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + hole, PAGE, a.handle, hole)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

/* What may come back elsewhere, and what is the system's, is of small pages. */
static void small_where_they_must(int fd)
{
	begin(fd, PAGE);
	bo_init(&a, fd, HUGE, NVT_EITHER, 0xa);
	bo_init(&b, fd, HUGE, NVT_GART, 0xb);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, HUGE, a.handle, 0),
		    nvt_map(DATA_ADDR + HUGE, HUGE, b.handle, 0)));
	pages_are(fd, 2 * HUGE / PAGE, 0, 0);
	rig_shows(&rig, DATA_ADDR, HUGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + HUGE, HUGE, &b, 0);
}

/*
 * The copy engine reads and writes pages of any kind, byte for byte where both are
 * of the same; mappings of one piece of a BO may differ.
 */
static void kinds(int fd)
{
	struct drm_nouveau_vm_bind_op op;

	begin(fd, 2 * BIG);
	op = nvt_map(DATA_ADDR, a.size, a.handle, 0);
	for (unsigned int kind = 0; kind < 256; kind++) {
		bool good = kind < 15 && kind != 7;

		op.flags = kind;
		if (good)
			OK(nvt_bind_n(fd, &op, 1, NULL));
		else
			FAILS(EINVAL, nvt_bind_n(fd, &op, 1, NULL));
	}
	op.flags = NVT_GENERIC;
	OK(nvt_bind_n(fd, &op, 1, NULL));
	/* The kind of a mapping stays when it is cut. */
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + 3 * PAGE, PAGE, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR + 3 * PAGE, PAGE, &a, 0);
	/* And it is part of what there is to unmap. */
	op.op = DRM_NOUVEAU_VM_BIND_OP_UNMAP;
	op.handle = 0;
	OK(nvt_bind_n(fd, &op, 1, NULL));
	rig_unmapped(&rig, DATA_ADDR);
}

const struct ktap_case ktap_cases[] = {
	{ "sizes", sizes },
	{ "of-4k", of_4k },
	{ "of-64k", of_64k },
	{ "of-2m", of_2m },
	{ "mixed", mixed },
	{ "cut-a-big-one", cut_a_big_one },
	{ "cut-a-huge-one", cut_a_huge_one },
	{ "small-where-they-must", small_where_they_must },
	{ "kinds", kinds },
	{ NULL }
};
