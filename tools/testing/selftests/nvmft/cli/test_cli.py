# SPDX-License-Identifier: GPL-2.0
"""The command line: verbs, exit status, JSON, and what export writes."""

import contextlib
import io
import json
import os
import tempfile
import unittest
from typing import Any
from unittest import mock

from fake import FakeProbe, FakeReports, FakeTree
from nvmftlib import cli, errors, jsonconf
from nvmftlib.live import read_config
from nvmftlib.store import load, store
from samples import NVMETCLI, NVMETCLI_NEW, PROC, sample

HOST = "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555"


class Base(unittest.TestCase):
    """The tool on a tree in memory."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = os.path.join(folder.name, "config.json")
        self.file = os.path.join(folder.name, "other.json")
        self.probe = FakeProbe()
        self.tree = FakeTree(self.probe)
        self.reports = FakeReports(PROC)
        self.out = self.err = ""
        patches: tuple[Any, ...] = (
            mock.patch.dict(os.environ, {"NVMFT_LOCK": f"{folder.name}/lock",
                                         "NVMFT_CONFIG": self.config}),
            mock.patch.object(cli, "ConfigFs", lambda: self.tree),
            mock.patch.object(cli, "ProcFs", lambda: self.reports),
            mock.patch.object(cli, "Probe", lambda: self.probe))
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def run_tool(self, *argv: str) -> int:
        """Its exit status."""
        with contextlib.redirect_stdout(io.StringIO()) as out, \
                contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                status = cli.main(argv)
            except SystemExit as why:
                status = int(why.code or 0)
        self.out, self.err = out.getvalue(), err.getvalue()
        return status

    def good(self, *argv: str) -> str:
        """Ends well; what it said."""
        self.assertEqual(self.run_tool(*argv), errors.OK, self.err)
        return self.out

    def answer(self, *argv: str) -> Any:
        """What it said in JSON, whatever came of it."""
        self.run_tool("--json", *argv)
        return json.loads(self.out)


class Files(Base):
    """save, restore, clear, check, show"""

    def setUp(self) -> None:
        super().setUp()
        store(self.file, jsonconf.parse(NVMETCLI))

    def test_restore_save_clear_restore(self) -> None:
        self.good("restore", self.file)
        self.good("save")
        before = read_config(self.tree)
        self.good("clear")
        self.assertTrue(read_config(self.tree).empty())
        self.good("restore")
        self.assertEqual(read_config(self.tree), before)

    def test_save_elsewhere(self) -> None:
        self.good("restore", self.file)
        self.good("save", self.config + "2")
        self.assertFalse(os.path.exists(self.config))
        self.assertEqual(load(self.config + "2"), read_config(self.tree))

    def test_no_file(self) -> None:
        self.assertEqual(self.run_tool("restore"), errors.UNABLE)
        self.assertIn("config.json: No such file", self.err)
        self.good("restore", "--if-exists")

    def test_bad_file_touches_nothing(self) -> None:
        self.good("restore", self.file)
        before = read_config(self.tree)
        with open(self.config, "w", encoding="ascii") as file:
            file.write('{"hosts": 1}')
        self.assertEqual(self.run_tool("restore"), errors.UNABLE)
        self.assertEqual(read_config(self.tree), before)

    def test_failures_are_named_and_counted(self) -> None:
        self.probe.devices.clear()
        self.assertEqual(self.run_tool("restore", self.file), errors.NOT_YET)
        self.assertIn("subsystems/testnqn/namespaces/1: /dev/a is not there", self.err)
        self.tree.lacks.add("attr_version")
        self.tree.fixed.add("subsystems/testnqn/attr_model")
        data = sample()
        data["subsystems"][0]["attr"]["model"] = "Other"
        store(self.file, jsonconf.parse(data))
        self.assertEqual(self.run_tool("restore", self.file), errors.FAILED)
        answer = self.answer("restore", self.file)
        self.assertEqual({each["object"]: each["missing"] for each in answer["failures"]},
                         {"subsystems/testnqn/namespaces/1": "/dev/a",
                          "subsystems/testnqn/attr_model": None})

    def test_dry_run_changes_nothing(self) -> None:
        text = self.good("restore", "--dry-run", self.file)
        self.assertIn("subsystems/testnqn: created", text)
        self.assertEqual(self.tree.log, [])

    def test_keep(self) -> None:
        self.tree.mkdir("hosts/mine")
        self.good("restore", "--keep", self.file)
        self.assertIn("hosts/mine", self.tree.folders)
        self.good("restore", self.file)
        self.assertNotIn("hosts/mine", self.tree.folders)

    def test_check(self) -> None:
        self.good("restore", self.file)
        self.good("save")
        self.assertIn("no problems found", self.good("check"))
        self.tree.unlink("ports/1/subsystems/testnqn")
        self.assertEqual(self.run_tool("check"), errors.FAILED)
        self.assertIn("PROBLEM: subsystems/testnqn: is on no port", self.out)
        found = self.answer("check")["findings"]
        self.assertIn(("subsystems/testnqn", "problem"),
                      [(each["object"], each["severity"]) for each in found])

    def test_check_of_a_file(self) -> None:
        self.assertIn("1 hosts, 1 subsystems, 1 ports", self.good("check", self.file))
        with open(self.file, "w", encoding="ascii") as file:
            file.write("{")
        self.assertEqual(self.run_tool("check", self.file), errors.UNABLE)

    def test_show(self) -> None:
        store(self.file, jsonconf.parse(NVMETCLI_NEW))
        self.good("restore", self.file)
        self.assertEqual(jsonconf.parse(json.loads(self.good("show"))), read_config(self.tree))

    def test_warning_of_save(self) -> None:
        self.probe.devices.clear()
        self.run_tool("restore", self.file)
        self.good("save", self.file)
        self.assertIn("warning: namespace 1 of testnqn is saved as disabled", self.err)

    def test_wrong_use(self) -> None:
        for words in (("frobnicate",), ("restore", "--wait", "x"), ("export",)):
            with self.subTest(words):
                self.assertEqual(self.run_tool(*words), errors.USAGE)

    def test_errors_in_json_too(self) -> None:
        answer = self.answer("restore", "/none")
        self.assertEqual(answer["status"], errors.UNABLE)
        self.assertIn("/none", answer["error"])


class Export(Base):
    """export and unexport"""

    def test_from_a_disk_to_a_connect_line(self) -> None:
        answer = self.answer("export", "/dev/a")
        nqn = answer["nqn"]
        self.assertRegex(nqn, r"nqn\.2014-08\.org\.nvmexpress:uuid:[0-9a-f-]{36}")
        self.assertEqual(answer["connect"], f"nvme connect -t tcp -a 192.0.2.1 -s 4420 -n {nqn}")
        config = read_config(self.tree)
        self.assertEqual(config.ports[1].subsystems, [nqn])
        self.assertEqual(config.ports[1].attrs["addr_traddr"], "0.0.0.0")
        self.assertTrue(config.subsystems[nqn].namespaces[1].enable)
        self.assertEqual(config.subsystems[nqn].attrs["attr_allow_any_host"], "1")
        self.assertIn("any host that reaches the port", self.err)
        self.assertEqual(load(self.config), config)

    def test_to_people(self) -> None:
        text = self.good("export", "/dev/a", "--nqn", "nqn.x")
        self.assertIn("On the host:\n    nvme connect -t tcp -a 192.0.2.1 -s 4420 -n nqn.x\n", text)

    def test_after_a_reboot_it_is_back(self) -> None:
        self.good("export", "/dev/a", "--host", HOST)
        before = read_config(self.tree)
        self.tree = FakeTree(self.probe)
        self.good("restore")
        self.assertEqual(read_config(self.tree), before)

    def test_named_hosts(self) -> None:
        answer = self.answer("export", "/dev/a", "--host", HOST)
        self.assertEqual(self.err, "")
        self.assertTrue(answer["connect"].endswith(f" -q {HOST}"))
        config = read_config(self.tree)
        self.assertEqual(config.subsystems[answer["nqn"]].allowed_hosts, [HOST])
        self.assertEqual(config.subsystems[answer["nqn"]].attrs["attr_allow_any_host"], "0")

    def test_the_same_disk_has_the_same_name_again(self) -> None:
        first = self.answer("export", "/dev/a")
        attrs = read_config(self.tree).subsystems[first["nqn"]].attrs
        self.good("unexport", "/dev/a")
        self.assertEqual(self.answer("export", "/dev/a")["nqn"], first["nqn"])
        self.assertEqual(read_config(self.tree).subsystems[first["nqn"]].attrs, attrs)
        self.assertNotEqual(self.answer("export", "/dev/b")["nqn"], first["nqn"])

    def test_a_second_disk_in_the_subsystem(self) -> None:
        self.good("export", "/dev/a", "--nqn", "nqn.x", "--host", HOST)
        answer = self.answer("export", "/dev/b", "--nqn", "nqn.x")
        self.assertEqual((answer["nsid"], answer["port"]), (2, 1))
        self.assertEqual(read_config(self.tree).subsystems["nqn.x"].attrs["attr_allow_any_host"],
                         "0")

    def test_address_and_port(self) -> None:
        self.good("export", "/dev/a", "--addr", "::", "--port", "4421")
        attrs = read_config(self.tree).ports[1].attrs
        self.assertEqual((attrs["addr_adrfam"], attrs["addr_trsvcid"]), ("ipv6", "4421"))
        self.assertIn("-a 2001:db8::7 -s 4421", self.out)

    def test_a_port_that_is_there_is_used(self) -> None:
        store(self.file, jsonconf.parse(NVMETCLI))
        self.good("restore", self.file)
        self.assertEqual(self.answer("export", "/dev/b")["port"], 1)
        self.assertEqual(self.answer("export", "/dev/b", "--force", "--addr", "192.0.2.1",
                                     "--nqn", "nqn.y")["port"], 2)

    def test_refusals_leave_nothing(self) -> None:
        self.probe.used["/dev/b"] = "b is mounted on /srv"
        for words, why in ((("/dev/none",), "no such block device"), (("dev/a",), "absolute"),
                           (("/dev/b",), "mounted on /srv"),
                           (("/dev/a", "--addr", "198.51.100.1"), "does not have the address"),
                           (("/dev/a", "--port", ""), "addr_"),
                           (("/dev/a", "--nqn", "../hosts/b"), "not a name")):
            with self.subTest(words):
                self.assertEqual(self.run_tool("export", *words), errors.FAILED)
                self.assertIn(why, self.err)
                self.assertTrue(read_config(self.tree).empty())
                self.assertFalse(os.path.exists(self.config))

    def test_already_exported(self) -> None:
        self.good("export", "/dev/a")
        self.assertEqual(self.run_tool("export", "/dev/a", "--nqn", "nqn.x"), errors.FAILED)
        self.assertIn("is namespace 1 of", self.err)
        self.good("export", "/dev/a", "--nqn", "nqn.x", "--force")

    def test_used_but_forced(self) -> None:
        self.probe.used["/dev/b"] = "b is mounted on /srv"
        self.good("export", "/dev/b", "--force")

    def test_a_name_that_stays(self) -> None:
        self.probe.stable["/dev/a"] = "/dev/disk/by-id/wwn-1"
        self.probe.devices.add("/dev/disk/by-id/wwn-1")
        self.assertEqual(self.answer("export", "/dev/a")["device"], "/dev/disk/by-id/wwn-1")
        self.good("unexport", "/dev/a")
        self.assertEqual(self.answer("export", "/dev/a", "--as-is")["device"], "/dev/a")

    def test_not_saved(self) -> None:
        self.good("export", "/dev/a", "--no-save")
        self.assertFalse(os.path.exists(self.config))

    def test_what_waits_for_its_disk_is_not_lost(self) -> None:
        store(self.config, jsonconf.parse(NVMETCLI))
        self.probe.devices.remove("/dev/a")
        self.run_tool("restore")
        self.good("export", "/dev/b", "--nqn", "nqn.b")
        saved = load(self.config)
        self.assertTrue(saved.subsystems["testnqn"].namespaces[1].enable)
        self.assertEqual(saved.ports[1].subsystems, ["nqn.b", "testnqn"])
        self.assertTrue(saved.subsystems["nqn.b"].namespaces[1].enable)

    def test_any_host_is_not_narrowed(self) -> None:
        self.good("export", "/dev/a", "--nqn", "nqn.x")
        self.assertEqual(self.run_tool("export", "/dev/b", "--nqn", "nqn.x", "--host", HOST),
                         errors.FAILED)
        self.assertIn("lets any host in", self.err)
        self.assertEqual(list(read_config(self.tree).subsystems["nqn.x"].namespaces), [1])


class Unexport(Base):
    """What was there for it only goes with it."""

    def test_all_of_it(self) -> None:
        self.good("export", "/dev/a", "--host", HOST)
        self.good("unexport", "/dev/a")
        self.assertTrue(read_config(self.tree).empty())
        self.assertTrue(load(self.config).empty())

    def test_one_of_two(self) -> None:
        self.good("export", "/dev/a", "--nqn", "nqn.x")
        self.good("export", "/dev/b", "--nqn", "nqn.x")
        self.good("unexport", "nqn.x/1")
        for config in (read_config(self.tree), load(self.config)):
            self.assertEqual(list(config.subsystems["nqn.x"].namespaces), [2])
            self.assertEqual(config.ports[1].subsystems, ["nqn.x"])

    def test_by_nqn(self) -> None:
        self.good("export", "/dev/a", "--nqn", "nqn.x")
        self.good("export", "/dev/b", "--nqn", "nqn.y")
        self.good("unexport", "nqn.x")
        self.assertEqual(list(read_config(self.tree).subsystems), ["nqn.y"])
        self.assertEqual(list(load(self.config).subsystems), ["nqn.y"])

    def test_the_port_of_others_stays(self) -> None:
        self.good("export", "/dev/a", "--nqn", "nqn.x", "--host", HOST)
        self.good("export", "/dev/b", "--nqn", "nqn.y", "--host", HOST)
        self.tree.log.clear()
        self.good("unexport", "nqn.x")
        self.assertFalse([line for line in self.tree.log if "nqn.y" in line])
        self.assertEqual(list(read_config(self.tree).hosts), [HOST])

    def test_of_nothing(self) -> None:
        self.assertEqual(self.run_tool("unexport", "/dev/a"), errors.FAILED)
        self.assertIn("no namespace of that device or name", self.err)

    def test_in_the_file_only(self) -> None:
        store(self.config, jsonconf.parse(NVMETCLI))
        self.good("unexport", "/dev/a")
        self.assertEqual(load(self.config).subsystems, {})
