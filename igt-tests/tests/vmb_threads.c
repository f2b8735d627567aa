// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Many at once: threads of one VM, threads with VMs of their own, processes, and
 * all of that under load. A thread must not leave a subtest, so threads note
 * what they saw, and the one that waits for them judges.
 */
#include <pthread.h>

#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Threads and processes that bind and run at once");

#define THREADS 4
#define ROUNDS 10
#define SPAN (1ull << 24)

/* One thread, in its own piece of a VM, which may be that of others. */
struct worker {
	struct vmb_vm *vm;
	uint32_t queue, done;
	/** @bo: its own, or one that all have */
	struct vmb_bo *bo;
	uint64_t base;
	bool async;
	/** @error, @round: of the thread, read when it has ended */
	int error;
	int round;
	pthread_t thread;
};

static int wait_done(struct worker *w)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return drmSyncobjWait(w->vm->dev->fd, &w->done, 1,
			      now.tv_sec * 1000000000ll + 30000000000ll, 0,
			      NULL);
}

static int bind_one(struct worker *w, struct vmb_op op)
{
	struct vmb_sync signal = vmb_signal(w->done, 0);
	int ret;

	if (!w->async)
		return vmb_try_bind(w->vm, &op, 1);

	ret = vmb_try_async(w->vm, &op, 1, &signal, 1);
	return ret ? ret : wait_done(w);
}

/* Map two pages of the BO in turns, look, cut, look, unmap. */
static int one_round(struct worker *w)
{
	uint64_t offset = (uint64_t)(w->round % 8) * 2 * VMB_PAGE;
	uint64_t addr = w->base + (uint64_t)(w->round % 5) * 3 * VMB_PAGE;
	uint64_t result = w->base + SPAN / 2;
	struct vmb_cmd cmds[] = {
		vmb_copy(result, addr + 16, 8),
		vmb_copy(result + 8, addr + VMB_PAGE + 24, 8),
	};
	struct vmb_sync signal = vmb_signal(w->done, 0);
	/* The last two pages of the BO take the results of this thread. */
	uint64_t place = w->bo->size - VMB_PAGE;
	uint64_t *seen = w->bo->cpu + place / 8;
	int ret;

	ret = bind_one(w, vmb_map(w->bo, offset, addr, 2 * VMB_PAGE));
	if (!ret)
		ret = bind_one(w, vmb_map(w->bo, place, result, VMB_PAGE));
	if (!ret)
		ret = vmb_try_exec(w->vm->dev, w->queue, cmds, 2, &signal, 1);
	if (!ret)
		ret = wait_done(w);
	if (ret)
		return ret;

	if (__atomic_load_n(&seen[0], __ATOMIC_ACQUIRE) !=
	    vmb_word(w->bo, offset + 16) ||
	    __atomic_load_n(&seen[1], __ATOMIC_ACQUIRE) !=
	    vmb_word(w->bo, offset + VMB_PAGE + 24))
		return -EILSEQ;

	ret = bind_one(w, vmb_unmap(addr + VMB_PAGE, VMB_PAGE));
	if (!ret)
		ret = bind_one(w, vmb_unmap(addr, VMB_PAGE));
	return ret;
}

static void *work(void *data)
{
	struct worker *w = data;

	for (w->round = 0; w->round < ROUNDS && !w->error; w->round++)
		w->error = one_round(w);

	return NULL;
}

static void prepare(struct worker *w, struct vmb_vm *vm, struct vmb_bo *bo,
		    unsigned int number, bool async)
{
	*w = (struct worker){
		.vm = vm,
		.queue = vmb_queue(vm, 0),
		.done = vmb_syncobj(vm->dev),
		.bo = bo,
		.base = VMB_DATA + number * SPAN,
		.async = async,
	};
}

static void run(struct worker *workers)
{
	for (int i = 0; i < THREADS; i++)
		igt_assert(!pthread_create(&workers[i].thread, NULL, work,
					   &workers[i]));
	for (int i = 0; i < THREADS; i++)
		igt_assert(!pthread_join(workers[i].thread, NULL));
	for (int i = 0; i < THREADS; i++)
		igt_assert_f(!workers[i].error, "thread %d, round %d: %s\n", i,
			     workers[i].round, strerror(-workers[i].error));
}

static void create_bo(struct vmb_bo *bo, struct vmb_dev *dev, uint32_t seed)
{
	vmb_bo_create(bo, dev, 32 * VMB_PAGE, 0, 0, seed);
}

static void one_vm(struct vmb_dev *dev, bool async)
{
	struct worker workers[THREADS];
	struct vmb_bo bos[THREADS];
	struct vmb_report before;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	before = vmb_report(&vm);
	for (int i = 0; i < THREADS; i++) {
		create_bo(&bos[i], dev, i + 1);
		prepare(&workers[i], &vm, &bos[i], i, async);
	}
	run(workers);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, THREADS * SPAN));
	igt_assert_eq_u64(vmb_report(&vm).mappings, before.mappings);
	igt_assert_eq_u64(vmb_report(&vm).table_bytes, before.table_bytes);
}

static void one_vm_sync(struct vmb_dev *dev)
{
	one_vm(dev, false);
}

static void one_vm_async(struct vmb_dev *dev)
{
	one_vm(dev, true);
}

static void vm_each(struct vmb_dev *dev)
{
	struct worker workers[THREADS];
	struct vmb_bo bos[THREADS];
	struct vmb_vm vms[THREADS];

	for (int i = 0; i < THREADS; i++) {
		vmb_vm_create(&vms[i], dev);
		create_bo(&bos[i], dev, i + 1);
		prepare(&workers[i], &vms[i], &bos[i], 0, false);
	}
	run(workers);
}

static void file_each(struct vmb_dev *dev)
{
	struct worker workers[THREADS];
	struct vmb_bo bos[THREADS];
	struct vmb_vm vms[THREADS];
	struct vmb_dev files[THREADS];

	for (int i = 0; i < THREADS; i++) {
		vmb_open(&files[i]);
		vmb_vm_create(&vms[i], &files[i]);
		create_bo(&bos[i], &files[i], i + 1);
		prepare(&workers[i], &vms[i], &bos[i], 0,
			dev->caps.features & VMB_ASYNC);
	}
	run(workers);
	for (int i = 0; i < THREADS; i++)
		vmb_close(&files[i]);
}

/* While others come and go around them in the same VM. */
static void under_load(struct vmb_dev *dev)
{
	struct worker workers[THREADS];
	struct vmb_bo bos[THREADS + 1];
	struct vmb_load *load;
	uint64_t used[16];
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	for (int i = 0; i <= THREADS; i++)
		create_bo(&bos[i], dev, i + 1);
	VMB_BIND(&vm, vmb_map(&bos[THREADS], 0, VMB_DATA - 32 * VMB_PAGE,
			      32 * VMB_PAGE));
	for (uint64_t i = 0; i < ARRAY_SIZE(used); i++)
		used[i] = VMB_DATA - (i + 1) * 2 * VMB_PAGE + 8 * i;
	load = vmb_load_start(&vm, used, ARRAY_SIZE(used));
	for (int i = 0; i < THREADS; i++)
		prepare(&workers[i], &vm, &bos[i], i, false);
	run(workers);
	vmb_load_stop(load);
}

/* VMs are made and destroyed while others work. */
static void vms_come_and_go(struct vmb_dev *dev)
{
	igt_fork(child, THREADS) {
		struct vmb_dev own;

		vmb_open(&own);
		for (int round = 0; round < 4; round++) {
			struct vmb_model *m;
			struct vmb_vm vm;
			struct vmb_bo bo;

			vmb_vm_create(&vm, &own);
			vmb_bo_create(&bo, &own, 8 * VMB_PAGE, 0, 0, child + 1);
			m = vmb_model(&vm, VMB_DATA, 16);
			vmb_model_map(m, child, 8, &bo, 0);
			vmb_model_apply(m);
			vmb_model_unmap(m, child + 2, 3);
			vmb_model_apply(m);
			vmb_model_end(m);
			vmb_vm_destroy(&vm);
			vmb_bo_close(&bo);
		}
		vmb_close(&own);
	}
	igt_waitchildren();
	vm_each(dev);
}

/* Children that got the open file with the fork, and use its VMs. */
static void file_of_the_parent(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	create_bo(&bo, dev, 1);
	igt_fork(child, THREADS) {
		uint64_t addr = VMB_DATA + child * SPAN;

		for (int round = 0; round < 10; round++) {
			uint32_t queue = vmb_queue(&vm, 0);
			struct vmb_cmd cmd;

			VMB_BIND(&vm, vmb_map(&bo, child * 4 * VMB_PAGE, addr,
					      4 * VMB_PAGE));
			cmd = vmb_write(addr + 8 * round, round);
			vmb_ok(vmb_run(dev, queue, &cmd, 1));
			igt_assert_eq_u64(bo.cpu[child * 4 * VMB_PAGE / 8 +
						 round], round);
			VMB_BIND(&vm, vmb_unmap(addr, 4 * VMB_PAGE));
			vmb_ok(dev->drv->queue_destroy(dev->fd, queue));
		}
	}
	igt_waitchildren();
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	for (uint64_t child = 0; child < THREADS; child++)
		igt_assert_eq_u64(vmb_word_at(&vm, VMB_DATA +
					      child * 4 * VMB_PAGE + 72), 9);
}

static const struct vmb_test tests[] = {
	{ "one-vm", one_vm_sync, "Threads in one VM", VMB_COUNTS },
	{ "one-vm-async", one_vm_async, "With binds that are queued",
	  VMB_COUNTS | VMB_ASYNC },
	{ "vm-each", vm_each, "A VM for each thread" },
	{ "file-each", file_each, "An open file for each thread" },
	{ "under-load", under_load, "Threads beside jobs that never stop" },
	{ "vms-come-and-go", vms_come_and_go,
	  "Processes that make and destroy VMs", VMB_VMS },
	{ "file-of-the-parent", file_of_the_parent,
	  "Processes that share an open file" },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
