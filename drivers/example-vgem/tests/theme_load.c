// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Many at once: threads and processes that share a file, a VM, a BO.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "rig.h"

#define THREADS 4
#define SECONDS_MS 1500

/* What the threads of a case have in common. */
static struct shared {
	int fd;
	struct rig rig;
	struct bo bo;
	uint64_t until;
} shared;

static bool time_left(void)
{
	return now_ms() < shared.until;
}

static void run_threads(void *(*run)(void *), unsigned int threads)
{
	pthread_t thread[16];

	CHECK(threads <= ARRAY_SIZE(thread));
	shared.until = now_ms() + SECONDS_MS;
	for (uintptr_t i = 0; i < threads; i++)
		CHECK(!pthread_create(&thread[i], NULL, run, (void *)i));
	for (unsigned int i = 0; i < threads; i++)
		CHECK(!pthread_join(thread[i], NULL));
}

static void shared_init(int fd)
{
	shared.fd = fd;
	rig_init(&shared.rig, fd);
	bo_init(&shared.bo, fd, 64, 0, 1);
}

/* Each thread has its part of one VM, and looks only at that. */
static void *bind_own_part(void *arg)
{
	uintptr_t me = (uintptr_t)arg;
	uint64_t addr = DATA_ADDR + me * 32 * PAGE, i = me;
	uint64_t word = SCRATCH_ADDR + me * PAGE;
	uint32_t queue;

	OK(evgem_queue_create(shared.fd, shared.rig.vm, 0, &queue));
	while (time_left()) {
		uint64_t page = i++ % 32, offset = i % 64 * PAGE;
		struct evgem_cmds cmds = { 0 };

		OK(evgem_map(shared.fd, shared.rig.vm, addr + page * PAGE, PAGE,
			     shared.bo.handle, offset));
		evgem_cmd_copy(&cmds, word, addr + page * PAGE, 8);
		OK(evgem_run(shared.fd, queue, &cmds));
		CHECK_EQ(shared.rig.cpu[me * PAGE / 8],
			 bo_word(&shared.bo, offset));
		OK(evgem_unmap(shared.fd, shared.rig.vm, addr + page * PAGE,
			       PAGE));
		evgem_cmd_copy(&cmds, word, addr + page * PAGE, 8);
		FAILS(EFAULT, evgem_run(shared.fd, queue, &cmds));
	}
	CHECK(i > me);
	return NULL;
}

static void threads_in_one_vm(int fd)
{
	shared_init(fd);
	run_threads(bind_own_part, THREADS);
	CHECK_EQ(rig_state(&shared.rig).mappings, 1);
}

/* All bind the same range: the result of any one, but a whole one. */
static void *bind_same_range(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	while (time_left())
		OK(evgem_map(shared.fd, shared.rig.vm, DATA_ADDR, 8 * PAGE,
			     shared.bo.handle, me * 8 * PAGE));

	return NULL;
}

static void threads_on_one_range(int fd)
{
	uint64_t words[8 * 512], thread;

	shared_init(fd);
	OK(evgem_map(fd, shared.rig.vm, DATA_ADDR, 8 * PAGE, shared.bo.handle,
		     0));
	run_threads(bind_same_range, THREADS);
	OK(rig_read(&shared.rig, DATA_ADDR, words, sizeof(words)));
	thread = (words[0] & 0xffffff) / (8 * PAGE);
	CHECK(thread < THREADS);
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		CHECK_EQ(words[i], bo_word(&shared.bo, thread * 8 * PAGE + i * 8));
	CHECK_EQ(rig_state(&shared.rig).mappings, 2);
}

/* Objects come and go, and some threads guess the ids of others. */
static void *create_and_destroy(void *arg)
{
	uintptr_t me = (uintptr_t)arg;
	uint32_t vm, queue, bo;

	while (time_left()) {
		struct evgem_cmds cmds = { 0 };
		struct drm_evgem_vm_state state;
		int ret;

		if (me == 0) {
			ret = evgem_vm_create(shared.fd, 0, 0, &vm);
			CHECK(!ret || ret == -ENOSPC);
			continue;
		}
		if (me == 1) {
			for (uint32_t id = 1; id < 4000; id += 3)
				evgem_vm_destroy(shared.fd, id);
			continue;
		}
		ret = evgem_vm_create(shared.fd, 0, 0, &vm);
		if (ret)
			continue;
		/* Each of these fails if the VM was just destroyed. */
		ret = evgem_queue_create(shared.fd, vm, 0, &queue);
		CHECK(!ret || ret == -ENOENT || ret == -ENOSPC);
		OK(evgem_bo_create(shared.fd, PAGE, 0, &bo));
		evgem_map(shared.fd, vm, DATA_ADDR, PAGE, bo, 0);
		evgem_vm_state(shared.fd, vm, &state);
		if (!ret) {
			evgem_cmd_write(&cmds, DATA_ADDR, 1);
			evgem_exec(shared.fd, queue, &cmds, NULL);
			evgem_queue_destroy(shared.fd, queue);
		}
		OK(evgem_bo_close(shared.fd, bo));
		evgem_vm_destroy(shared.fd, vm);
	}

	return NULL;
}

static void create_destroy_guess(int fd)
{
	shared.fd = fd;
	run_threads(create_and_destroy, THREADS);
}

/* Syncobjs between binds and jobs of several threads of one VM. */
static void *chain(void *arg)
{
	uintptr_t me = (uintptr_t)arg;
	uint64_t addr = DATA_ADDR + me * 32 * PAGE, point = 0;
	uint32_t queue, line = make_syncobj(shared.fd);

	OK(evgem_queue_create(shared.fd, shared.rig.vm, 0, &queue));
	while (time_left()) {
		struct evgem_bind bind = { 0 };
		struct evgem_cmds cmds = { 0 };

		for (int i = 0; i < 8; i++) {
			evgem_bind_map(&bind, addr, 4 * PAGE,
				       shared.bo.handle, (me * 16 + i) * PAGE);
			OK(evgem_bind_async(shared.fd, shared.rig.vm, &bind,
					    point ?
					    EVGEM_SYNCS(evgem_wait_point(line, point),
							evgem_signal_point(line, point + 1)) :
					    EVGEM_SYNCS(evgem_signal_point(line, 1))));
			evgem_cmd_atomic_add(&cmds, addr, 1);
			evgem_cmd_atomic_add(&cmds, addr + 3 * PAGE, 1);
			OK(evgem_exec(shared.fd, queue, &cmds,
				      EVGEM_SYNCS(evgem_wait_point(line, point + 1),
						  evgem_signal_point(line, point + 2))));
			point += 2;
		}
		job_ends(shared.fd, line, point, 0);
	}
	/* Pages 3 to 7 of each part were both first and last page of a bind. */
	CHECK_EQ(shared.bo.cpu[(me * 16 + 3) * 512] -
		 bo_word(&shared.bo, (me * 16 + 3) * PAGE), point / 8);
	return NULL;
}

static void chains(int fd)
{
	shared_init(fd);
	run_threads(chain, THREADS);
}

/* Processes with files of their own: nobody disturbs anybody. */
static void processes(int fd)
{
	pid_t pid[THREADS];

	(void)fd;
	for (int i = 0; i < THREADS; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;

		fd = evgem_open();
		CHECK(fd >= 0);
		shared_init(fd);
		run_threads(bind_own_part, 2);
		CHECK_EQ(rig_state(&shared.rig).mappings, 1);
		_exit(0);
	}
	for (int i = 0; i < THREADS; i++) {
		int status;

		CHECK(waitpid(pid[i], &status, 0) == pid[i]);
		CHECK_EQ(status, 0);
	}
}

/* Processes that inherited one file, and so share its VM. */
static void file_shared_by_fork(int fd)
{
	pid_t pid[THREADS];

	shared_init(fd);
	for (int i = 0; i < THREADS; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i])
			continue;

		for (uint64_t round = 0; round < 30; round++) {
			uint64_t addr = DATA_ADDR + (i * 8 + round % 8) * PAGE;

			OK(evgem_map(fd, shared.rig.vm, addr, PAGE,
				     shared.bo.handle, i * PAGE));
			OK(evgem_unmap(fd, shared.rig.vm, addr, PAGE));
		}
		_exit(0);
	}
	for (int i = 0; i < THREADS; i++) {
		int status;

		CHECK(waitpid(pid[i], &status, 0) == pid[i]);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(rig_state(&shared.rig).mappings, 1);
}

const struct ktap_case ktap_cases[] = {
	{ "threads-in-one-vm", threads_in_one_vm, 60 },
	{ "threads-on-one-range", threads_on_one_range, 60 },
	{ "create-destroy-guess", create_destroy_guess, 60 },
	{ "chains", chains, 60 },
	{ "processes", processes, 60 },
	{ "file-shared-by-fork", file_shared_by_fork, 60 },
	{ 0 }
};
