// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Locking a VM together with its objects, and giving all of them a fence.
 */
#include <linux/dma-resv.h>
#include <linux/prefetch.h>

#include "gpuvm_private.h"

/**
 * gpuvm_exec_prepare() - lock one object and reserve fence slots
 * @exec: the locking context
 * @obj: the object
 * @num_fences: slots to reserve; 0 to lock only
 *
 * Objects that share a dma_resv are locked with the first of them.
 *
 * Return: 0; what drm_exec_lock_obj() and dma_resv_reserve_fences() return,
 * except -EALREADY.
 */
int gpuvm_exec_prepare(struct drm_exec *exec, struct drm_gem_object *obj,
		       unsigned int num_fences)
{
	int ret;

	ret = drm_exec_lock_obj(exec, obj);
	if (ret && ret != -EALREADY)
		return ret;

	return num_fences ? dma_resv_reserve_fences(obj->resv, num_fences) : 0;
}

/**
 * drm_gpuvm_prepare_vm() - lock a VM's dma_resv
 * @gpuvm: the VM
 * @exec: the locking context
 * @num_fences: fence slots to reserve; 0 to lock only
 *
 * With the dma_resv, all objects private to the VM are locked.
 *
 * Context: process; sleeps; within drm_exec_until_all_locked().
 * Return: 0; -EDEADLK on contention, for drm_exec_retry_on_contention();
 * -EINTR if interrupted and the context allows that; -ENOMEM.
 */
int drm_gpuvm_prepare_vm(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			 unsigned int num_fences)
{
	gpuvm_might_sleep();

	return gpuvm_exec_prepare(exec, gpuvm->r_obj, num_fences);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_prepare_vm);

static int prepare_objects_unlocked(struct drm_gpuvm *gpuvm,
				    struct drm_exec *exec,
				    unsigned int num_fences)
{
	struct gpuvm_list_walk walk __attribute__((uninitialized));
	struct drm_gem_object *obj;
	int ret = 0;

	gpuvm_list_walk_begin(&walk, gpuvm, &gpuvm_private(gpuvm)->extobj);
	while (!ret && (obj = gpuvm_list_walk_next_object(&walk))) {
		ret = gpuvm_exec_prepare(exec, obj, num_fences);
		drm_gem_object_put(obj);
	}
	while ((obj = gpuvm_list_walk_left_object(&walk)))
		drm_gem_object_put(obj);
	gpuvm_list_walk_end(&walk);

	return ret;
}

/*
 * This is also the first place where both locks are held that it takes to list
 * an external object as evicted.
 */
static int prepare_vm_bo_locked(struct drm_gpuvm_bo *vm_bo,
				struct drm_exec *exec, unsigned int num_fences)
{
	int ret;

	drm_gpuvm_resv_assert_held(vm_bo->vm);

	/* A zombie waits for its cleanup, which takes it off the list. */
	if (!kref_read(&vm_bo->kref))
		return 0;

	ret = gpuvm_exec_prepare(exec, vm_bo->obj, num_fences);
	if (ret)
		return ret;

	if (vm_bo->evicted)
		gpuvm_list_add_locked(&vm_bo->vm->evict.list,
				      &gpuvm_bo_private(vm_bo)->evict);

	return 0;
}

static int prepare_few_locked(struct list_head *extobj, struct drm_exec *exec,
			      unsigned int num_fences)
{
	struct gpuvm_list_item *item;

	list_for_each_entry(item, extobj, link) {
		int ret = prepare_vm_bo_locked(item->vm_bo, exec, num_fences);

		if (ret)
			return ret;
	}

	return 0;
}

static int prepare_many_locked(struct list_head *extobj, struct drm_exec *exec,
			       unsigned int num_fences)
{
	struct gpuvm_list_batch batch __attribute__((uninitialized));
	struct gpuvm_list_item *last = NULL;

	do {
		unsigned int i;

		last = gpuvm_list_batch_fill(&batch, extobj, last);
		gpuvm_list_batch_fetch_objects(&batch);
		for (i = 0; i < batch.num; i++) {
			int ret = prepare_vm_bo_locked(batch.vm_bos[i], exec,
						       num_fences);
			if (ret)
				return ret;
		}
	} while (batch.num == GPUVM_LIST_BATCH);

	return 0;
}

/* The VM's dma_resv keeps the list as it is, and zombies in memory. */
static int prepare_objects_locked(struct drm_gpuvm *gpuvm,
				  struct drm_exec *exec,
				  unsigned int num_fences)
{
	struct list_head *extobj = &gpuvm_private(gpuvm)->extobj;

	drm_gpuvm_resv_assert_held(gpuvm);

	return gpuvm_locks_few(gpuvm) ?
	       prepare_few_locked(extobj, exec, num_fences) :
	       prepare_many_locked(extobj, exec, num_fences);
}

/**
 * drm_gpuvm_prepare_objects() - lock all external objects of a VM
 * @gpuvm: the VM
 * @exec: the locking context
 * @num_fences: fence slots to reserve in each; 0 to lock only
 *
 * Objects may become external to the VM, and cease to be, while this runs. Lock
 * something before, the VM as a rule: if the only object that was contended is
 * not external any more when the loop comes round, a loop that locks nothing
 * never ends the contention.
 *
 * Context: process; sleeps; within drm_exec_until_all_locked(). The VM's
 * dma_resv is held under DRM_GPUVM_RESV_PROTECTED.
 * Return: 0; -EDEADLK on contention, for drm_exec_retry_on_contention();
 * -EINTR if interrupted and the context allows that; -ENOMEM.
 */
int drm_gpuvm_prepare_objects(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			      unsigned int num_fences)
{
	gpuvm_might_sleep();

	if (gpuvm_resv_protected(gpuvm))
		return prepare_objects_locked(gpuvm, exec, num_fences);

	return prepare_objects_unlocked(gpuvm, exec, num_fences);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_prepare_objects);

/**
 * drm_gpuvm_prepare_range() - lock all objects mapped in a range
 * @gpuvm: the VM
 * @exec: the locking context
 * @addr: first address
 * @range: length
 * @num_fences: fence slots to reserve in each; 0 to lock only
 *
 * Context: process; sleeps; within drm_exec_until_all_locked(). The caller's
 * lock for the VM is held.
 * Return: 0; -EINVAL if the range is empty or does not end below 2^64;
 * -EDEADLK on contention, for drm_exec_retry_on_contention(); -EINTR if
 * interrupted and the context allows that; -ENOMEM.
 */
int drm_gpuvm_prepare_range(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			    u64 addr, u64 range, unsigned int num_fences)
{
	struct drm_gpuva *va;

	might_sleep();

	if (gpuvm_range_wraps(addr, range))
		return -EINVAL;

	drm_gpuvm_for_each_va_range(va, gpuvm, addr, addr + range) {
		int ret;

		if (!va->gem.obj)
			continue;

		ret = gpuvm_exec_prepare(exec, va->gem.obj, num_fences);
		if (ret)
			return ret;
	}

	return 0;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_prepare_range);

/**
 * drm_gpuvm_exec_alloc() - allocate what a C driver has on its stack
 * @gpuvm: the VM
 * @flags: flags of drm_exec_init()
 * @num_fences: fence slots to reserve; 0 to lock only
 *
 * For languages that cannot know the size of the kernel's struct drm_exec.
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: the structure, freed by drm_gpuvm_exec_free(), or NULL for want of
 * memory.
 */
struct drm_gpuvm_exec *drm_gpuvm_exec_alloc(struct drm_gpuvm *gpuvm, u32 flags,
					    unsigned int num_fences)
{
	struct drm_gpuvm_exec *vm_exec;

	vm_exec = kzalloc_obj(*vm_exec);
	if (!vm_exec)
		return NULL;

	vm_exec->vm = gpuvm;
	vm_exec->flags = flags;
	vm_exec->num_fences = num_fences;

	return vm_exec;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_alloc);

/**
 * drm_gpuvm_exec_free() - free what drm_gpuvm_exec_alloc() gave
 * @vm_exec: the structure, unlocked, or NULL
 */
void drm_gpuvm_exec_free(struct drm_gpuvm_exec *vm_exec)
{
	kfree(vm_exec);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_free);

/**
 * drm_gpuvm_exec_context() - the kernel's locking context
 * @vm_exec: the structure
 *
 * Return: &vm_exec->exec, whose place only C knows.
 */
struct drm_exec *drm_gpuvm_exec_context(struct drm_gpuvm_exec *vm_exec)
{
	return &vm_exec->exec;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_context);

static int lock_array(struct drm_gpuvm_exec *vm_exec,
		      struct drm_gem_object **objs, unsigned int num_objs)
{
	unsigned int i;

	for (i = 0; i < num_objs; i++) {
		int ret = gpuvm_exec_prepare(&vm_exec->exec, objs[i],
					     vm_exec->num_fences);
		if (ret)
			return ret;
	}

	return 0;
}

static int lock_all(struct drm_gpuvm_exec *vm_exec,
		    struct drm_gem_object **objs, unsigned int num_objs)
{
	int ret;

	ret = drm_gpuvm_prepare_vm(vm_exec->vm, &vm_exec->exec,
				   vm_exec->num_fences);
	if (ret)
		return ret;

	ret = drm_gpuvm_prepare_objects(vm_exec->vm, &vm_exec->exec,
					vm_exec->num_fences);
	if (ret)
		return ret;

	ret = lock_array(vm_exec, objs, num_objs);
	if (ret || !vm_exec->extra.fn)
		return ret;

	return vm_exec->extra.fn(vm_exec);
}

/**
 * drm_gpuvm_exec_lock() - lock a VM and all its external objects
 * @vm_exec: what to lock and how
 *
 * With &drm_gpuvm_exec.extra, locks the driver's own objects, too. On success
 * drm_gpuvm_exec_unlock() follows; after an error nothing is locked.
 *
 * Context: process; sleeps.
 * Return: 0; -EINTR if interrupted and &drm_gpuvm_exec.flags allow that;
 * -ENOMEM; what the driver's callback returns.
 */
int drm_gpuvm_exec_lock(struct drm_gpuvm_exec *vm_exec)
{
	return drm_gpuvm_exec_lock_array(vm_exec, NULL, 0);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_lock);

/**
 * drm_gpuvm_exec_lock_array() - the same, and an array of objects
 * @vm_exec: what to lock and how
 * @objs: more objects
 * @num_objs: their number
 *
 * Context: process; sleeps.
 * Return: as drm_gpuvm_exec_lock().
 */
int drm_gpuvm_exec_lock_array(struct drm_gpuvm_exec *vm_exec,
			      struct drm_gem_object **objs,
			      unsigned int num_objs)
{
	struct gpuvm_private *priv = gpuvm_private(vm_exec->vm);
	struct drm_exec *exec = &vm_exec->exec;
	int ret = 0;

	gpuvm_might_sleep();

	/* It grows a page at a time, and copies what it has each time. */
	drm_exec_init(exec, vm_exec->flags, READ_ONCE(priv->locked));
	drm_exec_until_all_locked(exec) {
		ret = lock_all(vm_exec, objs, num_objs);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}

	if (ret)
		drm_exec_fini(exec);
	else if (READ_ONCE(priv->locked) != exec->num_objects)
		WRITE_ONCE(priv->locked, exec->num_objects);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_lock_array);

/**
 * drm_gpuvm_exec_lock_range() - lock all objects mapped in a range
 * @vm_exec: what to lock and how
 * @addr: first address
 * @range: length
 *
 * The VM's own dma_resv is locked only if a private object is mapped there.
 *
 * Context: process; sleeps. The caller's lock for the VM is held.
 * Return: as drm_gpuvm_exec_lock(); -EINVAL if the range is empty or does not
 * end below 2^64.
 */
int drm_gpuvm_exec_lock_range(struct drm_gpuvm_exec *vm_exec,
			      u64 addr, u64 range)
{
	struct drm_exec *exec = &vm_exec->exec;
	int ret = 0;

	might_sleep();

	drm_exec_init(exec, vm_exec->flags, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_range(vm_exec->vm, exec, addr, range,
					      vm_exec->num_fences);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}

	if (ret)
		drm_exec_fini(exec);

	return ret;
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_lock_range);

/*
 * Unlock as drm_exec_fini() would, from the last to the first, but with the next
 * ones on their way into the cache. An object leads to its dma_resv: first the
 * one, then, when it is there, the other.
 */
static void unlock_objects(struct drm_exec *exec)
{
	const unsigned int far = 2 * GPUVM_LIST_BATCH, near = GPUVM_LIST_BATCH;
	unsigned int i;

	for (i = exec->num_objects; i-- > 0;) {
		if (i >= far) {
			prefetchw(&exec->objects[i - far]->refcount);
			prefetch(&exec->objects[i - far]->resv);
		}
		if (i >= near)
			prefetchw(&exec->objects[i - near]->resv->lock);
		drm_exec_unlock_obj(exec, exec->objects[i]);
	}
}

/**
 * drm_gpuvm_exec_unlock() - unlock all that was locked
 * @vm_exec: locked by one of the functions above
 *
 * Context: process; may drop the last reference to an object.
 */
void drm_gpuvm_exec_unlock(struct drm_gpuvm_exec *vm_exec)
{
	if (vm_exec->exec.num_objects > GPUVM_LOCKS_FEW)
		unlock_objects(&vm_exec->exec);
	drm_exec_fini(&vm_exec->exec);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_unlock);

/**
 * drm_gpuvm_resv_add_fence() - add a fence to all locked objects
 * @gpuvm: the VM
 * @exec: the context that locked them, with enough fence slots reserved
 * @fence: the fence
 * @private_usage: for what shares the VM's dma_resv
 * @extobj_usage: for everything else
 *
 * Context: all objects of @exec are held; does not sleep or allocate.
 */
void drm_gpuvm_resv_add_fence(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			      struct dma_fence *fence,
			      enum dma_resv_usage private_usage,
			      enum dma_resv_usage extobj_usage)
{
	struct drm_gem_object *obj;

	drm_exec_for_each_locked_object(exec, obj) {
		dma_resv_assert_held(obj->resv);
		dma_resv_add_fence(obj->resv, fence,
				   drm_gpuvm_is_extobj(gpuvm, obj) ?
				   extobj_usage : private_usage);
	}
}
EXPORT_SYMBOL_GPL(drm_gpuvm_resv_add_fence);

/**
 * drm_gpuvm_exec_resv_add_fence() - add a fence to all locked objects
 * @vm_exec: locked by one of the functions above
 * @fence: the fence
 * @private_usage: for what shares the VM's dma_resv
 * @extobj_usage: for everything else
 *
 * Context: as drm_gpuvm_resv_add_fence().
 */
void drm_gpuvm_exec_resv_add_fence(struct drm_gpuvm_exec *vm_exec,
				   struct dma_fence *fence,
				   enum dma_resv_usage private_usage,
				   enum dma_resv_usage extobj_usage)
{
	drm_gpuvm_resv_add_fence(vm_exec->vm, &vm_exec->exec, fence,
				 private_usage, extobj_usage);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_exec_resv_add_fence);
