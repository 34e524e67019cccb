# SPDX-License-Identifier: GPL-2.0
"""save, restore and clear: between a file and what runs."""

import time
from dataclasses import dataclass, field
from typing import Any, Callable

from . import errors
from .apply import Apply, Failure
from .diff import differences
from .fs import Tree
from .live import read_config
from .model import Config
from .probe import Probe
from .store import load, locked, store

POLL_SECONDS = 0.5
AGAIN_SECONDS = 2.0


@dataclass
class Outcome:
    """What a restore has come to."""

    done: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def status(self) -> int:
        """The exit status."""
        if not self.failures:
            return errors.OK
        return errors.NOT_YET if all(each.missing for each in self.failures) else errors.FAILED

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {"changes": self.done, "failures": [each.as_json() for each in self.failures]}


def one_pass(tree: Tree, probe: Probe, path: str, keep: bool) -> Outcome:
    """The file is read anew each time: others may have changed it."""
    with locked():
        apply = Apply(tree, probe, load(path), keep)
        apply.run()
    return Outcome(apply.done, apply.failures)


def has_come(outcome: Outcome, probe: Probe) -> bool:
    """Something that was missing may be there."""
    for failure in outcome.failures:
        if failure.missing.startswith("/"):
            if probe.device_ready(failure.missing):
                return True
        elif failure.missing:
            family = "ipv6" if ":" in failure.missing else "ipv4"
            if probe.address_ready(family, failure.missing):
                return True
    return False


def restore(tree: Tree, probe: Probe, path: str, wait: float = 0, keep: bool = False,
            tell: Callable[[str], None] = lambda text: None) -> Outcome:
    """Make what runs what the file says, and give what is missing some time to come.

    What is there is in service at once. Nobody is kept from using the tool
    while this waits, and only the first pass removes anything.
    """
    end = time.monotonic() + wait
    total = one_pass(tree, probe, path, keep)
    told: set[str] = set()
    while time.monotonic() < end and any(each.missing for each in total.failures):
        for missing in sorted({each.missing for each in total.failures if each.missing} - told):
            tell(f"waiting for {missing}")
            told.add(missing)
        earliest = time.monotonic() + AGAIN_SECONDS
        while time.monotonic() < end and not (time.monotonic() >= earliest
                                              and has_come(total, probe)):
            time.sleep(POLL_SECONDS)
        after = one_pass(tree, probe, path, keep=True)
        total = Outcome(total.done + after.done, after.failures)
    return total


def save(tree: Tree, path: str) -> list[str]:
    """Write what runs; returns what the file had in service and will not have now."""
    with locked():
        running = read_config(tree)
        lost = []
        try:
            before = load(path)
        except errors.Unable:
            before = Config()
        for nqn, subsys in before.subsystems.items():
            for nsid, ns in subsys.namespaces.items():
                now = running.subsystems.get(nqn)
                if ns.enable and now and nsid in now.namespaces and not now.namespaces[nsid].enable:
                    lost.append(f"namespace {nsid} of {nqn} is saved as disabled; "
                                "it was enabled in the file")
        for number, port in before.ports.items():
            for nqn in port.subsystems:
                if number in running.ports and nqn in running.subsystems \
                        and nqn not in running.ports[number].subsystems:
                    lost.append(f"{nqn} is saved as not exported by port {number}; "
                                "it was exported in the file")
        store(path, running)
    return lost


def compare(tree: Tree, path: str) -> list[str]:
    """What a restore would change."""
    return differences(load(path), read_config(tree))
