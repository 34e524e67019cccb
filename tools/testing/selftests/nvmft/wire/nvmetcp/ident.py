# SPDX-License-Identifier: GPL-2.0
"""Identify structures and log pages as the tests need them: fields at the specified offsets."""

import struct


def text(raw):
    """An ASCII field without its padding."""
    return raw.decode("ascii", "replace").rstrip(" \0")


class Controller:
    """Identify Controller, CNS 01h."""

    def __init__(self, raw):
        assert len(raw) == 4096
        self.raw = raw
        self.vid, self.ssvid = struct.unpack_from("<HH", raw, 0)
        self.sn_raw, self.mn_raw, self.fr_raw = raw[4:24], raw[24:64], raw[64:72]
        self.sn, self.mn, self.fr = text(self.sn_raw), text(self.mn_raw), text(self.fr_raw)
        self.cmic, self.mdts = raw[76], raw[77]
        self.cntlid, self.ver = struct.unpack_from("<HI", raw, 78)
        self.oaes, self.ctratt = struct.unpack_from("<II", raw, 92)
        self.cntrltype = raw[111]
        self.oacs, = struct.unpack_from("<H", raw, 256)
        self.acl, self.aerl, self.frmw, self.lpa, self.elpe = raw[258:263]
        self.kas, = struct.unpack_from("<H", raw, 320)
        self.sqes, self.cqes = raw[512], raw[513]
        self.maxcmd, self.nn, self.oncs, self.fuses = struct.unpack_from("<HIHH", raw, 514)
        self.vwc = raw[525]
        self.acwu, self.ocfs = struct.unpack_from("<HH", raw, 532)
        self.sgls, self.mnan = struct.unpack_from("<II", raw, 536)
        self.subnqn_raw = raw[768:1024]
        self.subnqn = text(self.subnqn_raw.split(b"\0")[0])
        self.ioccsz, self.iorcsz, self.icdoff, self.fcatt, self.msdbd, self.ofcs = \
            struct.unpack_from("<IIHBBH", raw, 1792)


class NvmController:
    """Identify Controller of the NVM command set, CNS 06h: limits of commands."""

    def __init__(self, raw):
        assert len(raw) == 4096
        self.raw = raw
        self.vsl, self.wzsl, _, self.dmrl, self.dmrsl, self.dmsl = struct.unpack_from("<BBBBIQ",
                                                                                      raw)


class Namespace:
    """Identify Namespace, CNS 00h."""

    def __init__(self, raw):
        assert len(raw) == 4096
        self.raw = raw
        self.nsze, self.ncap, self.nuse = struct.unpack_from("<QQQ", raw, 0)
        self.nsfeat, self.nlbaf, self.flbas = raw[24:27]
        self.dlfeat = raw[33]
        self.nacwu, = struct.unpack_from("<H", raw, 38)
        self.mssrl, self.mcl, self.msrc = struct.unpack_from("<HIB", raw, 74)
        self.nguid, self.eui64 = raw[104:120], raw[120:128]
        fmt = self.flbas & 0xF
        self.ms, self.lbads, self.rp = struct.unpack_from("<HBB", raw, 128 + 4 * fmt)

    @property
    def block(self):
        """Bytes of a logical block."""
        return 1 << self.lbads


def descriptors(raw):
    """The list of CNS 03h as {type: bytes}; stops at the first type 0."""
    found = {}
    pos = 0
    while pos + 4 <= len(raw) and raw[pos]:
        kind, length = raw[pos], raw[pos + 1]
        assert length and pos + 4 + length <= len(raw), f"descriptor {kind} has length {length}"
        found[kind] = raw[pos + 4:pos + 4 + length]
        pos += 4 + length
    return found


def nsid_list(raw):
    """The nsids of a 4096-byte list, up to the first zero."""
    out = []
    for (nsid,) in struct.iter_unpack("<I", raw):
        if not nsid:
            break
        out.append(nsid)
    return out


class Discovery:
    """The discovery log page: a 1024-byte header and 1024-byte entries."""

    def __init__(self, raw):
        self.raw = raw
        self.genctr, self.numrec, self.recfmt = struct.unpack_from("<QQH", raw, 0)
        self.entries = [DiscoveryEntry(raw[1024 * (i + 1):1024 * (i + 2)])
                        for i in range(len(raw) // 1024 - 1)]


class DiscoveryEntry:
    """One record of the discovery log page."""

    def __init__(self, raw):
        (self.trtype, self.adrfam, self.subtype, self.treq, self.portid, self.cntlid,
         self.asqsz, self.eflags) = struct.unpack_from("<BBBBHHHH", raw, 0)
        self.trsvcid = text(raw[32:64])
        self.subnqn = text(raw[256:512].split(b"\0")[0])
        self.traddr = text(raw[512:768].split(b"\0")[0])
        self.tsas = raw[768:1024]
