// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What a bind does to the page tables.
 *
 * Shows all that the core's bind layer wants to know from a driver. It finds out
 * which addresses change, and calls evgem_pt_map() and evgem_pt_unmap() for
 * them in the job: that is the fence signalling section, where no memory may be
 * allocated, so the tables for the worst case are set aside at submission.
 *
 * Lifetimes: a mapping holds its vm_bo, which holds the BO. What a job took out
 * is freed after it has flushed the TLB; so a BO whose last handle was closed
 * keeps its memory until the engine has forgotten it.
 *
 * For your own hardware: if it changes page tables itself, collect the changes
 * here and submit them in pt_flush. Memory placement goes into bind_validate().
 */
#include <drm/drm_drv.h>

#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_hw.h"
#include "evgem_userptr.h"
#include "evgem_vm.h"

/* What one mapping costs; the vm_bo is one for each pair of VM and BO. */
static_assert(sizeof(struct drm_gpuva) <= 128,
	      "a mapping takes more than kmalloc-128");

static struct evgem_vm *job_vm(struct drm_gpuvm_bind_job *job)
{
	return to_evgem_vm(drm_gpuvm_bind_job_vm(job));
}

static struct evgem_pt_update *job_pt(struct drm_gpuvm_bind_job *job)
{
	struct evgem_bind_job *priv = drm_gpuvm_bind_job_priv(job);

	return &priv->pt;
}

static void bind_job_init(struct drm_gpuvm_bind_job *job)
{
	evgem_vm_get(job_vm(job));
	evgem_pt_update_init(job_pt(job));
	/* Until something is reserved: then the job only takes things away. */
	job_pt(job)->whole_entries = true;
}

static void bind_job_fini(struct drm_gpuvm_bind_job *job)
{
	evgem_quota_put_ops(job_vm(job), drm_gpuvm_bind_job_priv(job));
	evgem_pt_update_fini(job_pt(job));
	evgem_vm_put(job_vm(job));
}

static int bind_validate(struct drm_gpuvm_bind_job *job,
			 struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	return evgem_gem_populate_locked(vm_bo->obj, vm_bo->vm);
}

/*
 * The pages of an object from @from on; those from @offset on are shown again and
 * again if @repeat is not 0. What is sparse has no object.
 */
static struct evgem_pt_source source_of(struct drm_gem_object *obj, u64 offset,
					u64 from, u64 repeat)
{
	return (struct evgem_pt_source) {
		.pages = obj ? to_evgem_bo(obj)->pages + (offset >> PAGE_SHIFT) :
			       NULL,
		.at = (from - offset) >> PAGE_SHIFT,
		.repeat = repeat >> PAGE_SHIFT,
	};
}

static u64 tables_for_map(const struct drm_gpuvm_bind_op *op)
{
	struct evgem_pt_source source;

	/* Its pages may be others when the job runs. */
	if (drm_gpuvm_is_userptr(op->obj))
		return evgem_pt_tables_at_most(op->addr, op->range);

	source = source_of(op->obj, op->offset,
			   op->offset + op->attrs.repeat_phase, op->attrs.repeat);
	return evgem_pt_tables_for_map(op->addr, op->range, &source);
}

static int bind_pt_reserve(struct drm_gpuvm_bind_job *job,
			   const struct drm_gpuvm_bind_op *op)
{
	u64 tables = 0;

	job_pt(job)->whole_entries = false;
	switch (op->op) {
	case DRM_GPUVM_BIND_OP_MAP:
	case DRM_GPUVM_BIND_OP_MAP_SPARSE:
		tables = tables_for_map(op);
		break;
	case DRM_GPUVM_BIND_OP_UNMAP:
		tables = evgem_pt_tables_for_unmap(op->addr, op->range);
		break;
	}

	return evgem_pt_update_reserve(job_pt(job), tables);
}

static int bind_refuse(struct drm_gpuvm_bind_job *job)
{
	return drm_dev_is_unplugged(&job_vm(job)->evgem->drm) ? -ENODEV : 0;
}

static int bind_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		       u64 addr, u64 range)
{
	struct evgem_pt_source source;

	if (drm_gpuvm_is_userptr(va->gem.obj))
		return evgem_userptr_map(job_vm(job), job_pt(job), va, addr,
					 range);

	source = source_of(va->gem.obj, va->gem.offset,
			   drm_gpuva_gem_offset(va, addr), va->attrs.repeat);
	return evgem_pt_map(&job_vm(job)->pt, job_pt(job), addr, range, &source,
			    !(va->flags & EVGEM_VA_READONLY));
}

static int bind_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	return evgem_pt_unmap(&job_vm(job)->pt, job_pt(job), addr, range);
}

/* Before the job's fence is signalled: then the memory may be reused. */
static void bind_pt_flush(struct drm_gpuvm_bind_job *job)
{
	struct evgem_pt_update *update = job_pt(job);
	struct evgem_vm *vm = job_vm(job);

	evgem_quota_ops_ran_locked(vm, drm_gpuvm_bind_job_priv(job));
	if (update->flush_start >= update->flush_end)
		return;

	evgem_hw_tlb_flush(vm->evgem->hw, vm->context,
			   update->flush_start, update->flush_end);
	evgem_pt_update_flushed(update);
	vm->tlb_flushes++;
}

static const struct drm_gpuvm_bind_ops bind_ops = {
	.job_init = bind_job_init,
	.job_fini = bind_job_fini,
	.validate = bind_validate,
	.pt_reserve = bind_pt_reserve,
	.refuse = bind_refuse,
	.pt_map = bind_pt_map,
	.pt_unmap = bind_pt_unmap,
	.pt_flush = bind_pt_flush,
};

/**
 * evgem_bind_queue_init() - make the bind queue of a VM
 * @vm: the VM
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_bind_queue_init(struct evgem_vm *vm)
{
	const struct drm_gpuvm_bind_queue_args args = {
		.gpuvm = &vm->base,
		.ops = &bind_ops,
		.name = "evgem-bind",
		.submit_wq = vm->evgem->sched_wq,
		.cleanup_wq = evgem_release_wq,
		.job_priv_size = sizeof(struct evgem_bind_job),
	};
	struct drm_gpuvm_bind_queue *binds = drm_gpuvm_bind_queue_create(&args);

	if (IS_ERR(binds))
		return PTR_ERR(binds);

	vm->binds = binds;
	return 0;
}
