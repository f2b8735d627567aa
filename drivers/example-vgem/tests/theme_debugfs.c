// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What debugfs shows of the VMs: as text, and as JSON, which is read by a parser
 * that this project did not write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugfs.h"
#include "rig.h"

#define SIZE	65536

static void read_all(FILE *file, char *text)
{
	size_t len;

	CHECK(file);
	len = fread(text, 1, SIZE - 1, file);
	CHECK(len < SIZE - 1);
	text[len] = '\0';
}

/* The text with one line for each mapping. */
static void read_text(int fd, char *text)
{
	FILE *file = debugfs_open(fd, "gpuvas");

	read_all(file, text);
	fclose(file);
}

/* What gpuvas.py makes of the JSON. */
static void read_json(int fd, char *text)
{
	char path[DEBUGFS_PATH], command[256];
	FILE *pipe;
	int status;

	debugfs_path(fd, "gpuvas.json", path);
	snprintf(command, sizeof(command),
		 "python3 drivers/example-vgem/tests/gpuvas.py %s 2>&1", path);
	pipe = popen(command, "r");
	read_all(pipe, text);
	status = pclose(pipe);
	if (status)
		FAIL("gpuvas.py says (status %#x): %s", status, text);
}

static void expect(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		FAIL("\"%s\" is not in \"%s\"", wanted, text);
}

static void json(int fd)
{
	static char text[SIZE];
	struct bo a, b;
	struct rig rig;

	rig_init(&rig, fd);
	bo_init(&a, fd, 4, 0, 1);
	bo_init(&b, fd, 2, rig.vm, 2);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, 4 * PAGE, a.handle, 0));
	OK(evgem_map_readonly(fd, rig.vm, DATA_ADDR + PAGE, PAGE, b.handle,
			      PAGE));

	read_json(fd, text);
	expect(text,
	       "vm example-vgem 0x0 0x1000000000000\n"
	       "mapping 0x100000000 0x1000 0 0x0 0x0\n"
	       "mapping 0x100001000 0x1000 1 0x1000 0x4\n"
	       "mapping 0x100002000 0x2000 0 0x2000 0x0\n"
	       "mapping 0x10000000000 0x100000 2 0x0 0x0\n");
	expect(text, "vm_bo 0 0x4000 external\n");
	expect(text, "vm_bo 1 0x2000 private\n");

	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, 4 * PAGE));
	read_json(fd, text);
	expect(text,
	       "vm example-vgem 0x0 0x1000000000000\n"
	       "mapping 0x10000000000 0x100000 0 0x0 0x0\n");
	CHECK(!strstr(text, "0x4000 external"));
}

/*
 * Nothing, one, several VMs: an array each time. Of this range, because those of
 * the case before may not be gone yet.
 */
static void json_of_many(int fd)
{
	static const char *mine = "vm example-vgem 0x5000 0x123000\n";
	static char text[SIZE];
	uint32_t vm;

	for (unsigned int i = 0; i < 4; i++) {
		const char *at = text;
		unsigned int count = 0;

		read_json(fd, text);
		while ((at = strstr(at, mine))) {
			count++;
			at++;
		}
		CHECK_EQ(count, i);
		OK(evgem_vm_create(fd, 0x5000, 0x123000, &vm));
	}
}

static void lines(int fd)
{
	static char text[SIZE];
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 4, 0, 1);
	OK(evgem_map_readonly(fd, rig.vm, DATA_ADDR, 2 * PAGE, bo.handle,
			      PAGE));
	read_text(fd, text);
	expect(text, "VM example-vgem  [");
	expect(text, "0x0000000100000000  0x0000000100002000  0x00000000002000  ");
	expect(text, " + 0x1000  flags 0x4\n");
	expect(text, "  kernel reserve\n");
}

const struct ktap_case ktap_cases[] = {
	{ "json", json },
	{ "json-of-many", json_of_many },
	{ "lines", lines },
	{ 0 }
};
