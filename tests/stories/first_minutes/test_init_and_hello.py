"""From an empty folder to a result on a branch: init, what it says, and the first run."""

from __future__ import annotations

import re

import pytest

from tests.stories.first_minutes.newcomer import Newcomer

WARNING = "Without a sandbox an agent may do to this machine whatever you may do: a worktree is no wall."


def commands(text: str) -> list[str]:
    """The commands a text tells to type: indented lines, and `next:` lines."""
    return re.findall(r"^(?:  |next: )(\S.*)$", text, re.MULTILINE)


def test_what_is_told_to_type_leads_from_an_empty_folder_to_a_merged_result(ada: Newcomer) -> None:
    begun = ada.types("init")
    make_repository, run = commands(begun.out)
    assert (begun.code, begun.err, run) == (0, "", "fusion-kit run hello")
    assert ada.shell(make_repository).code == 0
    done = ada.types("run", "hello")
    assert done.code == 0, done.err
    diff, merge = commands(done.err)
    assert re.search(r"^result: fk/hello-\d{8}-\w{6}/result at [0-9a-f]{12}$", done.out, re.MULTILINE)
    assert "hello/greeting.md" in ada.shell(diff).out
    assert ada.shell(merge).code == 0
    assert sorted(path.name for path in (ada.folder / "hello").iterdir()) == ["facts.md", "greeting.md", "thanks.md"]


def test_init_says_what_agents_may_do_to_the_machine_and_where_more_is_said(ada: Newcomer) -> None:
    lines = ada.types("init").out.splitlines()
    after = lines[lines.index(WARNING) + 1]
    assert "container" in after
    more = re.findall(r"`fusion-kit (schema [\w.]+)`", after)
    assert "whatever you may do" in " ".join(ada.types(*more[0].split()).out.split())


def test_init_twice_changes_nothing_and_says_so(ada: Newcomer) -> None:
    ada.begun()
    before = ada.snapshot()
    again = ada.types("init")
    assert (again.code, ada.snapshot()) == (0, before)
    assert again.out.startswith("kept 11 that were there already: .fusion/.env.example, ")


def test_a_folder_of_another_product_is_left_alone_and_named(ada: Newcomer) -> None:
    ada.write(".fusion/project.json", '{"theirs": true}')
    (ada.folder / ".fusion" / "fusion.db").write_bytes(b"SQLite format 3\0theirs")
    ada.begun()
    said = ada.types("init").out
    assert ".fusion/project.json belongs to another product" in said
    assert ".fusion/fusion.db belongs to another product" in said
    assert ada.types("run", "ci", "-q").code == 0
    assert (ada.folder / ".fusion" / "project.json").read_text() == '{"theirs": true}'
    assert (ada.folder / ".fusion" / "fusion.db").read_bytes() == b"SQLite format 3\0theirs"


def test_without_a_repository_hello_works_in_the_folder_and_says_so(ada: Newcomer) -> None:
    ada.types("init")
    done = ada.types("run", "hello")
    assert done.code == 0, done.err
    assert done.err.startswith("warning: This project is not in a Git repository: tasks run in its own folder")
    assert (ada.folder / "hello" / "greeting.md").is_file()


def test_a_repository_without_a_commit_gets_the_exact_next_command(ada: Newcomer) -> None:
    ada.git("init", "-q")
    told = commands(ada.types("init").out)
    before = ada.snapshot()
    refused = ada.types("run", "hello")
    assert (refused.code, refused.out, ada.snapshot()) == (2, "", before)
    assert refused.err == (
        "error: The repository has no commit yet, and a worktree needs one to start from.\n"
        "hint: `git add -A && git commit -m 'First commit'`, or `git commit --allow-empty -m 'First commit'`.\n"
    )
    assert ada.types("run", "hello", "--dry-run").err == refused.err
    assert ada.shell(told[0]).code == 0
    assert ada.types("run", "hello", "-q").code == 0


def test_uncommitted_files_are_counted_and_named(ada: Newcomer) -> None:
    ada.write("a.txt", "a")
    ada.begun()
    ada.write("a.txt", "changed")
    for name in "bcdefg":
        ada.write(f"new/{name}.txt", name)
    assert ada.types("run", "ci").err.splitlines()[0] == (
        "warning: 7 uncommitted files are not in the agents' worktrees: "
        "a.txt, new/b.txt, new/c.txt, new/d.txt, new/e.txt and 2 more"
    )
    ada.git("add", "-A")
    ada.git("commit", "-q", "-m", "Most")
    ada.write("a.txt", "again")
    assert ada.types("run", "ci").err.splitlines()[0] == (
        "warning: 1 uncommitted file is not in the agents' worktrees: a.txt"
    )


@pytest.mark.parametrize(
    ("git", "sentence"),
    [
        ("#!/bin/sh\necho git version 2.30.2\n", "Git 2.30 is too old: fusion-kit needs 2.38"),
        (None, "There is no program `git` on the PATH."),
    ],
    ids=["too old", "missing"],
)
def test_without_a_git_that_can_do_it_nothing_is_begun_and_doctor_says_why(
    ada: Newcomer, git: str | None, sentence: str
) -> None:
    ada.begun()
    before = ada.snapshot()
    (ada.programs / "git").unlink()
    if git is not None:
        (ada.programs / "git").write_text(git)
        (ada.programs / "git").chmod(0o755)
    for words in (["init"], ["run", "hello"], ["run", "hello", "-n"]):
        refused = ada.types(*words)
        error, hint = refused.err.splitlines()
        assert (refused.code, refused.out) == (2, "")
        assert error.startswith(f"error: {sentence}")
        assert hint == "hint: Install Git 2.38 or newer: https://git-scm.com/downloads"
    doctor = ada.types("doctor")
    assert (doctor.code, f"error git: {sentence}" in doctor.out) == (1, True)
    assert [ada.types(*words).code for words in (["list"], ["validate"], ["ps"], ["show", "hello"])] == [0] * 4
    assert ada.snapshot() == before
