/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The memory limit of the device, and what debugfs tells of it. These helpers end
 * the case if they fail.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "rig.h"

/**
 * struct memory - what debugfs tells; sizes in bytes, the last three only grow
 */
struct memory {
	uint64_t limit;
	uint64_t resident;
	uint64_t bos;
	uint64_t evicted;
	uint64_t restored;
	uint64_t shrunk;
};

/**
 * memory_guard() - begin a case that sets limits
 *
 * However the case ends, limits are as before when the next one begins. Skips it
 * where debugfs or the parameters cannot be reached.
 */
void memory_guard(int fd);
void memory_limit(uint64_t bytes);
/** memory_shrink() - the module parameter: 0 never, 2 always */
void memory_shrink(unsigned int mode);
struct memory memory_now(int fd);
/**
 * memory_touch() - bind a BO of that size in a VM of its own, and drop both
 *
 * Return: what the bind gives.
 */
int memory_touch(int fd, uint64_t size);
/** memory_evict_all() - evict all that is idle; no limit is left */
void memory_evict_all(int fd);
/** memory_vm_bos_evicted() - how many vm_bos say so in gpuvas.json */
unsigned int memory_vm_bos_evicted(int fd);
void memory_drop_caches(unsigned int what);

#endif
