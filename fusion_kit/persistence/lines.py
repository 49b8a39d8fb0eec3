"""One line of the log: an event as ASCII JSON, `seq` first, then how its batch goes on, and last its link in the chain.

`n` counts the lines of the same batch that follow, so a batch that was torn in the middle is known for incomplete and
vanishes as a whole. `crc` is the CRC-32 of everything before it, seeded with the CRC of the line before: a line that
is changed, moved, doubled or missing breaks the chain.
"""

from __future__ import annotations

import json
import zlib
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

from fusion_kit.core.events import Event, data_of, event_from
from fusion_kit.persistence.errors import EventTooLarge, UnwritableEvent

LINE_LIMIT_BYTES = 256 * 1024
_SEAL = b',"crc":"'
SEAL_BYTES = len(_SEAL) + len('01234567"}\n')
_DATA = b',"data":'
_AFTER_DATA = b',"v":'


class Line(NamedTuple):
    """An event and the JSON text of its data, which the index stores as it is."""

    event: Event
    data: str


class Link(NamedTuple):
    """A verified line: what it holds, its own CRC, and how many lines of its batch follow."""

    line: Line
    crc: int
    rest: int


def _plain(value: object) -> object:
    """JSON knows dicts only; facts may hold any mapping."""
    if hasattr(value, "keys"):
        return dict(value)  # type: ignore[call-overload]
    message = f"{type(value).__name__} is not a JSON value"
    raise TypeError(message)


json_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_plain).encode


def line_of(event: Event) -> Line:
    """Return the event with its data as JSON; raises `UnwritableEvent`."""
    try:
        return Line(event, json_text(data_of(event.fact)))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableEvent(type=event.type, why=error) from None


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


def sealed(line: Line, crc: int, rest: int) -> tuple[bytes, int]:
    """Return the bytes of a line that follows one with `crc`, and its own CRC; raises `EventTooLarge`."""
    event, data = line
    fact = event.fact
    body = (
        f'{{"seq":{event.seq},"ts":"{event.ts}","type":"{fact.type}","severity":"{fact.severity.value}"'
        f',"project":{quoted(event.project)},"run":{_text(event.run)},"task":{_text(event.task)}'
        f',"attempt":{_text(event.attempt)},"agent":{_text(event.agent)},"source":{quoted(event.source)}'
        f',"data":{data},"v":{fact.version},"n":{rest}'
    ).encode("ascii")
    size_bytes = len(body) + SEAL_BYTES
    if size_bytes > LINE_LIMIT_BYTES:
        raise EventTooLarge(type=fact.type, size_bytes=size_bytes, limit_bytes=LINE_LIMIT_BYTES)
    own = zlib.crc32(body, crc)
    return b'%b,"crc":"%08x"}\n' % (body, own), own


def crc_at_end(tail: bytes) -> int | None:
    """Return the CRC with which a line ends, unverified; None if this is not the end of a line."""
    seal = tail[-SEAL_BYTES:]
    if len(seal) < SEAL_BYTES or not seal.startswith(_SEAL) or not seal.endswith(b'"}\n'):
        return None
    try:
        return int(seal[len(_SEAL) : -3], 16)
    except ValueError:
        return None


def link_of(raw: bytes, seq: int, crc: int) -> Link | None:
    """Return what a line holds if it is whole, bears `seq` and follows a line with `crc`; else None."""
    if len(raw) > LINE_LIMIT_BYTES or raw[-SEAL_BYTES:-11] != _SEAL or raw[-3:] != b'"}\n':
        return None
    body = raw[:-SEAL_BYTES]
    own = zlib.crc32(body, crc)
    if raw[-11:-3] != b"%08x" % own:
        return None
    fields = json.loads(raw.decode("ascii"))
    if fields["seq"] != seq:
        return None
    data = raw[raw.index(_DATA) + len(_DATA) : raw.rindex(_AFTER_DATA)].decode("ascii")
    return Link(Line(event_from(fields), data), own, fields["n"])
