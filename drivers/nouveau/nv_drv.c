// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The DRM driver: what it offers, and how a device begins and ends, whatever bus
 * it is on.
 *
 * Memory of the device lives as long as anybody has a reference to the DRM device,
 * hence drmm; an ioctl is refused once the device is gone, and jobs end then.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm_gpuvm_compat.h>

#include "nv_bind.h"
#include "nv_channel.h"
#include "nv_debugfs.h"
#include "nv_device.h"
#include "nv_gem.h"
#include "nv_hw.h"
#include "nv_nvif.h"
#include "nv_uapi.h"
#include "nv_vm.h"

#define MAX_VRAM_MB SZ_1M
#define MAX_TIMEOUT_MS 600000

static unsigned int vram_mb = 256;

static int vram_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 2, MAX_VRAM_MB);
}

static const struct kernel_param_ops vram_ops = {
	.set = vram_set,
	.get = param_get_uint,
};

module_param_cb(vram_mb, &vram_ops, &vram_mb, 0444);
MODULE_PARM_DESC(vram_mb, "MiB of VRAM, an even number (default 256)");

unsigned int nv_timeout_ms = 10000;

static int timeout_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, MAX_TIMEOUT_MS);
}

static const struct kernel_param_ops timeout_ops = {
	.set = timeout_set,
	.get = param_get_uint,
};

module_param_cb(timeout_ms, &timeout_ops, &nv_timeout_ms, 0444);
MODULE_PARM_DESC(timeout_ms,
		 "Milliseconds that a job may run, and an acquire may wait (default 10000)");

#define NV_IOCTL(name, func) \
	DRM_IOCTL_DEF_DRV(NOUVEAU_##name, func, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc nv_ioctls[] = {
	NV_IOCTL(GETPARAM, nv_getparam_ioctl),
	NV_IOCTL(CHANNEL_ALLOC, nv_channel_alloc_ioctl),
	NV_IOCTL(CHANNEL_FREE, nv_channel_free_ioctl),
	NV_IOCTL(VM_INIT, nv_vm_init_ioctl),
	NV_IOCTL(VM_BIND, nv_vm_bind_ioctl),
	NV_IOCTL(EXEC, nv_exec_ioctl),
	NV_IOCTL(GET_ZCULL_INFO, nv_zcull_ioctl),
	NV_IOCTL(GEM_NEW, nv_gem_new_ioctl),
	NV_IOCTL(GEM_PUSHBUF, nv_gem_pushbuf_ioctl),
	NV_IOCTL(GEM_CPU_PREP, nv_gem_cpu_prep_ioctl),
	NV_IOCTL(GEM_CPU_FINI, nv_gem_cpu_fini_ioctl),
	NV_IOCTL(GEM_INFO, nv_gem_info_ioctl),
};

/* NVIF is the one whose size varies, and so is not for DRM's table. */
static long nv_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct drm_file *file = filp->private_data;
	int ret, idx;

	if (_IOC_TYPE(cmd) != DRM_IOCTL_BASE ||
	    _IOC_NR(cmd) != DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF)
		return drm_ioctl(filp, cmd, arg);

	if (!drm_dev_enter(file->minor->dev, &idx))
		return -ENODEV;

	ret = nv_nvif_ioctl(file, (void __user *)arg, _IOC_SIZE(cmd));
	drm_dev_exit(idx);
	return ret;
}

#ifdef CONFIG_COMPAT
static long nv_compat_ioctl(struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
	/* All structures are the same for programs of 32 bits. */
	if (_IOC_NR(cmd) >= DRM_COMMAND_BASE)
		return nv_ioctl(filp, cmd, arg);

	return drm_compat_ioctl(filp, cmd, arg);
}
#else
#define nv_compat_ioctl NULL
#endif

static const struct file_operations nv_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = nv_ioctl,
	.compat_ioctl = nv_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
	.fop_flags = FOP_UNSIGNED_OFFSET,
	.show_fdinfo = drm_show_fdinfo,
};

static const struct drm_driver nv_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | DRIVER_GEM_GPUVA,
	.open = nv_file_open,
	.postclose = nv_file_close,
	.show_fdinfo = nv_file_show_fdinfo,
	.gem_create_object = nv_bo_create_object,
	.gem_prime_import_sg_table = nv_bo_import,
	.ioctls = nv_ioctls,
	.num_ioctls = ARRAY_SIZE(nv_ioctls),
	.fops = &nv_fops,
	.name = "nouveau",
	.desc = "nouveau's uAPI over a software model of the GPU",
	COMPAT_DRIVER_DATE("20261121")
	.major = 1,
	.minor = 4,
	.patchlevel = 2,
};

static void release_hw(struct drm_device *drm, void *unused)
{
	struct nv_device *nv = to_nv_device(drm);

	nv_model_destroy(nv->hw);
	xa_destroy(&nv->channels);
}

static void release_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

/* In the path to a fence: goes on when memory is short. */
static struct workqueue_struct *fence_wq(struct drm_device *drm,
					 const char *name)
{
	struct workqueue_struct *wq;
	int ret;

	wq = alloc_workqueue("%s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0, name);
	if (!wq)
		return ERR_PTR(-ENOMEM);

	ret = drmm_add_action_or_reset(drm, release_wq, wq);
	return ret ? ERR_PTR(ret) : wq;
}

static int init_device(struct nv_device *nv)
{
	struct drm_device *drm = &nv->drm;
	int ret;

	INIT_LIST_HEAD(&nv->vms);
	ret = drmm_mutex_init(drm, &nv->vms_lock);
	if (ret)
		return ret;

	xa_init_flags(&nv->channels, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	nv->hw = nv_model_create((u64)vram_mb * SZ_1M, &nv_channel_events, nv);
	if (!nv->hw)
		return -ENOMEM;

	ret = drmm_add_action_or_reset(drm, release_hw, NULL);
	if (ret)
		return ret;

	ret = nv_vram_init(nv);
	if (ret)
		return ret;

	nv->sched_wq = fence_wq(drm, "nouveau-sched");
	if (IS_ERR(nv->sched_wq))
		return PTR_ERR(nv->sched_wq);

	nv->timeout_wq = fence_wq(drm, "nouveau-timeout");
	return PTR_ERR_OR_ZERO(nv->timeout_wq);
}

/**
 * nv_device_create() - make a device and let programs see it
 * @parent: on a bus; what it drops last when its driver lets go of it is this
 *
 * Context: process; sleeps.
 * Return: the device; an ERR_PTR(): -ENOMEM; what drm_dev_register() returns.
 */
struct nv_device *nv_device_create(struct device *parent)
{
	struct nv_device *nv;
	int ret;

	nv = devm_drm_dev_alloc(parent, &nv_driver, struct nv_device, drm);
	if (IS_ERR(nv))
		return nv;

	/* Reaches all memory, in pieces of any size; the defaults are small. */
	ret = dma_set_mask_and_coherent(parent, DMA_BIT_MASK(47));
	if (ret)
		return ERR_PTR(ret);
	dma_set_max_seg_size(parent, UINT_MAX);

	ret = init_device(nv);
	if (ret)
		return ERR_PTR(ret);

	nv_debugfs_add(nv);
	ret = drm_dev_register(&nv->drm, 0);
	return ret ? ERR_PTR(ret) : nv;
}

/**
 * nv_device_unplug() - end the use of a device
 * @nv: the device
 *
 * Context: process; sleeps.
 */
void nv_device_unplug(struct nv_device *nv)
{
	struct nv_vm *vm;

	drm_dev_unplug(&nv->drm);

	/*
	 * No job is submitted any more, as submit() is where unplugging waits.
	 * What the device has ends now, what waits is refused in its turn.
	 */
	guard(mutex)(&nv->vms_lock);
	list_for_each_entry(vm, &nv->vms, link)
		nv_vm_kill_channels(vm, -ENODEV);
}
