# SPDX-License-Identifier: GPL-2.0
"""save and restore between a file and a tree, with what is not there yet."""

import os
import tempfile
import threading
import unittest
from unittest import mock

from fake import FakeProbe, FakeTree
from nvmftlib import errors, jsonconf, restore as verbs
from nvmftlib.live import read_config
from nvmftlib.store import load, store
from samples import NVMETCLI, NVMETCLI_NEW

NS = "subsystems/testnqn/namespaces/1"
LINK = "ports/1/subsystems/testnqn"


class Base(unittest.TestCase):
    """A tree, a machine, a file."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "config.json")
        patch = mock.patch.dict(os.environ, {"NVMFT_LOCK": os.path.join(folder.name, "lock")})
        patch.start()
        self.addCleanup(patch.stop)
        for name, value in (("POLL_SECONDS", 0.01), ("AGAIN_SECONDS", 0.02)):
            quick = mock.patch.object(verbs, name, value)
            quick.start()
            self.addCleanup(quick.stop)
        self.probe = FakeProbe()
        self.tree = FakeTree(self.probe)
        store(self.path, jsonconf.parse(NVMETCLI))

    def later(self, seconds: float, action: object) -> None:
        """While restore waits."""
        timer = threading.Timer(seconds, action)    # type: ignore[arg-type]
        timer.start()
        self.addCleanup(timer.join)


class Waiting(Base):
    """restore(wait=...)"""

    def test_nothing_to_wait_for(self) -> None:
        outcome = verbs.restore(self.tree, self.probe, self.path, wait=60)
        self.assertEqual((outcome.status(), outcome.failures), (errors.OK, []))

    def test_a_device_that_comes(self) -> None:
        self.probe.devices.clear()
        told: list[str] = []
        self.later(0.2, lambda: self.probe.devices.add("/dev/a"))
        outcome = verbs.restore(self.tree, self.probe, self.path, wait=30, tell=told.append)
        self.assertEqual(outcome.status(), errors.OK)
        self.assertEqual(told, ["waiting for /dev/a"])
        self.assertEqual(self.tree.log[-1], f"write {NS}/enable 1")
        # what was there did not wait for it
        self.assertLess(self.tree.log.index(f"link {LINK}"),
                        self.tree.log.index(f"write {NS}/enable 1"))

    def test_an_address_that_comes(self) -> None:
        self.probe.addresses.clear()
        self.later(0.2, lambda: self.probe.addresses.add("127.0.0.1"))
        outcome = verbs.restore(self.tree, self.probe, self.path, wait=30)
        self.assertEqual(outcome.status(), errors.OK)
        self.assertIn(LINK, self.tree.links)

    def test_neither_comes(self) -> None:
        self.probe.devices.clear()
        self.probe.addresses.clear()
        outcome = verbs.restore(self.tree, self.probe, self.path, wait=0.1)
        self.assertEqual(outcome.status(), errors.NOT_YET)
        self.assertEqual({each.where for each in outcome.failures}, {NS, LINK})
        self.assertEqual({each.missing for each in outcome.failures}, {"/dev/a", "127.0.0.1"})

    def test_a_real_failure_is_another_status(self) -> None:
        self.probe.devices.clear()
        self.tree.lacks.add("attr_version")
        outcome = verbs.restore(self.tree, self.probe, self.path)
        self.assertEqual(outcome.status(), errors.FAILED)

    def test_what_others_do_meanwhile_stays(self) -> None:
        self.probe.devices.clear()

        def other() -> None:
            self.tree.mkdir("hosts/new")
            self.probe.devices.add("/dev/a")
        self.later(0.2, other)
        outcome = verbs.restore(self.tree, self.probe, self.path, wait=30)
        self.assertEqual(outcome.status(), errors.OK)
        self.assertIn("hosts/new", self.tree.folders)


class Saving(Base):
    """save()"""

    def test_what_runs(self) -> None:
        store(self.path, jsonconf.parse(NVMETCLI_NEW))
        verbs.restore(self.tree, self.probe, self.path)
        self.tree.write("subsystems/testnqn/attr_qid_max", "3")
        self.assertEqual(verbs.save(self.tree, self.path), [])
        self.assertEqual(load(self.path), read_config(self.tree))

    def test_what_a_missing_device_would_cost_is_told(self) -> None:
        self.probe.devices.clear()
        self.probe.addresses.clear()
        verbs.restore(self.tree, self.probe, self.path)
        lost = verbs.save(self.tree, self.path)
        self.assertEqual(len(lost), 2)
        self.assertIn("namespace 1 of testnqn is saved as disabled", lost[0])
        self.assertIn("not exported by port 1", lost[1])

    def test_a_file_that_is_no_configuration_is_replaced(self) -> None:
        with open(self.path, "w", encoding="ascii") as file:
            file.write("{")
        verbs.save(self.tree, self.path)
        self.assertTrue(load(self.path).empty())
