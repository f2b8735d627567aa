// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Attributes of mappings: rows 50 to 56 of the table of semantics.
 *
 * As for split and merge, every case is run through the callbacks and through a
 * list of operations.
 */
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

/* Bits of the driver's flags. */
#define RED	DRM_GPUVA_USERBITS
#define BLUE	(DRM_GPUVA_USERBITS << 1)
#define HIGH	BIT(31)

/* A mapping or a request; no object, 0, ends a table or stands for an unmap. */
struct attrs_map {
	char obj;
	u64 addr;
	u64 range;
	u64 offset;
	u32 flags;
	struct drm_gpuva_attrs attrs;
};

struct attrs_case {
	/** @have: what is mapped before */
	struct attrs_map have[3];
	/** @req: what to map or, without an object, to unmap */
	struct attrs_map req;
	/** @ops: the operations, in their order */
	const char *ops;
	/** @then: what is mapped afterwards */
	const char *then;
};

/* Objects A and B, and a VM with what a case starts from. */
struct attrs_fixture {
	struct drm_gem_object *obj[2];
	struct drm_gpuvm *vm;
	struct gk_steps *steps;
};

static struct drm_gem_object *obj_of(struct attrs_fixture *f, char name)
{
	return name == '-' ? NULL : f->obj[name - 'A'];
}

static struct drm_gpuvm_map_req req_of(struct attrs_fixture *f,
				       const struct attrs_map *map)
{
	struct drm_gpuvm_map_req req = gk_req(obj_of(f, map->obj), map->addr,
					      map->range, map->offset);

	req.flags = map->flags;
	req.attrs = map->attrs;
	return req;
}

static void fixture_init(struct kunit *test, struct attrs_fixture *f)
{
	for (int i = 0; i < ARRAY_SIZE(f->obj); i++)
		f->obj[i] = gk_bo_new(test, 'A' + i);
	f->vm = gk_vm_new(test);
	f->steps = gk_steps_new(test, f->vm);
}

static void fixture_fini(struct kunit *test, struct attrs_fixture *f)
{
	gk_vm_close(test, f->vm);
	for (int i = 0; i < ARRAY_SIZE(f->obj); i++)
		drm_gem_object_put(f->obj[i]);
}

/* Map by a request, as a driver would: flags and attributes go with it. */
static void map(struct kunit *test, struct attrs_fixture *f,
		const struct attrs_map *map)
{
	struct drm_gpuvm_map_req req = req_of(f, map);
	bool quiet = f->steps->quiet;

	f->steps->quiet = true;
	KUNIT_ASSERT_EQ(test, drm_gpuvm_sm_map(f->vm, f->steps, &req), 0);
	f->steps->quiet = quiet;
}

static void fill(struct kunit *test, struct attrs_fixture *f,
		 const struct attrs_case *c)
{
	for (int i = 0; i < ARRAY_SIZE(c->have) && c->have[i].obj; i++)
		map(test, f, &c->have[i]);
}

static void run_callbacks(struct kunit *test, const struct attrs_case *c,
			  bool tree)
{
	struct drm_gpuvm_map_req req;
	struct attrs_fixture f;
	int ret;

	fixture_init(test, &f);
	if (tree)
		gk_vm_grow_tree(test, f.vm);
	fill(test, &f, c);

	if (c->req.obj) {
		req = req_of(&f, &c->req);
		ret = drm_gpuvm_sm_map(f.vm, f.steps, &req);
	} else {
		ret = drm_gpuvm_sm_unmap(f.vm, f.steps, c->req.addr,
					 c->req.range);
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_STREQ_MSG(test, f.steps->log, c->ops, "callbacks");
	KUNIT_EXPECT_STREQ_MSG(test, gk_vm_text(test, f.vm), c->then,
			       "callbacks");

	fixture_fini(test, &f);
}

static void run_list(struct kunit *test, const struct attrs_case *c)
{
	struct drm_gpuvm_map_req req;
	struct drm_gpuva_ops *ops;
	struct attrs_fixture f;
	struct drm_gpuva_op *op;

	fixture_init(test, &f);
	fill(test, &f, c);

	if (c->req.obj) {
		req = req_of(&f, &c->req);
		ops = drm_gpuvm_sm_map_ops_create(f.vm, &req);
	} else {
		ops = drm_gpuvm_sm_unmap_ops_create(f.vm, c->req.addr,
						    c->req.range);
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	KUNIT_EXPECT_STREQ_MSG(test, gk_ops_text(test, ops), c->ops, "list");

	drm_gpuva_for_each_op(op, ops)
		KUNIT_EXPECT_EQ(test, gk_steps_apply(f.steps, op), 0);
	KUNIT_EXPECT_STREQ_MSG(test, gk_vm_text(test, f.vm), c->then, "list");

	drm_gpuva_ops_free(f.vm, ops);
	fixture_fini(test, &f);
}

static void run_cases(struct kunit *test, const struct attrs_case *cases,
		      size_t num)
{
	for (size_t i = 0; i < num; i++) {
		kunit_info(test, "case %zu", i);
		run_callbacks(test, &cases[i], false);
		run_callbacks(test, &cases[i], true);
		run_list(test, &cases[i]);
	}
}

static void row50_pieces_inherit(struct kunit *test)
{
	static const struct attrs_case cases[] = {
		{
			/* the start goes */
			.have = { { 'A', 4, 4, 2, RED, { 7 } } },
			.req = { 0, 3, 3 },
			.ops = "remap A[4,8)@2#7!4{next A[6,8)@4}",
			.then = "A[6,8)@4#7!4",
		}, {
			/* the end goes */
			.have = { { 'A', 4, 4, 2, RED, { 7 } } },
			.req = { 0, 6, 3 },
			.ops = "remap A[4,8)@2#7!4{prev A[4,6)@2}",
			.then = "A[4,6)@2#7!4",
		}, {
			/* the centre goes */
			.have = { { 'A', 4, 4, 2, HIGH, { 7 } } },
			.req = { 0, 5, 2 },
			.ops = "remap A[4,8)@2#7!2147483648{prev A[4,5)@2, next A[7,8)@5}",
			.then = "A[4,5)@2#7!2147483648 A[7,8)@5#7!2147483648",
		}, {
			/* something else takes its place */
			.have = { { 'A', 4, 4, 2, RED, { 7 } } },
			.req = { 'B', 5, 2, 0, BLUE, { 8 } },
			.ops = "remap A[4,8)@2#7!4{prev A[4,5)@2, next A[7,8)@5}; map B[5,7)@0#8!8",
			.then = "A[4,5)@2#7!4 B[5,7)@0#8!8 A[7,8)@5#7!4",
		}, {
			/* two neighbours with attributes of their own */
			.have = {
				{ 'A', 4, 2, 0, RED, { 1 } },
				{ 'A', 6, 2, 2, BLUE, { 2 } },
			},
			.req = { 0, 5, 2 },
			.ops = "remap A[4,6)@0#1!4{prev A[4,5)@0}; "
			       "remap A[6,8)@2#2!8{next A[7,8)@3}",
			.then = "A[4,5)@0#1!4 A[7,8)@3#2!8",
		}, {
			/* sparse, without an object */
			.have = { { '-', 4, 4, 0, DRM_GPUVA_SPARSE, { 9 } } },
			.req = { 0, 5, 1 },
			.ops = "remap -[4,8)@0#9!2{prev -[4,5)@0, next -[6,8)@2}",
			.then = "-[4,5)@0#9!2 -[6,8)@2#9!2",
		}, {
			/* what goes as a whole leaves nothing */
			.have = { { 'A', 4, 4, 2, RED, { 7 } } },
			.req = { 'A', 4, 4, 2 },
			.ops = "unmap A[4,8)@2#7!4; map A[4,8)@2",
			.then = "A[4,8)@2",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row51_repeat_cut(struct kunit *test)
{
	static const struct attrs_case cases[] = {
		{
			/* in the first piece, in the middle of one, at a seam */
			.have = { { 'A', 10, 20, 2, 0, { 0, 3, 0 } } },
			.req = { 0, 11, 1 },
			.ops = "remap A[10,30)@2%3+0{prev A[10,11)@2, next A[12,30)@2}",
			.then = "A[10,11)@2%3+0 A[12,30)@2%3+2",
		}, {
			.have = { { 'A', 10, 20, 2, 0, { 0, 3, 1 } } },
			.req = { 0, 15, 5 },
			.ops = "remap A[10,30)@2%3+1{prev A[10,15)@2, next A[20,30)@2}",
			.then = "A[10,15)@2%3+1 A[20,30)@2%3+2",
		}, {
			.have = { { 'A', 10, 20, 2, 0, { 0, 3, 2 } } },
			.req = { 0, 5, 6 },
			.ops = "remap A[10,30)@2%3+2{next A[11,30)@2}",
			.then = "A[11,30)@2%3+0",
		}, {
			/* over the end: nothing moves */
			.have = { { 'A', 10, 20, 2, RED, { 7, 3, 2 } } },
			.req = { 0, 29, 6 },
			.ops = "remap A[10,30)@2%3+2#7!4{prev A[10,29)@2}",
			.then = "A[10,29)@2%3+2#7!4",
		}, {
			/* one page over and over has no phase to move */
			.have = { { 'A', 10, 20, 5, 0, { 0, 1, 0 } } },
			.req = { 'B', 15, 1, 0 },
			.ops = "remap A[10,30)@5%1+0{prev A[10,15)@5, next A[16,30)@5}; "
			       "map B[15,16)@0",
			.then = "A[10,15)@5%1+0 B[15,16)@0 A[16,30)@5%1+0",
		}, {
			/* a piece longer than its mapping, and the largest */
			.have = { { 'A', 10, 20, 5, 0, { 0, 100, 90 } } },
			.req = { 0, 10, 15 },
			.ops = "remap A[10,30)@5%100+90{next A[25,30)@5}",
			.then = "A[25,30)@5%100+5",
		}, {
			.have = {
				{
					'A', 10, 20, 5, 0,
					{ 0, U32_MAX, U32_MAX - 1 },
				},
			},
			.req = { 0, 10, 15 },
			.ops = "remap A[10,30)@5%4294967295+4294967294{next A[25,30)@5}",
			.then = "A[25,30)@5%4294967295+14",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row52_keep_compares(struct kunit *test)
{
	static const struct attrs_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2, RED, { 7 } } },
			.req = { 'A', 4, 2, 2, RED, { 7 } },
			.ops = "unmap A[4,6)@2#7!4 keep; map A[4,6)@2#7!4",
			.then = "A[4,6)@2#7!4",
		}, {
			/* another flag, one more, none */
			.have = { { 'A', 4, 2, 2, RED } },
			.req = { 'A', 4, 2, 2, BLUE },
			.ops = "unmap A[4,6)@2!4; map A[4,6)@2!8",
			.then = "A[4,6)@2!8",
		}, {
			.have = { { 'A', 4, 2, 2, RED } },
			.req = { 'A', 4, 2, 2, RED | HIGH },
			.ops = "unmap A[4,6)@2!4; map A[4,6)@2!2147483652",
			.then = "A[4,6)@2!2147483652",
		}, {
			.have = { { 'A', 4, 2, 2, RED } },
			.req = { 'A', 4, 2, 2 },
			.ops = "unmap A[4,6)@2!4; map A[4,6)@2",
			.then = "A[4,6)@2",
		}, {
			/* another cookie, none */
			.have = { { 'A', 4, 2, 2, 0, { 7 } } },
			.req = { 'A', 4, 2, 2, 0, { 7 | BIT_ULL(40) } },
			.ops = "unmap A[4,6)@2#7; map A[4,6)@2#1099511627783",
			.then = "A[4,6)@2#1099511627783",
		}, {
			.have = { { 'A', 4, 2, 2, 0, { 7 } } },
			.req = { 'A', 4, 2, 2 },
			.ops = "unmap A[4,6)@2#7; map A[4,6)@2",
			.then = "A[4,6)@2",
		}, {
			/* the first that the VM hears of */
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 2, 2, 0, { 7 } },
			.ops = "unmap A[4,6)@2; map A[4,6)@2#7",
			.then = "A[4,6)@2#7",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 2, 2, RED },
			.ops = "unmap A[4,6)@2; map A[4,6)@2!4",
			.then = "A[4,6)@2!4",
		}, {
			/* a cut, too, keeps only what is the same */
			.have = { { 'A', 4, 4, 2, RED } },
			.req = { 'A', 5, 1, 3, RED },
			.ops = "remap A[4,8)@2!4{prev A[4,5)@2, next A[6,8)@4} keep; "
			       "map A[5,6)@3!4",
			.then = "A[4,5)@2!4 A[5,6)@3!4 A[6,8)@4!4",
		}, {
			.have = { { 'A', 4, 4, 2, RED } },
			.req = { 'A', 5, 1, 3 },
			.ops = "remap A[4,8)@2!4{prev A[4,5)@2, next A[6,8)@4}; map A[5,6)@3",
			.then = "A[4,5)@2!4 A[5,6)@3 A[6,8)@4!4",
		}, {
			/* sparse is what the core sees by the object */
			.have = { { 'A', 4, 2, 2, DRM_GPUVA_SPARSE } },
			.req = { 'A', 4, 2, 2 },
			.ops = "unmap A[4,6)@2!2 keep; map A[4,6)@2",
			.then = "A[4,6)@2",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row52_keep_repeat(struct kunit *test)
{
	static const struct attrs_case cases[] = {
		{
			.have = { { 'A', 4, 8, 2, 0, { 0, 3, 1 } } },
			.req = { 'A', 4, 8, 2, 0, { 0, 3, 1 } },
			.ops = "unmap A[4,12)@2%3+1 keep; map A[4,12)@2%3+1",
			.then = "A[4,12)@2%3+1",
		}, {
			/* another phase, another piece, another length of it */
			.have = { { 'A', 4, 8, 2, 0, { 0, 3, 1 } } },
			.req = { 'A', 4, 8, 2, 0, { 0, 3, 2 } },
			.ops = "unmap A[4,12)@2%3+1; map A[4,12)@2%3+2",
			.then = "A[4,12)@2%3+2",
		}, {
			.have = { { 'A', 4, 8, 2, 0, { 0, 3, 1 } } },
			.req = { 'A', 4, 8, 3, 0, { 0, 3, 1 } },
			.ops = "unmap A[4,12)@2%3+1; map A[4,12)@3%3+1",
			.then = "A[4,12)@3%3+1",
		}, {
			.have = { { 'A', 4, 2, 2, 0, { 0, 3, 0 } } },
			.req = { 'A', 4, 2, 2, 0, { 0, 4, 0 } },
			.ops = "unmap A[4,6)@2%3+0; map A[4,6)@2%4+0",
			.then = "A[4,6)@2%4+0",
		}, {
			/* no repeat, though each address shows the same */
			.have = { { 'A', 4, 2, 2, 0, { 0, 3, 0 } } },
			.req = { 'A', 4, 2, 2 },
			.ops = "unmap A[4,6)@2%3+0; map A[4,6)@2",
			.then = "A[4,6)@2",
		}, {
			/* the first that the VM hears of */
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 2, 2, 0, { 0, 3, 0 } },
			.ops = "unmap A[4,6)@2; map A[4,6)@2%3+0",
			.then = "A[4,6)@2%3+0",
		}, {
			/* a superset and a part whose phases fit, and do not */
			.have = { { 'A', 4, 2, 2, 0, { 0, 3, 1 } } },
			.req = { 'A', 2, 8, 2, 0, { 0, 3, 2 } },
			.ops = "unmap A[4,6)@2%3+1 keep; map A[2,10)@2%3+2",
			.then = "A[2,10)@2%3+2",
		}, {
			.have = { { 'A', 4, 8, 2, 0, { 0, 3, 1 } } },
			.req = { 'A', 6, 2, 2, 0, { 0, 3, 0 } },
			.ops = "remap A[4,12)@2%3+1{prev A[4,6)@2, next A[8,12)@2} keep; "
			       "map A[6,8)@2%3+0",
			.then = "A[4,6)@2%3+1 A[6,8)@2%3+0 A[8,12)@2%3+2",
		}, {
			.have = { { 'A', 4, 8, 2, 0, { 0, 3, 1 } } },
			.req = { 'A', 6, 2, 2, 0, { 0, 3, 1 } },
			.ops = "remap A[4,12)@2%3+1{prev A[4,6)@2, next A[8,12)@2}; "
			       "map A[6,8)@2%3+1",
			.then = "A[4,6)@2%3+1 A[6,8)@2%3+1 A[8,12)@2%3+2",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

/* What an identical map says of a mapping whose flags the driver set. */
static const char *map_again(struct kunit *test, struct attrs_fixture *f)
{
	struct attrs_map plain = { 'A', 4, 2, 2 };
	struct drm_gpuvm_map_req req = req_of(f, &plain);

	f->steps->len = 0;
	f->steps->log[0] = '\0';
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(f->vm, f->steps, &req), 0);

	return f->steps->log;
}

/*
 * Drivers of the kernel's interface set flags behind the core's back, and their
 * requests say nothing.
 */
static void row53_unnamed_flags(struct kunit *test)
{
	static const struct attrs_map refused = {
		'B', 40, 1, 0, RED, { 0, 2, 2 },
	};
	static const struct attrs_map named = { 'B', 40, 1, 0, RED };
	struct drm_gpuvm_map_req req;
	struct attrs_fixture f;
	struct drm_gpuva *va;

	fixture_init(test, &f);
	va = gk_va_insert(test, f.vm, f.obj[0], 4, 2, 2);
	va->flags = RED | DRM_GPUVA_INVALIDATED;
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2!5 keep; map A[4,6)@2");

	/* A request that is refused changes nothing of that. */
	drm_gpuva_find(f.vm, 4, 2)->flags = RED;
	req = req_of(&f, &refused);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(f.vm, f.steps, &req), -EINVAL);
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2!4 keep; map A[4,6)@2");

	/* From here on a request without flags asks for none. */
	map(test, &f, &named);
	drm_gpuva_find(f.vm, 4, 2)->flags = RED;
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2!4; map A[4,6)@2");
	/* But invalidation is a state of the mapping, no wish. */
	drm_gpuva_invalidate(drm_gpuva_find(f.vm, 4, 2), true);
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2!1 keep; map A[4,6)@2");

	fixture_fini(test, &f);
}

/* Their attributes are compared all the same: the request is for none. */
static void row52_keep_of_drivers_attrs(struct kunit *test)
{
	struct attrs_fixture f;
	struct drm_gpuva *va;

	fixture_init(test, &f);
	va = gk_va_insert(test, f.vm, f.obj[0], 4, 2, 2);
	va->attrs.cookie = 7;
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2#7; map A[4,6)@2");
	drm_gpuva_find(f.vm, 4, 2)->attrs.repeat = 3;
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2%3+0; map A[4,6)@2");
	KUNIT_EXPECT_STREQ(test, map_again(test, &f),
			   "unmap A[4,6)@2 keep; map A[4,6)@2");

	fixture_fini(test, &f);
}

static void expect_refused(struct kunit *test, struct attrs_fixture *f,
			   struct drm_gpuvm_map_req *req, int i)
{
	struct drm_gpuva_ops *ops;
	struct drm_exec exec;

	KUNIT_EXPECT_EQ_MSG(test, drm_gpuvm_sm_map(f->vm, f->steps, req),
			    -EINVAL, "request %d", i);
	ops = drm_gpuvm_sm_map_ops_create(f->vm, req);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(ops), -EINVAL,
			    "request %d", i);
	ops = drm_gpuvm_madvise_ops_create(f->vm, req);
	KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(ops), -EINVAL,
			    "request %d", i);

	drm_exec_init(&exec, 0, 0);
	drm_exec_until_all_locked(&exec)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    drm_gpuvm_sm_map_exec_lock(f->vm, &exec, 1,
							       req),
				    "request %d", i);
	KUNIT_EXPECT_EQ(test, exec.num_objects, 0);
	drm_exec_fini(&exec);
}

/* All that is wrong with a request, one by one. */
static void expect_each_refused(struct kunit *test, struct attrs_fixture *f,
				const struct drm_gpuvm_map_req *good)
{
	const char *before = gk_vm_text(test, f->vm);

	for (int i = 0; i < 8; i++) {
		struct drm_gpuvm_map_req req = *good;

		switch (i) {
		case 0:
			req.attrs.repeat_phase = 3;
			break;
		case 1:
			req.attrs.repeat_phase = U32_MAX;
			break;
		case 2:
			/* a phase of nothing */
			req.attrs.repeat = 0;
			req.attrs.repeat_phase = 1;
			break;
		case 3:
			req.map.gem.obj = NULL;
			req.attrs.repeat = 3;
			break;
		case 4:
			req.flags |= DRM_GPUVA_INVALIDATED;
			break;
		case 5:
			req.__pad = 1;
			break;
		case 6:
			req.__reserved = BIT_ULL(63);
			break;
		case 7:
			req.map.va.range = 0;
			break;
		}
		expect_refused(test, f, &req, i);
	}
	KUNIT_EXPECT_EQ(test, f->steps->len, 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f->vm), before);

	/* It was each time about the one thing that was wrong. */
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(f->vm, f->steps, good), 0);
}

static void row54_refused(struct kunit *test)
{
	static const struct attrs_map have = { 'A', 4, 4, 2, RED, { 7, 3, 1 } };
	struct drm_gpuvm_map_req good;
	struct attrs_fixture f;

	fixture_init(test, &f);
	map(test, &f, &have);
	good = req_of(&f, &have);
	good.map.va.addr++;
	expect_each_refused(test, &f, &good);

	fixture_fini(test, &f);
}

/* Of a request for exactly what is mapped less is looked at. */
static void row54_refused_in_place(struct kunit *test)
{
	static const struct attrs_map have = { 'A', 4, 4, 2 };
	struct drm_gpuvm_map_req good;
	struct attrs_fixture f;

	fixture_init(test, &f);
	gk_vm_grow_tree(test, f.vm);
	map(test, &f, &have);
	good = req_of(&f, &have);
	expect_each_refused(test, &f, &good);
	KUNIT_EXPECT_STREQ(test, f.steps->log,
			   "unmap A[4,8)@2 keep; map A[4,8)@2");

	fixture_fini(test, &f);
}

/* The pieces of a madvise have the request's flags and attributes. */
static void row55_madvise(struct kunit *test)
{
	static const struct attrs_map low = {
		'-', 4, 4, 0, DRM_GPUVA_SPARSE | RED, { 7 },
	};
	static const struct attrs_map high = {
		'-', 12, 4, 0, DRM_GPUVA_SPARSE | RED, { 7 },
	};
	static const struct attrs_map wanted = {
		'B', 6, 8, 3, BLUE, { 9, 5, 4 },
	};
	const char *then =
		"-[4,6)@0#7!6 B[6,8)@3%5+4#9!8 B[12,14)@3%5+0#9!8 -[14,16)@2#7!6";
	struct drm_gpuvm_map_req req;
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op;
	struct attrs_fixture f;

	fixture_init(test, &f);
	map(test, &f, &low);
	map(test, &f, &high);
	req = req_of(&f, &wanted);

	ops = drm_gpuvm_madvise_ops_create(f.vm, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	KUNIT_EXPECT_STREQ(test, gk_ops_text(test, ops),
			   "remap -[4,8)@0#7!6{prev -[4,6)@0}; map B[6,8)@3%5+4#9!8; "
			   "remap -[12,16)@0#7!6{next -[14,16)@2}; map B[12,14)@3%5+0#9!8");
	drm_gpuva_for_each_op(op, ops)
		KUNIT_EXPECT_EQ(test, gk_steps_apply(f.steps, op), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.vm), then);

	drm_gpuva_ops_free(f.vm, ops);
	fixture_fini(test, &f);
}

/* drm_gpuva_map_op() sets both, on success alone, and takes a MAP alone. */
static void row55_map_op(struct kunit *test)
{
	struct drm_gpuva_op op = {
		.op = DRM_GPUVA_OP_MAP,
		.flags = BLUE,
		.map.va = { 4, 2 },
		.attrs = { .cookie = 9 },
	};
	struct drm_gpuva *va, *taken;
	struct attrs_fixture f;

	fixture_init(test, &f);
	taken = gk_va_insert(test, f.vm, f.obj[0], 5, 1, 0);
	va = gk_va_new(test, NULL, 0, 0, 0);
	va->flags = RED;
	va->attrs.cookie = 1;

	KUNIT_EXPECT_EQ(test, drm_gpuva_map_op(f.vm, va, &op), -EEXIST);
	KUNIT_EXPECT_EQ(test, drm_gpuva_map_op(f.vm, taken, &op), -EEXIST);
	op.op = DRM_GPUVA_OP_PREFETCH;
	op.map.va.addr = 8;
	KUNIT_EXPECT_EQ(test, drm_gpuva_map_op(f.vm, va, &op), -EINVAL);
	KUNIT_EXPECT_EQ(test, va->flags, RED);
	KUNIT_EXPECT_EQ(test, va->attrs.cookie, 1);
	KUNIT_EXPECT_EQ(test, taken->attrs.cookie, 0);

	op.op = DRM_GPUVA_OP_MAP;
	KUNIT_EXPECT_EQ(test, drm_gpuva_map_op(f.vm, va, &op), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.vm),
			   "A[5,6)@0 -[8,10)@0#9!8");

	fixture_fini(test, &f);
}

/* Parts that cannot be inserted stay what they were. */
static void row55_remap_fails(struct kunit *test)
{
	static const struct attrs_map have = { 'A', 4, 4, 2, RED, { 7, 3, 1 } };
	struct drm_gpuva_op_map prev = { .va = { 4, 1 } };
	struct drm_gpuva_op_map next = { .va = { 4, 2 } };
	struct drm_gpuva_op_unmap unmap = {};
	struct drm_gpuva_op_remap op = {
		.prev = &prev, .next = &next, .unmap = &unmap,
	};
	struct drm_gpuva *head, *tail;
	struct attrs_fixture f;

	fixture_init(test, &f);
	map(test, &f, &have);
	unmap.va = drm_gpuva_find(f.vm, 4, 4);
	head = gk_va_new(test, NULL, 0, 0, 0);
	tail = gk_va_new(test, NULL, 0, 0, 0);
	tail->attrs.cookie = 1;

	/* The next overlaps the prev, which is inserted by then. */
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(head, tail, &op), -EEXIST);
	KUNIT_EXPECT_EQ(test, tail->attrs.cookie, 1);
	KUNIT_EXPECT_EQ(test, tail->flags, 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.vm), "A[4,8)@2%3+1#7!4");

	gk_va_free(tail);
	gk_va_free(head);
	fixture_fini(test, &f);
}

static void row56_gem_offset(struct kunit *test)
{
	static const struct {
		u64 start, offset, addr, result;
		u32 repeat, phase;
	} table[] = {
		/* plain */
		{ 4, 2, 4, 2 },
		{ 4, 2, 7, 5 },
		{ 0, 0, U64_MAX - 1, U64_MAX - 1 },
		/* around the seam of the piece */
		{ 4, 2, 4, 2, 3, 0 },
		{ 4, 2, 6, 4, 3, 0 },
		{ 4, 2, 7, 2, 3, 0 },
		{ 4, 2, 4, 4, 3, 2 },
		{ 4, 2, 5, 2, 3, 2 },
		{ 4, 2, 4 + 3000000001ull, 4, 3, 1 },
		/* where a sum of both would not fit into its type */
		{ 0, 0, U32_MAX, U32_MAX - 1, U32_MAX, U32_MAX - 1 },
		{ 0, 9, U64_MAX - 1, 9 + 8, 10, 4 },
		{ 0, 0, U64_MAX - 1, U32_MAX - 2, U32_MAX, U32_MAX - 1 },
	};

	for (int i = 0; i < ARRAY_SIZE(table); i++) {
		struct drm_gpuva_attrs at;
		struct drm_gpuva va = {
			.va.addr = table[i].start,
			.va.range = U64_MAX - table[i].start,
			.gem.offset = table[i].offset,
			.attrs.cookie = i,
			.attrs.repeat = table[i].repeat,
			.attrs.repeat_phase = table[i].phase,
		};

		KUNIT_EXPECT_EQ_MSG(test, table[i].result,
				    drm_gpuva_gem_offset(&va, table[i].addr),
				    "entry %d", i);

		/* A piece that starts there shows the same. */
		drm_gpuva_attrs_at(&va, table[i].addr, &at);
		KUNIT_EXPECT_EQ(test, at.cookie, i);
		KUNIT_EXPECT_EQ(test, at.repeat, table[i].repeat);
		if (!table[i].repeat)
			KUNIT_EXPECT_EQ(test, at.repeat_phase, 0);
		else
			KUNIT_EXPECT_EQ_MSG(test, at.repeat_phase,
					    table[i].result - table[i].offset,
					    "entry %d", i);
	}
}

static struct kunit_case gpuvm_attrs_cases[] = {
	KUNIT_CASE(row50_pieces_inherit),
	KUNIT_CASE(row51_repeat_cut),
	KUNIT_CASE(row52_keep_compares),
	KUNIT_CASE(row52_keep_repeat),
	KUNIT_CASE(row52_keep_of_drivers_attrs),
	KUNIT_CASE(row53_unnamed_flags),
	KUNIT_CASE(row54_refused),
	KUNIT_CASE(row54_refused_in_place),
	KUNIT_CASE(row55_madvise),
	KUNIT_CASE(row55_map_op),
	KUNIT_CASE(row55_remap_fails),
	KUNIT_CASE(row56_gem_offset),
	{}
};

static struct kunit_suite gpuvm_attrs_suite = {
	.name = "gpuvm_attrs",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_attrs_cases,
};

kunit_test_suite(gpuvm_attrs_suite);
