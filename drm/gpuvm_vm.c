// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The VM: its range, its life.
 *
 * Each vm_bo holds a reference to the VM, and so do all inserted mappings together,
 * so a VM that still has any never gets as far as its vm_free callback. That is why it is
 * closed explicitly: stop the jobs, unmap everything, clean up the deferred
 * vm_bos, drm_gpuvm_close().
 */
#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "gpuvm_private.h"

/**
 * drm_gpuvm_range_valid() - whether mappings may be made in a range
 * @gpuvm: the VM
 * @addr: first address, in the VM's unit
 * @range: length, in the VM's unit
 *
 * Context: any.
 * Return: true if the range is not empty, ends below 2^64, lies in the VA space
 * and does not touch what is reserved for the kernel.
 */
bool drm_gpuvm_range_valid(struct drm_gpuvm *gpuvm, u64 addr, u64 range)
{
	return gpuvm_range_valid(gpuvm, addr, range);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_range_valid);

/**
 * drm_gpuvm_interval_empty() - whether nothing is mapped in a range
 * @gpuvm: the VM
 * @addr: first address
 * @range: length
 *
 * Context: the caller's lock for the VM is held.
 * Return: true if neither a mapping nor the kernel's reserve overlaps the range.
 */
bool drm_gpuvm_interval_empty(struct drm_gpuvm *gpuvm, u64 addr, u64 range)
{
	return !drm_gpuva_find_first(gpuvm, addr, range);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_interval_empty);

static void resv_object_free(struct drm_gem_object *obj)
{
	drm_gem_object_release(obj);
	kfree(obj);
}

static const struct drm_gem_object_funcs resv_object_funcs = {
	.free = resv_object_free,
};

/**
 * drm_gpuvm_resv_object_alloc() - allocate an object that is only a dma_resv
 * @drm: the device
 *
 * For drivers that have no object of their own to lend its dma_resv to the VM.
 * drm_gpuvm_init() takes its own reference: the caller puts this one.
 *
 * Context: process; sleeps.
 * Return: the object, or NULL for want of memory.
 */
struct drm_gem_object *drm_gpuvm_resv_object_alloc(struct drm_device *drm)
{
	struct drm_gem_object *obj;

	obj = kzalloc_obj(*obj);
	if (!obj)
		return NULL;

	obj->funcs = &resv_object_funcs;
	drm_gem_private_object_init(drm, obj, 0);

	return obj;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv_object_alloc);

static bool abi_matches(const struct drm_gpuvm_abi *abi)
{
	return abi->version == DRM_GPUVM_ABI_VERSION &&
	       abi->gpuvm == sizeof(struct drm_gpuvm) &&
	       abi->gpuva == sizeof(struct drm_gpuva) &&
	       abi->gpuvm_bo == sizeof(struct drm_gpuvm_bo) &&
	       abi->gpuva_op == sizeof(struct drm_gpuva_op) &&
	       abi->gpuvm_ops == sizeof(struct drm_gpuvm_ops) &&
	       abi->map_req == sizeof(struct drm_gpuvm_map_req) &&
	       abi->exec_offset == offsetof(struct drm_gpuvm_exec, exec);
}

static int init_range(struct drm_gpuvm *gpuvm, u64 start, u64 range,
		      u64 reserve_start, u64 reserve_range)
{
	struct drm_gpuva *reserve = &gpuvm->kernel_alloc_node;

	if (gpuvm_range_wraps(start, range))
		return -EINVAL;

	gpuvm->mm_start = start;
	gpuvm->mm_range = range;

	if (!reserve_range)
		return 0;

	if (!gpuvm_in_mm(gpuvm, reserve_start, reserve_range))
		return -EINVAL;

	reserve->vm = gpuvm;
	reserve->va.addr = reserve_start;
	reserve->va.range = reserve_range;

	/* It holds no reference to the VM, else the VM would pin itself. */
	return gpuva_index_insert(&gpuvm_private(gpuvm)->index, reserve);
}

/**
 * drm_gpuvm_init_abi() - initialise a VM
 * @gpuvm: the VM, zeroed by the caller
 * @name: for messages; must live as long as the VM; may be NULL
 * @flags: &enum drm_gpuvm_flags
 * @drm: the device
 * @r_obj: the object whose dma_resv becomes the VM's
 * @start_offset: first address of the VA space
 * @range: its length; it must end below 2^64
 * @reserve_offset: start of the range that the driver keeps for itself
 * @reserve_range: its length, 0 for none; must lie in the VA space
 * @ops: the driver's callbacks
 * @abi: what the caller was compiled with
 *
 * The VM takes a reference to @drm and to @r_obj, and starts with one reference
 * to itself, which is the caller's. C callers use drm_gpuvm_init(), which fills
 * in @abi.
 *
 * Context: process; sleeps.
 * Return: 0; -EINVAL for a bad VA space or reserve, and then the VM is without
 * it but complete, and drm_gpuvm_put() is safe; -ENOEXEC for a caller compiled
 * against another layout, and then nothing was touched.
 */
int drm_gpuvm_init_abi(struct drm_gpuvm *gpuvm, const char *name,
		       enum drm_gpuvm_flags flags, struct drm_device *drm,
		       struct drm_gem_object *r_obj,
		       u64 start_offset, u64 range,
		       u64 reserve_offset, u64 reserve_range,
		       const struct drm_gpuvm_ops *ops,
		       const struct drm_gpuvm_abi *abi)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);
	int ret;

	if (!abi_matches(abi)) {
		drm_err(drm, "caller built for another drm_gpuvm ABI (version %u, here %u): rebuild it\n",
			abi->version, DRM_GPUVM_ABI_VERSION);
		return -ENOEXEC;
	}

	gpuva_index_init(&priv->index);
	spin_lock_init(&priv->lock);
	INIT_LIST_HEAD(&priv->extobj);
	priv->far = RB_ROOT;
	INIT_LIST_HEAD(&gpuvm->evict.list);
	init_llist_head(&priv->bo_defer);
	spin_lock_init(&priv->bos_lock);
	INIT_LIST_HEAD(&priv->bos);
	kref_init(&priv->memory);
	kref_init(&gpuvm->kref);

	gpuvm->name = name ?: "unknown";
	gpuvm->flags = flags;
	gpuvm->ops = ops;

	gpuvm->drm = drm;
	drm_dev_get(drm);
	gpuvm->r_obj = r_obj;
	drm_gem_object_get(r_obj);

	ret = init_range(gpuvm, start_offset, range,
			 reserve_offset, reserve_range);

	/* Without nodes it is as complete; whoever maps asks for them again. */
	if (!ret)
		gpuvm_top_up(gpuvm);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_init_abi);

/**
 * drm_gpuvm_get() - take one more reference to a VM
 * @gpuvm: the VM, to which the caller holds a reference
 *
 * Context: any.
 * Return: @gpuvm.
 */
struct drm_gpuvm *drm_gpuvm_get(struct drm_gpuvm *gpuvm)
{
	kref_get(&gpuvm->kref);
	return gpuvm;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_get);

/* Frees a VM that nobody refers to, not even a vm_bo that was never obtained. */
static void free_memory(struct kref *memory)
{
	struct gpuvm_private *priv =
		container_of(memory, struct gpuvm_private, memory);
	struct drm_gpuvm *gpuvm =
		container_of((void *)priv, struct drm_gpuvm, __core);
	struct drm_device *drm = gpuvm->drm;

	if (gpuva_index_holds(&gpuvm->kernel_alloc_node))
		gpuva_index_remove(&priv->index, &gpuvm->kernel_alloc_node);

	/*
	 * What would be left here holds a reference, unless references broke:
	 * somebody put the VM once too often. The next to touch what is left
	 * touches freed memory, so this is the last chance to say what it is.
	 */
	if (drm_WARN(drm, !gpuva_index_is_empty(&priv->index) ||
		     !list_empty(&priv->bos),
		     "VM %s: freed while in use\n", gpuvm->name)) {
		gpuvm_report_mappings(gpuvm);
		gpuvm_report_vm_bos(gpuvm);
	}
	drm_WARN_ON(drm, !list_empty(&priv->extobj));
	drm_WARN_ON(drm, !RB_EMPTY_ROOT(&priv->far));
	drm_WARN_ON(drm, !list_empty(&gpuvm->evict.list));

	gpuva_index_fini(&priv->index);
	gpuvm->name = NULL;
	drm_gem_object_put(gpuvm->r_obj);

	if (!drm_WARN_ON(drm, !gpuvm->ops || !gpuvm->ops->vm_free))
		gpuvm->ops->vm_free(gpuvm);

	drm_dev_put(drm);
}

/**
 * gpuvm_put_memory() - let go of a VM's memory
 * @gpuvm: the VM, from gpuvm_get_memory()
 *
 * Takes no lock: the last to do it may hold the VM's dma_resv, and the object
 * that it is in is put here.
 *
 * Context: as drm_gpuvm_put().
 */
void gpuvm_put_memory(struct drm_gpuvm *gpuvm)
{
	kref_put(&gpuvm_private(gpuvm)->memory, free_memory);
}

/**
 * gpuvm_release() - end a VM, as soon as no vm_bo needs its memory
 * @kref: &drm_gpuvm.kref, which became 0
 *
 * Context: as drm_gpuvm_put().
 */
void gpuvm_release(struct kref *kref)
{
	gpuvm_put_memory(container_of(kref, struct drm_gpuvm, kref));
}

/**
 * drm_gpuvm_put() - drop a reference to a VM
 * @gpuvm: the VM, or NULL
 *
 * The last one calls &drm_gpuvm_ops.vm_free; if vm_bos are left that were made and
 * never obtained, the last of these does.
 *
 * Context: any that vm_free allows; the VM's dma_resv may be held if somebody
 * else holds a reference to the object that it is in.
 */
void drm_gpuvm_put(struct drm_gpuvm *gpuvm)
{
	if (gpuvm)
		kref_put(&gpuvm->kref, gpuvm_release);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_put);

/**
 * drm_gpuvm_close() - drop the owner's reference and report what keeps the VM
 * @gpuvm: the VM, with its jobs stopped and everything unmapped
 *
 * A mapping or a vm_bo that is left keeps the VM alive. The first few of each
 * are reported with range and object, the rest by count. A vm_bo that nobody
 * cleaned up after its last reference is reported by count and cleaned up. Each
 * of these is a bug of the driver and gives a warning.
 *
 * Context: process; sleeps. Takes the VM's dma_resv under
 * DRM_GPUVM_RESV_PROTECTED. Neither the caller's lock for the VM nor any gpuva
 * lock is held.
 * Return: the number of leaked mappings and vm_bos, 0 for a clean end.
 */
unsigned long drm_gpuvm_close(struct drm_gpuvm *gpuvm)
{
	unsigned long deferred, mappings, vm_bos;

	might_sleep();

	deferred = gpuvm_bo_cleanup(gpuvm);
	drm_WARN(gpuvm->drm, deferred,
		 "VM %s: closed with %lu vm_bos not cleaned up\n",
		 gpuvm->name, deferred);

	mappings = gpuvm_report_mappings(gpuvm);
	vm_bos = gpuvm_report_vm_bos(gpuvm);
	drm_WARN(gpuvm->drm, mappings || vm_bos,
		 "VM %s: closed with %lu leaked mappings and %lu leaked vm_bos\n",
		 gpuvm->name, mappings, vm_bos);

	drm_gpuvm_put(gpuvm);

	return mappings + vm_bos;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_close);

/**
 * drm_gpuvm_resv() - the VM's dma_resv
 * @gpuvm: the VM
 *
 * Return: the dma_resv that the VM and its private objects share.
 */
struct dma_resv *drm_gpuvm_resv(struct drm_gpuvm *gpuvm)
{
	return gpuvm->r_obj->resv;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv);

/**
 * drm_gpuvm_resv_obj() - the object that the VM's dma_resv is in
 * @gpuvm: the VM
 *
 * Return: the object, without a reference for the caller.
 */
struct drm_gem_object *drm_gpuvm_resv_obj(struct drm_gpuvm *gpuvm)
{
	return gpuvm->r_obj;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv_obj);

/**
 * drm_gpuvm_resv_held() - whether the VM's dma_resv is held
 * @gpuvm: the VM
 *
 * For assertions: a kernel without lockdep does not know who holds it, only
 * whether anybody does.
 *
 * Return: what dma_resv_held() says; without lockdep, dma_resv_is_locked().
 */
bool drm_gpuvm_resv_held(struct drm_gpuvm *gpuvm)
{
	struct dma_resv *resv = drm_gpuvm_resv(gpuvm);

	return IS_ENABLED(CONFIG_LOCKDEP) ? dma_resv_held(resv) :
					    dma_resv_is_locked(resv);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv_held);

/**
 * drm_gpuvm_resv_assert_held() - assert that the VM's dma_resv is held
 * @gpuvm: the VM
 */
void drm_gpuvm_resv_assert_held(struct drm_gpuvm *gpuvm)
{
	dma_resv_assert_held(drm_gpuvm_resv(gpuvm));
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv_assert_held);

/**
 * drm_gpuvm_resv_protected() - whether the VM's dma_resv protects its lists
 * @gpuvm: the VM
 *
 * Return: true under DRM_GPUVM_RESV_PROTECTED.
 */
bool drm_gpuvm_resv_protected(struct drm_gpuvm *gpuvm)
{
	return gpuvm->flags & DRM_GPUVM_RESV_PROTECTED;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv_protected);

/**
 * drm_gpuvm_immediate_mode() - whether the VM changes in the job
 * @gpuvm: the VM
 *
 * Return: true under DRM_GPUVM_IMMEDIATE_MODE.
 */
bool drm_gpuvm_immediate_mode(struct drm_gpuvm *gpuvm)
{
	return gpuvm->flags & DRM_GPUVM_IMMEDIATE_MODE;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_immediate_mode);

/**
 * drm_gpuvm_is_extobj() - whether an object is external to a VM
 * @gpuvm: the VM
 * @obj: the object, or NULL
 *
 * Return: true if @obj has a dma_resv of its own instead of the VM's.
 */
bool drm_gpuvm_is_extobj(struct drm_gpuvm *gpuvm, struct drm_gem_object *obj)
{
	return obj && obj->resv != drm_gpuvm_resv(gpuvm);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_is_extobj);
