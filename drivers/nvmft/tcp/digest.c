// SPDX-License-Identifier: GPL-2.0
/* Header and data digests: CRC32C, little endian (TCP Transport 3.3.1.1). */
#include <linux/crc32c.h>
#include "tcp/conn.h"

u32 nvmft_tcp_digest_init(void)
{
	return ~0U;
}

u32 nvmft_tcp_digest_add(u32 crc, const void *data, u32 len)
{
	return crc32c(crc, data, len);
}

__le32 nvmft_tcp_digest_end(u32 crc)
{
	return cpu_to_le32(~crc);
}

__le32 nvmft_tcp_digest(const void *data, u32 len)
{
	return nvmft_tcp_digest_end(nvmft_tcp_digest_add(nvmft_tcp_digest_init(), data, len));
}

__le32 nvmft_tcp_digest_buf(const struct nvmft_buf *buf)
{
	u32 crc = nvmft_tcp_digest_init();
	u32 i;

	for (i = 0; i < buf->nr; i++)
		crc = nvmft_tcp_digest_add(crc, bvec_virt(&buf->bvec[i]), buf->bvec[i].bv_len);
	return nvmft_tcp_digest_end(crc);
}
