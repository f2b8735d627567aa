// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Inline to memory: data words of the push buffer become the lines of an image.
 * Each line begins with a new word.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>

#include "nv_model.h"

static int inline_launch(struct nv_model_channel *channel, struct nv_object *object,
			 u32 data)
{
	if (data & NV_I2M_LAUNCH_REDUCTION)
		return nv_model_fault(channel, NV_FAULT_METHOD);

	object->line = 0;
	object->at = 0;
	object->receiving = nv_reg(object, NV_I2M_LINE_LENGTH) &&
			    nv_reg(object, NV_I2M_LINE_COUNT);
	return 0;
}

static int inline_done(struct nv_model_channel *channel, struct nv_object *object)
{
	u32 data = nv_reg(object, NV_I2M_LAUNCH);
	const struct nv_release release = {
		.addr = nv_reg_addr(object, NV_I2M_SEMAPHORE_A),
		.payload = nv_reg(object, NV_I2M_SEMAPHORE_C),
		.timestamp = !(data & NV_I2M_LAUNCH_ONE_WORD),
	};
	int ret = 0;

	object->receiving = false;
	if (FIELD_GET(NV_I2M_LAUNCH_COMPLETION, data) ==
	    NV_I2M_COMPLETION_SEMAPHORE)
		ret = nv_model_release(channel, &release);
	if (!ret && FIELD_GET(NV_I2M_LAUNCH_INTERRUPT, data))
		nv_model_interrupt(channel);

	return ret;
}

static int inline_receive(struct nv_model_channel *channel, struct nv_object *object,
			  u32 data)
{
	u32 length = nv_reg(object, NV_I2M_LINE_LENGTH);
	u32 n = min_t(u32, length - object->at, sizeof(data));
	struct nv_surface surface = {
		.base = nv_reg_addr(object, NV_I2M_OFFSET_OUT),
		.pitch = nv_reg(object, NV_I2M_PITCH_OUT),
	};
	int ret;

	if (!(nv_reg(object, NV_I2M_LAUNCH) & NV_I2M_LAUNCH_PITCH)) {
		surface.x = nv_reg(object, NV_I2M_ORIGIN_X);
		surface.y = nv_reg(object, NV_I2M_ORIGIN_Y);
		if (!nv_model_surface_blocks(&surface,
					     &object->regs[NV_I2M_BLOCK_SIZE / 4],
					     1))
			return nv_model_fault(channel, NV_FAULT_METHOD);
	}

	ret = nv_model_surface_write(channel, &surface, object->line,
				     object->at, &data, n);
	if (ret)
		return ret;

	atomic64_add(n, &channel->model->stats.inline_bytes);
	object->at += n;
	if (object->at < length)
		return 0;

	object->at = 0;
	if (++object->line < nv_reg(object, NV_I2M_LINE_COUNT))
		return 0;

	return inline_done(channel, object);
}

/**
 * nv_model_inline_method() - run a method of inline-to-memory
 * @channel: the channel
 * @object: the subchannel's object
 * @method: its offset in bytes, from 0x180 to 0x1e4
 * @data: its value
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_inline_method(struct nv_model_channel *channel,
			   struct nv_object *object, u32 method, u32 data)
{
	switch (method) {
	case NV_I2M_LAUNCH:
		return inline_launch(channel, object, data);
	case NV_I2M_DATA:
		if (object->receiving)
			return inline_receive(channel, object, data);
		return nv_model_object_ignored(channel, object, method, false);
	default:
		return 0;
	}
}
