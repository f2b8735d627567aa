/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * All that can be seen of a world, as text, so that what differs can be named.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "world.h"

#define SNAPSHOT_SIZE 131072

/**
 * struct snapshot - what was seen
 */
struct snapshot {
	/** @no_dmabufs: set before: leave out which BOs have a dma-buf */
	bool no_dmabufs;
	size_t length;
	char text[SNAPSHOT_SIZE];
};

/**
 * snapshot_take() - look at everything
 * @s: where to put it
 * @w: the world
 *
 * The mappings and vm_bos of all VMs, one by one, with their references; how
 * many entries, tables and flushes there are; what the engine reads; queues and
 * memory, from fdinfo; the syncobjs; the next free BO handle and file
 * descriptor; the dma-bufs of the system. Not how long
 * queues ran, and not which BOs have memory: one that got it keeps it.
 */
void snapshot_take(struct snapshot *s, struct world *w);
/** snapshot_settled() - the same, when workers have freed what they had to */
void snapshot_settled(struct snapshot *s, struct world *w);
/**
 * snapshot_same() - everything has to look like that (again)
 *
 * In a moment at the latest, because a worker frees what is left of a job.
 */
void snapshot_same(const struct snapshot *before, struct world *w);

#endif
