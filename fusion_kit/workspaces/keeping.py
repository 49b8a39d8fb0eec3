"""Turning what an attempt left into one commit on its branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fusion_kit.core.code import KeepOrder, Kept, Stamp
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.layout import Folders, Note, stamped
from fusion_kit.workspaces.names import commit_name, ref_name, salvage_prefix
from fusion_kit.workspaces.policy import Change, flags
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.snapshot import Snapshots
from fusion_kit.workspaces.trusted import Trusted

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps the work of ended attempts: one commit each, on the base, whatever commits the agent made by itself."""

    git: Git
    trusted: Trusted
    refs: Refs
    snapshots: Snapshots
    now: Now | None = None  # None: Git asks the machine

    def keep(self, order: KeepOrder, folders: Folders) -> Kept:
        """Commit the tree that lies in the workspace and move its branch; nothing changed means no commit."""
        base, ref = commit_name(order.desk.base), ref_name(order.branch)
        tip = self.refs.tip(ref)
        if tip is not None and self._bears(tip, order.stamp):
            return self._adopted(base, tip, order, folders)
        with self.trusted.quarantine() as quarantined:
            tree = self.snapshots.tree(folders, quarantined, base)
            changes = self.snapshots.changes(quarantined, base, tree)
            self.snapshots.check(quarantined, changes)
            commit = self._commit(quarantined, order, tree) if changes else base
            if changes:
                self.trusted.check(quarantined)
            self.trusted.admit(quarantined)
        self.snapshots.settle(folders)
        self._move(order, ref, commit)
        _remember(order, folders, tree)
        return _result(base, commit, changes)

    def _commit(self, quarantined: Place, order: KeepOrder, tree: str) -> str:
        moment = self.now() if self.now is not None else None
        dated = {} if moment is None else {"GIT_AUTHOR_DATE": _stamp(moment), "GIT_COMMITTER_DATE": _stamp(moment)}
        args = ("commit-tree", "-p", order.desk.base, "-F", "-", tree)
        message = message_of(order.message, order.stamp).encode("utf-8", "replace")
        return self.git.run(quarantined, *args, stdin=message, env=dated).text

    def _move(self, order: KeepOrder, ref: str, commit: str) -> None:
        """A branch that did not exist is not made for nothing; one that did keeps its old tip under a salvage ref."""
        if order.expected is None and commit == order.desk.base:
            return
        moves = [Move(ref, commit, order.expected)]
        if order.expected is not None and order.expected not in (commit, order.desk.base):
            moves.append(self._salvage(order.stamp, order.expected))
        self.refs.move(moves, f"fusion-kit: {order.stamp.run} {order.stamp.task}")

    def _salvage(self, stamp: Stamp, tip: str) -> Move:
        folder = salvage_prefix(stamp.run, stamp.task)
        return Move(next_name(folder, self.refs), tip)

    def _adopted(self, base: str, tip: str, order: KeepOrder, folders: Folders) -> Kept:
        """An earlier call got as far as the branch: answer what it would have answered."""
        place = self.trusted.place()
        tree = self.git.run(place, "rev-parse", "--verify", f"{tip}^{{tree}}").text
        _remember(order, folders, tree)
        return _result(base, tip, self.snapshots.changes(place, base, tip))

    def _bears(self, commit: str, stamp: Stamp) -> bool:
        """Return whether a commit was made for this attempt, by its last paragraph."""
        raw = self.git.run(self.trusted.place(), "cat-file", "commit", commit).out.decode("utf-8", "replace")
        return _trailers(stamp) == raw.rstrip("\n").rpartition("\n\n")[2]


def _remember(order: KeepOrder, folders: Folders, tree: str) -> None:
    known = folders.note() or Note(order.desk.base)
    folders.write(replace(stamped(known, order.stamp), held=tree))


def _result(base: str, commit: str, changes: list[Change]) -> Kept:
    changed = commit != base
    files = tuple(_printable(change.path) for change in changes) if changed else ()
    return Kept(commit, changed, files, tuple(_printable(path) for path in flags(changes)) if changed else ())


def message_of(message: str, stamp: Stamp) -> str:
    """Return a commit message whose last paragraph says where the commit came from."""
    body = message.replace("\0", "").strip() or f"{stamp.task}: work of {stamp.agent}"
    return f"{body}\n\n{_trailers(stamp)}\n"


def _trailers(stamp: Stamp) -> str:
    pairs = {"Run": stamp.run, "Task": stamp.task, "Attempt": stamp.attempt, "Agent": stamp.agent}
    return "\n".join(f"Fusion-{name}: {value}" for name, value in pairs.items())


def _stamp(moment: datetime) -> str:
    return f"@{int(moment.timestamp())} +0000"


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def next_name(folder: str, refs: Refs) -> str:
    """Return the first free number below a folder of refs."""
    numbers = [int(last) for last in (name.rpartition("/")[2] for name in refs.under(folder)) if last.isdigit()]
    return f"{folder}/{max(numbers, default=0) + 1}"
