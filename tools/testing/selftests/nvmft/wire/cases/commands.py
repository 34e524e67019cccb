# SPDX-License-Identifier: GPL-2.0
"""Compare, Verify and Flush of every namespace (NVM command set 3.2), and what holds for each
command that needs no data of its own kind: namespaces, ranges, lengths, limits."""

import os

from nvmetcp import ident, nvme, pdu
from nvmetcp.conn import Skip, check, check_status
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import (alive, disk_node, flushes, loop_disk, outside, pattern,
                           set_read_only, set_write_cache)
from nvmetcp.target import get, put

FIELD, BAD_NS, RANGE = nvme.INVALID_FIELD, nvme.INVALID_NS, nvme.LBA_RANGE
BLOCK = {1: 512, 2: 4096}
SIZES = [(f"nsid_{nsid}_{count}_blocks", nsid, count) for nsid, counts in
         ((1, (1, 8, 9, 128)), (2, (1, 3, 16))) for count in counts]


def compare(queue, nsid, slba, data, *, block=512, status=nvme.OK):
    """A Compare whose data comes in its capsule."""
    sqe = nvme.rw(nvme.COMPARE, nsid, slba, len(data) // block, len(data), icd=True)
    return queue.cmd(sqe, data, status=status, what=f"Compare {slba}")


def compare_r2t(queue, nsid, slba, data, *, block=512, status=nvme.OK):
    """A Compare whose data is asked for."""
    cid = queue.submit(nvme.rw(nvme.COMPARE, nsid, slba, len(data) // block, len(data)))
    return check_status(queue.transfer(cid, data), status, f"Compare {slba}")


@rows(SIZES)
def compare_equal(env, nsid, count):
    """A Compare with what the medium holds succeeds, in the capsule or by R2T, and changes
    nothing."""
    queue = env.io()
    block = BLOCK[nsid]
    data = pattern(count * block, 5)
    queue.write(nsid, 1024, data, block)
    if len(data) <= queue.icd_limit:
        compare(queue, nsid, 1024, data, block=block)
    compare_r2t(queue, nsid, 1024, data, block=block)
    check(queue.read(nsid, 1024, count, block) == data, "the medium has changed")


@rows(SIZES)
def compare_differs(env, nsid, count):
    """One different bit anywhere: Compare Failure, and the medium stays as it is."""
    queue = env.io()
    block = BLOCK[nsid]
    data = pattern(count * block, 6)
    queue.write(nsid, 1024, data, block)
    size = len(data)
    for at in sorted({0, 511, size // 2, size - 512, size - 1} |
                     {p for p in (4095, 4096, 32767, 32768) if p < size}):
        other = bytearray(data)
        other[at] ^= 0x10
        compare_r2t(queue, nsid, 1024, bytes(other), block=block, status=nvme.COMPARE_FAILURE)
        if size <= queue.icd_limit:
            compare(queue, nsid, 1024, bytes(other), block=block,
                    status=nvme.COMPARE_FAILURE)
    check(queue.read(nsid, 1024, count, block) == data, "the medium has changed")
    compare_r2t(queue, nsid, 1024, data, block=block)


@case(timeout=30)
def compare_largest(env):
    """A Compare of exactly MDTS; its last byte counts. One block more: Invalid Field, and no data
    is asked for."""
    queue = env.io()
    size = 4096 << queue.host.ctrl.mdts
    check(size <= 4 << 20, f"MDTS {queue.host.ctrl.mdts} is not what the target promises")
    data = pattern(size, 7)
    queue.write(1, 2048, data, icd=False)
    compare_r2t(queue, 1, 2048, data)
    compare_r2t(queue, 1, 2048, data[:-1] + bytes([data[-1] ^ 1]), status=nvme.COMPARE_FAILURE)
    sqe = nvme.rw(nvme.COMPARE, 1, 2048, size // 512 + 1, size + 512)
    check_status(queue.wait(queue.submit(sqe)), FIELD, "Compare beyond MDTS")
    check(not queue.r2ts, "an R2T for a Compare beyond MDTS")


# Every command that names blocks in its SQE, as (name, function of nsid, slba, count, block).
def _compare_sqe(nsid, slba, count, block):
    return nvme.rw(nvme.COMPARE, nsid, slba, count, count * block)


def _verify_sqe(nsid, slba, count, _block):
    return nvme.verify(nsid, slba, count)


def _zeroes_sqe(nsid, slba, count, _block):
    return nvme.write_zeroes(nsid, slba, count)


def _dsm_sqe(nsid, _slba, _count, _block):
    return nvme.dsm(nsid, 1)


def _copy_sqe(nsid, slba, _count, _block):
    return nvme.copy(nsid, slba, 1)


LBA_COMMANDS = [("compare", _compare_sqe), ("verify", _verify_sqe), ("write_zeroes", _zeroes_sqe)]
ALL_COMMANDS = LBA_COMMANDS + [("dsm", _dsm_sqe), ("copy", _copy_sqe)]


@rows([(f"{name}_nsid_{nsid}", make, nsid) for name, make in LBA_COMMANDS for nsid in (1, 2)])
def lba_out_of_range(env, make, nsid):
    """A range that is not wholly in the namespace: LBA Out of Range, before any data is asked
    for; the first and the last block keep what they hold."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    first, last = queue.read(nsid, 0, 1, block), queue.read(nsid, size - 1, 1, block)
    for slba, count in outside(size):
        cid = queue.submit(make(nsid, slba, count, block))
        check_status(queue.wait(cid), RANGE, f"{slba:#x}+{count}")
    check(not queue.r2ts, "an R2T for a command that is out of range")
    check(queue.read(nsid, 0, 1, block) == first, "block 0 has changed")
    check(queue.read(nsid, size - 1, 1, block) == last, "the last block has changed")


@rows(ALL_COMMANDS)
def namespace(env, make):
    """A namespace that is not there (0, beyond NN, without a folder, all): Invalid Namespace, or
    Invalid Field where it is one that could be. One that is disabled: Internal Path Error, after
    which the host tries another path. No data is asked for."""
    queue = env.io()
    for nsid in (0, queue.host.ctrl.nn + 1, 3, 4, nvme.NSID_ALL):
        fine = {3: nvme.INTERNAL_PATH, 4: (FIELD, BAD_NS), nvme.NSID_ALL: (FIELD, BAD_NS)}
        cqe = queue.wait(queue.submit(make(nsid, 1024, 8, 512)))
        check_status(cqe, fine.get(nsid, BAD_NS), f"nsid {nsid:#x}")
        check(cqe.dnr == (nsid != 3), f"nsid {nsid:#x}: {cqe}")
    check(not queue.r2ts, "an R2T for a command of no namespace")
    alive(queue)


@rows([("compare", nvme.COMPARE), ("dsm", nvme.DSM), ("copy", nvme.COPY)])
def wrong_length(env, opcode):
    """An SGL that is shorter or longer than the command's data: Data SGL Length Invalid, by R2T
    and in the capsule. A table of ranges may be longer, but not longer than the largest."""
    queue = env.io()
    longer = (4, 4096 - 64 * 16 + 16) if opcode == nvme.DSM else (4, 512)
    for delta, icd in ((d, i) for d in (-512, -4, *longer) for i in (False, True)):
        if opcode == nvme.COMPARE:
            nbytes = 8 * 512 + delta
            sqe = nvme.rw(opcode, 1, 1024, 8, nbytes, icd=icd)
        elif opcode == nvme.DSM:
            nbytes = 64 * 16 + delta
            sqe = nvme.dsm(1, 64, nbytes=nbytes, icd=icd)
        else:
            nbytes = 32 * 32 + delta
            sqe = nvme.copy(1, 2048, 32, nbytes=nbytes, icd=icd)
        cid = queue.submit(sqe, bytes(nbytes) if icd else b"")
        check_status(queue.wait(cid), nvme.SGL_LENGTH, f"{nbytes} bytes, icd {icd}")
        check(not queue.r2ts, "an R2T for a command whose length is wrong")
    alive(queue)


@rows([("verify", nvme.verify(1, 1024, 1)), ("write_zeroes", nvme.write_zeroes(1, 1024, 1)),
       ("flush", nvme.flush(1))])
def data_where_none_belongs(env, sqe):
    """A command without data that brings some in its capsule: Invalid Field, and it is drained."""
    queue = env.io()
    queue.cmd(bytearray(sqe), pattern(512), status=FIELD, what="in-capsule data")
    alive(queue)


@rows([("verify", _verify_sqe), ("write_zeroes", _zeroes_sqe), ("dsm", _dsm_sqe),
       ("copy", _copy_sqe)])
def not_fusible(env, make):
    """Only Compare and Write can be halves: any other opcode with FUSE set is Invalid Field (a
    lone SECOND: Missing Fused Command, which is as true)."""
    queue = env.io()
    for fuse, want in ((1, FIELD), (3, FIELD), (2, (FIELD, nvme.FUSED_MISSING))):
        sqe = make(1, 1024, 8, 512)
        sqe[1] |= fuse
        check_status(queue.wait(queue.submit(sqe)), want, f"FUSE {fuse}")
        check(not queue.r2ts, "an R2T")
        alive(queue)


@case()
def not_supported(env):
    """What is not there is Invalid Opcode, and neither ONCS nor the effects log names it."""
    queue = env.io()
    effects = queue.host.log(5, 4096)
    for opcode in (nvme.WRITE_UNCORRECTABLE, 0x0D, 0x0E, 0x11, 0x12, 0x15, 0x18, 0x7D):
        queue.cmd(nvme.sqe(opcode, 1), status=nvme.INVALID_OPCODE, what=f"opcode {opcode:#x}")
        check(not effects[1024 + 4 * opcode] & 1, f"the effects log offers {opcode:#x}")
    check(not queue.host.ctrl.oncs & (1 << 1 | 1 << 5), f"ONCS {queue.host.ctrl.oncs:#x}")


@case()
def advertised(env):
    """ONCS and the effects log offer what works, and say which commands change blocks."""
    host = env.up(0)
    effects = host.log(5, 4096)
    for bit, opcode, writes in ((0, nvme.COMPARE, 0), (2, nvme.DSM, 1), (3, nvme.WRITE_ZEROES, 1),
                                (7, nvme.VERIFY, 0), (8, nvme.COPY, 1)):
        check(host.ctrl.oncs >> bit & 1, f"ONCS {host.ctrl.oncs:#x} lacks bit {bit}")
        word = int.from_bytes(effects[1024 + 4 * opcode:][:4], "little")
        check(word & 1, f"effects of {opcode:#x}: {word:#x}")
        check(word >> 1 & 1 == writes, f"LBCC of {opcode:#x}: {word:#x}")


@case()
def limits_advertised(env):
    """Each limit of a command stands where hosts look for it."""
    host = env.up(0)
    nvm = ident.NvmController(host.identify(6))
    for name in ("vsl", "wzsl", "dmrl", "dmrsl", "dmsl"):
        check(getattr(nvm, name), f"Identify CNS 06h: {name.upper()} is 0: no limit")
    for nsid in (1, 2):
        ns = host.ns(nsid)
        check(ns.mssrl and ns.mcl >= ns.mssrl, f"nsid {nsid}: MSSRL {ns.mssrl} MCL {ns.mcl}")
    check(host.ctrl.ocfs == 1, f"OCFS {host.ctrl.ocfs:#x}, format 0 is what there is")


@rows([(f"nsid_{nsid}", nsid) for nsid in (1, 2)], timeout=30)
def verify(env, nsid):
    """A Verify of one block, of pieces of every alignment, and of as much as VSL allows."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    most = min(4096 << ident.NvmController(queue.host.identify(6)).vsl, size * block) // block
    for slba, count in ((0, 1), (size - 1, 1), (3, 255), (7, 257), (1, 1023), (0, most)):
        cqe = queue.cmd(nvme.verify(nsid, slba, count), what=f"Verify {slba}+{count}", timeout=20)
        check(not cqe.data, "data came with a Verify")


def _big(env, block):
    env.target.attach(4, 64, block)
    env.defer(lambda: env.target.detach(4))
    return env.io()


@rows([(f"{name}_{block}", make, field, block) for block in (512, 4096) for name, make, field in
       (("verify", _verify_sqe, "vsl"), ("write_zeroes", _zeroes_sqe, "wzsl"))], timeout=40)
def size_limit(env, make, field, block):
    """As much as VSL or WZSL allows is done, one block more is Invalid Field."""
    queue = _big(env, block)
    limit = 4096 << getattr(ident.NvmController(queue.host.identify(6)), field)
    blocks = limit // block
    check(blocks < 65536, f"{limit} bytes cannot be exceeded")
    queue.cmd(make(4, 8, blocks, block), what=f"{blocks} blocks", timeout=30)
    queue.cmd(make(4, 8, blocks + 1, block), status=FIELD, what=f"{blocks + 1} blocks")
    queue.cmd(make(4, 8, 65536, block), status=(FIELD, RANGE), what="65536 blocks")


@rows([("compare", nvme.COMPARE), ("verify", nvme.VERIFY)])
def medium_error(env, opcode):
    """Blocks that cannot be read: Unrecovered Read Error, wherever in the range they lie."""
    disk = env.target.disks[1]
    put(f"{disk.dir}/badblocks", "+2300-2307")
    env.defer(lambda: put(f"{disk.dir}/badblocks", "-2300-2307"))
    queue = env.io()
    fine = (nvme.UNRECOVERED_READ, nvme.INTERNAL)
    for slba, count in ((2300, 8), (2293, 8), (2307, 8)):
        if opcode == nvme.VERIFY:
            queue.cmd(nvme.verify(1, slba, count), status=fine, what=f"Verify {slba}")
        else:
            compare_r2t(queue, 1, slba, pattern(count * 512), status=fine)
    if opcode == nvme.VERIFY:
        # in a later piece of a long one
        queue.cmd(nvme.verify(1, 1024, 8192), status=fine, what="long Verify")
        queue.cmd(nvme.verify(1, 2308, 1024), what="behind them")
    else:
        compare_r2t(queue, 1, 2308, queue.read(1, 2308, 8))
    alive(queue)


@case()
def flush_all(env):
    """Flush of NSID FFFFFFFFh as VWC says: all namespaces are flushed, that is, each whose disk
    has a cache sees a flush."""
    queue = env.io()
    path = env.target.disks[1].path
    if queue.host.ctrl.vwc >> 1 & 3 != 3:
        raise Skip(f"VWC {queue.host.ctrl.vwc:#x} does not offer it")
    queue.write(1, 1024, pattern(512))
    before = flushes(path)
    queue.flush(nvme.NSID_ALL)
    check(flushes(path) > before, f"{path} saw no flush")
    alive(queue)


@rows([("one", 4), ("all", nvme.NSID_ALL)])
def flush_reaches_a_later_cache(env, nsid):
    """A disk gets a write cache after its namespace was enabled, as a volume does that is moved to
    another disk: a Flush reaches it."""
    path = loop_disk(env, 4)
    set_write_cache(path, False)
    env.target.add_ns(4, path)
    env.defer(lambda: os.rmdir(env.target.ns(4)))
    queue = env.io()
    set_write_cache(path, True)
    queue.write(4, 1024, pattern(512))
    before = flushes(path)
    queue.flush(nsid)
    check(flushes(path) > before, f"{path} saw no flush")


@case()
def flush_all_in_numbers(env):
    """Many of them at once, beside writes and a namespace that comes and goes."""
    queue = env.io(sqsize=63)
    if queue.host.ctrl.vwc >> 1 & 3 != 3:
        raise Skip(f"VWC {queue.host.ctrl.vwc:#x} does not offer it")
    for _ in range(4):
        cids, raws = [], []
        for index in range(40):
            if index % 2:
                sqe, data = nvme.rw(nvme.WRITE, 1, 1024 + index, 1, 512, icd=True), pattern(512)
            else:
                sqe, data = nvme.flush(nvme.NSID_ALL), b""
            cid, raw = queue.build(sqe, data)
            cids.append(cid)
            raws.append(raw)
        queue.send(b"".join(raws))
        env.target.toggle(2)
        for cid in cids:
            check_status(queue.wait(cid), nvme.OK)
    alive(queue)


@rows(LBA_COMMANDS)
def no_reason_to_refuse(env, make):
    """Limited Retry, and protection information of a namespace that has none, are not looked
    at."""
    queue = env.io()
    data = pattern(512, 9)
    queue.write(1, 1024, data)
    for bits in (0x80000000, 0x20000000, 0x04000000):
        sqe = make(1, 1024, 1, 512)
        dw12 = int.from_bytes(sqe[48:52], "little") | bits
        sqe[48:52] = dw12.to_bytes(4, "little")
        cid = queue.submit(sqe)
        cqe = queue.transfer(cid, data) if make is _compare_sqe else queue.wait(cid)
        check_status(cqe, nvme.OK, f"CDW12 {bits:#x}")


@case()
def read_only_namespace(env):
    """What would change a read-only namespace is refused before its data is asked for; Compare
    and Verify work, and a compare-and-write fails as a whole."""
    env.target.attach(4, 4, 512)
    env.defer(lambda: env.target.detach(4))
    path = env.target.disks[4].path
    set_read_only(path, True)
    check(get(f"/sys/block/{disk_node(path)}/ro") == "1", f"{path} is not read-only")
    put(env.target.ns(4, "enable"), 0)
    put(env.target.ns(4, "enable"), 1)
    queue = env.io()
    zero = bytes(4096)
    compare_r2t(queue, 4, 8, zero)
    queue.cmd(nvme.verify(4, 8, 8), what="Verify")
    for name, make in ALL_COMMANDS:
        if make not in (_compare_sqe, _verify_sqe):
            check_status(queue.wait(queue.submit(make(4, 8, 8, 512))), nvme.WRITE_PROTECTED, name)
    check_status(queue.wait(queue.submit(nvme.rw(nvme.WRITE, 4, 8, 8, 4096))),
                 nvme.WRITE_PROTECTED, "Write")
    check(not queue.r2ts, "an R2T for a command that must not write")


@case()
def disk_becomes_read_only(env):
    """A disk is made read-only under its namespace: nothing that would change it reaches it, and
    it can be read and flushed."""
    env.target.attach(4, 4, 512, discard=1)
    env.defer(lambda: env.target.detach(4))
    path = env.target.disks[4].path
    queue = env.io()
    old = pattern(4096, 41)
    queue.write(4, 8, old)
    set_read_only(path, True)
    env.defer(lambda: set_read_only(path, False))
    queue.write(4, 8, pattern(4096, 42), status=nvme.WRITE_PROTECTED)
    queue.cmd(nvme.write_zeroes(4, 8, 8), status=nvme.WRITE_PROTECTED)
    queue.cmd(nvme.dsm(4, 1, icd=True), nvme.dsm_ranges([(8, 8)]),
              status=(nvme.OK, nvme.WRITE_PROTECTED))
    queue.cmd(nvme.copy(4, 8, 1, icd=True), nvme.copy_ranges([(100, 8)]),
              status=nvme.WRITE_PROTECTED)
    check(queue.read(4, 8, 8) == old, "the disk has changed")
    queue.flush(4)
    set_read_only(path, False)
    queue.write(4, 8, old)


@case()
def digest_error(env):
    """A Compare whose data has a wrong digest fails with Transient Transport Error, and is not
    taken for a comparison."""
    queue = env.io(ddgst=True)
    data = queue.read(1, 0, 1)
    check(data == KEEP[:512], "data")
    sqe = nvme.rw(nvme.COMPARE, 1, 0, 1, 512, icd=True)
    cid = queue.submit(sqe, data, bad_ddgst=True)
    check_status(queue.wait(cid), nvme.TRANSIENT_TRANSPORT, "Compare in the capsule")
    cid = queue.submit(nvme.rw(nvme.COMPARE, 1, 0, 1, 512))
    r2t = queue.wait_r2t(cid)
    queue.send(pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, bad_ddgst=True))
    check_status(queue.wait(cid), nvme.TRANSIENT_TRANSPORT, "Compare by R2T")
    alive(queue)
