// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The engine's commands, and jobs made of them.
 */
#include <string.h>

#include <xf86drm.h>

#include "rig.h"

#define BO_PAGES 16

struct fixture {
	struct rig rig;
	struct bo bo;
};

static void fixture_init(struct fixture *f, int fd)
{
	rig_init(&f->rig, fd);
	bo_init(&f->bo, fd, BO_PAGES, 0, 1);
	OK(evgem_map(fd, f->rig.vm, DATA_ADDR, f->bo.size, f->bo.handle, 0));
}

/* Only what lies in [from, to) of the BO may have changed. */
static void others_unchanged(const struct bo *bo, uint64_t from, uint64_t to)
{
	for (uint64_t at = 0; at < bo->size; at += 8) {
		if (at < from || at >= to)
			CHECK_EQ(bo->cpu[at / 8], bo_word(bo, at));
	}
}

static void nop(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	evgem_cmd_nop(&cmds);
	evgem_cmd_nop(&cmds);
	rig_run(&f.rig, &cmds);
	others_unchanged(&f.bo, 0, 0);
}

static void no_commands(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	rig_run(&f.rig, &cmds);
	others_unchanged(&f.bo, 0, 0);
}

static void fill(int fd)
{
	const uint64_t from = 2 * PAGE + 24, size = 5 * PAGE + 64;
	struct evgem_cmds cmds = { 0 };
	struct fixture f;
	uint32_t *word;

	fixture_init(&f, fd);
	evgem_cmd_fill(&cmds, DATA_ADDR + from, size, 0xcafe0123);
	evgem_cmd_fill(&cmds, DATA_ADDR, 0, 0xffffffff);
	rig_run(&f.rig, &cmds);

	word = (uint32_t *)f.bo.cpu;
	for (uint64_t at = from; at < from + size; at += 4)
		CHECK_EQ(word[at / 4], 0xcafe0123);
	others_unchanged(&f.bo, from, from + size);
}

static void fill_half_a_word(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	evgem_cmd_fill(&cmds, DATA_ADDR + PAGE + 4, 4, 0xcafe0123);
	rig_run(&f.rig, &cmds);
	CHECK_EQ(((uint32_t *)f.bo.cpu)[PAGE / 4 + 1], 0xcafe0123);
	CHECK_EQ(((uint32_t *)f.bo.cpu)[PAGE / 4], (uint32_t)bo_word(&f.bo, PAGE));
	others_unchanged(&f.bo, PAGE, PAGE + 8);
}

/* Source and destination cross pages at different places. */
static void copy(int fd)
{
	static const struct {
		uint64_t dst, src, size;
	} rows[] = {
		{ 8 * PAGE, 0, PAGE },
		{ 8 * PAGE, 0, 5 * PAGE },
		{ 8 * PAGE + 1, 7, 3 * PAGE + 13 },
		{ 9 * PAGE - 3, PAGE - 2, 8 },
		{ 8 * PAGE + 4095, 2 * PAGE + 1, 2 },
		{ 8 * PAGE, 1, 0 },
		{ 8 * PAGE + 5, 3, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct evgem_cmds cmds = { 0 };
		uint8_t want[BO_PAGES * 4096];
		struct fixture f;

		fixture_init(&f, fd);
		memcpy(want, f.bo.cpu, sizeof(want));
		memcpy(want + rows[i].dst, want + rows[i].src, rows[i].size);
		evgem_cmd_copy(&cmds, DATA_ADDR + rows[i].dst,
			       DATA_ADDR + rows[i].src, rows[i].size);
		rig_run(&f.rig, &cmds);
		if (memcmp(want, f.bo.cpu, sizeof(want)))
			FAIL("row %u", i);
		OK(evgem_vm_destroy(fd, f.rig.vm));
		bo_close(&f.bo, fd);
	}
}

static void write_word(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	evgem_cmd_write(&cmds, DATA_ADDR + PAGE - 8, 0x1122334455667788ull);
	rig_run(&f.rig, &cmds);
	CHECK_EQ(f.bo.cpu[PAGE / 8 - 1], 0x1122334455667788ull);
	others_unchanged(&f.bo, PAGE - 8, PAGE);
}

static void atomic_add(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	f.bo.cpu[3] = UINT64_MAX - 1;
	evgem_cmd_atomic_add(&cmds, DATA_ADDR + 24, 5);
	evgem_cmd_atomic_add(&cmds, DATA_ADDR + 24, UINT64_MAX);
	rig_run(&f.rig, &cmds);
	CHECK_EQ(f.bo.cpu[3], 2);
	others_unchanged(&f.bo, 24, 32);
}

/* Four queues and the CPU add to one word; nothing gets lost. */
static void atomic_add_from_all_sides(int fd)
{
	enum { QUEUES = 4, ADDS = 500 };
	uint32_t queue[QUEUES], done[QUEUES];
	struct fixture f;

	fixture_init(&f, fd);
	f.bo.cpu[0] = 0;
	for (int q = 0; q < QUEUES; q++) {
		struct evgem_cmds cmds = { 0 };

		OK(evgem_queue_create(fd, f.rig.vm, 0, &queue[q]));
		done[q] = make_syncobj(fd);
		for (int i = 0; i < ADDS; i++)
			evgem_cmd_atomic_add(&cmds, DATA_ADDR, 1);
		OK(evgem_exec(fd, queue[q], &cmds,
			      EVGEM_SYNCS(evgem_signal(done[q]))));
	}
	for (int i = 0; i < ADDS; i++)
		__atomic_fetch_add(f.bo.cpu, 1, __ATOMIC_RELAXED);
	for (int q = 0; q < QUEUES; q++)
		job_ends(fd, done[q], 0, 0);
	CHECK_EQ(f.bo.cpu[0], (QUEUES + 1) * ADDS);
}

static void checksum(int fd)
{
	static const struct {
		uint64_t at, size;
	} rows[] = {
		{ 0, 0 }, { 0, 1 }, { 5, 17 }, { 4090, 11 },
		{ 3 * PAGE, PAGE }, { 1, 9 * PAGE + 2 },
	};
	struct fixture f;

	fixture_init(&f, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct evgem_cmds cmds = { 0 };

		evgem_cmd_checksum(&cmds, SCRATCH_ADDR, DATA_ADDR + rows[i].at,
				   rows[i].size);
		rig_run(&f.rig, &cmds);
		CHECK_EQ(f.rig.cpu[0],
			 evgem_checksum((uint8_t *)f.bo.cpu + rows[i].at,
					rows[i].size));
	}
	others_unchanged(&f.bo, 0, 0);
}

static void wait_conditions(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	f.bo.cpu[0] = 7;
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 7);
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_NE, 8);
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_GE, 7);
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_GE, 0);
	evgem_cmd_write(&cmds, DATA_ADDR, UINT64_MAX);
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_GE, 1ull << 63);
	rig_run(&f.rig, &cmds);
}

/* A condition that is not met holds the job back, until the CPU meets it. */
static void wait_for_the_cpu(int fd)
{
	static const struct {
		enum drm_evgem_cond cond;
		uint64_t before, value, after;
	} rows[] = {
		{ DRM_EVGEM_COND_EQ, 6, 7, 7 },
		{ DRM_EVGEM_COND_NE, 7, 7, 6 },
		{ DRM_EVGEM_COND_GE, 6, 7, 8 },
	};
	uint32_t done = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct evgem_cmds cmds = { 0 };

		f.bo.cpu[0] = rows[i].before;
		f.bo.cpu[1] = 0;
		evgem_cmd_wait(&cmds, DATA_ADDR, rows[i].cond, rows[i].value);
		evgem_cmd_write(&cmds, DATA_ADDR + 8, 1);
		OK(evgem_exec(fd, f.rig.queue, &cmds,
			      EVGEM_SYNCS(evgem_signal(done))));
		job_pending(fd, done, 0);
		CHECK_EQ(__atomic_load_n(&f.bo.cpu[1], __ATOMIC_ACQUIRE), 0);
		__atomic_store_n(&f.bo.cpu[0], rows[i].after, __ATOMIC_RELEASE);
		job_ends(fd, done, 0, 0);
		CHECK_EQ(f.bo.cpu[1], 1);
	}
}

/* Ping-pong of two queues; what was written before a release is seen. */
static void release_and_wait(int fd)
{
	enum { ROUNDS = 50 };
	struct evgem_cmds ping = { 0 }, pong = { 0 };
	uint32_t second, done[2];
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_queue_create(fd, f.rig.vm, 0, &second));
	memset(f.bo.cpu, 0, f.bo.size);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t data = DATA_ADDR + (1 + i % 8) * PAGE;

		evgem_cmd_fill(&ping, data, 256, i + 1);
		evgem_cmd_release(&ping, DATA_ADDR, i + 1);
		evgem_cmd_wait(&ping, DATA_ADDR + 8, DRM_EVGEM_COND_EQ, i + 1);

		evgem_cmd_wait(&pong, DATA_ADDR, DRM_EVGEM_COND_EQ, i + 1);
		evgem_cmd_copy(&pong, DATA_ADDR + 9 * PAGE + i * 256, data, 256);
		evgem_cmd_release(&pong, DATA_ADDR + 8, i + 1);
	}
	for (int i = 0; i < 2; i++)
		done[i] = make_syncobj(fd);
	OK(evgem_exec(fd, second, &pong, EVGEM_SYNCS(evgem_signal(done[0]))));
	OK(evgem_exec(fd, f.rig.queue, &ping,
		      EVGEM_SYNCS(evgem_signal(done[1]))));
	job_ends(fd, done[0], 0, 0);
	job_ends(fd, done[1], 0, 0);

	for (uint32_t i = 0; i < ROUNDS * 64; i++)
		CHECK_EQ(((uint32_t *)f.bo.cpu)[9 * PAGE / 4 + i], i / 64 + 1);
}

static void delay(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;
	uint64_t start;

	fixture_init(&f, fd);
	start = now_ms();
	evgem_cmd_delay(&cmds, 0);
	evgem_cmd_delay(&cmds, 120000000);
	rig_run(&f.rig, &cmds);
	/* Two clocks that start within a millisecond of each other. */
	CHECK(now_ms() - start >= 119);
}

/* The commands are copied: what the program does to them later is nothing. */
static void buffer_is_copied(int fd)
{
	struct drm_evgem_cmd_write cmds[2] = {
		{ { DRM_EVGEM_CMD_WRITE, sizeof(cmds[0]) }, DATA_ADDR, 1 },
		{ { DRM_EVGEM_CMD_WRITE, sizeof(cmds[0]) }, DATA_ADDR + 8, 2 },
	};
	struct drm_evgem_cmdbuf bufs[2] = {
		{ .ptr = (uintptr_t)&cmds[0], .size = sizeof(cmds[0]) },
		{ .ptr = (uintptr_t)&cmds[1], .size = sizeof(cmds[1]) },
	};
	struct drm_evgem_sync syncs[2];
	struct drm_evgem_exec args = {
		.cmdbufs = { (uintptr_t)bufs, 2, sizeof(bufs[0]) },
		.syncs = { (uintptr_t)syncs, 2, sizeof(syncs[0]) },
	};
	uint32_t done = make_syncobj(fd);
	struct gate gate;
	struct fixture f;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	syncs[0] = evgem_wait(gate.syncobj);
	syncs[1] = evgem_signal(done);
	args.queue_id = f.rig.queue;
	OK(drmIoctl(fd, DRM_IOCTL_EVGEM_EXEC, &args));
	memset(cmds, 0xff, sizeof(cmds));
	memset(bufs, 0xff, sizeof(bufs));
	memset(syncs, 0xff, sizeof(syncs));
	gate_open(&gate);
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.bo.cpu[0], 1);
	CHECK_EQ(f.bo.cpu[1], 2);
}

/* Jobs of a queue run one after the other, even if the first takes its time. */
static void order_in_a_queue(int fd)
{
	enum { JOBS = 40 };
	uint32_t done = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	f.bo.cpu[0] = 0;
	for (uint64_t i = 0; i < JOBS; i++) {
		struct evgem_cmds cmds = { 0 };

		if (i % 8 == 0)
			evgem_cmd_delay(&cmds, 3000000);
		/* Out of order this would wait until the timeout. */
		evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, i);
		evgem_cmd_write(&cmds, DATA_ADDR, i + 1);
		OK(evgem_exec(fd, f.rig.queue, &cmds,
			      EVGEM_SYNCS(evgem_signal(done))));
	}
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.bo.cpu[0], JOBS);
}

/* A queue that is stuck holds up nobody else. */
static void queues_are_independent(int fd)
{
	struct evgem_cmds cmds = { 0 };
	uint32_t second, stuck = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_queue_create(fd, f.rig.vm, 0, &second));
	f.bo.cpu[0] = 0;
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 1);
	OK(evgem_exec(fd, second, &cmds, EVGEM_SYNCS(evgem_signal(stuck))));
	for (int i = 0; i < 20; i++)
		CHECK_EQ(rig_word(&f.rig, DATA_ADDR + PAGE), bo_word(&f.bo, PAGE));
	job_pending(fd, stuck, 0);
	f.bo.cpu[0] = 1;
	job_ends(fd, stuck, 0, 0);
}

static void many_queues(int fd)
{
	struct drm_evgem_device_info info;
	uint32_t queues[1024], done[1024], queue;
	struct fixture f;

	OK(evgem_query_device(fd, &info));
	CHECK(info.max_queues <= ARRAY_SIZE(queues));
	fixture_init(&f, fd);
	memset(f.bo.cpu, 0, f.bo.size);
	/* The rig has one. */
	for (uint32_t i = 0; i < info.max_queues - 1; i++) {
		struct evgem_cmds cmds = { 0 };

		OK(evgem_queue_create(fd, f.rig.vm, 0, &queues[i]));
		done[i] = make_syncobj(fd);
		evgem_cmd_write(&cmds, DATA_ADDR + i * 8, i);
		OK(evgem_exec(fd, queues[i], &cmds,
			      EVGEM_SYNCS(evgem_signal(done[i]))));
	}
	FAILS(ENOSPC, evgem_queue_create(fd, f.rig.vm, 0, &queue));
	for (uint32_t i = 0; i < info.max_queues - 1; i++) {
		job_ends(fd, done[i], 0, 0);
		CHECK_EQ(f.bo.cpu[i], i);
	}
	OK(evgem_queue_destroy(fd, queues[3]));
	OK(evgem_queue_create(fd, f.rig.vm, 0, &queue));
}

const struct ktap_case ktap_cases[] = {
	{ "nop", nop },
	{ "no-commands", no_commands },
	{ "fill", fill },
	{ "fill-half-a-word", fill_half_a_word },
	{ "copy", copy },
	{ "write-word", write_word },
	{ "atomic-add", atomic_add },
	{ "atomic-add-from-all-sides", atomic_add_from_all_sides },
	{ "checksum", checksum },
	{ "wait-conditions", wait_conditions },
	{ "wait-for-the-cpu", wait_for_the_cpu },
	{ "release-and-wait", release_and_wait },
	{ "delay", delay },
	{ "buffer-is-copied", buffer_is_copied },
	{ "order-in-a-queue", order_in_a_queue },
	{ "queues-are-independent", queues_are_independent },
	{ "many-queues", many_queues },
	{ 0 }
};
