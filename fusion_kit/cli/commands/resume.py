"""`fusion-kit resume RUN`."""

from __future__ import annotations

from typing import Annotated

import typer

from fusion_kit.cli.arguments import RunArgument, SecretFilesAnew
from fusion_kit.cli.ci_options import Junit, Nested, SummaryFile
from fusion_kit.cli.session import session_of


def command(
    ctx: typer.Context,
    run: RunArgument,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", metavar="USD", min=0.0, help="From now on, start nothing beyond this.")
    ] = None,
    secret_file: SecretFilesAnew = None,
    junit: Junit = None,
    summary: SummaryFile = None,
    nested: Nested = False,
) -> int | None:
    """Go on with a run that was interrupted or paused; what is done stays done, and living agents are taken over.

    A run that somebody still works on, and that stands still or waits for money, is told to go on where it is.
    """
    from fusion_kit.cli.given import secrets_from
    from fusion_kit.cli.inside_a_run import refuse_inside_a_run
    from fusion_kit.cli.live.conduct import conduct
    from fusion_kit.cli.reports import hide_secrets, report_to
    from fusion_kit.cli.resuming import goes_on_elsewhere
    from fusion_kit.cli.summary import conclude

    refuse_inside_a_run(nested=nested)
    session = session_of(ctx)
    report_to(session, junit, summary)
    project = session.project()
    name = project.views.run(run).id
    settings = {} if max_cost is None else {"max_cost_usd": max_cost}
    if goes_on_elsewhere(session, project, name, settings):
        return None
    secrets = secrets_from(secret_file or [], session.folder)
    hide_secrets(session, project, name, secrets)
    waits = session.may_wait
    ended = conduct(
        session,
        project,
        lambda watch, stop: project.resume(name, watch, stop, secrets, settings=settings, waits=waits),
        known=name,
    )
    return conclude(session, project, ended.run, ended.tasks, ended.exit_code)
