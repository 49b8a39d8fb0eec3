"""One attempt: one task, one agent, one workspace, one verdict. Every step can be done again after a crash."""

from __future__ import annotations

import dataclasses

from fusion_kit.coordination.contexts import environment, scope_of, text_of
from fusion_kit.coordination.execution import Execution, Work
from fusion_kit.coordination.judging import judge, stamp_of
from fusion_kit.coordination.merging import refusal
from fusion_kit.coordination.merging.resolving import SECTION, conflict_of
from fusion_kit.coordination.verdict import Verdict, error_of, refused
from fusion_kit.core.code import CommitConflict, Desk, DeskOrder
from fusion_kit.core.errors import FusionError
from fusion_kit.core.process import Job, Liveness
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Order, Usage
from fusion_kit.core.workflow import Kind, WorkspaceMode

STILL_S = 0.25  # between two looks whether a paused run goes on


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
            if not await _may_begin(execution, work):
                return Verdict(Outcome.CANCELLED, usage=Usage(0, 0, 0.0), error=error_of("stopped", "it never began"))
            await _start(execution, work, order, secret_env)
            if work.is_stopped:  # while it was being started
                await execution.tell(work.attempt, "cancel")
        ended = await execution.house.executor.wait(work.attempt)
        return await judge(execution, work, desk, order, ended)
    except CommitConflict as conflict:
        return refused(Outcome.CONFLICT, conflict)
    except FusionError as error:
        return refused(Outcome.CONTRACT, error)


async def _may_begin(execution: Execution, work: Work) -> bool:
    """Wait while the run stands still; return False where it was stopped before anything of the attempt began."""
    while execution.is_paused and not work.is_stopped:
        await execution.house.clock.sleep(STILL_S)
    return not work.is_stopped


async def _place(execution: Execution, work: Work) -> Desk | None:
    """Make the workspace ready, or find the one in which an earlier owner began."""
    if work.found is not Liveness.NEVER:
        return work.folder.desk()
    work.folder.make()
    if work.mode is WorkspaceMode.NONE or work.base is None or work.workspace is None:
        return None
    order = DeskOrder(work.workspace, work.base, work.agent.isolation, stamp_of(execution, work))
    desk = await execution.house.workspaces.prepare(order)
    work.folder.remember(desk)
    return desk


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
