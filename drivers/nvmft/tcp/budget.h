/* SPDX-License-Identifier: GPL-2.0 */
/* Memory for data of commands, see budget.c */
#ifndef NVMFT_TCP_BUDGET_H
#define NVMFT_TCP_BUDGET_H

#include <linux/types.h>

struct nvmft_tcp_conn;

/* Worker only */
/* May a command with @len bytes begin? */
bool nvmft_tcp_budget_fits(struct nvmft_tcp_conn *conn, u32 len);
/* It begins, whether it fits or not. */
void nvmft_tcp_budget_charge(struct nvmft_tcp_conn *conn, u32 len);
void nvmft_tcp_budget_release(struct nvmft_tcp_conn *conn, u32 len);
/* Give back all that is not in use. */
void nvmft_tcp_budget_trim(struct nvmft_tcp_conn *conn);
/*
 * Any context: how often a command was looked at and had to wait for other
 * connections, which is several times for each, and bytes reserved by all
 */
long nvmft_tcp_budget_waits(void);
long nvmft_tcp_budget_reserved(void);

#endif /* NVMFT_TCP_BUDGET_H */
