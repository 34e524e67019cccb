# SPDX-License-Identifier: GPL-2.0
"""A small well-behaved host: queues that move data, and an association made of them."""

import time

from . import ident, nvme, pdu
from .conn import PACE, REPLY, Conn, Fail, Quiet, check, check_status

HOSTNQN = "nqn.2014-08.org.nvmexpress:uuid:6e766d66-7400-4000-8000-000000000001"
HOSTID = bytes(range(0x10, 0x20))

# What an admin or Fabrics command may carry in its capsule, whatever IOCCSZ says (3.3.1).
ADMIN_ICD = 8192


class Queue(Conn):
    """A connection after its ICReq, with the bookkeeping of commands on it."""

    def __init__(self, addr, *, hpda=0, hdgst=False, ddgst=False, maxr2t=0, rcvbuf=None,
                 source=None):
        super().__init__(addr, rcvbuf=rcvbuf, source=source)
        self.maxr2t = maxr2t
        self.host = None
        self.qid = 0
        self.flow_control = True
        self.next_cid = 1
        self.expected = {}   # cid -> bytes that may come back
        self.c2h = {}        # cid -> data received so far
        self.done = {}       # cid -> completion not yet asked for
        self.r2ts = []       # R2Ts not yet asked for
        self.handshake(hpda=hpda, hdgst=hdgst, ddgst=ddgst, maxr2t=maxr2t)

    @property
    def icd_limit(self):
        """How much data a command of this queue may carry in its capsule."""
        return max(self.host.ctrl.ioccsz * 16 - 64, 0) if self.qid else ADMIN_ICD

    # -- one command at a time -------------------------------------------------------------

    def new_cid(self):
        """A command identifier not used before on this queue (until 16 bits wrap)."""
        cid = self.next_cid
        self.next_cid = (cid + 1) & 0xFFFF
        return cid

    def build(self, sqe, data=b"", *, cid=None, expect=0, **kw):
        """A CapsuleCmd for sqe with data in the capsule; returns (cid, bytes to send)."""
        cid = self.new_cid() if cid is None else cid
        nvme.set_cid(sqe, cid)
        if expect:
            self.expected[cid] = expect
            self.c2h[cid] = bytearray()
        return cid, pdu.capsule(sqe, data, self.fmt, **kw)

    def submit(self, sqe, data=b"", *, cid=None, expect=0, **kw):
        """Send a command; expect is how many bytes may come back."""
        cid, raw = self.build(sqe, data, cid=cid, expect=expect, **kw)
        self.send(raw)
        return cid

    def pump(self, timeout=REPLY):
        """Receive one PDU and file it under its command."""
        self.file(self.recv(timeout))

    def file(self, got):
        """File one received PDU under its command."""
        if got.ptype == pdu.RSP:
            self._complete(nvme.Cqe(got.cqe))
        elif got.ptype == pdu.C2H_DATA:
            self._c2h_data(got)
        elif got.ptype == pdu.R2T:
            check(got.r2tl and got.r2tl % 4 == 0 and got.r2to % 4 == 0, f"{got}: not in dwords")
            self.r2ts.append(got)
        else:
            raise Fail(f"unexpected {got}")

    def _complete(self, cqe):
        # Two completions of one identifier may both be right: a duplicate is refused with the
        # identifier of the command it repeats.
        cqe.data = bytes(self.c2h.pop(cqe.cid, b""))
        if cqe.status == nvme.OK and cqe.cid in self.expected:
            want = self.expected[cqe.cid]
            check(len(cqe.data) == want, f"{cqe}: {len(cqe.data)} bytes of data, "
                  f"the command asked for {want}")
        self.expected.pop(cqe.cid, None)
        self.done.setdefault(cqe.cid, []).append(cqe)

    def _c2h_data(self, got):
        check(got.cccid in self.c2h, f"{got}: data for a command that wants none")
        data = self.c2h[got.cccid]
        check(got.datal, f"{got}: C2HData without data")
        check(got.datao == len(data), f"{got}: DATAO is not the {len(data)} bytes sent so far")
        data += got.data
        want = self.expected[got.cccid]
        check(len(data) <= want, f"{got}: {len(data)} bytes for a command that asked for {want}")
        check(not got.success or got.last, f"{got}: SUCCESS without LAST_PDU")
        check(got.last == (len(data) == want), f"{got}: LAST_PDU {got.last} at {len(data)} of "
              f"{want} bytes")
        if got.success:
            check(not self.flow_control, f"{got}: SUCCESS although SQ flow control is on")
            self._complete(nvme.Cqe.implied(got.cccid))

    def wait(self, cid, timeout=REPLY):
        """The completion of a command."""
        deadline = time.monotonic() + timeout
        while not self.done.get(cid):
            left = deadline - time.monotonic()
            if left <= 0:
                raise Quiet(f"no completion of cid {cid} in {timeout:.1f} s")
            self.pump(left)
        queue = self.done[cid]
        cqe = queue.pop(0)
        if not queue:
            del self.done[cid]
        return cqe

    def wait_r2t(self, cid, timeout=REPLY):
        """The next R2T of a command."""
        deadline = time.monotonic() + timeout
        while True:
            for index, r2t in enumerate(self.r2ts):
                if r2t.cccid == cid:
                    return self.r2ts.pop(index)
            check(not self.done.get(cid), f"cid {cid} completed without an R2T: "
                  f"{self.done.get(cid) and self.done[cid][0]}")
            left = deadline - time.monotonic()
            if left <= 0:
                raise Quiet(f"no R2T for cid {cid} in {timeout:.1f} s")
            self.pump(left)

    def answer(self, r2t, data, *, piece=None, **kw):
        """Send what one R2T asks for, in H2CData PDUs of at most piece bytes; kw are lies."""
        step = min(piece or self.maxh2cdata, self.maxh2cdata)
        end = r2t.r2to + r2t.r2tl
        check(end <= len(data), f"{r2t}: beyond the {len(data)} bytes of the command")
        pos = r2t.r2to
        while pos < end:
            size = min(step, end - pos)
            self.send(pdu.h2cdata(r2t.cccid, r2t.ttag, pos, data[pos:pos + size], self.fmt,
                                  last=pos + size == end, **kw))
            pos += size

    def transfer(self, cid, data, *, piece=None, timeout=REPLY):
        """Answer the R2Ts of a write until it has its data; returns the completion."""
        sent = 0
        while sent < len(data):
            r2t = self.wait_r2t(cid, timeout)
            check(r2t.r2to == sent, f"{r2t}: not the {sent} bytes sent so far")
            self.answer(r2t, data, piece=piece)
            sent += r2t.r2tl
        return self.wait(cid, timeout)

    def cmd(self, sqe, data=b"", *, expect=0, status=nvme.OK, what="command", timeout=REPLY):
        """A command to its completion, which must have one of the statuses."""
        cid = self.submit(sqe, data, expect=expect)
        return check_status(self.wait(cid, timeout), status, what)

    # -- NVM I/O ---------------------------------------------------------------------------

    def read(self, nsid, slba, blocks, block=512, *, status=nvme.OK, **kw):
        """Read blocks; returns the data."""
        size = blocks * block
        return self.cmd(nvme.rw(nvme.READ, nsid, slba, blocks, size, **kw), expect=size,
                        status=status, what=f"read {slba}+{blocks}").data

    def write(self, nsid, slba, data, block=512, *, icd=None, status=nvme.OK, piece=None, **kw):
        """Write data: in the capsule where it fits, else by R2T."""
        blocks = len(data) // block
        if icd is None:
            icd = len(data) <= self.icd_limit
        sqe = nvme.rw(nvme.WRITE, nsid, slba, blocks, len(data), icd=icd, **kw)
        cid = self.submit(sqe, data if icd else b"")
        cqe = self.wait(cid) if icd else self.transfer(cid, data, piece=piece)
        return check_status(cqe, status, f"write {slba}+{blocks}")

    def flush(self, nsid, status=nvme.OK):
        """Flush a namespace."""
        return self.cmd(nvme.flush(nsid), status=status, what="flush")

    # -- Fabrics ---------------------------------------------------------------------------

    def connect(self, data, qid, sqsize, *, status=nvme.OK, icd=True, **kw):
        """Send a Connect; returns its completion."""
        sqe = nvme.connect(qid, sqsize, icd=icd, **kw)
        cid = self.submit(sqe, data if icd else b"")
        cqe = self.wait(cid) if icd else self.transfer(cid, data)
        return check_status(cqe, status, f"Connect of queue {qid}")

    def prop_get(self, offset, size=4):
        """The value of a property."""
        return self.cmd(nvme.property_get(offset, size), what=f"Property Get {offset:#x}").value

    def prop_set(self, offset, value, size=4, status=nvme.OK):
        """Set a property."""
        return self.cmd(nvme.property_set(offset, size, value), status=status,
                        what=f"Property Set {offset:#x} = {value:#x}")


class Host:
    """A host and the association it has with one controller."""

    def __init__(self, addr, subnqn, *, hostnqn=HOSTNQN, hostid=HOSTID, hpda=0, hdgst=False,
                 ddgst=False, maxr2t=0, source=None):
        self.addr, self.subnqn = addr, subnqn
        self.hostnqn, self.hostid = hostnqn, hostid
        self.link = {"hpda": hpda, "hdgst": hdgst, "ddgst": ddgst, "maxr2t": maxr2t,
                     "source": source}
        self.admin = None
        self.io = {}
        self.cntlid = None
        self._ctrl = None

    def queue(self, addr=None, **kw):
        """A new connection of this host, after its ICReq."""
        return Queue(addr or self.addr, **{**self.link, **kw})

    def data(self, cntlid=0xFFFF, **kw):
        """Connect data of this host; keywords replace a field."""
        fields = {"hostid": self.hostid, "cntlid": cntlid, "subnqn": self.subnqn,
                  "hostnqn": self.hostnqn}
        fields.update(kw)
        return nvme.connect_data(**fields)

    def connect_admin(self, sqsize=31, *, kato=0, cattr=0, **kw):
        """The admin queue; the controller is not yet enabled."""
        queue = self.queue(**kw)
        cqe = queue.connect(self.data(), 0, sqsize, kato=kato, cattr=cattr)
        check(cqe.dw0 >> 16 == 0, f"Connect asks for authentication: dw0 {cqe.dw0:#x}")
        self.cntlid = cqe.dw0 & 0xFFFF
        check(self.cntlid < 0xFFF0, f"CNTLID {self.cntlid:#x} is reserved")
        self.note_flow_control(queue, cqe, sqsize, cattr)
        queue.host = self
        self.admin = queue
        return cqe

    @staticmethod
    def note_flow_control(queue, cqe, sqsize, cattr):
        """SQHD FFFFh answers a wish for no SQ flow control, and only that."""
        off = cqe.sqhd == 0xFFFF
        check(not off or cattr & nvme.CATTR_NO_SQ_FLOW,
              "Connect response has SQHD FFFFh although flow control was not to be disabled")
        check(off or cqe.sqhd <= sqsize, f"SQHD {cqe.sqhd} of a queue of {sqsize + 1} entries")
        queue.flow_control = not off

    def enable(self, timeout=REPLY):
        """Set CC.EN and wait for CSTS.RDY."""
        self.admin.prop_set(nvme.CC, nvme.CC_EN | nvme.CC_IOSQES_IOCQES)
        self.wait_csts(nvme.CSTS_RDY, nvme.CSTS_RDY, timeout)

    def wait_csts(self, mask, value, timeout=REPLY):
        """Wait until CSTS has these bits."""
        deadline = time.monotonic() + timeout
        while True:
            csts = self.admin.prop_get(nvme.CSTS)
            if csts & mask == value:
                return csts
            check(time.monotonic() < deadline, f"CSTS is {csts:#x}, expected {value:#x} under "
                  f"{mask:#x}")
            time.sleep(0.005)

    def set_queues(self, count):
        """Ask for I/O queue pairs; returns how many were granted."""
        wish = count - 1
        cqe = self.admin.cmd(nvme.set_features(nvme.FEAT_NUM_QUEUES, wish << 16 | wish),
                             what="Set Features Number of Queues")
        return min(cqe.dw0 & 0xFFFF, cqe.dw0 >> 16) + 1

    def connect_io(self, qid, sqsize=31, *, cattr=0, kato=0, icd=True, **kw):
        """An I/O queue."""
        queue = self.queue(**kw)
        cqe = queue.connect(self.data(self.cntlid), qid, sqsize, cattr=cattr, kato=kato, icd=icd)
        self.note_flow_control(queue, cqe, sqsize, cattr)
        queue.host, queue.qid = self, qid
        self.io[qid] = queue
        return queue

    @property
    def ctrl(self):
        """Identify Controller, asked for once."""
        if self._ctrl is None:
            self._ctrl = ident.Controller(self.identify(1))
        return self._ctrl

    def up(self, queues=1, *, kato=0, sqsize=31, admin_cattr=0, io_cattr=0):
        """Everything a host does before its first I/O."""
        self.connect_admin(kato=kato, cattr=admin_cattr)
        self.enable()
        if queues:
            granted = self.set_queues(queues)
            check(granted >= queues, f"asked for {queues} I/O queues, granted {granted}")
            for qid in range(1, queues + 1):
                self.connect_io(qid, sqsize, cattr=io_cattr)
        return self

    # -- admin commands --------------------------------------------------------------------

    def identify(self, cns, nsid=0, *, status=nvme.OK, **kw):
        """An Identify; returns the 4096 bytes."""
        return self.admin.cmd(nvme.identify(cns, nsid, **kw), expect=4096, status=status,
                              what=f"Identify CNS {cns:02X}h nsid {nsid:#x}").data

    def ns(self, nsid):
        """Identify Namespace, CNS 00h."""
        return ident.Namespace(self.identify(0, nsid))

    def log(self, lid, length, *, status=nvme.OK, **kw):
        """A Get Log Page; returns the data."""
        return self.admin.cmd(nvme.get_log(lid, length, **kw), expect=length, status=status,
                              what=f"Get Log Page {lid:02X}h length {length} {kw}").data

    def get_feature(self, fid, *, status=nvme.OK, **kw):
        """A Get Features without data; returns DW0."""
        return self.admin.cmd(nvme.get_features(fid, **kw), status=status,
                              what=f"Get Features {fid:02X}h").dw0

    def set_feature(self, fid, value, *, status=nvme.OK, **kw):
        """A Set Features without data."""
        return self.admin.cmd(nvme.set_features(fid, value, **kw), status=status,
                              what=f"Set Features {fid:02X}h")

    def aer(self, cid=None):
        """Send an Asynchronous Event Request; returns its cid."""
        return self.admin.submit(nvme.sqe(nvme.ASYNC_EVENT), cid=cid)

    def close(self):
        """Close every connection, I/O queues first."""
        for queue in self.io.values():
            queue.close()
        self.io = {}
        if self.admin:
            self.admin.close()
            self.admin = None


def settle(seconds):
    """Wait for something that the target does by itself, longer on a slow machine."""
    time.sleep(seconds * PACE.factor)
