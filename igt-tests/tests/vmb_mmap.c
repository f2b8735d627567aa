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

static void map(struct vmb_cut *cut, const struct vmb_row *row,
		const struct vmb_column *column)
{
	const struct vmb_bo *bo = &cut->old;
	uint32_t offset = FROM;

	if (column->flags & VMB_COLUMN_CONTINUES)
		offset = from(cut, row);
	else if (!(column->flags & VMB_COLUMN_SAME))
		bo = vmb_cut_other(cut, FROM + row->count, column);

	vmb_model_map(cut->model, cut->page, row->count, bo, offset);
}

VMB_MAIN()
{
	vmb_matrix(columns, ARRAY_SIZE(columns), "Map over", map);
}
