"""What a run has used: what is known is summed, and what is not known is never taken for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusion_kit.cli.words import count_text, money_text
from fusion_kit.core.task import Task

_AGENT = "agent"  # as `core.workflow.Kind` has it, which takes long to import, and `--help` is to be quick


@dataclass(frozen=True, slots=True)
class Spending:
    """Known sums over all attempts that have ended (None: nothing is known); `is_whole` unless somebody was silent."""

    cost_usd: float | None = None
    tokens: int | None = None
    is_whole: bool = True

    def texts(self, unit: str = "tokens") -> list[str]:
        """Return what a person reads: tokens, then money; a part is told as the least it can be."""
        known = [f"{count_text(self.tokens)} {unit}"] if self.tokens is not None else []
        if self.cost_usd is not None:
            known.append(f"{'' if self.is_whole else 'at least '}{money_text(self.cost_usd)}")
        return known


def spending(tasks: Iterable[Task]) -> Spending:
    """Return what these tasks have used together."""
    rows = list(tasks)
    costs, tokens = _known(rows, "cost_usd"), _known(rows, "tokens")
    return Spending(
        cost_usd=round(sum(costs), 6) if costs else None,
        tokens=int(sum(tokens)) if tokens else None,
        is_whole=not any(_is_silent(task) for task in rows),
    )


def cost_of(tasks: Iterable[Task]) -> float | None:
    """Return what was spent, in US dollars; None unless all of it is known."""
    found = spending(tasks)
    return found.cost_usd if found.is_whole else None


def tokens_of(tasks: Iterable[Task]) -> dict[str, int] | None:
    """Return the tokens used: in and out of the last attempts, in total of all; None where nothing is known."""
    rows = list(tasks)
    total = spending(rows).tokens
    if total is None:
        return None
    return {"input": _used(rows, "input_tokens"), "output": _used(rows, "output_tokens"), "total": total}


def _known(tasks: Iterable[Task], name: str) -> list[float]:
    return [task.spent[name] for task in tasks if name in task.spent]


def _used(tasks: Iterable[Task], name: str) -> int:
    return sum(count for task in tasks if isinstance(count := (task.usage or {}).get(name), int))


def _is_silent(task: Task) -> bool:
    """Whether an attempt did not say what it cost: it was charged what was reserved, or nothing is known at all."""
    worked = task.kind == _AGENT and task.attempts > 0 and task.agent is not None
    return task.unmetered > 0 or (worked and task.is_final and "cost_usd" not in task.spent)
