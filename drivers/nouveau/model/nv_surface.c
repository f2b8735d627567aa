// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Where the bytes of an image are: line after line, or in blocks.
 *
 * A block is made of GOBs, each 64 bytes wide and 8 lines high, that follow each
 * other from left to right, then downwards, then back. Blocks do the same in the
 * image. Within a GOB, 16 bytes of a line are in one piece.
 */
#include <linux/bitfield.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "nv_model.h"

#define GOB_WIDTH	64
#define GOB_HEIGHT	8
#define GOB_BYTES	(GOB_WIDTH * GOB_HEIGHT)
#define PIECE_BYTES	16
/* Blocks have up to 32 GOBs in each direction. */
#define MAX_LOG2	5

/**
 * nv_model_surface_blocks() - take a block-linear image from registers
 * @surface: its base and its origin are left alone
 * @regs: block size, width, height, depth, layer
 * @element: how many bytes of width the unit is that registers count in
 *
 * Context: any.
 * Return: whether there are such blocks.
 */
bool nv_model_surface_blocks(struct nv_surface *surface, const u32 *regs,
			     u32 element)
{
	surface->blocks = true;
	surface->log2_width = FIELD_GET(NV_BLOCK_WIDTH, regs[0]);
	surface->log2_height = FIELD_GET(NV_BLOCK_HEIGHT, regs[0]);
	surface->log2_depth = FIELD_GET(NV_BLOCK_DEPTH, regs[0]);
	surface->width = (u64)regs[1] * element;
	surface->height = regs[2];
	surface->layer = regs[4];

	return surface->log2_width <= MAX_LOG2 &&
	       surface->log2_height <= MAX_LOG2 &&
	       surface->log2_depth <= MAX_LOG2;
}

static u64 in_gob(u64 x, u32 y)
{
	x %= GOB_WIDTH;
	y %= GOB_HEIGHT;

	return (x / 32) * 256 + (y / 2) * 64 + (x % 32 / 16) * 32 +
	       (y % 2) * 16 + x % 16;
}

static u64 blocks_over(u64 size, unsigned int log2_block)
{
	return (size + BIT_ULL(log2_block) - 1) >> log2_block;
}

static u64 in_blocks(const struct nv_surface *s, u64 x, u32 y)
{
	u8 w = s->log2_width, h = s->log2_height, d = s->log2_depth;
	u64 columns = blocks_over(s->width, ilog2(GOB_WIDTH) + w);
	u64 rows = blocks_over(s->height, ilog2(GOB_HEIGHT) + h);
	u64 gob_x = x / GOB_WIDTH, gob_y = y / GOB_HEIGHT, z = s->layer;
	u64 block = ((z >> d) * rows + (gob_y >> h)) * columns + (gob_x >> w);
	u64 gob = z & (BIT(d) - 1);

	gob = gob << h | (gob_y & (BIT(h) - 1));
	gob = gob << w | (gob_x & (BIT(w) - 1));

	return ((block << (w + h + d)) + gob) * GOB_BYTES + in_gob(x, y);
}

static int access_blocks(struct nv_model_channel *channel,
			 const struct nv_surface *surface, bool write,
			 u32 line, u64 x, void *buf, size_t size)
{
	int ret = 0;

	x += surface->x;
	while (size && !ret) {
		size_t n = min_t(size_t, size, PIECE_BYTES - x % PIECE_BYTES);
		u64 addr = surface->base +
			   in_blocks(surface, x, surface->y + line);

		ret = write ? nv_model_write(channel, addr, buf, n) :
			      nv_model_read(channel, addr, buf, n);
		x += n;
		buf += n;
		size -= n;
	}

	return ret;
}

static u64 in_lines(const struct nv_surface *surface, u32 line, u64 x)
{
	return surface->base + (u64)(surface->y + line) * surface->pitch +
	       surface->x + x;
}

/**
 * nv_model_surface_read() - read from an image
 * @channel: the channel
 * @surface: the image
 * @line: which line, counted from its origin
 * @x: first byte in the line, counted from its origin
 * @buf: where to
 * @size: bytes
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_surface_read(struct nv_model_channel *channel,
			  const struct nv_surface *surface, u32 line, u64 x,
			  void *buf, size_t size)
{
	if (surface->blocks)
		return access_blocks(channel, surface, false, line, x, buf,
				     size);

	return nv_model_read(channel, in_lines(surface, line, x), buf, size);
}

/**
 * nv_model_surface_write() - write to an image
 * @channel: the channel
 * @surface: the image
 * @line: which line, counted from its origin
 * @x: first byte in the line, counted from its origin
 * @buf: where from
 * @size: bytes
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_surface_write(struct nv_model_channel *channel,
			   const struct nv_surface *surface, u32 line, u64 x,
			   void *buf, size_t size)
{
	if (surface->blocks)
		return access_blocks(channel, surface, true, line, x, buf,
				     size);

	return nv_model_write(channel, in_lines(surface, line, x), buf, size);
}
