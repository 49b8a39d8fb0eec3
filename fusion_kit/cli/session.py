"""One call of the command line: what was chosen for every command, where to print, and the way into the project."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion_kit.cli.output import Output
from fusion_kit.cli.project import Project, Projects
from fusion_kit.cli.settings import Mode, Settings
from fusion_kit.core.errors import UsageError

if TYPE_CHECKING:
    import typer

    from fusion_kit.core.run import Run
    from fusion_kit.core.task import Task

    Told = Callable[[Project, Run, Sequence[Task]], None]  # a run has ended or stopped


class NoSuchFolder(UsageError):
    """There is no folder {path}."""

    hint = "-C names the folder to work in; it must exist."


class NoDocument(UsageError):
    """A stream cannot be one JSON document."""

    hint = "Use -o jsonl: one document a line."


class Session:
    """Handed to every command as its context's `obj`."""

    def __init__(self, projects: Projects, settings: Settings) -> None:
        """Begin with what is known before the command line is parsed."""
        self.projects = projects
        self.settings = settings
        self.show = Output(settings)
        self.is_parsed = False
        self.on_end: list[Told] = []
        self.on_failure: list[Callable[[BaseException], None]] = []

    def choose(self, given: dict[str, Any]) -> None:
        """Take over global options where they were given."""
        self.settings = self.settings.with_given(given)
        self.show.settings = self.settings

    @property
    def folder(self) -> Path:
        """The folder to work in: `-C`, or the present one; raises `NoSuchFolder`."""
        chosen = self.settings.directory or Path.cwd()
        if not chosen.is_dir():
            raise NoSuchFolder(path=chosen)
        return chosen.absolute()

    def root(self) -> Path:
        """Return the project's folder; raises `NoProject`."""
        return self.projects.find(self.folder)

    def project(self) -> Project:
        """Open the project; raises `NoProject`."""
        return self.projects.open(self.root())

    def workflow(self, text: str) -> str:
        """Return a workflow's name as it is, a path as seen from the project: a person means it from where they are."""
        path = self.folder / text
        if not path.is_file():
            return text
        path, root = path.resolve(), self.root().resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    @property
    def may_ask(self) -> bool:
        """Whether there is a person at this terminal who may be asked something."""
        return not self.settings.no_input and not os.environ.get("CI") and sys.stdin is not None and sys.stdin.isatty()

    @property
    def may_wait(self) -> bool:
        """Whether a run may wait for a person, because one can read here what it waits for."""
        unseen = self.show.is_silent or self.show.is_for_programs or bool(os.environ.get("CI"))
        return not self.settings.no_input and not unseen and self.show.err.isatty()

    def refuse_document(self) -> None:
        """Raise `NoDocument` where one document was asked for of what has no end or is a format of its own."""
        if self.settings.output is Mode.JSON:
            raise NoDocument

    def command(self, *words: str) -> str:
        """Return the exact command a person can type next, with the same `-C`."""
        where = ["-C", str(self.settings.directory)] if self.settings.directory else []
        return shlex.join(["fusion-kit", *where, *words])

    def there(self, command: str) -> str:
        """Return a shell command of another program so that it works in the folder of `-C`."""
        where = self.settings.directory
        return f"cd {shlex.quote(str(where))} && {command}" if where else command


def session_of(ctx: typer.Context) -> Session:
    """Return the session of a command's context."""
    session = ctx.obj
    if not isinstance(session, Session):
        raise TypeError(session)
    return session
