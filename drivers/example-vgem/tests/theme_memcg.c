// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A program in a memory cgroup of its own, at the limit of that: BOs, page
 * tables and all else that it makes the driver allocate are in its account, and
 * nobody else feels it.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "rig.h"

#define BO_SIZE (256 * PAGE)
#define LIMIT (12 * BO_SIZE)

/* Runs in the group; returns how it ended, while @fd goes on as ever. */
static int in_group(int fd, void (*run)(int fd))
{
	struct rig rig;
	struct bo bo;
	int status;
	pid_t pid;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 32, 0, 1);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		CHECK(!close(fd));
		cgroup_enter();
		fd = evgem_open();
		CHECK(fd >= 0);
		run(fd);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
		rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
		OK(evgem_unmap(fd, rig.vm, DATA_ADDR, bo.size));
	}
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	return status;
}

/* Binds BOs until there is no memory for the next; their number. */
static unsigned int fill(struct rig *rig, uint32_t *bos, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		uint64_t addr = DATA_ADDR + n * BO_SIZE;
		int ret;

		OK(evgem_bo_create(rig->fd, BO_SIZE, 0, &bos[n]));
		ret = evgem_map(rig->fd, rig->vm, addr, BO_SIZE, bos[n], 0);
		if (!ret)
			continue;

		/* It has what memory was left, as long as it is there. */
		OK(evgem_bo_close(rig->fd, bos[n]));
		CHECK_EQ(-ret, ENOMEM);
		break;
	}

	return n;
}

static void bos_to_the_limit(int fd)
{
	uint32_t bos[LIMIT / BO_SIZE];
	unsigned int n, again;
	struct rig rig;

	rig_init(&rig, fd);
	n = fill(&rig, bos, ARRAY_SIZE(bos));
	CHECK(n > 4 && n < ARRAY_SIZE(bos));
	/* What was refused is not there, what was bound is. */
	CHECK_EQ(rig_state(&rig).mappings, 1 + n);
	rig_unmapped(&rig, DATA_ADDR + n * BO_SIZE);
	OK(rig_write(&rig, DATA_ADDR + n * BO_SIZE - 8, 77));

	/* What is given back can be had again. */
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, n * BO_SIZE));
	for (unsigned int i = 0; i < n; i++)
		OK(evgem_bo_close(fd, bos[i]));
	sleep_ms(200);
	again = fill(&rig, bos, ARRAY_SIZE(bos));
	CHECK(again + 2 >= n && again < ARRAY_SIZE(bos));
}

static void bo_memory(int fd)
{
	cgroup_make(LIMIT);
	CHECK_EQ(in_group(fd, bos_to_the_limit), 0);
	cgroup_ends();
}

/* The same when the CPU is first: it is mmap() that fails. */
static void cpu_to_the_limit(int fd)
{
	unsigned int n = 0;
	int ret;

	do {
		uint32_t bo;
		void *cpu;

		CHECK(n < LIMIT / BO_SIZE);
		OK(evgem_bo_create(fd, BO_SIZE, 0, &bo));
		ret = evgem_bo_map(fd, bo, BO_SIZE, &cpu);
		if (ret)
			OK(evgem_bo_close(fd, bo));
		else
			memset(cpu, 0x55, BO_SIZE);
		n += !ret;
	} while (!ret);
	CHECK_EQ(-ret, ENOMEM);
	CHECK(n > 4);
}

static void memory_for_the_cpu(int fd)
{
	cgroup_make(LIMIT);
	CHECK_EQ(in_group(fd, cpu_to_the_limit), 0);
	cgroup_ends();
}

/* One page, again and again, each time with tables of its own. */
static void tables_to_the_limit(int fd)
{
	uint64_t n = 0;
	struct rig rig;
	uint32_t bo;
	int ret;

	rig_init(&rig, fd);
	OK(evgem_bo_create(fd, PAGE, 0, &bo));
	do {
		CHECK(n < LIMIT / PAGE);
		ret = evgem_map(fd, rig.vm, DATA_ADDR + n++ * HUGE, PAGE, bo, 0);
	} while (!ret);
	CHECK_EQ(-ret, ENOMEM);
}

/*
 * Most of the kernel's allocations do not fail for want of a cgroup's memory:
 * the cgroup's own OOM killer makes room first.
 */
static void page_tables(int fd)
{
	int status;

	cgroup_make(LIMIT);
	status = in_group(fd, tables_to_the_limit);
	if (WIFSIGNALED(status))
		CHECK_EQ(WTERMSIG(status), SIGKILL);
	else
		CHECK_EQ(status, 0);
	ktap_note("%s", WIFSIGNALED(status) ? "killed" : "ENOMEM");
	cgroup_ends();
}

const struct ktap_case ktap_cases[] = {
	{ "row-26-bo-memory", bo_memory, 60 },
	{ "row-26-memory-for-the-cpu", memory_for_the_cpu, 60 },
	{ "row-26-page-tables", page_tables, 60 },
	{ 0 }
};
