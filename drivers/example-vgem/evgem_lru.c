// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A limit on the memory that BOs have at once.
 *
 * Shows what is left for a driver when the core decides who loses its memory, and
 * when it comes back: what the limit is, which BOs have to stay, and whether
 * memory reclaim may ask. To take memory away and to give it again is
 * evgem_gem.c's part.
 *
 * For your own hardware: the limit is the size of its memory, or there is none
 * and only memory reclaim asks.
 */
#include <linux/moduleparam.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include <drm/drm_managed.h>

#include "evgem_device.h"
#include "evgem_gem.h"

static unsigned int max_resident_kb;
module_param(max_resident_kb, uint, 0644);
MODULE_PARM_DESC(max_resident_kb,
		 "KiB of memory that BOs may have at once (default 0: no limit)");

static unsigned int shrink = 1;
module_param(shrink, uint, 0644);
MODULE_PARM_DESC(shrink,
		 "Evict when memory is short: 0 never, 1 if there is swap (default), 2 always");

static u64 lru_limit(void *priv)
{
	return round_down((u64)READ_ONCE(max_resident_kb) * SZ_1K, PAGE_SIZE);
}

/* Without swap the pages would have nowhere to go. */
static bool lru_may_shrink(void *priv)
{
	unsigned int mode = READ_ONCE(shrink);

	return mode == 1 ? get_nr_swap_pages() > 0 : mode;
}

/* Another driver has what is pinned; to copy what is huge takes memory. */
static bool lru_may_evict(struct drm_gpuvm_lru_obj *lobj, bool reclaim)
{
	struct evgem_bo *bo = to_evgem_bo(lobj->obj);

	return !bo->pins && !(bo->huge && reclaim);
}

static const struct drm_gpuvm_lru_ops lru_ops = {
	.populate = evgem_gem_get_pages,
	.evict = evgem_gem_put_pages,
	.may_evict = lru_may_evict,
	.limit = lru_limit,
	.may_shrink = lru_may_shrink,
};

static void lru_release(struct drm_device *drm, void *lru)
{
	drm_gpuvm_lru_destroy(lru);
}

/**
 * evgem_lru_init() - begin to count
 * @evgem: the device, not registered
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_lru_init(struct evgem_device *evgem)
{
	const struct drm_gpuvm_lru_args args = {
		.ops = &lru_ops,
		.name = "example-vgem",
		.cleanup_wq = evgem_release_wq,
	};

	evgem->lru = drm_gpuvm_lru_create(&args);
	if (IS_ERR(evgem->lru))
		return PTR_ERR(evgem->lru);

	return drmm_add_action_or_reset(&evgem->drm, lru_release, evgem->lru);
}
