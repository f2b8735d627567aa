// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The memory management unit: TLB and page-table walker.
 *
 * Every access of the device comes through nv_model_access(), which believes
 * the TLB first and the page tables second, and nothing else. A driver that
 * forgets a flush, or flushes another address space, therefore shows as old
 * data, as on hardware.
 */
#include <linux/align.h>
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "nv_model.h"
#include "../mmu/nv_pte.h"

/* What a step of the walk says when it found no fault. */
#define NO_FAULT NV_FAULT_KINDS

/**
 * nv_model_tlb_init() - power on
 * @tlb: zeroed
 *
 * Context: any.
 */
void nv_model_tlb_init(struct nv_tlb *tlb)
{
	rwlock_init(&tlb->drain);
	spin_lock_init(&tlb->lock);
}

static struct nv_tlb_entry *slot_of(struct nv_tlb *tlb, u64 pd, u64 addr,
				    unsigned int shift)
{
	u64 key = (addr >> shift << 8 | shift) ^ pd << 20;

	return &tlb->entries[hash_64(key, ilog2(NV_TLB_ENTRIES))];
}

static bool tlb_find(struct nv_tlb *tlb, u64 pd, u64 addr,
		     struct nv_tlb_entry *found)
{
	static const u8 shifts[] = {
		NV_SMALL_SHIFT, NV_BIG_SHIFT, NV_PD0_SHIFT,
		NV_PD1_SHIFT, NV_PD2_SHIFT, NV_PD3_SHIFT,
	};
	bool hit = false;

	spin_lock(&tlb->lock);
	for (unsigned int i = 0; i < ARRAY_SIZE(shifts) && !hit; i++) {
		*found = *slot_of(tlb, pd, addr, shifts[i]);
		hit = found->pte && found->pd == pd &&
		      found->shift == shifts[i] &&
		      found->addr == ALIGN_DOWN(addr, BIT_ULL(shifts[i]));
	}
	spin_unlock(&tlb->lock);

	return hit;
}

static void tlb_remember(struct nv_tlb *tlb, const struct nv_tlb_entry *entry)
{
	spin_lock(&tlb->lock);
	*slot_of(tlb, entry->pd, entry->addr, entry->shift) = *entry;
	spin_unlock(&tlb->lock);
}

/* NULL where nobody would answer on a bus. */
static struct page *memory_at(struct nv_model *model, bool video, u64 addr)
{
	if (video)
		return nv_model_vram_page(&model->vram, addr);

	return pfn_valid(addr >> PAGE_SHIFT) ? pfn_to_page(addr >> PAGE_SHIFT) :
					       NULL;
}

/* Reads quadword @index of the table at @addr. */
static enum nv_fault_kind read_entry(struct nv_model *model,
				     enum nv_aperture aperture, u64 addr,
				     unsigned int index, u64 *entry)
{
	struct page *page;
	void *table;

	if (aperture == NV_APERTURE_INVALID)
		return NV_FAULT_MMU_PDE;

	addr += index * sizeof(*entry);
	page = memory_at(model, aperture == NV_APERTURE_VIDEO, addr);
	if (!page)
		return NV_FAULT_BUS;

	table = kmap_local_page(page);
	/* Pairs with the release in the driver's write_entry(). */
	*entry = smp_load_acquire((u64 *)(table + offset_in_page(addr)));
	kunmap_local(table);
	return NO_FAULT;
}

static void found_at(struct nv_tlb_entry *found, u64 addr, unsigned int shift,
		     u64 pte)
{
	found->addr = ALIGN_DOWN(addr, BIT_ULL(shift));
	found->shift = shift;
	found->pte = nv_entry_is_sparse(pte) ? NV_ENTRY_SPARSE : pte;
}

static bool entry_is_page(u64 entry)
{
	return (entry & NV_PTE_VALID) || nv_entry_is_sparse(entry);
}

/* From the entry of PD0 on; @pde leads to PD0. */
static enum nv_fault_kind walk_block(struct nv_model *model, u64 pde, u64 addr,
				     struct nv_tlb_entry *found)
{
	enum nv_aperture aperture = nv_pde_aperture(pde);
	enum nv_fault_kind fault;
	u64 big, small, pte;

	fault = read_entry(model, aperture, nv_pde_addr(pde),
			   nv_pd0_index(addr) + NV_PD0_BIG, &big);
	if (fault != NO_FAULT)
		return fault;

	if (entry_is_page(big)) {
		found_at(found, addr, NV_PD0_SHIFT, big);
		return NO_FAULT;
	}

	if (nv_pde_aperture(big) != NV_APERTURE_INVALID) {
		fault = read_entry(model, nv_pde_aperture(big),
				   nv_pde_addr_big(big), nv_big_index(addr),
				   &pte);
		if (fault != NO_FAULT)
			return fault;

		if (entry_is_page(pte)) {
			found_at(found, addr, NV_BIG_SHIFT, pte);
			return NO_FAULT;
		}
		if (pte & NV_BIG_NO_SMALL)
			return NV_FAULT_MMU_PTE;
	}

	/* Only now: who splits a big page clears it when this is complete. */
	fault = read_entry(model, aperture, nv_pde_addr(pde),
			   nv_pd0_index(addr) + NV_PD0_SMALL, &small);
	if (fault == NO_FAULT)
		fault = read_entry(model, nv_pde_aperture(small),
				   nv_pde_addr(small), nv_small_index(addr),
				   &pte);
	if (fault != NO_FAULT)
		return fault;

	found_at(found, addr, NV_SMALL_SHIFT, pte);
	return entry_is_page(pte) ? NO_FAULT : NV_FAULT_MMU_PTE;
}

static enum nv_fault_kind walk(struct nv_model *model, u64 pd, u64 addr,
			       struct nv_tlb_entry *found)
{
	const struct { u8 shift; u16 index; } levels[] = {
		{ NV_PD3_SHIFT, nv_pd3_index(addr) },
		{ NV_PD2_SHIFT, nv_pd2_index(addr) },
		{ NV_PD1_SHIFT, nv_pd1_index(addr) },
	};
	u64 pde = nv_pde(NV_APERTURE_SYSTEM, pd);

	found->pd = pd;
	for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++) {
		enum nv_fault_kind fault =
			read_entry(model, nv_pde_aperture(pde),
				   nv_pde_addr(pde), levels[i].index, &pde);

		if (fault != NO_FAULT)
			return fault;

		if (nv_entry_is_sparse(pde)) {
			found_at(found, addr, levels[i].shift, pde);
			return NO_FAULT;
		}
	}

	return walk_block(model, pde, addr, found);
}

/* Whether the entry allows the access. */
static enum nv_fault_kind check(u64 pte, enum nv_access_op op)
{
	u8 kind = FIELD_GET(NV_PTE_KIND, pte);

	if (pte & NV_PTE_PRIVILEGE)
		return NV_FAULT_MMU_PRIVILEGE;
	if (kind == NV_KIND_INVALID || kind > NV_KIND_LAST)
		return NV_FAULT_MMU_KIND;
	if (op == NV_OP_READ || op == NV_OP_LOAD)
		return NO_FAULT;
	if (pte & NV_PTE_READ_ONLY)
		return NV_FAULT_MMU_READ_ONLY;
	if (op == NV_OP_REDUCE && (pte & NV_PTE_ATOMIC_DISABLE))
		return NV_FAULT_MMU_ATOMIC;

	return NO_FAULT;
}

/* @page is set to NULL where there is no memory on purpose. */
static enum nv_fault_kind translate(struct nv_model *model, u64 pd,
				    struct nv_access *access,
				    struct page **page)
{
	struct nv_tlb_entry entry;
	enum nv_fault_kind fault;
	u64 addr = access->addr, offset;

	if (addr >= NV_VA_RANGE)
		return NV_FAULT_MMU_ADDRESS;

	if (tlb_find(&model->tlb, pd, addr, &entry)) {
		atomic64_inc(&model->stats.tlb_hits);
	} else {
		atomic64_inc(&model->stats.tlb_misses);
		fault = walk(model, pd, addr, &entry);
		if (fault != NO_FAULT)
			return fault;
		tlb_remember(&model->tlb, &entry);
	}

	offset = addr - entry.addr;
	*page = NULL;
	access->sparse = 0;
	if (entry.pte == NV_ENTRY_SPARSE) {
		access->sparse = BIT_ULL(entry.shift) - offset;
		return NO_FAULT;
	}

	fault = check(entry.pte, access->op);
	if (fault != NO_FAULT)
		return fault;
	if (FIELD_GET(NV_PTE_APERTURE, entry.pte) != NV_PTE_PEER)
		*page = memory_at(model,
				  FIELD_GET(NV_PTE_APERTURE, entry.pte) ==
				  NV_PTE_VIDEO,
				  nv_pte_addr(entry.pte) + offset);

	return *page ? NO_FAULT : NV_FAULT_BUS;
}

static u32 reduced(u32 old, u32 operand, enum nv_reduction reduction,
		   bool is_signed)
{
	bool less = is_signed ? (s32)old < (s32)operand : old < operand;

	switch (reduction) {
	case NV_RED_MIN:
		return less ? old : operand;
	case NV_RED_MAX:
		return less ? operand : old;
	case NV_RED_XOR:
		return old ^ operand;
	case NV_RED_AND:
		return old & operand;
	case NV_RED_OR:
		return old | operand;
	case NV_RED_ADD:
		return old + operand;
	case NV_RED_INC:
		return old >= operand ? 0 : old + 1;
	case NV_RED_DEC:
		return !old || old > operand ? operand : old - 1;
	default:
		return old;
	}
}

static void reduce(u32 *word, const struct nv_access *access)
{
	u32 operand = *(u32 *)access->buf, old = READ_ONCE(*word);

	while (!try_cmpxchg(word, &old, reduced(old, operand, access->reduction,
						access->is_signed)))
		;
}

/* Before all later accesses. */
static void load_word(const void *mem, const struct nv_access *access)
{
	if (access->size == sizeof(u64))
		*(u64 *)access->buf = READ_ONCE(*(const u64 *)mem);
	else
		*(u32 *)access->buf = READ_ONCE(*(const u32 *)mem);
	/* Pairs with store_word(), or with a release of the CPU's. */
	smp_mb();
}

/* After all earlier accesses. */
static void store_word(void *mem, const struct nv_access *access)
{
	/* Pairs with load_word(), or with an acquire of the CPU's. */
	smp_mb();
	if (access->size == sizeof(u64))
		WRITE_ONCE(*(u64 *)mem, *(u64 *)access->buf);
	else
		WRITE_ONCE(*(u32 *)mem, *(u32 *)access->buf);
}

static void access_page(struct page *where, const struct nv_access *access)
{
	void *page = kmap_local_page(where);
	void *mem = page + offset_in_page(access->addr);

	switch (access->op) {
	case NV_OP_READ:
		memcpy(access->buf, mem, access->size);
		break;
	case NV_OP_WRITE:
		memcpy(mem, access->buf, access->size);
		break;
	case NV_OP_LOAD:
		load_word(mem, access);
		break;
	case NV_OP_RELEASE:
		store_word(mem, access);
		break;
	case NV_OP_REDUCE:
		reduce(mem, access);
		break;
	}

	kunmap_local(page);
}

/* Reads give zero; writes go nowhere. */
static void access_sparse(const struct nv_access *access)
{
	if (access->op == NV_OP_READ || access->op == NV_OP_LOAD)
		memset(access->buf, 0, access->size);
}

/**
 * nv_model_access() - access memory
 * @model: the device
 * @pd: the address space
 * @access: what to do
 * @fault: kind, address and direction are filled in if it does not go through
 *
 * Context: any that may take a lock; does not allocate; fence signalling
 * section.
 * Return: 0; -EFAULT.
 */
int nv_model_access(struct nv_model *model, u64 pd, struct nv_access *access,
		    struct nv_hw_fault *fault)
{
	enum nv_fault_kind kind;
	struct page *page;

	read_lock(&model->tlb.drain);
	kind = translate(model, pd, access, &page);
	if (kind == NO_FAULT && page)
		access_page(page, access);
	else if (kind == NO_FAULT)
		access_sparse(access);
	read_unlock(&model->tlb.drain);

	if (kind == NO_FAULT)
		return 0;

	fault->kind = kind;
	fault->addr = access->addr;
	fault->write = access->op != NV_OP_READ && access->op != NV_OP_LOAD;
	return -EFAULT;
}

/**
 * nv_model_tlb_flush() - see &nv_hw_ops.tlb_flush
 * @model: the device
 * @pd: the address space
 *
 * Context: see there.
 */
void nv_model_tlb_flush(struct nv_model *model, u64 pd)
{
	struct nv_tlb *tlb = &model->tlb;

	atomic64_inc(&model->stats.tlb_flushes);
	write_lock(&tlb->drain);
	for (unsigned int i = 0; i < NV_TLB_ENTRIES; i++) {
		if (tlb->entries[i].pd == pd)
			tlb->entries[i].pte = 0;
	}
	write_unlock(&tlb->drain);
}
