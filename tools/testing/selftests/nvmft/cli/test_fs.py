# SPDX-License-Identifier: GPL-2.0
"""The tree on a file system, the reasons in the kernel log, and this machine."""

import errno
import os
import socket
import tempfile
import unittest
from typing import Any
from unittest import mock

from nvmftlib import fs, probe
from nvmftlib.errors import Refused, Unable

REFUSED = '3,1,2,-;nvmft: ports/1/addr_traddr: "5000" refused: in use: remove the links first ' \
    "(-EACCES)\n"
FOLDER = '3,1,2,-;nvmft: ports/1/subsystems: "nqn.x" refused: addr_trtype of the port is not set ' \
    "(-EINVAL)\n"
LISTEN = "3,1,2,-;nvmft-tcp: port 1: cannot listen on addr_traddr 192.0.2.77, addr_trsvcid 4420: " \
    "no such address: -EADDRNOTAVAIL\n"


class Log(fs.KernelLog):
    """Of these lines."""

    def __init__(self, text: str) -> None:
        super().__init__("/none")
        self.text = text

    def lines(self) -> list[str]:
        return [line.partition(";")[2] for line in self.text.splitlines()]


class Reasons(unittest.TestCase):
    """KernelLog.reason"""

    def test_of_an_attribute(self) -> None:
        log = Log(REFUSED + FOLDER)
        self.assertEqual(log.reason("ports/1/addr_traddr"), "in use: remove the links first")
        self.assertEqual(log.reason("ports/2/addr_traddr"), "")

    def test_of_what_is_made_in_a_folder(self) -> None:
        self.assertEqual(Log(FOLDER).reason("ports/1/subsystems/nqn.x"),
                         "addr_trtype of the port is not set")

    def test_of_listening(self) -> None:
        log = Log(LISTEN)
        self.assertIn("192.0.2.77", log.reason("ports/1/subsystems/nqn.x"))
        self.assertEqual(log.reason("ports/11/subsystems/nqn.x"), "")

    def test_without_a_log(self) -> None:
        log = fs.KernelLog("/none")
        log.skip()
        self.assertEqual((log.lines(), log.reason("x")), ([], ""))


class Folder(unittest.TestCase):
    """ConfigFs on an ordinary folder."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = fs.ConfigFs(folder.name)
        self.root = folder.name

    def test_attributes_are_what_can_be_read_and_written(self) -> None:
        for name, mode in (("both", 0o644), ("read", 0o444), ("write", 0o200)):
            path = os.path.join(self.root, name)
            with open(path, "w", encoding="ascii"):
                os.chmod(path, mode)
        self.tree.mkdir("folder")
        self.tree.link("folder", "link")
        self.assertEqual(self.tree.attributes(""), ["both"])
        self.assertEqual(self.tree.names(""), ["both", "folder", "link", "read", "write"])
        self.assertEqual(self.tree.target("link"), "folder")
        self.tree.unlink("link")
        self.tree.rmdir("folder")
        self.assertFalse(self.tree.exists("folder"))

    def test_values_lose_their_newline(self) -> None:
        with open(os.path.join(self.root, "a"), "w", encoding="ascii") as file:
            file.write("x\n")
        self.assertEqual(self.tree.read("a"), "x")
        self.tree.write("a", "longer")
        self.assertEqual(self.tree.read("a"), "longer")

    def test_errors_have_the_path_and_the_errno(self) -> None:
        rows: tuple[tuple[Any, tuple[str, ...]], ...] = (
            (self.tree.read, ("none",)), (self.tree.write, ("none", "1")),
            (self.tree.rmdir, ("none",)), (self.tree.unlink, ("none",)),
            (self.tree.mkdir, ("none/none",)), (self.tree.target, ("none",)))
        for action, args in rows:
            with self.subTest(action), self.assertRaises(Refused) as caught:
                action(*args)
            self.assertEqual(caught.exception.errno, errno.ENOENT)
            self.assertIn("none", str(caught.exception))
        self.assertEqual(self.tree.names("none"), [])

    def test_no_tree(self) -> None:
        with self.assertRaisesRegex(Unable, "modprobe nvmft-tcp"):
            fs.ConfigFs("/none").require()


class Machine(unittest.TestCase):
    """Probe on this machine."""

    def setUp(self) -> None:
        self.probe = probe.Probe()

    def test_addresses(self) -> None:
        for family, address, ready in (("ipv4", "127.0.0.1", True), ("ipv4", "0.0.0.0", True),
                                       ("ipv4", "192.0.2.77", False), ("ipv4", "", True),
                                       ("ib", "x", True), ("ipv4", "no address", True),
                                       ("ipv6", "2001:db8::77", False),
                                       ("ipv6", "fe80::1%none0", False)):
            with self.subTest(address=address):
                self.assertEqual(self.probe.address_ready(family, address), ready)

    def test_listening(self) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = str(sock.getsockname()[1])
            self.assertFalse(self.probe.listening("ipv4", "127.0.0.1", port))
            sock.listen()
            self.assertTrue(self.probe.listening("ipv4", "127.0.0.1", port))
            self.assertFalse(self.probe.listening("ipv4", "127.0.0.2", port))
            with socket.create_connection(("127.0.0.1", int(port))) as client:
                self.assertFalse(self.probe.listening("ipv4", *map(str, client.getsockname())))
        for family, address, service in (("ib", "x", "1"), ("ipv4", "x", "1"),
                                         ("ipv4", "127.0.0.1", "x")):
            self.assertFalse(self.probe.listening(family, address, service))

    def test_listening_on_ipv6(self) -> None:
        try:
            sock = socket.socket(socket.AF_INET6)
            sock.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        with sock:
            sock.listen()
            port = str(sock.getsockname()[1])
            self.assertTrue(self.probe.listening("ipv6", "::1", port))
            self.assertFalse(self.probe.listening("ipv6", "::", port))

    def test_devices(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            self.assertTrue(self.probe.device_ready(file.name))
            self.assertTrue(self.probe.same_device(file.name, "/proc/self/root" + file.name))
            self.assertFalse(self.probe.same_device(file.name, "/none"))
            self.assertEqual(self.probe.used_by(file.name), "")
            self.assertEqual(self.probe.stable_name(file.name), file.name)
        for path in ("/none", "/dev/null", "/tmp", "a\0b", ""):
            with self.subTest(path):
                self.assertFalse(self.probe.device_ready(path))

    def test_a_mounted_disk_is_found(self) -> None:
        mounts = "/dev/x1 /srv\\040data ext4 rw 0 0\n"
        with mock.patch.object(probe, "block_name", lambda path: path.removeprefix("/dev/")), \
                mock.patch.object(probe, "parts_of", lambda name: [name, name + "1"]), \
                mock.patch("builtins.open", mock.mock_open(read_data=mounts)):
            self.assertIn("x1 is mounted on /srv data", self.probe.used_by("/dev/x"))
            self.assertEqual(self.probe.used_by("/dev/y"), "")

    def test_the_name_that_stays(self) -> None:
        links = {"/dev/disk/by-id/ata-X": "/dev/x", "/dev/disk/by-id/wwn-1": "/dev/x",
                 "/dev/disk/by-id/wwn-2": "/dev/y"}
        with mock.patch("os.path.realpath", lambda path: links.get(path, path)), \
                mock.patch("glob.glob", lambda pattern: list(links)):
            self.assertEqual(self.probe.stable_name("/dev/x"), "/dev/disk/by-id/wwn-1")
            self.assertEqual(self.probe.stable_name("/dev/z"), "/dev/z")
            self.assertEqual(self.probe.stable_name("/dev/disk/by-id/ata-X"),
                             "/dev/disk/by-id/ata-X")
            self.assertEqual(self.probe.stable_name("/dev/mapper/v"), "/dev/mapper/v")
