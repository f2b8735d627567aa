// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Fault injection by its files in debugfs and procfs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "ktap.h"

#define DEBUGFS "/sys/kernel/debug/"
#define FAIL_BIND DEBUGFS "drm_gpuvm_ref/fail_bind/"

static int fail_nth;

static void set(const char *dir, const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		SKIP("no %s", path);
	if (write(fd, value, strlen(value)) < 0)
		FAIL("%s: %s", path, strerror(errno));
	close(fd);
}

void inject_bind_failure(unsigned int good, unsigned int bad)
{
	char space[16], times[16];

	snprintf(space, sizeof(space), "%u", good);
	snprintf(times, sizeof(times), "%u", bad);
	set(FAIL_BIND, "verbose", "0");
	set(FAIL_BIND, "interval", "1");
	set(FAIL_BIND, "space", space);
	set(FAIL_BIND, "times", times);
	set(FAIL_BIND, "probability", bad ? "100" : "0");
}

void inject_allocations(void)
{
	static const char *const attrs[] = {
		DEBUGFS "failslab/", DEBUGFS "fail_page_alloc/",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(attrs); i++) {
		set(attrs[i], "ignore-gfp-wait", "N");
		set(attrs[i], "verbose", "0");
	}
	set(attrs[1], "min-order", "0");
	set(attrs[1], "ignore-gfp-highmem", "Y");

	/* Open from now on: to open it takes an allocation. */
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		SKIP("no /proc/thread-self/fail-nth");
}

void inject_user_pages(void)
{
	set(DEBUGFS "fail_page_alloc/", "ignore-gfp-highmem", "N");
}

void inject_nth(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	CHECK(pwrite(fail_nth, text, length, 0) == length);
}

bool inject_end(void)
{
	char text[16] = "";

	/* What is left to count, 0 if it came to that. */
	CHECK(pread(fail_nth, text, sizeof(text) - 1, 0) > 0);
	CHECK(pwrite(fail_nth, "0", 1, 0) == 1);
	return !strtoul(text, NULL, 10);
}
