// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Channels and EXEC: pushes run, in order, and syncobjs tell when.
 */
#include <string.h>

#include "rig.h"

static struct rig rig;

static void copy_and_fill(int fd)
{
	struct push p;
	struct bo a;

	rig_init(&rig, fd);
	bo_init(&a, fd, 8 * PAGE, NVT_GART, 0xa);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);

	p = rig_push(&rig);
	push_fill(&p, DATA_ADDR + PAGE, 0x12345678, PAGE / 4);
	push_write(&p, DATA_ADDR + 3 * PAGE + 4, 0x9abcdef0);
	rig_run(&rig, &p);
	for (unsigned int i = 0; i < PAGE / 8; i++)
		CHECK_EQ(a.cpu[PAGE / 8 + i], 0x1234567812345678ull);
	CHECK_EQ(a.cpu[3 * PAGE / 8], 0x9abcdef000000000ull |
		 (uint32_t)bo_word(&a, 3 * PAGE));
	CHECK_EQ(a.cpu[0], bo_word(&a, 0));
	CHECK_EQ(a.cpu[2 * PAGE / 8], bo_word(&a, 2 * PAGE));
}

/* With and without syncs, and in order behind what runs. */
static void empty(int fd)
{
	uint32_t a, b;

	rig_init(&rig, fd);
	a = make_syncobj(fd);
	b = make_syncobj(fd);
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, NULL));
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, SYNCS(SIGNALS({ a }, { b, 7 }))));
	job_ends(fd, a, 0, 0);
	job_ends(fd, b, 7, 0);
	OK(nvt_exec_n(fd, rig.chan, NULL, 0,
		      SYNCS(WAITS({ a }, { b, 7 }), SIGNALS({ b, 9 }))));
	job_ends(fd, b, 9, 0);
	/* A push of no words is not an entry of the ring. */
	OK(nvt_exec(fd, rig.chan, PUSH_ADDR, 0, SYNCS(SIGNALS({ a }))));
	job_ends(fd, a, 0, 0);
}

static void waits_for_syncobjs(int fd)
{
	struct push p;
	uint32_t gate, line, done;

	rig_init(&rig, fd);
	gate = make_syncobj(fd);
	line = make_syncobj(fd);
	done = make_syncobj(fd);
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, SYNCS(SIGNALS({ gate }))));
	FAILS(EINVAL, nvt_exec_n(fd, rig.chan, NULL, 0,
				 SYNCS(WAITS({ line, 3 }))));

	/* A second channel holds the first one back by its own memory. */
	OK(nvt_channel(fd, &rig.chan));
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR + PAGE, 1);
	OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ line, 3 }))));
	p = rig_push(&rig);
	push_write(&p, SCRATCH_ADDR, 5);
	OK(nvt_channel(fd, &rig.chan));
	OK(rig_exec(&rig, rig.chan, &p,
		    SYNCS(WAITS({ gate }, { line, 3 }), SIGNALS({ done }))));
	job_pending(fd, done, 0);
	CHECK_EQ(rig.scratch.cpu[0], 0);
	__atomic_store_n(&rig.scratch.cpu[PAGE / 8], 1, __ATOMIC_RELEASE);
	job_ends(fd, line, 3, 0);
	job_ends(fd, done, 0, 0);
	CHECK_EQ(rig.scratch.cpu[0], 5);
}

/* Many pushes in one job, many jobs in the ring, all in order. */
static void many_pushes(int fd)
{
	static struct drm_nouveau_exec_push pushes[510];
	uint64_t max;
	struct push p;

	rig_init(&rig, fd);
	OK(nvt_getparam(fd, NOUVEAU_GETPARAM_EXEC_PUSH_MAX, &max));
	CHECK_EQ(max, ARRAY_SIZE(pushes));
	for (unsigned int job = 0; job < 8; job++) {
		for (unsigned int i = 0; i < max; i++) {
			if (!(i % 128))
				p = rig_push(&rig);
			pushes[i].va = p.addr + p.count * 4;
			push_write(&p, SCRATCH_ADDR + i * 8, job << 16 | i);
			push_copy(&p, SCRATCH_ADDR + 2 * PAGE,
				  SCRATCH_ADDR + i * 8, 8);
			pushes[i].va_len = p.addr + p.count * 4 - pushes[i].va;
			pushes[i].flags = i % 2 ?
					  DRM_NOUVEAU_EXEC_PUSH_NO_PREFETCH : 0;
		}
		OK(nvt_exec_n(fd, rig.chan, pushes, max,
			      SYNCS(SIGNALS({ rig.done }))));
	}
	job_ends(fd, rig.done, 0, 0);
	for (unsigned int i = 0; i < max; i++)
		CHECK_EQ((uint32_t)rig.scratch.cpu[i], 7u << 16 | i);
	CHECK_EQ((uint32_t)rig.scratch.cpu[2 * PAGE / 8], 7u << 16 | (max - 1));
}

/* So many that the ring and the numbers of its jobs go round. */
static void many_jobs(int fd)
{
	struct push p;

	rig_init(&rig, fd);
	for (unsigned int i = 1; i <= 1100; i++) {
		if (i % 60 == 1) {
			/* The commands' memory is used again after a while. */
			OK(nvt_exec_n(fd, rig.chan, NULL, 0,
				      SYNCS(SIGNALS({ rig.done }))));
			job_ends(fd, rig.done, 0, 0);
		}
		p = rig_push(&rig);
		push_write(&p, SCRATCH_ADDR, i);
		OK(rig_exec(&rig, rig.chan, &p, NULL));
	}
	p = rig_push(&rig);
	rig_run(&rig, &p);
	CHECK_EQ(rig.scratch.cpu[0], 1100);
}

/* Channels hand over to each other by semaphores in memory. */
static void across_channels(int fd)
{
	uint32_t chans[4], done[4];
	struct push p;

	rig_init(&rig, fd);
	for (unsigned int i = 0; i < 4; i++) {
		OK(i % 2 ? nvt_copy_channel(fd, &chans[i]) :
			   nvt_channel(fd, &chans[i]));
		done[i] = make_syncobj(fd);
	}
	/* The last one first, so that each but one has to wait. */
	for (unsigned int i = 4; i--;) {
		p = rig_push(&rig);
		for (unsigned int round = 0; round < 20; round++) {
			push_acquire(&p, SCRATCH_ADDR, round * 4 + i);
			push_write(&p, SCRATCH_ADDR + PAGE + round * 32 + i * 8,
				   round * 4 + i + 1);
			push_release(&p, SCRATCH_ADDR, round * 4 + i + 1);
		}
		OK(rig_exec(&rig, chans[i], &p, SYNCS(SIGNALS({ done[i] }))));
	}
	for (unsigned int i = 0; i < 4; i++)
		job_ends(fd, done[i], 0, 0);
	for (unsigned int i = 0; i < 80; i++)
		CHECK_EQ(rig.scratch.cpu[PAGE / 8 + i], i + 1);
}

static void vms_are_isolated(int fd)
{
	static struct rig other;
	struct push p;
	struct bo a, b;

	rig_init(&rig, fd);
	rig_init(&other, nvt_open());
	bo_init(&a, rig.fd, 4 * PAGE, NVT_GART, 0xa);
	bo_init(&b, other.fd, 4 * PAGE, NVT_VRAM, 0xb);
	OK(nvt_bind(rig.fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	OK(nvt_bind(other.fd, nvt_map(DATA_ADDR, b.size, b.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	rig_shows(&other, DATA_ADDR, b.size, &b, 0);
	p = rig_push(&other);
	push_fill(&p, DATA_ADDR, 0, PAGE / 4);
	rig_run(&other, &p);
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	CHECK_EQ(b.cpu[0], 0);
	/* Nor are another file's channels for us. */
	FAILS(ENOENT, nvt_exec_n(rig.fd, other.chan, NULL, 0, NULL));
	FAILS(ENOENT, nvt_channel_free(rig.fd, other.chan));
	OK(nvt_exec_n(other.fd, other.chan, NULL, 0, NULL));
}

const struct ktap_case ktap_cases[] = {
	{ "copy-and-fill", copy_and_fill },
	{ "empty", empty },
	{ "waits-for-syncobjs", waits_for_syncobjs },
	{ "many-pushes", many_pushes },
	{ "many-jobs", many_jobs, 60 },
	{ "across-channels", across_channels },
	{ "vms-are-isolated", vms_are_isolated },
	{ NULL }
};
