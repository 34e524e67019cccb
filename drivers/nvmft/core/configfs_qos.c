// SPDX-License-Identifier: GPL-2.0
/* configfs: the attributes of limits, which namespaces and hosts have. */
#include "core/configfs.h"
#include "core/qos.h"

ssize_t nvmft_cfg_qos_get(const struct nvmft_qos *qos, enum nvmft_qos_attr attr, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(qos->val[attr]));
}

int nvmft_cfg_qos_num(const struct nvmft_write *w, enum nvmft_qos_attr attr, u32 *val)
{
	bool burst = attr == NVMFT_QOS_BURST_MS;
	s64 num;
	int err;

	err = nvmft_cfg_num(w, burst, burst ? NVMFT_QOS_BURST_MAX : U32_MAX, &num);
	if (!err)
		*val = num;
	return err;
}
