// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What no core can do without when a vm_bo is obtained and put.
 *
 * Here, and not where they are timed, because then they are called, as a core's
 * functions are. The vm_bo is given, which a core has to find.
 */
#include <linux/build_bug.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "bench.h"

/**
 * struct bench_floor_bo - what stands for a vm_bo that is made and freed again
 *
 * As large as the kernel's, and never in a list.
 */
struct bench_floor_bo {
	/** @vm: the VM, with a reference */
	struct drm_gpuvm *vm;
	/** @obj: the object, with a reference */
	struct drm_gem_object *obj;
	/** @evicted: the object is evicted */
	bool evicted;
	/** @kref: counts references */
	struct kref kref;
	/** @lists: of mappings; and its places in the object's and the VM's */
	struct list_head lists[4];
	/** @defer: its place among those that are freed later */
	struct llist_node defer;
};

/* Only our header has that macro. */
#ifndef drm_gpuvm_close
static_assert(sizeof(struct bench_floor_bo) == sizeof(struct drm_gpuvm_bo));
#endif

/* Somebody else always holds a reference. */
static void never(struct kref *kref)
{
	WARN_ON_ONCE(1);
}

/**
 * bench_floor_obtain() - look at an object's list and take a reference
 * @obj: the object
 * @vm_bo: what is to be found
 *
 * Return: @vm_bo; NULL if the list is empty.
 */
struct drm_gpuvm_bo *bench_floor_obtain(struct drm_gem_object *obj,
					struct drm_gpuvm_bo *vm_bo)
{
	if (list_empty(&obj->gpuva.list))
		return NULL;

	kref_get(&vm_bo->kref);
	return vm_bo;
}

/**
 * bench_floor_put() - drop a reference that is not the last
 * @vm_bo: the vm_bo
 */
void bench_floor_put(struct drm_gpuvm_bo *vm_bo)
{
	kref_put(&vm_bo->kref, never);
}

/**
 * bench_floor_create() - make what stands for a spare vm_bo
 * @vm: the VM
 * @obj: the object
 *
 * Return: it, for bench_floor_obtain_prealloc(); NULL for want of memory.
 */
struct bench_floor_bo *bench_floor_create(struct drm_gpuvm *vm,
					  struct drm_gem_object *obj)
{
	struct bench_floor_bo *spare = kzalloc_obj(*spare);

	if (!spare)
		return NULL;

	kref_init(&spare->kref);
	kref_get(&vm->kref);
	spare->vm = vm;
	drm_gem_object_get(obj);
	spare->obj = obj;
	return spare;
}

static void spare_release(struct kref *kref)
{
	struct bench_floor_bo *spare =
		container_of(kref, struct bench_floor_bo, kref);
	struct drm_gem_object *obj = spare->obj;
	struct drm_gpuvm *vm = spare->vm;

	kfree(spare);
	kref_put(&vm->kref, never);
	drm_gem_object_put(obj);
}

/**
 * bench_floor_obtain_prealloc() - the same as bench_floor_obtain(), with a spare
 * @spare: from bench_floor_create(); freed
 * @vm_bo: what is to be found
 *
 * Return: as bench_floor_obtain().
 */
struct drm_gpuvm_bo *
bench_floor_obtain_prealloc(struct bench_floor_bo *spare,
			    struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = spare->obj;

	mutex_lock(&obj->gpuva.lock);
	vm_bo = bench_floor_obtain(obj, vm_bo);
	mutex_unlock(&obj->gpuva.lock);

	kref_put(&spare->kref, spare_release);
	return vm_bo;
}
