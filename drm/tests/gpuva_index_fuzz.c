// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The index against an array of pages, in a program under sanitizers.
 *
 * Usage: index-fuzz [SEED [COUNT]]
 *
 * The core's own files are compiled in; what they need of a kernel is in
 * bindings/host. A seed does here what it does in the KUnit suite gpuva_index.
 */
#include "host.h"

/* The worker of this kernel works when it is told to. */
static void gim_silence_stock(bool silent)
{
}

#define GIM_REUSES false
#include "gpuva_index_model.h"

static bool run(u64 seed, u64 count)
{
	struct gim *gim = host_zalloc(sizeof(*gim));
	bool good;
	u64 step;

	if (!gim || gim_init(gim, seed))
		return false;

	for (step = 0; step < count && !gim->error; step++)
		gim_step(gim, step);

	printf("# seed %llu: %llu steps, %llu inserted, %llu refused\n",
	       seed, step, gim->inserted, gim->refused);
	printf("# at most %llu without a node, height %u\n", gim->spilled,
	       gim->height);
	if (gim->error)
		printf("# seed %llu, step %llu: not %s\n", seed, step - 1,
		       gim->error);
	good = !gim->error;
	gim_fini(gim);
	host_free(gim);
	return good;
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	u64 count = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000000;

	return !run(seed, count);
}
