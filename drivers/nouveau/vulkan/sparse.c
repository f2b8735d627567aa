// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse buffers. Each operation on one is applied to a model, too: an array
 * with what is bound to each unit, and for each memory its bytes. Afterwards the
 * engine copies all of the buffer out, and all of the memory by way of a plain
 * buffer over it, and every byte has to be that of the model.
 */
#include "vkt.h"

void vkt_need_sparse(struct vkt *t)
{
	const struct vkt_gpu *gpu = t->dev->gpu;

	if (!gpu->features.sparseBinding || !gpu->features.sparseResidencyBuffer)
		SKIP(t, "%s has no sparse buffers", gpu->props.deviceName);
	if (!(gpu->families[gpu->universal].queueFlags &
	      VK_QUEUE_SPARSE_BINDING_BIT))
		SKIP(t, "the universal queue cannot bind");
}

struct vkt_sparse *vkt_sparse(struct vkt *t, uint32_t units,
			      VkBufferCreateFlags flags)
{
	struct vkt_sparse *s = vkt_bytes(t, sizeof(*s));
	VkMemoryRequirements needs;
	VkBuffer probe;

	vkt_need_sparse(t);
	flags |= VK_BUFFER_CREATE_SPARSE_BINDING_BIT;
	probe = vkt_buffer(t, 4096, flags);
	vkGetBufferMemoryRequirements(t->dev->dev, probe, &needs);
	vkt_now(t, VKT_BUFFER, VKT_HANDLE(probe));

	s->unit = needs.alignment;
	s->units = units;
	s->size = units * s->unit;
	s->residency = flags & VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT &&
		       t->dev->gpu->props.sparseProperties.residencyNonResidentStrict;
	s->buf = vkt_buffer(t, s->size, flags);
	vkGetBufferMemoryRequirements(t->dev->dev, s->buf, &needs);
	CHECK(t, needs.alignment == s->unit && needs.size == s->size);
	s->at = vkt_bytes(t, units * sizeof(*s->at));
	return s;
}

void vkt_sparse_free(struct vkt *t, struct vkt_sparse *sparse)
{
	vkt_now(t, VKT_BUFFER, VKT_HANDLE(sparse->buf));
	vkt_now(t, VKT_BYTES, VKT_HANDLE(sparse->at));
	vkt_now(t, VKT_BYTES, VKT_HANDLE(sparse));
}

struct vkt_mem *vkt_mem(struct vkt *t, const struct vkt_sparse *sparse,
			uint32_t units, VkMemoryPropertyFlags flags,
			uint32_t seed)
{
	struct vkt_mem *m = vkt_bytes(t, sizeof(*m));
	VkMemoryRequirements needs, view;
	int type;

	m->size = units * sparse->unit;
	m->view = vkt_buffer(t, m->size, 0);
	vkGetBufferMemoryRequirements(t->dev->dev, sparse->buf, &needs);
	vkGetBufferMemoryRequirements(t->dev->dev, m->view, &view);
	CHECK(t, view.size == m->size);
	type = vkt_type(t, needs.memoryTypeBits & view.memoryTypeBits, flags);
	if (type < 0)
		SKIP(t, "no such memory can be bound to a sparse buffer");

	m->mem = vkt_memory(t, m->size, type);
	VK(t, vkBindBufferMemory(t->dev->dev, m->view, m->mem, 0));
	m->shadow = vkt_bytes(t, m->size);
	vkt_fill(m->shadow, seed, 0, m->size);
	vkt_put(t, m->view, 0, m->shadow, m->size);
	return m;
}

void vkt_mem_free(struct vkt *t, struct vkt_mem *mem)
{
	vkt_now(t, VKT_BUFFER, VKT_HANDLE(mem->view));
	vkt_now(t, VKT_MEMORY, VKT_HANDLE(mem->mem));
	vkt_now(t, VKT_BYTES, VKT_HANDLE(mem->shadow));
	vkt_now(t, VKT_BYTES, VKT_HANDLE(mem));
}

void vkt_model(struct vkt_sparse *sparse, const struct vkt_bind *binds,
	       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < binds[i].count; k++) {
			uint32_t at = binds[i].at + k;

			sparse->at[at].mem = binds[i].mem;
			sparse->at[at].offset = (binds[i].from + k) * sparse->unit;
		}
	}
}

VkSparseMemoryBind *vkt_binds(struct vkt *t, const struct vkt_sparse *sparse,
			      const struct vkt_bind *binds, uint32_t count)
{
	VkSparseMemoryBind *made = vkt_bytes(t, count * sizeof(*made));

	for (uint32_t i = 0; i < count; i++) {
		const struct vkt_bind *b = &binds[i];

		CHECK(t, b->at + b->count <= sparse->units);
		made[i] = (VkSparseMemoryBind){
			.resourceOffset = b->at * sparse->unit,
			.size = b->count * sparse->unit,
			.memory = b->mem ? b->mem->mem : VK_NULL_HANDLE,
			.memoryOffset = b->mem ? b->from * sparse->unit : 0,
		};
	}

	return made;
}

VkResult vkt_queue_bind(struct vkt_queue *queue, VkBindSparseInfo info,
			VkBuffer buf, const VkSparseMemoryBind *binds,
			uint32_t count, VkFence fence)
{
	const VkSparseBufferMemoryBindInfo buffer = {
		.buffer = buf,
		.bindCount = count,
		.pBinds = binds,
	};
	VkResult result;

	info.sType = VK_STRUCTURE_TYPE_BIND_SPARSE_INFO;
	info.bufferBindCount = !!count;
	info.pBufferBinds = &buffer;
	pthread_mutex_lock(&queue->lock);
	result = vkQueueBindSparse(queue->queue, 1, &info, fence);
	pthread_mutex_unlock(&queue->lock);
	return result;
}

void vkt_bind(struct vkt *t, struct vkt_sparse *sparse,
	      const struct vkt_bind *binds, uint32_t count)
{
	VkSparseMemoryBind *made = vkt_binds(t, sparse, binds, count);
	VkFence fence = vkt_fence(t, false);

	VK(t, vkt_queue_bind(vkt_queue(t), (VkBindSparseInfo){ 0 }, sparse->buf,
			     made, count, fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	vkt_now(t, VKT_FENCE, VKT_HANDLE(fence));
	vkt_now(t, VKT_BYTES, VKT_HANDLE(made));
	vkt_model(sparse, binds, count);
}

/* Runs of units that can be read at once: all that show something defined. */
static uint32_t run_of(const struct vkt_sparse *s, uint32_t at)
{
	uint32_t n = 0;

	while (at + n < s->units && (s->residency || s->at[at + n].mem))
		n++;

	return n;
}

static void shows(struct vkt *t, const struct vkt_sparse *s, uint32_t at,
		  const uint8_t *got)
{
	static const uint8_t zero[65536];
	const struct vkt_mem *mem = s->at[at].mem;
	char what[80];

	snprintf(what, sizeof(what), "unit %u, %s", at, mem ? "bound" : "not bound");
	vkt_same(t, what, got, mem ? mem->shadow + s->at[at].offset : zero, s->unit);
}

void vkt_shows(struct vkt *t, const struct vkt_sparse *sparse)
{
	struct vkt_buf seen = vkt_buf(t, sparse->size, -1);
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	CHECK(t, sparse->unit <= 65536);
	memset(seen.cpu, 0x5a, sparse->size);
	for (uint32_t at = 0, n; at < sparse->units; at += n ? n : 1) {
		n = run_of(sparse, at);
		if (n)
			vkt_copy(cmd, sparse->buf, at * sparse->unit, seen.buf,
				 at * sparse->unit, n * sparse->unit);
	}
	vkt_run(t, vkt_queue(t), cmd);

	for (uint32_t at = 0; at < sparse->units; at++) {
		if (sparse->residency || sparse->at[at].mem)
			shows(t, sparse, at, seen.cpu + at * sparse->unit);
	}
	vkt_buf_free(t, &seen);
}

void vkt_holds(struct vkt *t, const struct vkt_mem *mem)
{
	uint8_t *got = vkt_bytes(t, mem->size);

	vkt_get(t, mem->view, 0, got, mem->size);
	vkt_same(t, "memory", got, mem->shadow, mem->size);
	vkt_now(t, VKT_BYTES, VKT_HANDLE(got));
}

void vkt_store(struct vkt *t, const struct vkt_sparse *sparse, VkDeviceSize at,
	       VkDeviceSize size, uint32_t value)
{
	VkCommandBuffer cmd = vkt_cmd(t, vkt_queue(t));

	CHECK(t, at % 4 == 0 && size % 4 == 0 && at + size <= sparse->size);
	vkCmdFillBuffer(cmd, sparse->buf, at, size, value);
	vkt_run(t, vkt_queue(t), cmd);

	for (VkDeviceSize i = 0; i < size; i += 4) {
		VkDeviceSize unit = (at + i) / sparse->unit;
		struct vkt_mem *mem = sparse->at[unit].mem;

		if (mem)
			memcpy(mem->shadow + sparse->at[unit].offset +
			       (at + i) % sparse->unit, &value, 4);
	}
}
