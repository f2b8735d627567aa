// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Each allocation of each call fails in its turn: ENOMEM, all is as it was, and the
 * very same call succeeds then. VM_BIND has cases of its own beside this: "nouveau-bind
 * failed-remap" and "nouveau-sparse without-memory".
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <xf86drm.h>

#include "debugfs.h"
#include "fdinfo.h"
#include "inject.h"
#include "rig.h"

#define NTH_MAX 1000
#define SEEN_MAX 8192

/* The rig's channel, one in the making, and one that may not be free yet. */
#define SLOTS 3

/**
 * struct walk - a call
 */
struct walk {
	/** @name: for the notes */
	const char *name;
	/** @never_fails: as what gives back must not; all others must once */
	bool never_fails;
	/** @set: arguments, and what they name; may be NULL */
	void (*set)(void);
	/** @call: the call alone; 0 or a negative errno */
	int (*call)(void);
	/** @check: it did what it should, which is undone; may be NULL */
	void (*check)(void);
};

static struct rig rig;
static struct bo a;

/* What can be seen of all VMs and of the memory of BOs, as text. */
struct seen {
	size_t length;
	char text[SEEN_MAX];
};

static void see_file(struct seen *s, const char *name)
{
	struct stat st;
	char path[96];
	ssize_t n;
	int fd;

	CHECK(!fstat(rig.fd, &st));
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/%s",
		 minor(st.st_rdev), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		SKIP("no %s", path);
	while ((n = read(fd, s->text + s->length,
			 sizeof(s->text) - s->length)) > 0)
		s->length += n;
	CHECK(!n && s->length < sizeof(s->text));
	close(fd);
}

/*
 * A file descriptor or handle that was forgotten is one that is not the next. Not
 * where BOs are: one that got its memory before the call failed keeps it.
 */
static void see(struct seen *s)
{
	struct drm_nouveau_gem_info info;
	int next;

	s->length = 0;
	see_file(s, "vms");
	see_file(s, "gpuvas");
	OK(nvt_bo_new(rig.fd, PAGE, NVT_GART, 0, &info));
	OK(nvt_bo_close(rig.fd, info.handle));
	next = dup(rig.fd);
	CHECK(next >= 0 && !close(next));
	s->length += snprintf(s->text + s->length, sizeof(s->text) - s->length,
			      "bos %llu handle %u file %d\n",
			      (unsigned long long)fdinfo_memory(rig.fd, "total"),
			      info.handle, next);
	CHECK(s->length < sizeof(s->text));
}

static bool same(const struct seen *a, const struct seen *b)
{
	return a->length == b->length && !memcmp(a->text, b->text, a->length);
}

/* When workers have freed what they had to. */
static void see_settled(struct seen *s)
{
	static struct seen again;

	see(s);
	for (int i = 0; i < 200; i++) {
		sleep_ms(2);
		see(&again);
		if (same(s, &again))
			return;
		*s = again;
	}
	FAIL("it never settles");
}

static void seen_again(const struct seen *before)
{
	static struct seen now;
	size_t at = 0;

	for (int i = 0; i < 200; i++) {
		see(&now);
		if (same(before, &now))
			return;
		sleep_ms(5);
	}
	while (at < now.length && now.text[at] == before->text[at])
		at++;
	FAIL("changed: ...%.80s, was ...%.80s", now.text + at,
	     before->text + at);
}

static void run(void (*step)(void))
{
	if (step)
		step();
}

/* Whether there was an allocation number @nth. */
static bool walk_step(const struct walk *walk, unsigned int nth,
		      unsigned int *failed)
{
	static struct seen before;
	bool injected;
	int ret;

	run(walk->set);
	see_settled(&before);
	inject_nth(nth);
	ret = walk->call();
	injected = inject_end();
	if (ret) {
		if (!injected || walk->never_fails || ret != -ENOMEM)
			FAIL("allocation %u: %s", nth, ktap_errno(ret));
		++*failed;
		seen_again(&before);
		OK(walk->call());
	}
	run(walk->check);
	return injected;
}

static void walk(const struct walk *walk)
{
	unsigned int nth = 1, failed = 0;

	ktap_trying(walk->name);
	/* Once without: what this program itself needs is there from then on. */
	run(walk->set);
	OK(walk->call());
	run(walk->check);
	while (walk_step(walk, nth, &failed))
		CHECK(++nth < NTH_MAX);
	ktap_note("%-32s %3u allocations, %3u needed", walk->name, nth - 1,
		  failed);
	CHECK(walk->never_fails ? !failed : failed > 0);
	ktap_trying(NULL);
}

#define walks(...) \
	do { \
		static const struct walk walks_[] = { __VA_ARGS__ }; \
		for (unsigned int i_ = 0; i_ < ARRAY_SIZE(walks_); i_++) \
			walk(&walks_[i_]); \
	} while (0)

static void begin(int fd)
{
	inject_allocations();
	rig.fd = fd;
	OK(nvt_vm_init(fd, KERNEL_ADDR, SLOTS * BIG));
	OK(nvt_channel(fd, &rig.chan));
	bo_init_empty(&rig.commands, fd, PUSH_SIZE, NVT_GART | NVT_PRIVATE);
	bo_init_empty(&rig.scratch, fd, SCRATCH_SIZE, NVT_GART | NVT_PRIVATE);
	bo_init(&a, fd, 8 * PAGE, NVT_EITHER, 0xa);
	OK(nvt_bind(fd, nvt_map(PUSH_ADDR, PUSH_SIZE, rig.commands.handle, 0),
		    nvt_map(SCRATCH_ADDR, SCRATCH_SIZE, rig.scratch.handle, 0),
		    nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	rig.done = make_syncobj(fd);
}

static void still_works(void)
{
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

/* Files: open, VM_INIT, NVIF, close */

static char path[64];
static int file = -1;

static int file_open(void)
{
	file = open(path, O_RDWR | O_CLOEXEC);
	return file < 0 ? -errno : 0;
}

static void file_opened(void)
{
	uint64_t value;

	OK(nvt_getparam(file, NOUVEAU_GETPARAM_CHIPSET_ID, &value));
	CHECK(!close(file));
	file = -1;
}

static void file_make(void)
{
	if (file >= 0)
		CHECK(!close(file));
	OK(file_open());
}

static int file_vm_init(void)
{
	return nvt_vm_init(file, KERNEL_ADDR, KERNEL_SIZE);
}

static void file_has_vm(void)
{
	struct drm_nouveau_gem_info info;

	FAILS(EEXIST, file_vm_init());
	OK(nvt_bo_new(file, PAGE, NVT_GART, 0, &info));
	OK(nvt_bind(file, nvt_map(DATA_ADDR, PAGE, info.handle, 0)));
	CHECK(!close(file));
	file = -1;
}

/* With one of everything in it. */
static void file_fill(void)
{
	struct drm_nouveau_gem_info info;
	uint32_t chan;

	if (file >= 0)
		return;
	OK(file_open());
	OK(file_vm_init());
	OK(nvt_nvif_device(file, 1));
	OK(nvt_channel(file, &chan));
	OK(nvt_bo_new(file, PAGE, NVT_VRAM | NVT_PRIVATE, 0, &info));
	OK(nvt_bind(file, nvt_sparse(DATA_ADDR, HUGE),
		    nvt_map(DATA_ADDR, PAGE, info.handle, 0)));
}

static int file_close(void)
{
	int fd = file;

	file = -1;
	return close(fd) ? -errno : 0;
}

static void files(int fd)
{
	char link[32];
	ssize_t n;

	begin(fd);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	CHECK(n > 0);
	path[n] = '\0';
	walks({ "open()", false, NULL, file_open, file_opened },
	      { "VM_INIT", false, file_make, file_vm_init, file_has_vm },
	      { "close()", true, file_fill, file_close, NULL });
	still_works();
}

static int nvif_new(void)
{
	return nvt_nvif_device(rig.fd, 1);
}

static int nvif_info(void)
{
	struct nv_device_info_v0 info;

	return nvt_nvif_info(rig.fd, 1, &info);
}

static int nvif_engine(void)
{
	return nvt_nvif_engine(rig.fd, rig.chan, 2, 0xc5b5);
}

static int nvif_sclass(void)
{
	int32_t classes[16];
	uint8_t count;

	return nvt_nvif_sclass(rig.fd, rig.chan, classes, 16, &count);
}

static void nvif_del_device(void)
{
	OK(nvt_nvif_del(rig.fd, 1));
}

static void nvif_del_engine(void)
{
	OK(nvt_nvif_del(rig.fd, 2));
}

static int getparam(void)
{
	uint64_t value;

	return nvt_getparam(rig.fd, NOUVEAU_GETPARAM_VRAM_USED, &value);
}

static void nvif(int fd)
{
	begin(fd);
	walks({ "GETPARAM", true, NULL, getparam, NULL },
	      { "NVIF NEW, device", false, NULL, nvif_new, nvif_del_device });
	OK(nvif_new());
	walks({ "NVIF MTHD", false, NULL, nvif_info, NULL },
	      { "NVIF NEW, engine", false, NULL, nvif_engine, nvif_del_engine },
	      { "NVIF SCLASS", false, NULL, nvif_sclass, NULL });
}

/* CHANNEL_ALLOC, CHANNEL_FREE */

static uint32_t chan;
static bool has_chan;

static int channel_alloc(void)
{
	return nvt_channel(rig.fd, &chan);
}

static int copy_channel_alloc(void)
{
	return nvt_copy_channel(rig.fd, &chan);
}

static uint64_t pages_of_rig;

/* When a worker has freed that of the time before, whose ring was mapped. */
static void channels_freed(void)
{
	for (int i = 0; debugfs_number(rig.fd, "vms", "pages_4k") != pages_of_rig; i++) {
		CHECK(i < 3000);
		sleep_ms(5);
	}
}

static void channel_works(void)
{
	struct push p = rig_push(&rig);

	push_write(&p, SCRATCH_ADDR, 7);
	rig.scratch.cpu[0] = 0;
	OK(rig_status(&rig, chan, &p));
	CHECK_EQ((uint32_t)rig.scratch.cpu[0], 7);
	OK(nvt_channel_free(rig.fd, chan));
}

static void channel_have(void)
{
	if (has_chan)
		return;
	channels_freed();
	OK(channel_alloc());
	has_chan = true;
}

static int channel_free(void)
{
	return nvt_channel_free(rig.fd, chan);
}

static void channel_gone(void)
{
	FAILS(ENOENT, channel_free());
	has_chan = false;
}

/* Those that were just freed are to be had at once. */
static void channel_all_slots(void)
{
	uint32_t made[SLOTS];

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < SLOTS - 1; i++)
			OK(nvt_channel(rig.fd, &made[i]));
		FAILS(ENOSPC, nvt_channel(rig.fd, &made[SLOTS - 1]));
		for (int i = 0; i < SLOTS - 1; i++)
			OK(nvt_channel_free(rig.fd, made[i]));
	}
}

static void channels(int fd)
{
	begin(fd);
	pages_of_rig = debugfs_number(fd, "vms", "pages_4k");
	walks({ "CHANNEL_ALLOC", false,
	      channels_freed, channel_alloc, channel_works },
	      { "CHANNEL_ALLOC, copies alone", false,
	      channels_freed, copy_channel_alloc, channel_works },
	      { "CHANNEL_FREE", true,
	      channel_have, channel_free, channel_gone });
	/* No slot was forgotten. */
	channel_all_slots();
	still_works();
}

/* GEM_NEW, GEM_INFO, mmap(), CPU_PREP */

static struct drm_nouveau_gem_info info;
static uint32_t domains;

static int gem_new(void)
{
	return nvt_bo_new(rig.fd, HUGE, domains, NVT_PITCH, &info);
}

static void gem_new_works(void)
{
	const uint64_t at = DATA_ADDR + 4 * HUGE;

	OK(nvt_bind(rig.fd, nvt_map(at, HUGE, info.handle, 0)));
	rig_shows_zeros(&rig, at + HUGE - PAGE, PAGE);
	OK(nvt_bind(rig.fd, nvt_unmap(at, HUGE)));
	OK(nvt_bo_close(rig.fd, info.handle));
}

static void *cpu;

static void gem_undo(void)
{
	if (cpu)
		CHECK(!munmap(cpu, 8 * PAGE));
	cpu = NULL;
	if (info.handle)
		OK(nvt_bo_close(rig.fd, info.handle));
	info.handle = 0;
}

static void gem_have(void)
{
	gem_undo();
	OK(nvt_bo_new(rig.fd, 8 * PAGE, NVT_GART, NVT_PITCH, &info));
}

static int gem_info(void)
{
	struct drm_nouveau_gem_info told;

	return nvt_bo_info(rig.fd, info.handle, &told);
}

static int gem_mmap(void)
{
	void *at = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			rig.fd, info.map_handle);

	if (at == MAP_FAILED)
		return -errno;
	cpu = at;
	return 0;
}

static int gem_prep(void)
{
	return nvt_cpu_prep(rig.fd, info.handle, NOUVEAU_GEM_CPU_PREP_WRITE);
}

static void gem(int fd)
{
	static const uint32_t kinds[] = {
		NVT_GART, NVT_VRAM, NVT_EITHER | NVT_PRIVATE
	};

	begin(fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		domains = kinds[i];
		walks({ "GEM_NEW", false, NULL, gem_new, gem_new_works });
	}
	info.handle = 0;
	walks({ "GEM_INFO", true, gem_have, gem_info, NULL },
	      { "CPU_PREP", true, gem_have, gem_prep, NULL },
	      { "mmap()", false, gem_have, gem_mmap, gem_undo });
	gem_undo();
	still_works();
}

/* VM_BIND: what the other themes have not: VRAM to be had, syncs */

static struct nvt_sync line = { .point = 1 };

static void bind_set(void)
{
	gem_undo();
	OK(nvt_bo_new(rig.fd, 8 * PAGE, NVT_VRAM, NVT_PITCH, &info));
	/* With contents, which move there. */
	OK(gem_mmap());
	memset(cpu, 0x3c, 8 * PAGE);
	OK(nvt_reset(rig.fd, rig.done));
}

static int bind_call(void)
{
	struct drm_nouveau_vm_bind_op op =
		nvt_map(DATA_ADDR + HUGE, 8 * PAGE, info.handle, 0);

	return nvt_bind_n(rig.fd, &op, 1, SYNCS(SIGNALS({ rig.done }, line)));
}

static void bind_works(void)
{
	job_ends(rig.fd, rig.done, 0, 0);
	job_ends(rig.fd, line.handle, line.point++, 0);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + HUGE + 7 * PAGE),
		 0x3c3c3c3c3c3c3c3c);
	CHECK_EQ(*(uint64_t *)cpu, 0x3c3c3c3c3c3c3c3c);
	OK(nvt_bind(rig.fd, nvt_unmap(DATA_ADDR + HUGE, 8 * PAGE)));
}

static uint64_t vram_used(void)
{
	uint64_t bytes;

	OK(nvt_getparam(rig.fd, NOUVEAU_GETPARAM_VRAM_USED, &bytes));
	return bytes;
}

static void bind(int fd)
{
	uint64_t before;

	begin(fd);
	before = vram_used();
	line.handle = make_syncobj(fd);
	walks({ "VM_BIND, to VRAM", false, bind_set, bind_call, bind_works });
	gem_undo();
	for (int i = 0; vram_used() != before && i < 300; i++)
		sleep_ms(5);
	CHECK_EQ(vram_used(), before);
	still_works();
}

/* EXEC */

static struct drm_nouveau_exec_push pushes[2];

static void exec_set(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct push p = rig_push(&rig);

		push_write(&p, SCRATCH_ADDR + 8 * i, i + 1);
		pushes[i] = (struct drm_nouveau_exec_push){
			.va = p.addr, .va_len = p.count * 4 };
	}
	memset(rig.scratch.cpu, 0, 16);
	OK(nvt_reset(rig.fd, rig.done));
}

static int exec_call(void)
{
	const struct nvt_syncs syncs = {
		WAITS({ line.handle, line.point - 1 }),
		SIGNALS({ rig.done }, line),
	};
	int ret = nvt_exec_n(rig.fd, rig.chan, pushes, 2, &syncs);

	if (ret) {
		CHECK_EQ((uint32_t)rig.scratch.cpu[0], 0);
		CHECK_EQ((uint32_t)rig.scratch.cpu[1], 0);
	}
	return ret;
}

static void exec_works(void)
{
	job_ends(rig.fd, rig.done, 0, 0);
	job_ends(rig.fd, line.handle, line.point++, 0);
	CHECK_EQ((uint32_t)rig.scratch.cpu[0], 1);
	CHECK_EQ((uint32_t)rig.scratch.cpu[1], 2);
}

static int exec_nothing(void)
{
	return nvt_exec_n(rig.fd, rig.chan, NULL, 0, NULL);
}

static void exec(int fd)
{
	begin(fd);
	line = (struct nvt_sync){ make_syncobj(fd), 2 };
	nvt_signal(fd, (struct nvt_sync){ line.handle, 1 });
	walks({ "EXEC, empty", false, NULL, exec_nothing, NULL },
	      { "EXEC", false, exec_set, exec_call, exec_works });
	still_works();
}

/* PRIME */

static struct drm_prime_handle prime;
static int dmabuf = -1, importer = -1;

static void import_set(void)
{
	prime = (struct drm_prime_handle){ .fd = dmabuf };
}

static int import_call(void)
{
	return nvt_ioctl(importer, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
}

static void import_works(void)
{
	OK(nvt_bo_close(importer, prime.handle));
}

static void imports(int fd)
{
	begin(fd);
	importer = nvt_open();
	CHECK(importer >= 0);
	CHECK(!drmPrimeHandleToFD(fd, a.handle, DRM_CLOEXEC | DRM_RDWR,
				  &dmabuf));
	walks({ "PRIME import, of another file", false,
	      import_set, import_call, import_works });
	still_works();
}

const struct ktap_case ktap_cases[] = {
	{ "files", files, 60 },
	{ "nvif", nvif },
	{ "channels", channels, 90 },
	{ "gem", gem, 60 },
	{ "bind", bind, 60 },
	{ "exec", exec, 60 },
	{ "imports", imports },
	{ NULL }
};
