// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Writing page tables, in the fence signalling section: pages of three sizes
 * side by side, and sparse ranges of five.
 *
 * The device walks the tables at any time, without a lock. Hence a table is
 * complete before an entry leads to it, what can be seen changes in one store,
 * and a table that was taken out stays as it is until the TLB was flushed.
 *
 * A block of 2 MiB has two tables where its pages are small. The big one wins:
 * an entry there says that the 64 KiB are one page, or sparse; where it has
 * none, the small table decides. So a page of 64 KiB is split by filling its
 * small entries first, unseen, and clearing the big one then.
 */
#include <kunit/static_stub.h>

#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "nv_mmu.h"
#include "nv_pte.h"

/* Directories that hold directories; PD0 and what is below are blocks. */
enum level {
	LEVEL_PD1,
	LEVEL_PD2,
	LEVEL_PD3,
	LEVELS,
};

static const u8 level_shift[] = {
	[LEVEL_PD1] = NV_PD1_SHIFT,
	[LEVEL_PD2] = NV_PD2_SHIFT,
	[LEVEL_PD3] = NV_PD3_SHIFT,
};

/* What a sparse entry of a level is; PD3 has none: no VM is that large. */
static const u8 level_size[] = {
	[LEVEL_PD1] = NV_MMU_512M,
	[LEVEL_PD2] = NV_MMU_256G,
};

/**
 * struct nv_path - the directories from the root down to one entry
 */
struct nv_path {
	/** @pd: by level; valid from the level walked to upwards */
	struct page *pd[LEVELS];
	/** @pd0: NULL if the walk ended above */
	struct page *pd0;
};

/* Entries of a table that are not zero. Kept in its page: only we need it. */
static unsigned long used(struct page *table)
{
	return page_private(table);
}

static void use(struct page *table, long n)
{
	set_page_private(table, used(table) + n);
}

static u64 *entries(struct page *table)
{
	return page_address(table);
}

static u64 table_pde(struct page *table)
{
	return nv_pde(NV_APERTURE_SYSTEM, page_to_phys(table));
}

/* NULL if there is none. PDEs of big tables differ in bits that pages have not. */
static struct page *pde_table(u64 pde)
{
	if (nv_pde_aperture(pde) == NV_APERTURE_INVALID)
		return NULL;

	return pfn_to_page(nv_pde_addr(pde) >> PAGE_SHIFT);
}

/* What was written to a table must be seen before the entry leading to it. */
static void write_entry(u64 *entry, u64 value)
{
	/* A KUnit case may look through the tables behind each store; else nothing. */
	KUNIT_STATIC_STUB_REDIRECT(write_entry, entry, value);

	/* Pairs with the acquire in the walk of the model. */
	smp_store_release(entry, value);
}

static u64 size_bytes(enum nv_mmu_size size)
{
	static const u8 shift[] = {
		[NV_MMU_4K] = NV_SMALL_SHIFT,
		[NV_MMU_64K] = NV_BIG_SHIFT,
		[NV_MMU_2M] = NV_PD0_SHIFT,
		[NV_MMU_512M] = NV_PD1_SHIFT,
		[NV_MMU_256G] = NV_PD2_SHIFT,
	};

	return BIT_ULL(shift[size]);
}

static bool fits(u64 addr, u64 end, enum nv_mmu_size size)
{
	return IS_ALIGNED(addr, size_bytes(size)) &&
	       end - addr >= size_bytes(size);
}

/* Where the entry that covers @addr ends, or @end if that is first. */
static u64 entry_end(u64 addr, u64 end, u64 span)
{
	return min(ALIGN_DOWN(addr, span) + span, end);
}

static u64 *level_entry(struct page *pd, u64 addr, enum level level)
{
	switch (level) {
	case LEVEL_PD1:
		return entries(pd) + nv_pd1_index(addr);
	case LEVEL_PD2:
		return entries(pd) + nv_pd2_index(addr);
	default:
		return entries(pd) + nv_pd3_index(addr);
	}
}

/* What an entry for a page or a sparse range counts as. */
static u64 *counter(struct nv_mmu *mmu, u64 entry, enum nv_mmu_size size)
{
	return nv_entry_is_sparse(entry) ? &mmu->sparse[size] :
					   &mmu->valid[size];
}

/**
 * nv_mmu_init() - make empty page tables
 * @mmu: zeroed
 *
 * Context: process; sleeps; not in the fence signalling section.
 * Return: 0; -ENOMEM.
 */
int nv_mmu_init(struct nv_mmu *mmu)
{
	mmu->root = nv_mmu_table_alloc();
	if (!mmu->root)
		return -ENOMEM;

	mmu->tables = 1;
	return 0;
}

/**
 * nv_mmu_fini() - free page tables
 * @mmu: with nothing mapped any more; zeroed is fine
 *
 * Context: any but the fence signalling section; the device does not know the
 * root any more: no channel has it, and the TLB was flushed since.
 */
void nv_mmu_fini(struct nv_mmu *mmu)
{
	if (!mmu->root)
		return;

	WARN_ON(used(mmu->root) || mmu->tables != 1);
	nv_mmu_table_free(mmu->root);
	mmu->root = NULL;
}

/**
 * nv_mmu_root_address() - what the device is told
 * @mmu: the page tables
 *
 * Context: any.
 * Return: the physical address of PD3.
 */
u64 nv_mmu_root_address(const struct nv_mmu *mmu)
{
	return page_to_phys(mmu->root);
}

static struct page *take(struct nv_mmu *mmu, struct nv_mmu_update *update)
{
	struct page *table = list_first_entry_or_null(&update->pool,
						      struct page, lru);

	if (WARN_ON_ONCE(!table))
		return NULL;

	list_del(&table->lru);
	mmu->tables++;
	return table;
}

static void retire(struct nv_mmu *mmu, struct nv_mmu_update *update,
		   struct page *table)
{
	list_add(&table->lru, &update->retired);
	mmu->tables--;
}

/* Makes a sparse entry of a directory into a directory of sparse entries. */
static int split_level(struct nv_mmu *mmu, struct nv_mmu_update *update,
		       u64 *entry, enum level level)
{
	enum nv_mmu_size size = level_size[level];
	bool pd0 = level == LEVEL_PD1;
	unsigned int step = pd0 ? NV_PD0_WORDS : 1;
	unsigned int n = pd0 ? NV_PD0_ENTRIES : NV_PD1_ENTRIES;
	struct page *table = take(mmu, update);

	if (!table)
		return -ENOMEM;

	for (unsigned int i = 0; i < n; i++)
		entries(table)[i * step] = NV_ENTRY_SPARSE;
	use(table, n);

	write_entry(entry, table_pde(table));
	mmu->sparse[size]--;
	mmu->sparse[size - 1] += n;
	update->flush = true;
	return 0;
}

/* Walks to the directory of @level for @addr, adding what is missing. */
static int walk_add(struct nv_mmu *mmu, struct nv_mmu_update *update, u64 addr,
		    int level, struct nv_path *path)
{
	struct page *table = mmu->root, *child;

	for (int l = LEVEL_PD3; ; l--) {
		u64 *entry;

		path->pd[l] = table;
		if (l == level)
			return 0;

		entry = level_entry(table, addr, l);
		if (WARN_ON_ONCE(nv_entry_is_sparse(*entry)))
			return -EEXIST;

		child = pde_table(*entry);
		if (!child) {
			child = take(mmu, update);
			if (!child)
				return -ENOMEM;
			write_entry(entry, table_pde(child));
			use(table, 1);
		}

		if (l == LEVEL_PD1) {
			path->pd0 = child;
			return 0;
		}
		table = child;
	}
}

static int walk_add_pd0(struct nv_mmu *mmu, struct nv_mmu_update *update,
			u64 addr, struct nv_path *path)
{
	return walk_add(mmu, update, addr, -1, path);
}

/* Takes out the directories that are empty, from PD0 or @level upwards. */
static void prune(struct nv_mmu *mmu, struct nv_mmu_update *update,
		  struct nv_path *path, u64 addr, int level)
{
	struct page *child = level == LEVEL_PD1 ? path->pd0 :
						  path->pd[level - 1];

	for (; level < LEVELS && !used(child); level++) {
		write_entry(level_entry(path->pd[level], addr, level), 0);
		use(path->pd[level], -1);
		retire(mmu, update, child);
		child = path->pd[level];
	}
}

/**
 * struct block - an entry of PD0, and what it leads to
 *
 * PD0 counts the entry as used for each of its tables, or once for a page.
 */
struct block {
	/** @pd0: the directory */
	struct page *pd0;
	/** @entry: the entry, of two quadwords */
	u64 *entry;
	/** @big: its table of pages of 64 KiB, or NULL */
	struct page *big;
	/** @small: its table of pages of 4 KiB, or NULL */
	struct page *small;
};

static struct block block_of(struct page *pd0, u64 addr)
{
	u64 *entry = entries(pd0) + nv_pd0_index(addr);
	struct block block = { .pd0 = pd0, .entry = entry };

	if (!(entry[NV_PD0_BIG] & NV_PDE_IS_PTE)) {
		block.big = pde_table(entry[NV_PD0_BIG]);
		block.small = pde_table(entry[NV_PD0_SMALL]);
	}

	return block;
}

static bool block_is_page(const struct block *block)
{
	return (block->entry[NV_PD0_BIG] & NV_PDE_IS_PTE) ||
	       nv_entry_is_sparse(block->entry[NV_PD0_BIG]);
}

static int add_big(struct nv_mmu *mmu, struct nv_mmu_update *update,
		   struct block *block)
{
	if (block->big)
		return 0;

	block->big = take(mmu, update);
	if (!block->big)
		return -ENOMEM;

	write_entry(&block->entry[NV_PD0_BIG], table_pde(block->big));
	use(block->pd0, 1);
	return 0;
}

static int add_small(struct nv_mmu *mmu, struct nv_mmu_update *update,
		     struct block *block)
{
	if (block->small)
		return 0;

	block->small = take(mmu, update);
	if (!block->small)
		return -ENOMEM;

	write_entry(&block->entry[NV_PD0_SMALL], table_pde(block->small));
	use(block->pd0, 1);
	return 0;
}

/* What @entry says of the piece @i of those of @size that it is made of. */
static u64 piece_of(u64 entry, unsigned int i, enum nv_mmu_size size)
{
	if (nv_entry_is_sparse(entry))
		return entry;

	return entry + (i * size_bytes(size) >> NV_ENTRY_ADDR_SHIFT);
}

/*
 * Makes a page of 2 MiB into 32 of 64 KiB. For the device there is no moment at
 * which one of the addresses does not translate, here and below.
 */
static int split_block(struct nv_mmu *mmu, struct nv_mmu_update *update,
		       struct block *block)
{
	u64 old = block->entry[NV_PD0_BIG];
	struct page *big = take(mmu, update);

	if (!big)
		return -ENOMEM;

	for (unsigned int i = 0; i < NV_BIG_ENTRIES; i++)
		entries(big)[i] = piece_of(old, i, NV_MMU_64K);
	use(big, NV_BIG_ENTRIES);

	write_entry(&block->entry[NV_PD0_BIG], table_pde(big));
	block->big = big;
	--*counter(mmu, old, NV_MMU_2M);
	*counter(mmu, old, NV_MMU_64K) += NV_BIG_ENTRIES;
	update->flush = true;
	return 0;
}

/* Makes a page of 64 KiB into 16 of 4 KiB. */
static int split_big(struct nv_mmu *mmu, struct nv_mmu_update *update,
		     struct block *block, u64 addr)
{
	u64 *entry = entries(block->big) + nv_big_index(addr), old = *entry;
	unsigned int n = NV_SMALL_ENTRIES / NV_BIG_ENTRIES;
	u64 *small;
	int ret;

	ret = add_small(mmu, update, block);
	if (ret)
		return ret;

	small = entries(block->small) +
		nv_small_index(ALIGN_DOWN(addr, SZ_64K));
	for (unsigned int i = 0; i < n; i++)
		write_entry(&small[i], piece_of(old, i, NV_MMU_4K));
	use(block->small, n);

	/* From here on the small table decides. */
	write_entry(entry, 0);
	use(block->big, -1);
	--*counter(mmu, old, NV_MMU_64K);
	*counter(mmu, old, NV_MMU_4K) += n;
	update->flush = true;
	return 0;
}

/* Whether what comes next can be one page of @size. */
static bool is_page(const struct nv_mmu_source *source, u64 offset,
		    enum nv_mmu_size size)
{
	u64 length, addr;

	if (source->aperture == NV_APERTURE_INVALID)
		return true;
	if (size > source->max)
		return false;

	addr = source->extent(source, offset, &length);
	return IS_ALIGNED(addr, size_bytes(size)) && length >= size_bytes(size);
}

static u64 entry_for(const struct nv_mmu_source *source, u64 offset)
{
	u64 length;

	if (source->aperture == NV_APERTURE_INVALID)
		return NV_ENTRY_SPARSE;

	return nv_pte(source->aperture,
		      source->extent(source, offset, &length), source->kind);
}

/* Maps from @addr to @end, within 64 KiB. */
static int map_chunk(struct nv_mmu *mmu, struct nv_mmu_update *update,
		     struct block *block, u64 addr, u64 end,
		     const struct nv_mmu_source *source, u64 offset)
{
	u64 entry = 0, *slot;
	int ret;

	if (fits(addr, end, NV_MMU_64K) &&
	    is_page(source, offset, NV_MMU_64K)) {
		ret = add_big(mmu, update, block);
		if (ret)
			return ret;

		slot = entries(block->big) + nv_big_index(addr);
		if (WARN_ON_ONCE(*slot))
			return -EEXIST;

		entry = entry_for(source, offset);
		write_entry(slot, entry);
		use(block->big, 1);
		++*counter(mmu, entry, NV_MMU_64K);
		return 0;
	}

	ret = add_small(mmu, update, block);
	if (ret)
		return ret;
	if (WARN_ON_ONCE(block->big &&
			 entries(block->big)[nv_big_index(addr)]))
		return -EEXIST;

	slot = entries(block->small) + nv_small_index(addr);
	use(block->small, (end - addr) / SZ_4K);
	for (; addr < end; addr += SZ_4K, offset += SZ_4K) {
		entry = entry_for(source, offset);
		write_entry(slot++, entry);
		++*counter(mmu, entry, NV_MMU_4K);
	}

	return 0;
}

/* Maps from @addr to @end, within 2 MiB. */
static int map_block(struct nv_mmu *mmu, struct nv_mmu_update *update,
		     struct page *pd0, u64 addr, u64 end,
		     const struct nv_mmu_source *source, u64 offset)
{
	struct block block = block_of(pd0, addr);
	u64 entry, next;
	int ret = 0;

	if (WARN_ON_ONCE(block_is_page(&block)))
		return -EEXIST;

	if (fits(addr, end, NV_MMU_2M) && !block.big && !block.small &&
	    is_page(source, offset, NV_MMU_2M)) {
		entry = entry_for(source, offset);
		write_entry(&block.entry[NV_PD0_BIG], entry);
		use(pd0, 1);
		++*counter(mmu, entry, NV_MMU_2M);
		return 0;
	}

	for (; addr < end && !ret; offset += next - addr, addr = next) {
		next = entry_end(addr, end, SZ_64K);
		ret = map_chunk(mmu, update, &block, addr, next, source,
				offset);
	}

	return ret;
}

static int map_sparse_level(struct nv_mmu *mmu, struct nv_mmu_update *update,
			    u64 addr, enum level level)
{
	struct nv_path path;
	u64 *entry;
	int ret;

	ret = walk_add(mmu, update, addr, level, &path);
	if (ret)
		return ret;

	entry = level_entry(path.pd[level], addr, level);
	if (WARN_ON_ONCE(*entry))
		return -EEXIST;

	write_entry(entry, NV_ENTRY_SPARSE);
	use(path.pd[level], 1);
	mmu->sparse[level_size[level]]++;
	return 0;
}

/* The level of the entry that a sparse range should have here, or -1. */
static int sparse_level(u64 addr, u64 end, const struct nv_mmu_source *source)
{
	if (source->aperture != NV_APERTURE_INVALID)
		return -1;
	if (fits(addr, end, NV_MMU_256G))
		return LEVEL_PD2;

	return fits(addr, end, NV_MMU_512M) ? LEVEL_PD1 : -1;
}

/**
 * nv_mmu_map() - map memory, or make a range sparse
 * @mmu: the page tables
 * @update: the change, with what nv_mmu_reserve_map() or _sparse() set aside
 * @addr: first address, of pages of 4 KiB
 * @range: bytes, of pages of 4 KiB, not 0; nothing is mapped there
 * @source: what comes there
 *
 * Uses the largest entries that addresses and memory allow.
 *
 * Context: the lock of the page tables; may be in the fence signalling section.
 * Return: 0; -ENOMEM if the pool ran dry and -EEXIST if something was mapped,
 * neither of which happens if the above is true.
 */
int nv_mmu_map(struct nv_mmu *mmu, struct nv_mmu_update *update, u64 addr,
	       u64 range, const struct nv_mmu_source *source)
{
	u64 offset = source->offset, end = addr + range, next;
	struct nv_path path;
	int ret = 0;

	for (; addr < end && !ret; offset += next - addr, addr = next) {
		int level = sparse_level(addr, end, source);

		if (level >= 0) {
			next = addr + BIT_ULL(level_shift[level]);
			ret = map_sparse_level(mmu, update, addr, level);
			continue;
		}

		next = entry_end(addr, end, SZ_2M);
		ret = walk_add_pd0(mmu, update, addr, &path);
		if (!ret)
			ret = map_block(mmu, update, path.pd0, addr, next,
					source, offset);
	}

	return ret;
}

static void clear_small(struct nv_mmu *mmu, struct nv_mmu_update *update,
			struct page *small, u64 addr, u64 end)
{
	u64 *slot = entries(small) + nv_small_index(addr);

	for (; addr < end; addr += SZ_4K, slot++) {
		if (!*slot)
			continue;

		--*counter(mmu, *slot, NV_MMU_4K);
		write_entry(slot, 0);
		use(small, -1);
		update->flush = true;
	}
}

static void clear_entry(struct nv_mmu *mmu, struct nv_mmu_update *update,
			struct page *table, u64 *entry, enum nv_mmu_size size)
{
	--*counter(mmu, *entry, size);
	write_entry(entry, 0);
	use(table, -1);
	update->flush = true;
}

/* Unmaps from @addr to @end, within 64 KiB. */
static int unmap_chunk(struct nv_mmu *mmu, struct nv_mmu_update *update,
		       struct block *block, u64 addr, u64 end)
{
	u64 *big = block->big ? entries(block->big) + nv_big_index(addr) : NULL;
	int ret;

	if (big && *big) {
		if (fits(addr, end, NV_MMU_64K) || update->whole_entries) {
			clear_entry(mmu, update, block->big, big, NV_MMU_64K);
			return 0;
		}

		ret = split_big(mmu, update, block, addr);
		if (ret)
			return ret;
	}

	if (block->small)
		clear_small(mmu, update, block->small, addr, end);

	return 0;
}

/* Takes out the tables of a block that are empty. */
static void prune_block(struct nv_mmu *mmu, struct nv_mmu_update *update,
			struct block *block)
{
	if (block->big && !used(block->big)) {
		write_entry(&block->entry[NV_PD0_BIG], 0);
		use(block->pd0, -1);
		retire(mmu, update, block->big);
	}

	if (block->small && !used(block->small)) {
		write_entry(&block->entry[NV_PD0_SMALL], 0);
		use(block->pd0, -1);
		retire(mmu, update, block->small);
	}
}

/* Unmaps from @addr to @end, within 2 MiB. */
static int unmap_block(struct nv_mmu *mmu, struct nv_mmu_update *update,
		       struct page *pd0, u64 addr, u64 end)
{
	struct block block = block_of(pd0, addr);
	u64 next;
	int ret;

	if (block_is_page(&block)) {
		if (fits(addr, end, NV_MMU_2M) || update->whole_entries) {
			clear_entry(mmu, update, pd0, &block.entry[NV_PD0_BIG],
				    NV_MMU_2M);
			return 0;
		}

		ret = split_block(mmu, update, &block);
		if (ret)
			return ret;
	}

	for (; addr < end; addr = next) {
		next = entry_end(addr, end, SZ_64K);
		ret = unmap_chunk(mmu, update, &block, addr, next);
		if (ret)
			return ret;
	}

	prune_block(mmu, update, &block);
	return 0;
}

/*
 * Walks down towards @addr as far as there are directories. Returns the level
 * at which the walk ended, -1 if it reached PD0.
 */
static int walk_present(struct nv_mmu *mmu, u64 addr, struct nv_path *path)
{
	struct page *table = mmu->root;

	path->pd0 = NULL;
	for (int l = LEVEL_PD3; ; l--) {
		path->pd[l] = table;
		table = pde_table(*level_entry(table, addr, l));
		if (!table)
			return l;

		if (l == LEVEL_PD1) {
			path->pd0 = table;
			return -1;
		}
	}
}

/* Unmaps an entry of a directory in which no directory is. */
static int unmap_level(struct nv_mmu *mmu, struct nv_mmu_update *update,
		       struct nv_path *path, enum level level, u64 *addr, u64 end)
{
	u64 *entry = level_entry(path->pd[level], *addr, level);
	u64 span = BIT_ULL(level_shift[level]);

	if (nv_entry_is_sparse(*entry)) {
		if (!update->whole_entries &&
		    !fits(*addr, end, level_size[level]))
			/* And then once more from the same address. */
			return split_level(mmu, update, entry, level);

		clear_entry(mmu, update, path->pd[level], entry,
			    level_size[level]);
		if (level < LEVEL_PD3)
			prune(mmu, update, path, *addr, level + 1);
	}

	*addr = entry_end(*addr, end, span);
	return 0;
}

/**
 * nv_mmu_unmap() - unmap what is mapped or sparse in a range
 * @mmu: the page tables
 * @update: the change, with what nv_mmu_reserve_unmap() set aside, or with
 *	&nv_mmu_update.whole_entries
 * @addr: first address, of pages of 4 KiB
 * @range: bytes, of pages of 4 KiB, not 0
 *
 * The device may still know the old translations: if &nv_mmu_update.flush is
 * set, the TLB must be flushed before the memory behind the range is reused,
 * and before nv_mmu_update_flushed() and nv_mmu_update_fini().
 *
 * Context: the lock of the page tables; may be in the fence signalling section.
 * Return: 0; -ENOMEM if the pool ran dry, which does not happen if the above is
 * true.
 */
int nv_mmu_unmap(struct nv_mmu *mmu, struct nv_mmu_update *update, u64 addr,
		 u64 range)
{
	u64 end = addr + range, next;
	struct nv_path path;
	int ret = 0;

	while (addr < end && !ret) {
		int level = walk_present(mmu, addr, &path);

		if (level >= 0) {
			ret = unmap_level(mmu, update, &path, level, &addr,
					  end);
			continue;
		}

		next = entry_end(addr, end, SZ_2M);
		ret = unmap_block(mmu, update, path.pd0, addr, next);
		if (!ret)
			prune(mmu, update, &path, addr, LEVEL_PD1);
		addr = next;
	}

	return ret;
}
