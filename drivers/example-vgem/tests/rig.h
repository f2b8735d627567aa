/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What most client tests need: a VM with a queue and memory for results, BOs
 * with contents that tell where they come from, and a gate that holds jobs back
 * until the test lets them pass. These helpers end the case if they fail.
 */
#ifndef RIG_H
#define RIG_H

#include "clock.h"
#include "evgem.h"
#include "ktap.h"

#define PAGE	EVGEM_PAGE
#define HUGE	EVGEM_HUGE_PAGE

/* Addresses far apart, so that a test that strays is seen. */
#define DATA_ADDR	0x100000000ull
#define SCRATCH_ADDR	0x10000000000ull
#define SCRATCH_SIZE	(256 * PAGE)

/**
 * struct rig - a VM, and what is needed to look into it
 */
struct rig {
	int fd;
	uint32_t vm;
	uint32_t queue;
	/** @scratch: what the engine writes results to, at SCRATCH_ADDR */
	uint32_t scratch;
	/** @cpu: @scratch for the CPU */
	uint64_t *cpu;
};

void rig_init(struct rig *rig, int fd);

/** rig_read() - read memory of the VM through the engine; the job's status */
int rig_read(struct rig *rig, uint64_t addr, void *buf, uint64_t size);
/** rig_write() - write a word to the VM through the engine */
int rig_write(struct rig *rig, uint64_t addr, uint64_t value);
/** rig_word() - the word at an address that must be readable */
uint64_t rig_word(struct rig *rig, uint64_t addr);
/** rig_run() - run commands, which must succeed */
void rig_run(struct rig *rig, struct evgem_cmds *cmds);

/** rig_faults() - an access of the engine must fault and be recorded so */
void rig_faults(struct rig *rig, uint64_t addr, enum drm_evgem_access access,
		enum drm_evgem_fault reason);
/** rig_unmapped() - reading at this address must fault */
void rig_unmapped(struct rig *rig, uint64_t addr);

struct drm_evgem_vm_state rig_state(struct rig *rig);

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

/** bo_init() - a BO of @pages pages, with contents; @vm as in libevgem */
void bo_init(struct bo *bo, int fd, uint64_t pages, uint32_t vm,
	     uint32_t seed);
void bo_init_huge(struct bo *bo, int fd, uint64_t size, uint32_t vm,
		  uint32_t seed);
/** bo_close() - close the handle and the CPU's mapping */
void bo_close(struct bo *bo, int fd);

/** rig_shows() - a range of the VM must show a piece of a BO, every byte */
void rig_shows(struct rig *rig, uint64_t addr, uint64_t range,
	       const struct bo *bo, uint64_t offset);

/**
 * struct gate - holds back what waits for its syncobjs
 *
 * Has a VM and a queue of its own: it disturbs no order in any other.
 */
struct gate {
	int fd;
	uint32_t vm;
	uint32_t queue;
	uint64_t *word;
	/** @syncobj: signalled when the gate is opened */
	uint32_t syncobj;
};

#define GATE_ADDR DATA_ADDR

void gate_init(struct gate *gate, int fd);
/** gate_fence() - put a fence into a syncobj that opening to @level signals */
void gate_fence(struct gate *gate, uint64_t level, uint32_t syncobj,
		uint64_t point);
/** gate_open_to() - signal the fences up to a level; gate.syncobj is level 1 */
void gate_open_to(struct gate *gate, uint64_t level);
static inline void gate_open(struct gate *gate)
{
	gate_open_to(gate, 1);
}

/** gate_open_later() - open the gate in a while, from another thread */
void gate_open_later(struct gate *gate, unsigned int ms);

uint32_t make_syncobj(int fd);
/** has_fence() - whether a syncobj holds a fence, signalled or not */
bool has_fence(int fd, uint32_t syncobj, uint64_t point);
/** job_pending() - the job that a syncobj stands for must not have ended */
void job_pending(int fd, uint32_t syncobj, uint64_t point);
/** job_ends() - it must end in time, with this errno (not negative) or 0 */
void job_ends(int fd, uint32_t syncobj, uint64_t point, int error);

#endif
