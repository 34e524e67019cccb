# SPDX-License-Identifier: GPL-2.0
"""Limits of namespaces and hosts: what waits, what ends the wait, and that nobody has to wait for
what waits. func/192-qos.sh has how exact they are."""

import contextlib
import errno
import os
import threading
import time

from nvmetcp import nvme, tree
from nvmetcp.batch import Batch, first, second
from nvmetcp.conn import PACE, REPLY, Fail, check, check_status
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, pattern, retry_connect_io
from nvmetcp.target import get, put

OK, ABORTED = nvme.OK, nvme.ABORT_REQUESTED
NSID, GROUP = 4, 7
# Longer than anything may take that does not wait, and much less than what does
PATIENCE = 10
# What is read to be in debt: two minutes' worth at 1 KiB/s
DEBT = 128 << 10
BLOCK = 4096
MANY = 28
HOST = "nqn.2014-08.org.nvmexpress:wire:host-limited"
PROC = "/proc/fs/nvmft"
# Lines of it: of the namespace with the limit, and of its host
WHERE = ("namespaces", ("nsid", str(NSID))), ("hosts", ("hostnqn", HOST))


def _put(env, **attrs):
    for name, value in attrs.items():
        put(env.target.ns(NSID, f"qos_{name}"), value)


@contextlib.contextmanager
def _stage(env, **attrs):
    """A namespace with a limit, in a group of its own."""
    attrs = {f"qos_{name}": value for name, value in attrs.items()}
    with tree.group(env.target, 1, GROUP, "optimized"), tree.disk() as disk, \
            tree.namespace(env.target, NSID, disk.path, ana_grpid=GROUP, **attrs):
        yield disk


@contextlib.contextmanager
def _blocked(env, queues=1, **kw):
    """The same at 1 KiB/s and in debt for two minutes: all else waits. A host with its queues."""
    with _stage(env, kibps=1, burst_ms=1):
        host = env.up(queues, **kw)
        host.io[1].read(NSID, 0, DEBT // 512)
        yield host


def _read(queue, slba=0, nsid=NSID):
    return queue.submit(nvme.rw(nvme.READ, nsid, slba, BLOCK // 512, BLOCK), expect=BLOCK)


def _wait_quiet(queue):
    """Nothing of what was sent is answered, though it has been seen: something else is."""
    alive(queue)
    queue.expect_silence(0.1)
    check(not queue.done and not queue.r2ts, "something was answered, or asked for")


def _quick(start, what):
    took = time.monotonic() - start
    check(took < PATIENCE * PACE.factor, f"{what} took {took:.1f} s")


def _end_at(queue, cids, status, what):
    start = time.monotonic()
    cqes = [check_status(queue.wait(cid), status, what) for cid in cids]
    _quick(start, what)
    return cqes


def _commands():
    """One of each that counts: its name, the SQE, its data, and whether that is in the capsule."""
    data, zero = pattern(BLOCK, 1), bytes(BLOCK)
    copies = nvme.copy_ranges([(0, 8)])
    ranges = nvme.dsm_ranges([(0, 8)])
    blocks = BLOCK // 512
    return [
        ("write in its capsule", nvme.rw(nvme.WRITE, NSID, 8, blocks, BLOCK, icd=True), data, True),
        ("write", nvme.rw(nvme.WRITE, NSID, 16, blocks, BLOCK), data, False),
        ("compare", nvme.rw(nvme.COMPARE, NSID, 64, blocks, BLOCK, icd=True), zero, True),
        ("compare by R2T", nvme.rw(nvme.COMPARE, NSID, 64, blocks, BLOCK), zero, False),
        ("write zeroes", nvme.write_zeroes(NSID, 32, blocks), b"", False),
        ("verify", nvme.verify(NSID, 0, blocks), b"", False),
        ("dsm", nvme.dsm(NSID, 1, icd=True), ranges, True),
        ("copy", nvme.copy(NSID, 40, 1, icd=True), copies, True),
    ]


@case()
def waits_and_is_released(env):
    """Over a limit reads wait, without holding up other namespaces, the admin queue or a Flush;
    with the limit at 0 all of them go at once, in their order."""
    with _blocked(env) as host:
        queue = host.io[1]
        cids = [_read(queue, 8 * i) for i in range(MANY)]
        _wait_quiet(queue)
        queue.flush(NSID)
        host.identify(1)
        _put(env, kibps=0)
        _end_at(queue, cids, OK, "a released read")


@case()
def more_than_go_at_once(env):
    """Where hundreds wait, all of them go when the limit is lifted, and not one is forgotten."""
    with _blocked(env, 4, sqsize=127) as host:
        waiting = [(queue, [_read(queue, 8 * i) for i in range(100)]) for queue in host.io.values()]
        for queue, _cids in waiting:
            _wait_quiet(queue)
        _put(env, kibps=0)
        for queue, cids in waiting:
            _end_at(queue, cids, OK, "a released read")


@case()
def every_command(env):
    """Each command that counts waits, with its data in the capsule or none of it asked for, and
    is carried out when the limit is lifted."""
    with _blocked(env) as host:
        queue = host.io[1]
        batch = Batch(queue)
        for _name, sqe, data, icd in _commands():
            batch.add(sqe, data, icd=icd)
        batch.send()
        _wait_quiet(queue)
        _put(env, kibps=0)
        batch.expect(*[OK] * len(batch.cids))
        for slba in (8, 16):
            check(queue.read(NSID, slba, 8) == pattern(BLOCK, 1), f"blocks at {slba}")


@case()
def released_by_a_larger_limit(env):
    """A larger limit holds for what waits, and the debt of the smaller one is forgiven."""
    with _blocked(env) as host:
        queue = host.io[1]
        cids = [_read(queue) for _ in range(MANY)]
        _wait_quiet(queue)
        _put(env, kibps=100000)
        _end_at(queue, cids, OK, "a read below the larger limit")
        _put(env, kibps=1, iops=1000000)
        queue.read(NSID, 0, DEBT // 512)
        cids = [_read(queue) for _ in range(MANY)]
        _wait_quiet(queue)
        _put(env, kibps=0)
        _end_at(queue, cids, OK, "a read with one limit of two")


@case()
def aborted(env):
    """Each command that waits is aborted, and ends before its Abort does; the others wait on."""
    with _blocked(env) as host:
        queue = host.io[1]
        stay = [_read(queue)]
        for name, sqe, data, icd in _commands():
            cid = queue.submit(sqe, data if icd else b"")
            stay.append(_read(queue))
            _wait_quiet(queue)
            cqe = host.admin.cmd(nvme.abort(1, cid), what="Abort")
            check(not cqe.dw0 & 1, f"{name}: not aborted")
            check_status(queue.wait(cid), ABORTED, name)
        _wait_quiet(queue)
        _put(env, kibps=0)
        _end_at(queue, stay, OK, "a read beside aborted commands")
        check(queue.read(NSID, 8, 16) == bytes(2 * BLOCK), "an aborted write was carried out")


def _connections():
    with open(f"{PROC}/ports", encoding="ascii") as lines:
        return sum(int(word.split("=")[1]) for line in lines for word in line.split()
                   if word.startswith("connections="))


def _gone(before):
    """The connections of this case have ended."""
    deadline = time.monotonic() + PATIENCE * PACE.factor
    while _connections() > before:
        check(time.monotonic() < deadline, "connections do not end")
        time.sleep(0.02)


def _fill(host):
    for queue in host.io.values():
        for i in range(MANY // 2):
            _read(queue, 8 * i)
            queue.submit(nvme.rw(nvme.WRITE, NSID, 8 * i, 8, BLOCK))
        alive(queue)


@rows([("closed", "close"), ("reset", "reset")])
def connection_lost(env, how):
    """Connections go while their commands wait."""
    before = _connections()
    with _blocked(env, 3) as host:
        _fill(host)
        for queue in [*host.io.values(), host.admin]:
            getattr(queue, how)()
        _gone(before)
        check(get(env.target.ns(NSID, "qos_kibps")) == "1", "the limit")


@case()
def disconnected(env):
    """A Disconnect of a queue whose commands wait."""
    with _blocked(env) as host:
        _fill(host)
        queue = host.io[1]
        start = time.monotonic()
        queue.cmd(nvme.disconnect(), what="Disconnect")
        queue.expect_closed(quiet=False)
        queue.close()
        _quick(start, "a Disconnect")
        alive(retry_connect_io(host, 1))


@case()
def controller_disabled(env):
    """A reset by CC.EN is finished although commands wait."""
    with _blocked(env, 2) as host:
        _fill(host)
        host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
        host.wait_csts(nvme.CSTS_RDY, 0)
        host.enable()
        host.set_queues(1)
        alive(retry_connect_io(host, 1))


@case()
def subsystem_unlinked(env):
    """The subsystem leaves its port: the connections end."""
    before = _connections()
    with _blocked(env, 2) as host:
        _fill(host)
        env.target.unlink(1, env.target.subnqn)
        env.defer(lambda: env.target.link(1, env.target.subnqn))
        for queue in [*host.io.values(), host.admin]:
            queue.expect_closed(quiet=False)
            queue.close()
        _gone(before)


@case()
def namespace_disabled(env):
    """Its commands wait: they are refused as what comes then is, and the disabling is finished."""
    with _blocked(env) as host:
        queue = host.io[1]
        cids = [_read(queue) for _ in range(MANY)]
        _wait_quiet(queue)
        change = tree.Timed(put, env.target.ns(NSID, "enable"), 0)
        for cqe in _end_at(queue, cids, nvme.INTERNAL_PATH, "a command on a namespace that goes"):
            check(not cqe.dnr, f"{cqe}: DNR")
        change.done(PATIENCE * PACE.factor)
        alive(queue)


@case()
def path_closed(env):
    """An ANA state that lets nothing through is a fence at once, and what waits is told to try
    another path."""
    with _blocked(env) as host:
        queue = host.io[1]
        for state, status in (("inaccessible", nvme.ANA_INACCESSIBLE),
                              ("change", nvme.ANA_TRANSITION), ("persistent-loss", nvme.ANA_LOSS)):
            cids = [_read(queue) for _ in range(MANY)]
            cids.append(queue.submit(nvme.rw(nvme.WRITE, NSID, 0, 8, BLOCK)))
            _wait_quiet(queue)
            change = tree.Timed(tree.set_state, env.target, 1, GROUP, state)
            for cqe in _end_at(queue, cids, status, f"a command on a path that is {state}"):
                check(not cqe.dnr, f"{cqe}: DNR")
            change.done(PATIENCE * PACE.factor)
            tree.set_state(env.target, 1, GROUP, "non-optimized")


@case()
def namespace_moved(env):
    """It goes to another ANA group: what waits is told so, and then waits there."""
    with _blocked(env) as host:
        queue = host.io[1]
        cids = [_read(queue) for _ in range(MANY)]
        _wait_quiet(queue)
        change = tree.Timed(put, env.target.ns(NSID, "ana_grpid"), 1)
        _end_at(queue, cids, nvme.ANA_TRANSITION, "a command on a namespace that moves")
        change.done(PATIENCE * PACE.factor)
        cid = _read(queue)
        _wait_quiet(queue)
        _put(env, kibps=0)
        _end_at(queue, [cid], OK, "a read in the other group")


def _pair(queue, icd):
    old, new = bytes(BLOCK), pattern(BLOCK, 5)
    batch = Batch(queue)
    batch.add(first(NSID, 0, old, icd=icd), old, icd=icd)
    batch.add(second(NSID, 0, new, icd=icd), new, icd=icd)
    batch.send()
    if not icd:
        batch.await_r2ts(0, 1).answer(1).answer(0)
    return batch


@rows([("in_capsules", True), ("by_r2t", False)])
def fused(env, icd):
    """A compare-and-write waits as one and is carried out as one."""
    with _blocked(env) as host:
        queue = host.io[1]
        batch = _pair(queue, icd)
        _wait_quiet(queue)
        _put(env, kibps=0)
        batch.expect(OK, OK)
        check(queue.read(NSID, 0, 8) == pattern(BLOCK, 5), "not written")


@rows([("first", 0), ("second", 1)])
def fused_aborted(env, which):
    """One half is aborted while both wait: both end, nothing is written."""
    with _blocked(env) as host:
        queue = host.io[1]
        batch = _pair(queue, True)
        _wait_quiet(queue)
        cqe = host.admin.cmd(nvme.abort(1, batch.cids[which]), what="Abort")
        check(not cqe.dw0 & 1, "not aborted")
        want = [nvme.FUSED_FAILED] * 2
        want[which] = ABORTED
        batch.expect(*want)
        _put(env, kibps=0)
        check(queue.read(NSID, 0, 8) == bytes(BLOCK), "written")
        queue.host.io[1].expect_silence(0.1)


@rows([("disabled", "enable", 0), ("moved", "ana_grpid", 1)])
def fused_ended(env, attr, value):
    """Its namespace goes while it waits: both halves end, one way or the other."""
    with _blocked(env) as host:
        queue = host.io[1]
        batch = _pair(queue, True)
        _wait_quiet(queue)
        change = tree.Timed(put, env.target.ns(NSID, attr), value)
        cqes = batch.finish()
        check((cqes[0].status == OK) == (cqes[1].status == OK), "torn apart")
        change.done(PATIENCE * PACE.factor)
        alive(queue)


@case()
def fused_connection_lost(env):
    """The queue goes while pairs wait on it."""
    before = _connections()
    with _blocked(env, 2) as host:
        for queue in host.io.values():
            _pair(queue, True)
            _wait_quiet(queue)
        host.io[1].reset()
        host.close()
        _gone(before)


@contextlib.contextmanager
def _host_limit(**attrs):
    with tree.host_folder(HOST) as path:
        for name, value in attrs.items():
            put(os.path.join(path, f"qos_{name}"), value)
        yield path


@case()
def host_limit(env):
    """One host's limit holds for all of its controllers and namespaces, and for no other host; it
    can be made while the host is connected, and goes with its folder."""
    limited, other = [env.up(1, hostnqn=HOST) for _ in range(2)], env.up(1)
    with _host_limit(kibps=1, burst_ms=1):
        limited[0].io[1].read(1, 0, DEBT // 512)
        cids = [(host.io[1], _read(host.io[1], 0, 1)) for host in limited]
        for host in limited:
            host.io[1].expect_silence(0.2)
            host.identify(1)
            host.io[1].flush(1)
        alive(other.io[1])
        # it does not matter which namespace
        last = limited[1].io[1].submit(nvme.rw(nvme.READ, 2, 0, 1, 4096), expect=4096)
        limited[1].io[1].expect_silence(0.2)
    for queue, cid in [*cids, (limited[1].io[1], last)]:
        _end_at(queue, [cid], OK, "a read of a host whose folder has gone")
    with _host_limit():
        alive(limited[0].io[1])


@case()
def host_and_namespace(env):
    """A command passes both limits; lifting the one it does not wait for changes nothing."""
    with _host_limit(kibps=1, burst_ms=1) as path, _stage(env, kibps=1, burst_ms=1):
        queue = env.up(1, hostnqn=HOST).io[1]
        queue.read(NSID, 0, DEBT // 512)
        cid = _read(queue)
        queue.expect_silence(0.2)
        put(os.path.join(path, "qos_kibps"), 0)
        queue.expect_silence(0.2)
        put(os.path.join(path, "qos_kibps"), 1)
        _put(env, kibps=0)
        _end_at(queue, [cid], OK, "a read that has passed both")


@case()
def copies_whose_tables_come_late(env):
    """Copies whose tables are fetched by R2T, all at once: one goes, and the others wait; an Abort
    finds them."""
    with _stage(env, kibps=64, burst_ms=1):
        host = env.up(1)
        queue = host.io[1]
        table = nvme.copy_ranges([(0, 2048)])
        cids = [queue.submit(nvme.copy(NSID, 4096, 1)) for _ in range(6)]
        windows = [queue.wait_r2t(cid) for cid in cids]
        for window in windows:
            queue.answer(window, table)
        check_status(queue.wait(cids[0]), OK, "the first Copy")
        queue.expect_silence(0.5)
        cqe = host.admin.cmd(nvme.abort(1, cids[3]), what="Abort")
        check(not cqe.dw0 & 1, "not aborted")
        check_status(queue.wait(cids[3]), ABORTED, "an aborted Copy")
        queue.expect_silence(0.1)
        _put(env, kibps=0)
        _end_at(queue, [cids[i] for i in (1, 2, 4, 5)], OK, "a Copy that waited")


@case()
def protected_meanwhile(env):
    """A namespace is write protected while writes and a pair wait: they are refused when their turn
    comes, and a read is not."""
    with _blocked(env) as host:
        queue = host.io[1]
        write, read = queue.submit(nvme.rw(nvme.WRITE, NSID, 8, 8, BLOCK)), _read(queue)
        batch = _pair(queue, True)
        _wait_quiet(queue)
        host.set_feature(nvme.FEAT_WRITE_PROTECT, 1, nsid=NSID)
        _put(env, kibps=0)
        check_status(queue.wait(write), nvme.WRITE_PROTECTED, "a write that waited")
        check_status(queue.wait(read), OK, "a read that waited")
        check([cqe.status for cqe in batch.finish()] == [nvme.WRITE_PROTECTED] * 2, "the pair")
        host.set_feature(nvme.FEAT_WRITE_PROTECT, 0, nsid=NSID)
        alive(queue)


@case()
def hidden_meanwhile(env):
    """A namespace is kept from a host while its commands wait: they are refused when their turn
    comes, as if it were not there."""
    with _blocked(env, hostnqn=HOST) as host:
        queue = host.io[1]
        cids = [_read(queue), queue.submit(nvme.rw(nvme.WRITE, NSID, 8, 8, BLOCK))]
        _wait_quiet(queue)
        with tree.shown_to(env.target, NSID, "nqn.2014-08.org.nvmexpress:wire:other"):
            _put(env, kibps=0)
            _end_at(queue, cids, nvme.INVALID_NS, "a command of a host that sees it no more")
        alive(queue)


@case()
def debt_of_a_copy(env):
    """A Copy is let through, and who comes next pays for the bytes."""
    with _stage(env, kibps=64, burst_ms=1):
        queue = env.io()
        sqe = nvme.copy(NSID, 4096, 1, icd=True)
        queue.cmd(sqe, nvme.copy_ranges([(0, 2048)]), what="copy of a MiB")
        cid = _read(queue)
        queue.expect_silence(0.5)
        _put(env, kibps=0)
        _end_at(queue, [cid], OK, "read")


def _line(env, file, key):
    with open(f"{PROC}/{file}", encoding="ascii") as lines:
        for line in lines:
            pairs = dict(pair.split("=", 1) for pair in line.split() if "=" in pair)
            if pairs.get(key[0]) == key[1] and pairs.get("subsys", env.target.subnqn) == \
                    env.target.subnqn:
                return pairs
    raise Fail(f"{file} has no line with {key}")


@case()
def counted(env):
    """Commands that had to wait, and how long they did, are counted for whom they waited."""
    with _blocked(env, hostnqn=HOST) as host:
        queue = host.io[1]
        before = [_line(env, *where)["qos_waits"] for where in WHERE]
        check(before[0] == "0", f"qos_waits {before[0]}, before")
        cids = [_read(queue) for _ in range(MANY)]
        _wait_quiet(queue)
        time.sleep(0.3)
        _put(env, kibps=0)
        _end_at(queue, cids, OK, "read")
        line = _line(env, *WHERE[0])
        check(line["qos_waits"] == str(MANY), f"qos_waits {line['qos_waits']}")
        each = int(line["qos_wait_ns"]) / 1e9 / MANY
        check(0.3 <= each < 60, f"{each:.3f} s each")
        check(_line(env, *WHERE[1])["qos_waits"] == before[1], "waits of the host")


@rows([("iops_max", "qos_iops", 0xFFFFFFFF, 0), ("kibps_max", "qos_kibps", 0xFFFFFFFF, 0),
       ("iops_above", "qos_iops", 1 << 32, errno.ERANGE),
       ("kibps_negative", "qos_kibps", -1, errno.ERANGE),
       ("burst_0", "qos_burst_ms", 0, errno.ERANGE),
       ("burst_max", "qos_burst_ms", 10000, 0),
       ("burst_above", "qos_burst_ms", 10001, errno.ERANGE),
       ("no_number", "qos_iops", "fast", errno.EINVAL)])
def values(env, attr, value, want):
    """What the attributes take, of a namespace and of a host; I/O goes on with any of it."""
    with _stage(env), tree.host_folder(HOST) as path:
        queue = env.up(1, hostnqn=HOST).io[1]
        for file in (env.target.ns(NSID, attr), os.path.join(path, attr)):
            old = get(file)
            check(old == ("100" if attr == "qos_burst_ms" else "0"), f"{file} is {old}")
            got = tree.errno_of(file, value)
            check(got == want, f"{file}: errno {got}")
            check(get(file) == (old if want else str(value)), f"{file} is {get(file)} now")
        for _ in range(4):
            queue.read(NSID, 0, 8)


class Churn(threading.Thread):
    """Changes limits until it is told to stop."""

    def __init__(self, files, values_):
        super().__init__(daemon=True)
        self.files, self.values, self.stop, self.error, self.count = files, values_, False, None, 0
        self.start()

    def run(self):
        try:
            while not self.stop:
                for value in self.values:
                    for file in self.files:
                        put(file, value)
                        self.count += 1
        except Exception as err:  # shown by finished()
            self.error = err

    def finished(self):
        """Stop, and tell what went wrong."""
        self.stop = True
        self.join(REPLY)
        if self.error:
            raise self.error
        check(self.count > 10, "no changes")


@case(timeout=90)
def changed_all_the_time(env):
    """Limits come and go while commands arrive, are aborted and lose their connections: each is
    answered once, with its data."""
    with _host_limit() as path, _stage(env, burst_ms=1):
        host = env.up(3, hostnqn=HOST)
        churn = Churn([env.target.ns(NSID, "qos_iops"), os.path.join(path, "qos_iops"),
                       env.target.ns(NSID, "qos_kibps")], (0, 300, 0, 1000000, 1))
        end = time.monotonic() + 8
        turn = 0
        while time.monotonic() < end:
            turn += 1
            queue = host.io[1 + turn % 2]
            cids = [_read(queue, 8 * i) for i in range(MANY)]
            batch = Batch(queue)
            for half in (first, second):
                batch.add(half(NSID, 1024 + 8 * (turn % 64), bytes(BLOCK)), bytes(BLOCK), icd=True)
            batch.send()
            victim = cids[turn % MANY]
            host.admin.cmd(nvme.abort(queue.qid, victim), what="Abort")
            for cid in cids:
                check_status(queue.wait(cid, REPLY * 3), (OK, ABORTED) if cid == victim else OK,
                             "read")
            batch.finish(REPLY * 3)
            _read(host.io[3])
            host.io[3].reset()
            retry_connect_io(host, 3)
        churn.finished()


@case(timeout=90)
def modules_unload(env):
    """Everything is taken down while commands wait, and the modules unload."""
    put(env.target.ns(1, "qos_burst_ms"), 1)
    put(env.target.ns(1, "qos_kibps"), 1)
    host = env.up(2)
    host.io[1].read(1, 0, DEBT // 512)
    for queue in host.io.values():
        for _ in range(MANY):
            _read(queue, 0, 1)
        queue.flush(1)
    env.target.reload()
    env.up(1).io[1].write(1, 0, KEEP, icd=True)
