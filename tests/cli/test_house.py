"""`version`, `doctor` and completion: this installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fusion_kit import __version__
from tests.cli.fakes import FakeProject, FakeProjects, Found
from tests.cli.runner import cli


def test_version_is_one_line() -> None:
    assert cli("version").out == f"fusion-kit {__version__}\n"


def test_python_m_and_the_installed_command_are_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "fusion_kit", "version"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"fusion-kit {__version__}\n", "")


def test_doctor_tells_each_finding_with_its_way_out(project: FakeProject, projects: FakeProjects) -> None:
    project.findings = [Found("ok", "git", "2.39"), Found("warning", "agents", "none", "Install one.")]
    seen = cli("doctor", projects=projects)
    assert (seen.code, seen.out) == (0, "ok git: 2.39\nwarning agents: none\n  Install one.\n")


def test_an_error_among_the_findings_is_code_1(project: FakeProject, projects: FakeProjects) -> None:
    project.findings = [Found("error", "log", "damaged", "`fusion-kit doctor --repair`")]
    seen = cli("doctor", "-o", "json", projects=projects)
    assert (seen.code, seen.json["items"]) == (
        1,
        [{"level": "error", "subject": "log", "text": "damaged", "hint": "`fusion-kit doctor --repair`"}],
    )


def test_repair_is_asked_for(project: FakeProject, projects: FakeProjects) -> None:
    assert cli("doctor", "--repair", projects=projects).out == "ok log: repaired\n"


def _completed(line: str, folder: Path, shell: str = "bash") -> list[str]:
    env = {
        **os.environ,
        "_FUSION_KIT_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-m", "fusion_kit"], capture_output=True, text=True, check=False, env=env, cwd=folder
    )
    return done.stdout.split()


def test_the_shell_completes_commands_and_options(tmp_path: Path) -> None:
    assert _completed("fusion-kit s", tmp_path) == ["show", "schema", "secret", "status"]
    assert {"--dry-run", "--detach"} <= set(_completed("fusion-kit run --d", tmp_path))


def test_the_shell_completes_workflows_and_runs_and_nothing_outside_of_a_project(tmp_path: Path) -> None:
    assert (_completed("fusion-kit run ", tmp_path), _completed("fusion-kit logs ", tmp_path)) == ([], [])
    (tmp_path / ".fusion" / "workflows").mkdir(parents=True)
    for name in ("quick", "quiet", "slow"):
        (tmp_path / ".fusion" / "workflows" / f"{name}.yaml").write_text('tasks: [{ id: a, run: "true" }]\n')
    assert _completed("fusion-kit run qu", tmp_path) == ["quick", "quiet"]
    assert cli("-C", tmp_path, "run", "slow", "-q").code == 0
    run = cli("-C", tmp_path, "history", "-o", "json").json["items"][0]["run"]
    assert _completed("fusion-kit logs sl", tmp_path) == [run]
