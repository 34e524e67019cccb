# SPDX-License-Identifier: GPL-2.0
"""PDU data alignment: HPDA honoured in C2HData, CPDA 0 as hosts want it (transport spec 3.3)."""

from nvmetcp import nvme, pdu
from nvmetcp.conn import check
from nvmetcp.ktap import KEEP, case, rows


def _read_aligned(host, hpda, hdgst, ddgst):
    """Reads whose C2HData must start where HPDA says; Conn.recv checks each PDO."""
    queue = host.connect_io(hpda + 1, hpda=hpda, hdgst=hdgst, ddgst=ddgst)
    align = (hpda + 1) * 4
    cid = queue.submit(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
    got = queue.expect(pdu.C2H_DATA)
    head = 24 + (4 if hdgst else 0)
    want = (head + align - 1) // align * align
    check(got.pdo == want, f"{got}: alignment {align} after {head} bytes asks for PDO {want}")
    queue.file(got)
    check(queue.wait(cid).data == KEEP[:512], "other data")
    check(queue.read(1, 0, 3) == KEEP[:1536], "other data in a second read")


@rows([("plain", False, False), ("header", True, False), ("both", True, True)], timeout=30)
def every_hpda(env, hdgst, ddgst):
    """HPDA 0..31: C2HData begins at the first multiple of 4 * (HPDA + 1) behind the header."""
    host = env.up(0)
    host.set_queues(32)
    for hpda in range(32):
        _read_aligned(host, hpda, hdgst, ddgst)


@case()
def identify_aligned(env):
    """Admin data is aligned too."""
    host = env.up(0, hpda=31)
    check(len(host.identify(1)) == 4096, "Identify")


@case()
def padding_is_zero(env):
    """The padding is reserved bytes: zero, not what was in memory before (C4)."""
    for hpda in (3, 9, 31):
        queue = env.io(hpda=hpda)
        queue.submit(nvme.rw(nvme.READ, 1, 0, 8, 4096), expect=4096)
        got = queue.expect(pdu.C2H_DATA)
        check(got.pad, f"{got}: no padding at HPDA {hpda}")
        check(not any(got.pad), f"{got}: padding {got.pad.hex()}")
        queue.host.close()


@case()
def cpda_is_zero(env):
    """ICResp's CPDA is 0, and data right behind the header is taken."""
    queue = env.io(hdgst=True)
    check(queue.icresp.cpda == 0, f"CPDA {queue.icresp.cpda}")
    queue.write(1, 1024, KEEP, icd=True)
    check(queue.read(1, 1024, 8) == KEEP, "data")


@case()
def hpda_per_connection(env):
    """Two queues of one host with different alignments."""
    host = env.up(0)
    host.set_queues(2)
    first = host.connect_io(1, hpda=7)
    second = host.connect_io(2, hpda=0)
    for _ in range(3):
        check(first.read(1, 0, 1) == KEEP[:512], "queue 1")
        check(second.read(1, 0, 1) == KEEP[:512], "queue 2")
