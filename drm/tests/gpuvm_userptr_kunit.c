// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Userptrs: that page tables lead to the pages that the process has, and to no
 * others, whatever the process does and whatever fails.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/workqueue.h>

#include "gpuvm_bind_world.h"

#define PAGES 16
#define AT 8

/**
 * struct up_world - what a case has besides &struct bw_world
 */
struct up_world {
	/** @start: user address of PAGES pages */
	unsigned long start;
	/** @released: userptrs that were freed */
	unsigned int released;
};

static struct up_world user;

static unsigned long map_user(struct kunit *test, unsigned long at)
{
	unsigned long start;

	/* Anew if something is there, which is to lose it. */
	if (at)
		start = vm_mmap(NULL, at, PAGES * PAGE_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0);
	else
		start = kunit_vm_mmap(test, NULL, 0, PAGES * PAGE_SIZE,
				      PROT_READ | PROT_WRITE,
				      MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, start, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(start));
	return start;
}

/* A world with memory of a process. */
static void up_new(struct kunit *test)
{
	bw_new(test, 0);
	user = (struct up_world) {};
	user.start = map_user(test, 0);
}

static void released(struct drm_gem_object *obj, void *priv)
{
	unsigned int *count = priv;

	KUNIT_EXPECT_EQ(bw_world->test, obj->size, PAGES * PAGE_SIZE);
	++*count;
}

static struct drm_gpuvm_userptr_args good_args(void)
{
	return (struct drm_gpuvm_userptr_args) {
		.queue = bw_world->queue,
		.addr = AT,
		.range = PAGES,
		.start = user.start,
		.size = PAGES * PAGE_SIZE,
		.release = released,
		.priv = &user.released,
	};
}

static struct drm_gpuvm_bind_op map_of(struct drm_gem_object *obj)
{
	return (struct drm_gpuvm_bind_op) {
		.op = DRM_GPUVM_BIND_OP_MAP,
		.obj = obj,
		.addr = AT,
		.range = PAGES,
	};
}

/* As an ioctl does: whatever becomes of it, the caller's reference goes. */
static int bind_args(const struct drm_gpuvm_userptr_args *args)
{
	struct drm_gem_object *obj = drm_gpuvm_userptr_create(args);
	struct drm_gpuvm_bind_op op = map_of(obj);
	int ret;

	if (IS_ERR(obj))
		return PTR_ERR(obj);

	ret = bw_bind(&op, 1);
	drm_gem_object_put(obj);
	return ret;
}

static void bind_userptr(void)
{
	const struct drm_gpuvm_userptr_args args = good_args();

	KUNIT_ASSERT_EQ(bw_world->test, bind_args(&args), 0);
}

static int begin(void)
{
	struct dma_resv *resv = drm_gpuvm_resv(bw_world->vm);
	int ret;

	dma_resv_lock(resv, NULL);
	ret = drm_gpuvm_userptr_begin(bw_world->queue);
	if (!ret)
		drm_gpuvm_userptr_end(bw_world->queue);
	dma_resv_unlock(resv);
	return ret;
}

static void repin(void)
{
	KUNIT_EXPECT_EQ(bw_world->test,
			drm_gpuvm_userptr_repin(bw_world->queue), 0);
	KUNIT_EXPECT_EQ(bw_world->test, begin(), 0);
}

/* Page tables from page @from of the userptr to before @to: the process's. */
static void expect_shown(unsigned int from, unsigned int to)
{
	struct kunit *test = bw_world->test;

	for (unsigned int i = from; i < to; i++) {
		const struct bw_page *entry = &bw_world->pt[AT + i];
		struct page *page;

		KUNIT_ASSERT_EQ(test, 1,
				get_user_pages_fast(user.start + i * PAGE_SIZE, 1,
						    FOLL_WRITE, &page));
		KUNIT_EXPECT_TRUE_MSG(test, entry->valid, "page %u", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, entry->page, page, "page %u", i);
		put_page(page);
	}
	KUNIT_EXPECT_TRUE(test, bw_world->flushed);
	KUNIT_EXPECT_FALSE(test, bw_world->mapped_over);
}

static void expect_empty(unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		KUNIT_EXPECT_FALSE_MSG(bw_world->test,
				       bw_world->pt[AT + i].valid, "page %u", i);
	KUNIT_EXPECT_TRUE(bw_world->test, bw_world->flushed);
}

static void unmap_user(unsigned int page, unsigned int count)
{
	KUNIT_ASSERT_EQ(bw_world->test, 0,
			vm_munmap(user.start + page * PAGE_SIZE,
				  count * PAGE_SIZE));
}

static void userptr_from_bind_to_unbind(struct kunit *test)
{
	struct drm_gpuvm_bind_op op = bw_unmap(AT, PAGES);

	up_new(test);
	bind_userptr();
	expect_shown(0, PAGES);
	KUNIT_EXPECT_EQ(test, begin(), 0);

	/* What it is made of does not change for that. */
	repin();
	expect_shown(0, PAGES);

	KUNIT_EXPECT_EQ(test, user.released, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, user.released, 1);
	expect_empty(0, PAGES);
	unmap_user(0, PAGES);
	bw_end();
}

static void userptr_loses_pages(struct kunit *test)
{
	up_new(test);
	bind_userptr();

	unmap_user(4, 2);
	expect_empty(0, PAGES);
	KUNIT_EXPECT_EQ(test, begin(), -EAGAIN);
	repin();
	expect_shown(0, 4);
	expect_empty(4, 6);
	expect_shown(6, PAGES);

	/* Twice in a row; and nothing is left of the first time. */
	map_user(test, user.start);
	map_user(test, user.start);
	expect_empty(0, PAGES);
	repin();
	expect_shown(0, PAGES);

	unmap_user(0, PAGES);
	repin();
	expect_empty(0, PAGES);
	bw_end();
	KUNIT_EXPECT_EQ(test, user.released, 1);
}

/* What is cut out stays out; each piece shows its own pages again. */
static void userptr_in_pieces(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	up_new(test);
	bind_userptr();
	ops[0] = bw_unmap(AT + 3, 1);
	ops[1] = bw_map(1, AT + 8, 2, 5);
	KUNIT_ASSERT_EQ(test, bw_bind(ops, 2), 0);

	for (int i = 0; i < 2; i++) {
		map_user(test, user.start);
		expect_empty(0, 8);
		expect_empty(10, PAGES);
		repin();
		expect_shown(0, 3);
		expect_empty(3, 4);
		expect_shown(4, 8);
		expect_shown(10, PAGES);
		bw_expect_consistent();
		KUNIT_EXPECT_PTR_EQ(test, bw_world->pt[AT + 8].obj,
				    bw_world->bos[1]);
		KUNIT_EXPECT_EQ(test, bw_world->pt[AT + 9].offset, 6);
	}

	/* The last piece takes it along, whether or not it has pages. */
	unmap_user(0, PAGES);
	ops[0] = bw_unmap(AT, 8);
	KUNIT_ASSERT_EQ(test, bw_bind(ops, 1), 0);
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, user.released, 0);
	ops[0] = bw_sparse(AT + 10, 6);
	KUNIT_ASSERT_EQ(test, bw_bind(ops, 1), 0);
	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, user.released, 1);
	KUNIT_EXPECT_EQ(test, begin(), 0);
	bw_end();
}

/* A bind whose pages are gone leaves its range empty; the repin fills it. */
static void userptr_lost_before_the_bind(struct kunit *test)
{
	struct drm_gpuvm_userptr_args args;
	struct drm_gem_object *obj;
	struct drm_gpuvm_bind_op op;

	up_new(test);
	args = good_args();
	obj = drm_gpuvm_userptr_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	map_user(test, user.start);

	op = map_of(obj);
	KUNIT_ASSERT_EQ(test, bw_bind(&op, 1), 0);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_interval_empty(bw_world->vm, AT, PAGES));
	expect_empty(0, PAGES);
	KUNIT_EXPECT_EQ(test, begin(), -EAGAIN);
	repin();
	expect_shown(0, PAGES);
	bw_end();
}

static void lose_again(void)
{
	map_user(bw_world->test, user.start);
}

/* The pages that a repin has taken are not the right ones any more. */
static void userptr_lost_in_the_repin(struct kunit *test)
{
	up_new(test);
	bind_userptr();
	map_user(test, user.start);
	bw_world->calls = 0;
	bw_world->in_reserve = lose_again;
	repin();
	expect_shown(0, PAGES);
	/* It began anew: tables twice, one mapping. */
	KUNIT_EXPECT_EQ(test, bw_world->calls, 3);
	bw_end();
}

static const char *fence_name(struct dma_fence *fence)
{
	return "userptr-kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

/**
 * struct up_job - a job that uses the pages for a while
 */
struct up_job {
	/** @fence: of the job */
	struct dma_fence fence;
	/** @lock: of @fence */
	spinlock_t lock;
	/** @end: the end of the job */
	struct delayed_work end;
	/** @had_pages: until then */
	bool had_pages;
};

static void end_job(struct work_struct *work)
{
	struct up_job *job = container_of(to_delayed_work(work), struct up_job,
					  end);

	job->had_pages = true;
	for (unsigned int i = 0; i < PAGES; i++)
		job->had_pages &= READ_ONCE(bw_world->pt[AT + i].valid);
	dma_fence_signal(&job->fence);
}

/* The process waits for the job, which has its pages to the end. */
static void userptr_waits_for_jobs(struct kunit *test)
{
	struct up_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);
	struct dma_resv *resv;

	KUNIT_ASSERT_NOT_NULL(test, job);
	up_new(test);
	bind_userptr();
	resv = drm_gpuvm_resv(bw_world->vm);

	spin_lock_init(&job->lock);
	dma_fence_init(&job->fence, &fence_ops, &job->lock,
		       dma_fence_context_alloc(1), 1);
	INIT_DELAYED_WORK(&job->end, end_job);
	dma_resv_lock(resv, NULL);
	KUNIT_ASSERT_EQ(test, dma_resv_reserve_fences(resv, 1), 0);
	KUNIT_ASSERT_EQ(test, drm_gpuvm_userptr_begin(bw_world->queue), 0);
	dma_resv_add_fence(resv, &job->fence, DMA_RESV_USAGE_BOOKKEEP);
	drm_gpuvm_userptr_end(bw_world->queue);
	dma_resv_unlock(resv);
	schedule_delayed_work(&job->end, msecs_to_jiffies(100));

	unmap_user(0, 1);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&job->fence));
	KUNIT_EXPECT_TRUE(test, job->had_pages);
	expect_empty(0, PAGES);
	flush_delayed_work(&job->end);
	bw_end();
}

static void userptr_bad_args(struct kunit *test)
{
	struct drm_gpuvm_userptr_args bad;

#define BAD(error, change) do { \
		bad = good_args(); \
		change; \
		KUNIT_EXPECT_EQ_MSG(test, bind_args(&bad), -(error), #change); \
	} while (0)

	up_new(test);
	BAD(EINVAL, bad.start += 8);
	BAD(EINVAL, bad.size -= 8);
	BAD(EINVAL, bad.size = 0);
	BAD(EINVAL, bad.start = -PAGE_SIZE);
	BAD(EINVAL, bad.range = 0);
	BAD(EINVAL, bad.addr = GK_RESERVE_START);
	BAD(EINVAL, bad.flags = BIT(1));
	BAD(EINVAL, bad.__pad = 1);
	BAD(EINVAL, bad.__reserved[3] = 1);
	BAD(EFAULT, bad.start = 0);
	BAD(EFAULT, bad.start = -64 * PAGE_SIZE);
	BAD(EFAULT, bad.start += PAGE_SIZE);
	BAD(ENOMEM, bad.size = SZ_4G);
	/* Made for one place, bound at another. */
	BAD(EINVAL, bad.addr++);
	BAD(EINVAL, bad.range--);
#undef BAD

	bw_wait_for_jobs(0);
	KUNIT_EXPECT_EQ(test, user.released, 2);
	bw_expect_vm("");
	KUNIT_EXPECT_EQ(test, begin(), 0);
	bw_end();
}

/* Not a part of it, nor one again and again. */
static void userptr_bad_ops(struct kunit *test)
{
	struct drm_gpuvm_userptr_args args;
	struct drm_gpuvm_bind_op op;
	struct drm_gem_object *obj;

	up_new(test);
	args = good_args();
	obj = drm_gpuvm_userptr_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	op = map_of(obj);
	op.attrs.repeat = 4;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), -EINVAL);
	op = map_of(obj);
	op.offset = 1;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), -EINVAL);
	op = map_of(obj);
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_shown(0, PAGES);
	op = bw_unmap_obj(0);
	op.obj = obj;
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	expect_empty(0, PAGES);
	drm_gem_object_put(obj);
	bw_end();
}

static void userptr_deferred(struct kunit *test)
{
	struct drm_gpuvm_userptr_args args;

	up_new(test);
	args = good_args();
	KUNIT_EXPECT_EQ(test, bind_args(&args),
			gk_immediate(test) ? 0 : -EOPNOTSUPP);
	bw_end();
}

/* Whatever the driver fails at, a retry has everything again. */
static void userptr_repin_fails(struct kunit *test)
{
	struct drm_gpuvm_bind_op op = bw_unmap(AT + 5, 1);
	unsigned int nth;
	int ret = -EIO;

	up_new(test);
	bind_userptr();
	KUNIT_ASSERT_EQ(test, bw_bind(&op, 1), 0);

	for (nth = 1; ret; nth++) {
		map_user(test, user.start);
		bw_world->calls = 0;
		bw_world->fail_from = nth;
		bw_world->fail_count = 1;
		ret = drm_gpuvm_userptr_repin(bw_world->queue);
		bw_world->fail_from = 0;
		if (!ret)
			break;
		KUNIT_EXPECT_EQ(test, ret, nth == 1 ? -ENOMEM : -EIO);
		expect_empty(0, PAGES);
		KUNIT_EXPECT_EQ(test, begin(), -EAGAIN);
	}

	/* Tables, and two pieces. */
	KUNIT_EXPECT_EQ(test, nth, 4);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_error(bw_world->queue), 0);
	expect_shown(0, 5);
	expect_shown(6, PAGES);
	KUNIT_EXPECT_EQ(test, begin(), 0);
	bw_end();
}

/* Entries that the driver cannot clear lead to pages that nobody else gets. */
static void userptr_zap_fails(struct kunit *test)
{
	struct page *page;
	int refs;

	up_new(test);
	bind_userptr();
	page = bw_world->pt[AT + PAGES - 1].page;
	get_page(page);

	bw_world->calls = 0;
	bw_world->fail_from = 1;
	bw_world->fail_count = 1;
	unmap_user(0, PAGES);
	bw_world->fail_from = 0;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_queue_reason(bw_world->queue), -EIO);
	KUNIT_EXPECT_TRUE(test, bw_world->pt[AT + PAGES - 1].valid);
	refs = page_count(page);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_userptr_repin(bw_world->queue), -EIO);

	bw_end();
	KUNIT_EXPECT_EQ(test, user.released, 1);
	KUNIT_EXPECT_LT(test, page_count(page), refs);
	put_page(page);
}

/* Each allocation of a bind and of a repin fails once. */
static void userptr_allocations(struct kunit *test)
{
	struct drm_gpuvm_userptr_args args;
	struct drm_gpuvm_bind_op op = bw_unmap(AT, PAGES);
	unsigned int failures = 0;
	bool done = false;
	int ret;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	up_new(test);
	args = good_args();
	for (unsigned int nth = 1; !done; nth++) {
		gk_fail_alloc_arm(nth);
		ret = bind_args(&args);
		done = gk_fail_alloc_disarm();
		if (!ret)
			KUNIT_ASSERT_EQ(test, bw_bind(&op, 1), 0);
		else
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
		bw_wait_for_jobs(0);
		bw_expect_vm("");
		failures += !!ret;
	}
	KUNIT_EXPECT_GT(test, failures, 5);

	bind_userptr();
	done = false;
	for (unsigned int nth = 1; !done; nth++) {
		map_user(test, user.start);
		gk_fail_alloc_arm(nth);
		ret = drm_gpuvm_userptr_repin(bw_world->queue);
		done = gk_fail_alloc_disarm();
		if (ret) {
			KUNIT_ASSERT_EQ(test, ret, -ENOMEM);
			expect_empty(0, PAGES);
			KUNIT_EXPECT_EQ(test, begin(), -EAGAIN);
		}
		repin();
		expect_shown(0, PAGES);
		failures += !!ret;
	}
	kunit_info(test, "%u allocations failed", failures);
	bw_end();
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(userptr_from_bind_to_unbind, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_loses_pages, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_in_pieces, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_lost_before_the_bind, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_lost_in_the_repin, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_waits_for_jobs, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_bad_args, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_bad_ops, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_deferred, gk_mode_gen_params),
	KUNIT_CASE_PARAM(userptr_repin_fails, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_zap_fails, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(userptr_allocations, gk_immediate_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "gpuvm_userptr",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
