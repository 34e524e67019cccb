// SPDX-License-Identifier: GPL-2.0
/*
 * A bare NVMe/TCP host in a program: as many controllers, queues and namespaces
 * as wanted, which the kernel's host limits by its CPUs, and little work of its
 * own. Reads, or writes with -w, of BYTES; in rounds: DEPTH commands on each queue,
 * then their completions. Prints one line of JSON.
 *
 *   raw -a PORT [-N NQN] [-c CONTROLLERS] [-k QUEUES] [-Q SIZE] [-q DEPTH] [-b BYTES] [-w]
 *       [-B BLOCK] [-s NAMESPACES] [-f FIRST] [-n IOS] [-m] [-g] [-G] [-R]
 *   -g, -G	header digests, data digests; those of the target are not looked at
 *   -R		no in-capsule data, the target asks for all
 *   -i		connect, say "ready", and stay until standard input ends
 *   -r TIMES	connect and disconnect all, so often
 *   -e		no NVMe: the same bytes to and from nvmft-echo.ko
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "mark.h"
#include "raw.h"

#define INLINE_MAX	8192U
#define RX_BUF		(256U << 10)

struct queue {
	int fd;
	unsigned int pending;	/* commands that have not completed */
	uint32_t skip;		/* bytes of a PDU that are still to come */
	uint32_t have;		/* bytes of a header in hdr */
	uint8_t hdr[24];
};

static struct {
	unsigned int port, controllers, queues, size, depth, bytes, block, namespaces, first, ios,
		     times;
	bool write, mark, idle, echo, header_digest, data_digest, r2t;
	const char *nqn;
} opt = { .controllers = 1, .queues = 1, .size = 128, .depth = 1, .bytes = 4096,
	  .block = 4096, .namespaces = 1, .first = 1, .ios = 1000 };

static struct queue *admins, *queues;
static uint8_t *rx_buf, *data;
static uint64_t lba;

static void fail(const char *what)
{
	fprintf(stderr, "raw: %s: %s\n", what, errno ? strerror(errno) : "unexpected answer");
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void send_all(struct queue *q, const void *buf, size_t len, int flags)
{
	while (len) {
		ssize_t n = send(q->fd, buf, len, flags);

		if (n <= 0)
			fail("send");
		buf = (const char *)buf + n;
		len -= n;
	}
}

__attribute__((target("sse4.2")))
static uint32_t crc32c(const uint8_t *p, size_t len)
{
	uint64_t crc = ~0U, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		crc = __builtin_ia32_crc32di(crc, word);
	}
	while (len--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return htole32(~(uint32_t)crc);
}

/* What is written is the same all the time. */
static uint32_t payload_digest(const uint8_t *payload, uint32_t len)
{
	static uint32_t known_len, known;

	if (payload != data)
		return crc32c(payload, len);
	if (known_len != len) {
		known = crc32c(data, len);
		known_len = len;
	}
	return known;
}

/* A header, whose lengths are filled in here, and LEN bytes of data behind it */
static void send_pdu(struct queue *q, void *pdu, const void *payload, uint32_t len, int flags)
{
	uint8_t head[sizeof(struct raw_cmd) + 4];
	bool digest = len && opt.data_digest;
	struct raw_ch *ch = pdu;
	uint32_t hlen = ch->hlen, crc;

	ch->pdo = len ? hlen + 4 * opt.header_digest : 0;
	ch->plen = htole32(hlen + 4 * opt.header_digest + len + 4 * digest);
	ch->flags |= opt.header_digest | digest << 1;
	memcpy(head, pdu, hlen);
	if (opt.header_digest) {
		crc = crc32c(head, hlen);
		memcpy(head + hlen, &crc, 4);
		hlen += 4;
	}
	send_all(q, head, hlen, len ? MSG_MORE : flags);
	if (!len)
		return;
	send_all(q, payload, len, digest ? MSG_MORE : flags);
	if (digest) {
		crc = payload_digest(payload, len);
		send_all(q, &crc, 4, flags);
	}
}

static void recv_all(struct queue *q, void *buf, size_t len)
{
	errno = 0;
	if (recv(q->fd, buf, len, MSG_WAITALL) != (ssize_t)len)
		fail("receive");
}

static void open_socket(struct queue *q)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(opt.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	memset(q, 0, sizeof(*q));
	q->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (q->fd < 0 || setsockopt(q->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    connect(q->fd, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
}

/* Send a command with LEN bytes of data in its capsule and wait for it. */
static uint64_t execute(struct queue *q, struct raw_cmd *cmd, const void *payload, uint32_t len)
{
	struct raw_rsp rsp;
	uint32_t digest;

	cmd->ch = (struct raw_ch){ .type = RAW_CMD, .hlen = sizeof(*cmd) };
	cmd->flags = 0x40;
	cmd->sgl_len = htole32(len);
	cmd->sgl_type = len ? RAW_SGL_INLINE : RAW_SGL_TRANSPORT;
	send_pdu(q, cmd, payload, len, 0);
	recv_all(q, &rsp, sizeof(rsp));
	if (opt.header_digest)
		recv_all(q, &digest, sizeof(digest));
	errno = 0;
	if (rsp.ch.type != RAW_RSP || le16toh(rsp.status) >> 1) {
		fprintf(stderr, "raw: opcode %#x: PDU type %u, status %#x\n", cmd->opcode, rsp.ch.type,
			le16toh(rsp.status) >> 1);
		exit(1);
	}
	return le64toh(rsp.result);
}

static uint16_t connect_queue(struct queue *q, uint16_t cntlid, uint16_t qid)
{
	struct raw_ic ic = { .ch = { .type = RAW_ICREQ, .hlen = sizeof(ic), .plen = htole32(sizeof(ic)) },
			     .digests = opt.header_digest | opt.data_digest << 1 };
	struct raw_cmd cmd = { .opcode = 0x7f, .nsid = htole32(1) };
	struct raw_connect conn = { .cntlid = htole16(cntlid) };

	open_socket(q);
	send_all(q, &ic, sizeof(ic), 0);
	recv_all(q, &ic, sizeof(ic));
	if (ic.ch.type != RAW_ICRESP || ic.digests != (opt.header_digest | opt.data_digest << 1))
		fail("ICResp");
	cmd.cdw10 = htole32((uint32_t)qid << 16);
	cmd.cdw11 = htole32((qid ? opt.size : 32) - 1);
	memset(conn.hostid, 0x6e, sizeof(conn.hostid));
	snprintf(conn.subnqn, sizeof(conn.subnqn), "%s", opt.nqn);
	snprintf(conn.hostnqn, sizeof(conn.hostnqn), "nqn.2026-01.com.example:raw");
	return execute(q, &cmd, &conn, sizeof(conn));
}

static void connect_controller(struct queue *admin, struct queue *q)
{
	struct raw_cmd enable = { .opcode = 0x7f, .cdw11 = htole32(0x14), .cdw12 = htole32(0x460001) };
	struct raw_cmd ready = { .opcode = 0x7f, .nsid = htole32(4), .cdw11 = htole32(0x1c) };
	struct raw_cmd number = { .opcode = 0x09, .cdw10 = htole32(0x07),
				  .cdw11 = htole32((opt.queues - 1) * 0x10001) };
	uint16_t cntlid = connect_queue(admin, 0xffff, 0);
	unsigned int i;

	execute(admin, &enable, NULL, 0);
	while (!(execute(admin, &ready, NULL, 0) & 1))
		usleep(1000);
	execute(admin, &number, NULL, 0);
	for (i = 0; i < opt.queues; i++)
		connect_queue(&q[i], cntlid, i + 1);
}

/* The echo server is told how long requests and replies are. */
static void connect_echo(struct queue *q)
{
	uint32_t sizes[2] = { htole32(72 + opt.write * opt.bytes),
			      htole32(24 + !opt.write * opt.bytes) };

	open_socket(q);
	send_all(q, sizes, sizeof(sizes), 0);
}

static void connect_all(void)
{
	unsigned int i;

	if (opt.echo)
		for (i = 0; i < opt.controllers * opt.queues; i++)
			connect_echo(&queues[i]);
	else
		for (i = 0; i < opt.controllers; i++)
			connect_controller(&admins[i], &queues[i * opt.queues]);
}

static void disconnect_all(void)
{
	unsigned int i;

	for (i = 0; i < opt.controllers * opt.queues; i++)
		close(queues[i].fd);
	for (i = 0; i < opt.controllers && !opt.echo; i++)
		close(admins[i].fd);
}

static void submit(struct queue *q, uint16_t id, int flags)
{
	bool in_capsule = opt.write && (opt.echo || (opt.bytes <= INLINE_MAX && !opt.r2t));
	uint32_t blocks = opt.bytes / opt.block;
	struct raw_cmd cmd = {
		.ch = { .type = RAW_CMD, .hlen = sizeof(cmd) },
		.opcode = opt.write ? 0x01 : 0x02, .flags = 0x40, .id = htole16(id),
		.nsid = htole32(lba % opt.namespaces + opt.first), .sgl_len = htole32(opt.bytes),
		.sgl_type = in_capsule ? RAW_SGL_INLINE : RAW_SGL_TRANSPORT,
		/* within the first 16 MiB */
		.cdw10 = htole32(lba * blocks % ((16 << 20) / opt.block)), .cdw12 = htole32(blocks - 1),
	};

	lba++;
	q->pending++;
	send_pdu(q, &cmd, data, in_capsule ? opt.bytes : 0, flags);
}

static void answer_r2t(struct queue *q, const struct raw_data *r2t)
{
	struct raw_data h2c = *r2t;

	h2c.ch = (struct raw_ch){ .type = RAW_H2C, .flags = 0x04, .hlen = sizeof(h2c) };
	send_pdu(q, &h2c, data, le32toh(r2t->len), 0);
}

/* A header is whole: what it completes, and how much follows. */
static void take_header(struct queue *q)
{
	const struct raw_rsp *rsp = (const void *)q->hdr;

	q->have = 0;
	q->skip = le32toh(rsp->ch.plen) - sizeof(q->hdr);
	errno = 0;
	if (rsp->ch.type == RAW_C2H) {
		q->pending -= !!(rsp->ch.flags & 0x08);
	} else if (rsp->ch.type == RAW_R2T) {
		answer_r2t(q, (const void *)q->hdr);
	} else if (rsp->ch.type == RAW_RSP && !(le16toh(rsp->status) >> 1)) {
		q->pending--;
	} else {
		fprintf(stderr, "raw: PDU type %u, status %#x\n", rsp->ch.type, le16toh(rsp->status) >> 1);
		exit(1);
	}
}

static void take(struct queue *q, const uint8_t *buf, uint32_t len)
{
	uint32_t n;

	for (; len; buf += n, len -= n) {
		if (q->skip) {
			n = q->skip < len ? q->skip : len;
			q->skip -= n;
			continue;
		}
		n = sizeof(q->hdr) - q->have;
		n = n < len ? n : len;
		memcpy(q->hdr + q->have, buf, n);
		q->have += n;
		if (q->have == sizeof(q->hdr))
			take_header(q);
	}
}

static void take_echo(struct queue *q, uint32_t len)
{
	uint32_t reply = 24 + !opt.write * opt.bytes;

	q->have += len;
	q->pending -= q->have / reply;
	q->have %= reply;
}

static void complete(struct queue *q)
{
	while (q->pending || q->skip) {
		ssize_t n = recv(q->fd, rx_buf, RX_BUF, 0);

		if (n <= 0)
			fail("receive");
		if (opt.echo)
			take_echo(q, n);
		else
			take(q, rx_buf, n);
	}
}

/* DEPTH commands on every queue */
static unsigned int burst(void)
{
	unsigned int all = opt.controllers * opt.queues, i, k;

	for (i = 0; i < all; i++)
		for (k = 0; k < opt.depth; k++)
			submit(&queues[i], k, k + 1 < opt.depth ? MSG_MORE : 0);
	for (i = 0; i < all; i++)
		complete(&queues[i]);
	return all * opt.depth;
}

static void report(unsigned int done, uint64_t start)
{
	if (opt.mark)
		MARK(MARK_STOP);
	printf("{\"ios\": %u, \"ns\": %llu}\n", done, (unsigned long long)(now() - start));
}

static void run(void)
{
	unsigned int done = 0;
	uint64_t start;

	connect_all();
	while (done < opt.ios / 8)
		done += burst();
	burst();
	start = now();
	if (opt.mark)
		MARK(MARK_START);
	for (done = 0; done < opt.ios;)
		done += burst();
	report(done, start);
}

static void reconnect(void)
{
	uint64_t start;
	unsigned int i;

	connect_all();
	disconnect_all();
	start = now();
	if (opt.mark)
		MARK(MARK_START);
	for (i = 0; i < opt.times; i++) {
		connect_all();
		disconnect_all();
	}
	report(opt.times, start);
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || !n || n > 1 << 30) {
		fprintf(stderr, "raw: %s: not a number in range\n", text);
		exit(2);
	}
	return n;
}

static void options(int argc, char **argv)
{
	static unsigned int *const numbers[128] = {
		['a'] = &opt.port, ['c'] = &opt.controllers, ['k'] = &opt.queues, ['Q'] = &opt.size,
		['q'] = &opt.depth, ['b'] = &opt.bytes, ['B'] = &opt.block, ['s'] = &opt.namespaces,
		['f'] = &opt.first, ['n'] = &opt.ios, ['r'] = &opt.times,
	};
	static bool *const flags[128] = {
		['w'] = &opt.write, ['m'] = &opt.mark, ['i'] = &opt.idle, ['e'] = &opt.echo,
		['g'] = &opt.header_digest, ['G'] = &opt.data_digest, ['R'] = &opt.r2t,
	};
	int c;

	while ((c = getopt(argc, argv, "a:N:c:k:Q:q:b:B:ws:f:n:mir:egGR")) != -1) {
		if (c == '?')
			exit(2);
		if (c == 'N')
			opt.nqn = optarg;
		else if (flags[c])
			*flags[c] = true;
		else
			*numbers[c] = number(optarg);
	}
	if (!opt.port || (!opt.nqn && !opt.echo) || opt.bytes % opt.block) {
		fprintf(stderr, "raw: no port, no NQN, or not whole blocks\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	char byte;

	options(argc, argv);
	setrlimit(RLIMIT_NOFILE, &files);
	admins = calloc(opt.controllers, sizeof(*admins));
	queues = calloc((size_t)opt.controllers * opt.queues, sizeof(*queues));
	rx_buf = malloc(RX_BUF);
	data = malloc(opt.bytes);
	if (!admins || !queues || !rx_buf || !data)
		fail("memory");
	memset(rx_buf, 0, RX_BUF);
	memset(data, 0x5a, opt.bytes);
	if (opt.mark)
		MARK(MARK_HOST);
	if (opt.times) {
		reconnect();
	} else if (opt.idle) {
		connect_all();
		puts("ready");
		fflush(stdout);
		while (read(0, &byte, 1) > 0)
			;
	} else {
		run();
	}
	return 0;
}
