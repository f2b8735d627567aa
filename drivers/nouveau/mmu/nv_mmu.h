/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Writing page tables.
 */
#ifndef __NV_MMU_H__
#define __NV_MMU_H__

#include <linux/list.h>
#include <linux/types.h>

#include "../nv_hw.h"

struct page;

/**
 * enum nv_mmu_size - what one entry can cover
 *
 * Memory has pages of the first three sizes; what is sparse can have all.
 */
enum nv_mmu_size {
	/** @NV_MMU_4K: an entry of a small table */
	NV_MMU_4K,
	/** @NV_MMU_64K: an entry of a big table */
	NV_MMU_64K,
	/** @NV_MMU_2M: an entry of PD0 */
	NV_MMU_2M,
	/** @NV_MMU_512M: an entry of PD1 */
	NV_MMU_512M,
	/** @NV_MMU_256G: an entry of PD2 */
	NV_MMU_256G,
	/** @NV_MMU_SIZES: how many there are */
	NV_MMU_SIZES,
};

/**
 * struct nv_mmu - the page tables of one VM
 *
 * All members are protected by the lock that the owner holds around changes of
 * the page tables.
 */
struct nv_mmu {
	/** @root: PD3, NULL before init */
	struct page *root;
	/** @tables: tables in use, the root included, each a page of memory */
	u64 tables;
	/** @valid: entries with memory, by size */
	u64 valid[NV_MMU_SIZES];
	/** @sparse: sparse entries, by size */
	u64 sparse[NV_MMU_SIZES];
};

/** define NV_MMU_TABLE_KINDS - tables below the root: PD2, PD1, PD0, big, small */
#define NV_MMU_TABLE_KINDS 5

/**
 * struct nv_mmu_update - what a change of page tables needs and leaves
 *
 * Owned by one job. Filled where memory may be allocated, used where it may
 * not, and emptied after the device has forgotten the old translations. In one
 * job, all that is unmapped comes before all that is mapped.
 */
struct nv_mmu_update {
	/** @pool: zeroed tables for the change to take from */
	struct list_head pool;
	/** @retired: tables that were taken out; the device may know them */
	struct list_head retired;
	/** @reserved: tables that were put into @pool so far */
	u64 reserved;
	/**
	 * @counted: for each kind of table, which one was counted last, plus 1
	 *
	 * A change takes each table once at most, so what neighbouring
	 * operations share is set aside once.
	 */
	u64 counted[NV_MMU_TABLE_KINDS];
	/**
	 * @whole_entries: an entry that reaches out of what is unmapped may go
	 * as a whole; set until something is reserved
	 */
	bool whole_entries;
	/** @flush: translations went or changed: the TLB has to be flushed */
	bool flush;
};

/**
 * struct nv_mmu_source - what is to be mapped
 */
struct nv_mmu_source {
	/** @aperture: where the memory is; NV_APERTURE_INVALID: sparse */
	enum nv_aperture aperture;
	/** @kind: of the memory, for its entries; 0 if sparse */
	u8 kind;
	/** @max: the largest page to use, up to NV_MMU_2M; ignored if sparse */
	enum nv_mmu_size max;
	/**
	 * @extent: where the memory is
	 *
	 * Context: may be in the fence signalling section.
	 * Return: the address in @aperture of the byte at @offset, a multiple
	 * of 4 KiB; sets @length to how many bytes, a multiple of 4 KiB and
	 * not 0, follow it without a gap.
	 */
	u64 (*extent)(const struct nv_mmu_source *source, u64 offset,
		      u64 *length);
	/** @memory: for @extent */
	const void *memory;
	/** @offset: of what comes first, a multiple of 4 KiB */
	u64 offset;
};

int nv_mmu_init(struct nv_mmu *mmu);
void nv_mmu_fini(struct nv_mmu *mmu);
u64 nv_mmu_root_address(const struct nv_mmu *mmu);

void nv_mmu_update_init(struct nv_mmu_update *update);
int nv_mmu_reserve_map(struct nv_mmu_update *update, u64 addr, u64 range,
		       enum nv_mmu_size max);
int nv_mmu_reserve_sparse(struct nv_mmu_update *update, u64 addr, u64 range,
			  u64 pieces);
int nv_mmu_reserve_unmap(struct nv_mmu_update *update, u64 addr, u64 range);
void nv_mmu_update_flushed(struct nv_mmu_update *update);
void nv_mmu_update_fini(struct nv_mmu_update *update);

int nv_mmu_map(struct nv_mmu *mmu, struct nv_mmu_update *update, u64 addr,
	       u64 range, const struct nv_mmu_source *source);
int nv_mmu_unmap(struct nv_mmu *mmu, struct nv_mmu_update *update, u64 addr,
		 u64 range);

/* Between nv_mmu.c and nv_mmu_reserve.c. */
struct page *nv_mmu_table_alloc(void);
void nv_mmu_table_free(struct page *table);

#endif
