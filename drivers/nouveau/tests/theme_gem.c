// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * BOs: made, told of, mapped by the CPU, waited for.
 */
#include <string.h>
#include <sys/mman.h>

#include "rig.h"

static struct rig rig;

static void info(int fd)
{
	struct drm_nouveau_gem_new args = {
		.info = {
			.size = 3 * PAGE - 5,
			.domain = NVT_EITHER | NOUVEAU_GEM_DOMAIN_COHERENT,
			.tile_mode = 0x1234,
			.tile_flags = NVT_GENERIC << 8 |
				      NOUVEAU_GEM_TILE_NONCONTIG,
		},
		.channel_hint = 77,
		.align = 1 << 16,
	};
	struct drm_nouveau_gem_info told;

	OK(nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &args));
	CHECK(args.info.handle);
	CHECK_EQ(args.info.size, 3 * PAGE);
	CHECK_EQ(args.info.domain, NVT_VRAM);
	CHECK_EQ(args.info.offset, 0);
	CHECK(args.info.map_handle);
	CHECK_EQ(args.info.tile_mode, 0x1234);
	CHECK_EQ(args.info.tile_flags, NVT_GENERIC << 8 |
				       NOUVEAU_GEM_TILE_NONCONTIG);
	OK(nvt_bo_info(fd, args.info.handle, &told));
	CHECK(!memcmp(&told, &args.info, sizeof(told)));
	OK(nvt_bo_new(fd, PAGE, NVT_GART, 0, &told));
	CHECK_EQ(told.domain, NVT_GART);
	OK(nvt_bo_new(fd, PAGE, NVT_VRAM, 0, &told));
	CHECK_EQ(told.domain, NVT_VRAM);
	OK(nvt_bo_new(fd, PAGE, NOUVEAU_GEM_DOMAIN_CPU, 0, &told));
	CHECK_EQ(told.domain, NOUVEAU_GEM_DOMAIN_CPU);
	FAILS(ENOENT, nvt_bo_info(fd, 0, &told));
	FAILS(ENOENT, nvt_bo_info(fd, 0x7777, &told));
}

static void bad_new(int fd)
{
	const struct drm_nouveau_gem_new good = {
		.info = { .size = PAGE, .domain = NVT_GART },
	};
	struct drm_nouveau_gem_new bad;

#define BAD(error, change) \
	do { \
		bad = good; \
		change; \
		ktap_trying(#change); \
		FAILS(error, nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &bad)); \
		ktap_trying(NULL); \
	} while (0)

	BAD(EINVAL, bad.info.size = 0);
	BAD(ENOMEM, bad.info.size = 1ull << 63);
	BAD(ENOMEM, bad.info.size = ~0ull);
	BAD(ENOMEM, bad.info.size = 1ull << 46);
	BAD(EINVAL, bad.info.domain |= 1 << 6);
	BAD(EINVAL, bad.info.domain |= 1u << 31);
	/* There is no VM that it could be private to. */
	BAD(EINVAL, bad.info.domain |= NVT_PRIVATE);
	BAD(EINVAL, bad.info.tile_flags = 7 << 8);
	BAD(EINVAL, bad.info.tile_flags = 15 << 8);
	BAD(EINVAL, bad.info.tile_flags = 16 << 8);
	BAD(EINVAL, bad.info.tile_flags = 1 << 4);
	BAD(EINVAL, bad.info.tile_flags = 1 << 18);
	BAD(EINVAL, bad.align = 3);
	BAD(EINVAL, bad.align = 4097);
	BAD(ENOMEM, bad.info.domain = NVT_VRAM; bad.info.size = 1ull << 40);
	bad = good;
	OK(nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &bad));
	OK(nvt_bo_close(fd, bad.info.handle));
	FAILS(EINVAL, nvt_bo_close(fd, bad.info.handle));
}

/* Wherever it is: memory that others had reads as zeros. */
static void zero_at_first(int fd)
{
	static const uint32_t domains[] = { NVT_VRAM, NVT_GART, NVT_EITHER };

	rig_init(&rig, fd);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
			struct bo bo;

			bo_init_empty(&bo, fd, HUGE / 2, domains[i]);
			OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, bo.handle, 0)));
			rig_shows_zeros(&rig, DATA_ADDR, bo.size);
			for (uint64_t at = 0; at < bo.size; at += 8)
				CHECK_EQ(bo.cpu[at / 8], 0);
			memset(bo.cpu, 0x77, bo.size);
			OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, bo.size)));
			bo_close(&bo, fd);
		}
	}
}

/* Written by the CPU before the device has it: that is what the device sees. */
static void cpu_first(int fd)
{
	static const uint32_t domains[] = { NVT_VRAM, NVT_GART, NVT_EITHER };

	rig_init(&rig, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
		struct push p = rig_push(&rig);
		struct bo bo;

		bo_init(&bo, fd, 40 * PAGE, domains[i], i + 1);
		OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, bo.handle, 0)));
		rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
		bo_is(&bo);
		push_fill(&p, DATA_ADDR + PAGE, 0xabcdabcd, 2);
		rig_run(&rig, &p);
		CHECK_EQ(bo.cpu[PAGE / 8], 0xabcdabcdabcdabcdull);
		bo_fill(&bo, 9);
		rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
		OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, bo.size)));
		bo_close(&bo, fd);
	}
}

static void map_by_the_cpu(int fd)
{
	struct drm_nouveau_gem_info a;
	struct bo bo;
	int other = nvt_open();
	char *cpu;

	bo_init(&bo, fd, 4 * PAGE, NVT_GART, 1);
	OK(nvt_bo_info(fd, bo.handle, &a));
	cpu = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, a.map_handle);
	CHECK(cpu != MAP_FAILED);
	CHECK_EQ(*(uint64_t *)(cpu + PAGE), bo_word(&bo, PAGE));
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		   a.map_handle) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd,
		   a.map_handle) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other,
		   a.map_handle) == MAP_FAILED && errno == EACCES);
	/* It stays when the handle goes. */
	OK(nvt_bo_close(fd, bo.handle));
	bo_is(&bo);
}

static void cpu_prep(int fd)
{
	const uint32_t nowait = NOUVEAU_GEM_CPU_PREP_NOWAIT;
	const uint32_t write = NOUVEAU_GEM_CPU_PREP_WRITE;
	struct drm_nouveau_gem_cpu_fini fini = { 0 };
	struct bo bo, private;
	uint32_t done;
	struct push p;

	rig_init(&rig, fd);
	done = make_syncobj(fd);
	bo_init(&bo, fd, PAGE, NVT_GART, 1);
	bo_init(&private, fd, PAGE, NVT_VRAM | NVT_PRIVATE, 2);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, PAGE, bo.handle, 0),
		    nvt_map(DATA_ADDR + PAGE, PAGE, private.handle, 0)));
	OK(nvt_cpu_prep(fd, bo.handle, nowait | write));
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR, 1);
	push_write(&p, DATA_ADDR, 5);
	OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ done }))));
	FAILS(EBUSY, nvt_cpu_prep(fd, bo.handle, nowait));
	FAILS(EBUSY, nvt_cpu_prep(fd, bo.handle, nowait | write));
	FAILS(EBUSY, nvt_cpu_prep(fd, private.handle, nowait));
	rig.scratch.cpu[0] = 1;
	OK(nvt_cpu_prep(fd, bo.handle, 0));
	CHECK_EQ((uint32_t)bo.cpu[0], 5);
	OK(nvt_cpu_prep(fd, private.handle, write));
	OK(nvt_cpu_prep(fd, bo.handle, nowait));

	FAILS(EINVAL, nvt_cpu_prep(fd, bo.handle, 2));
	FAILS(EINVAL, nvt_cpu_prep(fd, bo.handle, 8));
	FAILS(ENOENT, nvt_cpu_prep(fd, 0x7777, 0));
	FAILS(ENOENT, nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_CPU_FINI, &fini));
	fini.handle = bo.handle;
	OK(nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_CPU_FINI, &fini));
}

const struct ktap_case ktap_cases[] = {
	{ "info", info },
	{ "bad-new", bad_new },
	{ "zero-at-first", zero_at_first },
	{ "cpu-first", cpu_first },
	{ "map-by-the-cpu", map_by_the_cpu },
	{ "cpu-prep", cpu_prep },
	{ NULL }
};
