// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Runs the cases of a program and tells how each of them ended.
 */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

#define DEFAULT_SECONDS 30
#define GRACE_MS 5000
#define SLOW_SECONDS 2

enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_SKIPPED = 4 };

static const char *trying;

static void say(const char *prefix, const char *format, va_list args)
{
	char line[1024];

	/* One write, so that lines of several processes stay whole. */
	vsnprintf(line, sizeof(line), format, args);
	printf("# %s%s\n", prefix, line);
	fflush(stdout);
}

void ktap_fail(const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	char prefix[64];
	va_list args;

	snprintf(prefix, sizeof(prefix), "%s:%d: ", base ? base + 1 : file,
		 line);
	va_start(args, format);
	say(prefix, format, args);
	va_end(args);
	if (trying)
		ktap_note("with %s", trying);
	_exit(EXIT_FAILED);
}

void ktap_trying(const char *what)
{
	trying = what;
}

void ktap_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("skipped: ", format, args);
	va_end(args);
	_exit(EXIT_SKIPPED);
}

void ktap_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

const char *ktap_errno(int ret)
{
	static char buffers[2][32];
	static unsigned int next;
	char *buffer = buffers[next++ % 2];

	if (ret < 0 && strerrorname_np(-ret))
		snprintf(buffer, sizeof(buffers[0]), "-%s",
			 strerrorname_np(-ret));
	else
		snprintf(buffer, sizeof(buffers[0]), "%d", ret);

	return buffer;
}

void ktap_child(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
		_exit(EXIT_SKIPPED);
	CHECK_EQ(status, 0);
}

static void run_child(const struct ktap_case *c)
{
	int fd;

	setpgid(0, 0);
	fd = ktap_device.open();
	if (fd < 0)
		FAIL("no render node of %s: %s", ktap_device.name,
		     ktap_errno(fd));

	c->run(fd);
	fflush(stdout);
	_exit(EXIT_PASSED);
}

/* Waits for the child to end; if it does not, ends it with all its children. */
static bool child_ends(pid_t pid, unsigned int seconds)
{
	struct pollfd wait = {
		.fd = syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN,
	};
	bool ended;

	ended = poll(&wait, 1, seconds * 1000) == 1;
	kill(-pid, SIGKILL);
	if (!ended) {
		ktap_note("not done after %u seconds", seconds);
		if (poll(&wait, 1, GRACE_MS) != 1)
			ktap_note("cannot be killed: it hangs in the kernel");
	}

	close(wait.fd);
	return ended;
}

static int run_case(const struct ktap_case *c)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		ktap_note("fork: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!pid)
		run_child(c);

	setpgid(pid, pid);
	if (!child_ends(pid, c->seconds ? c->seconds : DEFAULT_SECONDS)) {
		waitpid(pid, &status, WNOHANG);
		return EXIT_FAILED;
	}

	if (waitpid(pid, &status, 0) != pid)
		return EXIT_FAILED;

	if (WIFSIGNALED(status)) {
		ktap_note("died of SIG%s", sigabbrev_np(WTERMSIG(status)));
		return EXIT_FAILED;
	}

	return WEXITSTATUS(status);
}

static bool wanted(const struct ktap_case *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], c->name))
			return true;
	}

	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int planned = 0, number = 0, failed = 0;
	const struct ktap_case *c;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (c = ktap_cases; c->name; c++)
			puts(c->name);
		return 0;
	}

	for (c = ktap_cases; c->name; c++)
		planned += wanted(c, argc, argv);
	if (planned < (unsigned int)(argc < 2 ? 1 : argc - 1)) {
		fprintf(stderr, "%s: no such case; --list names all\n", argv[0]);
		return 2;
	}

	printf("KTAP version 1\n1..%u\n", planned);
	for (c = ktap_cases; c->name; c++) {
		time_t start;
		int result;

		if (!wanted(c, argc, argv))
			continue;

		start = time(NULL);
		result = run_case(c);
		if (time(NULL) - start >= SLOW_SECONDS)
			ktap_note("took %d s", (int)(time(NULL) - start));
		number++;
		if (result == EXIT_PASSED)
			printf("ok %u - %s\n", number, c->name);
		else if (result == EXIT_SKIPPED)
			printf("ok %u - %s # SKIP\n", number, c->name);
		else
			printf("not ok %u - %s\n", number, c->name);
		failed += result != EXIT_PASSED && result != EXIT_SKIPPED;
		fflush(stdout);
	}

	return failed ? 1 : 0;
}
