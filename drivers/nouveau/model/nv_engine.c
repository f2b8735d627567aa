// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The classes, and what the model does with methods of engines that it lacks:
 * state is accepted without effect, and what would draw, or run a shader, ends
 * the channel. A client then learns that it lost its device, and does not take
 * memory that nobody has written for its result.
 */
#include "nv_model.h"

static bool draws_3d(u32 method)
{
	switch (method) {
	case NV_3D_DRAW_INDEX_BEGIN_END_B:
	case NV_3D_DRAW_VERTEX_BEGIN_END_B:
	case NV_3D_DRAW_ZERO_INDEX:
	case NV_3D_DRAW_VERTEX_ARRAY:
	case NV_3D_DRAW_VERTEX_FIRST:
	case NV_3D_DRAW_VERTEX_NEXT:
	case NV_3D_DRAW_AUTO:
	case NV_3D_DRAW_INLINE_4X8:
	case NV_3D_DRAW_INLINE:
	case NV_3D_DRAW_INLINE_2X16:
	case NV_3D_BEGIN:
	case NV_3D_DRAW_INDEX ... NV_3D_DRAW_INDEX8_NEXT:
	case NV_3D_CLEAR_SURFACE:
	case NV_3D_CLEAR_CLIP_ID:
		return true;
	default:
		return false;
	}
}

static bool draws_2d(u32 method)
{
	return (method >= NV_2D_SOLID_POINT && method < NV_2D_SOLID_POINT_END) ||
	       method == NV_2D_PIXELS_FROM_CPU ||
	       method == NV_2D_PIXELS_FROM_MEMORY;
}

/**
 * nv_model_draws() - whether a method is beyond the model
 * @class: the class
 * @method: its offset in bytes
 *
 * Context: any.
 * Return: true if something would be drawn, blitted or dispatched.
 */
bool nv_model_draws(u32 class, u32 method)
{
	switch (class) {
	case NV_CLASS_3D:
		return draws_3d(method);
	case NV_CLASS_2D:
		return draws_2d(method);
	case NV_CLASS_COMPUTE:
		return method == NV_COMPUTE_SEND_PCAS_B ||
		       method == NV_COMPUTE_SEND_SIGNALING_PCAS_B;
	default:
		return false;
	}
}

/**
 * nv_model_object_ignored() - note a method that has no effect
 * @channel: the channel
 * @object: the subchannel's object
 * @method: its offset in bytes
 * @known: it belongs to an engine that the model lacks; else to none
 *
 * Context: the channel's work.
 * Return: 0.
 */
int nv_model_object_ignored(struct nv_model_channel *channel,
			    struct nv_object *object, u32 method, bool known)
{
	struct nv_stats *stats = &channel->model->stats;

	atomic64_inc(known ? &stats->state : &stats->unknown);
	nv_model_stats_ignored(stats, object->class->class, method);
	return 0;
}

static bool is_inline(u32 method)
{
	return (method >= NV_I2M_LINE_LENGTH && method <= NV_I2M_DATA) ||
	       (method >= NV_I2M_SEMAPHORE_A && method <= NV_I2M_SEMAPHORE_C);
}

static int state_method(struct nv_model_channel *channel,
			struct nv_object *object, u32 method, u32 data)
{
	if (nv_model_draws(object->class->class, method))
		return nv_model_fault(channel, NV_FAULT_METHOD);

	return nv_model_object_ignored(channel, object, method, true);
}

/* What the 3D and compute classes share. */
static int shader_method(struct nv_model_channel *channel,
			 struct nv_object *object, u32 method, u32 data)
{
	if (is_inline(method))
		return nv_model_inline_method(channel, object, method, data);
	if (method >= NV_REPORT_A && method <= NV_REPORT_D)
		return nv_model_report_method(channel, object, method, data);

	return state_method(channel, object, method, data);
}

static int graphics_method(struct nv_model_channel *channel,
			   struct nv_object *object, u32 method, u32 data)
{
	if (method >= NV_MME_CALL)
		return nv_model_mme_call(channel, method);
	if (method >= NV_MME_CODE_POINTER && method <= NV_MME_START)
		return nv_model_mme_method(channel, method, data);

	return shader_method(channel, object, method, data);
}

static int inline_method(struct nv_model_channel *channel,
			 struct nv_object *object, u32 method, u32 data)
{
	if (is_inline(method))
		return nv_model_inline_method(channel, object, method, data);

	return nv_model_object_ignored(channel, object, method, false);
}

static const struct nv_class classes[] = {
	{ NV_CLASS_2D, state_method },
	{ NV_CLASS_INLINE, inline_method },
	{ NV_CLASS_3D, graphics_method },
	{ NV_CLASS_COPY, nv_model_copy_method },
	{ NV_CLASS_COMPUTE, shader_method },
};

/**
 * nv_model_class_find() - look a class up
 * @class: its number
 *
 * Context: any.
 * Return: the class, or NULL.
 */
const struct nv_class *nv_model_class_find(u32 class)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].class == class)
			return &classes[i];
	}

	return NULL;
}
