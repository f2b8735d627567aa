// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Dropping the last reference to a vm_bo in the fence signalling section.
 *
 * There, neither the driver's vm_bo_free nor the last put of an object may run,
 * and under DRM_GPUVM_RESV_PROTECTED the lock of the VM's lists must not be
 * taken. So the vm_bo leaves its object's list, which makes it invisible to
 * everybody who looks for it, and waits as a zombie, in the VM's lists if need
 * be, for drm_gpuvm_bo_deferred_cleanup().
 */
#include <linux/mutex.h>

#include <drm/drm_print.h>

#include "gpuvm_private.h"

static void make_zombie_locked(struct kref *kref)
{
	struct drm_gpuvm_bo *vm_bo =
		container_of(kref, struct drm_gpuvm_bo, kref);
	struct gpuvm_bo_private *priv = gpuvm_bo_private(vm_bo);

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	if (!drm_gpuvm_resv_protected(vm_bo->vm)) {
		gpuvm_list_del(vm_bo->vm, &priv->extobj);
		gpuvm_list_del(vm_bo->vm, &priv->evict);
	}

	gpuvm_bo_unpublish_locked(vm_bo);
}

/**
 * gpuvm_bo_put_zombie_locked() - drop a reference; the last makes a zombie
 * @vm_bo: the vm_bo
 *
 * Context: fence signalling section; the GEM's gpuva lock is held.
 * Return: true if that was the last one: the caller lets go of the lock and
 * calls gpuvm_bo_defer().
 */
bool gpuvm_bo_put_zombie_locked(struct drm_gpuvm_bo *vm_bo)
{
	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	return kref_put(&vm_bo->kref, make_zombie_locked);
}

/**
 * gpuvm_bo_defer() - leave a zombie to drm_gpuvm_bo_deferred_cleanup()
 * @vm_bo: the zombie, which may be gone when this returns
 *
 * Context: fence signalling section; the GEM's gpuva lock is not held, because
 * the object that it is in may be gone, too.
 */
void gpuvm_bo_defer(struct drm_gpuvm_bo *vm_bo)
{
	llist_add(&gpuvm_bo_private(vm_bo)->bo_defer,
		  &gpuvm_private(vm_bo->vm)->bo_defer);
}

/**
 * drm_gpuvm_bo_put_deferred() - drop a reference in the fence signalling section
 * @vm_bo: the vm_bo, or NULL
 *
 * The last one takes the vm_bo off its object's list at once and leaves the rest
 * to drm_gpuvm_bo_deferred_cleanup(). To obtain a vm_bo for the same pair
 * meanwhile makes a new one.
 *
 * Context: immediate mode only; fence signalling section. Takes the GEM's gpuva
 * lock.
 * Return: true if that was the last one.
 */
bool drm_gpuvm_bo_put_deferred(struct drm_gpuvm_bo *vm_bo)
{
	if (!vm_bo)
		return false;

	drm_WARN_ON(vm_bo->vm->drm, !gpuvm_immediate_mode(vm_bo->vm));

	/* The lock is taken for the last reference only. */
	if (!kref_put_mutex(&vm_bo->kref, make_zombie_locked,
			    compat_gem_gpuva_mutex(vm_bo->obj)))
		return false;

	mutex_unlock(compat_gem_gpuva_mutex(vm_bo->obj));
	gpuvm_bo_defer(vm_bo);

	return true;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_put_deferred);

static void delist_zombies(struct drm_gpuvm *gpuvm, struct llist_node *zombies)
{
	struct llist_node *node;

	dma_resv_lock(drm_gpuvm_resv(gpuvm), NULL);
	for (node = zombies; node; node = node->next) {
		struct gpuvm_bo_private *priv =
			gpuvm_bo_private(gpuvm_bo_of_defer(node));

		gpuvm_list_del(gpuvm, &priv->extobj);
		gpuvm_list_del(gpuvm, &priv->evict);
	}
	dma_resv_unlock(drm_gpuvm_resv(gpuvm));
}

/**
 * gpuvm_bo_cleanup() - free the vm_bos that were put in jobs
 * @gpuvm: the VM
 *
 * Any number of threads may do this at once: each vm_bo is freed by one of them.
 *
 * Context: as drm_gpuvm_bo_deferred_cleanup().
 * Return: how many this one freed.
 */
unsigned long gpuvm_bo_cleanup(struct drm_gpuvm *gpuvm)
{
	struct llist_node *node, *next;
	unsigned long count = 0;

	node = llist_del_all(&gpuvm_private(gpuvm)->bo_defer);
	if (!node)
		return 0;

	if (drm_gpuvm_resv_protected(gpuvm))
		delist_zombies(gpuvm, node);

	for (; node; node = next) {
		next = node->next;
		gpuvm_bo_free(gpuvm_bo_of_defer(node));
		count++;
	}

	return count;
}

/**
 * drm_gpuvm_bo_deferred_cleanup() - free the vm_bos that were put in jobs
 * @gpuvm: the VM
 *
 * To be called after jobs that call drm_gpuva_unlink_defer() or
 * drm_gpuvm_bo_put_deferred(), and before the VM is closed.
 *
 * Context: process, outside of the fence signalling section; sleeps. Takes the
 * VM's dma_resv under DRM_GPUVM_RESV_PROTECTED; no gpuva lock is held.
 */
void drm_gpuvm_bo_deferred_cleanup(struct drm_gpuvm *gpuvm)
{
	might_sleep();

	gpuvm_bo_cleanup(gpuvm);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_deferred_cleanup);
