/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The page-table format of the engine: what hardware documentation would say.
 *
 * Four levels of tables, each one page of 512 entries of 64 bits, in the byte
 * order of the CPU. An entry of level 0 leads to a page of 4 KiB, one of level
 * 1 to a table or, with EVGEM_PTE_LEAF, to a page of 2 MiB; those of levels 2
 * and 3 lead to tables. Addresses are physical. Write permission stands in the
 * last entry alone.
 *
 * For your own hardware: this is its header of register and table formats.
 * Tables and pages will then hold bus addresses, which the DMA API gives you.
 */
#ifndef __EVGEM_PTE_H__
#define __EVGEM_PTE_H__

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#define EVGEM_VA_BITS		48
#define EVGEM_VA_RANGE		BIT_ULL(EVGEM_VA_BITS)

#define EVGEM_PT_LEVELS		4
#define EVGEM_PT_BITS		9
#define EVGEM_PT_ENTRIES	BIT(EVGEM_PT_BITS)
/* The level whose entries can be pages of 2 MiB. */
#define EVGEM_PT_LEAF_LEVEL	1

#define EVGEM_PTE_VALID		BIT_ULL(0)
#define EVGEM_PTE_WRITE		BIT_ULL(1)
#define EVGEM_PTE_LEAF		BIT_ULL(2)
/* No memory: reads give zero, writes go nowhere. */
#define EVGEM_PTE_SPARSE	BIT_ULL(3)
#define EVGEM_PTE_ADDR		GENMASK_ULL(51, 12)

static_assert(PAGE_SIZE == SZ_4K, "CPU and GPU pages must be of one size");
static_assert(EVGEM_VA_BITS ==
	      PAGE_SHIFT + EVGEM_PT_LEVELS * EVGEM_PT_BITS);

/* How far the address of one entry of @level is shifted. */
static inline unsigned int evgem_pt_shift(unsigned int level)
{
	return PAGE_SHIFT + level * EVGEM_PT_BITS;
}

/* How many bytes one entry of @level translates. */
static inline u64 evgem_pt_span(unsigned int level)
{
	return 1ULL << evgem_pt_shift(level);
}

static inline unsigned int evgem_pt_index(u64 addr, unsigned int level)
{
	return (addr >> evgem_pt_shift(level)) & (EVGEM_PT_ENTRIES - 1);
}

static inline bool evgem_pte_is_leaf(u64 pte, unsigned int level)
{
	return level == 0 || (level == EVGEM_PT_LEAF_LEVEL &&
			      (pte & EVGEM_PTE_LEAF));
}

static inline unsigned long evgem_pte_pfn(u64 pte)
{
	return (pte & EVGEM_PTE_ADDR) >> PAGE_SHIFT;
}

/* The table that an entry or a root address leads to; tables are in lowmem. */
static inline u64 *evgem_pte_table(u64 pte)
{
	return page_address(pfn_to_page(evgem_pte_pfn(pte)));
}

#endif
