// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_EVGEM_VM_BIND: from an array of operations to a job.
 *
 * Shows the order that makes a bind all or nothing: copy, check every
 * operation, look up what it names, allocate for the worst case, lock, publish.
 * Up to the last step nothing was changed, from it on nothing can fail.
 *
 * A synchronous bind is the same job with a wait behind it, so both kinds have
 * one order. A signal that comes while it waits withdraws the job, unless it
 * has begun, and then it is waited for: EINTR means that nothing was changed.
 *
 * For your own hardware: flags of op_init(), memory placement in
 * lock_and_prepare().
 */
#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/evgem_drm.h>
#include <drm/gpu_scheduler.h>

#include "evgem_args.h"
#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_sync.h"
#include "evgem_vm.h"

static bool op_args_valid(struct evgem_vm *vm,
			  const struct drm_evgem_bind_op *args)
{
	if (args->pad || args->repeat ||
	    !PAGE_ALIGNED(args->addr | args->range | args->offset) ||
	    !drm_gpuvm_range_valid(&vm->base, args->addr, args->range))
		return false;

	switch (args->op) {
	case DRM_EVGEM_BIND_OP_MAP:
		return args->handle && !(args->flags & ~DRM_EVGEM_BIND_READONLY);
	case DRM_EVGEM_BIND_OP_UNMAP:
		return !args->handle && !args->flags && !args->offset;
	default:
		return false;
	}
}

static bool can_map(struct evgem_vm *vm, struct drm_gem_object *obj,
		    u64 offset, u64 range)
{
	struct drm_gem_object *private_to = to_evgem_bo(obj)->private_to;

	if (private_to && private_to != drm_gpuvm_resv_obj(&vm->base))
		return false;

	return range <= obj->size && offset <= obj->size - range;
}

static struct drm_gpuvm_bo *get_vm_bo(struct evgem_vm *vm,
				      struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_create(&vm->base, obj);

	if (!vm_bo)
		return ERR_PTR(-ENOMEM);

	return drm_gpuvm_bo_obtain_prealloc(vm_bo);
}

static int op_init(struct evgem_vm *vm, struct evgem_bind_op *op,
		   struct drm_file *file, const struct drm_evgem_bind_op *args)
{
	struct drm_gem_object *obj;
	struct drm_gpuvm_bo *vm_bo;

	if (!op_args_valid(vm, args))
		return -EINVAL;

	op->addr = args->addr;
	op->range = args->range;
	if (args->op == DRM_EVGEM_BIND_OP_UNMAP)
		return 0;

	op->offset = args->offset;
	if (args->flags & DRM_EVGEM_BIND_READONLY)
		op->flags |= EVGEM_VA_READONLY;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	/* The vm_bo keeps the BO from here on. */
	vm_bo = can_map(vm, obj, op->offset, op->range) ?
		get_vm_bo(vm, obj) : ERR_PTR(-EINVAL);
	drm_gem_object_put(obj);
	if (IS_ERR(vm_bo))
		return PTR_ERR(vm_bo);

	op->vm_bo = vm_bo;
	return 0;
}

static int init_ops(struct evgem_bind_job *job, struct drm_file *file,
		    const struct drm_evgem_bind_op *args, u32 count)
{
	while (job->num_ops < count) {
		struct evgem_bind_op *op = &job->ops[job->num_ops];
		int ret = op_init(job->vm, op, file, &args[job->num_ops]);

		if (ret)
			return ret;
		job->num_ops++;

		ret = evgem_map_ctx_reserve_vas(&job->ctx, op->vm_bo ? 3 : 2);
		if (ret)
			return ret;
		cond_resched();
	}

	return 0;
}

static int reserve_tables(struct evgem_bind_job *job,
			  const struct evgem_bind_op *op)
{
	struct evgem_bo *bo;
	u64 tables;

	if (!op->vm_bo) {
		tables = evgem_pt_tables_for_unmap(op->addr, op->range);
	} else {
		bo = to_evgem_bo(op->vm_bo->obj);
		tables = evgem_pt_tables_for_map(op->addr, op->range,
						 bo->pages + (op->offset >> PAGE_SHIFT));
	}

	return evgem_pt_update_reserve(&job->ctx.pt, tables);
}

static int lock_objects(struct evgem_bind_job *job, struct drm_exec *exec)
{
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&job->vm->base, exec, 1);
		for (u32 i = 0; i < job->num_ops && !ret; i++) {
			if (job->ops[i].vm_bo)
				ret = drm_exec_prepare_obj(exec,
							   job->ops[i].vm_bo->obj,
							   1);
		}
		drm_exec_retry_on_contention(exec);
	}

	return ret;
}

/* What has to be known, or done, under the locks of the BOs. */
static int prepare_locked(struct evgem_bind_job *job)
{
	for (u32 i = 0; i < job->num_ops; i++) {
		const struct evgem_bind_op *op = &job->ops[i];
		int ret;

		if (op->vm_bo) {
			ret = evgem_gem_populate_locked(op->vm_bo->obj);
			if (ret)
				return ret;
			/*
			 * Not first when the job runs: an EXEC that waits for
			 * this bind may come before that, and must lock the BO.
			 */
			drm_gpuvm_bo_extobj_add(op->vm_bo);
		}

		ret = reserve_tables(job, op);
		if (ret)
			return ret;
	}

	return 0;
}

/*
 * From the arming of the job to its fence being everywhere. Returns the fence
 * with a reference: the job itself may be gone by then.
 */
static struct dma_fence *publish(struct evgem_bind_job *job,
				 struct drm_exec *exec,
				 struct evgem_syncs *syncs)
{
	struct evgem_vm *vm = job->vm;
	struct dma_fence *fence;
	bool cookie;

	guard(mutex)(&vm->submit_lock);

	cookie = dma_fence_begin_signalling();
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	drm_gpuvm_resv_add_fence(&vm->base, exec, fence,
				 DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
	evgem_syncs_signal(syncs, fence);
	drm_sched_entity_push_job(&job->base);
	dma_fence_end_signalling(cookie);

	return fence;
}

static struct dma_fence *submit(struct evgem_bind_job *job,
				struct evgem_syncs *syncs)
{
	struct dma_fence *fence;
	struct drm_exec exec;
	int ret, idx;

	ret = evgem_syncs_wait(syncs, &job->base);
	if (ret)
		return ERR_PTR(ret);

	/* Not around the wait of a synchronous bind: unplug waits for this. */
	if (!drm_dev_enter(&job->vm->evgem->drm, &idx))
		return ERR_PTR(-ENODEV);

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT |
			     DRM_EXEC_IGNORE_DUPLICATES, 0);
	ret = lock_objects(job, &exec) ?: prepare_locked(job);
	fence = ret ? ERR_PTR(ret) : publish(job, &exec, syncs);
	drm_exec_fini(&exec);

	drm_dev_exit(idx);
	return fence;
}

static int wait_for_job(struct evgem_bind_job *job, struct evgem_vm *vm,
			struct dma_fence *fence)
{
	int status;

	if (dma_fence_wait(fence, true)) {
		if (evgem_bind_job_withdraw(job))
			return -ERESTARTSYS;
		/* It has begun, or has its turn and is refused: not long. */
		dma_fence_wait(fence, false);
	}

	status = dma_fence_get_status(fence);
	if (status == -ECANCELED)
		return evgem_vm_error(vm);

	return min(status, 0);
}

static int bind(struct evgem_vm *vm, struct drm_file *file,
		const struct drm_evgem_vm_bind *args,
		const struct drm_evgem_bind_op *ops, struct evgem_syncs *syncs)
{
	struct evgem_bind_job *job;
	struct dma_fence *fence;
	int ret;

	job = evgem_bind_job_alloc(vm, args->ops.count, file->client_id);
	if (IS_ERR(job))
		return PTR_ERR(job);

	evgem_bind_job_get(job);

	ret = init_ops(job, file, ops, args->ops.count);
	fence = ret ? ERR_PTR(ret) : submit(job, syncs);
	if (IS_ERR(fence)) {
		ret = PTR_ERR(fence);
		evgem_bind_job_abort(job);
	} else {
		if (!(args->flags & DRM_EVGEM_VM_BIND_ASYNC))
			ret = wait_for_job(job, vm, fence);
		dma_fence_put(fence);
	}

	evgem_bind_job_put(job);
	return ret;
}

static int bind_args(struct evgem_vm *vm, struct drm_file *file,
		     const struct drm_evgem_vm_bind *args)
{
	struct evgem_syncs syncs = {};
	struct drm_evgem_bind_op *ops;
	int ret;

	ops = evgem_array_copy(&args->ops, EVGEM_MAX_BIND_OPS, sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	ret = evgem_syncs_init(&syncs, file, &args->syncs);
	if (!ret)
		ret = bind(vm, file, args, ops, &syncs);

	evgem_syncs_fini(&syncs);
	kvfree(ops);
	return ret;
}

/**
 * evgem_vm_bind_ioctl() - DRM_IOCTL_EVGEM_VM_BIND
 * @drm: the device
 * @data: struct drm_evgem_vm_bind
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -EIO; -E2BIG; -EFAULT; -ENOMEM; -EINTR.
 */
int evgem_vm_bind_ioctl(struct drm_device *drm, void *data,
			struct drm_file *file)
{
	const struct drm_evgem_vm_bind *args = data;
	bool async = args->flags & DRM_EVGEM_VM_BIND_ASYNC;
	struct evgem_vm *vm;
	int ret;

	if (args->flags & ~DRM_EVGEM_VM_BIND_ASYNC)
		return -EINVAL;

	if (!async && args->syncs.count)
		return -EINVAL;

	vm = evgem_file_get_vm(file, args->vm_id);
	if (!vm)
		return -ENOENT;

	ret = evgem_vm_error(vm) ?: bind_args(vm, file, args);
	evgem_vm_put(vm);
	return ret;
}
