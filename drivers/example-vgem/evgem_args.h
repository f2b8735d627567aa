/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Arrays in user memory.
 */
#ifndef __EVGEM_ARGS_H__
#define __EVGEM_ARGS_H__

#include <linux/types.h>

struct drm_evgem_array;

void *evgem_array_copy(const struct drm_evgem_array *array, u32 max,
		       size_t size);

#endif
