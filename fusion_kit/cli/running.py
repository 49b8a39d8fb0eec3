"""From what was asked for to a run: looked at beforehand, run at this terminal, or left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion_kit.cli.answers import Forecast
from fusion_kit.cli.detached import Begun, detached
from fusion_kit.cli.documents import run_document
from fusion_kit.cli.exit_codes import SUCCESS
from fusion_kit.cli.failures import report
from fusion_kit.cli.given import env_from, inputs_from, secrets_from, settled
from fusion_kit.cli.live.conduct import Start, conduct
from fusion_kit.cli.project import Project, Watch
from fusion_kit.cli.reports import hide_secrets
from fusion_kit.cli.session import Session
from fusion_kit.cli.style import bold, columns, cyan, dim, green, red, yellow
from fusion_kit.cli.summary import conclude
from fusion_kit.cli.words import money_text
from fusion_kit.coordination.requests import RunRequest, StopSignal
from fusion_kit.core.errors import UsageError
from fusion_kit.core.events import Event
from fusion_kit.core.run import Run

_FORECAST = ("node", "verdict", "until", "reason", "agent", "model", "provider", "origin", "missing", "cost_bound")
_VERDICTS = {"run": green, "skip": dim, "cached": cyan, "pause": yellow, "unknown": yellow, "fail": red}


class OneSelection(UsageError):
    """--until and --only cannot be combined."""

    hint = "--until T runs T and what it needs; --only T runs T alone."


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of the command line, not yet looked at."""

    workflow: str
    inputs: tuple[str, ...] = ()
    inputs_file: Path | None = None
    env: tuple[str, ...] = ()
    secret_files: tuple[Path, ...] = ()
    max_parallel: int | None = None
    until: str | None = None
    only: str | None = None
    keep_going: bool = False
    max_cost_usd: float | None = None


def run_here(session: Session, asked: Asked, begun: Begun | None = None) -> int:
    """Run it at this terminal and return the exit code."""
    project = session.project()
    request = request_from(session, project, asked)
    hide_secrets(session, project, request.bundle, request.secrets)
    project.check(request)
    for notice in project.notices():
        session.show.warn(notice)
    ended = conduct(session, project, _starting(project, request, begun))
    return conclude(session, project, ended.run, ended.tasks, ended.exit_code)


def run_left_behind(session: Session, asked: Asked) -> int:
    """Leave it running without this terminal; return once it has begun, or with the reason why it did not."""
    run_id, code = detached(lambda begun: run_here(session, asked, begun), lambda error: report(error, session.show))
    if run_id is None:
        return code
    project = session.project()
    run = project.views.run(run_id)
    session.show.document(run_document(run, project.views.tasks(run_id), SUCCESS), [run_id])
    session.show.say(dim(f"next: {session.command('status', run_id)}"))
    return SUCCESS


def said_before(session: Session, asked: Asked) -> int:
    """Print what would become of each task, and why; writes nothing."""
    project = session.project()
    request = request_from(session, project, asked)
    forecasts = project.dry_run(request)
    limit = request.max_cost_usd if request.max_cost_usd is not None else request.bundle.workflow.limits.cost_usd
    session.show.listing([_item(forecast) for forecast in forecasts], _forecast_lines(forecasts, limit))
    return SUCCESS


def request_from(session: Session, project: Project, asked: Asked) -> RunRequest:
    """Return the request, every part of it checked; raises `UsageError`."""
    if asked.until and asked.only:
        raise OneSelection
    given = inputs_from(asked.inputs, asked.inputs_file, session.folder)
    secrets = secrets_from(asked.secret_files, session.folder)
    env = env_from(asked.env)
    bundle = project.load(session.workflow(asked.workflow))
    return RunRequest(
        bundle=bundle,
        inputs=project.checked_inputs(bundle, settled(given, bundle.workflow.inputs)),
        env=env,
        secrets=secrets,
        max_parallel=asked.max_parallel,
        until=asked.until,
        only=asked.only,
        keep_going=asked.keep_going,
        max_cost_usd=asked.max_cost_usd,
        waits=session.may_wait,
    )


def _starting(project: Project, request: RunRequest, begun: Begun | None) -> Start:
    async def start(watch: Watch, stop: StopSignal) -> Run:
        return await project.run(request, _telling(watch, begun), stop)

    return start


def _telling(watch: Watch, begun: Begun | None) -> Watch:
    """Report the run's first event to whoever waits for its begin."""
    waiting: list[Callable[[str], None]] = [begun] if begun else []

    def told(event: Event) -> None:
        if waiting and event.run:
            waiting.pop()(event.run)
        watch(event)

    return told


def _item(forecast: Forecast) -> dict[str, Any]:
    return {name: getattr(forecast, name) for name in _FORECAST}


def _forecast_lines(forecasts: Sequence[Forecast], limit: float | None) -> Iterator[str]:
    rows = [[_verdict(forecast), bold(forecast.node), _who(forecast), forecast.reason] for forecast in forecasts]
    yield from columns(rows)
    missing = [(forecast.node, name) for forecast in forecasts for name in forecast.missing]
    if missing:
        yield ""
        yield from (red(f"{node} misses {name}") for node, name in missing)
    yield from _cost_lines(forecasts, limit)
    yield dim("nothing was started or written")


def _cost_lines(forecasts: Sequence[Forecast], limit: float | None) -> Iterator[str]:
    """Tell what agents may cost in all, against what the run may."""
    costly = [one for one in forecasts if one.verdict in ("run", "unknown") and one.agent and one.provider != "shell"]
    bounds = [one.cost_bound for one in forecasts if one.cost_bound is not None]
    if bounds:
        is_open = any(one.cost_bound is None for one in costly)
        yield f"costs at most {money_text(sum(bounds))}" + (" (not every task has a limit)" if is_open else "")
    if limit is not None:
        yield f"the run may cost {money_text(limit)} in all"


def _verdict(forecast: Forecast) -> str:
    text = f"unknown until {forecast.until}" if forecast.verdict == "unknown" and forecast.until else forecast.verdict
    return _VERDICTS.get(forecast.verdict, str)(text)


def _who(forecast: Forecast) -> str:
    who = " ".join(part for part in (forecast.agent or "", forecast.model or "") if part)
    return f"{who} {dim(f'({forecast.origin})')}" if who and forecast.origin else who
