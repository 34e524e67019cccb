# SPDX-License-Identifier: GPL-2.0
"""The discovery controller: its log page, its limits, its change event (base spec 3.1.3.3, 8.3.2)."""

import struct

from nvmetcp import ident, nvme
from nvmetcp.conn import Fail, Quiet, Skip, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import expect_refused

LID = 0x70
FIELD = nvme.INVALID_FIELD
DISC_CHANGED = 0x0070F002       # notice, discovery log page change, log page 70h
AEC_DISCOVERY = 1 << 31
TCP, IPV4, IPV6 = 3, 1, 2
REFERRAL, NVM, CURRENT = 1, 2, 3


def _discovery(env, **kw):
    host = env.host(subnqn=nvme.DISCOVERY_NQN, **kw)
    host.connect_admin()
    host.enable()
    return host


def _page(host):
    """The whole discovery log page, read as hosts do: header first, then all of it."""
    header = ident.Discovery(host.log(LID, 1024))
    return ident.Discovery(host.log(LID, 1024 * (header.numrec + 1)))


def _subsystems(page):
    return {e.subnqn for e in page.entries if e.subtype == NVM}


@case()
def identify_controller(env):
    """CNS 01h: a discovery controller, of the discovery subsystem."""
    ctrl = _discovery(env).ctrl
    check(ctrl.cntrltype == 2, f"CNTRLTYPE {ctrl.cntrltype}, a discovery controller is 2")
    check(ctrl.subnqn == nvme.DISCOVERY_NQN, f"SUBNQN {ctrl.subnqn!r}")
    check(ctrl.nn == 0, f"NN {ctrl.nn}: it has no namespaces")
    check(ctrl.lpa & 4, f"LPA {ctrl.lpa:#x} lacks extended data")
    check(ctrl.oaes & AEC_DISCOVERY, f"OAES {ctrl.oaes:#x} lacks the discovery change event")


@case()
def log_of_port_1(env):
    """Port 1 exports main to everyone and closed to its host; hidden is on no port."""
    page = _page(_discovery(env))
    check(page.recfmt == 0, f"RECFMT {page.recfmt}")
    check(_subsystems(page) == {env.target.subnqn}, f"subsystems {_subsystems(page)}")


@case()
def log_for_the_allowed_host(env):
    """The host that may use closed sees it."""
    page = _page(_discovery(env, hostnqn=env.target.allowed_host))
    want = {env.target.subnqn, env.target.closed_nqn}
    check(_subsystems(page) == want, f"subsystems {_subsystems(page)}")


@case()
def entry_fields(env):
    """The entry of main: how to reach it, byte by byte."""
    page = _page(_discovery(env))
    entry = next(e for e in page.entries if e.subnqn == env.target.subnqn)
    check((entry.trtype, entry.adrfam, entry.subtype) == (TCP, IPV4, NVM),
          f"TRTYPE {entry.trtype} ADRFAM {entry.adrfam} SUBTYPE {entry.subtype}")
    check((entry.traddr, entry.trsvcid) == (env.addr[0], str(env.addr[1])),
          f"address {entry.traddr} port {entry.trsvcid}")
    check(entry.portid == 1, f"PORTID {entry.portid}")
    check(entry.cntlid == 0xFFFF, f"CNTLID {entry.cntlid:#x}, the dynamic model is FFFFh")
    check(32 <= entry.asqsz <= 4096, f"ASQSZ {entry.asqsz}")
    check(entry.treq & 3 in (0, 2), f"TREQ {entry.treq:#x}: no secure channel is required here")
    check(not any(entry.tsas), f"TSAS {entry.tsas[:4].hex()}: no security")


@case()
def admin_queue_as_large_as_asqsz(env):
    """An admin queue of ASQSZ entries is granted."""
    page = _page(_discovery(env))
    entry = next(e for e in page.entries if e.subnqn == env.target.subnqn)
    env.queue().connect(env.host().data(), 0, entry.asqsz - 1)


@case()
def log_of_other_ports(env):
    """Each port shows what it exports, under its own address."""
    target = env.target
    ports = [(2, target.addr2, IPV4)] + ([(3, target.addr6, IPV6)] if target.addr6 else [])
    for portid, addr, family in ports:
        page = _page(_discovery(env, addr=addr, hostnqn=target.allowed_host))
        check(_subsystems(page) == {target.subnqn}, f"port {portid}: {_subsystems(page)}")
        entry = next(e for e in page.entries if e.subtype == NVM)
        check((entry.adrfam, entry.traddr, entry.trsvcid) == (family, addr[0], str(addr[1])),
              f"port {portid}: {entry.adrfam} {entry.traddr} {entry.trsvcid}")
        check(entry.portid == portid, f"PORTID {entry.portid}")


@rows([("ipv4", "127.0.0.9", IPV4), ("ipv6", "::1", IPV6)])
def log_of_any_address(env, addr, family):
    """A port on :: takes both families, and tells a host the address that it has used, as one of
    its family."""
    if not env.target.addr6:
        raise Skip("this machine has no IPv6")
    svc = env.target.addr6[1] + 7
    env.target.add_port(4, ("::", svc), env.target.subnqn)
    env.defer(lambda: env.target.remove_port(4))
    host = _discovery(env, addr=(addr, svc))
    for entry in _page(host).entries:
        check((entry.adrfam, entry.traddr, entry.trsvcid) == (family, addr, str(svc)),
              f"{entry.adrfam} {entry.traddr} {entry.trsvcid}")


@case()
def log_in_pieces(env):
    """The page read in pieces of any length and offset is the page (nvmet has it right too)."""
    host = _discovery(env, hostnqn=env.target.allowed_host)
    raw = _page(host).raw
    for lpo in range(0, 256, 16):
        check(host.log(LID, 16, lpo=lpo) == raw[lpo:lpo + 16], f"16 bytes at {lpo}")
    for size in (100, 1020, 1024, 1500):
        got = b"".join(host.log(LID, min(size, len(raw) - lpo), lpo=lpo)
                       for lpo in range(0, len(raw), size))
        check(got == raw, f"pieces of {size} bytes")


@case()
def log_beyond_end(env):
    """What is asked for beyond the end is zero (C2, C4)."""
    host = _discovery(env)
    size = len(_page(host).raw)
    raw = host.log(LID, size + 4096)
    check(not any(raw[size:]), "bytes behind the end")
    raw = host.log(LID, 64, lpo=size - 32)
    check(not any(raw[32:]), "bytes behind the end")


@rows([("next_page", 4096), ("u31", 0x7FFFFFFC), ("u32", 0xFFFFFFFC), ("4g", 1 << 32),
       ("u63", 1 << 63), ("u64", (1 << 64) - 4)])
def offset_beyond_end(env, step):
    """An offset behind the end of the page: Invalid Field (C2)."""
    host = _discovery(env)
    size = len(_page(host).raw)
    host.log(LID, 1024, lpo=step if step > 1 << 20 else size + step, status=FIELD)


@case()
def log_sgl_shorter(env):
    """An SGL shorter than NUMD: Data SGL Length Invalid."""
    _discovery(env).log(LID, 1024, sgl_length=512, status=nvme.SGL_LENGTH)


@rows([(f"{lid:02x}", lid) for lid in (0x04, 0x05, 0x0C, 0xC0, 0xFF)])
def log_unknown(env, lid):
    """Pages that a discovery controller does not have: Invalid Log Page."""
    _discovery(env).log(lid, 512, status=nvme.INVALID_LOG_PAGE)


@rows([("cns_00", 0, 1), ("cns_02", 2, 0), ("cns_03", 3, 1), ("cns_ff", 0xFF, 0)])
def identify_unknown(env, cns, nsid):
    """Structures of namespaces, of which it has none: refused."""
    _discovery(env).identify(cns, nsid, status=(FIELD, nvme.INVALID_NS))


@rows([("1", 1), ("ffff", 0xFFFF)])
def no_io_queues(env, qid):
    """An I/O Connect to a discovery controller: Invalid Parameters at QID."""
    host = _discovery(env)
    expect_refused(host.queue(), host.data(host.cntlid), qid, 31, nvme.CONNECT_PARAM, nvme.AT_QID)


@rows([("format", 0x80), ("abort_like", 0x81), ("create_sq", 0x01), ("vendor", 0xC2)])
def opcode_unknown(env, opcode):
    """Admin commands that it does not have: Invalid Opcode."""
    host = _discovery(env)
    host.admin.cmd(nvme.sqe(opcode), status=nvme.INVALID_OPCODE, what=f"opcode {opcode:#x}")


@case()
def features(env):
    """KATO and the event configuration can be set and read."""
    host = _discovery(env)
    host.set_feature(nvme.FEAT_KATO, 30000)
    check(host.get_feature(nvme.FEAT_KATO) == 30000, "KATO")
    host.set_feature(nvme.FEAT_AEC, AEC_DISCOVERY)
    check(host.get_feature(nvme.FEAT_AEC) == AEC_DISCOVERY, "AEC")


def _referral(env, name="wire-ref"):
    return env.target.referral(1, name, trtype="tcp", adrfam="ipv4", traddr="127.0.0.9",
                               trsvcid="4999", portid=77)


@case()
def referral(env):
    """A referral is an entry of its own; it is gone when it is removed."""
    host = _discovery(env)
    before = _page(host)
    with _referral(env):
        page = _page(host)
        entries = [e for e in page.entries if e.subtype == REFERRAL]
        check(len(entries) == 1, f"{len(entries)} referrals")
        entry = entries[0]
        check((entry.traddr, entry.trsvcid, entry.portid) == ("127.0.0.9", "4999", 77),
              f"{entry.traddr} {entry.trsvcid} {entry.portid}")
        check(entry.subnqn == nvme.DISCOVERY_NQN, f"SUBNQN {entry.subnqn}")
        check(page.numrec == before.numrec + 1, f"NUMREC {before.numrec} and then {page.numrec}")
    check(_page(host).numrec == before.numrec, "the referral is still there")


@case()
def generation_counter(env):
    """GENCTR counts each change, and only changes."""
    host = _discovery(env)
    first = _page(host).genctr
    check(_page(host).genctr == first, "GENCTR moves without a change")
    with _referral(env):
        second = _page(host).genctr
        check(second > first, f"GENCTR {first} and then {second}")
    third = _page(host).genctr
    check(third > second, f"GENCTR {second} and then {third}")


def _event(host, aer):
    host.admin.pump()
    cqe = check_status(host.admin.wait(aer), nvme.OK, "event")
    check(cqe.dw0 == DISC_CHANGED, f"{cqe}: DW0 {cqe.dw0:#x}, expected {DISC_CHANGED:#x}")


def _quiet(host, seconds=0.3):
    try:
        host.admin.pump(seconds)
    except Quiet:
        return
    raise Fail("an event that must not come")


@case()
def change_event(env):
    """Persistent discovery: a change fires the event once; reading the page re-arms it."""
    host = env.host(subnqn=nvme.DISCOVERY_NQN)
    host.connect_admin(kato=60000)
    host.enable()
    host.set_feature(nvme.FEAT_AEC, AEC_DISCOVERY)
    aer = host.aer()
    with _referral(env):
        _event(host, aer)
        aer = host.aer()
    _quiet(host)
    host.log(LID, 1024)
    with _referral(env):
        _event(host, aer)


@case()
def change_event_of_a_link(env):
    """A subsystem that is linked to the port fires the event and appears."""
    target = env.target
    host = _discovery(env)
    host.set_feature(nvme.FEAT_AEC, AEC_DISCOVERY)
    aer = host.aer()
    with target.attribute(target.subsys(target.hidden_nqn, "attr_allow_any_host"), 1):
        target.link(1, target.hidden_nqn)
        try:
            _event(host, aer)
            check(target.hidden_nqn in _subsystems(_page(host)), "the subsystem is not listed")
        finally:
            target.unlink(1, target.hidden_nqn)
    check(target.hidden_nqn not in _subsystems(_page(host)), "the subsystem is still listed")


@case()
def no_event_for_other_port(env):
    """A change on port 1 is none of port 2's."""
    host = _discovery(env, addr=env.target.addr2)
    host.set_feature(nvme.FEAT_AEC, AEC_DISCOVERY)
    host.aer()
    with _referral(env):
        _quiet(host)


@case()
def no_event_when_off(env):
    """Without the event switched on nothing fires."""
    host = _discovery(env)
    host.aer()
    if host.get_feature(nvme.FEAT_AEC):
        raise Skip("the event is on by default")
    with _referral(env):
        _quiet(host)


@case()
def current_discovery_entry(env):
    """An entry for the discovery subsystem itself, where there is one, names this port."""
    entries = [e for e in _page(_discovery(env)).entries if e.subtype == CURRENT]
    check(len(entries) <= 1, f"{len(entries)} entries of the current discovery subsystem")
    for entry in entries:
        check((entry.traddr, entry.trsvcid) == (env.addr[0], str(env.addr[1])),
              f"{entry.traddr} {entry.trsvcid}")


@case()
def header_reserved_is_zero(env):
    """Reserved bytes of header and entries are zero (C4)."""
    raw = _page(_discovery(env)).raw
    check(not any(raw[18:1024]), "header")
    for at in range(1024, len(raw), 1024):
        check(not any(raw[at + 12:at + 32]) and not any(raw[at + 64:at + 256]), f"entry at {at}")
    check(struct.unpack_from("<Q", raw, 8)[0] == len(raw) // 1024 - 1, "NUMREC")
