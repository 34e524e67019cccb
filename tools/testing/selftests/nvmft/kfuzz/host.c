// SPDX-License-Identifier: GPL-2.0
/* What a host does before its first I/O, as it ought to. */
#include <endian.h>
#include <string.h>
#include <unistd.h>
#include "kfuzz.h"

/* Sent as it is, and awaited. False: no success */
bool conn_execute(struct conn *c, struct raw_cmd *cmd, struct rng *fill, uint32_t len)
{
	static struct pdu p;

	p.changed = false;
	cmd->id = ++c->cid;
	pdu_command(c, &p, cmd, len, fill);
	c->status = 0xffff;
	conn_send(c, &p, S_CLOSING);
	conn_settle(c);
	return !conn_over(c) && !c->status;
}

bool host_handshake(const struct host *h, struct conn *c)
{
	static struct pdu p;

	if (!conn_open(c))
		return false;
	p.changed = false;
	pdu_icreq(&p, (h->hdgst ? 1 : 0) | (h->ddgst ? 2 : 0));
	conn_send(c, &p, S_NEW);
	conn_settle(c);
	c->hdgst = h->hdgst;
	c->ddgst = h->ddgst;
	return c->ic;
}

bool host_connect(struct host *h, struct conn *c, uint16_t qid)
{
	static struct pdu p;

	if (!host_handshake(h, c))
		return false;
	c->qid = qid;
	c->io = qid;
	p.changed = false;
	pdu_connect(c, &p, h, qid ? h->cntlid : 0xffff, ++c->cid);
	c->status = 0xffff;
	conn_send(c, &p, S_IC);
	conn_settle(c);
	if (conn_over(c) || c->status)
		return false;
	if (!qid)
		h->cntlid = c->result;
	return true;
}

bool host_enable(struct host *h, unsigned int queues)
{
	struct raw_cmd enable = { .opcode = OP_FABRICS, .cdw11 = htole32(0x14),
				  .cdw12 = htole32(0x460001) };
	struct raw_cmd ready = { .opcode = OP_FABRICS, .nsid = htole32(4), .cdw11 = htole32(0x1c) };
	struct raw_cmd number = { .opcode = 0x09, .cdw10 = htole32(0x07),
				  .cdw11 = htole32((queues - 1) * 0x10001) };

	if (!conn_execute(&h->admin, &enable, NULL, 0))
		return false;
	do {
		if (!conn_execute(&h->admin, &ready, NULL, 0))
			return false;
	} while (!(h->admin.result & 1) && !usleep(1000));
	/* Discovery controllers have none. */
	return !queues || conn_execute(&h->admin, &number, NULL, 0);
}

/* An enabled controller with one or two I/O queues; of more there are the numbers. */
bool host_up(struct host *h, unsigned int queues)
{
	unsigned int i;

	if (!host_connect(h, &h->admin, 0) || !host_enable(h, 16))
		return false;
	h->next_qid = 1;
	for (i = 0; i < queues; i++)
		if (!host_connect(h, &h->io[i], h->next_qid++))
			return false;
	return true;
}

void host_down(struct host *h)
{
	conn_end(&h->io[0], 0);
	conn_end(&h->io[1], 0);
	conn_end(&h->admin, 0);
}
