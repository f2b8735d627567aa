// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Syncobjs that jobs wait for and signal: binary and timeline, all or none.
 *
 * The file that they belong to is a structure with nothing in it but its table of
 * syncobjs.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-fence-chain.h>
#include <linux/xarray.h>

#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>

#include "gpuvm_bind_world.h"

#define SYNCOBJS	4
#define GOOD		5
#define JOBS		8
#define UNKNOWN		4711

/* What each syncobj is for. */
enum { BINARY_IN, LINE_IN, BINARY_OUT, LINE_OUT };

struct sync_world {
	struct drm_file *file;
	struct drm_syncobj *obj[SYNCOBJS];
	u32 handle[SYNCOBJS];
	/* what each holds at first, not referenced */
	struct dma_fence *holds[SYNCOBJS];
	/* what there is to wait for: in BINARY_IN, at point 5 of LINE_IN */
	struct dma_fence *gate[2];
};

static void syncobj_new(struct kunit *test, struct sync_world *sw, int i)
{
	KUNIT_ASSERT_EQ(test, drm_syncobj_create(&sw->obj[i], 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, 0,
			drm_syncobj_get_handle(sw->file, sw->obj[i],
					       &sw->handle[i]));
}

static struct sync_world *sw_new(struct kunit *test)
{
	struct sync_world *sw = kunit_kzalloc(test, sizeof(*sw), GFP_KERNEL);
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	KUNIT_ASSERT_NOT_NULL(test, sw);
	KUNIT_ASSERT_NOT_NULL(test, chain);
	sw->file = kunit_kzalloc(test, sizeof(*sw->file), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sw->file);
	xa_init_flags(&sw->file->syncobj_xa, XA_FLAGS_ALLOC1);
	for (int i = 0; i < SYNCOBJS; i++)
		syncobj_new(test, sw, i);
	for (int i = 0; i < 2; i++)
		sw->gate[i] = bw_fence_new(test);

	drm_syncobj_replace_fence(sw->obj[BINARY_IN], sw->gate[0]);
	drm_syncobj_add_point(sw->obj[LINE_IN], chain, sw->gate[1], 5);
	sw->holds[BINARY_IN] = sw->gate[0];
	sw->holds[LINE_IN] = &chain->base;
	return sw;
}

static void sw_end(struct sync_world *sw)
{
	for (int i = 0; i < SYNCOBJS; i++) {
		drm_syncobj_put(xa_erase(&sw->file->syncobj_xa, sw->handle[i]));
		drm_syncobj_put(sw->obj[i]);
	}
	xa_destroy(&sw->file->syncobj_xa);
	for (int i = 0; i < 2; i++) {
		dma_fence_signal(sw->gate[i]);
		dma_fence_put(sw->gate[i]);
	}
}

/*
 * For each syncobj its references, and whether it holds what it held; then the
 * references of the fences.
 */
static const char *sw_text(struct kunit *test, struct sync_world *sw)
{
	char *text = kunit_kzalloc(test, 64, GFP_KERNEL);
	size_t len = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (int i = 0; i < SYNCOBJS; i++) {
		struct dma_fence *fence = drm_syncobj_fence_get(sw->obj[i]);

		len += scnprintf(text + len, 64 - len, "%u%s ",
				 kref_read(&sw->obj[i]->refcount),
				 fence == sw->holds[i] ? "" : "!");
		dma_fence_put(fence);
	}
	scnprintf(text + len, 64 - len, "%u %u",
		  kref_read(&sw->gate[0]->refcount),
		  kref_read(&sw->gate[1]->refcount));

	return text;
}

static void good_syncs(struct sync_world *sw, struct drm_gpuvm_sync *syncs)
{
	const struct drm_gpuvm_sync good[GOOD] = {
		{ sw->handle[BINARY_IN], DRM_GPUVM_SYNC_WAIT },
		{ sw->handle[BINARY_OUT], DRM_GPUVM_SYNC_SIGNAL },
		{ sw->handle[LINE_OUT], DRM_GPUVM_SYNC_SIGNAL, 3 },
		{ sw->handle[LINE_IN], DRM_GPUVM_SYNC_WAIT, 5 },
		{ sw->handle[LINE_IN], DRM_GPUVM_SYNC_SIGNAL, 7 },
	};

	memcpy(syncs, good, sizeof(good));
}

static struct drm_gpuvm_syncs *create_good(struct sync_world *sw)
{
	struct drm_gpuvm_sync good[GOOD];

	good_syncs(sw, good);
	return drm_gpuvm_syncs_create(sw->file, good, GOOD);
}

/* How the job ended whose fence is at a point: 0 if it did not; -ENOENT: none. */
static int status_at(struct sync_world *sw, int i, u64 point)
{
	struct dma_fence *fence = NULL;
	int status;

	if (drm_syncobj_find_fence(sw->file, sw->handle[i], point, 0, &fence))
		return -ENOENT;

	status = dma_fence_get_status(dma_fence_chain_contained(fence));
	dma_fence_put(fence);
	return status;
}

static void expect_outs(struct kunit *test, struct sync_world *sw, int status)
{
	KUNIT_EXPECT_EQ(test, status_at(sw, BINARY_OUT, 0), status);
	KUNIT_EXPECT_EQ(test, status_at(sw, LINE_OUT, 3), status);
	KUNIT_EXPECT_EQ(test, status_at(sw, LINE_IN, 7), status);
}

static void sync_both_kinds(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_syncs *syncs;
	struct drm_gpuvm_bind_op op;

	bw_new(test, 0);
	op = bw_map(1, 0, 4, 0);
	job = bw_job(&op, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	syncs = create_good(sw);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, syncs);
	expect_outs(test, sw, -ENOENT);

	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_submit(job, syncs), 0);
	drm_gpuvm_syncs_free(syncs);
	expect_outs(test, sw, 0);
	KUNIT_EXPECT_EQ(test, status_at(sw, LINE_OUT, 4), -ENOENT);
	KUNIT_EXPECT_EQ(test, status_at(sw, LINE_IN, 5), 0);

	/* One of the two that it waits for is not enough. */
	dma_fence_signal(sw->gate[0]);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, bw_world->pt[0].valid);
	expect_outs(test, sw, 0);

	dma_fence_signal(sw->gate[1]);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_wait(job), 0);
	drm_gpuvm_bind_job_put(job);
	expect_outs(test, sw, 1);
	bw_expect_vm("B[0,4)@0");

	bw_end();
	sw_end(sw);
}

/* A bad one among good ones, at each place: nothing is looked up for long. */
static void sync_bad(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	const struct {
		struct drm_gpuvm_sync sync;
		int error;
	} rows[] = {
		{ { UNKNOWN, DRM_GPUVM_SYNC_WAIT }, -ENOENT },
		{ { UNKNOWN, DRM_GPUVM_SYNC_SIGNAL }, -ENOENT },
		{ { UNKNOWN, DRM_GPUVM_SYNC_SIGNAL, 3 }, -ENOENT },
		{ { 0, DRM_GPUVM_SYNC_WAIT }, -ENOENT },
		{ { sw->handle[BINARY_IN], 0 }, -EINVAL },
		{ { sw->handle[BINARY_IN], 3 }, -EINVAL },
		{ { sw->handle[BINARY_IN], 4 }, -EINVAL },
		{ { sw->handle[BINARY_IN], DRM_GPUVM_SYNC_WAIT, 1 }, -EINVAL },
		{ { sw->handle[BINARY_OUT], DRM_GPUVM_SYNC_WAIT }, -EINVAL },
		{ { sw->handle[LINE_IN], DRM_GPUVM_SYNC_WAIT, 6 }, -EINVAL },
		{ { sw->handle[LINE_OUT], DRM_GPUVM_SYNC_WAIT, 1 }, -EINVAL },
	};
	const char *before = sw_text(test, sw);

	for (int i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int at = 0; at < GOOD; at++) {
			struct drm_gpuvm_sync syncs[GOOD];

			good_syncs(sw, syncs);
			syncs[at] = rows[i].sync;
			KUNIT_EXPECT_PTR_EQ_MSG(test, ERR_PTR(rows[i].error),
						drm_gpuvm_syncs_create(sw->file, syncs, GOOD),
						"row %d at %d", i, at);
			KUNIT_EXPECT_STREQ(test, sw_text(test, sw), before);
		}
	}

	sw_end(sw);
}

static void sync_none(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);

	KUNIT_EXPECT_NULL(test, drm_gpuvm_syncs_create(sw->file, NULL, 0));
	KUNIT_EXPECT_EQ(test, drm_gpuvm_syncs_wait(NULL, NULL), 0);
	drm_gpuvm_syncs_signal(NULL, sw->gate[0]);
	drm_gpuvm_syncs_free(NULL);
	sw_end(sw);
}

/* Made and given up: as if there had been nothing. */
static void sync_not_used(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	const char *before = sw_text(test, sw);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_syncs *syncs;

	bw_new(test, 0);
	syncs = create_good(sw);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, syncs);
	KUNIT_EXPECT_STREQ(test, sw_text(test, sw), "2 3 3 3 3 2");
	drm_gpuvm_syncs_free(syncs);
	KUNIT_EXPECT_STREQ(test, sw_text(test, sw), before);

	/* A job has what it waits for, and puts it. */
	syncs = create_good(sw);
	job = bw_job(NULL, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_syncs_wait(syncs, &job->base), 0);
	drm_gpuvm_syncs_free(syncs);
	drm_gpuvm_bind_job_put(job);
	KUNIT_EXPECT_STREQ(test, sw_text(test, sw), before);

	bw_end();
	sw_end(sw);
}

/* Looking up, and letting a job wait, as far as the allocations go. */
static int create_and_wait(struct sync_world *sw,
			   struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm_syncs *syncs = create_good(sw);
	int ret;

	if (IS_ERR(syncs))
		return PTR_ERR(syncs);

	ret = drm_gpuvm_syncs_wait(syncs, &job->base);
	drm_gpuvm_syncs_free(syncs);
	return ret;
}

/* Returns whether there was an allocation number @nth; notes whether it matters. */
static bool sync_fails_at(struct kunit *test, struct sync_world *sw,
			  const char *before, unsigned int nth,
			  unsigned long *needed)
{
	struct drm_gpuvm_bind_job *job = bw_job(NULL, 0);
	bool failed;
	int ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	gk_fail_alloc_arm(nth);
	ret = create_and_wait(sw, job);
	failed = !gk_fail_alloc_disarm();
	drm_gpuvm_bind_job_put(job);
	KUNIT_EXPECT_STREQ(test, sw_text(test, sw), before);
	KUNIT_EXPECT_TRUE(test, !ret || (failed && ret == -ENOMEM));
	if (ret && nth < BITS_PER_LONG)
		*needed |= BIT(nth);

	return failed;
}

static void sync_allocations(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	const char *before = sw_text(test, sw);
	unsigned long needed = 0;

	if (!gk_fail_alloc_available(test)) {
		sw_end(sw);
		kunit_skip(test, "no fault injection");
	}

	bw_new(test, 0);
	/* An empty slab hides one of them, now and then: hence several rounds. */
	for (unsigned int round = 0; round < 4; round++) {
		unsigned int nth = 1;

		while (sync_fails_at(test, sw, before, nth, &needed) &&
		       test->status != KUNIT_FAILURE)
			nth++;
	}

	/* The array, and a link for each timeline. */
	KUNIT_EXPECT_GE(test, hweight_long(needed), 3);
	bw_end();
	sw_end(sw);
}

static int submit_good(struct sync_world *sw, struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm_syncs *syncs = create_good(sw);
	int ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(bw_world->test, syncs);
	ret = drm_gpuvm_bind_job_submit(job, syncs);
	drm_gpuvm_syncs_free(syncs);
	return ret;
}

/* A submission that fails, at whichever step, has signalled nothing. */
static void sync_submit_fails(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	const char *before = sw_text(test, sw);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op ops[2];

	bw_new(test, 0);
	ops[0] = bw_map(0, 0, 4, 0);
	ops[1] = bw_map(1, 2, 4, 0);
	for (int nth = 1; nth <= 5; nth++) {
		job = bw_job(ops, 2);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
		bw_world->calls = 0;
		/* Two of validate, two of pt_reserve; then the end. */
		bw_world->fail_from = nth < 5 ? nth : 0;
		bw_world->fail_count = 1;
		if (nth == 5)
			drm_gpuvm_bind_queue_close(bw_world->queue);
		KUNIT_EXPECT_EQ(test, submit_good(sw, job),
				nth == 5 ? -ENOENT : nth <= 2 ? -ENOSPC : -ENOMEM);
		drm_gpuvm_bind_job_put(job);
		KUNIT_EXPECT_STREQ_MSG(test, sw_text(test, sw), before,
				       "failure %d", nth);
		expect_outs(test, sw, -ENOENT);
	}

	bw_end();
	sw_end(sw);
}

/* A job that is there already is not submitted again, with other syncs. */
static void sync_submit_twice(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	const char *before = sw_text(test, sw);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op op;

	bw_new(test, 0);
	op = bw_map(0, 0, 4, 0);
	job = bw_job(&op, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_submit(job, NULL), 0);
	KUNIT_EXPECT_EQ(test, submit_good(sw, job), -EINVAL);
	KUNIT_EXPECT_STREQ(test, sw_text(test, sw), before);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_wait(job), 0);
	drm_gpuvm_bind_job_put(job);
	bw_end();
	sw_end(sw);
}

/* What becomes of a job later is told by all that it signals. */
static void sync_job_fails(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	struct drm_gpuvm_bind_job *job;
	struct drm_gpuvm_bind_op op;

	bw_new(test, 0);
	op = bw_map(0, 0, 4, 0);
	job = bw_job(&op, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	bw_world->calls = 0;
	bw_world->fail_from = 3;
	bw_world->fail_count = 1;
	KUNIT_EXPECT_EQ(test, submit_good(sw, job), 0);
	expect_outs(test, sw, 0);
	dma_fence_signal(sw->gate[1]);
	dma_fence_signal(sw->gate[0]);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_wait(job), -EIO);
	drm_gpuvm_bind_job_put(job);
	expect_outs(test, sw, -EIO);
	bw_end();
	sw_end(sw);
}

/* Each job waits for the point that the one before it signals. */
static void sync_along_a_timeline(struct kunit *test)
{
	struct sync_world *sw = sw_new(test);
	struct drm_gpuvm_bind_job *job = NULL;

	bw_new(test, 0);
	for (u64 n = 0; n < JOBS; n++) {
		const struct drm_gpuvm_sync line[2] = {
			{
				.handle = sw->handle[n ? LINE_OUT : BINARY_IN],
				.flags = DRM_GPUVM_SYNC_WAIT,
				.point = n,
			}, {
				.handle = sw->handle[LINE_OUT],
				.flags = DRM_GPUVM_SYNC_SIGNAL,
				.point = n + 1,
			},
		};
		struct drm_gpuvm_bind_op op = bw_map(n % BW_BOS, n, JOBS, n);
		struct drm_gpuvm_syncs *syncs;

		if (job)
			drm_gpuvm_bind_job_put(job);
		job = bw_job(&op, 1);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
		syncs = drm_gpuvm_syncs_create(sw->file, line, 2);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, syncs);
		KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_bind_job_submit(job, syncs));
		drm_gpuvm_syncs_free(syncs);
	}

	for (u64 n = 1; n <= JOBS; n++)
		KUNIT_EXPECT_EQ(test, status_at(sw, LINE_OUT, n), 0);
	dma_fence_signal(sw->gate[0]);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_bind_job_wait(job), 0);
	drm_gpuvm_bind_job_put(job);
	for (u64 n = 1; n <= JOBS; n++)
		KUNIT_EXPECT_EQ(test, status_at(sw, LINE_OUT, n), 1);
	bw_expect_vm("A[0,1)@0 B[1,2)@1 C[2,3)@2 A[3,4)@3 B[4,5)@4 C[5,6)@5 A[6,7)@6 B[7,15)@7");
	bw_end();
	sw_end(sw);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(sync_both_kinds, gk_mode_gen_params),
	KUNIT_CASE(sync_bad),
	KUNIT_CASE(sync_none),
	KUNIT_CASE(sync_not_used),
	KUNIT_CASE(sync_allocations),
	KUNIT_CASE_PARAM(sync_submit_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(sync_submit_twice, gk_mode_gen_params),
	KUNIT_CASE_PARAM(sync_job_fails, gk_mode_gen_params),
	KUNIT_CASE_PARAM(sync_along_a_timeline, gk_mode_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "gpuvm_sync",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
