"""The event log on stdout: a page of it, as it grows, or all of it for another program."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fusion_kit.cli.live.lines import line_of
from fusion_kit.cli.project import Views
from fusion_kit.cli.session import Session
from fusion_kit.cli.settings import Mode
from fusion_kit.cli.style import dim, red, yellow
from fusion_kit.cli.words import moment
from fusion_kit.clock import SystemClock
from fusion_kit.core.events import Event
from fusion_kit.core.facts.base import Severity

_PAGE = 1000
_TICK_S = 0.1
_COLUMNS = ("seq", "ts", "type", "severity", "project", "run", "task", "attempt", "agent", "source", "v", "data")
_COLOURS: dict[Severity, Callable[[str], str]] = {
    Severity.DEBUG: dim,
    Severity.WARNING: yellow,
    Severity.ERROR: red,
    Severity.CRITICAL: red,
}


@dataclass(frozen=True, slots=True)
class EventRequest:
    """Which events: `wanted` as the views take it, at most `limit`, behind `after` (None: the last ones)."""

    wanted: Mapping[str, Any]
    limit: int
    after: int | None = None

    @staticmethod
    def of(
        views: Views,
        names: Mapping[str, str | None],
        severity: Severity | None,
        since: str | None,
        limit: int,
        after: int | None,
    ) -> EventRequest:
        """Return the request for these options; raises `NotFound` for a run there is not, and `NotATime`."""
        wanted: dict[str, Any] = {name: value for name, value in names.items() if value}
        if "run" in wanted:
            wanted["run"] = views.run(wanted["run"]).id
        if severity:
            wanted["severity"] = severity
        if since:
            wanted["since"] = moment(since, SystemClock().now())
        return EventRequest(wanted, limit, after)


def print_events(session: Session, views: Views, request: EventRequest) -> None:
    """Print one page; `next_after` continues it."""
    found = _page(views, request)
    is_whole = len(found) < request.limit
    session.show.listing(
        [event.as_dict() for event in found],
        (event_line(event) for event in found),
        next_after=None if is_whole or not found else found[-1].seq,
    )
    if not found:
        session.show.say("No event matches.")


def follow_events(session: Session, views: Views, request: EventRequest) -> None:
    """Print a page and then whatever comes, until Ctrl-C or until nobody reads any more; raises `NoDocument`."""
    session.refuse_document()
    asyncio.run(_follow(session, views, request))


def export_events(session: Session, views: Views, request: EventRequest, kind: str) -> None:
    """Print all that matches, oldest first, in a format of its own; raises `NoDocument`."""
    session.refuse_document()
    write = _csv_line if kind == "csv" else _json_line
    if kind == "csv":
        session.show.plain(",".join(_COLUMNS) + "\r\n")
    for event in _all(views, request):
        session.show.plain(write(event))
        if session.show.reader_gone:
            return


def event_line(event: Event) -> str:
    """Return one line for a person: place, time, severity, type, what it is about, what it says."""
    about = " ".join(part for part in (event.run, event.task, event.agent) if part)
    colour = _COLOURS.get(event.severity, str)
    said = (line_of(event) or "").removeprefix(f"{event.task} | ")
    return f"{event.seq:>6} {dim(event.ts)} {colour(event.type)} {about}{f': {said}' if said else ''}".rstrip()


def _page(views: Views, request: EventRequest) -> list[Event]:
    if request.after is not None:
        return views.events(after=request.after, limit=request.limit, **request.wanted)
    return _last(views, request)


def _last(views: Views, request: EventRequest) -> list[Event]:
    """The last ones that match: looked for in windows that grow backwards from the end of the log."""
    end, window = views.last_seq(), max(4 * request.limit, _PAGE)
    while True:
        start = max(end - window, 0)
        found = list(_all(views, EventRequest(request.wanted, request.limit, start)))
        if len(found) >= request.limit or start == 0:
            return found[-request.limit :]
        window *= 8


def _all(views: Views, request: EventRequest) -> Iterator[Event]:
    after = request.after or 0
    while page := views.events(after=after, limit=_PAGE, **request.wanted):
        yield from page
        after = page[-1].seq


async def _follow(session: Session, views: Views, request: EventRequest) -> None:
    clock = SystemClock()
    page, after = _page(views, request), views.last_seq()
    while not session.show.reader_gone:
        for event in page:
            _print(session, event)
            after = max(after, event.seq)
        await clock.sleep(_TICK_S)
        page = views.events(after=after, limit=_PAGE, **request.wanted)


def _print(session: Session, event: Event) -> None:
    if session.show.settings.output in (Mode.JSON, Mode.JSONL):
        session.show.record(event.as_dict())
    else:
        session.show.text([event_line(event)])


def _json_line(event: Event) -> str:
    return json.dumps(event.as_dict(), separators=(",", ":"), default=str) + "\n"


def _csv_line(event: Event) -> str:
    """A cell that a spreadsheet would take for a formula is quoted with an apostrophe."""
    row = event.as_dict()
    cells = [json.dumps(row[name], default=str) if name == "data" else str(row[name] or "") for name in _COLUMNS]
    line = io.StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell for cell in cells])
    return line.getvalue()
