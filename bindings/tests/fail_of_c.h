/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef __GPUVM_RUST_FAIL_OF_C_H__
#define __GPUVM_RUST_FAIL_OF_C_H__

#include <linux/types.h>

bool gpuvm_rust_fail_available(void);

#endif
