// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Unmaps of every shape, over memory of every kind: ROW-COLUMN.
 */
#include "vmb_matrix.h"

IGT_TEST_DESCRIPTION("Unmaps that cut mappings in each way that there is");

static const struct vmb_column columns[] = {
	{ "shared", VMB_COLUMN_LARGE },
	{ "private", VMB_COLUMN_PRIVATE, VMB_PRIVATE },
	{ "huge", VMB_COLUMN_HUGE | VMB_COLUMN_LARGE, VMB_HUGE },
	{ "sparse", VMB_COLUMN_SPARSE | VMB_COLUMN_LARGE, VMB_SPARSE },
	{ "load", VMB_COLUMN_LOAD },
	{ "repeat", VMB_COLUMN_REPEAT, VMB_REPEAT },
	{ "userptr", VMB_COLUMN_USERPTR | VMB_COLUMN_LARGE, VMB_USERPTR },
	{ "userptr-away", VMB_COLUMN_USERPTR | VMB_COLUMN_AWAY, VMB_USERPTR },
	{ "userptr-load", VMB_COLUMN_USERPTR | VMB_COLUMN_LOAD, VMB_USERPTR },
	{ "evicted", VMB_COLUMN_AWAY, VMB_LIMIT },
};

static void unmap(struct vmb_cut *cut, const struct vmb_row *row,
		  const struct vmb_column *column)
{
	(void)column;
	vmb_model_unmap(cut->model, cut->page, row->count);
}

VMB_MAIN()
{
	vmb_matrix(columns, ARRAY_SIZE(columns), "Unmap", unmap);
}
