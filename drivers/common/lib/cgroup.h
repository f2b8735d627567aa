/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A memory cgroup for a process of the case, where the kernel has these. Without,
 * the case skips.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdint.h>

/** cgroup_make() - make the group, with a limit in bytes */
void cgroup_make(uint64_t limit);
/** cgroup_enter() - this process is in it from now on */
void cgroup_enter(void);
/** cgroup_ends() - all that was in its account has to be gone soon */
void cgroup_ends(void);

#endif
