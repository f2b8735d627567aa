// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the engine must not reach: it faults, nobody else is disturbed, and no
 * translation outlives its mapping.
 */
#include <string.h>

#include "rig.h"

struct fixture {
	struct rig rig;
	struct bo a, b;
};

static void fixture_init(struct fixture *f, int fd)
{
	rig_init(&f->rig, fd);
	bo_init(&f->a, fd, 16, 0, 0xa);
	bo_init(&f->b, fd, 16, 0, 0xb);
}

static void map_a(struct fixture *f)
{
	OK(evgem_map(f->rig.fd, f->rig.vm, DATA_ADDR, f->a.size, f->a.handle,
		     0));
}

static void unmapped(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	rig_faults(&f.rig, DATA_ADDR, DRM_EVGEM_ACCESS_READ,
		   DRM_EVGEM_FAULT_UNMAPPED);
	rig_faults(&f.rig, DATA_ADDR, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_UNMAPPED);
	rig_unmapped(&f.rig, 0);
	rig_unmapped(&f.rig, SCRATCH_ADDR + SCRATCH_SIZE);
	rig_unmapped(&f.rig, SCRATCH_ADDR - 8);
}

/* Wider than the page tables: not the same as the address cut short. */
static void address_too_wide(int fd)
{
	struct drm_evgem_device_info info;
	struct fixture f;

	OK(evgem_query_device(fd, &info));
	fixture_init(&f, fd);
	map_a(&f);
	rig_faults(&f.rig, info.va_range, DRM_EVGEM_ACCESS_READ,
		   DRM_EVGEM_FAULT_ADDRESS);
	rig_faults(&f.rig, info.va_range + DATA_ADDR, DRM_EVGEM_ACCESS_READ,
		   DRM_EVGEM_FAULT_ADDRESS);
	rig_faults(&f.rig, -8ull, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_ADDRESS);
}

/* A command that runs into a hole: told is the first address in the hole. */
static void address_in_the_middle(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct drm_evgem_vm_state state;
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR + 5 * PAGE, PAGE));
	evgem_cmd_fill(&cmds, DATA_ADDR + 64, 8 * PAGE, 0x77777777);
	FAILS(EFAULT, evgem_run(fd, f.rig.queue, &cmds));

	state = rig_state(&f.rig);
	CHECK_EQ(state.fault_addr, DATA_ADDR + 5 * PAGE);
	CHECK_EQ(state.fault_access, DRM_EVGEM_ACCESS_WRITE);
	CHECK_EQ(f.a.cpu[5 * PAGE / 8 - 1], 0x7777777777777777ull);
	CHECK_EQ(f.a.cpu[5 * PAGE / 8], bo_word(&f.a, 5 * PAGE));
	CHECK_EQ(f.a.cpu[6 * PAGE / 8], bo_word(&f.a, 6 * PAGE));
}

/* Each command faults on each of its addresses. */
static void every_command(int fd)
{
	struct drm_evgem_vm_state state;
	const uint64_t hole = DATA_ADDR + 0x10000000;
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	for (int i = 0; i < 9; i++) {
		struct evgem_cmds cmds = { 0 };
		bool write = true;

		switch (i) {
		case 0:
			evgem_cmd_fill(&cmds, hole, 8, 0);
			break;
		case 1:
			evgem_cmd_copy(&cmds, hole, DATA_ADDR, 8);
			break;
		case 2:
			evgem_cmd_copy(&cmds, DATA_ADDR, hole, 8);
			write = false;
			break;
		case 3:
			evgem_cmd_write(&cmds, hole, 8);
			break;
		case 4:
			evgem_cmd_atomic_add(&cmds, hole, 8);
			break;
		case 5:
			evgem_cmd_release(&cmds, hole, 8);
			break;
		case 6:
			evgem_cmd_checksum(&cmds, DATA_ADDR, hole, 8);
			write = false;
			break;
		case 7:
			evgem_cmd_checksum(&cmds, hole, DATA_ADDR, 8);
			break;
		case 8:
			evgem_cmd_wait(&cmds, hole, DRM_EVGEM_COND_EQ, 0);
			write = false;
			break;
		}
		/* What follows a fault does not run. */
		evgem_cmd_write(&cmds, DATA_ADDR + 8, 1);
		FAILS(EFAULT, evgem_run(fd, f.rig.queue, &cmds));
		state = rig_state(&f.rig);
		CHECK_EQ(state.fault_count, i + 1);
		CHECK_EQ(state.fault_addr, hole);
		CHECK_EQ(state.fault_access, write ? DRM_EVGEM_ACCESS_WRITE :
						     DRM_EVGEM_ACCESS_READ);
		CHECK_EQ(f.a.cpu[1], bo_word(&f.a, 8));
	}
}

static void readonly(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_map_readonly(fd, f.rig.vm, DATA_ADDR, f.a.size, f.a.handle, 0));
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
	rig_faults(&f.rig, DATA_ADDR + 24, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_READONLY);
	evgem_cmd_atomic_add(&cmds, DATA_ADDR + PAGE, 1);
	FAILS(EFAULT, evgem_run(fd, f.rig.queue, &cmds));
	evgem_cmd_copy(&cmds, DATA_ADDR + PAGE, SCRATCH_ADDR, 64);
	FAILS(EFAULT, evgem_run(fd, f.rig.queue, &cmds));
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
}

/* A translation that the TLB holds as writable becomes read-only, and back. */
static void readonly_after_write(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	for (int i = 0; i < 5; i++) {
		map_a(&f);
		OK(rig_write(&f.rig, DATA_ADDR + PAGE, i));
		OK(evgem_map_readonly(fd, f.rig.vm, DATA_ADDR + PAGE, PAGE,
				      f.a.handle, PAGE));
		rig_faults(&f.rig, DATA_ADDR + PAGE, DRM_EVGEM_ACCESS_WRITE,
			   DRM_EVGEM_FAULT_READONLY);
		CHECK_EQ(f.a.cpu[PAGE / 8], i);
		OK(rig_write(&f.rig, DATA_ADDR + 2 * PAGE, i));
	}
}

/* Each page was just used, so the TLB knows it. */
static void stale_tlb(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	for (int i = 0; i < 5; i++) {
		map_a(&f);
		rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
		OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR, f.a.size));
		for (uint64_t at = 0; at < f.a.size; at += PAGE)
			rig_unmapped(&f.rig, DATA_ADDR + at);
	}
}

static void stale_tlb_after_a_cut(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR + 4 * PAGE, 3 * PAGE));
	for (uint64_t page = 0; page < 16; page++) {
		if (page >= 4 && page < 7)
			rig_unmapped(&f.rig, DATA_ADDR + page * PAGE);
		else
			rig_shows(&f.rig, DATA_ADDR + page * PAGE, PAGE, &f.a,
				  page * PAGE);
	}
}

static void stale_tlb_after_a_remap(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	for (uint64_t i = 0; i < 10; i++) {
		const struct bo *bo = i % 2 ? &f.a : &f.b;

		OK(evgem_map(fd, f.rig.vm, DATA_ADDR, 16 * PAGE, bo->handle, 0));
		rig_shows(&f.rig, DATA_ADDR, 16 * PAGE, bo, 0);
	}
	/* Several operations, the later one at the lower or higher address. */
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t first = DATA_ADDR + (i & 2 ? 2 : 12) * PAGE;
		uint64_t second = DATA_ADDR + (i & 2 ? 12 : 2) * PAGE;
		const struct bo *one = i % 2 ? &f.a : &f.b;
		const struct bo *other = i % 2 ? &f.b : &f.a;
		struct evgem_bind bind = { 0 };

		evgem_bind_map(&bind, first, PAGE, one->handle, i * PAGE);
		evgem_bind_map(&bind, second, PAGE, other->handle, i * PAGE);
		OK(evgem_bind_sync(fd, f.rig.vm, &bind));
		rig_shows(&f.rig, first, PAGE, one, i * PAGE);
		rig_shows(&f.rig, second, PAGE, other, i * PAGE);
	}
}

/* A mapping keeps its BO; when it goes, the memory goes, not the page alone. */
static void handle_closed_while_mapped(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	bo_close(&f.a, fd);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR + PAGE, PAGE));
	rig_shows(&f.rig, DATA_ADDR, PAGE, &f.a, 0);
	rig_unmapped(&f.rig, DATA_ADDR + PAGE);
	rig_shows(&f.rig, DATA_ADDR + 2 * PAGE, 14 * PAGE, &f.a, 2 * PAGE);
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR, f.a.size));
	for (uint64_t at = 0; at < f.a.size; at += PAGE)
		rig_unmapped(&f.rig, DATA_ADDR + at);
}

static void handle_closed_then_replaced(int fd)
{
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
	bo_close(&f.a, fd);
	OK(evgem_map(fd, f.rig.vm, DATA_ADDR, f.b.size, f.b.handle, 0));
	rig_shows(&f.rig, DATA_ADDR, f.b.size, &f.b, 0);
}

static void vms_are_isolated(int fd)
{
	struct rig other;
	struct fixture f;

	fixture_init(&f, fd);
	rig_init(&other, fd);
	for (int i = 0; i < 3; i++) {
		map_a(&f);
		rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
		if (!i)
			rig_unmapped(&other, DATA_ADDR);
		OK(evgem_map(fd, other.vm, DATA_ADDR, f.b.size, f.b.handle, 0));
		rig_shows(&other, DATA_ADDR, f.b.size, &f.b, 0);
		rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
		OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR, f.a.size));
		rig_unmapped(&f.rig, DATA_ADDR);
		rig_shows(&other, DATA_ADDR, f.b.size, &f.b, 0);
	}
	OK(rig_write(&other, DATA_ADDR, 1));
	CHECK_EQ(f.a.cpu[0], bo_word(&f.a, 0));
	CHECK_EQ(rig_state(&other).fault_count, 1);
}

/* A fault ends one job; the queue and the others go on. */
static void others_go_on(int fd)
{
	struct evgem_cmds cmds = { 0 };
	uint32_t second, done = make_syncobj(fd), bad = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	map_a(&f);
	OK(evgem_queue_create(fd, f.rig.vm, 0, &second));
	f.a.cpu[0] = 0;
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 1);
	evgem_cmd_write(&cmds, DATA_ADDR + 8, 2);
	OK(evgem_exec(fd, second, &cmds, EVGEM_SYNCS(evgem_signal(done))));

	evgem_cmd_write(&cmds, DATA_ADDR - 8, 1);
	OK(evgem_exec(fd, f.rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(bad))));
	job_ends(fd, bad, 0, EFAULT);
	job_pending(fd, done, 0);

	OK(rig_write(&f.rig, DATA_ADDR, 1));
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.a.cpu[1], 2);
	CHECK_EQ(rig_state(&f.rig).status, DRM_EVGEM_VM_LIVE);
}

/* Jobs behind a fault in the same queue are not thrown away. */
static void next_job_runs(int fd)
{
	uint32_t done = make_syncobj(fd), bad = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	struct fixture f;
	struct gate gate;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	map_a(&f);
	evgem_cmd_write(&cmds, DATA_ADDR - 8, 1);
	OK(evgem_exec(fd, f.rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(gate.syncobj),
				  evgem_signal(bad))));
	evgem_cmd_write(&cmds, DATA_ADDR, 42);
	OK(evgem_exec(fd, f.rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(done))));
	gate_open(&gate);
	job_ends(fd, bad, 0, EFAULT);
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.a.cpu[0], 42);
}

/* The last fault is told, and by whom. */
static void last_fault_of_several_queues(int fd)
{
	struct drm_evgem_vm_state state;
	struct fixture f;
	struct rig second;

	fixture_init(&f, fd);
	second = f.rig;
	OK(evgem_queue_create(fd, f.rig.vm, 0, &second.queue));
	for (uint64_t i = 1; i < 6; i++) {
		rig_unmapped(&f.rig, DATA_ADDR + i * PAGE);
		rig_faults(&second, DATA_ADDR - i * PAGE,
			   DRM_EVGEM_ACCESS_WRITE, DRM_EVGEM_FAULT_UNMAPPED);
	}
	state = rig_state(&f.rig);
	CHECK_EQ(state.fault_count, 10);
	CHECK_EQ(state.fault_queue, second.queue);
}

/* A job is reading when its memory goes: it faults, and writes nowhere. */
static void unmapped_under_a_job(int fd)
{
	for (int i = 0; i < 5; i++) {
		uint32_t done = make_syncobj(fd), handle;
		struct evgem_cmds cmds = { 0 };
		struct fixture f;
		uint64_t *fresh;
		void *cpu;

		fixture_init(&f, fd);
		map_a(&f);
		f.a.cpu[0] = 0;
		evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 1);
		evgem_cmd_fill(&cmds, DATA_ADDR, 16 * PAGE, 0xdeadbeef);
		OK(evgem_exec(fd, f.rig.queue, &cmds,
			      EVGEM_SYNCS(evgem_signal(done))));
		job_pending(fd, done, 0);
		bo_close(&f.a, fd);
		OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR, f.a.size));

		OK(evgem_bo_create(fd, f.a.size, 0, &handle));
		OK(evgem_bo_map(fd, handle, f.a.size, &cpu));
		fresh = cpu;
		job_ends(fd, done, 0, EFAULT);
		for (uint64_t at = 0; at < f.a.size / 8; at++)
			CHECK_EQ(fresh[at], 0);
		CHECK_EQ(rig_state(&f.rig).fault_addr, DATA_ADDR);
		OK(evgem_vm_destroy(fd, f.rig.vm));
	}
}

/* Closed with a job in flight: freed behind the job, which ends well. */
static void handle_closed_under_a_job(int fd)
{
	uint32_t done = make_syncobj(fd), out = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	struct evgem_bind bind = { 0 };
	struct fixture f;
	struct gate gate;

	fixture_init(&f, fd);
	gate_init(&gate, fd);
	map_a(&f);
	evgem_cmd_fill(&cmds, DATA_ADDR, f.a.size, 0xdeadbeef);
	evgem_cmd_checksum(&cmds, SCRATCH_ADDR, DATA_ADDR, f.a.size);
	OK(evgem_exec(fd, f.rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(gate.syncobj),
				  evgem_signal(done))));
	evgem_bind_unmap(&bind, DATA_ADDR, f.a.size);
	OK(evgem_bind_async(fd, f.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(done), evgem_signal(out))));
	memset(f.b.cpu, 0, f.b.size);
	for (uint64_t at = 0; at < f.b.size / 4; at++)
		((uint32_t *)f.b.cpu)[at] = 0xdeadbeef;
	bo_close(&f.a, fd);
	gate_open(&gate);
	job_ends(fd, done, 0, 0);
	job_ends(fd, out, 0, 0);
	CHECK_EQ(f.rig.cpu[0], evgem_checksum(f.b.cpu, f.b.size));
	rig_unmapped(&f.rig, DATA_ADDR);
}

const struct ktap_case ktap_cases[] = {
	{ "unmapped", unmapped },
	{ "address-too-wide", address_too_wide },
	{ "address-in-the-middle", address_in_the_middle },
	{ "every-command", every_command },
	{ "readonly", readonly },
	{ "readonly-after-write", readonly_after_write },
	{ "stale-tlb", stale_tlb },
	{ "stale-tlb-after-a-cut", stale_tlb_after_a_cut },
	{ "stale-tlb-after-a-remap", stale_tlb_after_a_remap },
	{ "handle-closed-while-mapped", handle_closed_while_mapped },
	{ "handle-closed-then-replaced", handle_closed_then_replaced },
	{ "vms-are-isolated", vms_are_isolated },
	{ "others-go-on", others_go_on },
	{ "next-job-runs", next_job_runs },
	{ "last-fault-of-several-queues", last_fault_of_several_queues },
	{ "unmapped-under-a-job", unmapped_under_a_job },
	{ "handle-closed-under-a-job", handle_closed_under_a_job },
	{ 0 }
};
