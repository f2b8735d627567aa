/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What a piece of a VM should look like: an array with an entry for each page,
 * so simple that it cannot be wrong in the way that a tree of mappings can. A
 * bind is applied to both, then every page is looked at through the engine.
 */
#ifndef MODEL_H
#define MODEL_H

#include "rig.h"

#define MODEL_PAGES_MAX 2048

/**
 * struct model_page - what should be mapped at a page
 */
struct model_page {
	/** @bo: the BO, NULL if nothing is mapped */
	const struct bo *bo;
	/** @offset: where in the BO */
	uint64_t offset;
	/** @id: number of the map that did it */
	uint32_t id;
	bool readonly;
};

/**
 * struct model - pages of a VM
 */
struct model {
	struct rig *rig;
	/** @base: address of page 0 */
	uint64_t base;
	uint32_t pages;
	uint32_t last_id;
	/** @empty: the VM's state before anything of the model was mapped */
	struct drm_evgem_vm_state empty;
	struct model_page page[MODEL_PAGES_MAX];
};

void model_init(struct model *model, struct rig *rig, uint64_t base,
		uint32_t pages);

/* Append an operation to a bind, and apply it to the model. In pages. */
void model_map(struct model *model, struct evgem_bind *bind, uint32_t page,
	       uint32_t count, const struct bo *bo, uint32_t bo_page);
void model_map_readonly(struct model *model, struct evgem_bind *bind,
			uint32_t page, uint32_t count, const struct bo *bo,
			uint32_t bo_page);
/** @repeat: pages of the BO, from @bo_page on, that are mapped over and over */
void model_map_repeat(struct model *model, struct evgem_bind *bind,
		      uint32_t page, uint32_t count, const struct bo *bo,
		      uint32_t bo_page, uint32_t repeat);
void model_unmap_bo(struct model *model, struct evgem_bind *bind,
		    const struct bo *bo);
void model_unmap(struct model *model, struct evgem_bind *bind, uint32_t page,
		 uint32_t count);

/**
 * model_verify() - the VM must be as the model says
 *
 * Reads every byte of what is mapped, and compares the numbers of mappings,
 * entries and tables. At up to @probes places each: what is not mapped faults,
 * what is read-only cannot be written, what is writable can.
 */
void model_verify(struct model *model, unsigned int probes);

/** model_random() - a number below @limit; the same sequence for a seed */
uint32_t model_random(uint64_t *seed, uint32_t limit);

#endif
