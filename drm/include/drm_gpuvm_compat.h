/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Differences between the supported kernels, 6.12 and 7.2, all of them.
 *
 * Each is decided by a feature, found by the preprocessor or by compat.mk, and
 * offered under the newer kernel's name, so that the code reads as if there
 * were only that one.
 */
#ifndef __DRM_GPUVM_COMPAT_H__
#define __DRM_GPUVM_COMPAT_H__

#include <linux/slab.h>

#ifndef kzalloc_obj
#define kzalloc_obj(P, ...) kzalloc(sizeof(P), GFP_KERNEL)
#endif

#endif
