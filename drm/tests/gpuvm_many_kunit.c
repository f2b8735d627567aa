// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Many: objects that many VMs share, and VMs with many external objects, so many
 * that the core does not look at them one by one.
 */
#include <linux/dma-resv.h>

#include "gpuvm_kunit_helper.h"

#define MANY_VMS 27
/* More than have a place in a VM. */
#define MANY_SHARED 7
#define MANY_OBJS 40

/* VMs that share objects, all with all. */
struct many_fixture {
	struct drm_gpuvm *vms[MANY_VMS];
	struct drm_gem_object *objs[MANY_SHARED];
	struct drm_gpuvm_bo *vm_bos[MANY_VMS][MANY_SHARED];
};

static struct drm_gpuvm_bo *find(struct drm_gpuvm *vm,
				 struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	struct gk_lock lock;

	gk_lock(&lock, vm, obj);
	vm_bo = drm_gpuvm_bo_find(vm, obj);
	if (vm_bo)
		WARN_ON(drm_gpuvm_bo_put(vm_bo));
	gk_unlock(&lock);

	return vm_bo;
}

static void expect_found(struct kunit *test, struct many_fixture *f)
{
	for (int v = 0; v < MANY_VMS; v++)
		for (int o = 0; o < MANY_SHARED; o++)
			KUNIT_EXPECT_PTR_EQ_MSG(test, find(f->vms[v], f->objs[o]),
						f->vm_bos[v][o],
						"VM %d, object %d", v, o);
}

/* It goes, in the way of its mode, and cannot be found from then on. */
static void drop(struct kunit *test, struct many_fixture *f, int v, int o)
{
	struct drm_gpuvm_bo *vm_bo = f->vm_bos[v][o];

	if (gk_immediate(test))
		KUNIT_EXPECT_TRUE(test, drm_gpuvm_bo_put_deferred(vm_bo));
	else
		KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo));

	f->vm_bos[v][o] = NULL;
	KUNIT_EXPECT_NULL(test, find(f->vms[v], f->objs[o]));
}

static void obtain(struct kunit *test, struct many_fixture *f, int v, int o)
{
	f->vm_bos[v][o] = gk_vm_bo_obtain(test, f->vms[v], f->objs[o]);
}

static void many_fini(struct kunit *test, struct many_fixture *f)
{
	for (int v = 0; v < MANY_VMS; v++) {
		for (int o = 0; o < MANY_SHARED; o++)
			drop(test, f, v, o);
		drm_gpuvm_bo_deferred_cleanup(f->vms[v]);
		gk_vm_close(test, f->vms[v]);
	}
	for (int o = 0; o < MANY_SHARED; o++)
		drm_gem_object_put(f->objs[o]);
}

/*
 * Whichever goes and comes again, each is found, and nothing else. They come back in
 * the other direction: in VM 20, object 5 gets the place that was object 1's.
 */
static void obtain_among_many(struct kunit *test)
{
	static const struct {
		int vm, obj;
	} leave[] = {
		{ 0, 0 }, { 5, 1 }, { 26, 2 }, { 15, 3 }, { 16, 4 }, { 1, 5 },
		{ 17, 6 }, { 3, 0 }, { 20, 1 }, { 20, 5 }, { 2, 2 }, { 15, 6 },
	};
	struct many_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	for (int o = 0; o < MANY_SHARED; o++)
		f->objs[o] = gk_bo_new(test, 'A' + o);
	for (int v = 0; v < MANY_VMS; v++)
		f->vms[v] = gk_vm_new(test);
	for (int v = 0; v < MANY_VMS; v++) {
		for (int o = 0; o < MANY_SHARED; o++) {
			KUNIT_EXPECT_NULL(test, find(f->vms[v], f->objs[o]));
			obtain(test, f, v, o);
		}
	}
	expect_found(test, f);

	for (int i = 0; i < ARRAY_SIZE(leave); i++) {
		drop(test, f, leave[i].vm, leave[i].obj);
		expect_found(test, f);
	}
	for (int i = ARRAY_SIZE(leave) - 1; i >= 0; i--) {
		obtain(test, f, leave[i].vm, leave[i].obj);
		expect_found(test, f);
	}

	many_fini(test, f);
}

/* A VM with so many external objects that they are taken in several batches. */
struct objs_fixture {
	struct drm_gpuvm *vm;
	struct drm_gem_object *objs[MANY_OBJS];
	struct drm_gpuvm_bo *vm_bos[MANY_OBJS];
};

static struct objs_fixture *objs_init(struct kunit *test)
{
	struct objs_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->vm = gk_vm_new(test);
	for (int i = 0; i < MANY_OBJS; i++) {
		f->objs[i] = gk_bo_new(test, 'A' + i % 26);
		f->vm_bos[i] = gk_vm_bo_obtain_ext(test, f->vm, f->objs[i]);
	}

	return f;
}

static void objs_fini(struct kunit *test, struct objs_fixture *f)
{
	for (int i = 0; i < MANY_OBJS; i++) {
		gk_vm_bo_put(f->vm_bos[i]);
		drm_gem_object_put(f->objs[i]);
	}
	gk_vm_close(test, f->vm);
}

static void expect_refs(struct kunit *test, struct objs_fixture *f,
			unsigned int locks)
{
	for (int i = 0; i < MANY_OBJS; i++) {
		KUNIT_EXPECT_EQ(test, kref_read(&f->objs[i]->refcount),
				2 + locks);
		KUNIT_EXPECT_EQ(test, kref_read(&f->vm_bos[i]->kref), 1);
		KUNIT_EXPECT_EQ(test, dma_resv_is_locked(f->objs[i]->resv),
				locks);
	}
}

/* The first time by batches, then as who knows that they are few. */
static void lock_many(struct kunit *test)
{
	struct objs_fixture *f = objs_init(test);
	struct drm_gpuvm_exec vm_exec = { .vm = f->vm, .num_fences = 1 };

	for (int round = 0; round < 2; round++) {
		KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
		KUNIT_EXPECT_EQ(test, vm_exec.exec.num_objects, MANY_OBJS + 1);
		expect_refs(test, f, 1);
		drm_gpuvm_exec_unlock(&vm_exec);
		expect_refs(test, f, 0);
	}

	objs_fini(test, f);
}

static unsigned int evicted(struct objs_fixture *f)
{
	unsigned int count = 0;

	for (int i = 0; i < MANY_OBJS; i++)
		count += f->vm_bos[i]->evicted;

	return count;
}

/* From the first on, until one fails; the next time from that one on. */
static void validate_many(struct kunit *test)
{
	struct objs_fixture *f = objs_init(test);
	struct drm_gpuvm_exec vm_exec = { .vm = f->vm, .num_fences = 1 };

	for (int i = 0; i < MANY_OBJS; i++)
		gk_vm_bo_evict(f->vm_bos[i], true);

	to_gk_vm(f->vm)->fail_at = 20;
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_validate(&vm_exec), -ENOSPC);
	KUNIT_EXPECT_EQ(test, evicted(f), MANY_OBJS - 19);
	KUNIT_EXPECT_FALSE(test, f->vm_bos[18]->evicted);
	KUNIT_EXPECT_TRUE(test, f->vm_bos[19]->evicted);
	expect_refs(test, f, 1);

	to_gk_vm(f->vm)->fail_at = 0;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_validate(&vm_exec), 0);
	KUNIT_EXPECT_EQ(test, evicted(f), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->vm->evict.list));
	drm_gpuvm_exec_unlock(&vm_exec);
	expect_refs(test, f, 0);

	objs_fini(test, f);
}

static struct kunit_case gpuvm_many_cases[] = {
	KUNIT_CASE_PARAM(obtain_among_many, gk_mode_gen_params),
	KUNIT_CASE_PARAM(lock_many, gk_mode_gen_params),
	KUNIT_CASE_PARAM(validate_many, gk_mode_gen_params),
	{}
};

static struct kunit_suite gpuvm_many_suite = {
	.name = "gpuvm_many",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_many_cases,
};

kunit_test_suite(gpuvm_many_suite);
