"""The benchmarks measure what they say: the same graph for everybody, whole processes, medians."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.graphs import PARENTS, SHAPES, Graph, as_fusion, as_json, chained, independent, layered
from benchmarks.measure import MeasuredFailure, Program, Sample, environment, middle, percentile, run_once
from benchmarks.table import Table, program_rows
from fusion_kit.definitions import load_workflow
from tests.house.documents import ROOT


@pytest.mark.parametrize("shape", SHAPES)
def test_a_task_waits_only_for_earlier_ones(shape: Callable[[int], Graph]) -> None:
    graph = shape(200)
    assert len(graph) == 200
    assert all(need < number for number, needs in enumerate(graph.needs) for need in needs)


def test_shapes_have_the_edges_their_names_promise() -> None:
    assert sum(map(len, independent(50).needs)) == 0
    assert chained(4).needs == ((), (0,), (1,), (2,))
    assert [len(needs) for needs in layered(50).needs] == [0] * 5 + [PARENTS] * 45


def test_our_workflow_of_a_graph_is_valid_and_has_its_edges(tmp_path: Path) -> None:
    graph = layered(40)
    as_fusion(graph, tmp_path, jobs=3)
    workflow = load_workflow("noop", tmp_path).workflow
    assert workflow.max_parallel == 3
    assert [task.needs for task in workflow.tasks] == [tuple(f"t{need}" for need in needs) for needs in graph.needs]


@pytest.mark.parametrize("loop", ["raw_spawn", "raw_durable"])
def test_the_loops_we_compare_with_run_every_task(tmp_path: Path, loop: str) -> None:
    as_json(layered(20), tmp_path)
    argv = (sys.executable, "-m", f"benchmarks.peers.{loop}", "4")
    sample = run_once(Program(loop, argv, tmp_path, environment(PYTHONPATH=str(ROOT))))
    assert sample.wall_s > 0
    assert sample.rss_bytes > 1_000_000
    if loop == "raw_durable":
        told = [json.loads(line) for line in (tmp_path / "raw.jsonl").read_text().splitlines()]
        assert sorted(each["task"] for each in told if each["type"] == "completed") == list(range(20))


def test_a_program_that_fails_is_no_measurement(tmp_path: Path) -> None:
    argv = (sys.executable, "-c", "print('why'); raise SystemExit(3)")
    with pytest.raises(MeasuredFailure, match="sad ended with 3: why"):
        run_once(Program("sad", argv, tmp_path, environment()))


def test_the_middle_is_the_median_and_the_largest_memory() -> None:
    samples = [Sample(3.0, 1.0, 10), Sample(1.0, 3.0, 30), Sample(2.0, 2.0, 20)]
    assert middle(samples) == Sample(2.0, 2.0, 30)
    assert percentile([float(number) for number in range(1, 101)], 0.95) == 96.0


def test_a_table_tells_ratios_to_its_floors() -> None:
    samples = {"floor": [Sample(1.0, 0.5, 20_000_000)], "ours": [Sample(2.0, 1.0, 50_000_000)]}
    rows = program_rows(samples, ("floor",), tasks=100)
    assert rows == (
        ("floor", "1.00x", "10.00", "10.0-10.0", "5.00", "20"),
        ("ours", "2.00x", "20.00", "20.0-20.0", "10.00", "50"),
    )
    table = Table("Title", "Note.", ("a", "b"), (("1", "2"),))
    assert table.markdown() == "## Title\n\nNote.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_a_subject_that_is_not_there_is_refused_with_the_list() -> None:
    argv = [sys.executable, "-m", "benchmarks", "nonsense"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"there is no subject nonsense; there are {', '.join(benchmarks.SUBJECTS)}" in done.stderr
