# SPDX-License-Identifier: GPL-2.0
"""NVMe/TCP PDUs: builders that can be told to lie, and a parser that believes nothing.

Section numbers are those of the NVMe/TCP Transport Specification 1.0.
"""

import struct

from .crc32c import crc32c

ICREQ, ICRESP, H2C_TERM, C2H_TERM = 0x00, 0x01, 0x02, 0x03
CMD, RSP, H2C_DATA, C2H_DATA, R2T = 0x04, 0x05, 0x06, 0x07, 0x09

NAMES = {ICREQ: "ICReq", ICRESP: "ICResp", H2C_TERM: "H2CTermReq", C2H_TERM: "C2HTermReq",
         CMD: "CapsuleCmd", RSP: "CapsuleResp", H2C_DATA: "H2CData", C2H_DATA: "C2HData",
         R2T: "R2T"}

HLEN = {ICREQ: 128, ICRESP: 128, H2C_TERM: 24, C2H_TERM: 24, CMD: 72, RSP: 24,
        H2C_DATA: 24, C2H_DATA: 24, R2T: 24}

HDGSTF, DDGSTF, LAST, SUCCESS = 0x01, 0x02, 0x04, 0x08

# Fatal Error Status of a C2HTermReq (figure 23) and the offsets its FEI names.
FES_FIELD, FES_SEQUENCE, FES_HDGST, FES_RANGE, FES_LIMIT, FES_UNSUPPORTED = 1, 2, 3, 4, 5, 6
FES_NAMES = {1: "Invalid PDU Header Field", 2: "PDU Sequence Error", 3: "Header Digest Error",
             4: "Data Transfer Out of Range", 5: "Data Transfer Limit Exceeded",
             6: "Unsupported Parameter"}

OFF_TYPE, OFF_FLAGS, OFF_HLEN, OFF_PDO, OFF_PLEN = 0, 1, 2, 3, 4
OFF_PFV, OFF_HPDA, OFF_DGST = 8, 10, 11
OFF_CCCID, OFF_TTAG, OFF_DATAO, OFF_DATAL = 8, 10, 12, 16

TERM_MIN, TERM_MAX = 24, 152


def common(ptype, flags, hlen, pdo, plen):
    """The eight bytes every PDU begins with."""
    return struct.pack("<BBBBI", ptype & 0xFF, flags & 0xFF, hlen & 0xFF, pdo & 0xFF,
                       plen & 0xFFFFFFFF)


def icreq(pfv=0, hpda=0, dgst=0, maxr2t=0, *, ptype=ICREQ, flags=0, hlen=128, pdo=0, plen=128):
    """An ICReq; every field can be given a wrong value."""
    psh = struct.pack("<HBBI", pfv, hpda, dgst, maxr2t & 0xFFFFFFFF)
    return common(ptype, flags, hlen, pdo, plen) + psh + bytes(112)


class Format:
    """What a connection has negotiated about the PDUs the host sends."""

    def __init__(self, hdgst=False, ddgst=False, cpda=0):
        self.hdgst = hdgst
        self.ddgst = ddgst
        self.cpda = cpda


def _assemble(ptype, psh, data, fmt, flags=0, lie=None, bad_hdgst=False, bad_ddgst=False,
              force_pdo=None):
    """Lay out one PDU. lie overrides fields of the common header after the layout is done, so
    the header digest always covers what is sent and only the named field is wrong."""
    hlen = 8 + len(psh)
    offset = hlen + (4 if fmt.hdgst else 0)
    pdo = 0
    pad = b""
    if data:
        align = (fmt.cpda + 1) * 4
        pdo = (offset + align - 1) // align * align
        if force_pdo is not None:
            pdo = force_pdo
        pad = bytes(max(pdo - offset, 0))
    ddgst = bool(fmt.ddgst and data)
    plen = offset + len(pad) + len(data) + (4 if ddgst else 0)
    fields = {"ptype": ptype, "hlen": hlen, "pdo": pdo, "plen": plen,
              "flags": flags | (HDGSTF if fmt.hdgst else 0) | (DDGSTF if ddgst else 0)}
    fields.update(lie or {})
    header = common(fields["ptype"], fields["flags"], fields["hlen"], fields["pdo"],
                    fields["plen"]) + psh
    out = header
    if fmt.hdgst:
        digest = crc32c(header) ^ (0x1 if bad_hdgst else 0)
        out += struct.pack("<I", digest)
    out += pad + data
    if ddgst:
        digest = crc32c(data) ^ (0x80000000 if bad_ddgst else 0)
        out += struct.pack("<I", digest)
    return out


def capsule(sqe, data=b"", fmt=None, **kw):
    """A CapsuleCmd around a 64-byte SQE, with in-capsule data if there is any."""
    assert len(sqe) == 64
    return _assemble(CMD, bytes(sqe), bytes(data), fmt or Format(), **kw)


def h2cdata(cccid, ttag, datao, data, fmt=None, *, last=True, datal=None, **kw):
    """An H2CData; datal may disagree with the data that is sent."""
    datal = len(data) if datal is None else datal
    psh = struct.pack("<HHIII", cccid & 0xFFFF, ttag & 0xFFFF, datao & 0xFFFFFFFF,
                      datal & 0xFFFFFFFF, 0)
    flags = kw.pop("flags", 0) | (LAST if last else 0)
    return _assemble(H2C_DATA, psh, bytes(data), fmt or Format(), flags=flags, **kw)


def h2cterm(fes=FES_SEQUENCE, fei=0, data=b"", *, flags=0, hlen=24, pdo=0, plen=None):
    """An H2CTermReq; it never carries a digest (3.3.1.1)."""
    plen = 24 + len(data) if plen is None else plen
    return (common(H2C_TERM, flags, hlen, pdo, plen) +
            struct.pack("<HI", fes, fei) + bytes(10) + data)


class Pdu:
    """One PDU as received: the header fields, the data, and both digests already checked."""

    def __init__(self, header, digest, pad, data, ddgst):
        self.header = header
        self.ptype, self.flags, self.hlen, self.pdo, self.plen = struct.unpack_from("<BBBBI",
                                                                                    header)
        self.digest = digest
        self.pad = pad
        self.data = data
        self.ddgst = ddgst
        psh = header[8:]
        if self.ptype == ICRESP:
            self.pfv, self.cpda, self.dgst, self.maxh2cdata = struct.unpack_from("<HBBI", psh)
            self.reserved = psh[8:]
        elif self.ptype == C2H_TERM:
            self.fes, self.fei = struct.unpack_from("<HI", psh)
            self.reserved = psh[6:]
        elif self.ptype == RSP:
            self.cqe = psh
        elif self.ptype == C2H_DATA:
            self.cccid, rsvd, self.datao, self.datal, rsvd2 = struct.unpack("<HHIII", psh)
            self.reserved = struct.pack("<HI", rsvd, rsvd2)
        elif self.ptype == R2T:
            self.cccid, self.ttag, self.r2to, self.r2tl, rsvd = struct.unpack("<HHIII", psh)
            self.reserved = struct.pack("<I", rsvd)

    @property
    def last(self):
        return bool(self.flags & LAST)

    @property
    def success(self):
        return bool(self.flags & SUCCESS)

    def __str__(self):
        name = NAMES.get(self.ptype, f"type {self.ptype:#04x}")
        text = f"{name} flags {self.flags:#x} hlen {self.hlen} pdo {self.pdo} plen {self.plen}"
        if self.ptype == C2H_TERM:
            text += f" FES {self.fes} ({FES_NAMES.get(self.fes, 'reserved')}) FEI {self.fei}"
        elif self.ptype == RSP:
            dw0, dw1, sqhd, _, cid, status = struct.unpack("<IIHHHH", self.cqe)
            text += f" cid {cid} status {status >> 1:#x} dw0 {dw0:#x} sqhd {sqhd}"
        elif self.ptype == C2H_DATA:
            text += f" cid {self.cccid} datao {self.datao} datal {self.datal}"
        elif self.ptype == R2T:
            text += f" cid {self.cccid} ttag {self.ttag} r2to {self.r2to} r2tl {self.r2tl}"
        return text


class Malformed(Exception):
    """The target sent something that no NVMe/TCP PDU may be."""


# Flags a controller may set, by type (figures 21, 23, 25, 27, 28); all others are reserved.
_C2H_FLAGS = {ICRESP: 0, C2H_TERM: 0, RSP: HDGSTF, R2T: HDGSTF,
              C2H_DATA: HDGSTF | DDGSTF | LAST | SUCCESS}

PLEN_LIMIT = 64 << 20


def check_common(head, hdgst, ddgst, hpda):
    """Check the first eight bytes of a PDU from the controller; returns its layout as
    (header length, header digest length, padding, data length, data digest length)."""
    ptype, flags, hlen, pdo, plen = struct.unpack("<BBBBI", head)
    name = NAMES.get(ptype, f"type {ptype:#04x}")
    if ptype not in _C2H_FLAGS:
        raise Malformed(f"{name} is no controller-to-host PDU")
    if flags & ~_C2H_FLAGS[ptype]:
        raise Malformed(f"{name} has reserved flags {flags:#04x}")
    if hlen != HLEN[ptype]:
        raise Malformed(f"{name} has HLEN {hlen}")
    if plen > PLEN_LIMIT:
        raise Malformed(f"{name} has PLEN {plen}")
    digests = ptype in (RSP, R2T, C2H_DATA)
    want = HDGSTF if hdgst and digests else 0
    if flags & HDGSTF != want:
        raise Malformed(f"{name} has HDGSTF {flags & 1} with header digest {hdgst}")
    hd = 4 if want else 0
    if ptype == C2H_TERM:
        if not TERM_MIN <= plen <= TERM_MAX:
            raise Malformed(f"C2HTermReq has PLEN {plen}, not in 24..152")
        return hlen, 0, 0, plen - hlen, 0
    if ptype != C2H_DATA:
        if plen != hlen + hd:
            raise Malformed(f"{name} has PLEN {plen}, expected {hlen + hd}")
        return hlen, hd, 0, 0, 0
    dd = 4 if ddgst else 0
    if bool(flags & DDGSTF) != bool(ddgst):
        raise Malformed(f"C2HData has DDGSTF {flags & 2} with data digest {ddgst}")
    align = (hpda + 1) * 4
    if pdo < hlen + hd or pdo % align:
        raise Malformed(f"C2HData has PDO {pdo}: alignment is {align}, header ends at {hlen + hd}")
    # The padding is what the alignment needs and no more (3.6.2.9).
    if pdo >= hlen + hd + align:
        raise Malformed(f"C2HData has PDO {pdo}: more padding than alignment {align} needs")
    if plen < pdo + dd:
        raise Malformed(f"C2HData has PLEN {plen} below PDO {pdo} + digest {dd}")
    return hlen, hd, pdo - hlen - hd, plen - pdo - dd, dd
