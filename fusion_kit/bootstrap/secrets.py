"""The secrets a workflow names: found before anything starts, given to nobody else, masked in every event."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import UsageError
from fusion_kit.core.workflow import WorkflowSpec

SHORTEST = 8
MASK = "***"
_NAMED = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")


class MissingSecrets(UsageError):
    """The workflow needs secrets that are not there: {names}."""

    hint = "Put them in the environment, or in a file of NAME=value lines given by --secret-file."


class ShortSecret(UsageError):
    """The secret {name} has fewer than 8 characters: masking it would mask half of what is printed."""

    hint = "Use a longer one, or pass the value with `-e` if it is no secret."


def named(bundle: Bundle) -> list[str]:
    """Return the names of the secrets that the workflow, its inner workflows and its agents use."""
    texts = [*_texts(bundle.workflow), *(value for agent in bundle.agents.values() for value in agent.env.values())]
    return names_in(texts)


def names_in(texts: Iterable[str]) -> list[str]:
    """Return the names of the secrets that expressions in these texts use."""
    return sorted({name for text in texts for name in _NAMED.findall(text)})


def _texts(workflow: WorkflowSpec) -> Iterator[str]:
    yield from workflow.env.values()
    for spec in (*workflow.tasks, *workflow.finally_):
        yield from spec.env.values()
        if spec.uses is not None:
            yield from _texts(spec.uses)


def resolved(bundle: Bundle, given: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets the bundle names; what was given wins over the environment.

    Raises `MissingSecrets` or `ShortSecret`.
    """
    known = {**environ, **given}
    wanted = named(bundle)
    missing = [name for name in wanted if not known.get(name)]
    if missing:
        raise MissingSecrets(names=", ".join(missing))
    for name in wanted:
        if len(known[name]) < SHORTEST:
            raise ShortSecret(name=name)
    return {name: known[name] for name in wanted}


def masker(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """Return what replaces every secret in a text, the longest first."""
    values = sorted(secrets.values(), key=len, reverse=True)
    if not values:
        return lambda text: text
    pattern = re.compile("|".join(re.escape(value) for value in values))
    return lambda text: pattern.sub(MASK, text)
