// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmb.h"
#include "vmb_call.h"

#define FAIL_BIND "/sys/kernel/debug/drm_gpuvm_ref/fail_bind/"

int vmb_ioctl(int fd, unsigned long request, void *arg)
{
	return igt_ioctl(fd, request, arg) ? -errno : 0;
}

struct vmb_placed vmb_place(const void *elements, uint32_t count, size_t size,
			    size_t stride, bool cut)
{
	size_t bytes = (count * stride + VMB_PAGE - 1) / VMB_PAGE * VMB_PAGE;
	uint32_t readable = cut ? count - 1 : count;
	struct vmb_placed placed = { .length = bytes + VMB_PAGE };
	uint8_t *end;

	placed.pages = mmap(NULL, placed.length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(placed.pages != MAP_FAILED);
	end = placed.pages + bytes;
	igt_assert(!mprotect(end, VMB_PAGE, PROT_NONE));

	placed.first = end - readable * stride;
	for (uint32_t i = 0; i < readable; i++)
		memcpy(placed.first + i * stride,
		       (const uint8_t *)elements + i * size, size);

	return placed;
}

void vmb_unplace(struct vmb_placed *placed)
{
	munmap(placed->pages, placed->length);
}

int vmb_set_number(const char *path, uint64_t number)
{
	char text[24];
	int file, ret;

	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	ret = write(file, text, strlen(text)) < 0 ? -errno : 0;
	close(file);
	return ret;
}

bool vmb_can_break_binds(void)
{
	return !access(FAIL_BIND "probability", W_OK);
}

int vmb_break_binds(int fd, unsigned int good, unsigned int bad)
{
	const struct {
		const char *path;
		unsigned int value;
	} files[] = {
		{ FAIL_BIND "verbose", 0 },
		{ FAIL_BIND "interval", 1 },
		{ FAIL_BIND "space", good },
		{ FAIL_BIND "times", bad },
		{ FAIL_BIND "probability", bad ? 100 : 0 },
	};
	int ret = 0;

	(void)fd;
	for (unsigned int i = 0; i < ARRAY_SIZE(files) && !ret; i++)
		ret = vmb_set_number(files[i].path, files[i].value);

	return ret;
}
