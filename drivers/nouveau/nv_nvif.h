/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * NVIF, the ioctl of variable size through which programs ask what the device is
 * and which engine classes a channel has.
 */
#ifndef __NV_NVIF_H__
#define __NV_NVIF_H__

#include <linux/types.h>

struct drm_file;
struct nv_file;

int nv_nvif_ioctl(struct drm_file *file, void __user *user, unsigned int size);
void nv_nvif_close(struct nv_file *nfile);
void nv_nvif_channel_closed(struct nv_file *nfile, u32 chid);

#endif
