# SPDX-License-Identifier: GPL-2.0
"""The shell's commands, its completion and its JSON, on a tree in memory."""

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
from nvmftlib.apply import Apply
from nvmftlib.live import read_config
from nvmftlib.store import load
from samples import HOST_A, NQN_A, NVMETCLI_NEW, PROC

try:
    from nvmftlib import shell
    WHY = ""
except ImportError as missing:
    WHY = str(missing)


@unittest.skipIf(WHY, WHY)
class Base(unittest.TestCase):
    """A shell on a target."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = os.path.join(folder.name, "config.json")
        self.probe = FakeProbe()
        self.tree = FakeTree(self.probe)
        self.reports = FakeReports(PROC)
        self.out = ""
        patches: tuple[Any, ...] = (
            mock.patch.dict(os.environ, {"NVMFT_LOCK": f"{folder.name}/lock",
                                         "NVMFT_CONFIG": self.config, "HOME": folder.name}),
            mock.patch.object(shell, "ConfigFs", lambda: self.tree),
            mock.patch.object(shell, "ProcFs", lambda: self.reports),
            mock.patch.object(shell, "Probe", lambda: self.probe))
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def start(self) -> Any:
        """An interactive shell; what it prints goes to self.out."""
        made, _ = shell.make_shell(self.config, None)
        made.con.raw_write = self.note
        return made

    def note(self, text: str, output: Any = None) -> None:
        """Instead of the console."""
        self.out += text

    def tool(self, *argv: str) -> int:
        """One command; its exit status."""
        from configshell_fb.console import Console      # type: ignore[import]
        self.out = ""
        with mock.patch.object(Console, "raw_write", lambda console, text, output=None:
                               self.note(text)), \
                contextlib.redirect_stdout(io.StringIO()) as out, \
                contextlib.redirect_stderr(io.StringIO()) as err:
            status = cli.main(argv)
        self.out += out.getvalue() + err.getvalue()
        return status

    def good(self, *argv: str) -> str:
        """Ends well."""
        self.assertEqual(self.tool(*argv), errors.OK, self.out)
        return self.out


class CommandLine(Base):
    """What nvmetcli's users type."""

    def test_an_export_step_by_step(self) -> None:
        self.good("/subsystems", "create", "nqn.x")
        self.good("/subsystems/nqn.x", "set", "attr", "allow_any_host=1", "model=My Disk")
        self.good("/subsystems/nqn.x/namespaces", "create")
        self.good("/subsystems/nqn.x/namespaces/1", "set", "device", "path=/dev/a")
        self.good("/subsystems/nqn.x/namespaces/1", "enable")
        self.good("/ports", "create")
        self.good("/ports/1", "set", "addr", "trtype=tcp", "adrfam=ipv4", "traddr=127.0.0.1",
                  "trsvcid=4420")
        self.good("/ports/1/subsystems", "create", "nqn.x")
        config = read_config(self.tree)
        self.assertTrue(config.subsystems["nqn.x"].namespaces[1].enable)
        self.assertEqual(config.subsystems["nqn.x"].attrs["attr_model"], "My Disk")
        self.assertEqual(config.ports[1].subsystems, ["nqn.x"])
        self.good("/", "saveconfig")
        self.assertEqual(load(self.config), config)

    def test_delete_takes_what_is_inside(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        self.good("/subsystems", "delete", "testnqn")
        self.good("/ports", "delete", "1")
        self.good("/ports", "delete", "2")
        self.good("/hosts", "delete", "hostnqn")
        self.assertTrue(read_config(self.tree).empty())

    def test_hosts_are_made_where_they_are_let_in(self) -> None:
        self.good("/subsystems", "create", "nqn.x")
        self.good("/subsystems/nqn.x/allowed_hosts", "create", "nqn.h")
        self.assertEqual(read_config(self.tree).subsystems["nqn.x"].allowed_hosts, ["nqn.h"])
        self.good("/subsystems/nqn.x/allowed_hosts", "delete", "nqn.h")
        self.assertEqual(read_config(self.tree).subsystems["nqn.x"].allowed_hosts, [])

    def test_a_namespace_for_some_hosts(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        path = "/subsystems/testnqn/namespaces/1"
        self.good(f"{path}/allowed_hosts", "create", "hostnqn")
        self.good(f"{path}/allowed_hosts", "create", "h2")
        config = read_config(self.tree)
        self.assertEqual(config.subsystems["testnqn"].namespaces[1].allowed_hosts,
                         ["h2", "hostnqn"])
        self.assertIn("/dev/a, enabled, for 2 hosts", self.good("ls"))
        self.good(f"{path}/allowed_hosts", "delete", "h2")
        self.good("/subsystems/testnqn/namespaces", "delete", "1")
        self.good("/subsystems", "delete", "testnqn")

    def test_names_that_are_chosen(self) -> None:
        self.good("/subsystems", "create")
        nqn = self.tree.names("subsystems")[0]
        self.assertRegex(nqn, "^nqn.2014-08.org.nvmexpress:uuid:")
        for _ in range(2):
            self.good(f"/subsystems/{nqn}/namespaces", "create")
        self.assertEqual(self.tree.names(f"subsystems/{nqn}/namespaces"), ["1", "2"])
        self.good("/ports", "create", "7")
        self.good("/ports/7/ana_groups", "create")
        self.assertEqual(self.tree.names("ports/7/ana_groups"), ["1", "2"])
        self.good("/ports/7/ana_groups/2", "set", "ana", "state=optimized")

    def test_groups_referrals_and_sizes(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        self.good("/subsystems/testnqn/namespaces/1", "grpid", "2")
        self.assertIn("2", self.good("/subsystems/testnqn/namespaces/1", "grpid"))
        self.good("/ports/1/referrals/other", "disable")
        self.assertFalse(read_config(self.tree).ports[1].referrals["other"].enable)
        self.tree.files["subsystems/testnqn/namespaces/1/revalidate_size"] = "0"
        self.good("/subsystems/testnqn/namespaces/1", "resize")
        self.assertEqual(self.tree.log[-1],
                         "write subsystems/testnqn/namespaces/1/revalidate_size 1")

    def test_failures(self) -> None:
        for words, why in ((("/ports/9", "ls"), "No such path"),
                           (("/ports", "frobnicate"), "Command not found"),
                           (("/ports", "delete", "9"), "No such path"),
                           (("/subsystems", "create", "a/b"), "not a name"),
                           (("/hosts", "create"), "Missing required parameter")):
            with self.subTest(words):
                self.assertEqual(self.tool(*words), errors.FAILED)
                self.assertIn(why, self.out)

    def test_a_refusal_says_why(self) -> None:
        self.good("/subsystems", "create", "nqn.x")
        self.tree.fixed.add("subsystems/nqn.x/attr_serial")
        self.assertEqual(self.tool("/subsystems/nqn.x", "set", "attr", "serial=1"), errors.FAILED)
        self.assertIn("fixed since a host has identified it (EINVAL)", self.out)

    def test_json(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        answer = json.loads(self.good("--json", "ls", "/subsystems/testnqn"))
        self.assertEqual(answer["attributes"]["attr_serial"], "123456")
        names = {each["path"] for each in answer["children"]}
        self.assertEqual(names, {"/subsystems/testnqn/allowed_hosts",
                                 "/subsystems/testnqn/namespaces"})
        answer = json.loads(self.good("/hosts", "create", "h2", "--json"))
        self.assertTrue(answer["done"])
        self.assertEqual(self.tool("/hosts", "create", "h2", "--json"), errors.FAILED)
        self.assertIn("EEXIST", json.loads(self.out.splitlines()[0])["error"])

    def test_tree_for_people(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        text = self.good("ls")
        for part in ("testnqn", "1 hosts, port 1, 2", "/dev/a, enabled",
                     "tcp 127.0.0.1:4420, listening", "tcp [::]:4421, listening", "inaccessible"):
            self.assertIn(part, text)

    def test_who_is_connected(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        self.tree.mkdir(f"hosts/{HOST_A}")
        self.reports.texts["sessions"] = PROC["sessions"].replace(NQN_A, "testnqn")
        text = self.good("ls")
        for part in ("1 hosts, port 1, 2, 1 session]", "4420, listening, 2 sessions]",
                     f"{HOST_A} .*[.] .1 session]", "4421, listening]"):
            self.assertRegex(text, part)
        self.reports.texts.clear()
        self.reports.rows = self.missing    # type: ignore[assignment]
        self.assertNotIn("session", self.good("ls"))

    def missing(self, name: str) -> None:
        """A module that is older."""
        raise errors.Unable(name)

    def test_clear_asks(self) -> None:
        self.good("/hosts", "create", "h")
        self.assertEqual(self.tool("/", "clearconfig"), errors.FAILED)
        self.assertFalse(read_config(self.tree).empty())
        self.good("/", "clearconfig", "confirm=true")
        self.assertTrue(read_config(self.tree).empty())


class Interactive(Base):
    """Line by line."""

    def test_others_changes_are_seen(self) -> None:
        made = self.start()
        self.tree.mkdir("hosts/new")
        made.run_cmdline("cd /hosts/new")
        made.run_cmdline("pwd")
        self.assertIn("/hosts/new", self.out)
        self.tree.rmdir("hosts/new")
        made.run_cmdline("pwd")
        self.assertTrue(self.out.endswith("/\n"), self.out)

    def test_sessions_are_shown_and_ended(self) -> None:
        made = self.start()
        made.run_cmdline("sessions")
        self.assertIn("192.0.2.20:41234", self.out)
        made.run_cmdline(f"terminate {NQN_A}/1")
        self.assertEqual(self.reports.ended, [(NQN_A, 1)])
        made.run_cmdline(f"terminate {NQN_A}/7")
        made.run_cmdline("terminate 1")
        self.assertEqual(self.reports.ended, [(NQN_A, 1)])
        self.assertTrue(made.failed)

    def test_an_error_does_not_end_it(self) -> None:
        made = self.start()
        made.run_cmdline("/hosts create a/b")
        made.run_cmdline("/nowhere ls")
        made.run_cmdline("/hosts create h")
        self.assertEqual(self.tree.names("hosts"), ["h"])

    def test_restore_and_check(self) -> None:
        made = self.start()
        with open(self.config, "w", encoding="ascii") as file:
            json.dump(NVMETCLI_NEW, file)
        made.run_cmdline("restoreconfig")
        self.assertFalse(read_config(self.tree).empty())
        made.run_cmdline("check")
        self.assertIn("subsystems/testnqn/namespaces/7: is not enabled, though /dev/b is there",
                      self.out)

    def test_from_a_pipe(self) -> None:
        for text, status in (("# a comment\n\n/hosts create a\nexit\n/hosts create b\n", 0),
                             ("/hosts create a\n/hosts create c\n", 1)):
            with self.subTest(text), mock.patch("sys.stdin", io.StringIO(text)):
                self.assertEqual(self.tool(), status)
        self.assertEqual(self.tree.names("hosts"), ["a", "c"])

    def completions(self, made: Any, line: str) -> list[str]:
        """What Tab offers behind @line."""
        import readline
        start = line.rfind(" ") + 1
        with mock.patch.object(readline, "get_line_buffer", lambda: line), \
                mock.patch.object(readline, "get_begidx", lambda: start), \
                mock.patch.object(readline, "get_endidx", lambda: len(line)):
            found: list[str] = []
            state = 0
            while True:
                word = made._complete(line[start:], state)
                if word is None:
                    return found
                found.append(word.strip())
                state += 1

    def test_tab(self) -> None:
        Apply(self.tree, self.probe, jsonconf.parse(NVMETCLI_NEW)).run()
        self.tree.mkdir("subsystems/nqn.y")
        self.tree.mkdir("hosts/h2")
        made = self.start()
        for line, offers in (("/sub", {"/subsystems/"}), ("/subsystems cre", {"create"}),
                             ("/subsystems delete ", {"testnqn", "nqn.y"}),
                             ("/ports/1/subsystems create ", {"nqn.y"}),
                             ("/subsystems/testnqn/allowed_hosts create ", {"h2"}),
                             ("/subsystems/testnqn set attr ser", {"serial="})):
            with self.subTest(line):
                self.assertEqual(offers - set(self.completions(made, line)), set(),
                                 self.completions(made, line))
