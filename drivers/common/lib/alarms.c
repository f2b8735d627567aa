// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * SIGALRM, again and again.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "alarms.h"
#include "ktap.h"

static int seen;

static void on_alarm(int number)
{
	(void)number;
	__atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
}

static void each(unsigned int us, int flags)
{
	const struct sigaction action = {
		.sa_handler = on_alarm,
		.sa_flags = flags,
	};
	const struct itimerval timer = {
		.it_interval = { .tv_usec = us },
		.it_value = { .tv_usec = us },
	};

	CHECK(!sigaction(SIGALRM, &action, NULL));
	CHECK(!setitimer(ITIMER_REAL, &timer, NULL));
}

void alarms_each(unsigned int us)
{
	each(us, 0);
}

void alarms_restart(unsigned int us)
{
	each(us, SA_RESTART);
}

int alarms_seen(void)
{
	return __atomic_load_n(&seen, __ATOMIC_RELAXED);
}
