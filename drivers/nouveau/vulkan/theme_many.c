// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Thousands of bindings, in one call and in as many.
 */
#include "vkt.h"

#define RESIDENCY VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT
#define LOCAL VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT

/*
 * Every other unit of the buffer, no two of which are neighbours in memory. The
 * count is no multiple of 5, so that each unit of memory is bound once.
 */
static struct vkt_bind *scattered(struct vkt *t, uint32_t count, struct vkt_mem *m)
{
	struct vkt_bind *binds = vkt_bytes(t, count * sizeof(*binds));

	for (uint32_t i = 0; i < count; i++)
		binds[i] = (struct vkt_bind){ 2 * i, 1, m, (i * 5 + 3) % count };
	return binds;
}

/* The layers compare each bind of a call with each other one. */
static uint32_t thousands(void)
{
	if (vkt_options.brief)
		return 1024;

	return vkt_options.validate ? 4096 : 8192;
}

static void in_one_call(struct vkt *t)
{
	uint32_t count = thousands();
	struct vkt_sparse *s = vkt_sparse(t, 2 * count, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, count, LOCAL, 1);
	struct vkt_bind *binds = scattered(t, count, m);

	vkt_bind(t, s, binds, count);
	vkt_shows(t, s);
	for (uint32_t i = 0; i < count; i++) {
		binds[i].mem = i % 2 ? m : NULL;
		binds[i].from = (binds[i].from + 1) % count;
	}
	vkt_bind(t, s, binds, count);
	vkt_shows(t, s);
}

/* Queued one behind the other, without waiting for any of them. */
static void in_many_calls(struct vkt *t)
{
	uint32_t count = vkt_options.brief ? 201 : 2001;
	struct vkt_sparse *s = vkt_sparse(t, 2 * count, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, count, LOCAL, 2);
	struct vkt_bind *binds = scattered(t, count, m);
	VkSparseMemoryBind *made = vkt_binds(t, s, binds, count);
	VkFence fence = vkt_fence(t, false);

	for (uint32_t i = 0; i < count; i++)
		VK(t, vkt_queue_bind(vkt_queue(t), (VkBindSparseInfo){ 0 },
				     s->buf, &made[i], 1,
				     i == count - 1 ? fence : VK_NULL_HANDLE));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	vkt_model(s, binds, count);
	/* The fence of the last one says it of those before it, too. */
	vkt_shows(t, s);
}

/* Several buffers in one call. */
static void of_several_buffers(struct vkt *t)
{
	enum { BUFFERS = 8, EACH = 64 };
	VkSparseBufferMemoryBindInfo infos[BUFFERS];
	struct vkt_sparse *s[BUFFERS];
	struct vkt_mem *m[BUFFERS];
	const VkBindSparseInfo info = {
		.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO,
		.bufferBindCount = BUFFERS,
		.pBufferBinds = infos,
	};
	VkFence fence = vkt_fence(t, false);

	for (uint32_t i = 0; i < BUFFERS; i++) {
		struct vkt_bind *binds;

		s[i] = vkt_sparse(t, 2 * EACH, RESIDENCY);
		m[i] = vkt_mem(t, s[i], EACH, LOCAL, 10 + i);
		binds = scattered(t, EACH, m[i]);
		infos[i] = (VkSparseBufferMemoryBindInfo){
			s[i]->buf, EACH, vkt_binds(t, s[i], binds, EACH),
		};
		vkt_model(s[i], binds, EACH);
	}
	VK(t, vkQueueBindSparse(vkt_queue(t)->queue, 1, &info, fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	for (uint32_t i = 0; i < BUFFERS; i++)
		vkt_shows(t, s[i]);
}

/* A large mapping, cut to pieces from its middle outwards. */
static void cut_to_pieces(struct vkt *t)
{
	uint32_t units = vkt_options.brief ? 256 : 2048;
	struct vkt_sparse *s = vkt_sparse(t, units, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, units, LOCAL, 3);
	struct vkt_bind *binds = vkt_bytes(t, units * sizeof(*binds));
	uint32_t count = 0;

	vkt_bind(t, s, VKT_BINDS({ 0, units, m, 0 }));
	for (uint32_t i = 1; i < units / 2; i += 2) {
		binds[count++] = (struct vkt_bind){ units / 2 + i, 1 };
		binds[count++] = (struct vkt_bind){ units / 2 - i, 1 };
	}
	vkt_bind(t, s, binds, count);
	vkt_shows(t, s);
	vkt_bind(t, s, VKT_BINDS({ 0, units, m, 0 }));
	vkt_shows(t, s);
}

const struct vkt_case vkt_many_cases[] = {
	{ "in-one-call", in_one_call },
	{ "in-many-calls", in_many_calls },
	{ "of-several-buffers", of_several_buffers },
	{ "cut-to-pieces", cut_to_pieces },
	{ }
};
