// SPDX-License-Identifier: GPL-2.0
/* Names and other text, statuses. Every field has its own size on the heap. */
#include "fuzz.h"
#include "proto/nqn.h"
#include "proto/status.h"

static void check_nqn(struct fuzz_in *in)
{
	char *field = malloc(NVMF_NQN_FIELD_LEN);
	int n = 0;

	memset(field, fuzz_u8(in), NVMF_NQN_FIELD_LEN);
	fuzz_bytes(in, field, fuzz_u8(in) + 1);
	while (n < 256 && field[n])
		n++;
	MUST_EQ(nvmft_nqn_valid(field), n >= 1 && n <= 223);
	free(field);
}

static void check_text(struct fuzz_in *in)
{
	size_t len = fuzz_u8(in), max = fuzz_u8(in), i;
	u8 *b = fuzz_copy(in, len);
	bool printable = true, controls = false;

	for (i = 0; i < len; i++) {
		printable = printable && b[i] >= ' ' && b[i] <= '~';
		controls = controls || b[i] < ' ' || b[i] == 127;
	}
	MUST_EQ(nvmft_ascii_valid((char *)b, len, max), len && len <= max && printable);
	MUST_EQ(nvmft_nqn_name_valid((char *)b, len), len && len <= 223 && !controls);
	free(b);
}

static void check_field(struct fuzz_in *in)
{
	size_t len = fuzz_u8(in) % 64, n = fuzz_u8(in) % 64, i;
	char *field = malloc(len ? len : 1), *text = malloc(n + 1);

	fuzz_bytes(in, text, n);
	text[n] = 0;
	n = strlen(text);
	nvmft_ascii_field(field, len, text);
	for (i = 0; i < len; i++)
		MUST_EQ(field[i], i < n ? text[i] : ' ');
	free(text);
	free(field);
}

/* By errno as the kernel numbers it: the status of a read and of a write */
static void check_errno(struct fuzz_in *in)
{
	static const struct { int err; u16 read, write; } known[] = {
		{ 0, 0, 0 },
		{ -61, 0x4281, 0x4280 }, { -5, 0x4281, 0x4280 }, { -84, 0x4281, 0x4280 },
		{ -28, 0x4081, 0x4081 }, { -30, 0x4020, 0x4020 }, { -95, 0x4001, 0x4001 },
		{ -121, 0x4080, 0x4080 }, { -52, 0x4083, 0x4083 },
	};
	int err = -(int)fuzz_u8(in);
	bool write = fuzz_u8(in) & 1;
	u16 want = 0x06;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].err == err)
			want = write ? known[i].write : known[i].read;
	MUST_EQ(nvmft_status_from_errno(err, write), want);
}

static void check_status(struct fuzz_in *in)
{
	u16 status = fuzz_u16(in);
	const char *name = nvmft_status_name(status);

	MUST(name && *name, "status %#x", status);
	/* CRD, More and DNR are no part of it. */
	MUST(!strcmp(name, nvmft_status_name(status & 0x7ff)), "status %#x: %s", status, name);
	MUST(strcmp(name, "Success") || !(status & 0x7ff), "status %#x: %s", status, name);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	u8 *id = fuzz_copy(&in, 16);

	MUST_EQ(nvmft_hostid_zero(id), zeroes(id, 16));
	free(id);
	check_errno(&in);
	check_status(&in);
	check_nqn(&in);
	check_text(&in);
	check_field(&in);
	return 0;
}
