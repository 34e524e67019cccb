# SPDX-License-Identifier: GPL-2.0
"""PDUs at the wrong time, and connections that are told to end (transport spec 3.1, 3.5)."""

import time

from nvmetcp import nvme, pdu
from nvmetcp.conn import Fail, check
from nvmetcp.host import settle
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, connected_admin, open_write, pattern

SEQ = (pdu.FES_SEQUENCE, None)


@case()
def command_before_icreq(env):
    """A CapsuleCmd as the first PDU: FES 2."""
    host = env.host()
    raw = pdu.capsule(nvme.connect(0, 31), host.data())
    conn = env.conn()
    conn.send(raw)
    conn.expect_term(SEQ, sent=raw)


@case()
def h2cdata_before_icreq(env):
    """An H2CData as the first PDU: FES 2."""
    raw = pdu.h2cdata(1, 0, 0, pattern(512))
    conn = env.conn()
    conn.send(raw)
    conn.expect_term(SEQ, sent=raw)


@case()
def h2cterm_before_icreq(env):
    """An H2CTermReq as the first PDU ends the connection; a C2HTermReq in answer is tolerated,
    since the PDU is out of sequence as well."""
    raw = pdu.h2cterm()
    conn = env.conn()
    conn.send(raw)
    conn.expect_closed_or_term(SEQ, sent=raw)


@rows([("no_digest", 0), ("header_digest", 1), ("data_digest", 2), ("both_digests", 3)])
def second_icreq(env, dgst):
    """A second ICReq right after ICResp: FES 2 (W7, W12). With the header digest on it lacks
    HDGSTF and a digest, as any ICReq does; the sequence is what is wrong first."""
    conn = env.conn()
    conn.send(pdu.icreq(dgst=dgst))
    conn.accept_icresp(0, dgst)
    raw = pdu.icreq(dgst=dgst)
    conn.send(raw)
    conn.expect_term(SEQ, sent=raw)


@case()
def second_icreq_in_same_segment(env):
    """Two ICReq in one segment: ICResp to the first, FES 2 to the second."""
    raw = pdu.icreq()
    conn = env.conn()
    conn.send(raw + raw)
    conn.accept_icresp()
    conn.expect_term(SEQ, sent=raw)


@rows([("plain", 0), ("digests", 3)])
def icreq_after_connect(env, dgst):
    """An ICReq on a live admin queue: FES 2."""
    queue = connected_admin(env, hdgst=bool(dgst & 1), ddgst=bool(dgst & 2))
    raw = pdu.icreq(dgst=dgst)
    queue.send(raw)
    queue.expect_term(SEQ, sent=raw)


@case()
def icreq_inside_transfer(env):
    """An ICReq where the data of an R2T is due: FES 2."""
    queue = env.io()
    open_write(queue)
    raw = pdu.icreq()
    queue.send(raw)
    queue.expect_term(SEQ, sent=raw)


@case()
def connect_behind_icreq(env):
    """ICReq and Connect in one segment. A host has to wait for ICResp; a target may serve the
    early command all the same or call it out of sequence, and must not lose bytes."""
    host = env.host()
    raw = pdu.capsule(nvme.connect(0, 31), host.data())
    conn = env.conn()
    conn.send(pdu.icreq() + raw)
    conn.accept_icresp()
    got = conn.recv()
    if got.ptype == pdu.C2H_TERM:
        check(got.fes == pdu.FES_SEQUENCE, f"{got}")
        return
    check(got.ptype == pdu.RSP, f"{got}, expected CapsuleResp or C2HTermReq")
    cqe = nvme.Cqe(got.cqe)
    check(cqe.status == nvme.OK, f"Connect: {cqe}")


@rows([(f"fes_{fes}", fes) for fes in range(0, 8)])
def h2cterm_honoured(env, fes):
    """H2CTermReq on a live queue, whatever its reason: the target closes and sends nothing."""
    queue = env.io()
    queue.send(pdu.h2cterm(fes, 8, pattern(24)))
    queue.expect_closed()


@rows([("header_only", 0), ("longest", 128)])
def h2cterm_lengths(env, size):
    """H2CTermReq with the least and the most data that is allowed."""
    queue = env.io(hdgst=True, ddgst=True)
    queue.send(pdu.h2cterm(data=pattern(size)))
    queue.expect_closed()


@case()
def h2cterm_with_commands_open(env):
    """H2CTermReq with a write waiting for data and AERs outstanding: everything is let go."""
    host = env.up(1)
    for _ in range(2):
        host.aer()
    open_write(host.io[1])
    host.io[1].send(pdu.h2cterm())
    host.io[1].expect_closed()
    host.admin.send(pdu.h2cterm())
    host.admin.expect_closed()


@case()
def commands_before_h2cterm_ignored_after(env):
    """Nothing behind an H2CTermReq is processed."""
    queue = env.io()
    _, raw = queue.build(nvme.flush(1))
    queue.send(pdu.h2cterm() + raw)
    queue.expect_closed()


@case()
def close_follows_peer(env):
    """After its C2HTermReq the target ends the connection as soon as the host closes its side."""
    conn = env.conn()
    raw = pdu.icreq(hpda=99)
    conn.send(raw)
    conn.expect_term((pdu.FES_FIELD, pdu.OFF_HPDA), sent=raw)
    conn.shutdown_write()
    conn.expect_closed()


@case()
def target_waits_for_peer(env):
    """After its C2HTermReq the target leaves the close to the host for a while (30 s): a reset
    could take the C2HTermReq away from a host that has not read it yet. It may say at once that
    it will send no more."""
    conn = env.conn()
    raw = pdu.icreq(hpda=99)
    conn.send(raw + bytes(4096))
    settle(0.3)
    check(not conn.gone(), "the target closed before the host did")
    conn.expect_term((pdu.FES_FIELD, pdu.OFF_HPDA), sent=raw)


@case()
def target_does_not_wait_forever(env):
    """A host that ignores a C2HTermReq is cut off after term_timeout_ms, and not before."""
    with env.target.params(term_timeout_ms=700):
        conn = env.conn()
        raw = pdu.icreq(hpda=99)
        conn.send(raw)
        conn.expect_term((pdu.FES_FIELD, pdu.OFF_HPDA), sent=raw)
        check(not conn.gone(), "the target did not wait at all")
        settle(1.5)
        check(conn.gone(), "the connection is still there")


@case()
def flood_after_termreq(env):
    """A host that goes on sending after a C2HTermReq costs nothing: others are served, and it is
    cut off in the end."""
    with env.target.params(term_timeout_ms=1000):
        conn = env.conn()
        raw = pdu.icreq(flags=0x10)
        conn.send(raw)
        conn.expect_term((pdu.FES_FIELD, pdu.OFF_FLAGS), sent=raw)
        conn.sock.setblocking(False)
        other = env.io()
        sent, deadline = 0, time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                sent += conn.sock.send(bytes(65536))
            except BlockingIOError:
                time.sleep(0.01)
            except ConnectionError:
                break
        else:
            raise Fail(f"not cut off after 10 s and {sent} bytes")
        alive(other)


@case()
def unread_termreq(env):
    """A target that has ended a connection keeps serving when the peer never reads a byte."""
    silent = [env.conn(rcvbuf=4096) for _ in range(8)]
    for conn in silent:
        conn.send(pdu.icreq(pfv=7))
    alive(env.io())
    for conn in silent:
        conn.expect_term((pdu.FES_UNSUPPORTED, pdu.OFF_PFV))
