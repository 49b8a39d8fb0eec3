"""What a run is told to besides the terminal: files a person asked for, and the CI service around us."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusion_kit.cli.ended import words_of
from fusion_kit.cli.exit_codes import Interrupted
from fusion_kit.cli.project import Project
from fusion_kit.cli.session import Session
from fusion_kit.cli.summary_file import error_part, summary_parts
from fusion_kit.core.errors import FusionError, UsageError
from fusion_kit.core.run import Run
from fusion_kit.core.task import Task

if TYPE_CHECKING:
    from fusion_kit.coordination.requests import Bundle


class NoReportThere(UsageError):
    """{option} {path} cannot be written: {complaint}."""

    hint = "Name a file in a folder you may write to."


def report_to(session: Session, junit: Path | None, summary: Path | None) -> None:
    """Have the run that this command leads to told to these files and to GitHub, however it ends.

    Raises `NoReportThere` before anything starts.
    """
    reports = _Reports(session, _place(session, junit, "--junit"), _place(session, summary, "--summary"))
    session.on_end.append(reports.ended)
    session.on_failure.append(reports.failed)


def hide_secrets(session: Session, project: Project, what: Bundle | str, given: Mapping[str, str]) -> None:
    """Hide every secret of a workflow, or of the run `what`, before anything of it is shown."""
    session.show.hide(project.hidden(what, given))
    if session.settings.is_github:
        from fusion_kit.cli.github.ending import hide

        hide(session.show)


@dataclass(slots=True)
class _Reports:
    session: Session
    junit: Path | None
    summary: Path | None
    is_told: bool = False

    def ended(self, project: Project, run: Run, tasks: Sequence[Task]) -> None:
        self.is_told = True
        words = words_of(project, self.session.show.veiled)
        if self.junit:
            from fusion_kit.cli.junit import junit_of

            self._write(self.junit, junit_of(run, tasks, words))
        if self.summary:
            self._write(self.summary, "".join(summary_parts(run, tasks, words)).encode("utf-8", "replace"))
        if self.session.settings.is_github:
            from fusion_kit.cli.github.ending import leave

            leave(self.session.show, run, tasks, words)

    def failed(self, error: BaseException) -> None:
        if self.is_told:
            return
        code, text, hint = _told(error)
        page = error_part("nothing was run" if isinstance(error, UsageError) else "the run broke off", text, hint)
        if self.junit:
            from fusion_kit.cli.junit import junit_of_error

            self._write(self.junit, junit_of_error(code, text, hint))
        if self.summary:
            self._write(self.summary, page.encode("utf-8", "replace"))
        if self.session.settings.is_github:
            from fusion_kit.cli.github.ending import leave_error

            leave_error(self.session.show, error, text, page)

    def _write(self, path: Path, content: bytes) -> None:
        """What became of the run stands, whatever becomes of a report of it."""
        try:
            _replace(path, content)
        except OSError as error:
            self.session.show.warn(f"{path} could not be written: {error.strerror}")


def _place(session: Session, path: Path | None, option: str) -> Path | None:
    """Where a file will be written, once that is known to be possible."""
    if path is None:
        return None
    place = session.folder / path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoReportThere(option=option, path=path, complaint=error.strerror) from None
    if place.is_dir():
        raise NoReportThere(option=option, path=path, complaint="it is a folder")
    if not os.access(place.parent, os.W_OK):
        raise NoReportThere(option=option, path=path, complaint="its folder may not be written to")
    return place


def _told(error: BaseException) -> tuple[str, str, str]:
    if isinstance(error, FusionError):
        return error.code, str(error), error.way_out
    if isinstance(error, (KeyboardInterrupt, Interrupted)):
        return "interrupted", "It was interrupted before it began.", ""
    return "internal", f"Something went wrong inside fusion-kit: {type(error).__name__}: {error}", ""


def _replace(path: Path, content: bytes) -> None:
    """Write the file as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
