// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "debugfs.h"
#include "ktap.h"

void debugfs_path(int fd, const char *name, char path[DEBUGFS_PATH])
{
	struct stat st;

	CHECK(!fstat(fd, &st));
	snprintf(path, DEBUGFS_PATH, "/sys/kernel/debug/dri/%u/%s",
		 minor(st.st_rdev), name);
	if (access("/sys/kernel/debug/dri", R_OK | X_OK))
		SKIP("debugfs is not readable");
	if (access(path, R_OK))
		FAIL("%s is not there", path);
}

FILE *debugfs_open(int fd, const char *name)
{
	char path[DEBUGFS_PATH];
	FILE *file;

	debugfs_path(fd, name, path);
	file = fopen(path, "r");
	CHECK(file);
	return file;
}
