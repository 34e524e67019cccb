# SPDX-License-Identifier: GPL-2.0
"""Many tasks on many queues in one thread: each task is a generator that yields what it waits for,
Loop.send() or Loop.sleep()."""

import random
import select
import time

from . import nvme
from .conn import PACE, Closed, Quiet, check


class Lost(Exception):
    """The connection ended before a command completed: whether it was carried out is unknown."""


class _Sent:
    """A task's commands on one queue, until all of them have completed."""

    def __init__(self, queue, cids):
        self.queue, self.cids = queue, cids


class Loop:
    """Runs tasks until they have all returned. A failure in one of them is the loop's."""

    def __init__(self, seed=1, piece=None):
        self.rng = random.Random(seed)
        self.piece = piece
        self.asleep = []    # (when, task)
        self.data = {}      # (queue, cid) -> data that R2Ts ask for
        self.waiting = {}   # (queue, cid) -> (task, _Sent)
        self.queues = {}    # socket -> queue

    def spawn(self, task):
        """A further task."""
        self.asleep.append((0, task))

    # -- what tasks yield ------------------------------------------------------------------

    @staticmethod
    def sleep(seconds):
        """Wait."""
        return time.monotonic() + seconds

    def send(self, queue, commands):
        """Send commands in one go, each (sqe, data, bytes expected, data in the capsule) or the
        beginning of that. The yield returns their completions, or raises Lost."""
        raws, cids = [], []
        for command in commands:
            sqe, data, expect, icd = (*command, *(b"", 0, False)[len(command) - 1:])
            cid, raw = queue.build(sqe, data if icd else b"", expect=expect)
            if data and not icd:
                self.data[queue, cid] = data
            raws.append(raw)
            cids.append(cid)
        try:
            queue.send(b"".join(raws))
        except Closed as err:
            raise Lost(str(err)) from err
        self.queues[queue.sock] = queue
        return _Sent(queue, cids)

    # -- running ---------------------------------------------------------------------------

    def _resume(self, task, value, error=None):
        try:
            wait = task.throw(error) if error else task.send(value)
        except StopIteration:
            return
        if isinstance(wait, _Sent):
            for cid in wait.cids:
                self.waiting[wait.queue, cid] = (task, wait)
        else:
            self.asleep.append((wait, task))

    def _collect(self, queue):
        """Wake the tasks whose commands have completed."""
        for cid in list(queue.done):
            task, wait = self.waiting.get((queue, cid), (None, None))
            if not task or not all(queue.done.get(c) for c in wait.cids):
                continue
            cqes = [queue.wait(c) for c in wait.cids]
            for c in wait.cids:
                del self.waiting[queue, c]
                self.data.pop((queue, c), None)
            self._resume(task, cqes)

    def _answer(self, queue):
        """Answer the R2Ts that have come, in any order."""
        r2ts, queue.r2ts = queue.r2ts, []
        self.rng.shuffle(r2ts)
        for r2t in r2ts:
            data = self.data.get((queue, r2t.cccid))
            check(data is not None, f"{r2t}: for a command that has no data to send")
            queue.answer(r2t, data, piece=self.piece)

    def forget(self, queue, why="closed"):
        """The connection is gone: its tasks learn that their commands are lost."""
        self.queues = {s: q for s, q in self.queues.items() if q is not queue}
        lost = {id(wait): task for (q, _), (task, wait) in self.waiting.items() if q is queue}
        self.waiting = {k: v for k, v in self.waiting.items() if k[0] is not queue}
        self.data = {k: v for k, v in self.data.items() if k[0] is not queue}
        for task in lost.values():
            self._resume(task, None, Lost(why))

    def _serve(self, queue):
        try:
            ended = queue.closed()
            while True:
                try:
                    queue.pump(0)
                except Quiet:
                    break
            self._collect(queue)
            self._answer(queue)
        except Closed:
            ended = True
        if ended:
            self.forget(queue)

    def _wake(self):
        """Run the tasks whose time has come; how long until the next one's."""
        now = time.monotonic()
        due = [task for when, task in self.asleep if when <= now]
        self.asleep = [(when, task) for when, task in self.asleep if when > now]
        for task in due:
            self._resume(task, None)
        return min([when - now for when, _ in self.asleep], default=0.5)

    def run(self, seconds):
        """Until all tasks have returned; longer than seconds is a failure."""
        deadline = time.monotonic() + seconds * PACE.factor
        while self.asleep or self.waiting:
            check(time.monotonic() < deadline, f"{len(self.asleep)} tasks asleep and "
                  f"{len(self.waiting)} commands not completed after {seconds * PACE.factor:.0f} s")
            patience = max(0, min(self._wake(), 0.5))
            for sock in select.select(list(self.queues), [], [], patience)[0]:
                if sock in self.queues:
                    self._serve(self.queues[sock])


def caw_commands(nsid, slba, old, new, *, icd=(True, True), block=512):
    """A compare-and-write for Loop.send()."""
    blocks = len(old) // block
    return [(nvme.rw(nvme.COMPARE, nsid, slba, blocks, len(old), icd=icd[0], fuse=nvme.FIRST),
             old, 0, icd[0]),
            (nvme.rw(nvme.WRITE, nsid, slba, blocks, len(new), icd=icd[1], fuse=nvme.SECOND),
             new, 0, icd[1])]
