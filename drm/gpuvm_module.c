// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The module drm_gpuvm_ref.
 */
#include <linux/module.h>

#include "gpuvm_private.h"

static int __init gpuvm_init(void)
{
	return gpuvm_lockdep_prime();
}
module_init(gpuvm_init);

static void __exit gpuvm_exit(void)
{
}
module_exit(gpuvm_exit);

MODULE_DESCRIPTION("DRM GPU virtual memory management, reference implementation");
MODULE_AUTHOR("The drm-gpuvm reference stack authors");
MODULE_LICENSE("Dual MIT/GPL");
