# SPDX-License-Identifier: GPL-2.0
"""Write Zeroes and Dataset Management (NVM command set 3.2.3, 3.2.8, 3.3.3)."""

import os
import struct

from nvmetcp import ident, nvme
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, loop_disk, outside, pattern, read_disk
from nvmetcp.target import Disk, put, run

OK, FIELD, RANGE, LIMIT = nvme.OK, nvme.INVALID_FIELD, nvme.LBA_RANGE, nvme.SIZE_LIMIT
BLOCK = {1: 512, 2: 4096}
BASE = 1024


@rows([(f"nsid_{nsid}", nsid) for nsid in (1, 2)])
def write_zeroes(env, nsid):
    """Blocks read as zeroes afterwards, and only those; plain, with DEAC, with FUA."""
    queue = env.io()
    block = BLOCK[nsid]
    for count, how in ((c, h) for c in (1, 3, 8, 129 if nsid == 1 else 16)
                       for h in ("plain", "deac", "fua")):
        around = pattern((count + 2) * block, 20)
        queue.write(nsid, BASE, around, block)
        queue.cmd(nvme.write_zeroes(nsid, BASE + 1, count, deac=how == "deac", fua=how == "fua"),
                  what="Write Zeroes")
        want = around[:block] + bytes(count * block) + around[-block:]
        check(queue.read(nsid, BASE, count + 2, block) == want,
              f"{count} blocks {how}: not zeroes, or not only there")


@rows([(f"discard_{discard}_{block}", discard, block) for discard in (0, 1)
       for block in (512, 4096)], timeout=30)
def write_zeroes_by_any_disk(env, discard, block):
    """A disk that can discard and one that cannot: zeroes in both, over pages of the disk and
    parts of them, and a write afterwards holds."""
    env.target.attach(4, 8, block, discard=discard)
    env.defer(lambda: env.target.detach(4))
    queue = env.io()
    for deac in (False, True):
        data = pattern(64 * block, 21)
        queue.write(4, 8, data, block, icd=False)
        queue.cmd(nvme.write_zeroes(4, 11, 50, deac=deac), what="Write Zeroes")
        want = data[:3 * block] + bytes(50 * block) + data[53 * block:]
        check(queue.read(4, 8, 64, block) == want, f"deac {deac}")
        again = pattern(2 * block, 22)
        queue.write(4, 20, again, block)
        check(queue.read(4, 19, 4, block) == bytes(block) + again + bytes(block), "write after")


@case()
def write_zeroes_that_the_disk_promises(env):
    """A disk says that it can zero, and refuses each time: a loop device on a file system that
    cannot zero and keep the space. Zeroes are written instead."""
    path = loop_disk(env, 4)
    env.target.add_ns(4, path)
    env.defer(lambda: os.rmdir(env.target.ns(4)))
    queue = env.io()
    data = pattern(64 * 512, 23)
    for how in ("plain", "deac", "fua"):
        queue.write(4, 8, data, icd=False)
        queue.cmd(nvme.write_zeroes(4, 11, 50, deac=how == "deac", fua=how == "fua"), what=how)
        want = data[:3 * 512] + bytes(50 * 512) + data[53 * 512:]
        check(queue.read(4, 8, 64) == want, f"{how}: not zeroes, or not only there")


@case()
def write_zeroes_on_a_bad_disk(env):
    """A disk that refuses: Write Fault, not success."""
    disk = env.target.disks[1]
    put(f"{disk.dir}/badblocks", "+2400-2407")
    env.defer(lambda: put(f"{disk.dir}/badblocks", "-2400-2407"))
    queue = env.io()
    queue.cmd(nvme.write_zeroes(1, 2396, 16), status=(nvme.WRITE_FAULT, nvme.INTERNAL))
    alive(queue)


# -- Dataset Management ----------------------------------------------------------------------


def dsm(queue, nsid, ranges, *, status=nvme.OK, icd=True, **kw):
    """A Dataset Management of these ranges."""
    data = nvme.dsm_ranges(ranges)
    cid = queue.submit(nvme.dsm(nsid, len(ranges), icd=icd, **kw), data if icd else b"")
    cqe = queue.wait(cid) if icd else queue.transfer(cid, data)
    return check_status(cqe, status, f"DSM of {len(ranges)} ranges")


def thin(env, block=512, mib=8, **settings):
    """A namespace on a disk that can discard; its queue."""
    env.target.attach(4, mib, block, discard=1, **settings)
    env.defer(lambda: env.target.detach(4))
    return env.io()


def deallocated(queue, nsid, slba, count, old, block=512):
    """What the namespace says about unmapped blocks must hold: zeroes if DLFEAT says so, else the
    old data or zeroes, and the same each time."""
    got = queue.read(nsid, slba, count, block)
    reads_as = queue.host.ns(nsid).dlfeat & 7
    check(reads_as in (0, 1), f"DLFEAT {reads_as}")
    for at in range(0, count * block, block):
        piece = got[at:at + block]
        fine = piece == bytes(block) or not reads_as and piece == old[at:at + block]
        check(fine, f"block {slba + at // block} reads as neither what it was nor zeroes")
    check(queue.read(nsid, slba, count, block) == got, "reads differ")


@rows([(f"{block}_{how}", block, how) for block in (512, 4096) for how in ("icd", "r2t")])
def deallocate(env, block, how):
    """Several ranges, aligned to the disk's pages and not, and an empty one between them: they
    read as the namespace says unmapped blocks do; the blocks between them are untouched."""
    queue = thin(env, block)
    old = pattern(128 * block, 30)
    queue.write(4, 0, old, block, icd=False)
    ranges = [(8, 8), (16, 1), (17, 0), (33, 3), (64, 40), (127, 1)]
    dsm(queue, 4, ranges, icd=how == "icd")
    gone = {slba + i for slba, count in ranges for i in range(count)}
    got = queue.read(4, 0, 128, block)
    for lba in range(128):
        if lba not in gone:
            check(got[lba * block:][:block] == old[lba * block:][:block],
                  f"block {lba} was in no range and has changed")
    for slba, count in ranges:
        if count:
            deallocated(queue, 4, slba, count, old[slba * block:], block)
    new = pattern(8 * block, 31)
    queue.write(4, 8, new, block)
    check(queue.read(4, 8, 8, block) == new, "a write after deallocation")


@case()
def really_deallocates(env):
    """Deallocated blocks give their memory back: a disk with room for 4 MiB takes 4 MiB time and
    again."""
    queue = thin(env, 4096)
    zero = bytes(256 * 4096)
    queue.write(4, 0, pattern(256 * 4096, 32), 4096, icd=False)
    dsm(queue, 4, [(0, 256)])
    check(queue.read(4, 0, 256, 4096) == zero, "the disk discards whole pages to zeroes")


@case()
def no_deallocate(env):
    """Without AD in CDW11 nothing is deallocated, whatever the hints beside it and CDW10 say."""
    queue = thin(env)
    data = pattern(8 * 512, 33)
    queue.write(4, 8, data)
    for attributes in (0, 1, 2, 3, 0xFFFFFFF8):
        dsm(queue, 4, [(8, 8)], attributes=attributes, cdw10=0x400)
        check(queue.read(4, 8, 8) == data, f"attributes {attributes:#x}: it was deallocated")


@case()
def hints(env):
    """AD beside the other attributes and reserved bits counts, and any context attributes of a
    range do as well."""
    queue = thin(env)
    queue.write(4, 8, pattern(8 * 512, 34))
    dsm(queue, 4, [(8, 8)], attributes=0xFFFFFFFF)
    check(queue.read(4, 8, 8) == bytes(4096), "it was not deallocated")
    queue.write(4, 8, pattern(8 * 512, 38))
    queue.cmd(nvme.dsm(4, 1, icd=True), struct.pack("<IIQ", 0xFFFFFFFF, 8, 8), what="DSM")
    check(queue.read(4, 8, 8) == bytes(4096), "it was not deallocated")


@rows([("icd", True), ("r2t", False)])
def table_with_room_to_spare(env, icd):
    """Linux sends a table of 256 ranges whatever the count: what is behind the count is not looked
    at, even if it names blocks that are there, or none that can be."""
    queue = thin(env)
    old = pattern(64 * 512, 39)
    for count, room in ((1, 256), (3, 256), (3, 4), (254, 255)):
        queue.write(4, 0, old, icd=False)
        used = [(8, 8), (32, 4), (40, 0)][:count] + [(0, 0)] * (count - 3)
        rest = [(16, 8), (1 << 60, 1 << 31)] * 128
        data = nvme.dsm_ranges((used + rest)[:room])
        cid = queue.submit(nvme.dsm(4, count, nbytes=room * 16, icd=icd), data if icd else b"")
        check_status(queue.wait(cid) if icd else queue.transfer(cid, data), OK, "DSM")
        want = bytearray(old)
        for slba, blocks in used:
            want[slba * 512:(slba + blocks) * 512] = bytes(blocks * 512)
        check(queue.read(4, 0, 64) == want, f"{count} ranges in a table of {room}")


@case()
def only_empty_ranges(env):
    """Ranges of no block are no error, not even beyond the end."""
    queue = env.io()
    size = queue.host.ns(1).nsze
    for count in (1, 64):
        dsm(queue, 1, [(size + i, 0) for i in range(count)])


@rows([(f"nsid_{nsid}_{where}", nsid, where) for nsid in (1, 2) for where in ("first", "last")])
def range_out_of_range(env, nsid, where):
    """One range that is not wholly in the namespace: LBA Out of Range, and no block of the others
    is deallocated."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    data = pattern(8 * block, 35)
    queue.write(nsid, BASE, data, block)
    for slba, count in outside(size):
        bad = (slba, count)
        ranges = [bad, (BASE, 8)] if where == "first" else [(BASE, 4), (BASE + 4, 4), bad]
        dsm(queue, nsid, ranges, status=RANGE)
    check(queue.read(nsid, BASE, 8, block) == data, "something was deallocated")


@case()
def lengths_in_64_bits(env):
    """Lengths whose sum, or whose bytes, do not fit 32 bits, within a namespace that has them: the
    limit decides, and nothing wraps."""
    queue = env.io()
    data = pattern(512, 36)
    queue.write(1, BASE, data)
    for count in (0xFFFFFFFF, 0x80000000, (1 << 32) - 1024):
        dsm(queue, 1, [(BASE, count)], status=(RANGE, LIMIT))
    dsm(queue, 1, [(BASE, 0xFFFFFFFF), (BASE, 0xFFFFFFFF), (BASE, 2)], status=(RANGE, LIMIT))
    check(queue.read(1, BASE, 1) == data, "something was deallocated")


def _nvm(queue):
    return ident.NvmController(queue.host.identify(6))


@rows([("icd", True), ("r2t", False)])
def ranges_limit(env, icd):
    """As many ranges as DMRL allows are done; one more is Command Size Limit Exceeded."""
    queue = thin(env)
    limit = _nvm(queue).dmrl
    check(0 < limit < 256, f"DMRL {limit}")
    old = pattern(2 * limit * 512, 37)
    queue.write(4, 0, old, icd=False)
    dsm(queue, 4, [(2 * i, 1) for i in range(limit)], icd=icd)
    got = queue.read(4, 0, 2 * limit)
    for lba in range(1, 2 * limit, 2):
        check(got[lba * 512:][:512] == old[lba * 512:][:512], f"block {lba} has changed")
    for count in (limit + 1, 256):
        # The SQE says it, so no data is asked for.
        data = nvme.dsm_ranges([(i, 0) for i in range(count)])
        cid = queue.submit(nvme.dsm(4, count, icd=icd), data if icd else b"")
        check_status(queue.wait(cid), LIMIT, f"DSM of {count} ranges")


def _slow_disk(env, read_ms, write_ms):
    """Nsid 5: 512-byte blocks on a disk of 4096-byte blocks, which waits before it reads, and
    before it writes or discards. Returns what is below the waiting."""
    target, name = env.target, "nvmft-wire"
    below = target.disks[5] = Disk("wire15", 4, 4096, discard=1)
    env.defer(lambda: target.disks.pop(5).remove())
    run("modprobe", "dm-delay")
    run("dmsetup", "create", "--noudevsync", name, "--table",
        f"0 {below.size >> 9} delay {below.path} 0 {read_ms} {below.path} 0 {write_ms}")
    env.defer(lambda: run("dmsetup", "remove", "--noudevsync", "--retry", name))
    run("dmsetup", "mknodes", name)
    target.add_ns(5, f"/dev/mapper/{name}", attrs={"block_size": 512})
    env.defer(lambda: os.rmdir(target.ns(5)))
    return below.path


@case()
def deallocated_stays_so(env):
    """A part of the disk's block is written while all of it is deallocated: what was not written
    reads as the same from the end of the deallocation on, although the write has read it before."""
    below = _slow_disk(env, 100, 200)
    queue = env.io()
    old = pattern(4096, 39)
    queue.write(5, 8, old, icd=False)
    check(read_disk(below, 4096, 4096) == old, "the disk does not hold what was written")
    write, raw = queue.build(nvme.rw(nvme.WRITE, 5, 9, 1, 512, icd=True), pattern(512, 40))
    cid, dsm_raw = queue.build(nvme.dsm(5, 1, icd=True), nvme.dsm_ranges([(8, 8)]))
    queue.send(raw + dsm_raw)
    check_status(queue.wait(cid), nvme.OK, "DSM")
    after = read_disk(below, 4096, 4096)[:512]
    check_status(queue.wait(write), nvme.OK, "Write")
    check(read_disk(below, 4096, 4096)[:512] == after, "a block that nobody wrote has changed")
    check(queue.read(5, 8, 1) == after, "the host reads something else")


@case()
def blocks_limit(env):
    """A range longer than DMRSL, and ranges that are longer than DMSL together: Command Size Limit
    Exceeded."""
    queue = env.io()
    nvm = _nvm(queue)
    dsm(queue, 1, [(0, nvm.dmrsl + 1)], status=LIMIT)
    whole = nvm.dmsl // nvm.dmrsl
    check(whole < nvm.dmrl, "DMSL cannot be exceeded")
    ranges = [(0, nvm.dmrsl)] * (whole + 1)
    dsm(queue, 1, ranges, status=(LIMIT, RANGE))


@case(timeout=30)
def large_ranges(env):
    """A namespace larger than DMRSL, deallocated as far as the limits go, with blocks written at
    both ends."""
    queue = thin(env, 512, 4096)
    nvm = _nvm(queue)
    size = queue.host.ns(4).nsze
    check(size > nvm.dmrsl, f"NSZE {size} is not above DMRSL {nvm.dmrsl}")
    places = (0, nvm.dmrsl - 8, nvm.dmrsl, size - 8)
    data = {slba: pattern(4096, slba & 0xFF) for slba in places}
    for slba in places:
        queue.write(4, slba, data[slba])
    cid = queue.submit(nvme.dsm(4, 1, icd=True), nvme.dsm_ranges([(0, nvm.dmrsl)]))
    check_status(queue.wait(cid, 20), nvme.OK, "the longest range")
    for slba in places[:2]:
        deallocated(queue, 4, slba, 8, data[slba])
    for slba in places[2:]:
        check(queue.read(4, slba, 8) == data[slba], f"blocks at {slba} have changed")
    dsm(queue, 4, [(0, nvm.dmrsl + 1)], status=LIMIT)
