// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse images: tiles of an image, bound one by one.
 */
#include "image.h"

#define COLOR VK_IMAGE_ASPECT_COLOR_BIT
#define SIDE 512
#define TILES 16

/**
 * struct texture - a sparse image, and which of its tiles are bound
 */
struct texture {
	struct vkt_image *image;
	VkSparseImageMemoryRequirements tiles;
	VkMemoryRequirements needs;
	/** @across: tiles of level 0, each way */
	uint32_t across, down;
	bool bound[TILES][TILES];
	VkDeviceMemory mem;
	/** @used: bytes of @mem that are bound to something */
	VkDeviceSize used;
};

static void begin(struct vkt *t, struct texture *x, uint32_t levels)
{
	static const struct vkt_format format = {
		VK_FORMAT_R8G8B8A8_UNORM, "R8G8B8A8_UNORM", 4, 1, COLOR,
	};
	const VkImageCreateFlags flags = VK_IMAGE_CREATE_SPARSE_BINDING_BIT |
					 VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT;
	uint32_t count = 1;
	int type;

	vkt_need_sparse(t);
	if (!t->dev->gpu->features.sparseResidencyImage2D)
		SKIP(t, "this GPU has no sparse images");
	if (!t->dev->gpu->props.sparseProperties.residencyNonResidentStrict)
		SKIP(t, "what is not bound may read anything on this GPU");
	memset(x, 0, sizeof(*x));
	x->image = vkt_image_bare(t, format, VK_IMAGE_TYPE_2D,
				  (VkExtent3D){ SIDE, SIDE, 1 }, levels, 1,
				  VK_IMAGE_TILING_OPTIMAL, flags);
	vkGetImageMemoryRequirements(t->dev->dev, x->image->image, &x->needs);
	vkGetImageSparseMemoryRequirements(t->dev->dev, x->image->image, &count,
					   &x->tiles);
	CHECK(t, count == 1);
	x->across = SIDE / x->tiles.formatProperties.imageGranularity.width;
	x->down = SIDE / x->tiles.formatProperties.imageGranularity.height;
	CHECK(t, x->across && x->across <= TILES && x->down && x->down <= TILES);
	type = vkt_type(t, x->needs.memoryTypeBits,
			VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
	CHECK(t, type >= 0);
	x->mem = vkt_memory(t, 2 * x->needs.size, type);
}

static VkDeviceSize take(struct vkt *t, struct texture *x, VkDeviceSize size)
{
	VkDeviceSize at = x->used;

	x->used += (size + x->needs.alignment - 1) / x->needs.alignment *
		   x->needs.alignment;
	CHECK(t, x->used <= 2 * x->needs.size);
	return at;
}

static void bind(struct vkt *t, VkBindSparseInfo info)
{
	VkFence fence = vkt_fence(t, false);

	info.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO;
	VK(t, vkQueueBindSparse(vkt_queue(t)->queue, 1, &info, fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
}

/* Binds or unbinds one tile of level 0. */
static void bind_tile(struct vkt *t, struct texture *x, uint32_t column,
		      uint32_t row, bool bound)
{
	VkExtent3D tile = x->tiles.formatProperties.imageGranularity;
	const VkSparseImageMemoryBind op = {
		.subresource = { COLOR, 0, 0 },
		.offset = { column * tile.width, row * tile.height, 0 },
		.extent = tile,
		.memory = bound ? x->mem : VK_NULL_HANDLE,
		.memoryOffset = bound ? take(t, x, x->needs.alignment) : 0,
	};
	const VkSparseImageMemoryBindInfo image = { x->image->image, 1, &op };

	bind(t, (VkBindSparseInfo){ .imageBindCount = 1, .pImageBinds = &image });
	x->bound[row][column] = bound;
}

/* What is in no tile that is bound reads zero. */
static void forget_holes(struct texture *x)
{
	VkExtent3D tile = x->tiles.formatProperties.imageGranularity;

	for (uint32_t y = 0; y < SIDE; y++) {
		for (uint32_t column = 0; column < x->across; column++) {
			struct vkt_box box = { .x = column * tile.width };

			if (!x->bound[y / tile.height][column])
				memset(vkt_image_place(x->image, &box, y, 0), 0,
				       tile.width * x->image->format.bytes);
		}
	}
}

static void tiles(struct vkt *t)
{
	struct vkt_queue *queue = vkt_queue(t);
	struct texture x;

	begin(t, &x, 1);
	vkt_image_general(t, x.image);
	vkt_image_shows(t, queue, x.image);
	for (uint32_t row = 0; row < x.down; row++) {
		for (uint32_t column = row % 2; column < x.across; column += 2)
			bind_tile(t, &x, column, row, true);
	}
	vkt_image_put(t, queue, x.image, vkt_image_box(x.image, 0, 0), 0, 1);
	forget_holes(&x);
	vkt_image_shows(t, queue, x.image);

	bind_tile(t, &x, 0, 0, false);
	bind_tile(t, &x, 1, 1, false);
	forget_holes(&x);
	vkt_image_shows(t, queue, x.image);
	bind_tile(t, &x, x.across - 1, 0, true);
	vkt_image_put(t, queue, x.image, vkt_image_box(x.image, 0, 0), 0, 2);
	forget_holes(&x);
	vkt_image_shows(t, queue, x.image);
}

/* All of it: level by level, and the tail of small ones as one piece. */
static void all_levels(struct vkt *t)
{
	const VkSparseImageMemoryRequirements *tiles;
	VkSparseImageMemoryBindInfo image;
	VkSparseImageOpaqueMemoryBindInfo opaque;
	VkSparseImageMemoryBind ops[VKT_LEVELS];
	VkSparseMemoryBind tail;
	struct texture x;
	uint32_t count;

	begin(t, &x, 6);
	tiles = &x.tiles;
	/* NVK's way to say which resource is meant; it is the driver's to choose. */
	if (vkt_options.validate && tiles->imageMipTailOffset >= x.needs.size)
		SKIP(t, "the layers take an offset of the tail for one in the image");
	count = tiles->imageMipTailFirstLod < 6 ? tiles->imageMipTailFirstLod : 6;
	for (uint32_t i = 0; i < count; i++) {
		VkExtent3D size = vkt_image_size(x.image, i);
		VkExtent3D tile = tiles->formatProperties.imageGranularity;
		uint32_t n = ((size.width + tile.width - 1) / tile.width) *
			     ((size.height + tile.height - 1) / tile.height);

		ops[i] = (VkSparseImageMemoryBind){
			.subresource = { COLOR, i, 0 },
			.extent = size,
			.memory = x.mem,
			.memoryOffset = take(t, &x, n * x.needs.alignment),
		};
	}
	image = (VkSparseImageMemoryBindInfo){ x.image->image, count, ops };
	tail = (VkSparseMemoryBind){
		tiles->imageMipTailOffset, tiles->imageMipTailSize, x.mem,
		take(t, &x, tiles->imageMipTailSize),
	};
	opaque = (VkSparseImageOpaqueMemoryBindInfo){ x.image->image, 1, &tail };
	bind(t, (VkBindSparseInfo){
		.imageOpaqueBindCount = count < 6,
		.pImageOpaqueBinds = &opaque,
		.imageBindCount = !!count,
		.pImageBinds = &image,
	});
	vkt_image_general(t, x.image);
	vkt_image_fill(t, x.image, 5);
	vkt_image_shows(t, vkt_queue(t), x.image);
}

const struct vkt_case vkt_texture_cases[] = {
	{ "tiles", tiles },
	{ "all-levels", all_levels },
	{ }
};
