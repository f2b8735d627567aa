// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Macros of the 3D class: small programs that turn parameters into methods.
 *
 * They are not run. But a program that can draw must not be passed over, or the
 * client would take an image that nobody has drawn for one that is. So the
 * instructions are kept, and a call of a macro that sends a method at which
 * something is drawn ends the channel, as the method itself would.
 *
 * An instruction has three words, the highest first. Two 16-bit immediates and
 * two outputs are all that matters here. An output may take a method from an
 * immediate, which also says by how much the method counts on, and may send a
 * value to where that is now. How often a loop goes round is not looked at: what
 * is sent to one method after the other is sent by instructions in a row.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/minmax.h>

#include "nv_model.h"

#define GROUP_WORDS	3
/* Where an output takes its method from. */
#define OUT_IMMED0	5
#define OUT_IMMED1	6
/* An output, two of which are in the first word. */
#define OUT0_SHIFT	18
#define OUT1_SHIFT	25
#define OUT_METHOD	GENMASK(2, 0)
#define OUT_EMIT	GENMASK(6, 3)
/* The rest of a method output says how it counts on. */
#define METHOD_BITS	12
#define METHOD_MASK	GENMASK(METHOD_BITS - 1, 0)

/**
 * nv_model_mme_method() - run a method that loads macros
 * @channel: the channel
 * @method: its offset in bytes, from 0x114 to 0x120
 * @data: its value
 *
 * What does not fit into the memories of the hardware goes nowhere.
 *
 * Context: the channel's work.
 * Return: 0.
 */
int nv_model_mme_method(struct nv_model_channel *channel, u32 method, u32 data)
{
	struct nv_mme *mme = &channel->mme;

	switch (method) {
	case NV_MME_CODE_POINTER:
		mme->code_at = data;
		break;
	case NV_MME_CODE:
		if (mme->code_at < NV_MME_CODE_WORDS)
			mme->code[mme->code_at++] = data;
		break;
	case NV_MME_START_POINTER:
		mme->start_at = data;
		break;
	case NV_MME_START:
		if (mme->start_at < NV_MME_MACROS) {
			__set_bit(mme->start_at, mme->defined);
			mme->start[mme->start_at++] = data;
		}
		break;
	}

	return 0;
}

/* Where the next value goes, in words, and by how much that counts on. */
struct method {
	u32 at, step;
};

/* Whether the output sends to a method that draws, or is about to. */
static bool output_draws(struct method *method, u32 output, u16 immed0, u16 immed1)
{
	u32 source = FIELD_GET(OUT_METHOD, output);
	u16 immed = source == OUT_IMMED0 ? immed0 : immed1;
	bool draws;

	if (source == OUT_IMMED0 || source == OUT_IMMED1) {
		method->at = immed & METHOD_MASK;
		method->step = immed >> METHOD_BITS;
	} else if (source) {
		/* Computed: it is not known, and is that of no draw. */
		*method = (struct method){ 0 };
	}
	draws = nv_model_draws(NV_CLASS_3D, method->at * 4);
	if (FIELD_GET(OUT_EMIT, output))
		method->at += method->step;

	return draws && (source || FIELD_GET(OUT_EMIT, output));
}

static bool group_draws(struct method *method, const u32 *words)
{
	u16 immed0 = words[2] >> 30 | words[1] << 2;
	u16 immed1 = words[0] >> 2;

	return output_draws(method, words[0] >> OUT0_SHIFT, immed0, immed1) ||
	       output_draws(method, words[0] >> OUT1_SHIFT, immed0, immed1);
}

/* A macro ends where the next one begins. */
static u32 macro_end(const struct nv_mme *mme, u32 start)
{
	u32 end = NV_MME_CODE_WORDS, i;

	for_each_set_bit(i, mme->defined, NV_MME_MACROS) {
		if (mme->start[i] > start)
			end = min(end, mme->start[i]);
	}

	return end;
}

/**
 * nv_model_mme_call() - call a macro, or give it one more parameter
 * @channel: the channel
 * @method: its offset in bytes, from 0x3800 on
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT if it draws.
 */
int nv_model_mme_call(struct nv_model_channel *channel, u32 method)
{
	const struct nv_mme *mme = &channel->mme;
	u32 macro = (method - NV_MME_CALL) / 8, end;
	struct method next = { 0 };

	atomic64_inc(&channel->model->stats.macros);
	if (method % 8 || macro >= NV_MME_MACROS ||
	    !test_bit(macro, mme->defined))
		return 0;

	end = macro_end(mme, mme->start[macro]);
	for (u32 at = mme->start[macro]; at + GROUP_WORDS <= end;
	     at += GROUP_WORDS) {
		if (group_draws(&next, &mme->code[at]))
			return nv_model_fault(channel, NV_FAULT_METHOD);
	}

	return 0;
}
