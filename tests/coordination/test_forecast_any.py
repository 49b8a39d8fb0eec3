"""Any small workflow: the real engine does what was told of it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fusion_kit.testing import Sandbox
from tests.coordination.foretold import told, wrong

CONDITIONS = [
    None, None, "inputs.on", "!inputs.on", "failure()", "always()", "success()", "always() && inputs.on",
    "tasks.{need}.outputs.go == 'yes'", "inputs.on || tasks.{need}.outputs.go == 'yes'",
    "tasks.{need}.outcome == 'success'", "tasks.{need}.state == 'skipped'",
    "failure() || tasks.{need}.outputs.go == 'no'",
]  # fmt: skip
SHAPES = [
    "", "", "", ", strategy: {{matrix: {{v: [a, b]}}}}",
    ', strategy: {{matrix: {{v: "${{{{ fromJSON(tasks.{need}.outputs.list || \'[]\') }}}}"}}}}',
]  # fmt: skip


@st.composite
def workflows(draw: st.DrawFn) -> str:
    lines, plain = [], []
    for number in range(draw(st.integers(1, 7))):
        needs = (
            draw(st.lists(st.sampled_from([f"t{i}" for i in range(number)]), unique=True, max_size=3)) if number else []
        )
        seen = [need for need in needs if need in plain]
        able = [one for one in CONDITIONS if one is None or "{need}" not in one or seen]
        condition = draw(st.sampled_from(able))
        shape = draw(st.sampled_from([one for one in SHAPES if "{need}" not in one or seen]))
        need = draw(st.sampled_from(seen)) if seen else ""
        when = f', if: "{condition.format(need=need)}"' if condition else ""
        kind = draw(st.sampled_from(["run: x, outputs: {go: {}, list: {}}"] * 3 + ["uses: ./inner.yaml"]))
        if kind.startswith("run") and not shape:
            plain.append(f"t{number}")
        lines.append(f"  - {{id: t{number}, needs: [{', '.join(needs)}]{when}{shape.format(need=need)}, {kind}}}")
    end = draw(st.sampled_from(["", "finally:\n  - {id: end, run: x}\n  - {id: alarm, if: failure(), run: x}"]))
    return "name: any\ninputs: {on: {type: boolean, default: true}}\ntasks:\n" + "\n".join(lines) + "\n" + end


INNER = """
name: inner
tasks:
  - {id: a, run: x, outputs: {go: {}}}
  - {id: b, needs: a, if: tasks.a.outputs.go == 'yes', run: x}
"""


@given(text=workflows(), on=st.booleans(), answers=st.lists(st.sampled_from(["yes", "no"]), min_size=8, max_size=8))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_run_in_which_all_succeeds_is_as_it_was_told(text: str, on: bool, answers: list[str]) -> None:
    root = Path(tempfile.mkdtemp())
    try:
        sandbox = Sandbox(root)
        sandbox.workflow(text)
        sandbox.workflow(INNER, ".fusion/workflows/inner.yaml")
        for number, answer in enumerate(answers):
            outputs: dict[str, Any] = {"go": answer, "list": '["p", "q"]' if answer == "yes" else "[]"}
            sandbox.task(f"t{number}").works(**outputs)
            sandbox.task(f"t{number}.a").works(go=answer)
        lines = told(sandbox, inputs={"on": on})
        asyncio.run(sandbox.run({"on": on}))

        assert wrong(lines, sandbox.rows) == [], text
    finally:
        shutil.rmtree(root)
