"""What is true of a repository, in all the states in which people keep theirs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.core.code import DeskOrder, Repository
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.errors import GitMissing, GitTimedOut, GitTooOld
from fusion_kit.workspaces.git import GitWorkspaces
from fusion_kit.workspaces.repository import Facts, Found, find_repository
from fusion_kit.workspaces.settings import WorkspaceSettings
from tests.workspaces.project import Project, git, gone, tree, write


async def test_a_plain_repository_has_a_head_a_branch_and_nothing_uncommitted(project: Project) -> None:
    expected = Repository(project.head, "main", project.common, project.top)
    assert await project.spaces.repository() == expected
    assert await project.spaces.facts() == Facts(expected)


async def test_uncommitted_paths_are_named_whatever_kind_they_are(project: Project) -> None:
    write(project.top, {"a.txt": "changed\n", "new/one": "x", "new/two": "x", "x.log": "ignored", "staged": "x"})
    (project.top / "src" / "one.py").unlink()
    git(project.top, "add", "staged")
    await project.desk()  # a workspace must not show up as uncommitted
    found = await project.spaces.repository()
    assert found is not None
    assert found.dirty == ("a.txt", "new/one", "new/two", "src/one.py", "staged")


async def test_a_repository_without_commits_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "new")
    write(tmp_path / "new", {"a.txt": "x", "b/c.txt": "x"})
    git(tmp_path / "new", "add", "a.txt")
    spaces = GitWorkspaces(tmp_path / "new", tmp_path / "new" / ".git" / "fusion-kit", WorkspaceSettings())
    assert await spaces.repository() == Repository(
        None, "main", tmp_path / "new" / ".git", tmp_path / "new", ("a.txt", "b/c.txt")
    )


async def test_no_repository_is_none(tmp_path: Path) -> None:
    assert find_repository(tmp_path) is None
    spaces = GitWorkspaces(tmp_path, tmp_path / ".git" / "fusion-kit", WorkspaceSettings())
    assert await spaces.repository() is None


async def test_it_is_found_from_a_subdirectory_and_from_a_linked_worktree(project: Project, tmp_path: Path) -> None:
    assert find_repository(project.top / "src") == Found(project.top, project.common)
    linked = tmp_path / "linked"
    git(project.top, "worktree", "add", "-q", "-b", "side", str(linked))
    assert find_repository(linked / "src") == Found(linked, project.common)
    spaces = GitWorkspaces(linked, project.state, WorkspaceSettings())
    write(linked, {"a.txt": "changed\n"})
    expected = Repository(project.head, "side", project.common, linked, ("a.txt",))
    assert await spaces.facts() == Facts(expected, linked=True)
    git(project.top, "clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    assert find_repository(tmp_path / "bare.git") == Found(tmp_path / "bare.git", tmp_path / "bare.git", bare=True)


async def test_a_hooks_own_environment_does_not_lead_us_astray(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert find_repository(project.top) == Found(project.top, project.top / ".git")


async def test_a_detached_head_in_the_middle_of_a_merge(project: Project) -> None:
    git(project.top, "checkout", "-q", "--detach")
    (project.common / "MERGE_HEAD").write_text(project.head)
    facts = await project.spaces.facts()
    assert facts == Facts(Repository(project.head, None, project.common, project.top), operation="merge")
    assert tree((await project.desk()).path)["a.txt"] == "a\n"


async def test_a_shallow_clone_works_like_any_other(project: Project, tmp_path: Path) -> None:
    project.commit({"a.txt": "second\n"})
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{project.top}", "shallow")
    shallow = Project(tmp_path / "shallow")
    facts = await shallow.spaces.facts()
    assert facts == Facts(Repository(shallow.head, "main", shallow.common, shallow.top), shallow=True)
    one = await shallow.work("t1", {"one.txt": "1\n"})
    two = await shallow.work("t2", {"two.txt": "2\n"})
    both = await shallow.spaces.combine({"t1": one, "t2": two})
    assert (await shallow.desk("t3", base=both, agent="c-1", isolation="clone")).base == both
    assert git(shallow.top, "fsck", "--strict", both) == ""


async def test_a_sha256_repository_works_like_any_other(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "shop", "--object-format=sha256")
    one = await project.work("t1", {"one.txt": "1\n"})
    two = await project.work("t2", {"two.txt": "2\n"})
    both = await project.spaces.combine({"t1": one, "t2": two})
    desk = await project.desk("t3", base=both, agent="c-1", isolation="clone")
    assert len(both) == 64
    assert git(desk.path, "status", "--porcelain") == ""


async def test_submodules_are_named_left_empty_and_never_lost(project: Project, tmp_path: Path) -> None:
    library = Project.make(tmp_path / "library")
    git(project.top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.top), "lib")
    git(project.top, "commit", "-q", "-m", "lib")
    facts = await project.spaces.facts()
    assert facts == Facts(Repository(project.head, "main", project.common, project.top), submodules=("lib",))
    desk = await project.desk()
    assert list((desk.path / "lib").iterdir()) == []
    write(desk.path, {"new.txt": "x"})
    kept = await project.keep(desk)
    assert kept.files == ("new.txt",)
    assert git(project.top, "ls-tree", kept.commit, "lib").startswith("160000 commit")


async def test_a_filter_that_is_configured_but_not_installed_is_named_and_pointers_stay(project: Project) -> None:
    for key, value in {"clean": "git-absent clean %f", "smudge": "git-absent smudge %f", "required": "true"}.items():
        git(project.top, "config", "--global", f"filter.lfs.{key}", value)
    write(project.top, {".gitattributes": "*.bin filter=lfs\n"})
    git(project.top, "add", ".gitattributes")
    git(project.top, "commit", "-q", "-m", "attributes")
    facts = await project.spaces.facts()
    assert facts is not None
    assert facts.missing_filters == ("lfs",)
    desk = await project.desk()
    write(desk.path, {"x.bin": "pointer"})
    assert (await project.keep(desk)).files == ("x.bin",)


async def test_a_filter_the_person_had_at_the_start_is_used_and_a_later_one_is_not(project: Project) -> None:
    git(project.top, "config", "--global", "filter.up.clean", "tr a-z A-Z")
    git(project.top, "config", "--global", "filter.up.smudge", "tr A-Z a-z")
    git(project.top, "config", "--global", "filter.up.required", "true")
    base = project.commit({".gitattributes": "*.up filter=up\n*.late filter=late\n", "x.up": "hello\n"})
    assert project.files(base)["x.up"] == "HELLO"
    desk = await project.desk()
    assert tree(desk.path)["x.up"] == "hello\n"
    git(project.top, "config", "filter.late.clean", "tr a-z A-Z")
    write(desk.path, {"y.up": "new\n", "z.late": "late\n"})
    files = project.files((await project.keep(desk)).commit)
    assert [files["y.up"], files["z.late"]] == ["NEW", "late"]
    await project.spaces.freeze()
    write(desk.path, {"z.late": "later\n"})
    kept = await project.spaces.keep(replace(project.order(desk, "t2"), branch="fk/run-1/t/t2"))
    assert project.files(kept.commit)["z.late"] == "LATER"


async def test_hooks_signing_and_a_missing_identity_do_not_get_in_the_way(project: Project) -> None:
    git(project.top, "config", "commit.gpgsign", "true")
    git(project.top, "config", "user.signingkey", "nobody")
    git(project.top, "config", "user.useConfigOnly", "true")
    for name in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change", "commit-msg"):
        hook = project.common / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nsleep 600\nexit 1\n")
        hook.chmod(0o755)
    desk = await project.desk()
    write(desk.path, {"new.txt": "new\n"})
    assert (await project.keep(desk)).files == ("new.txt",)
    assert (await project.desk("t2")).salvaged == ()


async def test_git_that_is_too_old_or_missing_is_told_with_the_way_out(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "git"
    write(old.parent, {"git": "#!/bin/sh\necho git version 2.37.9\n"})
    old.chmod(0o755)
    spaces, other, path = project.spaces, project.spaces, os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{path}")
    with pytest.raises(GitTooOld, match=r"Git 2\.37 is too old: fusion-kit needs 2\.38") as caught:
        await spaces.repository()
    assert caught.value.way_out.startswith("Install Git 2.38 or newer")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(GitMissing):
        await other.repository()


async def test_a_configuration_that_hangs_git_is_given_up_after_the_time_out(project: Project) -> None:
    os.mkfifo(project.top / "pipe")
    project.git = Git(timeout_s=0.5)
    spaces, order = project.spaces, DeskOrder("coder-1", project.head)
    await spaces.prepare(order)
    git(project.top, "config", "include.path", str(project.top / "pipe"))
    with pytest.raises(GitTimedOut, match=r"did not end within 0\.5 s"):
        await spaces.prepare(order)


TAMPERED: dict[str, Callable[[Path, Path], object]] = {
    "config": lambda folder, script: (folder / "config").write_text(f"[filter \"e\"]\n\tclean = {script}\n"),
    "attributes": lambda folder, _: (folder / "info" / "attributes").write_text("* filter=e\n"),
    "commondir": lambda folder, _: (folder / "commondir").write_text("../..\n"),
    "a symlink": lambda folder, _: gone(folder / "config").symlink_to("../../../config"),
    "gone": lambda folder, _: gone(folder),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
async def test_our_own_git_directory_is_put_right_when_somebody_changes_it(
    project: Project, tmp_path: Path, name: str
) -> None:
    spaces, script = project.spaces, tmp_path / "evil"
    write(tmp_path, {"evil": f"#!/bin/sh\ntouch {tmp_path}/mark\ncat\n"})
    script.chmod(0o755)
    git(project.top, "config", "filter.e.clean", str(tmp_path / "absent"))
    desk = await spaces.prepare(DeskOrder("coder-1", project.head))
    (folder,) = (project.state / "trusted").iterdir()
    before = tree(folder)
    git(project.top, "config", "filter.e.clean", str(script))
    TAMPERED[name](folder, script)
    write(desk.path, {"x.txt": "x\n", ".gitattributes": "* filter=e\n"})
    assert (await spaces.keep(project.order(desk))).files == (".gitattributes", "x.txt")
    assert tree(folder) == before
    assert not (tmp_path / "mark").exists()


async def test_runs_that_freeze_while_others_work_disturb_nobody(project: Project) -> None:
    async def work(number: int) -> str:
        spaces = project.spaces
        desk = await spaces.prepare(DeskOrder(f"coder-{number}", base))
        write(desk.path, {f"{number}.txt": "x\n"})
        return (await spaces.keep(project.order(desk, f"t{number}"))).files[0]

    async def freeze(number: int) -> None:
        git(project.top, "config", "user.name", f"Pat {number}")
        await project.spaces.freeze()

    base = project.head
    done = await asyncio.gather(*(work(number) for number in range(6)), *(freeze(number) for number in range(6)))
    assert done[:6] == [f"{number}.txt" for number in range(6)]
