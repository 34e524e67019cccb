# SPDX-License-Identifier: GPL-2.0
"""H2CData against its R2T: tag, identifier, offset, length, LAST (transport spec 3.3.2.2)."""

from nvmetcp import nvme, pdu
from nvmetcp.conn import Quiet, check
from nvmetcp.ktap import case, rows
from nvmetcp.steps import alive, finish_write, open_write, pattern

FIELD, SEQ, RANGE, LIMIT = pdu.FES_FIELD, pdu.FES_SEQUENCE, pdu.FES_RANGE, pdu.FES_LIMIT

BAD_TTAG = (FIELD, pdu.OFF_TTAG)
BAD_CCCID = (FIELD, pdu.OFF_CCCID)
BAD_DATAL = (FIELD, pdu.OFF_DATAL)
BAD_PLEN = (FIELD, pdu.OFF_PLEN)
NOT_NEXT = (SEQ, None)
OUT_OF_RANGE = (RANGE, None)
OVER_LIMIT = (LIMIT, None)


def _piece(queue, cid, r2t, datao, size, **kw):
    """One H2CData for an open write, with any offset."""
    return pdu.h2cdata(cid, r2t.ttag, datao, pattern(size, 9), queue.fmt, **kw)


def _dies(queue, raw, *verdicts):
    queue.send_quietly(raw)
    queue.expect_term(*verdicts, sent=raw)


@rows([("next", 1), ("far", 0x1234), ("last", 0xFFFF)])
def ttag_unknown(env, step):
    """A transfer tag that no R2T has given: FES 1 at TTAG (W3)."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    ttag = 0xFFFF if step == 0xFFFF and r2t.ttag != 0xFFFF else r2t.ttag + step
    _dies(queue, pdu.h2cdata(cid, ttag, 0, data, queue.fmt), BAD_TTAG)


@case()
def ttag_all_other_values(env):
    """With one write open, no other tag is taken: sixteen values spread over the 16 bits."""
    for index in range(16):
        queue = env.io()
        cid, data, r2t = open_write(queue)
        ttag = (r2t.ttag ^ (1 << index)) & 0xFFFF
        _dies(queue, pdu.h2cdata(cid, ttag, 0, data[:512], queue.fmt, last=False), BAD_TTAG)
        queue.host.close()


@rows([("plus_1", 1), ("high_bit", 0x8000)])
def cccid_mismatch(env, flip):
    """The right tag with another command's identifier: FES 1 at CCCID."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    _dies(queue, pdu.h2cdata(cid ^ flip, r2t.ttag, 0, data, queue.fmt), BAD_CCCID)


@case()
def cccid_of_other_write(env):
    """Two open writes, the tag of one with the identifier of the other. Both fields name a live
    transfer, so either may be called the wrong one."""
    queue = env.io()
    cid1, data, r2t1 = open_write(queue, seed=1)
    cid2, _, r2t2 = open_write(queue, slba=2048, seed=2)
    check(r2t1.ttag != r2t2.ttag, f"two open transfers share tag {r2t1.ttag}")
    check(cid1 != cid2, "identifiers")
    _dies(queue, pdu.h2cdata(cid2, r2t1.ttag, 0, data, queue.fmt), BAD_CCCID, BAD_TTAG)


@rows([("512", 512), ("4", 4), ("3584", 3584)])
def starts_late(env, datao):
    """The first H2CData is inside the window but not at its start: not contiguous, FES 2."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    _dies(queue, _piece(queue, cid, r2t, datao, 512 if datao != 4 else 64, last=False), NOT_NEXT)


@case()
def gap(env):
    """A hole between two H2CData: FES 2."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    queue.send(_piece(queue, cid, r2t, 0, 512, last=False))
    _dies(queue, _piece(queue, cid, r2t, 1024, 512, last=False), NOT_NEXT)


@case()
def repeated(env):
    """The same piece twice: FES 2."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    queue.send(_piece(queue, cid, r2t, 0, 512, last=False))
    _dies(queue, _piece(queue, cid, r2t, 0, 512, last=False), NOT_NEXT)


@rows([
    ("at_end", 4096, 512), ("past_end", 8192, 512), ("sum_wraps_u32", 0xFFFFFFFC, 8),
    ("u32_to_start", 0xFFFFF000, 4096),
])
def starts_outside(env, datao, size):
    """An offset outside R2TO..R2TO+R2TL: out of range (FES 4), and not contiguous (FES 2)."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    _dies(queue, _piece(queue, cid, r2t, datao, size, last=False), OUT_OF_RANGE, NOT_NEXT)


@rows([("by_4", 4100), ("twice", 8192)])
def longer_than_window(env, size):
    """More data than the R2T asked for: FES 4; FES 5 too where it also exceeds MAXH2CDATA."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    check(r2t.r2tl == 4096, f"{r2t}: a write of 4096 bytes")
    verdicts = [OUT_OF_RANGE] + ([OVER_LIMIT] if size > queue.maxh2cdata else [])
    _dies(queue, _piece(queue, cid, r2t, 0, size), *verdicts)


@case()
def second_piece_too_long(env):
    """The second H2CData runs four bytes past the window: FES 4 (W4)."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    queue.send(_piece(queue, cid, r2t, 0, 3584, last=False))
    _dies(queue, _piece(queue, cid, r2t, 3584, 516), OUT_OF_RANGE)


@case()
def longer_than_maxh2cdata(env):
    """DATAL above MAXH2CDATA: FES 5; FES 4 as well if the R2T itself asked for less."""
    queue = env.io()
    size = min(queue.maxh2cdata + 4096, 1 << 20)
    cid, _, r2t = open_write(queue, size=size if size % 512 == 0 else size // 512 * 512)
    datal = queue.maxh2cdata + 4
    raw = pdu.h2cdata(cid, r2t.ttag, 0, b"\0" * 64, queue.fmt, last=False, datal=datal,
                      lie={"plen": 24 + datal})
    verdicts = [OVER_LIMIT] + ([OUT_OF_RANGE] if datal > r2t.r2tl else [])
    _dies(queue, raw, *verdicts)


@rows([("shorter", 508), ("longer", 516), ("zero", 0), ("max", 0xFFFFFFFF)])
def datal_is_not_the_data(env, datal):
    """DATAL disagrees with PLEN - PDO: one of the two fields is wrong (W1). A DATAL beyond the
    window or the limit may be called that instead."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    verdicts = [BAD_DATAL, BAD_PLEN]
    if datal > 4096:
        verdicts += [OUT_OF_RANGE, OVER_LIMIT]
    _dies(queue, _piece(queue, cid, r2t, 0, 512, last=False, datal=datal), *verdicts)


@case()
def datal_not_in_dwords(env):
    """DATAL "shall be a multiple of dwords" (figure 26): FES 1 at DATAL. A target that does not
    look has to carry the transfer on from that odd offset, or refuse the next piece."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data[:510], queue.fmt, last=False)
    queue.send(raw)
    try:
        queue.expect_term(BAD_DATAL, sent=raw, timeout=0.5)
        return
    except Quiet:
        pass
    queue.send_quietly(pdu.h2cdata(cid, r2t.ttag, 510, data[510:], queue.fmt))
    got = queue.recv()
    if got.ptype == pdu.C2H_TERM:
        check((got.fes, got.fei) in ((FIELD, pdu.OFF_DATAO), (FIELD, pdu.OFF_DATAL), (SEQ, 0)),
              f"{got}")
        return
    queue.file(got)
    check(queue.wait(cid).status == nvme.OK, "the write failed")
    check(queue.read(1, 1024, 8) == data, "the medium does not hold what was written")


@case()
def datao_not_in_dwords(env):
    """DATAO "shall be a multiple of dwords"; it is not the expected offset either."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    _dies(queue, _piece(queue, cid, r2t, 2, 512, last=False), (FIELD, pdu.OFF_DATAO), NOT_NEXT)


@case()
def empty(env):
    """An H2CData without data (W1). No rule forbids it in words: it may be refused as a wrong
    field or sequence, or be ignored; then the write goes on as if it had not come."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, b"", queue.fmt, last=False, lie={"pdo": 24})
    queue.send(raw)
    try:
        queue.expect_term(BAD_DATAL, BAD_PLEN, (FIELD, pdu.OFF_PDO), NOT_NEXT, sent=raw,
                          timeout=0.5)
    except Quiet:
        finish_write(queue, cid, data, r2t)


@case()
def last_too_early(env):
    """LAST_PDU before the window is full: unexpected, FES 2, or a wrong flag (FES 1 at FLAGS);
    the specification gives the rule for LAST_PDU but not the FES of breaking it this way."""
    queue = env.io()
    cid, _, r2t = open_write(queue)
    _dies(queue, _piece(queue, cid, r2t, 0, 512, last=True), NOT_NEXT, (FIELD, pdu.OFF_FLAGS))


@case()
def last_missing(env):
    """LAST_PDU cleared in the H2CData that fills the window: as above."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    _dies(queue, pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, last=False), NOT_NEXT,
          (FIELD, pdu.OFF_FLAGS))


@case()
def data_after_last(env):
    """More data after LAST_PDU of the same R2T: the tag is no longer known, or the PDU is
    unexpected (the specification's own example)."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    raw = pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt, last=False)
    queue.send(pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt))
    check(queue.wait(cid).status == nvme.OK, "the write failed")
    _dies(queue, raw, BAD_TTAG, NOT_NEXT)


@case()
def stale_tag_of_finished_write(env):
    """The tag of a finished write is not taken while another write is open."""
    queue = env.io()
    cid, data, r2t = open_write(queue)
    finish_write(queue, cid, data, r2t)
    cid2, data2, r2t2 = open_write(queue, slba=2048, seed=2)
    if r2t2.ttag == r2t.ttag:
        # The tag was given again, which is the controller's right: the identifier tells them apart.
        _dies(queue, pdu.h2cdata(cid, r2t.ttag, 0, data, queue.fmt), BAD_CCCID)
    else:
        _dies(queue, pdu.h2cdata(cid2, r2t.ttag, 0, data2, queue.fmt), BAD_TTAG)


@rows([("tag_0", 0), ("tag_1", 1), ("tag_ffff", 0xFFFF)])
def without_any_write(env, ttag):
    """H2CData on a fresh I/O queue: no tag is known; it is unexpected too (W2)."""
    queue = env.io()
    _dies(queue, pdu.h2cdata(1, ttag, 0, pattern(512), queue.fmt), BAD_TTAG, NOT_NEXT)


@rows([("tag_0", 0), ("tag_1", 1), ("tag_ffff", 0xFFFF)])
def before_connect(env, ttag):
    """H2CData right after ICResp, before Connect (W2)."""
    queue = env.queue()
    _dies(queue, pdu.h2cdata(0, ttag, 0, pattern(512), queue.fmt), BAD_TTAG, NOT_NEXT)


@case()
def for_a_read(env):
    """H2CData for a command that reads: whatever tags there are, none is for it (W2)."""
    for ttag in (0, 1, 2, 31):
        queue = env.io()
        cid, raw = queue.build(nvme.rw(nvme.READ, 1, 0, 256, 131072), expect=131072)
        bad = pdu.h2cdata(cid, ttag, 0, pattern(512), queue.fmt)
        queue.send(raw + bad)
        # The read's answer may go out before the target comes to the bad PDU.
        while True:
            got = queue.recv()
            if got.ptype == pdu.C2H_TERM:
                break
            queue.file(got)
        check((got.fes, got.fei) in ((FIELD, pdu.OFF_TTAG), (SEQ, 0)), f"{got}")
        queue.host.close()


@case()
def on_admin_queue(env):
    """H2CData on an admin queue that has asked for nothing."""
    host = env.up(0)
    _dies(host.admin, pdu.h2cdata(1, 0, 0, pattern(512)), BAD_TTAG, NOT_NEXT)


@case()
def good_pieces_of_every_size(env):
    """One R2T answered by pieces of many sizes, all multiples of four: the data is whole (W11)."""
    queue = env.io()
    for seed, piece in enumerate((4, 12, 508, 1020, 4092, 4096, 5000, 12288)):
        data = pattern(4096 if piece < 100 else 16384, seed)
        queue.write(1, 1024, data, icd=False, piece=piece)
        check(queue.read(1, 1024, len(data) // 512) == data, f"pieces of {piece} bytes")


@case()
def close_with_window_open(env):
    """The host vanishes with a window half filled; the target forgets the write."""
    for reset in (False, True):
        queue = env.io()
        cid, _, r2t = open_write(queue, size=65536)
        queue.send(_piece(queue, cid, r2t, 0, 512, last=False))
        if reset:
            queue.reset()
        else:
            queue.close()
        queue.host.close()
    alive(env.io())
