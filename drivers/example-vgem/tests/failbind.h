/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds of which each allocation fails in its turn; cases of evgem-failnth.
 */
#ifndef FAILBIND_H
#define FAILBIND_H

void failbind_one(int fd);
void failbind_syncs(int fd);
void failbind_arrays(int fd);
void failbind_huge(int fd);
void failbind_imported(int fd);
void failbind_repeat(int fd);
void failbind_userptr(int fd);

#endif
