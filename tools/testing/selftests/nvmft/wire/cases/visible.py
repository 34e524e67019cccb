# SPDX-License-Identifier: GPL-2.0
"""Namespaces that only some hosts see."""

import contextlib
import errno
import os
import struct

from nvmetcp import ident, nvme, tree
from nvmetcp.conn import PACE, Fail, Quiet, check, check_status
from nvmetcp.ktap import case
from nvmetcp.steps import SCRATCH, alive, open_write
from nvmetcp.target import ROOT

HOST_A = "nqn.2026-01.test.wire:host-a"
HOST_B = "nqn.2026-01.test.wire:host-b"
# Longer and shorter than the other: a comparison that stops early takes them for one.
HOST_A1, HOST_SHORT = HOST_A + "1", HOST_A[:-1]
NS_CHANGED = 0x00040002
ALL_SEE = [1, 2]


def _up(env, nqn, queues=1):
    return env.host(hostnqn=nqn, hostid=nqn.encode()[-16:]).up(queues)


def _watch(host):
    host.set_feature(nvme.FEAT_AEC, 0x100)
    host.aer()
    return host


def _told(host, nsids, what):
    """Exactly one event, and the list has these."""
    host.admin.pump()
    cqe = host.admin.wait(next(iter(host.admin.done)))
    check_status(cqe, nvme.OK, what)
    check(cqe.dw0 == NS_CHANGED, f"{what}: event {cqe.dw0:#x}")
    got = ident.nsid_list(host.log(0x04, 4096, nsid=nvme.NSID_ALL))
    check(got == nsids, f"{what}: changed list {got}")
    host.aer()


def _not_told(host, what):
    try:
        host.admin.pump(0.3 * PACE.factor)
    except Quiet:
        return
    raise Fail(f"{what}: an event for a host that nothing has changed for")


def _listed(host):
    return ident.nsid_list(host.identify(2))


def _sees(host, nsid, block=512):
    """Everything that names the namespace does."""
    check(nsid in _listed(host), "CNS 02h")
    check(nsid in ident.nsid_list(host.identify(7)), "CNS 07h")
    for cns in (0x00, 0x08):
        check(any(host.identify(cns, nsid)), f"CNS {cns:02X}h is empty")
    host.identify(5, nsid)
    check(ident.descriptors(host.identify(3, nsid)), "CNS 03h")
    check(nsid in _in_log(host), "log page 0Ch")
    host.get_feature(nvme.FEAT_WRITE_PROTECT, nsid=nsid)
    host.io[1].read(nsid, 0, 1, block)
    host.io[1].flush(nsid)


def _sees_not(host, nsid, block=512):
    """Nothing that could name the namespace does."""
    check(nsid not in _listed(host), "CNS 02h")
    check(nsid not in ident.nsid_list(host.identify(7)), "CNS 07h")
    check(nsid not in ident.nsid_list(host.identify(2, nsid - 1)), "CNS 02h from below it")
    for cns in (0x00, 0x05, 0x08):
        check(not any(host.identify(cns, nsid)), f"CNS {cns:02X}h")
    host.identify(3, nsid, status=nvme.INVALID_NS)
    check(nsid not in _in_log(host), "log page 0Ch")
    for fid in (nvme.FEAT_ERROR_RECOVERY, nvme.FEAT_WRITE_PROTECT):
        host.get_feature(fid, nsid=nsid, status=nvme.INVALID_FIELD)
        host.set_feature(fid, 0, nsid=nsid, status=nvme.INVALID_FIELD)
    host.io[1].flush(nvme.NSID_ALL)
    for cqe in (host.io[1].cmd(nvme.rw(nvme.READ, nsid, 0, 1, block), expect=block,
                               status=nvme.INVALID_NS),
                host.io[1].write(nsid, 0, bytes(block), block, status=nvme.INVALID_NS),
                host.io[1].flush(nsid, status=nvme.INVALID_NS)):
        check(cqe.dnr, f"{cqe}: it will not be there when it is tried again")


def _in_log(host):
    raw = host.log(0x0C, 8192, nsid=nvme.NSID_ALL)
    found, pos = set(), 16
    for _ in range(struct.unpack_from("<H", raw, 8)[0]):
        count = struct.unpack_from("<I", raw, pos + 4)[0]
        found |= set(struct.unpack_from(f"<{count}I", raw, pos + 32))
        pos += 32 + 4 * count
    return found


@case(timeout=30)
def two_hosts(env):
    """A namespace shown to one host is there for it, and for the other it is not."""
    target = env.target
    a, b = _up(env, HOST_A), _up(env, HOST_B)
    for host in (a, b):
        _sees(host, 2, 4096)
    with tree.shown_to(target, 2, HOST_A):
        _sees(a, 2, 4096)
        _sees_not(b, 2, 4096)
        check(_listed(a) == ALL_SEE and _listed(b) == [1], "the other namespaces")
        late = _up(env, HOST_B)
        _sees_not(late, 2, 4096)
        late.close()
        with tree.shown_to(target, 2, HOST_B):
            for host in (a, b):
                _sees(host, 2, 4096)
        _sees_not(b, 2, 4096)
    for host in (a, b):
        _sees(host, 2, 4096)


@case()
def names_alike(env):
    """Hosts are told apart by their whole names."""
    hosts = [_up(env, nqn, 1) for nqn in (HOST_A1, HOST_SHORT)]
    with tree.shown_to(env.target, 2, HOST_A):
        for host in hosts:
            _sees_not(host, 2, 4096)


@case()
def events(env):
    """Only hosts for which it comes or goes are told, and later only hosts that see it."""
    target = env.target
    a, b = _watch(_up(env, HOST_A, 0)), _watch(_up(env, HOST_B, 0))
    with tree.shown_to(target, 2, HOST_A):
        _told(b, [2], "hidden")
        _not_told(a, "hidden from others")
        target.toggle(2)
        _told(a, [2], "disabled and enabled")
        _not_told(b, "a hidden one disabled and enabled")
        with tree.shown_to(target, 2, HOST_B):
            _told(b, [2], "shown")
            _not_told(a, "shown to another one")
        _told(b, [2], "hidden again")
        _not_told(a, "hidden from another one")
    _told(b, [2], "shown to all")
    _not_told(a, "shown to all")


@case()
def disabled_one(env):
    """The list of a namespace that is disabled changes without a word, and holds when it comes.
    Whom it is hidden from does not learn that it is only disabled."""
    a, b = _watch(_up(env, HOST_A)), _watch(_up(env, HOST_B))
    with tree.shown_to(env.target, 3, HOST_A):
        for host in (a, b):
            _not_told(host, "a disabled one")
        _sees_not(b, 3)
        a.io[1].read(3, 0, 1, status=nvme.INTERNAL_PATH)
        with env.target.enabled(3):
            _told(a, [3], "enabled")
            _not_told(b, "enabled for others")
            check(_listed(a) == [1, 2, 3] and _listed(b) == ALL_SEE, "active lists")
        _told(a, [3], "disabled")
    for host in (a, b):
        host.io[1].read(3, 0, 1, status=nvme.INTERNAL_PATH)


@contextlib.contextmanager
def _hidden(target, nsid):
    with tree.shown_to(target, nsid, HOST_B):
        yield


@case(timeout=30)
def in_flight(env):
    """A host loses sight of a namespace with commands in flight: they end, and later ones are
    refused."""
    target = env.target
    with tree.slow_namespace(target, 2.0) as disk:
        host = _up(env, HOST_A)
        queue = host.io[1]
        reads = [queue.submit(nvme.rw(nvme.READ, 4, 64 * i, 8, 4096), expect=4096)
                 for i in range(4)]
        cid, data, r2t = open_write(queue, nsid=4)
        tree.wait_in_flight(disk, len(reads))
        with _hidden(target, 4):
            queue.read(4, 0, 1, status=nvme.INVALID_NS)
            queue.answer(r2t, data)
            for cid in [cid, *reads]:
                check_status(queue.wait(cid, 10 * PACE.factor), nvme.OK, "a command from before")
        check(queue.read(4, SCRATCH, len(data) // 512) == data, "the write was not done")
    alive(queue)


@case()
def other_subsystem(env):
    """The same namespace id in another subsystem is another namespace."""
    target = env.target
    host = env.host(subnqn=target.closed_nqn, hostnqn=target.allowed_host).up(1)
    with _hidden(target, 1):
        host.io[1].read(1, 0, 1)
        check(_listed(host) == [1], "active list")


@case()
def folder(env):
    """What the folder takes and what it does not."""
    target = env.target
    base = target.ns(3, "allowed_hosts")
    with tree.shown_to(target, 3, HOST_A):
        attempts = [
            ("a second link to a host", errno.EEXIST, os.symlink,
             os.path.join(ROOT, "hosts", HOST_A), os.path.join(base, "twice")),
            ("a link to a subsystem", errno.EINVAL, os.symlink,
             target.subsys(target.hidden_nqn), os.path.join(base, "subsystem")),
            ("removing the namespace", errno.ENOTEMPTY, os.rmdir, target.ns(3)),
            ("removing the host", errno.EBUSY, os.rmdir, os.path.join(ROOT, "hosts", HOST_A)),
            ("a folder", errno.EPERM, os.mkdir, os.path.join(base, "folder"))]
        for what, want, func, *args in attempts:
            try:
                func(*args)
            except OSError as err:
                check(err.errno == want, f"{what}: {err}")
            else:
                raise Fail(f"{what} was taken")
        check(os.listdir(base) == [HOST_A], f"links {os.listdir(base)}")


@case(timeout=40)
def many_hosts(env):
    """A list that grows and shrinks: each host sees the namespace as long as it is on it."""
    target = env.target
    names = [f"nqn.2026-01.test.wire:host-{n}" for n in range(6)]
    hosts = [_up(env, nqn, 0) for nqn in names]
    with contextlib.ExitStack() as stack:
        for nqn in names:
            stack.enter_context(tree.host_folder(nqn))

        def link(nqn, there):
            path = target.ns(2, "allowed_hosts", nqn)
            if there:
                os.symlink(os.path.join(ROOT, "hosts", nqn), path)
            else:
                os.unlink(path)

        listed = set()
        steps = [0, 1, 2, 3, -2, 4, -1, 5, 1, -4, -6, -3, -5, 0, -1, -2]
        for step in steps:
            nqn = names[step if step >= 0 else -step - 1]
            there = nqn not in listed
            link(nqn, there)
            listed ^= {nqn}
            for host in hosts:
                want = ALL_SEE if not listed or host.hostnqn in listed else [1]
                check(_listed(host) == want, f"{host.hostnqn} with {sorted(listed)} linked: "
                      f"{_listed(host)}")
        for nqn in listed:
            link(nqn, False)
