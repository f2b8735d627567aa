// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Arrays that grow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evgem.h"

void *evgem_array_append(struct evgem_array *array, size_t size)
{
	void *element;

	if (array->error)
		return NULL;

	if (array->size + size > array->capacity) {
		size_t capacity = 2 * array->capacity + size + 256;
		void *data = realloc(array->data, capacity);

		if (!data) {
			array->error = -ENOMEM;
			return NULL;
		}
		array->data = data;
		array->capacity = capacity;
	}

	element = (char *)array->data + array->size;
	array->size += size;
	return memset(element, 0, size);
}

void evgem_array_free(struct evgem_array *array)
{
	free(array->data);
	*array = (struct evgem_array){ 0 };
}
