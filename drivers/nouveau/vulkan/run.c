// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Runs the cases and tells how each of them ended, as KTAP. The cases of a theme
 * share a process and a device; so one that crashes or hangs takes no more with
 * it than its theme.
 */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vkt.h"

#define SLOW_SECONDS 3
#define GRACE_MS 5000
/* So many times as long as on a machine that is one. */
#define SLOW_FACTOR 5

struct vkt_options vkt_options = { .driver = VK_DRIVER_ID_MESA_NVK };

/* What needs shaders loses its device, so it comes last. */
static const struct vkt_theme themes[] = {
	{ "list", vkt_list_cases, true, 60 },
	{ "device", vkt_device_cases, true, 60 },
	{ "memory", vkt_memory_cases, false, 120 },
	{ "copy", vkt_copy_cases, false, 180 },
	{ "fill", vkt_fill_cases, false, 180 },
	{ "image", vkt_image_cases, false, 240 },
	{ "sparse", vkt_sparse_cases, false, 240 },
	{ "rebind", vkt_rebind_cases, false, 180 },
	{ "alias", vkt_alias_cases, false, 120 },
	{ "many", vkt_many_cases, false, 300 },
	{ "texture", vkt_texture_cases, false, 120 },
	{ "sync", vkt_sync_cases, false, 120 },
	{ "timeline", vkt_timeline_cases, false, 120 },
	{ "event", vkt_event_cases, false, 120 },
	{ "queue", vkt_queue_cases, false, 180 },
	{ "lost", vkt_lost_cases, true, 90 },
};

/**
 * struct plan - what is to be run, and how far that is
 */
struct plan {
	/** @names: those that are wanted; none: all */
	char **names;
	int num_names;
	unsigned int number, failed;
	/** @shared: how far a child has come; it may die at any moment */
	struct shared {
		unsigned int done, failed;
	} *shared;
};

void vkt_note(const char *format, ...)
{
	char line[1024];
	va_list args;

	/* One write, so that lines of several threads stay whole. */
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("# %s\n", line);
	fflush(stdout);
}

static void end(struct vkt *t, enum vkt_result result, const char *format,
		va_list args)
{
	size_t length = strlen(t->why);

	vsnprintf(t->why + length, sizeof(t->why) - length, format, args);
	t->result = result;
	longjmp(t->end, 1);
}

void vkt_fail(struct vkt *t, const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	va_list args;

	snprintf(t->why, sizeof(t->why), "%s:%d: ", base ? base + 1 : file, line);
	va_start(args, format);
	end(t, VKT_FAILED, format, args);
	va_end(args);
	abort();
}

void vkt_skip(struct vkt *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(t, VKT_SKIPPED, format, args);
	va_end(args);
	abort();
}

enum vkt_result vkt_try(struct vkt *t, struct vkt_dev *dev,
			void (*run)(struct vkt *t, void *arg), void *arg)
{
	memset(t, 0, sizeof(*t));
	t->dev = dev;
	if (!setjmp(t->end))
		run(t, arg);
	return t->result;
}

static bool wanted(const struct plan *plan, const char *theme, const char *name)
{
	size_t length = strlen(theme);

	for (int i = 0; i < plan->num_names; i++) {
		const char *n = plan->names[i];

		if (!strcmp(n, theme) || (!strncmp(n, theme, length) &&
					  n[length] == '.' &&
					  !strcmp(n + length + 1, name)))
			return true;
	}

	return !plan->num_names;
}

static unsigned int count(const struct plan *plan, const struct vkt_theme *theme)
{
	unsigned int n = 0;

	for (const struct vkt_case *c = theme->cases; c->name; c++)
		n += wanted(plan, theme->name, c->name);

	return n;
}

static void run_body(struct vkt *t, void *arg)
{
	const struct vkt_case *c = arg;

	c->run(t);
}

/* In the child. Its number is the next one, whatever came of it. */
static void tell(struct plan *plan, const char *theme, const char *name,
		 enum vkt_result result, const char *why)
{
	unsigned int number = plan->number + ++plan->shared->done;

	if (result == VKT_SKIPPED) {
		printf("ok %u - %s.%s # SKIP %s\n", number, theme, name, why);
	} else {
		if (result == VKT_FAILED)
			vkt_note("%s", why);
		printf("%s %u - %s.%s\n", result == VKT_PASSED ? "ok" : "not ok",
		       number, theme, name);
	}
	plan->shared->failed += result == VKT_FAILED;
	fflush(stdout);
}

static void run_case(struct plan *plan, const char *theme,
		     const struct vkt_case *c, struct vkt_dev *dev)
{
	unsigned int messages = vkt_messages();
	time_t start = time(NULL);
	struct vkt t;

	vkt_try(&t, dev, run_body, (void *)c);
	if (dev)
		vkt_undo_all(&t);
	if (t.result != VKT_FAILED && vkt_messages() != messages) {
		t.result = VKT_FAILED;
		snprintf(t.why, sizeof(t.why), "the validation layers have something to say");
	}
	if (time(NULL) - start >= SLOW_SECONDS)
		vkt_note("took %d s", (int)(time(NULL) - start));
	tell(plan, theme, c->name, t.result, t.why);
}

struct opened {
	struct vkt_gpu gpu;
	struct vkt_dev dev;
};

static void open_all(struct vkt *t, void *arg)
{
	struct opened *o = arg;

	vkt_gpu_open(t, &o->gpu);
	vkt_dev_open(t, &o->dev, &o->gpu);
}

/* A whole theme, or one case of it if that is to be apart. */
static void child(struct plan *plan, const struct vkt_theme *theme,
		  const struct vkt_case *only)
{
	static struct opened opened;
	unsigned int before;
	struct vkt t;

	setpgid(0, 0);
	if (only) {
		run_case(plan, theme->name, only, NULL);
		_exit(0);
	}

	if (vkt_try(&t, NULL, open_all, &opened) != VKT_PASSED) {
		vkt_note("%s", t.why);
		_exit(1);
	}
	for (const struct vkt_case *c = theme->cases; c->name; c++) {
		if (wanted(plan, theme->name, c->name))
			run_case(plan, theme->name, c, &opened.dev);
	}
	before = vkt_messages();
	vkt_dev_close(&opened.dev);
	vkt_gpu_close(&opened.gpu);
	if (vkt_messages() != before) {
		vkt_note("the validation layers have something to say at the end");
		_exit(1);
	}
	_exit(0);
}

/* Whether it ended well; with all its threads it ends, in time or out of it. */
static bool child_ends(pid_t pid, unsigned int seconds)
{
	struct pollfd wait = {
		.fd = syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN,
	};
	int status = -1;

	if (poll(&wait, 1, seconds * 1000) != 1)
		vkt_note("not done after %u seconds", seconds);
	kill(-pid, SIGKILL);
	if (poll(&wait, 1, GRACE_MS) != 1)
		vkt_note("cannot be killed: it hangs in the kernel");
	else
		waitpid(pid, &status, 0);
	close(wait.fd);
	if (status > 0 && WIFSIGNALED(status))
		vkt_note("died of SIG%s", sigabbrev_np(WTERMSIG(status)));

	return !status;
}

static void run_process(struct plan *plan, const struct vkt_theme *theme,
			const struct vkt_case *only)
{
	const struct vkt_case *c = only ? only : theme->cases;
	unsigned int planned = only ? 1 : count(plan, theme), at = 0;
	unsigned int seconds = theme->seconds;
	bool well;
	pid_t pid;

	memset(plan->shared, 0, sizeof(*plan->shared));
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(plan, theme, only);
	if (vkt_options.slow)
		seconds *= SLOW_FACTOR;
	well = pid > 0 && child_ends(pid, seconds);
	plan->failed += plan->shared->failed;

	/* What it did not come to has failed; where it died is the first. */
	for (; at < planned; c++) {
		if (!wanted(plan, theme->name, c->name))
			continue;
		if (at++ < plan->shared->done)
			continue;
		printf("not ok %u - %s.%s\n", plan->number + at, theme->name,
		       c->name);
		plan->failed++;
	}
	plan->number += planned;
	if (!well)
		plan->failed++;
}

static void list(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(themes); i++) {
		for (const struct vkt_case *c = themes[i].cases; c->name; c++)
			printf("%s.%s\n", themes[i].name, c->name);
	}
}

static void usage(const char *name)
{
	fprintf(stderr, "Usage: %s [OPTION...] [THEME | THEME.CASE]...\n"
		"  --list             names the cases, and runs none\n"
		"  --validate         under Vulkan's validation layers\n"
		"  --brief            fewer rounds\n"
		"  --slow             more time for all: the machine is emulated\n"
		"  --shaders          the GPU runs shaders: what needs them has to work\n"
		"  --driver NAME      nvk (the default) or lavapipe\n", name);
	exit(2);
}

/* Returns how many arguments were options. */
static int options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--list")) {
			list();
			exit(0);
		} else if (!strcmp(argv[i], "--validate")) {
			vkt_options.validate = true;
		} else if (!strcmp(argv[i], "--brief")) {
			vkt_options.brief = true;
		} else if (!strcmp(argv[i], "--slow")) {
			vkt_options.slow = true;
		} else if (!strcmp(argv[i], "--shaders")) {
			vkt_options.shaders = true;
		} else if (!strcmp(argv[i], "--driver") && i + 1 < argc) {
			i++;
			if (!strcmp(argv[i], "lavapipe"))
				vkt_options.driver = VK_DRIVER_ID_MESA_LLVMPIPE;
			else if (strcmp(argv[i], "nvk"))
				usage(argv[0]);
		} else {
			usage(argv[0]);
		}
	}

	return i;
}

/* Each name has to stand for something, or a misspelt one would pass. */
static void check_names(const struct plan *plan, const char *program)
{
	for (int i = 0; i < plan->num_names; i++) {
		struct plan one = { &plan->names[i], 1 };
		unsigned int found = 0;

		for (unsigned int k = 0; k < ARRAY_SIZE(themes); k++)
			found += count(&one, &themes[k]);
		if (!found) {
			fprintf(stderr, "%s: no theme or case is named %s; --list names all\n",
				program, plan->names[i]);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	int skip = options(argc, argv);
	struct plan plan = { argv + skip, argc - skip };
	unsigned int planned = 0;

	check_names(&plan, argv[0]);
	plan.shared = mmap(NULL, sizeof(*plan.shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan.shared == MAP_FAILED) {
		perror(argv[0]);
		return 2;
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(themes); i++)
		planned += count(&plan, &themes[i]);
	printf("KTAP version 1\n1..%u\n", planned);
	for (unsigned int i = 0; i < ARRAY_SIZE(themes); i++) {
		const struct vkt_theme *theme = &themes[i];

		if (!theme->apart && count(&plan, theme))
			run_process(&plan, theme, NULL);
		for (const struct vkt_case *c = theme->cases;
		     theme->apart && c->name; c++) {
			if (wanted(&plan, theme->name, c->name))
				run_process(&plan, theme, c);
		}
	}

	return plan.failed ? 1 : 0;
}
