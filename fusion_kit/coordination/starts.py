"""From the queue to attempts: what the plan says may start is recorded, and only then begun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fusion_kit.coordination import caching
from fusion_kit.coordination.arrivals import fail
from fusion_kit.coordination.attempt import carry_out
from fusion_kit.coordination.budgets.allowance import give_way, note_holds, queue_up
from fusion_kit.coordination.budgets.purse import SHARED, Purse
from fusion_kit.coordination.budgets.reservations import capped
from fusion_kit.coordination.execution import SHELL, Execution, Work
from fusion_kit.coordination.flow import tips
from fusion_kit.coordination.frames import Frame, Node
from fusion_kit.coordination.merging.resolving import conflicted_base
from fusion_kit.coordination.verdict import Verdict, error_of
from fusion_kit.core import budget, ids
from fusion_kit.core import events as e
from fusion_kit.core.code import CommitConflict
from fusion_kit.core.errors import FusionError
from fusion_kit.core.plan import Idle, Spawnable, Start, planned
from fusion_kit.core.process import Ended, Liveness
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task
from fusion_kit.core.work import Usage
from fusion_kit.core.workflow import Kind, WorkspaceMode

ATTEMPT_LENGTH = 12


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """For the inbox: an attempt came to a verdict."""

    work: Work
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class GaveWay:
    """For the inbox: tasks were paused or failed for want of money, and the next turn sees what follows from that."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """For the inbox: the machine itself failed (its disk is full, or breaks); the run stops, and `resume` goes on."""

    error: OSError


async def settle_bases(execution: Execution) -> list[tuple[Node, FusionError]]:
    """Find the commit each newly queued task starts from; what was done before with the same ends as `cached`.

    Returns a task whose parents do not merge, with the reason; those after it wait for the next call, as its failure
    may drop them.
    """
    while execution.unsettled:
        node = execution.unsettled.pop(0)
        if execution.book.tasks[node.id].state is not TaskState.QUEUED:
            continue  # dropped, after a failure elsewhere
        try:
            execution.bases[node.id] = await _base(execution, node)
        except FusionError as conflict:
            return [(node, conflict)]
        await _settled(execution, node)
    return []


async def _settled(execution: Execution, node: Node) -> None:
    hit = await caching.find(execution, node)
    if hit is not None:
        await caching.take(execution, node, hit)
        return
    try:
        queue_up(execution, node)
    except FusionError as broken:  # what its `touches` ask for cannot be said
        fail(execution, node, Outcome.CONTRACT, broken)


async def _base(execution: Execution, node: Node) -> str | None:
    if execution.mode(node) is WorkspaceMode.NONE:
        return None
    parents = tips(execution.book, node.id)
    if not parents:
        return execution.landed or execution.book.run.base
    distinct = set(parents.values())
    if len(distinct) == 1:
        return distinct.pop()
    try:
        return await execution.house.workspaces.combine(parents)
    except CommitConflict:
        if node.spec.on_conflict != "agent" or node.spec.kind is not Kind.AGENT:
            raise
        return await conflicted_base(execution, node)


def plan(execution: Execution) -> None:
    """Claim an agent and record an intent for every queued task that may start now.

    Where nothing may and nothing runs that could change it, what waits for money is paused.
    """
    room = execution.max_parallel - len(execution.running)
    if room <= 0 or not execution.queue:
        return
    idle, spawnable = _agents(execution)
    purse = Purse(execution)
    chosen = planned(execution.queue, idle, spawnable, room, _lanes(execution), purse)
    if chosen.held and not chosen.starts and give_way(execution):
        execution.inbox.put_nowait(GaveWay())
        return
    note_holds(execution, chosen.held)
    for start in chosen.starts:
        # what starts stands near the front, so looking for it there is quick however long the queue
        place = next(index for index, waiting in enumerate(execution.queue) if waiting.node == start.node)
        del execution.queue[place]
        _claim(execution, start, budget.as_said(purse.reserved.get(start.node, {})))


def _agents(execution: Execution) -> tuple[list[Idle], list[Spawnable]]:
    idle: list[Idle] = []
    spawnable: list[Spawnable] = []
    for name in [SHELL, *execution.bundle.agents]:
        spec = execution.agent_spec(name)
        room = spec.max_parallel - execution.book.working(name)
        free = execution.book.idle(name)[: max(room, 0)]
        idle += [Idle(agent.id, name, spec.capabilities) for agent in free]
        spawnable.append(Spawnable(name, spec.capabilities, room - len(free)))
    return idle, spawnable


def _lanes(execution: Execution) -> dict[str, int]:
    """Return how many more tasks of each limited lane may run."""
    used: dict[str, int] = {}
    for work in execution.running.values():
        lane = SHARED if work.mode is WorkspaceMode.RUN else work.node.lane
        if lane is not None:
            used[lane] = used.get(lane, 0) + 1
    limits: dict[str, int] = {}
    for frame in execution.frames:
        limit = _items_limit(frame)
        if limit is not None and frame.parent is not None:
            limits[frame.parent.id] = limit
    return {lane: limit - used.get(lane, 0) for lane, limit in limits.items()}


def _items_limit(frame: Frame) -> int | None:
    if frame.section != "items" or frame.parent is None or frame.parent.spec.matrix is None:
        return None
    return frame.parent.spec.matrix.max_parallel


def _claim(execution: Execution, start: Start, reserved: dict[str, float]) -> None:
    node = execution.nodes[start.node]
    row = execution.book.tasks[node.id]
    run = execution.book.run.id
    attempt = "a" + execution.house.ids.chance(ATTEMPT_LENGTH)
    instance, drafts = _instance(execution, start)
    work = _work(execution, node, attempt, row.attempts + 1, instance)
    drafts.append(e.Draft(e.TaskAssigned(), run=run, task=node.id, agent=instance))
    if instance is not None:
        drafts.append(e.Draft(e.AgentWorking(), run=run, task=node.id, agent=instance))
    intent = e.TaskStarted(work.number, base=work.base, branch=work.branch, reserved=reserved)
    drafts.append(e.Draft(intent, run=run, task=node.id, attempt=attempt, agent=instance))
    execution.running[node.id] = work
    execution.book.claim(node.id, drafts)


def _instance(execution: Execution, start: Start) -> tuple[str | None, list[e.Draft]]:
    """Return the agent that gets the task, and the facts that make it if it is new."""
    if start.spawn is None:
        return start.agent, []
    spec = execution.agent_spec(start.spawn)
    number = 1
    while ids.agent_instance(spec.name, number) in execution.book.agents:
        number += 1
    name = ids.agent_instance(spec.name, number)
    spawned = e.AgentSpawned(
        name=spec.name,
        provider=spec.provider,
        model=spec.model,
        capabilities=tuple(sorted(spec.capabilities)),
        workspace=f"workspaces/{name}",
    )
    run = execution.book.run.id
    drafts = [e.Draft(spawned, run=run, agent=name), e.Draft(e.AgentIdle(), run=run, agent=name)]
    return name, drafts


def _work(execution: Execution, node: Node, attempt: str, number: int, instance: str | None) -> Work:
    mode = execution.mode(node)
    name = node.spec.agent or SHELL
    if instance is not None and instance in execution.book.agents:
        name = execution.book.agents[instance].name
    elif instance is not None:
        name = instance.rpartition("-")[0]
    run = execution.book.run.id
    base = execution.bases.get(node.id)
    if mode is WorkspaceMode.RUN and execution.shared is not None:
        base = execution.shared[1]
    branch = f"fk/{run}/t/{node.id.replace('~', '+')}" if mode is not WorkspaceMode.NONE else None
    return Work(
        node=node,
        attempt=attempt,
        number=number,
        agent=capped(node.spec, execution.agent_spec(name)),
        mode=mode,
        folder=execution.folder(node.id, number),
        instance=instance,
        workspace=f"run-{run[-15:]}" if mode is WorkspaceMode.RUN else instance,
        base=base,
        branch=branch,
        slot=_free_slot(execution),
    )


def _free_slot(execution: Execution) -> int:
    taken = {work.slot for work in execution.running.values()}
    return next(slot for slot in range(len(taken) + 1) if slot not in taken)


def refuse(execution: Execution, nodes: Iterable[str]) -> None:
    """Another run took the agent first: the task goes back to the queue."""
    for name in nodes:
        execution.running.pop(name)
        queue_up(execution, execution.nodes[name])


def launch(execution: Execution, nodes: Iterable[str]) -> None:
    """Begin the attempts whose intents are durable."""
    for name in nodes:
        begin(execution, execution.running[name])


def begin(execution: Execution, work: Work) -> None:
    """Carry out an attempt in the background; its verdict comes to the inbox, whatever happens."""

    async def carry() -> None:
        try:
            verdict = await _carried_out(execution, work)
        except OSError as broken:
            execution.inbox.put_nowait(Trouble(broken))
            return
        except Exception as fault:  # noqa: BLE001 - one task's trouble touches no other: it fails, named, and the run goes on
            error = error_of("internal", f"{type(fault).__name__}: {fault}")
            verdict = Verdict(Outcome.CONTRACT, error=error)
        execution.inbox.put_nowait(AttemptEnded(work, verdict))

    execution.in_background(carry(), f"attempt {work.attempt}")


async def _carried_out(execution: Execution, work: Work) -> Verdict:
    if work.found is Liveness.NEVER:
        await caching.begin(execution, work)
    verdict = await _metered(execution, work, await carry_out(execution, work))
    if verdict.outcome is Outcome.SUCCESS:
        await caching.keep(execution, work)
    return verdict


async def _metered(execution: Execution, work: Work, verdict: Verdict) -> Verdict:
    """Say of an agent's attempt that never became a process that it used nothing; otherwise unknown stays unknown."""
    if work.node.spec.kind is not Kind.AGENT or verdict.usage is not None:
        return verdict
    found = await execution.house.executor.reattach({work.attempt: work.folder.path})
    if found.get(work.attempt) is not Liveness.NEVER and (verdict.error or {}).get("code") != Ended.NOT_STARTED.value:
        return verdict
    return replace(verdict, usage=Usage(input_tokens=0, output_tokens=0, cost_usd=0.0))


def take_over(execution: Execution, node: Node, found: Liveness) -> Work:
    """Return the attempt that an earlier owner began, as work to go on with."""
    row: Task = execution.book.tasks[node.id]
    execution.bases[node.id] = row.base
    work = _work(execution, node, row.attempt or "", row.attempts, row.agent)
    work.base, work.branch, work.found = row.base, row.branch, found
    execution.running[node.id] = work
    return work
