# SPDX-License-Identifier: GPL-2.0
"""Asynchronous events: how many requests, when they fire, masking and queueing (5.1.2)."""

from nvmetcp import ident, nvme
from nvmetcp.conn import Fail, Quiet, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import open_write

NS_CHANGED = 0x00040002     # notice, namespace attribute changed, log page 04h
CHANGED_LIST = 0x04


def _watching(env, requests=1):
    """A host that wants namespace notices and has sent that many requests."""
    host = env.up(0)
    host.set_feature(nvme.FEAT_AEC, 0x100)
    host.pending = [host.aer() for _ in range(requests)]
    return host


def _quiet(host, seconds=0.3):
    """No request completes for a while."""
    try:
        host.admin.pump(seconds)
    except Quiet:
        return
    done = next(iter(host.admin.done.values()))[0]
    raise Fail(f"an event that must not come: {done}")


def _event(host, want=NS_CHANGED):
    """Exactly one of the pending requests completes, with this event."""
    host.admin.pump()
    cid = next(iter(host.admin.done))
    check(cid in host.pending, f"completion of cid {cid}, which is no event request")
    cqe = check_status(host.admin.wait(cid), nvme.OK, "event")
    check(cqe.dw0 == want, f"{cqe}: DW0 {cqe.dw0:#x}, expected {want:#x}")
    host.pending.remove(cid)


def _changed(host, rae=False):
    """The changed namespace list."""
    return ident.nsid_list(host.log(CHANGED_LIST, 4096, nsid=nvme.NSID_ALL, rae=rae))


@case()
def limit(env):
    """AERL + 1 requests are held; one more is refused, and the held ones stay."""
    host = env.up(0)
    room = host.ctrl.aerl + 1
    for _ in range(room):
        host.aer()
    extra = host.aer()
    check_status(host.admin.wait(extra), nvme.AER_LIMIT, "one request too many")
    host.admin.expect_silence(0.1)


@case()
def duplicate_cid(env):
    """A request with the identifier of one that is held: Command ID Conflict; the held one is
    still there and fires."""
    host = _watching(env)
    again = host.aer(host.pending[0])
    check_status(host.admin.wait(again), nvme.CID_CONFLICT, "duplicate")
    with env.target.enabled(3):
        _event(host)


@case()
def namespace_appears(env):
    """A namespace is enabled: one notice; the list names it."""
    host = _watching(env)
    with env.target.enabled(3):
        _event(host)
        check(_changed(host) == [3], "changed namespace list")
        check(ident.nsid_list(host.identify(2, 0)) == [1, 2, 3], "active list")


@case()
def namespace_disappears(env):
    """A namespace is disabled: one notice; the list names it."""
    with env.target.enabled(3):
        host = _watching(env)
    _event(host)
    check(_changed(host) == [3], "changed namespace list")


@case()
def switched_off_while_pending(env):
    """A notice waits for a request, and the host switches notices off: no request gets it. When
    they are on again, one does."""
    host = _watching(env, 0)
    with env.target.enabled(3):
        host.set_feature(nvme.FEAT_AEC, 0)
        cid = host.aer()
        _quiet(host)
        host.set_feature(nvme.FEAT_AEC, 0x100)
        check(host.admin.wait(cid).dw0 == NS_CHANGED, "another event")


@case()
def fires_once(env):
    """After a notice no other of its type fires until the page is read."""
    host = _watching(env, 3)
    with env.target.enabled(3):
        _event(host)
        env.target.toggle(3)
        env.target.toggle(2)
        _quiet(host)
        check(_changed(host) == [2, 3], "changed namespace list")


@case()
def list_is_cleared_by_reading(env):
    """Reading the page with RAE clear empties it."""
    host = _watching(env)
    with env.target.enabled(3):
        _event(host)
        check(_changed(host) == [3], "first reading")
        check(_changed(host) == [], "second reading")


@case()
def rae_retains(env):
    """Reading with RAE set keeps the list and the mask; reading with RAE clear re-arms."""
    host = _watching(env, 3)
    with env.target.enabled(3):
        _event(host)
        for _ in range(2):
            check(_changed(host, rae=True) == [3], "reading with RAE")
        env.target.toggle(3)
        _quiet(host)
        check(_changed(host) == [3], "reading without RAE")
        _quiet(host)
        env.target.toggle(3)
        _event(host)


@case()
def reading_in_parts(env):
    """The page read in parts with RAE set, as tools do, is whole; the last reading clears it."""
    host = _watching(env)
    with env.target.enabled(3):
        env.target.toggle(2)
        _event(host)
        parts = [ident.nsid_list(host.log(CHANGED_LIST, 4, nsid=nvme.NSID_ALL, lpo=lpo, rae=True))
                 for lpo in (0, 4, 8)]
        check(parts == [[2], [3], []], f"parts {parts}")
        check(_changed(host) == [2, 3], "the whole page")
        check(_changed(host) == [], "the page after it was read")


@case()
def waits_for_a_request(env):
    """An event without a request to answer is kept and delivered to the next request."""
    host = _watching(env, 0)
    with env.target.enabled(3):
        _quiet(host, 0.1)
        host.pending = [host.aer()]
        _event(host)
        check(_changed(host) == [3], "changed namespace list")


@case()
def waits_only_once(env):
    """Several changes before a request make one event."""
    host = _watching(env, 0)
    for _ in range(4):
        with env.target.enabled(3):
            pass
    host.pending = [host.aer(), host.aer()]
    _event(host)
    _quiet(host)


@case()
def read_before_request(env):
    """An event whose page was read before a request came is no longer due."""
    host = _watching(env, 0)
    with env.target.enabled(3):
        check(_changed(host) == [3], "changed namespace list")
        host.pending = [host.aer()]
        _quiet(host)


@case()
def switched_off(env):
    """With the notice switched off nothing fires; the list is kept all the same."""
    host = _watching(env)
    host.set_feature(nvme.FEAT_AEC, 0)
    with env.target.enabled(3):
        _quiet(host)
        check(_changed(host) == [3], "changed namespace list")


@case()
def every_host_is_told(env):
    """Each controller of the subsystem fires its own event."""
    hosts = [_watching(env) for _ in range(3)]
    with env.target.enabled(3):
        for host in hosts:
            _event(host)
            check(_changed(host) == [3], "changed namespace list")


@case()
def other_subsystem_is_not_told(env):
    """A controller of another subsystem hears nothing."""
    host = env.host(subnqn=env.target.closed_nqn, hostnqn=env.target.allowed_host).up(0)
    host.set_feature(nvme.FEAT_AEC, 0x100)
    host.aer()
    with env.target.enabled(3):
        _quiet(host)


@case()
def not_before_enable(env):
    """An event before the host has asked for the type is not reported."""
    host = env.up(0)
    host.set_feature(nvme.FEAT_AEC, 0)
    with env.target.enabled(3):
        pass
    host.aer()
    _quiet(host)


@rows([("close", False), ("reset", True)])
def outstanding_at_close(env, reset):
    """Requests are outstanding when the host goes (L11, L4); the runner counts what is left."""
    for _ in range(8):
        host = env.up(1)
        for _ in range(host.ctrl.aerl + 1):
            host.aer()
        open_write(host.io[1])
        if reset:
            host.admin.reset()
            host.io[1].reset()
        else:
            host.close()


@case()
def event_races_with_close(env):
    """Hosts that go while an event is on its way to them."""
    for _ in range(5):
        hosts = [_watching(env) for _ in range(4)]
        for host in hosts[:2]:
            host.admin.close()
        env.target.toggle(2)
        for host in hosts[2:]:
            host.admin.close()
