"""Many at once, and from anywhere: runs, agents, first starts; with an index or a log that somebody harmed between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fusion_kit.core.events import AgentSpawned, Event, LogRepaired
from tests.stories.audit import Expected, audit, ledger, processes, repository
from tests.stories.conftest import Opens
from tests.stories.plays import ATTEMPTS, COMMITTED, NODES, NOTE, RESULT, play, project
from tests.stories.stage import Stage

pytestmark = pytest.mark.story
WHOLE = Expected(ATTEMPTS, NODES, COMMITTED, RESULT)
SMALL = f"tasks:\n  - id: it\n    run: |\n      {NOTE}\n      echo done >done.txt\n"
SMALL_END = Expected({"it": 1}, frozenset({"it"}), frozenset({"it"}), frozenset({"done.txt"}))
AGENTS = 24
STARTS = 20


def _small(effects: Path) -> dict[str, str]:
    return project(effects, SMALL)


def _crowd(effects: Path) -> dict[str, str]:
    keys = ", ".join(f"k{number:02}" for number in range(AGENTS))
    tasks = f"""\
tasks:
  - id: all
    agent: one_of_many
    strategy: {{matrix: {{key: [{keys}]}}, key: "${{{{ matrix.key }}}}"}}
    prompt: Write.
"""
    steps = f"  - run: '{NOTE}'\n  - wait: 1s\n  - write: {{'{{key}}.txt': '{{key}}'}}\n  - say: Written.\n"
    agent = f"max_parallel: {AGENTS}\nsteps:\n{steps}"
    return project(effects, f"max_parallel: {AGENTS}\n{tasks}", one_of_many=agent)


def test_twenty_four_agents_made_at_once_all_work_and_none_fails(open_stage: Opens) -> None:
    stage = open_stage(_crowd)
    stage.call("run", "play")
    names = [f"k{number:02}" for number in range(AGENTS)]
    nodes = {f"all@{name}": 1 for name in names}
    expected = Expected(nodes, frozenset({*nodes, "all"}), frozenset(nodes), frozenset(f"{name}.txt" for name in names))
    spawned = [event for event in stage.events() if isinstance(event.fact, AgentSpawned)]
    assert (len(spawned), audit(stage, stage.newest(), expected)) == (AGENTS, [])


def test_two_runs_at_once_share_their_agents_and_disturb_each_other_in_nothing(open_stage: Opens) -> None:
    stage = open_stage(play)
    runners = [stage.start("run", "play") for _ in range(2)]
    assert [(runner.wait(), runner.err[-500:] if runner.wait() else "") for runner in runners] == [(0, ""), (0, "")]
    assert [audit(stage, run, WHOLE) for run in stage.runs()] == [[], []]


def test_twenty_first_runs_started_at_once_all_complete(open_stage: Opens) -> None:
    stage = open_stage(_small)
    runners = [stage.start("run", "play", "-o", "json") for _ in range(STARTS)]
    ended = [(runner.wait(), runner.document()["status"]) for runner in runners]
    assert ended == [(0, "completed")] * STARTS
    assert (len(stage.runs()), [wrong for run in stage.runs() for wrong in audit(stage, run, SMALL_END)]) == (
        STARTS,
        [],
    )


def test_a_run_begins_in_a_folder_below_the_project_too(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: {**_small(effects), "src/deep/file.txt": "text\n"})
    stage.call("run", "play", cwd=stage.root / "src" / "deep")
    assert audit(stage, stage.newest(), SMALL_END) == []


def test_a_run_begun_in_a_linked_worktree_is_recorded_with_the_others(open_stage: Opens) -> None:
    stage = open_stage(_small)
    stage.git("worktree", "add", "-q", "-b", "side", str(stage.root.parent / "side"))
    stage.call("run", "play")
    stage.call("run", "play", cwd=stage.root.parent / "side")
    assert [audit(stage, run, SMALL_END) for run in stage.runs()] == [[], []]


def _delete(path: Path) -> None:
    path.unlink()


def _garble(path: Path) -> None:
    path.write_bytes(b"\x00garbage\xff" * 3000)


def _overwrite_the_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 600] = b"\x5a" * 600
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_delete, _garble, _overwrite_the_middle, _empty])
def test_an_index_that_was_harmed_between_runs_is_made_anew(open_stage: Opens, harm: Callable[[Path], None]) -> None:
    stage = open_stage(_small)
    stage.call("run", "play")
    harm(stage.state / "index.db")
    stage.call("run", "play")
    assert len(stage.call("history").out.splitlines()) >= 2
    stage.call("doctor", code=None)
    assert [audit(stage, run, SMALL_END) for run in stage.runs()] == [[], []]


def _repairs(events: list[Event]) -> list[int]:
    return [event.fact.bytes for event in events if isinstance(event.fact, LogRepaired)]


@pytest.mark.parametrize("torn", [b'{"seq":9', b"\x00" * 512, b'{"seq":1,"ts":"x"}\n'])
def test_a_tail_torn_between_runs_is_set_aside_and_said(open_stage: Opens, torn: bytes) -> None:
    stage = open_stage(_small)
    stage.call("run", "play")
    (log,) = (stage.state / "log").glob("*.jsonl")
    with log.open("ab") as file:
        file.write(torn)
    stage.call("run", "play")
    assert _repairs(stage.events()) == [len(torn)]
    kept = [path.read_bytes() for path in (stage.state / "quarantine").iterdir()]
    expected = Expected(
        SMALL_END.attempts, SMALL_END.nodes, SMALL_END.committed, SMALL_END.result, may_be_set_aside=True
    )
    assert (kept, [audit(stage, run, expected) for run in stage.runs()]) == ([torn], [[], []])


SECRET = "sk-planted-0123456789abcdef"
SECRETIVE = f"""\
tasks:
  - id: it
    env: {{KEY: "${{{{ secrets.PLANTED }}}}"}}
    outputs: {{told: {{type: string}}}}
    run: |
      {NOTE}
      test "$KEY" = {SECRET[:10]}"{SECRET[10:]}"
      echo "told=it is $KEY" >>"$FUSION_OUTPUT"
"""


def _holders(stage: Stage, but: set[str]) -> list[str]:
    """Files of ours that hold the secret."""
    files = (path for path in stage.state.rglob("*") if path.is_file() and path.name not in but)
    return sorted(path.relative_to(stage.state).as_posix() for path in files if SECRET.encode() in path.read_bytes())


def test_a_secret_reaches_its_task_and_nothing_we_write(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: project(effects, SECRETIVE))
    runner = stage.call("run", "play", "-o", "json", env={"PLANTED": SECRET})
    # what the task itself wrote with the key into its own output file is the task's
    assert (_holders(stage, {"output"}), SECRET in runner.out + runner.err) == ([], False)
    (task,) = runner.document()["tasks"]
    assert (task["state"], task["outputs"]) == ("completed", {"told": "it is ***"})


def test_a_secret_that_is_missing_stops_before_anything_was_started(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: project(effects, SECRETIVE))
    refused = stage.call("run", "play", code=2)
    assert ("PLANTED" in refused.err, stage.runs(), stage.done()) == (True, [], [])
    assert [*ledger(stage), *repository(stage), *processes(stage, [])] == []
