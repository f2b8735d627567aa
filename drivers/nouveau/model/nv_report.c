// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Report semaphores of the 3D and compute classes: what events, queries and
 * timestamps are made of. All counters are 0, since nothing is ever drawn.
 */
#include <linux/bitfield.h>

#include "nv_model.h"

static int report_release(struct nv_model_channel *channel, u64 addr, u32 payload,
			  u32 data)
{
	static const u8 reductions[] = {
		NV_RED_ADD, NV_RED_MIN, NV_RED_MAX, NV_RED_INC,
		NV_RED_DEC, NV_RED_AND, NV_RED_OR, NV_RED_XOR,
	};
	const struct nv_release release = {
		.addr = addr,
		.payload = payload,
		.timestamp = !(data & NV_REPORT_ONE_WORD),
		.reduce = data & NV_REPORT_RED_ENABLE,
		.is_signed = data & NV_REPORT_RED_SIGNED,
		.reduction = reductions[FIELD_GET(NV_REPORT_RED_OP, data)],
	};
	int ret = nv_model_release(channel, &release);

	if (!ret && (data & NV_REPORT_AWAKEN))
		nv_model_interrupt(channel);

	return ret;
}

/**
 * nv_model_report_method() - run a method of report semaphores
 * @channel: the channel
 * @object: the subchannel's object
 * @method: its offset in bytes, from 0x1b00 to 0x1b0c
 * @data: its value
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT; -EAGAIN if an acquire waits.
 */
int nv_model_report_method(struct nv_model_channel *channel,
			   struct nv_object *object, u32 method, u32 data)
{
	u32 *regs = object->report;
	struct nv_acquire acquire = {
		.op = data & NV_REPORT_COMPARE_GE ? NV_SEM_CIRC_GE : NV_SEM_EQ,
		.addr = (u64)(regs[0] & 0xff) << 32 | regs[1],
		.payload = regs[2],
	};

	regs[(method - NV_REPORT_A) / 4] = data;
	if (method != NV_REPORT_D)
		return 0;

	switch (FIELD_GET(NV_REPORT_OP, data)) {
	case NV_REPORT_RELEASE:
		return report_release(channel, acquire.addr, regs[2], data);
	case NV_REPORT_ACQUIRE:
		return nv_model_acquire(channel, &acquire);
	case NV_REPORT_ONLY:
		return report_release(channel, acquire.addr, 0, data);
	default:
		nv_model_interrupt(channel);
		return 0;
	}
}
