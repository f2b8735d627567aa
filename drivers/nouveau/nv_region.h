/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse regions: ranges of a VM where nothing mapped means zeros.
 *
 * The page tables know sparse mappings alone; that such a range is one thing,
 * made and removed as a whole, is a rule of the uAPI, and kept in here. Changes
 * are taken back as a whole when a bind fails, which needs no memory.
 */
#ifndef __NV_REGION_H__
#define __NV_REGION_H__

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/**
 * struct nv_regions - the sparse regions of a VM
 *
 * All members are protected by the lock that the owner holds around changes.
 */
struct nv_regions {
	/** @tree: struct nv_region by address; they do not overlap */
	struct rb_root tree;
	/** @changes: since the last commit or rollback, &nv_region.change */
	struct list_head changes;
	/** @count: regions in @tree */
	u64 count;
};

/**
 * struct nv_region - one of them
 */
struct nv_region {
	/** @node: in &nv_regions.tree; empty if removed */
	struct rb_node node;
	/** @change: in &nv_regions.changes */
	struct list_head change;
	/** @created: not there before those changes */
	bool created;
	/** @addr: first address */
	u64 addr;
	/** @range: length */
	u64 range;
};

static inline u64 nv_region_end(const struct nv_region *region)
{
	return region->addr + region->range;
}

void nv_regions_init(struct nv_regions *regions);
void nv_regions_fini(struct nv_regions *regions);
struct nv_region *nv_region_first(struct nv_regions *regions, u64 addr,
				  u64 range);
struct nv_region *nv_region_next(struct nv_region *region, u64 addr, u64 range);
int nv_region_create(struct nv_regions *regions, u64 addr, u64 range);
int nv_region_remove(struct nv_regions *regions, u64 addr, u64 range);
void nv_regions_commit(struct nv_regions *regions);
void nv_regions_rollback(struct nv_regions *regions);

#endif
