// SPDX-License-Identifier: GPL-2.0
/*
 * The innocent host: it writes and reads back blocks of a namespace that is kept
 * for it alone, on a controller of its own, for as long as the fuzzing goes on.
 */
#include <endian.h>
#include <string.h>
#include <unistd.h>
#include "kfuzz.h"

#define BLOCKS	64U
#define BYTES	4096U

static uint32_t versions[BLOCKS];
static uint8_t got[BYTES];

static struct rng content(uint32_t block)
{
	return (struct rng){ .s = (uint64_t)versions[block] << 32 | block };
}

static bool put_block(struct conn *c, uint32_t block)
{
	struct raw_cmd cmd = {};
	struct rng fill;

	versions[block]++;
	fill = content(block);
	io_command(&cmd, OP_WRITE, NS_WITNESS, block * (BYTES / 512), BYTES);
	return conn_execute(c, &cmd, &fill, BYTES);
}

static bool check_block(struct conn *c, uint32_t block)
{
	struct raw_cmd cmd = {};
	struct rng fill = content(block);
	uint32_t i;

	memset(got, 0, sizeof(got));
	c->sink = got;
	c->sink_len = sizeof(got);
	io_command(&cmd, OP_READ, NS_WITNESS, block * (BYTES / 512), BYTES);
	if (!conn_execute(c, &cmd, NULL, 0))
		return false;
	for (i = 0; i < BYTES; i += 8) {
		uint64_t word = rnd(&fill);

		if (memcmp(got + i, &word, sizeof(word))) {
			finding("block %u of the innocent host has changed at byte %u", block, i);
			return true;
		}
	}
	return true;
}

static bool one(struct host *h, struct rng *r)
{
	uint32_t block = below(r, BLOCKS);

	__atomic_add_fetch(&shared->witness_ios, 1, __ATOMIC_RELAXED);
	return percent(r, 30) ? put_block(&h->io[0], block) : check_block(&h->io[0], block);
}

void witness(void)
{
	static struct host h = { .id = 0x77, .nqn = "nqn.2026-01.test.kfuzz:witness" };
	struct rng r = { .s = opt.seed };
	bool served = host_up(&h, 1);
	uint32_t i;

	for (i = 0; served && i < BLOCKS; i++)
		served = put_block(&h.io[0], i);
	while (served && !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		served = one(&h, &r);
		usleep(5000 * opt.factor);
	}
	for (i = 0; served && i < BLOCKS; i++)
		served = check_block(&h.io[0], i);
	if (!served)
		finding("the innocent host is not served");
	host_down(&h);
}
