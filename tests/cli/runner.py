"""The command line called in this process, with everything a person would see caught."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion_kit.cli.main import call
from fusion_kit.cli.project import Bootstrap, Projects

SERVICES = ("GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "FUSION_RUN_ID", "FUSION_TASK_ID")


@dataclass(frozen=True)
class Seen:
    """What came out of one call."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)

    @property
    def records(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Caught(io.TextIOWrapper):
    """A stream as a program has it: text above bytes."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal

    def text(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


def cli(
    *words: str | Path, projects: Projects | None = None, env: Mapping[str, str] | None = None, terminal: bool = False
) -> Seen:
    """Call the command line with `words`, a clean environment, and streams that are a terminal or a pipe."""
    out, err = Caught(is_terminal=terminal), Caught(is_terminal=terminal)
    with _environment(env or {}), _streams(out, err):
        code = call([str(word) for word in words], projects or Bootstrap())
    return Seen(code, out.text(), err.text())


@contextlib.contextmanager
def _streams(out: Caught, err: Caught) -> Iterator[None]:
    old = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        sys.stdout, sys.stderr = old


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """Nothing of whoever runs the tests leaks in: no CI, no colours, 80 columns."""
    old = dict(os.environ)
    for name in ("CI", "NO_COLOR", "TERM", "COLUMNS", "LINES", "FORCE_COLOR", *SERVICES):
        os.environ.pop(name, None)
    os.environ.update({"COLUMNS": "80", "LINES": "24", "TERM": "xterm", **env})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)
