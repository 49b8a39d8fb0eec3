"""The secrets a workflow names: found before anything starts, given to nobody else, masked in every event."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import UsageError
from fusion_kit.core.secrets import SHORTEST
from fusion_kit.core.workflow import WorkflowSpec

_NAMED = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")


class MissingSecrets(UsageError):
    """The workflow needs secrets that are not there: {names}."""

    hint = (
        "`fusion-kit secret set NAME` stores one; the environment and a file of NAME=value lines (--secret-file) win."
    )


class ShortSecret(UsageError):
    """The secret {name} has fewer than 8 characters: masking it would mask half of what is printed."""

    hint = "Use a longer one, or pass the value with `-e` if it is no secret."


def named(bundle: Bundle) -> list[str]:
    """Return the names of the secrets that the workflow, its inner workflows and its agents use."""
    texts = [*_texts(bundle.workflow), *(value for agent in bundle.agents.values() for value in agent.env.values())]
    return names_in(texts)


def named_in(run_folder: Path) -> list[str]:
    """Return the names that the frozen files of a run use, damaged or not, without reading them as definitions."""
    return names_in(path.read_text("utf-8", "replace") for path in sorted(run_folder.glob("frozen/*.yaml")))


def names_in(texts: Iterable[str]) -> list[str]:
    """Return the names of the secrets that expressions in these texts use."""
    return sorted({name for text in texts for name in _NAMED.findall(text)})


def _texts(workflow: WorkflowSpec) -> Iterator[str]:
    yield from workflow.env.values()
    for spec in (*workflow.tasks, *workflow.finally_):
        yield from spec.env.values()
        if spec.uses is not None:
            yield from _texts(spec.uses)


def resolved(bundle: Bundle, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets the bundle names; what was given wins over what is known here.

    Raises `MissingSecrets` or `ShortSecret`.
    """
    available = {**known, **given}
    wanted = named(bundle)
    missing = [name for name in wanted if not available.get(name)]
    if missing:
        raise MissingSecrets(names=", ".join(missing))
    for name in wanted:
        if len(available[name]) < SHORTEST:
            raise ShortSecret(name=name)
    return {name: available[name] for name in wanted}
