"""Reading YAML: 1.2's meaning, bounds before anything is built, places of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.definitions.tree import reading
from fusion_kit.definitions.tree.bounds import Unreadable
from fusion_kit.definitions.tree.node import Mapping, Scalar, plain
from fusion_kit.definitions.tree.reading import read
from tests.definitions import corpus


def meaning(text: str) -> object:
    root = read(text.encode()).root
    return None if root is None else plain(root)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("22:22", "22:22"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("+5", 5),
        ("-5", -5),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("2026-11-22", "2026-11-22"),
        ("null", None),
        ("~", None),
        ("True", True),
        ("'true'", "true"),
        ('"1"', "1"),
        ("!!str 1", "1"),
        ("-", [None]),
        ("=", "="),
    ],
)
def test_a_plain_value_means_what_yaml_1_2_says(text: str, value: object) -> None:
    found = meaning(text)

    assert found == value
    assert type(found) is type(value)


def test_on_is_a_key() -> None:
    assert meaning("on: {}\nyes: 1\n") == {"on": {}, "yes": 1}


def chain(length: int, link: str) -> str:
    """A chain of anchors, each made of the one before: `{this}` and `{last}` in `link`."""
    return "a0: &a0 {x: 1}\n" + "".join(link.format(this=f"a{n}", last=f"*a{n - 1}") + "\n" for n in range(1, length))


BOMBS = {
    "laughs": chain(30, "{this}: &{this} [{last}, {last}, {last}, {last}, {last}, {last}, {last}, {last}, {last}]"),
    "laughing keys": chain(40, "{this}: &{this} {{p: {last} , q: {last} }}"),
    "one long text, often": "a: &a " + "x" * 100_000 + "\nb: [" + ", ".join(["*a"] * 5000) + "]\n",
    "depth": "[" * 100_000,
    "depth of blocks": "- " * 100_000,
    "depth of mappings": "{a: " * 100_000,
    "depth by alias": chain(200, "{this}: &{this} [{last}]"),
    "itself": "a: &a [*a]\n",
    "merge keys": chain(30, "{this}: &{this} {{<<: [{last}, {last}, {last}, {last}, {last}, {last}, {last}]}}"),
    "bytes": "x" * ((16 << 20) + 1),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_by_the_scan_before_anything_is_built(name: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(BOMBS[name].encode())

    assert refused.value.code in ("yaml-bomb", "yaml-alias")


def test_a_bomb_costs_no_more_events_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    events = reading._events

    def counted(text: str) -> Iterator[object]:
        for event in events(text):
            taken.append(event)
            yield event

    monkeypatch.setattr(reading, "_events", counted)
    with pytest.raises(Unreadable):
        read(BOMBS["laughs"].encode())

    assert len(taken) < 200


def test_a_file_of_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "EVENTS", 100)

    with pytest.raises(Unreadable, match="more than"):
        read(b"- a\n" * 200)


def test_every_node_knows_its_place() -> None:
    root = read("a: one\nb:\n  - x\n  - 'y z'\n".encode("utf-8-sig")).root
    assert isinstance(root, Mapping)
    one, other = root.values["a"], root.values["b"].items[1]  # type: ignore[union-attr]
    assert isinstance(one, Scalar)
    assert isinstance(other, Scalar)

    assert (one.line, one.column, one.end_column, one.index) == (0, 3, 6, 3)
    assert (other.line, other.column, other.end_column, other.text) == (3, 4, 9, "y z")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = "a: |\n  one\n  two\nb: [1, 2]\n"

    assert meaning("\ufeff" + text.replace("\n", "\r\n")) == meaning(text)


_TEXTS_OF = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])  # JSON's pairs are not YAML
_TEXTS = st.text(_TEXTS_OF)
_KEYS = st.text(_TEXTS_OF, min_size=1, max_size=100)  # escaped, a longer key is over the 1,024 characters of YAML
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=20)


@given(_VALUES)
def test_json_is_yaml(value: object) -> None:
    text = json.dumps(value, ensure_ascii=True)
    if "<<" not in text:
        assert meaning(text) == value


@given(st.text() | st.binary())
def test_no_text_makes_the_reader_fail_in_another_way(text: str | bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    with suppress(Unreadable):
        assert read(data).text == data.decode().removeprefix("\ufeff")


@pytest.mark.parametrize("path", corpus.good_files(), ids=lambda path: path.name)
def test_the_parser_in_python_reads_the_same_where_there_is_none_in_c(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = path.read_bytes()
    fast = read(data).root

    monkeypatch.setattr(reading, "_FAST", yaml.SafeLoader)
    slow = read(data).root

    assert fast is not None
    assert slow is not None
    assert plain(slow) == plain(fast)


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_by_the_parser_in_python_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_FAST", yaml.SafeLoader)

    with pytest.raises(Unreadable):
        read(BOMBS[name].encode())
