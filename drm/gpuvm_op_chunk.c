// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The memory of a list of operations, see gpuvm_op_chunk.h.
 */
#include <linux/minmax.h>
#include <linux/slab.h>

#include "gpuvm_op_chunk.h"

/* A size that the slab has, else part of each chunk would be for nothing. */
static_assert(sizeof(struct gpuvm_op_list) == GPUVM_OP_CHUNK_MIN);
/* Whatever did not fit fits into the next chunk. */
static_assert(2 * GPUVM_OP_CHUNK_MIN - sizeof(struct gpuvm_op_chunk) >=
	      sizeof(struct drm_gpuva_op));

/**
 * gpuvm_op_list_new() - make an empty list
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: the list, freed by gpuvm_op_list_free(); or NULL.
 */
struct drm_gpuva_ops *gpuvm_op_list_new(void)
{
	struct gpuvm_op_list *list = kmalloc(sizeof(*list), GFP_KERNEL);

	if (!list)
		return NULL;

	INIT_LIST_HEAD(&list->base.list);
	list->base.__chunks = list;
	list->base.__size = sizeof(*list);
	list->base.__left = sizeof(list->bytes);

	return &list->base;
}

/**
 * gpuvm_op_list_free() - free a list and all memory that goes with it
 * @ops: a list that gpuvm_op_list_new() made, or that a driver allocated
 *
 * Context: process.
 */
void gpuvm_op_list_free(struct drm_gpuva_ops *ops)
{
	void *chunk = ops->__chunks;

	while (chunk && chunk != ops) {
		void *older = ((struct gpuvm_op_chunk *)chunk)->older;

		kfree(chunk);
		chunk = older;
	}

	kfree(ops);
}

/**
 * gpuvm_op_list_grow() - add a chunk, from which memory is taken from here on
 * @ops: a list that gpuvm_op_list_new() made
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: 0; -ENOMEM, and then the list is as before.
 */
int gpuvm_op_list_grow(struct drm_gpuva_ops *ops)
{
	const u32 size = min_t(u32, 2 * ops->__size, GPUVM_OP_CHUNK_MAX);
	struct gpuvm_op_chunk *chunk = kmalloc(size, GFP_KERNEL);

	if (!chunk)
		return -ENOMEM;

	chunk->older = ops->__chunks;
	ops->__chunks = chunk;
	ops->__size = size;
	ops->__left = size - sizeof(*chunk);

	return 0;
}
