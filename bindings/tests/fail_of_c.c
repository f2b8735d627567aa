// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Allocations that fail on purpose, for cases in Rust: those of the core's suites.
 */
#include <kunit/test-bug.h>

#include "../../drm/tests/gpuvm_fail_alloc.c"
#include "fail_of_c.h"

/**
 * gpuvm_rust_fail_available() - whether gk_fail_alloc_arm() works
 *
 * Context: a KUnit case.
 * Return: whether.
 */
bool gpuvm_rust_fail_available(void)
{
	return gk_fail_alloc_available(kunit_get_current_test());
}
