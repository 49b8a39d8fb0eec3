"""`fusion-kit run WORKFLOW`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusion_kit.cli.arguments import WorkflowArgument
from fusion_kit.cli.ci_options import Junit, Nested, SummaryFile
from fusion_kit.cli.session import session_of
from fusion_kit.core.errors import UsageError

if TYPE_CHECKING:
    from fusion_kit.cli.running import Asked
    from fusion_kit.cli.session import Session

Inputs = Annotated[
    list[str] | None,
    typer.Option("-i", "--input", metavar="K=V", help="An input: k=text, k=@file or k:=json. Repeatable."),
]
InputsFile = Annotated[
    Path | None, typer.Option("--inputs-file", metavar="FILE", help="Inputs from a YAML or JSON file.")
]
Env = Annotated[
    list[str] | None, typer.Option("-e", "--env", metavar="K=V", help="A variable for every task. Repeatable.")
]
SecretFiles = Annotated[
    list[Path] | None,
    typer.Option("--secret-file", metavar="FILE", help="Secrets, one NAME=VALUE a line. Repeatable."),
]
DryRun = Annotated[bool, typer.Option("-n", "--dry-run", help="Say what would run, and why, and change nothing.")]
Jobs = Annotated[int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="How many tasks may run at once.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TASK", help="Run it and what it needs.")]
Only = Annotated[
    str | None, typer.Option("--only", metavar="TASK", help="Run it alone; its needs come from the last run.")
]
KeepGoing = Annotated[
    bool, typer.Option("-k", "--keep-going", help="After a failure, start what does not depend on it.")
]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", metavar="USD", min=0.0, help="Start nothing beyond this cost.")
]
Watch = Annotated[bool, typer.Option("-w", "--watch", help="Run it again whenever its files change.")]
Detach = Annotated[bool, typer.Option("-d", "--detach", help="Leave it running and return.")]


class NotWatched(UsageError):
    """--watch cannot be combined with {option}."""

    hint = "Leave one of them out."


def command(  # noqa: PLR0913, PLR0917 - every option of the command is one of its parameters
    ctx: typer.Context,
    workflow: WorkflowArgument,
    inputs: Inputs = None,
    inputs_file: InputsFile = None,
    env: Env = None,
    secret_file: SecretFiles = None,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    until: Until = None,
    only: Only = None,
    keep_going: KeepGoing = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
    watch: Watch = False,
    junit: Junit = None,
    summary: SummaryFile = None,
    nested: Nested = False,
) -> int:
    """Run a workflow: its agents work in Git worktrees of their own, and the result lands on a branch.

    Progress goes to stderr, the result to stdout. Ctrl-C stops it; `fusion-kit resume` goes on.
    """
    from fusion_kit.cli.inside_a_run import refuse_inside_a_run
    from fusion_kit.cli.reports import report_to
    from fusion_kit.cli.running import Asked, run_here, run_left_behind, said_before

    session = session_of(ctx)
    if watch and (dry_run or detach):
        raise NotWatched(option="--dry-run" if dry_run else "--detach")
    if not dry_run:
        report_to(session, junit, summary)
        env = [*(env or ()), *refuse_inside_a_run(nested=nested)]
    asked = Asked(
        workflow=workflow,
        inputs=tuple(inputs or ()),
        inputs_file=inputs_file,
        env=tuple(env or ()),
        secret_files=tuple(secret_file or ()),
        max_parallel=jobs,
        until=until,
        only=only,
        keep_going=keep_going,
        max_cost_usd=max_cost,
    )
    if watch:
        return _watched(session, asked, (junit, summary))
    if dry_run:
        return said_before(session, asked)
    return run_left_behind(session, asked) if detach else run_here(session, asked)


def _watched(session: Session, asked: Asked, own: tuple[Path | None, Path | None]) -> int:
    from fusion_kit.cli.watching import run_on_change

    return run_on_change(session, asked, own=own)
