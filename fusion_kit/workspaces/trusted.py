"""A Git directory of our own: it borrows the repository's objects, and nothing else of what an agent can write."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fusion_kit.workspaces import frozen
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.disk import is_there, private_folder, put_away, sync_folder, write_whole
from fusion_kit.workspaces.lock import held

_POINTER = "trusted.current"


class Trusted:
    """Directories `<state>/trusted/<hash of what is in them>`: one for every state of the person's configuration.

    A process remembers what is in the one it uses; what an agent changes there is put right before the next command.
    """

    def __init__(self, git: Git, top: Path, state: Path) -> None:
        """Borrow the objects of the repository that `state` lies in; `top` is the person's checkout."""
        self._git = git
        self._top = top
        self._state = state
        self._common = state.parent
        self._files: dict[str, str] | None = None  # path in the directory -> text

    def place(self) -> Place:
        """Return it as a place for commands, made good where something was changed, put in or taken out."""
        files = self._files
        if files is None:
            with held(self._state / "trusted.lock"):
                files = self._files = self._last() or self._now()
        folder = self._folder(files)
        if _texts(folder) != files:
            with held(self._state / "trusted.lock"):
                self._write(folder, files)
        return Place(folder)

    def freeze(self) -> None:
        """Take over the person's filters, identity and ignore patterns as they are now: before any agent works."""
        with held(self._state / "trusted.lock"):
            self._files = self._now()

    def _folder(self, files: Mapping[str, str]) -> Path:
        text = "\0".join(f"{name}\0{files[name]}" for name in sorted(files))
        return self._state / "trusted" / hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def _last(self) -> dict[str, str] | None:
        """Return what was frozen last, by any process; None where that is not what its name says."""
        pointer = self._state / _POINTER
        if not pointer.is_file() or pointer.is_symlink():
            return None
        folder = self._state / "trusted" / Path(pointer.read_text(encoding="utf-8").strip()).name
        files = _texts(folder)
        return files if files and self._folder(files) == folder else None

    def _now(self) -> dict[str, str]:
        """Read the person's configuration and remember it for the processes that come after."""
        config = frozen.configuration(self._git, self._top)
        shallow = self._common / "shallow"
        files = {
            "HEAD": "ref: refs/heads/none\n",
            "config": self._format() + frozen.as_text(frozen.taken_over(config, self._common)),
            "info/exclude": frozen.ignore_patterns(config, self._common),
            "objects/info/alternates": f"{self._common / 'objects'}\n",
        } | ({"shallow": shallow.read_text(encoding="utf-8")} if shallow.is_file() else {})
        self._write(self._folder(files), files)
        write_whole(self._state / _POINTER, f"{self._folder(files).name}\n")
        return files

    def _write(self, folder: Path, files: Mapping[str, str]) -> None:
        """Bring the directory to what it should be; other processes may be using it, so never by way of nothing."""
        private_folder(self._state)
        if is_there(folder) and (folder.is_symlink() or not folder.is_dir()):
            put_away(folder, self._state / "trash")
        (folder / "refs").mkdir(parents=True, exist_ok=True)
        there = _texts(folder)
        for name in there.keys() - files.keys():
            put_away(folder / name, self._state / "trash")
        for name, text in files.items():
            if there.get(name) != text:
                write_whole(folder / name, text)

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


def _texts(folder: Path) -> dict[str, str]:
    """Return everything in a directory that is not a folder: path -> text; what is no plain file has no text."""
    if not (folder / "refs").is_dir():
        return {}
    found = {}
    for parent, folders, names in os.walk(folder):
        for path in (Path(parent) / name for name in (*names, *folders)):
            plain = path.is_file() and not path.is_symlink()
            if plain or path.is_symlink() or not path.is_dir():
                found[path.relative_to(folder).as_posix()] = _text(path) if plain else ""
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


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
