// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * VM_BIND: what is mapped is what the device sees, nothing else, in the order of
 * the calls.
 */
#include <stdlib.h>
#include <string.h>

#include "inject.h"
#include "rig.h"

static struct rig rig;
static struct bo a, b;

static void begin(int fd)
{
	rig_init(&rig, fd);
	bo_init(&a, fd, 16 * PAGE, NVT_GART, 0xa);
	bo_init(&b, fd, 16 * PAGE, NVT_EITHER | NVT_PRIVATE, 0xb);
}

static void map_unmap(int fd)
{
	begin(fd);
	rig_unmapped(&rig, DATA_ADDR);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	rig_unmapped(&rig, DATA_ADDR - 8);
	rig_unmapped(&rig, DATA_ADDR + a.size);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, a.size)));
	rig_unmapped(&rig, DATA_ADDR);
	/* Of nothing. */
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, a.size)));
}

/* One BO at two addresses, by pieces, over its own mappings and another's. */
static void replace_and_split(int fd)
{
	begin(fd);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0),
		    nvt_map(DATA_ADDR + a.size, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	rig_shows(&rig, DATA_ADDR + a.size, a.size, &a, 0);

	OK(nvt_bind(fd, nvt_map(DATA_ADDR + 3 * PAGE, 4 * PAGE, b.handle,
				2 * PAGE)));
	rig_shows(&rig, DATA_ADDR, 3 * PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + 3 * PAGE, 4 * PAGE, &b, 2 * PAGE);
	rig_shows(&rig, DATA_ADDR + 7 * PAGE, 9 * PAGE, &a, 7 * PAGE);

	/* Across three. */
	OK(nvt_bind(fd, nvt_map(DATA_ADDR + 2 * PAGE, 6 * PAGE, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, 2 * PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + 2 * PAGE, 6 * PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + 8 * PAGE, 8 * PAGE, &a, 8 * PAGE);

	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR + PAGE, 2 * PAGE)));
	rig_shows(&rig, DATA_ADDR, PAGE, &a, 0);
	rig_unmapped(&rig, DATA_ADDR + PAGE);
	rig_unmapped(&rig, DATA_ADDR + 2 * PAGE);
	rig_shows(&rig, DATA_ADDR + 3 * PAGE, 5 * PAGE, &a, PAGE);
	rig_shows(&rig, DATA_ADDR + a.size, a.size, &a, 0);
}

static void outlives_its_handle(int fd)
{
	begin(fd);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	OK(nvt_bo_close(fd, a.handle));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, a.size)));
	rig_unmapped(&rig, DATA_ADDR);
}

/* All at once or one by one: later operations see what earlier ones did. */
static void in_one_call(int fd)
{
	begin(fd);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, 8 * PAGE, a.handle, 0),
		    nvt_map(DATA_ADDR + 2 * PAGE, 4 * PAGE, b.handle, 0),
		    nvt_unmap(DATA_ADDR + 3 * PAGE, PAGE),
		    nvt_map(DATA_ADDR + 3 * PAGE, PAGE, a.handle, 9 * PAGE),
		    nvt_map(DATA_ADDR + 20 * PAGE, PAGE, a.handle, 0),
		    nvt_unmap(DATA_ADDR + 20 * PAGE, PAGE)));
	rig_shows(&rig, DATA_ADDR, 2 * PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + 2 * PAGE, PAGE, &b, 0);
	rig_shows(&rig, DATA_ADDR + 3 * PAGE, PAGE, &a, 9 * PAGE);
	rig_shows(&rig, DATA_ADDR + 4 * PAGE, 2 * PAGE, &b, 2 * PAGE);
	rig_shows(&rig, DATA_ADDR + 6 * PAGE, 2 * PAGE, &a, 6 * PAGE);
	rig_unmapped(&rig, DATA_ADDR + 20 * PAGE);
}

#define MANY 4096

/* In an order that is not that of addresses; 33 has no factor in common with it. */
static void thousands_in_one_call(int fd)
{
	static struct drm_nouveau_vm_bind_op ops[MANY];
	uint32_t done;

	begin(fd);
	done = make_syncobj(fd);
	for (unsigned int i = 0; i < MANY; i++) {
		unsigned int at = i * 33 % MANY;

		ops[i] = nvt_map(DATA_ADDR + at * PAGE, PAGE, a.handle,
				 (at * 7 + 3) % 16 * PAGE);
	}
	OK(nvt_bind_n(fd, ops, MANY, SYNCS(SIGNALS({ done }))));
	job_ends(fd, done, 0, 0);
	for (unsigned int at = 0; at < MANY; at += 97)
		rig_shows(&rig, DATA_ADDR + at * PAGE, PAGE, &a,
			  (at * 7 + 3) % 16 * PAGE);

	for (unsigned int i = 0; i < MANY; i++)
		ops[i] = nvt_unmap(DATA_ADDR + i * 33 % MANY * PAGE, PAGE);
	ops[MANY - 1] = nvt_map(DATA_ADDR, PAGE, b.handle, 0);
	OK(nvt_bind_n(fd, ops, MANY, SYNCS(SIGNALS({ done }))));
	job_ends(fd, done, 0, 0);
	rig_shows(&rig, DATA_ADDR, PAGE, &b, 0);
	rig_unmapped(&rig, DATA_ADDR + PAGE);
	/* The one that the last operation took the place of. */
	rig_shows(&rig, DATA_ADDR + (MANY - 1) * 33 % MANY * PAGE, PAGE, &a,
		  ((MANY - 1) * 33 % MANY * 7 + 3) % 16 * PAGE);
}

/* What the ioctl changed is what counts for later binds; the device sees it later. */
static void asynchronous(int fd)
{
	uint32_t gate, done, later;

	begin(fd);
	gate = make_syncobj(fd);
	done = make_syncobj(fd);
	later = make_syncobj(fd);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, 4 * PAGE, a.handle, 0)));
	/* No fence to wait for: it cannot be queued. */
	FAILS(EINVAL, nvt_bind_n(fd, (struct drm_nouveau_vm_bind_op[]){
			nvt_unmap(DATA_ADDR, PAGE) }, 1,
			SYNCS(WAITS({ gate }))));
	rig_shows(&rig, DATA_ADDR, 4 * PAGE, &a, 0);
	CHECK(!has_fence(fd, done, 0));

	{
		struct push p = rig_push(&rig);

		push_acquire(&p, SCRATCH_ADDR + 8 * PAGE, 1);
		rig.scratch.cpu[8 * PAGE / 8] = 0;
		OK(nvt_channel(fd, &rig.chan));
		OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ gate }))));
		OK(nvt_channel(fd, &rig.chan));
	}
	OK(nvt_bind_n(fd, (struct drm_nouveau_vm_bind_op[]){
			nvt_map(DATA_ADDR + PAGE, PAGE, b.handle, 0) }, 1,
		      SYNCS(WAITS({ gate }), SIGNALS({ done }))));
	/* Behind it, without anything of its own to wait for. */
	OK(nvt_bind_n(fd, (struct drm_nouveau_vm_bind_op[]){
			nvt_unmap(DATA_ADDR + 3 * PAGE, PAGE) }, 1,
		      SYNCS(SIGNALS({ later }))));
	job_pending(fd, done, 0);
	job_pending(fd, later, 0);
	rig_shows(&rig, DATA_ADDR, 4 * PAGE, &a, 0);

	__atomic_store_n(&rig.scratch.cpu[8 * PAGE / 8], 1, __ATOMIC_RELEASE);
	job_ends(fd, done, 0, 0);
	job_ends(fd, later, 0, 0);
	rig_shows(&rig, DATA_ADDR, PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + PAGE, PAGE, &b, 0);
	rig_shows(&rig, DATA_ADDR + 2 * PAGE, PAGE, &a, 2 * PAGE);
	rig_unmapped(&rig, DATA_ADDR + 3 * PAGE);
}

#define MANY_SYNCS 256

static void many_syncs(int fd)
{
	static struct nvt_sync waits[MANY_SYNCS], signals[MANY_SYNCS];
	const struct nvt_syncs syncs = {
		waits, MANY_SYNCS, signals, MANY_SYNCS
	};

	begin(fd);
	for (unsigned int i = 0; i < MANY_SYNCS; i++) {
		waits[i].handle = make_syncobj(fd);
		waits[i].point = i % 2 * 3;
		nvt_signal(fd, waits[i]);
		signals[i].handle = make_syncobj(fd);
		signals[i].point = i % 3 * 5;
	}
	OK(nvt_bind_n(fd, (struct drm_nouveau_vm_bind_op[]){
			nvt_map(DATA_ADDR, a.size, a.handle, 0) }, 1, &syncs));
	for (unsigned int i = 0; i < MANY_SYNCS; i++)
		job_ends(fd, signals[i].handle, signals[i].point, 0);
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	/* Nothing but syncs is a bind as well. */
	OK(nvt_bind_n(fd, NULL, 0, &syncs));
	job_ends(fd, signals[1].handle, signals[1].point, 0);
	OK(nvt_bind_n(fd, NULL, 0, NULL));
}

/*
 * A call whose memory is refused at the last moment, when mappings were cut already:
 * what was cut is there again, as a mapping that binds can see and the device too.
 */
static void failed_remap(int fd)
{
	struct drm_nouveau_vm_bind_op op;
	unsigned int nth = 0, failed = 0;
	int ret;

	begin(fd);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	op = nvt_map(DATA_ADDR + 5 * PAGE, 3 * PAGE, b.handle, 0);
	inject_allocations();
	do {
		inject_nth(++nth);
		ret = nvt_bind_n(fd, &op, 1, NULL);
		if (!inject_end())
			break;
		if (!ret) {
			/* It did without. */
			OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
			continue;
		}
		CHECK_EQ(-ret, ENOMEM);
		failed++;
		rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	} while (nth < 1000);
	OK(ret);
	CHECK(failed > 5);
	rig_shows(&rig, DATA_ADDR, 5 * PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + 5 * PAGE, 3 * PAGE, &b, 0);
	rig_shows(&rig, DATA_ADDR + 8 * PAGE, 8 * PAGE, &a, 8 * PAGE);
	/* Nothing of it was lost: it can be unmapped, all of it. */
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, a.size)));
	for (unsigned int i = 0; i < 16; i += 5)
		rig_unmapped(&rig, DATA_ADDR + i * PAGE);
}

/* The job itself fails: then nobody knows what is mapped, and the VM is dead. */
static void job_fails(int fd)
{
	uint32_t done;

	begin(fd);
	done = make_syncobj(fd);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	inject_bind_failure(0, 1);
	FAILS(EIO, nvt_bind(fd, nvt_map(DATA_ADDR, PAGE, b.handle, 0)));
	inject_bind_failure(0, 0);
	FAILS(EIO, nvt_bind(fd, nvt_unmap(DATA_ADDR, PAGE)));
	FAILS(EIO, nvt_exec_n(fd, rig.chan, NULL, 0, SYNCS(SIGNALS({ done }))));
	FAILS(EIO, nvt_channel(fd, &rig.chan));
	CHECK(!has_fence(fd, done, 0));
	CHECK_EQ(debugfs_number(fd, "vms", "dead"), (uint64_t)-EIO);
	/* Others do not notice. */
	begin(nvt_open());
	OK(nvt_bind(rig.fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

/* Against a model: a page of the VM has the BO's page that the last map gave it. */
static void at_random(int fd)
{
	enum { PAGES = 96 };
	static int model[PAGES];
	unsigned int seed = 20261121;

	begin(fd);
	memset(model, -1, sizeof(model));
	for (unsigned int round = 0; round < 150; round++) {
		struct drm_nouveau_vm_bind_op ops[4];
		unsigned int n = rand_r(&seed) % 4 + 1;

		for (unsigned int i = 0; i < n; i++) {
			int at = rand_r(&seed) % PAGES;
			int range = rand_r(&seed) % 16 + 1;
			int from, kind = rand_r(&seed) % 3;

			if (range > PAGES - at)
				range = PAGES - at;
			from = rand_r(&seed) % (17 - range);
			ops[i] = kind == 2 ?
				 nvt_unmap(DATA_ADDR + at * PAGE, range * PAGE) :
				 nvt_map(DATA_ADDR + at * PAGE, range * PAGE,
					 kind ? b.handle : a.handle,
					 from * PAGE);
			for (int page = 0; page < range; page++)
				model[at + page] = kind == 2 ? -1 :
						   kind << 8 | (from + page);
		}
		OK(nvt_bind_n(fd, ops, n, NULL));
		for (unsigned int i = 0; i < 3; i++) {
			unsigned int at = rand_r(&seed) % PAGES;

			if (model[at] >= 0)
				rig_shows(&rig, DATA_ADDR + at * PAGE, PAGE,
					  model[at] >> 8 ? &b : &a,
					  (model[at] & 0xff) * PAGE);
			else if (!i)
				rig_unmapped(&rig, DATA_ADDR + at * PAGE);
		}
	}
}

const struct ktap_case ktap_cases[] = {
	{ "map-unmap", map_unmap },
	{ "replace-and-split", replace_and_split },
	{ "outlives-its-handle", outlives_its_handle },
	{ "in-one-call", in_one_call },
	{ "thousands-in-one-call", thousands_in_one_call, 60 },
	{ "asynchronous", asynchronous },
	{ "many-syncs", many_syncs },
	{ "failed-remap", failed_remap, 60 },
	{ "job-fails", job_fails },
	{ "at-random", at_random, 60 },
	{ NULL }
};
