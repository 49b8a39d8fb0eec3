"""The vocabulary of inputs and outputs: complaints and coercion."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.vocabulary import NotCoercible, coerced, complaint
from fusion_kit.definitions import matches

_TEXTS = {"items": {"type": "string"}}


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ("a", {"type": "string"}, None),
        (1, {"type": "string"}, "it must be text, not 1"),
        (True, {"type": "integer"}, "it must be an integer, not true"),
        (3.0, {"type": "integer"}, None),
        (3.5, {"type": "integer"}, "it must be an integer, not 3.5"),
        (3, {"type": "number"}, None),
        (float("nan"), {"type": "number"}, "it must be a number, not NaN"),
        (None, {"type": "null"}, None),
        ("", {"type": "boolean"}, 'it must be a boolean, not ""'),
        ({}, {"type": "array"}, "it must be a list, not an object"),
        (1, {"enum": [1, 2]}, None),
        (True, {"enum": [1, 2]}, "it must be one of 1, 2, not true"),
        (5, {"minimum": 3, "maximum": 4}, "it must be at most 4, not 5"),
        (2, {"minimum": 3}, "it must be at least 3, not 2"),
        ("ab", {"minLength": 3}, "it must have at least 3 characters, not 2"),
        ("abcd", {"maxLength": 3}, "it must have at most 3 characters, not 4"),
        ("x", {"pattern": "^[a-c]$"}, 'it must match the pattern ^[a-c]$, and "x" does not'),
        ("b", {"pattern": "^[a-c]$"}, None),
        ([1, "x"], {"items": {"type": "integer"}}, '[1] must be an integer, not "x"'),
        ([], {"minItems": 1}, "it must have at least 1 items, not 0"),
        ({"a": 1}, {"required": ["b"]}, "it lacks 'b'"),
        ({"a": {"b": [1]}}, {"properties": {"a": {"properties": {"b": _TEXTS}}}}, "a.b[0] must be text, not 1"),
        ({"a": 1}, {"additionalProperties": False}, "it has an unknown member 'a'"),
        ({"a": 1}, {"properties": {"a": {}}, "additionalProperties": False}, None),
        ("anything", {}, None),
        ("x" * 100, {"type": "integer"}, f'it must be an integer, not "{"x" * 55}...'),
    ],
)  # fmt: skip
def test_a_value_is_complained_of(value: object, schema: dict[str, object], expected: str | None) -> None:
    assert complaint(value, schema, matches) == expected


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", "integer", 3),
        ("-3", "integer", -3),
        ("3", "number", 3),
        ("2.5", "number", 2.5),
        ("true", "boolean", True),
        ("No", "boolean", False),
        ("[1, 2]", "array", [1, 2]),
        ('{"a": null}', "object", {"a": None}),
        ("null", "null", None),
        (" as it is ", "string", " as it is "),
        ("007", "string", "007"),
    ],
)
def test_what_is_typed_becomes_what_is_asked_for(text: str, kind: str, value: object) -> None:
    assert coerced(text, {"type": kind}) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [("3.5", "integer"), ("three", "integer"), ("1" * 5000, "integer"), ("nan", "number"), ("inf", "number"),
     ("maybe", "boolean"), ("a, b", "array"), ("{}", "array"), ("[" * 100_000, "array"), ("[1]", "object")],
)  # fmt: skip
def test_what_cannot_be_that_says_the_way_out(text: str, kind: str) -> None:
    with pytest.raises(NotCoercible) as refused:
        coerced(text, {"type": kind})

    assert refused.value.way_out


def test_a_pattern_that_explodes_in_python_takes_no_time() -> None:
    assert matches("(a+)+$", "a" * 50_000 + "!") is False


_SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5, allow_nan=False) | st.text("ab", max_size=4)
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner)
)
_TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
_LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": _TYPES,
        "enum": st.lists(_SCALARS, min_size=1, max_size=3),
        "minimum": st.integers(-3, 3),
        "maximum": st.integers(-3, 3),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "required": st.lists(st.sampled_from("ab"), unique=True),
    },
)


def _nested(inner: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    members = st.dictionaries(st.sampled_from("ab"), inner)
    optional = {"items": inner, "properties": members, "additionalProperties": st.booleans()}
    return st.fixed_dictionaries({}, optional=optional)


@given(_JSON, st.recursive(_LEAVES, _nested, max_leaves=5))
def test_it_agrees_with_json_schema(value: object, schema: dict[str, object]) -> None:
    assert (complaint(value, schema, matches) is None) == jsonschema.Draft202012Validator(schema).is_valid(value)
