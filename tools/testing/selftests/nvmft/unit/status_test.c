// SPDX-License-Identifier: GPL-2.0
/* Backend errors as statuses, and the names of statuses. */
#include <kunit/test.h>
#include "proto/status.h"

#define DNR		0x4000
#define INTERNAL	0x006

struct errno_row {
	const char *desc;
	int err;
	u16 read, write;
};

/* By number; every errno that is not here is an Internal Error. */
static const struct errno_row errno_rows[] = {
	{ "success", 0, 0, 0 },
	{ "EIO", -5, 0x281 | DNR, 0x280 | DNR },
	{ "ENOMEM", -12, INTERNAL, INTERNAL },
	{ "EAGAIN", -11, INTERNAL, INTERNAL },
	{ "EBUSY", -16, INTERNAL, INTERNAL },
	{ "ENODEV", -19, INTERNAL, INTERNAL },
	{ "EINVAL", -22, INTERNAL, INTERNAL },
	{ "ENOSPC", -28, 0x081 | DNR, 0x081 | DNR },
	{ "EROFS", -30, 0x020 | DNR, 0x020 | DNR },
	{ "EBADE", -52, 0x083 | DNR, 0x083 | DNR },
	{ "ENODATA", -61, 0x281 | DNR, 0x280 | DNR },
	{ "ENOLINK", -67, INTERNAL, INTERNAL },
	{ "EILSEQ", -84, 0x281 | DNR, 0x280 | DNR },
	{ "EOPNOTSUPP", -95, 0x001 | DNR, 0x001 | DNR },
	{ "ETIMEDOUT", -110, INTERNAL, INTERNAL },
	{ "EREMOTEIO", -121, 0x080 | DNR, 0x080 | DNR },
};

static void errno_desc(const struct errno_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(errno, errno_rows, errno_desc);

static void from_errno(struct kunit *test)
{
	const struct errno_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, nvmft_status_from_errno(r->err, false), r->read);
	KUNIT_EXPECT_EQ(test, nvmft_status_from_errno(r->err, true), r->write);
}

/* Never success for an error, positive numbers and the kernel's own included */
static void from_any_errno(struct kunit *test)
{
	int err, write;
	size_t i;

	for (err = -4095; err <= 4095; err++) {
		u16 want[2] = { INTERNAL, INTERNAL };

		for (i = 0; i < ARRAY_SIZE(errno_rows); i++) {
			if (errno_rows[i].err == err) {
				want[0] = errno_rows[i].read;
				want[1] = errno_rows[i].write;
			}
		}
		for (write = 0; write < 2; write++)
			KUNIT_EXPECT_EQ_MSG(test, nvmft_status_from_errno(err, write), want[write],
					    "errno %d write %d", err, write);
	}
}

struct name_row {
	const char *desc;
	u16 code;
};

/* desc is the name */
static const struct name_row name_rows[] = {
	{ "Success", 0x000 },
	{ "Invalid Opcode", 0x001 },
	{ "Invalid Field", 0x002 },
	{ "Command ID Conflict", 0x003 },
	{ "Data Transfer Error", 0x004 },
	{ "Internal Error", 0x006 },
	{ "Command Abort Requested", 0x007 },
	{ "Command Aborted due to SQ Deletion", 0x008 },
	{ "Aborted, Failed Fused Command", 0x009 },
	{ "Aborted, Missing Fused Command", 0x00a },
	{ "Invalid Namespace or Format", 0x00b },
	{ "Command Sequence Error", 0x00c },
	{ "Data SGL Length Invalid", 0x00f },
	{ "SGL Descriptor Type Invalid", 0x011 },
	{ "SGL Offset Invalid", 0x016 },
	{ "Host Identifier Inconsistent Format", 0x018 },
	{ "Keep Alive Timeout Expired", 0x019 },
	{ "Keep Alive Timeout Invalid", 0x01a },
	{ "Namespace is Write Protected", 0x020 },
	{ "Command Interrupted", 0x021 },
	{ "Transient Transport Error", 0x022 },
	{ "LBA Out of Range", 0x080 },
	{ "Capacity Exceeded", 0x081 },
	{ "Namespace Not Ready", 0x082 },
	{ "Reservation Conflict", 0x083 },
	{ "Abort Command Limit Exceeded", 0x103 },
	{ "Async Event Request Limit Exceeded", 0x105 },
	{ "Invalid Log Page", 0x109 },
	{ "Feature Not Saveable", 0x10d },
	{ "Feature Not Changeable", 0x10e },
	{ "Feature Not Namespace Specific", 0x10f },
	{ "ANA Group Identifier Invalid", 0x124 },
	{ "Connect Incompatible Format", 0x180 },
	{ "Connect Controller Busy", 0x181 },
	{ "Connect Invalid Parameters", 0x182 },
	{ "Connect Restart Discovery", 0x183 },
	{ "Connect Invalid Host", 0x184 },
	{ "Invalid Queue Type", 0x185 },
	{ "Discover Restart", 0x190 },
	{ "Authentication Required", 0x191 },
	{ "Write Fault", 0x280 },
	{ "Unrecovered Read Error", 0x281 },
	{ "Compare Failure", 0x285 },
	{ "Internal Path Error", 0x300 },
	{ "ANA Persistent Loss", 0x301 },
	{ "ANA Inaccessible", 0x302 },
	{ "ANA Transition", 0x303 },
};

static void name_desc(const struct name_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(name, name_rows, name_desc);

static void name(struct kunit *test)
{
	const struct name_row *r = test->param_value;

	KUNIT_EXPECT_STREQ(test, nvmft_status_name(r->code), r->desc);
	KUNIT_EXPECT_STREQ(test, nvmft_status_name(r->code | DNR), r->desc);
	/* Nor do the retry delay and More matter, nor a bit outside */
	KUNIT_EXPECT_STREQ(test, nvmft_status_name(r->code | 0xf800), r->desc);
}

/* All others have one name too, and so do all that a backend error makes. */
static void unknown(struct kunit *test)
{
	u32 code, known = 0;
	int err;

	for (code = 0; code < 0x800; code++) {
		const char *got = nvmft_status_name(code);

		KUNIT_ASSERT_NOT_NULL(test, got);
		known += strcmp(got, "Unknown Status") != 0;
	}
	KUNIT_EXPECT_EQ(test, known, ARRAY_SIZE(name_rows));
	for (err = -255; err <= 0; err++) {
		code = nvmft_status_from_errno(err, err & 1);
		KUNIT_EXPECT_NE(test, strcmp(nvmft_status_name(code), "Unknown Status"), 0);
	}
}

static struct kunit_case status_cases[] = {
	KUNIT_CASE_PARAM(from_errno, errno_gen_params),
	KUNIT_CASE(from_any_errno),
	KUNIT_CASE_PARAM(name, name_gen_params),
	KUNIT_CASE(unknown),
	{}
};

static struct kunit_suite status_suite = {
	.name = "nvmft_status",
	.test_cases = status_cases,
};

kunit_test_suite(status_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of statuses");
