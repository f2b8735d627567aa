// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The copy engine, class c5b5: lines from one image to another, whose bytes may
 * be arranged anew on the way (remap), or come from a constant, which is a fill.
 *
 * A fill can have 32768 lines of 32768 words: it goes to memory page by page,
 * passes over what is sparse in steps of the entry, and looks whether the
 * channel was killed in between. No lock is held for longer than a page takes.
 */
#include <linux/bitfield.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "nv_model.h"

/* Of components, in a remap. */
#define MAX_COMPONENTS	4
#define MAX_ELEMENT	16

/**
 * struct remap - how elements are arranged
 */
struct remap {
	/** @active: without it an element is a byte, and copied as it is */
	bool active;
	/** @size: bytes of a component */
	u8 size;
	/** @num_src: components of an element that is read */
	u8 num_src;
	/** @num_dst: components of an element that is written */
	u8 num_dst;
	/** @select: where each that is written comes from */
	u8 select[MAX_COMPONENTS];
	/** @reads: something is read from the source */
	bool reads;
	/** @keeps: something in the destination stays as it is */
	bool keeps;
	/** @constants: A and B */
	u32 constants[2];
};

/**
 * struct copy - a launch
 */
struct copy {
	/** @channel: the channel */
	struct nv_model_channel *channel;
	/** @remap: see there */
	struct remap remap;
	/** @src: image that is read */
	struct nv_surface src;
	/** @dst: image that is written */
	struct nv_surface dst;
	/** @length: of a line, in elements */
	u32 length;
	/** @lines: how many */
	u32 lines;
	/** @src_element: bytes of an element that is read */
	u8 src_element;
	/** @dst_element: bytes of an element that is written */
	u8 dst_element;
};

static bool remap_init(struct remap *remap, const struct nv_object *object,
		       u32 launch)
{
	u32 reg = nv_reg(object, NV_COPY_REMAP_COMPONENTS);

	*remap = (struct remap) {
		.active = launch & NV_LAUNCH_REMAP,
		.size = 1,
		.num_src = 1,
		.num_dst = 1,
		.reads = true,
		.constants = { nv_reg(object, NV_COPY_REMAP_CONST_A),
			       nv_reg(object, NV_COPY_REMAP_CONST_B) },
	};
	if (!remap->active)
		return true;

	remap->reads = false;
	remap->size = FIELD_GET(NV_REMAP_SIZE, reg) + 1;
	remap->num_src = FIELD_GET(NV_REMAP_SRC_COUNT, reg) + 1;
	remap->num_dst = FIELD_GET(NV_REMAP_DST_COUNT, reg) + 1;
	for (unsigned int i = 0; i < remap->num_dst; i++) {
		u8 select = reg >> i * NV_REMAP_SELECT_BITS & NV_REMAP_SELECT;

		if (select > NV_REMAP_NO_WRITE ||
		    (select < NV_REMAP_CONST_A && select >= remap->num_src))
			return false;

		remap->select[i] = select;
		remap->reads |= select < NV_REMAP_CONST_A;
		remap->keeps |= select == NV_REMAP_NO_WRITE;
	}

	return true;
}

static void remap_element(const struct remap *remap, const u8 *src, u8 *dst)
{
	for (unsigned int i = 0; i < remap->num_dst; i++, dst += remap->size) {
		u8 select = remap->select[i];

		if (select == NV_REMAP_NO_WRITE)
			continue;
		if (select < NV_REMAP_CONST_A)
			memcpy(dst, src + select * remap->size, remap->size);
		else
			memcpy(dst, &remap->constants[select - NV_REMAP_CONST_A],
			       remap->size);
	}
}

/* The registers of origin come in two forms, of which the last one counts. */
static bool surface_init(struct nv_surface *surface,
			 const struct nv_object *object, bool pitch, bool out,
			 u32 element)
{
	const u32 *blocks = &object->regs[(out ? NV_COPY_DST_BLOCK_SIZE :
						 NV_COPY_SRC_BLOCK_SIZE) / 4];

	*surface = (struct nv_surface) {
		.base = nv_reg_addr(object, out ? NV_COPY_OFFSET_OUT :
						  NV_COPY_OFFSET_IN),
		.pitch = nv_reg(object, out ? NV_COPY_PITCH_OUT :
					      NV_COPY_PITCH_IN),
	};
	if (pitch)
		return true;

	surface->x = (u64)nv_reg(object, out ? NV_COPY_DST_ORIGIN_X :
					       NV_COPY_SRC_ORIGIN_X) * element;
	surface->y = nv_reg(object, out ? NV_COPY_DST_ORIGIN_Y :
					  NV_COPY_SRC_ORIGIN_Y);

	return nv_model_surface_blocks(surface, blocks, element) &&
	       FIELD_GET(NV_BLOCK_GOB_HEIGHT, blocks[0]) ==
	       NV_BLOCK_GOB_HEIGHT_8;
}

static bool copy_init(struct copy *copy, const struct nv_object *object,
		      u32 launch)
{
	struct remap *remap = &copy->remap;

	if (!remap_init(remap, object, launch))
		return false;

	copy->length = nv_reg(object, NV_COPY_LINE_LENGTH);
	copy->lines = launch & NV_LAUNCH_MULTI_LINE ?
		      nv_reg(object, NV_COPY_LINE_COUNT) : 1;
	copy->src_element = remap->size * remap->num_src;
	copy->dst_element = remap->size * remap->num_dst;

	return surface_init(&copy->src, object, launch & NV_LAUNCH_SRC_PITCH,
			    false, copy->src_element) &&
	       surface_init(&copy->dst, object, launch & NV_LAUNCH_DST_PITCH,
			    true, copy->dst_element);
}

/* The part of @size bytes at @addr that lies in the first page. */
static size_t in_page(u64 addr, u64 size)
{
	return min_t(u64, size, PAGE_SIZE - offset_in_page(addr));
}

static int keep_running(struct copy *copy)
{
	return nv_model_channel_runs(copy->channel) ? 0 : -ECANCELED;
}

/* @pattern is a page of elements, and more than one more. */
static int fill_line(struct copy *copy, u64 addr, u8 *pattern)
{
	u64 left = (u64)copy->length * copy->dst_element, n, sparse;
	u32 phase = 0;
	int ret = 0;

	while (left && !ret) {
		n = in_page(addr, left);
		ret = nv_model_write_or_skip(copy->channel, addr,
					     pattern + phase, n, &sparse) ?:
		      keep_running(copy);
		n = max(n, min(left, sparse));
		addr += n;
		left -= n;
		div_u64_rem(phase + n, copy->dst_element, &phase);
	}

	return ret;
}

static int fill(struct copy *copy)
{
	u8 *pattern = copy->channel->line_out;
	int ret = 0;

	for (unsigned int i = 0; i + copy->dst_element <=
				 sizeof(copy->channel->line_out);
	     i += copy->dst_element)
		remap_element(&copy->remap, NULL, pattern + i);

	for (u32 line = 0; line < copy->lines && !ret; line++)
		ret = fill_line(copy, copy->dst.base + line * copy->dst.pitch,
				pattern);

	return ret;
}

static int copy_line(struct copy *copy, u64 src, u64 dst)
{
	void *bounce = copy->channel->line_in;
	u64 left = copy->length;
	int ret = 0;

	while (left && !ret) {
		size_t n = min(in_page(src, left), in_page(dst, left));

		ret = nv_model_read(copy->channel, src, bounce, n) ?:
		      nv_model_write(copy->channel, dst, bounce, n) ?:
		      keep_running(copy);
		src += n;
		dst += n;
		left -= n;
	}

	return ret;
}

static int copy_lines(struct copy *copy)
{
	int ret = 0;

	for (u32 line = 0; line < copy->lines && !ret; line++)
		ret = copy_line(copy, copy->src.base + line * copy->src.pitch,
				copy->dst.base + line * copy->dst.pitch);

	return ret;
}

/* Elements @at to @at + @n of a line, any layout, any remap. */
static int copy_elements(struct copy *copy, u32 line, u64 at, u32 n)
{
	struct nv_model_channel *channel = copy->channel;
	u32 src = copy->src_element, dst = copy->dst_element;
	u8 *in = channel->line_in, *out = channel->line_out;
	int ret = 0;

	if (copy->remap.reads)
		ret = nv_model_surface_read(channel, &copy->src, line, at * src,
					    in, n * src);
	if (!ret && copy->remap.keeps)
		ret = nv_model_surface_read(channel, &copy->dst, line, at * dst,
					    out, n * dst);
	if (ret)
		return ret;

	for (u32 i = 0; i < n && copy->remap.active; i++)
		remap_element(&copy->remap, in + i * src, out + i * dst);

	return nv_model_surface_write(channel, &copy->dst, line, at * dst,
				      copy->remap.active ? out : in, n * dst);
}

static int copy_any(struct copy *copy)
{
	u32 step = PAGE_SIZE / MAX_ELEMENT;
	int ret = 0;

	for (u32 line = 0; line < copy->lines && !ret; line++) {
		for (u64 at = 0; at < copy->length && !ret; at += step)
			ret = copy_elements(copy, line, at,
					    min_t(u64, step,
						  copy->length - at)) ?:
			      keep_running(copy);
	}

	return ret;
}

static int transfer(struct nv_model_channel *channel, struct nv_object *object,
		    u32 launch)
{
	struct nv_stats *stats = &channel->model->stats;
	struct copy copy = { .channel = channel };
	int ret;

	if (!copy_init(&copy, object, launch))
		return nv_model_fault(channel, NV_FAULT_METHOD);

	/* A barrier is a launch of nothing. */
	if (!copy.length || !copy.lines)
		return 0;

	if (!copy.remap.active && !copy.src.blocks && !copy.dst.blocks)
		ret = copy_lines(&copy);
	else if (!copy.remap.reads && !copy.remap.keeps && !copy.dst.blocks)
		ret = fill(&copy);
	else
		ret = copy_any(&copy);
	if (ret)
		return ret;

	atomic64_inc(&stats->copies);
	atomic64_add((u64)copy.lines * copy.length * copy.dst_element,
		     &stats->copied_bytes);
	return 0;
}

static int copy_release(struct nv_model_channel *channel, struct nv_object *object,
			u32 launch)
{
	u32 type = FIELD_GET(NV_LAUNCH_SEMAPHORE, launch);
	struct nv_release release = {
		.addr = nv_reg_addr(object, NV_COPY_SEMAPHORE_A),
		.payload = nv_reg(object, NV_COPY_SEMAPHORE_PAYLOAD),
		.timestamp = type == NV_LAUNCH_SEM_FOUR_WORDS,
		.reduce = launch & NV_LAUNCH_RED_ENABLE,
		.is_signed = !(launch & NV_LAUNCH_RED_UNSIGNED),
		.reduction = FIELD_GET(NV_LAUNCH_RED_OP, launch),
	};

	if (type == NV_LAUNCH_SEM_NONE)
		return 0;
	if (type > NV_LAUNCH_SEM_FOUR_WORDS ||
	    (release.reduce && release.reduction >= NV_REDUCTIONS))
		return nv_model_fault(channel, NV_FAULT_METHOD);

	return nv_model_release(channel, &release);
}

static int copy_launch(struct nv_model_channel *channel,
		       struct nv_object *object, u32 launch)
{
	int ret = 0;

	/* Physical addresses are for the kernel, which does not use them. */
	if ((launch & (NV_LAUNCH_SRC_PHYSICAL | NV_LAUNCH_DST_PHYSICAL)) ||
	    FIELD_GET(NV_LAUNCH_TRANSFER, launch) == 3)
		return nv_model_fault(channel, NV_FAULT_METHOD);

	switch (nv_reg(object, NV_COPY_RENDER_ENABLE_C)) {
	case NV_COPY_RENDER_TRUE:
		if (FIELD_GET(NV_LAUNCH_TRANSFER, launch))
			ret = transfer(channel, object, launch);
		break;
	case NV_COPY_RENDER_FALSE:
		break;
	default:
		return nv_model_fault(channel, NV_FAULT_METHOD);
	}

	if (!ret)
		ret = copy_release(channel, object, launch);
	if (!ret && FIELD_GET(NV_LAUNCH_INTERRUPT, launch))
		nv_model_interrupt(channel);

	return ret;
}

/* One register for both coordinates, as of older classes. */
static void set_origin(struct nv_object *object, u32 x, u32 y, u32 data)
{
	object->regs[x / 4] = data & GENMASK(15, 0);
	object->regs[y / 4] = data >> 16;
}

static bool is_state(u32 method)
{
	static const struct { u16 first, last; } known[] = {
		{ NV_COPY_NOP, NV_COPY_NOP },
		{ NV_COPY_PM_TRIGGER, NV_COPY_PM_TRIGGER },
		{ NV_COPY_SEMAPHORE_A, NV_COPY_SEMAPHORE_PAYLOAD },
		{ NV_COPY_RENDER_ENABLE_A, NV_COPY_RENDER_ENABLE_C },
		{ NV_COPY_SRC_PHYS_MODE, NV_COPY_DST_PHYS_MODE },
		{ NV_COPY_OFFSET_IN, NV_COPY_LINE_COUNT },
		{ NV_COPY_REMAP_CONST_A, NV_COPY_DST_ORIGIN },
		{ NV_COPY_SRC_BLOCK_SIZE, NV_COPY_SRC_ORIGIN },
		{ NV_COPY_SRC_ORIGIN_X, NV_COPY_DST_ORIGIN_Y },
		{ NV_COPY_PM_TRIGGER_END, NV_COPY_PM_TRIGGER_END },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		if (method >= known[i].first && method <= known[i].last)
			return true;
	}

	return false;
}

/**
 * nv_model_copy_method() - run a method of the copy engine
 * @channel: the channel
 * @object: the subchannel's object
 * @method: its offset in bytes
 * @data: its value
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT; -ECANCELED.
 */
int nv_model_copy_method(struct nv_model_channel *channel,
			 struct nv_object *object, u32 method, u32 data)
{
	switch (method) {
	case NV_COPY_LAUNCH:
		return copy_launch(channel, object, data);
	case NV_COPY_DST_ORIGIN:
		set_origin(object, NV_COPY_DST_ORIGIN_X, NV_COPY_DST_ORIGIN_Y,
			   data);
		return 0;
	case NV_COPY_SRC_ORIGIN:
		set_origin(object, NV_COPY_SRC_ORIGIN_X, NV_COPY_SRC_ORIGIN_Y,
			   data);
		return 0;
	default:
		if (is_state(method))
			return 0;
		return nv_model_object_ignored(channel, object, method, false);
	}
}
