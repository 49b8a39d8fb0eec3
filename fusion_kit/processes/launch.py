"""Starts a claimed attempt: `run:` tasks in a few lines of shell, agents in the shim, both in a session of their own.

Both inherit the lock and write straight to files: a child on our pipe would die with us.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from fusion_kit.core.process import Job, ResourceLimits
from fusion_kit.processes.folder import plain
from fusion_kit.processes.kernel import boot_id

MARK = "FUSION_ATTEMPT_MARK"
_Action = tuple[int, int, int] | tuple[int, int, str, int, int]  # of posix_spawn
LOCK_FD = 9
_STDERR_FD = 2
_PORTABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHIM = Path(__file__).with_name("shim.py")

# $1 folder, $2 working directory, $3 boot id, then the command. The traps keep the wrapper alive through a signal to
# its group, and are the default again in the child. Descriptor 9 is the lock, 8 the child's stderr (the shell's own
# remarks go nowhere). A record is one write of one whole line, and without its newline it does not count, so neither
# `mv` nor `sync` is run: an exit that is not yet in the ledger is run again after a power cut anyway. Its times are
# the times of its files. Only positional parameters are used, so nothing shadows the child's environment. Its start
# ticks would cost a shell 0.2 ms to read: a later owner knows the wrapper by the lock it has open instead.
_WRAPPER = """\
trap : HUP INT QUIT TERM USR1 USR2
ulimit -c 0
printf '{"pid":%d,"ticks":0,"boot":"%s"}\\n' $$ "$3" >"$1/started.json" || exit 75
(exec 2>&8 8>&- 9>&-; cd -- "$2" || exit 127; unset OLDPWD; shift 3; exec "$@")
printf '{"reason":"exit","code":%d}\\n' $? >"$1/exit.json"
"""


def keep_descriptors() -> None:
    """Keep what this process was itself handed (a make's job server, say) from its children."""
    for place in ("/proc/self/fd", "/dev/fd"):
        try:
            with os.scandir(place) as entries:
                found = [int(entry.name) for entry in entries]
        except OSError:
            continue
        for fd in found:
            with contextlib.suppress(OSError):
                os.set_inheritable(fd, fd <= _STDERR_FD)
        return


def is_light(job: Job) -> bool:
    """Whether the shell wrapper can carry the job; it sets no limits, and dash drops odd names of variables."""
    names = (*job.env, *job.secret_env)
    return job.shell and job.limits == ResourceLimits() and all(map(_PORTABLE_NAME.fullmatch, names))


def mark(attempt: str, folder: Path) -> str:
    """Return what the attempt's processes bear: an id alone could be another project's, a folder's inode cannot."""
    status = os.stat(folder)  # noqa: PTH116 - for each of a thousand tasks
    return f"{attempt}:{status.st_dev:x}-{status.st_ino:x}"


def public_env(job: Job) -> dict[str, str]:
    """Return the environment that may be written down, with the mark by which the attempt's processes are known."""
    return {"FUSION_ATTEMPT_ID": job.attempt, **job.env, MARK: mark(job.attempt, job.folder)}


def complaint(job: Job) -> str:
    """Return why the job cannot be started, as far as that can be seen; nothing if it can."""
    if not os.access(job.cwd, os.X_OK):
        return f"The folder {str(job.cwd)!r} cannot be worked in."
    if job.stdin is not None and not os.access(job.stdin, os.R_OK):
        return f"The input {str(job.stdin)!r} could not be opened."
    program = job.argv[0]
    path = str(job.cwd / program) if "/" in program else program
    if not _is_there(path, job.env.get("PATH", os.defpath)):
        return f"The program {program!r} could not be executed: No such file or directory."
    return ""


def _is_there(program: str, search: str) -> bool:
    """Whether a program can be executed; where it was found is remembered, that it was not is not."""
    found = _search(program, search)
    return (found is not None and os.access(found, os.X_OK)) or shutil.which(program, path=search) is not None


@lru_cache(maxsize=256)
def _search(program: str, search: str) -> str | None:
    return shutil.which(program, path=search)


def launch_wrapper(job: Job, folder: Path, lock: int) -> int:
    """Start a light job and return the pid of its wrapper."""
    argv = ["sh", "-c", _WRAPPER, "fusion-kit", str(folder), str(job.cwd), _boot_id(), *job.argv]
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[_Action] = [
        (os.POSIX_SPAWN_DUP2, lock, LOCK_FD),
        (os.POSIX_SPAWN_OPEN, 0, str(job.stdin or os.devnull), os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, f"{folder}/out.log", append, 0o600),
        (os.POSIX_SPAWN_OPEN, 8, f"{folder}/err.log", append, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    return _spawn("/bin/sh", argv, {**public_env(job), **job.secret_env}, actions)


def launch_shim(job: Job, folder: Path, lock: int) -> tuple[int, Callable[[], None]]:
    """Start the shim and return its pid, and what hands it its spec (which may block)."""
    ear, mouth = os.pipe()
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions: list[_Action] = [
        (os.POSIX_SPAWN_DUP2, ear, 0),  # before the lock, which would overwrite a pipe that happens to be 9
        (os.POSIX_SPAWN_DUP2, lock, LOCK_FD),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, f"{folder}/err.log", append, 0o600),
    ]
    argv = [sys.executable, "-I", "-S", str(_SHIM), str(folder), str(LOCK_FD)]
    try:
        pid = _spawn(sys.executable, argv, {MARK: mark(job.attempt, folder)}, actions)
    except OSError:
        os.close(mouth)
        raise
    finally:
        os.close(ear)
    return pid, lambda: _hand_over(mouth, marshal.dumps(_spec(job)))


def _spec(job: Job) -> dict[str, Any]:
    return {
        "argv": list(job.argv),
        "cwd": str(job.cwd),
        "env": {**public_env(job), **job.secret_env},
        "stdin": None if job.stdin is None else str(job.stdin),
        "timeouts": plain(job.timeouts),
        "limits": plain(job.limits),
        "log_limit_bytes": job.log_limit_bytes,
        "result_marker": job.result_marker,
    }


def _hand_over(mouth: int, spec: bytes) -> None:
    try:
        with os.fdopen(mouth, "wb") as pipe:
            pipe.write(spec)
    except BrokenPipeError:
        return  # the shim is gone already, and its folder says so


def _spawn(path: str, argv: list[str], env: Mapping[str, str], actions: list[_Action]) -> int:
    """Start a program as the leader of a session, where the platform knows how, else at least of a group.

    posix_spawn costs a third of fork and exec; a `preexec_fn` would cost four times as much and is not safe.
    """
    defaults = [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD]
    try:
        return os.posix_spawn(path, argv, env, file_actions=actions, setsid=True, setsigdef=defaults, setsigmask=[])
    except NotImplementedError:
        return os.posix_spawn(path, argv, env, file_actions=actions, setpgroup=0, setsigdef=defaults, setsigmask=[])


@cache
def _boot_id() -> str:
    return boot_id()
