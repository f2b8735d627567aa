/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Drivers of others that have dma-bufs to give: vgem and udmabuf.
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include "rig.h"

/**
 * struct foreign - a dma-buf of another driver
 */
struct foreign {
	/** @fd: what the memory comes from: the device of vgem, or a memfd */
	int fd;
	/** @handle: of vgem's BO */
	uint32_t handle;
	int dmabuf;
	/** @bo: the memory as the exporter shows it to the CPU; no handle */
	struct bo bo;
};

/** vgem_init() - a dma-buf of vgem, with contents; skips where there is none */
void vgem_init(struct foreign *f, uint64_t pages, uint32_t seed);
/**
 * udmabuf_init() - a dma-buf of a memfd, with contents
 *
 * The last page of the memfd is the first of the dma-buf, and so on, so that no
 * two of its pages are neighbours in memory. Skips where there is no udmabuf.
 */
void udmabuf_init(struct foreign *f, uint64_t pages, uint32_t seed);
/** foreign_close() - let go of all that is not the importer's */
void foreign_close(struct foreign *f);
/** vgem_users() - how often vgem is in use */
unsigned int vgem_users(void);

#endif
