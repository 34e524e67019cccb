#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""That the cases which security.rst names exist, and that it leaves no class out.

Prints KTAP. Each row of the tables of classes needs a case, or "Cannot occur" with a reason.
A wire case is one of wire/run.py --list, or the beginning of its rows' names; faults.X is one of
its --faults; unit/FILE: NAME is a case of a KUnit suite; func/FILE: NAME a function of a test.
With --self-test faults are planted in the text.
"""
import argparse
import pathlib
import re
import subprocess
import sys

from ktap import Ktap

TOP = pathlib.Path(__file__).resolve().parent.parent
SELFTESTS = TOP / "tools/testing/selftests/nvmft"
DOCUMENT = TOP / "Documentation/nvmft/security.rst"
CLASSES = ([f"W{n}" for n in range(1, 17)] + [f"L{n}" for n in range(1, 14)]
           + [f"C{n}" for n in range(1, 19)])
ROW = re.compile(r"^   \* - ([WLCS]\d+)\n((?:     .*\n|\n(?=     ))*)", re.M)
WIRE = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_.]+")
FILE = re.compile(r"(unit|func)/([\w.-]+)(?:: (\w+))?")


def wire_names(*options):
    """The names that the runner of wire cases lists."""
    out = subprocess.run([sys.executable, str(SELFTESTS / "wire/run.py"), "--list", *options],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.split()[0] for line in out.splitlines()]


class Cases:
    """All cases that there are."""

    def __init__(self):
        self.wire = wire_names()
        self.faults = [f"faults.{name}" for name in wire_names("--faults")]

    @staticmethod
    def in_file(folder, name, case):
        path = SELFTESTS / folder / name
        if not path.is_file():
            return False
        text = path.read_text(encoding="utf-8")
        if not case:
            return True
        if folder == "unit":
            return bool(re.search(rf"KUNIT_CASE(?:_PARAM)?\({case}\b", text))
        listed = text[text.rfind("run_cases"):]
        return bool(re.search(rf"^{case}\(\)", text, re.M) and re.search(rf"\b{case}\b", listed))

    def has(self, literal):
        """Whether there is this case; None for what is no name of a case."""
        match = FILE.fullmatch(literal)
        if match:
            return self.in_file(*match.groups())
        if not WIRE.fullmatch(literal) or literal.endswith((".py", ".rst")):
            return None
        names = self.faults if literal.startswith("faults.") else self.wire
        return any(name == literal or name.startswith(f"{literal}.") for name in names)


def findings(text, cases):
    """What is wrong with the tables."""
    seen = []
    for name, body in ROW.findall(text):
        seen.append(name)
        found = [(literal, cases.has(" ".join(literal.split())))
                 for literal in re.findall(r"``([^`]+)``", body)]
        yield from (f"{name}: there is no {literal}" for literal, has in found if has is False)
        if not any(has for _, has in found) and not re.search(r"Cannot occur: \S", body):
            yield f"{name}: neither a case nor a reason why it cannot occur"
    yield from (f"{name}: not there" for name in CLASSES if name not in seen)
    yield from (f"{name}: twice" for name in sorted(set(seen)) if seen.count(name) > 1)


def self_test(ktap, text, cases):
    """Faults that have to be found."""
    for what, old, new in (
            ("a wire case that is not there", "h2c.empty", "h2c.emptied"),
            ("a unit case that is not there", "xfer_test.c: h2c_check", "xfer_test.c: h2c"),
            ("a function that is not there", "teardown.sh: order", "teardown.sh: ord"),
            ("a function that is not run", "teardown.sh: order", "teardown.sh: step"),
            ("a file that is not there", "func/131-random", "func/131-ran"),
            ("a case of --faults that is not there", "faults.configfs.export", "faults.configfs.exp"),
            ("no reason", "Cannot occur: there are no keys", "Cannot occur:"),
            ("a class left out", "   * - W9\n", "   * - S99\n"),
            ("a class twice", "   * - L3\n", "   * - L2\n")):
        broken = text.replace(old, new, 1)
        ktap.point(f"security: self-test: {what}",
                   [] if broken != text and list(findings(broken, cases)) else ["not found"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    ktap = Ktap()
    text = DOCUMENT.read_text(encoding="utf-8")
    cases = Cases()
    if options.self_test:
        self_test(ktap, text, cases)
    else:
        ktap.point("security: every known class has a case that exists, or a reason",
                   findings(text, cases))
    return ktap.finish()


if __name__ == "__main__":
    sys.exit(main())
