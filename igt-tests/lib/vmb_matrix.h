/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the two matrices of cuts have in common: rows, each a request over a few
 * mappings, and columns, each a kind of memory or a load.
 */
#ifndef VMB_MATRIX_H
#define VMB_MATRIX_H

#include "vmb_model.h"

/**
 * struct vmb_row - mappings side by side, and a request that cuts them
 *
 * There are @mappings of @each pages, the first at page VMB_ROW_START. The
 * request is for [@page, @page + @count), relative to that.
 */
struct vmb_row {
	const char *name;
	uint32_t mappings;
	uint32_t each;
	int page;
	uint32_t count;
};

#define VMB_ROW_START 8

enum vmb_column_flags {
	/** @VMB_COLUMN_PRIVATE: BOs that belong to the VM */
	VMB_COLUMN_PRIVATE = 1 << 0,
	/** @VMB_COLUMN_HUGE: BOs of large blocks, at addresses to match */
	VMB_COLUMN_HUGE = 1 << 1,
	/** @VMB_COLUMN_LOAD: what stays is in use all the time */
	VMB_COLUMN_LOAD = 1 << 2,
	/** @VMB_COLUMN_SPARSE: sparse in place of a BO */
	VMB_COLUMN_SPARSE = 1 << 3,
	/** @VMB_COLUMN_READONLY: read-only in place of writable */
	VMB_COLUMN_READONLY = 1 << 4,
	/** @VMB_COLUMN_SAME: a new mapping is of the BO that was there */
	VMB_COLUMN_SAME = 1 << 5,
	/** @VMB_COLUMN_CONTINUES: and goes on where its neighbours end */
	VMB_COLUMN_CONTINUES = 1 << 6,
	/** @VMB_COLUMN_USERPTR: memory of the process in place of BOs */
	VMB_COLUMN_USERPTR = 1 << 7,
	/** @VMB_COLUMN_AWAY: whose pages are gone when the request comes */
	VMB_COLUMN_AWAY = 1 << 8,
	/** @VMB_COLUMN_REPEAT: mappings of a few pages, over and over */
	VMB_COLUMN_REPEAT = 1 << 9,
	/** @VMB_COLUMN_LARGE: also with the rows of many pages */
	VMB_COLUMN_LARGE = 1 << 10,
};

struct vmb_column {
	const char *name;
	uint32_t flags;
	/** @needs: set of enum vmb_feature */
	uint32_t needs;
};

/**
 * struct vmb_cut - one cell of the matrix, ready for its request
 */
struct vmb_cut {
	struct vmb_vm vm;
	/** @old: mapped from page VMB_ROW_START on; @other: vmb_cut_other() */
	struct vmb_bo old, other;
	struct vmb_model *model;
	/** @page: where the request begins, in pages of the model */
	uint32_t page;
	struct vmb_load *load;
};

/* Puts the request of a cell into the model, for one bind. */
typedef void (*vmb_request_fn)(struct vmb_cut *cut, const struct vmb_row *row,
			       const struct vmb_column *column);

/** vmb_matrix() - the subtests ROW-COLUMN, for @request, called @what */
void vmb_matrix(const struct vmb_column *columns, unsigned int count,
		const char *what, vmb_request_fn request);
/** vmb_cut_other() - another BO, of the same kind, that is not mapped */
const struct vmb_bo *vmb_cut_other(struct vmb_cut *cut, uint32_t pages,
				   const struct vmb_column *column);

#endif
