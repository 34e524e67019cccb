# SPDX-License-Identifier: GPL-2.0
"""Namespace Write Protection, feature 84h (base spec 8.1.16): who is refused what, and for how
long."""

import os
import struct

from nvmetcp import ident, nvme
from nvmetcp.conn import Skip, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import SCRATCH, open_write, pattern
from nvmetcp.target import get, run

WP, PROTECTED, FIELD, BAD_NS = (nvme.FEAT_WRITE_PROTECT, nvme.WRITE_PROTECTED, nvme.INVALID_FIELD,
                                nvme.INVALID_NS)
NS_CHANGED = 0x00040002


def _protect(env, host, nsid=1, value=1):
    """Protect, and unprotect again when the case ends."""
    def undo():
        again = env.up(0)
        again.set_feature(WP, 0, nsid=nsid)
        again.close()
    env.defer(undo)
    host.set_feature(WP, value, nsid=nsid)


def _state(host, nsid, want):
    """Get Features, CNS 00h and CNS 08h agree on the state."""
    got = (host.get_feature(WP, nsid=nsid), host.identify(0, nsid)[99] & 1,
           host.identify(8, nsid)[8] & 1)
    check(got == (want,) * 3, f"nsid {nsid}: feature {got[0]}, NSATTR {got[1]}, CNS 08h {got[2]}, "
          f"expected {want}")


@case()
def offered(env):
    """NWPC: No Write Protect and Write Protect, and no state that lasts longer."""
    raw = env.up(0).identify(1)
    check(raw[531] == 1, f"NWPC {raw[531]:#x}")


@case()
def refuses_writes(env):
    """A protected namespace is read and not written; unprotected it is written again."""
    queue = env.io()
    data = pattern(4096, 70)
    queue.write(1, SCRATCH, data)
    _state(queue.host, 1, 0)
    _protect(env, queue.host)
    _state(queue.host, 1, 1)
    for icd in (True, False):
        sqe = nvme.rw(nvme.WRITE, 1, SCRATCH, 8, 4096, icd=icd)
        queue.cmd(sqe, bytes(4096) if icd else b"", status=PROTECTED, what="write")
    queue.flush(1)
    check(queue.read(1, SCRATCH, 8) == data, "the blocks changed")
    queue.host.set_feature(WP, 0, nsid=1)
    _state(queue.host, 1, 0)
    queue.write(1, SCRATCH, bytes(4096))


@case()
def every_command_that_changes(env):
    """Whatever log page 05h marks as changing contents (LBCC) is refused."""
    queue = env.io()
    effects = struct.unpack_from("<256I", queue.host.log(0x05, 4096), 1024)
    changing = [opcode for opcode in range(256) if effects[opcode] & 2]
    check(nvme.WRITE in changing, f"opcodes {changing}")
    before = queue.read(1, SCRATCH, 8)
    _protect(env, queue.host)
    for opcode in changing:
        # Bits 1:0 of an opcode: 01b takes data. One block, or one range, of zeroes.
        size = {nvme.WRITE: 512, 0x09: 16, 0x19: 32}.get(opcode, 0)
        dptr = nvme.sgl(nvme.SGL_TRANSPORT, size) if size else bytes(16)
        queue.cmd(nvme.sqe(opcode, 1, dptr=dptr, cdw10=0 if opcode == 0x09 else SCRATCH,
                           cdw11=4 if opcode == 0x09 else 0),
                  status=PROTECTED, what=f"opcode {opcode:02X}h")
    check(queue.read(1, SCRATCH, 8) == before, "the blocks changed")


@case()
def other_namespaces(env):
    """The other namespace is written as before."""
    queue = env.io()
    _protect(env, queue.host)
    _state(queue.host, 2, 0)
    queue.write(2, 1024, bytes(4096), 4096)


@case()
def all_controllers(env):
    """The state is the namespace's: another host is refused, and is told."""
    one, two = env.io(), env.io(hostid=bytes(range(0x30, 0x40)))
    two.host.set_feature(nvme.FEAT_AEC, 0x100)
    waiting = two.host.aer()
    _protect(env, one.host)
    cqe = check_status(two.host.admin.wait(waiting), nvme.OK, "event")
    check(cqe.dw0 == NS_CHANGED, f"event {cqe.dw0:#x}")
    check(ident.nsid_list(two.host.log(0x04, 4096, nsid=nvme.NSID_ALL)) == [1], "changed list")
    _state(two.host, 1, 1)
    two.write(1, SCRATCH, bytes(512), status=PROTECTED)
    waiting = two.host.aer()
    one.host.set_feature(WP, 0, nsid=1)
    check_status(two.host.admin.wait(waiting), nvme.OK, "event")
    two.write(1, SCRATCH, bytes(512))


@case()
def no_change_no_event(env):
    """Setting the state that holds already is done and tells nobody."""
    host = env.up(0)
    _protect(env, host)
    host.set_feature(nvme.FEAT_AEC, 0x100)
    host.aer()
    host.set_feature(WP, 1, nsid=1)
    host.admin.expect_silence(0.2)


@case()
def flushes(env):
    """What is in the volatile write cache is flushed when the namespace becomes protected."""
    queue = env.io()
    stat = f"/sys/block/{os.path.basename(env.target.disks[1].path)}/stat"
    if len(get(stat).split()) < 17:
        raise Skip("this kernel does not count flushes of a disk")

    def flushes_done():
        return int(get(stat).split()[15])
    queue.write(1, SCRATCH, bytes(512))
    before = flushes_done()
    _protect(env, queue.host)
    check(flushes_done() > before, "the disk has seen no flush")
    before = flushes_done()
    queue.host.set_feature(WP, 0, nsid=1)
    check(flushes_done() == before, "a flush for a namespace that becomes writable")


@case()
def write_on_its_way(env):
    """A write that was accepted before may end either way; what it wrote is whole."""
    queue = env.io()
    cid, data, r2t = open_write(queue, 8192, seed=71)
    _protect(env, queue.host)
    queue.answer(r2t, data)
    while len(data) > r2t.r2to + r2t.r2tl:
        r2t = queue.wait_r2t(cid)
        queue.answer(r2t, data)
    cqe = check_status(queue.wait(cid), (nvme.OK, PROTECTED), "write")
    got = queue.read(1, SCRATCH, 16)
    check(got == data or cqe.status == PROTECTED, "acknowledged and not written")


@case()
def survives_reset_and_disable(env):
    """The state outlives the controller and the namespace's being disabled."""
    host = env.up(0)
    _protect(env, host)
    host.close()
    host = env.up(0)
    _state(host, 1, 1)
    env.target.toggle(1)
    _state(host, 1, 1)
    env.io().write(1, SCRATCH, bytes(512), status=PROTECTED)


@case()
def all_namespaces(env):
    """NSID FFFFFFFFh sets every namespace."""
    host = env.up(0)
    _protect(env, host, nvme.NSID_ALL)
    for nsid in (1, 2):
        _state(host, nsid, 1)
    host.set_feature(WP, 0, nsid=nvme.NSID_ALL)
    for nsid in (1, 2):
        _state(host, nsid, 0)


@rows([(f"state_{value:x}", value) for value in (2, 3, 4, 7, 8, 9, 1 << 31)])
def state_refused(env, value):
    """States until a power cycle and for ever are not offered, the others reserved."""
    host = env.up(0)
    host.set_feature(WP, value, nsid=1, status=FIELD)
    _state(host, 1, 0)


@rows([("none", 0, BAD_NS), ("beyond_nn", 1025, BAD_NS), ("fffffffe", 0xFFFFFFFE, BAD_NS),
       ("inactive", 3, FIELD)])
def namespace_refused(env, nsid, status):
    """A namespace that cannot be, or is not active, for Set and Get."""
    host = env.up(0)
    host.set_feature(WP, 1, nsid=nsid, status=status)
    host.get_feature(WP, nsid=nsid, status=status)


@case()
def get_of_all(env):
    """All namespaces have no one state."""
    env.up(0).get_feature(WP, nsid=nvme.NSID_ALL, status=BAD_NS)


@case()
def not_saveable(env):
    """The state cannot be saved."""
    host = env.up(0)
    host.set_feature(WP, 1, nsid=1, save=True, status=nvme.NOT_SAVEABLE)
    _state(host, 1, 0)


@case()
def readonly_device(env):
    """A device that refuses writes is protected, and no Set makes it writable."""
    path = env.target.disks[3].path
    run("blockdev", "--setro", path)
    env.defer(lambda: run("blockdev", "--setrw", path))
    with env.target.enabled(3):
        queue = env.io()
        _state(queue.host, 3, 1)
        queue.write(3, 0, bytes(512), status=PROTECTED)
        queue.host.set_feature(WP, 0, nsid=3, status=nvme.NOT_CHANGEABLE)
        queue.host.set_feature(WP, 1, nsid=3)
        _state(queue.host, 3, 1)
        queue.host.set_feature(WP, 0, nsid=3, status=nvme.NOT_CHANGEABLE)
    run("blockdev", "--setrw", path)
    # The host has protected it as well, and that stays.
    with env.target.enabled(3):
        host = env.up(0)
        _state(host, 3, 1)
        host.set_feature(WP, 0, nsid=3)
        _state(host, 3, 0)


@rows([("direct", {"buffered_io": 0}), ("buffered", {"buffered_io": 1}),
       ("smaller_blocks", {"buffered_io": 0, "block_size": 512})])
def on_a_file(env, attrs):
    """A namespace in a file is flushed and then protected, as one on a disk."""
    env.target.attach_file(5, 8, attrs)
    env.defer(lambda: env.target.detach_file(5))
    queue = env.io()
    block = queue.host.ns(5).block
    data = pattern(block, 71)
    queue.write(5, 8, data, block)
    _protect(env, queue.host, 5)
    _state(queue.host, 5, 1)
    queue.write(5, 8, bytes(block), block, icd=True, status=PROTECTED)
    check(queue.read(5, 8, 1, block) == data, "the block changed")
