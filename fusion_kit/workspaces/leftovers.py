"""What lies in a repository because of fusion-kit: folders and refs, with what can be said without the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion_kit.core.ids import ID
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.cover import is_ours
from fusion_kit.workspaces.layout import Folders, Layout
from fusion_kit.workspaces.names import OWN
from fusion_kit.workspaces.sweeping import changed_at

DISCARDED = "discarded"  # below the state: what a clean is deleting
_OF_A_RETIREMENT = re.compile(r"\d{12}\.(jsonl|checkpoint\.json(\.new)?)")  # the ledger's own


@dataclass(frozen=True, slots=True)
class Relic:
    """One thing found: paths to be removed, or a ref at a commit; `changed_at` in seconds since 1970."""

    kind: str
    subject: str
    changed_at: float
    paths: tuple[Path, ...] = ()
    ref: str = ""
    commit: str = ""
    run: str | None = None
    node: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """Looks at everything we made in one repository, and at nothing else."""

    git: Git
    layout: Layout

    def relics(self) -> list[Relic]:
        """Return all that is there, in the order in which it can go."""
        return [*self._unfinished(), *self._desks(), *self._refs(), *self._admins(), *self._shelves(), *self._runs()]

    @property
    def has_refs(self) -> bool:
        """Whether there is a repository at all."""
        return (self.layout.common / "objects").is_dir()

    def checked_out(self) -> dict[str, str]:
        """Return the branches somebody has checked out: full name -> where."""
        if not self.has_refs:
            return {}
        out = self.git.run(Place(self.layout.common), "worktree", "list", "--porcelain", "-z").fields
        where, found = "", {}
        for line in out:
            kind, _, value = line.partition(" ")
            if kind == "worktree":
                where = value
            elif kind == "branch":
                found[value] = where
        return found

    def _unfinished(self) -> Iterator[Relic]:
        for path in _entries(self.layout.state / DISCARDED):
            yield Relic("unfinished", path.name, 0.0, (path,))

    def _desks(self) -> Iterator[Relic]:
        homes = [path.name for path in _entries(self.layout.workspaces) if self._is_home(path)]
        desks = [path.name for path in _entries(self.layout.state / "desks") if ID.fullmatch(path.name)]
        for agent in sorted({*homes, *desks}):
            folders = self.layout.folders(agent)
            note = folders.note()
            changed = changed_at(folders.desk / "note.json") or changed_at(folders.home)
            paths = (folders.home, folders.desk, *self.admins_of(folders))
            yield Relic("workspace", agent, changed, paths, run=note.run if note else None)

    def _is_home(self, path: Path) -> bool:
        """Only what we made: a person may have a folder `workspaces` with anything in it."""
        made = all((path / part).is_dir() for part in (".agent", "projects"))
        ours = not path.is_symlink() and ID.fullmatch(path.name) and made
        return bool(ours) and (is_ours(self.layout.workspaces) or is_ours(path))

    def admins_of(self, folders: Folders) -> list[Path]:
        """Return the entries among the worktrees that lead into an agent's folder."""
        mark = f"{folders.home}/"
        return [path for path in _entries(self.layout.common / "worktrees") if _leads_to(path).startswith(mark)]

    def _admins(self) -> Iterator[Relic]:
        """Entries of worktrees of ours whose folder somebody deleted, locked ones included."""
        mark = f"{self.layout.workspaces}/"
        for path in _entries(self.layout.common / "worktrees"):
            target = _leads_to(path)
            home = (
                self.layout.workspaces / Path(target.removeprefix(mark)).parts[0] if target.startswith(mark) else None
            )
            if home is not None and not home.exists() and not (self.layout.state / "desks" / home.name).exists():
                yield Relic("worktree", path.name, changed_at(path), (path,), commit=_head(path), node=home.name)

    def _runs(self) -> Iterator[Relic]:
        for path in _entries(self.layout.state / "runs"):
            if path.is_dir() and ID.fullmatch(path.name):
                yield Relic("run", path.name, changed_at(path), (path,), run=path.name)

    def _refs(self) -> Iterator[Relic]:
        folders = ("refs/heads/fk/", f"{OWN}/merge/", f"{OWN}/pin/")
        form = "--format=%(refname) %(objectname) %(committerdate:unix)"
        if not self.has_refs:
            return
        for line in self.git.run(Place(self.layout.common), "for-each-ref", form, *folders).text.splitlines():
            ref, commit, *dated = line.split(" ")
            kind, run, node = _owner(ref)
            changed = float(dated[0]) if dated and dated[0] else 0.0
            if kind:
                yield Relic(kind, ref.removeprefix("refs/heads/"), changed, ref=ref, commit=commit, run=run, node=node)

    def _shelves(self) -> Iterator[Relic]:
        state = self.layout.state
        for path in _entries(state / "trash"):
            if not _OF_A_RETIREMENT.fullmatch(path.name):
                yield Relic("trash", path.name, changed_at(path), (path,))
        for path in _entries(state / "incoming"):
            yield Relic("incoming", path.name, changed_at(path), (path,))
        pointer = state / "trusted.current"
        current = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""
        for path in _entries(state / "trusted"):
            if path.name != current:
                yield Relic("trusted", path.name, changed_at(path), (path,))

    def missing(self, going: Sequence[Relic]) -> set[str]:
        """Return those of their commits that are not in the repository, or not whole: an agent may write any HEAD."""
        place = Place(self.layout.common)
        named = {relic.commit for relic in going if relic.commit}
        stdin = "".join(f"{commit}\n" for commit in sorted(named)).encode()
        said = self.git.run(place, "cat-file", "--batch-check", stdin=stdin).text.splitlines() if named else []
        sound = {line.split(" ")[0] for line in said if line.split(" ")[1] == "commit"}
        for commit in {relic.commit for relic in going if relic.kind == "worktree"} & sound:
            args = ("rev-list", "--objects", "--quiet", commit, "--not", "--all")
            if self.git.run(place, *args, allowed=(0, 1, 128)).code:
                sound.discard(commit)
        return named - sound

    def unheld(self, going: Sequence[Relic]) -> set[str]:
        """Return those of the commits of refs that are to go which no other ref holds; an ancestor of one is held."""
        refs = {relic.ref for relic in going}
        tips = sorted({relic.commit for relic in going if relic.commit and relic.kind != "pin"} - self.missing(going))
        if not tips:
            return set()
        form = "--format=%(refname) %(objectname)"
        listed = self.git.run(Place(self.layout.common), "for-each-ref", form).text.splitlines()
        pairs = [line.split(" ") for line in listed]
        stays = {commit for ref, commit in pairs if ref not in refs and not ref.startswith(f"{OWN}/pin/")}
        stdin = "".join([*(f"{tip}\n" for tip in tips), *(f"^{commit}\n" for commit in sorted(stays))]).encode()
        alone = set(self.git.run(Place(self.layout.common), "rev-list", "--stdin", stdin=stdin).text.split())
        left = [tip for tip in tips if tip in alone]
        if len(left) < 2:
            return set(left)
        return set(self.git.run(Place(self.layout.common), "merge-base", "--independent", *left).text.split())


def _owner(ref: str) -> tuple[str, str | None, str]:
    """Return what kind of ref of ours this is, and the run and node it belongs to."""
    parts = ref.split("/")
    if ref.startswith(f"{OWN}/merge/"):
        return "merge", parts[-1], "merge"
    if ref.startswith(f"{OWN}/pin/"):
        return "pin", None, parts[-1]
    if len(parts) == 6 and parts[4] == "t":  # refs heads fk <run> t <node>
        return "branch", parts[3], parts[5]
    if len(parts) == 5 and parts[4] == "result":
        return "branch", parts[3], "result"
    return "", None, ""


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder of ours; nothing where it is no folder."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(folder.iterdir())


def _leads_to(admin: Path) -> str:
    """Return the `.git` file that an entry among the worktrees belongs to."""
    return _text(admin / "gitdir")


def _head(admin: Path) -> str:
    text = _text(admin / "HEAD")
    return text if re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", text) else ""


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 12:
        return ""
    return path.read_text(encoding="utf-8", errors="replace").strip()
