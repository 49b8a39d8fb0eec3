"""What an attempt left becomes one commit; asked again, the answer is the same; what must not be kept is named."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.core.code import Kept, PolicyRefusal
from fusion_kit.workspaces.errors import RefMoved
from fusion_kit.workspaces.settings import WorkspaceSettings
from tests.workspaces.project import Project, git, tree, write

MESSAGE = """Do t1

Fusion-Run: run-1
Fusion-Task: t1
Fusion-Attempt: t1-attempt
Fusion-Agent: coder-1"""


async def test_changed_new_and_deleted_files_become_one_commit_with_trailers(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"a.txt": "changed\n", "new/b.txt": "new\n", "x.log": "ignored"})
    (desk.path / "src" / "one.py").unlink()
    kept = await project.keep(desk)
    assert kept == Kept(project.tip("fk/run-1/t/t1"), changed=True, files=("a.txt", "new/b.txt", "src/one.py"))
    assert project.files(kept.commit) == {"a.txt": "changed", "new/b.txt": "new", ".gitignore": "*.log\nbuild/"}
    assert git(project.top, "log", "-1", "--format=%B", kept.commit) == MESSAGE
    assert git(project.top, "log", "-1", "--format=%P %an <%ae> %aI", kept.commit) == (
        f"{project.head} fusion-kit <fusion-kit@localhost> 2026-01-02T12:00:00+00:00"
    )
    assert git(project.top, "fsck", "--strict") == ""


async def test_nothing_changed_means_no_commit_and_no_branch(project: Project) -> None:
    desk = await project.desk()
    (desk.path / "a.txt").write_text("a\n")  # written again, the same
    assert await project.keep(desk) == Kept(project.head, changed=False)
    assert project.tip("fk/run-1/t/t1") == ""


@pytest.mark.parametrize("isolation", ["worktree", "clone"])
async def test_commits_an_agent_made_by_itself_are_kept_as_one_commit_on_the_base(
    project: Project, isolation: str
) -> None:
    desk = await project.desk(isolation=isolation)
    for number in range(3):
        write(desk.path, {f"{number}.txt": "x\n"})
        git(desk.path, "add", "-A")
        git(desk.path, "commit", "-q", "-m", f"own {number}")
    kept = await project.keep(desk)
    assert kept.files == ("0.txt", "1.txt", "2.txt")
    assert git(project.top, "rev-parse", f"{kept.commit}^") == desk.base
    assert git(project.top, "fsck", "--strict") == ""


async def test_asked_again_it_answers_the_same_and_makes_nothing(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "new\n"})
    first = await project.keep(desk)
    write(desk.path, {"later.txt": "of somebody else\n"})
    assert await project.keep(desk) == first
    assert git(project.top, "rev-list", "--count", f"{desk.base}..fk/run-1/t/t1") == "1"


async def test_a_message_that_speaks_for_another_attempt_is_not_believed(project: Project) -> None:
    desk = await project.desk("t1")
    write(desk.path, {"new.txt": "new\n"})
    forged = replace(project.order(desk, "t1"), message=MESSAGE.replace("t1", "t2"), branch="fk/run-1/t/t2")
    tip = (await project.spaces.keep(forged)).commit
    write(desk.path, {"mine.txt": "mine\n"})
    kept = await project.spaces.keep(replace(project.order(desk, "t2"), expected=tip))
    assert kept.files == ("mine.txt", "new.txt")


async def test_a_branch_that_is_not_where_the_run_left_it_is_not_touched(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"new.txt": "new\n"})
    git(project.top, "branch", "fk/run-1/t/t1")
    with pytest.raises(RefMoved, match=r"refs/heads/fk/run-1/t/t1 is not where this run left it"):
        await project.keep(desk)
    assert project.tip("fk/run-1/t/t1") == project.head
    assert tree(desk.path)["new.txt"] == "new\n"


async def test_a_second_attempt_replaces_the_branch_and_the_first_stays_under_a_salvage_ref(project: Project) -> None:
    first = await project.work("t1", {"one.txt": "1\n"})
    desk = await project.desk()
    write(desk.path, {"two.txt": "2\n"})
    order = project.order(desk, expected=first)
    second = await project.spaces.keep(replace(order, stamp=replace(order.stamp, attempt="second")))
    assert project.tip("fk/run-1/t/t1") == second.commit
    assert {ref: project.tip(ref) for ref in project.salvaged()} == {"refs/fusion-kit/salvage/run-1/t1/1": first}


async def test_the_persons_identity_and_ignore_patterns_are_those_of_the_start(project: Project) -> None:
    git(project.top, "config", "user.name", 'Pat "the \\" Cat')
    git(project.top, "config", "user.email", "pat@example.org")
    (project.common / "info").mkdir(exist_ok=True)
    (project.common / "info" / "exclude").write_text(".DS_Store")
    desk = await project.desk()
    git(project.top, "config", "user.name", "Mallory")
    (project.common / "info" / "exclude").write_text("*")
    write(desk.path, {"new.txt": "new\n", ".DS_Store": "x"})
    kept = await project.keep(desk)
    assert kept.files == ("new.txt",)
    assert git(project.top, "log", "-1", "--format=%an <%ae>", kept.commit) == 'Pat "the \\" Cat <pat@example.org>'


async def test_names_that_are_not_text_are_kept(project: Project) -> None:
    desk = await project.desk()
    (desk.path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    write(desk.path, {"-rf": "x", "a\nb": "x", "ü ": "x", ":(exclude)*": "x"})
    kept = await project.keep(desk)
    assert sorted(kept.files) == ["-rf", ":(exclude)*", "a\nb", "caf\\xe9.txt", "ü "]


async def test_a_folder_that_became_a_symlink_and_a_file_that_became_a_folder_are_kept(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"lib/one.py": "another\n"})
    (desk.path / "src" / "one.py").unlink()
    (desk.path / "src").rmdir()
    (desk.path / "src").symlink_to("lib")
    (desk.path / "a.txt").unlink()
    write(desk.path, {"a.txt/inner": "x\n"})
    kept = await project.keep(desk)
    assert project.files(kept.commit) == {
        ".gitignore": "*.log\nbuild/", "a.txt/inner": "x", "lib/one.py": "another", "src": "lib",
    }  # fmt: skip
    assert (await project.desk("t2", base=kept.commit)).salvaged == ()


async def test_changed_files_that_run_on_peoples_machines_are_flagged(project: Project) -> None:
    desk = await project.desk()
    flagged = [".github/workflows/ci.yml", ".vscode/tasks.json", "AGENTS.md", "sub/.envrc", ".Husky/pre-commit"]
    write(desk.path, dict.fromkeys([*flagged, "docs/github/workflows.md", "readme.md"], "x"))
    assert sorted((await project.keep(desk)).flags) == sorted(flagged)


def _nested(path: Path) -> None:
    git(path, "init", "-q", "vendor")
    write(path, {"vendor/x": "x"})
    git(path / "vendor", "add", "-A")
    git(path / "vendor", "commit", "-q", "-m", "x")


def _deep(path: Path) -> None:
    """Make a folder nobody can name in one go."""
    descriptor = os.open(path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=descriptor)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("sock")
    os.chdir(here)


def _large(path: Path) -> None:
    with (path / "large.bin").open("wb") as file:
        file.truncate(2001)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a nested repository": (_nested, r"a repository inside the repository: vendor/"),
    ".gitmodules": (lambda path: write(path, {".gitmodules": "[submodule]"}), r"a change of .gitmodules: .gitmodules"),
    "an absolute symlink": (lambda path: (path / "l").symlink_to("/etc/passwd"), r"symlink that leaves the tree: l"),
    "a climbing symlink": (lambda path: (path / "src/l").symlink_to("../../x"), r"that leaves the tree: src/l"),
    "a symlink through another": (lambda path: (path / "src/l").symlink_to("m/../x"), r"leaves the tree: src/l"),
    "a symlink into .git": (lambda path: (path / "l").symlink_to(".git/config"), r"leaves the tree: l"),
    "a FIFO": (lambda path: os.mkfifo(path / "src/pipe"), r"neither a file nor a folder nor a symlink: src/pipe"),
    "a socket": (_socket, r"neither a file nor a folder nor a symlink: sock"),
    "a path too deep": (_deep, r"a path too deep for this system: ddd"),
    "a large file": (_large, r"a file over 2000 bytes: large.bin"),
    "too many files": (
        lambda path: write(path, {f"{n:02}": "x" for n in range(21)}),
        r"22 changed files, more than 20, among them: 00, 01, .*, 09 and 12 more",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_must_not_be_committed_is_refused_by_name_and_stays_where_it_is(tmp_path: Path, name: str) -> None:
    plant, complaint = REFUSED[name]
    project = Project.make(tmp_path / "p", settings=WorkspaceSettings(file_limit_bytes=2000, files_limit=20))
    desk = await project.desk()
    write(desk.path, {"good.txt": "good\n"})
    plant(desk.path)
    with pytest.raises(PolicyRefusal, match=complaint):
        await project.keep(desk)
    assert project.tip("fk/run-1/t/t1") == ""
    assert (desk.path / "good.txt").read_text() == "good\n"
    await project.desk("t2")  # and the next task gets a clean workspace all the same
    found = [*(project.state / "trash").glob("*/*/good.txt")]
    assert [path.read_text() for path in found] == ["good\n"] or [
        project.files(ref)["good.txt"] for ref in project.salvaged()
    ] == ["good"]
    assert git(project.top, "fsck", "--strict") == ""


async def test_what_git_ignores_may_be_anything(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"build/ok": "x"})
    _nested(desk.path / "build")
    _deep(desk.path / "build")
    os.mkfifo(desk.path / "build" / "pipe")
    (desk.path / "build" / "link").symlink_to("/etc/passwd")
    assert await project.keep(desk) == Kept(project.head, changed=False)
    await project.desk("t2")
    assert sorted(path.name for path in desk.path.iterdir()) == [".git", ".gitignore", "a.txt", "src"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
async def test_a_folder_that_cannot_be_read_is_not_an_empty_folder(project: Project) -> None:
    desk = await project.desk()
    write(desk.path, {"secret/file": "x"})
    (desk.path / "secret").chmod(0)
    with pytest.raises(PolicyRefusal, match="secret"):
        await project.keep(desk)
    (desk.path / "secret").chmod(0o700)
