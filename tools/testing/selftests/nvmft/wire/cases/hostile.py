# SPDX-License-Identifier: GPL-2.0
"""Streams that have broken NVMe/TCP targets before, a case for each class.

The other files assert the one right answer to one wrong field. Here several wrong things come
together, and what counts is that the connection ends in an orderly way or stays in step, that no
command completes twice, and that the target serves afterwards (which the runner checks).
"""

import random

from nvmetcp import nvme, pdu
from nvmetcp.conn import Closed, Fail, Quiet, check, check_status
from nvmetcp.host import settle
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, open_write, pattern


def _ends(queue, *, commands=(), timeout=5):
    """The connection must end by C2HTermReq or a close. Commands sent before may be answered, each
    once; returns the C2HTermReq or None."""
    answered = {}
    while True:
        try:
            got = queue.recv(timeout)
        except Closed:
            return None
        except Quiet as err:
            raise Fail(f"neither ended nor refused: {err}") from err
        if got.ptype == pdu.C2H_TERM:
            return got
        if got.ptype == pdu.RSP:
            cid = nvme.Cqe(got.cqe).cid
            check(cid in commands, f"{got}: completion of a command that was not sent")
            answered[cid] = answered.get(cid, 0) + 1
            check(answered[cid] == 1, f"{got}: completed twice")
        else:
            check(got.ptype in (pdu.R2T, pdu.C2H_DATA), f"{got}")


@case()
def w01_h2c_length_incoherent(env):
    """DATAL 0, beyond MAXH2CDATA, and not what PLEN says, in every combination."""
    big = 0x7FFFFFFC
    for datal in (0, 4, 4092, 4100, big, 0xFFFFFFFC, 0xFFFFFFFF):
        for plen in (24, 28, 4120, big, 0xFFFFFFFF):
            queue = env.io()
            cid, data, r2t = open_write(queue)
            if plen == 24 + datal:
                continue
            queue.send_quietly(pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, datal=datal,
                                           last=False, lie={"plen": plen}))
            _ends(queue)
            queue.close()
            queue.host.close()


@case()
def w02_h2c_without_a_write(env):
    """H2CData where no command has a buffer for it: before Connect, after it, beside a read."""
    for ttag in (0, 1, 0xFFFF):
        queue = env.queue()
        queue.send_quietly(pdu.h2cdata(1, ttag, 0, pattern(4096), queue.fmt))
        _ends(queue)
        host = env.up(1)
        host.admin.send_quietly(pdu.h2cdata(1, ttag, 0, pattern(4096)))
        _ends(host.admin)
        queue = env.io()
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, 0, 8, 4096), expect=4096)
        queue.send_quietly(raw + pdu.h2cdata(cid, ttag, 0, pattern(4096), queue.fmt) + raw)
        _ends(queue, commands=(cid,))


@case()
def w03_ttag_out_of_range(env):
    """Tags at and around every power of two, on a connection with open writes."""
    for bit in range(16):
        queue = env.io()
        opened = [open_write(queue, slba=1024 + 8 * i) for i in range(2)]
        tags = {r2t.ttag for _, _, r2t in opened}
        ttag = next(t for t in ((1 << bit) - 1, 1 << bit, (1 << bit) + 1, (1 << bit) + 2)
                    if t not in tags)
        cid, data, _ = opened[0]
        queue.send_quietly(pdu.h2cdata(cid, ttag, 0, data, queue.fmt))
        _ends(queue)
        queue.close()
        queue.host.close()


@rows([("offset", 4096, 4096), ("far_offset", 1 << 30, 4096), ("length", 0, 16384),
       ("both", 4092, 8192), ("wrap", 0xFFFFF000, 8192)])
def w04_beyond_the_buffer(env, datao, size):
    """Data for places behind the command's buffer, sent in full."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    queue.send_quietly(pdu.h2cdata(cid, r2t.ttag, datao, pattern(size), queue.fmt))
    got = _ends(queue)
    check(got is None or got.fes in (pdu.FES_RANGE, pdu.FES_SEQUENCE, pdu.FES_LIMIT), f"{got}")


@case()
def w05_more_bytes_after_the_error(env):
    """As above, and the stream goes on with data, commands and another transfer."""
    queue = env.io()
    first = open_write(queue)
    second = open_write(queue, slba=2048)
    bad = pdu.h2cdata(first[0], first[2].ttag, 8192, pattern(4096), queue.fmt)
    good = pdu.h2cdata(second[0], second[2].ttag, 0, second[1], queue.fmt)
    _, flush = queue.build(nvme.flush(1))
    queue.send_quietly(bad + good + flush + pattern(65536) + bad)
    _ends(queue)
    queue.expect_nothing_more(0.2)


@case()
def w06_data_before_its_r2t(env):
    """A write and H2CData for it in one segment, the tag guessed. With a wrong SGL length too."""
    for ttag in range(3):
        for nbytes in (4096, 512, 8192):
            queue = env.io()
            cid, raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 8, nbytes))
            queue.send_quietly(raw + pdu.h2cdata(cid, ttag, 0, pattern(4096), queue.fmt) * 2)
            _ends(queue, commands=(cid,))
            queue.close()
            queue.host.close()


@case()
def w06_data_before_its_r2t_on_connect(env):
    """The same with a Connect by R2T, on a queue that does not exist yet."""
    data = env.host().data()
    for ttag in range(3):
        for length in (1024, 512):
            queue = env.queue()
            cid, raw = queue.build(nvme.connect(0, 31, icd=False, length=length))
            queue.send_quietly(raw + pdu.h2cdata(cid, ttag, 0, data, queue.fmt) * 2)
            _ends(queue, commands=(cid,))
            queue.close()


@rows([("bare", b""), ("digest", b"\x11\x22\x33\x44"), ("long", bytes(64))])
def w07_second_icreq_with_header_digest(env, tail):
    """A second ICReq where headers have digests: 128 bytes, with what could be its digest."""
    conn = env.conn()
    conn.send(pdu.icreq(dgst=1))
    conn.accept_icresp(0, 1)
    raw = pdu.icreq(dgst=1)
    conn.send_quietly(raw + tail)
    conn.expect_term((pdu.FES_SEQUENCE, None), sent=raw)


@rows([("close", False), ("reset", True)])
def w08_bad_data_digest_then_gone(env, reset):
    """A bad data digest in a piece that is not the last, and the host goes away."""
    for _ in range(5):
        queue = env.io(ddgst=True)
        cid, data, r2t = open_write(queue)
        queue.send(pdu.h2cdata(cid, r2t.ttag, 0, data[:1024], queue.fmt, last=False,
                               bad_ddgst=True))
        if reset:
            queue.reset()
        else:
            queue.close()
        queue.host.close()


@case()
def w09_refused_command_with_bad_data_digest(env):
    """A command that is refused anyway, with a bad data digest: one completion, in step."""
    queue = env.io(ddgst=True)
    wrong = [
        (nvme.rw(nvme.WRITE, 0, 1024, 1, 512, icd=True), nvme.INVALID_NS),
        (nvme.rw(nvme.WRITE, 1, 1 << 40, 1, 512, icd=True), nvme.LBA_RANGE),
        (nvme.rw(nvme.WRITE, 1, 1024, 2, 512, icd=True), nvme.SGL_LENGTH),
        (nvme.sqe(0xC1, 1, dptr=nvme.sgl(nvme.SGL_ICD, 512)), nvme.INVALID_OPCODE),
    ]
    for sqe, status in wrong:
        cid = queue.submit(sqe, pattern(512), bad_ddgst=True)
        check_status(queue.wait(cid), (status, nvme.TRANSIENT_TRANSPORT))
    queue.expect_silence(0.05)
    alive(queue)


def _mem_available():
    with open("/proc/meminfo", encoding="ascii") as info:
        for line in info:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return 0


@case()
def w10_allocation_as_the_host_likes(env):
    """SGLs of gigabytes, many at once: refused, and no memory is pinned for them."""
    queue = env.io(sqsize=63)
    before = _mem_available()
    sizes = (0xFFFFFFFC, 0x80000000, 0x40000000, 0x10000000)
    for nbytes in sizes:
        cids = [queue.submit(nvme.rw(nvme.WRITE, 1, 1024, 0x10000, nbytes)) for _ in range(8)]
        cids += [queue.submit(nvme.rw(nvme.READ, 1, 0, 0x10000, nbytes), expect=nbytes)
                 for _ in range(8)]
        for cid in cids:
            check_status(queue.wait(cid), (nvme.SGL_LENGTH, nvme.INVALID_FIELD, nvme.LBA_RANGE))
    check(not queue.r2ts, "an R2T")
    if env.target.local:
        used = before - _mem_available()
        check(used < 128, f"{used} MiB less memory")
    alive(queue)


@case()
def w11_pieces_across_pages(env):
    """One R2T answered by pieces that begin and end on both sides of page borders."""
    sizes = [4, 4092, 4096, 8, 4088, 12, 4080, 4104, 4, 4096, 4092, 8, 4, 8184, 4]
    total = (sum(sizes) + 511) // 512 * 512
    sizes.append(total - sum(sizes))
    for ddgst in (False, True):
        queue = env.io(ddgst=ddgst)
        cid, data, r2t = open_write(queue, size=total, seed=ddgst)
        check(r2t.r2tl == total, f"{r2t}: a window of {total} bytes")
        pos = 0
        for size in filter(None, sizes):
            queue.send(pdu.h2cdata(cid, r2t.ttag, pos, data[pos:pos + size], queue.fmt,
                                   last=pos + size == total))
            pos += size
        check_status(queue.wait(cid), nvme.OK, "write")
        check(queue.read(1, 1024, total // 512) == data, "the medium does not hold it")


@case()
def w12_nothing_after_a_bad_icreq(env):
    """A bad ICReq, a good one and a Connect behind it: nothing is negotiated or connected."""
    data = env.host().data()
    for bad in (pdu.icreq(plen=127), pdu.icreq(plen=0), pdu.icreq(hpda=32), pdu.icreq(pfv=1)):
        conn = env.conn()
        conn.send_quietly(bad + pdu.icreq() + pdu.capsule(nvme.connect(0, 31), data))
        got = conn.expect(pdu.C2H_TERM)
        check(bad.startswith(got.data), f"{got}")
        conn.expect_nothing_more(0.2)


@case()
def w13_refused_capsule_data_is_drained(env):
    """Writes refused for every reason, with data that looks like commands: none is taken for one."""
    queue = env.io()
    fake = queue.build(nvme.rw(nvme.WRITE, 1, 0, 1, 512, icd=True), b"\xee" * 512)[1]
    data = (fake * 8)[:4096]
    write = nvme.WRITE
    wrong = [
        nvme.sqe(0x81, 1, dptr=nvme.sgl(nvme.SGL_ICD, 4096)),
        nvme.sqe(0x7D, 1, dptr=nvme.sgl(nvme.SGL_ICD, 4096)),
        nvme.rw(write, 0, 1024, 8, 4096, icd=True),
        nvme.rw(write, 1, 1 << 60, 8, 4096, icd=True),
        nvme.rw(write, 1, 1024, 1, 4096, icd=True),
        nvme.rw(write, 1, 1024, 8, 4096, kind=0x40),
        nvme.rw(write, 1, 1024, 8, 4096, icd=True, flags=0),
        nvme.rw(write, 1, 1024, 8, 4096, icd=True, fuse=3),
        nvme.rw(write, 1, 1024, 8, 4096, icd=True, address=8192),
        nvme.fabrics(0x77, dptr=nvme.sgl(nvme.SGL_ICD, 4096)),
        nvme.connect(1, 31, length=4096),
    ]
    for sqe in wrong:
        cid = queue.submit(sqe, data)
        cqe = queue.wait(cid)
        check(cqe.status != nvme.OK, f"{cqe}: success")
    queue.expect_silence(0.1)
    alive(queue)


@case(timeout=30)
def w14_partial_sends_with_digests(env):
    """A host with a tiny receive window that starts to read late: every byte and digest of the
    answers is right, over many short sends."""
    size = 32768
    data = pattern(size, 14)
    env.io().write(1, 4096, data, icd=False)
    host = env.up(0, hdgst=True, ddgst=True)
    host.set_queues(1)
    queue = host.connect_io(1, rcvbuf=2048)
    cids = [queue.submit(nvme.rw(nvme.READ, 1, 4096, size // 512, size), expect=size)
            for _ in range(4)]
    settle(0.2)
    for cid in cids:
        check(check_status(queue.wait(cid), nvme.OK).data == data, "data")


@rows([("command", 0), ("h2cdata", 1)])
def w15_hlen_255_with_header_digest(env, kind):
    """HLEN 255 where a digest is expected behind the header: refused before it is used."""
    queue = env.io(hdgst=True)
    if kind:
        cid, data, r2t = open_write(queue)
        raw = pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, lie={"hlen": 255})
    else:
        raw = queue.build(nvme.flush(1), lie={"hlen": 255})[1]
    queue.send_quietly(raw + bytes(512))
    queue.expect_term((pdu.FES_FIELD, pdu.OFF_HLEN), sent=raw)


@case(timeout=30)
def w16_no_response_is_lost(env):
    """Two thousand commands on two queues, always many in flight: none stays unanswered."""
    host = env.up(2, sqsize=31)
    total, window = 1000, 24
    sent = {1: 0, 2: 0}
    while any(n < total for n in sent.values()):
        batch = {}
        for qid, queue in host.io.items():
            built = [queue.build(nvme.flush(1)) for _ in range(min(window, total - sent[qid]))]
            batch[qid] = [cid for cid, _ in built]
            queue.send(b"".join(raw for _, raw in built))
            sent[qid] += len(built)
        for qid, cids in batch.items():
            for cid in cids:
                check_status(host.io[qid].wait(cid), nvme.OK)


@rows([(f"seed_{seed}", seed) for seed in range(1, 5)], timeout=30)
def garbage(env, seed):
    """Random bytes in place of an ICReq, and after it."""
    rng = random.Random(seed)
    for index in range(10):
        conn = env.conn()
        if index % 2:
            conn.send(pdu.icreq(dgst=rng.randrange(4)))
            conn.expect(pdu.ICRESP)
        junk = rng.randbytes(rng.choice((1, 8, 72, 128, 4096)))
        # A first byte that is no PDU type: otherwise the target may rightly wait for more.
        conn.send_quietly(bytes([rng.choice((0x55, 0xAA, 0xFE))]) + junk + bytes(8))
        _ends(conn)
        conn.close()


@rows([(f"seed_{seed}", seed) for seed in range(1, 7)], timeout=40)
def mutated_stream(env, seed):
    """Good streams with one to three bytes changed: the target answers or ends the connection;
    whatever it does, nothing outside this connection is harmed."""
    rng = random.Random(1000 + seed)
    for _ in range(12):
        hdgst, ddgst = rng.random() < 0.3, rng.random() < 0.3
        queue = env.io(hdgst=hdgst, ddgst=ddgst)
        cid, data, r2t = open_write(queue, slba=1024)
        stream = bytearray()
        for _ in range(rng.randrange(1, 4)):
            # nsid 2: a write that changes place must not hit the blocks of the runner's check.
            sqe = nvme.rw(nvme.WRITE, 2, 1024, 1, 4096, icd=True)
            stream += queue.build(sqe, pattern(4096))[1]
            stream += pdu.h2cdata(cid, r2t.ttag, 0, data[:2048], queue.fmt, last=False)
            stream += queue.build(nvme.rw(nvme.READ, 1, 0, 4, 2048), expect=2048)[1]
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(stream))
            stream[at] ^= 1 << rng.randrange(8)
        queue.send_quietly(bytes(stream))
        try:
            for _ in range(12):
                queue.recv(0.05)
        except Fail:
            pass
        queue.close()
        queue.host.close()


@case()
def abandoned_everywhere(env):
    """Connections left at each step of their life, all open at the same time, then all reset."""
    left = [env.conn() for _ in range(3)]
    left += [env.queue() for _ in range(3)]
    for _ in range(3):
        host = env.host()
        host.connect_admin()
        left.append(host.admin)
    for _ in range(3):
        queue = env.io(ddgst=True)
        cid, data, r2t = open_write(queue)
        queue.send(pdu.h2cdata(cid, r2t.ttag, 0, data[:512], queue.fmt, last=False)[:100])
        left += [queue.host.admin, queue]
    queue = env.io()
    check(queue.read(1, 0, 8) == KEEP, "data")
    for conn in left:
        conn.reset()
