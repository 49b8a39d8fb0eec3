"""`clean`: what may go is planned from the ledger and the disk, and the plan is carried out or only shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import cast

from fusion_kit.bootstrap.desks import desks_of
from fusion_kit.bootstrap.occupation import Occupation
from fusion_kit.bootstrap.premises import Premises
from fusion_kit.clock import SystemClock
from fusion_kit.core.agent import Agent
from fusion_kit.core.errors import FusionError
from fusion_kit.core.events import AgentTerminated, Draft, WorkspaceCleaned, WorkspaceSalvaged
from fusion_kit.core.leftovers import Judgement, Leftover, judged
from fusion_kit.core.run import Run
from fusion_kit.core.states import FINAL_RUNS, AgentState
from fusion_kit.persistence.columns import held_in
from fusion_kit.persistence.ledger import Ledger
from fusion_kit.persistence.owners import Ownership
from fusion_kit.workspaces.cleaning import Scan, Sweeper
from fusion_kit.workspaces.leftovers import Relic, Survey
from fusion_kit.workspaces.sweeping import disk_bytes

CLEANED = "cleaned"
Told = Callable[[str], None]


class InUse(FusionError):
    """{subject} was taken into use meanwhile."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a plan and what became of it: `bytes` freed or to be freed, `kept` why it stayed after all."""

    relic: Relic
    judgement: Judgement
    bytes: int = 0
    refs: tuple[str, ...] = ()
    kept: str = ""

    @property
    def goes(self) -> bool:
        """Whether it is removed."""
        return self.judgement.goes and not self.kept


@dataclass(eq=False)
class Cleaning:
    """One look at everything, and the removal of what that look found to be of no use."""

    premises: Premises
    survey: Survey
    sweeper: Sweeper
    _rows: dict[str, Run | None] = field(default_factory=dict)

    def plan(self, before: datetime) -> list[Item]:
        """Return everything that is there, and whether it would go because nobody used it since `before`."""
        relics = self.survey.relics()
        occupation = Occupation(self.premises.state, self._owners, self.survey.checked_out())
        desks = {relic.subject for relic in relics if relic.kind == "workspace"}
        relics = [relic for relic in relics if relic.kind != "pin" or relic.node not in desks]
        items = [Item(relic, judged(self._facts(relic, occupation), before)) for relic in relics]
        going = [item.relic for item in items if item.goes]
        unheld, missing = self.survey.unheld(going), self.survey.missing(going)
        return [self._measured(item, unheld, missing, before) for item in items]

    def carry_out(self, items: list[Item], told: Told) -> Iterator[Item]:
        """Remove what the plan says, one after the other, and yield what became of each."""
        for item in items:
            if not item.goes:
                yield item
                continue
            try:
                with self._alone_with(item.relic):
                    yield self._removed(item, told)
            except (FusionError, OSError) as trouble:
                yield replace(item, bytes=0, kept=str(trouble).rstrip("."))

    def _facts(self, relic: Relic, occupation: Occupation) -> Leftover:
        run, agent = self._run(relic.run), self._agents.get(relic.subject) if relic.kind == "workspace" else None
        state = run.state if run is not None else None
        busy = occupation.of(relic) or (self._doing(agent) if agent is not None else "")
        lasting = relic.kind in ("trash", "incoming", "trusted", "unfinished")
        return Leftover(
            relic.kind,
            relic.subject,
            _used_at(relic, run, agent),
            run=relic.run,
            run_state=state if agent is None or state not in FINAL_RUNS else None,
            known=lasting or run is not None or agent is not None,
            busy=busy,
        )

    def _measured(self, item: Item, unheld: set[str], missing: set[str], before: datetime) -> Item:
        """Look into what is to go: how large it is, and whether it holds work."""
        if not item.goes:
            return item
        relic, found = item.relic, item.judgement.leftover
        scan = Scan(relic.commit in unheld, "its commit is not whole" if relic.commit in missing else "")
        if relic.kind == "workspace":
            scan = self.sweeper.scan(relic.subject)
        paths = (
            [entry for path in relic.paths for entry in path.iterdir()] if relic.kind == "unfinished" else relic.paths
        )
        found = replace(found, bytes=disk_bytes(*paths), salvages=scan.salvages, broken=scan.broken)
        return Item(relic, judged(found, before), found.bytes if judged(found, before).goes else 0)

    def _removed(self, item: Item, told: Told) -> Item:
        """Salvage, record, rename, delete: a kill between any two of them loses nothing."""
        relic = item.relic
        told(f"{relic.kind} {relic.subject}")
        if relic.kind == "workspace":
            self._claim(relic.subject)
        refs = self._kept(item)
        drafts = [Draft(WorkspaceSalvaged(ref, relic.commit or self._commit(ref))) for ref in refs]
        cleaned = WorkspaceCleaned(relic.subject, relic.kind, item.bytes, refs[0] if refs else None)
        if relic.kind != "unfinished":
            self._ledger.commit([*drafts, Draft(cleaned)])
        freed = self.sweeper.destroy(self.sweeper.discard(relic))
        return replace(item, bytes=freed, refs=refs)

    def _kept(self, item: Item) -> tuple[str, ...]:
        relic = item.relic
        if relic.kind != "workspace":
            return (self.sweeper.keep(relic),) if item.judgement.leftover.salvages else ()
        refs = self.sweeper.salvage(relic.subject)
        self.sweeper.tear_down(relic.subject)
        return refs

    def _commit(self, ref: str) -> str:
        return self.sweeper.desks.refs.tip(ref) or ""

    def _claim(self, name: str) -> None:
        """End the agent, unless another process gave it work since the look; raises `InUse`."""
        with self._ledger.alone() as (indexed, record):
            indexed.flush()
            rows = indexed.index.query("list_agents", name=None)
            found = {agent.id: agent for agent in (cast("Agent", held_in(Agent, row).entity) for row in rows)}
            agent = found.get(name)
            if agent != self._agents.get(name):
                raise InUse(subject=name)
            if agent is not None and agent.state is not AgentState.TERMINATED:
                record(Draft(AgentTerminated(CLEANED), agent=name))

    def _doing(self, agent: Agent) -> str:
        """A run that ended without freeing its agent does not make it busy."""
        run = self._run(agent.run)
        if agent.state in (AgentState.WORKING, AgentState.PAUSED) and (run is None or run.state not in FINAL_RUNS):
            return f"its agent is {agent.state.value}"
        return ""

    @contextmanager
    def _alone_with(self, relic: Relic) -> Iterator[None]:
        """Own the run meanwhile, so that nobody resumes or retries it under our hands."""
        run = relic.run
        there = run is not None and (self.premises.state / "runs" / run).is_dir()
        with self._owners.acquire(run) if run is not None and there else nullcontext():
            if self._run(run) is not None and self.premises.views.run(run or "").state not in FINAL_RUNS:
                raise InUse(subject=relic.subject)
            yield

    def _run(self, name: str | None) -> Run | None:
        if not self._rows:
            self._rows |= {run.id: run for run in self.premises.views.runs(limit=1 << 31)}
        return self._rows.get(name or "")

    @cached_property
    def _agents(self) -> dict[str, Agent]:
        return {agent.id: agent for agent in self.premises.views.agents()}

    @cached_property
    def _owners(self) -> Ownership:
        return Ownership(self.premises.state, SystemClock().now)

    def close(self) -> None:
        """Let go of the ledger."""
        if "_ledger" in self.__dict__:
            self._ledger.close()

    @cached_property
    def _ledger(self) -> Ledger:
        project = self.premises.config.project or self.premises.root.name
        return Ledger.open(self.premises.state, project=project, source=f"clean:{os.getpid()}", now=SystemClock().now)


def _used_at(relic: Relic, run: Run | None, agent: Agent | None) -> datetime | None:
    """Return when it was last of use; None where that does not matter, because somebody had begun to remove it."""
    if relic.kind == "unfinished" or (agent is not None and agent.reason == CLEANED):
        return None
    if run is not None and run.finished_at and relic.kind != "workspace":
        return datetime.fromisoformat(run.finished_at)
    changed = datetime.fromtimestamp(relic.changed_at, UTC)
    return max(changed, datetime.fromisoformat(agent.changed_at)) if agent is not None else changed


def cleaning(premises: Premises) -> Cleaning:
    """Return what cleans a project."""
    layout, git, desks = desks_of(premises)
    return Cleaning(premises, Survey(git, layout), Sweeper(git, desks))
