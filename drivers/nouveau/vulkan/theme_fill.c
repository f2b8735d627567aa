// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Fills and updates of buffers.
 */
#include "vkt.h"

#define VALUE 0x81c3a5f7u

static void fill_words(uint8_t *bytes, VkDeviceSize size, uint32_t value)
{
	for (VkDeviceSize i = 0; i + 4 <= size; i += 4)
		memcpy(bytes + i, &value, 4);
}

static void small(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 256 << 10, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	uint8_t *want = vkt_bytes(t, buf.size);
	VkDeviceSize at = 4;

	vkt_fill(buf.cpu, 1, 0, buf.size);
	memcpy(want, buf.cpu, buf.size);
	for (uint32_t size = 4; at + size <= buf.size; size += 4) {
		vkCmdFillBuffer(cmd, buf.buf, at, size, VALUE + size);
		fill_words(want + at, size, VALUE + size);
		/* With a gap, so that what is too much is seen. */
		at += size + 4 * (1 + size / 4 % 3);
	}
	vkt_run(t, vkt_queue(t), cmd);
	vkt_same(t, "filled", buf.cpu, want, buf.size);
}

/* Around the sizes at which a fill becomes one of several lines. */
static void around_lines(struct vkt *t)
{
	static const uint32_t lines[] = { 4096, 32768, 65536, 131072, 262144, 1 << 20 };

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		struct vkt_buf buf = vkt_buf(t, 4 * lines[i], -1);
		uint8_t *want = vkt_bytes(t, buf.size);
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
		VkDeviceSize at = 4;

		vkt_fill(buf.cpu, i, 0, buf.size);
		memcpy(want, buf.cpu, buf.size);
		for (int d = -4; d <= 4; d += 4) {
			vkCmdFillBuffer(cmd, buf.buf, at, lines[i] + d, VALUE + i);
			fill_words(want + at, lines[i] + d, VALUE + i);
			at += lines[i] + d + 12;
		}
		vkt_run(t, vkt_queue(t), cmd);
		vkt_same(t, "filled", buf.cpu, want, buf.size);
		vkt_buf_free(t, &buf);
		vkt_now(t, VKT_BYTES, VKT_HANDLE(want));
	}
}

/* To the end: what is less than a word there stays. */
static void whole(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 10007, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	uint8_t *want = vkt_bytes(t, buf.size);

	vkt_fill(buf.cpu, 3, 0, buf.size);
	memcpy(want, buf.cpu, buf.size);
	vkCmdFillBuffer(cmd, buf.buf, 1000, VK_WHOLE_SIZE, VALUE);
	fill_words(want + 1000, buf.size - 1000, VALUE);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_same(t, "filled", buf.cpu, want, buf.size);
}

static void large(struct vkt *t)
{
	VkDeviceSize size = vkt_options.brief ? 6 << 20 : 40 << 20;
	struct vkt_buf buf = vkt_buf(t, size, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	vkt_fill(buf.cpu, 1, 0, size);
	vkCmdFillBuffer(cmd, buf.buf, 4, size - 8, VALUE);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_is_fill(t, "before it", buf.cpu, 1, 0, 4);
	vkt_is_fill(t, "behind it", buf.cpu + size - 4, 1, size - 4, 4);
	for (VkDeviceSize i = 4; i < size - 4; i += 4) {
		uint32_t got;

		memcpy(&got, buf.cpu + i, 4);
		if (got != VALUE)
			FAIL(t, "%#x at %#llx", got, (unsigned long long)i);
	}
}

/* The last one wins. */
static void over_each_other(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 65536, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	uint8_t *want = vkt_bytes(t, buf.size);

	for (uint32_t i = 0; i < 128; i++) {
		uint32_t at = 256 * i, size = 65536 - 512 * i + 4;

		if (at + size > buf.size)
			size = buf.size - at;
		vkCmdFillBuffer(cmd, buf.buf, at, size, i);
		fill_words(want + at, size, i);
		vkt_barrier(cmd);
	}
	vkt_run(t, vkt_queue(t), cmd);
	vkt_same(t, "filled", buf.cpu, want, buf.size);
}

static void update(struct vkt *t)
{
	static const uint32_t sizes[] = {
		4, 8, 12, 60, 64, 68, 252, 1024, 4092, 4096, 4100, 16384, 65532, 65536,
	};
	struct vkt_buf buf = vkt_buf(t, 512 << 10, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	uint8_t *want = vkt_bytes(t, buf.size), *data = vkt_bytes(t, 65536);
	VkDeviceSize at = 8;

	vkt_fill(buf.cpu, 1, 0, buf.size);
	memcpy(want, buf.cpu, buf.size);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		vkt_fill(data, 10 + i, 0, sizes[i]);
		vkCmdUpdateBuffer(cmd, buf.buf, at, sizes[i], data);
		memcpy(want + at, data, sizes[i]);
		/* It was taken when it was recorded. */
		memset(data, 0xee, sizes[i]);
		at += sizes[i] + 4 * (1 + i % 3);
	}
	CHECK(t, at <= buf.size);
	vkt_run(t, vkt_queue(t), cmd);
	vkt_same(t, "updated", buf.cpu, want, buf.size);
}

const struct vkt_case vkt_fill_cases[] = {
	{ "small", small },
	{ "around-lines", around_lines },
	{ "whole", whole },
	{ "large", large },
	{ "over-each-other", over_each_other },
	{ "update", update },
	{ }
};
