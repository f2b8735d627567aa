// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Which driver the cases run on.
 */
#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "evgem.h"
#include "ktap.h"

static const char *const features[] = {
	"asynchronous binds", "timelines", "read-only mappings", "huge BOs",
	"sparse mappings", "unmapping a BO", "mappings that repeat", "userptrs",
	"dma-bufs", "a memory limit",
};

void driver_needs(int fd, uint64_t needed)
{
	struct drm_evgem_device_info info;

	OK(evgem_query_device(fd, &info));
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		if (needed & ~info.features & 1ull << i)
			SKIP("%s does not have %s", evgem_driver_name(),
			     features[i]);
	CHECK_EQ(needed & ~info.features, 0);
}

/* Skips a case if the driver lacks what all of this program need. */
static void driver_theme(int fd)
{
	static const struct {
		const char *program;
		uint64_t features;
	} themes[] = {
		{ "evgem-evict", DRM_EVGEM_FEATURE_MEMORY_LIMIT },
		{ "evgem-huge", DRM_EVGEM_FEATURE_HUGE },
		{ "evgem-prime", DRM_EVGEM_FEATURE_PRIME },
		{ "evgem-userptr", DRM_EVGEM_FEATURE_USERPTR },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(themes); i++)
		if (!strcmp(program_invocation_short_name, themes[i].program))
			driver_needs(fd, themes[i].features);
}

static int open_for_case(void)
{
	int fd = evgem_open();

	if (fd >= 0)
		driver_theme(fd);
	return fd;
}

const struct ktap_device ktap_device = {
	.name = EVGEM_DRIVER_NAME,
	.open = open_for_case,
};

const char *driver_module(const char *name)
{
	static char path[128];
	int prefix = snprintf(path, sizeof(path), "/sys/module/");

	snprintf(path + prefix, sizeof(path) - prefix, "%s/%s",
		 evgem_driver_name(), name);
	/* Modules are named with another hyphen. */
	for (char *c = path + prefix; *c != '/'; c++)
		if (*c == '-')
			*c = '_';
	return path;
}

const char *driver_bus(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s",
		 evgem_driver_name(), name);
	return path;
}
