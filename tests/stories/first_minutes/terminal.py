"""A real terminal, and what a person sees on it: only what fusion-kit may do to a terminal is understood."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from tests.stories.first_minutes.newcomer import Newcomer

_PATIENCE_S = 60.0
_PIECES = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|([\r\n])|([^\x00-\x1f\x7f-\x9f]+)|(.)", re.DOTALL)


@dataclass(slots=True)
class Screen:
    """Lines of any number, a cursor, and whatever was sent that is neither text, colour nor a move to redraw."""

    columns: int
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    strange: list[str] = field(default_factory=list)
    hidden: bool = False  # the cursor
    widest: int = 0

    def show(self, text: str) -> None:
        """Take in what a program sent."""
        for found in _PIECES.finditer(text):
            parameters, final, ending, plain, other = found.groups()
            if plain is not None:
                self._print(plain)
            elif ending is not None:
                self._end(ending)
            elif final is not None:
                self._steer(parameters, final, found[0])
            elif other == "\t":
                self._print(" " * (8 - self.column % 8))
            else:
                self.strange.append(other)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")

    def _print(self, plain: str) -> None:
        for char in plain:
            size = 2 if unicodedata.east_asian_width(char) in "WF" else 1
            if self.column + size > self.columns:
                self._end("\n")
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += size
            self.widest = max(self.widest, self.column)

    def _end(self, ending: str) -> None:
        if ending == "\r":
            self.column = 0
            return
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def _steer(self, parameters: str, final: str, whole: str) -> None:
        if final == "m":
            return
        if final == "A":
            self.row = max(self.row - int(parameters or 1), 0)
        elif final == "K" and parameters == "2":
            self.lines[self.row] = ""
        elif parameters == "?25":
            self.hidden = final == "l"
        else:
            self.strange.append(whole)


@dataclass(frozen=True, slots=True)
class Watched:
    """A command as it was watched: its exit code, every picture it drew, and the screen at its end."""

    code: int
    pictures: list[str]
    screen: Screen


def watched(person: Newcomer, *words: str, columns: int, lines: int = 24, cwd: Path | None = None) -> Watched:
    """Run `fusion-kit` at a terminal of this size and look at it until it ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        person.argv(*words),
        cwd=cwd or person.folder,
        env=person.env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    giving_up = threading.Timer(_PATIENCE_S, process.kill)
    giving_up.start()
    screen, pictures, rest = Screen(columns), list[str](), b""
    try:
        while chunk := _read(ours):
            text, rest = _decoded(rest + chunk)
            screen.show(text)
            pictures.append(screen.text)
    finally:
        giving_up.cancel()
        os.close(ours)
    return Watched(process.wait(), pictures, screen)


def _read(descriptor: int) -> bytes:
    """One drawing at a time: what is sent in one go is there after a moment."""
    try:
        first = os.read(descriptor, 1 << 16)
        time.sleep(0.01)
    except OSError:  # Linux says so when the other end is closed
        return b""
    return first


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Whole characters and whole sequences; what is cut waits for the rest."""
    cut = data.rfind(b"\x1b")
    if cut >= 0 and len(data) - cut < 8 and not re.match(rb"\x1b\[\??[0-9;]*[A-Za-z]", data[cut:]):
        return data[:cut].decode(errors="replace"), data[cut:]
    try:
        return data.decode(), b""
    except UnicodeDecodeError as error:
        if error.end == len(data):
            return data[: error.start].decode(), data[error.start :]
        return data.decode(errors="replace"), b""
