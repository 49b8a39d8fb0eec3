"""What the shim writes down: whole lines, and an exit that survives a power cut.

JSON is written by hand, because importing `json` would cost an agent 10 ms.
"""

from __future__ import annotations

import os
import select
import time

_RETRY_S = 1.0
_RETRIES = 600  # a full disk is often emptied within ten minutes


def quoted(text: str) -> str:
    """Return `text` as a JSON string in ASCII."""
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[index : index + 2], "big") for index in range(0, len(units), 2)]
    return '"' + "".join(chr(c) if 32 <= c < 127 and c not in (34, 92) else f"\\u{c:04x}" for c in codes) + '"'


def write_whole(path: str, line: str) -> None:
    """Write a file with one write; raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, line.encode())
    finally:
        os.close(fd)


def record_exit(
    folder: str, *, reason: str, code: int | None, started_at: float, leftovers: int = 0, message: str = ""
) -> None:
    """Record durably how the attempt ended, now; tries again while the disk is full."""
    line = (
        f'{{"reason":"{reason}","code":{"null" if code is None else code},"started_at":{started_at:.6f},'
        f'"ended_at":{time.time():.6f},"leftovers":{leftovers},"message":{quoted(message)}}}\n'
    )
    for _ in range(_RETRIES):
        try:
            _write_durably(folder, "exit.json", line)
        except OSError:
            _wait()
        else:
            return


def _wait() -> None:
    select.select([], [], [], _RETRY_S)


def _write_durably(folder: str, name: str, line: str) -> None:
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        fd = os.open(f".{name}", flags, 0o600, dir_fd=place)
        try:
            content = line.encode()
            if os.write(fd, content) != len(content):
                raise OSError(28, "short write")
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(f".{name}", name, src_dir_fd=place, dst_dir_fd=place)
        os.fsync(place)
    finally:
        os.close(place)
