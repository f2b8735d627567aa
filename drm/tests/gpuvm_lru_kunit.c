// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Objects that have memory, and a limit on it: who goes, who stays, who waits.
 *
 * Each object has one page. What the driver's callbacks do is written down.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "../gpuvm_lru_private.h"
#include "gpuvm_bind_world.h"

/* Private to the VM, external, external; and three that nobody maps. */
enum { A, B, C, D, E, F, BOS };

/**
 * struct lru_bo - what the suite knows of an object
 */
struct lru_bo {
	/** @base: the core's part */
	struct drm_gpuvm_lru_obj base;
	/** @funcs: of the object, without ours */
	const struct drm_gem_object_funcs *funcs;
	/** @has_memory: was populated and not evicted */
	bool has_memory;
	/** @contents: as the last populate was told */
	bool contents;
	/** @pinned: may not be evicted */
	bool pinned;
	/** @allocates: may not be evicted by memory reclaim */
	bool allocates;
	/** @error: of the next populate or evict */
	int error;
	/** @put: evict drops a reference */
	bool put;
	/** @freed: by a worker, or at once */
	bool freed, freed_at_once;
};

static struct {
	struct kunit *test;
	/* whose case it is */
	struct task_struct *task;
	struct drm_gpuvm_lru *lru;
	/* A second VM, in which nothing is mapped. */
	struct drm_gpuvm *other;
	struct lru_bo bo[BOS];
	u64 limit;
	bool may_shrink;
	/* called when an object is freed, or NULL */
	void (*in_free)(void);
	/* names of those that were evicted */
	char evicted[16];
} world;

static struct drm_gpuvm_ops vm_ops;

static struct lru_bo *to_bo(struct drm_gpuvm_lru_obj *lobj)
{
	return container_of(lobj, struct lru_bo, base);
}

static int take_error(struct lru_bo *bo)
{
	int ret = bo->error;

	bo->error = 0;
	return ret;
}

static int lru_populate(struct drm_gpuvm_lru_obj *lobj, bool contents)
{
	struct lru_bo *bo = to_bo(lobj);
	int ret = take_error(bo);

	dma_resv_assert_held(lobj->obj->resv);
	KUNIT_EXPECT_FALSE(world.test, bo->has_memory);
	bo->contents = contents;
	bo->has_memory = !ret;
	return ret;
}

static int lru_evict(struct drm_gpuvm_lru_obj *lobj)
{
	size_t len = strlen(world.evicted);
	struct lru_bo *bo = to_bo(lobj);
	struct drm_gpuvm_bo *vm_bo;
	int ret = take_error(bo);

	dma_resv_assert_held(lobj->obj->resv);
	KUNIT_EXPECT_TRUE(world.test, bo->has_memory);
	KUNIT_EXPECT_FALSE(world.test, bo->pinned);
	scoped_guard(mutex, drm_gem_gpuva_mutex(lobj->obj))
		drm_gem_for_each_gpuvm_bo(vm_bo, lobj->obj)
			KUNIT_EXPECT_TRUE(world.test, vm_bo->evicted);
	if (ret)
		return ret;

	bo->has_memory = false;
	if (len < sizeof(world.evicted) - 1)
		world.evicted[len] = gk_bo_name(lobj->obj);
	if (bo->put)
		drm_gem_object_put(lobj->obj);
	return 0;
}

static bool lru_may_evict(struct drm_gpuvm_lru_obj *lobj, bool reclaim)
{
	struct lru_bo *bo = to_bo(lobj);

	dma_resv_assert_held(lobj->obj->resv);
	return !bo->pinned && !(bo->allocates && reclaim);
}

static u64 lru_limit(void *priv)
{
	KUNIT_EXPECT_PTR_EQ(world.test, priv, &world);
	return world.limit;
}

static bool lru_may_shrink(void *priv)
{
	KUNIT_EXPECT_PTR_EQ(world.test, priv, &world);
	return world.may_shrink;
}

static const struct drm_gpuvm_lru_ops lru_ops = {
	.populate = lru_populate,
	.evict = lru_evict,
	.may_evict = lru_may_evict,
	.limit = lru_limit,
	.may_shrink = lru_may_shrink,
};

static struct drm_gpuvm_lru_args good_args(void)
{
	return (struct drm_gpuvm_lru_args) {
		.ops = &lru_ops,
		.name = "lru-kunit",
		.cleanup_wq = bw_cleanup_wq,
		.priv = &world,
	};
}

static void obj_free(struct drm_gem_object *obj)
{
	struct lru_bo *bo = world.bo;

	while (bo->base.obj != obj)
		bo++;
	if (world.in_free)
		world.in_free();
	drm_gpuvm_lru_del(&bo->base);
	bo->freed = true;
	bo->freed_at_once = current == world.task;
	bo->funcs->free(obj);
}

static const struct drm_gem_object_funcs obj_funcs = {
	.free = obj_free,
};

static void join(int i, struct drm_gem_object *obj)
{
	struct lru_bo *bo = &world.bo[i];

	drm_gpuvm_lru_obj_init(&bo->base, world.lru, obj);
	bo->funcs = obj->funcs;
	obj->funcs = &obj_funcs;
}

static void new_world(struct kunit *test)
{
	const struct drm_gpuvm_lru_args args = good_args();

	vm_ops = gk_ops;
	vm_ops.vm_bo_validate = drm_gpuvm_bind_validate;
	bw_new_with(test, 0, &vm_ops);

	memset(&world, 0, sizeof(world));
	world.test = test;
	world.task = current;
	world.other = gk_vm_new(test);
	world.lru = drm_gpuvm_lru_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, world.lru);
	for (int i = A; i < BOS; i++)
		join(i, i < D ? bw_world->bos[i] : gk_bo_new(test, 'A' + i));
}

static void end_world(void)
{
	for (int i = D; i < BOS; i++)
		if (!world.bo[i].freed)
			drm_gem_object_put(world.bo[i].base.obj);
	bw_end();
	gk_vm_close(world.test, world.other);
	for (int i = A; i < BOS; i++)
		KUNIT_EXPECT_TRUE(world.test, world.bo[i].freed);
	drm_gpuvm_lru_destroy(world.lru);
}

/* A, B and C are mapped, and no job is left. */
static void bind_some(void)
{
	const struct drm_gpuvm_bind_op ops[] = {
		bw_map(A, 0, 1, 0),
		bw_map(B, 8, 1, 0),
		bw_map(C, 20, 1, 0),
	};

	KUNIT_ASSERT_EQ(world.test, bw_bind(ops, ARRAY_SIZE(ops)), 0);
	bw_wait_for_jobs(0);
}

/* For a VM, with its lock, as when a job is submitted; or for the CPU. */
static int populate(int i, struct drm_gpuvm *vm)
{
	struct drm_gpuvm_lru_obj *lobj = &world.bo[i].base;
	struct gk_lock lock;
	int ret;

	if (vm)
		gk_lock_resv(&lock, vm, lobj->obj);
	else
		dma_resv_lock(lobj->obj->resv, NULL);

	ret = drm_gpuvm_lru_populate_locked(lobj, vm);
	KUNIT_EXPECT_EQ(world.test, world.bo[i].has_memory, !ret);

	if (vm)
		gk_unlock(&lock);
	else
		dma_resv_unlock(lobj->obj->resv);
	return ret;
}

static void populate_ok(int first, int last)
{
	for (int i = first; i <= last; i++)
		KUNIT_EXPECT_EQ(world.test, populate(i, NULL), 0);
}

static void leave(int i)
{
	struct lru_bo *bo = &world.bo[i];

	dma_resv_lock(bo->base.obj->resv, NULL);
	drm_gpuvm_lru_del(&bo->base);
	bo->has_memory = false;
	dma_resv_unlock(bo->base.obj->resv);
}

static struct drm_gpuvm_lru_stats stats(void)
{
	struct drm_gpuvm_lru_stats now;

	drm_gpuvm_lru_get_stats(world.lru, &now);
	return now;
}

/* F comes, for which so many have to go, and leaves again. */
static void squeeze(unsigned int pages)
{
	world.limit = stats().resident - (pages - 1) * PAGE_SIZE;
	populate_ok(F, F);
	world.limit = 0;
	leave(F);
}

static void expect_evicted(const char *names)
{
	KUNIT_EXPECT_STREQ(world.test, world.evicted, names);
	memset(world.evicted, 0, sizeof(world.evicted));
}

/* What was before and what comes after it are not at the same time. */
static void vm_is_used(void)
{
	for (int i = 0; i < 2; i++) {
		u64 now = ktime_get_ns();

		while (ktime_get_ns() == now)
			usleep_range(500, 1000);
		if (!i)
			drm_gpuvm_lru_vm_used(bw_world->vm);
	}
}

static void by_last_use(struct kunit *test)
{
	new_world(test);
	bind_some();
	populate_ok(A, E);
	squeeze(2);
	expect_evicted("AB");

	/* Those that are mapped were used since. */
	populate_ok(A, B);
	vm_is_used();
	squeeze(2);
	expect_evicted("DE");

	/* And these since then. */
	populate_ok(D, E);
	squeeze(3);
	expect_evicted("CAB");
	squeeze(2);
	expect_evicted("DE");
	end_world();
}

static void limit(struct kunit *test)
{
	new_world(test);
	world.limit = 3 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, populate(B, bw_world->vm), 0);
	KUNIT_EXPECT_EQ(test, populate(C, bw_world->vm), 0);
	KUNIT_EXPECT_EQ(test, populate(D, bw_world->vm), 0);
	/* What is there needs no room. */
	KUNIT_EXPECT_EQ(test, populate(B, bw_world->vm), 0);
	expect_evicted("");
	KUNIT_EXPECT_EQ(test, populate(E, bw_world->vm), 0);
	expect_evicted("B");
	KUNIT_EXPECT_EQ(test, stats().limit, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stats().resident, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stats().objects, 3);

	/* Larger than the limit: never for a VM, always for the CPU. */
	world.limit = PAGE_SIZE - 1;
	KUNIT_EXPECT_EQ(test, populate(B, bw_world->vm), -ENOMEM);
	expect_evicted("");
	KUNIT_EXPECT_EQ(test, populate(B, NULL), 0);
	expect_evicted("CDE");
	KUNIT_EXPECT_EQ(test, stats().resident, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, stats().evicted, 4);
	KUNIT_EXPECT_EQ(test, stats().restored, 1);
	KUNIT_EXPECT_EQ(test, stats().shrunk, 0);
	end_world();
}

/**
 * struct wish - what submit() wants to have
 */
struct wish {
	/** @bo: memory for this one */
	int bo;
	/** @vm: for this VM */
	struct drm_gpuvm *vm;
	/** @then: called after each try, or NULL */
	void (*then)(struct wish *wish);
	/** @calls: tries so far */
	unsigned int calls;
};

static int submit(void *priv)
{
	struct wish *wish = priv;
	int ret = populate(wish->bo, wish->vm);

	wish->calls++;
	if (wish->then)
		wish->then(wish);
	return ret;
}

static int submit_wish(struct wish *wish)
{
	return drm_gpuvm_lru_submit(world.lru, wish->vm, submit, wish);
}

static void own_vm(struct kunit *test)
{
	struct wish wish = { .bo = D };

	new_world(test);
	wish.vm = bw_world->vm;
	bind_some();
	populate_ok(A, C);
	world.limit = 3 * PAGE_SIZE;

	/* Private, and external ones: all are needed beside it. */
	KUNIT_EXPECT_EQ(test, populate(D, bw_world->vm), -EBUSY);
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), -ENOMEM);
	KUNIT_EXPECT_EQ(test, wish.calls, 2);
	expect_evicted("");
	KUNIT_EXPECT_EQ(test, populate(D, world.other), 0);
	KUNIT_EXPECT_EQ(test, populate(E, NULL), 0);
	expect_evicted("AB");
	end_world();
}

static void may_not(struct kunit *test)
{
	struct wish wish = { .bo = D };

	new_world(test);
	wish.vm = world.other;
	bind_some();
	populate_ok(A, C);
	for (int i = A; i <= C; i++)
		world.bo[i].pinned = true;
	world.limit = 3 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), -ENOMEM);
	expect_evicted("");
	/* Of a VM that is in the way, nothing was taken out of page tables. */
	bw_expect_consistent();

	world.bo[B].pinned = false;
	wish.calls = 0;
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), 0);
	KUNIT_EXPECT_EQ(test, wish.calls, 1);
	expect_evicted("B");
	end_world();
}

static struct dma_fence *add_fence(struct dma_resv *resv)
{
	struct dma_fence *fence = bw_fence_new(world.test);

	dma_resv_lock(resv, NULL);
	KUNIT_ASSERT_EQ(world.test, dma_resv_reserve_fences(resv, 1), 0);
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(resv);
	return fence;
}

struct later {
	struct delayed_work work;
	struct dma_fence *fence;
};

static void signal_later(struct work_struct *work)
{
	struct later *later = container_of(work, struct later, work.work);
	bool free = dma_resv_trylock(bw_world->bos[B]->resv);

	/* Whoever waits for it has not locked what the job may wait for. */
	KUNIT_EXPECT_TRUE(world.test, free);
	if (free)
		dma_resv_unlock(bw_world->bos[B]->resv);
	dma_fence_signal(later->fence);
}

static void in_use(struct kunit *test)
{
	struct wish wish = { .bo = D };
	struct later later;

	new_world(test);
	wish.vm = world.other;
	bind_some();
	populate_ok(B, C);
	INIT_DELAYED_WORK_ONSTACK(&later.work, signal_later);
	later.fence = add_fence(bw_world->bos[B]->resv);
	squeeze(1);
	expect_evicted("C");

	/* Waited for, when there is no other. */
	world.limit = PAGE_SIZE;
	schedule_delayed_work(&later.work, HZ / 10);
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), 0);
	KUNIT_EXPECT_EQ(test, wish.calls, 3);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(later.fence));
	expect_evicted("B");

	flush_delayed_work(&later.work);
	destroy_delayed_work_on_stack(&later.work);
	dma_fence_put(later.fence);
	end_world();
}

/* Between its second try and the search that follows. */
static void d_leaves(struct wish *wish)
{
	if (wish->calls == 2)
		leave(D);
}

/* There is room after all, though not by the search. */
static void departures(struct kunit *test)
{
	struct wish wish = { .bo = E };

	new_world(test);
	wish.vm = world.other;
	populate_ok(D, D);
	world.bo[D].pinned = true;
	world.limit = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), -ENOMEM);
	KUNIT_EXPECT_EQ(test, wish.calls, 2);

	wish.calls = 0;
	wish.then = d_leaves;
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), 0);
	KUNIT_EXPECT_EQ(test, wish.calls, 3);
	expect_evicted("");
	end_world();
}

/* Room is made for one VM: only that one may have it; and the CPU. */
static void others_come(struct wish *wish)
{
	if (wish->calls != 2)
		return;

	world.limit = 3 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(world.test, populate(C, bw_world->vm), -EBUSY);
	KUNIT_EXPECT_EQ(world.test, populate(F, NULL), 0);
}

static void one_is_hungry(struct kunit *test)
{
	struct wish wish = { .bo = E, .then = others_come };

	new_world(test);
	wish.vm = world.other;
	populate_ok(D, D);
	world.bo[D].pinned = true;
	world.bo[F].pinned = true;
	world.limit = PAGE_SIZE;
	/* Found nothing, and nothing left; that the limit rose it cannot know. */
	KUNIT_EXPECT_EQ(test, submit_wish(&wish), -ENOMEM);
	KUNIT_EXPECT_EQ(test, wish.calls, 2);
	KUNIT_EXPECT_EQ(test, populate(C, bw_world->vm), 0);
	KUNIT_EXPECT_EQ(test, stats().resident, 3 * PAGE_SIZE);
	end_world();
}

static unsigned long reclaim(unsigned long pages)
{
	struct shrink_control sc = {
		.gfp_mask = GFP_KERNEL,
		.nr_to_scan = pages,
	};
	struct shrinker *shrinker = world.lru->shrinker;
	unsigned long ret;

	fs_reclaim_acquire(GFP_KERNEL);
	ret = pages ? shrinker->scan_objects(shrinker, &sc) :
		      shrinker->count_objects(shrinker, &sc);
	fs_reclaim_release(GFP_KERNEL);
	return ret;
}

static void by_reclaim(struct kunit *test)
{
	new_world(test);
	bind_some();
	populate_ok(A, E);
	KUNIT_EXPECT_EQ(test, reclaim(0), 0);
	world.may_shrink = true;
	KUNIT_EXPECT_EQ(test, reclaim(0), 5);

	world.bo[B].allocates = true;
	vm_is_used();
	KUNIT_EXPECT_EQ(test, reclaim(1), 1);
	expect_evicted("D");
	KUNIT_EXPECT_EQ(test, reclaim(128), 3);
	KUNIT_EXPECT_EQ(test, strlen(world.evicted), 3);
	KUNIT_EXPECT_TRUE(test, world.bo[B].has_memory);
	KUNIT_EXPECT_EQ(test, reclaim(128), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, stats().shrunk, 4);

	leave(B);
	KUNIT_EXPECT_EQ(test, reclaim(0), SHRINK_EMPTY);
	end_world();
}

static void without_reclaim(struct kunit *test)
{
	struct drm_gpuvm_lru_ops ops = lru_ops;
	struct drm_gpuvm_lru_args args = good_args();
	struct drm_gpuvm_lru *lru;

	ops.may_shrink = NULL;
	args.ops = &ops;
	lru = drm_gpuvm_lru_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, lru);
	KUNIT_EXPECT_NULL(test, lru->shrinker);
	drm_gpuvm_lru_destroy(lru);
}

/* Whoever else had it lets go of it while it is looked at. */
static void last_reference(struct kunit *test)
{
	new_world(test);
	populate_ok(D, E);
	world.bo[D].put = true;
	squeeze(1);
	expect_evicted("D");
	flush_workqueue(bw_cleanup_wq);
	KUNIT_EXPECT_TRUE(test, world.bo[D].freed);
	KUNIT_EXPECT_FALSE(test, world.bo[D].freed_at_once);
	end_world();
}

static void room_for_f(void)
{
	world.in_free = NULL;
	world.limit = 2 * PAGE_SIZE;
	populate_ok(F, F);
}

/* In the list still, but nobody's any more. */
static void being_freed(struct kunit *test)
{
	new_world(test);
	populate_ok(D, E);
	world.in_free = room_for_f;
	drm_gem_object_put(world.bo[D].base.obj);
	KUNIT_EXPECT_TRUE(test, world.bo[D].freed);
	expect_evicted("E");
	KUNIT_EXPECT_EQ(test, stats().objects, 1);
	KUNIT_EXPECT_EQ(test, stats().resident, PAGE_SIZE);
	end_world();
}

static void callbacks_fail(struct kunit *test)
{
	new_world(test);
	world.bo[D].error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, populate(D, NULL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, stats().objects, 0);
	KUNIT_EXPECT_EQ(test, stats().resident, 0);
	populate_ok(D, E);
	KUNIT_EXPECT_FALSE(test, world.bo[D].contents);

	/* The next one goes in its place. */
	world.bo[D].error = -ENOMEM;
	squeeze(1);
	expect_evicted("E");
	KUNIT_EXPECT_TRUE(test, world.bo[D].has_memory);
	squeeze(1);
	expect_evicted("D");

	world.bo[D].error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, populate(D, NULL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, stats().restored, 0);
	populate_ok(D, D);
	KUNIT_EXPECT_TRUE(test, world.bo[D].contents);
	KUNIT_EXPECT_EQ(test, stats().restored, 1);
	KUNIT_EXPECT_EQ(test, stats().evicted, 2);
	end_world();
}

static void bad_args(struct kunit *test)
{
	struct drm_gpuvm_lru_ops ops[3] = { lru_ops, lru_ops, lru_ops };
	struct drm_gpuvm_lru_args args[7];

	for (int i = 0; i < ARRAY_SIZE(args); i++) {
		args[i] = good_args();
		if (i < ARRAY_SIZE(ops))
			args[i].ops = &ops[i];
	}
	ops[0].populate = NULL;
	ops[1].evict = NULL;
	ops[2].__reserved[3] = test;
	args[3].ops = NULL;
	args[4].name = NULL;
	args[5].cleanup_wq = NULL;
	args[6].__reserved[3] = 1;
	for (int i = 0; i < ARRAY_SIZE(args); i++)
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(drm_gpuvm_lru_create(&args[i])),
				    -EINVAL, "arguments %d", i);
}

static void allocations(struct kunit *test)
{
	const struct drm_gpuvm_lru_args args = good_args();
	unsigned int failures = 0;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	for (unsigned int nth = 1; nth <= 12; nth++) {
		struct drm_gpuvm_lru *lru;

		gk_fail_alloc_arm(nth);
		lru = drm_gpuvm_lru_create(&args);
		gk_fail_alloc_disarm();

		if (IS_ERR(lru)) {
			failures++;
			KUNIT_EXPECT_EQ(test, PTR_ERR(lru), -ENOMEM);
		} else {
			drm_gpuvm_lru_destroy(lru);
		}
	}

	KUNIT_EXPECT_GE(test, failures, 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(by_last_use, gk_mode_gen_params),
	KUNIT_CASE_PARAM(limit, gk_internal_gen_params),
	KUNIT_CASE_PARAM(own_vm, gk_mode_gen_params),
	KUNIT_CASE_PARAM(may_not, gk_internal_gen_params),
	KUNIT_CASE_PARAM(in_use, gk_mode_gen_params),
	KUNIT_CASE(departures),
	KUNIT_CASE(one_is_hungry),
	KUNIT_CASE_PARAM(by_reclaim, gk_mode_gen_params),
	KUNIT_CASE(without_reclaim),
	KUNIT_CASE(last_reference),
	KUNIT_CASE(being_freed),
	KUNIT_CASE(callbacks_fail),
	KUNIT_CASE(bad_args),
	KUNIT_CASE(allocations),
	{}
};

static struct kunit_suite suite = {
	.name = "gpuvm_lru",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
