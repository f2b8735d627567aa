// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Writing page tables, in the fence signalling section.
 *
 * Shows how a change of page tables is prepared so that it cannot fail: before
 * the job is published evgem_pt_tables_for_map() and _for_unmap() say how many
 * tables the worst case takes, whatever jobs before it will have done to the
 * tree by then; evgem_pt_update_reserve() allocates that many; the job takes
 * them from the pool; what is left, and what the job took out of the tree, is
 * freed after the job.
 *
 * The engine walks these tables at any time, without a lock. Hence a table is
 * complete before an entry leads to it, an entry changes in one store, and a
 * table that was taken out stays readable until the TLB was flushed, which also
 * waits for walks under way.
 *
 * For your own hardware: the walks stay, the format comes from its header
 * instead of evgem_pte.h, and stores go through a write-combined mapping with a
 * barrier, or are sent to the device. Do you want the core's io-pgtable? It
 * allocates tables through callbacks that can take from such a pool too.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/math64.h>

#include "evgem_pt.h"
#include "evgem_pte.h"

/* Entries of a table that are valid. Kept in its page: no one else needs it. */
static unsigned long used(struct page *table)
{
	return page_private(table);
}

static void use(struct page *table, long n)
{
	set_page_private(table, used(table) + n);
}

static struct page *table_alloc(void)
{
	struct page *table = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (table)
		set_page_private(table, 0);

	return table;
}

static void table_free(struct page *table)
{
	set_page_private(table, 0);
	__free_page(table);
}

static u64 table_pte(struct page *table)
{
	return page_to_phys(table) | EVGEM_PTE_VALID;
}

static struct page *pte_to_table(u64 pte)
{
	return pfn_to_page(evgem_pte_pfn(pte));
}

static u64 *table_slot(struct page *table, u64 addr, unsigned int level)
{
	return (u64 *)page_address(table) + evgem_pt_index(addr, level);
}

/* What was written to a table must be seen before the entry leading to it. */
static void write_pte(u64 *slot, u64 pte)
{
	/* Pairs with the acquire in the walk of evgem_tlb.c. */
	smp_store_release(slot, pte);
}

/**
 * evgem_pt_init() - make empty page tables
 * @pt: zeroed
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_pt_init(struct evgem_pt *pt)
{
	pt->root = table_alloc();
	if (!pt->root)
		return -ENOMEM;

	pt->tables = 1;
	return 0;
}

/**
 * evgem_pt_fini() - free page tables
 * @pt: the tables, with nothing mapped any more; zeroed is fine
 *
 * Context: any; the engine no longer knows the tables.
 */
void evgem_pt_fini(struct evgem_pt *pt)
{
	if (!pt->root)
		return;

	WARN_ON(used(pt->root) || pt->tables != 1);
	table_free(pt->root);
	pt->root = NULL;
}

/**
 * evgem_pt_root_address() - what the engine is told
 * @pt: the tables
 *
 * Return: the physical address of the table of the highest level.
 */
u64 evgem_pt_root_address(const struct evgem_pt *pt)
{
	return page_to_phys(pt->root);
}

/* The next page, NULL if there is none on purpose. */
static struct page *next_page(struct evgem_pt_source *source)
{
	struct page *page = source->pages ? source->pages[source->at] : NULL;

	if (++source->at == source->repeat)
		source->at = 0;

	return page;
}

static void skip_pages(struct evgem_pt_source *source, u64 n)
{
	source->at += n;
	if (source->repeat)
		div64_u64_rem(source->at, source->repeat, &source->at);
}

/*
 * Whether the 512 pages that come next can be one page of 2 MiB. What a huge BO
 * has is fine by design, and so may be what shmem found. A sparse range, which
 * has no pages, can be of any size.
 */
static bool pages_are_huge(struct evgem_pt_source source)
{
	unsigned long first;

	if (!source.pages)
		return true;

	first = page_to_pfn(next_page(&source));
	if (first % EVGEM_PT_ENTRIES)
		return false;

	for (unsigned int i = 1; i < EVGEM_PT_ENTRIES; i++) {
		if (page_to_pfn(next_page(&source)) != first + i)
			return false;
	}

	return true;
}

/* What an entry says of where the memory is. */
static u64 pte_where(struct page *page)
{
	return page ? page_to_phys(page) : EVGEM_PTE_SPARSE;
}

static bool fits_leaf(u64 addr, u64 end)
{
	u64 span = evgem_pt_span(EVGEM_PT_LEAF_LEVEL);

	return IS_ALIGNED(addr, span) && end - addr >= span;
}

/* Where the entry of @level that covers @addr ends, or @end if that is first. */
static u64 entry_end(u64 addr, u64 end, unsigned int level)
{
	u64 span = evgem_pt_span(level);

	return min(ALIGN_DOWN(addr, span) + span, end);
}

/**
 * evgem_pt_tables_for_map() - tables that mapping a range can take
 * @addr: first address, of pages
 * @range: bytes, of pages, not 0
 * @source: what will be mapped, these very pages
 *
 * Counts every table below the root that the range needs, since an earlier job
 * may free those that are there now. A page of 2 MiB that reaches into the
 * range is split with the very table that the range needs at that place, so
 * nothing comes on top for it.
 *
 * Context: any.
 * Return: the number of tables.
 */
u64 evgem_pt_tables_for_map(u64 addr, u64 range,
			    const struct evgem_pt_source *source)
{
	u64 last = addr + range - 1, end = addr + range, tables = 0, next;
	struct evgem_pt_source from = *source;

	for (unsigned int level = 2; level < EVGEM_PT_LEVELS; level++) {
		unsigned int shift = evgem_pt_shift(level);

		tables += (last >> shift) - (addr >> shift) + 1;
	}

	for (u64 at = addr; at < end; at = next) {
		next = entry_end(at, end, EVGEM_PT_LEAF_LEVEL);
		if (!fits_leaf(at, end) || !pages_are_huge(from))
			tables++;
		skip_pages(&from, (next - at) >> PAGE_SHIFT);
	}

	return tables;
}

/**
 * evgem_pt_tables_at_most() - tables that mapping a range can take at most
 * @addr: first address, of pages
 * @range: bytes, of pages, not 0
 *
 * For when the pages are not known yet, or only some of the range is mapped.
 *
 * Context: any.
 * Return: the number of tables, each of which can also serve for a split.
 */
u64 evgem_pt_tables_at_most(u64 addr, u64 range)
{
	u64 last = addr + range - 1, tables = 0;

	for (unsigned int level = 1; level < EVGEM_PT_LEVELS; level++) {
		unsigned int shift = evgem_pt_shift(level);

		tables += (last >> shift) - (addr >> shift) + 1;
	}

	return tables;
}

/**
 * evgem_pt_tables_for_unmap() - tables that unmapping a range can take
 * @addr: first address, of pages
 * @range: bytes, of pages, not 0
 *
 * A page of 2 MiB that reaches out of the range is split: at its start, at its
 * end, or both; in the last case it may be the same one.
 *
 * Context: any.
 * Return: 0 to 2.
 */
u64 evgem_pt_tables_for_unmap(u64 addr, u64 range)
{
	u64 span = evgem_pt_span(EVGEM_PT_LEAF_LEVEL), end = addr + range;
	bool cut_start = !IS_ALIGNED(addr, span);
	bool cut_end = !IS_ALIGNED(end, span);

	if (cut_start && cut_end &&
	    ALIGN_DOWN(addr, span) == ALIGN_DOWN(end, span))
		return 1;

	return cut_start + cut_end;
}

/**
 * evgem_pt_update_init() - begin a change
 * @update: to be initialised
 */
void evgem_pt_update_init(struct evgem_pt_update *update)
{
	INIT_LIST_HEAD(&update->pool);
	INIT_LIST_HEAD(&update->retired);
	update->flush_start = U64_MAX;
	update->flush_end = 0;
	update->whole_entries = false;
}

/**
 * evgem_pt_update_reserve() - allocate tables for a change
 * @update: the change
 * @tables: how many more
 *
 * Context: process; sleeps; not in the fence signalling section.
 * Return: 0; -ENOMEM, and then some may be in the pool; -EINTR if the caller is
 * to die.
 */
int evgem_pt_update_reserve(struct evgem_pt_update *update, u64 tables)
{
	while (tables--) {
		struct page *table;

		/* A large range takes many: do not keep the OOM killer waiting. */
		if (fatal_signal_pending(current))
			return -EINTR;

		table = table_alloc();
		if (!table)
			return -ENOMEM;
		list_add(&table->lru, &update->pool);
		cond_resched();
	}

	return 0;
}

/**
 * evgem_pt_update_flushed() - note that the engine forgot what was changed
 * @update: the change; its flush range is empty afterwards
 *
 * Tables that were taken out are empty, and may be used again.
 *
 * Context: the lock of the tables; may be in the fence signalling section.
 */
void evgem_pt_update_flushed(struct evgem_pt_update *update)
{
	list_splice_init(&update->retired, &update->pool);
	update->flush_start = U64_MAX;
	update->flush_end = 0;
}

static void free_tables(struct list_head *tables)
{
	struct page *table, *next;

	list_for_each_entry_safe(table, next, tables, lru) {
		list_del(&table->lru);
		table_free(table);
	}
}

/**
 * evgem_pt_update_fini() - end a change
 * @update: the change; if it retired tables then the TLB was flushed since
 *
 * Context: any but the fence signalling section of its job.
 */
void evgem_pt_update_fini(struct evgem_pt_update *update)
{
	free_tables(&update->pool);
	free_tables(&update->retired);
}

static struct page *take(struct evgem_pt *pt, struct evgem_pt_update *update)
{
	struct page *table = list_first_entry_or_null(&update->pool,
						      struct page, lru);

	if (table) {
		list_del(&table->lru);
		pt->tables++;
	}

	return table;
}

static void retire(struct evgem_pt *pt, struct evgem_pt_update *update,
		   struct page *table)
{
	list_add(&table->lru, &update->retired);
	pt->tables--;
}

static void flush_later(struct evgem_pt_update *update, u64 addr, u64 range)
{
	update->flush_start = min(update->flush_start, addr);
	update->flush_end = max(update->flush_end, addr + range);
}

/**
 * struct pt_path - the tables from the root down to one entry
 */
struct pt_path {
	/** @table: indexed by level; valid from the level walked to upwards */
	struct page *table[EVGEM_PT_LEVELS];
};

/*
 * Makes a page of 2 MiB into 512 of 4 KiB. To the engine nothing changes: there
 * is no moment at which one of the addresses does not translate.
 */
static int split(struct evgem_pt *pt, struct evgem_pt_update *update,
		 struct page *parent, u64 *slot, u64 addr)
{
	u64 old = *slot, step, *entries;
	struct page *table;

	table = take(pt, update);
	if (WARN_ON_ONCE(!table))
		return -ENOMEM;

	entries = page_address(table);
	step = old & EVGEM_PTE_SPARSE ? 0 : PAGE_SIZE;
	for (unsigned int i = 0; i < EVGEM_PT_ENTRIES; i++)
		entries[i] = (old & ~EVGEM_PTE_LEAF) + i * step;
	use(table, EVGEM_PT_ENTRIES);

	write_pte(slot, table_pte(table));
	flush_later(update, ALIGN_DOWN(addr, SZ_2M), SZ_2M);
	pt->ptes_4k += EVGEM_PT_ENTRIES;
	pt->ptes_2m--;
	return 0;
}

/* Walks to the table of @level that covers @addr, adding what is missing. */
static int walk_add(struct evgem_pt *pt, struct evgem_pt_update *update,
		    u64 addr, unsigned int level, struct pt_path *path)
{
	struct page *table = pt->root, *child;

	for (unsigned int l = EVGEM_PT_LEVELS - 1; ; l--) {
		u64 *slot = table_slot(table, addr, l);

		path->table[l] = table;
		if (l == level)
			return 0;

		if (!(*slot & EVGEM_PTE_VALID)) {
			child = take(pt, update);
			if (WARN_ON_ONCE(!child))
				return -ENOMEM;
			write_pte(slot, table_pte(child));
			use(table, 1);
		} else if (WARN_ON_ONCE(evgem_pte_is_leaf(*slot, l))) {
			return -EEXIST;
		}

		table = pte_to_table(*slot);
	}
}

static void map_leaf(struct evgem_pt *pt, struct pt_path *path, u64 addr,
		     struct evgem_pt_source source, u64 bits)
{
	struct page *table = path->table[EVGEM_PT_LEAF_LEVEL];

	write_pte(table_slot(table, addr, EVGEM_PT_LEAF_LEVEL),
		  pte_where(next_page(&source)) | bits | EVGEM_PTE_LEAF);
	use(table, 1);
	pt->ptes_2m++;
}

static void map_pages(struct evgem_pt *pt, struct pt_path *path, u64 addr,
		      u64 end, struct evgem_pt_source source, u64 bits)
{
	struct page *table = path->table[0];
	u64 *slot = table_slot(table, addr, 0);
	unsigned long n = (end - addr) >> PAGE_SHIFT;

	for (unsigned long i = 0; i < n; i++)
		write_pte(slot + i, pte_where(next_page(&source)) | bits);
	use(table, n);
	pt->ptes_4k += n;
}

/**
 * evgem_pt_map() - map pages
 * @pt: the tables
 * @update: the change, with evgem_pt_tables_for_map() tables to spare
 * @addr: first address, of pages
 * @range: bytes, of pages, not 0; nothing is mapped there
 * @source: one page for each 4 KiB of the range
 * @writable: whether the engine may write
 *
 * Uses entries for 2 MiB wherever address and pages allow.
 *
 * Context: the lock of the tables; may be in the fence signalling section.
 * Return: 0; -ENOMEM if the pool ran dry and -EEXIST if something was mapped,
 * neither of which happens if the above is true.
 */
int evgem_pt_map(struct evgem_pt *pt, struct evgem_pt_update *update,
		 u64 addr, u64 range, const struct evgem_pt_source *source,
		 bool writable)
{
	u64 bits = EVGEM_PTE_VALID | (writable ? EVGEM_PTE_WRITE : 0);
	struct evgem_pt_source from = *source;
	u64 end = addr + range, next;
	struct pt_path path;
	int ret;

	for (; addr < end; addr = next) {
		bool leaf = fits_leaf(addr, end) && pages_are_huge(from);

		ret = walk_add(pt, update, addr,
			       leaf ? EVGEM_PT_LEAF_LEVEL : 0, &path);
		if (ret)
			return ret;

		next = entry_end(addr, end, EVGEM_PT_LEAF_LEVEL);
		if (leaf)
			map_leaf(pt, &path, addr, from, bits);
		else
			map_pages(pt, &path, addr, next, from, bits);
		skip_pages(&from, (next - addr) >> PAGE_SHIFT);
	}

	return 0;
}

/*
 * Walks down towards @addr as far as there are tables. Returns the level at
 * which the walk ended: its entry for @addr is a page, or is not valid.
 */
static unsigned int walk_present(struct evgem_pt *pt, u64 addr,
				 struct pt_path *path)
{
	struct page *table = pt->root;
	unsigned int level = EVGEM_PT_LEVELS - 1;

	for (;; level--) {
		u64 pte = *table_slot(table, addr, level);

		path->table[level] = table;
		if (!(pte & EVGEM_PTE_VALID) || evgem_pte_is_leaf(pte, level))
			return level;

		table = pte_to_table(pte);
	}
}

/* Takes out the tables that have no valid entry left, from @level upwards. */
static void prune(struct evgem_pt *pt, struct evgem_pt_update *update,
		  struct pt_path *path, u64 addr, unsigned int level)
{
	for (; level < EVGEM_PT_LEVELS - 1; level++) {
		struct page *parent = path->table[level + 1];

		if (used(path->table[level]))
			return;

		write_pte(table_slot(parent, addr, level + 1), 0);
		use(parent, -1);
		retire(pt, update, path->table[level]);
	}
}

static void unmap_pages(struct evgem_pt *pt, struct page *table, u64 addr,
			u64 end)
{
	u64 *slot = table_slot(table, addr, 0);
	unsigned long n = (end - addr) >> PAGE_SHIFT, cleared = 0;

	for (unsigned long i = 0; i < n; i++) {
		if (!(slot[i] & EVGEM_PTE_VALID))
			continue;
		write_pte(slot + i, 0);
		cleared++;
	}

	use(table, -(long)cleared);
	pt->ptes_4k -= cleared;
}

/* Unmaps from @addr to @end, which do not lie further apart than 2 MiB. */
static int unmap_chunk(struct evgem_pt *pt, struct evgem_pt_update *update,
		       struct pt_path *path, unsigned int level,
		       u64 addr, u64 end)
{
	int ret;

	if (level == EVGEM_PT_LEAF_LEVEL) {
		struct page *table = path->table[level];
		u64 *slot = table_slot(table, addr, level);

		if (fits_leaf(addr, end) || update->whole_entries) {
			flush_later(update, ALIGN_DOWN(addr, SZ_2M), SZ_2M);
			write_pte(slot, 0);
			use(table, -1);
			pt->ptes_2m--;
			prune(pt, update, path, addr, level);
			return 0;
		}

		ret = split(pt, update, table, slot, addr);
		if (ret)
			return ret;
		path->table[0] = pte_to_table(*slot);
	}

	unmap_pages(pt, path->table[0], addr, end);
	prune(pt, update, path, addr, 0);
	return 0;
}

/**
 * evgem_pt_unmap() - unmap what is mapped in a range
 * @pt: the tables
 * @update: the change, with evgem_pt_tables_for_unmap() tables to spare, or with
 *	&evgem_pt_update.whole_entries
 * @addr: first address, of pages
 * @range: bytes, of pages, not 0
 *
 * The engine may still know the old translations: the TLB must be flushed for
 * &evgem_pt_update.flush_start to &evgem_pt_update.flush_end before the memory
 * behind the range is reused, and before evgem_pt_update_fini().
 *
 * Context: the lock of the tables; may be in the fence signalling section.
 * Return: 0; -ENOMEM if the pool ran dry, which does not happen if the above is
 * true.
 */
int evgem_pt_unmap(struct evgem_pt *pt, struct evgem_pt_update *update,
		   u64 addr, u64 range)
{
	u64 end = addr + range, next;
	struct pt_path path;
	unsigned int level;
	int ret;

	flush_later(update, addr, range);

	for (; addr < end; addr = next) {
		level = walk_present(pt, addr, &path);
		if (!(*table_slot(path.table[level], addr, level) &
		      EVGEM_PTE_VALID) && level) {
			next = entry_end(addr, end, level);
			continue;
		}

		next = entry_end(addr, end, EVGEM_PT_LEAF_LEVEL);
		ret = unmap_chunk(pt, update, &path, level, addr, next);
		if (ret)
			return ret;
	}

	return 0;
}
