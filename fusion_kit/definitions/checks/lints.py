"""What is allowed and yet is probably a mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fusion_kit.core.workflow import AgentSpec, Kind, Limits
from fusion_kit.definitions.checks.facts import Order, TaskFacts, WorkflowFacts
from fusion_kit.definitions.expressions.syntax import BadSyntax, Call, Context, Expression, Literal, walk
from fusion_kit.definitions.expressions.template import condition
from fusion_kit.definitions.expressions.values import truth
from fusion_kit.definitions.shapes.report import Report
from fusion_kit.definitions.tree.node import Mapping as MappingNode

Which = Callable[[str], str | None]

PROGRAMS = frozenset(
    {"claude", "codex", "gemini", "opencode", "qwen", "copilot", "droid", "aider", "amp", "cursor-agent"}
)  # providers that are the program of their name
_WINDOWS = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_FREE = frozenset({"scripted"})  # deterministic, and costs nothing


def unreachable(report: Report, facts: WorkflowFacts, order: Order) -> None:
    """Warn of tasks that never run: their `if` is always false, or all they need never runs."""
    if order.cycle:
        return
    never: set[str] = set()
    for name in order.order:
        task = facts.tasks[name]
        text = task.values.get("if")
        if isinstance(text, str) and _is_always_false(text):
            never.add(name)
            report.add(
                task.place("if"), "unreachable", f'task "{name}" never runs: its `if` is always false', warning=True
            )
        elif task.needs and text is None and all(need in never for need in task.needs):
            never.add(name)
            message = f'task "{name}" never runs: nothing it needs ever does'
            report.add(task.place("needs"), "unreachable", message, warning=True)


def _is_always_false(text: str) -> bool:
    try:
        expression = condition(text)
    except BadSyntax:
        return False
    return _constant(expression) and isinstance(expression, Literal) and not truth(expression.value)


def _constant(expression: Expression) -> bool:
    return not any(isinstance(part, Context | Call) for part in walk(expression))


def unused_inputs(report: Report, facts: WorkflowFacts, used: set[str]) -> None:
    """Warn of inputs that neither an expression nor a script names."""
    inputs = facts.node.values.get("inputs")
    if not isinstance(inputs, MappingNode):
        return
    scripts = "\n".join(_scripts(facts))
    for name in facts.inputs:
        if name not in used and f"INPUT_{name.upper().replace('-', '_')}" not in scripts:
            report.add(inputs.keys[name], "unused-input", f'the input "{name}" is not used', warning=True)


def _scripts(facts: WorkflowFacts) -> Iterator[str]:
    """Yield everything of a workflow that a shell runs: its commands, their checks and the gate of its merge."""
    for task in facts.tasks.values():
        yield str(task.values.get("run", ""))
        yield str(_mapping(task.values.get("done_when")).get("run", ""))
    yield str(_mapping(facts.values.get("merge")).get("gate", ""))


def unbounded_matrices(report: Report, facts: WorkflowFacts, limits: Mapping[str, object]) -> None:
    """Warn of a matrix whose size only a run tells, without a ceiling."""
    for task in facts.tasks.values():
        axes = _mapping(_mapping(task.values.get("strategy")).get("matrix"))
        own = _mapping(task.values.get("limits"))
        open_axis = next((name for name, axis in axes.items() if isinstance(axis, str)), None)
        if open_axis and "items" not in own and "items" not in limits:
            node = task.place("strategy", "matrix", open_axis)
            message = (
                f'the matrix of task "{task.id}" has no bound; set `limits: {{ items: N }}` on it or on the workflow'
            )
            report.add(node, "unbounded-matrix", message, warning=True)


def shared_folders(report: Report, facts: WorkflowFacts, order: Order, max_parallel: object) -> None:
    """Warn of the first two tasks that may write the project folder at once."""
    if order.cycle or order.is_huge or max_parallel == 1:
        return
    seen = {"tasks": 0, "finally": 0}
    names = list(order.needs)
    for name in order.order:
        task = facts.tasks[name]
        if (
            task.values.get("workspace") != "none"
            or task.kind not in (Kind.RUN, Kind.AGENT)
            or "touches" in task.values
        ):
            continue
        rivals = seen[task.section] & ~order.before(name)
        if rivals:
            rival = facts.tasks[names[(rivals & -rivals).bit_length() - 1]]
            first, second = sorted((rival, task), key=lambda each: each.number)
            message = (
                f'tasks "{first.id}" and "{second.id}" may write the project folder at once; '
                "let one need the other, or say what they write with `touches`"
            )
            report.add(second.place("workspace"), "shared-workspace", message, warning=True)
            return
        seen[task.section] |= order.bit(name)


def unlimited_agents(
    report: Report, facts: WorkflowFacts, agents: Mapping[str, AgentSpec], limits: Mapping[str, object]
) -> None:
    """Warn of an agent's task that nothing stops: no cost, no tokens, no turns, no time."""
    if limits.keys() - {"items"}:
        return
    for task in facts.tasks.values():
        if (
            task.kind is not Kind.AGENT
            or "timeout" in task.values
            or _mapping(task.values.get("limits")).keys() - {"items"}
        ):
            continue
        open_ones = [agent for agent in candidates(task, agents) if not _is_limited(agent)]
        if open_ones:
            way_out = f'give it `limits` or a `timeout`, or limit agent "{open_ones[0].name}"'
            message = f'nothing limits task "{task.id}": {way_out}'
            report.add(task.place("agent"), "no-limit", message, warning=True)


def reserved_names(report: Report, facts: WorkflowFacts) -> None:
    """Warn of tasks whose folder cannot be made on Windows."""
    for name, task in facts.tasks.items():
        if name in _WINDOWS:
            message = f'"{name}" is the name of a device on Windows, where no folder can have it'
            report.add(task.place("id"), "windows-name", message, warning=True)


def uncapped_agents(
    report: Report, facts: WorkflowFacts, agents: Mapping[str, AgentSpec], limits: Mapping[str, object]
) -> None:
    """Warn of an agent's task without a cap in a run that has one: such a run is refused."""
    for unit in ("cost_usd", "tokens"):
        for task in facts.tasks.values() if unit in limits else ():
            if task.kind is not Kind.AGENT or unit in _mapping(task.values.get("limits")):
                continue
            open_one = next((agent for agent in candidates(task, agents) if getattr(agent.limits, unit) is None), None)
            if open_one is not None:
                message = (
                    f'the run has `limits.{unit}`, and that needs a cap on each agent task: give task "{task.id}" '
                    f'or agent "{open_one.name}" `limits: {{ {unit}: N }}`'
                )
                report.add(task.place("agent"), "uncapped", message, warning=True)


def candidates(task: TaskFacts, agents: Mapping[str, AgentSpec]) -> list[AgentSpec]:
    """Return the agents that may get a task."""
    name = task.values.get("agent")
    if isinstance(name, str):
        return [agents[name]] if name in agents else []
    wanted = task.values.get("capabilities")
    asked = frozenset(map(str, wanted)) if isinstance(wanted, list) else frozenset()
    return [agent for agent in agents.values() if asked <= agent.capabilities]


def _is_limited(agent: AgentSpec) -> bool:
    limits = agent.limits
    bounded = Limits(items=limits.items) != limits or agent.timeouts.total_s is not None
    return bounded or agent.provider in _FREE


def missing_program(agent: AgentSpec, which: Which) -> str | None:
    """Return the program an agent needs and this machine has not."""
    command = agent.options.get("command")
    program = agent.provider if agent.provider in PROGRAMS else None
    if agent.provider == "command" and isinstance(command, list) and command:
        program = str(command[0])
    if program is None or "/" in program or "{" in program:
        return None
    return None if which(program) else program


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
