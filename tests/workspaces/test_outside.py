"""The escape watch: what changed outside of all workspaces is told by name, and nothing anybody configured runs."""

from __future__ import annotations

import os
from pathlib import Path

from fusion_kit.core.code import Outside, OutsideChange
from tests.workspaces.project import Project, git, write

_NOTHING = OutsideChange()


async def _since(project: Project, before: Outside) -> OutsideChange:
    return (await project.spaces.outside()).since(before)


def _hook(path: Path, text: str = "#!/bin/sh\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


async def test_nothing_changed_is_nothing(project: Project) -> None:
    write(project.top, {"mine.txt": "x\n", "a.txt": "changed by the person\n"})
    before = await project.spaces.outside()
    assert set(before.files) == {"mine.txt", "a.txt"}
    assert not await _since(project, before)


async def test_work_inside_a_workspace_is_not_outside(project: Project) -> None:
    before = await project.spaces.outside()
    desk = await project.desk()
    write(desk.path, {"a.txt": "changed\n", "new.txt": "new\n"})
    git(desk.path, "checkout", "-q", "-b", "fk/mine")
    await project.keep(desk)
    assert await _since(project, before) == _NOTHING


async def test_workspaces_among_a_projects_own_files_are_not_outside(project: Project) -> None:
    project.commit({"workspaces/own.txt": "the person's\n"})
    before = await project.spaces.outside()
    desk = await project.desk()
    write(desk.path, {"a.txt": "changed\n"})
    write(project.top, {"workspaces/own.txt": "changed\n"})
    assert await _since(project, before) == OutsideChange(paths=("workspaces/own.txt",))


async def test_files_changed_deleted_made_linked_and_made_executable_are_named(project: Project) -> None:
    project.commit({"gone.txt": "x\n", "tool.sh": "x\n", "link.txt": "x\n", "staged.txt": "x\n"})
    before = await project.spaces.outside()
    write(
        project.top, {"a.txt": "escaped\n", "new/file.txt": "escaped\n", "noise.log": "ignored\n", "staged.txt": "y\n"}
    )
    (project.top / "gone.txt").unlink()
    (project.top / "tool.sh").chmod(0o755)
    (project.top / "link.txt").unlink()
    (project.top / "link.txt").symlink_to("a.txt")
    git(project.top, "add", "staged.txt")
    paths = ("a.txt", "gone.txt", "link.txt", "new/file.txt", "staged.txt", "tool.sh")
    assert await _since(project, before) == OutsideChange(paths=paths)


async def test_a_second_change_of_a_file_that_was_uncommitted_is_seen(project: Project) -> None:
    write(project.top, {"a.txt": "the person's\n"})
    before = await project.spaces.outside()
    write(project.top, {"a.txt": "the agent's!\n"})
    assert await _since(project, before) == OutsideChange(paths=("a.txt",))


async def test_a_file_that_was_only_touched_or_only_added_is_as_before(project: Project) -> None:
    write(project.top, {"mine.txt": "x\n"})
    before = await project.spaces.outside()
    os.utime(project.top / "a.txt", (1, 1))
    git(project.top, "add", "mine.txt")
    assert await _since(project, before) == _NOTHING


async def test_an_edit_hidden_by_the_index_is_seen(project: Project) -> None:
    before = await project.spaces.outside()
    git(project.top, "update-index", "--assume-unchanged", "a.txt")
    git(project.top, "update-index", "--skip-worktree", "src/one.py")
    assert await _since(project, before) == _NOTHING
    write(project.top, {"a.txt": "escaped\n", "src/one.py": "escaped\n"})
    assert await _since(project, before) == OutsideChange(paths=("a.txt", "src/one.py"))


async def test_an_edit_hidden_by_ignore_patterns_of_the_repository_is_seen(project: Project) -> None:
    await project.spaces.freeze()
    before = await project.spaces.outside()
    write(project.common, {"info/exclude": "*\n"})
    write(project.top, {"new.txt": "escaped\n"})
    assert await _since(project, before) == OutsideChange(paths=("new.txt",))


async def test_refs_heads_and_other_worktrees_are_named_and_ours_are_not(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    before = await project.spaces.outside()
    git(project.top, "tag", "v1")
    git(project.top, "update-ref", "refs/fusion-kit/salvage/r/t/1", "HEAD")
    git(project.top, "branch", "fk/run-1/t/x")
    git(project.top, "checkout", "-q", "-b", "topic")
    git(tmp_path / "other", "checkout", "-q", "--detach")
    refs = ("HEAD", "refs/heads/topic", "refs/tags/v1", "worktrees/other/HEAD")
    assert await _since(project, before) == OutsideChange(refs=refs)


async def test_a_commit_on_the_persons_branch_is_named(project: Project) -> None:
    before = await project.spaces.outside()
    project.commit({"a.txt": "escaped\n"})
    assert await _since(project, before) == OutsideChange(refs=("refs/heads/main",))


async def test_hooks_and_keys_that_run_programs_are_named(project: Project) -> None:
    before = await project.spaces.outside()
    _hook(project.common / "hooks" / "pre-commit")
    write(project.common / "hooks", {"post-merge": "not executable\n"})
    write(project.common, {"info/attributes": "* filter=evil\n"})
    for key, value in {
        "core.fsmonitor": "evil", "alias.st": "!evil", "filter.evil.clean": "evil", "include.path": "evil",
        "url.ext::evil.insteadOf": "https://", "credential.helper": "!evil", "remote.origin.url": "ext::evil",
    }.items():  # fmt: skip
        git(project.top, "config", key, value)
    assert (await _since(project, before)).executes == (
        "config: alias.st", "config: core.fsmonitor", "config: credential.helper", "config: filter.evil.clean",
        "config: include.path", "config: remote.origin.url", "config: url.ext::evil.insteadof", "hooks/pre-commit",
        "info/attributes",
    )  # fmt: skip


async def test_a_changed_hook_and_one_in_a_folder_of_the_persons_choice_are_named(project: Project) -> None:
    _hook(project.common / "hooks" / "pre-push")
    project.commit({".gitignore": ".hooks/\n"})
    git(project.top, "config", "core.hooksPath", ".hooks")
    before = await project.spaces.outside()
    _hook(project.common / "hooks" / "pre-push", "#!/bin/sh\nevil\n")
    _hook(project.top / ".hooks" / "post-checkout")
    assert await _since(project, before) == OutsideChange(executes=(".hooks/post-checkout", "hooks/pre-push"))


async def test_what_people_and_tools_set_every_day_runs_nothing(project: Project) -> None:
    before = await project.spaces.outside()
    for key, value in {
        "user.name": "Pat", "branch.main.remote": "origin", "remote.origin.url": "https://example.org/x.git",
        "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*", "pull.rebase": "true", "core.autocrlf": "input",
        "extensions.worktreeConfig": "true", "gc.auto": "0", "submodule.lib.url": "https://example.org/lib.git",
    }.items():  # fmt: skip
        git(project.top, "config", key, value)
    assert await _since(project, before) == _NOTHING


async def test_a_configuration_that_cannot_be_read_is_told_from_another(project: Project) -> None:
    write(project.common, {"modules/lib/HEAD": "ref: refs/heads/main\n", "modules/lib/config": "[core\n"})
    before = await project.spaces.outside()
    assert before.executes.keys() == {"modules/lib/config"}
    write(project.common, {"modules/lib/config": "[core]\n\tfsmonitor = evil\n"})
    assert await _since(project, before) == OutsideChange(
        executes=("modules/lib/config", "modules/lib/config: core.fsmonitor")
    )


async def test_no_program_that_is_configured_runs_and_the_index_stays_as_it_is(project: Project) -> None:
    proof = project.top.parent / "ran"
    project.commit({".gitattributes": "*.txt filter=evil diff=evil\n"})
    await project.spaces.freeze()
    for key in (
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "core.fsmonitor",
    ):
        git(project.top, "config", key, f"touch {proof}; cat")
    write(project.top, {"a.txt": "changed\n", "b.txt": "new\n"})
    index = (project.top / ".git" / "index").read_bytes()
    now = await project.spaces.outside()
    await project.spaces.keep_patch(now.since(Outside()), project.top.parent / "patch")
    assert set(now.files) == {"a.txt", "b.txt"}
    assert not proof.exists()
    assert (project.top / ".git" / "index").read_bytes() == index


async def test_a_patch_applied_to_head_makes_the_changed_files(project: Project, tmp_path: Path) -> None:
    project.commit({"gone.txt": "x\n", "crlf.txt": "x\r\n", "tool.sh": "x\n"})
    before = await project.spaces.outside()
    write(project.top, {"a.txt": "escaped\n", "new/fil\u00e9.txt": "new\n", "crlf.txt": "y\r\n"})
    (project.top / "tool.sh").chmod(0o755)
    (project.top / "bytes.bin").write_bytes(bytes(range(256)))
    (project.top / "gone.txt").unlink()
    (project.top / "link").symlink_to("a.txt")
    git(project.top, "tag", "v1")
    change = await _since(project, before)
    patch = tmp_path / "outside" / "1.patch"
    await project.spaces.keep_patch(change, patch)
    assert patch.read_bytes().startswith(b"# Differs from HEAD:\n# refs/tags/v1\ndiff --git ")
    git(project.top, "worktree", "add", "-q", "--detach", str(tmp_path / "clean"))
    git(tmp_path / "clean", "apply", str(patch))
    for name in ("a.txt", "new/fil\u00e9.txt", "crlf.txt", "bytes.bin", "link"):
        assert (tmp_path / "clean" / name).read_bytes() == (project.top / name).read_bytes()
    assert not (tmp_path / "clean" / "gone.txt").exists()
    assert os.access(tmp_path / "clean" / "tool.sh", os.X_OK)


async def test_a_patch_names_what_it_cannot_hold(project: Project, tmp_path: Path) -> None:
    before = await project.spaces.outside()
    write(project.top, {"large.txt": "x" * (2 << 20)})
    git(project.top, "init", "-q", "inner")
    write(project.top, {"inner/file": "x"})
    patch = tmp_path / "1.patch"
    await project.spaces.keep_patch(await _since(project, before), patch)
    assert patch.read_text(encoding="utf-8") == (
        "# Differs from HEAD:\n"
        "# inner/ (not a file, or too large to be kept here)\n"
        "# large.txt (not a file, or too large to be kept here)\n"
    )


async def test_a_repository_without_commits_is_watched(tmp_path: Path) -> None:
    top = tmp_path / "new"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    project = Project(top)
    before = await project.spaces.outside()
    write(top, {"a.txt": "x\n", "b.txt": "y\n"})
    git(top, "add", "a.txt")
    change = await _since(project, before)
    assert change == OutsideChange(paths=("a.txt", "b.txt"))
    await project.spaces.keep_patch(change, tmp_path / "1.patch")
    assert (tmp_path / "1.patch").read_text(encoding="utf-8").count("new file mode") == 2


async def test_a_repository_with_sha256_names_is_watched(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "shop", "--object-format=sha256")
    before = await project.spaces.outside()
    os.utime(project.top / "a.txt", (1, 1))
    assert await _since(project, before) == _NOTHING
    write(project.top, {"a.txt": "escaped\n"})
    assert await _since(project, before) == OutsideChange(paths=("a.txt",))


async def test_a_linked_worktree_is_watched_with_its_own_index_and_head(project: Project, tmp_path: Path) -> None:
    git(project.top, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    other = Project(tmp_path / "other")
    before = await other.spaces.outside()
    write(other.top, {"a.txt": "escaped\n"})
    git(project.top, "checkout", "-q", "--detach")
    change = await _since(other, before)
    assert change.paths == ("a.txt",)
    assert change.refs == ()
