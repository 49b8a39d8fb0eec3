"""The beginning and the end of what an attempt printed, in memory that does not grow with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from fusion_kit.cli.style import last_overwrite

HEAD_LINES = 200
TAIL_LINES = 400
LINE_CHARACTERS = 2000

_LINE_BYTES = LINE_CHARACTERS * 4
_CHUNK_BYTES = 1 << 20


def excerpt(path: Path, left_out: Callable[[int], str], veiled: Callable[[str], str] = str) -> list[str]:
    """Return the first and the last lines of a log, harmless and `veiled`, with `left_out(count)` for those between.

    A file that is not there is empty. A line that is too long is cut, and says by how much at least.
    """
    head: list[bytes] = []
    tail: deque[bytes] = deque(maxlen=TAIL_LINES)
    count = 0
    try:
        with path.open("rb") as file:
            for lines in _batches(file):
                room = max(HEAD_LINES - len(head), 0)
                head.extend(lines[:room])
                tail.extend(line[:_KEPT_BYTES] for line in lines[room:][-TAIL_LINES:])
                count += len(lines)
    except FileNotFoundError:
        return []
    missing = count - len(head) - len(tail)
    between = [left_out(missing)] if missing else []
    shown = partial(_shown, veiled)
    return [*map(shown, head), *between, *map(shown, tail)]


_KEPT_BYTES = _LINE_BYTES + 1  # one more, to know that a line was longer


def _batches(file: BinaryIO) -> Iterator[list[bytes]]:
    """Yield whole lines, some at a time; of one that goes over several reads only the beginning is kept."""
    begun: bytes | None = None
    while chunk := file.read(_CHUNK_BYTES):
        first, *rest = chunk.split(b"\n")
        line = begun or b""
        line += first[: max(_KEPT_BYTES - len(line), 0)]
        if rest:
            yield [line, *rest[:-1]]
            line = rest[-1][:_KEPT_BYTES]
        begun = line if line or not rest else None
    if begun is not None:
        yield [begun]


def _shown(veiled: Callable[[str], str], line: bytes) -> str:
    """What is cut is cut after it was veiled: half a secret would not be known again."""
    text = veiled(last_overwrite(line[:_LINE_BYTES].decode("utf-8", "replace")))
    if len(line) <= _LINE_BYTES and len(text) <= LINE_CHARACTERS:
        return text
    return f"{text[:LINE_CHARACTERS]} … the rest of this line is left out"
