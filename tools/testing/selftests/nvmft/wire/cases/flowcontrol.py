# SPDX-License-Identifier: GPL-2.0
"""SQ flow control on and off: SQHD, and when a C2HData may stand for a completion (6.3)."""

from nvmetcp import nvme, pdu
from nvmetcp.conn import Closed, Fail, Quiet, check, check_status
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, connected_admin, open_write

OFF = nvme.CATTR_NO_SQ_FLOW


def _heads(queue, count, entries):
    """SQHD of commands sent one after another: each advances by one, modulo the queue size."""
    previous = None
    for _ in range(count):
        cqe = queue.cmd(nvme.flush(1))
        check(cqe.sqhd < entries, f"{cqe}: SQHD beyond a queue of {entries} entries")
        if previous is not None:
            check(cqe.sqhd == (previous + 1) % entries,
                  f"SQHD {previous} and then {cqe.sqhd}, queue of {entries} entries")
        previous = cqe.sqhd


@rows([("2_entries", 1), ("3_entries", 2), ("8_entries", 7), ("32_entries", 31)])
def head_of_io_queue(env, sqsize):
    """SQHD counts completions and wraps at the queue's size."""
    queue = env.io(sqsize=sqsize)
    _heads(queue, 2 * sqsize + 3, sqsize + 1)


@case()
def head_of_admin_queue(env):
    """The same on the admin queue, over Fabrics and admin commands."""
    host = env.host()
    host.connect_admin(sqsize=4)
    heads = []
    for index in range(12):
        if index == 6:
            host.enable()
            heads = []
        cqe = host.admin.cmd(nvme.property_get(nvme.VS, 4) if index % 2 or index < 6
                             else nvme.get_features(nvme.FEAT_NUM_QUEUES))
        heads.append(cqe.sqhd)
        if len(heads) > 1:
            check(heads[-1] == (heads[-2] + 1) % 5, f"heads {heads}")


@case()
def head_counts_failures(env):
    """Refused commands move the head too."""
    queue = env.io(sqsize=7)
    previous = queue.flush(1).sqhd
    for _ in range(9):
        cqe = queue.cmd(nvme.sqe(0xC3, 1), status=nvme.INVALID_OPCODE)
        check(cqe.sqhd == (previous + 1) % 8, f"SQHD {previous} and then {cqe.sqhd}")
        previous = cqe.sqhd


@case()
def head_with_commands_in_flight(env):
    """With several commands in flight the head frees places in order: after n completions of n
    commands it has moved n places."""
    queue = env.io(sqsize=15)
    first = queue.flush(1).sqhd
    raws, cids = b"", []
    for _ in range(10):
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
        cids.append(cid)
        raws += raw
    queue.send(raws)
    for cid in cids:
        check_status(queue.wait(cid), nvme.OK)
    check(queue.flush(1).sqhd == (first + 11) % 16, "the head is not where 11 commands put it")


@case()
def connect_with_flow_control(env):
    """Connect without the wish to disable it: SQHD is not FFFFh."""
    host = env.up(0)
    host.set_queues(1)
    host.connect_io(1)
    check(host.io[1].flow_control, "flow control is off")


@rows([("admin", True), ("io", False)])
def connect_without_flow_control(env, admin):
    """Connect with the wish to disable it: granted, SQHD is FFFFh."""
    host = env.up(1, admin_cattr=OFF if admin else 0, io_cattr=0 if admin else OFF)
    queue = host.admin if admin else host.io[1]
    check(not queue.flow_control, "SQHD is not FFFFh")
    host.identify(1)
    alive(host.io[1])


@case()
def success_flag_when_off(env):
    """Flow control off: a successful read ends with SUCCESS in its last C2HData, and no response
    capsule follows."""
    queue = env.io(io_cattr=OFF)
    for blocks in (1, 8):
        cid = queue.submit(nvme.rw(nvme.READ, 1, 0, blocks, 512 * blocks), expect=512 * blocks)
        cqe = queue.wait(cid)
        check(cqe.success_flag, f"{cqe}: a response capsule, although SUCCESS saves it")
        check(cqe.data == KEEP[:512 * blocks], "other data")
    queue.expect_silence(0.1)
    alive(queue)


@case()
def success_flag_never_when_on(env):
    """Flow control on: every read ends with a response capsule."""
    queue = env.io()
    for blocks in (1, 8, 8):
        cid = queue.submit(nvme.rw(nvme.READ, 1, 0, blocks, 512 * blocks), expect=512 * blocks)
        got = queue.expect(pdu.C2H_DATA)
        check(got.last and not got.success, f"{got}")
        check(queue.expect(pdu.RSP).ptype == pdu.RSP, "response")
        queue.expected.pop(cid)
        queue.c2h.pop(cid)


@case()
def failed_read_has_a_capsule(env):
    """Flow control off: a failed read and commands without data still get a response capsule."""
    queue = env.io(io_cattr=OFF)
    size = queue.host.ns(1).nsze
    cqe = queue.cmd(nvme.rw(nvme.READ, 1, size, 1, 512), expect=512, status=nvme.LBA_RANGE)
    check(not cqe.success_flag, "SUCCESS of a failed read")
    check(not queue.flush(1).success_flag, "SUCCESS of a Flush")
    alive(queue)


@case()
def admin_data_when_off(env):
    """Flow control off on the admin queue: data commands end once, features keep their DW0."""
    host = env.up(0, admin_cattr=OFF)
    for _ in range(3):
        host.identify(1)
        check(host.get_feature(nvme.FEAT_AEC) == host.get_feature(nvme.FEAT_AEC), "AEC")
    host.admin.expect_silence(0.05)


@case()
def more_commands_than_entries(env):
    """A host that overruns its queue by far: every command is answered, or the connection ends;
    the target does not suffer."""
    queue = env.io(sqsize=3)
    raws = b""
    for _ in range(64):
        raws += queue.build(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)[1]
    queue.send(raws)
    try:
        while len(queue.done) < 64:
            queue.pump(1)
    except (Closed, Quiet):
        check(queue.closed(), f"{len(queue.done)} of 64 commands answered, and no close")
    except Fail as err:
        check("C2HTermReq" in str(err), str(err))


@case()
def more_writes_than_entries(env):
    """The same with writes that wait for data."""
    queue = env.io(sqsize=3)
    try:
        for index in range(64):
            open_write(queue, slba=1024 + 8 * index)
    except (Closed, Quiet):
        return
    except Fail as err:
        check("C2HTermReq" in str(err) or "completed without an R2T" in str(err), str(err))


@case()
def duplicate_cid_read(env):
    """A command with the identifier of one in flight: Command ID Conflict for the new one; the
    old one ends in the ordinary way."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    queue.submit(nvme.flush(1), cid=cid)
    check_status(queue.wait(cid), nvme.CID_CONFLICT, "duplicate")
    queue.answer(r2t, data)
    check_status(queue.wait(cid), nvme.OK, "the first command")
    check(queue.read(1, 1024, 8) == data, "the medium does not hold what was written")


@case()
def duplicate_cid_with_capsule_data(env):
    """The duplicate carries data in its capsule, which is drained."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    queue.submit(nvme.rw(nvme.WRITE, 1, 2048, 8, 4096, icd=True), KEEP, cid=cid)
    check_status(queue.wait(cid), nvme.CID_CONFLICT, "duplicate")
    queue.answer(r2t, data)
    check_status(queue.wait(cid), nvme.OK, "the first command")
    alive(queue)


@case()
def cid_reused_at_once(env):
    """An identifier may be used again as soon as its completion has come (L12)."""
    queue = env.io()
    for index in range(50):
        cid = queue.submit(nvme.rw(nvme.READ, 1, index % 8, 1, 512), cid=7, expect=512)
        cqe = check_status(queue.wait(cid), nvme.OK, f"command {index}")
        check(cqe.data == KEEP[512 * (index % 8):512 * (index % 8 + 1)], f"command {index}")


@rows([("0", 0), ("ffff", 0xFFFF), ("8000", 0x8000)])
def any_cid(env, cid):
    """Every identifier is legal, also those far above the queue's size."""
    queue = env.io()
    queue.submit(nvme.rw(nvme.READ, 1, 0, 1, 512), cid=cid, expect=512)
    check(check_status(queue.wait(cid), nvme.OK).data == KEEP[:512], "data")


@case()
def reserved_fields_of_completions(env):
    """Completions carry nothing in their reserved fields (C4)."""
    host = env.up(1, kato=60000)
    for queue, sqe in ((host.io[1], nvme.flush(1)), (host.admin, nvme.sqe(nvme.KEEP_ALIVE))):
        cqe = queue.cmd(sqe)
        check(cqe.value == 0, f"{cqe}: DW0 and DW1")
        check(cqe.phase == 0, f"{cqe}: the phase tag is reserved on fabrics")
        check(cqe.crd == 0 and not cqe.more, f"{cqe}: CRD, More")
    queue = connected_admin(env)
    check(queue.cmd(nvme.property_set(nvme.CC, 4, 0)).value == 0, "Property Set")
