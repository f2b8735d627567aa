// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The VA space as a bar: a letter for each page, which says whose page it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "space.h"

static bool use_colour(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") &&
	       !(term && !strcmp(term, "dumb"));
}

static bool use_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strstr(value, "UTF-8") || strstr(value, "utf8");
	}

	return false;
}

static const struct piece *piece_at(const struct space *space, uint64_t addr)
{
	for (size_t i = 0; i < space->count; i++)
		if (addr >= space->pieces[i].start &&
		    addr < space->pieces[i].end)
			return &space->pieces[i];

	return NULL;
}

static void draw_cell(const struct piece *piece)
{
	if (!piece)
		fputs(use_utf8() ? "·" : ".", stdout);
	else if (use_colour())
		printf("\033[30;4%dm%c\033[0m", 1 + (piece->name - 'A') % 6,
		       piece->name);
	else
		putchar(piece->name);
}

static void draw_marks(const struct space *space, uint64_t start,
		       uint64_t step, unsigned int columns)
{
	const struct piece *last = NULL;

	printf("%21s", "");
	for (unsigned int i = 0; i < columns; i++) {
		const struct piece *piece = piece_at(space, start + i * step);

		putchar(piece && piece != last ? '^' : ' ');
		last = piece;
	}
	putchar('\n');
}

void space_draw(const struct space *space, uint64_t start, uint64_t step,
		unsigned int columns)
{
	uint64_t end = start + columns * step;

	printf("\n    %#14" PRIx64 "  |", start);
	for (unsigned int i = 0; i < columns; i++)
		draw_cell(piece_at(space, start + i * step));
	printf("|  %" PRIu64 " KiB each\n", step >> 10);
	if (space->count)
		draw_marks(space, start, step, columns);

	for (size_t i = 0; i < space->count; i++) {
		const struct piece *piece = &space->pieces[i];

		if (piece->end <= start || piece->start >= end)
			continue;
		printf("      %c  %#" PRIx64 " to %#" PRIx64 ": BO %c from %#"
		       PRIx64 "\n", piece->name, piece->start, piece->end,
		       piece->name, piece->offset);
	}
	putchar('\n');
	fflush(stdout);
}
