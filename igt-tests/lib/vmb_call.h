/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the files in drivers/ have in common: how a call is made, arrays that
 * end where the memory of the process ends, and numbers in files of the kernel.
 */
#ifndef VMB_CALL_H
#define VMB_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** vmb_ioctl() - 0 or a negative errno */
int vmb_ioctl(int fd, unsigned long request, void *arg);

/**
 * struct vmb_placed - an array for an ioctl
 */
struct vmb_placed {
	/** @first: its first element */
	uint8_t *first;
	/** @pages: where it is */
	uint8_t *pages;
	/** @length: of @pages, in bytes */
	size_t length;
};

/**
 * vmb_place() - copy an array to the end of what can be read
 * @elements: @count of them, @size bytes each
 * @count: of elements
 * @size: of an element, in bytes
 * @stride: from one to the next in the copy, with zeroes between
 * @cut: the last one is missing, and is where nobody can read
 *
 * Behind it is a page that nobody can read. vmb_unplace() frees it.
 */
struct vmb_placed vmb_place(const void *elements, uint32_t count, size_t size,
			    size_t stride, bool cut);
void vmb_unplace(struct vmb_placed *placed);

/** vmb_set_number() - write it to a file; 0 or a negative errno */
int vmb_set_number(const char *path, uint64_t number);

/** vmb_can_break_binds() - whether the core of this kernel offers it */
bool vmb_can_break_binds(void);
/** vmb_break_binds() - &vmb_driver.break_binds for all that are on that core */
int vmb_break_binds(int fd, unsigned int good, unsigned int bad);

#endif
