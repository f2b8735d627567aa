/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What a piece of a VM should look like: an entry for each page, so simple that
 * it cannot be wrong in the way that a tree of mappings can. Operations are
 * applied to both, then each page is looked at through the engine and the CPU.
 */
#ifndef VMB_MODEL_H
#define VMB_MODEL_H

#include "vmb.h"

#define VMB_MODEL_PAGES 2560
#define VMB_MODEL_OPS 1024

enum vmb_kind {
	VMB_NOTHING,
	VMB_WRITABLE,
	VMB_LOCKED,
	VMB_ZERO,
};

struct vmb_model_page {
	enum vmb_kind kind;
	/** @bo: what is mapped: @offset of it */
	const struct vmb_bo *bo;
	uint64_t offset;
	/** @id: number of the operation that mapped it */
	uint32_t id;
};

struct vmb_model {
	struct vmb_vm *vm;
	/** @base: address of page 0 */
	uint64_t base;
	uint32_t pages;
	uint32_t last_id;
	/** @empty: what is told of the VM with nothing of the model in it */
	struct vmb_report empty;
	struct vmb_model_page page[VMB_MODEL_PAGES];
	/** @ops: those that the model has, but not yet the VM */
	struct vmb_op ops[VMB_MODEL_OPS];
	uint32_t num_ops;
};

/**
 * vmb_model() - a new one, of pages where nothing is mapped
 *
 * Nothing else may be mapped by then within 512 GiB of it: it would
 * share page tables with the model.
 */
struct vmb_model *vmb_model(struct vmb_vm *vm, uint64_t base, uint32_t pages);

/* Add an operation. All in pages. */
void vmb_model_map(struct vmb_model *m, uint32_t page, uint32_t count,
		   const struct vmb_bo *bo, uint32_t bo_page);
void vmb_model_map_readonly(struct vmb_model *m, uint32_t page, uint32_t count,
			    const struct vmb_bo *bo, uint32_t bo_page);
/** vmb_model_repeat() - @length pages of the BO, again and again */
void vmb_model_repeat(struct vmb_model *m, uint32_t page, uint32_t count,
		      const struct vmb_bo *bo, uint32_t bo_page,
		      uint32_t length);
void vmb_model_unmap(struct vmb_model *m, uint32_t page, uint32_t count);
void vmb_model_sparse(struct vmb_model *m, uint32_t page, uint32_t count);
void vmb_model_unmap_bo(struct vmb_model *m, const struct vmb_bo *bo);

/** vmb_model_bind() - bind what was added, as one synchronous bind */
void vmb_model_bind(struct vmb_model *m);
/** vmb_model_async() - the same, queued */
void vmb_model_async(struct vmb_model *m, const struct vmb_sync *syncs,
		     uint32_t num_syncs);

/**
 * vmb_model_check() - the VM must be as the model says
 *
 * Each byte that is mapped is read by the engine, and compared with what the
 * CPU sees in the BO, or in its own memory. At each place where something begins or ends, and some
 * more, what is not mapped must fault, what is read-only refuse a write, and
 * what is writable let one through to the CPU. And the numbers of mappings,
 * entries and tables must be right, where they are told.
 */
void vmb_model_check(struct vmb_model *m);
/**
 * vmb_model_look() - a part of that: what is mapped, and the numbers
 *
 * Quicker, and all translations have been used after it.
 */
void vmb_model_look(struct vmb_model *m);
/** vmb_model_apply() - bind, then check */
void vmb_model_apply(struct vmb_model *m);
/** vmb_model_end() - unmap all, check that nothing is left, and free it */
void vmb_model_end(struct vmb_model *m);

#endif
