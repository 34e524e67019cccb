# SPDX-License-Identifier: GPL-2.0
"""Files: whole or not at all, for nobody else's eyes, one writer at a time."""

import json
import os
import signal
import stat
import tempfile
import threading
import time
import unittest
from unittest import mock

from nvmftlib import jsonconf, store
from nvmftlib.errors import BadConfig, Unable
from samples import NVMETCLI, NVMETCLI_NEW


class Base(unittest.TestCase):
    """A folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "nvmft", "config.json")
        self.old = jsonconf.parse(NVMETCLI)
        self.new = jsonconf.parse(NVMETCLI_NEW)

    def others(self) -> list[str]:
        """What lies beside the file."""
        return sorted(set(os.listdir(os.path.dirname(self.path))) - {"config.json"})


class Files(Base):
    """store() and load()"""

    def test_round_trip_and_mode(self) -> None:
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        store.store(self.path, self.old)
        self.assertEqual(store.load(self.path), self.old)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(self.others(), [])

    def test_mode_of_a_file_that_was_open_to_all(self) -> None:
        store.store(self.path, self.old)
        os.chmod(self.path, 0o644)
        store.store(self.path, self.new)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_what_a_link_leads_to_is_replaced(self) -> None:
        store.store(self.path, self.old)
        link = os.path.join(self.folder, "link")
        os.symlink(self.path, link)
        store.store(link, self.new)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(store.load(self.path), self.new)

    def test_nothing_is_left_of_what_failed(self) -> None:
        store.store(self.path, self.old)
        for name in ("fsync", "rename", "fchmod"):
            with self.subTest(name), mock.patch(f"os.{name}", side_effect=OSError(28, "No space")):
                with self.assertRaisesRegex(Unable, "config.json: No space"):
                    store.store(self.path, self.new)
            self.assertEqual(self.others(), [])
            self.assertEqual(store.load(self.path), self.old)

    def test_data_is_on_the_disk_before_the_name(self) -> None:
        order: list[str] = []
        fsync, rename = os.fsync, os.rename

        def noted_fsync(fd: int) -> None:
            order.append("fsync")
            fsync(fd)

        def noted_rename(old: str, new: str) -> None:
            order.append("rename")
            rename(old, new)
        with mock.patch("os.fsync", noted_fsync), mock.patch("os.rename", noted_rename):
            store.store(self.path, self.old)
        self.assertEqual(order, ["fsync", "rename", "fsync"])

    def test_errors_name_the_file(self) -> None:
        with self.assertRaisesRegex(Unable, "/none: No such file"):
            store.load("/none")
        for text, why in (("", "empty"), ("{", "line 1: not JSON"), ("{\"hosts\": 1}", "hosts")):
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(text)
            with self.subTest(text), self.assertRaisesRegex(BadConfig, f"config.json: {why}"):
                store.load(self.path)


class Killed(Base):
    """kill -9 in the middle of save: the old file or the new one is there."""

    def killed_in(self, name: str, count: int) -> None:
        """A child that dies in the @count-th call of os.@name of a save."""
        pid = os.fork()
        if not pid:
            real, calls = getattr(os, name), [0]

            def last_call(*args: object) -> object:
                calls[0] += 1
                if calls[0] == count:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args)
            setattr(os, name, last_call)
            store.store(self.path, self.new)
            os._exit(0)     # pylint: disable=protected-access
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGKILL)

    def test_at_every_step(self) -> None:
        store.store(self.path, self.old)
        for name, count, after in (("fchmod", 1, self.old), ("fsync", 1, self.old),
                                   ("rename", 1, self.old), ("fsync", 2, self.new)):
            with self.subTest(name, count=count):
                self.killed_in(name, count)
                self.assertEqual(store.load(self.path), after)

    def test_at_any_time(self) -> None:
        """A child saves one and the other for ever, and is killed now and then."""
        store.store(self.path, self.old)
        for turn in range(8):
            pid = os.fork()
            if not pid:
                while True:
                    store.store(self.path, self.new)
                    store.store(self.path, self.old)
            time.sleep(0.01 + turn * 0.007)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self.assertIn(store.load(self.path), (self.old, self.new))

    def test_what_it_left_goes_when_it_is_old(self) -> None:
        store.store(self.path, self.old)
        self.killed_in("rename", 1)
        self.assertEqual(len(self.others()), 1)
        store.store(self.path, self.old)
        self.assertEqual(len(self.others()), 1)
        old = os.path.join(os.path.dirname(self.path), self.others()[0])
        os.utime(old, (1, 1))
        store.store(self.path, self.old)
        self.assertEqual(self.others(), [])


class Lock(Base):
    """One at a time."""

    def setUp(self) -> None:
        super().setUp()
        self.lock = os.path.join(self.folder, "lock")

    def test_the_second_waits(self) -> None:
        order: list[str] = []

        def second() -> None:
            with store.locked(self.lock):
                order.append("second")
        with store.locked(self.lock):
            thread = threading.Thread(target=second)
            thread.start()
            time.sleep(0.2)
            order.append("first")
        thread.join()
        self.assertEqual(order, ["first", "second"])

    def test_not_for_ever(self) -> None:
        with store.locked(self.lock), self.assertRaisesRegex(Unable, "held by another"):
            with store.locked(self.lock, 0.1):
                self.fail("two have it")

    def test_a_killed_one_holds_nothing(self) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            with store.locked(self.lock):
                os.write(writer, b"x")
                time.sleep(60)
        os.read(reader, 1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with store.locked(self.lock, 5):
            pass

    def test_two_that_count_lose_nothing(self) -> None:
        """Read, change and write under one lock, by two processes at once."""
        counter = os.path.join(self.folder, "counter")
        with open(counter, "w", encoding="ascii") as file:
            json.dump(0, file)
        pids = []
        for _ in range(2):
            pid = os.fork()
            if not pid:
                for _ in range(40):
                    with store.locked(self.lock):
                        with open(counter, encoding="ascii") as file:
                            value = json.load(file)
                        with open(counter, "w", encoding="ascii") as file:
                            json.dump(value + 1, file)
                os._exit(0)     # pylint: disable=protected-access
            pids.append(pid)
        for pid in pids:
            os.waitpid(pid, 0)
        with open(counter, encoding="ascii") as file:
            self.assertEqual(json.load(file), 80)
