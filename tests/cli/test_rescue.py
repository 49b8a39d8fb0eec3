"""`rescue`, as a person and as a program see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.caring import KeptWork
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli

_SALVAGE = KeptWork(
    "salvage", f"refs/fusion-kit/salvage/{RUN}/plan/1", run=RUN, task="plan", number=1, commit="c" * 40, files=3,
    subject="Left in the workspace after plan",
)  # fmt: skip
_TRASH = KeptWork("trash", "/state/trash/shop-1/shop", bytes=4096, subject="shop")


@pytest.fixture(autouse=True)
def _kept(project: FakeProject) -> None:
    project.caring.kept = [_SALVAGE, _TRASH]


def test_what_is_kept_is_listed_with_numbers(projects: FakeProjects) -> None:
    seen = cli("rescue", projects=projects)
    assert seen.code == 0
    first, second = seen.out.splitlines()
    assert first.split() == (
        f"1 2026-01-31 12:00 salvage {RUN}/plan 3 files Left in the workspace after plan {_SALVAGE.name}".split()
    )
    assert second.split() == ["2", "2026-01-31", "12:00", "trash", "4.0", "KiB", "shop", "/state/trash/shop-1/shop"]


def test_the_document_has_every_fact(projects: FakeProjects) -> None:
    seen = cli("rescue", RUN, "-o", "json", projects=projects)
    assert seen.json == {
        "items": [
            {
                "n": 1,
                "kind": "salvage",
                "name": _SALVAGE.name,
                "date": "2026-01-31T12:00:00.000Z",
                "run": RUN,
                "task": "plan",
                "number": 1,
                "commit": "c" * 40,
                "files": 3,
                "bytes": None,
                "subject": "Left in the workspace after plan",
            }
        ],
        "next_after": None,
        "total": 1,
    }


def test_one_is_restored_by_its_number_or_its_name(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    seen = cli("rescue", "--ref", "2", "--to", tmp_path / "found", projects=projects)
    assert (seen.code, seen.out) == (0, f"{_TRASH.name} is in {tmp_path / 'found'}\n")
    cli("rescue", "--ref", _SALVAGE.name, "--branch", "found", projects=projects)
    assert project.caring.asked == [("restore", _TRASH.name, "found"), ("branch", _SALVAGE.name, "found")]


def test_the_only_one_needs_no_choice(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    cli("rescue", RUN, "--to", tmp_path / "found", projects=projects)
    assert project.caring.asked == [("restore", _SALVAGE.name, "found")]


def test_one_of_several_must_be_chosen(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    seen = cli("rescue", "--to", tmp_path / "found", projects=projects)
    assert (seen.code, project.caring.asked) == (2, [])
    assert "choose one by its number or name: --ref N" in seen.err
    assert cli("rescue", "--ref", "3", "--to", tmp_path / "found", projects=projects).code == 2


def test_nothing_kept_is_said(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    project.caring.kept = []
    assert cli("rescue", projects=projects).err == "Nothing is kept that a run's result does not hold.\n"
    seen = cli("rescue", RUN, "--to", tmp_path / "found", projects=projects)
    assert (seen.code, f"Nothing is kept of run {RUN}" in seen.err) == (2, True)
