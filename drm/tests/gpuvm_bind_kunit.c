// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Bind queues and jobs: what binds do, and that one that fails, wherever it
 * fails, leaves mappings, page tables and references as they were.
 */
#include <linux/dma-fence.h>
#include <linux/prandom.h>
#include <linux/workqueue.h>

#include "gpuvm_bind_world.h"

#define MAX_OPS 64
#define SEED 0x6770756dull

static void bind_basics(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[3];

	bw_new(test, 0);
	bw_expect_vm("");

	ops[0] = bw_map(0, 16, 16, 4);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("A[16,32)@4");

	ops[0] = bw_map(1, 20, 4, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("A[16,20)@4 B[20,24)@0 A[24,32)@12");

	ops[0] = bw_unmap(18, 4);
	ops[1] = bw_sparse(100, 8);
	ops[2] = bw_unmap(200, 8);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 3), 0);
	bw_expect_vm("A[16,18)@4 B[22,24)@2 A[24,32)@12 -[100,108)@0!2");

	ops[0] = bw_unmap_obj(0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("B[22,24)@2 -[100,108)@0!2");

	KUNIT_EXPECT_EQ(test, bw_bind(ops, 0), 0);
	bw_end();
}

/* Later operations see what earlier ones did; each page is written once. */
static void bind_overlap_in_array(struct kunit *test)
{
	const char *then =
		"A[0,8)@0 B[8,12)@0 C[12,14)@0 A[14,15)@14 C[16,20)@4 A[20,30)@20 -[30,34)@0!2";
	struct drm_gpuvm_bind_op ops[6];

	bw_new(test, 0);
	ops[0] = bw_map(0, 0, 32, 0);
	ops[1] = bw_map(1, 8, 8, 0);
	ops[2] = bw_map(2, 12, 8, 0);
	ops[3] = bw_unmap(14, 2);
	ops[4] = bw_sparse(30, 4);
	ops[5] = bw_map(0, 14, 1, 14);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 6), 0);
	bw_expect_vm(then);
	for (u64 i = 0; i < 34; i++)
		KUNIT_EXPECT_EQ(test, bw_world->pt[i].writes, i == 15 ? 0 : 1);

	/* What an array makes, and takes away again, leaves no trace. */
	ops[0] = bw_map(1, 50, 20, 0);
	ops[1] = bw_map(2, 55, 5, 0);
	ops[2] = bw_unmap_obj(2);
	ops[3] = bw_unmap(40, 15);
	ops[4] = bw_unmap(60, 40);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 5), 0);
	bw_expect_vm("A[0,8)@0 B[8,12)@0 A[14,15)@14 A[20,30)@20 -[30,34)@0!2");
	for (u64 i = 40; i < 100; i++)
		KUNIT_EXPECT_EQ(test, bw_world->pt[i].writes, 0);
	bw_end();
}

/* Entries that say the same before and after are left alone. */
static void bind_same_again(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	bw_new(test, 0);
	ops[0] = bw_map(1, 0, 16, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);

	ops[0] = bw_unmap(4, 8);
	ops[1] = bw_map(1, 2, 20, 2);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 2), 0);
	bw_expect_vm("B[0,2)@0 B[2,22)@2");
	for (u64 i = 0; i < 22; i++)
		KUNIT_EXPECT_EQ(test, bw_world->pt[i].writes, i < 16 ? 0 : 1);

	/* But not when a flag or an offset differs. */
	ops[0] = bw_map(1, 0, 4, 0);
	ops[0].flags = BW_READONLY;
	ops[1] = bw_map(1, 8, 4, 9);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 2), 0);
	bw_expect_consistent();
	KUNIT_EXPECT_EQ(test, bw_world->pt[0].flags, BW_READONLY);
	KUNIT_EXPECT_EQ(test, bw_world->pt[8].offset, 9);
	KUNIT_EXPECT_EQ(test, bw_world->pt[4].writes, 0);

	/* What remains of a cut mapping keeps its flags. */
	ops[0] = bw_unmap(1, 1);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	KUNIT_EXPECT_EQ(test, bw_world->pt[2].flags, BW_READONLY);
	bw_expect_consistent();
	bw_end();
}

/* Whatever they consist of: a large entry may be shared by mappings in a row. */
static void bind_clears_in_one_piece(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[4];

	bw_new(test, 0);
	ops[0] = bw_map(1, 0, 16, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	ops[0] = bw_map(1, 4, 4, 4);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_expect_vm("B[0,4)@0 B[4,8)@4 B[8,16)@8");

	ops[0] = bw_unmap(2, 12);
	bw_world->unmaps = 0;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, bw_world->unmaps, 1);
	bw_expect_consistent();

	/* Two pieces, because what is between them stays. */
	ops[0] = bw_map(0, 20, 4, 0);
	ops[1] = bw_map(0, 24, 4, 9);
	ops[2] = bw_map(0, 32, 4, 0);
	ops[3] = bw_map(1, 36, 4, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 4), 0);
	bw_wait_for_jobs(0);
	ops[0].op = DRM_GPUVM_BIND_OP_UNMAP_OBJ;
	ops[0].addr = 0;
	ops[0].range = 0;
	bw_world->unmaps = 0;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, bw_world->unmaps, 2);
	bw_expect_consistent();
	bw_end();
}

static void bind_bad_ops(struct kunit *test)
{
	struct drm_gpuvm_bind_op bad[16];
	struct drm_gpuvm_bind_job *job;
	u32 count = 0;

	bw_new(test, 0);
	bad[count] = bw_map(0, 0, 4, 0);
	bad[count++].op = 0;
	bad[count] = bw_map(0, 0, 4, 0);
	bad[count++].op = 5;
	bad[count] = bw_map(0, 0, 4, 0);
	bad[count++].obj = NULL;
	bad[count] = bw_map(0, 0, 4, 0);
	bad[count++].flags = DRM_GPUVA_SPARSE;
	bad[count] = bw_map(0, 0, 4, 0);
	bad[count++].__reserved[1] = 1;
	bad[count++] = bw_map(0, 0, 4, U64_MAX - 2);
	bad[count++] = bw_map(0, 0, 0, 0);
	bad[count++] = bw_map(0, 238, 4, 0);
	bad[count++] = bw_map(0, U64_MAX, 4, 0);
	bad[count] = bw_unmap(0, 4);
	bad[count++].obj = bw_world->bos[0];
	bad[count] = bw_unmap(0, 4);
	bad[count++].flags = BW_READONLY;
	bad[count] = bw_sparse(0, 4);
	bad[count++].offset = 1;
	bad[count] = bw_unmap_obj(0);
	bad[count++].range = 4;
	bad[count] = bw_unmap_obj(0);
	bad[count++].obj = NULL;

	for (u32 i = 0; i < count; i++)
		KUNIT_EXPECT_EQ_MSG(test, bw_bind(&bad[i], 1), -EINVAL,
				    "operation %u", i);

	/* More than there is room for. */
	bad[0] = bw_map(0, 0, 4, 0);
	job = bw_job(bad, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_add(job, bad), -EINVAL);
	KUNIT_EXPECT_NULL(test, drm_gpuvm_bind_job_fence(job));
	drm_gpuvm_bind_job_put(job);

	bw_expect_vm("");
	bw_end();
}

static struct drm_gpuvm_bind_op random_op(struct rnd_state *rnd)
{
	u64 addr = prandom_u32_state(rnd) % (GK_RESERVE_START - 1);
	u64 most = min_t(u64, GK_RESERVE_START - addr, 40);
	u64 range = 1 + prandom_u32_state(rnd) % most;
	struct drm_gpuvm_bind_op op;

	switch (prandom_u32_state(rnd) % 16) {
	case 0 ... 3:
		return bw_unmap(addr, range);
	case 4 ... 5:
		return bw_sparse(addr, range);
	case 6:
		return bw_unmap_obj(prandom_u32_state(rnd) % BW_BOS);
	default:
		/* Often the same offsets, so that much says the same again. */
		op = bw_map(prandom_u32_state(rnd) % BW_BOS, addr, range,
			    addr + prandom_u32_state(rnd) % 2);
		op.flags = prandom_u32_state(rnd) % 4 ? 0 : BW_READONLY;
		if (prandom_u32_state(rnd) % 4)
			return op;

		op.attrs.cookie = prandom_u32_state(rnd) % 2;
		op.attrs.repeat = 1 + prandom_u32_state(rnd) % 5;
		op.attrs.repeat_phase = addr % op.attrs.repeat;
		op.offset = prandom_u32_state(rnd) % 2;
		return op;
	}
}

static struct drm_gpuvm_bind_op *new_ops(struct kunit *test)
{
	struct drm_gpuvm_bind_op *ops;

	ops = kunit_kcalloc(test, MAX_OPS, sizeof(*ops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	return ops;
}

static void bind_random(struct kunit *test)
{
	struct drm_gpuvm_bind_op *ops = new_ops(test);
	struct bw_page *model = bw_new_pages(test);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, SEED);
	bw_new(test, 0);
	for (int round = 0; round < 100; round++) {
		u32 count = 1 + prandom_u32_state(&rnd) % MAX_OPS;

		for (u32 i = 0; i < count; i++) {
			ops[i] = random_op(&rnd);
			bw_model_op(model, &ops[i]);
		}
		KUNIT_ASSERT_EQ(test, bw_bind(ops, count), 0);
		bw_expect_pages(model, "from the model");
		bw_expect_consistent();
		/* An entry is cleared and written, at the most. */
		for (u64 i = 0; i < GK_VM_RANGE; i++)
			KUNIT_EXPECT_LE(test, bw_world->pt[i].writes, 2);
		if (test->status == KUNIT_FAILURE) {
			kunit_info(test, "seed %#llx, round %d", SEED, round);
			break;
		}
	}
	bw_end();
}

/* Some mappings for a bind to get into. */
static void fill_vm(struct rnd_state *rnd)
{
	struct drm_gpuvm_bind_op ops[8];

	for (int i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = random_op(rnd);
	ops[0] = bw_map(0, 0, 100, 0);
	ops[1] = bw_map(1, 100, 100, 0);
	KUNIT_ASSERT_EQ(bw_world->test, bw_bind(ops, ARRAY_SIZE(ops)), 0);
	bw_wait_for_jobs(0);
}

static int bind_to_fail(const struct drm_gpuvm_bind_op *ops, u32 count)
{
	int ret = bw_bind(ops, count);
	bool dead = drm_gpuvm_bind_queue_error(bw_world->queue) == -EIO;

	bw_world->fail_from = 0;
	/* In deferred mode one that fails is kept until the VM is closed. */
	bw_wait_for_jobs(dead && !gk_immediate(bw_world->test));
	return ret;
}

/* A world, always the same, and operations that change it. */
static void world_to_bind(struct kunit *test, struct drm_gpuvm_bind_op *ops,
			  u32 count)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, SEED);
	bw_new(test, 0);
	fill_vm(&rnd);
	for (u32 i = 0; i < count; i++)
		ops[i] = random_op(&rnd);
}

/*
 * In a world that is made for it, let the nth callback of a bind fail, and the
 * next, and so on, until one kills the VM, or none fails any more.
 */
static bool fail_from_nth(struct kunit *test, struct drm_gpuvm_bind_op *ops,
			  u32 count, unsigned int *nth,
			  unsigned int *failures)
{
	const char *vm, *vm_bos;
	bool dead = false;
	int ret = -EIO;

	world_to_bind(test, ops, count);
	vm = gk_vm_text(test, bw_world->vm);
	vm_bos = bw_vm_bos_text();
	memcpy(bw_world->saved, bw_world->pt, sizeof(bw_world->pt));

	for (; ret && !dead && test->status != KUNIT_FAILURE; ++*nth) {
		bw_world->fail_from = *nth;
		bw_world->fail_count = 1;
		ret = bind_to_fail(ops, count);
		dead = drm_gpuvm_bind_queue_error(bw_world->queue) == -EIO;
		KUNIT_EXPECT_EQ(test, dead ? ret : 0,
				drm_gpuvm_bind_queue_reason(bw_world->queue));
		if (!ret || dead)
			continue;

		++*failures;
		KUNIT_EXPECT_STREQ(test, vm, gk_vm_text(test, bw_world->vm));
		KUNIT_EXPECT_STREQ(test, vm_bos, bw_vm_bos_text());
		bw_expect_pages(bw_world->saved, "after an undo");
	}

	if (!ret)
		bw_expect_consistent();
	/* Immediate mode undoes whatever fails. */
	KUNIT_EXPECT_FALSE(test, dead && gk_immediate(test));
	bw_end();
	return ret;
}

/*
 * Each callback fails once. In immediate mode all is as before; in deferred mode
 * until the job is published, and then the VM dies.
 */
static void bind_undo_callbacks(struct kunit *test)
{
	static const u32 counts[] = { 1, 4, 16, MAX_OPS };
	struct drm_gpuvm_bind_op *ops = new_ops(test);
	unsigned int failures = 0;

	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		unsigned int nth = 1;

		while (fail_from_nth(test, ops, counts[i], &nth, &failures))
			if (test->status == KUNIT_FAILURE)
				return;
	}

	kunit_info(test, "%u failures undone", failures);
	KUNIT_EXPECT_GT(test, failures, 100);
}

/* Return: how many allocations of such a submission failed it. */
static unsigned int fail_each_alloc(struct kunit *test,
				    struct drm_gpuvm_bind_op *ops, u32 count)
{
	unsigned int failures = 0;
	const char *vm, *vm_bos;

	world_to_bind(test, ops, count);
	for (unsigned int nth = 1; test->status != KUNIT_FAILURE; nth++) {
		int ret;

		vm = gk_vm_text(test, bw_world->vm);
		vm_bos = bw_vm_bos_text();
		memcpy(bw_world->saved, bw_world->pt, sizeof(bw_world->pt));

		gk_fail_alloc_arm(nth);
		ret = bw_bind(ops, count);
		if (gk_fail_alloc_disarm())
			break;
		bw_wait_for_jobs(0);

		/*
		 * Some allocations have a second way to succeed. To bind again
		 * what is bound would change nothing, and allocate less.
		 */
		if (!ret) {
			bw_end();
			world_to_bind(test, ops, count);
			continue;
		}

		failures++;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_STREQ(test, vm, gk_vm_text(test, bw_world->vm));
		KUNIT_EXPECT_STREQ(test, vm_bos, bw_vm_bos_text());
		bw_expect_pages(bw_world->saved, "after a failed allocation");
	}

	bw_expect_consistent();
	bw_end();
	return failures;
}

/*
 * Each allocation of a submission fails once; nothing changes, a retry works.
 * With short arrays as well: what is longer than a page has a second way.
 */
static void bind_undo_allocations(struct kunit *test)
{
	static const u32 counts[] = { 1, 4, 16, MAX_OPS };
	struct drm_gpuvm_bind_op *ops = new_ops(test);

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	for (int i = 0; i < ARRAY_SIZE(counts); i++) {
		unsigned int failures;

		/* Where each allocation costs a walk of the stack, fewer. */
		if (IS_ENABLED(CONFIG_KASAN) && counts[i] == MAX_OPS)
			break;

		failures = fail_each_alloc(test, ops, counts[i]);
		kunit_info(test, "%u operations, %u allocations failed",
			   counts[i], failures);
		KUNIT_EXPECT_GT(test, failures, counts[i]);
	}
}

/* The undo fails as well, or is not wanted: the VM dies with its reason. */
static void bind_dies(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	for (int no_undo = 0; no_undo < 2; no_undo++) {
		bw_new(test, no_undo ? DRM_GPUVM_BIND_NO_UNDO : 0);
		ops[0] = bw_map(0, 0, 16, 0);
		KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);
		KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(bw_world->queue), 0);

		ops[0] = bw_map(1, 4, 4, 0);
		ops[1] = bw_map(2, 32, 4, 0);
		/* Two of validate and pt_reserve each, then the page tables. */
		bw_world->fail_from = 6;
		bw_world->fail_count = no_undo ? 1 : 100;
		KUNIT_EXPECT_EQ(test, bw_bind(ops, 2), -EIO);
		bw_world->fail_from = 0;

		KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(bw_world->queue),
				-EIO);
		KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_state(bw_world->queue),
				DRM_GPUVM_BIND_DEAD);
		KUNIT_EXPECT_EQ(test, bw_bind(ops, 2), -EIO);
		bw_end();
	}
}

static void bind_killed(struct kunit *test)
{
	struct drm_gpuvm_bind_op op;

	bw_new(test, 0);
	op = bw_map(0, 0, 16, 0);
	drm_gpuvm_bind_queue_kill(bw_world->queue, -ENXIO);
	drm_gpuvm_bind_queue_kill(bw_world->queue, -EFAULT);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(bw_world->queue), -ENXIO);
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), -EIO);
	bw_expect_vm("");
	bw_end();
}

static void bind_refused(struct kunit *test)
{
	struct drm_gpuvm_bind_op op;

	bw_new(test, 0);
	op = bw_map(0, 0, 16, 0);
	bw_world->refuse = -ENODEV;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), -ENODEV);
	KUNIT_EXPECT_FALSE(test, bw_world->pt[0].valid);
	bw_end();
}

/* A job that takes the object away and waits when the VM is closed. */
static void bind_close_in_flight(struct kunit *test)
{
	struct dma_fence *gate = bw_fence_new(test), *done;
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op ops[2];

	bw_new(test, 0);
	ops[0] = bw_map(1, 0, 16, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);

	ops[0] = bw_unmap_obj(1);
	ops[1] = bw_map(2, 4, 4, 0);
	job = bw_job(ops, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_ASSERT_EQ(test, 0,
			drm_sched_job_add_dependency(&job->base,
						     dma_fence_get(gate)));
	KUNIT_ASSERT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), -EINVAL);
	done = drm_gpuvm_bind_job_fence(job);
	drm_gpuvm_bind_job_put(job);
	KUNIT_EXPECT_TRUE(test, bw_world->pt[0].valid);

	drm_gpuvm_bind_queue_close(bw_world->queue);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), -ENOENT);
	bw_expect_vm("");

	dma_fence_signal(gate);
	KUNIT_EXPECT_EQ(test, dma_fence_wait(done, false), 0);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(done), -ECANCELED);
	dma_fence_put(done);
	dma_fence_put(gate);
	bw_end();
}

/* Deferred mode shows the mappings at once, immediate mode when the job ran. */
static void bind_when_it_shows(struct kunit *test)
{
	struct dma_fence *gate = bw_fence_new(test);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op op;

	bw_new(test, 0);
	op = bw_map(1, 0, 16, 0);
	job = bw_job(&op, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_ASSERT_EQ(test, 0,
			drm_sched_job_add_dependency(&job->base,
						     dma_fence_get(gate)));
	KUNIT_ASSERT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, bw_world->vm),
			   gk_immediate(test) ? "" :
						"B[0,16)@0");
	KUNIT_EXPECT_FALSE(test, bw_world->pt[0].valid);

	dma_fence_signal(gate);
	dma_fence_put(gate);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_wait(job), 0);
	drm_gpuvm_bind_job_put(job);
	bw_expect_vm("B[0,16)@0");
	bw_end();
}

static void bind_bad_queue(struct kunit *test)
{
	static const struct drm_gpuvm_bind_ops no_ops;
	struct drm_gpuvm *vm = gk_vm_new(test);
	const struct drm_gpuvm_bind_queue_args good = {
		.gpuvm = vm,
		.ops = &bw_ops,
		.cleanup_wq = bw_cleanup_wq,
	};
	struct drm_gpuvm_bind_queue_args bad[6];

	for (int i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].gpuvm = NULL;
	bad[1].ops = &no_ops;
	bad[2].cleanup_wq = NULL;
	bad[3].va_size = sizeof(struct drm_gpuva) - 8;
	bad[4].flags = BIT(1);
	bad[5].__reserved[3] = 1;

	for (int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_PTR_EQ_MSG(test,
					drm_gpuvm_bind_queue_create(&bad[i]),
					ERR_PTR(-EINVAL), "arguments %d", i);
	gk_vm_close(test, vm);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(bind_basics, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_overlap_in_array, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_same_again, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_clears_in_one_piece, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_bad_ops, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_random, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_undo_callbacks, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_undo_allocations, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_dies, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_killed, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_refused, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_close_in_flight, gk_mode_gen_params),
	KUNIT_CASE_PARAM(bind_when_it_shows, gk_mode_gen_params),
	KUNIT_CASE(bind_bad_queue),
	{}
};

static struct kunit_suite suite = {
	.name = "gpuvm_bind",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
