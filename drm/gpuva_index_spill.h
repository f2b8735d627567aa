/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Mappings that are in the index, but in no leaf.
 */
#ifndef __GPUVA_INDEX_SPILL_H__
#define __GPUVA_INDEX_SPILL_H__

#include <drm/drm_gpuvm.h>

#include "gpuva_index.h"

/*
 * &drm_gpuva.__index is 0 outside of an index. In the tree it is the index; in
 * the list the next mapping, or at its end the index, and says so.
 */
#define GPUVA_SPILLED	1ul
#define GPUVA_SPILL_END	2ul
#define GPUVA_SPILL_MASK (GPUVA_SPILLED | GPUVA_SPILL_END)

static inline bool gpuva_is_spilled(const struct drm_gpuva *va)
{
	return va->__index[0] & GPUVA_SPILLED;
}

struct gpuva_index *gpuva_spill_index_of(const struct drm_gpuva *va);

/* The index that a mapping is in. */
static inline struct gpuva_index *gpuva_index_of(const struct drm_gpuva *va)
{
	if (unlikely(gpuva_is_spilled(va)))
		return gpuva_spill_index_of(va);

	return (struct gpuva_index *)(unsigned long)va->__index[0];
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
