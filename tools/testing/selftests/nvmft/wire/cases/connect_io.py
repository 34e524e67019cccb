# SPDX-License-Identifier: GPL-2.0
"""Connect of I/O queues: who may, when, and with which parameters (base spec 6.3)."""

from nvmetcp import nvme
from nvmetcp.conn import Fail, Skip, check
from nvmetcp.host import HOSTID, settle
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, expect_refused, retry_connect_io
from nvmetcp.target import put

PARAM = nvme.CONNECT_PARAM
OTHER_NQN = "nqn.2014-08.org.nvmexpress:wire:another-host"


def _granted(env, queues=2):
    """A host with an enabled controller and I/O queues granted, none connected."""
    host = env.up(0)
    host.granted = host.set_queues(queues)
    return host


@case()
def accepted(env):
    """I/O queues in any order of their identifiers."""
    host = _granted(env, 3)
    for qid in (3, 1, 2):
        alive(host.connect_io(qid))


@rows([("1", 1), ("ffff", 0xFFFF)])
def recfmt(env, value):
    """A record format other than 0: Incompatible Format."""
    host = _granted(env)
    expect_refused(host.queue(), host.data(host.cntlid), 1, 31, nvme.CONNECT_FORMAT, recfmt=value)


@case()
def sqsize_zero(env):
    """A queue of one entry."""
    host = _granted(env)
    expect_refused(host.queue(), host.data(host.cntlid), 1, 0, PARAM, nvme.AT_SQSIZE)


@case()
def sqsize_beyond_mqes(env):
    """One entry more than CAP.MQES."""
    host = _granted(env)
    mqes = host.admin.prop_get(nvme.CAP, 8) & 0xFFFF
    if mqes == 0xFFFF:
        raise Skip("CAP.MQES is 65535, no larger queue can be asked for")
    expect_refused(host.queue(), host.data(host.cntlid), 1, mqes + 1, PARAM, nvme.AT_SQSIZE)


@case()
def sqsize_mqes(env):
    """Exactly CAP.MQES is granted (C18)."""
    host = _granted(env)
    mqes = host.admin.prop_get(nvme.CAP, 8) & 0xFFFF
    alive(host.connect_io(1, sqsize=mqes))


@rows([("next", 1), ("far", 1000), ("fffe", None), ("ffff", 0)])
def qid_not_granted(env, step):
    """A queue identifier beyond what Number of Queues granted."""
    host = _granted(env)
    qid = {None: 0xFFFE, 0: 0xFFFF}.get(step, host.granted + (step or 0))
    expect_refused(host.queue(), host.data(host.cntlid), qid, 31, PARAM, nvme.AT_QID)


@case()
def qid_in_use(env):
    """A queue that exists: the text says Command Sequence Error, the figure of the command says
    Invalid Queue Identifier. The queue that has the identifier is not disturbed."""
    host = _granted(env)
    first = host.connect_io(1)
    expect_refused(host.queue(), host.data(host.cntlid), 1, 31,
                   (nvme.SEQUENCE_ERROR, nvme.INVALID_QID))
    alive(first)


@case()
def second_connect_on_queue(env):
    """A Connect on a live I/O queue: Command Sequence Error, and the queue lives on."""
    host = _granted(env)
    queue = host.connect_io(1)
    for qid in (1, 2):
        queue.connect(host.data(host.cntlid), qid, 31, status=nvme.SEQUENCE_ERROR)
    alive(queue)


@case()
def qid_free_again(env):
    """A queue whose connection has ended can be connected again."""
    host = _granted(env)
    for _ in range(5):
        queue = retry_connect_io(host, 1)
        alive(queue)
        queue.close()


@rows([("0", 0), ("other", None), ("ffef", 0xFFEF), ("fff0", 0xFFF0), ("fffe", 0xFFFE),
       ("ffff", 0xFFFF)])
def cntlid(env, value):
    """A controller that this host has no association with."""
    host = _granted(env)
    if value is None:
        value = host.cntlid % 0xFF00 + 200
    expect_refused(host.queue(), host.data(value), 1, 31, PARAM, nvme.AT_CNTLID)


@case()
def cntlid_of_ended_association(env):
    """The CNTLID of an association whose admin queue is gone."""
    host = _granted(env)
    data = host.data(host.cntlid)
    host.close()
    settle(0.2)
    expect_refused(env.queue(), data, 1, 31, PARAM, nvme.AT_CNTLID)


@rows([("one_bit", bytes([HOSTID[0] ^ 1]) + HOSTID[1:]), ("last_byte", HOSTID[:15] + b"\0"),
       ("ones", b"\xff" * 16)])
def hostid_differs(env, hostid):
    """Another Host Identifier than the admin queue's."""
    host = _granted(env)
    expect_refused(host.queue(), host.data(host.cntlid, hostid=hostid), 1, 31, PARAM,
                   nvme.AT_HOSTID)


@case()
def hostid_zero(env):
    """Host Identifier 0 on an I/O queue. Base specification 2.1 and later say it is ignored;
    before, it simply did not match."""
    host = _granted(env)
    queue = host.queue()
    cqe = queue.connect(host.data(host.cntlid, hostid=bytes(16)), 1, 31,
                        status=(nvme.OK, PARAM))
    if cqe.status == nvme.OK:
        alive(queue)
    else:
        check(cqe.connect_error == nvme.AT_HOSTID, f"{cqe}: {cqe.connect_error}")


@rows([("another", OTHER_NQN), ("prefix", None), ("empty", b""), ("unterminated", b"h" * 256)])
def hostnqn_differs(env, name):
    """Another host NQN than the admin queue's."""
    host = _granted(env)
    name = host.hostnqn[:-1] if name is None else name
    expect_refused(host.queue(), host.data(host.cntlid, hostnqn=name), 1, 31, PARAM,
                   nvme.AT_HOSTNQN)


@rows([("unknown", b"nqn.2014-08.org.nvmexpress:nobody"), ("unterminated", b"s" * 256),
       ("empty", b"")])
def subnqn_differs(env, name):
    """Another subsystem than the admin queue's."""
    host = _granted(env)
    expect_refused(host.queue(), host.data(host.cntlid, subnqn=name), 1, 31, PARAM,
                   nvme.AT_SUBNQN)


@case()
def subnqn_of_other_subsystem(env):
    """A subsystem that exists but is not the controller's. The host may not use it, the name does
    not match and the CNTLID is not one of its: each is a right answer."""
    host = _granted(env)
    data = host.data(host.cntlid, subnqn=env.target.closed_nqn)
    expect_refused(host.queue(), data, 1, 31, (PARAM, nvme.CONNECT_HOST),
                   [nvme.AT_SUBNQN, nvme.AT_CNTLID])


@case()
def other_hosts_controller(env):
    """A stranger that knows a CNTLID and not the host NQN gets no queue on it."""
    host = _granted(env)
    thief = env.host(hostnqn=OTHER_NQN, hostid=b"\x77" * 16)
    expect_refused(thief.queue(), thief.data(host.cntlid), 1, 31, PARAM,
                   [nvme.AT_HOSTID, nvme.AT_CNTLID, nvme.AT_HOSTNQN])
    alive(host.connect_io(1))


@case()
def other_port(env):
    """The right parameters on another port than the admin queue's: Invalid Parameters (the
    specification does not say which one)."""
    host = _granted(env)
    expect_refused(host.queue(addr=env.target.addr2), host.data(host.cntlid), 1, 31, PARAM)


@case()
def before_enable(env):
    """An I/O Connect while the controller is disabled: Invalid Parameters (base spec 6.3)."""
    host = env.host()
    host.connect_admin()
    expect_refused(host.queue(), host.data(host.cntlid), 1, 31, PARAM)


@case()
def after_disable(env):
    """The same after the controller was enabled, used and disabled."""
    host = _granted(env)
    host.connect_io(1)
    host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
    host.wait_csts(nvme.CSTS_RDY, 0)
    expect_refused(host.queue(), host.data(host.cntlid), 2, 31, PARAM)


@case()
def before_number_of_queues(env):
    """An I/O Connect before Set Features Number of Queues has granted any: refused. Out of
    sequence, or a queue identifier that is not granted; the specification does not say which."""
    host = env.up(0)
    expect_refused(host.queue(), host.data(host.cntlid), 1, 31,
                   (nvme.SEQUENCE_ERROR, nvme.INVALID_QID, PARAM))


@rows([("1", 1), ("1000", 1000), ("max", 0xFFFFFFFF)])
def kato_is_reserved(env, kato):
    """KATO in an I/O Connect is reserved: ignored, not refused, and no timer."""
    host = _granted(env)
    queue = host.connect_io(1, kato=kato)
    settle(1.2 if kato == 1 else 0.05)
    alive(queue)
    check(host.get_feature(nvme.FEAT_KATO) == 0, "the I/O queue's KATO was taken over")


@rows([("512", 512), ("1028", 1028), ("8192", 8192)])
def data_length(env, length):
    """Connect data of another length than 1024."""
    host = _granted(env)
    data = (host.data(host.cntlid) + bytes(8192))[:length]
    expect_refused(host.queue(), data, 1, 31, (PARAM, nvme.SGL_LENGTH), nvme.AT_SGL,
                   length=length)


@case()
def capsule_data_on_small_port(env):
    """A Connect carries its 1024 bytes in the capsule whatever the port's in-capsule size."""
    target = env.target
    host = env.host(addr=target.addr2).up(2)
    alive(host.io[1])
    alive(host.io[2])


@case()
def ipv6(env):
    """The same over IPv6."""
    if not env.target.addr6:
        raise Skip("this machine has no IPv6")
    host = env.host(addr=env.target.addr6).up(1)
    alive(host.io[1])


@case()
def qid_max_lowered_while_connected(env):
    """attr_qid_max changes between Connects (C3): a queue array sized before is not overrun, and
    the host is either served within the new limit or refused."""
    target = env.target
    path = target.subsys(target.subnqn, "attr_qid_max")
    with target.attribute(path, 1):
        host = env.up(0)
        granted = host.set_queues(4)
        check(granted == 1, f"granted {granted} queues, attr_qid_max is 1")
        try:
            put(path, 4)
        except Fail:
            raise Skip("attr_qid_max cannot change while a host is connected") from None
        if host.admin.closed():
            return
        expect_refused(host.queue(), host.data(host.cntlid), 4, 31, PARAM)
