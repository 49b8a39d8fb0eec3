"""Where a scripted agent's script comes from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers.errors import BadOption, BadScript
from fusion_kit.providers.scripted import Scripted
from tests.providers.rig import Rig, scripted


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


class TestTheScript:
    def test_may_lie_in_a_file_beside_the_agents_own(self, tmp_path: Path) -> None:
        agents = tmp_path / "project" / ".fusion" / "agents"
        agents.mkdir(parents=True)
        (agents / "plan.steps.yaml").write_text("steps: [hello from a file]\ntasks: {other: [no]}\n")
        rig = Rig(tmp_path, env={"FUSION_PROJECT_ROOT": str(tmp_path / "project")})
        agent = AgentSpec(
            "robot", "scripted", options={"script": "plan.steps.yaml"}, source=".fusion/agents/robot.yaml"
        )
        assert rig.run(agent).text == "hello from a file"
        (agents / "plan.steps.yaml").write_text("- a bare list\n- {wait: 012ms}\n- no\n")
        assert rig.run(agent).text == "no"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "No such file or directory"),
            ("steps: [", "expected the node content"),
            ("a: &x [1]\nsteps: *x", "aliases are not for scripts"),
            ("just text", "it must be a mapping with `steps` or `tasks`, or a list of steps"),
            ("x" * (1 << 20) + "x", "it is larger than 1 MiB"),
            ("[" * 100_000, "s.yaml: "),
        ],
        ids=["missing", "broken", "alias", "text", "large", "deep"],
    )
    def test_in_a_file_that_cannot_be_read_is_refused(self, rig: Rig, content: str | None, reason: str) -> None:
        agent = AgentSpec("robot", "scripted", options={"script": "s.yaml"})
        order = rig.order(agent)
        if content is not None:
            (rig.workspace / "s.yaml").write_text(content)
        with pytest.raises(BadOption) as caught:
            Scripted().invocation(order)
        assert reason in str(caught.value)

    def test_must_be_there(self, rig: Rig) -> None:
        with pytest.raises(BadOption, match="it has neither `steps` nor `tasks` nor `script`"):
            Scripted().invocation(rig.order(AgentSpec("robot", "scripted")))

    def test_that_is_wrong_is_refused_with_its_place(self, rig: Rig) -> None:
        with pytest.raises(BadScript) as caught:
            Scripted().invocation(rig.order(scripted("x", {"wiat": "1s"})))
        assert str(caught.value) == (
            "The script of agent 'robot' is wrong at steps[1]: there is no step 'wiat'; did you mean 'wait'?"
        )

    def test_of_a_task_that_is_wrong_is_refused_with_its_place(self, rig: Rig) -> None:
        with pytest.raises(BadScript, match=r"is wrong at tasks\[plan\]: it must be a list of steps"):
            Scripted().invocation(rig.order(scripted(plan="x")))
