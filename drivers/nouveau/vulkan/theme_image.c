// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Copies between buffers and images, and between images.
 */
#include "image.h"

#define COLOR VK_IMAGE_ASPECT_COLOR_BIT
#define DEPTH VK_IMAGE_ASPECT_DEPTH_BIT
#define FORMAT(format, bytes, block, aspect) \
	{ VK_FORMAT_##format, #format, bytes, block, aspect }

static const struct vkt_format formats[] = {
	FORMAT(R8_UNORM, 1, 1, COLOR),
	FORMAT(R8G8_UNORM, 2, 1, COLOR),
	FORMAT(R8G8B8A8_UNORM, 4, 1, COLOR),
	FORMAT(R16G16B16A16_UINT, 8, 1, COLOR),
	FORMAT(R32G32B32A32_UINT, 16, 1, COLOR),
};

static const struct vkt_format rgba = FORMAT(R8G8B8A8_UNORM, 4, 1, COLOR);
static const VkImageTiling linear = VK_IMAGE_TILING_LINEAR;
static const VkImageTiling optimal = VK_IMAGE_TILING_OPTIMAL;

/* Sizes at, below and above those of the tiles that an image is made of. */
static void sizes(struct vkt *t, VkImageTiling tiling)
{
	static const VkExtent3D all[] = {
		{ 1, 1, 1 }, { 3, 5, 1 }, { 16, 8, 1 }, { 17, 9, 1 }, { 64, 64, 1 },
		{ 65, 63, 1 }, { 200, 31, 1 }, { 31, 200, 1 }, { 255, 257, 1 },
	};

	for (unsigned int f = 0; f < ARRAY_SIZE(formats); f++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
			struct vkt_image *image;

			if (vkt_options.brief && (f + i) % 3)
				continue;
			image = vkt_image(t, formats[f], VK_IMAGE_TYPE_2D, all[i],
					  1, 1, tiling);
			vkt_image_fill(t, image, f);
			vkt_image_shows(t, vkt_queue(t), image);
		}
	}
}

static void sizes_linear(struct vkt *t)
{
	sizes(t, linear);
}

static void sizes_tiled(struct vkt *t)
{
	sizes(t, optimal);
}

/* Boxes of any place and size, from lines that are further apart than that. */
static void boxes(struct vkt *t)
{
	const VkExtent3D extent = { 193, 150, 1 };
	unsigned int rounds = vkt_options.brief ? 6 : 40;
	struct vkt_image *image = vkt_image(t, rgba, VK_IMAGE_TYPE_2D, extent, 1,
					    1, optimal);
	uint64_t seed = 42;

	vkt_image_fill(t, image, 1);
	for (unsigned int i = 0; i < rounds; i++) {
		struct vkt_box box = {
			.w = 1 + vkt_random(&seed, extent.width),
			.h = 1 + vkt_random(&seed, extent.height),
			.d = 1,
		};

		box.x = vkt_random(&seed, extent.width - box.w + 1);
		box.y = vkt_random(&seed, extent.height - box.h + 1);
		vkt_image_put(t, vkt_queue(t), image, box,
			      box.w + vkt_random(&seed, 20), 2 + i);
		vkt_image_shows(t, vkt_queue(t), image);
	}
}

static void levels(struct vkt *t)
{
	struct vkt_image *image = vkt_image(t, rgba, VK_IMAGE_TYPE_2D,
					    (VkExtent3D){ 130, 67, 1 }, 8, 1, optimal);

	vkt_image_fill(t, image, 3);
	vkt_image_shows(t, vkt_queue(t), image);
}

static void layers(struct vkt *t)
{
	struct vkt_image *image = vkt_image(t, rgba, VK_IMAGE_TYPE_2D,
					    (VkExtent3D){ 70, 33, 1 }, 3, 5, optimal);
	struct vkt_box box = vkt_image_box(image, 0, 3);

	vkt_image_fill(t, image, 4);
	vkt_image_shows(t, vkt_queue(t), image);
	vkt_image_put(t, vkt_queue(t), image, box, 0, 99);
	vkt_image_shows(t, vkt_queue(t), image);
}

static void volume(struct vkt *t)
{
	struct vkt_image *image = vkt_image(t, rgba, VK_IMAGE_TYPE_3D,
					    (VkExtent3D){ 40, 19, 23 }, 3, 1, optimal);
	struct vkt_box box = { 0, 0, 5, 3, 2, 30, 11, 17 };

	vkt_image_fill(t, image, 5);
	vkt_image_shows(t, vkt_queue(t), image);
	vkt_image_put(t, vkt_queue(t), image, box, 37, 98);
	vkt_image_shows(t, vkt_queue(t), image);
}

static void one_dimension(struct vkt *t)
{
	struct vkt_image *image = vkt_image(t, rgba, VK_IMAGE_TYPE_1D,
					    (VkExtent3D){ 333, 1, 1 }, 1, 2, optimal);

	vkt_image_fill(t, image, 6);
	vkt_image_shows(t, vkt_queue(t), image);
}

static void compressed(struct vkt *t)
{
	static const struct vkt_format some[] = {
		FORMAT(BC1_RGBA_UNORM_BLOCK, 8, 4, COLOR),
		FORMAT(BC7_UNORM_BLOCK, 16, 4, COLOR),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(some); i++) {
		struct vkt_image *image = vkt_image(t, some[i], VK_IMAGE_TYPE_2D,
						    (VkExtent3D){ 130, 70, 1 }, 4,
						    1, optimal);

		vkt_image_fill(t, image, 7);
		vkt_image_shows(t, vkt_queue(t), image);
	}
}

static void depth(struct vkt *t)
{
	/* Any two bytes are a depth there, as any four are not one as a float. */
	static const struct vkt_format format = FORMAT(D16_UNORM, 2, 1, DEPTH);
	struct vkt_image *image = vkt_image(t, format, VK_IMAGE_TYPE_2D,
					    (VkExtent3D){ 100, 60, 1 }, 1, 1, optimal);

	vkt_image_fill(t, image, 8);
	vkt_image_shows(t, vkt_queue(t), image);
}

static void move(struct vkt *t, struct vkt_image *src, struct vkt_box from,
		 struct vkt_image *dst, struct vkt_box to)
{
	const VkImageCopy copy = {
		.srcSubresource = { COLOR, from.level, from.layer, 1 },
		.srcOffset = { from.x, from.y, from.z },
		.dstSubresource = { COLOR, to.level, to.layer, 1 },
		.dstOffset = { to.x, to.y, to.z },
		.extent = { from.w, from.h, from.d },
	};
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	vkCmdCopyImage(cmd, src->image, VK_IMAGE_LAYOUT_GENERAL, dst->image,
		       VK_IMAGE_LAYOUT_GENERAL, 1, &copy);
	vkt_run(t, vkt_queue(t), cmd);
	for (uint32_t z = 0; z < from.d; z++) {
		for (uint32_t y = 0; y < from.h; y++)
			memcpy(vkt_image_place(dst, &to, y, z),
			       vkt_image_place(src, &from, y, z),
			       from.w * src->format.bytes);
	}
}

/* Tiled to tiled, tiled to linear, linear to tiled. */
static void image_to_image(struct vkt *t)
{
	const VkExtent3D extent = { 150, 90, 1 };
	struct vkt_image *images[3];

	for (unsigned int i = 0; i < 3; i++) {
		images[i] = vkt_image(t, rgba, VK_IMAGE_TYPE_2D, extent, 1, 1,
				      i == 1 ? linear : optimal);
		vkt_image_fill(t, images[i], 20 + i);
	}
	for (unsigned int i = 0; i < 6; i++) {
		struct vkt_box from = { 0, 0, 7 * i, 5 + i, 0, 90 - i, 40 + i, 1 };
		struct vkt_box to = { 0, 0, 3 + i, 11, 0, 90 - i, 40 + i, 1 };
		struct vkt_image *dst = images[(i + 1 + i / 3) % 3];

		move(t, images[i % 3], from, dst, to);
		vkt_image_shows(t, vkt_queue(t), dst);
	}
}

static void on_the_transfer_queue(struct vkt *t)
{
	struct vkt_queue *queue = vkt_transfer_queue(t);
	struct vkt_image *image = vkt_image(t, rgba, VK_IMAGE_TYPE_2D,
					    (VkExtent3D){ 128, 80, 1 }, 1, 1, optimal);

	vkt_image_put(t, queue, image, vkt_image_box(image, 0, 0), 0, 11);
	vkt_image_shows(t, queue, image);
	vkt_image_shows(t, vkt_queue(t), image);
}

const struct vkt_case vkt_image_cases[] = {
	{ "sizes-linear", sizes_linear },
	{ "sizes-tiled", sizes_tiled },
	{ "boxes", boxes },
	{ "levels", levels },
	{ "layers", layers },
	{ "volume", volume },
	{ "one-dimension", one_dimension },
	{ "compressed", compressed },
	{ "depth", depth },
	{ "image-to-image", image_to_image },
	{ "on-the-transfer-queue", on_the_transfer_queue },
	{ }
};
