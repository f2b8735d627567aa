// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds of every shape: what is cut, what remains, at which offset.
 */
#include <xf86drm.h>

#include "model.h"

#define BO_PAGES 64
#define SPACE 48

/* Across a border of tables of every level but the root. */
#define MODEL_BASE (0x8000000000ull - 20 * PAGE)

struct fixture {
	struct rig rig;
	struct model model;
	struct bo a, b;
};

static void fixture_init(struct fixture *f, int fd, bool private)
{
	rig_init(&f->rig, fd);
	bo_init(&f->a, fd, BO_PAGES, private ? f->rig.vm : 0, 0xa);
	bo_init(&f->b, fd, BO_PAGES, private ? f->rig.vm : 0, 0xb);
	model_init(&f->model, &f->rig, MODEL_BASE, SPACE);
}

static void apply(struct fixture *f, struct evgem_bind *bind)
{
	OK(evgem_bind_sync(f->rig.fd, f->rig.vm, bind));
	model_verify(&f->model, 3);
}

static void map(struct fixture *f, uint32_t page, uint32_t count,
		const struct bo *bo, uint32_t bo_page)
{
	struct evgem_bind bind = { 0 };

	model_map(&f->model, &bind, page, count, bo, bo_page);
	apply(f, &bind);
}

static void map_readonly(struct fixture *f, uint32_t page, uint32_t count,
			 const struct bo *bo, uint32_t bo_page)
{
	struct evgem_bind bind = { 0 };

	model_map_readonly(&f->model, &bind, page, count, bo, bo_page);
	apply(f, &bind);
}

static void unmap(struct fixture *f, uint32_t page, uint32_t count)
{
	struct evgem_bind bind = { 0 };

	model_unmap(&f->model, &bind, page, count);
	apply(f, &bind);
}

static void map_unmap(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, false);
	map(&f, 4, 8, &f.a, 2);
	map(&f, 12, 8, &f.b, 30);
	unmap(&f, 4, 8);
	unmap(&f, 12, 8);
	map(&f, 0, SPACE, &f.a, 3);
	unmap(&f, 0, SPACE);
}

static void private_bos(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, true);
	map(&f, 4, 8, &f.a, 2);
	map(&f, 6, 3, &f.b, 30);
	unmap(&f, 5, 5);
	map(&f, 0, SPACE, &f.b, 0);
}

/* A new mapping lies over an old one at [8, 16) in each way that there is. */
static const struct shape {
	const char *name;
	uint32_t page, count;
} shapes[] = {
	{ "the same", 8, 8 },
	{ "left part", 8, 3 },
	{ "right part", 13, 3 },
	{ "centre", 11, 2 },
	{ "one page in the centre", 12, 1 },
	{ "over the start", 5, 6 },
	{ "over the end", 14, 7 },
	{ "more on the left", 6, 10 },
	{ "more on the right", 8, 12 },
	{ "more on both sides", 4, 16 },
	{ "beside, left", 5, 3 },
	{ "beside, right", 16, 3 },
};

static void over(int fd, bool same_bo, bool contiguous)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *shape = &shapes[i];
		struct fixture f;

		ktap_note("%s", shape->name);
		fixture_init(&f, fd, false);
		map(&f, 8, 8, &f.a, 20);
		map(&f, shape->page, shape->count, same_bo ? &f.a : &f.b,
		    contiguous ? 12 + shape->page : 40);
		unmap(&f, 0, SPACE);
		OK(evgem_vm_destroy(fd, f.rig.vm));
	}
}

static void over_the_same_bo(int fd)
{
	over(fd, true, false);
}

static void over_the_same_bo_contiguous(int fd)
{
	over(fd, true, true);
}

static void over_another_bo(int fd)
{
	over(fd, false, false);
}

static void unmap_shapes(int fd)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *shape = &shapes[i];
		struct fixture f;

		ktap_note("%s", shape->name);
		fixture_init(&f, fd, false);
		map(&f, 8, 8, &f.a, 20);
		unmap(&f, shape->page, shape->count);
		/* What is left can be cut again. */
		unmap(&f, 9, 1);
		unmap(&f, 14, 1);
		unmap(&f, 0, SPACE);
		OK(evgem_vm_destroy(fd, f.rig.vm));
	}
}

static void across_several(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, false);
	map(&f, 2, 6, &f.a, 0);
	map(&f, 8, 4, &f.b, 10);
	map(&f, 14, 6, &f.a, 20);
	map(&f, 5, 12, &f.b, 33);
	unmap(&f, 4, 13);
	map(&f, 0, SPACE, &f.a, 5);
}

static void unmap_nothing(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, false);
	unmap(&f, 0, SPACE);
	map(&f, 8, 8, &f.a, 0);
	unmap(&f, 16, 4);
	unmap(&f, 4, 4);
}

/* Pieces keep being read-only, or writable, and a map may change which. */
static void readonly(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, false);
	map_readonly(&f, 4, 12, &f.a, 3);
	map(&f, 8, 2, &f.a, 40);
	unmap(&f, 12, 1);
	map_readonly(&f, 20, 4, &f.b, 0);
	map(&f, 20, 4, &f.b, 0);
	map_readonly(&f, 20, 4, &f.b, 0);
	map(&f, 21, 1, &f.b, 1);
}

/* The same page of a BO in several places is the same memory. */
static void alias(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, false);
	map(&f, 2, 4, &f.a, 5);
	map(&f, 10, 4, &f.a, 5);
	map(&f, 20, 8, &f.a, 3);
	OK(rig_write(&f.rig, MODEL_BASE + 3 * PAGE, 4711));
	CHECK_EQ(rig_word(&f.rig, MODEL_BASE + 11 * PAGE), 4711);
	CHECK_EQ(rig_word(&f.rig, MODEL_BASE + 23 * PAGE), 4711);
	CHECK_EQ(f.a.cpu[6 * 512], 4711);
}

static void array_in_order(int fd)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd, false);
	model_map(&f.model, &bind, 0, 32, &f.a, 0);
	model_map(&f.model, &bind, 4, 8, &f.b, 7);
	model_unmap(&f.model, &bind, 6, 2);
	model_map_readonly(&f.model, &bind, 7, 10, &f.a, 50);
	model_unmap(&f.model, &bind, 0, 1);
	model_map(&f.model, &bind, 47, 1, &f.b, 63);
	model_map(&f.model, &bind, 0, 1, &f.b, 1);
	apply(&f, &bind);
}

static void empty_array(int fd)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd, false);
	map(&f, 2, 4, &f.a, 5);
	apply(&f, &bind);
}

/* As many operations as one call may have, and one more. */
static void largest_array(int fd)
{
	struct drm_evgem_device_info info;
	struct evgem_bind bind = { 0 };
	struct fixture f;
	struct bo bo;

	OK(evgem_query_device(fd, &info));
	fixture_init(&f, fd, false);
	bo_init(&bo, fd, 512, 0, 0xc);
	model_init(&f.model, &f.rig, MODEL_BASE, 512);

	for (uint32_t i = 0; i < info.max_bind_ops; i++)
		model_map(&f.model, &bind, i * 7 % 512, 1, &bo, i * 3 % 512);
	apply(&f, &bind);

	for (uint32_t i = 0; i <= info.max_bind_ops; i++)
		evgem_bind_unmap(&bind, MODEL_BASE, PAGE);
	FAILS(EINVAL, evgem_bind_sync(fd, f.rig.vm, &bind));
	model_verify(&f.model, 3);
}

/* Longer elements of a newer program, all of whose news is zero. */
static void longer_elements(int fd)
{
	struct {
		struct drm_evgem_bind_op op;
		uint64_t more[3];
	} ops[2] = { 0 };
	struct drm_evgem_vm_bind args = {
		.ops = {
			.ptr = (uintptr_t)ops,
			.count = 2,
			.stride = sizeof(ops[0]),
		},
	};
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd, false);
	model_map(&f.model, &bind, 2, 4, &f.a, 5);
	model_map(&f.model, &bind, 3, 1, &f.b, 5);
	for (int i = 0; i < 2; i++)
		ops[i].op = ((struct drm_evgem_bind_op *)bind.ops.data)[i];
	evgem_bind_free(&bind);

	args.vm_id = f.rig.vm;
	OK(drmIoctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &args));
	model_verify(&f.model, 3);
}

/* A BO of which only the last page is mapped, and one mapped many times. */
static void ends_of_a_bo(int fd)
{
	struct fixture f;

	fixture_init(&f, fd, false);
	map(&f, 0, 1, &f.a, BO_PAGES - 1);
	map(&f, 1, 1, &f.a, 0);
	for (uint32_t i = 2; i < SPACE; i++) {
		struct evgem_bind bind = { 0 };

		model_map(&f.model, &bind, i, 1, &f.b, 7);
		OK(evgem_bind_sync(fd, f.rig.vm, &bind));
	}
	model_verify(&f.model, 3);
}

/* A gigabyte of addresses with a page here and there: tables on demand. */
static void scattered(int fd)
{
	struct fixture f;
	uint64_t before;

	fixture_init(&f, fd, false);
	before = rig_state(&f.rig).pt_bytes;
	for (uint64_t i = 0; i < 30; i++)
		OK(evgem_map(fd, f.rig.vm, DATA_ADDR + i * 0x654321000ull,
			     PAGE, f.a.handle, i * PAGE));
	for (uint64_t i = 0; i < 30; i++)
		rig_shows(&f.rig, DATA_ADDR + i * 0x654321000ull, PAGE, &f.a,
			  i * PAGE);
	OK(evgem_unmap(fd, f.rig.vm, DATA_ADDR, 30 * 0x654321000ull));
	CHECK_EQ(rig_state(&f.rig).pt_bytes, before);
	model_verify(&f.model, 3);
}

/* All mappings of a BO go, the pieces too; also those of the same array. */
static void unmap_bo_shapes(int fd, bool private)
{
	struct evgem_bind bind = { 0 };
	struct fixture f;

	fixture_init(&f, fd, private);
	map(&f, 0, 16, &f.a, 0);
	map(&f, 4, 4, &f.b, 0);
	map_readonly(&f, 30, 8, &f.a, 20);
	map(&f, 38, 4, &f.b, 7);

	model_unmap_bo(&f.model, &bind, &f.a);
	apply(&f, &bind);
	/* Not mapped any more is fine. */
	model_unmap_bo(&f.model, &bind, &f.a);
	apply(&f, &bind);

	model_map(&f.model, &bind, 2, 4, &f.a, 3);
	model_unmap_bo(&f.model, &bind, &f.b);
	model_map(&f.model, &bind, 20, 6, &f.b, 0);
	model_unmap_bo(&f.model, &bind, &f.a);
	model_map(&f.model, &bind, 22, 2, &f.a, 0);
	apply(&f, &bind);
}

static void unmap_bo(int fd)
{
	unmap_bo_shapes(fd, false);
	unmap_bo_shapes(fd, true);
}

const struct ktap_case ktap_cases[] = {
	{ "map-unmap", map_unmap },
	{ "private-bos", private_bos },
	{ "over-the-same-bo", over_the_same_bo },
	{ "over-the-same-bo-contiguous", over_the_same_bo_contiguous },
	{ "over-another-bo", over_another_bo },
	{ "unmap-shapes", unmap_shapes },
	{ "across-several", across_several },
	{ "unmap-nothing", unmap_nothing },
	{ "unmap-bo", unmap_bo },
	{ "readonly", readonly },
	{ "alias", alias },
	{ "array-in-order", array_in_order },
	{ "empty-array", empty_array },
	{ "largest-array", largest_array, 60 },
	{ "longer-elements", longer_elements },
	{ "ends-of-a-bo", ends_of_a_bo },
	{ "scattered", scattered },
	{ 0 }
};
