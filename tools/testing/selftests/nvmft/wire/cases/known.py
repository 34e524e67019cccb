# SPDX-License-Identifier: GPL-2.0
"""Faults that targets are known to have had and that no other file has a case for; the whole list
is in Documentation/nvmft/security.rst."""

import itertools
import os
import threading

from nvmetcp import nvme, pdu
from nvmetcp.conn import Closed, Fail, check
from nvmetcp.host import settle
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, pattern
from nvmetcp.target import put

BASE = 4096


def _connect_with_queues(env, queues, seen, beyond):
    """A host with as many queues as it is granted, each used once; it may lose them at any time.
    One more is tried; if that is let in it is noted."""
    host = env.host()
    try:
        host.connect_admin()
        host.enable()
        granted = min(host.set_queues(queues), queues)
        for qid in range(1, granted + 1):
            host.connect_io(qid, 31)
            host.io[qid].read(1, 0, 1)
        seen.append(granted)
        cqe = host.queue().connect(host.data(host.cntlid), granted + 1, 31,
                                   status=(nvme.OK, nvme.CONNECT_PARAM))
        if cqe.status == nvme.OK:
            beyond.append(granted + 1)
    except Closed:
        seen.append(0)
    except Fail:
        # Its session ended between two steps, which its admin queue is about to see.
        if not host.admin:
            raise
        host.admin.expect_closed(quiet=False)
        seen.append(0)
    finally:
        host.close()


@case(timeout=60)
def qid_max_changes_under_connects(env):
    """attr_qid_max changes all the time while hosts connect with all queues that they are granted:
    no queue beyond what a controller has room for, and the target serves afterwards."""
    path = env.target.subsys(env.target.subnqn, "attr_qid_max")
    stop = threading.Event()
    writes = []

    def change():
        for value in itertools.cycle((1, 8, 3)):
            put(path, value)
            writes.append(value)
            if stop.wait(0.2):
                return

    with env.target.attribute(path, 8):
        changer = threading.Thread(target=change)
        changer.start()
        seen, beyond = [], []
        try:
            while len(writes) < 25:
                _connect_with_queues(env, 8, seen, beyond)
        finally:
            stop.set()
            changer.join()
    check(not beyond, f"queues beyond those granted: {beyond}")
    check(any(seen), "no host kept its session for long enough")
    print(f"# {len(writes)} changes, queues of {len(seen)} hosts: {sorted(seen)}")
    alive(env.up(8).io[8])


@rows([("ones", b"\xff"), ("pattern", b"\x5a")])
def icreq_reserved_bytes(env, byte):
    """Reserved bytes of an ICReq are not looked at (base 2.1, 1.4.2): the answer is the one to
    zeroes, and none of them comes back in it."""
    raw = []
    for tail in (bytes(112), byte * 112):
        conn = env.conn()
        conn.send(pdu.icreq()[:16] + tail)
        got = conn.expect(pdu.ICRESP)
        raw.append(got.header)
    check(raw[0] == raw[1], f"{raw[1].hex()} instead of {raw[0].hex()}")
    check(not any(raw[1][16:]), "reserved bytes of the ICResp")


@case()
def dsm_reserved_bits_of_nr(env):
    """NR has eight bits. With reserved ones set above it the command has as many ranges as before,
    and no length is made of them."""
    queue = env.io()
    old = pattern(8 * 512, 90)
    queue.write(1, BASE, old)
    data = nvme.dsm_ranges([(BASE, 1)])
    for high in (0x100, 0xFFFFFF00, 0x80000000):
        cid = queue.submit(nvme.dsm(1, 1, icd=True, cdw10=high), data)
        cqe = queue.wait(cid)
        check(cqe.status in (nvme.OK, nvme.INVALID_FIELD), f"{cqe}")
    check(queue.read(1, BASE + 1, 7) == old[512:], "blocks that were not named have changed")
    alive(queue)


def _lines(fd):
    """How many lines came to the kernel log."""
    count = 0
    while True:
        try:
            os.read(fd, 8192)
        except BlockingIOError:
            return count
        except BrokenPipeError as err:
            raise Fail("the kernel log overran") from err
        count += 1


@rows([("icreq", pdu.icreq(pfv=7)), ("connect", None)])
def log_is_not_flooded(env, raw):
    """Three hundred connections that are refused: a few lines in the log, not one for each."""
    fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.lseek(fd, 0, os.SEEK_END)
        for _ in range(300):
            conn = env.conn() if raw else env.queue()
            conn.send_quietly(raw or pdu.capsule(nvme.connect(0, 31),
                                                 env.host().data(subnqn=b"nqn.2026-01.none")))
            conn.recv(5)
            conn.close()
        settle(0.2)
        lines = _lines(fd)
    finally:
        os.close(fd)
    # The kernel lets ten lines in five seconds through for each message that there is.
    check(lines < 150, f"{lines} lines for 300 connections")
    print(f"# {lines} lines")
