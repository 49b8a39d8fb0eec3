"""Values of which a part is known only later: to ask for that part says when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fusion_kit.core.errors import FusionError


class NotKnown(FusionError):
    """It is known only when {until} has ended."""

    @property
    def until(self) -> str | None:
        """The node whose end makes it known; None where only a run does."""
        until = self.facts.get("until")
        return str(until) if until else None


class Partly(Mapping[str, object]):
    """An object of which some members are known and others are not: asked for, those raise `NotKnown`."""

    def __init__(self, known: Mapping[str, object], unknown: Mapping[str, str | None]) -> None:
        """Take the known members, and for each unknown one the node whose end makes it known."""
        self._known = known
        self._unknown = unknown

    def __getitem__(self, name: str) -> object:
        if name in self._unknown:
            raise NotKnown(until=self._unknown[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys((*self._known, *self._unknown))

    def __len__(self) -> int:
        return len(set(self._known) | set(self._unknown))

    def plus(self, **known: object) -> Partly:
        """Return it with more that is known."""
        return Partly(
            {**self._known, **known}, {name: self._unknown[name] for name in self._unknown if name not in known}
        )

    def __repr__(self) -> str:
        """As text it is known only once all of it is."""
        return repr(dict(self))


class Unseen(Mapping[str, object]):
    """An object of which not even the members are known."""

    def __init__(self, until: str | None) -> None:
        """Take the node whose end makes it known."""
        self._until = until

    def __getitem__(self, name: str) -> object:
        raise NotKnown(until=self._until)

    def __iter__(self) -> Iterator[str]:
        raise NotKnown(until=self._until)

    def __len__(self) -> int:
        raise NotKnown(until=self._until)

    def __repr__(self) -> str:
        raise NotKnown(until=self._until)
