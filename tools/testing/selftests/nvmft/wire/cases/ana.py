# SPDX-License-Identifier: GPL-2.0
"""Asymmetric namespace access: states, the fence behind a change, log page 0Ch (8.1.1)."""

import errno
import os
import struct
import time

from nvmetcp import ident, nvme, tree
from nvmetcp.batch import Batch, caw, first, second
from nvmetcp.conn import PACE, Fail, Quiet, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import flushes, open_write, pattern

LID = 0x0C
RGO = 1
ANA_CHANGED = 0x000C0302        # notice, ANA change, log page 0Ch
AEC_ANA = 1 << 11
OPTIMIZED, NON_OPTIMIZED, INACCESSIBLE, LOSS, CHANGE = 1, 2, 3, 4, 15
STATES = [("optimized", OPTIMIZED, nvme.OK), ("non-optimized", NON_OPTIMIZED, nvme.OK),
          ("inaccessible", INACCESSIBLE, nvme.ANA_INACCESSIBLE),
          ("persistent-loss", LOSS, nvme.ANA_LOSS), ("change", CHANGE, nvme.ANA_TRANSITION)]
SHUT = [(name, name) for name, _, _ in STATES[2:]]
# The longest page: a header, 128 groups, 1024 namespaces.
LOG_END = 16 + 128 * 32 + 1024 * 4
# Longer than any change may take that nothing holds up.
PATIENCE = 10
READ_SIZE = 4096


def _log(host, length=16384, **kw):
    return host.log(LID, length, nsid=nvme.NSID_ALL, **kw)


def _groups(raw):
    """Page 0Ch as (change count, {group: (state, nsids, change count)})."""
    count, nr = struct.unpack_from("<QH", raw)
    found, pos = {}, 16
    for _ in range(nr):
        grpid, nnsids, chgcnt, state = struct.unpack_from("<IIQB", raw, pos)
        check(grpid not in found, f"group {grpid} is there twice")
        check(not any(raw[pos + 17:pos + 32]), "reserved bytes of a descriptor")
        found[grpid] = (state, list(struct.unpack_from(f"<{nnsids}I", raw, pos + 32)), chgcnt)
        pos += 32 + 4 * nnsids
    check(list(found) == sorted(found), f"groups are not in order: {list(found)}")
    return count, found


def _states(host):
    return {grpid: group[0] for grpid, group in _groups(_log(host))[1].items()}


def _refused(queue, status, what, cid):
    cqe = check_status(queue.wait(cid), status, what)
    check(not cqe.dnr, f"{what}: {cqe} must be retried on another path, so no DNR")


@rows([(row[0], *row) for row in STATES])
def io(env, state, number, status):
    """Read, Write with and without R2T and Flush are answered by the state, without DNR where
    they are refused, and nothing is written then."""
    queue = env.io()
    data = pattern(16384, 3)
    queue.write(2, 1024, data, 4096)
    with tree.ana(env.target, 1, 1, state):
        check(_states(queue.host)[1] == number, "the log page has another state")
        if status == nvme.OK:
            check(queue.read(2, 1024, 4, 4096) == data, "data")
            queue.write(2, 1024, data, 4096)
            return
        _refused(queue, status, "Read",
                 queue.submit(nvme.rw(nvme.READ, 2, 1024, 1, 4096), expect=4096))
        _refused(queue, status, "Write with its data",
                 queue.submit(nvme.rw(nvme.WRITE, 2, 1024, 1, 4096, icd=True), bytes(4096)))
        _refused(queue, status, "Write", queue.submit(nvme.rw(nvme.WRITE, 2, 1024, 4, 16384)))
        _refused(queue, status, "Flush", queue.submit(nvme.flush(2)))
    check(queue.read(2, 1024, 4, 4096) == data, "something was written")


BLOCKS = bytes(4096)
OTHERS = [
    ("compare", nvme.rw(nvme.COMPARE, 2, 1024, 1, 4096, icd=True), BLOCKS),
    ("compare_and_write", nvme.rw(nvme.COMPARE, 2, 1024, 1, 4096, icd=True, fuse=nvme.FIRST),
     BLOCKS),
    ("verify", nvme.verify(2, 1024, 1), b""),
    ("write_zeroes", nvme.write_zeroes(2, 1024, 1), b""),
    ("dsm", nvme.dsm(2, 1, icd=True), nvme.dsm_ranges([(1024, 1)])),
    ("copy", nvme.copy(2, 2048, 1, icd=True), nvme.copy_ranges([(1024, 1)])),
    ("flush_all", nvme.flush(nvme.NSID_ALL), b""),
]


@rows(OTHERS)
def others(env, sqe, data):
    """Every other command is answered by the state as well."""
    queue = env.io()
    for state, _, status in STATES[2:]:
        with tree.ana(env.target, 1, 1, state):
            _refused(queue, status, state, queue.submit(bytearray(sqe), data))


@case()
def flush_all_partly(env):
    """A Flush of all namespaces flushes what it can by its path, and then says what it cannot."""
    target = env.target
    with tree.group(target, 1, 9), target.attribute(target.ns(2, "ana_grpid"), 9):
        queue = env.io()
        before = flushes(target.disks[1].path)
        queue.write(1, 1024, pattern(512))
        queue.flush(nvme.NSID_ALL, status=nvme.ANA_INACCESSIBLE)
        check(flushes(target.disks[1].path) > before, "the other one was not flushed")
    queue.flush(nvme.NSID_ALL)


@rows([(row[0], row[0], row[2]) for row in STATES[2:]])
def write_protect(env, state, status):
    """Features of a namespace, and of all of them, need access to it."""
    host = env.up(0)
    with tree.ana(env.target, 1, 1, state):
        for nsid in (1, nvme.NSID_ALL):
            host.set_feature(nvme.FEAT_WRITE_PROTECT, 1, nsid=nsid, status=status)
        host.get_feature(nvme.FEAT_WRITE_PROTECT, nsid=1, status=status)
    check(host.get_feature(nvme.FEAT_WRITE_PROTECT, nsid=1) == 0, "protected all the same")


@rows(SHUT)
def other_port(env, state):
    """A state of a port says nothing about the others."""
    host = env.host(addr=env.target.addr2).up(1)
    with tree.ana(env.target, 1, 1, state):
        host.io[1].read(1, 0, 1)
        check(_states(host)[1] == OPTIMIZED, "state by the other port")


@rows(SHUT)
def admin(env, state):
    """Admin commands that need no access: Identify, log pages, features; NUSE is 0 where the
    namespace is inaccessible or lost."""
    host = env.up(0)
    before = host.identify(0, 1)
    descs = host.identify(3, 1)
    with tree.ana(env.target, 1, 1, state):
        after = host.identify(0, 1)
        lost = state in ("inaccessible", "persistent-loss")
        check(ident.Namespace(after).nuse == (0 if lost else ident.Namespace(before).nuse),
              f"NUSE {ident.Namespace(after).nuse}")
        check(after[:16] + after[24:] == before[:16] + before[24:], "Identify Namespace")
        check(host.identify(3, 1) == descs, "descriptors")
        check(ident.nsid_list(host.identify(2)) == [1, 2], "active list")
        host.log(0x02, 512, nsid=nvme.NSID_ALL)
        host.get_feature(nvme.FEAT_NUM_QUEUES)
        host.set_feature(nvme.FEAT_AEC, AEC_ANA)


@case()
def write_open(env):
    """The host of an open write sends no data: that does not hold up the change, and when the data
    comes the write is refused and nothing is written."""
    queue = env.io()
    before = queue.read(1, 1024, 8)
    cid, data, r2t = open_write(queue, seed=9)
    change = tree.Timed(tree.set_state, env.target, 1, 1, "inaccessible")
    env.defer(lambda: tree.set_state(env.target, 1, 1, "optimized"))
    change.done(PATIENCE * PACE.factor / 2)
    queue.answer(r2t, data)
    _refused(queue, nvme.ANA_INACCESSIBLE, "Write", cid)
    tree.set_state(env.target, 1, 1, "optimized")
    check(queue.read(1, 1024, 8) == before, "the write was done")


@rows([(row[0], row[0], row[2]) for row in STATES[2:]])
def fused_open(env, state, status):
    """The state changes between the capsules of a compare-and-write and the data of its halves:
    both are told so, and nothing is written."""
    queue = env.io()
    old, new = pattern(512, 5), pattern(512, 6)
    queue.write(1, 1024, old)
    batch = Batch(queue)
    batch.add(first(1, 1024, old, icd=False), old)
    batch.add(second(1, 1024, new, icd=False), new)
    batch.send().await_r2ts(0, 1)
    with tree.ana(env.target, 1, 1, state):
        for cqe in batch.expect(status, status):
            check(not cqe.dnr, f"{cqe}: DNR")
    check(queue.read(1, 1024, 1) == old, "the write was done")
    caw(queue, 1, 1024, old, new)


def _slow_reads(host, disk, count=4):
    """Reads of the slow namespace at its disk, too far apart to become one: (their cids, when they
    began)."""
    began = time.monotonic()
    cids = [host.io[1].submit(nvme.rw(nvme.READ, 4, 64 * i, 8, READ_SIZE), expect=READ_SIZE)
            for i in range(count)]
    tree.wait_in_flight(disk, count)
    return cids, began


def _reads_end_well(host, cids):
    for cid in cids:
        check_status(host.io[1].wait(cid, 20 * PACE.factor), nvme.OK, "a read from before")


CHANGES = [
    ("state", lambda target: tree.set_state(target, 1, 7, "inaccessible")),
    ("loss", lambda target: tree.set_state(target, 1, 7, "persistent-loss")),
    ("group_removed", lambda target: os.rmdir(target.port(1, "ana_groups", "7"))),
    ("regrouped", lambda target: tree.put(target.ns(4, "ana_grpid"), 8)),
]


@rows(CHANGES, timeout=30)
def fence(env, change):
    """What takes access away returns when the reads of before have ended; they end well, and those
    that come meanwhile are refused."""
    target, delay = env.target, 2.0
    os.mkdir(target.port(1, "ana_groups", "7"))
    env.defer(lambda: os.path.isdir(target.port(1, "ana_groups", "7")) and
              os.rmdir(target.port(1, "ana_groups", "7")))
    tree.set_state(target, 1, 7, "optimized")
    with tree.slow_namespace(target, delay, ana_grpid=7) as disk:
        host = env.up(1)
        cids, began = _slow_reads(host, disk)
        taken = tree.Timed(change, target)
        time.sleep(0.3)
        late = host.io[1].submit(nvme.rw(nvme.READ, 4, 0, 8, READ_SIZE), expect=READ_SIZE)
        check(host.io[1].wait(late).status in (nvme.ANA_INACCESSIBLE, nvme.ANA_LOSS,
                                               nvme.ANA_TRANSITION), "a read that came later")
        taken.done(PATIENCE * PACE.factor)
        check(taken.end - began >= delay, f"returned {taken.end - began:.3f} s after reads began "
              f"that take {delay} s")
        _reads_end_well(host, cids)


@rows([("open_states", 1, 7, "non-optimized"), ("other_group", 1, 1, "inaccessible"),
       ("other_port", 2, 7, "inaccessible")], timeout=40)
def no_fence(env, portid, grpid, state):
    """Between the states that give access, on another port, and for another group nothing is
    waited for."""
    target, delay = env.target, 4.0
    with tree.group(target, 1, 7, "optimized"), tree.group(target, 2, 7, "optimized"), \
            tree.slow_namespace(target, delay, ana_grpid=7) as disk:
        host = env.up(1)
        cids, began = _slow_reads(host, disk)
        with tree.ana(target, portid, grpid, state):
            took = time.monotonic() - began
            check(took < delay, f"returned after {took:.1f} s, with reads that take {delay} s")
        _reads_end_well(host, cids)


@case()
def groups(env):
    """Groups 2 to 128 can be made, begin inaccessible, and 128 is as good as any."""
    target = env.target
    host = env.up(1)
    base = target.port(1, "ana_groups")
    for name in ("0", "129", "1000", "01", "-1", "x"):
        try:
            os.mkdir(os.path.join(base, name))
        except OSError as err:
            check(err.errno == errno.EINVAL, f"mkdir {name}: {err}")
        else:
            os.rmdir(os.path.join(base, name))
            raise Fail(f"group {name} could be made")
    os.mkdir(os.path.join(base, "128"))
    env.defer(lambda: os.rmdir(os.path.join(base, "128")))
    check(_states(host) == {1: OPTIMIZED, 128: INACCESSIBLE}, f"states {_states(host)}")
    with target.attribute(target.ns(2, "ana_grpid"), 128):
        check(tree.value(target, 2, "ana_grpid") == "128", "ana_grpid")
        found = _groups(_log(host))[1]
        check(found[1][1] == [1] and found[128][1] == [2], f"groups {found}")
        check(struct.unpack_from("<I", host.identify(0, 2), 92)[0] == 128, "ANAGRPID")
        host.io[1].read(2, 0, 1, 4096, status=nvme.ANA_INACCESSIBLE)
        host.io[1].read(1, 0, 1)
        with tree.ana(target, 1, 128, "optimized"):
            host.io[1].read(2, 0, 1, 4096)
    check(_groups(_log(host))[1][1][1] == [1, 2], "moved back")


@rows([("0", 0), ("129", 129), ("minus", -1), ("huge", 1 << 40)])
def bad_grpid(env, grpid):
    """A namespace takes only groups 1 to 128."""
    got = tree.errno_of(env.target.ns(2, "ana_grpid"), grpid)
    check(got == errno.ERANGE, f"errno {got}")
    check(tree.value(env.target, 2, "ana_grpid") == "1", "it has changed")


@case()
def group_not_on_port(env):
    """A namespace in a group that its port does not have is listed, and inaccessible there."""
    target = env.target
    host = env.up(1)
    with target.attribute(target.ns(2, "ana_grpid"), 5):
        check(_groups(_log(host))[1][5][:2] == (INACCESSIBLE, [2]), "group 5")
        host.io[1].read(2, 0, 1, 4096, status=nvme.ANA_INACCESSIBLE)
    host.io[1].read(2, 0, 1, 4096)


@case()
def log_in_pieces(env):
    """Page 0Ch in pieces of any dword offset is the page, with and without RGO."""
    target = env.target
    with tree.group(target, 1, 9), tree.group(target, 1, 128, "change"), \
            target.attribute(target.ns(2, "ana_grpid"), 128):
        host = env.up(0)
        for lsp, size in ((0, 16 + 3 * 32 + 2 * 4), (RGO, 16 + 3 * 32)):
            whole = _log(host, size, lsp=lsp)
            nsids = {g: v[1] for g, v in _groups(whole)[1].items()}
            check(nsids == ({1: [], 9: [], 128: []} if lsp else {1: [1], 9: [], 128: [2]}),
                  f"groups with LSP {lsp}: {nsids}")
            for step in (4, 12, 20, 64):
                got = b"".join(_log(host, min(step, size - lpo), lpo=lpo, lsp=lsp)
                               for lpo in range(0, size, step))
                check(got == whole, f"in pieces of {step} it is another page")
            for lpo in (size, size + 4, LOG_END - 64, LOG_END):
                check(not any(_log(host, 64, lpo=lpo, lsp=lsp)), f"bytes at {lpo}, behind its end")
            _log(host, 64, lpo=LOG_END + 4, lsp=lsp, status=nvme.INVALID_FIELD)


@case()
def change_count(env):
    """The count grows with each change; a group's count is that of its own last change."""
    target = env.target
    with tree.group(target, 1, 9):
        host = env.up(0)
        count, before = _groups(_log(host))
        check(_groups(_log(host))[0] == count, "it counts without a change")
        tree.set_state(target, 1, 9, "optimized")
        now, after = _groups(_log(host))
        check(now > count, f"count {count} and then {now}")
        check(after[9][2] > before[9][2], "the group's count stands still")
        check(after[1][2] == before[1][2], "the other group's count has moved")
        check(all(group[2] <= now for group in after.values()), "a group is ahead of the page")
        tree.set_state(target, 1, 9, "optimized")
        check(_groups(_log(host))[0] == now, "the same state again is no change")
        target.toggle(2)
        check(_groups(_log(host))[1][1][2] > after[1][2], "a member went and came")


def _watching(env, **kw):
    host = env.host(**kw).up(0)
    host.set_feature(nvme.FEAT_AEC, AEC_ANA)
    host.pending = [host.aer() for _ in range(2)]
    return host


def _event(host):
    host.admin.pump()
    cid = next(iter(host.admin.done))
    cqe = check_status(host.admin.wait(cid), nvme.OK, "event")
    check(cqe.dw0 == ANA_CHANGED, f"{cqe}: DW0 {cqe.dw0:#x}, expected {ANA_CHANGED:#x}")


def _quiet(host, seconds=0.3):
    try:
        host.admin.pump(seconds * PACE.factor)
    except Quiet:
        return
    raise Fail(f"an event that must not come: {next(iter(host.admin.done.values()))[0]}")


@case()
def event(env):
    """A change of a state is told on its port, once until the page is read with RAE 0."""
    here, there = _watching(env), _watching(env, addr=env.target.addr2)
    with tree.ana(env.target, 1, 1, "non-optimized"):
        _event(here)
        tree.set_state(env.target, 1, 1, "change")
        _quiet(here)
        _log(here, rae=True)
        tree.set_state(env.target, 1, 1, "non-optimized")
        _quiet(here)
        _log(here)
        tree.set_state(env.target, 1, 1, "non-optimized")
        _quiet(here)
    _event(here)
    _quiet(there)


@case()
def event_of_group(env):
    """A namespace that moves to another group is told on every port; so is a new group on its
    own."""
    target = env.target
    here, there = _watching(env), _watching(env, addr=env.target.addr2)
    with tree.group(target, 1, 9, "inaccessible"):
        _event(here)
        _quiet(there)
        _log(here)
        with target.attribute(target.ns(2, "ana_grpid"), 9):
            _event(here)
            _event(there)


@case()
def state_names(env):
    """A state that does not exist is refused and changes nothing."""
    for name in ("", "Optimized", "optimized inaccessible", "optimizedx", "3", "0xf"):
        got = tree.errno_of(tree.state_file(env.target, 1, 1), name)
        check(got == errno.EINVAL, f"{name!r}: errno {got}")
    check(tree.get(tree.state_file(env.target, 1, 1)) == "optimized", "it has changed")
