/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Allocations that fail on request, for the suites of the core and of drivers.
 */
#ifndef GPUVM_FAIL_ALLOC_H
#define GPUVM_FAIL_ALLOC_H

#include <kunit/test.h>

bool gk_fail_alloc_available(struct kunit *test);
void gk_fail_alloc_arm(unsigned int nth);
unsigned int gk_fail_alloc_disarm(void);

#endif
