// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Images: made, filled from buffers, and compared by way of buffers.
 */
#include "image.h"

static uint32_t level_of(uint32_t size, uint32_t level)
{
	return size >> level ? size >> level : 1;
}

VkExtent3D vkt_image_size(const struct vkt_image *image, uint32_t level)
{
	uint32_t block = image->format.block;

	return (VkExtent3D){
		(level_of(image->extent.width, level) + block - 1) / block,
		(level_of(image->extent.height, level) + block - 1) / block,
		level_of(image->extent.depth, level),
	};
}

struct vkt_box vkt_image_box(const struct vkt_image *image, uint32_t level,
			     uint32_t layer)
{
	VkExtent3D size = vkt_image_size(image, level);

	return (struct vkt_box){
		level, layer, 0, 0, 0, size.width, size.height, size.depth,
	};
}

static size_t layer_bytes(const struct vkt_image *image, uint32_t level)
{
	VkExtent3D size = vkt_image_size(image, level);

	return (size_t)size.width * size.height * size.depth * image->format.bytes;
}

uint8_t *vkt_image_place(const struct vkt_image *image, const struct vkt_box *box,
			 uint32_t y, uint32_t z)
{
	VkExtent3D size = vkt_image_size(image, box->level);
	size_t line = (size_t)(box->z + z) * size.height + box->y + y;

	return image->shadow[box->level] +
	       box->layer * layer_bytes(image, box->level) +
	       (line * size.width + box->x) * image->format.bytes;
}

static bool can_be_had(struct vkt *t, const VkImageCreateInfo *info)
{
	VkImageFormatProperties can;
	VkResult result;

	result = vkGetPhysicalDeviceImageFormatProperties(t->dev->gpu->phys,
							  info->format,
							  info->imageType,
							  info->tiling, info->usage,
							  info->flags, &can);
	if (result == VK_ERROR_FORMAT_NOT_SUPPORTED)
		return false;

	VK(t, result);
	return info->extent.width <= can.maxExtent.width &&
	       info->extent.height <= can.maxExtent.height &&
	       info->extent.depth <= can.maxExtent.depth &&
	       info->mipLevels <= can.maxMipLevels &&
	       info->arrayLayers <= can.maxArrayLayers;
}

struct vkt_image *vkt_image_bare(struct vkt *t, struct vkt_format format,
				 VkImageType type, VkExtent3D extent,
				 uint32_t levels, uint32_t layers,
				 VkImageTiling tiling, VkImageCreateFlags flags)
{
	static const uint32_t families[VKT_FAMILIES] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	uint32_t count = t->dev->gpu->num_families;
	struct vkt_image *image = vkt_bytes(t, sizeof(*image));
	const VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.flags = flags,
		.imageType = type,
		.format = format.format,
		.extent = extent,
		.mipLevels = levels,
		.arrayLayers = layers,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = tiling,
		.usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT |
			 VK_IMAGE_USAGE_TRANSFER_DST_BIT,
		.sharingMode = count > 1 ? VK_SHARING_MODE_CONCURRENT :
					   VK_SHARING_MODE_EXCLUSIVE,
		.queueFamilyIndexCount = count > 1 ? count : 0,
		.pQueueFamilyIndices = families,
		.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
	};

	if (!can_be_had(t, &info))
		SKIP(t, "this GPU has no such image: %s", format.name);
	CHECK(t, levels <= VKT_LEVELS);
	VK(t, vkCreateImage(t->dev->dev, &info, NULL, &image->image));
	vkt_later(t, VKT_IMAGE, VKT_HANDLE(image->image));
	image->format = format;
	image->extent = extent;
	image->levels = levels;
	image->layers = layers;
	for (uint32_t i = 0; i < levels; i++)
		image->shadow[i] = vkt_bytes(t, layers * layer_bytes(image, i));
	return image;
}

void vkt_image_general(struct vkt *t, struct vkt_image *image)
{
	const VkImageMemoryBarrier2 to_general = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
		.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
		.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT |
				 VK_ACCESS_2_MEMORY_WRITE_BIT,
		.oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
		.newLayout = VK_IMAGE_LAYOUT_GENERAL,
		.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.image = image->image,
		.subresourceRange = {
			image->format.aspect, 0, image->levels, 0, image->layers,
		},
	};
	const VkDependencyInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
		.imageMemoryBarrierCount = 1,
		.pImageMemoryBarriers = &to_general,
	};
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	vkCmdPipelineBarrier2(cmd, &info);
	vkt_run(t, vkt_queue(t), cmd);
}

struct vkt_image *vkt_image(struct vkt *t, struct vkt_format format,
			    VkImageType type, VkExtent3D extent, uint32_t levels,
			    uint32_t layers, VkImageTiling tiling)
{
	struct vkt_image *image = vkt_image_bare(t, format, type, extent, levels,
						 layers, tiling, 0);
	VkMemoryRequirements needs;
	int mem_type;

	vkGetImageMemoryRequirements(t->dev->dev, image->image, &needs);
	mem_type = vkt_type(t, needs.memoryTypeBits,
			    VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
	if (mem_type < 0)
		mem_type = vkt_type(t, needs.memoryTypeBits, 0);
	CHECK(t, mem_type >= 0);
	VK(t, vkBindImageMemory(t->dev->dev, image->image,
				vkt_memory(t, needs.size, mem_type), 0));
	vkt_image_general(t, image);
	return image;
}

/* @pitch and @offset are those of the buffer, in blocks and bytes. */
static VkBufferImageCopy region(const struct vkt_image *image,
				const struct vkt_box *box, uint32_t pitch,
				VkDeviceSize offset)
{
	uint32_t block = image->format.block;
	uint32_t w = level_of(image->extent.width, box->level);
	uint32_t h = level_of(image->extent.height, box->level);
	uint32_t x1 = (box->x + box->w) * block, y1 = (box->y + box->h) * block;

	return (VkBufferImageCopy){
		.bufferOffset = offset,
		.bufferRowLength = pitch * block,
		.imageSubresource = {
			image->format.aspect, box->level, box->layer, 1,
		},
		.imageOffset = { box->x * block, box->y * block, box->z },
		/* The last block may be cut by the edge. */
		.imageExtent = {
			(x1 < w ? x1 : w) - box->x * block,
			(y1 < h ? y1 : h) - box->y * block,
			box->d,
		},
	};
}

void vkt_image_put(struct vkt *t, struct vkt_queue *queue, struct vkt_image *image,
		   struct vkt_box box, uint32_t pitch, uint32_t seed)
{
	uint32_t bytes = image->format.bytes, stride = (pitch ? pitch : box.w) * bytes;
	struct vkt_buf buf = vkt_buf(t, (size_t)stride * box.h * box.d, -1);
	VkCommandBuffer cmd = vkt_cmd(t, queue);
	VkBufferImageCopy copy = region(image, &box, pitch, 0);

	vkt_fill(buf.cpu, seed, 0, buf.size);
	for (uint32_t z = 0; z < box.d; z++) {
		for (uint32_t y = 0; y < box.h; y++)
			memcpy(vkt_image_place(image, &box, y, z),
			       buf.cpu + (size_t)stride * (z * box.h + y),
			       box.w * bytes);
	}
	vkCmdCopyBufferToImage(cmd, buf.buf, image->image, VK_IMAGE_LAYOUT_GENERAL,
			       1, &copy);
	vkt_run(t, queue, cmd);
	vkt_buf_free(t, &buf);
}

void vkt_image_fill(struct vkt *t, struct vkt_image *image, uint32_t seed)
{
	for (uint32_t level = 0; level < image->levels; level++) {
		for (uint32_t layer = 0; layer < image->layers; layer++)
			vkt_image_put(t, vkt_queue(t), image,
				      vkt_image_box(image, level, layer), 0,
				      seed + 100 * level + layer);
	}
}

/* Where it starts has to suit each format: blocks have 1 to 16 bytes. */
static size_t aligned(size_t offset)
{
	return (offset + 15) / 16 * 16;
}

void vkt_image_shows(struct vkt *t, struct vkt_queue *queue,
		     const struct vkt_image *image)
{
	size_t size = 0, at = 0;
	VkCommandBuffer cmd = vkt_cmd(t, queue);
	struct vkt_buf buf;
	char what[80];

	for (uint32_t i = 0; i < image->levels; i++)
		size += image->layers * aligned(layer_bytes(image, i));
	buf = vkt_buf(t, size, -1);
	memset(buf.cpu, 0x5a, size);
	for (uint32_t level = 0; level < image->levels; level++) {
		for (uint32_t layer = 0; layer < image->layers; layer++) {
			struct vkt_box box = vkt_image_box(image, level, layer);
			VkBufferImageCopy copy = region(image, &box, 0, at);

			vkCmdCopyImageToBuffer(cmd, image->image,
					       VK_IMAGE_LAYOUT_GENERAL, buf.buf,
					       1, &copy);
			at += aligned(layer_bytes(image, level));
		}
	}
	vkt_run(t, queue, cmd);

	at = 0;
	for (uint32_t level = 0; level < image->levels; level++) {
		size_t bytes = layer_bytes(image, level);

		for (uint32_t layer = 0; layer < image->layers; layer++) {
			snprintf(what, sizeof(what), "%s, level %u, layer %u",
				 image->format.name, level, layer);
			vkt_same(t, what, buf.cpu + at,
				 image->shadow[level] + layer * bytes, bytes);
			at += aligned(bytes);
		}
	}
	vkt_buf_free(t, &buf);
}
