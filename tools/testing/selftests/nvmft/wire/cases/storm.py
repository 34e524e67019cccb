# SPDX-License-Identifier: GPL-2.0
"""Connections that come and go in great numbers and at bad moments (classes L1 to L7, L11)."""

import random
import socket
import threading
import time

from nvmetcp import nvme, pdu
from nvmetcp.conn import PACE, Closed, Fail, check
from nvmetcp.host import Host
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, open_write, pattern

THREADS = 4


def _in_parallel(work, limit):
    """Run work(index) in a few threads; the first problem is the case's."""
    problems = []

    def body(index):
        try:
            work(index)
        except (Fail, OSError, ValueError) as err:
            # ValueError: the runner has closed the socket because the case took too long.
            problems.append(f"thread {index}: {err}")

    threads = [threading.Thread(target=body, args=(i,), daemon=True) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    limit *= PACE.factor
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.1))
    check(not problems, "; ".join(problems))
    check(not any(t.is_alive() for t in threads), f"not finished after {limit:.0f} s")


@case(timeout=90)
def connect_and_disconnect(env):
    """200 associations, four at a time: connect, read, leave, in each of three ways (L5)."""
    def work(index):
        for cycle in range(200 // THREADS):
            host = Host(env.addr, env.target.subnqn).up(1)
            got = host.io[1].read(1, cycle % 8, 1)
            check(got == KEEP[512 * (cycle % 8):512 * (cycle % 8 + 1)], "data")
            if (cycle + index) % 3 == 0:
                host.admin.reset()
                host.io[1].reset()
            elif (cycle + index) % 3 == 1:
                host.io[1].cmd(nvme.disconnect(), status=(nvme.OK, nvme.INVALID_OPCODE))
            host.close()

    _in_parallel(work, 80)


def _raw(env):
    family = socket.AF_INET6 if ":" in env.addr[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(5)
    sock.connect(env.addr)
    return sock


def _drop(sock, reset):
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    sock.close()


@rows([("close", False), ("reset", True)], timeout=30)
def connect_and_go(env, reset):
    """TCP connections that end at once (L3)."""
    for _ in range(200):
        _drop(_raw(env), reset)


@rows([("close", False), ("reset", True)], timeout=30)
def icreq_and_go(env, reset):
    """An ICReq and the end (L2)."""
    for _ in range(100):
        sock = _raw(env)
        sock.sendall(pdu.icreq())
        _drop(sock, reset)


@rows([("close", False), ("reset", True)], timeout=30)
def connect_command_and_go(env, reset):
    """An ICReq, a Connect and the end, without waiting for either answer (L1, L6)."""
    raw = pdu.icreq() + pdu.capsule(nvme.connect(0, 31), env.host().data())
    for index in range(100):
        sock = _raw(env)
        sock.sendall(raw[:len(raw) - index % 4 * 300])
        _drop(sock, reset)


@case(timeout=30)
def half_close_everywhere(env):
    """Both sides close at the same time, at each step of a connection's life (L7)."""
    for index in range(40):
        conn = env.conn()
        if index % 4 == 1:
            conn.send(pdu.icreq(pfv=1))
        elif index % 4 == 2:
            conn.send(pdu.h2cterm())
        elif index % 4 == 3:
            conn.send(pdu.icreq() + pdu.h2cterm())
        conn.shutdown_write()
        if index % 8 < 4:
            conn.close()
        else:
            conn.expect_closed(quiet=False)


@rows([("close", False), ("reset", True)], timeout=30)
def gone_with_commands_in_flight(env, reset):
    """Hosts that vanish with reads, writes, flushes, transfers and AERs in flight (L4, L11)."""
    for cycle in range(10):
        host = env.up(1, sqsize=63)
        queue = host.io[1]
        for _ in range(host.ctrl.aerl + 1):
            host.aer()
        open_write(queue, size=8192)
        raws = []
        for index in range(16):
            raws.append(queue.build(nvme.rw(nvme.READ, 1, 0, 64, 32768), expect=32768)[1])
            sqe = nvme.rw(nvme.WRITE, 1, 2048 + index, 1, 512, icd=True)
            raws.append(queue.build(sqe, pattern(512))[1])
            raws.append(queue.build(nvme.flush(1))[1])
        queue.send(b"".join(raws))
        order = [queue, host.admin] if cycle % 2 else [host.admin, queue]
        for conn in order:
            if reset:
                conn.reset()
            else:
                conn.close()


@case(timeout=40)
def come_and_go_beside_load(env):
    """Hosts come and go while others read and write: the data of those stays right."""
    stop = threading.Event()

    def work(index):
        rng = random.Random(index)
        if index == 0:
            deadline = time.monotonic() + 2.5 * PACE.factor
            while time.monotonic() < deadline:
                sock = _raw(env)
                if rng.random() < 0.7:
                    sock.sendall(pdu.icreq())
                _drop(sock, rng.random() < 0.5)
                if rng.random() < 0.3:
                    Host(env.addr, env.target.subnqn).up(1).close()
            stop.set()
            return
        queue = Host(env.addr, env.target.subnqn).up(1).io[1]
        base = 4096 + 64 * index
        while not stop.is_set():
            data = rng.randbytes(4096)
            queue.write(1, base, data)
            check(queue.read(1, base, 8) == data, "data under load")

    _in_parallel(work, 30)


@case(timeout=30)
def resets_under_load(env):
    """Controllers are reset, shut down and left while their I/O queues work."""
    for cycle in range(12):
        host = env.up(1)
        queue = host.io[1]
        queue.send(b"".join(queue.build(nvme.rw(nvme.READ, 1, 0, 16, 8192), expect=8192)[1]
                            for _ in range(20)))
        open_cc = nvme.CC_IOSQES_IOCQES
        value = (open_cc, open_cc | 1 | nvme.CC_SHN_NORMAL, open_cc | 1 | nvme.CC_SHN_ABRUPT)
        host.admin.prop_set(nvme.CC, value[cycle % 3])
        try:
            while True:
                queue.pump(0.05)
        except (Closed, Fail):
            pass
        host.close()
    alive(env.io())
