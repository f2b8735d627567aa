/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Mappings that are in the index, but in no leaf.
 */
#ifndef __GPUVA_INDEX_SPILL_H__
#define __GPUVA_INDEX_SPILL_H__

#include <drm/drm_gpuvm.h>

#include "gpuva_index.h"

/*
 * &drm_gpuva.__index is 0 outside of an index. In the tree it is the leaf, and
 * a slot; in the list the next mapping, or NULL at its end, and says so.
 */
#define GPUVA_SPILLED	1ul

static inline bool gpuva_is_spilled(const struct drm_gpuva *va)
{
	return va->__index[0] & GPUVA_SPILLED;
}

/* gpuva_index.c */
struct drm_gpuva *gpuva_tree_from(const struct gpuva_index *index, u64 addr);

void gpuva_spill_insert(struct gpuva_index *index, struct drm_gpuva *va);
void gpuva_spill_remove(struct gpuva_index *index, struct drm_gpuva *va);
struct drm_gpuva *gpuva_spill_pop(struct gpuva_index *index);
struct drm_gpuva *gpuva_spill_find(const struct gpuva_index *index,
				   u64 addr, u64 last);
struct drm_gpuva *gpuva_spill_next(const struct gpuva_index *index,
				   const struct drm_gpuva *va);
struct drm_gpuva *gpuva_spill_prev(const struct gpuva_index *index,
				   const struct drm_gpuva *va,
				   struct drm_gpuva *in_tree);

#endif
