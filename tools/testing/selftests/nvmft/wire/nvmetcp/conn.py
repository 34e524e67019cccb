# SPDX-License-Identifier: GPL-2.0
"""One TCP connection to the target: send any bytes, cut anywhere, receive PDUs by a deadline."""

import contextlib
import os
import select
import socket
import struct
import time

from . import nvme, pdu

# How long an answer may take before its absence is a failure.
REPLY = 10.0 * float(os.environ.get("NVMFT_TIME_FACTOR", "1"))

_TCP_CLOSE = 7      # of enum in include/net/tcp_states.h


class Pace:
    """How slow this machine is just now.

    Emulated guests on a shared machine differ tenfold in speed from one minute to the next. Cases
    with short deadlines stretch them by the factor that the runner measures after each case.
    """

    usual = 0.15        # seconds that an ordinary connect and read take

    def __init__(self):
        self.factor = 1.0

    def note(self, seconds):
        """Learn from the time a connect and read took; forget slow moments slowly."""
        self.factor = min(max(1.0, seconds / self.usual, self.factor * 0.8), 20.0)


PACE = Pace()


class Fail(AssertionError):
    """The target did not do what the specification asks."""


class Skip(Exception):
    """The case cannot run here; the text says why."""


class Closed(Fail):
    """The target closed the connection where an answer was due."""


class Quiet(Fail):
    """The deadline passed without a whole PDU."""


def check(condition, message):
    """Fail the case with a message unless condition holds."""
    if not condition:
        raise Fail(message)


@contextlib.contextmanager
def during(what):
    """A failure in this block says what was being tried."""
    try:
        yield
    except Fail as err:
        raise type(err)(f"{what}: {err}") from err


def names(statuses):
    """Several statuses as text."""
    return " or ".join(nvme.status_name(s) for s in statuses)


def as_set(value):
    """One status, or an iterable of them, as a tuple."""
    return (value,) if isinstance(value, int) else tuple(value)


def check_status(cqe, want, what="command"):
    """The completion must carry one of the wanted statuses."""
    want = as_set(want)
    check(cqe.status in want, f"{what}: {cqe}, expected {names(want)}")
    return cqe


class Conn:
    """A connection whose owner decides what the protocol is."""

    # Every open connection, so that the runner can close what a case left behind.
    live = set()

    def __init__(self, addr, *, rcvbuf=None, timeout=REPLY, source=None):
        family = socket.AF_INET6 if ":" in addr[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout)
        if source:
            self.sock.bind((source, 0))
        try:
            self.sock.connect(addr)
        except OSError as err:
            self.sock.close()
            raise Closed(f"connect to {addr[0]} port {addr[1]}: {err}") from err
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addr = addr
        self.hpda = 0
        self.hdgst = self.ddgst = False
        self.fmt = pdu.Format()
        self.maxh2cdata = None
        self.icresp = None
        self._buf = b""
        Conn.live.add(self)

    # -- sending ---------------------------------------------------------------------------

    def send(self, data):
        """Send bytes as they are."""
        try:
            self.sock.settimeout(REPLY)
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionError) as err:
            raise Closed(f"send: {err}") from err
        except TimeoutError as err:
            raise Quiet(f"the target did not take {len(data)} bytes in {REPLY:.0f} s") from err

    def send_quietly(self, data):
        """Send bytes that the target may be right not to wait for."""
        try:
            self.send(data)
        except Fail:
            pass

    def send_cut(self, data, cuts, pause=0.001):
        """Send bytes in pieces, a segment each; cuts are offsets."""
        start = 0
        for cut in list(cuts) + [len(data)]:
            if cut > start:
                self.send(data[start:cut])
                start = cut
                time.sleep(pause)

    # -- receiving -------------------------------------------------------------------------

    def _fill(self, count, deadline):
        while len(self._buf) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise Quiet(f"no answer: {len(self._buf)} of {count} bytes")
            try:
                piece = self.sock.recv(262144)
            except ConnectionError as err:
                raise Closed(f"connection lost ({err.strerror}) with {len(self._buf)} bytes "
                             f"of a PDU") from err
            if not piece:
                raise Closed(f"the target closed the connection with {len(self._buf)} bytes "
                             f"of a PDU")
            self._buf += piece

    def _take(self, count):
        piece, self._buf = self._buf[:count], self._buf[count:]
        return piece

    def recv(self, timeout=REPLY):
        """One PDU, its form and digests checked."""
        deadline = time.monotonic() + timeout
        self._fill(8, deadline)
        try:
            hlen, hd, pad, dlen, dd = pdu.check_common(self._buf[:8], self.hdgst, self.ddgst,
                                                       self.hpda)
        except pdu.Malformed as err:
            raise Fail(str(err)) from err
        self._fill(hlen + hd + pad + dlen + dd, deadline)
        header, digest = self._take(hlen), self._take(hd)
        padding, data, ddgst = self._take(pad), self._take(dlen), self._take(dd)
        got = pdu.Pdu(header, digest, padding, data, ddgst)
        if hd:
            want = pdu.crc32c(header)
            check(struct.unpack("<I", digest)[0] == want, f"{got}: header digest is wrong")
        if dd:
            want = pdu.crc32c(data)
            check(struct.unpack("<I", ddgst)[0] == want, f"{got}: data digest is wrong")
        if got.ptype == pdu.C2H_DATA:
            check(got.datal == dlen, f"{got}: DATAL is not the {dlen} bytes of the PDU")
            check(dlen % 4 == 0 and got.datao % 4 == 0, f"{got}: not in dwords")
        if got.ptype in (pdu.C2H_DATA, pdu.R2T, pdu.C2H_TERM, pdu.ICRESP):
            check(not any(got.reserved), f"{got}: reserved bytes are not zero")
        return got

    def expect(self, ptype, timeout=REPLY):
        """The next PDU, which must be of this type."""
        got = self.recv(timeout)
        check(got.ptype == ptype, f"{got}, expected {pdu.NAMES[ptype]}")
        return got

    def expect_silence(self, seconds):
        """Nothing may arrive and nothing may close for this long."""
        try:
            got = self.recv(seconds)
        except Quiet:
            check(not self._buf, f"part of a PDU arrived: {self._buf[:16].hex()}")
            return
        raise Fail(f"{got}, expected silence")

    def expect_closed(self, timeout=REPLY, *, quiet=True):
        """The target must close; with quiet, without sending another byte."""
        deadline = time.monotonic() + timeout
        data = self._buf
        self._buf = b""
        while True:
            left = deadline - time.monotonic()
            check(left > 0 and select.select([self.sock], [], [], left)[0],
                  f"the target did not close the connection in {timeout:.1f} s")
            try:
                piece = self.sock.recv(65536)
            except ConnectionError:
                piece = b""
            if not piece:
                break
            data += piece
        check(not quiet or not data, f"{len(data)} bytes before the close: {data[:32].hex()}")
        return data

    def expect_nothing_more(self, seconds):
        """No byte may arrive for this long; a close may."""
        deadline = time.monotonic() + seconds
        check(not self._buf, f"more bytes: {self._buf[:32].hex()}")
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return
            try:
                piece = self.sock.recv(65536)
            except ConnectionError:
                return
            if not piece:
                return
            raise Fail(f"more bytes: {piece[:32].hex()}")

    def closed(self):
        """Whether the target has closed, without waiting and without losing data."""
        while select.select([self.sock], [], [], 0)[0]:
            try:
                piece = self.sock.recv(65536)
            except ConnectionError:
                return True
            if not piece:
                return True
            self._buf += piece
        return False

    def expect_term(self, *verdicts, sent=None, timeout=REPLY):
        """The next PDU must be a C2HTermReq with one of the verdicts, each (FES, FEI).

        FEI None stands for the FES values whose FEI is reserved (2, 4 and 5), which must then be
        zero. sent is the offending PDU: the data must be its header, or the part of the header
        that the target had looked at.
        """
        try:
            got = self.recv(timeout)
        except Closed as err:
            raise Closed(f"{err}, expected C2HTermReq") from err
        except Quiet as err:
            raise Quiet(f"{err}, expected C2HTermReq") from err
        check(got.ptype == pdu.C2H_TERM, f"{got}, expected C2HTermReq")
        wanted = [(fes, 0 if fei is None else fei) for fes, fei in verdicts]
        check((got.fes, got.fei) in wanted,
              f"{got}, expected " + " or ".join(f"FES {f} FEI {i}" for f, i in wanted))
        check(got.hlen == 24 and got.pdo == 0, f"{got}: reserved PDO is not zero")
        if sent is not None:
            check(len(got.data) >= 8, f"{got}: {len(got.data)} bytes of the header in error")
            check(sent.startswith(got.data), f"{got}: data is not the header in error: "
                  f"{got.data.hex()}, sent {sent[:len(got.data)].hex()}")
        return got

    def gone(self):
        """Whether the peer has given the connection up: a byte sent to it is answered with a
        reset. An end of stream alone says only that it will send no more."""
        self.closed()
        for _ in range(3):
            self.send_quietly(b"\0")
            time.sleep(0.02)
        state = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state == _TCP_CLOSE

    def expect_closed_or_term(self, *verdicts, sent=None, timeout=REPLY):
        """A close without a word, or one of the verdicts; returns the FES, None for a close."""
        try:
            return self.expect_term(*verdicts, sent=sent, timeout=timeout).fes
        except Closed:
            return None

    # -- set-up ----------------------------------------------------------------------------

    def handshake(self, *, hpda=0, hdgst=False, ddgst=False, maxr2t=0):
        """ICReq and ICResp; what was negotiated holds from here on."""
        dgst = (1 if hdgst else 0) | (2 if ddgst else 0)
        self.send(pdu.icreq(hpda=hpda, dgst=dgst, maxr2t=maxr2t))
        return self.accept_icresp(hpda, dgst)

    def accept_icresp(self, hpda=0, dgst=0):
        """Receive and check the ICResp."""
        resp = self.expect(pdu.ICRESP)
        check(resp.pdo == 0, f"{resp}: reserved PDO is not zero")
        check(resp.pfv == 0, f"ICResp has PFV {resp.pfv}")
        check(resp.cpda == 0, f"ICResp has CPDA {resp.cpda}; hosts take only 0")
        check(not resp.dgst & ~3, f"ICResp has reserved digest bits {resp.dgst:#x}")
        check(resp.dgst & ~dgst == 0, f"ICResp enables digests {resp.dgst} not asked for")
        check(resp.dgst == dgst, f"ICResp enables digests {resp.dgst}, asked for {dgst}")
        check(resp.maxh2cdata % 4 == 0, f"MAXH2CDATA {resp.maxh2cdata} is not in dwords")
        check(resp.maxh2cdata >= 4096, f"MAXH2CDATA {resp.maxh2cdata} is below 4096")
        self.hpda = hpda
        self.hdgst, self.ddgst = bool(dgst & 1), bool(dgst & 2)
        self.fmt = pdu.Format(self.hdgst, self.ddgst, resp.cpda)
        self.maxh2cdata = resp.maxh2cdata
        self.icresp = resp
        return resp

    # -- closing ---------------------------------------------------------------------------

    def shutdown_write(self):
        """Half close: the target sees end of stream and may still send."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        """Close in the ordinary way."""
        Conn.live.discard(self)
        self.sock.close()

    def reset(self):
        """Close with a RST."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.close()

    @classmethod
    def close_all(cls):
        """Close every connection that is still open."""
        for conn in list(cls.live):
            conn.close()
