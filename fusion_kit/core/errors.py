"""The base of every error a caller may want to catch.

An error is a class: its docstring is what the person reads, its facts are data, its `hint` shows the way out.
Exit codes and HTTP statuses live in two tables at the edges, never here.
"""

from __future__ import annotations

import re
from typing import ClassVar

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class FusionError(Exception):
    """Something went wrong."""

    hint: ClassVar[str] = ""

    def __init__(self, **facts: object) -> None:
        """Fill the class's sentence with `facts`, which stay readable as data."""
        self.facts = facts
        sentence = " ".join((type(self).__doc__ or "").split()).format(**facts)
        super().__init__(sentence.removesuffix(".") if sentence.endswith("?.") else sentence)

    @property
    def code(self) -> str:
        """The stable name programs compare: the class's name in kebab case."""
        return _WORD_START.sub("-", type(self).__name__).lower()

    @property
    def way_out(self) -> str:
        """The hint with this error's facts filled in; empty where there is none."""
        return self.hint.format(**self.facts)


class UsageError(FusionError):
    """What was asked cannot be done as it was asked; nothing was started or changed."""


class NotFound(UsageError):
    """There is no {kind} {name!r}."""


class IllegalMove(FusionError):
    """The {kind} cannot go from {old} to {new}."""


class GroupBusy(FusionError):
    """The concurrency group {group!r} is taken by run {run}."""

    hint = "Wait for it (`fusion-kit status {run}`), or stop it with `fusion-kit cancel {run}`."


class BadId(UsageError):
    """{name!r} cannot be the id of a {kind}."""

    hint = "Use 1 to 64 lower-case letters, digits, '-' and '_', beginning with a letter or digit."


class MergeRefusal(FusionError):
    """The work could not be merged."""
