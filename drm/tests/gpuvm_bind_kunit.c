// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Bind queues and jobs, over page tables that are an array of pages.
 *
 * Each page remembers which object and offset it shows. After every job the
 * array has to say the same as the VM's mappings, which are walked for it; and
 * after a job that failed, wherever it failed, mappings, page tables and
 * references have to be what they were before.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/prandom.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm_bind.h>

#include "../gpuvm_bind_private.h"
#include "gpuvm_kunit_helper.h"

#define MAX_OPS 64
#define NUM_BOS 3
#define READONLY DRM_GPUVA_USERBITS
#define SEED 0x6770756dull

/**
 * struct page_entry - one page-table entry
 */
struct page_entry {
	/** @valid: something is mapped */
	bool valid;
	/** @obj: what, NULL for sparse */
	struct drm_gem_object *obj;
	/** @offset: page of @obj */
	u64 offset;
	/** @flags: of the mapping */
	u32 flags;
	/** @writes: changes by the last job */
	unsigned int writes;
};

/**
 * struct bind_world - what a case is about
 */
struct bind_world {
	/** @test: the case */
	struct kunit *test;
	/** @vm: the VM */
	struct drm_gpuvm *vm;
	/** @queue: its queue */
	struct drm_gpuvm_bind_queue *queue;
	/** @bos: one private object, the others external */
	struct drm_gem_object *bos[NUM_BOS];
	/** @pt: the page tables */
	struct page_entry pt[GK_VM_RANGE];
	/** @saved: the same, before a job */
	struct page_entry saved[GK_VM_RANGE];
	/** @jobs: jobs that are alive */
	atomic_t jobs;
	/** @calls: callbacks that can fail, so far */
	unsigned int calls;
	/** @fail_from: the first of these that fails, from 1; 0 for none */
	unsigned int fail_from;
	/** @fail_count: how many fail from there */
	unsigned int fail_count;
	/** @mapped_over: a page was mapped over another */
	bool mapped_over;
	/** @flushed: after the last change */
	bool flushed;
	/** @refuse: what jobs are told */
	int refuse;
};

/* Cases run one at a time. */
static struct bind_world *world;

/* Frees jobs; for the whole suite, as it takes long to make and to destroy. */
static struct workqueue_struct *cleanup_wq;

static bool fails(void)
{
	world->calls++;
	return world->fail_from && world->calls >= world->fail_from &&
	       world->calls < world->fail_from + world->fail_count;
}

static void bind_job_init(struct drm_gpuvm_bind_job *job)
{
	u64 *priv = drm_gpuvm_bind_job_priv(job);

	KUNIT_EXPECT_EQ(world->test, *priv, 0);
	*priv = 1;
	atomic_inc(&world->jobs);
}

static void bind_job_fini(struct drm_gpuvm_bind_job *job)
{
	u64 *priv = drm_gpuvm_bind_job_priv(job);

	KUNIT_EXPECT_EQ(world->test, *priv, 1);
	*priv = 2;
	atomic_dec(&world->jobs);
}

static int bind_validate(struct drm_gpuvm_bind_job *job,
			 struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	dma_resv_assert_held(vm_bo->obj->resv);
	KUNIT_EXPECT_PTR_EQ(world->test, vm_bo->vm, drm_gpuvm_bind_job_vm(job));
	return fails() ? -ENOSPC : 0;
}

static int bind_pt_reserve(struct drm_gpuvm_bind_job *job,
			   const struct drm_gpuvm_bind_op *op)
{
	return fails() ? -ENOMEM : 0;
}

static int bind_refuse(struct drm_gpuvm_bind_job *job)
{
	return world->refuse;
}

static int bind_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		       u64 addr, u64 range)
{
	bool fail = fails();

	world->flushed = false;
	/* One that fails has done half of it. */
	for (u64 i = 0; i < (fail ? range / 2 : range); i++) {
		struct page_entry *entry = &world->pt[addr + i];

		world->mapped_over |= entry->valid;
		entry->valid = true;
		entry->obj = va->gem.obj;
		entry->offset = va->gem.obj ?
				va->gem.offset + addr + i - va->va.addr : 0;
		entry->flags = va->flags;
		entry->writes++;
	}

	return fail ? -EIO : 0;
}

static int bind_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	bool fail = fails();

	world->flushed = false;
	for (u64 i = 0; i < (fail ? range / 2 : range); i++) {
		unsigned int writes = world->pt[addr + i].writes;

		world->pt[addr + i] = (struct page_entry) {
			.writes = writes + 1,
		};
	}

	return fail ? -EIO : 0;
}

static void bind_pt_flush(struct drm_gpuvm_bind_job *job)
{
	world->flushed = true;
}

static const struct drm_gpuvm_bind_ops bind_ops = {
	.job_init = bind_job_init,
	.job_fini = bind_job_fini,
	.validate = bind_validate,
	.pt_reserve = bind_pt_reserve,
	.refuse = bind_refuse,
	.pt_map = bind_pt_map,
	.pt_unmap = bind_pt_unmap,
	.pt_flush = bind_pt_flush,
};

static void world_new(struct kunit *test, u32 flags)
{
	struct drm_gpuvm_bind_queue_args args = {
		.ops = &bind_ops,
		.name = "bind-kunit",
		.job_priv_size = sizeof(u64),
		.va_size = sizeof(struct drm_gpuva) + 8,
		.flags = flags,
	};

	world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, world);
	world->test = test;
	world->vm = gk_vm_new(test);

	world->bos[0] = gk_bo_new_private(test, 'A', world->vm);
	world->bos[1] = gk_bo_new(test, 'B');
	world->bos[2] = gk_bo_new(test, 'C');

	args.gpuvm = world->vm;
	args.cleanup_wq = cleanup_wq;
	world->queue = drm_gpuvm_bind_queue_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, world->queue);
}

/* Waits for the workers of the scheduler and for what they leave to the queue. */
static void wait_for_jobs(int left)
{
	for (int i = 0; i < 5000 && atomic_read(&world->jobs) > left; i++)
		usleep_range(500, 1000);
	flush_workqueue(cleanup_wq);
	KUNIT_EXPECT_EQ(world->test, atomic_read(&world->jobs), left);
}

static void world_end(void)
{
	struct kunit *test = world->test;

	world->fail_from = 0;
	drm_gpuvm_bind_queue_close(world->queue);
	wait_for_jobs(0);
	for (u64 i = 0; i < GK_VM_RANGE; i++)
		KUNIT_EXPECT_FALSE(test, world->pt[i].valid);
	KUNIT_EXPECT_TRUE(test, world->flushed);

	drm_gpuvm_bind_queue_destroy(world->queue);
	for (int i = 0; i < NUM_BOS; i++)
		drm_gem_object_put(world->bos[i]);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_close(world->vm), 0);
}

static struct drm_gpuvm_bind_op map_op(int bo, u64 addr, u64 range, u64 offset)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_MAP,
		.obj = world->bos[bo],
		.addr = addr,
		.range = range,
		.offset = offset,
	};
}

static struct drm_gpuvm_bind_op unmap_op(u64 addr, u64 range)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_UNMAP,
		.addr = addr,
		.range = range,
	};
}

static struct drm_gpuvm_bind_op sparse_op(u64 addr, u64 range)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_MAP_SPARSE,
		.addr = addr,
		.range = range,
	};
}

static struct drm_gpuvm_bind_op unmap_obj_op(int bo)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_UNMAP_OBJ,
		.obj = world->bos[bo],
	};
}

static struct drm_gpuvm_bind_job *make_job(const struct drm_gpuvm_bind_op *ops,
					   u32 count)
{
	struct drm_gpuvm_bind_job *job;

	job = drm_gpuvm_bind_job_create(world->queue, count, 0);
	if (IS_ERR(job))
		return job;

	for (u32 i = 0; i < count; i++) {
		int ret = drm_gpuvm_bind_job_add(job, &ops[i]);

		if (ret) {
			drm_gpuvm_bind_job_put(job);
			return ERR_PTR(ret);
		}
	}

	return job;
}

/* A bind from beginning to end, as a synchronous ioctl has it. */
static int bind(const struct drm_gpuvm_bind_op *ops, u32 count)
{
	struct drm_gpuvm_bind_job *job;
	int ret;

	for (u64 i = 0; i < GK_VM_RANGE; i++)
		world->pt[i].writes = 0;
	world->calls = 0;

	job = make_job(ops, count);
	if (IS_ERR(job))
		return PTR_ERR(job);

	ret = drm_gpuvm_bind_job_submit(job, NULL);
	if (!ret)
		ret = drm_gpuvm_bind_job_wait(job);
	drm_gpuvm_bind_job_put(job);
	return ret;
}

/* Page tables and mappings say the same, page for page. */
static void expect_consistent(void)
{
	struct kunit *test = world->test;
	struct drm_gpuva *va;
	u64 page = 0, count = 0;

	KUNIT_EXPECT_FALSE(test, world->mapped_over);
	drm_gpuvm_bind_queue_lock(world->queue);
	drm_gpuvm_for_each_va(va, world->vm) {
		if (va == &world->vm->kernel_alloc_node)
			continue;
		count++;
		for (; page < va->va.addr; page++)
			KUNIT_EXPECT_FALSE(test, world->pt[page].valid);
		for (; page < va->va.addr + va->va.range; page++) {
			struct page_entry *entry = &world->pt[page];

			KUNIT_EXPECT_TRUE(test, entry->valid);
			KUNIT_EXPECT_PTR_EQ(test, entry->obj, va->gem.obj);
			KUNIT_EXPECT_EQ(test, entry->flags, va->flags);
			if (va->gem.obj)
				KUNIT_EXPECT_EQ(test, entry->offset,
						va->gem.offset + page -
						va->va.addr);
		}
	}
	for (; page < GK_VM_RANGE; page++)
		KUNIT_EXPECT_FALSE(test, world->pt[page].valid);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_mappings(world->queue), count);
	drm_gpuvm_bind_queue_unlock(world->queue);
}

static void expect_vm(const char *text)
{
	KUNIT_EXPECT_STREQ(world->test, gk_vm_text(world->test, world->vm), text);
	expect_consistent();
}

/* References and lists of all vm_bos, as text, with no job left. */
static const char *vm_bos_text(void)
{
	char *text = kunit_kzalloc(world->test, 128, GFP_KERNEL);
	size_t len = 0;

	KUNIT_ASSERT_NOT_NULL(world->test, text);
	for (int i = 0; i < NUM_BOS; i++) {
		struct drm_gem_object *obj = world->bos[i];
		unsigned int linked = 0, refs = 0;
		struct drm_gpuvm_bo *vm_bo;
		struct drm_gpuva *va;
		struct gk_lock lock;

		gk_lock(&lock, world->vm, obj);
		drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
			refs += kref_read(&vm_bo->kref);
			drm_gpuvm_bo_for_each_va(va, vm_bo)
				linked++;
		}
		gk_unlock(&lock);
		len += scnprintf(text + len, 128 - len, "%c %u/%u/%u ",
				 gk_bo_name(obj), kref_read(&obj->refcount),
				 refs, linked);
	}

	return text;
}

static void bind_basics(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[3];

	world_new(test, 0);
	expect_vm("");

	ops[0] = map_op(0, 16, 16, 4);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);
	expect_vm("A[16,32)@4");

	ops[0] = map_op(1, 20, 4, 0);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);
	expect_vm("A[16,20)@4 B[20,24)@0 A[24,32)@12");

	ops[0] = unmap_op(18, 4);
	ops[1] = sparse_op(100, 8);
	ops[2] = unmap_op(200, 8);
	KUNIT_EXPECT_EQ(test, bind(ops, 3), 0);
	expect_vm("A[16,18)@4 B[22,24)@2 A[24,32)@12 -[100,108)@0");

	ops[0] = unmap_obj_op(0);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);
	expect_vm("B[22,24)@2 -[100,108)@0");

	KUNIT_EXPECT_EQ(test, bind(ops, 0), 0);
	world_end();
}

/* Later operations see what earlier ones did; each page is written once. */
static void bind_overlap_in_array(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[6];

	world_new(test, 0);
	ops[0] = map_op(0, 0, 32, 0);
	ops[1] = map_op(1, 8, 8, 0);
	ops[2] = map_op(2, 12, 8, 0);
	ops[3] = unmap_op(14, 2);
	ops[4] = sparse_op(30, 4);
	ops[5] = map_op(0, 14, 1, 14);
	KUNIT_EXPECT_EQ(test, bind(ops, 6), 0);
	expect_vm("A[0,8)@0 B[8,12)@0 C[12,14)@0 A[14,15)@14 C[16,20)@4 "
		  "A[20,30)@20 -[30,34)@0");
	for (u64 i = 0; i < 34; i++)
		KUNIT_EXPECT_EQ(test, world->pt[i].writes, i == 15 ? 0 : 1);

	/* What an array makes, and takes away again, leaves no trace. */
	ops[0] = map_op(1, 50, 20, 0);
	ops[1] = map_op(2, 55, 5, 0);
	ops[2] = unmap_obj_op(2);
	ops[3] = unmap_op(40, 60);
	KUNIT_EXPECT_EQ(test, bind(ops, 4), 0);
	expect_vm("A[0,8)@0 B[8,12)@0 A[14,15)@14 A[20,30)@20 -[30,34)@0");
	for (u64 i = 40; i < 100; i++)
		KUNIT_EXPECT_EQ(test, world->pt[i].writes, 0);
	world_end();
}

/* Entries that say the same before and after are left alone. */
static void bind_same_again(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	world_new(test, 0);
	ops[0] = map_op(1, 0, 16, 0);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);

	ops[0] = unmap_op(4, 8);
	ops[1] = map_op(1, 2, 20, 2);
	KUNIT_EXPECT_EQ(test, bind(ops, 2), 0);
	expect_vm("B[0,2)@0 B[2,22)@2");
	for (u64 i = 0; i < 22; i++)
		KUNIT_EXPECT_EQ(test, world->pt[i].writes, i < 16 ? 0 : 1);

	/* But not when a flag or an offset differs. */
	ops[0] = map_op(1, 0, 4, 0);
	ops[0].flags = READONLY;
	ops[1] = map_op(1, 8, 4, 9);
	KUNIT_EXPECT_EQ(test, bind(ops, 2), 0);
	expect_consistent();
	KUNIT_EXPECT_EQ(test, world->pt[0].flags, READONLY);
	KUNIT_EXPECT_EQ(test, world->pt[8].offset, 9);
	KUNIT_EXPECT_EQ(test, world->pt[4].writes, 0);

	/* What remains of a cut mapping keeps its flags. */
	ops[0] = unmap_op(1, 1);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);
	KUNIT_EXPECT_EQ(test, world->pt[2].flags, READONLY);
	expect_consistent();
	world_end();
}

static void bind_bad_ops(struct kunit *test)
{
	struct drm_gpuvm_bind_op bad[16];
	struct drm_gpuvm_bind_job *job;
	u32 count = 0;

	world_new(test, 0);
	bad[count] = map_op(0, 0, 4, 0);
	bad[count++].op = 0;
	bad[count] = map_op(0, 0, 4, 0);
	bad[count++].op = 5;
	bad[count] = map_op(0, 0, 4, 0);
	bad[count++].obj = NULL;
	bad[count] = map_op(0, 0, 4, 0);
	bad[count++].flags = DRM_GPUVA_SPARSE;
	bad[count] = map_op(0, 0, 4, 0);
	bad[count++].__reserved[3] = 1;
	bad[count++] = map_op(0, 0, 4, U64_MAX - 2);
	bad[count++] = map_op(0, 0, 0, 0);
	bad[count++] = map_op(0, 238, 4, 0);
	bad[count++] = map_op(0, U64_MAX, 4, 0);
	bad[count] = unmap_op(0, 4);
	bad[count++].obj = world->bos[0];
	bad[count] = unmap_op(0, 4);
	bad[count++].flags = READONLY;
	bad[count] = sparse_op(0, 4);
	bad[count++].offset = 1;
	bad[count] = unmap_obj_op(0);
	bad[count++].range = 4;
	bad[count] = unmap_obj_op(0);
	bad[count++].obj = NULL;

	for (u32 i = 0; i < count; i++)
		KUNIT_EXPECT_EQ_MSG(test, bind(&bad[i], 1), -EINVAL,
				    "operation %u", i);

	/* More than there is room for. */
	bad[0] = map_op(0, 0, 4, 0);
	job = make_job(bad, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_add(job, bad), -EINVAL);
	KUNIT_EXPECT_NULL(test, drm_gpuvm_bind_job_fence(job));
	drm_gpuvm_bind_job_put(job);

	expect_vm("");
	world_end();
}

static struct drm_gpuvm_bind_op random_op(struct rnd_state *rnd)
{
	u64 addr = prandom_u32_state(rnd) % (GK_RESERVE_START - 1);
	u64 most = min_t(u64, GK_RESERVE_START - addr, 40);
	u64 range = 1 + prandom_u32_state(rnd) % most;
	struct drm_gpuvm_bind_op op;

	switch (prandom_u32_state(rnd) % 16) {
	case 0 ... 3:
		return unmap_op(addr, range);
	case 4 ... 5:
		return sparse_op(addr, range);
	case 6:
		return unmap_obj_op(prandom_u32_state(rnd) % NUM_BOS);
	default:
		/* Often the same offsets, so that much says the same again. */
		op = map_op(prandom_u32_state(rnd) % NUM_BOS, addr, range,
			    addr + prandom_u32_state(rnd) % 2);
		op.flags = prandom_u32_state(rnd) % 4 ? 0 : READONLY;
		return op;
	}
}

/* What an operation means, page by page. */
static void model_op(struct page_entry *pages,
		     const struct drm_gpuvm_bind_op *op)
{
	for (u64 i = 0; i < GK_VM_RANGE; i++) {
		struct page_entry *page = &pages[i];

		if (op->op == DRM_GPUVM_BIND_OP_UNMAP_OBJ) {
			if (page->obj == op->obj)
				*page = (struct page_entry) {};
			continue;
		}
		if (i < op->addr || i >= op->addr + op->range)
			continue;

		*page = (struct page_entry) {};
		if (op->op == DRM_GPUVM_BIND_OP_UNMAP)
			continue;
		page->valid = true;
		page->obj = op->obj;
		page->offset = op->obj ? op->offset + i - op->addr : 0;
		page->flags = op->obj ? op->flags :
					op->flags | DRM_GPUVA_SPARSE;
	}
}

static void expect_pages(const struct page_entry *pages, const char *when)
{
	for (u64 i = 0; i < GK_VM_RANGE; i++) {
		const struct page_entry *is = &world->pt[i], *want = &pages[i];

		if (is->valid == want->valid && is->obj == want->obj &&
		    is->offset == want->offset && is->flags == want->flags)
			continue;
		KUNIT_FAIL(world->test, "page %llu differs %s", i, when);
		return;
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
	struct page_entry *model;
	struct rnd_state rnd;

	model = kunit_kcalloc(test, GK_VM_RANGE, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);

	prandom_seed_state(&rnd, SEED);
	world_new(test, 0);
	for (int round = 0; round < 200; round++) {
		u32 count = 1 + prandom_u32_state(&rnd) % MAX_OPS;

		for (u32 i = 0; i < count; i++) {
			ops[i] = random_op(&rnd);
			model_op(model, &ops[i]);
		}
		KUNIT_ASSERT_EQ(test, bind(ops, count), 0);
		expect_pages(model, "from the model");
		expect_consistent();
		/* An entry is cleared and written, at the most. */
		for (u64 i = 0; i < GK_VM_RANGE; i++)
			KUNIT_EXPECT_LE(test, world->pt[i].writes, 2);
		if (test->status == KUNIT_FAILURE) {
			kunit_info(test, "seed %#llx, round %d", SEED, round);
			break;
		}
	}
	world_end();
}

/* Some mappings for a bind to get into. */
static void fill_vm(struct rnd_state *rnd)
{
	struct drm_gpuvm_bind_op ops[8];

	for (int i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i] = random_op(rnd);
	ops[0] = map_op(0, 0, 100, 0);
	ops[1] = map_op(1, 100, 100, 0);
	KUNIT_ASSERT_EQ(world->test, bind(ops, ARRAY_SIZE(ops)), 0);
	wait_for_jobs(0);
}

static int bind_to_fail(const struct drm_gpuvm_bind_op *ops, u32 count)
{
	int ret = bind(ops, count);
	bool dead = drm_gpuvm_bind_queue_error(world->queue) == -EIO;

	world->fail_from = 0;
	/* In deferred mode one that fails is kept until the VM is closed. */
	wait_for_jobs(dead && !gk_immediate(world->test));
	return ret;
}

/*
 * In a world that is made for it, let the nth callback of a bind fail, and the
 * next, and so on, until one kills the VM, or none fails any more.
 */
static bool fail_from_nth(struct kunit *test, struct drm_gpuvm_bind_op *ops,
			  u32 count, unsigned int *nth,
			  unsigned int *failures)
{
	struct rnd_state rnd;
	const char *vm, *vm_bos;
	bool dead = false;
	int ret = -EIO;

	prandom_seed_state(&rnd, SEED);
	world_new(test, 0);
	fill_vm(&rnd);
	for (u32 i = 0; i < count; i++)
		ops[i] = random_op(&rnd);
	vm = gk_vm_text(test, world->vm);
	vm_bos = vm_bos_text();
	memcpy(world->saved, world->pt, sizeof(world->pt));

	for (; ret && !dead && test->status != KUNIT_FAILURE; ++*nth) {
		world->fail_from = *nth;
		world->fail_count = 1;
		ret = bind_to_fail(ops, count);
		dead = drm_gpuvm_bind_queue_error(world->queue) == -EIO;
		if (!ret || dead)
			continue;

		++*failures;
		KUNIT_EXPECT_STREQ(test, vm, gk_vm_text(test, world->vm));
		KUNIT_EXPECT_STREQ(test, vm_bos, vm_bos_text());
		expect_pages(world->saved, "after an undo");
	}

	if (!ret)
		expect_consistent();
	/* Immediate mode undoes whatever fails. */
	KUNIT_EXPECT_FALSE(test, dead && gk_immediate(test));
	world_end();
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

/* Each allocation of a submission fails once; nothing changes, a retry works. */
static void bind_undo_allocations(struct kunit *test)
{
	struct drm_gpuvm_bind_op *ops = new_ops(test);
	unsigned int failures = 0;
	struct rnd_state rnd;
	const char *vm, *vm_bos;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	prandom_seed_state(&rnd, SEED);
	world_new(test, 0);
	fill_vm(&rnd);
	for (int i = 0; i < MAX_OPS; i++)
		ops[i] = random_op(&rnd);

	for (unsigned int nth = 1; ; nth++) {
		int ret;

		vm = gk_vm_text(test, world->vm);
		vm_bos = vm_bos_text();
		memcpy(world->saved, world->pt, sizeof(world->pt));

		gk_fail_alloc_arm(nth);
		ret = bind(ops, MAX_OPS);
		if (gk_fail_alloc_disarm())
			break;
		wait_for_jobs(0);

		/* Some allocations have a second way to succeed. */
		if (!ret)
			continue;

		failures++;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_STREQ(test, vm, gk_vm_text(test, world->vm));
		KUNIT_EXPECT_STREQ(test, vm_bos, vm_bos_text());
		expect_pages(world->saved, "after a failed allocation");
		if (test->status == KUNIT_FAILURE)
			break;
	}

	kunit_info(test, "%u allocations failed", failures);
	KUNIT_EXPECT_GT(test, failures, MAX_OPS);
	expect_consistent();
	world_end();
}

/* The undo fails as well, or is not wanted: the VM dies with its reason. */
static void bind_dies(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	for (int no_undo = 0; no_undo < 2; no_undo++) {
		world_new(test, no_undo ? DRM_GPUVM_BIND_NO_UNDO : 0);
		ops[0] = map_op(0, 0, 16, 0);
		KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);
		KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(world->queue), 0);

		ops[0] = map_op(1, 4, 4, 0);
		ops[1] = map_op(2, 32, 4, 0);
		/* Two of validate and pt_reserve each, then the page tables. */
		world->fail_from = 6;
		world->fail_count = no_undo ? 1 : 100;
		KUNIT_EXPECT_EQ(test, bind(ops, 2), -EIO);
		world->fail_from = 0;

		KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(world->queue),
				-EIO);
		KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_state(world->queue),
				DRM_GPUVM_BIND_DEAD);
		KUNIT_EXPECT_EQ(test, bind(ops, 2), -EIO);
		world_end();
	}
}

static void bind_killed(struct kunit *test)
{
	struct drm_gpuvm_bind_op op;

	world_new(test, 0);
	op = map_op(0, 0, 16, 0);
	drm_gpuvm_bind_queue_kill(world->queue, -ENXIO);
	drm_gpuvm_bind_queue_kill(world->queue, -EFAULT);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(world->queue), -ENXIO);
	KUNIT_EXPECT_EQ(test, bind(&op, 1), -EIO);
	expect_vm("");
	world_end();
}

static void bind_refused(struct kunit *test)
{
	struct drm_gpuvm_bind_op op;

	world_new(test, 0);
	op = map_op(0, 0, 16, 0);
	world->refuse = -ENODEV;
	KUNIT_EXPECT_EQ(test, bind(&op, 1), -ENODEV);
	KUNIT_EXPECT_FALSE(test, world->pt[0].valid);
	world_end();
}

static const char *fence_name(struct dma_fence *fence)
{
	return "bind-kunit";
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

/* A job that takes the object away and waits when the VM is closed. */
static void bind_close_in_flight(struct kunit *test)
{
	struct dma_fence *gate = new_fence(test), *done;
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op ops[2];

	world_new(test, 0);
	ops[0] = map_op(1, 0, 16, 0);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), 0);

	ops[0] = unmap_obj_op(1);
	ops[1] = map_op(2, 4, 4, 0);
	job = make_job(ops, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_ASSERT_EQ(test, 0,
			drm_sched_job_add_dependency(&job->base,
						     dma_fence_get(gate)));
	KUNIT_ASSERT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), -EINVAL);
	done = drm_gpuvm_bind_job_fence(job);
	drm_gpuvm_bind_job_put(job);
	KUNIT_EXPECT_TRUE(test, world->pt[0].valid);

	drm_gpuvm_bind_queue_close(world->queue);
	KUNIT_EXPECT_EQ(test, bind(ops, 1), -ENOENT);
	expect_vm("");

	dma_fence_signal(gate);
	KUNIT_EXPECT_EQ(test, dma_fence_wait(done, false), 0);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(done), -ECANCELED);
	dma_fence_put(done);
	dma_fence_put(gate);
	world_end();
}

/* Deferred mode shows the mappings at once, immediate mode when the job ran. */
static void bind_when_it_shows(struct kunit *test)
{
	struct dma_fence *gate = new_fence(test);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op op;

	world_new(test, 0);
	op = map_op(1, 0, 16, 0);
	job = make_job(&op, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_ASSERT_EQ(test, 0,
			drm_sched_job_add_dependency(&job->base,
						     dma_fence_get(gate)));
	KUNIT_ASSERT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, world->vm),
			   gk_immediate(test) ? "" :
						"B[0,16)@0");
	KUNIT_EXPECT_FALSE(test, world->pt[0].valid);

	dma_fence_signal(gate);
	dma_fence_put(gate);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_wait(job), 0);
	drm_gpuvm_bind_job_put(job);
	expect_vm("B[0,16)@0");
	world_end();
}

static void bind_bad_queue(struct kunit *test)
{
	static const struct drm_gpuvm_bind_ops no_ops;
	struct drm_gpuvm *vm = gk_vm_new(test);
	const struct drm_gpuvm_bind_queue_args good = {
		.gpuvm = vm,
		.ops = &bind_ops,
		.cleanup_wq = cleanup_wq,
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

static int suite_init(struct kunit_suite *suite)
{
	cleanup_wq = alloc_workqueue("bind-kunit", WQ_UNBOUND, 0);
	return cleanup_wq ? 0 : -ENOMEM;
}

static void suite_exit(struct kunit_suite *suite)
{
	if (cleanup_wq)
		destroy_workqueue(cleanup_wq);
}

static struct kunit_suite suite = {
	.name = "gpuvm_bind",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
