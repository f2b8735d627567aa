/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A small harness for client tests. A program has one table of cases; each
 * case runs in a process of its own, with the device opened afresh, so that one
 * that crashes or hangs fails alone.
 */
#ifndef KTAP_H
#define KTAP_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct ktap_case - a case
 */
struct ktap_case {
	/** @name: lower case, words joined by hyphens; NULL ends the table */
	const char *name;
	/** @run: returns if the case passed; @fd is the render node */
	void (*run)(int fd);
	/** @seconds: the longest that it may take; 0: 30 */
	unsigned int seconds;
};

/**
 * struct ktap_device - the driver that these tests are for
 */
struct ktap_device {
	/** @name: of the driver */
	const char *name;
	/** @open: opens its render node; a file descriptor or a negative errno */
	int (*open)(void);
};

/** ktap_device - each driver's tests have one */
extern const struct ktap_device ktap_device;

/** ktap_cases - the cases of this program */
extern const struct ktap_case ktap_cases[];

__attribute__((noreturn, format(printf, 3, 4)))
void ktap_fail(const char *file, int line, const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2)))
void ktap_skip(const char *format, ...);
__attribute__((format(printf, 1, 2)))
void ktap_note(const char *format, ...);
/** ktap_child() - a child of the case has to have passed; skips as it has */
void ktap_child(int status);
/** ktap_trying() - what a failure is told with, from now on; or NULL */
void ktap_trying(const char *what);
/** ktap_errno() - the name of a negative errno, or "0", or the number */
const char *ktap_errno(int ret);

/** define FAIL - end the case as failed, with a reason */
#define FAIL(...) ktap_fail(__FILE__, __LINE__, __VA_ARGS__)

/** define SKIP - end the case as skipped, with a reason */
#define SKIP(...) ktap_skip(__VA_ARGS__)

/** define CHECK - something has to be true */
#define CHECK(condition) \
	do { \
		if (!(condition)) \
			FAIL("not true: %s", #condition); \
	} while (0)

/** define CHECK_EQ - an unsigned number has to be this one */
#define CHECK_EQ(value, wanted) \
	do { \
		uint64_t value_ = (value), wanted_ = (wanted); \
		if (value_ != wanted_) \
			FAIL("%s is %#llx (%llu), not %#llx (%llu)", #value, \
			     (unsigned long long)value_, \
			     (unsigned long long)value_, \
			     (unsigned long long)wanted_, \
			     (unsigned long long)wanted_); \
	} while (0)

/** define FAILS - a call has to return -ERROR */
#define FAILS(error, call) \
	do { \
		int ret_ = (call), wanted_ = -(error); \
		if (ret_ != wanted_) \
			FAIL("%s gives %s, not %s", #call, ktap_errno(ret_), \
			     ktap_errno(wanted_)); \
	} while (0)

/** define OK - a call has to return 0 */
#define OK(call) FAILS(0, call)

#endif
