// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Fences and binary semaphores.
 */
#include "vkt.h"

#define SIZE 4096

/* A copy that takes a moment, so that there is something to wait for. */
static VkCommandBuffer work(struct vkt *t, struct vkt_queue *queue,
			    const struct vkt_buf *buf, uint32_t value)
{
	VkCommandBuffer cmd = vkt_cmd(t, queue);

	vkCmdFillBuffer(cmd, buf->buf, 0, VK_WHOLE_SIZE, value);
	vkt_end(t, cmd);
	return cmd;
}

static bool all_are(const struct vkt_buf *buf, uint32_t value)
{
	for (VkDeviceSize i = 0; i < buf->size; i += 4) {
		uint32_t got;

		memcpy(&got, buf->cpu + i, 4);
		if (got != value)
			return false;
	}

	return true;
}

static void fence_states(struct vkt *t)
{
	VkFence fence = vkt_fence(t, false), made = vkt_fence(t, true);
	VkDevice dev = t->dev->dev;

	GIVES(t, VK_NOT_READY, vkGetFenceStatus(dev, fence));
	GIVES(t, VK_SUCCESS, vkGetFenceStatus(dev, made));
	GIVES(t, VK_TIMEOUT, vkWaitForFences(dev, 1, &fence, VK_TRUE, 0));
	GIVES(t, VK_TIMEOUT, vkWaitForFences(dev, 1, &fence, VK_TRUE, 20000000));
	VK(t, vkWaitForFences(dev, 1, &made, VK_TRUE, 0));
	VK(t, vkResetFences(dev, 1, &made));
	GIVES(t, VK_NOT_READY, vkGetFenceStatus(dev, made));

	for (unsigned int i = 0; i < 4; i++) {
		VK(t, vkt_submit(vkt_queue(t), NULL, NULL, NULL, fence));
		VK(t, vkWaitForFences(dev, 1, &fence, VK_TRUE, VKT_LONG));
		GIVES(t, VK_SUCCESS, vkGetFenceStatus(dev, fence));
		VK(t, vkResetFences(dev, 1, &fence));
		GIVES(t, VK_NOT_READY, vkGetFenceStatus(dev, fence));
	}
}

/* When a fence is seen, so is all that its submission has written. */
static void fence_comes_after(struct vkt *t)
{
	struct vkt_buf buf = vkt_buf(t, 2 << 20, -1);
	VkFence fence = vkt_fence(t, false);

	for (uint32_t i = 1; i <= 8; i++) {
		VK(t, vkt_submit(vkt_queue(t), work(t, vkt_queue(t), &buf, i),
				 NULL, NULL, fence));
		VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
		if (!all_are(&buf, i))
			FAIL(t, "the fence came before the work was done");
		VK(t, vkResetFences(t->dev->dev, 1, &fence));
	}
}

static void wait_for_any_and_all(struct vkt *t)
{
	VkSemaphore gate = vkt_timeline(t, 0);
	VkFence fences[4];
	VkSemaphoreSubmitInfo wait;
	const VkSemaphoreSignalInfo open = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
		.semaphore = gate,
		.value = 1,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(fences); i++)
		fences[i] = vkt_fence(t, false);
	VK(t, vkt_submit(vkt_queue(t), NULL, NULL, NULL, fences[0]));
	wait = vkt_point(gate, 1);
	for (unsigned int i = 1; i < ARRAY_SIZE(fences); i++)
		VK(t, vkt_submit(vkt_queue(t), NULL, &wait, NULL, fences[i]));

	VK(t, vkWaitForFences(t->dev->dev, ARRAY_SIZE(fences), fences, VK_FALSE,
			      VKT_LONG));
	GIVES(t, VK_TIMEOUT, vkWaitForFences(t->dev->dev, ARRAY_SIZE(fences),
					     fences, VK_TRUE, 30000000));
	GIVES(t, VK_NOT_READY, vkGetFenceStatus(t->dev->dev, fences[3]));
	VK(t, vkSignalSemaphore(t->dev->dev, &open));
	VK(t, vkWaitForFences(t->dev->dev, ARRAY_SIZE(fences), fences, VK_TRUE,
			      VKT_LONG));
}

/* Many at once, waited for in another order. */
static void many_fences(struct vkt *t)
{
	uint32_t count = vkt_options.brief ? 64 : 512;
	VkFence *fences = vkt_bytes(t, count * sizeof(VkFence));
	struct vkt_buf buf = vkt_buf(t, 4 * count, -1);

	for (uint32_t i = 0; i < count; i++) {
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

		vkCmdFillBuffer(cmd, buf.buf, 4 * i, 4, i ^ 0x5555);
		vkt_end(t, cmd);
		fences[i] = vkt_fence(t, false);
		VK(t, vkt_submit(vkt_queue(t), cmd, NULL, NULL, fences[i]));
	}
	for (uint32_t i = count; i-- > 0;) {
		uint32_t got;

		VK(t, vkWaitForFences(t->dev->dev, 1, &fences[i], VK_TRUE, VKT_LONG));
		memcpy(&got, buf.cpu + 4 * i, 4);
		CHECK(t, got == (i ^ 0x5555));
	}
}

/* A row of submissions, each of which waits for the one before it. */
static void semaphore_chain(struct vkt *t)
{
	enum { LINKS = 24 };
	struct vkt_buf buf = vkt_buf(t, (LINKS + 1) * SIZE, -1);
	VkFence fence = vkt_fence(t, false);
	VkSemaphoreSubmitInfo wait, signal;

	vkt_fill(buf.cpu, 3, 0, SIZE);
	for (unsigned int i = 0; i < LINKS; i++) {
		VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

		vkt_copy(cmd, buf.buf, i * SIZE, buf.buf, (i + 1) * SIZE, SIZE);
		vkt_end(t, cmd);
		signal = vkt_point(vkt_semaphore(t), 0);
		VK(t, vkt_submit(vkt_queue(t), cmd, i ? &wait : NULL,
				 i < LINKS - 1 ? &signal : NULL,
				 i < LINKS - 1 ? VK_NULL_HANDLE : fence));
		wait = signal;
	}
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	for (unsigned int i = 0; i <= LINKS; i++)
		vkt_is_fill(t, "a link", buf.cpu + i * SIZE, 3, 0, SIZE);
}

/* The same semaphore, signalled and waited for in turn. */
static void semaphore_again(struct vkt *t)
{
	VkSemaphoreSubmitInfo point = vkt_point(vkt_semaphore(t), 0);
	struct vkt_buf buf = vkt_buf(t, SIZE, -1);
	VkFence fence = vkt_fence(t, false);

	for (uint32_t i = 1; i <= 16; i++) {
		VK(t, vkt_submit(vkt_queue(t), work(t, vkt_queue(t), &buf, i),
				 NULL, &point, VK_NULL_HANDLE));
		VK(t, vkt_submit(vkt_queue(t), NULL, &point, NULL, fence));
		VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
		CHECK(t, all_are(&buf, i));
		VK(t, vkResetFences(t->dev->dev, 1, &fence));
	}
}

/* A bind waits for a job, and the next job for the bind. */
static void bind_between_jobs(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 8, VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT);
	VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
	struct vkt_mem *a = vkt_mem(t, s, 8, local, 1), *b = vkt_mem(t, s, 8, local, 2);
	struct vkt_bind to_b = { 0, 8, b, 0 };
	VkSparseMemoryBind *binds = vkt_binds(t, s, &to_b, 1);
	VkSemaphore before = vkt_semaphore(t), after = vkt_semaphore(t);
	VkSemaphoreSubmitInfo signal = vkt_point(before, 0), wait = vkt_point(after, 0);
	const VkBindSparseInfo info = {
		.waitSemaphoreCount = 1,
		.pWaitSemaphores = &before,
		.signalSemaphoreCount = 1,
		.pSignalSemaphores = &after,
	};
	VkFence fence = vkt_fence(t, false);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));
	uint32_t one = 0x01010101, two = 0x02020202;

	vkt_bind(t, s, VKT_BINDS({ 0, 8, a, 0 }));
	vkCmdFillBuffer(cmd, s->buf, 0, 64, one);
	vkt_end(t, cmd);
	VK(t, vkt_submit(vkt_queue(t), cmd, NULL, &signal, VK_NULL_HANDLE));
	VK(t, vkt_queue_bind(vkt_queue(t), info, s->buf, binds, 1, VK_NULL_HANDLE));
	cmd = vkt_cmd(t, vkt_queue(t));
	vkCmdFillBuffer(cmd, s->buf, 32, 64, two);
	vkt_end(t, cmd);
	VK(t, vkt_submit(vkt_queue(t), cmd, &wait, NULL, fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));

	vkt_model(s, &to_b, 1);
	memset(a->shadow, 1, 64);
	memset(b->shadow + 32, 2, 64);
	vkt_holds(t, a);
	vkt_holds(t, b);
	vkt_shows(t, s);
}

const struct vkt_case vkt_sync_cases[] = {
	{ "fence-states", fence_states },
	{ "fence-comes-after", fence_comes_after },
	{ "any-and-all", wait_for_any_and_all },
	{ "many-fences", many_fences },
	{ "semaphore-chain", semaphore_chain },
	{ "semaphore-again", semaphore_again },
	{ "bind-between-jobs", bind_between_jobs },
	{ }
};
