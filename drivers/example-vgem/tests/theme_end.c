// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Jobs that do not end by themselves: timeouts, and what is destroyed or closed
 * with jobs in flight. Every fence is signalled in the end.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "rig.h"

#define TIMEOUT_MS 200

struct fixture {
	struct rig rig;
	struct bo bo;
	/** @queue: one with a short timeout */
	uint32_t queue;
};

static void fixture_init(struct fixture *f, int fd)
{
	rig_init(&f->rig, fd);
	bo_init(&f->bo, fd, 4, 0, 1);
	OK(evgem_map(fd, f->rig.vm, DATA_ADDR, f->bo.size, f->bo.handle, 0));
	OK(evgem_queue_create(fd, f->rig.vm, TIMEOUT_MS, &f->queue));
	f->bo.cpu[0] = 0;
}

/* A job that runs until somebody writes 1 to the first word. */
static void stuck_job(struct fixture *f, uint32_t queue,
		      const struct drm_evgem_sync *syncs)
{
	struct evgem_cmds cmds = { 0 };

	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 1);
	OK(evgem_exec(f->rig.fd, queue, &cmds, syncs));
}

static int exec_nothing(struct fixture *f, uint32_t queue)
{
	struct evgem_cmds cmds = { 0 };

	return evgem_exec(f->rig.fd, queue, &cmds, NULL);
}

static void timeout_ends_a_wait(int fd)
{
	uint32_t done = make_syncobj(fd);
	struct fixture f;
	uint64_t start;

	fixture_init(&f, fd);
	start = now_ms();
	stuck_job(&f, f.queue, EVGEM_SYNCS(evgem_signal(done)));
	job_pending(fd, done, 0);
	job_ends(fd, done, 0, ETIMEDOUT);
	CHECK(now_ms() - start >= TIMEOUT_MS - 20);
}

static void timeout_ends_a_delay(int fd)
{
	uint32_t done = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	evgem_cmd_delay(&cmds, UINT64_MAX);
	OK(evgem_exec(fd, f.queue, &cmds, EVGEM_SYNCS(evgem_signal(done))));
	job_ends(fd, done, 0, ETIMEDOUT);
}

/* What is behind the job in the queue is thrown away, and the queue is dead. */
static void timeout_kills_the_queue(int fd)
{
	uint32_t done[6];
	struct fixture f;

	fixture_init(&f, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(done); i++) {
		done[i] = make_syncobj(fd);
		stuck_job(&f, f.queue, EVGEM_SYNCS(evgem_signal(done[i])));
	}
	job_ends(fd, done[0], 0, ETIMEDOUT);
	for (unsigned int i = 1; i < ARRAY_SIZE(done); i++)
		job_ends(fd, done[i], 0, ECANCELED);
	FAILS(ENODEV, exec_nothing(&f, f.queue));
	OK(evgem_queue_destroy(fd, f.queue));
	FAILS(ENOENT, exec_nothing(&f, f.queue));
}

static void timeout_leaves_others_alone(int fd)
{
	uint32_t second, dead = make_syncobj(fd), done = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_queue_create(fd, f.rig.vm, 20000, &second));
	stuck_job(&f, second, EVGEM_SYNCS(evgem_signal(done)));
	stuck_job(&f, f.queue, EVGEM_SYNCS(evgem_signal(dead)));
	job_ends(fd, dead, 0, ETIMEDOUT);
	job_pending(fd, done, 0);
	CHECK_EQ(rig_state(&f.rig).status, DRM_EVGEM_VM_LIVE);
	OK(evgem_map(fd, f.rig.vm, DATA_ADDR + 64 * PAGE, PAGE, f.bo.handle, 0));
	OK(rig_write(&f.rig, DATA_ADDR + 64 * PAGE, 1));
	job_ends(fd, done, 0, 0);
}

/* The time of a job begins when it can run, not when it is queued. */
static void timeout_does_not_count_waiting(int fd)
{
	uint32_t done = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	struct fixture f;
	struct gate gate;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	evgem_cmd_write(&cmds, DATA_ADDR + 8, 5);
	OK(evgem_exec(fd, f.queue, &cmds, EVGEM_SYNCS(evgem_wait(gate.syncobj),
						      evgem_signal(done))));
	sleep_ms(2 * TIMEOUT_MS);
	job_pending(fd, done, 0);
	gate_open(&gate);
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.bo.cpu[1], 5);
}

/* Whoever waits for the fence of a job that failed is not stuck. */
static void waiters_of_a_timeout_go_on(int fd)
{
	uint32_t dead = make_syncobj(fd), bound = make_syncobj(fd);
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	stuck_job(&f, f.queue, EVGEM_SYNCS(evgem_signal(dead)));
	evgem_bind_map(&bind, DATA_ADDR + 64 * PAGE, PAGE, f.bo.handle, PAGE);
	OK(evgem_bind_async(fd, f.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(dead),
					evgem_signal(bound))));
	job_ends(fd, dead, 0, ETIMEDOUT);
	OK(evgem_syncobj_wait(fd, bound, 0, 10000));
}

static void queue_destroyed(int fd)
{
	uint32_t running = make_syncobj(fd), waiting = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	stuck_job(&f, f.rig.queue, EVGEM_SYNCS(evgem_signal(running)));
	stuck_job(&f, f.rig.queue, EVGEM_SYNCS(evgem_signal(waiting)));
	job_pending(fd, running, 0);
	OK(evgem_queue_destroy(fd, f.rig.queue));
	FAILS(ENOENT, evgem_queue_destroy(fd, f.rig.queue));
	job_ends(fd, running, 0, ECANCELED);
	job_ends(fd, waiting, 0, ECANCELED);
}

/* A job that waits for others is cancelled when they are done. */
static void queue_destroyed_behind_a_gate(int fd)
{
	uint32_t done = make_syncobj(fd);
	struct fixture f;
	struct gate gate;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	stuck_job(&f, f.rig.queue, EVGEM_SYNCS(evgem_wait(gate.syncobj),
					       evgem_signal(done)));
	OK(evgem_queue_destroy(fd, f.rig.queue));
	gate_open(&gate);
	job_ends(fd, done, 0, ECANCELED);
}

static void vm_destroyed(int fd)
{
	uint32_t running = make_syncobj(fd), waiting = make_syncobj(fd);
	uint32_t bound = make_syncobj(fd), queue;
	struct evgem_bind bind = { 0 };
	struct fixture f;
	struct gate gate;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	stuck_job(&f, f.rig.queue, EVGEM_SYNCS(evgem_signal(running)));
	stuck_job(&f, f.rig.queue, EVGEM_SYNCS(evgem_wait(gate.syncobj),
					       evgem_signal(waiting)));
	evgem_bind_unmap(&bind, DATA_ADDR, f.bo.size);
	OK(evgem_bind_async(fd, f.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj),
					evgem_signal(bound))));
	OK(evgem_vm_destroy(fd, f.rig.vm));
	job_ends(fd, running, 0, ECANCELED);

	/* Its queues stay, but take no more jobs. */
	FAILS(ENOENT, exec_nothing(&f, f.rig.queue));
	FAILS(ENOENT, exec_nothing(&f, f.queue));
	FAILS(ENOENT, evgem_queue_create(fd, f.rig.vm, 0, &queue));
	FAILS(ENOENT, evgem_unmap(fd, f.rig.vm, DATA_ADDR, PAGE));
	gate_open(&gate);
	job_ends(fd, waiting, 0, ECANCELED);
	job_ends(fd, bound, 0, ECANCELED);
	OK(evgem_queue_destroy(fd, f.rig.queue));
}

/* Destroyed by another thread, while a bind waits inside its ioctl. */
static void vm_destroyed_under_a_bind(int fd)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;
	struct gate gate;
	int status;
	pid_t pid;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	OK(evgem_bind_async(fd, f.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj))));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		sleep_ms(100);
		OK(evgem_vm_destroy(fd, f.rig.vm));
		gate_open(&gate);
		_exit(0);
	}
	FAILS(ENOENT, evgem_unmap(fd, f.rig.vm, DATA_ADDR, PAGE));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* What is in the child's file when it goes, however it goes. */
static void leave_behind(void)
{
	struct evgem_bind bind = { 0 };
	int fd = evgem_open();
	struct fixture f;
	struct gate gate;

	CHECK(fd >= 0);
	fixture_init(&f, fd);
	gate_init(&gate, fd);
	stuck_job(&f, f.rig.queue, NULL);
	stuck_job(&f, f.rig.queue, NULL);
	stuck_job(&f, f.queue, EVGEM_SYNCS(evgem_wait(gate.syncobj)));
	evgem_bind_map(&bind, DATA_ADDR + 8 * PAGE, f.bo.size, f.bo.handle, 0);
	OK(evgem_bind_async(fd, f.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj))));
	evgem_bind_unmap(&bind, DATA_ADDR, f.bo.size);
	OK(evgem_bind_async(fd, f.rig.vm, &bind, NULL));
}

static void file_closed(int fd)
{
	(void)fd;
	for (int i = 0; i < 5; i++) {
		int status;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			leave_behind();
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

static void process_killed(int fd)
{
	(void)fd;
	for (int i = 0; i < 5; i++) {
		int ready[2], status;
		char byte;
		pid_t pid;

		CHECK(!pipe(ready));
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			leave_behind();
			CHECK(write(ready[1], "", 1) == 1);
			pause();
		}
		CHECK(!close(ready[1]));
		CHECK(read(ready[0], &byte, 1) == 1);
		CHECK(!close(ready[0]));
		CHECK(!kill(pid, SIGKILL));
		CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	}
}

/* A job of one file waits for a fence of another, which closes: it goes on. */
static void fence_outlives_its_file(int fd)
{
	uint32_t done = make_syncobj(fd), imported;
	int second = evgem_open(), file;
	struct fixture theirs, ours;
	uint32_t sync;

	CHECK(second >= 0);
	fixture_init(&theirs, second);
	sync = make_syncobj(second);
	stuck_job(&theirs, theirs.rig.queue, EVGEM_SYNCS(evgem_signal(sync)));
	CHECK(!drmSyncobjHandleToFD(second, sync, &file));
	CHECK(!drmSyncobjFDToHandle(fd, file, &imported));
	CHECK(!close(file));

	fixture_init(&ours, fd);
	ours.bo.cpu[0] = 1;
	stuck_job(&ours, ours.rig.queue, EVGEM_SYNCS(evgem_wait(imported),
						     evgem_signal(done)));
	job_pending(fd, done, 0);
	/* What is mapped from a file keeps it open. */
	CHECK(!munmap(theirs.bo.cpu, theirs.bo.size));
	CHECK(!munmap(theirs.rig.cpu, SCRATCH_SIZE));
	CHECK(!close(second));
	job_ends(fd, imported, 0, ECANCELED);
	OK(evgem_syncobj_wait(fd, done, 0, 10000));
}

const struct ktap_case ktap_cases[] = {
	{ "timeout-ends-a-wait", timeout_ends_a_wait },
	{ "timeout-ends-a-delay", timeout_ends_a_delay },
	{ "timeout-kills-the-queue", timeout_kills_the_queue },
	{ "timeout-leaves-others-alone", timeout_leaves_others_alone },
	{ "timeout-does-not-count-waiting", timeout_does_not_count_waiting },
	{ "waiters-of-a-timeout-go-on", waiters_of_a_timeout_go_on },
	{ "queue-destroyed", queue_destroyed },
	{ "queue-destroyed-behind-a-gate", queue_destroyed_behind_a_gate },
	{ "vm-destroyed", vm_destroyed },
	{ "vm-destroyed-under-a-bind", vm_destroyed_under_a_bind },
	{ "file-closed", file_closed },
	{ "process-killed", process_killed },
	{ "fence-outlives-its-file", fence_outlives_its_file },
	{ 0 }
};
