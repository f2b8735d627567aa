// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The queue that only copies, all queues at once, and threads.
 */
#include "vkt.h"

#define RESIDENCY VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT
#define LOCAL VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define THREADS 4

static void copies(struct vkt *t, struct vkt_queue *queue, uint32_t seed)
{
	struct vkt_buf a = vkt_buf(t, 100000, -1), b = vkt_buf(t, 100000, -1);
	uint8_t *want = vkt_bytes(t, b.size);
	static const uint32_t words[] = { 0xa1a2a3a4, 0xb1b2b3b4 };
	VkCommandBuffer cmd = vkt_cmd(t, queue);

	vkt_fill(a.cpu, seed, 0, a.size);
	vkt_fill(b.cpu, seed + 1, 0, b.size);
	memcpy(want, b.cpu, b.size);
	vkt_copy(cmd, a.buf, 1, b.buf, 3, 99000);
	memcpy(want + 3, a.cpu + 1, 99000);
	vkt_barrier(cmd);
	vkCmdFillBuffer(cmd, b.buf, 5000, 4000, 0x42424242);
	memset(want + 5000, 0x42, 4000);
	vkt_barrier(cmd);
	vkCmdUpdateBuffer(cmd, b.buf, 7000, sizeof(words), words);
	memcpy(want + 7000, words, sizeof(words));
	vkt_run(t, queue, cmd);
	vkt_same(t, "copied", b.cpu, want, b.size);
	vkt_buf_free(t, &a);
	vkt_buf_free(t, &b);
}

static void universal(struct vkt *t)
{
	copies(t, vkt_queue(t), 1);
}

static void universal_part(struct vkt *t, void *arg)
{
	(void)arg;
	universal(t);
}

static void transfer_only(struct vkt *t)
{
	struct vkt_queue *queue = vkt_transfer_queue(t);

	for (uint32_t i = 0; i < 4; i++)
		copies(t, queue, 10 * i);
}

/* To and fro between the two, by semaphores. */
static void one_to_the_other(struct vkt *t)
{
	enum { STEPS = 12, SIZE = 20000 };
	struct vkt_queue *queues[2] = { vkt_queue(t), vkt_transfer_queue(t) };
	struct vkt_buf buf = vkt_buf(t, (STEPS + 1) * SIZE, -1);
	VkSemaphoreSubmitInfo wait, signal;
	VkFence fence = vkt_fence(t, false);

	vkt_fill(buf.cpu, 2, 0, SIZE);
	for (unsigned int i = 0; i < STEPS; i++) {
		VkCommandBuffer cmd = vkt_cmd(t, queues[i % 2]);

		vkt_copy(cmd, buf.buf, i * SIZE, buf.buf, (i + 1) * SIZE, SIZE);
		vkt_end(t, cmd);
		signal = vkt_point(vkt_semaphore(t), 0);
		VK(t, vkt_submit(queues[i % 2], cmd, i ? &wait : NULL,
				 i < STEPS - 1 ? &signal : NULL,
				 i < STEPS - 1 ? VK_NULL_HANDLE : fence));
		wait = signal;
	}
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	for (unsigned int i = 0; i <= STEPS; i++)
		vkt_is_fill(t, "a step", buf.cpu + i * SIZE, 2, 0, SIZE);
}

/* A queue that stands still holds up no other. */
static void independent(struct vkt *t)
{
	struct vkt_queue *other = vkt_transfer_queue(t);
	VkSemaphore gate = vkt_timeline(t, 0);
	VkSemaphoreSubmitInfo wait = vkt_point(gate, 1);
	const VkSemaphoreSignalInfo open = {
		.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
		.semaphore = gate,
		.value = 1,
	};
	VkFence fence = vkt_fence(t, false);

	VK(t, vkt_submit(vkt_queue(t), NULL, &wait, NULL, fence));
	copies(t, other, 3);
	GIVES(t, VK_NOT_READY, vkGetFenceStatus(t->dev->dev, fence));
	VK(t, vkSignalSemaphore(t->dev->dev, &open));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
}

/* Each family that says it can bind, binds. */
static void bind_on_each(struct vkt *t)
{
	const struct vkt_gpu *gpu = t->dev->gpu;

	for (uint32_t i = 0; i < gpu->num_families; i++) {
		struct vkt_sparse *s;
		struct vkt_mem *m;
		struct vkt_bind op;
		VkFence fence;

		if (!(gpu->families[i].queueFlags & VK_QUEUE_SPARSE_BINDING_BIT))
			continue;

		s = vkt_sparse(t, 16, RESIDENCY);
		m = vkt_mem(t, s, 16, LOCAL, i);
		op = (struct vkt_bind){ 3, 9, m, 5 };
		fence = vkt_fence(t, false);
		VK(t, vkt_queue_bind(&t->dev->queues[i][0], (VkBindSparseInfo){ 0 },
				     s->buf, vkt_binds(t, s, &op, 1), 1, fence));
		VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
		vkt_model(s, &op, 1);
		vkt_shows(t, s);
	}
}

static void busy_thread(struct vkt *t, struct vkt_thread *self)
{
	unsigned int rounds = vkt_options.brief ? 3 : 20;
	const struct vkt_gpu *gpu = t->dev->gpu;
	uint32_t family = self->number % gpu->num_families;

	if (!(gpu->families[family].queueFlags & (VK_QUEUE_TRANSFER_BIT |
						  VK_QUEUE_GRAPHICS_BIT |
						  VK_QUEUE_COMPUTE_BIT)))
		family = gpu->universal;
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t n = t->dev->num_queues[family];

		copies(t, &t->dev->queues[family][(self->number + i) % n],
		       1000 * self->number + i);
	}
}

static void threads(struct vkt *t)
{
	vkt_threads(t, THREADS, busy_thread, NULL);
}

static void binding_thread(struct vkt *t, struct vkt_thread *self)
{
	unsigned int rounds = vkt_options.brief ? 4 : 24;
	struct vkt_sparse *s = vkt_sparse(t, 64, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, 64, LOCAL, self->number);

	for (uint32_t i = 0; i < rounds; i++) {
		uint32_t at = (i * 13 + self->number) % 40;

		vkt_bind(t, s, VKT_BINDS({ at, 24, m, at }, { at + 3, 2, NULL, 0 }));
		vkt_store(t, s, 4 * i, 8192, i);
		vkt_shows(t, s);
	}
	vkt_bind(t, s, VKT_BINDS({ 0, 64, NULL, 0 }));
	vkt_shows(t, s);
}

/* Threads that bind in one address space, with jobs under way in it. */
static void binding_threads(struct vkt *t)
{
	vkt_threads(t, THREADS, binding_thread, NULL);
}

static void own_device(struct vkt *t, struct vkt_thread *self)
{
	struct vkt_dev dev;
	struct vkt part;

	vkt_dev_open(t, &dev, self->arg);
	vkt_try(&part, &dev, universal_part, NULL);
	vkt_undo_all(&part);
	vkt_dev_close(&dev);
	if (part.result == VKT_FAILED)
		FAIL(t, "%s", part.why);
}

static void devices_of_threads(struct vkt *t)
{
	vkt_threads(t, THREADS, own_device, (void *)t->dev->gpu);
}

const struct vkt_case vkt_queue_cases[] = {
	{ "universal", universal },
	{ "transfer-only", transfer_only },
	{ "one-to-the-other", one_to_the_other },
	{ "independent", independent },
	{ "bind-on-each", bind_on_each },
	{ "threads", threads },
	{ "binding-threads", binding_threads },
	{ "devices-of-threads", devices_of_threads },
	{ }
};
