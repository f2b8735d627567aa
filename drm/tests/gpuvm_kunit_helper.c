// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the suites of the core share: mock device, VM, objects, locks.
 */
#include <kunit/device.h>

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "gpuvm_kunit_helper.h"

struct gk_counts gk_counts;
struct gk_watch gk_watch;

/* Frees, one letter each, in their order: vm_bo b, VM v, object o. */
static char events[32];
static atomic_t num_events;

struct gk_device {
	struct drm_device drm;
};

static const struct drm_driver gk_driver = {
	.driver_features = DRIVER_GEM | DRIVER_GEM_GPUVA,
	.name = "gpuvm-kunit",
	.desc = "mock device of the GPUVM suites",
	.major = 1,
};

const struct gk_mode gk_modes[4] = {
	{ .name = "internal,deferred", .flags = 0 },
	{ .name = "internal,immediate", .flags = DRM_GPUVM_IMMEDIATE_MODE },
	{ .name = "resv,deferred", .flags = DRM_GPUVM_RESV_PROTECTED },
	{
		.name = "resv,immediate",
		.flags = DRM_GPUVM_RESV_PROTECTED | DRM_GPUVM_IMMEDIATE_MODE,
	},
};

static const void *gen_params(const void *prev, char *desc,
			      enum drm_gpuvm_flags mask,
			      enum drm_gpuvm_flags flags)
{
	const struct gk_mode *mode = prev;

	mode = mode ? mode + 1 : gk_modes;
	for (; mode < gk_modes + ARRAY_SIZE(gk_modes); mode++) {
		if ((mode->flags & mask) != flags)
			continue;
		strscpy(desc, mode->name, KUNIT_PARAM_DESC_SIZE);
		return mode;
	}

	return NULL;
}

/* Generators for KUNIT_CASE_PARAM(): all modes, or those that a case is for. */
const void *gk_mode_gen_params(struct kunit *test, const void *prev, char *desc)
{
	return gen_params(prev, desc, 0, 0);
}

const void *gk_immediate_gen_params(struct kunit *test, const void *prev,
				    char *desc)
{
	return gen_params(prev, desc, DRM_GPUVM_IMMEDIATE_MODE,
			  DRM_GPUVM_IMMEDIATE_MODE);
}

const void *gk_resv_gen_params(struct kunit *test, const void *prev, char *desc)
{
	return gen_params(prev, desc, DRM_GPUVM_RESV_PROTECTED,
			  DRM_GPUVM_RESV_PROTECTED);
}

const void *gk_internal_gen_params(struct kunit *test, const void *prev,
				   char *desc)
{
	return gen_params(prev, desc, DRM_GPUVM_RESV_PROTECTED, 0);
}

/* The mode of this run of a case; the first for cases that have none. */
const struct gk_mode *gk_mode(struct kunit *test)
{
	return test->param_value ?: &gk_modes[0];
}

bool gk_immediate(struct kunit *test)
{
	return gk_mode(test)->flags & DRM_GPUVM_IMMEDIATE_MODE;
}

bool gk_resv_protected(struct kunit *test)
{
	return gk_mode(test)->flags & DRM_GPUVM_RESV_PROTECTED;
}

/* Make a fresh device for a case, and start to count. */
int gk_init(struct kunit *test)
{
	struct gk_device *gk;
	struct device *dev;

	memset(&gk_counts, 0, sizeof(gk_counts));
	memset(&gk_watch, 0, sizeof(gk_watch));

	dev = kunit_device_register(test, "gpuvm-kunit");
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	gk = devm_drm_dev_alloc(dev, &gk_driver, struct gk_device, drm);
	if (IS_ERR(gk))
		return PTR_ERR(gk);

	test->priv = gk;
	return 0;
}

/* A case leaves nothing behind, whatever else it was about. */
void gk_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&gk_counts.vms), 0, "VMs left");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&gk_counts.vm_bos), 0,
			    "vm_bos left");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&gk_counts.bos), 0,
			    "objects left");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&gk_counts.vas), 0,
			    "mappings left");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&gk_counts.ops), 0,
			    "operations left");
}

struct drm_device *gk_drm(struct kunit *test)
{
	return &((struct gk_device *)test->priv)->drm;
}

void gk_events_start(void)
{
	memset(events, 0, sizeof(events));
	atomic_set(&num_events, 0);
}

const char *gk_events(void)
{
	return events;
}

static void event(char what)
{
	int i = atomic_fetch_inc(&num_events);

	if (i < sizeof(events) - 1)
		events[i] = what;
}

static void *counted_zalloc(size_t size, atomic_t *count)
{
	void *p = kzalloc(size, GFP_KERNEL);

	if (p)
		atomic_inc(count);
	return p;
}

static void vm_free(struct drm_gpuvm *vm)
{
	event('v');
	if (gk_watch.obj)
		gk_watch.refs = kref_read(&gk_watch.obj->refcount);
	atomic_dec(&gk_counts.vms);
	kfree(to_gk_vm(vm));
}

static struct drm_gpuva_op *op_alloc(void)
{
	return counted_zalloc(sizeof(struct drm_gpuva_op), &gk_counts.ops);
}

static void op_free(struct drm_gpuva_op *op)
{
	atomic_dec(&gk_counts.ops);
	kfree(op);
}

static struct drm_gpuvm_bo *vm_bo_alloc(void)
{
	return counted_zalloc(sizeof(struct drm_gpuvm_bo), &gk_counts.vm_bos);
}

static void vm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	event('b');
	atomic_dec(&gk_counts.vm_bos);
	kfree(vm_bo);
}

static int vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct gk_vm *vm = to_gk_vm(vm_bo->vm);
	size_t len = strlen(vm->validated);

	dma_resv_assert_held(vm_bo->obj->resv);

	if (len < sizeof(vm->validated) - 1)
		vm->validated[len] = gk_bo_name(vm_bo->obj);
	if (vm->fail_at && len + 1 == vm->fail_at)
		return -ENOSPC;

	if (!vm->stay_evicted)
		drm_gpuvm_bo_evict(vm_bo, false);
	return 0;
}

static int sm_step(struct drm_gpuva_op *op, void *priv)
{
	return gk_steps_apply(priv, op);
}

const struct drm_gpuvm_ops gk_ops = {
	.vm_free = vm_free,
	.op_alloc = op_alloc,
	.op_free = op_free,
	.vm_bo_alloc = vm_bo_alloc,
	.vm_bo_free = vm_bo_free,
	.vm_bo_validate = vm_bo_validate,
	.sm_step_map = sm_step,
	.sm_step_remap = sm_step,
	.sm_step_unmap = sm_step,
};

struct gk_vm *to_gk_vm(struct drm_gpuvm *vm)
{
	return container_of(vm, struct gk_vm, base);
}

/* A VM that is not initialised yet: freed by the callback of gk_ops alone. */
struct gk_vm *gk_vm_alloc(struct kunit *test)
{
	struct gk_vm *vm = counted_zalloc(sizeof(*vm), &gk_counts.vms);

	KUNIT_ASSERT_NOT_NULL(test, vm);
	return vm;
}

/* A VM of the case's mode. */
struct drm_gpuvm *gk_vm_new_with(struct kunit *test,
				 const struct drm_gpuvm_ops *ops,
				 u64 start, u64 range)
{
	struct drm_gem_object *r_obj;
	struct gk_vm *vm = gk_vm_alloc(test);
	bool reserve = start == 0 && range == GK_VM_RANGE;

	r_obj = drm_gpuvm_resv_object_alloc(gk_drm(test));
	KUNIT_ASSERT_NOT_NULL(test, r_obj);

	KUNIT_ASSERT_EQ(test, 0,
			drm_gpuvm_init(&vm->base, test->name,
				       gk_mode(test)->flags, gk_drm(test),
				       r_obj, start, range,
				       reserve ? GK_RESERVE_START : 0,
				       reserve ? GK_RESERVE_RANGE : 0, ops));
	drm_gem_object_put(r_obj);

	return &vm->base;
}

/* A VM of the case's mode with [0, GK_VM_RANGE), its end reserved. */
struct drm_gpuvm *gk_vm_new(struct kunit *test)
{
	return gk_vm_new_with(test, &gk_ops, 0, GK_VM_RANGE);
}

/* Unmap all and close; whoever leaves references behind is seen by gk_exit(). */
void gk_vm_close(struct kunit *test, struct drm_gpuvm *vm)
{
	gk_vm_clear(vm);
	drm_gpuvm_bo_deferred_cleanup(vm);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_close(vm), 0);
}

/* Remove and free all mappings; the linked ones too. */
void gk_vm_clear(struct drm_gpuvm *vm)
{
	struct drm_gpuva *va, *next;

	drm_gpuvm_for_each_va_safe(va, next, vm) {
		if (va == &vm->kernel_alloc_node)
			continue;
		drm_gpuva_remove(va);
		if (va->vm_bo) {
			struct gk_lock lock;

			gk_lock(&lock, vm, va->gem.obj);
			drm_gpuva_unlink(va);
			gk_unlock(&lock);
		}
		gk_va_free(va);
	}
}

/*
 * So few mappings as most cases have are kept in a list. The tree of a VM that had more
 * stays for the kernel's reserve.
 */
void gk_vm_grow_tree(struct kunit *test, struct drm_gpuvm *vm)
{
	struct drm_gpuva *vas[4];

	for (int i = 0; i < ARRAY_SIZE(vas); i++)
		vas[i] = gk_va_insert(test, vm, NULL, 100 + i, 1, 0);
	for (int i = 0; i < ARRAY_SIZE(vas); i++) {
		drm_gpuva_remove(vas[i]);
		gk_va_free(vas[i]);
	}
}

static void bo_free(struct drm_gem_object *obj)
{
	event('o');
	atomic_dec(&gk_counts.bos);
	drm_gem_object_release(obj);
	kfree(container_of(obj, struct gk_bo, base));
}

static const struct drm_gem_object_funcs bo_funcs = {
	.free = bo_free,
};

/* An external object. */
struct drm_gem_object *gk_bo_new(struct kunit *test, char name)
{
	struct gk_bo *bo = counted_zalloc(sizeof(*bo), &gk_counts.bos);

	KUNIT_ASSERT_NOT_NULL(test, bo);
	bo->name = name;
	bo->base.funcs = &bo_funcs;
	drm_gem_private_object_init(gk_drm(test), &bo->base, PAGE_SIZE);

	return &bo->base;
}

/* An object that shares the VM's dma_resv; goes before the VM does. */
struct drm_gem_object *gk_bo_new_private(struct kunit *test, char name,
					 struct drm_gpuvm *vm)
{
	struct drm_gem_object *obj = gk_bo_new(test, name);

	obj->resv = drm_gpuvm_resv(vm);
	return obj;
}

char gk_bo_name(struct drm_gem_object *obj)
{
	return obj ? container_of(obj, struct gk_bo, base)->name : '-';
}

/* A mapping that is not inserted. */
struct drm_gpuva *gk_va_new(struct kunit *test, struct drm_gem_object *obj,
			    u64 addr, u64 range, u64 offset)
{
	struct gk_va *va = counted_zalloc(sizeof(*va), &gk_counts.vas);

	KUNIT_ASSERT_NOT_NULL(test, va);
	va->base.va.addr = addr;
	va->base.va.range = range;
	va->base.gem.obj = obj;
	va->base.gem.offset = offset;

	return &va->base;
}

struct drm_gpuva *gk_va_insert(struct kunit *test, struct drm_gpuvm *vm,
			       struct drm_gem_object *obj,
			       u64 addr, u64 range, u64 offset)
{
	struct drm_gpuva *va = gk_va_new(test, obj, addr, range, offset);

	KUNIT_ASSERT_EQ(test, drm_gpuva_insert(vm, va), 0);
	return va;
}

void gk_va_free(struct drm_gpuva *va)
{
	atomic_dec(&gk_counts.vas);
	kfree(container_of(va, struct gk_va, base));
}

/* Lock the dma_resv of the VM and of the object, if they are two. */
void gk_lock_resv(struct gk_lock *lock, struct drm_gpuvm *vm,
		  struct drm_gem_object *obj)
{
	int ret;

	lock->gpuva = NULL;
	drm_exec_init(&lock->exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&lock->exec) {
		ret = drm_exec_lock_obj(&lock->exec, drm_gpuvm_resv_obj(vm));
		drm_exec_retry_on_contention(&lock->exec);
		if (!ret && obj)
			ret = drm_exec_lock_obj(&lock->exec, obj);
		drm_exec_retry_on_contention(&lock->exec);
	}
	WARN_ON(ret);
}

/* The same and the gpuva lock: enough for whatever one does to a vm_bo. */
void gk_lock(struct gk_lock *lock, struct drm_gpuvm *vm,
	     struct drm_gem_object *obj)
{
	gk_lock_resv(lock, vm, obj);
	if (obj && drm_gpuvm_immediate_mode(vm)) {
		lock->gpuva = drm_gem_gpuva_mutex(obj);
		mutex_lock(lock->gpuva);
	}
}

void gk_unlock(struct gk_lock *lock)
{
	if (lock->gpuva)
		mutex_unlock(lock->gpuva);
	drm_exec_fini(&lock->exec);
}

/*
 * Find or make a vm_bo, in the way of the VM's mode and with no lock too many,
 * so that it can race. NULL for want of memory.
 */
struct drm_gpuvm_bo *gk_vm_bo_try_obtain(struct drm_gpuvm *vm,
					 struct drm_gem_object *obj)
{
	/* A private object may have to go to the VM's list of evicted ones. */
	bool lock_resv = drm_gpuvm_resv_protected(vm) &&
			 !drm_gpuvm_is_extobj(vm, obj);
	struct drm_gpuvm_bo *vm_bo;

	if (!drm_gpuvm_immediate_mode(vm)) {
		dma_resv_lock(obj->resv, NULL);
		vm_bo = drm_gpuvm_bo_obtain_locked(vm, obj);
		dma_resv_unlock(obj->resv);
		return IS_ERR(vm_bo) ? NULL : vm_bo;
	}

	vm_bo = drm_gpuvm_bo_create(vm, obj);
	if (!vm_bo)
		return NULL;

	if (lock_resv)
		dma_resv_lock(obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
	if (lock_resv)
		dma_resv_unlock(obj->resv);

	return vm_bo;
}

struct drm_gpuvm_bo *gk_vm_bo_obtain(struct kunit *test, struct drm_gpuvm *vm,
				     struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_try_obtain(vm, obj);

	KUNIT_ASSERT_NOT_NULL(test, vm_bo);
	return vm_bo;
}

/* Make the VM lock the object, with no lock too many. */
void gk_extobj_add(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuvm *vm = vm_bo->vm;

	if (drm_gpuvm_resv_protected(vm))
		dma_resv_lock(drm_gpuvm_resv(vm), NULL);
	drm_gpuvm_bo_extobj_add(vm_bo);
	if (drm_gpuvm_resv_protected(vm))
		dma_resv_unlock(drm_gpuvm_resv(vm));
}

struct drm_gpuvm_bo *gk_vm_bo_obtain_ext(struct kunit *test,
					 struct drm_gpuvm *vm,
					 struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);

	gk_extobj_add(vm_bo);
	return vm_bo;
}

/* Drop a reference with all the locks that the last one would need. */
bool gk_vm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	struct gk_lock lock;
	bool gone;

	gk_lock(&lock, vm_bo->vm, vm_bo->obj);
	gone = drm_gpuvm_bo_put(vm_bo);
	gk_unlock(&lock);

	return gone;
}

/* As who moves memory does it: only the object's dma_resv is held. */
void gk_vm_bo_evict(struct drm_gpuvm_bo *vm_bo, bool evict)
{
	dma_resv_lock(vm_bo->obj->resv, NULL);
	drm_gpuvm_bo_evict(vm_bo, evict);
	dma_resv_unlock(vm_bo->obj->resv);
}

struct drm_gpuvm_map_req gk_req(struct drm_gem_object *obj,
				u64 addr, u64 range, u64 offset)
{
	return (struct drm_gpuvm_map_req) {
		.map.va.addr = addr,
		.map.va.range = range,
		.map.gem.obj = obj,
		.map.gem.offset = offset,
	};
}

MODULE_DESCRIPTION("KUnit suites of the GPUVM core");
MODULE_LICENSE("Dual MIT/GPL");
