"""The real program keeps to a budget over several commands, and does nothing twice that a cache remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion_kit.core.events import TaskHeld
from tests.house.documents import blocks
from tests.stories.conftest import Opens
from tests.stories.plays import IGNORED, NOTE, project
from tests.stories.stage import ROOT, Stage

pytestmark = pytest.mark.story

_TASKS = """\
max_parallel: 4
tasks:
  - {id: one, agent: coder, prompt: x}
  - {id: two, agent: coder, prompt: x}
  - {id: three, agent: coder, prompt: x}
"""
_CODER = f"""\
max_parallel: 4
limits: {{cost_usd: 0.50}}
steps:
  - run: '{NOTE}'
  - wait: 300ms
  - use: {{input_tokens: 900, output_tokens: 100, cost_usd: 0.40}}
  - write: {{"{{task}}.txt": "made"}}
"""


def _outcomes(document: dict[str, object]) -> dict[str, object]:
    tasks = document["tasks"]
    assert isinstance(tasks, list)
    return {task["id"]: task["outcome"] or task["state"] for task in tasks}


def _did(stage: Stage) -> list[str]:
    return sorted(task for task, _ in stage.done())


def test_a_run_stops_at_its_ceiling_and_goes_on_when_it_is_raised(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: project(effects, _TASKS, coder=_CODER))

    refused = stage.call("-o", "json", "run", "play", "--max-cost", "0.40", code=2).document()
    assert refused["error"]["code"] == "never-affordable"

    paused = stage.call("-o", "json", "run", "play", "--max-cost", "1.00", code=4).document()
    assert paused["status"] == "paused"
    assert sorted(map(str, _outcomes(paused).values())) == ["paused", "success", "success"]
    assert len(_did(stage)) == 2

    run = str(paused["run"])
    ended = stage.call("-o", "json", "resume", run, "--max-cost", "1.30").document()
    assert _outcomes(ended) == {"one": "success", "two": "success", "three": "success"}
    assert ended["cost_usd"] == pytest.approx(1.2)
    assert _did(stage) == ["one", "three", "two"]


_CACHED = """\
inputs: {{level: {{type: string, default: low}}}}
tasks:
  - id: build
    run: |
      {note}
      cat src/*.txt >built.txt
      echo "size=$(wc -c <built.txt)" >>"$FUSION_OUTPUT"
    cache: {{files: ["src/**"]}}
    artifacts: [built.txt]
    outputs: {{size: {{type: integer}}}}
  - id: use
    needs: build
    run: |
      {note}
      cmp built.txt "$FUSION_INPUTS/build/built.txt"
      test "$SIZE" = "$(wc -c <built.txt | tr -d ' ')"
    env: {{SIZE: "${{{{ tasks.build.outputs.size }}}}"}}
"""


def _cached(effects: Path) -> dict[str, str]:
    return {**project(effects, _CACHED.format(note=NOTE)), "src/a.txt": "a\n"}


def test_unchanged_files_make_a_task_cached_with_its_code_its_outputs_and_its_artifacts(open_stage: Opens) -> None:
    stage = open_stage(_cached)

    first = stage.call("-o", "json", "run", "play").document()
    again = stage.call("-o", "json", "run", "play").document()
    assert _outcomes(first) == {"build": "success", "use": "success"}
    assert _outcomes(again) == {"build": "cached", "use": "success"}
    stage.commit({"src/b.txt": "b\n"})
    changed = stage.call("-o", "json", "run", "play").document()
    assert _outcomes(changed) == {"build": "success", "use": "success"}
    assert _did(stage) == ["build", "build", "use", "use", "use"]


def test_a_damaged_artifact_is_not_handed_on(open_stage: Opens) -> None:
    stage = open_stage(_cached)
    run = str(stage.call("-o", "json", "run", "play").document()["run"])
    artifact = stage.state / "runs" / run / "tasks" / "build" / "1" / "artifacts" / "built.txt"
    artifact.write_text("b\n")

    again = stage.call("-o", "json", "run", "play").document()

    assert _outcomes(again) == {"build": "success", "use": "success"}


_PAGE = ROOT / "docs" / "how-to" / "limits-and-caching.md"


def _examples(_effects: Path) -> dict[str, str]:
    """Files of the how-to's examples, by the path in the first line of each."""
    told = dict(block.split("\n", 1) for block in blocks(_PAGE, "yaml"))
    files = {name.removeprefix("# "): text for name, text in told.items()}
    return {**files, ".fusion/.gitignore": IGNORED, "src/a.txt": "a\n", "requirements.txt": "x\n"}


def test_the_examples_of_the_how_to_do_what_it_says(open_stage: Opens) -> None:
    stage = open_stage(_examples)
    stage.call("validate")
    feature = stage.call("-o", "json", "run", "feature").document()
    assert (feature["status"], feature["cost_usd"]) == ("completed", pytest.approx(0.9))
    messages = [event.fact.message for event in stage.events() if isinstance(event.fact, TaskHeld)]
    assert messages == ["needs 0.20 USD: 0.00 spent, 1.00 reserved of 1.00"]

    pieces = stage.call("-o", "json", "run", "pieces").document()
    assert pieces["status"] == "completed"
    facts = [(event.task, event.fact) for event in stage.events(pieces["run"])]
    told = [(task, fact.message) for task, fact in facts if isinstance(fact, TaskHeld)]
    assert told[0] == ("piece@api", "touches src/api/** like format")

    assert set(_outcomes(stage.call("-o", "json", "run", "ci").document()).values()) == {"success"}
    (stage.root / "vendor" / "requirements.txt").unlink()
    assert set(_outcomes(stage.call("-o", "json", "run", "ci").document()).values()) == {"cached"}
    assert (stage.root / "vendor" / "requirements.txt").read_text() == "x\n"
