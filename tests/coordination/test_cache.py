"""A task with `cache` is done again only if something that could change its result has changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.coordination.caching import Recipe, agent_of, key_of
from fusion_kit.core.events import Draft, MergeRefused
from fusion_kit.core.scope import Scope
from fusion_kit.core.states import RunState
from fusion_kit.core.workflow import AgentSpec, Cache, DoneWhen, Kind, TaskSpec
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.testing import Sandbox
from fusion_kit.testing.actors import Part

LINT = """
    name: ci
    inputs: {level: {type: string, default: low}}
    tasks:
      - {id: lint, run: lint, workspace: none, cache: {files: ["*.py"]}, env: {LEVEL: "${{ inputs.level }}"}}
      - {id: after, needs: lint, run: x, workspace: none}
"""


def outcome(sandbox: Sandbox, node: str = "lint") -> str:
    return sandbox.outcomes()[node]


async def test_unchanged_it_is_taken_from_the_last_run_with_its_outputs(sandbox: Sandbox) -> None:
    sandbox.workflow(LINT)
    sandbox.workspaces.lying = {"a.py": "1", "notes.txt": "1"}
    sandbox.task("lint").works(warnings=3)
    await sandbox.run({"level": "low"})
    first = sandbox.rows["lint"]
    sandbox.workspaces.lying = {"a.py": "1", "notes.txt": "2"}

    run = await sandbox.run({"level": "low"})

    assert run.state is RunState.COMPLETED
    assert sandbox.outcomes() == {"lint": "cached", "after": "success"}
    assert sandbox.troupe.starts == ["lint", "after", "after"]
    row = sandbox.rows["lint"]
    assert (row.outputs, row.attempts, row.usage, row.spent) == ({"warnings": 3}, 0, None, {})
    assert first.cache_key is not None
    assert row.cache_key is None  # what it was taken from is asked for again the next time


async def test_a_changed_file_or_input_or_variable_is_a_reason_to_do_it_again(sandbox: Sandbox) -> None:
    sandbox.workflow(LINT)
    sandbox.workspaces.lying = {"a.py": "1"}
    await sandbox.run({"level": "low"})

    await sandbox.run({"level": "high"})
    assert outcome(sandbox) == "success"
    await sandbox.run({"level": "low"}, env={"DEBUG": "1"})
    assert outcome(sandbox) == "success"
    sandbox.workspaces.lying = {"a.py": "2"}
    await sandbox.run({"level": "low"})
    assert outcome(sandbox) == "success"
    sandbox.workspaces.lying = {"a.py": "1"}
    await sandbox.run({"level": "low"})
    assert outcome(sandbox) == "cached"


async def test_what_failed_is_not_remembered_and_neither_is_an_allowed_failure(sandbox: Sandbox) -> None:
    sandbox.workflow("name: ci\ntasks: [{id: lint, run: x, cache: {files: [a]}, continue_on_error: true}]")
    sandbox.task("lint").fails()

    await sandbox.run()
    await sandbox.run()

    assert sandbox.troupe.starts == ["lint", "lint"]


async def test_work_that_broke_the_gate_is_not_taken_again(sandbox: Sandbox) -> None:
    sandbox.workflow(LINT)
    await sandbox.run({"level": "low"})
    refused = MergeRefused("make test", "c0ffee")
    await sandbox.ledger.append([Draft(refused, run=sandbox.last.id, task="lint")])

    await sandbox.run({"level": "low"})

    assert outcome(sandbox) == "success"


async def test_a_retry_does_it_again(sandbox: Sandbox) -> None:
    sandbox.workflow(LINT)
    sandbox.task("after").fails().works()
    await sandbox.run({"level": "low"})

    await sandbox.retry(from_task="lint")

    assert sandbox.outcomes() == {"lint": "success", "after": "success"}
    assert sandbox.troupe.starts == ["lint", "after", "lint", "after"]


OWN = """
    name: own
    tasks:
      - {{id: first, run: x}}
      - {{id: gen, needs: first, run: gen, cache: {{files: ["*.src"]}}, artifacts: ["out.bin"]}}
      - {{id: use, needs: gen, run: x{more}}}
"""


async def test_changes_are_taken_only_on_top_of_the_very_same_base(sandbox: Sandbox) -> None:
    sandbox.workflow(OWN.format(more=""))
    sandbox.task("first").plays(Part(changes={"a.src": "1"}), Part(changes={"a.src": "1"}))
    sandbox.task("gen").plays(Part(changes={"out.bin": "made"}))
    await sandbox.run()
    made = sandbox.rows["gen"].commit

    await sandbox.run()
    assert outcome(sandbox, "gen") == "cached"
    assert sandbox.rows["gen"].commit == made
    assert sandbox.rows["gen"].branch is None
    assert sandbox.rows["use"].base == made

    sandbox.troupe.parts["first"] = [Part(changes={"a.src": "1", "other.txt": "new"})]
    await sandbox.run()
    assert outcome(sandbox, "gen") == "success"
    assert sandbox.rows["use"].base not in (made, None)


async def test_a_branch_that_is_gone_is_a_reason_to_do_it_again(sandbox: Sandbox) -> None:
    sandbox.workflow(OWN.format(more=""))
    sandbox.task("gen").plays(Part(changes={"out.bin": "made"}))
    await sandbox.run()
    del sandbox.workspaces.branches[sandbox.rows["gen"].branch or ""]

    await sandbox.run()

    assert outcome(sandbox, "gen") == "success"


async def test_what_changed_nothing_is_taken_on_top_of_any_base(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: check
        tasks:
          - {id: first, run: x}
          - {id: check, needs: first, run: x, cache: {files: ["*.src"]}}
          - {id: last, needs: check, run: x}
    """)
    sandbox.task("first").plays(Part(changes={"a.src": "1"}))
    await sandbox.run()
    sandbox.troupe.parts["first"] = [Part(changes={"a.src": "1", "other.txt": "new"})]

    await sandbox.run()

    assert outcome(sandbox, "check") == "cached"
    assert sandbox.rows["last"].base == sandbox.rows["first"].commit


async def test_artifacts_are_handed_on_and_without_them_there_is_no_hit(sandbox: Sandbox) -> None:
    sandbox.workflow(OWN.format(more=""))
    sandbox.task("gen").plays(Part(changes={"out.bin": "made"}))
    await sandbox.run()
    original = sandbox.last.id
    await sandbox.run()
    run = sandbox.last.id
    handed = sandbox.folders.folder(run) / "tasks" / "use" / "1" / "inputs" / "gen" / "out.bin"
    assert (outcome(sandbox, "gen"), handed.read_text()) == ("cached", "made")

    kept = sandbox.folders.folder(original) / "tasks" / "gen" / "1" / "artifacts" / "out.bin"
    kept.write_text("MADE")  # of the same length
    await sandbox.run()
    assert outcome(sandbox, "gen") == "cached"  # the fakes keep no digests; the real artifacts have them
    kept.unlink()
    (sandbox.folders.folder(sandbox.last.id) / "tasks" / "gen" / "0" / "artifacts" / "out.bin").unlink()
    await sandbox.run()
    assert outcome(sandbox, "gen") == "success"


async def test_what_a_task_was_given_by_those_before_it_counts(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: fed
        tasks:
          - {id: make, run: x, artifacts: ["out.bin"]}
          - {id: check, needs: make, run: x, workspace: none, cache: {files: ["*.src"]}}
    """)
    sandbox.task("make").plays(Part(changes={"out.bin": "1"}))
    await sandbox.run()
    sandbox.troupe.parts["make"] = [Part(changes={"out.bin": "12"})]

    await sandbox.run()

    assert outcome(sandbox, "check") == "success"


async def test_paths_are_put_back_where_the_project_lies(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.workflow("""
        name: ci
        tasks: [{id: deps, run: x, workspace: none, cache: {files: [lock], paths: [vendor.txt]}}]
    """)
    vendored = tmp_path / "vendor.txt"
    vendored.write_text("libraries")
    await sandbox.run()
    vendored.unlink()

    await sandbox.run()

    assert (outcome(sandbox, "deps"), vendored.read_text()) == ("cached", "libraries")


async def test_a_task_that_changes_the_files_it_names_is_done_until_it_changes_them_no_more(sandbox: Sandbox) -> None:
    sandbox.workflow("name: f\ntasks: [{id: format, run: x, workspace: none, cache: {files: ['*.py']}}]")

    async def format_once() -> None:
        while not sandbox.troupe.starts:  # noqa: ASYNC110 - the fake clock turns only between turns of the loop
            await asyncio.sleep(0)
        sandbox.workspaces.lying = {"a.py": "formatted"}

    sandbox.workspaces.lying = {"a.py": "rough"}
    formatting = asyncio.create_task(format_once())
    await sandbox.run()
    await formatting
    assert sandbox.rows["format"].cache_key is None

    await sandbox.run()
    assert outcome(sandbox, "format") == "success"
    await sandbox.run()
    assert outcome(sandbox, "format") == "cached"


async def test_items_of_a_matrix_are_remembered_each_by_itself(sandbox: Sandbox) -> None:
    sandbox.workflow("""
        name: m
        tasks:
          - {id: t, run: x, cache: {files: ["*.py"]}, strategy: {matrix: {v: [1, 2]}}}
    """)
    sandbox.task("t@1").works(v=1)
    sandbox.task("t@2").fails()
    await sandbox.run()

    await sandbox.run()

    assert sandbox.outcomes() == {"t": "exit_code", "t@1": "cached", "t@2": "exit_code"}


SPEC = TaskSpec("t", Kind.RUN, run="make", cache=Cache(("**",)), env={"A": "${{ inputs.a }}", "B": "b"})
AGENT = AgentSpec("coder", "scripted", options={"steps": [{"say": "x"}]})
RECIPE = Recipe(SPEC, None, Scope(inputs={"a": "1"}, secrets={"KEY": "s3cret-value"}), {"W": "w"}, "c0ffee")


def key(recipe: Recipe, digest: str = "d") -> str:
    return key_of(Expressions(), recipe, digest)


@pytest.mark.parametrize(
    "changed",
    [
        replace(RECIPE, spec=replace(SPEC, id="u")),
        replace(RECIPE, spec=replace(SPEC, run="make all")),
        replace(RECIPE, spec=replace(SPEC, shell="bash")),
        replace(RECIPE, spec=replace(SPEC, env={"A": "1", "B": "c"})),
        replace(RECIPE, spec=replace(SPEC, artifacts=("x",))),
        replace(RECIPE, spec=replace(SPEC, outputs={"x": {"type": "string"}})),
        replace(RECIPE, spec=replace(SPEC, done_when=DoneWhen(run="test"))),
        replace(RECIPE, scope=Scope(inputs={"a": "2"})),
        replace(RECIPE, scope=Scope(inputs={"a": "1"}, matrix={"v": 1})),
        replace(RECIPE, env={"W": "x"}),
        replace(RECIPE, given={"DEBUG": "1"}),
        replace(RECIPE, fed={"make": ({"path": "x", "sha256": "1"},)}),
        replace(RECIPE, agent=AGENT),
        replace(RECIPE, spec=replace(SPEC, env={**SPEC.env, "C": "${{ secrets.KEY }}"})),
    ],
)
def test_everything_a_task_is_made_of_counts(changed: Recipe) -> None:
    assert key(changed) != key(RECIPE)


def test_what_does_not_make_a_result_does_not_count() -> None:
    secret = replace(SPEC, env={"B": "b", "A": "1", "C": "${{ secrets.KEY }}"})
    other = Scope(inputs={"a": "1"}, secrets={"KEY": "another-value"}, run={"id": "ci-2"})
    assert key(replace(RECIPE, spec=secret)) == key(replace(RECIPE, spec=secret, scope=other))
    assert key(RECIPE) == key(replace(RECIPE, spec=replace(SPEC, name="T", timeout_s=9.0, priority=3)))
    assert key(RECIPE) == key(replace(RECIPE, base="another", spec=replace(SPEC, env={"B": "b", "A": "1"})))
    agents = [replace(AGENT, description=text, max_parallel=count) for text, count in (("x", 1), ("y", 2))]
    assert key(replace(RECIPE, agent=agents[0])) == key(replace(RECIPE, agent=agents[1]))
    assert key(RECIPE) != key(RECIPE, "another digest")


def test_who_would_do_it_is_the_least_gifted_that_can() -> None:
    agents = {
        "coder": AgentSpec("coder", "scripted", capabilities=frozenset({"code"})),
        "both": AgentSpec("both", "scripted", capabilities=frozenset({"code", "web"})),
    }
    assert agent_of(TaskSpec("t", Kind.AGENT, capabilities=frozenset({"code"})), agents) == agents["coder"]
    assert agent_of(TaskSpec("t", Kind.AGENT, agent="both"), agents) == agents["both"]
    assert agent_of(SPEC, agents) is None
