// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Lines of fdinfo.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdinfo.h"
#include "ktap.h"

bool fdinfo_find(int fd, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);
	char path[32], line[160];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		CHECK(!found);
		found = true;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s",
			 line + length + 1 + strspn(line + length + 1, " \t"));
	}
	fclose(file);
	return found;
}

uint64_t fdinfo_number(int fd, const char *key, const char *unit)
{
	char value[128], *end;
	uint64_t n;

	if (!fdinfo_find(fd, key, value, sizeof(value)))
		FAIL("no %s", key);
	n = strtoull(value, &end, 10);
	if (end == value || strcmp(end, unit))
		FAIL("%s: %s", key, value);
	return n;
}

uint64_t fdinfo_memory(int fd, const char *kind)
{
	char key[40], value[64], unit[8] = "";
	unsigned long long n;

	snprintf(key, sizeof(key), "drm-%s-memory", kind);
	if (!fdinfo_find(fd, key, value, sizeof(value)))
		return 0;
	CHECK(sscanf(value, "%llu %7s", &n, unit) >= 1);
	if (!strcmp(unit, "KiB"))
		return n << 10;
	if (!strcmp(unit, "MiB"))
		return n << 20;
	CHECK(!unit[0]);
	return n;
}
