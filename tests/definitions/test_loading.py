"""Finding and loading: names, paths, frozen copies, inputs, and speed that does not depend on luck."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fusion_kit.definitions import (
    InvalidDefinitions,
    checked_inputs,
    find_workflows,
    load_agents,
    load_config,
    load_workflow,
    render,
    thaw,
    validate,
)
from fusion_kit.definitions.inputs import BadInputs
from fusion_kit.definitions.loading import UnknownWorkflow
from tests.definitions import corpus

SMALL = "tasks:\n  - { id: a, run: make }\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".fusion" / "workflows").mkdir(parents=True)
    (tmp_path / ".fusion" / "agents").mkdir()
    return tmp_path


def written(root: Path, path: str, text: str) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
    return place


def test_a_workflow_is_found_by_file_name_by_own_name_and_by_path(root: Path) -> None:
    written(root, ".fusion/workflows/one.yaml", SMALL)
    written(root, ".fusion/workflows/two.yml", "name: second\n" + SMALL)
    outside = written(root, "elsewhere/three.yaml", SMALL)

    assert find_workflows(root) == [root / ".fusion/workflows/one.yaml", root / ".fusion/workflows/two.yml"]
    assert load_workflow("one", root).workflow.name == "one"
    assert load_workflow("two", root).workflow.name == "second"
    assert load_workflow("second", root).workflow.source == ".fusion/workflows/two.yml"
    assert load_workflow("elsewhere/three.yaml", root).workflow.source == "elsewhere/three.yaml"
    assert load_workflow(str(outside), root).workflow.name == "three"


def test_an_unknown_name_says_what_was_meant(root: Path) -> None:
    written(root, ".fusion/workflows/feature.yaml", SMALL)

    with pytest.raises(UnknownWorkflow) as refused:
        load_workflow("featrue", root)

    assert str(refused.value) == "There is no workflow 'featrue'; did you mean \"feature\"?"
    assert refused.value.way_out


def test_a_project_without_definitions_is_a_project(tmp_path: Path) -> None:
    assert find_workflows(tmp_path) == []
    assert validate([], tmp_path) == []
    assert load_agents(tmp_path) == {}
    assert load_config(tmp_path) == {}


def test_defaults_apply_from_the_project_to_the_workflow_to_the_task(root: Path) -> None:
    written(
        root,
        ".fusion/config.yaml",
        "defaults: { timeout: 1h, retry: 3, priority: 1 }\nlimits: { items: 9, turns: 5 }\n",
    )
    written(
        root,
        ".fusion/workflows/w.yaml",
        "defaults: { timeout: 30m, retry: 1 }\nlimits: { turns: 7 }\n"
        "tasks:\n  - { id: a, run: make }\n  - { id: b, run: make, timeout: 5s, retry: 0 }\n",
    )
    workflow = load_workflow("w", root).workflow

    assert [(task.timeout_s, task.retry.max, task.priority) for task in workflow.tasks] == [(1800.0, 1, 1), (5.0, 0, 1)]
    assert (workflow.limits.items, workflow.limits.turns) == (9, 7)


def test_a_broken_agent_stops_only_those_who_may_need_it(root: Path) -> None:
    written(root, ".fusion/agents/good.yaml", "provider: scripted\nsteps: []\ncapabilities: [coding]\n")
    written(root, ".fusion/agents/broken.yaml", "provder: x\n")
    written(root, ".fusion/workflows/named.yaml", "tasks:\n  - { id: a, agent: good, prompt: Do it. }\n")
    written(root, ".fusion/workflows/able.yaml", "tasks:\n  - { id: a, capabilities: [coding], prompt: Do it. }\n")
    written(root, ".fusion/workflows/lost.yaml", "tasks:\n  - { id: a, agent: broken, prompt: Do it. }\n")

    assert list(load_workflow("named", root).agents) == ["good"]
    for name in ("able", "lost"):
        with pytest.raises(InvalidDefinitions):
            load_workflow(name, root)
    with pytest.raises(InvalidDefinitions):
        load_agents(root)


def test_a_missing_program_is_a_warning(root: Path) -> None:
    written(root, ".fusion/agents/a.yaml", "provider: command\ncommand: [my-agent, --headless]\n")
    written(root, ".fusion/agents/b.yaml", "provider: claude\n")

    found = validate([], root, which=lambda program: "/bin/claude" if program == "claude" else None)

    assert [render(problem) for problem in found] == [
        '.fusion/agents/a.yaml:2:10: warning: agent "a" needs the program "my-agent", which is not on this machine '
        "[missing-program]\n  |\n2 | command: [my-agent, --headless]\n  |          ^"
    ]


def test_a_frozen_copy_does_not_see_what_changed_since(root: Path) -> None:
    written(root, ".fusion/agents/a.yaml", "provider: scripted\nscript: s/a.yaml\n")
    script = written(root, ".fusion/agents/s/a.yaml", "- say: one\n")
    written(root, ".fusion/workflows/inner.yaml", SMALL)
    outer = written(
        root,
        ".fusion/workflows/w.yaml",
        "tasks:\n  - { id: a, agent: a, prompt: Do it. }\n  - { id: b, uses: ./inner.yaml }\n",
    )
    loaded = load_workflow("w", root)
    script.write_text("- say: two\n")
    outer.write_text("broken: [")

    thawed = thaw(loaded.files, loaded.workflow.source)

    assert thawed == loaded
    assert thawed.agents["a"].options == {"steps": [{"say": "one"}]}
    assert list(loaded.files) == [
        ".fusion/agents/a.yaml",
        ".fusion/agents/s/a.yaml",
        ".fusion/workflows/inner.yaml",
        ".fusion/workflows/w.yaml",
    ]


def test_the_digest_changes_with_any_file_and_with_nothing_else(root: Path) -> None:
    place = written(root, ".fusion/workflows/w.yaml", SMALL)
    first = load_workflow("w", root).digest
    assert load_workflow("w", root).digest == first

    place.write_text(SMALL + "# a comment\n")

    assert load_workflow("w", root).digest != first


def test_inputs_are_coerced_checked_and_completed() -> None:
    workflow = load_workflow("every-key.yaml", corpus.GOOD).workflow

    assert checked_inputs(workflow, {"goal": "Go", "size": "1.5", "tags": '["a"]'}) == {
        "goal": "Go",
        "mode": "fast",
        "size": 1.5,
        "tags": ["a"],
        "form": {"a": 1},
    }


def test_all_that_is_wrong_with_inputs_is_said_at_once_with_a_way_out() -> None:
    workflow = load_workflow("every-key.yaml", corpus.GOOD).workflow

    with pytest.raises(BadInputs) as refused:
        checked_inputs(workflow, {"gaol": "x", "mode": "quick", "size": "big", "tags": ["a", 1]})

    assert str(refused.value) == (
        'The inputs do not fit the workflow \'every-key\': there is no input "gaol"; did you mean "goal"?; '
        'the input "mode" must be one of "fast", "slow", not "quick"; '
        "the input \"size\": 'big' is not a number; "
        'the input "tags"[1] must be text, not 1; the input "goal" is missing.'
    )
    assert refused.value.way_out == "Run it as `fusion-kit run every-key -i goal=...`."


def test_ten_thousand_tasks_load_with_each_in_its_place(root: Path) -> None:
    count = 10_000
    lines = [f"  - {{ id: t{n}, run: make, needs: [{f't{n - 1}' if n else ''}] }}" for n in range(count)]
    lines.append(f'  - {{ id: last, run: make, needs: t{count - 1}, env: {{ A: "${{{{ tasks.t0.outcome }}}}" }} }}')
    written(root, ".fusion/workflows/w.yaml", "tasks:\n" + "\n".join(lines) + "\n")

    tasks = load_workflow("w", root).workflow.tasks

    assert [task.id for task in tasks] == [*(f"t{n}" for n in range(count)), "last"]
    assert tasks[5000].needs == ("t4999",)


def test_a_cycle_through_ten_thousand_tasks_is_found(root: Path) -> None:
    count = 10_000
    lines = [f"  - {{ id: t{n}, run: make, needs: t{(n - 1) % count} }}" for n in range(count)]
    written(root, ".fusion/workflows/w.yaml", "tasks:\n" + "\n".join(lines) + "\n")

    with pytest.raises(InvalidDefinitions) as refused:
        load_workflow("w", root)

    assert [problem.code for problem in refused.value.problems] == ["cycle"]


def test_importing_the_room_loads_no_parser() -> None:
    code = "import sys, fusion_kit.definitions; print(sorted({'yaml', 'pydantic', 'pydantic_core'} & set(sys.modules)))"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_a_file_in_which_everything_is_wrong_is_answered_in_reason(root: Path) -> None:
    lines = [f"  - {{ id: t{n}, run: make, needs: x{n} }}" for n in range(5000)]
    written(root, ".fusion/workflows/w.yaml", "tasks:\n" + "\n".join(lines) + "\n")

    with pytest.raises(InvalidDefinitions) as refused:
        load_workflow("w", root)

    assert len(refused.value.problems) == 1000
