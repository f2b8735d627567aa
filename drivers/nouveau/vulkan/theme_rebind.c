// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Bindings that are replaced, cut and taken away.
 */
#include "vkt.h"

#define RESIDENCY VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT
#define ALIASED (RESIDENCY | VK_BUFFER_CREATE_SPARSE_ALIASED_BIT)
#define LOCAL VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT

struct pair {
	struct vkt_sparse *s;
	struct vkt_mem *a, *b;
};

static struct pair begin(struct vkt *t, uint32_t units)
{
	struct vkt_sparse *s = vkt_sparse(t, units, ALIASED);

	return (struct pair){
		s, vkt_mem(t, s, units, LOCAL, 1), vkt_mem(t, s, units, LOCAL, 2),
	};
}

static void other_memory(struct vkt *t)
{
	struct pair p = begin(t, 16);

	for (int i = 0; i < 4; i++) {
		vkt_bind(t, p.s, VKT_BINDS({ 0, 16, i % 2 ? p.b : p.a, 0 }));
		vkt_shows(t, p.s);
	}
}

static void other_offset(struct vkt *t)
{
	struct pair p = begin(t, 16);

	for (uint32_t i = 0; i <= 8; i++) {
		vkt_bind(t, p.s, VKT_BINDS({ 4, 8, p.a, i }));
		vkt_shows(t, p.s);
	}
	vkt_store(t, p.s, 4 * p.s->unit, 8 * p.s->unit, 5);
	vkt_holds(t, p.a);
}

/* The new one covers the left, the middle, the right of the old one. */
static void in_part(struct vkt *t)
{
	static const struct { uint32_t at, count; } pieces[] = {
		{ 0, 4 }, { 0, 15 }, { 5, 6 }, { 1, 14 }, { 12, 4 }, { 1, 15 },
		{ 7, 1 }, { 0, 1 }, { 15, 1 },
	};
	struct pair p = begin(t, 16);

	for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++) {
		uint32_t at = pieces[i].at, count = pieces[i].count;

		vkt_bind(t, p.s, VKT_BINDS({ 0, 16, p.a, 0 }));
		vkt_bind(t, p.s, VKT_BINDS({ at, count, p.b, 16 - count }));
		vkt_shows(t, p.s);
		vkt_bind(t, p.s, VKT_BINDS({ at, count, NULL, 0 }));
		vkt_shows(t, p.s);
	}
}

/* One that lies over the ends of several others, and over holes. */
static void across_several(struct vkt *t)
{
	struct pair p = begin(t, 64);

	for (uint32_t i = 0; i < 64; i += 8)
		vkt_bind(t, p.s, VKT_BINDS({ i, 5, p.a, 59 - i }));
	vkt_bind(t, p.s, VKT_BINDS({ 11, 40, p.b, 3 }));
	vkt_shows(t, p.s);
	vkt_bind(t, p.s, VKT_BINDS({ 2, 30, NULL, 0 }, { 40, 20, NULL, 0 }));
	vkt_shows(t, p.s);
	vkt_store(t, p.s, 0, p.s->size, 0x0f0f0f0f);
	vkt_holds(t, p.a);
	vkt_holds(t, p.b);
}

/* What is unbound twice, or never was bound. */
static void unbind(struct vkt *t)
{
	struct pair p = begin(t, 32);

	vkt_bind(t, p.s, VKT_BINDS({ 0, 32, NULL, 0 }));
	vkt_shows(t, p.s);
	vkt_bind(t, p.s, VKT_BINDS({ 4, 20, p.a, 0 }));
	vkt_bind(t, p.s, VKT_BINDS({ 0, 10, NULL, 0 }, { 6, 9, NULL, 0 }));
	vkt_shows(t, p.s);
	vkt_bind(t, p.s, VKT_BINDS({ 0, 32, NULL, 0 }));
	vkt_shows(t, p.s);
	vkt_holds(t, p.a);
}

/* In one call the later operation wins. */
static void in_one_call(struct vkt *t)
{
	struct pair p = begin(t, 32);

	vkt_bind(t, p.s, VKT_BINDS({ 0, 32, p.a, 0 }, { 8, 16, p.b, 0 },
				   { 12, 8, NULL, 0 }, { 14, 4, p.a, 28 },
				   { 0, 2, p.b, 30 }, { 1, 1, NULL, 0 }));
	vkt_shows(t, p.s);
	vkt_bind(t, p.s, VKT_BINDS({ 0, 32, NULL, 0 }, { 31, 1, p.b, 0 }));
	vkt_shows(t, p.s);
}

/* Another buffer at the same address shows nothing of the one before it. */
static void buffer_again(struct vkt *t)
{
	struct pair p = begin(t, 64);

	for (unsigned int i = 0; i < 4; i++) {
		struct vkt_sparse *s = vkt_sparse(t, 64, RESIDENCY);

		vkt_shows(t, s);
		vkt_bind(t, s, VKT_BINDS({ 8 * i, 24, p.a, i }));
		vkt_shows(t, s);
		vkt_sparse_free(t, s);
	}
}

/* Memory is freed after what was bound to it; its pages go to somebody else. */
static void memory_again(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 64, RESIDENCY);

	for (uint32_t i = 0; i < 4; i++) {
		struct vkt_mem *m = vkt_mem(t, s, 64, LOCAL, 10 + i);

		vkt_bind(t, s, VKT_BINDS({ 0, 64, m, 0 }));
		vkt_shows(t, s);
		vkt_bind(t, s, VKT_BINDS({ 0, 64, NULL, 0 }));
		vkt_mem_free(t, m);
		vkt_shows(t, s);
	}
}

static void random_binds(struct vkt *t)
{
	uint32_t rounds = vkt_options.brief ? 12 : 100, units = 600;
	struct pair p = begin(t, units);
	uint64_t seed = 4711;

	for (uint32_t i = 0; i < rounds; i++) {
		struct vkt_bind binds[24];
		uint32_t count = 1 + vkt_random(&seed, ARRAY_SIZE(binds));

		for (uint32_t k = 0; k < count; k++) {
			struct vkt_bind *b = &binds[k];
			uint32_t kind = vkt_random(&seed, 3);

			b->count = 1 + vkt_random(&seed, k % 4 ? 20 : 300);
			b->at = vkt_random(&seed, units - b->count + 1);
			b->from = vkt_random(&seed, units - b->count + 1);
			b->mem = kind == 2 ? NULL : kind ? p.a : p.b;
		}
		vkt_bind(t, p.s, binds, count);
		vkt_store(t, p.s, 4 * vkt_random(&seed, 1000), 40000, i);
		vkt_shows(t, p.s);
	}
	vkt_holds(t, p.a);
	vkt_holds(t, p.b);
}

const struct vkt_case vkt_rebind_cases[] = {
	{ "other-memory", other_memory },
	{ "other-offset", other_offset },
	{ "in-part", in_part },
	{ "across-several", across_several },
	{ "unbind", unbind },
	{ "in-one-call", in_one_call },
	{ "buffer-again", buffer_again },
	{ "memory-again", memory_again },
	{ "random", random_binds },
	{ }
};
