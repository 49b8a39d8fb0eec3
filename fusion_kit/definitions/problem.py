"""A problem in a file a person wrote: where it is, what is wrong, what was probably meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from fusion_kit.core.errors import UsageError

_WINDOW = 160  # characters of a source line that are shown


@dataclass(frozen=True, slots=True)
class Problem:
    """`line`, `column` and `end_column` count from 1; `suggestion` is the text that was probably meant."""

    file: str
    line: int
    column: int
    end_column: int
    code: str
    message: str
    suggestion: str | None = None
    severity: str = "error"  # error | warning
    source_line: str = ""

    @property
    def is_error(self) -> bool:
        """Whether nothing can be run before it is mended."""
        return self.severity == "error"

    def as_dict(self) -> dict[str, object]:
        """Return the problem as JSON tells it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "code": self.code,
            "message": self.message,
            "suggestion": self.suggestion,
            "severity": self.severity,
        }


class InvalidDefinitions(UsageError):
    """The definitions have {count}, first {first}."""

    hint = "`fusion-kit validate` shows every problem with its place."

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take every problem found; at least one of them is an error."""
        self.problems = tuple(problems)
        errors = [problem for problem in self.problems if problem.is_error]
        count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
        super().__init__(count=count, first=headline(errors[0]) if errors else "")


def headline(problem: Problem) -> str:
    """Return the problem as one line: `path:line:col: message [code]`."""
    kind = "" if problem.is_error else f"{problem.severity}: "
    meant = f'; did you mean "{problem.suggestion}"?' if problem.suggestion else ""
    return f"{problem.file}:{problem.line}:{problem.column}: {kind}{problem.message}{meant} [{problem.code}]"


def render(problem: Problem) -> str:
    """Return the problem as a person reads it: its headline, the source line and a caret below the place."""
    if not problem.source_line.strip():
        return headline(problem)
    line, column = _windowed(problem.source_line, problem.column - 1)
    length = max(1, min(problem.end_column - problem.column, len(line) - column))
    gutter = " " * len(str(problem.line))
    caret = " " * _width(line[:column]) + "^" + "~" * (_width(line[column : column + length]) - 1)
    return f"{headline(problem)}\n{gutter} |\n{problem.line} | {line}\n{gutter} | {caret}".rstrip()


def _windowed(line: str, column: int) -> tuple[str, int]:
    """Clip a very long line around the place, and make it safe to print."""
    start = 0 if len(line) <= _WINDOW else max(0, column - _WINDOW // 2)
    shown = line[start : start + _WINDOW]
    printable = "".join(
        char if char.isprintable() else " " if char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in shown
    )
    return printable.rstrip(), column - start


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
