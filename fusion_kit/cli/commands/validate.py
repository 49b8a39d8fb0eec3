"""`fusion-kit validate [FILES]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusion_kit.cli import exit_codes
from fusion_kit.cli.session import session_of
from fusion_kit.cli.style import green

if TYPE_CHECKING:
    from fusion_kit.definitions import Problem


def command(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES", help="Files, or names of workflows; all of .fusion/ by default."),
    ] = None,
) -> int:
    """Check workflows, agents and the configuration, and print every problem with its place.

    Exits with 1 where a problem is an error; warnings alone are fine.
    """
    from fusion_kit.definitions import validate

    session = session_of(ctx)
    root = session.root()
    problems = validate([_meant(session.folder / file, root) for file in files or []], root)
    session.show.listing([problem.as_dict() for problem in problems], _lines(problems))
    return exit_codes.FAILED if any(problem.is_error for problem in problems) else exit_codes.SUCCESS


def _meant(file: Path, root: Path) -> Path:
    """Return the file of a workflow that was meant by its name, as `run` takes it; any other path as it is."""
    from fusion_kit.definitions import find_workflows

    if file.exists():
        return file
    return next((found for found in find_workflows(root) if found.stem == file.name), file)


def _lines(problems: list[Problem]) -> list[str]:
    from fusion_kit.definitions import render

    errors = sum(problem.is_error for problem in problems)
    warnings = len(problems) - errors
    summary = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}" if problems else green("all good")
    return [*(render(problem) + "\n" for problem in problems), summary]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
