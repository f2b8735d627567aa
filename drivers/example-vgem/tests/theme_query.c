// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the driver tells about itself.
 */
#include <string.h>
#include <sys/ioctl.h>

#include <xf86drm.h>

#include "rig.h"

static int query(int fd, struct drm_evgem_query *args)
{
	return ioctl(fd, DRM_IOCTL_EVGEM_QUERY, args) ? -errno : 0;
}

/* The driver in Rust has not all of them, see Documentation/rust.rst. */
static uint64_t features(void)
{
	uint64_t both = DRM_EVGEM_FEATURE_ASYNC_BIND |
			DRM_EVGEM_FEATURE_TIMELINE |
			DRM_EVGEM_FEATURE_READONLY | DRM_EVGEM_FEATURE_SPARSE |
			DRM_EVGEM_FEATURE_UNMAP_BO | DRM_EVGEM_FEATURE_REPEAT |
			DRM_EVGEM_FEATURE_USERPTR;

	if (strcmp(evgem_driver_name(), EVGEM_DRIVER_NAME))
		return both;

	return both | DRM_EVGEM_FEATURE_HUGE | DRM_EVGEM_FEATURE_PRIME |
	       DRM_EVGEM_FEATURE_MEMORY_LIMIT;
}

static void device_values(int fd)
{
	struct drm_evgem_device_info info;

	OK(evgem_query_device(fd, &info));

	CHECK_EQ(info.page_sizes, PAGE | HUGE);
	CHECK_EQ(info.va_bits, 48);
	CHECK_EQ(info.va_range, 1ull << info.va_bits);
	CHECK(info.va_reserved && info.va_reserved % PAGE == 0);
	CHECK_EQ(info.features, features());
	CHECK(info.max_vms && info.max_queues && info.max_bind_ops);
	CHECK(info.max_syncs && info.max_cmdbufs && info.max_cmdbuf_size);
	CHECK(info.default_timeout_ms <= info.max_timeout_ms);
	CHECK(info.max_bo_mb);
}

static void version(int fd)
{
	drmVersion *version = drmGetVersion(fd);

	CHECK(version);
	CHECK(!strcmp(version->name, evgem_driver_name()));
	drmFreeVersion(version);
}

/* Both kinds of syncobj are there. */
static void capabilities(int fd)
{
	uint64_t value;

	CHECK(!drmGetCap(fd, DRM_CAP_SYNCOBJ, &value) && value);
	CHECK(!drmGetCap(fd, DRM_CAP_SYNCOBJ_TIMELINE, &value) && value);
}

static void size_only(int fd)
{
	struct drm_evgem_query args = { .query = DRM_EVGEM_QUERY_DEVICE };

	OK(query(fd, &args));
	CHECK_EQ(args.size, sizeof(struct drm_evgem_device_info));
}

/* An older program has a shorter struct: what follows it is not written. */
static void shorter(int fd)
{
	struct drm_evgem_device_info full, cut;
	struct drm_evgem_query args = {
		.query = DRM_EVGEM_QUERY_DEVICE,
		.size = 20,
		.data = (uintptr_t)&cut,
	};

	OK(evgem_query_device(fd, &full));
	memset(&cut, 0xa5, sizeof(cut));
	OK(query(fd, &args));

	CHECK_EQ(args.size, sizeof(full));
	CHECK(!memcmp(&cut, &full, 20));
	for (unsigned int i = 20; i < sizeof(cut); i++)
		CHECK_EQ(((uint8_t *)&cut)[i], 0xa5);
}

/* A newer one has a longer struct: what this kernel does not know is zero. */
static void longer(int fd)
{
	struct {
		struct drm_evgem_device_info info;
		uint8_t more[40];
		uint8_t behind[8];
	} answer;
	struct drm_evgem_device_info full;
	struct drm_evgem_query args = {
		.query = DRM_EVGEM_QUERY_DEVICE,
		.size = sizeof(answer.info) + sizeof(answer.more),
		.data = (uintptr_t)&answer,
	};

	OK(evgem_query_device(fd, &full));
	memset(&answer, 0xa5, sizeof(answer));
	OK(query(fd, &args));

	CHECK_EQ(args.size, sizeof(full));
	CHECK(!memcmp(&answer.info, &full, sizeof(full)));
	for (unsigned int i = 0; i < sizeof(answer.more); i++)
		CHECK_EQ(answer.more[i], 0);
	for (unsigned int i = 0; i < sizeof(answer.behind); i++)
		CHECK_EQ(answer.behind[i], 0xa5);
}

const struct ktap_case ktap_cases[] = {
	{ "device-values", device_values },
	{ "version", version },
	{ "capabilities", capabilities },
	{ "size-only", size_only },
	{ "shorter", shorter },
	{ "longer", longer },
	{ 0 }
};
