"""`validate`, `list`, `show`, `graph`, `schema`: the files in .fusion/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.runner import cli

BUILD = """\
name: build
description: Build it, then tell.
inputs:
  goal: { type: string, required: true }
  tries: { type: integer, default: 3 }
max_parallel: 2
tasks:
  - id: plan
    run: echo "$INPUT_GOAL $INPUT_TRIES"
  - id: lint
    run: "true"
  - id: test
    needs: plan
    strategy: { matrix: { python: ["3.11", "3.12"] } }
    env: { PY: "${{ matrix.python }}" }
    run: echo "$PY"
  - id: end
    needs: [test, lint]
    if: always()
    run: "true"
finally:
  - id: report
    run: "true"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one good workflow."""
    (tmp_path / ".fusion" / "workflows").mkdir(parents=True)
    (tmp_path / ".fusion" / "workflows" / "build.yaml").write_text(BUILD)
    return tmp_path


@pytest.fixture
def broken(root: Path) -> Path:
    """The same with a second workflow that has a problem."""
    (root / ".fusion" / "workflows" / "bad.yaml").write_text("tasks:\n  - id: a\n    run: x\n    nedes: b\n")
    return root


def test_a_valid_project_is_all_good(root: Path) -> None:
    seen = cli("-C", root, "validate")
    assert (seen.code, seen.out, seen.err) == (0, "all good\n", "")


def test_a_problem_is_shown_with_its_line_and_a_caret_and_the_code_is_1(broken: Path) -> None:
    seen = cli("-C", broken, "validate")
    assert (seen.code, seen.err) == (1, "")
    assert seen.out.startswith('.fusion/workflows/bad.yaml:4:5: unknown key "nedes"')
    assert "4 |     nedes: b\n  |     ^~~~~\n" in seen.out
    assert seen.out.splitlines()[-1] == "1 error, 0 warnings"


def test_a_workflow_is_validated_by_its_name_as_it_is_run(broken: Path) -> None:
    assert cli("-C", broken, "validate", "build").code == 0
    by_name, by_path = (cli("-C", broken, "validate", name) for name in ("bad", ".fusion/workflows/bad.yaml"))
    assert (by_name.code, by_name.out) == (1, by_path.out)


def test_only_the_files_that_are_named_are_checked_as_seen_from_where_the_person_stands(broken: Path) -> None:
    assert cli("-C", broken, "validate", ".fusion/workflows/build.yaml").code == 0
    inside = cli("-C", broken / ".fusion" / "workflows", "validate", "bad.yaml")
    assert (inside.code, inside.out.startswith(".fusion/workflows/bad.yaml:4:5:")) == (1, True)


def test_problems_as_json_are_a_list_with_places(broken: Path) -> None:
    seen = cli("-C", broken, "validate", "-o", "json")
    assert (seen.code, seen.json["total"], seen.json["next_after"]) == (1, len(seen.json["items"]), None)
    first = seen.json["items"][0]
    assert (first["file"], first["line"], first["column"], first["code"]) == (
        ".fusion/workflows/bad.yaml", 4, 5, "unknown-key",
    )  # fmt: skip


def test_list_names_every_workflow_and_marks_those_with_problems(broken: Path) -> None:
    assert cli("-C", broken, "list").out == (
        "bad    .fusion/workflows/bad.yaml    has problems: fusion-kit validate\n"
        "build  .fusion/workflows/build.yaml  Build it, then tell.\n"
    )
    items = {item["name"]: item for item in cli("-C", broken, "list", "-o", "json").json["items"]}
    assert items["build"] == {
        "name": "build", "path": ".fusion/workflows/build.yaml", "description": "Build it, then tell.", "tasks": 5,
        "state": "ready",
    }  # fmt: skip
    assert items["bad"]["state"] == "draft"


def test_list_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".fusion").mkdir()
    seen = cli("-C", tmp_path, "list")
    assert (seen.code, seen.out, seen.err) == (
        0, "", "There is no workflow in .fusion/workflows yet; `fusion-kit init` writes one.\n",
    )  # fmt: skip


def test_show_tells_inputs_and_tasks(root: Path) -> None:
    assert cli("-C", root, "show", "build").out == (
        "build  .fusion/workflows/build.yaml\n"
        "Build it, then tell.\n"
        "\n"
        "inputs\n"
        "  goal   string   required\n"
        "  tries  integer  default 3\n"
        "\n"
        "tasks\n"
        "  plan  command\n"
        "  lint  command\n"
        "  test  command (matrix)  needs plan\n"
        "  end   command (if)      needs test, lint\n"
        "\n"
        "finally\n"
        "  report  command\n"
    )


def test_show_as_json_is_one_document(root: Path) -> None:
    document = cli("-C", root, "show", ".fusion/workflows/build.yaml", "-o", "json").json
    assert (document["workflow"]["name"], document["agents"], len(document["digest"])) == ("build", [], 64)


def test_a_misspelt_workflow_and_a_broken_one_are_usage_errors(broken: Path) -> None:
    assert (cli("-C", broken, "show", "biuld").code, cli("-C", broken, "show", "biuld").out) == (2, "")
    seen = cli("-C", broken, "run", "bad")
    assert (seen.code, seen.out) == (2, "")
    assert seen.err.startswith(".fusion/workflows/bad.yaml:4:5: unknown key")
    assert seen.err.endswith(
        "error: the definitions have 1 problem; nothing was started.\nhint: `fusion-kit validate` checks them again.\n"
    )


def test_a_graph_as_text_has_layers(root: Path) -> None:
    assert cli("-C", root, "graph", "build").out == (
        "  o- plan (run)\n"
        "  o- lint (run)\n"
        "  |\n"
        "  +- test (run x matrix)  <- plan\n"
        "  |\n"
        "  +- end (run)  <- test, lint\n"
        "finally\n"
        "  o- report (run)\n"
    )


def test_a_graph_for_mermaid_uses_no_word_of_mermaids_own(root: Path) -> None:
    assert cli("-C", root, "graph", "build", "--format", "mermaid").out == (
        "flowchart TD\n"
        '  t1["plan (run)"]\n'
        '  t2["lint (run)"]\n'
        '  t3["test (run x matrix)"]\n'
        '  t4["end (run)"]\n'
        '  t5["report (run)"]\n'
        "  t1 --> t3\n"
        "  t3 --> t4\n"
        "  t2 --> t4\n"
    )


def test_a_graph_for_graphviz_and_as_json_hold_the_same_edges(root: Path) -> None:
    dot = cli("-C", root, "graph", "build", "--format", "dot").out
    document = cli("-C", root, "graph", "build", "--format", "json").json
    assert [(edge["from"], edge["to"]) for edge in document["edges"]] == [
        ("plan", "test"),
        ("test", "end"),
        ("lint", "end"),
    ]
    assert [line for line in dot.splitlines() if "->" in line] == [
        f'  "{edge["from"]}" -> "{edge["to"]}";' for edge in document["edges"]
    ]
    assert [node["section"] for node in document["nodes"]] == ["tasks"] * 4 + ["finally"]
    assert cli("-C", root, "graph", "build", "-o", "json").json == document


def test_schema_without_a_path_lists_the_files_it_explains() -> None:
    seen = cli("schema")
    assert seen.code == 0
    names = [line.split()[0] for line in seen.out.splitlines() if line.startswith("  ")]
    assert names == ["agent", "config", "events", "workflow"]


def test_schema_explains_a_key_and_lists_what_is_below_it() -> None:
    out = cli("schema", "workflow.tasks.retry").out
    assert out.splitlines()[0].startswith("workflow.tasks.retry  ")
    assert {"max", "delay", "backoff", "when"} <= {
        line.split()[0] for line in out.splitlines() if line.startswith("  ")
    }


def test_a_misspelt_key_is_named_with_the_one_that_was_meant() -> None:
    seen = cli("schema", "workflow.taks")
    assert (seen.code, seen.err) == (2, "error: There is no key 'taks' in `workflow`.\nhint: Did you mean 'tasks'?\n")
    assert cli("schema", "wrkflow").err.splitlines()[1] == "hint: Did you mean 'workflow'?"


def test_every_key_of_every_schema_can_be_explained() -> None:
    pending = ["workflow", "agent", "config"]
    seen: list[str] = []
    while pending:
        path = pending.pop()
        found = cli("schema", path)
        assert (path, found.code) == (path, 0)
        seen.append(path)
        if path.count(".") < 3:
            below = [line.split()[0] for line in found.out.splitlines() if line.startswith("  ")]
            pending += [f"{path}.{name}" for name in below]
    assert len(seen) > 60
