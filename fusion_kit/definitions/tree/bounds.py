"""How large a file of definitions may be, also once its aliases are expanded; what is over is refused at once."""

from __future__ import annotations

from dataclasses import dataclass

DEPTH = 50
EVENTS = 1_000_000
EXPANDED_NODES = 1_000_000
EXPANDED_CHARACTERS = 16 << 20


class Unreadable(Exception):
    """The file cannot be read any further; lines and columns count from 0."""

    def __init__(self, line: int, column: int, code: str, message: str, end: int | None = None) -> None:
        """Say where and what."""
        super().__init__(message)
        self.line, self.column, self.code, self.message, self.end = line, column, code, message, end


@dataclass(slots=True)
class Size:
    """What has been read so far, aliases expanded; without aliases the bounds of bytes and events hold it."""

    nodes: int = 0
    characters: int = 0

    def grow(self, nodes: int, characters: int, line: int, column: int) -> None:
        """Count more of the file; raises `Unreadable` when it is too much."""
        self.nodes += nodes
        self.characters += characters
        if self.nodes > EXPANDED_NODES or self.characters > EXPANDED_CHARACTERS:
            raise Unreadable(line, column, "yaml-bomb", "the file becomes too large once its aliases are expanded")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What an anchored node adds wherever it is named: its size, and how many levels deep it goes."""

    nodes: int
    characters: int
    height: int
