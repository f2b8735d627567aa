// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Lists of operations, made at once and carried out later.
 *
 * For drivers that change the VM when a job is submitted, and the page tables
 * when it runs.
 */
#include <linux/sched/mm.h>

#include "gpuvm_op_chunk.h"
#include "gpuvm_private.h"
#include "gpuvm_sm.h"

/*
 * Whether each operation is allocated and freed by itself: a driver that has
 * callbacks for it counts on them, also on op_free alone.
 */
static bool ops_are_single(struct drm_gpuvm *gpuvm)
{
	return gpuvm->ops && (gpuvm->ops->op_alloc || gpuvm->ops->op_free);
}

/* Not zeroed, unless it is the driver's: it is written as a whole. */
static struct drm_gpuva_op *op_alloc(struct drm_gpuvm *gpuvm,
				     struct drm_gpuva_ops *ops)
{
	struct drm_gpuva_op *op;

	if (!ops_are_single(gpuvm))
		return gpuvm_op_list_take(ops, sizeof(*op));

	if (gpuvm->ops->op_alloc)
		return gpuvm->ops->op_alloc();

	op = kzalloc_obj(*op);
	return op;
}

static void op_free(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *op)
{
	if (gpuvm->ops && gpuvm->ops->op_free)
		gpuvm->ops->op_free(op);
	else
		kfree(op);
}

/* Whoever carries it out may not allocate any more. */
static struct drm_gpuva_ops *ops_alloc(struct drm_gpuvm *gpuvm)
{
	might_alloc(GFP_KERNEL);

	if (gpuvm_top_up(gpuvm))
		return NULL;

	return gpuvm_op_list_new();
}

static struct drm_gpuva_op_map *map_dup(struct drm_gpuva_ops *ops,
					const struct drm_gpuva_op_map *map)
{
	struct drm_gpuva_op_map *dup = gpuvm_op_list_take(ops, sizeof(*dup));

	if (dup)
		*dup = *map;
	return dup;
}

/*
 * Let an operation that is to be listed point to what lives as long as the list:
 * the walk has its parts on the stack. After an error they go with the list.
 */
static int remap_dup(struct drm_gpuva_ops *ops,
		     struct drm_gpuva_op_remap *remap)
{
	struct drm_gpuva_op_unmap *unmap;

	unmap = gpuvm_op_list_take(ops, sizeof(*unmap));
	if (!unmap)
		return -ENOMEM;
	*unmap = *remap->unmap;
	remap->unmap = unmap;

	if (remap->prev) {
		remap->prev = map_dup(ops, remap->prev);
		if (!remap->prev)
			return -ENOMEM;
	}
	if (remap->next) {
		remap->next = map_dup(ops, remap->next);
		if (!remap->next)
			return -ENOMEM;
	}

	return 0;
}

/* A step of split and merge: put a copy of the operation on the list. */
static int step_list(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *step,
		     void *priv)
{
	struct drm_gpuva_ops *ops = priv;
	struct drm_gpuva_op *op;

	if (step->op == DRM_GPUVA_OP_REMAP && remap_dup(ops, &step->remap))
		return -ENOMEM;

	op = op_alloc(gpuvm, ops);
	if (!op)
		return -ENOMEM;

	*op = *step;
	list_add_tail(&op->entry, &ops->list);

	return 0;
}

static int list_unmap(struct drm_gpuvm *gpuvm, struct drm_gpuva_ops *ops,
		      struct drm_gpuva *va)
{
	struct drm_gpuva_op op = {
		.op = DRM_GPUVA_OP_UNMAP,
		.unmap.va = va,
	};

	return step_list(gpuvm, &op, ops);
}

static int list_prefetch(struct drm_gpuvm *gpuvm, struct drm_gpuva_ops *ops,
			 struct drm_gpuva *va)
{
	struct drm_gpuva_op op = {
		.op = DRM_GPUVA_OP_PREFETCH,
		.prefetch.va = va,
	};

	return step_list(gpuvm, &op, ops);
}

/* The list, if it was made; else nothing of it remains. */
static struct drm_gpuva_ops *ops_or_error(struct drm_gpuvm *gpuvm,
					  struct drm_gpuva_ops *ops, int ret)
{
	if (!ret)
		return ops;

	drm_gpuva_ops_free(gpuvm, ops);
	return ERR_PTR(ret);
}

/**
 * drm_gpuvm_sm_map_ops_create() - list the operations that map a range
 * @gpuvm: the VM
 * @req: what to map; the object may be NULL
 *
 * For each mapping in the range an UNMAP, or a REMAP if it reaches out of the
 * range, in address order; at the end one MAP. The VM does not change; it must
 * not change otherwise until the operations are carried out.
 *
 * Context: process; allocates with GFP_KERNEL. The caller's lock for the VM is
 * held.
 * Return: the list, freed by drm_gpuva_ops_free(); ERR_PTR(-EINVAL) for a
 * request that drm_gpuvm_sm_map() refuses; ERR_PTR(-ENOMEM).
 */
struct drm_gpuva_ops *
drm_gpuvm_sm_map_ops_create(struct drm_gpuvm *gpuvm,
			    const struct drm_gpuvm_map_req *req)
{
	struct drm_gpuva_ops *ops = ops_alloc(gpuvm);

	if (!ops)
		return ERR_PTR(-ENOMEM);

	return ops_or_error(gpuvm, ops,
			    gpuvm_sm_map(gpuvm, req, step_list, ops));
}
EXPORT_SYMBOL_GPL(drm_gpuvm_sm_map_ops_create);

/**
 * drm_gpuvm_sm_unmap_ops_create() - list the operations that unmap a range
 * @gpuvm: the VM
 * @addr: first address
 * @range: length
 *
 * Context: as drm_gpuvm_sm_map_ops_create().
 * Return: as drm_gpuvm_sm_map_ops_create(); an empty list if nothing is mapped
 * there.
 */
struct drm_gpuva_ops *
drm_gpuvm_sm_unmap_ops_create(struct drm_gpuvm *gpuvm, u64 addr, u64 range)
{
	struct drm_gpuva_ops *ops = ops_alloc(gpuvm);

	if (!ops)
		return ERR_PTR(-ENOMEM);

	return ops_or_error(gpuvm, ops,
			    gpuvm_sm_unmap(gpuvm, addr, range, step_list, ops));
}
EXPORT_SYMBOL_GPL(drm_gpuvm_sm_unmap_ops_create);

/**
 * drm_gpuvm_madvise_ops_create() - list the operations that split mappings at
 * the edges of a range
 * @gpuvm: the VM
 * @req: the range, and the object, offset, flags and attributes for the pieces
 *	that lie in it
 *
 * So that what lies in the range can get attributes of its own. Each mapping
 * without an object that reaches out of the range gives a REMAP that cuts it and
 * a MAP of the piece in the range, with the request's object, flags and
 * attributes, its offset or its phase advanced to the piece. Mappings of objects,
 * those inside the range, and gaps give nothing.
 *
 * Context: as drm_gpuvm_sm_map_ops_create().
 * Return: as drm_gpuvm_sm_map_ops_create(); an empty list if nothing is to be
 * cut.
 */
struct drm_gpuva_ops *
drm_gpuvm_madvise_ops_create(struct drm_gpuvm *gpuvm,
			     const struct drm_gpuvm_map_req *req)
{
	struct drm_gpuva_ops *ops = ops_alloc(gpuvm);

	if (!ops)
		return ERR_PTR(-ENOMEM);

	return ops_or_error(gpuvm, ops,
			    gpuvm_sm_madvise(gpuvm, req, step_list, ops));
}
EXPORT_SYMBOL_GPL(drm_gpuvm_madvise_ops_create);

/**
 * drm_gpuvm_prefetch_ops_create() - list the mappings in a range
 * @gpuvm: the VM
 * @addr: first address
 * @range: length
 *
 * One PREFETCH for each mapping that overlaps the range, in address order. The
 * range may span &drm_gpuvm.kernel_alloc_node, which gets none.
 *
 * Context: as drm_gpuvm_sm_map_ops_create().
 * Return: the list, freed by drm_gpuva_ops_free(); ERR_PTR(-EINVAL) if the range
 * is empty or does not lie in the VA space; ERR_PTR(-ENOMEM).
 */
struct drm_gpuva_ops *
drm_gpuvm_prefetch_ops_create(struct drm_gpuvm *gpuvm, u64 addr, u64 range)
{
	struct drm_gpuva_ops *ops;
	struct drm_gpuva *va;
	int ret = 0;

	if (!gpuvm_in_mm(gpuvm, addr, range))
		return ERR_PTR(-EINVAL);

	ops = ops_alloc(gpuvm);
	if (!ops)
		return ERR_PTR(-ENOMEM);

	drm_gpuvm_for_each_va_range(va, gpuvm, addr, addr + range) {
		if (va == &gpuvm->kernel_alloc_node)
			continue;

		ret = list_prefetch(gpuvm, ops, va);
		if (ret)
			break;
	}

	return ops_or_error(gpuvm, ops, ret);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_prefetch_ops_create);

/**
 * drm_gpuvm_bo_unmap_ops_create() - list the operations that unmap an object
 * @vm_bo: the vm_bo
 *
 * One UNMAP for each mapping linked to @vm_bo.
 *
 * Context: process; allocates with GFP_KERNEL. The GEM's gpuva lock is held.
 * Return: the list, freed by drm_gpuva_ops_free(); ERR_PTR(-EOPNOTSUPP) in
 * immediate mode, whose gpuva lock forbids to allocate; ERR_PTR(-ENOMEM).
 */
struct drm_gpuva_ops *
drm_gpuvm_bo_unmap_ops_create(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva_ops *ops;
	struct drm_gpuva *va;
	int ret = 0;

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	if (drm_gpuvm_immediate_mode(vm_bo->vm))
		return ERR_PTR(-EOPNOTSUPP);

	ops = ops_alloc(vm_bo->vm);
	if (!ops)
		return ERR_PTR(-ENOMEM);

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		ret = list_unmap(vm_bo->vm, ops, va);
		if (ret)
			break;
	}

	return ops_or_error(vm_bo->vm, ops, ret);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_unmap_ops_create);

/*
 * The parts of a remap on a list that is not the core's, each allocated by
 * itself.
 */
static void remap_free(struct drm_gpuva_op_remap *remap)
{
	kfree(remap->prev);
	kfree(remap->next);
	kfree(remap->unmap);
}

/**
 * drm_gpuva_ops_free() - free a list of operations
 * @gpuvm: the VM that it was made for
 * @ops: the list
 *
 * With it go all operations that the core made for it, also those that were
 * taken off, and what its DRM_GPUVA_OP_REMAPs point to. Where the driver has
 * &drm_gpuvm_ops.op_alloc or &drm_gpuvm_ops.op_free, the operations that are on
 * the list are freed one by one, by op_free or kfree(); who took one off frees
 * it.
 *
 * A list that the driver made itself, of zeroed memory from kmalloc(), is freed as
 * well: its operations by op_free or kfree(), the parts of its
 * DRM_GPUVA_OP_REMAPs, each of which may be NULL, by kfree().
 *
 * Context: process, outside of the fence signalling section.
 */
void drm_gpuva_ops_free(struct drm_gpuvm *gpuvm, struct drm_gpuva_ops *ops)
{
	const bool ours = ops->__chunks;
	struct drm_gpuva_op *op, *next;

	if (!ours || ops_are_single(gpuvm)) {
		drm_gpuva_for_each_op_safe(op, next, ops) {
			list_del(&op->entry);
			if (!ours && op->op == DRM_GPUVA_OP_REMAP)
				remap_free(&op->remap);
			op_free(gpuvm, op);
		}
	}

	gpuvm_op_list_free(ops);
}
EXPORT_SYMBOL_GPL(drm_gpuva_ops_free);

/**
 * drm_gpuva_ops_first() - the first operation
 * @ops: the list
 *
 * Return: the operation, or NULL if the list is empty.
 */
struct drm_gpuva_op *drm_gpuva_ops_first(struct drm_gpuva_ops *ops)
{
	return list_first_entry_or_null(&ops->list, struct drm_gpuva_op, entry);
}
EXPORT_SYMBOL_GPL(drm_gpuva_ops_first);

/**
 * drm_gpuva_ops_last() - the last operation
 * @ops: the list
 *
 * Return: the operation, or NULL if the list is empty.
 */
struct drm_gpuva_op *drm_gpuva_ops_last(struct drm_gpuva_ops *ops)
{
	return list_empty(&ops->list) ? NULL : drm_gpuva_last_op(ops);
}
EXPORT_SYMBOL_GPL(drm_gpuva_ops_last);

/**
 * drm_gpuva_ops_next() - the operation after another
 * @ops: the list
 * @op: an operation on it
 *
 * Return: the operation, or NULL if @op is the last.
 */
struct drm_gpuva_op *drm_gpuva_ops_next(struct drm_gpuva_ops *ops,
					struct drm_gpuva_op *op)
{
	return list_is_last(&op->entry, &ops->list) ? NULL :
	       drm_gpuva_next_op(op);
}
EXPORT_SYMBOL_GPL(drm_gpuva_ops_next);

/**
 * drm_gpuva_ops_prev() - the operation before another
 * @ops: the list
 * @op: an operation on it
 *
 * Return: the operation, or NULL if @op is the first.
 */
struct drm_gpuva_op *drm_gpuva_ops_prev(struct drm_gpuva_ops *ops,
					struct drm_gpuva_op *op)
{
	return list_is_first(&op->entry, &ops->list) ? NULL :
	       drm_gpuva_prev_op(op);
}
EXPORT_SYMBOL_GPL(drm_gpuva_ops_prev);
