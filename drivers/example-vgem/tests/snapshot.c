// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Everything that can be seen, as text.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "snapshot.h"

#define PATIENCE_MS 5000
#define SETTLED_MS 20

__attribute__((format(printf, 2, 3)))
static void add(struct snapshot *s, const char *format, ...)
{
	size_t room = sizeof(s->text) - s->length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(s->text + s->length, room, format, args);
	va_end(args);
	CHECK(n >= 0 && (size_t)n < room);
	s->length += n;
}

/* A file whole, or nothing if it is not there. */
static void add_file(struct snapshot *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	do {
		CHECK(sizeof(s->text) - s->length > 1);
		n = read(fd, s->text + s->length,
			 sizeof(s->text) - s->length - 1);
		CHECK(n >= 0);
		s->length += n;
	} while (n);
	s->text[s->length] = '\0';
	close(fd);
}

/* A BO that is made anew is elsewhere; the contents tell which BO it is. */
static void without_addresses(char *text)
{
	static const char key[] = "\"object\":\"";

	while ((text = strstr(text, key))) {
		text += strlen(key);
		memset(text, '-', strspn(text, "0123456789abcdef"));
	}
}

static void add_vms(struct snapshot *s, int fd)
{
	char path[64];
	struct stat st;

	CHECK(!fstat(fd, &st));
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/gpuvas.json",
		 minor(st.st_rdev));
	if (access(path, R_OK))
		SKIP("no %s", path);
	add_file(s, path);
	without_addresses(s->text);
}

static void add_state(struct snapshot *s, struct world *w)
{
	struct drm_evgem_vm_state state = rig_state(&w->rig);

	add(s, "state %u %u, %llu mappings, entries %llu + %llu, tables %llu\n",
	    state.status, state.reason, (unsigned long long)state.mappings,
	    (unsigned long long)state.ptes_4k,
	    (unsigned long long)state.ptes_2m,
	    (unsigned long long)state.pt_bytes);
}

/* Two pieces of the world; as many entries as before: so nothing else either. */
static void add_contents(struct snapshot *s, struct world *w)
{
	struct evgem_cmds cmds = { 0 };

	w->rig.cpu[0] = 0;
	w->rig.cpu[1] = 0;
	evgem_cmd_checksum(&cmds, SCRATCH_ADDR, DATA_ADDR, 4 * PAGE);
	evgem_cmd_checksum(&cmds, SCRATCH_ADDR + 8, DATA_ADDR + 6 * PAGE,
			   2 * PAGE);
	rig_run(&w->rig, &cmds);
	add(s, "contents %llx %llx\n", (unsigned long long)w->rig.cpu[0],
	    (unsigned long long)w->rig.cpu[1]);
}

/* What changes by itself: a time, and whether a BO has memory or is in use. */
static bool restless(const char *line)
{
	static const char *const keys[] = {
		"drm-engine-ring:", "drm-resident-", "drm-active-",
		"drm-purgeable-",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			return true;
	return false;
}

static void add_fdinfo(struct snapshot *s, int fd)
{
	static struct snapshot info;
	char path[40], *line, *rest;

	info.length = 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	add_file(&info, path);
	CHECK(info.length);
	for (line = strtok_r(info.text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (restless(line) ||
		    (s->no_dmabufs && !strncmp(line, "drm-shared-", 11)))
			continue;
		/* Ids go up, and times too. */
		if (!strncmp(line, "example-vgem-queue-", 19))
			line = "a queue";
		add(s, "fdinfo %s\n", line);
	}
}

static void add_syncobjs(struct snapshot *s, struct world *w)
{
	uint64_t point;

	OK(evgem_syncobj_point(w->rig.fd, w->line, &point));
	add(s, "syncobjs: %u %u %u, next point %+lld\n",
	    has_fence(w->rig.fd, w->in, 0), has_fence(w->rig.fd, w->out, 0),
	    has_fence(w->rig.fd, w->line, w->point),
	    (long long)(w->point - point));
}

static void add_numbers(struct snapshot *s, struct world *w)
{
	int fd = fcntl(w->rig.fd, F_DUPFD_CLOEXEC, 0);

	CHECK(fd >= 0 && !close(fd));
	add(s, "next handle %u, next file %d\n",
	    world_next_handle(w->rig.fd), fd);
}

static void add_dmabufs(struct snapshot *s)
{
	static struct snapshot info;
	const char *total;

	info.length = 0;
	info.text[0] = '\0';
	add_file(&info, "/sys/kernel/debug/dma_buf/bufinfo");
	total = strstr(info.text, "Total");
	add(s, "dma-bufs: %s\n", total ? total : "?");
}

void snapshot_take(struct snapshot *s, struct world *w)
{
	s->length = 0;
	/* A bind that was queued all the same would have run behind this one. */
	OK(evgem_bind_sync(w->rig.fd, w->rig.vm, &(struct evgem_bind){ 0 }));
	add_vms(s, w->rig.fd);
	add_state(s, w);
	add_contents(s, w);
	add_fdinfo(s, w->rig.fd);
	add_syncobjs(s, w);
	add_numbers(s, w);
	if (!s->no_dmabufs)
		add_dmabufs(s);
}

void snapshot_settled(struct snapshot *s, struct world *w)
{
	static struct snapshot last;
	uint64_t start = now_ms();

	last.no_dmabufs = s->no_dmabufs;
	snapshot_take(s, w);
	do {
		CHECK(now_ms() - start < PATIENCE_MS);
		last.length = s->length;
		memcpy(last.text, s->text, s->length + 1);
		sleep_ms(SETTLED_MS);
		snapshot_take(s, w);
	} while (strcmp(last.text, s->text));
}

/* The first line of each that the other does not have there. */
static void tell(const char *before, const char *now)
{
	size_t at = 0, i;

	for (i = 0; before[i] && before[i] == now[i]; i++)
		if (before[i] == '\n')
			at = i + 1;
	ktap_note("was: %.*s", (int)strcspn(before + at, "\n"), before + at);
	ktap_note("is:  %.*s", (int)strcspn(now + at, "\n"), now + at);
}

void snapshot_same(const struct snapshot *before, struct world *w)
{
	static struct snapshot now;
	uint64_t start = now_ms();

	now.no_dmabufs = before->no_dmabufs;
	for (;;) {
		snapshot_take(&now, w);
		if (!strcmp(before->text, now.text))
			return;
		if (now_ms() - start > PATIENCE_MS)
			break;
		sleep_ms(1);
	}
	tell(before->text, now.text);
	FAIL("something has changed");
}
