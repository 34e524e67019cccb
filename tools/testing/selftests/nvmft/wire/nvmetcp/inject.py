# SPDX-License-Identifier: GPL-2.0
"""The kernel's fault injection (Documentation/fault-injection/fault-injection.rst): allocations
that fail on purpose, one chosen by its number, or now and then below the target's functions."""

import contextlib
import errno
import os
import re
import threading

from .conn import Fail, Skip, check

DEBUGFS = "/sys/kernel/debug"
KINDS = ("failslab", "fail_page_alloc")
# What a caller may be told when there is no memory. That is also how the kernel says that it has
# no inode for a socket, and no place to note the address in that it is bound to.
NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS, errno.ENFILE, errno.EADDRINUSE)
# Beyond any number of allocations that one step makes.
LAST = 3000


def _put(path, value):
    with open(path, "w", encoding="ascii") as attr:
        attr.write(f"{value}\n")


def need():
    """Skip the case on a kernel without fault injection; else every allocation may be chosen."""
    for kind in KINDS:
        if not os.path.isdir(f"{DEBUGFS}/{kind}"):
            raise Skip(f"the kernel has no {kind}")
        # Also those that may wait for memory. Not a word in the log, where it would be taken for
        # a fault of the target.
        _put(f"{DEBUGFS}/{kind}/ignore-gfp-wait", "N")
        _put(f"{DEBUGFS}/{kind}/verbose", 0)
    _put(f"{DEBUGFS}/fail_page_alloc/min-order", 0)


class Nth:
    """The nth allocation from now on of one thread, this one or another."""

    def __init__(self, tid=None):
        # Open all the time: to open it may be what fails.
        self.knob = os.open(f"/proc/{tid or threading.get_native_id()}/fail-nth", os.O_RDWR)

    def __del__(self):
        if hasattr(self, "knob"):
            os.close(self.knob)

    def arm(self, number):
        """Let that allocation fail."""
        os.pwrite(self.knob, b"%d" % number, 0)

    def disarm(self):
        """Let none fail any more; returns whether one has."""
        left = int(os.pread(self.knob, 32, 0))
        self.arm(0)
        return left == 0


class WorkersNth:
    """The nth allocation from now on of each thread that runs work items of one processor. A
    queue's worker is such an item, and which of them will run it nobody knows; the others have
    nothing to do meanwhile."""

    def __init__(self):
        self.threads = []

    def arm(self, number):
        """Let that allocation fail."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):      # it may go at any time
                with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as comm:
                    if not re.match(r"kworker/\d+:", comm.read()):
                        continue
                thread = Nth(pid)
                thread.arm(number)
                self.threads.append(thread)
        check(self.threads, "no thread runs work items")

    def disarm(self):
        """Let none fail any more; returns whether one has."""
        failed = False
        for thread in self.threads:
            with contextlib.suppress(OSError):
                failed |= thread.disarm()
        self.threads = []
        return failed


class Turns:
    """1, 2, 3 ... for as long as that allocation fails. The work may once have been run by a
    thread that has just been made, so that none did: the last two have to be without."""

    def __init__(self, last=200):
        self.last = last
        self.quiet = 0

    def __iter__(self):
        for number in range(1, self.last):
            yield number
            if self.quiet == 2:
                return
        raise Fail(f"after {self.last} allocations it still makes more")

    def note(self, failed):
        """Has it failed this time?"""
        self.quiet = 0 if failed else self.quiet + 1


def each(action, after=None, nth=None):
    """Carry out action() again and again, each time with a later allocation failing, until it
    comes to its end before its turn. The action returns, or raises OSError because memory is
    short; after(error) looks at what has become of it and undoes it, with nothing failing.
    Returns how many allocations have failed."""
    nth = nth or Nth()
    for number in range(1, LAST):
        nth.arm(number)
        try:
            action()
            error = None
        except OSError as err:
            error = err
        failed = nth.disarm()
        check(error is None or failed, f"{error}, and no allocation has failed")
        check(error is None or error.errno in NO_MEMORY,
              f"allocation {number} fails: {error}, which does not say that memory is short")
        if after:
            after(error)
        if not failed:
            return number - 1
    raise Fail(f"after {LAST} allocations it still makes more")


def text_of(modules):
    """The lowest and highest address of the code of these modules."""
    spans = []
    with open("/proc/modules", encoding="ascii") as table:
        for line in table:
            words = line.split()
            if words[0] in modules:
                start = int(words[5], 16)
                spans.append((start, start + int(words[1])))
    check(len(spans) == len(modules), f"{modules} are not all loaded")
    return min(s for s, _ in spans), max(e for _, e in spans)


def span_of(function):
    """The addresses of a function of the kernel itself."""
    with open("/proc/kallsyms", encoding="ascii") as table:
        symbols = [line.split() for line in table if "[" not in line]
    starts = sorted({int(words[0], 16) for words in symbols})
    start = next(int(words[0], 16) for words in symbols if words[2] == function)
    return start, next(addr for addr in starts if addr > start)


@contextlib.contextmanager
def sometimes(percent, modules=("nvmft", "nvmft_tcp"), kinds=KINDS):
    """Of all allocations below a function of the target, so many in a hundred fail. Not that of
    a reset segment: TCP has no second one for a peer, who then waits for its own time limit."""
    need()
    start, end = text_of(modules)
    reset = span_of("tcp_send_active_reset")
    for kind in kinds:
        for attr, value in (("require-start", start), ("require-end", end),
                            ("reject-start", reset[0]), ("reject-end", reset[1]), ("interval", 1),
                            ("times", -1), ("task-filter", "N"), ("probability", percent)):
            _put(f"{DEBUGFS}/{kind}/{attr}", value)
    try:
        yield
    finally:
        for kind in kinds:
            _put(f"{DEBUGFS}/{kind}/probability", 0)
