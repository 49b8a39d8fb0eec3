"""Where the stories happen: a repository of a person, and the real `fusion-kit` as processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fusion_kit.core.events import Event
from fusion_kit.persistence.views import Views

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0  # for one command on a machine that does much else
_LOOK_S = 0.01
T = TypeVar("T")
_IDENTITY = "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"


def until(true: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
    """Return what `true` returns as soon as that is something; fail the test after `patience_s`."""
    deadline_s = time.monotonic() + patience_s
    while not (found := true()):
        assert time.monotonic() < deadline_s, f"waited {patience_s:.0f} s in vain for {what}"
        time.sleep(_LOOK_S)
    return found


@dataclass(slots=True)
class Runner:
    """One `fusion-kit` process in a session of its own; what it prints goes to files, as nobody may read it."""

    process: subprocess.Popen[bytes]
    out_file: Path
    err_file: Path

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    @property
    def out(self) -> str:
        return self.out_file.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self.err_file.read_text(errors="replace")

    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout; anything else there is an error."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it and nothing else; what it started lives on."""
        self.process.kill()
        self.process.wait()

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Return its exit code; one that does not end is killed, and fails the test with what it printed."""
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {patience_s:.0f} s\n{self.out}\n{self.err}") from None


@dataclass(slots=True)
class Stage:
    """A repository, and a home beside it; `effects` is where tasks write what they did, outside of both."""

    root: Path
    home: Path
    env: dict[str, str]
    runners: list[Runner] = field(default_factory=list)

    @property
    def effects(self) -> Path:
        return self.home / "effects"

    @property
    def state(self) -> Path:
        return self.root / ".git" / "fusion-kit"

    def git(self, *words: str, code: int = 0) -> str:
        """What git says as the person would see it."""
        done = self.asked(*words)
        assert done.returncode == code, f"git {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def asked(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Everything git says, whatever it is."""
        return subprocess.run(["git", *words], cwd=self.root, env=self.env, capture_output=True, text=True, check=False)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: Mapping[str, str], message: str = "Something") -> None:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def start(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Runner:
        """Start `fusion-kit` with these words."""
        number = len(self.runners)
        out, err = self.home / f"{number}.out", self.home / f"{number}.err"
        with out.open("wb") as out_file, err.open("wb") as err_file:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fusion_kit", *words],
                cwd=cwd or self.root,
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out_file,
                stderr=err_file,
                start_new_session=True,
            )
        runner = Runner(process, out, err)
        self.runners.append(runner)
        return runner

    def call(
        self, *words: str, code: int | None = 0, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Runner:
        """Run a command to its end; `code` is the exit code it must have, None for any."""
        runner = self.start(*words, env=env, cwd=cwd)
        found = runner.wait()
        assert code is None or found == code, f"fusion-kit {' '.join(words)}: {found}\n{runner.out}\n{runner.err}"
        return runner

    @contextmanager
    def views(self) -> Iterator[Views]:
        """The real views, for the moment of some questions."""
        views = Views(self.state)
        try:
            yield views
        finally:
            views.close()

    def events(self, run: str | None = None) -> list[Event]:
        with self.views() as views:
            return views.events(run=run, limit=100_000)

    def runs(self) -> list[str]:
        """The runs the ledger knows, newest first."""
        with self.views() as views:
            return [run.id for run in views.runs()]

    def newest(self) -> str:
        return until(self.runs, "a run in the ledger")[0]

    def log_bytes(self) -> bytes:
        """The ledger as it lies on the disk; cheap enough to look at all the time."""
        return b"".join(path.read_bytes() for path in sorted((self.state / "log").glob("*.jsonl")))

    def await_line(self, *texts: str) -> None:
        """Return once one line of the ledger holds all of these texts."""
        wanted = [text.encode() for text in texts]

        def there() -> bool:
            return any(all(text in line for text in wanted) for line in self.log_bytes().splitlines())

        until(there, f"a line with {texts} in the ledger")

    def done(self) -> list[tuple[str, str]]:
        """What tasks wrote down as done: (task, attempt), in order."""
        lines = self.effects.read_text().splitlines() if self.effects.exists() else []
        return [(task, attempt) for task, _, attempt in (line.partition(" ") for line in lines)]


def opened(folder: Path, files: Mapping[str, str], *, commit: bool = True) -> Stage:
    """A new repository with `files` in it, committed unless told otherwise."""
    root, home = folder / "project", folder / "home"
    root.mkdir(parents=True)
    home.mkdir()
    (home / ".gitconfig").write_text(_IDENTITY)
    env = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "CI": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    stage = Stage(root, home, env)
    stage.git("init", "-q")
    stage.write(files)
    if commit:
        stage.commit({"README.md": "A project.\n"}, "First")
    return stage
