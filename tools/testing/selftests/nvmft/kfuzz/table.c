// SPDX-License-Identifier: GPL-2.0
/* Which changed PDUs came where, and what became of them. */
#include <stdio.h>
#include <string.h>
#include "kfuzz.h"

static const char * const kinds[KINDS] = {
	"ICReq", "Connect", "command", "with data", "H2CData", "H2CTermReq", "foreign", "junk"
};

static const char * const states[STATES] = {
	"no ICReq", "ICReq", "admin", "enabled", "I/O queue", "in flight", "window", "closing"
};

static const char * const verdicts[VERDICTS] = {
	"OK", "error", "FES 1", "FES 2", "FES 3", "FES 4", "FES 5", "FES 6", "closed", "nothing", "left"
};

/* With chance, so many are needed to reach the rarest of the cells ... */
#define CHANGED_ALL	300000U
/* ... and so many to reach all but a few. */
#define CHANGED_MOST	10000U
#define EMPTY_MAX	8U

#define NOT(v)	(1U << (v))

/*
 * Verdicts that a state does not give, or only by accident: before Connect no command
 * succeeds but Connect itself, without a window no data is out of its range, after the
 * end there is no answer, and so on.
 */
static const uint32_t not_wanted[STATES] = {
	[S_NEW]		= NOT(V_ERROR) | NOT(V_FES3) | NOT(V_FES4) | NOT(V_FES5) | NOT(V_CLOSED),
	[S_IC]		= NOT(V_FES4) | NOT(V_FES6),
	[S_ADMIN]	= NOT(V_FES4) | NOT(V_FES6),
	[S_ENABLED]	= NOT(V_FES4) | NOT(V_FES6),
	[S_IOQ]		= NOT(V_FES4) | NOT(V_FES6),
	[S_FLIGHT]	= NOT(V_FES4) | NOT(V_FES6),
	[S_WINDOW]	= NOT(V_FES6),
	[S_CLOSING]	= ~(NOT(V_WAITED) | NOT(V_LEFT)),
};

void count(const struct rec *rec)
{
	if (!rec->changed) {
		__atomic_add_fetch(&shared->plain, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_add_fetch(&shared->changed, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->cells[rec->kind][rec->state][rec->verdict], 1, __ATOMIC_RELAXED);
}

static uint64_t sum(int kind, int state, int verdict)
{
	uint64_t n = 0;
	int k, s, v;

	for (k = 0; k < KINDS; k++)
		for (s = 0; s < STATES; s++)
			for (v = 0; v < VERDICTS; v++)
				if ((kind < 0 || k == kind) && (state < 0 || s == state) &&
				    (verdict < 0 || v == verdict))
					n += shared->cells[k][s][v];
	return n;
}

/* One cell; false if it is empty and need not be. */
static bool cell(uint64_t n, bool reachable)
{
	if (n || reachable)
		printf(" %9llu", (unsigned long long)n);
	else
		printf(" %9s", "-");
	return n || !reachable;
}

static unsigned int kinds_by_state(void)
{
	unsigned int k, s, empty = 0;

	printf("# %-11s", "");
	for (s = 0; s < STATES; s++)
		printf(" %9s", states[s]);
	for (k = 0; k < KINDS; k++) {
		printf("\n# %-11s", kinds[k]);
		for (s = 0; s < STATES; s++)
			empty += !cell(sum(k, s, -1), true);
	}
	printf("\n#\n");
	return empty;
}

static unsigned int verdicts_of(const char * const *names, unsigned int rows, bool by_state)
{
	unsigned int i, v, empty = 0;

	printf("# %-11s", "");
	for (v = 0; v < VERDICTS; v++)
		printf(" %9s", verdicts[v]);
	for (i = 0; i < rows; i++) {
		printf("\n# %-11s", names[i]);
		for (v = 0; v < VERDICTS; v++)
			empty += !cell(by_state ? sum(-1, i, v) : sum(i, -1, v),
				       by_state && !(not_wanted[i] & NOT(v)));
	}
	printf("\n#\n");
	return empty;
}

/* False: a cell is empty, or too few PDUs met I/O in flight. */
bool print_table(void)
{
	uint64_t live = sum(-1, S_FLIGHT, -1) + sum(-1, S_WINDOW, -1);
	unsigned int empty = kinds_by_state();
	bool good = live * 3 >= shared->changed;

	empty += verdicts_of(states, STATES, true);
	verdicts_of(kinds, KINDS, false);
	printf("# %llu of %llu changed PDUs met I/O in flight%s\n", (unsigned long long)live,
	       (unsigned long long)shared->changed, good ? "" : ", which is less than a third");
	if (empty)
		printf("# %u cells that can be reached are empty\n", empty);
	if (shared->changed < CHANGED_MOST)
		return good;
	if (empty && shared->changed < CHANGED_ALL)
		printf("# of fewer than %u PDUs %u may be\n", CHANGED_ALL, EMPTY_MAX);
	return good && empty <= (shared->changed < CHANGED_ALL ? EMPTY_MAX : 0);
}
