// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters of the module: those of the kernel crate are not in sysfs, where they
 * could be changed while the module is loaded. As those of the example driver.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#include "shim.h"

static unsigned int max_vms = 64;
module_param(max_vms, uint, 0444);
MODULE_PARM_DESC(max_vms, "VMs that one file may have (default 64)");

static unsigned int timeout_ms = 5000;

static int timeout_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, SHIM_MAX_TIMEOUT_MS);
}

static const struct kernel_param_ops timeout_ops = {
	.set = timeout_set,
	.get = param_get_uint,
};

module_param_cb(timeout_ms, &timeout_ops, &timeout_ms, 0444);
MODULE_PARM_DESC(timeout_ms,
		 "Milliseconds that a job may run by default (default 5000)");

static unsigned int max_bo_mb = 4096;
module_param(max_bo_mb, uint, 0644);
MODULE_PARM_DESC(max_bo_mb, "MiB of BOs that one file may have (default 4096)");

static unsigned int max_mappings = 1 << 20;
module_param(max_mappings, uint, 0644);
MODULE_PARM_DESC(max_mappings,
		 "Mappings that one file may have (default 1048576)");

static unsigned int max_queued_ops = 65536;
module_param(max_queued_ops, uint, 0644);
MODULE_PARM_DESC(max_queued_ops,
		 "Operations of binds that may be queued (default 65536)");

static unsigned int max_queued_mb = 64;
module_param(max_queued_mb, uint, 0644);
MODULE_PARM_DESC(max_queued_mb,
		 "MiB of commands that may be queued (default 64)");

/**
 * shim_param() - the value of a parameter
 * @param: which
 *
 * Context: any.
 * Return: what it is at this moment.
 */
u32 shim_param(enum shim_param param)
{
	switch (param) {
	case SHIM_MAX_VMS:
		return max_vms;
	case SHIM_TIMEOUT_MS:
		return timeout_ms;
	case SHIM_MAX_BO_MB:
		return READ_ONCE(max_bo_mb);
	case SHIM_MAX_MAPPINGS:
		return READ_ONCE(max_mappings);
	case SHIM_MAX_QUEUED_OPS:
		return READ_ONCE(max_queued_ops);
	case SHIM_MAX_QUEUED_MB:
		return READ_ONCE(max_queued_mb);
	}

	return 0;
}

/**
 * shim_cond_resched() - cond_resched(), which the kernel crate does not have
 *
 * Context: process; sleeps.
 */
void shim_cond_resched(void)
{
	cond_resched();
}
