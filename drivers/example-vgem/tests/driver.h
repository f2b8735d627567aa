/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Which driver the cases run on: what it has, and where it is in sysfs.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdint.h>

/** driver_needs() - skip the case unless the driver has DRM_EVGEM_FEATURE_* */
void driver_needs(int fd, uint64_t features);

/** driver_module() - a file of the module in sysfs; good until the next call */
const char *driver_module(const char *name);
/** driver_bus() - a file of the driver in sysfs; good until the next call */
const char *driver_bus(const char *name);

#endif
