// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Failures that do not come by themselves: each allocation of each ioctl in its
 * turn, and a bind that fails after it began.
 */
#include <string.h>

#include <xf86drm.h>

#include "inject.h"
#include "world.h"

#define NTH_MAX 400

static struct world w;

/**
 * struct attempt - a call that is made again and again
 */
struct attempt {
	unsigned long request;
	/** @args: where @prepare puts the argument */
	void *args;
	/** @prepare: makes a good argument */
	void (*prepare)(int fd);
	/** @undo: after a call that succeeded */
	void (*undo)(int fd);
};

/*
 * Lets the first allocation of a call fail, then the second, until one call
 * has no more of them. A call that fails does so with ENOMEM and has changed
 * nothing; one may also go on without what it asked for.
 */
static void every_allocation(int fd, const struct attempt *attempt)
{
	unsigned int nth = 0, failed = 0;
	bool injected;

	do {
		int ret;

		nth++;
		CHECK(nth < NTH_MAX);
		attempt->prepare(fd);
		inject_nth(nth);
		ret = raw_ioctl(fd, attempt->request, attempt->args);
		injected = inject_end();
		if (ret && (ret != -ENOMEM || !injected))
			FAIL("allocation %u: %s", nth, ktap_errno(ret));
		if (ret)
			world_unchanged(&w);
		else
			attempt->undo(fd);
		failed += !!ret;
	} while (injected);

	ktap_note("%u allocations, %u of them needed", nth - 1, failed);
	CHECK(failed > 0);
}

static struct drm_evgem_vm_create vm_args;

static void prepare_vm(int fd)
{
	(void)fd;
	vm_args = (struct drm_evgem_vm_create){ 0 };
}

static void undo_vm(int fd)
{
	OK(evgem_vm_destroy(fd, vm_args.vm_id));
}

static void vm_create(int fd)
{
	inject_allocations();
	world_init(&w, fd);
	every_allocation(fd, &(struct attempt){
		DRM_IOCTL_EVGEM_VM_CREATE, &vm_args, prepare_vm, undo_vm });
}

static struct drm_evgem_queue_create queue_args;

static void prepare_queue(int fd)
{
	(void)fd;
	queue_args = (struct drm_evgem_queue_create){ .vm_id = w.rig.vm };
}

static void undo_queue(int fd)
{
	OK(evgem_queue_destroy(fd, queue_args.queue_id));
}

static void queue_create(int fd)
{
	inject_allocations();
	world_init(&w, fd);
	every_allocation(fd, &(struct attempt){
		DRM_IOCTL_EVGEM_QUEUE_CREATE, &queue_args, prepare_queue,
		undo_queue });
}

static struct drm_evgem_gem_create gem_good, gem_args;

static void prepare_gem(int fd)
{
	(void)fd;
	gem_args = gem_good;
}

static void undo_gem(int fd)
{
	OK(evgem_bo_close(fd, gem_args.handle));
}

static void gem_create_with(int fd, uint64_t size, uint32_t flags, bool private)
{
	inject_allocations();
	world_init(&w, fd);
	gem_good = (struct drm_evgem_gem_create){
		.size = size,
		.flags = flags,
		.vm_id = private ? w.rig.vm : 0,
	};
	every_allocation(fd, &(struct attempt){
		DRM_IOCTL_EVGEM_GEM_CREATE, &gem_args, prepare_gem, undo_gem });
}

static void gem_create(int fd)
{
	gem_create_with(fd, 8 * PAGE, 0, false);
}

static void gem_create_private(int fd)
{
	gem_create_with(fd, 8 * PAGE, 0, true);
}

static void gem_create_huge(int fd)
{
	gem_create_with(fd, 2 * HUGE, DRM_EVGEM_GEM_HUGE, false);
}

static void syncs_used(int fd)
{
	job_ends(fd, w.out, 0, 0);
	job_ends(fd, w.line, w.point, 0);
	CHECK(!drmSyncobjReset(fd, &w.out, 1));
	w.point++;
}

static struct good_bind bind_good;
static uint32_t fresh;

/* Of a BO that was never used before, so that its memory is allocated too. */
static void prepare_bind(int fd)
{
	if (fresh)
		OK(evgem_bo_close(fd, fresh));
	OK(evgem_bo_create(fd, 8 * PAGE, 0, &fresh));
	w.next_handle = fresh + 1;
	good_bind(&w, &bind_good);
	bind_good.ops[0].handle = fresh;
}

static void undo_bind(int fd)
{
	syncs_used(fd);
	bind_works(&w);
}

static void vm_bind(int fd)
{
	inject_allocations();
	world_init(&w, fd);
	every_allocation(fd, &(struct attempt){
		DRM_IOCTL_EVGEM_VM_BIND, &bind_good.args, prepare_bind,
		undo_bind });
}

static struct good_exec exec_good;

static void prepare_exec(int fd)
{
	(void)fd;
	good_exec(&w, &exec_good);
}

static void exec(int fd)
{
	inject_allocations();
	world_init(&w, fd);
	every_allocation(fd, &(struct attempt){
		DRM_IOCTL_EVGEM_EXEC, &exec_good.args, prepare_exec,
		syncs_used });
}

/* A bind fails half-way, wherever: nothing was changed, and the next one works. */
static void undone(int fd)
{
	unsigned int good;

	world_init(&w, fd);
	for (good = 0; ; good++) {
		struct good_bind g;

		good_bind(&w, &g);
		g.args.flags = 0;
		g.args.syncs.count = 0;
		inject_bind_failure(good, 1);
		if (!raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args))
			break;
		CHECK_EQ(errno, EIO);
		/* What was changed and changed back was flushed. */
		w.state.tlb_flushes = rig_state(&w.rig).tlb_flushes;
		world_unchanged(&w);
	}
	inject_bind_failure(0, 0);
	ktap_note("%u changes, each failed once", good);
	CHECK(good >= 4);
	bind_works(&w);
}

/* The same behind a syncobj, which tells it. */
static void undone_later(int fd)
{
	struct good_bind g;

	world_init(&w, fd);
	good_bind(&w, &g);
	inject_bind_failure(2, 1);
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	job_ends(fd, w.out, 0, EIO);
	job_ends(fd, w.line, w.point, EIO);
	inject_bind_failure(0, 0);
	CHECK(!drmSyncobjReset(fd, &w.out, 1));
	w.point++;
	w.state.tlb_flushes = rig_state(&w.rig).tlb_flushes;
	bind_works(&w);
}

/*
 * A bind fails half-way, and so does undoing it: the VM is dead, says why, and
 * only its end is left.
 */
static void dead_vm(int fd)
{
	uint32_t queue, done = make_syncobj(fd);
	struct drm_evgem_vm_state state;
	struct evgem_cmds cmds = { 0 };
	struct good_bind g;
	struct good_exec e;
	struct rig other;

	world_init(&w, fd);
	rig_init(&other, fd);
	good_bind(&w, &g);
	good_exec(&w, &e);
	/* A job that is running when it happens. */
	evgem_cmd_wait(&cmds, SCRATCH_ADDR, DRM_EVGEM_COND_EQ, 1);
	OK(evgem_exec(fd, w.rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(done))));

	inject_bind_failure(1, 2);
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	job_ends(fd, w.out, 0, EIO);
	job_ends(fd, w.line, w.point, EIO);
	state = rig_state(&w.rig);
	CHECK_EQ(state.status, DRM_EVGEM_VM_DEAD);
	CHECK_EQ(state.reason, DRM_EVGEM_VM_REASON_BIND);

	FAILS(EIO, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	g.args.flags = 0;
	g.args.syncs.count = 0;
	FAILS(EIO, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	FAILS(EIO, raw_ioctl(fd, DRM_IOCTL_EVGEM_EXEC, &e.args));
	FAILS(EIO, evgem_queue_create(fd, w.rig.vm, 0, &queue));

	/* Nobody else is touched. */
	OK(evgem_map(fd, other.vm, DATA_ADDR, w.b.size, w.b.handle, 0));
	rig_shows(&other, DATA_ADDR, w.b.size, &w.b, 0);
	w.rig.cpu[0] = 1;
	OK(evgem_syncobj_wait(fd, done, 0, 10000));
	OK(evgem_vm_destroy(fd, w.rig.vm));
	FAILS(ENOENT, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
}

/* A synchronous bind is told at once. */
static void dead_vm_synchronously(int fd)
{
	struct good_bind g;

	for (unsigned int good = 0; good < 3; good++) {
		world_init(&w, fd);
		good_bind(&w, &g);
		g.args.flags = 0;
		g.args.syncs.count = 0;
		inject_bind_failure(good, 2);
		FAILS(EIO, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
		CHECK_EQ(rig_state(&w.rig).status, DRM_EVGEM_VM_DEAD);
		OK(evgem_vm_destroy(fd, w.rig.vm));
	}
}

const struct ktap_case ktap_cases[] = {
	{ "allocations-of-vm-create", vm_create },
	{ "allocations-of-queue-create", queue_create },
	{ "allocations-of-gem-create", gem_create },
	{ "allocations-of-gem-create-private", gem_create_private },
	{ "allocations-of-gem-create-huge", gem_create_huge },
	{ "allocations-of-vm-bind", vm_bind, 60 },
	{ "allocations-of-exec", exec, 60 },
	{ "row-16-undone", undone },
	{ "row-16-undone-later", undone_later },
	{ "row-20-dead-vm", dead_vm },
	{ "row-20-dead-vm-synchronously", dead_vm_synchronously },
	{ 0 }
};
