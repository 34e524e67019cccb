# SPDX-License-Identifier: GPL-2.0
"""A compare-and-write is alone on its blocks: a slow disk shows who waits for whom, and a disk that
cuts every transfer shows that no reader sees half of one."""

import time

from nvmetcp import nvme
from nvmetcp.batch import Batch, caw, first, second
from nvmetcp.conn import PACE, Fail, Quiet, check, check_status
from nvmetcp.host import Host
from nvmetcp.ktap import case, rows
from nvmetcp.loop import Loop, caw_commands
from nvmetcp.steps import alive, pattern

OK, FAILED, DIFFERS = nvme.OK, nvme.FUSED_FAILED, nvme.COMPARE_FAILURE
SLBA, BLOCKS, SIZE = 64, 8, 4096
OLD, NEW, LAST = (pattern(SIZE, seed) for seed in (1, 2, 3))
LATENCY = 0.3


def slow(env, latency=LATENCY, **more):
    """A namespace on a disk that takes its time; two queues of different controllers and ports."""
    without(env)
    env.target.attach(4, 4, 512, irqmode=2, completion_nsec=int(latency * 1e9), **more)
    env.defer(lambda: without(env))
    return (env.up(1).io[1], Host(env.target.addr2, env.target.subnqn).up(1).io[1])


def without(env):
    """The slow namespace goes, if it is there."""
    if 4 in env.target.disks:
        env.target.detach(4)


def pair(queue, old, new, slba=SLBA):
    """A compare-and-write under way."""
    batch = Batch(queue)
    batch.add(first(4, slba, old), old, icd=True)
    batch.add(second(4, slba, new), new, icd=True)
    return batch.send()


def when(queue, cid):
    """The completion of a command, and the moment it came."""
    return queue.wait(cid, 20), time.monotonic()


class TooSlow(Fail):
    """What happened may be the target's fault, or this machine was too slow to see the order."""


def patient(look, *args):
    """A look at an order of events, again on a slower disk if the machine may have been too slow: a
    target that is wrong is wrong on any disk."""
    for latency in (LATENCY, 3 * LATENCY):
        try:
            return look(latency, *args)
        except TooSlow:
            pass
    return look(10 * LATENCY, *args)


def not_done(queue):
    """What this queue was asked has not ended yet."""
    queue.closed()
    try:
        queue.pump(0)
    except Quiet:
        return
    raise TooSlow("the pair was done before a read elsewhere")


# What is asked for while a compare-and-write is at work on blocks 64..71: name, SQE, data, bytes
# expected, and what the blocks hold at the end (None: what the pair wrote).
_WRITE = nvme.rw(nvme.WRITE, 4, SLBA, BLOCKS, SIZE, icd=True)
COMMANDS = [
    ("read", nvme.rw(nvme.READ, 4, SLBA, BLOCKS, SIZE), b"", SIZE, None),
    ("read_one_block", nvme.rw(nvme.READ, 4, SLBA + 7, 1, 512), b"", 512, None),
    ("read_around", nvme.rw(nvme.READ, 4, SLBA - 8, 24, 3 * SIZE), b"", 3 * SIZE, None),
    ("write", _WRITE, LAST, 0, LAST),
    ("write_last_block", nvme.rw(nvme.WRITE, 4, SLBA + 7, 1, 512, icd=True), LAST[:512], 0,
     NEW[:3584] + LAST[:512]),
    ("compare", nvme.rw(nvme.COMPARE, 4, SLBA, BLOCKS, SIZE, icd=True), NEW, 0, None),
    ("verify", nvme.verify(4, SLBA - 1, 2), b"", 0, None),
    ("write_zeroes", nvme.write_zeroes(4, SLBA + 4, 100), b"", 0, NEW[:2048] + bytes(2048)),
    ("dsm", nvme.dsm(4, 2, icd=True), nvme.dsm_ranges([(1000, 8), (SLBA, BLOCKS)]), 0, bytes(SIZE)),
    ("copy_from", nvme.copy(4, 512, 2, icd=True), nvme.copy_ranges([(1000, 8), (SLBA, BLOCKS)]), 0,
     None),
    ("copy_to", nvme.copy(4, SLBA, 1, icd=True), nvme.copy_ranges([(1000, 8)]), 0, bytes(SIZE)),
]


@rows([(name, sqe, data, expect, final) for name, sqe, data, expect, final in COMMANDS],
      timeout=60)
def excludes(env, sqe, data, expect, final):
    """A command on any block of a compare-and-write at work waits for it, whichever controller and
    port it comes from; one on other blocks does not."""
    patient(waits, env, sqe, data, expect, final)


def waits(latency, env, sqe, data, expect, final):
    """The pair, the command and a read of other blocks, on a disk that slow."""
    one, two = slow(env, latency, discard=1)
    one.write(4, SLBA, OLD)
    caw(one, 4, SLBA, OLD, OLD, timeout=20)
    at_work = pair(one, OLD, NEW)
    time.sleep(latency / 3)
    cid = two.submit(bytearray(sqe), data, expect=expect)
    free = two.submit(nvme.rw(nvme.READ, 4, 2048, 1, 512), expect=512)
    check_status(two.wait(free, 20), OK, "a read of other blocks")
    not_done(one)
    ends = [when(one, c) for c in at_work.cids]
    cqe, at = when(two, cid)
    check([e.status for e, _ in ends] == [OK, OK], f"{ends[0][0]}, {ends[1][0]}")
    check_status(cqe, OK, "the command that waited")
    if expect:
        slba = int.from_bytes(sqe[40:48], "little")
        whole = bytes(SIZE) + NEW + bytes(SIZE)
        check(cqe.data == whole[(slba - SLBA + 8) * 512:][:expect], "it read other data")
    check(one.read(4, SLBA, BLOCKS) == (NEW if final is None else final), "the medium")
    if at <= ends[1][1] + latency / 3:
        raise TooSlow(f"it ended {at - ends[1][1]:.3f} s after the pair: it did not wait")


@rows([(f"{name}_{'armed' if armed else 'first'}", sqe, data, expect, final, armed)
       for name, sqe, data, expect, final in COMMANDS for armed in (False, True)], timeout=30)
def is_excluded(env, sqe, data, expect, final, armed):
    """The other way round: a compare-and-write waits for what is at work on its blocks, also where
    it is the first one that this namespace ever sees, and finds what that left."""
    one, two = slow(env, discard=1)
    one.write(4, SLBA, NEW)
    if armed:
        caw(one, 4, 0, bytes(512), bytes(512))
    cid = two.submit(bytearray(sqe), data, expect=expect)
    time.sleep(LATENCY / 3)
    left = NEW if final is None else final
    start = time.monotonic()
    caw(one, 4, SLBA, left, OLD, timeout=10)
    took = time.monotonic() - start
    # its own read and write, and what was left of the other command
    check(took > LATENCY * 2.3, f"the pair took {took:.3f} s: it did not wait")
    check_status(two.wait(cid), OK)
    check(one.read(4, SLBA, BLOCKS) == OLD, "the medium")


@case(timeout=30)
def pairs_elsewhere_do_not_wait(env):
    """Pairs on different blocks work at the same time; pairs on the same block one after the
    other, in the order in which they came."""
    one, two = slow(env)
    caw(one, 4, 0, bytes(512), bytes(512), timeout=10)
    start = time.monotonic()
    batches = [pair((one, two)[i % 2], bytes(SIZE), NEW, SLBA + 8 * i) for i in range(6)]
    for batch in batches:
        batch.expect(OK, OK, timeout=10)
    took = time.monotonic() - start
    check(took < LATENCY * 5, f"six pairs on different blocks took {took:.3f} s")
    start = time.monotonic()
    chain = [pattern(SIZE, i) for i in range(5)]
    one.write(4, SLBA, chain[0])
    batches = []
    for i in range(4):
        batches.append(pair((one, two)[i % 2], chain[i], chain[i + 1]))
        time.sleep(0.05 * PACE.factor)
    for batch in batches:
        batch.expect(OK, OK, timeout=10)
    check(time.monotonic() - start > LATENCY * 8, "pairs on one block overlapped")


@case(timeout=30)
def nobody_starves(env):
    """A pair gets its turn among readers and writers that never leave its blocks alone."""
    one, two = slow(env, latency=0.01)
    one.write(4, SLBA, OLD)
    stop = []

    def reader(loop, queue, number):
        while not stop:
            sqe = nvme.rw(nvme.READ, 4, SLBA + number % 8, 1, 512)
            (cqe,) = yield loop.send(queue, [(sqe, b"", 512)])
            check_status(cqe, OK, "read")

    def pairs(loop):
        data = (OLD, NEW)
        for turn in range(10):
            old, new = data[turn % 2], data[1 - turn % 2]
            got = yield loop.send(one, caw_commands(4, SLBA, old, new))
            check([c.status for c in got] == [OK, OK], f"{got[0]}, {got[1]}")
        stop.append(True)

    loop = Loop()
    for number in range(12):
        loop.spawn(reader(loop, two, number))
    loop.spawn(pairs(loop))
    loop.run(25)
    alive(two)


@rows([("read", False), ("copy", True)], timeout=60)
def old_or_new_and_no_mixture(env, copies):
    """A disk that cuts transfers into pages and does few at a time: readers and copiers see all
    blocks of a pair as they were before it, or all as they are after it."""
    env.target.attach(4, 4, 512, irqmode=2, completion_nsec=300000, max_sectors=8,
                      hw_queue_depth=2)
    env.defer(lambda: env.target.detach(4))
    queues = [env.up(1).io[1], Host(env.target.addr2, env.target.subnqn).up(1).io[1]]
    blocks, turns = 64, 40
    state = {"pairs": 0, "looks": 0}

    def content(number):
        return number.to_bytes(8, "little") * (blocks * 64)

    def writer(loop):
        for turn in range(turns):
            got = yield loop.send(queues[0], caw_commands(4, SLBA, content(turn), content(turn + 1),
                                                          icd=(False, False)))
            check([c.status for c in got] == [OK, OK], f"{got[0]}, {got[1]}")
            state["pairs"] += 1

    def look(loop, number):
        while state["pairs"] < turns:
            before, slba = state["pairs"], SLBA
            if copies:
                slba = 1024 + 128 * number
                (cqe,) = yield loop.send(queues[1], [(nvme.copy(4, slba, 1),
                                                      nvme.copy_ranges([(SLBA, blocks)]))])
                check_status(cqe, OK, "Copy")
            sqe = nvme.rw(nvme.READ, 4, slba, blocks, blocks * 512)
            (cqe,) = yield loop.send(queues[1], [(sqe, b"", blocks * 512)])
            check_status(cqe, OK, "read")
            seen = [int.from_bytes(cqe.data[i:i + 8], "little")
                    for i in range(0, len(cqe.data), 512)]
            check(cqe.data == content(seen[0]), f"a mixture of what pairs {set(seen)} wrote")
            check(before <= seen[0] <= state["pairs"] + 1, f"{seen[0]} after {before} pairs")
            state["looks"] += 1

    loop = Loop()
    queues[0].write(4, SLBA, content(0), icd=False)
    loop.spawn(writer(loop))
    for number in range(3):
        loop.spawn(look(loop, number))
    loop.run(50)
    check(state["looks"] >= 10, f"only {state['looks']} looks")
