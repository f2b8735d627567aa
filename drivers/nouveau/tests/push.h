/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Commands for a channel: headers and methods, as Turing has them.
 */
#ifndef PUSH_H
#define PUSH_H

#include <stdint.h>

/**
 * struct push - commands in the making
 */
struct push {
	uint32_t *words;
	uint32_t count;
	uint32_t room;
	/** @addr: where the device finds them */
	uint64_t addr;
};

/* Subchannels. */
#define SUBC_3D		0
#define SUBC_COPY	4

/** push_word() - one word as it is */
void push_word(struct push *p, uint32_t word);
/** push_mthd() - a header for @count methods in a row */
void push_mthd(struct push *p, unsigned int subc, uint32_t method,
	       unsigned int count);
/** push_copy() - in one line */
void push_copy(struct push *p, uint64_t to, uint64_t from, uint32_t size);
/** push_fill() - with words of 32 bits */
void push_fill(struct push *p, uint64_t to, uint32_t value, uint32_t words);
/** push_write() - one word, by a semaphore of the copy engine */
void push_write(struct push *p, uint64_t to, uint32_t value);
/* Semaphores of the host. */
void push_release(struct push *p, uint64_t addr, uint32_t value);
void push_acquire(struct push *p, uint64_t addr, uint32_t value);
/** push_object() - bind a class to a subchannel */
void push_object(struct push *p, unsigned int subc, uint32_t oclass);
/** push_draw() - what this device cannot do */
void push_draw(struct push *p);

#endif
