"""Follows a growing log: whole lines of any length, in chunks, invalid UTF-8 replaced, colours stripped on demand."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fusion_kit.processes.attempt import Pace

SPILL_BYTES = 16 << 20  # a line longer than this is kept in a file instead of in memory
_CHUNK_BYTES = 1 << 20
_PREVIEW_BYTES = 1 << 16
_LOOK_S = 0.1

# CSI, then the string kinds (OSC, DCS, PM, APC, SOS) up to BEL or ST or the line's end, then two-character escapes,
# then control characters other than tab and newline, of C1 and those that turn the direction of text too.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"
    "|(?:\x1b[\\]P^_X]|[\x9d\x90\x9e\x9f\x98])[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\\\)?"
    "|\x1b[ -/]*[0-~]?"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; a very long one lies in the file `spilled`, and `text` is its first 64 KiB."""

    text: str
    spilled: Path | None = None
    size_bytes: int = 0  # of a spilled line


def strip_ansi(text: str) -> str:
    """Return `text` without terminal sequences, links and control characters; tabs and newlines stay."""
    return _ESCAPES.sub("", text)


def lines(path: Path, offset: int = 0, *, final: bool = False) -> tuple[list[Line], int]:
    """Return whole lines from byte `offset` on, and where the next one begins; none if there is no file yet.

    With `final` an unfinished last line counts too. One call reads little; call again until there is nothing new.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return [], offset
    with file:
        file.seek(offset)
        content = file.read(_CHUNK_BYTES)
        while b"\n" not in content and len(content) < SPILL_BYTES and (more := file.read(_CHUNK_BYTES)):
            content += more
        if end := content.rfind(b"\n") + 1:
            return [Line(_text(part)) for part in content[: end - 1].split(b"\n")], offset + end
        if len(content) >= SPILL_BYTES:
            return _spill(file, offset, final=final)
    return ([Line(_text(content))], offset + len(content)) if final and content else ([], offset)


async def follow(path: Path, pace: Pace, is_over: Callable[[], bool], offset: int = 0) -> AsyncIterator[Line]:
    """Yield lines as they are written, until `is_over` and everything written by then was yielded."""
    while True:
        over = is_over()  # asked first, so that what was written before it is still read
        found, offset = lines(path, offset, final=over)
        for line in found:
            yield line
        if found:
            continue
        if over:
            return
        await pace.sleep(_LOOK_S)


def last_lines(path: Path, count: int, *, limit_bytes: int = 1 << 20) -> list[str]:
    """Return the last `count` lines, reading from the end at most `limit_bytes`; none if there is no file."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return []
    with file:
        start = file.seek(0, os.SEEK_END)
        content = b""
        while start > 0 and content.count(b"\n") <= count and len(content) < limit_bytes:
            step = min(_PREVIEW_BYTES, start)
            start -= step
            file.seek(start)
            content = file.read(step) + content
    whole = content.removesuffix(b"\n").split(b"\n") if content else []
    return [_text(line) for line in whole[-count:]] if count > 0 else []


def _text(content: bytes) -> str:
    return content.removesuffix(b"\r").decode("utf-8", "replace")


def _spill(file: BinaryIO, offset: int, *, final: bool) -> tuple[list[Line], int]:
    """Copy a line that is too long for memory to a file beside the log."""
    size_bytes, is_whole = _measure(file, offset)
    if not (is_whole or final):
        return [], offset
    spilled = Path(f"{file.name}.line-{offset}")
    file.seek(offset)
    beginning = file.read(_PREVIEW_BYTES)
    with tempfile.NamedTemporaryFile(dir=spilled.parent, delete=False) as copy:
        copy.write(beginning)
        left_bytes = size_bytes - len(beginning)
        while left_bytes and (chunk := file.read(min(_CHUNK_BYTES, left_bytes))):
            copy.write(chunk)
            left_bytes -= len(chunk)
    Path(copy.name).replace(spilled)
    return [Line(_text(beginning), spilled, size_bytes)], offset + size_bytes + is_whole


def _measure(file: BinaryIO, offset: int) -> tuple[int, bool]:
    """Return how long the line at `offset` is by now, and whether it has ended."""
    file.seek(offset)
    size_bytes = 0
    while chunk := file.read(_CHUNK_BYTES):
        if (end := chunk.find(b"\n")) >= 0:
            return size_bytes + end, True
        size_bytes += len(chunk)
    return size_bytes, False
