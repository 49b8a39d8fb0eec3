"""Killing runners at random moments, and going on until the run has ended."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from fusion_kit.core.states import FINAL_RUNS
from tests.stories.stage import Runner, Stage

_LONGEST_S = 2.5  # about what the play takes undisturbed
_STIRRING = ("index.lock", "HEAD.lock", "refs/heads", "fusion-kit/landing.lock", "fusion-kit/discarded")
_FIRST_MOMENTS_S = 0.2
_SMALLEST_STEP_S = 0.002
_WITH_ITS_GIT = 0.4  # how often
_ENOUGH = 200  # beginnings of one run, before it counts as stuck


@dataclass(slots=True)
class Killer:
    """Kills by chance with a seed: early, at any time, or just after something was written to the ledger."""

    stage: Stage
    chance: random.Random
    longest_s: float = _LONGEST_S  # about what a command takes undisturbed
    kills: int = 0
    moments: list[str] = field(default_factory=list)

    def brought_to_its_end(self, budget: int) -> str:
        """Run the play, kill its runner up to `budget` times, resume it each time, and return the run's id."""
        before = set(self.stage.runs())
        spent = 0
        for _ in range(_ENOUGH):
            begun = [run for run in self.stage.runs() if run not in before]
            if begun and self._is_over(begun[0]):
                return begun[0]
            runner = self.stage.start(*(["resume", begun[0]] if begun else ["run", "play"]))
            if spent < budget and self.strike(runner):
                spent += 1
                continue
            code = runner.wait()
            assert code == 0, f"after {self.moments}: {code}\n{runner.out}\n{runner.err}"
        raise AssertionError(f"no end after {self.moments}")

    def _is_over(self, run: str) -> bool:
        with self.stage.views() as views:
            return views.run(run).state in FINAL_RUNS

    def strike(self, runner: Runner) -> bool:
        """Kill it at a moment of chance's choosing; False if it had ended by itself before."""
        way: Callable[[Runner], str] = self.chance.choice(
            (self._early, self._at_any_time, self._after_a_line, self._after_a_stir)
        )
        said = way(runner)
        if runner.is_over:
            return False
        with_git = self.chance.random() < _WITH_ITS_GIT and self._kill_git_of(runner)
        runner.kill()
        self.kills += 1
        self.moments.append(f"{said} with its Git" if with_git else said)
        return True

    def _kill_git_of(self, runner: Runner) -> bool:
        """Kill what Git it waits for, before it can notice, as a service manager does; return whether there was any."""
        runner.send(signal.SIGSTOP)
        try:
            found = [child for child in psutil.Process(runner.process.pid).children() if child.name() == "git"]
            for child in found:
                child.kill()
        except psutil.Error:  # it ended in this very moment
            return False
        return bool(found)

    def _early(self, runner: Runner) -> str:
        return self._wait(runner, self.chance.uniform(0.0, _FIRST_MOMENTS_S))

    def _at_any_time(self, runner: Runner) -> str:
        return self._wait(runner, self.chance.uniform(0.0, self.longest_s))

    def _after_a_line(self, runner: Runner) -> str:
        """After the ledger grew some times, and a moment in which it is acted upon."""
        times, moment_s = self.chance.randint(1, 8), self.chance.uniform(0.0, 0.06)
        self._changes(runner, times, lambda: len(self.stage.log_bytes()))
        self._wait(runner, moment_s)
        return f"{moment_s:.3f} s after {times} writes"

    def _after_a_stir(self, runner: Runner) -> str:
        """After branches, the checkout or the notes of a merge were touched some times, and hardly a moment."""
        times, moment_s = self.chance.randint(1, 6), self.chance.uniform(0.0, 0.03)
        self._changes(runner, times, self._stirred)
        self._wait(runner, moment_s)
        return f"{moment_s:.3f} s after {times} stirs"

    def _changes(self, runner: Runner, times: int, look: Callable[[], object]) -> None:
        """Return when what is looked at has changed so many times, or not for so long that it may never again."""
        for _ in range(times):
            before, deadline_s = look(), time.monotonic() + self.longest_s
            while look() == before and not runner.is_over and time.monotonic() < deadline_s:
                time.sleep(_SMALLEST_STEP_S)

    def _stirred(self) -> list[int]:
        git = self.stage.root / ".git"
        notes = (self.stage.state / "runs").glob("*/merge")
        paths = [*(git / name for name in _STIRRING), *notes]
        return [path.stat().st_mtime_ns if path.exists() else 0 for path in paths]

    def _wait(self, runner: Runner, seconds: float) -> str:
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0 and not runner.is_over:
            time.sleep(min(left_s, 0.02))
        return f"{seconds:.3f} s"
