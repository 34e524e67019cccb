# SPDX-License-Identifier: GPL-2.0
"""Every I/O command at once, on all kinds of backends, by a client that knows what each block may
hold (nvmetcp/model.py): seconds of commands of chance from several controllers and queues, with
controllers reset in between, and then a look at every block.

NVMFT_MIX_SECONDS says for how long (15), or longer until enough has been done on a slow machine;
NVMFT_MIX_SEED what chance is to be; it is printed."""

import os
import random
import time

from nvmetcp import nvme
from nvmetcp.conn import Fail, check, check_status
from nvmetcp.host import HOSTID, Host
from nvmetcp.ktap import rows
from nvmetcp.loop import Loop, Lost, caw_commands
from nvmetcp.model import DONE, MAYBE, NOTHING, Model
from nvmetcp.steps import read_disk

OK, FAILED, DIFFERS = nvme.OK, nvme.FUSED_FAILED, nvme.COMPARE_FAILURE
SECONDS = float(os.environ.get("NVMFT_MIX_SECONDS", "15"))
NSID, QUEUES, PER_QUEUE, HOT = 4, 2, 12, 96
# Commands that a run has at least; a machine may take four times as long for them.
ENOUGH = 1000
# Bytes that most commands touch at most, and some
USUAL, LARGE = 1 << 15, 1 << 17

# name, share
COMMANDS = [("write", 24), ("read", 22), ("write_zeroes", 8), ("deallocate", 8), ("compare", 12),
            ("verify", 3), ("copy", 8), ("caw", 14), ("flush", 3), ("refused", 3), ("halves", 3)]


class Mix:
    """Clients, their model, and what they have done."""

    def __init__(self, env, block, seed):
        self.env, self.block, self.seed = env, block, seed
        self.rng = random.Random(seed)
        self.loop = Loop(seed=seed)
        self.hosts = []
        for index, addr in enumerate((env.target.addr, env.target.addr2)):
            host = Host(addr, env.target.subnqn, hdgst=index == 1,
                        hostid=HOSTID[:-1] + bytes([index + 1]))
            host.connect_admin()
            self.hosts.append(host)
            self.start(host)
        ns = self.hosts[0].ns(NSID)
        check(ns.block == block, f"blocks of {ns.block} bytes")
        self.model = Model(ns.nsze, block)
        self.caw_max = ns.nacwu + 1
        self.done = {name: 0 for name, _ in COMMANDS}
        self.ends = {}          # statuses of those that may end in several ways
        self.orphans = []       # commands of queues that have gone
        self.resetting = False
        self.resets = 0
        self.total = self.until = 0

    def start(self, host):
        """Enable a controller; its queues."""
        host.enable()
        host.set_queues(QUEUES)
        for qid in range(1, QUEUES + 1):
            cattr = nvme.CATTR_NO_SQ_FLOW if host is not self.hosts[0] else 0
            host.connect_io(qid, 63, cattr=cattr)

    # -- chance ----------------------------------------------------------------------------

    def span(self, most=None):
        """A first block and a count: often few blocks that others want as well."""
        rng, blocks = self.rng, self.model.count
        if rng.random() < 0.3:
            count = rng.randint(1, min(4, most or 4))
            return rng.randrange(HOT - count + 1), count
        top = (USUAL if rng.random() < 0.95 else LARGE) // self.block
        count = rng.randint(1, min(top, most or top))
        return min(rng.randrange(blocks), blocks - count), count

    def chance(self, share):
        """True so often."""
        return self.rng.random() < share

    def expected(self, slba, count, wrong):
        """Numbers and data that are probably there; or certainly not, in a byte of one block."""
        numbers = [self.model.guess(lba) for lba in range(slba, slba + count)]
        data = bytearray(self.model.data(numbers))
        if wrong:
            at = self.rng.choice((0, len(data) - 1, self.rng.randrange(len(data))))
            data[at] ^= 1 << self.rng.randrange(8)
            numbers[at // self.block] = None
        return numbers, bytes(data)

    # -- commands --------------------------------------------------------------------------

    def send(self, queue, sqe, data=b"", expect=0):
        """One command; its data in the capsule, where it fits, or by R2T."""
        icd = bool(data) and len(data) <= queue.icd_limit and self.chance(0.5)
        if icd:
            sqe[24 + 15] = nvme.SGL_ICD
        return self.loop.send(queue, [(sqe, data, expect, icd)])

    def write(self, queue):
        """Write."""
        slba, count = self.span()
        op = self.model.begin(f"Write {slba}+{count}", firm=True)
        numbers = self.model.fresh(count, op.what)
        self.model.writes(op, slba, numbers)
        sqe = nvme.rw(nvme.WRITE, NSID, slba, count, count * self.block, fua=self.chance(0.1))
        yield op
        yield self.send(queue, sqe, self.model.data(numbers)), OK
        self.model.end(op)

    def read(self, queue):
        """Read."""
        slba, count = self.span()
        op = self.model.begin(f"Read {slba}+{count}")
        size = count * self.block
        yield op
        (cqe,) = yield self.send(queue, nvme.rw(nvme.READ, NSID, slba, count, size), b"", size), OK
        self.model.read(op, slba, cqe.data)

    def write_zeroes(self, queue):
        """Write Zeroes."""
        slba, count = self.span()
        if self.chance(0.1):
            count = min(self.rng.randint(1, 1024), self.model.count - slba)
        deac = self.chance(0.5)
        op = self.model.begin(f"Write Zeroes {slba}+{count}{' DEAC' if deac else ''}", firm=True)
        self.model.zeroes(op, slba, count)
        yield op
        yield self.send(queue, nvme.write_zeroes(NSID, slba, count, deac=deac,
                                                 fua=self.chance(0.2))), OK
        self.model.end(op)

    def deallocate(self, queue):
        """Dataset Management: a hint, so the blocks read as zeroes or as before."""
        spans = [self.span() for _ in range(self.rng.choice((1, 1, 2, 3, 8)))]
        op = self.model.begin(f"Deallocate {spans}")
        for slba, count in spans:
            self.model.zeroes(op, slba, count)
        data = nvme.dsm_ranges(spans)
        if self.chance(0.3):
            data = data.ljust(4096, b"\xff")
        yield op
        yield self.send(queue, nvme.dsm(NSID, len(spans), nbytes=len(data)), data), OK
        self.model.end(op)

    def compare(self, queue):
        """Compare."""
        slba, count = self.span()
        op = self.model.begin(f"Compare {slba}+{count}")
        numbers, data = self.expected(slba, count, self.chance(0.3))
        yield op
        (cqe,) = yield self.send(queue, nvme.rw(nvme.COMPARE, NSID, slba, count, len(data)),
                                 data), (OK, DIFFERS)
        self.ends["compare", cqe.status] = self.ends.get(("compare", cqe.status), 0) + 1
        self.model.compare(op, slba, numbers, cqe.status == OK)
        self.model.end(op)

    def verify(self, queue):
        """Verify."""
        slba, count = self.span()
        op = self.model.begin(f"Verify {slba}+{count}")
        yield op
        yield self.send(queue, nvme.verify(NSID, slba, count)), OK
        self.model.end(op)

    def copy(self, queue):
        """Copy of several ranges, or of one that is longer than what the target moves at a time;
        sometimes onto one of them, which is refused."""
        spans = [self.span() for _ in range(self.rng.choice((1, 1, 2, 4)))]
        if self.chance(0.1):
            count = self.rng.randint(1, 3 * LARGE // self.block)
            spans = [(self.rng.randrange(self.model.count - count), count)]
        total = sum(count for _, count in spans)
        dst = self.rng.randrange(self.model.count - total)
        overlaps = any(slba < dst + total and dst < slba + count for slba, count in spans)
        op = self.model.begin(f"Copy {spans} to {dst}", firm=True)
        if not overlaps:
            self.model.copies(op, dst, [lba for slba, count in spans
                                        for lba in range(slba, slba + count)])
        yield op
        yield (self.send(queue, nvme.copy(NSID, dst, len(spans), fua=self.chance(0.1)),
                         nvme.copy_ranges(spans)), nvme.OVERLAPPING if overlaps else OK)
        self.model.end(op)

    def caw(self, queue):
        """Compare-and-write."""
        slba, count = self.span(self.caw_max)
        op = self.model.begin(f"Compare-and-write {slba}+{count}", firm=True, atomic=True)
        old, before = self.expected(slba, count, self.chance(0.2))
        new = self.model.fresh(count, op.what)
        self.model.writes(op, slba, new)
        icd = [len(before) <= queue.icd_limit and self.chance(0.5) for _ in range(2)]
        yield op
        ends = yield self.loop.send(queue, caw_commands(
            NSID, slba, before, self.model.data(new), icd=icd, block=self.block)), None
        ends = tuple(c.status for c in ends)
        check(ends in ((OK, OK), (DIFFERS, FAILED)), f"{op.what}: statuses {ends}")
        self.ends["caw", ends[0]] = self.ends.get(("caw", ends[0]), 0) + 1
        self.model.compare(op, slba, old, ends[0] == OK)
        self.model.end(op, DONE if ends[0] == OK else NOTHING, old if ends[0] == OK else ())

    def flush(self, queue):
        """Flush, of this namespace or of all."""
        op = self.model.begin("Flush")
        yield op
        yield self.send(queue, nvme.flush(nvme.NSID_ALL if self.chance(0.2) else NSID)), OK
        self.model.end(op)

    def refused(self, queue):
        """What crosses the end of the namespace is refused, and changes no block within it."""
        size = self.model.count
        slba = size - self.rng.randint(0, 4)
        count = size - slba + self.rng.randint(1, 4)
        op = self.model.begin(f"beyond the end: {slba}+{count}")
        data = self.model.data(self.model.fresh(count, op.what))
        ranges = [(self.rng.randrange(HOT), 1), (slba, count)]
        sqe, data = self.rng.choice((
            (nvme.rw(nvme.WRITE, NSID, slba, count, len(data)), data),
            (nvme.write_zeroes(NSID, slba, count), b""),
            (nvme.dsm(NSID, 2), nvme.dsm_ranges(ranges)),
            (nvme.copy(NSID, slba, 1), nvme.copy_ranges([(0, count)]))))
        yield op
        yield self.send(queue, sqe, data), nvme.LBA_RANGE
        self.model.end(op)

    def halves(self, queue):
        """Halves that are not a pair: missing, or of different ranges. Nothing is written."""
        slba, count = self.span(self.caw_max)
        op = self.model.begin(f"half of a pair {slba}+{count}")
        _, old = self.expected(slba, count, False)
        new = self.model.data(self.model.fresh(count, op.what))
        one, two = (list(half) for half in caw_commands(NSID, slba, old, new, icd=(False, False),
                                                        block=self.block))
        between = (nvme.flush(NSID),)
        how = self.rng.randrange(4)
        if how == 0:
            commands, want = [one, between], ((nvme.FUSED_MISSING,), (OK,))
        elif how == 1:
            commands, want = [between, two], ((OK,), (nvme.FUSED_MISSING,))
        elif how == 2:
            commands, want = ([one, between, two],
                              ((nvme.FUSED_MISSING,), (OK,), (nvme.FUSED_MISSING,)))
        else:
            two[0] = nvme.rw(nvme.WRITE, NSID, (slba + 1) % HOT, count, len(new),
                             fuse=nvme.SECOND)
            commands, want = [one, two], ((nvme.INVALID_FIELD, FAILED), (nvme.INVALID_FIELD,))
        yield op
        ends = yield self.loop.send(queue, commands), None
        for cqe, statuses in zip(ends, want):
            check_status(cqe, statuses, op.what)
        self.model.end(op)

    # -- tasks -----------------------------------------------------------------------------

    def goes_on(self, margin=0):
        """Whether the mix lasts."""
        left = self.until - margin - time.monotonic()
        return left > 0 or self.total < ENOUGH and left > -3 * SECONDS

    def worker(self, index):
        """One command after the other on one queue, for as long as the mix lasts."""
        host, qid = self.hosts[index % 2], index // 2 % QUEUES + 1
        names, shares = zip(*COMMANDS)
        while self.goes_on():
            queue = host.io[qid]
            (name,) = self.rng.choices(names, shares)
            command = getattr(self, name)(queue)
            op = next(command)
            try:
                sent, status = next(command)
                cqes = yield sent
            except Lost as err:
                check(self.resetting, f"{op.what}: {err}")
                self.orphans.append(op)
                yield Loop.sleep(0)
                continue
            if status is not None:
                check_status(cqes[0], status, op.what)
            try:
                command.send(cqes)
            except StopIteration:
                pass
            self.done[name] += 1
            self.total += 1

    def resetter(self):
        """Takes a controller down under its commands. Once it is, they have been carried out or
        never will be."""
        while True:
            yield Loop.sleep(SECONDS / 6 * self.rng.uniform(0.5, 1.5))
            if not self.goes_on(margin=0.5):
                return
            host = self.rng.choice(self.hosts)
            host.admin.prop_set(nvme.CC, nvme.CC_IOSQES_IOCQES)
            host.wait_csts(nvme.CSTS_RDY, 0)
            self.resetting = True
            for queue in host.io.values():
                self.loop.forget(queue)
                queue.close()
            self.resetting = False
            for op in self.orphans:
                self.model.end(op, MAYBE)
            self.orphans = []
            self.start(host)
            self.resets += 1

    def run(self):
        """All of it."""
        self.until = time.monotonic() + SECONDS
        for index in range(2 * QUEUES * PER_QUEUE):
            self.loop.spawn(self.worker(index))
        self.loop.spawn(self.resetter())
        self.loop.run(4 * SECONDS + 60)

    def look(self):
        """Every block, by a new controller."""
        queue = self.env.up(1).io[1]
        step = LARGE // self.block
        whole = bytearray()
        for slba in range(0, self.model.count, step):
            count = min(step, self.model.count - slba)
            op = self.model.begin("the look at all blocks")
            data = queue.read(NSID, slba, count, self.block)
            self.model.read(op, slba, data)
            whole += data
        queue.flush(NSID)
        return whole

    def tell(self):
        """What has been done."""
        ends = ", ".join(f"{self.ends.get((name, status), 0)} {name} {how}"
                         for name in ("compare", "caw")
                         for status, how in ((OK, "equal"), (DIFFERS, "not")))
        print(f"# {self.total} commands from {2 * QUEUES * PER_QUEUE} at once, "
              f"{self.resets} resets: "
              + ", ".join(f"{count} {name}" for name, count in self.done.items())
              + f"; {ends}; {self.model.settled()} of {self.model.count} blocks could hold one "
              "thing only", flush=True)


def disk(env, block, **more):
    """A namespace on a null_blk disk, whose node is returned."""
    env.target.attach(NSID, 8 if block == 4096 else 2, block, discard=1, **more)
    env.defer(lambda: env.target.detach(NSID))
    return env.target.disks[NSID].path


def small_on_large(env):
    """Blocks of 512 bytes on a disk of 4096."""
    env.target.attach(NSID, 2, 4096, discard=1, irqmode=2, completion_nsec=100000,
                      attrs={"block_size": 512})
    env.defer(lambda: env.target.detach(NSID))
    return env.target.disks[NSID].path


def file(env, **attrs):
    """A namespace in a file, whose path is returned."""
    path = env.target.attach_file(NSID, 8 if "block_size" not in attrs else 2, attrs)
    env.defer(lambda: env.target.detach_file(NSID))
    return path


BACKENDS = [
    ("blocks_of_512", 512, lambda env: disk(env, 512, irqmode=2, completion_nsec=300000)),
    ("blocks_of_4096", 4096, lambda env: disk(env, 4096, hw_queue_depth=4, max_sectors=64)),
    ("blocks_of_512_on_4096", 512, small_on_large),
    ("file_direct", 4096, lambda env: file(env, buffered_io=0)),
    ("file_buffered", 4096, lambda env: file(env, buffered_io=1)),
    ("blocks_of_512_on_a_file", 512, lambda env: file(env, buffered_io=0, block_size=512)),
]


@rows(BACKENDS, timeout=120 + SECONDS * 4)
def integrity(env, block, make):
    """Every block holds what one of the commands has left there that may have been the last."""
    seed = int(os.environ.get("NVMFT_MIX_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"# NVMFT_MIX_SEED={seed} for {SECONDS:.0f} s", flush=True)
    path = make(env)
    mix = Mix(env, block, seed)
    try:
        mix.run()
        mix.tell()
        whole = mix.look()
    except Fail as err:
        raise Fail(f"seed {seed}: {err}") from err
    for at in range(0, len(whole), LARGE):
        piece = whole[at:at + LARGE]
        check(read_disk(path, at, len(piece)) == piece,
              f"seed {seed}: the device holds other data than a host reads at byte {at}")
    check(min(mix.done.values()) > 0, f"a command was never sent: {mix.done}")
    check(len(mix.ends) == 4, "a compare or compare-and-write never ended in one of its ways")
    check(mix.total >= ENOUGH // 4, "hardly a command was sent")
