// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A memory cgroup, in a mount of its own.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "file.h"
#include "ktap.h"

#define ROOT "/tmp/ktap-cgroup"
#define GROUP ROOT "/case"

/* What stays in lists of each CPU, and is nobody's fault. */
#define LEFT_MAX (2 << 20)

static uint64_t current_bytes(void)
{
	FILE *file = fopen(GROUP "/memory.current", "r");
	unsigned long long n;

	CHECK(file);
	CHECK(fscanf(file, "%llu", &n) == 1);
	fclose(file);
	return n;
}

void cgroup_make(uint64_t limit)
{
	char text[32];

	mkdir(ROOT, 0700);
	if (mount("cgroup2", ROOT, "cgroup2", 0, NULL) && errno != EBUSY)
		SKIP("no cgroup2: %s", strerror(errno));
	if (file_write(ROOT "/cgroup.subtree_control", "+memory"))
		SKIP("no memory controller");
	CHECK(!mkdir(GROUP, 0700) || errno == EEXIST);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)limit);
	OK(file_write(GROUP "/memory.max", text));
	file_write(GROUP "/memory.swap.max", "0");
}

void cgroup_enter(void)
{
	OK(file_write(GROUP "/cgroup.procs", "0"));
}

void cgroup_ends(void)
{
	uint64_t left = 0;

	for (int i = 0; i < 150; i++) {
		left = current_bytes();
		if (left < LEFT_MAX)
			break;
		usleep(20000);
	}
	if (left >= LEFT_MAX)
		FAIL("%llu bytes are left", (unsigned long long)left);
	OK(rmdir(GROUP) ? -errno : 0);
	OK(umount(ROOT) ? -errno : 0);
}
