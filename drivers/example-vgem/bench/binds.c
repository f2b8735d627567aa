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
 * system call, the copying of the array and its checks, and all is unmapped.
 * Then it is unmapped once more, which finds nothing, so that locks and the way
 * through the queue are what is left, and that is refused, too. Last, mappings of
 * one page are made, which have a sixteenth of the page table entries. A line for
 * each: its name, the number of binds, and nanoseconds for all of them.
 *
 * Where the environment has EVGEM_COUNT, that file of bench/bench_count.c is put
 * before the device, and says what each call took; then a line has the sum of
 * that, and the median of the calls as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "evgem.h"

#define SPAN 0x10000ull
#define BASE 0x100000000ull
#define VA_RANGE 0x100000000000ull

enum phase {
	MAP, REPLACE, REFUSED, UNMAP, EMPTY, UNMAP_REFUSED, PAGE, NUM_PHASES
};

static const char * const names[NUM_PHASES] = {
	"map", "replace", "refused", "unmap", "empty", "unmap-refused", "page",
};

struct rig {
	int fd;
	/* Where binds go: @fd, or what counts before it. */
	int bind_fd;
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

static bool unmaps(enum phase phase)
{
	return phase == UNMAP || phase == EMPTY || phase == UNMAP_REFUSED;
}

static bool refused(enum phase phase)
{
	return phase == REFUSED || phase == UNMAP_REFUSED;
}

static void fill(const struct rig *rig, enum phase phase, unsigned long first,
		 struct evgem_bind *bind)
{
	unsigned long i;

	for (i = first; i < first + rig->array; i++) {
		__u64 addr = BASE + i * SPAN;

		if (unmaps(phase))
			evgem_bind_unmap(bind, addr, SPAN);
		else
			evgem_bind_map(bind, addr,
				       phase == PAGE ? EVGEM_PAGE : SPAN,
				       rig->bos[phase == REPLACE], 0);
	}
	if (refused(phase)) {
		struct drm_evgem_bind_op *last = bind->ops.data;

		last[rig->array - 1].pad = 1;
	}
}

static bool counts(const struct rig *rig)
{
	return rig->bind_fd != rig->fd;
}

/* What the call took that began at @start. */
static __u64 cost(const struct rig *rig, __u64 start)
{
	__u64 took = now() - start;

	if (counts(rig) &&
	    read(rig->bind_fd, &took, sizeof(took)) != sizeof(took))
		need(-errno, "count");
	return took;
}

/* Workers always go first, so what they do belongs to the call that woke them. */
static void begin_to_count(struct rig *rig)
{
	const struct sched_param none = { 0 };

	if (sched_setscheduler(0, SCHED_IDLE, &none))
		need(-errno, "priority");
	rig->bind_fd = open(getenv("EVGEM_COUNT"), O_RDWR | O_CLOEXEC);
	if (rig->bind_fd < 0 || ioctl(rig->bind_fd, 0, rig->fd))
		need(-errno, "count");
}

static int by_cost(const void *a, const void *b)
{
	__u64 left = *(const __u64 *)a, right = *(const __u64 *)b;

	return left < right ? -1 : left > right;
}

static void run(const struct rig *rig, enum phase phase)
{
	unsigned long i, calls = rig->binds / rig->array;
	int want = refused(phase) ? -EINVAL : 0;
	__u64 *took = calloc(calls, sizeof(*took));
	__u64 sum = 0;

	need(took ? 0 : -ENOMEM, "memory");
	for (i = 0; i < calls; i++) {
		struct evgem_bind bind = { 0 };
		__u64 start;
		int ret;

		fill(rig, phase, i * rig->array, &bind);
		start = now();
		ret = evgem_bind_sync(rig->bind_fd, rig->vm, &bind);
		took[i] = cost(rig, start);
		sum += took[i];
		if (ret != want)
			need(ret ? ret : -EPROTO, names[phase]);
	}
	qsort(took, calls, sizeof(*took), by_cost);
	printf("%s\t%lu\t%llu", names[phase], rig->binds,
	       (unsigned long long)sum);
	if (counts(rig))
		printf("\t%llu", (unsigned long long)took[calls / 2]);
	printf("\n");
	free(took);
}

/* All of it, and nothing else, is in the VM and in the page tables. */
static void expect(const struct rig *rig, unsigned long mappings, unsigned long pages)
{
	struct drm_evgem_vm_state state;

	need(evgem_vm_state(rig->fd, rig->vm, &state), "state of the VM");
	if (state.mappings == mappings &&
	    state.ptes_4k == mappings * pages)
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
	rig.bind_fd = rig.fd;
	if (getenv("EVGEM_COUNT"))
		begin_to_count(&rig);
	need(evgem_vm_create(rig.fd, 0, VA_RANGE, &rig.vm), "VM");
	need(evgem_bo_create(rig.fd, SPAN, rig.vm, &rig.bos[0]), "BO");
	need(evgem_bo_create(rig.fd, SPAN, rig.vm, &rig.bos[1]), "BO");

	run(&rig, MAP);
	expect(&rig, rig.binds, SPAN / EVGEM_PAGE);
	run(&rig, REPLACE);
	run(&rig, REFUSED);
	expect(&rig, rig.binds, SPAN / EVGEM_PAGE);
	run(&rig, UNMAP);
	expect(&rig, 0, 0);
	run(&rig, EMPTY);
	run(&rig, UNMAP_REFUSED);
	run(&rig, PAGE);
	expect(&rig, rig.binds, 1);

	if (counts(&rig))
		close(rig.bind_fd);
	close(rig.fd);
	return 0;
}
