# SPDX-License-Identifier: GPL-2.0
"""nvmftcli: the NVMe/TCP target nvmft, its configuration and its exports."""

import argparse
import json
import os
import sys
from typing import Any, Callable, Sequence

from . import CONFIG, VERSION, errors, jsonconf, observe
from .apply import Apply, Failure, clear
from .check import Check, check_saved
from .errors import Failed, Unable
from .export import Exporter, Wish, add_to, find, not_found, remove_from
from .fs import ConfigFs
from .live import read_config
from .model import Config
from .probe import Probe
from .procfs import ProcFs
from .restore import compare, restore, save
from .store import load, locked, store

# What goes to the shell, as nvmetcli has it; a path does as well.
WORDS = ("ls", "cd", "create", "delete", "set", "get", "enable", "disable", "status", "refresh",
         "pwd", "bookmarks", "saveconfig", "restoreconfig", "clearconfig")

EPILOG = """\
Without a verb the interactive shell starts. What the shell knows works from the
command line too: nvmftcli ls, nvmftcli /subsystems create NQN.

exit status: 0 done; 1 something failed, or check found a problem; 2 wrong use;
3 nothing could be done (no module, no right, no such file); 4 only devices or
addresses are missing that may still come.
"""


class Command:
    """One run of the tool: what it works on and how it answers."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.json: bool = options.json
        self.tree = ConfigFs()
        self.probe = Probe()
        self.reports = ProcFs()

    def say(self, text: str) -> None:
        """To people."""
        if not self.json:
            print(text)

    def answer(self, data: dict[str, Any]) -> None:
        """To programs."""
        if self.json:
            print(json.dumps(data, indent=2, sort_keys=True))

    def report(self, failures: Sequence[Failure]) -> None:
        """Each on a line of its own, on stderr."""
        for failure in failures:
            complain(failure.why)

    def save(self) -> int:
        """nvmftcli save [FILE]"""
        self.tree.require()
        lost = save(self.tree, self.options.file)
        for text in lost:
            complain(f"warning: {text}")
        self.say(f"saved to {self.options.file}")
        self.answer({"file": self.options.file, "warnings": lost})
        return errors.OK

    def restore(self) -> int:
        """nvmftcli restore [FILE]"""
        options = self.options
        if not os.path.exists(options.file) and options.if_exists:
            self.say(f"{options.file} is not there: nothing to restore")
            self.answer({"changes": [], "failures": []})
            return errors.OK
        config = load(options.file)
        self.tree.require()
        if options.dry_run:
            changes = compare(self.tree, options.file)
            for text in changes:
                self.say(text)
            self.answer({"changes": changes, "failures": []})
            return errors.OK
        outcome = restore(self.tree, self.probe, options.file, options.wait, options.keep, complain)
        self.report(outcome.failures)
        self.say(f"{options.file}: {len(config.subsystems)} subsystems, {len(config.ports)} ports; "
                 f"{len(outcome.done)} changes made, {len(outcome.failures)} failed")
        self.answer(outcome.as_json())
        return outcome.status()

    def clear(self) -> int:
        """nvmftcli clear"""
        if not self.tree.loaded():
            self.answer({"changes": [], "failures": []})
            return errors.OK        # without the module there is nothing
        with locked():
            apply = clear(self.tree, self.probe)
        self.report(apply.failures)
        self.say(f"{len(apply.done)} changes made, {len(apply.failures)} failed")
        self.answer({"changes": apply.done,
                     "failures": [each.as_json() for each in apply.failures]})
        return errors.FAILED if apply.failures else errors.OK

    def saved(self) -> Config | None:
        """What the default file has."""
        return load(self.options.config) if os.path.exists(self.options.config) else None

    def check(self) -> int:
        """nvmftcli check [FILE]"""
        options = self.options
        if options.file:
            config = load(options.file)
            findings = []
            self.say(f"{options.file}: {len(config.hosts)} hosts, {len(config.subsystems)} "
                     f"subsystems, {len(config.ports)} ports: well formed")
        else:
            self.tree.require()
            config = read_config(self.tree)
            findings = Check(config, self.probe).run()
            findings += check_saved(config, self.saved(), options.config, self.probe)
            for finding in findings:
                self.say(finding.text())
            if not any(finding.grave for finding in findings):
                self.say("no problems found")
        self.answer({"findings": [finding.as_json() for finding in findings]})
        return errors.FAILED if any(finding.grave for finding in findings) else errors.OK

    def export(self) -> int:
        """nvmftcli export DEVICE"""
        options = self.options
        wish = Wish(options.device, options.nqn, options.host, options.addr, options.port,
                    options.as_is, options.force)
        self.tree.require()
        with locked():
            saved = None if options.no_save else self.saved()
            made = Exporter(self.tree, self.probe, wish).run()
            if not options.no_save:
                if saved is None:
                    saved = read_config(self.tree)
                else:
                    add_to(saved, self.tree, made)
                store(options.config, saved)
        if made.device != wish.device:
            self.say(f"{wish.device} is exported as {made.device}, a name that stays")
        self.say(f"{made.device} is namespace {made.nsid} of {made.nqn}, on port {made.port}")
        if not options.no_save:
            self.say(f"saved to {options.config}")
        if read_config(self.tree).subsystems[made.nqn].attrs.get("attr_allow_any_host") == "1":
            complain("warning: any host that reaches the port may use it "
                     "(--host NQN names those that may)")
        self.say(f"On the host:\n    {made.connect()}")
        self.answer(made.as_json() | {"saved": None if options.no_save else options.config})
        return errors.OK

    def unexport(self) -> int:
        """nvmftcli unexport WHAT"""
        options = self.options
        self.tree.require()
        with locked():
            running = read_config(self.tree)
            saved = None if options.no_save else self.saved()
            gone = find(running, self.probe, options.what)
            also = find(saved, self.probe, options.what) if saved else []
            if not gone and not also and options.what not in running.subsystems:
                raise not_found(options.what)
            names = {nqn for nqn, _ in gone + also} | ({options.what} & set(running.subsystems))
            for nqn in sorted(names):
                remove_from(running, nqn, [nsid for name, nsid in gone if name == nqn])
                if saved:
                    remove_from(saved, nqn, [nsid for name, nsid in gone + also if name == nqn])
            apply = Apply(self.tree, self.probe, running)
            apply.run()
            if saved and not apply.failures:
                store(options.config, saved)
        self.report(apply.failures)
        for nqn, nsid in sorted(set(gone + also)):
            self.say(f"namespace {nsid} of {nqn} is no longer exported")
        self.answer({"changes": apply.done,
                     "failures": [each.as_json() for each in apply.failures]})
        return errors.FAILED if apply.failures else errors.OK

    def show(self) -> int:
        """nvmftcli show: the running configuration as a file would have it."""
        self.tree.require()
        print(jsonconf.to_text(read_config(self.tree)), end="")
        return errors.OK


def complain(text: str) -> None:
    """On stderr."""
    print(f"nvmftcli: {text}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="nvmftcli", description=__doc__, epilog=EPILOG,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"nvmftcli {VERSION}")
    top.add_argument("--json", action="store_true", help="answer in JSON")
    top.add_argument("--config", default=os.environ.get("NVMFT_CONFIG", CONFIG), metavar="FILE",
                     help=f"the saved configuration (default {CONFIG})")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")

    def verb(name: str, run: Callable[[Command], int], text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS,
                         help="answer in JSON")
        sub.set_defaults(run=run)
        return sub

    sub = verb("save", Command.save, "write the running configuration to a file")
    sub.add_argument("file", nargs="?", default=None)
    sub = verb("restore", Command.restore,
               "make what runs what a file says, with no more changes than that takes")
    sub.add_argument("file", nargs="?", default=None)
    sub.add_argument("--wait", type=float, default=0, metavar="SECONDS",
                     help="for devices and addresses that are not there yet")
    sub.add_argument("--keep", action="store_true", help="remove nothing that the file has not")
    sub.add_argument("--dry-run", action="store_true", help="only say what would change")
    sub.add_argument("--if-exists", action="store_true", help="that there is no file is no error")
    verb("clear", Command.clear, "remove the whole running configuration (not the file)")
    sub = verb("check", Command.check, "say what is configured but cannot be reached, and what to "
               "do; or whether a file is well formed")
    sub.add_argument("file", nargs="?", default=None)
    sub = verb("export", Command.export, "export a disk, in one step, and save that")
    sub.add_argument("device", help="a block device, best by a name in /dev/disk/by-id or of LVM")
    sub.add_argument("--nqn", help="the subsystem, made if need be (default: one per device)")
    sub.add_argument("--host", action="append", default=[], metavar="NQN",
                     help="a host that may connect (repeatable; default: any may)")
    sub.add_argument("--addr", metavar="ADDRESS", help="listen there (default: everywhere)")
    sub.add_argument("--port", default="4420", metavar="PORT", help="TCP port (default 4420)")
    sub.add_argument("--as-is", action="store_true", help="take the path as it is given")
    sub.add_argument("--force", action="store_true", help="though the device is in use here")
    sub.add_argument("--no-save", action="store_true", help="until the next reboot only")
    sub = verb("unexport", Command.unexport, "take an export back, and what was there for it only")
    sub.add_argument("what", help="a device, an NQN, or NQN/NSID")
    sub.add_argument("--no-save", action="store_true", help="until the next reboot only")
    verb("show", Command.show, "print the running configuration as JSON")
    observe.add_verbs(verb)
    return top


def options_of(argv: Sequence[str]) -> tuple[argparse.Namespace | None, list[str]]:
    """A verb's options; or, where the words are for the shell, the words."""
    before: list[str] = []
    words = list(argv)
    while words and words[0] in ("--json", "--config"):
        before += words[:1 + (words[0] == "--config")]
        del words[:1 + (words[0] == "--config")]
    if not words or words[0].startswith("/") or words[0] in WORDS:
        return None, before + words
    options = parser().parse_args(argv)
    if options.verb in ("save", "restore") and options.file is None:
        options.file = options.config
    return options, []


def for_the_shell(words: Sequence[str]) -> int:
    """What the interactive shell understands."""
    early = argparse.ArgumentParser(prog="nvmftcli", add_help=False, allow_abbrev=False)
    early.add_argument("--json", action="store_true")
    early.add_argument("--config", default=os.environ.get("NVMFT_CONFIG", CONFIG))
    options, rest = early.parse_known_args(words)
    try:
        from .shell import run_shell
    except ImportError as why:
        raise Unable(f"the shell needs the package python3-configshell-fb ({why})") from why
    return run_shell(rest, options.config, options.json)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        options, words = options_of(argv)
        if options is None:
            return for_the_shell(words)
        return int(options.run(Command(options)))
    except Unable as why:
        return give_up(argv, str(why), errors.UNABLE)
    except Failed as why:
        return give_up(argv, str(why), errors.FAILED)
    except PermissionError as why:
        return give_up(argv, f"{why.filename}: {why.strerror} (are you root?)", errors.UNABLE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return errors.FAILED
    except KeyboardInterrupt:
        return 130


def give_up(argv: Sequence[str], why: str, status: int) -> int:
    """The last word of a run that came to nothing."""
    complain(why)
    if "--json" in argv:
        print(json.dumps({"error": why, "status": status}))
    return status
