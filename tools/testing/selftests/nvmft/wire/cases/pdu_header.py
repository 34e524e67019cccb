# SPDX-License-Identifier: GPL-2.0
"""The common header after set-up: one wrong field at a time (transport spec 3.6.2.1, 3.5)."""

from nvmetcp import nvme, pdu
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, connected_admin, open_write, pattern

FIELD = pdu.FES_FIELD


def _flush(queue, **lie):
    """A Flush, which carries no data, with a wrong common header."""
    return queue.build(nvme.flush(1), lie=lie)[1]


def _icd_write(queue, data=None, **kw):
    """A Write with 512 bytes in its capsule."""
    data = pattern(512) if data is None else data
    return queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, icd=True), data, **kw)[1]


@rows([
    # Reserved types: FES 1 at the type field. Types of the other direction are fatal as well, but
    # 3.3 leaves open whether as a wrong field or as a wrong sequence.
    ("reserved_08", 0x08, False), ("reserved_0a", 0x0A, False), ("reserved_0b", 0x0B, False),
    ("reserved_0c", 0x0C, False), ("reserved_80", 0x80, False), ("reserved_ff", 0xFF, False),
    ("icresp", pdu.ICRESP, True), ("c2htermreq", pdu.C2H_TERM, True),
    ("capsuleresp", pdu.RSP, True), ("c2hdata", pdu.C2H_DATA, True), ("r2t", pdu.R2T, True),
])
def type_after_connect(env, ptype, directed):
    """A PDU type that no host may send, on a live I/O queue."""
    queue = env.io()
    raw = _flush(queue, ptype=ptype)
    queue.send(raw)
    verdicts = [(FIELD, pdu.OFF_TYPE)] + ([(pdu.FES_SEQUENCE, None)] if directed else [])
    queue.expect_term(*verdicts, sent=raw)


@rows([
    ("hdgstf", 0x01), ("last", 0x04), ("success", 0x08), ("bit_4", 0x10), ("bit_7", 0x80),
])
def cmd_flags(env, flags):
    """CapsuleCmd with a flag that is reserved or was not negotiated."""
    queue = env.io()
    raw = _flush(queue, flags=flags)
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@case()
def cmd_ddgstf_not_negotiated(env):
    """CapsuleCmd with data and DDGSTF although the data digest is off."""
    queue = env.io()
    raw = _icd_write(queue, lie={"flags": pdu.DDGSTF})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@case()
def cmd_hdgstf_missing(env):
    """CapsuleCmd without HDGSTF although the header digest is on."""
    queue = env.io(hdgst=True)
    raw = _flush(queue, flags=0)
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@case()
def cmd_ddgstf_missing(env):
    """CapsuleCmd with data but without DDGSTF although the data digest is on."""
    queue = env.io(ddgst=True)
    raw = _icd_write(queue, lie={"flags": 0})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@rows([("0", 0), ("8", 8), ("24", 24), ("71", 71), ("73", 73), ("128", 128), ("255", 255)])
def cmd_hlen(env, hlen):
    """CapsuleCmd with another HLEN than 72."""
    queue = env.io()
    raw = _flush(queue, hlen=hlen)
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_HLEN), sent=raw)


@rows([
    ("zero", 0, False), ("in_common_header", 4, False), ("in_sqe", 68, False),
    ("unaligned", 74, False), ("beyond_plen", 252, False), ("in_header_digest", 72, True),
])
def cmd_pdo(env, pdo, hdgst):
    """CapsuleCmd with data and a PDO that is inside the header, unaligned or beyond the PDU."""
    queue = env.io(hdgst=hdgst)
    # Short data, so that a PDO of 252 lies beyond the end.
    _, raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 64, icd=True), pattern(64),
                         lie={"pdo": pdo})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_PDO), sent=raw)


@rows([
    ("0", 0, False, False), ("7", 7, False, False), ("8", 8, False, False),
    ("71", 71, False, False), ("no_room_for_header_digest", 72, True, False),
])
def cmd_plen_short(env, plen, hdgst, ddgst):
    """CapsuleCmd whose PLEN does not hold its header."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    raw = _flush(queue, plen=plen)
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_PLEN), sent=raw)


@case()
def cmd_plen_no_room_for_data_digest(env):
    """CapsuleCmd with DDGSTF whose PLEN ends two bytes after PDO."""
    queue = env.io(ddgst=True)
    raw = _icd_write(queue, lie={"plen": 74})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_PLEN), sent=raw)


@rows([("max", 0xFFFFFFFF), ("2g", 0x80000000), ("1m", 1 << 20)])
def cmd_plen_huge(env, plen):
    """CapsuleCmd that announces far more data than any capsule may carry: PLEN is wrong, or the
    transfer limit is exceeded (the specification names neither); never an endless receive."""
    queue = env.io()
    raw = _icd_write(queue, lie={"plen": plen})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_PLEN), (pdu.FES_LIMIT, None), sent=raw)


@case()
def cmd_several_errors(env):
    """Several wrong fields: FEI is the lowest offset."""
    queue = env.io()
    raw = _flush(queue, flags=0x80, hlen=70, plen=3)
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@rows([
    ("flags_success", {"flags": 0x0C}, pdu.OFF_FLAGS), ("flags_bit_7", {"flags": 0x84},
                                                       pdu.OFF_FLAGS),
    ("flags_hdgstf", {"flags": 0x05}, pdu.OFF_FLAGS), ("flags_ddgstf", {"flags": 0x06},
                                                      pdu.OFF_FLAGS),
    ("hlen_0", {"hlen": 0}, pdu.OFF_HLEN), ("hlen_23", {"hlen": 23}, pdu.OFF_HLEN),
    ("hlen_25", {"hlen": 25}, pdu.OFF_HLEN), ("hlen_72", {"hlen": 72}, pdu.OFF_HLEN),
    ("hlen_255", {"hlen": 255}, pdu.OFF_HLEN),
    ("pdo_0", {"pdo": 0}, pdu.OFF_PDO), ("pdo_20", {"pdo": 20}, pdu.OFF_PDO),
    ("pdo_26", {"pdo": 26}, pdu.OFF_PDO),
])
def h2c_common(env, lie, fei):
    """H2CData in answer to a real R2T, with one field of the common header wrong."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data[:r2t.r2tl], queue.fmt, lie=lie)
    queue.send_quietly(raw)
    queue.expect_term((FIELD, fei), sent=raw)


@rows([("0", 0), ("8", 8), ("23", 23)])
def h2c_plen_short(env, plen):
    """H2CData whose PLEN does not hold its header; then PDO lies behind the end as well."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data[:r2t.r2tl], queue.fmt, lie={"plen": plen})
    queue.send_quietly(raw)
    queue.expect_term((FIELD, pdu.OFF_PLEN), (FIELD, pdu.OFF_PDO), sent=raw)


@case()
def h2c_pdo_beyond_plen(env):
    """H2CData whose PDO lies behind the end of the PDU."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data[:64], queue.fmt, last=False, lie={"pdo": 252})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_PDO), sent=raw)


@case()
def h2c_hdgstf_missing(env):
    """H2CData without HDGSTF although the header digest is on."""
    queue = env.io(hdgst=True)
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data[:r2t.r2tl], queue.fmt, lie={"flags": pdu.LAST})
    queue.send_quietly(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@case()
def h2c_ddgstf_missing(env):
    """H2CData without DDGSTF although the data digest is on."""
    queue = env.io(ddgst=True)
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data[:r2t.r2tl], queue.fmt, lie={"flags": pdu.LAST})
    queue.send_quietly(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)


@rows([("23", 23), ("153", 153), ("max", 0xFFFFFFFF), ("0", 0)])
def h2cterm_plen(env, plen):
    """H2CTermReq whose PLEN is not in 24..152: ignored, and the connection ended at once (3.5)."""
    queue = env.io()
    queue.send(pdu.h2cterm(plen=plen))
    queue.expect_closed()


@rows([("hlen_8", {"hlen": 8}), ("hlen_255", {"hlen": 255})])
def h2cterm_hlen(env, lie):
    """H2CTermReq with a wrong HLEN: closed, or refused at HLEN; a dying peer gets no more."""
    queue = env.io()
    raw = pdu.h2cterm(**lie)
    queue.send(raw)
    queue.expect_closed_or_term((FIELD, pdu.OFF_HLEN), sent=raw)


@case()
def tail_is_not_processed(env):
    """After C2HTermReq the target processes nothing: a good command behind the bad one stays
    unanswered, in the same segment and in a later one."""
    queue = env.io()
    bad = _flush(queue, hlen=71)
    _, good = queue.build(nvme.flush(1))
    queue.send(bad + good)
    queue.expect_term((FIELD, pdu.OFF_HLEN), sent=bad)
    queue.send_quietly(good)
    queue.expect_nothing_more(0.2)


@case()
def admin_queue_refuses_too(env):
    """The same checks hold on an admin queue before the controller is enabled."""
    queue = connected_admin(env)
    _, raw = queue.build(nvme.property_get(nvme.VS, 4), lie={"hlen": 70})
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_HLEN), sent=raw)


@case()
def other_connections_survive(env):
    """A malformed PDU ends its own connection; another host is not disturbed."""
    other = env.io()
    queue = env.io()
    raw = _flush(queue, flags=0x40)
    queue.send(raw)
    queue.expect_term((FIELD, pdu.OFF_FLAGS), sent=raw)
    queue.close()
    alive(other)
