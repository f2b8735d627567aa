// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Calls that are made once, while signals come or allocations fail. The library's
 * way is to make an interrupted call again; here, its error is what is looked at.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "vmb.h"

#define LARGEST_ARGS 256

#define DEBUGFS "/sys/kernel/debug/"

/* The allocation that fails, and whether there was one. */
static int fail_file = -1;
static unsigned int fail_at;
static bool failed;

static void set_nth(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	igt_assert(pwrite(fail_file, text, length, 0) == length);
}

/* What is left to count: 0 if it came to that. */
static unsigned int get_nth(void)
{
	char text[16] = "";

	igt_assert(pread(fail_file, text, sizeof(text) - 1, 0) > 0);
	return strtoul(text, NULL, 10);
}

static bool set_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool done = file >= 0 && write(file, text, strlen(text)) > 0;

	if (file >= 0)
		close(file);
	return done;
}

void vmb_fail_begin(void)
{
	static const char *const kinds[] = { "failslab/", "fail_page_alloc/" };
	char path[80];

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%sverbose", kinds[i]);
		igt_require_f(set_file(path, "0"),
			      "the kernel has no fault injection\n");
		snprintf(path, sizeof(path), DEBUGFS "%signore-gfp-wait",
			 kinds[i]);
		igt_assert(set_file(path, "N"));
	}
	set_file(DEBUGFS "fail_page_alloc/min-order", "0");
	if (fail_file >= 0)
		close(fail_file);
	/* Open from now on: to open it takes an allocation. */
	fail_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	igt_require_f(fail_file >= 0, "the kernel has no fail-nth\n");
	fail_at = 0;
}

void vmb_fail_nth(unsigned int nth)
{
	fail_at = nth;
}

bool vmb_has_failed(void)
{
	return failed;
}

static void on_signal(int number)
{
	(void)number;
}

/* As the kernel answers, and an interrupted call has changed no argument. */
static int call_once(int fd, unsigned long request, void *arg)
{
	size_t size = _IOC_SIZE(request);
	uint8_t before[LARGEST_ARGS];
	int ret, error;

	igt_assert(size <= sizeof(before));
	memcpy(before, arg, size);
	if (fail_at)
		set_nth(fail_at);
	ret = ioctl(fd, request, arg);
	error = errno;
	if (fail_at) {
		failed = !get_nth();
		set_nth(0);
	}
	if (ret && error == EINTR)
		igt_assert(!memcmp(before, arg, size));

	errno = error;
	return ret;
}

void vmb_signals_begin(unsigned int us)
{
	const struct sigaction action = { .sa_handler = on_signal };
	const struct itimerval timer = {
		.it_interval = { .tv_usec = us },
		.it_value = { .tv_usec = us },
	};

	igt_assert(!sigaction(SIGALRM, &action, NULL));
	igt_assert(!setitimer(ITIMER_REAL, &timer, NULL));
}

void vmb_signals_end(void)
{
	static const struct itimerval none;

	igt_assert(!setitimer(ITIMER_REAL, &none, NULL));
	signal(SIGALRM, SIG_DFL);
}

int vmb_bind_once(struct vmb_vm *vm, const struct vmb_op *ops, uint32_t count)
{
	int (*library)(int fd, unsigned long request, void *arg) = igt_ioctl;
	int ret;

	igt_ioctl = call_once;
	ret = vmb_try_bind(vm, ops, count);
	igt_ioctl = library;
	return ret;
}

int vmb_exec_once(struct vmb_dev *dev, uint32_t queue,
		  const struct vmb_cmd *cmds, uint32_t count)
{
	int (*library)(int fd, unsigned long request, void *arg) = igt_ioctl;
	int ret;

	igt_ioctl = call_once;
	ret = vmb_try_exec(dev, queue, cmds, count, NULL, 0);
	igt_ioctl = library;
	return ret;
}
