// SPDX-License-Identifier: GPL-2.0
/* The code of the tracepoints in core/trace.h. */
#define CREATE_TRACE_POINTS
#include "core/trace.h"
