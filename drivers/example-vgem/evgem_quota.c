// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * How much of the kernel's memory one open file may take.
 *
 * Shows a limit for each thing that a program can otherwise pile up for as long
 * as it likes: BOs, mappings, and jobs that wait for a fence that never comes.
 * All of it is in the account of its memory cgroup too, but not everybody has
 * one, and out of memory is a worse answer than no.
 *
 * Something is counted before it is made, so that two threads cannot both have
 * the last of it; of two that come close to the limit both may be refused.
 *
 * For your own hardware: nothing to change but the defaults.
 */
#include <linux/moduleparam.h>

#include <drm/evgem_drm.h>

#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_vm.h"

unsigned int evgem_max_bo_mb = 4096;
module_param_named(max_bo_mb, evgem_max_bo_mb, uint, 0644);
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

/* A job is more than its commands. */
#define JOB_SIZE SZ_1K

static int take(atomic64_t *used, u64 n, u64 limit)
{
	if (atomic64_add_return(n, used) <= limit)
		return 0;

	atomic64_sub(n, used);
	return -ENOSPC;
}

/**
 * evgem_quota_take_bo() - count a BO that is to be made
 * @efile: the file
 * @size: bytes, no more than the machine has
 *
 * Context: any.
 * Return: 0; -ENOSPC.
 */
int evgem_quota_take_bo(struct evgem_file *efile, size_t size)
{
	return take(&efile->bo_bytes, size, (u64)READ_ONCE(evgem_max_bo_mb) * SZ_1M);
}

/**
 * evgem_quota_put_bo() - the BO is gone, or was not made
 * @efile: the file
 * @size: as it was counted
 */
void evgem_quota_put_bo(struct evgem_file *efile, size_t size)
{
	atomic64_sub(size, &efile->bo_bytes);
}

static bool only_unmaps(const struct drm_evgem_bind_op *ops, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (ops[i].op != DRM_EVGEM_BIND_OP_UNMAP &&
		    ops[i].op != DRM_EVGEM_BIND_OP_UNMAP_BO)
			return false;
	}

	return true;
}

/**
 * evgem_quota_take_ops() - count the operations of a bind
 * @vm: the VM
 * @ops: the operations, not checked
 * @count: how many
 * @job: zeroed; remembers what was counted
 *
 * Each may add up to two mappings, by cutting one that is there. Who is at the
 * limit may still unmap, in spite of that: up to twice the limit.
 *
 * Context: any.
 * Return: 0; -ENOSPC.
 */
int evgem_quota_take_ops(struct evgem_vm *vm,
			 const struct drm_evgem_bind_op *ops, u32 count,
			 struct evgem_bind_job *job)
{
	u64 limit = READ_ONCE(max_mappings), queued;
	struct evgem_file *efile = vm->file;
	u32 n = count ?: 1;

	if (only_unmaps(ops, count))
		limit *= 2;

	/* Before the mappings: what ends meanwhile counts twice, not never. */
	queued = atomic64_add_return(n, &efile->queued_ops);
	if (queued > READ_ONCE(max_queued_ops) ||
	    2 * queued + atomic64_read(&efile->mappings) > limit) {
		atomic64_sub(n, &efile->queued_ops);
		return -ENOSPC;
	}

	job->quota_ops = n;
	return 0;
}

/**
 * evgem_quota_put_ops() - a job's operations wait no more
 * @vm: the VM
 * @job: as evgem_quota_take_ops() left it; once more does no harm
 *
 * Context: any; may be in the fence signalling section.
 */
void evgem_quota_put_ops(struct evgem_vm *vm, struct evgem_bind_job *job)
{
	/* Orders this behind the mappings that came of them. */
	if (job->quota_ops)
		atomic64_sub_return(job->quota_ops, &vm->file->queued_ops);
	job->quota_ops = 0;
}

/**
 * evgem_quota_ops_ran_locked() - a job's operations were applied
 * @vm: the VM
 * @job: the job
 *
 * Before the job's fence is signalled: whoever waits for it finds room again.
 *
 * Context: the lock of &evgem_vm.binds is held; may be in the fence signalling
 * section.
 */
void evgem_quota_ops_ran_locked(struct evgem_vm *vm, struct evgem_bind_job *job)
{
	u64 mappings = drm_gpuvm_bind_queue_mappings(vm->binds);

	atomic64_add(mappings - vm->mappings, &vm->file->mappings);
	vm->mappings = mappings;
	evgem_quota_put_ops(vm, job);
}

/**
 * evgem_quota_take_cmds() - count a job for the engine
 * @efile: the file
 * @size: bytes of its commands
 *
 * Context: any.
 * Return: 0; -ENOSPC.
 */
int evgem_quota_take_cmds(struct evgem_file *efile, size_t size)
{
	return take(&efile->queued_bytes, size + JOB_SIZE,
		    (u64)READ_ONCE(max_queued_mb) * SZ_1M);
}

/**
 * evgem_quota_put_cmds() - the job is gone
 * @efile: the file
 * @size: as it was counted
 */
void evgem_quota_put_cmds(struct evgem_file *efile, size_t size)
{
	atomic64_sub(size + JOB_SIZE, &efile->queued_bytes);
}
