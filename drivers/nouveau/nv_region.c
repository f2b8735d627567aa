// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse regions, see nv_region.h.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include <drm_gpuvm_compat.h>

#include "nv_region.h"

static struct nv_region *to_region(struct rb_node *node)
{
	return rb_entry_safe(node, struct nv_region, node);
}

/**
 * nv_regions_init() - begin without any region
 * @regions: the regions
 */
void nv_regions_init(struct nv_regions *regions)
{
	regions->tree = RB_ROOT;
	INIT_LIST_HEAD(&regions->changes);
	regions->count = 0;
}

/**
 * nv_regions_fini() - free all regions
 * @regions: the regions, without changes that are not committed
 */
void nv_regions_fini(struct nv_regions *regions)
{
	struct nv_region *region, *next;

	rbtree_postorder_for_each_entry_safe(region, next, &regions->tree, node)
		kfree(region);
	nv_regions_init(regions);
}

/**
 * nv_region_first() - the first region that a range touches
 * @regions: the regions
 * @addr: first address
 * @range: length, not 0; the end does not wrap
 *
 * Return: the region, or NULL.
 */
struct nv_region *nv_region_first(struct nv_regions *regions, u64 addr,
				  u64 range)
{
	struct rb_node *node = regions->tree.rb_node;
	struct nv_region *found = NULL;

	while (node) {
		struct nv_region *region = to_region(node);

		if (nv_region_end(region) > addr) {
			found = region;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}

	return found && found->addr < addr + range ? found : NULL;
}

/**
 * nv_region_next() - the next region that a range touches
 * @region: one of them
 * @addr: first address of the range
 * @range: its length
 *
 * Return: the region behind @region, or NULL.
 */
struct nv_region *nv_region_next(struct nv_region *region, u64 addr, u64 range)
{
	struct nv_region *next = to_region(rb_next(&region->node));

	return next && next->addr < addr + range ? next : NULL;
}

static void insert(struct nv_regions *regions, struct nv_region *region)
{
	struct rb_node **link = &regions->tree.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (region->addr < to_region(parent)->addr)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}

	rb_link_node(&region->node, parent, link);
	rb_insert_color(&region->node, &regions->tree);
	regions->count++;
}

static void take_out(struct nv_regions *regions, struct nv_region *region)
{
	rb_erase(&region->node, &regions->tree);
	RB_CLEAR_NODE(&region->node);
	regions->count--;
}

/**
 * nv_region_create() - make a region, until further notice
 * @regions: the regions
 * @addr: first address
 * @range: length
 *
 * Return: 0; -ENOSPC if it touches another; -ENOMEM.
 */
int nv_region_create(struct nv_regions *regions, u64 addr, u64 range)
{
	struct nv_region *region;

	if (nv_region_first(regions, addr, range))
		return -ENOSPC;

	region = kzalloc_obj(*region, GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;

	region->addr = addr;
	region->range = range;
	region->created = true;
	insert(regions, region);
	list_add_tail(&region->change, &regions->changes);
	return 0;
}

/**
 * nv_region_remove() - remove a region, until further notice
 * @regions: the regions
 * @addr: first address
 * @range: length
 *
 * Return: 0; -ENOENT if there is no region of just this range.
 */
int nv_region_remove(struct nv_regions *regions, u64 addr, u64 range)
{
	struct nv_region *region = nv_region_first(regions, addr, range);

	if (!region || region->addr != addr || region->range != range)
		return -ENOENT;

	take_out(regions, region);
	if (!region->created)
		list_add_tail(&region->change, &regions->changes);
	return 0;
}

/**
 * nv_regions_commit() - what was changed stays so
 * @regions: the regions
 */
void nv_regions_commit(struct nv_regions *regions)
{
	struct nv_region *region, *next;

	list_for_each_entry_safe(region, next, &regions->changes, change) {
		list_del_init(&region->change);
		region->created = false;
		if (RB_EMPTY_NODE(&region->node))
			kfree(region);
	}
}

/**
 * nv_regions_rollback() - what was changed is as it was
 * @regions: the regions
 *
 * What came goes before what went comes back, or the two would overlap.
 */
void nv_regions_rollback(struct nv_regions *regions)
{
	struct nv_region *region, *next;

	list_for_each_entry_safe(region, next, &regions->changes, change) {
		if (!region->created)
			continue;
		list_del(&region->change);
		if (!RB_EMPTY_NODE(&region->node))
			take_out(regions, region);
		kfree(region);
	}

	list_for_each_entry_safe(region, next, &regions->changes, change) {
		list_del_init(&region->change);
		insert(regions, region);
	}
}
