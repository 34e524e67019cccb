# SPDX-License-Identifier: GPL-2.0
"""What the machine of the target shows while cases run: its kernel log and its threads."""

import os
import re
import time

THREADS = os.environ.get("NVMFT_THREADS", "nvmft")

_BAD = re.compile(r"WARNING: |BUG: |\bBUG\b.*at|Oops|general protection|Kernel panic|UBSAN|KASAN|"
                  r"KFENCE|INFO: task|INFO: rcu|possible (circular|recursive) locking|"
                  r"inconsistent lock state|refcount_t|list_(add|del) corruption|"
                  r"scheduling while atomic|sleeping function called|blocked for more than|"
                  r"Call Trace")


def open_connections(params):
    """How many connections the target says it has; None if it does not count them."""
    counts = []
    for name in ("conns_created", "conns_destroyed"):
        try:
            with open(f"{params}/{name}", encoding="ascii") as attr:
                counts.append(int(attr.read()))
        except FileNotFoundError:
            return None
    return counts[0] - counts[1]


class KernelLog:
    """The kernel log from now on."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def lines(self):
        """The lines since the last call."""
        while True:
            try:
                record = os.read(self.fd, 8192).decode("utf-8", "replace")
            except BlockingIOError:
                return
            except BrokenPipeError:
                # The ring was overwritten while we did not look: that much logging is a fault.
                yield "BUG: the kernel log overran between two cases"
                continue
            yield record.split(";", 1)[-1].split("\n")[0]

    def bad(self):
        """Lines since the last call that no test may cause."""
        return [text for text in self.lines() if _BAD.search(text)]


class Threads:
    """The target's kernel threads, by name."""

    def __init__(self):
        # pid -> name of a thread of the target, None for anything else. A kernel thread has its
        # name from the start, so a process is looked at once; in an emulated guest that counts.
        self.seen = {}

    @staticmethod
    def _name(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                head, _, rest = stat.read().rpartition(")")
        except OSError:
            return None
        name = head.partition("(")[2]
        return name if rest.split()[1] == "2" and name.startswith(THREADS) else None

    def now(self):
        """Their names now."""
        pids = list(filter(str.isdigit, os.listdir("/proc")))
        self.seen = {pid: self.seen[pid] if pid in self.seen else self._name(pid)
                     for pid in pids}
        return sorted(filter(None, self.seen.values()))

    def settled(self, most, timeout):
        """Their names once there are no more than most, or when time is up."""
        deadline = time.monotonic() + timeout
        while True:
            names = self.now()
            if len(names) <= most or time.monotonic() > deadline:
                return names
            time.sleep(0.01)
