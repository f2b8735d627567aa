// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * dma-bufs: BOs that other files and other drivers see, and theirs that our
 * engine uses.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/vgem_drm.h>
#include <xf86drm.h>

#include "exporter.h"

static uint32_t import(int fd, int dmabuf)
{
	uint32_t handle;

	OK(evgem_bo_import(fd, dmabuf, &handle));
	return handle;
}

/* One BO in two files: each sees what the other writes, by CPU and engine. */
static void two_files(int fd)
{
	int second = evgem_open(), dmabuf;
	struct rig ours, theirs;
	uint32_t handle;
	struct bo bo;

	CHECK(second >= 0);
	rig_init(&ours, fd);
	rig_init(&theirs, second);
	bo_init(&bo, fd, 16, 0, 1);
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
	handle = import(second, dmabuf);
	CHECK(!close(dmabuf));

	OK(evgem_map(fd, ours.vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_map(second, theirs.vm, DATA_ADDR, bo.size, handle, 0));
	rig_shows(&theirs, DATA_ADDR, bo.size, &bo, 0);
	OK(rig_write(&theirs, DATA_ADDR + 5 * PAGE, 77));
	CHECK_EQ(rig_word(&ours, DATA_ADDR + 5 * PAGE), 77);
	CHECK_EQ(bo.cpu[5 * PAGE / 8], 77);

	/* Who imported it does not need who exported it. */
	bo_close(&bo, fd);
	OK(evgem_vm_destroy(fd, ours.vm));
	CHECK_EQ(rig_word(&theirs, DATA_ADDR + 5 * PAGE), 77);
}

static void back_where_it_came_from(int fd)
{
	int dmabuf, again;
	struct bo bo;

	bo_init(&bo, fd, 1, 0, 1);
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
	CHECK_EQ(import(fd, dmabuf), bo.handle);
	OK(evgem_bo_export(fd, bo.handle, &again));
	CHECK_EQ(import(fd, again), bo.handle);
	CHECK(lseek(dmabuf, 0, SEEK_END) == (off_t)bo.size);
}

static void mmap_of_an_export(const struct bo *bo, int fd)
{
	uint64_t *cpu;
	int dmabuf;

	OK(evgem_bo_export(fd, bo->handle, &dmabuf));
	cpu = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf,
		   0);
	CHECK(cpu != MAP_FAILED);
	OK(evgem_bo_close(fd, bo->handle));
	for (uint64_t at = 0; at < bo->size; at += PAGE / 2)
		CHECK_EQ(cpu[at / 8], bo_word(bo, at));
	cpu[9] = 5;
	CHECK_EQ(bo->cpu[9], 5);
}

static void export_for_the_cpu(int fd)
{
	struct bo bo;

	bo_init(&bo, fd, 16, 0, 1);
	mmap_of_an_export(&bo, fd);
	bo_init_huge(&bo, fd, HUGE, 0, 2);
	mmap_of_an_export(&bo, fd);
}

/* Contents of others, in both directions, in pieces, read-only and not. */
static void use_import(int fd, struct foreign *f)
{
	uint32_t handle = import(fd, f->dmabuf);
	uint64_t half = f->bo.size / 2;
	struct rig rig;

	rig_init(&rig, fd);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, f->bo.size, handle, 0));
	rig_shows(&rig, DATA_ADDR, f->bo.size, &f->bo, 0);
	OK(evgem_map(fd, rig.vm, DATA_ADDR + HUGE, half, handle, half));
	rig_shows(&rig, DATA_ADDR + HUGE, half, &f->bo, half);

	OK(rig_write(&rig, DATA_ADDR + PAGE + 8, 4711));
	CHECK_EQ(f->bo.cpu[(PAGE + 8) / 8], 4711);
	f->bo.cpu[(half + 16) / 8] = 42;
	CHECK_EQ(rig_word(&rig, DATA_ADDR + HUGE + 16), 42);

	OK(evgem_map_readonly(fd, rig.vm, DATA_ADDR, PAGE, handle, 0));
	rig_faults(&rig, DATA_ADDR, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_READONLY);
	FAILS(EINVAL, evgem_map(fd, rig.vm, DATA_ADDR, f->bo.size + PAGE,
				handle, 0));
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, f->bo.size));
	rig_unmapped(&rig, DATA_ADDR + PAGE);
}

static void from_vgem(int fd)
{
	struct foreign f;

	vgem_init(&f, 64, 1);
	use_import(fd, &f);
}

static void from_udmabuf(int fd)
{
	struct foreign f;

	udmabuf_init(&f, 64, 1);
	use_import(fd, &f);
}

/* Both kinds beside a BO of ours, in one array and one job. */
static void side_by_side(int fd)
{
	struct evgem_bind bind = { 0 };
	struct evgem_cmds cmds = { 0 };
	struct foreign a, b;
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	vgem_init(&a, 8, 1);
	udmabuf_init(&b, 8, 2);
	bo_init(&bo, fd, 8, 0, 3);
	evgem_bind_map(&bind, DATA_ADDR, 8 * PAGE, bo.handle, 0);
	evgem_bind_map(&bind, DATA_ADDR + 2 * PAGE, 4 * PAGE,
		       import(fd, a.dmabuf), 0);
	evgem_bind_map(&bind, DATA_ADDR + 3 * PAGE, 2 * PAGE,
		       import(fd, b.dmabuf), PAGE);
	OK(evgem_bind_sync(fd, rig.vm, &bind));
	rig_shows(&rig, DATA_ADDR, 2 * PAGE, &bo, 0);
	rig_shows(&rig, DATA_ADDR + 2 * PAGE, PAGE, &a.bo, 0);
	rig_shows(&rig, DATA_ADDR + 3 * PAGE, 2 * PAGE, &b.bo, PAGE);
	rig_shows(&rig, DATA_ADDR + 5 * PAGE, PAGE, &a.bo, 3 * PAGE);
	rig_shows(&rig, DATA_ADDR + 6 * PAGE, 2 * PAGE, &bo, 6 * PAGE);

	evgem_cmd_copy(&cmds, DATA_ADDR + 2 * PAGE, DATA_ADDR + 3 * PAGE, PAGE);
	evgem_cmd_copy(&cmds, DATA_ADDR + 4 * PAGE, DATA_ADDR + 6 * PAGE, PAGE);
	rig_run(&rig, &cmds);
	CHECK(!memcmp(a.bo.cpu, b.bo.cpu + PAGE / 8, PAGE));
	CHECK(!memcmp(b.bo.cpu + 2 * PAGE / 8, bo.cpu + 6 * PAGE / 8, PAGE));
}

static void same_handle_again(int fd)
{
	int second = evgem_open();
	struct rig ours, theirs;
	uint32_t handle, other;
	struct foreign f;

	CHECK(second >= 0);
	vgem_init(&f, 4, 1);
	handle = import(fd, f.dmabuf);
	CHECK_EQ(import(fd, f.dmabuf), handle);
	other = import(second, f.dmabuf);

	rig_init(&ours, fd);
	rig_init(&theirs, second);
	OK(evgem_map(fd, ours.vm, DATA_ADDR, f.bo.size, handle, 0));
	OK(evgem_map(second, theirs.vm, DATA_ADDR, f.bo.size, other, 0));
	OK(rig_write(&ours, DATA_ADDR, 99));
	CHECK_EQ(rig_word(&theirs, DATA_ADDR), 99);

	/* Closed and imported once more, it is the same memory. */
	OK(evgem_bo_close(fd, handle));
	OK(evgem_map(fd, ours.vm, DATA_ADDR + HUGE, f.bo.size,
		     import(fd, f.dmabuf), 0));
	CHECK_EQ(rig_word(&ours, DATA_ADDR + HUGE), 99);
}

static void vgem_is_unused(void)
{
	for (int i = 0; i < 100 && vgem_users(); i++)
		sleep_ms(20);
	CHECK_EQ(vgem_users(), 0);
}

/* A mapping keeps the exporter's memory, and nothing does after it. */
static void mapping_keeps_the_memory(int fd)
{
	struct foreign f;
	uint32_t handle;
	struct rig rig;

	rig_init(&rig, fd);
	CHECK_EQ(vgem_users(), 0);
	vgem_init(&f, 16, 1);
	handle = import(fd, f.dmabuf);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, f.bo.size, handle, 0));
	OK(evgem_bo_close(fd, handle));
	foreign_close(&f);
	CHECK(vgem_users() > 0);
	rig_shows(&rig, DATA_ADDR, f.bo.size, &f.bo, 0);
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, f.bo.size));
	vgem_is_unused();

	/* The same when the VM goes with all that is mapped in it. */
	vgem_init(&f, 16, 2);
	handle = import(fd, f.dmabuf);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, f.bo.size, handle, 0));
	OK(evgem_bo_close(fd, handle));
	foreign_close(&f);
	rig_shows(&rig, DATA_ADDR, f.bo.size, &f.bo, 0);
	OK(evgem_vm_destroy(fd, rig.vm));
	vgem_is_unused();
}

/* An unmap behind a job, of a BO that nobody else holds. */
static void memory_of_a_running_job(int fd)
{
	uint32_t done = make_syncobj(fd), handle;
	struct evgem_bind bind = { 0 };
	struct evgem_cmds cmds = { 0 };
	struct foreign f;
	struct rig rig;

	rig_init(&rig, fd);
	vgem_init(&f, 16, 1);
	handle = import(fd, f.dmabuf);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, f.bo.size, handle, 0));
	rig.cpu[0] = 0;
	evgem_cmd_wait(&cmds, SCRATCH_ADDR, DRM_EVGEM_COND_EQ, 1);
	evgem_cmd_copy(&cmds, SCRATCH_ADDR + PAGE, DATA_ADDR, f.bo.size);
	OK(evgem_exec(fd, rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(done))));
	evgem_bind_unmap(&bind, DATA_ADDR, f.bo.size);
	OK(evgem_bind_async(fd, rig.vm, &bind, EVGEM_SYNCS(evgem_wait(done))));
	OK(evgem_bo_close(fd, handle));
	foreign_close(&f);
	job_pending(fd, done, 0);
	CHECK(vgem_users() > 0);

	__atomic_store_n(&rig.cpu[0], 1, __ATOMIC_RELEASE);
	job_ends(fd, done, 0, 0);
	for (uint64_t at = 0; at < f.bo.size; at += 8)
		CHECK_EQ(rig.cpu[(PAGE + at) / 8], bo_word(&f.bo, at));
	vgem_is_unused();
}

/* What closes it all is the end of the file. */
static void file_closed(int fd)
{
	int second = evgem_open();
	struct foreign f;
	struct rig rig;

	(void)fd;
	CHECK(second >= 0);
	CHECK_EQ(vgem_users(), 0);
	vgem_init(&f, 16, 1);
	rig_init(&rig, second);
	OK(evgem_map(second, rig.vm, DATA_ADDR, f.bo.size,
		     import(second, f.dmabuf), 0));
	foreign_close(&f);
	CHECK(vgem_users() > 0);
	CHECK(!munmap(rig.cpu, SCRATCH_SIZE));
	CHECK(!close(second));
	vgem_is_unused();
}

/* The CPU's view of an imported BO is the exporter's. */
static void mmap_of_an_import(int fd)
{
	struct drm_evgem_gem_mmap_offset args = { 0 };
	int second = evgem_open();
	struct foreign f;
	uint64_t *cpu;
	void *ptr;

	CHECK(second >= 0);
	vgem_init(&f, 4, 1);
	args.handle = import(fd, f.dmabuf);
	OK(evgem_bo_map(fd, args.handle, f.bo.size, &ptr));
	cpu = ptr;
	for (uint64_t at = 0; at < f.bo.size; at += PAGE / 2)
		CHECK_EQ(cpu[at / 8], bo_word(&f.bo, at));
	cpu[3] = 1234;
	CHECK_EQ(f.bo.cpu[3], 1234);

	/* The rules of the offset are those of any BO. */
	CHECK(!drmIoctl(fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET, &args));
	ptr = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, second, args.offset);
	CHECK(ptr == MAP_FAILED && errno == EACCES);
	ptr = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, args.offset);
	CHECK(ptr == MAP_FAILED && errno == EINVAL);
}

static void attach_fence(const struct foreign *f, uint32_t *fence)
{
	struct drm_vgem_fence_attach args = {
		.handle = f->handle,
		.flags = VGEM_FENCE_WRITE,
	};

	CHECK(!drmIoctl(f->fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &args));
	*fence = args.out_fence;
}

static void signal_fence(const struct foreign *f, uint32_t fence)
{
	struct drm_vgem_fence_signal args = { .fence = fence };

	CHECK(!drmIoctl(f->fd, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args));
}

/* What the exporter has in its dma_resv becomes a syncobj of ours. */
static void waits_for_the_exporter(int fd)
{
	struct dma_buf_export_sync_file args = { .flags = DMA_BUF_SYNC_RW };
	uint32_t in = make_syncobj(fd), done = make_syncobj(fd), fence;
	struct evgem_cmds cmds = { 0 };
	struct foreign f;
	struct rig rig;

	rig_init(&rig, fd);
	vgem_init(&f, 4, 1);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, f.bo.size, import(fd, f.dmabuf),
		     0));
	attach_fence(&f, &fence);
	CHECK(!ioctl(f.dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args));
	CHECK(!drmSyncobjImportSyncFile(fd, in, args.fd));
	evgem_cmd_write(&cmds, DATA_ADDR, 5);
	OK(evgem_exec(fd, rig.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(in), evgem_signal(done))));
	job_pending(fd, done, 0);
	CHECK_EQ(f.bo.cpu[0], bo_word(&f.bo, 0));
	signal_fence(&f, fence);
	job_ends(fd, done, 0, 0);
	CHECK_EQ(f.bo.cpu[0], 5);
}

/* And a job of ours is what others of the dma-buf wait for. */
static void exporter_waits(int fd)
{
	struct dma_buf_import_sync_file args = { .flags = DMA_BUF_SYNC_RW };
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	struct foreign f;
	struct gate gate;
	struct pollfd wait;

	gate_init(&gate, fd);
	vgem_init(&f, 4, 1);
	import(fd, f.dmabuf);
	CHECK(!drmSyncobjExportSyncFile(fd, gate.syncobj, &args.fd));
	CHECK(!ioctl(f.dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args));

	wait = (struct pollfd){ .fd = f.dmabuf, .events = POLLOUT };
	CHECK_EQ(poll(&wait, 1, 50), 0);
	attach.handle = f.handle;
	CHECK(drmIoctl(f.fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
	CHECK_EQ(errno, EBUSY);
	gate_open(&gate);
	CHECK_EQ(poll(&wait, 1, 10000), 1);
	CHECK(!drmIoctl(f.fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
}

/* Binds of one dma-buf in many VMs of two files at the same time. */
static void many_at_once(int fd)
{
	int second = evgem_open();
	struct rig rigs[8];
	struct foreign f;

	CHECK(second >= 0);
	vgem_init(&f, 8, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(rigs); i++)
		rig_init(&rigs[i], i % 2 ? second : fd);
	for (unsigned int round = 0; round < 20; round++) {
		uint32_t ours = import(fd, f.dmabuf);
		uint32_t theirs = import(second, f.dmabuf);

		for (unsigned int i = 0; i < ARRAY_SIZE(rigs); i++) {
			struct rig *rig = &rigs[i];
			struct evgem_bind bind = { 0 };

			evgem_bind_map(&bind, DATA_ADDR + i * PAGE, 8 * PAGE,
				       i % 2 ? theirs : ours, 0);
			OK(evgem_bind_async(rig->fd, rig->vm, &bind, NULL));
		}
		OK(evgem_bo_close(fd, ours));
		OK(evgem_bo_close(second, theirs));
		/*
		 * Debugging of DMA allows seven mappings of a page. Those of
		 * the last round are in use, those before it are on their way.
		 */
		for (unsigned int i = 0; i < ARRAY_SIZE(rigs); i++)
			OK(evgem_bind_sync(rigs[i].fd, rigs[i].vm,
					   &(struct evgem_bind){ 0 }));
		sleep_ms(20);
	}
	/* A synchronous one comes after those before it. */
	for (unsigned int i = 0; i < ARRAY_SIZE(rigs); i++) {
		OK(evgem_unmap(rigs[i].fd, rigs[i].vm, DATA_ADDR, PAGE));
		rig_shows(&rigs[i], DATA_ADDR + 7 * PAGE, PAGE, &f.bo,
			  (7 - i) * PAGE);
	}
}

static void private_bo(int fd)
{
	uint32_t vm, handle;
	struct bo bo;
	int dmabuf, ret;

	OK(evgem_vm_create(fd, 0, 0, &vm));
	bo_init(&bo, fd, 1, vm, 1);
	FAILS(EPERM, evgem_bo_export(fd, bo.handle, &dmabuf));
	ret = evgem_bo_create_huge(fd, HUGE, vm, &handle);
	if (ret != -ENOMEM) {
		OK(ret);
		FAILS(EPERM, evgem_bo_export(fd, handle, &dmabuf));
	}
	/* Not for ever, either: the VM is gone, its lock is not. */
	OK(evgem_vm_destroy(fd, vm));
	FAILS(EPERM, evgem_bo_export(fd, bo.handle, &dmabuf));
	CHECK_EQ(bo.cpu[1], bo_word(&bo, 8));
}

static void export_of_nothing(int fd)
{
	struct drm_prime_handle args;
	int second = evgem_open(), dmabuf;
	struct bo bo;

	CHECK(second >= 0);
	bo_init(&bo, fd, 1, 0, 1);
	FAILS(ENOENT, evgem_bo_export(fd, 0, &dmabuf));
	FAILS(ENOENT, evgem_bo_export(fd, 4711, &dmabuf));
	FAILS(ENOENT, evgem_bo_export(second, bo.handle, &dmabuf));
	args = (struct drm_prime_handle){ .handle = bo.handle, .flags = 0x1000 };
	CHECK(drmIoctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args));
	CHECK_EQ(errno, EINVAL);
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
}

/* Files of all kinds that are no dma-buf, and no file. */
static void import_of_others(int fd)
{
	uint32_t handle = 4711, sync = make_syncobj(fd);
	int files[] = {
		memfd_create("no dma-buf", MFD_CLOEXEC),
		eventfd(0, EFD_CLOEXEC),
		open("/", O_RDONLY | O_CLOEXEC),
		dup(fd),
		-1,
	};

	CHECK(!drmSyncobjHandleToFD(fd, sync, &files[4]));
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		CHECK(files[i] >= 0);
		FAILS(EINVAL, evgem_bo_import(fd, files[i], &handle));
		CHECK(!close(files[i]));
		FAILS(EBADF, evgem_bo_import(fd, files[i], &handle));
	}
	FAILS(EBADF, evgem_bo_import(fd, -1, &handle));
	CHECK_EQ(handle, 4711);
}

const struct ktap_case ktap_cases[] = {
	{ "two-files", two_files },
	{ "back-where-it-came-from", back_where_it_came_from },
	{ "export-for-the-cpu", export_for_the_cpu },
	{ "from-vgem", from_vgem },
	{ "from-udmabuf", from_udmabuf },
	{ "side-by-side", side_by_side },
	{ "same-handle-again", same_handle_again },
	{ "mapping-keeps-the-memory", mapping_keeps_the_memory },
	{ "memory-of-a-running-job", memory_of_a_running_job },
	{ "file-closed", file_closed },
	{ "row-29-mmap-of-an-import", mmap_of_an_import },
	{ "waits-for-the-exporter", waits_for_the_exporter },
	{ "exporter-waits", exporter_waits },
	{ "many-at-once", many_at_once },
	{ "row-15-private-bo", private_bo },
	{ "row-14-export-of-nothing", export_of_nothing },
	{ "row-30-import-of-others", import_of_others },
	{ 0 }
};
