# SPDX-License-Identifier: GPL-2.0
"""R2T: how many, for what, and writes that answer them in every legal way (3.3.2.2, 3.6.2.10)."""

import time

from nvmetcp import nvme, pdu
from nvmetcp.conn import Quiet, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, open_write, pattern


def _outstanding(queue, cid, seconds):
    """The R2Ts that come for a write while none is answered."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            queue.pump(max(deadline - time.monotonic(), 0.01))
        except Quiet:
            break
    return [r for r in queue.r2ts if r.cccid == cid]


@rows([("0", 0), ("1", 1), ("3", 3), ("max", 0xFFFFFFFF)])
def within_maxr2t(env, maxr2t):
    """No more than MAXR2T + 1 R2Ts of one command are outstanding, and they are in order."""
    queue = env.io(maxr2t=maxr2t)
    data = pattern(131072)
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 256, len(data)))
    open_now = _outstanding(queue, cid, 0.3)
    check(open_now, "no R2T at all")
    check(len(open_now) <= maxr2t + 1,
          f"{len(open_now)} R2Ts outstanding, MAXR2T allows {maxr2t + 1}")
    queue.transfer(cid, data)
    check(queue.read(1, 1024, 256) == data, "the medium does not hold what was written")


@case()
def limit_is_per_command(env):
    """MAXR2T 0 allows one R2T for each of several writes at once: none waits for another's data."""
    queue = env.io(maxr2t=0)
    opened = [open_write(queue, size=8192, slba=1024 + 16 * i, seed=i) for i in range(6)]
    for cid, data, r2t in reversed(opened):
        queue.answer(r2t, data)
        sent = r2t.r2tl
        while sent < len(data):
            r2t = queue.wait_r2t(cid)
            queue.answer(r2t, data)
            sent += r2t.r2tl
    for index, (cid, data, _) in enumerate(opened):
        check_status(queue.wait(cid), nvme.OK)
        check(queue.read(1, 1024 + 16 * index, 16) == data, f"write {index}")


@rows([(f"{kib}k", kib * 1024) for kib in (4, 8, 16, 32, 64, 128, 256)], timeout=30)
def write_sizes(env, size):
    """Writes by R2T of many sizes: R2Ts cover the data once, in order, and the data is whole."""
    queue = env.io()
    ctrl = queue.host.ctrl
    limit = 4096 << ctrl.mdts if ctrl.mdts else 1 << 20
    size = min(size, limit)
    data = pattern(size)
    queue.write(1, 1024, data, icd=False)
    check(queue.read(1, 1024, size // 512) == data, "the medium does not hold what was written")


@rows([("plain", False, False), ("header", True, False), ("both", True, True)])
def several_pieces(env, hdgst, ddgst):
    """Several H2CData per R2T, of a size that fits no page border."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    data = pattern(24576, 2)
    queue.write(1, 1024, data, icd=False, piece=3500)
    check(queue.read(1, 1024, 48) == data, "the medium does not hold what was written")


@case()
def fields(env):
    """R2T byte by byte: identifier, offset, length, and zeroes in what is reserved."""
    queue = env.io(hdgst=True)
    cid, data, r2t = open_write(queue)
    check(r2t.cccid == cid, f"{r2t}: another identifier than {cid}")
    check(r2t.pdo == 0, f"{r2t}: reserved PDO is not zero")
    check(r2t.r2to + r2t.r2tl <= len(data), f"{r2t}: beyond the command's {len(data)} bytes")


@case()
def tags_of_open_transfers_differ(env):
    """The tags of writes that wait at the same time are all different."""
    queue = env.io(sqsize=63)
    opened = [open_write(queue, size=4096, slba=1024 + 8 * i, seed=i) for i in range(32)]
    tags = [r2t.ttag for _, _, r2t in opened]
    check(len(set(tags)) == len(tags), f"tags {tags}")
    for cid, data, r2t in opened:
        queue.answer(r2t, data)
        check_status(queue.wait(cid), nvme.OK)


@case()
def data_comes_slowly(env):
    """The data of a write trickles in; other commands on the queue are served meanwhile."""
    queue = env.io()
    cid, data, r2t = open_write(queue, size=4096)
    half = pdu.h2cdata(cid, r2t.ttag, 0, data[:2048], queue.fmt, last=False)
    rest = pdu.h2cdata(cid, r2t.ttag, 2048, data[2048:], queue.fmt)
    queue.send(half)
    alive(queue)
    queue.send_cut(rest, range(1, len(rest), 97))
    check_status(queue.wait(cid), nvme.OK)
    check(queue.read(1, 1024, 8) == data, "the medium does not hold what was written")


@case()
def admin_write_by_r2t(env):
    """A Connect whose data comes by R2T instead of in the capsule."""
    host = env.host()
    queue = env.queue()
    check_status(queue.connect(host.data(), 0, 31, icd=False), nvme.OK, "Connect")
    check(queue.prop_get(nvme.VS) >> 16 >= 1, "VS")


@case()
def io_connect_by_r2t(env):
    """The same for an I/O queue."""
    host = env.up(0)
    host.set_queues(1)
    queue = host.connect_io(1, icd=False)
    alive(queue)


@case()
def full_queue_of_writes(env):
    """As many open writes as the queue has room for; all finish, in an order of our choice."""
    queue = env.io(sqsize=31)
    opened = [open_write(queue, size=4096, slba=1024 + 8 * i, seed=i) for i in range(31)]
    for _, data, r2t in opened[1::2] + opened[::2]:
        queue.answer(r2t, data, piece=1024)
    for index, (cid, data, _) in enumerate(opened):
        check_status(queue.wait(cid), nvme.OK)
        check(queue.read(1, 1024 + 8 * index, 8) == data, f"write {index}")


@case()
def no_r2t_for_capsule_data(env):
    """A write with its data in the capsule gets no R2T."""
    queue = env.io()
    queue.write(1, 1024, pattern(4096), icd=True)
    queue.expect_silence(0.05)
    check(not queue.r2ts, f"{queue.r2ts and queue.r2ts[0]}")


@case()
def refused_write_gets_no_r2t(env):
    """A write that cannot succeed is refused before its data is asked for."""
    queue = env.io()
    size = queue.host.ns(1).nsze
    cid = queue.submit(nvme.rw(nvme.WRITE, 1, size, 8, 4096))
    check_status(queue.wait(cid), nvme.LBA_RANGE, "write beyond the end")
    check(not queue.r2ts, f"{queue.r2ts and queue.r2ts[0]}")
