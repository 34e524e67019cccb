// SPDX-License-Identifier: GPL-2.0
/* Backend errors as NVMe statuses, and names of statuses for people. */
#include "proto/status.h"

u16 nvmft_status_from_errno(int err, bool write)
{
	switch (err) {
	case 0:
		return NVME_SC_SUCCESS;
	case -ENODATA:
	case -EIO:
	case -EILSEQ:
		return (write ? NVME_SC_WRITE_FAULT : NVME_SC_READ_ERROR) | NVME_STATUS_DNR;
	case -ENOSPC:
		return NVME_SC_CAP_EXCEEDED | NVME_STATUS_DNR;
	case -EROFS:
		return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	case -EOPNOTSUPP:
		return NVME_SC_INVALID_OPCODE | NVME_STATUS_DNR;
	case -EREMOTEIO:
		return NVME_SC_LBA_RANGE | NVME_STATUS_DNR;
	case -EBADE:
		return NVME_SC_RESERVATION_CONFLICT | NVME_STATUS_DNR;
	default:
		/*
		 * Also for a disk that is offline or out of reach: all paths lead to
		 * it through this machine. At a path error hosts with multipath try
		 * the other paths, without counting and without an end.
		 */
		return NVME_SC_INTERNAL;
	}
}

/* SCT and SC, without CRD, M and DNR */
#define STATUS_CODE_MASK	0x7ff

/*
 * Values 180h and up of type 1 belong to a command set each; ours are those of
 * the Fabrics commands, as no other is returned.
 */
static const struct {
	u16 code;
	const char *name;
} names[] = {
	{ NVME_SC_SUCCESS, "Success" },
	{ NVME_SC_INVALID_OPCODE, "Invalid Opcode" },
	{ NVME_SC_INVALID_FIELD, "Invalid Field" },
	{ NVME_SC_CMDID_CONFLICT, "Command ID Conflict" },
	{ NVME_SC_DATA_XFER_ERROR, "Data Transfer Error" },
	{ NVME_SC_INTERNAL, "Internal Error" },
	{ NVME_SC_ABORT_REQ, "Command Abort Requested" },
	{ NVME_SC_ABORT_QUEUE, "Command Aborted due to SQ Deletion" },
	{ NVME_SC_FUSED_FAIL, "Aborted, Failed Fused Command" },
	{ NVME_SC_FUSED_MISSING, "Aborted, Missing Fused Command" },
	{ NVME_SC_INVALID_NS, "Invalid Namespace or Format" },
	{ NVME_SC_CMD_SEQ_ERROR, "Command Sequence Error" },
	{ NVME_SC_SGL_INVALID_DATA, "Data SGL Length Invalid" },
	{ NVME_SC_SGL_INVALID_TYPE, "SGL Descriptor Type Invalid" },
	{ NVME_SC_SGL_INVALID_OFFSET, "SGL Offset Invalid" },
	{ NVME_SC_HOST_ID_INCONSIST, "Host Identifier Inconsistent Format" },
	{ NVME_SC_KA_TIMEOUT_EXPIRED, "Keep Alive Timeout Expired" },
	{ NVME_SC_KA_TIMEOUT_INVALID, "Keep Alive Timeout Invalid" },
	{ NVME_SC_NS_WRITE_PROTECTED, "Namespace is Write Protected" },
	{ NVME_SC_CMD_INTERRUPTED, "Command Interrupted" },
	{ NVME_SC_TRANSIENT_TR_ERR, "Transient Transport Error" },
	{ NVME_SC_LBA_RANGE, "LBA Out of Range" },
	{ NVME_SC_CAP_EXCEEDED, "Capacity Exceeded" },
	{ NVME_SC_NS_NOT_READY, "Namespace Not Ready" },
	{ NVME_SC_RESERVATION_CONFLICT, "Reservation Conflict" },
	{ NVME_SC_ABORT_LIMIT, "Abort Command Limit Exceeded" },
	{ NVME_SC_ASYNC_LIMIT, "Async Event Request Limit Exceeded" },
	{ NVMFT_SC_INVALID_LOG_PAGE, "Invalid Log Page" },
	{ NVMFT_SC_FEAT_NOT_SAVEABLE, "Feature Not Saveable" },
	{ NVMFT_SC_FEAT_NOT_CHANGEABLE, "Feature Not Changeable" },
	{ NVMFT_SC_FEAT_NOT_PER_NS, "Feature Not Namespace Specific" },
	{ NVME_SC_ANA_GROUP_ID_INVALID, "ANA Group Identifier Invalid" },
	{ NVME_SC_CONNECT_FORMAT, "Connect Incompatible Format" },
	{ NVME_SC_CONNECT_CTRL_BUSY, "Connect Controller Busy" },
	{ NVME_SC_CONNECT_INVALID_PARAM, "Connect Invalid Parameters" },
	{ NVME_SC_CONNECT_RESTART_DISC, "Connect Restart Discovery" },
	{ NVME_SC_CONNECT_INVALID_HOST, "Connect Invalid Host" },
	{ NVMFT_SC_CONNECT_INVALID_QTYPE, "Invalid Queue Type" },
	{ NVME_SC_DISCOVERY_RESTART, "Discover Restart" },
	{ NVME_SC_AUTH_REQUIRED, "Authentication Required" },
	{ NVME_SC_WRITE_FAULT, "Write Fault" },
	{ NVME_SC_READ_ERROR, "Unrecovered Read Error" },
	{ NVME_SC_COMPARE_FAILED, "Compare Failure" },
	{ NVME_SC_INTERNAL_PATH_ERROR, "Internal Path Error" },
	{ NVME_SC_ANA_PERSISTENT_LOSS, "ANA Persistent Loss" },
	{ NVME_SC_ANA_INACCESSIBLE, "ANA Inaccessible" },
	{ NVME_SC_ANA_TRANSITION, "ANA Transition" },
};

const char *nvmft_status_name(u16 status)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == (status & STATUS_CODE_MASK))
			return names[i].name;
	return "Unknown Status";
}
