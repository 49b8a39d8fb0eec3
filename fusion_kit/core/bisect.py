"""Whose work breaks a gate: which sets of tasks to try, and what follows from what they came to."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence, Set
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Search:
    """Of tasks in order the first `green` pass together and the first `red` do not."""

    green: int
    red: int

    @property
    def question(self) -> int | None:
        """How many of the first tasks to try next; None: the last of the first `red` is guilty."""
        middle = (self.green + self.red) // 2
        return middle if middle > self.green else None

    def told(self, *, passed: bool) -> Search:
        """Return what is known once that many were tried."""
        middle = (self.green + self.red) // 2
        return Search(middle, self.red) if passed else Search(self.green, middle)


@dataclass(frozen=True, slots=True)
class Sifted:
    """What may be merged together, and what may not."""

    good: tuple[str, ...]
    guilty: tuple[str, ...] = ()
    dragged: Mapping[str, str] = field(default_factory=dict)  # what builds on a guilty task -> that task
    base_is_red: bool = False  # the gate fails without anybody's work: nobody is guilty


Trial = Generator[tuple[str, ...], bool, Sifted]  # tasks to try together -> whether they passed


def sift(tasks: Sequence[str], built_on: Mapping[str, Set[str]]) -> Trial:
    """Find the tasks that pass the gate together, leaving out as few as can be told.

    Yields the tasks to be tried together, none meaning the base alone, and wants to be sent whether they passed.
    `tasks` come after everything they are built on. The first guilty one of n takes at most ceil(log2 n) trials after
    the red one, and one more where nothing has ever passed.
    """
    rest, guilty, dragged = tuple(tasks), list[str](), dict[str, str]()
    any_passed = False
    while rest and not (yield rest):
        search = Search(0, len(rest))
        while (count := search.question) is not None:
            passed = yield rest[:count]
            any_passed = any_passed or passed
            search = search.told(passed=passed)
        if not any_passed and not (yield ()):
            return Sifted((), base_is_red=True)
        any_passed = True
        found = rest[search.red - 1]
        guilty.append(found)
        dragged.update({task: found for task in rest if found in built_on.get(task, ())})
        rest = tuple(task for task in rest if task != found and task not in dragged)
    return Sifted(rest, tuple(guilty), dragged)
