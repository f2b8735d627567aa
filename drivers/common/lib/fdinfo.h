/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What /proc/PID/fdinfo tells of a file of this process.
 */
#ifndef FDINFO_H
#define FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** fdinfo_find() - the text behind a key; no key may come twice */
bool fdinfo_find(int fd, const char *key, char *value, size_t size);
/** fdinfo_number() - the number behind a key, which has to be there, and @unit */
uint64_t fdinfo_number(int fd, const char *key, const char *unit);
/** fdinfo_memory() - bytes of drm-KIND-memory; 0 where the kernel leaves it out */
uint64_t fdinfo_memory(int fd, const char *kind);

#endif
