"""The documents say what is so: links lead somewhere, names exist, tables are complete."""

from __future__ import annotations

import json
import re
import subprocess
from enum import StrEnum
from pathlib import Path

import pytest

import fusion_kit
from fusion_kit.cli.exit_codes import MEANINGS
from fusion_kit.cli.table import COMMANDS
from fusion_kit.core.states import AgentState, DefinitionState, Outcome, RunState, TaskState
from tests.house.documents import ROOT, anchors, documents, links
from tools import pages

MAKE = re.compile(r"\bmake ([a-z]+)\b(?=[`\s]*(?:#|`|\n))")
REFERENCE = ROOT / "docs" / "reference"
LEFTOVER = re.compile(rb"\b(TO" rb"DO|FIX" rb"ME|XX" rb"X)\b")


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _words(page: str) -> set[str]:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return {word for quoted in re.findall(r"`([^`]+)`", text) for word in re.split(r"[\s:,]+", quoted)}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for target in links(path):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(target)
    assert broken == []


def test_every_document_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links(path) if ":" not in link]
    assert [path for path in documents() if path not in seen] == []


def test_no_work_is_left_over_in_any_file() -> None:
    found = [path.relative_to(ROOT).as_posix() for path in _tracked() if LEFTOVER.search(path.read_bytes())]
    assert found == []


def test_the_make_commands_of_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for path in documents()
        for word in re.findall(r"`?\bmake ([a-z]+)\b(?=[`\s]*(?:#|`|\n))", path.read_text())
    }
    assert {"demo", "test", "bench", "torture"} <= named
    assert named - targets - {"dist"} == set()


def test_the_readme_names_everything_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text()
    script = (ROOT / ".ci" / "run").read_text()
    called = re.findall(r"^make (\w+)", script, re.MULTILINE)
    assert called == ["test"]
    assert all(f"make {name}" in readme for name in called)
    assert "`.ci/run`" in readme


def test_the_version_has_a_place_in_the_changelog() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{fusion_kit.__version__}"\n' in project
    assert f"\n## [{fusion_kit.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_changelog_names_every_command() -> None:
    assert " ".join(sorted(entry.name for entry in COMMANDS)) == " ".join(
        sorted(re.findall(r"Commands `([a-z ]+)`", (ROOT / "CHANGELOG.md").read_text())[0].split())
    )


@pytest.mark.parametrize("states", [RunState, TaskState, AgentState, DefinitionState, Outcome])
def test_every_state_and_outcome_is_explained(states: type[StrEnum]) -> None:
    assert {state.value for state in states} - _words("states.md") == set()


@pytest.mark.parametrize("name", ["workflow", "agent", "config"])
def test_every_key_is_explained(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / f"{name}.json").read_text())
    keys = {key for key in schema["properties"] if not key.startswith("x-")}
    assert keys - _words("workflow.md") == set()


def test_every_exit_code_is_explained() -> None:
    codes = {code for names, _ in MEANINGS for code in names.split(", ")}
    rows = re.findall(r"^\| (\d+) \|", (REFERENCE / "exit-codes.md").read_text(), re.MULTILINE)
    assert set(rows) == codes


def test_the_generated_pages_are_fresh() -> None:
    assert pages.main(["--check"]) == 0


def _criteria() -> list[str]:
    text = (ROOT / "docs" / "success-criteria.md").read_text()
    return [line for line in text.splitlines() if line.startswith("| SC-")]


def test_every_success_criterion_has_a_row_and_every_proof_exists() -> None:
    rows = _criteria()
    assert [line[2:8] for line in rows] == [f"SC-{number:03}" for number in range(1, 22)]
    missing = []
    for place in re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "success-criteria.md").read_text()):
        name, _, test = place.partition("::")
        if not (ROOT / name).exists() or (test and f"def {test}(" not in (ROOT / name).read_text()):
            missing.append(place)
    assert missing == []


def test_the_architecture_names_every_module_of_coordination() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = (ROOT / "fusion_kit" / "coordination").glob("[a-z]*.py")
    assert sorted({path.name for path in rooms} - set(re.findall(r"`([a-z_]+\.py)`", text))) == []


def test_every_row_says_what_proves_it_or_that_it_is_not_built() -> None:
    rows = [
        line for line in (ROOT / "docs" / "success-criteria.md").read_text().splitlines() if line.startswith("| SC-")
    ]
    assert [row for row in rows if "`" not in row.split("|")[4] and "not built yet" not in row] == []
