"""The folder of an attempt: what was asked, whether it lives, how it ended.

`spec.json -> lock -> started.json -> out.log, err.log -> exit.json`, and nothing in it is true because of a pid: an
attempt lives as long as its lock is held, which its process inherited and the kernel takes back whatever happens.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fusion_kit.core.process import Ended, Exit, Job, Liveness, ResourceLimits, Timeouts

_FIRST_FREE_FD = 10  # the wrapper's shell can name only one-digit descriptors, and we put ours there


@dataclass(frozen=True, slots=True)
class Started:
    """Who runs the attempt; `ticks` is 0 where the wrapper, which has no cheap way to know it, wrote this."""

    pid: int
    ticks: int
    boot: str
    at: float


@dataclass(frozen=True, slots=True)
class Terms:
    """What a later owner must know to go on watching an attempt."""

    light: bool
    timeouts: Timeouts
    log_limit_bytes: int


def plain(value: Timeouts | ResourceLimits) -> dict[str, float | None]:
    """Return the fields of a flat value; `asdict` would copy them deeply, for each of a thousand tasks."""
    return {name: getattr(value, name) for name in value.__slots__}


class AttemptFolder:
    """One attempt's files."""

    def __init__(self, path: Path) -> None:
        """Point at a folder, which need not exist."""
        self.path = path

    def create(self) -> None:
        """Make it, for its owner only."""
        try:
            os.mkdir(self.path, 0o700)  # noqa: PTH102 - a thousand tasks a second pay for pathlib's
        except FileExistsError:
            os.chmod(self.path, 0o700)  # noqa: PTH101
        except FileNotFoundError:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def claim(self) -> int | None:
        """Return a descriptor that holds the lock; None while somebody else does."""
        fd = os.open(f"{self.path}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_FD)
        except BlockingIOError:
            return None
        finally:
            os.close(fd)

    def was_begun(self) -> bool:
        """Whether the attempt was ever started; a torn record counts, for safety."""
        return any(os.access(f"{self.path}/{name}", os.F_OK) for name in ("started.json", "exit.json"))

    def liveness(self) -> Liveness:
        """Say what became of the attempt."""
        if self.exit() is not None:
            return Liveness.DONE
        if self._is_locked():
            return Liveness.RUNNING
        if self.exit() is not None:  # it ended between the two looks
            return Liveness.DONE
        return Liveness.LOST if self.was_begun() else Liveness.NEVER

    def exit(self) -> Exit | None:
        """Return how it ended; None while no whole record of that exists."""
        record, written_at = self._line("exit.json")
        if record is None:
            return None
        started = self.started()
        return Exit(
            reason=Ended(str(record["reason"])),
            code=record.get("code"),
            started_at=record.get("started_at", started.at if started else None),
            ended_at=record.get("ended_at", written_at),
            leftovers=record.get("leftovers", 0),
            message=record.get("message", ""),
        )

    def started(self) -> Started | None:
        """Return who runs it; None while that is not written."""
        record, written_at = self._line("started.json")
        if record is None:
            return None
        return Started(record["pid"], record["ticks"], record["boot"], written_at)

    def write_spec(self, job: Job, env: Mapping[str, str], *, light: bool) -> None:
        """Write down what was asked: of secrets only the names."""
        spec = {
            "v": 1,
            "attempt": job.attempt,
            "light": light,
            "argv": job.argv,
            "cwd": str(job.cwd),
            "env": dict(env),
            "secret_env": sorted(job.secret_env),
            "stdin": None if job.stdin is None else str(job.stdin),
            "timeouts": plain(job.timeouts),
            "limits": plain(job.limits),
            "log_limit_bytes": job.log_limit_bytes,
            "result_marker": job.result_marker,
        }
        self._write("spec.json", json.dumps(spec) + "\n")

    def terms(self) -> Terms:
        """Return how the attempt is to be watched; the shim watches itself if the spec is not readable."""
        spec, _ = self._line("spec.json")
        if spec is None:
            return Terms(light=False, timeouts=Timeouts(), log_limit_bytes=1 << 30)
        return Terms(spec["light"], Timeouts(**spec["timeouts"]), spec["log_limit_bytes"])

    def record_exit(self, ended: Exit) -> None:
        """Write the exit of an attempt nobody else can write it for."""
        self._write("exit.json", json.dumps(asdict(ended)) + "\n")

    def judge(self, reason: Ended) -> None:
        """Say why the attempt is about to be ended, so that its exit is understood even by a later owner.

        The first verdict stays.
        """
        try:
            fd = os.open(f"{self.path}/verdict", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return
        os.write(fd, f"{reason}\n".encode())
        os.close(fd)

    def verdict(self) -> Ended | None:
        """Return why it was ended from outside; None if it was not."""
        try:
            return Ended((self.path / "verdict").read_text(encoding="utf-8").strip())
        except (FileNotFoundError, ValueError):
            return None

    def freeze(self, *, frozen: bool) -> None:
        """Note that the attempt's clocks stand still, or go on."""
        if frozen:
            (self.path / "paused").touch(mode=0o600)
        else:
            (self.path / "paused").unlink(missing_ok=True)

    def is_frozen(self) -> bool:
        """Whether its clocks stand still."""
        return os.access(f"{self.path}/paused", os.F_OK)

    def log_bytes(self) -> int:
        """Return how much it printed so far."""
        sizes = 0
        for name in ("out.log", "err.log"):
            try:
                sizes += os.stat(f"{self.path}/{name}").st_size  # noqa: PTH116
            except FileNotFoundError:
                continue
        return sizes

    def cut_logs(self, limit_bytes: int) -> None:
        """Shorten logs that are longer than that."""
        for name in ("out.log", "err.log"):
            log = self.path / name
            if log.exists() and log.stat().st_size > limit_bytes:
                os.truncate(log, limit_bytes)

    def _is_locked(self) -> bool:
        try:
            fd = os.open(f"{self.path}/lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(fd)

    def _line(self, name: str) -> tuple[dict[str, Any] | None, float]:
        """Return a record and when it was written; one without its newline was torn and does not count."""
        try:
            fd = os.open(f"{self.path}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None, 0.0
        with os.fdopen(fd, "rb") as file:
            content, written_at = file.read(), os.fstat(fd).st_mtime
        if not content.endswith(b"\n"):
            return None, 0.0
        try:
            record = json.loads(content)
        except ValueError:
            return None, 0.0
        return (record, written_at) if isinstance(record, dict) else (None, 0.0)

    def _write(self, name: str, text: str) -> None:
        fd = os.open(f"{self.path}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
