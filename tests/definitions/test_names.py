"""Names that people give: as ids they are refused or told, as keys of a matrix they become safe names of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fusion_kit.core import ids
from fusion_kit.core.errors import BadId
from fusion_kit.definitions import validate
from fusion_kit.definitions.problem import Problem

REFUSED = {
    "a space": "two words",
    "Unicode": "überblick",
    "a capital": "Build",
    "two dots": "..",
    "a path": "../../etc/passwd",
    "a leading dash": "-rf",
    "300 characters": "x" * 300,
    "nothing": "",
    "a new line": "a\nb",
    "NUL": "a\0b",
    "a trailing dot": "a.",
    "a lock of Git": "a.lock",
}


def problems(root: Path, *names: str) -> list[Problem]:
    folder = root / ".fusion" / "workflows"
    folder.mkdir(parents=True)
    tasks = "\n".join(f'  - {{ id: {json.dumps(name)}, run: "true" }}' for name in names)
    (folder / "w.yaml").write_text(f"tasks:\n{tasks}\n", encoding="utf-8")
    return validate([], root)


@pytest.mark.parametrize("what", REFUSED)
def test_a_name_that_could_be_no_folder_and_no_branch_is_refused_as_the_id_of_a_task(what: str, tmp_path: Path) -> None:
    found = problems(tmp_path, REFUSED[what])

    assert [problem.code for problem in found] == ["id"]


@pytest.mark.parametrize("what", REFUSED)
def test_the_same_names_are_refused_where_paths_are_made(what: str) -> None:
    with pytest.raises(BadId):
        ids.checked("run", REFUSED[what])


@pytest.mark.parametrize("what", [what for what in REFUSED if what != "nothing"])
def test_as_the_key_of_a_matrix_a_name_becomes_one_safe_component_that_no_other_key_shares(what: str) -> None:
    node = ids.item("test", REFUSED[what])

    assert ids.checked_node(node) == node
    assert len(node) < 64
    assert node != ids.item("test", ids.slug(REFUSED[what])[:-7] or "x")


def test_keys_that_differ_in_case_only_are_two_items_with_two_folders_on_any_disk() -> None:
    nodes = {ids.item("test", key) for key in ("linux", "Linux", "LINUX")}

    assert len({node.casefold() for node in nodes}) == 3


def test_ids_that_differ_in_case_only_cannot_be_because_capitals_are_refused_with_the_way_out(tmp_path: Path) -> None:
    found = problems(tmp_path, "build", "Build")

    assert [(problem.code, problem.suggestion) for problem in found] == [("id", "build")]


@pytest.mark.parametrize("name", ["con", "nul", "aux", "prn", "com1", "lpt9"])
def test_the_name_of_a_device_on_windows_is_told_and_is_harmless_as_a_key(name: str, tmp_path: Path) -> None:
    assert [(problem.code, problem.is_error) for problem in problems(tmp_path, name)] == [("windows-name", False)]
    assert ids.item("test", name) == f"test@{name}"


def test_a_thousand_tasks_are_read_and_one_wrong_need_among_them_is_found(tmp_path: Path) -> None:
    folder = tmp_path / ".fusion" / "workflows"
    folder.mkdir(parents=True)
    tasks = [f"  - {{ id: t{number}, needs: t{number - 1}, run: x }}" for number in range(1, 1000)]
    tasks[500] = tasks[500].replace("needs: t500", "needs: t5000")
    (folder / "w.yaml").write_text("tasks:\n  - { id: t0, run: x }\n" + "\n".join(tasks) + "\n")

    assert [(problem.line, problem.code) for problem in validate([], tmp_path)] == [(503, "unknown-task")]
