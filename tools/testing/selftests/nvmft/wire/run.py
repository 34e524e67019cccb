#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run the wire-level cases against the target under test and print KTAP.

The target is set up in this machine through configfs, unless --host names one elsewhere; then the
cases that change its configuration are skipped. Needs root, null_blk and Python 3.11.
"""

import argparse
import importlib
import os
import pathlib
import sys

from nvmetcp import ktap
from nvmetcp.conn import Fail
from nvmetcp.target import Remote, Target

KSFT_SKIP = 4


def load_cases(folder):
    """Import every file of cases in a folder, in the order of their names."""
    for path in sorted((pathlib.Path(__file__).resolve().parent / folder).glob("*.py")):
        if path.stem != "__init__":
            importlib.import_module(f"{folder}.{path.stem}")


def main():
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true", help="print the cases and exit")
    parser.add_argument("--only", metavar="PATTERN", action="append",
                        help="cases whose name matches or contains; repeatable")
    parser.add_argument("--host", help="address of a target that is set up elsewhere as this suite does")
    parser.add_argument("--port", type=int, default=4420, help="its TCP port (4420)")
    parser.add_argument("--nqn", help="its subsystem; nsid 1 of it is written to")
    parser.add_argument("--keep", action="store_true", help="leave the configuration behind")
    parser.add_argument("--faults", action="store_true",
                        help="the cases for a kernel with fault injection instead")
    parser.add_argument("--inject", metavar="PERCENT", type=int, default=0,
                        help="meanwhile so many of the target's allocations fail; then a case may "
                        "get wrong answers, but not none, and has to leave the target whole")
    args = parser.parse_args()

    load_cases("faults" if args.faults else "cases")
    cases = ktap.select(args.only)
    if args.list:
        for item in cases:
            print(f"{item.name:<56} {item.summary}")
        return 0
    if not cases:
        parser.error(f"no case matches {' or '.join(args.only)}")
    if args.host and not args.nqn:
        parser.error("--host needs --nqn, the subsystem whose nsid 1 may be written")
    target = Remote(args.host, args.port, args.nqn) if args.host else Target()
    if target.local and os.geteuid() != 0:
        print("1..0 # SKIP configfs needs root")
        return KSFT_SKIP
    try:
        target.setup()
        return ktap.Runner(target, inject=args.inject).run(cases)
    except (Fail, OSError) as err:
        print(f"Bail out! {err}", flush=True)
        return 1
    finally:
        if not args.keep:
            target.teardown()


if __name__ == "__main__":
    sys.exit(main())
