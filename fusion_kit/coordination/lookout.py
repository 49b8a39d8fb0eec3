"""The escape watch: what changes outside of all workspaces while tasks run is told, and never undone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from fusion_kit.coordination.house import House
from fusion_kit.core import events as e
from fusion_kit.core.code import Outside, OutsideChange
from fusion_kit.core.errors import FusionError


@dataclass(eq=False, slots=True)
class Lookout:
    """How everything outside looked last, and which tasks may have changed it since."""

    house: House
    run: str
    before: Outside
    suspects: set[str] = field(default_factory=set)
    at_home: set[str] = field(default_factory=set)  # tasks that work in the project's own folder, as they may
    seen: int = 0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self) -> e.WorkspaceEscaped | None:
        """Return what changed since the last look; two looks at once are one."""
        async with self.looking:
            suspects, self.suspects = self.suspects, set()
            if not suspects:
                return None
            try:
                now = await self.house.workspaces.outside()
                change = now.since(self.before)
                if suspects & self.at_home:
                    change = replace(change, paths=())
                self.before = now
                return await self._told(suspects, change) if change else None
            except FusionError:  # what cannot be seen now is seen at the next look
                self.suspects |= suspects
                return None

    async def _told(self, suspects: set[str], change: OutsideChange) -> e.WorkspaceEscaped:
        self.seen += 1
        patch = self.house.archive.folder(self.run) / "outside" / f"{self.seen}.patch"
        if change.paths:
            patch.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            await self.house.workspaces.keep_patch(change, patch)
        kept = str(patch) if change.paths else None
        return e.WorkspaceEscaped(tuple(sorted(suspects)), change.paths, change.refs, change.executes, kept)

    async def begin_anew(self) -> None:
        """Take what is there now as it should be: we moved a branch ourselves."""
        async with self.looking:
            self.before = await self.house.workspaces.outside()


def question_about(fact: e.WorkspaceEscaped) -> str:
    """Return why a run stops over hooks and configuration that execute code, and what a person can do."""
    names, tasks = ", ".join(fact.executes), ", ".join(fact.tasks)
    return (
        f"{names} changed while {tasks} ran, and that runs code in your repository. "
        "Look at it (`git config --list --show-origin`, .git/hooks); `fusion-kit resume` accepts it as it is"
    )
