// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Validation: evicted objects come back before the VM is used again.
 */
#include <linux/dma-resv.h>

#include <drm/drm_print.h>

#include "gpuvm_private.h"
#include "gpuvm_trace.h"

static int validate_one(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct gpuvm_list_item *item = &gpuvm_bo_private(vm_bo)->evict;
	struct drm_gpuvm *gpuvm = vm_bo->vm;
	int ret;

	dma_resv_assert_held(vm_bo->obj->resv);
	/*
	 * While a context is held, lockdep takes each lock of its class for held.
	 * Without lockdep nobody asks: the object is in no cache as a rule.
	 */
	drm_WARN_ON(gpuvm->drm, IS_ENABLED(CONFIG_LOCKDEP) && exec &&
		    dma_resv_locking_ctx(vm_bo->obj->resv) != &exec->ticket);

	ret = gpuvm->ops->vm_bo_validate(vm_bo, exec);
	/* Only who holds the object's dma_resv lists it: off is off. */
	if (!ret && !vm_bo->evicted && !list_empty_careful(&item->link))
		gpuvm_list_del(gpuvm, item);

	trace_gpuvm_bo_validate(vm_bo, ret);
	return ret;
}

/*
 * While the list was not locked, everybody else may have dropped theirs. Then
 * it depends on the mode which lock the last put needs: the object's dma_resv
 * is held, the gpuva mutex is not.
 */
static void put_after_walk(struct drm_gpuvm_bo *vm_bo)
{
	if (drm_gpuvm_immediate_mode(vm_bo->vm))
		drm_gpuvm_bo_put_deferred(vm_bo);
	else
		drm_gpuvm_bo_put(vm_bo);
}

static int validate_unlocked(struct drm_gpuvm *gpuvm, struct drm_exec *exec)
{
	struct gpuvm_list_walk walk __attribute__((uninitialized));
	struct drm_gpuvm_bo *vm_bo;
	int ret = 0;

	gpuvm_list_walk_begin(&walk, gpuvm, &gpuvm->evict.list);
	while (!ret && (vm_bo = gpuvm_list_walk_next_vm_bo(&walk))) {
		ret = validate_one(vm_bo, exec);
		put_after_walk(vm_bo);
	}
	while ((vm_bo = gpuvm_list_walk_left_vm_bo(&walk)))
		put_after_walk(vm_bo);
	gpuvm_list_walk_end(&walk);

	return ret;
}

static int validate_locked(struct drm_gpuvm *gpuvm, struct drm_exec *exec)
{
	struct gpuvm_list_item *item, *next;

	drm_gpuvm_resv_assert_held(gpuvm);

	list_for_each_entry_safe(item, next, &gpuvm->evict.list, link) {
		int ret;

		/* A zombie waits for its cleanup, which takes it off the list. */
		if (!kref_read(&item->vm_bo->kref))
			continue;

		ret = validate_one(item->vm_bo, exec);
		if (ret)
			return ret;
	}

	return 0;
}

/**
 * drm_gpuvm_validate() - validate all evicted objects of a VM
 * @gpuvm: the VM
 * @exec: the context that locked the VM and its objects
 *
 * Calls &drm_gpuvm_ops.vm_bo_validate for each. What is not evicted any more
 * after that leaves the list; an error ends the walk, and the object that gave
 * it and all behind it stay listed, in order, for the next time.
 *
 * Context: process; sleeps. The dma_resv of the VM and of all its external
 * objects is held, see drm_gpuvm_exec_lock().
 * Return: 0; -EOPNOTSUPP without the callback; what the callback returns.
 */
int drm_gpuvm_validate(struct drm_gpuvm *gpuvm, struct drm_exec *exec)
{
	gpuvm_might_sleep();

	if (!gpuvm->ops || !gpuvm->ops->vm_bo_validate)
		return -EOPNOTSUPP;

	if (drm_gpuvm_resv_protected(gpuvm))
		return validate_locked(gpuvm, exec);

	return validate_unlocked(gpuvm, exec);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_validate);

/**
 * drm_gpuvm_exec_validate() - validate all evicted objects of a locked VM
 * @vm_exec: locked by drm_gpuvm_exec_lock()
 *
 * Context: as drm_gpuvm_validate().
 * Return: as drm_gpuvm_validate().
 */
int drm_gpuvm_exec_validate(struct drm_gpuvm_exec *vm_exec)
{
	return drm_gpuvm_validate(vm_exec->vm, &vm_exec->exec);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_validate);
