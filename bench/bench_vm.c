// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A VM, its callbacks, and a stock of mappings.
 *
 * The callbacks do what each driver's do, and no more. Mappings are allocated
 * one by one, as drivers do it, but before anything is timed.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

static struct bench_vm *to_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct bench_vm, base);
}

struct drm_gpuva *bench_vm_take(struct bench_vm *vm)
{
	return vm->stocked ? vm->stock[--vm->stocked] : NULL;
}

void bench_vm_return(struct bench_vm *vm, struct drm_gpuva *va)
{
	vm->stock[vm->stocked++] = va;
}

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct bench_vm *vm = priv;
	struct drm_gpuva *va = bench_vm_take(vm);

	if (!va)
		return -ENOMEM;

	vm->steps[DRM_GPUVA_OP_MAP]++;
	drm_gpuva_map(&vm->base, va, &op->map);
	return 0;
}

static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *prev = NULL, *next = NULL;
	struct drm_gpuva *va = op->remap.unmap->va;
	struct bench_vm *vm = priv;

	if (op->remap.prev)
		prev = bench_vm_take(vm);
	if (op->remap.next)
		next = bench_vm_take(vm);
	if (!prev != !op->remap.prev || !next != !op->remap.next)
		return -ENOMEM;

	vm->steps[DRM_GPUVA_OP_REMAP]++;
	drm_gpuva_remap(prev, next, &op->remap);
	bench_vm_return(vm, va);
	return 0;
}

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct bench_vm *vm = priv;

	vm->steps[DRM_GPUVA_OP_UNMAP]++;
	drm_gpuva_unmap(&op->unmap);
	/* Only linked where linking is what is measured. */
	if (va->vm_bo)
		drm_gpuva_unlink(va);
	bench_vm_return(vm, va);
	return 0;
}

static int bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	to_vm(vm_bo->vm)->validated++;
	/* To clear the flag alone would leave it listed, in one of the cores. */
	drm_gpuvm_bo_evict(vm_bo, false);
	return 0;
}

static void vm_free(struct drm_gpuvm *gpuvm)
{
	to_vm(gpuvm)->freed = true;
}

static const struct drm_gpuvm_ops vm_ops = {
	.vm_free = vm_free,
	.vm_bo_validate = bo_validate,
	.sm_step_map = step_map,
	.sm_step_remap = step_remap,
	.sm_step_unmap = step_unmap,
};

static void obj_free(struct drm_gem_object *obj)
{
	drm_gem_object_release(obj);
	kfree(obj);
}

static const struct drm_gem_object_funcs obj_funcs = {
	.free = obj_free,
};

/* An object without memory, with a dma_resv of its own. */
struct drm_gem_object *bench_obj_create(struct drm_device *drm)
{
	struct drm_gem_object *obj;

	obj = kzalloc_obj(*obj);
	if (!obj)
		return NULL;

	obj->funcs = &obj_funcs;
	drm_gem_private_object_init(drm, obj, BENCH_SPAN);
	return obj;
}

static void vm_destroy(struct bench_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->stocked; i++)
		kfree(vm->stock[i]);
	kvfree(vm->stock);
	if (vm->obj)
		drm_gem_object_put(vm->obj);
	kfree(vm);
}

static int vm_stock(struct bench_vm *vm, u32 room)
{
	vm->stock = kvmalloc_array(max(room, 1), sizeof(*vm->stock), GFP_KERNEL);
	if (!vm->stock)
		return -ENOMEM;

	for (vm->room = room; vm->stocked < room; vm->stocked++) {
		struct drm_gpuva *va = kzalloc_obj(*va);

		if (!va)
			return -ENOMEM;
		vm->stock[vm->stocked] = va;
		if (!(vm->stocked % SZ_64K))
			cond_resched();
	}

	return 0;
}

/**
 * bench_vm_create_bare() - make a VM for which nothing is set aside
 * @b: the run
 * @flags: &enum drm_gpuvm_flags
 * @room: how many mappings there can be in it
 *
 * Return: the VM, ended by bench_vm_close(), or NULL.
 */
struct bench_vm *bench_vm_create_bare(struct bench *b,
				      enum drm_gpuvm_flags flags, u32 room)
{
	struct bench_vm *vm;

	vm = kzalloc_obj(*vm);
	if (!vm)
		return NULL;

	vm->obj = drm_gpuvm_resv_object_alloc(b->drm);
	if (!vm->obj || vm_stock(vm, room)) {
		vm_destroy(vm);
		return NULL;
	}

	/* Says whether it succeeded in one core, nothing in the other. */
	drm_gpuvm_init(&vm->base, "bench", flags, b->drm, vm->obj,
		       0, BENCH_RANGE, 0, 0, &vm_ops);
	return vm;
}

/**
 * bench_vm_prepare() - set aside what new mappings will take
 * @vm: the VM
 * @count: how many may come
 *
 * Before they are timed, as the mappings themselves are allocated before. One of
 * the cores has nothing to set aside.
 *
 * Return: 0; -ENOMEM.
 */
int bench_vm_prepare(struct bench_vm *vm, u32 count)
{
#ifdef drm_gpuvm_prepare_mappings
	return drm_gpuvm_prepare_mappings(&vm->base, count);
#else
	return 0;
#endif
}

/**
 * bench_vm_create() - make a VM, with all that its mappings will take
 * @b: the run
 * @flags: &enum drm_gpuvm_flags
 * @room: how many mappings there can be in it
 *
 * Return: as bench_vm_create_bare().
 */
struct bench_vm *bench_vm_create(struct bench *b, enum drm_gpuvm_flags flags,
				 u32 room)
{
	struct bench_vm *vm = bench_vm_create_bare(b, flags, room);

	if (!vm || !bench_vm_prepare(vm, room))
		return vm;

	bench_vm_close(vm);
	return NULL;
}

/* The owner's reference. Our core has a function for it, which is a macro. */
void bench_core_close(struct drm_gpuvm *vm)
{
#ifdef drm_gpuvm_close
	drm_gpuvm_close(vm);
#else
	drm_gpuvm_put(vm);
#endif
}

/**
 * bench_vm_close() - unmap what is mapped and free the VM
 * @vm: the VM
 *
 * Return: 0; -EBUSY if somebody still holds a reference, and then it leaks;
 * -EIO if a mapping is missing.
 */
int bench_vm_close(struct bench_vm *vm)
{
	int ret = bench_vm_unmap_all(vm);

	bench_core_close(&vm->base);
	if (!vm->freed)
		return -EBUSY;

	if (!ret && vm->stocked != vm->room)
		ret = -EIO;

	vm_destroy(vm);
	return ret;
}

int bench_vm_map(struct bench_vm *vm, struct drm_gem_object *obj,
		 u64 addr, u64 range, u64 offset)
{
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = addr,
		.map.va.range = range,
		.map.gem.obj = obj,
		.map.gem.offset = offset,
	};

	return drm_gpuvm_sm_map(&vm->base, vm, &req);
}

int bench_vm_map_at(struct bench_vm *vm, u32 at)
{
	const u64 addr = (u64)at * BENCH_SPAN;

	return bench_vm_map(vm, vm->obj, addr, BENCH_SPAN, addr);
}

int bench_vm_unmap_at(struct bench_vm *vm, u32 at)
{
	return drm_gpuvm_sm_unmap(&vm->base, vm, (u64)at * BENCH_SPAN,
				  BENCH_SPAN);
}

int bench_vm_unmap_all(struct bench_vm *vm)
{
	return drm_gpuvm_sm_unmap(&vm->base, vm, 0, BENCH_RANGE);
}

int bench_vm_fill(struct bench_vm *vm, u32 n)
{
	int ret = 0;
	u32 at;

	for (at = 0; at < n && !ret; at++)
		ret = bench_vm_map_at(vm, at);

	return ret;
}

int bench_vm_refill(struct bench_vm *vm, u32 n)
{
	return bench_vm_unmap_all(vm) ?: bench_vm_fill(vm, n);
}

/**
 * bench_vm_expect() - look at all mappings
 * @vm: the VM
 * @count: how many there have to be
 * @sum: set to a number that depends on each of them, unless NULL
 *
 * Return: 0; -EIO if there are not as many, or if they are not in order.
 */
int bench_vm_expect(struct bench_vm *vm, u64 count, u64 *sum)
{
	struct drm_gpuva *va;
	u64 found = 0, end = 0, hash = 0;

	drm_gpuvm_for_each_va(va, &vm->base) {
		if (va->va.addr < end)
			return -EIO;
		end = va->va.addr + va->va.range;
		hash = (hash ^ va->va.addr) * 31 + va->va.range +
		       7 * va->gem.offset + !va->gem.obj;
		found++;
	}

	if (sum)
		*sum = hash;
	return found == count && vm->room - vm->stocked == count ? 0 : -EIO;
}
