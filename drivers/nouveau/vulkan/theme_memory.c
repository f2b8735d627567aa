// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Memory of each type, as the engine and the CPU see it.
 */
#include "vkt.h"

#define SIZE 300000

static bool is_for_buffers(struct vkt *t, uint32_t type)
{
	VkMemoryRequirements needs;
	VkBuffer probe = vkt_buffer(t, SIZE, 0);

	vkGetBufferMemoryRequirements(t->dev->dev, probe, &needs);
	vkt_now(t, VKT_BUFFER, VKT_HANDLE(probe));
	return needs.memoryTypeBits & 1u << type;
}

/* In by the engine, out by the engine; and by the CPU where that can see it. */
static void each_type(struct vkt *t)
{
	uint8_t *data = vkt_bytes(t, SIZE), *got = vkt_bytes(t, SIZE);

	for (uint32_t i = 0; i < t->dev->gpu->memory.memoryTypeCount; i++) {
		struct vkt_buf buf;

		if (!is_for_buffers(t, i))
			continue;

		buf = vkt_buf(t, SIZE, i);
		vkt_fill(data, i, 0, SIZE);
		vkt_put(t, buf.buf, 0, data, SIZE);
		vkt_get(t, buf.buf, 0, got, SIZE);
		vkt_same(t, "as the engine sees it", got, data, SIZE);
		if (!buf.cpu)
			continue;

		vkt_same(t, "as the CPU sees it", buf.cpu, data, SIZE);
		vkt_fill(buf.cpu, 100 + i, 0, SIZE);
		vkt_get(t, buf.buf, 0, got, SIZE);
		vkt_is_fill(t, "from the CPU", got, 100 + i, 0, SIZE);
	}
}

static void mapped_in_part(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, SIZE, -1);
	uint8_t *got = vkt_bytes(t, SIZE);
	void *cpu;

	vkt_fill(buf.cpu, 1, 0, SIZE);
	vkUnmapMemory(t->dev->dev, buf.mem);
	VK(t, vkMapMemory(t->dev->dev, buf.mem, 65536, 4096, 0, &cpu));
	vkt_is_fill(t, "the piece", cpu, 1, 65536, 4096);
	vkt_fill(cpu, 2, 65536, 4096);
	vkt_get(t, buf.buf, 0, got, SIZE);
	vkt_is_fill(t, "before it", got, 1, 0, 65536);
	vkt_is_fill(t, "the piece", got + 65536, 2, 65536, 4096);
	vkt_is_fill(t, "behind it", got + 69632, 1, 69632, SIZE - 69632);
}

/* Two buffers over one memory, and one that does not begin at its start. */
static void buffers_in_one(struct vkt *t)
{
	struct vkt_buf whole = vkt_buf(t, 4 * 65536, -1);
	VkBuffer part = vkt_buffer(t, 65536, 0);
	uint8_t *got = vkt_bytes(t, 65536);
	VkMemoryRequirements needs;

	vkGetBufferMemoryRequirements(t->dev->dev, part, &needs);
	CHECK(t, 65536 % needs.alignment == 0);
	VK(t, vkBindBufferMemory(t->dev->dev, part, whole.mem, 2 * 65536));
	vkt_fill(whole.cpu, 3, 0, whole.size);
	vkt_get(t, part, 0, got, 65536);
	vkt_is_fill(t, "the third piece", got, 3, 2 * 65536, 65536);
}

/* None of them is that of another one, and what is freed is taken again. */
static void many(struct vkt *t)
{
	uint32_t count = vkt_options.brief ? 64 : 512;
	struct vkt_buf *bufs = vkt_bytes(t, count * sizeof(*bufs));

	for (unsigned int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < count; i++) {
			if (bufs[i].buf)
				continue;
			bufs[i] = vkt_buf(t, 4096 * (1 + i % 5), -1);
			vkt_fill(bufs[i].cpu, i, round, bufs[i].size);
		}
		for (uint32_t i = 0; i < count; i++) {
			uint8_t *got = bufs[i].cpu;

			/* Every other one is as old as the first round. */
			vkt_is_fill(t, "one of many", got, i,
				    i % 2 ? 0 : round, bufs[i].size);
			if (i % 2 == 0)
				vkt_buf_free(t, &bufs[i]);
		}
	}
}

static void large(struct vkt *t)
{
	VkDeviceSize size = vkt_options.brief ? 8 << 20 : 48 << 20;
	int local = vkt_type(t, ~0u, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
	struct vkt_buf a = vkt_buf(t, size, -1), b = vkt_buf(t, size, local);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	vkt_fill(a.cpu, 9, 0, size);
	vkt_copy(cmd, a.buf, 0, b.buf, 0, size);
	vkt_run(t, vkt_queue(t), cmd);
	memset(a.cpu, 0, size);
	cmd = vkt_cmd(t, vkt_queue(t));
	vkt_copy(cmd, b.buf, 0, a.buf, 0, size);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_is_fill(t, "there and back", a.cpu, 9, 0, size);
}

const struct vkt_case vkt_memory_cases[] = {
	{ "each-type", each_type },
	{ "mapped-in-part", mapped_in_part },
	{ "buffers-in-one", buffers_in_one },
	{ "many", many },
	{ "large", large },
	{ }
};
