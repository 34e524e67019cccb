# SPDX-License-Identifier: GPL-2.0
"""top: pages, keys, and a terminal that is given back."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from fcntl import ioctl
from typing import Any

from fake import FakeReports
from nvmftlib import errors, top
from nvmftlib.units import duration, scaled, shorten
from samples import HOST_A, HOST_B, NQN_A, NQN_B, PROC, lat
from test_cli import Base

LIBRARY = next(path for path in map(pathlib.Path, sys.path) if (path / "nvmftlib").is_dir())


def busy(reports: FakeReports) -> None:
    """A second's work: 2000 reads of 4 KiB by the first queue, 8 of them slow, 10 failed."""
    for name, line in (("queues", "qid=1"), ("namespaces", NQN_A), ("hosts", HOST_A)):
        reports.change(name, line, reads=3000, read_bytes=4096000 + 8192000, errors=12,
                       read_lat=lat(b7=990 + 1992, b10=10, b13=8))


def a_second(view: str = "subsystems", which: str = "all", sort: int = 0) -> top.Page:
    """A page of it."""
    reports = FakeReports(PROC)
    watch = top.Watch(reports, view, 1.0)
    busy(reports)
    watch.sample()
    watch.before.when, watch.after.when = 100.0, 101.0
    watch.which, watch.sort = which, sort
    return watch.page()


class Pages(unittest.TestCase):
    """What a page says."""

    def test_every_kind_of_objects(self) -> None:
        for view, name, last, inflight in (
                ("subsystems", NQN_A, NQN_B, "3"), ("namespaces", f"{NQN_A}/1", NQN_B, "-"),
                ("hosts", HOST_A, HOST_B, "3"), ("queues", f"{NQN_A}/1q1", NQN_A, "2")):
            with self.subTest(view):
                head, everything, first, *others = a_second(view).table(200)
                self.assertRegex(everything, r"^all +2\.00k .* 96us +128us +7\.17ms +10 +[3-]$")
                self.assertRegex(first, rf"^{name} +2\.00k +2\.00k +0 +8\.19M +0 +96us +128us "
                                 rf"+7\.17ms +10 +{inflight}$")
                self.assertEqual(len(head), len(first))
                self.assertTrue(others[-1].startswith(last), others)

    def test_what_hosts_have_in_progress_is_in_their_queues(self) -> None:
        page = a_second("hosts")
        self.assertEqual(page.lines[(HOST_A,)].inflight, 3)
        self.assertEqual(sum(page.lines[(HOST_A,)].read_lat), 2000)
        self.assertEqual(page.lines[(HOST_A,)].reads, 2000)

    def test_latency_of_writes(self) -> None:
        self.assertRegex(list(a_second(which="writes").table(200))[2], r" - +- +- +10 ")
        self.assertIn("latency of writes", a_second(which="writes").summary())

    def test_summary(self) -> None:
        self.assertRegex(a_second("queues").summary(), r"^nvmft \d\d:\d\d:\d\d  2 sessions of "
                         r"2 hosts  over 1\.0 s  latency of all$")

    def test_order(self) -> None:
        reports = FakeReports(PROC)
        watch = top.Watch(reports, "namespaces", 1.0)
        reports.change("namespaces", NQN_A, reads=1001)
        reports.change("namespaces", NQN_B, writes=900, write_bytes=10)
        watch.sample()
        for sort, first in ((0, NQN_B), (1, NQN_A), (2, NQN_B)):
            watch.sort = sort
            self.assertEqual(watch.page().ordered()[0][0], first if sort != 1 else NQN_A)

    def test_what_comes_and_goes(self) -> None:
        reports = FakeReports(PROC)
        watch = top.Watch(reports, "queues", 1.0)
        reports.texts["queues"] = reports.texts["queues"].replace("qid=1", "qid=5")
        watch.sample()
        page = watch.page()
        self.assertEqual(page.lines[(NQN_A, 1, 5)].reads, 1000)
        self.assertNotIn((NQN_A, 1, 1), page.lines)

    def test_a_terminal_of_any_size(self) -> None:
        reports = FakeReports(PROC)
        reports.texts["namespaces"] += "".join(
            f"subsys={NQN_B} nsid={number} reads=0\n" for number in range(10, 60))
        for width, height in ((80, 24), (200, 60), (20, 5), (1, 1), (110, 6)):
            with self.subTest(f"{width}x{height}"):
                lines = top.screenful(top.Watch(reports, "namespaces", 1.0), width, height)
                self.assertLessEqual(len(lines), max(height, 1))
                self.assertLessEqual(max(map(len, lines)), width)
                if height > 20:
                    self.assertEqual(len(lines), height)
                    self.assertIn("q quit", lines[-1])
        for line in a_second().table(80):
            self.assertEqual(len(line), 80)

    def test_units(self) -> None:
        for value, want in ((0, "0"), (999.4, "999"), (999.6, "1.00k"), (12345, "12.3k"),
                            (999999, "1.00M"), (1.5e9, "1.50G")):
            self.assertEqual(scaled(value), want)
        for seconds, want in ((None, "-"), (5e-7, "0.50us"), (87e-6, "87us"), (.9996e-3, "1.00ms"),
                              (.0999, "99.9ms"), (2.1, "2.10s"), (120.0, "120s")):
            self.assertEqual(duration(seconds), want)
        self.assertEqual(shorten("nqn.2026-01.test:disk", 12), "nqn.~st:disk")
        self.assertEqual(shorten("short", 12), "short")


class Keys(unittest.TestCase):
    """What they do."""

    def setUp(self) -> None:
        reports = FakeReports(PROC)
        reports.texts["namespaces"] += "".join(
            f"subsys={NQN_B} nsid={number} reads=0\n" for number in range(10, 60))
        self.watch = top.Watch(reports, "subsystems", 2.0)

    def press(self, *keys: str) -> str:
        """The screen behind them."""
        for key in keys:
            self.assertTrue(top.press(self.watch, key, 24), key)
        return "\n".join(top.screenful(self.watch, 80, 24))

    def test_views(self) -> None:
        for keys, title in (("4", "QUEUE"), ("1", "SUBSYSTEM"), ("3", "HOST")):
            self.assertIn(f"\n{title} ", self.press(keys))
        self.press("4")
        self.assertIn("\nSUBSYSTEM ", self.press("tab"))
        self.assertIn("\nQUEUE ", self.press("back tab"))

    def test_sort_and_latency(self) -> None:
        self.assertIn("IOPS*", self.press())
        self.assertIn("READ/s*", self.press(">"))
        self.assertIn("QD*", self.press("left", "left"))
        self.assertIn("latency of reads", self.press("l"))
        self.assertIn("latency of all", self.press("l", "l"))

    def test_interval(self) -> None:
        self.press("+")
        self.assertEqual(self.watch.interval, 5.0)
        self.press(*"-" * 20)
        self.assertEqual(self.watch.interval, 0.5)
        self.press(*"+" * 20)
        self.assertEqual(self.watch.interval, 60.0)

    def test_scrolling(self) -> None:
        self.assertIn("1-19 of 52", self.press("2"))
        self.assertIn("2-20 of 52", self.press("down"))
        self.assertIn("21-39 of 52", self.press("page down"))
        self.assertIn("34-52 of 52", self.press(*["page down"] * 5))
        self.assertIn("15-33 of 52", self.press("page up"))
        self.assertIn("1-19 of 52", self.press("home"))

    def test_help_hold_and_others(self) -> None:
        self.assertIn("longer and shorter interval", self.press("?"))
        self.assertIn("HELD", self.press("?", " "))
        for key in ("x", "\u00b2", "\x1b", "resize", ""):
            self.press(key)
        self.assertFalse(top.press(self.watch, "q", 24))


class Batch(Base):
    """For scripts."""

    def test_once(self) -> None:
        text = self.good("top", "--once", "--interval", "0.1", "--by", "namespaces")
        self.assertEqual(len(text.splitlines()), 6)
        self.assertIn(f"{NQN_A}/1", text)

    def test_pages(self) -> None:
        text = self.good("top", "--batch", "-n", "3", "--interval", "0.1")
        self.assertEqual(text.count("SUBSYSTEM "), 3)

    def test_json(self) -> None:
        self.good("--json", "top", "-n", "2", "--interval", "0.1", "--by", "queues")
        pages = [json.loads(line) for line in self.out.splitlines()]
        self.assertEqual([page["by"] for page in pages], ["queues"] * 2)
        self.assertEqual([each["inflight"] for each in pages[0]["objects"]], [1, 2, 0])

    def test_without_a_terminal(self) -> None:
        self.assertEqual(self.run_tool("top"), errors.UNABLE)
        self.assertIn("--batch", self.err)

    def test_wrong_use(self) -> None:
        for words in (("--interval", "0"), ("-n", "0"), ("--by", "cpus")):
            self.assertEqual(self.run_tool("top", *words), errors.USAGE)


class Terminal(unittest.TestCase):
    """The real program in a pseudo terminal."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.proc = folder.name
        for name, text in PROC.items():
            pathlib.Path(folder.name, name).write_text(text, encoding="ascii")
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)
        self.resize(80, 24)
        self.before = termios.tcgetattr(self.slave)
        self.seen = ""
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, str(LIBRARY / "nvmftcli"), "top", "--interval", "0.2"],
            stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env=environment | {"NVMFT_PROC": folder.name, "TERM": "xterm"},
            preexec_fn=self.control)
        self.addCleanup(self.process.kill)

    def control(self) -> None:
        """The terminal is that of the child."""
        os.setsid()
        ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, columns: int, lines: int) -> None:
        """As a window does."""
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait(self, pattern: str) -> Any:
        """Until that is written; what is before it is done with."""
        end = time.monotonic() + 30
        while True:
            match = re.search(pattern, self.seen, re.DOTALL)
            if match:
                self.seen = self.seen[match.end():]
                return match
            if time.monotonic() > end:
                self.fail(f"no {pattern!r} but {self.seen[-2500:]!r}")
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536).decode()

    def given_back(self, status: int) -> None:
        """It ends so, and the terminal is what it was."""
        self.wait(r"\x1b\[\?7h\x1b\[\?25h\x1b\[\?1049l")
        self.assertEqual(self.process.wait(30), status)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_keys_and_the_end(self) -> None:
        self.wait(r"\x1b\[\?1049h.*SUBSYSTEM .*?q quit")
        # nothing is erased behind a line: it would be the last character of a full one
        self.wait(r"ERR/s +QD\x1b\[m\r\n\x1b\[2Kall.{76}\d\r\n")
        os.write(self.master, b"4")
        self.wait(r"QUEUE .*1q2")
        os.write(self.master, b"\x1b[Z")
        self.wait("HOST ")
        os.write(self.master, b"q")
        self.given_back(0)

    def test_another_size(self) -> None:
        self.wait("q quit")
        self.resize(132, 10)
        self.wait(r"READS +WRITES")
        os.write(self.master, b"\x03")
        self.given_back(0)

    def test_a_console_that_does_not_know_its_size(self) -> None:
        self.wait("q quit")
        self.resize(0, 0)
        self.process.send_signal(signal.SIGWINCH)
        self.seen = ""
        for _ in range(2):
            self.wait(r"ERR/s +QD.*q quit")
        os.write(self.master, b"q")
        self.given_back(0)

    def test_signals(self) -> None:
        self.wait("q quit")
        self.process.send_signal(signal.SIGTERM)
        self.given_back(128 + signal.SIGTERM)

    def test_stopped_and_continued(self) -> None:
        self.wait("q quit")
        os.write(self.master, b"\x1a")
        self.wait(r"\x1b\[\?1049l")
        while not os.WIFSTOPPED(os.waitpid(self.process.pid, os.WUNTRACED)[1]):
            self.fail("it has ended")
        self.assertEqual(termios.tcgetattr(self.slave), self.before)
        self.process.send_signal(signal.SIGCONT)
        self.wait(r"\x1b\[\?1049h.*q quit")
        os.write(self.master, b"q")
        self.given_back(0)

    def test_the_module_goes(self) -> None:
        self.wait("q quit")
        os.unlink(f"{self.proc}/queues")
        self.given_back(errors.UNABLE)
        self.wait("queues is not there")
