// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Mappings: insert and remove, find, walk.
 */
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

static int try_insert(struct kunit *test, struct drm_gpuvm *vm,
		      u64 addr, u64 range)
{
	struct drm_gpuva *va = gk_va_new(test, NULL, addr, range, 0);
	unsigned int refs = kref_read(&vm->kref);
	int ret = drm_gpuva_insert(vm, va);

	if (ret)
		gk_va_free(va);
	/* They hold one reference together, and what failed none. */
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), ret ? refs : max(refs, 2u));
	return ret;
}

static void row21_insert_overlap(struct kunit *test)
{
	static const struct {
		u64 addr, range;
		int ret;
	} rows[] = {
		{ 8, 4, -EEXIST },	/* the same */
		{ 8, 1, -EEXIST },	/* its start */
		{ 11, 1, -EEXIST },	/* its end */
		{ 9, 2, -EEXIST },	/* inside */
		{ 6, 3, -EEXIST },	/* over its start */
		{ 11, 3, -EEXIST },	/* over its end */
		{ 4, 12, -EEXIST },	/* around */
		{ 0, 9, -EEXIST },
		{ 4, 4, 0 },		/* beside */
		{ 12, 4, 0 },
	};
	struct drm_gpuvm *vm = gk_vm_new(test);

	gk_va_insert(test, vm, NULL, 8, 4, 0);
	for (int i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, try_insert(test, vm, rows[i].addr,
						     rows[i].range),
				    rows[i].ret, "row %d", i);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm),
			   "-[4,8)@0 -[8,12)@0 -[12,16)@0");

	gk_vm_close(test, vm);
}

static void row21_insert_twice(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test), *other = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_insert(test, vm, NULL, 8, 4, 0);
	struct drm_gpuva_op_map op = { .va.addr = 32, .va.range = 1 };
	struct drm_gpuva *gone;

	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(vm, va), -EEXIST);
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(other, va), -EEXIST);
	KUNIT_EXPECT_EQ(test, drm_gpuva_map(vm, va, &op), -EEXIST);
	KUNIT_EXPECT_PTR_EQ(test, va->vm, vm);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&other->kref), 1);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "-[8,12)@0");

	/* Nor where one of the same range went just now. */
	for (int i = 0; i < 4; i++)
		gk_va_insert(test, other, NULL, 64 + i, 1, 0);
	gone = gk_va_insert(test, other, NULL, 8, 4, 0);
	drm_gpuva_remove(gone);
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(other, va), -EEXIST);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_interval_empty(other, 0, 64));
	KUNIT_EXPECT_PTR_EQ(test, va->vm, vm);

	gk_va_free(gone);
	gk_vm_close(test, other);
	gk_vm_close(test, vm);
}

static void row21_insert_outside(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new_with(test, &gk_ops, 0x100, 0x100);

	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0xff, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0xff, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0x200, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0x1ff, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0x1ff, U64_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_insert(test, vm, 0x100, 0x100), 0);

	gk_vm_close(test, vm);
}

/* A mapping may go and come back, elsewhere; its VM stays set meanwhile. */
static void insert_again(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_insert(test, vm, NULL, 8, 4, 0);

	drm_gpuva_remove(va);
	KUNIT_EXPECT_PTR_EQ(test, va->vm, vm);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_interval_empty(vm, 0, 16));

	va->va.addr = 2;
	va->va.range = 1;
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(vm, va), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "-[2,3)@0");

	gk_vm_close(test, vm);
}

/* Whichever VM a mapping was in when its operation was made, and whoever made it. */
static void unmap_from_another_vm(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test), *other = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_insert(test, vm, NULL, 8, 4, 0);
	struct drm_gpuva_ops *ops = drm_gpuvm_sm_unmap_ops_create(vm, 8, 4);
	struct drm_gpuva_op_unmap own = {};
	struct drm_gpuva_op *op;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	op = list_first_entry(&ops->list, struct drm_gpuva_op, entry);
	KUNIT_ASSERT_PTR_EQ(test, op->unmap.va, va);

	drm_gpuva_remove(va);
	own.va = gk_va_insert(test, vm, NULL, 8, 4, 0);
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(other, va), 0);
	drm_gpuva_unmap(&op->unmap);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "-[8,12)@0");
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, other), "");
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&other->kref), 1);

	drm_gpuva_unmap(&own);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "");
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);

	gk_va_free(own.va);
	gk_va_free(va);
	drm_gpuva_ops_free(vm, ops);
	gk_vm_close(test, other);
	gk_vm_close(test, vm);
}

static void remove_not_inserted(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_insert(test, vm, NULL, 8, 4, 0);

	drm_gpuva_remove(va);
	kunit_warning_suppress(test) {
		drm_gpuva_remove(va);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);

	gk_va_free(va);
	gk_vm_close(test, vm);
}

static void row22_map_fails(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_new(test, NULL, 0, 0, 0);
	struct drm_gpuva_op_map op = { .va.addr = 9, .va.range = 4 };

	gk_va_insert(test, vm, NULL, 8, 4, 0);
	KUNIT_EXPECT_EQ(test, drm_gpuva_map(vm, va, &op), -EEXIST);
	op.va.addr = GK_VM_RANGE;
	KUNIT_EXPECT_EQ(test, drm_gpuva_map(vm, va, &op), -EINVAL);
	op.va.addr = 12;
	op.gem.offset = 3;
	KUNIT_EXPECT_EQ(test, drm_gpuva_map(vm, va, &op), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "-[8,12)@0 -[12,16)@3");

	gk_vm_close(test, vm);
}

static void row22_remap_fails(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_insert(test, vm, NULL, 8, 8, 0);
	struct drm_gpuva *prev = gk_va_new(test, NULL, 0, 0, 0);
	struct drm_gpuva *next = gk_va_new(test, NULL, 0, 0, 0);
	struct drm_gpuva_op_map head = { .va = { 8, 2 } };
	struct drm_gpuva_op_map tail = { .va = { 12, 5 }, .gem.offset = 4 };
	struct drm_gpuva_op_unmap unmap = { .va = va };
	struct drm_gpuva_op_remap op = { &head, &tail, &unmap };
	const char *before;

	gk_va_insert(test, vm, NULL, 16, 4, 0);
	gk_va_insert(test, vm, NULL, 4, 4, 0);
	before = gk_vm_text(test, vm);

	/* The tail hits its neighbour: the head goes out again, too. */
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(prev, next, &op), -EEXIST);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), before);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find(vm, 8, 8), va);

	/* The head does. */
	tail.va.range = 4;
	head.va.addr = 7;
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(prev, next, &op), -EEXIST);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), before);

	/* A tail without a head. */
	op.prev = NULL;
	tail.va.range = 0;
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(NULL, next, &op), -EINVAL);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), before);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);

	op.prev = &head;
	head.va.addr = 8;
	tail.va.range = 4;
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(prev, next, &op), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm),
			   "-[4,8)@0 -[8,10)@0 -[12,16)@4 -[16,20)@0");
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);

	gk_va_free(va);
	gk_vm_close(test, vm);
}

static void row23_find_prev_next(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *a = gk_va_insert(test, vm, NULL, 0, 4, 0);
	struct drm_gpuva *b = gk_va_insert(test, vm, NULL, 8, 4, 0);

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_prev(vm, 4), a);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_prev(vm, 12), b);
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, 0));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, 3));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, 5));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, 8));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, 9));

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_next(vm, 0), a);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_next(vm, 8), b);
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, 1));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, 4));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, 7));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, 9));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, 12));

	/* The reserve is nobody's neighbour, nor is anything outside. */
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, GK_RESERVE_START));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, GK_VM_RANGE));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_next(vm, U64_MAX));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_prev(vm, U64_MAX));

	gk_vm_close(test, vm);
}

static void row24_find(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va = gk_va_insert(test, vm, NULL, 8, 4, 0);

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find(vm, 8, 4), va);
	KUNIT_EXPECT_NULL(test, drm_gpuva_find(vm, 8, 3));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find(vm, 8, 5));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find(vm, 9, 3));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find(vm, 7, 5));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find(vm, 8, 0));
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find(vm, GK_RESERVE_START,
						 GK_RESERVE_RANGE),
			    &vm->kernel_alloc_node);

	gk_vm_close(test, vm);
}

static void row24_find_first(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *a = gk_va_insert(test, vm, NULL, 4, 4, 0);
	struct drm_gpuva *b = gk_va_insert(test, vm, NULL, 8, 4, 0);

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_first(vm, 0, 16), a);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_first(vm, 7, 9), a);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_first(vm, 8, 1), b);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_first(vm, 11, 1), b);
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_first(vm, 0, 4));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_first(vm, 12, 4));

	/* Nothing is first in an empty range, or in one that is none. */
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_first(vm, 5, 0));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_first(vm, 4, 0));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_first(vm, 0, 0));
	KUNIT_EXPECT_NULL(test, drm_gpuva_find_first(vm, 8, U64_MAX));

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_find_first(vm, 12, U64_MAX - 12),
			    &vm->kernel_alloc_node);

	gk_vm_close(test, vm);
}

static void row24_interval_empty(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);

	KUNIT_EXPECT_TRUE(test, drm_gpuvm_interval_empty(vm, 0,
							 GK_RESERVE_START));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_interval_empty(vm, 0,
							  GK_RESERVE_START + 1));

	gk_va_insert(test, vm, NULL, 8, 4, 0);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_interval_empty(vm, 0, 8));
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_interval_empty(vm, 12, 4));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_interval_empty(vm, 0, 9));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_interval_empty(vm, 11, 1));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_interval_empty(vm, 9, 1));

	gk_vm_close(test, vm);
}

static void fill_eight(struct kunit *test, struct drm_gpuvm *vm)
{
	/* Out of order, so that the order comes from the index. */
	static const u64 addr[] = { 40, 8, 56, 24, 0, 48, 16, 32 };

	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		gk_va_insert(test, vm, NULL, addr[i], 4, 0);
}

static void row24_walks(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va, *prev = NULL;
	unsigned int count = 0;

	fill_eight(test, vm);

	/* All of them in order, the reserve too, and backwards the same. */
	drm_gpuvm_for_each_va(va, vm) {
		KUNIT_EXPECT_EQ(test, va->va.addr,
				count < 8 ? count * 8 : GK_RESERVE_START);
		KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_prev_va(va), prev);
		if (prev)
			KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_next_va(prev), va);
		prev = va;
		count++;
	}
	KUNIT_EXPECT_EQ(test, count, 9);
	KUNIT_EXPECT_PTR_EQ(test, prev, &vm->kernel_alloc_node);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_NULL(test, drm_gpuva_next_va(NULL));
	KUNIT_EXPECT_NULL(test, drm_gpuva_prev_va(NULL));

	gk_vm_close(test, vm);
}

static void remove_and_free(struct drm_gpuva *va)
{
	drm_gpuva_remove(va);
	gk_va_free(va);
}

/*
 * What comes and goes ahead of a walk through thirty: one goes and another comes in
 * its place, one goes for good, one comes between two, where all slots are in use.
 */
static void row24_walks_see_changes(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *vas[30], *va;
	unsigned int steps = 0;
	u64 want = 0;

	for (int i = 0; i < 30; i++)
		vas[i] = gk_va_insert(test, vm, NULL, i * 8, 4, 0);

	drm_gpuvm_for_each_va_range(va, vm, 0, 30 * 8) {
		struct drm_gpuva *next;

		KUNIT_EXPECT_EQ(test, va->va.addr, want);
		if (va == vas[5]) {
			remove_and_free(vas[6]);
			gk_va_insert(test, vm, NULL, 7 * 8 - 4, 4, 0);
		} else if (va == vas[9]) {
			remove_and_free(vas[10]);
		} else if (va == vas[15]) {
			gk_va_insert(test, vm, NULL, 13 * 8 + 4, 4, 0);
			gk_va_insert(test, vm, NULL, 17 * 8 + 4, 4, 0);
		}
		/* This one has no memory of where it was. */
		next = drm_gpuva_next_va(va);
		want = next ? next->va.addr : 30 * 8;
		steps++;
	}
	KUNIT_EXPECT_EQ(test, want, 30 * 8);
	KUNIT_EXPECT_EQ(test, steps, 30);

	/* Who puts the cursor elsewhere goes on from there. */
	drm_gpuvm_for_each_va_range(va, vm, 0, 30 * 8) {
		want = va->va.addr;
		if (va == vas[12])
			va = vas[28];
		KUNIT_EXPECT_TRUE(test, want <= 12 * 8 || want == 29 * 8);
	}
	KUNIT_EXPECT_EQ(test, want, 29 * 8);

	gk_vm_close(test, vm);
}

static void row24_range_walks(struct kunit *test)
{
	static const struct {
		u64 start, end;
		unsigned int first, num;
	} rows[] = {
		{ 0, 64, 0, 8 },
		{ 11, 41, 1, 5 },	/* cuts the first and the last */
		{ 12, 40, 2, 3 },	/* touches both, meets neither */
		{ 4, 8, 0, 0 },
		{ 9, 10, 1, 1 },
		{ 8, 8, 0, 0 },
		{ 0, 0, 0, 0 },
		{ 56, GK_VM_RANGE, 7, 2 },
	};
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va;

	fill_eight(test, vm);
	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int n = 0;

		drm_gpuvm_for_each_va_range(va, vm, rows[i].start, rows[i].end) {
			if (va != &vm->kernel_alloc_node)
				KUNIT_EXPECT_EQ(test, va->va.addr,
						(rows[i].first + n) * 8);
			n++;
		}
		KUNIT_EXPECT_EQ_MSG(test, n, rows[i].num, "row %d", i);
	}

	gk_vm_close(test, vm);
}

static void row25_safe_walk(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va, *next;
	unsigned int n = 0;

	fill_eight(test, vm);
	drm_gpuvm_for_each_va_safe(va, next, vm) {
		if (va == &vm->kernel_alloc_node)
			continue;
		KUNIT_EXPECT_EQ(test, va->va.addr, n++ * 8);
		drm_gpuva_remove(va);
		gk_va_free(va);
	}
	KUNIT_EXPECT_EQ(test, n, 8);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm), "");

	/* Also without anything to walk over. */
	drm_gpuvm_for_each_va_safe(va, next, vm)
		KUNIT_EXPECT_PTR_EQ(test, va, &vm->kernel_alloc_node);

	gk_vm_close(test, vm);
}

static void row25_safe_range_walk(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *va, *next;

	fill_eight(test, vm);
	drm_gpuvm_for_each_va_range_safe(va, next, vm, 10, 33) {
		drm_gpuva_remove(va);
		gk_va_free(va);
	}
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm),
			   "-[0,4)@0 -[40,44)@0 -[48,52)@0 -[56,60)@0");

	gk_vm_close(test, vm);
}

static void row25_safe_vm_bo_walk(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);
	struct drm_gpuvm_bo *other = vm_bo;
	struct drm_gpuva *va, *next;
	struct gk_lock lock;
	unsigned int n = 0;

	for (int i = 0; i < 4; i++)
		gk_va_insert(test, vm, obj, i, 1, i);

	gk_lock(&lock, vm, obj);
	drm_gpuvm_for_each_va_range(va, vm, 0, 4)
		drm_gpuva_link(va, vm_bo);

	/* The argument is not called vm_bo: a macro must not care. */
	drm_gpuvm_bo_for_each_va(va, other)
		KUNIT_EXPECT_EQ(test, va->va.addr, n++);
	KUNIT_EXPECT_EQ(test, n, 4);

	va = drm_gpuvm_bo_first_va(other);
	for (n = 0; va; va = drm_gpuvm_bo_next_va(other, va))
		KUNIT_EXPECT_EQ(test, va->va.addr, n++);
	KUNIT_EXPECT_EQ(test, n, 4);

	n = 0;
	drm_gpuvm_bo_for_each_va_safe(va, next, other) {
		KUNIT_EXPECT_EQ(test, va->va.addr, n++);
		drm_gpuva_remove(va);
		drm_gpuva_unlink(va);
		gk_va_free(va);
	}
	KUNIT_EXPECT_EQ(test, n, 4);
	KUNIT_EXPECT_NULL(test, drm_gpuvm_bo_first_va(other));
	gk_unlock(&lock);

	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo));
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row26_remove_reserve(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva_op_unmap op = { .va = &vm->kernel_alloc_node };

	kunit_warning_suppress(test) {
		drm_gpuva_remove(&vm->kernel_alloc_node);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		drm_gpuva_unmap(&op);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2);
	}
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_first_va(vm),
			    &vm->kernel_alloc_node);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);

	gk_vm_close(test, vm);
}

static void invalidate(struct kunit *test)
{
	struct drm_gpuva va = { .flags = DRM_GPUVA_SPARSE };

	KUNIT_EXPECT_FALSE(test, drm_gpuva_invalidated(&va));
	drm_gpuva_invalidate(&va, true);
	KUNIT_EXPECT_TRUE(test, drm_gpuva_invalidated(&va));
	KUNIT_EXPECT_EQ(test, va.flags,
			DRM_GPUVA_SPARSE | DRM_GPUVA_INVALIDATED);
	drm_gpuva_invalidate(&va, false);
	KUNIT_EXPECT_FALSE(test, drm_gpuva_invalidated(&va));
	KUNIT_EXPECT_EQ(test, va.flags, DRM_GPUVA_SPARSE);
}

static void remap_to_unmap_range(struct kunit *test)
{
	struct drm_gpuva va = { .va = { 8, 8 } };
	struct drm_gpuva_op_map prev = { .va = { 8, 3 } };
	struct drm_gpuva_op_map next = { .va = { 14, 2 } };
	struct drm_gpuva_op_unmap unmap = { .va = &va };
	struct drm_gpuva_op_remap both = { &prev, &next, &unmap };
	struct drm_gpuva_op_remap head = { &prev, NULL, &unmap };
	struct drm_gpuva_op_remap tail = { NULL, &next, &unmap };
	u64 addr, range;

	drm_gpuva_op_remap_to_unmap_range(&both, &addr, &range);
	KUNIT_EXPECT_EQ(test, addr, 11);
	KUNIT_EXPECT_EQ(test, range, 3);
	drm_gpuva_op_remap_to_unmap_range(&head, &addr, &range);
	KUNIT_EXPECT_EQ(test, addr, 11);
	KUNIT_EXPECT_EQ(test, range, 5);
	drm_gpuva_op_remap_to_unmap_range(&tail, &addr, &range);
	KUNIT_EXPECT_EQ(test, addr, 8);
	KUNIT_EXPECT_EQ(test, range, 6);
}

static struct kunit_case gpuvm_va_cases[] = {
	KUNIT_CASE(row21_insert_overlap),
	KUNIT_CASE(row21_insert_twice),
	KUNIT_CASE(row21_insert_outside),
	KUNIT_CASE(row22_map_fails),
	KUNIT_CASE(row22_remap_fails),
	KUNIT_CASE(row23_find_prev_next),
	KUNIT_CASE(row24_find),
	KUNIT_CASE(row24_find_first),
	KUNIT_CASE(row24_interval_empty),
	KUNIT_CASE(row24_walks),
	KUNIT_CASE(row24_walks_see_changes),
	KUNIT_CASE(row24_range_walks),
	KUNIT_CASE(row25_safe_walk),
	KUNIT_CASE(row25_safe_range_walk),
	KUNIT_CASE_PARAM(row25_safe_vm_bo_walk, gk_mode_gen_params),
	KUNIT_CASE(row26_remove_reserve),
	KUNIT_CASE(insert_again),
	KUNIT_CASE(unmap_from_another_vm),
	KUNIT_CASE(remove_not_inserted),
	KUNIT_CASE(invalidate),
	KUNIT_CASE(remap_to_unmap_range),
	{}
};

static struct kunit_suite gpuvm_va_suite = {
	.name = "gpuvm_va",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_va_cases,
};

kunit_test_suite(gpuvm_va_suite);
