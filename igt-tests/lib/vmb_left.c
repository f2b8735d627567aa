// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What subtests leave behind.
 */
#include <sys/mman.h>
#include <sys/time.h>

#include "vmb_left.h"

#define FILES 64

struct mapping {
	struct mapping *next;
	void *start;
	uint64_t size;
};

static struct mapping *mappings;
static int files[FILES];
static unsigned int num_files;
static struct vmb_load *load;
static const struct vmb_driver *limited;

void vmb_left_file(int fd)
{
	igt_assert(num_files < FILES);
	files[num_files++] = fd;
}

void vmb_left_no_file(int fd)
{
	for (unsigned int i = 0; i < num_files; i++)
		if (files[i] == fd)
			files[i--] = files[--num_files];
}

void vmb_left_mapping(void *start, uint64_t size)
{
	struct mapping *m = malloc(sizeof(*m));

	igt_assert(m);
	*m = (struct mapping){ mappings, start, size };
	mappings = m;
}

void vmb_left_no_mapping(void *start)
{
	for (struct mapping **at = &mappings, *m; (m = *at); at = &m->next) {
		if (m->start != start)
			continue;

		*at = m->next;
		free(m);
		return;
	}
}

void vmb_left_load(struct vmb_load *running)
{
	load = running;
}

/* It is not of a file, so it has to be undone however this ends. */
static void unlimit(int signal)
{
	int fd = num_files ? files[0] : -1;

	(void)signal;
	if (!limited)
		return;

	limited->memory_limit(fd, 0);
	limited->memory_shrink(fd, false);
	limited = NULL;
}

void vmb_left_memory(const struct vmb_driver *drv)
{
	igt_install_exit_handler(unlimit);
	limited = drv;
}

/* Nothing is asserted: this may be what comes after a failure. */
void vmb_left_clean(void)
{
	static const struct itimerval none;

	setitimer(ITIMER_REAL, &none, NULL);
	if (load)
		vmb_load_abandon(load);
	load = NULL;
	unlimit(0);
	while (num_files)
		close(files[--num_files]);
	while (mappings) {
		struct mapping *m = mappings;

		mappings = m->next;
		munmap(m->start, m->size);
		free(m);
	}
}
