/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What most client tests need: a VM with a channel, memory for commands and
 * results, BOs with contents that tell where they come from. These helpers end the
 * case if they fail.
 */
#ifndef RIG_H
#define RIG_H

#include "clock.h"
#include "nvt.h"
#include "push.h"

/* Addresses far apart, so that a test that strays is seen. */
#define DATA_ADDR	0x100000000ull
#define PUSH_ADDR	0x2000000000ull
#define PUSH_SIZE	(256 * PAGE)
#define SCRATCH_ADDR	0x3000000000ull
#define SCRATCH_SIZE	(1024 * PAGE)

#define JOB_TIMEOUT_MS	20000

/**
 * struct bo - a BO that the CPU has mapped
 */
struct bo {
	uint32_t handle;
	uint64_t size;
	/** @seed: what its contents begin with */
	uint32_t seed;
	uint64_t *cpu;
};

/* Every word of a BO tells the BO and its place in it. */
static inline uint64_t bo_word(const struct bo *bo, uint64_t offset)
{
	return (uint64_t)bo->seed << 40 | offset;
}

/** bo_init() - with contents; @domains as in nvt.h */
void bo_init(struct bo *bo, int fd, uint64_t size, uint32_t domains,
	     uint32_t seed);
/** bo_init_empty() - without: the CPU does not touch it */
void bo_init_empty(struct bo *bo, int fd, uint64_t size, uint32_t domains);
/** bo_fill() - write the contents of bo_init() */
void bo_fill(struct bo *bo, uint32_t seed);
/** bo_is() - the CPU has to see those contents, every word */
void bo_is(const struct bo *bo);
/** bo_unmap() - end the CPU's mapping */
void bo_unmap(struct bo *bo);
/** bo_close() - close the handle and the CPU's mapping */
void bo_close(struct bo *bo, int fd);

/**
 * struct rig - a VM, and what is needed to look into it
 */
struct rig {
	int fd;
	uint32_t chan;
	/** @commands: for pushes, at PUSH_ADDR */
	struct bo commands;
	/** @chunk: which part of @commands is next */
	unsigned int chunk;
	/** @scratch: what the device writes results to, at SCRATCH_ADDR */
	struct bo scratch;
	/** @done: signalled by rig_run() and the like */
	uint32_t done;
};

void rig_init(struct rig *rig, int fd);
/** rig_push() - begin commands: room for 4,095 words */
struct push rig_push(struct rig *rig);
/** rig_exec() - give them to a channel */
int rig_exec(struct rig *rig, uint32_t chan, const struct push *push,
	     const struct nvt_syncs *syncs);
/** rig_status() - run them and wait; 0, or the error of the job's fence */
int rig_status(struct rig *rig, uint32_t chan, const struct push *push);
/** rig_run() - they must succeed */
void rig_run(struct rig *rig, const struct push *push);

/** rig_shows() - a range of the VM must show a piece of a BO, every word */
void rig_shows(struct rig *rig, uint64_t addr, uint64_t range,
	       const struct bo *bo, uint64_t offset);
/** rig_shows_zeros() - it must read as zeros */
void rig_shows_zeros(struct rig *rig, uint64_t addr, uint64_t range);
/** rig_word() - the word at an address that must be readable */
uint64_t rig_word(struct rig *rig, uint64_t addr);
/**
 * rig_faults() - running this on a channel of its own must end with an error
 *
 * The channel is dead then, and the rig's own is not.
 */
void rig_faults(struct rig *rig, const struct push *push, int error);
/** rig_unmapped() - reading and writing at this address must fault */
void rig_unmapped(struct rig *rig, uint64_t addr);

uint32_t make_syncobj(int fd);
/** has_fence() - whether a syncobj holds a fence, signalled or not */
bool has_fence(int fd, uint32_t handle, uint64_t point);
/** job_pending() - the job that a syncobj stands for must not have ended */
void job_pending(int fd, uint32_t handle, uint64_t point);
/** job_ends() - it must end in time, with this errno (not negative) or 0 */
void job_ends(int fd, uint32_t handle, uint64_t point, int error);

/**
 * debugfs_number() - a number after a name in a file of the device's debugfs
 *
 * Skips the case where there is no debugfs. Of several lines that have it, the
 * last one counts.
 */
uint64_t debugfs_number(int fd, const char *file, const char *name);
/** set_parameter() - of the module; until the case ends the caller sets it back */
void set_parameter(const char *name, unsigned int value);

#endif
