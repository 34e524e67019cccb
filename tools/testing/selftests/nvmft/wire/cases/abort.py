# SPDX-License-Identifier: GPL-2.0
"""Abort: looks for the command, says whether it found it, never completes it twice (5.1.1)."""

from nvmetcp import nvme
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, finish_write, open_write


def _abort(host, sqid, cid):
    """Abort a command; returns True if it was aborted at once."""
    cqe = host.admin.cmd(nvme.abort(sqid, cid), what=f"Abort of cid {cid} on queue {sqid}")
    check(cqe.dw0 & ~1 == 0, f"{cqe}: reserved bits of DW0")
    return not cqe.dw0 & 1


@case()
def event_request(env):
    """An Asynchronous Event Request is aborted: it completes with Abort Requested before the
    Abort does, and its place is free."""
    host = env.up(0)
    room = host.ctrl.aerl + 1
    held = [host.aer() for _ in range(room)]
    check(_abort(host, 0, held[1]), "the Abort says it was not aborted")
    check(held[1] in host.admin.done, "the Abort completed before the command it aborted")
    check_status(host.admin.wait(held[1]), nvme.ABORT_REQUESTED, "event request")
    host.aer()
    host.admin.expect_silence(0.1)


@case()
def event_request_twice(env):
    """The second Abort of the same command finds nothing; one completion in all."""
    host = env.up(0)
    held = host.aer()
    check(_abort(host, 0, held), "the Abort says it was not aborted")
    check_status(host.admin.wait(held), nvme.ABORT_REQUESTED, "event request")
    check(not _abort(host, 0, held), "a command that is gone was aborted again")
    host.admin.expect_silence(0.1)


@rows([("admin", 0, 0x7777), ("io", 1, 0x7777), ("cid_max", 0, 0xFFFF),
       ("queue_not_connected", 5, 1), ("queue_max", 0xFFFF, 1)])
def not_found(env, sqid, cid):
    """A command, or a queue, that is not there: success, and DW0 bit 0 says not aborted."""
    host = env.up(1)
    check(not _abort(host, sqid, cid), "something was aborted that does not exist")


@case()
def itself(env):
    """An Abort of itself aborts nothing."""
    host = env.up(0)
    cid = host.admin.new_cid()
    host.admin.submit(nvme.abort(0, cid), cid=cid)
    cqe = host.admin.wait(cid)
    check(cqe.status == nvme.OK and cqe.dw0 & 1, f"{cqe}")
    host.admin.expect_silence(0.1)


@case()
def finished_command(env):
    """A command that has completed: not aborted."""
    host = env.up(1)
    host.io[1].flush(1)
    check(not _abort(host, 1, host.io[1].next_cid - 1), "a finished command was aborted")
    alive(host.io[1])


@case()
def write_waiting_for_data(env):
    """A write whose data is awaited. An incomplete transfer forbids an immediate abort, so the
    Abort may say it was not performed; then the write ends as aborted or in the ordinary way when
    its data has come, once either way, and the connection stays in step."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    aborted = _abort(queue.host, 1, cid)
    if aborted:
        check_status(queue.wait(cid), nvme.ABORT_REQUESTED, "write")
    else:
        queue.answer(r2t, data)
        check_status(queue.wait(cid), (nvme.OK, nvme.ABORT_REQUESTED), "write")
    queue.expect_silence(0.1)
    alive(queue)


@case()
def write_whose_data_races(env):
    """The data is sent together with the Abort: one completion, and no data PDU is refused."""
    for _ in range(10):
        queue = env.io()
        cid, data, r2t = open_write(queue)
        abort_cid, raw = queue.host.admin.build(nvme.abort(1, cid))
        queue.host.admin.send(raw)
        queue.answer(r2t, data)
        check_status(queue.host.admin.wait(abort_cid), nvme.OK, "Abort")
        check_status(queue.wait(cid), (nvme.OK, nvme.ABORT_REQUESTED), "write")
        alive(queue)
        queue.host.close()


@case()
def other_commands_untouched(env):
    """Abort ends the command it names and no other."""
    queue = env.io()
    opened = [open_write(queue, slba=1024 + 8 * i, seed=i) for i in range(3)]
    victim = opened[1]
    _abort(queue.host, 1, victim[0])
    for index in (0, 2):
        cid, data, r2t = opened[index]
        finish_write(queue, cid, data, r2t, slba=1024 + 8 * index)


@case()
def same_cid_on_both_queues(env):
    """SQID counts: an AER and a write with the same identifier, the AER is aborted."""
    host = env.up(1)
    queue = host.io[1]
    cid, data, r2t = open_write(queue)
    host.aer(cid)
    check(_abort(host, 0, cid), "the event request was not aborted")
    check_status(host.admin.wait(cid), nvme.ABORT_REQUESTED, "event request")
    finish_write(queue, cid, data, r2t)


@case()
def many_at_once(env):
    """More Aborts at once than ACL allows: each is answered, some perhaps with Abort Command Limit
    Exceeded."""
    host = env.up(0)
    cids = [host.admin.submit(nvme.abort(0, 0x6000 + i)) for i in range(16)]
    for cid in cids:
        check_status(host.admin.wait(cid), (nvme.OK, nvme.ABORT_LIMIT), "Abort")
