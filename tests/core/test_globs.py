"""File patterns: stars stay in a folder, double stars do not, and no pattern makes matching slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.globs import matches

FIT = [
    ("a.py", "a.py"), ("a.py", "*.py"), ("a.py", "**/*.py"), ("src/a.py", "**/*.py"), ("src/x/a.py", "src/**/*.py"),
    ("src/a.py", "src/**/*.py"), ("src/a.py", "src/**"), ("src/x/.a", "src/**"), (".a", "*"), ("a.py", "./a.py"),
    ("src/a.py", "src//a.py"), ("src/a.py", "**"), ("a1.py", "a[0-9].py"), ("ab.py", "a[!0-9].py"), ("a.py", "?.py"),
    ("a/b/c/d", "a/**/d"), ("a/b/c/d", "**/b/**/d"), ("a/b", "**/**/b"), ("src/a.py", "src/*"),
    ("n\nl.txt", "*.txt"), ("x[1].py", "x[[]1].py"), ("src/src/a", "**/src/a"),
]  # fmt: skip
MISS = [
    ("src/a.py", "*.py"), ("src/x/a.py", "src/*.py"), ("src", "src/**"), ("src/a.py", "src"), ("a.pyc", "*.py"),
    ("A.py", "a.py"), ("src/a.py", "src/?/a.py"), ("a/b", "a?b"), ("a/b", "a[/]b"), ("a.py", ""),
    ("lib/src/a.py", "src/**"),
    ("a/d", "a/*/d"), ("a/b/d", "a/**/b/**/c"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "pattern"), FIT)
def test_it_fits(path: str, pattern: str) -> None:
    assert matches(path, [pattern])


@pytest.mark.parametrize(("path", "pattern"), MISS)
def test_it_does_not_fit(path: str, pattern: str) -> None:
    assert not matches(path, [pattern])


def test_one_of_several_patterns_is_enough_and_none_fits_nothing() -> None:
    assert matches("a.py", ["*.rs", "*.py"])
    assert not matches("a.py", [])


NAMES = st.text(st.sampled_from("ab.-[]*?! "), min_size=1, max_size=5).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@given(path=PATHS)
def test_every_path_fits_itself_in_brackets_and_whatever_stands_for_anything(path: str) -> None:
    literal = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)
    assert matches(path, [literal])
    assert matches(path, ["**"])
    assert matches(path, [f"**/{literal}"])
    assert matches(f"x/{path}", [f"**/{literal}"])


@given(path=PATHS)
def test_a_single_star_fits_exactly_the_paths_without_folders(path: str) -> None:
    assert matches(path, ["*"]) == ("/" not in path)


def test_no_pattern_is_slow() -> None:
    began = time.process_time()
    assert not matches("/".join(["a" * 60] * 60), ["/".join(["**", "*a*a*a*a*a*a*a*a*b"] * 20)])
    assert not matches("a" * 5000, ["*a" * 30 + "b"])
    assert time.process_time() - began < 2
