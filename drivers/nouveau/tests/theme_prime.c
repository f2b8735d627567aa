// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * dma-bufs: BOs that other files and other drivers see, and theirs in our VMs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/udmabuf.h>
#include <xf86drm.h>

#include "rig.h"

static struct rig rig, other;

static int export_bo(int fd, uint32_t handle, int *dmabuf)
{
	return drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, dmabuf) ?
	       -errno : 0;
}

static int import_bo(int fd, int dmabuf, uint32_t *handle)
{
	return drmPrimeFDToHandle(fd, dmabuf, handle) ? -errno : 0;
}

/* One BO in two files: each sees what the other writes. */
static void two_files(int fd)
{
	static const uint32_t domains[] = { NVT_VRAM, NVT_GART, NVT_EITHER };

	rig_init(&rig, fd);
	rig_init(&other, nvt_open());
	for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
		struct push p = rig_push(&other);
		uint32_t handle, again;
		struct bo bo;
		int dmabuf;

		bo_init(&bo, fd, 16 * PAGE, domains[i], i + 1);
		OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, bo.handle, 0)));
		OK(export_bo(fd, bo.handle, &dmabuf));
		OK(import_bo(fd, dmabuf, &again));
		CHECK_EQ(again, bo.handle);
		OK(import_bo(other.fd, dmabuf, &handle));
		close(dmabuf);
		OK(nvt_bind(other.fd, nvt_map(DATA_ADDR, bo.size, handle, 0)));
		rig_shows(&other, DATA_ADDR, bo.size, &bo, 0);
		push_fill(&p, DATA_ADDR + 5 * PAGE, 0x4711, 2);
		rig_run(&other, &p);
		CHECK_EQ(rig_word(&rig, DATA_ADDR + 5 * PAGE),
			 0x471100004711ull);
		CHECK_EQ(bo.cpu[5 * PAGE / 8], 0x471100004711ull);
		/* Who imported it does not need who exported it. */
		OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, bo.size)));
		bo_close(&bo, fd);
		CHECK_EQ(rig_word(&other, DATA_ADDR + 5 * PAGE),
			 0x471100004711ull);
		OK(nvt_bind(other.fd, nvt_unmap(DATA_ADDR, 16 * PAGE)));
		OK(nvt_bo_close(other.fd, handle));
	}
}

static void private_bos(int fd)
{
	struct drm_gem_flink flink = { 0 };
	struct drm_nouveau_gem_info info;
	int dmabuf;

	rig_init(&rig, fd);
	OK(nvt_bo_new(fd, PAGE, NVT_VRAM | NVT_PRIVATE, 0, &info));
	FAILS(EPERM, export_bo(fd, info.handle, &dmabuf));
	flink.handle = info.handle;
	/* Nor by a name: this is a render node. */
	FAILS(EACCES, nvt_ioctl(fd, DRM_IOCTL_GEM_FLINK, &flink));
	FAILS(ENOENT, export_bo(fd, 0x7777, &dmabuf));
	FAILS(EBADF, import_bo(fd, -1, &info.handle));
	FAILS(EINVAL, import_bo(fd, fd, &info.handle));
}

/* A memfd, each page of which tells where in the dma-buf it is. */
static int make_udmabuf(struct bo *bo, uint64_t pages)
{
	struct udmabuf_create args = { .flags = UDMABUF_FLAGS_CLOEXEC };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memfd = memfd_create("nouveau-prime", MFD_ALLOW_SEALING);
	int dmabuf;

	if (device < 0)
		SKIP("no /dev/udmabuf");
	CHECK(memfd >= 0);
	CHECK(!ftruncate(memfd, pages * PAGE));
	CHECK(!fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	args.memfd = memfd;
	args.size = pages * PAGE;
	*bo = (struct bo){
		.size = args.size,
		.cpu = mmap(NULL, args.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    memfd, 0),
	};
	CHECK(bo->cpu != MAP_FAILED);
	bo_fill(bo, 0x33);
	dmabuf = ioctl(device, UDMABUF_CREATE, &args);
	CHECK(dmabuf >= 0);
	close(device);
	close(memfd);
	return dmabuf;
}

static void from_udmabuf(int fd)
{
	struct push p;
	struct bo bo;
	uint32_t handle;
	int dmabuf;

	rig_init(&rig, fd);
	dmabuf = make_udmabuf(&bo, 24);
	OK(import_bo(fd, dmabuf, &handle));
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, handle, 0),
		    nvt_map(DATA_ADDR + HUGE, 3 * PAGE, handle, 9 * PAGE)));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	rig_shows(&rig, DATA_ADDR + HUGE, 3 * PAGE, &bo, 9 * PAGE);
	p = rig_push(&rig);
	push_fill(&p, DATA_ADDR + 7 * PAGE, 0x5a5a, 2);
	rig_run(&rig, &p);
	CHECK_EQ(bo.cpu[7 * PAGE / 8], 0x5a5a00005a5aull);
	FAILS(EINVAL, nvt_bind(fd, nvt_map(DATA_ADDR, bo.size + PAGE, handle, 0)));

	/* A mapping keeps the memory. */
	close(dmabuf);
	OK(nvt_bo_close(fd, handle));
	bo.cpu[0] = 42;
	CHECK_EQ(rig_word(&rig, DATA_ADDR), 42);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, 2 * HUGE)));
	rig_unmapped(&rig, DATA_ADDR);
}

/* For another driver the memory has to be the system's. */
static void to_vgem(int fd)
{
	int vgem = -1, dmabuf;
	uint32_t handle;
	struct bo a, b;

	for (int minor = 0; minor < 8 && vgem < 0; minor++) {
		char path[32];
		drmVersion *v;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", 128 + minor);
		vgem = open(path, O_RDWR | O_CLOEXEC);
		v = vgem < 0 ? NULL : drmGetVersion(vgem);
		if (v && strcmp(v->name, "vgem")) {
			close(vgem);
			vgem = -1;
		}
		drmFreeVersion(v);
	}
	if (vgem < 0)
		SKIP("no vgem");

	rig_init(&rig, fd);
	bo_init(&a, fd, 8 * PAGE, NVT_EITHER, 0xa);
	bo_init(&b, fd, 8 * PAGE, NVT_VRAM, 0xb);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0),
		    nvt_map(DATA_ADDR + a.size, b.size, b.handle, 0)));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	OK(export_bo(fd, a.handle, &dmabuf));
	OK(import_bo(vgem, dmabuf, &handle));
	close(dmabuf);
	/* It has moved, and nobody noticed. */
	{
		struct drm_nouveau_gem_info info;

		OK(nvt_bo_info(fd, a.handle, &info));
		CHECK_EQ(info.domain, NVT_GART);
	}
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
	bo_is(&a);
	/* What is to be in VRAM cannot be elsewhere. */
	OK(export_bo(fd, b.handle, &dmabuf));
	FAILS(EINVAL, import_bo(vgem, dmabuf, &handle));
	close(dmabuf);
	rig_shows(&rig, DATA_ADDR + a.size, b.size, &b, 0);
}

const struct ktap_case ktap_cases[] = {
	{ "two-files", two_files },
	{ "private-bos", private_bos },
	{ "from-udmabuf", from_udmabuf },
	{ "to-vgem", to_vgem },
	{ NULL }
};
