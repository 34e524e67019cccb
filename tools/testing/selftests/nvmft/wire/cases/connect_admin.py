# SPDX-License-Identifier: GPL-2.0
"""Connect of the admin queue: each check, its status and the offset it names (base spec 6.3).

Every refusal is answered and the connection then closed. A Connect never fails with Invalid Field
(base spec 6.3), which expect_refused checks each time.
"""

import os

from nvmetcp import nvme
from nvmetcp.conn import Closed, check, check_status
from nvmetcp.host import settle
from nvmetcp.ktap import case, rows
from nvmetcp.steps import connected_admin, expect_refused, pattern

PARAM = nvme.CONNECT_PARAM
# A Data length that is not 1024 is a wrong parameter (the SGL) or a wrong SGL length; the
# specification gives both statuses and ranks neither.
LENGTH = (PARAM, nvme.SGL_LENGTH)


@case()
def accepted(env):
    """A correct Connect: CNTLID below FFF0h, no authentication asked for, reserved bytes zero."""
    queue = env.queue()
    cqe = queue.connect(env.host().data(), 0, 31)
    check(cqe.dw0 >> 16 == 0, f"{cqe}: AUTHREQ")
    check(cqe.dw0 & 0xFFFF < 0xFFF0, f"{cqe}: CNTLID")
    check(cqe.dw1 == 0, f"{cqe}: reserved dword 1")
    check(cqe.sqhd != 0xFFFF, f"{cqe}: flow control off without being asked")


@rows([("1", 1), ("ff00", 0xFF00), ("ffff", 0xFFFF)])
def recfmt(env, value):
    """A record format other than 0: Incompatible Format."""
    expect_refused(env.queue(), env.host().data(), 0, 31, nvme.CONNECT_FORMAT, recfmt=value)


@rows([("0", 0), ("4096", 4096), ("ffff", 0xFFFF)])
def sqsize(env, value):
    """A queue of one entry, or of more than the 4096 an admin queue may have."""
    expect_refused(env.queue(), env.host().data(), 0, value, PARAM, nvme.AT_SQSIZE)


@rows([("2_entries", 1), ("32_entries", 31)])
def sqsize_legal(env, value):
    """The smallest queue and the one hosts use."""
    queue = env.queue()
    queue.connect(env.host().data(), 0, value)
    check(queue.prop_get(nvme.VS) >> 16 >= 1, "VS")


@rows([("512", 512), ("1020", 1020), ("1028", 1028), ("2048", 2048), ("8192", 8192)])
def data_length(env, length):
    """Connect data of another length than 1024, in the capsule."""
    data = env.host().data()
    data = (data + bytes(8192))[:length]
    expect_refused(env.queue(), data, 0, 31, LENGTH, nvme.AT_SGL, length=length)


@case()
def no_data(env):
    """A Connect whose SGL has length 0 and whose capsule has no data."""
    expect_refused(env.queue(), b"", 0, 31, LENGTH, nvme.AT_SGL, length=0)


@rows([("shorter", 512), ("none", 0), ("longer", 2048)])
def data_is_not_what_sgl_says(env, size):
    """The SGL says 1024 bytes in the capsule, the capsule has another number."""
    data = (env.host().data() + bytes(2048))[:size]
    expect_refused(env.queue(), data, 0, 31, LENGTH, nvme.AT_SGL, length=1024)


@rows([("0", 0), ("512", 512), ("2048", 2048), ("4g", 0xFFFFFFFF)])
def data_length_by_r2t(env, length):
    """Another length than 1024 in a transport SGL: refused before anything is allocated (W10)."""
    queue = env.queue()
    cid = queue.submit(nvme.connect(0, 31, icd=False, length=length))
    cqe = check_status(queue.wait(cid), LENGTH, "Connect")
    if cqe.status == PARAM:
        check(cqe.connect_error == nvme.AT_SGL, f"{cqe}: {cqe.connect_error}")
    queue.expect_closed()


@rows([("address", 0x00), ("bit_bucket", 0x10), ("segment", 0x20), ("keyed", 0x40),
       ("transport_sub_0", 0x50), ("vendor", 0xF0)])
def sgl_type(env, kind):
    """An SGL descriptor type that NVMe/TCP does not have (transport spec 3.3.2)."""
    expect_refused(env.queue(), env.host().data(), 0, 31, nvme.SGL_TYPE, kind=kind)


@case()
def sgl_offset(env):
    """An in-capsule offset behind the end of the capsule."""
    expect_refused(env.queue(), env.host().data(), 0, 31, nvme.SGL_OFFSET, address=4096)


@case()
def hostid_zero(env):
    """An admin queue needs a Host Identifier (base spec, Host Identifier feature)."""
    expect_refused(env.queue(), env.host().data(hostid=bytes(16)), 0, 31, PARAM, nvme.AT_HOSTID)


@rows([("0", 0), ("1", 1), ("ffef", 0xFFEF), ("fff0", 0xFFF0), ("fffd", 0xFFFD),
       ("fffe", 0xFFFE)])
def cntlid(env, value):
    """The dynamic controller model: CNTLID must be FFFFh."""
    expect_refused(env.queue(), env.host().data(value), 0, 31, PARAM, nvme.AT_CNTLID)


_NQN = b"nqn.2014-08.org.nvmexpress:wire:main"


@rows([
    ("unknown", b"nqn.2014-08.org.nvmexpress:nobody"), ("empty", b""),
    ("prefix_of_real", _NQN[:-1]), ("real_with_tail", _NQN + b"x"),
    ("unterminated", b"n" * 256), ("real_unterminated", (_NQN + b"z" * 256)[:256]),
    ("224_bytes", b"nqn.2014-08.org.nvmexpress:" + b"a" * 197), ("255_bytes", b"n" * 255),
    ("control_bytes", b"\x01\x02\x1b[2J\n\r\xff\xfe"), ("upper_case", _NQN.upper()),
    ("starts_with_nul", b"\0" + _NQN),
])
def subnqn(env, value):
    """A subsystem that is not there, or a name that is no NQN (C1)."""
    expect_refused(env.queue(), env.host().data(subnqn=value), 0, 31, PARAM, nvme.AT_SUBNQN)


@case()
def subnqn_not_on_this_port(env):
    """A subsystem that exists but is not exported by this port."""
    data = env.host().data(subnqn=env.target.hidden_nqn)
    expect_refused(env.queue(), data, 0, 31, PARAM, nvme.AT_SUBNQN)


@rows([
    ("empty", b""), ("unterminated", b"h" * 256), ("224_bytes", b"nqn.2014-08.org:" + b"h" * 208),
    ("255_bytes", b"h" * 255),
])
def hostnqn(env, value):
    """A host name that is no NQN (C1)."""
    expect_refused(env.queue(), env.host().data(hostnqn=value), 0, 31, PARAM, nvme.AT_HOSTNQN)


@case()
def hostnqn_longest(env):
    """223 bytes are the longest NQN (base spec 4.7); names need not have the nqn.yyyy-mm form."""
    for name in (b"h" * 223, b"some-host"):
        queue = env.queue()
        queue.connect(env.host().data(hostnqn=name), 0, 31)


@case()
def host_not_allowed(env):
    """A host that is not on the subsystem's list: Invalid Host."""
    data = env.host().data(subnqn=env.target.closed_nqn)
    expect_refused(env.queue(), data, 0, 31, nvme.CONNECT_HOST)


@rows([("prefix", lambda n: n[:-1]), ("longer", lambda n: n + "x"), ("upper", str.upper)])
def host_almost_allowed(env, change):
    """Names near an allowed one are not allowed."""
    data = env.host().data(subnqn=env.target.closed_nqn,
                           hostnqn=change(env.target.allowed_host))
    expect_refused(env.queue(), data, 0, 31, nvme.CONNECT_HOST)


@case()
def host_allowed(env):
    """The host on the list gets in and does I/O."""
    host = env.host(subnqn=env.target.closed_nqn, hostnqn=env.target.allowed_host).up(1)
    data = pattern(512)
    host.io[1].write(1, 0, data)
    check(host.io[1].read(1, 0, 1) == data, "data")


@case()
def host_removed_from_list(env):
    """A host taken off the list is refused, and allowed again when it is back."""
    path = env.target.subsys(env.target.closed_nqn, "allowed_hosts", env.target.allowed_host)
    link = os.readlink(path)
    if not os.path.isabs(link):
        link = os.path.realpath(path)
    data = env.host().data(subnqn=env.target.closed_nqn, hostnqn=env.target.allowed_host)
    os.unlink(path)
    env.defer(lambda: os.path.islink(path) or os.symlink(link, path))
    expect_refused(env.queue(), data, 0, 31, nvme.CONNECT_HOST)
    os.symlink(link, path)
    env.queue().connect(data, 0, 31)


def _before_connect(env, sqe, statuses, **kw):
    """A command before Connect is refused; the connection may end, or take a Connect."""
    queue = env.queue()
    queue.cmd(sqe, status=statuses, what="command before Connect", **kw)
    try:
        queue.connect(env.host().data(), 0, 31)
    except Closed:
        pass


@rows([
    ("property_get", nvme.property_get(nvme.CAP, 8)),
    ("property_set", nvme.property_set(nvme.CC, 4, 1)),
    ("identify", nvme.identify(1)), ("keep_alive", nvme.sqe(nvme.KEEP_ALIVE)),
    ("aer", nvme.sqe(nvme.ASYNC_EVENT)), ("read", nvme.rw(nvme.READ, 1, 0, 1, 512)),
    ("flush", nvme.flush(1)), ("disconnect", nvme.disconnect()),
])
def other_command_first(env, sqe):
    """Anything but Connect as the first command: Command Sequence Error."""
    _before_connect(env, sqe, nvme.SEQUENCE_ERROR)


@rows([("auth_send", 5), ("auth_recv", 6), ("reserved", 0x10), ("vendor", 0xC0)])
def other_fabrics_type_first(env, fctype):
    """A Fabrics command that the target need not know, first: out of sequence or unknown."""
    _before_connect(env, nvme.fabrics(fctype),
                    (nvme.SEQUENCE_ERROR, nvme.INVALID_OPCODE, nvme.INVALID_FIELD))


@rows([("qid_0", 0), ("qid_1", 1)])
def second_connect(env, qid):
    """A Connect on a live admin queue: Command Sequence Error, and the queue lives on."""
    queue = connected_admin(env)
    cntlid_ = queue.host.cntlid if qid else 0xFFFF
    queue.connect(queue.host.data(cntlid_), qid, 31, status=nvme.SEQUENCE_ERROR)
    check(queue.prop_get(nvme.VS) >> 16 >= 1, "VS")


@rows([("indivioqdels", 0x08), ("connent", 0x10), ("both", 0x18)])
def cattr(env, value):
    """Attribute bits that only inform the controller are no reason to refuse."""
    queue = env.queue()
    queue.connect(env.host().data(), 0, 31, cattr=value)
    check(queue.prop_get(nvme.VS) >> 16 >= 1, "VS")


@case()
def kato_huge(env):
    """A KATO near the top of 32 bits is long, not short: rounding it up must not wrap."""
    wishes = (0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFC19, 0x80000000)
    hosts = []
    for kato in wishes:
        host = env.host()
        host.connect_admin(kato=kato)
        host.enable()
        hosts.append(host)
    settle(1.5)
    for kato, host in zip(wishes, hosts):
        value = host.get_feature(nvme.FEAT_KATO)
        check(value == 0 or value >= 60000, f"KATO {kato} became {value} ms")


@case()
def no_controller_left(env):
    """Every CNTLID of the subsystem is taken: Controller Busy; free again, the next one gets in."""
    target = env.target
    nqn = target.closed_nqn
    with target.attribute(target.subsys(nqn, "attr_cntlid_min"), 7), \
            target.attribute(target.subsys(nqn, "attr_cntlid_max"), 8):
        host, other = (env.host(subnqn=nqn, hostnqn=target.allowed_host) for _ in range(2))
        host.connect_admin()
        other.connect_admin()
        check({host.cntlid, other.cntlid} == {7, 8},
              f"CNTLIDs {host.cntlid} and {other.cntlid}, only 7 and 8 are allowed")
        expect_refused(env.queue(), host.data(), 0, 31, nvme.CONNECT_BUSY)
        host.close()
        for _ in range(100):
            queue = env.queue()
            cqe = queue.connect(other.data(), 0, 31, status=(nvme.OK, nvme.CONNECT_BUSY))
            queue.close()
            if cqe.status == nvme.OK:
                break
            settle(0.02)
        check(cqe.status == nvme.OK, f"{cqe}: the CNTLID of a gone host stays taken")


@case()
def cntlids_differ(env):
    """Controllers that live at the same time have different CNTLIDs in the configured range."""
    hosts = [env.host() for _ in range(12)]
    for host in hosts:
        host.connect_admin()
    cntlids = [host.cntlid for host in hosts]
    check(len(set(cntlids)) == len(cntlids), f"CNTLIDs {cntlids}")
    check(all(1 <= c <= 0xFFEF for c in cntlids), f"CNTLIDs {cntlids}")


@case()
def close_before_answer(env):
    """Hosts that send a Connect and vanish, with and without a reset."""
    for index in range(20):
        queue = env.queue()
        _, raw = queue.build(nvme.connect(0, 31), env.host().data())
        queue.send(raw[:len(raw) - (index % 3) * 100])
        if index % 2:
            queue.reset()
        else:
            queue.close()
