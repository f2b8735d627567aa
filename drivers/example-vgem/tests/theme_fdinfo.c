// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What /proc/PID/fdinfo tells of a file: who it is, how long its jobs ran, how
 * much memory its BOs take.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"
#include "fdinfo.h"
#include "memory.h"
#include "rig.h"

#define MS 1000000ull

static uint64_t engine_ns(int fd)
{
	return fdinfo_number(fd, "drm-engine-ring", " ns");
}

static uint64_t queue_ns(int fd, uint32_t queue)
{
	char key[40];

	snprintf(key, sizeof(key), "example-vgem-queue-%u", queue);
	return fdinfo_number(fd, key, " ns");
}

static void identity(int fd)
{
	int second = evgem_open(), copy = dup(fd);
	char value[64];

	CHECK(second >= 0 && copy >= 0);
	CHECK(fdinfo_find(fd, "drm-driver", value, sizeof(value)));
	CHECK(!strcmp(value, evgem_driver_name()));
	CHECK_EQ(fdinfo_number(fd, "drm-client-id", ""),
		 fdinfo_number(copy, "drm-client-id", ""));
	CHECK(fdinfo_number(fd, "drm-client-id", "") !=
	      fdinfo_number(second, "drm-client-id", ""));
	CHECK(fdinfo_number(fd, "drm-engine-capacity-ring", "") > 0);
}

static void delay(int fd, uint32_t queue, unsigned int ms)
{
	struct evgem_cmds cmds = { 0 };

	evgem_cmd_delay(&cmds, ms * MS);
	OK(evgem_run(fd, queue, &cmds));
}

static void engine_time(int fd)
{
	int second = evgem_open();
	uint64_t before, after, start;
	struct rig rig;

	CHECK(second >= 0);
	CHECK_EQ(engine_ns(fd), 0);
	rig_init(&rig, fd);
	before = engine_ns(fd);
	start = now_ms();
	delay(fd, rig.queue, 60);
	after = engine_ns(fd);
	CHECK(after >= before + 60 * MS);
	CHECK(after <= before + (now_ms() - start + 1) * MS);

	/* Of this file, and of nothing while nothing runs. */
	sleep_ms(50);
	CHECK_EQ(engine_ns(fd), after);
	CHECK_EQ(engine_ns(second), 0);
}

/* A job counts while it runs, one that waits for a fence does not. */
static void running_job(int fd)
{
	uint32_t held = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	uint64_t running, waiting;
	struct gate gate;
	struct rig rig;

	rig_init(&rig, fd);
	gate_init(&gate, fd);
	evgem_cmd_nop(&cmds);
	OK(evgem_exec(fd, rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(gate.syncobj), evgem_signal(held))));
	sleep_ms(10);
	running = queue_ns(fd, gate.queue);
	waiting = queue_ns(fd, rig.queue);
	sleep_ms(100);
	CHECK(queue_ns(fd, gate.queue) >= running + 90 * MS);
	CHECK_EQ(queue_ns(fd, rig.queue), waiting);
	gate_open(&gate);
	job_ends(fd, held, 0, 0);
}

static void queues_add_up(int fd)
{
	uint32_t second;
	struct rig rig;
	uint64_t ns;

	rig_init(&rig, fd);
	OK(evgem_queue_create(fd, rig.vm, 0, &second));
	delay(fd, rig.queue, 20);
	delay(fd, second, 40);
	CHECK(queue_ns(fd, rig.queue) >= 20 * MS);
	CHECK(queue_ns(fd, second) >= 40 * MS);
	ns = queue_ns(fd, rig.queue) + queue_ns(fd, second);
	CHECK_EQ(engine_ns(fd), ns);

	/* What a queue did is not undone when it is destroyed. */
	OK(evgem_queue_destroy(fd, second));
	CHECK_EQ(engine_ns(fd), ns);
	OK(evgem_vm_destroy(fd, rig.vm));
	OK(evgem_queue_destroy(fd, rig.queue));
	CHECK_EQ(engine_ns(fd), ns);
}

static void memory_of_bos(int fd)
{
	const uint64_t size = 64 * PAGE;
	uint32_t vm, a, b;
	void *cpu;

	CHECK_EQ(fdinfo_memory(fd, "total"), 0);
	OK(evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_bo_create(fd, size, 0, &a));
	OK(evgem_bo_create(fd, 2 * size, vm, &b));
	CHECK_EQ(fdinfo_memory(fd, "total"), 3 * size);
	CHECK_EQ(fdinfo_memory(fd, "resident"), 0);

	/* Resident because it is bound, or because the CPU has it mapped. */
	OK(evgem_map(fd, vm, DATA_ADDR, PAGE, b, 0));
	CHECK_EQ(fdinfo_memory(fd, "resident"), 2 * size);
	OK(evgem_bo_map(fd, a, size, &cpu));
	CHECK_EQ(fdinfo_memory(fd, "resident"), 3 * size);
	CHECK_EQ(fdinfo_memory(fd, "shared"), 0);

	OK(evgem_bo_close(fd, b));
	CHECK_EQ(fdinfo_memory(fd, "total"), size);
	/* It keeps its memory until somebody else needs it. */
	driver_needs(fd, DRM_EVGEM_FEATURE_MEMORY_LIMIT);
	CHECK(!munmap(cpu, size));
	CHECK_EQ(fdinfo_memory(fd, "resident"), size);
	memory_guard(fd);
	memory_evict_all(fd);
	CHECK_EQ(fdinfo_memory(fd, "total"), size);
	CHECK_EQ(fdinfo_memory(fd, "resident"), 0);
	OK(evgem_bo_close(fd, a));
	CHECK_EQ(fdinfo_memory(fd, "total"), 0);
}

static void memory_that_is_shared(int fd)
{
	int second = evgem_open(), dmabuf;
	uint32_t handle;
	struct bo bo;

	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	CHECK(second >= 0);
	bo_init(&bo, fd, 16, 0, 1);
	CHECK_EQ(fdinfo_memory(fd, "shared"), 0);
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
	CHECK_EQ(fdinfo_memory(fd, "shared"), bo.size);
	OK(evgem_bo_import(second, dmabuf, &handle));
	CHECK_EQ(fdinfo_memory(second, "shared"), bo.size);
	CHECK_EQ(fdinfo_memory(second, "total"), bo.size);
	CHECK_EQ(fdinfo_memory(second, "resident"), bo.size);
}

static bool stop;

static void *read_on(void *arg)
{
	int fd = *(int *)arg;
	uint64_t last = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		uint64_t ns = engine_ns(fd);

		/* May lag while a queue goes, but not run wild. */
		CHECK(ns < 60000 * MS);
		CHECK(fdinfo_memory(fd, "total") >= SCRATCH_SIZE);
		last = ns > last ? ns : last;
	}
	CHECK(last > 0);
	return NULL;
}

/* Read while queues and BOs come and go. */
static void read_all_the_time(int fd)
{
	uint64_t end = now_ms() + 1500;
	pthread_t thread;
	struct rig rig;

	rig_init(&rig, fd);
	CHECK(!pthread_create(&thread, NULL, read_on, &fd));
	while (now_ms() < end) {
		uint32_t queue, bo;

		OK(evgem_queue_create(fd, rig.vm, 0, &queue));
		OK(evgem_bo_create(fd, PAGE, 0, &bo));
		OK(evgem_map(fd, rig.vm, DATA_ADDR, PAGE, bo, 0));
		delay(fd, queue, 1);
		OK(evgem_bo_close(fd, bo));
		OK(evgem_queue_destroy(fd, queue));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	CHECK(!pthread_join(thread, NULL));
}

const struct ktap_case ktap_cases[] = {
	{ "identity", identity },
	{ "engine-time", engine_time },
	{ "running-job", running_job },
	{ "queues-add-up", queues_add_up },
	{ "memory-of-bos", memory_of_bos },
	{ "memory-that-is-shared", memory_that_is_shared },
	{ "read-all-the-time", read_all_the_time },
	{ 0 }
};
