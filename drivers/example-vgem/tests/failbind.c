// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Each allocation of VM_BIND fails in its turn. The VM begins as the world has
 * it; what it should be after the bind is told by a model.
 */
#include <string.h>
#include <sys/mman.h>

#include "driver.h"
#include "exporter.h"
#include "failbind.h"
#include "failwalk.h"
#include "inject.h"
#include "limit.h"
#include "model.h"

#define PAGES	512
#define OPS_MAX	64

/* Far from the model. */
#define FAR_ADDR	(DATA_ADDR + 64 * HUGE)

static struct world w;
static struct model model;
static struct foreign foreign;
static struct bo huge;
static uint32_t fresh;

static struct {
	struct drm_evgem_vm_bind args;
	struct drm_evgem_bind_op ops[OPS_MAX];
	struct drm_evgem_sync syncs[WORLD_SYNCS];
} call;

/* Everything as it was, and the model with it. */
static void begin(struct world *w)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_unmap(&bind, DATA_ADDR, 128 * HUGE);
	OK(evgem_bind_sync(w->rig.fd, w->rig.vm, &bind));
	model_init(&model, &w->rig, DATA_ADDR, PAGES);
	model_map(&model, &bind, 0, 8, &w->a, 0);
	model_unmap(&model, &bind, 4, 2);
	OK(evgem_bind_sync(w->rig.fd, w->rig.vm, &bind));
}

/* The call is to have these operations; empties @bind. */
static void ready(struct world *w, struct evgem_bind *bind)
{
	size_t size = bind->ops.size;

	CHECK(!bind->ops.error && size <= sizeof(call.ops));
	memset(&call, 0, sizeof(call));
	memcpy(call.ops, bind->ops.data, size);
	evgem_bind_free(bind);
	call.args.vm_id = w->rig.vm;
	call.args.ops = (struct drm_evgem_array){
		(uintptr_t)call.ops, size / sizeof(call.ops[0]),
		sizeof(call.ops[0]) };
}

static void with_syncs(unsigned int count)
{
	call.args.flags = DRM_EVGEM_VM_BIND_ASYNC;
	call.args.syncs = (struct drm_evgem_array){
		(uintptr_t)call.syncs, count, sizeof(call.syncs[0]) };
}

static int bind_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_VM_BIND, &call.args);
}

static void bind_check(struct world *w)
{
	(void)w;
	model_verify(&model, 1);
}

static void bind_async_check(struct world *w)
{
	world_syncs_used(w);
	model_verify(&model, 1);
}

/* One operation */

static void map_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_map(&model, &bind, 16, 4, &w->b, 1);
	ready(w, &bind);
}

static void map_over_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_map(&model, &bind, 0, 8, &w->b, 0);
	ready(w, &bind);
}

static void map_splits_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_map_readonly(&model, &bind, 1, 2, &w->b, 3);
	ready(w, &bind);
}

static void unmap_splits_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_unmap(&model, &bind, 1, 1);
	ready(w, &bind);
}

static void unmap_all_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_unmap(&model, &bind, 0, PAGES);
	ready(w, &bind);
}

static void unmap_bo_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_unmap_bo(&model, &bind, &w->a);
	ready(w, &bind);
}

/* Of a BO without memory, which the bind allocates. */
static void map_fresh_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	if (fresh)
		OK(evgem_bo_close(w->rig.fd, fresh));
	OK(evgem_bo_create(w->rig.fd, 4 * PAGE, 0, &fresh));
	evgem_bind_map(&bind, FAR_ADDR, 4 * PAGE, fresh, 0);
	ready(w, &bind);
}

static void sparse_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	evgem_bind_sparse(&bind, FAR_ADDR + PAGE, 2 * HUGE);
	ready(w, &bind);
}

/* Both read as zero. */
static void far_check(struct world *w)
{
	uint64_t mappings = rig_state(&w->rig).mappings;

	CHECK_EQ(mappings, model.empty.mappings + 3);
	CHECK_EQ(rig_word(&w->rig, FAR_ADDR + PAGE), 0);
	rig_unmapped(&w->rig, FAR_ADDR - PAGE);
}

static void one(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "VM_BIND, map", 0, map_set, bind_call, bind_check },
		  { "VM_BIND, map over others", 0, map_over_set, bind_call,
		    bind_check },
		  { "VM_BIND, map that cuts", 0, map_splits_set, bind_call,
		    bind_check },
		  { "VM_BIND, unmap that cuts", 0, unmap_splits_set, bind_call,
		    bind_check },
		  { "VM_BIND, unmap all", 0, unmap_all_set, bind_call,
		    bind_check },
		  { "VM_BIND, unmap a BO", 0, unmap_bo_set, bind_call,
		    bind_check },
		  { "VM_BIND, map memory to be had", 0, map_fresh_set, bind_call,
		    far_check },
		  { "VM_BIND, sparse", 0, sparse_set, bind_call, far_check });
}

/*
 * As much as begin() needs: after three binds that failed and gave nothing back
 * the next is refused.
 */
void failbind_one(int fd)
{
	with_limit(fd, "max_queued_ops", 3, one);
}

/* Syncs */

static void binary_set(struct world *w)
{
	map_splits_set(w);
	call.syncs[0] = evgem_wait(w->in);
	call.syncs[1] = evgem_signal(w->out);
	call.syncs[2] = evgem_signal_point(w->line, w->point);
	with_syncs(3);
}

/* There has to be a point to wait for. */
static void timeline_set(struct world *w)
{
	if (w->point == 1) {
		OK(evgem_exec(w->rig.fd, w->rig.queue, &(struct evgem_cmds){ 0 },
			      EVGEM_SYNCS(evgem_signal_point(w->line, 1))));
		job_ends(w->rig.fd, w->line, 1, 0);
		w->point++;
	}
	binary_set(w);
	call.syncs[3] = evgem_wait_point(w->line, w->point - 1);
	with_syncs(4);
}

static void nothing_set(struct world *w)
{
	binary_set(w);
	call.args.ops.count = 0;
}

static void nothing_check(struct world *w)
{
	world_syncs_used(w);
	CHECK_EQ(rig_state(&w->rig).mappings, model.empty.mappings + 2);
}

void failbind_syncs(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "VM_BIND, binary and timeline", 0, binary_set, bind_call,
		    bind_async_check },
		  { "VM_BIND, waits for a point", 0, timeline_set, bind_call,
		    bind_async_check },
		  { "VM_BIND, syncs alone", 0, nothing_set, bind_call,
		    nothing_check });
}

/* Arrays: maps and unmaps that cut each other */

static void array(struct world *w, unsigned int count)
{
	struct evgem_bind bind = { 0 };
	uint64_t seed = 4711;

	begin(w);
	for (unsigned int i = 0; i < count; i++) {
		uint32_t page = model_random(&seed, 4 * count);
		uint32_t pages = 1 + model_random(&seed, 8);
		const struct bo *bo = i % 2 ? &w->a : &w->b;

		if (i % 4 == 3)
			model_unmap(&model, &bind, page, pages);
		else
			model_map(&model, &bind, page, pages, bo, 8 - pages);
	}
	ready(w, &bind);
	call.syncs[0] = evgem_signal(w->out);
	call.syncs[1] = evgem_signal_point(w->line, w->point);
	with_syncs(2);
}

static void array_8_set(struct world *w)
{
	array(w, 8);
}

static void array_64_set(struct world *w)
{
	array(w, 64);
}

static void arrays(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "VM_BIND, array of 8", SAMPLED, array_8_set, bind_call,
		    bind_async_check },
		  { "VM_BIND, array of 64", SAMPLED, array_64_set, bind_call,
		    bind_async_check });
}

void failbind_arrays(int fd)
{
	with_limit(fd, "max_queued_ops", OPS_MAX, arrays);
}

/* A page in the middle of an entry of 2 MiB, for which that becomes a table. */

static void huge_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	evgem_bind_map(&bind, FAR_ADDR, HUGE, huge.handle, 0);
	OK(evgem_bind_sync(w->rig.fd, w->rig.vm, &bind));
	evgem_bind_map(&bind, FAR_ADDR + 8 * PAGE, PAGE, w->b.handle, 0);
	ready(w, &bind);
}

static void huge_check(struct world *w)
{
	rig_shows(&w->rig, FAR_ADDR, 8 * PAGE, &huge, 0);
	rig_shows(&w->rig, FAR_ADDR + 8 * PAGE, PAGE, &w->b, 0);
	rig_shows(&w->rig, FAR_ADDR + 9 * PAGE, 8 * PAGE, &huge, 9 * PAGE);
	CHECK_EQ(rig_state(&w->rig).ptes_2m, model.empty.ptes_2m);
}

void failbind_huge(int fd)
{
	failwalk_init(&w, fd);
	bo_init_huge(&huge, fd, HUGE, 0, 0xc);
	failwalks(&w,
		  { "VM_BIND, cuts an entry of 2 MiB", 0, huge_set, bind_call,
		    huge_check });
}

static void imported_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_map(&model, &bind, 2, 4, &foreign.bo, 0);
	ready(w, &bind);
}

void failbind_imported(int fd)
{
	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	udmabuf_init(&foreign, 4, 0xf);
	failwalk_init(&w, fd);
	OK(evgem_bo_import(fd, foreign.dmabuf, &foreign.bo.handle));
	failwalks(&w,
		  { "VM_BIND, map of another driver", 0, imported_set,
		    bind_call, bind_check });
}

/* A piece over and over; and what that is when it is cut. */

static void repeat_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_map_repeat(&model, &bind, 2, 40, &w->b, 1, 3);
	ready(w, &bind);
}

static void repeat_cut_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	model_map_repeat(&model, &bind, 16, 40, &w->b, 1, 3);
	OK(evgem_bind_sync(w->rig.fd, w->rig.vm, &bind));
	model_map(&model, &bind, 20, 4, &w->a, 0);
	model_unmap(&model, &bind, 30, 2);
	ready(w, &bind);
}

void failbind_repeat(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "VM_BIND, repeat", 0, repeat_set, bind_call, bind_check },
		  { "VM_BIND, cuts a repeat", 0, repeat_cut_set, bind_call,
		    bind_check });
}

/* Memory of this process, which it has, or gets by this call */

#define USER_SIZE (1ull << 20)

static uint64_t *user;

static void userptr_set(struct world *w)
{
	struct evgem_bind bind = { 0 };

	begin(w);
	failwalk_wait_for_room(w, USER_SIZE);
	evgem_bind_userptr(&bind, FAR_ADDR, USER_SIZE, user);
	ready(w, &bind);
}

/* Some of its pages are made by the call. */
static void userptr_absent_set(struct world *w)
{
	userptr_set(w);
	CHECK(!madvise(user, 4 * PAGE, MADV_DONTNEED));
	CHECK(!madvise((char *)user + USER_SIZE - 4 * PAGE, 4 * PAGE,
		       MADV_DONTNEED));
}

/* The first word and the last, from either side. */
static void userptr_check(struct world *w)
{
	for (uint64_t at = 0; at < USER_SIZE; at += USER_SIZE - 8) {
		user[at / 8] = 0x77 + at;
		CHECK_EQ(rig_word(&w->rig, FAR_ADDR + at), 0x77 + at);
		OK(rig_write(&w->rig, FAR_ADDR + at, 0x88 + at));
		CHECK_EQ(user[at / 8], 0x88 + at);
	}
	CHECK_EQ(rig_state(&w->rig).mappings, model.empty.mappings + 3);
	rig_unmapped(&w->rig, FAR_ADDR + USER_SIZE);
}

static void userptr(int fd)
{
	driver_needs(fd, DRM_EVGEM_FEATURE_USERPTR);
	user = mmap(NULL, USER_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(user != MAP_FAILED);
	memset(user, 1, USER_SIZE);
	failwalk_init(&w, fd);
	inject_user_pages();
	failwalks(&w,
		  { "VM_BIND, userptr", 0, userptr_set, bind_call,
		    userptr_check },
		  { "VM_BIND, userptr, pages to be had", 0,
		    userptr_absent_set, bind_call, userptr_check });
}

/* The world has 1 MiB and a bit: a userptr that was forgotten is one too many. */
void failbind_userptr(int fd)
{
	with_limit(fd, "max_bo_mb", 3, userptr);
}
