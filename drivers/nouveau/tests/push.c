// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Commands for a channel.
 */
#include "ktap.h"
#include "push.h"

#define OPCODE_INCREMENTING (1u << 29)

/* Host. */
#define SET_OBJECT		0x000
#define SEMAPHOREA		0x010
#define SEMAPHORED_ACQUIRE	0x00000001
#define SEMAPHORED_RELEASE	0x00000002
#define SEMAPHORED_ONE_WORD	0x01000000

/* Copy engine. */
#define SET_SEMAPHORE_A		0x240
#define LAUNCH_DMA		0x300
#define OFFSET_IN_UPPER		0x400
#define SET_REMAP_CONST_A	0x700
/* One component of four bytes, which is constant A. */
#define REMAP_WORD_OF_A		0x00030004

#define LAUNCH_COPY		0x386
#define LAUNCH_FILL		0x586
#define LAUNCH_RELEASE		0x00c

/* 3D: the method that begins a draw of vertices. */
#define BEGIN			0x1618

void push_word(struct push *p, uint32_t word)
{
	CHECK(p->count < p->room);
	p->words[p->count++] = word;
}

void push_mthd(struct push *p, unsigned int subc, uint32_t method,
	       unsigned int count)
{
	push_word(p, OPCODE_INCREMENTING | count << 16 | subc << 13 |
		     method >> 2);
}

static void push_addr(struct push *p, uint64_t addr)
{
	push_word(p, addr >> 32);
	push_word(p, addr);
}

static void transfer(struct push *p, uint64_t to, uint64_t from,
		     uint32_t length, uint32_t launch)
{
	push_mthd(p, SUBC_COPY, OFFSET_IN_UPPER, 8);
	push_addr(p, from);
	push_addr(p, to);
	push_word(p, length);
	push_word(p, length);
	push_word(p, length);
	push_word(p, 1);
	push_mthd(p, SUBC_COPY, LAUNCH_DMA, 1);
	push_word(p, launch);
}

void push_copy(struct push *p, uint64_t to, uint64_t from, uint32_t size)
{
	transfer(p, to, from, size, LAUNCH_COPY);
}

void push_fill(struct push *p, uint64_t to, uint32_t value, uint32_t words)
{
	push_mthd(p, SUBC_COPY, SET_REMAP_CONST_A, 3);
	push_word(p, value);
	push_word(p, 0);
	push_word(p, REMAP_WORD_OF_A);
	transfer(p, to, 0, words, LAUNCH_FILL);
}

void push_write(struct push *p, uint64_t to, uint32_t value)
{
	push_mthd(p, SUBC_COPY, SET_SEMAPHORE_A, 3);
	push_addr(p, to);
	push_word(p, value);
	push_mthd(p, SUBC_COPY, LAUNCH_DMA, 1);
	push_word(p, LAUNCH_RELEASE);
}

static void semaphore(struct push *p, uint64_t addr, uint32_t value,
		      uint32_t operation)
{
	push_mthd(p, SUBC_3D, SEMAPHOREA, 4);
	push_addr(p, addr);
	push_word(p, value);
	push_word(p, operation);
}

void push_release(struct push *p, uint64_t addr, uint32_t value)
{
	semaphore(p, addr, value, SEMAPHORED_RELEASE | SEMAPHORED_ONE_WORD);
}

void push_acquire(struct push *p, uint64_t addr, uint32_t value)
{
	semaphore(p, addr, value, SEMAPHORED_ACQUIRE);
}

void push_object(struct push *p, unsigned int subc, uint32_t oclass)
{
	push_mthd(p, subc, SET_OBJECT, 1);
	push_word(p, oclass);
}

void push_draw(struct push *p)
{
	push_object(p, SUBC_3D, 0xc597);
	push_mthd(p, SUBC_3D, BEGIN, 1);
	push_word(p, 3);
}
