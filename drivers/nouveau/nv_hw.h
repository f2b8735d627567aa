/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the driver knows of the GPU: memory, roots of page tables, rings,
 * doorbells and interrupts.
 *
 * The software model (model/) implements it. A backend for a card would be one
 * more implementation; so no type of the driver appears here, and the model
 * sees nothing of the driver but what this file and mmu/nv_pte.h describe.
 */
#ifndef __NV_HW_H__
#define __NV_HW_H__

#include <linux/types.h>

struct drm_printer;
struct nv_hw;
struct page;

/**
 * enum nv_aperture - where memory is, as page-directory entries number it
 */
enum nv_aperture {
	/** @NV_APERTURE_INVALID: nowhere */
	NV_APERTURE_INVALID = 0,
	/** @NV_APERTURE_VIDEO: VRAM; addresses begin at 0 */
	NV_APERTURE_VIDEO = 1,
	/** @NV_APERTURE_SYSTEM: memory of the machine; physical addresses */
	NV_APERTURE_SYSTEM = 2,
	/** @NV_APERTURE_SYSTEM_NONCOHERENT: the same, not snooped */
	NV_APERTURE_SYSTEM_NONCOHERENT = 3,
};

/**
 * enum nv_fault_kind - why a channel stopped
 */
enum nv_fault_kind {
	/** @NV_FAULT_MMU_PDE: no page table for the address */
	NV_FAULT_MMU_PDE,
	/** @NV_FAULT_MMU_PTE: no valid entry for the address */
	NV_FAULT_MMU_PTE,
	/** @NV_FAULT_MMU_READ_ONLY: a write to what may only be read */
	NV_FAULT_MMU_READ_ONLY,
	/** @NV_FAULT_MMU_PRIVILEGE: the entry is for privileged accesses */
	NV_FAULT_MMU_PRIVILEGE,
	/** @NV_FAULT_MMU_KIND: a kind that the memory cannot be accessed with */
	NV_FAULT_MMU_KIND,
	/** @NV_FAULT_MMU_ADDRESS: an address of more bits than there are */
	NV_FAULT_MMU_ADDRESS,
	/** @NV_FAULT_MMU_ATOMIC: a reduction where atomics are off */
	NV_FAULT_MMU_ATOMIC,
	/** @NV_FAULT_BUS: an entry leads to where there is no memory */
	NV_FAULT_BUS,
	/** @NV_FAULT_CLASS: SET_OBJECT of what the channel does not have */
	NV_FAULT_CLASS,
	/** @NV_FAULT_METHOD: an illegal method, or one beyond the device: a draw */
	NV_FAULT_METHOD,
	/** @NV_FAULT_PUSHBUFFER: a malformed entry of the ring, or header */
	NV_FAULT_PUSHBUFFER,
	/** @NV_FAULT_TIMEOUT: what an acquire waited for did not come */
	NV_FAULT_TIMEOUT,
	/** @NV_FAULT_KINDS: how many there are */
	NV_FAULT_KINDS,
};

const char *nv_fault_name(enum nv_fault_kind kind);

/**
 * struct nv_hw_fault - what a channel died of
 */
struct nv_hw_fault {
	/** @chid: the channel */
	u32 chid;
	/** @kind: why */
	enum nv_fault_kind kind;
	/** @addr: of an access to memory that did not go through, else 0 */
	u64 addr;
	/** @write: whether that access was a write */
	bool write;
	/** @class: what the method was sent to; 0 for the host */
	u32 class;
	/** @method: byte offset of the method that ran; 0 for none */
	u32 method;
	/** @data: what was sent to it */
	u32 data;
};

/**
 * struct nv_hw_events - interrupts
 *
 * Called in the fence signalling section, from a context that may sleep. They
 * may call tlb_flush, channel_kill and doorbell, but not channel_stop, which
 * waits for them.
 */
struct nv_hw_events {
	/** @nonstall: a channel asks to look at its semaphores */
	void (*nonstall)(void *data, u32 chid);
	/**
	 * @channel_error: a channel has stopped and runs no more
	 *
	 * Once for each channel at most, and not after channel_kill. @fault is
	 * valid during the call.
	 */
	void (*channel_error)(void *data, const struct nv_hw_fault *fault);
};

/** define NV_HW_CHANNELS - channels that the device can tell apart */
#define NV_HW_CHANNELS 4096

/* Where a channel's GP_GET and GP_PUT are in its page, in bytes. */
#define NV_HW_USERD_GP_GET 0x88
#define NV_HW_USERD_GP_PUT 0x8c

/**
 * struct nv_hw_channel - what the device is told of a channel
 */
struct nv_hw_channel {
	/** @pd: physical address of the root table, in system memory */
	u64 pd;
	/** @gpfifo: GPU address of the ring of 8-byte entries, 8-byte aligned */
	u64 gpfifo;
	/** @gpfifo_entries: a power of two, 2 or more */
	u32 gpfifo_entries;
	/**
	 * @userd: physical address of a page in system memory
	 *
	 * The driver writes GP_PUT, the device GP_GET: indices of entries.
	 */
	u64 userd;
	/** @classes: what SET_OBJECT may bind; stays while the channel is there */
	const u32 *classes;
	/** @nr_classes: how many */
	u32 nr_classes;
	/** @acquire_timeout_ms: how long an acquire may wait; 0: 2 seconds */
	u32 acquire_timeout_ms;
};

/**
 * struct nv_hw_ops - what a device does
 */
struct nv_hw_ops {
	/**
	 * @vram_size: how much VRAM there is
	 *
	 * Return: bytes, of pages of 2 MiB.
	 */
	u64 (*vram_size)(struct nv_hw *hw);
	/**
	 * @vram_populate: let there be memory, zeroed
	 *
	 * For an allocation of VRAM: @addr and @size are of pages of 4 KiB, and
	 * nothing in the range is populated.
	 *
	 * Context: process; sleeps; not in the fence signalling section.
	 * Return: 0; -EINVAL for a range outside of VRAM; -ENOMEM; -EINTR if
	 * the caller is to die. After an error nothing is populated.
	 */
	int (*vram_populate)(struct nv_hw *hw, u64 addr, u64 size);
	/**
	 * @vram_release: end of what @vram_populate began
	 *
	 * No page table leads there, and the TLB was flushed since one did.
	 *
	 * Context: process; not in the fence signalling section.
	 */
	void (*vram_release)(struct nv_hw *hw, u64 addr, u64 size);
	/**
	 * @vram_page: how the CPU gets at VRAM
	 *
	 * Context: any; the range is populated and stays so during the use.
	 * Return: the page of 4 KiB at @addr; NULL if it is not populated.
	 */
	struct page *(*vram_page)(struct nv_hw *hw, u64 addr);
	/**
	 * @tlb_flush: forget all translations of an address space
	 *
	 * On return, no access is under way that uses an older translation or
	 * reads a table that was taken out before the call. Also needed before
	 * a root table is freed.
	 *
	 * Context: process; may be in the fence signalling section.
	 */
	void (*tlb_flush)(struct nv_hw *hw, u64 pd);
	/**
	 * @channel_start: let a channel begin, idle, at entry 0 of its ring
	 *
	 * GP_GET is set to 0; GP_PUT has to be 0 already.
	 *
	 * Context: process; sleeps; not in the fence signalling section.
	 * Return: 0; -EINVAL for a number or description that makes no sense;
	 * -EBUSY if the number is in use; -ENOMEM.
	 */
	int (*channel_start)(struct nv_hw *hw, u32 chid,
			     const struct nv_hw_channel *desc);
	/**
	 * @channel_stop: end of a channel
	 *
	 * On return nothing of it runs, no event of it comes, and its number
	 * is free. Harmless for a number that is not in use.
	 *
	 * Context: process; sleeps; not called from an event.
	 */
	void (*channel_stop)(struct nv_hw *hw, u32 chid);
	/**
	 * @channel_kill: let a channel fetch nothing any more, now
	 *
	 * What it is at ends soon, perhaps after the return. No event.
	 *
	 * Context: any that may take a lock; may be in the fence signalling
	 * section.
	 */
	void (*channel_kill)(struct nv_hw *hw, u32 chid);
	/**
	 * @channel_waits: whether a channel stands in an acquire
	 *
	 * Context: any that may take a lock; may be in the fence signalling
	 * section; the answer may be old.
	 * Return: whether it looked at the semaphore in vain.
	 */
	bool (*channel_waits)(struct nv_hw *hw, u32 chid);
	/**
	 * @doorbell: tell that GP_PUT has changed
	 *
	 * Context: any that may take a lock; may be in the fence signalling
	 * section.
	 */
	void (*doorbell)(struct nv_hw *hw, u32 chid);
	/**
	 * @timer: the time that semaphores are stamped with
	 *
	 * Context: any.
	 * Return: nanoseconds since 1970.
	 */
	u64 (*timer)(struct nv_hw *hw);
	/**
	 * @show: what the device has done so far, for debugfs
	 *
	 * Lines of a name and a number; the methods that it does not know, with
	 * how often they came, are among them.
	 *
	 * Context: process; sleeps.
	 */
	void (*show)(struct nv_hw *hw, struct drm_printer *p);
};

/**
 * struct nv_hw - a device
 */
struct nv_hw {
	/** @ops: what it does; does not change */
	const struct nv_hw_ops *ops;
};

/* The software model. */
struct nv_hw *nv_model_create(u64 vram_size, const struct nv_hw_events *events,
			      void *data);
void nv_model_destroy(struct nv_hw *hw);

#endif
