// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Copies between buffers.
 */
#include "vkt.h"

/* A place for each copy, with room that has to stay as it was. */
#define PLACE 1024
#define ROOM 64

struct copies {
	struct vkt_buf src, dst;
	uint8_t *want;
	VkDeviceSize size;
};

static struct copies begin(struct vkt *t, VkDeviceSize size)
{
	struct copies c = {
		.src = vkt_buf(t, size, -1),
		.dst = vkt_buf(t, size, -1),
		.want = vkt_bytes(t, size),
		.size = size,
	};

	vkt_fill(c.src.cpu, 1, 0, size);
	vkt_fill(c.dst.cpu, 2, 0, size);
	memcpy(c.want, c.dst.cpu, size);
	return c;
}

static void finish(struct vkt *t, struct copies *c)
{
	vkt_same(t, "the destination", c->dst.cpu, c->want, c->size);
	vkt_is_fill(t, "the source", c->src.cpu, 1, 0, c->size);
}

static void copy(struct copies *c, VkCommandBuffer cmd, VkDeviceSize from,
		 VkDeviceSize to, VkDeviceSize size)
{
	vkt_copy(cmd, c->src.buf, from, c->dst.buf, to, size);
	memcpy(c->want + to, c->src.cpu + from, size);
}

/* From each place in a line of memory to each, at sizes around those of lines. */
static void every_alignment(struct vkt *t)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 15, 16, 17, 64, 255, 256, 257 };
	unsigned int step = vkt_options.brief ? 5 : 1, at = 0;
	struct copies c = begin(t, 16 * 16 * ARRAY_SIZE(sizes) * PLACE);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	for (unsigned int from = 0; from < 16; from += step) {
		for (unsigned int to = 0; to < 16; to += step) {
			for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
				VkDeviceSize place = at++ * PLACE + ROOM;

				copy(&c, cmd, place + from, place + to, sizes[i]);
			}
		}
	}
	vkt_run(t, vkt_queue(t), cmd);
	finish(t, &c);
}

/* Over the border of pages, and of what one line of the engine holds. */
static void around_borders(struct vkt *t)
{
	static const uint32_t borders[] = { 4096, 8192, 65536, 131072, 262144, 524288 };
	struct copies c = begin(t, 8 << 20);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	VkDeviceSize at = ROOM;

	for (unsigned int i = 0; i < ARRAY_SIZE(borders); i++) {
		for (int d = -1; d <= 1; d++) {
			copy(&c, cmd, borders[i] + d, at, borders[i] + d);
			at += borders[i] + d + ROOM;
		}
	}
	CHECK(t, at <= c.size);
	vkt_run(t, vkt_queue(t), cmd);
	finish(t, &c);
}

static void many_regions(struct vkt *t)
{
	uint32_t count = vkt_options.brief ? 256 : 4096;
	VkBufferCopy *regions = vkt_bytes(t, count * sizeof(*regions));
	struct copies c = begin(t, count * PLACE);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	for (uint32_t i = 0; i < count; i++) {
		regions[i] = (VkBufferCopy){
			.srcOffset = (count - 1 - i) * PLACE + i % 7,
			.dstOffset = i * PLACE + i % 5,
			.size = 1 + i % (PLACE - 8),
		};
		memcpy(c.want + regions[i].dstOffset,
		       c.src.cpu + regions[i].srcOffset, regions[i].size);
	}
	vkCmdCopyBuffer(cmd, c.src.buf, c.dst.buf, count, regions);
	vkt_run(t, vkt_queue(t), cmd);
	finish(t, &c);
}

/* Each one needs what the one before it has written. */
static void one_after_the_other(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 65 * PLACE, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	vkt_fill(buf.cpu, 4, 0, PLACE);
	memset(buf.cpu + PLACE, 0, 64 * PLACE);
	for (unsigned int i = 0; i < 64; i++) {
		vkt_copy(cmd, buf.buf, i * PLACE, buf.buf, (i + 1) * PLACE, PLACE);
		vkt_barrier(cmd);
	}
	vkt_run(t, vkt_queue(t), cmd);
	for (unsigned int i = 0; i <= 64; i++)
		vkt_is_fill(t, "a link of the chain", buf.cpu + i * PLACE, 4, 0,
			    PLACE);
}

/* A command buffer that is submitted again does the same again. */
static void submitted_again(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 3 * PLACE, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	VkFence fence = vkt_fence(t, false);

	vkt_copy(cmd, buf.buf, 0, buf.buf, PLACE, PLACE);
	vkt_barrier(cmd);
	vkt_copy(cmd, buf.buf, PLACE, buf.buf, 2 * PLACE, PLACE);
	vkt_end(t, cmd);
	for (uint32_t i = 0; i < 8; i++) {
		vkt_fill(buf.cpu, i, 0, PLACE);
		VK(t, vkt_submit(vkt_queue(t), cmd, NULL, NULL, fence));
		VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
		VK(t, vkResetFences(t->dev->dev, 1, &fence));
		vkt_is_fill(t, "first copy", buf.cpu + PLACE, i, 0, PLACE);
		vkt_is_fill(t, "second copy", buf.cpu + 2 * PLACE, i, 0, PLACE);
	}
}

/* Command buffers of one submission run in their order. */
static void several_in_one_submit(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 17 * PLACE, -1);
	VkCommandBufferSubmitInfo cmds[16];
	VkFence fence = vkt_fence(t, false);
	const VkSubmitInfo2 info = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
		.commandBufferInfoCount = ARRAY_SIZE(cmds),
		.pCommandBufferInfos = cmds,
	};

	vkt_fill(buf.cpu, 6, 0, PLACE);
	for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
		cmds[i] = (VkCommandBufferSubmitInfo){
			.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
			.commandBuffer = vkt_cmd(t, vkt_queue(t)),
		};
		vkt_copy(cmds[i].commandBuffer, buf.buf, i * PLACE, buf.buf,
			 (i + 1) * PLACE, PLACE);
		vkt_end(t, cmds[i].commandBuffer);
	}
	VK(t, vkQueueSubmit2(vkt_queue(t)->queue, 1, &info, fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	vkt_is_fill(t, "the last one", buf.cpu + 16 * PLACE, 6, 0, PLACE);
}

static void secondary(struct vkt *t)
{
	struct copies c = begin(t, 4 * PLACE);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t)), second;
	const VkCommandBufferAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = t->pools[vkt_queue(t)->family],
		.level = VK_COMMAND_BUFFER_LEVEL_SECONDARY,
		.commandBufferCount = 1,
	};
	const VkCommandBufferInheritanceInfo inherit = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO,
	};
	const VkCommandBufferBeginInfo begin_info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
		.pInheritanceInfo = &inherit,
	};

	VK(t, vkAllocateCommandBuffers(t->dev->dev, &info, &second));
	VK(t, vkBeginCommandBuffer(second, &begin_info));
	copy(&c, second, 0, PLACE + 3, PLACE);
	VK(t, vkEndCommandBuffer(second));
	vkCmdExecuteCommands(cmd, 1, &second);
	vkt_run(t, vkt_queue(t), cmd);
	finish(t, &c);
}

const struct vkt_case vkt_copy_cases[] = {
	{ "every-alignment", every_alignment },
	{ "around-borders", around_borders },
	{ "many-regions", many_regions },
	{ "one-after-the-other", one_after_the_other },
	{ "submitted-again", submitted_again },
	{ "several-in-one-submit", several_in_one_submit },
	{ "secondary", secondary },
	{ }
};
