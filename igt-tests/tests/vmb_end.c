// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What does not end by itself: timeouts of queues, and queues, VMs and files
 * that go with work in flight. Every fence is signalled in the end.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Timeouts, and closing with work in flight");

#define TIMEOUT_MS 200

struct fixture {
	struct vmb_dev *dev;
	struct vmb_vm vm;
	struct vmb_bo bo;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	f->dev = dev;
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&f->vm, vmb_map(&f->bo, 0, VMB_DATA, f->bo.size));
}

/* A job that runs until somebody stores VMB_LATER at the first word. */
static void stuck(struct fixture *f, uint32_t queue,
		  const struct vmb_sync *syncs, uint32_t count)
{
	struct vmb_cmd cmd = vmb_wait_word(VMB_DATA, VMB_LATER);

	vmb_ok(vmb_try_exec(f->dev, queue, &cmd, 1, syncs, count));
}

static int exec_nothing(struct fixture *f, uint32_t queue)
{
	return vmb_try_exec(f->dev, queue, NULL, 0, NULL, 0);
}

static void timeout_ends_a_job(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct fixture f;
	uint64_t start;

	begin(&f, dev);
	start = vmb_now_ms();
	stuck(&f, vmb_queue(&f.vm, TIMEOUT_MS),
	      VMB_SYNCS(vmb_signal(done, 0)));
	vmb_pending(dev, done, 0);
	igt_assert_eq(vmb_done(dev, done, 0), -ETIMEDOUT);
	igt_assert_lte(TIMEOUT_MS - 20, vmb_now_ms() - start);
}

/* What is behind the job is thrown away, and the queue takes no more. */
static void timeout_kills_its_queue(struct vmb_dev *dev)
{
	uint32_t done[4], queue;
	struct fixture f;

	begin(&f, dev);
	queue = vmb_queue(&f.vm, TIMEOUT_MS);
	for (unsigned int i = 0; i < ARRAY_SIZE(done); i++) {
		done[i] = vmb_syncobj(dev);
		stuck(&f, queue, VMB_SYNCS(vmb_signal(done[i], 0)));
	}
	igt_assert_eq(vmb_done(dev, done[0], 0), -ETIMEDOUT);
	for (unsigned int i = 1; i < ARRAY_SIZE(done); i++)
		igt_assert_eq(vmb_done(dev, done[i], 0), -ECANCELED);
	vmb_fails(ENODEV, exec_nothing(&f, queue));
	vmb_ok(dev->drv->queue_destroy(dev->fd, queue));
	vmb_fails(ENOENT, exec_nothing(&f, queue));
}

static void timeout_leaves_others_alone(struct vmb_dev *dev)
{
	uint32_t dead = vmb_syncobj(dev), good = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	stuck(&f, vmb_queue(&f.vm, 20000), VMB_SYNCS(vmb_signal(good, 0)));
	stuck(&f, vmb_queue(&f.vm, TIMEOUT_MS),
	      VMB_SYNCS(vmb_signal(dead, 0)));
	igt_assert_eq(vmb_done(dev, dead, 0), -ETIMEDOUT);
	vmb_pending(dev, good, 0);
	igt_assert(!vmb_report(&f.vm).dead);
	VMB_BIND(&f.vm, vmb_map(&f.bo, 0, VMB_DATA + (1 << 20), VMB_PAGE));
	vmb_ok(vmb_run1(&f.vm, vmb_write(VMB_DATA + (1 << 20), VMB_LATER)));
	vmb_ok(vmb_done(dev, good, 0));
}

/* The time of a job begins when it can run, not when it is queued. */
static void waiting_does_not_count(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_cmd cmd = vmb_write(VMB_DATA + 8, 5);
	struct vmb_gate gate;
	struct fixture f;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	vmb_ok(vmb_try_exec(dev, vmb_queue(&f.vm, TIMEOUT_MS), &cmd, 1,
			    VMB_SYNCS(vmb_wait(gate.syncobj, 0),
				      vmb_signal(done, 0))));
	vmb_sleep_ms(2 * TIMEOUT_MS);
	vmb_pending(dev, done, 0);
	vmb_gate_open(&gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	igt_assert_eq_u64(f.bo.cpu[1], 5);
}

/* Whoever waits for a job that failed is not stuck. */
static void bind_behind_a_timeout(struct vmb_dev *dev)
{
	uint32_t dead = vmb_syncobj(dev), bound = vmb_syncobj(dev);
	struct vmb_op op;
	struct fixture f;

	begin(&f, dev);
	stuck(&f, vmb_queue(&f.vm, TIMEOUT_MS),
	      VMB_SYNCS(vmb_signal(dead, 0)));
	op = vmb_map(&f.bo, VMB_PAGE, VMB_DATA + (1 << 20), VMB_PAGE);
	vmb_ok(vmb_try_async(&f.vm, &op, 1, VMB_SYNCS(vmb_wait(dead, 0),
						      vmb_signal(bound, 0))));
	igt_assert_eq(vmb_done(dev, dead, 0), -ETIMEDOUT);
	vmb_done(dev, bound, 0);
	/* And the VM goes on. */
	VMB_BIND(&f.vm, op);
	vmb_shows(&f.vm, op.addr, VMB_PAGE, &f.bo, VMB_PAGE);
}

static void queue_destroyed(struct vmb_dev *dev)
{
	uint32_t running = vmb_syncobj(dev), waiting = vmb_syncobj(dev), queue;
	struct fixture f;

	begin(&f, dev);
	queue = vmb_queue(&f.vm, 0);
	stuck(&f, queue, VMB_SYNCS(vmb_signal(running, 0)));
	stuck(&f, queue, VMB_SYNCS(vmb_signal(waiting, 0)));
	vmb_pending(dev, running, 0);
	vmb_ok(dev->drv->queue_destroy(dev->fd, queue));
	vmb_fails(ENOENT, dev->drv->queue_destroy(dev->fd, queue));
	igt_assert_eq(vmb_done(dev, running, 0), -ECANCELED);
	igt_assert_eq(vmb_done(dev, waiting, 0), -ECANCELED);
	/* The VM's other queue does not care. */
	vmb_shows(&f.vm, VMB_DATA, f.bo.size, &f.bo, 0);
}

static void vm_destroyed(struct vmb_dev *dev)
{
	uint32_t running = vmb_syncobj(dev), waiting = vmb_syncobj(dev);
	uint32_t bound = vmb_syncobj(dev), queue;
	struct vmb_gate gate;
	struct vmb_op op;
	struct fixture f;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	stuck(&f, f.vm.queue, VMB_SYNCS(vmb_signal(running, 0)));
	stuck(&f, f.vm.queue, VMB_SYNCS(vmb_wait(gate.syncobj, 0),
					vmb_signal(waiting, 0)));
	op = vmb_unmap(VMB_DATA, f.bo.size);
	vmb_ok(vmb_try_async(&f.vm, &op, 1,
			     VMB_SYNCS(vmb_wait(gate.syncobj, 0),
				       vmb_signal(bound, 0))));
	vmb_ok(dev->drv->vm_destroy(dev->fd, f.vm.id));
	igt_assert_eq(vmb_done(dev, running, 0), -ECANCELED);
	vmb_fails(ENOENT, exec_nothing(&f, f.vm.queue));
	vmb_fails(ENOENT, dev->drv->queue_create(dev->fd, f.vm.id, 0, &queue));
	vmb_fails(ENOENT, vmb_bind1(&f.vm, op));
	vmb_gate_open(&gate, 1);
	igt_assert_eq(vmb_done(dev, waiting, 0), -ECANCELED);
	igt_assert_eq(vmb_done(dev, bound, 0), -ECANCELED);
	vmb_ok(dev->drv->queue_destroy(dev->fd, f.vm.queue));
	vmb_bo_intact(&f.bo);
}

/* What is under way in a file when it goes. */
static void leave_behind(void)
{
	static struct fixture f;
	static struct vmb_dev dev;
	struct vmb_gate gate;
	struct vmb_op op;

	vmb_open(&dev);
	begin(&f, &dev);
	vmb_gate_create(&gate, &dev);
	stuck(&f, f.vm.queue, NULL, 0);
	stuck(&f, f.vm.queue, NULL, 0);
	stuck(&f, vmb_queue(&f.vm, 0), VMB_SYNCS(vmb_wait(gate.syncobj, 0)));
	op = vmb_map(&f.bo, 0, VMB_DATA + (1 << 20), f.bo.size);
	vmb_ok(vmb_try_async(&f.vm, &op, 1,
			     VMB_SYNCS(vmb_wait(gate.syncobj, 0))));
	op = vmb_unmap(VMB_DATA, f.bo.size);
	vmb_ok(vmb_try_async(&f.vm, &op, 1, NULL, 0));
}

/* The device is as good as new for those that are left. */
static void still_works(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 8);
	vmb_model_map(m, 2, 4, &bo, 0);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void file_closed(struct vmb_dev *dev)
{
	igt_fork(child, 5)
		leave_behind();
	igt_waitchildren();
	still_works(dev);
}

static void process_killed(struct vmb_dev *dev)
{
	for (int i = 0; i < 4; i++) {
		struct igt_helper_process helper = { .use_SIGKILL = true };
		int ready[2];
		char byte;

		igt_assert(!pipe(ready));
		igt_fork_helper(&helper) {
			leave_behind();
			igt_assert(write(ready[1], "", 1) == 1);
			pause();
		}
		close(ready[1]);
		igt_assert(read(ready[0], &byte, 1) == 1);
		close(ready[0]);
		igt_stop_helper(&helper);
	}
	still_works(dev);
}

/* A job of one file waits for a fence of another, which closes: it goes on. */
static void fence_outlives_its_file(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev), imported, sync;
	struct vmb_dev second;
	struct fixture theirs, ours;
	int file;

	vmb_open(&second);
	begin(&theirs, &second);
	sync = vmb_syncobj(&second);
	stuck(&theirs, theirs.vm.queue, VMB_SYNCS(vmb_signal(sync, 0)));
	igt_assert(!drmSyncobjHandleToFD(second.fd, sync, &file));
	igt_assert(!drmSyncobjFDToHandle(dev->fd, file, &imported));
	close(file);

	begin(&ours, dev);
	vmb_ok(vmb_try_exec(dev, ours.vm.queue, NULL, 0,
			    VMB_SYNCS(vmb_wait(imported, 0),
				      vmb_signal(done, 0))));
	vmb_pending(dev, done, 0);
	/* What is mapped from a file keeps it open. */
	vmb_bo_unmap(&theirs.bo);
	vmb_bo_unmap(&theirs.vm.window);
	vmb_close(&second);
	igt_assert_eq(vmb_done(dev, imported, 0), -ECANCELED);
	vmb_done(dev, done, 0);
}

#define NEEDS (VMB_TIMEOUT | VMB_WAIT)

static const struct vmb_test tests[] = {
	{ "timeout-ends-a-job", timeout_ends_a_job,
	  "A job that does not end is ended", NEEDS },
	{ "timeout-kills-its-queue", timeout_kills_its_queue,
	  "And its queue with it", NEEDS },
	{ "timeout-leaves-others-alone", timeout_leaves_others_alone,
	  "But neither the VM nor its other queues", NEEDS },
	{ "waiting-does-not-count", waiting_does_not_count,
	  "A job that waits for a fence does not run", NEEDS },
	{ "bind-behind-a-timeout", bind_behind_a_timeout,
	  "A bind that waits for such a job is not stuck", NEEDS | VMB_ASYNC },
	{ "queue-destroyed", queue_destroyed,
	  "A queue goes with jobs in flight", VMB_WAIT },
	{ "vm-destroyed", vm_destroyed, "A VM goes with jobs and binds in flight",
	  VMB_WAIT | VMB_ASYNC | VMB_VMS },
	{ "file-closed", file_closed, "Files go with all that",
	  VMB_WAIT | VMB_ASYNC },
	{ "process-killed", process_killed, "Processes are killed with all that",
	  VMB_WAIT | VMB_ASYNC },
	{ "fence-outlives-its-file", fence_outlives_its_file,
	  "Others wait for a fence whose file is closed", VMB_WAIT },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
