// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse mappings: no memory, on purpose. Reads give zero, writes go nowhere.
 */
#include <string.h>

#include "rig.h"

static struct rig rig;

static void map_sparse(uint64_t addr, uint64_t range)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_sparse(&bind, addr, range);
	OK(evgem_bind_sync(rig.fd, rig.vm, &bind));
}

static void reads_zero(uint64_t addr, uint64_t size)
{
	unsigned char buf[PAGE];

	for (uint64_t at = 0; at < size; at += PAGE) {
		memset(buf, 0xee, sizeof(buf));
		OK(rig_read(&rig, addr + at, buf, PAGE));
		for (unsigned int i = 0; i < PAGE; i++)
			CHECK_EQ(buf[i], 0);
	}
}

/* Whatever is written is not there afterwards. */
static void drops_writes(uint64_t addr, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += PAGE) {
		OK(rig_write(&rig, addr + at + 8, 0x1122334455667788));
		CHECK_EQ(rig_word(&rig, addr + at + 8), 0);
	}
	reads_zero(addr, size);
}

static void zero_and_dropped(int fd)
{
	rig_init(&rig, fd);
	rig_unmapped(&rig, DATA_ADDR);
	map_sparse(DATA_ADDR, 8 * PAGE);
	drops_writes(DATA_ADDR, 8 * PAGE);
	rig_unmapped(&rig, DATA_ADDR + 8 * PAGE);
	CHECK_EQ(rig_state(&rig).mappings, 2);

	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, 8 * PAGE));
	rig_unmapped(&rig, DATA_ADDR);
	rig_unmapped(&rig, DATA_ADDR + 7 * PAGE);
}

/* Into the middle of a BO, and a BO into the middle of that. */
static void over_and_under_a_bo(int fd)
{
	struct bo a, b;

	rig_init(&rig, fd);
	bo_init(&a, fd, 32, 0, 0xa);
	bo_init(&b, fd, 4, 0, 0xb);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, a.size, a.handle, 0));

	map_sparse(DATA_ADDR + 8 * PAGE, 16 * PAGE);
	rig_shows(&rig, DATA_ADDR, 8 * PAGE, &a, 0);
	drops_writes(DATA_ADDR + 8 * PAGE, 16 * PAGE);
	rig_shows(&rig, DATA_ADDR + 24 * PAGE, 8 * PAGE, &a, 24 * PAGE);

	OK(evgem_map(fd, rig.vm, DATA_ADDR + 12 * PAGE, b.size, b.handle, 0));
	drops_writes(DATA_ADDR + 8 * PAGE, 4 * PAGE);
	rig_shows(&rig, DATA_ADDR + 12 * PAGE, b.size, &b, 0);
	drops_writes(DATA_ADDR + 16 * PAGE, 8 * PAGE);

	/* What was written above did not go into the BO. */
	OK(evgem_map(fd, rig.vm, DATA_ADDR, a.size, a.handle, 0));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

/* Large pages, and what becomes of one that is cut. */
static void huge(int fd)
{
	struct drm_evgem_vm_state state;
	uint64_t hole = DATA_ADDR + HUGE + 100 * PAGE;
	struct bo a;

	rig_init(&rig, fd);
	bo_init(&a, fd, 4, 0, 0xa);
	state = rig_state(&rig);
	map_sparse(DATA_ADDR - PAGE, 3 * HUGE + 2 * PAGE);
	CHECK_EQ(rig_state(&rig).ptes_2m, state.ptes_2m + 3);
	CHECK_EQ(rig_state(&rig).ptes_4k, state.ptes_4k + 2);

	OK(evgem_unmap(fd, rig.vm, hole, PAGE));
	rig_unmapped(&rig, hole);
	drops_writes(hole - 2 * PAGE, 2 * PAGE);
	drops_writes(hole + PAGE, 2 * PAGE);
	OK(evgem_map(fd, rig.vm, hole, a.size, a.handle, 0));
	rig_shows(&rig, hole, a.size, &a, 0);
	drops_writes(hole + a.size, PAGE);
	drops_writes(DATA_ADDR - PAGE, 2 * PAGE);
	drops_writes(DATA_ADDR + 3 * HUGE, PAGE);
	CHECK_EQ(rig_state(&rig).ptes_2m, state.ptes_2m + 2);
}

/* As an application with sparse textures does: much, in one call. */
static void large(int fd)
{
	const uint64_t range = 64ull << 30;
	struct drm_evgem_vm_state before;

	rig_init(&rig, fd);
	before = rig_state(&rig);
	map_sparse(DATA_ADDR, range);
	for (uint64_t at = 0; at < range; at += range / 16 + PAGE)
		drops_writes(DATA_ADDR + at, PAGE);
	drops_writes(DATA_ADDR + range - PAGE, PAGE);
	rig_unmapped(&rig, DATA_ADDR + range);
	CHECK_EQ(rig_state(&rig).ptes_2m, before.ptes_2m + range / HUGE);

	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, range));
	CHECK_EQ(rig_state(&rig).pt_bytes, before.pt_bytes);
	rig_unmapped(&rig, DATA_ADDR + range / 2);
}

/* An address that was memory is not remembered as such, nor the reverse. */
static void no_stale_translation(int fd)
{
	struct bo a;

	rig_init(&rig, fd);
	bo_init(&a, fd, 1, 0, 0xa);
	for (int i = 0; i < 10; i++) {
		map_sparse(DATA_ADDR, PAGE);
		drops_writes(DATA_ADDR, PAGE);
		OK(evgem_map(fd, rig.vm, DATA_ADDR, PAGE, a.handle, 0));
		rig_shows(&rig, DATA_ADDR, PAGE, &a, 0);
	}
}

const struct ktap_case ktap_cases[] = {
	{ "zero-and-dropped", zero_and_dropped },
	{ "over-and-under-a-bo", over_and_under_a_bo },
	{ "huge", huge },
	{ "large", large },
	{ "no-stale-translation", no_stale_translation },
	{ 0 }
};
