"""A stage for tricks: a project, a workspace, a script that tells on whoever runs it, and all that we do there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.code import Desk, DeskOrder, Landing, PolicyRefusal
from tests.workspaces.project import Project, git, write


@dataclass(frozen=True)
class Scene:
    """A project with a workspace, and a script that leaves a mark when anybody runs it."""

    project: Project
    desk: Desk
    script: Path
    mark: Path
    other: str  # a commit on the base that does not go together with what the agents write

    def config(self, key: str, value: str | None = None) -> None:
        git(self.project.top, "config", key, value or str(self.script))

    def hook(self, name: str) -> None:
        hook = self.project.common / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(self.script.read_text())
        hook.chmod(0o755)

    def attributes(self, text: str) -> None:
        write(self.project.common, {"info/attributes": text})

    def in_workspace(self, files: dict[str, str]) -> None:
        write(self.desk.path, files)

    def repository_with(self, where: Path, key: str) -> None:
        """Make a repository of the agent's own whose configuration runs the script."""
        where.mkdir(exist_ok=True)
        git(where, "init", "-q")
        git(where, "config", key, str(self.script))


async def everything_we_do(scene: Scene) -> None:
    project, base = scene.project, scene.desk.base
    spaces = project.spaces
    write(scene.desk.path, {"a.txt": "by the agent\n", "fine.txt": "x\n"})
    commit = base
    with suppress(PolicyRefusal):
        commit = (await spaces.keep(project.order(scene.desk, "t1"))).commit
    desk = await spaces.prepare(DeskOrder("coder-1", base, stamp=project.stamp("t2")))
    write(desk.path, {"src/one.py": "changed\n"})
    second = (await spaces.keep(project.order(desk, "t2"))).commit
    write(desk.path, {"left.txt": "to be salvaged\n"})
    both = await spaces.combine({"t1": commit, "t2": second})
    await spaces.prepare(DeskOrder("coder-1", both, stamp=project.stamp("t3")))
    await spaces.prepare(DeskOrder("clone-1", both, isolation="clone"))
    await spaces.prepare(DeskOrder("new-1", both))
    await spaces.facts()
    await _merging(scene, commit, second)


async def _merging(scene: Scene, first: str, second: str) -> None:
    """Everything with the work of two tasks that begins at the same commit, and with what lies there meanwhile."""
    project, base = scene.project, scene.desk.base
    spaces, commits = project.spaces, {"t1": first, "t2": second}
    desk = await spaces.prepare(DeskOrder("coder-1", base, stamp=project.stamp("t3")))
    write(desk.path, {"a.txt": "now\n"})
    await spaces.clashes(scene.other, desk)
    marked = await spaces.mark_conflicts(commits | {"other": scene.other})
    await spaces.unresolved(marked.commit, marked.files)
    await spaces.digest(None, ["**"])
    await spaces.digest(marked.commit, ["**"])
    await spaces.diff(base, marked.commit)
    await spaces.outside()
    landing = Landing("run-1", "fk/run-1/result", base, commits, strategy="rebase")
    await spaces.publish(landing, await spaces.assemble(landing))
    landing = Landing("run-1", "main", base, commits, expected=base)
    await spaces.publish(landing, await spaces.assemble(landing))
