/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A world with a bit of everything, for calls that are refused: what a good call
 * does to it, and how to see that a bad one did nothing.
 */
#ifndef VMB_WORLD_H
#define VMB_WORLD_H

#include "vmb_model.h"

#define VMB_WORLD_PAGES 32
#define VMB_WORLD_OPS 3

struct vmb_world {
	struct vmb_dev *dev;
	struct vmb_vm vm;
	struct vmb_bo a, b;
	struct vmb_model *model;
	/** @in: signalled; @out, @line: for the call to signal */
	uint32_t in, out, line;
	/** @ops: of the good call; for the caller to spoil */
	struct vmb_op ops[VMB_WORLD_OPS];
	struct vmb_sync syncs[3];
};

void vmb_world_begin(struct vmb_world *w, struct vmb_dev *dev);
/** vmb_world_syncs() - how many of its syncs this driver can be given */
uint32_t vmb_world_syncs(const struct vmb_world *w);
/** vmb_world_bind() - the call, queued, with syncs, and wrong in that */
int vmb_world_bind(struct vmb_world *w, enum vmb_wrong wrong);
/** vmb_world_unchanged() - it looks as before, to the engine and to the CPU */
void vmb_world_unchanged(struct vmb_world *w);
/** vmb_world_works() - the good call has its effect */
void vmb_world_works(struct vmb_world *w);

#endif
