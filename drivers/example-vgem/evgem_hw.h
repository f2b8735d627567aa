/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the driver sees of the device: registers and interrupts, so to speak.
 *
 * The device is a program (evgem_engine.c, evgem_cmd.c, evgem_tlb.c), but a
 * strict one: all that it knows of the driver's memory is the address of a root
 * table for each address space, and it remembers translations until it is told
 * to forget them.
 *
 * For your own hardware: the functions become accesses to its registers, the
 * callbacks its interrupt handlers.
 */
#ifndef __EVGEM_HW_H__
#define __EVGEM_HW_H__

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct evgem_hw;
struct evgem_ring;
struct page;

/** define EVGEM_HW_CONTEXTS - address spaces the device can tell apart */
#define EVGEM_HW_CONTEXTS 1024

/**
 * struct evgem_hw_fault - an access that did not go through
 */
struct evgem_hw_fault {
	/** @addr: first address that could not be accessed */
	u64 addr;
	/** @access: one of enum drm_evgem_access */
	u32 access;
	/** @reason: one of enum drm_evgem_fault */
	u32 reason;
};

/**
 * struct evgem_hw_job - commands for a ring
 *
 * Belongs to the device from evgem_ring_submit() until it calls @done.
 */
struct evgem_hw_job {
	/** @entry: in &evgem_ring.jobs; protected by &evgem_ring.lock */
	struct list_head entry;
	/** @cmds: the commands, which evgem_cmds_valid() has accepted */
	const void *cmds;
	/** @size: bytes at @cmds */
	size_t size;
	/**
	 * @done: the interrupt at the end of the job
	 *
	 * Called in the fence signalling section; @error is 0, -EFAULT, or the
	 * error given to evgem_ring_kill(). The job may be gone on return.
	 */
	void (*done)(struct evgem_hw_job *job, int error);
};

/**
 * struct evgem_ring - a queue of the device
 */
struct evgem_ring {
	/** @hw: the device; does not change */
	struct evgem_hw *hw;
	/** @context: the address space of its jobs; does not change */
	unsigned int context;
	/** @fault: the interrupt for a fault, before the job's done */
	void (*fault)(struct evgem_ring *ring,
		      const struct evgem_hw_fault *fault);
	/** @lock: protects @jobs, @busy_ns, @begun_ns and writes of @killed */
	spinlock_t lock;
	/** @jobs: not yet begun */
	struct list_head jobs;
	/** @killed: an error that ends all jobs, or 0; never returns to 0 */
	int killed;
	/** @busy_ns: how long jobs ran that are done */
	u64 busy_ns;
	/** @begun_ns: when the one that runs began, or 0 */
	u64 begun_ns;
	/** @work: the processor that runs the jobs */
	struct work_struct work;
	/** @bounce: a page for data on its way; belongs to @work */
	void *bounce;
};

struct evgem_hw *evgem_hw_create(void);
void evgem_hw_destroy(struct evgem_hw *hw);

void evgem_hw_context_set(struct evgem_hw *hw, unsigned int context, u64 root);
void evgem_hw_context_clear(struct evgem_hw *hw, unsigned int context);
void evgem_hw_tlb_flush(struct evgem_hw *hw, unsigned int context,
			u64 start, u64 end);

int evgem_ring_init(struct evgem_ring *ring, struct evgem_hw *hw,
		    unsigned int context,
		    void (*fault)(struct evgem_ring *ring,
				  const struct evgem_hw_fault *fault));
void evgem_ring_fini(struct evgem_ring *ring);
void evgem_ring_submit(struct evgem_ring *ring, struct evgem_hw_job *job);
void evgem_ring_kill(struct evgem_ring *ring, int error);
bool evgem_ring_is_killed(struct evgem_ring *ring);
u64 evgem_ring_busy_ns(struct evgem_ring *ring);

bool evgem_cmds_valid(const void *cmds, size_t size);

#endif
