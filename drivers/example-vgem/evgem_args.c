// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Arrays in user memory, copied once.
 *
 * Shows how array elements grow without a new ioctl. After the copy nothing is
 * read from user memory a second time, so what was checked is what is used.
 *
 * For your own hardware: nothing to change. When an element grows, let callers
 * also pass the size of its first version, the smallest that is accepted.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/evgem_drm.h>

#include "evgem_args.h"

#define STRIDE_MAX 4096

/**
 * evgem_array_copy() - copy an array from user memory
 * @array: where it is
 * @max: the most elements that are accepted
 * @size: sizeof() an element as the kernel knows it
 *
 * Context: process; sleeps; no lock that a page fault takes.
 * Return: the elements, @size bytes apart, to be freed with kvfree(); NULL for
 * an empty array; an ERR_PTR(): -EINVAL for too many elements or a bad stride,
 * -E2BIG for an element that has something the kernel does not know, -EFAULT,
 * -ENOMEM.
 */
void *evgem_array_copy(const struct drm_evgem_array *array, u32 max,
		       size_t size)
{
	const void __user *from = u64_to_user_ptr(array->ptr);
	void *copy;
	int ret = 0;

	if (!array->count)
		return NULL;

	if (array->count > max || array->stride < size ||
	    array->stride > STRIDE_MAX || array->stride % sizeof(u64))
		return ERR_PTR(-EINVAL);

	copy = kvmalloc_array(array->count, size, GFP_KERNEL_ACCOUNT);
	if (!copy)
		return ERR_PTR(-ENOMEM);

	if (array->stride == size) {
		if (copy_from_user(copy, from, array_size(array->count, size)))
			ret = -EFAULT;
	} else {
		for (u32 i = 0; i < array->count && !ret; i++)
			ret = copy_struct_from_user(copy + i * size, size,
						    from + (size_t)i * array->stride,
						    array->stride);
	}

	if (ret) {
		kvfree(copy);
		return ERR_PTR(ret);
	}

	return copy;
}
