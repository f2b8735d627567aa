// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Many operations in one bind: they act in the order of the array, and all of
 * them or none.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Arrays of operations: order, conflicts, errors");

#define PAGES 64

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo a, b;
	struct vmb_model *m;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->a, dev, PAGES * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&f->b, dev, PAGES * VMB_PAGE, 0, 0, 2);
	f->m = vmb_model(&f->vm, VMB_DATA, PAGES);
}

static void end(struct fixture *f)
{
	vmb_model_check(f->m);
	vmb_model_end(f->m);
	vmb_vm_destroy(&f->vm);
	vmb_bo_intact(&f->a);
	vmb_bo_intact(&f->b);
}

static void independent(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < PAGES; i += 4)
		vmb_model_map(f.m, i, 3, i & 4 ? &f.a : &f.b, i);
	vmb_model_bind(f.m);
	end(&f);
}

/* Each hides a part of what the one before it mapped. */
static void overlapping(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < 30; i++)
		vmb_model_map(f.m, i, PAGES - 2 * i, i % 2 ? &f.a : &f.b, i);
	vmb_model_bind(f.m);
	end(&f);
}

static void last_one_wins(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < 20; i++)
		vmb_model_map(f.m, 10, 4, i % 2 ? &f.a : &f.b, i);
	vmb_model_bind(f.m);
	end(&f);
}

static void map_then_unmap(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 0, 32, &f.a, 0);
	vmb_model_unmap(f.m, 8, 8);
	vmb_model_map(f.m, 40, 8, &f.b, 0);
	vmb_model_unmap(f.m, 40, 8);
	vmb_model_bind(f.m);
	end(&f);
}

static void unmap_then_map(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 0, PAGES, &f.a, 0);
	vmb_model_apply(f.m);
	vmb_model_unmap(f.m, 0, PAGES);
	vmb_model_map(f.m, 8, 8, &f.b, 3);
	vmb_model_unmap(f.m, 10, 2);
	vmb_model_map(f.m, 11, 1, &f.a, 63);
	vmb_model_bind(f.m);
	end(&f);
}

/* Nothing is to be seen of it in the end. */
static void round_trip(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (int i = 0; i < 10; i++) {
		vmb_model_map(f.m, 0, PAGES, &f.a, 0);
		vmb_model_unmap(f.m, 0, PAGES);
	}
	vmb_model_bind(f.m);
	end(&f);
}

/* Cuts of what the same array mapped, cut again. */
static void cuts_of_cuts(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 0, PAGES, &f.a, 0);
	for (uint32_t size = PAGES / 2; size; size /= 2)
		for (uint32_t at = size / 2; at + size <= PAGES; at += 2 * size)
			vmb_model_unmap(f.m, at, (size + 1) / 2);
	vmb_model_bind(f.m);
	end(&f);
}

static void one_page_at_a_time(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < PAGES; i++)
		vmb_model_map(f.m, i, 1, &f.a, PAGES - 1 - i);
	vmb_model_apply(f.m);
	for (uint32_t i = 0; i < PAGES; i += 2)
		vmb_model_unmap(f.m, i, 1);
	vmb_model_bind(f.m);
	end(&f);
}

static void backwards(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = PAGES; i > 0; i--)
		vmb_model_map(f.m, i - 1, 1, &f.a, i - 1);
	vmb_model_apply(f.m);
	for (uint32_t i = PAGES; i > 1; i -= 2)
		vmb_model_map(f.m, i - 2, 2, &f.b, i - 2);
	vmb_model_bind(f.m);
	end(&f);
}

static void of_all_kinds(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 0, 32, &f.a, 0);
	vmb_model_sparse(f.m, 8, 16);
	vmb_model_map_readonly(f.m, 12, 4, &f.b, 5);
	vmb_model_unmap(f.m, 13, 1);
	vmb_model_map(f.m, 40, 8, &f.b, 0);
	vmb_model_sparse(f.m, 44, 8);
	vmb_model_unmap(f.m, 20, 2);
	vmb_model_bind(f.m);
	end(&f);
}

/* Those of the same array, too, up to its place in it. */
static void unmap_bo_in_between(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 0, 8, &f.a, 0);
	vmb_model_apply(f.m);
	vmb_model_map(f.m, 4, 8, &f.b, 3);
	vmb_model_map(f.m, 20, 6, &f.a, 0);
	vmb_model_unmap_bo(f.m, &f.a);
	vmb_model_map(f.m, 22, 2, &f.a, 9);
	vmb_model_unmap_bo(f.m, &f.b);
	vmb_model_map(f.m, 6, 4, &f.b, 1);
	vmb_model_bind(f.m);
	end(&f);
}

static void empty(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 3, 5, &f.a, 0);
	vmb_model_apply(f.m);
	vmb_model_bind(f.m);
	end(&f);
}

static void longest(struct vmb_dev *dev)
{
	uint32_t count = dev->caps.max_ops;
	struct vmb_op *ops = calloc(count + 1, sizeof(*ops));
	struct fixture f;

	igt_assert(ops);
	begin(&f, dev);
	vmb_model_map(f.m, 0, PAGES, &f.a, 0);
	vmb_model_apply(f.m);

	/* What counts is at both ends; between, there is nothing to unmap. */
	for (uint32_t i = 0; i <= count; i++) {
		uint32_t page = i * 7 % PAGES;

		if (i > PAGES / 2 && i < count - PAGES) {
			ops[i] = vmb_unmap(VMB_DATA + (1 << 30) + i * VMB_PAGE,
					   VMB_PAGE);
			continue;
		}

		ops[i] = vmb_map(&f.b, page * VMB_PAGE,
				 VMB_DATA + page * VMB_PAGE, VMB_PAGE);
	}
	vmb_fails(EINVAL, vmb_try_bind(&f.vm, ops, count + 1));
	vmb_model_check(f.m);
	vmb_ok(vmb_try_bind(&f.vm, ops, count));
	/* 7 and the number of pages have no common factor: all of them. */
	vmb_shows(&f.vm, VMB_DATA, PAGES * VMB_PAGE, &f.b, 0);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, PAGES * VMB_PAGE));
	free(ops);
}

/* Operation @bad of an array of eight cannot be done: none is. */
static void error_at(struct vmb_dev *dev, uint32_t bad)
{
	struct vmb_op ops[8];
	struct fixture f;

	begin(&f, dev);
	vmb_model_map(f.m, 4, 40, &f.a, 4);
	vmb_model_apply(f.m);
	for (uint32_t i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = i % 3 == 2 ?
			 vmb_unmap(VMB_DATA + 7 * i * VMB_PAGE, 5 * VMB_PAGE) :
			 vmb_map(&f.b, i * VMB_PAGE,
				 VMB_DATA + 6 * i * VMB_PAGE, 9 * VMB_PAGE);

	ops[bad] = vmb_map(&f.b, 0, VMB_DATA + 1, VMB_PAGE);
	vmb_fails(EINVAL, vmb_try_bind(&f.vm, ops, ARRAY_SIZE(ops)));
	vmb_model_check(f.m);
	ops[bad] = vmb_map(&f.b, 0, VMB_DATA, VMB_PAGE);
	ops[bad].bo = 0x7fffffff;
	vmb_fails(ENOENT, vmb_try_bind(&f.vm, ops, ARRAY_SIZE(ops)));
	vmb_model_check(f.m);
	ops[bad] = vmb_map(&f.b, f.b.size - VMB_PAGE, VMB_DATA, 2 * VMB_PAGE);
	vmb_fails(EINVAL, vmb_try_bind(&f.vm, ops, ARRAY_SIZE(ops)));
	end(&f);
}

/* The first error counts, not the worst. */
static void first_error_counts(struct vmb_dev *dev)
{
	struct vmb_op ops[4];
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = vmb_map(&f.a, 0, VMB_DATA, VMB_PAGE);
	ops[1].bo = 0x7fffffff;
	ops[2].addr = 1;
	vmb_fails(ENOENT, vmb_try_bind(&f.vm, ops, ARRAY_SIZE(ops)));
	ops[0].range = 0;
	vmb_fails(EINVAL, vmb_try_bind(&f.vm, ops, ARRAY_SIZE(ops)));
	end(&f);
}

/* Elements of a newer program, all of whose news is zero. */
static void longer_elements(struct vmb_dev *dev)
{
	struct fixture f;
	int ret;

	begin(&f, dev);
	vmb_model_map(f.m, 2, 8, &f.a, 5);
	vmb_model_map(f.m, 4, 2, &f.b, 7);
	ret = dev->drv->bind(dev->fd, &(struct vmb_bind){
		.vm = f.vm.id,
		.ops = f.m->ops,
		.num_ops = f.m->num_ops,
		.wrong = VMB_WRONG_OP_LONGER,
	});
	igt_require_f(ret != VMB_CANNOT, "elements have one size\n");
	vmb_ok(ret);
	f.m->num_ops = 0;
	end(&f);
}

static const struct vmb_test tests[] = {
	{ "independent", independent, "Operations that do not touch" },
	{ "overlapping", overlapping, "Each over a part of the one before" },
	{ "last-one-wins", last_one_wins, "The same range again and again" },
	{ "map-then-unmap", map_then_unmap, "What was just mapped is unmapped" },
	{ "unmap-then-map", unmap_then_map, "And the other way round" },
	{ "round-trip", round_trip, "Operations that leave nothing" },
	{ "cuts-of-cuts", cuts_of_cuts, "Pieces that are cut again" },
	{ "one-page-at-a-time", one_page_at_a_time, "Many small operations" },
	{ "backwards", backwards, "From the highest address down" },
	{ "of-all-kinds", of_all_kinds, "Maps, sparse maps and unmaps mixed",
	  VMB_SPARSE | VMB_READONLY },
	{ "unmap-bo-in-between", unmap_bo_in_between,
	  "All of a BO, at its place in the order", VMB_UNMAP_BO },
	{ "empty", empty, "No operation at all" },
	{ "longest", longest, "As many as one bind may have, and one more" },
	{ "first-error-counts", first_error_counts,
	  "Of two errors the first is told" },
	{ "longer-elements", longer_elements,
	  "Elements with zeros that are not known yet" },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));

	for (uint32_t bad = 0; bad < 8; bad++) {
		igt_describe("One bad operation: nothing of the array is applied");
		igt_subtest_f("error-at-%u", bad) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			error_at(&dev, bad);
			vmb_end(&dev);
		}
	}
}
