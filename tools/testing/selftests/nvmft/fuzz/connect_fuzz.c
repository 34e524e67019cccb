// SPDX-License-Identifier: GPL-2.0
/* Connect data: host id, CNTLID, both names, in that order. */
#include "fuzz.h"
#include "proto/nqn.h"
#include "proto/sqe.h"

/* Length of the text in a field of 256 bytes; 0 if it has none or no end */
static int name_len(const u8 *b)
{
	int n = 0;

	while (n < 256 && b[n])
		n++;
	return n < 224 ? n : 0;
}

/* Offset of the first parameter that is wrong, or -1 */
static int wrong_at(const u8 *b, bool admin)
{
	u16 cntlid = get16(b + 16);

	if (zeroes(b, 16))
		return 0;
	if (admin ? cntlid != 0xffff : cntlid == 0 || cntlid >= 0xfff0)
		return 16;
	if (!name_len(b + 256))
		return 256;
	return name_len(b + 512) ? -1 : 512;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	bool admin = fuzz_u8(&in) & 1;
	u8 *b = malloc(sizeof(struct nvmf_connect_data));
	struct nvmft_connect_fault f;
	int at;

	/* Field by field, so that short inputs reach all of them */
	memset(b, 0, 1024);
	fuzz_bytes(&in, b, 18);
	fuzz_bytes(&in, b + 512, fuzz_u8(&in) + 1);
	fuzz_bytes(&in, b + 256, fuzz_u8(&in) + 1);

	at = wrong_at(b, admin);
	f = nvmft_sqe_check_connect_data((const void *)b, admin);
	if (at < 0) {
		MUST_EQ(f.sc, 0);
		MUST_EQ(nvmft_sqe_connect_dw0(&f), 0);
	} else {
		MUST_EQ(f.sc, 0x4182);
		/* IATTR: the offset is one in the data */
		MUST_EQ(nvmft_sqe_connect_dw0(&f), 0x10000 | at);
	}
	free(b);
	return 0;
}
