"""Bringing the work of a run into a branch, told as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from fusion_kit.cli.answers import Merged
from fusion_kit.cli.documents import run_document
from fusion_kit.cli.exit_codes import FAILED, SUCCESS
from fusion_kit.cli.live.lines import line_of
from fusion_kit.cli.project import Project, Views
from fusion_kit.cli.session import Session
from fusion_kit.cli.settings import Mode
from fusion_kit.cli.style import dim, yellow
from fusion_kit.core.events import Event, MergeCompleted, MergeWaiting
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS


def merge_here(session: Session, project: Project, run: str, into: str | None) -> int:
    """Merge, print where the work lies now, and return the exit code."""

    def watch(event: Event) -> None:
        if session.show.settings.output is Mode.JSONL:
            session.show.record(event.as_dict())
        elif line := line_of(event):
            session.show.say(line)

    merged = asyncio.run(project.merge(run, into, watch))
    code = FAILED if merged.waiting else SUCCESS
    found = project.views.run(run)
    result = {"branch": merged.branch, "commit": merged.commit} if merged.branch else None
    document = run_document(found, project.views.tasks(run), code) | {"result": result, "waiting": merged.waiting}
    session.show.document(document, [_line(run, merged)])
    if merged.waiting:
        again = session.command("merge", run, *(["--into", into] if into else []))
        session.show.say(dim(f"next: {again}"))
    return code


def last_merge(views: Views, run: str) -> MergeCompleted | MergeWaiting | None:
    """Return what became of the work of a run when it was last merged; None where it never was."""
    kinds = (MergeCompleted.type, MergeWaiting.type)
    found = [event for kind in kinds for event in views.events(type=kind, run=run, limit=1000)[-1:]]
    fact = max(found, key=lambda event: event.seq).fact if found else None
    return fact if isinstance(fact, MergeCompleted | MergeWaiting) else None


def place_lines(run: Run, merged: MergeCompleted | MergeWaiting | None) -> Iterator[str]:
    """Yield where the work of an ended run is, as far as its own result does not say it."""
    if merged is None or run.state not in FINAL_RUNS:
        return
    if isinstance(merged, MergeWaiting):
        yield yellow(f"not merged into {merged.into}: {merged.reason}")
    elif merged.branch != run.branch:
        yield f"merged: {merged.branch} at {merged.commit[:12]}"


def _line(run: str, merged: Merged) -> str:
    if merged.branch is None:
        return f"{run} has no work to merge"
    place = f"{merged.branch} at {(merged.commit or '')[:12]}"
    return f"not merged: {merged.waiting}; the work is on {place}" if merged.waiting else f"merged: {place}"
