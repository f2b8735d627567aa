// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Mappings: in and out of a VM, linked to the object behind them, found again.
 */
#include <linux/mutex.h>

#include <drm/drm_print.h>

#include "gpuva_index_fast.h"
#include "gpuvm_op_seal.h"
#include "gpuvm_private.h"
#include "gpuvm_trace.h"

/**
 * drm_gpuvm_prepare_mappings() - set aside what new mappings will take
 * @gpuvm: the VM
 * @count: how many mappings may be inserted
 *
 * For drivers that are about to insert many mappings where they may not
 * allocate: to insert one never fails for want of memory, but where none was set
 * aside it may be slow. Many a function sets enough for a few mappings aside by
 * itself: those that make or find a vm_bo, list operations, or lock what split
 * and merge would touch, and drm_gpuvm_init(). The bind layer does it for all
 * that its jobs map.
 *
 * What is not used stays with the VM.
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: 0; -ENOMEM.
 */
int drm_gpuvm_prepare_mappings(struct drm_gpuvm *gpuvm, unsigned long count)
{
	return gpuva_index_prepare(&gpuvm_private(gpuvm)->index, count);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_prepare_mappings);

/* Where nothing was mapped just now. */
static noinline int insert_anywhere(struct drm_gpuvm *gpuvm,
				    struct drm_gpuva *va, u64 addr, u64 range)
{
	int ret;

	if (!gpuvm_range_valid(gpuvm, addr, range))
		return -EINVAL;

	ret = gpuva_index_insert_anywhere(&gpuvm_private(gpuvm)->index, va,
					  addr, addr + range - 1);
	if (ret)
		return ret;

	gpuvm_pin(gpuvm);
	va->vm = gpuvm;
	return 0;
}

static __always_inline int insert(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
				  u64 addr, u64 range)
{
	/* What was mapped just now was in a range that is valid. */
	if (!gpuva_index_refill(&gpuvm_private(gpuvm)->index, va, addr,
				addr + range - 1))
		return insert_anywhere(gpuvm, va, addr, range);

	va->vm = gpuvm;
	gpuvm_pin(gpuvm);
	return 0;
}

/**
 * drm_gpuva_insert() - insert a mapping into a VM
 * @gpuvm: the VM
 * @va: the mapping, its &drm_gpuva.va set
 *
 * As long as anything is inserted, the VM stays.
 *
 * Context: the caller's lock for the VM is held. Fence signalling section:
 * neither allocates nor sleeps.
 * Return: 0; -EINVAL if drm_gpuvm_range_valid() says so; -EEXIST if something is
 * mapped in the range or @va is inserted already. On an error nothing changes.
 */
int drm_gpuva_insert(struct drm_gpuvm *gpuvm, struct drm_gpuva *va)
{
	return insert(gpuvm, va, va->va.addr, va->va.range);
}
EXPORT_SYMBOL_GPL(drm_gpuva_insert);

static __always_inline bool removable(const struct drm_gpuva *va)
{
	/* Not drm_WARN(): what was never inserted has no VM. */
	if (WARN(!gpuva_index_holds(va),
		 "mapping [%#llx, %#llx) is not inserted\n",
		 va->va.addr, va->va.addr + va->va.range))
		return false;

	return !drm_WARN(va->vm->drm, va == &va->vm->kernel_alloc_node,
			 "the kernel's reserve cannot be removed\n");
}

static void remove_inserted(struct drm_gpuva *va)
{
	gpuva_index_remove(&gpuvm_private(va->vm)->index, va);
	gpuvm_unpin(va->vm);
}

/**
 * drm_gpuva_remove() - remove a mapping from its VM
 * @va: an inserted mapping
 *
 * &drm_gpuva.vm stays set, but no longer as a reference; drm_gpuva_insert() may
 * follow. Removing &drm_gpuvm.kernel_alloc_node, or what is not inserted, gives
 * a warning and does nothing.
 *
 * Context: the caller's lock for the VM is held. Fence signalling section,
 * unless this may drop the last reference to the VM.
 */
void drm_gpuva_remove(struct drm_gpuva *va)
{
	if (removable(va))
		remove_inserted(va);
}
EXPORT_SYMBOL_GPL(drm_gpuva_remove);

/**
 * drm_gpuva_init_from_op() - set a mapping's range and memory
 * @va: the mapping, not inserted
 * @op: where and of what
 *
 * Leaves its flags and attributes as they are.
 */
void drm_gpuva_init_from_op(struct drm_gpuva *va,
			    const struct drm_gpuva_op_map *op)
{
	va->va.addr = op->va.addr;
	va->va.range = op->va.range;
	va->gem.obj = op->gem.obj;
	va->gem.offset = op->gem.offset;
}
EXPORT_SYMBOL_GPL(drm_gpuva_init_from_op);

static __always_inline int va_insert(struct drm_gpuvm *gpuvm,
				     struct drm_gpuva *va,
				     const struct drm_gpuva_op_map *op)
{
	if (gpuva_index_holds(va))
		return -EEXIST;

	drm_gpuva_init_from_op(va, op);
	return insert(gpuvm, va, op->va.addr, op->va.range);
}

/**
 * gpuvm_va_insert() - insert a mapping without a trace event
 * @gpuvm: the VM
 * @va: the mapping
 * @op: where and of what
 *
 * For what may be taken back, and for pieces, whose event is that of the whole.
 *
 * Context: as drm_gpuva_insert().
 * Return: as drm_gpuva_map().
 */
int gpuvm_va_insert(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
		    const struct drm_gpuva_op_map *op)
{
	return va_insert(gpuvm, va, op);
}

static noinline int map_traced(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
			       const struct drm_gpuva_op_map *op)
{
	int ret = va_insert(gpuvm, va, op);

	if (!ret)
		trace_gpuva_map(va);

	return ret;
}

/**
 * drm_gpuva_map() - carry out a map operation on the VM
 * @gpuvm: the VM
 * @va: the mapping to insert, not inserted
 * @op: the operation
 *
 * Context: as drm_gpuva_insert().
 * Return: what drm_gpuva_insert() returns; on an error only @va's range and
 * memory were set.
 */
int drm_gpuva_map(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
		  const struct drm_gpuva_op_map *op)
{
	return trace_gpuva_map_enabled() ? map_traced(gpuvm, va, op) :
					   va_insert(gpuvm, va, op);
}
EXPORT_SYMBOL_GPL(drm_gpuva_map);

/**
 * drm_gpuva_map_op() - carry out a map operation with flags and attributes
 * @gpuvm: the VM
 * @va: the mapping to insert, not inserted
 * @op: the operation, a DRM_GPUVA_OP_MAP
 *
 * As drm_gpuva_map(), and the mapping has the operation's flags and attributes,
 * and no others.
 *
 * Context: as drm_gpuva_insert().
 * Return: as drm_gpuva_map(); -EINVAL for an operation of another type, and then
 * nothing was set.
 */
int drm_gpuva_map_op(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
		     const struct drm_gpuva_op *op)
{
	int ret;

	if (op->op != DRM_GPUVA_OP_MAP)
		return -EINVAL;

	ret = gpuvm_va_insert(gpuvm, va, &op->map);
	if (ret)
		return ret;

	va->flags = op->flags;
	va->attrs = op->attrs;
	trace_gpuva_map(va);
	return 0;
}
EXPORT_SYMBOL_GPL(drm_gpuva_map_op);

/**
 * gpuvm_va_insert_piece() - insert what is left of a mapping that is cut
 * @piece: the mapping to insert
 * @old: the mapping that is cut, which is removed
 * @op: where and of what
 *
 * Flags and attributes are those of @old.
 *
 * Context: as drm_gpuva_insert().
 * Return: as drm_gpuva_map().
 */
int gpuvm_va_insert_piece(struct drm_gpuva *piece, const struct drm_gpuva *old,
			  const struct drm_gpuva_op_map *op)
{
	int ret;

	ret = gpuvm_va_insert(old->vm, piece, op);
	if (ret)
		return ret;

	piece->flags = old->flags;
	drm_gpuva_attrs_at(old, piece->va.addr, &piece->attrs);
	return 0;
}

static void trace_remap(const struct drm_gpuva_op_remap *op)
{
	u64 start, range;

	if (!trace_gpuva_remap_enabled())
		return;

	drm_gpuva_op_remap_to_unmap_range(op, &start, &range);
	trace_gpuva_remap(op->unmap->va, start, range, op->unmap->keep);
}

/**
 * drm_gpuva_remap() - carry out a remap operation on the VM
 * @prev: the mapping to insert for &drm_gpuva_op_remap.prev; unused without it
 * @next: the mapping to insert for &drm_gpuva_op_remap.next; unused without it
 * @op: the operation
 *
 * Removes the mapping that is cut and inserts what remains of it, with its flags
 * and attributes. What a driver sets in the flags of @prev and @next, it sets
 * afterwards.
 *
 * Context: as drm_gpuva_remove().
 * Return: 0; what drm_gpuva_insert() returns for @prev or @next, and then the
 * mapping that was to be cut is inserted as before.
 */
int drm_gpuva_remap(struct drm_gpuva *prev, struct drm_gpuva *next,
		    const struct drm_gpuva_op_remap *op)
{
	struct drm_gpuva *va = op->unmap->va;
	struct drm_gpuvm *gpuvm = va->vm;
	int ret;

	if (!removable(va))
		return -EINVAL;

	/* The VM may change hands from @va to @prev and @next. */
	gpuva_index_remove(&gpuvm_private(gpuvm)->index, va);

	if (op->prev) {
		ret = gpuvm_va_insert_piece(prev, va, op->prev);
		if (ret)
			goto err_restore;
	}

	if (op->next) {
		ret = gpuvm_va_insert_piece(next, va, op->next);
		if (ret)
			goto err_remove_prev;
	}

	trace_remap(op);
	gpuvm_unpin(gpuvm);
	return 0;

err_remove_prev:
	if (op->prev)
		drm_gpuva_remove(prev);
err_restore:
	/* Its range was its own a moment ago, under the same lock. */
	drm_WARN_ON(gpuvm->drm,
		    gpuva_index_insert(&gpuvm_private(gpuvm)->index, va));
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuva_remap);

/* What is not where it was found last, leaves a sparse leaf, or is traced or refused. */
static noinline void unmap_anywhere(const struct drm_gpuva_op_unmap *op)
{
	if (!removable(op->va))
		return;

	/* Now, because with the mapping its VM may go. */
	trace_gpuva_unmap(op->va, op->keep);
	remove_inserted(op->va);
}

/**
 * drm_gpuva_unmap() - carry out an unmap operation on the VM
 * @op: the operation: of a callback, of a list, or one of the driver's own, of which
 *	&drm_gpuva_op_unmap.va and &drm_gpuva_op_unmap.keep have to be set
 *
 * Quickest with the one that &drm_gpuvm_ops.sm_step_unmap was called with, in its place
 * and while it is called: there the core knows the VM without reading the mapping.
 *
 * Context: as drm_gpuva_remove().
 */
void drm_gpuva_unmap(const struct drm_gpuva_op_unmap *op)
{
	/* What split and merge just found, and nobody wants to hear of. */
	if (likely(gpuvm_op_is_sealed(op)) && !trace_gpuva_unmap_enabled()) {
		struct drm_gpuvm *gpuvm = gpuvm_op_sealed_vm(op);
		struct gpuva_index *index = &gpuvm_private(gpuvm)->index;

		if (gpuva_index_remove_found(index, op->va)) {
			gpuvm_unpin(gpuvm);
			return;
		}
	}

	unmap_anywhere(op);
}
EXPORT_SYMBOL_GPL(drm_gpuva_unmap);

/**
 * drm_gpuva_link() - tie a mapping to the vm_bo of its object
 * @va: the mapping, its VM set, inserted or not
 * @vm_bo: the vm_bo of the mapping's VM and object
 *
 * The mapping takes a reference to @vm_bo. Does nothing for a mapping without
 * an object. A vm_bo of another VM or object, or a mapping that is linked
 * already, gives a warning and nothing changes.
 *
 * Context: the GEM's gpuva lock is held. Fence signalling section.
 */
void drm_gpuva_link(struct drm_gpuva *va, struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = va->gem.obj;

	if (!obj)
		return;

	if (drm_WARN_ON(vm_bo->vm->drm, vm_bo->obj != obj) ||
	    drm_WARN_ON(vm_bo->vm->drm, vm_bo->vm != va->vm) ||
	    drm_WARN_ON(vm_bo->vm->drm, va->vm_bo))
		return;

	gpuvm_gpuva_assert_held(vm_bo->vm, obj);

	va->vm_bo = drm_gpuvm_bo_get(vm_bo);
	list_add_tail(&va->gem.entry, &vm_bo->list.gpuva);
}
EXPORT_SYMBOL_GPL(drm_gpuva_link);

static struct drm_gpuvm_bo *unlink_locked(struct drm_gpuva *va)
{
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	list_del_init(&va->gem.entry);
	va->vm_bo = NULL;

	return vm_bo;
}

/**
 * drm_gpuva_unlink() - undo drm_gpuva_link()
 * @va: the mapping; one that is not linked is left alone
 *
 * Drops the mapping's reference to the vm_bo.
 *
 * Context: process; sleeps. As for drm_gpuvm_bo_put(), the GEM's gpuva lock is
 * held, and so is a reference to the object of which the lock is.
 */
void drm_gpuva_unlink(struct drm_gpuva *va)
{
	if (va->vm_bo)
		drm_gpuvm_bo_put(unlink_locked(va));
}
EXPORT_SYMBOL_GPL(drm_gpuva_unlink);

/**
 * drm_gpuva_unlink_defer() - undo drm_gpuva_link() in the fence signalling
 * section
 * @va: the mapping; one that is not linked is left alone
 *
 * Drops the mapping's reference to the vm_bo, and if that was the last one,
 * leaves the freeing to drm_gpuvm_bo_deferred_cleanup().
 *
 * Context: immediate mode only; fence signalling section. Takes the GEM's gpuva
 * lock.
 */
void drm_gpuva_unlink_defer(struct drm_gpuva *va)
{
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;
	bool last = false;

	if (!vm_bo)
		return;

	drm_WARN_ON(vm_bo->vm->drm, !drm_gpuvm_immediate_mode(vm_bo->vm));

	scoped_guard(mutex, drm_gem_gpuva_mutex(vm_bo->obj))
		last = gpuvm_bo_put_zombie_locked(unlink_locked(va));

	/* From here on it may be freed, and with it the object and its lock. */
	if (last)
		gpuvm_bo_defer(vm_bo);
}
EXPORT_SYMBOL_GPL(drm_gpuva_unlink_defer);

/**
 * drm_gpuva_find_first() - find the first mapping that overlaps a range
 * @gpuvm: the VM
 * @addr: first address
 * @range: length
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping with the lowest address, which may be
 * &drm_gpuvm.kernel_alloc_node; NULL if there is none, or if the range is empty
 * or wraps.
 */
struct drm_gpuva *drm_gpuva_find_first(struct drm_gpuvm *gpuvm,
				       u64 addr, u64 range)
{
	u64 last;

	if (!range || check_add_overflow(addr, range - 1, &last))
		return NULL;

	return gpuva_index_find(&gpuvm_private(gpuvm)->index, addr, last);
}
EXPORT_SYMBOL_GPL(drm_gpuva_find_first);

/**
 * drm_gpuva_find() - find the mapping of exactly a range
 * @gpuvm: the VM
 * @addr: first address
 * @range: length
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping, which may be &drm_gpuvm.kernel_alloc_node, or NULL.
 */
struct drm_gpuva *drm_gpuva_find(struct drm_gpuvm *gpuvm, u64 addr, u64 range)
{
	u64 last;

	if (!range || check_add_overflow(addr, range - 1, &last))
		return NULL;

	return gpuva_index_find_exact(&gpuvm_private(gpuvm)->index, addr, last);
}
EXPORT_SYMBOL_GPL(drm_gpuva_find);

static struct drm_gpuva *find_at(struct drm_gpuvm *gpuvm, u64 addr)
{
	struct drm_gpuva *va = drm_gpuva_find_first(gpuvm, addr, 1);

	return va == &gpuvm->kernel_alloc_node ? NULL : va;
}

/**
 * drm_gpuva_find_prev() - find the mapping that ends where a range starts
 * @gpuvm: the VM
 * @start: first address of the range
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping whose last address is @start - 1, or NULL; never
 * &drm_gpuvm.kernel_alloc_node.
 */
struct drm_gpuva *drm_gpuva_find_prev(struct drm_gpuvm *gpuvm, u64 start)
{
	struct drm_gpuva *va = start ? find_at(gpuvm, start - 1) : NULL;

	return va && va->va.addr + va->va.range == start ? va : NULL;
}
EXPORT_SYMBOL_GPL(drm_gpuva_find_prev);

/**
 * drm_gpuva_find_next() - find the mapping that starts where a range ends
 * @gpuvm: the VM
 * @end: the address behind the range
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping whose first address is @end, or NULL; never
 * &drm_gpuvm.kernel_alloc_node.
 */
struct drm_gpuva *drm_gpuva_find_next(struct drm_gpuvm *gpuvm, u64 end)
{
	struct drm_gpuva *va = find_at(gpuvm, end);

	return va && va->va.addr == end ? va : NULL;
}
EXPORT_SYMBOL_GPL(drm_gpuva_find_next);

/**
 * drm_gpuvm_first_va() - the mapping with the lowest address
 * @gpuvm: the VM
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping, which may be &drm_gpuvm.kernel_alloc_node, or NULL.
 */
struct drm_gpuva *drm_gpuvm_first_va(struct drm_gpuvm *gpuvm)
{
	return gpuva_index_first(&gpuvm_private(gpuvm)->index);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_first_va);

/**
 * drm_gpuva_next_va() - the mapping with the next higher address
 * @va: an inserted mapping, or NULL
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping, which may be &drm_gpuvm.kernel_alloc_node, or NULL.
 */
struct drm_gpuva *drm_gpuva_next_va(struct drm_gpuva *va)
{
	return va ? gpuva_index_next(&gpuvm_private(va->vm)->index, va) : NULL;
}
EXPORT_SYMBOL_GPL(drm_gpuva_next_va);

/**
 * drm_gpuvm_walk_on() - the next mapping of a walk that reads another leaf
 * @walk: the walk
 * @va: where it is: an inserted mapping, or NULL
 *
 * For drm_gpuvm_walk_next(), which does without wherever it can.
 *
 * Context: the caller's lock for the VM is held.
 * Return: as drm_gpuva_next_va().
 */
struct drm_gpuva *drm_gpuvm_walk_on(struct drm_gpuvm_walk *walk,
				    struct drm_gpuva *va)
{
	return va ? gpuva_index_walk(&gpuvm_private(va->vm)->index, walk, va) :
		    NULL;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_walk_on);

/**
 * drm_gpuva_prev_va() - the mapping with the next lower address
 * @va: an inserted mapping, or NULL
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping, which may be &drm_gpuvm.kernel_alloc_node, or NULL.
 */
struct drm_gpuva *drm_gpuva_prev_va(struct drm_gpuva *va)
{
	return va ? gpuva_index_prev(&gpuvm_private(va->vm)->index, va) : NULL;
}
EXPORT_SYMBOL_GPL(drm_gpuva_prev_va);

/**
 * drm_gpuva_invalidate() - say whether the memory behind a mapping moved away
 * @va: the mapping
 * @invalidate: true if it did
 *
 * Context: whatever lock the driver has for &drm_gpuva.flags is held.
 */
void drm_gpuva_invalidate(struct drm_gpuva *va, bool invalidate)
{
	if (invalidate)
		va->flags |= DRM_GPUVA_INVALIDATED;
	else
		va->flags &= ~DRM_GPUVA_INVALIDATED;
}
EXPORT_SYMBOL_GPL(drm_gpuva_invalidate);

/**
 * drm_gpuva_invalidated() - whether the memory behind a mapping moved away
 * @va: the mapping
 *
 * Return: true between drm_gpuva_invalidate() with true and with false.
 */
bool drm_gpuva_invalidated(struct drm_gpuva *va)
{
	return va->flags & DRM_GPUVA_INVALIDATED;
}
EXPORT_SYMBOL_GPL(drm_gpuva_invalidated);
