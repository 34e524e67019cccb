# SPDX-License-Identifier: GPL-2.0
"""Keep alive: expiry ends the association, traffic counts, 0 switches it off (base spec 3.9)."""

import time

from nvmetcp import nvme
from nvmetcp.conn import SCALE, Closed, check
from nvmetcp.host import settle
from nvmetcp.ktap import case
from nvmetcp.steps import alive

KATO = 1000     # ms; the shortest that KAS of one second allows


def _lives(host, seconds, step):
    """Call step every quarter second for a while; the association must not end."""
    deadline = time.monotonic() + seconds * SCALE
    while time.monotonic() < deadline:
        step()
        time.sleep(0.25 * min(SCALE, 1))
    check(host.admin.prop_get(nvme.CSTS) & 1, "the controller is no longer ready")


@case()
def expiry(env):
    """A host that falls silent is cut off: not before KATO, and soon after. With traffic based
    keep alive the last command may count until the end of the interval after it."""
    host = env.up(2, kato=KATO)
    start = time.monotonic()
    host.admin.expect_closed(4 * KATO / 1000 * max(SCALE, 1))
    took = time.monotonic() - start
    check(took >= KATO / 1000 * 0.8, f"cut off after {took:.2f} s, KATO is {KATO} ms")
    for queue in host.io.values():
        queue.expect_closed(2 * max(SCALE, 1))


@case()
def expiry_frees_controller(env):
    """The controller of a host that was cut off is gone: its CNTLID takes no I/O queue."""
    host = env.up(0, kato=KATO)
    host.admin.expect_closed(4 * KATO / 1000 * max(SCALE, 1))
    settle(0.2)
    queue = host.queue()
    queue.connect(host.data(host.cntlid), 1, 31, status=nvme.CONNECT_PARAM)


@case()
def keep_alive_command(env):
    """Keep Alive commands keep the association."""
    host = env.up(1, kato=KATO)
    _lives(host, 2.6, lambda: host.admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), what="Keep Alive"))
    alive(host.io[1])


@case()
def admin_traffic(env):
    """Other admin commands count as well (TBKAS)."""
    host = env.up(0, kato=KATO)
    check(host.ctrl.ctratt >> 6 & 1, "CTRATT lacks TBKAS")
    _lives(host, 2.6, lambda: host.get_feature(nvme.FEAT_NUM_QUEUES))


@case()
def io_traffic(env):
    """I/O commands count as well (TBKAS)."""
    host = env.up(1, kato=KATO)
    check(host.ctrl.ctratt >> 6 & 1, "CTRATT lacks TBKAS")
    _lives(host, 2.6, lambda: host.io[1].read(1, 0, 1))


@case()
def off(env):
    """KATO 0 in Connect, and set to 0 later, switch the timer off (L10)."""
    never, later = env.up(1, kato=0), env.up(1, kato=KATO)
    later.set_feature(nvme.FEAT_KATO, 0)
    settle(3.2)
    for host in (never, later):
        check(not host.admin.closed(), "cut off although keep alive is off")
        host.identify(1)
        alive(host.io[1])


@case()
def switched_on_later(env):
    """KATO set by Set Features starts the timer."""
    host = env.up(0)
    host.set_feature(nvme.FEAT_KATO, KATO)
    host.admin.expect_closed(4 * KATO / 1000 * max(SCALE, 1))


@case()
def longer_later(env):
    """A longer KATO set later holds from then on."""
    host = env.up(0, kato=KATO)
    host.set_feature(nvme.FEAT_KATO, 60000)
    settle(3.2)
    host.identify(1)


@case()
def disabled_controller(env):
    """A host that connects with a KATO and never enables does not stay for ever: the timer runs
    from Connect on, or the association of a disabled controller is left to the host's next step,
    which it must then still be able to take."""
    host = env.host()
    host.connect_admin(kato=KATO)
    settle(3.2)
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
    host = env.up(0, kato=KATO)
    host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
    host.wait_csts(nvme.CSTS_RDY, 0)
    host.enable()
    host.admin.expect_closed(4 * KATO / 1000 * max(SCALE, 1))


@case()
def command_accepted(env):
    """The Keep Alive command succeeds; with the timer off some targets call it invalid, of which
    the specification says nothing."""
    cqe = env.up(0, kato=60000).admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), what="Keep Alive")
    check(cqe.value == 0, f"{cqe}: a value beside success")
    env.up(0).admin.cmd(nvme.sqe(nvme.KEEP_ALIVE), status=(nvme.OK, nvme.KATO_INVALID))
