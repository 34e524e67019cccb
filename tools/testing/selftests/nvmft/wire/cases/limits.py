# SPDX-License-Identifier: GPL-2.0
"""Deadlines and limits: silent, slow and numerous peers (module parameters of the transport)."""

import time

from nvmetcp import nvme, pdu, watch
from nvmetcp.batch import Batch
from nvmetcp.conn import PACE, REPLY, Closed, Fail, Quiet, check, check_status
from nvmetcp.host import settle
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, connected_admin


def _short():
    """A short deadline in ms, which this machine can keep."""
    return int(500 * PACE.factor)


def _cut_off(conn, since, deadline):
    """The target must close, not before the deadline (in ms) and not much after."""
    conn.expect_closed(8 * deadline / 1000)
    took = time.monotonic() - since
    check(took >= 0.6 * deadline / 1000,
          f"closed after {took:.2f} s, the deadline is {deadline} ms")


@rows([("silent", 0), ("common_header_only", 8), ("half", 64), ("all_but_one_byte", 127)])
def icreq_deadline(env, size):
    """A connection whose ICReq does not come, or not in full, is closed after icreq_timeout_ms."""
    short = _short()
    with env.target.params(icreq_timeout_ms=short):
        start = time.monotonic()
        conn = env.conn()
        if size:
            conn.send(pdu.icreq()[:size])
        _cut_off(conn, start, short)


@case()
def icreq_deadline_is_no_idle_timer(env):
    """A host that sends its ICReq byte by byte gets no more time than a silent one."""
    short = _short()
    with env.target.params(icreq_timeout_ms=short):
        conn = env.conn()
        for byte in pdu.icreq()[:-1]:
            conn.send_quietly(bytes([byte]))
            if conn.closed():
                break
            time.sleep(short / 10000)
        check(conn.closed(), f"still connected after 12 times the deadline of {short} ms")


@rows([("silent", 0), ("half_a_capsule", 36), ("without_its_data", 72), ("data_short", 700)])
def connect_deadline(env, size):
    """A connection whose Connect does not come is closed after connect_timeout_ms."""
    short = _short()
    with env.target.params(connect_timeout_ms=short):
        queue = env.queue()
        start = time.monotonic()
        if size:
            queue.send(queue.build(nvme.connect(0, 31), env.host().data())[1][:size])
        _cut_off(queue, start, short)


@case()
def connect_deadline_data_by_r2t(env):
    """A Connect whose data is asked for by R2T and never sent."""
    short = _short()
    with env.target.params(connect_timeout_ms=short):
        queue = env.queue()
        start = time.monotonic()
        cid = queue.submit(nvme.connect(0, 31, icd=False))
        queue.wait_r2t(cid)
        _cut_off(queue, start, short)


@case()
def connect_deadline_not_extended(env):
    """Other commands in place of Connect do not extend its deadline."""
    short = _short()
    with env.target.params(connect_timeout_ms=short):
        queue = env.queue()
        start = time.monotonic()
        try:
            while time.monotonic() - start < 8 * short / 1000:
                queue.cmd(nvme.property_get(nvme.VS, 4), status=nvme.SEQUENCE_ERROR)
                time.sleep(0.1)
        except Closed:
            return
        raise Fail("still connected without a Connect")


@case()
def no_deadline_once_connected(env):
    """Neither deadline touches a connection that has passed it."""
    short = _short()
    with env.target.params(icreq_timeout_ms=short, connect_timeout_ms=short):
        admin = connected_admin(env)
        queue = env.io()
        time.sleep(3 * short / 1000)
        check(admin.prop_get(nvme.VS) >> 16 >= 1, "VS")
        alive(queue)


# Addresses that hosts have on this machine; connections without another come from the first.
OTHERS = [f"127.0.0.{n}" for n in range(2, 8)]


def _silent(env, count, source=None):
    """Connections that say nothing, as many as are let in."""
    conns = []
    for _ in range(count):
        try:
            conns.append(env.conn(source=source))
        except Closed:
            pass
    settle(0.3)
    return [conn for conn in conns if not conn.closed()]


def _let_in(connect):
    """What connect() returns, once a place is free: the target learns of the end of a connection a
    moment after it was closed."""
    deadline = time.monotonic() + REPLY
    while True:
        try:
            return connect()
        except (Closed, Fail):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _port_counter(key):
    """Of port 1, in /proc/fs/nvmft/ports."""
    with open("/proc/fs/nvmft/ports", encoding="ascii") as ports:
        rows = [dict(field.split("=", 1) for field in line.split()) for line in ports
                if line.startswith("port=1 ")]
    check(rows and key in rows[0], f"/proc/fs/nvmft/ports does not tell {key} of port 1")
    return int(rows[0][key])


@case()
def half_open_limit(env):
    """No more than max_half_open connections may be without their ICReq; established ones are not
    counted and not harmed, and there is room again when the silent ones are gone."""
    with env.target.params(max_half_open=4):
        queue = env.io()
        silent = [conn for source in (None, *OTHERS) for conn in _silent(env, 4, source)]
        check(len(silent) == 4, f"{len(silent)} half-open connections, the limit is 4")
        try:
            env.io(source="127.0.0.9")
        except Closed:
            pass
        else:
            raise Fail("a fifth connection was let in")
        alive(queue)
        for conn in silent:
            conn.close()
        alive(_let_in(env.io))


@case()
def half_open_share(env):
    """One address has half of max_half_open and no more, so that another gets in; what it is
    refused is counted."""
    before = int(env.target.param("conns_refused"))
    with env.target.params(max_half_open=8):
        silent = _silent(env, 12)
        check(len(silent) == 4, f"{len(silent)} of 8 places for one address")
        alive(env.io(source=OTHERS[0]))
        more = [len(_silent(env, 8, source)) for source in OTHERS[:3]]
        check(more == [2, 1, 1], f"then {more} for three others")
    refused = int(env.target.param("conns_refused")) - before
    counted = _port_counter("refused_open_share") + _port_counter("refused_half_open")
    check(counted >= refused, f"{refused} were refused, the port says {counted}")
    check(refused >= 8, f"{refused} connections were refused, 8 and more were too many")


@case()
def half_open_limit_recovers_by_itself(env):
    """Silent connections that stay are cut off by their deadline; then others get in."""
    short = _short()
    with env.target.params(max_half_open=4, icreq_timeout_ms=short):
        silent = []
        for _ in range(8):
            try:
                silent.append(env.conn())
            except Closed:
                pass
        time.sleep(3 * short / 1000)
        check(all(conn.closed() for conn in silent), "a silent connection is still open")
        alive(env.io())


@case()
def connection_limit(env):
    """No more than max_conns connections in all; one more is closed without an answer, and gets
    in when another has left."""
    with env.target.params(max_conns=6):
        hosts = [env.up(2), *(env.host(source=source) for source in OTHERS[:3])]
        for host in hosts[1:]:
            host.connect_admin()
        try:
            env.host(source=OTHERS[3]).connect_admin()
        except Closed:
            pass
        else:
            raise Fail("a seventh connection was let in")
        alive(hosts[0].io[1])
        hosts[1].close()
        _let_in(lambda: env.host(source=OTHERS[3]).connect_admin())


@case()
def connection_share(env):
    """One address has half of max_conns and no more, so that a host at another gets in."""
    with env.target.params(max_conns=12):
        busy = env.up(5)
        try:
            env.host().connect_admin()
        except Closed:
            pass
        else:
            raise Fail("a seventh of 12 connections was let in from one address")
        other = env.up(1, source=OTHERS[0])
        alive(other.io[1])
        alive(busy.io[5])
        check(_port_counter("refused_conns_share"), "refused_conns_share does not count")


@case()
def controllers_of_a_host(env):
    """No more than attr_max_host_ctrls controllers for one host; another host is let in, and so is
    the first when one of its controllers is gone."""
    path = env.target.subsys(env.target.subnqn, "attr_max_host_ctrls")
    with env.target.attribute(path, 2):
        hosts = [env.up(1) for _ in range(2)]
        third = env.queue()
        third.connect(hosts[0].data(), 0, 31, status=nvme.CONNECT_BUSY)
        check(_port_counter("refused_host_ctrls"), "refused_host_ctrls does not count")
        alive(env.io(hostnqn="nqn.2014-08.org.nvmexpress:uuid:of-another-host"))
        alive(hosts[1].io[1])
        hosts[0].close()
        alive(_let_in(env.io))


@case()
def lines_in_the_log(env):
    """One address has five lines in five seconds, whatever it does; what comes from another is
    told all the same."""
    time.sleep(5.5)     # cases before may have had the lines of these seconds
    log = watch.KernelLog()
    for index in range(60):
        conn = env.conn() if index % 2 else env.queue()
        conn.send_quietly(bytes([0xFF]) * 8)
        conn.recv()
        conn.close()
    other = env.conn(source=OTHERS[0])
    other.send(bytes([0xFE]) * 8)
    other.recv()
    lines = [line for line in log.lines() if "nvmft-tcp: " in line]
    mine = [line for line in lines if "127.0.0.1:" in line]
    took = 5 * PACE.factor
    check(0 < len(mine) <= 5 * (1 + took // 5), f"{len(mine)} lines of 60 bad PDUs")
    check(any(OTHERS[0] in line for line in lines), f"no line of the other address: {lines}")


@case()
def memory_per_connection(env):
    """A connection has no more than max_data_kb of command data in progress: R2Ts for more wait,
    and every write is done in the end."""
    limit, size = 1024, 262144
    with env.target.params(max_data_kb=limit):
        queue = env.io(sqsize=31)
        cids = [queue.submit(nvme.rw(nvme.WRITE, 1, 2048 + 512 * i, 512, size))
                for i in range(12)]
        settle(0.3)
        try:
            while True:
                queue.pump(0.2)
        except Quiet:
            pass
        asked = sum(r2t.r2tl for r2t in queue.r2ts)
        check(0 < asked <= limit * 1024, f"{asked} bytes asked for, max_data_kb is {limit}")
        other = env.io()
        alive(other)
        data = bytes(range(256)) * (size // 256)
        done = set()
        while len(done) < len(cids):
            while queue.r2ts:
                queue.answer(queue.r2ts.pop(0), data)
            queue.pump()
            for cid in set(cids) & set(queue.done):
                check_status(queue.wait(cid), nvme.OK, "write")
                done.add(cid)
        for index in (0, 11):
            got = queue.read(1, 2048 + 512 * index, 512)
            check(got == data, f"write {index} is not on the medium")


@case(timeout=60)
def memory_of_all_connections(env):
    """All connections together have no more than max_total_data_kb of command data in progress, but
    one command each; every write is done in the end, and what was reserved is given back."""
    limit, size, queues = 4096, 524288, 6
    before = int(env.target.param("data_waits"))
    with env.target.params(max_total_data_kb=limit):
        busy = [env.io(sqsize=31) for _ in range(queues)]
        for number, queue in enumerate(busy):
            for index in range(4):
                queue.submit(nvme.rw(nvme.WRITE, 1, 2048 + 1024 * (4 * number + index), 1024, size))
        settle(0.3)
        for queue in busy:
            try:
                while True:
                    queue.pump(0.2)
            except Quiet:
                pass
        asked = [sum(r2t.r2tl for r2t in queue.r2ts) for queue in busy]
        check(all(asked), f"R2Ts for {asked} bytes: a connection gets nothing at all")
        check(sum(asked) <= limit * 1024 + queues * size,
              f"{asked} bytes asked for, max_total_data_kb is {limit}")
        check(sum(asked) < 4 * queues * size, "the limit was not reached")
        check(int(env.target.param("data_waits")) > before, "data_waits does not count")
        data = bytes(range(256)) * (size // 256)
        for queue in busy:
            done = 0
            while done < 4:
                while queue.r2ts:
                    queue.answer(queue.r2ts.pop(0), data)
                queue.pump()
                for cid in list(queue.done):
                    check_status(queue.wait(cid), nvme.OK, "write")
                    done += 1
        for queue in busy:
            queue.host.close()
    deadline = time.monotonic() + 10 * PACE.factor
    while int(env.target.param("data_reserved")):
        check(time.monotonic() < deadline, "data_reserved does not go back to 0")
        time.sleep(0.05)


@case(timeout=60)
def memory_of_commands_without_data(env):
    """What a Verify reads into counts as well: with room for eight of them, sixty-four on a slow
    disk take eight times as long as one."""
    latency = 0.2
    env.target.attach(4, 4, irqmode=2, completion_nsec=int(latency * 1e9))
    env.defer(lambda: env.target.detach(4))
    with env.target.params(max_data_kb=1024):
        queue = env.io(sqsize=127)
        batch = Batch(queue)
        for _ in range(64):
            batch.add(nvme.verify(4, 0, 256))
        start = time.monotonic()
        batch.send().expect(*[nvme.OK] * 64, timeout=40)
        took = time.monotonic() - start
        check(took > 7.5 * latency, f"64 Verify of 128 KiB in 1 MiB took {took:.2f} s")
        alive(queue)


@case(timeout=40)
def idle_connections(env):
    """64 idle connections of 32 hosts: none costs the others anything, all work afterwards."""
    hosts = [env.up(1) for _ in range(32)]
    settle(0.5)
    for host in hosts:
        check(host.io[1].read(1, 0, 1) == KEEP[:512], "data")
    for host in reversed(hosts):
        host.close()


@case(timeout=30)
def reader_that_does_not_read(env):
    """A host that asks for megabytes and does not take them holds nobody up, and gets them all
    right in the end."""
    greedy = env.io(sqsize=63)
    size = 65536
    data = bytes(range(256)) * 256
    greedy.write(1, 4096, data, icd=False)
    cids = [greedy.submit(nvme.rw(nvme.READ, 1, 4096, size // 512, size), expect=size)
            for _ in range(60)]
    other = env.io()
    for _ in range(20):
        alive(other)
    greedy.host.identify(1)
    for cid in cids:
        check(check_status(greedy.wait(cid), nvme.OK).data == data, "data")


@rows([("close", False), ("reset", True)])
def reader_that_does_not_read_and_goes(env, reset):
    """The same host vanishes instead."""
    greedy = env.io(sqsize=63)
    for _ in range(60):
        greedy.submit(nvme.rw(nvme.READ, 1, 4096, 128, 65536), expect=65536)
    settle(0.2)
    if reset:
        greedy.reset()
    else:
        greedy.close()
    greedy.host.close()


@case(timeout=60)
def reader_that_never_reads(env):
    """A host that never takes its data and acknowledges every probe is cut off after
    peer_timeout_ms; one that takes its time is not."""
    with env.target.params(peer_timeout_ms=2000):
        greedy, slow = env.io(sqsize=63), env.io(sqsize=63)
    size = 131072
    cids = [queue.submit(nvme.rw(nvme.READ, 1, 4096, size // 512, size), expect=size)
            for queue in (greedy, slow) for _ in range(60)][60:]
    start = time.monotonic()
    while time.monotonic() - start < 12:
        slow.wait(cids.pop(0))
        time.sleep(0.5)
    for cid in cids:
        slow.wait(cid)
    alive(slow)
    check(greedy.gone(), "a host that has read nothing for 12 s is still connected")


@case()
def half_closed_host(env):
    """A host that shuts its sending side: the target lets the connection go."""
    queue = env.io()
    queue.shutdown_write()
    queue.expect_closed()
    conn = env.conn()
    conn.shutdown_write()
    conn.expect_closed()
