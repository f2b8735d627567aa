// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Each allocation of each call of the interface fails in its turn. Binds, which
 * have most shapes, are in failbind.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <xf86drm.h>

#include "driver.h"
#include "exporter.h"
#include "failbind.h"
#include "failwalk.h"
#include "limit.h"

#define MIB (1ull << 20)

static struct world w;

/* What most calls need: one BO that nobody has used yet. */
static uint32_t fresh;
static uint64_t fresh_size;

static void set_fresh(struct world *w)
{
	if (fresh)
		OK(evgem_bo_close(w->rig.fd, fresh));
	OK(evgem_bo_create(w->rig.fd, fresh_size, 0, &fresh));
}

/* QUERY, VM_CREATE, VM_DESTROY, VM_STATE */

static struct drm_evgem_device_info info;
static struct drm_evgem_query query_args;

static void query_set(struct world *w)
{
	(void)w;
	memset(&info, 0, sizeof(info));
	query_args = (struct drm_evgem_query){
		.query = DRM_EVGEM_QUERY_DEVICE,
		.size = sizeof(info),
		.data = (uintptr_t)&info,
	};
}

static int query_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_QUERY, &query_args);
}

static void query_check(struct world *w)
{
	(void)w;
	CHECK_EQ(query_args.size, sizeof(info));
	CHECK(info.features & DRM_EVGEM_FEATURE_ASYNC_BIND);
}

static struct drm_evgem_vm_create vm_args;

static void vm_create_set(struct world *w)
{
	(void)w;
	vm_args = (struct drm_evgem_vm_create){ 0 };
}

static int vm_create_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_VM_CREATE, &vm_args);
}

static void vm_create_check(struct world *w)
{
	OK(evgem_map(w->rig.fd, vm_args.vm_id, DATA_ADDR, PAGE, w->a.handle, 0));
	OK(evgem_vm_destroy(w->rig.fd, vm_args.vm_id));
}

/* Of a file that has none, so that its table is allocated, too. */
static int second = -1;

static void vm_first_set(struct world *w)
{
	vm_create_set(w);
	if (second < 0)
		second = evgem_open();
	CHECK(second >= 0);
}

static int vm_first_call(struct world *w)
{
	(void)w;
	return raw_ioctl(second, DRM_IOCTL_EVGEM_VM_CREATE, &vm_args);
}

static void vm_first_check(struct world *w)
{
	(void)w;
	OK(evgem_vm_destroy(second, vm_args.vm_id));
	CHECK(!close(second));
	second = -1;
}

/* With something in it. */
static uint32_t doomed_queue;

static void vm_destroy_set(struct world *w)
{
	if (doomed_queue)
		return;
	vm_create_set(w);
	OK(vm_create_call(w));
	OK(evgem_queue_create(w->rig.fd, vm_args.vm_id, 0, &doomed_queue));
	OK(evgem_map(w->rig.fd, vm_args.vm_id, DATA_ADDR, PAGE, w->a.handle, 0));
}

static int vm_destroy_call(struct world *w)
{
	struct drm_evgem_vm_destroy args = { .vm_id = vm_args.vm_id };

	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_VM_DESTROY, &args);
}

static void vm_destroy_check(struct world *w)
{
	FAILS(ENOENT, evgem_vm_destroy(w->rig.fd, vm_args.vm_id));
	OK(evgem_queue_destroy(w->rig.fd, doomed_queue));
	doomed_queue = 0;
}

static struct drm_evgem_vm_state state_args;

static int vm_state_call(struct world *w)
{
	state_args = (struct drm_evgem_vm_state){ .vm_id = w->rig.vm };
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_VM_STATE, &state_args);
}

static void vm_state_check(struct world *w)
{
	CHECK_EQ(state_args.mappings, w->state.mappings);
}

static void vms(int fd)
{
	struct drm_evgem_device_info limits;
	uint32_t made = 0, id;
	int ret;

	failwalk_init(&w, fd);
	failwalks(&w,
		  { "QUERY", NEVER_FAILS, query_set, query_call, query_check },
		  { "VM_CREATE", 0, vm_create_set, vm_create_call,
		    vm_create_check },
		  { "VM_CREATE, first of a file", 0, vm_first_set,
		    vm_first_call, vm_first_check },
		  { "VM_STATE", NEVER_FAILS, NULL, vm_state_call, vm_state_check },
		  { "VM_DESTROY", NEVER_FAILS, vm_destroy_set, vm_destroy_call,
		    vm_destroy_check });

	/* Nothing but the world's two, and the one to be destroyed, counts. */
	OK(evgem_query_device(fd, &limits));
	while (!(ret = evgem_vm_create(fd, 0, 0, &id)))
		made++;
	CHECK_EQ(-ret, ENOSPC);
	CHECK_EQ(made, limits.max_vms - 3);
}

/* QUEUE_CREATE, QUEUE_DESTROY */

static struct drm_evgem_queue_create queue_args;

static void queue_create_set(struct world *w)
{
	queue_args = (struct drm_evgem_queue_create){ .vm_id = w->rig.vm };
}

static int queue_create_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_QUEUE_CREATE, &queue_args);
}

static void queue_create_check(struct world *w)
{
	OK(evgem_run(w->rig.fd, queue_args.queue_id, &(struct evgem_cmds){ 0 }));
	OK(evgem_queue_destroy(w->rig.fd, queue_args.queue_id));
}

static void queue_destroy_set(struct world *w)
{
	if (!doomed_queue)
		OK(evgem_queue_create(w->rig.fd, w->rig.vm, 0, &doomed_queue));
}

static int queue_destroy_call(struct world *w)
{
	struct drm_evgem_queue_destroy args = { .queue_id = doomed_queue };

	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_QUEUE_DESTROY, &args);
}

static void queue_destroy_check(struct world *w)
{
	FAILS(ENOENT, evgem_queue_destroy(w->rig.fd, doomed_queue));
	doomed_queue = 0;
}

static void queues(int fd)
{
	struct drm_evgem_device_info limits;
	uint32_t made = 0, id;
	int ret;

	failwalk_init(&w, fd);
	failwalks(&w,
		  { "QUEUE_CREATE", 0, queue_create_set, queue_create_call,
		    queue_create_check },
		  { "QUEUE_DESTROY", NEVER_FAILS, queue_destroy_set,
		    queue_destroy_call, queue_destroy_check });

	OK(evgem_query_device(fd, &limits));
	while (!(ret = evgem_queue_create(fd, w.rig.vm, 0, &id)))
		made++;
	CHECK_EQ(-ret, ENOSPC);
	CHECK_EQ(made, limits.max_queues - 2);
}

/* GEM_CREATE, GEM_MMAP_OFFSET, GEM_CLOSE; mmap() and what comes of it */

static struct drm_evgem_gem_create gem_args;

static int gem_create_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_GEM_CREATE, &gem_args);
}

static void gem_create_check(struct world *w)
{
	uint64_t last = DATA_ADDR + 64 * PAGE + gem_args.size - PAGE;

	OK(evgem_map(w->rig.fd, w->rig.vm, last - last % HUGE + HUGE, PAGE,
		     gem_args.handle, gem_args.size - PAGE));
	CHECK_EQ(rig_word(&w->rig, last - last % HUGE + HUGE), 0);
	OK(evgem_unmap(w->rig.fd, w->rig.vm, last - last % HUGE + HUGE, PAGE));
	OK(evgem_bo_close(w->rig.fd, gem_args.handle));
}

static void gem_create_set(struct world *w)
{
	failwalk_wait_for_room(w, MIB);
	gem_args = (struct drm_evgem_gem_create){ .size = MIB };
}

static void gem_create_private_set(struct world *w)
{
	failwalk_wait_for_room(w, MIB);
	gem_args = (struct drm_evgem_gem_create){
		.size = MIB, .vm_id = w->rig.vm };
}

static void gem_create_huge_set(struct world *w)
{
	failwalk_wait_for_room(w, HUGE);
	gem_args = (struct drm_evgem_gem_create){
		.size = HUGE, .flags = DRM_EVGEM_GEM_HUGE };
}

static void gem_create(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "GEM_CREATE", 0, gem_create_set, gem_create_call,
		    gem_create_check },
		  { "GEM_CREATE, private", 0, gem_create_private_set,
		    gem_create_call, gem_create_check });
}

static void gem_create_huge(int fd)
{
	uint32_t bo;
	int ret;

	driver_needs(fd, DRM_EVGEM_FEATURE_HUGE);
	failwalk_init(&w, fd);
	ret = evgem_bo_create_huge(fd, HUGE, 0, &bo);
	if (ret == -ENOMEM)
		SKIP("no memory in blocks of 2 MiB");
	OK(ret);
	OK(evgem_bo_close(fd, bo));
	failwalks(&w,
		  { "GEM_CREATE, huge", 0, gem_create_huge_set, gem_create_call,
		    gem_create_check });
}

/* The world has 1 MiB and a bit. A BO that was forgotten would be one too many. */
static void gem_create_within_3mib(int fd)
{
	with_limit(fd, "max_bo_mb", 3, gem_create);
}

static void gem_create_huge_within_4mib(int fd)
{
	with_limit(fd, "max_bo_mb", 4, gem_create_huge);
}

static struct drm_evgem_gem_mmap_offset offset_args;

static int gem_mmap_offset_call(struct world *w)
{
	offset_args = (struct drm_evgem_gem_mmap_offset){ .handle = fresh };
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET,
			 &offset_args);
}

static void gem_mmap_offset_check(struct world *w)
{
	(void)w;
	CHECK(offset_args.offset);
}

static uint64_t *cpu;

static void gem_mmap_undo(void)
{
	if (cpu)
		CHECK(!munmap(cpu, fresh_size));
	cpu = NULL;
}

static void gem_mmap_set(struct world *w)
{
	gem_mmap_undo();
	set_fresh(w);
	OK(gem_mmap_offset_call(w));
}

static int gem_mmap_call(struct world *w)
{
	void *at = mmap(NULL, fresh_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			w->rig.fd, offset_args.offset);

	if (at == MAP_FAILED)
		return -errno;
	cpu = at;
	return 0;
}

static void gem_mmap_check(struct world *w)
{
	(void)w;
	CHECK_EQ(cpu[0], 0);
	CHECK_EQ(cpu[fresh_size / sizeof(*cpu) - 1], 0);
	gem_mmap_undo();
}

static void gem_touch_set(struct world *w)
{
	gem_mmap_set(w);
	OK(gem_mmap_call(w));
}

/* A page fault cannot say ENOMEM: it is taken again, and that is fine. */
static int gem_touch_call(struct world *w)
{
	(void)w;
	__atomic_store_n(&cpu[0], 0x1111, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu[fresh_size / sizeof(*cpu) - 1], 0x2222,
			 __ATOMIC_RELAXED);
	return 0;
}

static void gem_touch_check(struct world *w)
{
	uint64_t at = DATA_ADDR + 2 * HUGE;

	OK(evgem_map(w->rig.fd, w->rig.vm, at, fresh_size, fresh, 0));
	CHECK_EQ(rig_word(&w->rig, at), 0x1111);
	CHECK_EQ(rig_word(&w->rig, at + fresh_size - 8), 0x2222);
	OK(evgem_unmap(w->rig.fd, w->rig.vm, at, fresh_size));
	gem_mmap_undo();
}

/* Closed while it is mapped in a VM, which takes the place of a reference. */
static void gem_close_set(struct world *w)
{
	if (!fresh)
		set_fresh(w);
	OK(evgem_map(w->rig.fd, w->rig.vm, DATA_ADDR + 32 * PAGE, PAGE, fresh, 0));
}

static int gem_close_call(struct world *w)
{
	struct drm_gem_close args = { .handle = fresh };

	return raw_ioctl(w->rig.fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static void gem_close_check(struct world *w)
{
	FAILS(EINVAL, gem_close_call(w));
	CHECK_EQ(rig_word(&w->rig, DATA_ADDR + 32 * PAGE), 0);
	OK(evgem_unmap(w->rig.fd, w->rig.vm, DATA_ADDR + 32 * PAGE, PAGE));
	fresh = 0;
}

static void gem(int fd)
{
	fresh_size = 8 * PAGE;
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "GEM_MMAP_OFFSET", NEVER_FAILS, set_fresh, gem_mmap_offset_call,
		    gem_mmap_offset_check },
		  { "mmap()", 0, gem_mmap_set, gem_mmap_call,
		    gem_mmap_check },
		  { "first touch by the CPU", NEVER_FAILS, gem_touch_set,
		    gem_touch_call, gem_touch_check });
	gem_mmap_undo();
	failwalks(&w,
		  { "GEM_CLOSE", NEVER_FAILS, gem_close_set, gem_close_call,
		    gem_close_check });
}

/* EXEC */

static struct good_exec exec_good;

static void exec_set(struct world *w)
{
	good_exec(w, &exec_good);
}

/* Points of timelines on both sides. */
static void exec_timeline_set(struct world *w)
{
	if (w->point == 1) {
		OK(evgem_exec(w->rig.fd, w->rig.queue, &(struct evgem_cmds){ 0 },
			      EVGEM_SYNCS(evgem_signal_point(w->line, 1))));
		job_ends(w->rig.fd, w->line, 1, 0);
		w->point++;
	}
	good_exec(w, &exec_good);
	exec_good.syncs[3] = evgem_wait_point(w->line, w->point - 1);
	exec_good.args.syncs.count = 4;
}

static int exec_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_EVGEM_EXEC, &exec_good.args);
}

/* Nothing to wait for, nothing to signal, nothing to do. */
static void exec_nothing_set(struct world *w)
{
	good_exec(w, &exec_good);
	exec_good.args.cmdbufs.count = 0;
	exec_good.args.syncs.count = 0;
}

static void exec_nothing_check(struct world *w)
{
	OK(evgem_run(w->rig.fd, w->rig.queue, &(struct evgem_cmds){ 0 }));
}

static void exec(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "EXEC, empty", 0, exec_nothing_set, exec_call,
		    exec_nothing_check },
		  { "EXEC, binary and timeline", 0, exec_set, exec_call,
		    exec_worked },
		  { "EXEC, waits for a point", 0, exec_timeline_set,
		    exec_call, exec_worked });
}

#define LONG_BUFS	8
#define LONG_SIZE	65536

static struct drm_evgem_cmdbuf long_bufs[LONG_BUFS];
static struct drm_evgem_cmd_copy long_cmds[LONG_SIZE /
					   sizeof(struct drm_evgem_cmd_copy)];

static void exec_long_set(struct world *w)
{
	struct drm_evgem_cmd_copy copy = {
		.header = { DRM_EVGEM_CMD_COPY, sizeof(copy) },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(long_cmds); i++)
		long_cmds[i] = copy;
	for (unsigned int i = 0; i < LONG_BUFS; i++)
		long_bufs[i] = (struct drm_evgem_cmdbuf){
			.ptr = (uintptr_t)long_cmds, .size = LONG_SIZE };
	exec_nothing_set(w);
	exec_good.args.cmdbufs = (struct drm_evgem_array){
		(uintptr_t)long_bufs, LONG_BUFS, sizeof(long_bufs[0]) };
}

/*
 * Four such jobs are all that may be queued. One that is done may not be gone
 * yet, but more than four that were forgotten would be seen.
 */
static void exec_long(int fd)
{
	failwalk_init(&w, fd);
	failwalks(&w,
		  { "EXEC, 512 KiB of commands", 0, exec_long_set, exec_call,
		    exec_nothing_check });
}

static void exec_long_within_limit(int fd)
{
	with_limit(fd, "max_queued_mb", 2, exec_long);
}

/* PRIME: out, and in again, here and in another file */

static struct drm_prime_handle prime;
static int dmabuf = -1;
static int importer;

static void export_undo(void)
{
	if (dmabuf >= 0)
		CHECK(!close(dmabuf));
	dmabuf = -1;
}

static void export_set(struct world *w)
{
	export_undo();
	set_fresh(w);
	prime = (struct drm_prime_handle){
		.handle = fresh, .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
}

static int export_call(struct world *w)
{
	return raw_ioctl(w->rig.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
}

static void export_check(struct world *w)
{
	uint32_t again;

	dmabuf = prime.fd;
	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), fresh_size);
	OK(evgem_bo_import(w->rig.fd, dmabuf, &again));
	CHECK_EQ(again, fresh);
	export_undo();
}

static void export_again_set(struct world *w)
{
	export_set(w);
	OK(evgem_bo_export(w->rig.fd, fresh, &dmabuf));
}

static void export_again_check(struct world *w)
{
	CHECK(!close(dmabuf));
	export_check(w);
}

static void import_set(struct world *w)
{
	export_again_set(w);
	prime = (struct drm_prime_handle){ .fd = dmabuf };
}

static int import_call(struct world *w)
{
	(void)w;
	return raw_ioctl(importer, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
}

static void import_own_check(struct world *w)
{
	(void)w;
	CHECK_EQ(prime.handle, fresh);
	export_undo();
}

static void import_check(struct world *w)
{
	(void)w;
	OK(evgem_bo_close(importer, prime.handle));
	export_undo();
}

static void prime_own(int fd)
{
	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	fresh_size = 4 * PAGE;
	failwalk_init(&w, fd);
	importer = fd;
	failwalks(&w,
		  { "PRIME export", KEEPS_DMABUF, export_set, export_call,
		    export_check },
		  { "PRIME export, once more", NEVER_FAILS, export_again_set,
		    export_call, export_again_check },
		  { "PRIME import, own", NEVER_FAILS, import_set, import_call,
		    import_own_check });
	export_undo();
	importer = evgem_open();
	CHECK(importer >= 0);
	failwalks(&w,
		  { "PRIME import, of another file", 0, import_set, import_call,
		    import_check });
}

static struct foreign foreign;

static void import_foreign_set(struct world *w)
{
	(void)w;
	prime = (struct drm_prime_handle){ .fd = foreign.dmabuf };
}

static void import_foreign_check(struct world *w)
{
	uint64_t at = DATA_ADDR + 2 * HUGE;

	OK(evgem_map(w->rig.fd, w->rig.vm, at, foreign.bo.size, prime.handle, 0));
	rig_shows(&w->rig, at, foreign.bo.size, &foreign.bo, 0);
	OK(evgem_unmap(w->rig.fd, w->rig.vm, at, foreign.bo.size));
	OK(evgem_bo_close(w->rig.fd, prime.handle));
}

static void prime_udmabuf(int fd)
{
	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	udmabuf_init(&foreign, 4, 0xf);
	failwalk_init(&w, fd);
	importer = fd;
	failwalks(&w,
		  { "PRIME import, udmabuf", 0, import_foreign_set, import_call,
		    import_foreign_check });
}

static void prime_vgem(int fd)
{
	driver_needs(fd, DRM_EVGEM_FEATURE_PRIME);
	vgem_init(&foreign, 4, 0xf);
	failwalk_init(&w, fd);
	importer = fd;
	failwalks(&w,
		  { "PRIME import, vgem", 0, import_foreign_set, import_call,
		    import_foreign_check });
}

/* The file itself, and what tells of it */

static char path[64], text[65536];
static int file = -1;

static void file_undo(void)
{
	if (file >= 0)
		CHECK(!close(file));
	file = -1;
}

static void file_open_set(struct world *w)
{
	(void)w;
	file_undo();
}

static int file_open_call(struct world *w)
{
	(void)w;
	file = open(path, O_RDWR | O_CLOEXEC);
	return file < 0 ? -errno : 0;
}

static void file_open_check(struct world *w)
{
	uint32_t vm;

	OK(evgem_vm_create(file, 0, 0, &vm));
	FAILS(ENOENT, evgem_vm_destroy(w->rig.fd, 4711));
	file_undo();
}

/* With one of everything in it. */
static void file_close_set(struct world *w)
{
	uint32_t vm, queue, bo;

	file_undo();
	OK(file_open_call(w));
	OK(evgem_vm_create(file, 0, 0, &vm));
	OK(evgem_queue_create(file, vm, 0, &queue));
	OK(evgem_bo_create(file, 4 * PAGE, vm, &bo));
	OK(evgem_map(file, vm, DATA_ADDR, 4 * PAGE, bo, 0));
}

static int file_close_call(struct world *w)
{
	int fd = file;

	(void)w;
	file = -1;
	return close(fd) ? -errno : 0;
}

static void file_read_set(struct world *w)
{
	(void)w;
	file_undo();
	memset(text, 0, sizeof(text));
	file = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(file >= 0);
}

static int file_read_call(struct world *w)
{
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	(void)w;
	return n < 0 ? -errno : 0;
}

static void file_read_check(struct world *w)
{
	(void)w;
	CHECK(strstr(text, "example-vgem"));
	file_undo();
}

static void files(int fd)
{
	char link[32];
	struct stat st;
	ssize_t n;

	failwalk_init(&w, fd);
	CHECK(!fstat(fd, &st));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	CHECK(n > 0);
	path[n] = '\0';
	failwalks(&w,
		  { "open()", 0, file_open_set, file_open_call,
		    file_open_check },
		  { "close()", NEVER_FAILS, file_close_set, file_close_call, NULL });

	file_undo();
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	failwalks(&w,
		  { "fdinfo", 0, file_read_set, file_read_call,
		    file_read_check });
	file_undo();
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/gpuvas.json",
		 minor(st.st_rdev));
	failwalks(&w,
		  { "debugfs", 0, file_read_set, file_read_call,
		    file_read_check });
}

static void counts(int fd)
{
	(void)fd;
	failwalk_table();
}

const struct ktap_case ktap_cases[] = {
	{ "query-and-vms", vms },
	{ "queues", queues },
	{ "gem-create", gem_create_within_3mib },
	{ "gem-create-huge", gem_create_huge_within_4mib },
	{ "gem-mmap-and-close", gem },
	{ "bind", failbind_one, 60 },
	{ "bind-syncs", failbind_syncs },
	{ "bind-arrays", failbind_arrays, 90 },
	{ "bind-huge", failbind_huge },
	{ "bind-imported", failbind_imported },
	{ "bind-repeat", failbind_repeat },
	{ "bind-userptr", failbind_userptr, 60 },
	{ "exec", exec },
	{ "exec-long", exec_long_within_limit },
	{ "prime", prime_own },
	{ "prime-udmabuf", prime_udmabuf },
	{ "prime-vgem", prime_vgem },
	{ "open-close-and-files", files },
	{ "counts", counts },
	{ 0 }
};
