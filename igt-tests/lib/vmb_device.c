// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Which driver is tested, and what it can.
 */
#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include <xf86drm.h>

#include "vmb_left.h"

/* All that there are. */
static const struct vmb_driver *const vmb_drivers[] = {
	&vmb_example_vgem,
	&vmb_example_vgem_rust,
	&vmb_nouveau,
};

static const struct vmb_driver *driver_named(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(vmb_drivers); i++)
		if (!strcmp(vmb_drivers[i]->name, name))
			return vmb_drivers[i];

	return NULL;
}

static const struct vmb_driver *driver_of(int fd)
{
	drmVersion *version = drmGetVersion(fd);
	const struct vmb_driver *drv = NULL;

	if (version)
		drv = driver_named(version->name);
	drmFreeVersion(version);
	return drv;
}

/* The first render node of @wanted, or of any if that is NULL; or -1. */
static int open_node(const struct vmb_driver *wanted,
		     const struct vmb_driver **found)
{
	DIR *dir = opendir("/dev/dri");
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "renderD", 7))
			continue;

		fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;

		*found = driver_of(fd);
		if (*found && (!wanted || *found == wanted))
			break;

		close(fd);
		fd = -1;
	}
	if (dir)
		closedir(dir);

	return fd;
}

void vmb_open(struct vmb_dev *dev)
{
	const char *name = getenv("VMB_DRIVER");
	const struct vmb_driver *wanted = name ? driver_named(name) : NULL;

	igt_assert_f(wanted || !name, "VMB_DRIVER=%s: no such driver is known\n",
		     name);
	dev->fd = open_node(wanted, &dev->drv);
	igt_require_f(dev->fd >= 0, "no render node is that of %s\n",
		      wanted ? wanted->name : "a driver that is known here");
	dev->owner = 0;
	dev->vms = 0;
	vmb_left_file(dev->fd);
	vmb_ok(dev->drv->query(dev->fd, &dev->caps));
	igt_require_f(dev->caps.va_end >= VMB_LOAD_WINDOW + VMB_WINDOW_SIZE,
		      "VMs of %s are too small for these tests\n",
		      dev->drv->name);
}

void vmb_close(struct vmb_dev *dev)
{
	vmb_left_no_file(dev->fd);
	if (dev->drv->forget)
		dev->drv->forget(dev->fd);
	igt_assert(!close(dev->fd));
	dev->fd = -1;
}

void vmb_begin(struct vmb_dev *dev)
{
	vmb_left_clean();
	vmb_open(dev);
}

void vmb_end(struct vmb_dev *dev)
{
	vmb_close(dev);
	vmb_left_clean();
}

static const char *const feature_names[] = {
	"asynchronous binds", "timelines as syncs", "sparse mappings",
	"read-only mappings", "unmapping all of a BO", "huge pages",
	"BOs that are private to a VM", "dma-bufs", "a wait of the engine",
	"reports of faults", "timeouts of queues", "counts of mappings",
	"VMs of a given range", "mappings that repeat", "userptr mappings",
	"a memory limit that can be set", "page tables that can be made to fail",
	"a place of faults", "queues that outlive a fault",
	"several VMs for an open file", "binds that are undone",
};

void vmb_need(const struct vmb_dev *dev, uint32_t features)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(feature_names); i++)
		igt_require_f(!(features & ~dev->caps.features & 1u << i),
			      "%s does not have %s\n", dev->drv->name,
			      feature_names[i]);
}

void vmb_subtests(const struct vmb_test *tests, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		igt_describe(tests[i].about);
		igt_subtest(tests[i].name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			vmb_need(&dev, tests[i].needs);
			tests[i].run(&dev);
			vmb_end(&dev);
		}
	}
}

void vmb_sleep_ms(unsigned int ms)
{
	struct timespec left = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000l,
	};

	while (nanosleep(&left, &left))
		;
}

uint64_t vmb_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

uint32_t vmb_random(uint64_t *seed, uint32_t limit)
{
	/* xorshift64*: small, and good enough to choose what to do next. */
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (*seed * 0x2545f4914f6cdd1dull >> 32) % limit;
}
