// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The module drm_gpuvm_ref.
 */
#include <linux/module.h>

#include "gpuvm_bind_private.h"
#include "gpuvm_private.h"

static int __init gpuvm_init(void)
{
	int ret = gpuva_reserve_module_init();

	if (ret)
		return ret;

	ret = gpuvm_lockdep_prime();
	if (ret) {
		gpuva_reserve_module_exit();
		return ret;
	}
	gpuvm_bind_change_module_init();

	return 0;
}
module_init(gpuvm_init);

static void __exit gpuvm_exit(void)
{
	gpuvm_bind_change_module_exit();
	gpuva_reserve_module_exit();
}
module_exit(gpuvm_exit);

MODULE_DESCRIPTION("DRM GPU virtual memory management, reference implementation");
MODULE_AUTHOR("The drm-gpuvm reference stack authors");
MODULE_LICENSE("Dual MIT/GPL");
