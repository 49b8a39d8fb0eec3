"""`fusion-kit retry RUN`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import RunArgument, SecretFilesAnew
from fusion_kit.cli.ci_options import Junit, Nested, SummaryFile
from fusion_kit.cli.session import session_of
from fusion_kit.core.errors import UsageError


class OneBeginning(UsageError):
    """--from and --only cannot be combined."""

    hint = "--from T does T and everything after it again; --only T does T alone."


def command(  # noqa: PLR0913, PLR0917 - every option of the command is one of its parameters
    ctx: typer.Context,
    run: RunArgument,
    from_task: Annotated[
        str | None, typer.Option("--from", metavar="TASK", help="Do it and everything after it again.")
    ] = None,
    only: Annotated[str | None, typer.Option("--only", metavar="TASK", help="Do it again, and nothing else.")] = None,
    secret_file: SecretFilesAnew = None,
    junit: Junit = None,
    summary: SummaryFile = None,
    nested: Nested = False,
) -> int:
    """Have an ended run go on: what failed, and what comes after it, is done again; the rest stays done."""
    from fusion_kit.cli.given import secrets_from
    from fusion_kit.cli.inside_a_run import refuse_inside_a_run
    from fusion_kit.cli.live.conduct import conduct
    from fusion_kit.cli.reports import hide_secrets, report_to
    from fusion_kit.cli.steering import known_task, person
    from fusion_kit.cli.summary import conclude
    from fusion_kit.coordination.requests import Again

    if from_task and only:
        raise OneBeginning
    refuse_inside_a_run(nested=nested)
    session = session_of(ctx)
    report_to(session, junit, summary)
    project = session.project()
    name = project.views.run(run).id
    for named in (from_task, only):
        if named is not None:
            known_task(name, project.views.tasks(name), named)
    secrets = secrets_from(secret_file or [], session.folder)
    hide_secrets(session, project, name, secrets)
    wanted = Again(from_task, only, person())
    waits = session.may_wait
    ended = conduct(
        session,
        project,
        lambda watch, stop: project.retry(name, watch, stop, secrets, wanted=wanted, waits=waits),
        known=name,
    )
    return conclude(session, project, ended.run, ended.tasks, ended.exit_code)
