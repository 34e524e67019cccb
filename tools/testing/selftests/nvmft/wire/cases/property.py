# SPDX-License-Identifier: GPL-2.0
"""Property Get and Set: values, sizes, and what is refused (base spec 3.1.4, 6.5, 6.6)."""

from nvmetcp import nvme
from nvmetcp.conn import Skip, check, check_status
from nvmetcp.ktap import case, rows
from nvmetcp.steps import connected_admin

FIELD = nvme.INVALID_FIELD
READY_CC = nvme.CC_EN | nvme.CC_IOSQES_IOCQES


def _cap(queue):
    return queue.prop_get(nvme.CAP, 8)


def _get(queue, offset, size, status):
    return queue.cmd(nvme.property_get(offset, size), status=status,
                     what=f"Property Get {offset:#x} of {size} bytes")


@case()
def cap(env):
    """CAP: queues contiguous, NVM command set, a page size of 4 KiB, no reserved bits."""
    value = _cap(connected_admin(env))
    check(value & 0xFFFF >= 1, f"CAP {value:#x}: MQES is 0's based and at least 1")
    check(value >> 16 & 1, f"CAP {value:#x}: CQR shall be set on fabrics")
    check(value >> 24 & 0xFF, f"CAP {value:#x}: TO is 0")
    check(value >> 32 & 0xF == 0, f"CAP {value:#x}: DSTRD shall be 0 on fabrics")
    css = value >> 37 & 0xFF
    check(css & 1, f"CAP {value:#x}: CSS lacks the NVM command set")
    mpsmin, mpsmax = value >> 48 & 0xF, value >> 52 & 0xF
    check(mpsmin <= mpsmax, f"CAP {value:#x}: MPSMIN {mpsmin} above MPSMAX {mpsmax}")
    check(mpsmin == 0, f"CAP {value:#x}: MPSMIN {mpsmin}, hosts use 4 KiB")
    check(value >> 19 & 0x1F == 0 and value >> 62 == 0, f"CAP {value:#x}: reserved bits")


@case()
def vs(env):
    """VS has the form major.minor.tertiary of a version that exists."""
    queue = connected_admin(env)
    value = queue.prop_get(nvme.VS)
    major, minor = value >> 16, value >> 8 & 0xFF
    check(major in (1, 2) and minor <= 4, f"VS {value:#x}")
    queue.host.enable()
    check(queue.host.ctrl.ver == value, f"VS {value:#x}, Identify says {queue.host.ctrl.ver:#x}")


@case()
def reset_values(env):
    """A new controller is disabled: CC.EN and CSTS are 0."""
    queue = connected_admin(env)
    check(queue.prop_get(nvme.CC) & 1 == 0, "CC.EN is set")
    check(queue.prop_get(nvme.CSTS) == 0, "CSTS is not 0")


@case()
def upper_dword(env):
    """A property of four bytes leaves the upper half of the value 0 (C4)."""
    queue = connected_admin(env)
    queue.prop_get(nvme.CAP, 8)
    for offset in (nvme.VS, nvme.CC, nvme.CSTS):
        cqe = _get(queue, offset, 4, nvme.OK)
        check(cqe.dw1 == 0, f"property {offset:#x}: {cqe}")


@case()
def crto(env):
    """CRTO: at least one ready timeout, in line with CAP.CRMS (which VS 2.0 makes mandatory)."""
    queue = connected_admin(env)
    value = queue.prop_get(nvme.CRTO)
    crms = _cap(queue) >> 59 & 3
    check(value & 0xFFFF, f"CRTO {value:#x}: CRWMT is 0")
    if queue.prop_get(nvme.VS) >= 0x20000:
        check(crms & 1, f"VS is 2.0 or later, CAP.CRMS is {crms}")
    if crms & 2:
        check(0 < value >> 16 <= value & 0xFFFF, f"CRTO {value:#x}: CRIMT")


@rows([
    ("cap_4", nvme.CAP, 4), ("vs_8", nvme.VS, 8), ("cc_8", nvme.CC, 8),
    ("csts_8", nvme.CSTS, 8), ("inside_cap", 4, 4), ("cap_plus_1", 1, 8), ("intms", 0x0C, 4),
    ("aqa", 0x24, 4), ("asq", 0x28, 8), ("reserved_18", 0x18, 4), ("cmbloc", 0x38, 4),
    ("pmrcap", 0xE00, 4), ("reserved_f00", 0xF00, 4), ("doorbell", 0x1000, 4),
    ("beyond", 0x2000, 4), ("u32_max", 0xFFFFFFFC, 4), ("u32_max_8", 0xFFFFFFF8, 8),
    ("odd_u32_max", 0xFFFFFFFF, 4),
])
def get_refused(env, offset, size):
    """A property that is not there, or a wrong size of one that is: Invalid Field. AQA, ASQ and
    the like do not exist on fabrics."""
    queue = connected_admin(env)
    cqe = _get(queue, offset, size, FIELD)
    check(cqe.value == 0, f"{cqe}: a value beside the error")


@rows([(f"size_{code}", code) for code in range(2, 8)])
def get_reserved_size(env, code):
    """A reserved property size: Invalid Field."""
    queue = connected_admin(env)
    sqe = nvme.property_get(nvme.VS, 4)
    sqe[40] = code
    queue.cmd(sqe, status=FIELD, what=f"Property Get with size code {code}")


@rows([
    ("cap", nvme.CAP, 8, 0), ("vs", nvme.VS, 4, 0x20000), ("csts", nvme.CSTS, 4, 0),
    ("crto", nvme.CRTO, 4, 1), ("aqa", 0x24, 4, 0x1F001F), ("cc_8", nvme.CC, 8, READY_CC),
    ("reserved", 0x18, 4, 1), ("u32_max", 0xFFFFFFFC, 4, 1),
])
def set_refused(env, offset, size, value):
    """A property that cannot be written, or a wrong size of one that can: Invalid Field."""
    queue = connected_admin(env)
    before = _cap(queue)
    queue.prop_set(offset, value, size, status=FIELD)
    check(_cap(queue) == before and queue.prop_get(nvme.CSTS) & 1 == 0, "it had an effect")


@rows([("zero", 0x00), ("sgl", 0x40), ("sgl_metadata", 0x80)])
def psdt_does_not_matter(env, flags):
    """Byte 1 of a Property command is to be 0, and Linux sends 40h: both are taken."""
    queue = connected_admin(env)
    queue.cmd(nvme.property_get(nvme.VS, 4, flags=flags), what=f"Property Get, byte 1 {flags:#x}")
    queue.cmd(nvme.property_set(nvme.CC, 4, READY_CC, flags=flags),
              what=f"Property Set, byte 1 {flags:#x}")


@rows([("get_vs", nvme.property_get(nvme.VS, 4)), ("get_cap", nvme.property_get(nvme.CAP, 8)),
       ("set_cc", nvme.property_set(nvme.CC, 4, 0))])
def on_io_queue(env, sqe):
    """A Property command on an I/O queue: Invalid Field (base spec 6, figure 541 note 3)."""
    queue = env.io()
    queue.cmd(sqe, status=FIELD, what="Property command on an I/O queue")
    check(queue.host.admin.prop_get(nvme.CSTS) & 1, "the controller is no longer ready")


@case()
def cc_reads_back(env):
    """CC reads back as written; EN sets RDY."""
    queue = connected_admin(env)
    queue.host.enable()
    check(queue.prop_get(nvme.CC) == READY_CC, f"CC is {queue.prop_get(nvme.CC):#x}")
    check(queue.prop_get(nvme.CSTS) == nvme.CSTS_RDY, "CSTS")


@case()
def sizes_set_before_enable(env):
    """IOSQES and IOCQES written with EN clear, EN set later, as some hosts do."""
    queue = connected_admin(env)
    queue.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
    check(queue.prop_get(nvme.CSTS) & 1 == 0, "ready without EN")
    queue.host.enable()


@rows([
    ("iosqes_5", (5 << 16) | (4 << 20)), ("iosqes_7", (7 << 16) | (4 << 20)),
    ("iocqes_3", (6 << 16) | (3 << 20)), ("iocqes_5", (6 << 16) | (5 << 20)),
    ("mps_8k", nvme.CC_IOSQES_IOCQES | 1 << 7), ("mps_128m", nvme.CC_IOSQES_IOCQES | 15 << 7),
    ("ams_reserved", nvme.CC_IOSQES_IOCQES | 2 << 11),
    ("css_reserved", nvme.CC_IOSQES_IOCQES | 3 << 4),
    ("shn_reserved", nvme.CC_IOSQES_IOCQES | 3 << 14),
])
def cc_illegal(env, value):
    """A configuration the controller does not support: the Property Set is refused, or the
    controller does not become ready. The specification leaves a host that does so undefined, so
    either, but never a ready controller with values it cannot keep."""
    queue = connected_admin(env)
    if value >> 7 & 0xF:
        mps = value >> 7 & 0xF
        if mps <= _cap(queue) >> 52 & 0xF:
            raise Skip(f"CAP.MPSMAX allows MPS {mps}")
    cqe = queue.cmd(nvme.property_set(nvme.CC, 4, value | nvme.CC_EN), status=(nvme.OK, FIELD),
                    what=f"CC {value | 1:#x}")
    csts = queue.prop_get(nvme.CSTS)
    check(not csts & nvme.CSTS_RDY, f"{cqe}, and CSTS is {csts:#x}")


@case()
def cc_frozen_while_enabled(env):
    """MPS, AMS and CSS are not to change while EN is set: refused, or without effect."""
    queue = connected_admin(env)
    queue.host.enable()
    for value in (READY_CC | 2 << 11, READY_CC | 3 << 4):
        check_status(queue.cmd(nvme.property_set(nvme.CC, 4, value), status=(nvme.OK, FIELD)),
                     (nvme.OK, FIELD))
        queue.host.identify(1)


@case()
def css_iocs(env):
    """CSS 110b (all command sets) is taken if and only if CAP offers it."""
    queue = connected_admin(env)
    offered = _cap(queue) >> 43 & 1
    cqe = queue.cmd(nvme.property_set(nvme.CC, 4, READY_CC | 6 << 4), status=(nvme.OK, FIELD))
    csts = queue.prop_get(nvme.CSTS)
    check(bool(csts & nvme.CSTS_RDY) == bool(offered),
          f"{cqe}, CSTS {csts:#x}, CAP.CSS offers it: {offered}")
