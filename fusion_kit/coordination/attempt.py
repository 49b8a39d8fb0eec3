"""One attempt: one task, one agent, one workspace, one verdict. Every step can be done again after a crash."""

from __future__ import annotations

import dataclasses

from fusion_kit.coordination import refusal, shell_job
from fusion_kit.coordination.contexts import environment, scope_of, text_of
from fusion_kit.coordination.contract import ArtifactMissing, checked_outputs
from fusion_kit.coordination.execution import Execution, Work
from fusion_kit.coordination.resolving import SECTION, Unresolved, conflict_of
from fusion_kit.coordination.shell_job import ShellJob
from fusion_kit.coordination.verdict import Verdict, by_exit, error_of, refused
from fusion_kit.core.code import CommitConflict, Desk, DeskOrder, KeepOrder, Kept, Stamp
from fusion_kit.core.errors import FusionError
from fusion_kit.core.process import Exit, Job, Liveness
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Order, Report, Transcript
from fusion_kit.core.workflow import Kind, WorkspaceMode


async def carry_out(execution: Execution, work: Work) -> Verdict:
    """Do the work, or go on with what an earlier owner began, and say what it came to."""
    try:
        if work.found is Liveness.NEVER and work.folder.path.exists():
            # an earlier owner came as far as the folder; whoever works there is not to lose the ground under its feet
            found = await execution.house.executor.reattach({work.attempt: work.folder.path})
            work.found = found[work.attempt]
        desk = await _place(execution, work)
        order, secret_env = _order(execution, work, desk)
        if work.found is Liveness.NEVER:
            await _start(execution, work, order, secret_env)
        ended = await execution.house.executor.wait(work.attempt)
        return await _judge(execution, work, desk, order, ended)
    except CommitConflict as conflict:
        return refused(Outcome.CONFLICT, conflict)
    except FusionError as error:
        return refused(Outcome.CONTRACT, error)


async def _place(execution: Execution, work: Work) -> Desk | None:
    """Make the workspace ready, or find the one in which an earlier owner began."""
    if work.found is not Liveness.NEVER:
        return work.folder.desk()
    work.folder.make()
    if work.mode is WorkspaceMode.NONE or work.base is None or work.workspace is None:
        return None
    order = DeskOrder(work.workspace, work.base, work.agent.isolation, _stamp(execution, work))
    desk = await execution.house.workspaces.prepare(order)
    work.folder.remember(desk)
    return desk


def _stamp(execution: Execution, work: Work) -> Stamp:
    return Stamp(execution.book.run.id, work.node.id, work.attempt, work.instance or work.agent.name)


def _order(execution: Execution, work: Work, desk: Desk | None) -> tuple[Order, dict[str, str]]:
    node, spec = work.node, work.node.spec
    env, secret_env = environment(execution, work)
    env |= refusal.variables(execution.book.tasks[node.id], work.folder)
    if spec.kind is Kind.RUN:
        prompt, agent = spec.run or "", dataclasses.replace(work.agent, options={"shell": spec.shell})
    else:
        prompt, agent = _prompt(execution, work), work.agent
    order = Order(
        agent=agent,
        prompt=prompt,
        workspace=desk.path if desk is not None else execution.house.root,
        folder=work.folder.path,
        outputs=spec.outputs,
        env=env,
        instructions=agent.instructions,
    )
    return order, secret_env


def _prompt(execution: Execution, work: Work) -> str:
    """Return what an agent is told: its task, before it the conflicts it starts from, after it what the gate said."""
    node = work.node
    asked = node.spec.prompt  # of a merge's conflict: others' words, which are no template
    if node.frame.section != SECTION:
        scope = scope_of(execution, node.frame, node)
        asked = text_of(execution.house.expressions.value(asked, scope))
    conflict = conflict_of(execution, node.id, work.base)
    return (conflict.introduction if conflict else "") + asked + refusal.told(execution.book.tasks[node.id])


async def _start(execution: Execution, work: Work, order: Order, secret_env: dict[str, str]) -> None:
    spec = work.node.spec
    _offer_inputs(execution, work)
    invocation = execution.house.providers.provider(order.agent).invocation(order)
    files = dict(invocation.files)
    if invocation.stdin is not None:
        files["stdin"] = invocation.stdin
    work.folder.write(files)
    timeouts = work.agent.timeouts
    job = Job(
        attempt=work.attempt,
        folder=work.folder.path,
        argv=invocation.argv,
        cwd=order.workspace,
        env={**order.env, **invocation.env},
        secret_env=secret_env,
        stdin=work.folder.path / "stdin" if invocation.stdin is not None else None,
        shell=spec.kind is Kind.RUN,
        timeouts=dataclasses.replace(timeouts, total_s=spec.timeout_s or timeouts.total_s),
        result_marker=invocation.result_marker,
    )
    await execution.house.executor.submit(job)


def _offer_inputs(execution: Execution, work: Work) -> None:
    """Lay the artifacts of what the task needs, and what the gate said of its earlier work, into `$FUSION_INPUTS`."""
    for need in work.node.needs:
        row = execution.book.tasks[need]
        if row.artifacts:
            source = execution.folder(need, row.attempts).artifacts
            execution.house.artifacts.offer(source, work.folder.inputs / need)
    refusal.offer(execution.book.tasks[work.node.id], work.folder)


async def _judge(execution: Execution, work: Work, desk: Desk | None, order: Order, ended: Exit) -> Verdict:
    """Read what was printed, keep what was made, and hold both against the contract."""
    folder = work.folder
    transcript = Transcript(ended, folder.out, folder.err, folder.output_file)
    report = execution.house.providers.provider(order.agent).report(order, transcript)
    decided = by_exit(ended)
    if decided is not None:
        return dataclasses.replace(decided, usage=report.usage)
    if report.text:
        (folder.path / "reply.txt").write_text(report.text, encoding="utf-8")
    if report.outcome is not Outcome.SUCCESS:
        return _reported(report, ended)
    kept = await _keep(execution, work, desk, report)
    found = await _hold(execution, work, desk, report, kept)
    branch = work.branch if kept is not None and kept.changed else None
    return dataclasses.replace(
        found,
        exit_code=ended.code,
        usage=report.usage,
        branch=branch,
        commit=kept.commit if kept is not None else None,
        flags=kept.flags if kept is not None else (),
    )


def _reported(report: Report, ended: Exit) -> Verdict:
    message = report.error_message or f"it ended with exit code {ended.code}"
    error = error_of(report.error_code or report.outcome.value, message)
    return Verdict(report.outcome, exit_code=ended.code, usage=report.usage, error=error)


async def _keep(execution: Execution, work: Work, desk: Desk | None, report: Report) -> Kept | None:
    if desk is None or work.branch is None:
        return None
    spec = work.node.spec
    said = spec.run or report.text
    title = spec.name or next(iter(said.strip().splitlines()), "") or spec.description or "done"
    order = KeepOrder(desk, _stamp(execution, work), work.branch, f"{work.node.id}: {title[:60]}", work.expected)
    return await execution.house.workspaces.keep(order)


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
