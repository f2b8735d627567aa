// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the device says about itself: version, GETPARAM, NVIF.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <xf86drm.h>

#include "nvt.h"

static void version(int fd)
{
	drmVersion *v = drmGetVersion(fd);
	uint64_t cap;

	CHECK(v && !strcmp(v->name, "nouveau"));
	CHECK_EQ(v->version_major, 1);
	CHECK_EQ(v->version_minor, 4);
	CHECK_EQ(v->version_patchlevel, 2);
	drmFreeVersion(v);
	CHECK(!drmGetCap(fd, DRM_CAP_SYNCOBJ_TIMELINE, &cap) && cap);
}

/* As libdrm sees it: NVK looks at no other device. */
static void bus(int fd)
{
	drmDevice *device;

	CHECK(!drmGetDevice2(fd, DRM_DEVICE_GET_PCI_REVISION, &device));
	if (device->bustype == DRM_BUS_PCI) {
		CHECK_EQ(device->deviceinfo.pci->vendor_id, 0x10de);
		CHECK_EQ(device->deviceinfo.pci->device_id, 0x1e04);
		CHECK_EQ(device->deviceinfo.pci->revision_id, 0xa1);
	} else {
		CHECK_EQ(device->bustype, DRM_BUS_PLATFORM);
		CHECK(!strcmp(device->businfo.platform->fullname,
			      "nvidia,vgpu") ||
		      !strncmp(device->deviceinfo.platform->compatible[0],
			       "nvidia,", 7));
	}
	drmFreeDevice(&device);
}

static uint64_t param(int fd, uint64_t name)
{
	uint64_t value;

	OK(nvt_getparam(fd, name, &value));
	return value;
}

static void getparam(int fd)
{
	uint64_t vram = param(fd, NOUVEAU_GETPARAM_VRAM_BAR_SIZE), time, value;

	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_PCI_VENDOR), 0x10de);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_PCI_DEVICE), 0x1e04);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_BUS_TYPE), 2);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_CHIPSET_ID), 0x162);
	CHECK_EQ(vram % HUGE, 0);
	CHECK(param(fd, NOUVEAU_GETPARAM_FB_SIZE) <= vram);
	CHECK(param(fd, NOUVEAU_GETPARAM_FB_SIZE) > vram / 2);
	CHECK(param(fd, NOUVEAU_GETPARAM_AGP_SIZE) > vram / 4);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_VM_VRAM_BASE), 0);
	/* GPCs, TPCs, ROPs: some of each. */
	CHECK(param(fd, NOUVEAU_GETPARAM_GRAPH_UNITS) & 0xff);
	CHECK(param(fd, NOUVEAU_GETPARAM_GRAPH_UNITS) >> 8 & 0xffffff);
	CHECK(param(fd, NOUVEAU_GETPARAM_GRAPH_UNITS) >> 32);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_HAS_BO_USAGE), 1);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_HAS_PAGEFLIP), 1);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_EXEC_PUSH_MAX), 510);
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_HAS_VMA_TILEMODE), 1);
	CHECK(param(fd, NOUVEAU_GETPARAM_VRAM_USED));

	time = param(fd, NOUVEAU_GETPARAM_PTIMER_TIME);
	CHECK(param(fd, NOUVEAU_GETPARAM_PTIMER_TIME) >= time);

	for (uint64_t unknown = 21; unknown < 64; unknown++)
		FAILS(EINVAL, nvt_getparam(fd, unknown, &value));
	for (uint64_t unknown = 0; unknown < 3; unknown++)
		FAILS(EINVAL, nvt_getparam(fd, unknown, &value));
	FAILS(EINVAL, nvt_getparam(fd, 1ull << 32 | 4, &value));
}

/* How much is in use follows what BOs have. */
static void vram_used(int fd)
{
	uint64_t before = param(fd, NOUVEAU_GETPARAM_VRAM_USED);
	struct drm_nouveau_gem_info info;

	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_bo_new(fd, 2 * HUGE, NVT_VRAM, 0, &info));
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_VRAM_USED), before);
	OK(nvt_bind(fd, nvt_map(HUGE, 2 * HUGE, info.handle, 0)));
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_VRAM_USED), before + 2 * HUGE);
	OK(nvt_bo_close(fd, info.handle));
	CHECK_EQ(param(fd, NOUVEAU_GETPARAM_VRAM_USED), before + 2 * HUGE);
	OK(nvt_bind(fd, nvt_unmap(HUGE, 2 * HUGE)));
	/* A worker frees what a bind took out. */
	for (int i = 0; i < 100; i++) {
		struct timespec ms = { .tv_nsec = 10000000 };

		if (param(fd, NOUVEAU_GETPARAM_VRAM_USED) == before)
			return;
		nanosleep(&ms, NULL);
	}
	FAIL("VRAM of a BO that nobody has is in use");
}

static void nvif_device(int fd)
{
	struct nv_device_info_v0 info;

	FAILS(EINVAL, nvt_nvif_info(fd, 0x1234, &info));
	OK(nvt_nvif_device(fd, 0x1234));
	FAILS(EEXIST, nvt_nvif_device(fd, 0x1234));
	OK(nvt_nvif_device(fd, 0xfedcba9876543210));
	OK(nvt_nvif_info(fd, 0x1234, &info));
	CHECK_EQ(info.version, 0);
	CHECK_EQ(info.platform, NV_DEVICE_INFO_V0_PCIE);
	CHECK_EQ(info.chipset, 0x162);
	CHECK_EQ(info.family, NV_DEVICE_INFO_V0_TURING);
	CHECK_EQ(info.ram_size, param(fd, NOUVEAU_GETPARAM_VRAM_BAR_SIZE));
	CHECK_EQ(info.ram_user, param(fd, NOUVEAU_GETPARAM_FB_SIZE));
	CHECK(!strcmp(info.chip, "TU102"));
	OK(nvt_nvif_del(fd, 0x1234));
	OK(nvt_nvif_del(fd, 0x1234));
	FAILS(EINVAL, nvt_nvif_info(fd, 0x1234, &info));
	OK(nvt_nvif_info(fd, 0xfedcba9876543210, &info));
	OK(nvt_nvif_device(fd, 0x1234));
}

static void nvif_classes(int fd)
{
	static const int32_t wanted[] = {
		0xc5b5, 0x902d, 0xc597, 0xa140, 0xc5c0
	};
	int32_t classes[16] = { 0 };
	struct nv_device_info_v0 info;
	uint32_t chan, copy;
	uint8_t count;

	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_channel(fd, &chan));
	OK(nvt_copy_channel(fd, &copy));
	OK(nvt_nvif_sclass(fd, chan, classes, 16, &count));
	CHECK_EQ(count, ARRAY_SIZE(wanted));
	for (unsigned int i = 0; i < ARRAY_SIZE(wanted); i++) {
		bool found = false;

		for (unsigned int k = 0; k < count; k++)
			found |= classes[k] == wanted[i];
		CHECK(found);
		OK(nvt_nvif_engine(fd, chan, 0x1000 + i, wanted[i]));
		FAILS(EEXIST, nvt_nvif_engine(fd, chan, 0x1000 + i, wanted[i]));
	}
	/* With less room there are less, and it is told how many there would be. */
	OK(nvt_nvif_sclass(fd, chan, classes, 2, &count));
	CHECK_EQ(count, ARRAY_SIZE(wanted));
	OK(nvt_nvif_sclass(fd, copy, classes, 16, &count));
	CHECK_EQ(count, 1);
	CHECK_EQ(classes[0], 0xc5b5);

	FAILS(EINVAL, nvt_nvif_engine(fd, copy, 0x2000, 0xc597));
	FAILS(EINVAL, nvt_nvif_engine(fd, chan, 0x2000, 0xb1b5));
	FAILS(EINVAL, nvt_nvif_engine(fd, 4095, 0x2000, 0xc5b5));
	FAILS(EINVAL, nvt_nvif_sclass(fd, 4095, classes, 16, &count));
	/* An engine object is no device. */
	FAILS(EINVAL, nvt_nvif_info(fd, 0x1000, &info));
	OK(nvt_nvif_del(fd, 0x1000));
	/* Objects go with their channel, and then their names are free. */
	OK(nvt_channel_free(fd, chan));
	OK(nvt_nvif_device(fd, 0x1001));
}

static int raw(int fd, void *call, unsigned int size)
{
	return nvt_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE,
				  DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF, size),
			 call);
}

/* One field at a time. */
static void nvif_bad(int fd)
{
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_new_v0 new;
	} good = {
		.head.type = NVIF_IOCTL_V0_NEW,
		.new.object = 1,
		.new.oclass = NV_DEVICE,
	}, bad;

#define BAD(change) \
	do { \
		bad = good; \
		change; \
		ktap_trying(#change); \
		FAILS(EINVAL, raw(fd, &bad, sizeof(bad))); \
		ktap_trying(NULL); \
	} while (0)

	BAD(bad.head.version = 1);
	BAD(bad.head.type = 0);
	BAD(bad.head.type = 7);
	BAD(bad.head.type = NVIF_IOCTL_V0_DEL);
	BAD(bad.head.route = 1);
	BAD(bad.head.route = NVIF_ROUTE_CHANNEL);
	BAD(bad.head.object = 1);
	BAD(bad.new.version = 1);
	BAD(bad.new.oclass = 0x81);
	FAILS(EINVAL, raw(fd, &good, sizeof(good) - 1));
	FAILS(EINVAL, raw(fd, &good, sizeof(good.head)));
	FAILS(EINVAL, raw(fd, &good, sizeof(good.head) - 1));
	FAILS(EINVAL, raw(fd, &good, 0));
	FAILS(EFAULT, raw(fd, (void *)8, sizeof(good)));
	OK(raw(fd, &good, sizeof(good)));
	/* Another type of ioctl with the same number. */
	CHECK(nvt_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'e',
				 DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF,
				 sizeof(good)), &good) < 0);
	OK(nvt_nvif_del(fd, 1));
}

/* The same for the calls to what was made. */
static void nvif_bad_calls(int fd)
{
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_mthd_v0 mthd;
		struct nv_device_info_v0 info;
	} mthd = {
		.head.type = NVIF_IOCTL_V0_MTHD,
		.head.object = 1,
		.mthd.method = NV_DEVICE_V0_INFO,
	}, bad_mthd;
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_sclass_v0 sclass;
		struct nvif_ioctl_sclass_oclass_v0 oclass[2];
	} sclass = {
		.head.type = NVIF_IOCTL_V0_SCLASS,
		.head.route = NVIF_ROUTE_CHANNEL,
		.sclass.count = 2,
	}, bad_sclass;
	struct {
		struct nvif_ioctl_v0 head;
		uint32_t more;
	} del = { .head.type = NVIF_IOCTL_V0_DEL, .head.object = 1 };
	uint64_t name = 100;
	uint32_t chan;
	int ret;

#define BAD_CALL(call, change) \
	do { \
		bad_##call = call; \
		change; \
		ktap_trying(#change); \
		FAILS(EINVAL, raw(fd, &bad_##call, sizeof(bad_##call))); \
		ktap_trying(NULL); \
	} while (0)

	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_channel(fd, &chan));
	OK(nvt_nvif_device(fd, 1));
	sclass.head.token = chan;
	BAD_CALL(mthd, bad_mthd.head.version = 1);
	BAD_CALL(mthd, bad_mthd.head.route = NVIF_ROUTE_CHANNEL);
	BAD_CALL(mthd, bad_mthd.head.object = 2);
	BAD_CALL(mthd, bad_mthd.mthd.version = 1);
	BAD_CALL(mthd, bad_mthd.mthd.method = 1);
	BAD_CALL(mthd, bad_mthd.info.version = 1);
	FAILS(EINVAL, raw(fd, &mthd, sizeof(mthd) - 8));
	BAD_CALL(sclass, bad_sclass.head.route = 0);
	BAD_CALL(sclass, bad_sclass.head.token |= 1ull << 32);
	BAD_CALL(sclass, bad_sclass.sclass.version = 1);
	BAD_CALL(sclass, bad_sclass.sclass.count = 3);
	BAD_CALL(sclass, bad_sclass.sclass.count = 1);
	FAILS(EINVAL, raw(fd, &sclass, sizeof(sclass.head) + 4));
	FAILS(EINVAL, raw(fd, &del, sizeof(del)));
	/* They are as they were. */
	OK(raw(fd, &mthd, sizeof(mthd)));
	OK(raw(fd, &sclass, sizeof(sclass)));

	/* Objects are kept in the kernel, and so there is an end to them. */
	while (!(ret = nvt_nvif_device(fd, name)))
		CHECK(++name < 100000);
	CHECK_EQ(-ret, ENOSPC);
	OK(nvt_nvif_del(fd, 100));
	OK(nvt_nvif_device(fd, name));
}

static void what_is_not_there(int fd)
{
	uint32_t zcull[16];
	struct drm_nouveau_gem_pushbuf pushbuf = { 0 };

	FAILS(ENOTTY, nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GET_ZCULL_INFO, zcull));
	FAILS(ENOSYS, nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &pushbuf));
	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	FAILS(ENOSYS, nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &pushbuf));
	/* Deprecated, or never there. */
	for (unsigned int nr = 0; nr < 0x60; nr++) {
		char buffer[64] = { 0 };

		if (nr <= 0x03 || nr == 0x07 || (nr >= 0x10 && nr <= 0x13) ||
		    (nr >= 0x40 && nr <= 0x44))
			continue;
		FAILS(EINVAL, nvt_ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + nr,
						     buffer), buffer));
	}
}

const struct ktap_case ktap_cases[] = {
	{ "version", version },
	{ "bus", bus },
	{ "getparam", getparam },
	{ "vram-used", vram_used },
	{ "nvif-device", nvif_device },
	{ "nvif-classes", nvif_classes },
	{ "nvif-bad", nvif_bad },
	{ "nvif-bad-calls", nvif_bad_calls },
	{ "what-is-not-there", what_is_not_there },
	{ NULL }
};
