// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What a channel dies of, what its fences tell then, and that nobody else notices.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

static struct rig rig;

static void begin(int fd)
{
	rig_init(&rig, fd);
}

static void read_and_write(int fd)
{
	begin(fd);
	rig_unmapped(&rig, DATA_ADDR);
	/* Nor the memory of the channel's own that is the hardware's alone. */
	rig_unmapped(&rig, KERNEL_ADDR + 0xb000);
	CHECK(debugfs_number(fd, "model", "faults, not mapped") +
	      debugfs_number(fd, "model", "faults, no page table") >= 4);
}

static void commands(int fd)
{
	struct push p;

	begin(fd);
	p = rig_push(&rig);
	push_object(&p, 0, 0x1234);
	rig_faults(&rig, &p, EINVAL);

	p = rig_push(&rig);
	push_draw(&p);
	rig_faults(&rig, &p, EINVAL);

	/* Dispatch: SEND_PCAS_A and its signal. */
	p = rig_push(&rig);
	push_object(&p, 1, 0xc5c0);
	push_mthd(&p, 1, 0x2b4, 1);
	push_word(&p, 0);
	push_mthd(&p, 1, 0x2bc, 1);
	push_word(&p, 0xa);
	rig_faults(&rig, &p, EINVAL);

	/* An opcode that there is not. */
	p = rig_push(&rig);
	push_word(&p, 0xc0010000);
	push_word(&p, 0);
	rig_faults(&rig, &p, EINVAL);

	/* The push itself is not mapped. */
	p = rig_push(&rig);
	push_write(&p, SCRATCH_ADDR, 1);
	p.addr = DATA_ADDR;
	rig_faults(&rig, &p, EFAULT);
	CHECK_EQ(rig.scratch.cpu[0], 0);
}

/* A channel of copies has no class but that. */
static void class_of_another_channel(int fd)
{
	uint32_t chan;
	struct push p;

	begin(fd);
	OK(nvt_copy_channel(fd, &chan));
	p = rig_push(&rig);
	push_write(&p, SCRATCH_ADDR, 3);
	OK(rig_status(&rig, chan, &p));
	CHECK_EQ(rig.scratch.cpu[0], 3);
	p = rig_push(&rig);
	push_object(&p, SUBC_3D, 0xc597);
	FAILS(EINVAL, rig_status(&rig, chan, &p));
	FAILS(ENODEV, nvt_exec_n(fd, chan, NULL, 0, NULL));
	p = rig_push(&rig);
	push_object(&p, SUBC_3D, 0xc597);
	rig_run(&rig, &p);
}

/* Those before it succeed, it tells why, those behind it are cancelled. */
static void in_the_middle(int fd)
{
	uint32_t chan, other, done[5];
	struct push p;

	begin(fd);
	OK(nvt_channel(fd, &chan));
	OK(nvt_channel(fd, &other));
	for (unsigned int i = 0; i < 5; i++)
		done[i] = make_syncobj(fd);

	/* All of them get into the ring before the first is done. */
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR + PAGE, 1);
	OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ done[0] }))));
	for (unsigned int i = 1; i < 4; i++) {
		p = rig_push(&rig);
		push_write(&p, i == 2 ? DATA_ADDR : SCRATCH_ADDR + i * 8, i);
		OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ done[i] }))));
	}
	/* One that waits for somebody else. */
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, SYNCS(SIGNALS({ done[4] }))));
	p = rig_push(&rig);
	push_write(&p, SCRATCH_ADDR + 64, 1);
	sleep_ms(50);
	rig.scratch.cpu[PAGE / 8] = 1;
	job_ends(fd, done[0], 0, 0);
	job_ends(fd, done[1], 0, 0);
	job_ends(fd, done[2], 0, EFAULT);
	job_ends(fd, done[3], 0, ECANCELED);
	CHECK_EQ(rig.scratch.cpu[1], 1);
	CHECK_EQ(rig.scratch.cpu[3], 0);
	FAILS(ENODEV, rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ done[4] }))));
	OK(rig_exec(&rig, other, &p, SYNCS(SIGNALS({ done[4] }))));
	job_ends(fd, done[4], 0, 0);
	OK(nvt_channel_free(fd, chan));
	FAILS(ENOENT, nvt_exec_n(fd, chan, NULL, 0, NULL));
	/* It can be made anew. */
	OK(nvt_channel(fd, &chan));
	OK(rig_status(&rig, chan, &p));
}

/* A job on the rig's channel that ends when the gate is opened. */
static uint32_t close_gate(int fd)
{
	struct push p = rig_push(&rig);
	uint32_t gate = make_syncobj(fd);

	push_acquire(&p, SCRATCH_ADDR + PAGE, 1);
	OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ gate }))));
	return gate;
}

/* One of another channel that waits for it, and would write. */
static uint32_t queue_behind(int fd, uint32_t chan, uint32_t gate)
{
	struct push p = rig_push(&rig);
	uint32_t done = make_syncobj(fd);

	push_write(&p, SCRATCH_ADDR, 1);
	OK(rig_exec(&rig, chan, &p, SYNCS(WAITS({ gate }), SIGNALS({ done }))));
	return done;
}

/* The gate opens, and what was behind it has not run. */
static void canceled_at_gate(int fd, uint32_t gate, uint32_t done)
{
	rig.scratch.cpu[PAGE / 8] = 1;
	job_ends(fd, gate, 0, 0);
	job_ends(fd, done, 0, ECANCELED);
	CHECK_EQ((uint32_t)rig.scratch.cpu[0], 0);
}

/* A job that waits for somebody else is refused in its turn. */
static void freed_with_jobs_queued(int fd)
{
	uint32_t chan, gate, done;

	begin(fd);
	OK(nvt_channel(fd, &chan));
	gate = close_gate(fd);
	done = queue_behind(fd, chan, gate);
	OK(nvt_channel_free(fd, chan));
	job_pending(fd, done, 0);
	canceled_at_gate(fd, gate, done);
}

/* One that was taken while the channel lived, and has its turn when it is dead. */
static void died_with_jobs_queued(int fd)
{
	uint32_t chan, failed, gate, done;
	struct push p;

	begin(fd);
	OK(nvt_channel(fd, &chan));
	failed = make_syncobj(fd);
	gate = close_gate(fd);
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR + PAGE + 16, 1);
	push_write(&p, DATA_ADDR, 1);
	OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ failed }))));
	done = queue_behind(fd, chan, gate);
	rig.scratch.cpu[PAGE / 8 + 2] = 1;
	job_ends(fd, failed, 0, EFAULT);
	job_pending(fd, done, 0);
	canceled_at_gate(fd, gate, done);
}

/* What is acquired never comes: after a while it is given up. */
static void acquire_without_end(int fd)
{
	uint64_t start;
	struct push p;

	begin(fd);
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR, 1);
	start = now_ms();
	rig_faults(&rig, &p, ETIMEDOUT);
	CHECK(now_ms() - start >= 500);
}

/* Clients of others go on, too. */
static void others_go_on(int fd)
{
	static struct rig other;
	uint32_t done;
	struct push p;

	begin(fd);
	rig_init(&other, nvt_open());
	done = make_syncobj(other.fd);
	p = rig_push(&other);
	push_acquire(&p, SCRATCH_ADDR + PAGE, 1);
	push_write(&p, SCRATCH_ADDR, 4);
	OK(rig_exec(&other, other.chan, &p, SYNCS(SIGNALS({ done }))));
	rig_unmapped(&rig, DATA_ADDR);
	job_pending(other.fd, done, 0);
	other.scratch.cpu[PAGE / 8] = 1;
	job_ends(other.fd, done, 0, 0);
	CHECK_EQ(other.scratch.cpu[0], 4);
}

/* An address that was unmapped faults, though the device knew what was there. */
static void stale_translations(int fd)
{
	struct bo a, b;

	begin(fd);
	bo_init(&a, fd, 2 * PAGE, NVT_GART, 0xa);
	bo_init(&b, fd, 2 * PAGE, NVT_VRAM, 0xb);
	for (unsigned int i = 0; i < 5; i++) {
		OK(nvt_bind(fd, nvt_map(DATA_ADDR, 2 * PAGE, a.handle, 0)));
		rig_shows(&rig, DATA_ADDR, 2 * PAGE, &a, 0);
		OK(nvt_bind(fd, nvt_map(DATA_ADDR, 2 * PAGE, b.handle, 0)));
		rig_shows(&rig, DATA_ADDR, 2 * PAGE, &b, 0);
		OK(nvt_bind(fd, nvt_unmap(DATA_ADDR + PAGE, PAGE)));
		rig_shows(&rig, DATA_ADDR, PAGE, &b, 0);
		rig_unmapped(&rig, DATA_ADDR + PAGE);
	}
}

/* How many lines of the log, from where @log is, have both of these. */
static unsigned int told(int log, const char *what, const char *where)
{
	unsigned int count = 0;
	char line[1024];
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		count += strstr(line, what) && strstr(line, where);
	}
	CHECK(n < 0 && errno == EAGAIN);
	return count;
}

/* What it died of and where, in one line, however many jobs go with it. */
static void told_once(int fd)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char where[96], which[32];
	uint32_t chan, done[3];
	struct push p;

	CHECK(log >= 0);
	begin(fd);
	OK(nvt_channel(fd, &chan));
	snprintf(which, sizeof(which), "channel %u:", chan);
	snprintf(where, sizeof(where), "write of %#llx; class c5b5 method 0300",
		 DATA_ADDR + 0x120);
	CHECK(lseek(log, 0, SEEK_END) >= 0);
	/* Whether in the ring or still queued when the first one fails. */
	for (unsigned int i = 0; i < ARRAY_SIZE(done); i++) {
		done[i] = make_syncobj(fd);
		p = rig_push(&rig);
		push_acquire(&p, SCRATCH_ADDR, 1);
		push_fill(&p, DATA_ADDR + 0x120, i, 2);
		OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ done[i] }))));
	}
	__atomic_store_n(&rig.scratch.cpu[0], 1, __ATOMIC_RELEASE);
	job_ends(fd, done[0], 0, EFAULT);
	job_ends(fd, done[1], 0, ECANCELED);
	job_ends(fd, done[2], 0, ECANCELED);
	FAILS(ENODEV, nvt_exec_n(fd, chan, NULL, 0, NULL));
	OK(nvt_channel_free(fd, chan));
	CHECK_EQ(told(log, which, where), 1);
	close(log);
}

const struct ktap_case ktap_cases[] = {
	{ "read-and-write", read_and_write },
	{ "told-once", told_once },
	{ "commands", commands },
	{ "class-of-another-channel", class_of_another_channel },
	{ "in-the-middle", in_the_middle },
	{ "freed-with-jobs-queued", freed_with_jobs_queued },
	{ "died-with-jobs-queued", died_with_jobs_queued },
	{ "acquire-without-end", acquire_without_end },
	{ "others-go-on", others_go_on },
	{ "stale-translations", stale_translations },
	{ NULL }
};
