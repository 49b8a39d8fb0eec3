"""Conflicts handed to an agent: Git's markers stand in its own workspace, and it brings both sides together."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from fusion_kit.coordination.execution import Execution, Stopping
from fusion_kit.coordination.flow import tips
from fusion_kit.coordination.frames import Frame, Node
from fusion_kit.coordination.merging.batch import Batch
from fusion_kit.coordination.merging.gate import Stopped
from fusion_kit.core import events as e
from fusion_kit.core import ids
from fusion_kit.core.code import CommitConflict, Marked
from fusion_kit.core.errors import FusionError
from fusion_kit.core.graph import Graph
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.workflow import Kind, TaskSpec

SECTION = "merge"
Play = Callable[[Frame], Awaitable[None]]  # bring a further frame to its end, or to where the run is stopped


class Unresolved(FusionError):
    """Conflict markers are still in {files}."""

    hint = "Look at what was left: fusion-kit logs {run} {task}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """What an agent finds in its workspace: conflicts of `parents` (task -> commit) in `files` of `commit`."""

    commit: str
    files: tuple[str, ...]
    parents: Mapping[str, str]

    @property
    def introduction(self) -> str:
        """What an agent is told before anything else."""
        files = "".join(f"- {name}\n" for name in self.files)
        return (
            f"The work of {' and '.join(self.parents)}, which your workspace starts from, does not merge by itself. "
            "Git's conflict markers (<<<<<<<, =======, >>>>>>>) stand in these files, or they were changed on one "
            f"side and removed on the other:\n{files}"
            "First bring both sides together there, so that what each of them was meant to do still works, and "
            "remove every marker.\n\n"
        )


async def conflicted_base(execution: Execution, node: Node) -> str:
    """Return a commit with the work of all the node builds upon, conflicts between markers, and remember which."""
    return await _marked(execution, node.id, tips(execution.book, node.id))


def conflict_of(execution: Execution, node: str, base: str | None) -> Conflict | None:
    """Return the conflict that an attempt that starts from `base` was given, if any."""
    try:
        facts = json.loads(_file(execution, node).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    conflict = Conflict(facts["commit"], tuple(facts["files"]), facts["parents"])
    return conflict if conflict.commit == base and conflict.files else None


async def _marked(execution: Execution, node: str, parents: Mapping[str, str]) -> str:
    marked: Marked = await execution.house.workspaces.mark_conflicts(parents)
    file = _file(execution, node)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(asdict(Conflict(marked.commit, marked.files, dict(parents)))), encoding="utf-8")
    draft.replace(file)
    return marked.commit


def _file(execution: Execution, node: str) -> Path:
    return execution.house.archive.folder(execution.book.run.id) / "conflicts" / f"{node}.json"


@dataclass(frozen=True, slots=True)
class Resolver:
    """Settles conflicts of a merge by tasks of its own, each for an agent whose work is in the conflict."""

    execution: Execution
    root: Frame
    play: Play

    async def settle(self, batch: Batch, start: str | None, conflict: CommitConflict) -> None:
        """Put one commit in the place of those that collide; raises the conflict where nobody can, and `Stopped`."""
        standing = {batch.into: start or batch.base, **batch.commits}
        parents = {name: standing[name] for name in _names(conflict) if name in standing}
        author = next((name for name in reversed(parents) if self._agent_of(name)), None)
        if batch.terms.on_conflict != "agent" or author is None or len(parents) < 2:
            raise conflict
        node = await self._task(author, parents, batch.terms.gate)
        resolved = await self._resolved(node, conflict)
        batch.built_on = {
            **batch.built_on,
            node.id: frozenset().union(*(batch.built_on.get(name, frozenset()) for name in parents)),
        }
        commits = {task: commit for task, commit in batch.commits.items() if task not in parents}
        batch.commits = {**commits, node.id: resolved}

    async def _task(self, author: str, parents: Mapping[str, str], gate: str | None) -> Node:
        """Return a task for this very conflict: the one there is already, or a new one."""
        book, number = self.execution.book, 1
        marked = (await self.execution.house.workspaces.mark_conflicts(parents)).commit
        while (row := book.tasks.get(name := f"{SECTION}.resolve-{number}")) is not None:
            if row.section == SECTION and (row.base == marked or row.state is TaskState.WAITING):
                break
            number += 1
        self.execution.bases[name] = await _marked(self.execution, name, parents)
        told = spec_of(self.execution, author)
        spec = TaskSpec(
            id=ids.checked_node(name),
            kind=Kind.AGENT,
            name="Bring together " + " and ".join(parents),
            agent=self._agent_of(author),
            prompt=self._prompt(parents, gate),
            timeout_s=told.timeout_s if told else None,
            limits=told.limits if told else TaskSpec("", Kind.AGENT).limits,
            on_conflict="agent",
        )
        frame = Frame(self.root.workflow, SECTION, None, self.root.inputs, self.root.env)
        node = frame.nodes[name] = Node(name, spec, frame)
        frame.graph = Graph({name: ()})
        return node

    async def _resolved(self, node: Node, conflict: CommitConflict) -> str:
        """Have the task done, unless it was, and return its commit."""
        book = self.execution.book
        if node.id not in book.tasks or not book.tasks[node.id].is_final:
            await self.play(node.frame)
        row = book.tasks[node.id]
        if not row.is_final or self.execution.stopping is not Stopping.NOT:
            raise Stopped
        if not row.is_good or row.commit is None:
            raise conflict
        return row.commit

    def _agent_of(self, task: str) -> str | None:
        """Return the definition of the agent that did a task; None where none did."""
        row = self.execution.book.tasks.get(task)
        if row is None or row.kind != Kind.AGENT.value or row.agent not in self.execution.book.agents:
            return None
        return self.execution.book.agents[row.agent].name

    def _prompt(self, parents: Mapping[str, str], gate: str | None) -> str:
        told = [f"{name} was to do this:\n{self._asked(name)}\n" for name in parents]
        checked = f"Whether it is right is decided by `{gate}`, run on the result. " if gate else ""
        return "\n".join([*told, f"{checked}Change nothing that neither of them was meant to change."])

    def _asked(self, task: str) -> str:
        spec = spec_of(self.execution, task)
        if spec is None:
            return "  (the branch itself, as others left it)"
        asked = spec.prompt or spec.run or spec.description or spec.name
        return "\n".join(f"  {line}" for line in asked.splitlines())


def put_away(execution: Execution) -> None:
    """A task for a conflict that is no more is not waited for."""
    for row in list(execution.book.tasks.values()):
        if row.section == SECTION and row.state is TaskState.WAITING:
            execution.book.note(e.TaskSkipped(Outcome.SKIPPED, "nothing conflicts any more"), task=row.id)


def spec_of(execution: Execution, name: str) -> TaskSpec | None:
    """Return what a node does, also where what it is the inside of has ended before this owner came."""
    if (node := execution.nodes.get(name)) is not None:
        return node.spec
    row = execution.book.tasks.get(name)
    outer = spec_of(execution, row.parent) if row is not None and row.parent is not None else None
    if row is None or outer is None or row.section in ("items", "turns"):
        return outer
    inner = (*outer.uses.tasks, *outer.uses.finally_) if outer.uses is not None else ()
    return next((spec for spec in inner if ids.inner(row.parent or "", spec.id) == name), None)


def _names(conflict: CommitConflict) -> list[str]:
    """Return the tasks a conflict names; a side that several share names all of them."""
    both = (str(conflict.facts["left"]), str(conflict.facts["right"]))
    return [name for side in both for name in re.split(r", | and ", side)]
