"""The graph of a scope: order, readiness, cycles."""

from __future__ import annotations

import random

import pytest

from fusion_kit.core.graph import Cycle, Graph, ancestors
from fusion_kit.core.plan import Waiting, planned

FEATURE = {"plan": [], "build": ["plan"], "docs": ["plan"], "review": ["build", "docs"]}


def test_nodes_become_ready_once_everything_they_need_is_done() -> None:
    graph = Graph(FEATURE)

    assert graph.ready() == ("plan",)
    assert graph.ready() == ()
    graph.done("plan")
    assert set(graph.ready()) == {"build", "docs"}
    graph.done("build")
    assert graph.ready() == ()
    graph.done("docs")
    assert graph.ready() == ("review",)
    assert not graph.is_finished
    graph.done("review")
    assert graph.is_finished


def test_a_cycle_is_refused_with_its_path() -> None:
    with pytest.raises(Cycle) as refusal:
        Graph({"a": ["b"], "b": ["c"], "c": ["a"], "d": []})

    assert str(refusal.value) == "The tasks need each other in a circle: a -> b -> c -> a."


def test_an_empty_graph_is_finished_at_once() -> None:
    assert Graph({}).is_finished


def test_leaves_are_what_nothing_needs() -> None:
    assert Graph(FEATURE).leaves() == ("review",)
    assert Graph({"a": [], "b": []}).leaves() == ("a", "b")


def test_ancestors_are_everything_needed_directly_or_not() -> None:
    assert ancestors(FEATURE, "review") == {"plan", "build", "docs"}
    assert ancestors(FEATURE, "plan") == frozenset()


def _random_graph(chance: random.Random) -> dict[str, list[str]]:
    size = chance.randint(1, 24)
    density = chance.random() * 0.5
    return {f"n{i}": [f"n{j}" for j in range(i) if chance.random() < density] for i in range(size)}


def _run(needs: dict[str, list[str]], chance: random.Random) -> list[tuple[str, str]]:
    """Return the history of a run with random durations and limits, as (what, node)."""
    graph, room = Graph(needs), chance.randint(1, 6)
    queue: list[Waiting] = []
    running: list[str] = []
    history: list[tuple[str, str]] = []
    while not graph.is_finished:
        queue += [Waiting(node, chance.randint(0, 3), len(history), needs_agent=False) for node in graph.ready()]
        queue.sort(key=lambda waiting: waiting.rank)
        for start in planned(queue, [], [], room - len(running)).starts:
            queue = [waiting for waiting in queue if waiting.node != start.node]
            running.append(start.node)
            history.append(("start", start.node))
        assert len(running) <= room
        node = running.pop(chance.randrange(len(running)))
        history.append(("end", node))
        graph.done(node)
    return history


def test_10_000_random_graphs_run_in_the_right_order() -> None:
    chance = random.Random(20261122)
    for _ in range(10_000):
        needs = _random_graph(chance)
        history = _run(needs, chance)
        ended: set[str] = set()
        started: list[str] = []
        for what, node in history:
            if what == "end":
                ended.add(node)
            else:
                started.append(node)
                assert ended.issuperset(needs[node])
        assert sorted(started) == sorted(needs)
