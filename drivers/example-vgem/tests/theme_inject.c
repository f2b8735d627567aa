// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A failure that does not come by itself: of a bind, after it began.
 */
#include <string.h>

#include <xf86drm.h>

#include "inject.h"
#include "world.h"

static struct world w;

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
	{ "row-16-undone", undone },
	{ "row-16-undone-later", undone_later },
	{ "row-20-dead-vm", dead_vm },
	{ "row-20-dead-vm-synchronously", dead_vm_synchronously },
	{ 0 }
};
