"""Annotations: what GitHub shows beside the code and above the log, within what it shows of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fusion_kit.cli.ended import failures, message, verdict
from fusion_kit.cli.github.grammar import command, title
from fusion_kit.core.run import Run
from fusion_kit.core.states import Outcome, RunState
from fusion_kit.core.task import Task

MOST = 9  # of a kind; GitHub shows ten of a step, and the tenth says how many there are more


@dataclass(frozen=True, slots=True)
class Annotation:
    """One remark; `kind` is `error` or `warning`, lines and columns count from 1."""

    kind: str
    title: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


def annotations_of(run: Run, tasks: Sequence[Task]) -> Iterator[Annotation]:
    """Yield what is to be said of a run: its failures, and what failed and was allowed to."""
    failed = failures(tasks)
    for task in failed:
        yield _of_task("error", task)
    if run.state is RunState.FAILED and not failed:
        error = run.error or {}
        yield Annotation("error", run.workflow, str(error.get("message") or error.get("code") or "The run failed."))
    if run.state is RunState.PAUSED:
        yield Annotation("warning", f"{run.workflow} is paused", run.reason or "")
    for task in tasks:
        if task.outcome is Outcome.ALLOWED_FAILURE:
            yield _of_task("warning", task)


def annotation_lines(annotations: Sequence[Annotation], more: str) -> Iterator[str]:
    """Yield the commands; `more` says where those are that there is no room for."""
    for kind in ("error", "warning"):
        wanted = [annotation for annotation in annotations if annotation.kind == kind]
        for annotation in wanted[:MOST]:
            place = {"file": annotation.file, "line": annotation.line, "col": annotation.column}
            yield command(kind, annotation.message, **place, title=title(annotation.title))
        if len(wanted) > MOST:
            yield command(kind, f"and {len(wanted) - MOST} more; {more}", title="fusion-kit")


def _of_task(kind: str, task: Task) -> Annotation:
    error = task.error or {}
    file, line, column = error.get("file"), error.get("line"), error.get("column")
    return Annotation(
        kind,
        f"{task.id}: {verdict(task)}",
        " ".join(part for part in (message(task), str(error.get("hint") or "")) if part) or verdict(task),
        file=file if isinstance(file, str) else None,
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
    )
