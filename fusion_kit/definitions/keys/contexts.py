"""What an expression may see, by the place where it stands."""

from __future__ import annotations

from fusion_kit.definitions.shapes.report import Allowed

CONTEXTS = ("inputs", "env", "secrets", "tasks", "matrix", "repeat", "run", "outputs")


def _allowed(where: str, contexts: str, *, status: bool = False) -> Allowed:
    return Allowed(where, frozenset(contexts.split()), status)


TASK = _allowed("a task", "inputs env tasks matrix repeat run")
TASK_ENV = _allowed("the `env` of a task", "inputs env secrets tasks matrix repeat run")
WORKFLOW_ENV = _allowed("the workflow's `env`", "inputs secrets run")
AGENT_ENV = _allowed("the `env` of an agent", "secrets")
CONDITION = _allowed("`if`", "inputs env tasks repeat run", status=True)
UNTIL = _allowed("`until`", "inputs env tasks matrix repeat run outputs")
AXES = _allowed("`matrix`", "inputs env tasks repeat run")
ITERATIONS = _allowed("`max`", "inputs env tasks run")
RESULT = _allowed("the workflow's `outputs`", "inputs env tasks run")
RUN_NAME = _allowed("a name", "inputs run")
