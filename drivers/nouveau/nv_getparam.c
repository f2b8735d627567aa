// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_NOUVEAU_GETPARAM, and what the device says about itself there.
 */
#include <linux/mm.h>

#include <drm/drm_file.h>
#include <drm/drm_gpuvm_lru.h>

#include "nv_channel.h"
#include "nv_device.h"
#include "nv_gem.h"
#include "nv_hw.h"
#include "nv_uapi.h"

/* NOUVEAU_GETPARAM_BUS_TYPE */
#define BUS_TYPE_PCIE 2

/* One GPC with one TPC, and one ROP: the least that there can be. */
#define GRAPH_UNITS (1ull | 1ull << 8 | 1ull << 32)

/**
 * nv_getparam_ioctl() - DRM_IOCTL_NOUVEAU_GETPARAM
 * @drm: the device
 * @data: struct drm_nouveau_getparam
 * @file: the caller's
 *
 * The bus is said to be PCIE in both forms of the device, as the size of a bus
 * without one would make programs look for memory that is the processor's.
 *
 * Return: 0; -EINVAL for an unknown parameter.
 */
int nv_getparam_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nv_device *nv = to_nv_device(drm);
	struct drm_nouveau_getparam *args = data;

	switch (args->param) {
	case NOUVEAU_GETPARAM_PCI_VENDOR:
		args->value = NV_PCI_VENDOR;
		break;
	case NOUVEAU_GETPARAM_PCI_DEVICE:
		args->value = NV_PCI_DEVICE;
		break;
	case NOUVEAU_GETPARAM_BUS_TYPE:
		args->value = BUS_TYPE_PCIE;
		break;
	case NOUVEAU_GETPARAM_FB_SIZE:
		args->value = nv->vram_size - NV_VRAM_RESERVED;
		break;
	case NOUVEAU_GETPARAM_AGP_SIZE:
		args->value = (u64)totalram_pages() << PAGE_SHIFT;
		break;
	case NOUVEAU_GETPARAM_CHIPSET_ID:
		args->value = NV_CHIPSET;
		break;
	case NOUVEAU_GETPARAM_VM_VRAM_BASE:
		args->value = 0;
		break;
	case NOUVEAU_GETPARAM_GRAPH_UNITS:
		args->value = GRAPH_UNITS;
		break;
	case NOUVEAU_GETPARAM_PTIMER_TIME:
		args->value = nv->hw->ops->timer(nv->hw);
		break;
	case NOUVEAU_GETPARAM_HAS_BO_USAGE:
	case NOUVEAU_GETPARAM_HAS_PAGEFLIP:
	case NOUVEAU_GETPARAM_HAS_VMA_TILEMODE:
		args->value = 1;
		break;
	case NOUVEAU_GETPARAM_EXEC_PUSH_MAX:
		args->value = NV_MAX_PUSHES;
		break;
	case NOUVEAU_GETPARAM_VRAM_BAR_SIZE:
		args->value = nv->vram_size;
		break;
	case NOUVEAU_GETPARAM_VRAM_USED:
		args->value = nv_vram_used(nv);
		break;
	default:
		return -EINVAL;
	}

	return 0;
}

/**
 * nv_zcull_ioctl() - DRM_IOCTL_NOUVEAU_GET_ZCULL_INFO
 * @drm: the device
 * @data: struct drm_nouveau_get_zcull_info
 * @file: the caller's
 *
 * Return: -ENOTTY: the device draws nothing, so there is no hidden surface.
 */
int nv_zcull_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	return -ENOTTY;
}
