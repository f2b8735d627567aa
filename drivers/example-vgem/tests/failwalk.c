// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * One allocation after the other.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "failwalk.h"
#include "inject.h"
#include "snapshot.h"

/* A sample: each of the first, and then one in STEP. */
#define ALL_UP_TO 24
#define STEP 24
#define NTH_MAX 4000
#define ROWS 64

/*
 * In memory that the cases share, each being a process, so that the last one can
 * show them all.
 */
static struct {
	unsigned int used;
	struct row {
		const char *name;
		unsigned int injected, failed;
	} row[ROWS];
} *table;

__attribute__((constructor))
static void share_table(void)
{
	table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (table == MAP_FAILED)
		table = NULL;
}

static void show(const struct row *row)
{
	ktap_note("%-38s %8u %8u %8u", row->name, row->injected, row->failed,
		  row->injected - row->failed);
}

static void run(struct world *w, void (*step)(struct world *w))
{
	if (step)
		step(w);
}

/*
 * Whether there was an allocation number @nth. If the call failed then, it did so
 * with ENOMEM, changed nothing, and the very same call succeeds.
 */
static bool walk_step(struct world *w, const struct failwalk *walk,
		      unsigned int nth, const struct snapshot *before,
		      struct row *row)
{
	bool injected;
	int ret;

	run(w, walk->set);
	inject_nth(nth);
	ret = walk->call(w);
	injected = inject_end();

	row->injected += injected;
	if (ret) {
		if (!injected || (walk->flags & NEVER_FAILS) ||
		    ret != -ENOMEM)
			FAIL("allocation %u: %s", nth, ktap_errno(ret));
		row->failed++;
		snapshot_same(before, w);
		OK(walk->call(w));
	}
	run(w, walk->check);
	return injected;
}

void failwalk_init(struct world *w, int fd)
{
	inject_allocations();
	world_init(w, fd);
}

void failwalk(struct world *w, const struct failwalk *walk)
{
	static struct snapshot before;
	struct row *row;
	unsigned int nth;

	CHECK(table && table->used < ROWS);
	row = &table->row[table->used++];
	row->name = walk->name;
	ktap_trying(walk->name);

	/* Once without: what this program itself needs is there from then on. */
	run(w, walk->set);
	OK(walk->call(w));
	run(w, walk->check);

	run(w, walk->set);
	before.no_dmabufs = walk->flags & KEEPS_DMABUF;
	snapshot_settled(&before, w);
	for (nth = 1; walk_step(w, walk, nth, &before, row);
	     nth += (walk->flags & SAMPLED) && nth >= ALL_UP_TO ? STEP : 1)
		CHECK(nth < NTH_MAX);
	/* Also not by what went on without, and what was tried again. */
	run(w, walk->set);
	snapshot_same(&before, w);

	show(row);
	CHECK((walk->flags & NEVER_FAILS) || row->failed > 0);
	ktap_trying(NULL);
}

void failwalk_wait_for_room(struct world *w, uint64_t size)
{
	uint64_t start = now_ms();
	uint32_t bo;
	int ret;

	while ((ret = evgem_bo_create(w->rig.fd, size, 0, &bo)) == -ENOSPC &&
	       now_ms() - start < 5000)
		sleep_ms(1);
	OK(ret);
	OK(evgem_bo_close(w->rig.fd, bo));
}

void failwalk_table(void)
{
	struct row sum = { .name = "together" };

	ktap_note("%-38s %8s %8s %8s", "allocations that failed", "all",
		  "needed", "others");
	for (unsigned int i = 0; i < table->used; i++) {
		show(&table->row[i]);
		sum.injected += table->row[i].injected;
		sum.failed += table->row[i].failed;
	}
	show(&sum);
}
