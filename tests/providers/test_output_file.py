"""The grammar of $FUSION_OUTPUT."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion_kit.providers import output_file
from fusion_kit.providers.errors import BadOutputFile

CALM = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,20}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1", {"a": "1"}),
        ("a=1\n\n  \nb=2\n", {"a": "1", "b": "2"}),
        ("a=1\na=2\n", {"a": "2"}),
        ("a=", {"a": ""}),
        ("a= x ", {"a": " x "}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b<<c", {"a": "b<<c"}),
        ("a=1\r\nb=2\r\n", {"a": "1", "b": "2"}),
        ("a=x\u2028y\x0bz\x85", {"a": "x\u2028y\x0bz\x85"}),
        ("a<<END\nEND\n", {"a": ""}),
        ("a<<END\n\nEND\n", {"a": ""}),
        ("a<<END\none\n\n two\nEND\nb=1", {"a": "one\n\n two", "b": "1"}),
        ("a<<END\nEND \n END\nENDE\nEND", {"a": "END \n END\nENDE"}),
        ("a<<END\nb=1\nc<<X\nEND\n", {"a": "b=1\nc<<X"}),
        ("a<<=\nb\n=\n", {"a": "b"}),
        ("a<<<\nb\n<\n", {"a": "b"}),
        ("a<<END\r\none\r\ntwo\r\nEND\r\nb=1\r\n", {"a": "one\r\ntwo", "b": "1"}),
        ('{"a": 1, "b": [true, null]}', {"a": 1, "b": [True, None]}),
        ('\n  {"a":\n {"b": 1.5}}\n', {"a": {"b": 1.5}}),
        ("{}", {}),
    ],
)
def test_a_file_says(text: str, values: dict[str, object]) -> None:
    assert output_file.values(text) == values


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a", "line 1 is neither `name=value` nor `name<<END`: 'a'"),
        ("a=1\n=2", "line 2 is neither `name=value` nor `name<<END`: '=2'"),
        ("<<END\nx\nEND", "line 1 is neither `name=value` nor `name<<END`: '<<END'"),
        ("a<<\nx\n", "line 1 is neither `name=value` nor `name<<END`: 'a<<'"),
        ("a=1\nb<<END\nx\n", "the text that begins in line 2 never ends: there is no line 'END'"),
        ("a<<END\nx END", "the text that begins in line 1 never ends: there is no line 'END'"),
        ('{"a": NaN}', "it begins like JSON, but NaN is not JSON"),
        ('{"a": ' * 100_000, "it begins like JSON, but it is nested too deeply"),
    ],
)
def test_a_broken_file_is_named_by_its_line(text: str, reason: str) -> None:
    with pytest.raises(BadOutputFile) as caught:
        output_file.values(text)
    assert str(caught.value) == f"What was written to $FUSION_OUTPUT cannot be read: {reason}."


@CALM
@given(st.dictionaries(NAMES, TEXT.filter(lambda text: "\n" not in text and not text.endswith("\r"))))
def test_what_is_written_as_lines_is_read_back(values: dict[str, str]) -> None:
    assert output_file.values("".join(f"{name}={value}\n" for name, value in values.items())) == values


@CALM
@given(st.dictionaries(NAMES, TEXT.filter(lambda text: "END" not in text)))
def test_what_is_written_as_heredocs_is_read_back(values: dict[str, str]) -> None:
    assert output_file.values("".join(f"{name}<<END\n{value}\nEND\n" for name, value in values.items())) == values


SCALARS = st.none() | st.booleans() | st.integers() | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


@CALM
@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_what_is_written_as_json_is_read_back(values: dict[str, object]) -> None:
    assert output_file.values(json.dumps(values)) == values


@CALM
@given(TEXT)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        found = output_file.values(text)
    except BadOutputFile as refusal:
        assert str(refusal)  # noqa: PT017 - both ways are right
    else:
        assert all(isinstance(name, str) for name in found)


class TestTheFile:
    def test_that_nobody_wrote_says_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "empty").write_text(" \n")
        assert output_file.read(tmp_path / "none") is None
        assert output_file.read(tmp_path / "empty") is None

    def test_may_begin_with_a_byte_order_mark_and_hold_broken_utf8(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_bytes(b"\xef\xbb\xbfa=caf\xe9\n")
        assert output_file.read(tmp_path / "out") == {"a": "caf\ufffd"}

    def test_is_not_followed_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_text("a=1")
        (tmp_path / "out").symlink_to(tmp_path / "target")
        with pytest.raises(BadOutputFile, match="no longer a regular file"):
            output_file.read(tmp_path / "out")

    def test_has_a_limit(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_bytes(b"a=" + b"x" * output_file.LIMIT_BYTES)
        with pytest.raises(BadOutputFile, match="larger than 16 MiB"):
            output_file.read(tmp_path / "out")
