// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the GPU cannot do ends in an error and never in wrong data: the device is
 * lost, another one is not, and the next one works. Where there are shader cores
 * all but the last of these have to work.
 */
#include "image.h"
#include "shader.h"

#define SIDE 64

/**
 * struct victim - a device that may be lost, beside one that may not
 */
struct victim {
	struct vkt_gpu gpu;
	struct vkt_dev dev, other;
	void (*record)(struct vkt *t, VkCommandBuffer cmd, struct victim *v);
	/** @right: whether what was recorded has had its effect, and no other */
	void (*right)(struct vkt *t, struct victim *v);
	struct vkt_buf buf;
	struct vkt_image *image, *image2;
	/** @lost: whether the device was */
	bool lost;
};

static void usual_work(struct vkt *t, void *arg)
{
	struct vkt_buf a = vkt_buf(t, 10000, -1), b = vkt_buf(t, 10000, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	(void)arg;
	vkt_fill(a.cpu, 1, 0, a.size);
	vkt_copy(cmd, a.buf, 0, b.buf, 0, a.size);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_is_fill(t, "usual work", b.cpu, 1, 0, b.size);
}

/* Submits it, and tells whether the device was lost by it. */
static bool loses(struct vkt *t, VkCommandBuffer cmd)
{
	VkFence fence = vkt_fence(t, false);
	VkResult result;

	vkt_end(t, cmd);
	result = vkt_submit(vkt_queue(t), cmd, NULL, NULL, fence);
	if (result == VK_SUCCESS)
		result = vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG);
	if (result == VK_SUCCESS)
		result = vkQueueWaitIdle(vkt_queue(t)->queue);
	if (result == VK_SUCCESS)
		return false;

	GIVES(t, VK_ERROR_DEVICE_LOST, result);
	/* And it stays so. */
	GIVES(t, VK_ERROR_DEVICE_LOST,
	      vkt_submit(vkt_queue(t), NULL, NULL, NULL, VK_NULL_HANDLE));
	return true;
}

static void body(struct vkt *t, void *arg)
{
	struct victim *v = arg;
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	v->buf = vkt_buf(t, 4 * SIDE * SIDE, -1);
	vkt_fill(v->buf.cpu, 1, 0, v->buf.size);
	v->record(t, cmd, v);
	v->lost = loses(t, cmd);
	if (!v->lost)
		v->right(t, v);
}

static void part(struct vkt *t, struct vkt_dev *dev,
		 void (*run)(struct vkt *t, void *arg), void *arg)
{
	struct vkt one;

	vkt_try(&one, dev, run, arg);
	vkt_undo_all(&one);
	if (one.result == VKT_FAILED)
		FAIL(t, "%s", one.why);
	if (one.result == VKT_SKIPPED)
		SKIP(t, "%s", one.why);
}

static void victim(struct vkt *t, struct victim *v, bool has_to_work)
{
	vkt_gpu_open(t, &v->gpu);
	vkt_dev_open(t, &v->dev, &v->gpu);
	vkt_dev_open(t, &v->other, &v->gpu);
	part(t, &v->other, usual_work, NULL);
	part(t, &v->dev, body, v);
	if (v->lost == has_to_work)
		FAIL(t, "the device %s lost", v->lost ? "was" : "was not");
	part(t, &v->other, usual_work, NULL);
	vkt_dev_close(&v->dev);
	vkt_dev_open(t, &v->dev, &v->gpu);
	part(t, &v->dev, usual_work, NULL);
	vkt_dev_close(&v->dev);
	vkt_dev_close(&v->other);
	vkt_gpu_close(&v->gpu);
}

static void record_dispatch(struct vkt *t, VkCommandBuffer cmd, struct victim *v)
{
	vkt_dispatch(t, cmd, v->buf.buf);
}

static void right_dispatch(struct vkt *t, struct victim *v)
{
	uint32_t got;

	memcpy(&got, v->buf.cpu, 4);
	CHECK(t, got == VKT_SHADER_STORES);
	vkt_is_fill(t, "the rest", v->buf.cpu + 4, 1, 4, v->buf.size - 4);
}

static void dispatch(struct vkt *t)
{
	static struct victim v = { .record = record_dispatch, .right = right_dispatch };

	victim(t, &v, vkt_options.shaders);
}

static struct vkt_image *image(struct vkt *t)
{
	static const struct vkt_format format = {
		VK_FORMAT_R8G8B8A8_UNORM, "R8G8B8A8_UNORM", 4, 1,
		VK_IMAGE_ASPECT_COLOR_BIT,
	};

	return vkt_image(t, format, VK_IMAGE_TYPE_2D, (VkExtent3D){ SIDE, SIDE, 1 },
			 1, 1, VK_IMAGE_TILING_OPTIMAL);
}

static void record_clear(struct vkt *t, VkCommandBuffer cmd, struct victim *v)
{
	static const VkClearColorValue value = { .float32 = { 1, 0, 1, 0 } };
	static const VkImageSubresourceRange range = {
		VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1,
	};

	v->image = image(t);
	vkCmdClearColorImage(cmd, v->image->image, VK_IMAGE_LAYOUT_GENERAL, &value,
			     1, &range);
}

static void right_clear(struct vkt *t, struct victim *v)
{
	for (unsigned int i = 0; i < 4 * SIDE * SIDE; i++)
		v->image->shadow[0][i] = i % 2 ? 0 : 255;
	vkt_image_shows(t, vkt_queue(t), v->image);
}

static void clear_image(struct vkt *t)
{
	static struct victim v = { .record = record_clear, .right = right_clear };

	victim(t, &v, vkt_options.shaders);
}

static void record_blit(struct vkt *t, VkCommandBuffer cmd, struct victim *v)
{
	const VkImageBlit region = {
		.srcSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
		.srcOffsets = { { 0, 0, 0 }, { SIDE, SIDE, 1 } },
		.dstSubresource = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1 },
		/* The other way round, from left to right. */
		.dstOffsets = { { SIDE, 0, 0 }, { 0, SIDE, 1 } },
	};

	v->image = image(t);
	v->image2 = image(t);
	vkt_image_fill(t, v->image, 1);
	vkt_image_fill(t, v->image2, 2);
	vkCmdBlitImage(cmd, v->image->image, VK_IMAGE_LAYOUT_GENERAL,
		       v->image2->image, VK_IMAGE_LAYOUT_GENERAL, 1, &region,
		       VK_FILTER_NEAREST);
}

static void right_blit(struct vkt *t, struct victim *v)
{
	for (uint32_t y = 0; y < SIDE; y++) {
		for (uint32_t x = 0; x < SIDE; x++) {
			struct vkt_box from = { .x = x }, to = { .x = SIDE - 1 - x };

			memcpy(vkt_image_place(v->image2, &to, y, 0),
			       vkt_image_place(v->image, &from, y, 0), 4);
		}
	}
	vkt_image_shows(t, vkt_queue(t), v->image2);
}

static void blit(struct vkt *t)
{
	static struct victim v = { .record = record_blit, .right = right_blit };

	victim(t, &v, vkt_options.shaders);
}

/* A place of a buffer where nothing is bound, and that may not read zero. */
static void record_unbound(struct vkt *t, VkCommandBuffer cmd, struct victim *v)
{
	struct vkt_sparse *s = vkt_sparse(t, 16, 0);

	vkt_copy(cmd, s->buf, 4 * s->unit, v->buf.buf, 0, s->unit);
}

static void right_unbound(struct vkt *t, struct victim *v)
{
	/* Whatever it reads, no more than this may have been written. */
	vkt_is_fill(t, "the rest", v->buf.cpu + 4096, 1, 4096, v->buf.size - 4096);
}

static void unbound(struct vkt *t)
{
	static struct victim v = { .record = record_unbound, .right = right_unbound };

	/* To the layers it is an error of ours, which it is. */
	if (vkt_options.validate)
		SKIP(t, "not under validation layers: it is wrong on purpose");
	victim(t, &v, vkt_options.driver != VK_DRIVER_ID_MESA_NVK);
}

const struct vkt_case vkt_lost_cases[] = {
	{ "dispatch", dispatch },
	{ "clear-image", clear_image },
	{ "blit", blit },
	{ "unbound", unbound },
	{ }
};
