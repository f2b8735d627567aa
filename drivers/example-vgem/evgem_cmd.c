// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The commands of the device: checked when they are submitted, run later.
 *
 * For your own hardware: evgem_cmds_valid() becomes the command checker, if it
 * needs one (hardware whose page tables isolate processes rarely does). Delete
 * the rest.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <drm/evgem_drm.h>

#include "evgem_engine.h"

/* How long a WAIT or DELAY sleeps before it looks again, in microseconds. */
#define POLL_MIN_US 20
#define POLL_MAX_US 1000

#define FNV1A_BASIS 0xcbf29ce484222325ULL
#define FNV1A_PRIME 0x100000001b3ULL

union command {
	struct drm_evgem_cmd_header header;
	struct drm_evgem_cmd_fill fill;
	struct drm_evgem_cmd_copy copy;
	struct drm_evgem_cmd_write write;
	struct drm_evgem_cmd_checksum checksum;
	struct drm_evgem_cmd_wait wait;
	struct drm_evgem_cmd_delay delay;
};

static bool fill_valid(const union command *cmd)
{
	return IS_ALIGNED(cmd->fill.addr, 4) && IS_ALIGNED(cmd->fill.size, 4) &&
	       !cmd->fill.pad;
}

static bool write_valid(const union command *cmd)
{
	return IS_ALIGNED(cmd->write.addr, 8);
}

static bool checksum_valid(const union command *cmd)
{
	return IS_ALIGNED(cmd->checksum.dst, 8);
}

static bool wait_valid(const union command *cmd)
{
	return IS_ALIGNED(cmd->wait.addr, 8) && !cmd->wait.pad &&
	       cmd->wait.cond >= DRM_EVGEM_COND_EQ &&
	       cmd->wait.cond <= DRM_EVGEM_COND_GE;
}

struct run {
	struct evgem_ring *ring;
	struct evgem_hw_fault *fault;
};

static int access_memory(struct run *run, enum evgem_access_op op, u64 addr,
			 void *buf, size_t size)
{
	const struct evgem_access access = {
		.op = op,
		.addr = addr,
		.buf = buf,
		.size = size,
	};

	return evgem_tlb_access(&run->ring->hw->tlb, run->ring->context,
				&access, run->fault);
}

static int access_word(struct run *run, enum evgem_access_op op, u64 addr,
		       u64 *word)
{
	return access_memory(run, op, addr, word, sizeof(*word));
}

/* The part of @size bytes at @addr that lies in the first page. */
static size_t in_page(u64 addr, u64 size)
{
	return min_t(u64, size, PAGE_SIZE - offset_in_page(addr));
}

static int keep_running(struct run *run)
{
	cond_resched();

	return evgem_ring_is_killed(run->ring) ? -ECANCELED : 0;
}

static int fill_run(struct run *run, const union command *cmd)
{
	u64 addr = cmd->fill.addr, left = cmd->fill.size;
	u32 *pattern = run->ring->bounce;
	int ret = 0;

	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*pattern); i++)
		pattern[i] = cmd->fill.value;

	while (left && !ret) {
		size_t n = in_page(addr, left);

		ret = access_memory(run, EVGEM_OP_WRITE, addr, pattern, n) ?:
		      keep_running(run);
		addr += n;
		left -= n;
	}

	return ret;
}

static int copy_run(struct run *run, const union command *cmd)
{
	u64 dst = cmd->copy.dst, src = cmd->copy.src, left = cmd->copy.size;
	void *bounce = run->ring->bounce;
	int ret = 0;

	while (left && !ret) {
		size_t n = min(in_page(src, left), in_page(dst, left));

		ret = access_memory(run, EVGEM_OP_READ, src, bounce, n) ?:
		      access_memory(run, EVGEM_OP_WRITE, dst, bounce, n) ?:
		      keep_running(run);
		src += n;
		dst += n;
		left -= n;
	}

	return ret;
}

static int write_run(struct run *run, const union command *cmd)
{
	u64 value = cmd->write.value;

	return access_word(run, EVGEM_OP_STORE, cmd->write.addr, &value);
}

static int atomic_add_run(struct run *run, const union command *cmd)
{
	u64 value = cmd->write.value;

	return access_word(run, EVGEM_OP_ADD, cmd->write.addr, &value);
}

static int release_run(struct run *run, const union command *cmd)
{
	u64 value = cmd->write.value;

	return access_word(run, EVGEM_OP_RELEASE, cmd->write.addr, &value);
}

static u64 fnv1a(u64 hash, const u8 *bytes, size_t n)
{
	while (n--)
		hash = (hash ^ *bytes++) * FNV1A_PRIME;

	return hash;
}

static int checksum_run(struct run *run, const union command *cmd)
{
	u64 addr = cmd->checksum.addr, left = cmd->checksum.size;
	u64 hash = FNV1A_BASIS;
	void *bounce = run->ring->bounce;
	int ret;

	while (left) {
		size_t n = in_page(addr, left);

		ret = access_memory(run, EVGEM_OP_READ, addr, bounce, n) ?:
		      keep_running(run);
		if (ret)
			return ret;

		hash = fnv1a(hash, bounce, n);
		addr += n;
		left -= n;
	}

	return access_word(run, EVGEM_OP_STORE, cmd->checksum.dst, &hash);
}

static bool condition_met(const struct drm_evgem_cmd_wait *wait, u64 word)
{
	switch (wait->cond) {
	case DRM_EVGEM_COND_EQ:
		return word == wait->value;
	case DRM_EVGEM_COND_NE:
		return word != wait->value;
	default:
		return word >= wait->value;
	}
}

static int wait_run(struct run *run, const union command *cmd)
{
	unsigned long poll = POLL_MIN_US;
	u64 word;
	int ret;

	for (;;) {
		ret = access_word(run, EVGEM_OP_LOAD, cmd->wait.addr, &word);
		if (ret || condition_met(&cmd->wait, word))
			return ret;

		ret = keep_running(run);
		if (ret)
			return ret;

		usleep_range_state(poll, 2 * poll, TASK_IDLE);
		poll = min(2 * poll, POLL_MAX_US);
	}
}

static int delay_run(struct run *run, const union command *cmd)
{
	u64 end, now = ktime_get_ns();
	int ret = 0;

	if (check_add_overflow(now, cmd->delay.ns, &end))
		end = U64_MAX;

	while (now < end && !ret) {
		u64 us = clamp_t(u64, (end - now) / NSEC_PER_USEC,
				 1, POLL_MAX_US);

		usleep_range_state(us, 2 * us, TASK_IDLE);
		ret = keep_running(run);
		now = ktime_get_ns();
	}

	return ret;
}

static const struct {
	u32 size;
	bool (*valid)(const union command *cmd);
	int (*run)(struct run *run, const union command *cmd);
} commands[] = {
	[DRM_EVGEM_CMD_NOP] = {
		sizeof(struct drm_evgem_cmd_header),
	},
	[DRM_EVGEM_CMD_FILL] = {
		sizeof(struct drm_evgem_cmd_fill), fill_valid, fill_run,
	},
	[DRM_EVGEM_CMD_COPY] = {
		sizeof(struct drm_evgem_cmd_copy), NULL, copy_run,
	},
	[DRM_EVGEM_CMD_WRITE] = {
		sizeof(struct drm_evgem_cmd_write), write_valid, write_run,
	},
	[DRM_EVGEM_CMD_ATOMIC_ADD] = {
		sizeof(struct drm_evgem_cmd_write), write_valid, atomic_add_run,
	},
	[DRM_EVGEM_CMD_CHECKSUM] = {
		sizeof(struct drm_evgem_cmd_checksum), checksum_valid,
		checksum_run,
	},
	[DRM_EVGEM_CMD_WAIT] = {
		sizeof(struct drm_evgem_cmd_wait), wait_valid, wait_run,
	},
	[DRM_EVGEM_CMD_RELEASE] = {
		sizeof(struct drm_evgem_cmd_write), write_valid, release_run,
	},
	[DRM_EVGEM_CMD_DELAY] = {
		sizeof(struct drm_evgem_cmd_delay), NULL, delay_run,
	},
};

/**
 * evgem_cmds_valid() - check commands
 * @cmds: the commands, in memory that nobody else can change
 * @size: bytes at @cmds
 *
 * Context: any.
 * Return: whether all are known, complete, of the right size and have fields
 * that make sense. Says nothing about what is mapped.
 */
bool evgem_cmds_valid(const void *cmds, size_t size)
{
	while (size) {
		const union command *cmd = cmds;
		u32 op;

		if (size < sizeof(cmd->header))
			return false;

		op = cmd->header.cmd;
		if (op >= ARRAY_SIZE(commands) ||
		    cmd->header.size != commands[op].size ||
		    cmd->header.size > size)
			return false;

		if (commands[op].valid && !commands[op].valid(cmd))
			return false;

		cmds += cmd->header.size;
		size -= cmd->header.size;
	}

	return true;
}

/**
 * evgem_cmds_run() - run the commands of a job
 * @ring: the ring
 * @job: the job
 * @fault: filled in if a command faults
 *
 * Context: process; sleeps; in the fence signalling section.
 * Return: 0; -EFAULT; -ECANCELED if the ring was killed meanwhile.
 */
int evgem_cmds_run(struct evgem_ring *ring, const struct evgem_hw_job *job,
		   struct evgem_hw_fault *fault)
{
	struct run run = { .ring = ring, .fault = fault };
	const void *at = job->cmds;
	const void *end = at + job->size;
	int ret = 0;

	while (at < end && !ret) {
		const union command *cmd = at;

		if (commands[cmd->header.cmd].run)
			ret = commands[cmd->header.cmd].run(&run, cmd);
		at += cmd->header.size;
		ret = ret ?: keep_running(&run);
	}

	return ret;
}
