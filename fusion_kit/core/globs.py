"""File patterns as `hashFiles()` and ignore files have them: `*` stays in a folder, `**` is any number of folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache

_ANY = "**"


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Return whether one of the patterns fits the whole of a relative path whose folders are divided by `/`.

    `*`, `?` and `[...]` never fit a `/`; names that begin with a dot are names like others; case counts.
    `src/**` fits everything below `src`, `**/x` also `x` itself.
    """
    parts = tuple(path.split("/"))
    return any(_fits(parts, _compiled(pattern)) for pattern in patterns)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """Return one expression for each folder and name, None for `**`."""
    names = [name for name in pattern.split("/") if name not in ("", ".")]
    parts = [None if name == _ANY else re.compile(translate(name)) for name in names]
    if parts and parts[-1] is None:
        parts.append(re.compile(translate("*")))
    return tuple(part for at, part in enumerate(parts) if part is not None or parts[at - 1 : at] != [None])


def _fits(path: Sequence[str], pattern: Sequence[re.Pattern[str] | None]) -> bool:
    """Walk the path once and remember every place in the pattern it may have come to: nothing makes this slow."""
    places = _with_skips({0}, pattern)
    for name in path:
        places = _with_skips({place for at in places for place in _step(name, at, pattern)}, pattern)
    return len(pattern) in places


def _step(name: str, at: int, pattern: Sequence[re.Pattern[str] | None]) -> tuple[int, ...]:
    if at == len(pattern):
        return ()
    part = pattern[at]
    if part is None:
        return (at,)
    return (at + 1,) if part.match(name) else ()


def _with_skips(places: set[int], pattern: Sequence[re.Pattern[str] | None]) -> set[int]:
    """`**` may stand for no folder at all."""
    return places | {at + 1 for at in places if at < len(pattern) and pattern[at] is None}
