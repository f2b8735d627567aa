// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Parameters of the module, for a while.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"
#include "ktap.h"
#include "limit.h"

static unsigned int set_limit(const char *name, unsigned int value)
{
	unsigned int before;
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "parameters/%s", name);
	file = fopen(driver_module(path), "r+");
	CHECK(file);
	CHECK(fscanf(file, "%u", &before) == 1);
	rewind(file);
	CHECK(fprintf(file, "%u\n", value) > 0);
	CHECK(!fclose(file));
	return before;
}

void with_limit(int fd, const char *name, unsigned int value,
		void (*run)(int fd))
{
	unsigned int before = set_limit(name, value);
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		run(fd);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) != pid)
		status = -1;
	set_limit(name, before);
	ktap_child(status);
}
