// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects: their memory as the CPU sees it, and their life.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"
#include "rig.h"

static void create_close(int fd)
{
	uint32_t bo;

	OK(evgem_bo_create(fd, PAGE, 0, &bo));
	CHECK(bo != 0);
	OK(evgem_bo_close(fd, bo));
	FAILS(EINVAL, evgem_bo_close(fd, bo));
}

static void must_be_zero(const void *memory, uint64_t size)
{
	const uint64_t *word = memory;

	for (uint64_t i = 0; i < size / sizeof(*word); i++)
		CHECK_EQ(word[i], 0);
}

/* Memory that another BO had before shows nothing of it. */
static void zero_for_the_cpu(int fd)
{
	const uint64_t size = 64 * PAGE;

	for (int i = 0; i < 8; i++) {
		uint32_t handle;
		void *cpu;

		OK(evgem_bo_create(fd, size, 0, &handle));
		OK(evgem_bo_map(fd, handle, size, &cpu));
		must_be_zero(cpu, size);
		memset(cpu, 0xff, size);
		CHECK(!munmap(cpu, size));
		OK(evgem_bo_close(fd, handle));
	}
}

static void zero_for_the_engine(int fd)
{
	const uint64_t size = 64 * PAGE;
	struct rig rig;

	rig_init(&rig, fd);
	for (int i = 0; i < 8; i++) {
		struct evgem_cmds cmds = { 0 };
		uint32_t handle;

		OK(evgem_bo_create(fd, size, 0, &handle));
		OK(evgem_map(fd, rig.vm, DATA_ADDR, size, handle, 0));
		evgem_cmd_copy(&cmds, SCRATCH_ADDR, DATA_ADDR, size);
		evgem_cmd_fill(&cmds, DATA_ADDR, size, 0xffffffff);
		rig_run(&rig, &cmds);
		must_be_zero(rig.cpu, size);
		OK(evgem_unmap(fd, rig.vm, DATA_ADDR, size));
		OK(evgem_bo_close(fd, handle));
	}
}

static void zero_in_huge_blocks(int fd)
{
	driver_needs(fd, DRM_EVGEM_FEATURE_HUGE);
	for (int i = 0; i < 3; i++) {
		uint32_t handle;
		void *cpu;
		int ret = evgem_bo_create_huge(fd, HUGE, 0, &handle);

		if (ret == -ENOMEM)
			SKIP("no memory in blocks of 2 MiB");
		OK(ret);
		OK(evgem_bo_map(fd, handle, HUGE, &cpu));
		must_be_zero(cpu, HUGE);
		memset(cpu, 0xff, HUGE);
		CHECK(!munmap(cpu, HUGE));
		OK(evgem_bo_close(fd, handle));
	}
}

/* CPU and engine see the same bytes, whoever wrote them. */
static void coherent(int fd, uint32_t handle, uint64_t size)
{
	struct evgem_cmds cmds = { 0 };
	struct rig rig;
	uint32_t *word;
	void *cpu;

	rig_init(&rig, fd);
	OK(evgem_bo_map(fd, handle, size, &cpu));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, size, handle, 0));
	evgem_cmd_fill(&cmds, DATA_ADDR, size, 0x01020304);
	rig_run(&rig, &cmds);
	word = cpu;
	for (uint64_t i = 0; i < size / sizeof(*word); i++)
		CHECK_EQ(word[i], 0x01020304);

	word[size / sizeof(*word) - 2] = 0x55667788;
	word[size / sizeof(*word) - 1] = 0x11223344;
	CHECK_EQ(rig_word(&rig, DATA_ADDR + size - 8), 0x1122334455667788ull);
}

static void mmap_is_the_same_memory(int fd)
{
	uint32_t handle;

	OK(evgem_bo_create(fd, 40 * PAGE, 0, &handle));
	coherent(fd, handle, 40 * PAGE);
}

static void mmap_of_huge_blocks(int fd)
{
	uint32_t handle;
	int ret;

	driver_needs(fd, DRM_EVGEM_FEATURE_HUGE);
	ret = evgem_bo_create_huge(fd, 2 * HUGE, 0, &handle);
	if (ret == -ENOMEM)
		SKIP("no memory in blocks of 2 MiB");
	OK(ret);
	coherent(fd, handle, 2 * HUGE);
}

/* A second mapping, of a part of the BO, that is unmapped in pieces. */
static void mmap_in_parts(int fd, const struct bo *bo)
{
	uint8_t *bytes;
	void *part;

	OK(evgem_bo_map(fd, bo->handle, 8 * PAGE, &part));
	bytes = part;
	for (uint64_t at = 0; at < 8 * PAGE; at += PAGE / 2)
		CHECK_EQ(*(uint64_t *)(bytes + at), bo_word(bo, at));

	CHECK(!munmap(bytes + 2 * PAGE, 4 * PAGE));
	CHECK_EQ(*(uint64_t *)(bytes + 6 * PAGE), bo_word(bo, 6 * PAGE));
	*(uint64_t *)(bytes + 7 * PAGE) = 77;
	CHECK_EQ(bo->cpu[7 * PAGE / 8], 77);
	CHECK(!munmap(bytes, 2 * PAGE));
	CHECK(!munmap(bytes + 6 * PAGE, 2 * PAGE));
}

static void mmap_of_a_part(int fd)
{
	struct bo bo;

	bo_init(&bo, fd, 16, 0, 3);
	mmap_in_parts(fd, &bo);
	bo_init_huge(&bo, fd, HUGE, 0, 4);
	mmap_in_parts(fd, &bo);
}

/* The CPU's mapping keeps the memory, also when the handle is gone. */
static void mmap_outlives_the_handle(int fd)
{
	struct bo bo;

	bo_init(&bo, fd, 16, 0, 5);
	OK(evgem_bo_close(fd, bo.handle));
	for (uint64_t at = 0; at < bo.size; at += PAGE)
		CHECK_EQ(bo.cpu[at / 8], bo_word(&bo, at));
}

static void mmap_outlives_the_file(int fd)
{
	int second = evgem_open();
	struct bo bo;

	(void)fd;
	CHECK(second >= 0);
	bo_init(&bo, second, 16, 0, 6);
	CHECK(!close(second));
	for (uint64_t at = 0; at < bo.size; at += PAGE)
		CHECK_EQ(bo.cpu[at / 8], bo_word(&bo, at));
}

/* A BO private to a VM lives on without it. */
static void private_outlives_its_vm(int fd)
{
	uint32_t vm;
	struct bo bo;

	OK(evgem_vm_create(fd, 0, 0, &vm));
	bo_init(&bo, fd, 16, vm, 7);
	OK(evgem_map(fd, vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_vm_destroy(fd, vm));
	for (uint64_t at = 0; at < bo.size; at += PAGE)
		CHECK_EQ(bo.cpu[at / 8], bo_word(&bo, at));
	bo_close(&bo, fd);
}

/* Every job holds on to all of them, shared and private. */
static void many(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct rig rig;

	rig_init(&rig, fd);
	for (uint64_t i = 0; i < 64; i++) {
		uint32_t handle;

		OK(evgem_bo_create(fd, PAGE, i % 2 ? rig.vm : 0, &handle));
		OK(evgem_map(fd, rig.vm, DATA_ADDR + i * PAGE, PAGE, handle, 0));
		OK(evgem_bo_close(fd, handle));
		evgem_cmd_write(&cmds, DATA_ADDR + i * PAGE + 8, i);
	}
	rig_run(&rig, &cmds);
	for (uint64_t i = 0; i < 64; i += 9)
		CHECK_EQ(rig_word(&rig, DATA_ADDR + i * PAGE + 8), i);
}

const struct ktap_case ktap_cases[] = {
	{ "create-close", create_close },
	{ "zero-for-the-cpu", zero_for_the_cpu },
	{ "zero-for-the-engine", zero_for_the_engine },
	{ "zero-in-huge-blocks", zero_in_huge_blocks },
	{ "mmap-is-the-same-memory", mmap_is_the_same_memory },
	{ "mmap-of-huge-blocks", mmap_of_huge_blocks },
	{ "mmap-of-a-part", mmap_of_a_part },
	{ "mmap-outlives-the-handle", mmap_outlives_the_handle },
	{ "mmap-outlives-the-file", mmap_outlives_the_file },
	{ "private-outlives-its-vm", private_outlives_its_vm },
	{ "many", many },
	{ 0 }
};
