"""The last fenced block of a reply that holds a JSON object."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion_kit.providers.reply import last_object

WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Done.\n\n```JSON\n{"a": 1}\n```\nBye.', {"a": 1}),
        ('```\n{"a": 1}\n```', {"a": 1}),
        ('~~~json\n{"a": 1}\n~~~', {"a": 1}),
        ('````json\n{"a": "```"}\n````', {"a": "```"}),
        ('```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```', {"a": 2}),
        ('```json\n{"a": 1}\n```\n```json\n{"a": \n```', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```python\n{"a": 2}\n```', {"a": 1}),
        ('```json\n{"a": 1}\n```\n```json\n[2]\n```', {"a": 1}),
        ('1. So:\n   ```json\n   {"a":\n    1}\n   ```', {"a": 1}),
        ('```json title="x"\n{"a": 1}\n```', {"a": 1}),
        ('```json\r\n{"a": 1}\r\n```\r\n', {"a": 1}),
        ('```sh\necho\n\n```json\n{"a": 1}\n```', {"a": 1}),
        ('```json\n{"a": 1}', None),
        ('{"a": 1}', None),
        ('`{"a": 1}`', None),
        ("```json\n{}\n```", {}),
        ("```json\nNaN\n```", None),
        ("", None),
        ("``` ``` ```\n" * 100_000, None),
    ],
)
def test_a_reply_holds(text: str, found: object) -> None:
    assert last_object(text) == found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(st.characters(exclude_characters="`~")),
    st.dictionaries(WORDS, WORDS | st.integers()),
    st.text(st.characters(exclude_characters="`~")),
)
def test_an_object_is_found_whatever_prose_stands_around_it(before: str, value: dict[str, object], after: str) -> None:
    text = f"{before}\n```json\n{json.dumps(value, indent=1)}\n```\n{after}"
    assert last_object(text) == value
