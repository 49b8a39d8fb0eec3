"""The items of a matrix."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.ids import slug
from fusion_kit.core.matrix import BadMatrix, Item, items
from fusion_kit.core.workflow import Matrix


def made(matrix: Matrix) -> list[Item]:
    return items(matrix, matrix.axes)


def test_items_are_the_product_in_the_order_of_the_axes() -> None:
    assert made(Matrix({"a": [1, 2], "b": ["x", "y"]})) == [
        Item("1-x", {"a": 1, "b": "x"}),
        Item("1-y", {"a": 1, "b": "y"}),
        Item("2-x", {"a": 2, "b": "x"}),
        Item("2-y", {"a": 2, "b": "y"}),
    ]


def test_an_exclusion_takes_away_what_it_fits_and_one_is_not_true() -> None:
    matrix = Matrix({"a": [1, True], "b": ["x", "y"]}, exclude=({"a": 1}, {"b": "y"}))

    assert made(matrix) == [Item("true-x", {"a": True, "b": "x"})]


def test_an_inclusion_extends_what_it_fits_and_stands_alone_otherwise() -> None:
    matrix = Matrix({"os": ["linux", "mac"]}, include=({"os": "linux", "fast": True}, {"os": "bsd"}, {"all": 1}))

    assert [item.values for item in made(matrix)] == [
        {"os": "linux", "fast": True, "all": 1},
        {"os": "mac", "all": 1},
        {"os": "bsd"},
    ]


def test_an_empty_axis_gives_no_items_and_inclusions_alone_are_items() -> None:
    assert made(Matrix({"a": []})) == []
    assert made(Matrix({}, include=({"a": 1}, {"a": 2}))) == [Item("1", {"a": 1}), Item("2", {"a": 2})]


def test_a_key_comes_from_what_names_an_object_or_from_the_template() -> None:
    matrix = Matrix({"piece": [{"key": "one", "title": "T"}, {"title": "U"}]})

    assert [item.key for item in made(matrix)] == ["one", hashlib.sha256(b'{"title": "U"}').hexdigest()[:8]]
    assert [item.key for item in items(matrix, matrix.axes, lambda values: str(values["piece"]["title"]))] == ["T", "U"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("axes", "complaint"),
    [
        ({"a": "text"}, "axis 'a' is text, not a list"),
        ({"a": None}, "axis 'a' is null, not a list"),
        ({"a": {"b": 1}}, "axis 'a' is an object, not a list"),
        ({"a": ["x", "x"]}, "two items have the key 'x'"),
        ({"a": [""]}, "the key of {'a': ''} is empty"),
    ],
)
def test_what_cannot_be_expanded_says_why(axes: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadMatrix, match="cannot be expanded") as refused:
        items(Matrix(axes), axes)

    assert complaint in str(refused.value)


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.integers() | st.booleans() | st.text(min_size=1), max_size=4))
)
def test_keys_are_never_two_of_a_kind(axes: dict[str, list[object]]) -> None:
    try:
        found = items(Matrix(axes), axes)
    except BadMatrix:
        return

    assert len({slug(item.key) for item in found}) == len(found)
