# SPDX-License-Identifier: GPL-2.0
"""Read, Write and Flush: data, ranges, limits, namespaces (NVM command set 3.2)."""

import random

from nvmetcp import nvme
from nvmetcp.conn import Fail, Skip, check, check_status
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, outside, pattern
from nvmetcp.target import put

RANGE, FIELD, BAD_NS = nvme.LBA_RANGE, nvme.INVALID_FIELD, nvme.INVALID_NS
BLOCK = {1: 512, 2: 4096}


@rows([(f"nsid_{nsid}_{count}_blocks", nsid, count) for nsid, counts in
       ((1, (1, 2, 7, 8, 9, 33, 128)), (2, (1, 2, 3, 16))) for count in counts])
def write_read(env, nsid, count):
    """What is written is read back, and its neighbours are not touched."""
    queue = env.io()
    block = BLOCK[nsid]
    around = pattern((count + 2) * block, 60)
    data = pattern(count * block, 61)
    queue.write(nsid, 1024, around, block)
    queue.write(nsid, 1025, data, block)
    want = around[:block] + data + around[-block:]
    check(queue.read(nsid, 1024, count + 2, block) == want, "not what was written")


@rows([("nsid_1", 1), ("nsid_2", 2)])
def first_and_last_block(env, nsid):
    """The last block can be written and read; on nsid 2 the first as well."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    places = [size - 1] + ([0] if nsid == 2 else [])
    for slba in places:
        data = pattern(block, slba)
        queue.write(nsid, slba, data, block)
        check(queue.read(nsid, slba, 1, block) == data, f"block {slba}")


@rows([(f"nsid_{nsid}_{name}", nsid, opcode) for nsid in (1, 2)
       for name, opcode in (("read", nvme.READ), ("write", nvme.WRITE))])
def lba_out_of_range(env, nsid, opcode):
    """Any range that is not wholly in the namespace: LBA Out of Range, and nothing is touched."""
    queue = env.io()
    block = BLOCK[nsid]
    size = queue.host.ns(nsid).nsze
    first = queue.read(nsid, 0, 1, block)
    last = queue.read(nsid, size - 1, 1, block)
    for slba, count in outside(size):
        nbytes = count * block
        icd = opcode == nvme.WRITE and nbytes <= queue.icd_limit
        sqe = nvme.rw(opcode, nsid, slba, count, nbytes, icd=icd)
        queue.cmd(sqe, pattern(nbytes, 70) if icd else b"",
                  expect=nbytes if opcode == nvme.READ else 0, status=RANGE,
                  what=f"opcode {opcode} of {slba:#x}+{count}")
    check(queue.read(nsid, 0, 1, block) == first, "block 0 has changed")
    check(queue.read(nsid, size - 1, 1, block) == last, "the last block has changed")


@rows([("0", 0, (BAD_NS,)), ("beyond_nn", None, (BAD_NS,)), ("fffffffe", 0xFFFFFFFE, (BAD_NS,)),
       # An NSID that could be a namespace and is none at the moment: Invalid Field by the general
       # rule (base spec 3.2.1.4); Invalid Namespace where it counts as none; a path error where
       # another path may lead to it. Likewise FFFFFFFFh, for which revisions differ.
       ("inactive", 3, (FIELD, BAD_NS, nvme.INTERNAL_PATH)), ("broadcast", nvme.NSID_ALL, (FIELD, BAD_NS))])
def namespace(env, nsid, statuses):
    """Reads and writes of a namespace that is not there; capsule data is drained."""
    queue = env.io()
    nsid = queue.host.ctrl.nn + 1 if nsid is None else nsid
    queue.read(nsid, 0, 1, status=statuses)
    queue.write(nsid, 1024, pattern(512), icd=True, status=statuses)
    cid = queue.submit(nvme.rw(nvme.WRITE, nsid, 1024, 8, 4096))
    check_status(queue.wait(cid), statuses, "write by R2T")
    alive(queue)


@case()
def flush(env):
    """Flush of a namespace; of all of them as VWC says; of none."""
    queue = env.io()
    queue.write(1, 1024, pattern(512))
    queue.flush(1)
    queue.flush(2)
    queue.flush(queue.host.ctrl.nn + 1, status=BAD_NS)
    every = queue.host.ctrl.vwc >> 1 & 3
    want = {3: nvme.OK, 2: (FIELD, BAD_NS)}.get(every, (nvme.OK, FIELD, BAD_NS))
    queue.flush(nvme.NSID_ALL, status=want)


@rows([("nsid_1", 1), ("nsid_2", 2)])
def force_unit_access(env, nsid):
    """FUA in writes and reads."""
    queue = env.io()
    block = BLOCK[nsid]
    for icd in (True, False):
        data = pattern(block, 80 + icd)
        if icd and block > queue.icd_limit:
            continue
        queue.write(nsid, 1024, data, block, icd=icd, fua=True)
        check(queue.read(nsid, 1024, 1, block, fua=True) == data, "data")


def _mdts(host):
    check(host.ctrl.mdts, "MDTS 0 promises transfers without limit")
    mpsmin = host.admin.prop_get(nvme.CAP, 8) >> 48 & 0xF
    return 4096 << mpsmin << host.ctrl.mdts


@case(timeout=30)
def largest_transfer(env):
    """A write and a read of exactly MDTS (the read is compared in part: Python is slow)."""
    queue = env.io()
    size = min(_mdts(queue.host), 4 << 20)
    data = pattern(size, 90)
    queue.write(1, 2048, data, icd=False)
    check(queue.read(1, 2048, size // 512) == data, "not what was written")


@rows([("read", nvme.READ), ("write", nvme.WRITE)])
def larger_than_mdts(env, opcode):
    """More than MDTS, by one block and by far: Invalid Field, and a write gets no R2T."""
    queue = env.io()
    size = _mdts(queue.host)
    room = queue.host.ns(1).nsze - 2048
    for nbytes in (size + 512, 2 * size, 4 * size):
        if nbytes // 512 > min(room, 65536):
            continue
        cid = queue.submit(nvme.rw(opcode, 1, 2048, nbytes // 512, nbytes),
                           expect=nbytes if opcode == nvme.READ else 0)
        check_status(queue.wait(cid), FIELD, f"{nbytes} bytes, MDTS is {size}")
        check(not queue.r2ts, "an R2T for a write beyond MDTS")
    alive(queue)


@rows([("read_first", nvme.READ, 1), ("read_second", nvme.READ, 2),
       ("write_first", nvme.WRITE, 1), ("write_second", nvme.WRITE, 2),
       ("flush_first", nvme.FLUSH, 1), ("flush_second", nvme.FLUSH, 2)])
def fused(env, opcode, fuse):
    """A fused command although FUSES offers none: Invalid Field."""
    queue = env.io()
    if queue.host.ctrl.fuses & 1:
        raise Skip("the controller has fused Compare and Write, which other cases cover")
    if opcode == nvme.FLUSH:
        queue.cmd(nvme.sqe(opcode, 1, fuse=fuse), status=FIELD, what="fused Flush")
    elif opcode == nvme.READ:
        queue.read(1, 0, 1, fuse=fuse, status=FIELD)
    else:
        queue.write(1, 1024, pattern(512), icd=True, fuse=fuse, status=FIELD)
    alive(queue)


@rows([("read", nvme.READ), ("write", nvme.WRITE), ("flush", nvme.FLUSH)])
def fuse_reserved(env, opcode):
    """FUSE 11b is reserved: Invalid Field, on any controller."""
    queue = env.io()
    if opcode == nvme.FLUSH:
        queue.cmd(nvme.sqe(opcode, 1, fuse=3), status=FIELD, what="Flush with FUSE 11b")
    elif opcode == nvme.READ:
        queue.read(1, 0, 1, fuse=3, status=FIELD)
    else:
        queue.write(1, 1024, pattern(512), icd=True, fuse=3, status=FIELD)
    alive(queue)


@rows([(f"{opcode:02x}_{size}", opcode, size) for opcode in (0x81, 0xC1, 0x7D)
       for size in (4, 512, 4096)])
def unknown_opcode_with_data(env, opcode, size):
    """An unknown opcode with data in its capsule: Invalid Opcode, and the data is drained, though
    it looks like PDUs (W13)."""
    queue = env.io()
    fake = queue.build(nvme.flush(1))[1]
    data = (fake * (size // len(fake) + 1))[:size]
    for _ in range(3):
        queue.cmd(nvme.sqe(opcode, 1, dptr=nvme.sgl(nvme.SGL_ICD, size)), data,
                  status=nvme.INVALID_OPCODE, what=f"opcode {opcode:#x}")
    queue.expect_silence(0.05)
    alive(queue)


@case()
def limited_retry_and_hints(env):
    """Limited Retry and dataset hints are no reason to refuse."""
    queue = env.io()
    sqe = nvme.rw(nvme.READ, 1, 0, 1, 512)
    sqe[51] |= 0x80     # LR
    sqe[52] |= 0x41     # access frequency, sequential request
    check(queue.cmd(sqe, expect=512).data == KEEP[:512], "data")


@rows([("seed_1", 1), ("seed_2", 2)], timeout=30)
def many_in_flight(env, seed):
    """A full queue of mixed commands, over and over: each completes once, with its data (W16)."""
    rng = random.Random(seed)
    queue = env.io(sqsize=63, io_cattr=nvme.CATTR_NO_SQ_FLOW if seed == 2 else 0)
    medium = {slba: bytes(512) for slba in range(1024, 1088)}
    for slba in medium:
        queue.write(1, slba, medium[slba])
    for _ in range(8):
        raws, waiting = [], {}
        for slba in rng.sample(sorted(medium), 60):
            if rng.random() < 0.4:
                medium[slba] = rng.randbytes(512)
                sqe = nvme.rw(nvme.WRITE, 1, slba, 1, 512, icd=True)
                cid, raw = queue.build(sqe, medium[slba])
                waiting[cid] = None
            else:
                cid, raw = queue.build(nvme.rw(nvme.READ, 1, slba, 1, 512), expect=512)
                waiting[cid] = medium[slba]
            raws.append(raw)
        queue.send(b"".join(raws))
        for cid, want in waiting.items():
            cqe = check_status(queue.wait(cid), nvme.OK)
            check(want is None or cqe.data == want, f"read cid {cid}: other data")
    queue.expect_silence(0.05)


@case()
def two_queues_one_namespace(env):
    """What one queue writes the other reads."""
    host = env.up(2)
    for index in range(8):
        data = pattern(4096, index)
        host.io[1 + index % 2].write(1, 1024, data)
        check(host.io[2 - index % 2].read(1, 1024, 8) == data, f"round {index}")


@rows([("read", nvme.READ, (nvme.UNRECOVERED_READ, nvme.INTERNAL)),
       ("write", nvme.WRITE, (nvme.WRITE_FAULT, nvme.INTERNAL))])
def device_error(env, opcode, statuses):
    """An error of the device becomes an error of the command; the connection lives. A general
    I/O error is a media error or an internal one."""
    disk = env.target.disks[1]
    put(f"{disk.dir}/badblocks", "+2000-2007")
    env.defer(lambda: put(f"{disk.dir}/badblocks", "-2000-2007"))
    queue = env.io()
    if opcode == nvme.READ:
        queue.read(1, 2000, 8, status=statuses)
    else:
        queue.write(1, 2000, pattern(4096), icd=False, status=statuses)
    alive(queue)


@case()
def namespace_toggled_under_load(env):
    """A namespace goes and comes while it is read (C13): every command is answered, with success
    or as one for a namespace that is not there; others do not notice."""
    queue = env.io(sqsize=63)
    fine = (nvme.OK, BAD_NS, FIELD, nvme.ABORT_REQUESTED, nvme.NS_NOT_READY, nvme.INTERNAL_PATH,
            nvme.ANA_TRANSITION)
    for _ in range(6):
        cids, raws = [], []
        for _ in range(30):
            cid, raw = queue.build(nvme.rw(nvme.READ, 2, 0, 1, 4096), expect=4096)
            cids.append(cid)
            raws.append(raw)
        queue.send(b"".join(raws))
        env.target.toggle(2)
        for cid in cids:
            check_status(queue.wait(cid), fine)
        alive(queue)
    check(queue.host.ns(2).nsze, "nsid 2 did not come back")
    try:
        queue.read(2, 0, 1, 4096)
    except Fail as err:
        raise Fail(f"nsid 2 is enabled again and not served: {err}") from err
