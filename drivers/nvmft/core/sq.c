// SPDX-License-Identifier: GPL-2.0
/* Queue pairs, from an accepted connection to its end. */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include "core/multi.h"
#include "core/qos.h"

#define CID_BITS	65536

int nvmft_sq_init(struct nvmft_sq *sq, struct nvmft_tport *port,
		  const struct nvmft_transport_ops *ops)
{
	sq->cids = bitmap_zalloc(CID_BITS, GFP_KERNEL);
	if (!sq->cids)
		return -ENOMEM;
	sq->port = port;
	sq->ops = ops;
	sq->qt = NVMFT_Q_NEW;
	sq->flow = true;
	sq->icd_max = NVMFT_ICD_ADMIN;
	INIT_LIST_HEAD(&sq->entry);
	INIT_LIST_HEAD(&sq->held);
	INIT_LIST_HEAD(&sq->parked);
	nvmft_sq_seen(sq, jiffies);
	nvmft_port_get(nvmft_port_of(port));
	nvmft_port_count(port, NVMFT_PORT_ACCEPT);
	return 0;
}
EXPORT_SYMBOL_GPL(nvmft_sq_init);

u16 nvmft_sq_cntlid(const struct nvmft_sq *sq)
{
	return sq->ctrl->cntlid;
}
EXPORT_SYMBOL_GPL(nvmft_sq_cntlid);

void nvmft_sq_close(struct nvmft_sq *sq)
{
	nvmft_fused_close(sq);
	nvmft_qos_close(sq);
	if (sq->ctrl)
		nvmft_ctrl_sq_gone(sq->ctrl, sq);
	nvmft_stat_sq_ended(sq);
}
EXPORT_SYMBOL_GPL(nvmft_sq_close);

void nvmft_sq_destroy(struct nvmft_sq *sq)
{
	nvmft_buf_trim(sq);
	if (sq->ctrl)
		nvmft_ctrl_sq_ended(sq->ctrl, sq);
	nvmft_port_put(nvmft_port_of(sq->port));
	bitmap_free(sq->cids);
}
EXPORT_SYMBOL_GPL(nvmft_sq_destroy);

void nvmft_sq_trim(struct nvmft_sq *sq)
{
	nvmft_buf_trim(sq);
}
EXPORT_SYMBOL_GPL(nvmft_sq_trim);
