# SPDX-License-Identifier: GPL-2.0
"""Features that hold a value: what they take, what they refuse, and what a reset leaves."""

import struct
import time

from nvmetcp import nvme
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import case, rows

FIELD, BAD_NS = nvme.INVALID_FIELD, nvme.INVALID_NS
DEFAULT = 1
DISABLED = nvme.CC_IOSQES_IOCQES
TEMP, TS, BEHAVIOR = nvme.FEAT_TEMPERATURE, nvme.FEAT_TIMESTAMP, nvme.FEAT_BEHAVIOR
UNDER = 1 << 20

# FID, values that are taken, values that are Invalid Field
VALUES = {
    nvme.FEAT_ARBITRATION: ((0, 3, 7, 0x01020304, 0xFFFFFF07), (8, 0x80)),
    nvme.FEAT_POWER: ((0, 1 << 5, 2 << 5), (1, 0x1F, 3 << 5, 7 << 5, 1 << 8, 1 << 31)),
    nvme.FEAT_ATOMICITY: ((1, 0), (2, 1 << 31)),
}


def _reset(host):
    host.admin.prop_set(nvme.CC, DISABLED)
    host.wait_csts(nvme.CSTS_RDY, 0)
    host.enable()


def _data(host, fid, **kw):
    """The data of a feature."""
    size = nvme.FEAT_DATA[fid]
    return host.admin.cmd(nvme.get_features(fid, length=size, **kw), expect=size,
                          what=f"Get Features {fid:02X}h").data


def _set_data(host, fid, data, *, status=nvme.OK, icd=True):
    sqe = nvme.set_features(fid, length=len(data), icd=icd)
    cid = host.admin.submit(sqe, data if icd else b"")
    cqe = host.admin.wait(cid) if icd else host.admin.transfer(cid, data)
    return check_status(cqe, status, f"Set Features {fid:02X}h")


@rows([(f"{fid:02x}", fid) for fid in VALUES])
def holds(env, fid):
    """What is set is read back; a reset brings the default back."""
    host = env.up(0)
    default = host.get_feature(fid, sel=DEFAULT)
    check(host.get_feature(fid) == default, "a new controller has not the default")
    for value in VALUES[fid][0]:
        host.set_feature(fid, value)
        check(host.get_feature(fid) == value, f"set {value:#x}, got {host.get_feature(fid):#x}")
    value = next(v for v in VALUES[fid][0] if v != default)
    host.set_feature(fid, value)
    check(host.get_feature(fid, sel=DEFAULT) == default, "the default changed")
    _reset(host)
    check(host.get_feature(fid) == default, "a reset did not bring the default back")


@rows([(f"{fid:02x}_{value:x}", fid, value) for fid in VALUES for value in VALUES[fid][1]])
def refused(env, fid, value):
    """Reserved bits, reserved values, and states there are not: Invalid Field, and no change."""
    host = env.up(0)
    before = host.get_feature(fid)
    host.set_feature(fid, value, status=FIELD)
    check(host.get_feature(fid) == before, "the value changed")


@case()
def temperature(env):
    """Over and under temperature threshold of the composite temperature are separate; FFFFh and
    0 by default."""
    host = env.up(0)
    for side, default in ((0, 0xFFFF), (UNDER, 0)):
        check(host.get_feature(TEMP, cdw11=side, sel=DEFAULT) == default, "default")
        check(host.get_feature(TEMP, cdw11=side) == default | side, "value of a new controller")
    host.set_feature(TEMP, 350)
    host.set_feature(TEMP, UNDER | 273)
    check(host.get_feature(TEMP) == 350, "over")
    check(host.get_feature(TEMP, cdw11=UNDER) == UNDER | 273, "under")
    host.set_feature(TEMP, 0xF << 16 | 360)     # all sensors that there are
    check(host.get_feature(TEMP) == 360, "over, all sensors")
    _reset(host)
    check(host.get_feature(TEMP) == 0xFFFF, "a reset did not bring the default back")


@rows([("sensor_1", 1 << 16), ("sensor_8", 8 << 16), ("sensor_9", 9 << 16),
       ("side_2", 2 << 20), ("side_3", 3 << 20)])
def temperature_of_nothing(env, cdw11):
    """A sensor or a side that is not there: Invalid Field, for Set and Get."""
    host = env.up(0)
    host.set_feature(TEMP, cdw11 | 300, status=FIELD)
    host.get_feature(TEMP, cdw11=cdw11, status=FIELD)


@case()
def temperature_of_all(env):
    """All sensors at once can be set and not read."""
    env.up(0).get_feature(TEMP, cdw11=0xF << 16, status=FIELD)


@rows([("set_zero", 1, 0, nvme.OK), ("limit", 1, 5, nvme.NOT_CHANGEABLE),
       ("dulbe", 1, 1 << 16, FIELD), ("reserved", 1, 1 << 17, FIELD),
       ("no_namespace", 0, 0, BAD_NS), ("beyond_nn", 1025, 0, BAD_NS), ("inactive", 3, 0, FIELD),
       ("all", nvme.NSID_ALL, 0, nvme.OK)])
def error_recovery(env, nsid, value, status):
    """Error Recovery of a namespace is 0, no time limit, and stays so."""
    host = env.up(0)
    host.set_feature(nvme.FEAT_ERROR_RECOVERY, value, nsid=nsid, status=status)
    check(host.get_feature(nvme.FEAT_ERROR_RECOVERY, nsid=1) == 0, "value")


@rows([("no_namespace", 0, BAD_NS), ("all", nvme.NSID_ALL, BAD_NS), ("beyond_nn", 1025, BAD_NS),
       ("inactive", 3, FIELD)])
def error_recovery_get(env, nsid, status):
    """Error Recovery is asked for one active namespace."""
    env.up(0).get_feature(nvme.FEAT_ERROR_RECOVERY, nsid=nsid, status=status)


@rows([(f"{fid:02x}", fid) for fid in (0x01, 0x02, 0x04, 0x07, 0x0A, 0x0B, 0x0E, 0x0F, 0x16)])
def not_namespace_specific(env, fid):
    """Set of a controller's feature for one namespace: Feature Not Namespace Specific; with an
    NSID that cannot be: Invalid Namespace. For all namespaces, and without one, it is done."""
    host = env.up(0)
    data = bytes(nvme.FEAT_DATA.get(fid, 0))
    size = {"length": len(data), "icd": True} if data else {}
    for nsid, status in ((1, nvme.NOT_PER_NS), (1024, nvme.NOT_PER_NS), (1025, BAD_NS),
                         (0xFFFFFFFE, BAD_NS), (nvme.NSID_ALL, nvme.OK), (0, nvme.OK)):
        host.admin.cmd(nvme.set_features(fid, 0, nsid=nsid, **size), data, status=status,
                       what=f"Set Features {fid:02X}h nsid {nsid:#x}")


@rows([(f"{fid:02x}", fid) for fid in (0x01, 0x02, 0x04, 0x07, 0x0A, 0x0B, 0x0F)])
def get_for_a_namespace(env, fid):
    """Get of a controller's feature for a namespace, as tools ask when given a namespace: the
    value. With an NSID that cannot be: Invalid Namespace."""
    host = env.up(0)
    want = host.get_feature(fid)
    for nsid in (1, nvme.NSID_ALL):
        check(host.get_feature(fid, nsid=nsid) == want, f"nsid {nsid:#x}")
    host.get_feature(fid, nsid=1025, status=BAD_NS)


# -- Timestamp ---------------------------------------------------------------------------------

def _timestamp(host, **kw):
    """(ms, attributes) of the timestamp."""
    raw = _data(host, TS, **kw)
    check(raw[7] == 0, f"reserved byte: {raw.hex()}")
    return struct.unpack("<Q", raw)[0] & (1 << 48) - 1, raw[6]


@rows([("in_capsule", True), ("by_r2t", False)])
def timestamp(env, icd):
    """The timestamp counts from what was set; its origin is Set Features."""
    host = env.up(0)
    start = 1_700_000_000_000
    began = time.monotonic()
    _set_data(host, TS, struct.pack("<Q", start), icd=icd)
    time.sleep(0.05)
    value, attr = _timestamp(host)
    passed = (time.monotonic() - began) * 1000
    check(attr == 1 << 1, f"attributes {attr:#x}: origin 001b, counted all the time")
    check(start + 50 <= value <= start + passed + 2,
          f"{value - start} ms later, {passed:.0f} ms passed")


@case()
def timestamp_of_reset(env):
    """Without a Set the timestamp counts from the reset, and a reset begins anew."""
    host = env.up(0)
    value, attr = _timestamp(host)
    check(attr == 0 and value < 60_000, f"new controller: {value} ms, attributes {attr:#x}")
    _set_data(host, TS, struct.pack("<Q", 1 << 47))
    check(_timestamp(host)[0] >= 1 << 47, "the value set")
    _reset(host)
    value, attr = _timestamp(host)
    check(attr == 0 and value < 60_000, f"after a reset: {value} ms, attributes {attr:#x}")


@case()
def timestamp_wraps(env):
    """The largest timestamp counts on from 0 and does not run into the attributes."""
    host = env.up(0)
    _set_data(host, TS, struct.pack("<Q", (1 << 48) - 1))
    time.sleep(0.02)
    value, attr = _timestamp(host)
    check(value < 60_000 and attr == 1 << 1, f"{value} ms, attributes {attr:#x}")


@case()
def timestamp_default(env):
    """The default of the timestamp is 0."""
    host = env.up(0)
    _set_data(host, TS, struct.pack("<Q", 12345))
    check(not any(_data(host, TS, sel=DEFAULT)), "default")


# -- Host Behavior Support ---------------------------------------------------------------------

def _behavior(*head):
    return bytes(head).ljust(512, b"\0")


@rows([("in_capsule", True), ("by_r2t", False)])
def behavior(env, icd):
    """What a host says of itself is kept until a reset."""
    host = env.up(0)
    check(not any(_data(host, BEHAVIOR)), "a new controller")
    for want in (_behavior(1, 0, 1), _behavior(0, 1, 0, 1), _behavior(1, 1, 1, 1)):
        _set_data(host, BEHAVIOR, want, icd=icd)
        check(_data(host, BEHAVIOR) == want, "not what was set")
    check(not any(_data(host, BEHAVIOR, sel=DEFAULT)), "default")
    _reset(host)
    check(not any(_data(host, BEHAVIOR)), "a reset did not bring the default back")


@rows([("acre_2", (2,)), ("acre_ff", (0xFF,)), ("etdas_2", (0, 2)), ("lbafee_2", (0, 0, 2)),
       ("hdisns_2", (0, 0, 0, 2)), ("copy_format_0", (0, 0, 0, 0, 1)),
       ("copy_format_2", (0, 0, 0, 0, 4)), ("copy_format_3", (0, 0, 0, 0, 8)),
       ("copy_format_15", (0, 0, 0, 0, 0, 0x80))])
def behavior_refused(env, head):
    """A reserved value, or a copy format that the controller does not have: Invalid Field."""
    host = env.up(0)
    _set_data(host, BEHAVIOR, _behavior(1))
    _set_data(host, BEHAVIOR, _behavior(*head), status=FIELD)
    check(_data(host, BEHAVIOR) == _behavior(1), "the value changed")


@case()
def behavior_reserved_bytes(env):
    """Bytes that later revisions may use are ignored and read as zero."""
    host = env.up(0)
    _set_data(host, BEHAVIOR, _behavior(1)[:6] + b"\xff" * 506)
    check(_data(host, BEHAVIOR) == _behavior(1), "reserved bytes")


@rows([(f"{fid:02x}_{length}", fid, length) for fid, want in nvme.FEAT_DATA.items()
       for length in (0, 4, want - 4, want + 4, 4096)])
def data_length(env, fid, length):
    """Data of another length than the feature's: refused, in both directions, and the next
    command is understood."""
    host = env.up(0)
    exhid = 1 if fid == nvme.FEAT_HOST_ID else 0
    refusals = (nvme.SGL_LENGTH, nvme.SGL_TYPE) if not length else nvme.SGL_LENGTH
    for sgl in (nvme.SGL_ICD, nvme.SGL_TRANSPORT):
        sqe = nvme.sqe(nvme.SET_FEATURES, dptr=nvme.sgl(sgl, length), cdw10=fid, cdw11=exhid)
        data = bytes(length) if sgl == nvme.SGL_ICD else b""
        host.admin.cmd(sqe, data, status=refusals, what=f"Set Features, {length} bytes")
    cid = host.admin.submit(nvme.get_features(fid, exhid, length=length), expect=length)
    check_status(host.admin.wait(cid), refusals, f"Get Features, {length} bytes")
    host.identify(1)


@rows([(f"{fid:02x}", fid) for fid in (0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x0A, 0x0E, 0x16, 0x81,
                                       0x84)])
def discovery_has_not(env, fid):
    """A discovery controller has Async Event Configuration and Keep Alive Timer alone."""
    host = env.host(subnqn=nvme.DISCOVERY_NQN)
    host.connect_admin(kato=30000)
    host.enable()
    host.get_feature(fid, status=FIELD)
    host.set_feature(fid, 0, status=FIELD)
    host.get_feature(nvme.FEAT_AEC)
    host.get_feature(nvme.FEAT_KATO)


@case()
def page_12_tells_the_truth(env):
    """A feature is in log page 12h if and only if Get and Set know it."""
    host = env.up(0)
    listed = struct.unpack("<256I", host.log(0x12, 1024))
    for fid in range(256):
        exhid = 1 if fid == nvme.FEAT_HOST_ID else 0
        size = nvme.FEAT_DATA.get(fid, 0)
        cid = host.admin.submit(nvme.get_features(fid, exhid, length=size, nsid=1), expect=size)
        known = host.admin.wait(cid).status == nvme.OK
        check(known == bool(listed[fid] & 1), f"FID {fid:02X}h: Get {known}, page "
              f"{listed[fid]:#x}")
        if not known:
            check(listed[fid] == 0, f"FID {fid:02X}h: {listed[fid]:#x}")
            host.set_feature(fid, 0, status=FIELD)
            continue
        caps = host.get_feature(fid, sel=3, nsid=1, cdw11=exhid)
        scope = listed[fid] >> 20
        check(scope == (1 if caps & 2 else 2), f"FID {fid:02X}h: scope {scope:#x}, DW0 {caps:#x}")
