/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/** sleep_ms() - all of that time, whatever signals come */
void sleep_ms(unsigned int ms);
/** now_ms() - of a clock that nobody sets */
uint64_t now_ms(void);

#endif
