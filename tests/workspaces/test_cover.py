"""What hides the agents' folders is there before anything is in them."""

from __future__ import annotations

from tests.workspaces.project import Project


async def test_a_cover_that_a_killed_runner_left_half_written_is_ours_and_is_written_again(project: Project) -> None:
    workspaces = project.top / "workspaces"
    workspaces.mkdir()
    (workspaces / "..gitignore.x1y2").write_text("")

    await project.desk()

    assert (workspaces / ".gitignore").read_text() == "*\n"
