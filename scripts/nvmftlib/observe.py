# SPDX-License-Identifier: GPL-2.0
"""The verbs about what goes on: sessions, terminate, top, stats."""

import argparse
import json
import shutil
import sys
from typing import TYPE_CHECKING, Callable

from . import errors, prometheus, stats, store, top
from .screen import Ended
from .sessions import as_table, chosen, in_full, measure, terminate
from .traffic import Sample
from .units import printable

if TYPE_CHECKING:
    from .cli import Command

Verb = Callable[[str, Callable[["Command"], int], str], argparse.ArgumentParser]
WORLD_READABLE = 0o644


def show_sessions(command: "Command") -> int:
    """nvmftcli sessions"""
    options = command.options
    rows = measure(command.reports, options.interval)
    rows = [row for row in rows if options.host in (None, row.get("hostnqn"))
            and options.subsystem in (None, row.get("subsys"))]
    if not rows:
        command.say("no sessions")
    elif options.long:
        for row in rows:
            command.say("\n".join(in_full(row)))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        command.say("\n".join(as_table(rows, width)))
    command.answer({"sessions": rows})
    return errors.OK


def end_sessions(command: "Command") -> int:
    """nvmftcli terminate"""
    options = command.options
    rows = chosen(Sample(command.reports, ["sessions"])["sessions"], options.session,
                  options.host, options.subsystem, options.all)
    ended = terminate(command.reports, rows)
    for row in ended:
        command.say(printable(f"ended {row['subsys']}/{row['cntlid']} of host "
                              f"{row.get('hostnqn')} at {row.get('addr')}"))
    command.answer({"terminated": ended})
    if not ended:
        raise errors.Failed("there is no such session")
    return errors.OK


def show_stats(command: "Command") -> int:
    """nvmftcli stats"""
    options = command.options
    rows = Sample(command.reports).rows
    if options.prometheus:
        text = prometheus.to_text(rows)
    elif command.json:
        text = json.dumps(rows, indent=2, sort_keys=True) + "\n"
    else:
        text = "".join(f"{line}\n" for line in stats.to_lines(rows))
    if options.output:
        store.replace(options.output, text, WORLD_READABLE)
    else:
        print(text, end="")
    return errors.OK


def show_top(command: "Command") -> int:
    """nvmftcli top"""
    options = command.options
    watch = top.Watch(command.reports, options.by, options.interval)
    if not (options.batch or options.once or command.json):
        try:
            top.interactive(watch)
        except Ended as why:
            return 128 + int(why.args[0])
        return errors.OK
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else top.BATCH_WIDTH
    endless = options.batch and not options.once
    for page in top.pages(watch, options.number or int(not endless)):
        if command.json:
            print(json.dumps(page.as_json(), sort_keys=True), flush=True)
        else:
            print("\n".join([page.summary(), *page.table(width), ""]), flush=True)
    return errors.OK


def seconds(text: str) -> float:
    """A time that can be waited for."""
    value = float(text)
    if not 0 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"not 0 to 86400 seconds: {text}")
    return value


def interval(text: str) -> float:
    """A time in which something can be measured."""
    value = seconds(text)
    if value < 0.1:
        raise argparse.ArgumentTypeError(f"less than 0.1 seconds: {text}")
    return value


def pages(text: str) -> int:
    """How many."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"less than 1: {text}")
    return value


def add_verbs(verb: Verb) -> None:
    """To the command line."""
    sub = verb("sessions", show_sessions, "say who is connected")
    sub.add_argument("--host", metavar="NQN", help="only sessions of this host")
    sub.add_argument("--subsystem", metavar="NQN", help="only sessions with this subsystem")
    sub.add_argument("--long", "-l", action="store_true", help="all of each, on lines of its own")
    sub.add_argument("--interval", type=seconds, default=0.5, metavar="SECONDS",
                     help="for which rates are measured (default 0.5; 0: no rates)")
    sub = verb("terminate", end_sessions, "end sessions; hosts may connect again")
    which = sub.add_mutually_exclusive_group(required=True)
    which.add_argument("session", nargs="?", help="SUBSYSTEM/ID as sessions shows them, or ID")
    which.add_argument("--host", metavar="NQN", help="all sessions of this host")
    which.add_argument("--subsystem", metavar="NQN", help="all sessions with this subsystem")
    which.add_argument("--all", action="store_true", help="all sessions")
    sub = verb("top", show_top, "show what goes on, again and again")
    sub.add_argument("--by", choices=top.TITLES, default=top.TITLES[0],
                     help=f"what has a line each (default {top.TITLES[0]})")
    sub.add_argument("--interval", "-d", type=interval, default=2.0, metavar="SECONDS",
                     help="between two pages (default 2)")
    sub.add_argument("--once", action="store_true", help="one page, and no terminal")
    sub.add_argument("--batch", "-b", action="store_true", help="page after page, and no terminal")
    sub.add_argument("--number", "-n", type=pages, metavar="N", help="so many pages")
    sub = verb("stats", show_stats, "print what has been counted")
    sub.add_argument("--prometheus", action="store_true",
                     help="in the text form of Prometheus")
    sub.add_argument("--output", metavar="FILE", help="replace FILE by it, as a whole")
