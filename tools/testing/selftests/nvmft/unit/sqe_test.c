// SPDX-License-Identifier: GPL-2.0
/*
 * Commands: which opcode is known on which queue, what its data may look like
 * and how long it is. SQEs are written byte by byte, as a host sends them.
 */
#include <kunit/test.h>
#include "proto/sqe.h"

/* An SQE as the host's bytes and as the kernel's struct */
union sqe {
	u8 b[64];
	struct nvme_command c;
};

static void put_le(u8 *p, u64 val, int bytes)
{
	for (; bytes; bytes--, val >>= 8)
		*p++ = val;
}

/* fc of an opcode that is not 7Fh */
#define ANY	(-1)

/* Every command that there is; what this list does not name is not one. */
static const struct op_row {
	u8 qt, opcode;
	int fc;
	u8 op, dir, len_rule, flags;
	u32 len, effects;
} op_rows[] = {
	{ NVMFT_Q_NEW, 0x7f, 0x01, NVMFT_OP_CONNECT,
	  NVMFT_DIR_H2C, NVMFT_LEN_FIXED, NVMFT_OPF_FABRICS, 1024, 1 },

	{ NVMFT_Q_ADMIN, 0x7f, 0x00, NVMFT_OP_PROP_SET,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x7f, 0x01, NVMFT_OP_CONNECT,
	  NVMFT_DIR_H2C, NVMFT_LEN_FIXED, NVMFT_OPF_FABRICS, 1024, 1 },
	{ NVMFT_Q_ADMIN, 0x7f, 0x04, NVMFT_OP_PROP_GET,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x7f, 0x08, NVMFT_OP_DISCONNECT,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x02, ANY, NVMFT_OP_GET_LOG,
	  NVMFT_DIR_C2H, NVMFT_LEN_NUMD, 0, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x06, ANY, NVMFT_OP_IDENTIFY,
	  NVMFT_DIR_C2H, NVMFT_LEN_FIXED, 0, 4096, 1 },
	{ NVMFT_Q_ADMIN, 0x08, ANY, NVMFT_OP_ABORT,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, 0, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x09, ANY, NVMFT_OP_SET_FEATURES,
	  NVMFT_DIR_H2C, NVMFT_LEN_FEATURE, 0, 0, 5 },
	{ NVMFT_Q_ADMIN, 0x0a, ANY, NVMFT_OP_GET_FEATURES,
	  NVMFT_DIR_C2H, NVMFT_LEN_FEATURE, 0, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x0c, ANY, NVMFT_OP_ASYNC_EVENT,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, 0, 0, 1 },
	{ NVMFT_Q_ADMIN, 0x18, ANY, NVMFT_OP_KEEP_ALIVE,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, 0, 0, 1 },

	{ NVMFT_Q_DISC, 0x7f, 0x00, NVMFT_OP_PROP_SET,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_DISC, 0x7f, 0x01, NVMFT_OP_CONNECT,
	  NVMFT_DIR_H2C, NVMFT_LEN_FIXED, NVMFT_OPF_FABRICS, 1024, 1 },
	{ NVMFT_Q_DISC, 0x7f, 0x04, NVMFT_OP_PROP_GET,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_DISC, 0x7f, 0x08, NVMFT_OP_DISCONNECT,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_DISC, 0x02, ANY, NVMFT_OP_GET_LOG,
	  NVMFT_DIR_C2H, NVMFT_LEN_NUMD, 0, 0, 1 },
	{ NVMFT_Q_DISC, 0x06, ANY, NVMFT_OP_IDENTIFY,
	  NVMFT_DIR_C2H, NVMFT_LEN_FIXED, 0, 4096, 1 },
	{ NVMFT_Q_DISC, 0x09, ANY, NVMFT_OP_SET_FEATURES,
	  NVMFT_DIR_H2C, NVMFT_LEN_FEATURE, 0, 0, 5 },
	{ NVMFT_Q_DISC, 0x0a, ANY, NVMFT_OP_GET_FEATURES,
	  NVMFT_DIR_C2H, NVMFT_LEN_FEATURE, 0, 0, 1 },
	{ NVMFT_Q_DISC, 0x0c, ANY, NVMFT_OP_ASYNC_EVENT,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, 0, 0, 1 },
	{ NVMFT_Q_DISC, 0x18, ANY, NVMFT_OP_KEEP_ALIVE,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, 0, 0, 1 },

	{ NVMFT_Q_IO, 0x7f, 0x00, NVMFT_OP_PROP_SET,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_IO, 0x7f, 0x04, NVMFT_OP_PROP_GET,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_IO, 0x7f, 0x01, NVMFT_OP_CONNECT,
	  NVMFT_DIR_H2C, NVMFT_LEN_FIXED, NVMFT_OPF_FABRICS, 1024, 1 },
	{ NVMFT_Q_IO, 0x7f, 0x08, NVMFT_OP_DISCONNECT,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_FABRICS, 0, 1 },
	{ NVMFT_Q_IO, 0x00, ANY, NVMFT_OP_FLUSH,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_NS, 0, 1 },
	{ NVMFT_Q_IO, 0x01, ANY, NVMFT_OP_WRITE,
	  NVMFT_DIR_H2C, NVMFT_LEN_LBA,
	  NVMFT_OPF_NS | NVMFT_OPF_LBA | NVMFT_OPF_WRITES | NVMFT_OPF_FUSED, 0, 3 },
	{ NVMFT_Q_IO, 0x02, ANY, NVMFT_OP_READ,
	  NVMFT_DIR_C2H, NVMFT_LEN_LBA, NVMFT_OPF_NS | NVMFT_OPF_LBA, 0, 1 },
	{ NVMFT_Q_IO, 0x05, ANY, NVMFT_OP_COMPARE,
	  NVMFT_DIR_H2C, NVMFT_LEN_LBA,
	  NVMFT_OPF_NS | NVMFT_OPF_LBA | NVMFT_OPF_FUSED, 0, 1 },
	{ NVMFT_Q_IO, 0x08, ANY, NVMFT_OP_WRITE_ZEROES,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE,
	  NVMFT_OPF_NS | NVMFT_OPF_LBA | NVMFT_OPF_WRITES, 0, 3 },
	{ NVMFT_Q_IO, 0x09, ANY, NVMFT_OP_DSM,
	  NVMFT_DIR_H2C, NVMFT_LEN_DSM, NVMFT_OPF_NS | NVMFT_OPF_WRITES, 0, 3 },
	{ NVMFT_Q_IO, 0x0c, ANY, NVMFT_OP_VERIFY,
	  NVMFT_DIR_NONE, NVMFT_LEN_NONE, NVMFT_OPF_NS | NVMFT_OPF_LBA, 0, 1 },
	{ NVMFT_Q_IO, 0x19, ANY, NVMFT_OP_COPY,
	  NVMFT_DIR_H2C, NVMFT_LEN_COPY, NVMFT_OPF_NS | NVMFT_OPF_WRITES, 0, 3 },
};

static const struct op_row *find_op(int qt, int opcode, int fc)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(op_rows); i++)
		if (op_rows[i].qt == qt && op_rows[i].opcode == opcode && op_rows[i].fc == fc)
			return &op_rows[i];
	return NULL;
}

#define EXPECT_FIELD(field)							\
	KUNIT_EXPECT_EQ_MSG(test, got->field, want->field,			\
			    "queue %d opcode %02x fctype %d", qt, opcode, fc)

/* Returns whether the command is known. */
static bool match_op(struct kunit *test, int qt, int opcode, int byte4, int fc)
{
	const struct op_row *want = find_op(qt, opcode, fc);
	union sqe s = { .b = { [0] = opcode, [4] = byte4 } };
	const struct nvmft_opdesc *got = nvmft_sqe_lookup(qt, &s.c);

	KUNIT_EXPECT_EQ_MSG(test, !got, !want, "queue %d opcode %02x fctype %d", qt, opcode, fc);
	if (!got || !want)
		return false;
	EXPECT_FIELD(op);
	EXPECT_FIELD(dir);
	EXPECT_FIELD(len_rule);
	EXPECT_FIELD(flags);
	EXPECT_FIELD(len);
	EXPECT_FIELD(effects);
	return true;
}

/* All opcodes, and all Fabrics command types, on all kinds of queues */
static void matrix(struct kunit *test)
{
	int qt, i, known = 0;

	for (qt = 0; qt < NVMFT_Q_NR; qt++) {
		for (i = 0; i < 256; i++) {
			known += match_op(test, qt, 0x7f, i, i);
			/* Byte 4 is the NSID of any other command */
			if (i != 0x7f && match_op(test, qt, i, i % 9, ANY))
				known++;
		}
	}
	KUNIT_EXPECT_EQ(test, known, ARRAY_SIZE(op_rows));
}

/* A command for one namespace says so (bit 20), any other is the controller's (21). */
static u32 want_effects(const struct op_row *r)
{
	return r ? r->effects | (r->flags & NVMFT_OPF_NS ? 1 << 20 : 1 << 21) : 0;
}

static void effects(struct kunit *test)
{
	int qt, i;

	for (qt = 0; qt < NVMFT_Q_NR; qt++) {
		for (i = 0; i < 256; i++) {
			KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_effects(qt, i),
					    want_effects(find_op(qt, i, ANY)),
					    "queue %d opcode %02x", qt, i);
		}
	}
}

/* Statuses as the specification numbers them */
#define INVALID_FIELD	0x02
#define SGL_LENGTH	0x0f
#define SGL_TYPE	0x11
#define SGL_OFFSET	0x16
#define DNR		0x4000

#define SGL		0x40	/* PSDT 01b */

struct sgl_row {
	const char *desc;
	u8 qt, opcode, byte4, fid;
	u8 flags, type;
	u64 addr;
	u32 len, icd;
	u16 status;
	u32 want_len;
};

#define C_WRITE		NVMFT_Q_IO, 0x01, 1, 0
#define C_READ		NVMFT_Q_IO, 0x02, 1, 0
#define C_FLUSH		NVMFT_Q_IO, 0x00, 1, 0
#define C_CONNECT	NVMFT_Q_NEW, 0x7f, 0x01, 0
#define C_PROP_GET	NVMFT_Q_ADMIN, 0x7f, 0x04, 0
#define C_GET_LOG	NVMFT_Q_DISC, 0x02, 0, 0
#define C_IDENTIFY	NVMFT_Q_ADMIN, 0x06, 0, 0
#define C_KEEP_ALIVE	NVMFT_Q_ADMIN, 0x18, 0, 0
#define C_SET_FEAT(fid)	NVMFT_Q_ADMIN, 0x09, 0, fid
#define C_GET_FEAT(fid)	NVMFT_Q_ADMIN, 0x0a, 0, fid

static const struct sgl_row sgl_rows[] = {
	/* Data to the controller */
	{ "write, transport", C_WRITE, SGL, 0x5a, 0, 4096, 0, 0, 4096 },
	{ "write, transport, largest", C_WRITE, SGL, 0x5a, 0, 0xffffffff, 0,
	  0, 0xffffffff },
	{ "write, transport, empty", C_WRITE, SGL, 0x5a, 0, 0, 0, 0, 0 },
	{ "write, transport, address is reserved", C_WRITE, SGL, 0x5a, 1, 512, 0,
	  0, 512 },
	{ "write, transport, with capsule data", C_WRITE, SGL, 0x5a, 0, 512, 512,
	  INVALID_FIELD, 0 },
	{ "write, in capsule", C_WRITE, SGL, 0x01, 0, 4096, 4096, 0, 4096 },
	{ "write, in capsule, empty", C_WRITE, SGL, 0x01, 0, 0, 0, 0, 0 },
	{ "write, in capsule, none there", C_WRITE, SGL, 0x01, 0, 512, 0,
	  SGL_LENGTH, 0 },
	{ "write, in capsule, SGL short", C_WRITE, SGL, 0x01, 0, 511, 512,
	  SGL_LENGTH, 0 },
	{ "write, in capsule, SGL long", C_WRITE, SGL, 0x01, 0, 513, 512,
	  SGL_LENGTH, 0 },
	{ "write, in capsule, offset", C_WRITE, SGL, 0x01, 1, 512, 512,
	  SGL_OFFSET, 0 },
	{ "write, in capsule, high offset", C_WRITE, SGL, 0x01, 1ULL << 63, 512, 512,
	  SGL_OFFSET, 0 },
	{ "write, offset before length", C_WRITE, SGL, 0x01, 8, 1, 512,
	  SGL_OFFSET, 0 },
	{ "connect, in capsule", C_CONNECT, SGL, 0x01, 0, 1024, 1024, 0, 1024 },
	{ "connect, transport", C_CONNECT, SGL, 0x5a, 0, 1024, 0, 0, 1024 },
	{ "connect, keyed SGL", C_CONNECT, SGL, 0x40, 0, 1024, 1024, SGL_TYPE, 0 },
	{ "connect, offset", C_CONNECT, SGL, 0x01, 64, 1024, 1024, SGL_OFFSET, 0 },
	{ "connect, short", C_CONNECT, SGL, 0x01, 0, 1024, 1020, SGL_LENGTH, 0 },

	/* Data to the host */
	{ "read, transport", C_READ, SGL, 0x5a, 0, 4096, 0, 0, 4096 },
	{ "read, in capsule", C_READ, SGL, 0x01, 0, 512, 512, INVALID_FIELD, 0 },
	{ "read, in capsule, before offset", C_READ, SGL, 0x01, 8, 512, 0,
	  INVALID_FIELD, 0 },
	{ "read, with capsule data", C_READ, SGL, 0x5a, 0, 512, 4, INVALID_FIELD, 0 },
	{ "read, type before capsule data", C_READ, SGL, 0x00, 0, 512, 4,
	  SGL_TYPE, 0 },
	{ "identify, transport", C_IDENTIFY, SGL, 0x5a, 0, 4096, 0, 0, 4096 },
	{ "identify, in capsule", C_IDENTIFY, SGL, 0x01, 0, 4096, 4096,
	  INVALID_FIELD, 0 },
	{ "get log, segment", C_GET_LOG, SGL, 0x20, 0, 16, 0, SGL_TYPE, 0 },

	/* No data: the pointer is reserved */
	{ "flush", C_FLUSH, SGL, 0x5a, 0, 0, 0, 0, 0 },
	{ "flush, junk in the pointer", C_FLUSH, SGL, 0xff, 77, 4096, 0, 0, 0 },
	{ "flush, in capsule, empty", C_FLUSH, SGL, 0x01, 0, 0, 0, 0, 0 },
	{ "flush, with capsule data", C_FLUSH, SGL, 0x01, 0, 4, 4, INVALID_FIELD, 0 },
	{ "property get", C_PROP_GET, 0, 0, 0, 0, 0, 0, 0 },
	{ "property get, with capsule data", C_PROP_GET, SGL, 0x01, 0, 8, 8,
	  INVALID_FIELD, 0 },
	{ "keep alive, PRP", C_KEEP_ALIVE, 0, 0, 0, 0, 0, INVALID_FIELD, 0 },
	{ "set features", C_SET_FEAT(0x07), SGL, 0x5a, 0, 0, 0, 0, 0 },

	/* Features have data with some FIDs only */
	{ "set queues, with capsule data", C_SET_FEAT(0x07), SGL, 0x01, 0, 16, 16,
	  INVALID_FIELD, 0 },
	{ "set host id", C_SET_FEAT(0x81), SGL, 0x5a, 0, 16, 0, 0, 16 },
	{ "set host id, in capsule", C_SET_FEAT(0x81), SGL, 0x01, 0, 16, 16, 0, 16 },
	{ "set timestamp, type", C_SET_FEAT(0x0e), SGL, 0x00, 0, 8, 0, SGL_TYPE, 0 },
	{ "get queues", C_GET_FEAT(0x07), SGL, 0x00, 9, 16, 0, 0, 0 },
	{ "get queues, with capsule data", C_GET_FEAT(0x07), SGL, 0x01, 0, 16, 16,
	  INVALID_FIELD, 0 },
	{ "get host id", C_GET_FEAT(0x81), SGL, 0x5a, 0, 16, 0, 0, 16 },
	{ "get host id, in capsule", C_GET_FEAT(0x81), SGL, 0x01, 0, 16, 16,
	  INVALID_FIELD, 0 },
	{ "get host id, type", C_GET_FEAT(0x81), SGL, 0x00, 0, 16, 0, SGL_TYPE, 0 },

	/* Byte 1 comes first, and is reserved in Fabrics commands */
	{ "write, PRP", C_WRITE, 0x00, 0x5a, 0, 512, 0, INVALID_FIELD, 0 },
	{ "write, PSDT 10b", C_WRITE, 0x80, 0x5a, 0, 512, 0, INVALID_FIELD, 0 },
	{ "write, fused", C_WRITE, SGL | 2, 0x5a, 0, 512, 0, 0, 512 },
	{ "write, fused, bad type", C_WRITE, SGL | 1, 0xff, 0, 512, 0, SGL_TYPE, 0 },
	{ "read, fused, bad type", C_READ, SGL | 1, 0xff, 0, 512, 0,
	  INVALID_FIELD, 0 },
	{ "flush, fused", C_FLUSH, SGL | 2, 0, 0, 0, 0, INVALID_FIELD, 0 },
	{ "connect, byte 1 set", C_CONNECT, 0xff, 0x01, 0, 1024, 1024, 0, 1024 },
	{ "connect, byte 1 clear", C_CONNECT, 0, 0x01, 0, 1024, 1024, 0, 1024 },
};

static void sgl_desc(const struct sgl_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(sgl, sgl_rows, sgl_desc);

static union sqe sgl_sqe(const struct sgl_row *r)
{
	union sqe s = { .b = { [0] = r->opcode, [1] = r->flags, [4] = r->byte4, [39] = r->type } };

	put_le(s.b + 24, r->addr, 8);
	put_le(s.b + 32, r->len, 4);
	s.b[40] = r->fid;
	s.b[44] = 1;	/* EXHID */
	return s;
}

static void check_sgl(struct kunit *test)
{
	const struct sgl_row *r = test->param_value;
	union sqe s = sgl_sqe(r);
	const struct nvmft_opdesc *d = nvmft_sqe_lookup(r->qt, &s.c);
	u32 len = 0xdeadbeef;

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_EQ(test, nvmft_sqe_check_sgl(d, &s.c, r->icd, &len),
			r->status ? r->status | DNR : 0);
	KUNIT_EXPECT_EQ(test, len, r->want_len);
}

/* Every value of byte 1, and every SGL type, on a Write */
static void check_sgl_sweep(struct kunit *test)
{
	struct sgl_row r = { "", C_WRITE, SGL, 0x5a, 0, 4096, 0, 0, 0 };
	const struct nvmft_opdesc *d;
	union sqe s;
	u16 want;
	u32 len;
	int i;

	for (i = 0; i < 256; i++) {
		r.flags = i;
		r.type = 0x5a;
		s = sgl_sqe(&r);
		d = nvmft_sqe_lookup(r.qt, &s.c);
		KUNIT_ASSERT_NOT_NULL(test, d);
		/* A Write may be half of a fused operation; which, is not decided here. */
		want = (i >> 6) != 1 ? INVALID_FIELD | DNR : 0;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_check_sgl(d, &s.c, 0, &len), want,
				    "byte 1 %02x", i);

		r.flags = SGL;
		r.type = i;
		s = sgl_sqe(&r);
		want = i == 0x5a ? 0 : i == 0x01 ? SGL_LENGTH | DNR : SGL_TYPE | DNR;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_check_sgl(d, &s.c, 0, &len), want,
				    "type %02x", i);
	}
}

struct len_row {
	const char *desc;
	u8 qt, opcode, byte4;
	u32 cdw10, cdw11, cdw12;
	u8 shift;
	u64 want;
};

static const struct len_row len_rows[] = {
	{ "connect", NVMFT_Q_NEW, 0x7f, 1, 0, 0, 0, 9, 1024 },
	{ "property get", NVMFT_Q_ADMIN, 0x7f, 4, 0, 0, 0, 9, 0 },
	{ "identify", NVMFT_Q_ADMIN, 6, 0, 0x01, 0, 0, 9, 4096 },
	{ "dsm, one range", NVMFT_Q_IO, 9, 0, 0, 0, 0, 9, 16 },
	{ "dsm, all ranges", NVMFT_Q_IO, 9, 0, 0xffffffff, 4, 0, 9, 4096 },
	{ "copy, one range", NVMFT_Q_IO, 0x19, 0, 0, 0, 0, 9, 32 },
	{ "copy, all ranges", NVMFT_Q_IO, 0x19, 0, 0, 0, 0xffffffff, 9, 8192 },
	{ "compare", NVMFT_Q_IO, 5, 0, 0, 0, 7, 9, 4096 },
	{ "verify", NVMFT_Q_IO, 0x0c, 0, 0, 0, 7, 9, 0 },
	{ "write zeroes", NVMFT_Q_IO, 8, 0, 0, 0, 0xffff, 12, 0 },
	{ "abort", NVMFT_Q_ADMIN, 8, 0, 0xffffffff, 0xffffffff, 0xffffffff, 9, 0 },

	/* NUMDL is the upper half of CDW10, NUMDU the lower half of CDW11 */
	{ "get log, one dword", NVMFT_Q_ADMIN, 2, 0, 0x00000002, 0, 0, 9, 4 },
	{ "get log, NUMDL 127", NVMFT_Q_ADMIN, 2, 0, 0x007f0002, 0, 0, 9, 512 },
	{ "get log, NUMDL max", NVMFT_Q_ADMIN, 2, 0, 0xffff0002, 0, 0, 9, 0x40000 },
	{ "get log, NUMDU 1", NVMFT_Q_ADMIN, 2, 0, 0x00000002, 0x00000001, 0, 9, 0x40004 },
	{ "get log, LSI is not NUMDU", NVMFT_Q_ADMIN, 2, 0, 0x00030002, 0xffff0000, 0, 9, 16 },
	{ "get log, LSP is not NUMDL", NVMFT_Q_ADMIN, 2, 0, 0x00008f0c, 0, 0, 9, 4 },
	{ "get log, 4 GiB less a dword", NVMFT_Q_ADMIN, 2, 0, 0xfffe0002, 0x3fff, 0, 9,
	  0xfffffffc },
	{ "get log, 4 GiB", NVMFT_Q_ADMIN, 2, 0, 0xffff0002, 0x3fff, 0, 9, 0x100000000 },
	{ "get log, NUMD max", NVMFT_Q_DISC, 2, 0, 0xffff0070, 0xffff, 0, 9, 0x400000000 },

	{ "get host id, EXHID", NVMFT_Q_ADMIN, 0x0a, 0, 0x81, 1, 0, 9, 16 },
	{ "get host id, 64 bit", NVMFT_Q_ADMIN, 0x0a, 0, 0x81, 0, 0, 9, 0 },
	{ "get host id, reserved bits", NVMFT_Q_ADMIN, 0x0a, 0, 0x81, 0xfffffffe, 0, 9, 0 },
	{ "get host id, default", NVMFT_Q_ADMIN, 0x0a, 0, 0x181, 1, 0, 9, 16 },
	{ "get host id, saved", NVMFT_Q_ADMIN, 0x0a, 0, 0x281, 1, 0, 9, 16 },
	{ "get host id, capabilities", NVMFT_Q_ADMIN, 0x0a, 0, 0x381, 1, 0, 9, 0 },
	{ "get host id, bit 31", NVMFT_Q_ADMIN, 0x0a, 0, 0x80000081, 1, 0, 9, 16 },
	{ "get queues", NVMFT_Q_ADMIN, 0x0a, 0, 0x07, 1, 0, 9, 0 },
	{ "get FID 01h with 81h beside it", NVMFT_Q_ADMIN, 0x0a, 0, 0x8101, 1, 0, 9, 0 },
	{ "set host id", NVMFT_Q_ADMIN, 0x09, 0, 0x81, 1, 0, 9, 16 },
	{ "set timestamp", NVMFT_Q_ADMIN, 0x09, 0, 0x0e, 0, 0, 9, 8 },

	/* NLB is the lower half of CDW12 */
	{ "flush", NVMFT_Q_IO, 0, 1, 8, 0, 7, 9, 0 },
	{ "write, one block", NVMFT_Q_IO, 1, 1, 8, 0, 0, 9, 512 },
	{ "write, FUA is not NLB", NVMFT_Q_IO, 1, 1, 8, 0, 0x40000007, 9, 4096 },
	{ "read, 4 KiB blocks", NVMFT_Q_IO, 2, 1, 8, 0, 7, 12, 32768 },
	{ "read, NLB max", NVMFT_Q_IO, 2, 1, 8, 0, 0xffff, 12, 0x10000000 },
	{ "read, 4 GiB", NVMFT_Q_IO, 2, 1, 8, 0, 0xffff, 16, 0x100000000 },
};

static void len_desc(const struct len_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(len, len_rows, len_desc);

static void data_len(struct kunit *test)
{
	const struct len_row *r = test->param_value;
	union sqe s = { .b = { [0] = r->opcode, [4] = r->byte4 } };
	const struct nvmft_opdesc *d = nvmft_sqe_lookup(r->qt, &s.c);

	put_le(s.b + 40, r->cdw10, 4);
	put_le(s.b + 44, r->cdw11, 4);
	put_le(s.b + 48, r->cdw12, 4);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_EQ(test, nvmft_sqe_data_len(d, &s.c, r->shift), r->want);
}

/* Only a table of ranges may have room to spare: whole ranges, 256 at most. */
static void len_fits(struct kunit *test)
{
	static const struct {
		u8 opcode;
		u64 len;
		u32 sgl_len;
		bool fits;
	} rows[] = {
		{ 9, 16, 16, true }, { 9, 16, 4096, true }, { 9, 4096, 4096, true },
		{ 9, 4080, 4096, true }, { 9, 32, 16, false }, { 9, 16, 0, false },
		{ 9, 16, 4112, false }, { 9, 16, 20, false }, { 9, 16, 4095, false },
		{ 9, 16, 0xfffffff0, false },
		{ 2, 4096, 4096, true }, { 2, 4096, 8192, false }, { 2, 4096, 512, false },
		{ 1, 512, 4096, false }, { 5, 512, 4096, false },
		{ 0x19, 32, 32, true }, { 0x19, 32, 64, false }, { 0x19, 32, 8192, false },
		{ 8, 0, 0, true },
		/* 4 GiB does not become 0 */
		{ 2, 0x100000000, 0, false }, { 9, 0x100000010, 16, false },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		union sqe s = { .b = { [0] = rows[i].opcode } };
		const struct nvmft_opdesc *d = nvmft_sqe_lookup(NVMFT_Q_IO, &s.c);

		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_len_fits(d, rows[i].len, rows[i].sgl_len),
				    rows[i].fits, "row %d", i);
	}
}

struct lba_row {
	const char *desc;
	u64 slba;
	u32 nlb;
	u64 nsze;
	bool ok;
};

static const struct lba_row lba_rows[] = {
	{ "first block", 0, 1, 100, true },
	{ "last block", 99, 1, 100, true },
	{ "all blocks", 0, 100, 100, true },
	{ "ends at the end", 36, 64, 100, true },
	{ "one beyond the end", 37, 64, 100, false },
	{ "starts at the end", 100, 1, 100, false },
	{ "starts behind the end", 101, 1, 100, false },
	{ "longer than the namespace", 0, 101, 100, false },
	{ "NLB max", 0, 65536, 65536, true },
	{ "NLB max, too much", 1, 65536, 65536, false },
	{ "empty namespace", 0, 1, 0, false },
	{ "2^61: 4 KiB blocks would wrap to 0", 1ULL << 61, 1, 100, false },
	{ "2^55: a shift to bytes would wrap", 1ULL << 55, 8, 1ULL << 54, false },
	{ "2^63", 1ULL << 63, 1, 100, false },
	{ "2^64 - 1", ~0ULL, 1, 100, false },
	{ "2^64 - 1: the sum would be 0", ~0ULL, 1, ~0ULL, false },
	{ "2^64 - 65536: the sum would be 0", ~0xffffULL, 65536, ~0ULL, false },
	{ "end of the largest namespace", ~0ULL - 1, 1, ~0ULL, true },
	{ "beyond the largest namespace", ~0ULL - 1, 2, ~0ULL, false },
};

static void lba_desc(const struct lba_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(lba, lba_rows, lba_desc);

static void check_lba(struct kunit *test)
{
	const struct lba_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, nvmft_sqe_check_lba(r->slba, r->nlb, r->nsze),
			r->ok ? 0 : 0x80 | DNR);
}

/* Where the fault lies, of every status */
static void loc(struct kunit *test)
{
	static const struct {
		u16 status, want;
	} known[] = {
		{ 0x01, 0 },		/* Invalid Opcode: byte 0 */
		{ 0x03, 2 },		/* Command ID Conflict: CID */
		{ 0x0b, 4 },		/* Invalid Namespace: NSID */
		{ 0x0f, 24 },		/* SGL */
		{ 0x16, 24 },
		{ 0x11, 39 },		/* SGL identifier */
		{ 0x109, 40 },		/* Invalid Log Page: LID */
		{ 0x80, 40 },		/* LBA Out of Range: SLBA */
	};
	union sqe read = { .b = { [0] = 0x02 } }, flush = { }, verify = { .b = { [0] = 0x0c } };
	const struct nvmft_opdesc *r = nvmft_sqe_lookup(NVMFT_Q_IO, &read.c);
	const struct nvmft_opdesc *v = nvmft_sqe_lookup(NVMFT_Q_IO, &verify.c);
	const struct nvmft_opdesc *f = nvmft_sqe_lookup(NVMFT_Q_IO, &flush.c);
	u32 status, want;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_ASSERT_NOT_NULL(test, f);
	KUNIT_ASSERT_NOT_NULL(test, v);
	for (status = 0; status < 0x800; status++) {
		want = 0xffff;
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (known[i].status == status)
				want = known[i].want;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_loc(r, status), want, "%x", status);
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_loc(r, status | DNR), want, "%x", status);
		/* Blocks without data */
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_loc(v, status), want, "%x", status);
		/* A command without an LBA, and none that we know */
		if (status == 0x80)
			want = 0xffff;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_loc(f, status), want, "%x", status);
		KUNIT_EXPECT_EQ_MSG(test, nvmft_sqe_loc(NULL, status), want, "%x", status);
	}
}

static struct kunit_case sqe_cases[] = {
	KUNIT_CASE(matrix),
	KUNIT_CASE(effects),
	KUNIT_CASE_PARAM(check_sgl, sgl_gen_params),
	KUNIT_CASE(check_sgl_sweep),
	KUNIT_CASE_PARAM(data_len, len_gen_params),
	KUNIT_CASE(len_fits),
	KUNIT_CASE_PARAM(check_lba, lba_gen_params),
	KUNIT_CASE(loc),
	{}
};

static struct kunit_suite sqe_suite = {
	.name = "nvmft_sqe",
	.test_cases = sqe_cases,
};

kunit_test_suite(sqe_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the command table and SQE checks");
