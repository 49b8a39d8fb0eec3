"""Who can do the work: the built-in providers and those that installed packages add.

A package adds one by an entry point of the group `fusion_kit.providers`, `name = "module:Class"`; the class takes no
arguments and has `invocation` and `report`. A built-in name cannot be taken over.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol

from fusion_kit.core.work import Invocation, Order, Report, Transcript
from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers.errors import ProviderBroken, UnknownProvider

GROUP = "fusion_kit.providers"
BUILT_IN = {
    "shell": "fusion_kit.providers.shell:Shell",
    "command": "fusion_kit.providers.command:Command",
    "scripted": "fusion_kit.providers.scripted:Scripted",
}


class Provider(Protocol):
    """Somebody who can do an agent's work."""

    def invocation(self, order: Order) -> Invocation:
        """Return the program to run."""
        ...

    def report(self, order: Order, transcript: Transcript) -> Report:
        """Return what an ended attempt said of itself."""
        ...


class Registry:
    """The providers by name: each is loaded when first asked for, installed packages only if it is not ours."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._loaded: dict[str, Provider] = {}

    def provider(self, agent: AgentSpec) -> Provider:
        """Return the one that `agent` names; raises `UnknownProvider`, `ProviderBroken`."""
        name = agent.provider
        if name not in self._loaded:
            self._loaded[name] = _load(name, BUILT_IN.get(name) or _installed(name))
        return self._loaded[name]


def known() -> dict[str, str]:
    """Return name -> `module:Class` of every provider there is."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | BUILT_IN


def _installed(name: str) -> str:
    found = known()
    if name not in found:
        close = get_close_matches(name, found, n=1)
        suggestion = f"Did you mean {close[0]!r}? " if close else ""
        raise UnknownProvider(name=name, suggestion=suggestion, known=", ".join(sorted(found)))
    return found[name]


def _load(name: str, target: str) -> Provider:
    module, _, attribute = target.partition(":")
    try:
        loaded: Provider = getattr(import_module(module), attribute)()
    except Exception as error:  # a stranger's module may raise anything
        raise ProviderBroken(name=name, target=target, reason=f"{error}" or type(error).__name__) from error
    return loaded
