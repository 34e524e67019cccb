# SPDX-License-Identifier: GPL-2.0
"""Commands sent together on one queue, whose data the test hands out in an order of its own."""

import time

from . import nvme
from .conn import REPLY, Quiet, check, check_status


class Batch:
    """Commands of one queue; each is known by its index."""

    def __init__(self, queue):
        self.queue = queue
        self.cids = []
        self.data = []
        self.sent = []
        self._raw = []

    def add(self, sqe, data=b"", *, icd=False, expect=0, **kw):
        """A command; its data goes into the capsule or waits for R2Ts. Returns its index."""
        cid, raw = self.queue.build(sqe, data if icd else b"", expect=expect, **kw)
        self.cids.append(cid)
        self.data.append(b"" if icd else data)
        self.sent.append(0)
        self._raw.append(raw)
        return len(self.cids) - 1

    def send(self):
        """Send what has been added since, in one segment if TCP will."""
        self.queue.send(b"".join(self._raw))
        self._raw = []
        return self

    def complete(self, index):
        """Whether this command has completed, as far as has been received."""
        return bool(self.queue.done.get(self.cids[index]))

    def pending(self, index):
        """The R2T that waits for an answer, or None."""
        return next((r for r in self.queue.r2ts if r.cccid == self.cids[index]), None)

    def await_r2ts(self, *indices, timeout=REPLY):
        """Receive until each of these commands has an R2T that is not answered."""
        deadline = time.monotonic() + timeout
        while not all(self.pending(i) for i in indices):
            left = deadline - time.monotonic()
            if left <= 0:
                raise Quiet(f"no R2T for some of commands {indices}")
            self.queue.pump(left)
        return self

    def answer(self, index, **kw):
        """Answer the R2T that waits; kw are for the H2CData (a wrong digest, say)."""
        r2t = self.pending(index)
        self.queue.r2ts.remove(r2t)
        check(r2t.r2to == self.sent[index], f"{r2t}: not the {self.sent[index]} bytes sent so far")
        self.sent[index] += r2t.r2tl
        self.queue.answer(r2t, self.data[index], **kw)
        return self

    def supply(self, index, timeout=REPLY):
        """All of a command's data, however many R2Ts that takes."""
        while self.sent[index] < len(self.data[index]):
            self.await_r2ts(index, timeout=timeout)
            self.answer(index)
        return self

    def finish(self, timeout=REPLY):
        """Answer what is asked for until every command has completed; returns the completions."""
        deadline = time.monotonic() + timeout
        while not all(self.complete(i) for i in range(len(self.cids))):
            for index in range(len(self.cids)):
                if self.pending(index):
                    self.answer(index)
            left = deadline - time.monotonic()
            if left <= 0:
                missing = [i for i in range(len(self.cids)) if not self.complete(i)]
                raise Quiet(f"commands {missing} of the batch did not complete")
            self.queue.pump(left)
        return [self.queue.wait(cid) for cid in self.cids]

    def expect(self, *statuses, timeout=REPLY):
        """Finish, and each command must have ended with its status."""
        cqes = self.finish(timeout)
        check(len(cqes) == len(statuses), f"{len(cqes)} commands, {len(statuses)} statuses")
        for index, (cqe, want) in enumerate(zip(cqes, statuses)):
            check_status(cqe, want, f"command {index} of the batch")
        return cqes


def first(nsid, slba, data, *, block=512, icd=True, opcode=nvme.COMPARE, fuse=nvme.FIRST):
    """The SQE of the first half of a compare-and-write."""
    return nvme.rw(opcode, nsid, slba, len(data) // block, len(data), icd=icd, fuse=fuse)


def second(nsid, slba, data, *, block=512, icd=True, opcode=nvme.WRITE, fuse=nvme.SECOND,
           fua=False):
    """The SQE of its second half."""
    return nvme.rw(opcode, nsid, slba, len(data) // block, len(data), icd=icd, fuse=fuse, fua=fua)


def caw(queue, nsid, slba, old, new, *, block=512, icd=(True, True), status=(nvme.OK, nvme.OK),
        timeout=REPLY):
    """A whole compare-and-write, which must end with these two statuses."""
    batch = Batch(queue)
    batch.add(first(nsid, slba, old, block=block, icd=icd[0]), old, icd=icd[0])
    batch.add(second(nsid, slba, new, block=block, icd=icd[1]), new, icd=icd[1])
    return batch.send().expect(*status, timeout=timeout)
