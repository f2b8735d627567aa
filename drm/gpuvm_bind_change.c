// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The driver's page tables are changed here, and nowhere else.
 *
 * What a driver writes into memory that it set aside beforehand cannot fail, so
 * the way back out of a bind that failed halfway would never be gone. On kernels
 * with fault injection debugfs offers to make changes fail, for all drivers.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>

#include "gpuvm_bind_private.h"

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fail_bind);

/* On request alone: fail-nth of a task is about what can fail. */
static bool change_should_fail(void)
{
	return READ_ONCE(fail_bind.probability) && should_fail(&fail_bind, 1);
}
#else
static bool change_should_fail(void)
{
	return false;
}
#endif

/* What is made to fail has been done by then: to undo that must not be left out. */
static int result(int ret)
{
	return change_should_fail() ? -EIO : ret;
}

/**
 * gpuvm_bind_pt_map() - have the driver map a part of a mapping
 * @job: the job
 * @va: the mapping
 * @addr: first address of the part
 * @range: its length
 *
 * Context: as &drm_gpuvm_bind_ops.pt_map.
 * Return: as that; -EIO if it was made to fail.
 */
int gpuvm_bind_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		      u64 addr, u64 range)
{
	lockdep_assert_held(&job->queue->run_lock);

	return result(job->queue->args.ops->pt_map(job, va, addr, range));
}

/**
 * gpuvm_bind_pt_unmap() - have the driver clear a range
 * @job: the job
 * @addr: first address
 * @range: length
 *
 * Context: as &drm_gpuvm_bind_ops.pt_unmap.
 * Return: as that; -EIO if it was made to fail.
 */
int gpuvm_bind_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	lockdep_assert_held(&job->queue->run_lock);

	return result(job->queue->args.ops->pt_unmap(job, addr, range));
}

/**
 * gpuvm_bind_pt_flush() - have the device forget what was changed
 * @job: the job
 *
 * Context: as &drm_gpuvm_bind_ops.pt_flush.
 */
void gpuvm_bind_pt_flush(struct drm_gpuvm_bind_job *job)
{
	const struct drm_gpuvm_bind_ops *ops = job->queue->args.ops;

	lockdep_assert_held(&job->queue->run_lock);

	if (ops->pt_flush)
		ops->pt_flush(job);
}

#if defined(CONFIG_FAULT_INJECTION) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)
static struct dentry *debugfs_dir;

/**
 * gpuvm_bind_change_module_init() - offer in debugfs to make changes fail
 */
void gpuvm_bind_change_module_init(void)
{
	debugfs_dir = debugfs_create_dir("drm_gpuvm_ref", NULL);
	fault_create_debugfs_attr("fail_bind", debugfs_dir, &fail_bind);
}

/**
 * gpuvm_bind_change_module_exit() - no more
 */
void gpuvm_bind_change_module_exit(void)
{
	debugfs_remove_recursive(debugfs_dir);
}
#else
void gpuvm_bind_change_module_init(void)
{
}

void gpuvm_bind_change_module_exit(void)
{
}
#endif
