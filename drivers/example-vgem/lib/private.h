/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Inside of libevgem.
 */
#ifndef EVGEM_PRIVATE_H
#define EVGEM_PRIVATE_H

/** evgem_ioctl() - ioctl() again and again while signals interrupt it */
int evgem_ioctl(int fd, unsigned long request, void *arg);

#endif
