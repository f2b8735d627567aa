// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Maps over what is mapped already, in every shape: ROW-COLUMN.
 */
#include "vmb_matrix.h"

IGT_TEST_DESCRIPTION("Maps that replace mappings in each way that there is");

static const struct vmb_column columns[] = {
	{ "other-bo", VMB_COLUMN_LARGE },
	{ "same-bo", VMB_COLUMN_SAME },
	{ "continues", VMB_COLUMN_SAME | VMB_COLUMN_CONTINUES },
	{ "private", VMB_COLUMN_PRIVATE, VMB_PRIVATE },
	{ "huge", VMB_COLUMN_HUGE | VMB_COLUMN_LARGE, VMB_HUGE },
	{ "over-readonly", VMB_COLUMN_READONLY, VMB_READONLY },
	{ "over-sparse", VMB_COLUMN_SPARSE | VMB_COLUMN_LARGE, VMB_SPARSE },
	{ "load", VMB_COLUMN_LOAD },
	{ "over-repeat", VMB_COLUMN_REPEAT, VMB_REPEAT },
	{ "userptr", VMB_COLUMN_USERPTR, VMB_USERPTR },
	{ "userptr-away", VMB_COLUMN_USERPTR | VMB_COLUMN_AWAY, VMB_USERPTR },
	{ "evicted", VMB_COLUMN_AWAY, VMB_LIMIT },
};

#define FROM 2

/* Where in the BO a mapping that continues begins. */
static uint32_t from(const struct vmb_cut *cut, const struct vmb_row *row)
{
	const struct vmb_model_page *page = &cut->model->page[cut->page];

	/* As the mapping under its first page, or from the start if none is. */
	return page->kind && row->count + page->offset / VMB_PAGE <=
			     cut->old.size / VMB_PAGE ?
	       page->offset / VMB_PAGE : 0;
}

static void map(struct vmb_dev *dev, const struct vmb_row *row,
		const struct vmb_column *column)
{
	struct vmb_cut cut;

	vmb_cut_begin(&cut, dev, row, column);
	if (column->flags & VMB_COLUMN_CONTINUES)
		vmb_model_map(cut.model, cut.page, row->count, &cut.old,
			      from(&cut, row));
	else if (column->flags & VMB_COLUMN_SAME)
		vmb_model_map(cut.model, cut.page, row->count, &cut.old, FROM);
	else
		vmb_model_map(cut.model, cut.page, row->count,
			      vmb_cut_other(&cut, FROM + row->count, column),
			      FROM);
	vmb_model_bind(cut.model);
	vmb_cut_end(&cut);
}

static void one(const struct vmb_row *row, const struct vmb_column *column)
{
	igt_describe_f("Map over: %s; new mapping: %s", row->name, column->name);
	igt_subtest_f("%s-%s", row->name, column->name) {
		struct vmb_dev dev;

		vmb_begin(&dev);
		vmb_need(&dev, column->needs);
		map(&dev, row, column);
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
