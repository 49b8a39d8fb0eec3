"""Whether two lists of globs can mean a common file: the intersection of two small automata, never a search.

A glob is a path of segments. In a segment `*` is any text, `?` one character, `[a-z]` and `[!a-z]` one of a set; the
segment `**` is any number of segments. A glob that ends in `/`, or in a plain name without a dot inside (`src`,
`.github`, `Makefile`), also means everything in a folder of that name. Letters match in either case, as two names that
differ in nothing else are one file on many disks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

Chars = tuple[tuple[int, int], ...]  # ranges of code points, sorted, apart
Segment = tuple[Chars | None, ...]  # None: any text
Glob = tuple[Segment | None, ...]  # None: any number of segments

T = TypeVar("T")

_LAST = 0x10FFFF
_ANY: Chars = ((0, _LAST),)
_WILD = frozenset("*?[")
_TO_UPPER = ord("A") - ord("a")


def overlap(a: Sequence[str], b: Sequence[str]) -> bool:
    """Return whether a file can match a glob of each list."""
    return common(a, b) is not None


def common(a: Sequence[str], b: Sequence[str]) -> str | None:
    """Return the first glob of `a` that can match a file which one of `b` matches, too."""
    return next((mine for mine in a if any(meet(mine, other) for other in b)), None)


def strays(globs: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of `paths` that no glob matches."""
    known = [_parsed(glob) for glob in globs]
    return tuple(path for path in paths if not any(_glob_meet(glob, _literal(path)) for glob in known))


@lru_cache(maxsize=16_384)
def meet(a: str, b: str) -> bool:
    """Return whether a file can match both globs."""
    return a == b or _glob_meet(_parsed(a), _parsed(b))


@lru_cache(maxsize=4096)
def _parsed(glob: str) -> Glob:
    names = [name for name in glob.split("/") if name not in ("", ".")]
    if ".." in names or not names:
        return (None,)  # it may mean anything
    found: list[Segment | None] = [None if name == "**" else _segment(name) for name in names]
    last = names[-1]
    if glob.endswith("/") or not (_WILD & set(last) or "." in last[1:]):
        found.append(None)
    return tuple(found)


def _literal(path: str) -> Glob:
    return tuple(tuple(_cased(ord(char)) for char in name) for name in path.split("/") if name)


def _segment(name: str) -> Segment:
    tokens: list[Chars | None] = []
    place = 0
    while place < len(name):
        char, end = name[place], name.find("]", place + (3 if name[place + 1 : place + 2] in ("!", "^") else 2))
        if char == "[" and end > 0:
            tokens.append(_set(name[place + 1 : end]))
            place = end
        elif char == "?":
            tokens.append(_ANY)
        elif char != "*":
            tokens.append(_cased(ord(char)))
        elif not tokens or tokens[-1] is not None:
            tokens.append(None)
        place += 1
    return tuple(tokens)


def _cased(code: int) -> Chars:
    char = chr(code)
    others = {other for other in (char.lower(), char.upper()) if len(other) == 1}
    return _merged((ord(other), ord(other)) for other in {char, *others})


def _set(inside: str) -> Chars:
    negated = inside[0] in "!^"
    text = inside[negated:]
    ranges: list[tuple[int, int]] = []
    place = 0
    while place < len(text):
        is_range = text[place + 1 : place + 2] == "-" and place + 2 < len(text)
        last = text[place + 2] if is_range else text[place]
        ranges.append((ord(text[place]), ord(last)))
        place += 3 if is_range else 1
    found = _merged((min(ends), max(ends)) for ends in ranges)
    return _either_case(_complement(found) if negated else found)


def _either_case(chars: Chars) -> Chars:
    """Add the other case of every ASCII letter."""
    more = list(chars)
    for first, shift in ((ord("a"), _TO_UPPER), (ord("A"), -_TO_UPPER)):
        for low, high in chars:
            low, high = max(low, first), min(high, first + 25)
            if low <= high:
                more.append((low + shift, high + shift))
    return _merged(more)


def _merged(ranges: Iterable[tuple[int, int]]) -> Chars:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def _complement(chars: Chars) -> Chars:
    edges = [-1, *(edge for low, high in chars for edge in (low, high)), _LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((low + 1, high - 1) for low, high in gaps if low + 1 <= high - 1)


def _glob_meet(a: Glob, b: Glob) -> bool:
    return _meet(a, b, _segments_meet)


def _segments_meet(a: Segment, b: Segment) -> bool:
    return _meet(a, b, _share)


def _share(a: Chars, b: Chars) -> bool:
    return any(low <= other_high and other_low <= high for low, high in a for other_low, other_high in b)


def _meet(a: Sequence[T | None], b: Sequence[T | None], share: Callable[[T, T], bool]) -> bool:
    """Return whether both can read a common text; None reads any number of steps, `share` says it of single steps.

    Read from the end: `row[place]` says whether what is left of `a` and `b[place:]` have a text in common.
    """
    row = [all(step is None for step in b[place:]) for place in range(len(b) + 1)]
    for mine in reversed(a):
        below, row = row, [False] * (len(b) + 1)
        row[-1] = mine is None and below[-1]
        for place in range(len(b) - 1, -1, -1):
            other = b[place]
            if mine is None or other is None:  # it ends here, or reads one step more
                row[place] = below[place] or row[place + 1]
            else:
                row[place] = below[place + 1] and share(mine, other)
    return row[0]
