// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Bad input to VM_BIND: one field of an otherwise good call is changed. The
 * rows are those of the table in the driver's documentation.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "world.h"

static struct world w;

static void unknown_op(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].op = 0);
	BAD_BIND(EINVAL, g.ops[0].op = 6);
	BAD_BIND(EINVAL, g.ops[1].op = 0x80000000);
	BAD_BIND(EINVAL, g.ops[2].op = 0xffffffff);
}

/* Numbers that later work will use are refused until it is there. */
static void reserved_op(int fd)
{
	struct drm_evgem_device_info info;

	OK(evgem_query_device(fd, &info));
	world_init(&w, fd);
	if (!(info.features & DRM_EVGEM_FEATURE_USERPTR))
		BAD_BIND(EINVAL, g.ops[0].op = DRM_EVGEM_BIND_OP_MAP_USERPTR);
}

/* ops[0] maps 4 pages of a BO of 8, from its third on. */
#define REPEAT_IS(size) \
	(g.ops[0].flags = DRM_EVGEM_BIND_REPEAT, g.ops[0].repeat = (size))

/* What repeats: something, of whole pages, of the BO, no more than the range. */
static void repeat(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].repeat = PAGE);
	BAD_BIND(EINVAL, REPEAT_IS(0));
	BAD_BIND(EINVAL, REPEAT_IS(1));
	BAD_BIND(EINVAL, REPEAT_IS(PAGE / 2));
	BAD_BIND(EINVAL, REPEAT_IS(PAGE + 8));
	BAD_BIND(EINVAL, REPEAT_IS(5 * PAGE));
	BAD_BIND(EINVAL, REPEAT_IS(-PAGE));
	/* What is left of it in 32 bits is a page, or nothing. */
	BAD_BIND(EINVAL, REPEAT_IS((1ull << 32) + PAGE));
	BAD_BIND(EINVAL, { REPEAT_IS(1ull << 32); g.ops[0].range = 1ull << 33; });
	BAD_BIND(EINVAL, { REPEAT_IS(PAGE); g.ops[0].offset = 8 * PAGE; });
	BAD_BIND(EINVAL, { REPEAT_IS(PAGE); g.ops[0].offset = -PAGE; });
	BAD_BIND(EINVAL, { REPEAT_IS(2 * PAGE); g.ops[0].offset = 7 * PAGE; });
	BAD_BIND(EINVAL, { REPEAT_IS(9 * PAGE); g.ops[0].offset = 0;
		 g.ops[0].range = 64 * PAGE; });
	BAD_BIND(EINVAL, { REPEAT_IS(PAGE); g.ops[0].range = 0; });
	BAD_BIND(EINVAL, { REPEAT_IS(PAGE); g.ops[0].range = 1ull << 48; });
}

/* Nor does anything else repeat than a MAP. */
static void repeat_of_no_map(int fd)
{
	static const uint32_t others[] = {
		DRM_EVGEM_BIND_OP_UNMAP, DRM_EVGEM_BIND_OP_MAP_SPARSE,
		DRM_EVGEM_BIND_OP_UNMAP_BO,
	};

	world_init(&w, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		bool of_bo = others[i] == DRM_EVGEM_BIND_OP_UNMAP_BO;

		for (unsigned int flag = 0; flag < 2; flag++) {
			BAD_BIND(EINVAL, {
				g.ops[1].op = others[i];
				g.ops[1].flags = flag ? DRM_EVGEM_BIND_REPEAT : 0;
				g.ops[1].repeat = PAGE;
				g.ops[1].handle = of_bo ? w.a.handle : 0;
				g.ops[1].addr = of_bo ? 0 : g.ops[1].addr;
				g.ops[1].range = of_bo ? 0 : g.ops[1].range;
			});
		}
	}
}

/* What is at the edge of all that, and good. */
static void repeat_at_the_limit(int fd)
{
	const uint64_t top = 1ull << 48;

	world_init(&w, fd);
	OK(evgem_map_repeat(fd, w.rig.vm, top - 4 * PAGE, 4 * PAGE, w.b.handle,
			    4 * PAGE, 4 * PAGE));
	rig_shows(&w.rig, top - 4 * PAGE, 4 * PAGE, &w.b, 4 * PAGE);
	OK(evgem_map_repeat(fd, w.rig.vm, top - 4 * PAGE, 4 * PAGE, w.b.handle,
			    7 * PAGE, PAGE));
	rig_shows(&w.rig, top - PAGE, PAGE, &w.b, 7 * PAGE);
	FAILS(EINVAL, evgem_map_repeat(fd, w.rig.vm, top - 4 * PAGE, 5 * PAGE,
				       w.b.handle, 0, PAGE));
	OK(evgem_unmap(fd, w.rig.vm, top - 4 * PAGE, 4 * PAGE));
	w.state.tlb_flushes = rig_state(&w.rig).tlb_flushes;
	world_unchanged(&w);
}

/* A sparse mapping has a range and nothing else. */
static void sparse(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[1].op = DRM_EVGEM_BIND_OP_MAP_SPARSE;
		 g.ops[1].handle = w.a.handle);
	BAD_BIND(EINVAL, g.ops[1].op = DRM_EVGEM_BIND_OP_MAP_SPARSE;
		 g.ops[1].offset = PAGE);
	BAD_BIND(EINVAL, g.ops[1].op = DRM_EVGEM_BIND_OP_MAP_SPARSE;
		 g.ops[1].flags = DRM_EVGEM_BIND_READONLY);
	BAD_BIND(EINVAL, g.ops[1].op = DRM_EVGEM_BIND_OP_MAP_SPARSE;
		 g.ops[1].range = 0);
	BAD_BIND(EINVAL, g.ops[1].op = DRM_EVGEM_BIND_OP_MAP_SPARSE;
		 g.ops[1].addr = 0);
}

/* An UNMAP_BO names a BO and nothing else. */
static void unmap_bo(int fd)
{
	const struct drm_evgem_bind_op op = {
		.op = DRM_EVGEM_BIND_OP_UNMAP_BO,
	};

	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[1] = op);
	BAD_BIND(EINVAL, g.ops[1] = op; g.ops[1].handle = w.a.handle;
		 g.ops[1].addr = DATA_ADDR);
	BAD_BIND(EINVAL, g.ops[1] = op; g.ops[1].handle = w.a.handle;
		 g.ops[1].range = PAGE);
	BAD_BIND(EINVAL, g.ops[1] = op; g.ops[1].handle = w.a.handle;
		 g.ops[1].offset = PAGE);
	BAD_BIND(EINVAL, g.ops[1] = op; g.ops[1].handle = w.a.handle;
		 g.ops[1].flags = DRM_EVGEM_BIND_READONLY);
	BAD_BIND(ENOENT, g.ops[1] = op; g.ops[1].handle = 0xdead);
	BAD_BIND(EINVAL, g.ops[1] = op; g.ops[1].handle = w.elsewhere.handle);
}

static void unknown_flag(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].flags = 0x4);
	BAD_BIND(EINVAL, g.ops[2].flags |= 0x80000000);
	BAD_BIND(EINVAL, g.ops[1].flags = DRM_EVGEM_BIND_READONLY);
	BAD_BIND(EINVAL, g.args.flags |= 0x2);
	BAD_BIND(EINVAL, g.args.flags |= 0x80000000);
}

static void pad(int fd)
{
	world_init(&w, fd);
	for (unsigned int i = 0; i < 3; i++) {
		BAD_BIND(EINVAL, g.ops[i].pad = 1);
		BAD_BIND(EINVAL, g.syncs[i].pad = 0x80000000);
	}
}

static void stride_too_short(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.args.ops.stride = 0);
	BAD_BIND(EINVAL, g.args.ops.stride = 8);
	BAD_BIND(EINVAL, g.args.ops.stride = sizeof(g.ops[0]) - 8);
	BAD_BIND(EINVAL, g.args.ops.stride = sizeof(g.ops[0]) + 4);
	BAD_BIND(EINVAL, g.args.ops.stride = 4096 + 8);
	BAD_BIND(EINVAL, g.args.ops.stride = 0xfffffff8);
	BAD_BIND(EINVAL, g.args.syncs.stride = 0);
	BAD_BIND(EINVAL, g.args.syncs.stride = sizeof(g.syncs[0]) - 8);
}

/* Longer elements whose news are not zero: the kernel would not do them. */
static void stride_with_news(int fd)
{
	struct {
		struct drm_evgem_bind_op op;
		uint64_t more;
	} ops[3];
	struct {
		struct drm_evgem_sync sync;
		uint64_t more[3];
	} syncs[3];

	world_init(&w, fd);
	for (unsigned int bad = 0; bad < 3; bad++) {
		BAD_BIND(E2BIG, {
			memset(ops, 0, sizeof(ops));
			for (unsigned int i = 0; i < 3; i++)
				ops[i].op = g.ops[i];
			ops[bad].more = 1ull << 63;
			g.args.ops.ptr = (uintptr_t)ops;
			g.args.ops.stride = sizeof(ops[0]);
		});
		BAD_BIND(E2BIG, {
			memset(syncs, 0, sizeof(syncs));
			for (unsigned int i = 0; i < 3; i++)
				syncs[i].sync = g.syncs[i];
			syncs[bad].more[2] = 1;
			g.args.syncs.ptr = (uintptr_t)syncs;
			g.args.syncs.stride = sizeof(syncs[0]);
		});
	}
}

static void bad_pointer(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EFAULT, g.args.ops.ptr = 0);
	BAD_BIND(EFAULT, g.args.ops.ptr = 8);
	BAD_BIND(EFAULT, g.args.ops.ptr = 1ull << 63);
	BAD_BIND(EFAULT, g.args.ops.ptr = -64ull);
	BAD_BIND(EFAULT, g.args.syncs.ptr = 8);
	BAD_BIND(EFAULT, g.args.syncs.ptr = -64ull);
}

/* All but the last element can be read. */
static void last_element_not_readable(int fd)
{
	uint8_t *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *end = two + PAGE;

	CHECK(two != MAP_FAILED);
	/* Not unmapped: something else would come to lie there. */
	CHECK(!mprotect(end, PAGE, PROT_NONE));
	world_init(&w, fd);
	BAD_BIND(EFAULT, {
		memcpy(end - 2 * sizeof(g.ops[0]), g.ops, 2 * sizeof(g.ops[0]));
		g.args.ops.ptr = (uintptr_t)(end - 2 * sizeof(g.ops[0]));
	});
	/* All but its last word. */
	BAD_BIND(EFAULT, {
		size_t most = 3 * sizeof(g.ops[0]) - 8;

		memcpy(end - most, g.ops, most);
		g.args.ops.ptr = (uintptr_t)(end - most);
	});
	BAD_BIND(EFAULT, {
		memcpy(end - 2 * sizeof(g.syncs[0]), g.syncs,
		       2 * sizeof(g.syncs[0]));
		g.args.syncs.ptr = (uintptr_t)(end - 2 * sizeof(g.syncs[0]));
	});
}

static void count(int fd)
{
	struct drm_evgem_device_info info;

	OK(evgem_query_device(fd, &info));
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.args.ops.count = 0xffffffff);
	BAD_BIND(EINVAL, g.args.ops.count = info.max_bind_ops + 1);
	/* times the stride: one element modulo 2^32 */
	BAD_BIND(EINVAL, g.args.ops.count = 0x04000001);
	BAD_BIND(EINVAL, g.args.syncs.count = 0xffffffff);
}

static void alignment(int fd)
{
	world_init(&w, fd);
	for (uint64_t bit = 1; bit < PAGE; bit <<= 3) {
		BAD_BIND(EINVAL, g.ops[0].addr += bit);
		BAD_BIND(EINVAL, g.ops[0].range += bit);
		BAD_BIND(EINVAL, g.ops[0].offset += bit);
		BAD_BIND(EINVAL, g.ops[1].addr += bit);
		BAD_BIND(EINVAL, g.ops[1].range -= bit);
	}
}

static void range_zero(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].range = 0);
	BAD_BIND(EINVAL, g.ops[1].range = 0);
}

static void address_wraps(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[1].range = -PAGE);
	BAD_BIND(EINVAL, g.ops[1].addr = -PAGE);
	BAD_BIND(EINVAL, { g.ops[1].addr = -PAGE; g.ops[1].range = 2 * PAGE; });
	BAD_BIND(EINVAL, g.ops[0].addr = -4 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].addr = 1ull << 63);
	/* Exactly 2^64. */
	BAD_BIND(EINVAL, g.ops[1].range = -g.ops[1].addr);
}

static void behind_the_vm(int fd)
{
	struct drm_evgem_device_info info;
	uint64_t end;

	OK(evgem_query_device(fd, &info));
	end = info.va_range;
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].addr = end - g.ops[0].range + PAGE);
	BAD_BIND(EINVAL, g.ops[0].addr = end);
	BAD_BIND(EINVAL, g.ops[1].addr = end);
	BAD_BIND(EINVAL, g.ops[1].range = end - g.ops[1].addr + PAGE);
	/* Up to its end is fine. */
	OK(evgem_map(fd, w.rig.vm, end - 4 * PAGE, 4 * PAGE, w.b.handle, 0));
	rig_shows(&w.rig, end - 4 * PAGE, 4 * PAGE, &w.b, 0);
	OK(evgem_unmap(fd, w.rig.vm, SCRATCH_ADDR + SCRATCH_SIZE,
		       end - SCRATCH_ADDR - SCRATCH_SIZE));
	rig_unmapped(&w.rig, end - PAGE);
}

static void kernel_reserve(int fd)
{
	struct drm_evgem_device_info info;
	uint64_t reserved;

	OK(evgem_query_device(fd, &info));
	reserved = info.va_reserved;
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].addr = 0);
	BAD_BIND(EINVAL, g.ops[0].addr = reserved - PAGE);
	BAD_BIND(EINVAL, g.ops[1].addr = reserved - PAGE);
	BAD_BIND(EINVAL, { g.ops[1].addr = 0; g.ops[1].range = 1ull << 40; });
	OK(evgem_map(fd, w.rig.vm, reserved, PAGE, w.b.handle, 0));
	rig_shows(&w.rig, reserved, PAGE, &w.b, 0);
}

static void outside_of_the_bo(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].offset = 5 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].offset = 8 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].range = 7 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].range = 1ull << 40);
	BAD_BIND(EINVAL, g.ops[0].offset = -PAGE);
	BAD_BIND(EINVAL, g.ops[0].offset = -4 * PAGE);
	BAD_BIND(EINVAL, g.ops[0].offset = (1ull << 44) + PAGE);
}

static void handle_where_none_belongs(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].handle = 0);
	BAD_BIND(EINVAL, g.ops[1].handle = w.b.handle);
	BAD_BIND(EINVAL, g.ops[1].handle = 0xffffffff);
	BAD_BIND(EINVAL, g.ops[1].offset = PAGE);
	BAD_BIND(EINVAL, g.ops[1].repeat = PAGE);
}

static void unknown_handle(int fd)
{
	uint32_t closed, theirs;
	int second = evgem_open();

	CHECK(second >= 0);
	world_init(&w, fd);
	OK(evgem_bo_create(fd, 8 * PAGE, 0, &closed));
	OK(evgem_bo_close(fd, closed));
	for (int i = 0; i < 100; i++)
		OK(evgem_bo_create(second, 8 * PAGE, 0, &theirs));

	BAD_BIND(ENOENT, g.ops[0].handle = closed);
	BAD_BIND(ENOENT, g.ops[0].handle = theirs);
	BAD_BIND(ENOENT, g.ops[2].handle = 0xffffffff);
	BAD_BIND(ENOENT, g.ops[2].handle = 0x7fffffff);
}

static void private_bo_of_another_vm(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.ops[0].handle = w.elsewhere.handle);
	BAD_BIND(EINVAL, g.ops[2].handle = w.elsewhere.handle);
	OK(evgem_map(fd, w.other_vm, DATA_ADDR, 8 * PAGE, w.elsewhere.handle,
		     0));
	BAD_BIND(EINVAL, g.ops[0].handle = w.elsewhere.handle);
	/* Nor when its VM is gone. */
	OK(evgem_vm_destroy(fd, w.other_vm));
	BAD_BIND(EINVAL, g.ops[0].handle = w.elsewhere.handle);
}

static void private_bo_export(int fd)
{
	int file;

	world_init(&w, fd);
	CHECK(drmPrimeHandleToFD(fd, w.elsewhere.handle, DRM_CLOEXEC, &file));
	CHECK_EQ(errno, EPERM);
	world_unchanged(&w);
}

/* A bad one among a thousand good ones; which, must not matter. */
static void one_of_many(int fd)
{
	enum { OPS = 1000 };
	static const unsigned int bad[] = { 0, 1, OPS / 2, OPS - 1 };
	struct drm_evgem_bind_op ops[OPS];

	world_init(&w, fd);
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		unsigned int k = bad[i / 2];

		BAD_BIND(i % 2 ? ENOENT : EINVAL, {
			for (unsigned int n = 0; n < OPS; n++)
				ops[n] = g.ops[n % 3];
			ops[k] = g.ops[0];
			if (i % 2)
				ops[k].handle = 0x7fffffff;
			else
				ops[k].offset = 7 * PAGE;
			g.args.ops.ptr = (uintptr_t)ops;
			g.args.ops.count = OPS;
		});
	}
}

static void syncs_of_a_synchronous_bind(int fd)
{
	world_init(&w, fd);
	BAD_BIND(EINVAL, g.args.flags = 0);
	BAD_BIND(EINVAL, { g.args.flags = 0; g.args.syncs.count = 1; });
}

static void too_many_syncs(int fd)
{
	struct drm_evgem_device_info info;
	static struct drm_evgem_sync syncs[1024];

	OK(evgem_query_device(fd, &info));
	CHECK(info.max_syncs < ARRAY_SIZE(syncs));
	world_init(&w, fd);
	BAD_BIND(EINVAL, {
		for (unsigned int i = 0; i <= info.max_syncs; i++)
			syncs[i] = g.syncs[0];
		g.args.syncs.ptr = (uintptr_t)syncs;
		g.args.syncs.count = info.max_syncs + 1;
	});
}

static void bad_sync(int fd)
{
	world_init(&w, fd);
	for (unsigned int i = 0; i < 3; i++) {
		BAD_BIND(EINVAL, g.syncs[i].type = 0);
		BAD_BIND(EINVAL, g.syncs[i].type = 3);
		BAD_BIND(EINVAL, g.syncs[i].flags = 0);
		BAD_BIND(EINVAL, g.syncs[i].flags = 3);
		BAD_BIND(EINVAL, g.syncs[i].flags |= 4);
		BAD_BIND(EINVAL, g.syncs[i].flags |= 0x80000000);
		/* A point on a binary syncobj, none on a timeline. */
		BAD_BIND(EINVAL, g.syncs[i].point = !g.syncs[i].point);
	}
}

static void unknown_syncobj(int fd)
{
	uint32_t destroyed = make_syncobj(fd);

	OK(evgem_syncobj_destroy(fd, destroyed));
	world_init(&w, fd);
	for (unsigned int i = 0; i < 3; i++) {
		BAD_BIND(ENOENT, g.syncs[i].handle = 0);
		BAD_BIND(ENOENT, g.syncs[i].handle = 0x7fffffff);
		BAD_BIND(ENOENT, g.syncs[i].handle = 0xffffffff);
	}
}

static void nothing_to_wait_for(int fd)
{
	uint32_t empty = make_syncobj(fd);

	world_init(&w, fd);
	BAD_BIND(EINVAL, g.syncs[0].handle = empty);
	BAD_BIND(EINVAL, g.syncs[0] = evgem_wait_point(w.line, w.point));
	BAD_BIND(EINVAL, g.syncs[0] = evgem_wait_point(w.line, w.point + 5));
	BAD_BIND(EINVAL, g.syncs[0] = evgem_wait_point(w.line, UINT64_MAX));
	/* Not even for what the same call would signal. */
	BAD_BIND(EINVAL, g.syncs[0] = evgem_wait(w.out));
}

static void unknown_vm(int fd)
{
	int second = evgem_open();
	uint32_t gone, theirs;

	CHECK(second >= 0);
	world_init(&w, fd);
	OK(evgem_vm_create(fd, 0, 0, &gone));
	OK(evgem_vm_destroy(fd, gone));
	for (int i = 0; i < 10; i++)
		OK(evgem_vm_create(second, 0, 0, &theirs));

	BAD_BIND(ENOENT, g.args.vm_id = 0);
	BAD_BIND(ENOENT, g.args.vm_id = gone);
	BAD_BIND(ENOENT, g.args.vm_id = theirs);
	BAD_BIND(ENOENT, g.args.vm_id = 0xffffffff);
}

const struct ktap_case ktap_cases[] = {
	{ "row-03-unknown-vm", unknown_vm },
	{ "row-06-unknown-op", unknown_op },
	{ "row-06-reserved-op", reserved_op },
	{ "row-13-unmap-bo", unmap_bo },
	{ "row-13-sparse", sparse },
	{ "row-06-repeat-of-no-map", repeat_of_no_map },
	{ "row-12-repeat", repeat },
	{ "row-12-repeat-at-the-limit", repeat_at_the_limit },
	{ "row-06-unknown-flag", unknown_flag },
	{ "row-06-pad", pad },
	{ "row-07-stride-too-short", stride_too_short },
	{ "row-07-stride-with-news", stride_with_news },
	{ "row-08-bad-pointer", bad_pointer },
	{ "row-08-last-element-not-readable", last_element_not_readable },
	{ "row-09-count", count },
	{ "row-10-alignment", alignment },
	{ "row-10-range-zero", range_zero },
	{ "row-11-address-wraps", address_wraps },
	{ "row-11-behind-the-vm", behind_the_vm },
	{ "row-11-kernel-reserve", kernel_reserve },
	{ "row-12-outside-of-the-bo", outside_of_the_bo },
	{ "row-13-handle-where-none-belongs", handle_where_none_belongs },
	{ "row-14-unknown-handle", unknown_handle },
	{ "row-15-private-bo-of-another-vm", private_bo_of_another_vm },
	{ "row-15-private-bo-export", private_bo_export },
	{ "row-16-one-of-many", one_of_many },
	{ "row-17-syncs-of-a-synchronous-bind", syncs_of_a_synchronous_bind },
	{ "row-17-too-many-syncs", too_many_syncs },
	{ "row-17-bad-sync", bad_sync },
	{ "row-18-unknown-syncobj", unknown_syncobj },
	{ "row-19-nothing-to-wait-for", nothing_to_wait_for },
	{ 0 }
};
