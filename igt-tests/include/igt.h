/* SPDX-License-Identifier: MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the programs of this folder use of IGT, for building them where IGT's
 * headers are not: against the libigt.so.0 of a distribution, 2.0 or 2.5. In an
 * IGT tree its own igt.h is found in place of this one.
 *
 * The functions are libigt's. The macros are what a test is written with: each
 * block is a loop that is entered once, if libigt says so, and left by a jump
 * when something in it fails or skips. So what a block changes and others read
 * is static or volatile.
 */
#ifndef IGT_H
#define IGT_H

#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#define IGT_PRINTF(string, first) \
	__attribute__((format(printf, string, first)))
#define IGT_NORETURN __attribute__((noreturn))

/* Exported by libigt.so.0. */

enum igt_log_level {
	IGT_LOG_DEBUG,
	IGT_LOG_INFO,
	IGT_LOG_WARN,
	IGT_LOG_CRITICAL,
};

struct igt_helper_process {
	bool running;
	bool use_SIGKILL;
	pid_t pid;
	int id;
};

extern jmp_buf igt_subtest_jmpbuf;
extern jmp_buf igt_dynamic_jmpbuf;
extern __thread int (*igt_ioctl)(int fd, unsigned long request, void *arg);
extern const char *__igt_test_description;

int igt_subtest_init_parse_opts(int *argc, char **argv, const char *short_opts,
				const struct option *long_opts,
				const char *help,
				int (*handler)(int opt, int index, void *data),
				void *data);
void igt_exit(void) IGT_NORETURN;

bool __igt_fixture(void);
void __igt_fixture_complete(void);
bool __igt_run_subtest(const char *name, const char *file, int line);
bool __igt_enter_dynamic_container(void);
bool __igt_run_dynamic_subtest(const char *name);
void __igt_subtest_group_save(int *scope, int *description);
void __igt_subtest_group_restore(int scope, int description);

void igt_success(void);
void igt_fail(int exit_code) IGT_NORETURN;
void igt_skip(const char *format, ...) IGT_PRINTF(1, 2) IGT_NORETURN;
void __igt_skip_check(const char *file, int line, const char *function,
		      const char *condition, const char *format, ...)
	IGT_PRINTF(5, 6) IGT_NORETURN;
void __igt_fail_assert(const char *domain, const char *file, int line,
		       const char *function, const char *assertion,
		       const char *format, ...)
	IGT_PRINTF(6, 7) IGT_NORETURN;
void igt_describe_f(const char *format, ...) IGT_PRINTF(1, 2);
void igt_log(const char *domain, enum igt_log_level level, const char *format,
	     ...) IGT_PRINTF(3, 4);

bool __igt_fork(void);
void igt_waitchildren(void);
bool __igt_fork_helper(struct igt_helper_process *helper);
void igt_stop_helper(struct igt_helper_process *helper);
void igt_install_exit_handler(void (*handler)(int signal));
void igt_set_timeout(unsigned int seconds, const char *what);
void igt_reset_timeout(void);

/* The blocks of a test. */

#define IGT_TEST_DESCRIPTION(text) \
	const char *__igt_test_description = (text)

/* As in: int igt_main() { ... } */
#define igt_main() \
	main(int argc, char **argv); \
	static void igt_test(void); \
	int main(int argc, char **argv) \
	{ \
		igt_subtest_init_parse_opts(&argc, argv, NULL, NULL, NULL, \
					    NULL, NULL); \
		igt_test(); \
		igt_exit(); \
	} \
	static void igt_test(void)

#define igt_fixture() \
	for (volatile bool igt_todo = true; \
	     igt_todo && __igt_fixture() && \
	     sigsetjmp(igt_subtest_jmpbuf, 1) == 0; \
	     igt_todo = false, __igt_fixture_complete())

#define igt_subtest_group() \
	for (int igt_todo = 1, igt_scope = 0, igt_words = 0; \
	     igt_todo && (__igt_subtest_group_save(&igt_scope, &igt_words), 1); \
	     igt_todo = 0, __igt_subtest_group_restore(igt_scope, igt_words))

#define igt_describe(text) igt_describe_f("%s", (text))

#define igt_subtest(name) \
	for (; __igt_run_subtest((name), __FILE__, __LINE__) && \
	     sigsetjmp(igt_subtest_jmpbuf, 1) == 0; \
	     igt_success())

#define igt_subtest_with_dynamic(name) \
	for (; __igt_run_subtest((name), __FILE__, __LINE__) && \
	     __igt_enter_dynamic_container() && \
	     sigsetjmp(igt_subtest_jmpbuf, 1) == 0; \
	     igt_success())

#define igt_dynamic(name) \
	for (; __igt_run_dynamic_subtest(name) && \
	     sigsetjmp(igt_dynamic_jmpbuf, 1) == 0; \
	     igt_success())

/* libigt keeps the pointer as long as the subtest runs. */
static inline IGT_PRINTF(1, 2) const char *igt_formatted(const char *format, ...)
{
	static char name[256];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	return name;
}

#define igt_subtest_f(...) igt_subtest(igt_formatted(__VA_ARGS__))

#define igt_fork(child, children) \
	for (int child = 0; child < (children); child++) \
		for (; __igt_fork(); exit(0))

#define igt_fork_helper(helper) \
	for (; __igt_fork_helper(helper); exit(0))

/* What is said and asked in them. */

#define IGT_LOG_DOMAIN ((const char *)NULL)

#define igt_debug(...) igt_log(IGT_LOG_DOMAIN, IGT_LOG_DEBUG, __VA_ARGS__)
#define igt_info(...) igt_log(IGT_LOG_DOMAIN, IGT_LOG_INFO, __VA_ARGS__)
#define igt_warn(...) igt_log(IGT_LOG_DOMAIN, IGT_LOG_WARN, __VA_ARGS__)

#define igt_assert_f(expression, ...) \
	do { \
		if (!(expression)) \
			__igt_fail_assert(IGT_LOG_DOMAIN, __FILE__, __LINE__, \
					  __func__, #expression, __VA_ARGS__); \
	} while (0)

#define igt_assert(expression) igt_assert_f(expression, NULL)

#define igt_compare(a, b, op, type, as) \
	do { \
		type igt_a = (a); \
		type igt_b = (b); \
		if (!(igt_a op igt_b)) \
			__igt_fail_assert(IGT_LOG_DOMAIN, __FILE__, __LINE__, \
					  __func__, #a " " #op " " #b, \
					  "error: " as " !" #op " " as "\n", \
					  igt_a, igt_b); \
	} while (0)

#define igt_assert_eq(a, b) igt_compare(a, b, ==, int, "%d")
#define igt_assert_neq(a, b) igt_compare(a, b, !=, int, "%d")
#define igt_assert_lt(a, b) igt_compare(a, b, <, int, "%d")
#define igt_assert_lte(a, b) igt_compare(a, b, <=, int, "%d")
#define igt_assert_eq_u32(a, b) igt_compare(a, b, ==, unsigned int, "%#x")
#define igt_assert_eq_u64(a, b) \
	igt_compare(a, b, ==, unsigned long long, "%#llx")
#define igt_assert_fd(fd) igt_compare(fd, 0, >=, int, "%d")

#define igt_require_f(expression, ...) \
	do { \
		if (!(expression)) \
			__igt_skip_check(__FILE__, __LINE__, __func__, \
					 #expression, __VA_ARGS__); \
	} while (0)

#define igt_require(expression) igt_require_f(expression, NULL)

#endif
