// SPDX-License-Identifier: GPL-2.0
/* Rules for names and other text that crosses the wire. */
#include "proto/nqn.h"

bool nvmft_nqn_valid(const char field[NVMF_NQN_FIELD_LEN])
{
	size_t len = strnlen(field, NVMF_NQN_FIELD_LEN);

	return len && len <= NVMF_NQN_SIZE;
}

bool nvmft_nqn_name_valid(const char *name, size_t len)
{
	size_t i;

	if (!len || len > NVMF_NQN_SIZE)
		return false;
	/* A control character would garble logs and saved configurations */
	for (i = 0; i < len; i++)
		if ((u8)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}

bool nvmft_hostid_zero(const u8 id[16])
{
	u8 seen = 0;
	int i;

	for (i = 0; i < 16; i++)
		seen |= id[i];
	return !seen;
}

void nvmft_ascii_field(char *dst, size_t len, const char *src)
{
	size_t n = strnlen(src, len);

	memcpy(dst, src, n);
	memset(dst + n, ' ', len - n);
}

bool nvmft_ascii_valid(const char *s, size_t len, size_t max)
{
	size_t i;

	if (!len || len > max)
		return false;
	for (i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return true;
}
