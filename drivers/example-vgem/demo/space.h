/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the demo believes is mapped, what the kernel says is mapped, and a
 * picture of it.
 */
#ifndef DEMO_SPACE_H
#define DEMO_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct piece - a mapping
 */
struct piece {
	uint64_t start, end;
	uint64_t offset;
	/** @name: letter of the BO; 0 where only the kernel knows it */
	char name;
};

#define MAX_PIECES 32

/**
 * struct space - the mappings of a VM, ordered by address
 */
struct space {
	struct piece pieces[MAX_PIECES];
	size_t count;
};

void space_map(struct space *space, uint64_t start, uint64_t size, char name,
	       uint64_t offset);
void space_unmap(struct space *space, uint64_t start, uint64_t size);

enum kernel_view {
	KERNEL_AGREES,
	KERNEL_DIFFERS,
	KERNEL_UNREADABLE,
};

/**
 * space_compare() - hold it against the VM of this range in debugfs
 */
enum kernel_view space_compare(const struct space *space, uint64_t vm_start,
			       uint64_t vm_end);

/**
 * space_draw() - a bar of @columns columns of @step bytes, and a list
 */
void space_draw(const struct space *space, uint64_t start, uint64_t step,
		unsigned int columns);

#endif
