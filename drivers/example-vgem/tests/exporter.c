// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * dma-bufs of vgem, which has its memory as we do, and of udmabuf, whose memory
 * is in single pages.
 */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "exporter.h"

static bool is_vgem(int fd)
{
	drmVersion *version = drmGetVersion(fd);
	bool yes = version && !strcmp(version->name, "vgem");

	drmFreeVersion(version);
	return yes;
}

/* Its render node makes no BOs. */
static int open_vgem(void)
{
	for (int i = 0; i < 16; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_vgem(fd))
			return fd;
		close(fd);
	}

	SKIP("no vgem");
}

static void *map_dmabuf(int dmabuf, uint64_t size)
{
	void *cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 dmabuf, 0);

	CHECK(cpu != MAP_FAILED);
	return cpu;
}

static void fill(struct foreign *f, uint64_t pages, uint32_t seed)
{
	f->bo = (struct bo){ .size = pages * PAGE, .seed = seed };
	f->bo.cpu = map_dmabuf(f->dmabuf, f->bo.size);
	for (uint64_t i = 0; i < f->bo.size / sizeof(*f->bo.cpu); i++)
		f->bo.cpu[i] = bo_word(&f->bo, i * sizeof(*f->bo.cpu));
}

void vgem_init(struct foreign *f, uint64_t pages, uint32_t seed)
{
	struct drm_mode_create_dumb dumb = {
		.width = PAGE,
		.height = pages,
		.bpp = 8,
	};

	f->fd = open_vgem();
	CHECK(!drmIoctl(f->fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	CHECK_EQ(dumb.size, pages * PAGE);
	f->handle = dumb.handle;
	CHECK(!drmPrimeHandleToFD(f->fd, f->handle, DRM_CLOEXEC | DRM_RDWR,
				  &f->dmabuf));
	fill(f, pages, seed);
}

static int create_udmabuf(int device, int memory, uint64_t pages)
{
	struct udmabuf_create_list *list;
	int dmabuf;

	list = calloc(1, sizeof(*list) + pages * sizeof(list->list[0]));
	CHECK(list);
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = pages;
	for (uint64_t i = 0; i < pages; i++) {
		list->list[i].memfd = memory;
		list->list[i].offset = (pages - 1 - i) * PAGE;
		list->list[i].size = PAGE;
	}
	dmabuf = ioctl(device, UDMABUF_CREATE_LIST, list);
	free(list);
	return dmabuf;
}

void udmabuf_init(struct foreign *f, uint64_t pages, uint32_t seed)
{
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (device < 0)
		SKIP("no udmabuf");

	f->handle = 0;
	f->fd = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	CHECK(f->fd >= 0);
	CHECK(!ftruncate(f->fd, pages * PAGE));
	CHECK(!fcntl(f->fd, F_ADD_SEALS, F_SEAL_SHRINK));
	f->dmabuf = create_udmabuf(device, f->fd, pages);
	CHECK(f->dmabuf >= 0);
	CHECK(!close(device));
	fill(f, pages, seed);
}

void foreign_close(struct foreign *f)
{
	struct drm_gem_close args = { .handle = f->handle };

	CHECK(!munmap(f->bo.cpu, f->bo.size));
	CHECK(!close(f->dmabuf));
	if (f->handle)
		CHECK(!drmIoctl(f->fd, DRM_IOCTL_GEM_CLOSE, &args));
	CHECK(!close(f->fd));
	f->bo.cpu = NULL;
}

unsigned int vgem_users(void)
{
	FILE *file = fopen("/sys/module/vgem/refcnt", "r");
	unsigned int users;

	if (!file)
		SKIP("vgem is not a module");
	CHECK(fscanf(file, "%u", &users) == 1);
	fclose(file);
	return users;
}
