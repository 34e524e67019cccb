# SPDX-License-Identifier: GPL-2.0
"""Fused compare-and-write (base spec 3.4.2, NVM command set 2.1.4.2.1): which halves belong
together, their data in any order, and what becomes of a half whose partner is refused."""

from nvmetcp import nvme
from nvmetcp.batch import Batch, caw, first, second
from nvmetcp.conn import check, check_status, during
from nvmetcp.host import Host
from nvmetcp.ktap import KEEP, case, rows
from nvmetcp.steps import alive, pattern
from nvmetcp.target import put

OK, FIELD, RANGE, BAD_NS = nvme.OK, nvme.INVALID_FIELD, nvme.LBA_RANGE, nvme.INVALID_NS
MISSING, FAILED, DIFFERS = nvme.FUSED_MISSING, nvme.FUSED_FAILED, nvme.COMPARE_FAILURE
BASE = 1024
BEYOND = 1 << 40


def old_data(index, blocks=1, block=512):
    """What the blocks of pair index hold before."""
    return pattern(blocks * block, 100 + index)


def new_data(index, blocks=1, block=512):
    """What its second half writes."""
    return pattern(blocks * block, 200 + index)


@case()
def advertised(env):
    """FUSES offers compare-and-write; ACWU and NACWU say of how many blocks, at least one."""
    host = env.up(0)
    check(host.ctrl.fuses == 1, f"FUSES {host.ctrl.fuses:#x}")
    for nsid, block in ((1, 512), (2, 4096)):
        ns = host.ns(nsid)
        check(ns.nsfeat & 2, f"nsid {nsid}: NSFEAT {ns.nsfeat:#x} has no NSABP")
        check(ns.nacwu >= host.ctrl.acwu, f"nsid {nsid}: NACWU {ns.nacwu} below ACWU")
        check((ns.nacwu + 1) * block <= 4096 << host.ctrl.mdts, "NACWU is beyond MDTS")


# A sequence of capsules and how each ends: 1 a first half, 2 a second half, 3 FUSE 11b, n an
# ordinary read, w an ordinary write, b a first half beyond the end, r a second half beyond it.
# 2 and r go to the blocks of the first half before them.
SEQUENCES = [
    ("12", (OK, OK)),
    ("n12n", (OK, OK, OK, OK)),
    ("1n", (MISSING, OK)),
    ("1w", (MISSING, OK)),
    ("2n", (MISSING, OK)),
    ("22n", (MISSING, MISSING, OK)),
    ("112", (MISSING, OK, OK)),
    ("1112", (MISSING, MISSING, OK, OK)),
    ("122", (OK, OK, MISSING)),
    ("1n2", (MISSING, OK, MISSING)),
    ("w1n2w", (OK, MISSING, OK, MISSING, OK)),
    ("3n", (FIELD, OK)),
    ("13n", (MISSING, FIELD, OK)),
    ("132", (MISSING, FIELD, MISSING)),
    ("b2", (RANGE, FAILED)),
    ("b2n", (RANGE, FAILED, OK)),
    ("bn2", (RANGE, OK, MISSING)),
    ("b12", (RANGE, OK, OK)),
    ("bb2", (RANGE, RANGE, FAILED)),
    ("b3n", (RANGE, FIELD, OK)),
    ("b32", (RANGE, FIELD, MISSING)),
    ("b22", (RANGE, FAILED, MISSING)),
    ("1r", (FAILED, RANGE)),
    ("1r2", (FAILED, RANGE, MISSING)),
    ("1rn", (FAILED, RANGE, OK)),
    ("1r12", (FAILED, RANGE, OK, OK)),
    ("212", (MISSING, OK, OK)),
    ("1212", (OK, OK, OK, OK)),
    ("12n12w12", (OK, OK, OK, OK, OK, OK, OK, OK)),
    ("1122", (MISSING, OK, OK, MISSING)),
]
HOW = {"icd": (True, True), "r2t": (False, False), "icd_r2t": (True, False),
       "r2t_icd": (False, True)}


def _add(batch, token, index, icd):
    slba = BASE + 16 * index
    old, new = old_data(index), new_data(index)
    if token in "1b":
        sqe = first(1, BEYOND if token == "b" else slba, old, icd=icd[0])
        batch.add(sqe, old, icd=icd[0])
    elif token in "2r":
        sqe = second(1, BEYOND if token == "r" else slba, new, icd=icd[1])
        batch.add(sqe, new, icd=icd[1])
    elif token == "3":
        batch.add(second(1, slba, new, icd=True, fuse=3), new, icd=True)
    elif token == "n":
        batch.add(nvme.rw(nvme.READ, 1, 0, 8, 4096), expect=4096)
    else:
        batch.add(nvme.rw(nvme.WRITE, 1, BASE + 8 + 16 * index, 1, 512, icd=True), new, icd=True)


@rows([(tokens, tokens, want) for tokens, want in SEQUENCES])
def sequence(env, tokens, want):
    """Halves are paired as their capsules arrive: a pair is carried out, a half alone is Missing
    Fused, the partner of a refused one Failed Fused, and the commands around them run. With the
    data in the capsules, by R2T, and mixed."""
    queue = env.io()
    for how, icd in HOW.items():
        batch = Batch(queue)
        written, index = {}, -1
        for at, token in enumerate(tokens):
            # a second half, and whatever is no half, belongs to the blocks of the pair before it
            index += token in "1b" or index < 0 or token == "2" and tokens[at - 1] not in "1b"
            if index not in written:
                written[index] = old_data(index)
                queue.write(1, BASE + 16 * index, old_data(index))
            _add(batch, token, index, icd)
            if token == "2" and want[at] == OK:
                written[index] = new_data(index)
        with during(how):
            cqes = batch.send().expect(*want)
            for token, cqe in zip(tokens, cqes):
                check(token != "n" or cqe.data == KEEP, "a read beside them: other data")
            for index, data in written.items():
                check(queue.read(1, BASE + 16 * index, 1) == data, f"the medium at pair {index}")
    alive(queue)


@case()
def first_waits_for_its_second(env):
    """A first half is not answered before the next command is there, however long that takes; it
    does not hold up other queues, nor lock its blocks."""
    host = env.up(2)
    queue, other = host.io[1], host.io[2]
    queue.write(1, BASE, old_data(0))
    batch = Batch(queue)
    batch.add(first(1, BASE, old_data(0)), old_data(0), icd=True)
    batch.send()
    queue.expect_silence(0.2)
    caw(other, 1, BASE, old_data(0), new_data(1))
    alive(other)
    batch.add(second(1, BASE, new_data(0)), new_data(0), icd=True)
    batch.send().expect(DIFFERS, FAILED)
    check(queue.read(1, BASE, 1) == new_data(1), "the medium")


@case()
def halves_of_different_queues(env):
    """A second half does not find the first half of another queue."""
    host = env.up(2)
    batches = [Batch(host.io[1]), Batch(host.io[2])]
    host.io[1].write(1, BASE, old_data(0))
    batches[0].add(first(1, BASE, old_data(0)), old_data(0), icd=True)
    batches[0].send()
    batches[1].add(second(1, BASE, new_data(0)), new_data(0), icd=True)
    batches[1].send().expect(MISSING)
    batches[0].add(second(1, BASE, new_data(0)), new_data(0), icd=True)
    batches[0].send().expect(OK, OK)


@case()
def not_on_the_admin_queue(env):
    """An admin command with FUSE set is refused and pairs with nothing."""
    host = env.up(1)
    for fuse in (1, 2, 3):
        sqe = nvme.identify(1)
        sqe[1] |= fuse
        host.admin.cmd(sqe, expect=4096, status=FIELD, what=f"Identify with FUSE {fuse}")
    alive(host.io[1])


@rows([("first", 1), ("second", 2), ("11b", 3)])
def reserved_in_fabrics_commands(env, fuse):
    """Byte 1 of a Fabrics command is reserved: one with FUSE there is no half of anything, neither
    a Disconnect nor a Connect whose data comes when its queue has become an I/O queue."""
    host = env.up(1)
    queue = host.io.pop(1)
    queue.cmd(nvme.disconnect(flags=nvme.PSDT_SGL | fuse), what="Disconnect")
    queue.close()

    queue = host.queue()
    data = host.data(host.cntlid)
    late, raw_late = queue.build(nvme.connect(1, 31, icd=False, flags=nvme.PSDT_SGL | fuse))
    cid, raw = queue.build(nvme.connect(1, 31), data)
    queue.send(raw_late + raw)
    check_status(queue.wait(cid), OK, "Connect")
    cqe = queue.transfer(late, data)
    check_status(cqe, nvme.SEQUENCE_ERROR, "a second Connect")
    queue.close()


def _in_order(queue, icd, order, blocks, between):
    old, new = old_data(1, blocks), new_data(1, blocks)
    queue.write(1, BASE, old)
    batch = Batch(queue)
    large = [pattern(131072, i) for i in range(3)]
    if between:
        for i in (0, 1):
            batch.add(nvme.rw(nvme.WRITE, 1, 4096 + 256 * i, 256, 131072), large[i])
    halves = [batch.add(first(1, BASE, old, icd=icd[0]), old, icd=icd[0]),
              batch.add(second(1, BASE, new, icd=icd[1]), new, icd=icd[1])]
    if between:
        last = batch.add(nvme.rw(nvme.WRITE, 1, 4608, 256, 131072), large[2])
        batch.send()
        batch.await_r2ts(0, 1, last, *[h for h, there in zip(halves, icd) if not there])
        batch.supply(last)
    batch.send()
    batch.supply(halves[order[0]])
    if between:
        batch.supply(1)
    batch.supply(halves[order[1]])
    batch.expect(*[OK] * len(batch.cids))
    check(queue.read(1, BASE, blocks) == new, "the second half was not written")
    for i in range(3 if between else 0):
        check(queue.read(1, 4096 + 256 * i, 256) == large[i], f"large write {i}")


@rows([(f"{name}_{'between' if between else 'alone'}", HOW[name], between) for name in HOW
       for between in (False, True)], timeout=60)
def data_in_any_order(env, icd, between):
    """The data of the halves comes in the capsule or by R2T, in either order, with large writes
    whose data is under way before, between and behind it."""
    queue = env.io(sqsize=63)
    for order in ((0, 1), (1, 0)):
        for blocks in (1, 24):
            with during(f"order {order}, {blocks} blocks"):
                _in_order(queue, icd, order, blocks, between)


@rows([(f"nsid_{nsid}_{blocks}_{how}", nsid, blocks, HOW[how]) for nsid, counts in
       ((1, (1, 2, 31, None)), (2, (1, None))) for blocks in counts
       for how in ("icd", "r2t")], timeout=30)
def success_and_miscompare(env, nsid, blocks, icd):
    """Equal blocks are replaced; a difference in any of them (the first byte, the last, one at a
    page's border) is Compare Failure and Failed Fused, and not a block changes. None stands for as
    many blocks as NACWU says."""
    queue = env.io()
    block = {1: 512, 2: 4096}[nsid]
    blocks = queue.host.ns(nsid).nacwu + 1 if blocks is None else blocks
    size = blocks * block
    if size > queue.icd_limit:
        icd = (False, False)
    old, new = old_data(2, blocks, block), new_data(2, blocks, block)
    queue.write(nsid, BASE - 1, pattern(block, 1) + old + pattern(block, 2), block)
    for at in sorted({0, size - 1, size // 2} | {p for p in (4095, 4096) if p < size}):
        other = bytearray(old)
        other[at] ^= 1
        caw(queue, nsid, BASE, bytes(other), new, block=block, icd=icd, status=(DIFFERS, FAILED))
    check(queue.read(nsid, BASE, blocks, block) == old, "a failed one has written")
    caw(queue, nsid, BASE, old, new, block=block, icd=icd)
    got = queue.read(nsid, BASE - 1, blocks + 2, block)
    check(got == pattern(block, 1) + new + pattern(block, 2), "the medium")


@case()
def second_with_fua(env):
    """FUA in the second half."""
    queue = env.io()
    queue.write(1, BASE, old_data(0))
    batch = Batch(queue)
    batch.add(first(1, BASE, old_data(0)), old_data(0), icd=True)
    batch.add(second(1, BASE, new_data(0), fua=True), new_data(0), icd=True)
    batch.send().expect(OK, OK)
    check(queue.read(1, BASE, 1) == new_data(0), "the medium")


# -- a refused half --------------------------------------------------------------------------


def _refusals():
    """(name, fields of the first half, fields of the second, their statuses)"""
    yield "slba", {}, {"slba": BASE + 1}, (FAILED, FIELD)
    yield "slba_high", {}, {"slba": BASE + (1 << 32)}, (FAILED, (FIELD, RANGE))
    yield "shorter", {}, {"blocks": 1}, (FAILED, FIELD)
    yield "longer", {}, {"blocks": 3}, (FAILED, FIELD)
    yield "nsid", {}, {"nsid": 2, "block": 4096}, (FAILED, FIELD)
    yield "nsid_0", {"nsid": 0}, {"nsid": 0}, (BAD_NS, FAILED)
    yield "nsid_none", {"nsid": 77777}, {"nsid": 77777}, (BAD_NS, FAILED)
    yield "nsid_all", {"nsid": nvme.NSID_ALL}, {"nsid": nvme.NSID_ALL}, \
        ((BAD_NS, FIELD), FAILED)
    yield "second_nsid_none", {}, {"nsid": 77777}, (FAILED, BAD_NS)
    yield "out_of_range", {"slba": BEYOND}, {"slba": BEYOND}, (RANGE, FAILED)
    yield "compare_compare", {}, {"opcode": nvme.COMPARE}, (FAILED, FIELD)
    yield "write_write", {"opcode": nvme.WRITE}, {}, (FIELD, FAILED)
    yield "write_compare", {"opcode": nvme.WRITE}, {"opcode": nvme.COMPARE}, (FIELD, FAILED)
    yield "unknown_first", {"opcode": 0x85}, {}, (nvme.INVALID_OPCODE, FAILED)
    yield "unknown_second", {}, {"opcode": 0x85}, (FAILED, nvme.INVALID_OPCODE)
    yield "length_first", {"length": 512}, {}, (nvme.SGL_LENGTH, FAILED)
    yield "length_second", {}, {"length": 512}, (FAILED, nvme.SGL_LENGTH)
    yield "sgl_first", {"kind": 0x05}, {}, (nvme.SGL_TYPE, FAILED)
    yield "sgl_second", {}, {"kind": 0x05}, (FAILED, nvme.SGL_TYPE)


def _half(fields, opcode, fuse, seed, icd):
    blocks, block = fields.get("blocks", 2), fields.get("block", 512)
    data = pattern(blocks * block, seed)
    sqe = nvme.rw(fields.get("opcode", opcode), fields.get("nsid", 1), fields.get("slba", BASE),
                  blocks, fields.get("length", len(data)), icd=icd, fuse=fuse,
                  kind=fields.get("kind"))
    # what the SGL says is what comes
    return sqe, data[:fields.get("length", len(data))]


@rows(_refusals())
def refused(env, one, two, want):
    """A half that is refused by its own checks, or does not fit its partner, ends the other one
    with Failed Fused; nothing is written, and the next pair works."""
    queue = env.io()
    old = pattern(1024, 300)
    for how, icd in HOW.items():
        queue.write(1, BASE, old)
        batch = Batch(queue)
        for fields, opcode, fuse, seed, inside in ((one, nvme.COMPARE, 1, 300, icd[0]),
                                                   (two, nvme.WRITE, 2, 301, icd[1])):
            if "kind" in fields:
                batch.add(_half(fields, opcode, fuse, seed, False)[0])
            else:
                sqe, data = _half(fields, opcode, fuse, seed, inside)
                batch.add(sqe, data, icd=inside)
        with during(how):
            batch.send().expect(*want)
            check(queue.read(1, BASE, 2) == old, "something was written")
            caw(queue, 1, BASE, old, pattern(1024, 302))
    alive(queue)


@rows([("nsid_1", 1), ("nsid_2", 2)])
def too_many_blocks(env, nsid):
    """One block more than NACWU allows, and as many as MDTS does: Atomic Write Unit Exceeded. No
    data is asked for; the second half fails with the first."""
    queue = env.io()
    block = {1: 512, 2: 4096}[nsid]
    most = (4096 << queue.host.ctrl.mdts) // block
    blocks = queue.host.ns(nsid).nacwu + 2
    check(blocks <= most, "MDTS comes before NACWU")
    for count in (blocks, most):
        batch = Batch(queue)
        for opcode, fuse in ((nvme.COMPARE, 1), (nvme.WRITE, 2)):
            batch.add(nvme.rw(opcode, nsid, BASE, count, count * block, fuse=fuse))
        batch.send()
        for cid, want in zip(batch.cids, (nvme.ATOMIC_WU, FAILED)):
            check_status(queue.wait(cid), want, f"{count} blocks")
        check(not queue.r2ts, "an R2T for a half that cannot succeed")
    # in the capsule, of which the data has to be drained
    if nsid == 1 and blocks * block <= queue.icd_limit:
        data = pattern(blocks * block, 303)
        caw(queue, 1, BASE, data, data, status=(nvme.ATOMIC_WU, FAILED))
    alive(queue)


@rows([("first", 0), ("second", 1)])
def data_digest_error(env, which):
    """A wrong data digest in either half: that half fails with Transient Transport Error, the
    other with Failed Fused, nothing is written, and the connection lives. In each order of the
    halves' data."""
    queue = env.io(ddgst=True)
    old, new = old_data(3, 8), new_data(3, 8)
    want = [FAILED, FAILED]
    want[which] = nvme.TRANSIENT_TRANSPORT
    for how, order in [(h, (0, 1)) for h in HOW] + [("r2t", (1, 0))]:
        icd = HOW[how]
        queue.write(1, BASE, old)
        batch = Batch(queue)
        bad = [{"bad_ddgst": True} if which == i else {} for i in (0, 1)]
        batch.add(first(1, BASE, old, icd=icd[0]), old, icd=icd[0], **bad[0] if icd[0] else {})
        batch.add(second(1, BASE, new, icd=icd[1]), new, icd=icd[1], **bad[1] if icd[1] else {})
        batch.send()
        with during(f"{how}, order {order}"):
            # Of a second half whose first has failed, nothing is asked for.
            for index in order:
                if not icd[index] and not (index == 1 and which == 0 and icd[0]):
                    batch.await_r2ts(index).answer(index, **bad[index])
            batch.expect(*want)
            check(queue.read(1, BASE, 8) == old, "something was written")
            caw(queue, 1, BASE, old, new)
    alive(queue)


@rows([("icd", (True, True)), ("r2t", (False, False))])
def same_identifier(env, icd):
    """Both halves with one command identifier: the second is Command ID Conflict, the first fails
    with it."""
    queue = env.io()
    old, new = old_data(4), new_data(4)
    queue.write(1, BASE, old)
    cid, one = queue.build(first(1, BASE, old, icd=icd[0]), old if icd[0] else b"")
    _, two = queue.build(second(1, BASE, new, icd=icd[1]), new if icd[1] else b"", cid=cid)
    queue.send(one + two)
    got = []
    for _ in range(2):
        while not queue.done.get(cid):
            if queue.r2ts:
                queue.answer(queue.r2ts.pop(), old)
            queue.pump()
        got.append(queue.wait(cid).status)
    check(sorted(got) == sorted((FAILED, nvme.CID_CONFLICT)), f"statuses {got}")
    check(queue.read(1, BASE, 1) == old, "something was written")
    caw(queue, 1, BASE, old, new)


@case()
def medium_error(env):
    """Blocks that cannot be read: the first half says so, the second fails with it."""
    disk = env.target.disks[1]
    put(f"{disk.dir}/badblocks", "+2700-2707")
    env.defer(lambda: put(f"{disk.dir}/badblocks", "-2700-2707"))
    queue = env.io()
    caw(queue, 1, 2700, old_data(5), new_data(5),
        status=((nvme.UNRECOVERED_READ, nvme.INTERNAL), FAILED))
    caw(queue, 1, 2708, queue.read(1, 2708, 1), new_data(5))


# -- resources -------------------------------------------------------------------------------


@case(timeout=40)
def a_queue_full_of_pairs(env):
    """As many pairs at once as a queue holds, all on one block, each adding to what the last one
    left if it can: the winners form a chain, and the queue goes on."""
    queue = env.io(sqsize=127)
    queue.write(1, BASE, bytes(512))
    total = 0
    for _ in range(3):
        batch = Batch(queue)
        for i in range(60):
            old = (total + i // 4).to_bytes(8, "little") * 64
            new = (total + i // 4 + 1).to_bytes(8, "little") * 64
            icd = HOW[("icd", "r2t", "icd_r2t", "r2t_icd")[i % 4]]
            batch.add(first(1, BASE, old, icd=icd[0]), old, icd=icd[0])
            batch.add(second(1, BASE, new, icd=icd[1]), new, icd=icd[1])
        batch.send()
        cqes = batch.finish()
        for one, two in zip(cqes[::2], cqes[1::2]):
            check((one.status, two.status) in ((OK, OK), (DIFFERS, FAILED)), f"{one} and {two}")
        total += sum(c.status == OK for c in cqes[::2])
        check(queue.read(1, BASE, 1) == total.to_bytes(8, "little") * 64,
              f"{total} successes, the block says {queue.read(1, BASE, 1)[:8].hex()}")
    check(total >= 3, "none ever succeeded")


@rows([("pairs", 0), ("behind_large_writes", 2)], timeout=60)
def memory_of_a_connection(env, large):
    """First halves that wait with their data in the capsule may use up what a connection may hold:
    their second halves' data is asked for nevertheless, or both would wait for ever."""
    with env.target.params(max_data_kb=1024):
        queue = env.io(sqsize=255)
        old, new = bytes(16384), new_data(6, 32)
        queue.cmd(nvme.write_zeroes(1, 4096, 120 * 32), what="Write Zeroes")
        batch = Batch(queue)
        for i in range(large):
            batch.add(nvme.rw(nvme.WRITE, 1, 16384 + 2048 * i, 2048, 1 << 20), bytes(1 << 20))
        count = 4 if large else 120
        for i in range(count):
            batch.add(first(1, 4096 + 32 * i, old), old, icd=True)
            batch.add(second(1, 4096 + 32 * i, new, icd=False), new)
        batch.send().expect(*[OK] * (large + 2 * count), timeout=20)
        check(queue.read(1, 4096 + 32 * (count - 1), 32) == new, "the last pair")


@case()
def two_hosts_two_ports(env):
    """A pair from one controller, then from another on another port: each sees what the other
    wrote, and of two with the same old blocks one wins."""
    hosts = [env.up(1), Host(env.target.addr2, env.target.subnqn).up(1)]
    queues = [h.io[1] for h in hosts]
    data = [pattern(512, 400 + i) for i in range(6)]
    queues[0].write(1, BASE, data[0])
    for i in range(5):
        caw(queues[i % 2], 1, BASE, data[i], data[i + 1])
        caw(queues[1 - i % 2], 1, BASE, data[i], data[0], status=(DIFFERS, FAILED))
