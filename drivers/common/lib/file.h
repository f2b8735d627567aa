/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 */
#ifndef FILE_H
#define FILE_H

/** file_write() - text to a file of the kernel; 0 or a negative errno */
int file_write(const char *path, const char *text);

#endif
