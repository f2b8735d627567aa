// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Locking a VM with n external objects, and validating those that are evicted.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <drm/drm_exec.h>

#include "bench.h"

/**
 * struct bench_objs - a VM and n external objects in it
 */
struct bench_objs {
	/** @vm: the VM */
	struct bench_vm *vm;
	/** @vm_bos: one for each object */
	struct drm_gpuvm_bo **vm_bos;
	/** @n: how many there are */
	u32 n;
};

static int obj_add(struct bench *b, struct bench_objs *objs)
{
	struct drm_gem_object *obj = bench_obj_create(b->drm);
	struct dma_resv *resv = objs->vm->obj->resv;
	struct drm_gpuvm_bo *vm_bo;

	if (!obj)
		return -ENOMEM;

	dma_resv_lock(obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_locked(&objs->vm->base, obj);
	dma_resv_unlock(obj->resv);
	/* The vm_bo has a reference of its own. */
	drm_gem_object_put(obj);
	if (IS_ERR(vm_bo))
		return PTR_ERR(vm_bo);

	dma_resv_lock(resv, NULL);
	drm_gpuvm_bo_extobj_add(vm_bo);
	dma_resv_unlock(resv);

	objs->vm_bos[objs->n++] = vm_bo;
	return 0;
}

static void obj_remove(struct bench_objs *objs, struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = vm_bo->obj;
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, 0, 2);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, objs->vm->obj) ?:
		      drm_exec_lock_obj(&exec, obj);
		drm_exec_retry_on_contention(&exec);
		if (WARN_ON(ret))
			break;
	}
	drm_gpuvm_bo_put(vm_bo);
	drm_exec_fini(&exec);
}

static int objs_end(struct bench_objs *objs)
{
	u32 i;

	for (i = 0; i < objs->n; i++)
		obj_remove(objs, objs->vm_bos[i]);
	kvfree(objs->vm_bos);

	return objs->vm ? bench_vm_close(objs->vm) : 0;
}

static int objs_begin(struct bench *b, struct bench_objs *objs,
		      enum drm_gpuvm_flags flags)
{
	u32 i;
	int ret = 0;

	objs->vm = bench_vm_create(b, flags, 0);
	objs->vm_bos = kvcalloc(b->n, sizeof(*objs->vm_bos), GFP_KERNEL);
	if (!objs->vm || !objs->vm_bos)
		return -ENOMEM;

	for (i = 0; i < b->n && !ret; i++)
		ret = obj_add(b, objs);

	return ret;
}

static int lock_rounds(struct bench *b, struct bench_objs *objs, const char *row)
{
	struct drm_gpuvm_exec vm_exec = {
		.vm = &objs->vm->base,
		.num_fences = 1,
	};
	const u32 rounds = max(1000 / b->n, 1U);
	u64 start = ktime_get_ns(), locked = 0;
	int ret;
	u32 i;

	for (i = 0; i < rounds; i++) {
		ret = drm_gpuvm_exec_lock(&vm_exec);
		if (ret)
			return ret;
		locked += vm_exec.exec.num_objects;
		drm_gpuvm_exec_unlock(&vm_exec);
	}

	if (locked != (u64)rounds * (b->n + 1))
		return -EIO;

	return bench_took(b, row, start, rounds, locked);
}

/* The same objects without a core: what nobody can do without. */
static int lock_alone(struct bench_objs *objs, struct drm_exec *exec)
{
	int ret = 0;
	u32 i;

	drm_exec_init(exec, 0, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_exec_prepare_obj(exec, objs->vm->obj, 1);
		drm_exec_retry_on_contention(exec);
		for (i = 0; i < objs->n && !ret; i++)
			ret = drm_exec_prepare_obj(exec, objs->vm_bos[i]->obj, 1);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}

	return ret;
}

static int floor_rounds(struct bench *b, struct bench_objs *objs)
{
	const u32 rounds = max(1000 / b->n, 1U);
	u64 start = ktime_get_ns(), locked = 0;
	struct drm_exec exec;
	int ret = 0;
	u32 i;

	for (i = 0; i < rounds && !ret; i++) {
		ret = lock_alone(objs, &exec);
		locked += exec.num_objects;
		drm_exec_fini(&exec);
	}

	if (ret || locked != (u64)rounds * (b->n + 1))
		return ret ?: -EIO;

	return bench_took(b, "exec-floor", start, rounds, locked);
}

static int run_floor(struct bench *b)
{
	struct bench_objs objs = {};
	int ret, end;

	ret = objs_begin(b, &objs, 0) ?: floor_rounds(b, &objs);
	end = objs_end(&objs);
	return ret ?: end;
}

static int run_lock(struct bench *b, enum drm_gpuvm_flags flags, const char *row)
{
	struct bench_objs objs = {};
	int ret, end;

	ret = objs_begin(b, &objs, flags) ?: lock_rounds(b, &objs, row);
	end = objs_end(&objs);
	return ret ?: end;
}

int bench_exec(struct bench *b)
{
	return run_floor(b) ?:
	       run_lock(b, 0, "exec-lock") ?:
	       run_lock(b, DRM_GPUVM_RESV_PROTECTED, "exec-lock-resv");
}

static void evict(struct bench_objs *objs, u32 first, u32 step)
{
	u32 i;

	for (i = first; i < objs->n; i += step) {
		struct drm_gpuvm_bo *vm_bo = objs->vm_bos[i];

		dma_resv_lock(vm_bo->obj->resv, NULL);
		drm_gpuvm_bo_evict(vm_bo, true);
		dma_resv_unlock(vm_bo->obj->resv);
	}
}

static int validate_core(struct bench_objs *objs, u32 step, struct drm_exec *exec)
{
	return drm_gpuvm_validate(&objs->vm->base, exec);
}

/* What nobody can do without: the driver is told of each object. */
static int validate_floor(struct bench_objs *objs, u32 step, struct drm_exec *exec)
{
	const struct drm_gpuvm_ops *ops = objs->vm->base.ops;
	int ret = 0;
	u32 i;

	for (i = 0; i < objs->n && !ret; i += step)
		ret = ops->vm_bo_validate(objs->vm_bos[i], exec);

	return ret;
}

/* One of each @step objects is evicted; the time is that for each of these. */
static int row_validate(struct bench *b, struct bench_objs *objs, u32 step,
			int (*validate)(struct bench_objs *objs, u32 step,
					struct drm_exec *exec),
			const char *row)
{
	struct drm_gpuvm_exec vm_exec = {
		.vm = &objs->vm->base,
		.num_fences = 1,
	};
	const u64 before = objs->vm->validated;
	const u32 evicted = DIV_ROUND_UP(b->n, step);
	const u32 rounds = clamp(10000 / b->n, 1U, 100U);
	u64 took = 0;
	int ret;
	u32 i;

	for (i = 0; i < rounds; i++) {
		u64 start;

		evict(objs, 0, step);
		ret = drm_gpuvm_exec_lock(&vm_exec);
		if (ret)
			return ret;
		start = ktime_get_ns();
		ret = validate(objs, step, &vm_exec.exec);
		took += ktime_get_ns() - start;
		drm_gpuvm_exec_unlock(&vm_exec);
		if (ret)
			return ret;
	}

	if (objs->vm->validated - before != (u64)rounds * evicted ||
	    !list_empty(&objs->vm->base.evict.list))
		return -EIO;

	return bench_add(b, row, "ns", (u64)rounds * evicted, took, evicted);
}

int bench_validate(struct bench *b)
{
	struct bench_objs objs = {};
	int ret, end;

	ret = objs_begin(b, &objs, 0) ?:
	      row_validate(b, &objs, 1, validate_floor, "validate-floor") ?:
	      row_validate(b, &objs, 1, validate_core, "validate-all") ?:
	      row_validate(b, &objs, 10, validate_floor,
			   "validate-tenth-floor") ?:
	      row_validate(b, &objs, 10, validate_core, "validate-tenth") ?:
	      row_validate(b, &objs, 1000, validate_floor,
			   "validate-thousandth-floor") ?:
	      row_validate(b, &objs, 1000, validate_core,
			   "validate-thousandth");
	end = objs_end(&objs);
	return ret ?: end;
}
