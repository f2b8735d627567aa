/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Images, and a model of their contents. Sizes and places are in texels of a
 * level, or in blocks of a compressed format.
 */
#ifndef VKT_IMAGE_H
#define VKT_IMAGE_H

#include "vkt.h"

#define VKT_LEVELS 16

/**
 * struct vkt_format - a format, as a copy sees it
 */
struct vkt_format {
	VkFormat format;
	const char *name;
	/** @bytes: of a texel, or of a block of @block times @block texels */
	uint32_t bytes, block;
	VkImageAspectFlags aspect;
};

/**
 * struct vkt_image - an image
 */
struct vkt_image {
	struct vkt_format format;
	VkImage image;
	VkExtent3D extent;
	uint32_t levels, layers;
	/** @shadow: what is in each level, layer by layer, without gaps */
	uint8_t *shadow[VKT_LEVELS];
};

/**
 * struct vkt_box - a part of a level
 */
struct vkt_box {
	uint32_t level, layer, x, y, z, w, h, d;
};

/** vkt_image() - with memory, in the layout GENERAL; skips what cannot be had */
struct vkt_image *vkt_image(struct vkt *t, struct vkt_format format,
			    VkImageType type, VkExtent3D extent, uint32_t levels,
			    uint32_t layers, VkImageTiling tiling);
/** vkt_image_bare() - the same without memory and layout */
struct vkt_image *vkt_image_bare(struct vkt *t, struct vkt_format format,
				 VkImageType type, VkExtent3D extent,
				 uint32_t levels, uint32_t layers,
				 VkImageTiling tiling, VkImageCreateFlags flags);
void vkt_image_general(struct vkt *t, struct vkt_image *image);
/** vkt_image_size() - of a level, in blocks */
VkExtent3D vkt_image_size(const struct vkt_image *image, uint32_t level);
/** vkt_image_box() - all of a layer of a level */
struct vkt_box vkt_image_box(const struct vkt_image *image, uint32_t level,
			     uint32_t layer);
/** vkt_image_place() - where a line of blocks begins in the model */
uint8_t *vkt_image_place(const struct vkt_image *image, const struct vkt_box *box,
			 uint32_t y, uint32_t z);
/**
 * vkt_image_put() - contents of @seed into a box
 *
 * Lines are @pitch blocks apart in the buffer that it comes from, or, if that is
 * 0, have no gaps.
 */
void vkt_image_put(struct vkt *t, struct vkt_queue *queue, struct vkt_image *image,
		   struct vkt_box box, uint32_t pitch, uint32_t seed);
/** vkt_image_fill() - all of it, each level and layer with contents of its own */
void vkt_image_fill(struct vkt *t, struct vkt_image *image, uint32_t seed);
/** vkt_image_shows() - each byte is that of the model */
void vkt_image_shows(struct vkt *t, struct vkt_queue *queue,
		     const struct vkt_image *image);

#endif
