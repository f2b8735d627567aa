/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What a subtest opens and maps. One that fails jumps out in the middle, and one
 * process may run many: so the next one begins by closing what is left. That
 * includes what a subtest that passed did not care to unmap, because a mapping
 * keeps the open file with all its VMs.
 */
#ifndef VMB_LEFT_H
#define VMB_LEFT_H

#include "vmb.h"

void vmb_left_file(int fd);
void vmb_left_no_file(int fd);
void vmb_left_mapping(void *start, uint64_t size);
void vmb_left_no_mapping(void *start);
/** vmb_left_load() - a load that runs; NULL: none */
void vmb_left_load(struct vmb_load *load);
/** vmb_left_memory() - a driver whose memory was limited */
void vmb_left_memory(const struct vmb_driver *drv);
/** vmb_left_clean() - close, unmap and stop all that was not */
void vmb_left_clean(void);

#endif
