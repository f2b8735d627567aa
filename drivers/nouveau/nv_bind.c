// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_NOUVEAU_VM_BIND: from an array of operations to a job.
 *
 * The uAPI knows two operations and a flag for sparse regions. What becomes of
 * the address space is worked out here in the core's terms, operation by
 * operation and in their order: to unmap within a sparse region, for instance, is
 * to map nothing on purpose. All that can be wrong with a call is found before the
 * core hears of it, and sparse regions are as before if it fails.
 *
 * Two locks keep the order: calls for one VM are planned and submitted one after
 * the other, under nv_vm.bind_lock; what runs is the core's business.
 */
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm_lru.h>

#include "nv_bind.h"
#include "nv_device.h"
#include "nv_gem.h"
#include "nv_uapi.h"
#include "nv_vm.h"

/* The low byte of an operation's flags is the kind of the pages. */
#define KIND_MASK 0xff

/**
 * struct plan - what a call comes down to
 */
struct plan {
	/** @vm: whose binds */
	struct nv_vm *vm;
	/** @file: the caller's */
	struct drm_file *file;
	/** @ops: for the core; each with a reference to its object */
	struct drm_gpuvm_bind_op *ops;
	/** @count: how many */
	u32 count;
	/** @room: how many there can be */
	u32 room;
};

static int plan_grow(struct plan *plan)
{
	struct drm_gpuvm_bind_op *ops;
	u32 room;

	if (check_mul_overflow(plan->room, 2u, &room))
		return -ENOMEM;

	ops = kvmalloc_array(room, sizeof(*ops), GFP_KERNEL_ACCOUNT);
	if (!ops)
		return -ENOMEM;

	memcpy(ops, plan->ops, plan->count * sizeof(*ops));
	kvfree(plan->ops);
	plan->ops = ops;
	plan->room = room;
	return 0;
}

/* Takes over the reference to the object, unless it fails. */
static int plan_add(struct plan *plan, const struct drm_gpuvm_bind_op *op)
{
	int ret = plan->count < plan->room ? 0 : plan_grow(plan);

	if (!ret)
		plan->ops[plan->count++] = *op;

	return ret;
}

static int plan_range(struct plan *plan, u32 op, u64 addr, u64 end)
{
	const struct drm_gpuvm_bind_op core = {
		.op = op,
		.addr = addr,
		.range = end - addr,
	};

	return addr < end ? plan_add(plan, &core) : 0;
}

static int plan_init(struct plan *plan, u32 room)
{
	plan->room = max(room, 1u);
	plan->ops = kvmalloc_array(plan->room, sizeof(*plan->ops),
				   GFP_KERNEL_ACCOUNT);
	return plan->ops ? 0 : -ENOMEM;
}

static void plan_fini(struct plan *plan)
{
	for (u32 i = 0; i < plan->count; i++)
		if (plan->ops[i].obj)
			drm_gem_object_put(plan->ops[i].obj);
	kvfree(plan->ops);
}

/* Either within a sparse region or away from all. */
static bool map_fits_regions(struct nv_vm *vm, u64 addr, u64 range)
{
	struct nv_region *region = nv_region_first(&vm->regions, addr, range);

	return !region || (region->addr <= addr &&
			   nv_region_end(region) >= addr + range);
}

/*
 * What the program got as offset of a mapping that it wants to be rid of is passed
 * on to us by clients; it means nothing then.
 */
static bool op_args_valid(struct nv_vm *vm,
			  const struct drm_nouveau_vm_bind_op *args)
{
	bool sparse = args->flags & DRM_NOUVEAU_VM_BIND_SPARSE;
	bool map = args->op == DRM_NOUVEAU_VM_BIND_OP_MAP;

	if (args->op != DRM_NOUVEAU_VM_BIND_OP_MAP &&
	    args->op != DRM_NOUVEAU_VM_BIND_OP_UNMAP)
		return false;

	if (args->pad ||
	    (args->flags & ~(KIND_MASK | DRM_NOUVEAU_VM_BIND_SPARSE)) ||
	    !nv_kind_valid(args->flags & KIND_MASK) ||
	    (args->handle && (sparse || !map)))
		return false;

	return PAGE_ALIGNED(args->addr | args->range | args->bo_offset) &&
	       drm_gpuvm_range_valid(&vm->base, args->addr, args->range);
}

static bool can_map(struct nv_vm *vm, struct nv_bo *bo, u64 offset, u64 range)
{
	u64 size = bo->shmem.base.size;

	if (bo->private_to && bo->private_to != drm_gpuvm_resv_obj(&vm->base))
		return false;

	return bo->domains && range <= size && offset <= size - range;
}

static int plan_map(struct plan *plan, const struct drm_nouveau_vm_bind_op *args)
{
	struct drm_gpuvm_bind_op op = {
		.op = DRM_GPUVM_BIND_OP_MAP,
		.addr = args->addr,
		.range = args->range,
		.offset = args->bo_offset,
		.attrs.cookie = args->flags & KIND_MASK,
	};
	int ret = -EINVAL;

	op.obj = drm_gem_object_lookup(plan->file, args->handle);
	if (!op.obj)
		return -ENOENT;

	if (can_map(plan->vm, to_nv_bo(op.obj), op.offset, op.range))
		ret = map_fits_regions(plan->vm, op.addr, op.range) ?
		      plan_add(plan, &op) : -ENOSPC;
	if (ret)
		drm_gem_object_put(op.obj);
	return ret;
}

static int plan_unmap(struct plan *plan,
		      const struct drm_nouveau_vm_bind_op *args)
{
	u64 at = args->addr, end = at + args->range;
	struct nv_region *region;
	int ret = 0;

	for (region = nv_region_first(&plan->vm->regions, at, end - at);
	     region && !ret;
	     region = nv_region_next(region, args->addr, args->range)) {
		u64 from = max(region->addr, at);
		u64 to = min(nv_region_end(region), end);

		ret = plan_range(plan, DRM_GPUVM_BIND_OP_UNMAP, at, from) ?:
		      plan_range(plan, DRM_GPUVM_BIND_OP_MAP_SPARSE, from, to);
		at = to;
	}

	return ret ?: plan_range(plan, DRM_GPUVM_BIND_OP_UNMAP, at, end);
}

static int plan_op(struct plan *plan, const struct drm_nouveau_vm_bind_op *args)
{
	bool sparse = args->flags & DRM_NOUVEAU_VM_BIND_SPARSE;
	bool map = args->op == DRM_NOUVEAU_VM_BIND_OP_MAP;
	u64 end = args->addr + args->range;

	if (!op_args_valid(plan->vm, args))
		return -EINVAL;

	if (!sparse)
		return map ? plan_map(plan, args) : plan_unmap(plan, args);

	if (map)
		return nv_region_create(&plan->vm->regions, args->addr,
					args->range) ?:
		       plan_range(plan, DRM_GPUVM_BIND_OP_MAP_SPARSE,
				  args->addr, end);

	return nv_region_remove(&plan->vm->regions, args->addr, args->range) ?:
	       plan_range(plan, DRM_GPUVM_BIND_OP_UNMAP, args->addr, end);
}

/**
 * struct submission - what submit() is called with, again if need be
 */
struct submission {
	/** @vm: whose binds */
	struct nv_vm *vm;
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
	if (!drm_dev_enter(&s->vm->nv->drm, &idx))
		return -ENODEV;

	ret = drm_gpuvm_bind_job_submit(s->job, s->syncs);
	drm_dev_exit(idx);
	return ret;
}

static struct drm_gpuvm_bind_job *make_job(struct plan *plan)
{
	struct drm_gpuvm_bind_job *job;
	struct nv_bind_job *priv;
	int ret = 0;

	job = drm_gpuvm_bind_job_create(plan->vm->binds, plan->count,
					plan->file->client_id);
	if (IS_ERR(job))
		return job;

	priv = drm_gpuvm_bind_job_priv(job);
	priv->num_ops = plan->count;
	for (u32 i = 0; i < plan->count && !ret; i++) {
		ret = drm_gpuvm_bind_job_add(job, &plan->ops[i]);
		cond_resched();
	}

	if (ret) {
		drm_gpuvm_bind_job_put(job);
		return ERR_PTR(ret);
	}

	return job;
}

static int submit_job(struct submission *s)
{
	struct nv_bind_job *priv = drm_gpuvm_bind_job_priv(s->job);
	struct drm_gpuvm_lru *lru = s->vm->nv->lru;
	int ret = drm_gpuvm_lru_submit(lru, &s->vm->base, submit, s);

	/* That it was VRAM which was missing leaves the job as it was. */
	if (ret != -ENOMEM || !priv->no_room)
		return ret;

	nv_vm_settle(s->vm);
	return drm_gpuvm_lru_submit(lru, &s->vm->base, submit, s);
}

/* Returns the job, submitted. */
static struct drm_gpuvm_bind_job *submit_plan(struct plan *plan,
					      struct drm_gpuvm_syncs *syncs)
{
	struct submission s = { .vm = plan->vm, .syncs = syncs };
	int ret;

	s.job = make_job(plan);
	if (IS_ERR(s.job))
		return s.job;

	ret = submit_job(&s);
	if (ret) {
		drm_gpuvm_bind_job_put(s.job);
		return ERR_PTR(ret);
	}

	return s.job;
}

static struct drm_gpuvm_bind_job *
bind_locked(struct plan *plan, const struct drm_nouveau_vm_bind_op *ops,
	    u32 count, struct drm_gpuvm_syncs *syncs)
{
	int ret = 0;

	lockdep_assert_held(&plan->vm->bind_lock);

	for (u32 i = 0; i < count && !ret; i++) {
		ret = plan_op(plan, &ops[i]);
		cond_resched();
	}

	return ret ? ERR_PTR(ret) : submit_plan(plan, syncs);
}

/*
 * What a synchronous bind has to wait for, it waits for before anything is changed:
 * in deferred mode a bind cannot be withdrawn, and a signal has to find all as it
 * was. Behind this there is the bind's own job, which is short.
 */
static int wait_for_queued(struct nv_vm *vm)
{
	struct dma_fence *fence;
	int ret;

	ret = mutex_lock_interruptible(&vm->bind_lock);
	if (ret)
		return ret;

	fence = dma_fence_get(vm->last_bind);
	mutex_unlock(&vm->bind_lock);
	if (!fence)
		return 0;

	ret = dma_fence_wait(fence, true);
	dma_fence_put(fence);
	return ret;
}

static void queued_locked(struct nv_vm *vm, struct drm_gpuvm_bind_job *job)
{
	lockdep_assert_held(&vm->bind_lock);

	dma_fence_put(vm->last_bind);
	vm->last_bind = drm_gpuvm_bind_job_fence(job);
}

static int bind(struct nv_vm *vm, struct drm_file *file,
		const struct drm_nouveau_vm_bind *args,
		const struct drm_nouveau_vm_bind_op *ops,
		struct drm_gpuvm_syncs *syncs)
{
	bool sync = !(args->flags & DRM_NOUVEAU_VM_BIND_RUN_ASYNC);
	struct plan plan = { .vm = vm, .file = file };
	struct drm_gpuvm_bind_job *job;
	int ret;

	ret = sync ? wait_for_queued(vm) : 0;
	if (ret)
		return ret;

	ret = plan_init(&plan, args->op_count);
	if (ret)
		return ret;

	ret = mutex_lock_interruptible(&vm->bind_lock);
	if (ret)
		goto out;

	job = bind_locked(&plan, ops, args->op_count, syncs);
	if (IS_ERR(job)) {
		nv_regions_rollback(&vm->regions);
	} else {
		nv_regions_commit(&vm->regions);
		queued_locked(vm, job);
	}
	mutex_unlock(&vm->bind_lock);

	ret = PTR_ERR_OR_ZERO(job);
	if (ret)
		goto out;

	if (sync)
		ret = drm_gpuvm_bind_job_wait(job);
	drm_gpuvm_bind_job_put(job);
out:
	plan_fini(&plan);
	return ret;
}

static int bind_args(struct nv_vm *vm, struct drm_file *file,
		     const struct drm_nouveau_vm_bind *args)
{
	struct drm_nouveau_vm_bind_op *ops = NULL;
	struct drm_gpuvm_syncs *syncs;
	int ret;

	if (args->op_count) {
		ops = vmemdup_array_user(u64_to_user_ptr(args->op_ptr),
					 args->op_count, sizeof(*ops));
		if (IS_ERR(ops))
			return PTR_ERR(ops);
	}

	syncs = nv_syncs_copy(file, args->wait_ptr, args->wait_count,
			      args->sig_ptr, args->sig_count);
	ret = IS_ERR(syncs) ? PTR_ERR(syncs) : bind(vm, file, args, ops, syncs);
	if (!IS_ERR(syncs))
		drm_gpuvm_syncs_free(syncs);
	kvfree(ops);
	return ret;
}

/**
 * nv_vm_bind_ioctl() - DRM_IOCTL_NOUVEAU_VM_BIND
 * @drm: the device
 * @data: struct drm_nouveau_vm_bind
 * @file: the caller's
 *
 * Return: 0; -ENOSYS without VM_INIT; -EINVAL; -EIO if the VM died; -EFAULT;
 * -ENOENT for an unknown BO or syncobj, and for a sparse region that is not there;
 * -ENOSPC where sparse regions are in the way; -ENOMEM; -EINTR; -ENODEV. After an
 * error nothing has changed and nothing is signalled, unless it is that of a
 * synchronous bind which had begun.
 */
int nv_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_nouveau_vm_bind *args = data;
	bool async = args->flags & DRM_NOUVEAU_VM_BIND_RUN_ASYNC;
	struct nv_vm *vm = nv_file_vm(file->driver_priv);

	if (!vm)
		return -ENOSYS;

	if ((args->flags & ~DRM_NOUVEAU_VM_BIND_RUN_ASYNC) ||
	    args->op_count > NV_MAX_BIND_OPS)
		return -EINVAL;

	if (!async && (args->wait_count || args->sig_count))
		return -EINVAL;

	return nv_vm_error(vm) ?: bind_args(vm, file, args);
}
