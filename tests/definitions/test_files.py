"""Whole files: what good ones mean, and everything a person reads of bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from fusion_kit.definitions import InvalidDefinitions, load_workflow, thaw, validate
from fusion_kit.definitions.schemas import schemas
from tests.definitions import corpus

ROOT = Path(__file__).parents[2]


def name_of(path: Path) -> str:
    return str(path.relative_to(corpus.HERE))


@pytest.mark.parametrize("path", corpus.good_files(), ids=name_of)
def test_a_good_file_means_exactly_what_is_written_beside_it(path: Path) -> None:
    assert corpus.meaning(path) == path.with_suffix(".json").read_text("utf-8")


@pytest.mark.parametrize("path", corpus.bad_files(), ids=name_of)
def test_a_bad_file_is_answered_by_exactly_this_complaint(path: Path) -> None:
    assert corpus.complaint(path) == corpus.expectation(path).read_text("utf-8")


def test_there_are_more_than_sixty_bad_files_and_none_is_without_a_complaint() -> None:
    assert len(corpus.bad_files()) > 60
    assert [path.name for path in corpus.bad_files() if not corpus.expectation(path).read_text("utf-8").strip()] == []


@pytest.mark.parametrize("path", corpus.bad_files(), ids=name_of)
def test_every_complaint_points_into_its_file(path: Path) -> None:
    root = path.parent.parent if path.name == "config.yaml" else corpus.BAD
    for problem in validate([path], root):
        lines = (root / problem.file).read_bytes().decode("utf-8", "replace").splitlines()
        assert 1 <= problem.line <= max(1, len(lines))
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.end_column > problem.column


@pytest.mark.parametrize("path", corpus.good_files(), ids=name_of)
def test_a_frozen_copy_loads_to_the_same_workflow(path: Path) -> None:
    loaded = load_workflow(path.name, corpus.GOOD)

    assert thaw(loaded.files, loaded.workflow.source) == loaded


@pytest.mark.parametrize("path", corpus.good_files(), ids=name_of)
def test_a_good_file_passes_the_schema_that_editors_use(path: Path) -> None:
    jsonschema.Draft202012Validator(schemas()["workflow.json"]).validate(_as_an_editor_reads(path))


@pytest.mark.parametrize("path", sorted(corpus.GOOD.glob(".fusion/agents/*.yaml")), ids=name_of)
def test_a_good_agent_passes_the_schema_that_editors_use(path: Path) -> None:
    jsonschema.Draft202012Validator(schemas()["agent.json"]).validate(yaml.safe_load(path.read_text("utf-8")))


@pytest.mark.parametrize("name", ["key-need", "two-kinds", "retry-negative", "limits", "task-as-text"])
def test_the_schema_that_editors_use_refuses_what_the_validator_refuses(name: str) -> None:
    validator = jsonschema.Draft202012Validator(schemas()["workflow.json"])

    assert not validator.is_valid(yaml.safe_load((corpus.BAD / f"{name}.yaml").read_text("utf-8")))


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schemas_in_the_tree_are_fresh(name: str) -> None:
    assert json.loads((ROOT / "schemas" / name).read_text("utf-8")) == schemas()[name]
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


def test_a_broken_file_is_refused_with_all_its_problems() -> None:
    with pytest.raises(InvalidDefinitions) as refused:
        load_workflow("many-at-once.yaml", corpus.BAD)

    assert [(problem.line, problem.code) for problem in refused.value.problems if problem.is_error] == [
        (1, "unknown-key"),
        (3, "id"),
        (4, "expression-in-code"),
        (5, "duration"),
        (7, "unknown-task"),
        (8, "unknown-key"),
        (9, "task-kind"),
        (10, "type"),
    ]


def _as_an_editor_reads(path: Path) -> object:
    """YAML 1.2, as editors read it: our own tree, because PyYAML's constructor means 1.1."""
    from fusion_kit.definitions.tree.node import plain
    from fusion_kit.definitions.tree.reading import read

    root = read(path.read_bytes()).root
    assert root is not None
    return plain(root)
