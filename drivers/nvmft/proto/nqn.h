/* SPDX-License-Identifier: GPL-2.0 */
/* Rules for the names that a host or an administrator may give. */
#ifndef NVMFT_PROTO_NQN_H
#define NVMFT_PROTO_NQN_H

#include "proto/wire.h"

/**
 * nvmft_nqn_valid() - is a fixed field a usable NVMe Qualified Name?
 * @field: NVMF_NQN_FIELD_LEN bytes from the wire or an administrator
 *
 * 1 to NVMF_NQN_SIZE bytes and a NUL within the field. The nqn.yyyy-mm form is
 * not asked for: hosts do not keep to it.
 */
bool nvmft_nqn_valid(const char field[NVMF_NQN_FIELD_LEN]);

/* Is a string of @len bytes (no NUL counted) a usable NQN for a new object? */
bool nvmft_nqn_name_valid(const char *name, size_t len);

/* All bytes zero? Hosts must not use host id 0. */
bool nvmft_hostid_zero(const u8 id[16]);

/**
 * nvmft_ascii_field() - copy a string into a space padded ASCII field
 * @dst: field of @len bytes; never NUL terminated (Base 2.1, 1.4.2)
 * @len: size of the field
 * @src: NUL terminated; what does not fit is cut
 */
void nvmft_ascii_field(char *dst, size_t len, const char *src);

/* Is @s made of printable ASCII (20h..7Eh) and 1..@max bytes long? */
bool nvmft_ascii_valid(const char *s, size_t len, size_t max);

#endif /* NVMFT_PROTO_NQN_H */
