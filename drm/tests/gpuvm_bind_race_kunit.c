// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Binds on two CPUs at once: two that bind, one that binds while the other looks,
 * closes, kills or interrupts.
 *
 * The threads take no lock but drm_gpuvm_bind_queue_lock(), where a driver would.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "gpuvm_bind_world.h"

#define BINDS		60
#define GENERATIONS	80
#define LOOKS		100
#define INTERRUPTED	120
#define ROUNDS		6
#define FENCES		48
#define OPS		6
/* Each of two threads has so many pages for itself. */
#define SHARE		120ull
/* What the reader sees of each generation. */
#define PIECES		8

struct race;

typedef void (*race_fn)(struct race *race, unsigned int who);

struct racer {
	struct race *race;
	race_fn fn;
	unsigned int who;
	struct task_struct *task;
	struct completion done;
	struct rnd_state rnd;
	/* what the thread's pages should show */
	struct bw_page *model;
};

struct race {
	struct racer racer[2];
	atomic_t arrived;
	/* what the first thread has done so far, for the second one */
	atomic_t steps;
	/* at which of these the second one does its part */
	unsigned int when;
	/* what the second one counted */
	unsigned int looks;
	/* what the first one submitted, and what it was told at the end */
	struct dma_fence *fence[FENCES];
	unsigned int fences;
	int last;
	/* the first thing that was wrong */
	const char *error;
	/* set when the first thread is through */
	bool stop;
};

static void race_error(struct race *race, const char *error)
{
	if (!READ_ONCE(race->error))
		WRITE_ONCE(race->error, error);
}

static bool race_goes_on(struct race *race)
{
	return !READ_ONCE(race->stop) && !READ_ONCE(race->error);
}

/* Without sleep: both go on at the same moment. */
static void meet(struct race *race)
{
	atomic_inc(&race->arrived);
	while (atomic_read(&race->arrived) < 2)
		cond_resched();
}

static int racer_main(void *data)
{
	struct racer *racer = data;

	meet(racer->race);
	racer->fn(racer->race, racer->who);
	if (racer->who == 0)
		WRITE_ONCE(racer->race->stop, true);
	complete(&racer->done);
	return 0;
}

static struct race *race_new(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	for (unsigned int who = 0; who < 2; who++) {
		race->racer[who].model = bw_new_pages(test);
		prandom_seed_state(&race->racer[who].rnd, 0x62696e64 + who);
	}

	return race;
}

/* Two functions at once, each on a CPU of its own; the second ends with the first. */
static void race_run(struct kunit *test, struct race *race, race_fn a,
		     race_fn b)
{
	atomic_set(&race->arrived, 0);
	atomic_set(&race->steps, 0);
	race->stop = false;

	for (unsigned int who = 0; who < 2; who++) {
		struct racer *racer = &race->racer[who];

		racer->race = race;
		racer->fn = who ? b : a;
		racer->who = who;
		init_completion(&racer->done);
		racer->task = kthread_create(racer_main, racer,
					     "gpuvm-binder/%u", who);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, racer->task);
		/* Its end may come before the other's last signal to it. */
		get_task_struct(racer->task);
		kthread_bind(racer->task, cpumask_nth(who, cpu_online_mask));
	}
	for (unsigned int who = 0; who < 2; who++)
		wake_up_process(race->racer[who].task);
	for (unsigned int who = 0; who < 2; who++) {
		wait_for_completion(&race->racer[who].done);
		put_task_struct(race->racer[who].task);
	}

	KUNIT_EXPECT_NULL_MSG(test, race->error, "%s", race->error);
}

/* In the thread's pages, of its own object or of the one that both have. */
static struct drm_gpuvm_bind_op random_op(struct racer *racer)
{
	struct rnd_state *rnd = &racer->rnd;
	u64 at = prandom_u32_state(rnd) % SHARE, base = racer->who * SHARE;
	u64 range = 1 + prandom_u32_state(rnd) % min(SHARE - at, 30ull);
	int own = racer->who ? 2 : 0;
	struct drm_gpuvm_bind_op op;

	switch (prandom_u32_state(rnd) % 8) {
	case 0 ... 1:
		return bw_unmap(base + at, range);
	case 2:
		return bw_sparse(base + at, range);
	case 3:
		return bw_unmap_obj(own);
	default:
		op = bw_map(prandom_u32_state(rnd) % 2 ? own : 1, base + at,
			    range, at + prandom_u32_state(rnd) % 2);
		op.attrs.repeat = prandom_u32_state(rnd) % 4;
		return op;
	}
}

static u32 random_ops(struct racer *racer, struct drm_gpuvm_bind_op *ops)
{
	u32 count = 1 + prandom_u32_state(&racer->rnd) % OPS;

	for (u32 i = 0; i < count; i++)
		ops[i] = random_op(racer);

	return count;
}

static void model_ops(struct racer *racer, const struct drm_gpuvm_bind_op *ops,
		      u32 count)
{
	for (u32 i = 0; i < count; i++)
		bw_model_op(racer->model, &ops[i]);
}

static void bind_many(struct race *race, unsigned int who)
{
	struct racer *racer = &race->racer[who];
	struct drm_gpuvm_bind_op ops[OPS];

	for (unsigned int i = 0; i < BINDS && !READ_ONCE(race->error); i++) {
		u32 count = random_ops(racer, ops);

		if (bw_submit(ops, count))
			race_error(race, "a bind failed");
		model_ops(racer, ops, count);
	}
}

/* Page by page what the two models say, each for its share. */
static void expect_models(struct race *race)
{
	memcpy(&race->racer[0].model[SHARE], &race->racer[1].model[SHARE],
	       SHARE * sizeof(struct bw_page));
	bw_expect_pages(race->racer[0].model, "from what the threads did");
	bw_expect_consistent();
}

static void race_binds(struct kunit *test)
{
	struct race *race = race_new(test);

	bw_new(test, 0);
	race_run(test, race, bind_many, bind_many);
	bw_wait_for_jobs(0);
	expect_models(race);
	bw_end();
}

/* Until the other one has looked often enough, however slow it is. */
static bool generations_go_on(struct race *race, u64 n)
{
	return !READ_ONCE(race->error) &&
	       (n <= GENERATIONS || READ_ONCE(race->looks) < LOOKS);
}

static void bind_generations(struct race *race, unsigned int who)
{
	struct drm_gpuvm_bind_op ops[1 + PIECES];

	for (u64 n = 1; generations_go_on(race, n); n++) {
		ops[0] = bw_unmap(0, SHARE);
		for (u64 i = 0; i < PIECES; i++) {
			ops[1 + i] = bw_map(i % BW_BOS, 15 * i + n % 8, 5, n);
			ops[1 + i].attrs.cookie = n;
		}
		if (bw_submit(ops, 1 + PIECES))
			race_error(race, "a bind failed");
		atomic_inc(&race->steps);
	}
}

/* All of one bind or nothing of it, and none that was seen to be replaced. */
static const char *look(u64 *generation)
{
	u64 count = 0, first = 0;
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, bw_world->vm) {
		const struct bw_page *page = &bw_world->pt[va->va.addr];

		if (va == &bw_world->vm->kernel_alloc_node)
			continue;
		if (!count++)
			first = va->attrs.cookie;
		if (va->attrs.cookie != first)
			return "half of a bind is seen";
		if (gk_immediate(bw_world->test) &&
		    (!page->valid || page->cookie != first))
			return "the page tables show something else";
	}

	if (count != drm_gpuvm_bind_queue_mappings(bw_world->queue))
		return "the mappings are not counted right";
	if (count && count != PIECES)
		return "some mappings are missing";
	if (first < *generation)
		return "time goes backwards";
	*generation = first;
	return NULL;
}

static void read_generations(struct race *race, unsigned int who)
{
	u64 generation = 0;

	while (race_goes_on(race)) {
		const char *error;

		drm_gpuvm_bind_queue_lock(bw_world->queue);
		error = look(&generation);
		drm_gpuvm_bind_queue_unlock(bw_world->queue);
		if (error)
			race_error(race, error);
		WRITE_ONCE(race->looks, race->looks + 1);
		/* Who takes a mutex again at once lets nobody else have it. */
		usleep_range(10, 50);
	}
}

static void race_reader(struct kunit *test)
{
	struct race *race = race_new(test);

	bw_new(test, 0);
	race_run(test, race, bind_generations, read_generations);
	bw_wait_for_jobs(0);
	bw_expect_consistent();
	bw_end();
}

/* Without a wait, until there are enough or one is refused. */
static void bind_until_refused(struct race *race, unsigned int who)
{
	struct racer *racer = &race->racer[who];
	struct drm_gpuvm_bind_op ops[OPS];

	race->fences = 0;
	do {
		struct drm_gpuvm_bind_job *job =
			bw_job(ops, random_ops(racer, ops));

		atomic_inc(&race->steps);
		if (IS_ERR(job)) {
			race_error(race, "no job");
			return;
		}
		race->last = drm_gpuvm_bind_job_submit(job, NULL);
		if (!race->last)
			race->fence[race->fences++] =
				drm_gpuvm_bind_job_fence(job);
		drm_gpuvm_bind_job_put(job);
	} while (!race->last && race->fences < FENCES);
}

static void wait_for_step(struct race *race)
{
	/* The job that is waited for may need this very CPU. */
	while (race_goes_on(race) && atomic_read(&race->steps) < race->when)
		cond_resched();
}

/* All that was submitted ends: well at first, and from one on with @error. */
static void expect_ends(struct kunit *test, struct race *race, int error)
{
	bool refused = false;

	for (unsigned int i = 0; i < race->fences; i++) {
		struct dma_fence *fence = race->fence[i];
		int status;

		KUNIT_EXPECT_GT(test, dma_fence_wait_timeout(fence, false,
							     20 * HZ), 0);
		status = dma_fence_get_status(fence);
		refused |= status == error;
		KUNIT_EXPECT_EQ_MSG(test, status, refused ? error : 1,
				    "fence %u", i);
		dma_fence_put(fence);
	}
}

static bool vm_is_empty(void)
{
	bool empty;

	drm_gpuvm_bind_queue_lock(bw_world->queue);
	empty = !drm_gpuvm_bind_queue_mappings(bw_world->queue) &&
		drm_gpuvm_interval_empty(bw_world->vm, 0, GK_RESERVE_START);
	drm_gpuvm_bind_queue_unlock(bw_world->queue);

	return empty;
}

static void close_vm(struct race *race, unsigned int who)
{
	wait_for_step(race);
	drm_gpuvm_bind_queue_close(bw_world->queue);
	if (!vm_is_empty())
		race_error(race, "something is mapped in a closed VM");
}

static void race_close(struct kunit *test)
{
	struct race *race = race_new(test);

	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct drm_gpuvm_bind_op op;

		bw_new(test, 0);
		race->when = 1 + 3 * round;
		race_run(test, race, bind_until_refused, close_vm);
		/* Closed before the last of them, or after it. */
		KUNIT_EXPECT_TRUE(test, race->last == -ENOENT ||
				  race->fences == FENCES);
		expect_ends(test, race, -ECANCELED);
		op = bw_map(0, 0, 4, 0);
		KUNIT_EXPECT_EQ(test, bw_submit(&op, 1), -ENOENT);
		KUNIT_EXPECT_TRUE(test, vm_is_empty());
		bw_end();
	}
}

static void kill_vm(struct race *race, unsigned int who)
{
	wait_for_step(race);
	drm_gpuvm_bind_queue_kill(bw_world->queue, -EUCLEAN);
	if (drm_gpuvm_bind_queue_error(bw_world->queue) != -EIO)
		race_error(race, "a VM that was killed lives");
}

static void race_kill(struct kunit *test)
{
	struct race *race = race_new(test);

	for (unsigned int round = 0; round < ROUNDS; round++) {
		bw_new(test, 0);
		race->when = 1 + 3 * round;
		race_run(test, race, bind_until_refused, kill_vm);
		KUNIT_EXPECT_TRUE(test, race->last == -EIO ||
				  race->fences == FENCES);
		expect_ends(test, race, -EIO);
		KUNIT_EXPECT_EQ(test, -EUCLEAN,
				drm_gpuvm_bind_queue_reason(bw_world->queue));
		/* In deferred mode the mappings are ahead of the page tables. */
		if (gk_immediate(test))
			bw_expect_consistent();
		bw_end();
	}
}

static void race_close_twice(struct kunit *test)
{
	struct race *race = race_new(test);
	struct drm_gpuvm_bind_op op;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		bw_new(test, 0);
		op = bw_map(1, 0, 4, 0);
		KUNIT_EXPECT_EQ(test, bw_submit(&op, 1), 0);
		race->when = 0;
		/* Nothing is left when either of them returns. */
		race_run(test, race, close_vm, close_vm);
		bw_end();
	}
}

/* What was interrupted was not done, whatever it was doing. */
static void bind_interrupted(struct race *race, unsigned int who)
{
	struct racer *racer = &race->racer[who];
	struct drm_gpuvm_bind_op ops[OPS];

	allow_signal(SIGUSR1);
	for (unsigned int i = 0; i < INTERRUPTED; i++) {
		u32 count = random_ops(racer, ops);
		int ret = bw_submit(ops, count);

		flush_signals(current);
		if (!ret)
			model_ops(racer, ops, count);
		else if (ret == -EINTR || ret == -ERESTARTSYS)
			race->looks++;
		else
			race_error(race, "a bind failed");
		atomic_inc(&race->steps);
	}
}

/*
 * Holds the lock that the job, or its submission, needs, so that there is
 * something to interrupt; not for ever, as the signal may have come too late.
 */
static void interrupt_once(struct race *race, unsigned int delay)
{
	unsigned int step;

	drm_gpuvm_bind_queue_lock(bw_world->queue);
	step = atomic_read(&race->steps);
	udelay(delay);
	send_sig(SIGUSR1, race->racer[0].task, 0);
	for (int i = 0; i < 50 && atomic_read(&race->steps) == step; i++)
		usleep_range(20, 50);
	drm_gpuvm_bind_queue_unlock(bw_world->queue);
}

static void interrupt(struct race *race, unsigned int who)
{
	unsigned int step = 0;

	while (race_goes_on(race)) {
		/* Every second bind, later and later. */
		while (race_goes_on(race) && atomic_read(&race->steps) < step)
			cond_resched();
		if (step % 2)
			interrupt_once(race, step % 31 * 20);
		step = atomic_read(&race->steps) + 1;
	}
}

static void race_signals(struct kunit *test)
{
	struct race *race = race_new(test);

	bw_new(test, 0);
	race_run(test, race, bind_interrupted, interrupt);
	kunit_info(test, "%u of %u were interrupted", race->looks, INTERRUPTED);
	/* In deferred mode it has to wait for the lock of the submission. */
	if (gk_immediate(test))
		KUNIT_EXPECT_GT(test, race->looks, 0);
	KUNIT_EXPECT_LT(test, race->looks, INTERRUPTED);
	bw_wait_for_jobs(0);
	expect_models(race);
	bw_end();
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(race_binds, gk_mode_gen_params),
	KUNIT_CASE_PARAM(race_reader, gk_mode_gen_params),
	KUNIT_CASE_PARAM(race_close, gk_mode_gen_params),
	KUNIT_CASE_PARAM(race_kill, gk_mode_gen_params),
	KUNIT_CASE_PARAM(race_close_twice, gk_mode_gen_params),
	KUNIT_CASE_PARAM(race_signals, gk_mode_gen_params),
	{}
};

static int race_init(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	return gk_init(test);
}

static struct kunit_suite suite = {
	.name = "gpuvm_bind_race",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = race_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
