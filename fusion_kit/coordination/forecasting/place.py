"""A frame in thought: the tasks of one workflow file, or its `finally`, and what is believed of each."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.coordination.forecasting.belief import Belief
from fusion_kit.coordination.forecasting.known import Partly
from fusion_kit.core.scope import Scope
from fusion_kit.core.workflow import TaskSpec, WorkflowSpec


@dataclass(slots=True)
class Place:
    """Where expressions stand; `main` is, of a `finally`, the place whose tasks come before."""

    workflow: WorkflowSpec
    inputs: Mapping[str, object]
    env: Mapping[str, str]
    prefix: str = ""
    main: Place | None = None
    code: Mapping[str, str] | None = field(default_factory=dict)  # what its first tasks build upon
    beliefs: dict[str, Belief] = field(default_factory=dict)  # by task
    seen: dict[str, object] = field(default_factory=dict)  # by task: what expressions see of it
    worst: Belief | None = None  # the first that can only fail, else the first that may

    @property
    def specs(self) -> tuple[TaskSpec, ...]:
        """The tasks that are played here."""
        return self.workflow.tasks if self.main is None else self.workflow.finally_

    def believe(self, task: str, belief: Belief) -> None:
        """Take what is believed of a task."""
        self.beliefs[task] = belief
        self.seen[task] = belief.facts
        if belief.may_fail and (self.worst is None or (belief.will_fail and not self.worst.will_fail)):
            self.worst = belief

    def _run(self, known: dict[str, object]) -> Mapping[str, object]:
        """Return the `run` context: most of it only a run tells."""
        unknown: dict[str, str | None] = dict.fromkeys({"id", "dir", "base", "branch", "target"} - known.keys())
        worst = (self.main or self).worst
        if worst is None:
            known["status"] = "running" if self.main is None else "completed"
        elif self.main is not None and worst.will_fail:
            known["status"] = "failed"
        else:
            unknown["status"] = worst.until or worst.node
        return Partly(known, unknown)

    def scope(self, run: Mapping[str, object]) -> Scope:
        """Return what an expression sees here; `run` is what is known of the run."""
        before = self.main.seen if self.main is not None else {}
        return Scope(inputs=self.inputs, env=self.env, tasks=ChainMap(self.seen, before), run=self._run(dict(run)))
