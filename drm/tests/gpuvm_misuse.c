// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Misuses the core once, in the way that the parameter "which" names, so that
 * misuse.suite can see it reported. Lockdep reports once and is then off, so
 * each needs a boot of its own.
 */
#include <linux/device/faux.h>
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

static char *which = "";
module_param(which, charp, 0444);
MODULE_PARM_DESC(which, "the misuse to commit");

struct misuse_device {
	struct drm_device drm;
};

/* A VM and an external object with a vm_bo in it. */
struct misuse {
	struct drm_gpuvm *vm;
	struct drm_gem_object *obj;
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva va;
};

static const struct drm_driver misuse_driver = {
	.driver_features = DRIVER_GEM | DRIVER_GEM_GPUVA,
	.name = "gpuvm-misuse",
	.desc = "misuse of GPUVM",
	.major = 1,
};

static void misuse_vm_free(struct drm_gpuvm *vm)
{
	kfree(vm);
}

static int misuse_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	vm_bo->evicted = false;
	return 0;
}

static const struct drm_gpuvm_ops misuse_ops = {
	.vm_free = misuse_vm_free,
	.vm_bo_validate = misuse_validate,
};

static void put_unlocked(struct misuse *m)
{
	drm_gpuvm_bo_get(m->vm_bo);
	drm_gpuvm_bo_put(m->vm_bo);
}

static void find_unlocked(struct misuse *m)
{
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_find(m->vm, m->obj);

	mutex_lock(drm_gem_gpuva_mutex(m->obj));
	drm_gpuvm_bo_put(vm_bo);
	mutex_unlock(drm_gem_gpuva_mutex(m->obj));
}

static void link_unlocked(struct misuse *m)
{
	drm_gpuva_link(&m->va, m->vm_bo);
}

static void extobj_unlocked(struct misuse *m)
{
	drm_gpuvm_bo_extobj_add(m->vm_bo);
}

static void evict_unlocked(struct misuse *m)
{
	drm_gpuvm_bo_evict(m->vm_bo, true);
}

/*
 * Lists the object as evicted, then validates with nothing but the VM locked:
 * without a locking context, because while one is held lockdep takes every
 * dma_resv for held.
 */
static void validate_unlocked(struct misuse *m)
{
	dma_resv_lock(m->obj->resv, NULL);
	drm_gpuvm_bo_evict(m->vm_bo, true);
	dma_resv_unlock(m->obj->resv);

	dma_resv_lock(drm_gpuvm_resv(m->vm), NULL);
	drm_gpuvm_validate(m->vm, NULL);
	dma_resv_unlock(drm_gpuvm_resv(m->vm));
}

/* With a context that has locked something else. */
static void validate_not_in_exec(struct misuse *m)
{
	struct drm_exec exec;
	int ret;

	dma_resv_lock(m->obj->resv, NULL);
	drm_gpuvm_bo_evict(m->vm_bo, true);
	dma_resv_unlock(m->obj->resv);

	drm_exec_init(&exec, 0, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_gpuvm_prepare_vm(m->vm, &exec, 0);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	drm_gpuvm_validate(m->vm, &exec);
	drm_exec_fini(&exec);
}

static void alloc_under_gpuva(struct misuse *m)
{
	void *p;

	mutex_lock(drm_gem_gpuva_mutex(m->obj));
	p = kmalloc(16, GFP_KERNEL);
	mutex_unlock(drm_gem_gpuva_mutex(m->obj));
	kfree(p);
}

static void exec_lock_in_section(struct misuse *m)
{
	struct drm_gpuvm_exec vm_exec = { .vm = m->vm };
	bool cookie = dma_fence_begin_signalling();

	if (!drm_gpuvm_exec_lock(&vm_exec))
		drm_gpuvm_exec_unlock(&vm_exec);
	dma_fence_end_signalling(cookie);
}

static void list_in_section(struct misuse *m)
{
	bool cookie = dma_fence_begin_signalling();
	struct drm_gpuva_ops *ops = drm_gpuvm_sm_unmap_ops_create(m->vm, 0, 8);

	dma_fence_end_signalling(cookie);
	if (!IS_ERR(ops))
		drm_gpuva_ops_free(m->vm, ops);
}

static void vm_bo_in_section(struct misuse *m)
{
	bool cookie = dma_fence_begin_signalling();
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_create(m->vm, m->obj);

	dma_fence_end_signalling(cookie);
	if (vm_bo)
		drm_gpuvm_bo_put_deferred(drm_gpuvm_bo_obtain_prealloc(vm_bo));
}

static DEFINE_SPINLOCK(misuse_lock);

static void cleanup_in_atomic(struct misuse *m)
{
	spin_lock(&misuse_lock);
	drm_gpuvm_bo_deferred_cleanup(m->vm);
	spin_unlock(&misuse_lock);
}

static void exec_lock_in_atomic(struct misuse *m)
{
	struct drm_gpuvm_exec vm_exec = { .vm = m->vm };
	int ret;

	spin_lock(&misuse_lock);
	ret = drm_gpuvm_exec_lock(&vm_exec);
	spin_unlock(&misuse_lock);
	if (!ret)
		drm_gpuvm_exec_unlock(&vm_exec);
}

static void list_in_atomic(struct misuse *m)
{
	struct drm_gpuva_ops *ops;

	spin_lock(&misuse_lock);
	ops = drm_gpuvm_sm_unmap_ops_create(m->vm, 0, 8);
	spin_unlock(&misuse_lock);
	if (!IS_ERR(ops))
		drm_gpuva_ops_free(m->vm, ops);
}

static void close_in_use(struct misuse *m)
{
	m->va.va.addr = 0x11;
	m->va.gem.offset = 0x22;
	if (drm_gpuva_insert(m->vm, &m->va))
		return;

	drm_gpuvm_get(m->vm);
	drm_gpuvm_close(m->vm);
	drm_gpuva_remove(&m->va);
}

static struct drm_gpuvm *misuse_vm_new(struct drm_device *drm,
				       enum drm_gpuvm_flags flags);

/* Of a VM of its own: nobody may touch it afterwards. */
static void put_in_use(struct misuse *m)
{
	struct drm_gpuvm *vm = misuse_vm_new(m->vm->drm, 0);
	struct drm_gpuva va = { .va.addr = 0x33, .va.range = 2 };

	if (IS_ERR(vm) || drm_gpuva_insert(vm, &va))
		return;

	drm_gpuvm_put(vm);
	drm_gpuvm_put(vm);
}

/* All that is done well: nothing of the rest is a misuse. */
static void nothing(struct misuse *m)
{
	mutex_lock(drm_gem_gpuva_mutex(m->obj));
	drm_gpuva_link(&m->va, m->vm_bo);
	drm_gpuva_unlink(&m->va);
	mutex_unlock(drm_gem_gpuva_mutex(m->obj));
}

static const struct {
	const char *name;
	void (*commit)(struct misuse *m);
	enum drm_gpuvm_flags flags;
} misuses[] = {
	{ "nothing", nothing },
	{ "put_unlocked", put_unlocked },
	{ "find_unlocked", find_unlocked },
	{ "link_unlocked", link_unlocked },
	{ "extobj_unlocked", extobj_unlocked, DRM_GPUVM_RESV_PROTECTED },
	{ "evict_unlocked", evict_unlocked },
	{ "validate_unlocked", validate_unlocked },
	{ "validate_not_in_exec", validate_not_in_exec },
	{ "alloc_under_gpuva", alloc_under_gpuva },
	{ "exec_lock_in_section", exec_lock_in_section },
	{ "list_in_section", list_in_section },
	{ "vm_bo_in_section", vm_bo_in_section },
	{ "cleanup_in_atomic", cleanup_in_atomic },
	{ "exec_lock_in_atomic", exec_lock_in_atomic },
	{ "list_in_atomic", list_in_atomic },
	{ "close_in_use", close_in_use },
	{ "put_in_use", put_in_use },
};

static struct drm_gpuvm *misuse_vm_new(struct drm_device *drm,
				       enum drm_gpuvm_flags flags)
{
	struct drm_gem_object *r_obj = drm_gpuvm_resv_object_alloc(drm);
	struct drm_gpuvm *vm;
	int ret;

	if (!r_obj)
		return ERR_PTR(-ENOMEM);

	vm = kzalloc_obj(*vm);
	if (!vm) {
		drm_gem_object_put(r_obj);
		return ERR_PTR(-ENOMEM);
	}

	ret = drm_gpuvm_init(vm, "misuse", flags, drm, r_obj, 0, 0x100, 0, 0,
			     &misuse_ops);
	drm_gem_object_put(r_obj);
	if (ret) {
		drm_gpuvm_put(vm);
		return ERR_PTR(ret);
	}

	return vm;
}

static int misuse_run(struct drm_device *drm, int i)
{
	struct misuse m = { .va.va.range = 1 };

	m.vm = misuse_vm_new(drm, misuses[i].flags | DRM_GPUVM_IMMEDIATE_MODE);
	if (IS_ERR(m.vm))
		return PTR_ERR(m.vm);

	m.obj = drm_gpuvm_resv_object_alloc(drm);
	if (!m.obj)
		goto out;
	m.vm_bo = drm_gpuvm_bo_create(m.vm, m.obj);
	if (!m.vm_bo)
		goto out;
	m.vm_bo = drm_gpuvm_bo_obtain_prealloc(m.vm_bo);
	m.va.vm = m.vm;
	m.va.gem.obj = m.obj;

	misuses[i].commit(&m);

	drm_gpuva_unlink_defer(&m.va);
out:
	drm_gpuvm_bo_put_deferred(m.vm_bo);
	drm_gpuvm_bo_deferred_cleanup(m.vm);
	if (m.obj)
		drm_gem_object_put(m.obj);
	drm_gpuvm_close(m.vm);

	return m.vm_bo ? 0 : -ENOMEM;
}

static int misuse_probe(struct faux_device *faux)
{
	struct misuse_device *dev;

	dev = devm_drm_dev_alloc(&faux->dev, &misuse_driver,
				 struct misuse_device, drm);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	for (int i = 0; i < ARRAY_SIZE(misuses); i++)
		if (!strcmp(which, misuses[i].name))
			return misuse_run(&dev->drm, i);

	pr_err("no misuse is called \"%s\"\n", which);
	return -EINVAL;
}

static const struct faux_device_ops misuse_faux_ops = {
	.probe = misuse_probe,
};

static struct faux_device *faux;

static int __init misuse_init(void)
{
	faux = faux_device_create("gpuvm-misuse", NULL, &misuse_faux_ops);

	return faux ? 0 : -ENODEV;
}

static void __exit misuse_exit(void)
{
	faux_device_destroy(faux);
}

module_init(misuse_init);
module_exit(misuse_exit);

MODULE_DESCRIPTION("Negative controls of the GPUVM core");
MODULE_LICENSE("Dual MIT/GPL");
