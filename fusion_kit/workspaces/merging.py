"""Merging commits without a checkout; the same parents always give the same commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fusion_kit.core.code import CommitConflict
from fusion_kit.workspaces.command import Answer, Git, Place
from fusion_kit.workspaces.errors import GitFailed, Names, NoSuchCommit
from fusion_kit.workspaces.frozen import IDENTITY
from fusion_kit.workspaces.names import commit_name
from fusion_kit.workspaces.trusted import Trusted

_CLEAN, _CONFLICT = 0, 1


@dataclass(frozen=True, slots=True)
class Part:
    """A commit and the tasks whose work it holds."""

    tasks: tuple[str, ...]
    commit: str


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges with Git's own strategy and no driver, filter or hook of anybody's."""

    git: Git
    trusted: Trusted

    def combine(self, parents: Mapping[str, str]) -> str:
        """Return one commit with the work of all (task -> commit); raises `CommitConflict`, `NoSuchCommit`."""
        return self.stages(self.parts(parents))[-1]

    def parts(self, parents: Mapping[str, str]) -> list[Part]:
        """Return the parents in a stable order, without those whose work another holds; raises `NoSuchCommit`."""
        parts = _by_commit(parents)
        return self._without_ancestors(self.trusted.place(), parts) if len(parts) > 1 else parts

    def stages(self, parts: Sequence[Part]) -> list[str]:
        """Return the first part, and the commit after each other part was merged into it."""
        with self.trusted.quarantine() as quarantined:
            commits = [parts[0].commit]
            for number, part in enumerate(parts[1:], 1):
                commits.append(self._merge(quarantined, parts[:number], commits[-1], part))
            self.trusted.admit(quarantined)
        return commits

    def marked(self, parts: Sequence[Part]) -> tuple[str, tuple[str, ...]]:
        """Return all parts merged one by one, and the files in which conflicts stand between markers."""
        with self.trusted.quarantine() as quarantined:
            commit, files = parts[0].commit, dict[str, None]()
            for number, part in enumerate(parts[1:], 1):
                answer = self._merge_tree(quarantined, commit, part.commit)
                files |= dict.fromkeys(_conflicting(answer))
                message = _message(parts[:number], part, "" if answer.code == _CLEAN else ", in conflict")
                commit = self._commit(quarantined, answer.fields[0], (commit, part.commit), message)
            self.trusted.admit(quarantined)
        return commit, tuple(files)

    def conflicts(self, place: Place, left: str, right: str) -> tuple[str, ...]:
        """Return the files in which two commits of a place do not merge."""
        answer = self._merge_tree(place, left, right)
        return tuple(_conflicting(answer)) if answer.code == _CONFLICT else ()

    def is_ancestor(self, place: Place, old: str, new: str) -> bool:
        """Return whether `new` holds all of `old`."""
        args = ("merge-base", "--is-ancestor", "--end-of-options", old, new)
        return self.git.run(place, *args, allowed=(0, 1)).code == 0

    def _merge(self, place: Place, done: Sequence[Part], commit: str, part: Part) -> str:
        if self.is_ancestor(place, part.commit, commit):
            return commit
        if self.is_ancestor(place, commit, part.commit):
            return part.commit
        answer = self._merge_tree(place, commit, part.commit)
        if answer.code == _CONFLICT:
            raise self._conflict(place, done, part, _conflicting(answer))
        return self._commit(place, answer.fields[0], (commit, part.commit), _message(done, part))

    def _merge_tree(self, place: Place, left: str, right: str) -> Answer:
        args = ("merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", left, right)
        return self.git.run(place, *args, allowed=(_CLEAN, _CONFLICT))

    def _commit(self, place: Place, tree: str, parents: tuple[str, str], message: str) -> str:
        """Nothing of it is new: the date is the later of its parents', so that the name is always the same."""
        dates = [self.git.run(place, "log", "-1", "--format=%ct", parent).text for parent in parents]
        date = f"@{max(int(date) for date in dates)} +0000"
        env = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _signed(date).items()}
        args = ("commit-tree", "-p", parents[0], "-p", parents[1], "-F", "-", tree)
        return self.git.run(place, *args, stdin=message.encode(), env=env).text

    def _conflict(self, place: Place, done: Sequence[Part], part: Part, files: Names) -> CommitConflict:
        """Name the very two that do not go together; where no two alone collide, all of them."""
        for one in done:
            if (answer := self._merge_tree(place, one.commit, part.commit)).code == _CONFLICT:
                return CommitConflict(left=_title(one), right=_title(part), files=_conflicting(answer))
        left = ", ".join(_title(one) for one in done)
        return CommitConflict(left=left, right=_title(part), files=files)

    def _without_ancestors(self, place: Place, parts: Sequence[Part]) -> list[Part]:
        names = [part.commit for part in parts]
        try:
            kept = self.git.run(place, "merge-base", "--independent", "--end-of-options", *names).text.split()
        except GitFailed as failure:
            raise NoSuchCommit(commit=", ".join(names)) from failure
        return [part for part in parts if part.commit in kept]


def _signed(date: str) -> dict[str, str]:
    return {"NAME": IDENTITY["user.name"], "EMAIL": IDENTITY["user.email"], "DATE": date}


def _by_commit(parents: Mapping[str, str]) -> list[Part]:
    tasks: dict[str, list[str]] = {}
    for task in sorted(parents):
        tasks.setdefault(commit_name(parents[task]), []).append(task)
    return [Part(tuple(names), commit) for commit, names in tasks.items()]


def _conflicting(answer: Answer) -> Names:
    return Names(dict.fromkeys(field for field in answer.fields[1:] if field))


def _message(done: Sequence[Part], part: Part, how: str = "") -> str:
    return f"Merge {_title(part)} into {', '.join(_title(one) for one in done)}{how}\n"


def _title(part: Part) -> str:
    return " and ".join(part.tasks)
