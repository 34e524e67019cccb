# SPDX-License-Identifier: GPL-2.0
"""NVMe commands and completions: SQE builders, CQE fields, status values with names."""

import struct

# Admin opcodes
GET_LOG_PAGE, IDENTIFY, ABORT = 0x02, 0x06, 0x08
SET_FEATURES, GET_FEATURES, ASYNC_EVENT, KEEP_ALIVE = 0x09, 0x0A, 0x0C, 0x18
# NVM opcodes
FLUSH, WRITE, READ, WRITE_UNCORRECTABLE, COMPARE = 0x00, 0x01, 0x02, 0x04, 0x05
WRITE_ZEROES, DSM, VERIFY, COPY = 0x08, 0x09, 0x0C, 0x19
# Fabrics
FABRICS = 0x7F
PROPERTY_SET, CONNECT, PROPERTY_GET, AUTH_SEND, AUTH_RECV, DISCONNECT = 0, 1, 4, 5, 6, 8

# Properties (byte offset, size)
CAP, VS, CC, CSTS, NSSR, CRTO = 0x00, 0x08, 0x14, 0x1C, 0x20, 0x68

CC_EN = 1
CC_IOSQES_IOCQES = (6 << 16) | (4 << 20)
CC_SHN_NORMAL, CC_SHN_ABRUPT = 1 << 14, 2 << 14
CSTS_RDY, CSTS_CFS = 1, 2
CSTS_SHST, CSTS_SHST_DONE = 3 << 2, 2 << 2

# Features
FEAT_VWC, FEAT_NUM_QUEUES, FEAT_AEC, FEAT_KATO, FEAT_HOST_ID = 0x06, 0x07, 0x0B, 0x0F, 0x81
FEAT_ARBITRATION, FEAT_POWER, FEAT_TEMPERATURE, FEAT_ERROR_RECOVERY = 0x01, 0x02, 0x04, 0x05
FEAT_ATOMICITY, FEAT_TIMESTAMP, FEAT_BEHAVIOR, FEAT_WRITE_PROTECT = 0x0A, 0x0E, 0x16, 0x84
# Bytes of data of those that have some
FEAT_DATA = {FEAT_TIMESTAMP: 8, FEAT_BEHAVIOR: 512, FEAT_HOST_ID: 16}

# SGL identifiers (type << 4 | subtype)
SGL_ICD, SGL_TRANSPORT = 0x01, 0x5A
PSDT_SGL = 0x40

# FUSE
FIRST, SECOND = 1, 2

CATTR_NO_SQ_FLOW = 0x04

NSID_ALL = 0xFFFFFFFF
DISCOVERY_NQN = "nqn.2014-08.org.nvmexpress.discovery"

# Status values are (status code type << 8) | status code.
OK = 0x000
INVALID_OPCODE = 0x001
INVALID_FIELD = 0x002
CID_CONFLICT = 0x003
DATA_TRANSFER_ERROR = 0x004
INTERNAL = 0x006
ABORT_REQUESTED = 0x007
ABORTED_SQ_DELETION = 0x008
FUSED_FAILED = 0x009
FUSED_MISSING = 0x00A
INVALID_NS = 0x00B
SEQUENCE_ERROR = 0x00C
SGL_LENGTH = 0x00F
SGL_TYPE = 0x011
ATOMIC_WU = 0x014
SGL_OFFSET = 0x016
KATO_INVALID = 0x01A
WRITE_PROTECTED = 0x020
TRANSIENT_TRANSPORT = 0x022
LBA_RANGE = 0x080
NS_NOT_READY = 0x082
INVALID_QID = 0x101
ABORT_LIMIT = 0x103
AER_LIMIT = 0x105
INVALID_LOG_PAGE = 0x109
NOT_SAVEABLE = 0x10D
NOT_CHANGEABLE = 0x10E
NOT_PER_NS = 0x10F
IOCS_NOT_SUPPORTED = 0x129
INVALID_IOCS = 0x12C
CONNECT_FORMAT = 0x180
CONNECT_BUSY = 0x181
CONNECT_PARAM = 0x182
CONNECT_HOST = 0x184
SIZE_LIMIT = 0x183
INVALID_QUEUE_TYPE = 0x185
OVERLAPPING = 0x187
WRITE_FAULT = 0x280
UNRECOVERED_READ = 0x281
COMPARE_FAILURE = 0x285
INTERNAL_PATH = 0x300
ANA_LOSS, ANA_INACCESSIBLE, ANA_TRANSITION = 0x301, 0x302, 0x303

STATUS_NAMES = {
    OK: "Success", INVALID_OPCODE: "Invalid Opcode", INVALID_FIELD: "Invalid Field",
    CID_CONFLICT: "Command ID Conflict", DATA_TRANSFER_ERROR: "Data Transfer Error",
    INTERNAL: "Internal Error", ABORT_REQUESTED: "Abort Requested",
    ABORTED_SQ_DELETION: "Aborted due to SQ Deletion",
    FUSED_FAILED: "Failed Fused Command", FUSED_MISSING: "Missing Fused Command",
    ATOMIC_WU: "Atomic Write Unit Exceeded", WRITE_PROTECTED: "Namespace is Write Protected",
    SIZE_LIMIT: "Command Size Limit Exceeded", OVERLAPPING: "Overlapping I/O Range",
    COMPARE_FAILURE: "Compare Failure",
    INVALID_NS: "Invalid Namespace or Format", SEQUENCE_ERROR: "Command Sequence Error",
    SGL_LENGTH: "Data SGL Length Invalid", SGL_TYPE: "SGL Descriptor Type Invalid",
    SGL_OFFSET: "SGL Offset Invalid", KATO_INVALID: "Keep Alive Timeout Invalid",
    TRANSIENT_TRANSPORT: "Transient Transport Error", LBA_RANGE: "LBA Out of Range",
    INVALID_QID: "Invalid Queue Identifier", ABORT_LIMIT: "Abort Command Limit Exceeded",
    AER_LIMIT: "AER Limit Exceeded", INVALID_LOG_PAGE: "Invalid Log Page",
    NOT_SAVEABLE: "Feature Not Saveable", NOT_CHANGEABLE: "Feature Not Changeable",
    NOT_PER_NS: "Feature Not Namespace Specific", WRITE_PROTECTED: "Namespace is Write Protected",
    IOCS_NOT_SUPPORTED: "I/O Command Set Not Supported",
    INVALID_IOCS: "Invalid I/O Command Set", CONNECT_FORMAT: "Connect Incompatible Format",
    CONNECT_BUSY: "Connect Controller Busy", CONNECT_PARAM: "Connect Invalid Parameters",
    CONNECT_HOST: "Connect Invalid Host", INVALID_QUEUE_TYPE: "Invalid Queue Type",
    NS_NOT_READY: "Namespace Not Ready", INTERNAL_PATH: "Internal Path Error",
    ANA_LOSS: "ANA Persistent Loss", ANA_INACCESSIBLE: "ANA Inaccessible",
    ANA_TRANSITION: "ANA Transition", WRITE_FAULT: "Write Fault", UNRECOVERED_READ: "Unrecovered Read Error",
}


def status_name(status):
    """A status as text: its name and its number."""
    return f"{STATUS_NAMES.get(status, 'status')} ({status:#05x})"


def sgl(kind, length, address=0):
    """One 16-byte SGL descriptor."""
    return struct.pack("<QIBBBB", address & 0xFFFFFFFFFFFFFFFF, length & 0xFFFFFFFF, 0, 0, 0,
                       kind)


def sqe(opcode, nsid=0, *, flags=PSDT_SGL, dptr=bytes(16), cid=0, cdw10=0, cdw11=0, cdw12=0,
        cdw13=0, cdw14=0, cdw15=0, fuse=0):
    """A 64-byte command; the identifier is filled in when a queue submits it."""
    return bytearray(struct.pack("<BBHIQQ16sIIIIII", opcode, flags | fuse, cid, nsid, 0, 0, dptr,
                                 cdw10 & 0xFFFFFFFF, cdw11 & 0xFFFFFFFF, cdw12 & 0xFFFFFFFF,
                                 cdw13 & 0xFFFFFFFF, cdw14 & 0xFFFFFFFF, cdw15 & 0xFFFFFFFF))


def set_cid(entry, cid):
    """Write the command identifier into an SQE."""
    struct.pack_into("<H", entry, 2, cid)


def rw(opcode, nsid, slba, blocks, nbytes, *, icd=False, fua=False, fuse=0, kind=None,
       address=0, flags=PSDT_SGL):
    """A Read or Write of blocks (a count, not 0's based) whose SGL says nbytes."""
    kind = kind if kind is not None else (SGL_ICD if icd else SGL_TRANSPORT)
    return sqe(opcode, nsid, flags=flags, dptr=sgl(kind, nbytes, address),
               cdw10=slba & 0xFFFFFFFF, cdw11=slba >> 32,
               cdw12=((blocks - 1) & 0xFFFF) | (1 << 30 if fua else 0), fuse=fuse)


def flush(nsid):
    """A Flush."""
    return sqe(FLUSH, nsid)


def verify(nsid, slba, blocks, *, fuse=0, cdw12=0):
    """A Verify; cdw12 are bits beside NLB."""
    return sqe(VERIFY, nsid, cdw10=slba & 0xFFFFFFFF, cdw11=slba >> 32,
               cdw12=((blocks - 1) & 0xFFFF) | cdw12, fuse=fuse)


def write_zeroes(nsid, slba, blocks, *, deac=False, fua=False, fuse=0):
    """A Write Zeroes."""
    return sqe(WRITE_ZEROES, nsid, cdw10=slba & 0xFFFFFFFF, cdw11=slba >> 32,
               cdw12=((blocks - 1) & 0xFFFF) | (1 << 25 if deac else 0) | (1 << 30 if fua else 0),
               fuse=fuse)


def dsm_ranges(ranges):
    """The data of a Dataset Management: (slba, blocks) each."""
    return b"".join(struct.pack("<IIQ", 0, count, slba) for slba, count in ranges)


def dsm(nsid, count, *, attributes=4, nbytes=None, icd=False, fuse=0, cdw10=0):
    """A Dataset Management of count ranges; attributes 4 is deallocate."""
    return sqe(DSM, nsid, dptr=sgl(SGL_ICD if icd else SGL_TRANSPORT,
                                   count * 16 if nbytes is None else nbytes),
               cdw10=((count - 1) & 0xFF) | cdw10, cdw11=attributes, fuse=fuse)


def copy_ranges(ranges):
    """The data of a Copy, format 0: (slba, blocks) each."""
    return b"".join(struct.pack("<QQH14x", 0, slba, count - 1) for slba, count in ranges)


def copy(nsid, slba, count, *, fmt=0, fua=False, nbytes=None, icd=False, fuse=0):
    """A Copy of count source ranges to slba."""
    return sqe(COPY, nsid, dptr=sgl(SGL_ICD if icd else SGL_TRANSPORT,
                                    count * 32 if nbytes is None else nbytes),
               cdw10=slba & 0xFFFFFFFF, cdw11=slba >> 32,
               cdw12=((count - 1) & 0xFF) | fmt << 8 | (1 << 30 if fua else 0), fuse=fuse)


def identify(cns, nsid=0, *, cntid=0, csi=0, length=4096):
    """An Identify; length is what the SGL says."""
    return sqe(IDENTIFY, nsid, dptr=sgl(SGL_TRANSPORT, length), cdw10=cns | cntid << 16,
               cdw11=csi << 24)


def get_log(lid, length, *, lpo=0, rae=False, lsp=0, nsid=0, sgl_length=None, csi=0):
    """A Get Log Page of length bytes; the SGL can be told to disagree."""
    numd = length // 4 - 1
    return sqe(GET_LOG_PAGE, nsid,
               dptr=sgl(SGL_TRANSPORT, length if sgl_length is None else sgl_length),
               cdw10=lid | lsp << 8 | (1 << 15 if rae else 0) | (numd & 0xFFFF) << 16,
               cdw11=numd >> 16 & 0xFFFF, cdw12=lpo & 0xFFFFFFFF, cdw13=lpo >> 32,
               cdw14=csi << 24)


def set_features(fid, cdw11=0, *, save=False, nsid=0, length=0, icd=False):
    """A Set Features."""
    dptr = sgl(SGL_ICD if icd else SGL_TRANSPORT, length) if length else bytes(16)
    return sqe(SET_FEATURES, nsid, dptr=dptr, cdw10=fid | (1 << 31 if save else 0), cdw11=cdw11)


def get_features(fid, cdw11=0, *, sel=0, nsid=0, length=0):
    """A Get Features; SEL 0 current, 1 default, 2 saved, 3 supported capabilities."""
    dptr = sgl(SGL_TRANSPORT, length) if length else bytes(16)
    return sqe(GET_FEATURES, nsid, dptr=dptr, cdw10=fid | sel << 8, cdw11=cdw11)


def abort(sqid, cid):
    """An Abort of the command cid on submission queue sqid."""
    return sqe(ABORT, cdw10=sqid | cid << 16)


def fabrics(fctype, body=b"", *, dptr=bytes(16), flags=PSDT_SGL):
    """A Fabrics command; body are the bytes from offset 40 on."""
    return bytearray(struct.pack("<BBHB19s16s24s", FABRICS, flags, 0, fctype, b"", dptr,
                                 body.ljust(24, b"\0")))


def connect(qid, sqsize, *, recfmt=0, cattr=0, kato=0, length=1024, icd=True, flags=PSDT_SGL,
            kind=None, address=0):
    """A Connect; sqsize is the 0's based field itself."""
    kind = kind if kind is not None else (SGL_ICD if icd else SGL_TRANSPORT)
    return fabrics(CONNECT, struct.pack("<HHHBBI", recfmt, qid, sqsize & 0xFFFF, cattr, 0, kato),
                   dptr=sgl(kind, length, address), flags=flags)


def connect_data(hostid, cntlid, subnqn, hostnqn):
    """The 1024 bytes of a Connect; names may be bytes of any form."""
    if isinstance(subnqn, str):
        subnqn = subnqn.encode()
    if isinstance(hostnqn, str):
        hostnqn = hostnqn.encode()
    return (hostid + struct.pack("<H", cntlid) + bytes(238) + subnqn.ljust(256, b"\0")[:256] +
            hostnqn.ljust(256, b"\0")[:256] + bytes(256))


# Where a Connect's fields are, as a refusal names them (IPO, IATTR).
AT_SGL, AT_RECFMT, AT_QID, AT_SQSIZE = (24, 0), (40, 0), (42, 0), (44, 0)
AT_HOSTID, AT_CNTLID, AT_SUBNQN, AT_HOSTNQN = (0, 1), (16, 1), (256, 1), (512, 1)


def property_get(offset, size, *, flags=PSDT_SGL):
    """A Property Get of 4 or 8 bytes."""
    return fabrics(PROPERTY_GET, struct.pack("<B3xI", 1 if size == 8 else 0, offset),
                   flags=flags)


def property_set(offset, size, value, *, flags=PSDT_SGL):
    """A Property Set of 4 or 8 bytes."""
    return fabrics(PROPERTY_SET, struct.pack("<B3xIQ", 1 if size == 8 else 0, offset, value),
                   flags=flags)


def disconnect(recfmt=0, *, flags=PSDT_SGL):
    """A Disconnect."""
    return fabrics(DISCONNECT, struct.pack("<H", recfmt), flags=flags)


class Cqe:
    """One completion: a response capsule, or what a C2HData with SUCCESS stands for."""

    def __init__(self, raw, success_flag=False):
        self.dw0, self.dw1, self.sqhd, self.sqid, self.cid, status = struct.unpack("<IIHHHH",
                                                                                   raw)
        self.phase = status & 1
        self.status = (status >> 1) & 0x7FF
        self.crd = status >> 12 & 3
        self.more = bool(status >> 14 & 1)
        self.dnr = bool(status >> 15)
        self.success_flag = success_flag
        self.data = b""

    @classmethod
    def implied(cls, cid):
        """The completion that SUCCESS in the last C2HData stands for."""
        return cls(struct.pack("<IIHHHH", 0, 0, 0, 0, cid, 0), success_flag=True)

    @property
    def value(self):
        """DW1:DW0, as Property Get returns it."""
        return self.dw1 << 32 | self.dw0

    @property
    def connect_error(self):
        """(IPO, IATTR) of a Connect refused with Invalid Parameters."""
        return self.dw0 & 0xFFFF, self.dw0 >> 16 & 1

    def __str__(self):
        return (f"cid {self.cid} {status_name(self.status)}{' DNR' if self.dnr else ''}"
                f" dw0 {self.dw0:#x} dw1 {self.dw1:#x} sqhd {self.sqhd:#x}")
