// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vm_bos: obtained, linked, put at once and later.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

/* Number of vm_bos in an object's list. */
static unsigned int listed(struct drm_gpuvm *vm, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo, *walked;
	struct gk_lock lock;
	unsigned int n = 0;

	gk_lock(&lock, vm, obj);
	walked = drm_gem_first_gpuvm_bo(obj);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		WARN_ON(vm_bo != walked);
		walked = drm_gem_next_gpuvm_bo(obj, walked);
		n++;
	}
	WARN_ON(walked);
	gk_unlock(&lock);

	return n;
}

static struct drm_gpuvm_bo *find(struct drm_gpuvm *vm,
				 struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	struct gk_lock lock;

	gk_lock(&lock, vm, obj);
	vm_bo = drm_gpuvm_bo_find(vm, obj);
	gk_unlock(&lock);

	return vm_bo;
}

static void link_to(struct drm_gpuvm *vm, struct drm_gpuva *va,
		    struct drm_gpuvm_bo *vm_bo)
{
	struct gk_lock lock;

	gk_lock(&lock, vm, vm_bo->obj);
	drm_gpuva_link(va, vm_bo);
	gk_unlock(&lock);
}

static void row30_obtain_twice(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo;

	KUNIT_EXPECT_NULL(test, find(vm, obj));

	vm_bo = gk_vm_bo_obtain(test, vm, obj);
	KUNIT_EXPECT_PTR_EQ(test, vm_bo->vm, vm);
	KUNIT_EXPECT_PTR_EQ(test, vm_bo->obj, obj);
	KUNIT_EXPECT_EQ(test, kref_read(&vm_bo->kref), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), 2);

	KUNIT_EXPECT_PTR_EQ(test, gk_vm_bo_obtain(test, vm, obj), vm_bo);
	KUNIT_EXPECT_EQ(test, kref_read(&vm_bo->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), 2);
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 1);

	KUNIT_EXPECT_PTR_EQ(test, find(vm, obj), vm_bo);
	KUNIT_EXPECT_EQ(test, kref_read(&vm_bo->kref), 3);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_bo_get(vm_bo), vm_bo);
	KUNIT_EXPECT_EQ(test, kref_read(&vm_bo->kref), 4);

	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, gk_vm_bo_put(vm_bo));
	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo));
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), 1);

	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

/* Each VM has its own, in the order in which they came. */
static void row30_one_per_vm(struct kunit *test)
{
	struct drm_gpuvm *vm[3];
	struct drm_gpuvm_bo *vm_bo[3];
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *walked;
	struct gk_lock lock;

	for (int i = 0; i < 3; i++) {
		vm[i] = gk_vm_new(test);
		vm_bo[i] = gk_vm_bo_obtain(test, vm[i], obj);
		KUNIT_EXPECT_PTR_EQ(test, vm_bo[i]->vm, vm[i]);
	}
	KUNIT_EXPECT_EQ(test, listed(vm[0], obj), 3);

	gk_lock(&lock, vm[0], obj);
	walked = drm_gem_first_gpuvm_bo(obj);
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, walked, vm_bo[i]);
		walked = drm_gem_next_gpuvm_bo(obj, walked);
	}
	gk_unlock(&lock);

	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo[i]));
	drm_gem_object_put(obj);
	for (int i = 0; i < 3; i++)
		gk_vm_close(test, vm[i]);
}

static void row31_prealloc_loser(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *first, *second;

	first = drm_gpuvm_bo_create(vm, obj);
	second = drm_gpuvm_bo_create(vm, obj);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, second);
	/* What is not obtained needs the VM's memory alone. */
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 1);
	/* Nobody finds what is not published. */
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 0);

	gk_events_start();
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_bo_obtain_prealloc(first), first);
	KUNIT_EXPECT_STREQ(test, gk_events(), "");
	KUNIT_EXPECT_EQ(test, kref_read(&first->kref), 1);

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_bo_obtain_prealloc(second), first);
	KUNIT_EXPECT_STREQ(test, gk_events(), "b");
	KUNIT_EXPECT_EQ(test, kref_read(&first->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), 2);
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 1);

	gk_vm_bo_put(first);
	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(first));
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row32_put_order(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);
	unsigned int refs = kref_read(&obj->refcount);
	struct gk_lock lock;

	/* The vm_bo's is now the last reference to the VM. */
	drm_gpuvm_put(vm);

	gk_events_start();
	gk_lock(&lock, vm, obj);
	/* One more while the lock is held. */
	gk_watch.obj = obj;
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_bo_put(vm_bo));
	KUNIT_EXPECT_STREQ(test, gk_events(), "bv");
	KUNIT_EXPECT_EQ(test, gk_watch.refs, refs + 1);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), refs);
	gk_unlock(&lock);

	drm_gem_object_put(obj);
	KUNIT_EXPECT_STREQ(test, gk_events(), "bvo");
}

static void row32_put_null(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_bo_put(NULL));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_bo_put_deferred(NULL));
}

/* Also one that is not the last says what it needs. */
static void row32_put_without_lock(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_mark_skipped(test, "no lockdep");

	drm_gpuvm_bo_get(vm_bo);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_FALSE(test, drm_gpuvm_bo_put(vm_bo));
		if (IS_ENABLED(CONFIG_PROVE_LOCKING))
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}

	gk_vm_bo_put(vm_bo);
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row33_put_deferred(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo, *again;

	vm_bo = gk_vm_bo_obtain_ext(test, vm, obj);
	drm_gpuvm_bo_get(vm_bo);
	gk_events_start();
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_bo_put_deferred(vm_bo));
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 1);

	KUNIT_EXPECT_TRUE(test, drm_gpuvm_bo_put_deferred(vm_bo));
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 0);
	KUNIT_EXPECT_NULL(test, find(vm, obj));
	/* It waits, with all that it refers to. */
	KUNIT_EXPECT_STREQ(test, gk_events(), "");
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);

	again = gk_vm_bo_obtain(test, vm, obj);
	KUNIT_EXPECT_PTR_NE(test, again, vm_bo);
	KUNIT_EXPECT_EQ(test, kref_read(&again->kref), 1);
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 1);

	drm_gpuvm_bo_deferred_cleanup(vm);
	KUNIT_EXPECT_STREQ(test, gk_events(), "b");
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 2);
	drm_gpuvm_bo_deferred_cleanup(vm);
	KUNIT_EXPECT_STREQ(test, gk_events(), "b");

	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(again));
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row33_unlink_defer(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *a, *b;

	vm_bo = gk_vm_bo_obtain(test, vm, obj);
	a = gk_va_insert(test, vm, obj, 0, 1, 0);
	b = gk_va_insert(test, vm, obj, 1, 1, 1);
	link_to(vm, a, vm_bo);
	link_to(vm, b, vm_bo);
	KUNIT_EXPECT_EQ(test, kref_read(&vm_bo->kref), 3);
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_bo_put_deferred(vm_bo));
	/* The vm_bo has the last reference to the object. */
	drm_gem_object_put(obj);

	gk_events_start();
	drm_gpuva_unlink_defer(a);
	KUNIT_EXPECT_NULL(test, a->vm_bo);
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 1);
	drm_gpuva_unlink_defer(b);
	KUNIT_EXPECT_NULL(test, b->vm_bo);
	KUNIT_EXPECT_EQ(test, listed(vm, obj), 0);
	KUNIT_EXPECT_STREQ(test, gk_events(), "");

	drm_gpuvm_bo_deferred_cleanup(vm);
	KUNIT_EXPECT_STREQ(test, gk_events(), "bo");
	gk_vm_close(test, vm);
}

static void row33_closed_without_cleanup(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gem_object *other = gk_bo_new(test, 'B');

	drm_gpuvm_bo_put_deferred(gk_vm_bo_obtain_ext(test, vm, obj));
	drm_gpuvm_bo_put_deferred(gk_vm_bo_obtain_ext(test, vm, other));
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, drm_gpuvm_close(vm), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	/* Reported, and cleaned up all the same. */
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vm_bos), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 0);
	drm_gem_object_put(other);
	drm_gem_object_put(obj);
}

static void row34_unlink_never_linked(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuva *va = gk_va_insert(test, vm, obj, 0, 1, 0);
	struct drm_gpuva *sparse = gk_va_insert(test, vm, NULL, 1, 1, 0);
	struct gk_lock lock;

	if (gk_immediate(test)) {
		drm_gpuva_unlink_defer(va);
		drm_gpuva_unlink_defer(sparse);
	}
	gk_lock(&lock, vm, obj);
	drm_gpuva_unlink(va);
	drm_gpuva_unlink(sparse);
	gk_unlock(&lock);
	KUNIT_EXPECT_NULL(test, va->vm_bo);

	gk_vm_clear(vm);
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

/* The objects that a VM locks, by name, beside its own dma_resv. */
static const char *locked(struct kunit *test, struct drm_gpuvm *vm)
{
	struct drm_gpuvm_exec vm_exec = { .vm = vm, .num_fences = 1 };
	char *names = kunit_kzalloc(test, 16, GFP_KERNEL);
	struct drm_gem_object *obj;
	int n = 0;

	KUNIT_ASSERT_NOT_NULL(test, names);
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	drm_exec_for_each_locked_object(&vm_exec.exec, obj)
		if (obj != drm_gpuvm_resv_obj(vm) && n < 15)
			names[n++] = gk_bo_name(obj);
	drm_gpuvm_exec_unlock(&vm_exec);

	return names;
}

/* How many objects a VM locks that is not locked itself. */
static unsigned int listed_external(struct drm_gpuvm *vm)
{
	struct drm_exec exec;
	unsigned int num;

	drm_exec_init(&exec, 0, 0);
	drm_exec_until_all_locked(&exec) {
		WARN_ON(drm_gpuvm_prepare_objects(vm, &exec, 1) &&
			!drm_exec_is_contended(&exec));
		drm_exec_retry_on_contention(&exec);
	}
	num = exec.num_objects;
	drm_exec_fini(&exec);

	return num;
}

static void row35_extobj_add(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *ext = gk_bo_new(test, 'A');
	struct drm_gem_object *priv = gk_bo_new_private(test, 'B', vm);
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, ext);
	struct drm_gpuvm_bo *private = gk_vm_bo_obtain(test, vm, priv);
	struct drm_gpuva *va = gk_va_insert(test, vm, ext, 0, 1, 0);

	KUNIT_EXPECT_STREQ(test, locked(test, vm), "");
	gk_extobj_add(vm_bo);
	gk_extobj_add(vm_bo);
	gk_extobj_add(private);
	KUNIT_EXPECT_STREQ(test, locked(test, vm), "A");
	/* With the VM, a private object would be locked in any case. */
	if (!gk_resv_protected(test))
		KUNIT_EXPECT_EQ(test, listed_external(vm), 1);

	/* It has nothing to do with what is mapped. */
	link_to(vm, va, vm_bo);
	KUNIT_EXPECT_FALSE(test, gk_vm_bo_put(vm_bo));
	KUNIT_EXPECT_STREQ(test, locked(test, vm), "A");

	gk_vm_clear(vm);
	KUNIT_EXPECT_STREQ(test, locked(test, vm), "");

	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(private));
	drm_gem_object_put(priv);
	drm_gem_object_put(ext);
	gk_vm_close(test, vm);
}

static void row36_link_refused(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test), *other_vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gem_object *other = gk_bo_new(test, 'B');
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);
	struct drm_gpuvm_bo *of_other = gk_vm_bo_obtain(test, vm, other);
	struct drm_gpuvm_bo *of_other_vm = gk_vm_bo_obtain(test, other_vm, obj);
	struct drm_gpuva *va = gk_va_insert(test, vm, obj, 0, 1, 0);
	struct drm_gpuva *sparse = gk_va_insert(test, vm, NULL, 1, 1, 0);

	/* another object's vm_bo, and another VM's */
	kunit_warning_suppress(test) {
		link_to(vm, va, of_other);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		KUNIT_EXPECT_NULL(test, va->vm_bo);
		link_to(vm, va, of_other_vm);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2);
		KUNIT_EXPECT_NULL(test, va->vm_bo);
	}
	KUNIT_EXPECT_EQ(test, kref_read(&of_other->kref), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&of_other_vm->kref), 1);

	/* twice */
	kunit_warning_suppress(test) {
		link_to(vm, va, vm_bo);
		link_to(vm, sparse, vm_bo);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
		link_to(vm, va, vm_bo);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_PTR_EQ(test, va->vm_bo, vm_bo);
	KUNIT_EXPECT_NULL(test, sparse->vm_bo);
	KUNIT_EXPECT_EQ(test, kref_read(&vm_bo->kref), 2);

	gk_vm_bo_put(vm_bo);
	gk_vm_bo_put(of_other);
	gk_vm_bo_put(of_other_vm);
	gk_vm_clear(vm);
	drm_gem_object_put(other);
	drm_gem_object_put(obj);
	gk_vm_close(test, other_vm);
	gk_vm_close(test, vm);
}

/* A mapping may be linked before it is inserted, if it knows its VM. */
static void link_before_insert(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);
	struct drm_gpuva *va = gk_va_new(test, obj, 4, 1, 0);

	va->vm = vm;
	link_to(vm, va, vm_bo);
	KUNIT_EXPECT_PTR_EQ(test, va->vm_bo, vm_bo);
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(vm, va), 0);
	KUNIT_EXPECT_FALSE(test, gk_vm_bo_put(vm_bo));

	gk_vm_clear(vm);
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row37_starts_evicted(struct kunit *test)
{
	struct drm_gpuvm *first = gk_vm_new(test), *second = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *a = gk_vm_bo_obtain_ext(test, first, obj), *b;
	struct drm_gpuvm_exec vm_exec = { .vm = second };

	KUNIT_EXPECT_FALSE(test, a->evicted);
	gk_vm_bo_evict(a, true);

	b = gk_vm_bo_obtain_ext(test, second, obj);
	KUNIT_EXPECT_TRUE(test, b->evicted);

	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_validate(&vm_exec), 0);
	drm_gpuvm_exec_unlock(&vm_exec);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(second)->validated, "A");
	KUNIT_EXPECT_FALSE(test, b->evicted);

	/* While it is back, a new one starts so. */
	gk_vm_bo_evict(a, false);
	gk_vm_bo_put(b);
	b = gk_vm_bo_obtain(test, second, obj);
	KUNIT_EXPECT_FALSE(test, b->evicted);

	gk_vm_bo_put(b);
	gk_vm_bo_put(a);
	drm_gem_object_put(obj);
	gk_vm_close(test, second);
	gk_vm_close(test, first);
}

/* Eviction of an object is told to all VMs that map it. */
static void gem_evict(struct kunit *test)
{
	struct drm_gpuvm *first = gk_vm_new(test), *second = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *a = gk_vm_bo_obtain_ext(test, first, obj);
	struct drm_gpuvm_bo *b = gk_vm_bo_obtain_ext(test, second, obj);
	struct gk_lock lock;

	gk_lock(&lock, first, obj);
	drm_gpuvm_bo_gem_evict(obj, true);
	gk_unlock(&lock);
	KUNIT_EXPECT_TRUE(test, a->evicted);
	KUNIT_EXPECT_TRUE(test, b->evicted);

	gk_lock(&lock, first, obj);
	drm_gpuvm_bo_gem_evict(obj, false);
	gk_unlock(&lock);
	KUNIT_EXPECT_FALSE(test, a->evicted);
	KUNIT_EXPECT_FALSE(test, b->evicted);

	gk_vm_bo_put(b);
	gk_vm_bo_put(a);
	drm_gem_object_put(obj);
	gk_vm_close(test, second);
	gk_vm_close(test, first);
}

/* The driver lets go of its last reference while it validates. */
static int validate_and_drop(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	drm_gpuvm_bo_evict(vm_bo, false);
	if (drm_gpuvm_immediate_mode(vm_bo->vm))
		drm_gpuvm_bo_put_deferred(vm_bo);
	else
		drm_gpuvm_bo_put(vm_bo);

	return 0;
}

/*
 * Without DRM_GPUVM_RESV_PROTECTED the walk of evicted objects holds a reference
 * of its own to each, which may turn out to be the last one. Neither may it be
 * dropped under the lists' spinlock, nor without the gpuva lock.
 */
static void row44_walk_drops_last(struct kunit *test)
{
	struct drm_gpuvm_ops callbacks = gk_ops;
	struct drm_gpuvm *vm;
	struct drm_gem_object *obj[3];
	struct drm_gpuvm_exec vm_exec = {};

	callbacks.vm_bo_validate = validate_and_drop;
	vm = gk_vm_new_with(test, &callbacks, 0, GK_VM_RANGE);
	for (int i = 0; i < ARRAY_SIZE(obj); i++) {
		obj[i] = gk_bo_new(test, 'A' + i);
		gk_vm_bo_evict(gk_vm_bo_obtain_ext(test, vm, obj[i]), true);
	}

	vm_exec.vm = vm;
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_validate(&vm_exec), 0);
	drm_gpuvm_exec_unlock(&vm_exec);

	for (int i = 0; i < ARRAY_SIZE(obj); i++)
		KUNIT_EXPECT_EQ(test, listed(vm, obj[i]), 0);
	drm_gpuvm_bo_deferred_cleanup(vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vm_bos), 0);

	for (int i = 0; i < ARRAY_SIZE(obj); i++)
		drm_gem_object_put(obj[i]);
	gk_vm_close(test, vm);
}

static struct kunit_case gpuvm_bo_cases[] = {
	KUNIT_CASE_PARAM(row30_obtain_twice, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row30_one_per_vm, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row31_prealloc_loser, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(row32_put_order, gk_mode_gen_params),
	KUNIT_CASE(row32_put_null),
	KUNIT_CASE_PARAM(row32_put_without_lock, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row33_put_deferred, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(row33_unlink_defer, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(row33_closed_without_cleanup, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(row34_unlink_never_linked, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row35_extobj_add, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row36_link_refused, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row37_starts_evicted, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row44_walk_drops_last, gk_internal_gen_params),
	KUNIT_CASE_PARAM(link_before_insert, gk_mode_gen_params),
	KUNIT_CASE_PARAM(gem_evict, gk_mode_gen_params),
	{}
};

static struct kunit_suite gpuvm_bo_suite = {
	.name = "gpuvm_bo",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_bo_cases,
};

kunit_test_suite(gpuvm_bo_suite);
