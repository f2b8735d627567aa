// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device goes while it is in use: by its driver's unbind in sysfs, which
 * looks to the driver as if somebody had pulled it out. It comes back after.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("The device goes while it is in use");

/* Of the device that is under test; for the exit handler, too. */
static char bus_name[256], driver_path[512];

static void find_device(struct vmb_dev *dev)
{
	char path[128], target[512];
	struct stat st;
	ssize_t n;

	igt_assert(!fstat(dev->fd, &st));
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device",
		 major(st.st_rdev), minor(st.st_rdev));
	n = readlink(path, target, sizeof(target) - 1);
	igt_require_f(n > 0, "the device is on no bus\n");
	target[n] = 0;
	snprintf(bus_name, sizeof(bus_name), "%s", strrchr(target, '/') + 1);

	strcat(path, "/driver");
	igt_require_f(realpath(path, driver_path),
		      "the device has no driver in sysfs\n");
}

static bool tell_driver(const char *file)
{
	char path[600];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", driver_path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;

	n = write(fd, bus_name, strlen(bus_name));
	close(fd);
	return n > 0;
}

static void unplug(void)
{
	igt_require_f(tell_driver("unbind"),
		      "the device cannot be unbound from its driver\n");
}

/* Whatever became of the subtest, the next one finds a device. */
static void plug(int signal)
{
	(void)signal;
	if (driver_path[0])
		tell_driver("bind");
}

/* Opened anew: there is a device, and it works. */
static void comes_back(void)
{
	struct vmb_dev dev;
	struct vmb_bo bo;
	struct vmb_vm vm;

	igt_assert(tell_driver("bind"));
	vmb_open(&dev);
	vmb_vm_create(&vm, &dev);
	vmb_bo_create(&bo, &dev, 4 * VMB_PAGE, 0, 0, 9);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	vmb_shows(&vm, VMB_DATA, bo.size, &bo, 0);
	vmb_close(&dev);
}

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo bo;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	find_device(dev);
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&f->vm, vmb_map(&f->bo, 0, VMB_DATA, f->bo.size));
}

static void idle(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	unplug();
	comes_back();
}

static void every_call(struct vmb_dev *dev)
{
	struct vmb_op op = vmb_unmap(VMB_DATA, VMB_PAGE);
	struct vmb_report report;
	struct vmb_caps caps;
	struct fixture f;
	uint64_t offset;
	uint32_t id;

	begin(&f, dev);
	unplug();
	vmb_fails(ENODEV, dev->drv->query(dev->fd, &caps));
	vmb_fails(ENODEV, dev->drv->vm_create(dev->fd, 0, 0, &id));
	vmb_fails(ENODEV, dev->drv->vm_report(dev->fd, f.vm.id, &report));
	vmb_fails(ENODEV, dev->drv->bo_create(dev->fd, VMB_PAGE, 0, 0, &id));
	vmb_fails(ENODEV, dev->drv->bo_offset(dev->fd, f.bo.handle, &offset));
	vmb_fails(ENODEV, dev->drv->queue_create(dev->fd, f.vm.id, 0, &id));
	vmb_fails(ENODEV, vmb_bind1(&f.vm, op));
	vmb_fails(ENODEV, vmb_try_exec(dev, f.vm.queue, NULL, 0, NULL, 0));
	vmb_fails(ENODEV, dev->drv->vm_destroy(dev->fd, f.vm.id));
	comes_back();
}

/* By its name it is not there, and by a name that somebody kept it is dead. */
static void opened(struct vmb_dev *dev)
{
	const char *kept = "/tmp/vmb-kept-node";
	struct fixture f;
	struct stat node;
	int second;

	begin(&f, dev);
	igt_assert(!fstat(dev->fd, &node));
	unlink(kept);
	igt_assert(!mknod(kept, S_IFCHR | 0600, node.st_rdev));
	second = open(kept, O_RDWR | O_CLOEXEC);
	igt_assert_fd(second);
	close(second);
	unplug();
	second = open(kept, O_RDWR | O_CLOEXEC);
	igt_assert(second < 0 && (errno == ENODEV || errno == ENXIO));
	unlink(kept);
	comes_back();
}

/* What the CPU has mapped is memory of the machine, and stays. */
static void cpu_mapping_stays(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	unplug();
	vmb_bo_intact(&f.bo);
	f.bo.cpu[0] = 4711;
	igt_assert_eq_u64(f.bo.cpu[0], 4711);
	comes_back();
}

/* The end of a job, as the file that its syncobj was exported to tells it. */
static int status_of(struct vmb_dev *dev, int syncobj_file)
{
	uint32_t syncobj;
	int status;

	igt_assert(!drmSyncobjFDToHandle(dev->fd, syncobj_file, &syncobj));
	status = vmb_done(dev, syncobj, 0);
	close(syncobj_file);
	return status;
}

/* Jobs and binds that are under way: each fence is signalled. */
static void work_in_flight(struct vmb_dev *dev)
{
	struct vmb_cmd stuck = vmb_wait_word(VMB_DATA, VMB_LATER);
	uint32_t syncs[3];
	struct vmb_dev fresh;
	struct fixture f;
	struct vmb_op op;
	int files[3];

	begin(&f, dev);
	for (int i = 0; i < 3; i++)
		syncs[i] = vmb_syncobj(dev);
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &stuck, 1,
			    VMB_SYNCS(vmb_signal(syncs[0], 0))));
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &stuck, 1,
			    VMB_SYNCS(vmb_signal(syncs[1], 0))));
	op = vmb_unmap(VMB_DATA, VMB_PAGE);
	vmb_ok(vmb_try_async(&f.vm, &op, 1,
			     VMB_SYNCS(vmb_wait(syncs[0], 0),
				       vmb_signal(syncs[2], 0))));
	vmb_pending(dev, syncs[0], 0);
	for (int i = 0; i < 3; i++)
		igt_assert(!drmSyncobjHandleToFD(dev->fd, syncs[i], &files[i]));
	unplug();
	igt_assert(tell_driver("bind"));
	vmb_open(&fresh);
	for (int i = 0; i < 3; i++)
		igt_assert_eq(status_of(&fresh, files[i]), -ENODEV);
	vmb_close(&fresh);
	unplug();
	comes_back();
}

/* Unplugged again and again while others open it, bind and run. */
static void under_load(struct vmb_dev *dev)
{
	struct igt_helper_process helper = { .use_SIGKILL = true };
	struct fixture f;

	begin(&f, dev);
	igt_fork_helper(&helper) {
		for (;;) {
			const struct vmb_driver *drv = dev->drv;
			struct vmb_op op = vmb_unmap(VMB_DATA, VMB_PAGE);
			uint32_t vm, queue;
			int fd = drmOpenWithType(drv->name, NULL,
						 DRM_NODE_RENDER);

			/* Any of these may fail: none may hang or crash. */
			if (fd < 0)
				continue;
			if (!drv->vm_create(fd, 0, 0, &vm) &&
			    !drv->queue_create(fd, vm, 0, &queue)) {
				for (int i = 0; i < 20; i++) {
					drv->bind(fd, &(struct vmb_bind){
						.vm = vm,
						.ops = &op,
						.num_ops = 1,
					});
					drv->exec(fd, &(struct vmb_exec){
						.queue = queue,
					});
				}
			}
			close(fd);
		}
	}
	for (int i = 0; i < 5; i++) {
		vmb_sleep_ms(60);
		unplug();
		igt_assert(tell_driver("bind"));
	}
	igt_stop_helper(&helper);
	unplug();
	comes_back();
}

static const struct vmb_test tests[] = {
	{ "idle", idle, "Nothing is under way" },
	{ "row-27-every-call", every_call,
	  "Each call says that there is no device", VMB_FAULT_TOLD },
	{ "row-27-open", opened, "So does open()" },
	{ "cpu-mapping-stays", cpu_mapping_stays,
	  "What the CPU has mapped is still there" },
	{ "row-27-work-in-flight", work_in_flight,
	  "Jobs and binds are under way: their fences say so",
	  VMB_WAIT | VMB_ASYNC },
	{ "under-load", under_load, "Others open and use it all the time" },
};

VMB_MAIN()
{
	igt_install_exit_handler(plug);
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
