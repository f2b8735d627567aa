// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Unmaps of every shape, over memory of every kind: ROW-COLUMN.
 */
#include "vmb_matrix.h"

IGT_TEST_DESCRIPTION("Unmaps that cut mappings in each way that there is");

static const struct vmb_column columns[] = {
	{ "shared", 0 },
	{ "private", VMB_COLUMN_PRIVATE, VMB_PRIVATE },
	{ "huge", VMB_COLUMN_HUGE, VMB_HUGE },
	{ "sparse", VMB_COLUMN_SPARSE, VMB_SPARSE },
	{ "load", VMB_COLUMN_LOAD },
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

		vmb_open(&dev);
		vmb_need(&dev, column->needs);
		unmap(&dev, row, column);
		vmb_close(&dev);
	}
}

int igt_main()
{
	for (unsigned int c = 0; c < ARRAY_SIZE(columns); c++)
		for (unsigned int r = 0; r < vmb_num_rows; r++)
			one(&vmb_rows[r], &columns[c]);
}
