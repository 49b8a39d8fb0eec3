"""What `init` copies and `make demo` runs: each file valid, each agent ready to work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fusion_kit import definitions
from fusion_kit.core.work import Order
from fusion_kit.definitions.keys.config import CONFIG
from fusion_kit.providers.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
WORKFLOWS = {
    "starter": {"ci", "feature", "hello"},
    "demo": {"demo"},
    "own": {"check", "demo"},
}


@pytest.fixture(params=WORKFLOWS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each project whose definitions we ship, in a folder of its own."""
    source = {"starter": TEMPLATES, "demo": TEMPLATES / "demo" / ".fusion", "own": ROOT / ".fusion"}[str(request.param)]
    top = tmp_path / str(request.param)
    shutil.copytree(source, top / ".fusion", ignore=shutil.ignore_patterns("demo", "state"))
    return top


def test_every_definition_is_valid_without_a_warning(project: Path) -> None:
    assert [definitions.render(problem) for problem in definitions.validate([], project)] == []
    found = {path.stem for path in definitions.find_workflows(project)}
    assert found == WORKFLOWS[project.name]
    for name in found:
        definitions.load_workflow(name, project)


def test_every_agent_can_start(project: Path) -> None:
    for agent in definitions.load_agents(project).values():
        order = Order(agent, "Hello.", project, project, env={"FUSION_PROJECT_ROOT": str(project)})
        assert Registry().provider(agent).invocation(order).argv[0] == sys.executable


def test_the_starter_has_everything_in_its_place() -> None:
    found = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file()}
    assert {name for name in found if not name.startswith("demo/")} == {
        ".env.example",
        ".gitignore",
        "agents/implementer.yaml",
        "agents/planner.yaml",
        "agents/reviewer.yaml",
        "config.yaml",
        "workflows/ci.yaml",
        "workflows/feature.yaml",
        "workflows/hello.yaml",
    }


def test_the_commented_configuration_names_every_key_and_each_example_is_valid(tmp_path: Path) -> None:
    lines = (TEMPLATES / "config.yaml").read_text().splitlines()
    awake = [line.removeprefix("# ") if _is_example(line) else line for line in lines]
    (tmp_path / ".fusion").mkdir()
    (tmp_path / ".fusion" / "config.yaml").write_text("\n".join(awake))
    assert [definitions.render(problem) for problem in definitions.validate([], tmp_path)] == []
    assert set(definitions.load_config(tmp_path)) == set(CONFIG.keys)


def _is_example(line: str) -> bool:
    """Whether a comment is YAML that was put to sleep: `# key: ...` or an indented line below one."""
    words = line.removeprefix("# ")
    return line.startswith("#   ") or (line.startswith("# ") and words.split(":")[0].isidentifier() and ":" in words)


def test_the_demos_calculator_passes_its_own_tests(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES / "demo", tmp_path / "calculator")
    command = [sys.executable, "-B", "-m", "unittest", "-q"]
    done = subprocess.run(command, cwd=tmp_path / "calculator", capture_output=True, text=True, check=False)
    assert (done.returncode, "Ran 3 tests" in done.stderr) == (0, True)


def test_the_demo_waits_for_less_than_20_seconds_in_all() -> None:
    waits_s = 0.0
    for path in (TEMPLATES / "demo" / ".fusion" / "agents").glob("*.yaml"):
        agent = yaml.safe_load(path.read_text())
        for steps in [agent.get("steps", []), *agent.get("tasks", {}).values()]:
            waits_s += sum(float(step["wait"].removesuffix("ms")) / 1000 for step in steps if "wait" in step)
    assert 2 < waits_s < 12
