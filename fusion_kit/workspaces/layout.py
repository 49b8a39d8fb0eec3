"""Where everything of an agent lies: its workspace for the agent, and our notes on it out of its way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fusion_kit.core.code import Stamp
from fusion_kit.core.ids import checked
from fusion_kit.workspaces.cover import cover, is_ours
from fusion_kit.workspaces.disk import is_there, private_folder, put_away, write_whole


@dataclass(frozen=True, slots=True)
class Note:
    """What we know of a desk from last time; `held` is a tree that some ref holds already."""

    base: str
    isolation: str = "worktree"
    admin: str | None = None  # the worktree's folder in the common directory
    held: str | None = None
    run: str = "unknown"
    node: str = "unknown"
    ready: bool = False  # it was handed to an agent, so there may be work in it
    set_up: bool = False
    made: tuple[str, ...] = ()  # ignored paths that the set-up command made


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one agent."""

    home: Path  # <top>/workspaces/<agent>
    checkout: Path  # <home>/projects/<name of the project>
    desk: Path  # <state>/desks/<agent>: never inside a workspace

    @property
    def index(self) -> Path:
        """Our own index of the checkout; its stat cache is what makes reuse cheap."""
        return self.desk / "index"

    @property
    def excludes(self) -> Path:
        """Patterns for what we put into the checkout ourselves."""
        return self.desk / "exclude"

    def note(self) -> Note | None:
        """Return what was written down last; None where nothing was, or nothing that can be read."""
        try:
            text = (self.desk / "note.json").read_text(encoding="utf-8")
            loaded = Note(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None
        return replace(loaded, made=tuple(loaded.made))

    def write(self, note: Note) -> None:
        """Write the note down."""
        write_whole(self.desk / "note.json", json.dumps(asdict(note)))


class Layout:
    """The folders below a project's top and below its state."""

    def __init__(self, top: Path, state: Path) -> None:
        """Take the project's top and `<git common dir>/fusion-kit`."""
        self.top = top
        self.state = state
        self.common = state.parent
        self.workspaces = top / "workspaces"
        self.trash = state / "trash"

    def folders(self, agent: str) -> Folders:
        """Return an agent's folders, whether they exist or not; raises `BadId`."""
        home = self.workspaces / checked("agent", agent)
        return Folders(home, home / "projects" / (self.top.name or "project"), self.state / "desks" / agent)

    def make(self, agent: str) -> Folders:
        """Make an agent's folders down to, and without, the checkout; what is in their way is put away."""
        folders = self.folders(agent)
        ours = is_ours(self.workspaces)
        if ours:  # a project may have a folder of that name, whose files stay in Git and as open as they are
            self._make(self.workspaces)
            cover(self.workspaces)  # before anything is in it: whoever dies in between leaves nothing in sight
        for part in (folders.home, folders.home / ".agent", folders.home / "logs", folders.checkout.parent):
            self._make(part)
        self._make(folders.desk)
        if not ours:
            cover(folders.home)
        return folders

    def _make(self, folder: Path) -> None:
        if is_there(folder) and (folder.is_symlink() or not folder.is_dir()):
            put_away(folder, self.trash)
        private_folder(folder)


def stamped(note: Note, stamp: Stamp | None) -> Note:
    """Return the note with the attempt that works there from now on."""
    return note if stamp is None else replace(note, run=stamp.run, node=stamp.task)
