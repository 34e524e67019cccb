# SPDX-License-Identifier: GPL-2.0
"""Cases, and the runner that executes them and prints KTAP."""

import fnmatch
import signal
import sys
import time
import traceback

from . import inject as faults
from . import watch
from .conn import PACE, REPLY, Closed, Conn, Fail, Quiet, Skip, check
from .host import Host, Queue
from .target import PARAMS

# LBAs 0..63 of nsid 1 belong to the check after each case; no case writes there.
KEEP_BLOCKS = 64
KEEP = bytes((i * 7 + (i >> 9)) & 0xFF for i in range(8 * 512))

# How a case says that the target was silent.
NO_ANSWER = ("no answer", "no completion", "took longer than", "did not take", "did not complete")

CASES = []


class Case:
    """One test: a function, its arguments and its time limit."""

    def __init__(self, name, func, args, timeout):
        self.name, self.func, self.args, self.timeout = name, func, args, timeout

    @property
    def summary(self):
        """The first line of what the case says about itself."""
        return (self.func.__doc__ or "").strip().split("\n")[0]


def _topic(func):
    return func.__module__.rsplit(".", 1)[-1]


def case(timeout=30):
    """Register a function as one case, named after its file and itself."""
    def register(func):
        CASES.append(Case(f"{_topic(func)}.{func.__name__}", func, (), timeout))
        return func
    return register


def rows(table, timeout=30):
    """Register a function once per row; the first column of a row is the case's name."""
    def register(func):
        for name, *args in table:
            CASES.append(Case(f"{_topic(func)}.{func.__name__}.{name}", func, tuple(args),
                              timeout))
        return func
    return register


class Env:
    """What a case gets: the target, and hosts and connections to it."""

    def __init__(self, target):
        self.target = target
        self.addr = target.addr
        self.undo = []

    def host(self, **kw):
        """A host of the main subsystem, not yet connected."""
        kw = {"addr": self.addr, "subnqn": self.target.subnqn, **kw}
        return Host(**kw)

    def up(self, queues=1, **kw):
        """A host with an enabled controller and I/O queues."""
        life = {k: kw.pop(k) for k in ("kato", "sqsize", "admin_cattr", "io_cattr") if k in kw}
        return self.host(**kw).up(queues, **life)

    def io(self, **kw):
        """The one I/O queue of a new host, which is queue.host."""
        return self.up(1, **kw).io[1]

    def queue(self, **kw):
        """A connection after its ICReq, before its Connect."""
        return Queue(self.addr, **kw)

    def conn(self, **kw):
        """A connection on which nothing has been sent."""
        return Conn(self.addr, **kw)

    def defer(self, action):
        """Undo something at the end of the case, last in first out."""
        self.undo.append(action)

    def clean(self):
        """Undo what was deferred and close every connection."""
        Conn.close_all()
        while self.undo:
            self.undo.pop()()


class _TimeUp(BaseException):
    """Raised by the alarm; not an Exception, so that no case swallows it."""


def _alarm(_signum, _frame):
    raise _TimeUp()


class Runner:
    """Runs cases one after another and looks after the target between them."""

    def __init__(self, target, out=sys.stdout, inject=0):
        self.target = target
        self.inject = inject
        self.out = out
        self.count = {"ok": 0, "not ok": 0, "skip": 0}
        self.log = watch.KernelLog() if target.local else None
        self.watch = watch.Threads()
        self.idle = 0
        self.lost = 0
        self.bent = 0           # cases that injected faults have made fail

    def say(self, text=""):
        """One line of output, at once."""
        print(text, file=self.out, flush=True)

    # -- the check after each case -----------------------------------------------------------

    def serves(self):
        """An ordinary connect and read; returns what is wrong with the data.

        A target that is still busy with what a case left may refuse a connection (its limits are
        there for that), but not for long.
        """
        deadline = time.monotonic() + REPLY
        while True:
            start = time.monotonic()
            host = Host(self.target.addr, self.target.subnqn)
            try:
                host.up(1)
                break
            except (Closed, Quiet):
                host.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        try:
            got = host.io[1].read(1, 0, len(KEEP) // 512)
            PACE.note(time.monotonic() - start)
            if got != KEEP:
                host.io[1].write(1, 0, KEEP)
                return ["a block that no case writes has changed"]
            return []
        finally:
            host.close()

    def prepare(self):
        """Write the blocks that the check reads, and learn how many threads an idle target has."""
        signal.signal(signal.SIGALRM, _alarm)
        host = Host(self.target.addr, self.target.subnqn).up(1)
        size = host.ns(1).block
        check(size == 512, f"nsid 1 has blocks of {size} bytes, the cases need 512")
        host.io[1].write(1, 0, KEEP)
        host.close()
        wrong = self.serves()
        check(not wrong, f"set-up: {wrong}")
        if self.target.local:
            # What is left when nothing is connected any more is the baseline.
            time.sleep(0.5 * PACE.factor)
            self.idle = len(self.watch.now())

    def aftercare(self):
        """Problems the case left behind."""
        problems = []
        try:
            problems += self.serves()
            self.lost = 0
        except (Fail, OSError) as err:
            self.lost += 1
            problems.append(f"afterwards the target does not serve: {err}")
        if self.target.local:
            problems += [f"kernel log: {line}" for line in self.log.bad()]
            left = self.watch.settled(self.idle, REPLY)
            if len(left) > self.idle:
                problems.append(f"{len(left)} target threads, {self.idle} when idle: "
                                f"{' '.join(left)}")
                self.idle = len(left)
            problems += self.connections_left()
        return problems

    @staticmethod
    def connections_left():
        """Every connection the target ever let in must have ended."""
        deadline = time.monotonic() + REPLY
        while watch.open_connections(PARAMS):
            if time.monotonic() > deadline:
                left = watch.open_connections(PARAMS)
                return [f"the target counts {left} connections, and no host is connected"]
            time.sleep(0.02)
        return []

    # -- running -----------------------------------------------------------------------------

    def run_one(self, item, env):
        """Run one case; returns (skip reason or None, problems)."""
        limit = item.timeout * PACE.factor
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            item.func(env, *item.args)
            return None, []
        except Skip as skip:
            return str(skip), []
        except Fail as err:
            return None, [str(err) or "assertion"] + self.where(err)
        except _TimeUp as err:
            return None, [f"took longer than {limit:.0f} s"] + self.where(err)
        except Exception as err:  # a case that breaks must not end the others
            return None, traceback.format_exc().strip().split("\n") + [repr(err)]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def run_injected(self, item, env):
        """The same while allocations fail: what a case then gets instead of the answer it wants
        is no failure, but no answer at all is one."""
        with faults.sometimes(self.inject):
            skip, problems = self.run_one(item, env)
        for line in problems:
            self.say(f"# injected: {line}")
        self.bent += bool(problems)
        return skip, [line for line in problems if any(word in line for word in NO_ANSWER)]

    @staticmethod
    def where(err):
        """The lines of the case that led to a failure."""
        frames = traceback.extract_tb(err.__traceback__)
        return [f"  at {f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.line}"
                for f in frames if "/cases/" in f.filename]

    def run(self, cases):
        """Run the cases; returns the exit status."""
        self.say("KTAP version 1")
        self.say(f"1..{len(cases)}")
        self.prepare()
        start = time.monotonic()
        for number, item in enumerate(cases, 1):
            began = time.monotonic()
            env = Env(self.target)
            run = self.run_injected if self.inject else self.run_one
            skip, problems = run(item, env)
            try:
                env.clean()
            except (Fail, OSError) as err:
                problems.append(f"clean-up: {err}")
            problems += self.aftercare()
            self.report(number, item, skip, problems, time.monotonic() - began)
            if self.lost >= 3:
                self.say("Bail out! the target has stopped serving")
                return 1
        done, failed, skipped = (self.count[k] for k in ("ok", "not ok", "skip"))
        self.say(f"# Totals: pass:{done} fail:{failed} xfail:0 xpass:0 skip:{skipped} error:0")
        self.say(f"# {done} passed, {failed} failed, {skipped} skipped in "
                 f"{time.monotonic() - start:.0f} s")
        if self.inject and not self.bent:
            self.say("# of all cases none was hit by an injected fault")
            return 1
        return 1 if failed else 0

    def report(self, number, item, skip, problems, seconds):
        """The KTAP lines of one case."""
        for line in problems:
            self.say(f"# {line}")
        if seconds > 5:
            self.say(f"# {item.name} took {seconds:.1f} s")
        if problems:
            self.count["not ok"] += 1
            self.say(f"not ok {number} - {item.name}")
        elif skip is not None:
            self.count["skip"] += 1
            self.say(f"ok {number} - {item.name} # SKIP {skip}")
        else:
            self.count["ok"] += 1
            self.say(f"ok {number} - {item.name}")


def select(patterns):
    """The cases whose name matches, or contains, one of the patterns; all without any."""
    return [c for c in CASES if not patterns or
            any(fnmatch.fnmatch(c.name, p) or p in c.name for p in patterns)]
