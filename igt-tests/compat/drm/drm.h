/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * <drm/drm.h>, which headers of drivers include, is not everywhere: an IGT tree has
 * its own, and some distributions have only that of libdrm.
 */
#ifndef VMB_COMPAT_DRM_H
#define VMB_COMPAT_DRM_H

#if __has_include(<drm-uapi/drm.h>)
#include <drm-uapi/drm.h>
#else
#include <drm.h>
#endif

#endif
