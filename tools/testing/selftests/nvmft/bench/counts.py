# SPDX-License-Identifier: GPL-2.0
"""On the host: what count.c has dumped, by function and by whose it is."""
import collections
import sys

# As count.c numbers them
SIDES = ("other", "host", "target")
KINDS = ("own", "worker loop", "softirq", "interrupt")


class Counts:
    """One run: instructions per I/O by (function, module, side, kind)."""

    def __init__(self, path, symbols, ios):
        self.ios = ios
        self.counts = collections.Counter()
        self.roots = []             # (class, name, calls, instructions)
        self.calls = collections.Counter()      # by function that the target called
        self.called = collections.Counter()     # instructions of these calls
        with open(path, encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[0] == "total":
                    self.switches, self.lost = int(words[2]) / ios, int(words[4])
                elif words[0] == "root":
                    self.roots.append((words[1], words[2], int(words[3]) / ios, int(words[4]) / ios))
                elif words[0] == "call":
                    name = symbols.find(int(words[1], 16))[0]
                    self.calls[name] += int(words[2]) / ios
                    self.called[name] += int(words[3]) / ios
                else:
                    side, kind = divmod(int(words[1]), len(KINDS))
                    key = symbols.find(int(words[0], 16)) + (SIDES[side], KINDS[kind])
                    self.counts[key] += int(words[2]) / ios

    def need_switches(self):
        """A run with a target has some."""
        if not self.switches:
            sys.exit("bench: count.c saw no context switch, so it cannot know whose the counts "
                     "are: is __switch_to_asm() of this kernel another?")

    def total(self, *where):
        """Sum over the keys that have all of WHERE in them."""
        return sum(n for key, n in self.counts.items() if all(w in key for w in where))

    def by(self, fields, *where):
        """Sums by some of function (0), module (1), side (2), kind (3)."""
        sums = collections.Counter()
        for key, n in self.counts.items():
            if all(w in key for w in where):
                sums[tuple(key[i] for i in fields)] += n
        return sums

    def target(self):
        """The target's side: its own threads and callbacks, what they call included."""
        return self.total("target", "own") + self.total("target", "worker loop")

    def unclear(self):
        """What cannot be told apart: softirq, interrupts, idle and other tasks."""
        return (self.total() - self.target() - self.total("host", "own")
                - self.total("host", "worker loop"))
