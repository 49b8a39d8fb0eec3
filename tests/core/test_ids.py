"""Ids and the names of nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core import ids
from fusion_kit.core.errors import BadId


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "-a", "a/b", "é", "a" * 65, "a\n", "con."])
def test_what_is_not_an_id_is_refused(name: str) -> None:
    with pytest.raises(BadId):
        ids.checked("task", name)


def test_a_bad_id_says_what_an_id_is() -> None:
    with pytest.raises(BadId) as refusal:
        ids.checked("task", "../x")

    assert str(refusal.value) == "'../x' cannot be the id of a task."
    assert refusal.value.way_out.startswith("Use 1 to 64 lower-case letters")
    assert refusal.value.code == "bad-id"


def test_the_node_of_a_matrix_item_in_a_sub_workflow_is_one_path_component() -> None:
    assert ids.item(ids.inner("review", "fix"), "api") == "review.fix@api"
    assert ids.iteration("review", 2) == "review~2"


@given(st.text(max_size=80))
def test_a_slug_is_always_an_id_and_a_hash_tells_altered_ones_apart(text: str) -> None:
    name = ids.slug(text)

    assert ids.checked("key", name) == name
    assert (name == text) == (ids.slug(text) == text)
    assert ids.checked_node(f"task@{name}")


def test_keys_that_differ_only_in_case_get_different_slugs() -> None:
    assert len({ids.slug("API"), ids.slug("api"), ids.slug("Api")}) == 3


def test_a_run_is_named_by_workflow_day_and_chance() -> None:
    assert ids.run_id("feature", "20261122", "abc234") == "feature-20261122-abc234"
    assert len(ids.run_id("w" * 64, "20261122", "abc234")) <= 64
