"""A run whose work has to be merged: one task is guilty, two collide, and one leaves work that nobody committed."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

from tests.stories.plays import NOTE, project

TARGET = "main"
NODES = ("one", "bad", "messy", "left", "right")
FILES = {"one.txt": "fine\n", "bad.txt": "fine\n", "messy.txt": "tidy\n", "same.txt": "left and right\n"}

# Whoever writes something precious says so afterwards: from then on these bytes are never gone.
_PRECIOUS = 'echo "$FUSION_ATTEMPT_ID {0}" >precious-{0}.txt; echo "$FUSION_ATTEMPT_ID {0}" >>"$EFFECTS.precious"'
_MESSY = " && ".join(
    (
        NOTE,
        'if [ "$FUSION_ATTEMPT" = 1 ]; then ' + _PRECIOUS.format("committed"),
        "git add -A",
        "git -c user.name=It -c user.email=it@example.org commit -q -m Mine",
        _PRECIOUS.format("loose") + "; false; else echo tidy >messy.txt; fi",
    )
)
_WRITER = f"""\
max_parallel: 2
tasks:
  left: [{{run: '{NOTE}'}}, {{write: {{same.txt: "left\\n"}}}}, {{say: Left.}}]
  right: [{{run: '{NOTE}'}}, {{write: {{same.txt: "right\\n"}}}}, {{say: Right.}}]
  "merge.*":
    - run: '{NOTE}'
    - write: {{same.txt: "left and right\\n"}}
    - wait: 200ms
    - say: Both.
"""
# It says when it begins and how it ended, and a file lets it wait: nobody has to be lucky to find it at work.
GATE = """\
at=$(git rev-parse HEAD)
echo "begin $at" >>"$EFFECTS.gates"
sleep 0.1
while [ -e "$EFFECTS.hold" ]; do sleep 0.02; done
said=green
grep -s broken bad.txt && said=red
echo "$said $at" >>"$EFFECTS.gates"
test "$said" = green
"""
_TASKS = f"""\
max_parallel: 4
tasks:
  - id: one
    run: |
      {NOTE}
      echo fine >one.txt
  - id: bad
    run: |
      {NOTE}
      if [ -s "${{FUSION_GATE_LOG:-/dev/null}}" ]; then echo fine >bad.txt; else echo broken >bad.txt; fi
  - {{id: messy, agent: messy, prompt: Make a mess., retry: 1}}
  - {{id: left, agent: writer, prompt: Left.}}
  - {{id: right, agent: writer, prompt: Right.}}
merge:
  into: {TARGET}
  strategy: @STRATEGY@
  on_conflict: agent
  gate: |
@GATE@
"""


def merging_play(effects: Path, strategy: str = "merge", gate: str = GATE) -> dict[str, str]:
    """Return the files of a project; undisturbed its run takes some four seconds, and fails because of `bad`."""
    tasks = _TASKS.replace("@STRATEGY@", strategy).replace("@GATE@", indent(gate, "    "))
    messy = f"steps:\n  - run: '{_MESSY}'\n  - say: Tidy.\n"
    return project(effects, tasks, writer=_WRITER, messy=messy)
