/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A call is made again and again: its first allocation fails, then its second,
 * until it comes to its end before the one that would fail.
 */
#ifndef FAILWALK_H
#define FAILWALK_H

#include "world.h"

/**
 * enum failwalk_flags - what is special about a call
 */
enum failwalk_flags {
	/**
	 * @NEVER_FAILS: for want of memory, as what gives something back must
	 * not; all others must have failed at least once
	 */
	NEVER_FAILS = 1,
	/**
	 * @KEEPS_DMABUF: DRM remembers a dma-buf that was made but could not be
	 * handed out, until the BO's handle is closed
	 */
	KEEPS_DMABUF = 2,
	/** @SAMPLED: has so many that after the first some are left out */
	SAMPLED = 4,
};

/**
 * struct failwalk - a call in one of its shapes
 */
struct failwalk {
	/** @name: for the table */
	const char *name;
	/** @flags: see enum failwalk_flags */
	unsigned int flags;
	/** @set: arguments, and what they name; may be NULL */
	void (*set)(struct world *w);
	/** @call: the call alone; 0 or a negative errno. Allocates nothing. */
	int (*call)(struct world *w);
	/** @check: it has done what it should, which is undone; may be NULL */
	void (*check)(struct world *w);
};

/** failwalk_init() - make the world; in the process that walks */
void failwalk_init(struct world *w, int fd);
/** failwalk() - walk through all allocations of a call */
void failwalk(struct world *w, const struct failwalk *walk);
/** failwalks() - several, one after the other */
#define failwalks(w, ...) \
	do { \
		static const struct failwalk walks_[] = { __VA_ARGS__ }; \
		for (unsigned int i_ = 0; i_ < ARRAY_SIZE(walks_); i_++) \
			failwalk(w, &walks_[i_]); \
	} while (0)
/**
 * failwalk_wait_for_room() - until the file may have @size bytes more of BOs
 *
 * What the step before had is gone when a worker has freed its bind.
 */
void failwalk_wait_for_room(struct world *w, uint64_t size);
/** failwalk_table() - show the counts of all that this program walked through */
void failwalk_table(void);

#endif
