/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where connections come from. Whoever reaches the port can open as many as there
 * are places, so an address gets as many as it leaves free for others.
 */
#ifndef NVMFT_TCP_ORIGIN_H
#define NVMFT_TCP_ORIGIN_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/socket.h>
#include <linux/types.h>

/**
 * struct nvmft_tcp_origin - an address, or an IPv6 network of 64 bits
 * @entry: in the table of all, under its lock
 * @idle: in the list of those without a connection, which are remembered for a
 *	while; under the same lock
 * @net: its address, IPv4 as mapped into IPv6; constant
 * @conns: connections, each a reference; likewise
 * @half_open: those of them without a successful Connect; likewise
 * @lines: lines in the log that its connections can cause, of all kinds together
 */
struct nvmft_tcp_origin {
	struct hlist_node	entry;
	struct list_head	idle;
	struct in6_addr		net;
	u32			conns;
	u32			half_open;
	struct ratelimit_state	lines;
};

/*
 * A connection from @addr: counted there, and as half open. May sleep. NULL: there
 * is no memory.
 */
struct nvmft_tcp_origin *nvmft_tcp_origin_get(const struct sockaddr_storage *addr);
/* It has had its Connect, or will have none. Process context, as the next. */
void nvmft_tcp_origin_opened(struct nvmft_tcp_origin *origin);
/* It has ended. */
void nvmft_tcp_origin_put(struct nvmft_tcp_origin *origin);
/* No connection is left: forget all. */
void nvmft_tcp_origins_exit(void);

/**
 * nvmft_tcp_share_taken() - has an origin more than its share of the places?
 * @own: places that it has, the one that is asked for among them
 * @all: places that all have, likewise
 * @max: places that there are, not fewer than @all
 *
 * Before a place is given to an origin it has to have fewer than are free. So one
 * alone gets half of them, two a third each, and n leave the (n + 1)th part for
 * those who come next.
 *
 * Return: true: it gets none.
 */
static inline bool nvmft_tcp_share_taken(u32 own, u32 all, u32 max)
{
	return own - 1 >= max - all + 1;
}

/*
 * A line that a peer can cause. What one address may cause is less than what all
 * may, so it cannot keep the log from telling of others. Worker only.
 */
#define nvmft_tcp_warn(conn, fmt, ...)							\
do {											\
	if (__ratelimit(&(conn)->origin->lines))					\
		pr_warn_ratelimited("nvmft-tcp: %s, %s: " fmt, (conn)->name,		\
				    (conn)->peer_name, ##__VA_ARGS__);			\
} while (0)

#endif /* NVMFT_TCP_ORIGIN_H */
