// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Random binds against the model. The seed is printed; SEED= in the environment
 * sets it, ROUNDS= how many binds there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model.h"

#define BOS 4
#define ROUNDS_SMALL 150
#define ROUNDS_HUGE 30
#define OPS_MAX 6
/* A full look at everything is dear: that often. */
#define VERIFY_EVERY 3

struct fuzz {
	struct rig rig;
	struct model model;
	struct bo bo[BOS];
	unsigned int bos;
	uint64_t seed;
	/** @longest: pages that one operation touches at most */
	uint32_t longest;
	/** @done: the last asynchronous bind, a point of a timeline */
	uint32_t line;
	uint64_t point;
};

static uint64_t choose_seed(void)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) :
				(uint64_t)time(NULL) << 20 ^ now_ms();

	ktap_note("SEED=%#llx", (unsigned long long)seed);
	return seed ? seed : 1;
}

static unsigned int choose_rounds(unsigned int rounds)
{
	const char *given = getenv("ROUNDS");

	return given ? strtoul(given, NULL, 0) : rounds;
}

static uint32_t random_below(struct fuzz *fuzz, uint32_t limit)
{
	return model_random(&fuzz->seed, limit);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Often where something else begins or ends, or where a huge page would. */
static uint32_t random_page(struct fuzz *fuzz)
{
	uint32_t page = random_below(fuzz, fuzz->model.pages);
	const struct model_page *entry = fuzz->model.page;

	switch (random_below(fuzz, 4)) {
	case 0:
		while (page && entry[page].id == entry[page - 1].id)
			page--;
		break;
	case 1:
		page -= page % 512;
		break;
	}

	return page;
}

static uint32_t random_count(struct fuzz *fuzz, uint32_t page)
{
	uint32_t most = min_u32(fuzz->longest, fuzz->model.pages - page);

	if (most >= 512 && !random_below(fuzz, 2))
		return 512;

	return 1 + random_below(fuzz, most);
}

/* Of any length up to that of the range: of a few pages, too, and of 2 MiB. */
static void random_repeat(struct fuzz *fuzz, struct evgem_bind *bind,
			  uint32_t page, uint32_t count, const struct bo *bo)
{
	uint32_t most = min_u32(count, bo->size / PAGE), repeat, bo_page;

	repeat = 1 + random_below(fuzz, random_below(fuzz, 2) ? most :
							     min_u32(most, 4));
	if (most >= 512 && !random_below(fuzz, 2))
		repeat = 512;
	bo_page = random_below(fuzz, bo->size / PAGE - repeat + 1);
	if (random_below(fuzz, 2))
		bo_page -= bo_page % 512;
	model_map_repeat(&fuzz->model, bind, page, count, bo, bo_page, repeat);
}

static void random_op(struct fuzz *fuzz, struct evgem_bind *bind)
{
	uint32_t page = random_page(fuzz), count = random_count(fuzz, page);
	const struct bo *bo = &fuzz->bo[random_below(fuzz, fuzz->bos)];
	uint32_t bo_pages = bo->size / PAGE, bo_page;
	uint32_t kind = random_below(fuzz, 8);

	if (kind < 3) {
		model_unmap(&fuzz->model, bind, page, count);
		return;
	}
	if (kind == 4) {
		random_repeat(fuzz, bind, page, count, bo);
		return;
	}

	count = min_u32(count, bo_pages);
	bo_page = random_below(fuzz, bo_pages - count + 1);
	if (random_below(fuzz, 2))
		bo_page -= bo_page % 512;
	if (kind == 3)
		model_map_readonly(&fuzz->model, bind, page, count, bo, bo_page);
	else
		model_map(&fuzz->model, bind, page, count, bo, bo_page);
}

static void submit(struct fuzz *fuzz, struct evgem_bind *bind)
{
	struct rig *rig = &fuzz->rig;

	if (random_below(fuzz, 2)) {
		OK(evgem_bind_sync(rig->fd, rig->vm, bind));
		return;
	}

	fuzz->point++;
	OK(evgem_bind_async(rig->fd, rig->vm, bind,
			    EVGEM_SYNCS(evgem_signal_point(fuzz->line,
							   fuzz->point))));
}

static void run(struct fuzz *fuzz, unsigned int rounds)
{
	fuzz->line = make_syncobj(fuzz->rig.fd);
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t ops = 1 + random_below(fuzz, OPS_MAX);
		struct evgem_bind bind = { 0 };

		while (ops--)
			random_op(fuzz, &bind);
		submit(fuzz, &bind);
		if (i % VERIFY_EVERY && i != rounds - 1)
			continue;
		if (fuzz->point)
			job_ends(fuzz->rig.fd, fuzz->line, fuzz->point, 0);
		model_verify(&fuzz->model, 2);
	}
}

static void small_pages(int fd)
{
	static struct fuzz fuzz;

	fuzz.seed = choose_seed();
	fuzz.bos = BOS;
	fuzz.longest = 64;
	rig_init(&fuzz.rig, fd);
	for (uint32_t i = 0; i < BOS; i++)
		bo_init(&fuzz.bo[i], fd, 32 << i, i % 2 ? fuzz.rig.vm : 0,
			i + 1);
	/* Across a border of tables of all levels. */
	model_init(&fuzz.model, &fuzz.rig, 0x8000000000ull - 100 * PAGE, 256);
	run(&fuzz, choose_rounds(ROUNDS_SMALL));
}

static void huge_pages(int fd)
{
	static struct fuzz fuzz;

	fuzz.seed = choose_seed();
	fuzz.bos = 2;
	fuzz.longest = 700;
	rig_init(&fuzz.rig, fd);
	bo_init_huge(&fuzz.bo[0], fd, 2 * HUGE, 0, 1);
	bo_init(&fuzz.bo[1], fd, 16, fuzz.rig.vm, 2);
	model_init(&fuzz.model, &fuzz.rig, 0x40000000ull - HUGE, 1536);
	run(&fuzz, choose_rounds(ROUNDS_HUGE));
}

const struct ktap_case ktap_cases[] = {
	{ "small-pages", small_pages, 120 },
	{ "huge-pages", huge_pages, 120 },
	{ 0 }
};
