// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse regions: zeros where nothing is mapped, as a rule of a whole range.
 */
#include "inject.h"
#include "rig.h"

#define REGION_ADDR	(DATA_ADDR + 2 * HUGE)
#define REGION_SIZE	(4 * HUGE)

static struct rig rig;
static struct bo a;

static void begin(int fd)
{
	rig_init(&rig, fd);
	bo_init(&a, fd, 16 * PAGE, NVT_GART, 0xa);
	OK(nvt_bind(fd, nvt_sparse(REGION_ADDR, REGION_SIZE)));
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 1);
}

static void zeros(struct rig *r, uint64_t addr)
{
	struct push p = rig_push(r);

	rig_shows_zeros(r, addr, PAGE);
	/* Writes go nowhere. */
	push_fill(&p, addr, 0x55555555, PAGE / 4);
	rig_run(r, &p);
	rig_shows_zeros(r, addr, PAGE);
}

static void from_beginning_to_end(int fd)
{
	begin(fd);
	zeros(&rig, REGION_ADDR);
	zeros(&rig, REGION_ADDR + HUGE + 5 * PAGE);
	zeros(&rig, REGION_ADDR + REGION_SIZE - PAGE);
	rig_unmapped(&rig, REGION_ADDR - 8);
	rig_unmapped(&rig, REGION_ADDR + REGION_SIZE);
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE)));
	rig_unmapped(&rig, REGION_ADDR);
	rig_unmapped(&rig, REGION_ADDR + REGION_SIZE - PAGE);
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 0);
	CHECK_EQ(debugfs_number(fd, "vms", "sparse_2m"), 0);
}

static void pages_come_and_go(int fd)
{
	begin(fd);
	OK(nvt_bind(fd, nvt_map(REGION_ADDR + 3 * PAGE, 4 * PAGE, a.handle, 0)));
	rig_shows(&rig, REGION_ADDR + 3 * PAGE, 4 * PAGE, &a, 0);
	zeros(&rig, REGION_ADDR + 2 * PAGE);
	zeros(&rig, REGION_ADDR + 7 * PAGE);
	OK(nvt_bind(fd, nvt_unmap(REGION_ADDR + 4 * PAGE, PAGE)));
	zeros(&rig, REGION_ADDR + 4 * PAGE);
	rig_shows(&rig, REGION_ADDR + 3 * PAGE, PAGE, &a, 0);
	rig_shows(&rig, REGION_ADDR + 5 * PAGE, 2 * PAGE, &a, 2 * PAGE);
	CHECK_EQ(a.cpu[PAGE / 8], bo_word(&a, PAGE));
	/* A region goes with what is mapped in it. */
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE)));
	rig_unmapped(&rig, REGION_ADDR + 3 * PAGE);
	rig_unmapped(&rig, REGION_ADDR + 4 * PAGE);
}

/* As programs end the use of a range: all of it, whatever is in there. */
static void torn_down_as_a_whole(int fd)
{
	const uint64_t addr = DATA_ADDR, size = 8 * HUGE;

	begin(fd);
	OK(nvt_bind(fd, nvt_map(addr, PAGE, a.handle, 0),
		    nvt_map(REGION_ADDR, 16 * PAGE, a.handle, 0),
		    nvt_map(REGION_ADDR + REGION_SIZE - 8 * PAGE, 8 * PAGE,
			    a.handle, 8 * PAGE),
		    nvt_sparse(REGION_ADDR + REGION_SIZE + HUGE, 3 * PAGE),
		    nvt_map(addr + size - PAGE, PAGE, a.handle, PAGE)));
	OK(nvt_bind(fd, nvt_unmap(addr, size)));
	rig_unmapped(&rig, addr);
	zeros(&rig, REGION_ADDR);
	zeros(&rig, REGION_ADDR + REGION_SIZE - PAGE);
	rig_unmapped(&rig, REGION_ADDR + REGION_SIZE);
	zeros(&rig, REGION_ADDR + REGION_SIZE + HUGE + PAGE);
	rig_unmapped(&rig, addr + size - PAGE);
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE),
		    nvt_unsparse(REGION_ADDR + REGION_SIZE + HUGE, 3 * PAGE)));
	rig_unmapped(&rig, REGION_ADDR);
}

static void rules(int fd)
{
	begin(fd);
	/* No two of them may touch. */
	FAILS(ENOSPC, nvt_bind(fd, nvt_sparse(REGION_ADDR, REGION_SIZE)));
	FAILS(ENOSPC, nvt_bind(fd, nvt_sparse(REGION_ADDR - PAGE, 2 * PAGE)));
	FAILS(ENOSPC, nvt_bind(fd, nvt_sparse(REGION_ADDR + REGION_SIZE - PAGE,
					      HUGE)));
	FAILS(ENOSPC, nvt_bind(fd, nvt_sparse(REGION_ADDR + HUGE, PAGE)));
	OK(nvt_bind(fd, nvt_sparse(REGION_ADDR - PAGE, PAGE)));
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR - PAGE, PAGE)));

	/* What is mapped is within one, or away from all. */
	FAILS(ENOSPC, nvt_bind(fd, nvt_map(REGION_ADDR - PAGE, 2 * PAGE,
					   a.handle, 0)));
	FAILS(ENOSPC, nvt_bind(fd, nvt_map(REGION_ADDR + REGION_SIZE - PAGE,
					   2 * PAGE, a.handle, 0)));
	OK(nvt_bind(fd, nvt_map(REGION_ADDR - PAGE, PAGE, a.handle, 0),
		    nvt_map(REGION_ADDR + REGION_SIZE, PAGE, a.handle, 0)));

	/* One goes as it came. */
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(REGION_ADDR, HUGE)));
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(REGION_ADDR + HUGE,
						REGION_SIZE - HUGE)));
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(REGION_ADDR - PAGE,
						REGION_SIZE + PAGE)));
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(DATA_ADDR, PAGE)));
	zeros(&rig, REGION_ADDR);
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE)));
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE)));
}

/* A call that fails at its end leaves all regions as they were. */
static void as_before_if_it_fails(int fd)
{
	struct drm_nouveau_vm_bind_op bad = nvt_map(DATA_ADDR, PAGE, 0x7777, 0);

	begin(fd);
	OK(nvt_bind(fd, nvt_map(REGION_ADDR, PAGE, a.handle, 0)));
	FAILS(ENOENT, nvt_bind(fd, nvt_sparse(DATA_ADDR, HUGE), bad));
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE), bad));
	FAILS(ENOENT, nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE),
			       nvt_sparse(REGION_ADDR, HUGE),
			       nvt_sparse(REGION_ADDR + HUGE, HUGE),
			       nvt_unsparse(REGION_ADDR, HUGE), bad));
	rig_unmapped(&rig, DATA_ADDR);
	rig_shows(&rig, REGION_ADDR, PAGE, &a, 0);
	zeros(&rig, REGION_ADDR + PAGE);
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 1);
	FAILS(ENOSPC, nvt_bind(fd, nvt_sparse(REGION_ADDR + HUGE, HUGE)));

	/* The same without the bad one. */
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE),
		    nvt_sparse(REGION_ADDR, HUGE),
		    nvt_sparse(REGION_ADDR + HUGE, HUGE),
		    nvt_unsparse(REGION_ADDR, HUGE)));
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 1);
	rig_unmapped(&rig, REGION_ADDR);
	zeros(&rig, REGION_ADDR + HUGE);
	rig_unmapped(&rig, REGION_ADDR + 2 * HUGE);
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR + HUGE, HUGE)));
}

/* Each allocation of such a call is refused in its turn. */
static void without_memory(int fd)
{
	const struct drm_nouveau_vm_bind_op ops[] = {
		nvt_unsparse(REGION_ADDR, REGION_SIZE),
		nvt_sparse(REGION_ADDR, HUGE),
		nvt_map(REGION_ADDR + PAGE, 2 * PAGE, 0, 0),
		nvt_unmap(REGION_ADDR - PAGE, 3 * PAGE),
	};
	struct drm_nouveau_vm_bind_op good[ARRAY_SIZE(ops)];
	unsigned int nth = 0, failed = 0;
	int ret;

	begin(fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		good[i] = ops[i];
	good[2].handle = a.handle;
	inject_allocations();
	do {
		inject_nth(++nth);
		ret = nvt_bind_n(fd, good, ARRAY_SIZE(good), NULL);
		if (!inject_end())
			break;
		if (!ret) {
			/* It did without. */
			OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, HUGE),
				    nvt_sparse(REGION_ADDR, REGION_SIZE)));
			continue;
		}
		CHECK_EQ(-ret, ENOMEM);
		failed++;
		CHECK_EQ(debugfs_number(fd, "vms", "regions"), 1);
		/* As large as before, and no mapping in it. */
		FAILS(ENOSPC, nvt_bind(fd, nvt_sparse(REGION_ADDR + REGION_SIZE -
						      PAGE, PAGE)));
		rig_shows_zeros(&rig, REGION_ADDR + PAGE, 2 * PAGE);
	} while (nth < 1000);
	OK(ret);
	CHECK(failed > 10);
	rig_shows_zeros(&rig, REGION_ADDR + PAGE, PAGE);
	rig_shows(&rig, REGION_ADDR + 2 * PAGE, PAGE, &a, PAGE);
	rig_unmapped(&rig, REGION_ADDR + HUGE);
}

/* So large that entries of the upper directories are sparse. */
static void at_every_level(int fd)
{
	static const struct {
		uint64_t size;
		const char *entries;
	} levels[] = {
		{ 3 * PAGE, "sparse_4k" },
		{ 2 * BIG, "sparse_64k" },
		{ 2 * HUGE, "sparse_2m" },
		{ 2ull << 29, "sparse_512m" },
		{ 2ull << 38, "sparse_256g" },
	};
	const uint64_t base = 1ull << 42;

	rig_init(&rig, fd);
	bo_init(&a, fd, 16 * PAGE, NVT_GART, 0xa);
	for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++) {
		uint64_t size = levels[i].size, middle = base + size / 2;

		middle &= ~(PAGE - 1);
		OK(nvt_bind(fd, nvt_sparse(base, size)));
		CHECK_EQ(debugfs_number(fd, "vms", levels[i].entries),
			 i ? 2 : 3);
		zeros(&rig, base);
		zeros(&rig, base + size - PAGE);
		OK(nvt_bind(fd, nvt_map(middle, PAGE, a.handle, 0)));
		rig_shows(&rig, middle, PAGE, &a, 0);
		if (i) {
			zeros(&rig, middle - PAGE);
			zeros(&rig, middle + PAGE);
		}
		OK(nvt_bind(fd, nvt_unmap(base, size)));
		zeros(&rig, middle);
		OK(nvt_bind(fd, nvt_unsparse(base, size)));
		rig_unmapped(&rig, middle);
	}
}

const struct ktap_case ktap_cases[] = {
	{ "from-beginning-to-end", from_beginning_to_end },
	{ "pages-come-and-go", pages_come_and_go },
	{ "torn-down-as-a-whole", torn_down_as_a_whole },
	{ "rules", rules },
	{ "as-before-if-it-fails", as_before_if_it_fails },
	{ "without-memory", without_memory, 60 },
	{ "at-every-level", at_every_level },
	{ NULL }
};
