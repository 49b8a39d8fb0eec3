"""The auditor of merges: refs, gates, checkouts and uncommitted bytes, after every kill and at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core import events as e
from fusion_kit.persistence.doctor import Ill, verify
from tests.stories.stage import Stage

_DERIVED = ("refs/fusion-kit/merge/", "refs/fusion-kit/pin/")  # of commits that can be made again from others
_LOOKS = 3
_WAYS = ("green", "red")


@dataclass(slots=True)
class Seen:
    """What was ever seen of a repository, which must never be less; `targets` are where merges may go."""

    stage: Stage
    targets: tuple[str, ...]
    allowed: set[str] = field(default_factory=set)  # where a person put a target
    named: dict[str, str] = field(default_factory=dict)  # commit -> who named it
    mine: dict[str, str] = field(default_factory=dict)  # files of the person, not committed: path -> text

    def note_persons_own(self) -> None:
        """Count where the targets stand now as put there by the person."""
        self.allowed |= {self.stage.git("rev-parse", target).strip() for target in self.targets}

    def wrong(self) -> list[str]:
        """What is wrong at any moment, also just after a kill, while agents and gates may live on."""
        self._look()
        return [
            *self._lost(),
            *self._targets_ungated(),
            *self._mine_changed(),
            *_fsck(self.stage),
            *_branches_half_made(self.stage),
            *precious_gone(self.stage),
            *gates_repeated(gates_of(self.stage), 1 + _retries(self.stage)),
            *_attempts_repeated(self.stage),
            *_documents_torn(self.stage),
            *(found.what for found in verify(self.stage.state) if found.ill is not Ill.TORN),
        ]

    def wrong_at_rest(self) -> list[str]:
        """What is wrong once a command has come to its end: then also the checkout goes with its branch."""
        dirty = {line[3:] for line in self.stage.git("status", "--porcelain").splitlines()}
        unexpected = dirty ^ set(self.mine)
        return [*self.wrong(), *(f"{path} of the checkout is not as its branch has it" for path in sorted(unexpected))]

    def _look(self) -> None:
        for line in self.stage.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines():
            commit, ref = line.split(" ")
            if not ref.startswith(_DERIVED):
                self.named.setdefault(commit, ref)
        for event in self.stage.events():
            named = getattr(event.fact, "commit", None)
            if isinstance(named, str) and not isinstance(event.fact, e.MergeGated):
                self.named.setdefault(named, f"{event.fact.type} of {event.task or event.run}")

    def _lost(self) -> list[str]:
        """Return the commits that somebody's `git gc` might remove."""
        held = set(self.stage.git("rev-list", "--all", *heads_of_worktrees(self.stage)).split())
        return [
            f"{commit[:12]}, of {who}, is reachable no more" for commit, who in self.named.items() if commit not in held
        ]

    def _targets_ungated(self) -> Iterator[str]:
        green = {commit for way, commit in gates_of(self.stage) if way == "green"}
        results = self.stage.git("for-each-ref", "--format=%(refname)", "refs/heads/fk/*/result").split()
        for target in (*self.targets, *results):
            tip = self.stage.git("rev-parse", target).strip()
            if tip not in self.allowed | green:
                yield f"{target} is at {tip[:12]}, which no gate has passed"

    def _mine_changed(self) -> Iterator[str]:
        for path, text in self.mine.items():
            file = self.stage.root / path
            if not file.is_file() or file.read_text() != text:
                yield f"the person's {path} is not what they wrote"


def gates_of(stage: Stage) -> list[tuple[str, str]]:
    """Return what the gates wrote down: (begin, green or red; commit)."""
    lines = _lines(Path(f"{stage.effects}.gates"))
    return [(way, commit) for way, _, commit in (line.partition(" ") for line in lines)]


def gates_repeated(gates: Iterable[tuple[str, str]], turns: int) -> Iterator[str]:
    """One commit is gated to a green end once, and to a red one once for each time a person asked."""
    ends = Counter((way, commit) for way, commit in gates if way in _WAYS)
    for (way, commit), times in ends.items():
        if times > (1 if way == "green" else turns):
            yield f"the gate of {commit[:12]} was {way} {times} times"


def precious_gone(stage: Stage) -> Iterator[str]:
    """Bytes that lay in a workspace are in a commit that a ref or a worktree holds, in the trash, or still there."""
    wanted = _lines(Path(f"{stage.effects}.precious"))
    if not wanted:
        return
    listed = stage.git("rev-list", "--objects", "--all", *heads_of_worktrees(stage)).splitlines()
    blobs = {line.split(" ")[0] for line in listed if "precious-" in line}
    found = {stage.git("cat-file", "blob", blob).strip() for blob in blobs}
    for folder in (stage.root / "workspaces", stage.state / "trash"):
        for path in folder.rglob("precious-*.txt"):
            found.add(path.read_text().strip())
    yield from (f"nothing holds the precious {text!r}" for text in wanted if text not in found)


def heads_of_worktrees(stage: Stage) -> list[str]:
    """Return the commits at which worktrees stand; Git's own collection leaves those alone."""
    texts = (path.read_text().strip() for path in (stage.root / ".git").glob("worktrees/*/HEAD"))
    return sorted({text for text in texts if len(text) >= 40 and ":" not in text and text.strip("0")})


def _fsck(stage: Stage) -> Iterator[str]:
    """An agent that commits while Git looks makes it miss what is there, but not time and again."""
    for _ in range(_LOOKS):
        done = stage.asked("fsck", "--strict", "--no-dangling")
        said = done.stdout + done.stderr
        if not done.returncode and not said:
            return
    yield f"git fsck: {said}"


def _branches_half_made(stage: Stage) -> Iterator[str]:
    """A task's branch is at a commit that was made for this very task."""
    form = "--format=%(refname) %(contents:trailers:key=Fusion-Task,valueonly,separator=%x2C)"
    for line in stage.git("for-each-ref", form, "refs/heads/fk/*/t/*").splitlines():
        ref, _, task = line.strip().partition(" ")
        if ref.rpartition("/")[2] != task.strip():
            yield f"{ref} is at a commit of {task.strip() or 'nobody'}"


def _retries(stage: Stage) -> int:
    return sum(isinstance(event.fact, e.RunRetried) for event in stage.events())


def _attempts_repeated(stage: Stage) -> Iterator[str]:
    """What an attempt does it does once, and nothing that the ledger did not start does anything."""
    started = {str(event.attempt) for event in stage.events() if isinstance(event.fact, e.TaskStarted)}
    for (task, attempt), times in Counter(stage.done()).items():
        if times != 1 or attempt not in started:
            yield f"attempt {attempt} of {task} ran {times} times"


def _documents_torn(stage: Stage) -> Iterator[str]:
    for name in ("exit.json", "spec.json", "landing.json"):
        for path in (stage.state / "runs").rglob(name):
            try:
                json.loads(path.read_text())
            except ValueError:
                yield f"{path} is no JSON document"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
