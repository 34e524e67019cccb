# SPDX-License-Identifier: GPL-2.0
"""Identify: what is offered, its limits, and the sizes of the devices; each agrees with the other
pages and with what the controller does."""

import struct

from nvmetcp import nvme
from nvmetcp.conn import Skip, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.target import get

# ONCS bit, opcode
OPTIONAL = ((0, 0x05), (1, 0x04), (2, 0x09), (3, 0x08), (5, 0x0D), (7, 0x0C), (8, 0x19))
UNIT = 4096     # CAP.MPSMIN
BLOCK = {1: 512, 2: 4096}


class Limits:
    """What CNS 00h, 01h and 06h say of limits and sizes."""

    def __init__(self, host, nsid=1):
        ctrl, ns, nvm = host.identify(1), host.identify(0, nsid), host.identify(6, csi=0)
        self.mdts = UNIT << ctrl[77]
        self.oncs, self.fuses = struct.unpack_from("<HH", ctrl, 520)
        self.vwc, self.awun, self.awupf = ctrl[525], *struct.unpack_from("<HH", ctrl, 526)
        self.nwpc, self.acwu, self.ocfs = ctrl[531], *struct.unpack_from("<HH", ctrl, 532)
        self.nsfeat, self.dlfeat = ns[24], ns[33]
        (self.nawun, self.nawupf, self.nacwu, self.nabsn, self.nabo, self.nabspf,
         self.noiob) = struct.unpack_from("<7H", ns, 34)
        self.npwg, self.npwa, self.npdg, self.npda, self.nows = (
            v + 1 for v in struct.unpack_from("<5H", ns, 64))
        self.mssrl, self.mcl, self.msrc = struct.unpack_from("<HIB", ns, 74)
        self.vsl, self.wzsl, self.wusl, self.dmrl, self.dmrsl, self.dmsl = \
            struct.unpack_from("<BBBBIQ", nvm, 0)
        check(not any(nvm[16:]), "CNS 06h: reserved bytes")


@case()
def oncs_as_effects(env):
    """An optional command is in ONCS if and only if log page 05h marks it."""
    host = env.up(0)
    effects = struct.unpack_from("<256I", host.log(0x05, 4096), 1024)
    for bit, opcode in OPTIONAL:
        check(host.ctrl.oncs >> bit & 1 == effects[opcode] & 1,
              f"ONCS {host.ctrl.oncs:#x}, opcode {opcode:02X}h in page 05h {effects[opcode]:#x}")
    known = sum(1 << bit for bit, _ in OPTIONAL) | 1 << 4 | 1 << 6
    check(host.ctrl.oncs & ~known == 0, f"ONCS {host.ctrl.oncs:#x}: bits that nothing backs")


@case()
def oncs_as_features(env):
    """Save and Select, and Timestamp: what ONCS says of features."""
    host = env.up(0)
    check(host.ctrl.oncs >> 4 & 1, "SEL is answered but not offered")
    check(host.ctrl.oncs >> 6 & 1, "Timestamp is there but not offered")


@case()
def fuses(env):
    """Fused Compare and Write is offered if and only if a lone half of it is known as one."""
    queue = env.io()
    offered = Limits(queue.host).fuses
    check(offered & ~1 == 0, f"FUSES {offered:#x}: reserved bits")
    cqe = queue.wait(queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, fuse=2)))
    want = 0x00A if offered else nvme.INVALID_FIELD     # Missing Fused Command
    check_status(cqe, want, "the second half alone")


@case()
def limits_of_commands(env):
    """Each limit is there if and only if its command is; none is above what a field can say."""
    host = env.up(0)
    lim = Limits(host)
    for name, bit in (("vsl", 7), ("wzsl", 3), ("wusl", 1), ("dmrl", 2), ("dmrsl", 2),
                      ("dmsl", 2), ("mssrl", 8), ("mcl", 8)):
        value = getattr(lim, name)
        check(bool(value) == bool(lim.oncs >> bit & 1),
              f"{name.upper()} {value}, ONCS {lim.oncs:#x}")
    check(lim.dmsl >= lim.dmrsl, f"DMSL {lim.dmsl} below DMRSL {lim.dmrsl}")
    check(lim.mcl >= lim.mssrl, f"MCL {lim.mcl} below MSSRL {lim.mssrl}")
    check(bool(lim.ocfs & 1) == bool(lim.oncs >> 8 & 1), f"OCFS {lim.ocfs:#x}: format 0")


@case()
def flush_of_all(env):
    """VWC bits 2:1 say what Flush of FFFFFFFFh does, and it does."""
    queue = env.io()
    behaviour = Limits(queue.host).vwc >> 1 & 3
    check(behaviour in (2, 3), f"VWC says {behaviour:02b}b")
    queue.flush(nvme.NSID_ALL, nvme.OK if behaviour == 3 else nvme.INVALID_NS)


@rows([("512", 1), ("4096", 2)])
def sizes_fit(env, nsid):
    """Preferred sizes: multiples of each other, and none above MDTS."""
    lim = Limits(env.up(0), nsid)
    check(lim.nsfeat & ~0x12 == 0, f"NSFEAT {lim.nsfeat:#x}")
    check(lim.nsfeat >> 4 & 1, "NSFEAT: no preferred sizes of a disk that has them")
    check(lim.npwg % lim.npwa == 0, f"NPWG {lim.npwg}, NPWA {lim.npwa}")
    check(lim.nows % lim.npwg == 0, f"NOWS {lim.nows}, NPWG {lim.npwg}")
    check(lim.nows * BLOCK[nsid] <= lim.mdts, f"NOWS {lim.nows} blocks, MDTS {lim.mdts} bytes")
    check(lim.npdg % lim.npda == 0, f"NPDG {lim.npdg}, NPDA {lim.npda}")
    check(lim.dlfeat & ~0x1F == 0 and lim.dlfeat & 7 < 3, f"DLFEAT {lim.dlfeat:#x}")


@rows([("512", 1), ("4096", 2)])
def sizes_of_the_device(env, nsid):
    """Preferred sizes are the device's own."""
    if not env.target.local:
        raise Skip("needs to know the devices of the target")
    lim = Limits(env.up(0), nsid)
    queue = f"/sys/block/{env.target.disks[nsid].path.rsplit('/', 1)[1]}/queue"
    phys, io_min = (int(get(f"{queue}/{name}")) for name in ("physical_block_size",
                                                            "minimum_io_size"))
    check(lim.npwa * BLOCK[nsid] == phys, f"NPWA {lim.npwa}, physical blocks of {phys} bytes")
    check(lim.npwg * BLOCK[nsid] == max(phys, io_min), f"NPWG {lim.npwg}, minimum {io_min} bytes")
    check((lim.nawupf + 1) * BLOCK[nsid] == phys, f"NAWUPF {lim.nawupf}, physical {phys} bytes")


@rows([("512", 1), ("4096", 2)])
def atomicity(env, nsid):
    """Atomic write units: a namespace promises no less than the controller, and no more across
    a boundary than within."""
    lim = Limits(env.up(0), nsid)
    check((lim.awun, lim.awupf, lim.acwu) == (0, 0, 0), "the controller promises one block")
    check(lim.nsfeat >> 1 & 1, "NSFEAT: the namespace's own units are not valid")
    check(lim.nawun >= lim.nawupf, f"NAWUN {lim.nawun} below NAWUPF {lim.nawupf}")
    check(lim.nabsn in (0, lim.nawun) and lim.nabspf in (0, lim.nawupf) and lim.nabo == 0,
          f"NABSN {lim.nabsn}, NABSPF {lim.nabspf}, NABO {lim.nabo}")
    want = 64 * 1024 // BLOCK[nsid] - 1 if lim.fuses & 1 else 0
    check(lim.nacwu == want, f"NACWU {lim.nacwu}, expected {want}")


@case()
def log_pages_of_lpa(env):
    """LPA: effects, extended data, and the pages that bit 5 stands for; nothing else."""
    host = env.up(0)
    check(host.ctrl.lpa == 0x26, f"LPA {host.ctrl.lpa:#x}")
    for lid, size in ((0x00, 1024), (0x12, 1024), (0x13, 4096)):
        host.log(lid, size)
    effects = struct.unpack("<512I", host.log(0x05, 2048))
    for index, word in enumerate(effects):
        check(not word or word >> 20 in (1, 2), f"entry {index}: {word:#x}, scope")


@case()
def reserved_of_namespace(env):
    """Areas of Identify Namespace that are reserved, or whose features are not there, are zero."""
    raw = env.up(0).identify(0, 1)
    for start, end in ((25, 30), (31, 33), (81, 92), (96, 99), (100, 104), (120, 128),
                       (132, 4096)):
        check(not any(raw[start:end]), f"bytes {start}..{end - 1}: {raw[start:end].hex()}")


@case()
def numbers_agree(env):
    """MNAN is no more than NN; NSZE, NCAP and NVMCAP are the same size."""
    host = env.up(0)
    check(host.ctrl.mnan == host.ctrl.nn, f"MNAN {host.ctrl.mnan}, NN {host.ctrl.nn}")
    for nsid, block in BLOCK.items():
        raw = host.identify(0, nsid)
        nsze, ncap, nuse = struct.unpack_from("<QQQ", raw, 0)
        check(nsze == ncap == nuse, f"NSZE {nsze} NCAP {ncap} NUSE {nuse}")
        check(int.from_bytes(raw[48:64], "little") == nsze * block, "NVMCAP")
