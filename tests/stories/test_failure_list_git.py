"""What agents and repositories do to a merge by the real program: nothing of a person's or an agent's is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusion_kit.core import events as e
from tests.stories.audit import Expected, audit, processes, repository
from tests.stories.conftest import Opens
from tests.stories.plays import NOTE, project
from tests.stories.stage import Stage

pytestmark = pytest.mark.story
SLOW_S = 60.0
AGENT = "tasks:\n  - {id: it, agent: actor, prompt: Act.}\n"
END = Expected({"it": 1}, frozenset({"it"}), frozenset({"it"}), frozenset({"done.txt", "README.md"}))


def _acting(script: str) -> Callable[[Path], dict[str, str]]:
    """A project whose one agent runs this script, after it noted that it did and before it wrote its file."""
    lines = "".join(f"      {line}\n" for line in script.strip().splitlines())
    steps = f"steps:\n  - run: '{NOTE}'\n  - run: |\n{lines}  - write: {{done.txt: done}}\n  - say: Done.\n"
    return lambda effects: project(effects, AGENT, actor=steps)


def _facts(stage: Stage, kind: type[e.AnyFact]) -> list[e.AnyFact]:
    return [event.fact for event in stage.events() if isinstance(event.fact, kind)]


HARMLESS = {
    "switches the branch": "git checkout -q other",
    "detaches its head": "git checkout -q --detach",
    "commits by itself": "echo x >x.txt; git add x.txt; git commit -q -m Mine",
    "rewrites the history": "git commit -q --allow-empty -m A; git commit -q --amend -m B; git reset -q --soft HEAD~",
    "deletes the files of its worktree": "rm -rf ./* .gitignore; git checkout -q -- .",
    "leaves the index locked": 'touch "$(git rev-parse --git-dir)/index.lock"',
    "is in the middle of a merge": (
        "echo a >README.md; git commit -q -a -m A; theirs=$(git rev-parse HEAD)\n"
        "git checkout -q --detach HEAD~; echo b >README.md; git commit -q -a -m B\n"
        'git merge "$theirs" || git checkout -q --ours README.md'
    ),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_an_agent_that_does_this_in_its_workspace_has_its_work_kept_and_nobody_elses_changed(
    open_stage: Opens, what: str
) -> None:
    stage = open_stage(_acting(HARMLESS[what]))
    stage.git("branch", "other")
    before = stage.git("rev-parse", "main", "other"), stage.git("symbolic-ref", "HEAD")
    stage.call("run", "play")
    assert audit(stage, stage.newest(), END) == []
    assert (stage.git("rev-parse", "main", "other"), stage.git("symbolic-ref", "HEAD")) == before
    assert _facts(stage, e.WorkspaceEscaped) == []


REFUSED = {
    "a repository inside": ("git init -q inner; echo precious >inner/x.txt", "inside the repository: inner/"),
    "a link out of the tree": ("mkdir inner; echo precious >inner/x.txt; ln -s ../../.. up", "leaves the tree: up"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_must_not_be_committed_is_named_and_stays_where_the_agent_left_it(open_stage: Opens, what: str) -> None:
    script, told = REFUSED[what]
    stage = open_stage(_acting(script))
    runner = stage.call("run", "play", code=1)
    (left,) = (stage.root / "workspaces").rglob("inner/x.txt")
    assert (told in runner.err, left.read_text(), list(repository(stage))) == (True, "precious\n", [])
    assert "actor-1" in stage.call("rescue").out


def test_an_agent_that_deletes_its_own_workspace_has_the_next_one_made_anew(open_stage: Opens) -> None:
    script = 'if [ {attempt} = 1 ]; then rm -rf "$PWD"; exit 1; fi'
    stage = open_stage(lambda effects: _retried(_acting(script)(effects)))
    runner = stage.call("run", "play", "-o", "json")
    assert (runner.document()["status"], stage.git("show", f"fk/{stage.newest()}/result:done.txt")) == (
        "completed",
        "done",
    )
    assert list(repository(stage)) == []


def _retried(files: dict[str, str]) -> dict[str, str]:
    name = ".fusion/workflows/play.yaml"
    return {**files, name: files[name].replace("prompt: Act.", "prompt: Act., retry: 1")}


ESCAPES = {
    "commits on main": (
        'git -C "$FUSION_PROJECT_ROOT" commit -q --allow-empty -m Theirs',
        {"refs": ("refs/heads/main",)},
    ),
    "pushes by force to main": (
        'git commit -q --amend -m Rewritten; git push -q -f "$FUSION_PROJECT_ROOT/.git" HEAD:refs/heads/other',
        {"refs": ("refs/heads/other",)},
    ),
    "edits the person's checkout": ('echo mine >>"$FUSION_PROJECT_ROOT/README.md"', {"paths": ("README.md",)}),
}


@pytest.mark.parametrize("what", ESCAPES)
def test_an_agent_that_does_this_outside_is_told_of_by_name_and_nothing_is_undone(open_stage: Opens, what: str) -> None:
    script, seen = ESCAPES[what]
    stage = open_stage(_acting(script))
    stage.git("branch", "other")
    runner = stage.call("run", "play")
    (told,) = _facts(stage, e.WorkspaceEscaped)
    assert isinstance(told, e.WorkspaceEscaped)
    assert {"refs": told.refs, "paths": told.paths} == {"refs": (), "paths": (), **seen}
    assert (told.tasks, all(name in runner.err for name in told.refs + told.paths)) == (("it",), True)
    changed = stage.git("log", "-1", "--format=%s", "main") + (stage.root / "README.md").read_text()
    assert ("Theirs" in changed or "mine" in changed) == (what != "pushes by force to main")
    assert stage.git("show", f"fk/{stage.newest()}/result:done.txt") == "done"


def test_an_agent_that_pushes_by_force_to_a_remote_moves_no_branch_here(tmp_path: Path, open_stage: Opens) -> None:
    stage = open_stage(_acting("git commit -q --amend -m Rewritten; git push -q -f origin HEAD:main"))
    stage.git("clone", "-q", "--bare", str(stage.root), str(tmp_path / "remote.git"))
    stage.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    before = stage.git("rev-parse", "main")
    stage.call("run", "play")
    assert (stage.git("rev-parse", "main"), audit(stage, stage.newest(), END)) == (before, [])


def _into_main(effects: Path) -> dict[str, str]:
    tasks = "".join(f"  - {{id: {name}, run: echo {name} >{name}.txt}}\n" for name in ("one", "two"))
    return project(effects, f"tasks:\n{tasks}merge: {{into: main, gate: test -e one.txt -a -e two.txt}}\n")


def _husky(stage: Stage, does: str) -> None:
    """Hooks as husky installs them: committed files, named by `core.hooksPath`."""
    hook = f"#!/bin/sh\necho hooked >>'{stage.home}/hooked'\n{does}\n"
    names = ("pre-commit", "commit-msg", "pre-merge-commit", "post-checkout", "post-merge", "reference-transaction")
    stage.commit({f".husky/{name}": hook for name in names}, "Husky")
    for name in names:
        (stage.root / ".husky" / name).chmod(0o755)
    stage.git("commit", "-q", "-a", "-m", "They run")
    stage.git("config", "core.hooksPath", ".husky")


@pytest.mark.parametrize("does", [f"sleep {SLOW_S}", "exit 1"])
def test_a_husky_hook_that_hangs_or_fails_holds_no_merge_up(open_stage: Opens, does: str) -> None:
    stage = open_stage(_into_main)
    _husky(stage, does)
    begun_s = time.monotonic()
    stage.call("run", "play")
    assert (time.monotonic() - begun_s < SLOW_S, (stage.home / "hooked").exists()) == (True, False)
    assert _ends_on_main(stage)


def _ends_on_main(stage: Stage) -> bool:
    files = {name: (stage.root / f"{name}.txt").read_text() for name in ("one", "two")}
    return files == {"one": "one\n", "two": "two\n"} and stage.git("status", "--porcelain") == ""


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_a_merge_needs_neither_a_key_to_sign_with_nor_an_identity(open_stage: Opens, strategy: str) -> None:
    stage = open_stage(_into_main)
    workflow = stage.root / ".fusion" / "workflows" / "play.yaml"
    stage.commit({".fusion/workflows/play.yaml": workflow.read_text().replace("into", f"strategy: {strategy}, into")})
    (stage.home / ".gitconfig").write_text(
        "[user]\nuseConfigOnly = true\nsigningkey = 0000\n[commit]\ngpgsign = true\n[gpg]\nprogram = false\n"
    )
    stage.call("run", "play")
    assert _ends_on_main(stage)


def test_a_submodule_and_a_filter_without_its_program_come_through_a_merge_unchanged(open_stage: Opens) -> None:
    stage = open_stage(_into_main)
    other = open_stage(lambda _: {"inner.txt": "inner\n"}, "other")
    stage.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "inner")
    stage.commit({"big.bin": "pointer\n", ".gitattributes": "*.bin filter=lfs -text\n"}, "Large")
    names = ["inner", "big.bin", ".gitmodules"]
    before = [stage.git("rev-parse", f"main:{name}") for name in names]
    for key in ("clean", "smudge", "process"):
        stage.git("config", f"filter.lfs.{key}", "absent-lfs")
    stage.git("config", "filter.lfs.required", "true")
    stage.call("run", "play")
    assert ([stage.git("rev-parse", f"main:{name}") for name in names], _ends_on_main(stage)) == (before, True)
    assert (stage.root / "inner" / "inner.txt").read_text() == "inner\n"


def test_a_branch_in_the_way_of_ours_is_named_with_the_way_out_and_left_alone(open_stage: Opens) -> None:
    stage = open_stage(_acting("true"))
    stage.git("branch", "fk")
    before = stage.git("rev-parse", "fk")
    runner = stage.call("run", "play", code=None)
    assert (runner.process.returncode, stage.git("rev-parse", "fk")) == (2, before)
    assert ("git branch -m fk another-name" in runner.err, stage.done(), stage.runs()) == (True, [], [])
    stage.git("branch", "-m", "fk", "another-name")
    stage.call("run", "play")
    assert audit(stage, stage.newest(), END) == []


def test_a_target_that_no_branch_can_be_is_named_and_its_work_is_merged_elsewhere(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: _renamed(_into_main(effects), "into: main", "into: main/sub"))
    runner = stage.call("run", "play", code=1)
    assert "There is a branch main, and so Git cannot have a branch main/sub beside it." in runner.out
    stage.call("merge", stage.newest(), "--into", "main")
    assert _ends_on_main(stage)


@pytest.mark.parametrize("name", ["-x", "a..b", "HEAD", "with space"])
def test_a_target_that_is_no_name_of_a_branch_is_refused_before_anybody_works(open_stage: Opens, name: str) -> None:
    stage = open_stage(lambda effects: _renamed(_into_main(effects), "into: main", f"into: '{name}'"))
    runner = stage.call("run", "play", code=2)
    assert (f"'{name}' cannot be the name of a branch" in runner.err, stage.runs()) == (True, [])
    assert stage.call("run", "play", "-n", code=2).err == runner.err


def _renamed(files: dict[str, str], old: str, new: str) -> dict[str, str]:
    return {name: text.replace(old, new) for name, text in files.items()}


QUARREL = """\
max_parallel: 2
tasks:
  - {{id: one, run: "{one}"}}
  - {{id: two, run: "{two}"}}
{more}
"""
CONFLICTS = {
    "both changed a line": ("echo one >a.txt", "echo two >a.txt", "a.txt"),
    "both added a file": ("echo one >new.txt", "echo two >new.txt", "new.txt"),
    "one renamed and one deleted": ("git mv a.txt b.txt", "git rm -q a.txt", "b.txt"),
    "both changed a binary file": ("printf '\\\\0one' >b.bin", "printf '\\\\0two' >b.bin", "b.bin"),
    "both wrote the lock file": ("echo one >package-lock.json", "echo two >package-lock.json", "package-lock.json"),
}


@pytest.mark.parametrize("what", CONFLICTS)
def test_work_that_does_not_merge_is_named_with_both_tasks_and_the_file_and_both_are_kept(
    open_stage: Opens, what: str
) -> None:
    one, two, name = CONFLICTS[what]
    base = {"a.txt": "a\n", "b.bin": "\0", "package-lock.json": "{}\n"}
    stage = open_stage(lambda effects: project(effects, QUARREL.format(one=one, two=two, more="")) | base)
    runner = stage.call("run", "play", code=1)
    assert [word for word in ("one", "two", name) if word not in runner.err] == []
    run = stage.newest()
    branches = stage.git("branch", "--list", f"fk/{run}/t/*", "--format=%(refname:short)").split()
    assert (branches, stage.git("status", "--porcelain")) == ([f"fk/{run}/t/one", f"fk/{run}/t/two"], "")


def test_a_task_whose_two_parents_conflict_fails_before_it_starts_and_names_both(open_stage: Opens) -> None:
    more = f"  - {{id: join, needs: [one, two], run: '{NOTE}'}}"
    tasks = QUARREL.format(one="echo one >a.txt", two="echo two >a.txt", more=more)
    stage = open_stage(lambda effects: project(effects, tasks))
    document = stage.call("run", "play", "-o", "json", code=1).document()
    join = next(task for task in document["tasks"] if task["id"] == "join")
    assert (join["outcome"], stage.done()) == ("conflict", [])
    assert [word for word in ("one", "two", "a.txt") if word not in join["error"]["message"]] == []


SAME = """\
tasks:
  - {{id: nothing, run: "true"}}
  - id: first
    needs: nothing
    run: echo x >x.txt
  - {{id: left, needs: first, run: "true"}}
  - {{id: right, needs: first, run: "true"}}
merge: {{into: main}}
"""


def test_an_empty_change_and_one_commit_of_two_tasks_are_merged_once(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: project(effects, SAME.format()))
    start = stage.git("rev-parse", "main").strip()
    stage.call("run", "play")
    assert len(stage.git("log", "--no-merges", "--format=%H", f"{start}..main").split()) == 1
    assert ((stage.root / "x.txt").read_text(), stage.git("status", "--porcelain")) == ("x\n", "")
    again = stage.git("rev-parse", "main")
    stage.call("merge", stage.newest(), code=None)
    assert (stage.git("rev-parse", "main"), processes(stage, [])) == (again, [])
