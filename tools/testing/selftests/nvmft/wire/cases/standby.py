# SPDX-License-Identifier: GPL-2.0
"""Standby namespaces: hosts see them while their device is not open."""

import contextlib
import errno
import os
import struct
import time

from nvmetcp import ident, nvme, tree
from nvmetcp.conn import PACE, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import open_write, pattern

MISSING = "/dev/nvmft-test-not-there"
MIB = 1 << 20
NS_CHANGED = 0x00040002
UUID = "6e766d66-7400-4000-8000-0000000000b4"


@contextlib.contextmanager
def _standby(env, path=MISSING, size=4 * MIB, block=512, state="inaccessible", **more):
    """Namespace 4 with a promise, in group 7, which both ports have."""
    target = env.target
    with tree.group(target, 1, 7, state), tree.group(target, 2, 7), \
            tree.namespace(target, 4, path, ana_grpid=7, device_uuid=UUID, device_size=size,
                           block_size=block, **more):
        yield target


def _in_standby(target):
    return tree.value(target, 4, "standby") == "1"


@case()
def is_shown(env):
    """It is listed, with its identity and size, as a member of its group; commands get the status
    of its path."""
    with _standby(env, block=4096) as target:
        check(_in_standby(target), "not in standby")
        host = env.up(1)
        check(ident.nsid_list(host.identify(2)) == [1, 2, 4], "active list")
        ns = host.ns(4)
        check((ns.nsze, ns.ncap, ns.nuse, ns.block) == (1024, 1024, 0, 4096),
              f"NSZE {ns.nsze} NCAP {ns.ncap} NUSE {ns.nuse}, blocks of {ns.block}")
        uuid = bytes.fromhex(UUID.replace("-", ""))
        check(ident.descriptors(host.identify(3, 4))[3] == uuid, "UUID")
        check(ns.nguid == uuid, "NGUID, which is made of the UUID")
        check(struct.unpack_from("<I", ns.raw, 92)[0] == 7, "ANAGRPID")
        check(host.ctrl.vwc & 1, "a write cache can be there")
        for status in (nvme.ANA_INACCESSIBLE, nvme.ANA_LOSS, nvme.ANA_TRANSITION):
            state = {nvme.ANA_INACCESSIBLE: "inaccessible", nvme.ANA_LOSS: "persistent-loss",
                     nvme.ANA_TRANSITION: "change"}[status]
            tree.set_state(target, 1, 7, state)
            cqe = host.io[1].cmd(nvme.rw(nvme.READ, 4, 0, 1, 4096), expect=4096, status=status)
            check(not cqe.dnr, f"{cqe}: DNR")
            host.io[1].write(4, 0, bytes(4096), 4096, status=status)
            host.io[1].flush(4, status=status)
            host.io[1].flush(nvme.NSID_ALL, status=status)
            host.get_feature(nvme.FEAT_WRITE_PROTECT, nsid=4, status=status)
            host.set_feature(nvme.FEAT_WRITE_PROTECT, 1, nsid=4, status=status)


@case()
def promotion_without_device(env):
    """The group cannot be opened while the device is not there; nothing changes."""
    with _standby(env) as target:
        host = env.up(1)
        for state in ("optimized", "non-optimized"):
            got = tree.errno_of(tree.state_file(target, 1, 7), state)
            check(got == errno.ENOENT, f"errno {got}")
        check(tree.get(tree.state_file(target, 1, 7)) == "inaccessible", "the state has changed")
        check(_in_standby(target), "no longer in standby")
        host.io[1].read(4, 0, 1, status=nvme.ANA_INACCESSIBLE)


@case()
def promotion(env):
    """With the group its device opens, and commands work; with the group it closes."""
    data = pattern(4096, 5)
    with tree.disk() as disk, _standby(env, disk.path) as target:
        check(_in_standby(target), "open although nobody may use it")
        host = env.up(1)
        host.set_feature(nvme.FEAT_AEC, 0x100)
        aer = host.aer()
        host.io[1].read(4, 0, 1, status=nvme.ANA_INACCESSIBLE)
        for _ in range(3):
            tree.set_state(target, 1, 7, "optimized")
            check(not _in_standby(target), "still in standby")
            host.io[1].write(4, 8, data)
            check(host.io[1].read(4, 8, 8) == data, "data")
            host.io[1].flush(4)
            tree.set_state(target, 1, 7, "inaccessible")
            check(_in_standby(target), "not back in standby")
            host.io[1].read(4, 8, 8, status=nvme.ANA_INACCESSIBLE)
            check(ident.nsid_list(host.identify(2)) == [1, 2, 4], "active list")
            check(host.ns(4).nsze == disk.size // 512, "NSZE")
        cqe = check_status(host.admin.wait(aer), nvme.OK, "event")
        check(cqe.dw0 == NS_CHANGED, f"event {cqe.dw0:#x}")
        check(ident.nsid_list(host.log(0x04, 4096, nsid=nvme.NSID_ALL)) == [4], "changed list")


@case()
def open_for_one_port(env):
    """The device stays open as long as one port gives access."""
    with tree.disk() as disk, _standby(env, disk.path) as target:
        here, there = env.up(1), env.host(addr=target.addr2).up(1)
        tree.set_state(target, 1, 7, "optimized")
        tree.set_state(target, 2, 7, "non-optimized")
        tree.set_state(target, 1, 7, "inaccessible")
        check(not _in_standby(target), "closed under the other port")
        here.io[1].read(4, 0, 1, status=nvme.ANA_INACCESSIBLE)
        there.io[1].read(4, 0, 1)
        os.rmdir(target.port(2, "ana_groups", "7"))
        check(_in_standby(target), "not closed by the removal of the last group")
        os.mkdir(target.port(2, "ana_groups", "7"))


@rows([("larger", 4 * MIB + 512, 512), ("smaller", 4 * MIB - 512, 512),
       ("blocks", 4 * MIB, 4096)])
def other_device(env, size, block):
    """A device that is not what was promised is refused, and all stays as it was."""
    with tree.disk() as disk, _standby(env, disk.path, size - size % block, block) as target:
        host = env.up(1)
        before = host.identify(0, 4)
        got = tree.errno_of(tree.state_file(target, 1, 7), "optimized")
        check(got == errno.EMEDIUMTYPE, f"errno {got}")
        check(_in_standby(target), "no longer in standby")
        host.io[1].read(4, 0, 1, block, status=nvme.ANA_INACCESSIBLE)
        check(host.identify(0, 4) == before, "Identify Namespace")


@case()
def resized_in_standby(env):
    """The promise can be changed in standby: hosts are told, and the device is measured by it."""
    with tree.disk() as disk, _standby(env, disk.path, 2 * MIB) as target:
        host = env.up(1)
        host.set_feature(nvme.FEAT_AEC, 0x100)
        aer = host.aer()
        tree.put(target.ns(4, "device_size"), disk.size)
        check_status(host.admin.wait(aer), nvme.OK, "event")
        check(host.ns(4).nsze == disk.size // 512, "NSZE")
        tree.set_state(target, 1, 7, "optimized")
        host.io[1].read(4, disk.size // 512 - 1, 1)
        for size, want in ((disk.size, errno.EBUSY), (0, errno.EBUSY)):
            got = tree.errno_of(target.ns(4, "device_size"), size)
            check(got == want, f"device_size {size} with the device open: errno {got}")
        tree.set_state(target, 1, 7, "inaccessible")
        for size, want in ((0, errno.EINVAL), (1000, errno.EINVAL), (-1, errno.ERANGE)):
            got = tree.errno_of(target.ns(4, "device_size"), size)
            check(got == want, f"device_size {size} in standby: errno {got}")
        got = tree.errno_of(target.ns(4, "revalidate_size"), 1)
        check(got == errno.ENXIO, f"revalidate_size in standby: errno {got}")


@rows([("no_block_size", {"device_size": 4 * MIB}, errno.EINVAL),
       ("no_whole_number", {"device_size": 4096 + 512, "block_size": 4096}, errno.EINVAL)])
def bad_promise(env, attrs, want):
    """A promise that makes no sense is refused when the namespace is enabled."""
    target = env.target
    with tree.group(target, 1, 7), \
            tree.namespace(target, 4, MISSING, enable=False, ana_grpid=7, **attrs):
        got = tree.errno_of(target.ns(4, "enable"), 1)
        check(got == want, f"errno {got}")
        check(tree.value(target, 4, "enable") == "0", "it is enabled")


@case()
def accessible_at_once(env):
    """With its group accessible it needs its device to be enabled, as any other."""
    target = env.target
    promise = {"device_size": 4 * MIB, "block_size": 512}
    with tree.group(target, 1, 7, "optimized"), \
            tree.namespace(target, 4, MISSING, enable=False, ana_grpid=7, **promise):
        got = tree.errno_of(target.ns(4, "enable"), 1)
        check(got == errno.ENOENT, f"errno {got}")
        check(tree.value(target, 4, "enable") == "0", "it is enabled")
        with tree.disk() as disk:
            tree.put(target.ns(4, "device_path"), disk.path)
            tree.put(target.ns(4, "enable"), 1)
            check(not _in_standby(target), "standby")
            tree.put(target.ns(4, "enable"), 0)


@case()
def enabled_again(env):
    """Enable in standby is no error; once the group is open it opens the device."""
    with _standby(env) as target:
        for _ in range(2):
            tree.put(target.ns(4, "enable"), 1)
        check(_in_standby(target), "not in standby")
        tree.put(target.ns(4, "enable"), 0)
        check(tree.value(target, 4, "standby") == "0", "disabled, and in standby")
        check(ident.nsid_list(env.up(0).identify(2)) == [1, 2], "active list")


@case()
def regrouped(env):
    """Moved into an open group it gets its device or stays where it is; moved out of it the device
    closes."""
    with tree.disk() as disk, _standby(env) as target:
        host = env.up(1)
        got = tree.errno_of(target.ns(4, "ana_grpid"), 1)
        check(got == errno.ENOENT, f"errno {got}")
        check(tree.value(target, 4, "ana_grpid") == "7", "it has moved")
        tree.put(target.ns(4, "enable"), 0)
        tree.put(target.ns(4, "device_path"), disk.path)
        tree.put(target.ns(4, "enable"), 1)
        tree.put(target.ns(4, "ana_grpid"), 1)
        check(not _in_standby(target), "without its device in an open group")
        host.io[1].read(4, 0, 1)
        tree.put(target.ns(4, "ana_grpid"), 7)
        check(_in_standby(target), "open in a group that is not")
        host.io[1].read(4, 0, 1, status=nvme.ANA_INACCESSIBLE)


@case()
def linked_to_a_port(env):
    """A subsystem on no port has no access; with its link to one it has, and the device opens."""
    target = env.target
    with tree.disk() as disk:
        ns = target.ns(4, nqn=target.hidden_nqn)
        os.mkdir(ns)
        env.defer(lambda: os.rmdir(ns))
        for attr, value in (("device_path", disk.path), ("device_size", disk.size),
                            ("block_size", 512), ("enable", 1)):
            tree.put(os.path.join(ns, attr), value)
        standby = os.path.join(ns, "standby")
        check(tree.get(standby) == "1", "open without a port")
        target.link(1, target.hidden_nqn)
        try:
            check(tree.get(standby) == "0", "in standby on an open port")
        finally:
            target.unlink(1, target.hidden_nqn)
        check(tree.get(standby) == "1", "open without a port again")
        os.rmdir(ns)
        env.undo.pop()


@case(timeout=40)
def host_holds_up(env):
    """A host that does not send the data of its write cannot keep the device open: it loses its
    connection."""
    with tree.disk() as disk, _standby(env, disk.path, state="optimized") as target:
        host = env.up(1)
        open_write(host.io[1], nsid=4)
        tree.Timed(tree.set_state, target, 1, 7, "inaccessible").done(25 * PACE.factor)
        check(_in_standby(target), "not in standby")
        host.io[1].expect_closed(quiet=False)


@case(timeout=60)
def under_load(env):
    """Promotion and demotion under reads: each ends, well or by its path, and none twice."""
    with tree.disk() as disk, _standby(env, disk.path) as target:
        queue = env.io()
        end = time.monotonic() + 5 * PACE.factor
        change = None
        states = ["optimized", "inaccessible", "non-optimized", "change"]
        good = bad = 0
        while time.monotonic() < end:
            if not change or not change.is_alive():
                if change:
                    change.done(1)
                states.append(states.pop(0))
                change = tree.Timed(tree.set_state, target, 1, 7, states[0])
            cids = [queue.submit(nvme.rw(nvme.READ, 4, 0, 8, 4096), expect=4096)
                    for _ in range(8)]
            for cid in cids:
                cqe = check_status(queue.wait(cid), (nvme.OK, nvme.ANA_INACCESSIBLE,
                                                     nvme.ANA_TRANSITION), "read")
                good, bad = good + (cqe.status == nvme.OK), bad + (cqe.status != nvme.OK)
        change.done(25 * PACE.factor)
        check(good > 100 and bad > 100, f"{good} reads well, {bad} refused: too few to tell")
