"""Runs that are edited, paused, answered and named in odd moments: what was begun is what is finished, once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stories.audit import Expected, audit, ledger, processes, repository
from tests.stories.conftest import Opens
from tests.stories.first_minutes.newcomer import newcomer
from tests.stories.first_minutes.terminal import watched
from tests.stories.plays import NOTE, project
from tests.stories.stage import Stage, until

pytestmark = pytest.mark.story
WAIT = 'while [ ! -e "$EFFECTS.go" ]; do sleep 0.05; done'
HELD = f"""\
tasks:
  - id: it
    run: |
      {NOTE}
      {WAIT}
  - {{id: after, needs: it, agent: actor, prompt: Act.}}
"""
ACTOR = f"steps:\n  - run: '{NOTE}'\n  - write: {{done.txt: first}}\n  - say: Done.\n"
HELD_END = Expected(
    {"it": 1, "after": 1}, frozenset({"it", "after"}), frozenset({"after"}), frozenset({"done.txt", "README.md"})
)


def _files(tasks: str, **agents: str) -> Callable[[Path], dict[str, str]]:
    return lambda effects: project(effects, tasks, **agents)


def _go(stage: Stage) -> None:
    Path(f"{stage.effects}.go").touch()


def _edit(stage: Stage) -> None:
    """Somebody changes the workflow and the agent of a run that is on, and commits that."""
    for name in ("agents/actor.yaml", "workflows/play.yaml"):
        path = stage.root / ".fusion" / name
        path.write_text(path.read_text().replace("first", "second").replace("needs: it", "needs: []"))
    stage.commit({}, "Edited")


def test_files_edited_during_a_run_change_the_next_run_and_not_this_one(open_stage: Opens) -> None:
    stage = open_stage(_files(HELD, actor=ACTOR))
    runner = stage.start("run", "play")
    until(stage.done, "the task")
    _edit(stage)
    _go(stage)
    assert (runner.wait(), audit(stage, stage.newest(), HELD_END)) == (0, [])
    first = stage.newest()
    stage.call("run", "play")
    runs = [first, stage.newest()]
    assert [stage.git("show", f"fk/{run}/result:done.txt") for run in runs] == ["first", "second"]


def test_resume_names_the_files_that_were_edited_and_goes_on_as_it_was_begun(open_stage: Opens) -> None:
    stage = open_stage(_files(HELD, actor=ACTOR))
    runner = stage.start("run", "play")
    until(stage.done, "the task")
    runner.kill()
    _edit(stage)
    _go(stage)
    resumed = stage.call("resume", stage.newest())
    assert "changed since: .fusion/agents/actor.yaml, .fusion/workflows/play.yaml" in resumed.err
    assert (audit(stage, stage.newest(), HELD_END), stage.git("show", f"fk/{stage.newest()}/result:done.txt")) == (
        [],
        "first",
    )


def test_a_pause_in_the_moment_of_starting_starts_nothing_twice(open_stage: Opens) -> None:
    tasks = "max_parallel: 6\ntasks:\n" + "".join(f"  - {{id: t{n}, agent: actor, prompt: x}}\n" for n in range(6))
    actor = f"max_parallel: 6\nsteps:\n  - run: '{NOTE}'\n  - wait: 1s\n  - say: Done.\n"
    stage = open_stage(_files(tasks, actor=actor))
    runner = stage.start("run", "play")
    stage.await_line('"workflow.started"')
    stage.call("pause", stage.newest())
    stage.await_line('"workflow.paused"')
    stage.call("resume", stage.newest())
    assert runner.wait() == 0
    nodes = frozenset(f"t{n}" for n in range(6))
    assert audit(stage, stage.newest(), Expected(dict.fromkeys(nodes, 1), nodes)) == []


ASK = f"tasks:\n  - {{id: ask, approval: {{message: Go on?}}}}\n  - {{id: it, needs: ask, run: '{NOTE}'}}\n"


def test_of_answers_given_at_once_from_many_terminals_one_counts(open_stage: Opens) -> None:
    stage = open_stage(_files(ASK))
    stage.call("run", "play", code=4)
    run = stage.newest()
    answers = [stage.start("approve", run, "ask") for _ in range(3)] + [
        stage.start("reject", run, "ask", "-m", "No.") for _ in range(3)
    ]
    codes = [answer.wait() for answer in answers]
    assert (sorted(codes), list(ledger(stage))) == ([0, 2, 2, 2, 2, 2], [])
    said_yes = codes.index(0) < 3
    stage.call("resume", run, code=0 if said_yes else 1)
    assert ([task for task, _ in stage.done()], list(repository(stage))) == (["it"] if said_yes else [], [])


def test_an_approval_outlives_the_runner_that_asked_and_is_asked_once(open_stage: Opens) -> None:
    both = f"{ASK}  - id: slow\n    run: |\n      {NOTE}\n      {WAIT}\n"
    stage = open_stage(_files(both))
    runner = stage.start("run", "play")
    stage.await_line('"task.paused"')
    until(stage.done, "the slow task")
    runner.kill()
    stage.call("approve", stage.newest(), "ask")
    _go(stage)
    stage.call("resume", stage.newest())
    nodes = frozenset({"ask", "it", "slow"})
    found = audit(stage, stage.newest(), Expected({"it": 1, "slow": 1, "ask": 0}, nodes))
    assert [line for line in found if not line.startswith("ask completed")] == []
    assert stage.log_bytes().count(b'"task.paused"') == 1


def test_status_says_why_the_one_agent_the_budget_does_not_suffice_for_has_not_started(open_stage: Opens) -> None:
    tasks = "max_parallel: 4\ntasks:\n" + "".join(f"  - {{id: t{n}, agent: actor, prompt: x}}\n" for n in range(4))
    actor = f"max_parallel: 4\nlimits: {{cost_usd: 0.50}}\nsteps:\n  - run: '{NOTE}'\n  - wait: 300ms\n"
    actor += "  - use: {input_tokens: 5, output_tokens: 5, cost_usd: 0.50}\n  - say: Done.\n"
    stage = open_stage(_files(tasks, actor=actor))
    stage.call("run", "play", "--max-cost", "1.50", code=4)
    run = stage.newest()
    (held,) = {f"t{n}" for n in range(4)} - {task for task, _ in stage.done()}
    (line,) = (line for line in stage.call("status", run).out.splitlines() if line.split()[:1] == [held])
    assert ("0.50" in line, "1.50" in line, len(stage.done())) == (True, True, 3)
    stage.call("resume", run, "--max-cost", "2.00")
    assert sorted(task for task, _ in stage.done()) == ["t0", "t1", "t2", "t3"]


KEYS = ["two words", "Grüße", "grüße", "Same", "same", "..", "../../up", "-rf", "x" * 300, "CON", "nul.txt", "a.lock"]


def test_keys_of_any_name_have_a_branch_and_a_folder_of_their_own_each(open_stage: Opens) -> None:
    tasks = f"""\
max_parallel: 6
tasks:
  - id: it
    strategy: {{matrix: {{name: {KEYS!r}}}}}
    env: {{NAME: "${{{{ matrix.name }}}}"}}
    run: printf '%s\\n' "$NAME" >"$FUSION_TASK_ID.txt"
"""
    stage = open_stage(_files(tasks))
    stage.call("run", "play")
    listed = stage.git("ls-tree", "-r", "--name-only", f"fk/{stage.newest()}/result").split()
    names = [name for name in listed if name.startswith("it@")]
    told = [stage.git("show", f"fk/{stage.newest()}/result:{name}").rstrip("\n") for name in names]
    assert (sorted(told), len({name.casefold() for name in names})) == (sorted(KEYS), len(KEYS))
    assert [name for name in names if not re.fullmatch(r"it@[a-z0-9._-]{1,60}\.txt", name)] == []


LISTED = "workspace:\n  copy: [.env]\n"


@pytest.mark.parametrize("listed", [True, False])
def test_an_ignored_env_file_is_there_only_where_it_is_listed_and_never_committed(
    open_stage: Opens, listed: bool
) -> None:
    task = (
        f'tasks:\n  - id: it\n    run: |\n      {NOTE}\n      cat .env >"$EFFECTS.env" || true\n      echo x >x.txt\n'
    )
    more = {".gitignore": ".env\n", ".fusion/config.yaml": LISTED} if listed else {".gitignore": ".env\n"}
    stage = open_stage(lambda effects: {**project(effects, task), **more})
    stage.write({".env": "KEY=precious\n"})
    stage.call("run", "play")
    assert Path(f"{stage.effects}.env").read_text() == ("KEY=precious\n" if listed else "")
    assert stage.git("log", "--all", "--format=%H", "--", ".env") == ""


def test_what_is_salvaged_of_a_failed_task_holds_no_ignored_file(open_stage: Opens) -> None:
    actor = (
        f"steps:\n  - run: '{NOTE}'\n  - write: {{kept.txt: kept, .env: KEY=precious, cache/x.o: x}}\n"
        "  - fail: {error: Broken.}\n"
    )
    tasks = "tasks:\n  - {id: it, agent: actor, prompt: x, retry: 1}\n"
    stage = open_stage(lambda effects: {**project(effects, tasks, actor=actor), ".gitignore": ".env\ncache/\n"})
    stage.call("run", "play", code=1)
    stage.call("clean", "--yes", code=None)
    refs = stage.git("for-each-ref", "--format=%(refname)").split()
    files = {name for ref in refs for name in stage.git("ls-tree", "-r", "--name-only", ref).split()}
    assert ("kept.txt" in files, files & {".env", "cache/x.o"}) == (True, set())


FLOOD = r"""
import sys, time
hostile = "::error::boo\n::set-output name=x::y\n##[error]x\n\033[2J\033[H\033]0;owned\007\033]8;;http://evil\033\\link\n"
end = time.monotonic() + 0.5
count = 0
while time.monotonic() < end:
    for _ in range(500):
        sys.stdout.write(hostile)
    count += 2500
    sys.stdout.flush()
    time.sleep(0.01)
open(sys.argv[1], "w").write(str(count))
"""
FLOODED = '\ntasks:\n  - {id: it, run: python3 flood.py "$EFFECTS.count"}\n'
COMMANDS = re.compile(r"^\s*(?:::(?P<name>[a-z-]+)|##\w*\[)", re.MULTILINE)


def test_a_flood_of_commands_and_escapes_is_none_to_github_and_to_no_pipe(open_stage: Opens) -> None:
    stage = open_stage(lambda effects: {**project(effects, FLOODED), "flood.py": FLOOD})
    github = {name: str(stage.home / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    ran = stage.call("run", "play", "-o", "github", env={"GITHUB_ACTIONS": "true", **github})
    plain = stage.call("run", "play", "-v", "-o", "plain")
    assert int(Path(f"{stage.effects}.count").read_text()) >= 5_000  # in half a second
    assert [text for text in (ran.err, ran.out, plain.err, plain.out) if "\x1b" in text or "\x07" in text] == []
    fences = re.findall(r"^::stop-commands::(\S+)$", ran.err, re.MULTILINE)
    obeyed = ran.err
    for fence in fences:
        obeyed = re.sub(rf"^::stop-commands::{fence}$.*?^::{fence}::$", "", obeyed, flags=re.MULTILINE | re.DOTALL)
    said = {found["name"] for found in COMMANDS.finditer(obeyed) if found["name"]}
    assert (len(fences) > 0, said & {"error", "set-output"}, "##[" in obeyed) == (True, set(), False)
    assert processes(stage, []) == []


def test_a_flood_of_escapes_leaves_a_live_terminal_as_it_is(tmp_path: Path) -> None:
    ada = newcomer(tmp_path)
    ada.write("flood.py", FLOOD)
    ada.write(".fusion/workflows/play.yaml", f"tasks:\n  - {{id: it, run: '{sys.executable} flood.py count'}}\n")
    ada.with_a_commit()
    seen = watched(ada, "run", "play", columns=80)
    assert (seen.code, seen.screen.strange, seen.screen.hidden) == (0, [], False)
