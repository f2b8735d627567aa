/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Files in debugfs.
 */
#ifndef __NV_DEBUGFS_H__
#define __NV_DEBUGFS_H__

struct nv_device;

void nv_debugfs_add(struct nv_device *nv);

#endif
