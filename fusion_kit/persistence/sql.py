"""SQL lives in titled paragraphs of `sql/*.sql`; Python fetches it by name and never assembles it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"
_TITLE = re.compile(r"^-- :(\w+) .+\.$", re.MULTILINE)
_NUMBERED = re.compile(r"\d{4}_\w+\.sql")


@cache
def statements() -> dict[str, str]:
    """Return every paragraph by its name."""
    return {name: text for path in sorted(_FOLDER.glob("*.sql")) for name, text in _paragraphs(path)}


@cache
def version() -> int:
    """Return the version of the index: the number of its last migration."""
    return max(int(name[:4]) for name in migrations())


def migrations() -> list[str]:
    """Return the names of the migrations' files, in order; an index is never altered, only rebuilt by all of them."""
    return sorted(path.name for path in _FOLDER.glob("*.sql") if _NUMBERED.fullmatch(path.name))


def paragraphs_of(file: str) -> list[str]:
    """Return the paragraphs of one file, in order."""
    return [text for _, text in _paragraphs(_FOLDER / file)]


def _paragraphs(path: Path) -> list[tuple[str, str]]:
    _, *parts = _TITLE.split(path.read_text(encoding="utf-8"))
    return [(name, text.strip()) for name, text in zip(parts[::2], parts[1::2], strict=True)]
