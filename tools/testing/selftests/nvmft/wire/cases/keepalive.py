# SPDX-License-Identifier: GPL-2.0
"""Keep alive: expiry ends the association, traffic counts, 0 switches it off (base spec 3.9)."""

import math
import time

from nvmetcp import nvme
from nvmetcp.conn import PACE, Closed, check
from nvmetcp.host import settle
from nvmetcp.ktap import case
from nvmetcp.steps import alive


def _kato():
    """A short keep alive timeout in ms: the least that KAS of one second allows, or as many
    seconds as this machine needs."""
    return 1000 * math.ceil(PACE.factor)


def _lives(host, kato, step):
    """Call step four times in each KATO for longer than the timer may take; the association must
    not end."""
    deadline = time.monotonic() + 2.3 * kato / 1000
    while time.monotonic() < deadline:
        step()
        time.sleep(0.25 * kato / 1000)
    check(host.admin.prop_get(nvme.CSTS) & 1, "the controller is no longer ready")


@case()
def expiry(env):
    """A host that falls silent is cut off: not before KATO, and soon after. With traffic based
    keep alive the last command may count until the end of the interval after it."""
    kato = _kato()
    host = env.up(2, kato=kato)
    start = time.monotonic()
    host.admin.expect_closed(5 * kato / 1000)
    took = time.monotonic() - start
    check(took >= 0.8 * kato / 1000, f"cut off after {took:.2f} s, KATO is {kato} ms")
    for queue in host.io.values():
        queue.expect_closed()


@case()
def expiry_frees_controller(env):
    """The controller of a host that was cut off is gone: its CNTLID takes no I/O queue."""
    kato = _kato()
    host = env.up(0, kato=kato)
    host.admin.expect_closed(5 * kato / 1000)
    settle(0.2)
    queue = host.queue()
    queue.connect(host.data(host.cntlid), 1, 31, status=nvme.CONNECT_PARAM)


@case()
def keep_alive_command(env):
    """Keep Alive commands keep the association."""
    kato = _kato()
    host = env.up(1, kato=kato)
    _lives(host, kato, lambda: host.admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), what="Keep Alive"))
    alive(host.io[1])


@case()
def admin_traffic(env):
    """Other admin commands count as well (TBKAS)."""
    kato = _kato()
    host = env.up(0, kato=kato)
    check(host.ctrl.ctratt >> 6 & 1, "CTRATT lacks TBKAS")
    _lives(host, kato, lambda: host.get_feature(nvme.FEAT_NUM_QUEUES))


@case()
def io_traffic(env):
    """I/O commands count as well (TBKAS)."""
    kato = _kato()
    host = env.up(1, kato=kato)
    check(host.ctrl.ctratt >> 6 & 1, "CTRATT lacks TBKAS")
    _lives(host, kato, lambda: host.io[1].read(1, 0, 1))


@case()
def off(env):
    """KATO 0 in Connect, and set to 0 later, switch the timer off (L10)."""
    kato = _kato()
    never, later = env.up(1, kato=0), env.up(1, kato=kato)
    later.set_feature(nvme.FEAT_KATO, 0)
    time.sleep(2.6 * kato / 1000)
    for host in (never, later):
        check(not host.admin.closed(), "cut off although keep alive is off")
        host.identify(1)
        alive(host.io[1])


@case()
def switched_on_later(env):
    """KATO set by Set Features starts the timer."""
    kato = _kato()
    host = env.up(0)
    host.set_feature(nvme.FEAT_KATO, kato)
    host.admin.expect_closed(5 * kato / 1000)


@case()
def longer_later(env):
    """A longer KATO set later holds from then on."""
    kato = _kato()
    host = env.up(0, kato=kato)
    host.set_feature(nvme.FEAT_KATO, 600000)
    time.sleep(2.6 * kato / 1000)
    host.identify(1)


@case()
def disabled_controller(env):
    """A host that connects with a KATO and never enables does not stay for ever: the timer runs
    from Connect on, or the association of a disabled controller is left to the host's next step,
    which it must then still be able to take."""
    kato = _kato()
    host = env.host()
    host.connect_admin(kato=kato)
    time.sleep(2.6 * kato / 1000)
    if host.admin.closed():
        return
    try:
        host.enable()
    except Closed:
        return
    host.identify(1)


@case()
def after_reset(env):
    """The timer runs again after a reset: a silent host is cut off."""
    kato = _kato()
    host = env.up(0, kato=kato)
    host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
    host.wait_csts(nvme.CSTS_RDY, 0)
    host.enable()
    host.admin.expect_closed(5 * kato / 1000)


@case()
def command_accepted(env):
    """The Keep Alive command succeeds; with the timer off some targets call it invalid, of which
    the specification says nothing."""
    cqe = env.up(0, kato=60000).admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), what="Keep Alive")
    check(cqe.value == 0, f"{cqe}: a value beside success")
    env.up(0).admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), status=(nvme.OK, nvme.KATO_INVALID))
