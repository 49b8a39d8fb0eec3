"""Budgets: what a start may use is set aside before it, so that no order of starts and ends can go over a ceiling.

Amounts are whole numbers, so that sums are exact: tokens, and millionths of a dollar for `cost_usd`. A program's cost
is rounded to the nearest millionth, which is finer than any price list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.core.work import Usage

UNITS = {"cost_usd": 1_000_000, "tokens": 1}
Amounts = Mapping[str, int]


def amounts(said: Mapping[str, float | int | None]) -> dict[str, int]:
    """Return what is said in dollars and tokens as whole numbers; what is not said is left out."""
    return {unit: round(value * UNITS[unit]) for unit, value in said.items() if value is not None and unit in UNITS}


def used(usage: Usage) -> dict[str, int]:
    """Return what an attempt used of what has a ceiling; what it did not say is left out."""
    given, made = usage.input_tokens, usage.output_tokens
    return amounts({"cost_usd": usage.cost_usd, "tokens": None if given is None or made is None else given + made})


def as_said(known: Amounts) -> dict[str, float]:
    """Return amounts in dollars and tokens again, as events state them."""
    return {unit: value / UNITS[unit] for unit, value in known.items()}


def told(unit: str, value: int) -> str:
    """Return an amount as a person reads it, without its unit: `0.50`, `0.0125`, `12000`."""
    if unit != "cost_usd":
        return str(value)
    whole, rest = divmod(abs(value), UNITS[unit])
    cents = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{whole}.{cents}"


def name_of(unit: str) -> str:
    """Return a unit as a person reads it."""
    return "USD" if unit == "cost_usd" else unit


@dataclass(frozen=True, slots=True)
class Shortage:
    """A ceiling that a start would break; `owner` is the node whose sub-workflow has it, empty for the run's own."""

    owner: str
    unit: str
    wanted: int
    spent: int
    reserved: int
    limit: int

    def __str__(self) -> str:
        """Return it as a sentence: `needs 0.50 USD: 1.70 spent, 0.50 reserved of 2.00`."""
        wanted, spent, reserved, limit = (
            told(self.unit, value) for value in (self.wanted, self.spent, self.reserved, self.limit)
        )
        whose = f" that {self.owner} may use" if self.owner else ""
        return f"needs {wanted} {name_of(self.unit)}: {spent} spent, {reserved} reserved of {limit}{whose}"


@dataclass(slots=True)
class Ceiling:
    """What some tasks may use together, what they have used, and what is set aside for those that run."""

    limit: Amounts
    owner: str = ""
    spent: dict[str, int] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)

    def left(self, unit: str) -> int:
        """Return what is neither used nor set aside; below 0 where a program used more than it was given."""
        return self.limit[unit] - self.spent.get(unit, 0) - self.reserved.get(unit, 0)

    def shortage(self, wanted: Amounts) -> Shortage | None:
        """Return the first unit there is not enough of; None if `wanted` may be set aside."""
        for unit, limit in self.limit.items():
            needed = wanted.get(unit, 0)
            if needed > self.left(unit):
                return Shortage(self.owner, unit, needed, self.spent.get(unit, 0), self.reserved.get(unit, 0), limit)
        return None

    def charge(self, used: Amounts) -> None:
        """Take note of what was used."""
        _add(self.spent, used)

    def reserve(self, wanted: Amounts) -> None:
        """Set aside what a start may use."""
        _add(self.reserved, wanted)

    def settle(self, wanted: Amounts, used: Amounts) -> None:
        """End what was set aside: what was used is spent, the rest is free again."""
        _add(self.reserved, {unit: -value for unit, value in wanted.items()})
        _add(self.spent, used)


def _add(sums: dict[str, int], more: Amounts) -> None:
    for unit, value in more.items():
        sums[unit] = sums.get(unit, 0) + value
