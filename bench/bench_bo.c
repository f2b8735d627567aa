// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The pair of a VM and an object: found among those of n VMs that share the
 * object, and ended together with a VM that is full of mappings.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bench.h"

#define OBTAINS 1000
#define OBJECTS 64

/**
 * struct bench_shared - n VMs that share one object
 */
struct bench_shared {
	/** @obj: the object */
	struct drm_gem_object *obj;
	/** @vms: the VMs */
	struct bench_vm **vms;
	/** @vm_bos: one for each */
	struct drm_gpuvm_bo **vm_bos;
	/** @n: how many */
	u32 n;
};

static struct drm_gpuvm_bo *shared_obtain(struct bench_shared *shared, u32 at,
					  enum drm_gpuvm_flags flags)
{
	struct drm_gpuvm *gpuvm = &shared->vms[at]->base;
	struct drm_gpuvm_bo *vm_bo;

	if (flags & DRM_GPUVM_IMMEDIATE_MODE) {
		vm_bo = drm_gpuvm_bo_create(gpuvm, shared->obj);
		return vm_bo ? drm_gpuvm_bo_obtain_prealloc(vm_bo) : NULL;
	}

	dma_resv_lock(shared->obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_locked(gpuvm, shared->obj);
	dma_resv_unlock(shared->obj->resv);
	return IS_ERR(vm_bo) ? NULL : vm_bo;
}

static void shared_put(struct bench_shared *shared, u32 at,
		       enum drm_gpuvm_flags flags)
{
	if (flags & DRM_GPUVM_IMMEDIATE_MODE) {
		drm_gpuvm_bo_put_deferred(shared->vm_bos[at]);
		drm_gpuvm_bo_deferred_cleanup(&shared->vms[at]->base);
		return;
	}

	dma_resv_lock(shared->obj->resv, NULL);
	drm_gpuvm_bo_put(shared->vm_bos[at]);
	dma_resv_unlock(shared->obj->resv);
}

static int shared_add(struct bench *b, struct bench_shared *shared,
		      enum drm_gpuvm_flags flags)
{
	const u32 at = shared->n;

	shared->vms[at] = bench_vm_create(b, flags, 0);
	if (!shared->vms[at])
		return -ENOMEM;

	shared->vm_bos[at] = shared_obtain(shared, at, flags);
	if (!shared->vm_bos[at]) {
		bench_vm_close(shared->vms[at]);
		return -ENOMEM;
	}

	shared->n++;
	return 0;
}

static int shared_end(struct bench_shared *shared, enum drm_gpuvm_flags flags)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < shared->n; i++) {
		int end;

		shared_put(shared, i, flags);
		end = bench_vm_close(shared->vms[i]);
		ret = ret ?: end;
	}
	kvfree(shared->vm_bos);
	kvfree(shared->vms);
	if (shared->obj)
		drm_gem_object_put(shared->obj);

	return ret;
}

/*
 * VMs that were just made are in no cache. What is timed is one that is in use, so
 * all of them are used first.
 */
static int shared_use(struct bench *b, struct bench_shared *shared,
		      enum drm_gpuvm_flags flags)
{
	u64 seed = b->seed;
	u32 i;

	for (i = 0; i < OBTAINS; i++) {
		u32 at = bench_below(&seed, b->n);

		if (shared_obtain(shared, at, flags) != shared->vm_bos[at])
			return -EIO;
		shared_put(shared, at, flags);
	}

	return 0;
}

static int shared_begin(struct bench *b, struct bench_shared *shared,
			enum drm_gpuvm_flags flags)
{
	int ret = 0;
	u32 i;

	shared->obj = bench_obj_create(b->drm);
	shared->vms = kvcalloc(b->n, sizeof(*shared->vms), GFP_KERNEL);
	shared->vm_bos = kvcalloc(b->n, sizeof(*shared->vm_bos), GFP_KERNEL);
	if (!shared->obj || !shared->vms || !shared->vm_bos)
		return -ENOMEM;

	for (i = 0; i < b->n && !ret; i++)
		ret = shared_add(b, shared, flags);

	return ret ?: shared_use(b, shared, flags);
}

/* What is timed: the core, or what no core can do without. */
typedef struct drm_gpuvm_bo *bench_obtain_fn(struct bench_shared *shared, u32 at);
typedef void bench_put_fn(struct drm_gpuvm_bo *vm_bo);

static struct drm_gpuvm_bo *core_obtain(struct bench_shared *shared, u32 at)
{
	return drm_gpuvm_bo_obtain_locked(&shared->vms[at]->base, shared->obj);
}

static void core_put(struct drm_gpuvm_bo *vm_bo)
{
	drm_gpuvm_bo_put(vm_bo);
}

static struct drm_gpuvm_bo *floor_obtain(struct bench_shared *shared, u32 at)
{
	return bench_floor_obtain(shared->obj, shared->vm_bos[at]);
}

/* In any of the VMs, as a kernel sees it; or in one, as a program does. */
static __always_inline int obtain_in(struct bench *b,
				     struct bench_shared *shared, bool any,
				     bench_obtain_fn *obtain, bench_put_fn *put,
				     const char *row)
{
	u64 seed = b->seed, start, took;
	int ret = 0;
	u32 i;

	dma_resv_lock(shared->obj->resv, NULL);
	start = ktime_get_ns();
	for (i = 0; i < OBTAINS; i++) {
		u32 at = any ? bench_below(&seed, b->n) : b->n - 1;
		struct drm_gpuvm_bo *vm_bo = obtain(shared, at);

		if (vm_bo != shared->vm_bos[at]) {
			ret = -EIO;
			break;
		}
		put(vm_bo);
	}
	took = ktime_get_ns() - start;
	dma_resv_unlock(shared->obj->resv);

	return ret ?: bench_add(b, row, "ns", OBTAINS, took, 0);
}

static int row_obtain(struct bench *b, struct bench_shared *shared)
{
	return obtain_in(b, shared, true, core_obtain, core_put, "obtain") ?:
	       obtain_in(b, shared, false, core_obtain, core_put,
			 "obtain-last") ?:
	       obtain_in(b, shared, true, floor_obtain, bench_floor_put,
			 "obtain-floor") ?:
	       obtain_in(b, shared, false, floor_obtain, bench_floor_put,
			 "obtain-last-floor");
}

static int row_obtain_prealloc(struct bench *b, struct bench_shared *shared)
{
	u64 seed = b->seed, start = ktime_get_ns();
	u32 i;

	for (i = 0; i < OBTAINS; i++) {
		u32 at = bench_below(&seed, b->n);
		struct drm_gpuvm_bo *vm_bo =
			drm_gpuvm_bo_create(&shared->vms[at]->base, shared->obj);

		if (!vm_bo)
			return -ENOMEM;
		vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
		if (vm_bo != shared->vm_bos[at])
			return -EIO;
		drm_gpuvm_bo_put_deferred(vm_bo);
	}

	return bench_took(b, "obtain-prealloc", start, OBTAINS, 0);
}

static int row_floor_prealloc(struct bench *b, struct bench_shared *shared)
{
	u64 seed = b->seed, start = ktime_get_ns();
	u32 i;

	for (i = 0; i < OBTAINS; i++) {
		u32 at = bench_below(&seed, b->n);
		struct drm_gpuvm_bo *vm_bo;
		struct bench_floor_bo *spare =
			bench_floor_create(&shared->vms[at]->base, shared->obj);

		if (!spare)
			return -ENOMEM;
		vm_bo = bench_floor_obtain_prealloc(spare, shared->vm_bos[at]);
		if (vm_bo != shared->vm_bos[at])
			return -EIO;
		bench_floor_put(vm_bo);
	}

	return bench_took(b, "obtain-prealloc-floor", start, OBTAINS, 0);
}

static int rows_prealloc(struct bench *b, struct bench_shared *shared)
{
	return row_obtain_prealloc(b, shared) ?: row_floor_prealloc(b, shared);
}

static int run_obtain(struct bench *b, enum drm_gpuvm_flags flags,
		      int (*row)(struct bench *b, struct bench_shared *shared))
{
	struct bench_shared shared = {};
	int ret, end;

	ret = shared_begin(b, &shared, flags) ?: row(b, &shared);
	end = shared_end(&shared, flags);
	return ret ?: end;
}

int bench_obtain(struct bench *b)
{
	return run_obtain(b, 0, row_obtain) ?:
	       run_obtain(b, DRM_GPUVM_IMMEDIATE_MODE, rows_prealloc);
}

/* Private objects: their dma_resv is the VM's. */
static struct drm_gpuvm_bo *private_bo(struct bench *b, struct bench_vm *vm)
{
	struct drm_gem_object *obj = bench_obj_create(b->drm);
	struct drm_gpuvm_bo *vm_bo;

	if (!obj)
		return NULL;

	obj->resv = vm->obj->resv;
	vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, obj);
	drm_gem_object_put(obj);
	return IS_ERR(vm_bo) ? NULL : vm_bo;
}

static void link_all(struct bench_vm *vm, struct drm_gpuvm_bo **vm_bos)
{
	struct drm_gpuva *va;
	u64 i = 0;

	drm_gpuvm_for_each_va(va, &vm->base) {
		struct drm_gpuvm_bo *vm_bo = vm_bos[i++ % OBJECTS];

		va->gem.obj = vm_bo->obj;
		drm_gpuva_link(va, vm_bo);
	}
}

static int fill_linked(struct bench *b, struct bench_vm *vm,
		       struct drm_gpuvm_bo **vm_bos)
{
	u32 i, *order = bench_order(BENCH_CLUSTERED, b->n, b->seed);
	int ret = order ? 0 : -ENOMEM;

	for (i = 0; i < b->n && !ret; i++)
		ret = bench_vm_map_at(vm, order[i]);
	kvfree(order);
	if (ret)
		return ret;

	for (i = 0; i < OBJECTS; i++) {
		vm_bos[i] = private_bo(b, vm);
		if (!vm_bos[i])
			return -ENOMEM;
	}

	link_all(vm, vm_bos);
	return 0;
}

/*
 * Everything is unmapped and unlinked, the vm_bos go with their last mapping,
 * and then the VM itself.
 */
int bench_close(struct bench *b)
{
	struct bench_vm *vm = bench_vm_create(b, 0, b->n + 2);
	struct drm_gpuvm_bo *vm_bos[OBJECTS] = {};
	struct drm_gem_object *resv_obj;
	u64 start;
	int ret, end;
	u32 i;

	if (!vm)
		return -ENOMEM;

	resv_obj = vm->obj;
	drm_gem_object_get(resv_obj);
	dma_resv_lock(resv_obj->resv, NULL);
	ret = fill_linked(b, vm, vm_bos);
	/* From here on the mappings alone hold them. */
	for (i = 0; i < OBJECTS; i++)
		drm_gpuvm_bo_put(vm_bos[i]);

	start = ktime_get_ns();
	end = bench_vm_unmap_all(vm);
	dma_resv_unlock(resv_obj->resv);
	drm_gpuvm_get(&vm->base);
	bench_core_close(&vm->base);
	if (!ret && !end)
		end = bench_took(b, "close", start, b->n, 0);
	if (!ret && vm->stocked != vm->room)
		ret = -EIO;

	/* The reference above kept it, so that it is ended like all others. */
	ret = ret ?: end;
	end = bench_vm_close(vm);
	drm_gem_object_put(resv_obj);
	return ret ?: end;
}
