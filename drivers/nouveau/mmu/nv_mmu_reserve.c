// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Tables for changes of page tables: set aside before a job is published, taken
 * in the job, freed after it.
 *
 * How many a change can need is known from its addresses alone, whatever jobs
 * before it will have done to the page tables by then:
 *
 * - To map memory takes a table of each kind for each stretch that such a table
 *   covers. The mapping may come in parts, beside others that stay, so a block
 *   of 2 MiB that one entry could cover counts with its tables as well.
 * - What is mapped already and reaches into the range is split at the range's
 *   ends, which takes a table of each kind whose parent entry is cut there.
 * - Within one job what goes, goes first. A table that a split brought in keeps
 *   what the split spared, and so stays; one that was taken out comes back once
 *   at most. So no table is taken twice, and neighbours share what they count.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "nv_mmu.h"
#include "nv_pte.h"

/* Tables below the root, by the entry of their parent that they fill. */
enum table_kind {
	TABLE_PD2,
	TABLE_PD1,
	TABLE_PD0,
	TABLE_BIG,
	TABLE_SMALL,
};

static_assert(TABLE_SMALL + 1 == NV_MMU_TABLE_KINDS);

/* log2 of what a whole table covers. */
static const u8 table_shift[] = {
	[TABLE_PD2] = NV_PD3_SHIFT,
	[TABLE_PD1] = NV_PD2_SHIFT,
	[TABLE_PD0] = NV_PD1_SHIFT,
	[TABLE_BIG] = NV_PD0_SHIFT,
	[TABLE_SMALL] = NV_PD0_SHIFT,
};

/* log2 of the entry that such a table splits; entries of PD3 are never pages. */
static const u8 split_shift[] = {
	[TABLE_PD2] = NV_PD3_SHIFT,
	[TABLE_PD1] = NV_PD2_SHIFT,
	[TABLE_PD0] = NV_PD1_SHIFT,
	[TABLE_BIG] = NV_PD0_SHIFT,
	[TABLE_SMALL] = NV_BIG_SHIFT,
};

/**
 * nv_mmu_table_alloc() - allocate a table
 *
 * Context: process; sleeps; not in the fence signalling section.
 * Return: a page of zeros, or NULL.
 */
struct page *nv_mmu_table_alloc(void)
{
	struct page *table = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (table)
		set_page_private(table, 0);

	return table;
}

/**
 * nv_mmu_table_free() - free a table
 * @table: the table, which nobody knows any more
 *
 * Context: any but the fence signalling section.
 */
void nv_mmu_table_free(struct page *table)
{
	set_page_private(table, 0);
	__free_page(table);
}

static void free_tables(struct list_head *tables)
{
	struct page *table, *next;

	list_for_each_entry_safe(table, next, tables, lru) {
		list_del(&table->lru);
		nv_mmu_table_free(table);
	}
}

/**
 * nv_mmu_update_init() - begin a change
 * @update: to be initialised
 *
 * Until something is reserved the change can only take away:
 * &nv_mmu_update.whole_entries is set.
 *
 * Context: any.
 */
void nv_mmu_update_init(struct nv_mmu_update *update)
{
	*update = (struct nv_mmu_update) { .whole_entries = true };
	INIT_LIST_HEAD(&update->pool);
	INIT_LIST_HEAD(&update->retired);
}

static int add_tables(struct nv_mmu_update *update, u64 n)
{
	while (n--) {
		struct page *table;

		/* A large range takes many: do not keep the OOM killer waiting. */
		if (fatal_signal_pending(current))
			return -EINTR;

		table = nv_mmu_table_alloc();
		if (!table)
			return -ENOMEM;
		list_add(&table->lru, &update->pool);
		update->reserved++;
		cond_resched();
	}

	return 0;
}

/* Those tables that cover a part of the range, but for the one counted last. */
static u64 count_covering(struct nv_mmu_update *update, enum table_kind kind,
			  u64 addr, u64 range)
{
	u64 first = (addr >> table_shift[kind]) + 1;
	u64 last = ((addr + range - 1) >> table_shift[kind]) + 1;

	if (update->counted[kind] == first)
		first++;
	update->counted[kind] = last;

	return last - first + 1;
}

/* The one that is needed where an entry is cut at @addr, if one can be. */
static u64 count_cut(struct nv_mmu_update *update, enum table_kind kind,
		     u64 addr)
{
	u64 table = (addr >> table_shift[kind]) + 1;

	if (IS_ALIGNED(addr, BIT_ULL(split_shift[kind])) ||
	    update->counted[kind] == table)
		return 0;

	update->counted[kind] = table;
	return 1;
}

/* All that are needed where a range begins and ends. */
static u64 count_ends(struct nv_mmu_update *update, u64 addr, u64 range)
{
	u64 n = 0;

	for (enum table_kind kind = TABLE_PD1; kind <= TABLE_SMALL; kind++)
		n += count_cut(update, kind, addr) +
		     count_cut(update, kind, addr + range);

	return n;
}

/**
 * nv_mmu_reserve_map() - set tables aside for mapping memory
 * @update: the change
 * @addr: first address, of pages of 4 KiB
 * @range: bytes, of pages of 4 KiB, not 0
 * @max: the largest page that may be used
 *
 * Suffices for mapping the range as a whole or any parts of it, and for
 * unmapping it before, whatever is mapped there.
 *
 * Context: process; sleeps; not in the fence signalling section.
 * Return: 0; -ENOMEM; -EINTR if the caller is to die. After an error some
 * tables may be in the pool.
 */
int nv_mmu_reserve_map(struct nv_mmu_update *update, u64 addr, u64 range,
		       enum nv_mmu_size max)
{
	u64 n = 0;

	update->whole_entries = false;
	for (enum table_kind kind = TABLE_PD2; kind <= TABLE_PD0; kind++)
		n += count_covering(update, kind, addr, range);
	n += count_covering(update, TABLE_SMALL, addr, range);

	if (max > NV_MMU_4K)
		n += count_covering(update, TABLE_BIG, addr, range);
	else
		n += count_cut(update, TABLE_BIG, addr) +
		     count_cut(update, TABLE_BIG, addr + range);

	return add_tables(update, n);
}

/**
 * nv_mmu_reserve_sparse() - set tables aside for making a range sparse
 * @update: the change
 * @addr: first address, of pages of 4 KiB
 * @range: bytes, of pages of 4 KiB, not 0
 * @pieces: in how many parts it may come: 1 if it comes as a whole, else as
 *	many as there may be mappings in the range, plus 1
 *
 * Sparse entries are as large as addresses allow, so tables are needed at the
 * ends of a part alone.
 *
 * Context: process; sleeps; not in the fence signalling section.
 * Return: 0; -ENOMEM; -EINTR if the caller is to die. After an error some
 * tables may be in the pool.
 */
int nv_mmu_reserve_sparse(struct nv_mmu_update *update, u64 addr, u64 range,
			  u64 pieces)
{
	u64 all, ends;

	update->whole_entries = false;
	all = count_covering(update, TABLE_PD2, addr, range);
	if (pieces <= 1)
		return add_tables(update,
				  all + count_ends(update, addr, range));

	for (enum table_kind kind = TABLE_PD1; kind <= TABLE_SMALL; kind++)
		all += count_covering(update, kind, addr, range);
	if (check_mul_overflow(pieces, (u64)2 * NV_MMU_TABLE_KINDS, &ends))
		ends = U64_MAX;
	if (ends >= all)
		return add_tables(update, all);

	/* Not all were counted: others have to count theirs again. */
	memset(update->counted, 0, sizeof(update->counted));
	return add_tables(update, ends);
}

/**
 * nv_mmu_reserve_unmap() - set tables aside for unmapping
 * @update: the change
 * @addr: first address, of pages of 4 KiB
 * @range: bytes, of pages of 4 KiB, not 0
 *
 * Context: process; sleeps; not in the fence signalling section.
 * Return: 0; -ENOMEM; -EINTR if the caller is to die. After an error some
 * tables may be in the pool.
 */
int nv_mmu_reserve_unmap(struct nv_mmu_update *update, u64 addr, u64 range)
{
	update->whole_entries = false;
	return add_tables(update, count_ends(update, addr, range));
}

/**
 * nv_mmu_update_flushed() - note that the device forgot what was changed
 * @update: the change; &nv_mmu_update.flush is unset afterwards
 *
 * Tables that were taken out are empty, and may be used again.
 *
 * Context: the lock of the page tables; may be in the fence signalling section.
 */
void nv_mmu_update_flushed(struct nv_mmu_update *update)
{
	list_splice_init(&update->retired, &update->pool);
	update->flush = false;
}

/**
 * nv_mmu_update_fini() - end a change
 * @update: the change; if it retired tables then the TLB was flushed since
 *
 * Context: any but the fence signalling section.
 */
void nv_mmu_update_fini(struct nv_mmu_update *update)
{
	free_tables(&update->pool);
	free_tables(&update->retired);
}
