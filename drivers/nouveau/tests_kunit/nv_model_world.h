/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the suites of the model share: the device as a driver sees it, an
 * address space with memory in it, and channels that run what a case pushes.
 */
#ifndef __NV_MODEL_WORLD_H__
#define __NV_MODEL_WORLD_H__

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/sizes.h>

#include "../mmu/nv_mmu.h"
#include "../mmu/nv_pte.h"
#include "../model/nv_class.h"
#include "../nv_hw.h"

#define CHANNELS	3
#define RING_ENTRIES	64
#define MAX_WORDS	(SZ_64K / 4)

/* Where things are in the address space. */
#define RING_VA		(SZ_2M + (u64)SZ_4K)
#define PUSH_VA		((u64)SZ_4M)
#define SEM_VA		((u64)6 * SZ_1M)
#define SRC_VA		((u64)16 * SZ_1M)
#define DST_VA		((u64)32 * SZ_1M)
#define DATA_SIZE	SZ_2M
#define SPARSE_VA	((u64)8 * SZ_1G)
#define SPARSE_SIZE	((u64)8 * SZ_1G)
#define NOWHERE_VA	((u64)SZ_1G)

/**
 * struct channel - a channel of a case
 */
struct channel {
	/** @words: the push buffer, as the CPU sees it */
	u32 *words;
	/** @n: words that were pushed */
	u32 n;
	/** @ring: its entries */
	u64 *ring;
	/** @userd: its page */
	void *userd;
	/** @put: the next entry */
	u32 put;
	/** @started: it has to be stopped */
	bool started;
	/** @died: done when an error of it came */
	struct completion died;
	/** @errors: how often */
	unsigned int errors;
	/** @fault: the last one */
	struct nv_hw_fault fault;
	/** @interrupts: nonstall interrupts */
	atomic_t interrupts;
};

struct world {
	struct nv_hw *hw;
	struct nv_mmu mmu;
	struct channel channels[CHANNELS];
	/* Two blocks of 2 MiB, a page of semaphores, as the CPU sees them. */
	u8 *src;
	u8 *dst;
	u32 *sem;
};

int world_init(struct kunit *test);
void world_exit(struct kunit *test);

void start(struct kunit *test, unsigned int chid, u32 timeout_ms);
void map_memory(struct kunit *test, u64 va, void *memory, u64 size);
void map_sparse(struct kunit *test, u64 va, u64 size);
void unmap(struct kunit *test, u64 va, u64 size);

/* A header, and data words. */
void push_word(struct channel *channel, u32 word);
void push_method(struct channel *channel, u32 subchannel, u32 method, u32 data);
void push_list(struct channel *channel, u32 subchannel, u32 method,
	       const u32 *data, u32 n);
#define push(channel, subchannel, method, ...) \
	push_list(channel, subchannel, method, (const u32[]){ __VA_ARGS__ }, \
		  sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))
void push_release(struct channel *channel, u64 addr, u32 payload);
void push_acquire(struct channel *channel, u64 addr, u32 payload);

/* Makes a ring entry of what was pushed, and rings. */
void kick(struct kunit *test, unsigned int chid);
void kick_entry(struct kunit *test, unsigned int chid, u64 entry);
bool is_idle(struct kunit *test, unsigned int chid);
void expect_idle(struct kunit *test, unsigned int chid);
void expect_died(struct kunit *test, unsigned int chid,
		 enum nv_fault_kind kind);
void run(struct kunit *test, unsigned int chid);
/* As run(), and the channel dies of it. */
void run_fault(struct kunit *test, unsigned int chid, enum nv_fault_kind kind);
u64 model_number(struct kunit *test, const char *name);

#endif
