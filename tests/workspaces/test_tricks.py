"""What an agent can write is never our configuration: 31 ways to run code in whoever calls git, none of which works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workspaces.project import Project, git, write
from tests.workspaces.scene import Scene, everything_we_do


def _config_worktree(scene: Scene) -> None:
    scene.config("extensions.worktreeConfig", "true")
    text = f"[core]\n\tfsmonitor = {scene.script}\n"
    write(scene.project.common, {"config.worktree": text, "worktrees/shop/config.worktree": text})


def _include(scene: Scene) -> None:
    write(scene.project.common, {"planted": f"[core]\n\tfsmonitor = {scene.script}\n"})
    scene.config("include.path", "planted")


def _hooks_path(scene: Scene) -> None:
    folder = scene.mark.parent / "planted-hooks"
    for name in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change"):
        write(folder, {name: scene.script.read_text()})
        (folder / name).chmod(0o755)
    scene.config("core.hooksPath", str(folder))


def _filter(kind: str, where: str) -> Callable[[Scene], None]:
    def plant(scene: Scene) -> None:
        scene.config(f"filter.evil.{kind}")
        text = "* filter=evil\n"
        scene.attributes(text) if where == "info" else scene.in_workspace({".gitattributes": text})

    return plant


def _textconv(scene: Scene) -> None:
    scene.config("diff.evil.textconv")
    scene.attributes("* diff=evil\n")


def _diff_driver(scene: Scene) -> None:
    scene.config("diff.evil.command")
    scene.attributes("* diff=evil\n")


def _merge_driver(scene: Scene) -> None:
    """Both sides of a merge must have changed one file for a driver to be asked."""
    git(scene.project.top, "branch", "other", _commit_of(scene, "by another\n"))
    scene.config("merge.evil.driver")
    scene.attributes("* merge=evil\n")


def _commit_of(scene: Scene, text: str) -> str:
    """Return a commit on the base in which a.txt holds `text`, made without a checkout."""
    top = scene.project.top
    write(scene.mark.parent, {"blob": text})
    blob = git(top, "hash-object", "-w", str(scene.mark.parent / "blob"))
    index = {"GIT_INDEX_FILE": str(scene.mark.parent / "index")}
    git(top, "read-tree", "main", env=index)
    git(top, "update-index", "--cacheinfo", f"100644,{blob},a.txt", env=index)
    return git(top, "commit-tree", "-p", "main", "-m", "other", git(top, "write-tree", env=index))


def _remote(key: str) -> Callable[[Scene], None]:
    def plant(scene: Scene) -> None:
        quiet = scene.script.with_name("quiet.sh")  # one that does not wait for what a remote would be told
        quiet.write_text(scene.script.read_text().replace("cat", ": cat"))
        quiet.chmod(0o755)
        url = {"ext": f"ext::{quiet}", "ssh": "ssh://host/x", "uploadpack": str(scene.project.top)}[key]
        scene.config("remote.origin.url", url)
        scene.config("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        if key == "uploadpack":
            scene.config("remote.origin.uploadpack", str(quiet))
        elif key == "ssh":
            scene.config("core.sshCommand", str(quiet))
        else:
            scene.config("protocol.ext.allow", "always")

    return plant


def _own_repository(scene: Scene) -> None:
    mark = scene.desk.path / ".git"
    if mark.is_file():
        mark.unlink()
    scene.repository_with(scene.desk.path, "core.fsmonitor")


def _gitfile_elsewhere(scene: Scene) -> None:
    other = scene.mark.parent / "other"
    scene.repository_with(other, "filter.evil.clean")
    scene.in_workspace({".git": f"gitdir: {other / '.git'}\n", ".gitattributes": "* filter=evil\n"})


def _nested(scene: Scene) -> None:
    nested = scene.desk.path / "nested"
    scene.repository_with(nested, "core.fsmonitor")
    write(nested, {"x": "x"})
    git(nested, "-c", "core.fsmonitor=false", "add", "-A")
    git(nested, "-c", "core.fsmonitor=false", "commit", "-q", "-m", "x", "--allow-empty")


def _in_tracked_folder(scene: Scene) -> None:
    scene.repository_with(scene.desk.path / "src", "core.fsmonitor")


def _embedded_bare(scene: Scene) -> None:
    git(scene.desk.path, "init", "-q", "--bare", "docs")
    git(scene.desk.path / "docs", "config", "core.fsmonitor", str(scene.script))


def _crafted_commondir(scene: Scene) -> None:
    scene.repository_with(scene.mark.parent / "crafted", "core.fsmonitor")
    write(scene.project.common, {"worktrees/shop/commondir": str(scene.mark.parent / "crafted" / ".git")})


def _submodule_update(scene: Scene) -> None:
    scene.config("submodule.s.update", f"!{scene.script}")
    scene.config("submodule.s.url", str(scene.project.top))
    scene.config("submodule.s.active", "true")
    git(scene.project.top, "branch", "other", _commit_of(scene, "by another\n"))
    scene.in_workspace({".gitmodules": f'[submodule "s"]\n\tpath = s\n\turl = {scene.project.top}\n'})


def _signing(scene: Scene) -> None:
    scene.config("gpg.program")
    scene.config("commit.gpgsign", "true")


def _trailer(scene: Scene) -> None:
    scene.config("trailer.x.key", "X")
    scene.config("trailer.x.command", f"{scene.script} $ARG")


def _pager(scene: Scene) -> None:
    scene.config("core.pager")
    for command in ("log", "diff", "branch", "config", "worktree", "for-each-ref"):
        scene.config(f"pager.{command}")


TRICKS: dict[str, Callable[[Scene], None]] = {
    "core.fsmonitor": lambda scene: scene.config("core.fsmonitor"),
    "core.hooksPath": _hooks_path,
    "include.path": _include,
    "config.worktree": _config_worktree,
    "hook pre-commit": lambda scene: scene.hook("pre-commit"),
    "hook prepare-commit-msg": lambda scene: scene.hook("prepare-commit-msg"),
    "hook reference-transaction": lambda scene: scene.hook("reference-transaction"),
    "hook post-index-change": lambda scene: scene.hook("post-index-change"),
    "hook post-checkout": lambda scene: scene.hook("post-checkout"),
    "diff.external": lambda scene: scene.config("diff.external"),
    "diff driver": _diff_driver,
    "diff textconv": _textconv,
    "clean filter in info/attributes": _filter("clean", "info"),
    "clean filter in .gitattributes": _filter("clean", "tree"),
    "smudge filter": _filter("smudge", "info"),
    "process filter": _filter("process", "info"),
    "merge driver": _merge_driver,
    "gpg.program": _signing,
    "core.editor": lambda scene: scene.config("core.editor"),
    "pager": _pager,
    "ext remote": _remote("ext"),
    "remote uploadpack": _remote("uploadpack"),
    "core.sshCommand": _remote("ssh"),
    "trailer command": _trailer,
    "submodule update command": _submodule_update,
    "a repository of its own": _own_repository,
    "a .git file that points elsewhere": _gitfile_elsewhere,
    "a nested repository": _nested,
    "a repository in a tracked folder": _in_tracked_folder,
    "an embedded bare repository": _embedded_bare,
    "a crafted commondir": _crafted_commondir,
}
HARMLESS_TO_PLAIN_GIT = {"core.editor", "pager", "a crafted commondir", "an embedded bare repository",
                         "a repository in a tracked folder"}  # fmt: skip


@pytest.fixture
async def scene(project: Project, tmp_path: Path) -> Scene:
    script, mark = tmp_path / "evil.sh", tmp_path / "mark"
    script.write_text(f"#!/bin/sh\necho ran >> {mark}\ncat 2>/dev/null\nexit 0\n")
    script.chmod(0o755)
    other = project.made(project.head, {"a.txt": "by another\n"})
    return Scene(project, await project.desk(), script, mark, other)


PLAIN = (
    ("status",), ("diff",), ("add", "-A"), ("commit", "-q", "-m", "x\n\nX: y"), ("log", "-p", "-1"),
    ("interpret-trailers", "--trailer", "X: y", "/dev/null"), ("checkout", "-q", "-b", "side"), ("branch",),
    ("merge", "-q", "-m", "x", "other"), ("checkout", "-q", "-f", "HEAD~1"),
    ("checkout", "-f", "main", "--", "."), ("fetch", "-q", "origin"),
    ("-c", "protocol.file.allow=always", "submodule", "update", "--init"),
)  # fmt: skip


def _plain_git(scene: Scene) -> None:
    """What a runner does that calls git in the workspace, as most do."""
    anything = tuple(range(256)) + tuple(range(-64, 0))
    for folder in (scene.desk.path, scene.desk.path / "nested"):
        if folder.is_dir():
            write(folder, {"a.txt": "plain\n"})
            git(folder, "reset", "-q", "--hard", allowed=anything)
            write(folder, {"a.txt": "plainer\n"})
            for commit in ("other", "main"):  # the second update of a submodule asks the command
                tip = git(folder, "rev-parse", commit, allowed=anything)
                git(folder, "update-index", "--add", "--cacheinfo", f"160000,{tip},s", allowed=anything)
                git(folder, *PLAIN[-1], allowed=anything)
            for command in PLAIN:
                git(folder, *command, allowed=anything, env={"GIT_ALLOW_PROTOCOL": "file:ext:ssh"})


@pytest.mark.parametrize("name", TRICKS)
async def test_the_trick_runs_nothing_in_anything_we_do(scene: Scene, name: str) -> None:
    TRICKS[name](scene)
    scene.mark.unlink(missing_ok=True)  # planting it may have run it
    await everything_we_do(scene)
    assert not scene.mark.exists()


@pytest.mark.parametrize("name", sorted(set(TRICKS) - HARMLESS_TO_PLAIN_GIT))
async def test_the_same_trick_runs_in_whoever_calls_plain_git(scene: Scene, name: str) -> None:
    TRICKS[name](scene)
    scene.mark.unlink(missing_ok=True)
    _plain_git(scene)
    assert scene.mark.exists()


def test_there_are_31() -> None:
    assert len(TRICKS) == 31
