// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Eviction with a bind queue: what leaves the page tables, when it may, and how it
 * comes back, beside binds that meet it.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/workqueue.h>

#include "gpuvm_bind_world.h"

/* A and B of the world: private to the VM, and external. */
enum { A, B, C };

static struct drm_gpuvm_ops vm_ops;

static void new_world(struct kunit *test)
{
	vm_ops = gk_ops;
	vm_ops.vm_bo_validate = drm_gpuvm_bind_validate;
	bw_new_with(test, 0, &vm_ops);
}

static void bind_ok(const struct drm_gpuvm_bind_op *ops, u32 count)
{
	KUNIT_ASSERT_EQ(bw_world->test, bw_bind(ops, count), 0);
}

/* A[0,8)@0 B[8,16)@4 C[20,24)@0 B[32,36)@0, and no job is left. */
static void bind_some(void)
{
	const struct drm_gpuvm_bind_op ops[] = {
		bw_map(A, 0, 8, 0),
		bw_map(B, 8, 8, 4),
		bw_map(C, 20, 4, 0),
		bw_map(B, 32, 4, 0),
	};

	bind_ok(ops, ARRAY_SIZE(ops));
	bw_wait_for_jobs(0);
}

static int evict(int bo, u32 flags)
{
	struct dma_resv *resv = bw_world->bos[bo]->resv;
	int ret;

	dma_resv_lock(resv, NULL);
	ret = drm_gpuvm_bind_evict(bw_world->bos[bo], flags);
	dma_resv_unlock(resv);
	return ret;
}

static int validate_vm(struct drm_gpuvm *vm)
{
	struct drm_gpuvm_exec vm_exec = { .vm = vm };
	int ret = drm_gpuvm_exec_lock(&vm_exec);

	KUNIT_ASSERT_EQ(bw_world->test, ret, 0);
	ret = drm_gpuvm_exec_validate(&vm_exec);
	drm_gpuvm_exec_unlock(&vm_exec);
	return ret;
}

static int validate(void)
{
	bw_world->calls = 0;
	return validate_vm(bw_world->vm);
}

static bool vm_bo_evicted(struct drm_gpuvm *vm, int bo)
{
	struct drm_gpuvm_bo *vm_bo;
	bool evicted = false;
	struct gk_lock lock;

	gk_lock(&lock, vm, bw_world->bos[bo]);
	drm_gem_for_each_gpuvm_bo(vm_bo, bw_world->bos[bo])
		if (vm_bo->vm == vm)
			evicted = vm_bo->evicted;
	gk_unlock(&lock);
	return evicted;
}

static bool is_evicted(int bo)
{
	return vm_bo_evicted(bw_world->vm, bo);
}

/* Nothing of these objects is in the page tables, and all of the others. */
static void expect_evicted(unsigned int bos)
{
	struct kunit *test = bw_world->test;
	struct drm_gpuva *va;

	KUNIT_EXPECT_FALSE(test, bw_world->mapped_over);
	drm_gpuvm_bind_queue_lock(bw_world->queue);
	drm_gpuvm_for_each_va(va, bw_world->vm) {
		bool gone = false;

		if (va == &bw_world->vm->kernel_alloc_node)
			continue;
		for (int i = 0; i < BW_BOS; i++)
			gone |= (bos & BIT(i)) && va->gem.obj == bw_world->bos[i];
		KUNIT_EXPECT_EQ(test, drm_gpuva_invalidated(va), gone);
		for (u64 i = va->va.addr; i < va->va.addr + va->va.range; i++)
			KUNIT_EXPECT_EQ_MSG(test, bw_world->pt[i].valid, !gone,
					    "page %llu", i);
	}
	drm_gpuvm_bind_queue_unlock(bw_world->queue);
	KUNIT_EXPECT_TRUE(test, bw_world->flushed);
	for (int i = 0; i < BW_BOS; i++)
		KUNIT_EXPECT_EQ(test, is_evicted(i), !!(bos & BIT(i)));
}

static void evict_and_back(struct kunit *test)
{
	const char *text = "A[0,8)@0 B[8,16)@4 C[20,24)@0 B[32,36)@0";
	const char *refs;

	new_world(test);
	bind_some();
	refs = bw_vm_bos_text();

	for (int bo = 0; bo < BW_BOS; bo++) {
		KUNIT_EXPECT_EQ(test, evict(bo, 0), 0);
		expect_evicted(BIT(bo));
		KUNIT_EXPECT_EQ(test, validate(), 0);
		bw_expect_vm(text);
		expect_evicted(0);
	}

	/* One after the other, all at once, and what is gone stays gone. */
	KUNIT_EXPECT_EQ(test, evict(A, 0), 0);
	KUNIT_EXPECT_EQ(test, evict(B, DRM_GPUVM_EVICT_WAIT), 0);
	bw_world->unmaps = 0;
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	KUNIT_EXPECT_EQ(test, bw_world->unmaps, 0);
	expect_evicted(BIT(A) | BIT(B));
	KUNIT_EXPECT_EQ(test, validate(), 0);
	bw_expect_vm(text);

	/* Nobody was asked to keep anything. */
	KUNIT_EXPECT_STREQ(test, bw_vm_bos_text(), refs);
	KUNIT_EXPECT_EQ(test, atomic_read(&bw_world->jobs), 0);
	bw_end();
}

static const char *fence_name(struct dma_fence *fence)
{
	return "evict-kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static DEFINE_SPINLOCK(fence_lock);

static struct dma_fence *new_fence(struct kunit *test)
{
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, &fence_lock,
		       dma_fence_context_alloc(1), 1);
	return fence;
}

static struct dma_fence *add_fence(struct dma_resv *resv)
{
	struct dma_fence *fence = new_fence(bw_world->test);

	dma_resv_lock(resv, NULL);
	KUNIT_ASSERT_EQ(bw_world->test, dma_resv_reserve_fences(resv, 1), 0);
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(resv);
	return fence;
}

static void end_fence(struct dma_fence *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* A job may use what was bound after it was submitted: so the VM counts, too. */
static void evict_in_use(struct kunit *test)
{
	struct dma_resv *resvs[2];
	struct dma_fence *fence;

	new_world(test);
	bind_some();
	resvs[0] = bw_world->bos[B]->resv;
	resvs[1] = drm_gpuvm_resv(bw_world->vm);

	for (int i = 0; i < ARRAY_SIZE(resvs); i++) {
		fence = add_fence(resvs[i]);
		KUNIT_EXPECT_EQ(test, evict(B, 0), -EBUSY);
		expect_evicted(0);
		end_fence(fence);
		KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
		expect_evicted(BIT(B));
		KUNIT_EXPECT_EQ(test, validate(), 0);
	}

	KUNIT_EXPECT_EQ(test, evict(B, BIT(1)), -EINVAL);
	expect_evicted(0);
	bw_end();
}

struct later {
	struct delayed_work work;
	struct dma_fence *fence;
};

static void signal_later(struct work_struct *work)
{
	struct later *later = container_of(work, struct later, work.work);

	dma_fence_signal(later->fence);
}

static void evict_waits(struct kunit *test)
{
	struct later later;

	new_world(test);
	bind_some();
	INIT_DELAYED_WORK_ONSTACK(&later.work, signal_later);

	for (int i = 0; i < 2; i++) {
		later.fence = add_fence(i ? drm_gpuvm_resv(bw_world->vm) :
					    bw_world->bos[B]->resv);
		schedule_delayed_work(&later.work, 1 + HZ / 50);
		KUNIT_EXPECT_EQ(test, evict(B, DRM_GPUVM_EVICT_WAIT), 0);
		KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(later.fence));
		expect_evicted(BIT(B));
		KUNIT_EXPECT_EQ(test, validate(), 0);
		flush_delayed_work(&later.work);
		dma_fence_put(later.fence);
	}

	destroy_delayed_work_on_stack(&later.work);
	bw_end();
}

/* What binds do to a mapping that is not in the page tables. */
static void evict_then_bind(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(A, 0), 0);
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);

	/* Cut, unmapped, covered: what remains stays away. */
	ops[0] = bw_unmap(10, 2);
	ops[1] = bw_map(C, 32, 2, 0);
	bind_ok(ops, 2);
	expect_evicted(BIT(A) | BIT(B));

	/* Mapped once more: all of it comes back, and nothing else. */
	ops[0] = bw_map(B, 100, 8, 0);
	bind_ok(ops, 1);
	expect_evicted(BIT(A));

	KUNIT_EXPECT_EQ(test, validate(), 0);
	bw_expect_vm("A[0,8)@0 B[8,10)@4 B[12,16)@8 C[20,24)@0 C[32,34)@0 B[34,36)@2 B[100,108)@0");

	/* Taken away while evicted. */
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	ops[0] = bw_unmap_obj(B);
	bind_ok(ops, 1);
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, validate(), 0);
	bw_expect_vm("A[0,8)@0 C[20,24)@0 C[32,34)@0");
	bw_end();
}

/* A bind that fails puts back what was there, which was nothing. */
static void evict_then_undo(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);

	ops[0] = bw_unmap(8, 8);
	ops[1] = bw_map(C, 40, 4, 0);
	/* validate, two of pt_reserve, pt_unmap, and then pt_map fails. */
	bw_world->fail_from = 5;
	bw_world->fail_count = 1;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 2), -EIO);
	bw_world->fail_from = 0;
	expect_evicted(BIT(B));

	KUNIT_EXPECT_EQ(test, validate(), 0);
	bw_expect_vm("A[0,8)@0 B[8,16)@4 C[20,24)@0 B[32,36)@0");
	bw_end();
}

/* Each callback of a validation fails once: evicted as before, and then not. */
static void validate_fails(struct kunit *test)
{
	static const int errors[] = { -ENOSPC, -ENOMEM, -ENOMEM, -EIO, -EIO };

	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);

	for (int i = 0; i < ARRAY_SIZE(errors); i++) {
		bw_world->fail_from = i + 1;
		bw_world->fail_count = 1;
		KUNIT_EXPECT_EQ(test, validate(), errors[i]);
		bw_world->fail_from = 0;
		expect_evicted(BIT(B));
		KUNIT_EXPECT_EQ(test, atomic_read(&bw_world->jobs), 0);
	}

	KUNIT_EXPECT_EQ(test, validate(), 0);
	KUNIT_EXPECT_EQ(test, bw_world->calls, ARRAY_SIZE(errors));
	bw_expect_vm("A[0,8)@0 B[8,16)@4 C[20,24)@0 B[32,36)@0");
	bw_end();
}

static bool validate_fails_at(struct kunit *test, unsigned int nth)
{
	int ret;

	gk_fail_alloc_arm(nth);
	ret = validate();
	gk_fail_alloc_disarm();

	if (ret) {
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		expect_evicted(BIT(B));
		return true;
	}

	expect_evicted(0);
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	return false;
}

/* Each allocation of a validation fails. */
static void validate_allocations(struct kunit *test)
{
	unsigned long failed = 0;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);

	/*
	 * More than there are, but debug options make some of their own; and so
	 * does a slab that is empty, now and then: hence each more than once.
	 */
	for (unsigned int i = 0; i < 4 * 24; i++) {
		unsigned int nth = i % 24 + 1;

		if (validate_fails_at(test, nth))
			failed |= BIT(nth);
	}

	KUNIT_EXPECT_GE(test, hweight_long(failed), 2);
	KUNIT_EXPECT_EQ(test, validate(), 0);
	bw_expect_consistent();
	bw_end();
}

/* Page tables that cannot be cleared: the VM dies, the memory has to stay. */
static void evict_fails(struct kunit *test)
{
	new_world(test);
	bind_some();

	bw_world->calls = 0;
	bw_world->fail_from = 2;
	bw_world->fail_count = 1;
	KUNIT_EXPECT_EQ(test, evict(B, 0), -EIO);
	bw_world->fail_from = 0;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(bw_world->queue), -EIO);
	KUNIT_EXPECT_FALSE(test, is_evicted(B));

	/* Nor is anything else evicted, now that nobody knows. */
	KUNIT_EXPECT_EQ(test, evict(B, 0), -EIO);
	KUNIT_EXPECT_EQ(test, evict(A, 0), -EIO);
	KUNIT_EXPECT_FALSE(test, is_evicted(A));
	bw_end();
}

/* A job of deferred mode that did not run leaves page tables behind. */
static void evict_when_stale(struct kunit *test)
{
	struct drm_gpuvm_bind_op op;
	int left = 0;

	new_world(test);
	bind_some();
	op = bw_unmap_obj(B);
	bw_world->refuse = -ENODEV;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), -ENODEV);
	bw_world->refuse = 0;
	if (!gk_immediate(test))
		left = 1;
	bw_wait_for_jobs(left);

	KUNIT_EXPECT_TRUE(test, bw_world->pt[8].valid);
	KUNIT_EXPECT_EQ(test, evict(B, 0), left ? -EIO : 0);
	KUNIT_EXPECT_EQ(test, bw_world->pt[8].valid, !!left);
	bw_end();
}

static struct dma_fence *gate;
static struct drm_gpuvm_bind_job *queued;

/* The queued job has its turn when memory is being set aside. */
static void let_it_run(void)
{
	if (!gate)
		return;

	end_fence(gate);
	gate = NULL;
	KUNIT_EXPECT_EQ(bw_world->test, drm_gpuvm_bind_job_wait(queued), 0);
}

static void queue_behind_gate(const struct drm_gpuvm_bind_op *op)
{
	struct kunit *test = bw_world->test;

	gate = new_fence(test);
	queued = bw_job(op, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queued);
	KUNIT_ASSERT_EQ(test, 0,
			drm_sched_job_add_dependency(&queued->base,
						     dma_fence_get(gate)));
	KUNIT_ASSERT_EQ(test, drm_gpuvm_bind_job_submit(queued, NULL), 0);
}

/* Memory that was set aside for what is not there any more. */
static void validate_meets_a_job(struct kunit *test)
{
	struct drm_gpuvm_bind_op op;

	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);

	op = bw_unmap(11, 1);
	queue_behind_gate(&op);
	bw_world->in_reserve = let_it_run;
	KUNIT_EXPECT_EQ(test, validate(), 0);
	/* Once for each of two mappings, then for each of three. */
	KUNIT_EXPECT_EQ(test, bw_world->calls - 1 - 3 - 1, 2 + 3);

	drm_gpuvm_bind_job_put(queued);
	bw_expect_vm("A[0,8)@0 B[8,11)@4 B[12,16)@8 C[20,24)@0 B[32,36)@0");
	bw_end();
}

static void close_queue(struct work_struct *work)
{
	drm_gpuvm_bind_queue_close(bw_world->queue);
}

static DECLARE_WORK(close_work, close_queue);

/* Closed by another thread, which has to wait for dma_resv locks then. */
static void close_it(void)
{
	schedule_work(&close_work);
	while (!drm_gpuvm_bind_queue_error(bw_world->queue))
		usleep_range(500, 1000);
}

static void validate_meets_the_end(struct kunit *test)
{
	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	bw_world->in_reserve = close_it;
	KUNIT_EXPECT_EQ(test, validate(), -ENOENT);
	flush_work(&close_work);
	bw_expect_vm("");
	bw_end();
}

/* Closed with evicted objects, and evicted when closed. */
static void evict_and_close(struct kunit *test)
{
	new_world(test);
	bind_some();
	KUNIT_EXPECT_EQ(test, evict(A, 0), 0);
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	drm_gpuvm_bind_queue_close(bw_world->queue);
	bw_world->unmaps = 0;
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	KUNIT_EXPECT_EQ(test, evict(C, 0), 0);
	KUNIT_EXPECT_EQ(test, bw_world->unmaps, 0);
	bw_end();
}

/* A second VM, whose page tables are words with a bit for each page. */
static u64 other_pt;

static int other_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
			u64 addr, u64 range)
{
	other_pt |= GENMASK_ULL(addr + range - 1, addr);
	return 0;
}

static int other_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	other_pt &= ~GENMASK_ULL(addr + range - 1, addr);
	return 0;
}

/* Counted with those of the world, which is how they are waited for. */
static void other_job_init(struct drm_gpuvm_bind_job *job)
{
	atomic_inc(&bw_world->jobs);
}

static void other_job_fini(struct drm_gpuvm_bind_job *job)
{
	atomic_dec(&bw_world->jobs);
}

static const struct drm_gpuvm_bind_ops other_ops = {
	.job_init = other_job_init,
	.job_fini = other_job_fini,
	.pt_map = other_pt_map,
	.pt_unmap = other_pt_unmap,
};

static int other_bind(struct drm_gpuvm_bind_queue *queue,
		      const struct drm_gpuvm_bind_op *op)
{
	struct drm_gpuvm_bind_job *job = drm_gpuvm_bind_job_create(queue, 1, 0);
	int ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(bw_world->test, job);
	ret = drm_gpuvm_bind_job_add(job, op);
	if (!ret)
		ret = drm_gpuvm_bind_job_submit(job, NULL);
	if (!ret)
		ret = drm_gpuvm_bind_job_wait(job);
	drm_gpuvm_bind_job_put(job);
	bw_wait_for_jobs(0);
	return ret;
}

/* All VMs lose it at once; each of them comes back by itself. */
static void evict_two_vms(struct kunit *test)
{
	struct drm_gpuvm_bind_queue_args args = {
		.ops = &other_ops,
		.name = "other",
		.cleanup_wq = bw_cleanup_wq,
	};
	struct drm_gpuvm_bind_queue *queue;
	struct drm_gpuvm_bind_op op;
	struct drm_gpuvm *other;

	new_world(test);
	bind_some();
	other_pt = 0;
	other = gk_vm_new_with(test, &vm_ops, 0, 64);
	args.gpuvm = other;
	queue = drm_gpuvm_bind_queue_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, queue);
	op = bw_map(B, 3, 5, 0);
	KUNIT_EXPECT_EQ(test, other_bind(queue, &op), 0);
	KUNIT_EXPECT_EQ(test, other_pt, 0xf8);

	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	expect_evicted(BIT(B));
	KUNIT_EXPECT_EQ(test, other_pt, 0);
	KUNIT_EXPECT_TRUE(test, vm_bo_evicted(other, B));

	KUNIT_EXPECT_EQ(test, validate(), 0);
	expect_evicted(0);
	KUNIT_EXPECT_EQ(test, other_pt, 0);
	KUNIT_EXPECT_TRUE(test, vm_bo_evicted(other, B));

	/* Back in one of them only, and gone again. */
	KUNIT_EXPECT_EQ(test, evict(B, 0), 0);
	expect_evicted(BIT(B));
	KUNIT_EXPECT_EQ(test, validate_vm(other), 0);
	KUNIT_EXPECT_EQ(test, other_pt, 0xf8);
	expect_evicted(BIT(B));

	drm_gpuvm_bind_queue_close(queue);
	KUNIT_EXPECT_EQ(test, other_pt, 0);
	bw_wait_for_jobs(0);
	drm_gpuvm_bind_queue_destroy(queue);
	drm_gpuvm_bo_deferred_cleanup(other);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_close(other), 0);
	bw_end();
}

/* A VM that has mappings by other means than a queue. */
static void evict_without_a_queue(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);
	struct gk_lock lock;

	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_evict(obj, 0), -EOPNOTSUPP);
	dma_resv_unlock(obj->resv);
	gk_lock(&lock, vm, obj);
	KUNIT_EXPECT_FALSE(test, vm_bo->evicted);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_validate(vm_bo, &lock.exec),
			-EOPNOTSUPP);
	gk_unlock(&lock);

	gk_vm_bo_put(vm_bo);
	drm_gem_object_put(obj);
	gk_vm_close(test, vm);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(evict_and_back, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_in_use, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_waits, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_then_bind, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_then_undo, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(validate_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(validate_allocations, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_when_stale, gk_mode_gen_params),
	KUNIT_CASE_PARAM(validate_meets_a_job, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(validate_meets_the_end, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(evict_and_close, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_two_vms, gk_mode_gen_params),
	KUNIT_CASE_PARAM(evict_without_a_queue, gk_mode_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "gpuvm_evict",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
