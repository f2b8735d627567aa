// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * More BOs than VRAM: contents survive, nobody notices, and what cannot be is
 * refused.
 *
 * The limit is the module's parameter, which a guard sets back however the case
 * ends.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig.h"

#define BO_SIZE (16 * PAGE)

static struct rig rig;

/* Runs the case in a child, and sets the limit back when that has ended. */
static void limited(int fd, uint64_t bytes, void (*run)(int fd))
{
	int status;
	pid_t pid;

	set_parameter("vram_limit_kb", bytes / 1024);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		run(fd);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	set_parameter("vram_limit_kb", 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 1)
		_exit(WEXITSTATUS(status));
	FAIL("a child with a limit failed");
}

static uint64_t evicted(int fd)
{
	return debugfs_number(fd, "memory", "evicted");
}

/* Two VMs take turns with what is enough for one of them. */
static void two_vms_run(int fd)
{
	static struct rig other;
	struct bo a, b;
	uint64_t before;

	rig_init(&rig, fd);
	rig_init(&other, nvt_open());
	bo_init(&a, rig.fd, BO_SIZE, NVT_VRAM, 0xa);
	bo_init(&b, other.fd, BO_SIZE, NVT_VRAM, 0xb);
	OK(nvt_bind(rig.fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	OK(nvt_bind(other.fd, nvt_map(DATA_ADDR, b.size, b.handle, 0)));
	before = evicted(fd);
	for (unsigned int i = 0; i < 6; i++) {
		struct push p = rig_push(&rig);

		push_fill(&p, DATA_ADDR + i * 8, i, 2);
		rig_run(&rig, &p);
		a.cpu[i] = bo_word(&a, i * 8);
		rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
		rig_shows(&other, DATA_ADDR, b.size, &b, 0);
	}
	CHECK(evicted(fd) >= before + 10);
	CHECK(debugfs_number(fd, "memory", "resident") <= BO_SIZE);
	bo_is(&a);
	bo_is(&b);
}

static void two_vms(int fd)
{
	limited(fd, BO_SIZE, two_vms_run);
}

/* What the CPU writes to it while it is evicted is there afterwards. */
static void by_the_cpu_run(int fd)
{
	struct bo a, b;

	rig_init(&rig, fd);
	bo_init(&a, fd, BO_SIZE, NVT_VRAM, 0xa);
	bo_init(&b, fd, BO_SIZE, NVT_VRAM, 0xb);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, a.size)));
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, b.size, b.handle, 0)));
	rig_shows(&rig, DATA_ADDR, b.size, &b, 0);
	bo_is(&a);
	bo_fill(&a, 0xc);
	/* In one call both would have to fit. */
	FAILS(ENOMEM, nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, b.size)));
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	bo_is(&b);
}

static void by_the_cpu(int fd)
{
	limited(fd, BO_SIZE, by_the_cpu_run);
}

/* What was unmapped this moment does not take room from what is mapped now. */
static void in_turn_run(int fd)
{
	struct bo bos[2];

	rig_init(&rig, fd);
	for (unsigned int i = 0; i < 2; i++)
		bo_init(&bos[i], fd, BO_SIZE, NVT_VRAM, i + 1);
	for (unsigned int i = 0; i < 12; i++) {
		OK(nvt_bind(fd, nvt_map(DATA_ADDR, BO_SIZE, bos[i % 2].handle,
					0)));
		if (i % 4 == 3)
			rig_shows(&rig, DATA_ADDR, BO_SIZE, &bos[i % 2], 0);
		OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, BO_SIZE)));
	}
}

static void in_turn(int fd)
{
	limited(fd, BO_SIZE, in_turn_run);
}

/* What may be in the system as well is, when there is no room. */
static void either_run(int fd)
{
	struct drm_nouveau_gem_info info;
	struct bo bos[4];

	rig_init(&rig, fd);
	for (unsigned int i = 0; i < 4; i++) {
		bo_init(&bos[i], fd, BO_SIZE, NVT_EITHER | NVT_PRIVATE, i + 1);
		OK(nvt_bind(fd, nvt_map(DATA_ADDR + i * BO_SIZE, BO_SIZE,
					bos[i].handle, 0)));
		OK(nvt_bo_info(fd, bos[i].handle, &info));
		CHECK_EQ(info.domain, i < 2 ? NVT_VRAM : NVT_GART);
	}
	for (unsigned int i = 0; i < 4; i++)
		rig_shows(&rig, DATA_ADDR + i * BO_SIZE, BO_SIZE, &bos[i], 0);
	CHECK_EQ(debugfs_number(fd, "memory", "resident"), 2 * BO_SIZE);
	/* One that stays where it is, mapped elsewhere. */
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + 8 * BO_SIZE, BO_SIZE,
				bos[3].handle, 0)));
	rig_shows(&rig, DATA_ADDR + 8 * BO_SIZE, BO_SIZE, &bos[3], 0);
}

static void either(int fd)
{
	limited(fd, 2 * BO_SIZE, either_run);
}

/* All that is mapped in a VM has to fit, if it must be in VRAM. */
static void too_much_run(int fd)
{
	struct bo a, b, c;

	rig_init(&rig, fd);
	bo_init(&a, fd, BO_SIZE, NVT_VRAM, 0xa);
	bo_init(&b, fd, BO_SIZE, NVT_VRAM, 0xb);
	bo_init(&c, fd, 3 * BO_SIZE, NVT_VRAM, 0xc);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, BO_SIZE, a.handle, 0)));
	OK(nvt_bind(fd, nvt_sparse(DATA_ADDR + HUGE, HUGE)));
	FAILS(ENOMEM, nvt_bind(fd, nvt_map(DATA_ADDR + BO_SIZE, BO_SIZE,
					   b.handle, 0)));
	FAILS(ENOMEM, nvt_bind(fd, nvt_unsparse(DATA_ADDR + HUGE, HUGE),
			       nvt_unmap(DATA_ADDR, PAGE),
			       nvt_map(DATA_ADDR, BO_SIZE, c.handle, 0)));
	rig_shows(&rig, DATA_ADDR, BO_SIZE, &a, 0);
	rig_shows_zeros(&rig, DATA_ADDR + HUGE, PAGE);
	rig_unmapped(&rig, DATA_ADDR + BO_SIZE);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, BO_SIZE)));
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, BO_SIZE, b.handle, 0)));
	rig_shows(&rig, DATA_ADDR, BO_SIZE, &b, 0);
}

static void too_much(int fd)
{
	limited(fd, BO_SIZE + PAGE, too_much_run);
}

/* What a job uses stays until the job is done; who needs room waits. */
static void in_use_run(int fd)
{
	static struct rig other;
	struct bo a, b;
	uint32_t done;
	struct push p;
	pid_t pid;
	int status;

	rig_init(&rig, fd);
	done = make_syncobj(fd);
	bo_init(&a, fd, BO_SIZE, NVT_VRAM, 0xa);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, BO_SIZE, a.handle, 0)));
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR, 1);
	push_copy(&p, SCRATCH_ADDR + PAGE, DATA_ADDR, BO_SIZE);
	OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ done }))));

	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		rig_init(&other, nvt_open());
		bo_init(&b, other.fd, BO_SIZE, NVT_VRAM, 0xb);
		OK(nvt_bind(other.fd, nvt_map(DATA_ADDR, BO_SIZE, b.handle, 0)));
		rig_shows(&other, DATA_ADDR, BO_SIZE, &b, 0);
		_exit(0);
	}
	sleep_ms(300);
	CHECK(!waitpid(pid, &status, WNOHANG));
	rig.scratch.cpu[0] = 1;
	job_ends(fd, done, 0, 0);
	for (uint64_t at = 0; at < BO_SIZE; at += 8)
		CHECK_EQ(rig.scratch.cpu[(PAGE + at) / 8], bo_word(&a, at));
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	rig_shows(&rig, DATA_ADDR, BO_SIZE, &a, 0);
}

static void in_use(int fd)
{
	limited(fd, BO_SIZE, in_use_run);
}

/* VRAM in small pieces serves large BOs, with the pages that the pieces allow. */
static void in_pieces_run(int fd)
{
	enum { SMALL = 64 };
	struct bo small[SMALL], large;

	rig_init(&rig, fd);
	for (unsigned int i = 0; i < SMALL; i++) {
		bo_init(&small[i], fd, PAGE, NVT_VRAM, i + 1);
		OK(nvt_bind(fd, nvt_map(DATA_ADDR + i * PAGE, PAGE,
					small[i].handle, 0)));
	}
	for (unsigned int i = 0; i < SMALL; i += 2) {
		OK(nvt_bind(fd, nvt_unmap(DATA_ADDR + i * PAGE, PAGE)));
		bo_close(&small[i], fd);
	}
	bo_init(&large, fd, 32 * PAGE, NVT_VRAM, 0x99);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + HUGE, large.size, large.handle, 0)));
	rig_shows(&rig, DATA_ADDR + HUGE, large.size, &large, 0);
	bo_is(&large);
	for (unsigned int i = 1; i < SMALL; i += 2)
		rig_shows(&rig, DATA_ADDR + i * PAGE, PAGE, &small[i], 0);
}

static void in_pieces(int fd)
{
	limited(fd, 66 * PAGE, in_pieces_run);
}

/* Sparse regions do not care where the pages that come and go are. */
static void sparse_run(int fd)
{
	static struct rig other;
	struct bo a, b;

	rig_init(&rig, fd);
	rig_init(&other, nvt_open());
	bo_init(&a, fd, BO_SIZE, NVT_VRAM, 0xa);
	bo_init(&b, other.fd, BO_SIZE, NVT_VRAM, 0xb);
	OK(nvt_bind(fd, nvt_sparse(DATA_ADDR, HUGE),
		    nvt_map(DATA_ADDR + 5 * PAGE, BO_SIZE, a.handle, 0)));
	OK(nvt_bind(other.fd, nvt_map(DATA_ADDR, BO_SIZE, b.handle, 0)));
	for (unsigned int i = 0; i < 3; i++) {
		rig_shows(&other, DATA_ADDR, BO_SIZE, &b, 0);
		rig_shows_zeros(&rig, DATA_ADDR, 5 * PAGE);
		rig_shows(&rig, DATA_ADDR + 5 * PAGE, BO_SIZE, &a, 0);
		rig_shows_zeros(&rig, DATA_ADDR + 5 * PAGE + BO_SIZE, PAGE);
	}
	rig_shows(&other, DATA_ADDR, BO_SIZE, &b, 0);
	/* It is evicted now, and goes for good. */
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, HUGE)));
	rig_shows_zeros(&rig, DATA_ADDR, 32 * PAGE);
}

static void sparse(int fd)
{
	limited(fd, BO_SIZE, sparse_run);
}

const struct ktap_case ktap_cases[] = {
	{ "two-vms", two_vms },
	{ "by-the-cpu", by_the_cpu },
	{ "in-turn", in_turn },
	{ "either", either },
	{ "too-much", too_much },
	{ "in-use", in_use },
	{ "in-pieces", in_pieces },
	{ "sparse", sparse },
	{ NULL }
};
