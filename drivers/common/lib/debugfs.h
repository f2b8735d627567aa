/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The files of a device in debugfs. Where that cannot be read, these functions
 * skip the case; where it can and the file is not there, they fail it.
 */
#ifndef DEBUGFS_H
#define DEBUGFS_H

#include <stdio.h>

/** define DEBUGFS_PATH - length of a path, its end included */
#define DEBUGFS_PATH 96

/** debugfs_path() - of a file of the device that @fd is open on */
void debugfs_path(int fd, const char *name, char path[DEBUGFS_PATH]);
/** debugfs_open() - the same, for reading */
FILE *debugfs_open(int fd, const char *name);

#endif
