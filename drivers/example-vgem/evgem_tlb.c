// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device's memory management unit: TLB and page-table walker.
 *
 * Every access to memory comes through evgem_tlb_access(), which believes the
 * TLB first and the page tables second, and nothing else. A driver that forgets
 * a flush, flushes the wrong range or the wrong context therefore shows as old
 * data, as on hardware.
 *
 * For your own hardware: delete this file.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <drm/evgem_drm.h>

#include "evgem_engine.h"
#include "evgem_pte.h"

/**
 * evgem_tlb_init() - power on
 * @tlb: zeroed
 */
void evgem_tlb_init(struct evgem_tlb *tlb)
{
	rwlock_init(&tlb->drain);
	spin_lock_init(&tlb->lock);
}

static struct evgem_tlb_entry *
tlb_slot(struct evgem_tlb *tlb, unsigned int context, u64 addr,
	 unsigned int shift)
{
	u64 key = (addr >> shift << 16) ^ (context << 6) ^ shift;

	return &tlb->entries[hash_64(key, ilog2(EVGEM_TLB_ENTRIES))];
}

static bool tlb_find(struct evgem_tlb *tlb, unsigned int context, u64 addr,
		     struct evgem_tlb_entry *found)
{
	static const u8 levels[] = { 0, EVGEM_PT_LEAF_LEVEL };
	bool hit = false;

	spin_lock(&tlb->lock);
	for (unsigned int i = 0; i < ARRAY_SIZE(levels) && !hit; i++) {
		unsigned int shift = evgem_pt_shift(levels[i]);

		*found = *tlb_slot(tlb, context, addr, shift);
		hit = (found->pte & EVGEM_PTE_VALID) &&
		      found->context == context && found->shift == shift &&
		      found->addr == ALIGN_DOWN(addr, 1ULL << shift);
	}
	spin_unlock(&tlb->lock);

	return hit;
}

static void tlb_remember(struct evgem_tlb *tlb,
			 const struct evgem_tlb_entry *entry)
{
	spin_lock(&tlb->lock);
	*tlb_slot(tlb, entry->context, entry->addr, entry->shift) = *entry;
	spin_unlock(&tlb->lock);
}

static bool walk(struct evgem_tlb *tlb, unsigned int context, u64 addr,
		 struct evgem_tlb_entry *found)
{
	u64 pte = tlb->roots[context];

	if (!pte)
		return false;

	for (unsigned int level = EVGEM_PT_LEVELS - 1; ; level--) {
		u64 *table = evgem_pte_table(pte);

		/* Pairs with the release in the driver's write_pte(). */
		pte = smp_load_acquire(&table[evgem_pt_index(addr, level)]);
		if (!(pte & EVGEM_PTE_VALID))
			return false;

		if (evgem_pte_is_leaf(pte, level)) {
			found->addr = ALIGN_DOWN(addr, evgem_pt_span(level));
			found->shift = evgem_pt_shift(level);
			found->context = context;
			found->pte = pte;
			return true;
		}
	}
}

/* @page is set to NULL where there is no memory on purpose. */
static u32 translate(struct evgem_tlb *tlb, unsigned int context, u64 addr,
		     bool write, struct page **page)
{
	struct evgem_tlb_entry entry;
	unsigned long pfn;

	if (addr >= EVGEM_VA_RANGE)
		return DRM_EVGEM_FAULT_ADDRESS;

	if (!tlb_find(tlb, context, addr, &entry)) {
		if (!walk(tlb, context, addr, &entry))
			return DRM_EVGEM_FAULT_UNMAPPED;
		tlb_remember(tlb, &entry);
	}

	if (write && !(entry.pte & EVGEM_PTE_WRITE))
		return DRM_EVGEM_FAULT_READONLY;

	if (entry.pte & EVGEM_PTE_SPARSE) {
		*page = NULL;
		return DRM_EVGEM_FAULT_NONE;
	}

	pfn = evgem_pte_pfn(entry.pte) + ((addr - entry.addr) >> PAGE_SHIFT);
	/* On a bus without memory at that address nobody would answer. */
	if (!pfn_valid(pfn))
		return DRM_EVGEM_FAULT_BUS;

	*page = pfn_to_page(pfn);
	return DRM_EVGEM_FAULT_NONE;
}

/* Reads give zero; writes go nowhere. */
static void access_sparse(const struct evgem_access *access)
{
	if (access->op == EVGEM_OP_READ)
		memset(access->buf, 0, access->size);
	else if (access->op == EVGEM_OP_LOAD)
		*(u64 *)access->buf = 0;
}

static void access_page(struct page *where, const struct evgem_access *access)
{
	void *page = kmap_local_page(where);
	void *mem = page + offset_in_page(access->addr);
	u64 *word = access->buf;

	switch (access->op) {
	case EVGEM_OP_READ:
		memcpy(access->buf, mem, access->size);
		break;
	case EVGEM_OP_WRITE:
		memcpy(mem, access->buf, access->size);
		break;
	case EVGEM_OP_LOAD:
		/* Pairs with the release below, or with one of the CPU's. */
		*word = smp_load_acquire((u64 *)mem);
		break;
	case EVGEM_OP_STORE:
		WRITE_ONCE(*(u64 *)mem, *word);
		break;
	case EVGEM_OP_RELEASE:
		/* Pairs with the acquire of whoever waits for the word. */
		smp_store_release((u64 *)mem, *word);
		break;
	case EVGEM_OP_ADD:
		atomic64_add(*word, mem);
		break;
	}

	kunmap_local(page);
}

/**
 * evgem_tlb_access() - access memory
 * @tlb: the unit
 * @context: the address space
 * @access: what to do
 * @fault: filled in if the access does not go through
 *
 * Context: any that may take a lock; does not allocate.
 * Return: 0; -EFAULT.
 */
int evgem_tlb_access(struct evgem_tlb *tlb, unsigned int context,
		     const struct evgem_access *access,
		     struct evgem_hw_fault *fault)
{
	bool write = access->op != EVGEM_OP_READ && access->op != EVGEM_OP_LOAD;
	struct page *page = NULL;

	read_lock(&tlb->drain);
	fault->reason = translate(tlb, context, access->addr, write, &page);
	if (fault->reason == DRM_EVGEM_FAULT_NONE && page)
		access_page(page, access);
	else if (fault->reason == DRM_EVGEM_FAULT_NONE)
		access_sparse(access);
	read_unlock(&tlb->drain);

	if (fault->reason == DRM_EVGEM_FAULT_NONE)
		return 0;

	fault->addr = access->addr;
	fault->access = write ? DRM_EVGEM_ACCESS_WRITE : DRM_EVGEM_ACCESS_READ;
	return -EFAULT;
}

/**
 * evgem_hw_tlb_flush() - forget translations
 * @hw: the device
 * @context: the address space
 * @start: first address
 * @end: the address behind the last one
 *
 * When it returns, no access is under way that uses one of these translations
 * or reads a table that was taken out of the tree before the call.
 *
 * Context: process; may be in the fence signalling section.
 */
void evgem_hw_tlb_flush(struct evgem_hw *hw, unsigned int context,
			u64 start, u64 end)
{
	struct evgem_tlb *tlb = &hw->tlb;

	write_lock(&tlb->drain);
	for (unsigned int i = 0; i < EVGEM_TLB_ENTRIES; i++) {
		struct evgem_tlb_entry *entry = &tlb->entries[i];

		if (entry->context == context && entry->addr < end &&
		    start < entry->addr + (1ULL << entry->shift))
			entry->pte = 0;
	}
	write_unlock(&tlb->drain);
}

/**
 * evgem_hw_context_set() - let an address space begin
 * @hw: the device
 * @context: its number, below EVGEM_HW_CONTEXTS, not in use
 * @root: physical address of its root table
 *
 * Like that of hardware, the TLB is not touched: what it knows of an earlier
 * address space of that number must have been flushed.
 *
 * Context: process.
 */
void evgem_hw_context_set(struct evgem_hw *hw, unsigned int context, u64 root)
{
	write_lock(&hw->tlb.drain);
	hw->tlb.roots[context] = root;
	write_unlock(&hw->tlb.drain);
}

/**
 * evgem_hw_context_clear() - let an address space end
 * @hw: the device
 * @context: its number
 *
 * No access is under way in the address space when this returns, and every
 * later one that the TLB does not know faults.
 *
 * Context: process.
 */
void evgem_hw_context_clear(struct evgem_hw *hw, unsigned int context)
{
	evgem_hw_context_set(hw, context, 0);
}
