/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The memory of a list of operations.
 *
 * A list is made at once, grows at its end only and goes as a whole. So it takes
 * memory in chunks, hands out one piece after the other, and frees no piece. The
 * list itself is the beginning of the first chunk, which has room for what most
 * requests come to: a map that splits a mapping in three. Each further one is
 * twice as large as the one before, up to a page, so that a list takes at most
 * about twice of what is in it.
 */
#ifndef __GPUVM_OP_CHUNK_H__
#define __GPUVM_OP_CHUNK_H__

#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>

/** define GPUVM_OP_ALIGN - alignment of a piece: an operation has u64 members */
#define GPUVM_OP_ALIGN 8

/** define GPUVM_OP_CHUNK_MIN - bytes of the first chunk */
#define GPUVM_OP_CHUNK_MIN 256

/** define GPUVM_OP_CHUNK_MAX - bytes of the largest chunks */
#define GPUVM_OP_CHUNK_MAX 4096

/**
 * struct gpuvm_op_list - a list, and the first chunk
 */
struct gpuvm_op_list {
	/** @base: what the driver has */
	struct drm_gpuva_ops base;
	/** @bytes: where the pieces are */
	u8 bytes[GPUVM_OP_CHUNK_MIN - sizeof(struct drm_gpuva_ops)]
		__aligned(GPUVM_OP_ALIGN);
};

/**
 * struct gpuvm_op_chunk - a further chunk
 */
struct gpuvm_op_chunk {
	/** @older: the chunk before it; at the end the list */
	void *older;
	/** @bytes: where the pieces are */
	u8 bytes[] __aligned(GPUVM_OP_ALIGN);
};

struct drm_gpuva_ops *gpuvm_op_list_new(void);
void gpuvm_op_list_free(struct drm_gpuva_ops *ops);
int gpuvm_op_list_grow(struct drm_gpuva_ops *ops);

/**
 * gpuvm_op_list_take() - take memory that goes with a list
 * @ops: a list that gpuvm_op_list_new() made
 * @size: how many bytes, at most what an operation has
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: the memory, not zeroed, aligned to %GPUVM_OP_ALIGN; or NULL.
 */
static inline void *gpuvm_op_list_take(struct drm_gpuva_ops *ops, u32 size)
{
	void *piece;

	size = ALIGN(size, GPUVM_OP_ALIGN);
	if (unlikely(ops->__left < size) && gpuvm_op_list_grow(ops))
		return NULL;

	piece = (u8 *)ops->__chunks + ops->__size - ops->__left;
	ops->__left -= size;
	return piece;
}

#endif
