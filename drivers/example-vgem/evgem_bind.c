// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_EVGEM_VM_BIND: from an array of operations to a job.
 *
 * Shows what is left for a driver: copy the array once, check every operation,
 * look up what it names, and hand it to the core's bind layer, which applies
 * all operations or none, in the order of the calls, and signals the syncobjs.
 *
 * A synchronous bind is the same job with a wait behind it, so both kinds have
 * one order. EINTR means that nothing was changed.
 *
 * For your own hardware: flags in op_init().
 */
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/evgem_drm.h>

#include "evgem_args.h"
#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_userptr.h"
#include "evgem_vm.h"

static bool range_valid(struct evgem_vm *vm,
			const struct drm_evgem_bind_op *args)
{
	return PAGE_ALIGNED(args->addr | args->range | args->offset) &&
	       drm_gpuvm_range_valid(&vm->base, args->addr, args->range);
}

/* The core counts what repeats in 32 bits. */
static bool repeat_valid(const struct drm_evgem_bind_op *args)
{
	if (!(args->flags & DRM_EVGEM_BIND_REPEAT))
		return !args->repeat;

	return args->repeat && PAGE_ALIGNED(args->repeat) &&
	       args->repeat <= min_t(u64, args->range, U32_MAX);
}

static bool op_args_valid(struct evgem_vm *vm,
			  const struct drm_evgem_bind_op *args)
{
	if (args->pad || !repeat_valid(args))
		return false;

	switch (args->op) {
	case DRM_EVGEM_BIND_OP_MAP:
		return args->handle && range_valid(vm, args) &&
		       !(args->flags & ~(DRM_EVGEM_BIND_READONLY |
					 DRM_EVGEM_BIND_REPEAT));
	case DRM_EVGEM_BIND_OP_MAP_USERPTR:
		return !args->handle && range_valid(vm, args) &&
		       !(args->flags & ~DRM_EVGEM_BIND_READONLY);
	case DRM_EVGEM_BIND_OP_UNMAP:
	case DRM_EVGEM_BIND_OP_MAP_SPARSE:
		return !args->handle && !args->flags && !args->offset &&
		       range_valid(vm, args);
	case DRM_EVGEM_BIND_OP_UNMAP_BO:
		return args->handle && !args->flags && !args->offset &&
		       !args->addr && !args->range;
	default:
		return false;
	}
}

/* An UNMAP_BO has offset and range 0, so the same question does. */
static bool can_map(struct evgem_vm *vm, struct drm_gem_object *obj,
		    u64 offset, u64 range)
{
	struct drm_gem_object *private_to = to_evgem_bo(obj)->private_to;

	if (private_to && private_to != drm_gpuvm_resv_obj(&vm->base))
		return false;

	return range <= obj->size && offset <= obj->size - range;
}

static u32 op_type(u32 op)
{
	switch (op) {
	case DRM_EVGEM_BIND_OP_MAP:
	case DRM_EVGEM_BIND_OP_MAP_USERPTR:
		return DRM_GPUVM_BIND_OP_MAP;
	case DRM_EVGEM_BIND_OP_MAP_SPARSE:
		return DRM_GPUVM_BIND_OP_MAP_SPARSE;
	case DRM_EVGEM_BIND_OP_UNMAP_BO:
		return DRM_GPUVM_BIND_OP_UNMAP_OBJ;
	default:
		return DRM_GPUVM_BIND_OP_UNMAP;
	}
}

static int add_userptr(struct drm_gpuvm_bind_job *job, struct evgem_vm *vm,
		       const struct drm_evgem_bind_op *args,
		       struct drm_gpuvm_bind_op *op)
{
	int ret;

	/* For a userptr, the offset is its address in the process. */
	op->offset = 0;
	op->obj = evgem_userptr_create(vm, args);
	if (IS_ERR(op->obj))
		return PTR_ERR(op->obj);

	ret = drm_gpuvm_bind_job_add(job, op);
	drm_gem_object_put(op->obj);
	return ret;
}

static int add_op(struct drm_gpuvm_bind_job *job, struct evgem_vm *vm,
		  struct drm_file *file, const struct drm_evgem_bind_op *args)
{
	struct drm_gpuvm_bind_op op = {
		.op = op_type(args->op),
		.addr = args->addr,
		.range = args->range,
		.offset = args->offset,
		.attrs.repeat = args->repeat,
	};
	int ret = -EINVAL;

	if (!op_args_valid(vm, args))
		return -EINVAL;

	if (args->flags & DRM_EVGEM_BIND_READONLY)
		op.flags |= EVGEM_VA_READONLY;

	if (args->op == DRM_EVGEM_BIND_OP_MAP_USERPTR)
		return add_userptr(job, vm, args, &op);

	if (!args->handle)
		return drm_gpuvm_bind_job_add(job, &op);

	op.obj = drm_gem_object_lookup(file, args->handle);
	if (!op.obj)
		return -ENOENT;

	if (can_map(vm, op.obj, op.offset, args->repeat ?: op.range))
		ret = drm_gpuvm_bind_job_add(job, &op);
	drm_gem_object_put(op.obj);
	return ret;
}

/**
 * struct submission - what submit() is called with, again if need be
 */
struct submission {
	/** @vm: whose binds */
	struct evgem_vm *vm;
	/** @job: complete, not submitted */
	struct drm_gpuvm_bind_job *job;
	/** @syncs: what it waits for and signals */
	struct drm_gpuvm_syncs *syncs;
};

static int submit(void *priv)
{
	struct submission *s = priv;
	int ret, idx;

	/* Not around the wait of a synchronous bind: unplug waits for this. */
	if (!drm_dev_enter(&s->vm->evgem->drm, &idx))
		return -ENODEV;

	ret = drm_gpuvm_bind_job_submit(s->job, s->syncs);
	drm_dev_exit(idx);
	return ret;
}

static int bind(struct evgem_vm *vm, struct drm_file *file,
		const struct drm_evgem_vm_bind *args,
		const struct drm_evgem_bind_op *ops,
		struct drm_gpuvm_syncs *syncs)
{
	struct submission s = { .vm = vm, .syncs = syncs };
	struct drm_gpuvm_bind_job *job;
	int ret;

	job = drm_gpuvm_bind_job_create(vm->binds, args->ops.count,
					file->client_id);
	if (IS_ERR(job))
		return PTR_ERR(job);
	s.job = job;

	ret = evgem_quota_take_ops(vm, ops, args->ops.count,
				   drm_gpuvm_bind_job_priv(job));
	for (u32 i = 0; i < args->ops.count && !ret; i++) {
		ret = add_op(job, vm, file, &ops[i]);
		cond_resched();
	}

	if (!ret)
		ret = drm_gpuvm_lru_submit(vm->evgem->lru, &vm->base, submit,
					   &s);
	if (!ret && !(args->flags & DRM_EVGEM_VM_BIND_ASYNC))
		ret = drm_gpuvm_bind_job_wait(job);

	drm_gpuvm_bind_job_put(job);
	return ret;
}

static int bind_args(struct evgem_vm *vm, struct drm_file *file,
		     const struct drm_evgem_vm_bind *args)
{
	struct drm_gpuvm_syncs *syncs;
	struct drm_evgem_bind_op *ops;
	int ret;

	ops = evgem_array_copy(&args->ops, EVGEM_MAX_BIND_OPS, sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	syncs = evgem_syncs_copy(file, &args->syncs);
	ret = IS_ERR(syncs) ? PTR_ERR(syncs) : bind(vm, file, args, ops, syncs);
	if (!IS_ERR(syncs))
		drm_gpuvm_syncs_free(syncs);
	kvfree(ops);
	return ret;
}

/**
 * evgem_vm_bind_ioctl() - DRM_IOCTL_EVGEM_VM_BIND
 * @drm: the device
 * @data: struct drm_evgem_vm_bind
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -EIO; -E2BIG; -EFAULT; -ENOMEM; -ENOSPC;
 * -EINTR; -ENODEV.
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
