// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Rows and columns of the matrices.
 */
#include <sys/mman.h>

#include "vmb_matrix.h"

#define LOADED 32
#define PIECE 3
#define LARGE 512

static const struct vmb_row rows[] = {
	{ "all", 1, 8, 0, 8 },
	{ "front", 1, 8, 0, 3 },
	{ "end", 1, 8, 5, 3 },
	{ "inside", 1, 8, 3, 2 },
	{ "first-page", 1, 8, 0, 1 },
	{ "last-page", 1, 8, 7, 1 },
	{ "over-the-front", 1, 8, -3, 6 },
	{ "over-the-end", 1, 8, 5, 7 },
	{ "over-both", 1, 8, -3, 14 },
	{ "beside", 1, 8, 8, 3 },
	{ "either-side-partial", 2, 8, 4, 8 },
	{ "either-side-full", 4, 8, 8, 16 },
	{ "many-all", 12, 4, 0, 48 },
	{ "many-either-side-partial", 12, 4, 2, 44 },
	{ "many-front", 12, 4, 0, 34 },
	{ "many-end", 12, 4, 14, 34 },
	{ "many-inside", 12, 4, 13, 18 },
	{ "large-either-side-partial", 2, 600, 300, 600 },
	{ "large-inside", 1, 1536, 500, 530 },
	{ "large-all", 3, 512, 0, 1536 },
};

static void create_bo(struct vmb_cut *cut, struct vmb_bo *bo, uint32_t pages,
		      uint32_t flags, uint32_t seed)
{
	struct vmb_dev *dev = cut->vm.dev;
	uint32_t vm = flags & VMB_COLUMN_PRIVATE ? cut->vm.id : 0;
	uint32_t huge = flags & VMB_COLUMN_HUGE ? VMB_BO_HUGE : 0;
	uint64_t size = pages * VMB_PAGE;

	if (flags & VMB_COLUMN_USERPTR) {
		vmb_bo_user(bo, dev, size, seed);
		return;
	}
	if (huge)
		size = (size + dev->caps.huge_page - 1) &
		       ~(dev->caps.huge_page - 1);
	vmb_bo_create(bo, dev, size, huge, vm, seed);
}

const struct vmb_bo *vmb_cut_other(struct vmb_cut *cut, uint32_t pages,
				   const struct vmb_column *column)
{
	create_bo(cut, &cut->other, pages, column->flags, 0xb);
	return &cut->other;
}

/*
 * Side by side, but never one going on in the BO where the one before ends, so
 * that no two are taken for one.
 */
static void map_old(struct vmb_cut *cut, const struct vmb_row *row,
		    uint32_t flags)
{
	for (uint32_t i = 0; i < row->mappings; i++) {
		uint32_t at = VMB_ROW_START + i * row->each;
		uint32_t from = (row->mappings - 1 - i) * row->each;

		if (flags & VMB_COLUMN_SPARSE)
			vmb_model_sparse(cut->model, at, row->each);
		else if (flags & VMB_COLUMN_READONLY)
			vmb_model_map_readonly(cut->model, at, row->each,
					       &cut->old, from);
		else if (flags & VMB_COLUMN_REPEAT)
			vmb_model_repeat(cut->model, at, row->each, &cut->old,
					 from, PIECE);
		else
			vmb_model_map(cut->model, at, row->each, &cut->old,
				      from);
	}
	/* What was used is in the TLB when the request comes. */
	vmb_model_bind(cut->model);
	vmb_model_look(cut->model);
}

/* It is there, but not in the page tables, and must not come back too early. */
static void take_away(struct vmb_cut *cut, uint32_t flags)
{
	if (!(flags & VMB_COLUMN_USERPTR)) {
		vmb_evict_all(cut->vm.dev);
		return;
	}
	igt_assert(!madvise(cut->old.cpu, cut->old.size, MADV_DONTNEED));
	vmb_bo_fill(&cut->old);
}

/* Pages that the request leaves alone. */
static void start_load(struct vmb_cut *cut, const struct vmb_row *row)
{
	uint64_t addrs[LOADED];
	unsigned int n = 0;

	for (uint32_t i = 0; i < row->mappings * row->each && n < LOADED; i++) {
		uint32_t page = VMB_ROW_START + i;
		bool cut_out = page >= cut->page &&
			       page < cut->page + row->count;
		bool edge = page + 1 == cut->page ||
			    page == cut->page + row->count;

		if (!cut_out && (edge || i % 8 == 0 || row->each < 16))
			addrs[n++] = cut->model->base + page * VMB_PAGE +
				     8 * (i % 512);
	}
	/* Where all goes, the jobs at least run while it does. */
	if (!n)
		addrs[n++] = VMB_WINDOW + VMB_WINDOW_SIZE - 8;
	cut->load = vmb_load_start(&cut->vm, addrs, n);
}

static bool has_cell(const struct vmb_row *row, const struct vmb_column *column)
{
	return row->mappings * row->each < LARGE ||
	       column->flags & VMB_COLUMN_LARGE;
}

/* Makes the mappings of a row, and checks them. */
static void cut_begin(struct vmb_cut *cut, struct vmb_dev *dev,
		      const struct vmb_row *row,
		      const struct vmb_column *column)
{
	uint32_t pages = row->mappings * row->each;
	uint64_t base = VMB_DATA;

	memset(cut, 0, sizeof(*cut));
	vmb_vm_create(&cut->vm, dev);
	create_bo(cut, &cut->old, pages + VMB_ROW_START, column->flags, 0xa);
	/* The first mapping begins where a large entry can. */
	if (column->flags & VMB_COLUMN_HUGE)
		base -= VMB_ROW_START * VMB_PAGE;
	cut->model = vmb_model(&cut->vm, base, pages + 2 * VMB_ROW_START);
	cut->page = VMB_ROW_START + row->page;
	map_old(cut, row, column->flags);
	if (column->flags & VMB_COLUMN_AWAY)
		take_away(cut, column->flags);
	if (column->flags & VMB_COLUMN_LOAD)
		start_load(cut, row);
}

/* Checks what the request left, then that it all can go. */
static void cut_end(struct vmb_cut *cut)
{
	if (cut->load)
		vmb_load_stop(cut->load);
	vmb_model_check(cut->model);
	vmb_model_end(cut->model);
	vmb_vm_destroy(&cut->vm);
	vmb_bo_intact(&cut->old);
	vmb_bo_close(&cut->old);
	if (!cut->other.cpu)
		return;

	vmb_bo_intact(&cut->other);
	vmb_bo_close(&cut->other);
}

static void cell(const struct vmb_row *row, const struct vmb_column *column,
		 const char *what, vmb_request_fn request)
{
	igt_describe_f("%s: %s; %s", what, row->name, column->name);
	igt_subtest_f("%s-%s", row->name, column->name) {
		struct vmb_dev dev;
		struct vmb_cut cut;

		vmb_begin(&dev);
		vmb_need(&dev, column->needs);
		cut_begin(&cut, &dev, row, column);
		request(&cut, row, column);
		vmb_model_bind(cut.model);
		cut_end(&cut);
		vmb_end(&dev);
	}
}

void vmb_matrix(const struct vmb_column *columns, unsigned int count,
		const char *what, vmb_request_fn request)
{
	for (unsigned int c = 0; c < count; c++)
		for (unsigned int r = 0; r < ARRAY_SIZE(rows); r++)
			if (has_cell(&rows[r], &columns[c]))
				cell(&rows[r], &columns[c], what, request);
}
