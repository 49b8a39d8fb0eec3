"""kill -9 of the runner and its Git at the very moment when they move a branch and the checkout of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.conftest import Opens
from tests.stories.fatal_git import ALL_OF_IT, NOTHING, FatalGit
from tests.stories.plays import project
from tests.stories.stage import Stage

pytestmark = pytest.mark.story
TASKS = """\
tasks:
  - id: it
    run: |
      echo new >a.txt
      echo new >b.txt
      echo changed >README.md
      rm gone.txt
merge:
  into: main
  gate: echo gate >>"$EFFECTS"
"""
FILES = {"a.txt": "new\n", "b.txt": "new\n", "README.md": "changed\n"}
_FILES, _REF = "read-tree -m -u", "update-ref -m fusion-kit: play"
_LOCKED = ': >"$GIT_INDEX_FILE.lock"'
_NEW = '$(tr "\\0" "\\n" <"$here/stdin" | sed -n 2p)'
CASES = {
    "before a file was moved": (_FILES, NOTHING),
    "while files were added": (_FILES, f"echo new >a.txt; printf ne >b.txt; {_LOCKED}"),
    "while files were replaced": (_FILES, f"rm gone.txt README.md; {_LOCKED}"),
    "while a file was written": (_FILES, f"rm gone.txt; echo new >a.txt; : >b.txt; printf chan >README.md; {_LOCKED}"),
    "when all files were moved": (_FILES, ALL_OF_IT),
    "before the branch was moved": (_REF, NOTHING),
    "while the branch was moved": (_REF, f'echo "{_NEW}" >refs/heads/main.lock; : >HEAD.lock'),
    "as the branch began to be moved": (_REF, ": >refs/heads/main.lock"),
    "when the branch was moved": (_REF, ALL_OF_IT),
}


def _files(effects: Path) -> dict[str, str]:
    return project(effects, TASKS) | {"gone.txt": "gone\n"}


def _killed(stage: Stage, case: str) -> None:
    words, deed = CASES[case]
    git = FatalGit(stage)
    git.arm(words, deed, "refs/heads/main" if words is _REF else "")
    stage.call("run", "play", code=-9)
    assert git.has_fired


@pytest.mark.parametrize("case", CASES)
def test_a_branch_and_its_checkout_go_on_together_after_a_kill(open_stage: Opens, case: str) -> None:
    stage = open_stage(_files)
    _killed(stage, case)
    stage.call("resume", stage.newest())
    files = {path.name: path.read_text() for path in stage.root.iterdir() if path.is_file()}
    assert (files, stage.git("status", "--porcelain"), stage.effects.read_text()) == (FILES, "", "gate\n")
    stage.commit({"next.txt": "mine\n"}, "Nothing is in the person's way")


def test_what_a_person_wrote_meanwhile_into_a_half_moved_checkout_stays(open_stage: Opens) -> None:
    stage = open_stage(_files)
    _killed(stage, "while files were replaced")
    stage.write({"README.md": "mine\n"})
    runner = stage.call("resume", stage.newest())
    assert (stage.root / "README.md").read_text() == "mine\n"
    assert "uncommitted changes in README.md" in runner.out + runner.err
    assert stage.git("show", f"fk/{stage.newest()}/result:README.md") == "changed\n"


def test_a_lock_of_a_person_s_git_is_left_alone(open_stage: Opens) -> None:
    stage = open_stage(_files)
    lock = stage.root / ".git" / "index.lock"
    lock.touch()
    runner = stage.call("run", "play")
    assert (lock.exists(), "index.lock" in runner.out + runner.err) == (True, True)


@pytest.mark.parametrize("lock", ["packed-refs.lock", '$(tr "\\0 " "\\n" <"$here/stdin" | sed -n 2p).lock'])
def test_a_clean_killed_with_its_git_leaves_no_lock_in_the_way_of_the_next(open_stage: Opens, lock: str) -> None:
    stage = open_stage(_files)
    stage.call("run", "play")
    FatalGit(stage).arm("update-ref -m fusion-kit: clean", f': >"{lock}"')
    stage.call("clean", "--older-than", "0s", code=-9)
    stage.call("clean", "--older-than", "0s")
    assert stage.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    assert list((stage.root / ".git").glob("*.lock")) == []
