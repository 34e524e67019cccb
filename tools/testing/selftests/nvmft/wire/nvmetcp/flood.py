# SPDX-License-Identifier: GPL-2.0
"""A queue that is kept full by a process of its own, which looks at nothing that comes back."""

import os
import signal

from . import nvme, pdu

BLOCKS, SIZE = 8, 4096


class Flood:
    """Reads of 4 KiB, two batches of them in turns: one is on its way while the other is sent."""

    def __init__(self, queue, depth):
        self.queue = queue
        half = depth // 2
        self.batches = [self.batch(range(1, half + 1)), self.batch(range(half + 1, 2 * half + 1))]
        # A C2HData with its data and a response, for each: SQ flow control is on.
        self.answer = half * (24 + SIZE + 24)
        self.pid = os.fork()
        if not self.pid:
            try:
                signal.alarm(0)
                self.run()
            finally:
                os._exit(1)

    def batch(self, cids):
        """The bytes of these commands."""
        out = []
        for cid in cids:
            sqe = nvme.rw(nvme.READ, 1, 0, BLOCKS, SIZE)
            nvme.set_cid(sqe, cid)
            out.append(pdu.capsule(sqe, b"", self.queue.fmt))
        return b"".join(out)

    def run(self):
        """The other process."""
        sock, buf = self.queue.sock, bytearray(1 << 20)
        sock.settimeout(None)
        sock.sendall(self.batches[0])
        turn = 0
        while True:
            turn ^= 1
            sock.sendall(self.batches[turn])
            left = self.answer
            while left:
                left -= sock.recv_into(buf, min(left, len(buf)))

    def running(self):
        """Is it still at it?"""
        return os.waitpid(self.pid, os.WNOHANG)[0] == 0

    def stop(self):
        """End it, and its queue."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.queue.close()
