// SPDX-License-Identifier: GPL-2.0
/* The code of the tracepoints in tcp/trace.h. */
#define CREATE_TRACE_POINTS
#include "tcp/trace.h"
