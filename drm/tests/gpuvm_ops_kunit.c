// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Lists of operations: madvise, prefetch, unmap of an object, and what happens
 * when there is no memory for one.
 */
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

static struct drm_gpuva_ops *madvise(struct drm_gpuvm *vm,
				     struct drm_gem_object *obj,
				     u64 addr, u64 range, u64 offset)
{
	struct drm_gpuvm_map_req req = gk_req(obj, addr, range, offset);

	return drm_gpuvm_madvise_ops_create(vm, &req);
}

/* Expect a list to read so, and free it. */
static void expect_ops(struct kunit *test, struct drm_gpuvm *vm,
		       struct drm_gpuva_ops *ops, const char *text)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	KUNIT_EXPECT_STREQ(test, gk_ops_text(test, ops), text);
	drm_gpuva_ops_free(vm, ops);
}

static void row20_madvise_inside(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'C');

	gk_va_insert(test, vm, NULL, 4, 4, 2);
	expect_ops(test, vm, madvise(vm, obj, 5, 2, 9),
		   "remap -[4,8)@2{prev -[4,5)@2, next -[7,8)@5}; map C[5,7)@9");
	expect_ops(test, vm, madvise(vm, NULL, 5, 2, 3),
		   "remap -[4,8)@2{prev -[4,5)@2, next -[7,8)@5}; map -[5,7)@3");
	/* From its start, and up to its end. */
	expect_ops(test, vm, madvise(vm, obj, 4, 2, 9),
		   "remap -[4,8)@2{next -[6,8)@4}; map C[4,6)@9");
	expect_ops(test, vm, madvise(vm, obj, 7, 1, 9),
		   "remap -[4,8)@2{prev -[4,7)@2}; map C[7,8)@9");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row20_madvise_over_edge(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'C');

	gk_va_insert(test, vm, NULL, 4, 4, 2);
	expect_ops(test, vm, madvise(vm, obj, 6, 6, 9),
		   "remap -[4,8)@2{prev -[4,6)@2}; map C[6,8)@9");
	/* The offset advances to where the piece starts. */
	expect_ops(test, vm, madvise(vm, obj, 2, 4, 9),
		   "remap -[4,8)@2{next -[6,8)@4}; map C[4,6)@11");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row20_madvise_spanning(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'C');

	gk_va_insert(test, vm, NULL, 0, 4, 0);
	gk_va_insert(test, vm, NULL, 4, 4, 4);
	gk_va_insert(test, vm, NULL, 10, 4, 10);
	/* What it covers wholly is not cut, and the gap is nothing. */
	expect_ops(test, vm, madvise(vm, obj, 2, 10, 20),
		   "remap -[0,4)@0{prev -[0,2)@0}; map C[2,4)@20; "
		   "remap -[10,14)@10{next -[12,14)@12}; map C[10,12)@28");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row20_madvise_nothing(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');

	/* empty */
	expect_ops(test, vm, madvise(vm, NULL, 0, 16, 0), "");
	/* exact, and covered with room to spare */
	gk_va_insert(test, vm, NULL, 4, 4, 0);
	expect_ops(test, vm, madvise(vm, NULL, 4, 4, 0), "");
	expect_ops(test, vm, madvise(vm, NULL, 2, 8, 0), "");
	/* of an object */
	gk_va_insert(test, vm, obj, 8, 4, 0);
	expect_ops(test, vm, madvise(vm, NULL, 9, 1, 0), "");
	expect_ops(test, vm, madvise(vm, NULL, 6, 4, 0),
		   "remap -[4,8)@0{prev -[4,6)@0}; map -[6,8)@0");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

/* To carry the list out gives what was asked for. */
static void row20_madvise_applied(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'C');
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op, *next;

	gk_va_insert(test, vm, NULL, 0, 4, 0);
	gk_va_insert(test, vm, NULL, 6, 4, 6);
	ops = madvise(vm, obj, 2, 6, 20);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);

	drm_gpuva_for_each_op_safe(op, next, ops)
		KUNIT_EXPECT_EQ(test, gk_steps_apply(steps, op), 0);
	drm_gpuva_ops_free(vm, ops);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm),
			   "-[0,2)@0 C[2,4)@20 C[6,8)@24 -[8,10)@8");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row28_prefetch(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');

	gk_va_insert(test, vm, obj, 4, 4, 0);
	gk_va_insert(test, vm, NULL, 8, 4, 1);
	gk_va_insert(test, vm, obj, 16, 4, 4);

	expect_ops(test, vm, drm_gpuvm_prefetch_ops_create(vm, 5, 12),
		   "prefetch A[4,8)@0; prefetch -[8,12)@1; prefetch A[16,20)@4");
	expect_ops(test, vm, drm_gpuvm_prefetch_ops_create(vm, 8, 8),
		   "prefetch -[8,12)@1");
	expect_ops(test, vm, drm_gpuvm_prefetch_ops_create(vm, 12, 4), "");
	expect_ops(test, vm, drm_gpuvm_prefetch_ops_create(vm, 16, 1),
		   "prefetch A[16,20)@4");

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row28_prefetch_reserve(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);

	gk_va_insert(test, vm, NULL, 4, 4, 0);
	expect_ops(test, vm, drm_gpuvm_prefetch_ops_create(vm, 0, GK_VM_RANGE),
		   "prefetch -[4,8)@0");
	expect_ops(test, vm,
		   drm_gpuvm_prefetch_ops_create(vm, GK_RESERVE_START, 1), "");

	gk_vm_close(test, vm);
}

static void row28_prefetch_invalid(struct kunit *test)
{
	static const struct {
		u64 addr, range;
	} bad[] = {
		{ 4, 0 }, { 0, 0 }, { 0, GK_VM_RANGE + 1 }, { GK_VM_RANGE, 1 },
		{ 4, U64_MAX }, { U64_MAX, 1 }, { U64_MAX - 3, 4 },
	};
	struct drm_gpuvm *vm = gk_vm_new(test);

	for (int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test,
					drm_gpuvm_prefetch_ops_create(vm,
								      bad[i].addr,
								      bad[i].range),
					ERR_PTR(-EINVAL), "entry %d", i);

	gk_vm_close(test, vm);
}

/* A vm_bo with two mappings linked, which are not in address order. */
static struct drm_gpuvm_bo *linked_two(struct kunit *test, struct drm_gpuvm *vm,
				       struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);
	struct drm_gpuva *b = gk_va_insert(test, vm, obj, 8, 2, 5);
	struct drm_gpuva *a = gk_va_insert(test, vm, obj, 4, 2, 0);
	struct gk_lock lock;

	gk_lock(&lock, vm, obj);
	drm_gpuva_link(b, vm_bo);
	drm_gpuva_link(a, vm_bo);
	gk_unlock(&lock);

	return vm_bo;
}

static struct drm_gpuva_ops *bo_unmap(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva_ops *ops;
	struct gk_lock lock;

	gk_lock(&lock, vm_bo->vm, vm_bo->obj);
	ops = drm_gpuvm_bo_unmap_ops_create(vm_bo);
	gk_unlock(&lock);

	return ops;
}

/* Which mappings of a VM are an object's; immediate mode cannot ask for it. */
static void bo_unmap_list(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gem_object *other = gk_bo_new(test, 'B');
	struct drm_gpuvm_bo *vm_bo = linked_two(test, vm, obj);
	struct drm_gpuvm_bo *none = gk_vm_bo_obtain(test, vm, other);

	gk_va_insert(test, vm, other, 16, 1, 0);
	if (gk_immediate(test)) {
		KUNIT_EXPECT_PTR_EQ(test, bo_unmap(vm_bo),
				    ERR_PTR(-EOPNOTSUPP));
	} else {
		expect_ops(test, vm, bo_unmap(vm_bo),
			   "unmap A[8,10)@5; unmap A[4,6)@0");
		expect_ops(test, vm, bo_unmap(none), "");
	}

	gk_vm_bo_put(none);
	gk_vm_bo_put(vm_bo);
	gk_vm_clear(vm);
	drm_gem_object_put(other);
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static struct drm_gpuva_ops *create_map(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuvm_map_req req = gk_req(vm_bo->obj, 5, 4, 0);

	return drm_gpuvm_sm_map_ops_create(vm_bo->vm, &req);
}

static struct drm_gpuva_ops *create_unmap(struct drm_gpuvm_bo *vm_bo)
{
	return drm_gpuvm_sm_unmap_ops_create(vm_bo->vm, 5, 4);
}

static struct drm_gpuva_ops *create_madvise(struct drm_gpuvm_bo *vm_bo)
{
	return madvise(vm_bo->vm, NULL, 17, 6, 0);
}

static struct drm_gpuva_ops *create_prefetch(struct drm_gpuvm_bo *vm_bo)
{
	return drm_gpuvm_prefetch_ops_create(vm_bo->vm, 0, 64);
}

/*
 * Let allocation n fail, for every n until none is left to fail. There is at
 * least one allocation for the list and one for each operation.
 */
static void fail_every(struct kunit *test, struct drm_gpuvm_bo *vm_bo,
		       struct drm_gpuva_ops *(*create)(struct drm_gpuvm_bo *),
		       unsigned int ops_made)
{
	const char *before = gk_vm_text(test, vm_bo->vm);
	unsigned int n, left = 0;

	for (n = 1; n < 100; n++) {
		struct drm_gpuva_ops *ops;

		dma_resv_lock(vm_bo->obj->resv, NULL);
		gk_fail_alloc_arm(n);
		ops = create(vm_bo);
		left = gk_fail_alloc_disarm();
		dma_resv_unlock(vm_bo->obj->resv);
		if (left) {
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
			KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.ops),
					ops_made);
			drm_gpuva_ops_free(vm_bo->vm, ops);
			break;
		}

		/* A checker, or a slab that was empty, does without. */
		if (!IS_ERR(ops)) {
			KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.ops),
					ops_made);
			drm_gpuva_ops_free(vm_bo->vm, ops);
		} else {
			KUNIT_ASSERT_PTR_EQ_MSG(test, ops, ERR_PTR(-ENOMEM),
						"allocation %u", n);
		}
		KUNIT_ASSERT_EQ_MSG(test, atomic_read(&gk_counts.ops), 0,
				    "allocation %u", n);
	}

	KUNIT_EXPECT_NE(test, left, 0);
	KUNIT_EXPECT_GT(test, n, ops_made + 1);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, vm_bo->vm), before);
}

static void row29_allocation_fails(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo = linked_two(test, vm, obj);

	if (!gk_fail_alloc_available(test))
		kunit_mark_skipped(test, "no fault injection");
	gk_va_insert(test, vm, NULL, 16, 3, 0);
	gk_va_insert(test, vm, NULL, 20, 4, 0);

	if (gk_fail_alloc_available(test)) {
		fail_every(test, vm_bo, create_map, 3);
		fail_every(test, vm_bo, create_unmap, 2);
		fail_every(test, vm_bo, create_madvise, 4);
		fail_every(test, vm_bo, create_prefetch, 4);
		if (!gk_immediate(test))
			fail_every(test, vm_bo, drm_gpuvm_bo_unmap_ops_create,
				   2);
	}

	gk_vm_bo_put(vm_bo);
	gk_vm_clear(vm);
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row29_vm_bo_allocation_fails(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo;
	struct gk_lock lock;

	if (!gk_fail_alloc_available(test)) {
		kunit_mark_skipped(test, "no fault injection");
		goto out;
	}

	gk_fail_alloc_arm(1);
	vm_bo = drm_gpuvm_bo_create(vm, obj);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	KUNIT_EXPECT_NULL(test, vm_bo);

	if (!gk_immediate(test)) {
		gk_lock(&lock, vm, obj);
		gk_fail_alloc_arm(1);
		vm_bo = drm_gpuvm_bo_obtain_locked(vm, obj);
		KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
		KUNIT_EXPECT_PTR_EQ(test, vm_bo, ERR_PTR(-ENOMEM));
		gk_unlock(&lock);
	}

	gk_fail_alloc_arm(1);
	KUNIT_EXPECT_NULL(test, drm_gpuvm_resv_object_alloc(gk_drm(test)));
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), 1);
out:
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

/* An operation of a driver's own size, freed by the core with kfree(). */
struct big_op {
	struct drm_gpuva_op base;
	u8 more[200];
};

static struct drm_gpuva_op *big_op_alloc(void)
{
	struct big_op *op = kzalloc(sizeof(*op), GFP_KERNEL);

	if (!op)
		return NULL;
	memset(op->more, 0xa5, sizeof(op->more));
	return &op->base;
}

static void op_alloc_alone(struct kunit *test)
{
	struct drm_gpuvm_ops callbacks = gk_ops;
	struct drm_gpuvm *vm;
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op;

	callbacks.op_alloc = big_op_alloc;
	callbacks.op_free = NULL;
	vm = gk_vm_new_with(test, &callbacks, 0, GK_VM_RANGE);
	gk_va_insert(test, vm, NULL, 4, 4, 0);

	ops = drm_gpuvm_sm_unmap_ops_create(vm, 5, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	drm_gpuva_for_each_op(op, ops) {
		u8 *more = container_of(op, struct big_op, base)->more;

		KUNIT_EXPECT_NULL(test, memchr_inv(more, 0xa5, 200));
	}
	drm_gpuva_ops_free(vm, ops);
	gk_vm_close(test, vm);
}

static void op_default(struct kunit *test)
{
	struct drm_gpuvm_ops callbacks = gk_ops;
	struct drm_gpuvm *vm;

	callbacks.op_alloc = NULL;
	callbacks.op_free = NULL;
	vm = gk_vm_new_with(test, &callbacks, 0, GK_VM_RANGE);
	gk_va_insert(test, vm, NULL, 4, 4, 0);
	expect_ops(test, vm, drm_gpuvm_sm_unmap_ops_create(vm, 5, 1),
		   "remap -[4,8)@0{prev -[4,5)@0, next -[6,8)@2}");
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.ops), 0);

	gk_vm_close(test, vm);
}

static void op_walks(struct kunit *test)
{
	static const u64 addr[] = { 4, 8, 16 };
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva_ops *ops;
	struct drm_gpuva_op *op;
	int n = 0;

	for (int i = 0; i < ARRAY_SIZE(addr); i++)
		gk_va_insert(test, vm, NULL, addr[i], 2, 0);
	ops = drm_gpuvm_prefetch_ops_create(vm, 0, 32);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);

	for (op = drm_gpuva_ops_first(ops); op; op = drm_gpuva_ops_next(ops, op))
		KUNIT_EXPECT_EQ(test, op->prefetch.va->va.addr, addr[n++]);
	KUNIT_EXPECT_EQ(test, n, 3);
	for (op = drm_gpuva_ops_last(ops); op; op = drm_gpuva_ops_prev(ops, op))
		KUNIT_EXPECT_EQ(test, op->prefetch.va->va.addr, addr[--n]);
	KUNIT_EXPECT_EQ(test, n, 0);

	n = 3;
	drm_gpuva_for_each_op_reverse(op, ops)
		KUNIT_EXPECT_EQ(test, op->prefetch.va->va.addr, addr[--n]);
	KUNIT_EXPECT_EQ(test, n, 0);

	/* From the second back, as who undoes does. */
	op = drm_gpuva_prev_op(drm_gpuva_last_op(ops));
	n = 2;
	drm_gpuva_for_each_op_from_reverse(op, ops)
		KUNIT_EXPECT_EQ(test, op->prefetch.va->va.addr, addr[--n]);
	KUNIT_EXPECT_EQ(test, n, 0);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_next_op(drm_gpuva_first_op(ops)),
			    drm_gpuva_prev_op(drm_gpuva_last_op(ops)));
	drm_gpuva_ops_free(vm, ops);

	/* Of an empty list nothing is undone. */
	ops = drm_gpuvm_prefetch_ops_create(vm, 30, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	op = drm_gpuva_last_op(ops);
	drm_gpuva_for_each_op_from_reverse(op, ops)
		KUNIT_FAIL(test, "an operation in an empty list");
	KUNIT_EXPECT_NULL(test, drm_gpuva_ops_first(ops));
	KUNIT_EXPECT_NULL(test, drm_gpuva_ops_last(ops));
	drm_gpuva_ops_free(vm, ops);

	gk_vm_close(test, vm);
}

static struct kunit_case gpuvm_ops_cases[] = {
	KUNIT_CASE_PARAM(row20_madvise_inside, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row20_madvise_over_edge, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row20_madvise_spanning, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row20_madvise_nothing, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row20_madvise_applied, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row28_prefetch, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row28_prefetch_reserve, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row28_prefetch_invalid, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row29_allocation_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row29_vm_bo_allocation_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bo_unmap_list, gk_mode_gen_params),
	KUNIT_CASE(op_alloc_alone),
	KUNIT_CASE(op_default),
	KUNIT_CASE(op_walks),
	{}
};

static struct kunit_suite gpuvm_ops_suite = {
	.name = "gpuvm_ops",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_ops_cases,
};

kunit_test_suite(gpuvm_ops_suite);
