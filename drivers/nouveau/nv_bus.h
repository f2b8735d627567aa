/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the device may be plugged into: nothing, or a PCI bus.
 */
#ifndef __NV_BUS_H__
#define __NV_BUS_H__

#include <linux/errno.h>

/*
 * By this name user space takes a platform device for a GPU of NVIDIA. No driver
 * for hardware has it.
 */
#define NV_BUS_NAME "nvidia,vgpu"

#ifdef CONFIG_PCI
int nv_pci_plug(void);
void nv_pci_unplug(void);
#else
static inline int nv_pci_plug(void)
{
	return -ENODEV;
}

static inline void nv_pci_unplug(void)
{
}
#endif

#endif
