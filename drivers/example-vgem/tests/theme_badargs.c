// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Bad input to all ioctls but VM_BIND. The rows are those of the table in the
 * driver's documentation.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "world.h"

static struct world w;

/* One field of @args, which is good, has been changed. */
#define BAD(error, request, args) \
	do { \
		__typeof__(args) copy_ = (args); \
		ktap_trying(#args); \
		FAILS(error, raw_ioctl(w.rig.fd, request, &copy_)); \
		world_unchanged(&w); \
		ktap_trying(NULL); \
	} while (0)

#define VM_CREATE(...) ((struct drm_evgem_vm_create){ __VA_ARGS__ })
#define BAD_VM_CREATE(error, ...) \
	BAD(error, DRM_IOCTL_EVGEM_VM_CREATE, VM_CREATE(__VA_ARGS__))

/* As many VMs as the quota has can be made: a failure takes none of them. */
static void quota_is_whole(int fd)
{
	struct drm_evgem_device_info info;
	uint32_t vm[1024];

	OK(evgem_query_device(fd, &info));
	/* The world has two. */
	for (uint32_t i = 0; i < info.max_vms - 2; i++)
		OK(evgem_vm_create(fd, 0, 0, &vm[i]));
	FAILS(ENOSPC, evgem_vm_create(fd, 0, 0, &vm[info.max_vms]));
	for (uint32_t i = 0; i < info.max_vms - 2; i++)
		OK(evgem_vm_destroy(fd, vm[i]));
}

static void vm_flags(int fd)
{
	world_init(&w, fd);
	for (uint32_t flag = 1; flag; flag <<= 1)
		BAD_VM_CREATE(EINVAL, .flags = flag);
	quota_is_whole(fd);
}

static void vm_range(int fd)
{
	struct drm_evgem_device_info info;
	uint32_t vm;

	OK(evgem_query_device(fd, &info));
	world_init(&w, fd);
	BAD_VM_CREATE(EINVAL, .va_range = info.va_range + PAGE);
	BAD_VM_CREATE(EINVAL, .va_start = info.va_range);
	BAD_VM_CREATE(EINVAL, .va_start = PAGE, .va_range = info.va_range);
	BAD_VM_CREATE(EINVAL, .va_start = -PAGE, .va_range = 2 * PAGE);
	BAD_VM_CREATE(EINVAL, .va_start = -PAGE);
	BAD_VM_CREATE(EINVAL, .va_start = PAGE, .va_range = -PAGE);
	BAD_VM_CREATE(EINVAL, .va_start = info.va_range - info.va_reserved);
	BAD_VM_CREATE(EINVAL, .va_range = info.va_reserved);
	BAD_VM_CREATE(EINVAL, .va_range = PAGE);
	BAD_VM_CREATE(EINVAL, .va_start = 8);
	BAD_VM_CREATE(EINVAL, .va_range = (1 << 20) + 8);
	quota_is_whole(fd);

	OK(evgem_vm_create(fd, 0, info.va_range, &vm));
	OK(evgem_vm_create(fd, info.va_range - (1 << 20), 1 << 20, &vm));
	OK(evgem_vm_create(fd, info.va_range - (1 << 20), 0, &vm));
}

static void vm_pad(int fd)
{
	world_init(&w, fd);
	BAD(EINVAL, DRM_IOCTL_EVGEM_VM_DESTROY,
	    ((struct drm_evgem_vm_destroy){ .vm_id = w.rig.vm, .pad = 1 }));
	BAD(EINVAL, DRM_IOCTL_EVGEM_VM_STATE,
	    ((struct drm_evgem_vm_state){ .vm_id = w.rig.vm, .pad = 1 }));
}

static void unknown_vm(int fd)
{
	int second = evgem_open();
	uint32_t ids[4] = { 0, 0xffffffff };

	CHECK(second >= 0);
	world_init(&w, fd);
	OK(evgem_vm_create(fd, 0, 0, &ids[2]));
	OK(evgem_vm_destroy(fd, ids[2]));
	for (int i = 0; i < 10; i++)
		OK(evgem_vm_create(second, 0, 0, &ids[3]));

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		BAD(ENOENT, DRM_IOCTL_EVGEM_VM_DESTROY,
		    ((struct drm_evgem_vm_destroy){ .vm_id = ids[i] }));
		BAD(ENOENT, DRM_IOCTL_EVGEM_VM_STATE,
		    ((struct drm_evgem_vm_state){ .vm_id = ids[i] }));
		BAD(ENOENT, DRM_IOCTL_EVGEM_QUEUE_CREATE,
		    ((struct drm_evgem_queue_create){ .vm_id = ids[i] }));
		/* 0 is a BO for all VMs. */
		if (ids[i])
			BAD(ENOENT, DRM_IOCTL_EVGEM_GEM_CREATE,
			    ((struct drm_evgem_gem_create){ .size = PAGE,
							    .vm_id = ids[i] }));
	}
}

static void vm_quota(int fd)
{
	world_init(&w, fd);
	quota_is_whole(fd);
	quota_is_whole(fd);
	world_unchanged(&w);
}

static void vm_destroyed_with_jobs(int fd)
{
	uint32_t running, bound, done = make_syncobj(fd), out = make_syncobj(fd);
	struct evgem_bind bind = { 0 };
	struct evgem_cmds cmds = { 0 };
	struct rig other;
	struct gate gate;

	world_init(&w, fd);
	gate_init(&gate, fd);
	rig_init(&other, fd);
	running = make_syncobj(fd);
	bound = make_syncobj(fd);
	evgem_cmd_wait(&cmds, SCRATCH_ADDR, DRM_EVGEM_COND_EQ, 1);
	other.cpu[0] = 0;
	OK(evgem_exec(fd, other.queue, &cmds,
		      EVGEM_SYNCS(evgem_signal(running))));
	evgem_cmd_write(&cmds, SCRATCH_ADDR + 8, 1);
	OK(evgem_exec(fd, other.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(gate.syncobj),
				  evgem_signal(done))));
	evgem_bind_map(&bind, DATA_ADDR, PAGE, w.b.handle, 0);
	OK(evgem_bind_async(fd, other.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj),
					evgem_signal(bound))));
	evgem_bind_unmap(&bind, DATA_ADDR, PAGE);
	OK(evgem_bind_async(fd, other.vm, &bind,
			    EVGEM_SYNCS(evgem_signal(out))));
	OK(evgem_vm_destroy(fd, other.vm));
	job_ends(fd, running, 0, ECANCELED);
	gate_open(&gate);
	job_ends(fd, done, 0, ECANCELED);
	job_ends(fd, bound, 0, ECANCELED);
	job_ends(fd, out, 0, ECANCELED);
	CHECK_EQ(other.cpu[1], 0);
	bind_works(&w);
}

static void gem_create(int fd)
{
	struct drm_evgem_gem_create good = { .size = 2 * HUGE };
	struct drm_evgem_device_info info;
	int error;

	world_init(&w, fd);
	OK(evgem_query_device(fd, &info));
	error = info.features & DRM_EVGEM_FEATURE_HUGE ? ENOMEM : EINVAL;
#define BAD_GEM(error, change) \
	do { \
		struct drm_evgem_gem_create g = good; \
		change; \
		BAD(error, DRM_IOCTL_EVGEM_GEM_CREATE, g); \
	} while (0)
	BAD_GEM(EINVAL, g.size = 0);
	BAD_GEM(EINVAL, g.size += 1);
	BAD_GEM(EINVAL, g.size -= 8);
	BAD_GEM(EINVAL, g.size = UINT64_MAX);
	BAD_GEM(EINVAL, g.flags = 2);
	BAD_GEM(EINVAL, g.flags = 0x80000000);
	BAD_GEM(EINVAL, g.pad = 1);
	BAD_GEM(EINVAL, { g.flags = DRM_EVGEM_GEM_HUGE; g.size = PAGE; });
	BAD_GEM(EINVAL, { g.flags = DRM_EVGEM_GEM_HUGE; g.size += PAGE; });
	/* More than any machine has: refused at once, without a warning. */
	BAD_GEM(ENOMEM, g.size = -PAGE);
	BAD_GEM(ENOMEM, g.size = 1ull << 63);
	BAD_GEM(ENOMEM, g.size = 1ull << 50);
	BAD_GEM(error, {
		g.flags = DRM_EVGEM_GEM_HUGE;
		g.size = 1ull << 50;
	});
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_GEM_CREATE, &good));
}

static void gem_mmap_offset(int fd)
{
	world_init(&w, fd);
	BAD(EINVAL, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET,
	    ((struct drm_evgem_gem_mmap_offset){ .handle = w.a.handle,
						 .pad = 1 }));
	BAD(ENOENT, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET,
	    ((struct drm_evgem_gem_mmap_offset){ .handle = 0 }));
	BAD(ENOENT, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET,
	    ((struct drm_evgem_gem_mmap_offset){ .handle = 0x7fffffff }));
}

static void queue_args(int fd)
{
	struct drm_evgem_device_info info;
	uint32_t queue;

	OK(evgem_query_device(fd, &info));
	world_init(&w, fd);
#define BAD_QUEUE(error, ...) \
	BAD(error, DRM_IOCTL_EVGEM_QUEUE_CREATE, \
	    ((struct drm_evgem_queue_create){ .vm_id = w.rig.vm, __VA_ARGS__ }))
	BAD_QUEUE(EINVAL, .flags = 1);
	BAD_QUEUE(EINVAL, .flags = 0x80000000);
	BAD_QUEUE(EINVAL, .timeout_ms = info.max_timeout_ms + 1);
	BAD_QUEUE(EINVAL, .timeout_ms = 0xffffffff);
	BAD(EINVAL, DRM_IOCTL_EVGEM_QUEUE_DESTROY,
	    ((struct drm_evgem_queue_destroy){ .queue_id = w.rig.queue,
					       .pad = 1 }));
	OK(evgem_queue_create(fd, w.rig.vm, info.max_timeout_ms, &queue));
}

static void query(int fd)
{
	struct drm_evgem_device_info info;
	struct drm_evgem_query good = {
		.query = DRM_EVGEM_QUERY_DEVICE,
		.size = sizeof(info),
		.data = (uintptr_t)&info,
	};

	world_init(&w, fd);
#define BAD_QUERY(error, change) \
	do { \
		struct drm_evgem_query g = good; \
		change; \
		BAD(error, DRM_IOCTL_EVGEM_QUERY, g); \
	} while (0)
	BAD_QUERY(EINVAL, g.query = 0);
	BAD_QUERY(EINVAL, g.query = 2);
	BAD_QUERY(EINVAL, g.query = 0xffffffff);
	BAD_QUERY(EFAULT, g.data = 8);
	BAD_QUERY(EFAULT, g.data = -64ull);
	BAD_QUERY(EINVAL, g.size = 4097);
	BAD_QUERY(EINVAL, g.size = 0xffffffff);
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_QUERY, &good));
}

static void unknown_queue(int fd)
{
	int second = evgem_open();
	uint32_t vm, gone, theirs;

	CHECK(second >= 0);
	world_init(&w, fd);
	OK(evgem_queue_create(fd, w.rig.vm, 0, &gone));
	OK(evgem_queue_destroy(fd, gone));
	OK(evgem_vm_create(second, 0, 0, &vm));
	for (int i = 0; i < 10; i++)
		OK(evgem_queue_create(second, vm, 0, &theirs));

	BAD_EXEC(ENOENT, g.args.queue_id = 0);
	BAD_EXEC(ENOENT, g.args.queue_id = gone);
	BAD_EXEC(ENOENT, g.args.queue_id = theirs);
	BAD_EXEC(ENOENT, g.args.queue_id = 0xffffffff);
	BAD(ENOENT, DRM_IOCTL_EVGEM_QUEUE_DESTROY,
	    ((struct drm_evgem_queue_destroy){ .queue_id = gone }));
	BAD(ENOENT, DRM_IOCTL_EVGEM_QUEUE_DESTROY,
	    ((struct drm_evgem_queue_destroy){ .queue_id = theirs }));
}

static void killed_queue(int fd)
{
	uint32_t killed, done = make_syncobj(fd);
	struct evgem_cmds cmds = { 0 };

	world_init(&w, fd);
	OK(evgem_queue_create(fd, w.rig.vm, 50, &killed));
	evgem_cmd_delay(&cmds, UINT64_MAX);
	OK(evgem_exec(fd, killed, &cmds, EVGEM_SYNCS(evgem_signal(done))));
	job_ends(fd, done, 0, ETIMEDOUT);
	BAD_EXEC(ENODEV, g.args.queue_id = killed);
}

static void queue_of_a_destroyed_vm(int fd)
{
	uint32_t vm, queue;

	world_init(&w, fd);
	OK(evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_queue_create(fd, vm, 0, &queue));
	OK(evgem_vm_destroy(fd, vm));
	BAD_EXEC(ENOENT, g.args.queue_id = queue);
	BAD_BIND(ENOENT, g.args.vm_id = vm);
}

static void exec_arrays(int fd)
{
	struct drm_evgem_device_info info;
	static struct drm_evgem_cmdbuf bufs[1024];

	OK(evgem_query_device(fd, &info));
	CHECK(info.max_cmdbufs < ARRAY_SIZE(bufs));
	world_init(&w, fd);
	BAD_EXEC(EINVAL, g.args.flags = 1);
	BAD_EXEC(EINVAL, g.args.flags = 0x80000000);
	BAD_EXEC(EINVAL, g.args.cmdbufs.count = 0xffffffff);
	BAD_EXEC(EINVAL, {
		for (uint32_t i = 0; i <= info.max_cmdbufs; i++)
			bufs[i] = g.bufs[0];
		g.args.cmdbufs.ptr = (uintptr_t)bufs;
		g.args.cmdbufs.count = info.max_cmdbufs + 1;
	});
	BAD_EXEC(EINVAL, g.args.cmdbufs.stride = 0);
	BAD_EXEC(EINVAL, g.args.cmdbufs.stride = 8);
	BAD_EXEC(EFAULT, g.args.cmdbufs.ptr = 8);
	BAD_EXEC(EFAULT, g.args.syncs.ptr = 8);
	BAD_EXEC(EINVAL, g.args.syncs.count = 0xffffffff);
	BAD_EXEC(EINVAL, g.args.syncs.stride = 16);
}

static void cmdbufs(int fd)
{
	struct drm_evgem_device_info info;
	static uint64_t nops[1 << 16];

	OK(evgem_query_device(fd, &info));
	CHECK(info.max_cmdbuf_size < sizeof(nops));
	for (unsigned int i = 0; i < ARRAY_SIZE(nops); i++)
		nops[i] = 8ull << 32;
	world_init(&w, fd);
	BAD_EXEC(EINVAL, g.bufs[0].flags = 1);
	BAD_EXEC(EINVAL, g.bufs[1].flags = 0x80000000);
	BAD_EXEC(EINVAL, g.bufs[1].ptr += 4);
	BAD_EXEC(EINVAL, g.bufs[1].size += 4);
	BAD_EXEC(EFAULT, g.bufs[0].ptr = 0);
	BAD_EXEC(EFAULT, g.bufs[1].ptr = -8ull);
	BAD_EXEC(EINVAL, g.bufs[1].size = 0xfffffff8);
	BAD_EXEC(EINVAL, {
		g.bufs[1].ptr = (uintptr_t)nops;
		g.bufs[1].size = info.max_cmdbuf_size + 8;
	});
	/* Cut off by the end of the buffer. */
	BAD_EXEC(EINVAL, g.bufs[0].size -= 8);
	BAD_EXEC(EINVAL, g.bufs[1].size = 8);
}

static void unknown_command(int fd)
{
	world_init(&w, fd);
	BAD_EXEC(EINVAL, g.cmds.fill.header.cmd = 9);
	BAD_EXEC(EINVAL, g.cmds.wait.header.cmd = 0xffffffff);
	BAD_EXEC(EINVAL, g.more.delay.header.cmd = 0x80000000);
	BAD_EXEC(EINVAL, g.cmds.fill.header.size = 0);
	BAD_EXEC(EINVAL, g.cmds.fill.header.size -= 8);
	BAD_EXEC(EINVAL, g.cmds.copy.header.size += 8);
	BAD_EXEC(EINVAL, g.more.delay.header.size = 0xffffffff);
	BAD_EXEC(EINVAL, g.more.delay.header.size = 24);
	/* No NOP has a body. */
	BAD_EXEC(EINVAL, g.more.delay.header.cmd = DRM_EVGEM_CMD_NOP);
}

static void command_fields(int fd)
{
	world_init(&w, fd);
	BAD_EXEC(EINVAL, g.cmds.fill.addr += 1);
	BAD_EXEC(EINVAL, g.cmds.fill.addr += 2);
	BAD_EXEC(EINVAL, g.cmds.fill.size += 2);
	BAD_EXEC(EINVAL, g.cmds.fill.pad = 1);
	BAD_EXEC(EINVAL, g.cmds.write.addr += 4);
	BAD_EXEC(EINVAL, g.cmds.write.addr += 1);
	BAD_EXEC(EINVAL, g.more.add.addr += 4);
	BAD_EXEC(EINVAL, g.more.release.addr += 2);
	BAD_EXEC(EINVAL, g.cmds.checksum.dst += 4);
	BAD_EXEC(EINVAL, g.cmds.wait.addr += 4);
	BAD_EXEC(EINVAL, g.cmds.wait.cond = 0);
	BAD_EXEC(EINVAL, g.cmds.wait.cond = 4);
	BAD_EXEC(EINVAL, g.cmds.wait.pad = 1);
}

static void exec_syncs(int fd)
{
	world_init(&w, fd);
	for (unsigned int i = 0; i < 3; i++) {
		BAD_EXEC(EINVAL, g.syncs[i].type = 0);
		BAD_EXEC(EINVAL, g.syncs[i].type = 3);
		BAD_EXEC(EINVAL, g.syncs[i].flags = 3);
		BAD_EXEC(EINVAL, g.syncs[i].pad = 1);
		BAD_EXEC(EINVAL, g.syncs[i].point = !g.syncs[i].point);
		BAD_EXEC(ENOENT, g.syncs[i].handle = 0x7fffffff);
	}
	BAD_EXEC(EINVAL, g.syncs[0].handle = w.out);
	BAD_EXEC(EINVAL, g.syncs[0] = evgem_wait_point(w.line, w.point));
}

/* Seen only when it runs: the call succeeds, the fence tells. */
static void unmapped_va(int fd)
{
	struct drm_evgem_vm_state state;
	struct good_exec g;
	int status;

	world_init(&w, fd);
	good_exec(&w, &g);
	g.cmds.copy.src = DATA_ADDR + 4 * PAGE + 8;
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_EXEC, &g.args));
	OK(evgem_syncobj_wait(fd, w.out, 0, 10000));
	OK(evgem_syncobj_status(fd, w.out, 0, &status));
	CHECK_EQ(-status, EFAULT);
	OK(evgem_syncobj_status(fd, w.line, w.point, &status));
	CHECK_EQ(-status, EFAULT);
	state = rig_state(&w.rig);
	CHECK_EQ(state.fault_addr, DATA_ADDR + 4 * PAGE + 8);
	/* What came before the bad command was done, what follows it was not. */
	CHECK_EQ(w.rig.cpu[0], 0x100000001ull);
	CHECK_EQ(w.rig.cpu[1], 0x100000001ull);
	CHECK_EQ(w.rig.cpu[PAGE / 8], 0);
	CHECK(!drmSyncobjReset(fd, &w.out, 1));
	w.point++;
	exec_works(&w);
}

static void readonly(int fd)
{
	world_init(&w, fd);
	OK(evgem_map_readonly(fd, w.rig.vm, DATA_ADDR + 32 * PAGE, 8 * PAGE,
			      w.b.handle, 0));
	rig_faults(&w.rig, DATA_ADDR + 33 * PAGE, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_READONLY);
	rig_shows(&w.rig, DATA_ADDR + 32 * PAGE, 8 * PAGE, &w.b, 0);
	exec_works(&w);
}

static void ioctl_number(int fd)
{
	char buffer[4096] = { 0 };

	world_init(&w, fd);
	for (unsigned int nr = DRM_EVGEM_EXEC + 1; nr < 0x60; nr++)
		FAILS(EINVAL, raw_ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + nr,
						     struct drm_evgem_exec),
					buffer));
	FAILS(EINVAL, raw_ioctl(fd, DRM_IOWR(0xff, uint64_t), buffer));
	FAILS(ENOTTY, raw_ioctl(fd, _IOWR('e', DRM_COMMAND_BASE,
					  struct drm_evgem_query), buffer));
	FAILS(ENOTTY, raw_ioctl(fd, _IO(0, 0), buffer));
	world_unchanged(&w);
}

/* An older program passes a shorter struct: what it lacks reads as zero. */
static void ioctl_size(int fd)
{
	struct good_bind g;

	world_init(&w, fd);
	/* Cut behind the ops: a good asynchronous bind without syncs. */
	good_bind(&w, &g);
	OK(raw_ioctl(fd, DRM_IOC(DRM_IOC_WRITE, DRM_IOCTL_BASE,
				 DRM_COMMAND_BASE + DRM_EVGEM_VM_BIND, 24),
		     &g.args));
	OK(evgem_bind_sync(fd, w.rig.vm, &(struct evgem_bind){ 0 }));
	rig_shows(&w.rig, DATA_ADDR + 3 * PAGE, 4 * PAGE, &w.b, 2 * PAGE);
	CHECK(!has_fence(fd, w.out, 0));
	bind_works(&w);
}

static void mmap_offsets(int fd)
{
	struct drm_evgem_gem_mmap_offset args = { 0 };
	int second = evgem_open();
	void *ptr;

	CHECK(second >= 0);
	world_init(&w, fd);
	args.handle = w.a.handle;
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET, &args));

	ptr = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, second, args.offset);
	CHECK(ptr == MAP_FAILED);
	CHECK_EQ(errno, EACCES);
	ptr = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 1ull << 44);
	CHECK(ptr == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
	ptr = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(ptr == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
	ptr = mmap(NULL, 9 * PAGE, PROT_READ, MAP_SHARED, fd, args.offset);
	CHECK(ptr == MAP_FAILED);
	CHECK_EQ(errno, EINVAL);
	world_unchanged(&w);
	OK(evgem_bo_map(fd, w.a.handle, 8 * PAGE, &ptr));
}

static void import_of_what_is_no_buffer(int fd)
{
	int file = open("/dev/null", O_RDONLY);
	uint32_t handle;

	CHECK(file >= 0);
	world_init(&w, fd);
	CHECK(drmPrimeFDToHandle(fd, file, &handle));
	CHECK_EQ(errno, EINVAL);
	CHECK(!close(file));
	CHECK(drmPrimeFDToHandle(fd, file, &handle));
	CHECK_EQ(errno, EBADF);
	world_unchanged(&w);
}

const struct ktap_case ktap_cases[] = {
	{ "row-01-vm-flags", vm_flags },
	{ "row-01-vm-pad", vm_pad },
	{ "row-02-vm-range", vm_range },
	{ "row-03-unknown-vm", unknown_vm },
	{ "row-04-vm-quota", vm_quota },
	{ "row-05-vm-destroyed-with-jobs", vm_destroyed_with_jobs },
	{ "gem-create", gem_create },
	{ "gem-mmap-offset", gem_mmap_offset },
	{ "queue-args", queue_args },
	{ "query", query },
	{ "row-17-18-19-exec-syncs", exec_syncs },
	{ "row-20-queue-of-a-destroyed-vm", queue_of_a_destroyed_vm },
	{ "row-21-unknown-queue", unknown_queue },
	{ "row-21-killed-queue", killed_queue },
	{ "row-22-exec-arrays", exec_arrays },
	{ "row-22-cmdbufs", cmdbufs },
	{ "row-22-unknown-command", unknown_command },
	{ "row-22-command-fields", command_fields },
	{ "row-23-unmapped-va", unmapped_va },
	{ "row-24-readonly", readonly },
	{ "row-28-ioctl-number", ioctl_number },
	{ "row-28-ioctl-size", ioctl_size },
	{ "row-29-mmap-offsets", mmap_offsets },
	{ "row-30-import-of-what-is-no-buffer", import_of_what_is_no_buffer },
	{ 0 }
};
