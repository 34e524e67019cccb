// SPDX-License-Identifier: GPL-2.0
/*
 * A small load generator: the kernel's AIO, direct I/O, and nothing else in the
 * loop, so that what is measured is the way of an I/O and not the generator.
 * Prints one line of JSON.
 *
 *   load [-w PERCENT] [-s] [-b BYTES] [-q DEPTH] [-n IOS] [-j THREADS] [-m] DISK...
 *   load -S		tell count.c to read its roots
 *
 * -w writes in percent, -s sequential, -m marks the measured part for count.c. Each
 * thread stays on one CPU and one disk, of which there may be several, and does IOS,
 * DEPTH at a time, after as many to warm up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "mark.h"

#define EVENTS		64
#define MAX_THREADS	16

struct thread {
	pthread_t id;
	unsigned int number, done;
	uint64_t disk_blocks;
	int disk;
	aio_context_t ctx;
	struct iocb *iocbs;
	uint64_t *started;	/* by slot */
	uint64_t *latency;	/* of every measured I/O */
	uint64_t seed, next;
};

static struct {
	unsigned int writes, bytes, depth, ios, threads;
	bool sequential, mark;
} opt = { .bytes = 4096, .depth = 1, .ios = 1000, .threads = 1 };

static struct thread threads[MAX_THREADS];
static pthread_barrier_t warm, over;
static uint64_t began, ended;

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t chance(struct thread *t)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return t->seed;
}

static void submit(struct thread *t, struct iocb *cb)
{
	uint64_t block = opt.sequential ? t->next++ : chance(t);

	cb->aio_offset = block % t->disk_blocks * opt.bytes;
	cb->aio_lio_opcode = opt.writes && chance(t) % 100 < opt.writes ?
			     IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	t->started[cb - t->iocbs] = now();
	if (syscall(SYS_io_submit, t->ctx, 1, &cb) != 1)
		fail("io_submit");
}

/* Take what is done; the latencies of the measured part are kept. */
static unsigned int reap(struct thread *t, struct iocb **done, uint64_t *kept)
{
	struct io_event events[EVENTS];
	long n = syscall(SYS_io_getevents, t->ctx, 1, EVENTS, events, NULL);
	uint64_t end = now();
	long i;

	if (n < 1)
		fail("io_getevents");
	for (i = 0; i < n; i++) {
		done[i] = (struct iocb *)(uintptr_t)events[i].obj;
		if (events[i].res != (int64_t)opt.bytes) {
			errno = events[i].res < 0 ? -events[i].res : EIO;
			fail("I/O");
		}
		if (kept)
			kept[i] = end - t->started[done[i] - t->iocbs];
	}
	return n;
}

/* COUNT I/Os; one is submitted for each that comes back, so the depth holds. */
static unsigned int turn(struct thread *t, unsigned int count, uint64_t *kept)
{
	struct iocb *list[EVENTS];
	unsigned int done = 0, i, n;

	while (done < count) {
		n = reap(t, list, kept ? kept + done : NULL);
		done += n;
		for (i = 0; i < n; i++)
			submit(t, list[i]);
	}
	return done;
}

static void set_up(struct thread *t)
{
	size_t size = (size_t)opt.depth * opt.bytes;
	cpu_set_t cpus;
	unsigned int i;
	void *data;

	CPU_ZERO(&cpus);
	CPU_SET(t->number % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fail("CPU");
	t->seed = 88172645463325252ULL + t->number * 1000003ULL;
	t->next = t->disk_blocks / opt.threads * t->number;
	t->iocbs = calloc(opt.depth, sizeof(*t->iocbs));
	t->started = calloc(opt.depth, sizeof(*t->started));
	t->latency = malloc((opt.ios + EVENTS) * sizeof(*t->latency));
	if (!t->iocbs || !t->started || !t->latency || posix_memalign(&data, 4096, size))
		fail("memory");
	/* Touched, or faults would be measured, and not all zero. */
	memset(data, 0x5a, size);
	memset(t->latency, 0, (opt.ios + EVENTS) * sizeof(*t->latency));
	for (i = 0; i < opt.depth; i++) {
		t->iocbs[i].aio_fildes = t->disk;
		t->iocbs[i].aio_buf = (uintptr_t)data + (uintptr_t)i * opt.bytes;
		t->iocbs[i].aio_nbytes = opt.bytes;
	}
	if (syscall(SYS_io_setup, opt.depth, &t->ctx))
		fail("io_setup");
}

static void *work(void *data)
{
	struct iocb *list[EVENTS];
	struct thread *t = data;
	unsigned int i;

	set_up(t);
	if (opt.mark)
		MARK(MARK_HOST);
	for (i = 0; i < opt.depth; i++)
		submit(t, &t->iocbs[i]);
	turn(t, opt.ios, NULL);
	if (pthread_barrier_wait(&warm) == PTHREAD_BARRIER_SERIAL_THREAD) {
		began = now();
		if (opt.mark)
			MARK(MARK_START);
	}
	t->done = turn(t, opt.ios, t->latency);
	if (pthread_barrier_wait(&over) == PTHREAD_BARRIER_SERIAL_THREAD) {
		if (opt.mark)
			MARK(MARK_STOP);
		ended = now();
	}
	for (i = 0; i < opt.depth;)
		i += reap(t, list, NULL);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(void)
{
	uint64_t *all = malloc(opt.threads * (opt.ios + EVENTS) * sizeof(*all));
	unsigned int i;
	size_t n = 0;

	if (!all)
		fail("memory");
	for (i = 0; i < opt.threads; i++) {
		memcpy(all + n, threads[i].latency, threads[i].done * sizeof(*all));
		n += threads[i].done;
	}
	qsort(all, n, sizeof(*all), by_value);
	printf("{\"ios\": %zu, \"ns\": %llu, \"p50\": %llu, \"p99\": %llu}\n", n,
	       (unsigned long long)(ended - began), (unsigned long long)all[n / 2],
	       (unsigned long long)all[n * 99 / 100]);
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "w:sb:q:n:j:mS")) != -1) {
		switch (c) {
		case 'w':
			opt.writes = atoi(optarg);
			break;
		case 's':
			opt.sequential = true;
			break;
		case 'b':
			opt.bytes = atoi(optarg);
			break;
		case 'q':
			opt.depth = atoi(optarg);
			break;
		case 'n':
			opt.ios = atoi(optarg);
			break;
		case 'j':
			opt.threads = atoi(optarg);
			break;
		case 'm':
			opt.mark = true;
			break;
		case 'S':
			MARK(MARK_SETUP);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind >= argc || argc - optind > MAX_THREADS || !opt.bytes || !opt.depth || !opt.ios || !opt.threads ||
	    opt.threads > MAX_THREADS) {
		fprintf(stderr, "load: no disk, too many, or a number out of range\n");
		exit(2);
	}
}

static void open_disk(struct thread *t, const char *name)
{
	uint64_t bytes;

	t->disk = open(name, O_RDWR | O_DIRECT);
	if (t->disk < 0 || ioctl(t->disk, BLKGETSIZE64, &bytes))
		fail(name);
	t->disk_blocks = bytes / opt.bytes;
	if (!t->disk_blocks) {
		errno = ENOSPC;
		fail(name);
	}
}

int main(int argc, char **argv)
{
	unsigned int i, disks;

	options(argc, argv);
	disks = argc - optind;
	if (opt.threads < disks)
		opt.threads = disks;
	pthread_barrier_init(&warm, NULL, opt.threads);
	pthread_barrier_init(&over, NULL, opt.threads);
	for (i = 0; i < opt.threads; i++) {
		threads[i].number = i;
		open_disk(&threads[i], argv[optind + i % disks]);
	}
	for (i = 1; i < opt.threads; i++)
		if (pthread_create(&threads[i].id, NULL, work, &threads[i]))
			fail("thread");
	work(&threads[0]);
	for (i = 1; i < opt.threads; i++)
		pthread_join(threads[i].id, NULL);
	report();
	return 0;
}
