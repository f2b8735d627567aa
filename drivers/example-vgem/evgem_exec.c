// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_EVGEM_EXEC: from command buffers to a job.
 *
 * Shows how a job protects the memory that it uses without knowing what that
 * is: it locks the VM's dma_resv, which serves all private BOs, and those of
 * the external BOs mapped in the VM, brings back what was evicted of them, and
 * leaves its fence in each. BOOKKEEP, since user space synchronises by syncobjs and
 * nobody should wait implicitly.
 *
 * No order between binds and jobs is implied. A bind that a job needs was
 * either synchronous, or the job waits for a syncobj that it signals.
 *
 * For your own hardware: commands are rarely copied; the ring gets their GPU
 * address instead.
 */
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/evgem_drm.h>
#include <drm/gpu_scheduler.h>

#include "evgem_args.h"
#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_exec.h"
#include "evgem_queue.h"
#include "evgem_userptr.h"
#include "evgem_vm.h"

static bool cmdbuf_args_valid(const struct drm_evgem_cmdbuf *args)
{
	return !args->flags && args->size <= EVGEM_MAX_CMDBUF_SIZE &&
	       IS_ALIGNED(args->ptr, sizeof(u64)) &&
	       IS_ALIGNED(args->size, sizeof(u64));
}

static void *copy_cmdbufs(const struct drm_evgem_cmdbuf *args, u32 count,
			  size_t *size)
{
	void *cmds, *to;

	/* No overflow: count and sizes have small limits. */
	*size = 0;
	for (u32 i = 0; i < count; i++) {
		if (!cmdbuf_args_valid(&args[i]))
			return ERR_PTR(-EINVAL);
		*size += args[i].size;
	}

	cmds = kvmalloc(*size, GFP_KERNEL_ACCOUNT);
	if (!cmds)
		return ERR_PTR(-ENOMEM);

	to = cmds;
	for (u32 i = 0; i < count; i++) {
		if (copy_from_user(to, u64_to_user_ptr(args[i].ptr),
				   args[i].size)) {
			kvfree(cmds);
			return ERR_PTR(-EFAULT);
		}
		if (!evgem_cmds_valid(to, args[i].size)) {
			kvfree(cmds);
			return ERR_PTR(-EINVAL);
		}
		to += args[i].size;
	}

	return cmds;
}

static void *get_cmds(const struct drm_evgem_array *array, size_t *size)
{
	struct drm_evgem_cmdbuf *cmdbufs;
	void *cmds;

	cmdbufs = evgem_array_copy(array, EVGEM_MAX_CMDBUFS, sizeof(*cmdbufs));
	if (IS_ERR(cmdbufs))
		return cmdbufs;

	cmds = copy_cmdbufs(cmdbufs, array->count, size);
	kvfree(cmdbufs);
	return cmds;
}

/* From the arming of the job to its fence being everywhere. */
static void publish(struct evgem_exec_job *job, struct drm_gpuvm_exec *vm_exec,
		    struct drm_gpuvm_syncs *syncs)
{
	struct dma_fence *fence;
	bool cookie;

	guard(mutex)(&job->queue->submit_lock);

	drm_gpuvm_lru_vm_used(&job->queue->vm->base);
	cookie = dma_fence_begin_signalling();
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	drm_gpuvm_exec_resv_add_fence(vm_exec, fence, DMA_RESV_USAGE_BOOKKEEP,
				      DMA_RESV_USAGE_BOOKKEEP);
	drm_gpuvm_syncs_signal(syncs, fence);
	drm_sched_entity_push_job(&job->base);
	dma_fence_end_signalling(cookie);

	dma_fence_put(fence);
}

/**
 * struct submission - what submit() is called with, again if need be
 */
struct submission {
	/** @job: not armed; waits for what it shall */
	struct evgem_exec_job *job;
	/** @syncs: what it signals */
	struct drm_gpuvm_syncs *syncs;
};

static int validate_and_publish(struct submission *s,
				struct drm_gpuvm_exec *vm_exec)
{
	struct evgem_vm *vm = s->job->queue->vm;
	int ret;

	/* From here until the job is done nothing is evicted. */
	ret = drm_gpuvm_exec_validate(vm_exec);
	if (ret)
		return ret;

	ret = drm_gpuvm_userptr_begin(vm->binds);
	if (ret)
		return ret;

	publish(s->job, vm_exec, s->syncs);
	drm_gpuvm_userptr_end(vm->binds);
	return 0;
}

static int lock_and_publish(struct submission *s)
{
	struct evgem_vm *vm = s->job->queue->vm;
	struct drm_gpuvm_exec vm_exec = {
		.vm = &vm->base,
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT,
		.num_fences = 1,
	};
	int ret, idx;

	if (!drm_dev_enter(&vm->evgem->drm, &idx))
		return -ENODEV;

	ret = drm_gpuvm_exec_lock(&vm_exec);
	if (!ret) {
		ret = validate_and_publish(s, &vm_exec);
		drm_gpuvm_exec_unlock(&vm_exec);
	}

	drm_dev_exit(idx);
	return ret;
}

static int submit(void *priv)
{
	struct submission *s = priv;
	int ret;

	/* Once more if a process took pages of a userptr away in between. */
	do {
		ret = drm_gpuvm_userptr_repin(s->job->queue->vm->binds) ?:
		      lock_and_publish(s);
	} while (ret == -EAGAIN);

	return ret;
}

static int exec(struct evgem_queue *queue, struct drm_file *file,
		const struct drm_evgem_exec *args, struct drm_gpuvm_syncs *syncs)
{
	struct submission s = { .syncs = syncs };
	struct evgem_exec_job *job;
	size_t size;
	void *cmds;
	int ret;

	cmds = get_cmds(&args->cmdbufs, &size);
	if (IS_ERR(cmds))
		return PTR_ERR(cmds);

	job = evgem_exec_job_alloc(queue, cmds, size, file->client_id);
	if (IS_ERR(job)) {
		kvfree(cmds);
		return PTR_ERR(job);
	}

	s.job = job;
	ret = drm_gpuvm_syncs_wait(syncs, &job->base);
	if (!ret)
		ret = drm_gpuvm_lru_submit(queue->vm->evgem->lru,
					   &queue->vm->base, submit, &s);
	if (ret)
		evgem_exec_job_abort(job);

	return ret;
}

static int queue_error(struct evgem_queue *queue)
{
	int ret = evgem_vm_error(queue->vm);

	/* A closed VM killed its queues, so the VM is asked first. */
	if (ret)
		return ret;

	return evgem_ring_is_killed(&queue->ring) ? -ENODEV : 0;
}

/**
 * evgem_exec_ioctl() - DRM_IOCTL_EVGEM_EXEC
 * @drm: the device
 * @data: struct drm_evgem_exec
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -ENODEV; -EIO; -E2BIG; -EFAULT; -ENOMEM;
 * -ENOSPC; -EINTR.
 */
int evgem_exec_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_evgem_exec *args = data;
	struct drm_gpuvm_syncs *syncs;
	struct evgem_queue *queue;
	int ret;

	if (args->flags)
		return -EINVAL;

	queue = evgem_file_get_queue(file, args->queue_id);
	if (!queue)
		return -ENOENT;

	ret = queue_error(queue);
	if (ret)
		goto put_queue;

	syncs = evgem_syncs_copy(file, &args->syncs);
	ret = PTR_ERR_OR_ZERO(syncs);
	if (ret)
		goto put_queue;

	ret = exec(queue, file, args, syncs);
	drm_gpuvm_syncs_free(syncs);
put_queue:
	evgem_queue_put(queue);
	return ret;
}
