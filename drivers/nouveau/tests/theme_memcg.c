// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Row 26: a program at the limit of its memory cgroup. VRAM, pages of the system
 * and page tables are in its account, and nobody else feels it.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "rig.h"

#define BO_SIZE (256 * PAGE)
#define LIMIT (16 * BO_SIZE)
#define MOST (LIMIT / BO_SIZE)

/* Runs in the group; returns how it ended, while @fd goes on as ever. */
static int in_group(int fd, void (*run)(int fd))
{
	static struct rig rig;
	struct bo bo;
	int status;
	pid_t pid;

	cgroup_make(LIMIT);
	rig_init(&rig, fd);
	bo_init(&bo, fd, 32 * PAGE, NVT_EITHER, 1);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		/* Not the parent's, with what the parent has mapped of it. */
		bo_unmap(&bo);
		bo_unmap(&rig.commands);
		bo_unmap(&rig.scratch);
		CHECK(!close(fd));
		cgroup_enter();
		fd = nvt_open();
		CHECK(fd >= 0);
		run(fd);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, bo.handle, 0)));
		rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
		OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, bo.size)));
	}
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, bo.handle, 0)));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	cgroup_ends();
	return status;
}

/* Binds BOs until there is no memory for the next; their number. */
static unsigned int fill(struct rig *rig, uint32_t domains, uint32_t *handles)
{
	unsigned int n;

	for (n = 0; n < MOST; n++) {
		uint64_t addr = DATA_ADDR + n * BO_SIZE;
		struct drm_nouveau_gem_info info;
		int ret;

		OK(nvt_bo_new(rig->fd, BO_SIZE, domains, 0, &info));
		handles[n] = info.handle;
		ret = nvt_bind(rig->fd, nvt_map(addr, BO_SIZE, info.handle, 0));
		if (!ret)
			continue;

		/* It has what memory was left, as long as it is there. */
		OK(nvt_bo_close(rig->fd, info.handle));
		CHECK_EQ(-ret, ENOMEM);
		break;
	}

	return n;
}

static void to_the_limit(int fd, uint32_t domains)
{
	static struct rig rig;
	uint32_t handles[MOST];
	unsigned int n, again;
	struct push p;

	rig_init(&rig, fd);
	n = fill(&rig, domains, handles);
	CHECK(n > 4 && n < MOST);
	/* What was refused is not there, what was bound is. */
	rig_unmapped(&rig, DATA_ADDR + n * BO_SIZE);
	p = rig_push(&rig);
	push_fill(&p, DATA_ADDR + n * BO_SIZE - 8, 77, 2);
	rig_run(&rig, &p);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + n * BO_SIZE - 8), 77ull << 32 | 77);

	/* What is given back can be had again. */
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, n * BO_SIZE)));
	for (unsigned int i = 0; i < n; i++)
		OK(nvt_bo_close(fd, handles[i]));
	sleep_ms(200);
	again = fill(&rig, domains, handles);
	CHECK(again + 2 >= n && again < MOST);
}

static void vram_to_the_limit(int fd)
{
	to_the_limit(fd, NVT_VRAM);
}

static void vram(int fd)
{
	CHECK_EQ(in_group(fd, vram_to_the_limit), 0);
}

/* Where there is no VRAM, there is no memory of the system either. */
static void either_to_the_limit(int fd)
{
	to_the_limit(fd, NVT_EITHER);
}

static void either(int fd)
{
	CHECK_EQ(in_group(fd, either_to_the_limit), 0);
}

/* One page, again and again, each time with tables of its own. */
static void tables_to_the_limit(int fd)
{
	struct drm_nouveau_vm_bind_op ops[64];
	struct drm_nouveau_gem_info info;
	uint64_t n = 0;
	int ret;

	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_bo_new(fd, PAGE, NVT_GART, 0, &info));
	do {
		CHECK(n < LIMIT / PAGE);
		for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
			ops[i] = nvt_map(DATA_ADDR + n++ * HUGE, PAGE,
					 info.handle, 0);
		ret = nvt_bind_n(fd, ops, ARRAY_SIZE(ops), NULL);
	} while (!ret);
	CHECK_EQ(-ret, ENOMEM);
}

/*
 * Most of the kernel's allocations do not fail for want of a cgroup's memory: the
 * cgroup's own OOM killer makes room first.
 */
static void page_tables(int fd)
{
	int status = in_group(fd, tables_to_the_limit);

	if (WIFSIGNALED(status))
		CHECK_EQ(WTERMSIG(status), SIGKILL);
	else
		CHECK_EQ(status, 0);
	ktap_note("%s", WIFSIGNALED(status) ? "killed" : "ENOMEM");
}

const struct ktap_case ktap_cases[] = {
	{ "row-26-vram", vram, 60 },
	{ "row-26-either", either, 60 },
	{ "row-26-page-tables", page_tables, 60 },
	{ NULL }
};
