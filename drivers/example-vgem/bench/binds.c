// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * How long a bind takes, from the ioctl to the written page tables.
 *
 * usage: evgem-binds ARRAY BINDS
 *
 * Binds in arrays of ARRAY operations: BINDS mappings of 64 KiB are made, each
 * is mapped over, calls are refused for their last operation, which leaves the
 * system call, the copying of the array and its checks, and all is unmapped. A
 * line for each: its name, the number of binds, and nanoseconds for all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "evgem.h"

#define SPAN 0x10000ull
#define BASE 0x100000000ull
#define VA_RANGE 0x100000000000ull

enum phase { MAP, REPLACE, REFUSED, UNMAP, NUM_PHASES };

static const char * const names[NUM_PHASES] = {
	"map", "replace", "refused", "unmap",
};

struct rig {
	int fd;
	__u32 vm;
	__u32 bos[2];
	unsigned long array;
	unsigned long binds;
};

static void need(int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "evgem-binds: %s: %s\n", what, strerror(-ret));
	exit(1);
}

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void fill(const struct rig *rig, enum phase phase, unsigned long first,
		 struct evgem_bind *bind)
{
	unsigned long i;

	for (i = first; i < first + rig->array; i++) {
		__u64 addr = BASE + i * SPAN;

		if (phase == UNMAP)
			evgem_bind_unmap(bind, addr, SPAN);
		else
			evgem_bind_map(bind, addr, SPAN,
				       rig->bos[phase == REPLACE], 0);
	}
	if (phase == REFUSED) {
		struct drm_evgem_bind_op *last = bind->ops.data;

		last[rig->array - 1].pad = 1;
	}
}

static void run(const struct rig *rig, enum phase phase)
{
	int want = phase == REFUSED ? -EINVAL : 0;
	__u64 took = 0;
	unsigned long i;

	for (i = 0; i < rig->binds; i += rig->array) {
		struct evgem_bind bind = { 0 };
		__u64 start;
		int ret;

		fill(rig, phase, i, &bind);
		start = now();
		ret = evgem_bind_sync(rig->fd, rig->vm, &bind);
		took += now() - start;
		if (ret != want)
			need(ret ? ret : -EPROTO, names[phase]);
	}
	printf("%s\t%lu\t%llu\n", names[phase], rig->binds,
	       (unsigned long long)took);
}

/* All of it, and nothing else, is in the VM and in the page tables. */
static void expect(const struct rig *rig, unsigned long mappings)
{
	struct drm_evgem_vm_state state;

	need(evgem_vm_state(rig->fd, rig->vm, &state), "state of the VM");
	if (state.mappings == mappings &&
	    state.ptes_4k == mappings * (SPAN / EVGEM_PAGE))
		return;
	fprintf(stderr, "evgem-binds: %llu mappings, %llu pages, instead of %lu mappings\n",
		(unsigned long long)state.mappings,
		(unsigned long long)state.ptes_4k, mappings);
	exit(1);
}

int main(int argc, char **argv)
{
	struct rig rig = { 0 };

	if (argc == 3) {
		rig.array = strtoul(argv[1], NULL, 0);
		rig.binds = strtoul(argv[2], NULL, 0);
	}
	if (!rig.array || !rig.binds || rig.binds % rig.array) {
		fprintf(stderr, "usage: evgem-binds ARRAY BINDS, a multiple of ARRAY\n");
		return 2;
	}

	rig.fd = evgem_open();
	need(rig.fd < 0 ? rig.fd : 0, "no device");
	need(evgem_vm_create(rig.fd, 0, VA_RANGE, &rig.vm), "VM");
	need(evgem_bo_create(rig.fd, SPAN, rig.vm, &rig.bos[0]), "BO");
	need(evgem_bo_create(rig.fd, SPAN, rig.vm, &rig.bos[1]), "BO");

	run(&rig, MAP);
	expect(&rig, rig.binds);
	run(&rig, REPLACE);
	run(&rig, REFUSED);
	expect(&rig, rig.binds);
	run(&rig, UNMAP);
	expect(&rig, 0);

	close(rig.fd);
	return 0;
}
