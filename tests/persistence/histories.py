"""Histories: random sequences of drafts that the rows allow, in batches."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.events import Draft, Event
from fusion_kit.core.fold import World
from fusion_kit.core.states import Outcome

Batch = list[Draft]

RUNS = ("flow-20261122-aaaaaa", "flow-20261122-bbbbbb", "other-20261122-cccccc")
TASKS = ("plan", "build@linux", "build@macos")
AGENTS = ("coder-1", "coder-2")

texts = st.text(max_size=12)
values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | texts, lambda inner: st.lists(inner, max_size=3))
mappings = st.dictionaries(texts, values, max_size=3)
names = st.lists(st.sampled_from(TASKS), max_size=2, unique=True).map(tuple)

run_facts = st.one_of(
    st.builds(e.RunQueued, workflow=st.just("flow"), inputs=mappings, settings=mappings, base=st.none() | texts),
    st.builds(e.RunStarted, owner=texts),
    st.builds(e.RunPaused, reason=texts),
    st.builds(e.RunResumed, changes=names),
    st.builds(e.RunCancelRequested),
    st.builds(e.RunCompleted, outputs=mappings, branch=st.none() | texts),
    st.builds(e.RunFailed, error=mappings),
    st.builds(e.RunCancelled),
)
task_facts = st.one_of(
    st.builds(e.TaskCreated, kind=st.just("run"), needs=names, priority=st.integers(-5, 5), capabilities=names),
    st.builds(e.TaskQueued),
    st.builds(e.TaskExpanded, children=names),
    st.builds(e.TaskAssigned),
    st.builds(e.TaskStarted, number=st.integers(1, 3), base=st.none() | texts),
    st.builds(e.TaskAdopted),
    st.builds(e.TaskRetried, outcome=st.just(Outcome.EXIT_CODE), exit_code=st.integers(1, 9), counts=st.booleans()),
    st.builds(e.TaskCompleted, outputs=mappings, artifacts=st.lists(mappings, max_size=2).map(tuple)),
    st.builds(e.TaskFailed, outcome=st.just(Outcome.TIMEOUT), error=st.none() | mappings),
    st.builds(e.TaskSkipped, reason=texts),
    st.builds(e.TaskCancelled, reason=texts),
)
agent_facts = st.one_of(
    st.builds(e.AgentSpawned, name=st.just("coder"), capabilities=names),
    st.builds(e.AgentIdle),
    st.builds(e.AgentWorking),
    st.builds(e.AgentPaused, reason=texts),
    st.builds(e.AgentResumed),
    st.builds(e.AgentErrored, reason=texts),
    st.builds(e.AgentTerminated),
)
other_facts = st.one_of(
    st.builds(e.WorkspaceSalvaged, ref=texts, commit=texts),
    st.builds(e.MergeFailed, tasks=names, files=names),
)

drafts = st.one_of(
    st.builds(Draft, run_facts, run=st.sampled_from(RUNS)),
    st.builds(
        Draft,
        task_facts,
        run=st.sampled_from(RUNS),
        task=st.sampled_from(TASKS),
        attempt=st.none() | st.sampled_from(("a1", "a2")),
        agent=st.none() | st.sampled_from(AGENTS),
    ),
    st.builds(
        Draft,
        agent_facts,
        agent=st.sampled_from(AGENTS),
        run=st.none() | st.sampled_from(RUNS),
        task=st.none() | st.sampled_from(TASKS),
    ),
    st.builds(Draft, other_facts, run=st.none() | st.sampled_from(RUNS)),
)


def is_legal(world: World, draft: Draft, seq: int) -> bool:
    """Whether the world allows it; if it does, the world has moved on."""
    event = Event(seq, f"t{seq}", draft.fact, "", draft.run, draft.task, draft.attempt, draft.agent)
    try:
        world.apply(event)
    except FusionError:
        return False
    return True


def legal(batches: Sequence[Batch]) -> list[Batch]:
    """Keep what a world allows, batch by batch; things are introduced where the story forgot to."""
    world, kept, seq = World(), [], 0
    for batch in [INTRODUCTION, *batches]:
        allowed = []
        for draft in batch:
            seq += 1
            if is_legal(world, draft, seq):
                allowed.append(draft)
        if allowed:
            kept.append(allowed)
    return kept


INTRODUCTION: Batch = [
    Draft(e.RunQueued(workflow="flow"), run=RUNS[0]),
    Draft(e.TaskCreated(kind="run"), run=RUNS[0], task=TASKS[0]),
    Draft(e.AgentSpawned(name="coder"), agent=AGENTS[0]),
]


def histories(max_size: int = 25) -> st.SearchStrategy[list[Batch]]:
    """Legal histories: batches of drafts that a ledger takes in this order."""
    return st.lists(st.lists(drafts, min_size=1, max_size=4), max_size=max_size).map(legal)
