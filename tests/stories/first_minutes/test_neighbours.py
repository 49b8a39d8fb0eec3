"""Workspaces among a person's own files: Git and pytest do not see them, and what is the person's stays theirs."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from tests.stories.first_minutes.newcomer import Newcomer

TESTS = {"test_one.py": "def test_one(): pass\n", "tests/test_two.py": "def test_two(): pass\n"}


def pytest_in(ada: Newcomer, folder: Path) -> list[str]:
    """What a bare pytest collects there."""
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
    env = ada.env | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return sorted(line for line in done.stdout.splitlines() if "::" in line)


def test_git_and_a_bare_pytest_do_not_see_the_workspaces(ada: Newcomer) -> None:
    for name, text in TESTS.items():
        ada.write(name, text)
    ada.begun()
    assert ada.types("run", "hello", "-q").code == 0
    copies = sorted((ada.folder / "workspaces").glob("*/projects/*/tests/test_two.py"))
    assert len(copies) == 6
    assert ada.git("status", "--porcelain", "-uall") == ""
    wanted = ["test_one.py::test_one", "tests/test_two.py::test_two"]
    assert pytest_in(ada, ada.folder) == wanted
    # an agent runs the tests of its own copy, even if the person has settings that are not committed
    ada.write("pytest.ini", "[pytest]\n")
    inside = pytest_in(ada, copies[0].parents[1])
    assert [name.rpartition("my project/")[2] for name in inside] == wanted


def test_a_workspaces_folder_of_the_persons_own_keeps_its_files_its_modes_and_its_place_in_git(ada: Newcomer) -> None:
    ada.write("workspaces/web/package.json", "{}")
    (ada.folder / "workspaces").chmod(0o755)
    ada.git("init", "-q")
    assert "note: workspaces/ is yours already" in ada.types("init").out
    ada.with_a_commit()
    assert ada.types("run", "hello", "-q").code == 0
    assert stat.S_IMODE((ada.folder / "workspaces").stat().st_mode) == 0o755
    assert stat.S_IMODE((ada.folder / "workspaces" / "planner-1").stat().st_mode) == 0o700
    ada.write("workspaces/api/package.json", "{}")
    assert ada.git("status", "--porcelain", "-uall") == "?? workspaces/api/package.json\n"


def test_a_fresh_clone_of_a_project_needs_no_init(ada: Newcomer) -> None:
    ada.begun()
    ada.git("clone", "-q", str(ada.folder), str(ada.folder.parent / "clone"))
    ada.folder = ada.folder.parent / "clone"
    assert ada.types("run", "hello", "-q").code == 0
    assert ada.git("status", "--porcelain", "-uall") == ""
    assert sorted(path.name for path in (ada.folder / "workspaces").iterdir())[:2] == [".gitignore", "conftest.py"]
