// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device goes while it is in use. What unplugs it is the driver core's
 * unbind file. Each case is a child with a file of its own; what comes after it
 * looks whether anything was left, and plugs the device in again.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm/vgem_drm.h>
#include <xf86drm.h>

#include "driver.h"
#include "exporter.h"
#include "memory.h"
#include "world.h"

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(file >= 0);
	CHECK(write(file, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(!close(file));
}

static void unplug(void)
{
	write_file(driver_bus("unbind"), evgem_driver_name());
	CHECK(access(driver_bus(evgem_driver_name()), F_OK));
}

static void plug_in(void)
{
	write_file(driver_bus("bind"), evgem_driver_name());
	CHECK(!access(driver_bus(evgem_driver_name()), F_OK));
}

static unsigned int users(void)
{
	FILE *file = fopen(driver_module("refcnt"), "r");
	unsigned int n;

	CHECK(file);
	CHECK(fscanf(file, "%u", &n) == 1);
	fclose(file);
	return n;
}

static void run(int fd, void (*body)(int fd))
{
	int status;
	pid_t pid;

	/* Nobody but the child has the device open. */
	CHECK(!close(fd));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		fd = evgem_open();
		CHECK(fd >= 0);
		body(fd);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (access(driver_bus(evgem_driver_name()), F_OK))
		plug_in();
	ktap_child(status);

	for (int i = 0; i < 100 && users(); i++)
		sleep_ms(20);
	CHECK_EQ(users(), 0);
	fd = evgem_open();
	CHECK(fd >= 0);
	rig_init(&(struct rig){ 0 }, fd);
}

#define GONE(request, ...) \
	do { \
		ktap_trying(#request); \
		FAILS(ENODEV, raw_ioctl(fd, request, &(__VA_ARGS__))); \
		ktap_trying(NULL); \
	} while (0)

static struct world w;

static void ioctls(int fd)
{
	struct drm_evgem_gem_mmap_offset offset = { 0 };
	struct drm_evgem_device_info info;
	struct good_bind bind;
	struct good_exec exec;
	void *ptr;

	world_init(&w, fd);
	good_bind(&w, &bind);
	good_exec(&w, &exec);
	offset.handle = w.a.handle;
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET, &offset));
	unplug();

	GONE(DRM_IOCTL_EVGEM_QUERY, (struct drm_evgem_query){
	     .query = DRM_EVGEM_QUERY_DEVICE, .size = sizeof(info),
	     .data = (uintptr_t)&info });
	GONE(DRM_IOCTL_EVGEM_VM_CREATE, (struct drm_evgem_vm_create){ 0 });
	GONE(DRM_IOCTL_EVGEM_VM_STATE,
	     (struct drm_evgem_vm_state){ .vm_id = w.rig.vm });
	GONE(DRM_IOCTL_EVGEM_VM_BIND, bind.args);
	GONE(DRM_IOCTL_EVGEM_GEM_CREATE,
	     (struct drm_evgem_gem_create){ .size = PAGE });
	GONE(DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET,
	     (struct drm_evgem_gem_mmap_offset){ .handle = w.a.handle });
	GONE(DRM_IOCTL_EVGEM_QUEUE_CREATE,
	     (struct drm_evgem_queue_create){ .vm_id = w.rig.vm });
	GONE(DRM_IOCTL_EVGEM_EXEC, exec.args);
	GONE(DRM_IOCTL_EVGEM_QUEUE_DESTROY,
	     (struct drm_evgem_queue_destroy){ .queue_id = w.rig.queue });
	GONE(DRM_IOCTL_EVGEM_VM_DESTROY,
	     (struct drm_evgem_vm_destroy){ .vm_id = w.rig.vm });
	GONE(DRM_IOCTL_GEM_CLOSE,
	     (struct drm_gem_close){ .handle = w.a.handle });
	GONE(DRM_IOCTL_SYNCOBJ_CREATE, (struct drm_syncobj_create){ 0 });
	GONE(DRM_IOCTL_PRIME_HANDLE_TO_FD,
	     (struct drm_prime_handle){ .handle = w.a.handle });
	GONE(DRM_IOCTL_PRIME_FD_TO_HANDLE, (struct drm_prime_handle){ .fd = 0 });
	GONE(DRM_IOWR(DRM_COMMAND_BASE + 0x30, uint64_t), (uint64_t){ 0 });
	ptr = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset.offset);
	CHECK(ptr == MAP_FAILED && errno == ENODEV);
}

/* The node goes, and one that was kept leads nowhere. */
static void opening(int fd)
{
	const char *path = "/tmp/kept-node";
	struct stat node;
	int second;

	CHECK(!fstat(fd, &node));
	CHECK(!mknod(path, S_IFCHR | 0600, node.st_rdev));
	second = open(path, O_RDWR);
	CHECK(second >= 0);
	unplug();
	CHECK(open(path, O_RDWR) < 0);
	CHECK_EQ(errno, ENODEV);
	CHECK(!unlink(path));
	FAILS(ENODEV, evgem_open());
	FAILS(ENODEV, raw_ioctl(second, DRM_IOCTL_EVGEM_VM_CREATE,
				&(struct drm_evgem_vm_create){ 0 }));
}

static int sync_file(int fd, uint32_t syncobj)
{
	int file;

	CHECK(!drmSyncobjExportSyncFile(fd, syncobj, &file));
	return file;
}

/* -1: not yet. */
static int status_in(int file, int ms)
{
	struct sync_file_info info = { 0 };
	struct pollfd wait = { .fd = file, .events = POLLIN };

	if (poll(&wait, 1, ms) != 1)
		return -1;
	CHECK(!ioctl(file, SYNC_IOC_FILE_INFO, &info));
	return info.status;
}

static void ends_as_gone(int file)
{
	int status = status_in(file, 3000);

	if (status != -ENODEV)
		FAIL("fence: %s", ktap_errno(status));
}

/* Running, in the ring behind it, waiting for that one; a bind as well. */
static void fences(int fd)
{
	uint32_t out[5], second;
	struct evgem_bind bind = { 0 };
	struct evgem_cmds cmds = { 0 };
	struct gate gate;
	struct rig rig;
	int files[6];

	rig_init(&rig, fd);
	gate_init(&gate, fd);
	OK(evgem_queue_create(fd, rig.vm, 0, &second));
	for (unsigned int i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = make_syncobj(fd);
	rig.cpu[0] = 0;
	for (int i = 0; i < 2; i++) {
		evgem_cmd_wait(&cmds, SCRATCH_ADDR, DRM_EVGEM_COND_EQ, 1);
		OK(evgem_exec(fd, rig.queue, &cmds,
			      EVGEM_SYNCS(evgem_signal(out[i]))));
	}
	OK(evgem_exec(fd, second, &cmds,
		      EVGEM_SYNCS(evgem_wait(out[1]), evgem_signal(out[2]))));
	evgem_bind_unmap(&bind, DATA_ADDR, PAGE);
	OK(evgem_bind_async(fd, rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj),
					evgem_signal(out[3]))));
	evgem_bind_unmap(&bind, DATA_ADDR, PAGE);
	OK(evgem_bind_async(fd, rig.vm, &bind,
			    EVGEM_SYNCS(evgem_signal(out[4]))));
	job_pending(fd, out[0], 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(out); i++)
		files[i] = sync_file(fd, out[i]);
	files[5] = sync_file(fd, gate.syncobj);
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		CHECK_EQ(status_in(files[i], 0), -1);

	unplug();
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		ends_as_gone(files[i]);
}

/* What ended before says what it said. */
static void fences_of_before(int fd)
{
	uint32_t good = make_syncobj(fd), bad = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	int good_file, bad_file;
	struct rig rig;

	rig_init(&rig, fd);
	OK(evgem_exec(fd, rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(good))));
	evgem_cmd_write(&cmds, DATA_ADDR, 1);
	OK(evgem_exec(fd, rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(bad))));
	job_ends(fd, good, 0, 0);
	job_ends(fd, bad, 0, EFAULT);
	good_file = sync_file(fd, good);
	bad_file = sync_file(fd, bad);
	unplug();
	CHECK_EQ(status_in(good_file, 0), 1);
	CHECK_EQ(-status_in(bad_file, 0), EFAULT);
}

/* A job waits for another driver to the end: that one may use its memory. */
static void fence_of_another_driver(int fd)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW };
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	uint32_t in = make_syncobj(fd), out = make_syncobj(fd);
	struct drm_vgem_fence_signal signal;
	struct evgem_cmds cmds = { 0 };
	struct foreign f;
	struct rig rig;
	int file;

	vgem_init(&f, 1, 1);
	rig_init(&rig, fd);
	attach.handle = f.handle;
	CHECK(!drmIoctl(f.fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
	CHECK(!ioctl(f.dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	CHECK(!drmSyncobjImportSyncFile(fd, in, export.fd));
	OK(evgem_exec(fd, rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(in), evgem_signal(out))));
	file = sync_file(fd, out);
	unplug();
	CHECK_EQ(status_in(file, 200), -1);
	signal = (struct drm_vgem_fence_signal){ .fence = attach.out_fence };
	CHECK(!drmIoctl(f.fd, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal));
	ends_as_gone(file);
}

static void *unplug_later(void *arg)
{
	sleep_ms(200);
	unplug();
	return arg;
}

/* Inside of ioctls: a bind in its turn, a wait for a fence. */
static void inside_of_a_bind(int fd)
{
	struct evgem_bind bind = { 0 };
	pthread_t thread;
	struct gate gate;
	struct rig rig;

	rig_init(&rig, fd);
	gate_init(&gate, fd);
	OK(evgem_bind_async(fd, rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj))));
	CHECK(!pthread_create(&thread, NULL, unplug_later, NULL));
	FAILS(ENODEV, evgem_unmap(fd, rig.vm, DATA_ADDR, PAGE));
	CHECK(!pthread_join(thread, NULL));
}

static void inside_of_a_wait(int fd)
{
	pthread_t thread;
	struct gate gate;
	uint64_t start;

	gate_init(&gate, fd);
	start = now_ms();
	CHECK(!pthread_create(&thread, NULL, unplug_later, NULL));
	OK(evgem_syncobj_wait(fd, gate.syncobj, 0, 20000));
	CHECK(now_ms() - start < 5000);
	CHECK(!pthread_join(thread, NULL));
}

static void bo_shows(const struct bo *bo)
{
	for (uint64_t at = 0; at < bo->size; at += 8)
		CHECK_EQ(bo->cpu[at / 8], bo_word(bo, at));
}

/* Memory is the machine's: the CPU keeps what it has mapped. */
static void mapped_memory(int fd)
{
	struct bo bo, huge, part;
	struct rig rig;
	int dmabuf;
	void *cpu;

	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	rig_init(&rig, fd);
	bo_init(&bo, fd, 16, 0, 1);
	bo_init(&part, fd, 16, rig.vm, 3);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
	OK(evgem_bo_close(fd, part.handle));
	huge = (struct bo){ 0 };
	if (!evgem_bo_create_huge(fd, HUGE, 0, &huge.handle)) {
		OK(evgem_bo_close(fd, huge.handle));
		bo_init_huge(&huge, fd, HUGE, 0, 2);
	}
	unplug();
	bo_shows(&bo);
	bo_shows(&part);
	bo_shows(&huge);
	bo.cpu[1] = 77;
	CHECK_EQ(bo.cpu[1], 77);

	/* A dma-buf stays one, also without the file. */
	CHECK(!munmap(bo.cpu, bo.size));
	CHECK(!close(fd));
	cpu = mmap(NULL, bo.size, PROT_READ, MAP_SHARED, dmabuf, 0);
	CHECK(cpu != MAP_FAILED);
	CHECK_EQ(((uint64_t *)cpu)[1], 77);
	CHECK_EQ(((uint64_t *)cpu)[2], bo_word(&bo, 16));
}

/*
 * What was evicted comes back for the CPU, also by a dma-buf; what nobody wants
 * stays away, and all of it goes with the file.
 */
static void evicted_memory(int fd)
{
	struct bo bo, part, again, left;
	struct rig rig;
	int dmabuf;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init(&bo, fd, 16, 0, 1);
	bo_init(&part, fd, 16, rig.vm, 2);
	bo_init(&again, fd, 16, 0, 3);
	bo_init(&left, fd, 16, rig.vm, 4);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_map(fd, rig.vm, DATA_ADDR + HUGE, part.size, part.handle, 0));
	OK(evgem_map(fd, rig.vm, DATA_ADDR + 2 * HUGE, left.size, left.handle,
		     0));
	OK(evgem_bo_export(fd, again.handle, &dmabuf));
	CHECK(!munmap(again.cpu, again.size));
	memory_evict_all(fd);
	CHECK_EQ(memory_now(fd).resident, 0);
	CHECK_EQ(memory_vm_bos_evicted(fd), 4);

	unplug();
	bo_shows(&bo);
	bo_shows(&part);
	again.cpu = mmap(NULL, again.size, PROT_READ, MAP_SHARED, dmabuf, 0);
	CHECK(again.cpu != MAP_FAILED);
	bo_shows(&again);
	CHECK(!close(fd));
	bo_shows(&bo);
	bo_shows(&again);
}

static struct rig waiting;

static void *waits_for_room(void *arg)
{
	FAILS(ENODEV, rig_write(&waiting, DATA_ADDR, 1));
	return arg;
}

/*
 * A BO is to come back, but what it needs is in use by a job that ends when the
 * device does. Then there is room, and nobody to use it.
 */
static void being_restored(int fd)
{
	uint32_t out = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };
	struct bo bo, used;
	pthread_t thread;
	struct gate gate;
	struct rig rig;
	int file;

	memory_guard(fd);
	rig_init(&rig, fd);
	rig_init(&waiting, fd);
	bo_init(&bo, fd, 32, 0, 1);
	bo_init(&used, fd, 32, 0, 2);
	OK(evgem_map(fd, waiting.vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, used.size, used.handle, 0));
	memory_evict_all(fd);
	gate_init(&gate, fd);
	OK(evgem_exec(fd, rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(gate.syncobj), evgem_signal(out))));
	file = sync_file(fd, out);
	/* Beside what the gate and the job have, less than is wanted. */
	memory_limit(memory_now(fd).resident + bo.size / 2);
	CHECK(!pthread_create(&thread, NULL, waits_for_room, NULL));
	sleep_ms(200);
	CHECK_EQ(status_in(file, 0), -1);
	CHECK_EQ(rig_state(&waiting).ptes_4k, 0);

	unplug();
	CHECK(!pthread_join(thread, NULL));
	ends_as_gone(file);
	bo_shows(&bo);
	bo_shows(&used);
}

static pthread_barrier_t swaps_begin;
static int swap_fd;

/* BOs come and go all the time, until there is no device. */
static void *swaps(void *arg)
{
	int fd = swap_fd, ret = 0;
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 32, (uintptr_t)arg & 1 ? rig.vm : 0, 1);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	pthread_barrier_wait(&swaps_begin);
	for (uint64_t i = 0; !ret; i++) {
		uint64_t at = i % bo.size / 8 * 8;

		ret = rig_write(&rig, DATA_ADDR + at, bo_word(&bo, at));
	}
	CHECK_EQ(-ret, ENODEV);
	bo_shows(&bo);
	return NULL;
}

static void under_pressure(int fd)
{
	pthread_t threads[4];
	struct memory before;

	memory_guard(fd);
	swap_fd = fd;
	CHECK(!pthread_barrier_init(&swaps_begin, NULL, ARRAY_SIZE(threads) + 1));
	/* For two of four. */
	memory_limit(2 * (SCRATCH_SIZE + 32 * PAGE));
	for (uintptr_t i = 0; i < ARRAY_SIZE(threads); i++)
		CHECK(!pthread_create(&threads[i], NULL, swaps, (void *)i));
	pthread_barrier_wait(&swaps_begin);
	before = memory_now(fd);
	while (memory_now(fd).restored < before.restored + 20)
		sleep_ms(5);
	unplug();
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		CHECK(!pthread_join(threads[i], NULL));
	CHECK(!close(fd));
}

/* Memory of the process is the process's all the while, and can go. */
static void process_memory(int fd)
{
	const uint64_t size = 16 * PAGE;
	struct evgem_cmds cmds = { 0 };
	uint32_t done = make_syncobj(fd);
	struct rig rig;
	uint64_t *word;

	driver_needs(fd, DRM_EVGEM_FEATURE_USERPTR);
	word = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(word != MAP_FAILED);
	rig_init(&rig, fd);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, 2 * size, word));
	OK(rig_write(&rig, DATA_ADDR + 8, 77));
	evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 1);
	OK(evgem_exec(fd, rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(done))));
	unplug();

	/* The job is over, so nothing waits for it. */
	CHECK(!madvise((char *)word + size, size, MADV_DONTNEED));
	CHECK_EQ(word[1], 77);
	CHECK(!munmap(word, 2 * size));
}

static void imported_memory(int fd)
{
	struct foreign f;
	uint32_t handle;
	struct rig rig;

	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	rig_init(&rig, fd);
	vgem_init(&f, 16, 1);
	OK(evgem_bo_import(fd, f.dmabuf, &handle));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, f.bo.size, handle, 0));
	unplug();
	bo_shows(&f.bo);
	foreign_close(&f);
	CHECK(vgem_users() > 0);
	CHECK(!munmap(rig.cpu, SCRATCH_SIZE));
	CHECK(!close(fd));
	for (int i = 0; i < 100 && vgem_users(); i++)
		sleep_ms(20);
	CHECK_EQ(vgem_users(), 0);
}

/* A new device is another one, whoever still has the old one open. */
static void successor(int fd)
{
	struct drm_evgem_vm_state state;
	struct bo old, bo;
	struct rig rig;
	int second;

	rig_init(&rig, fd);
	bo_init(&old, fd, 4, 0, 1);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, old.size, old.handle, 0));
	unplug();
	plug_in();
	second = evgem_open();
	CHECK(second >= 0);
	FAILS(ENODEV, evgem_vm_state(fd, rig.vm, &state));
	FAILS(ENOENT, evgem_vm_state(second, rig.vm + 1, &state));
	rig_init(&rig, second);
	bo_init(&bo, second, 4, 0, 2);
	OK(evgem_map(second, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	CHECK(!close(fd));
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	bo_shows(&old);
}

static int load_fd;

/* All that a program does, until the device is gone. */
static void *load(void *arg)
{
	int fd = load_fd, ret = 0;

	while (ret != -ENODEV) {
		struct evgem_cmds cmds = { 0 };
		uint32_t vm, bo, queue;

		ret = evgem_vm_create(fd, 0, 0, &vm);
		if (ret)
			continue;
		ret = evgem_queue_create(fd, vm, 0, &queue);
		ret = ret ?: evgem_bo_create(fd, 8 * PAGE, 0, &bo);
		ret = ret ?: evgem_map(fd, vm, DATA_ADDR, 8 * PAGE, bo, 0);
		for (int i = 0; i < 5 && !ret; i++) {
			evgem_cmd_fill(&cmds, DATA_ADDR, 8 * PAGE, i);
			ret = evgem_exec(fd, queue, &cmds, NULL);
		}
		evgem_cmds_free(&cmds);
		ret = ret ?: evgem_bo_close(fd, bo);
		ret = ret ?: evgem_vm_destroy(fd, vm);
		ret = ret ?: evgem_queue_destroy(fd, queue);
		CHECK(!ret || ret == -ENODEV || ret == -ENOSPC);
	}
	return arg;
}

static void under_load(int fd)
{
	pthread_t threads[3];

	for (int round = 0; round < 5; round++) {
		load_fd = fd;
		for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
			CHECK(!pthread_create(&threads[i], NULL, load, NULL));
		sleep_ms(100 + 37 * round);
		unplug();
		for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
			CHECK(!pthread_join(threads[i], NULL));
		CHECK(!close(fd));
		plug_in();
		fd = evgem_open();
		CHECK(fd >= 0);
	}
}

#define CASE(name) \
	static void run_##name(int fd) \
	{ \
		run(fd, name); \
	}

CASE(ioctls)
CASE(opening)
CASE(fences)
CASE(fences_of_before)
CASE(fence_of_another_driver)
CASE(inside_of_a_bind)
CASE(inside_of_a_wait)
CASE(mapped_memory)
CASE(evicted_memory)
CASE(being_restored)
CASE(under_pressure)
CASE(process_memory)
CASE(imported_memory)
CASE(successor)
CASE(under_load)

const struct ktap_case ktap_cases[] = {
	{ "row-27-ioctls", run_ioctls },
	{ "row-27-open", run_opening },
	{ "row-27-fences", run_fences },
	{ "fences-of-before", run_fences_of_before },
	{ "fence-of-another-driver", run_fence_of_another_driver },
	{ "inside-of-a-bind", run_inside_of_a_bind },
	{ "inside-of-a-wait", run_inside_of_a_wait },
	{ "mapped-memory", run_mapped_memory },
	{ "evicted-memory", run_evicted_memory },
	{ "being-restored", run_being_restored },
	{ "under-pressure", run_under_pressure },
	{ "process-memory", run_process_memory },
	{ "imported-memory", run_imported_memory },
	{ "successor", run_successor },
	{ "under-load", run_under_load, 60 },
	{ 0 }
};
