# SPDX-License-Identifier: GPL-2.0
"""ICReq: every field checked, each refusal with its FES and FEI (transport spec 3.1, 3.6.2.2)."""

import struct

from nvmetcp import pdu
from nvmetcp.conn import check
from nvmetcp.ktap import case, rows
from nvmetcp.steps import pattern


@rows([
    # name, what is wrong, FES, FEI
    ("flags_01", {"flags": 0x01}, 1, 1),
    ("flags_80", {"flags": 0x80}, 1, 1),
    ("hlen_0", {"hlen": 0}, 1, 2),
    ("hlen_8", {"hlen": 8}, 1, 2),
    ("hlen_72", {"hlen": 72}, 1, 2),
    ("hlen_127", {"hlen": 127}, 1, 2),
    ("hlen_129", {"hlen": 129}, 1, 2),
    ("hlen_255", {"hlen": 255}, 1, 2),
    ("pdo_1", {"pdo": 1}, 1, 3),
    ("pdo_128", {"pdo": 128}, 1, 3),
    ("plen_0", {"plen": 0}, 1, 4),
    ("plen_127", {"plen": 127}, 1, 4),
    ("plen_129", {"plen": 129}, 1, 4),
    ("plen_132", {"plen": 132}, 1, 4),
    ("plen_max", {"plen": 0xFFFFFFFF}, 1, 4),
    ("pfv_1", {"pfv": 1}, 6, 8),
    ("pfv_100h", {"pfv": 0x100}, 6, 8),
    ("pfv_max", {"pfv": 0xFFFF}, 6, 8),
    ("hpda_32", {"hpda": 32}, 1, 10),
    ("hpda_255", {"hpda": 255}, 1, 10),
    ("dgst_04", {"dgst": 0x04}, 1, 11),
    ("dgst_83", {"dgst": 0x83}, 1, 11),
    # Several errors of one kind: FEI is the lowest offset (figure 23).
    ("hlen_and_plen", {"hlen": 127, "plen": 127}, 1, 2),
    ("pdo_and_hpda", {"pdo": 4, "hpda": 40}, 1, 3),
    ("hpda_and_dgst", {"hpda": 40, "dgst": 0x10}, 1, 10),
])
def refused(env, wrong, fes, fei):
    """A wrong field is answered with C2HTermReq, its FES, FEI and the header in error."""
    raw = pdu.icreq(**wrong)
    conn = env.conn()
    conn.send(raw)
    conn.expect_term((fes, fei), sent=raw)


@rows([
    ("reserved_08", 0x08), ("reserved_0a", 0x0A), ("reserved_0b", 0x0B), ("reserved_10", 0x10),
    ("reserved_7f", 0x7F), ("reserved_ff", 0xFF),
])
def unknown_type(env, ptype):
    """A reserved PDU type as the first PDU: FES 1, FEI 0, or out of sequence (FES 2); the
    specification does not rank the two."""
    raw = pdu.icreq(ptype=ptype)
    conn = env.conn()
    conn.send(raw)
    conn.expect_term((1, 0), (2, None), sent=raw)


@rows([
    ("icresp", pdu.ICRESP), ("c2htermreq", pdu.C2H_TERM), ("capsuleresp", pdu.RSP),
    ("c2hdata", pdu.C2H_DATA), ("r2t", pdu.R2T),
])
def wrong_direction(env, ptype):
    """A PDU that only a controller sends is fatal (3.3); which FES is left open: 1/0 or 2."""
    raw = pdu.icreq(ptype=ptype)
    conn = env.conn()
    conn.send(raw)
    conn.expect_term((1, 0), (2, None), sent=raw)


@rows([("none", 0), ("header", 1), ("data", 2), ("both", 3)])
def digests_granted(env, dgst):
    """The digests asked for, and no other, are on in ICResp; all its fields are in order."""
    conn = env.conn()
    conn.send(pdu.icreq(dgst=dgst))
    conn.accept_icresp(0, dgst)
    conn.expect_silence(0.05)


@rows([("0", 0), ("1", 1), ("max", 0xFFFFFFFF)])
def maxr2t(env, value):
    """Every MAXR2T is legal, also the one whose successor does not fit 32 bits; a write works."""
    queue = env.io(maxr2t=value)
    data = pattern(8192)
    queue.write(1, 1024, data, icd=False)
    check(queue.read(1, 1024, 16) == data, "the medium does not hold what was written")


@case()
def hpda_all_legal(env):
    """HPDA 0 to 31 are all accepted."""
    for hpda in range(32):
        conn = env.conn()
        conn.handshake(hpda=hpda)
        conn.close()


@case()
def nothing_runs_after_refusal(env):
    """After a refused ICReq nothing more is processed: a good ICReq behind it is not answered."""
    bad = pdu.icreq(plen=132)
    conn = env.conn()
    conn.send(bad + pdu.icreq())
    conn.expect_term((1, 4), sent=bad)
    conn.send_quietly(pdu.icreq())
    conn.expect_nothing_more(0.2)


@case()
def icresp_fields(env):
    """ICResp byte by byte: type, lengths, PFV 0, CPDA 0, and zeroes in what is reserved."""
    conn = env.conn()
    conn.send(pdu.icreq())
    resp = conn.accept_icresp()
    head = struct.pack("<BBBBI", 1, 0, 128, 0, 128)
    check(resp.header[:8] == head, f"common header {resp.header[:8].hex()}")
    check(resp.header[8:12] == bytes(4), f"PFV, CPDA and DGST are {resp.header[8:12].hex()}")
    check(not any(resp.header[16:]), "reserved bytes are not zero")
