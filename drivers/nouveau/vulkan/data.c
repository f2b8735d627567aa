// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Contents of memory, and whether they are right.
 */
#include "vkt.h"

/* A word of eight bytes that no other place has, for any seed in use. */
static uint64_t word(uint32_t seed, uint64_t index)
{
	uint64_t x = ((uint64_t)seed << 40) + index + 1;

	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 32;
}

void vkt_fill(void *data, uint32_t seed, uint64_t offset, size_t size)
{
	uint8_t *bytes = data;

	while (size) {
		uint64_t w = word(seed, offset / 8);
		size_t skip = offset % 8, n = 8 - skip;

		if (n > size)
			n = size;
		memcpy(bytes, (const uint8_t *)&w + skip, n);
		bytes += n;
		offset += n;
		size -= n;
	}
}

void vkt_same(struct vkt *t, const char *what, const void *got, const void *want,
	      size_t size)
{
	const uint8_t *g = got, *w = want;
	size_t first = 0, wrong = 0;

	if (!memcmp(got, want, size))
		return;

	for (size_t i = 0; i < size; i++) {
		if (g[i] == w[i])
			continue;
		if (!wrong++)
			first = i;
	}
	FAIL(t, "%s: byte %#zx is %#x, not %#x; %zu of %#zx bytes are wrong", what,
	     first, g[first], w[first], wrong, size);
}

void vkt_is_fill(struct vkt *t, const char *what, const void *got, uint32_t seed,
		 uint64_t offset, size_t size)
{
	const uint8_t *bytes = got;
	uint8_t want[4096];

	for (size_t at = 0; at < size; at += sizeof(want)) {
		size_t n = size - at < sizeof(want) ? size - at : sizeof(want);

		vkt_fill(want, seed, offset + at, n);
		if (!memcmp(bytes + at, want, n))
			continue;
		vkt_note("%s: in the piece from %#zx on", what, at);
		vkt_same(t, what, bytes + at, want, n);
	}
}

uint32_t vkt_random(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % limit;
}
