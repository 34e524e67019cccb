# SPDX-License-Identifier: GPL-2.0
"""What each block of a namespace may hold while commands on it overlap.

Every block that a command writes has a number of its own, from which its content is made: a block
that is read tells which command wrote it. A command lasts from its sending to its completion, and
took effect at some moment in between. So a write has certainly been overwritten once another one
has completed that was sent after it had completed; a read may find whatever was not overwritten
when it was sent, and what has been written since. Reads that meet no write settle what a block
holds. Compare-and-writes tell more: what overlaps one that found the old blocks, and cannot have
come before it, came after it; and who reads beside one sees all of it or nothing.
"""

import bisect
import random
import struct

from .conn import Fail, check

ZERO = 0
DONE, NOTHING, MAYBE = "done", "nothing", "maybe"

_HEAD = struct.Struct("<QQ")
_MARK = 0x6E766D66742E6D78


class Content:
    """Blocks of a size, made from their numbers."""

    def __init__(self, size):
        self.size = size
        self.zero = bytes(size)
        self.pool = random.Random(size).randbytes(size + 4096)

    def make(self, number):
        """The block with this number."""
        if number == ZERO:
            return self.zero
        at = number % 4093
        return _HEAD.pack(number, number ^ _MARK) + self.pool[at:at + self.size - _HEAD.size]

    def number(self, block):
        """The number of a block, None if it is none that was ever made."""
        number = int.from_bytes(block[:8], "little")
        return number if block == self.make(number) else None


class Op:
    """A command from its sending to its completion."""

    __slots__ = ("what", "begin", "end", "firm", "atomic", "parts", "seen")

    def __init__(self, what, begin, firm=False, atomic=False):
        self.what, self.begin, self.end = what, begin, None
        self.firm = firm        # completed, it has overwritten what was there
        self.atomic = atomic    # nobody sees a part of it
        self.parts = []         # (lba, _Part)
        self.seen = None        # the read that has seen something of it


class _Part:
    """What an operation does to one block."""

    __slots__ = ("op", "values", "source", "dead", "after")

    def __init__(self, op, values, source=None):
        self.op = op
        self.values = values    # numbers it may write; None: what source holds
        self.source = source
        self.dead = None        # since when it is certainly overwritten
        self.after = []         # parts that were certainly carried out before


class Model:
    """The blocks of a namespace, all zeroes at first."""

    def __init__(self, blocks, size):
        self.content = Content(size)
        self.count, self.size = blocks, size
        self.clock = 1
        self.flying = set()
        self.asking = set()     # copies whose source is being looked up
        self.first, self.names = [0], ["zeroes"]    # first number of each operation
        self.next = 1
        start = Op("the beginning", 0)
        start.end = 0
        self.blocks = [[_Part(start, {ZERO})] for _ in range(blocks)]

    # -- numbers ---------------------------------------------------------------------------

    def fresh(self, count, what):
        """Numbers for blocks that are to be written."""
        self.first.append(self.next)
        self.names.append(what)
        self.next += count
        return range(self.next - count, self.next)

    def data(self, numbers):
        """The data of blocks with these numbers."""
        return b"".join(map(self.content.make, numbers))

    def name(self, number):
        """Who wrote a block with this number."""
        at = bisect.bisect_right(self.first, number) - 1
        return f"{number} ({self.names[at]}, block {number - self.first[at]} of it)"

    def guess(self, lba):
        """A number that the block probably has now."""
        return min(self._values(self.blocks[lba][-1]), default=ZERO)

    # -- operations ------------------------------------------------------------------------

    def begin(self, what, **kw):
        """A command is about to be sent."""
        self.clock += 1
        op = Op(what, self.clock, **kw)
        self.flying.add(op)
        return op

    def writes(self, op, slba, numbers):
        """It is to write these."""
        for lba, number in enumerate(numbers, slba):
            self._add(op, lba, _Part(op, {number}))

    def zeroes(self, op, slba, count):
        """It is to write zeroes."""
        self.writes(op, slba, [ZERO] * count)

    def copies(self, op, slba, sources):
        """It is to write what these blocks hold."""
        for lba, source in enumerate(sources, slba):
            self._add(op, lba, _Part(op, None, source))

    def _add(self, op, lba, part):
        op.parts.append((lba, part))
        self.blocks[lba].append(part)

    def _oldest(self):
        return min((op.begin for op in self.flying), default=self.clock)

    def end(self, op, how=DONE, old=()):
        """It has completed and done what it was to do, or nothing, or that is unknown. old: the
        numbers that a compare-and-write has found."""
        for lba, part in op.parts:
            if part.values is None:
                part.values = self._values(part)
        self.clock += 1
        op.end = self.clock
        self.flying.discard(op)
        check(how != NOTHING or not op.seen, f"{op.what} has done nothing, but it was seen by "
              f"{op.seen}")
        for number, (lba, part) in zip(old, op.parts):
            self._order(lba, part, number)
        oldest = self._oldest()
        for lba, part in op.parts:
            here = self.blocks[lba]
            if how == NOTHING:
                here.remove(part)
            elif how == DONE and op.firm:
                for other in here:
                    if other.dead is None and other.op.end is not None and \
                            other.op.end < op.begin:
                        other.dead = self.clock
                for other in part.after:
                    other.dead = other.dead or self.clock
            if len(here) > 1:
                here[:] = [p for p in here if p.dead is None or p.dead >= oldest]
        if how == MAYBE:
            op.firm = False

    def _order(self, lba, part, old):
        """A compare-and-write has found old here. What overlaps it, wrote something else, and
        was not followed by who could have written old again, was carried out after it."""
        here = [p for p in self.blocks[lba] if p is not part]
        holders = [p for p in here if old in self._values(p)]
        for other in here:
            end = other.op.end
            if not other.op.firm or other in holders or end is not None and end < part.op.begin:
                continue
            if any(h.op.end is None or h.op.end > other.op.begin for h in holders):
                continue
            if end is None:
                other.after.append(part)
            else:
                part.dead = self.clock

    # -- what blocks may hold --------------------------------------------------------------

    def _values(self, part):
        if part.values is not None:
            return part.values
        if part in self.asking:
            return set()
        self.asking.add(part)
        try:
            return self.possible(part.source, part.op.begin)
        finally:
            self.asking.discard(part)

    def possible(self, lba, since, skip=None):
        """The numbers that the block may have had since then, skip's own left out."""
        out = set()
        for part in self.blocks[lba]:
            if part.op is not skip and (part.dead is None or part.dead > since):
                out |= self._values(part)
        return out

    def _saw(self, op, lba, number):
        """Somebody has found this number. If nobody was writing, that is what the block has."""
        here = self.blocks[lba]
        flying = [part for part in here if part.op.end is None]
        for part in flying:
            if number != ZERO and part.values and number in part.values:
                part.op.seen = part.op.seen or f"{op.what} at block {lba}"
        if flying or any(part.op.end > op.begin for part in here):
            return
        kept = next((p for p in here if p.dead is None and number in p.values), None)
        if not kept:
            return
        kept.values = {number}
        for part in here:
            if part is not kept and part.dead is None:
                part.dead = op.begin

    # -- what commands found ---------------------------------------------------------------

    def read(self, op, slba, data):
        """It has read this."""
        size, numbers = self.size, []
        for at in range(0, len(data), size):
            lba = slba + at // size
            number = self.content.number(data[at:at + size])
            allowed = self.possible(lba, op.begin)
            if number not in allowed:
                what = self.name(number) if number is not None and number < self.next else \
                    f"what no one wrote, {data[at:at + 16].hex()}"
                raise Fail(f"{op.what}: block {lba} holds {what}; it may hold "
                           + " or ".join(map(self.name, sorted(allowed))))
            numbers.append(number)
        self._whole(op, slba, numbers)
        self._found(op, slba, numbers)
        self.end(op)

    def _found(self, op, slba, numbers):
        for lba, number in enumerate(numbers, slba):
            self._saw(op, lba, number)

    def _whole(self, op, slba, numbers):
        """Of an atomic operation beside this read, all was seen or nothing."""
        views = {}
        for lba, number in enumerate(numbers, slba):
            here = self.blocks[lba]
            for part in here:
                one = part.op
                if not one.atomic or one.end is not None and one.end < op.begin:
                    continue
                since = min(one.begin, op.begin)
                if all(p is part or p.op.end is not None and p.op.end < since for p in here):
                    views.setdefault(one, {})[lba] = number in part.values
        for one, view in views.items():
            check(len(set(view.values())) == 1, f"{op.what} has seen a part of {one.what}: {view}")

    def compare(self, op, slba, numbers, equal):
        """It has found its data equal, or not; a number None equals nothing."""
        allowed = [self.possible(lba, op.begin, skip=op) for lba in range(slba,
                                                                          slba + len(numbers))]
        if equal:
            for lba, (number, may) in enumerate(zip(numbers, allowed), slba):
                check(number in may, f"{op.what} was equal, but block {lba} cannot hold {number}: "
                      "it may hold " + " or ".join(map(self.name, sorted(may))))
        else:
            check(any(may != {n} for n, may in zip(numbers, allowed)),
                  f"{op.what} was not equal, but the blocks can hold nothing else")

    def settled(self):
        """How many blocks can hold one thing only."""
        return sum(len(self.possible(lba, self.clock)) == 1 for lba in range(self.count))
