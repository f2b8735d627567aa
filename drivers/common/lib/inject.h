/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Failures on request, where the kernel has fault injection. Without it these
 * functions skip the case.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * inject_bind_failure() - after @good changes of page tables @bad fail
 *
 * With one the bind is undone; with two undoing it fails as well, and the VM
 * dies; with 0 no more fail.
 */
void inject_bind_failure(unsigned int good, unsigned int bad);

/** inject_allocations() - get ready for inject_nth() */
void inject_allocations(void);
/** inject_user_pages() - pages of processes count, too; until the one before */
void inject_user_pages(void);
/** inject_nth() - the nth allocation of this thread fails, from now */
void inject_nth(unsigned int nth);
/** inject_end() - whether there were so many; no more fail */
bool inject_end(void);

#endif
