# SPDX-License-Identifier: GPL-2.0
"""What the corpus was grown from: for each target inputs that mean something.

An input begins with the knobs that the target reads first; streams are built by the wire
tests' own builders. path_target.c xors digests with the right ones, so they are zero here.
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "wire"))
# pylint: disable=wrong-import-position
from nvmetcp import nvme, pdu  # noqa: E402

pdu.crc32c = lambda data: 0

NQN = "nqn.2026-01.com.example:disk1"
HOST = "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555"
IDS = bytes(range(1, 17))
CC_ON = 0x460001


NEW, IO, ADMIN, DISCOVERY = range(4)


class Stream:
    """What a host sends on one connection; path_fuzz.c makes its beginning if it has a kind."""

    def __init__(self, kind=NEW, digests=0):
        self.fmt = pdu.Format(hdgst=bool(digests & 1), ddgst=bool(digests & 2))
        self.knobs = kind | digests << 2
        self.bytes = b"" if kind else pdu.icreq(dgst=digests)
        self.cid = 0
        self.tag = 0

    def cmd(self, sqe, data=b""):
        """A command, with data in the capsule if there is any."""
        nvme.set_cid(sqe, self.cid)
        self.cid += 1
        self.bytes += pdu.capsule(sqe, data, self.fmt)
        return self

    def cmds(self, *sqes):
        """Commands without data in the capsule."""
        for sqe in sqes:
            self.cmd(sqe)
        return self

    def answer(self, data, slot=0, window=1536):
        """The data that the R2Ts for the command in this slot ask for, in two halves each."""
        tag = (self.tag << 12 | slot) & 0xFFFF
        self.tag += 1
        for off in range(0, len(data), window):
            piece = data[off:off + window]
            half = len(piece) // 2 & ~3
            for at, part in ((0, piece[:half]), (half, piece[half:])):
                self.bytes += pdu.h2cdata(self.cid - 1, tag, off + at, part, self.fmt, last=at > 0)
        return self


def connecting(digests, icd):
    """From the first byte on, with Connect data in the capsule or behind an R2T."""
    stream, data = Stream(NEW, digests), nvme.connect_data(IDS, 0xFFFF, NQN, HOST)
    stream.cmd(nvme.connect(0, 31, icd=icd), data if icd else b"")
    return (stream if icd else stream.answer(data)).cmds(nvme.property_set(0x14, 4, CC_ON))


def lies():
    """H2CData that is not what an R2T has asked for: 1536 of 2048 bytes, at 0, with tag 0."""
    for cccid, tag, off, length, last in ((0, 0, 0, 1540, False), (0, 0, 0, 2048, True),
                                          (0, 0, 512, 512, False), (0, 0, 0, 512, True),
                                          (0, 0, 0, 1536, False), (0, 0, 1536, 512, True),
                                          (0, 0, 0xFFFFFE00, 512, False), (1, 0, 0, 512, False),
                                          (0, 1, 0, 512, False), (0, 0x1000, 0, 512, False)):
        stream = Stream(IO).cmds(nvme.rw(1, 1, 3, 4, 2048))
        stream.bytes += pdu.h2cdata(cccid, tag, off, bytes(length), stream.fmt, last=last)
        yield stream.cmds(nvme.flush(1))
    for sqe, data in ((nvme.rw(1, 1, 0, 1, 508, icd=True), bytes(512)),
                      (nvme.rw(1, 1, 0, 2, 512, icd=True), bytes(512)),
                      (nvme.rw(1, 1, 0, 1, 512), bytes(512)),
                      (nvme.rw(1, 1, 15, 2, 1024, icd=True), bytes(1024)),
                      (nvme.rw(1, 1, 0, 9, 4608, icd=True), bytes(4608)),
                      (nvme.flush(1), bytes(16))):
        yield Stream(IO).cmd(sqe, data).cmds(nvme.rw(2, 1, 0, 1, 512))


def streams():
    """Connections that do what their queue is for."""
    block = bytes(range(256)) * 2
    for digests in range(4):
        yield connecting(digests, digests < 2)
        yield Stream(ADMIN, digests).cmds(nvme.identify(1), nvme.identify(0, 1),
                                          nvme.get_log(5, 4096), nvme.get_log(0, 64, lpo=960))
        yield Stream(IO, digests).cmd(nvme.rw(1, 1, 2, 1, 512, icd=True), block) \
            .cmd(nvme.rw(1, 1, 3, 4, 2048)).answer(block * 4) \
            .cmds(nvme.rw(2, 1, 2, 3, 1536), nvme.flush(1), nvme.verify(1, 0, 16),
                  nvme.write_zeroes(1, 4, 2))
    yield Stream(IO).cmds(*(nvme.rw(1, 1, index, 1, 512) for index in range(8)))
    disk = bytes(i & 0xFF for i in range(512))
    yield Stream(IO).cmd(nvme.rw(5, 1, 0, 1, 512, icd=True, fuse=1), disk) \
        .cmd(nvme.rw(1, 1, 0, 1, 512, icd=True, fuse=2), block)
    yield Stream(IO).cmd(nvme.rw(5, 1, 1, 1, 512, icd=True, fuse=1), block).cmds(nvme.flush(1))
    yield Stream(IO).cmd(nvme.dsm(1, 2, icd=True), nvme.dsm_ranges([(0, 2), (5, 1)])) \
        .cmd(nvme.copy(1, 8, 1, icd=True), nvme.copy_ranges([(0, 2)])).cmds(nvme.disconnect())
    yield Stream(DISCOVERY).cmds(nvme.get_log(0x70, 1024), nvme.property_get(0, 8),
                                 nvme.property_get(0x1C, 4))
    yield Stream(ADMIN).cmd(nvme.set_features(0x16, length=512, icd=True), bytes(512)) \
        .cmds(nvme.get_features(0x0E, length=8), nvme.get_features(7),
              nvme.set_features(0x0B, 0x100), nvme.abort(0, 3), nvme.sqe(0x18))
    yield Stream(ADMIN).cmds(*(nvme.sqe(0x0C) for _ in range(5)),
                             nvme.property_set(0x14, 4, CC_ON & ~1))
    yield from lies()
    term = Stream(IO)
    term.bytes += pdu.h2cterm(data=bytes(72))
    yield term


def path():
    """Whole, and in pieces; in-capsule sizes 8192 and 0."""
    for stream in streams():
        yield bytes([stream.knobs, 0]) + stream.bytes
        yield bytes([stream.knobs | 0x10, 2, 6, 96]) + stream.bytes


def receive():
    """The same to the receive machine alone, behind an ICReq, with data limits that they keep."""
    for stream in streams():
        head = pdu.icreq(dgst=stream.knobs >> 2) if stream.knobs & 3 else b""
        yield bytes([3, 2, 3, 0, 7, 90]) + (head + stream.bytes)[:1600]


def headers():
    """Each type that a host sends, with each digest; each builder."""
    for digests in range(4):
        fmt = pdu.Format(hdgst=bool(digests & 1), ddgst=bool(digests & 2))
        for ptype in (pdu.capsule(bytes(64), b"", fmt), pdu.capsule(bytes(64), bytes(64), fmt),
                      pdu.h2cdata(1, 0, 0, bytes(64), fmt), pdu.h2cterm(data=bytes(64))):
            yield bytes([digests, 3, 0, 0, 15]) + ptype[:8]
    yield bytes([0, 0, 0, 0, 4]) + pdu.icreq()[:8]
    yield bytes([0, 0, 0, 0, 0]) + pdu.icreq(hpda=3, dgst=3)
    for builder in (1, 2, 3):
        yield bytes([3, 7, 0, 0, builder]) + bytes(range(64))


def commands():
    """Every command on the queue that has it."""
    for queue, sqe in [(0, nvme.connect(0, 31)), (1, nvme.get_log(5, 4096)), (1, nvme.identify(1)),
                       (1, nvme.set_features(0x16, length=512)), (2, nvme.get_features(0x0E, length=8)),
                       (1, nvme.abort(1, 2)), (3, nvme.rw(1, 1, 0, 8, 4096, icd=True)),
                       (3, nvme.rw(2, 1, 0, 8, 4096)), (3, nvme.rw(5, 1, 0, 1, 512, fuse=1)),
                       (3, nvme.dsm(1, 256)), (3, nvme.copy(1, 8, 2)), (3, nvme.verify(1, 5, 1)),
                       (3, nvme.write_zeroes(1, 5, 1)), (3, nvme.disconnect()),
                       (1, nvme.property_set(0x14, 4, CC_ON))]:
        yield bytes([queue, 0, 2]) + bytes(sqe) + struct.pack("<HQQHH", 0x80, 5, 6, 0, 128)


def connects():
    """Admin and I/O."""
    for admin in (1, 0):
        yield bytes([admin]) + IDS + struct.pack("<H", 0xFFFF if admin else 1) + \
            bytes([len(HOST) - 1]) + HOST.encode() + bytes([len(NQN) - 1]) + NQN.encode()


SEEDS = {
    "pdu": headers, "rx": receive, "sqe": commands, "connect": connects, "path": path,
    "xfer": lambda: [bytes([0, 0, 16, 1, 0, 2, 0, 0, 0, 255, 1, 0, 1, 0, 0, 0, 255, 1, 0])],
    "log": lambda: [bytes([page, queue, 0, 16, 0, 4, 0, 9, 0]) + bytes(range(200))
                    for page in range(11) for queue in (1, 2)],
    "ident": lambda: [bytes([what, 3]) + bytes(range(1, 200)) for what in range(8)],
    "fuse": lambda: [bytes([1, 2, 1, 0, 2, 3, 5, 2, 1, 1, 2])],
    "feature": lambda: [bytes([how, fid]) + bytes(16) for how in range(4)
                        for fid in (1, 4, 5, 6, 0x0B, 0x0E, 0x16, 0x81, 0x84)],
    "prop": lambda: [bytes(7) + bytes([2, 1, 0, 2, 0, 0, 2, 1, 0x40])],
    "name": lambda: [IDS + bytes([5, 1, 2, 0, 0x6E, 20]) + bytes(range(32, 127))],
}
