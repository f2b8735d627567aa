// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Locking, validation and fences.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

#define NUM_OBJS 4

/* A VM and NUM_OBJS external objects that it locks. */
struct exec_fixture {
	struct drm_gpuvm *vm;
	struct drm_gem_object *obj[NUM_OBJS];
	struct drm_gpuvm_bo *vm_bo[NUM_OBJS];
};

static void fixture_init(struct kunit *test, struct exec_fixture *f,
			 const struct drm_gpuvm_ops *ops)
{
	f->vm = gk_vm_new_with(test, ops, 0, GK_VM_RANGE);
	for (int i = 0; i < NUM_OBJS; i++) {
		f->obj[i] = gk_bo_new(test, 'A' + i);
		f->vm_bo[i] = gk_vm_bo_obtain_ext(test, f->vm, f->obj[i]);
	}
}

static void fixture_fini(struct kunit *test, struct exec_fixture *f)
{
	gk_vm_clear(f->vm);
	for (int i = 0; i < NUM_OBJS; i++) {
		gk_vm_bo_put(f->vm_bo[i]);
		drm_gem_object_put(f->obj[i]);
	}
	gk_vm_close(test, f->vm);
}

/* The locked objects by name, in the order in which they are held; VM is V. */
static const char *exec_text(struct kunit *test, struct drm_gpuvm *vm,
			     struct drm_exec *exec)
{
	char *names = kunit_kzalloc(test, 32, GFP_KERNEL);
	struct drm_gem_object *obj;
	int n = 0;

	KUNIT_ASSERT_NOT_NULL(test, names);
	drm_exec_for_each_locked_object(exec, obj) {
		dma_resv_assert_held(obj->resv);
		if (n < 31)
			names[n++] = obj == drm_gpuvm_resv_obj(vm) ?
				     'V' : gk_bo_name(obj);
	}

	return names;
}

/* Contention may change the order: compare as sets. */
static void expect_locked(struct kunit *test, struct drm_gpuvm *vm,
			  struct drm_exec *exec, const char *want)
{
	const char *have = exec_text(test, vm, exec);

	KUNIT_EXPECT_EQ_MSG(test, strlen(have), strlen(want),
			    "locked %s, not %s", have, want);
	for (; *want; want++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strchr(have, *want),
					  "%c not locked, but %s", *want, have);
}

static bool has_slots(struct drm_gem_object *obj)
{
	return rcu_access_pointer(obj->resv->fences);
}

static bool evict_listed(struct drm_gpuvm *vm)
{
	struct gk_lock lock;
	bool empty;

	gk_lock_resv(&lock, vm, NULL);
	empty = list_empty(&vm->evict.list);
	gk_unlock(&lock);

	return !empty;
}

/* Lock all and validate; leaves nothing locked. */
static int lock_validate(struct kunit *test, struct drm_gpuvm *vm)
{
	struct drm_gpuvm_exec vm_exec = { .vm = vm, .num_fences = 1 };
	int ret;

	memset(to_gk_vm(vm)->validated, 0, sizeof(to_gk_vm(vm)->validated));
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	ret = drm_gpuvm_exec_validate(&vm_exec);
	drm_gpuvm_exec_unlock(&vm_exec);

	return ret;
}

static void row38_evict_external(struct kunit *test)
{
	struct drm_gpuvm_exec vm_exec = {};
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	gk_vm_bo_evict(f.vm_bo[1], true);
	KUNIT_EXPECT_TRUE(test, f.vm_bo[1]->evicted);
	KUNIT_EXPECT_FALSE(test, evict_listed(f.vm));

	vm_exec.vm = f.vm;
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&f.vm->evict.list));
	drm_gpuvm_exec_unlock(&vm_exec);

	/* Listed once, however often it is locked. */
	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "B");
	fixture_fini(test, &f);
}

static void row39_evict_listed(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj, *priv = gk_bo_new_private(test, 'P', vm);
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, priv);

	/* A private object goes to the list at once in both lock modes. */
	gk_vm_bo_evict(vm_bo, true);
	KUNIT_EXPECT_TRUE(test, evict_listed(vm));
	gk_vm_bo_evict(vm_bo, true);
	gk_vm_bo_evict(vm_bo, false);
	KUNIT_EXPECT_FALSE(test, evict_listed(vm));
	gk_vm_bo_put(vm_bo);
	drm_gem_object_put(priv);

	obj = gk_bo_new(test, 'A');
	vm_bo = gk_vm_bo_obtain_ext(test, vm, obj);
	if (!gk_resv_protected(test)) {
		gk_vm_bo_evict(vm_bo, true);
		KUNIT_EXPECT_TRUE(test, evict_listed(vm));
		gk_vm_bo_evict(vm_bo, false);
		KUNIT_EXPECT_FALSE(test, evict_listed(vm));
	}

	/* Nor does a list keep what is gone. */
	gk_vm_bo_evict(vm_bo, true);
	gk_vm_bo_put(vm_bo);
	KUNIT_EXPECT_FALSE(test, evict_listed(vm));
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static void row40_validate_delists(struct kunit *test)
{
	struct exec_fixture f;
	struct drm_gem_object *priv;
	struct drm_gpuvm_bo *private;

	fixture_init(test, &f, &gk_ops);
	priv = gk_bo_new_private(test, 'P', f.vm);
	private = gk_vm_bo_obtain(test, f.vm, priv);

	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "");

	gk_vm_bo_evict(private, true);
	gk_vm_bo_evict(f.vm_bo[0], true);
	gk_vm_bo_evict(f.vm_bo[2], true);
	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "PAC");
	KUNIT_EXPECT_FALSE(test, evict_listed(f.vm));
	KUNIT_EXPECT_FALSE(test, f.vm_bo[0]->evicted);

	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "");

	gk_vm_bo_put(private);
	drm_gem_object_put(priv);
	fixture_fini(test, &f);
}

/* The flag alone is set by the driver, as in-tree drivers do. */
static int validate_flag(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	vm_bo->evicted = false;
	return 0;
}

static void row40_validate_by_flag(struct kunit *test)
{
	struct drm_gpuvm_ops callbacks = gk_ops;
	struct exec_fixture f;

	callbacks.vm_bo_validate = validate_flag;
	fixture_init(test, &f, &callbacks);
	for (int i = 0; i < NUM_OBJS; i++)
		gk_vm_bo_evict(f.vm_bo[i], true);
	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_FALSE(test, evict_listed(f.vm));

	fixture_fini(test, &f);
}

/* Who says that it succeeded and leaves it evicted is asked again. */
static void row40_stays_evicted(struct kunit *test)
{
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	gk_vm_bo_evict(f.vm_bo[0], true);
	gk_vm_bo_evict(f.vm_bo[1], true);
	to_gk_vm(f.vm)->stay_evicted = true;
	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "AB");
	KUNIT_EXPECT_TRUE(test, evict_listed(f.vm));

	to_gk_vm(f.vm)->stay_evicted = false;
	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
	KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "AB");
	KUNIT_EXPECT_FALSE(test, evict_listed(f.vm));

	fixture_fini(test, &f);
}

static struct drm_gpuvm_bo *to_be_evicted;

/* Room for one may be where another one was. */
static int validate_evicting(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	if (to_be_evicted)
		drm_gpuvm_bo_evict(to_be_evicted, true);
	to_be_evicted = NULL;

	return gk_ops.vm_bo_validate(vm_bo, exec);
}

/* A walk that lets go of its lock meets what came behind its end meanwhile. */
static void row40_evicted_meanwhile(struct kunit *test)
{
	struct drm_gpuvm_ops callbacks = gk_ops;
	struct exec_fixture f;

	callbacks.vm_bo_validate = validate_evicting;
	fixture_init(test, &f, &callbacks);
	if (!drm_gpuvm_resv_protected(f.vm)) {
		gk_vm_bo_evict(f.vm_bo[2], true);
		to_be_evicted = f.vm_bo[0];
		KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
		KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated, "CA");
		KUNIT_EXPECT_FALSE(test, evict_listed(f.vm));
	}

	fixture_fini(test, &f);
}

static void row41_validate_fails(struct kunit *test)
{
	static const char all[] = "ABCD";

	for (unsigned int k = 1; k <= NUM_OBJS; k++) {
		struct exec_fixture f;

		fixture_init(test, &f, &gk_ops);
		for (int i = 0; i < NUM_OBJS; i++)
			gk_vm_bo_evict(f.vm_bo[i], true);

		to_gk_vm(f.vm)->fail_at = k;
		KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), -ENOSPC);
		KUNIT_EXPECT_EQ(test, strlen(to_gk_vm(f.vm)->validated), k);
		for (int i = 0; i < NUM_OBJS; i++)
			KUNIT_EXPECT_EQ(test, f.vm_bo[i]->evicted, i + 1 >= k);
		KUNIT_EXPECT_TRUE(test, evict_listed(f.vm));

		/* What is left is asked again, in the order it was in. */
		to_gk_vm(f.vm)->fail_at = 0;
		KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), 0);
		KUNIT_EXPECT_STREQ(test, to_gk_vm(f.vm)->validated,
				   all + k - 1);
		KUNIT_EXPECT_FALSE(test, evict_listed(f.vm));

		fixture_fini(test, &f);
	}
}

static void row42_validate_missing(struct kunit *test)
{
	struct drm_gpuvm_ops callbacks = gk_ops;
	struct exec_fixture f;

	callbacks.vm_bo_validate = NULL;
	fixture_init(test, &f, &callbacks);
	gk_vm_bo_evict(f.vm_bo[0], true);
	KUNIT_EXPECT_EQ(test, lock_validate(test, f.vm), -EOPNOTSUPP);
	gk_vm_bo_evict(f.vm_bo[0], false);

	fixture_fini(test, &f);
}

/* Three mappings: of A, of none, of B. */
static void map_three(struct kunit *test, struct exec_fixture *f)
{
	gk_va_insert(test, f->vm, f->obj[0], 4, 4, 0);
	gk_va_insert(test, f->vm, NULL, 8, 4, 0);
	gk_va_insert(test, f->vm, f->obj[1], 12, 4, 0);
}

/* All that lock, with a number of fences: what it holds, if it reserved. */
enum exec_how { HOW_ALL, HOW_ARRAY, HOW_RANGE, HOW_MAX };

static int exec_by(struct drm_gpuvm_exec *vm_exec, struct exec_fixture *f,
		   enum exec_how how)
{
	switch (how) {
	case HOW_ALL:
		return drm_gpuvm_exec_lock(vm_exec);
	case HOW_ARRAY:
		return drm_gpuvm_exec_lock_array(vm_exec, f->obj, 2);
	default:
		return drm_gpuvm_exec_lock_range(vm_exec, 0, 32);
	}
}

static const char * const exec_holds[HOW_MAX] = { "VABCD", "VABCD", "AB" };

static void row45_num_fences(struct kunit *test)
{
	for (int how = 0; how < HOW_MAX; how++) {
		for (unsigned int fences = 0; fences < 2; fences++) {
			struct drm_gpuvm_exec vm_exec = {
				.num_fences = fences,
			};
			struct exec_fixture f;

			fixture_init(test, &f, &gk_ops);
			map_three(test, &f);
			vm_exec.vm = f.vm;
			KUNIT_ASSERT_EQ(test, exec_by(&vm_exec, &f, how), 0);
			expect_locked(test, f.vm, &vm_exec.exec,
				      exec_holds[how]);
			KUNIT_EXPECT_EQ(test, has_slots(f.obj[0]), fences != 0);
			KUNIT_EXPECT_EQ(test, has_slots(f.obj[1]), fences != 0);
			KUNIT_EXPECT_EQ(test, has_slots(f.obj[2]),
					fences && how != HOW_RANGE);
			KUNIT_EXPECT_EQ(test, has_slots(f.vm->r_obj),
					fences && how != HOW_RANGE);
			drm_gpuvm_exec_unlock(&vm_exec);
			fixture_fini(test, &f);
		}
	}
}

static int map_locked(struct drm_exec *exec, struct exec_fixture *f,
		      unsigned int fences)
{
	struct drm_gpuvm_map_req req = gk_req(f->obj[2], 6, 4, 0);
	int ret;

	drm_exec_init(exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_sm_map_exec_lock(f->vm, exec, fences, &req);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}

	return ret;
}

static int unmap_locked(struct drm_exec *exec, struct exec_fixture *f,
			u64 addr, u64 range)
{
	int ret;

	drm_exec_init(exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_sm_unmap_exec_lock(f->vm, exec, addr, range);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}

	return ret;
}

static void row45_sm_map_exec_lock(struct kunit *test)
{
	for (unsigned int fences = 0; fences < 2; fences++) {
		struct drm_exec exec;
		struct exec_fixture f;

		fixture_init(test, &f, &gk_ops);
		map_three(test, &f);
		KUNIT_ASSERT_EQ(test, map_locked(&exec, &f, fences), 0);
		/* The new object, and that of what is cut. */
		expect_locked(test, f.vm, &exec, "CA");
		KUNIT_EXPECT_EQ(test, has_slots(f.obj[2]), fences != 0);
		KUNIT_EXPECT_FALSE(test, has_slots(f.obj[1]));
		drm_exec_fini(&exec);
		fixture_fini(test, &f);
	}
}

static void row45_sm_unmap_exec_lock(struct kunit *test)
{
	struct drm_exec exec;
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	map_three(test, &f);
	KUNIT_EXPECT_EQ(test, unmap_locked(&exec, &f, 5, 8), 0);
	expect_locked(test, f.vm, &exec, "AB");
	KUNIT_EXPECT_FALSE(test, has_slots(f.obj[0]));
	drm_exec_fini(&exec);

	KUNIT_EXPECT_EQ(test, unmap_locked(&exec, &f, 8, 4), 0);
	expect_locked(test, f.vm, &exec, "");
	drm_exec_fini(&exec);

	KUNIT_EXPECT_EQ(test, unmap_locked(&exec, &f, 8, 0), -EINVAL);
	drm_exec_fini(&exec);
	KUNIT_EXPECT_EQ(test, unmap_locked(&exec, &f, 8, U64_MAX), -EINVAL);
	drm_exec_fini(&exec);

	fixture_fini(test, &f);
}

static int range_locked(struct exec_fixture *f, u64 addr, u64 range)
{
	struct drm_gpuvm_exec vm_exec = { .vm = f->vm };
	int ret = drm_gpuvm_exec_lock_range(&vm_exec, addr, range);

	if (!ret)
		drm_gpuvm_exec_unlock(&vm_exec);
	return ret;
}

static void row45_lock_range(struct kunit *test)
{
	struct drm_gpuvm_exec vm_exec = {};
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	map_three(test, &f);
	vm_exec.vm = f.vm;

	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock_range(&vm_exec, 5, 1));
	expect_locked(test, f.vm, &vm_exec.exec, "A");
	drm_gpuvm_exec_unlock(&vm_exec);

	/* The reserve and what has no object are passed over. */
	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock_range(&vm_exec, 8,
							   GK_VM_RANGE - 8));
	expect_locked(test, f.vm, &vm_exec.exec, "B");
	drm_gpuvm_exec_unlock(&vm_exec);

	KUNIT_EXPECT_EQ(test, range_locked(&f, 5, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, range_locked(&f, 5, U64_MAX), -EINVAL);

	fixture_fini(test, &f);
}

/* Objects B and C take A's dma_resv, as buffers of one exporter may do. */
static void share_resv(struct exec_fixture *f)
{
	f->obj[1]->resv = f->obj[0]->resv;
	f->obj[2]->resv = f->obj[0]->resv;
}

static void unshare_resv(struct exec_fixture *f)
{
	f->obj[1]->resv = &f->obj[1]->_resv;
	f->obj[2]->resv = &f->obj[2]->_resv;
}

static void row46_shared_resv(struct kunit *test)
{
	static const u32 flags[] = { 0, DRM_EXEC_IGNORE_DUPLICATES };

	for (int i = 0; i < ARRAY_SIZE(flags) * HOW_MAX; i++) {
		struct drm_gpuvm_exec vm_exec = {
			.flags = flags[i % ARRAY_SIZE(flags)],
			.num_fences = 1,
		};
		enum exec_how how = i / ARRAY_SIZE(flags);
		struct exec_fixture f;

		fixture_init(test, &f, &gk_ops);
		map_three(test, &f);
		share_resv(&f);

		vm_exec.vm = f.vm;
		KUNIT_ASSERT_EQ_MSG(test, exec_by(&vm_exec, &f, how), 0,
				    "how %d flags %u", how, vm_exec.flags);
		/* Which of the three stands for them is of no account. */
		KUNIT_EXPECT_EQ(test, vm_exec.exec.num_objects,
				how == HOW_RANGE ? 1 : 3);
		KUNIT_EXPECT_TRUE(test, has_slots(f.obj[1]));
		drm_gpuvm_exec_unlock(&vm_exec);

		unshare_resv(&f);
		fixture_fini(test, &f);
	}
}

/* An object given twice in an array is as good as once. */
static void row46_array_duplicates(struct kunit *test)
{
	struct drm_gpuvm_exec vm_exec = { .num_fences = 1 };
	struct drm_gem_object *objs[3];
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	objs[0] = f.obj[0];
	objs[1] = f.obj[1];
	objs[2] = f.obj[0];
	vm_exec.vm = f.vm;
	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock_array(&vm_exec, objs, 3));
	expect_locked(test, f.vm, &vm_exec.exec, "VABCD");
	drm_gpuvm_exec_unlock(&vm_exec);

	fixture_fini(test, &f);
}

static const char *fence_name(struct dma_fence *fence)
{
	return "gpuvm-kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static struct dma_fence *fence_new(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, &lock, dma_fence_context_alloc(1), 1);

	return fence;
}

/* The usage with which an object has a fence; -1 if it does not have it. */
static int fence_usage(struct drm_gem_object *obj, struct dma_fence *fence)
{
	struct dma_resv_iter cursor;
	struct dma_fence *f;
	int usage = -1;

	dma_resv_lock(obj->resv, NULL);
	dma_resv_for_each_fence(&cursor, obj->resv, DMA_RESV_USAGE_BOOKKEEP, f)
		if (f == fence)
			usage = dma_resv_iter_usage(&cursor);
	dma_resv_unlock(obj->resv);

	return usage;
}

static void row47_add_fence(struct kunit *test)
{
	struct drm_gpuvm_exec vm_exec = { .num_fences = 1 };
	struct dma_fence *fence = fence_new(test);
	struct drm_gem_object *priv, *extra;
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	priv = gk_bo_new_private(test, 'P', f.vm);
	extra = gk_bo_new(test, 'X');

	vm_exec.vm = f.vm;
	KUNIT_ASSERT_EQ(test, 0,
			drm_gpuvm_exec_lock_array(&vm_exec, &extra, 1));
	drm_gpuvm_exec_resv_add_fence(&vm_exec, fence,
				      DMA_RESV_USAGE_BOOKKEEP,
				      DMA_RESV_USAGE_WRITE);
	drm_gpuvm_exec_unlock(&vm_exec);

	KUNIT_EXPECT_EQ(test, fence_usage(f.vm->r_obj, fence),
			DMA_RESV_USAGE_BOOKKEEP);
	KUNIT_EXPECT_EQ(test, fence_usage(priv, fence),
			DMA_RESV_USAGE_BOOKKEEP);
	for (int i = 0; i < NUM_OBJS; i++)
		KUNIT_EXPECT_EQ(test, fence_usage(f.obj[i], fence),
				DMA_RESV_USAGE_WRITE);
	KUNIT_EXPECT_EQ(test, fence_usage(extra, fence), DMA_RESV_USAGE_WRITE);

	dma_fence_signal(fence);
	dma_fence_put(fence);
	drm_gem_object_put(extra);
	drm_gem_object_put(priv);
	fixture_fini(test, &f);
}

struct extra {
	struct drm_gem_object *obj;
	unsigned int calls;
	int ret;
};

static int lock_extra(struct drm_gpuvm_exec *vm_exec)
{
	struct extra *extra = vm_exec->extra.priv;

	extra->calls++;
	if (extra->ret)
		return extra->ret;

	return drm_exec_prepare_obj(&vm_exec->exec, extra->obj,
				    vm_exec->num_fences);
}

static void row48_array_leaves_extra(struct kunit *test)
{
	struct drm_gpuvm_exec vm_exec = { .num_fences = 1 };
	struct extra extra = { .obj = gk_bo_new(test, 'X') };
	struct drm_gem_object *more = gk_bo_new(test, 'Y');
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	vm_exec.vm = f.vm;

	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock_array(&vm_exec, &more, 1));
	expect_locked(test, f.vm, &vm_exec.exec, "VABCDY");
	KUNIT_EXPECT_NULL(test, vm_exec.extra.fn);
	KUNIT_EXPECT_NULL(test, vm_exec.extra.priv);
	drm_gpuvm_exec_unlock(&vm_exec);

	/* What the caller has there is honoured, and stays. */
	vm_exec.extra.fn = lock_extra;
	vm_exec.extra.priv = &extra;
	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock_array(&vm_exec, &more, 1));
	expect_locked(test, f.vm, &vm_exec.exec, "VABCDXY");
	KUNIT_EXPECT_TRUE(test, vm_exec.extra.fn == lock_extra);
	KUNIT_EXPECT_PTR_EQ(test, vm_exec.extra.priv, &extra);
	KUNIT_EXPECT_GE(test, extra.calls, 1);
	drm_gpuvm_exec_unlock(&vm_exec);

	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock_array(&vm_exec, NULL, 0));
	expect_locked(test, f.vm, &vm_exec.exec, "VABCDX");
	drm_gpuvm_exec_unlock(&vm_exec);

	drm_gem_object_put(more);
	drm_gem_object_put(extra.obj);
	fixture_fini(test, &f);
}

static bool resv_free(struct drm_gem_object *obj)
{
	bool locked = dma_resv_trylock(obj->resv);

	if (locked)
		dma_resv_unlock(obj->resv);
	return locked;
}

/* On an error all is unlocked: there is nothing to unlock for the caller. */
static void exec_lock_fails(struct kunit *test)
{
	struct drm_gpuvm_exec vm_exec = { .num_fences = 1 };
	struct extra extra = { .ret = -EIO };
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	vm_exec.vm = f.vm;
	vm_exec.extra.fn = lock_extra;
	vm_exec.extra.priv = &extra;

	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), -EIO);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_lock_array(&vm_exec, f.obj, 2),
			-EIO);
	for (int i = 0; i < NUM_OBJS; i++) {
		KUNIT_EXPECT_TRUE(test, resv_free(f.obj[i]));
		KUNIT_EXPECT_EQ(test, kref_read(&f.obj[i]->refcount), 2);
	}
	KUNIT_EXPECT_TRUE(test, resv_free(f.vm->r_obj));
	KUNIT_EXPECT_EQ(test, kref_read(&f.vm->r_obj->refcount), 1);

	fixture_fini(test, &f);
}

/* Lock all while allocation n fails. Return: whether there was none to fail. */
static bool lock_without_memory(struct kunit *test, unsigned int n)
{
	struct drm_gpuvm_exec vm_exec = { .num_fences = 1 };
	struct exec_fixture f;
	unsigned int left;
	int ret;

	fixture_init(test, &f, &gk_ops);
	vm_exec.vm = f.vm;

	gk_fail_alloc_arm(n);
	ret = drm_gpuvm_exec_lock(&vm_exec);
	left = gk_fail_alloc_disarm();
	if (!ret)
		drm_gpuvm_exec_unlock(&vm_exec);
	else
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	if (left)
		KUNIT_EXPECT_EQ(test, ret, 0);
	for (int i = 0; i < NUM_OBJS; i++)
		KUNIT_EXPECT_TRUE(test, resv_free(f.obj[i]));
	KUNIT_EXPECT_TRUE(test, resv_free(f.vm->r_obj));

	fixture_fini(test, &f);
	return left;
}

/* Without memory for locks or fences too. */
static void exec_lock_no_memory(struct kunit *test)
{
	unsigned int n = 1;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	while (n < 100 && !lock_without_memory(test, n))
		n++;
	KUNIT_EXPECT_LT(test, n, 100);
	KUNIT_EXPECT_GT(test, n, NUM_OBJS + 1);
}

/* As a driver in another language uses it, to which drm_exec is opaque. */
static void exec_allocated(struct kunit *test)
{
	struct drm_gpuvm_exec *vm_exec;
	struct exec_fixture f;

	fixture_init(test, &f, &gk_ops);
	vm_exec = drm_gpuvm_exec_alloc(f.vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
	KUNIT_ASSERT_NOT_NULL(test, vm_exec);
	KUNIT_EXPECT_PTR_EQ(test, vm_exec->vm, f.vm);
	KUNIT_EXPECT_EQ(test, vm_exec->num_fences, 1);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_exec_context(vm_exec),
			    &vm_exec->exec);
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(vm_exec), 0);
	expect_locked(test, f.vm, drm_gpuvm_exec_context(vm_exec), "VABCD");
	drm_gpuvm_exec_unlock(vm_exec);
	drm_gpuvm_exec_free(vm_exec);

	fixture_fini(test, &f);
}

static struct kunit_case gpuvm_exec_cases[] = {
	KUNIT_CASE_PARAM(row38_evict_external, gk_resv_gen_params),
	KUNIT_CASE_PARAM(row39_evict_listed, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row40_validate_delists, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row40_validate_by_flag, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row40_stays_evicted, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row40_evicted_meanwhile, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row41_validate_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row42_validate_missing, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row45_num_fences, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row45_sm_map_exec_lock, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row45_sm_unmap_exec_lock, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row45_lock_range, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row46_shared_resv, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row46_array_duplicates, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row47_add_fence, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row48_array_leaves_extra, gk_mode_gen_params),
	KUNIT_CASE_PARAM(exec_lock_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(exec_lock_no_memory, gk_mode_gen_params),
	KUNIT_CASE_PARAM(exec_allocated, gk_mode_gen_params),
	{}
};

static struct kunit_suite gpuvm_exec_suite = {
	.name = "gpuvm_exec",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_exec_cases,
};

kunit_test_suite(gpuvm_exec_suite);
