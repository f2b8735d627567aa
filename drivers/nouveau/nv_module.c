// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The nouveau uAPI on the shared core, over a software model of the GPU.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("nouveau's uAPI on the reference drm_gpuvm, without hardware");
MODULE_AUTHOR("The drm-gpuvm reference stack authors");
MODULE_LICENSE("GPL");
