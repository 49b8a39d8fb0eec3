"""The control: a runner as one writes it in an evening, with pipes to its children and a log without intents.

`python naive.py FOLDER TASKS.json` runs the tasks (name -> shell) that `FOLDER/log.jsonl` does not call completed.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path


def completed(folder: Path) -> list[str]:
    """The tasks whose completion was logged."""
    log = folder / "log.jsonl"
    return [json.loads(line)["task"] for line in log.read_text().splitlines()] if log.exists() else []


def main(folder: Path, tasks: dict[str, str]) -> None:
    """Run what is not completed, one task after the other."""
    for name, shell in tasks.items():
        if name in completed(folder):
            continue
        env = {**os.environ, "FUSION_TASK_ID": name, "FUSION_ATTEMPT_ID": secrets.token_hex(4)}
        with subprocess.Popen(["sh", "-c", shell], env=env, stdout=subprocess.PIPE) as child:
            child.communicate()
        with (folder / "log.jsonl").open("a") as log:
            log.write(json.dumps({"task": name}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
