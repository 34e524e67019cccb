# SPDX-License-Identifier: GPL-2.0
"""check: every finding, its object and its remedy; and no finding where all is well."""

import unittest
from typing import Any, Callable

from fake import FakeProbe, FakeTree
from nvmftlib import jsonconf
from nvmftlib.apply import Apply
from nvmftlib.check import Check, Finding, check_saved
from nvmftlib.live import read_config
from samples import NVMETCLI, UUID_A, sample

NQN = "subsystems/testnqn"
NS = f"{NQN}/namespaces/1"


class Base(unittest.TestCase):
    """A target that is all right but for 127.0.0.1, and something done to it."""

    def setUp(self) -> None:
        self.probe = FakeProbe()
        self.tree = FakeTree(self.probe)
        self.data = sample()
        self.data["ports"][0]["addr"]["traddr"] = "192.0.2.1"
        apply = Apply(self.tree, self.probe, jsonconf.parse(self.data))
        self.assertEqual(apply.run(), [])

    def findings(self) -> list[Finding]:
        """Of what runs."""
        return Check(read_config(self.tree), self.probe).run()

    def finds(self, where: str, what: str, fix: str, grave: bool = True) -> None:
        """Just this one."""
        found = self.findings()
        self.assertEqual([each.where for each in found], [where], [each.text() for each in found])
        self.assertIn(what, found[0].what)
        self.assertIn(fix, found[0].fix)
        self.assertEqual(found[0].grave, grave)


class Findings(Base):
    """One at a time."""

    def test_nothing(self) -> None:
        self.assertEqual(self.findings(), [])

    def test_subsystem_on_no_port(self) -> None:
        self.tree.unlink("ports/1/subsystems/testnqn")
        found = {each.where: each for each in self.findings()}
        self.assertEqual(set(found), {NQN, "ports/1"})
        self.assertIn("is on no port", found[NQN].what)
        self.assertEqual(found[NQN].fix, "nvmftcli /ports/1/subsystems create testnqn")
        self.assertIn("does not listen", found["ports/1"].what)

    def test_no_port_at_all(self) -> None:
        self.tree.unlink("ports/1/subsystems/testnqn")
        self.tree.rmdir("ports/1")
        self.finds(NQN, "is on no port", "nvmftcli /ports create 1")

    def test_no_namespace(self) -> None:
        self.tree.rmdir(NS)
        self.finds(NQN, "no namespace", "nvmftcli export")

    def test_no_host(self) -> None:
        self.tree.unlink(f"{NQN}/allowed_hosts/hostnqn")
        self.tree.rmdir("hosts/hostnqn")
        self.finds(NQN, "lets no host in", "allow_any_host=1")

    def test_namespace_for_hosts_that_cannot_come(self) -> None:
        self.tree.mkdir("hosts/h2")
        self.tree.link("hosts/h2", f"{NS}/allowed_hosts/h2")
        self.finds(NS, "is for hosts that the subsystem does not let in",
                   "nvmftcli /subsystems/testnqn/allowed_hosts create h2")
        self.tree.link("hosts/h2", f"{NQN}/allowed_hosts/h2")
        self.assertEqual(self.findings(), [])

    def test_host_without_subsystem(self) -> None:
        self.tree.mkdir("hosts/lonely")
        self.finds("hosts/lonely", "in no subsystem", "allowed_hosts create lonely", grave=False)

    def test_disabled(self) -> None:
        self.tree.write(f"{NS}/enable", "0")
        self.finds(NS, "is not enabled, though /dev/a is there", f"nvmftcli /{NS} enable")

    def test_device_missing(self) -> None:
        self.tree.write(f"{NS}/enable", "0")
        self.probe.devices.clear()
        self.finds(NS, "/dev/a is not there", "restore --wait")

    def test_device_gone_while_enabled(self) -> None:
        self.probe.devices.clear()
        self.finds(NS, "its path is gone", "bring the device up", grave=False)

    def test_no_device(self) -> None:
        self.tree.write(f"{NS}/enable", "0")
        self.tree.write(f"{NS}/device_path", "(null)")
        self.finds(NS, "has no device", "set device path=")

    def test_group_missing_on_the_port(self) -> None:
        self.tree.write(f"{NS}/ana_grpid", "5")
        self.finds(NS, "ANA group 5, which on its ports is missing", "ana_groups create 5")

    def test_group_inaccessible(self) -> None:
        self.tree.write("ports/1/ana_groups/1/ana_state", "inaccessible")
        self.finds(NS, "is inaccessible", "/ports/1/ana_groups/1 set ana state=optimized")

    def test_group_accessible_by_another_port(self) -> None:
        self.tree.mkdir("ports/2")
        for name, value in (("trtype", "tcp"), ("adrfam", "ipv4"), ("traddr", "0.0.0.0"),
                            ("trsvcid", "4421")):
            self.tree.write(f"ports/2/addr_{name}", value)
        self.tree.link(NQN, "ports/2/subsystems/testnqn")
        self.tree.write("ports/1/ana_groups/1/ana_state", "inaccessible")
        self.assertEqual(self.findings(), [])

    def test_port_without_address(self) -> None:
        self.tree.mkdir("ports/2")
        self.tree.write("ports/2/addr_trtype", "tcp")
        self.finds("ports/2", "addr_adrfam, addr_traddr, addr_trsvcid are not set", "set addr")

    def test_port_of_another_transport(self) -> None:
        self.tree.mkdir("ports/2")
        for name, value in (("trtype", "rdma"), ("adrfam", "ipv4"), ("traddr", "192.0.2.1"),
                            ("trsvcid", "4420")):
            self.tree.write(f"ports/2/addr_{name}", value)
        self.finds("ports/2", "rdma", "set addr trtype=tcp")

    def test_address_gone(self) -> None:
        self.probe.addresses.clear()
        self.finds("ports/1", "does not have the address 192.0.2.1", "ip address")

    def test_not_listening(self) -> None:
        self.probe.deaf = True
        self.finds("ports/1", "does not listen on 192.0.2.1 port 4420", "kernel log")

    def test_loopback(self) -> None:
        self.tree.unlink("ports/1/subsystems/testnqn")
        self.tree.write("ports/1/addr_traddr", "127.0.0.1")
        self.tree.link(NQN, "ports/1/subsystems/testnqn")
        self.finds("ports/1", "this machine only", "an address of the network", grave=False)

    def second(self, device: str, uuid: str | None) -> None:
        """Namespace 2."""
        where = f"{NQN}/namespaces/2"
        self.tree.mkdir(where)
        self.tree.write(f"{where}/device_path", device)
        if uuid:
            self.tree.write(f"{where}/device_uuid", uuid)
        self.tree.write(f"{where}/enable", "1")

    def test_one_device_twice(self) -> None:
        self.second("/dev/a", None)
        self.finds(f"{NQN}/namespaces/2", f"exports the device of {NS}", "same device_uuid",
                   grave=False)

    def test_one_identity_for_two(self) -> None:
        self.second("/dev/b", UUID_A)
        self.finds(f"{NQN}/namespaces/2", "hosts take them for one disk", "another device_uuid")

    def test_nothing_configured(self) -> None:
        self.tree = FakeTree(self.probe)
        self.finds("/", "nothing is configured", "nvmftcli export", grave=False)


class Saved(Base):
    """What a reboot would change."""

    def test_rows(self) -> None:
        running = read_config(self.tree)
        rows: tuple[tuple[Callable[[], Any], int], ...] = (
            (lambda: running, 0), (lambda: None, 1),
            (lambda: jsonconf.parse(self.data), 0), (lambda: jsonconf.parse(NVMETCLI), 1))
        for number, (saved, count) in enumerate(rows):
            with self.subTest(number):
                found = check_saved(running, saved(), "/etc/x", self.probe)
                self.assertEqual(len(found), count, [each.text() for each in found])
                self.assertFalse(any(each.grave for each in found))

    def test_service_that_is_not_enabled(self) -> None:
        self.probe.service = False
        found = check_saved(read_config(self.tree), None, "/etc/x", self.probe)
        self.assertEqual([each.fix for each in found], ["systemctl enable nvmft"])
