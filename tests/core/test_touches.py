"""Whether two lists of globs can mean a common file."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.touches import common, overlap, strays

LETTERS = "abc"
# every token of a segment with the letters it reads, in either case; None: any text
TOKENS = {"a": "a", "B": "b", "*": None, "?": "abc", "[ab]": "ab", "[!c]": "abc", "[b-c]": "bc", "[!a-c]": "abc"}
NAMES = ["".join(name) for length in (1, 2) for name in itertools.product(LETTERS, repeat=length)]
PATHS = [path for depth in (1, 2, 3) for path in itertools.product(NAMES, repeat=depth)]


@cache
def reads(tokens: tuple[str, ...], name: str) -> bool:
    """The oracle for one name: try everything."""
    if not tokens:
        return not name
    letters = TOKENS[tokens[0]]
    if letters is None:
        return any(reads(tokens[1:], name[skip:]) for skip in range(len(name) + 1))
    return bool(name) and name[0] in letters and reads(tokens[1:], name[1:])


@cache
def means(glob: tuple[tuple[str, ...], ...], path: tuple[str, ...]) -> bool:
    """The oracle for a path: try everything."""
    if not glob:
        return not path
    if glob[0] == ("**",):
        return any(means(glob[1:], path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and reads(glob[0], path[0]) and means(glob[1:], path[1:])


def whole(glob: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    plain = all(token in ("a", "B") for token in glob[-1])
    return (*glob, ("**",)) if plain else glob


def written(glob: Sequence[Sequence[str]]) -> str:
    return "/".join("".join(tokens) for tokens in glob)


segments = st.just(("**",)) | st.lists(st.sampled_from(sorted(TOKENS)), min_size=1, max_size=2).map(tuple).filter(
    lambda tokens: tokens != ("*", "*")  # which is written like any number of segments
)
globs = st.lists(segments, min_size=1, max_size=2).map(tuple)


@given(globs, globs)
def test_two_globs_overlap_exactly_if_there_is_a_path_that_both_mean(
    a: tuple[tuple[str, ...], ...], b: tuple[tuple[str, ...], ...]
) -> None:
    expected = any(means(whole(a), path) and means(whole(b), path) for path in PATHS)

    assert overlap([written(a)], [written(b)]) is expected
    assert overlap([written(b)], [written(a)]) is expected


@given(globs, st.sampled_from(PATHS))
def test_a_path_strays_exactly_if_no_glob_means_it(glob: tuple[tuple[str, ...], ...], path: tuple[str, ...]) -> None:
    assert (strays([written(glob)], ["/".join(path)]) == ()) is means(whole(glob), path)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("src/**", "src/app/main.py", True),
        ("src/**", "docs/**", False),
        ("src", "src/app/main.py", True),  # a plain name is a file or a whole folder
        ("src/", "src/app", True),
        ("src/*", "src/app/main.py", False),  # a star stays in its folder
        ("src/*.py", "src/*.js", False),
        ("**/*.py", "src/**", True),
        ("**/test_*.py", "src/app.py", False),
        ("./src/a.py", "src//a.py", True),
        ("README.md", "readme.MD", True),
        ("Straße/ä", "straße/Ä", True),
        ("[", "[", True),
        ("a[", "a]", False),
        ("[]]", "]", True),
        ("[!]]", "]", False),
        ("[z-a]", "m", True),
        ("a**b", "axxb", True),
        ("../other", "src/**", True),  # nobody knows where that is
        ("", "src/**", True),
    ],
)
def test_globs_as_people_write_them(a: str, b: str, expected: bool) -> None:
    assert overlap([a], [b]) is overlap([b], [a]) is expected


def test_the_first_glob_that_clashes_is_named() -> None:
    assert common(["docs/**", "src/*.py", "src/**"], ["tests/**", "src/app.py"]) == "src/*.py"
    assert common([], ["**"]) is None


def test_no_glob_is_slow() -> None:
    evil = "*a" * 2000 + "b"
    begun = time.perf_counter()
    assert not overlap([f"x/{evil}"], ["y/" + "a*" * 50])
    assert not overlap(["*a" * 300 + "b"], ["a*" * 300 + "c"])
    assert not overlap(["**/a/" * 60 + "x.py"], ["**/a/" * 60 + "y.py"])
    assert overlap(["**/a/" * 60 + "x"], ["**/a/" * 60 + "y"])  # x may be a folder
    assert time.perf_counter() - begun < 5
