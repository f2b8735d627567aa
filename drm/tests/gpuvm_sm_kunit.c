// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Split and merge: rows 1 to 19 of the table of semantics.
 *
 * Every case is run through the callbacks and through a list of operations, and
 * has to give the same operations in both, to the last offset and keep, and the
 * same mappings afterwards.
 */
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

/* An object by its name; 0 ends a table, '-' is none, that is sparse. */
struct sm_map {
	char obj;
	u64 addr;
	u64 range;
	u64 offset;
};

struct sm_case {
	/** @have: what is mapped before */
	struct sm_map have[4];
	/** @req: what to map, or to unmap if it names no object */
	struct sm_map req;
	/** @ops: the operations, in their order */
	const char *ops;
	/** @then: what is mapped afterwards */
	const char *then;
};

/* Objects A, B and C, of which a case uses what it names. */
struct sm_objs {
	struct drm_gem_object *obj[3];
};

static void objs_init(struct kunit *test, struct sm_objs *objs)
{
	for (int i = 0; i < ARRAY_SIZE(objs->obj); i++)
		objs->obj[i] = gk_bo_new(test, 'A' + i);
}

static void objs_put(struct sm_objs *objs)
{
	for (int i = 0; i < ARRAY_SIZE(objs->obj); i++)
		drm_gem_object_put(objs->obj[i]);
}

static struct drm_gem_object *obj_of(struct sm_objs *objs, char name)
{
	return name == '-' ? NULL : objs->obj[name - 'A'];
}

static struct drm_gpuvm_map_req req_of(struct sm_objs *objs,
				       const struct sm_map *map)
{
	return gk_req(obj_of(objs, map->obj), map->addr, map->range,
		      map->offset);
}

static void vm_fill(struct kunit *test, struct drm_gpuvm *vm,
		    struct sm_objs *objs, const struct sm_case *c)
{
	for (int i = 0; i < ARRAY_SIZE(c->have) && c->have[i].obj; i++)
		gk_va_insert(test, vm, obj_of(objs, c->have[i].obj),
			     c->have[i].addr, c->have[i].range,
			     c->have[i].offset);
}

static int request(struct drm_gpuvm *vm, struct sm_objs *objs,
		   const struct sm_map *map, struct gk_steps *steps)
{
	struct drm_gpuvm_map_req req;

	if (!map->obj)
		return drm_gpuvm_sm_unmap(vm, steps, map->addr, map->range);

	req = req_of(objs, map);
	return drm_gpuvm_sm_map(vm, steps, &req);
}

static struct drm_gpuva_ops *request_ops(struct drm_gpuvm *vm,
					 struct sm_objs *objs,
					 const struct sm_map *map)
{
	struct drm_gpuvm_map_req req;

	if (!map->obj)
		return drm_gpuvm_sm_unmap_ops_create(vm, map->addr,
						     map->range);

	req = req_of(objs, map);
	return drm_gpuvm_sm_map_ops_create(vm, &req);
}

static void run_callbacks(struct kunit *test, struct sm_objs *objs,
			  const struct sm_case *c, bool tree)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct gk_steps *steps = gk_steps_new(test, vm);

	if (tree)
		gk_vm_grow_tree(test, vm);
	vm_fill(test, vm, objs, c);

	KUNIT_EXPECT_EQ(test, request(vm, objs, &c->req, steps), 0);
	KUNIT_EXPECT_STREQ_MSG(test, steps->log, c->ops, "callbacks");
	KUNIT_EXPECT_STREQ_MSG(test, gk_vm_text(test, vm), c->then,
			       "callbacks");

	gk_vm_close(test, vm);
}

static void run_list(struct kunit *test, struct sm_objs *objs,
		     const struct sm_case *c)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op;
	const char *before;

	vm_fill(test, vm, objs, c);
	before = gk_vm_text(test, vm);

	ops = request_ops(vm, objs, &c->req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	KUNIT_EXPECT_STREQ_MSG(test, gk_ops_text(test, ops), c->ops, "list");
	/* To plan changes nothing. */
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), before);

	drm_gpuva_for_each_op(op, ops)
		KUNIT_EXPECT_EQ(test, gk_steps_apply(steps, op), 0);
	KUNIT_EXPECT_STREQ_MSG(test, gk_vm_text(test, vm), c->then, "list");

	drm_gpuva_ops_free(vm, ops);
	gk_vm_close(test, vm);
}

static void run_cases(struct kunit *test, const struct sm_case *cases,
		      size_t num)
{
	struct sm_objs objs;

	objs_init(test, &objs);
	for (size_t i = 0; i < num; i++) {
		kunit_info(test, "case %zu", i);
		run_callbacks(test, &objs, &cases[i], false);
		run_callbacks(test, &objs, &cases[i], true);
		run_list(test, &objs, &cases[i]);
	}
	objs_put(&objs);
}

static void row01_map_identical(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 2, 2 },
			.ops = "unmap A[4,6)@2 keep; map A[4,6)@2",
			.then = "A[4,6)@2",
		}, {
			.have = { { 'A', 4, 2, 0 } },
			.req = { 'A', 4, 2, 0 },
			.ops = "unmap A[4,6)@0 keep; map A[4,6)@0",
			.then = "A[4,6)@0",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row02_map_same_range(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 2, 3 },
			.ops = "unmap A[4,6)@2; map A[4,6)@3",
			.then = "A[4,6)@3",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 2, 1 },
			.ops = "unmap A[4,6)@2; map A[4,6)@1",
			.then = "A[4,6)@1",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'B', 4, 2, 2 },
			.ops = "unmap A[4,6)@2; map B[4,6)@2",
			.then = "B[4,6)@2",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { '-', 4, 2, 2 },
			.ops = "unmap A[4,6)@2; map -[4,6)@2",
			.then = "-[4,6)@2",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row03_map_superset(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 3, 2 },
			.ops = "unmap A[4,6)@2 keep; map A[4,7)@2",
			.then = "A[4,7)@2",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 3, 3, 1 },
			.ops = "unmap A[4,6)@2 keep; map A[3,6)@1",
			.then = "A[3,6)@1",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 3, 4, 1 },
			.ops = "unmap A[4,6)@2 keep; map A[3,7)@1",
			.then = "A[3,7)@1",
		}, {
			/* The same object, but not where it was. */
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 3, 4, 2 },
			.ops = "unmap A[4,6)@2; map A[3,7)@2",
			.then = "A[3,7)@2",
		}, {
			/* Its offset would have to be below 0. */
			.have = { { 'A', 4, 2, 0 } },
			.req = { 'A', 3, 4, 0 },
			.ops = "unmap A[4,6)@0; map A[3,7)@0",
			.then = "A[3,7)@0",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'B', 3, 4, 1 },
			.ops = "unmap A[4,6)@2; map B[3,7)@1",
			.then = "B[3,7)@1",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row04_map_left_part(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 4, 1, 2 },
			.ops = "remap A[4,6)@2{next A[5,6)@3} keep; map A[4,5)@2",
			.then = "A[4,5)@2 A[5,6)@3",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'A', 4, 1, 7 },
			.ops = "remap A[4,8)@2{next A[5,8)@3}; map A[4,5)@7",
			.then = "A[4,5)@7 A[5,8)@3",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'B', 4, 3, 2 },
			.ops = "remap A[4,8)@2{next A[7,8)@5}; map B[4,7)@2",
			.then = "B[4,7)@2 A[7,8)@5",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row05_map_right_part(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 5, 1, 3 },
			.ops = "remap A[4,6)@2{prev A[4,5)@2} keep; map A[5,6)@3",
			.then = "A[4,5)@2 A[5,6)@3",
		}, {
			/* As if nothing were before it: does not continue. */
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 5, 1, 2 },
			.ops = "remap A[4,6)@2{prev A[4,5)@2}; map A[5,6)@2",
			.then = "A[4,5)@2 A[5,6)@2",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'B', 5, 3, 3 },
			.ops = "remap A[4,8)@2{prev A[4,5)@2}; map B[5,8)@3",
			.then = "A[4,5)@2 B[5,8)@3",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row06_map_centre(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'A', 5, 2, 3 },
			.ops = "remap A[4,8)@2{prev A[4,5)@2, next A[7,8)@5} keep; map A[5,7)@3",
			.then = "A[4,5)@2 A[5,7)@3 A[7,8)@5",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'A', 5, 2, 2 },
			.ops = "remap A[4,8)@2{prev A[4,5)@2, next A[7,8)@5}; map A[5,7)@2",
			.then = "A[4,5)@2 A[5,7)@2 A[7,8)@5",
		}, {
			.have = { { 'A', 4, 8, 0 } },
			.req = { 'B', 6, 3, 2 },
			.ops = "remap A[4,12)@0{prev A[4,6)@0, next A[9,12)@5}; map B[6,9)@2",
			.then = "A[4,6)@0 B[6,9)@2 A[9,12)@5",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row07_map_over_end(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'B', 5, 2, 0 },
			.ops = "remap A[4,6)@2{prev A[4,5)@2}; map B[5,7)@0",
			.then = "A[4,5)@2 B[5,7)@0",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 5, 4, 3 },
			.ops = "remap A[4,6)@2{prev A[4,5)@2} keep; map A[5,9)@3",
			.then = "A[4,5)@2 A[5,9)@3",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 5, 4, 4 },
			.ops = "remap A[4,6)@2{prev A[4,5)@2}; map A[5,9)@4",
			.then = "A[4,5)@2 A[5,9)@4",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row08_map_over_start(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'B', 3, 2, 0 },
			.ops = "remap A[4,6)@2{next A[5,6)@3}; map B[3,5)@0",
			.then = "B[3,5)@0 A[5,6)@3",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'A', 3, 4, 1 },
			.ops = "remap A[4,8)@2{next A[7,8)@5} keep; map A[3,7)@1",
			.then = "A[3,7)@1 A[7,8)@5",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { 'A', 3, 4, 2 },
			.ops = "remap A[4,8)@2{next A[7,8)@5}; map A[3,7)@2",
			.then = "A[3,7)@2 A[7,8)@5",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row09_map_across_three(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = {
				{ 'A', 2, 2, 0 }, { 'B', 4, 2, 0 },
				{ 'A', 6, 2, 0 },
			},
			.req = { 'C', 3, 4, 0 },
			.ops = "remap A[2,4)@0{prev A[2,3)@0}; unmap B[4,6)@0; "
			       "remap A[6,8)@0{next A[7,8)@1}; map C[3,7)@0",
			.then = "A[2,3)@0 C[3,7)@0 A[7,8)@1",
		}, {
			/* With gaps, and keep decided for each on its own. */
			.have = {
				{ 'A', 0, 4, 10 }, { 'A', 6, 2, 16 },
				{ 'B', 9, 1, 19 }, { 'A', 12, 4, 21 },
			},
			.req = { 'A', 2, 11, 12 },
			.ops = "remap A[0,4)@10{prev A[0,2)@10} keep; "
			       "unmap A[6,8)@16 keep; unmap B[9,10)@19; "
			       "remap A[12,16)@21{next A[13,16)@22}; "
			       "map A[2,13)@12",
			.then = "A[0,2)@10 A[2,13)@12 A[13,16)@22",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row10_sparse_over_sparse(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { '-', 4, 2, 0 } },
			.req = { '-', 4, 2, 0 },
			.ops = "unmap -[4,6)@0; map -[4,6)@0",
			.then = "-[4,6)@0",
		}, {
			.have = { { '-', 4, 4, 2 } },
			.req = { '-', 5, 2, 3 },
			.ops = "remap -[4,8)@2{prev -[4,5)@2, next -[7,8)@5}; map -[5,7)@3",
			.then = "-[4,5)@2 -[5,7)@3 -[7,8)@5",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row11_remap_without_object(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { '-', 4, 4, 2 } },
			.req = { 'B', 5, 1, 0 },
			.ops = "remap -[4,8)@2{prev -[4,5)@2, next -[6,8)@4}; map B[5,6)@0",
			.then = "-[4,5)@2 B[5,6)@0 -[6,8)@4",
		}, {
			.have = { { '-', 4, 4, 0 } },
			.req = { .addr = 4, .range = 3 },
			.ops = "remap -[4,8)@0{next -[7,8)@3}",
			.then = "-[7,8)@3",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row12_unmap(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 4, 2 } },
			.req = { .addr = 4, .range = 1 },
			.ops = "remap A[4,8)@2{next A[5,8)@3}",
			.then = "A[5,8)@3",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { .addr = 7, .range = 1 },
			.ops = "remap A[4,8)@2{prev A[4,7)@2}",
			.then = "A[4,7)@2",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { .addr = 5, .range = 2 },
			.ops = "remap A[4,8)@2{prev A[4,5)@2, next A[7,8)@5}",
			.then = "A[4,5)@2 A[7,8)@5",
		}, {
			.have = { { 'A', 4, 4, 2 } },
			.req = { .addr = 4, .range = 4 },
			.ops = "unmap A[4,8)@2",
			.then = "",
		}, {
			/* Over both ends and across a gap. */
			.have = {
				{ 'A', 0, 4, 0 }, { 'B', 5, 2, 1 },
				{ 'A', 8, 4, 8 },
			},
			.req = { .addr = 3, .range = 6 },
			.ops = "remap A[0,4)@0{prev A[0,3)@0}; unmap B[5,7)@1; "
			       "remap A[8,12)@8{next A[9,12)@9}",
			.then = "A[0,3)@0 A[9,12)@9",
		}, {
			.have = { { 'A', 4, 2, 0 }, { 'B', 6, 2, 0 } },
			.req = { .addr = 0, .range = 16 },
			.ops = "unmap A[4,6)@0; unmap B[6,8)@0",
			.then = "",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row13_unmap_nothing(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.req = { .addr = 4, .range = 2 },
			.ops = "",
			.then = "",
		}, {
			/* In the gap between two, touching both. */
			.have = { { 'A', 2, 2, 0 }, { 'A', 6, 2, 0 } },
			.req = { .addr = 4, .range = 2 },
			.ops = "",
			.then = "A[2,4)@0 A[6,8)@0",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

static void row14_map_beside(struct kunit *test)
{
	static const struct sm_case cases[] = {
		{
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 6, 2, 4 },
			.ops = "map A[6,8)@4",
			.then = "A[4,6)@2 A[6,8)@4",
		}, {
			.have = { { 'A', 4, 2, 2 } },
			.req = { 'A', 2, 2, 0 },
			.ops = "map A[2,4)@0",
			.then = "A[2,4)@0 A[4,6)@2",
		}, {
			.have = { { 'A', 2, 2, 0 }, { 'B', 6, 2, 0 } },
			.req = { 'A', 4, 2, 2 },
			.ops = "map A[4,6)@2",
			.then = "A[2,4)@0 A[4,6)@2 B[6,8)@0",
		},
	};

	run_cases(test, cases, ARRAY_SIZE(cases));
}

/* All ways to ask are refused with -EINVAL and change nothing. */
static void expect_invalid(struct kunit *test, struct drm_gpuvm *vm,
			   struct drm_gem_object *obj, u64 addr, u64 range)
{
	struct drm_gpuvm_map_req req = gk_req(obj, addr, range, 0);
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gpuva *va = gk_va_new(test, obj, addr, range, 0);
	const char *before = gk_vm_text(test, vm);

	kunit_info(test, "[%#llx, + %#llx)", addr, range);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req), -EINVAL);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, addr, range),
			-EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_sm_map_ops_create(vm, &req),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test,
			    drm_gpuvm_sm_unmap_ops_create(vm, addr, range),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_madvise_ops_create(vm, &req),
			    ERR_PTR(-EINVAL));
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(vm, va), -EINVAL);
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, addr, range));

	KUNIT_EXPECT_EQ(test, steps->count, 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), before);
	gk_va_free(va);
}

static void row15_reserve(struct kunit *test)
{
	const u64 start = GK_RESERVE_START, end = start + GK_RESERVE_RANGE;
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_map_req req;

	expect_invalid(test, vm, obj, start, 1);
	expect_invalid(test, vm, obj, start - 1, 2);
	expect_invalid(test, vm, obj, end - 1, 1);
	expect_invalid(test, vm, obj, start, GK_RESERVE_RANGE);
	expect_invalid(test, vm, obj, 0, GK_VM_RANGE);

	/* A request for exactly the reserve finds it as a whole. */
	gk_vm_grow_tree(test, vm);
	expect_invalid(test, vm, obj, start, GK_RESERVE_RANGE);
	expect_invalid(test, vm, obj, start - 1, 2);

	req = gk_req(obj, start - 1, 1, 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "A[239,240)@0");
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 0, start), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row16_wrap(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new_with(test, &gk_ops, 0, U64_MAX);
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_map_req req;

	/* To 2^64, and around it. */
	expect_invalid(test, vm, obj, U64_MAX, 1);
	expect_invalid(test, vm, obj, U64_MAX - 3, 4);
	expect_invalid(test, vm, obj, 1, U64_MAX);
	expect_invalid(test, vm, obj, U64_MAX - 3, 8);
	expect_invalid(test, vm, obj, 2, U64_MAX);
	expect_invalid(test, vm, obj, U64_MAX, U64_MAX);

	/* The last range that is one. */
	req = gk_req(obj, U64_MAX - 4, 4, 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 0, U64_MAX), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row17_range_0(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');

	gk_va_insert(test, vm, obj, 4, 2, 0);
	expect_invalid(test, vm, obj, 0, 0);
	expect_invalid(test, vm, obj, 4, 0);
	expect_invalid(test, vm, obj, 5, 0);
	expect_invalid(test, vm, obj, 6, 0);
	expect_invalid(test, vm, obj, GK_RESERVE_START, 0);
	expect_invalid(test, vm, obj, GK_VM_RANGE, 0);

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

/* A VM with one mapping in [4,8), whose callbacks are not those of gk_ops. */
static struct drm_gpuvm *vm_lacking(struct kunit *test,
				    const struct drm_gpuvm_ops *ops,
				    struct drm_gem_object *obj)
{
	struct drm_gpuvm *vm = gk_vm_new_with(test, ops, 0, GK_VM_RANGE);

	gk_vm_grow_tree(test, vm);
	gk_va_insert(test, vm, obj, 4, 4, 0);
	return vm;
}

/* The index knows how long a mapping is up to one short of 2^32. */
static void long_mappings(struct kunit *test)
{
	const u64 four = BIT_ULL(32);
	struct drm_gpuvm *vm = gk_vm_new_with(test, &gk_ops, 0, U64_MAX);
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gpuvm_map_req same = gk_req(NULL, four, four, 0);

	gk_vm_grow_tree(test, vm);
	gk_va_insert(test, vm, NULL, 0, four - 1, 0);
	gk_va_insert(test, vm, NULL, four, four, 0);
	gk_va_insert(test, vm, NULL, 2 * four, 4 * four, 0);

	/* As long as the last one is for all that the index knows. */
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 5 * four, four), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &same), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, four, four), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 0, four - 1), 0);
	KUNIT_EXPECT_STREQ(test, steps->log,
			   "remap -[8589934592,25769803776)@0{prev -[8589934592,21474836480)@0}; "
			   "unmap -[4294967296,8589934592)@0; map -[4294967296,8589934592)@0; "
			   "unmap -[4294967296,8589934592)@0; unmap -[0,4294967295)@0");
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm),
			   "-[8589934592,21474836480)@0");

	gk_vm_close(test, vm);
}

static void row18_callback_missing(struct kunit *test)
{
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_map_req req = gk_req(obj, 5, 1, 1);
	struct drm_gpuvm_map_req same = gk_req(obj, 4, 4, 0);

	for (int missing = 0; missing < 3; missing++) {
		int unmaps = missing ? -EINVAL : 0;
		struct drm_gpuvm_ops callbacks = gk_ops;
		struct drm_gpuva_ops *ops;
		struct drm_gpuvm *vm;
		struct gk_steps *steps;

		if (missing == 0)
			callbacks.sm_step_map = NULL;
		else if (missing == 1)
			callbacks.sm_step_remap = NULL;
		else
			callbacks.sm_step_unmap = NULL;

		vm = vm_lacking(test, &callbacks, obj);
		steps = gk_steps_new(test, vm);

		KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &same),
				-EINVAL);
		if (unmaps)
			KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 4, 4),
					unmaps);
		KUNIT_EXPECT_EQ(test, steps->count, 0);
		KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "A[4,8)@0");

		/* A list needs none of them. */
		ops = drm_gpuvm_sm_map_ops_create(vm, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
		KUNIT_EXPECT_STREQ(test, gk_ops_text(test, ops),
				   "remap A[4,8)@0{prev A[4,5)@0, next A[6,8)@2} keep; map A[5,6)@1");
		drm_gpuva_ops_free(vm, ops);

		/* To unmap needs all but the one for map. */
		KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 5, 1),
				unmaps);
		KUNIT_EXPECT_EQ(test, steps->count, unmaps ? 0 : 1);

		gk_vm_close(test, vm);
	}

	drm_gem_object_put(obj);
}

static void row19_callback_fails(struct kunit *test)
{
	static const char *const then[] = {
		/* Each step that came before the one that failed has stayed. */
		"A[2,4)@0 B[4,6)@0 A[6,8)@0",
		"A[2,3)@0 B[4,6)@0 A[6,8)@0",
		"A[2,3)@0 A[6,8)@0",
		"A[2,3)@0 A[7,8)@1",
		"A[2,3)@0 C[3,7)@0 A[7,8)@1",
	};
	static const struct sm_case c = {
		.have = {
			{ 'A', 2, 2, 0 }, { 'B', 4, 2, 0 }, { 'A', 6, 2, 0 },
		},
		.req = { 'C', 3, 4, 0 },
	};
	struct sm_objs objs;

	objs_init(test, &objs);
	for (unsigned int n = 1; n <= ARRAY_SIZE(then); n++) {
		struct drm_gpuvm *vm = gk_vm_new(test);
		struct gk_steps *steps = gk_steps_new(test, vm);
		bool fails = n < ARRAY_SIZE(then);

		vm_fill(test, vm, &objs, &c);
		steps->fail_at = n;
		KUNIT_EXPECT_EQ(test, request(vm, &objs, &c.req, steps),
				fails ? -ENOSPC : 0);
		/* Nobody is asked again after the failure. */
		KUNIT_EXPECT_EQ(test, steps->count, fails ? n : n - 1);
		KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), then[n - 1]);

		gk_vm_close(test, vm);
	}
	objs_put(&objs);
}

static struct kunit_case gpuvm_sm_cases[] = {
	KUNIT_CASE_PARAM(row01_map_identical, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row02_map_same_range, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row03_map_superset, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row04_map_left_part, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row05_map_right_part, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row06_map_centre, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row07_map_over_end, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row08_map_over_start, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row09_map_across_three, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row10_sparse_over_sparse, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row11_remap_without_object, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row12_unmap, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row13_unmap_nothing, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row14_map_beside, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row15_reserve, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row16_wrap, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row17_range_0, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row18_callback_missing, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row19_callback_fails, gk_mode_gen_params),
	KUNIT_CASE(long_mappings),
	{}
};

static struct kunit_suite gpuvm_sm_suite = {
	.name = "gpuvm_sm",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_sm_cases,
};

kunit_test_suite(gpuvm_sm_suite);
