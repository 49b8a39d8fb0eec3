"""`clean` and `rescue` as the command line asks for them."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fusion_kit.bootstrap.cleaning import Item, cleaning
from fusion_kit.bootstrap.desks import desks_of
from fusion_kit.clock import SystemClock
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.persistence.retention import retire
from fusion_kit.workspaces.rescue import Rescuer, Saved

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises

_DONE = (TaskState.COMPLETED,)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One thing that `clean` looked at, in words and numbers."""

    kind: str
    subject: str
    standing: str
    reason: str
    goes: bool
    bytes: int
    salvages: bool
    refs: tuple[str, ...]
    kept: str


@dataclass(frozen=True)
class Care:
    """What is kept of a project's work, and what need not be."""

    premises: Premises

    def clean(self, before: datetime, told: Callable[[str], None], *, dry: bool) -> list[Cleaned]:
        """Remove what nobody used since `before`, or with `dry` say what that would be."""
        with closing(cleaning(self.premises)) as work:
            plan = work.plan(before)
            return [_cleaned(item) for item in (plan if dry else work.carry_out(plan, told))]

    def retire_events(self, before: datetime) -> tuple[int, int, int]:
        """Let events older than `before` leave the log; return how many, their bytes, and how many runs."""
        clock = SystemClock()
        done = retire(
            self.premises.state,
            older_than=clock.now() - before,
            now=clock.now,
            project=self.premises.config.project or self.premises.root.name,
            source=f"clean:{os.getpid()}",
        )
        return done.events, done.bytes, done.runs

    def saved(self, run: str | None) -> list[Saved]:
        """Return everything that is kept, of one run or of all, the newest first; raises `NotFound`."""
        name = self.premises.views.run(run).id if run is not None else None
        found = [saved for saved in [*self._in_workspaces(), *self._rescuer.saved()] if self._is_wanted(saved)]
        return [saved for saved in found if name is None or saved.run == name]

    def restore(self, saved: Saved, to: Path) -> None:
        """Write its files to a folder that is new or empty."""
        self._rescuer.restore(saved, to)

    def branch(self, saved: Saved, name: str) -> None:
        """Make a branch at its commit."""
        self._rescuer.branch(saved, name)

    def _in_workspaces(self) -> list[Saved]:
        """Work of attempts that failed lies in their workspace until that is used again, and is salvaged then."""
        with closing(cleaning(self.premises)) as work:
            agents = [relic.subject for relic in work.survey.relics() if relic.kind == "workspace"]
            scans = {agent: work.sweeper.scan(agent) for agent in agents}
        return [self._rescuer.workspace(agent) for agent, scan in scans.items() if scan.salvages or scan.broken]

    def _is_wanted(self, saved: Saved) -> bool:
        """The branch of a task that ended well is part of the run's result."""
        return saved.kind != "branch" or (saved.run or "", saved.task or "") not in self._done

    @cached_property
    def _done(self) -> set[tuple[str, str]]:
        views = self.premises.views
        rows = (row for run in views.runs(limit=1 << 31) for row in views.tasks(run.id))
        good = (row for row in rows if row.state in _DONE and row.outcome is not Outcome.ALLOWED_FAILURE)
        return {(row.run, row.id) for row in good}

    @cached_property
    def _rescuer(self) -> Rescuer:
        layout, git, desks = desks_of(self.premises)
        return Rescuer(git, layout, desks.trusted, desks.refs)


def _cleaned(item: Item) -> Cleaned:
    relic, judgement = item.relic, item.judgement
    salvages = judgement.leftover.salvages
    standing, reason = judgement.standing.value, judgement.reason
    return Cleaned(relic.kind, relic.subject, standing, reason, item.goes, item.bytes, salvages, item.refs, item.kept)
