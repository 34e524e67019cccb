#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A person at a terminal, for tests: types what standard input says.

    type TEXT    a line           wait TEXT    until it is on the screen
    keys TEXT    without Enter    tab          that key
    shell TEXT   in a shell       end          the program has to end well

What is waited for has to come behind what was waited for before.
"""
import os
import pty
import re
import select
import subprocess
import sys
import time

SECONDS = 40
SETTLE = 0.7
COLOURS = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\a]*\a|[=>])")


class Terminal:
    """The program in a pseudo terminal."""

    def __init__(self, command: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ |= {"TERM": "xterm", "COLUMNS": "160", "LINES": "50"}
            os.execvp(command[0], command)
        self.screen = ""
        self.raw = ""

    def read(self, seconds: float) -> bool:
        """What it says; false when it is gone."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        for _ in range(data.count(b"\x1b[6n")):
            os.write(self.fd, b"\x1b[10;20R")       # where the cursor is
        self.raw += data.decode(errors="replace")
        return bool(data)

    def wait(self, text: str) -> None:
        """Until @text is there; it and what is before it are done with."""
        end = time.monotonic() + SECONDS
        while True:
            self.screen = COLOURS.sub("", self.raw)
            if text in self.screen:
                self.raw = self.screen[self.screen.index(text) + len(text):]
                return
            if not self.read(0.2) or time.monotonic() > end:
                raise SystemExit(f"no {text!r} on the screen but:\n{self.screen}")

    def type(self, text: str) -> None:
        """As a keyboard does, once nothing more comes.

        Behind a list of completions the shell asks where the cursor is, and takes
        what it reads for the answer.
        """
        while select.select([self.fd], [], [], SETTLE)[0] and self.read(0):
            pass
        os.write(self.fd, text.encode())

    def end(self) -> None:
        """It ends, and well."""
        deadline = time.monotonic() + SECONDS
        while self.read(0.2):
            if time.monotonic() > deadline:
                raise SystemExit("it does not end")
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if status:
            raise SystemExit(f"it ended with {status}:\n{self.raw}")


def main() -> None:
    terminal = Terminal(sys.argv[1:])
    for line in sys.stdin:
        word, _, text = line.strip().partition(" ")
        if word == "wait":
            terminal.wait(text)
        elif word in ("type", "keys"):
            terminal.type(text + "\r" * (word == "type"))
        elif word == "tab":
            terminal.type("\t")
        elif word == "shell":
            subprocess.run(text, shell=True, check=True)
        elif word == "end":
            terminal.end()
        elif word:
            raise SystemExit(f"{word}?")


if __name__ == "__main__":
    main()
