// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Attributes and repeats against a plain array of pages.
 *
 * The array knows of each page what it shows and what was asked for there, by
 * counting one page after the other. Random requests are carried out on a VM and
 * on the array, and what they touched is compared page by page.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

#define PAGES		512u
#define LONGEST		48
#define CHECK_ALL	500
/* One request in so many goes by a list of operations. */
#define LIST_EVERY	8

static unsigned long attrs_seed;
module_param(attrs_seed, ulong, 0444);
MODULE_PARM_DESC(attrs_seed, "seed of gpuvm_attrs_random; 0 for a new one each time");

static unsigned int attrs_count = IS_ENABLED(CONFIG_KASAN) ? 20000 : 40000;
module_param(attrs_count, uint, 0444);
MODULE_PARM_DESC(attrs_count, "number of operations of gpuvm_attrs_random");

/* What the array knows of a page. */
struct attrs_page {
	/** @mapped: 1 if anything is mapped there; no padding, for memcmp() */
	u64 mapped;
	/** @obj: whose page it shows, or NULL */
	struct drm_gem_object *obj;
	/** @shows: which */
	u64 shows;
	/** @base: where the piece that repeats starts, if it does */
	u64 base;
	/** @repeat: its length, or 0 */
	u32 repeat;
	/** @flags: flags of the mapping */
	u32 flags;
	/** @cookie: cookie of the mapping */
	u64 cookie;
};

struct attrs_state {
	struct rnd_state rnd;
	struct drm_gpuvm *vm;
	struct drm_gem_object *obj[2];
	struct attrs_page *pages;
	/* the request, and what each page of it is to show */
	bool map;
	struct drm_gpuvm_map_req req;
	struct attrs_page *wanted;
	/* counts of each kind, so that none goes untested unseen */
	u64 repeats, cuts, keeps, lists;
	const char *error;
};

static void fail(struct attrs_state *s, const char *error)
{
	if (!s->error)
		s->error = error;
}

static u32 below(struct attrs_state *s, u32 limit)
{
	return prandom_u32_state(&s->rnd) % limit;
}

static void choose(struct attrs_state *s)
{
	struct drm_gpuvm_map_req *req = &s->req;
	struct drm_gpuva_op_map *map = &req->map;

	memset(req, 0, sizeof(*req));
	s->map = below(s, 4);
	map->va.range = 1 + below(s, LONGEST);
	map->va.addr = below(s, PAGES - map->va.range + 1);
	map->gem.obj = below(s, 8) ? s->obj[below(s, 2)] : NULL;
	/* Mostly so that what is mapped again may be the same. */
	map->gem.offset = below(s, 4) ? map->va.addr : below(s, 4);
	req->flags = below(s, 4) ? 0 : DRM_GPUVA_USERBITS << below(s, 2);
	req->attrs.cookie = below(s, 4) ? 0 : 1 + below(s, 2);
	if (!map->gem.obj || below(s, 2))
		return;

	s->repeats += s->map;
	map->gem.offset = below(s, 2);
	req->attrs.repeat = 1 + below(s, 7);
	req->attrs.repeat_phase = map->va.addr % req->attrs.repeat;
	if (!below(s, 4))
		req->attrs.repeat_phase = below(s, req->attrs.repeat);
}

/* Counts along the range: no division, unlike the core. */
static void write_wanted(struct attrs_state *s)
{
	const struct drm_gpuvm_map_req *req = &s->req;
	u64 place = req->attrs.repeat_phase;

	for (u64 i = 0; i < req->map.va.range; i++) {
		s->wanted[i] = (struct attrs_page) {
			.mapped = 1,
			.obj = req->map.gem.obj,
			.shows = req->map.gem.offset + place,
			.base = req->attrs.repeat ? req->map.gem.offset : 0,
			.repeat = req->attrs.repeat,
			.flags = req->flags,
			.cookie = req->attrs.cookie,
		};
		if (++place == req->attrs.repeat)
			place = 0;
	}
}

/* Nothing but what is mapped in the request decides about keep. */
static bool keeps(const struct attrs_state *s, const struct drm_gpuva *va)
{
	const u64 addr = s->req.map.va.addr;
	u64 from = max(va->va.addr, addr);
	u64 end = min(va->va.addr + va->va.range, addr + s->req.map.va.range);

	if (!s->map || !va->gem.obj)
		return false;

	for (; from < end; from++)
		if (memcmp(&s->pages[from], &s->wanted[from - addr],
			   sizeof(*s->pages)))
			return false;

	return true;
}

static struct drm_gpuva *va_alloc(void)
{
	struct gk_va *va = kzalloc(sizeof(*va), GFP_KERNEL);

	if (!va)
		return NULL;
	atomic_inc(&gk_counts.vas);
	return &va->base;
}

static int do_map(struct attrs_state *s, const struct drm_gpuva_op *op)
{
	struct drm_gpuva *va = va_alloc();

	return va ? drm_gpuva_map_op(s->vm, va, op) : -ENOMEM;
}

static int do_remap(struct attrs_state *s, const struct drm_gpuva_op_remap *op)
{
	struct drm_gpuva *prev = op->prev ? va_alloc() : NULL;
	struct drm_gpuva *next = op->next ? va_alloc() : NULL;
	struct drm_gpuva *va = op->unmap->va;
	int ret;

	s->cuts += !!va->attrs.repeat;
	if (op->unmap->keep != keeps(s, va))
		fail(s, "keep of a remap is wrong");
	s->keeps += op->unmap->keep;
	ret = drm_gpuva_remap(prev, next, op);
	gk_va_free(va);
	return ret;
}

static int do_step(struct drm_gpuva_op *op, void *priv)
{
	struct attrs_state *s = priv;
	struct drm_gpuva *va;

	switch (op->op) {
	case DRM_GPUVA_OP_MAP:
		return do_map(s, op);
	case DRM_GPUVA_OP_REMAP:
		return do_remap(s, &op->remap);
	case DRM_GPUVA_OP_UNMAP:
		va = op->unmap.va;
		if (op->unmap.keep != keeps(s, va))
			fail(s, "keep of an unmap is wrong");
		s->keeps += op->unmap.keep;
		drm_gpuva_unmap(&op->unmap);
		gk_va_free(va);
		return 0;
	default:
		return -EINVAL;
	}
}

static int run_list(struct attrs_state *s)
{
	const struct drm_gpuva_op_va *va = &s->req.map.va;
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op;
	int ret = 0;

	s->lists++;
	ops = s->map ? drm_gpuvm_sm_map_ops_create(s->vm, &s->req) :
		       drm_gpuvm_sm_unmap_ops_create(s->vm, va->addr,
						     va->range);
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	drm_gpuva_for_each_op(op, ops) {
		ret = do_step(op, s);
		if (ret)
			break;
	}
	drm_gpuva_ops_free(s->vm, ops);

	return ret;
}

static void check_page(struct attrs_state *s, u64 addr)
{
	const struct attrs_page *page = &s->pages[addr];
	struct drm_gpuva *va = drm_gpuva_find_first(s->vm, addr, 1);

	if (!va || !page->mapped) {
		if (!!va != page->mapped)
			fail(s, "mapped and should not be, or the reverse");
		return;
	}

	if (va->gem.obj != page->obj ||
	    drm_gpuva_gem_offset(va, addr) != page->shows)
		fail(s, "shows something else");
	if (va->flags != page->flags || va->attrs.cookie != page->cookie)
		fail(s, "other flags or another cookie");
	if (va->attrs.repeat != page->repeat ||
	    (page->repeat && (va->gem.offset != page->base ||
			      va->attrs.repeat_phase >= page->repeat)))
		fail(s, "repeats something else");
}

static void check_range(struct attrs_state *s, u64 start, u64 end)
{
	for (; start < end; start++)
		check_page(s, start);
}

static void run_one(struct attrs_state *s)
{
	const struct drm_gpuva_op_va *va = &s->req.map.va;
	int ret;

	choose(s);
	write_wanted(s);
	if (!below(s, LIST_EVERY))
		ret = run_list(s);
	else if (s->map)
		ret = drm_gpuvm_sm_map(s->vm, s, &s->req);
	else
		ret = drm_gpuvm_sm_unmap(s->vm, s, va->addr, va->range);
	if (ret)
		fail(s, "an error");

	if (s->map)
		memcpy(&s->pages[va->addr], s->wanted,
		       va->range * sizeof(*s->wanted));
	else
		memset(&s->pages[va->addr], 0, va->range * sizeof(*s->pages));
	/* What is left of a long mapping reaches as far. */
	check_range(s, max_t(u64, va->addr, LONGEST) - LONGEST,
		    min_t(u64, va->addr + va->range + LONGEST, PAGES));
}

static void state_init(struct kunit *test, struct attrs_state *s)
{
	static struct drm_gpuvm_ops callbacks;
	u64 seed = attrs_seed ?: get_random_u32();

	kunit_info(test, "attrs_seed=%llu attrs_count=%u", seed, attrs_count);
	prandom_seed_state(&s->rnd, seed);
	callbacks = gk_ops;
	callbacks.sm_step_map = do_step;
	callbacks.sm_step_remap = do_step;
	callbacks.sm_step_unmap = do_step;

	s->vm = gk_vm_new_with(test, &callbacks, 0, PAGES);
	for (int i = 0; i < ARRAY_SIZE(s->obj); i++)
		s->obj[i] = gk_bo_new(test, 'A' + i);
	s->pages = kunit_kcalloc(test, PAGES, sizeof(*s->pages), GFP_KERNEL);
	s->wanted = kunit_kcalloc(test, LONGEST, sizeof(*s->wanted),
				  GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->pages);
	KUNIT_ASSERT_NOT_NULL(test, s->wanted);
}

static void attributes_against_array(struct kunit *test)
{
	struct attrs_state *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, s);
	state_init(test, s);

	for (n = 1; n <= attrs_count && !s->error; n++) {
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
	kunit_info(test, "%llu repeats, %llu cut, %llu keeps, %llu lists",
		   s->repeats, s->cuts, s->keeps, s->lists);
	/* It was about all of them. */
	if (attrs_count >= 10000) {
		KUNIT_EXPECT_GT(test, s->repeats, attrs_count / 10);
		KUNIT_EXPECT_GT(test, s->cuts, attrs_count / 10);
		KUNIT_EXPECT_GT(test, s->keeps, attrs_count / 100);
	}

	gk_vm_close(test, s->vm);
	for (int i = 0; i < ARRAY_SIZE(s->obj); i++)
		drm_gem_object_put(s->obj[i]);
}

static struct kunit_case gpuvm_attrs_random_cases[] = {
	KUNIT_CASE_SLOW(attributes_against_array),
	{}
};

static struct kunit_suite gpuvm_attrs_random_suite = {
	.name = "gpuvm_attrs_random",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_attrs_random_cases,
};

kunit_test_suite(gpuvm_attrs_random_suite);
