// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The demo's own idea of the VA space: split and merge once more, as plainly as
 * it can be put, to hold against what the kernel did.
 */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "space.h"

static void insert(struct space *space, size_t at, struct piece piece)
{
	if (space->count == MAX_PIECES)
		abort();
	memmove(&space->pieces[at + 1], &space->pieces[at],
		(space->count - at) * sizeof(piece));
	space->pieces[at] = piece;
	space->count++;
}

static void erase(struct space *space, size_t at)
{
	space->count--;
	memmove(&space->pieces[at], &space->pieces[at + 1],
		(space->count - at) * sizeof(space->pieces[0]));
}

void space_unmap(struct space *space, uint64_t start, uint64_t size)
{
	uint64_t end = start + size;
	size_t i = 0;

	while (i < space->count) {
		struct piece old = space->pieces[i];
		struct piece tail = old;

		if (old.end <= start || old.start >= end) {
			i++;
			continue;
		}

		erase(space, i);
		if (old.start < start) {
			old.end = start;
			insert(space, i++, old);
		}
		if (tail.end > end) {
			tail.offset += end - tail.start;
			tail.start = end;
			insert(space, i++, tail);
		}
	}
}

void space_map(struct space *space, uint64_t start, uint64_t size, char name,
	       uint64_t offset)
{
	struct piece piece = { start, start + size, offset, name };
	size_t i = 0;

	space_unmap(space, start, size);
	while (i < space->count && space->pieces[i].start < start)
		i++;
	insert(space, i, piece);
}

/* Reads the mappings below the headline of our VM; false if it is not there. */
static bool parse_dump(FILE *file, uint64_t vm_start, uint64_t vm_end,
		       struct space *kernel)
{
	bool found = false;
	char line[256];

	kernel->count = 0;
	while (fgets(line, sizeof(line), file)) {
		struct piece piece = { 0 };
		uint64_t start, end;

		if (!strncmp(line, "VM ", 3)) {
			if (found)
				break;
			found = sscanf(line, "VM %*s [%" SCNx64 ", %" SCNx64,
				       &start, &end) == 2 &&
				start == vm_start && end == vm_end;
			continue;
		}

		if (found && kernel->count < MAX_PIECES &&
		    sscanf(line, "%" SCNx64 " %" SCNx64 " %*s %*s + %" SCNx64,
			   &piece.start, &piece.end, &piece.offset) == 3)
			kernel->pieces[kernel->count++] = piece;
	}

	return found;
}

static bool ask_kernel(uint64_t vm_start, uint64_t vm_end,
		       struct space *kernel)
{
	bool found = false;
	glob_t paths;

	if (glob("/sys/kernel/debug/dri/*/gpuvas", 0, NULL, &paths))
		return false;

	for (size_t i = 0; i < paths.gl_pathc && !found; i++) {
		FILE *file = fopen(paths.gl_pathv[i], "r");

		if (!file)
			continue;
		found = parse_dump(file, vm_start, vm_end, kernel);
		fclose(file);
	}

	globfree(&paths);
	return found;
}

enum kernel_view space_compare(const struct space *space, uint64_t vm_start,
			       uint64_t vm_end)
{
	struct space kernel;

	if (!ask_kernel(vm_start, vm_end, &kernel))
		return KERNEL_UNREADABLE;

	if (kernel.count != space->count)
		return KERNEL_DIFFERS;

	for (size_t i = 0; i < kernel.count; i++) {
		const struct piece *a = &space->pieces[i];
		const struct piece *b = &kernel.pieces[i];

		if (a->start != b->start || a->end != b->end ||
		    a->offset != b->offset)
			return KERNEL_DIFFERS;
	}

	return KERNEL_AGREES;
}
