"""What a run with `--only` takes from an earlier one instead of doing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fusion_kit.coordination.forecasting.belief import CACHED, SKIPPED, Belief, ended_facts
from fusion_kit.coordination.forecasting.foretold import Forecast
from fusion_kit.coordination.forecasting.stand import Told
from fusion_kit.coordination.seeding import Seeds
from fusion_kit.core.task import Task


class Taken:
    """The rows of the earlier run."""

    def __init__(self, seeds: Seeds) -> None:
        """Know them by node."""
        self._run = seeds.run
        self.rows = {row.id: row for row in seeds.rows}

    def told(self, node: str, before: Mapping[str, str] | None) -> Told:
        """Return what is known of a node that is taken; `before` are the commits that it was built upon."""
        row = self.rows[node]
        inside = list(self._inside(row))
        code = {one.id: one.commit for one in (row, *inside) if one.commit is not None and one.is_good}
        items = [{"key": one.key, **_facts(one)} for one in inside if one.parent == node]
        belief = Belief(node, (CACHED,), None, {**_facts(row), "items": items}, code or before, row.artifacts)
        return Told(belief, [self._line(one) for one in (row, *inside)])

    def _inside(self, row: Task) -> Iterator[Task]:
        for one in self.rows.values():
            if one.parent == row.id:
                yield one
                yield from self._inside(one)

    def _line(self, row: Task) -> Forecast:
        if row.is_good:
            return Forecast(row.id, "cached", f"taken from {self._run}")
        return Forecast(row.id, "skip", f"not done in {self._run}, which it is taken from")


def _facts(row: Task) -> dict[str, object]:
    end = CACHED if row.is_good else SKIPPED
    return ended_facts(end, outputs=row.outputs if row.is_good else {}, branch=row.branch, commit=row.commit)
