// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Setting and reading the memory limit.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "debugfs.h"
#include "driver.h"
#include "file.h"
#include "memory.h"

#define PARAMETERS "/sys/module/example_vgem/parameters/"
#define LOCK "/tmp/evgem-memory-limit"

static void write_number(const char *path, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	OK(file_write(path, text));
}

/* Has the lock and the end of a pipe as long as the case has the other. */
static void watch(int end)
{
	char c;

	/* Not of the group that ends with the case. */
	setsid();
	while (read(end, &c, 1) < 0 && errno == EINTR)
		;
	file_write(PARAMETERS "max_resident_kb", "0");
	file_write(PARAMETERS "shrink", "1");
	_exit(0);
}

void memory_guard(int fd)
{
	int lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600), ends[2];
	pid_t pid;

	driver_needs(fd, DRM_EVGEM_FEATURE_MEMORY_LIMIT);
	fclose(debugfs_open(fd, "memory"));
	if (access(PARAMETERS "max_resident_kb", W_OK))
		SKIP("the limit cannot be set");

	/* The watcher of the case before keeps it until it is done. */
	CHECK(lock >= 0);
	CHECK(!flock(lock, LOCK_EX));
	CHECK(!pipe2(ends, O_CLOEXEC));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		close(ends[1]);
		close(fd);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		watch(ends[0]);
	}
	close(ends[0]);
}

void memory_limit(uint64_t bytes)
{
	write_number(PARAMETERS "max_resident_kb", bytes / 1024);
}

void memory_shrink(unsigned int mode)
{
	write_number(PARAMETERS "shrink", mode);
}

struct memory memory_now(int fd)
{
	FILE *file = debugfs_open(fd, "memory");
	unsigned long long n[6];

	CHECK(fscanf(file, "limit %llu resident %llu bos %llu evicted %llu restored %llu shrunk %llu",
		     &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) == 6);
	fclose(file);
	return (struct memory) { n[0], n[1], n[2], n[3], n[4], n[5] };
}

/* A worker frees it, after the job that unmapped it. */
static void wait_until_resident(int fd, uint64_t most)
{
	for (int i = 0; i < 200; i++) {
		if (memory_now(fd).resident <= most)
			return;
		sleep_ms(5);
	}
	FAIL("%llu bytes are resident, not %llu",
	     (unsigned long long)memory_now(fd).resident,
	     (unsigned long long)most);
}

int memory_touch(int fd, uint64_t size)
{
	uint64_t resident;
	uint32_t vm, bo;
	int ret;

	OK(evgem_vm_create(fd, 0, 0, &vm));
	OK(evgem_bo_create(fd, size, vm, &bo));
	ret = evgem_map(fd, vm, DATA_ADDR, size, bo, 0);
	resident = memory_now(fd).resident;
	OK(evgem_bo_close(fd, bo));
	OK(evgem_vm_destroy(fd, vm));
	if (!ret)
		wait_until_resident(fd, resident - size);
	return ret;
}

void memory_evict_all(int fd)
{
	int ret;

	memory_limit(PAGE);
	ret = memory_touch(fd, PAGE);
	memory_limit(0);
	/* There is no room beside what is pinned, but all else has gone. */
	CHECK(!ret || ret == -ENOMEM);
}

unsigned int memory_vm_bos_evicted(int fd)
{
	static const char yes[] = "\"evicted\":true";
	FILE *file = debugfs_open(fd, "gpuvas.json");
	static char text[1 << 18];
	unsigned int count = 0;
	size_t len;

	len = fread(text, 1, sizeof(text) - 1, file);
	CHECK(len < sizeof(text) - 1);
	text[len] = '\0';
	fclose(file);
	for (char *at = text; (at = strstr(at, yes)); at += strlen(yes))
		count++;
	return count;
}

void memory_drop_caches(unsigned int what)
{
	/* 4: that there shall be no line about it in the kernel's log. */
	write_number("/proc/sys/vm/drop_caches", 4);
	write_number("/proc/sys/vm/drop_caches", what);
}
