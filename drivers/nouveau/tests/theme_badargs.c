// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Bad input of VM_BIND and EXEC: one field of an otherwise good call is changed; it
 * fails with its errno, and nothing has changed. Rows are those of
 * Documentation/bad-input.rst.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "rig.h"

/*
 * Page by page from DATA_ADDR: a a a a . . a a, where a is @a and a dot is nothing;
 * and a sparse region a bit further on.
 */
#define REGION_ADDR (DATA_ADDR + HUGE)
#define REGION_SIZE (16 * PAGE)

static struct world {
	struct rig rig;
	struct bo a, b;
	/** @foreign: a handle of another file, larger than any of ours */
	uint32_t foreign;
	/** @in: signalled; @out, @line: to be signalled by a good call */
	uint32_t in, out, line;
	uint64_t point;
} w;

static void reset(void)
{
	OK(nvt_bind(w.rig.fd, nvt_unmap(DATA_ADDR, 64 * PAGE),
		    nvt_map(DATA_ADDR, 8 * PAGE, w.a.handle, 0),
		    nvt_unmap(DATA_ADDR + 4 * PAGE, 2 * PAGE)));
}

static void begin(int fd)
{
	rig_init(&w.rig, fd);
	bo_init(&w.a, fd, 8 * PAGE, NVT_EITHER, 0xa);
	bo_init(&w.b, fd, 8 * PAGE, NVT_GART | NVT_PRIVATE, 0xb);
	w.foreign = 0x777;
	w.in = make_syncobj(fd);
	nvt_signal(fd, (struct nvt_sync){ w.in });
	w.out = make_syncobj(fd);
	w.line = make_syncobj(fd);
	w.point = 1;
	OK(nvt_bind(fd, nvt_sparse(REGION_ADDR, REGION_SIZE)));
	reset();
}

static void unchanged(void)
{
	int fd = w.rig.fd;

	/* A bind that was queued all the same would have run behind this one. */
	OK(nvt_bind_n(fd, NULL, 0, NULL));
	rig_shows(&w.rig, DATA_ADDR, 4 * PAGE, &w.a, 0);
	rig_shows(&w.rig, DATA_ADDR + 6 * PAGE, 2 * PAGE, &w.a, 6 * PAGE);
	rig_shows_zeros(&w.rig, REGION_ADDR, REGION_SIZE);
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 1);
	/* The rig's two, those of two pieces, one of the region. */
	CHECK_EQ(debugfs_number(fd, "vms", "mappings"), 5);
	CHECK(!has_fence(fd, w.out, 0));
	CHECK(!has_fence(fd, w.line, w.point));
}

/**
 * struct good_bind - a bind that is as it should be, for one change
 */
struct good_bind {
	struct drm_nouveau_vm_bind args;
	struct drm_nouveau_vm_bind_op ops[5];
	struct drm_nouveau_sync waits[2], signals[2];
};

static void good_bind(struct good_bind *g)
{
	*g = (struct good_bind){
		.args = {
			.op_count = 4,
			.flags = DRM_NOUVEAU_VM_BIND_RUN_ASYNC,
			.wait_count = 1,
			.sig_count = 2,
			.wait_ptr = (uintptr_t)g->waits,
			.sig_ptr = (uintptr_t)g->signals,
			.op_ptr = (uintptr_t)g->ops,
		},
		.ops = {
			nvt_map(DATA_ADDR + 3 * PAGE, 4 * PAGE, w.b.handle,
				2 * PAGE),
			nvt_unmap(DATA_ADDR + PAGE, PAGE),
			nvt_sparse(REGION_ADDR + HUGE, 4 * PAGE),
			nvt_map(REGION_ADDR + PAGE, 2 * PAGE, w.a.handle, 0),
		},
		.waits = { { .handle = w.in } },
		.signals = {
			{ .handle = w.out },
			{
				.flags = DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ,
				.handle = w.line,
				.timeline_value = w.point,
			},
		},
	};
}

static void bind_works(void)
{
	struct good_bind g;
	int fd = w.rig.fd;

	good_bind(&g);
	OK(nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_VM_BIND, &g.args));
	job_ends(fd, w.out, 0, 0);
	job_ends(fd, w.line, w.point++, 0);
	OK(nvt_reset(fd, w.out));
	rig_shows(&w.rig, DATA_ADDR + 3 * PAGE, 4 * PAGE, &w.b, 2 * PAGE);
	rig_shows(&w.rig, REGION_ADDR + PAGE, 2 * PAGE, &w.a, 0);
	rig_shows_zeros(&w.rig, REGION_ADDR + HUGE, 4 * PAGE);
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR + HUGE, 4 * PAGE),
		    nvt_unmap(REGION_ADDR, REGION_SIZE)));
	/* One mapping again, not one for each that was there. */
	OK(nvt_bind(fd, nvt_unsparse(REGION_ADDR, REGION_SIZE),
		    nvt_sparse(REGION_ADDR, REGION_SIZE)));
	reset();
}

#define BAD_BIND(error, change) \
	do { \
		struct good_bind g, before; \
		good_bind(&g); \
		change; \
		before = g; \
		ktap_trying(#change); \
		FAILS(error, nvt_ioctl(w.rig.fd, DRM_IOCTL_NOUVEAU_VM_BIND, \
				       &g.args)); \
		CHECK(!memcmp(&before, &g, sizeof(g))); \
		unchanged(); \
		ktap_trying(NULL); \
	} while (0)

/* The operations 2 and 3 are what a driver might call its own. */
static void row_06_ops_and_flags(int fd)
{
	begin(fd);
	bind_works();
	BAD_BIND(EINVAL, g.args.flags |= 2);
	BAD_BIND(EINVAL, g.args.flags |= 1u << 31);
	for (uint32_t op = 2; op < 8; op++) {
		BAD_BIND(EINVAL, g.ops[0].op = op);
		BAD_BIND(EINVAL, g.ops[1].op = op);
		BAD_BIND(EINVAL, g.ops[2].op = op);
	}
	BAD_BIND(EINVAL, g.ops[0].op = 0x100);
	BAD_BIND(EINVAL, g.ops[0].op = ~0u);
	BAD_BIND(EINVAL, g.ops[0].flags = 1 << 9);
	BAD_BIND(EINVAL, g.ops[1].flags = 1u << 31);
	BAD_BIND(EINVAL, g.ops[2].flags |= 1 << 10);
	BAD_BIND(EINVAL, g.ops[0].flags = 7);
	BAD_BIND(EINVAL, g.ops[0].flags = 255);
	BAD_BIND(EINVAL, g.ops[1].flags = 7);
	BAD_BIND(EINVAL, g.ops[3].pad = 1);
	bind_works();
}

static void row_08_pointers(int fd)
{
	struct drm_nouveau_vm_bind_op *last;
	char *pages;

	begin(fd);
	BAD_BIND(EFAULT, g.args.op_ptr = 8);
	BAD_BIND(EFAULT, g.args.wait_ptr = 8);
	BAD_BIND(EFAULT, g.args.sig_ptr = 8);
	BAD_BIND(EFAULT, g.args.op_ptr = ~0ull - 15);

	/* The last operation is on a page that is not there. */
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED && !munmap(pages + PAGE, PAGE));
	last = (void *)(pages + PAGE);
	for (int i = 1; i <= 3; i++)
		last[-i] = nvt_unmap(DATA_ADDR, 8 * PAGE);
	BAD_BIND(EFAULT, g.args.op_ptr = (uintptr_t)(last - 3));
	bind_works();
}

static void row_09_counts(int fd)
{
	begin(fd);
	BAD_BIND(EINVAL, g.args.op_count = ~0u);
	BAD_BIND(EINVAL, g.args.op_count = 65537);
	BAD_BIND(EINVAL, g.args.wait_count = ~0u);
	BAD_BIND(EINVAL, g.args.sig_count = ~0u);
	BAD_BIND(EINVAL, g.args.sig_count = 4097);
	bind_works();
}

static void row_10_to_12_ranges(int fd)
{
	const uint64_t end = 1ull << 47;

	begin(fd);
	BAD_BIND(EINVAL, g.ops[0].addr += 1);
	BAD_BIND(EINVAL, g.ops[0].range -= 512);
	BAD_BIND(EINVAL, g.ops[0].bo_offset += 2048);
	BAD_BIND(EINVAL, g.ops[1].addr += 1);
	BAD_BIND(EINVAL, g.ops[2].range += 1);
	BAD_BIND(EINVAL, g.ops[0].range = 0);
	BAD_BIND(EINVAL, g.ops[1].range = 0);
	BAD_BIND(EINVAL, g.ops[2].range = 0);
	BAD_BIND(EINVAL, g.ops[1].addr = -PAGE; g.ops[1].range = 2 * PAGE);
	BAD_BIND(EINVAL, g.ops[1].addr = end - PAGE; g.ops[1].range = 2 * PAGE);
	BAD_BIND(EINVAL, g.ops[1].addr = end);
	BAD_BIND(EINVAL, g.ops[1].range = -PAGE);
	BAD_BIND(EINVAL, g.ops[1].addr = KERNEL_ADDR);
	BAD_BIND(EINVAL, g.ops[0].bo_offset = -PAGE);
	BAD_BIND(EINVAL, g.ops[0].bo_offset = 5 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].bo_offset = 8 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].range = 7 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].range = 1ull << 46);
	bind_works();
	/* Up to the very end is fine. */
	OK(nvt_bind(fd, nvt_map(end - PAGE, PAGE, w.a.handle, 7 * PAGE)));
	rig_shows(&w.rig, end - PAGE, PAGE, &w.a, 7 * PAGE);
}

static void row_13_to_16_objects(int fd)
{
	static struct rig other;
	struct drm_nouveau_gem_info info, cpu;

	/* Before ours: what is read from debugfs is that of the last VM. */
	rig_init(&other, nvt_open());
	begin(fd);
	BAD_BIND(ENOENT, g.ops[0].handle = 0);
	BAD_BIND(ENOENT, g.ops[0].handle = w.foreign);
	BAD_BIND(ENOENT, g.ops[3].handle = w.foreign);
	BAD_BIND(EINVAL, g.ops[1].handle = w.a.handle);
	BAD_BIND(EINVAL, g.ops[2].handle = w.a.handle);
	/* Of another file, whose numbers are others. */
	for (int i = 0; i < 40; i++)
		OK(nvt_bo_new(other.fd, PAGE, NVT_GART, 0, &info));
	BAD_BIND(ENOENT, g.ops[0].handle = info.handle);
	/* Not for the device. */
	OK(nvt_bo_new(fd, 8 * PAGE, NOUVEAU_GEM_DOMAIN_CPU, 0, &cpu));
	BAD_BIND(EINVAL, g.ops[0].handle = cpu.handle);
	/* A later operation that is bad takes the earlier ones along. */
	BAD_BIND(ENOSPC, g.ops[3] = nvt_sparse(REGION_ADDR + PAGE, PAGE));
	BAD_BIND(ENOSPC, g.ops[3] = nvt_map(REGION_ADDR - PAGE, 2 * PAGE,
					    w.a.handle, 0));
	BAD_BIND(ENOENT, g.ops[3] = nvt_unsparse(REGION_ADDR, PAGE));
	bind_works();
}

static void row_17_to_19_syncs(int fd)
{
	uint32_t empty;

	begin(fd);
	empty = make_syncobj(fd);
	BAD_BIND(EINVAL, g.args.flags = 0);
	BAD_BIND(EINVAL, g.args.flags = 0; g.args.wait_count = 0);
	BAD_BIND(EINVAL, g.args.flags = 0; g.args.sig_count = 0);
	BAD_BIND(EINVAL, g.waits[0].flags = 2);
	BAD_BIND(EINVAL, g.waits[0].flags = 0xf);
	BAD_BIND(EINVAL, g.signals[0].flags = 2);
	BAD_BIND(EINVAL, g.signals[1].flags |= 0x10);
	BAD_BIND(EINVAL, g.waits[0].timeline_value = 1);
	BAD_BIND(EINVAL, g.signals[0].timeline_value = 1);
	BAD_BIND(EINVAL, g.signals[1].timeline_value = 0);
	BAD_BIND(ENOENT, g.waits[0].handle = 0);
	BAD_BIND(ENOENT, g.waits[0].handle = 0x777);
	BAD_BIND(ENOENT, g.signals[0].handle = 0x777);
	BAD_BIND(ENOENT, g.signals[1].handle = 0);
	BAD_BIND(EINVAL, g.waits[0].handle = empty);
	BAD_BIND(EINVAL, g.waits[0] = g.signals[1]);
	bind_works();
}

/**
 * struct good_exec - a job that is as it should be, for one change
 */
struct good_exec {
	struct drm_nouveau_exec args;
	struct drm_nouveau_exec_push pushes[2];
	struct drm_nouveau_sync waits[2], signals[2];
};

static void good_exec(struct good_exec *g)
{
	struct push p = rig_push(&w.rig), q = rig_push(&w.rig);
	struct good_bind sync;

	good_bind(&sync);
	push_write(&p, SCRATCH_ADDR, 1);
	push_write(&q, SCRATCH_ADDR + 8, 2);
	memset(w.rig.scratch.cpu, 0, 16);
	*g = (struct good_exec){
		.args = {
			.channel = w.rig.chan,
			.push_count = 2,
			.wait_count = 1,
			.sig_count = 2,
			.wait_ptr = (uintptr_t)g->waits,
			.sig_ptr = (uintptr_t)g->signals,
			.push_ptr = (uintptr_t)g->pushes,
		},
		.pushes = {
			{ .va = p.addr, .va_len = p.count * 4 },
			{ .va = q.addr, .va_len = q.count * 4 },
		},
	};
	memcpy(g->waits, sync.waits, sizeof(g->waits));
	memcpy(g->signals, sync.signals, sizeof(g->signals));
}

static void exec_works(void)
{
	struct good_exec g;
	int fd = w.rig.fd;

	good_exec(&g);
	OK(nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_EXEC, &g.args));
	job_ends(fd, w.out, 0, 0);
	job_ends(fd, w.line, w.point++, 0);
	OK(nvt_reset(fd, w.out));
	CHECK_EQ(w.rig.scratch.cpu[0], 1);
	CHECK_EQ(w.rig.scratch.cpu[1], 2);
}

#define BAD_EXEC(error, change) \
	do { \
		struct good_exec g, before; \
		good_exec(&g); \
		change; \
		before = g; \
		ktap_trying(#change); \
		FAILS(error, nvt_ioctl(w.rig.fd, DRM_IOCTL_NOUVEAU_EXEC, \
				       &g.args)); \
		CHECK(!memcmp(&before, &g, sizeof(g))); \
		/* Jobs of a channel run in order: behind it there is this. */ \
		rig_run(&w.rig, &(struct push){ .addr = PUSH_ADDR }); \
		CHECK_EQ(w.rig.scratch.cpu[0], 0); \
		CHECK_EQ(w.rig.scratch.cpu[1], 0); \
		unchanged(); \
		ktap_trying(NULL); \
	} while (0)

static void row_21_to_22_exec(int fd)
{
	static struct drm_nouveau_exec_push many[511];

	begin(fd);
	exec_works();
	BAD_EXEC(ENOENT, g.args.channel = 4095);
	BAD_EXEC(ENOENT, g.args.channel = ~0u);
	BAD_EXEC(EINVAL, g.args.push_count = 511;
		 g.args.push_ptr = (uintptr_t)many);
	BAD_EXEC(EINVAL, g.args.push_count = ~0u);
	BAD_EXEC(EFAULT, g.args.push_ptr = 8);
	BAD_EXEC(EINVAL, g.pushes[1].flags = 2);
	BAD_EXEC(EINVAL, g.pushes[1].flags = 1u << 31);
	BAD_EXEC(EINVAL, g.pushes[1].va += 2);
	BAD_EXEC(EINVAL, g.pushes[1].va_len += 1);
	BAD_EXEC(EINVAL, g.pushes[1].va_len = 8 << 20);
	BAD_EXEC(EINVAL, g.pushes[1].va_len = ~3u);
	BAD_EXEC(EINVAL, g.pushes[1].va = 1ull << 40);
	BAD_EXEC(EINVAL, g.pushes[1].va = (1ull << 40) - 4);
	BAD_EXEC(EINVAL, g.pushes[1].va = ~3ull);
	BAD_EXEC(EINVAL, g.waits[0].flags = 3);
	BAD_EXEC(EINVAL, g.args.sig_count = 4097);
	BAD_EXEC(ENOENT, g.signals[1].handle = 0x777);
	BAD_EXEC(EINVAL, g.waits[0].handle = w.out);
	exec_works();
}

const struct ktap_case ktap_cases[] = {
	{ "row-06-ops-and-flags", row_06_ops_and_flags, 60 },
	{ "row-08-pointers", row_08_pointers },
	{ "row-09-counts", row_09_counts },
	{ "row-10-to-12-ranges", row_10_to_12_ranges, 60 },
	{ "row-13-to-16-objects", row_13_to_16_objects, 60 },
	{ "row-17-to-19-syncs", row_17_to_19_syncs, 60 },
	{ "row-21-to-22-exec", row_21_to_22_exec, 60 },
	{ NULL }
};
