// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Timeline semaphores.
 */
#include <time.h>

#include "vkt.h"

static uint64_t value_of(struct vkt *t, VkSemaphore semaphore)
{
	uint64_t value;

	VK(t, vkGetSemaphoreCounterValue(t->dev->dev, semaphore, &value));
	return value;
}

static void set(struct vkt *t, VkSemaphore semaphore, uint64_t value)
{
	const VkSemaphoreSignalInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
		.semaphore = semaphore,
		.value = value,
	};

	VK(t, vkSignalSemaphore(t->dev->dev, &info));
}

static VkResult wait_for(struct vkt *t, VkSemaphore semaphore, uint64_t value,
			 uint64_t ns)
{
	const VkSemaphoreWaitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
		.semaphoreCount = 1,
		.pSemaphores = &semaphore,
		.pValues = &value,
	};

	return vkWaitSemaphores(t->dev->dev, &info, ns);
}

static void by_the_cpu(struct vkt *t)
{
	VkSemaphore semaphore = vkt_timeline(t, 5);

	CHECK(t, value_of(t, semaphore) == 5);
	VK(t, wait_for(t, semaphore, 5, 0));
	GIVES(t, VK_TIMEOUT, wait_for(t, semaphore, 6, 20000000));
	set(t, semaphore, 6);
	CHECK(t, value_of(t, semaphore) == 6);
	VK(t, wait_for(t, semaphore, 6, 0));
	set(t, semaphore, 1ull << 31);
	VK(t, wait_for(t, semaphore, 1ull << 31, VKT_LONG));
	CHECK(t, value_of(t, semaphore) == 1ull << 31);
}

static void by_the_engine(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 1 << 20, -1);
	VkSemaphore semaphore = vkt_timeline(t, 0);

	for (uint32_t i = 1; i <= 10; i++) {
		VkSemaphoreSubmitInfo signal = vkt_point(semaphore, 10 * i);
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
		uint32_t first, last;

		vkCmdFillBuffer(cmd, buf.buf, 0, VK_WHOLE_SIZE, i);
		vkt_end(t, cmd);
		VK(t, vkt_submit(vkt_queue(t), cmd, NULL, &signal, VK_NULL_HANDLE));
		VK(t, wait_for(t, semaphore, 10 * i, VKT_LONG));
		CHECK(t, value_of(t, semaphore) == 10 * i);
		memcpy(&first, buf.cpu, 4);
		memcpy(&last, buf.cpu + buf.size - 4, 4);
		CHECK(t, first == i && last == i);
	}
}

/* Submitted before what it waits for is there at all. */
static void wait_before_signal(struct vkt *t)
{
	VkSemaphore gate = vkt_timeline(t, 0), done = vkt_timeline(t, 0);
	struct vkt_buf buf = vkt_buf(t, 4096, -1);
	VkSemaphoreSubmitInfo wait, signal;
	uint32_t got;

	memset(buf.cpu, 0, buf.size);
	for (uint32_t i = 1; i <= 4; i++) {
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

		vkCmdFillBuffer(cmd, buf.buf, 4 * i, 4, i);
		vkt_end(t, cmd);
		wait = vkt_point(gate, i);
		signal = vkt_point(done, i);
		VK(t, vkt_submit(vkt_queue(t), cmd, &wait, &signal, VK_NULL_HANDLE));
	}
	for (uint32_t i = 1; i <= 4; i++) {
		GIVES(t, VK_TIMEOUT, wait_for(t, done, i, 20000000));
		memcpy(&got, buf.cpu + 4 * i, 4);
		CHECK(t, got == 0);
		set(t, gate, i);
		VK(t, wait_for(t, done, i, VKT_LONG));
		memcpy(&got, buf.cpu + 4 * i, 4);
		CHECK(t, got == i);
	}
}

/* A bind waits for a point that only comes later, and gives one itself. */
static void bind_waits(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 8, VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT);
	struct vkt_mem *m = vkt_mem(t, s, 8, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 1);
	struct vkt_bind op = { 0, 8, m, 0 };
	VkSparseMemoryBind *binds = vkt_binds(t, s, &op, 1);
	VkSemaphore gate = vkt_timeline(t, 0), done = vkt_timeline(t, 0);
	static const uint64_t in = 3, out = 7;
	const VkTimelineSemaphoreSubmitInfo values = {
		.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
		.waitSemaphoreValueCount = 1,
		.pWaitSemaphoreValues = &in,
		.signalSemaphoreValueCount = 1,
		.pSignalSemaphoreValues = &out,
	};
	const VkBindSparseInfo info = {
		.pNext = &values,
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &gate,
		.signalSemaphoreCount = 1,
		.pSignalSemaphores = &done,
	};

	VK(t, vkt_queue_bind(vkt_queue(t), info, s->buf, binds, 1, VK_NULL_HANDLE));
	GIVES(t, VK_TIMEOUT, wait_for(t, done, out, 30000000));
	set(t, gate, 2);
	GIVES(t, VK_TIMEOUT, wait_for(t, done, out, 30000000));
	set(t, gate, 3);
	VK(t, wait_for(t, done, out, VKT_LONG));
	CHECK(t, value_of(t, done) == 7);
	vkt_model(s, &op, 1);
	vkt_shows(t, s);
}

/* Many points in flight; each is seen once all before it are done. */
static void many_points(struct vkt *t)
{
	uint32_t count = vkt_options.brief ? 100 : 1000;
	VkSemaphore semaphore = vkt_timeline(t, 0);
	struct vkt_buf buf = vkt_buf(t, 4 * (count + 1), -1);
	uint64_t seen = 0;

	memset(buf.cpu, 0, buf.size);
	for (uint32_t i = 1; i <= count; i++) {
		VkSemaphoreSubmitInfo signal = vkt_point(semaphore, i);
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

		vkCmdFillBuffer(cmd, buf.buf, 4 * i, 4, i);
		vkt_end(t, cmd);
		VK(t, vkt_submit(vkt_queue(t), cmd, NULL, &signal, VK_NULL_HANDLE));
	}
	while (seen < count) {
		uint64_t now;

		VK(t, wait_for(t, semaphore, seen + 1, VKT_LONG));
		now = value_of(t, semaphore);
		CHECK(t, now > seen && now <= count);
		for (; seen < now; seen++) {
			uint32_t got;

			memcpy(&got, buf.cpu + 4 * (seen + 1), 4);
			CHECK(t, got == seen + 1);
		}
	}
}

static void any_of_several(struct vkt *t)
{
	VkSemaphore semaphores[3] = {
		vkt_timeline(t, 0), vkt_timeline(t, 0), vkt_timeline(t, 0),
	};
	static const uint64_t values[3] = { 1, 1, 1 };
	VkSemaphoreWaitInfo info = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
		.flags = VK_SEMAPHORE_WAIT_ANY_BIT,
		.semaphoreCount = 3,
		.pSemaphores = semaphores,
		.pValues = values,
	};

	GIVES(t, VK_TIMEOUT, vkWaitSemaphores(t->dev->dev, &info, 20000000));
	set(t, semaphores[1], 1);
	VK(t, vkWaitSemaphores(t->dev->dev, &info, VKT_LONG));
	info.flags = 0;
	GIVES(t, VK_TIMEOUT, vkWaitSemaphores(t->dev->dev, &info, 20000000));
	set(t, semaphores[0], 1);
	set(t, semaphores[2], 1);
	VK(t, vkWaitSemaphores(t->dev->dev, &info, VKT_LONG));
}

/* Another thread gives the point that this one waits for. */
static void between_threads(struct vkt *t, struct vkt_thread *self)
{
	VkSemaphore *line = self->arg;
	struct timespec moment = { .tv_nsec = 20000000 };

	if (self->number) {
		for (uint64_t i = 1; i < 20; i += 2) {
			VK(t, wait_for(t, *line, i, VKT_LONG));
			set(t, *line, i + 1);
		}
		return;
	}
	nanosleep(&moment, NULL);
	for (uint64_t i = 1; i < 20; i += 2) {
		set(t, *line, i);
		VK(t, wait_for(t, *line, i + 1, VKT_LONG));
	}
}

static void ping_pong(struct vkt *t)
{
	VkSemaphore line = vkt_timeline(t, 0);

	vkt_threads(t, 2, between_threads, &line);
	CHECK(t, value_of(t, line) == 20);
}

const struct vkt_case vkt_timeline_cases[] = {
	{ "by-the-cpu", by_the_cpu },
	{ "by-the-engine", by_the_engine },
	{ "wait-before-signal", wait_before_signal },
	{ "bind-waits", bind_waits },
	{ "many-points", many_points },
	{ "any-of-several", any_of_several },
	{ "ping-pong", ping_pong },
	{ }
};
