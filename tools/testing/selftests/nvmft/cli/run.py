#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the unit tests of nvmftcli, or those whose names contain an argument.

No root, no module, no configfs: the tests have a tree and a machine of their
own. Prints KTAP.
"""
import argparse
import pathlib
import sys
import traceback
import unittest
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
# In the source tree, or copied beside the tests.
LIBRARY = [HERE.parents[4] / "scripts" if len(HERE.parents) > 4 else HERE, HERE.parent, HERE]


class Ktap(unittest.TestResult):
    """Each test is a line."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.failed = 0
        self.sub_failed = False

    def line(self, test: unittest.TestCase, good: bool, tail: str = "") -> None:
        """One result."""
        self.count += 1
        self.failed += not good
        name = ".".join(test.id().split(".")[-3:])
        print(f"{'' if good else 'not '}ok {self.count} cli: {name}{tail}", flush=True)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.line(test, True)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self.line(test, True, f" # SKIP {reason}")

    def trace(self, error: Any) -> None:
        """Where it failed."""
        for row in "".join(traceback.format_exception(*error)).splitlines():
            print(f"# {row}")

    def bad(self, test: unittest.TestCase, error: Any) -> None:
        """A failure with its trace."""
        self.trace(error)
        self.line(test, False)

    def startTest(self, test: unittest.TestCase) -> None:
        self.sub_failed = False

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase,
                   error: Any) -> None:
        if error:
            print(f"# {subtest}")
            self.trace(error)
            self.sub_failed = True

    def stopTest(self, test: unittest.TestCase) -> None:
        if self.sub_failed:
            self.line(test, False)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self.bad(test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self.bad(test, err)


def flatten(suite: unittest.TestSuite) -> list[unittest.TestCase]:
    """The tests themselves."""
    found: list[unittest.TestCase] = []
    for each in suite:
        found += flatten(each) if isinstance(each, unittest.TestSuite) else [each]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("words", nargs="*", help="only tests whose names contain one of these")
    options = parser.parse_args()
    sys.path[:0] = [str(HERE)] + [str(path) for path in LIBRARY if (path / "nvmftlib").is_dir()]
    tests = [test for test in flatten(unittest.TestLoader().discover(str(HERE), "test_*.py"))
             if not options.words or any(word in test.id() for word in options.words)]
    print(f"KTAP version 1\n1..{len(tests)}")
    result = Ktap()
    for test in tests:
        test(result)
    print(f"# Totals: pass:{result.count - result.failed} fail:{result.failed}")
    return 1 if result.failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
