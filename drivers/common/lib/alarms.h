/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Signals that come while the case waits in a system call.
 */
#ifndef ALARMS_H
#define ALARMS_H

/** alarms_each() - one each @us microseconds, none for 0; no call is restarted */
void alarms_each(unsigned int us);
/** alarms_restart() - the same, and calls that can be are restarted */
void alarms_restart(unsigned int us);
/** alarms_seen() - how many came */
int alarms_seen(void);

#endif
