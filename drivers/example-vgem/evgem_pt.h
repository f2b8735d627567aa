/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Writing page tables.
 */
#ifndef __EVGEM_PT_H__
#define __EVGEM_PT_H__

#include <linux/types.h>
#include <linux/list.h>

struct page;

/**
 * struct evgem_pt - the page tables of one VM
 *
 * All members are protected by the lock that the owner holds around changes of
 * the VM.
 */
struct evgem_pt {
	/** @root: the table of the highest level, NULL before init */
	struct page *root;
	/** @tables: tables in use, the root included */
	u64 tables;
	/** @ptes_4k: valid entries for pages of 4 KiB */
	u64 ptes_4k;
	/** @ptes_2m: valid entries for pages of 2 MiB */
	u64 ptes_2m;
};

/**
 * struct evgem_pt_update - what a change of page tables needs and leaves
 *
 * Owned by one job. It is filled where memory may be allocated, used where it
 * may not, and emptied after the engine has forgotten the old translations.
 */
struct evgem_pt_update {
	/** @pool: zeroed tables for the change to take from */
	struct list_head pool;
	/** @retired: tables that the change took out; the engine may know them */
	struct list_head retired;
	/**
	 * @whole_entries: an entry that is to be cleared in part may be cleared
	 * as a whole, since the rest goes as well; then no table is needed
	 */
	bool whole_entries;
	/** @flush_start: first address whose translation went or changed */
	u64 flush_start;
	/** @flush_end: the address behind the last such */
	u64 flush_end;
};

/**
 * struct evgem_pt_source - what is to be mapped, page after page
 */
struct evgem_pt_source {
	/** @pages: one for each 4 KiB, or NULL for sparse */
	struct page **pages;
	/** @at: index in @pages of the one that comes first */
	u64 at;
	/** @repeat: after so many of @pages it begins anew; 0: it does not */
	u64 repeat;
};

int evgem_pt_init(struct evgem_pt *pt);
void evgem_pt_fini(struct evgem_pt *pt);
u64 evgem_pt_root_address(const struct evgem_pt *pt);

u64 evgem_pt_tables_for_map(u64 addr, u64 range,
			    const struct evgem_pt_source *source);
u64 evgem_pt_tables_at_most(u64 addr, u64 range);
u64 evgem_pt_tables_for_unmap(u64 addr, u64 range);

void evgem_pt_update_init(struct evgem_pt_update *update);
int evgem_pt_update_reserve(struct evgem_pt_update *update, u64 tables);
void evgem_pt_update_flushed(struct evgem_pt_update *update);
void evgem_pt_update_fini(struct evgem_pt_update *update);

int evgem_pt_map(struct evgem_pt *pt, struct evgem_pt_update *update,
		 u64 addr, u64 range, const struct evgem_pt_source *source,
		 bool writable);
int evgem_pt_unmap(struct evgem_pt *pt, struct evgem_pt_update *update,
		   u64 addr, u64 range);

#endif
