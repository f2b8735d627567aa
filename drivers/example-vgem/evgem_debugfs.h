/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Files in debugfs.
 */
#ifndef __EVGEM_DEBUGFS_H__
#define __EVGEM_DEBUGFS_H__

struct evgem_device;

void evgem_debugfs_add(struct evgem_device *evgem);

#endif
