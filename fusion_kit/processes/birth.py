"""How the shim starts the one process it is there for."""

from __future__ import annotations

import os
import signal

from fusion_kit.processes.kernel import LINUX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIMITS = {
    "cpu_s": "RLIMIT_CPU",
    "memory_bytes": "RLIMIT_AS",
    "open_files": "RLIMIT_NOFILE",
    "processes": "RLIMIT_NPROC",
    "file_bytes": "RLIMIT_FSIZE",
}
_IGNORED_BY_PYTHON_OR_US = ("SIGPIPE", "SIGXFSZ", "SIGXFZ", "SIGHUP")


class NotStarted(Exception):
    """The program could not be executed; the text says which and why."""


def prctl(option: int, value: int) -> bool:
    """Ask Linux for something about this process; False where it cannot be asked."""
    if not LINUX:
        return False
    try:
        import ctypes
    except ImportError:
        return False
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def become_subreaper() -> bool:
    """Become the parent of every descendant that loses its own."""
    return prctl(_PR_SET_CHILD_SUBREAPER, 1)


def start(spec: Mapping[str, Any], folder: str) -> int:
    """Start the program in a session of its own and return its pid; raises `NotStarted`."""
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    source = spec["stdin"] or "/dev/null"
    try:
        files = [os.open(source, os.O_RDONLY | os.O_CLOEXEC)]
    except OSError as error:
        complaint = f"The input {source!r} could not be opened: {error.strerror}."
        raise NotStarted(complaint) from error
    files += [os.open(f"{folder}/{name}.log", append, 0o600) for name in ("out", "err")]
    ear, mouth = os.pipe()
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        _become(spec, files, mouth, parent)
    for fd in (*files, mouth):
        os.close(fd)
    complaint = os.read(ear, 65536).decode("utf-8", "replace")
    os.close(ear)
    if complaint:
        os.waitpid(pid, 0)
        raise NotStarted(complaint)
    return pid


def _become(spec: Mapping[str, Any], files: list[int], mouth: int, parent: int) -> None:
    """Turn this freshly forked process into the program; never returns."""
    complaint = ""
    try:
        _prepare(spec, files, parent)
        complaint = f"The folder {spec['cwd']!r} cannot be worked in"
        os.chdir(spec["cwd"])
        complaint = f"The program {spec['argv'][0]!r} could not be executed"
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
    except OSError as error:
        os.write(mouth, f"{complaint or 'It could not be prepared'}: {error.strerror}.".encode())
    except Exception as error:  # noqa: BLE001 - a forked child must not go on as its parent
        os.write(mouth, f"{complaint or 'It could not be prepared'}: {error}.".encode())
    finally:
        os._exit(127)


def _prepare(spec: Mapping[str, Any], files: list[int], parent: int) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for name in _IGNORED_BY_PYTHON_OR_US:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the shim died before the kernel was told to tell us
        os._exit(127)
    for target, fd in enumerate(files):
        os.dup2(fd, target)
    _limit(spec["limits"])


def _limit(limits: Mapping[str, int | None]) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, limit in limits.items():
        if limit is not None and hasattr(resource, _LIMITS[name]):
            which = getattr(resource, _LIMITS[name])
            hard = resource.getrlimit(which)[1]
            value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(which, (value, value))
