# SPDX-License-Identifier: GPL-2.0
"""What scripts/check runs: the table of suites, and those that a run is made of."""

import collections
import os
import re
import shlex

import vm_kernel

SELFTESTS = "tools/testing/selftests/nvmft"
WIRE = f"--file {SELFTESTS} --file Documentation/nvmft/commands.rst --command 'bash nvmft/wire.sh'"

# Kernels that look for bugs (scripts/debug-kernel), and how many times slower they are.
DEBUG_KERNELS = {"debug": 4, "kcsan": 3}


class Suite(collections.namedtuple("Suite", "name kernel limit command needs")):
    """A program that prints KTAP; NEEDS are the labels of suites that come before it."""

    @property
    def label(self):
        return f"{self.kernel} {self.name}".strip()


class Row(collections.namedtuple("Row", "name bare full limit command")):
    """A suite: where it runs in a bare "make check", where in "make check-all", its time
    limit in seconds, and its command. There @KERNEL@ is the kernel, @OUT@ a folder of
    this run in which the build suite leaves the modules as nvmft/*.ko, and @ALL@ the
    folder of these, by kernel; who names one of the folders waits for the builds.
    Where is "once", or some of: oldest, newest, newer (all but the oldest), debian
    (all of Debian's), debug, kcsan."""

    def suite(self, kernel, out, kernels):
        words = {"@KERNEL@": kernel, "@OUT@": os.path.join(out, kernel), "@ALL@": out}
        command = [re.sub("@[A-Z]+@", lambda match: words[match[0]], word)
                   for word in shlex.split(self.command)]
        limit = self.limit * DEBUG_KERNELS.get(kernel, 1) * vm_kernel.time_factor()
        return Suite(self.name, kernel, limit, command, self.needs(kernel, kernels))

    def needs(self, kernel, kernels):
        if "@ALL@" in self.command:
            return tuple(f"{name} build" for name in kernels)
        if "@OUT@" in self.command and self.name != "build":
            return (f"{kernel} build",)
        return (f"{kernel} kernel",) if kernel in DEBUG_KERNELS and self.name != "kernel" else ()


# They start in this order, each as soon as there is a worker and what it needs.
SUITES = tuple(Row(*row) for row in (
    # name, where when bare, where in full, limit, command
    ("kernel", "debug", "debug kcsan", 1800, "scripts/check-kernel @KERNEL@"),
    ("htmldocs", "once", "once", 600, "scripts/htmldocs --test"),
    ("security", "once", "once", 120, "scripts/check-security.py"),
    ("security-self-test", "once", "once", 120, "scripts/check-security.py --self-test"),
    ("layers", "once", "once", 120, "scripts/check-layers.py"),
    ("layers-self-test", "once", "once", 120, "scripts/check-layers.py --self-test"),
    ("size", "once", "once", 120, "scripts/check-size.py"),
    ("size-self-test", "once", "once", 120, "scripts/check-size.py --self-test"),
    ("check-self-test", "once", "once", 120, "scripts/check --self-test"),
    ("mutants", "once", "once", 120, "scripts/check-mutants --apply"),
    ("cli", "once", "once", 600, f"{SELFTESTS}/cli.sh"),
    ("bench-self-test", "once", "once", 120, f"{SELFTESTS}/bench/selftest.py"),
    ("unit", "once", "once", 900, f"{SELFTESTS}/unit.sh"),
    ("fuzz", "once", "once", 900, f"{SELFTESTS}/fuzz.sh"),
    ("build", "debian debug", "debian debug kcsan", 900, "scripts/check-build @KERNEL@ @OUT@"),
    ("core-wire", "debug", "", 900, "scripts/check-debug --core --modules @OUT@/nvmft wire faults"),
    ("core-func", "debug", "", 900, "scripts/check-debug --core --modules @OUT@/nvmft func cycles"),
    ("wire", "oldest", "debian debug", 2900,
     f"scripts/vm --kernel @KERNEL@ --timeout 2800 --modules @OUT@/nvmft {WIRE}"),
    ("hostile", "oldest debug", "debian debug", 600,
     "scripts/check-hostile --kernel @KERNEL@ --modules @OUT@/nvmft"),
    ("func", "oldest", "debian debug", 3600,
     "scripts/check-func --kernel @KERNEL@ --modules @OUT@/nvmft"),
    # Without what the kernel has no part in: the tool, the agents, what configfs reads.
    ("func-target", "newer", "", 3000, "scripts/check-func --kernel @KERNEL@ --modules @OUT@/nvmft"
     " --without cli- --without ocf --without attributes --without random"),
    ("style", "once", "once", 900, "scripts/style.sh"),
    ("style-self-test", "once", "once", 600, "scripts/style.sh --self-test"),
    ("vm-self-test", "once", "once", 1200, "scripts/check-vm"),
    ("static", "oldest", "oldest", 1200, "scripts/check-static @OUT@"),
    ("in-tree", "newest", "newest", 1500, "scripts/check-intree"),
    ("debug", "", "debug", 6000, "scripts/check-debug --modules @OUT@/nvmft"),
    ("races", "", "kcsan", 1600, "scripts/check-debug --races --modules @OUT@/nvmft"),
    ("detectors", "", "debug kcsan", 1800, "scripts/check-detectors @KERNEL@"),
    ("mixed", "", "once", 3600, "scripts/check-mixed --modules @ALL@"),
    ("packages", "once", "once", 2400, "scripts/check-packages"),
))
NAMES = [row.name for row in SUITES]


def places(where, kernels):
    """The kernels that a suite runs on; "" stands for none."""
    words = {"once": [""], "oldest": kernels[:1], "newest": kernels[-1:], "newer": kernels[1:], "debian": kernels,
             **{name: [name] for name in DEBUG_KERNELS}}
    return [kernel for word in where.split() for kernel in words[word]]


def chosen(row, options, kernels):
    """The kernels that this run has the suite on."""
    bare, full = places(row.bare, kernels), places(row.full, kernels)
    if options.suites and row.name not in options.suites:
        return []
    if options.kernel and not options.suites and "" in full + bare:
        return []
    if options.kernel and (full or bare) != [""]:
        # What stands in for a suite that takes longer runs if it is named.
        return [kernel for kernel in full or (options.suites and bare) if kernel in options.kernel]
    if options.suites and not options.all:
        return (full or bare)[:1]
    return full if options.all else bare


def choose(options, kernels, out):
    """The suites of this run, those they need among them."""
    labels = set()
    suites = [row.suite(kernel, out, kernels) for row in SUITES
              for kernel in places(row.full or row.bare, kernels)]
    by_label = {suite.label: suite for suite in suites}

    def add(label):
        if label not in labels:
            labels.add(label)
            for need in by_label[label].needs:
                add(need)

    for row in SUITES:
        for kernel in chosen(row, options, kernels):
            add(f"{kernel} {row.name}".strip())
    return [suite for suite in suites if suite.label in labels]
