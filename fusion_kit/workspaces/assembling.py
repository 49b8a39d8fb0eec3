"""What a landing would bring its branch to, as one commit that no branch holds yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fusion_kit.core.code import Landing
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.commits import Commit, Commits
from fusion_kit.workspaces.errors import NoSuchCommit
from fusion_kit.workspaces.merging import Merger, Part
from fusion_kit.workspaces.names import OWN, commit_name, ref_name
from fusion_kit.workspaces.refs import Move, Refs
from fusion_kit.workspaces.replaying import Replayer
from fusion_kit.workspaces.trusted import Trusted


@dataclass(frozen=True, slots=True)
class Assembler:
    """Merges, squashes or replays; whichever way, the files are those of the merge."""

    git: Git
    trusted: Trusted
    refs: Refs
    merger: Merger

    def assemble(self, landing: Landing) -> str:
        """Return the commit, pinned so that it outlives a long gate; raises `CommitConflict`, `NoSuchCommit`."""
        start = commit_name(landing.expected or landing.base)
        parts = [Part((landing.branch,), start)]
        parts += [Part((task,), commit_name(commit)) for task, commit in landing.commits.items()]
        self._check(parts)
        commit = self._assembled(landing, parts)
        self.refs.move([Move(merge_ref(landing.run), commit, forced=True)], f"fusion-kit: {landing.run}")
        return commit

    def _check(self, parts: Sequence[Part]) -> None:
        """Name what is not there before Git does it in its own words."""
        names = "".join(f"{part.commit}^{{commit}}\n" for part in parts).encode()
        said = self.git.run(self.trusted.place(), "cat-file", "--batch-check", stdin=names).text.splitlines()
        missing = [part.commit for part, line in zip(parts, said, strict=True) if line.endswith(" missing")]
        if missing:
            raise NoSuchCommit(commit=", ".join(missing))

    def _assembled(self, landing: Landing, parts: Sequence[Part]) -> str:
        merged = self.merger.stages(parts)
        start = parts[0].commit
        if landing.strategy == "squash":
            return self._squashed(landing, parts, merged[-1])
        if landing.strategy == "rebase":
            return Replayer(self.git, self.trusted).replayed(start, list(zip(parts[1:], merged[1:], strict=True)))
        return merged[-1]

    def _squashed(self, landing: Landing, parts: Sequence[Part], merged: str) -> str:
        with self.trusted.quarantine() as place:
            commits = Commits(self.git, place)
            start, result = commits.read(parts[0].commit), commits.read(merged)
            if result.tree == start.tree:
                return start.name
            brought = [part for part in parts[1:] if not self.merger.is_ancestor(place, part.commit, start.name)]
            message = _message(landing, brought, commits)
            commit = commits.write(result.tree, start, result.committed_s, message=message)
            self.trusted.admit(place)
        return commit.name


def merge_ref(run: str) -> str:
    """Return the ref that keeps what was assembled for a run from being collected."""
    return ref_name(f"{OWN}/merge/{run}")


def _message(landing: Landing, parts: Sequence[Part], commits: Commits) -> bytes:
    """Return the message somebody wrote, or one line for each task's work, and where the commit came from."""
    body = landing.message.replace("\0", "").strip().encode("utf-8", "replace")
    if not body:
        lines = [part.tasks[0].encode() + b": " + _subject(commits.read(part.commit)) for part in parts]
        title = f"Merge the work of {', '.join(part.tasks[0] for part in parts)}".encode()
        body = b"\n\n".join((title, b"\n".join(b"* " + line for line in lines)))
    return body + f"\n\nFusion-Run: {landing.run}\n".encode()


def _subject(commit: Commit) -> bytes:
    return commit.message.lstrip().partition(b"\n")[0]
