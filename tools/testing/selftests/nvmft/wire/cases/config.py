# SPDX-License-Identifier: GPL-2.0
"""Changes of the configuration while hosts are connected (classes L13, C13)."""

import os
import threading

from nvmetcp import ident, nvme
from nvmetcp.conn import Closed, Conn, Fail, check, check_status
from nvmetcp.ktap import case
from nvmetcp.steps import alive, open_write, pattern
from nvmetcp.target import put


@case()
def unlink_ends_sessions(env):
    """A subsystem taken off a port: its sessions there end, those on other ports do not."""
    target = env.target
    there = env.host(addr=target.addr2).up(1)
    here = env.up(1)
    target.unlink(2, target.subnqn)
    try:
        there.admin.expect_closed()
        there.io[1].expect_closed()
        alive(here.io[1])
        try:
            env.host(addr=target.addr2).connect_admin()
        except Closed:
            pass
        else:
            raise Fail("a port without subsystems still connects hosts")
    finally:
        target.link(2, target.subnqn)
    alive(env.host(addr=target.addr2).up(1).io[1])


@case()
def port_comes_and_goes(env):
    """Ten times off and on, with a host and a half-open connection each time."""
    target = env.target
    for _ in range(10):
        host = env.host(addr=target.addr2).up(1)
        half = Conn(target.addr2)
        target.unlink(2, target.subnqn)
        try:
            host.admin.expect_closed()
            half.expect_closed()
        finally:
            target.link(2, target.subnqn)
        host.close()


@case()
def port_removed_with_hosts(env):
    """The port is unlinked and removed at once, with commands in flight, and made anew."""
    target = env.target
    host = env.host(addr=target.addr2).up(1)
    for _ in range(3):
        host.aer()
    open_write(host.io[1], size=8192)
    target.unlink(2, target.subnqn)
    os.rmdir(target.port(2))
    target.add_port(2, target.addr2, target.subnqn, icd=4096)
    host.admin.expect_closed()
    alive(env.host(addr=target.addr2).up(1).io[1])


@case()
def namespace_disabled(env):
    """A namespace is disabled under a host: its commands fail with Internal Path Error, those of
    others do not; it is back with its data afterwards."""
    queue = env.io()
    data = pattern(4096)
    queue.write(2, 1024, data, 4096)
    with env.target.enabled(2, False):
        cqe = queue.write(2, 1024, bytes(4096), 4096, status=nvme.INTERNAL_PATH)
        check(not cqe.dnr, f"{cqe}: another path may lead to it")
        queue.flush(nvme.NSID_ALL)
        check(ident.nsid_list(queue.host.identify(2, 0)) == [1], "active list")
        check(not any(queue.host.identify(0, 2)), "Identify Namespace of a disabled one")
        alive(queue)
    check(queue.read(2, 1024, 1, 4096) == data, "the data is gone")


@case()
def namespace_disabled_with_write_open(env):
    """A namespace is disabled while a write to it waits for its data: hosts are told at once;
    whoever waits for whom, the write completes once when its data comes, and the disable ends."""
    target = env.target
    queue = env.io()
    queue.host.set_feature(nvme.FEAT_AEC, 0x100)
    event = queue.host.aer()
    cid, data, r2t = open_write(queue, nsid=2, block=4096)
    thread = threading.Thread(target=put, args=(target.ns(2, "enable"), 0), daemon=True)
    thread.start()
    try:
        queue.host.admin.wait(event)
        thread.join(0.3)
        queue.answer(r2t, data)
        check_status(queue.wait(cid), (nvme.OK, nvme.INVALID_NS, nvme.INVALID_FIELD,
                                      nvme.NS_NOT_READY, nvme.INTERNAL_PATH,
                                      nvme.ABORT_REQUESTED))
        thread.join(5)
        check(not thread.is_alive(), "the disable still waits")
    finally:
        thread.join(5)
        put(target.ns(2, "enable"), 1)
    alive(queue)


def _resize(disk, mib):
    """Give a null_blk device another size; nobody has it open."""
    put(f"{disk.dir}/power", 0)
    put(f"{disk.dir}/size", mib)
    put(f"{disk.dir}/power", 1)


@case()
def namespace_changes_size(env):
    """A namespace that comes back with another size has it for every host."""
    target = env.target
    host = env.up(1)
    disk = target.disks[3]
    with target.enabled(3):
        before = host.ns(3).nsze
    _resize(disk, 4)
    env.defer(lambda: _resize(disk, 8))
    with target.enabled(3):
        after = host.ns(3).nsze
        check(before == 16384 and after == 8192, f"NSZE {before} and then {after}")
        host.io[1].read(3, after - 1, 1)
        host.io[1].read(3, after, 1, status=nvme.LBA_RANGE)
