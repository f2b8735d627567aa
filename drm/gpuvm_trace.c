// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The one place where the trace events are made.
 */

/* Of all that the macros make of it, sparse understands too little. */
#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#include "gpuvm_trace.h"
#endif
