"""What reading a file collects: its problems, and the expressions found in it, each with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from fusion_kit.definitions.problem import Problem
from fusion_kit.definitions.tree.node import Mapping as MappingNode
from fusion_kit.definitions.tree.node import Node, Scalar

BAD = object()  # what a shape returns for a value it complained of

_MOST = 1000  # errors, and warnings, of one file
_GUESSES = 2000
_KEBAB_OR_CAMEL = re.compile(r"-|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(slots=True)  # one is made for each value, and a frozen one takes three times as long
class Trail:
    """Where a value stands, from the inside out; `label` says itself in a sentence."""

    label: object
    outer: Trail | None = None

    def __str__(self) -> str:
        """Return `"max" in "retry" in task "build"`."""
        return f"{self.label} in {self.outer}" if self.outer and str(self.outer) else str(self.label)


@dataclass(slots=True)
class TaskLabel:
    """A task in a sentence: by its id, or by its number where it has none."""

    node: Node
    number: int
    section: str = "tasks"

    def __str__(self) -> str:
        """Return `task "build"`, or `task 3`."""
        found = self.node.values.get("id") if isinstance(self.node, MappingNode) else None
        return f'task "{found.text}"' if isinstance(found, Scalar) else f"task {self.number}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an expression may see where it stands; `where` names the place in a sentence."""

    where: str
    contexts: frozenset[str]
    status: bool = False  # success() and its kind


@dataclass(frozen=True, slots=True)
class Found:
    """An expression, or a text that holds some; a `condition` is an expression with or without `${{ }}`."""

    node: Scalar
    trail: Trail
    allowed: Allowed
    condition: bool = False
    lone: bool = False  # it must be exactly one `${{ }}`


@dataclass(slots=True)
class Report:
    """One file being checked."""

    file: str
    text: str = ""
    problems: list[Problem] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    counts: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})  # of errors, of warnings
    lines: list[str] | None = None  # of `text`; split when the first problem needs them
    guesses: int = _GUESSES  # left; finding what was meant is slow
    unread: set[tuple[int, int]] = field(default_factory=set)  # places where YAML itself was wrong

    def add(self, node: Node, code: str, message: str, suggestion: str | None = None, *, warning: bool = False) -> None:
        """Note a problem at a node."""
        end = node.end_column if isinstance(node, Scalar) and node.end_line == node.line else None
        self.add_at(node.line, node.column, code, message, suggestion, end=end, warning=warning)

    def add_at(
        self,
        line: int,
        column: int,
        code: str,
        message: str,
        suggestion: str | None = None,
        *,
        end: int | None = None,
        warning: bool = False,
    ) -> None:
        """Note a problem at a place counted from 0; without `end` it is one character, or a word that begins there."""
        if (line, column) in self.unread or self._is_full(warning=warning):
            return
        if code.startswith("yaml-"):
            self.unread.add((line, column))
        if self.lines is None:
            self.lines = self.text.splitlines()
        source = self.lines[line] if line < len(self.lines) else ""
        if end is None:
            end = len(source.rstrip()) if source[column : column + 1] not in "{[-" else column + 1
        severity = "warning" if warning else "error"
        place = (line + 1, column + 1, max(end, column + 1) + 1)
        self.problems.append(Problem(self.file, *place, code, message, suggestion, severity, source))

    def guess(self, word: str, known: Collection[str], synonyms: Mapping[str, str] | None = None) -> str | None:
        """Return the known word that was probably meant, or None; gives up in a file where nearly all is wrong."""
        if self.guesses <= 0:
            return None
        self.guesses -= 1 + len(known) // 100
        return meant(word, known, synonyms)

    def _is_full(self, *, warning: bool) -> bool:
        """Whether a person has enough to do; warnings never crowd out errors."""
        self.counts[warning] += 1
        return self.counts[warning] > _MOST

    @property
    def has_errors(self) -> bool:
        """Whether anything found so far forbids running."""
        return any(problem.is_error for problem in self.problems)


def meant(word: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str | None:
    """Return the known word that was probably meant, or None."""
    names = list(known)
    snake = _KEBAB_OR_CAMEL.sub("_", word).lower()
    if snake in names:
        return snake
    synonym = (synonyms or {}).get(snake)
    if synonym in names:
        return synonym
    close = difflib.get_close_matches(snake, names, n=1, cutoff=0.6)
    return close[0] if close else None
