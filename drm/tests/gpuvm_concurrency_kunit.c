// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Two CPUs at once: who walks against who adds and removes, who evicts against
 * who validates, who obtains against who obtains or puts.
 *
 * Nothing here takes a lock that the core does not ask for, else nothing would
 * race.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

#define ROUNDS		200
#define ROUNDS_MET	60
#define STAY		6
#define CHURN		4

struct race;

typedef void (*race_fn)(struct race *race, unsigned int who);

/* One of two threads, each on a CPU of its own. */
struct racer {
	struct race *race;
	race_fn fn;
	unsigned int who;
	struct completion done;
};

struct race {
	struct drm_gpuvm *vm;
	/* objects that stay in the VM, and objects that come and go */
	struct drm_gem_object *stay[STAY];
	struct drm_gpuvm_bo *vm_bo[STAY];
	struct drm_gem_object *churn[CHURN];
	/* what each thread obtained in this round */
	struct drm_gpuvm_bo *got[2];
	atomic_t arrived;
	struct racer racer[2];
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

static void race_init(struct kunit *test, struct race *race)
{
	memset(race, 0, sizeof(*race));
	race->vm = gk_vm_new(test);
	for (int i = 0; i < STAY; i++) {
		race->stay[i] = gk_bo_new(test, 'A' + i);
		race->vm_bo[i] = gk_vm_bo_obtain_ext(test, race->vm,
						     race->stay[i]);
	}
	for (int i = 0; i < CHURN; i++)
		race->churn[i] = gk_bo_new(test, 'a' + i);
}

static void race_fini(struct kunit *test, struct race *race)
{
	KUNIT_EXPECT_NULL_MSG(test, race->error, "%s", race->error);

	for (int i = 0; i < STAY; i++) {
		gk_vm_bo_put(race->vm_bo[i]);
		drm_gem_object_put(race->stay[i]);
	}
	for (int i = 0; i < CHURN; i++)
		drm_gem_object_put(race->churn[i]);
	gk_vm_close(test, race->vm);
}

static int racer_main(void *data)
{
	struct racer *racer = data;

	racer->fn(racer->race, racer->who);
	if (racer->who == 0)
		WRITE_ONCE(racer->race->stop, true);
	complete(&racer->done);

	return 0;
}

/* Run two functions at once; the second is to end when the first did. */
static void race_run(struct kunit *test, struct race *race, race_fn a,
		     race_fn b)
{
	struct task_struct *task[2];

	for (unsigned int who = 0; who < 2; who++) {
		struct racer *racer = &race->racer[who];

		racer->race = race;
		racer->fn = who ? b : a;
		racer->who = who;
		init_completion(&racer->done);
		task[who] = kthread_create(racer_main, racer, "gpuvm-racer/%u",
					   who);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task[who]);
		kthread_bind(task[who], cpumask_nth(who, cpu_online_mask));
	}
	for (unsigned int who = 0; who < 2; who++)
		wake_up_process(task[who]);
	for (unsigned int who = 0; who < 2; who++)
		wait_for_completion(&race->racer[who].done);
}

static int race_suite_init(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	return gk_init(test);
}

/*
 * Wait until both threads have arrived for the nth time, from 1: at first
 * without sleep, so that they go on at the same moment.
 */
static void meet(struct race *race, unsigned int n)
{
	unsigned int spins = 0;

	atomic_inc(&race->arrived);
	while (atomic_read(&race->arrived) < 2 * n && !READ_ONCE(race->error)) {
		if (spins++ < 10000)
			cpu_relax();
		else
			usleep_range(20, 100);
	}
}

static void churn_put(struct drm_gpuvm_bo *vm_bo, bool deferred)
{
	struct drm_gem_object *obj = vm_bo->obj;
	struct drm_gpuvm *vm = vm_bo->vm;
	struct mutex *mutex = drm_gem_gpuva_mutex(obj);

	if (deferred && drm_gpuvm_immediate_mode(vm)) {
		drm_gpuvm_bo_put_deferred(vm_bo);
		drm_gpuvm_bo_deferred_cleanup(vm);
	} else if (drm_gpuvm_resv_protected(vm)) {
		gk_vm_bo_put(vm_bo);
	} else if (drm_gpuvm_immediate_mode(vm)) {
		mutex_lock(mutex);
		drm_gpuvm_bo_put(vm_bo);
		mutex_unlock(mutex);
	} else {
		dma_resv_lock(obj->resv, NULL);
		drm_gpuvm_bo_put(vm_bo);
		dma_resv_unlock(obj->resv);
	}
}

static void churn_once(struct race *race, unsigned int n)
{
	struct drm_gpuvm_bo *vm_bo;

	vm_bo = gk_vm_bo_try_obtain(race->vm, race->churn[n % CHURN]);
	if (!vm_bo) {
		race_error(race, "no memory");
		return;
	}
	gk_extobj_add(vm_bo);
	churn_put(vm_bo, n & 1);
}

/* Objects enter and leave the list, between and around those that stay. */
static void churn_extobjs(struct race *race, unsigned int who)
{
	for (unsigned int n = 0; race_goes_on(race); n++)
		churn_once(race, n);
}

static void churn_rounds(struct race *race, unsigned int who)
{
	for (unsigned int n = 0; n < ROUNDS && race_goes_on(race); n++)
		churn_once(race, n);
}

/* Each object that stays is locked, and nothing is locked twice. */
static void check_locked(struct race *race, struct drm_exec *exec)
{
	struct drm_gem_object *obj;
	unsigned int times[STAY] = {};

	drm_exec_for_each_locked_object(exec, obj)
		for (int i = 0; i < STAY; i++)
			times[i] += obj == race->stay[i];

	for (int i = 0; i < STAY; i++) {
		if (!times[i])
			race_error(race, "an object was lost");
		if (times[i] > 1)
			race_error(race, "an object was locked twice");
	}
}

/* Where the VM's dma_resv is not needed, walks may run at the same time. */
static int prepare(struct drm_gpuvm *vm, struct drm_exec *exec)
{
	int ret = 0;

	if (drm_gpuvm_resv_protected(vm))
		ret = drm_gpuvm_prepare_vm(vm, exec, 1);

	return ret ?: drm_gpuvm_prepare_objects(vm, exec, 1);
}

static void walk_once(struct race *race)
{
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, 0, 0);
	drm_exec_until_all_locked(&exec) {
		ret = prepare(race->vm, &exec);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}

	if (ret)
		race_error(race, "prepare_objects failed");
	else
		check_locked(race, &exec);
	drm_exec_fini(&exec);
}

static void walk(struct race *race, unsigned int who)
{
	for (unsigned int n = 0; n < ROUNDS && race_goes_on(race); n++)
		walk_once(race);
}

static void row43_add_del_while_walking(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race_init(test, race);
	race_run(test, race, walk, churn_extobjs);
	race_fini(test, race);
}

static void walk_and_churn(struct race *race, unsigned int who)
{
	for (unsigned int n = 0; race_goes_on(race); n++) {
		struct drm_gpuvm_bo *vm_bo;

		vm_bo = gk_vm_bo_try_obtain(race->vm, race->churn[n % CHURN]);
		if (!vm_bo) {
			race_error(race, "no memory");
			return;
		}
		gk_extobj_add(vm_bo);
		walk_once(race);
		churn_put(vm_bo, n & 1);
	}
}

static void row43_two_walks(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race_init(test, race);
	race_run(test, race, walk, walk_and_churn);
	race_fini(test, race);
}

static void validate_once(struct race *race)
{
	struct drm_gpuvm_exec vm_exec = { .vm = race->vm, .num_fences = 1 };

	memset(to_gk_vm(race->vm)->validated, 0,
	       sizeof(to_gk_vm(race->vm)->validated));
	if (drm_gpuvm_exec_lock(&vm_exec)) {
		race_error(race, "lock failed");
		return;
	}
	if (drm_gpuvm_exec_validate(&vm_exec))
		race_error(race, "validate failed");

	/* Nobody can evict what is locked: all is back, and nothing listed. */
	for (int i = 0; i < STAY; i++)
		if (READ_ONCE(race->vm_bo[i]->evicted))
			race_error(race, "evicted after it was validated");
	if (!list_empty_careful(&race->vm->evict.list))
		race_error(race, "listed after it was validated");
	drm_gpuvm_exec_unlock(&vm_exec);
}

static void validate(struct race *race, unsigned int who)
{
	for (unsigned int n = 0; n < ROUNDS && race_goes_on(race); n++)
		validate_once(race);
}

/* As the memory manager does, with nothing but the object locked. */
static void evict(struct race *race, unsigned int who)
{
	for (unsigned int n = 0; race_goes_on(race); n++)
		gk_vm_bo_evict(race->vm_bo[n % STAY], n % 7);
}

static void row40_evict_while_validating(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race_init(test, race);
	race_run(test, race, validate, evict);
	validate_once(race);
	race_fini(test, race);
}

/* Both publish a vm_bo of the same pair at the same moment. */
static void obtain_both(struct race *race, unsigned int who)
{
	struct drm_gem_object *obj = race->churn[0];
	unsigned int n, m = 0;

	for (n = 0; n < ROUNDS_MET && !READ_ONCE(race->error); n++) {
		struct drm_gpuvm_bo *mine = drm_gpuvm_bo_create(race->vm, obj);

		if (!mine) {
			race_error(race, "no memory");
			return;
		}

		meet(race, ++m);
		race->got[who] = drm_gpuvm_bo_obtain_prealloc(mine);
		meet(race, ++m);
		if (race->got[0] != race->got[1])
			race_error(race, "two vm_bos of one pair");
		else if (who && kref_read(&race->got[1]->kref) != 2)
			race_error(race, "references of a vm_bo are wrong");
		meet(race, ++m);
		churn_put(race->got[who], n & 1);
		meet(race, ++m);
	}
}

static void row31_prealloc_race(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race_init(test, race);
	race_run(test, race, obtain_both, obtain_both);
	race_fini(test, race);
}

static void obtain_put(struct race *race, unsigned int who)
{
	struct drm_gem_object *obj = race->churn[0];

	for (unsigned int n = 0; n < ROUNDS && !READ_ONCE(race->error); n++) {
		struct drm_gpuvm_bo *vm_bo = gk_vm_bo_try_obtain(race->vm, obj);

		if (!vm_bo) {
			race_error(race, "no memory");
			return;
		}
		if (n % 4 == 0)
			gk_extobj_add(vm_bo);
		drm_gpuvm_bo_put_deferred(vm_bo);
		if (n % 16 == 0)
			drm_gpuvm_bo_deferred_cleanup(race->vm);
	}
}

static void row33_put_deferred_race(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	unsigned int vm_bos;

	KUNIT_ASSERT_NOT_NULL(test, race);
	race_init(test, race);
	vm_bos = atomic_read(&gk_counts.vm_bos);
	race_run(test, race, obtain_put, obtain_put);
	drm_gpuvm_bo_deferred_cleanup(race->vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vm_bos), vm_bos);
	KUNIT_EXPECT_EQ(test, kref_read(&race->churn[0]->refcount), 1);
	race_fini(test, race);
}

/* VMs share objects: each may evict, obtain and put without the other's locks. */
static void row37_evict_while_obtaining(struct kunit *test)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	struct drm_gpuvm *first;

	KUNIT_ASSERT_NOT_NULL(test, race);
	race_init(test, race);

	/* The second thread publishes in a VM what the first has evicted. */
	first = race->vm;
	race->vm = gk_vm_new(test);
	for (int i = 0; i < CHURN; i++) {
		drm_gem_object_put(race->churn[i]);
		race->churn[i] = race->stay[i % STAY];
		drm_gem_object_get(race->churn[i]);
	}
	race_run(test, race, churn_rounds, evict);
	gk_vm_close(test, race->vm);
	race->vm = first;
	race_fini(test, race);
}

static struct kunit_case gpuvm_concurrency_cases[] = {
	KUNIT_CASE_PARAM(row31_prealloc_race, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(row33_put_deferred_race, gk_immediate_gen_params),
	KUNIT_CASE_PARAM(row37_evict_while_obtaining, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row40_evict_while_validating, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row43_add_del_while_walking, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row43_two_walks, gk_mode_gen_params),
	{}
};

static struct kunit_suite gpuvm_concurrency_suite = {
	.name = "gpuvm_concurrency",
	.init = race_suite_init,
	.exit = gk_exit,
	.test_cases = gpuvm_concurrency_cases,
};

kunit_test_suite(gpuvm_concurrency_suite);
