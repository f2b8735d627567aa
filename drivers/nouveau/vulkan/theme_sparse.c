// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Sparse buffers: what is bound shows its memory, the rest reads zero.
 */
#include "vkt.h"

#define RESIDENCY VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT
#define ALIASED (RESIDENCY | VK_BUFFER_CREATE_SPARSE_ALIASED_BIT)
#define LOCAL VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define SEEN (VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | \
	      VK_MEMORY_PROPERTY_HOST_COHERENT_BIT)

static void one_bind(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 8, 0);
	struct vkt_mem *m = vkt_mem(t, s, 8, LOCAL, 1);

	vkt_bind(t, s, VKT_BINDS({ 0, 8, m, 0 }));
	vkt_shows(t, s);
	vkt_store(t, s, 4, s->size - 8, 0xabcdef01);
	vkt_shows(t, s);
	vkt_holds(t, m);
}

/* Memory that the CPU sees: what one side writes, the other reads. */
static void host_memory(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 4, 0);
	struct vkt_mem *m = vkt_mem(t, s, 4, SEEN, 1);
	void *cpu;

	vkt_bind(t, s, VKT_BINDS({ 0, 4, m, 0 }));
	VK(t, vkMapMemory(t->dev->dev, m->mem, 0, VK_WHOLE_SIZE, 0, &cpu));
	vkt_fill(cpu, 7, 0, m->size);
	memcpy(m->shadow, cpu, m->size);
	vkt_shows(t, s);
	vkt_store(t, s, s->unit - 8, 16, 0x12345678);
	vkt_same(t, "as the CPU sees it", cpu, m->shadow, m->size);
}

static void piece_by_piece(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 32, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, 32, LOCAL, 2);

	/* Odd ones from the front, even ones from the back, in reverse. */
	for (uint32_t i = 1; i < 32; i += 2) {
		vkt_bind(t, s, VKT_BINDS({ i, 1, m, 31 - i }));
		if (i % 10 == 1)
			vkt_shows(t, s);
	}
	for (uint32_t i = 30; i < 32; i -= 2)
		vkt_bind(t, s, VKT_BINDS({ i, 1, m, 31 - i }));
	vkt_shows(t, s);
	vkt_store(t, s, 0, s->size, 0x600df00d);
	vkt_holds(t, m);
}

/*
 * Each place of a binding within a large page against each of its memory within
 * one, with lengths around those of large pages, one beside the other.
 */
static void every_alignment(struct vkt *t)
{
	static const uint32_t all[] = { 0, 1, 2, 3, 4, 7, 8, 11, 12, 15 };
	static const uint32_t few[] = { 0, 1, 8, 15 };
	static const uint32_t lengths[] = { 1, 15, 16, 17, 33 };
	const uint32_t *places = vkt_options.brief ? few : all;
	uint32_t n = vkt_options.brief ? ARRAY_SIZE(few) : ARRAY_SIZE(all);
	uint32_t count = n * n * ARRAY_SIZE(lengths), at = 0, cell = 64;
	struct vkt_bind *binds = vkt_bytes(t, count * sizeof(*binds));
	struct vkt_sparse *s = vkt_sparse(t, count * cell, ALIASED);
	struct vkt_mem *m = vkt_mem(t, s, 64, LOCAL, 3);

	for (uint32_t to = 0; to < n; to++) {
		for (uint32_t from = 0; from < n; from++) {
			for (uint32_t k = 0; k < ARRAY_SIZE(lengths); k++, at++)
				binds[at] = (struct vkt_bind){
					at * cell + places[to], lengths[k], m,
					places[from],
				};
		}
	}
	vkt_bind(t, s, binds, count);
	vkt_shows(t, s);
	for (uint32_t i = 0; i < count; i++)
		binds[i].mem = NULL;
	vkt_bind(t, s, binds, count);
	vkt_shows(t, s);
}

/* Over what one page directory holds: 2 MiB, and its borders. */
static void around_2m(struct vkt *t)
{
	uint32_t big = (2 << 20) / 4096;
	struct vkt_sparse *s = vkt_sparse(t, 3 * big, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, big + 16, LOCAL, 4);

	if (s->unit != 4096)
		SKIP(t, "bindings are not of pages of 4 KiB here");
	for (int d = -1; d <= 1; d++) {
		vkt_bind(t, s, VKT_BINDS({ big + d, big, m, 0 }));
		vkt_shows(t, s);
		vkt_bind(t, s, VKT_BINDS({ 0, 3 * big, NULL, 0 }));
		vkt_bind(t, s, VKT_BINDS({ big - 8, 16, m, 8 + d },
					 { 2 * big - 8, 16, m, 4 }));
		vkt_shows(t, s);
		vkt_bind(t, s, VKT_BINDS({ 0, 3 * big, NULL, 0 }));
	}
	vkt_shows(t, s);
}

static void never_bound(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 600, RESIDENCY);

	vkt_shows(t, s);
	vkt_store(t, s, 0, s->size, 0xffffffff);
	vkt_shows(t, s);
}

/* Writes to what is not bound are lost, those beside it are not. */
static void writes_are_dropped(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 16, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, s, 4, LOCAL, 5);

	vkt_bind(t, s, VKT_BINDS({ 3, 2, m, 0 }, { 9, 2, m, 2 }));
	vkt_store(t, s, 2 * s->unit + 128, 9 * s->unit, 0x77777777);
	vkt_shows(t, s);
	vkt_holds(t, m);
	vkt_bind(t, s, VKT_BINDS({ 2, 2, m, 2 }));
	vkt_shows(t, s);
}

/* Copies from and to what is bound in part, by the engine. */
static void copies_over_holes(struct vkt *t)
{
	struct vkt_sparse *a = vkt_sparse(t, 24, RESIDENCY);
	struct vkt_sparse *b = vkt_sparse(t, 24, RESIDENCY);
	struct vkt_mem *ma = vkt_mem(t, a, 12, LOCAL, 6);
	struct vkt_mem *mb = vkt_mem(t, b, 24, LOCAL, 7);
	VkCommandBuffer cmd;

	vkt_bind(t, a, VKT_BINDS({ 0, 4, ma, 8 }, { 7, 3, ma, 1 }, { 20, 4, ma, 4 }));
	vkt_bind(t, b, VKT_BINDS({ 0, 24, mb, 0 }));
	cmd = vkt_cmd(t, vkt_queue(t));
	vkt_copy(cmd, a->buf, 0, b->buf, 0, a->size);
	vkt_run(t, vkt_queue(t), cmd);

	memset(mb->shadow, 0, mb->size);
	for (uint32_t i = 0; i < a->units; i++) {
		if (a->at[i].mem)
			memcpy(mb->shadow + i * b->unit,
			       ma->shadow + a->at[i].offset, a->unit);
	}
	vkt_shows(t, b);
	vkt_holds(t, mb);
}

/* A buffer that is large beside what is bound to it. */
static void far_apart(struct vkt *t)
{
	VkDeviceSize most = t->dev->gpu->limits.maxBufferSize;
	VkDeviceSize size = most < 1ull << 34 ? most / 65536 * 65536 : 1ull << 34;
	VkBufferCreateFlags flags = VK_BUFFER_CREATE_SPARSE_BINDING_BIT | RESIDENCY;
	struct vkt_sparse *small = vkt_sparse(t, 4, RESIDENCY);
	struct vkt_mem *m = vkt_mem(t, small, 4, LOCAL, 8);
	VkDeviceSize unit = small->unit;
	VkBuffer buf = vkt_buffer(t, size, flags);
	VkDeviceSize places[] = { 0, size / 3 / unit * unit, size / 2 - unit, size - unit };
	VkSparseMemoryBind binds[ARRAY_SIZE(places)];
	uint8_t *got = vkt_bytes(t, 2 * unit), *zero = vkt_bytes(t, unit);
	VkFence fence = vkt_fence(t, false);

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++)
		binds[i] = (VkSparseMemoryBind){ places[i], unit, m->mem, i * unit };
	VK(t, vkt_queue_bind(vkt_queue(t), (VkBindSparseInfo){ 0 }, buf, binds,
			     ARRAY_SIZE(places), fence));
	VK(t, vkWaitForFences(t->dev->dev, 1, &fence, VK_TRUE, VKT_LONG));
	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		bool last = places[i] + unit == size;
		VkDeviceSize at = last ? places[i] - unit : places[i];
		const uint8_t *here = last ? got + unit : got;

		vkt_get(t, buf, at, got, 2 * unit);
		vkt_same(t, "bound", here, m->shadow + i * unit, unit);
		vkt_same(t, "beside it", last ? got : got + unit, zero, unit);
	}
}

const struct vkt_case vkt_sparse_cases[] = {
	{ "one-bind", one_bind },
	{ "host-memory", host_memory },
	{ "piece-by-piece", piece_by_piece },
	{ "every-alignment", every_alignment },
	{ "around-2m", around_2m },
	{ "never-bound", never_bound },
	{ "writes-are-dropped", writes_are_dropped },
	{ "copies-over-holes", copies_over_holes },
	{ "far-apart", far_apart },
	{ }
};
