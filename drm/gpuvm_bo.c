// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vm_bos: what a VM knows of an object mapped in it.
 *
 * An object's list of vm_bos, and a vm_bo's list of mappings, are protected by
 * the object's gpuva lock: its dma_resv, or in immediate mode a mutex that may
 * be taken in the fence signalling section, under which therefore nobody
 * allocates.
 */
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/mutex.h>

#include <drm/drm_print.h>

#include "gpuvm_private.h"
#include "gpuvm_trace.h"

/**
 * drm_gem_gpuva_mutex() - an object's gpuva lock in immediate mode
 * @obj: the object
 *
 * Locks of different objects may be the same: never nest two of them.
 *
 * Context: fence signalling section; nests inside the object's dma_resv.
 * Return: the mutex, good as long as @obj is.
 */
struct mutex *drm_gem_gpuva_mutex(struct drm_gem_object *obj)
{
	return compat_gem_gpuva_mutex(obj);
}
EXPORT_SYMBOL_GPL(drm_gem_gpuva_mutex);

static bool is_listed(struct drm_gpuvm_bo *vm_bo)
{
	return !list_empty(&gpuvm_bo_private(vm_bo)->bos);
}

/* From now on it is named where somebody asks what the VM has. */
static void bo_list(struct drm_gpuvm_bo *vm_bo)
{
	struct gpuvm_private *priv = gpuvm_private(vm_bo->vm);

	drm_gpuvm_get(vm_bo->vm);
	spin_lock(&priv->bos_lock);
	list_add_tail(&gpuvm_bo_private(vm_bo)->bos, &priv->bos);
	spin_unlock(&priv->bos_lock);
	gpuvm_put_memory(vm_bo->vm);
}

static void bo_unlist(struct drm_gpuvm_bo *vm_bo)
{
	struct gpuvm_private *priv = gpuvm_private(vm_bo->vm);

	spin_lock(&priv->bos_lock);
	list_del(&gpuvm_bo_private(vm_bo)->bos);
	spin_unlock(&priv->bos_lock);
}

/**
 * drm_gpuvm_bo_create() - make a vm_bo without publishing it
 * @gpuvm: the VM
 * @obj: the object
 *
 * Takes a reference to the object, and keeps the VM's memory. For
 * drm_gpuvm_bo_obtain_prealloc(), with which it gets a reference to the VM as well;
 * without it the vm_bo is in no list.
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: the vm_bo with one reference, or NULL for want of memory.
 */
struct drm_gpuvm_bo *drm_gpuvm_bo_create(struct drm_gpuvm *gpuvm,
					 struct drm_gem_object *obj)
{
	struct gpuvm_bo_private *priv;
	struct drm_gpuvm_bo *vm_bo;

	/* What it is made for is to map something. */
	if (gpuvm_top_up(gpuvm))
		return NULL;

	if (gpuvm->ops && gpuvm->ops->vm_bo_alloc)
		vm_bo = gpuvm->ops->vm_bo_alloc();
	else
		vm_bo = kzalloc_obj(*vm_bo);
	if (!vm_bo)
		return NULL;

	vm_bo->vm = gpuvm;
	vm_bo->obj = obj;
	gpuvm_get_memory(gpuvm);
	drm_gem_object_get(obj);

	kref_init(&vm_bo->kref);
	INIT_LIST_HEAD(&vm_bo->list.gpuva);
	INIT_LIST_HEAD(&vm_bo->list.entry.gem);

	priv = gpuvm_bo_private(vm_bo);
	gpuvm_list_item_init(&priv->extobj, vm_bo);
	gpuvm_list_item_init(&priv->evict, vm_bo);
	RB_CLEAR_NODE(&priv->far);
	INIT_LIST_HEAD(&priv->bos);

	return vm_bo;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_create);

/**
 * gpuvm_bo_free() - free a vm_bo that is in no list
 * @vm_bo: the vm_bo, without references
 */
void gpuvm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = vm_bo->obj;
	struct drm_gpuvm *gpuvm = vm_bo->vm;
	const bool listed = is_listed(vm_bo);

	if (listed)
		bo_unlist(vm_bo);

	if (gpuvm->ops && gpuvm->ops->vm_bo_free)
		gpuvm->ops->vm_bo_free(vm_bo);
	else
		kfree(vm_bo);

	if (listed)
		drm_gpuvm_put(gpuvm);
	else
		gpuvm_put_memory(gpuvm);
	drm_gem_object_put(obj);
}

static void release_unpublished(struct kref *kref)
{
	gpuvm_bo_free(container_of(kref, struct drm_gpuvm_bo, kref));
}

static void release_locked(struct kref *kref)
{
	struct drm_gpuvm_bo *vm_bo =
		container_of(kref, struct drm_gpuvm_bo, kref);

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	gpuvm_list_del(vm_bo->vm, &gpuvm_bo_private(vm_bo)->extobj);
	gpuvm_list_del(vm_bo->vm, &gpuvm_bo_private(vm_bo)->evict);
	gpuvm_bo_unpublish_locked(vm_bo);

	gpuvm_bo_free(vm_bo);
}

/**
 * drm_gpuvm_bo_get() - take one more reference to a vm_bo
 * @vm_bo: the vm_bo, to which the caller holds a reference
 *
 * Context: any.
 * Return: @vm_bo.
 */
struct drm_gpuvm_bo *drm_gpuvm_bo_get(struct drm_gpuvm_bo *vm_bo)
{
	kref_get(&vm_bo->kref);
	return vm_bo;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_get);

/**
 * drm_gpuvm_bo_put() - drop a reference to a vm_bo
 * @vm_bo: the vm_bo, or NULL
 *
 * The last one takes it out of all lists and frees it, by
 * &drm_gpuvm_ops.vm_bo_free first, then drops its references to the VM and to
 * the object.
 *
 * Context: process; sleeps. The GEM's gpuva lock is held, under
 * DRM_GPUVM_RESV_PROTECTED the VM's dma_resv as well. The caller holds a
 * reference of its own to each object whose lock it holds.
 * Return: true if the vm_bo is gone.
 */
bool drm_gpuvm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	gpuvm_might_sleep();

	if (!vm_bo)
		return false;

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	return kref_put(&vm_bo->kref, release_locked);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_put);

/**
 * drm_gpuvm_bo_find() - find the vm_bo of a VM and an object
 * @gpuvm: the VM
 * @obj: the object
 *
 * Context: the GEM's gpuva lock is held.
 * Return: the vm_bo with a reference for the caller, or NULL.
 */
struct drm_gpuvm_bo *drm_gpuvm_bo_find(struct drm_gpuvm *gpuvm,
				       struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo = gpuvm_bo_find_locked(gpuvm, obj);

	return vm_bo ? drm_gpuvm_bo_get(vm_bo) : NULL;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_find);

static void set_evicted(struct drm_gpuvm_bo *vm_bo, bool evict)
{
	struct gpuvm_bo_private *priv = gpuvm_bo_private(vm_bo);
	struct drm_gpuvm *gpuvm = vm_bo->vm;

	WRITE_ONCE(vm_bo->evicted, evict);
	trace_gpuvm_bo_evict(vm_bo, evict);

	/*
	 * The list is then protected by the VM's dma_resv, which nobody who
	 * evicts an external object holds: drm_gpuvm_prepare_objects() lists
	 * it by the flag.
	 */
	if (drm_gpuvm_resv_protected(gpuvm) &&
	    drm_gpuvm_is_extobj(gpuvm, vm_bo->obj))
		return;

	if (evict)
		gpuvm_list_add(gpuvm, &gpuvm->evict.list, &priv->evict);
	else
		gpuvm_list_del(gpuvm, &priv->evict);
}

static bool evicted_elsewhere(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *other;

	drm_gem_for_each_gpuvm_bo(other, obj)
		if (READ_ONCE(other->evicted))
			return true;

	return false;
}

/*
 * The object may be evicted already, which its other VMs were told and this one
 * was not, because it did not have a vm_bo yet.
 */
static void publish_evicted_locked(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = vm_bo->obj;

	gpuvm_gpuva_assert_held(vm_bo->vm, obj);

	if (evicted_elsewhere(obj))
		set_evicted(vm_bo, true);

	gpuvm_bo_publish_locked(vm_bo);
}

/**
 * drm_gpuvm_bo_obtain_locked() - find or make the vm_bo of a VM and an object
 * @gpuvm: the VM, not in immediate mode: this allocates under the gpuva lock
 * @obj: the object
 *
 * A new one for an object that is evicted in another VM starts evicted.
 *
 * Context: process; allocates with GFP_KERNEL. The GEM's gpuva lock is held,
 * which is its dma_resv.
 * Return: the vm_bo with a reference for the caller; ERR_PTR(-ENOMEM).
 */
struct drm_gpuvm_bo *drm_gpuvm_bo_obtain_locked(struct drm_gpuvm *gpuvm,
						struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_WARN_ON(gpuvm->drm, gpuvm_immediate_mode(gpuvm));

	if (gpuvm_top_up(gpuvm))
		return ERR_PTR(-ENOMEM);

	vm_bo = gpuvm_bo_find_locked(gpuvm, obj);
	if (vm_bo) {
		kref_get(&vm_bo->kref);
		return vm_bo;
	}

	vm_bo = drm_gpuvm_bo_create(gpuvm, obj);
	if (!vm_bo)
		return ERR_PTR(-ENOMEM);

	publish_evicted_locked(vm_bo);
	bo_list(vm_bo);
	return vm_bo;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_obtain_locked);

/**
 * drm_gpuvm_bo_obtain_prealloc() - find a vm_bo or publish a new one
 * @new: a vm_bo from drm_gpuvm_bo_create(); the caller's reference passes on
 *
 * If there is one already for the same VM and object, @new is freed at once, by
 * &drm_gpuvm_ops.vm_bo_free. Else @new becomes it, and starts evicted if its
 * object is evicted in another VM.
 *
 * Context: immediate mode only; process. Takes the GEM's gpuva lock; the caller
 * holds a reference to the VM. For a private object under
 * DRM_GPUVM_RESV_PROTECTED, the VM's dma_resv is held.
 * Return: the vm_bo with a reference for the caller.
 */
struct drm_gpuvm_bo *drm_gpuvm_bo_obtain_prealloc(struct drm_gpuvm_bo *new)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_WARN_ON(new->vm->drm, !gpuvm_immediate_mode(new->vm));

	scoped_guard(mutex, compat_gem_gpuva_mutex(new->obj)) {
		vm_bo = gpuvm_bo_find_locked(new->vm, new->obj);
		if (vm_bo)
			kref_get(&vm_bo->kref);
		else
			publish_evicted_locked(new);
	}

	/* Not before: who shows a long list would hold up jobs. */
	if (!vm_bo) {
		bo_list(new);
		return new;
	}

	/* Nobody can have found it. */
	if (kref_read(&new->kref) == 1)
		gpuvm_bo_free(new);
	else
		kref_put(&new->kref, release_unpublished);
	return vm_bo;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_obtain_prealloc);

/**
 * drm_gpuvm_bo_extobj_add() - make a VM lock an external object
 * @vm_bo: the vm_bo
 *
 * From then on drm_gpuvm_prepare_objects() locks the object, until the vm_bo is
 * gone. Once is enough; for a private object this does nothing.
 *
 * Context: the VM's dma_resv is held under DRM_GPUVM_RESV_PROTECTED.
 */
void drm_gpuvm_bo_extobj_add(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuvm *gpuvm = vm_bo->vm;

	if (drm_gpuvm_resv_protected(gpuvm))
		drm_gpuvm_resv_assert_held(gpuvm);

	if (drm_gpuvm_is_extobj(gpuvm, vm_bo->obj))
		gpuvm_list_add(gpuvm, &gpuvm_private(gpuvm)->extobj,
			       &gpuvm_bo_private(vm_bo)->extobj);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_extobj_add);

/**
 * drm_gpuvm_bo_evict() - say whether an object is evicted, to one VM
 * @vm_bo: the vm_bo
 * @evict: true if its memory moved away, false if it is back
 *
 * Context: the object's dma_resv is held.
 */
void drm_gpuvm_bo_evict(struct drm_gpuvm_bo *vm_bo, bool evict)
{
	dma_resv_assert_held(vm_bo->obj->resv);
	set_evicted(vm_bo, evict);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_evict);

/**
 * drm_gpuvm_bo_gem_evict() - say whether an object is evicted, to all its VMs
 * @obj: the object
 * @evict: true if its memory moved away, false if it is back
 *
 * Context: the object's dma_resv and its gpuva lock are held.
 */
void drm_gpuvm_bo_gem_evict(struct drm_gem_object *obj, bool evict)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_assert_held(obj->resv);

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		gpuvm_gpuva_assert_held(vm_bo->vm, obj);
		set_evicted(vm_bo, evict);
	}
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_gem_evict);

/**
 * drm_gpuvm_bo_first_va() - the first mapping linked to a vm_bo
 * @vm_bo: the vm_bo
 *
 * Context: the GEM's gpuva lock is held.
 * Return: the mapping that was linked first, or NULL.
 */
struct drm_gpuva *drm_gpuvm_bo_first_va(struct drm_gpuvm_bo *vm_bo)
{
	return list_first_entry_or_null(&vm_bo->list.gpuva,
					struct drm_gpuva, gem.entry);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_first_va);

/**
 * drm_gpuvm_bo_next_va() - the next mapping linked to a vm_bo
 * @vm_bo: the vm_bo
 * @va: a mapping linked to it
 *
 * Context: the GEM's gpuva lock is held.
 * Return: the mapping that was linked after @va, or NULL.
 */
struct drm_gpuva *drm_gpuvm_bo_next_va(struct drm_gpuvm_bo *vm_bo,
				       struct drm_gpuva *va)
{
	if (list_is_last(&va->gem.entry, &vm_bo->list.gpuva))
		return NULL;

	return list_next_entry(va, gem.entry);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_bo_next_va);

/**
 * drm_gem_first_gpuvm_bo() - the first vm_bo of an object
 * @obj: the object
 *
 * Context: the GEM's gpuva lock is held.
 * Return: the vm_bo that was published first, or NULL.
 */
struct drm_gpuvm_bo *drm_gem_first_gpuvm_bo(struct drm_gem_object *obj)
{
	return list_first_entry_or_null(&obj->gpuva.list,
					struct drm_gpuvm_bo, list.entry.gem);
}
EXPORT_SYMBOL_GPL(drm_gem_first_gpuvm_bo);

/**
 * drm_gem_next_gpuvm_bo() - the next vm_bo of an object
 * @obj: the object
 * @vm_bo: a vm_bo of it
 *
 * Context: the GEM's gpuva lock is held.
 * Return: the vm_bo that was published after @vm_bo, or NULL.
 */
struct drm_gpuvm_bo *drm_gem_next_gpuvm_bo(struct drm_gem_object *obj,
					   struct drm_gpuvm_bo *vm_bo)
{
	if (list_is_last(&vm_bo->list.entry.gem, &obj->gpuva.list))
		return NULL;

	return list_next_entry(vm_bo, list.entry.gem);
}
EXPORT_SYMBOL_GPL(drm_gem_next_gpuvm_bo);
