// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzing of the loaded target: a host that sends NVMe/TCP as it ought to be, but
 * for fields, lengths, digests, order, PDUs that come twice, half, on the wrong
 * queue or after the end. It knows from its own account of the stream when an
 * answer is due, and reports
 *
 *   - a connection that is neither answered nor ended in time,
 *   - a PDU, or a completion, that nobody asked for,
 *   - a host that is not let in or served, an innocent one beside it whose data
 *     has changed,
 *
 * each with the number of the case, which --case repeats. In the end it prints how
 * many changed PDUs came to which state of a connection and what became of them,
 * and fails where a cell that can be reached is empty.
 *
 * Other modes are other hosts: --cuts cuts every PDU at every byte; --cycles N connects and
 * disconnects; --idle N keeps N I/O queues that do nothing until standard input ends;
 * --storm N reads the discovery log page on N controllers at once; --killed N kills N
 * hosts while they write, and looks at what they had written.
 *
 * The subsystem has namespace 1 for the host nqn.2026-01.test.kfuzz:witness alone,
 * 2 without and 3 with some milliseconds of latency, of 16 MiB in 512-byte blocks.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "kfuzz.h"

/* Cases between two looks at whether an ordinary host is served */
#define BATCH		50
#define FINDINGS_MAX	10

enum { MODE_CUTS = 256, MODE_CYCLES, MODE_IDLE, MODE_STORM, MODE_KILLED };

struct options opt = { .port = 4420, .seed = 1, .workers = 4, .seconds = 60, .factor = 1, .count = ~0ULL };
struct shared *shared;
uint64_t this_case;

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static void say(const char *mark, const char *fmt, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, args);
	dprintf(1, "# %s%s\n", mark, text);
}

void finding(const char *fmt, ...)
{
	char mark[80];
	va_list args;

	snprintf(mark, sizeof(mark), "FOUND seed %u case %llu: ", opt.seed, (unsigned long long)this_case);
	va_start(args, fmt);
	say(mark, fmt, args);
	va_end(args);
	if (__atomic_add_fetch(&shared->findings, 1, __ATOMIC_RELAXED) >= FINDINGS_MAX)
		__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
}

void loud(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
}

/* An ordinary host connects and reads. */
static void serves(unsigned int worker)
{
	static struct host h;
	struct raw_cmd cmd = {};

	h = (struct host){ .id = 0x40 + worker };
	snprintf(h.nqn, sizeof(h.nqn), "nqn.2026-01.test.kfuzz:ordinary-%u", worker);
	io_command(&cmd, OP_READ, NS_FAST, 0, 4096);
	if (!host_up(&h, 1) || !conn_execute(&h.io[0], &cmd, NULL, 0))
		finding("an ordinary host is not served");
	host_down(&h);
	__atomic_add_fetch(&shared->serves, 1, __ATOMIC_RELAXED);
}

static void work(unsigned int worker, uint64_t end)
{
	unsigned int n = 0;

	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED) && now_ms() < end &&
	       __atomic_load_n(&shared->changed, __ATOMIC_RELAXED) < opt.count) {
		this_case = __atomic_fetch_add(&shared->next_case, 1, __ATOMIC_RELAXED);
		run_case(this_case, worker);
		__atomic_add_fetch(&shared->cases, 1, __ATOMIC_RELAXED);
		if (++n % BATCH == 0)
			serves(worker);
	}
	serves(worker);
}

static pid_t start(void (*what)(unsigned int, uint64_t), unsigned int worker, uint64_t end)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (pid)
		return pid;
	what(worker, end);
	exit(0);
}

static void innocent(unsigned int worker, uint64_t end)
{
	(void)worker;
	(void)end;
	witness();
}

/* True: it ended by itself. */
static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

static bool run_all(void)
{
	uint64_t begin = now_ms(), end = begin + 1000ULL * opt.seconds;
	pid_t beside = start(innocent, 0, end), *pids = calloc(opt.workers, sizeof(*pids));
	bool good = true;
	unsigned int i;

	for (i = 0; i < opt.workers; i++)
		pids[i] = start(work, i, end);
	for (i = 0; i < opt.workers; i++)
		good &= ended_well(pids[i]);
	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
	good &= ended_well(beside);
	free(pids);
	if (!good)
		printf("# a process of the fuzzer died\n");
	good &= print_table();
	printf("# seed %u: %llu cases, %llu PDUs changed among %llu others, %llu ordinary hosts served, %llu I/Os of the innocent one, %llu findings, %llu s\n",
	       opt.seed, (unsigned long long)shared->cases, (unsigned long long)shared->changed,
	       (unsigned long long)shared->plain, (unsigned long long)shared->serves,
	       (unsigned long long)shared->witness_ios, (unsigned long long)shared->findings,
	       (unsigned long long)(now_ms() - begin) / 1000);
	return good && !shared->findings;
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 0);

	if (*end || *text == '-' || !*text || n > max) {
		fprintf(stderr, "kfuzz: %s: not a number up to %llu\n", text, (unsigned long long)max);
		exit(2);
	}
	return n;
}

static const struct option options[] = {
	{ "port", required_argument, NULL, 'p' }, { "nqn", required_argument, NULL, 'n' },
	{ "seed", required_argument, NULL, 's' }, { "case", required_argument, NULL, 'k' },
	{ "count", required_argument, NULL, 'c' }, { "seconds", required_argument, NULL, 't' },
	{ "workers", required_argument, NULL, 'j' }, { "factor", required_argument, NULL, 'x' },
	{ "cuts", no_argument, NULL, MODE_CUTS }, { "cycles", required_argument, NULL, MODE_CYCLES },
	{ "idle", required_argument, NULL, MODE_IDLE }, { "storm", required_argument, NULL, MODE_STORM },
	{ "killed", required_argument, NULL, MODE_KILLED },
	{}
};

static void option(int c)
{
	static unsigned int *const numbers[128] = {
		['p'] = &opt.port, ['s'] = &opt.seed, ['t'] = &opt.seconds, ['j'] = &opt.workers,
		['x'] = &opt.factor,
	};

	if (c == '?')
		exit(2);
	if (c >= MODE_CUTS) {
		opt.mode = c;
		opt.times = optarg ? number(optarg, 100000) : 1;
	} else if (c == 'n') {
		opt.nqn = optarg;
	} else if (c == 'c') {
		opt.count = number(optarg, UINT64_MAX);
	} else if (c == 'k') {
		opt.only = number(optarg, UINT64_MAX);
		opt.one = true;
	} else {
		*numbers[c] = number(optarg, UINT32_MAX);
	}
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		option(c);
	if (!opt.nqn || optind < argc || !opt.workers || opt.workers > 32 || !opt.factor) {
		fprintf(stderr, "kfuzz: --nqn NQN [--port N] [--seed N] [--case N] [--count PDUS] [--seconds N] [--workers 1..32] [--factor N]\n");
		exit(2);
	}
}

static bool run_mode(void)
{
	switch (opt.mode) {
	case MODE_CUTS:
		cuts();
		break;
	case MODE_CYCLES:
		cycles(opt.times);
		break;
	case MODE_IDLE:
		idle(opt.times);
		break;
	case MODE_STORM:
		storm(opt.times);
		break;
	case MODE_KILLED:
		killed(opt.times);
	}
	return !shared->findings;
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	if (opt.one) {
		opt.loud = true;
		this_case = opt.only;
		run_case(opt.only, 0);
		serves(0);
		return shared->findings ? 1 : 0;
	}
	return (opt.mode ? run_mode() : run_all()) ? 0 : 1;
}
