// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Split and merge against a plain array of pages.
 *
 * Each of very many random requests is carried out on a VM and on the array, by
 * the callbacks mostly and by a list now and then. After each the mappings
 * around what it touched are compared, and from time to time all of them.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "gpuvm_kunit_helper.h"

#define PAGES		4096u
#define SHORT_RANGE	16
#define LONG_RANGE	256
#define OBJS		3
#define CHECK_ALL	1000
/* One request in so many goes by a list of operations. */
#define LIST_EVERY	8

static unsigned long random_seed;
module_param(random_seed, ulong, 0444);
MODULE_PARM_DESC(random_seed, "seed of gpuvm_random; 0 for a new one each time");

/* KASAN is about ten times slower, and has seen all there is long before. */
static unsigned int random_count = IS_ENABLED(CONFIG_KASAN) ? 80000 : 400000;
module_param(random_count, uint, 0444);
MODULE_PARM_DESC(random_count, "number of operations of gpuvm_random");

/* What the array knows of a page. */
struct page_model {
	/** @mapping: number of the mapping that it belongs to, 0 for none */
	u64 mapping;
	/** @obj: whose page it is */
	struct drm_gem_object *obj;
	/** @offset: which */
	u64 offset;
};

struct random_state {
	struct kunit *test;
	struct rnd_state rnd;
	struct drm_gpuvm *vm;
	struct drm_gem_object *obj[OBJS];
	struct page_model *pages;
	u64 mappings;
	/* the request */
	bool map;
	struct drm_gpuvm_map_req req;
	/* what was done for it */
	unsigned int steps;
	u64 step_end;
	/* counts of each kind, so that none goes untested unseen */
	u64 maps, remaps, unmaps, keeps, lists;
	struct list_head free;
	const char *error;
};

static void fail(struct random_state *s, const char *error)
{
	if (!s->error)
		s->error = error;
}

static struct drm_gpuva *va_get(struct random_state *s)
{
	struct gk_va *va;

	va = list_first_entry_or_null(&s->free, struct gk_va, pool);
	if (va) {
		list_del(&va->pool);
		memset(va, 0, sizeof(*va));
		return &va->base;
	}

	va = kzalloc(sizeof(*va), GFP_KERNEL);
	if (!va)
		return NULL;
	atomic_inc(&gk_counts.vas);
	return &va->base;
}

/* KASAN sees the use of what is freed, not of what is used again. */
static void va_put(struct random_state *s, struct drm_gpuva *va)
{
	if (IS_ENABLED(CONFIG_KASAN))
		gk_va_free(va);
	else
		list_add(&container_of(va, struct gk_va, base)->pool, &s->free);
}

/* Written otherwise than the core does it. */
static bool continues(const struct random_state *s, const struct drm_gpuva *va)
{
	return s->map && va->gem.obj && va->gem.obj == s->req.map.gem.obj &&
	       va->gem.offset - va->va.addr ==
	       s->req.map.gem.offset - s->req.map.va.addr;
}

/* What goes is taken in address order, and is hit by the request. */
static void check_unmap(struct random_state *s,
			const struct drm_gpuva_op_unmap *op)
{
	const struct drm_gpuva *va = op->va;
	u64 end = s->req.map.va.addr + s->req.map.va.range;

	if (va->va.addr < s->step_end)
		fail(s, "operations not in order");
	if (va->va.addr >= end ||
	    va->va.addr + va->va.range <= s->req.map.va.addr)
		fail(s, "an operation beside the request");
	if (op->keep != continues(s, va))
		fail(s, "keep is wrong");

	s->step_end = va->va.addr + va->va.range;
	s->keeps += op->keep;
}

static int do_map(struct random_state *s, const struct drm_gpuva_op_map *op)
{
	struct drm_gpuva *va = va_get(s);

	if (!va)
		return -ENOMEM;

	s->maps++;
	if (memcmp(op, &s->req.map, sizeof(*op)))
		fail(s, "not the map that was asked for");
	return drm_gpuva_map(s->vm, va, op);
}

static int do_remap(struct random_state *s,
		    const struct drm_gpuva_op_remap *op)
{
	struct drm_gpuva *prev = op->prev ? va_get(s) : NULL;
	struct drm_gpuva *next = op->next ? va_get(s) : NULL;
	struct drm_gpuva *va = op->unmap->va;
	int ret;

	s->remaps++;
	check_unmap(s, op->unmap);
	ret = drm_gpuva_remap(prev, next, op);
	va_put(s, va);
	return ret;
}

static int do_step(struct random_state *s, struct drm_gpuva_op *op)
{
	struct drm_gpuva *va;

	s->steps++;
	switch (op->op) {
	case DRM_GPUVA_OP_MAP:
		return do_map(s, &op->map);
	case DRM_GPUVA_OP_REMAP:
		return do_remap(s, &op->remap);
	case DRM_GPUVA_OP_UNMAP:
		va = op->unmap.va;
		s->unmaps++;
		check_unmap(s, &op->unmap);
		drm_gpuva_unmap(&op->unmap);
		va_put(s, va);
		return 0;
	default:
		return -EINVAL;
	}
}

static int random_step(struct drm_gpuva_op *op, void *priv)
{
	return do_step(priv, op);
}

static u32 below(struct random_state *s, u32 limit)
{
	return prandom_u32_state(&s->rnd) % limit;
}

static void choose(struct random_state *s)
{
	struct drm_gpuva_op_map *map = &s->req.map;
	u32 obj = below(s, OBJS + 1);

	s->map = below(s, 3);
	map->va.range = 1 + below(s, below(s, 64) ? SHORT_RANGE : LONG_RANGE);
	map->va.addr = below(s, PAGES - map->va.range + 1);
	map->gem.obj = obj < OBJS ? s->obj[obj] : NULL;
	/* Mostly so that neighbours of the same object continue each other. */
	map->gem.offset = below(s, 4) ? map->va.addr : below(s, 64);
}

/* How many operations a request takes: one for each mapping that it hits. */
static unsigned int model_steps(const struct random_state *s)
{
	u64 addr = s->req.map.va.addr, end = addr + s->req.map.va.range;
	unsigned int steps = s->map;
	u64 mapping = 0;

	for (; addr < end; addr++) {
		if (s->pages[addr].mapping && s->pages[addr].mapping != mapping)
			steps++;
		mapping = s->pages[addr].mapping;
	}

	return steps;
}

/* What is left behind the request is no longer the same mapping as before it. */
static void model_cut(struct random_state *s, u64 end)
{
	struct page_model *pages = s->pages;
	u64 mapping, addr;

	if (end == PAGES || !pages[end].mapping ||
	    pages[end].mapping != pages[end - 1].mapping)
		return;

	mapping = pages[end].mapping;
	s->mappings++;
	for (addr = end; addr < PAGES && pages[addr].mapping == mapping; addr++)
		pages[addr].mapping = s->mappings;
}

static void model_apply(struct random_state *s)
{
	const struct drm_gpuva_op_map *map = &s->req.map;
	u64 addr = map->va.addr, end = addr + map->va.range;

	model_cut(s, end);
	s->mappings++;
	for (; addr < end; addr++) {
		struct page_model *page = &s->pages[addr];

		memset(page, 0, sizeof(*page));
		if (!s->map)
			continue;
		page->mapping = s->mappings;
		page->obj = map->gem.obj;
		page->offset = map->gem.offset + (addr - map->va.addr);
	}
}

static void check_va(struct random_state *s, const struct drm_gpuva *va)
{
	const struct page_model *pages = s->pages;
	u64 first = va->va.addr, last = first + va->va.range - 1;

	if (!pages[first].mapping || pages[first].mapping != pages[last].mapping)
		fail(s, "a mapping that should not be, or is too long");
	else if (first && pages[first - 1].mapping == pages[first].mapping)
		fail(s, "a mapping that starts too late");
	else if (last + 1 < PAGES &&
		 pages[last + 1].mapping == pages[last].mapping)
		fail(s, "a mapping that ends too early");
	else if (pages[first].obj != va->gem.obj ||
		 pages[first].offset != va->gem.offset)
		fail(s, "a mapping of something else");
}

/*
 * The mappings of [start, end) against the array: each one that is there has to
 * be right, and pages between two have to be unmapped.
 */
static void check_range(struct random_state *s, u64 start, u64 end)
{
	struct drm_gpuva *va;
	u64 addr = start;

	drm_gpuvm_for_each_va_range(va, s->vm, start, end) {
		for (; addr < va->va.addr; addr++)
			if (s->pages[addr].mapping)
				fail(s, "a mapping that is missing");
		check_va(s, va);
		addr = va->va.addr + va->va.range;
	}
	for (; addr < end; addr++)
		if (s->pages[addr].mapping)
			fail(s, "a mapping that is missing");
}

static int run_list(struct random_state *s)
{
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op;
	int ret = 0;

	s->lists++;
	if (s->map)
		ops = drm_gpuvm_sm_map_ops_create(s->vm, &s->req);
	else
		ops = drm_gpuvm_sm_unmap_ops_create(s->vm,
						    s->req.map.va.addr,
						    s->req.map.va.range);
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	drm_gpuva_for_each_op(op, ops) {
		ret = do_step(s, op);
		if (ret)
			break;
	}
	drm_gpuva_ops_free(s->vm, ops);

	return ret;
}

static void run_one(struct random_state *s)
{
	const struct drm_gpuva_op_va *va = &s->req.map.va;
	unsigned int steps;
	int ret;

	choose(s);
	steps = model_steps(s);
	s->steps = 0;
	s->step_end = 0;

	if (!below(s, LIST_EVERY))
		ret = run_list(s);
	else if (s->map)
		ret = drm_gpuvm_sm_map(s->vm, s, &s->req);
	else
		ret = drm_gpuvm_sm_unmap(s->vm, s, va->addr, va->range);

	if (ret)
		fail(s, "an error");
	if (s->steps != steps)
		fail(s, "more or fewer operations than mappings hit");

	model_apply(s);
	check_range(s, max(va->addr, 1ull) - 1,
		    min_t(u64, va->addr + va->range + 1, PAGES));
}

static void state_init(struct kunit *test, struct random_state *s)
{
	static struct drm_gpuvm_ops callbacks;
	u64 seed = random_seed ?: get_random_u32();

	kunit_info(test, "random_seed=%llu random_count=%u", seed,
		   random_count);
	callbacks = gk_ops;
	callbacks.sm_step_map = random_step;
	callbacks.sm_step_remap = random_step;
	callbacks.sm_step_unmap = random_step;

	s->test = test;
	INIT_LIST_HEAD(&s->free);
	prandom_seed_state(&s->rnd, seed);
	s->vm = gk_vm_new_with(test, &callbacks, 0, PAGES);
	for (int i = 0; i < OBJS; i++)
		s->obj[i] = gk_bo_new(test, 'A' + i);
	s->pages = kunit_kcalloc(test, PAGES, sizeof(*s->pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->pages);
}

static void state_fini(struct kunit *test, struct random_state *s)
{
	struct gk_va *va, *next;

	gk_vm_close(test, s->vm);
	list_for_each_entry_safe(va, next, &s->free, pool)
		gk_va_free(&va->base);
	for (int i = 0; i < OBJS; i++)
		drm_gem_object_put(s->obj[i]);
}

static void split_merge_against_array(struct kunit *test)
{
	struct random_state *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, s);
	state_init(test, s);

	for (n = 1; n <= random_count && !s->error; n++) {
		run_one(s);
		if (n % CHECK_ALL == 0) {
			check_range(s, 0, PAGES);
			cond_resched();
		}
	}
	check_range(s, 0, PAGES);

	KUNIT_EXPECT_NULL_MSG(test, s->error,
			      "operation %u, %s [%llu, + %llu): %s", n - 1,
			      s->map ? "map" : "unmap", s->req.map.va.addr,
			      s->req.map.va.range, s->error);
	kunit_info(test, "%llu maps, %llu remaps, %llu unmaps, %llu keeps, %llu lists",
		   s->maps, s->remaps, s->unmaps, s->keeps, s->lists);
	/* It was about all of them. */
	if (random_count >= 10000) {
		KUNIT_EXPECT_GT(test, s->remaps, random_count / 10);
		KUNIT_EXPECT_GT(test, s->unmaps, random_count / 10);
		KUNIT_EXPECT_GT(test, s->keeps, random_count / 100);
	}

	state_fini(test, s);
}

static struct kunit_case gpuvm_random_cases[] = {
	KUNIT_CASE_SLOW(split_merge_against_array),
	{}
};

static struct kunit_suite gpuvm_random_suite = {
	.name = "gpuvm_random",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_random_cases,
};

kunit_test_suite(gpuvm_random_suite);
