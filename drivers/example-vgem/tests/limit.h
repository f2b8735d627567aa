/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Parameters of the module, for a while.
 */
#ifndef LIMIT_H
#define LIMIT_H

/**
 * with_limit() - run something while a parameter of the module is another
 *
 * In a child, so that the parameter is as before whatever becomes of it. The
 * case fails if the child does.
 */
void with_limit(int fd, const char *name, unsigned int value,
		void (*run)(int fd));

#endif
