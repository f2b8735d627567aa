/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A shader, which stores a word. What has no shader cores must not run it.
 */
#ifndef VKT_SHADER_H
#define VKT_SHADER_H

#include "vkt.h"

#define VKT_SHADER_STORES 0x5ade5ade

/** vkt_dispatch() - a command that stores VKT_SHADER_STORES to word 0 of @buf */
void vkt_dispatch(struct vkt *t, VkCommandBuffer cmd, VkBuffer buf);

#endif
