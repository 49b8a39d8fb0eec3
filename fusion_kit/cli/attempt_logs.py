"""What the tasks of a run printed, read from the folders of their attempts."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.cli.project import Project
from fusion_kit.cli.style import harmless, last_overwrite
from fusion_kit.core.secrets import Mask, MaskedStream
from fusion_kit.core.task import Task
from fusion_kit.processes import tail

STREAMS = {"stdout": "out.log", "stderr": "err.log"}

_CHUNK_BYTES = 1 << 20
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


def folder_of(project: Project, task: Task) -> Path | None:
    """Return the folder of a task's last attempt; None where there was none."""
    return project.attempt_folder(task.run, task.id, task.attempts) if task.attempts else None


@dataclass(slots=True)
class Follower:
    """Reads the output of one attempt as it grows; a line is handed out once it is whole."""

    task: str
    number: int
    folder: Path
    mask: Mask = field(default_factory=Mask)
    _offsets: dict[str, int] = field(default_factory=dict)
    _masked: dict[str, MaskedStream] = field(default_factory=dict)

    def new_lines(self, *, at_end: bool = False) -> Iterator[LogLine]:
        """Yield the lines written since the last call; at the end also one without a newline."""
        for stream, name in STREAMS.items():
            while True:
                found, offset = tail.lines(self.folder / name, self._offsets.get(stream, 0), final=at_end)
                self._offsets[stream] = offset
                if not found:
                    break
                yield from (LogLine(self.task, self.number, stream, self._shown(line)) for line in found)

    def last_lines(self, count: int) -> list[LogLine]:
        """Return the last `count` whole lines of each stream written by now, and go on behind them."""
        kept = {stream: deque[LogLine](maxlen=count) for stream in STREAMS}
        for line in self.new_lines():
            kept[line.stream].append(line)
        return [line for lines in kept.values() for line in lines]

    def new_bytes(self, *, at_end: bool = False) -> Iterator[bytes]:
        """Yield what was written since the last call as it is, but for secrets."""
        for stream, name in STREAMS.items():
            masked = self._masked.setdefault(stream, self.mask.stream())
            while chunk := _chunk(self.folder / name, self._offsets.get(stream, 0)):
                self._offsets[stream] = self._offsets.get(stream, 0) + len(chunk)
                yield masked.feed(chunk)
            if at_end:
                yield masked.feed(b"", final=True)

    def _shown(self, line: tail.Line) -> str:
        """Of a line that is too long the text is its beginning, which may end within a secret."""
        return line.text if line.spilled is None else self.mask.stream().feed(line.text.encode()).decode()


def last_lines(task: str, number: int, folder: Path, count: int) -> list[LogLine]:
    """Return the last `count` lines of an attempt: those of its output, then those of its errors."""
    found = [
        LogLine(task, number, stream, line)
        for stream, name in STREAMS.items()
        for line in tail.last_lines(folder / name, count)
    ]
    return found[-count:] if count else []


def last_file_lines(path: Path, count: int) -> list[str]:
    """Return the last `count` lines of a file that a program printed; none where it is gone."""
    return tail.last_lines(path, count)


def latest(folder: Path) -> str:
    """Return the last line with something in it, as one harmless line; JSON is shown as the text inside it."""
    for name in STREAMS.values():
        for line in reversed(tail.last_lines(folder / name, 5, limit_bytes=1 << 16)):
            text = " ".join(harmless(_spoken(last_overwrite(line))).split())
            if text:
                return text
    return ""


def _chunk(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_CHUNK_BYTES)
    except FileNotFoundError:
        return b""


def _spoken(line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        found = json.loads(line)
    except ValueError:
        return line
    return next((str(found[name]) for name in _TELLING if isinstance(found.get(name), str) and found[name]), line)
