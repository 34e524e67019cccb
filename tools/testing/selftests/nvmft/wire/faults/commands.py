# SPDX-License-Identifier: GPL-2.0
"""Every allocation that a queue's worker makes for a command fails in turn: the command ends with
Internal Error or does without, its data is right or not touched, and the connection lives."""

from nvmetcp import inject, nvme
from nvmetcp.batch import caw
from nvmetcp.conn import PACE, Closed, Fail, check, during
from nvmetcp.host import Host
from nvmetcp.ktap import case, rows
from nvmetcp.steps import pattern

FAILS = (nvme.OK, nvme.INTERNAL)
BASE = 1024


def do_read(queue, nsid, block, blocks):
    """A read gives what was written, or fails."""
    want = queue.wanted
    got = queue.read(nsid, BASE, blocks, block, status=FAILS)
    if got and got != want[:len(got)]:
        raise Fail("the data read is not what was written")


def do_write(queue, nsid, block, blocks, icd):
    """A write, in the capsule or by R2T."""
    queue.write(nsid, BASE, queue.wanted[:blocks * block], block, icd=icd, status=FAILS)


def do_sqe(queue, sqe, data=b""):
    """A command, its data, if any, in the capsule."""
    queue.cmd(sqe, data, status=FAILS)


def do_compare(queue, nsid, block, blocks):
    """A compare of what is there."""
    data = queue.wanted[:blocks * block]
    cid = queue.submit(nvme.rw(nvme.COMPARE, nsid, BASE, blocks, len(data)))
    r2t_or_end(queue, cid, data)


def r2t_or_end(queue, cid, data):
    """The data of a command that may end before it is asked for."""
    while not queue.done.get(cid):
        queue.pump()
        while queue.r2ts:
            queue.answer(queue.r2ts.pop(0), data)
    cqe = queue.wait(cid)
    check(cqe.status in FAILS, f"{cqe}")
    return cqe


def do_write_r2t(queue, nsid, block, blocks):
    """A write by R2T."""
    data = queue.wanted[:blocks * block]
    cid = queue.submit(nvme.rw(nvme.WRITE, nsid, BASE, blocks, len(data)))
    r2t_or_end(queue, cid, data)


def do_caw(queue, nsid, block):
    """A compare-and-write of what is there to the same: one half says why, the other that it is
    for its partner."""
    data = queue.wanted[:block]
    ends = FAILS + (nvme.FUSED_FAILED,)
    cqes = caw(queue, nsid, BASE, data, data, block=block, status=(ends, ends))
    got = sorted(cqe.status for cqe in cqes)
    check(got in ([nvme.OK] * 2, [nvme.INTERNAL, nvme.FUSED_FAILED]), f"{cqes[0]}, {cqes[1]}")


def do_copy(queue, nsid, spans):
    """A copy of several ranges behind them."""
    data = nvme.copy_ranges([(BASE + 4 * i, 2) for i in range(spans)])
    do_sqe(queue, nvme.copy(nsid, BASE + 256, spans, icd=True), data)


def do_dsm(queue, nsid, spans):
    """A deallocation of blocks that nobody reads."""
    data = nvme.dsm_ranges([(BASE + 512 + 8 * i, 2) for i in range(spans)])
    do_sqe(queue, nvme.dsm(nsid, spans, icd=True), data)


COMMANDS = [
    ("read", lambda q, n, b: do_read(q, n, b, 8)),
    ("read_64k", lambda q, n, b: do_read(q, n, b, 65536 // b)),
    ("write_in_capsule", lambda q, n, b: do_write(q, n, b, 4096 // b, True)),
    ("write_by_r2t", lambda q, n, b: do_write_r2t(q, n, b, 4096 // b)),
    ("write_64k", lambda q, n, b: do_write_r2t(q, n, b, 65536 // b)),
    ("compare", lambda q, n, b: do_compare(q, n, b, 16384 // b)),
    ("compare_and_write", do_caw),
    ("verify", lambda q, n, b: do_sqe(q, nvme.verify(n, BASE, 65536 // b))),
    ("write_zeroes", lambda q, n, b: do_sqe(q, nvme.write_zeroes(n, BASE + 600, 16))),
    ("copy", lambda q, n, b: do_copy(q, n, 4)),
    ("deallocate", lambda q, n, b: do_dsm(q, n, 4)),
    ("flush", lambda q, n, b: do_sqe(q, nvme.flush(n))),
]


def each_on_fresh_queue(host, issue, prepare):
    """Like inject.each, but on a queue that keeps no pages yet: a new one for each failure."""
    turns, nth = inject.Turns(), inject.WorkersNth()
    for number in turns:
        queue = host.connect_io(1)
        prepare(queue)
        nth.arm(number)
        with during(f"allocation {number} fails"):
            try:
                issue(queue)
            finally:
                turns.note(nth.disarm())
            check(queue.read(1, 0, 8), "the connection does not live")
        queue.close()


def io_case(env, nsid, block, issue):
    """A command of the I/O queue, on a namespace with these blocks."""
    inject.need()
    host = env.up(1)
    data = pattern(65536, 5)
    host.io[1].write(nsid, BASE, data, block, icd=False)
    host.io.pop(1).close()

    def prepare(queue):
        queue.wanted = data

    each_on_fresh_queue(host, lambda queue: issue(queue, nsid, block), prepare)
    queue = host.connect_io(1)
    check(queue.read(nsid, BASE, 65536 // block, block) == data, "the data has changed")


@rows([(name, issue) for name, issue in COMMANDS], timeout=300)
def block_device(env, issue):
    """On a block device; without a write cache, whose flush null_blk warns of where it has no
    memory."""
    inject.need()
    env.target.attach(9, 16, 512)
    env.defer(lambda: env.target.detach(9))
    io_case(env, 9, 512, issue)


@rows([(name, issue) for name, issue in COMMANDS], timeout=300)
def smaller_blocks(env, issue):
    """On blocks smaller than the device's."""
    inject.need()
    env.target.attach(9, 16, 4096, attrs={"block_size": 512})
    env.defer(lambda: env.target.detach(9))
    io_case(env, 9, 512, issue)


@rows([(name, issue) for name, issue in COMMANDS], timeout=300)
def file(env, issue):
    """On a file."""
    inject.need()
    env.target.attach_file(9, 8, {"buffered_io": 0})
    env.defer(lambda: env.target.detach_file(9))
    io_case(env, 9, 4096, issue)


ADMIN = (
    [(f"identify_{cns:02x}h", lambda h, c=cns, n=nsid: h.identify(c, n, status=FAILS))
     for cns, nsid in ((0, 1), (1, 0), (2, 0), (3, 1), (5, 1), (6, 0), (8, 1))] +
    [(f"log_{lid:02x}h", lambda h, i=lid, size=length: h.log(i, size, status=FAILS))
     for lid, length in ((0, 1024), (1, 256), (2, 512), (3, 512), (4, 4096), (5, 4096),
                         (0x0c, 512))] +
    [("features", lambda h: h.get_feature(nvme.FEAT_NUM_QUEUES, status=FAILS)),
     ("write_protect", lambda h: h.set_feature(nvme.FEAT_WRITE_PROTECT, 0, nsid=1, status=FAILS)),
     ("property", lambda h: h.admin.cmd(nvme.property_get(nvme.CSTS, 4), status=FAILS)),
     ("keep_alive", lambda h: h.admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), status=FAILS))]
)


@rows(ADMIN, timeout=300)
def admin(env, issue):
    """Commands of the admin queue."""
    inject.need()
    turns, nth = inject.Turns(), inject.WorkersNth()
    for number in turns:
        host = env.up(0)
        nth.arm(number)
        with during(f"allocation {number} fails"):
            try:
                issue(host)
            finally:
                turns.note(nth.disarm())
            host.identify(1)
        host.close()


def try_connects(env, connect):
    """Connect on new connections, each with another one of the allocations failing."""
    turns, nth = inject.Turns(), inject.WorkersNth()
    for number in turns:
        queue = env.queue()
        nth.arm(number)
        with during(f"allocation {number} fails"):
            try:
                connect(queue)
            except Closed:
                pass
            finally:
                turns.note(nth.disarm())
                queue.close()


REFUSED = FAILS + (nvme.CONNECT_BUSY,)


@rows([("in_capsule", True), ("by_r2t", False)], timeout=300)
def connect_admin(env, icd):
    """Connect of an admin queue: answered, refused, or the connection ends; and the target has
    no connection left over, nor a controller."""
    inject.need()

    def connect(queue):
        host = Host(env.addr, env.target.subnqn)
        cid = queue.submit(nvme.connect(0, 31, icd=icd), host.data() if icd else b"")
        end = r2t_or_refusal(queue, cid, host.data())
        check(end.status in REFUSED, f"{end}")

    try_connects(env, connect)


def r2t_or_refusal(queue, cid, data):
    """The completion of a Connect whose data may be asked for."""
    while not queue.done.get(cid):
        queue.pump()
        while queue.r2ts:
            queue.answer(queue.r2ts.pop(0), data)
    return queue.wait(cid)


@case(timeout=300)
def connect_io(env):
    """Connect of an I/O queue, of many entries."""
    inject.need()
    host = env.up(1)
    host.io.pop(1).close()

    def connect(queue):
        cid = queue.submit(nvme.connect(1, 127, icd=True), host.data(host.cntlid))
        end = r2t_or_refusal(queue, cid, b"")
        check(end.status in REFUSED, f"{end}")

    try_connects(env, connect)


@rows([(f"{percent}_percent", percent) for percent in (2, 10, 40)], timeout=600)
def set_up(env, percent):
    """Hosts that come and go while memory is short now and then below any function of the
    target: a host is let in and served, or it is told or the connection ends; and afterwards
    every host is served."""
    inject.need()
    ups = 0
    for _ in range(40):
        host = Host(env.addr, env.target.subnqn)
        with inject.sometimes(percent):
            try:
                host.up(1)
                host.io[1].read(1, 0, 8, status=FAILS)
                ups += 1
            except Fail as err:
                check("no answer" not in str(err) and "no completion" not in str(err),
                      f"{err}: neither served nor refused")
            finally:
                host.close()
    check(ups < 40 or percent < 10, "nothing was seen to fail")
    PACE.note(0)
    env.io().read(1, 0, 8)
