// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Random operations, each checked against a model of the VM. The seed is told;
 * VMB_SEED in the environment takes one again.
 */
#include <sys/mman.h>
#include <time.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Random binds against a model");

#define PAGES 160
#define BOS 3

static const struct mix {
	const char *name;
	/** @rounds: binds, each of up to @most operations */
	unsigned int rounds, most;
	uint32_t needs;
	bool async;
	bool huge;
	/** @away: pages are taken away between the rounds */
	bool away;
	/** @user: one BO is memory of the process */
	bool user;
} mixes[] = {
	{ "one-by-one", 40, 1 },
	{ "arrays", 20, 24 },
	{ "all-kinds", 25, 12, VMB_SPARSE | VMB_READONLY | VMB_UNMAP_BO },
	{ "queued", 15, 12, VMB_ASYNC, true },
	{ "huge", 12, 6, VMB_HUGE, false, true },
	{ "repeat", 20, 12, VMB_REPEAT | VMB_SPARSE },
	{ "evicted", 16, 8, VMB_LIMIT, .away = true },
	{ "userptr", 20, 8, VMB_USERPTR, .away = true, .user = true },
};

struct fuzz {
	struct vmb_vm vm;
	struct vmb_bo bos[BOS];
	struct vmb_model *m;
	const struct mix *mix;
	uint64_t seed;
};

static uint64_t choose_seed(void)
{
	const char *given = getenv("VMB_SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = given ? strtoull(given, NULL, 0) :
		       (uint64_t)now.tv_sec << 20 ^ now.tv_nsec;
	igt_info("VMB_SEED=%#llx\n", (unsigned long long)seed);
	return seed ? seed : 1;
}

static void begin(struct fuzz *f, struct vmb_dev *dev, const struct mix *mix)
{
	uint32_t pages = mix->huge ? 4 * 512 : PAGES;
	uint32_t bos = mix->user ? BOS - 1 : BOS;

	f->mix = mix;
	f->seed = choose_seed();
	vmb_vm_create(&f->vm, dev);
	for (uint32_t i = 0; i < bos; i++)
		vmb_bo_create(&f->bos[i], dev,
			      (mix->huge ? 1024 : 64) * VMB_PAGE,
			      mix->huge ? VMB_BO_HUGE : 0,
			      i == 1 && dev->caps.features & VMB_PRIVATE ?
			      f->vm.id : 0, i + 1);
	if (mix->user)
		vmb_bo_user(&f->bos[BOS - 1], dev, 64 * VMB_PAGE, BOS);
	f->m = vmb_model(&f->vm, VMB_DATA - (mix->huge ? 0 : 60 * VMB_PAGE),
			 pages);
}

/* A range: anywhere, but often where a large page begins. */
static uint32_t any_range(struct fuzz *f, uint32_t limit, uint32_t *count)
{
	uint32_t page = vmb_random(&f->seed, f->m->pages);

	if (f->mix->huge && vmb_random(&f->seed, 2))
		page &= ~511u;
	*count = 1 + vmb_random(&f->seed, limit);
	if (f->mix->huge && vmb_random(&f->seed, 2))
		*count = (*count + 511) & ~511u;
	if (*count > f->m->pages - page)
		*count = f->m->pages - page;

	return page;
}

static void any_map(struct fuzz *f, bool readonly)
{
	const struct vmb_bo *bo = &f->bos[vmb_random(&f->seed, BOS)];
	uint32_t bo_pages = bo->size / VMB_PAGE, count, from, page;

	page = any_range(f, bo_pages, &count);
	from = vmb_random(&f->seed, bo_pages - (count < bo_pages ? count :
						bo_pages) + 1);
	if (count > bo_pages)
		count = bo_pages;
	if (f->mix->huge && vmb_random(&f->seed, 2) &&
	    (from & ~511u) + count <= bo_pages)
		from &= ~511u;
	if (readonly)
		vmb_model_map_readonly(f->m, page, count, bo, from);
	else
		vmb_model_map(f->m, page, count, bo, from);
}

static void any_repeat(struct fuzz *f)
{
	uint32_t length = 1 + vmb_random(&f->seed, 9), count, page;
	uint32_t bo_page = vmb_random(&f->seed, 64 - length);

	page = any_range(f, f->m->pages / 2, &count);
	if (length > count)
		length = count;
	vmb_model_repeat(f->m, page, count, &f->bos[vmb_random(&f->seed, BOS)],
			 bo_page, length);
}

static void any_op(struct fuzz *f)
{
	uint32_t count, page;

	if (f->mix->needs & VMB_REPEAT && vmb_random(&f->seed, 3) == 0) {
		any_repeat(f);
		return;
	}

	switch (vmb_random(&f->seed, f->mix->needs & VMB_UNMAP_BO ? 10 :
				     f->mix->needs & VMB_SPARSE ? 7 : 6)) {
	case 0:
	case 1:
		page = any_range(f, f->m->pages / 3, &count);
		vmb_model_unmap(f->m, page, count);
		break;
	case 6:
		page = any_range(f, f->m->pages / 4, &count);
		vmb_model_sparse(f->m, page, count);
		break;
	case 7:
	case 8:
		any_map(f, true);
		break;
	case 9:
		vmb_model_unmap_bo(f->m, &f->bos[vmb_random(&f->seed, BOS)]);
		break;
	default:
		any_map(f, false);
		break;
	}
}

/* The contents are the same afterwards, wherever they were meanwhile. */
static void take_away(struct fuzz *f)
{
	struct vmb_bo *user = &f->bos[BOS - 1];

	if (!f->mix->user) {
		vmb_evict_all(f->vm.dev);
		return;
	}
	igt_assert(!madvise(user->cpu, user->size, MADV_DONTNEED));
	vmb_bo_fill(user);
}

static void fuzz(struct vmb_dev *dev, const struct mix *mix)
{
	uint32_t done = vmb_syncobj(dev);
	struct fuzz f;

	begin(&f, dev, mix);
	for (unsigned int round = 0; round < mix->rounds; round++) {
		unsigned int binds = mix->async ? 4 : 1;

		igt_debug("round %u\n", round);
		for (unsigned int i = 0; i < binds; i++) {
			uint32_t n = 1 + vmb_random(&f.seed, mix->most);

			while (n--)
				any_op(&f);
			if (mix->async)
				vmb_model_async(f.m,
						VMB_SYNCS(vmb_signal(done, 0)));
			else
				vmb_model_bind(f.m);
		}
		if (mix->async)
			vmb_ok(vmb_done(dev, done, 0));
		if (mix->away && vmb_random(&f.seed, 4))
			take_away(&f);
		/* Not always: binds also meet what is still away. */
		if (!mix->away || vmb_random(&f.seed, 2))
			vmb_model_check(f.m);
	}
	vmb_model_check(f.m);
	vmb_model_end(f.m);
	for (uint32_t i = 0; i < BOS; i++)
		vmb_bo_intact(&f.bos[i]);
}

VMB_MAIN()
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mixes); i++) {
		igt_describe("Random operations of one kind of mix");
		igt_subtest_f("%s", mixes[i].name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			vmb_need(&dev, mixes[i].needs);
			fuzz(&dev, &mixes[i]);
			vmb_end(&dev);
		}
	}
}
