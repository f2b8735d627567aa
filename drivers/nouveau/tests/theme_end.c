// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The end of things while they are in use: channels, files, programs, the device.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "rig.h"

#define DRIVER "/sys/bus/platform/drivers/nvidia,vgpu/"
#define DEVICE "nvidia,vgpu"

static struct rig rig;

static unsigned int users(void)
{
	FILE *file = fopen("/sys/module/nouveau_ref/refcnt", "r");
	unsigned int n;

	CHECK(file);
	CHECK(fscanf(file, "%u", &n) == 1);
	fclose(file);
	return n;
}

/* Until all that @fd kept is gone, but for @others. */
static void only_users(unsigned int others)
{
	for (int i = 0; i < 200 && users() > others; i++)
		sleep_ms(20);
	CHECK_EQ(users(), others);
}

/* A sync_file survives everything; its status tells how a job ended. */
static int sync_file_of(int fd, uint32_t syncobj)
{
	int file;

	CHECK(!drmSyncobjExportSyncFile(fd, syncobj, &file));
	return file;
}

static int status_of(int file)
{
	for (int i = 0; i < 500; i++) {
		struct sync_file_info info = { 0 };

		OK(nvt_ioctl(file, SYNC_IOC_FILE_INFO, &info));
		if (info.status)
			return info.status;
		sleep_ms(20);
	}
	FAIL("a fence never signalled");
}

/* What the device has may end; CHANNEL_FREE waits for it. */
static void channel_freed(int fd)
{
	uint32_t done, chan;
	struct push p;

	rig_init(&rig, fd);
	done = make_syncobj(fd);
	OK(nvt_channel(fd, &chan));
	p = rig_push(&rig);
	push_fill(&p, SCRATCH_ADDR + PAGE, 7, 512 * PAGE / 4);
	push_write(&p, SCRATCH_ADDR, 7);
	OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ done }))));
	/* So that it is in the ring. */
	sleep_ms(20);
	OK(nvt_channel_free(fd, chan));
	job_ends(fd, done, 0, 0);
	CHECK_EQ(rig.scratch.cpu[0], 7);
}

/* What waits does not hold it up, and is cancelled long before it is late. */
static void channel_freed_at_once(int fd)
{
	uint32_t running, queued, chan;
	struct push p;
	uint64_t start;

	rig_init(&rig, fd);
	running = make_syncobj(fd);
	queued = make_syncobj(fd);
	OK(nvt_channel(fd, &chan));
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR, 1);
	OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ running }))));
	OK(nvt_exec_n(fd, chan, NULL, 0, SYNCS(SIGNALS({ queued }))));
	/* So that it is in the ring, and the device at it. */
	sleep_ms(100);
	start = now_ms();
	OK(nvt_channel_free(fd, chan));
	/* The timeout, of the acquire as well, is 3 s. */
	CHECK(now_ms() - start < 1500);
	job_ends(fd, running, 0, ECANCELED);
	job_ends(fd, queued, 0, ECANCELED);
	/* Another channel of the VM does not care. */
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, SYNCS(SIGNALS({ rig.done }))));
	job_ends(fd, rig.done, 0, 0);
}

static void file_closed(int fd)
{
	unsigned int before = users();
	int second = nvt_open(), file, waiting;
	uint32_t done, gate;
	struct push p;

	rig_init(&rig, second);
	done = make_syncobj(second);
	gate = make_syncobj(second);
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR, 1);
	OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ gate }))));
	OK(nvt_channel(second, &rig.chan));
	OK(nvt_exec_n(second, rig.chan, NULL, 0,
		      SYNCS(WAITS({ gate }), SIGNALS({ done }))));
	OK(nvt_bind_n(second, (struct drm_nouveau_vm_bind_op[]){
			nvt_unmap(DATA_ADDR, PAGE) }, 1, SYNCS(WAITS({ gate }))));
	file = sync_file_of(second, gate);
	waiting = sync_file_of(second, done);
	/* With its mappings, which refer to it as well. */
	bo_unmap(&rig.commands);
	bo_unmap(&rig.scratch);
	close(second);
	CHECK_EQ(status_of(file), (uint64_t)-ECANCELED);
	CHECK_EQ(status_of(waiting), (uint64_t)-ECANCELED);
	close(file);
	close(waiting);
	only_users(before);
	rig_init(&rig, fd);
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, NULL));
}

static void killed(int fd)
{
	unsigned int before = users();

	for (unsigned int ms = 0; ms < 120; ms += 20) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			int second = nvt_open();

			rig_init(&rig, second);
			for (;;) {
				struct push p = rig_push(&rig);

				push_fill(&p, SCRATCH_ADDR, ms, 64 * PAGE / 4);
				OK(rig_exec(&rig, rig.chan, &p, NULL));
				OK(nvt_bind_n(second, (struct drm_nouveau_vm_bind_op[]){
						nvt_sparse(DATA_ADDR, HUGE),
						nvt_unsparse(DATA_ADDR, HUGE),
					}, 2, SYNCS(SIGNALS({ rig.done }))));
			}
		}
		sleep_ms(200 + ms);
		CHECK(!kill(pid, SIGKILL));
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status));
	}
	only_users(before);
	rig_init(&rig, fd);
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, NULL));
}

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(file >= 0);
	CHECK(write(file, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(!close(file));
}

static void use_until_gone(int fd)
{
	struct drm_nouveau_gem_info info;
	uint32_t done, gate, chan;
	int file, waiting;
	struct bo bo;
	struct push p;
	uint64_t value;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 4 * PAGE, NVT_VRAM, 1);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, bo.size, bo.handle, 0)));
	gate = make_syncobj(fd);
	done = make_syncobj(fd);
	p = rig_push(&rig);
	push_acquire(&p, SCRATCH_ADDR, 1);
	OK(rig_exec(&rig, rig.chan, &p, SYNCS(SIGNALS({ gate }))));
	OK(nvt_channel(fd, &chan));
	OK(nvt_exec_n(fd, chan, NULL, 0,
		      SYNCS(WAITS({ gate }), SIGNALS({ done }))));
	file = sync_file_of(fd, gate);
	waiting = sync_file_of(fd, done);

	write_file(DRIVER "unbind", DEVICE);
	CHECK_EQ(status_of(file), (uint64_t)-ENODEV);
	CHECK_EQ(status_of(waiting), (uint64_t)-ENODEV);
	FAILS(ENODEV, nvt_getparam(fd, NOUVEAU_GETPARAM_CHIPSET_ID, &value));
	FAILS(ENODEV, nvt_nvif_device(fd, 1));
	FAILS(ENODEV, nvt_bo_new(fd, PAGE, NVT_GART, 0, &info));
	FAILS(ENODEV, nvt_bind(fd, nvt_unmap(DATA_ADDR, PAGE)));
	FAILS(ENODEV, nvt_exec_n(fd, chan, NULL, 0, NULL));
	FAILS(ENODEV, nvt_channel(fd, &chan));
	FAILS(ENODEV, nvt_channel_free(fd, chan));
	CHECK(nvt_open() < 0);
	/* What the CPU has mapped stays. */
	bo_is(&bo);
}

static void device_unplugged(int fd)
{
	unsigned int before;
	int status;
	pid_t pid;

	if (access(DRIVER DEVICE, F_OK))
		SKIP("not a platform device");
	close(fd);
	before = users();
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		use_until_gone(nvt_open());
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (access(DRIVER DEVICE, F_OK))
		write_file(DRIVER "bind", DEVICE);
	CHECK_EQ(status, 0);
	only_users(before);
	fd = nvt_open();
	CHECK(fd >= 0);
	rig_init(&rig, fd);
	OK(nvt_exec_n(fd, rig.chan, NULL, 0, NULL));
}

const struct ktap_case ktap_cases[] = {
	{ "channel-freed", channel_freed },
	{ "channel-freed-at-once", channel_freed_at_once },
	{ "file-closed", file_closed },
	{ "killed", killed, 60 },
	{ "device-unplugged", device_unplugged, 60 },
	{ NULL }
};
