// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * One piece of memory at several places.
 */
#include "vkt.h"

#define ALIASED (VK_BUFFER_CREATE_SPARSE_RESIDENCY_BIT | \
		 VK_BUFFER_CREATE_SPARSE_ALIASED_BIT)
#define LOCAL VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT

/* What is written at one place is read at the other. */
static void twice_in_one(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 32, ALIASED);
	struct vkt_mem *m = vkt_mem(t, s, 8, LOCAL, 1);

	vkt_bind(t, s, VKT_BINDS({ 2, 8, m, 0 }, { 16, 8, m, 0 }));
	vkt_shows(t, s);
	vkt_store(t, s, 3 * s->unit + 4, s->unit, 0x11111111);
	vkt_shows(t, s);
	vkt_store(t, s, 20 * s->unit - 8, s->unit, 0x22222222);
	vkt_shows(t, s);
	vkt_bind(t, s, VKT_BINDS({ 2, 8, NULL, 0 }));
	vkt_shows(t, s);
	vkt_holds(t, m);
}

static void in_two_buffers(struct vkt *t)
{
	struct vkt_sparse *a = vkt_sparse(t, 16, ALIASED);
	struct vkt_sparse *b = vkt_sparse(t, 16, ALIASED);
	struct vkt_mem *m = vkt_mem(t, a, 16, LOCAL, 2);

	vkt_bind(t, a, VKT_BINDS({ 0, 16, m, 0 }));
	vkt_bind(t, b, VKT_BINDS({ 0, 8, m, 8 }, { 8, 8, m, 0 }));
	vkt_store(t, a, 0, 3 * a->unit, 0x33333333);
	vkt_store(t, b, 0, 5 * b->unit, 0x44444444);
	vkt_shows(t, a);
	vkt_shows(t, b);
	/* The one goes, the other stays. */
	vkt_sparse_free(t, a);
	vkt_shows(t, b);
	vkt_store(t, b, 0, b->size, 0x55555555);
	vkt_shows(t, b);
	vkt_holds(t, m);
}

/* One page of memory under all of a buffer. */
static void one_page_everywhere(struct vkt *t)
{
	uint32_t units = vkt_options.brief ? 256 : 1024;
	struct vkt_sparse *s = vkt_sparse(t, units, ALIASED);
	struct vkt_mem *m = vkt_mem(t, s, 1, LOCAL, 3);
	struct vkt_bind *binds = vkt_bytes(t, units * sizeof(*binds));

	for (uint32_t i = 0; i < units; i++)
		binds[i] = (struct vkt_bind){ i, 1, m, 0 };
	vkt_bind(t, s, binds, units);
	vkt_shows(t, s);
	vkt_store(t, s, s->size - 256, 128, 0x66666666);
	vkt_shows(t, s);
}

/* Pages of a buffer in the reverse of the order of its memory. */
static void backwards(struct vkt *t)
{
	struct vkt_sparse *s = vkt_sparse(t, 64, ALIASED);
	struct vkt_mem *m = vkt_mem(t, s, 64, LOCAL, 4);
	struct vkt_bind binds[64];

	for (uint32_t i = 0; i < 64; i++)
		binds[i] = (struct vkt_bind){ i, 1, m, 63 - i };
	vkt_bind(t, s, binds, 64);
	vkt_shows(t, s);
	vkt_store(t, s, s->size / 2 - 8, 16, 0x77777777);
	vkt_shows(t, s);
	vkt_holds(t, m);
}

const struct vkt_case vkt_alias_cases[] = {
	{ "twice-in-one", twice_in_one },
	{ "in-two-buffers", in_two_buffers },
	{ "one-page-everywhere", one_page_everywhere },
	{ "backwards", backwards },
	{ }
};
