// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a bind job does to the mappings of the VM.
 *
 * All operations are applied to the VM's index first, before any page table is
 * touched. Mappings that were there go to a set of the job, whole and still
 * linked; those that come are on a list of the job, not yet linked. So nothing
 * is lost before it is certain that the job succeeds, to undo it is to swap the
 * two back, and what the page tables have to learn is the difference between
 * them: see gpuvm_bind_pt.c.
 *
 * A mapping that one operation makes and a later one takes away again leaves no
 * trace. Its memory serves the next operation.
 */
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "gpuvm_bind_private.h"
#include "gpuvm_trace.h"
#include "gpuvm_sm.h"

/* &drm_gpuva.__state: made by the job that is being applied. */
#define VA_FRESH BIT(0)

/**
 * struct tree_cursor - an operation that is being applied
 */
struct tree_cursor {
	/** @job: the job */
	struct drm_gpuvm_bind_job *job;
	/** @step: the operation */
	const struct gpuvm_bind_step *step;
};

static struct gpuva_reserve *reserve_of(struct drm_gpuvm_bind_job *job)
{
	return &gpuvm_private(gpuvm_bind_vm(job))->index.reserve;
}

/**
 * gpuvm_bind_reserve_vas() - set mappings aside
 * @job: the job
 * @count: how many more: 3 for a map, which may cut a mapping on each side; 2
 *	for an unmap, which may leave two pieces of one or one each of two
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuvm_bind_reserve_vas(struct drm_gpuvm_bind_job *job, unsigned int count)
{
	while (count--) {
		struct drm_gpuva *va =
			kzalloc(gpuvm_bind_old_alloc_size(&job->old),
				GFP_KERNEL_ACCOUNT);

		if (!va)
			return -ENOMEM;
		list_add(&va->gem.entry, &job->spare);
	}

	return 0;
}

/**
 * gpuvm_bind_reserve_nodes() - set aside what the VM's index may need
 * @job: the job
 *
 * What an operation puts into the VM lies side by side: that splits one node at
 * most.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int gpuvm_bind_reserve_nodes(struct drm_gpuvm_bind_job *job)
{
	struct gpuva_index *index = &gpuvm_private(gpuvm_bind_vm(job))->index;
	const u32 nodes = gpuva_index_nodes(index, job->num_ops);
	int ret;

	if (nodes <= job->nodes)
		return 0;

	ret = gpuva_reserve_promise(&index->reserve, nodes - job->nodes);
	if (!ret)
		job->nodes = nodes;

	return ret;
}

static struct drm_gpuva *take_va(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuva *va = list_first_entry_or_null(&job->spare,
							struct drm_gpuva,
							gem.entry);

	if (drm_WARN_ON(gpuvm_bind_vm(job)->drm, !va))
		return NULL;

	list_del(&va->gem.entry);
	return va;
}

static void give_back_va(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va)
{
	if (!va)
		return;

	memset(va, 0, job->old.va_size);
	list_add(&va->gem.entry, &job->spare);
}

/*
 * A mapping that came into the VM. Until it is linked, its vm_bo is only noted:
 * the step, or the mapping that it is a piece of, has the reference.
 */
static void come(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		 struct drm_gpuvm_bo *vm_bo)
{
	va->vm_bo = va->gem.obj ? vm_bo : NULL;
	va->__state |= VA_FRESH;
	list_add_tail(&va->gem.entry, &job->fresh);
	job->queue->mappings++;
}

/* A mapping that goes, either as if it had never been or to those of the job. */
static void go(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va)
{
	job->queue->mappings--;

	if (va->__state & VA_FRESH) {
		list_del(&va->gem.entry);
		drm_gpuva_remove(va);
		give_back_va(job, va);
		return;
	}

	/* It keeps the VM until it is freed, or inserted again. */
	drm_gpuvm_get(va->vm);
	gpuva_index_remove(&gpuvm_private(va->vm)->index, va);
	gpuvm_unpin(va->vm);
	drm_WARN_ON(va->vm->drm, gpuvm_bind_old_insert(&job->old, va));
}

static int step_map(struct tree_cursor *cursor, const struct drm_gpuva_op *op)
{
	struct drm_gpuvm_bind_job *job = cursor->job;
	struct drm_gpuva *va = take_va(job);
	int ret;

	if (!va)
		return -ENOMEM;

	ret = gpuvm_va_insert(gpuvm_bind_vm(job), va, &op->map);
	if (ret) {
		give_back_va(job, va);
		return ret;
	}

	va->flags = op->flags;
	va->attrs = op->attrs;
	come(job, va, cursor->step->vm_bo);
	return 0;
}

/* What remains of a mapping differs from it in nothing but its range. */
static int insert_piece(struct drm_gpuvm_bind_job *job, struct drm_gpuva *piece,
			const struct drm_gpuva *old,
			const struct drm_gpuva_op_map *op)
{
	int ret = gpuvm_va_insert_piece(piece, old, op);

	if (ret)
		return ret;

	come(job, piece, old->vm_bo);
	return 0;
}

static int step_remap(struct drm_gpuvm_bind_job *job,
		      const struct drm_gpuva_op_remap *op)
{
	struct drm_gpuva *prev = op->prev ? take_va(job) : NULL;
	struct drm_gpuva *next = op->next ? take_va(job) : NULL;
	struct drm_gpuva *va = op->unmap->va;
	struct drm_gpuva old = *va;
	int ret = 0;

	if ((op->prev && !prev) || (op->next && !next)) {
		give_back_va(job, prev);
		give_back_va(job, next);
		return -ENOMEM;
	}

	/* From here on the job is undone as a whole if anything fails. */
	go(job, va);
	if (prev)
		ret = insert_piece(job, prev, &old, op->prev);
	if (next && !ret)
		ret = insert_piece(job, next, &old, op->next);

	return ret;
}

static int tree_step(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *op,
		     void *priv)
{
	struct tree_cursor *cursor = priv;

	switch (op->op) {
	case DRM_GPUVA_OP_MAP:
		return step_map(cursor, op);
	case DRM_GPUVA_OP_REMAP:
		return step_remap(cursor->job, &op->remap);
	case DRM_GPUVA_OP_UNMAP:
		go(cursor->job, op->unmap.va);
		return 0;
	default:
		return -EINVAL;
	}
}

static void unmap_linked_locked(struct drm_gpuvm_bind_job *job,
				struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	/* Those that wait to be unlinked are in no index. */
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		if (gpuva_index_holds(va))
			go(job, va);
}

static void unmap_obj(struct drm_gpuvm_bind_job *job,
		      struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va, *next;

	if (drm_gpuvm_immediate_mode(vm_bo->vm)) {
		guard(mutex)(drm_gem_gpuva_mutex(vm_bo->obj));
		unmap_linked_locked(job, vm_bo);
	} else {
		unmap_linked_locked(job, vm_bo);
	}

	list_for_each_entry_safe(va, next, &job->fresh, gem.entry)
		if (va->gem.obj == vm_bo->obj)
			go(job, va);
}

static int apply_step(struct drm_gpuvm_bind_job *job,
		      const struct gpuvm_bind_step *step)
{
	const struct drm_gpuvm_bind_op *op = &step->op;
	struct tree_cursor cursor = { .job = job, .step = step };
	struct drm_gpuvm_map_req req = {
		.map.va.addr = op->addr,
		.map.va.range = op->range,
		.map.gem.obj = op->obj,
		.map.gem.offset = op->offset,
		.flags = op->flags,
		.attrs = op->attrs,
	};

	switch (op->op) {
	case DRM_GPUVM_BIND_OP_UNMAP:
		return gpuvm_sm_unmap(gpuvm_bind_vm(job), op->addr, op->range,
				      tree_step, &cursor);
	case DRM_GPUVM_BIND_OP_UNMAP_OBJ:
		unmap_obj(job, step->vm_bo);
		return 0;
	case DRM_GPUVM_BIND_OP_MAP_SPARSE:
		req.flags |= DRM_GPUVA_SPARSE;
		fallthrough;
	default:
		return gpuvm_sm_map(gpuvm_bind_vm(job), &req, tree_step,
				    &cursor);
	}
}

/**
 * gpuvm_bind_tree_apply_locked() - apply a job's operations to the mappings
 * @job: the job
 *
 * Context: the VM's mappings are locked; fence signalling section in immediate
 * mode, else the objects are locked.
 * Return: 0; an error means that too little was set aside, and then the caller
 * undoes it.
 */
int gpuvm_bind_tree_apply_locked(struct drm_gpuvm_bind_job *job)
{
	gpuvm_bind_assert_tree_held(job->queue);

	/* What it takes to undo it is there, then. */
	gpuva_reserve_hold(reserve_of(job));

	for (u32 i = 0; i < job->num_ops; i++) {
		int ret = apply_step(job, &job->steps[i]);

		if (ret)
			return ret;
	}

	return 0;
}

/**
 * gpuvm_bind_tree_undo_locked() - make the mappings as they were
 * @job: the job, applied as a whole or in part, not committed
 *
 * Context: as gpuvm_bind_tree_apply_locked().
 */
void gpuvm_bind_tree_undo_locked(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(job);
	struct drm_gpuva *va, *next;

	gpuvm_bind_assert_tree_held(job->queue);

	list_for_each_entry_safe(va, next, &job->fresh, gem.entry)
		go(job, va);

	while ((va = gpuvm_bind_old_first(&job->old))) {
		gpuvm_bind_old_remove(&job->old, va);
		drm_WARN_ON(gpuvm->drm,
			    gpuva_index_insert(&gpuvm_private(gpuvm)->index, va));
		gpuvm_pin(gpuvm);
		drm_gpuvm_put(gpuvm);
		job->queue->mappings++;
	}
	gpuva_reserve_unhold(reserve_of(job));
}

/**
 * gpuvm_bind_tree_clear_locked() - take all mappings out of the VM
 * @job: the job that takes them
 *
 * Context: the VM's mappings are locked.
 */
void gpuvm_bind_tree_clear_locked(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuvm *gpuvm = gpuvm_bind_vm(job);
	struct drm_gpuva *va, *next;

	gpuvm_bind_assert_tree_held(job->queue);

	/* As when operations are applied: the same follows. */
	gpuva_reserve_hold(reserve_of(job));

	drm_gpuvm_for_each_va_safe(va, next, gpuvm)
		if (va != &gpuvm->kernel_alloc_node)
			go(job, va);
}

static void link_va(struct drm_gpuva *va)
{
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;

	va->vm_bo = NULL;
	if (!vm_bo)
		return;

	if (drm_gpuvm_immediate_mode(va->vm)) {
		guard(mutex)(drm_gem_gpuva_mutex(vm_bo->obj));
		drm_gpuva_link(va, vm_bo);
	} else {
		drm_gpuva_link(va, vm_bo);
	}
}

/**
 * gpuvm_bind_tree_commit_locked() - make it final
 * @job: the job, applied
 *
 * In immediate mode mappings that went are unlinked here, so that nobody who
 * comes from the object finds one that is no longer in the page tables. In
 * deferred mode they are in the page tables until the job has run, and stay
 * linked until then.
 *
 * Context: as gpuvm_bind_tree_apply_locked().
 */
void gpuvm_bind_tree_commit_locked(struct drm_gpuvm_bind_job *job)
{
	const struct gpuvm_bind_old *old = &job->old;
	struct drm_gpuva *va, *next;

	gpuvm_bind_assert_tree_held(job->queue);

	gpuva_reserve_unhold(reserve_of(job));
	job->queue->generation++;
	for (va = gpuvm_bind_old_first(old); va; va = gpuvm_bind_old_next(old, va))
		trace_gpuva_unmap(va, false);

	list_for_each_entry_safe(va, next, &job->fresh, gem.entry) {
		list_del_init(&va->gem.entry);
		va->__state &= ~VA_FRESH;
		trace_gpuva_map(va);
		link_va(va);
	}

	if (!drm_gpuvm_immediate_mode(gpuvm_bind_vm(job)))
		return;

	for (va = gpuvm_bind_old_first(old); va; va = gpuvm_bind_old_next(old, va))
		drm_gpuva_unlink_defer(va);
}

/**
 * gpuvm_bind_free_vas() - free what was not used and what went
 * @job: the job, committed or never applied
 *
 * Context: process; sleeps; no dma_resv is held.
 */
void gpuvm_bind_free_vas(struct drm_gpuvm_bind_job *job)
{
	struct drm_gpuva *va, *next;

	list_for_each_entry_safe(va, next, &job->spare, gem.entry)
		kfree(va);
	INIT_LIST_HEAD(&job->spare);

	gpuva_reserve_release(reserve_of(job), job->nodes);
	job->nodes = 0;

	while ((va = gpuvm_bind_old_first(&job->old))) {
		struct drm_gpuvm *gpuvm = va->vm;

		gpuvm_bind_old_remove(&job->old, va);
		gpuvm_bind_unlink(va);
		kfree(va);
		drm_gpuvm_put(gpuvm);
		cond_resched();
	}
}
