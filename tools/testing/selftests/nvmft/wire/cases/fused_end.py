# SPDX-License-Identifier: GPL-2.0
"""A compare-and-write that is cut short: aborted, reset, disconnected, its namespace disabled, in
each state a pair can be in. Whatever happens, no lock stays behind: afterwards another controller
compares and writes the same blocks."""

import os
import threading
import time

from nvmetcp import nvme, pdu
from nvmetcp.batch import Batch, caw, first, second
from nvmetcp.conn import PACE, REPLY, Closed, Fail, Skip, check, during
from nvmetcp.host import Host
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, finish_write, open_write, pattern, retry_connect_io
from nvmetcp.target import get, put

OK, FAILED, ABORTED = nvme.OK, nvme.FUSED_FAILED, nvme.ABORT_REQUESTED
DIFFERS, OFF = nvme.COMPARE_FAILURE, nvme.INTERNAL_PATH
SLBA, BLOCKS = 64, 8
OLD, NEW, LAST = (pattern(BLOCKS * 512, seed) for seed in (1, 2, 3))
# What one operation of the slow disk takes: a compare-and-write in execution is two of them.
LATENCY = 0.15
SLAB = "/sys/kernel/slab/nvmft_tcp_slot"
STATES = ["first_held", "first_window", "first_half_of_its_data", "first_held_second_window",
          "first_window_second_held", "both_windows", "second_half_of_its_data", "executing",
          "waiting_for_lock"]


def stage(env):
    """The disks of a case: nsid 4 is quick, nsid 5 so slow that a pair can be met in execution.
    Returns the latency of the slow one."""
    latency = LATENCY * min(PACE.factor, 4)
    env.target.attach(4, 4)
    env.defer(lambda: env.target.detach(4))
    env.target.attach(5, 4, irqmode=2, completion_nsec=int(latency * 1e9))
    env.defer(lambda: env.target.detach(5))
    return latency


class Pair:
    """A pair of its own controller, brought into a state."""

    def __init__(self, env, latency, state):
        self.state, self.env, self.latency = state, env, latency
        self.slow = state in ("executing", "waiting_for_lock")
        self.nsid = 5 if self.slow else 4
        self.host = env.up(2)
        self.queue = self.host.io[1]
        self.write_old()
        self.lock = None
        self.batch = Batch(self.queue)
        getattr(self, state)()

    def write_old(self):
        """What the pair compares with."""
        self.queue.write(self.nsid, SLBA, OLD)

    def _add(self, *halves):
        for half in halves:
            icd = half[1:] == "i"
            if half[0] == "1":
                self.batch.add(first(self.nsid, SLBA, OLD, icd=icd), OLD, icd=icd)
            else:
                self.batch.add(second(self.nsid, SLBA, NEW, icd=icd), NEW, icd=icd)
        self.batch.send()

    def _settled(self):
        """What was sent has been seen: a later command on the other queue is answered."""
        check(self.host.io[2].read(1, 0, 8) == KEEP, "data on the other queue")
        time.sleep(0.02)

    def first_held(self):
        self._add("1i")
        self._settled()

    def first_window(self):
        self._add("1r")
        self.batch.await_r2ts(0)

    def _half(self, index, data):
        r2t = self.batch.pending(index)
        self.queue.send(pdu.h2cdata(r2t.cccid, r2t.ttag, 0, data[:1024], self.queue.fmt,
                                    last=False))
        self._settled()

    def first_half_of_its_data(self):
        self._add("1r", "2r")
        self.batch.await_r2ts(0, 1)
        self._half(0, OLD)

    def first_held_second_window(self):
        self._add("1i", "2r")
        self.batch.await_r2ts(1)

    def first_window_second_held(self):
        self._add("1r", "2i")
        self.batch.await_r2ts(0)
        self._settled()

    def both_windows(self):
        self._add("1r", "2r")
        self.batch.await_r2ts(0, 1)

    def second_half_of_its_data(self):
        self._add("1i", "2r")
        self.batch.await_r2ts(1)
        self._half(1, NEW)

    def executing(self):
        self._add("1i", "2i")
        time.sleep(self.latency / 2)

    def waiting_for_lock(self):
        """Behind one of another controller on the same blocks, which fails to compare."""
        self.lock = self.env.up(1)
        ahead = Batch(self.lock.io[1])
        ahead.add(first(self.nsid, SLBA, LAST), LAST, icd=True)
        ahead.add(second(self.nsid, SLBA, LAST), LAST, icd=True)
        ahead.send()
        time.sleep(self.latency / 4)
        self._add("1i", "2i")
        time.sleep(self.latency / 4)

    def proceed(self):
        """The host sends what is missing; returns the completions of both halves."""
        if len(self.batch.cids) == 1:
            self._add("2i")
        if self.state in ("first_half_of_its_data", "second_half_of_its_data"):
            index = 0 if self.state.startswith("first") else 1
            data = self.batch.data[index]
            r2t = self.batch.pending(index)
            self.queue.r2ts.remove(r2t)
            self.batch.sent[index] = len(data)
            self.queue.send(pdu.h2cdata(r2t.cccid, r2t.ttag, 1024, data[1024:], self.queue.fmt))
        return self.batch.finish()

    def no_lock_left(self):
        """Another controller, on another port, finds the old blocks or the new ones, and replaces
        them; a write to all of the namespace goes through as well."""
        host = Host(self.env.target.addr2, self.env.target.subnqn).up(1)
        queue = host.io[1]
        got = queue.read(self.nsid, SLBA, BLOCKS)
        check(got in (OLD, NEW), "the blocks hold neither the old data nor the new")
        # What the cut one was still about to do is done before this is granted.
        one, two = Batch(queue), Batch(queue)
        for batch, old in ((one, OLD), (two, NEW)):
            batch.add(first(self.nsid, SLBA, old), old, icd=True)
            batch.add(second(self.nsid, SLBA, LAST), LAST, icd=True)
            batch.send()
        ends = [tuple(c.status for c in b.finish()) for b in (one, two)]
        check(sorted(ends) == [(OK, OK), (DIFFERS, FAILED)],
              f"against the old data {ends[0]}, against the new {ends[1]}")
        check(queue.read(self.nsid, SLBA, BLOCKS) == LAST, "not what the other controller wrote")
        queue.cmd(nvme.write_zeroes(self.nsid, 0, 1024), what="Write Zeroes")
        alive(queue)
        host.close()
        self.close()

    def close(self):
        """The hosts of this pair go."""
        self.host.close()
        if self.lock:
            self.lock.close()


# -- the connection or the controller goes --------------------------------------------------


def _close(pair):
    pair.queue.close()


def _reset(pair):
    pair.queue.reset()


def _admin_reset(pair):
    pair.host.admin.reset()
    pair.queue.expect_closed(quiet=False)


def _disable(pair):
    pair.host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
    pair.host.wait_csts(nvme.CSTS_RDY, 0)


def _shutdown(pair):
    pair.host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES | nvme.CC_EN | nvme.CC_SHN_NORMAL)
    pair.host.wait_csts(0xC, 0x8)


def _disconnect(pair):
    pair.queue.submit(nvme.disconnect())
    try:
        while True:
            pair.queue.pump(1.0)
    except (Closed, Fail):
        pass
    pair.queue.close()


def _garbage(pair):
    pair.queue.send(b"\xff" * 8)
    pair.queue.close()


ENDS = [("close", _close), ("reset", _reset), ("admin_reset", _admin_reset),
        ("controller_disabled", _disable), ("shutdown", _shutdown), ("disconnect", _disconnect),
        ("garbage", _garbage)]


@rows(ENDS, timeout=90)
def connection_lost(env, end):
    """The connection, or its controller, goes while a pair is in any of its states."""
    latency = stage(env)
    for state in STATES:
        with during(state):
            pair = Pair(env, latency, state)
            end(pair)
            pair.no_lock_left()


@rows([(state, state) for state in ("first_held_second_window", "first_window_second_held")],
      timeout=60)
def half_outlives_its_partner(env, state):
    """A malformed PDU takes the half whose data is under way, and the host stays: the slot of that
    half is given back when the connection has been idle for ten seconds, the other half only when
    it ends. Nobody writes to the slot then, as the kernel finds that poisons freed slots."""
    if not os.path.exists(f"{SLAB}/validate") or get(f"{SLAB}/poison") != "1":
        raise Skip("the kernel runs without slub_debug=FZPU,nvmft_*")
    pair = Pair(env, stage(env), state)
    # More slots than a connection keeps when it is idle, and the last one to become free is the
    # first one to be given back.
    for cid, data, r2t in [open_write(pair.queue) for _ in range(20)]:
        finish_write(pair.queue, cid, data, r2t)
    pair.queue.send(b"\xff" * 8)
    pair.queue.expect_term((1, 0))
    time.sleep(11)
    pair.no_lock_left()
    time.sleep(0.5 * PACE.factor)
    # Prints what does not look as it was left, which the runner takes for a failure.
    put(f"{SLAB}/validate", 1)


@case(timeout=60)
def half_does_not_keep_its_namespace(env):
    """The same, and the namespace is disabled at once: the half that is left has ended with its
    partner, and does not hold that up until the host is cut off."""
    latency = stage(env)
    for state in ("first_held_second_window", "first_window_second_held",
                  "second_half_of_its_data"):
        with during(state):
            pair = Pair(env, latency, state)
            pair.queue.send(b"\xff" * 8)
            pair.queue.expect_term((1, 0))
            Disabling(env, pair.nsid).finished()
            pair.no_lock_left()


@case(timeout=90)
def queue_reconnected(env):
    """The queue alone is lost and connected anew: its identifier is free once what it had begun
    is over, and pairs work on it, beginning with none held."""
    latency = stage(env)
    for state in STATES:
        with during(state):
            pair = Pair(env, latency, state)
            pair.queue.reset()
            queue = retry_connect_io(pair.host, 1)
            old = queue.read(pair.nsid, SLBA, BLOCKS)
            batch = Batch(queue)
            batch.add(second(pair.nsid, SLBA, NEW), NEW, icd=True)
            batch.send().expect(nvme.FUSED_MISSING)
            check(queue.read(pair.nsid, SLBA, BLOCKS) == old, "the old queue's pair is still at work")
            caw(queue, pair.nsid, SLBA, old, NEW)
            pair.no_lock_left()


# -- Abort -----------------------------------------------------------------------------------


def _abort(pair, which):
    cqe = pair.host.admin.cmd(nvme.abort(1, pair.batch.cids[which]), what="Abort")
    aborted = not cqe.dw0 & 1
    check(not (aborted and pair.slow), "a pair in execution was aborted")
    held = {"first_held": 0, "first_held_second_window": 0, "first_window_second_held": 1,
            "second_half_of_its_data": 0}.get(pair.state)
    check(aborted or held != which, "a half that only waits was not aborted")
    ends = tuple(c.status for c in pair.proceed())
    want = (FAILED, ABORTED) if which else (ABORTED, FAILED)
    if pair.slow:
        want = (OK, OK)
    check(ends == want, f"statuses {ends}, expected {want}")
    got = pair.queue.read(pair.nsid, SLBA, BLOCKS)
    check(got == (NEW if ends == (OK, OK) else OLD), "the medium")
    alive(pair.queue)


@rows([("first", 0), ("second", 1)], timeout=90)
def abort(env, which):
    """Abort of either half in any state: the response says what became of it. Aborted: Abort
    Requested, and Failed Fused for the other half, nothing written. Not aborted: that too, once the
    data that is under way has come. A pair in execution is not aborted, and succeeds."""
    latency = stage(env)
    for state in STATES:
        if which and state in ("first_held", "first_window"):
            continue
        with during(state):
            pair = Pair(env, latency, state)
            _abort(pair, which)
            pair.no_lock_left()


@case(timeout=60)
def abort_both_halves(env):
    """Both halves are aborted, one after the other, in each state where they wait."""
    latency = stage(env)
    for state in ("first_held_second_window", "first_window_second_held", "both_windows"):
        for order in ((0, 1), (1, 0)):
            with during(f"{state}, order {order}"):
                pair = Pair(env, latency, state)
                for which in order:
                    pair.host.admin.cmd(nvme.abort(1, pair.batch.cids[which]), what="Abort")
                ends = {c.status for c in pair.proceed()}
                check(ends <= {ABORTED, FAILED} and ABORTED in ends, f"statuses {ends}")
                check(pair.queue.read(4, SLBA, BLOCKS) == OLD, "the medium")
                pair.no_lock_left()


@case(timeout=60)
def abort_at_any_moment(env):
    """Aborts that race with the data of both halves: both succeed and the blocks are new, or one
    is aborted, the other fails with it, and they are old."""
    pair = Pair(env, stage(env), "both_windows")
    pair.proceed()
    queue, admin = pair.queue, pair.host.admin
    seen = set()
    for turn in range(60):
        queue.write(4, SLBA, OLD)
        batch = Batch(queue)
        icd = turn % 3 == 0
        batch.add(first(4, SLBA, OLD, icd=icd), OLD, icd=icd)
        batch.add(second(4, SLBA, NEW, icd=False), NEW)
        batch.send().await_r2ts(*([1] if icd else [0, 1]))
        cid, raw = admin.build(nvme.abort(1, batch.cids[turn % 2]))
        if turn % 4 < 2:
            admin.send(raw)
        for index in (0, 1) if turn % 2 else (1, 0):
            batch.supply(index)
        if turn % 4 >= 2:
            admin.send(raw)
        ends = tuple(c.status for c in batch.finish())
        check(ends in ((OK, OK), (ABORTED, FAILED), (FAILED, ABORTED)), f"statuses {ends}")
        check(admin.wait(cid).status == OK, "Abort")
        got = queue.read(4, SLBA, BLOCKS)
        check(got == (NEW if ends == (OK, OK) else OLD), f"the medium after {ends}")
        seen.add(ends)
    check(len(seen) > 1, f"all ended with {seen}: nothing raced")
    pair.no_lock_left()


# -- the namespace goes ----------------------------------------------------------------------


class Disabling(threading.Thread):
    """Disables a namespace, which waits for the commands on it."""

    def __init__(self, env, nsid):
        super().__init__(daemon=True)
        self.path, self.problem = env.target.ns(nsid, "enable"), None
        self.start()
        time.sleep(0.1)

    def run(self):
        try:
            put(self.path, 0)
        except Fail as err:
            self.problem = err

    def finished(self):
        """It must be over soon; the namespace is enabled again."""
        self.join(REPLY)
        check(not self.is_alive(), "the namespace is still being disabled")
        check(not self.problem, f"disable: {self.problem}")
        put(self.path, 1)


@case(timeout=90)
def namespace_disabled(env):
    """The namespace is disabled while a pair is in any state: that waits for the pair, which ends
    as it would have, or is refused where its second half comes too late. New commands are refused
    meanwhile, and the namespace comes back without a lock."""
    latency = stage(env)
    for state in STATES:
        with during(state):
            pair = Pair(env, latency, state)
            disabling = Disabling(env, pair.nsid)
            if not pair.slow:
                check(disabling.is_alive(), "disabled although commands are on it")
                pair.host.io[2].read(4, 0, 1, status=OFF)
            ends = tuple(c.status for c in pair.proceed())
            want = (FAILED, OFF) if state in ("first_held", "first_window") else (OK, OK)
            check(ends == want, f"statuses {ends}, expected {want}")
            disabling.finished()
            got = pair.queue.read(pair.nsid, SLBA, BLOCKS)
            check(got == (NEW if want == (OK, OK) else OLD), "the medium")
            pair.no_lock_left()


@case(timeout=90)
def namespace_disabled_and_connection_lost(env):
    """The same, but the host goes instead of sending what is missing."""
    latency = stage(env)
    for state in STATES:
        with during(state):
            pair = Pair(env, latency, state)
            disabling = Disabling(env, pair.nsid)
            pair.queue.reset()
            pair.host.close()
            disabling.finished()
            pair.no_lock_left()


@case(timeout=90)
def modules_unload(env):
    """After pairs have been cut short in each state, everything can be taken down while the last
    of them is still at work, and the modules unload."""
    latency = stage(env)
    for state in STATES + ["executing"]:
        with during(state):
            pair = Pair(env, latency, state)
            pair.host.admin.reset()
            pair.close()
    env.undo.clear()
    env.target.reload()
    env.up(1).io[1].write(1, 0, KEEP, icd=True)
