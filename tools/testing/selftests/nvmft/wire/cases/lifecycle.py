# SPDX-License-Identifier: GPL-2.0
"""Enable, reset, shutdown and Disconnect (base spec 3.5 to 3.7, 6.4)."""

import time

from nvmetcp import nvme
from nvmetcp.conn import REPLY, Closed, Fail, check, check_status
from nvmetcp.host import settle
from nvmetcp.ktap import case, rows
from nvmetcp.steps import (alive, connected_admin, open_write, pattern, read_disk,
                           retry_connect_io)

SEQ = nvme.SEQUENCE_ERROR
DISABLED = nvme.CC_IOSQES_IOCQES


def _disable(host):
    host.admin.prop_set(nvme.CC, DISABLED)
    host.wait_csts(nvme.CSTS_RDY, 0)


@rows([
    ("identify", nvme.identify(1)), ("get_log", nvme.get_log(2, 512)),
    ("get_features", nvme.get_features(nvme.FEAT_NUM_QUEUES)),
    ("set_features", nvme.set_features(nvme.FEAT_NUM_QUEUES, 0)),
    ("aer", nvme.sqe(nvme.ASYNC_EVENT)), ("abort", nvme.abort(0, 1)),
])
def before_enable(env, sqe):
    """With CC.EN clear only Fabrics commands are processed: Command Sequence Error."""
    queue = connected_admin(env)
    queue.cmd(sqe, status=SEQ, what="admin command before enable")
    queue.host.enable()
    queue.host.identify(1)


@case()
def after_disable(env):
    """The same after the controller has been enabled once."""
    host = env.up(0)
    _disable(host)
    host.admin.cmd(nvme.identify(1), status=SEQ, what="Identify after disable")


def _io_refused(queue):
    """An I/O queue of a disabled controller executes nothing: its connection ends, or the command
    fails."""
    try:
        cid = queue.submit(nvme.rw(nvme.READ, 1, 0, 1, 512), expect=512)
        cqe = queue.wait(cid, 2)
    except Closed:
        return
    check(cqe.status != nvme.OK, f"a read was executed although the controller is disabled: {cqe}")


@case()
def io_after_disable(env):
    """I/O on a queue whose controller has been disabled is not executed."""
    queue = env.io()
    _disable(queue.host)
    _io_refused(queue)


@case()
def io_after_shutdown(env):
    """I/O after a shutdown is not executed."""
    queue = env.io()
    queue.host.admin.prop_set(nvme.CC, DISABLED | nvme.CC_EN | nvme.CC_SHN_NORMAL)
    queue.host.wait_csts(0xC, 0x8)
    _io_refused(queue)


@case(timeout=30)
def reset_and_start_again(env):
    """Disable and enable ten times on one association, with I/O queues each time."""
    host = env.up(0)
    for _ in range(10):
        host.set_queues(2)
        for qid in (1, 2):
            alive(retry_connect_io(host, qid))
        _disable(host)
        for queue in host.io.values():
            queue.close()
        host.io = {}
        host.enable()


@case()
def reset_without_closing_queues(env):
    """A host that leaves its I/O connections open over a reset: they are of no use afterwards,
    and the identifiers can be connected anew."""
    host = env.up(1)
    old = host.io.pop(1)
    _disable(host)
    host.enable()
    _io_refused(old)
    old.close()
    host.set_queues(1)
    alive(retry_connect_io(host, 1))


@case()
def number_of_queues_after_reset(env):
    """A reset forgets the granted queues: more, or fewer, may be asked for."""
    host = env.up(0)
    host.set_queues(1)
    _disable(host)
    host.enable()
    check(host.set_queues(3) >= 3, "three queues were not granted after the reset")
    alive(host.connect_io(3))


@case()
def aer_after_reset(env):
    """A reset lets go of outstanding AERs: their identifiers and their places are free again."""
    host = env.up(0)
    limit = host.ctrl.aerl + 1
    for cid in range(0x100, 0x100 + limit):
        host.aer(cid)
    _disable(host)
    host.enable()
    # AERs may be completed as aborted on the way, or dropped in silence.
    try:
        while True:
            host.admin.pump(0.2)
    except Fail:
        pass
    for cqes in host.admin.done.values():
        for cqe in cqes:
            check(cqe.status in (nvme.ABORT_REQUESTED, nvme.ABORTED_SQ_DELETION), f"AER: {cqe}")
    host.admin.done.clear()
    for cid in range(0x100, 0x100 + limit):
        host.aer(cid)
    host.admin.expect_silence(0.2)


@case()
def features_after_reset(env):
    """A reset puts the async event configuration back to its default; KATO stays what Connect
    made it or returns to its default."""
    host = env.up(0)
    default = host.get_feature(nvme.FEAT_AEC, sel=1)
    host.set_feature(nvme.FEAT_AEC, 0x100)
    check(host.get_feature(nvme.FEAT_AEC) == 0x100, "AEC was not set")
    _disable(host)
    host.enable()
    check(host.get_feature(nvme.FEAT_AEC) == default, "AEC survived the reset")


@case()
def reset_with_writes_open(env):
    """A reset while writes wait for their data, which then never comes."""
    queue = env.io()
    for index in range(4):
        open_write(queue, slba=1024 + 8 * index)
    _disable(queue.host)
    queue.close()
    queue.host.io = {}
    queue.host.enable()
    queue.host.set_queues(1)
    alive(retry_connect_io(queue.host, 1))


@rows([("reset", DISABLED, nvme.CSTS_RDY, 0),
       ("shutdown", nvme.CC_EN | DISABLED | nvme.CC_SHN_NORMAL, nvme.CSTS_SHST, nvme.CSTS_SHST_DONE)])
def waits_for_commands(env, value, mask, done):
    """Neither a reset nor a shutdown is done before what a disk is doing has ended: nothing
    changes behind a host that has seen CSTS say so."""
    latency = 1.0
    env.target.attach(4, 4, 512, irqmode=2, completion_nsec=int(latency * 1e9))
    env.defer(lambda: env.target.detach(4))
    queue = env.io()
    data = pattern(4096)
    queue.write(4, 0, data)
    queue.submit(nvme.copy(4, 64, 1, icd=True), nvme.copy_ranges([(0, 8)]))
    time.sleep(latency / 4)
    start = time.monotonic()
    queue.host.admin.prop_set(nvme.CC, value)
    queue.host.wait_csts(mask, done)
    took = time.monotonic() - start
    check(took > latency / 2, f"done after {took:.3f} s, before the disk")
    path = env.target.disks[4].path
    left = read_disk(path, 64 * 512, 4096)
    time.sleep(latency * 1.5)
    check(read_disk(path, 64 * 512, 4096) == left, "a block has changed since")


@rows([("normal", nvme.CC_SHN_NORMAL), ("abrupt", nvme.CC_SHN_ABRUPT)])
def shutdown(env, shn):
    """A shutdown completes: CSTS.SHST becomes 10b while the admin queue still answers."""
    host = env.up(1)
    host.admin.prop_set(nvme.CC, DISABLED | nvme.CC_EN | shn)
    csts = host.wait_csts(0xC, 0x8)
    check(not csts & nvme.CSTS_CFS, f"CSTS {csts:#x}")


@case()
def shutdown_then_enable(env):
    """After a shutdown a reset brings the controller back; SHST does not stay."""
    host = env.up(0)
    host.admin.prop_set(nvme.CC, DISABLED | nvme.CC_EN | nvme.CC_SHN_NORMAL)
    host.wait_csts(0xC, 0x8)
    host.admin.prop_set(nvme.CC, DISABLED)
    host.wait_csts(nvme.CSTS_RDY, 0)
    host.admin.prop_set(nvme.CC, DISABLED | nvme.CC_EN)
    csts = host.wait_csts(nvme.CSTS_RDY, nvme.CSTS_RDY)
    check(csts & 0xC == 0, f"CSTS {csts:#x}: SHST survived the reset")
    host.identify(1)


@case()
def shutdown_with_writes_open(env):
    """A shutdown does not wait for data that a host never sends."""
    queue = env.io()
    open_write(queue)
    queue.host.admin.prop_set(nvme.CC, DISABLED | nvme.CC_EN | nvme.CC_SHN_ABRUPT)
    queue.host.wait_csts(0xC, 0x8)


@case()
def shutdown_of_disabled_controller(env):
    """A shutdown of a controller that was never enabled completes as well."""
    queue = connected_admin(env)
    queue.prop_set(nvme.CC, DISABLED | nvme.CC_SHN_NORMAL)
    queue.host.wait_csts(0xC, 0x8)


@case()
def ready_quickly(env):
    """RDY follows EN within CAP.TO, and clearing EN clears it within the same time."""
    queue = connected_admin(env)
    limit = (queue.prop_get(nvme.CAP, 8) >> 24 & 0xFF) * 0.5
    start = time.monotonic()
    queue.host.enable(max(limit, REPLY))
    check(time.monotonic() - start <= limit, f"RDY took longer than CAP.TO, {limit} s")


@case()
def admin_close_ends_association(env):
    """When the admin connection ends, the I/O queues of the association end with it."""
    host = env.up(2)
    host.admin.close()
    for queue in host.io.values():
        queue.expect_closed()


@case()
def io_close_leaves_association(env):
    """When an I/O connection ends, the association and its other queues live on."""
    host = env.up(2)
    host.io.pop(1).close()
    settle(0.1)
    alive(host.io[2])
    host.identify(1)
    alive(retry_connect_io(host, 1))


@case()
def disconnect_io_queue(env):
    """Disconnect deletes the I/O queue: answered with success, and the identifier is free."""
    host = env.up(2)
    check(host.ctrl.ofcs & 1, f"OFCS {host.ctrl.ofcs:#x} does not report Disconnect")
    for _ in range(3):
        queue = host.io.pop(1)
        queue.cmd(nvme.disconnect(), what="Disconnect")
        queue.close()
        alive(retry_connect_io(host, 1))
    alive(host.io[2])


@case()
def disconnect_is_last(env):
    """After the completion of a Disconnect nothing is executed or completed on that queue."""
    host = env.up(1)
    queue = host.io.pop(1)
    cid1, raw1 = queue.build(nvme.disconnect())
    _, raw2 = queue.build(nvme.flush(1))
    queue.send(raw1 + raw2)
    check_status(queue.wait(cid1), nvme.OK, "Disconnect")
    queue.expect_nothing_more(0.3)


@case()
def disconnect_admin_queue(env):
    """Disconnect on an admin queue: Invalid Queue Type; the queue lives on."""
    host = env.up(0)
    host.admin.cmd(nvme.disconnect(), status=nvme.INVALID_QUEUE_TYPE, what="Disconnect")
    host.identify(1)


@rows([("1", 1), ("ffff", 0xFFFF)])
def disconnect_recfmt(env, value):
    """A record format other than 0: Incompatible Format; the queue lives on."""
    queue = env.io()
    queue.cmd(nvme.disconnect(value), status=nvme.CONNECT_FORMAT, what="Disconnect")
    alive(queue)


@rows([("auth_send", 5), ("auth_recv", 6), ("reserved_02", 2), ("reserved_03", 3),
       ("reserved_07", 7), ("reserved_3f", 0x3F), ("vendor_c0", 0xC0), ("vendor_ff", 0xFF)])
def fabrics_type_unknown(env, fctype):
    """A Fabrics command the target does not have, on a live admin queue: Invalid Field or Invalid
    Opcode; the specification has no row for it."""
    host = env.up(0)
    host.admin.cmd(nvme.fabrics(fctype), status=(nvme.INVALID_FIELD, nvme.INVALID_OPCODE),
                   what=f"Fabrics type {fctype:#x}")
    host.identify(1)
