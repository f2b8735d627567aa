/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The page-table format of GP100 to Turing, version 2, as NVIDIA's open-gpu-doc
 * describes it (dev_mmu, names NV_MMU_VER2_*).
 *
 * 49 bits of address. Three levels of directories with entries of 8 bytes lead
 * to directories of level 0, whose entries of 16 bytes either are a page of
 * 2 MiB or lead to two tables, one for pages of 64 KiB and one for pages of
 * 4 KiB:
 *
 *	level  bits   entries  of an entry
 *	PD3    48:47        4  128 TiB
 *	PD2    46:38      512  256 GiB
 *	PD1    37:29      512  512 MiB
 *	PD0    28:21      256    2 MiB
 *	big    20:16       32   64 KiB
 *	small  20:12      512    4 KiB
 *
 * Entries are little endian in memory; so are the CPUs that this is built for.
 */
#ifndef __NV_PTE_H__
#define __NV_PTE_H__

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "../nv_hw.h"

#define NV_VA_BITS		49
#define NV_VA_RANGE		BIT_ULL(NV_VA_BITS)

/* log2 of what an entry of each table covers. */
#define NV_PD3_SHIFT		47
#define NV_PD2_SHIFT		38
#define NV_PD1_SHIFT		29
#define NV_PD0_SHIFT		21
#define NV_BIG_SHIFT		16
#define NV_SMALL_SHIFT		12

#define NV_PD3_ENTRIES		BIT(NV_VA_BITS - NV_PD3_SHIFT)
#define NV_PD2_ENTRIES		BIT(NV_PD3_SHIFT - NV_PD2_SHIFT)
#define NV_PD1_ENTRIES		BIT(NV_PD2_SHIFT - NV_PD1_SHIFT)
#define NV_PD0_ENTRIES		BIT(NV_PD1_SHIFT - NV_PD0_SHIFT)
#define NV_BIG_ENTRIES		BIT(NV_PD0_SHIFT - NV_BIG_SHIFT)
#define NV_SMALL_ENTRIES	BIT(NV_PD0_SHIFT - NV_SMALL_SHIFT)

/* Quadwords of an entry of PD0: the first one is for big pages. */
#define NV_PD0_BIG		0
#define NV_PD0_SMALL		1
#define NV_PD0_WORDS		2

/* No memory: reads give zero, writes go nowhere. At any level, with V = 0. */
#define NV_ENTRY_SPARSE		BIT_ULL(3)

/*
 * Directory entries. In PD0, bit 0 makes of the first quadword a page of 2 MiB,
 * in the format of page-table entries.
 */
#define NV_PDE_IS_PTE		BIT_ULL(0)
#define NV_PDE_APERTURE		GENMASK_ULL(2, 1)
#define NV_PDE_VOLATILE		BIT_ULL(3)
#define NV_PDE_ADDR		GENMASK_ULL(53, 8)
/* Tables of big pages have 256 bytes. */
#define NV_PDE_ADDR_BIG		GENMASK_ULL(53, 4)
/* Both fields hold an address without its lowest bits, shifted by so many. */
#define NV_ENTRY_ADDR_SHIFT	4

#define NV_PTE_VALID		BIT_ULL(0)
#define NV_PTE_APERTURE		GENMASK_ULL(2, 1)
#define NV_PTE_VOLATILE		BIT_ULL(3)
#define NV_PTE_PRIVILEGE	BIT_ULL(5)
#define NV_PTE_READ_ONLY	BIT_ULL(6)
#define NV_PTE_ATOMIC_DISABLE	BIT_ULL(7)
#define NV_PTE_ADDR_SYSTEM	GENMASK_ULL(53, 8)
#define NV_PTE_ADDR_VIDEO	GENMASK_ULL(32, 8)
#define NV_PTE_COMPTAG		GENMASK_ULL(55, 36)
#define NV_PTE_KIND		GENMASK_ULL(63, 56)

/* In a big table, not valid: fault without a look at the small table. */
#define NV_BIG_NO_SMALL		NV_PTE_PRIVILEGE

/* Apertures as page-table entries number them. */
enum nv_pte_aperture {
	NV_PTE_VIDEO = 0,
	NV_PTE_PEER = 1,
	NV_PTE_SYSTEM = 2,
	NV_PTE_SYSTEM_NONCOHERENT = 3,
};

/* Kinds of Turing. Those from 0x8 on are compressible forms of the others. */
#define NV_KIND_PITCH		0x00
#define NV_KIND_GENERIC		0x06
#define NV_KIND_INVALID		0x07
#define NV_KIND_LAST		0x0e

static inline unsigned int nv_pd3_index(u64 addr)
{
	return (addr >> NV_PD3_SHIFT) % NV_PD3_ENTRIES;
}

static inline unsigned int nv_pd2_index(u64 addr)
{
	return (addr >> NV_PD2_SHIFT) % NV_PD2_ENTRIES;
}

static inline unsigned int nv_pd1_index(u64 addr)
{
	return (addr >> NV_PD1_SHIFT) % NV_PD1_ENTRIES;
}

/* Of the first quadword of the entry. */
static inline unsigned int nv_pd0_index(u64 addr)
{
	return (addr >> NV_PD0_SHIFT) % NV_PD0_ENTRIES * NV_PD0_WORDS;
}

static inline unsigned int nv_big_index(u64 addr)
{
	return (addr >> NV_BIG_SHIFT) % NV_BIG_ENTRIES;
}

static inline unsigned int nv_small_index(u64 addr)
{
	return (addr >> NV_SMALL_SHIFT) % NV_SMALL_ENTRIES;
}

/* An entry that leads to a table at @addr. */
static inline u64 nv_pde(enum nv_aperture aperture, u64 addr)
{
	return FIELD_PREP(NV_PDE_APERTURE, aperture) |
	       (aperture == NV_APERTURE_SYSTEM ? NV_PDE_VOLATILE : 0) |
	       (addr >> NV_ENTRY_ADDR_SHIFT);
}

static inline enum nv_aperture nv_pde_aperture(u64 pde)
{
	return FIELD_GET(NV_PDE_APERTURE, pde);
}

static inline u64 nv_pde_addr(u64 pde)
{
	return (pde & NV_PDE_ADDR) << NV_ENTRY_ADDR_SHIFT;
}

static inline u64 nv_pde_addr_big(u64 pde)
{
	return (pde & NV_PDE_ADDR_BIG) << NV_ENTRY_ADDR_SHIFT;
}

/* A valid entry for the page at @addr. */
static inline u64 nv_pte(enum nv_aperture aperture, u64 addr, u8 kind)
{
	u64 pte = NV_PTE_VALID | FIELD_PREP(NV_PTE_KIND, kind) |
		  (addr >> NV_ENTRY_ADDR_SHIFT);

	if (aperture == NV_APERTURE_VIDEO)
		return pte | FIELD_PREP(NV_PTE_APERTURE, NV_PTE_VIDEO);

	return pte | NV_PTE_VOLATILE | FIELD_PREP(NV_PTE_APERTURE, aperture);
}

static inline u64 nv_pte_addr(u64 pte)
{
	u64 mask = FIELD_GET(NV_PTE_APERTURE, pte) == NV_PTE_VIDEO ?
		   NV_PTE_ADDR_VIDEO : NV_PTE_ADDR_SYSTEM;

	return (pte & mask) << NV_ENTRY_ADDR_SHIFT;
}

/* Of a directory entry as well, if it is not one for a page. */
static inline bool nv_entry_is_sparse(u64 entry)
{
	return (entry & (NV_PTE_VALID | NV_PTE_APERTURE | NV_ENTRY_SPARSE)) ==
	       NV_ENTRY_SPARSE;
}

static_assert((u32)NV_PTE_SYSTEM == (u32)NV_APERTURE_SYSTEM &&
	      (u32)NV_PTE_SYSTEM_NONCOHERENT ==
	      (u32)NV_APERTURE_SYSTEM_NONCOHERENT);

#endif
