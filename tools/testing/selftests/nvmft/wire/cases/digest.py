# SPDX-License-Identifier: GPL-2.0
"""Header and data digests: right ones both ways, wrong ones answered as 3.5 asks."""

import struct

from nvmetcp import nvme, pdu
from nvmetcp.conn import check, check_status
from nvmetcp.crc32c import crc32c
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, connected_admin, open_write, pattern

BOTH = [("header", True, False), ("data", False, True), ("both", True, True)]


def _damage(cqe, what):
    """The status of a data digest error, which a retry may cure."""
    check_status(cqe, nvme.TRANSIENT_TRANSPORT, what)
    check(not cqe.dnr, f"{cqe}: DNR is set, although a retry would succeed")


@rows(BOTH)
def data_path(env, hdgst, ddgst):
    """Writes in the capsule and by R2T, reads and admin commands, all with digests."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    for size in (512, 4096, 12288):
        for icd in (True, False):
            if icd and size > queue.icd_limit:
                continue
            data = pattern(size, size + icd)
            queue.write(1, 1024, data, icd=icd)
            check(queue.read(1, 1024, size // 512) == data, f"{size} bytes, in capsule {icd}")
    check(len(queue.host.identify(1)) == 4096, "Identify")


@rows(BOTH)
def data_path_padded(env, hdgst, ddgst):
    """Digests beside padding: the data digest covers the data alone."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst, hpda=9)
    data = pattern(4096, 3)
    queue.write(1, 1024, data)
    check(queue.read(1, 1024, 8) == data, "data")


@rows(BOTH)
def large_read(env, hdgst, ddgst):
    """A read that takes many pages; each C2HData's digest is checked."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    data = pattern(65536, 4)
    queue.write(1, 2048, data, icd=False)
    check(queue.read(1, 2048, 128) == data, "data")


@rows([("header", True, False), ("both", True, True)])
def h2c_pieces(env, hdgst, ddgst):
    """One R2T answered by several H2CData, each with its own digests."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    data = pattern(16384, 5)
    queue.write(1, 1024, data, icd=False, piece=1020)
    check(queue.read(1, 1024, 32) == data, "data")


def _bad_header(queue, raw, hlen):
    received = struct.unpack_from("<I", raw, hlen)[0]
    check(received != crc32c(raw[:hlen]), "the case sends a right digest")
    queue.send_quietly(raw)
    queue.expect_term((pdu.FES_HDGST, received), sent=raw)


@case()
def bad_header_digest_command(env):
    """A wrong header digest of a CapsuleCmd: FES 3, FEI is the digest received."""
    queue = env.io(hdgst=True)
    _bad_header(queue, queue.build(nvme.flush(1), bad_hdgst=True)[1], 72)


@case()
def bad_header_digest_with_data(env):
    """The same with data in the capsule, which is not looked at."""
    queue = env.io(hdgst=True, ddgst=True)
    sqe = nvme.rw(nvme.WRITE, 1, 1024, 8, 4096, icd=True)
    _bad_header(queue, queue.build(sqe, pattern(4096), bad_hdgst=True)[1], 72)


@case()
def bad_header_digest_connect(env):
    """A wrong header digest of a Connect."""
    queue = env.queue(hdgst=True)
    raw = queue.build(nvme.connect(0, 31), env.host().data(), bad_hdgst=True)[1]
    _bad_header(queue, raw, 72)


@case()
def bad_header_digest_h2cdata(env):
    """A wrong header digest of an H2CData."""
    queue = env.io(hdgst=True)
    cid, data, r2t = open_write(queue)
    _bad_header(queue, pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, bad_hdgst=True), 24)


@rows([(f"bit_{bit}", bit) for bit in (0, 7, 8, 15, 16, 23, 24, 31)])
def bad_header_digest_each_byte(env, bit):
    """One flipped bit anywhere in the digest is seen."""
    queue = env.io(hdgst=True)
    raw = bytearray(queue.build(nvme.flush(1))[1])
    raw[72 + bit // 8] ^= 1 << bit % 8
    _bad_header(queue, bytes(raw), 72)


@case()
def bad_header_digest_damaged_sqe(env):
    """A damaged SQE under an undamaged digest: nothing but the digest can tell."""
    queue = env.io(hdgst=True)
    raw = bytearray(queue.build(nvme.flush(1))[1])
    raw[40] ^= 0xFF
    _bad_header(queue, bytes(raw), 72)


@case()
def bad_data_digest_in_capsule(env):
    """A wrong data digest of in-capsule data fails that command; the medium is not written and
    the connection lives."""
    queue = env.io(ddgst=True)
    before = pattern(4096, 6)
    queue.write(1, 1024, before)
    sqe = nvme.rw(nvme.WRITE, 1, 1024, 8, 4096, icd=True)
    cid = queue.submit(sqe, pattern(4096, 7), bad_ddgst=True)
    _damage(queue.wait(cid), "write with a bad data digest")
    check(queue.read(1, 1024, 8) == before, "the damaged data reached the medium")
    alive(queue)


@case()
def bad_data_digest_then_good_in_same_segment(env):
    """A command with a bad data digest and good ones behind it, in one segment."""
    queue = env.io(hdgst=True, ddgst=True)
    bad, raw1 = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, icd=True), pattern(512),
                            bad_ddgst=True)
    good, raw2 = queue.build(nvme.rw(nvme.WRITE, 1, 1040, 1, 512, icd=True), pattern(512, 8))
    read, raw3 = queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
    queue.send(raw1 + raw2 + raw3)
    _damage(queue.wait(bad), "first command")
    check_status(queue.wait(good), nvme.OK)
    check_status(queue.wait(read), nvme.OK)
    check(queue.read(1, 1040, 1) == pattern(512, 8), "the good write is not on the medium")


@case()
def bad_data_digest_admin(env):
    """A wrong data digest on an admin command that is refused anyway: one completion, with either
    status, and the queue stays in step (W9)."""
    host = env.up(0, ddgst=True)
    sqe = nvme.sqe(0xC1, dptr=nvme.sgl(nvme.SGL_ICD, 1024))
    cid = host.admin.submit(sqe, pattern(1024), bad_ddgst=True)
    check_status(host.admin.wait(cid), (nvme.INVALID_OPCODE, nvme.TRANSIENT_TRANSPORT))
    host.identify(1)
    host.admin.expect_silence(0.05)


@case()
def bad_data_digest_connect(env):
    """A Connect whose data is damaged fails with Transient Transport Error."""
    queue = env.queue(ddgst=True)
    cid = queue.submit(nvme.connect(0, 31), env.host().data(), bad_ddgst=True)
    _damage(queue.wait(cid), "Connect")


def _damaged_transfer(env, size, piece, bad):
    """A write by R2T in pieces, some of them with a bad data digest: exactly one completion."""
    queue = env.io(ddgst=True)
    before = pattern(size, 10)
    queue.write(1, 1024, before)
    cid, data, r2t = open_write(queue, size=size, seed=11)
    check(r2t.r2tl == size, f"{r2t}: a window of {size} bytes")
    for number, pos in enumerate(range(0, size, piece)):
        last = pos + piece >= size
        queue.send_quietly(pdu.h2cdata(cid, r2t.ttag, pos, data[pos:pos + piece], queue.fmt,
                                       last=last, bad_ddgst=number in bad))
    _damage(queue.wait(cid), "write with a bad H2CData digest")
    queue.expect_silence(0.1)
    alive(queue)
    return queue


@rows([
    ("only", 4096, 4096, {0}), ("first_of_four", 4096, 1024, {0}),
    ("middle_of_four", 4096, 1024, {1}), ("last_of_four", 4096, 1024, {3}),
    ("two_of_four", 4096, 1024, {0, 2}), ("all_of_four", 4096, 1024, {0, 1, 2, 3}),
])
def bad_data_digest_h2cdata(env, size, piece, bad):
    """A wrong data digest in an H2CData fails the write once and leaves the connection (W8). The
    target may end the command early (3.5), but then still takes what is on its way."""
    _damaged_transfer(env, size, piece, bad)


@case()
def bad_data_digest_not_written(env):
    """Damaged R2T data does not reach the medium when the damaged piece is the first one."""
    queue = _damaged_transfer(env, 4096, 512, {0})
    got = queue.read(1, 1024, 1)
    check(got != pattern(4096, 11)[:512], "the damaged piece reached the medium")


@case()
def write_again_after_bad_digest(env):
    """The retry that a Transient Transport Error asks for succeeds on the same connection."""
    queue = env.io(hdgst=True, ddgst=True)
    cid, data, r2t = open_write(queue)
    queue.send(pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, bad_ddgst=True))
    _damage(queue.wait(cid), "write")
    queue.write(1, 1024, data, icd=False)
    check(queue.read(1, 1024, 8) == data, "the retry is not on the medium")


@case()
def admin_digests(env):
    """Property Get and Identify with both digests on, before and after enable."""
    queue = connected_admin(env, hdgst=True, ddgst=True)
    check(queue.prop_get(nvme.VS) >> 16 >= 1, "VS")
    queue.host.enable()
    check(queue.host.ctrl.nn >= 1, "NN")
