// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Limits of what one file may pile up: reached exactly, passed by one, and open
 * again after something was given back. The limits are made small for that; a
 * child does the work, so that they are as before whatever becomes of it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"
#include "limit.h"
#include "rig.h"

/* 8 MiB. */
static void bo_bytes(int fd)
{
	uint32_t big, half, last, bo;
	struct drm_evgem_device_info info;
	int second = evgem_open();

	CHECK(second >= 0);
	OK(evgem_query_device(fd, &info));
	CHECK_EQ(info.max_bo_mb, 8);
	FAILS(ENOSPC, evgem_bo_create(fd, (8 << 20) + PAGE, 0, &bo));
	OK(evgem_bo_create(fd, 8 << 20, 0, &big));
	FAILS(ENOSPC, evgem_bo_create(fd, PAGE, 0, &bo));
	OK(evgem_bo_create(second, 8 << 20, 0, &bo));
	OK(evgem_bo_close(fd, big));

	OK(evgem_bo_create(fd, 4 << 20, 0, &half));
	FAILS(ENOSPC, evgem_bo_create(fd, (4 << 20) + PAGE, 0, &bo));
	OK(evgem_bo_create(fd, (4 << 20) - PAGE, 0, &bo));
	OK(evgem_bo_create(fd, PAGE, 0, &last));
	FAILS(ENOSPC, evgem_bo_create(fd, PAGE, 0, &bo));
	if (info.features & DRM_EVGEM_FEATURE_HUGE)
		FAILS(ENOSPC, evgem_bo_create_huge(fd, HUGE, 0, &bo));
	/* A call that is refused for another reason takes nothing. */
	for (int i = 0; i < 5; i++) {
		FAILS(EINVAL, evgem_bo_create(fd, 0, 0, &bo));
		FAILS(ENOENT, evgem_bo_create(fd, PAGE, 4711, &bo));
		FAILS(ENOMEM, evgem_bo_create(fd, 1ull << 60, 0, &bo));
	}
	OK(evgem_bo_close(fd, last));
	OK(evgem_bo_create(fd, PAGE, 0, &last));
	FAILS(ENOSPC, evgem_bo_create(fd, PAGE, 0, &bo));
}

static void create_again(int fd, uint64_t size)
{
	uint32_t bo;
	int ret;

	for (int i = 0; i < 100; i++) {
		ret = evgem_bo_create(fd, size, 0, &bo);
		if (ret != -ENOSPC)
			break;
		sleep_ms(20);
	}
	OK(ret);
}

/* What is used without a handle counts as before: mapped, seen, shared. */
static void bo_without_handle(int fd)
{
	int second = evgem_open(), dmabuf;
	struct rig rig;
	uint32_t bo, other;
	void *cpu;

	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	CHECK(second >= 0);
	rig_init(&rig, fd);
	OK(evgem_bo_create(fd, 7 << 20, rig.vm, &bo));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, PAGE, bo, 0));
	OK(evgem_bo_close(fd, bo));
	FAILS(ENOSPC, evgem_bo_create(fd, 1 << 20, 0, &bo));
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, PAGE));
	create_again(fd, PAGE);

	OK(evgem_bo_create(fd, 6 << 20, 0, &bo));
	OK(evgem_bo_map(fd, bo, PAGE, &cpu));
	OK(evgem_bo_close(fd, bo));
	FAILS(ENOSPC, evgem_bo_create(fd, 2 << 20, 0, &bo));
	CHECK(!munmap(cpu, PAGE));

	OK(evgem_bo_create(fd, 6 << 20, 0, &bo));
	OK(evgem_bo_export(fd, bo, &dmabuf));
	OK(evgem_bo_import(second, dmabuf, &other));
	CHECK(!close(dmabuf));
	OK(evgem_bo_close(fd, bo));
	FAILS(ENOSPC, evgem_bo_create(fd, 2 << 20, 0, &bo));
	OK(evgem_bo_close(second, other));
	create_again(fd, 2 << 20);
}

/* Memory of the process counts with that of BOs, as long as it is mapped. */
static void userptr_bytes(int fd)
{
	const uint64_t size = 5 << 20;
	struct rig rig;
	uint32_t bo;
	void *start;

	driver_needs(fd, DRM_EVGEM_FEATURE_USERPTR);
	start = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(start != MAP_FAILED);
	rig_init(&rig, fd);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, size, start));
	FAILS(ENOSPC, evgem_map_userptr(fd, rig.vm, DATA_ADDR + size, size, start));
	FAILS(ENOSPC, evgem_bo_create(fd, 3 << 20, 0, &bo));
	/* One that is refused for another reason takes nothing. */
	for (int i = 0; i < 5; i++)
		FAILS(EFAULT, evgem_map_userptr(fd, rig.vm, DATA_ADDR + size,
						2 << 20, NULL));
	OK(evgem_bo_create(fd, PAGE, 0, &bo));
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, size));
	create_again(fd, 5 << 20);
}

static void bo_memory(int fd)
{
	with_limit(fd, "max_bo_mb", 8, bo_bytes);
}

static void bo_memory_without_handle(int fd)
{
	with_limit(fd, "max_bo_mb", 8, bo_without_handle);
}

static void userptr_memory(int fd)
{
	with_limit(fd, "max_bo_mb", 8, userptr_bytes);
}

#define MAPPINGS 40

static uint64_t page_addr(uint64_t n)
{
	return DATA_ADDR + 2 * n * PAGE;
}

/* Each map may need two, so the last is refused where only one is left. */
static void mappings_to_the_limit(int fd)
{
	struct evgem_bind bind = { 0 };
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 64, 0, 1);
	for (uint64_t n = 1; n < MAPPINGS - 1; n++)
		OK(evgem_map(fd, rig.vm, page_addr(n), PAGE, bo.handle, 0));
	CHECK_EQ(rig_state(&rig).mappings, MAPPINGS - 1);
	FAILS(ENOSPC, evgem_map(fd, rig.vm, page_addr(99), PAGE, bo.handle, 0));
	rig_unmapped(&rig, page_addr(99));
	CHECK_EQ(rig_state(&rig).mappings, MAPPINGS - 1);

	/* One back, one more. An array is refused as a whole. */
	OK(evgem_unmap(fd, rig.vm, page_addr(1), PAGE));
	evgem_bind_map(&bind, page_addr(1), PAGE, bo.handle, 0);
	evgem_bind_map(&bind, page_addr(99), PAGE, bo.handle, 0);
	FAILS(ENOSPC, evgem_bind_sync(fd, rig.vm, &bind));
	rig_unmapped(&rig, page_addr(1));
	OK(evgem_map(fd, rig.vm, page_addr(1), PAGE, bo.handle, 0));
	FAILS(ENOSPC, evgem_map(fd, rig.vm, page_addr(1), PAGE, bo.handle, 0));

	/* All VMs of the file count, and a VM that goes gives back all. */
	OK(evgem_vm_destroy(fd, rig.vm));
	rig_init(&rig, fd);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
}

static void all_vms_count(int fd)
{
	int second = evgem_open();
	uint32_t vm, bo;
	struct rig rig;

	CHECK(second >= 0);
	rig_init(&rig, fd);
	OK(evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_bo_create(fd, PAGE, 0, &bo));
	for (uint64_t n = 1; n < MAPPINGS - 1; n++)
		OK(evgem_map(fd, n % 2 ? vm : rig.vm, page_addr(n), PAGE, bo, 0));
	FAILS(ENOSPC, evgem_map(fd, vm, page_addr(99), PAGE, bo, 0));
	FAILS(ENOSPC, evgem_map(fd, rig.vm, page_addr(99), PAGE, bo, 0));
	rig_init(&rig, second);
	OK(evgem_vm_destroy(fd, vm));
	OK(evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_map(fd, vm, page_addr(99), PAGE, bo, 0));
}

/* Unmapping cuts, which adds: it goes on beyond the limit, but not for ever. */
static void cuts(int fd)
{
	struct rig rig;
	uint64_t n = 0;
	struct bo bo;
	int ret;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 512, 0, 1);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	do {
		n++;
		CHECK(n < 200);
		ret = evgem_unmap(fd, rig.vm, page_addr(n), PAGE);
	} while (!ret);
	CHECK_EQ(-ret, ENOSPC);
	CHECK_EQ(rig_state(&rig).mappings, 2 * MAPPINGS - 1);
	FAILS(ENOSPC, evgem_map(fd, rig.vm, page_addr(1), PAGE, bo.handle, 0));
	OK(evgem_vm_destroy(fd, rig.vm));
	rig_init(&rig, fd);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
}

static void mappings(int fd)
{
	with_limit(fd, "max_mappings", MAPPINGS, mappings_to_the_limit);
}

static void mappings_of_all_vms(int fd)
{
	with_limit(fd, "max_mappings", MAPPINGS, all_vms_count);
}

static void mappings_by_cutting(int fd)
{
	with_limit(fd, "max_mappings", MAPPINGS, cuts);
}

#define OPS 20

static int queue_binds(struct rig *rig, const struct gate *gate,
		       unsigned int ops)
{
	struct evgem_bind bind = { 0 };

	for (unsigned int i = 0; i < ops; i++)
		evgem_bind_unmap(&bind, page_addr(i), PAGE);
	return evgem_bind_async(rig->fd, rig->vm, &bind,
				EVGEM_SYNCS(evgem_wait(gate->syncobj)));
}

static void ops_to_the_limit(int fd)
{
	struct gate gate;
	struct rig rig;

	rig_init(&rig, fd);
	gate_init(&gate, fd);
	FAILS(ENOSPC, queue_binds(&rig, &gate, OPS + 1));
	OK(queue_binds(&rig, &gate, OPS - 2));
	FAILS(ENOSPC, queue_binds(&rig, &gate, 3));
	OK(queue_binds(&rig, &gate, 1));
	/* Also one without an operation is something that waits. */
	OK(queue_binds(&rig, &gate, 0));
	FAILS(ENOSPC, queue_binds(&rig, &gate, 0));
	FAILS(ENOSPC, queue_binds(&rig, &gate, 1));

	/* A bind is off the list before its fence is signalled. */
	gate_open(&gate);
	OK(evgem_syncobj_wait(fd, gate.syncobj, 0, 10000));
	for (int i = 0; queue_binds(&rig, &gate, 1) == -ENOSPC; i++) {
		CHECK(i < 100);
		sleep_ms(20);
	}
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, PAGE));
	for (int i = 0; i < 50; i++) {
		struct evgem_bind bind = { 0 };

		for (unsigned int k = 0; k < OPS; k++)
			evgem_bind_unmap(&bind, page_addr(k), PAGE);
		OK(evgem_bind_sync(fd, rig.vm, &bind));
		/* Nor does one that is refused stay on it. */
		FAILS(EINVAL, evgem_unmap(fd, rig.vm, 1, PAGE));
	}
}

static void queued_operations(int fd)
{
	with_limit(fd, "max_queued_ops", OPS, ops_to_the_limit);
}

/* With what comes with a job, 16 KiB. */
static int queue_job(struct rig *rig, const struct gate *gate)
{
	struct evgem_cmds cmds = { 0 };

	for (int i = 0; i < (15 << 10) / 8; i++)
		evgem_cmd_nop(&cmds);
	return evgem_exec(rig->fd, rig->queue, &cmds,
			  EVGEM_SYNCS(evgem_wait(gate->syncobj)));
}

/* 1 MiB. */
static void commands_to_the_limit(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct gate gate;
	struct rig rig;
	int ret;

	rig_init(&rig, fd);
	gate_init(&gate, fd);
	/* The gate is a job, too. */
	for (int i = 0; i < 63; i++)
		OK(queue_job(&rig, &gate));
	FAILS(ENOSPC, queue_job(&rig, &gate));
	evgem_cmd_nop(&cmds);
	OK(evgem_exec(fd, rig.queue, &cmds, NULL));
	gate_open(&gate);
	for (int i = 0; i < 100; i++) {
		ret = queue_job(&rig, &gate);
		if (ret != -ENOSPC)
			break;
		sleep_ms(20);
	}
	OK(ret);
	OK(rig_write(&rig, SCRATCH_ADDR, 1));
}

static void queued_commands(int fd)
{
	with_limit(fd, "max_queued_mb", 1, commands_to_the_limit);
}

const struct ktap_case ktap_cases[] = {
	{ "bo-memory", bo_memory },
	{ "bo-memory-without-handle", bo_memory_without_handle },
	{ "userptr-memory", userptr_memory },
	{ "mappings", mappings },
	{ "mappings-of-all-vms", mappings_of_all_vms },
	{ "mappings-by-cutting", mappings_by_cutting },
	{ "queued-operations", queued_operations },
	{ "queued-commands", queued_commands },
	{ 0 }
};
