"""Every name in an expression: whether it is there, may be seen from where it stands, and is known by then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fusion_kit.core.workflow import Kind
from fusion_kit.definitions.checks.facts import Order, TaskFacts, WorkflowFacts
from fusion_kit.definitions.checks.place import complain
from fusion_kit.definitions.expressions.functions import FUNCTIONS
from fusion_kit.definitions.expressions.syntax import Context, Expression, Literal, Member
from fusion_kit.definitions.keys.contexts import CONTEXTS
from fusion_kit.definitions.shapes.report import Found, Report

TASK_MEMBERS = ("outcome", "state", "outputs", "items", "branch", "commit", "text")
ITEM_MEMBERS = ("key", "outcome", "state", "outputs", "branch", "commit")
RUN_MEMBERS = ("id", "status", "dir", "base", "target", "branch")
REPEAT_MEMBERS = ("index", "max")
_ELSEWHERE = {"steps": "tasks", "needs": "tasks", "jobs": "tasks", "vars": "env", "github": "run", "input": "inputs",
              "params": "inputs", "item": "matrix", "secret": "secrets", "task": "tasks"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """A context and the path into it, such as `tasks.plan.outputs`."""

    root: Context
    keys: tuple[Expression, ...]

    def name(self, index: int) -> str | None:
        """Return the key at an index if it is one that is known now."""
        if index < len(self.keys):
            key = self.keys[index]
            return key.value if isinstance(key, Literal) and isinstance(key.value, str) else None
        return None


@dataclass(slots=True)
class Names:
    """The names one expression may use."""

    found: Found
    report: Report
    facts: WorkflowFacts | None
    order: Order
    owner: TaskFacts | None
    used_inputs: set[str]

    def check(self, reference: Reference) -> None:
        """Complain of the first name of a reference that is not there."""
        name = reference.root.name
        if name not in CONTEXTS:
            self._unknown_context(reference.root)
        elif name not in self.found.allowed.contexts:
            where = self.found.allowed.where
            message = (
                "secrets can only be used inside `env`" if name == "secrets" else f'"{name}" cannot be seen in {where}'
            )
            self._complain(reference.root, "context", message)
        else:
            getattr(self, f"_{name}")(reference)

    def reply_of(self, side: Expression) -> str | None:
        """Return the agent whose whole reply an operand is, if it is one."""
        if not (isinstance(side, Member) and isinstance(side.of, Member) and isinstance(side.of.of, Context)):
            return None
        task, member = side.of.key, side.key
        if side.of.of.name != "tasks" or not isinstance(task, Literal) or not isinstance(member, Literal):
            return None
        known = self.facts.tasks.get(str(task.value)) if self.facts else None
        if known is None or known.kind is not Kind.AGENT:
            return None
        return known.id if member.value == "text" or (member.value == "outputs" and known.is_reply) else None

    def _unknown_context(self, root: Context) -> None:
        if root.name in FUNCTIONS:
            self._complain(root, "unknown-name", f'"{root.name}" is a function: write {root.name}()')
            return
        self._complain(
            root, "unknown-name", f'unknown name "{root.name}"', self.report.guess(root.name, CONTEXTS, _ELSEWHERE)
        )

    def _known(self, part: Expression, name: str | None, known: Collection[str], what: str, code: str) -> bool:
        """Whether a name is among those known; complains if it is not."""
        if name is None or name in known:
            return True
        self._complain(part, code, f'{what} "{name}"', self.report.guess(name, known))
        return False

    def _inputs(self, reference: Reference) -> None:
        declared = self.facts.inputs if self.facts else {}
        name = reference.name(0)
        if name is None:
            self.used_inputs.update(declared)
        else:
            self.used_inputs.add(name)
            self._known(reference.keys[0], name, declared, "there is no input", "unknown-name")

    def _env(self, reference: Reference) -> None:
        declared = self.facts.env if self.facts else ()
        if reference.keys:
            self._known(reference.keys[0], reference.name(0), declared, "the workflow's `env` has no", "unknown-name")

    def _secrets(self, reference: Reference) -> None:
        """Only `secrets.NAME`, letter by letter: what holds a secret must be known by its text."""
        name, end = reference.name(0), reference.root.end
        key = reference.keys[0] if len(reference.keys) == 1 else None
        if key is None or name is None or (key.offset, key.end) != (end + 1, end + 1 + len(name)):
            self._complain(reference.root, "secrets", "name one secret: write secrets.NAME")

    def _matrix(self, reference: Reference) -> None:
        axes = self.owner.axes if self.owner else None
        if axes is None:
            self._complain(reference.root, "context", "there is no matrix here: the task has no `strategy`")
        elif reference.keys:
            self._known(reference.keys[0], reference.name(0), sorted(axes), "the matrix has no axis", "unknown-name")

    def _repeat(self, reference: Reference) -> None:
        if self.owner is None or "repeat" not in self.owner.values:
            self._complain(reference.root, "context", "there is no loop here: the task has no `repeat`")
        elif reference.keys:
            self._known(reference.keys[0], reference.name(0), REPEAT_MEMBERS, "`repeat` has no", "unknown-name")

    def _run(self, reference: Reference) -> None:
        if reference.keys:
            self._known(reference.keys[0], reference.name(0), RUN_MEMBERS, "`run` has no", "unknown-name")

    def _outputs(self, reference: Reference) -> None:
        if self.owner is not None and reference.keys and self.owner.outputs is not None:
            what = f'task "{self.owner.id}" declares no output'
            self._known(reference.keys[0], reference.name(0), sorted(self.owner.outputs), what, "undeclared-output")

    def _tasks(self, reference: Reference) -> None:
        tasks = self.facts.tasks if self.facts else {}
        name = reference.name(0)
        if name is None:
            self._complain(reference.root, "unknown-name", "name one task: write tasks.ID")
        elif self.owner is not None and name == self.owner.id:
            self._complain(reference.keys[0], "not-upstream", f'task "{name}" cannot see itself before it has ended')
        elif self._known(reference.keys[0], name, tasks, "there is no task", "unknown-name"):
            task = tasks[name]
            if self._upstream(reference.keys[0], task):
                self._member(reference, task)

    def _upstream(self, part: Expression, task: TaskFacts) -> bool:
        if self.owner is None:
            if self.found.allowed.where.startswith("the workflow's"):
                return True
            self._complain(part, "not-upstream", f'"{task.id}" cannot be seen here: defaults are shared by all tasks')
            return False
        if self.owner.section == "finally" and task.section == "tasks":
            return True
        if self.owner.section == task.section and self.order.is_before(task.id, self.owner.id):
            return True
        message = (
            f'task "{self.owner.id}" does not need "{task.id}", so it is not known to have ended; add it to `needs`'
        )
        self._complain(part, "not-upstream", message)
        return False

    def _member(self, reference: Reference, task: TaskFacts) -> None:
        member = reference.name(1)
        if member is None:
            return
        if not self._known(reference.keys[1], member, TASK_MEMBERS, "a task has no", "unknown-name"):
            return
        if member == "items" and task.axes is None:
            self._complain(reference.keys[1], "items", f'task "{task.id}" has no matrix, so it has no items')
        elif member == "outputs" and task.axes is not None:
            way_out = f"write tasks.{task.id}.items[0].outputs.NAME, or pass on tasks.{task.id}.items"
            self._complain(
                reference.keys[1], "items", f'task "{task.id}" has a matrix, so its outputs are by item: {way_out}'
            )
        elif member == "outputs":
            self._output(reference, 2, task)
        elif member == "items" and self._item_member(reference):
            self._output(reference, 4, task)

    def _item_member(self, reference: Reference) -> bool:
        """Whether it goes on into the outputs of one item."""
        member = reference.name(3)
        if member is None or not self._known(reference.keys[3], member, ITEM_MEMBERS, "an item has no", "unknown-name"):
            return False
        return member == "outputs"

    def _output(self, reference: Reference, index: int, task: TaskFacts) -> None:
        name = reference.name(index)
        if name is not None and task.outputs is not None:
            what = f'task "{task.id}" declares no output'
            self._known(reference.keys[index], name, sorted(task.outputs), what, "undeclared-output")

    def _complain(self, part: Expression, code: str, message: str, suggestion: str | None = None) -> None:
        complain(self.report, self.found.node, (part.offset, part.end), code, message, suggestion)
