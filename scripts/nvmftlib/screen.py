# SPDX-License-Identifier: GPL-2.0
"""A terminal that is drawn on as a whole, and given back as it was."""

import os
import select
import shutil
import signal
import sys
import termios
import time
import tty
from types import FrameType, TracebackType
from typing import Any

from .errors import Unable

# The other screen, no cursor, no wrapping at the edge; and back.
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
HOME, LINE = "\x1b[H", "\x1b[2K"
REVERSE, PLAIN = "\x1b[7m", "\x1b[m"
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
SEQUENCE_SECONDS = 0.05
KEYS = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left", "\x1bOA": "up",
        "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left", "\x1b[5~": "page up",
        "\x1b[6~": "page down", "\x1b[H": "home", "\x1b[Z": "back tab", "\t": "tab",
        "\x03": "q", "\x1a": "suspend", "\x0c": "redraw"}


class Ended(Exception):
    """A signal asks for the end."""


class Screen:
    """Whoever leaves its block, however, leaves the terminal as it was."""

    def __init__(self) -> None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
            raise Unable("no terminal to draw on: --batch writes page after page, --once one")
        self.input = sys.stdin.fileno()
        self.output = sys.stdout.fileno()
        self.before = termios.tcgetattr(self.input)
        self.handlers: dict[int, Any] = {}
        self.wakeup = -1
        self.pipe = (-1, -1)

    def __enter__(self) -> "Screen":
        self.pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.wakeup = signal.set_wakeup_fd(self.pipe[1], warn_on_full_buffer=False)
        self.handlers = {number: signal.signal(number, self.end) for number in ENDING}
        self.handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: None)
        self.take()
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.give_back()
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self.wakeup)
        for fd in self.pipe:
            os.close(fd)

    def end(self, number: int, _frame: FrameType | None) -> None:
        """Of a signal: unwinds to __exit__."""
        raise Ended(number)

    def take(self) -> None:
        """Keys come at once and are not shown; Ctrl-C and Ctrl-Z are keys."""
        tty.setraw(self.input, termios.TCSADRAIN)
        self.write(ENTER)

    def give_back(self) -> None:
        """As it was before take()."""
        try:
            self.write(LEAVE)
            termios.tcsetattr(self.input, termios.TCSADRAIN, self.before)
        except (OSError, termios.error):
            pass    # the terminal is gone, which may be why this ends

    def suspend(self) -> None:
        """To the shell, until it is called back."""
        self.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.take()

    def write(self, text: str) -> None:
        """All of it."""
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self.output, data):]

    def size(self) -> os.terminal_size:
        """Columns and lines, now. A serial console does not know: what it is told, or 80x24."""
        found = os.get_terminal_size(self.output)
        return found if found.columns and found.lines else shutil.get_terminal_size()

    def draw(self, lines: list[str], reverse: int) -> None:
        """A whole page, as many lines as the screen has; number @reverse is set off.

        A line is erased before it is written: the cursor stays on the last column of a
        full one, and erasing would take the character there.
        """
        shown = [f"{REVERSE}{line}{PLAIN}" if number == reverse else line
                 for number, line in enumerate(lines)]
        self.write(HOME + "\r\n".join(LINE + line for line in shown))

    def key(self, until: float) -> str:
        """A key, "resize", or an empty string when the time @until has come."""
        ready = select.select([self.input, self.pipe[0]], [], [],
                              max(0.0, until - time.monotonic()))[0]
        if self.pipe[0] in ready:
            os.read(self.pipe[0], 4096)
            return "resize"
        if self.input not in ready:
            return ""
        text = os.read(self.input, 1).decode("latin-1")
        if not text:
            raise Ended(signal.SIGHUP)
        while text.startswith("\x1b") and text not in KEYS and len(text) < 8 and \
                select.select([self.input], [], [], SEQUENCE_SECONDS)[0]:
            text += os.read(self.input, 1).decode("latin-1")
        return KEYS.get(text, text)
