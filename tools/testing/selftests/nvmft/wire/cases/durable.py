# SPDX-License-Identifier: GPL-2.0
"""Power cuts: what a host was told is on the medium is there afterwards. A write with FUA that has
completed, and one that had completed when a Flush was sent that has.

Each such answer is a mark in the log of the disk (nvmetcp/powercut.py), and at each mark the power
is cut. NVMFT_CUT_COMMANDS says how many commands there are to be (1500), NVMFT_CUT_SEED what chance
is to be; it is printed."""

import os
import random

from nvmetcp import nvme
from nvmetcp.conn import Fail, check, check_status
from nvmetcp.ktap import rows
from nvmetcp.loop import Loop, caw_commands
from nvmetcp.model import ZERO, Content
from nvmetcp.powercut import MIB, PATH, CutDisk, write_disk
from nvmetcp.target import STORE, Disk, put, run

NSID, QUEUES, WORKERS = 4, 2, 16
COMMANDS = int(os.environ.get("NVMFT_CUT_COMMANDS", "1500"))
# Blocks of a worker, which alone writes them
OWN = 24
# Mounted and looked at, of a file system
MOUNTS = 6
STORE_AGAIN = STORE + "-cut"

KINDS = [("write", 30), ("write_fua", 30), ("zeroes_fua", 12), ("zeroes", 4), ("caw_fua", 16),
         ("copy_fua", 10), ("flush", 4)]


class Writer:
    """Hosts that write, and what they know of each block."""

    def __init__(self, env, cut, block, seed):
        self.cut, self.block = cut, block
        self.rng = random.Random(seed)
        self.loop = Loop(seed=seed)
        self.content = Content(block)
        self.host = env.up(QUEUES, sqsize=63)
        self.next = 1
        # of each block, in order: the numbers it was sent; how many of them completed, how many
        # are on the medium for certain
        blocks = WORKERS * OWN
        self.sent = [[ZERO] for _ in range(blocks)]
        self.done = [0] * blocks
        self.safe = [0] * blocks
        self.marks = []     # of each mark: {block: (safe, sent)} of those that changed
        self.changed = {}
        self.left = COMMANDS
        self.count = dict.fromkeys((name for name, _ in KINDS), 0)

    # -- what is known ---------------------------------------------------------------------

    def sending(self, slba, numbers):
        """A command is about to write these."""
        for lba, number in enumerate(numbers, slba):
            self.sent[lba].append(number)
            self.changed[lba] = None

    def completed(self, slba, count, safe):
        """It has; with FUA nothing may lose it any more."""
        for lba in range(slba, slba + count):
            self.done[lba] = len(self.sent[lba]) - 1
        if safe:
            self.mark({lba: self.done[lba] for lba in range(slba, slba + count)})

    def mark(self, safe):
        """The power may fail now, and these have to be there."""
        for lba, index in safe.items():
            if index > self.safe[lba]:
                self.safe[lba] = index
                self.changed[lba] = None
        number = self.cut.mark()
        check(number == len(self.marks), "marks are out of step")
        self.marks.append({lba: (self.safe[lba], len(self.sent[lba])) for lba in self.changed})
        self.changed = {}

    # -- commands --------------------------------------------------------------------------

    def span(self, worker):
        """Blocks of this worker."""
        count = self.rng.choice((1, 1, 2, 4, 8))
        return worker * OWN + self.rng.randrange(OWN - count + 1), count

    def fresh(self, count):
        """Numbers that no block has yet."""
        self.next += count
        return list(range(self.next - count, self.next))

    def data(self, numbers):
        """The data of blocks with these numbers."""
        return b"".join(map(self.content.make, numbers))

    def write(self, queue, worker, fua=False):
        """Write."""
        slba, count = self.span(worker)
        numbers = self.fresh(count)
        data = self.data(numbers)
        icd = len(data) <= queue.icd_limit and self.rng.random() < 0.5
        self.sending(slba, numbers)
        (cqe,) = yield self.loop.send(queue, [(nvme.rw(nvme.WRITE, NSID, slba, count, len(data),
                                                       icd=icd, fua=fua), data, 0, icd)])
        check_status(cqe, nvme.OK, "write")
        self.completed(slba, count, fua)

    def write_fua(self, queue, worker):
        """Write with FUA."""
        return self.write(queue, worker, fua=True)

    def zeroes(self, queue, worker, fua=False):
        """Write Zeroes."""
        slba, count = self.span(worker)
        self.sending(slba, [ZERO] * count)
        (cqe,) = yield self.loop.send(queue, [(nvme.write_zeroes(NSID, slba, count, fua=fua),)])
        check_status(cqe, nvme.OK, "write zeroes")
        self.completed(slba, count, fua)

    def zeroes_fua(self, queue, worker):
        """Write Zeroes with FUA."""
        return self.zeroes(queue, worker, fua=True)

    def caw_fua(self, queue, worker):
        """Compare-and-write whose write has FUA."""
        lba = worker * OWN + self.rng.randrange(OWN)
        old = self.data([self.sent[lba][-1]])
        numbers = self.fresh(1)
        commands = [list(c) for c in caw_commands(NSID, lba, old, self.data(numbers),
                                                  icd=(False, False), block=self.block)]
        commands[1][0] = nvme.rw(nvme.WRITE, NSID, lba, 1, self.block, fuse=nvme.SECOND, fua=True)
        self.sending(lba, numbers)
        for cqe in (yield self.loop.send(queue, commands)):
            check_status(cqe, nvme.OK, "compare-and-write")
        self.completed(lba, 1, True)

    def copy_fua(self, queue, worker):
        """Copy with FUA, of one half of the worker's blocks to the other."""
        half = OWN // 2
        count = self.rng.randint(1, 4)
        source = worker * OWN + self.rng.randrange(half - count + 1)
        slba = worker * OWN + half + self.rng.randrange(half - count + 1)
        self.sending(slba, [self.sent[source + n][-1] for n in range(count)])
        (cqe,) = yield self.loop.send(queue, [(nvme.copy(NSID, slba, 1, fua=True, icd=True),
                                               nvme.copy_ranges([(source, count)]), 0, True)])
        check_status(cqe, nvme.OK, "copy")
        self.completed(slba, count, True)

    def flush(self, queue, _worker):
        """Flush: for all that had completed when it was sent."""
        before = dict(enumerate(self.done))
        (cqe,) = yield self.loop.send(queue, [(nvme.flush(NSID),)])
        check_status(cqe, nvme.OK, "flush")
        self.mark(before)

    def dirty(self, worker):
        """Has it blocks that may be in the disk's cache only?"""
        own = slice(worker * OWN, (worker + 1) * OWN)
        return self.done[own] != self.safe[own]

    def worker(self, index):
        """One command after the other. The log has what a flush saves when that completes: behind
        a write with FUA that came later, where no disk would put it. So that goes first."""
        queue = self.host.io[index % QUEUES + 1]
        names, shares = zip(*KINDS)
        while self.left > 0:
            (name,) = self.rng.choices(names, shares)
            if name.endswith("_fua") and self.dirty(index):
                name = "flush"
            self.left -= 1
            yield from getattr(self, name)(queue, index)
            self.count[name] += 1

    def run(self):
        """All commands."""
        for index in range(WORKERS):
            self.loop.spawn(self.worker(index))
        self.loop.run(240)
        self.host.close()
        check(min(self.count.values()) > 0, f"a command was never sent: {self.count}")

    # -- after the cut ---------------------------------------------------------------------

    def verify(self, lba, safe, sent, block, mark):
        """A block after a cut at a mark: what is certain of it, or something that was sent later."""
        number = self.content.number(bytes(block))
        allowed = self.sent[lba][safe:sent]
        if number not in allowed:
            raise Fail(f"power cut at mark {mark} of {len(self.marks)}: block {lba} holds "
                       f"{'garbage' if number is None else number}, it was sent {self.sent[lba]} "
                       f"and number {safe} of these was safe")


def cuts_of_a_disk(writer, cut):
    """At every mark."""
    size = writer.block
    known = {}
    for mark, disk, since in cut.states():
        known.update(writer.marks[mark])
        look = set(writer.marks[mark])
        for first, length in since:
            look.update(range(first // size, (first + length - 1) // size + 1))
        for lba in look:
            if lba in known:
                writer.verify(lba, *known[lba], disk[lba * size:(lba + 1) * size], mark)
    return len(writer.marks)


def cuts_of_a_file(writer, cut):
    """At some marks: the file system is mounted, and the file read."""
    size = writer.block
    chosen = set(writer.rng.sample(range(len(writer.marks)), MOUNTS))
    again = Disk("wireagain", cut.size // MIB, 512)
    os.makedirs(STORE_AGAIN, exist_ok=True)
    known = {}
    try:
        for mark, disk, _ in cut.states():
            known.update(writer.marks[mark])
            if mark not in chosen:
                continue
            write_disk(again.path, disk)
            run("mount", again.path, STORE_AGAIN)
            try:
                with open(f"{STORE_AGAIN}/disk", "rb") as file:
                    for lba, (safe, sent) in sorted(known.items()):
                        file.seek(lba * size)
                        writer.verify(lba, safe, sent, file.read(size), mark)
            finally:
                run("umount", STORE_AGAIN)
    finally:
        again.remove()
    return len(chosen)


def on_the_disk(env, _cut, attrs):
    """The disk itself as a namespace."""
    env.target.add_ns(NSID, PATH, attrs=attrs)
    env.defer(lambda: remove_namespace(env))


def in_a_file(env, _cut, attrs):
    """A file of a file system on it, which is written in full: metadata is not the question."""
    run("mkfs.ext4", "-q", "-F", "-b", "4096", PATH)
    os.makedirs(STORE, exist_ok=True)
    run("mount", PATH, STORE)
    env.defer(lambda: os.path.ismount(STORE) and run("umount", STORE))
    with open(f"{STORE}/disk", "wb") as file:
        file.write(bytes(4 * MIB))
        os.fsync(file.fileno())
    env.target.add_ns(NSID, f"{STORE}/disk", attrs=attrs)
    env.defer(lambda: remove_namespace(env))


def remove_namespace(env):
    """Also when the case has done so."""
    if os.path.isdir(env.target.ns(NSID)):
        put(env.target.ns(NSID, "enable"), 0)
        os.rmdir(env.target.ns(NSID))


@rows([
    ("block_device", 512, 512, on_the_disk, {}, cuts_of_a_disk),
    ("blocks_of_512_on_4096", 512, 4096, on_the_disk, {"block_size": 512}, cuts_of_a_disk),
    ("file_direct", 4096, 512, in_a_file, {"buffered_io": 0}, cuts_of_a_file),
    ("file_buffered", 4096, 512, in_a_file, {"buffered_io": 1}, cuts_of_a_file),
], timeout=300)
def power_cut(env, block, disk_block, make, attrs, cuts):
    """What was acknowledged as durable is there after a power cut."""
    seed = int(os.environ.get("NVMFT_CUT_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"# NVMFT_CUT_SEED={seed}", flush=True)
    cut = CutDisk(24, disk_block)
    env.defer(cut.remove)
    make(env, cut, attrs)
    writer = Writer(env, cut, block, seed)
    writer.run()
    remove_namespace(env)
    if os.path.ismount(STORE):
        run("umount", STORE)
    cut.close()
    try:
        count = cuts(writer, cut)
    except Fail as err:
        raise Fail(f"seed {seed}: {err}") from err
    print(f"# {sum(writer.count.values())} commands, {len(writer.marks)} answers that promise "
          f"durability, {count} power cuts: "
          + ", ".join(f"{n} {name}" for name, n in writer.count.items()), flush=True)
