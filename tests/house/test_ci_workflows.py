"""The CI files of the documents are tried: their steps are executed in a clone, as the services would."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import yaml

from tests.house.documents import ROOT
from tests.house.terminal import Terminal, opened

FILES = ROOT / "docs" / "how-to" / "ci"

GOOD = 'outputs: {word: "${{ tasks.a.outputs.word }}"}\ntasks:\n  - id: a\n    outputs: {word: {type: string}}\n'
GOOD += '    run: echo "::error::no" && echo word=hi >> "$FUSION_OUTPUT"\n'
WORKS = "tasks:\n  - id: a\n    workspace: own\n    run: echo more > made.txt\n"
FAILS = "tasks:\n  - id: a\n    run: echo broken && exit 3\n"
WAITS = "tasks:\n  - id: a\n    approval: {message: May it?}\n"


@dataclass
class Job:
    """A clone on a service's machine, and the files the service names to a step."""

    terminal: Terminal
    outputs: Path
    summary: Path
    reports: Path
    found: dict[str, str] = field(default_factory=dict)

    def step(self, script: str) -> subprocess.CompletedProcess[str]:
        """Execute it as GitHub does: `bash -e` on a file of its own."""
        for name, value in self.found.items():
            script = script.replace(f"${{{{ steps.fusion.outputs.{name} }}}}", value)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            cwd=self.terminal.folder, env=self.terminal.env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if self.outputs.exists():
            self.found |= dict(re.findall(r"^(\w+)<<(?:\S+)\n(.*)\n", self.outputs.read_text(), re.MULTILINE))
        return done


@pytest.fixture
def job(tmp_path: Path) -> Job:
    terminal = opened(tmp_path / "home")
    pip = tmp_path / "home" / "bin" / "pip"
    pip.write_text("#!/bin/sh\nexit 0\n")  # what is tried is this source tree, not what an index holds
    pip.chmod(0o755)
    outputs, summary = tmp_path / "output", tmp_path / "summary"
    terminal.env |= {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}
    return Job(terminal, outputs, summary, tmp_path / "home" / "clone" / "reports")


def _cloned(job: Job, workflow: str) -> Job:
    folder = job.terminal.home / "origin" / ".fusion" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ci.yaml").write_text(workflow)
    job.terminal.typed("cd origin && git init -q && git add -A && git commit -qm first && cd ..")
    job.terminal.typed("git clone -q origin clone && cd clone")
    return job


def _steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((FILES / "github-actions.yml").read_text())
    return [step for step in workflow["jobs"]["agents"]["steps"] if "run" in step]


def _github(job: Job) -> subprocess.CompletedProcess[str]:
    """Execute all steps up to the run, and return that one."""
    job.terminal.env |= {"GITHUB_ACTIONS": "true"}
    done = [job.step(step["run"]) for step in _steps() if step["name"] != "Keep the work"]
    assert [step.returncode for step in done[:-1]] == [0, 0]
    return done[-1]


def _gitlab(job: Job) -> int:
    found = yaml.safe_load((FILES / "gitlab-ci.yml").read_text())["agents"]
    job.terminal.env |= {"GITLAB_CI": "true"}
    return job.step("\n".join([*found["before_script"], *found["script"]])).returncode


def _cases(job: Job) -> list[str]:
    root = Xml.parse(job.reports / "junit.xml").getroot()
    return [case[0].tag if len(case) else "passed" for case in root.iter("testcase")]


@pytest.mark.story
def test_a_good_run_on_github_is_green_with_outputs_and_reports(job: Job) -> None:
    done = _github(_cloned(job, GOOD))
    assert (done.returncode, job.found["status"], job.found["word"]) == (0, "completed", "hi"), done.stderr
    assert job.found["run"].startswith("ci-")
    assert job.summary.read_text().startswith("## ci: completed\n")
    assert (job.reports / "summary.md").read_text() == job.summary.read_text()
    assert _cases(job) == ["system-out"]


@pytest.mark.story
def test_a_failed_run_on_github_is_red_and_annotated(job: Job) -> None:
    done = _github(_cloned(job, FAILS))
    assert (done.returncode, job.found["status"], _cases(job)) == (1, "failed", ["failure"])
    assert "::error title=a%3A exit_code::" in done.stderr
    assert "```text\nbroken\n```" in job.summary.read_text()


@pytest.mark.story
def test_a_run_that_waits_for_a_person_is_a_warning_on_github(job: Job) -> None:
    done = _github(_cloned(job, WAITS))
    assert (done.returncode, job.found["status"], _cases(job)) == (0, "paused", ["skipped"]), done.stderr
    assert "::warning::The run waits for a person or a budget" in done.stdout


@pytest.mark.story
def test_the_work_of_a_run_is_kept_as_a_bundle(job: Job) -> None:
    assert _github(_cloned(job, WORKS)).returncode == 0
    keep = next(step for step in _steps() if step["name"] == "Keep the work")
    assert job.step(keep["run"]).returncode == 0
    listed = job.terminal.typed("git bundle list-heads reports/work.bundle")
    assert listed.split()[1] == f"refs/heads/{job.found['branch']}"


@pytest.mark.story
@pytest.mark.parametrize(
    ("workflow", "code", "cases"), [(GOOD, 0, ["system-out"]), (FAILS, 1, ["failure"]), (WAITS, 4, ["skipped"])]
)
def test_on_gitlab_the_exit_code_tells_and_the_report_is_there(
    job: Job, workflow: str, code: int, cases: list[str]
) -> None:
    assert _gitlab(_cloned(job, workflow)) == code
    assert _cases(job) == cases


def test_gitlab_takes_only_a_waiting_run_for_a_warning() -> None:
    found = yaml.safe_load((FILES / "gitlab-ci.yml").read_text())["agents"]
    assert (found["allow_failure"], found["artifacts"]["reports"]) == (
        {"exit_codes": [4]}, {"junit": "reports/junit.xml"},
    )  # fmt: skip
