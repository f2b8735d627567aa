// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The module: a platform device, made up, and the driver that binds to it.
 *
 * Shows who keeps what: memory of the device lives as long as anybody has a
 * reference to the DRM device, hence drmm; an ioctl is refused once the device
 * is gone, and jobs end then; the one workqueue that frees VMs belongs to the
 * module, because the last VM may take the device along.
 *
 * For your own hardware: a driver for its bus, whose probe maps registers and
 * requests interrupts.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/evgem_drm.h>
#include <drm_gpuvm_compat.h>

#include "evgem_bind.h"
#include "evgem_debugfs.h"
#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_hw.h"
#include "evgem_queue.h"
#include "evgem_vm.h"

#define DRIVER_NAME "example-vgem"

unsigned int evgem_max_vms = 64;
module_param_named(max_vms, evgem_max_vms, uint, 0444);
MODULE_PARM_DESC(max_vms, "VMs that one file may have (default 64)");

unsigned int evgem_timeout_ms = 5000;

static int timeout_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, EVGEM_MAX_TIMEOUT_MS);
}

static const struct kernel_param_ops timeout_ops = {
	.set = timeout_set,
	.get = param_get_uint,
};

module_param_cb(timeout_ms, &timeout_ops, &evgem_timeout_ms, 0444);
MODULE_PARM_DESC(timeout_ms,
		 "Milliseconds that a job may run by default (default 5000)");

struct workqueue_struct *evgem_release_wq;

static struct platform_device *evgem_pdev;

#define EVGEM_IOCTL(name, func) \
	DRM_IOCTL_DEF_DRV(EVGEM_##name, func, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc evgem_ioctls[] = {
	EVGEM_IOCTL(QUERY, evgem_query_ioctl),
	EVGEM_IOCTL(VM_CREATE, evgem_vm_create_ioctl),
	EVGEM_IOCTL(VM_DESTROY, evgem_vm_destroy_ioctl),
	EVGEM_IOCTL(VM_STATE, evgem_vm_state_ioctl),
	EVGEM_IOCTL(VM_BIND, evgem_vm_bind_ioctl),
	EVGEM_IOCTL(GEM_CREATE, evgem_gem_create_ioctl),
	EVGEM_IOCTL(GEM_MMAP_OFFSET, evgem_gem_mmap_offset_ioctl),
	EVGEM_IOCTL(QUEUE_CREATE, evgem_queue_create_ioctl),
	EVGEM_IOCTL(QUEUE_DESTROY, evgem_queue_destroy_ioctl),
	EVGEM_IOCTL(EXEC, evgem_exec_ioctl),
};

static const struct file_operations evgem_fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

static const struct drm_driver evgem_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | DRIVER_GEM_GPUVA,
	.open = evgem_file_open,
	.postclose = evgem_file_close,
	.show_fdinfo = evgem_file_show_fdinfo,
	.gem_create_object = evgem_gem_create_object,
	.dumb_create = evgem_gem_dumb_create,
	.gem_prime_import_sg_table = evgem_gem_import,
	.ioctls = evgem_ioctls,
	.num_ioctls = ARRAY_SIZE(evgem_ioctls),
	.fops = &evgem_fops,
	.name = DRIVER_NAME,
	.desc = "GPU driver on drm_gpuvm",
	COMPAT_DRIVER_DATE("20261121")
	.major = 1,
	.minor = 0,
};

static void release_hw(struct drm_device *drm, void *unused)
{
	struct evgem_device *evgem = to_evgem_device(drm);

	evgem_hw_destroy(evgem->hw);
	ida_destroy(&evgem->contexts);
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

static int init_device(struct evgem_device *evgem)
{
	struct drm_device *drm = &evgem->drm;
	int ret;

	INIT_LIST_HEAD(&evgem->vms);
	ret = drmm_mutex_init(drm, &evgem->vms_lock);
	if (ret)
		return ret;

	evgem->hw = evgem_hw_create();
	if (!evgem->hw)
		return -ENOMEM;

	ida_init(&evgem->contexts);
	ret = drmm_add_action_or_reset(drm, release_hw, NULL);
	if (ret)
		return ret;

	ret = evgem_lru_init(evgem);
	if (ret)
		return ret;

	evgem->sched_wq = fence_wq(drm, "evgem-sched");
	if (IS_ERR(evgem->sched_wq))
		return PTR_ERR(evgem->sched_wq);

	evgem->timeout_wq = fence_wq(drm, "evgem-timeout");
	return PTR_ERR_OR_ZERO(evgem->timeout_wq);
}

static int evgem_probe(struct platform_device *pdev)
{
	struct evgem_device *evgem;
	int ret;

	evgem = devm_drm_dev_alloc(&pdev->dev, &evgem_driver,
				   struct evgem_device, drm);
	if (IS_ERR(evgem))
		return PTR_ERR(evgem);

	platform_set_drvdata(pdev, evgem);

	/* Reaches all memory, in pieces of any size; the defaults are small. */
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	ret = init_device(evgem);
	if (ret)
		return ret;

	evgem_debugfs_add(evgem);
	return drm_dev_register(&evgem->drm, 0);
}

static void evgem_remove(struct platform_device *pdev)
{
	struct evgem_device *evgem = platform_get_drvdata(pdev);
	struct evgem_vm *vm;

	drm_dev_unplug(&evgem->drm);

	/*
	 * No job is submitted any more, as submit() is where unplugging waits.
	 * What the engine has ends now, what waits is refused in its turn.
	 */
	guard(mutex)(&evgem->vms_lock);
	list_for_each_entry(vm, &evgem->vms, link)
		evgem_vm_kill_queues(vm);
}

static struct platform_driver evgem_platform_driver = {
	.probe = evgem_probe,
	.remove = evgem_remove,
	.driver.name = DRIVER_NAME,
};

static int __init evgem_init(void)
{
	int ret;

	evgem_release_wq = alloc_workqueue("evgem-release", WQ_UNBOUND, 0);
	if (!evgem_release_wq)
		return -ENOMEM;

	ret = platform_driver_register(&evgem_platform_driver);
	if (ret)
		goto err_wq;

	evgem_pdev = platform_device_register_simple(DRIVER_NAME,
						     PLATFORM_DEVID_NONE,
						     NULL, 0);
	if (IS_ERR(evgem_pdev)) {
		ret = PTR_ERR(evgem_pdev);
		goto err_driver;
	}

	return 0;

err_driver:
	platform_driver_unregister(&evgem_platform_driver);
err_wq:
	destroy_workqueue(evgem_release_wq);
	return ret;
}
module_init(evgem_init);

static void __exit evgem_exit(void)
{
	platform_device_unregister(evgem_pdev);
	platform_driver_unregister(&evgem_platform_driver);
	/* A VM that was freed last may still be in the worker that freed it. */
	destroy_workqueue(evgem_release_wq);
}
module_exit(evgem_exit);

MODULE_DESCRIPTION("GPU driver on drm_gpuvm, with a software GPU");
MODULE_AUTHOR("The drm-gpuvm reference stack authors");
MODULE_LICENSE("GPL");
