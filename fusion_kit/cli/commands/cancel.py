"""`fusion-kit cancel RUN`."""

from __future__ import annotations

import getpass

import typer

from fusion_kit.cli.arguments import RunArgument
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
) -> None:
    """Stop a run for good, from any terminal; its branches are kept."""
    from fusion_kit.cli.documents import run_document
    from fusion_kit.core.states import RunState

    session = session_of(ctx)
    project = session.project()
    name = project.views.run(run).id
    project.cancel(name, _person())
    found = project.views.run(name)
    said = "cancelled" if found.state is RunState.CANCELLED else "is being cancelled"
    session.show.document(run_document(found, project.views.tasks(name), 0), [f"{name} {said}"])


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user of that id
        return "a person"
