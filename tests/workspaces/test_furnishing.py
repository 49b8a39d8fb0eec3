"""What a workspace gets besides what Git holds."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from fusion_kit.workspaces.errors import OutsideWorkspace, SetupFailed
from fusion_kit.workspaces.settings import WorkspaceSettings
from tests.workspaces.project import Project, git, tree, write

FIRST = {"a.txt": "a\n", "src/one.py": "1\n", ".gitignore": "*.log\nbuild/\n"}


def _project(tmp_path: Path, settings: WorkspaceSettings) -> Project:
    return Project.make(tmp_path / "shop", settings=settings)


async def test_files_are_copied_and_linked_for_every_task_and_are_nobodys_work(tmp_path: Path) -> None:
    project = _project(tmp_path, WorkspaceSettings(copy=(".env", "conf", "absent"), link=("node_modules",)))
    write(project.top, {".env": "KEY=1\n", "conf/local.ini": "x\n", "node_modules/lib.js": "js\n"})
    for task in ("t1", "t2"):
        desk = await project.desk(task)
        assert (desk.path / "node_modules").readlink() == project.top / "node_modules"
        assert (desk.path / ".env").read_text() == "KEY=1\n"
        assert (desk.path / "conf" / "local.ini").read_text() == "x\n"
        write(desk.path, {f"{task}.txt": "x\n", ".env": "KEY=stolen\n"})
        assert (await project.keep(desk, task)).files == (f"{task}.txt",)
    assert project.salvaged() == []
    assert (project.top / ".env").read_text() == "KEY=1\n"


async def test_ignored_files_named_in_worktreeinclude_come_along(project: Project) -> None:
    base = project.commit({".gitignore": ".env*\n*.log\n", ".worktreeinclude": ".env*\nplain.txt\n!.env.secret\n"})
    write(project.top, {".env": "1", "sub/.env.local": "2", ".env.secret": "3", "x.log": "4", "plain.txt": "5"})
    desk = await project.desk(base=base)
    brought = set(tree(desk.path)) - set(project.files(base))
    assert brought == {".env", "sub/.env.local"}
    assert not (await project.keep(desk)).changed


async def test_a_path_outside_the_project_is_refused(tmp_path: Path) -> None:
    project = _project(tmp_path, WorkspaceSettings(copy=("../secret",)))
    with pytest.raises(OutsideWorkspace, match=r"'\.\./secret' is not a plain path"):
        await project.desk()


async def test_nothing_is_copied_through_a_symlink_of_the_repository(tmp_path: Path) -> None:
    project = _project(tmp_path, WorkspaceSettings(copy=("conf/.env",)))
    (tmp_path / "outside").mkdir()
    (project.top / "conf").symlink_to(tmp_path / "outside")
    git(project.top, "add", "-A")
    git(project.top, "commit", "-q", "-m", "link")
    write(tmp_path, {"outside/.env": "KEY=1\n"})
    desk = await project.desk()  # it is there already: through the same symlink
    (desk.path / "conf" / ".env").unlink()
    write(tmp_path, {"elsewhere/.env": "KEY=2\n"})
    (project.top / "conf").unlink()
    (project.top / "conf").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutsideWorkspace, match="a symlink in the repository leads out"):
        await project.desk("t2")
    assert list((tmp_path / "outside").iterdir()) == []


async def test_setup_runs_once_and_again_only_when_what_it_made_was_cleaned_away(tmp_path: Path) -> None:
    setup = "mkdir -p build cache && echo made > build/out && echo x >> $FUSION_PROJECT_ROOT/../count"
    project = _project(tmp_path, WorkspaceSettings(setup=setup, cache=("build", "cache")))
    desk = await project.desk("t1")
    assert tree(desk.path) == FIRST | {"build/out": "made\n"}
    assert not (await project.keep(desk)).changed
    await project.desk("t2")
    write(desk.path, {"other.log": "x"})
    await project.desk("t3")
    assert (tmp_path / "count").read_text() == "x\n"
    (desk.path / "build" / "out").unlink()
    (desk.path / "build").rmdir()
    await project.desk("t4")
    assert (tmp_path / "count").read_text() == "x\nx\n"
    await project.desk("t5", agent="coder-2")
    assert (tmp_path / "count").read_text() == "x\nx\nx\n"


async def test_setup_runs_for_a_new_base_where_that_is_wanted(tmp_path: Path) -> None:
    setup = "echo x >> $FUSION_PROJECT_ROOT/../count"
    project = _project(tmp_path, WorkspaceSettings(setup=setup, setup_on_new_base=True))
    await project.desk("t1")
    await project.desk("t2")
    await project.desk("t3", base=project.commit({"a.txt": "second\n"}))
    assert (tmp_path / "count").read_text() == "x\nx\n"


async def test_a_failing_setup_shows_its_last_words_and_is_tried_again(tmp_path: Path) -> None:
    setup = "seq 1 9999; echo no such package >&2; test -e $FUSION_PROJECT_ROOT/../fixed"
    project = _project(tmp_path, WorkspaceSettings(setup=setup))
    with pytest.raises(SetupFailed, match=r"(?s)setup command .* ended with code 1.*9999\nno such package") as caught:
        await project.desk()
    assert len(str(caught.value)) < 3000
    assert caught.value.way_out.endswith("or change `workspace: setup` in .fusion/config.yaml.")
    (tmp_path / "fixed").touch()
    assert tree((await project.desk()).path) == FIRST


async def test_a_setup_that_hangs_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    setup = "echo $$ > $FUSION_PROJECT_ROOT/../pid; sleep 600 & sleep 600"
    project = _project(tmp_path, WorkspaceSettings(setup=setup, setup_timeout_s=0.3))
    with pytest.raises(SetupFailed, match=r"stopped after 0\.3 s"):
        await project.desk()
    group = int((tmp_path / "pid").read_text())
    # a killed process is listed until the kernel has taken it apart, which a busy machine may put off
    _gone, alive = psutil.wait_procs([one for one in psutil.process_iter() if _lives_in(one, group)], timeout=10)
    assert not [one for one in alive if _lives_in(one, group)]


def _lives_in(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


async def test_the_setups_environment_is_an_allow_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    project = _project(tmp_path, WorkspaceSettings(setup="env > $FUSION_PROJECT_ROOT/../env"))
    await project.desk()
    assert "secret" not in (tmp_path / "env").read_text()


async def test_teardown_runs_when_a_workspace_is_put_away(tmp_path: Path) -> None:
    project = _project(tmp_path, WorkspaceSettings(teardown="pwd > $FUSION_PROJECT_ROOT/../down"))
    desk = await project.desk()
    await project.spaces.retire("coder-1")
    assert (tmp_path / "down").read_text().strip() == str(desk.path)
