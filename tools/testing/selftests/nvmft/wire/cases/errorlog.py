# SPDX-License-Identifier: GPL-2.0
"""Error Information, log page 01h: what an entry says of the command that failed (5.1.12.1)."""

import struct

from nvmetcp import nvme
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import case, rows

NONE = 0xFFFF
TCP = 3


class Entry:
    """One entry of 64 bytes."""

    def __init__(self, raw):
        (self.count, self.sqid, self.cid, self.status, self.loc, self.lba, self.nsid, self.vsia,
         self.trtype, self.csi, self.opcode, self.cs, self.ttsi, reserved, self.version) = \
            struct.unpack("<QHHHHQIBBBBQH21sB", raw)
        check(not any(reserved) and not self.vsia and not self.cs and not self.ttsi,
              f"fields that say nothing: {raw.hex()}")


def _entries(host, n):
    raw = host.log(0x01, 64 * n)
    return [Entry(raw[at:at + 64]) for at in range(0, len(raw), 64)]


def _byte(byte, bit=0):
    """A parameter error location."""
    return byte | bit << 8


# Name, queue, command, status, location, LBA
FAULTS = [
    ("identify_cns", 0, nvme.identify(0x7F), nvme.INVALID_FIELD, _byte(40), 0),
    ("identify_csi", 0, nvme.identify(6, csi=2), nvme.INVALID_FIELD, _byte(47), 0),
    ("identify_cntid", 0, nvme.identify(0x1C, cntid=0x7777), nvme.INVALID_FIELD, _byte(42), 0),
    ("identify_nsid", 0, nvme.identify(0, 0xFFFFFFFE), nvme.INVALID_NS, _byte(4), 0),
    ("log_lid", 0, nvme.get_log(0xC0, 512), nvme.INVALID_LOG_PAGE, _byte(40), 0),
    ("log_offset", 0, nvme.get_log(0x03, 512, lpo=516), nvme.INVALID_FIELD, _byte(48), 0),
    ("log_nsid", 0, nvme.get_log(0x02, 512, nsid=1), nvme.INVALID_FIELD, _byte(4), 0),
    ("log_csi", 0, nvme.get_log(0x05, 4096, csi=2), nvme.INVALID_FIELD, _byte(59), 0),
    ("feature_fid", 0, nvme.set_features(0xC0), nvme.INVALID_FIELD, _byte(40), 0),
    ("feature_sv", 0, nvme.set_features(0x0B, save=True), nvme.NOT_SAVEABLE, _byte(43, 7), 0),
    ("feature_sel", 0, nvme.get_features(0x0B, sel=5), nvme.INVALID_FIELD, _byte(41), 0),
    ("feature_nsid", 0, nvme.set_features(0x0B, nsid=1), nvme.NOT_PER_NS, _byte(4), 0),
    ("feature_bit_8", 0, nvme.set_features(0x02, 0x100), nvme.INVALID_FIELD, _byte(45), 0),
    ("feature_value", 0, nvme.set_features(0x02, 1), nvme.INVALID_FIELD, _byte(44), 0),
    ("feature_inactive", 0, nvme.get_features(0x84, nsid=3), nvme.INVALID_FIELD, _byte(4), 0),
    ("opcode", 0, nvme.sqe(0xFC), nvme.INVALID_OPCODE, _byte(0), 0),
    ("sgl_length", 0, nvme.identify(1, length=4092), nvme.SGL_LENGTH, _byte(24), 0),
    ("sequence", 0, nvme.set_features(0x81, 1, length=16), nvme.SEQUENCE_ERROR, NONE, 0),
    ("read_lba", 1, nvme.rw(nvme.READ, 1, 1 << 40, 1, 512), nvme.LBA_RANGE, _byte(40), 1 << 40),
    ("verify_lba", 1, nvme.verify(1, 1 << 40, 1), nvme.LBA_RANGE, _byte(40), 1 << 40),
    ("write_zeroes_lba", 1, nvme.write_zeroes(1, 1 << 40, 1), nvme.LBA_RANGE, _byte(40), 1 << 40),
    ("read_nsid", 1, nvme.rw(nvme.READ, 77, 5, 1, 512), nvme.INVALID_NS, _byte(4), 5),
    ("sgl_type", 1, nvme.rw(nvme.READ, 1, 9, 1, 512, kind=0x20), nvme.SGL_TYPE, _byte(39), 9),
    ("io_opcode", 1, nvme.sqe(0x7E, 1), nvme.INVALID_OPCODE, _byte(0), 0),
]


@rows(FAULTS)
def entry(env, qid, sqe, status, loc, lba):
    """The newest entry is of the command that failed, and its completion has More set."""
    queue = env.io()
    host = queue.host
    before = _entries(host, 1)[0]
    target = queue if qid else host.admin
    sqe = bytearray(sqe)
    opcode = sqe[0]
    cid = target.submit(sqe, expect=4096)
    cqe = target.transfer(cid, bytes(16)) if loc == NONE else target.wait(cid)
    check_status(cqe, status, "command")
    check(cqe.more, f"{cqe}: More is not set, though there is an entry")
    check(cqe.phase == 0, f"{cqe}: phase tag")
    new, old = _entries(host, 2)
    check(new.count == before.count + 1, f"counts {before.count}, {new.count}")
    check(old.count == before.count and old.status == before.status, "the older entry moved wrongly")
    check(new.status >> 1 & 0x7FF == status and new.status & 1 == 0, f"status {new.status:#x}")
    check(new.status >> 14 & 1 and new.status >> 15, f"status {new.status:#x}: More and DNR")
    check((new.sqid, new.cid) == (qid, cid), f"queue {new.sqid} cid {new.cid}")
    check(new.opcode == opcode, f"opcode {new.opcode:#x}")
    check(new.nsid == struct.unpack_from("<I", sqe, 4)[0], f"nsid {new.nsid:#x}")
    check(new.loc == loc, f"location {new.loc:#06x}, expected {loc:#06x}")
    check(new.lba == lba, f"LBA {new.lba:#x}")
    check((new.trtype, new.csi, new.version) == (TCP, 0, 1),
          f"transport {new.trtype} CSI {new.csi} version {new.version}")


@case()
def duplicate_cid(env):
    """A command identifier in use: the location is the identifier."""
    host = env.up(0)
    cid = host.aer()
    nvme_sqe = nvme.identify(1)
    host.admin.submit(nvme_sqe, cid=cid)
    check_status(host.admin.wait(cid), nvme.CID_CONFLICT, "duplicate")
    check(_entries(host, 1)[0].loc == 2, "location")


@case()
def success_makes_none(env):
    """A command that succeeds has no entry and no More; nor has one that a reset sends back."""
    queue = env.io()
    host = queue.host
    cqe = queue.cmd(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
    check(not cqe.more, f"{cqe}: More")
    for _ in range(2):
        host.aer()
    host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
    host.wait_csts(nvme.CSTS_RDY, 0)
    host.enable()
    check(_entries(host, 1)[0].count == 0, "an entry")


@case()
def order_and_overflow(env):
    """Newest first, counted up; what does not fit is the oldest. SMART counts them all."""
    host = env.up(0)
    room = host.ctrl.elpe + 1
    for lid in range(room + 10):
        host.log(0xC0 + lid % 32, 4, status=nvme.INVALID_LOG_PAGE)
    got = _entries(host, room)
    check([e.count for e in got] == list(range(room + 10, 10, -1)), f"{[e.count for e in got]}")
    smart = host.log(0x02, 512, nsid=nvme.NSID_ALL)
    check(struct.unpack_from("<Q", smart, 176)[0] == room + 10, "SMART's number of entries")


@case()
def each_controller_its_own(env):
    """The log is the controller's."""
    one, two = env.up(0), env.up(0)
    one.log(0xC0, 4, status=nvme.INVALID_LOG_PAGE)
    check(_entries(two, 1)[0].count == 0, "an entry of another controller")
