"""The guilty are found with few trials, and what is left passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.bisect import Sifted, sift

TEN = tuple(f"task-{number}" for number in range(10))


def _sifted(
    tasks: Sequence[str], passes: Callable[[frozenset[str]], bool], built_on: Mapping[str, Set[str]] | None = None
) -> tuple[Sifted, list[tuple[str, ...]]]:
    """Return what came out, and every trial it took."""
    trial, tried = sift(tasks, built_on or {}), list[tuple[str, ...]]()
    try:
        tried.append(next(trial))
        while True:
            tried.append(trial.send(passes(frozenset(tried[-1]))))
    except StopIteration as over:
        sifted: Sifted = over.value
    return sifted, tried


def test_what_passes_at_once_is_tried_once() -> None:
    assert _sifted(TEN, lambda _: True) == (Sifted(TEN), [TEN])


def test_nothing_needs_no_trial() -> None:
    assert _sifted((), lambda _: False) == (Sifted(()), [])


def test_of_ten_tasks_the_guilty_one_is_found_in_four_trials_and_a_fifth_tries_the_others() -> None:
    for guilty in TEN:
        others = tuple(task for task in TEN if task != guilty)
        sifted, tried = _sifted(TEN, lambda tasks, guilty=guilty: guilty not in tasks)  # type: ignore[misc]
        assert sifted == Sifted(others, (guilty,))
        assert (tried[0], tried[-1], len(tried) <= 6) == (TEN, others, True)


def test_a_base_that_is_red_by_itself_makes_nobody_guilty() -> None:
    sifted, tried = _sifted(("a", "b"), lambda _: False)
    assert (sifted, tried) == (Sifted((), base_is_red=True), [("a", "b"), ("a",), ()])


def test_one_task_alone_is_guilty_only_if_the_base_passes() -> None:
    assert _sifted(("a",), lambda tasks: not tasks) == (Sifted((), ("a",)), [("a",), ()])


def test_two_that_break_it_only_together_lose_the_later_one() -> None:
    sifted, _ = _sifted(TEN, lambda tasks: not {"task-2", "task-7"} <= tasks)
    assert sifted == Sifted(tuple(task for task in TEN if task != "task-7"), ("task-7",))


def test_several_guilty_ones_are_found_one_after_the_other() -> None:
    bad = {"task-1", "task-4", "task-9"}
    sifted, _ = _sifted(TEN, lambda tasks: not bad & tasks)
    assert sifted == Sifted(tuple(task for task in TEN if task not in bad), ("task-1", "task-4", "task-9"))


def test_what_is_built_on_a_guilty_task_is_left_out_with_it_and_is_not_called_guilty() -> None:
    built_on = {"b": {"a"}, "c": {"a", "b"}}
    sifted, tried = _sifted(("a", "b", "c", "d"), lambda tasks: "a" not in tasks, built_on)
    assert sifted == Sifted(("d",), ("a",), {"b": "a", "c": "a"})
    assert tried[-1] == ("d",)


_Bad = st.lists(st.frozensets(st.integers(0, 15), min_size=1, max_size=3), max_size=4)


@given(st.integers(1, 16), _Bad)
def test_what_is_left_passes_and_nobody_is_blamed_without_need(count: int, bad: list[frozenset[int]]) -> None:
    tasks = tuple(str(number) for number in range(count))
    sets = [frozenset(map(str, found)) for found in bad]

    def passes(tried: frozenset[str]) -> bool:
        return not any(found <= tried for found in sets)

    sifted, tried = _sifted(tasks, passes)
    assert passes(frozenset(sifted.good))
    assert sorted([*sifted.good, *sifted.guilty]) == sorted(tasks)
    for guilty in sifted.guilty:  # each was needed to break what stood before it
        assert any(guilty in found and found <= frozenset(tasks) for found in sets)
    assert len(tried) <= 2 + len(sifted.guilty) * (ceil(log2(max(count, 2))) + 1)


@given(st.integers(1, 300), st.data())
def test_one_guilty_task_takes_no_more_trials_than_halving_allows(count: int, data: st.DataObject) -> None:
    tasks = tuple(str(number) for number in range(count))
    guilty = data.draw(st.sampled_from(tasks))
    sifted, tried = _sifted(tasks, lambda some: guilty not in some)
    assert sifted.guilty == (guilty,)
    search = [trial for trial in tried[1:] if trial not in ((), sifted.good)]
    assert len(search) <= ceil(log2(count))
