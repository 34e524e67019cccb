/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both modules count. Documentation/nvmft/statistics.rst has what
 * administrators see of it.
 */
#ifndef NVMFT_STAT_H
#define NVMFT_STAT_H

#include <linux/atomic.h>
#include <linux/types.h>

/* Below 1 us, then one for each power of two; the last has all that is above */
#define NVMFT_LAT_BUCKETS	24

/* Commands as they are counted */
enum nvmft_kind {
	NVMFT_KIND_READ,
	NVMFT_KIND_WRITE,
	NVMFT_KIND_OTHER,
	NVMFT_KINDS,
};

/**
 * struct nvmft_traffic - commands that were answered
 * @count: how many, by enum nvmft_kind
 * @bytes: data of those Reads and Writes that succeeded
 * @lat: Reads and Writes by the microseconds they took, see nvmft_lat_bucket()
 * @errors: how many of all were answered with a status that is not success
 */
struct nvmft_traffic {
	u64	count[NVMFT_KINDS];
	u64	bytes[NVMFT_KIND_OTHER];
	u64	errors;
	u64	lat[NVMFT_KIND_OTHER][NVMFT_LAT_BUCKETS];
};

/**
 * struct nvmft_sq_stat - counters of a queue; worker writes, anyone reads
 * @traffic: its commands
 * @media_errors: commands that ended in a media error
 * @busy: jiffies in which there was a command, up to the last time there was none
 * @r2ts: R2Ts sent; the transport counts, as @ddgst_errors
 * @ddgst_errors: data that came with a wrong digest
 */
struct nvmft_sq_stat {
	struct nvmft_traffic	traffic;
	u64			media_errors;
	u64			busy;
	u64			r2ts;
	u64			ddgst_errors;
};

/* Why a connection, or a session, has ended; names in core/stat.c */
enum nvmft_end {
	NVMFT_END_NONE,		/* it has not, or the core wanted it and knows why */
	NVMFT_END_SHUTDOWN,
	NVMFT_END_CLOSED,
	NVMFT_END_LOST,
	NVMFT_END_PROTOCOL,
	NVMFT_END_TERM,
	NVMFT_END_TIMEOUT,
	NVMFT_END_REFUSED,
	NVMFT_END_KATO,
	NVMFT_END_IDLE,
	NVMFT_END_TERMINATED,
	NVMFT_END_CONFIG,
	NVMFT_END_STUCK,
	NVMFT_END_MEMORY,
	NVMFT_ENDS,
};

/* What happens on a port, once for a connection at most; names in core/stat.c */
enum nvmft_port_event {
	NVMFT_PORT_ACCEPT,
	NVMFT_PORT_CONNECT,
	NVMFT_PORT_REFUSED_HALF_OPEN,
	NVMFT_PORT_REFUSED_MAX_CONNS,
	NVMFT_PORT_REFUSED_MEMORY,
	NVMFT_PORT_REFUSED_CONNECT,
	NVMFT_PORT_OVERRUN,
	NVMFT_PORT_PDU,		/* by FES, which begins at 1 */
	NVMFT_PORT_PDU_LAST = NVMFT_PORT_PDU + 5,
	NVMFT_PORT_HDGST_ERROR,
	NVMFT_PORT_DDGST_ERROR,
	NVMFT_PORT_REFUSED_OPEN_SHARE,
	NVMFT_PORT_REFUSED_CONNS_SHARE,
	NVMFT_PORT_REFUSED_HOST_CTRLS,
	NVMFT_PORT_EVENTS,
};

/**
 * struct nvmft_port_stat - counters of a port; any context
 * @event: by enum nvmft_port_event
 * @ended: connections that have ended, by enum nvmft_end
 */
struct nvmft_port_stat {
	atomic64_t	event[NVMFT_PORT_EVENTS];
	atomic64_t	ended[NVMFT_ENDS];
};

/* One that a single writer owns, and others read */
static inline void nvmft_count(u64 *counter, u64 more)
{
	WRITE_ONCE(*counter, *counter + more);
}

#endif /* NVMFT_STAT_H */
