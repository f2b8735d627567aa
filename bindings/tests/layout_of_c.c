// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Sizes and offsets as C has them, for a case in Rust to compare with its own.
 *
 * Compiled by the compiler and with the options of the C core.
 */
#include <drm/drm_exec.h>
#include "../../drm/abi/headers.h"

#include "layout_of_c.h"

/* The layer has these numbers, which C has as macros. */
static_assert(!(DRM_EXEC_INTERRUPTIBLE_WAIT ^ BIT(0)));
static_assert(!(DRM_GPUVM_USERPTR_READONLY ^ BIT(0)));
static_assert(!(DRM_GPUVM_EVICT_WAIT ^ BIT(0)));

/* And sync.rs and bind.rs have these. */
static_assert(!(DRM_GPUVM_SYNC_WAIT ^ BIT(0)));
static_assert(!(DRM_GPUVM_SYNC_SIGNAL ^ BIT(1)));
static_assert(!(DRM_GPUVM_BIND_NO_UNDO ^ BIT(0)));

static const size_t rows[] = {
#include "layout_table.h"
};

/**
 * gpuvm_rust_layout_rows() - how many rows the table has
 *
 * Return: their number.
 */
size_t gpuvm_rust_layout_rows(void)
{
	return ARRAY_SIZE(rows);
}

/**
 * gpuvm_rust_layout_row() - one row of the table
 * @row: its number
 *
 * Return: a size or an offset in bytes; SIZE_MAX if there is no such row.
 */
size_t gpuvm_rust_layout_row(size_t row)
{
	return row < ARRAY_SIZE(rows) ? rows[row] : SIZE_MAX;
}
