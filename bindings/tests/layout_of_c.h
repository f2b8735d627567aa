/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef __LAYOUT_OF_C_H__
#define __LAYOUT_OF_C_H__

#include <linux/types.h>

size_t gpuvm_rust_layout_rows(void);
size_t gpuvm_rust_layout_row(size_t row);

#endif
