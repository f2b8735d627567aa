// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The module: a device, made up, and the driver that binds to it.
 *
 * Neither has a name that a driver for hardware would have: nouveau is what the
 * DRM driver is called, and no more. The one workqueue that frees VMs and channels
 * belongs to the module, because the last of them may take the device along.
 */
#include <linux/module.h>
#include <linux/platform_device.h>

#include "nv_bus.h"
#include "nv_device.h"

static bool pci;
module_param(pci, bool, 0444);
MODULE_PARM_DESC(pci,
		 "Be a PCI device, on a host bridge of the module's own (default no: a platform device)");

struct workqueue_struct *nv_release_wq;

static struct platform_device *nv_pdev;

static int nv_probe(struct platform_device *pdev)
{
	struct nv_device *nv = nv_device_create(&pdev->dev);

	if (IS_ERR(nv))
		return PTR_ERR(nv);

	platform_set_drvdata(pdev, nv);
	return 0;
}

static void nv_remove(struct platform_device *pdev)
{
	nv_device_unplug(platform_get_drvdata(pdev));
}

static struct platform_driver nv_platform_driver = {
	.probe = nv_probe,
	.remove = nv_remove,
	.driver.name = NV_BUS_NAME,
};

static int platform_plug(void)
{
	int ret = platform_driver_register(&nv_platform_driver);

	if (ret)
		return ret;

	nv_pdev = platform_device_register_simple(NV_BUS_NAME,
						  PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(nv_pdev))
		return 0;

	platform_driver_unregister(&nv_platform_driver);
	return PTR_ERR(nv_pdev);
}

static void platform_unplug(void)
{
	platform_device_unregister(nv_pdev);
	platform_driver_unregister(&nv_platform_driver);
}

static int __init nv_init(void)
{
	int ret;

	nv_release_wq = alloc_workqueue("nouveau-release", WQ_UNBOUND, 0);
	if (!nv_release_wq)
		return -ENOMEM;

	ret = pci ? nv_pci_plug() : platform_plug();
	if (ret)
		destroy_workqueue(nv_release_wq);

	return ret;
}
module_init(nv_init);

static void __exit nv_exit(void)
{
	if (pci)
		nv_pci_unplug();
	else
		platform_unplug();
	/* A VM that was freed last may still be in the worker that freed it. */
	destroy_workqueue(nv_release_wq);
}
module_exit(nv_exit);

MODULE_DESCRIPTION("nouveau's uAPI on the reference drm_gpuvm, without hardware");
MODULE_AUTHOR("The drm-gpuvm reference stack authors");
MODULE_LICENSE("GPL");
