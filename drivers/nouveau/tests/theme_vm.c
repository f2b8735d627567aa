// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * VM_INIT, channels, and what a file may do with and without.
 */
#include "rig.h"

static void init_args(int fd)
{
	FAILS(EINVAL, nvt_vm_init(fd, KERNEL_ADDR + 1, KERNEL_SIZE));
	FAILS(EINVAL, nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE + 512));
	FAILS(EINVAL, nvt_vm_init(fd, 1ull << 47, PAGE));
	FAILS(EINVAL, nvt_vm_init(fd, (1ull << 47) - PAGE, 2 * PAGE));
	FAILS(EINVAL, nvt_vm_init(fd, ~0ull & ~(PAGE - 1), PAGE));
	FAILS(EINVAL, nvt_vm_init(fd, PAGE, ~0ull & ~(PAGE - 1)));
	/* After all that it still can be had; once. */
	OK(nvt_vm_init(fd, (1ull << 47) - PAGE, PAGE));
	FAILS(EEXIST, nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
}

static void without(int fd)
{
	struct drm_nouveau_gem_info info;
	uint32_t chan;

	FAILS(ENOSYS, nvt_bind(fd, nvt_unmap(DATA_ADDR, PAGE)));
	FAILS(ENOSYS, nvt_exec_n(fd, 0, NULL, 0, NULL));
	FAILS(EINVAL, nvt_bo_new(fd, PAGE, NVT_GART | NVT_PRIVATE, 0, &info));
	FAILS(ENOENT, nvt_channel_free(fd, 0));
	/* A file decides for one of the two uAPIs by what it does first. */
	OK(nvt_bo_new(fd, PAGE, NVT_GART, 0, &info));
	FAILS(ENOSYS, nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	fd = nvt_open();
	FAILS(ENOSYS, nvt_channel(fd, &chan));
	FAILS(ENOSYS, nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
}

static int alloc(int fd, uint32_t fb, uint32_t tt)
{
	struct drm_nouveau_channel_alloc args = {
		.fb_ctxdma_handle = fb,
		.tt_ctxdma_handle = tt,
	};
	int ret = nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &args);

	if (!ret) {
		CHECK_EQ(args.fb_ctxdma_handle, 0);
		CHECK_EQ(args.tt_ctxdma_handle, 0);
		CHECK_EQ(args.pushbuf_domains, NVT_EITHER);
		CHECK_EQ(args.nr_subchan, 0);
		OK(nvt_channel_free(fd, args.channel));
	}
	return ret;
}

static void engines(int fd)
{
	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(alloc(fd, ~0u, NOUVEAU_FIFO_ENGINE_GR));
	OK(alloc(fd, ~0u, NOUVEAU_FIFO_ENGINE_CE));
	OK(alloc(fd, 0xdeadbeef, 0x12345678));
	FAILS(EINVAL, alloc(fd, ~0u, NOUVEAU_FIFO_ENGINE_VP));
	FAILS(EINVAL, alloc(fd, ~0u, NOUVEAU_FIFO_ENGINE_PPP));
	FAILS(EINVAL, alloc(fd, ~0u, NOUVEAU_FIFO_ENGINE_BSP));
	FAILS(EINVAL, alloc(fd, 0, ~0u));
	FAILS(ENOSYS, alloc(fd, ~0u, 0));
	FAILS(ENOSYS, alloc(fd, ~0u, 0x1234));
}

static void many_channels(int fd)
{
	uint32_t chans[128], chan;

	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	for (unsigned int i = 0; i < ARRAY_SIZE(chans); i++)
		OK(nvt_channel(fd, &chans[i]));
	FAILS(ENOSPC, nvt_channel(fd, &chan));
	for (unsigned int i = 0; i < ARRAY_SIZE(chans); i++)
		for (unsigned int k = 0; k < i; k++)
			CHECK(chans[i] != chans[k]);
	OK(nvt_channel_free(fd, chans[5]));
	FAILS(ENOENT, nvt_channel_free(fd, chans[5]));
	OK(nvt_channel(fd, &chans[5]));
	for (unsigned int i = 0; i < ARRAY_SIZE(chans); i++)
		OK(nvt_exec_n(fd, chans[i], NULL, 0, NULL));
	FAILS(ENOENT, nvt_channel_free(fd, -1));
}

/* Channels need a piece of the kernel's part each, where a ring can be. */
static void no_room_for_channels(int fd)
{
	uint32_t chan, other;

	OK(nvt_vm_init(fd, KERNEL_ADDR, 2 * BIG - PAGE));
	OK(nvt_channel(fd, &chan));
	FAILS(ENOSPC, nvt_channel(fd, &other));
	OK(nvt_exec_n(fd, chan, NULL, 0, NULL));
	OK(nvt_channel_free(fd, chan));
	OK(nvt_channel(fd, &chan));
	OK(nvt_exec_n(fd, chan, NULL, 0, NULL));

	fd = nvt_open();
	OK(nvt_vm_init(fd, 0, 0));
	FAILS(ENOSPC, nvt_channel(fd, &chan));
	/* Entries of the ring have addresses of 40 bits. */
	fd = nvt_open();
	OK(nvt_vm_init(fd, 1ull << 40, KERNEL_SIZE));
	FAILS(ENOSPC, nvt_channel(fd, &chan));
}

/* The kernel's part is not the program's. */
static void kernels_part(int fd)
{
	struct drm_nouveau_gem_info info;

	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_bo_new(fd, 4 * PAGE, NVT_GART, 0, &info));
	FAILS(EINVAL, nvt_bind(fd, nvt_map(KERNEL_ADDR, PAGE, info.handle, 0)));
	FAILS(EINVAL, nvt_bind(fd, nvt_map(KERNEL_ADDR - PAGE, 2 * PAGE,
					   info.handle, 0)));
	FAILS(EINVAL, nvt_bind(fd, nvt_unmap(KERNEL_ADDR + KERNEL_SIZE - PAGE,
					     PAGE)));
	FAILS(EINVAL, nvt_bind(fd, nvt_sparse(0, 2 * KERNEL_SIZE)));
	OK(nvt_bind(fd, nvt_map(KERNEL_ADDR - PAGE, PAGE, info.handle, 0),
		    nvt_map(KERNEL_ADDR + KERNEL_SIZE, PAGE, info.handle, 0),
		    nvt_map(0, PAGE, info.handle, 0),
		    nvt_map((1ull << 47) - PAGE, PAGE, info.handle, 0)));
	FAILS(EINVAL, nvt_bind(fd, nvt_map(1ull << 47, PAGE, info.handle, 0)));
	FAILS(EINVAL, nvt_bind(fd, nvt_map((1ull << 47) - PAGE, 2 * PAGE,
					   info.handle, 0)));
}

const struct ktap_case ktap_cases[] = {
	{ "init-args", init_args },
	{ "without", without },
	{ "engines", engines },
	{ "many-channels", many_channels },
	{ "no-room-for-channels", no_room_for_channels },
	{ "kernels-part", kernels_part },
	{ NULL }
};
