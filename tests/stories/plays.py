"""The workflows that are played, and what must be there at their ends."""

from __future__ import annotations

from pathlib import Path

IGNORED = "/state\n"  # as `init` writes it
NOTE = 'echo "$FUSION_TASK_ID $FUSION_ATTEMPT_ID" >>"$EFFECTS"'

_PLANNER = f"""\
name: planner
provider: scripted
capabilities: [planning]
steps:
  - run: '{NOTE}'
  - wait: 100ms
  - output: {{pieces: [{{key: one}}, {{key: two}}, {{key: three}}]}}
  - say: Planned.
"""

_WORKER = f"""\
name: worker
provider: scripted
capabilities: [coding]
max_parallel: 3
steps:
  - progress: Working on {{key}}.
  - run: '{NOTE}'
  - wait: 250ms
  - write: {{"pieces/{{key}}.txt": "{{key}} by {{task}}\\n"}}
  - say: Wrote {{key}}.
"""

_WORKFLOW = f"""\
name: play
max_parallel: 4
env: {{EFFECTS: "@EFFECTS@"}}
tasks:
  - id: seed
    run: |
      {NOTE}
      echo seed >seed.txt
  - id: side
    workspace: none
    run: |
      {NOTE}
      sleep 0.4
  - id: plan
    needs: seed
    agent: planner
    prompt: Plan it.
    outputs: {{pieces: {{type: array}}}}
  - id: flaky
    needs: side
    retry: 2
    run: |
      {NOTE}
      if [ "$FUSION_ATTEMPT" = 1 ]; then exit 3; fi
      echo flaky >flaky.txt
  - id: piece
    needs: plan
    agent: worker
    strategy:
      matrix: {{piece: "${{{{ tasks.plan.outputs.pieces }}}}"}}
      key: ${{{{ matrix.piece.key }}}}
    prompt: Write it.
    done_when: {{changes: true}}
  - id: join
    needs: [piece, flaky]
    run: |
      {NOTE}
      cat seed.txt flaky.txt pieces/one.txt pieces/two.txt pieces/three.txt >join.txt
finally:
  - id: report
    workspace: none
    run: '{NOTE}'
"""

ATTEMPTS = {
    **dict.fromkeys(("seed", "side", "plan", "piece@one", "piece@two", "piece@three", "join", "report"), 1),
    "flaky": 2,
}
NODES = frozenset({*ATTEMPTS, "piece"})
COMMITTED = frozenset({"seed", "flaky", "piece@one", "piece@two", "piece@three", "join"})
RESULT = frozenset(
    {"seed.txt", "flaky.txt", "join.txt", "pieces/one.txt", "pieces/two.txt", "pieces/three.txt", "README.md"}
)


def play(effects: Path) -> dict[str, str]:
    """Files of a project whose workflow `play` has a bit of everything and takes some two seconds."""
    return {
        ".fusion/.gitignore": IGNORED,
        ".fusion/agents/planner.yaml": _PLANNER,
        ".fusion/agents/worker.yaml": _WORKER,
        ".fusion/workflows/play.yaml": _WORKFLOW.replace("@EFFECTS@", str(effects)),
    }


def project(effects: Path, workflow: str, **agents: str) -> dict[str, str]:
    """Files of a project with one workflow `play` of these tasks, and scripted agents by their steps."""
    head = f'name: play\nenv: {{EFFECTS: "{effects}"}}\n'
    files = {".fusion/.gitignore": IGNORED, ".fusion/workflows/play.yaml": head + workflow}
    for name, text in agents.items():
        files[f".fusion/agents/{name}.yaml"] = f"name: {name}\nprovider: scripted\n{text}"
    return files
