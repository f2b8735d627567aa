// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A world in which one call is wrong.
 */
#include <string.h>
#include <sys/ioctl.h>

#include <xf86drm.h>

#include "world.h"

int raw_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* The lowest handle that is free: the next BO will have it. */
uint32_t world_next_handle(int fd)
{
	uint32_t handle;

	OK(evgem_bo_create(fd, PAGE, 0, &handle));
	OK(evgem_bo_close(fd, handle));
	return handle;
}

void world_reset(struct world *w)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_unmap(&bind, DATA_ADDR, 64 * PAGE);
	evgem_bind_map(&bind, DATA_ADDR, 8 * PAGE, w->a.handle, 0);
	evgem_bind_unmap(&bind, DATA_ADDR + 4 * PAGE, 2 * PAGE);
	OK(evgem_bind_sync(w->rig.fd, w->rig.vm, &bind));
	w->state = rig_state(&w->rig);
}

void world_init(struct world *w, int fd)
{
	struct evgem_cmds cmds = { 0 };

	memset(w, 0, sizeof(*w));
	rig_init(&w->rig, fd);
	OK(evgem_vm_create(fd, 0, 0, &w->other_vm));
	bo_init(&w->a, fd, 8, 0, 0xa);
	bo_init(&w->b, fd, 8, 0, 0xb);
	bo_init(&w->elsewhere, fd, 8, w->other_vm, 0xe);
	w->in = make_syncobj(fd);
	w->out = make_syncobj(fd);
	w->line = make_syncobj(fd);
	w->point = 1;
	OK(evgem_exec(fd, w->rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_signal(w->in))));
	job_ends(fd, w->in, 0, 0);
	world_reset(w);
	w->next_handle = world_next_handle(fd);
}

/* The faults are of this look itself. */
static void same_state(struct world *w)
{
	struct drm_evgem_vm_state state = rig_state(&w->rig);

	CHECK_EQ(state.status, w->state.status);
	CHECK_EQ(state.mappings, w->state.mappings);
	CHECK_EQ(state.ptes_4k, w->state.ptes_4k);
	CHECK_EQ(state.ptes_2m, w->state.ptes_2m);
	CHECK_EQ(state.pt_bytes, w->state.pt_bytes);
	CHECK_EQ(state.tlb_flushes, w->state.tlb_flushes);
}

void world_unchanged(struct world *w)
{
	int fd = w->rig.fd;
	uint64_t point;

	/* A bind that was queued all the same would have run behind this one. */
	OK(evgem_bind_sync(fd, w->rig.vm, &(struct evgem_bind){ 0 }));
	same_state(w);
	rig_shows(&w->rig, DATA_ADDR, 4 * PAGE, &w->a, 0);
	rig_unmapped(&w->rig, DATA_ADDR + 4 * PAGE);
	rig_unmapped(&w->rig, DATA_ADDR + 5 * PAGE);
	rig_shows(&w->rig, DATA_ADDR + 6 * PAGE, 2 * PAGE, &w->a, 6 * PAGE);
	rig_unmapped(&w->rig, DATA_ADDR + 8 * PAGE);
	rig_unmapped(&w->rig, DATA_ADDR + 16 * PAGE);

	CHECK(!has_fence(fd, w->out, 0));
	CHECK(!has_fence(fd, w->line, w->point));
	OK(evgem_syncobj_point(fd, w->line, &point));
	CHECK_EQ(point, w->point - 1);
	CHECK_EQ(world_next_handle(fd), w->next_handle);
}

void good_bind(struct world *w, struct good_bind *g)
{
	*g = (struct good_bind){
		.args = {
			.vm_id = w->rig.vm,
			.flags = DRM_EVGEM_VM_BIND_ASYNC,
			.ops = { (uintptr_t)g->ops, 3, sizeof(g->ops[0]) },
			.syncs = { (uintptr_t)g->syncs, 3, sizeof(g->syncs[0]) },
		},
		.ops = {
			{
				.op = DRM_EVGEM_BIND_OP_MAP,
				.handle = w->b.handle,
				.addr = DATA_ADDR + 3 * PAGE,
				.range = 4 * PAGE,
				.offset = 2 * PAGE,
			}, {
				.op = DRM_EVGEM_BIND_OP_UNMAP,
				.addr = DATA_ADDR + PAGE,
				.range = PAGE,
			}, {
				.op = DRM_EVGEM_BIND_OP_MAP,
				.flags = DRM_EVGEM_BIND_READONLY,
				.handle = w->a.handle,
				.addr = DATA_ADDR + 16 * PAGE,
				.range = 8 * PAGE,
			},
		},
		.syncs = {
			evgem_wait(w->in),
			evgem_signal(w->out),
			evgem_signal_point(w->line, w->point),
		},
	};
}

void bind_fails(struct world *w, struct good_bind *g, int error)
{
	struct good_bind before = *g;

	FAILS(error, raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_VM_BIND, &g->args));
	CHECK(!memcmp(&before, g, sizeof(before)));
	world_unchanged(w);
}

void world_syncs_used(struct world *w)
{
	job_ends(w->rig.fd, w->out, 0, 0);
	job_ends(w->rig.fd, w->line, w->point, 0);
	CHECK(!drmSyncobjReset(w->rig.fd, &w->out, 1));
	w->point++;
}

void bind_works(struct world *w)
{
	struct good_bind g;

	good_bind(w, &g);
	OK(raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	world_syncs_used(w);
	rig_unmapped(&w->rig, DATA_ADDR + PAGE);
	rig_shows(&w->rig, DATA_ADDR + 3 * PAGE, 4 * PAGE, &w->b, 2 * PAGE);
	rig_shows(&w->rig, DATA_ADDR + 16 * PAGE, 8 * PAGE, &w->a, 0);
	world_reset(w);
}

static struct drm_evgem_cmd_header header(enum drm_evgem_cmd cmd, size_t size)
{
	return (struct drm_evgem_cmd_header){ .cmd = cmd, .size = size };
}

#define HEADER(command, member) header(DRM_EVGEM_CMD_##command, sizeof(member))

void good_exec(struct world *w, struct good_exec *g)
{
	*g = (struct good_exec){
		.args = {
			.queue_id = w->rig.queue,
			.cmdbufs = { (uintptr_t)g->bufs, 2, sizeof(g->bufs[0]) },
			.syncs = { (uintptr_t)g->syncs, 3, sizeof(g->syncs[0]) },
		},
		.bufs = {
			{ .ptr = (uintptr_t)&g->cmds, .size = sizeof(g->cmds) },
			{ .ptr = (uintptr_t)&g->more, .size = sizeof(g->more) },
		},
		.syncs = {
			evgem_wait(w->in),
			evgem_signal(w->out),
			evgem_signal_point(w->line, w->point),
		},
		.cmds = {
			{ HEADER(FILL, g->cmds.fill), SCRATCH_ADDR, 64, 1, 0 },
			{ HEADER(COPY, g->cmds.copy), SCRATCH_ADDR + PAGE,
			  SCRATCH_ADDR, 64 },
			{ HEADER(WRITE, g->cmds.write), SCRATCH_ADDR + 8, 2 },
			{ HEADER(CHECKSUM, g->cmds.checksum), DATA_ADDR, 64,
			  SCRATCH_ADDR + 16 },
			{ HEADER(WAIT, g->cmds.wait), SCRATCH_ADDR + 8, 2,
			  DRM_EVGEM_COND_EQ, 0 },
		},
		.more = {
			{ HEADER(ATOMIC_ADD, g->more.add), SCRATCH_ADDR + 8, 3 },
			{ HEADER(RELEASE, g->more.release), SCRATCH_ADDR + 24,
			  4 },
			{ HEADER(DELAY, g->more.delay), 1000 },
		},
	};
	memset(w->rig.cpu, 0, 2 * PAGE);
}

void exec_fails(struct world *w, struct good_exec *g, int error)
{
	struct good_exec before = *g;

	FAILS(error, raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_EXEC, &g->args));
	CHECK(!memcmp(&before, g, sizeof(before)));
	/* Jobs of a queue run in order: it would have run before this. */
	OK(evgem_run(w->rig.fd, w->rig.queue, &(struct evgem_cmds){ 0 }));
	for (unsigned int i = 0; i < 2 * PAGE / 8; i++)
		CHECK_EQ(w->rig.cpu[i], 0);
	world_unchanged(w);
}

void exec_works(struct world *w)
{
	struct good_exec g;

	good_exec(w, &g);
	OK(raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_EXEC, &g.args));
	exec_worked(w);
}

void exec_worked(struct world *w)
{
	world_syncs_used(w);
	CHECK_EQ(w->rig.cpu[0], 0x100000001ull);
	CHECK_EQ(w->rig.cpu[1], 5);
	CHECK_EQ(w->rig.cpu[2], evgem_checksum(w->a.cpu, 64));
	CHECK_EQ(w->rig.cpu[3], 4);
	CHECK_EQ(w->rig.cpu[PAGE / 8], 0x100000001ull);
}
