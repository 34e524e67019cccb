# SPDX-License-Identifier: GPL-2.0
"""Parts of the target's configfs tree that a case makes for itself and takes down again."""

import contextlib
import os
import threading
import time

from .conn import REPLY, Skip, check
from .target import ROOT, Disk, get, put


def errno_of(path, value):
    """Write an attribute; returns the errno of the refusal, 0 where it was taken."""
    try:
        with open(path, "w", encoding="ascii") as attr:
            attr.write(f"{value}\n")
    except OSError as err:
        return err.errno
    return 0


def state_file(target, portid, grpid):
    """The state attribute of an ANA group on a port."""
    return target.port(portid, "ana_groups", str(grpid), "ana_state")


def set_state(target, portid, grpid, state):
    """Give an ANA group on a port a state."""
    put(state_file(target, portid, grpid), state)


@contextlib.contextmanager
def ana(target, portid, grpid, state):
    """An ANA group on a port in another state for a while."""
    with target.attribute(state_file(target, portid, grpid), state):
        yield


@contextlib.contextmanager
def group(target, portid, grpid, state="inaccessible"):
    """An ANA group on a port for a while."""
    path = target.port(portid, "ana_groups", str(grpid))
    os.mkdir(path)
    try:
        set_state(target, portid, grpid, state)
        yield
    finally:
        os.rmdir(path)


@contextlib.contextmanager
def namespace(target, nsid, path, enable=True, **attrs):
    """One more namespace of main for a while."""
    os.mkdir(target.ns(nsid))
    try:
        if not all(os.path.exists(target.ns(nsid, attr)) for attr in attrs):
            raise Skip(f"the target lacks one of {' '.join(attrs)}")
        put(target.ns(nsid, "device_path"), path)
        for attr, value in attrs.items():
            put(target.ns(nsid, attr), value)
        if enable:
            put(target.ns(nsid, "enable"), 1)
        yield
    finally:
        os.rmdir(target.ns(nsid))


@contextlib.contextmanager
def disk(mib=4, **settings):
    """A null_blk device of 512-byte blocks for a while."""
    made = Disk("wire4", mib, 512, **settings)
    try:
        yield made
    finally:
        made.remove()


@contextlib.contextmanager
def slow_namespace(target, seconds, nsid=4, **attrs):
    """A namespace whose device takes that long for everything."""
    with disk(irqmode=2, completion_nsec=int(seconds * 1e9)) as made, \
            namespace(target, nsid, made.path, **attrs):
        yield made


def wait_in_flight(made, count, timeout=REPLY):
    """Wait until a disk has that many commands."""
    deadline = time.monotonic() + timeout
    while True:
        with open(f"/sys/block/{os.path.basename(made.path)}/inflight", encoding="ascii") as file:
            now = sum(map(int, file.read().split()))
        if now == count:
            return
        check(time.monotonic() < deadline, f"{now} commands at the disk, expected {count}")
        time.sleep(0.01)


@contextlib.contextmanager
def host_folder(nqn):
    """A folder of hosts/ for a while; returns its path."""
    path = os.path.join(ROOT, "hosts", nqn)
    os.mkdir(path)
    try:
        yield path
    finally:
        os.rmdir(path)


@contextlib.contextmanager
def shown_to(target, nsid, nqn):
    """A namespace restricted to a host (and others for which this is done) for a while."""
    with host_folder(nqn) as path:
        link = target.ns(nsid, "allowed_hosts", nqn)
        os.symlink(path, link)
        try:
            yield
        finally:
            os.unlink(link)


class Timed(threading.Thread):
    """A change of the tree in a thread of its own: when it was finished, and how it ended."""

    def __init__(self, func, *args):
        super().__init__(daemon=True)
        self.func, self.args = func, args
        self.end = self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self.func(*self.args)
        except Exception as err:  # shown by done()
            self.error = err
        self.end = time.monotonic()

    def done(self, timeout):
        """Wait for it; returns what it returned."""
        self.join(timeout)
        check(not self.is_alive(), f"not finished after {timeout:.0f} s")
        if self.error:
            raise self.error
        return self.result


def value(target, nsid, attr):
    """An attribute of a namespace of main."""
    return get(target.ns(nsid, attr))
