"""What the tasks of a run printed, read from the folders of their attempts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.cli.project import Project
from fusion_kit.cli.style import last_overwrite
from fusion_kit.core.task import Task

STREAMS = {"stdout": "out.log", "stderr": "err.log"}

_TAIL_BYTES = 64 * 1024
_WIDEST_TAIL_BYTES = 16 * 1024 * 1024
_TELLING = ("text", "message", "result", "error")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a task's output; `number` is the attempt."""

    task: str
    number: int
    stream: str
    text: str

    def as_dict(self) -> dict[str, object]:
        """Return the line as JSON tells it."""
        return {"task": self.task, "attempt": self.number, "stream": self.stream, "text": self.text}


def folder_of(project: Project, task: Task, number: int | None = None) -> Path | None:
    """Return the folder of an attempt, by default the last; None where there was none."""
    wanted = number or task.attempts
    return project.attempt_folder(task.run, task.id, wanted) if wanted else None


@dataclass(slots=True)
class Follower:
    """Reads the output of one attempt as it grows; a line is handed out once it is whole."""

    task: str
    number: int
    folder: Path
    _offsets: dict[str, int] = field(default_factory=dict)
    _rests: dict[str, bytes] = field(default_factory=dict)

    def new_lines(self, *, at_end: bool = False) -> Iterator[LogLine]:
        """Yield the lines written since the last call; at the end also one without a newline."""
        for stream, name in STREAMS.items():
            for line in self._grown(stream, self.folder / name, at_end=at_end):
                yield LogLine(self.task, self.number, stream, line.decode("utf-8", "replace").removesuffix("\r"))

    def skip_to_last(self, count: int) -> None:
        """Begin with the last `count` whole lines of each stream."""
        for stream, name in STREAMS.items():
            path = self.folder / name
            if path.is_file():
                self._offsets[stream] = _offset_of_last(path, count)

    def _grown(self, stream: str, path: Path, *, at_end: bool) -> Iterator[bytes]:
        while chunk := _chunk(path, self._offsets.get(stream, 0)):
            self._offsets[stream] = self._offsets.get(stream, 0) + len(chunk)
            *whole, rest = (self._rests.pop(stream, b"") + chunk).split(b"\n")
            self._rests[stream] = rest
            yield from whole
        if at_end and self._rests.get(stream):
            yield self._rests.pop(stream)


def last_lines(task: str, number: int, folder: Path, count: int) -> list[LogLine]:
    """Return the last `count` lines of an attempt: those of its output, then those of its errors."""
    found = [
        LogLine(task, number, stream, line) for stream, name in STREAMS.items() for line in _tail(folder / name, count)
    ]
    return found[-count:] if count else []


def latest(folder: Path) -> str:
    """Return the last line with something in it, as one harmless line; JSON is shown as the text inside it."""
    for name in STREAMS.values():
        for line in reversed(_tail(folder / name, 5)):
            text = _spoken(last_overwrite(line)).strip()
            if text:
                return text
    return ""


def _chunk(path: Path, offset: int, limit_bytes: int = 1 << 20) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit_bytes)
    except FileNotFoundError:
        return b""


def _tail(path: Path, count: int) -> list[str]:
    """The last lines; of a line longer than the window only its end."""
    try:
        data = _end_of(path, count)
    except FileNotFoundError:
        return []
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    return [line.decode("utf-8", "replace").removesuffix("\r") for line in lines[-count:]] if count else []


def _end_of(path: Path, count: int) -> bytes:
    """The end of a file that holds its last `count` lines, read backwards in growing windows."""
    window = _TAIL_BYTES
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        while True:
            file.seek(max(size - window, 0))
            data = file.read(window)
            if window >= size or data.count(b"\n") > count or window >= _WIDEST_TAIL_BYTES:
                return data
            window *= 4


def _offset_of_last(path: Path, count: int) -> int:
    data = _end_of(path, count)
    lines = data.split(b"\n")
    kept = b"\n".join(lines[-count - 1 :]) if count else lines[-1]
    return path.stat().st_size - len(kept)


def _spoken(line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        found = json.loads(line)
    except ValueError:
        return line
    return next((" ".join(str(found[name]).split()) for name in _TELLING if found.get(name)), line)
