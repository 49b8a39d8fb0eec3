"""What a dry run says of one node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of one node, if all that runs succeeds.

    `verdict` is run, skip, cached, pause (it waits for a person), fail (it cannot be done as it is written), or unknown
    until the node `until` has ended. `x@*` stands for all items of a matrix, and `x~*` for all further turns of a
    repetition, that only a run tells. A node that stands for others has no agent and no cost of its own.
    """

    node: str
    verdict: str
    reason: str
    until: str | None = None
    agent: str | None = None
    model: str | None = None
    provider: str | None = None
    origin: str | None = None  # the file that chose the agent
    missing: tuple[str, ...] = ()
    cost_bound: float | None = None  # US dollars, with every extra attempt there may be
