"""The global options, which work before and after the command."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from fusion_kit.core.errors import UsageError


class Mode(StrEnum):
    """How the result is printed; `auto` is a live tree on a terminal and plain lines elsewhere."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    JSONL = "jsonl"
    GITHUB = "github"
    QUIET = "quiet"

    @property
    def or_json(self) -> Mode:
        """JSON where nothing special was asked for."""
        return Mode.JSON if self in (Mode.AUTO, Mode.PLAIN, Mode.GITHUB) else self


class Colour(StrEnum):
    """When to use colours; `NO_COLOR` turns `auto` into `never`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person chose for every command."""

    directory: Path | None = None
    quiet: bool = False
    verbose: bool = False
    color: Colour = Colour.AUTO
    output: Mode = Mode.AUTO
    no_input: bool = False

    @property
    def is_github(self) -> bool:
        """Whether GitHub Actions reads what is printed: as asked for, or as found out."""
        is_found = self.output is Mode.AUTO and os.environ.get("GITHUB_ACTIONS") == "true"
        return self.output is Mode.GITHUB or is_found

    def with_given(self, given: dict[str, Any]) -> Settings:
        """Return these settings with those that were given (not None, not False) in their place; raises `NoChoice`."""
        meant: dict[str, Any] = {name: _MEANT.get(name, bool)(value) for name, value in given.items() if value}
        return replace(self, **meant)


class NoChoice(UsageError):
    """There is no {name} {text!r}."""

    hint = "{advice}"


def _chosen(kind: type[StrEnum], name: str) -> Callable[[str], StrEnum]:
    def chosen(text: str) -> StrEnum:
        if text in set(kind):
            return kind(text)
        close = difflib.get_close_matches(text, list(kind), n=1)
        raise NoChoice(
            name=name, text=text, advice=f"Did you mean {close[0]}?" if close else f"Choose {' | '.join(kind)}."
        )

    return chosen


_MEANT: dict[str, Callable[[Any], object]] = {
    "directory": Path,
    "color": _chosen(Colour, "--color"),
    "output": _chosen(Mode, "--output"),
}


def asked_output(words: list[str]) -> Mode:
    """Return the output a command line asks for, read without a parser: it may not even be a valid one."""
    before_dashes = words[: words.index("--")] if "--" in words else words
    found = Mode.AUTO
    for word, following in zip(before_dashes, [*before_dashes[1:], ""], strict=True):
        for text in _output_in(word, following):
            found = Mode(text) if text in set(Mode) else found
    return found


def _output_in(word: str, following: str) -> list[str]:
    if word in ("-o", "--output"):
        return [following]
    if word.startswith("--output="):
        return [word.removeprefix("--output=")]
    return [word[2:]] if word.startswith("-o") else []
