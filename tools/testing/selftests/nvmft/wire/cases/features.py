# SPDX-License-Identifier: GPL-2.0
"""Set and Get Features with every SEL, for each feature of this controller (base spec 5.1.25)."""

from nvmetcp import nvme
from nvmetcp.conn import Skip, check, check_status
from nvmetcp.host import HOSTID
from nvmetcp.ktap import case, rows

FIELD, SEQ = nvme.INVALID_FIELD, nvme.SEQUENCE_ERROR
NUMQ, KATO, AEC, VWC, HOSTID_FID = (nvme.FEAT_NUM_QUEUES, nvme.FEAT_KATO, nvme.FEAT_AEC,
                                   nvme.FEAT_VWC, nvme.FEAT_HOST_ID)
CURRENT, DEFAULT, SAVED, CAPABILITIES = 0, 1, 2, 3
PER_NS, CHANGEABLE = 2, 4


def _number(host, nsq, ncq, status=nvme.OK):
    return host.admin.cmd(nvme.set_features(NUMQ, ncq << 16 | nsq), status=status,
                          what=f"Number of Queues {nsq}, {ncq}")


@rows([("1", 1), ("2", 2), ("5", 5), ("64", 64)])
def queues_granted(env, wish):
    """No more queues than asked for are granted, at least one, and Get says the same."""
    host = env.up(0)
    cqe = _number(host, wish - 1, wish - 1)
    nsq, ncq = (cqe.dw0 & 0xFFFF) + 1, (cqe.dw0 >> 16) + 1
    check(1 <= nsq <= wish and 1 <= ncq <= wish, f"asked for {wish}, granted {nsq} and {ncq}")
    check(host.get_feature(NUMQ) == cqe.dw0, "Get Features has another number")


@case()
def queues_uneven(env):
    """Different numbers of submission and completion queues: each bounded by its wish. On fabrics
    they come in pairs, so the smaller may stand for both."""
    host = env.up(0)
    dw0 = _number(host, 0, 3).dw0
    check(dw0 & 0xFFFF == 0, f"one submission queue wanted, DW0 {dw0:#x}")
    check(dw0 >> 16 <= 3, f"four completion queues wanted, DW0 {dw0:#x}")


@rows([("nsq", 0xFFFF, 0), ("ncq", 0, 0xFFFF), ("both", 0xFFFF, 0xFFFF)])
def queues_ffff(env, nsq, ncq):
    """65535 is no number of queues: Invalid Field."""
    _number(env.up(0), nsq, ncq, FIELD)


@case()
def queues_most(env):
    """65535 queues wanted: granted as many as there can be, and the last one connects."""
    host = env.up(0)
    granted = (_number(host, 0xFFFE, 0xFFFE).dw0 & 0xFFFF) + 1
    check(granted <= 0xFFFF, f"granted {granted}")
    host.connect_io(granted).read(1, 0, 1)


@case()
def queues_again_before_connect(env):
    """Asked twice before any I/O queue exists: the second answer counts."""
    host = env.up(0)
    _number(host, 3, 3)
    dw0 = _number(host, 1, 1).dw0
    check(dw0 == 0x10001, f"asked for 2, DW0 {dw0:#x}")


@case()
def queues_after_connect(env):
    """Asked when I/O queues exist: Command Sequence Error, and nothing changes."""
    host = env.up(2)
    before = host.get_feature(NUMQ)
    _number(host, 7, 7, SEQ)
    check(host.get_feature(NUMQ) == before, "the number changed")


@rows([("0", 0), ("5000", 5000), ("60000", 60000), ("1500", 1500), ("1", 1)])
def kato(env, value):
    """KATO as set, rounded up to the granularity of KAS; Get says what holds."""
    host = env.up(0)
    unit = host.ctrl.kas * 100
    host.set_feature(KATO, value)
    got = host.get_feature(KATO)
    want = (value + unit - 1) // unit * unit
    check(got in (value, want), f"set {value} ms, got {got} ms, KAS is {unit} ms")
    if value == 1:
        host.set_feature(KATO, 0)


@case()
def kato_of_connect(env):
    """The KATO of Connect is the feature's value."""
    host = env.up(0, kato=30000)
    check(host.get_feature(KATO) == 30000, f"KATO {host.get_feature(KATO)}")


@case()
def kato_max(env):
    """KATO near 32 bits: taken as a long time, or refused; it does not wrap to a short one."""
    host = env.up(0)
    host.set_feature(KATO, 0xFFFFFFFF, status=(nvme.OK, FIELD, nvme.KATO_INVALID))
    got = host.get_feature(KATO)
    check(got == 0 or got >= 60000, f"KATO {got}")
    host.identify(1)


@case()
def async_event_config(env):
    """The events that OAES offers can be switched on and off; the value reads back."""
    host = env.up(0)
    mask = host.ctrl.oaes & 0x100
    check(mask, f"OAES {host.ctrl.oaes:#x}")
    for value in (mask, mask | 0x1F, 0x1F, 0):
        host.set_feature(AEC, value)
        check(host.get_feature(AEC) == value, f"set {value:#x}, got {host.get_feature(AEC):#x}")


@case()
def host_id_get(env):
    """Host Identifier: the 128 bits of Connect."""
    host = env.up(0)
    cqe = host.admin.cmd(nvme.get_features(HOSTID_FID, 1, length=16), expect=16, what="Host ID")
    check(cqe.data == HOSTID, f"Host ID {cqe.data.hex()}")


@rows([("64_bit", 0, 8), ("64_bit_long", 0, 16)])
def host_id_short_form(env, exhid, length):
    """The 64-bit form does not exist on fabrics: Invalid Field."""
    env.up(0).admin.cmd(nvme.get_features(HOSTID_FID, exhid, length=length), status=FIELD,
                        what="Host ID with EXHID 0")


@rows([("0", 0), ("4", 4), ("8", 8), ("12", 12)])
def host_id_short_buffer(env, length):
    """A buffer shorter than the 16 bytes: Data SGL Length Invalid, no byte too many (C5)."""
    host = env.up(0)
    cid = host.admin.submit(nvme.get_features(HOSTID_FID, 1, length=length), expect=length)
    check_status(host.admin.wait(cid), (nvme.SGL_LENGTH, nvme.SGL_TYPE) if not length
                 else nvme.SGL_LENGTH, "Host ID")
    host.identify(1)


@case()
def host_id_set(env):
    """Connect has set the Host Identifier: Set Features is out of sequence. The data in the
    capsule is taken off the stream all the same."""
    host = env.up(0)
    host.admin.cmd(nvme.set_features(HOSTID_FID, 1, length=16, icd=True), b"\x55" * 16,
                   status=SEQ, what="Set Features Host ID")
    cqe = host.admin.cmd(nvme.get_features(HOSTID_FID, 1, length=16), expect=16, what="Host ID")
    check(cqe.data == HOSTID, f"Host ID {cqe.data.hex()}")


@case()
def write_cache(env):
    """Volatile write cache: with one present, Get has bit 0; switching it off is either not
    possible or done."""
    host = env.up(1)
    if not host.ctrl.vwc & 1:
        raise Skip("the controller has no volatile write cache")
    check(host.get_feature(VWC) & ~1 == 0, "reserved bits")
    cqe = host.set_feature(VWC, 0, status=(nvme.OK, nvme.NOT_CHANGEABLE, FIELD))
    if cqe.status == nvme.OK:
        check(host.get_feature(VWC) == 0, "the cache is still on")
        host.set_feature(VWC, 1)
    check(host.get_feature(VWC) == 1, "WCE")


@case()
def write_cache_absent(env):
    """Without a volatile write cache, Get and Set are refused: Invalid Field."""
    host = env.host(subnqn=env.target.closed_nqn, hostnqn=env.target.allowed_host).up(0)
    check(not host.ctrl.vwc & 1, f"VWC {host.ctrl.vwc:#x}, no device has a write cache")
    host.get_feature(VWC, status=FIELD)
    host.set_feature(VWC, 1, status=FIELD)


@case()
def sel_is_advertised(env):
    """ONCS says that SEL of Get Features and SV of Set Features are supported."""
    ctrl = env.up(0).ctrl
    check(ctrl.oncs >> 4 & 1, f"ONCS {ctrl.oncs:#x}: bit 4, save and select, is clear")


@rows([(f"{fid:02x}", fid, caps) for fid, caps in (
    (0x01, CHANGEABLE), (0x02, CHANGEABLE), (0x04, CHANGEABLE), (0x05, PER_NS), (0x06, 0),
    (NUMQ, CHANGEABLE), (0x0A, CHANGEABLE), (AEC, CHANGEABLE), (0x0E, CHANGEABLE),
    (KATO, CHANGEABLE), (0x16, CHANGEABLE), (HOSTID_FID, 0), (0x84, PER_NS | CHANGEABLE))])
def sel_capabilities(env, fid, caps):
    """SEL 3: nothing is saveable; what has a namespace, and what cannot be set, says so. No
    feature has data then."""
    host = env.up(0)
    dw0 = host.get_feature(fid, sel=CAPABILITIES, cdw11=1 if fid == HOSTID_FID else 0,
                           nsid=1 if caps & PER_NS else 0)
    check(dw0 == caps, f"DW0 {dw0:#x}, expected {caps:#x}")


@case()
def sel_default(env):
    """SEL 1 gives the default, whatever the current value is."""
    host = env.up(0, kato=30000)
    before = host.get_feature(AEC, sel=DEFAULT)
    host.set_feature(AEC, 0x100 if before != 0x100 else 0)
    check(host.get_feature(AEC, sel=DEFAULT) == before, "the default changed with the value")
    check(host.get_feature(AEC) != before, "the current value did not change")
    check(host.get_feature(KATO) == 30000, "KATO")


@case()
def sel_saved(env):
    """SEL 2 of a feature that is not saveable gives the default (base spec 4.4)."""
    host = env.up(0)
    host.set_feature(AEC, 0x100)
    check(host.get_feature(AEC, sel=SAVED) == host.get_feature(AEC, sel=DEFAULT),
          "saved is not the default")


@rows([(f"sel_{sel}", sel) for sel in (4, 5, 6, 7)])
def sel_reserved(env, sel):
    """A reserved SEL: Invalid Field."""
    host = env.up(0)
    host.get_feature(AEC, sel=sel, status=FIELD)


@rows([("async_event_config", AEC, 0x100), ("kato", KATO, 30000), ("number_of_queues", NUMQ, 0)])
def save(env, fid, value):
    """SV on a feature that is not saveable: Feature Identifier Not Saveable, and no change."""
    host = env.up(0)
    before = host.get_feature(fid)
    host.set_feature(fid, value, save=True, status=nvme.NOT_SAVEABLE)
    check(host.get_feature(fid) == before, "the value changed")


@rows([(f"{fid:02x}", fid) for fid in (0x00, 0x03, 0x08, 0x09, 0x0C, 0x0D, 0x10, 0x17, 0x7D,
                                            0x80, 0x82, 0x83, 0x85, 0xC0, 0xFF)])
def unknown(env, fid):
    """A feature the controller does not have: Invalid Field, for Get and for Set."""
    host = env.up(0)
    host.get_feature(fid, status=FIELD)
    host.set_feature(fid, 0, status=FIELD)


@case()
def set_with_capsule_data(env):
    """Data in the capsule of a refused Set Features is drained (W13)."""
    host = env.up(0)
    for size in (4, 512, 4096, 8192):
        host.admin.cmd(nvme.set_features(0xC0, length=size, icd=True), b"\x04" * size,
                       status=FIELD, what=f"Set Features with {size} bytes")
        host.identify(1)
