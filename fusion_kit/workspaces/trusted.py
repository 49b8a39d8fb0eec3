"""A Git directory of our own: it borrows the repository's objects, and nothing else of what an agent can write."""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fusion_kit.workspaces import frozen
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import is_there, private_folder, put_away, sync_folder, write_whole
from fusion_kit.workspaces.lock import held

_OURS = frozenset({"HEAD", "config", "objects", "refs", "info", "shallow"})


class Trusted:
    """The directory `<state>/trusted`, made when it is first needed and frozen again by `freeze`."""

    def __init__(self, git: Git, top: Path, state: Path) -> None:
        """Borrow the objects of the repository that `state` lies in; `top` is the person's checkout."""
        self._git = git
        self._top = top
        self._state = state
        self._common = state.parent
        self._folder = state / "trusted"

    def place(self) -> Place:
        """Return it as a place for commands, made whole where something was put in or taken out."""
        if not self._is_whole():
            with held(self._state / "trusted.lock"):
                if not self._is_whole():
                    self._make()
        return Place(self._folder)

    def freeze(self) -> None:
        """Take over the person's filters, identity and ignore patterns as they are now: before any agent works."""
        with held(self._state / "trusted.lock"):
            self._make()

    def _is_whole(self) -> bool:
        try:
            names = {path.name for path in self._folder.iterdir()}
        except OSError:
            return False
        return {"HEAD", "config", "objects", "refs", "info"} <= names <= _OURS

    def _make(self) -> None:
        """Write it beside the old one and take its place by renaming, so that nobody sees half of it."""
        private_folder(self._state)
        new = Path(tempfile.mkdtemp(dir=self._state, prefix="trusted-"))
        config = frozen.configuration(self._git, self._top)
        (new / "refs").mkdir()
        write_whole(new / "HEAD", "ref: refs/heads/none\n")
        write_whole(new / "config", self._format() + frozen.as_text(frozen.taken_over(config, self._common)))
        write_whole(new / "info" / "exclude", frozen.ignore_patterns(config, self._common))
        write_whole(new / "objects" / "info" / "alternates", f"{self._common / 'objects'}\n")
        if (self._common / "shallow").is_file():
            shutil.copyfile(self._common / "shallow", new / "shallow")
        if is_there(self._folder):
            put_away(self._folder, self._state / "trash")
        new.rename(self._folder)

    def _format(self) -> str:
        """A checkout has SHA-1 names unless it says otherwise; `bare` keeps Git from taking cwd for a work tree."""
        asked = self._git.as_person(self._top, "rev-parse", "--show-object-format").text
        if asked == "sha1":
            return "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
        return f"[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = {asked}\n"

    @contextmanager
    def quarantine(self) -> Iterator[Place]:
        """Give new objects a folder of their own; what is not admitted before the block ends is gone."""
        place = self.place()
        with self._object_folder(self._common / "objects") as folder:
            yield replace(place, objects=folder)

    @contextmanager
    def _object_folder(self, *lenders: Path) -> Iterator[Path]:
        shelf = self._state / "incoming"  # `quarantine` is where the doctor of the ledger sets damage aside
        private_folder(shelf)
        folder = Path(tempfile.mkdtemp(dir=shelf))
        write_whole(folder / "info" / "alternates", "".join(f"{lender}\n" for lender in lenders))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def check(self, quarantined: Place) -> None:
        """Let Git examine the new commits and trees as it would a stranger's push; raises `GitFailed`.

        `git fsck` would read every loose object of the repository, and fail for an old one that is nobody's fault.
        """
        fresh = quarantined.objects
        if fresh is None or not (names := _commits_and_trees(fresh)):
            return
        pack = self._git.run(quarantined, "pack-objects", "-q", "--stdout", stdin="\n".join(names).encode()).out
        with self._object_folder(fresh, self._common / "objects") as scratch:
            place = Place(quarantined.gitdir, objects=scratch)
            self._git.run(place, "-c", "core.fsync=none", "index-pack", "--strict", "--stdin", stdin=pack)

    def admit(self, quarantined: Place) -> None:
        """Move the new objects into the repository, durably; those it has already are left alone."""
        source, target = quarantined.objects, self._common / "objects"
        if source is None:
            return
        for folder in sorted(source.iterdir()):
            if folder.name != "info":
                _move_all(folder, target / folder.name)
        sync_folder(target)


def _commits_and_trees(folder: Path) -> list[str]:
    """Return the names of the loose objects that are not file contents, by the first bytes of each."""
    found = []
    for path in folder.glob("??/*"):
        with path.open("rb") as file:
            header = zlib.decompressobj().decompress(file.read(64), 4)
        if header != b"blob":
            found.append(path.parent.name + path.name)
    return sorted(found)


def _move_all(source: Path, target: Path) -> None:
    """Move one folder's files; a pack goes before its index, which makes it visible."""
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir(), key=lambda path: (path.suffix == ".idx", path.name)):
        if not (target / path.name).exists():
            path.rename(target / path.name)
    sync_folder(target)
