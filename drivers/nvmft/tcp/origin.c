// SPDX-License-Identifier: GPL-2.0
/* Where connections come from, counted by address. */
#include <linux/hashtable.h>
#include <linux/in.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/ipv6.h>
#include "tcp/origin.h"

/* Lines of one address in the time of the kernel's own limit, which is for all */
#define LINES		5
/* Addresses without a connection whose lines are remembered */
#define IDLE_MAX	64

static DEFINE_HASHTABLE(origins, 8);
/* Those without a connection, the longest first */
static LIST_HEAD(idle);
static u32 nr_idle;
/* Guards all of that and the counts; a leaf, process context only */
static DEFINE_SPINLOCK(origins_lock);

/* A host has a whole network of 64 bits to choose addresses from, but not on a link. */
static void net_of(const struct sockaddr_storage *addr, struct in6_addr *net)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;

	if (addr->ss_family == AF_INET) {
		ipv6_addr_set_v4mapped(v4->sin_addr.s_addr, net);
		return;
	}
	*net = v6->sin6_addr;
	if (!ipv6_addr_v4mapped(net) &&
	    !(ipv6_addr_type(net) & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK))) {
		net->s6_addr32[2] = 0;
		net->s6_addr32[3] = 0;
	}
}

static struct nvmft_tcp_origin *find(const struct in6_addr *net, u32 key)
{
	struct nvmft_tcp_origin *origin;

	hash_for_each_possible(origins, origin, entry, key)
		if (ipv6_addr_equal(&origin->net, net))
			return origin;
	return NULL;
}

/* Both are compared with their limits without the lock. */
static void count(struct nvmft_tcp_origin *origin, s32 conns, s32 half_open)
{
	lockdep_assert_held(&origins_lock);
	WRITE_ONCE(origin->conns, origin->conns + conns);
	WRITE_ONCE(origin->half_open, origin->half_open + half_open);
}

struct nvmft_tcp_origin *nvmft_tcp_origin_get(const struct sockaddr_storage *addr)
{
	struct nvmft_tcp_origin *origin, *fresh;
	struct in6_addr net;
	u32 key;

	net_of(addr, &net);
	key = ipv6_addr_hash(&net);
	fresh = kzalloc_obj(*fresh, GFP_KERNEL);
	if (!fresh)
		return NULL;
	spin_lock(&origins_lock);
	origin = find(&net, key);
	if (!origin) {
		origin = fresh;
		fresh = NULL;
		origin->net = net;
		ratelimit_state_init(&origin->lines, DEFAULT_RATELIMIT_INTERVAL, LINES);
		hash_add(origins, &origin->entry, key);
	} else if (!origin->conns) {
		list_del(&origin->idle);
		nr_idle--;
	}
	count(origin, 1, 1);
	spin_unlock(&origins_lock);
	kfree(fresh);
	return origin;
}

void nvmft_tcp_origin_opened(struct nvmft_tcp_origin *origin)
{
	spin_lock(&origins_lock);
	count(origin, 0, -1);
	spin_unlock(&origins_lock);
}

/* The one that is idle for longest, out of all lists */
static struct nvmft_tcp_origin *take_idle(void)
{
	struct nvmft_tcp_origin *origin = list_first_entry(&idle, struct nvmft_tcp_origin, idle);

	lockdep_assert_held(&origins_lock);
	list_del(&origin->idle);
	hash_del(&origin->entry);
	nr_idle--;
	return origin;
}

static void origin_free(struct nvmft_tcp_origin *origin)
{
	ratelimit_state_exit(&origin->lines);
	kfree(origin);
}

void nvmft_tcp_origin_put(struct nvmft_tcp_origin *origin)
{
	struct nvmft_tcp_origin *old = NULL;

	spin_lock(&origins_lock);
	count(origin, -1, 0);
	if (!origin->conns) {
		list_add_tail(&origin->idle, &idle);
		if (++nr_idle > IDLE_MAX)
			old = take_idle();
	}
	spin_unlock(&origins_lock);
	if (old)
		origin_free(old);
}

void nvmft_tcp_origins_exit(void)
{
	spin_lock(&origins_lock);
	while (nr_idle)
		origin_free(take_idle());
	spin_unlock(&origins_lock);
}
