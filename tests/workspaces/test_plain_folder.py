"""A project outside of Git has no workspaces and no branches, but files that can be hashed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fusion_kit.bootstrap.plain import NoRepository, PlainFolder
from fusion_kit.coordination.ports import Workspaces
from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Landing, Outside, OutsideChange, Stamp
from tests.workspaces.project import write

DESK = Desk("coder-1", Path("gone"), "base")
LANDING = Landing("run-1", "main", "base", {})

NEEDS_GIT: dict[str, Callable[[Workspaces], Awaitable[object]]] = {
    "combine": lambda plain: plain.combine({}),
    "prepare": lambda plain: plain.prepare(DeskOrder("coder-1", "base")),
    "keep": lambda plain: plain.keep(KeepOrder(DESK, Stamp("r", "t", "a", "coder-1"), "b", "m")),
    "assemble": lambda plain: plain.assemble(LANDING),
    "publish": lambda plain: plain.publish(LANDING, "base"),
    "mark_conflicts": lambda plain: plain.mark_conflicts({}),
    "unresolved": lambda plain: plain.unresolved("base", ["a"]),
    "digest of a commit": lambda plain: plain.digest("base", ["*"]),
    "keep_patch": lambda plain: plain.keep_patch(OutsideChange(("a",)), Path("gone")),
}


@pytest.mark.parametrize("name", NEEDS_GIT)
async def test_what_needs_a_repository_says_how_to_get_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoRepository) as caught:
        await NEEDS_GIT[name](PlainFolder(tmp_path))
    assert caught.value.way_out == "`git init && git add -A && git commit -m 'First commit'` makes it one."


async def test_there_is_nothing_to_freeze_no_branch_no_clash_and_nothing_outside(tmp_path: Path) -> None:
    plain = PlainFolder(tmp_path)
    await plain.freeze()
    found = (
        await plain.repository(),
        await plain.tip("main"),
        await plain.clashes("base", DESK),
        await plain.outside(),
    )
    assert found == (None, None, (), Outside())


async def test_a_digest_is_over_the_files_that_match(tmp_path: Path) -> None:
    plain = PlainFolder(write(tmp_path, {"a.py": "1", "src/b.py": "2", "c.txt": "3"}))
    before = await plain.digest(None, ["**/*.py"])
    write(tmp_path, {"c.txt": "4", ".fusion/state/x.py": "x", "workspaces/y/z.py": "x", ".git/q.py": "x"})
    (tmp_path / "link.py").symlink_to("a.py")
    assert await plain.digest(None, ["**/*.py"]) == before
    write(tmp_path, {"src/b.py": "3"})
    assert await plain.digest(None, ["**/*.py"]) != before
