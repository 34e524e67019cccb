// SPDX-License-Identifier: GPL-2.0
/*
 * How much data of commands connections have in progress, each of them and all
 * together. What does not fit waits for what is there: a connection always gets
 * one command through, so whoever waits has data of his own to wait for, and
 * nobody has to be told by others.
 *
 * The sum of all is kept in units that connections reserve, so that it is not
 * written for each command.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include "tcp/budget.h"
#include "tcp/conn.h"
#include "tcp/tcp.h"

/* Reserved at a time */
#define UNIT		SZ_256K
/* An active connection keeps this much. */
#define KEEP		SZ_1M
/* Most that a connection has which is not an I/O queue: it needs no more. */
#define ADMIN_MAX	SZ_4M

static atomic_long_t reserved_total;
static atomic_long_t waits;

static u64 conn_max(const struct nvmft_tcp_conn *conn)
{
	u64 max = (u64)nvmft_tcp_param(&nvmft_tcp_max_data_kb) << 10;

	return conn->sq.qt == NVMFT_Q_IO ? max : min_t(u64, max, ADMIN_MAX);
}

/* Half of the machine's memory, if the administrator does not say otherwise */
static u64 total_max(void)
{
	u64 max = (u64)nvmft_tcp_param(&nvmft_tcp_max_total_data_kb) << 10;

	return max ?: (u64)totalram_pages() << (PAGE_SHIFT - 1);
}

static void reserve(struct nvmft_tcp_conn *conn, u64 more)
{
	atomic_long_add(more, &reserved_total);
	conn->reserved += more;
}

static void give_back(struct nvmft_tcp_conn *conn, u64 keep)
{
	keep = round_up(max(keep, conn->data), UNIT);
	if (keep >= conn->reserved)
		return;
	atomic_long_sub(conn->reserved - keep, &reserved_total);
	conn->reserved = keep;
}

bool nvmft_tcp_budget_fits(struct nvmft_tcp_conn *conn, u32 len)
{
	u64 want = conn->data + len, more;

	if (!conn->data)
		return true;
	if (want > conn_max(conn))
		return false;
	if (want <= conn->reserved)
		return true;
	more = round_up(want - conn->reserved, UNIT);
	if ((u64)atomic_long_read(&reserved_total) + more > total_max()) {
		atomic_long_inc(&waits);
		return false;
	}
	reserve(conn, more);
	return true;
}

void nvmft_tcp_budget_charge(struct nvmft_tcp_conn *conn, u32 len)
{
	conn->data += len;
	if (unlikely(conn->data > conn->reserved))
		reserve(conn, round_up(conn->data - conn->reserved, UNIT));
}

void nvmft_tcp_budget_release(struct nvmft_tcp_conn *conn, u32 len)
{
	conn->data -= len;
	if (conn->reserved <= KEEP)
		return;
	if (!conn->data)
		give_back(conn, KEEP);
	else if (conn->data < conn->reserved / 4)
		/* One that always has something in progress had its peak for ever. */
		give_back(conn, max_t(u64, conn->reserved / 2, KEEP));
}

void nvmft_tcp_budget_trim(struct nvmft_tcp_conn *conn)
{
	give_back(conn, 0);
}

long nvmft_tcp_budget_waits(void)
{
	return atomic_long_read(&waits);
}

long nvmft_tcp_budget_reserved(void)
{
	return atomic_long_read(&reserved_total);
}
