// SPDX-License-Identifier: GPL-2.0
/* Runs every suite: one process per case, so that a crash is one "not ok". */
#include <kunit/test.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct kunit_suite *suites, **tail = &suites;

void shim_add(struct kunit_suite *suite)
{
	*tail = suite;
	tail = &suite->next;
}

void shim_fail(struct kunit *test, bool stop, const char *file, int line, const char *expr,
	       u64 left, u64 right, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: [%s] %s (0x%llx, 0x%llx): ", file, line, test->desc, expr, left, right);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	test->failed = 1;
	if (stop)
		exit(1);
}

static void run(struct kunit_case *c)
{
	struct kunit test = { 0 };

	alarm(300);
	do {
		if (c->generate_params)
			test.param_value = c->generate_params(test.param_value, test.desc);
		if (!c->generate_params || test.param_value)
			c->run_case(&test);
	} while (test.param_value);
	exit(test.failed);
}

int main(void)
{
	int n = 0, bad = 0, status;
	struct kunit_suite *s;
	struct kunit_case *c;

	for (s = suites; s; s = s->next)
		for (c = s->test_cases; c->run_case; c++)
			n++;
	printf("KTAP version 1\n1..%d\n", n);
	for (n = 0, s = suites; s; s = s->next) {
		for (c = s->test_cases; c->run_case; c++) {
			fflush(stdout);
			if (!fork())
				run(c);
			if (wait(&status) < 0)
				return 2;
			bad += !!status;
			printf("%sok %d - %s.%s\n", status ? "not " : "", ++n, s->name, c->name);
		}
	}
	return bad || !n;
}
