/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * All headers of the C ABI, for whatever looks at the whole of it.
 */
#include <drm/drm_gpuvm_lru.h>
#include <drm/drm_gpuvm_userptr.h>
