"""What an ended attempt came to: what it printed is read, what it made is kept, and both are held to the contract."""

from __future__ import annotations

import dataclasses

from fusion_kit.coordination import shell_job
from fusion_kit.coordination.budgets.purse import outside_touches
from fusion_kit.coordination.contexts import environment
from fusion_kit.coordination.contract import ArtifactMissing, checked_outputs, recordable
from fusion_kit.coordination.execution import Execution, Work
from fusion_kit.coordination.merging.resolving import Unresolved, conflict_of
from fusion_kit.coordination.shell_job import ShellJob
from fusion_kit.coordination.verdict import Verdict, by_exit, error_of, refused
from fusion_kit.core.code import Desk, KeepOrder, Kept, Stamp
from fusion_kit.core.errors import FusionError
from fusion_kit.core.process import Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Order, Report, Transcript


async def judge(execution: Execution, work: Work, desk: Desk | None, order: Order, ended: Exit) -> Verdict:
    """Read what was printed, keep what was made, and hold both against the contract."""
    folder = work.folder
    transcript = Transcript(ended, folder.out, folder.err, folder.output_file)
    report = execution.house.providers.provider(order.agent).report(order, transcript)
    if report.text:
        (folder.path / "reply.txt").write_text(report.text, encoding="utf-8")
    failed = by_exit(ended) or (_reported(report, ended) if report.outcome is not Outcome.SUCCESS else None)
    keep = _keep if failed is None else _keep_of_failed
    kept = await keep(execution, work, desk, report)
    found = failed or await _hold(execution, work, desk, report, kept)
    verdict = dataclasses.replace(found, exit_code=ended.code, usage=report.usage)
    if kept is None:
        return verdict
    flags = (*kept.flags, *outside_touches(execution, work.node, kept.files))
    return dataclasses.replace(verdict, branch=work.branch if kept.changed else None, commit=kept.commit, flags=flags)


def _reported(report: Report, ended: Exit) -> Verdict:
    message = report.error_message or f"it ended with exit code {ended.code}"
    error = error_of(report.error_code or report.outcome.value, message)
    return Verdict(report.outcome, exit_code=ended.code, usage=report.usage, error=error)


async def _keep_of_failed(execution: Execution, work: Work, desk: Desk | None, report: Report) -> Kept | None:
    """A failed attempt's work is kept like any other; what may not be committed waits in its workspace for salvage."""
    try:
        return await _keep(execution, work, desk, report)
    except FusionError:
        return None


async def _keep(execution: Execution, work: Work, desk: Desk | None, report: Report) -> Kept | None:
    if desk is None or work.branch is None:
        return None
    spec, workspaces = work.node.spec, execution.house.workspaces
    said = spec.run or report.text
    title = spec.name or next(iter(said.strip().splitlines()), "") or spec.description or "done"
    stands = await workspaces.tip(work.branch) if work.number > 1 else None  # an earlier attempt's work is salvaged
    message = f"{work.node.id}: {title[:60]}"
    return await workspaces.keep(KeepOrder(desk, stamp_of(execution, work), work.branch, message, stands))


def stamp_of(execution: Execution, work: Work) -> Stamp:
    """Return who the commit of an attempt comes from."""
    return Stamp(execution.book.run.id, work.node.id, work.attempt, work.instance or work.agent.name)


async def _hold(execution: Execution, work: Work, desk: Desk | None, report: Report, kept: Kept | None) -> Verdict:
    """Return success, or the first part of the contract that does not hold."""
    spec = work.node.spec
    if (unresolved := await _unresolved(execution, work, kept)) is not None:
        return refused(Outcome.CONFLICT, unresolved)
    wanted = spec.done_when.changes
    if wanted is not None and kept is not None and kept.changed != wanted:
        if wanted:
            return Verdict(Outcome.NO_CHANGE, error=error_of("no_change", "it was to change files and changed none"))
        return Verdict(Outcome.CONTRACT, error=error_of("changed", f"it was to change nothing: {_named(kept.files)}"))
    try:
        outputs = checked_outputs(report.outputs or {}, spec.outputs, execution.house.matches)
        artifacts = _collect(execution, work, desk)
        recordable("outputs and artifacts", [outputs, artifacts])
    except FusionError as broken:
        return refused(Outcome.CONTRACT, broken)
    if spec.done_when.run is not None and not await _check_passes(execution, work, desk, spec.done_when.run):
        return Verdict(Outcome.CONTRACT, error=error_of("check_failed", f"its check failed: {spec.done_when.run}"))
    return Verdict(Outcome.SUCCESS, outputs=outputs, artifacts=artifacts)


async def _unresolved(execution: Execution, work: Work, kept: Kept | None) -> FusionError | None:
    """Return what is wrong where the task was given conflicts and left some of them."""
    conflict = conflict_of(execution, work.node.id, work.base)
    if conflict is None or kept is None:
        return None
    files = await execution.house.workspaces.unresolved(kept.commit, conflict.files)
    if not files:
        return None
    return Unresolved(files=", ".join(files), run=execution.book.run.id, task=work.node.id)


def _named(files: tuple[str, ...]) -> str:
    more = f" and {len(files) - 5} more" if len(files) > 5 else ""
    return ", ".join(files[:5]) + more


def _collect(execution: Execution, work: Work, desk: Desk | None) -> tuple[dict[str, object], ...]:
    patterns = work.node.spec.artifacts
    if not patterns:
        return ()
    root = desk.path if desk is not None else execution.house.root
    found = execution.house.artifacts.collect(root, patterns, work.folder.artifacts)
    if not found:
        raise ArtifactMissing(pattern=", ".join(patterns))
    return tuple(found)


async def _check_passes(execution: Execution, work: Work, desk: Desk | None, command: str) -> bool:
    """Run the task's own check where the work was done: a shell job in a folder of its own, without secrets."""
    folder = work.folder.path / "check"
    env, _secrets = environment(execution, work)
    cwd = desk.path if desk is not None else execution.house.root
    job = ShellJob(f"{work.attempt}-check", folder, command, cwd, env, work.node.spec.timeout_s)
    ended = await shell_job.done(execution.house, job)
    return ended.code == 0
