/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Inside the device. No part of the driver includes this.
 */
#ifndef __EVGEM_ENGINE_H__
#define __EVGEM_ENGINE_H__

#include "evgem_hw.h"

/** define EVGEM_TLB_ENTRIES - translations that the device remembers */
#define EVGEM_TLB_ENTRIES 256

/**
 * struct evgem_tlb_entry - one translation that was used before
 */
struct evgem_tlb_entry {
	/** @addr: first address of the page */
	u64 addr;
	/** @pte: as found in the page tables; not valid: an unused entry */
	u64 pte;
	/** @context: the address space */
	u16 context;
	/** @shift: log2 of the size of the page */
	u8 shift;
};

/**
 * struct evgem_tlb - the translations of all rings
 */
struct evgem_tlb {
	/**
	 * @drain: read-held over each access to memory, look-up included
	 *
	 * A flush takes it for writing, so that it ends only when no access is
	 * under way that uses an older translation or walks older tables.
	 */
	rwlock_t drain;
	/** @lock: protects @entries against other rings */
	spinlock_t lock;
	/** @entries: by a hash of context and page */
	struct evgem_tlb_entry entries[EVGEM_TLB_ENTRIES];
	/** @roots: of each context, 0 if not set; protected by @drain */
	u64 roots[EVGEM_HW_CONTEXTS];
};

/**
 * struct evgem_hw - the device
 */
struct evgem_hw {
	/** @tlb: see there */
	struct evgem_tlb tlb;
	/** @wq: runs the rings, each on its own */
	struct workqueue_struct *wq;
};

/**
 * enum evgem_access_op - what to do with memory
 */
enum evgem_access_op {
	/** @EVGEM_OP_READ: copy from memory to the buffer */
	EVGEM_OP_READ,
	/** @EVGEM_OP_WRITE: copy from the buffer to memory */
	EVGEM_OP_WRITE,
	/** @EVGEM_OP_LOAD: acquire the word into the buffer */
	EVGEM_OP_LOAD,
	/** @EVGEM_OP_STORE: store the word from the buffer */
	EVGEM_OP_STORE,
	/** @EVGEM_OP_RELEASE: the same, after all earlier accesses */
	EVGEM_OP_RELEASE,
	/** @EVGEM_OP_ADD: add the word in the buffer, atomically */
	EVGEM_OP_ADD,
};

/**
 * struct evgem_access - an access to memory that does not cross a 4 KiB page
 */
struct evgem_access {
	/** @op: what to do */
	enum evgem_access_op op;
	/** @addr: the GPU address */
	u64 addr;
	/** @buf: where data comes from or goes to */
	void *buf;
	/** @size: bytes; 8 for the operations on words */
	size_t size;
};

/* evgem_tlb.c */
void evgem_tlb_init(struct evgem_tlb *tlb);
int evgem_tlb_access(struct evgem_tlb *tlb, unsigned int context,
		     const struct evgem_access *access,
		     struct evgem_hw_fault *fault);

/* evgem_cmd.c */
int evgem_cmds_run(struct evgem_ring *ring, const struct evgem_hw_job *job,
		   struct evgem_hw_fault *fault);

#endif
