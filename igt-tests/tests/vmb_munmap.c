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

static void unmap(struct vmb_dev *dev, const struct vmb_row *row,
		  const struct vmb_column *column)
{
	struct vmb_cut cut;

	vmb_cut_begin(&cut, dev, row, column);
	vmb_model_unmap(cut.model, cut.page, row->count);
	vmb_model_bind(cut.model);
	vmb_cut_end(&cut);
}

static void one(const struct vmb_row *row, const struct vmb_column *column)
{
	igt_describe_f("Unmap: %s; memory: %s", row->name, column->name);
	igt_subtest_f("%s-%s", row->name, column->name) {
		struct vmb_dev dev;

		vmb_begin(&dev);
		vmb_need(&dev, column->needs);
		unmap(&dev, row, column);
		vmb_end(&dev);
	}
}

VMB_MAIN()
{
	for (unsigned int c = 0; c < ARRAY_SIZE(columns); c++)
		for (unsigned int r = 0; r < vmb_num_rows; r++)
			if (vmb_has_cell(&vmb_rows[r], &columns[c]))
				one(&vmb_rows[r], &columns[c]);
}
