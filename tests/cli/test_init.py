"""`init`: the first ten minutes of a new user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fusion_kit.cli.starter_agents import _CALLS
from fusion_kit.cli.starting import start_project
from fusion_kit.definitions import validate
from fusion_kit.providers.detect import KNOWN
from tests.cli.runner import cli

FILES = [
    ".fusion/.env.example",
    ".fusion/.gitignore",
    ".fusion/agents/implementer.yaml",
    ".fusion/agents/planner.yaml",
    ".fusion/agents/reviewer.yaml",
    ".fusion/config.yaml",
    ".fusion/workflows/ci.yaml",
    ".fusion/workflows/feature.yaml",
    ".fusion/workflows/hello.yaml",
    "workspaces/.gitignore",
    "workspaces/conftest.py",
]


def git(top: Path, *words: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=top, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    top = tmp_path / "repo"
    top.mkdir()
    git(top, "init", "-q")
    git(top, "commit", "-q", "--allow-empty", "-m", "First commit")
    return top


@pytest.fixture
def plain_path(tmp_path: Path) -> dict[str, str]:
    """A PATH with git and no agent program."""
    programs = tmp_path / "bin"
    programs.mkdir()
    found = subprocess.run(["sh", "-c", "command -v git"], check=True, capture_output=True, text=True).stdout.strip()
    (programs / "git").symlink_to(found)
    return {"PATH": str(programs)}


def test_init_writes_everything_and_says_what_agents_may_do_and_what_is_next(
    repository: Path, plain_path: dict[str, str]
) -> None:
    seen = cli("-C", repository, "init", env=plain_path)
    assert (seen.code, seen.err) == (0, "")
    assert seen.out == "".join(f"wrote {name}\n" for name in FILES) + (
        "no agent program found here: the scripted agents run all the same\n"
        "\n"
        "Without a sandbox an agent may do to this machine whatever you may do: a worktree is no wall.\n"
        "Run fusion-kit in a container or a virtual machine to change that; "
        "`fusion-kit schema agent.sandbox` says more.\n"
        "\n"
        "Type next:\n"
        f"  fusion-kit -C {repository} run hello\n"
    )
    assert [problem for problem in validate([], repository) if problem.is_error] == []
    assert (repository / "workspaces" / ".gitignore").read_text() == "*\n"


def test_what_init_writes_can_be_committed_and_workspaces_cannot(repository: Path) -> None:
    cli("-C", repository, "init")
    status = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=repository, check=True, capture_output=True, text=True
    )
    assert "workspaces" not in status.stdout
    assert "?? .fusion/workflows/hello.yaml" in status.stdout


def test_a_second_init_changes_nothing(repository: Path) -> None:
    cli("-C", repository, "init")
    (repository / ".fusion" / "agents" / "planner.yaml").write_text("mine")
    seen = cli("-C", repository, "init", "-o", "json").json
    assert (seen["created"], set(seen["kept"]) >= set(FILES)) == ([], True)
    assert (repository / ".fusion" / "agents" / "planner.yaml").read_text() == "mine"


def test_from_a_subfolder_the_repository_is_the_project(repository: Path) -> None:
    (repository / "deep" / "er").mkdir(parents=True)
    assert cli("-C", repository / "deep" / "er", "init", "-o", "json").json["root"] == str(repository)


def test_without_a_repository_the_next_command_makes_one_that_works(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    seen = cli("-C", tmp_path, "init")
    lines = seen.out.splitlines()
    assert lines[-4:] == [
        "This is no Git repository, so every agent would work in the same folder. Type next:",
        f'  cd {tmp_path} && git init && git add -A && git commit -m "First commit"',
        "and then:",
        f"  fusion-kit -C {tmp_path} run hello",
    ]
    person = {f"GIT_{who}_{what}": "t@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["sh", "-c", lines[-3]], check=True, capture_output=True, env={**os.environ, **person})
    assert cli("-C", tmp_path, "init").out.splitlines()[-2:] == ["Type next:", f"  fusion-kit -C {tmp_path} run hello"]


def test_without_a_commit_the_next_command_makes_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert cli("-C", tmp_path, "init").out.splitlines()[-4:-2] == [
        "The repository has no commit yet, so there is nothing a workspace could start from. Type next:",
        f'  cd {tmp_path} && git add -A && git commit -m "First commit"',
    ]


def test_files_of_another_product_are_left_alone_and_named(repository: Path) -> None:
    (repository / ".fusion").mkdir()
    for name in ("project.json", "fusion.db"):
        (repository / ".fusion" / name).write_text("theirs")
    seen = cli("-C", repository, "init")
    notes = [line for line in seen.out.splitlines() if line.startswith("note:")]
    assert notes == [
        f"note: .fusion/{name} belongs to another product; it is left alone, and fusion-kit never uses it."
        for name in ("project.json", "fusion.db")
    ]
    assert (repository / ".fusion" / "fusion.db").read_text() == "theirs"


def test_a_folder_of_workspaces_that_is_a_persons_own_is_left_alone(repository: Path) -> None:
    (repository / "workspaces").mkdir()
    (repository / "workspaces" / "package.json").write_text("{}")
    seen = cli("-C", repository, "init")
    assert "note: workspaces/ is yours already; agents get folders of their own in it, hidden from Git.\n" in seen.out
    assert [path.name for path in (repository / "workspaces").iterdir()] == ["package.json"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo git version 2.30.2", "Git 2.30 is too old: fusion-kit needs 2.38, which merges without a checkout."),
        (None, "There is no program `git` on the PATH."),
    ],
)
def test_a_git_that_is_too_old_or_missing_is_a_usage_error_and_nothing_is_written(
    repository: Path, tmp_path: Path, script: str | None, message: str
) -> None:
    programs = tmp_path / "old"
    programs.mkdir()
    if script:
        (programs / "git").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "git").chmod(0o755)
    seen = cli("-C", repository, "init", env={"PATH": str(programs)})
    assert (seen.code, seen.out, seen.err.splitlines()) == (
        2,
        "",
        [f"error: {message}", "hint: Install Git 2.38 or newer: https://git-scm.com/downloads"],
    )
    assert not (repository / ".fusion").exists()


def test_a_home_that_cannot_be_written_is_fine(repository: Path, plain_path: dict[str, str]) -> None:
    assert cli("-C", repository, "init", env={**plain_path, "HOME": "/proc/none"}).code == 0


def test_every_program_found_gets_an_agent_of_its_own_that_is_valid(repository: Path) -> None:
    start = start_project(repository, which=lambda program: f"/usr/bin/{program}")
    assert set(start.programs) == set(KNOWN)
    agents = {path.stem for path in (repository / ".fusion" / "agents").iterdir()}
    assert agents == {"planner", "implementer", "reviewer", *_CALLS}
    assert [problem for problem in validate([], repository) if problem.is_error] == []
