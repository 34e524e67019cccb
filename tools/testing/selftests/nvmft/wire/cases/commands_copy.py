# SPDX-License-Identifier: GPL-2.0
"""Copy (NVM command set 3.3.2)."""

import struct

from nvmetcp import nvme
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, outside, pattern
from nvmetcp.target import put

FIELD, RANGE, LIMIT = nvme.INVALID_FIELD, nvme.LBA_RANGE, nvme.SIZE_LIMIT
BLOCK = {1: 512, 2: 4096}
SRC, DST = 1024, 2048
MIX = [(SRC, 1), (SRC + 40, 7), (SRC + 3, 9), (SRC + 40, 7), (SRC + 60, 4)]


def copy(queue, nsid, dst, ranges, *, status=nvme.OK, icd=True, timeout=10, **kw):
    """A Copy of these source ranges."""
    data = nvme.copy_ranges(ranges)
    icd = icd and len(data) <= queue.icd_limit
    cid = queue.submit(nvme.copy(nsid, dst, len(ranges), icd=icd, **kw), data if icd else b"")
    cqe = queue.wait(cid, timeout) if icd else queue.transfer(cid, data, timeout=timeout)
    return check_status(cqe, status, f"Copy of {len(ranges)} ranges to {dst}")


def gathered(data, base, ranges, block):
    """What the destination must hold."""
    return b"".join(data[(slba - base) * block:][:count * block] for slba, count in ranges)


@rows([(f"nsid_{nsid}_{name}", nsid, ranges) for nsid in (1, 2) for name, ranges in
       (("one", [(SRC, 1)]), ("whole", [(SRC, 64)]), ("mix", MIX))])
def source_ranges(env, nsid, ranges):
    """The source ranges stand one behind the other at the destination; the sources and the
    destination's neighbours stay. In the capsule, by R2T, and with FUA."""
    queue = env.io()
    block = BLOCK[nsid]
    data = pattern(64 * block, 40)
    queue.write(nsid, SRC, data, block, icd=False)
    want = gathered(data, SRC, ranges, block)
    for how in ("icd", "r2t", "fua"):
        around = pattern(len(want) + 2 * block, 41)
        queue.write(nsid, DST - 1, around, block, icd=False)
        copy(queue, nsid, DST, ranges, icd=how != "r2t", fua=how == "fua")
        got = queue.read(nsid, DST - 1, len(around) // block, block)
        check(got[block:-block] == want, f"{how}: the destination does not hold the ranges")
        check(got[:block] + got[-block:] == around[:block] + around[-block:],
              f"{how}: a neighbour changed")
    check(queue.read(nsid, SRC, 64, block) == data, "the source has changed")


@case(timeout=30)
def most_ranges(env):
    """As many source ranges as MSRC allows, in reverse; one more is Command Size Limit
    Exceeded."""
    queue = env.io()
    most = queue.host.ns(1).msrc + 1
    check(most < 256, "MSRC cannot be exceeded")
    data = pattern(most * 512, 42)
    queue.write(1, SRC, data, icd=False)
    ranges = [(SRC + i, 1) for i in reversed(range(most))]
    copy(queue, 1, DST, ranges)
    check(queue.read(1, DST, most) == gathered(data, SRC, ranges, 512), "data")
    copy(queue, 1, DST, ranges + [(SRC, 1)], status=LIMIT)
    copy(queue, 1, DST, [(SRC, 1)] * 256, status=LIMIT)


@rows([("512", 512), ("4096", 4096)], timeout=60)
def longest(env, block):
    """A source range of MSSRL, several that make MCL: copied. One block more: Command Size Limit
    Exceeded."""
    env.target.attach(4, 64 if block == 512 else 128, block)
    env.defer(lambda: env.target.detach(4))
    queue = env.io()
    ns = queue.host.ns(4)
    data = pattern(64 * block, 43)
    ends = (0, ns.mssrl - 64)
    for slba in ends:
        queue.write(4, slba, data, block, icd=False)
    dst = 2 * ns.mssrl
    copy(queue, 4, dst, [(0, ns.mssrl)], timeout=30)
    for slba in ends:
        check(queue.read(4, dst + slba, 64, block) == data, f"block {slba}")
    check(queue.read(4, dst + 64, 64, block) == bytes(64 * block), "between them")
    copy(queue, 4, dst, [(0, ns.mssrl + 1)], status=LIMIT)
    ranges = [(0, ns.mssrl)] * (ns.mcl // ns.mssrl)
    if ns.mcl % ns.mssrl:
        ranges.append((0, ns.mcl % ns.mssrl))
    copy(queue, 4, dst, ranges + [(0, 1)], status=LIMIT)
    if block == 512:
        copy(queue, 4, dst, ranges, timeout=40)
        check(queue.read(4, dst + ns.mcl - 64, 64, block) == data, "the end of the last range")


@case()
def formats(env):
    """A descriptor format other than 0 is not offered (OCFS), or not enabled: Invalid Field,
    also where its descriptors have another length; and no data is asked for."""
    queue = env.io()
    data = pattern(4096, 44)
    queue.write(1, DST, data)
    for fmt, size in ((f, s) for f in range(1, 16) for s in (32, 40)):
        desc = struct.pack("<IIQH", 1, 0, SRC, 7).ljust(size, b"\0")
        sqe = nvme.copy(1, DST, 1, fmt=fmt, icd=True, nbytes=size)
        queue.cmd(sqe, desc, status=FIELD, what=f"format {fmt}, {size} bytes")
        cid = queue.submit(nvme.copy(1, DST, 1, fmt=fmt, nbytes=size))
        check_status(queue.wait(cid), FIELD, f"format {fmt}, {size} bytes by R2T")
    check(queue.read(1, DST, 8) == data, "something was copied")


@rows([(f"nsid_{nsid}_{where}", nsid, where) for nsid in (1, 2) for where in ("only", "last")])
def source_out_of_range(env, nsid, where):
    """A source range that is not wholly in the namespace: LBA Out of Range, and nothing is
    written."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    data = pattern(8 * block, 45)
    queue.write(nsid, DST, data, block)
    for slba, count in outside(size):
        copy(queue, nsid, DST, ([(SRC, 4)] if where == "last" else []) + [(slba, count)],
             status=RANGE)
    check(queue.read(nsid, DST, 8, block) == data, "something was copied")


@rows([("nsid_1", 1), ("nsid_2", 2)])
def destination_out_of_range(env, nsid):
    """A destination that is not wholly in the namespace, also where only the sum of the ranges
    reaches beyond it: LBA Out of Range, and nothing is written."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    last = queue.read(nsid, size - 16, 16, block)
    for slba, count in outside(size):
        copy(queue, nsid, slba, [(SRC, count)], status=RANGE)
    copy(queue, nsid, size - 15, [(SRC, 8), (SRC + 8, 8)], status=RANGE)
    copy(queue, nsid, (1 << 64) - 16, [(SRC, 8), (SRC + 8, 8)], status=RANGE)
    check(queue.read(nsid, size - 16, 16, block) == last, "something was copied")
    copy(queue, nsid, size - 16, [(SRC, 8), (SRC + 8, 8)])
    queue.write(nsid, size - 16, last, block, icd=False)


@case()
def overlap(env):
    """A destination that overlaps a source range is refused and nothing is written, or what
    arrives is what the source held before."""
    queue = env.io()
    for delta in (0, 1, -1, 7, -7):
        data = pattern(24 * 512, 46 + delta)
        queue.write(1, SRC, data)
        cqe = copy(queue, 1, SRC + 8 + delta, [(SRC + 8, 8)], status=(nvme.OK, nvme.OVERLAPPING))
        want = bytearray(data)
        if cqe.status == nvme.OK:
            want[(8 + delta) * 512:(16 + delta) * 512] = data[8 * 512:16 * 512]
        check(queue.read(1, SRC, 24) == bytes(want), f"{delta}: neither refused nor copied")


@rows([("next_to", 8), ("far", 100)])
def no_overlap(env, delta):
    """A destination right behind, or before, its source is no overlap."""
    queue = env.io()
    data = pattern(8 * 512, 47)
    for dst in (SRC + delta, SRC - delta):
        queue.write(1, SRC, data)
        copy(queue, 1, dst, [(SRC, 8)])
        check(queue.read(1, dst, 8) == data, "data")


@rows([("read", 2500), ("write", 2600)])
def disk_error(env, where):
    """An error of the disk in a later source range: that range's number is in DW0, and those
    before it were copied."""
    disk = env.target.disks[1]
    put(f"{disk.dir}/badblocks", f"+{where}-{where + 7}")
    env.defer(lambda: put(f"{disk.dir}/badblocks", f"-{where}-{where + 7}"))
    queue = env.io()
    data = pattern(16 * 512, 48)
    queue.write(1, SRC, data)
    if where == 2500:
        cqe = copy(queue, 1, DST, [(SRC, 8), (SRC + 8, 8), (2496, 8), (SRC, 8)],
                   status=(nvme.UNRECOVERED_READ, nvme.INTERNAL))
        dst = DST
    else:
        dst = 2600 - 16
        cqe = copy(queue, 1, dst, [(SRC, 8), (SRC + 8, 8), (SRC, 8), (SRC, 8)],
                   status=(nvme.WRITE_FAULT, nvme.INTERNAL))
    check(cqe.dw0 == 2, f"{cqe}: DW0 names the first range that was not copied: 2")
    check(queue.read(1, dst, 16) == data, "the ranges before it")
    alive(queue)


@case()
def gone_in_the_middle(env):
    """Connections that end while long copies run: the target finishes or drops them, and goes on
    (the copies proceed piece by piece in the queue's own thread)."""
    for reset in (False, True):
        queue = env.io()
        mssrl = queue.host.ns(1).mssrl
        data = nvme.copy_ranges([(4096, min(mssrl, 4096))] * 3)
        raws = [queue.build(nvme.copy(1, 16384, 3, icd=True), data)[1] for _ in range(8)]
        queue.send(b"".join(raws))
        if reset:
            queue.reset()
        else:
            queue.close()
        queue.host.close()
    alive(env.io())
