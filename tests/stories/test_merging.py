"""A run's work goes to its branch through the gate: with real Git, real processes and killed runners."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.states import FINAL_RUNS
from fusion_kit.core.task import Task
from tests.stories.conftest import Opens, torture
from tests.stories.plays import project
from tests.stories.stage import Stage, until

pytestmark = pytest.mark.story
TEN = [f"t{number}" for number in range(10)]
GUILTY = "t6"
GATE = 'echo gate >>"$EFFECTS"; ! grep -l broken t*.txt'


def _ten(effects: Path, merge: str = "") -> dict[str, str]:
    """Ten tasks that each write a file; one of them breaks the gate."""
    tasks = "".join(
        f"  - id: {name}\n    run: echo {'broken' if name == GUILTY else 'fine'} >{name}.txt\n" for name in TEN
    )
    return project(effects, f"max_parallel: 4\ntasks:\n{tasks}merge:\n  gate: '{GATE}'\n{merge}") | {
        ".fusion/.gitignore": "/state\n",
        ".gitignore": "/workspaces/\n",
    }


def _into_main(effects: Path) -> dict[str, str]:
    return _ten(effects, "  into: main\n")


def _one(effects: Path, gate: str = "true", **agents: str) -> dict[str, str]:
    tasks = f"tasks:\n  - id: it\n    run: echo done >done.txt\nmerge:\n  into: main\n  gate: '{gate}'\n"
    return project(effects, tasks, **agents) | {".gitignore": "/workspaces/\n"}


def _gates(stage: Stage) -> list[e.MergeGated]:
    return [event.fact for event in stage.events() if isinstance(event.fact, e.MergeGated)]


def _facts(stage: Stage, kind: type[e.AnyFact]) -> list[e.AnyFact]:
    return [event.fact for event in stage.events() if isinstance(event.fact, kind)]


def _files(stage: Stage, branch: str) -> list[str]:
    return [name for name in stage.git("ls-tree", "--name-only", branch).split() if name.endswith(".txt")]


def _row(stage: Stage, task: str) -> Task:
    with stage.views() as views:
        return next(row for row in views.tasks(stage.newest()) if row.id == task)


def test_of_ten_branches_the_guilty_one_is_found_in_four_gate_runs_and_nine_are_merged(open_stage: Opens) -> None:
    stage = open_stage(_ten)
    runner = stage.call("run", "play", code=1)
    run, nine = stage.newest(), [name for name in TEN if name != GUILTY]
    gates = _gates(stage)
    assert (gates[0].tasks, gates[0].passed) == (tuple(TEN), False)
    assert (gates[-1].tasks, gates[-1].passed) == (tuple(nine), True)
    assert len(gates) == 5
    assert _files(stage, f"fk/{run}/result") == [f"{name}.txt" for name in nine]
    refused = _row(stage, GUILTY).refused or {}
    assert (Path(str(refused["log"])).read_text(), GUILTY in runner.out + runner.err) == ("t6.txt\n", True)


@pytest.mark.parametrize("into", ["fk/{run}/result", "main"])
def test_after_a_retry_the_guilty_tasks_new_work_is_merged_with_the_nine(open_stage: Opens, into: str) -> None:
    stage = open_stage(_into_main if into == "main" else _ten)
    workflow = stage.root / ".fusion" / "workflows" / "play.yaml"
    mends = (
        'run: |\n      if [ -s "${FUSION_GATE_LOG:-/dev/null}" ]; then echo fine >t6.txt; else echo broken >t6.txt; fi'
    )
    text = workflow.read_text().replace(f"run: echo broken >{GUILTY}.txt", mends)
    stage.commit({".fusion/workflows/play.yaml": text}, "It mends what the gate complains of")
    stage.call("run", "play", code=1)
    run = stage.newest()
    branch = into.format(run=run)
    assert len(_files(stage, branch)) == 9
    stage.call("retry", run)
    assert _files(stage, branch) == [f"{name}.txt" for name in TEN]
    assert (stage.git("show", f"{branch}:t6.txt"), stage.git("status", "--porcelain")) == ("fine\n", "")


def test_a_target_that_moves_while_the_gate_runs_is_merged_with_what_came(open_stage: Opens) -> None:
    gate = 'echo gate >>"$EFFECTS"; while [ ! -e "$EFFECTS.go" ]; do sleep 0.05; done'
    stage = open_stage(lambda effects: _one(effects, gate))
    runner = stage.start("run", "play")
    until(stage.effects.exists, "the gate to run")
    stage.commit({"theirs.txt": "theirs\n"}, "Theirs")
    Path(f"{stage.effects}.go").touch()
    assert runner.wait() == 0, runner.err
    assert _files(stage, "main") == ["done.txt", "theirs.txt"]
    assert [gated.passed for gated in _gates(stage)] == [True, True]
    assert stage.git("status", "--porcelain") == ""


def test_a_dirty_target_is_left_alone_and_merged_by_hand_later(open_stage: Opens) -> None:
    stage = open_stage(_one)
    stage.write({"README.md": "Mine, not committed.\n"})
    runner = stage.call("run", "play")
    run = stage.newest()
    assert (stage.root / "README.md").read_text() == "Mine, not committed.\n"
    assert (_files(stage, "main"), _files(stage, f"fk/{run}/result")) == ([], ["done.txt"])
    assert f"fusion-kit merge {run}" in runner.out + runner.err
    refused = stage.call("merge", run, code=None)
    assert (refused.process.returncode > 0, "uncommitted changes in README.md" in refused.err) == (True, True)
    stage.git("checkout", "-q", "--", "README.md")
    stage.call("merge", run)
    assert (_files(stage, "main"), stage.git("status", "--porcelain")) == (["done.txt"], "")
    assert len(_gates(stage)) == 1


def test_a_target_in_the_middle_of_a_merge_is_left_alone(open_stage: Opens) -> None:
    stage = open_stage(_one)
    stage.git("checkout", "-q", "-b", "side")
    stage.commit({"README.md": "Side.\n"}, "Side")
    stage.git("checkout", "-q", "main")
    stage.commit({"README.md": "Main.\n"}, "Main")
    stage.git("merge", "side", code=1)
    before = (stage.root / "README.md").read_text(), stage.git("status", "--porcelain"), stage.git("rev-parse", "main")
    stage.call("run", "play")
    after = (stage.root / "README.md").read_text(), stage.git("status", "--porcelain"), stage.git("rev-parse", "main")
    assert (before, after[0]) == (after, before[0])
    [waiting] = _facts(stage, e.MergeWaiting)
    assert isinstance(waiting, e.MergeWaiting)
    assert "a merge is going on" in waiting.reason


def _quarrel(effects: Path) -> dict[str, str]:
    tasks = "tasks:\n  - {id: one, agent: writer, prompt: One.}\n  - {id: two, agent: writer, prompt: Two.}\n"
    merge = 'merge:\n  on_conflict: agent\n  gate: \'test "$(cat same.txt)" = "one and two"\'\n'
    writer = (
        "max_parallel: 2\ntasks:\n"
        '  one: [{write: {same.txt: "one\\n"}}, {say: One.}]\n'
        '  two: [{write: {same.txt: "two\\n"}}, {say: Two.}]\n'
        '  "merge.*":\n    - write: {same.txt: "one and two\\n"}\n    - run: \'echo resolved >>"$EFFECTS"\'\n'
        "    - wait: 1s\n    - say: Both.\n"
    )
    return project(effects, tasks + merge, writer=writer)


def _is_brought_together(stage: Stage) -> None:
    assert stage.git("show", f"fk/{stage.newest()}/result:same.txt") == "one and two\n"
    assert (_row(stage, "merge.resolve-1").outcome, [gated.passed for gated in _gates(stage)]) == ("success", [True])
    assert (stage.effects.read_text(), stage.git("status", "--porcelain")) == ("resolved\n", "")


def test_a_conflict_is_brought_together_by_an_agent_of_the_workflow(open_stage: Opens) -> None:
    stage = open_stage(_quarrel)
    stage.call("run", "play")
    _is_brought_together(stage)


def test_an_agent_that_brings_together_lives_on_when_its_runner_is_killed(open_stage: Opens) -> None:
    stage = open_stage(_quarrel)
    runner = stage.start("run", "play")
    until(stage.effects.exists, "the agent to work")
    runner.kill()
    stage.call("resume", stage.newest())
    _is_brought_together(stage)


def test_a_gate_whose_runner_is_killed_goes_on_and_is_not_run_again(open_stage: Opens) -> None:
    gate = 'echo gate >>"$EFFECTS"; sleep 1'
    stage = open_stage(lambda effects: _one(effects, gate))
    runner = stage.start("run", "play")
    until(stage.effects.exists, "the gate to run")
    runner.kill()
    stage.call("resume", stage.newest())
    assert (stage.effects.read_text(), _files(stage, "main")) == ("gate\n", ["done.txt"])


@pytest.mark.parametrize("seed", range(torture(3)))
def test_a_runner_killed_anywhere_in_gate_and_bisection_comes_to_the_same_end(open_stage: Opens, seed: int) -> None:
    stage = open_stage(_into_main)
    chance = random.Random(seed)
    start = stage.git("rev-parse", "main")
    runner = stage.start("run", "play")
    run = stage.newest()
    for _ in range(6):
        gates = chance.randint(0, 5)
        until(lambda: len(_gates(stage)) >= gates or runner.is_over, "some gates")  # noqa: B023 - called at once
        time.sleep(chance.uniform(0.0, 0.15))
        if runner.is_over:
            break
        runner.kill()
        assert stage.git("rev-parse", "main") == start or len(_files(stage, "main")) == 9
        runner = stage.start("resume", run)
    runner.wait()
    with stage.views() as views:
        assert views.run(run).state in FINAL_RUNS
    assert _files(stage, "main") == [f"{name}.txt" for name in TEN if name != GUILTY]
    assert len(stage.git("log", "--merges", "--format=%H", "main").split()) <= 9
    assert (_row(stage, GUILTY).refused is not None, stage.git("status", "--porcelain")) == (True, "")
    assert stage.effects.read_text().splitlines() == ["gate"] * 5  # however often it was killed


@pytest.mark.parametrize(
    ("strategy", "subjects"), [("squash", ["play: {run}"]), ("rebase", ["two: Two.", "one: One."])]
)
def test_a_squash_is_one_commit_and_a_rebase_one_for_each_task(
    open_stage: Opens, strategy: str, subjects: list[str]
) -> None:
    def files(effects: Path) -> dict[str, str]:
        tasks = "".join(
            f"  - {{id: {name}, name: {name.title()}., run: echo x >{name}.txt}}\n" for name in ("one", "two")
        )
        merge = f"merge:\n  into: main\n  strategy: {strategy}\n  gate: test -e one.txt -a -e two.txt\n"
        return project(effects, f"tasks:\n{tasks}{merge}")

    stage = open_stage(files)
    start = stage.git("rev-parse", "main").strip()
    stage.call("run", "play")
    run = stage.newest()
    told = stage.git("log", "--format=%s", f"{start}..main").splitlines()
    assert told == [subject.format(run=run) for subject in subjects]
    assert (_files(stage, "main"), stage.git("status", "--porcelain")) == (["one.txt", "two.txt"], "")
