# SPDX-License-Identifier: GPL-2.0
"""Steps that many cases share."""

import fcntl
import mmap
import os
import random
import struct
import time

from . import nvme
from .conn import REPLY, Closed, Fail, Quiet, check
from .target import get, put, run

# Where cases write on nsid 1: above the blocks that the runner reads after each case.
SCRATCH = 1024


def pattern(size, seed=1):
    """Bytes that do not repeat in a way a wrong offset could hide."""
    return random.Random(seed).randbytes(size)


def outside(nsze):
    """Ranges that are not in a namespace of this size, with what could go wrong in them."""
    return [
        (nsze, 1),                      # just behind
        (nsze - 1, 2),                  # crosses the end
        (nsze - 7, 8),
        ((1 << 64) - 1, 1),             # the last LBA there can be
        ((1 << 64) - 1, 2),             # SLBA + NLB wraps 64 bits
        ((1 << 64) - 8, 8),             # the sum is 2^64: wraps to 0
        (1 << 63, 1), (1 << 32, 1), ((1 << 32) + 1, 1), (1 << 40, 1),
        (1 << 52, 1),                   # times 4096 is 2^64
        (1 << 55, 1),                   # times 512 is 2^64
        (1 << 51, 1), (1 << 54, 1),     # negative as a file position
        (1 << 61, 1), ((1 << 61) + 1, 1),   # shifted to sectors of a 4 KiB disk it is 0
        (7 << 61, 1),
    ]


def open_write(queue, size=4096, slba=SCRATCH, seed=1, nsid=1, block=512):
    """A write whose data is awaited: returns (cid, data, the first R2T)."""
    data = pattern(size, seed)
    cid = queue.submit(nvme.rw(nvme.WRITE, nsid, slba, size // block, size))
    r2t = queue.wait_r2t(cid)
    check(r2t.r2to == 0, f"{r2t}: the first R2T of a command starts at 0")
    return cid, data, r2t


def alive(queue):
    """The queue still answers, and is still in step: two reads give the blocks of the check."""
    from .ktap import KEEP
    for count in (1, 8):
        got = queue.read(1, 0, count)
        check(got == KEEP[:512 * count], f"a read of {count} blocks returned other data")


def finish_write(queue, cid, data, r2t, slba=SCRATCH):
    """Send the data of an open write, check its completion and what the medium holds."""
    queue.answer(r2t, data)
    if r2t.r2tl < len(data):
        sent = r2t.r2tl
        while sent < len(data):
            nxt = queue.wait_r2t(cid)
            queue.answer(nxt, data)
            sent += nxt.r2tl
    cqe = queue.wait(cid)
    check(cqe.status == nvme.OK, f"write: {cqe}")
    check(queue.read(1, slba, len(data) // 512) == data, "the medium does not hold what was written")


def disk_node(path):
    """The name of a block device in /sys/block."""
    return os.path.basename(os.path.realpath(path))


def set_read_only(path, state):
    """Make a block device refuse writes, or take them again (BLKROSET)."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, 0x125D, struct.pack("i", state))
    finally:
        os.close(fd)


def set_write_cache(path, state):
    """Say of a block device that has a volatile write cache whether it is in use."""
    put(f"/sys/block/{disk_node(path)}/queue/write_cache",
        "write back" if state else "write through")


def loop_disk(env, mib):
    """A block device whose write cache can be switched, and which does FUA by a flush; its path.
    It goes with the case."""
    backing = f"/tmp/nvmft-wire-{os.getpid()}"
    with open(backing, "wb") as file:
        file.truncate(mib << 20)
    env.defer(lambda: os.unlink(backing))
    run("modprobe", "loop")
    run("losetup", "-f", backing)
    for name in os.listdir("/sys/block"):
        attr = f"/sys/block/{name}/loop/backing_file"
        if os.path.exists(attr) and get(attr) == backing:
            env.defer(lambda: run("losetup", "-d", f"/dev/{name}"))
            return f"/dev/{name}"
    raise Fail(f"no loop device for {backing}")


def flushes(path):
    """How many flushes a block device has completed."""
    with open(f"/sys/block/{disk_node(path)}/stat", encoding="ascii") as stat:
        return int(stat.read().split()[15])


def read_disk(path, offset, size):
    """Bytes of a block device, past the page cache."""
    flags = os.O_RDONLY | os.O_DIRECT
    fd = os.open(path, flags)
    try:
        with mmap.mmap(-1, size) as page:
            check(os.preadv(fd, [page], offset) == size, f"short read of {path}")
            return page[:]
    finally:
        os.close(fd)


def expect_refused(queue, data, qid, sqsize, status, where=None, **kw):
    """A Connect that must be answered with a status (and, if it is Invalid Parameters, with the
    offset of the wrong field), after which the target closes the connection."""
    cqe = queue.connect(data, qid, sqsize, status=status, **kw)
    check(cqe.status != nvme.INVALID_FIELD, "a Connect must not fail with Invalid Field")
    if where is not None and cqe.status == nvme.CONNECT_PARAM:
        wanted = where if isinstance(where, list) else [where]
        check(cqe.connect_error in wanted,
              f"{cqe}: IPO {cqe.connect_error[0]} IATTR {cqe.connect_error[1]}, expected "
              + " or ".join(f"IPO {ipo} IATTR {attr}" for ipo, attr in wanted))
    queue.expect_closed()
    queue.close()
    return cqe


def retry_connect_io(host, qid, timeout=REPLY):
    """Connect an I/O queue whose identifier is about to become free: the target learns of the old
    connection's end a moment after we close it."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return host.connect_io(qid)
        except (Fail, Closed) as err:
            if time.monotonic() > deadline:
                raise Quiet(f"queue {qid} did not become free: {err}") from err
            time.sleep(0.02)


def connected_admin(env, **kw):
    """An admin queue after Connect, its controller not enabled; its host is queue.host."""
    host = env.host(**kw)
    host.connect_admin()
    return host.admin
