"""A write in the making: whole batches, each checked against the rows, chained behind a place in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fusion_kit.core.errors import FusionError
from fusion_kit.core.events import AnyFact, Draft, Event, data_of, fact_from
from fusion_kit.persistence.lines import Line, line_of, sealed
from fusion_kit.persistence.rows import Rows
from fusion_kit.persistence.segments import Position

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all events of one process share; `mask` hides known secrets in any text."""

    project: str
    source: str
    mask: Mask | None = None


def masked(value: object, mask: Mask) -> object:
    """Return a JSON value with every text in it masked, names included."""
    if isinstance(value, str):
        return mask(value) if type(value) is str else value
    if isinstance(value, Mapping):
        return {mask(str(name)): masked(inner, mask) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, mask) for inner in value]
    return value


def _masked_fact(fact: AnyFact, mask: Mask) -> AnyFact:
    data = {name: masked(value, mask) for name, value in data_of(fact).items()}
    return fact_from(fact.type, fact.version, data)


class Page:
    """Batches to be written with one call; one that is refused leaves no trace on the others."""

    def __init__(self, letterhead: Letterhead, rows: Rows, position: Position, ts: str) -> None:
        """Begin behind `position`; every event gets the time `ts`."""
        self.end = position
        self.lines: list[Line] = []
        self._letterhead = letterhead
        self._rows = rows
        self._ts = ts
        self._parts: list[bytes] = []

    @property
    def data(self) -> bytes:
        """The bytes to write."""
        return b"".join(self._parts)

    def add(self, drafts: Sequence[Draft]) -> list[Event]:
        """Add one batch, all or none; raises `IllegalMove`, `OrphanEvent`, `EventTooLarge`, `UnwritableEvent`."""
        mark = self._rows.done
        try:
            lines = [self._line(draft, self.end.seq + place) for place, draft in enumerate(drafts, 1)]
            parts, crc = self._sealed(lines)
        except FusionError:
            self._rows.undo_to(mark)
            raise
        first, offset, seq, _ = self.end
        self.end = Position(first, offset + sum(map(len, parts)), seq + len(lines), crc)
        self._parts += parts
        self.lines += lines
        return [line.event for line in lines]

    def _line(self, draft: Draft, seq: int) -> Line:
        head, fact = self._letterhead, draft.fact
        if head.mask:
            fact = _masked_fact(fact, head.mask)
        event = Event(seq, self._ts, fact, head.project, draft.run, draft.task, draft.attempt, draft.agent, head.source)
        self._rows.apply(event, is_new=True)
        return line_of(event)

    def _sealed(self, lines: list[Line]) -> tuple[list[bytes], int]:
        crc, parts = self.end.crc, []
        for rest, line in zip(range(len(lines) - 1, -1, -1), lines, strict=True):
            raw, crc = sealed(line, crc, rest)
            parts.append(raw)
        return parts, crc
