"""What a node becomes that stands for several: items, turns, or the tasks of another workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast

from fusion_kit.coordination.contexts import BadBound, text_of
from fusion_kit.coordination.forecasting.belief import ALLOWED, FAILED, Belief, running_facts
from fusion_kit.coordination.forecasting.foretold import Forecast
from fusion_kit.coordination.forecasting.known import NotKnown, Partly, Unseen
from fusion_kit.coordination.forecasting.place import Place
from fusion_kit.coordination.forecasting.stand import Stand, Told, ends_of, line_of, together
from fusion_kit.coordination.forecasting.world import World
from fusion_kit.coordination.requests import Bundle
from fusion_kit.core import ids, matrix
from fusion_kit.core.errors import FusionError
from fusion_kit.core.matrix import Item, Values
from fusion_kit.core.workflow import TaskSpec, WorkflowSpec


class Player(Protocol):
    """Whoever plays the tasks that a node becomes."""

    world: World
    bundle: Bundle
    run: dict[str, object]

    def play(self, place: Place) -> list[Forecast]:
        """Return what becomes of every task of a place."""
        ...

    def become(self, stand: Stand) -> Told:
        """Return what becomes of a node that runs."""
        ...

    def broken(self, node: str, spec: TaskSpec, reason: str) -> Told:
        """Return what is told of a node that cannot even be attempted."""
        ...

    def line(self, node: str, spec: TaskSpec, said: tuple[str, str, str | None], most: int | None = 1) -> Forecast:
        """Return what is said of a node."""
        ...

    def value(self, template: object, stand: Stand) -> object:
        """Return an expression's value."""
        ...


def items(player: Player, stand: Stand) -> Told:
    """Return what becomes of a matrix."""
    try:
        found = _expanded(player, stand)
    except NotKnown as gap:
        return _items_unknown(player, stand, gap)
    except FusionError as broken:
        return player.broken(stand.node, stand.spec, str(broken))
    told = [player.become(_item(stand, item)) for item in found]
    inner = [one.belief for one in told]
    facts = [seen_as(item.key, one.belief.facts) for item, one in zip(found, told, strict=True)]
    belief = together(stand, inner, outputs={}, items=facts)
    head = line_of(belief, inner, f"{stand.reason}; {_count(len(found), 'item')}")
    return Told(belief, [head, *(line for one in told for line in one.lines)])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def seen_as(key: str, facts: Mapping[str, object]) -> Mapping[str, object]:
    """Return what is seen of an item among `items`."""
    return facts.plus(key=key) if isinstance(facts, Partly) else {**facts, "key": key}


def _items_unknown(player: Player, stand: Stand, gap: NotKnown) -> Told:
    """The node runs, as what only a run tells."""
    ends = ends_of(stand.spec)
    seen = running_facts(stand.node, ends, outputs={}, branch=None, commit=None, text="")
    head = Forecast(stand.node, "run", f"{stand.reason}; its items are a list known only then", gap.until)
    said = ("unknown", "its items are a list known only then", gap.until)
    most = stand.spec.limits.items or player.bundle.workflow.limits.items
    belief = Belief(stand.node, ends, stand.node if len(ends) > 1 else None, seen)
    return Told(belief, [head, player.line(f"{stand.node}@*", stand.spec, said, most)])


def _item(stand: Stand, item: Item) -> Stand:
    node = ids.item(stand.node, item.key)
    return replace(stand, node=node, matrix=item.values, reason=f"item {item.key} of {stand.node}")


def _expanded(player: Player, stand: Stand) -> list[Item]:
    spec = stand.spec.matrix
    assert spec is not None

    def value(template: object) -> object:
        return player.value(template, stand)

    def key_of(values: Values) -> str:
        key = player.value(spec.key, replace(stand, matrix=values))
        return text_of(key)

    axes = {name: value(axis) for name, axis in spec.axes.items()}
    rules = [tuple(cast(Values, value(rule)) for rule in found) for found in (spec.include, spec.exclude)]
    found = matrix.items(
        replace(spec, include=rules[0], exclude=rules[1]), axes, key_of if spec.key is not None else None
    )
    limit = stand.spec.limits.items or player.bundle.workflow.limits.items
    if limit is not None and len(found) > limit:
        raise matrix.BadMatrix(complaint=f"it has {len(found)} items, and `limits.items` allows {limit}")
    return found


def turns(player: Player, stand: Stand) -> Told:
    """Return what becomes of a repetition: turn by turn, as long as it is known whether there is another."""
    repeat = stand.spec.repeat
    assert repeat is not None
    lines: list[Forecast] = []
    inner: list[Belief] = []
    try:
        most = _most(player, stand, repeat.max)
        for index in range(1, most + 1):
            turn = _turn(stand, inner, index, most)
            told = player.become(turn)
            inner.append(told.belief)
            lines += told.lines
            if told.belief.may_fail or _is_over(player, turn, told.belief, repeat.until):
                return _repeated(stand, inner, lines, index)
    except NotKnown as gap:
        return _turns_unknown(player, stand, inner, lines, gap)
    except FusionError as broken:
        return player.broken(stand.node, stand.spec, str(broken))
    return _never_over(stand, inner, lines, f"`until: {repeat.until}` does not hold after {_count(most, 'turn')}")


def _most(player: Player, stand: Stand, bound: int | str) -> int:
    most = player.value(bound, replace(stand, matrix=None))
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise BadBound(value=most)
    return most


def _turn(stand: Stand, before: Sequence[Belief], index: int, most: int) -> Stand:
    node = ids.iteration(stand.node, index)
    reason = f"turn {index} of at most {most}"
    needs = (before[-1],) if before else stand.needs
    return replace(stand, node=node, reason=reason, needs=needs, repeat={"index": index, "max": most})


def _is_over(player: Player, turn: Stand, belief: Belief, until: str) -> bool:
    try:
        outputs = cast(Values, belief.facts["outputs"])
    except NotKnown:
        outputs = Unseen(turn.node)  # an `until` that does not ask for them is known all the same
    scope = replace(turn.scope(player.run), outputs=outputs, root=player.world.root)
    return player.world.expressions.holds(until, scope)


def _repeated(stand: Stand, inner: list[Belief], lines: list[Forecast], count: int) -> Told:
    belief = together(stand, inner)
    return Told(belief, [line_of(belief, inner, f"{stand.reason}; {_count(count, 'turn')}"), *lines])


def _never_over(stand: Stand, inner: list[Belief], lines: list[Forecast], reason: str) -> Told:
    ends = (ALLOWED,) if stand.spec.continue_on_error else (FAILED,)
    belief = Belief(stand.node, ends, None, running_facts(stand.node, ends), inner[-1].code)
    return Told(belief, [Forecast(stand.node, "run" if stand.spec.continue_on_error else "fail", reason), *lines])


def _turns_unknown(player: Player, stand: Stand, inner: list[Belief], lines: list[Forecast], gap: NotKnown) -> Told:
    """There is a first turn for certain; how many follow, what the last one gave decides."""
    last = inner[-1].node if inner else None
    ends = ends_of(stand.spec)
    belief = Belief(stand.node, ends, stand.node if len(ends) > 1 else None, running_facts(stand.node, ends))
    head = Forecast(stand.node, "run", f"{stand.reason}; at least {_count(max(len(inner), 1), 'turn')}")
    said = ("unknown", "there is another turn unless its `until` holds by then", last or gap.until)
    return Told(belief, [head, *lines, player.line(f"{stand.node}~*", stand.spec, said, None)])


def inside(player: Player, stand: Stand) -> Told:
    """Return what becomes of a task that uses another workflow."""
    workflow = stand.spec.uses
    assert workflow is not None
    try:
        inputs = _inputs(player, stand, workflow)
    except FusionError as broken:
        return player.broken(stand.node, stand.spec, str(broken))
    env = {**stand.place.env, **workflow.env}
    main = Place(workflow, inputs, env, stand.node, code=stand.code)
    places = [main, Place(workflow, inputs, env, stand.node, main, stand.code)] if workflow.finally_ else [main]
    lines = [line for place in places for line in player.play(place)]
    inner = [belief for place in places for belief in place.beliefs.values()]
    try:
        outputs = _outputs(player, stand, main)
    except FusionError as broken:
        told = player.broken(stand.node, stand.spec, str(broken))
        return Told(told.belief, [*told.lines, *lines])
    belief = together(stand, inner, outputs=outputs)
    return Told(belief, [line_of(belief, inner, f"{stand.reason}; {_count(len(inner), 'task')} inside"), *lines])


def _inputs(player: Player, stand: Stand, workflow: WorkflowSpec) -> Mapping[str, object]:
    known: dict[str, object] = {name: schema.get("default") for name, schema in workflow.inputs.items()}
    unknown: dict[str, str | None] = {}
    for name, template in stand.spec.with_.items():
        try:
            known[name] = player.value(template, stand)
        except NotKnown as gap:
            unknown[name] = gap.until
    return Partly(known, unknown) if unknown else known


def _outputs(player: Player, stand: Stand, main: Place) -> Mapping[str, object]:
    known: dict[str, object] = {}
    unknown: dict[str, str | None] = {}
    for name, template in main.workflow.outputs.items():
        try:
            known[name] = player.world.expressions.value(
                template, replace(main.scope(player.run), root=player.world.root)
            )
        except NotKnown:
            unknown[name] = stand.node
    return Partly(known, unknown) if unknown else known
