// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The fence signalling section: what may run there allocates nothing.
 *
 * Lockdep knows of the section by its annotation, and of allocations by
 * fs_reclaim; but it does not see those that never reclaim. So the next
 * allocation of any kind is set up to fail, and at the end has still not come.
 */
#include <linux/dma-fence.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

/* All that is taken before the section. */
struct section {
	struct drm_gpuvm *vm;
	struct drm_gem_object *a, *b;
	struct drm_gpuvm_bo *vm_bo_a, *vm_bo_b, *loser;
	struct gk_steps *steps;
};

static void section_init(struct kunit *test, struct section *s)
{
	s->vm = gk_vm_new(test);
	s->a = gk_bo_new(test, 'A');
	s->b = gk_bo_new(test, 'B');
	s->vm_bo_a = gk_vm_bo_obtain_ext(test, s->vm, s->a);
	s->vm_bo_b = drm_gpuvm_bo_create(s->vm, s->b);
	s->loser = drm_gpuvm_bo_create(s->vm, s->a);
	KUNIT_ASSERT_NOT_NULL(test, s->vm_bo_b);
	KUNIT_ASSERT_NOT_NULL(test, s->loser);

	s->steps = gk_steps_new(test, s->vm);
	s->steps->link = true;
	gk_steps_reserve(test, s->steps, 16);
}

static void section_fini(struct kunit *test, struct section *s)
{
	gk_steps_drain(s->steps);
	gk_vm_clear(s->vm);
	drm_gpuvm_bo_deferred_cleanup(s->vm);
	drm_gem_object_put(s->b);
	drm_gem_object_put(s->a);
	gk_vm_close(test, s->vm);
}

/* What runs in the section, and how much of it went well. */
static unsigned int run_map_unmap(struct section *s)
{
	struct drm_gpuvm_map_req whole = gk_req(s->a, 0, 8, 0);
	struct drm_gpuvm_map_req centre = gk_req(s->b, 2, 4, 0);
	struct drm_gpuvm_map_req sparse = gk_req(NULL, 6, 4, 0);
	unsigned int done = 0;

	/* map; remap in three; remap, unmap and map; remap and unmap */
	done += !drm_gpuvm_sm_map(s->vm, s->steps, &whole);
	done += !drm_gpuvm_sm_map(s->vm, s->steps, &centre);
	done += !drm_gpuvm_sm_map(s->vm, s->steps, &sparse);
	done += !drm_gpuvm_sm_unmap(s->vm, s->steps, 1, 8);

	return done;
}

static void mapping_allocates_nothing(struct kunit *test)
{
	unsigned int left, done;
	struct section s;
	bool cookie;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");
	section_init(test, &s);

	cookie = dma_fence_begin_signalling();
	gk_fail_alloc_arm(1);
	s.vm_bo_b = drm_gpuvm_bo_obtain_prealloc(s.vm_bo_b);
	done = run_map_unmap(&s);
	left = gk_fail_alloc_disarm();
	dma_fence_end_signalling(cookie);

	KUNIT_EXPECT_EQ(test, left, 1);
	KUNIT_EXPECT_EQ(test, done, 4);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, s.vm),
			   "A[0,1)@0 -[9,10)@3");

	drm_gpuvm_bo_put_deferred(s.loser);
	drm_gpuvm_bo_put_deferred(s.vm_bo_a);
	drm_gpuvm_bo_put_deferred(s.vm_bo_b);
	section_fini(test, &s);
}

static void vm_bo_allocates_nothing(struct kunit *test)
{
	struct drm_gpuvm_bo *won, *found;
	struct drm_gpuva *va;
	struct section s;
	unsigned int left;
	bool cookie;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");
	section_init(test, &s);
	va = gk_va_insert(test, s.vm, s.b, 32, 1, 0);

	cookie = dma_fence_begin_signalling();
	gk_fail_alloc_arm(1);
	/* published, and lost; linked, found, unlinked, put */
	s.vm_bo_b = drm_gpuvm_bo_obtain_prealloc(s.vm_bo_b);
	won = drm_gpuvm_bo_obtain_prealloc(s.loser);
	mutex_lock(drm_gem_gpuva_mutex(s.b));
	drm_gpuva_link(va, s.vm_bo_b);
	found = drm_gpuvm_bo_find(s.vm, s.b);
	mutex_unlock(drm_gem_gpuva_mutex(s.b));
	drm_gpuva_unlink_defer(va);
	drm_gpuvm_bo_put_deferred(found);
	drm_gpuvm_bo_put_deferred(s.vm_bo_b);
	drm_gpuvm_bo_put_deferred(won);
	drm_gpuvm_bo_put_deferred(s.vm_bo_a);
	left = gk_fail_alloc_disarm();
	dma_fence_end_signalling(cookie);

	KUNIT_EXPECT_EQ(test, left, 1);
	KUNIT_EXPECT_PTR_EQ(test, won, s.vm_bo_a);
	KUNIT_EXPECT_PTR_EQ(test, found, s.vm_bo_b);
	section_fini(test, &s);
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vm_bos), 0);
}

/* The proof can fail: what does allocate is seen, outside of any section. */
static void lists_do_allocate(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuvm_map_req req = gk_req(NULL, 0, 8, 0);
	struct drm_gpuva_ops *ops;

	if (!gk_fail_alloc_available(test)) {
		kunit_mark_skipped(test, "no fault injection");
		goto out;
	}

	gk_fail_alloc_arm(1);
	ops = drm_gpuvm_sm_map_ops_create(vm, &req);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	KUNIT_EXPECT_PTR_EQ(test, ops, ERR_PTR(-ENOMEM));
out:
	gk_vm_close(test, vm);
}

static struct kunit_case gpuvm_signalling_cases[] = {
	KUNIT_CASE_PARAM(mapping_allocates_nothing, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(vm_bo_allocates_nothing, gk_immediate_gen_params),
	KUNIT_CASE(lists_do_allocate),
	{}
};

static struct kunit_suite gpuvm_signalling_suite = {
	.name = "gpuvm_signalling",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_signalling_cases,
};

kunit_test_suite(gpuvm_signalling_suite);
