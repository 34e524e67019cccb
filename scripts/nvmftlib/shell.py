# SPDX-License-Identifier: GPL-2.0
"""The interactive shell, and its commands from the command line."""

import json
import re
import shutil
import sys
from typing import Any, Sequence

from configshell_fb import ConfigShell, ExecutionError    # type: ignore[import]

from . import errors
from .apply import clear
from .check import Check, check_saved
from .fs import ConfigFs
from .live import read_config
from .nodes import Context, HostsNode, Node, PortsNode, SubsystemsNode
from .probe import Probe
from .procfs import ProcFs
from .restore import restore, save
from .sessions import as_table, chosen, measure, terminate
from .store import load, locked

MEASURE_SECONDS = 0.5
PREFERENCES = "~/.nvmftcli"
READ_ONLY = ("ls", "get", "status", "help", "pwd", "cd", "refresh", "exit")


class RootNode(Node):
    """/"""

    def wanted(self) -> dict[str, Any]:
        kinds: dict[str, type[Node]] = {"hosts": HostsNode, "ports": PortsNode,
                                        "subsystems": SubsystemsNode}
        return {name: (lambda name=name: kinds[name](name, name, self, self.context))
                for name in kinds}

    def attributes(self) -> list[str]:
        return list(self.guard(self.tree.attributes, ""))

    def refresh(self) -> None:
        """With who is connected."""
        self.context.look()
        super().refresh()

    def ui_command_sessions(self) -> None:
        """
        Shows who is connected, and what they do at the moment.
        """
        rows = self.guard(measure, self.context.reports, MEASURE_SECONDS)
        lines = as_table(rows, shutil.get_terminal_size().columns) if rows else ["no sessions"]
        for line in lines:
            self.shell.con.display(line)

    def ui_command_terminate(self, session: str) -> None:
        """
        Ends a session: SUBSYSTEM/ID as sessions shows them, or ID. The host may connect again.
        """
        reports = self.context.reports
        rows = self.guard(lambda: chosen(reports.rows("sessions"), session, None, None, False))
        if not self.guard(terminate, reports, rows):
            raise ExecutionError("there is no such session")
        self.shell.log.info(f"Ended {session}.")

    def ui_command_saveconfig(self, savefile: str | None = None) -> None:
        """
        Saves the running configuration, to /etc/nvmft/config.json by default.
        """
        path = savefile or self.context.config
        for text in self.guard(save, self.tree, path):
            self.shell.log.warning(text)
        self.shell.log.info(f"Saved to {path}.")

    def ui_command_restoreconfig(self, savefile: str | None = None) -> None:
        """
        Makes what runs what a file says. What is as it should be is not touched;
        what the file does not have is removed.
        """
        path = savefile or self.context.config
        outcome = self.guard(restore, self.tree, self.context.probe, path)
        self.refresh()
        self.tell(outcome.failures, f"{len(outcome.done)} changes made.")

    def ui_command_clearconfig(self, confirm: str | None = None) -> None:
        """
        Removes the whole running configuration, not the file: clearconfig confirm=true
        """
        if confirm != "true":
            raise ExecutionError("this ends every export: clearconfig confirm=true")
        with locked():
            apply = self.guard(clear, self.tree, self.context.probe)
        self.refresh()
        self.tell(apply.failures, f"{len(apply.done)} changes made.")

    def tell(self, failures: Sequence[Any], text: str) -> None:
        """What came of many changes."""
        for failure in failures:
            self.shell.log.error(failure.why)
        if failures:
            raise ExecutionError(f"{len(failures)} failed; {text}")
        self.shell.log.info(text)

    def ui_command_check(self) -> None:
        """
        Says what is configured but cannot be reached, and what to do about it.
        """
        running = self.guard(read_config, self.tree)
        findings = Check(running, self.context.probe).run()
        try:
            saved = load(self.context.config)
        except errors.Unable:
            saved = None
        findings += check_saved(running, saved, self.context.config, self.context.probe)
        for finding in findings:
            self.shell.con.display(finding.text())


class Shell(ConfigShell):       # type: ignore[misc]
    """Sees what others have changed, and takes no command down with it."""

    failed = False
    _current_node: Node

    def run_cmdline(self, cmdline: str) -> None:
        try:
            self.refresh()
            super().run_cmdline(cmdline)
        except (ExecutionError, ValueError) as why:
            self.failed = True
            self.log.error(str(why))

    def ended(self) -> bool:
        """exit has been said."""
        return bool(self._exit)

    def refresh(self) -> None:
        """The current node may be gone."""
        path: str = self._current_node.path
        self._root_node.refresh()
        try:
            self._current_node = self._root_node.get_node(path)
        except ValueError:
            self._current_node = self._root_node


def make_shell(config: str, preferences: str | None) -> tuple[Shell, RootNode]:
    """The shell and its tree."""
    tree = ConfigFs()
    tree.require()
    shell = Shell(preferences)
    if not sys.stdout.isatty():
        shell.prefs["color_mode"] = False
    root = RootNode("/", "", None, Context(tree, Probe(), ProcFs(), config), shell)
    root.refresh()
    return shell, root


def parse(words: Sequence[str]) -> tuple[str, str, list[str], dict[str, str]]:
    """[PATH] COMMAND [VALUE]... [NAME=VALUE]... , as the shell has it, blanks and all."""
    rest = list(words)
    path = rest.pop(0) if rest and rest[0].startswith("/") else "/"
    command = rest.pop(0) if rest else "ls"
    named = re.compile(r"([A-Za-z0-9_-]+)=(.*)", re.DOTALL)
    values, names = [], {}
    for word in rest:
        match = named.fullmatch(word)
        if match:
            names[match[1]] = match[2]
        else:
            values.append(word)
    return path, command, values, names


def run_command(words: Sequence[str], config: str, as_json: bool) -> int:
    """One command of the shell; the exit status."""
    path, command, values, names = parse(words)
    shell, root = make_shell(config, None)
    try:
        node = root.get_node(path)
        if as_json and command in ("ls", "get"):
            if command == "ls" and values:
                node = node.get_node(values[0])
            print(json.dumps(node.as_json(), indent=2, sort_keys=True))
            return errors.OK
        if as_json:
            shell.prefs["loglevel_console"] = "error"
        if command in READ_ONLY:
            node.execute_command(command, values, names)
        elif command in ("saveconfig", "restoreconfig", "clearconfig"):
            node.execute_command(command, values, names)    # take the lock themselves
        else:
            with locked():
                node.execute_command(command, values, names)
    except (ExecutionError, ValueError) as why:
        raise errors.Failed(str(why)) from why
    if as_json and command not in READ_ONLY:
        print(json.dumps({"path": path, "command": command, "done": True}))
    return errors.OK


def run_shell(words: Sequence[str], config: str, as_json: bool) -> int:
    """Without words the interactive shell; the exit status."""
    if words:
        return run_command(words, config, as_json)
    shell, _ = make_shell(config, PREFERENCES if sys.stdin.isatty() else None)
    if sys.stdin.isatty():
        print("nvmftcli: the NVMe/TCP target nvmft. 'help' lists commands, Tab completes, "
              "'saveconfig' keeps what you do.")
        shell.run_interactive()
        return errors.OK
    status = errors.OK
    for line in sys.stdin:
        line = line.strip()
        if line and not line.startswith("#"):
            shell.failed = False
            shell.run_cmdline(line)
            status = errors.FAILED if shell.failed else status
        if shell.ended():
            break
    return status
