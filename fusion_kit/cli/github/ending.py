"""What a run leaves to GitHub when it is over: annotations, a summary of the step, and its outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fusion_kit.cli.ended import Words
from fusion_kit.cli.github.annotations import Annotation, annotation_lines, annotations_of
from fusion_kit.cli.github.files import append_outputs, append_summary, fitting, outputs_of
from fusion_kit.cli.github.grammar import mask
from fusion_kit.cli.output import Output
from fusion_kit.cli.summary_file import summary_parts
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task


def hide(show: Output) -> None:
    """Have the runner hide the secrets; where there is no runner to read it, the command would itself show them."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        show.verbatim([mask(value) for value in show.hidden])


def leave(show: Output, run: Run, tasks: Sequence[Task], words: Words) -> None:
    """Print the annotations, and write what GitHub gave us files for; a file that cannot be written is a warning."""
    _annotate(show, list(annotations_of(run, tasks)), f"`fusion-kit status {run.id}` shows them all")
    kept, left_out = fitting(outputs_of(run))
    _written(show, "GITHUB_OUTPUT", lambda path: append_outputs(path, kept))
    for name in left_out:
        show.warn(f"the output {name} is too large for GitHub and was left out")
    _written(show, "GITHUB_STEP_SUMMARY", lambda path: append_summary(path, summary_parts(run, tasks, words)))


def leave_error(show: Output, error: BaseException, text: str, page: str) -> None:
    """Say why there was no run: every problem of the definitions at its place, or the one sentence."""
    problems: Sequence[Any] = getattr(error, "problems", ())
    found = [_of_problem(problem) for problem in problems] or [Annotation("error", "fusion-kit", text)]
    _annotate(show, found, "`fusion-kit validate` shows them all")
    _written(show, "GITHUB_OUTPUT", lambda path: append_outputs(path, {"status": "failed"}))
    _written(show, "GITHUB_STEP_SUMMARY", lambda path: append_summary(path, [page]))


def _annotate(show: Output, annotations: Sequence[Annotation], more: str) -> None:
    show.verbatim(annotation_lines(annotations, more))


def _of_problem(problem: Any) -> Annotation:
    kind = "error" if problem.is_error else "warning"
    return Annotation(kind, problem.code, problem.message, problem.file, problem.line, problem.column)


def _written(show: Output, variable: str, write: Callable[[Path], None]) -> None:
    path = os.environ.get(variable)
    if not path:
        return
    try:
        write(Path(path))
    except OSError as error:
        show.warn(f"{variable} could not be written: {error.strerror}")
