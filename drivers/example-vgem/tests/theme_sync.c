// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What waits for what: syncobjs in and out of binds and jobs, and the order of
 * binds.
 */
#include <xf86drm.h>

#include "rig.h"

struct fixture {
	struct rig rig;
	struct gate gate;
	struct bo a, b;
};

static void fixture_init(struct fixture *f, int fd)
{
	rig_init(&f->rig, fd);
	gate_init(&f->gate, fd);
	bo_init(&f->a, fd, 8, 0, 0xa);
	bo_init(&f->b, fd, 8, 0, 0xb);
}

static void bind_async(struct fixture *f, uint64_t addr, const struct bo *bo,
		       const struct drm_evgem_sync *syncs)
{
	struct evgem_bind bind = { 0 };

	if (bo)
		evgem_bind_map(&bind, addr, bo->size, bo->handle, 0);
	else
		evgem_bind_unmap(&bind, addr, 8 * PAGE);
	OK(evgem_bind_async(f->rig.fd, f->rig.vm, &bind, syncs));
}

static void fill_async(struct fixture *f, uint64_t addr, uint32_t value,
		       const struct drm_evgem_sync *syncs)
{
	struct evgem_cmds cmds = { 0 };

	evgem_cmd_fill(&cmds, addr, PAGE, value);
	OK(evgem_exec(f->rig.fd, f->rig.queue, &cmds, syncs));
}

/* Before the gate nothing is mapped, behind it everything is. */
static void bind_waits_binary(int fd)
{
	uint32_t out = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a, EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
						    evgem_signal(out)));
	job_pending(fd, out, 0);
	rig_unmapped(&f.rig, DATA_ADDR);
	gate_open(&f.gate);
	job_ends(fd, out, 0, 0);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
}

static void bind_waits_timeline(int fd)
{
	uint32_t line = make_syncobj(fd);
	struct fixture f;
	uint64_t point;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, line, 5);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait_point(line, 5),
			       evgem_signal_point(line, 6)));
	job_pending(fd, line, 6);
	gate_open_to(&f.gate, 1);
	job_pending(fd, line, 6);
	rig_unmapped(&f.rig, DATA_ADDR);
	gate_open_to(&f.gate, 2);
	job_ends(fd, line, 6, 0);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
	OK(evgem_syncobj_point(fd, line, &point));
	CHECK_EQ(point, 6);
}

/* A point that is reached is waited for no longer, whatever comes later. */
static void earlier_point_of_a_timeline(int fd)
{
	uint32_t line = make_syncobj(fd), out = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, line, 4);
	gate_fence(&f.gate, 3, line, 8);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait_point(line, 4), evgem_signal(out)));
	job_pending(fd, out, 0);
	gate_open_to(&f.gate, 2);
	job_ends(fd, out, 0, 0);
	job_pending(fd, line, 8);
	/* One between two points is that of the next. */
	bind_async(&f, DATA_ADDR, &f.b,
		   EVGEM_SYNCS(evgem_wait_point(line, 5), evgem_signal(out)));
	job_pending(fd, out, 0);
	gate_open_to(&f.gate, 3);
	job_ends(fd, out, 0, 0);
	rig_shows(&f.rig, DATA_ADDR, f.b.size, &f.b, 0);
}

static void bind_waits_for_all(int fd)
{
	uint32_t line = make_syncobj(fd), second = make_syncobj(fd);
	uint32_t out = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, second, 0);
	gate_fence(&f.gate, 3, line, 10);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
			       evgem_wait_point(line, 10),
			       evgem_wait(second), evgem_signal(out)));
	for (uint64_t level = 1; level < 3; level++) {
		gate_open_to(&f.gate, level);
		job_pending(fd, out, 0);
		rig_unmapped(&f.rig, DATA_ADDR);
	}
	gate_open_to(&f.gate, 3);
	job_ends(fd, out, 0, 0);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
}

static void bind_signals_all(int fd)
{
	uint32_t out[2] = { make_syncobj(fd), make_syncobj(fd) };
	uint32_t line = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
			       evgem_signal(out[0]), evgem_signal(out[1]),
			       evgem_signal_point(line, 3)));
	job_pending(fd, out[0], 0);
	job_pending(fd, out[1], 0);
	job_pending(fd, line, 3);
	gate_open(&f.gate);
	job_ends(fd, out[0], 0, 0);
	job_ends(fd, out[1], 0, 0);
	job_ends(fd, line, 3, 0);
}

/* Nothing to do is done in its turn, too. */
static void bind_of_nothing_passes_syncs_on(int fd)
{
	struct evgem_bind bind = { 0 };
	uint32_t out = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_bind_async(fd, f.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
					evgem_signal(out))));
	job_pending(fd, out, 0);
	gate_open(&f.gate);
	job_ends(fd, out, 0, 0);
}

/* A bind without a wait does not overtake one that waits. */
static void binds_keep_their_order(int fd)
{
	uint32_t first = make_syncobj(fd), second = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a, EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
						    evgem_signal(first)));
	bind_async(&f, DATA_ADDR, &f.b, EVGEM_SYNCS(evgem_signal(second)));
	job_pending(fd, second, 0);
	rig_unmapped(&f.rig, DATA_ADDR);
	gate_open(&f.gate);
	job_ends(fd, second, 0, 0);
	job_ends(fd, first, 0, 0);
	rig_shows(&f.rig, DATA_ADDR, f.b.size, &f.b, 0);
}

/* A synchronous bind returns behind all that were queued before. */
static void sync_bind_waits_its_turn(int fd)
{
	struct fixture f;
	uint64_t start;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait(f.gate.syncobj)));
	start = now_ms();
	gate_open_later(&f.gate, 150);
	OK(evgem_map(fd, f.rig.vm, DATA_ADDR + 2 * PAGE, 3 * PAGE, f.b.handle,
		     0));
	CHECK(now_ms() - start >= 140);
	rig_shows(&f.rig, DATA_ADDR, 2 * PAGE, &f.a, 0);
	rig_shows(&f.rig, DATA_ADDR + 2 * PAGE, 3 * PAGE, &f.b, 0);
	rig_shows(&f.rig, DATA_ADDR + 5 * PAGE, 3 * PAGE, &f.a, 5 * PAGE);
}

/* Binds of another VM do not wait. */
static void vms_have_orders_of_their_own(int fd)
{
	uint32_t out = make_syncobj(fd);
	struct fixture f;
	struct rig other;

	fixture_init(&f, fd);
	rig_init(&other, fd);
	bind_async(&f, DATA_ADDR, &f.a, EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
						    evgem_signal(out)));
	OK(evgem_map(fd, other.vm, DATA_ADDR, f.a.size, f.a.handle, 0));
	rig_shows(&other, DATA_ADDR, f.a.size, &f.a, 0);
	job_pending(fd, out, 0);
	gate_open(&f.gate);
	job_ends(fd, out, 0, 0);
}

static void job_waits_for_a_bind(int fd)
{
	uint32_t bound = make_syncobj(fd), done = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a, EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
						    evgem_signal(bound)));
	fill_async(&f, DATA_ADDR + PAGE, 0x11111111,
		   EVGEM_SYNCS(evgem_wait(bound), evgem_signal(done)));
	job_pending(fd, done, 0);
	gate_open(&f.gate);
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.a.cpu[PAGE / 8], 0x1111111111111111ull);
}

static void bind_waits_for_a_job(int fd)
{
	uint32_t done = make_syncobj(fd), bound = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	OK(evgem_map(fd, f.rig.vm, DATA_ADDR, f.a.size, f.a.handle, 0));
	fill_async(&f, DATA_ADDR, 0x22222222,
		   EVGEM_SYNCS(evgem_wait(f.gate.syncobj), evgem_signal(done)));
	bind_async(&f, DATA_ADDR, NULL,
		   EVGEM_SYNCS(evgem_wait(done), evgem_signal(bound)));
	job_pending(fd, bound, 0);
	gate_open(&f.gate);
	/* Had the unmap come first, this would be a fault. */
	job_ends(fd, done, 0, 0);
	job_ends(fd, bound, 0, 0);
	CHECK_EQ(f.a.cpu[0], 0x2222222222222222ull);
	rig_unmapped(&f.rig, DATA_ADDR);
}

/* Without a sync a job does not wait for binds: there is no implied order. */
static void no_implied_order(int fd)
{
	uint32_t bound = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a, EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
						    evgem_signal(bound)));
	rig_unmapped(&f.rig, DATA_ADDR);
	job_pending(fd, bound, 0);
	gate_open(&f.gate);
	job_ends(fd, bound, 0, 0);
}

/* A chain of binds and jobs along one timeline, queued before the first runs. */
static void chain_along_a_timeline(int fd)
{
	enum { ROUNDS = 20 };
	uint32_t line = make_syncobj(fd);
	struct fixture f;
	uint64_t point;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, line, 1);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		point = 1 + 3 * i;
		bind_async(&f, DATA_ADDR, i % 2 ? &f.a : &f.b,
			   EVGEM_SYNCS(evgem_wait_point(line, point),
				       evgem_signal_point(line, point + 1)));
		fill_async(&f, DATA_ADDR + i % 8 * PAGE, i + 1,
			   EVGEM_SYNCS(evgem_wait_point(line, point + 1),
				       evgem_signal_point(line, point + 2)));
		bind_async(&f, DATA_ADDR, NULL,
			   EVGEM_SYNCS(evgem_wait_point(line, point + 2),
				       evgem_signal_point(line, point + 3)));
	}
	job_pending(fd, line, 1 + 3 * ROUNDS);
	gate_open_to(&f.gate, 2);
	job_ends(fd, line, 1 + 3 * ROUNDS, 0);
	for (uint64_t i = ROUNDS - 8; i < ROUNDS; i++) {
		const struct bo *bo = i % 2 ? &f.a : &f.b;

		CHECK_EQ(bo->cpu[i % 8 * PAGE / 8], (i + 1) << 32 | (i + 1));
	}
	rig_unmapped(&f.rig, DATA_ADDR);
}

/* The fence that is found at the call counts, not what is put there later. */
static void fence_is_taken_at_the_call(int fd)
{
	uint32_t in = make_syncobj(fd), out = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, in, 0);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait(in), evgem_signal(out)));
	gate_fence(&f.gate, 3, in, 0);
	gate_open_to(&f.gate, 2);
	job_ends(fd, out, 0, 0);
	gate_open_to(&f.gate, 3);
}

static void syncobj_in_and_out(int fd)
{
	uint32_t sync = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, sync, 0);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait(sync), evgem_signal(sync)));
	gate_open_to(&f.gate, 1);
	job_pending(fd, sync, 0);
	gate_open_to(&f.gate, 2);
	job_ends(fd, sync, 0, 0);
	rig_shows(&f.rig, DATA_ADDR, f.a.size, &f.a, 0);
}

/* The syncobj may be destroyed while its fence is waited for. */
static void syncobj_destroyed_early(int fd)
{
	uint32_t out = make_syncobj(fd);
	struct fixture f;

	fixture_init(&f, fd);
	bind_async(&f, DATA_ADDR, &f.a, EVGEM_SYNCS(evgem_wait(f.gate.syncobj),
						    evgem_signal(out)));
	OK(evgem_syncobj_destroy(fd, f.gate.syncobj));
	OK(evgem_syncobj_destroy(fd, out));
	gate_open(&f.gate);
	OK(evgem_map(fd, f.rig.vm, DATA_ADDR + PAGE, PAGE, f.b.handle, 0));
	rig_shows(&f.rig, DATA_ADDR, PAGE, &f.a, 0);
}

/* As many syncs as a call may have. */
static void most_syncs(int fd)
{
	struct drm_evgem_device_info info;
	struct drm_evgem_sync syncs[256] = { 0 };
	uint32_t line = make_syncobj(fd);
	struct evgem_bind bind = { 0 };
	struct fixture f;

	OK(evgem_query_device(fd, &info));
	CHECK(info.max_syncs < ARRAY_SIZE(syncs));
	fixture_init(&f, fd);
	syncs[0] = evgem_wait(f.gate.syncobj);
	for (uint32_t i = 1; i < info.max_syncs; i++)
		syncs[i] = evgem_signal_point(line, i);
	OK(evgem_bind_async(fd, f.rig.vm, &bind, syncs));
	job_pending(fd, line, 1);
	gate_open(&f.gate);
	job_ends(fd, line, info.max_syncs - 1, 0);
}

/*
 * Binds in other orders than calls would need are possible with jobs on two
 * queues of one VM: each sees exactly the state that its syncs ask for.
 */
static void job_between_two_binds(int fd)
{
	uint32_t line = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	struct fixture f;

	fixture_init(&f, fd);
	gate_fence(&f.gate, 2, line, 1);
	bind_async(&f, DATA_ADDR, &f.a,
		   EVGEM_SYNCS(evgem_wait_point(line, 1),
			       evgem_signal_point(line, 2)));
	evgem_cmd_copy(&cmds, SCRATCH_ADDR, DATA_ADDR, 8);
	OK(evgem_exec(fd, f.rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait_point(line, 2),
				  evgem_signal_point(line, 3))));
	bind_async(&f, DATA_ADDR, &f.b,
		   EVGEM_SYNCS(evgem_wait_point(line, 3),
			       evgem_signal_point(line, 4)));
	evgem_cmd_copy(&cmds, SCRATCH_ADDR + 8, DATA_ADDR, 8);
	OK(evgem_exec(fd, f.rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait_point(line, 4),
				  evgem_signal_point(line, 5))));
	gate_open_to(&f.gate, 2);
	job_ends(fd, line, 5, 0);
	CHECK_EQ(f.rig.cpu[0], bo_word(&f.a, 0));
	CHECK_EQ(f.rig.cpu[1], bo_word(&f.b, 0));
}

const struct ktap_case ktap_cases[] = {
	{ "bind-waits-binary", bind_waits_binary },
	{ "bind-waits-timeline", bind_waits_timeline },
	{ "earlier-point-of-a-timeline", earlier_point_of_a_timeline },
	{ "bind-waits-for-all", bind_waits_for_all },
	{ "bind-signals-all", bind_signals_all },
	{ "bind-of-nothing-passes-syncs-on", bind_of_nothing_passes_syncs_on },
	{ "binds-keep-their-order", binds_keep_their_order },
	{ "sync-bind-waits-its-turn", sync_bind_waits_its_turn },
	{ "vms-have-orders-of-their-own", vms_have_orders_of_their_own },
	{ "job-waits-for-a-bind", job_waits_for_a_bind },
	{ "bind-waits-for-a-job", bind_waits_for_a_job },
	{ "no-implied-order", no_implied_order },
	{ "chain-along-a-timeline", chain_along_a_timeline },
	{ "fence-is-taken-at-the-call", fence_is_taken_at_the_call },
	{ "syncobj-in-and-out", syncobj_in_and_out },
	{ "syncobj-destroyed-early", syncobj_destroyed_early },
	{ "most-syncs", most_syncs },
	{ "job-between-two-binds", job_between_two_binds },
	{ 0 }
};
