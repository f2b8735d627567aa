// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Devices come and go.
 */
#include "vkt.h"

#define AT_ONCE 4
#define SIZE 4096

static void create(struct vkt *t)
{
	struct vkt_gpu gpu;
	struct vkt_dev dev;

	vkt_gpu_open(t, &gpu);
	vkt_dev_open(t, &dev, &gpu);
	VK(t, vkDeviceWaitIdle(dev.dev));
	vkt_dev_close(&dev);
	vkt_gpu_close(&gpu);
}

static void again_and_again(struct vkt *t)
{
	unsigned int rounds = vkt_options.brief ? 4 : 32;
	struct vkt_gpu gpu;
	struct vkt_dev dev;

	vkt_gpu_open(t, &gpu);
	for (unsigned int i = 0; i < rounds; i++) {
		vkt_dev_open(t, &dev, &gpu);
		vkt_dev_close(&dev);
	}
	vkt_gpu_close(&gpu);
}

static void fill_it(struct vkt *t, void *arg)
{
	const uint32_t *value = arg;
	struct vkt_buf buf = vkt_buf(t, SIZE, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	memset(buf.cpu, 0, SIZE);
	vkCmdFillBuffer(cmd, buf.buf, 0, SIZE, *value);
	vkt_run(t, vkt_queue(t), cmd);
	for (unsigned int i = 0; i < SIZE / 4; i++)
		CHECK(t, ((uint32_t *)buf.cpu)[i] == *value);
}

/* What one of them does, no other sees: each has an address space of its own. */
static void several(struct vkt *t)
{
	struct vkt_dev devs[AT_ONCE];
	struct vkt parts[AT_ONCE];
	struct vkt_gpu gpu;

	vkt_gpu_open(t, &gpu);
	for (uint32_t i = 0; i < AT_ONCE; i++)
		vkt_dev_open(t, &devs[i], &gpu);
	for (uint32_t i = 0; i < AT_ONCE; i++) {
		uint32_t value = 0x11111111 * (i + 1);

		if (vkt_try(&parts[i], &devs[i], fill_it, &value) != VKT_PASSED)
			FAIL(t, "device %u: %s", i, parts[i].why);
	}
	for (uint32_t i = 0; i < AT_ONCE; i++) {
		vkt_undo_all(&parts[i]);
		vkt_dev_close(&devs[i]);
	}
	vkt_gpu_close(&gpu);
}

/* Work that was submitted runs before the device goes. */
static void empty_submits(struct vkt *t)
{
	struct vkt_gpu gpu;
	struct vkt_dev dev;

	vkt_gpu_open(t, &gpu);
	vkt_dev_open(t, &dev, &gpu);
	for (uint32_t i = 0; i < gpu.num_families; i++) {
		for (uint32_t k = 0; k < dev.num_queues[i]; k++) {
			VK(t, vkt_submit(&dev.queues[i][k], NULL, NULL, NULL,
					 VK_NULL_HANDLE));
			VK(t, vkQueueWaitIdle(dev.queues[i][k].queue));
		}
	}
	VK(t, vkDeviceWaitIdle(dev.dev));
	vkt_dev_close(&dev);
	vkt_gpu_close(&gpu);
}

static void two_fills(struct vkt *t, void *arg)
{
	struct vkt_buf buf = vkt_buf(t, SIZE, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	(void)arg;
	vkCmdFillBuffer(cmd, buf.buf, 0, SIZE, 1);
	vkCmdFillBuffer(cmd, buf.buf, 0, SIZE, 2);
	vkt_run(t, vkt_queue(t), cmd);
}

static void not_aligned(struct vkt *t, void *arg)
{
	(void)arg;
	vkCmdFillBuffer(vkt_cmd(t, vkt_queue(t)), vkt_buf(t, SIZE, -1).buf, 2, 4, 0);
}

/* That the layers say nothing means something: here they have to. */
static void provoke(struct vkt *t, void (*run)(struct vkt *t, void *arg))
{
	unsigned int before;
	struct vkt_gpu gpu;
	struct vkt_dev dev;
	struct vkt part;

	if (!vkt_options.validate)
		SKIP(t, "not under validation layers");
	vkt_gpu_open(t, &gpu);
	vkt_dev_open(t, &dev, &gpu);
	before = vkt_messages();
	vkt_provoke(true);
	if (vkt_try(&part, &dev, run, NULL) != VKT_PASSED)
		FAIL(t, "%s", part.why);
	vkt_undo_all(&part);
	vkt_provoke(false);
	CHECK(t, vkt_provoked(before));
	vkt_dev_close(&dev);
	vkt_gpu_close(&gpu);
}

static void layers_see_errors(struct vkt *t)
{
	provoke(t, not_aligned);
}

/* Two writes with no barrier between them. */
static void layers_see_hazards(struct vkt *t)
{
	provoke(t, two_fills);
}

const struct vkt_case vkt_device_cases[] = {
	{ "create", create },
	{ "empty-submits", empty_submits },
	{ "several", several },
	{ "again-and-again", again_and_again },
	{ "layers-see-errors", layers_see_errors },
	{ "layers-see-hazards", layers_see_hazards },
	{ }
};
