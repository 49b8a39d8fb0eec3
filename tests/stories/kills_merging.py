"""One life of a run whose work has to be merged, in which every command may be killed, and is given again."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fusion_kit.core.states import FINAL_RUNS, RunState
from tests.stories.kills import Killer
from tests.stories.merging_audit import Seen
from tests.stories.merging_play import FILES, TARGET
from tests.stories.stage import Stage

SIDE = "side"
_ENOUGH = 40  # beginnings of one command, before it counts as stuck
_MINE = "notes.txt", "Mine, and never added.\n"
_DIRTY = "README.md", "Mine, not committed.\n"
_RUNS_S, _LOOKS_S = 4.5, 1.3  # about what commands take that bring a run to its end, and the others
_PLAYED, _PAUSED, _GOES_ON = ("run", "resume", "retry"), 0.2, 0.5
_FAILED = 1
Words = Callable[[bool], Sequence[str] | None]  # of the next command, given whether the last one came to its end


@dataclass(slots=True)
class Life:
    """Plays, merges, retries, rescues and cleans; `wrong` is asked after every kill and every end."""

    stage: Stage
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)  # command -> how often it was killed
    spare: int = 0
    story: list[str] = field(default_factory=list)
    seen: Seen = field(init=False)
    killer: Killer = field(init=False)

    def __post_init__(self) -> None:
        self.stage.git("branch", SIDE)
        self.stage.write(dict([_MINE]))
        self.seen = Seen(self.stage, (TARGET, SIDE), mine=dict([_MINE]))
        self.seen.note_persons_own()
        self.killer = Killer(self.stage, self.chance)

    def lived(self, budget: int, *, dirty: bool = False) -> None:
        """Bring a run to its good end; of the kills each command gets a share as chance has it."""
        shares = self._shares(budget, 7)
        if dirty:
            self._dirty()
        self._to_end(shares[0], self._run_words, (0, _FAILED), _RUNS_S)
        run = self.stage.newest()
        if dirty:
            self._clean_again()
            self._to_end(shares[1], _once("merge", run), (0, _FAILED), _LOOKS_S)
        self._to_end(shares[2], lambda _ended: self._retry_words(run), (0,), _RUNS_S)
        self._to_end(shares[3], _once("merge", run, "--into", SIDE), (0,), _LOOKS_S)
        self._rescued(shares[4], run)
        self._to_end(shares[5] + shares[6], _once("clean", "--older-than", "0s"), (0,), _LOOKS_S * 1.5)
        self._settled(run)

    def _shares(self, budget: int, among: int) -> list[int]:
        """The run itself gets more than the others."""
        chosen = self.chance.choices(range(among), weights=[5, 1, 3, 1, 1, 1, 1], k=budget)
        return [chosen.count(place) for place in range(among)]

    def _to_end(self, budget: int, words: Words, codes: tuple[int, ...], longest_s: float) -> None:
        """Give a command until it came to its end, and kill it up to `budget` times before that.

        Kills that came too late are left for the next command.
        """
        self.killer.longest_s = longest_s
        budget += self.spare
        ended = False
        for _ in range(_ENOUGH):
            if (given := words(ended)) is None:
                self.spare = budget
                return
            self.story.append(" ".join(given))
            runner = self.stage.start(*given)
            if given[0] in _PLAYED and budget and self.chance.random() < _PAUSED:
                self._pause()
            if budget and self.killer.strike(runner):
                budget -= 1
                self.kills[given[0]] += 1
                self.story.append(f"killed {self.killer.moments[-1]}")
                self._hold(self.seen.wrong())
                continue
            code = runner.wait()
            self._hold([] if code in codes else [f"it ended with {code}: {runner.out}{runner.err}"])
            self._hold(self.seen.wrong_at_rest())
            ended = True
        raise AssertionError(f"no end after {self.story}")

    def _pause(self) -> None:
        """At some moment from another terminal; it comes too early or too late as often as not. Then maybe go on."""
        time.sleep(self.chance.uniform(0.3, _RUNS_S / 2))
        runs = self.stage.runs()
        if runs and self.stage.call("pause", runs[0], code=None).process.returncode == 0:
            self.story.append("paused")
            if self.chance.random() < _GOES_ON:
                self.story.append("told to go on")
                self.stage.call("resume", runs[0], code=None)

    def _hold(self, wrong: Sequence[str]) -> None:
        assert list(wrong) == [], "\n".join(self.story)

    def _run_words(self, _ended: bool) -> Sequence[str] | None:
        """`run`, until the ledger knows the run; `resume`, until it has ended."""
        runs = self.stage.runs()
        if not runs:
            return ["run", "play"]
        return None if self._state(runs[0]) in FINAL_RUNS else ["resume", runs[0]]

    def _retry_words(self, run: str) -> Sequence[str] | None:
        state = self._state(run)
        if state is RunState.COMPLETED:
            return None
        return ["retry", run] if state in FINAL_RUNS else ["resume", run]

    def _state(self, run: str) -> RunState:
        with self.stage.views() as views:
            return views.run(run).state

    def _dirty(self) -> None:
        self.seen.mine |= dict([_DIRTY])
        self.stage.write(dict([_DIRTY]))

    def _clean_again(self) -> None:
        """The person thinks better of it."""
        self.stage.git("checkout", "-q", "--", _DIRTY[0])
        self.seen.mine.pop(_DIRTY[0])

    def _rescued(self, budget: int, run: str) -> None:
        to = self.stage.home / f"found-{run}"
        words = ["rescue", run, "--ref", "1", "--to", str(to)]
        self._to_end(budget, lambda _ended: None if to.exists() else words, (0,), _LOOKS_S)
        self._hold([] if any(to.iterdir()) else ["nothing was rescued"])

    def _settled(self, run: str) -> None:
        """What a person was promised at the very end."""
        files = {name: self.stage.git("show", f"{TARGET}:{name}") for name in FILES}
        assert files == FILES, "\n".join(self.story)
        refs = self.stage.git("for-each-ref", "--format=%(refname)", "refs/heads/fk", "refs/fusion-kit/merge").split()
        desks = [path.name for path in (self.stage.root / "workspaces").iterdir() if path.is_dir()]
        git = self.stage.root / ".git"
        left = [*git.glob("worktrees/*"), *git.glob("*.lock")]
        assert (refs, desks, left) == ([], [], []), "\n".join(self.story)


def _once(*words: str) -> Words:
    """Return the words of a command that is given until it came to its end."""
    return lambda ended: None if ended else words
