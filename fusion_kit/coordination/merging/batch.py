"""The work of some tasks on its way to a branch: assembled, gated, published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fusion_kit.coordination.book import Book
from fusion_kit.coordination.flow import Lineage
from fusion_kit.coordination.house import House
from fusion_kit.coordination.merging import intent
from fusion_kit.coordination.merging.gate import Gate, open_environment
from fusion_kit.coordination.merging.intent import MergeNote
from fusion_kit.core.code import CommitConflict, Landing
from fusion_kit.core.workflow import Merge, WorkflowSpec


@dataclass(eq=False, slots=True)
class Batch:
    """Commits of tasks (in an order in which each comes after what it is built on), and where they are to go."""

    house: House
    book: Book
    terms: Merge
    folder: Path  # `<run>/merge`
    into: str
    base: str
    commits: Mapping[str, str]
    built_on: Mapping[str, frozenset[str]]
    gate: Gate | None = None
    falls_back: bool = True  # to the run's own branch, where `into` is checked out and cannot be moved

    @property
    def own_branch(self) -> str:
        """The run's result branch, which nobody else moves."""
        return own_branch(self.book.run.id)

    @property
    def note(self) -> MergeNote:
        """What an earlier owner, or an earlier merge of this run, wrote down."""
        return intent.read(self.folder)

    async def expected(self, branch: str) -> str | None:
        """Return where a branch stands; the run's own one counts only where this run put it."""
        tip = await self.house.workspaces.tip(branch)
        is_ours = tip in (*self.note.ours, self.book.run.commit)
        return tip if branch != self.own_branch or is_ours else None

    def landing(self, branch: str, expected: str | None, tasks: tuple[str, ...] | None = None) -> Landing:
        """Return what brings the work of some tasks, or of all, to a branch."""
        wanted = tuple(self.commits) if tasks is None else tasks
        inner = {below for task in wanted for below in self.built_on.get(task, ())}
        chosen = {task: self.commits[task] for task in wanted if task not in inner}
        run = self.book.run
        lines = "".join(f"* {task}\n" for task in wanted)
        message = f"{run.workflow}: {run.id}\n\n{lines}"
        return Landing(run.id, branch, self.base, chosen, expected, self.terms.strategy, message)

    async def assembled(self, start: str | None, tasks: tuple[str, ...]) -> str:
        """Return the commit that holds the work of some tasks on top of `start`; raises `CommitConflict`."""
        if not tasks:
            return start or self.base
        return await self.house.workspaces.assemble(self.landing(self.into, start, tasks))

    async def publish(self, branch: str, expected: str | None, commit: str) -> None:
        """Move a branch; raises `RefMoved`, `TargetBusy`."""
        await self.house.workspaces.publish(self.landing(branch, expected), commit)

    async def holds(self, branch: str, commit: str) -> bool:
        """Return whether a branch holds a commit."""
        tip = await self.house.workspaces.tip(branch)
        if tip is None:
            return False
        try:
            return await self.house.workspaces.combine({"tip": tip, "commit": commit}) == tip
        except CommitConflict:
            return False

    def write(self, note: MergeNote) -> None:
        """Write down what is about to be done."""
        ours = (*note.ours, note.commit) if note.branch == self.own_branch else note.ours
        intent.write(self.folder, replace(note, ours=tuple(dict.fromkeys(ours))))


def batch_of(house: House, book: Book, workflow: WorkflowSpec, into: str, commits: Mapping[str, str]) -> Batch:
    """Return some work (task, or another name of it -> commit) as one batch, with the workflow's gate before `into`."""
    run, terms = book.run, workflow.merge
    folder = house.archive.folder(run.id) / "merge"
    lineage = Lineage(book)
    below = {task: lineage.below(task) if task in book.tasks else frozenset[str]() for task in commits}
    batch = Batch(
        house,
        book,
        terms,
        folder,
        into,
        base=run.base or "",
        commits={task: commits[task] for task in sorted(commits, key=lambda task: (len(below[task]), task))},
        built_on=below,
    )
    if terms.gate is not None:
        env = open_environment(house, run, workflow)
        batch.gate = Gate(house, book, terms.gate, folder, env, batch.note.turn)
    return batch


def own_branch(run: str) -> str:
    """Return a run's result branch."""
    return f"fk/{run}/result"
