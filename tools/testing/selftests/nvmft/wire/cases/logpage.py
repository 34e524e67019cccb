# SPDX-License-Identifier: GPL-2.0
"""Get Log Page: which pages, offsets and lengths, and what is refused (base spec 5.1.12)."""

import struct

from nvmetcp import nvme
from nvmetcp.conn import check, check_status
from nvmetcp.ktap import case, rows

FIELD = nvme.INVALID_FIELD
ALL = nvme.NSID_ALL

# Pages of this controller and their size; None: it depends on the controller.
PAGES = [("00", 0x00, 1024), ("01", 0x01, None), ("02", 0x02, 512), ("03", 0x03, 512),
         ("04", 0x04, 4096), ("05", 0x05, 4096), ("0c", 0x0C, None), ("12", 0x12, 1024),
         ("13", 0x13, 4096)]
FIXED = [(name, lid, size) for name, lid, size in PAGES if size]


def _nsid(lid):
    """Pages of the controller are asked for with the broadcast NSID, as hosts do."""
    return ALL if lid in (0x02, 0x04, 0x0C) else 0


def _log(host, lid, length, **kw):
    return host.log(lid, length, nsid=_nsid(lid), rae=True, **kw)


@rows(PAGES)
def whole(env, lid, size):
    """Each page is there, in its whole length."""
    host = env.up(0)
    if lid == 0x01:
        size = 64 * (host.ctrl.elpe + 1)
    check(len(_log(host, lid, size or 16)) == (size or 16), "length")


@case()
def supported_pages(env):
    """Page 00h lists exactly the pages that can be read."""
    host = env.up(0)
    raw = host.log(0x00, 1024)
    listed = {lid for lid, in_ in enumerate(struct.unpack("<256I", raw)) if in_ & 1}
    check(listed == {lid for _, lid, _ in PAGES}, f"listed: {sorted(listed)}")
    for lid in range(256):
        cid = host.admin.submit(nvme.get_log(lid, 16, rae=True, nsid=_nsid(lid)), expect=16)
        cqe = host.admin.wait(cid)
        if lid in listed:
            check(cqe.status != nvme.INVALID_LOG_PAGE, f"page {lid:02X}h is listed: {cqe}")
        else:
            check_status(cqe, nvme.INVALID_LOG_PAGE, f"page {lid:02X}h")


@rows([(f"{lid:02x}", lid) for lid in (0x06, 0x07, 0x09, 0x0B, 0x0D, 0x70, 0x7F, 0xC0, 0xFF)])
def unknown(env, lid):
    """A page the controller does not have: Invalid Log Page."""
    env.up(0).log(lid, 512, status=nvme.INVALID_LOG_PAGE)


@rows(FIXED)
def odd_sizes(env, lid, size):
    """Beginnings of odd lengths are the beginning of the page."""
    host = env.up(0)
    # SMART counts what happens; the commands in between may move it.
    whole_page = _log(host, lid, size)
    for length in (4, 8, 12, 20, 60, 68, 124, 508, size - 4):
        part = _log(host, lid, length)
        if lid == 0x02:
            check(len(part) == length, f"{length} bytes")
        else:
            check(part == whole_page[:length], f"the first {length} bytes differ")


@rows(FIXED)
def offsets(env, lid, size):
    """Pieces at any dword offset are that part of the page (nvmet returns the page's start)."""
    host = env.up(0)
    whole_page = _log(host, lid, size)
    for lpo in (4, 8, 60, 64, 256, 508 if size > 512 else 500, size - 8):
        length = min(size - lpo, 32)
        part = _log(host, lid, length, lpo=lpo)
        if lid == 0x02 and lpo < 256:
            check(len(part) == length, f"{length} bytes")
        else:
            check(part == whole_page[lpo:lpo + length], f"offset {lpo}: other bytes")


@rows(FIXED)
def piecewise(env, lid, size):
    """The page read in pieces of 100 bytes is the page."""
    host = env.up(0)
    whole_page = _log(host, lid, size)
    got = b"".join(_log(host, lid, min(100, size - lpo), lpo=lpo) for lpo in range(0, size, 100))
    if lid == 0x02:
        check(got[256:] == whole_page[256:], "the static part differs")
    else:
        check(got == whole_page, "the pieces differ from the whole")


@rows([(name, lid) for name, lid, _ in PAGES])
def beyond_end_is_zero(env, lid):
    """What is asked for beyond the end of the page. The specification leaves those bytes
    undefined; anything but zero would be the kernel's memory (C4)."""
    host = env.up(0)
    size = {0x01: 64 * (host.ctrl.elpe + 1), 0x0C: 4096}.get(lid) or dict(
        (page, length) for _, page, length in PAGES)[lid]
    raw = _log(host, lid, size + 512)
    check(not any(raw[size:]), f"bytes behind the end: {raw[size:].hex()}")
    if lid != 0x0C:
        raw = _log(host, lid, 64, lpo=size - 32)
        check(not any(raw[32:]), f"bytes behind the end: {raw[32:].hex()}")


@rows([(name, lid) for name, lid, _ in PAGES])
def offset_beyond_end(env, lid):
    """An offset greater than the page: Invalid Field (C2)."""
    host = env.up(0)
    size = {0x01: 64 * (host.ctrl.elpe + 1), 0x0C: 1 << 20}.get(lid) or dict(
        (page, length) for _, page, length in PAGES)[lid]
    for lpo in (size + 4, size + 4096, 0x7FFFFFFC, 0xFFFFFFFC, 1 << 32, 1 << 63, (1 << 64) - 4):
        _log(host, lid, 64, lpo=lpo, status=FIELD)


@rows(FIXED)
def offset_unaligned(env, lid, size):
    """LPO not in dwords: Invalid Field, or as if bits 1:0 were zero; both are allowed."""
    host = env.up(0)
    for lpo in (1, 2, 3, 67):
        cid = host.admin.submit(nvme.get_log(lid, 64, lpo=lpo, rae=True, nsid=_nsid(lid)),
                                expect=64)
        cqe = check_status(host.admin.wait(cid), (nvme.OK, FIELD), f"LPO {lpo}")
        if cqe.status == nvme.OK and lid != 0x02:
            want = _log(host, lid, 64, lpo=lpo & ~3)
            check(cqe.data == want, f"LPO {lpo}: neither refused nor rounded down")
    check(size > 67, "the page has room for these offsets")


@rows([("shorter", 512, 256), ("one_dword_less", 512, 508), ("none", 512, 0)])
def sgl_shorter_than_numd(env, length, sgl_length):
    """An SGL shorter than NUMD says: Data SGL Length Invalid."""
    env.up(0).log(0x02, length, sgl_length=sgl_length, nsid=ALL, status=nvme.SGL_LENGTH)


@case()
def sgl_longer_than_numd(env):
    """An SGL longer than NUMD says: refused, unless SGLS says that is supported."""
    host = env.up(0)
    long_ok = host.ctrl.sgls >> 18 & 1
    host.log(0x03, 512, sgl_length=1024, status=nvme.OK if long_ok else nvme.SGL_LENGTH)


@rows([("64k", 65536), ("128k", 131072)])
def long_read(env, length):
    """NUMDU counts: a read of more than 64 KiB is that long, the page first and zeroes after."""
    host = env.up(0)
    if length > 4096 << host.ctrl.mdts:
        length = 4096 << host.ctrl.mdts
    raw = host.log(0x03, length)
    check(len(raw) == length, "length")
    check(raw[:512] == host.log(0x03, 512), "the page")
    check(not any(raw[512:]), "bytes behind the end")


@case()
def longer_than_mdts(env):
    """A read longer than MDTS allows: Invalid Field."""
    host = env.up(0)
    check(host.ctrl.mdts, "MDTS is 0")
    host.log(0x03, (4096 << host.ctrl.mdts) + 4096, status=FIELD)


@case()
def numd_max(env):
    """NUMD of 16 GiB: refused, and nothing allocated (W10). The length exceeds MDTS and the SGL."""
    host = env.up(0)
    cid = host.admin.submit(nvme.sqe(nvme.GET_LOG_PAGE, ALL, dptr=nvme.sgl(0x5A, 0xFFFFFFFC),
                                     cdw10=0xFFFF8002, cdw11=0xFFFF), expect=512)
    check_status(host.admin.wait(cid), (FIELD, nvme.SGL_LENGTH), "Get Log Page")


@case()
def firmware_slot(env):
    """Page 03h: slot 1 is active and holds the firmware revision of Identify."""
    host = env.up(0)
    raw = host.log(0x03, 512)
    check(raw[0] & 7 == 1, f"AFI {raw[0]:#x}")
    check(raw[8:16] == host.ctrl.fr_raw, f"slot 1 has {raw[8:16]!r}, FR is {host.ctrl.fr_raw!r}")


@case()
def smart_counts(env):
    """Page 02h: host commands and data units grow with reads and writes."""
    queue = env.io()

    def counters():
        raw = queue.host.log(0x02, 512, nsid=ALL)
        return [int.from_bytes(raw[at:at + 16], "little") for at in (64, 80)]

    before = counters()
    for _ in range(4):
        queue.read(1, 0, 8)
    queue.write(1, 1024, bytes(4096))
    after = counters()
    check(after[0] >= before[0] + 4, f"host reads {before[0]} -> {after[0]} over 4 reads")
    check(after[1] >= before[1] + 1, f"host writes {before[1]} -> {after[1]} over 1 write")


@case()
def effects(env):
    """Page 05h: the commands of this controller are marked as supported, others are not."""
    raw = env.up(0).log(0x05, 4096)
    admin = struct.unpack_from("<256I", raw, 0)
    io = struct.unpack_from("<256I", raw, 1024)
    for opcode in (0x02, 0x06, 0x08, 0x09, 0x0A, 0x0C, 0x18):
        check(admin[opcode] & 1, f"admin opcode {opcode:02X}h is not marked")
    for opcode in (0x00, 0x01, 0x02):
        check(io[opcode] & 1, f"I/O opcode {opcode:02X}h is not marked")
    for opcode in (0x00, 0x01, 0x04, 0x05, 0x10, 0x11, 0x80, 0xC0, 0xFF):
        check(not admin[opcode] & 1, f"admin opcode {opcode:02X}h is marked")
    check(io[0x01] >> 1 & 1, "Write is not marked as changing contents (LBCC)")
    check(not any(raw[2048:]), "reserved bytes are not zero")


@case()
def effects_tell_the_truth(env):
    """An opcode that page 05h does not mark is refused as Invalid Opcode, on both queues."""
    queue = env.io()
    raw = queue.host.log(0x05, 4096)
    admin = struct.unpack_from("<256I", raw, 0)
    io = struct.unpack_from("<256I", raw, 1024)
    for opcode in range(256):
        if opcode == nvme.FABRICS:
            continue
        # Bits 1:0 of an opcode say whether there is data; none is sent or wanted here.
        dptr = nvme.sgl(nvme.SGL_TRANSPORT, 0) if opcode & 3 else bytes(16)
        if not admin[opcode] & 1:
            queue.host.admin.cmd(nvme.sqe(opcode, dptr=dptr), status=nvme.INVALID_OPCODE,
                                 what=f"admin opcode {opcode:02X}h")
        if not io[opcode] & 1:
            queue.cmd(nvme.sqe(opcode, 1, dptr=dptr), status=nvme.INVALID_OPCODE,
                      what=f"I/O opcode {opcode:02X}h")


@case()
def ana(env):
    """Page 0Ch: descriptors of groups, with every namespace in one optimized group."""
    host = env.up(0)
    raw = host.log(0x0C, 4096, nsid=ALL)
    _, groups = struct.unpack_from("<QH", raw)
    check(groups >= 1, "no group")
    pos, seen, last = 16, {}, 0
    for _ in range(groups):
        grpid, nnsids, _, state = struct.unpack_from("<IIQB", raw, pos)
        check(grpid > last, f"group {grpid} after {last}: the list is in order")
        last = grpid
        for (nsid,) in struct.iter_unpack("<I", raw[pos + 32:pos + 32 + 4 * nnsids]):
            check(nsid not in seen, f"nsid {nsid} is in two groups")
            seen[nsid] = state
        pos += 32 + 4 * nnsids
    check(set(seen) >= {1, 2}, f"namespaces {sorted(seen)}")
    check(seen[1] == seen[2] == 1, f"states {seen}, optimized is 1")


@case()
def ana_groups_only(env):
    """Page 0Ch with RGO: the same groups without their namespaces."""
    host = env.up(0)
    full, brief = (host.log(0x0C, 4096, nsid=ALL, lsp=lsp) for lsp in (0, 1))
    check(full[8:10] == brief[8:10], "another number of groups")
    pos = 16
    for _ in range(struct.unpack_from("<H", brief, 8)[0]):
        check(struct.unpack_from("<I", brief, pos + 4)[0] == 0, "namespaces although RGO is set")
        pos += 32


@case()
def error_log(env):
    """Page 01h: entries of 64 bytes, unused ones zero; a refused Connect adds none (6.3)."""
    host = env.up(0)
    raw = host.log(0x01, 64 * (host.ctrl.elpe + 1))
    counts = [struct.unpack_from("<Q", raw, at)[0] for at in range(0, len(raw), 64)]
    for at, count in enumerate(counts):
        check(count or not any(raw[64 * at:64 * at + 64]), f"entry {at} is unused and not zero")
    check(counts == sorted(counts, reverse=True), f"entries are not newest first: {counts}")


@case()
def changed_namespaces_empty(env):
    """Page 04h of a new controller: zeroes."""
    check(not any(env.up(0).log(0x04, 4096, nsid=ALL)), "entries although nothing changed")
