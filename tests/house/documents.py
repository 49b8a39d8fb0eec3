"""Reading the documents: their files, links, headings and blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """One line after a `$`, and what the document says it prints."""

    line: str
    printed: str


def documents() -> list[Path]:
    """Return every Markdown file that a person may read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def without_blocks(text: str) -> str:
    """Return the text without its fenced blocks."""
    return _FENCE.sub("", text)


def links(path: Path) -> Iterator[str]:
    """Yield the targets of a document's links."""
    yield from _LINK.findall(without_blocks(path.read_text(encoding="utf-8")))


def anchors(path: Path) -> set[str]:
    """Return the anchors that headings make, as GitHub names them."""
    headings = _HEADING.findall(without_blocks(path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def blocks(path: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [text for name, text in _FENCE.findall(path.read_text(encoding="utf-8")) if name == language]


def commands(block: str) -> Iterator[Command]:
    """Yield the commands of a `console` block, each with the lines below it; `> ` goes on with a command."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        typed, *rest = part.splitlines()
        more = list(takewhile(lambda line: line.startswith("> "), rest))
        line = "\n".join([typed, *(each.removeprefix("> ") for each in more)])
        yield Command(line, "\n".join(rest[len(more) :]).rstrip())
