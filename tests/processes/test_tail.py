"""Logs are read as lines, whatever was written into them."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.clock import SystemClock
from fusion_kit.processes.tail import SPILL_BYTES, Line, follow, last_lines, lines, strip_ansi


def test_only_whole_lines_are_read_until_the_log_is_final(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    assert lines(log) == ([], 0)
    log.write_bytes(b"one\ntwo\nthr")
    assert lines(log) == ([Line("one"), Line("two")], 8)
    assert lines(log, 8) == ([], 8)
    assert lines(log, 8, final=True) == ([Line("thr")], 11)
    assert lines(log, 11, final=True) == ([], 11)


def test_invalid_bytes_are_replaced_and_windows_ends_are_ends(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    log.write_bytes(b"a\xffb\r\n\n")
    assert lines(log) == ([Line("a\ufffdb"), Line("")], 6)


@pytest.mark.parametrize("end", [b"\n", b""], ids=["whole", "unfinished"])
def test_a_line_too_long_for_memory_is_spilled(tmp_path: Path, end: bytes) -> None:
    log = tmp_path / "out.log"
    size = SPILL_BYTES + 4_000_000
    log.write_bytes(b"first\n" + b"x" * size + end)
    assert lines(log) == ([Line("first")], 6)
    if not end:
        assert lines(log, 6) == ([], 6)
    found, offset = lines(log, 6, final=True)
    assert found == [Line("x" * 65536, tmp_path / "out.log.line-6", size)]
    assert offset == log.stat().st_size
    assert (tmp_path / "out.log.line-6").read_bytes() == b"x" * size


@given(st.lists(st.binary(max_size=40).filter(lambda b: b"\n" not in b), max_size=8), st.data())
def test_a_log_read_in_pieces_gives_the_lines_of_the_whole(parts: list[bytes], data: st.DataObject) -> None:
    content = b"".join(part + b"\n" for part in parts)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "out.log"
        found: list[Line] = []
        offset = written = 0
        while written < len(content):
            written = data.draw(st.integers(written + 1, len(content)))
            log.write_bytes(content[:written])
            more, offset = lines(log, offset)
            found += more
    assert found == [Line(part.removesuffix(b"\r").decode("utf-8", "replace")) for part in parts]
    assert offset == len(content)


async def test_following_yields_everything_up_to_the_end_and_then_stops(tmp_path: Path) -> None:
    log, over = tmp_path / "out.log", asyncio.Event()

    async def write() -> None:
        with log.open("ab", buffering=0) as file:
            for n in range(5):
                file.write(b"%d\nhalf" % n)
                await asyncio.sleep(0.02)
                file.write(b"\n")
            file.write(b"the end")
        over.set()

    writing = asyncio.ensure_future(write())
    found = [line.text async for line in follow(log, SystemClock(), over.is_set)]
    await writing
    assert found == ["0", "half", "1", "half", "2", "half", "3", "half", "4", "half", "the end"]


@pytest.mark.parametrize(
    ("content", "count", "expected"),
    [
        (b"", 3, []),
        (b"a", 3, ["a"]),
        (b"a\nb\nc\n", 2, ["b", "c"]),
        (b"a\nb\nc", 2, ["b", "c"]),
        (b"a\n\n", 2, ["a", ""]),
        (b"a\nb\n", 0, []),
        (b"x" * 200_000 + b"\nlast\n", 1, ["last"]),
    ],
)
def test_the_last_lines_are_read_from_the_end(tmp_path: Path, content: bytes, count: int, expected: list[str]) -> None:
    log = tmp_path / "out.log"
    log.write_bytes(content)
    assert last_lines(log, count) == expected


def test_a_log_that_is_not_there_has_no_last_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none", 5) == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]0;never ended\nnext", "\nnext"),
        ("\x9b31mred \x9d0;t\x9ctext", "red text"),
        ("\x1bPq#0\x1b\\six\x1b(Bel", "sixel"),
        ("over\rwrite\b\x00\x7f", "overwrite"),
        ("tab\tand\nline stay", "tab\tand\nline stay"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("cut off \x1b[38;5", "cut off "),
        ("cut off \x1b", "cut off "),
        ("naïve 日本 👍", "naïve 日本 👍"),
    ],
)
def test_terminal_sequences_are_stripped(text: str, plain: str) -> None:
    assert strip_ansi(text) == plain


@given(st.text())
def test_stripped_text_holds_nothing_a_terminal_obeys(text: str) -> None:
    stripped = strip_ansi(text)
    assert not [c for c in stripped if (ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160]
    assert strip_ansi(stripped) == stripped
