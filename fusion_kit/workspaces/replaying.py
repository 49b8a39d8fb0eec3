"""One line of commits instead of merges: each task's commits, one by one, on top of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.commits import Commit, Commits
from fusion_kit.workspaces.merging import Part
from fusion_kit.workspaces.trusted import Trusted

_CLEAN, _CONFLICT = 0, 1


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays commits; after every task the files are those that merging its work has given."""

    git: Git
    trusted: Trusted

    def replayed(self, start: str, stages: Sequence[tuple[Part, str]]) -> str:
        """Return `start` with the work of each part on it; beside each part stands the merge that holds it."""
        with self.trusted.quarantine() as place:
            commits = Commits(self.git, place)
            tip, done = commits.read(start), {start}
            for part, merged in stages:
                tree = commits.read(merged).tree
                tip = self._task(place, tip, part, tree, done)
            self.trusted.admit(place)
        return tip.name

    def _task(self, place: Place, tip: Commit, part: Part, tree: str, done: set[str]) -> Commit:
        """Commits that cannot be replayed to the tree of the merge (a merge settled them) become a single one."""
        names = self._own(place, part.commit, done)
        done.add(part.commit)
        commits = Commits(self.git, place)
        last: Commit | None = tip
        for name in names:
            last = self._one(place, last, commits.read(name)) if last is not None else None
        if last is not None and last.tree == tree:
            return last
        return tip if tip.tree == tree else _as(commits, commits.read(part.commit), tip, tree)

    def _own(self, place: Place, commit: str, done: set[str]) -> list[str]:
        """Return the commits nobody brought yet, oldest first, without merges."""
        args = ("rev-list", "--topo-order", "--reverse", "--no-merges", commit, *(f"^{name}" for name in sorted(done)))
        return self.git.run(place, *args).text.split()

    def _one(self, place: Place, tip: Commit, commit: Commit) -> Commit | None:
        """Return the commit replayed on `tip`: itself where it stands there, `tip` where it brings nothing new."""
        if commit.parents == (tip.name,):
            return commit
        tree = self._picked(place, tip, commit)
        if tree is None or tree == tip.tree:
            return tip if tree else None
        return _as(Commits(self.git, place), commit, tip, tree)

    def _picked(self, place: Place, tip: Commit, commit: Commit) -> str | None:
        """Merge with the commit's parent as the base; Git before 2.40 can be told only by commits made for it."""
        root = self._plain(place, self._tree_before(place, commit))
        sides = [self._plain(place, tree, "-p", root) for tree in (tip.tree, commit.tree)]
        args = ("merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", *sides)
        answer = self.git.run(place, *args, allowed=(_CLEAN, _CONFLICT))
        for name in (root, *sides):
            _forget(place, name)
        return answer.fields[0] if answer.code == _CLEAN else None

    def _tree_before(self, place: Place, commit: Commit) -> str:
        if commit.parents:
            return Commits(self.git, place).read(commit.parents[0]).tree
        return self.git.run(place, "hash-object", "-t", "tree", "-w", "--stdin").text

    def _plain(self, place: Place, tree: str, *parent: str) -> str:
        dated = {f"GIT_{who}_DATE": "@0 +0000" for who in ("AUTHOR", "COMMITTER")}
        return self.git.run(place, "-c", "core.fsync=none", "commit-tree", *parent, "-m", "x", tree, env=dated).text


def _forget(place: Place, name: str) -> None:
    """Take a new object out of quarantine again, for no history needs it."""
    if place.objects is not None:
        (place.objects / name[:2] / name[2:]).unlink(missing_ok=True)


def _as(commits: Commits, commit: Commit, tip: Commit, tree: str) -> Commit:
    """Write what `commit` did, with its author and its message, as `tree` on `tip`."""
    return commits.write(
        tree, tip, commit.committed_s, message=commit.message, author=commit.author, encoding=commit.encoding
    )
