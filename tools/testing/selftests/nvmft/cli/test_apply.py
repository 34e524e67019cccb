# SPDX-License-Identifier: GPL-2.0
"""Restore as a difference: what is done, what is left alone, what is told."""

import unittest
from typing import Any

from fake import FakeProbe, FakeTree
from nvmftlib import jsonconf
from nvmftlib.apply import Apply, clear
from nvmftlib.check import Check
from nvmftlib.diff import differences
from nvmftlib.errors import BadConfig
from nvmftlib.live import read_config
from samples import NVMETCLI, NVMETCLI_NEW, NVMETCLI_OLD, UUID_B, sample

NS = "subsystems/testnqn/namespaces/1"
LINK = "ports/1/subsystems/testnqn"


class Base(unittest.TestCase):
    """A tree, a machine and a restore."""

    def setUp(self) -> None:
        self.probe = FakeProbe()
        self.tree = FakeTree(self.probe)

    def apply(self, data: Any, keep: bool = False) -> Apply:
        """Restore @data; the tree's log has this pass only."""
        self.tree.log.clear()
        apply = Apply(self.tree, self.probe, jsonconf.parse(data), keep)
        apply.run()
        return apply

    def good(self, data: Any, keep: bool = False) -> list[str]:
        """Without a failure; the changes."""
        self.assertEqual(self.apply(data, keep).failures, [])
        return list(self.tree.log)

    def failures(self, data: Any) -> dict[str, str]:
        """Object and reason."""
        return {each.where: each.why for each in self.apply(data).failures}


class NamespaceHosts(Base):
    """A namespace that only some hosts see is never seen by others."""

    def data(self, *hosts: str, enable: int = 1) -> Any:
        """Three hosts are let in, these see the namespace."""
        data = sample()
        data["hosts"] = [{"nqn": name} for name in ("h1", "h2", "h3")]
        data["subsystems"][0]["allowed_hosts"] = ["h1", "h2", "h3"]
        data["subsystems"][0]["namespaces"][0] |= {"allowed_hosts": list(hosts), "enable": enable}
        return data

    def test_there_and_back(self) -> None:
        log = self.good(self.data("h1", "h2"))
        self.assertLess(log.index(f"link {NS}/allowed_hosts/h2"), log.index(f"write {NS}/enable 1"))
        running = read_config(self.tree)
        self.assertEqual(running.subsystems["testnqn"].namespaces[1].allowed_hosts, ["h1", "h2"])
        self.assertEqual(jsonconf.parse(jsonconf.dump(running)), running)
        self.assertEqual(self.good(jsonconf.dump(running)), [])

    def test_the_list_is_never_empty_meanwhile(self) -> None:
        self.good(self.data("h1"))
        self.assertEqual(differences(jsonconf.parse(self.data("h2")), read_config(self.tree)),
                         [f"{NS}/allowed_hosts/h2: linked", f"{NS}/allowed_hosts/h1: unlinked"])
        self.assertEqual(self.good(self.data("h2")),
                         [f"link {NS}/allowed_hosts/h2", f"unlink {NS}/allowed_hosts/h1"])

    def test_a_host_that_goes(self) -> None:
        self.good(self.data("h1"))
        data = self.data("h2")
        del data["hosts"][0], data["subsystems"][0]["allowed_hosts"][0]
        self.good(data)
        self.assertEqual(self.tree.names("hosts"), ["h2", "h3"])

    def test_shown_to_all(self) -> None:
        self.good(self.data("h1"))
        self.good(self.data("h2"), keep=True)
        self.assertEqual(self.tree.names(f"{NS}/allowed_hosts"), ["h1", "h2"])
        self.good(self.data())
        self.assertEqual(self.tree.names(f"{NS}/allowed_hosts"), [])

    def test_not_in_service_where_all_would_see_it(self) -> None:
        self.tree.refused.add("hosts/h1")
        self.assertIn("every host would see it", self.failures(self.data("h1"))[NS])
        self.assertEqual(self.tree.files[f"{NS}/enable"], "0")
        self.assertNotIn(NS, self.failures(self.data("h2")))
        self.assertEqual(self.tree.files[f"{NS}/enable"], "1")
        self.failures(self.data())
        self.assertIn("every host would see it", self.failures(self.data("h1"))[NS])
        self.assertEqual(self.tree.files[f"{NS}/enable"], "0")

    def test_it_goes_unseen(self) -> None:
        self.good(self.data("h1"))
        self.tree.log.clear()
        self.assertEqual(clear(self.tree, self.probe).failures, [])
        log = self.tree.log
        self.assertLess(log.index(f"write {NS}/enable 0"),
                        log.index(f"unlink {NS}/allowed_hosts/h1"))
        self.assertTrue(read_config(self.tree).empty())

    def test_a_file_with_unknown_hosts(self) -> None:
        with self.assertRaisesRegex(BadConfig, "namespace 1 of testnqn: allowed_hosts names x"):
            jsonconf.parse(self.data("x"))


class Standby(Base):
    """A namespace whose device is on the other node."""

    def test_enabled_without_its_device(self) -> None:
        data = sample()
        data["subsystems"][0]["namespaces"][0]["device"] |= {"path": "/dev/none", "size": "1048576"}
        data["subsystems"][0]["namespaces"][0]["ana"]["grpid"] = "2"
        del data["subsystems"][0]["namespaces"][0]["ana_grpid"]
        data["ports"][0]["ana_groups"].append({"ana": {"state": "inaccessible"}, "grpid": 2})
        self.good(data)
        self.assertNotIn("/dev/none", self.probe.asked)
        self.assertEqual(self.tree.files[f"{NS}/enable"], "1")
        self.assertEqual(self.good(data), [])
        self.assertEqual([each.text() for each in Check(read_config(self.tree), self.probe).run()
                          if each.where.startswith("subsystems")], [])


class QualityOfService(Base):
    """Limits are attributes like others."""

    def test_there_and_back(self) -> None:
        data = sample()
        data["hosts"][0]["qos"] = {"iops": "500", "kibps": "0", "burst_ms": "100"}
        data["subsystems"][0]["namespaces"][0]["qos"] = {"iops": "0x10", "kibps": "2048"}
        self.good(data)
        running = read_config(self.tree)
        self.assertEqual(running.hosts["hostnqn"].attrs["qos_iops"], "500")
        self.assertEqual(running.subsystems["testnqn"].namespaces[1].attrs["qos_kibps"], "2048")
        self.assertEqual(jsonconf.parse(jsonconf.dump(running)), running)
        data["subsystems"][0]["namespaces"][0]["qos"]["kibps"] = "0"
        self.assertEqual(self.good(data), [f"write {NS}/qos_kibps 0"])

    def test_a_kernel_without_them(self) -> None:
        self.tree.lacks |= {"qos_iops", "qos_kibps", "qos_burst_ms"}
        data = sample()
        data["hosts"][0]["qos"] = {"iops": "0", "kibps": "0", "burst_ms": "100"}
        self.good(data)
        data["hosts"][0]["qos"]["iops"] = "500"
        self.assertEqual(sorted(self.failures(data)),
                         ["hosts/hostnqn/qos_burst_ms", "hosts/hostnqn/qos_iops"])


class FromNothing(Base):
    """Files of nvmetcli on an empty target."""

    def test_every_age_restores_without_a_failure(self) -> None:
        for data in (NVMETCLI, NVMETCLI_OLD, NVMETCLI_NEW):
            with self.subTest(ports=len(data["ports"]), hosts=len(data["hosts"])):
                self.setUp()
                self.good(data)
                self.assertEqual(differences(jsonconf.parse(data), read_config(self.tree)), [])

    def test_again_changes_nothing(self) -> None:
        for data in (NVMETCLI, NVMETCLI_OLD, NVMETCLI_NEW):
            with self.subTest(ports=len(data["ports"]), hosts=len(data["hosts"])):
                self.setUp()
                self.good(data)
                self.assertEqual(self.good(data), [])

    def test_the_port_is_linked_last(self) -> None:
        self.assertEqual(self.good(NVMETCLI)[-1], f"link {LINK}")

    def test_what_is_saved_restores_to_the_same(self) -> None:
        self.good(NVMETCLI_NEW)
        saved = jsonconf.dump(read_config(self.tree))
        self.setUp()
        self.good(saved)
        self.assertEqual(jsonconf.dump(read_config(self.tree)), saved)

    def test_controller_ids_in_the_order_that_works(self) -> None:
        data = sample()
        data["subsystems"][0]["attr"] |= {"cntlid_min": "32000"}
        self.good(data)
        data["subsystems"][0]["attr"] |= {"cntlid_min": "1", "cntlid_max": "31999"}
        self.good(data)


class Differences(Base):
    """Only what is different is touched."""

    def setUp(self) -> None:
        super().setUp()
        self.good(NVMETCLI)

    def change(self, where: list[Any], value: Any) -> Any:
        """The file with something else in it."""
        data = sample()
        inside = data
        for key in where[:-1]:
            inside = inside[key]
        inside[where[-1]] = value
        return data

    def test_a_live_attribute_is_just_written(self) -> None:
        data = self.change(["subsystems", 0, "attr", "qid_max"], "8")
        self.assertEqual(self.good(data), ["write subsystems/testnqn/attr_qid_max 8"])

    def test_a_group_changes_while_enabled(self) -> None:
        data = sample()
        data["subsystems"][0]["namespaces"][0] |= {"ana": {"grpid": "3"}, "ana_grpid": 3}
        self.assertEqual(self.good(data), [f"write {NS}/ana_grpid 3"])

    def test_another_device_takes_the_namespace_down_and_nothing_else(self) -> None:
        data = self.change(["subsystems", 0, "namespaces", 0, "device", "path"], "/dev/b")
        self.assertEqual(self.good(data), [f"write {NS}/enable 0", f"write {NS}/device_path /dev/b",
                                           f"write {NS}/enable 1"])

    def test_another_address_takes_the_port_down_and_nothing_else(self) -> None:
        data = self.change(["ports", 0, "addr", "traddr"], "192.0.2.1")
        self.assertEqual(self.good(data), [f"unlink {LINK}",
                                           "write ports/1/addr_traddr 192.0.2.1", f"link {LINK}"])

    def test_a_second_namespace_leaves_the_first_alone(self) -> None:
        data = sample()
        second = sample()["subsystems"][0]["namespaces"][0]
        second |= {"nsid": 2, "device": {"path": "/dev/b", "uuid": UUID_B}}
        data["subsystems"][0]["namespaces"].append(second)
        changes = self.good(data)
        self.assertTrue(all("namespaces/2" in change for change in changes), changes)

    def test_what_is_not_in_the_file_goes(self) -> None:
        self.good({})
        self.assertTrue(read_config(self.tree).empty())

    def test_keep_removes_nothing(self) -> None:
        self.assertEqual(self.good({}, keep=True), [])

    def test_exports_go_before_anything_else(self) -> None:
        self.assertEqual(self.good({})[0], f"unlink {LINK}")

    def test_a_link_of_another_name_is_found(self) -> None:
        self.tree.links["ports/1/subsystems/odd"] = self.tree.links.pop(LINK)
        self.assertEqual(self.good(NVMETCLI), [])
        self.assertIn("unlink ports/1/subsystems/odd", self.good({}))

    def test_disabling(self) -> None:
        data = self.change(["subsystems", 0, "namespaces", 0, "enable"], 0)
        self.assertEqual(self.good(data), [f"write {NS}/enable 0"])

    def test_a_host_goes_from_the_list(self) -> None:
        data = self.change(["subsystems", 0, "allowed_hosts"], [])
        self.assertEqual(self.good(data), ["unlink subsystems/testnqn/allowed_hosts/hostnqn"])

    def test_from_a_list_to_any_host_and_back(self) -> None:
        data = self.change(["subsystems", 0, "allowed_hosts"], [])
        data["subsystems"][0]["attr"]["allow_any_host"] = "1"
        self.good(data)
        self.good(NVMETCLI)

    def test_groups_come_first_and_go_last(self) -> None:
        self.good(NVMETCLI_NEW)
        log = self.good(NVMETCLI)
        self.assertGreater(log.index("rmdir ports/1/ana_groups/2"),
                           log.index("rmdir subsystems/testnqn/namespaces/7"))
        log = self.good(NVMETCLI_NEW)
        self.assertLess(log.index("mkdir ports/1/ana_groups/2"),
                        log.index("mkdir subsystems/testnqn/namespaces/7"))

    def test_a_referral_is_changed_while_enabled(self) -> None:
        self.good(NVMETCLI_NEW)
        data = sample(NVMETCLI_NEW)
        data["ports"][0]["referrals"][0]["addr"]["traddr"] = "192.0.2.8"
        where = "ports/1/referrals/other"
        self.assertEqual(self.good(data), [f"write {where}/enable 0",
                                           f"write {where}/addr_traddr 192.0.2.8",
                                           f"write {where}/enable 1"])

    def test_differences_tell_the_same_as_restore_does(self) -> None:
        data = self.change(["subsystems", 0, "attr", "qid_max"], "8")
        data["ports"][0]["subsystems"] = []
        self.assertEqual(differences(jsonconf.parse(data), read_config(self.tree)),
                         ["subsystems/testnqn/attr_qid_max: '128' becomes '8'",
                          f"{LINK}: unlinked"])


class Trouble(Base):
    """What cannot be done is named, and the rest is done."""

    def test_a_missing_device(self) -> None:
        self.probe.devices.clear()
        apply = self.apply(NVMETCLI)
        self.assertEqual([(each.where, each.missing) for each in apply.failures], [(NS, "/dev/a")])
        self.assertIn(LINK, self.tree.links)
        self.assertNotIn(f"write {NS}/enable 1", self.tree.log)
        self.probe.devices.add("/dev/a")
        self.assertEqual(self.good(NVMETCLI), [f"write {NS}/enable 1"])

    def test_a_device_that_is_not_ready(self) -> None:
        self.probe.broken.add("/dev/a")
        failure = self.apply(NVMETCLI).failures[0]
        self.assertEqual((failure.where, failure.missing), (NS, "/dev/a"))
        self.assertIn("cannot open the device (ENXIO) [/dev/a]", failure.why)

    def test_a_missing_address(self) -> None:
        self.probe.addresses.clear()
        apply = self.apply(NVMETCLI)
        self.assertEqual([(each.where, each.missing) for each in apply.failures],
                         [(LINK, "127.0.0.1")])
        self.probe.addresses.add("127.0.0.1")
        self.assertEqual(self.good(NVMETCLI), [f"link {LINK}"])

    def test_a_key_that_cannot_be_set_lets_no_one_in(self) -> None:
        data = sample()
        data["hosts"][0]["dhchap"] = {"key": "DHHC-1:00:x:"}
        failures = self.failures(data)
        self.assertEqual(set(failures), {"hosts/hostnqn/dhchap_key",
                                         "subsystems/testnqn/allowed_hosts/hostnqn"})
        self.assertEqual(self.tree.names("subsystems/testnqn/allowed_hosts"), [])

    def test_a_port_that_is_to_be_secure_does_not_listen_in_the_clear(self) -> None:
        data = sample()
        data["ports"][0]["addr"]["tsas"] = "tls1.3"
        failures = self.failures(data)
        self.assertEqual(set(failures), {"ports/1/addr_tsas", LINK})
        self.assertEqual(self.tree.names("ports/1/subsystems"), [])

    def test_an_identity_that_cannot_be_set_keeps_the_namespace_off(self) -> None:
        data = sample()
        self.good(NVMETCLI)
        self.tree.fixed.add(f"{NS}/device_uuid")
        data["subsystems"][0]["namespaces"][0]["device"]["uuid"] = UUID_B
        self.assertEqual(set(self.failures(data)), {f"{NS}/device_uuid", NS})
        self.assertEqual(self.tree.files[f"{NS}/enable"], "0")

    def test_reservations_that_are_not_there_are_told(self) -> None:
        data = sample()
        data["subsystems"][0]["namespaces"][0]["resv"] = {"enable": "1"}
        self.assertEqual(set(self.failures(data)), {f"{NS}/resv_enable"})
        self.assertEqual(self.tree.files[f"{NS}/enable"], "1")

    def test_an_attribute_that_the_kernel_lacks(self) -> None:
        self.tree.lacks.add("resv_enable")
        self.good(NVMETCLI_NEW)
        data = sample()
        data["subsystems"][0]["attr"]["future"] = "7"
        self.assertIn("no such attribute",
                      self.failures(data)["subsystems/testnqn/attr_future"])

    def test_one_bad_attribute_does_not_keep_the_others(self) -> None:
        self.good(NVMETCLI)
        self.tree.fixed.add("subsystems/testnqn/attr_model")
        data = sample()
        data["subsystems"][0]["attr"] |= {"model": "Other", "qid_max": "4"}
        self.assertEqual(set(self.failures(data)), {"subsystems/testnqn/attr_model"})
        self.assertEqual(self.tree.files["subsystems/testnqn/attr_qid_max"], "4")

    def test_no_subsystem_no_export(self) -> None:
        self.tree.refused.add("subsystems/testnqn")
        failures = self.failures(NVMETCLI)
        self.assertEqual(set(failures), {"subsystems/testnqn", LINK})

    def test_a_reason_is_told_with_the_errno(self) -> None:
        self.good(NVMETCLI)
        self.tree.fixed.add("subsystems/testnqn/attr_model")
        data = sample()
        data["subsystems"][0]["attr"]["model"] = "Other"
        self.assertEqual(self.failures(data)["subsystems/testnqn/attr_model"],
                         'subsystems/testnqn/attr_model: "Other": fixed since a host has '
                         "identified it (EINVAL)")


class Clear(Base):
    """Everything goes."""

    def test_all_of_it(self) -> None:
        self.good(NVMETCLI_NEW)
        self.assertEqual(clear(self.tree, self.probe).failures, [])
        self.assertTrue(read_config(self.tree).empty())

    def test_nothing_is_fine(self) -> None:
        self.assertEqual(clear(self.tree, self.probe).done, [])
