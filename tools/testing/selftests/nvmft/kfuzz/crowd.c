// SPDX-License-Identifier: GPL-2.0
/* Hosts in great numbers: they come and go, stay and do nothing, ask who is there, or die. */
#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kfuzz.h"

#define DISCOVERY	"nqn.2014-08.org.nvmexpress.discovery"
#define BLOCKS		32U
#define BYTES		4096U

static struct host *hosts_new(unsigned int n)
{
	struct rlimit files = { 65536, 65536 };
	struct host *hosts = calloc(n, sizeof(*hosts));
	unsigned int i;

	setrlimit(RLIMIT_NOFILE, &files);
	if (!hosts) {
		perror("memory");
		exit(2);
	}
	for (i = 0; i < n; i++) {
		hosts[i].id = 0x1000 + i;
		snprintf(hosts[i].nqn, sizeof(hosts[i].nqn), "nqn.2026-01.test.kfuzz:crowd-%u", i);
	}
	return hosts;
}

/* Connect, read, and leave in each of three ways, N times. */
void cycles(unsigned int n)
{
	struct host *h = hosts_new(1);
	uint64_t begin = now_ms();
	unsigned int i, k;

	for (i = 0; i < n && !shared->stop; i++) {
		struct raw_cmd cmd = {};

		h->hdgst = h->ddgst = i % 2;
		io_command(&cmd, OP_READ, NS_FAST, 0, BYTES);
		if (!host_up(h, 2) || !conn_execute(&h->io[i % 2], &cmd, NULL, 0))
			finding("cycle %u: the host is not served", i);
		for (k = 0; k < 3; k++)
			conn_end(k == i % 3 ? &h->admin : &h->io[(k + i) % 2], (i / 3) % 3);
		conn_end(&h->io[0], 0);
		conn_end(&h->io[1], 0);
	}
	printf("# %u cycles in %llu ms\n", i, (unsigned long long)(now_ms() - begin));
	free(h);
}

/* N I/O queues and their admin queues, until standard input ends */
void idle(unsigned int n)
{
	struct host *hosts = hosts_new((n + 1) / 2);
	uint64_t begin = now_ms();
	unsigned int i;
	char byte;

	for (i = 0; i < (n + 1) / 2; i++)
		if (!host_up(&hosts[i], 2)) {
			finding("host %u is not let in", i);
			break;
		}
	printf("ready after %llu ms\n", (unsigned long long)(now_ms() - begin));
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	/* The processes of hosts that have ended have no last words either. */
}

/* N discovery controllers at a time, each of which reads its log page as hosts do. */
void storm(unsigned int n)
{
	struct host *hosts = hosts_new(n);
	static const uint16_t lens[] = { 16, 1024, 4096 };
	uint64_t begin = now_ms();
	unsigned int i, k;

	opt.nqn = DISCOVERY;
	for (i = 0; i < n; i++)
		if (!host_connect(&hosts[i], &hosts[i].admin, 0) || !host_enable(&hosts[i], 0)) {
			finding("discovery controller %u is not let in, status %#x", i, hosts[i].admin.status);
			n = i;
		}
	for (k = 0; k < 3; k++)
		for (i = 0; i < n; i++) {
			struct raw_cmd cmd = { .opcode = 0x02, .sgl_len = htole32(lens[k]),
					       .cdw10 = htole32(0x70 | (lens[k] / 4 - 1) << 16) };

			if (!conn_execute(&hosts[i].admin, &cmd, NULL, 0))
				finding("discovery controller %u: no log page, status %#x", i,
					hosts[i].admin.status);
		}
	printf("# %u discovery controllers, %u log pages in %llu ms\n", n, 3 * n,
	       (unsigned long long)(now_ms() - begin));
	for (i = 0; i < n; i++)
		conn_end(&hosts[i].admin, 0);
	free(hosts);
}

/* -- hosts that are killed while they write -- */

/* By block: the version last sent and the one last acknowledged; shared with the writer */
struct ledger {
	uint32_t sent[BLOCKS], acked[BLOCKS];
};

static uint64_t word_of(uint32_t block, uint32_t version)
{
	struct rng r = { .s = (uint64_t)version << 32 | block };

	return rnd(&r);
}

static void write_on(struct ledger *ledger, struct host *h, struct rng *r)
{
	static struct pdu p;
	struct conn *c = &h->io[0];

	for (;;) {
		uint32_t block = below(r, BLOCKS), version = ledger->sent[block] + 1, i;
		struct raw_cmd cmd = { .id = ++c->cid };
		uint64_t word = word_of(block, version);

		io_command(&cmd, OP_WRITE, NS_FAST, block * (BYTES / 512), BYTES);
		pdu_command(c, &p, &cmd, BYTES, NULL);
		for (i = 0; i < BYTES; i += 8)
			memcpy(p.buf + sizeof(cmd) + (c->hdgst ? 4 : 0) + i, &word, sizeof(word));
		pdu_digests(c, &p);
		p.changed = false;
		__atomic_store_n(&ledger->sent[block], version, __ATOMIC_SEQ_CST);
		conn_send(c, &p, S_IOQ);
		conn_settle(c);
		if (conn_over(c))
			exit(1);
		__atomic_store_n(&ledger->acked[block], version, __ATOMIC_SEQ_CST);
	}
}

/* A block holds one version as a whole, no older one than was acknowledged. */
static void check_ledger(const struct ledger *ledger, struct host *h)
{
	static uint64_t got[BYTES / 8];
	struct conn *c = &h->io[0];
	uint32_t block, i, version;

	c->sink = (uint8_t *)got;
	c->sink_len = sizeof(got);
	for (block = 0; block < BLOCKS; block++) {
		struct raw_cmd cmd = {};

		if (!ledger->sent[block])
			continue;
		io_command(&cmd, OP_READ, NS_FAST, block * (BYTES / 512), BYTES);
		if (!conn_execute(c, &cmd, NULL, 0)) {
			finding("block %u cannot be read", block);
			return;
		}
		for (i = 1; i < BYTES / 8 && got[i] == got[0];)
			i++;
		for (version = ledger->acked[block]; version <= ledger->sent[block];) {
			if (!version || got[0] == word_of(block, version))
				break;
			version++;
		}
		if (i < BYTES / 8 || version > ledger->sent[block])
			finding("block %u: torn, or not the version %u that was acknowledged", block,
				ledger->acked[block]);
	}
}

/* N hosts, one after the other, each killed by SIGKILL in the midst of its writes */
void killed(unsigned int n)
{
	struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct host *h = hosts_new(1);
	struct rng r = { .s = opt.seed };
	uint64_t writes = 0;
	unsigned int i, k;

	for (i = 0; i < n && !shared->stop; i++) {
		pid_t pid;

		h->hdgst = h->ddgst = i % 2;
		if (!host_up(h, 1)) {
			finding("host %u is not let in", i);
			break;
		}
		check_ledger(ledger, h);
		pid = fork();
		if (!pid)
			write_on(ledger, h, &r);
		/* The host is that process alone. */
		close(h->io[0].fd);
		close(h->admin.fd);
		usleep((20000 + below(&r, 30000)) * opt.factor);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		memset(h->io, 0, sizeof(h->io));
	}
	for (k = 0; k < BLOCKS; k++)
		writes += ledger->acked[k];
	printf("# %u hosts killed, %llu writes acknowledged\n", i, (unsigned long long)writes);
	if (!writes)
		finding("no host came to write");
}
