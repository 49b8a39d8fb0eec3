"""The size check measures what it says, and finds what is over the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import sizes
from tools.sizes import MAX_FILE_LINES, MAX_FUNCTION_LINES, Room, Size


def _package(root: Path, text: str) -> Path:
    (root / "fusion_kit").mkdir()
    (root / "fusion_kit" / "room.py").write_text(text)
    return root


def _function(lines: int, name: str = "long") -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def test_a_function_is_as_long_as_its_lines_without_its_docstring(tmp_path: Path) -> None:
    text = 'def plain(\n    a: int,\n) -> int:\n    """Say\n    two lines.\n    """\n\n    return a\n'
    room = sizes.measured(_package(tmp_path, text), "fusion_kit")
    assert room == Room("fusion_kit", (Size(5, "fusion_kit/room.py:1 plain"),), (Size(8, "fusion_kit/room.py"),))


def test_a_signature_is_not_counted(tmp_path: Path) -> None:
    text = 'class Port:\n    def ask(self) -> int:\n        """Return it."""\n        ...\n'
    assert sizes.measured(_package(tmp_path, text), "fusion_kit").functions == ()


def test_a_function_and_a_file_over_the_line_are_named(tmp_path: Path) -> None:
    text = _function(MAX_FUNCTION_LINES + 1) + "# \n" * MAX_FILE_LINES
    short = "".join(_function(2, f"f{number}") for number in range(20))
    found = sizes.complaints([sizes.measured(_package(tmp_path, text + short), "fusion_kit")])
    assert found == [
        "fusion_kit/room.py:1 long: 51 lines, a function may have 50",
        "fusion_kit/room.py: 391 lines, a file may have 300",
    ]


def test_what_is_exactly_on_the_line_is_allowed(tmp_path: Path) -> None:
    text = _function(MAX_FUNCTION_LINES) + "".join(_function(2, f"f{number}") for number in range(20))
    padded = text + "#\n" * (MAX_FILE_LINES - text.count("\n"))
    assert sizes.complaints([sizes.measured(_package(tmp_path, padded), "fusion_kit")]) == []


def test_a_house_of_middling_functions_has_a_wrong_shape(tmp_path: Path) -> None:
    text = "".join(_function(26, f"f{number}") for number in range(4))
    found = sizes.complaints([sizes.measured(_package(tmp_path, text), "fusion_kit")])
    assert found == [
        "fusion_kit: the median function has 26 lines, it may have 8",
        "fusion_kit: the 90th percentile is 26 lines, it may be 25",
    ]


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 1), (9, 9), (10, 9), (11, 10), (100, 90)])
def test_p90_is_the_smallest_size_nine_tenths_do_not_exceed(count: int, expected: int) -> None:
    assert sizes.p90(list(range(1, count + 1))) == expected


def test_the_check_fails_on_a_break_and_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sizes.main(_package(tmp_path, _function(60))) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1].split() == ["fusion_kit", "1", "60", "60", "60", "1", "60", "60"]
    assert "fusion_kit/room.py:1 long: 60 lines, a function may have 50" in printed.err


def test_this_house_is_within_its_sizes() -> None:
    rooms = [sizes.measured(sizes.ROOT, name) for name in sizes.ROOMS]
    assert sizes.complaints(rooms) == []
