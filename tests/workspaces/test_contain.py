"""Reading below a workspace never leaves it, not even while somebody swaps folders for symlinks."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.workspaces.contain import copy_out, matching, read_bytes
from fusion_kit.workspaces.errors import OutsideWorkspace
from fusion_kit.workspaces.policy import leaves
from tests.workspaces.project import write


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    write(root, {"a.txt": "a", "out/x.json": "x", "out/deep/y.json": "y", "out/deep/z.txt": "z"})
    write(tmp_path, {"secret/key": "secret"})
    return root


def test_a_plain_file_is_read_up_to_its_limit(workspace: Path) -> None:
    assert read_bytes(workspace, "out/x.json", 1) == b"x"
    write(workspace, {"long": "xx"})
    with pytest.raises(OutsideWorkspace, match="larger than 1 bytes"):
        read_bytes(workspace, "long", 1)


@pytest.mark.parametrize("path", ["../secret/key", "/etc/passwd", "out/../../secret/key", "", ".", "a\0b"])
def test_a_path_that_climbs_is_refused(workspace: Path, path: str) -> None:
    with pytest.raises(OutsideWorkspace):
        read_bytes(workspace, path, 10)


def test_symlinks_folders_and_fifos_are_not_files(workspace: Path) -> None:
    (workspace / "link").symlink_to("../secret/key")
    (workspace / "folder").symlink_to("../secret")
    os.mkfifo(workspace / "pipe")
    for path in ("link", "folder/key", "pipe", "out", "a.txt/x"):
        with pytest.raises(OutsideWorkspace):
            read_bytes(workspace, path, 10)
    with pytest.raises(FileNotFoundError):
        read_bytes(workspace, "missing", 10)


def test_a_file_is_copied_out_with_its_hash_and_never_over_another(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "artifacts" / "x.json"
    assert copy_out(workspace, "out/x.json", target) == hashlib.sha256(b"x").hexdigest()
    assert target.read_bytes() == b"x"
    with pytest.raises(FileExistsError):
        copy_out(workspace, "a.txt", target)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a.txt", ["a.txt"]),
        ("*.txt", ["a.txt"]),
        ("out", ["out/deep/y.json", "out/deep/z.txt", "out/x.json"]),
        ("out/*.json", ["out/x.json"]),
        ("**/*.json", ["out/deep/y.json", "out/x.json"]),
        ("out/**", ["out/deep/y.json", "out/deep/z.txt", "out/x.json"]),
        ("**/deep/?.txt", ["out/deep/z.txt"]),
        ("nothing/*", []),
    ],
)
def test_patterns_find_plain_files_and_follow_no_symlink(workspace: Path, pattern: str, found: list[str]) -> None:
    (workspace / "out" / "link.json").symlink_to("../a.txt")
    (workspace / "out" / "up").symlink_to("..")
    assert matching(workspace, pattern) == found


@pytest.mark.torture
def test_a_folder_swapped_for_a_symlink_in_a_loop_never_leaks(workspace: Path, tmp_path: Path) -> None:
    write(workspace, {"real/key": "mine"})
    (workspace / "evil").symlink_to(tmp_path / "secret")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for name in ("evil", "real"):
                (workspace / name).rename(workspace / "spare")
                (workspace / "tmp").symlink_to("spare")
                (workspace / "spare").rename(workspace / name)
                (workspace / "tmp").unlink()
            (workspace / "real").rename(workspace / "spare")
            (workspace / "evil").rename(workspace / "real")
            (workspace / "real").rename(workspace / "evil")
            (workspace / "spare").rename(workspace / "real")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    for _ in range(int(os.environ.get("FUSION_TORTURE", "3000"))):
        try:
            seen.add(read_bytes(workspace, "real/key", 10))
        except (OutsideWorkspace, FileNotFoundError):
            seen.add(b"refused")
    over.set()
    thread.join()
    assert seen == {b"mine", b"refused"}


_NAMES = st.sampled_from(["a", "b", "..", ".", "", "link"])


@given(folders=st.lists(st.sampled_from(["a", "b"]), max_size=3), target=st.lists(_NAMES, min_size=1, max_size=5))
def test_a_symlink_that_is_allowed_stays_inside_by_its_words(folders: list[str], target: list[str]) -> None:
    words = "/".join(target)
    if not leaves("/".join([*folders, "link"]), words):
        assert not os.path.normpath("/".join([*folders, words]) if folders else words).startswith(("..", "/"))
