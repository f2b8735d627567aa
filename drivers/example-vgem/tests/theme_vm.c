// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * VMs: their range, their number, their life.
 */
#include <fcntl.h>
#include <unistd.h>

#include "rig.h"

static void create_destroy(int fd)
{
	uint32_t vm;

	OK(evgem_vm_create(fd, 0, 0, &vm));
	CHECK(vm != 0);
	OK(evgem_vm_destroy(fd, vm));
	FAILS(ENOENT, evgem_vm_destroy(fd, vm));
}

/* A new VM is live, has had no fault, and holds nothing but a root table. */
static void state_of_a_new_vm(int fd)
{
	struct drm_evgem_vm_state state;
	uint32_t vm;

	OK(evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_vm_state(fd, vm, &state));

	CHECK_EQ(state.status, DRM_EVGEM_VM_LIVE);
	CHECK_EQ(state.reason, DRM_EVGEM_VM_REASON_NONE);
	CHECK_EQ(state.fault_count, 0);
	CHECK_EQ(state.fault_reason, DRM_EVGEM_FAULT_NONE);
	CHECK_EQ(state.fault_access, DRM_EVGEM_ACCESS_NONE);
	CHECK_EQ(state.mappings, 0);
	CHECK_EQ(state.ptes_4k, 0);
	CHECK_EQ(state.ptes_2m, 0);
	CHECK_EQ(state.pt_bytes, PAGE);
}

/* Mapping succeeds from behind the reserve to the last page, not beyond. */
static void range_is_kept(int fd)
{
	const uint64_t start = DATA_ADDR, range = 64 * PAGE;
	struct drm_evgem_device_info info;
	uint32_t vm, bo;
	uint64_t first;

	OK(evgem_query_device(fd, &info));
	OK(evgem_vm_create(fd, start, range, &vm));
	OK(evgem_bo_create(fd, 2 * PAGE, 0, &bo));

	first = start + info.va_reserved;
	CHECK(first < start + range);
	OK(evgem_map(fd, vm, first, PAGE, bo, 0));
	OK(evgem_map(fd, vm, start + range - PAGE, PAGE, bo, 0));
	FAILS(EINVAL, evgem_map(fd, vm, first - PAGE, PAGE, bo, 0));
	FAILS(EINVAL, evgem_map(fd, vm, start - PAGE, PAGE, bo, 0));
	FAILS(EINVAL, evgem_map(fd, vm, start + range, PAGE, bo, 0));
	FAILS(EINVAL, evgem_map(fd, vm, start + range - PAGE, 2 * PAGE, bo, 0));
}

static void largest(int fd)
{
	struct drm_evgem_device_info info;
	struct rig rig;
	struct bo bo;

	OK(evgem_query_device(fd, &info));
	rig_init(&rig, fd);
	bo_init(&bo, fd, 2, 0, 1);
	OK(evgem_map(fd, rig.vm, info.va_reserved, PAGE, bo.handle, 0));
	OK(evgem_map(fd, rig.vm, info.va_range - PAGE, PAGE, bo.handle, PAGE));
	rig_shows(&rig, info.va_reserved, PAGE, &bo, 0);
	rig_shows(&rig, info.va_range - PAGE, PAGE, &bo, PAGE);
}

/* Ids and quota of one file are no business of another. */
static void quota(int fd)
{
	struct drm_evgem_device_info info;
	uint32_t vms[4096], other, vm;
	int second = evgem_open();

	CHECK(second >= 0);
	OK(evgem_query_device(fd, &info));
	CHECK(info.max_vms <= ARRAY_SIZE(vms));
	for (uint32_t i = 0; i < info.max_vms; i++)
		OK(evgem_vm_create(fd, 0, 0, &vms[i]));

	FAILS(ENOSPC, evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_vm_create(second, 0, 0, &other));

	OK(evgem_vm_destroy(fd, vms[info.max_vms / 2]));
	OK(evgem_vm_create(fd, 0, 0, &vm));
	FAILS(ENOSPC, evgem_vm_create(fd, 0, 0, &vm));

	/* A failed call takes nothing from the quota. */
	OK(evgem_vm_destroy(fd, vms[0]));
	for (int i = 0; i < 10; i++)
		FAILS(EINVAL, evgem_vm_create(fd, 1, 0, &vm));
	OK(evgem_vm_create(fd, 0, 0, &vm));
}

static void one_after_the_other(int fd)
{
	uint32_t vm, last = 0;

	for (int i = 0; i < 500; i++) {
		OK(evgem_vm_create(fd, 0, 0, &vm));
		CHECK(vm != last);
		last = vm;
		OK(evgem_vm_destroy(fd, vm));
	}
}

static void destroyed_with_mappings(int fd)
{
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 600, 0, 1);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	OK(evgem_vm_destroy(fd, rig.vm));

	/* The BO is still there, and free to be mapped again. */
	rig_init(&rig, fd);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
}

/* The hardware's number of the address space is used again, the TLB is not. */
static void successor_sees_nothing(int fd)
{
	struct rig rig;
	struct bo bo;

	bo_init(&bo, fd, 4, 0, 1);
	for (int i = 0; i < 8; i++) {
		rig_init(&rig, fd);
		rig_unmapped(&rig, DATA_ADDR);
		OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
		rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
		OK(evgem_queue_destroy(fd, rig.queue));
		OK(evgem_vm_destroy(fd, rig.vm));
	}
}

static void id_of_another_file(int fd)
{
	struct drm_evgem_vm_state state;
	int second = evgem_open();
	uint32_t vm, queue;

	CHECK(second >= 0);
	OK(evgem_vm_create(fd, 0, 0, &vm));
	FAILS(ENOENT, evgem_vm_state(second, vm, &state));
	FAILS(ENOENT, evgem_queue_create(second, vm, 0, &queue));
	FAILS(ENOENT, evgem_vm_destroy(second, vm));
	OK(evgem_vm_state(fd, vm, &state));
}

/* A VM costs one table, a mapping no more than its tables. */
static void tables_come_and_go(int fd)
{
	struct drm_evgem_vm_state empty, full;
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 1024, 0, 1);
	empty = rig_state(&rig);

	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	full = rig_state(&rig);
	CHECK_EQ(full.mappings, empty.mappings + 1);
	CHECK_EQ(full.ptes_4k + 512 * full.ptes_2m,
		 empty.ptes_4k + 512 * empty.ptes_2m + 1024);
	CHECK(full.pt_bytes <= empty.pt_bytes + 4 * PAGE);

	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, bo.size));
	full = rig_state(&rig);
	CHECK_EQ(full.mappings, empty.mappings);
	CHECK_EQ(full.ptes_4k, empty.ptes_4k);
	CHECK_EQ(full.pt_bytes, empty.pt_bytes);
}

const struct ktap_case ktap_cases[] = {
	{ "create-destroy", create_destroy },
	{ "state-of-a-new-vm", state_of_a_new_vm },
	{ "range-is-kept", range_is_kept },
	{ "largest", largest },
	{ "quota", quota },
	{ "one-after-the-other", one_after_the_other, 60 },
	{ "destroyed-with-mappings", destroyed_with_mappings },
	{ "successor-sees-nothing", successor_sees_nothing },
	{ "id-of-another-file", id_of_another_file },
	{ "tables-come-and-go", tables_come_and_go },
	{ 0 }
};
