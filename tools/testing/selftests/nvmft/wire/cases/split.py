# SPDX-License-Identifier: GPL-2.0
"""The byte stream has no boundaries: PDUs cut anywhere, and many PDUs at once (figures 5, 6)."""

import random

from nvmetcp import nvme, pdu
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, open_write, pattern

DIGESTS = [("plain", False, False), ("header", True, False), ("both", True, True)]


@case(timeout=30)
def icreq_at_every_byte(env):
    """ICReq in two segments, cut at each of its 127 places."""
    raw = pdu.icreq()
    for cut in range(1, len(raw)):
        conn = env.conn()
        conn.send_cut(raw, [cut], pause=0.0005)
        conn.accept_icresp()
        conn.close()


@case()
def icreq_byte_by_byte(env):
    """ICReq in 128 segments."""
    raw = pdu.icreq()
    conn = env.conn()
    conn.send_cut(raw, range(1, len(raw)))
    conn.accept_icresp()


@rows(DIGESTS, timeout=30)
def command_at_every_byte(env, hdgst, ddgst):
    """A Read capsule in two segments, cut at each place, header digest included."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    for cut in range(1, 72 + (4 if hdgst else 0)):
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
        queue.send_cut(raw, [cut], pause=0.0005)
        cqe = check_status(queue.wait(cid), nvme.OK, f"read cut at {cut}")
        check(cqe.data == KEEP[:512], f"read cut at {cut}: other data")


@rows(DIGESTS, timeout=30)
def capsule_data_at_every_border(env, hdgst, ddgst):
    """A Write with data in the capsule, cut around every border inside it."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    start = 72 + (4 if hdgst else 0)
    end = start + 512
    cuts = [*range(1, 10), *range(70, start + 9), start + 255, start + 256,
            *range(end - 5, end + (4 if ddgst else 0))]
    for cut in sorted(set(cuts)):
        data = pattern(512, cut)
        cid, raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, icd=True), data)
        queue.send_cut(raw, [cut], pause=0.0005)
        check_status(queue.wait(cid), nvme.OK, f"write cut at {cut}")
        check(queue.read(1, 1024, 1) == data, f"write cut at {cut}: other data on the medium")


@rows(DIGESTS, timeout=30)
def h2cdata_at_every_border(env, hdgst, ddgst):
    """An H2CData, cut at each byte of its header and around the borders of its data."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    start = 24 + (4 if hdgst else 0)
    end = start + 512
    cuts = [*range(1, start + 5), start + 256, *range(end - 4, end + (4 if ddgst else 0))]
    for cut in cuts:
        cid, data, r2t = open_write(queue, size=512, seed=cut)
        raw = pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt)
        queue.send_cut(raw, [cut], pause=0.0005)
        check_status(queue.wait(cid), nvme.OK, f"H2CData cut at {cut}")
        check(queue.read(1, 1024, 1) == data, f"H2CData cut at {cut}: other data on the medium")


@rows(DIGESTS)
def everything_byte_by_byte(env, hdgst, ddgst):
    """A Write with 64 bytes more than a block border, and a Read, one byte a segment."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    data = pattern(512, 21)
    cid1, raw1 = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, icd=True), data)
    cid2, raw2 = queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
    raw = raw1 + raw2
    queue.send_cut(raw, range(1, len(raw)), pause=0)
    check_status(queue.wait(cid1), nvme.OK)
    check(queue.wait(cid2).data == KEEP[:512], "read")
    check(queue.read(1, 1024, 1) == data, "write")


@case()
def connect_byte_by_byte(env):
    """The Connect of an admin queue, one byte a segment."""
    host = env.host()
    queue = env.queue()
    cid, raw = queue.build(nvme.connect(0, 31), host.data())
    queue.send_cut(raw, range(1, len(raw)), pause=0)
    check_status(queue.wait(cid), nvme.OK, "Connect")


@rows(DIGESTS)
def many_in_one_segment(env, hdgst, ddgst):
    """Writes, reads and flushes in one segment: each is answered, data right."""
    queue = env.io(hdgst=hdgst, ddgst=ddgst)
    raws, writes, reads, others = [], {}, [], []
    for index in range(8):
        data = pattern(512, 40 + index)
        cid, raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024 + index, 1, 512, icd=True), data)
        writes[cid] = (index, data)
        raws.append(raw)
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, index, 1, 512), expect=512)
        reads.append((cid, KEEP[512 * index:512 * (index + 1)]))
        raws.append(raw)
        cid, raw = queue.build(nvme.flush(1))
        others.append(cid)
        raws.append(raw)
    queue.send(b"".join(raws))
    for cid in [*writes, *others]:
        check_status(queue.wait(cid), nvme.OK)
    for cid, want in reads:
        check(check_status(queue.wait(cid), nvme.OK).data == want, f"read cid {cid}: other data")
    for index, data in writes.values():
        check(queue.read(1, 1024 + index, 1) == data, f"block {1024 + index}")


@case()
def tail_of_one_head_of_next(env):
    """Segments that hold the end of one PDU and the beginning of the next, at odd places."""
    queue = env.io(hdgst=True)
    cids, stream = [], b""
    for index in range(12):
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, index % 8, 1, 512), expect=512)
        cids.append((cid, index % 8))
        stream += raw
    queue.send_cut(stream, range(41, len(stream), 53))
    for cid, index in cids:
        cqe = check_status(queue.wait(cid), nvme.OK)
        check(cqe.data == KEEP[512 * index:512 * (index + 1)], f"read of block {index}")


@rows([("seed_1", 1), ("seed_2", 2), ("seed_3", 3)])
def random_cuts(env, seed):
    """A long mixed stream with cuts at random places (the seed is fixed)."""
    rng = random.Random(seed)
    queue = env.io(hdgst=seed != 1, ddgst=seed == 3)
    todo, stream, blocks = [], b"", {}
    for _ in range(24):
        slba = 1024 + rng.randrange(8)
        if rng.random() < 0.5 and slba not in blocks:
            blocks[slba] = pattern(512, rng.random())
            cid, raw = queue.build(nvme.rw(nvme.WRITE, 1, slba, 1, 512, icd=True), blocks[slba])
        else:
            cid, raw = queue.build(nvme.rw(nvme.READ, 1, 0, 2, 1024), expect=1024)
        todo.append(cid)
        stream += raw
    cuts = sorted(rng.sample(range(1, len(stream)), 40))
    queue.send_cut(stream, cuts)
    for cid in todo:
        cqe = check_status(queue.wait(cid), nvme.OK)
        check(not cqe.data or cqe.data == KEEP[:1024], f"read cid {cid}: other data")
    for slba, data in blocks.items():
        check(queue.read(1, slba, 1) == data, f"block {slba}")


@case()
def transfer_mixed_with_commands(env):
    """H2CData of two writes interleaved with reads, all in one segment."""
    queue = env.io(ddgst=True)
    cid1, data1, r2t1 = open_write(queue, size=4096, seed=50)
    cid2, data2, r2t2 = open_write(queue, size=4096, slba=2048, seed=51)
    stream, reads = b"", []
    for pos in range(0, 4096, 1024):
        last = pos == 3072
        stream += pdu.h2cdata(cid2, r2t2.ttag, pos, data2[pos:pos + 1024], queue.fmt, last=last)
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
        reads.append(cid)
        stream += raw
        stream += pdu.h2cdata(cid1, r2t1.ttag, pos, data1[pos:pos + 1024], queue.fmt, last=last)
    queue.send(stream)
    for cid in (cid1, cid2, *reads):
        check_status(queue.wait(cid), nvme.OK)
    check(queue.read(1, 1024, 8) == data1, "first write")
    check(queue.read(1, 2048, 8) == data2, "second write")
    alive(queue)


@case()
def stops_in_the_middle(env):
    """A host that closes in the middle of a PDU, at places where a target keeps state."""
    for cut in (1, 7, 8, 9, 40, 71, 72, 73, 300, 583):
        queue = env.io()
        _, raw = queue.build(nvme.rw(nvme.WRITE, 1, 1024, 1, 512, icd=True), pattern(512))
        queue.send(raw[:cut])
        queue.close()
        queue.host.close()
