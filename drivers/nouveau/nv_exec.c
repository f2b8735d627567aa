// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_NOUVEAU_EXEC: from pushes to a job.
 *
 * A job may use whatever is mapped: it locks the VM's dma_resv, which serves all
 * private BOs, and those of the external BOs, brings back what was evicted of them,
 * and leaves its fence in each. The fence is one of a write, as far as anybody
 * knows; CPU_PREP and other drivers wait for it.
 *
 * No order between binds and jobs is implied: a bind that a job needs was either
 * synchronous, or the job waits for a syncobj that it signals.
 */
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/gpu_scheduler.h>

#include "nv_bind.h"
#include "nv_channel.h"
#include "nv_device.h"
#include "nv_exec.h"
#include "nv_uapi.h"
#include "nv_vm.h"

static bool push_valid(const struct drm_nouveau_exec_push *push)
{
	return !(push->flags & ~DRM_NOUVEAU_EXEC_PUSH_NO_PREFETCH) &&
	       IS_ALIGNED(push->va, sizeof(u32)) &&
	       IS_ALIGNED(push->va_len, sizeof(u32)) &&
	       push->va_len <= NV_MAX_PUSH_SIZE &&
	       push->va < NV_PUSH_VA_END &&
	       push->va_len <= NV_PUSH_VA_END - push->va;
}

static struct drm_nouveau_exec_push *get_pushes(u64 user, u32 count)
{
	struct drm_nouveau_exec_push *pushes;

	if (!count)
		return NULL;

	pushes = vmemdup_array_user(u64_to_user_ptr(user), count,
				    sizeof(*pushes));
	if (IS_ERR(pushes))
		return pushes;

	for (u32 i = 0; i < count; i++) {
		if (!push_valid(&pushes[i])) {
			kvfree(pushes);
			return ERR_PTR(-EINVAL);
		}
	}

	return pushes;
}

/* From the arming of the job to its fence being everywhere. */
static void publish(struct nv_exec_job *job, struct drm_gpuvm_exec *vm_exec,
		    struct drm_gpuvm_syncs *syncs)
{
	struct dma_fence *fence;
	bool cookie;

	guard(mutex)(&job->chan->submit_lock);

	drm_gpuvm_lru_vm_used(&job->chan->vm->base);
	cookie = dma_fence_begin_signalling();
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	drm_gpuvm_exec_resv_add_fence(vm_exec, fence, DMA_RESV_USAGE_WRITE,
				      DMA_RESV_USAGE_WRITE);
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
	struct nv_exec_job *job;
	/** @syncs: what it signals */
	struct drm_gpuvm_syncs *syncs;
};

static int submit(void *priv)
{
	struct submission *s = priv;
	struct nv_vm *vm = s->job->chan->vm;
	struct drm_gpuvm_exec vm_exec = {
		.vm = &vm->base,
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT,
		.num_fences = 1,
	};
	int ret, idx;

	if (!drm_dev_enter(&vm->nv->drm, &idx))
		return -ENODEV;

	ret = drm_gpuvm_exec_lock(&vm_exec);
	if (!ret) {
		/* From here until the job is done nothing is evicted. */
		ret = drm_gpuvm_exec_validate(&vm_exec);
		if (!ret)
			publish(s->job, &vm_exec, s->syncs);
		drm_gpuvm_exec_unlock(&vm_exec);
	}

	drm_dev_exit(idx);
	return ret;
}

static int submit_job(struct submission *s)
{
	struct nv_vm *vm = s->job->chan->vm;
	int ret = drm_gpuvm_lru_submit(vm->nv->lru, &vm->base, submit, s);

	if (ret != -ENOMEM)
		return ret;

	nv_vm_settle(vm);
	return drm_gpuvm_lru_submit(vm->nv->lru, &vm->base, submit, s);
}

static int exec(struct nv_channel *chan, struct drm_file *file,
		const struct drm_nouveau_exec *args,
		struct drm_gpuvm_syncs *syncs)
{
	struct drm_nouveau_exec_push *pushes;
	struct submission s = { .syncs = syncs };
	int ret;

	pushes = get_pushes(args->push_ptr, args->push_count);
	if (IS_ERR(pushes))
		return PTR_ERR(pushes);

	s.job = nv_exec_job_alloc(chan, pushes, args->push_count,
				  file->client_id);
	if (IS_ERR(s.job)) {
		kvfree(pushes);
		return PTR_ERR(s.job);
	}

	ret = drm_gpuvm_syncs_wait(syncs, &s.job->base);
	if (!ret)
		ret = submit_job(&s);
	if (ret)
		nv_exec_job_abort(s.job);

	return ret;
}

static int exec_on(struct nv_channel *chan, struct drm_file *file,
		   const struct drm_nouveau_exec *args)
{
	struct drm_gpuvm_syncs *syncs;
	int ret;

	ret = nv_vm_error(chan->vm);
	if (ret)
		return ret;

	if (nv_channel_is_dead(chan))
		return -ENODEV;

	if (args->push_count > NV_MAX_PUSHES)
		return -EINVAL;

	syncs = nv_syncs_copy(file, args->wait_ptr, args->wait_count,
			      args->sig_ptr, args->sig_count);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);

	ret = exec(chan, file, args, syncs);
	drm_gpuvm_syncs_free(syncs);
	return ret;
}

/**
 * nv_exec_ioctl() - DRM_IOCTL_NOUVEAU_EXEC
 * @drm: the device
 * @data: struct drm_nouveau_exec
 * @file: the caller's
 *
 * Return: 0; -ENOSYS without VM_INIT; -ENOENT for an unknown channel or syncobj;
 * -ENODEV if the channel died; -EIO if the VM died; -EINVAL; -EFAULT; -ENOMEM;
 * -EINTR.
 */
int nv_exec_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_nouveau_exec *args = data;
	struct nv_file *nfile = file->driver_priv;
	struct nv_channel *chan;
	int ret;

	if (!nv_file_vm(nfile))
		return -ENOSYS;

	chan = nv_file_get_channel(nfile, args->channel);
	if (!chan)
		return -ENOENT;

	ret = exec_on(chan, file, args);
	nv_channel_put(chan);
	return ret;
}
