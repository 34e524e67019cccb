# SPDX-License-Identifier: GPL-2.0
"""Identify: every structure of this controller, and what is refused (base spec 5.1.13)."""

import os
import uuid

from nvmetcp import ident, nvme
from nvmetcp.batch import caw
from nvmetcp.conn import Skip, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import flushes, loop_disk, pattern
from nvmetcp.target import MODEL, SERIAL, UUIDS

BAD_NS = nvme.INVALID_NS
INACTIVE = 3        # exists in the configuration, not enabled


@case()
def controller_identity(env):
    """CNS 01h: the strings and numbers that the configuration gives."""
    host = env.up(0)
    ctrl = host.ctrl
    if env.target.local:
        check(ctrl.sn == SERIAL, f"SN {ctrl.sn!r}")
        check(ctrl.mn == MODEL, f"MN {ctrl.mn!r}")
    check(ctrl.cntlid == host.cntlid, f"CNTLID {ctrl.cntlid}, Connect said {host.cntlid}")
    check(ctrl.subnqn == host.subnqn, f"SUBNQN {ctrl.subnqn!r}")
    check(b"\0" in ctrl.subnqn_raw, "SUBNQN is not terminated")
    check(ctrl.fr, "FR is empty")
    for name in ("sn_raw", "mn_raw", "fr_raw"):
        check(all(0x20 <= c < 0x7F for c in getattr(ctrl, name)),
              f"{name} is not padded ASCII: {getattr(ctrl, name)!r}")


@case()
def controller_fabrics_fields(env):
    """CNS 01h: what NVMe over TCP fixes."""
    ctrl = env.up(0).ctrl
    check(ctrl.cntrltype == 1, f"CNTRLTYPE {ctrl.cntrltype}, an I/O controller is 1")
    check(ctrl.ioccsz >= 4, f"IOCCSZ {ctrl.ioccsz} is below the 64 bytes of an SQE")
    check(ctrl.iorcsz == 1, f"IORCSZ {ctrl.iorcsz}, NVMe/TCP has 16 bytes")
    check(ctrl.icdoff == 0, f"ICDOFF {ctrl.icdoff} shall be 0 on TCP")
    check(ctrl.fcatt & 1 == 0, f"FCATT {ctrl.fcatt}: the dynamic model is bit 0 clear")
    check(ctrl.msdbd == 1, f"MSDBD {ctrl.msdbd}: TCP takes exactly one descriptor")
    check(ctrl.sqes == 0x66 and ctrl.cqes == 0x44, f"SQES {ctrl.sqes:#x} CQES {ctrl.cqes:#x}")
    check(ctrl.sgls & 3, f"SGLS {ctrl.sgls:#x}: SGLs are how fabrics move data")
    check(ctrl.kas, "KAS is 0: fabrics need a keep alive timer")
    check(ctrl.ctratt & 1, f"CTRATT {ctrl.ctratt:#x}: fabrics use the 128-bit Host Identifier")
    check(ctrl.maxcmd, "MAXCMD is 0: mandatory for fabrics")


@case()
def controller_capabilities(env):
    """CNS 01h: what this controller offers, as the cases of the other files rely on it."""
    ctrl = env.up(0).ctrl
    check(ctrl.nn >= 2, f"NN {ctrl.nn}")
    check(ctrl.mnan == 0 or ctrl.mnan <= ctrl.nn, f"MNAN {ctrl.mnan} above NN {ctrl.nn}")
    check(ctrl.mdts, "MDTS 0 promises transfers without limit")
    check(ctrl.oaes >> 8 & 1, f"OAES {ctrl.oaes:#x} lacks namespace attribute notices")
    check(ctrl.ctratt >> 6 & 1, f"CTRATT {ctrl.ctratt:#x} lacks traffic based keep alive")
    check(ctrl.lpa & 4, f"LPA {ctrl.lpa:#x} lacks extended data, which NUMDU and LPO need")


@case()
def write_cache_as_device(env):
    """VWC: one of the devices has a volatile write cache, so the controller reports one."""
    if not env.target.local:
        raise Skip("needs to know the devices of the target")
    ctrl = env.up(0).ctrl
    check(ctrl.vwc & 1, f"VWC {ctrl.vwc:#x}, but nsid 1 has a write cache")
    other = env.host(subnqn=env.target.closed_nqn, hostnqn=env.target.allowed_host).up(0)
    check(other.ctrl.vwc & 1 == 0, f"VWC {other.ctrl.vwc:#x}, but no device has a write cache")


def _durable(queue, path, want):
    """Does each command that writes nsid 4 reach the medium of a disk with a cache by itself?"""
    data = pattern(512, 7)
    writes = [
        ("Write", lambda: queue.write(4, 8, data)),
        ("Write Zeroes", lambda: queue.cmd(nvme.write_zeroes(4, 16, 8))),
        ("Copy", lambda: queue.cmd(nvme.copy(4, 32, 1, icd=True), nvme.copy_ranges([(8, 1)]))),
        ("Compare and Write", lambda: caw(queue, 4, 8, data, data)),
    ]
    for name, write in writes:
        before = flushes(path)
        write()
        check((flushes(path) > before) is want, f"{name}: {flushes(path) - before} flushes")


@case()
def write_cache_comes_later(env):
    """A host that was told that there is no cache sends no Flush, also not to a namespace that is
    added afterwards: what it writes there is on the medium when the command ends. A host that
    connects then is told, and flushes for itself."""
    nqn = env.target.closed_nqn
    who = {"subnqn": nqn, "hostnqn": env.target.allowed_host}
    old = env.host(**who).up(1)
    check(old.ctrl.vwc & 1 == 0, f"VWC {old.ctrl.vwc:#x}, but no device has a write cache")
    path = loop_disk(env, 4)
    env.target.add_ns(4, path, nqn=nqn)
    env.defer(lambda: os.rmdir(env.target.ns(4, nqn=nqn)))
    _durable(old.io[1], path, True)
    new = env.host(**who).up(1)
    check(new.ctrl.vwc & 1, f"VWC {new.ctrl.vwc:#x}, but nsid 4 has a write cache")
    _durable(new.io[1], path, False)
    # It may have looked on behalf of someone else.
    old.identify(1)
    _durable(old.io[1], path, True)


@rows([("512", 1, 512), ("4096", 2, 4096)])
def namespace(env, nsid, block):
    """CNS 00h: size and format of a namespace as of its device."""
    host = env.up(0)
    ns = host.ns(nsid)
    check(ns.block == block, f"LBADS {ns.lbads}, blocks have {block} bytes")
    if env.target.local:
        want = env.target.disks[nsid].size // block
        check(ns.nsze == want, f"NSZE {ns.nsze}, the device has {want} blocks")
    check(ns.nsze == ns.ncap >= ns.nuse, f"NSZE {ns.nsze} NCAP {ns.ncap} NUSE {ns.nuse}")
    check(ns.ms == 0, f"MS {ns.ms}")
    check(ns.nlbaf == 0, f"NLBAF {ns.nlbaf}: one format")
    check(any(ns.nguid), "NGUID is zero")


@case()
def namespace_inactive(env):
    """CNS 00h of a namespace that is not active: 4096 zeroes."""
    raw = env.up(0).identify(0, INACTIVE)
    check(len(raw) == 4096 and not any(raw), "not zero filled")


@rows([("0", 0), ("beyond_nn", None), ("fffffffe", 0xFFFFFFFE)])
def namespace_invalid(env, nsid):
    """CNS 00h of an NSID that can be no namespace: Invalid Namespace or Format."""
    host = env.up(0)
    nsid = host.ctrl.nn + 1 if nsid is None else nsid
    host.identify(0, nsid, status=BAD_NS)


@case()
def namespace_broadcast(env):
    """CNS 00h of FFFFFFFFh: the common capabilities with namespace management, else refused."""
    host = env.up(0)
    if host.ctrl.oacs >> 3 & 1:
        raise Skip("the controller has namespace management")
    host.identify(0, nvme.NSID_ALL, status=BAD_NS)


@case()
def active_list(env):
    """CNS 02h: the active namespaces above an NSID, in order."""
    host = env.up(0)
    check(ident.nsid_list(host.identify(2, 0)) == [1, 2], "list from 0")
    check(ident.nsid_list(host.identify(2, 1)) == [2], "list from 1")
    check(not any(host.identify(2, 2)), "list from 2")
    check(not any(host.identify(2, 0x7FFFFFFF)), "list from 7FFFFFFFh")


@rows([("fffffffe", 0xFFFFFFFE), ("ffffffff", 0xFFFFFFFF)])
def active_list_invalid(env, nsid):
    """CNS 02h from an NSID that has none above it: Invalid Namespace or Format (C11)."""
    env.up(0).identify(2, nsid, status=BAD_NS)


@rows([("nsid_1", 1), ("nsid_2", 2)])
def descriptor_list(env, nsid):
    """CNS 03h: UUID and NGUID as configured, and the command set, which 2.0 makes mandatory."""
    host = env.up(0)
    found = ident.descriptors(host.identify(3, nsid))
    check(found.get(2) == host.ns(nsid).nguid, f"NGUID descriptor {found.get(2)}")
    if env.target.local:
        want = uuid.UUID(UUIDS[nsid]).bytes
        check(found.get(3) == want, f"UUID descriptor {found.get(3)}, expected {want.hex()}")
    check(found.get(4) == b"\0", f"CSI descriptor {found.get(4)}")


@rows([("0", 0), ("beyond_nn", None), ("broadcast", nvme.NSID_ALL)])
def descriptor_list_invalid(env, nsid):
    """CNS 03h of no namespace: Invalid Namespace or Format."""
    host = env.up(0)
    host.identify(3, host.ctrl.nn + 1 if nsid is None else nsid, status=BAD_NS)


@case()
def descriptor_list_inactive(env):
    """CNS 03h of an inactive NSID is refused and answered: revisions name Invalid Namespace or
    Format and, in the general rule for inactive NSIDs, Invalid Field."""
    env.up(0).identify(3, INACTIVE, status=(BAD_NS, nvme.INVALID_FIELD))


@case()
def command_set_namespace(env):
    """CNS 05h, NVM command set: a structure for an active namespace, zeroes for an inactive one."""
    host = env.up(0)
    check(len(host.identify(5, 1, csi=0)) == 4096, "CNS 05h")
    check(not any(host.identify(5, INACTIVE, csi=0)), "CNS 05h of an inactive NSID")
    host.identify(5, 0, csi=0, status=BAD_NS)
    host.identify(5, host.ctrl.nn + 1, csi=0, status=BAD_NS)


@case()
def command_set_controller(env):
    """CNS 06h, NVM command set: no limit above MDTS's."""
    check(len(env.up(0).identify(6, csi=0)) == 4096, "CNS 06h")


@case()
def command_set_active_list(env):
    """CNS 07h, NVM command set: the same list as CNS 02h."""
    host = env.up(0)
    check(ident.nsid_list(host.identify(7, 0, csi=0)) == [1, 2], "list from 0")
    check(ident.nsid_list(host.identify(7, 1, csi=0)) == [2], "list from 1")
    for nsid in (0xFFFFFFFE, 0xFFFFFFFF):
        host.identify(7, nsid, csi=0, status=BAD_NS)


@rows([("cns_05_kv", 5, 1), ("cns_05_zns", 5, 2), ("cns_05_ff", 5, 0xFF), ("cns_06_zns", 6, 2),
       ("cns_06_3f", 6, 0x3F), ("cns_07_zns", 7, 2), ("cns_07_ff", 7, 0xFF)])
def command_set_not_there(env, cns, csi):
    """A command set the controller does not have: a refusal. Revisions differ in which: Invalid
    Field, Invalid I/O Command Set, or I/O Command Set Not Supported (C11)."""
    env.up(0).identify(cns, 1 if cns == 5 else 0, csi=csi,
                       status=(nvme.INVALID_FIELD, nvme.INVALID_IOCS, nvme.IOCS_NOT_SUPPORTED))


@case()
def independent_namespace(env):
    """CNS 08h: a ready namespace; zeroes for an inactive one."""
    host = env.up(0)
    raw = host.identify(8, 1)
    check(raw[14] & 1, f"NSTAT {raw[14]:#x}: the namespace is not ready")
    check(not any(host.identify(8, INACTIVE)), "CNS 08h of an inactive NSID")
    for nsid in (0, host.ctrl.nn + 1):
        host.identify(8, nsid, status=BAD_NS)


@rows([("any", 0xFFFF), ("own", None)])
def command_sets(env, cntid):
    """CNS 1Ch: the first combination has the NVM command set and nothing that is not there."""
    host = env.up(0)
    raw = host.identify(0x1C, cntid=host.cntlid if cntid is None else cntid)
    check(raw[:8] == bytes([1, 0, 0, 0, 0, 0, 0, 0]), f"first vector {raw[:8].hex()}")
    check(not any(raw[8:]), "more combinations than one")


@rows([(f"{cns:02x}", cns) for cns in (0x04, 0x09, 0x0A, 0x0F, 0x14, 0x1B, 0x1D, 0x7F, 0x80,
                                       0xC0, 0xFF)])
def cns_unknown(env, cns):
    """A CNS the controller does not have: Invalid Field."""
    env.up(0).identify(cns, status=nvme.INVALID_FIELD)


@rows([("0", 0), ("512", 512), ("4092", 4092)])
def length_short(env, length):
    """An SGL shorter than the structure: Data SGL Length Invalid, and not a byte of data (C5)."""
    host = env.up(0)
    cid = host.admin.submit(nvme.identify(1, length=length), expect=length)
    check_status(host.admin.wait(cid), nvme.SGL_LENGTH, f"Identify into {length} bytes")


@case()
def length_long(env):
    """An SGL longer than the structure: refused, unless SGLS says that is supported."""
    host = env.up(0)
    long_ok = host.ctrl.sgls >> 18 & 1
    cid = host.admin.submit(nvme.identify(1, length=8192), expect=4096)
    check_status(host.admin.wait(cid), nvme.OK if long_ok else nvme.SGL_LENGTH, "Identify")


@case()
def length_huge(env):
    """An SGL of 4 GiB allocates nothing (W10)."""
    host = env.up(0)
    long_ok = host.ctrl.sgls >> 18 & 1
    cid = host.admin.submit(nvme.identify(1, length=0xFFFFFFFC), expect=4096)
    check_status(host.admin.wait(cid), (nvme.SGL_LENGTH, nvme.INVALID_FIELD, nvme.OK)
                 if long_ok else (nvme.SGL_LENGTH, nvme.INVALID_FIELD), "Identify")


@case()
def reserved_is_zero(env):
    """Areas of Identify Controller that every revision so far reserves are zero: nothing of the
    kernel's memory (C4)."""
    raw = env.up(0).identify(1)
    for start, end in ((400, 512), (640, 768), (1024, 1792), (1808, 2048)):
        check(not any(raw[start:end]), f"bytes {start}..{end - 1}: {raw[start:end].hex()}")


@case()
def same_answer_twice(env):
    """Two controllers of a subsystem differ in their CNTLID alone."""
    first, second = env.up(0).identify(1), env.up(0).identify(1)
    check(first[:78] + first[80:] == second[:78] + second[80:], "other differences than CNTLID")
