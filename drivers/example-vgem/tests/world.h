/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * For tests of calls that must fail: a small world with a bit of everything, a
 * good bind and a good job in it, and a check that nothing has changed.
 */
#ifndef WORLD_H
#define WORLD_H

#include "rig.h"

#define WORLD_OPS 4
#define WORLD_SYNCS 4

/**
 * struct world - what a failed call must leave as it was
 *
 * Page by page from DATA_ADDR: a a a a . . a a, where a is @a and a dot is
 * nothing.
 */
struct world {
	struct rig rig;
	struct bo a, b;
	/** @elsewhere: private to @other_vm */
	struct bo elsewhere;
	uint32_t other_vm;
	/** @in: holds a fence that is signalled */
	uint32_t in;
	/** @out, @line: binary and timeline, to be signalled by a good call */
	uint32_t out, line;
	/** @point: of @line, the next one */
	uint64_t point;
	struct drm_evgem_vm_state state;
	uint32_t next_handle;
};

void world_init(struct world *w, int fd);
/** world_unchanged() - nothing differs from what it was after world_init() */
void world_unchanged(struct world *w);
/** world_reset() - map what was mapped after world_init() */
void world_reset(struct world *w);
/** world_syncs_used() - @out and @line are signalled, and get ready again */
void world_syncs_used(struct world *w);
/** world_next_handle() - the handle that the next BO will have */
uint32_t world_next_handle(int fd);

/**
 * struct good_bind - a bind that is as it should be, for one change
 */
struct good_bind {
	struct drm_evgem_vm_bind args;
	struct drm_evgem_bind_op ops[WORLD_OPS];
	struct drm_evgem_sync syncs[WORLD_SYNCS];
};

void good_bind(struct world *w, struct good_bind *g);
/** bind_fails() - it must, with this errno, and change nothing */
void bind_fails(struct world *w, struct good_bind *g, int error);
/** bind_works() - the good one must, and is undone then */
void bind_works(struct world *w);

/**
 * struct good_exec - a job that is as it should be, for one change
 */
struct good_exec {
	struct drm_evgem_exec args;
	struct drm_evgem_cmdbuf bufs[2];
	struct drm_evgem_sync syncs[WORLD_SYNCS];
	/** @cmds: one of each kind that has a field to be wrong */
	struct {
		struct drm_evgem_cmd_fill fill;
		struct drm_evgem_cmd_copy copy;
		struct drm_evgem_cmd_write write;
		struct drm_evgem_cmd_checksum checksum;
		struct drm_evgem_cmd_wait wait;
	} cmds;
	struct {
		struct drm_evgem_cmd_write add;
		struct drm_evgem_cmd_write release;
		struct drm_evgem_cmd_delay delay;
	} more;
};

void good_exec(struct world *w, struct good_exec *g);
void exec_fails(struct world *w, struct good_exec *g, int error);
void exec_works(struct world *w);
/** exec_worked() - the good one was queued; it must do what it should */
void exec_worked(struct world *w);

/** raw_ioctl() - ioctl() once; 0 or a negative errno */
int raw_ioctl(int fd, unsigned long request, void *arg);

/*
 * BAD_BIND(EINVAL, g.args.flags = 4) makes a good bind, changes it so, and sees
 * that it fails with nothing changed, and that the good one still works.
 */
#define BAD_BIND(error, change) \
	do { \
		struct good_bind g; \
		good_bind(&w, &g); \
		change; \
		ktap_trying(#change); \
		bind_fails(&w, &g, error); \
		bind_works(&w); \
		ktap_trying(NULL); \
	} while (0)

#define BAD_EXEC(error, change) \
	do { \
		struct good_exec g; \
		good_exec(&w, &g); \
		change; \
		ktap_trying(#change); \
		exec_fails(&w, &g, error); \
		exec_works(&w); \
		ktap_trying(NULL); \
	} while (0)

#endif
